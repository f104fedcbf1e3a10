/* SPDX-License-Identifier: MIT */
/*
 * Face lists, large face lists, person groups and large person groups: the sets themselves, their
 * training, and the faces of lists. Persons: face_persons.c.
 */
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/answer.h"
#include "provider/api/face.h"

/* clang-format off */
static const struct face_set sets[] = {
    {"facelists",         "faceListId",         "face.lists",       "face.faces",        "Face list",
     AZ_ERR_FACE_LIST_NOT_FOUND, AZ_ERR_FACE_LIST_EXISTS, AZ_ERR_NONE,
     true, LIMIT_FACE_LISTS, LIMIT_FACES},
    {"largefacelists",    "largeFaceListId",    "face.largelists",  "face.largefaces",   "Large face list",
     AZ_ERR_LARGE_FACE_LIST_NOT_FOUND, AZ_ERR_LARGE_FACE_LIST_EXISTS, AZ_ERR_LARGE_FACE_LIST_NOT_TRAINED,
     false, LIMIT_FACE_SETS, LIMIT_FACE_MEMBERS},
    {"persongroups",      "personGroupId",      "face.groups",      "face.persons",      "Person group",
     AZ_ERR_PERSON_GROUP_NOT_FOUND, AZ_ERR_PERSON_GROUP_EXISTS, AZ_ERR_PERSON_GROUP_NOT_TRAINED,
     false, LIMIT_FACE_SETS, LIMIT_FACE_MEMBERS},
    {"largepersongroups", "largePersonGroupId", "face.largegroups", "face.largepersons", "Large person group",
     AZ_ERR_LARGE_PERSON_GROUP_NOT_FOUND, AZ_ERR_LARGE_PERSON_GROUP_EXISTS, AZ_ERR_LARGE_PERSON_GROUP_NOT_TRAINED,
     false, LIMIT_FACE_SETS, LIMIT_FACE_MEMBERS},
};
/* clang-format on */

const struct face_set *face_set_of(const struct provider_call *c)
{
    const char *name = c->row->route.path + strlen(FACE_PATH);
    size_t n = strcspn(name, "/");

    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (strncmp(sets[i].path, name, n) == 0 && sets[i].path[n] == '\0') {
            return &sets[i];
        }
    }
    return NULL; /* no row of this file */
}

bool face_set_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                   struct az_error *reterr)
{
    const struct face_set *s = face_set_of(c);

    return ai_item_get(c->prepared, txn, s->items, provider_param(c, 1), ret, reterr) &&
           (*ret || az_fail(reterr, s->not_found, "%s is not found.", s->what));
}

void face_inside(const struct provider_call *c, char out[FACE_COLLECTION_MAX])
{
    struct str_view id = c->params[1];

    (void) snprintf(out, FACE_COLLECTION_MAX, "%s:%.*s", face_set_of(c)->inside,
                    (int) (id.len < 80 ? id.len : 80), id.ptr);
}

/* "Valid character is English letter in lower case, digit, '-' or '_'. Maximum length is 64." */
static bool check_id(struct provider_call *c, const char *id, struct az_error *reterr)
{
    bool ok = ai_name_ok(id, 64);

    for (const char *p = id; ok && *p; p++) {
        ok = *p < 'A' || *p > 'Z';
    }
    return ok || az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "%s ID is invalid.", face_set_of(c)->what);
}

/* The model is told to who asks for it: returnRecognitionModel, false by default. */
static json_t *shown(struct provider_call *c, json_t *set)
{
    const char *asked = http_param_get(&c->x->req, "returnRecognitionModel");

    if (!asked || strcasecmp(asked, "true") != 0) {
        (void) json_object_del(set, "recognitionModel");
    }
    (void) json_object_del(set, "created");
    (void) json_object_del(set, "trained");
    return set;
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct face_set *s = face_set_of(c);
    const char *id = provider_param(c, 1);
    const char *model = json_text(c->body, "recognitionModel");
    AUTO_JSON *set = NULL;
    AUTO_JSON *old = NULL;

    if (!check_id(c, id, reterr) || !ai_item_get(c->prepared, txn, s->items, id, &old, reterr)) {
        return false;
    }
    if (old) {
        return az_fail(reterr, s->exists, "%s already exists.", s->what);
    }
    set = json_pack("{s:s,s:s,s:o}", s->id_member, id, "recognitionModel",
                    *model ? model : "recognition_01", "created", ai_now(c));
    if (!face_take_name(c, set, true, reterr) ||
        !face_take_user_data(c, set, FACE_USER_DATA, reterr)) {
        return false;
    }
    if (ai_item_count(c->prepared, txn, s->items) >= s->most) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "%s number reached limit.", s->what);
    }
    return ai_item_put(c->prepared, txn, s->items, id, NULL, set, reterr) &&
           provider_answer_empty(c, 200);
}

