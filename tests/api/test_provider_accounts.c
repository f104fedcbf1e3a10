/* SPDX-License-Identifier: MIT */
/* Accounts through provider_api_handle(): access, life, long-running operations, bad input. */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define DAY INT64_C(86400)
#define DELETED                                                                         \
    "/subscriptions/" SUB "/providers/Microsoft.CognitiveServices/locations/westeurope" \
    "/resourceGroups/rg/deletedAccounts/acct"
#define CREATE \
    "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},\"properties\":{}}"

static int ask(struct provider_fixture *f, const char *token, const char *method,
               const char *target, const char *body)
{
    return provider_call(
        f, &(struct api_request){
               .method = method, .host = ARM_HOST, .target = target, .token = token, .body = body});
}

static void the_token_is_judged_before_anything_else(void **state)
{
    static const struct {
        const char *method, *target, *body;
    } requests[] = {
        {"GET",    "/subscriptions?api-version=2022-12-01",                    NULL     },
        {"GET",    "/subscriptions",                                           NULL     },
        {"GET",    "/nothing/of/the/kind",                                     NULL     },
        {"PUT",    ACCOUNT_PATH "acct?" ARM_VERSION,                           "no json"},
        {"BREW",   ACCOUNT_PATH "acct",                                        NULL     },
        {"DELETE", "/subscriptions/not-a-guid/resourceGroups/rg?" ARM_VERSION, NULL     },
        {"GET",    "/subscriptions/%00/resourceGroups?" ARM_VERSION,           NULL     },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        if (ask(f, NULL, requests[i].method, requests[i].target, requests[i].body) != 401 ||
            ask(f, "a.b.c", requests[i].method, requests[i].target, requests[i].body) != 401) {
            fail_msg("%s %s: %d", requests[i].method, requests[i].target, f->a.status);
        }
        assert_non_null(http_response_get_header(&f->a.resp, "WWW-Authenticate"));
    }
    assert_store_unchanged(f->d.db, before);
}

static void no_host_tells_without_a_token_what_exists(void **state)
{
    static const char *const hosts[] = {ARM_HOST, ACCOUNT_HOST, "graph.localhost:7444",
                                        "acct.cognitiveservices.localhost:7444"};
    static const char *const targets[] = {"/nothing", "/openai/files/%00",
                                          "/openai/files/a%2fb/content", "/v1.0/nothing"};
    struct provider_fixture *f = *state;

    provider_make_account(f);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(targets); k++) {
            if (provider_call(f, &(struct api_request){.host = hosts[i], .target = targets[k]}) !=
                401) {
                fail_msg("%s%s: %d", hosts[i], targets[k], f->a.status);
            }
        }
    }
}

static void another_audience_tenant_or_person_is_refused(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);
    CLEANUP(free_str)
    char *vault = api_token(f->d.signer, TENANT, OPERATOR, "https://vault.azure.net");
    CLEANUP(free_str)
    char *near_miss =
        api_token(f->d.signer, TENANT, OPERATOR, "https://management.azure.com.example.com");
    CLEANUP(free_str)
    char *tenant = api_token(f->d.signer, SUB, OPERATOR, "https://management.azure.com");
    CLEANUP(free_str)
    char *stranger = api_token(f->d.signer, TENANT, STRANGER, "https://management.azure.com");
    const struct {
        const char *token;
        int status;
        const char *code;
    } cases[] = {
        {vault,     401, "InvalidAuthenticationTokenAudience"},
        {near_miss, 401, "InvalidAuthenticationTokenAudience"},
        {tenant,    401, "InvalidAuthenticationTokenTenant"  },
        {stranger,  403, "AuthorizationFailed"               },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        /* Also where the body is bad: what is allowed is judged first. */
        assert_int_equal(
            ask(f, cases[i].token, "PUT", ACCOUNT_PATH "acct?" ARM_VERSION, i % 2 ? CREATE : "{"),
            cases[i].status);
        assert_string_equal(api_text(f->a.doc, "error.code"), cases[i].code);
    }
    assert_store_unchanged(f->d.db, before);
}

