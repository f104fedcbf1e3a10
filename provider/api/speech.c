/* SPDX-License-Identifier: MIT */
/*
 * Speech: customization (datasets by URL, models, endpoints) and recognition, whose endpoint may
 * log what it hears. Nothing is fetched, trained or recognized: transcripts are simulated.
 *
 * Source: Speech to text REST API v3.2 and, by api-version, its later form (Datasets, Models,
 * Endpoints, their logs): shapes, codes of errors (their texts are ours but for that of what can't
 * be found, as users quote it); "Speech to text REST API for short audio" for recognition, its path
 * under a custom domain from speech-services-private-link.md. Without logging and customization
 * nothing is stored (sec.no-data-speech, SEC25).
 */
#include <string.h>
#include <strings.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai_data.h"
#include "provider/api/ai_security.h"
#include "provider/api/answer.h"
#include "provider/api/rule_log.h"

#define KINDS (KIND_SPEECH | KIND_COGNITIVE_SERVICES | KIND_AI_SERVICES)

static const char *const versions[] = {"2024-05-15-preview", "2024-11-15", "2025-10-15", NULL};

static const char *const dataset_kinds[] = {"Language",   "Acoustic",         "Pronunciation",
                                            "AudioFiles", "LanguageMarkdown", "OutputFormatting",
                                            NULL};
/* What a client may say of an item: texts, or of the type given. */
static const struct {
    const char *name;
    json_type type;
    bool patched;
} members[] = {
    {"kind",             JSON_STRING, false},
    {"displayName",      JSON_STRING, true },
    {"description",      JSON_STRING, true },
    {"locale",           JSON_STRING, false},
    {"contentUrl",       JSON_STRING, false},
    {"contentUrls",      JSON_ARRAY,  false},
    {"model",            JSON_OBJECT, false},
    {"baseModel",        JSON_OBJECT, false},
    {"datasets",         JSON_ARRAY,  false},
    {"project",          JSON_OBJECT, true },
    {"properties",       JSON_OBJECT, false},
    {"text",             JSON_STRING, false},
    {"customProperties", JSON_OBJECT, true },
};

/* 400 InvalidRequest, with the detailed code of the reference inside. */
#define invalid(reterr, inner, ...) \
    az_fail_inner(reterr, AZ_ERR_INVALID_REQUEST, inner, __VA_ARGS__)

static bool not_found(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_AI_NOT_FOUND, "The specified entity cannot be found.");
}

static bool is_dated(const struct provider_call *c)
{
    return strncmp(c->row->route.path, SPEECH_V3_PATH, strlen(SPEECH_V3_PATH)) != 0;
}

/* "datasets", "models" or "endpoints", as the row's path says. */
static void collection_of(const struct provider_call *c, char out[32])
{
    const char *name = c->row->route.path + strlen(is_dated(c) ? SPEECH_PATH : SPEECH_V3_PATH);

    (void) snprintf(out, 32, "speech.%.*s", (int) strcspn(name, "/"), name);
}

static bool check_urls(struct provider_call *c, const struct ai_data *d, struct az_error *reterr)
{
    const json_t *urls = json_object_get(c->body, "contentUrls");
    const json_t *url;
    size_t i;

    if (json_object_get(c->body, "contentUrl") &&
        !ai_check_uri(c, d->account, "contentUrl", json_text(c->body, "contentUrl"), reterr)) {
        return false;
    }
    json_array_foreach(urls, i, url)
    {
        const char *text = json_is_string(url) ? json_string_value(url) : "";

        if (!ai_check_uri(c, d->account, "contentUrls", text, reterr)) {
            return false;
        }
    }
    return true;
}

static bool prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    if (is_dated(c) && !ai_is_one_of(versions, c->api_version ? c->api_version : "")) {
        return invalid(reterr, "InvalidParameter", "The api-version '%.64s' is not supported.",
                       c->api_version ? c->api_version : "");
    }
    return ai_data_begin(c, KINDS, &d, reterr) && check_urls(c, d, reterr) &&
           ai_data_open(c, d, reterr);
}

