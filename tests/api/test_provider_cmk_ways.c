/* SPDX-License-Identifier: MIT */
/*
 * The portal's ways, the request form and moves between directories through provider_api_handle():
 * what is stored when all goes well, and that nothing is when it does not.
 */
#include "provider/store/role_store.h"
#include "tests/api/provider_fixture.h"

#define PORTAL "/_sim/portal/accounts/" SUB "/rg/acct/encryption"
#define THERE  "00000000-0000-0000-0000-0000000000fe"
#define BY_URI                                                      \
    "{\"keySource\":\"Microsoft.KeyVault\",\"subscription\":\"" SUB \
    "\",\"keyUri\":\"https://demo.vault.azure.net/keys/k\"}"
#define SELECTED                                                    \
    "{\"keySource\":\"Microsoft.KeyVault\",\"subscription\":\"" SUB \
    "\",\"vault\":\"demo\",\"key\":\"k\"}"
#define MICROSOFT "{\"keySource\":\"Microsoft.CognitiveServices\"}"

static int setup(void **state)
{
    static struct provider_fixture f;
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    provider_fixture_open(&f);
    provider_make_account(&f);
    (void) snprintf(f.fake.vault.group, sizeof(f.fake.vault.group), "rg");
    assert_ok(kvdb_begin_write(f.d.db, &txn, &err), &err);
    directory_put_tenant(txn, THERE, "elsewhere");
    assert_ok(kvdb_commit(txn, &err), &err);
    *state = &f;
    return 0;
}

static void drop_identity(struct provider_fixture *f)
{
    assert_int_equal(
        provider_arm(f, "PATCH", ACCOUNT_PATH "acct", "{\"identity\":{\"type\":\"None\"}}"), 202);
}

static void the_portal_makes_the_identity_whose_token_wraps(void **state)
{
    struct provider_fixture *f = *state;
    struct token_claims c;
    struct principal p;
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    char oid[64];

    drop_identity(f);
    assert_int_equal(provider_control(f, "PUT", PORTAL, BY_URI), 200);
    (void) snprintf(oid, sizeof(oid), "%s", api_text(f->a.doc, "identity.principalId"));
    assert_int_equal(
        token_verify(f->d.tokens, sv_from(f->fake.last_token), clock_real_ms() / 1000, &c, NULL),
        TOKEN_OK);
    assert_string_equal(c.oid, oid);
    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    assert_true(directory_get_principal(txn, oid, &p)); /* registered in the directory */
    kvdb_abort(txn);
    assert_string_equal(p.display_name, "acct");
    assert_string_equal(api_text(f->a.doc, "properties.encryption.keySource"),
                        "Microsoft.KeyVault");
    assert_int_equal(provider_control(f, "PUT", PORTAL, MICROSOFT), 200);
    assert_string_equal(api_text(f->a.doc, "identity.principalId"), oid);
    assert_int_equal(provider_control(f, "GET", PORTAL, NULL), 200);
    assert_string_equal(api_text(f->a.doc, "properties.encryption.keySource"),
                        "Microsoft.CognitiveServices");
}

static void what_the_portal_refuses_stores_nothing(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before;
    const struct fake_vault good = f->fake;
    static const char *const bad[] = {
        "{}",
        "{\"keySource\":\"Microsoft.KeyVault\"}",
        "{\"keySource\":\"Microsoft.KeyVault\",\"keyUri\":\"https://demo.vault.azure.net/keys/k\"}",
        "{\"keySource\":\"Microsoft.KeyVault\",\"subscription\":\"" TENANT
        "\",\"vault\":\"demo\",\"key\":\"k\"}",
        "{\"keySource\":\"Microsoft.KeyVault\",\"subscription\":\"" SUB
        "\",\"vault\":\"demo\",\"key\":\"missing\"}",
        "{\"keySource\":\"Microsoft.KeyVault\",\"subscription\":\"" SUB
        "\",\"vault\":\"a/b\",\"key\":\"k\"}",
    };

    drop_identity(f);
    before = api_store_hash(f->d.db);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(provider_control(f, "PUT", PORTAL, bad[i]), 400);
        assert_store_unchanged(f->d.db, before);
    }
    f->fake.vault.purge_protection = false;
    assert_int_equal(provider_control(f, "PUT", PORTAL, SELECTED), 400);
    assert_string_equal(http_response_get_header(&f->a.resp, "x-kvsim-rule"),
                        "kv.purge-protection");
    f->fake = good;
    f->fake.revoked = true; /* the wrap itself fails, after every rule was obeyed */
    assert_int_equal(provider_control(f, "PUT", PORTAL, SELECTED), 403);
    assert_store_unchanged(f->d.db, before);
    f->fake = good;
    assert_int_equal(provider_call(f, &(struct api_request){.method = "PUT",
                                                            .host = ARM_HOST,
                                                            .target = PORTAL,
                                                            .body = SELECTED}),
                     403); /* without the control token */
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(provider_control(f, "PUT", PORTAL, SELECTED), 200);
}

static void change_tags(void *ctx)
{
    assert_int_equal(provider_arm(ctx, "PATCH", ACCOUNT_PATH "acct", "{\"tags\":{\"a\":\"b\"}}"),
                     200);
}

