/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.ManagedIdentity through provider_api_handle(): user-assigned identities, whose
 * principals are born and die with them, attached to accounts and to the identity endpoint.
 * Shapes: spec 2023-01-31; versions: versions.md section 6; clients.md 5.6.
 */
#include "provider/api/account.h"
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define V2023 "2023-01-31"
#define V2024 "2024-11-30"
#define AI    "2024-10-01"
#define UAI               \
    "/subscriptions/" SUB \
    "/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
#define ID1  UAI "/one"
#define ACCT ACCOUNT_PATH "acct"

static const char *text(struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

struct ids {
    char principal[40], client[40];
};

static void make(struct provider_fixture *f, const char *path, struct ids *ids)
{
    assert_int_equal(provider_arm_at(f, V2023, "PUT", path,
                                     "{\"location\":\"West Europe\",\"tags\":{\"a\":\"b\"}}"),
                     201);
    (void) snprintf(ids->principal, sizeof(ids->principal), "%s",
                    text(f, "properties.principalId"));
    (void) snprintf(ids->client, sizeof(ids->client), "%s", text(f, "properties.clientId"));
}

static bool known(struct provider_fixture *f, const char *oid)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    struct principal p;
    bool found;

    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    found = directory_get_principal(txn, oid, &p);
    kvdb_abort(txn);
    return found;
}

