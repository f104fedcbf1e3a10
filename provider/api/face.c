/* SPDX-License-Identifier: MIT */
/* The Face plane: versions, images and the detection that takes the URL of one. */
#include "provider/api/face.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_security.h"
#include "provider/api/answer.h"

#define KINDS (KIND_FACE | KIND_COGNITIVE_SERVICES | KIND_AI_SERVICES)

static const char *const versions[] = {"v1.0", "v1.1-preview.1", "v1.2-preview.1", "v1.2", NULL};
static const char *const recognition_models[] = {"recognition_01", "recognition_02",
                                                 "recognition_03", "recognition_04", NULL};
static const char *const detection_models[] = {"detection_01", "detection_02", "detection_03",
                                               NULL};

/* The models that a request names, in its query or body, are those that there are. */
static bool check_models(struct provider_call *c, struct az_error *reterr)
{
    const char *detection = http_param_get(&c->x->req, "detectionModel");
    const char *recognition = http_param_get(&c->x->req, "recognitionModel");

    if (detection && !ai_is_one_of(detection_models, detection)) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'detectionModel' is invalid.");
    }
    if (!recognition && json_object_get(c->body, "recognitionModel")) {
        recognition = json_text(c->body, "recognitionModel");
    }
    return !recognition || ai_is_one_of(recognition_models, recognition) ||
           az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'recognitionModel' is invalid.");
}

static bool begin(struct provider_call *c, struct ai_data **d, struct az_error *reterr)
{
    if (!ai_is_one_of(versions, provider_param(c, 0))) {
        return ai_no_such_path(reterr);
    }
    return ai_data_begin(c, KINDS, d, reterr) && check_models(c, reterr);
}

bool face_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return begin(c, &d, reterr) && ai_data_open(c, d, reterr);
}

static bool is_json(struct provider_call *c)
{
    struct str_view type = http_header_get(&c->x->req, "content-type");

    return type.len >= 16 && strncasecmp(type.ptr, "application/json", 16) == 0;
}

/* "left,top,width,height": one face of several. */
static bool check_target(struct provider_call *c, struct az_error *reterr)
{
    const char *text = http_param_get(&c->x->req, "targetFace");
    char *end = NULL;

    for (int i = 0; text && i < 4; i++) {
        long n = strtol(text, &end, 10);

        if (end == text || n < 0 || *end != (i < 3 ? ',' : '\0')) {
            return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "Invalid argument targetFace.");
        }
        text = end + 1;
    }
    return true;
}

/* {"url": ...}, judged on arrival, or the bytes of an image: 1 KB to 6 MB. */
static bool take_image(struct provider_call *c, struct ai_data *d, struct az_error *reterr)
{
    size_t n = c->x->req.body.len;

    if (!check_target(c, reterr)) {
        return false;
    }
    if (!is_json(c)) {
        return (n >= 1024 && n <= LIMIT_FACE_IMAGE) ||
               az_fail(reterr, AZ_ERR_INVALID_IMAGE_SIZE,
                       n < 1024 ? "Image size is too small." : "Image size is too big.");
    }
    if (!ai_read_json(c, reterr)) {
        return false;
    }
    return json_text(c->body, "url")[0] &&
                   json_string_length(json_object_get(c->body, "url")) <= LIMIT_AI_URL
               ? ai_check_uri(c, d->account, "url", json_text(c->body, "url"), reterr)
               : az_fail(reterr, AZ_ERR_INVALID_URL, "Invalid image URL.");
}

bool face_image_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return begin(c, &d, reterr) && take_image(c, d, reterr) && ai_data_open(c, d, reterr);
}

/* Keeps nothing, so needs no key. */
static bool detect_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return begin(c, &d, reterr) && take_image(c, d, reterr);
}

static bool digest_of(struct provider_call *c, uint8_t out[EVP_MAX_MD_SIZE],
                      struct az_error *reterr)
{
    struct str_view image = is_json(c) ? sv_from(json_text(c->body, "url"))
                                       : (struct str_view){c->x->req.body.ptr, c->x->req.body.len};

    return EVP_Digest(image.ptr, image.len, out, NULL, EVP_sha256(), NULL) == 1 ||
           az_fail_internal(reterr, "no digest");
}

static bool is_param(struct provider_call *c, const char *name, const char *value)
{
    const char *given = http_param_get(&c->x->req, name);

    return given && strcasecmp(given, value) == 0;
}