static void a_change_meanwhile_makes_the_portal_begin_again(void **state)
{
    struct provider_fixture *f = *state;

    drop_identity(f);
    f->fake.meanwhile = change_tags;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(provider_control(f, "PUT", PORTAL, SELECTED), 200);
    assert_int_equal(f->fake.wraps, 2);
    assert_string_equal(api_text(f->a.doc, "tags.a"), "b");
    assert_true(api_text(f->a.doc, "identity.principalId")[0] != '\0');
}

#define WITH_KEY                                                                  \
    "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"}," \
    "\"properties\":{\"encryption\":{\"keySource\":\"Microsoft.KeyVault\","       \
    "\"keyVaultProperties\":{\"keyVaultUri\":\"https://demo.vault.azure.net/keys/k\"}}}}"

static void a_put_is_judged_again_when_the_account_appears_meanwhile(void **state)
{
    struct provider_fixture *f = *state;

    f->fake.meanwhile = change_tags;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct", WITH_KEY), 200);
    assert_int_equal(f->fake.wraps, 2);
    assert_string_equal(api_text(f->a.doc, "tags.a"), "b");
    assert_string_equal(
        api_text(f->a.doc, "properties.encryption.keyVaultProperties.keyVaultUri"),
        "https://demo.vault.localhost:7443/"); /* in the request's family of names */
}

/* The create that follows is judged as one, though the account was still there when it began. */
static void an_account_purged_on_the_way_is_made_anew_by_the_rules_of_a_create(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before;

    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    provider_advance(f, 48 * 3600);
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "acct", WITH_KEY), 400);
    assert_string_equal(http_response_get_header(&f->a.resp, "x-kvsim-rule"),
                        "enc.no-cmk-at-create");
    before = api_store_hash(f->d.db);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 404);
    assert_store_unchanged(f->d.db, before);
}

#define MOVE(resource, to) "{\"resource\":\"" resource "\",\"toTenant\":\"" to "\"}"

static void an_account_moved_to_another_directory_is_cut_off_until_it_is_back(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf out = {0};
    unsigned unwraps;
    char id[64];

    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_upload(f, "words", id), 201);
    assert_int_equal(
        provider_control(f, "POST", "/_sim/directory/move", MOVE(ACCOUNT_PATH "acct", THERE)), 200);
    unwraps = f->fake.unwraps;
    assert_int_equal(provider_download(f, id, &out), 403);
    assert_string_equal(api_text(f->a.doc, "error.innererror.code"), "ManagedIdentityLeftBehind");
    assert_int_equal(f->fake.unwraps, unwraps); /* the identity has no token to ask with */
    assert_int_equal(provider_control(f, "POST", "/_sim/directory/move",
                                      MOVE("/subscriptions/" SUB "/resourceGroups/rg", TENANT)),
                     200);
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_string_equal(out.data, "words");
}

#define ROLES(scope) scope "/providers/Microsoft.Authorization/roleAssignments"
#define READER       "acdd72a7-3385-48ef-bd42-f606fba81ae7"
#define CUSTOM       "00000000-0000-0000-0000-0000000000c1"

static int auth(struct provider_fixture *f, const char *method, const char *path, const char *body)
{
    char target[512];

    (void) snprintf(target, sizeof(target), "%s?api-version=2022-04-01", path);
    return provider_call(
        f,
        &(struct api_request){
            .method = method, .host = ARM_HOST, .target = target, .token = f->token, .body = body});
}

static void assign_reader(struct provider_fixture *f, const char *path)
{
    assert_int_equal(auth(f, "PUT", path,
                          "{\"properties\":{\"roleDefinitionId\":\"/subscriptions/" SUB
                          "/providers/Microsoft.Authorization/roleDefinitions/" READER
                          "\",\"principalId\":\"" STRANGER "\"}}"),
                     201);
}

/* learn.microsoft.com, role-based-access-control/transfer-subscription. */
static void what_is_moved_loses_its_role_assignments(void **state)
{
    struct provider_fixture *f = *state;
    const char *at_account = ROLES(ACCOUNT_PATH "acct") "/00000000-0000-0000-0000-0000000000b1";
    const char *at_group =
        ROLES("/subscriptions/" SUB "/resourceGroups/rg") "/00000000-0000-0000-0000-0000000000b2";

    assign_reader(f, at_account);
    assign_reader(f, at_group);
    assert_int_equal(
        provider_control(f, "POST", "/_sim/directory/move", MOVE(ACCOUNT_PATH "acct", THERE)), 200);
    assert_int_equal(auth(f, "GET", at_account, NULL), 404);
    assert_int_equal(auth(f, "GET", at_group, NULL), 200);
    assert_int_equal(provider_control(f, "POST", "/_sim/directory/move",
                                      MOVE("/subscriptions/" SUB "/resourceGroups/rg", TENANT)),
                     200);
    assert_int_equal(auth(f, "GET", at_group, NULL), 404);
}

