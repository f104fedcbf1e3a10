/* SPDX-License-Identifier: MIT */
/*
 * The contacts of certificates: wire-samples.md part 1 (recorded by azure-cli and
 * azure-sdk-for-go), permissions by certificates.json; what Terraform's azurerm asks of every
 * vault.
 */
#include "tests/api/vault_fixture.h"

#define PATH "/certificates/contacts"
#define ONE                                                                     \
    "{\"contacts\":[{\"email\":\"user@contoso.example\",\"name\":\"John Doe\"," \
    "\"phone\":\"123-456-7890\"}]}"
#define TWO                                                                     \
    "{\"contacts\":[{\"email\":\"user@contoso.example\",\"name\":\"John Doe\"," \
    "\"phone\":\"123-456-7890\"},{\"email\":\"other@contoso.example\"}]}"
#define ID "{\"id\":\"https://" VAULT_HOST PATH "\","

/* The operator's permissions in demo: those of certificates, as JSON. */
static void grant(struct vault_fixture *f, const char *certificates)
{
    char body[512];

    (void) snprintf(body, sizeof(body),
                    "{\"properties\":{\"accessPolicies\":[{\"tenantId\":\"" TENANT
                    "\",\"objectId\":\"" OPERATOR "\",\"permissions\":{\"keys\":[\"all\"],"
                    "\"certificates\":[%s]}}]}}",
                    certificates);
    assert_int_equal(vault_arm(f, "PATCH", VAULT_PATH "demo", body), 200);
}

static void assert_body(struct vault_fixture *f, const char *want)
{
    assert_int_equal(f->a.resp.body.len, strlen(want));
    assert_memory_equal(f->a.resp.body.data, want, strlen(want));
}

static void assert_none(struct vault_fixture *f)
{
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 404);
    assert_body(f,
                "{\"error\":{\"code\":\"ContactsNotFound\",\"message\":\"Contacts not found\"}}");
}

static void they_are_set_replaced_and_deleted_as_recorded(void **state)
{
    struct vault_fixture *f = *state;

    grant(f, "\"ManageContacts\"");
    assert_none(f);
    assert_int_equal(vault_call(f, "PUT", PATH, ONE), 200);
    assert_body(f,
                ID "\"contacts\":[{\"email\":"
                   "\"user@contoso.example\",\"name\":\"John Doe\",\"phone\":\"123-456-7890\"}]}");
    assert_int_equal(vault_call(f, "PUT", PATH, TWO), 200);
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 200);
    assert_body(f, ID "\"contacts\":[{\"email\":\"user@contoso.example\",\"name\":\"John Doe\","
                      "\"phone\":\"123-456-7890\"},{\"email\":\"other@contoso.example\"}]}");
    /* The answer to a delete shows what was there. */
    assert_int_equal(vault_call(f, "DELETE", PATH, NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "contacts")), 2);
    assert_none(f);
    assert_int_equal(vault_call(f, "DELETE", PATH, NULL), 404);
    /* What is null or unknown is left out. */
    assert_int_equal(vault_call(f, "PUT", PATH,
                                "{\"id\":\"x\",\"contacts\":[{\"phone\":null,\"fax\":\"1\","
                                "\"email\":\"a@b\"}]}"),
                     200);
    assert_body(f, ID "\"contacts\":[{\"email\":\"a@b\"}]}");
}

static void they_go_and_come_back_with_their_vault(void **state)
{
    struct vault_fixture *f = *state;

    grant(f, "\"managecontacts\"");
    assert_int_equal(vault_call(f, "PUT", PATH, ONE), 200);
    /* A change of the vault does not touch them. */
    assert_int_equal(vault_arm(f, "PATCH", VAULT_PATH "demo", "{\"tags\":{\"a\":\"b\"}}"), 200);
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 200);
    assert_int_equal(vault_arm(f, "DELETE", VAULT_PATH "demo", NULL), 200);
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 404);
    assert_string_equal(api_text(f->a.doc, "error.code"), "NotFound");
    assert_int_equal(
        vault_arm(f, "PUT", VAULT_PATH "demo",
                  "{\"location\":\"westus\",\"properties\":{\"createMode\":\"recover\","
                  "\"tenantId\":\"" TENANT "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"}}}"),
        200);
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 200);
}

static void each_operation_needs_managecontacts_before_its_body_is_read(void **state)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE"};
    struct vault_fixture *f = *state;
    struct api_store_hash before;

    grant(f, "\"managecontacts\"");
    assert_int_equal(vault_call(f, "PUT", PATH, ONE), 200);
    grant(f, "\"get\",\"list\",\"manageissuers\"");
    before = api_store_hash(f->d.db);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        assert_int_equal(vault_call(f, methods[i], PATH, "no json"), 403);
        assert_string_equal(api_text(f->a.doc, "error.innererror.code"), "ForbiddenByPolicy");
        /* As quoted by azure-powershell issue 19531. */
        assert_non_null(strstr(api_text(f->a.doc, "error.message"),
                               "does not have certificates managecontacts permission on key vault "
                               "'demo;location="));
        assert_int_equal(vault_call_as(f, NULL, methods[i], PATH, NULL), 401);
    }
    assert_store_unchanged(f->d.db, before);
    /* A permission on keys is none on certificates, and the other way round. */
    grant(f, "\"all\"");
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 200);
    assert_int_equal(vault_arm(f, "PATCH", VAULT_PATH "demo",
                               "{\"properties\":{\"accessPolicies\":[{\"tenantId\":\"" TENANT
                               "\",\"objectId\":\"" OPERATOR
                               "\",\"permissions\":{\"certificates\":[\"all\"]}}]}}"),
                     200);
    assert_int_equal(vault_call(f, "GET", PATH, NULL), 200);
    assert_int_equal(vault_call(f, "GET", "/keys", NULL), 403);
}

static void a_bad_list_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"contacts\":null}",
        "{\"contacts\":{}}",
        "{\"contacts\":[]}",
        "{\"contacts\":[1]}",
        "{\"contacts\":[{\"email\":1}]}",
        "{\"contacts\":[{\"email\":\"a@b\"},{\"name\":{}}]}",
        "{\"contacts\":[{\"email\":\"a@b\"}",
    };
    struct vault_fixture *f = *state;
    struct api_store_hash before;
    char text[400];

    grant(f, "\"all\"");
    assert_int_equal(vault_call(f, "PUT", PATH, ONE), 200);
    before = api_store_hash(f->d.db);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (vault_call(f, "PUT", PATH, bad[i]) != 400) {
            fail_msg("%s: %d", bad[i], f->a.status);
        }
        assert_string_equal(api_text(f->a.doc, "error.code"), "BadParameter");
    }
    (void) snprintf(text, sizeof(text), "{\"contacts\":[{\"name\":\"%0257d\"}]}", 1);
    assert_int_equal(vault_call(f, "PUT", PATH, text), 400);
    assert_store_unchanged(f->d.db, before);
    /* Nothing else lives under /certificates yet. */
    assert_int_equal(vault_call(f, "GET", "/certificates", NULL), 400);
    assert_int_equal(vault_call(f, "POST", PATH, ONE), 400);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, vault_setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(they_are_set_replaced_and_deleted_as_recorded),
        CASE(they_go_and_come_back_with_their_vault),
        CASE(each_operation_needs_managecontacts_before_its_body_is_read),
        CASE(a_bad_list_is_refused_and_changes_nothing),
    };

    return cmocka_run_group_tests_name("vault_contacts", tests, NULL, NULL);
}
