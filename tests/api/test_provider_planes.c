/* SPDX-License-Identifier: MIT */
/*
 * The planes of Face, Language and Speech and Customer Lockbox through provider_api_handle(): what
 * they keep, and that what is refused changes nothing. rev.blocks-all (AIS20 FACE25 LANG25),
 * sec.dlp, sec.dlp-on-arrival, sec.lockbox (SEC25; the four days are ours).
 */
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/kinds.h"
#include "tests/api/provider_fixture.h"

#define HOST    "planes.cognitiveservices.localhost:7444"
#define PLANES  ACCOUNT_PATH "planes"
#define V       "?api-version=2025-11-01"
#define TEXT    "/language/authoring/analyze-text/projects"
#define TALK    "/language/authoring/analyze-conversations/projects"
#define SPEECH  "/speechtotext/v3.2"
#define HEAR    "/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US"
#define LOCKBOX "/_sim/lockbox/requests"
#define URL     "{\"url\":\"https://images.example.com/1.jpg\"}"
#define PROJECT(kind)                                                                        \
    "{\"projectFileVersion\":\"1\",\"metadata\":{\"projectKind\":\"" kind "\",\"language\":" \
    "\"en\"},\"assets\":{\"note\":\"a secret\"}}"

static char key[128];

static int setup(void **state)
{
    static struct provider_fixture f;

    provider_fixture_open(&f);
    assert_int_equal(
        provider_arm(&f, "PUT", PLANES,
                     "{\"kind\":\"AIServices\",\"location\":\"westeurope\",\"sku\":{\"name\":"
                     "\"S0\"},\"identity\":{\"type\":\"SystemAssigned\"},"
                     "\"properties\":{\"customSubDomainName\":\"planes\"}}"),
        201);
    assert_int_equal(provider_arm(&f, "POST", PLANES "/listKeys", NULL), 200);
    (void) snprintf(key, sizeof(key), "%s", api_text(f.a.doc, "key1"));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    provider_fixture_close(*state);
    return 0;
}

static int ai(struct provider_fixture *f, const char *method, const char *target, const char *body)
{
    return provider_call(f, &(struct api_request){
                                .method = method,
                                .host = HOST,
                                .target = target,
                                .body = body,
                                .headers = {{"Ocp-Apim-Subscription-Key", key},
                                            {"Content-Type", "application/json"}}
    });
}

static void bind(struct provider_fixture *f)
{
    assert_int_equal(
        provider_arm(f, "PATCH", PLANES,
                     "{\"properties\":{\"encryption\":{\"keySource\":\"Microsoft.KeyVault\","
                     "\"keyVaultProperties\":{\"keyVaultUri\":\"https://demo.vault.azure.net\","
                     "\"keyName\":\"k\",\"keyVersion\":\"\"}}}}"),
        202);
}

/* The error's code, where the plane has it. */
static const char *code(struct provider_fixture *f)
{
    const char *wrapped = api_text(f->a.doc, "error.code");

    return *wrapped ? wrapped : api_text(f->a.doc, "code");
}

struct call {
    const char *method, *target, *body;
};

/* What is there before: a face, a person, two projects, a dataset. */
static const struct call things[] = {
    {"PUT",   "/face/v1.2/facelists/s",                 "{\"name\":\"a secret\"}"                               },
    {"POST",  "/face/v1.2/facelists/s/persistedfaces",  URL                                                     },
    {"PUT",   "/face/v1.2/largepersongroups/g",         "{\"name\":\"a secret\"}"                               },
    {"POST",  "/face/v1.2/largepersongroups/g/persons", "{\"name\":\"a secret\"}"                               },
    {"POST",  TEXT "/names/:import" V,                  PROJECT("CustomEntityRecognition")                      },
    {"PATCH", TALK "/talk" V,                           "{\"projectKind\":\"Conversation\",\"language\":\"en\"}"},
    {"POST",  SPEECH "/datasets",
     "{\"kind\":\"Acoustic\",\"displayName\":\"a secret\",\"locale\":\"en-US\"}"                                },
};

static void make_things(struct provider_fixture *f)
{
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        if (ai(f, things[i].method, things[i].target, things[i].body) >= 300) {
            fail_msg("%s %s: %d %s", things[i].method, things[i].target, f->a.status, code(f));
        }
    }
}