static void an_identity_lives_with_its_principal(void **state)
{
    struct provider_fixture *f = *state;
    struct ids ids = {0};

    make(f, ID1, &ids);
    assert_string_equal(text(f, "id"), ID1);
    assert_string_equal(text(f, "type"), "Microsoft.ManagedIdentity/userAssignedIdentities");
    assert_string_equal(text(f, "location"), "westeurope");
    assert_string_equal(text(f, "properties.tenantId"), TENANT);
    assert_true(known(f, ids.principal));
    assert_int_equal(
        provider_arm_at(f, V2023, "PUT", ID1, "{\"location\":\"westeurope\",\"tags\":{}}"), 200);
    assert_string_equal(text(f, "properties.principalId"), ids.principal); /* the same one */
    assert_int_equal(provider_arm_at(f, V2023, "PATCH", UAI "/ONE", "{\"tags\":{\"c\":\"d\"}}"),
                     200);
    assert_string_equal(text(f, "tags.c"), "d");
    assert_int_equal(provider_arm_at(f, V2023, "GET", UAI, NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(provider_arm_at(f, V2023, "GET",
                                     "/subscriptions/" SUB
                                     "/providers/Microsoft.ManagedIdentity/userAssignedIdentities",
                                     NULL),
                     200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(provider_arm_at(f, V2023, "DELETE", ID1, NULL), 200);
    assert_false(known(f, ids.principal));
    assert_int_equal(provider_arm_at(f, V2023, "DELETE", ID1, NULL), 204);
    assert_int_equal(provider_arm_at(f, V2023, "GET", ID1, NULL), 404);
    assert_string_equal(text(f, "error.code"), "ResourceNotFound");
}

static void a_bad_identity_changes_nothing(void **state)
{
    static const struct {
        const char *path, *version, *body;
        int status;
        const char *code;
    } bad[] = {
        {UAI "/ab",                                                                                    V2023,        "{\"location\":\"westus\"}",             400, "BadRequest"           },
        {UAI "/-abc",                                                                                  V2023,        "{\"location\":\"westus\"}",             400, "BadRequest"           },
        {UAI "/abc",                                                                                   V2023,        "{}",                                    400, "LocationRequired"     },
        {UAI "/abc",                                                                                   V2023,        "{\"location\":\"atlantis\"}",           400,
         "LocationNotAvailableForResourceType"                                                                                                                                            },
        {UAI "/abc",                                                                                   V2023,        "{\"location\":\"westus\",\"tags\":[]}", 400, "InvalidRequestContent"},
        {UAI "/abc",                                                                                   V2024,
         "{\"location\":\"westus\",\"properties\":{\"isolationScope\":\"Galactic\"}}",                                                                        400,
         "InvalidRequestContent"                                                                                                                                                          },
        {UAI "/abc",                                                                                   "2014-01-01", "{\"location\":\"westus\"}",             404, "InvalidResourceType"  },
        {"/subscriptions/" SUB
         "/resourceGroups/no/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc", V2023,        "{\"location\":\"westus\"}",             404, "ResourceGroupNotFound"},
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (provider_arm_at(f, bad[i].version, "PUT", bad[i].path, bad[i].body) != bad[i].status ||
            strcmp(text(f, "error.code"), bad[i].code) != 0) {
            fail_msg("%s: %d %s", bad[i].body, f->a.status, text(f, "error.code"));
        }
    }
    assert_int_equal(provider_arm_at(f, V2023, "PATCH", UAI "/abc", "{\"tags\":{}}"), 404);
    assert_store_unchanged(f->d.db, before);
}

/* versions.md section 6: from 2024-11-30. */
static void the_isolation_scope_is_known_from_its_version_on(void **state)
{
    struct provider_fixture *f = *state;
    const char *body = "{\"location\":\"westus\",\"properties\":{\"isolationScope\":\"regional\"}}";

    assert_int_equal(provider_arm_at(f, V2023, "PUT", ID1, body), 201);
    assert_int_equal(provider_arm_at(f, V2024, "GET", ID1, NULL), 200);
    assert_string_equal(text(f, "properties.isolationScope"), "");
    assert_int_equal(provider_arm_at(f, V2024, "PUT", ID1, body), 200);
    assert_string_equal(text(f, "properties.isolationScope"), "Regional");
    assert_int_equal(provider_arm_at(f, V2023, "GET", ID1, NULL), 200);
    assert_string_equal(text(f, "properties.isolationScope"), "");
}

static void federated_credentials_are_kept(void **state)
{
    struct provider_fixture *f = *state;
    const char *good =
        "{\"properties\":{\"issuer\":\"https://i\",\"subject\":\"s\",\"audiences\":[\"api://x\"]}}";
    struct ids ids = {0};

    make(f, ID1, &ids);
    assert_int_equal(provider_arm_at(f, V2023, "GET", ID1 "/federatedIdentityCredentials", NULL),
                     200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
    assert_int_equal(provider_arm_at(f, V2023, "PUT", ID1 "/federatedIdentityCredentials/fed",
                                     "{\"properties\":{\"issuer\":\"https://i\"}}"),
                     400);
    assert_int_equal(
        provider_arm_at(f, V2023, "PUT", ID1 "/federatedIdentityCredentials/fed", good), 201);
    assert_int_equal(
        provider_arm_at(f, V2023, "PUT", ID1 "/federatedIdentityCredentials/fed", good), 200);
    assert_int_equal(
        provider_arm_at(f, V2023, "GET", ID1 "/federatedIdentityCredentials/fed", NULL), 200);
    assert_string_equal(text(f, "properties.subject"), "s");
    for (int i = 1; i < 20; i++) {
        char path[256];

        (void) snprintf(path, sizeof(path), ID1 "/federatedIdentityCredentials/fed%d", i);
        assert_int_equal(provider_arm_at(f, V2023, "PUT", path, good), 201);
    }
    assert_int_equal(
        provider_arm_at(f, V2023, "PUT", ID1 "/federatedIdentityCredentials/more", good), 400);
    assert_int_equal(
        provider_arm_at(f, V2023, "DELETE", ID1 "/federatedIdentityCredentials/fed", NULL), 200);
    assert_int_equal(
        provider_arm_at(f, V2023, "DELETE", ID1 "/federatedIdentityCredentials/fed", NULL), 204);
    assert_int_equal(
        provider_arm_at(f, "2018-11-30", "GET", ID1 "/federatedIdentityCredentials", NULL), 404);
    assert_string_equal(text(f, "error.code"), "InvalidResourceType");
}

static int patch_identity(struct provider_fixture *f, const char *type, const char *map)
{
    char body[1024];

    (void) snprintf(body, sizeof(body),
                    "{\"identity\":{\"type\":\"%s\",\"userAssignedIdentities\":%s}}", type, map);
    return provider_arm_at(f, AI, "PATCH", ACCT, body);
}

static void identities_are_attached_to_an_account_and_taken_away(void **state)
{
    struct provider_fixture *f = *state;
    struct ids one = {0};
    struct ids two = {0};
    json_t *map;
    char system[40];
    char raw[1024];
    struct principal p;
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    make(f, ID1, &one);
    make(f, UAI "/two", &two);
    assert_int_equal(provider_arm_at(f, AI, "GET", ACCT, NULL), 200);
    (void) snprintf(system, sizeof(system), "%s", text(f, "identity.principalId"));
    assert_int_equal(
        patch_identity(f, "SystemAssigned, UserAssigned", "{\"" ID1 "\":{},\"" UAI "/TWO\":{}}"),
        202);
    assert_string_equal(text(f, "identity.type"), "SystemAssigned, UserAssigned");
    assert_string_equal(text(f, "identity.principalId"), system);
    map = json_object_get(json_object_get(f->a.doc, "identity"), "userAssignedIdentities");
    assert_int_equal(json_object_size(map), 2);
    assert_string_equal(json_text(json_object_get(map, ID1), "principalId"), one.principal);
    assert_string_equal(json_text(json_object_get(map, ID1), "clientId"), one.client);

    /* By its client id, as identityClientId names it. */
    AUTO_JSON *account = json_deep_copy(f->a.doc);
    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    assert_true(account_user_identity(txn, account, two.client, &p));
    assert_string_equal(p.oid, two.principal);
    assert_false(account_user_identity(txn, account, system, &p));
    kvdb_abort(txn);

    /* null takes one away, whatever the case of its id; what is not named stays. */
    assert_int_equal(patch_identity(f, "SystemAssigned, UserAssigned", "{\"" UAI "/Two\":null}"),
                     202);
    map = json_object_get(json_object_get(f->a.doc, "identity"), "userAssignedIdentities");
    assert_int_equal(json_object_size(map), 1);
    assert_non_null(json_object_get(map, ID1));
    /* The system-assigned one dies with its switch, the other is untouched. */
    assert_int_equal(patch_identity(f, "UserAssigned", "{\"" ID1 "\":{}}"), 202);
    assert_string_equal(text(f, "identity.type"), "UserAssigned");
    assert_string_equal(text(f, "identity.principalId"), "");
    assert_false(known(f, system));
    assert_true(known(f, one.principal));
    (void) snprintf(raw, sizeof(raw), "{\"identity\":{\"type\":\"None\"}}");
    assert_int_equal(provider_arm_at(f, AI, "PATCH", ACCT, raw), 202);
    assert_string_equal(text(f, "identity.type"), "None");
    assert_null(json_object_get(json_object_get(f->a.doc, "identity"), "userAssignedIdentities"));
    assert_true(known(f, one.principal));
}

static void an_identity_that_is_not_there_can_not_be_attached(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    assert_int_equal(patch_identity(f, "UserAssigned", "{\"" UAI "/none\":{}}"), 400);
    assert_string_equal(text(f, "error.code"), "FailedIdentityOperation");
    assert_non_null(strstr(text(f, "error.message"), "Resource '" UAI "/none' was not found."));
    assert_store_unchanged(f->d.db, before);
}

static void the_system_identity_of_an_account_is_shown_by_its_scope(void **state)
{
    struct provider_fixture *f = *state;
    char oid[40];

    assert_int_equal(provider_arm_at(f, AI, "GET", ACCT, NULL), 200);
    (void) snprintf(oid, sizeof(oid), "%s", text(f, "identity.principalId"));
    assert_int_equal(provider_arm_at(f, V2023, "GET",
                                     ACCT "/providers/Microsoft.ManagedIdentity/identities/default",
                                     NULL),
                     200);
    assert_string_equal(text(f, "properties.principalId"), oid);
    assert_int_equal(provider_arm_at(f, AI, "PATCH", ACCT, "{\"identity\":{\"type\":\"None\"}}"),
                     202);
    assert_int_equal(provider_arm_at(f, V2023, "GET",
                                     ACCT "/providers/Microsoft.ManagedIdentity/identities/default",
                                     NULL),
                     404);
}

static int imds(struct provider_fixture *f, const char *query)
{
    char target[1024];

    (void) snprintf(
        target, sizeof(target),
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%%3A%%2F%%2Fvault.azure.net%s",
        query);
    return provider_call(f, &(struct api_request){.host = "127.0.0.1:7445",
                                                  .target = target,
                                                  .headers = {{"Metadata", "true"}}});
}

static void attach(struct provider_fixture *f, const char *id, int status)
{
    char body[512];

    (void) snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
    assert_int_equal(provider_call(f, &(struct api_request){.method = "POST",
                                                            .host = ARM_HOST,
                                                            .target = "/_sim/identity/attach",
                                                            .body = body,
                                                            .headers = {{"x-kvsim-control",
                                                                         f->d.control.token}}}),
                     status);
}

static void an_attached_identity_gets_its_tokens(void **state)
{
    struct provider_fixture *f = *state;
    struct ids one = {0};
    struct ids two = {0};
    struct token_claims claims;
    char query[512];

    make(f, ID1, &one);
    make(f, UAI "/two", &two);
    assert_int_equal(imds(f, ""), 400);
    attach(f, UAI "/none", 404);
    attach(f, ID1, 200); /* by resource id */
    attach(f, two.client, 200);
    (void) snprintf(query, sizeof(query), "&client_id=%s", two.client);
    assert_int_equal(imds(f, query), 200);
    assert_string_equal(text(f, "client_id"), two.client);
    (void) snprintf(query, sizeof(query), "&msi_res_id=%s", ID1);
    assert_int_equal(imds(f, query), 200);
    assert_int_equal(token_verify(f->d.tokens, sv_from(text(f, "access_token")),
                                  clock_real_ms() / 1000, &claims, NULL),
                     TOKEN_OK);
    assert_string_equal(claims.oid, one.principal);
    /* The token service no longer knows it once it is gone. */
    assert_int_equal(provider_arm_at(f, V2023, "DELETE", ID1, NULL), 200);
    assert_int_equal(imds(f, query), 400);
}

static void graph_knows_whose_an_identity_is(void **state)
{
    struct provider_fixture *f = *state;
    struct ids one = {0};
    char target[256];
    char *token = api_token(f->d.signer, TENANT, OPERATOR, "https://graph.microsoft.com");

    make(f, ID1, &one);
    (void) snprintf(target, sizeof(target), "/v1.0/servicePrincipals/%s", one.principal);
    assert_int_equal(provider_call(f, &(struct api_request){.host = "graph.localhost:7444",
                                                            .target = target,
                                                            .token = token}),
                     200);
    assert_string_equal(text(f, "displayName"), "one");
    assert_string_equal(text(f, "servicePrincipalType"), "ManagedIdentity");
    assert_non_null(memmem(f->a.resp.body.data, f->a.resp.body.len,
                           "[\"isExplicit=True\",\"" ID1 "\"]", strlen(ID1) + 22));
    free(token);
}

static void identities_are_resources_among_others(void **state)
{
    struct provider_fixture *f = *state;
    struct ids one = {0};

    make(f, ID1, &one);
    assert_int_equal(provider_arm_at(f, "2021-04-01", "GET",
                                     "/subscriptions/" SUB "/resourceGroups/rg/resources", NULL),
                     200);
    assert_non_null(memmem(f->a.resp.body.data, f->a.resp.body.len, ID1, strlen(ID1)));
    assert_non_null(memmem(f->a.resp.body.data, f->a.resp.body.len, ACCT, strlen(ACCT)));
}

static void a_group_takes_its_identities_with_it(void **state)
{
    struct provider_fixture *f = *state;
    struct ids one = {0};

    make(f, ID1, &one);
    assert_int_equal(provider_arm_at(f, "2021-04-01", "DELETE",
                                     "/subscriptions/" SUB "/resourceGroups/rg", NULL),
                     202);
    assert_false(known(f, one.principal));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_identity_lives_with_its_principal),
        CASE(a_bad_identity_changes_nothing),
        CASE(the_isolation_scope_is_known_from_its_version_on),
        CASE(federated_credentials_are_kept),
        CASE(identities_are_attached_to_an_account_and_taken_away),
        CASE(an_identity_that_is_not_there_can_not_be_attached),
        CASE(the_system_identity_of_an_account_is_shown_by_its_scope),
        CASE(an_attached_identity_gets_its_tokens),
        CASE(graph_knows_whose_an_identity_is),
        CASE(identities_are_resources_among_others),
        CASE(a_group_takes_its_identities_with_it),
    };

    return cmocka_run_group_tests_name("provider_identities", tests, NULL, NULL);
}