static void a_moved_subscription_loses_its_custom_roles_too(void **state)
{
    struct provider_fixture *f = *state;
    struct kvdb_txn *txn = NULL;
    const struct principal there = {.oid = CUSTOM, .appid = CUSTOM, .tid = THERE};
    const char *at_account = ROLES(ACCOUNT_PATH "acct") "/00000000-0000-0000-0000-0000000000b1";
    const char *role =
        "/subscriptions/" SUB "/providers/Microsoft.Authorization/roleDefinitions/" CUSTOM;
    struct az_error err;

    assign_reader(f, at_account);
    assert_int_equal(
        auth(f, "PUT", role,
             "{\"properties\":{\"roleName\":\"Mine\",\"type\":\"CustomRole\",\"permissions\":[{"
             "\"actions\":[\"*/read\"]}],\"assignableScopes\":[\"/subscriptions/" SUB "\"]}}"),
        201);
    /* A move that changes nothing takes nothing. */
    assert_int_equal(
        provider_control(f, "POST", "/_sim/directory/move", MOVE("/subscriptions/" SUB, TENANT)),
        200);
    assert_int_equal(auth(f, "GET", at_account, NULL), 200);
    assert_int_equal(auth(f, "GET", role, NULL), 200);
    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    directory_put_principal(txn, &there);
    assert_ok(kvdb_commit(txn, &err), &err);
    assert_int_equal(provider_control(f, "POST", "/_sim/directory/move",
                                      "{\"resource\":\"/subscriptions/" SUB
                                      "\",\"toTenant\":\"" THERE "\",\"owner\":\"" CUSTOM "\"}"),
                     200);
    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    assert_null(role_store_get_role(txn, CUSTOM));
    assert_null(role_store_get_assignment(txn, "00000000-0000-0000-0000-0000000000b1"));
    kvdb_abort(txn);
}

static void a_move_of_what_is_not_there_changes_nothing(void **state)
{
    struct provider_fixture *f = *state;
    static const struct {
        const char *body;
        int status;
    } bad[] = {
        {"{}",                                                              400                                                                },
        {MOVE("",                                                           THERE),                                                              400},
        {MOVE("/",                                                                 THERE),                                                                                                                             400},
        {MOVE("/subscriptions",                                                              THERE),     400},
        {MOVE("/subscriptions/" SUB "/resourceGroups",THERE),                                                          400},
        {MOVE("/subscriptions/" SUB "/x/rg",                      THERE),                                                                                      400},
        {MOVE(ACCOUNT_PATH "acct/deployments/d/x/y",                                                                 THERE),                                                                                                   400},
        {MOVE("/subscriptions/" SUB "/resourceGroups/rg/providers/A.B/c/d",                                                              THERE),                                            400},
        {MOVE(ACCOUNT_PATH "nobody",THERE),404},
        {MOVE(ACCOUNT_PATH "acct", STRANGER), 404},
        {MOVE("/subscriptions/" STRANGER,                                                                 THERE),                                                                                                           404},
        {MOVE("/subscriptions/" SUB,                                                              THERE),                                                                                                                                                                         400}, /* its owner is of the other directory */
        {"{\"resource\":\"/subscriptions/" SUB "\",\"toTenant\":\"" THERE
         "\",\"owner\":\"nobody\"}",                                                        404                                                                                                                       },
    };
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(provider_control(f, "POST", "/_sim/directory/move", bad[i].body),
                         bad[i].status);
        assert_store_unchanged(f->d.db, before);
    }
}

static void the_form_is_for_openai_and_in_force_only_when_asked_for(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(provider_control(f, "GET", "/_sim/approvals/" SUB, NULL), 200);
    assert_false(json_is_true(json_object_get(f->a.doc, "required")));
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_control(f, "PUT", PORTAL, MICROSOFT), 200);
    f->d.approval_form = true;
    assert_int_equal(provider_bind(f), 400);
    assert_string_equal(http_response_get_header(&f->a.resp, "x-kvsim-rule"), "enc.request-form");
    assert_int_equal(provider_control(f, "PUT", PORTAL, SELECTED), 400); /* the portal's way too */
    assert_int_equal(provider_control(f, "PUT", "/_sim/approvals/" SUB, NULL), 201);
    assert_int_equal(provider_bind(f), 400);
    provider_advance(f, 7 * 24 * 3600);
    assert_int_equal(provider_bind(f), 202); /* nobody said no */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_portal_makes_the_identity_whose_token_wraps),
        CASE(what_the_portal_refuses_stores_nothing),
        CASE(a_change_meanwhile_makes_the_portal_begin_again),
        CASE(a_put_is_judged_again_when_the_account_appears_meanwhile),
        CASE(an_account_purged_on_the_way_is_made_anew_by_the_rules_of_a_create),
        CASE(an_account_moved_to_another_directory_is_cut_off_until_it_is_back),
        CASE(what_is_moved_loses_its_role_assignments),
        CASE(a_moved_subscription_loses_its_custom_roles_too),
        CASE(a_move_of_what_is_not_there_changes_nothing),
        CASE(the_form_is_for_openai_and_in_force_only_when_asked_for),
    };

    return cmocka_run_group_tests_name("provider_cmk_ways", tests, NULL, NULL);
}