static void what_is_stored_can_be_read_and_is_encrypted(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf file = {0};
    char path[256];

    make_things(f);
    assert_int_equal(ai(f, "GET", "/face/v1.0/facelists/s", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "name"), "a secret");
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "persistedFaces")), 1);
    assert_int_equal(ai(f, "GET", "/face/v1.0/largepersongroups/g/persons", NULL), 200);
    assert_string_equal(json_text(json_array_get(f->a.doc, 0), "name"), "a secret");
    assert_int_equal(ai(f, "GET", TEXT V, NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(ai(f, "GET", SPEECH "/datasets", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "values")), 1);
    (void) snprintf(path, sizeof(path), "%s/provider/data.mdb", f->dir.path);

    FILE *in = fopen(path, "rb");
    char piece[4096];
    size_t n;

    assert_non_null(in);
    while ((n = fread(piece, 1, sizeof(piece), in)) > 0) {
        buf_add(&file, piece, n);
    }
    (void) fclose(in);
    assert_true(file.len > 10000);
    assert_null(memmem(file.data, file.len, "a secret", 8));
}

static void what_is_refused_changes_nothing(void **state)
{
    static const struct {
        struct call call;
        int status;
        const char *code;
    } cases[] = {
        {{"PUT", "/face/v1.2/facelists/s", "{\"name\":\"again\"}"},                                         409, "FaceListExists"            },
        {{"PUT", "/face/v1.2/facelists/BAD", "{\"name\":\"n\"}"},                                           400, "BadArgument"               },
        {{"PUT", "/face/v1.2/facelists/t", "{\"name\":7}"},                                                 400, "BadArgument"               },
        {{"PUT", "/face/v1.2/facelists/t", "{\"name\":\"n\",\"userData\":7}"},                              400, "BadArgument"               },
        {{"PUT", "/face/v1.2/facelists/t", "not json"},                                                     400, "BadArgument"               },
        {{"PUT", "/face/v7/facelists/t", "{\"name\":\"n\"}"},                                               404, "404"                       },
        {{"PATCH", "/face/v1.2/facelists/s", "{}"},                                                         400, "BadArgument"               },
        {{"PATCH", "/face/v1.2/facelists/none", "{\"name\":\"n\"}"},                                        404, "FaceListNotFound"          },
        {{"POST", "/face/v1.2/facelists/s/persistedfaces", "{\"url\":\"nowhere\"}"},
         400,                                                                                                    "InvalidURL"                },
        {{"POST", "/face/v1.2/facelists/none/persistedfaces", URL},                                         404, "FaceListNotFound"          },
        {{"DELETE", "/face/v1.2/facelists/s/persistedfaces/none", NULL},
         404,                                                                                                    "PersistedFaceNotFound"     },
        {{"POST", "/face/v1.2/largepersongroups/g/persons", "{}"},                                          400, "BadArgument"               },
        {{"POST", "/face/v1.2/largepersongroups/none/persons", "{\"name\":\"n\"}"},
         404,                                                                                                    "LargePersonGroupNotFound"  },
        {{"POST", "/face/v1.2/largepersongroups/g/persons/none/persistedfaces", URL},
         404,                                                                                                    "PersonNotFound"            },
        {{"GET", "/face/v1.2/largepersongroups/g/training", NULL},
         404,                                                                                                    "LargePersonGroupNotTrained"},
        {{"PATCH", TALK "/talk" V, "{\"projectKind\":\"Orchestration\",\"language\":\"en\"}"},
         409,                                                                                                    "Conflict"                  },
        {{"PATCH", TALK "/new" V, "{\"projectKind\":\"CustomHealthcare\",\"language\":\"en\"}"},
         400,                                                                                                    "InvalidArgument"           },
        {{"PATCH", TALK "/new" V, "{\"projectKind\":\"Conversation\"}"},                                    400, "InvalidArgument"           },
        {{"POST", TEXT "/names/:import" V, "{\"projectFileVersion\":\"1\"}"},
         400,                                                                                                    "InvalidArgument"           },
        {{"POST", TEXT "/none/:export" V, NULL},                                                            404, "ProjectNotFound"           },
        {{"DELETE", TALK "/names" V, NULL},                                                                 404, "ProjectNotFound"           },
        {{"DELETE", TEXT "/names", NULL},                                                                   400, "InvalidRequest"            },
        {{"POST", SPEECH "/datasets", "{\"kind\":\"Acoustic\"}"},                                           400, "InvalidRequest"            },
        {{"POST", SPEECH "/datasets",
          "{\"kind\":\"Acoustic\",\"displayName\":\"d\",\"locale\":\"en\",\"contentUrl\":\"x\"}"},
         400,                                                                                                    "InvalidRequest"            },
        {{"POST", SPEECH "/endpoints", "{\"displayName\":\"d\",\"locale\":\"en\"}"},
         400,                                                                                                    "InvalidRequest"            },
        {{"DELETE", SPEECH "/models/none", NULL},                                                           404, "NotFound"                  },
        {{"POST", HEAR "&cid=none", "audio"},                                                               404, "NotFound"                  },
        {{"POST", HEAR, "audio without an endpoint"},                                                       200, ""                          },
        {{"POST", "/face/v1.2/detect", URL},                                                                200, ""                          },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before;

    make_things(f);
    before = api_store_hash(f->d.db);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct call *c = &cases[i].call;

        if (ai(f, c->method, c->target, c->body) != cases[i].status ||
            strcmp(code(f), cases[i].code) != 0) {
            fail_msg("%s %s: %d %s", c->method, c->target, f->a.status, code(f));
        }
        assert_store_unchanged(f->d.db, before);
    }
}