static json_t *self_of(const struct provider_call *c, const char *collection, const char *id)
{
    struct str_view host = c->x->req.host;
    const char *name = collection + strlen("speech.");

    return is_dated(c) ? json_sprintf("https://%.*s" SPEECH_PATH "%s/%s?api-version=%s",
                                      (int) host.len, host.ptr, name, id, c->api_version)
                       : json_sprintf("https://%.*s" SPEECH_V3_PATH "%s/%s", (int) host.len,
                                      host.ptr, name, id);
}

/* {"self": ".../ID"}: it has to be there. */
static bool check_self(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                       const char *name, const char *wrong, const json_t *reference,
                       struct az_error *reterr)
{
    const char *slash = strrchr(json_text(reference, "self"), '/');
    AUTO_JSON *found = NULL;
    char id[64] = "";

    if (slash) {
        (void) snprintf(id, sizeof(id), "%.*s", (int) strcspn(slash + 1, "?"), slash + 1);
    }
    if (*id && !ai_item_get(c->prepared, txn, collection, id, &found, reterr)) {
        return false;
    }
    return found || invalid(reterr, wrong, "'%s' names nothing that exists.", name);
}

static bool check_references(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                             struct az_error *reterr)
{
    const json_t *dataset;
    size_t i;

    if (strcmp(collection, "speech.datasets") == 0) {
        return ai_is_one_of(dataset_kinds, json_text(c->body, "kind")) ||
               invalid(reterr, "InvalidPayload", "'kind' is not one of the kinds of datasets.");
    }
    if (strcmp(collection, "speech.endpoints") == 0) {
        return check_self(c, txn, "speech.models", "model", "InvalidModel",
                          json_object_get(c->body, "model"), reterr);
    }
    json_array_foreach(json_object_get(c->body, "datasets"), i, dataset)
    {
        if (!check_self(c, txn, "speech.datasets", "datasets", "InvalidDataset", dataset, reterr)) {
            return false;
        }
    }
    return true;
}

static void note_stored(struct provider_call *c)
{
    const struct ai_data *d = c->prepared;

    rule_log_note(c->d, RULE_SEC_NO_DATA_SPEECH, CMK_BROKEN);
    if (strcmp(d->owner, json_text(d->account, "uid")) != 0) {
        rule_log_note(c->d, RULE_SEC_BYOS, CMK_OBEYED);
    }
}

/* The body's members into the item: all, or those that a PATCH may change. */
static bool take_members(struct provider_call *c, bool patch, json_t *item, struct az_error *reterr)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *v = json_object_get(c->body, members[i].name);

        if (!v || json_is_null(v) || (patch && !members[i].patched)) {
            continue;
        }
        if (json_typeof(v) != members[i].type) {
            return invalid(reterr, "InvalidPayload", "'%s' is of the wrong type.", members[i].name);
        }
        (void) json_object_set(item, members[i].name, v);
    }
    return (json_text(item, "displayName")[0] && json_text(item, "locale")[0]) ||
           invalid(reterr, "InvalidPayload", "'displayName' and 'locale' are required.");
}

static bool create_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *item = json_object();
    char collection[32];
    guid_text id;

    collection_of(c, collection);
    guid_random(id);
    (void) json_object_set_new(item, "self", self_of(c, collection, id));
    if (!take_members(c, false, item, reterr) || !check_references(c, txn, collection, reterr)) {
        return false;
    }
    if (ai_item_count(c->prepared, txn, collection) >= LIMIT_AI_ITEMS) {
        return invalid(reterr, "QuotaViolation", "The resource has too many of these.");
    }
    (void) json_object_set_new(item, "status", json_string("Succeeded"));
    (void) json_object_set_new(item, "createdDateTime", ai_now(c));
    (void) json_object_set_new(item, "lastActionDateTime", ai_now(c));
    if (!ai_item_put(c->prepared, txn, collection, id, NULL, item, reterr)) {
        return false;
    }
    note_stored(c);
    (void) http_response_set_header(&c->x->resp, "Location", "%s", json_text(item, "self"));
    return provider_answer_json(c, 201, item);
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                 json_t **ret, struct az_error *reterr)
{
    return ai_item_get(c->prepared, txn, collection, provider_param(c, 0), ret, reterr) &&
           (*ret || not_found(reterr));
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *item = NULL;
    char collection[32];

    collection_of(c, collection);
    return find(c, txn, collection, &item, reterr) && provider_answer_json(c, 200, item);
}

