/* SPDX-License-Identifier: MIT */
/* What time does to keys and vaults, on the simulated clock. */
#include "tests/api/vault_fixture.h"

#define DAY    INT64_C(86400)
#define DIGEST "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static int sign(struct vault_fixture *f)
{
    return vault_call(f, "POST", "/keys/k/sign", "{\"alg\":\"ES256\",\"value\":\"" DIGEST "\"}");
}

static int verify(struct vault_fixture *f, const char *signature)
{
    char body[512];

    (void) snprintf(body, sizeof(body),
                    "{\"alg\":\"ES256\",\"digest\":\"" DIGEST "\",\"value\":\"%s\"}", signature);
    return vault_call(f, "POST", "/keys/k/verify", body);
}

/* azure-rules.md section 4: outside nbf..exp only decrypt, unwrap and verify work. */
static void a_key_signs_only_inside_its_window_and_verifies_always(void **state)
{
    struct vault_fixture *f = *state;
    int64_t now = sim_clock_now_s(f->d.clock);
    char body[256];
    char signature[256];

    (void) snprintf(body, sizeof(body),
                    "{\"kty\":\"EC\",\"attributes\":{\"nbf\":%lld,\"exp\":%lld}}",
                    (long long) (now + DAY), (long long) (now + 3 * DAY));
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", body), 200);
    assert_int_equal(sign(f), 403);
    vault_advance(f, DAY);
    assert_int_equal(sign(f), 200);
    (void) snprintf(signature, sizeof(signature), "%s", api_text(f->a.doc, "value"));
    vault_advance(f, 2 * DAY - 1);
    assert_int_equal(sign(f), 200);
    vault_advance(f, 1);
    assert_int_equal(sign(f), 403);
    assert_int_equal(verify(f, signature), 200);
    assert_true(json_is_true(json_object_get(f->a.doc, "value")));
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 200); /* it can still be looked at */
    (void) snprintf(body, sizeof(body), "{\"attributes\":{\"exp\":%lld}}",
                    (long long) (now + 10 * DAY));
    assert_int_equal(vault_call(f, "PATCH", "/keys/k", body), 200);
    assert_int_equal(sign(f), 200);
}

static void a_deleted_key_is_purged_when_its_retention_ends_and_not_before(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    assert_int_equal(json_integer_value(json_object_get(f->a.doc, "scheduledPurgeDate")) -
                         json_integer_value(json_object_get(f->a.doc, "deletedDate")),
                     90 * DAY);
    vault_advance(f, 90 * DAY - 1);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 409);
    vault_advance(f, 1);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_call(f, "GET", "/keys/k/versions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1); /* a new key */
}

static void a_recovered_key_is_not_purged_by_its_old_date(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    vault_advance(f, DAY);
    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 200);
    vault_advance(f, 400 * DAY);
    assert_int_equal(sign(f), 200);
    /* Deleted again, the new date counts. */
    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    vault_advance(f, 89 * DAY);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
}

static void with_purge_protection_nobody_purges_before_time(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_arm(f, "PATCH", VAULT_PATH "demo",
                               "{\"properties\":{\"enablePurgeProtection\":true}}"),
                     200);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_string_equal(api_text(f->a.doc, "attributes.recoveryLevel"), "Recoverable");
    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    assert_int_equal(vault_call(f, "DELETE", "/deletedkeys/k", NULL), 403);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    /* It can't be undone. */
    assert_int_equal(vault_arm(f, "PATCH", VAULT_PATH "demo",
                               "{\"properties\":{\"enablePurgeProtection\":false}}"),
                     400);
    vault_advance(f, 90 * DAY);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
}

#define DELETED \
    "/subscriptions/" SUB "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/"

static void a_deleted_vault_is_not_served_comes_back_whole_and_goes_in_time(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_arm(f, "DELETE", VAULT_PATH "demo", NULL), 200);
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(vault_arm(f, "GET", VAULT_PATH "demo", NULL), 404);
    assert_int_equal(vault_arm(f, "GET", DELETED "demo", NULL), 200);
    /* Its name is taken everywhere. */
    assert_int_equal(
        vault_arm(f, "PUT",
                  "/subscriptions/" SUB
                  "/resourceGroups/other/providers/Microsoft.KeyVault/vaults/DEMO",
                  "{\"location\":\"westeurope\",\"properties\":{\"tenantId\":\"" TENANT
                  "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"},\"accessPolicies\":[]}}"),
        409);
    assert_int_equal(
        vault_arm(
            f, "PUT", VAULT_PATH "demo",
            "{\"location\":\"westeurope\",\"properties\":{\"tenantId\":\"" TENANT
            "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"},\"createMode\":\"recover\"}}"),
        200);
    assert_int_equal(sign(f), 200); /* policies and keys are as they were */
    vault_advance(f, 200 * DAY);
    assert_int_equal(sign(f), 200);
    assert_int_equal(vault_arm(f, "DELETE", VAULT_PATH "demo", NULL), 200);
    vault_advance(f, 90 * DAY);
    assert_int_equal(vault_arm(f, "GET", DELETED "demo", NULL), 404);
    /* The name is free again, and the new vault has none of the old one's keys. */
    assert_int_equal(
        vault_arm(f, "PUT", VAULT_PATH "demo",
                  "{\"location\":\"westeurope\",\"properties\":{\"tenantId\":\"" TENANT
                  "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"},\"accessPolicies\":[]}}"),
        200);
    vault_grant(f, "\"all\"");
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, vault_setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_signs_only_inside_its_window_and_verifies_always),
        CASE(a_deleted_key_is_purged_when_its_retention_ends_and_not_before),
        CASE(a_recovered_key_is_not_purged_by_its_old_date),
        CASE(with_purge_protection_nobody_purges_before_time),
        CASE(a_deleted_vault_is_not_served_comes_back_whole_and_goes_in_time),
    };

    return cmocka_run_group_tests_name("vault_time", tests, NULL, NULL);
}
