/* SPDX-License-Identifier: MIT */
/*
 * The OpenAI data plane through provider_api_handle(): which operation exists in which version, the
 * life of a job in the words of each, what refused requests leave behind, streams in pieces of any
 * size. Versions: versions.md section 5 and docs/fidelity.md, restated here.
 */
#include "provider/api/api.h"
#include "provider/domain/oai_version.h"
#include "tests/api/provider_fixture.h"

#define MANY 12 /* examples: at least ten are wanted */

static char key[128];
static char training[64];
static struct buf examples;

static int setup(void **state)
{
    static struct provider_fixture f;

    provider_fixture_open(&f);
    provider_make_account(&f);
    assert_int_equal(provider_arm(&f, "POST", ACCOUNT_PATH "acct/listKeys", NULL), 200);
    (void) snprintf(key, sizeof(key), "%s", api_text(f.a.doc, "key1"));
    examples.len = 0;
    for (int i = 0; i < MANY; i++) {
        buf_fmt(&examples,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"q%d\"},{\"role\":\"assistant\","
                "\"content\":\"a%d\"}]}\n",
                i, i);
    }
    assert_int_equal(provider_upload(&f, examples.data, training), 201);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    provider_fixture_close(*state);
    buf_done(&examples);
    return 0;
}

static int ai(struct provider_fixture *f, const char *method, const char *version, const char *path,
              const char *body)
{
    char target[512];

    (void) snprintf(target, sizeof(target), "/openai%s%s%s%s", version ? "" : "/v1", path,
                    version ? "?api-version=" : "", version ? version : "");
    return provider_call(f,
                         &(struct api_request){
                             .method = method,
                             .host = ACCOUNT_HOST,
                             .target = target,
                             .body = body,
                             .headers = {{"api-key", key}, {"Content-Type", "application/json"}}
    });
}

static const char *text(struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

static bool no_path(struct provider_fixture *f)
{
    return f->a.status == 404 && strcmp(text(f, "error.message"), "Resource not found") == 0;
}

/* Whether a version has the path, by what GET (or a POST of nothing) says. */
static void every_version_has_its_operations_and_no_others(void **state)
{
    static const struct {
        const char *method, *path, *from, *until; /* inclusive; NULL: open */
    } operations[] = {
        {"GET",  "/files",                             NULL,                 NULL                },
        {"GET",  "/files/none",                        NULL,                 NULL                },
        {"GET",  "/models",                            NULL,                 NULL                },
        {"POST", "/files/import",                      NULL,                 NULL                },
        {"GET",  "/fine-tunes",                        NULL,                 "2023-09-01-preview"},
        {"POST", "/fine-tunes",                        NULL,                 "2023-09-01-preview"},
        {"GET",  "/fine_tuning/jobs",                  "2023-09-15-preview", NULL                },
        {"POST", "/fine_tuning/jobs",                  "2023-09-15-preview", NULL                },
        {"GET",  "/deployments",                       NULL,                 "2023-05-15"        },
        {"POST", "/deployments",                       NULL,                 "2023-05-15"        },
        {"POST", "/deployments/none/completions",      NULL,                 NULL                },
        {"POST", "/deployments/none/embeddings",       NULL,                 NULL                },
        {"POST", "/deployments/none/chat/completions", "2023-03-15-preview", NULL                },
        {"GET",  "/batches",                           "9999",               NULL                },
        {"PUT",  "/files",                             "9999",               NULL                },
    };
    struct provider_fixture *f = *state;

    for (size_t v = 0; v < oai_versions.n; v++) {
        const char *version = oai_versions.names[v];

        for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
            bool has = (!operations[i].from || strcmp(version, operations[i].from) >= 0) &&
                       (!operations[i].until || strcmp(version, operations[i].until) <= 0);

            (void) ai(f, operations[i].method, version, operations[i].path,
                      operations[i].method[1] == 'O' ? "{}" : NULL);
            if (no_path(f) == has) {
                fail_msg("%s %s in %s: %d %s", operations[i].method, operations[i].path, version,
                         f->a.status, text(f, "error.message"));
            }
        }
    }
    (void) ai(f, "GET", "2030-01-01", "/files", NULL);
    assert_true(no_path(f));
    (void) ai(f, "GET", "", "/files", NULL);
    assert_true(no_path(f));
}

