/* SPDX-License-Identifier: MIT */
/* Lists of more than a page: each item once, in order, whatever happens between two pages. */
#include "common/limits.h"
#include "provider/api/api.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"
#include "tests/api/provider_fixture.h"

#define PLAIN "/subscriptions/" SUB "/providers/Microsoft.CognitiveServices/"
#define MANY  (2 * LIMIT_ARM_PAGE + 1)

/* A write transaction, and the account as it stands in it. */
static json_t *begin_with_account(struct provider_fixture *f, struct kvdb_txn **txn)
{
    struct az_error err;
    json_t *a = NULL;

    assert_ok(kvdb_begin_write(f->d.db, txn, &err), &err);
    assert_ok(account_store_get(*txn, SUB, "rg", "acct", false, &a, &err), &err);
    return a;
}

/* As many as no quota would let a client make: copies of one record. */
static void copy_accounts(struct provider_fixture *f, bool deleted)
{
    struct kvdb_txn *txn;
    AUTO_JSON *a = begin_with_account(f, &txn);
    struct az_error err;
    char name[16];

    (void) json_object_set_new(a, "purgeAt", json_integer(INT64_C(1) << 40));
    for (int i = 1; i < MANY; i++) {
        (void) snprintf(name, sizeof(name), "copy%03d", i);
        (void) json_object_set_new(a, "name", json_string(name));
        assert_ok(account_store_put(txn, a, deleted, &err), &err);
    }
    assert_ok(kvdb_commit(txn, &err), &err);
}

static void copy_deployments(struct provider_fixture *f)
{
    struct kvdb_txn *txn;
    AUTO_JSON *a = begin_with_account(f, &txn);
    struct az_error err;
    char name[16];

    for (int i = 1; i <= MANY; i++) {
        (void) snprintf(name, sizeof(name), "Copy%03d", i);
        AUTO_JSON *d = json_pack("{s:s,s:{s:s,s:s,s:s},s:{s:s,s:i}}", "name", name, "model",
                                 "format", "OpenAI", "name", "gpt-4o", "version", "2024-08-06",
                                 "sku", "name", "Standard", "capacity", 1);

        assert_ok(child_put(txn, json_text(a, "uid"), "deployments", name, d, &err), &err);
    }
    assert_ok(kvdb_commit(txn, &err), &err);
}

static int follow(struct provider_fixture *f, const char *link)
{
    return provider_call(f, &(struct api_request){.host = ARM_HOST,
                                                  .target = strstr(link, "/subscriptions/"),
                                                  .token = f->token});
}

/* Every page of a list; the names stand in one order, none twice. */
static void walks(struct provider_fixture *f, const char *path, size_t expected)
{
    char last[64] = "";
    char link[1024];
    size_t n = 0;

    assert_int_equal(provider_arm(f, "GET", path, NULL), 200);
    for (;;) {
        json_t *list = json_object_get(f->a.doc, "value");
        json_t *item;
        size_t i;

        assert_true(json_array_size(list) > 0 && json_array_size(list) <= LIMIT_ARM_PAGE);
        json_array_foreach(list, i, item)
        {
            assert_true(strcasecmp(json_text(item, "name"), last) > 0);
            (void) snprintf(last, sizeof(last), "%s", json_text(item, "name"));
            n++;
        }
        if (!api_text(f->a.doc, "nextLink")[0]) {
            break;
        }
        assert_int_equal(json_array_size(list), LIMIT_ARM_PAGE);
        (void) snprintf(link, sizeof(link), "%s", api_text(f->a.doc, "nextLink"));
        assert_int_equal(strncmp(link, "https://" ARM_HOST "/subscriptions/", 40), 0);
        assert_int_equal(follow(f, link), 200);
    }
    assert_int_equal(n, expected);
}

static void every_account_is_listed_once(void **state)
{
    struct provider_fixture *f = *state;

    copy_accounts(f, false);
    walks(f, PLAIN "accounts", MANY);
    walks(f,
          "/subscriptions/" SUB "/resourceGroups/RG/providers/Microsoft.CognitiveServices/accounts",
          MANY);
}

static void every_deleted_account_is_listed_once(void **state)
{
    struct provider_fixture *f = *state;

    copy_accounts(f, true);
    walks(f, PLAIN "deletedAccounts", MANY - 1);
}

static void every_deployment_is_listed_once(void **state)
{
    struct provider_fixture *f = *state;

    copy_deployments(f);
    walks(f, ACCOUNT_PATH "acct/deployments", MANY);
}

#define IDENTITIES SUBS "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
#define SUBS       "/subscriptions/" SUB "/resourceGroups/rg"

static int msi(struct provider_fixture *f, const char *method, const char *path, const char *body)
{
    char target[512];

    (void) snprintf(target, sizeof(target), "%s%sapi-version=2023-01-31", path,
                    strchr(path, '?') ? "&" : "?");
    return provider_call(
        f,
        &(struct api_request){
            .method = method, .host = ARM_HOST, .target = target, .token = f->token, .body = body});
}