/* An endpoint's logging is switched by properties.contentLoggingEnabled (EndpointUpdate). */
static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *logging =
        json_object_get(json_object_get(c->body, "properties"), "contentLoggingEnabled");
    AUTO_JSON *item = NULL;
    char collection[32];

    collection_of(c, collection);
    if (!find(c, txn, collection, &item, reterr) || !take_members(c, true, item, reterr)) {
        return false;
    }
    if (logging && !json_is_boolean(logging)) {
        return invalid(reterr, "InvalidPayload", "'contentLoggingEnabled' is of the wrong type.");
    }
    if (logging && strcmp(collection, "speech.endpoints") == 0) {
        json_t *properties = json_deep_copy(json_object_get(item, "properties"));

        properties = properties ? properties : json_object();
        (void) json_object_set_new(properties, "loggingEnabled",
                                   json_boolean(json_is_true(logging)));
        (void) json_object_set_new(item, "properties", properties);
    }
    (void) json_object_set_new(item, "lastActionDateTime", ai_now(c));
    return ai_item_put(c->prepared, txn, collection, provider_param(c, 0), NULL, item, reterr) &&
           provider_answer_json(c, 200, item);
}

static bool answer_list(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                        struct az_error *reterr)
{
    AUTO_JSON *all = NULL;
    AUTO_JSON *doc = NULL;

    if (!ai_item_list(c->prepared, txn, collection, &all, reterr)) {
        return false;
    }
    doc = json_pack("{s:O}", "values", all);
    return provider_answer_json(c, 200, doc);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char collection[32];

    collection_of(c, collection);
    return answer_list(c, txn, collection, reterr);
}

static void logs_of(const char *endpoint, char out[96])
{
    (void) snprintf(out, 96, "speech.logs:%.64s", endpoint);
}

/* An endpoint's logs go with it. */
static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *item = NULL;
    char collection[32];
    char logs[96];

    collection_of(c, collection);
    logs_of(provider_param(c, 0), logs);
    if (!find(c, txn, collection, &item, reterr) ||
        !ai_item_clear(c->prepared, txn, logs, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, collection, provider_param(c, 0));
    return provider_answer_empty(c, 204);
}

static bool logs_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *endpoint = NULL;
    char logs[96];

    logs_of(provider_param(c, 0), logs);
    return find(c, txn, "speech.endpoints", &endpoint, reterr) && answer_list(c, txn, logs, reterr);
}

static bool delete_logs_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *endpoint = NULL;
    char logs[96];

    logs_of(provider_param(c, 0), logs);
    return find(c, txn, "speech.endpoints", &endpoint, reterr) &&
           ai_item_clear(c->prepared, txn, logs, reterr) && provider_answer_empty(c, 204);
}

static bool find_log(struct provider_call *c, struct kvdb_txn *txn, char logs[96], json_t **ret,
                     struct az_error *reterr)
{
    AUTO_JSON *endpoint = NULL;

    logs_of(provider_param(c, 0), logs);
    return find(c, txn, "speech.endpoints", &endpoint, reterr) &&
           ai_item_get(c->prepared, txn, logs, provider_param(c, 1), ret, reterr) &&
           (*ret || not_found(reterr));
}

static bool log_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *log = NULL;
    char logs[96];

    return find_log(c, txn, logs, &log, reterr) && provider_answer_json(c, 200, log);
}

static bool delete_log_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *log = NULL;
    char logs[96];

    if (!find_log(c, txn, logs, &log, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, logs, provider_param(c, 1));
    return provider_answer_empty(c, 204);
}

/* A base model needs no data and no key; a custom endpoint (cid) is the customer's. */
static bool recognize_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct ai_data *d;

    return ai_data_begin(c, KINDS, &d, reterr) &&
           (!http_param_get(&c->x->req, "cid") || ai_data_open(c, d, reterr));
}