static void create_job(struct provider_fixture *f, const char *version, const char *path,
                       char out[96])
{
    char body[256];

    (void) snprintf(body, sizeof(body), "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\"}",
                    training);
    if (ai(f, "POST", version, path, body) != (version ? 201 : 200)) {
        fail_msg("%s: %d %s", version, f->a.status, text(f, "error.message"));
    }
    (void) snprintf(out, 96, "%s/%s", path, text(f, "id"));
}

static void assert_state(struct provider_fixture *f, const char *version, const char *job,
                         const char *expected)
{
    assert_int_equal(ai(f, "GET", version, job, NULL), 200);
    assert_string_equal(text(f, "status"), expected);
}

/* "fine-tuning in every version": create, get, list, events, end, delete; in v1 too. */
static void a_job_lives_in_the_words_of_every_version(void **state)
{
    static const struct {
        const char *created, *queued, *running, *succeeded;
    } words[] = {
        {"notRunning",       "notRunning", "running", "succeeded"},
        {"created",          "pending",    "running", "succeeded"},
        {"validating_files", "queued",     "running", "succeeded"},
    };
    struct provider_fixture *f = *state;

    for (size_t v = 0; v <= oai_versions.n; v++) { /* the last: v1 */
        const char *version = v < oai_versions.n ? oai_versions.names[v] : NULL;
        bool old = version && strcmp(version, "2023-09-15-preview") < 0;
        size_t w = old ? 0 : version ? 1 : 2;
        const char *path = old ? "/fine-tunes" : "/fine_tuning/jobs";
        char job[96];
        char events[112];

        create_job(f, version, path, job);
        (void) snprintf(events, sizeof(events), "%s/events", job);
        assert_string_equal(text(f, "status"), words[w].created);
        assert_string_equal(text(f, "object"), old ? "fine-tune" : "fine_tuning.job");
        provider_advance(f, 40);
        assert_state(f, version, job, words[w].queued);
        provider_advance(f, 40);
        assert_state(f, version, job, words[w].running);
        provider_advance(f, 7200);
        assert_state(f, version, job, words[w].succeeded);
        assert_true(strncmp(text(f, "fine_tuned_model"), "gpt-4o-mini-2024-07-18.ft-", 26) == 0);
        assert_int_equal(ai(f, "GET", version, events, NULL), 200);
        assert_true(json_array_size(json_object_get(f->a.doc, "data")) >= 6);
        assert_int_equal(ai(f, "GET", version, path, NULL), 200);
        assert_int_equal(json_array_size(json_object_get(f->a.doc, "data")), 1);
        assert_int_equal(ai(f, "DELETE", version ? version : "2024-10-21", job, NULL), 204);
        assert_int_equal(ai(f, "GET", version, job, NULL), 404);
        assert_string_equal(text(f, "error.code"), "notFound");
    }
}

