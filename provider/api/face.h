/* SPDX-License-Identifier: MIT */
/*
 * What the files of the Face plane share: versions, images, the four kinds of sets (face lists,
 * large face lists, person groups, large person groups).
 *
 * Source: Face REST reference v1.0 to v1.2; codes and texts of errors: MicrosoftDocs
 * ai-services/face/reference-face-error-codes.md. No image is fetched and no face is found: what is
 * known of a face is a digest of the image's bytes or URL (simulated).
 */
#pragma once

#include "common/limits.h"
#include "provider/api/ai_data.h"

struct face_set {
    const char *path;      /* in the URL */
    const char *id_member; /* in answers */
    const char *items;     /* their collection */
    const char *inside;    /* of the collections of their faces or persons, "PREFIX:ID" */
    const char *what;      /* begins the documented texts */
    enum az_errc not_found, exists, not_trained; /* AZ_ERR_NONE: is not trained */
    bool shows_faces;                            /* with the set itself: it is small */
    size_t most;                                 /* in an account */
    size_t most_inside;                          /* faces of a list, persons of a group */
};

/* The set that the row's path is about. */
const struct face_set *face_set_of(const struct provider_call *c);
/* The set item of parameter 1; not found is the set's own error. New reference. */
bool face_set_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                   struct az_error *reterr) MUST_CHECK;
/* The collection of what is in the set. */
#define FACE_COLLECTION_MAX 112
void face_inside(const struct provider_call *c, char out[FACE_COLLECTION_MAX]);

/* Prepares: version and kind, then the keys; with an image, which is judged on arrival. */
bool face_prepare(struct provider_call *c, struct az_error *reterr);
bool face_image_prepare(struct provider_call *c, struct az_error *reterr);

/* A face of the request's image with its parameter userData; new reference. */
bool face_new(struct provider_call *c, json_t **ret, struct az_error *reterr) MUST_CHECK;
/* What answers show of a stored face; gives it back. */
json_t *face_shown(struct provider_call *c, json_t *face);

/* "start" and "top" of a list: the whole answer. show takes the item and gives what is shown. */
bool face_answer_page(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                      json_t *(*show)(struct provider_call *c, json_t *item),
                      struct az_error *reterr) MUST_CHECK;

/* Members of the body: absent or null, or texts no longer than documented. */
bool face_take_name(struct provider_call *c, json_t *to, bool needed, struct az_error *reterr)
    MUST_CHECK;
bool face_take_user_data(struct provider_call *c, json_t *to, size_t max, struct az_error *reterr)
    MUST_CHECK;
/* A PATCH that says nothing is refused. */
bool face_check_patch(struct provider_call *c, struct az_error *reterr) MUST_CHECK;

/* Of a body with an image: what is larger by little gets the service's own answer. */
#define FACE_IMAGE_BODY (LIMIT_FACE_IMAGE + 64 * 1024)

#define FACE_ROW(method, path, audit, exec, body, limit, prepare, run)                    \
    {                                                                                     \
        {method, FACE_PATH path}, PPLANE_AI, audit, exec, body, limit, NULL, prepare, run \
    }

#define FACE_USER_DATA      (16 * 1024) /* of a set or person; documented, as the next */
#define FACE_USER_DATA_FACE 1024

extern const struct provider_route provider_face_person_routes[];
extern const size_t provider_face_person_routes_len;
extern const struct provider_route provider_face_set_routes[];
extern const size_t provider_face_set_routes_len;