static void an_account_lives_is_deleted_restored_and_purged(void **state)
{
    struct provider_fixture *f = *state;

    provider_make_account(f);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "ACCT", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "name"), "acct");
    assert_string_equal(api_text(f->a.doc, "properties.provisioningState"), "Succeeded");
    assert_true(guid_valid(api_text(f->a.doc, "identity.principalId")));
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 404);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 204);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 200);
    /* azure-rules.md section 9: the name is taken until it is restored or purged. */
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct", CREATE), 409);
    assert_string_equal(api_text(f->a.doc, "error.code"), "FlagMustBeSetForRestore");
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct",
                                  "{\"location\":\"eastus\",\"properties\":{\"restore\":true}}"),
                     409);
    assert_string_equal(api_text(f->a.doc, "error.code"), "InvalidResourceLocation");
    assert_true(
        provider_arm(f, "PUT", ACCOUNT_PATH "acct",
                     "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},"
                     "\"properties\":{\"restore\":true}}") < 300);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 200);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    assert_true(provider_arm(f, "DELETE", DELETED, NULL) < 300);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 404);
}

static void a_deleted_account_is_purged_after_48_hours_and_not_before(void **state)
{
    struct provider_fixture *f = *state;

    provider_make_account(f);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    provider_advance(f, 2 * DAY - 1);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 200);
    provider_advance(f, 1);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 404);
    provider_make_account(f); /* name and sub-domain are free again */
}

#define GROUP   "/subscriptions/" SUB "/resourceGroups/rg"
#define STORAGE GROUP "/providers/Microsoft.Storage/storageAccounts/stor"

/* Accounts are soft-deleted with their group; to be restored, the group has to be there again. */
static void a_group_takes_what_is_in_it(void **state)
{
    struct provider_fixture *f = *state;
    const char *restore = "{\"location\":\"westeurope\",\"properties\":{\"restore\":true}}";

    provider_make_account(f);
    assert_int_equal(provider_arm(f, "PUT", STORAGE, "{\"location\":\"westeurope\"}"), 200);
    assert_int_equal(provider_arm(f, "DELETE", GROUP, NULL), 202);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 200);
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct", restore), 404);
    assert_string_equal(api_text(f->a.doc, "error.code"), "ResourceGroupNotFound");
    assert_int_equal(provider_arm(f, "PUT", GROUP, "{\"location\":\"westeurope\"}"), 201);
    assert_int_equal(provider_arm(f, "GET", STORAGE, NULL), 404);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 404);
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct", restore), 201);
    assert_string_equal(api_text(f->a.doc, "properties.customSubDomainName"), "acct");
}

static void the_identity_is_born_and_dies_with_its_switch(void **state)
{
    struct provider_fixture *f = *state;
    struct kvdb_txn *txn = NULL;
    struct principal p;
    struct az_error err;
    guid_text oid;

    provider_make_account(f);
    (void) snprintf(oid, sizeof(oid), "%s", api_text(f->a.doc, "identity.principalId"));
    assert_true(
        provider_arm(f, "PATCH", ACCOUNT_PATH "acct", "{\"identity\":{\"type\":\"None\"}}") < 300);
    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    assert_false(directory_get_principal(txn, oid, &p));
    kvdb_abort(txn);
    assert_true(provider_arm(f, "PATCH", ACCOUNT_PATH "acct",
                             "{\"identity\":{\"type\":\"SystemAssigned\"}}") < 300);
    assert_string_not_equal(api_text(f->a.doc, "identity.principalId"), oid); /* another one */
}