static void refused_requests_change_nothing(void **state)
{
    static const struct {
        const char *version, *path, *body;
    } bad[] = {
        {"2024-10-21", "/fine_tuning/jobs", ""                                                                          },
        {"2024-10-21", "/fine_tuning/jobs", "[]"                                                                        },
        {"2024-10-21", "/fine_tuning/jobs", "{}"                                                                        },
        {"2024-10-21", "/fine_tuning/jobs", "{\"model\":\"gpt-4o-mini\",\"training_file\":\"x\"}"                       },
        {"2024-10-21", "/fine_tuning/jobs", "{\"model\":\"nobody\",\"training_file\":\"%s\"}"                           },
        {"2024-10-21", "/fine_tuning/jobs",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"suffix\":\"a b\"}"                                      },
        {"2024-10-21", "/fine_tuning/jobs",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"validation_file\":7}"                                   },
        {"2022-12-01", "/fine-tunes",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"suffix\":\"01234567890123456789012345678901234567890\"}"},
        {"2022-12-01", "/fine-tunes",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"n_epochs\":51}"                                         },
        {"2022-12-01", "/deployments",      "{\"model\":\"text-davinci-003\"}"                                          },
        {"2022-12-01", "/deployments",
         "{\"model\":\"text-davinci-003\",\"scale_settings\":{\"scale_type\":\"manual\"}}"                              },
        {"2022-12-01", "/deployments",
         "{\"model\":\"nobody\",\"scale_settings\":{\"scale_type\":\"standard\"}}"                                      },
        {NULL,         "/fine_tuning/jobs",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"method\":{\"type\":\"dpo\"}}"                           },
        {NULL,         "/fine_tuning/jobs",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"%s\",\"metadata\":[1]}"                                        },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *hole = strstr(bad[i].body, "%s");
        char body[512];

        (void) snprintf(body, sizeof(body), "%.*s%s%s",
                        (int) (hole ? hole - bad[i].body : (ptrdiff_t) strlen(bad[i].body)),
                        bad[i].body, hole ? training : "", hole ? hole + 2 : "");
        if (ai(f, "POST", bad[i].version, bad[i].path, body) != 400) {
            fail_msg("%s %s: %d %s", bad[i].path, body, f->a.status, text(f, "error.message"));
        }
    }
    assert_store_unchanged(f->d.db, before);
}

/* Only a refusal ends a job: a vault that can't answer now is asked again. */
static void a_job_waits_for_a_vault_that_can_not_answer(void **state)
{
    struct provider_fixture *f = *state;
    char job[96];

    assert_int_equal(provider_bind(f) / 100, 2);
    create_job(f, NULL, "/fine_tuning/jobs", job);
    provider_advance(f, 7200);
    f->fake.unreachable = true;
    assert_state(f, NULL, job, "running");
    assert_int_equal(ai(f, "POST", NULL, "/fine_tuning/jobs",
                        "{\"model\":\"gpt-4o-mini\",\"training_file\":\"none\"}"),
                     400); /* and nobody else is kept waiting */
    f->fake.unreachable = false;
    assert_state(f, NULL, job, "succeeded");
    create_job(f, NULL, "/fine_tuning/jobs", job);
    provider_advance(f, 7200);
    f->fake.revoked = true;
    assert_state(f, NULL, job, "failed");
    f->fake.revoked = false;
    assert_state(f, NULL, job, "failed");
}

/* The later job needs no vault to fail: its file is gone. */
static void a_job_that_waits_does_not_hold_up_the_others(void **state)
{
    struct provider_fixture *f = *state;
    char first_file[64];
    char waiting[96];
    char later[96];
    char path[96];

    assert_int_equal(provider_bind(f) / 100, 2);
    create_job(f, NULL, "/fine_tuning/jobs", waiting);
    memcpy(first_file, training, sizeof(training));
    assert_int_equal(provider_upload(f, examples.data, training), 201);
    provider_advance(f, 10);
    create_job(f, NULL, "/fine_tuning/jobs", later);
    (void) snprintf(path, sizeof(path), "/files/%s", training);
    assert_int_equal(ai(f, "DELETE", NULL, path, NULL), 200);
    memcpy(training, first_file, sizeof(training));
    provider_advance(f, 7200);
    f->fake.unreachable = true;
    assert_state(f, NULL, later, "failed");
    assert_non_null(strstr(text(f, "error.message"), "was deleted while the job was running"));
    assert_state(f, NULL, waiting, "running");
    f->fake.unreachable = false;
    assert_state(f, NULL, waiting, "succeeded");
}

