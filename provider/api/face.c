/* SPDX-License-Identifier: MIT */
/*
 * Face lists, enough of the Face API v1.0 to store and read customer data, and a detection that
 * takes the URL of an image. No image is fetched and no face is found: what is known of a face is
 * a digest of the image's bytes or URL (simulated).
 *
 * Source: Face REST reference v1.0 (FaceList - Create, Get, List, Update, Delete, Add Face, Delete
 * Face; Face - Detect): shapes, limits (64 lists, 1000 faces), FaceListNotFound, FaceListExists.
 */
#include <string.h>

#include <openssl/evp.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai_data.h"
#include "provider/api/ai_security.h"
#include "provider/api/answer.h"

#define KINDS (KIND_FACE | KIND_COGNITIVE_SERVICES | KIND_AI_SERVICES)
#define LISTS "face.lists"

static bool prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return ai_data_begin(c, KINDS, &d, reterr) && ai_data_open(c, d, reterr);
}

static bool is_json(struct provider_call *c)
{
    struct str_view type = http_header_get(&c->x->req, "content-type");

    return type.len >= 16 && strncasecmp(type.ptr, "application/json", 16) == 0;
}

/* {"url": ...}, judged on arrival, or the bytes of an image. */
static bool take_image(struct provider_call *c, struct ai_data *d, struct az_error *reterr)
{
    if (!is_json(c)) {
        return c->x->req.body.len > 0 ||
               az_fail(reterr, AZ_ERR_INVALID_IMAGE_SIZE, "Image size is too small.");
    }
    if (!ai_read_json(c, reterr)) {
        return false;
    }
    return json_text(c->body, "url")[0] &&
                   json_string_length(json_object_get(c->body, "url")) <= LIMIT_AI_URL
               ? ai_check_uri(c, d->account, "url", json_text(c->body, "url"), reterr)
               : az_fail(reterr, AZ_ERR_INVALID_URL, "Invalid image URL.");
}

static bool image_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return ai_data_begin(c, KINDS, &d, reterr) && take_image(c, d, reterr) &&
           ai_data_open(c, d, reterr);
}

/* Keeps nothing, so needs no key. */
static bool detect_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return ai_data_begin(c, KINDS, &d, reterr) && take_image(c, d, reterr);
}

static bool digest_of(struct provider_call *c, uint8_t out[EVP_MAX_MD_SIZE])
{
    struct str_view image = is_json(c) ? sv_from(json_text(c->body, "url"))
                                       : (struct str_view){c->x->req.body.ptr, c->x->req.body.len};

    return EVP_Digest(image.ptr, image.len, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool detect_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *wanted = http_param_get(&c->x->req, "returnFaceId");
    uint8_t digest[EVP_MAX_MD_SIZE];
    AUTO_JSON *faces = NULL;
    guid_text id;

    (void) txn;
    if (!digest_of(c, digest)) {
        return az_fail_internal(reterr, "no digest");
    }
    faces = json_pack("[{s:{s:i,s:i,s:i,s:i}}]", "faceRectangle", "top", digest[0], "left",
                      digest[1], "width", 36 + digest[2], "height", 36 + digest[2]);
    guid_random(id);
    if (!wanted || strcmp(wanted, "false") != 0) {
        (void) json_object_set_new(json_array_get(faces, 0), "faceId", json_string(id));
    }
    return provider_answer_json(c, 200, faces);
}

/* "Valid characters are letters in lower case or digits or '-' or '_', maximum length is 64." */
static bool check_id(const char *id, struct az_error *reterr)
{
    bool ok = ai_name_ok(id, 64);

    for (const char *p = id; ok && *p; p++) {
        ok = *p < 'A' || *p > 'Z';
    }
    return ok || az_fail(reterr, AZ_ERR_BAD_ARGUMENT,
                         "Face list ID is invalid. Valid characters are letters in lower case or "
                         "digits or '-' or '_', maximum length is 64.");
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    return ai_item_get(c->prepared, txn, LISTS, provider_param(c, 0), ret, reterr) &&
           (*ret || az_fail(reterr, AZ_ERR_FACE_LIST_NOT_FOUND, "Face list is not found."));
}

static void faces_of(struct provider_call *c, char out[96])
{
    (void) snprintf(out, 96, "face.faces:%.80s", provider_param(c, 0));
}

static bool take_text(const json_t *from, const char *name, size_t max, json_t *to,
                      struct az_error *reterr)
{
    json_t *v = json_object_get(from, name);

    if (!v || json_is_null(v)) {
        return true;
    }
    if (!json_is_string(v) || json_string_length(v) > max) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'%s' must be a string of at most %zu bytes.",
                       name, max);
    }
    return json_object_set(to, name, v) == 0;
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *id = provider_param(c, 0);
    AUTO_JSON *list = NULL;
    AUTO_JSON *old = NULL;

    if (!check_id(id, reterr) || !ai_item_get(c->prepared, txn, LISTS, id, &old, reterr)) {
        return false;
    }
    if (old) {
        return az_fail(reterr, AZ_ERR_FACE_LIST_EXISTS, "Face list already exists.");
    }
    list = json_pack("{s:s,s:s}", "faceListId", id, "recognitionModel", "recognition_01");
    if (!take_text(c->body, "name", 128, list, reterr) ||
        !take_text(c->body, "userData", 16384, list, reterr) ||
        !take_text(c->body, "recognitionModel", 32, list, reterr)) {
        return false;
    }
    if (!json_text(list, "name")[0]) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'name' is required.");
    }
    if (ai_item_count(c->prepared, txn, LISTS) >= LIMIT_FACE_LISTS) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "Face list number reached limit.");
    }
    return ai_item_put(c->prepared, txn, LISTS, id, NULL, list, reterr) &&
           provider_answer_empty(c, 200);
}