static void a_revoked_key_blocks_every_operation_on_data_and_no_other(void **state)
{
    static const struct call blocked[] = {
        {"GET",    "/face/v1.2/facelists",                   NULL                                          },
        {"GET",    "/face/v1.2/facelists/s",                 NULL                                          },
        {"PUT",    "/face/v1.2/facelists/t",                 "{\"name\":\"n\"}"                            },
        {"PATCH",  "/face/v1.2/facelists/s",                 "{\"name\":\"n\"}"                            },
        {"DELETE", "/face/v1.2/facelists/s",                 NULL                                          },
        {"POST",   "/face/v1.2/facelists/s/persistedfaces",  URL                                           },
        {"GET",    "/face/v1.2/largepersongroups/g/persons", NULL                                          },
        {"POST",   "/face/v1.2/largepersongroups/g/train",   NULL                                          },
        {"DELETE", "/face/v1.2/largepersongroups/g",         NULL                                          },
        {"GET",    TEXT V,                                   NULL                                          },
        {"POST",   TEXT "/names/:export" V,                  NULL                                          },
        {"POST",   TEXT "/names/:import" V,                  PROJECT("CustomHealthcare")                   },
        {"DELETE", TEXT "/names" V,                          NULL                                          },
        {"GET",    SPEECH "/datasets",                       NULL                                          },
        {"POST",   SPEECH "/models",                         "{\"displayName\":\"d\",\"locale\":\"en-US\"}"},
        {"DELETE", SPEECH "/datasets/none",                  NULL                                          },
        {"POST",   HEAR "&cid=none",                         "audio"                                       },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before;

    make_things(f);
    bind(f);
    before = api_store_hash(f->d.db);
    f->fake.revoked = true;
    for (size_t i = 0; i < ARRAY_LEN(blocked); i++) {
        if (ai(f, blocked[i].method, blocked[i].target, blocked[i].body) != 403 ||
            strcmp(code(f), "CustomerManagedKeyAccessDenied") != 0) {
            fail_msg("%s %s: %d %s", blocked[i].method, blocked[i].target, f->a.status, code(f));
        }
    }
    assert_int_equal(ai(f, "POST", "/face/v1.2/detect", URL), 200);
    assert_int_equal(ai(f, "POST", HEAR, "audio"), 200);
    assert_store_unchanged(f->d.db, before);
    f->fake.revoked = false;
    assert_int_equal(ai(f, "GET", "/face/v1.2/facelists/s", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "name"), "a secret");
}

static void a_denied_host_is_refused_before_anything_is_stored(void **state)
{
    static const struct call calls[] = {
        {"POST", "/face/v1.2/detect",                     "{\"url\":\"https://evil.example/\"}"},
        {"POST", "/face/v1.2/facelists/s/persistedfaces", "{\"url\":\"https://evil.example/\"}"},
        {"POST", SPEECH "/datasets",
         "{\"kind\":\"Acoustic\",\"displayName\":\"d\",\"locale\":\"en\",\"contentUrls\":"
         "[\"https://images.example.com/\",\"https://evil.example/\"]}"                        },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before;
    unsigned unwraps;

    make_things(f);
    bind(f);
    assert_int_equal(provider_arm(f, "PATCH", PLANES,
                                  "{\"properties\":{\"restrictOutboundNetworkAccess\":true,"
                                  "\"allowedFqdnList\":[\"images.example.com\"]}}"),
                     200);
    before = api_store_hash(f->d.db);
    unwraps = f->fake.unwraps;
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        assert_int_equal(ai(f, calls[i].method, calls[i].target, calls[i].body), 403);
        assert_string_equal(code(f), "OutboundNetworkAccessDenied");
    }
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(f->fake.unwraps, unwraps); /* on arrival: not even the key was asked for */
    assert_int_equal(ai(f, "POST", "/face/v1.2/facelists/s/persistedfaces", URL), 200);
}

static void purge(void *ctx)
{
    struct provider_fixture *f = ctx;

    assert_int_equal(provider_arm(f, "DELETE", PLANES, NULL), 200);
    assert_int_equal(provider_arm(f, "DELETE",
                                  "/subscriptions/" SUB
                                  "/providers/Microsoft.CognitiveServices/locations/"
                                  "westeurope/resourceGroups/rg/deletedAccounts/planes",
                                  NULL),
                     202);
}

/* How many records belong to accounts: sub-resources and what the planes keep. */
static size_t items(struct provider_fixture *f)
{
    struct kvdb_txn *txn = NULL;
    struct kvkey prefix;
    struct kvdb_iter *it;
    struct kvdb_val found;
    struct kvdb_val val;
    struct az_error err;
    size_t n = 0;

    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    kvkey_init(&prefix, 'D');
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &found, &val)) {
        n++;
    }
    kvdb_iter_free(it);
    kvdb_abort(txn);
    return n;
}