static void a_long_running_operation_says_where_its_end_is_told(void **state)
{
    struct provider_fixture *f = *state;
    char url[1024];

    provider_make_account(f);
    assert_int_equal(provider_bind(f), 202);
    (void) snprintf(url, sizeof(url), "%s",
                    http_response_get_header(&f->a.resp, "Azure-AsyncOperation"));
    assert_non_null(strstr(url, "https://" ARM_HOST "/subscriptions/"));
    /* clients.md section 12: without it az, Python and Go wait 30 s. */
    assert_non_null(http_response_get_header(&f->a.resp, "retry-after-ms"));
    assert_int_equal(ask(f, NULL, "GET", url, NULL), 401);
    assert_int_equal(ask(f, f->token, "GET", url, NULL), 200);
    assert_string_equal(api_text(f->a.doc, "status"), "Succeeded");
    /* Another name for the operation is no operation. */
    char *id = strrchr(url, '/') + 1;
    id[0] = id[0] == 'a' ? 'b' : 'a';
    assert_int_equal(ask(f, f->token, "GET", url, NULL), 404);
}

static void a_bad_account_changes_nothing(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } list[] = {
        {"PUT",   ACCOUNT_PATH "new1",                                                  NULL,                                                        400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "{",                                                         400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "[]",                                                        400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "{}",                                                        400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "{\"kind\":7}",                                              400},
        {"PUT",   ACCOUNT_PATH "new1",
         "{\"kind\":\"Toaster\",\"location\":\"x\",\"sku\":{\"name\":\"S0\"}}",                                                                      400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "{\"kind\":\"OpenAI\",\"sku\":{\"name\":\"S0\"}}",           400},
        {"PUT",   ACCOUNT_PATH "new1",                                                  "{\"kind\":\"OpenAI\",\"location\":\"x\"}",                  400},
        {"PUT",   ACCOUNT_PATH "a",                                                     CREATE,                                                      400},
        {"PUT",   ACCOUNT_PATH "-abc",                                                  CREATE,                                                      400},
        {"PUT",   ACCOUNT_PATH "a%20b",                                                 CREATE,                                                      400},
        {"PUT",   ACCOUNT_PATH "%2e%2e",                                                CREATE,                                                      400},
        {"PATCH", ACCOUNT_PATH "absent",                                                "{}",                                                        404},
        {"PATCH", ACCOUNT_PATH "acct",                                                  "{\"a\":1,\"a\":2}",                                         400},
        {"PATCH", ACCOUNT_PATH "acct",                                                  "{\"properties\":{\"encryption\":{\"keySource\":\"Tin\"}}}",
         400                                                                                                                                            },
        {"POST",  ACCOUNT_PATH "acct/regenerateKey",                                    "{\"keyName\":\"Key3\"}",                                    400},
        {"POST",  ACCOUNT_PATH "absent/listKeys",                                       NULL,                                                        404},
        {"PUT",
         "/subscriptions/" SUB
         "/resourceGroups/none/providers/Microsoft.CognitiveServices/accounts/a1",      CREATE,                                                      404},
        {"PUT",   "/subscriptions/" SUB "/resourceGroups/rg",                           "{\"tags\":{\"a\":7}}",                                      400},
        {"PUT",   "/subscriptions/" SUB "/resourceGroups/rg",                           "{\"tags\":[]}",                                             400},
        {"PUT",   ACCOUNT_PATH "acct",                                                  "{\"kind\":\"OpenAI\",\"identity\":7}",                      400},
        {"GET",   "/subscriptions/not-a-guid/resourceGroups",                           NULL,                                                        400},
        {"GET",   "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups", NULL,                                                        404},
    };
    struct provider_fixture *f = *state;

    provider_make_account(f);
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct api_store_hash before = api_store_hash(f->d.db);

        if (provider_arm(f, list[i].method, list[i].path, list[i].body) != list[i].status) {
            fail_msg("%s %s %s: %d %s", list[i].method, list[i].path,
                     list[i].body ? list[i].body : "", f->a.status,
                     api_text(f->a.doc, "error.message"));
        }
        assert_true(api_text(f->a.doc, "error.code")[0] != '\0');
        assert_store_unchanged(f->d.db, before);
    }
}