static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;

    return find(c, txn, &list, reterr) && take_text(c->body, "name", 128, list, reterr) &&
           take_text(c->body, "userData", 16384, list, reterr) &&
           ai_item_put(c->prepared, txn, LISTS, provider_param(c, 0), NULL, list, reterr) &&
           provider_answer_empty(c, 200);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;
    AUTO_JSON *faces = NULL;
    char collection[96];
    json_t *face;
    size_t i;

    faces_of(c, collection);
    if (!find(c, txn, &list, reterr) ||
        !ai_item_list(c->prepared, txn, collection, &faces, reterr)) {
        return false;
    }
    json_array_foreach(faces, i, face)
    {
        (void) json_object_del(face, "feature");
    }
    (void) json_object_set(list, "persistedFaces", faces);
    return provider_answer_json(c, 200, list);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *all = NULL;

    return ai_item_list(c->prepared, txn, LISTS, &all, reterr) && provider_answer_json(c, 200, all);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;
    char collection[96];

    faces_of(c, collection);
    if (!find(c, txn, &list, reterr) || !ai_item_clear(c->prepared, txn, collection, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, LISTS, provider_param(c, 0));
    return provider_answer_empty(c, 200);
}

static bool add_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *user_data = http_param_get(&c->x->req, "userData");
    AUTO_JSON *list = NULL;
    AUTO_JSON *face = NULL;
    AUTO_JSON *doc = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    char collection[96];
    guid_text id;

    faces_of(c, collection);
    if (!find(c, txn, &list, reterr) || !digest_of(c, digest)) {
        return false;
    }
    if (user_data && strlen(user_data) > 1024) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'userData' has more than 1KB.");
    }
    if (ai_item_count(c->prepared, txn, collection) >= LIMIT_FACES) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "Persisted face number reached limit.");
    }
    guid_random(id);
    face =
        json_pack("{s:s,s:s?,s:o}", "persistedFaceId", id, "userData", user_data, "feature",
                  json_sprintf("%02x%02x%02x%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2],
                               digest[3], digest[4], digest[5], digest[6], digest[7]));
    doc = json_pack("{s:s}", "persistedFaceId", id);
    return (face || az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'userData' is not valid UTF-8.")) &&
           ai_item_put(c->prepared, txn, collection, id, NULL, face, reterr) &&
           provider_answer_json(c, 200, doc);
}

static bool delete_face_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = NULL;
    AUTO_JSON *face = NULL;
    char collection[96];

    faces_of(c, collection);
    if (!find(c, txn, &list, reterr) ||
        !ai_item_get(c->prepared, txn, collection, provider_param(c, 1), &face, reterr)) {
        return false;
    }
    if (!face) {
        return az_fail(reterr, AZ_ERR_PERSISTED_FACE_NOT_FOUND, "Persisted face is not found.");
    }
    ai_item_del(c->prepared, txn, collection, provider_param(c, 1));
    return provider_answer_empty(c, 200);
}

/* clang-format off */
#define ROW(method, path, audit, exec, body, limit, prepare, run) \
    {{method, "/face/v1.0" path}, PPLANE_AI, audit, exec, body, limit, NULL, prepare, run}
const struct provider_route provider_face_routes[] = {
    ROW(HTTP_M_POST,   "/detect",                             "FaceDetect",       EXEC_LOOP,  false, LIMIT_FACE_IMAGE, detect_prepare, detect_run),
    ROW(HTTP_M_GET,    "/facelists",                          "FaceListList",     EXEC_LOOP,  false, 0,                prepare,        list_run),
    ROW(HTTP_M_PUT,    "/facelists/{l}",                      "FaceListCreate",   EXEC_WRITE, true,  0,                prepare,        put_run),
    ROW(HTTP_M_GET,    "/facelists/{l}",                      "FaceListGet",      EXEC_LOOP,  false, 0,                prepare,        get_run),
    ROW(HTTP_M_PATCH,  "/facelists/{l}",                      "FaceListUpdate",   EXEC_WRITE, true,  0,                prepare,        patch_run),
    ROW(HTTP_M_DELETE, "/facelists/{l}",                      "FaceListDelete",   EXEC_WRITE, false, 0,                prepare,        delete_run),
    ROW(HTTP_M_POST,   "/facelists/{l}/persistedFaces",       "FaceListAddFace",  EXEC_WRITE, false, LIMIT_FACE_IMAGE, image_prepare,  add_face_run),
    ROW(HTTP_M_DELETE, "/facelists/{l}/persistedFaces/{f}",   "FaceListDeleteFace", EXEC_WRITE, false, 0,              prepare,        delete_face_run),
};
/* clang-format on */
const size_t provider_face_routes_len = ARRAY_LEN(provider_face_routes);
