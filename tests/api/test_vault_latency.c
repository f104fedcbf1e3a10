/* SPDX-License-Identifier: MIT */
/* --latency=azure: what the service answers while a delete, a recovery or a purge runs. Recorded:
 * wire-samples.md part 1 ("Soft-delete timing"), azure-rules.md section 8. */
#include "tests/api/vault_fixture.h"
#include "vault/domain/latency.h"

static int setup(void **state)
{
    static struct vault_fixture f;

    vault_fixture_open(&f);
    f.d.latency = true;
    assert_int_equal(vault_call(&f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    *state = &f;
    return 0;
}

#define assert_refused(f, status, inner, text, method, path, body)                 \
    do {                                                                           \
        assert_int_equal(vault_call(f, method, path, body), status);               \
        assert_string_equal(api_text((f)->a.doc, "error.innererror.code"), inner); \
        assert_string_equal(api_text((f)->a.doc, "error.message"), text);          \
    } while (0)

static size_t listed(struct vault_fixture *f, const char *path)
{
    assert_int_equal(vault_call(f, "GET", path, NULL), 200);
    return json_array_size(json_object_get(f->a.doc, "value"));
}

static void a_deleted_key_is_in_neither_place_for_some_seconds(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    for (int i = 0; i < LATENCY_KEY_DELETE_S; i++) {
        assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
        assert_refused(f, 404, "", "Deleted Key not found: k", "GET", "/deletedkeys/k", NULL);
        assert_int_equal(listed(f, "/keys") + listed(f, "/deletedkeys"), 0);
        vault_advance(f, 1);
    }
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    assert_int_equal(listed(f, "/deletedkeys"), 1);
}

static void while_a_deletion_runs_the_name_takes_nothing(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    assert_refused(f, 409, "ObjectIsBeingDeleted",
                   "Key k is currently being deleted and cannot be re-created; retry later.",
                   "POST", "/keys/k/create", "{\"kty\":\"EC\"}");
    assert_refused(f, 409, "ObjectIsBeingDeleted", "Key k is currently being deleted.", "POST",
                   "/deletedkeys/k/recover", NULL);
    assert_refused(f, 409, "ObjectIsBeingDeleted", "Key is currently being deleted.", "DELETE",
                   "/deletedkeys/k", NULL);
    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 404);
    vault_advance(f, LATENCY_KEY_DELETE_S);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 409);
    assert_string_equal(api_text(f->a.doc, "error.innererror.code"),
                        "ObjectIsDeletedButRecoverable");
}

static void a_recovered_key_comes_back_after_some_seconds(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    vault_advance(f, LATENCY_KEY_DELETE_S);
    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 200);
    assert_true(strstr(api_text(f->a.doc, "key.kid"), "/keys/k/") != NULL);
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 409);
    assert_int_equal(vault_call(f, "DELETE", "/deletedkeys/k", NULL), 409);
    vault_advance(f, LATENCY_KEY_RECOVER_S - 1);
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    vault_advance(f, 1);
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 200);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
}

/* Its scheduled purge comes while it is being recovered: the recovery was first. */
static void a_recovery_outruns_the_scheduled_purge(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    vault_advance(f, INT64_C(90) * 86400 - 5);
    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 200);
    vault_advance(f, 10);
    assert_int_equal(listed(f, "/deletedkeys"), 1);
    vault_advance(f, LATENCY_KEY_RECOVER_S);
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 200);
}

static void a_purged_key_lingers_for_a_moment(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    vault_advance(f, LATENCY_KEY_DELETE_S);
    assert_int_equal(vault_call(f, "DELETE", "/deletedkeys/k", NULL), 204);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 409);
    vault_advance(f, LATENCY_KEY_PURGE_S);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
}

static void a_vaults_purge_is_polled_until_it_is_done(void **state)
{
    struct vault_fixture *f = *state;
    const char *deleted = "/subscriptions/" SUB
                          "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/demo";
    char purge[256];
    char poll[512];
    const char *location;

    (void) snprintf(purge, sizeof(purge), "%s/purge", deleted);
    assert_int_equal(vault_arm(f, "DELETE", VAULT_PATH "demo", NULL), 200);
    assert_int_equal(vault_arm(f, "POST", purge, NULL), 202);
    location = http_response_get_header(&f->a.resp, "Location");
    assert_non_null(location);
    assert_non_null(strstr(location, "&t="));
    (void) snprintf(poll, sizeof(poll), "%s", strstr(location, "/subscriptions"));
    for (int i = 0; i < LATENCY_VAULT_PURGE_S; i++) {
        assert_int_equal(vault_arm(f, "GET", poll, NULL), 202);
        assert_string_equal(api_text(f->a.doc, "status"), "NotStarted");
        assert_non_null(http_response_get_header(&f->a.resp, "Location"));
        assert_int_equal(vault_arm(f, "GET", deleted, NULL), 200);
        assert_int_equal(vault_arm(f, "POST", purge, NULL), 409);
        assert_int_equal(vault_arm(f, "PUT", VAULT_PATH "demo",
                                   "{\"location\":\"westeurope\",\"properties\":{\"createMode\":"
                                   "\"recover\"}}"),
                         409);
        vault_advance(f, 1);
    }
    assert_int_equal(vault_arm(f, "GET", poll, NULL), 200);
    assert_string_equal(api_text(f->a.doc, "status"), "Succeeded");
    assert_int_equal(vault_arm(f, "GET", deleted, NULL), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_deleted_key_is_in_neither_place_for_some_seconds, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(while_a_deletion_runs_the_name_takes_nothing, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(a_recovered_key_comes_back_after_some_seconds, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(a_recovery_outruns_the_scheduled_purge, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(a_purged_key_lingers_for_a_moment, setup, vault_teardown),
        cmocka_unit_test_setup_teardown(a_vaults_purge_is_polled_until_it_is_done, setup,
                                        vault_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