static bool detect_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *model = http_param_get(&c->x->req, "recognitionModel");
    uint8_t digest[EVP_MAX_MD_SIZE];
    AUTO_JSON *faces = NULL;
    json_t *face;
    guid_text id;

    (void) txn;
    if (!digest_of(c, digest, reterr)) {
        return false;
    }
    face = json_object();
    guid_random(id);
    if (!is_param(c, "returnFaceId", "false")) {
        (void) json_object_set_new(face, "faceId", json_string(id));
    }
    if (is_param(c, "returnRecognitionModel", "true")) {
        (void) json_object_set_new(face, "recognitionModel",
                                   json_string(model ? model : recognition_models[0]));
    }
    (void) json_object_set_new(face, "faceRectangle",
                               json_pack("{s:i,s:i,s:i,s:i}", "top", digest[0], "left", digest[1],
                                         "width", 36 + digest[2], "height", 36 + digest[2]));
    faces = json_pack("[o]", face);
    return provider_answer_json(c, 200, faces);
}

bool face_new(struct provider_call *c, json_t **ret, struct az_error *reterr)
{
    const char *user_data = http_param_get(&c->x->req, "userData");
    uint8_t digest[EVP_MAX_MD_SIZE];
    guid_text id;

    if (user_data && strlen(user_data) > FACE_USER_DATA_FACE) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'userData' is too long.");
    }
    if (!digest_of(c, digest, reterr)) {
        return false;
    }
    guid_random(id);
    *ret =
        json_pack("{s:s,s:s?,s:o}", "persistedFaceId", id, "userData", user_data, "feature",
                  json_sprintf("%02x%02x%02x%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2],
                               digest[3], digest[4], digest[5], digest[6], digest[7]));
    return *ret || az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'userData' is not valid UTF-8.");
}

json_t *face_shown(struct provider_call *c, json_t *face)
{
    (void) c;
    (void) json_object_del(face, "feature");
    return face;
}

static bool take_text(struct provider_call *c, const char *name, size_t max, json_t *to,
                      struct az_error *reterr)
{
    json_t *v = json_object_get(c->body, name);

    if (!v || json_is_null(v)) {
        return true;
    }
    if (!json_is_string(v)) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "Request body is invalid.");
    }
    return json_string_length(v) <= max
               ? json_object_set(to, name, v) == 0
               : az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'%s' is too long.", name);
}

bool face_take_name(struct provider_call *c, json_t *to, bool needed, struct az_error *reterr)
{
    return take_text(c, "name", 128, to, reterr) &&
           (!needed || json_text(to, "name")[0] ||
            az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'name' is empty."));
}

bool face_take_user_data(struct provider_call *c, json_t *to, size_t max, struct az_error *reterr)
{
    return take_text(c, "userData", max, to, reterr);
}

bool face_check_patch(struct provider_call *c, struct az_error *reterr)
{
    return json_text(c->body, "name")[0] || json_object_get(c->body, "userData") ||
           az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "Both 'name' and 'userData' are empty.");
}

bool face_answer_page(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                      json_t *(*show)(struct provider_call *c, json_t *item),
                      struct az_error *reterr)
{
    const char *start = http_param_get(&c->x->req, "start");
    const char *top = http_param_get(&c->x->req, "top");
    uint64_t most = LIMIT_FACE_PAGE;
    AUTO_JSON *all = NULL;
    AUTO_JSON *doc = json_array();
    json_t *item;
    size_t i;

    if (start && strlen(start) > 64) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'start' is too long.");
    }
    if (top && (!uint_parse(top, LIMIT_FACE_PAGE, &most) || most < 1)) {
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'top' is invalid.");
    }
    if (!ai_item_page(c->prepared, txn, collection, start, most, &all, reterr)) {
        return false;
    }
    json_array_foreach(all, i, item)
    {
        (void) json_array_append_new(doc, show(c, json_incref(item)));
    }
    return provider_answer_json(c, 200, doc);
}

const struct provider_route provider_face_routes[] = {
    FACE_ROW(HTTP_M_POST, "detect", "FaceDetect", EXEC_LOOP, false, FACE_IMAGE_BODY, detect_prepare,
             detect_run),
};
const size_t provider_face_routes_len = ARRAY_LEN(provider_face_routes);