/* Found by fuzz_provider_api: an answer that quotes such a name could not be written as JSON. */
static void a_name_that_is_no_utf8_is_refused_in_json(void **state)
{
    static const char *const targets[] = {
        "/subscriptions/\xed/resourceGroups?" ARM_VERSION,
        "/subscriptions/" SUB "/resourceGroups/%ff?api-version=2021-04-01",
        ACCOUNT_PATH "%c3?" ARM_VERSION,
        "/nothing/\xff?" ARM_VERSION,
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        assert_in_range(ask(f, f->token, "PUT", targets[i], "{\"location\":\"westeurope\"}"), 400,
                        405);
        assert_true(api_text(f->a.doc, "error.code")[0] != '\0');
    }
    assert_store_unchanged(f->d.db, before);
}

static void an_arm_request_needs_an_api_version(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(free_str)
    char *stranger = api_token(f->d.signer, TENANT, STRANGER, "https://management.azure.com");

    assert_int_equal(ask(f, stranger, "GET", ACCOUNT_PATH "acct", NULL), 403); /* judged before */
    assert_int_equal(ask(f, f->token, "GET", ACCOUNT_PATH "acct", NULL), 400);
    assert_string_equal(api_text(f->a.doc, "error.code"), "MissingApiVersionParameter");
}

static void control_endpoints_need_the_control_token(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    assert_int_equal(provider_arm(f, "POST", "/_sim/tenants", "{}"), 403);
    assert_int_equal(provider_arm(f, "POST", "/_sim/principals", "{}"), 403);
    assert_int_equal(provider_arm(f, "POST", "/_sim/clock", "{\"advance\":\"P1D\"}"), 403);
    assert_store_unchanged(f->d.db, before);
}

/* Recorded: TextAnalytics in S shows it, in S0 and S1 not; Face in E0, in S0 not. */
static void the_capability_customer_managed_key_goes_with_the_sku(void **state)
{
    static const struct {
        const char *kind, *sku;
        bool cmk;
    } rows[] = {
        {"TextAnalytics", "S",  true },
        {"TextAnalytics", "S0", false},
        {"TextAnalytics", "S1", false},
        {"Face",          "E0", true },
        {"Face",          "S0", false},
        {"QnAMaker.v2",   "S0", true },
    };
    struct provider_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool shown = false;
        char path[256];
        char body[256];
        json_t *one;
        size_t n;

        (void) snprintf(path, sizeof(path), ACCOUNT_PATH "capable%zu", i);
        (void) snprintf(body, sizeof(body),
                        "{\"kind\":\"%s\",\"location\":\"westus\",\"sku\":{\"name\":\"%s\"}}",
                        rows[i].kind, rows[i].sku);
        assert_int_equal(provider_arm(f, "PUT", path, body), 201);
        json_array_foreach(json_object_get(json_object_get(f->a.doc, "properties"), "capabilities"),
                           n, one)
        {
            shown = shown || strcmp(json_text(one, "name"), "CustomerManagedKey") == 0;
        }
        if (shown != rows[i].cmk) {
            fail_msg("%s %s: %d", rows[i].kind, rows[i].sku, shown);
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, provider_setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_token_is_judged_before_anything_else),
        CASE(no_host_tells_without_a_token_what_exists),
        CASE(another_audience_tenant_or_person_is_refused),
        CASE(an_account_lives_is_deleted_restored_and_purged),
        CASE(a_deleted_account_is_purged_after_48_hours_and_not_before),
        CASE(a_group_takes_what_is_in_it),
        CASE(the_identity_is_born_and_dies_with_its_switch),
        CASE(a_long_running_operation_says_where_its_end_is_told),
        CASE(a_bad_account_changes_nothing),
        CASE(the_capability_customer_managed_key_goes_with_the_sku),
        CASE(a_name_that_is_no_utf8_is_refused_in_json),
        CASE(an_arm_request_needs_an_api_version),
        CASE(control_endpoints_need_the_control_token),
    };

    return cmocka_run_group_tests_name("provider_accounts", tests, NULL, NULL);
}