static void what_comes_too_late_for_an_account_leaves_nothing_behind(void **state)
{
    struct provider_fixture *f = *state;
    size_t before = items(f);

    bind(f);
    make_things(f);
    assert_true(items(f) > before);
    f->fake.in_unwrap = purge;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(ai(f, "PUT", "/face/v1.2/facelists/late", "{\"name\":\"n\"}"), 404);
    assert_int_equal(items(f), before);
}

/* ---- Customer Lockbox */

static int ask(struct provider_fixture *f, const char *account, const char *project)
{
    char body[512];

    (void) snprintf(
        body, sizeof(body),
        "{\"account\":\"" ACCOUNT_PATH "%s\",\"engineer\":\"e\",\"supportRequestId\":\"1\"%s%s%s}",
        account, project ? ",\"project\":\"" : "", project ? project : "", project ? "\"" : "");
    return provider_control(f, "POST", LOCKBOX, body);
}

/* In the first SKU that has CMK, or else the first that is on offer. */
static void make_account(struct provider_fixture *f, const char *name,
                         const struct account_kind *kind)
{
    const char *p = kind->cmk ? kind->cmk_skus[0] : ai_kind_find(kind->name)->skus;
    char sku[16];
    char path[256];
    char body[512];

    assert_true(ai_list_next(&p, ' ', sku, sizeof(sku)));
    (void) snprintf(path, sizeof(path), ACCOUNT_PATH "%s", name);
    (void) snprintf(body, sizeof(body),
                    "{\"kind\":\"%s\",\"location\":\"westeurope\",\"sku\":{\"name\":\"%s\"},"
                    "\"properties\":{\"customSubDomainName\":\"%s\"}}",
                    kind->name, sku, name);
    if (provider_arm(f, "PUT", path, body) != 201) {
        fail_msg("%s: %s", kind->name, code(f));
    }
}

/* SEC25: "Azure OpenAI, Translator, Conversational language understanding"; the others of its list
 * are project types. */
static void lockbox_is_for_the_listed_kinds_and_for_no_other(void **state)
{
    struct provider_fixture *f = *state;
    char name[64];

    for (size_t i = 0; i < account_kinds_count(); i++) {
        const struct account_kind *kind = account_kind_at(i);
        bool listed = strcmp(kind->name, "OpenAI") == 0 ||
                      strcmp(kind->name, "TextTranslation") == 0 ||
                      strcmp(kind->name, "ConversationalLanguageUnderstanding") == 0;

        (void) snprintf(name, sizeof(name), "kind%zu", i);
        make_account(f, name, kind);
        if ((ask(f, name, NULL) == 201) != listed) {
            fail_msg("%s: %d", kind->name, f->a.status);
        }
        if (!listed) {
            assert_int_equal(f->a.status, 400);
            assert_string_equal(api_text(f->a.doc, "error.innererror.rule"), "sec.lockbox");
        }
    }
}