static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *set = NULL;

    return face_set_find(c, txn, &set, reterr) && face_check_patch(c, reterr) &&
           face_take_name(c, set, false, reterr) &&
           face_take_user_data(c, set, FACE_USER_DATA, reterr) &&
           ai_item_put(c->prepared, txn, face_set_of(c)->items, provider_param(c, 1), NULL, set,
                       reterr) &&
           provider_answer_empty(c, 200);
}

/* A face list is shown with its faces; what is large is asked for in pages. */
static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *set = NULL;
    AUTO_JSON *faces = NULL;
    char inside[FACE_COLLECTION_MAX];
    json_t *face;
    size_t i;

    face_inside(c, inside);
    if (!face_set_find(c, txn, &set, reterr)) {
        return false;
    }
    if (face_set_of(c)->shows_faces) {
        if (!ai_item_list(c->prepared, txn, inside, &faces, reterr)) {
            return false;
        }
        json_array_foreach(faces, i, face)
        {
            (void) face_shown(c, face);
        }
        (void) json_object_set(set, "persistedFaces", faces);
    }
    return provider_answer_json(c, 200, shown(c, set));
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return face_answer_page(c, txn, face_set_of(c)->items, shown, reterr);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *set = NULL;
    char inside[FACE_COLLECTION_MAX];

    face_inside(c, inside);
    if (!face_set_find(c, txn, &set, reterr) || !ai_item_clear(c->prepared, txn, inside, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, face_set_of(c)->items, provider_param(c, 1));
    return provider_answer_empty(c, 200);
}

/* Is over when it is asked about: nothing is trained (simulated). */
static bool train_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct face_set *s = face_set_of(c);
    struct str_view host = c->x->req.host;
    AUTO_JSON *set = NULL;

    if (!face_set_find(c, txn, &set, reterr)) {
        return false;
    }
    (void) json_object_set_new(set, "trained", ai_now(c));
    (void) http_response_set_header(&c->x->resp, "operation-location",
                                    "https://%.*s/face/%s/%s/%s/training", (int) host.len, host.ptr,
                                    provider_param(c, 0), s->path, provider_param(c, 1));
    return ai_item_put(c->prepared, txn, s->items, provider_param(c, 1), NULL, set, reterr) &&
           provider_answer_empty(c, 202);
}

static bool training_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct face_set *s = face_set_of(c);
    AUTO_JSON *set = NULL;
    json_t *when;

    if (!face_set_find(c, txn, &set, reterr)) {
        return false;
    }
    when = json_object_get(set, "trained");
    if (!when) {
        return az_fail(reterr, s->not_trained, "%s not trained.", s->what);
    }
    AUTO_JSON *doc = json_pack("{s:s,s:O,s:O,s:O}", "status", "succeeded", "createdDateTime",
                               json_object_get(set, "created"), "lastActionDateTime", when,
                               "lastSuccessfulTrainingDateTime", when);

    return provider_answer_json(c, 200, doc);
}

static bool add_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;
    AUTO_JSON *face = NULL;
    AUTO_JSON *doc = NULL;
    char inside[FACE_COLLECTION_MAX];

    face_inside(c, inside);
    if (!face_set_find(c, txn, &list, reterr) || !face_new(c, &face, reterr)) {
        return false;
    }
    if (ai_item_count(c->prepared, txn, inside) >= face_set_of(c)->most_inside) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "Persisted face number reached limit.");
    }
    doc = json_pack("{s:O}", "persistedFaceId", json_object_get(face, "persistedFaceId"));
    return ai_item_put(c->prepared, txn, inside, json_text(face, "persistedFaceId"), NULL, face,
                       reterr) &&
           provider_answer_json(c, 200, doc);
}

