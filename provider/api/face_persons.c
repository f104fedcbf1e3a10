/* SPDX-License-Identifier: MIT */
/* Persons of person groups and large person groups. A person is one item with its faces in it. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/answer.h"
#include "provider/api/face.h"

#define FACES_OF_PERSON 248 /* documented */

static json_t *shown(struct provider_call *c, json_t *person)
{
    json_t *ids = json_array();
    const json_t *face;
    size_t i;

    (void) c;
    json_array_foreach(json_object_get(person, "faces"), i, face)
    {
        (void) json_array_append(ids, json_object_get(face, "persistedFaceId"));
    }
    (void) json_object_set_new(person, "persistedFaceIds", ids);
    (void) json_object_del(person, "faces");
    return person;
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, char inside[FACE_COLLECTION_MAX],
                 json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *group = NULL;
    const char *id = provider_param(c, 2);

    face_inside(c, inside);
    return face_set_find(c, txn, &group, reterr) &&
           ai_item_get(c->prepared, txn, inside, id, ret, reterr) &&
           (*ret || az_fail(reterr, AZ_ERR_PERSON_NOT_FOUND, "Person %.64s is not found.", id));
}

static bool store(struct provider_call *c, struct kvdb_txn *txn, const char *inside,
                  const json_t *person, struct az_error *reterr)
{
    return ai_item_put(c->prepared, txn, inside, json_text(person, "personId"), NULL, person,
                       reterr);
}

static bool create_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *group = NULL;
    AUTO_JSON *person = NULL;
    AUTO_JSON *doc = NULL;
    char inside[FACE_COLLECTION_MAX];
    guid_text id;

    face_inside(c, inside);
    guid_random(id);
    person = json_pack("{s:s,s:[]}", "personId", id, "faces");
    if (!face_set_find(c, txn, &group, reterr) || !face_take_name(c, person, true, reterr) ||
        !face_take_user_data(c, person, FACE_USER_DATA, reterr)) {
        return false;
    }
    if (ai_item_count(c->prepared, txn, inside) >= face_set_of(c)->most_inside) {
        const char *what = face_set_of(c)->what;

        return az_fail(reterr, AZ_ERR_AI_QUOTA, "Person number reached %c%s level limit.",
                       tolower((unsigned char) what[0]), what + 1);
    }
    doc = json_pack("{s:s}", "personId", id);
    return store(c, txn, inside, person, reterr) && provider_answer_json(c, 200, doc);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *group = NULL;
    char inside[FACE_COLLECTION_MAX];

    face_inside(c, inside);
    return face_set_find(c, txn, &group, reterr) && face_answer_page(c, txn, inside, shown, reterr);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];

    return find(c, txn, inside, &person, reterr) && provider_answer_json(c, 200, shown(c, person));
}

static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];

    return find(c, txn, inside, &person, reterr) && face_check_patch(c, reterr) &&
           face_take_name(c, person, false, reterr) &&
           face_take_user_data(c, person, FACE_USER_DATA, reterr) &&
           store(c, txn, inside, person, reterr) && provider_answer_empty(c, 200);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];

    if (!find(c, txn, inside, &person, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, inside, json_text(person, "personId"));
    return provider_answer_empty(c, 200);
}

static bool add_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    AUTO_JSON *face = NULL;
    AUTO_JSON *doc = NULL;
    char inside[FACE_COLLECTION_MAX];

    if (!find(c, txn, inside, &person, reterr) || !face_new(c, &face, reterr)) {
        return false;
    }
    if (json_array_size(json_object_get(person, "faces")) >= FACES_OF_PERSON) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "Persisted face number reached limit.");
    }
    (void) json_array_append(json_object_get(person, "faces"), face);
    doc = json_pack("{s:O}", "persistedFaceId", json_object_get(face, "persistedFaceId"));
    return store(c, txn, inside, person, reterr) && provider_answer_json(c, 200, doc);
}

/* The face of parameter 3 within the person's; borrowed. */
static bool find_face(struct provider_call *c, const json_t *person, size_t *at, json_t **ret,
                      struct az_error *reterr)
{
    const char *id = provider_param(c, 3);
    json_t *face;
    size_t i;

    json_array_foreach(json_object_get(person, "faces"), i, face)
    {
        if (strcasecmp(json_text(face, "persistedFaceId"), id) == 0) {
            *at = i;
            *ret = face;
            return true;
        }
    }
    return az_fail(reterr, AZ_ERR_PERSISTED_FACE_NOT_FOUND, "Persisted face %.64s is not found.",
                   id);
}

static bool get_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];
    json_t *face;
    size_t at;

    return find(c, txn, inside, &person, reterr) && find_face(c, person, &at, &face, reterr) &&
           provider_answer_json(c, 200, face_shown(c, face));
}

static bool patch_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];
    json_t *face;
    size_t at;

    return find(c, txn, inside, &person, reterr) && find_face(c, person, &at, &face, reterr) &&
           face_take_user_data(c, face, FACE_USER_DATA_FACE, reterr) &&
           store(c, txn, inside, person, reterr) && provider_answer_empty(c, 200);
}

static bool delete_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *person = NULL;
    char inside[FACE_COLLECTION_MAX];
    json_t *face;
    size_t at;

    if (!find(c, txn, inside, &person, reterr) || !find_face(c, person, &at, &face, reterr)) {
        return false;
    }
    (void) json_array_remove(json_object_get(person, "faces"), at);
    return store(c, txn, inside, person, reterr) && provider_answer_empty(c, 200);
}

/* clang-format off */
#define ROW   FACE_ROW
#define IMAGE FACE_IMAGE_BODY
#define PERSONS(path, name) \
    ROW(HTTP_M_POST,   path "/{s}/persons",                        name "Create",     EXEC_WRITE, true,  0,     face_prepare,       create_run),     \
    ROW(HTTP_M_GET,    path "/{s}/persons",                        name "List",       EXEC_LOOP,  false, 0,     face_prepare,       list_run),       \
    ROW(HTTP_M_GET,    path "/{s}/persons/{p}",                    name "Get",        EXEC_LOOP,  false, 0,     face_prepare,       get_run),        \
    ROW(HTTP_M_PATCH,  path "/{s}/persons/{p}",                    name "Update",     EXEC_WRITE, true,  0,     face_prepare,       patch_run),      \
    ROW(HTTP_M_DELETE, path "/{s}/persons/{p}",                    name "Delete",     EXEC_WRITE, false, 0,     face_prepare,       delete_run),     \
    ROW(HTTP_M_POST,   path "/{s}/persons/{p}/persistedfaces",     name "AddFace",    EXEC_WRITE, false, IMAGE, face_image_prepare, add_face_run),   \
    ROW(HTTP_M_GET,    path "/{s}/persons/{p}/persistedfaces/{f}", name "GetFace",    EXEC_LOOP,  false, 0,     face_prepare,       get_face_run),   \
    ROW(HTTP_M_PATCH,  path "/{s}/persons/{p}/persistedfaces/{f}", name "UpdateFace", EXEC_WRITE, true,  0,     face_prepare,       patch_face_run), \
    ROW(HTTP_M_DELETE, path "/{s}/persons/{p}/persistedfaces/{f}", name "DeleteFace", EXEC_WRITE, false, 0,     face_prepare,       delete_face_run)

const struct provider_route provider_face_person_routes[] = {
    PERSONS("persongroups", "PersonGroupPerson"),
    PERSONS("largepersongroups", "LargePersonGroupPerson"),
};
/* clang-format on */
const size_t provider_face_person_routes_len = ARRAY_LEN(provider_face_person_routes);