/* ... "Custom text classification, Custom named entity recognition, Orchestration workflow". */
static void lockbox_of_a_language_account_is_by_type_of_project(void **state)
{
    static const struct {
        const char *half, *type;
        bool listed;
    } cases[] = {
        {"analyze-conversations", "Conversation",                    true },
        {"analyze-conversations", "Orchestration",                   true },
        {"analyze-conversations", "CustomConversationSummarization", false},
        {"analyze-text",          "CustomSingleLabelClassification", true },
        {"analyze-text",          "CustomMultiLabelClassification",  true },
        {"analyze-text",          "CustomEntityRecognition",         true },
        {"analyze-text",          "CustomHealthcare",                false},
        {"analyze-text",          "CustomAbstractiveSummarization",  false},
        {"analyze-text",          "CustomTextSentiment",             false},
    };
    struct provider_fixture *f = *state;
    char planes_key[128];
    char target[256];
    char body[256];

    (void) snprintf(planes_key, sizeof(planes_key), "%s", key);
    make_account(f, "lang", account_kind_find("TextAnalytics"));
    assert_int_equal(provider_arm(f, "POST", ACCOUNT_PATH "lang/listKeys", NULL), 200);
    (void) snprintf(key, sizeof(key), "%s", api_text(f->a.doc, "key1"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        (void) snprintf(target, sizeof(target), "/language/authoring/%s/projects/p%zu" V,
                        cases[i].half, i);
        (void) snprintf(body, sizeof(body), "{\"projectKind\":\"%s\",\"language\":\"en\"}",
                        cases[i].type);
        assert_int_equal(
            provider_call(f, &(struct api_request){.method = "PATCH",
                                                   .host = "lang.cognitiveservices.localhost:7444",
                                                   .target = target,
                                                   .body = body,
                                                   .headers = {{"api-key", key}}}),
            201);
        (void) snprintf(target, sizeof(target), "p%zu", i);
        if ((ask(f, "lang", target) == 201) != cases[i].listed) {
            fail_msg("%s: %d", cases[i].type, f->a.status);
        }
    }
    (void) snprintf(key, sizeof(key), "%s", planes_key);
}

static int on_request(struct provider_fixture *f, const char *method, const char *id,
                      const char *what, const char *body)
{
    char path[256];

    (void) snprintf(path, sizeof(path), LOCKBOX "/%s%s", id, what);
    return provider_control(f, method, path, body);
}

static void new_request(struct provider_fixture *f, char id[64])
{
    assert_int_equal(ask(f, "kind0", NULL), 201);
    assert_string_equal(api_text(f->a.doc, "state"), "Pending");
    (void) snprintf(id, 64, "%s", api_text(f->a.doc, "id"));
}

static void assert_state(struct provider_fixture *f, const char *id, const char *expected,
                         int data_status)
{
    assert_int_equal(on_request(f, "GET", id, "", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "state"), expected);
    assert_int_equal(on_request(f, "GET", id, "/data", NULL), data_status);
}

#define APPROVE "{\"decision\":\"approve\"}"
#define REJECT  "{\"decision\":\"reject\"}"

static void a_lockbox_request_lives_four_days_to_the_second(void **state)
{
    const int64_t life = 4 * 86400;
    struct provider_fixture *f = *state;
    char pending[64];
    char approved[64];
    char rejected[64];

    make_account(f, "kind0", account_kind_find("OpenAI"));
    new_request(f, pending);
    new_request(f, approved);
    new_request(f, rejected);
    assert_state(f, pending, "Pending", 403);
    assert_int_equal(on_request(f, "PATCH", approved, "", APPROVE), 200);
    assert_int_equal(on_request(f, "PATCH", rejected, "", REJECT), 200);
    assert_int_equal(on_request(f, "PATCH", approved, "", REJECT), 409);
    assert_int_equal(on_request(f, "PATCH", rejected, "", APPROVE), 409);
    assert_int_equal(on_request(f, "PATCH", pending, "", "{\"decision\":\"perhaps\"}"), 400);
    provider_advance(f, life - 1);
    assert_state(f, pending, "Pending", 403);
    assert_state(f, approved, "Approved", 200);
    assert_state(f, rejected, "Rejected", 403);
    provider_advance(f, 1);
    assert_state(f, pending, "Expired", 403);
    assert_state(f, approved, "Expired", 403);
    assert_state(f, rejected, "Rejected", 403);
    assert_int_equal(on_request(f, "PATCH", pending, "", APPROVE), 409);
    assert_int_equal(provider_control(f, "GET", LOCKBOX, NULL), 200); /* all are kept for review */
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 3);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_stored_can_be_read_and_is_encrypted),
        CASE(what_is_refused_changes_nothing),
        CASE(a_revoked_key_blocks_every_operation_on_data_and_no_other),
        CASE(a_denied_host_is_refused_before_anything_is_stored),
        CASE(what_comes_too_late_for_an_account_leaves_nothing_behind),
        CASE(lockbox_is_for_the_listed_kinds_and_for_no_other),
        CASE(lockbox_of_a_language_account_is_by_type_of_project),
        CASE(a_lockbox_request_lives_four_days_to_the_second),
    };

    return cmocka_run_group_tests_name("provider_planes", tests, NULL, NULL);
}
