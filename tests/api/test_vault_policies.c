/* SPDX-License-Identifier: MIT */
/*
 * Access policies one by one: accessPolicies/{add,replace,remove} (keyvault.json,
 * Vaults_UpdateAccessPolicy), as terraform-provider-azurerm and the SDKs use them.
 */
#include "tests/api/vault_fixture.h"

#define APP    "00000000-0000-0000-0000-0000000000aa"
#define URL(k) VAULT_PATH "demo/accessPolicies/" k

/* Of one principal; app: a member with a comma, or "". */
static int change(struct vault_fixture *f, const char *kind, const char *app, const char *permitted)
{
    CLEANUP(buf_done) struct buf body = {0};
    char path[256];

    (void) snprintf(path, sizeof(path), URL("%s"), kind);
    buf_fmt(&body,
            "{\"properties\":{\"accessPolicies\":[{\"tenantId\":\"" TENANT
            "\",\"objectId\":\"" STRANGER "\",%s\"permissions\":{%s}}]}}",
            app, permitted);
    return vault_arm(f, "PUT", path, body.data);
}

/* How many policies the answer shows, and how many of them are the stranger's. */
static size_t of_stranger(struct vault_fixture *f, const char *app)
{
    json_t *list = json_object_get(json_object_get(f->a.doc, "properties"), "accessPolicies");
    json_t *p;
    size_t i;
    size_t n = 0;

    json_array_foreach(list, i, p)
    {
        n += strcmp(api_text(p, "objectId"), STRANGER) == 0 &&
                     (!app || strcmp(api_text(p, "applicationId"), app) == 0)
                 ? 1
                 : 0;
    }
    return n;
}

static int as_stranger(struct vault_fixture *f, const char *method, const char *path)
{
    CLEANUP(free_str)
    char *token = api_token(f->signer, TENANT, STRANGER, "https://vault.azure.net");

    return vault_call_as(f, token, method, path, NULL);
}

static void add_merges_and_replace_replaces(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(change(f, "add", "", "\"keys\":[\"list\"]"), 200);
    assert_int_equal(of_stranger(f, NULL), 1);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 200);
    assert_int_equal(as_stranger(f, "GET", "/deletedkeys/k"), 403);
    assert_int_equal(change(f, "Add", "", "\"keys\":[\"LIST\",\"get\"],\"secrets\":[\"get\"]"),
                     200);
    assert_int_equal(of_stranger(f, NULL), 1);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 200);
    assert_int_equal(as_stranger(f, "GET", "/deletedkeys/k"), 404);
    assert_int_equal(change(f, "replace", "", "\"keys\":[\"get\"]"), 200);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 403);
    assert_int_equal(as_stranger(f, "GET", "/deletedkeys/k"), 404);
}

static void remove_takes_permissions_and_a_policy_without_any_goes(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(
        change(f, "add", "", "\"keys\":[\"get\",\"list\"],\"secrets\":[\"get\"],\"storage\":[]"),
        200);
    assert_int_equal(change(f, "remove", "", "\"keys\":[\"Get\"]"), 200);
    assert_int_equal(of_stranger(f, NULL), 1);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 200);
    assert_int_equal(as_stranger(f, "GET", "/deletedkeys/k"), 403);
    assert_int_equal(change(f, "remove", "", "\"keys\":[\"list\"]"), 200);
    assert_int_equal(of_stranger(f, NULL), 1); /* the secrets' permission is there still */
    /* As terraform-provider-azurerm does it, which then waits until the policy is gone. */
    assert_int_equal(
        change(f, "remove", "",
               "\"keys\":[\"Get\",\"List\"],\"secrets\":[\"Get\"],\"certificates\":[]"),
        200);
    assert_int_equal(of_stranger(f, NULL), 0);
    assert_int_equal(vault_arm(f, "GET", VAULT_PATH "demo", NULL), 200);
    assert_int_equal(of_stranger(f, NULL), 0);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 403);
    /* Nothing to remove is no error. */
    assert_int_equal(change(f, "remove", "", "\"keys\":[\"get\"]"), 200);
    assert_int_equal(vault_call(f, "GET", "/keys", NULL), 200); /* the operator's stays */
}

static void a_policy_for_an_application_is_another_one(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(change(f, "add", "", "\"keys\":[\"list\"]"), 200);
    assert_int_equal(change(f, "add", "\"applicationId\":\"" APP "\",", "\"keys\":[\"get\"]"), 200);
    assert_int_equal(of_stranger(f, NULL), 2);
    assert_int_equal(change(f, "remove", "\"applicationId\":\"" APP "\",", "\"keys\":[\"get\"]"),
                     200);
    assert_int_equal(of_stranger(f, NULL), 1);
    assert_int_equal(of_stranger(f, APP), 0);
    assert_int_equal(as_stranger(f, "GET", "/keys"), 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, vault_setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(add_merges_and_replace_replaces),
        CASE(remove_takes_permissions_and_a_policy_without_any_goes),
        CASE(a_policy_for_an_application_is_another_one),
    };

    return cmocka_run_group_tests_name("vault_policies", tests, NULL, NULL);
}