static void a_purged_accounts_job_is_forgotten(void **state)
{
    struct provider_fixture *f = *state;
    char job[96];

    create_job(f, NULL, "/fine_tuning/jobs", job);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL) / 100, 2);
    assert_int_equal(provider_arm(f, "DELETE",
                                  "/subscriptions/" SUB
                                  "/providers/Microsoft.CognitiveServices/locations/"
                                  "westeurope/resourceGroups/rg/deletedAccounts/acct",
                                  NULL) /
                         100,
                     2);
    provider_advance(f, 100000);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 404);
    struct api_store_hash before = api_store_hash(f->d.db);

    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 404);
    assert_store_unchanged(f->d.db, before);
}

static void read_stream(struct provider_fixture *f, size_t piece, struct buf *out)
{
    struct http_source *s = &f->a.resp.source;
    uint8_t some[4096];
    ssize_t n;

    assert_int_equal(
        ai(f, "POST", "2024-10-21", "/deployments/chat/chat/completions",
           "{\"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e4 \\u20ac \\\"x\\\"\"}],"
           "\"stream\":true,\"n\":2,\"stream_options\":{\"include_usage\":true}}"),
        200);
    assert_non_null(s->read);
    while ((n = s->read(s->ctx, some, piece)) > 0) {
        buf_add(out, some, (size_t) n);
    }
    assert_int_equal(n, 0);
}

/* Ids are of each answer's own. */
static void blank_ids(struct buf *b)
{
    static const char mark[] = "chatcmpl-";

    for (char *p = b->data; (p = strstr(p, mark)) != NULL; p += sizeof(mark)) {
        memset(p + sizeof(mark) - 1, '0', 32);
    }
}

static void a_stream_is_the_same_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 7, 100, 1000};
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf whole = {0};

    assert_int_equal(
        provider_arm(f, "PUT", ACCOUNT_PATH "acct/deployments/chat",
                     "{\"sku\":{\"name\":\"Standard\",\"capacity\":1},\"properties\":{\"model\":{"
                     "\"format\":\"OpenAI\",\"name\":\"gpt-4o-mini\",\"version\":\"\"}}}"),
        201);
    read_stream(f, 4096, &whole);
    blank_ids(&whole);
    assert_non_null(strstr(whole.data, "\"usage\":{\"prompt_tokens\""));
    assert_string_equal(whole.data + whole.len - 16, "\n\ndata: [DONE]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        CLEANUP(buf_done) struct buf got = {0};

        read_stream(f, pieces[i], &got);
        blank_ids(&got);
        assert_string_equal(got.data, whole.data);
    }
}

/* Kept for review, but not without end. */
static void customer_lockbox_requests_have_a_number(void **state)
{
    struct provider_fixture *f = *state;
    const struct api_request ask = {.method = "POST",
                                    .host = ARM_HOST,
                                    .target = "/_sim/lockbox/requests",
                                    .body = "{\"account\":\"" ACCOUNT_PATH
                                            "acct\",\"engineer\":\"e\",\"supportRequestId\":\"1\"}",
                                    .headers = {{"x-kvsim-control", f->d.control.token}}};

    for (int i = 0; i < 1000; i++) {
        assert_int_equal(provider_call(f, &ask), 201);
    }
    struct api_store_hash before = api_store_hash(f->d.db);

    assert_int_equal(provider_call(f, &ask), 403);
    assert_string_equal(text(f, "error.code"), "QuotaExceeded");
    assert_store_unchanged(f->d.db, before);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(every_version_has_its_operations_and_no_others),
        EACH(a_job_lives_in_the_words_of_every_version),
        EACH(refused_requests_change_nothing),
        EACH(a_job_waits_for_a_vault_that_can_not_answer),
        EACH(a_job_that_waits_does_not_hold_up_the_others),
        EACH(a_purged_accounts_job_is_forgotten),
        EACH(a_stream_is_the_same_in_pieces_of_any_size),
        EACH(customer_lockbox_requests_have_a_number),
    };

    return cmocka_run_group_tests_name("provider_openai", tests, NULL, NULL);
}