static bool store_log(struct provider_call *c, struct kvdb_txn *txn, const char *endpoint,
                      const char *transcript, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf audio = {0};
    AUTO_JSON *log = NULL;
    char logs[96];
    guid_text id;

    logs_of(endpoint, logs);
    if (ai_item_count(c->prepared, txn, logs) >= LIMIT_AI_ITEMS) {
        return invalid(reterr, "QuotaViolation", "The endpoint has too many logs.");
    }
    guid_random(id);
    base64url_write(&audio, c->x->req.body.ptr, c->x->req.body.len);
    log =
        json_pack("{s:s,s:s,s:o,s:s,s:s}", "name", id, "kind", "Audio", "createdDateTime",
                  ai_now(c), "transcript", transcript, "content", buf_ok(&audio) ? audio.data : "");
    if (!ai_item_put(c->prepared, txn, logs, id, NULL, log, reterr)) {
        return false;
    }
    note_stored(c);
    return true;
}

static bool recognize_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *cid = http_param_get(&c->x->req, "cid");
    AUTO_JSON *endpoint = NULL;
    char transcript[96];
    bool logs = false;

    if (c->x->req.body.len == 0 || !http_param_get(&c->x->req, "language")) {
        return invalid(reterr, "InvalidParameter",
                       "The parameter 'language' and a body of audio are required.");
    }
    if (cid && !ai_item_get(c->prepared, txn, "speech.endpoints", cid, &endpoint, reterr)) {
        return false;
    }
    if (cid && !endpoint) {
        return not_found(reterr);
    }
    logs = json_is_true(json_object_get(json_object_get(endpoint, "properties"), "loggingEnabled"));
    (void) snprintf(transcript, sizeof(transcript), "Simulated transcript of %zu bytes.",
                    c->x->req.body.len);
    if (logs && !store_log(c, txn, cid, transcript, reterr)) {
        return false;
    }
    if (!cid) {
        rule_log_note(c->d, RULE_SEC_NO_DATA_SPEECH, CMK_OBEYED);
    }
    AUTO_JSON *doc =
        json_pack("{s:s,s:s,s:i,s:I}", "RecognitionStatus", "Success", "DisplayText", transcript,
                  "Offset", 0, "Duration", (json_int_t) c->x->req.body.len);

    return provider_answer_json(c, 200, doc);
}

/* clang-format off */
#define ROW(method, path, audit, exec, body, limit, prepare, run) \
    {{method, path}, PPLANE_AI, audit, exec, body, limit, NULL, prepare, run}
#define COLLECTION(root, path, name) \
    ROW(HTTP_M_GET,    root path,        name "List",   EXEC_LOOP,  false, 0, prepare, list_run),   \
    ROW(HTTP_M_POST,   root path,        name "Create", EXEC_WRITE, true,  0, prepare, create_run), \
    ROW(HTTP_M_GET,    root path "/{i}", name "Get",    EXEC_LOOP,  false, 0, prepare, get_run),    \
    ROW(HTTP_M_PATCH,  root path "/{i}", name "Update", EXEC_WRITE, true,  0, prepare, patch_run),  \
    ROW(HTTP_M_DELETE, root path "/{i}", name "Delete", EXEC_WRITE, false, 0, prepare, delete_run)
#define CUSTOM(root) \
    COLLECTION(root, "datasets",  "SpeechDataset"),  \
    COLLECTION(root, "models",    "SpeechModel"),    \
    COLLECTION(root, "endpoints", "SpeechEndpoint"), \
    ROW(HTTP_M_GET,    root "endpoints/{i}/files/logs",     "SpeechLogList",   EXEC_LOOP,  false, 0, prepare, logs_run),        \
    ROW(HTTP_M_DELETE, root "endpoints/{i}/files/logs",     "SpeechLogClear",  EXEC_WRITE, false, 0, prepare, delete_logs_run), \
    ROW(HTTP_M_GET,    root "endpoints/{i}/files/logs/{l}", "SpeechLogGet",    EXEC_LOOP,  false, 0, prepare, log_run),         \
    ROW(HTTP_M_DELETE, root "endpoints/{i}/files/logs/{l}", "SpeechLogDelete", EXEC_WRITE, false, 0, prepare, delete_log_run)

const struct provider_route provider_speech_routes[] = {
    CUSTOM(SPEECH_V3_PATH),
    CUSTOM(SPEECH_PATH),
    ROW(HTTP_M_POST, "/stt/speech/recognition/{m}/cognitiveservices/v1", "SpeechRecognize", EXEC_WRITE, false, LIMIT_SPEECH_AUDIO, recognize_prepare, recognize_run),
};
/* clang-format on */
const size_t provider_speech_routes_len = ARRAY_LEN(provider_speech_routes);