static bool find_face(struct provider_call *c, struct kvdb_txn *txn,
                      char inside[FACE_COLLECTION_MAX], json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;

    face_inside(c, inside);
    return face_set_find(c, txn, &list, reterr) &&
           ai_item_get(c->prepared, txn, inside, provider_param(c, 2), ret, reterr) &&
           (*ret ||
            az_fail(reterr, AZ_ERR_PERSISTED_FACE_NOT_FOUND, "Persisted face is not found."));
}

static bool get_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *face = NULL;
    char inside[FACE_COLLECTION_MAX];

    return find_face(c, txn, inside, &face, reterr) &&
           provider_answer_json(c, 200, face_shown(c, face));
}

static bool list_faces_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;
    char inside[FACE_COLLECTION_MAX];

    face_inside(c, inside);
    return face_set_find(c, txn, &list, reterr) &&
           face_answer_page(c, txn, inside, face_shown, reterr);
}

static bool patch_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *face = NULL;
    char inside[FACE_COLLECTION_MAX];

    return find_face(c, txn, inside, &face, reterr) &&
           face_take_user_data(c, face, FACE_USER_DATA_FACE, reterr) &&
           ai_item_put(c->prepared, txn, inside, provider_param(c, 2), NULL, face, reterr) &&
           provider_answer_empty(c, 200);
}

static bool delete_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *face = NULL;
    char inside[FACE_COLLECTION_MAX];

    if (!find_face(c, txn, inside, &face, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, inside, provider_param(c, 2));
    return provider_answer_empty(c, 200);
}

/* clang-format off */
#define ROW   FACE_ROW
#define IMAGE FACE_IMAGE_BODY
#define SET(path, name) \
    ROW(HTTP_M_GET,    path,                           name "List",       EXEC_LOOP,  false, 0,     face_prepare,       list_run),      \
    ROW(HTTP_M_PUT,    path "/{s}",                    name "Create",     EXEC_WRITE, true,  0,     face_prepare,       put_run),       \
    ROW(HTTP_M_GET,    path "/{s}",                    name "Get",        EXEC_LOOP,  false, 0,     face_prepare,       get_run),       \
    ROW(HTTP_M_PATCH,  path "/{s}",                    name "Update",     EXEC_WRITE, true,  0,     face_prepare,       patch_run),     \
    ROW(HTTP_M_DELETE, path "/{s}",                    name "Delete",     EXEC_WRITE, false, 0,     face_prepare,       delete_run)
#define TRAINED(path, name) \
    ROW(HTTP_M_POST,   path "/{s}/train",              name "Train",      EXEC_WRITE, false, 0,     face_prepare,       train_run),     \
    ROW(HTTP_M_GET,    path "/{s}/training",           name "Training",   EXEC_LOOP,  false, 0,     face_prepare,       training_run)
#define FACES(path, name) \
    ROW(HTTP_M_POST,   path "/{s}/persistedfaces",     name "AddFace",    EXEC_WRITE, false, IMAGE, face_image_prepare, add_face_run),  \
    ROW(HTTP_M_DELETE, path "/{s}/persistedfaces/{f}", name "DeleteFace", EXEC_WRITE, false, 0,     face_prepare,       delete_face_run)

const struct provider_route provider_face_set_routes[] = {
    SET("facelists", "FaceList"),
    FACES("facelists", "FaceList"),
    SET("largefacelists", "LargeFaceList"),
    TRAINED("largefacelists", "LargeFaceList"),
    FACES("largefacelists", "LargeFaceList"),
    ROW(HTTP_M_GET,    "largefacelists/{s}/persistedfaces",     "LargeFaceListFaces",      EXEC_LOOP,  false, 0, face_prepare, list_faces_run),
    ROW(HTTP_M_GET,    "largefacelists/{s}/persistedfaces/{f}", "LargeFaceListGetFace",    EXEC_LOOP,  false, 0, face_prepare, get_face_run),
    ROW(HTTP_M_PATCH,  "largefacelists/{s}/persistedfaces/{f}", "LargeFaceListUpdateFace", EXEC_WRITE, true,  0, face_prepare, patch_face_run),
    SET("persongroups", "PersonGroup"),
    TRAINED("persongroups", "PersonGroup"),
    SET("largepersongroups", "LargePersonGroup"),
    TRAINED("largepersongroups", "LargePersonGroup"),
};
/* clang-format on */
const size_t provider_face_set_routes_len = ARRAY_LEN(provider_face_set_routes);
