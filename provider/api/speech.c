/* SPDX-License-Identifier: MIT */
/*
 * Speech: customization (datasets by URL, models, endpoints) and recognition, whose endpoint may
 * log what it hears. Nothing is fetched, trained or recognized: transcripts are simulated.
 *
 * Source: Speech to text REST API v3.2 (Datasets, Models, Endpoints, their logs): shapes; "Speech
 * to text REST API for short audio" for recognition, its path under a custom domain from
 * speech-services-private-link.md. Without logging and customization nothing is stored
 * (sec.no-data-speech, SEC25).
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
#define ROOT  "/speechtotext/v3.2/"

/* "datasets", "models" or "endpoints", as the row's path says. */
static void collection_of(const struct provider_call *c, char out[32])
{
    const char *name = c->row->route.path + strlen(ROOT);

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

    return ai_data_begin(c, KINDS, &d, reterr) && check_urls(c, d, reterr) &&
           ai_data_open(c, d, reterr);
}

static json_t *self_of(const struct provider_call *c, const char *collection, const char *id)
{
    return json_sprintf("https://%.*s" ROOT "%s/%s", (int) c->x->req.host.len, c->x->req.host.ptr,
                        collection + strlen("speech."), id);
}

/* {"self": ".../ID"}: it has to be there. */
static bool check_self(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                       const char *name, const json_t *reference, struct az_error *reterr)
{
    const char *slash = strrchr(json_text(reference, "self"), '/');
    AUTO_JSON *found = NULL;

    if (slash && !ai_item_get(c->prepared, txn, collection, slash + 1, &found, reterr)) {
        return false;
    }
    return found ||
           az_fail(reterr, AZ_ERR_INVALID_REQUEST, "'%s' names nothing that exists.", name);
}

static bool check_references(struct provider_call *c, struct kvdb_txn *txn, const char *collection,
                             struct az_error *reterr)
{
    const json_t *dataset;
    size_t i;

    if (strcmp(collection, "speech.datasets") == 0) {
        return json_text(c->body, "kind")[0] ||
               az_fail(reterr, AZ_ERR_INVALID_REQUEST, "'kind' is required.");
    }
    if (strcmp(collection, "speech.endpoints") == 0) {
        return check_self(c, txn, "speech.models", "model", json_object_get(c->body, "model"),
                          reterr);
    }
    json_array_foreach(json_object_get(c->body, "datasets"), i, dataset)
    {
        if (!check_self(c, txn, "speech.datasets", "datasets", dataset, reterr)) {
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

static bool create_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const members[] = {"kind",       "displayName", "description", "locale",
                                          "contentUrl", "contentUrls", "model",       "baseModel",
                                          "datasets",   "properties",  "text"};
    AUTO_JSON *item = json_object();
    char collection[32];
    guid_text id;

    collection_of(c, collection);
    if (!json_text(c->body, "displayName")[0] || !json_text(c->body, "locale")[0]) {
        return az_fail(reterr, AZ_ERR_INVALID_REQUEST, "'displayName' and 'locale' are required.");
    }
    if (!check_references(c, txn, collection, reterr)) {
        return false;
    }
    if (ai_item_count(c->prepared, txn, collection) >= LIMIT_AI_ITEMS) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "The resource has too many of these.");
    }
    guid_random(id);
    (void) json_object_set_new(item, "self", self_of(c, collection, id));
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (json_object_get(c->body, members[i])) {
            (void) json_object_set(item, members[i], json_object_get(c->body, members[i]));
        }
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
           (*ret || az_fail(reterr, AZ_ERR_AI_NOT_FOUND, "The specified resource was not found."));
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *item = NULL;
    char collection[32];

    collection_of(c, collection);
    return find(c, txn, collection, &item, reterr) && provider_answer_json(c, 200, item);
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

static void logs_of(struct provider_call *c, const char *endpoint, char out[96])
{
    (void) c;
    (void) snprintf(out, 96, "speech.logs:%.64s", endpoint);
}

/* An endpoint's logs go with it. */
static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *item = NULL;
    char collection[32];
    char logs[96];

    collection_of(c, collection);
    logs_of(c, provider_param(c, 0), logs);
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

    logs_of(c, provider_param(c, 0), logs);
    return find(c, txn, "speech.endpoints", &endpoint, reterr) && answer_list(c, txn, logs, reterr);
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

    logs_of(c, endpoint, logs);
    if (ai_item_count(c->prepared, txn, logs) >= LIMIT_AI_ITEMS) {
        return az_fail(reterr, AZ_ERR_AI_QUOTA, "The endpoint has too many logs.");
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
        return az_fail(reterr, AZ_ERR_INVALID_REQUEST,
                       "The parameter 'language' and a body of audio are required.");
    }
    if (cid && !ai_item_get(c->prepared, txn, "speech.endpoints", cid, &endpoint, reterr)) {
        return false;
    }
    if (cid && !endpoint) {
        return az_fail(reterr, AZ_ERR_AI_NOT_FOUND, "The specified endpoint was not found.");
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
#define COLLECTION(path, name) \
    ROW(HTTP_M_GET,    ROOT path,        name "List",   EXEC_LOOP,  false, 0, prepare, list_run),   \
    ROW(HTTP_M_POST,   ROOT path,        name "Create", EXEC_WRITE, true,  0, prepare, create_run), \
    ROW(HTTP_M_GET,    ROOT path "/{i}", name "Get",    EXEC_LOOP,  false, 0, prepare, get_run),    \
    ROW(HTTP_M_DELETE, ROOT path "/{i}", name "Delete", EXEC_WRITE, false, 0, prepare, delete_run)

const struct provider_route provider_speech_routes[] = {
    COLLECTION("datasets",  "SpeechDataset"),
    COLLECTION("models",    "SpeechModel"),
    COLLECTION("endpoints", "SpeechEndpoint"),
    ROW(HTTP_M_GET,  ROOT "endpoints/{i}/files/logs", "SpeechLogList", EXEC_LOOP, false, 0, prepare, logs_run),
    ROW(HTTP_M_POST, "/stt/speech/recognition/{m}/cognitiveservices/v1", "SpeechRecognize", EXEC_WRITE, false, LIMIT_SPEECH_AUDIO, recognize_prepare, recognize_run),
};
/* clang-format on */
const size_t provider_speech_routes_len = ARRAY_LEN(provider_speech_routes);