static void every_identity_is_listed_once(void **state)
{
    struct provider_fixture *f = *state;
    char path[256];
    char link[1024];

    for (int i = 0; i <= LIMIT_ARM_PAGE; i++) {
        (void) snprintf(path, sizeof(path), IDENTITIES "/one%03d", i);
        assert_int_equal(msi(f, "PUT", path, "{\"location\":\"westeurope\"}"), 201);
    }
    assert_int_equal(msi(f, "GET", IDENTITIES, NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), LIMIT_ARM_PAGE);
    (void) snprintf(link, sizeof(link), "%s", api_text(f->a.doc, "nextLink"));
    assert_int_equal(follow(f, link), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_null(json_object_get(f->a.doc, "nextLink"));
}

/* ManagedIdentity.json: $top and $skiptoken. */
static void credentials_come_by_top(void **state)
{
    static const char *const bad[] = {"0", "-1", "x", ""};
    struct provider_fixture *f = *state;
    char link[1024];
    char path[512];
    size_t pages = 0;

    assert_int_equal(msi(f, "PUT", IDENTITIES "/one", "{\"location\":\"westeurope\"}"), 201);
    for (int i = 0; i < 5; i++) {
        (void) snprintf(path, sizeof(path), IDENTITIES "/one/federatedIdentityCredentials/fic%d",
                        i);
        (void) snprintf(link, sizeof(link),
                        "{\"properties\":{\"issuer\":\"https://i.example\",\"subject\":\"s%d\","
                        "\"audiences\":[\"a\"]}}",
                        i);
        assert_int_equal(msi(f, "PUT", path, link), 201);
    }
    assert_int_equal(msi(f, "GET", IDENTITIES "/one/federatedIdentityCredentials?$top=2", NULL),
                     200);
    while (api_text(f->a.doc, "nextLink")[0]) {
        assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 2);
        (void) snprintf(link, sizeof(link), "%s", api_text(f->a.doc, "nextLink"));
        assert_int_equal(follow(f, link), 200);
        pages++;
    }
    assert_int_equal(pages, 2);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(msi(f, "GET", IDENTITIES "/one/federatedIdentityCredentials", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 5);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void) snprintf(path, sizeof(path), IDENTITIES "/one/federatedIdentityCredentials?$top=%s",
                        bad[i]);
        assert_int_equal(msi(f, "GET", path, NULL), 400);
        assert_string_equal(api_text(f->a.doc, "error.target"), "$top");
    }
}

static void a_page_of_what_is_left_has_no_next_link(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(provider_arm(f, "GET", PLAIN "accounts", NULL), 200);
    assert_null(json_object_get(f->a.doc, "nextLink")); /* recorded: no member at all */
    assert_int_equal(provider_arm(f, "GET", PLAIN "deletedAccounts", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
    assert_null(json_object_get(f->a.doc, "nextLink"));
}

static void the_first_of_a_page_may_have_gone(void **state)
{
    struct provider_fixture *f = *state;
    char link[1024];
    char path[256];

    copy_accounts(f, false);
    assert_int_equal(provider_arm(f, "GET", PLAIN "accounts", NULL), 200);
    (void) snprintf(link, sizeof(link), "%s", api_text(f->a.doc, "nextLink"));
    (void) snprintf(path, sizeof(path), ACCOUNT_PATH "copy%03d", LIMIT_ARM_PAGE);
    assert_int_equal(provider_arm(f, "DELETE", path, NULL), 200);
    assert_int_equal(follow(f, link), 200);
    (void) snprintf(path, sizeof(path), "copy%03d", LIMIT_ARM_PAGE + 1);
    assert_string_equal(json_text(json_array_get(json_object_get(f->a.doc, "value"), 0), "name"),
                        path);
}

static void a_token_of_another_make_is_refused_or_harmless(void **state)
{
    static const char *const bad[] = {"", "!", "A", "AAAA", "a=b"};
    struct provider_fixture *f = *state;
    char target[256];

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void) snprintf(target, sizeof(target), PLAIN "accounts?$skiptoken=%s", bad[i]);
        assert_int_equal(provider_arm(f, "GET", target, NULL), 400);
        assert_string_equal(api_text(f->a.doc, "error.target"), "$skiptoken");
    }
    /* "zz/zz": beyond the last; of another group: it stays in its own. */
    assert_int_equal(provider_arm(f, "GET", PLAIN "accounts?$skiptoken=enovei96eg", NULL), 200);
    assert_int_equal(
        provider_arm(f, "GET",
                     "/subscriptions/" SUB
                     "/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts?$skiptoken="
                     "YS9h",
                     NULL),
        200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_account_is_listed_once),
        CASE(every_deleted_account_is_listed_once),
        CASE(every_deployment_is_listed_once),
        CASE(every_identity_is_listed_once),
        CASE(credentials_come_by_top),
        CASE(a_page_of_what_is_left_has_no_next_link),
        CASE(the_first_of_a_page_may_have_gone),
        CASE(a_token_of_another_make_is_refused_or_harmless),
    };

    return cmocka_run_group_tests_name("provider_paging", tests, NULL, NULL);
}
