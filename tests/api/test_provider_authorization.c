/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.Authorization through provider_api_handle(): role assignments and definitions, and what
 * is written through to vaultd before they are stored (provider/api/role_sync.h). Shapes and codes:
 * the REST reference 2022-04-01; MicrosoftDocs role-based-access-control/troubleshooting.md.
 */
#include "provider/store/role_store.h"
#include "tests/api/provider_fixture.h"

#define VERSION    "2022-04-01"
#define SUB_PATH   "/subscriptions/" SUB
#define GROUP      SUB_PATH "/resourceGroups/rg"
#define AUTH       "/providers/Microsoft.Authorization"
#define ASSIGNMENT AUTH "/roleAssignments/"
#define DEFINITION AUTH "/roleDefinitions/"
#define READER     "acdd72a7-3385-48ef-bd42-f606fba81ae7"
#define USER       "12338af0-0e69-4776-bea7-57ae8d297424" /* Key Vault Crypto User */
#define NAME_1     "00000000-0000-0000-0000-0000000000d1"
#define NAME_2     "00000000-0000-0000-0000-0000000000d2"
#define CUSTOM     "00000000-0000-0000-0000-0000000000c1"

#define BODY(role, principal)                                                                    \
    "{\"properties\":{\"roleDefinitionId\":\"" DEFINITION role "\",\"principalId\":\"" principal \
    "\"}}"
#define ROLE(name)                                                                     \
    "{\"properties\":{\"roleName\":\"" name "\",\"assignableScopes\":[\"" GROUP "\"]," \
    "\"permissions\":[{\"actions\":[\"*/read\"]}]}}"

static int ask(struct provider_fixture *f, const char *method, const char *path, const char *body)
{
    return provider_arm_at(f, VERSION, method, path, body);
}

static const char *text(const struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

static size_t listed(const struct provider_fixture *f)
{
    return json_array_size(json_object_get(f->a.doc, "value"));
}

/* The nth change that was written through; negative: from the end. */
static const json_t *change(const struct provider_fixture *f, int n)
{
    size_t size = json_array_size(f->roles.changes);

    return json_array_get(f->roles.changes, n < 0 ? size - (size_t) -n : (size_t) n);
}

static size_t count(const json_t *doc, const char *name)
{
    return json_array_size(json_object_get(doc, name));
}

static void an_assignment_lives_and_each_change_is_written_through_first(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
    assert_string_equal(text(f, "name"), NAME_1);
    assert_string_equal(text(f, "properties.scope"), GROUP);
    assert_string_equal(text(f, "properties.principalId"), STRANGER);
    assert_string_equal(text(f, "properties.principalType"), "ServicePrincipal");
    assert_string_equal(text(f, "properties.roleDefinitionId"), SUB_PATH DEFINITION READER);
    assert_string_equal(text(f, "properties.createdBy"), OPERATOR);
    assert_int_equal(json_array_size(f->roles.changes), 1);
    assert_string_equal(
        api_text(json_array_get(json_object_get(change(f, 0), "assignments"), 0), "principal"),
        STRANGER);
    assert_true(guid_valid(api_text(change(f, 0), "epoch")));
    /* The same again changes nothing but is no error. */
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 200);
    assert_int_equal(ask(f, "GET", GROUP ASSIGNMENT NAME_1, NULL), 200);
    assert_int_equal(ask(f, "GET", SUB_PATH ASSIGNMENT NAME_1, NULL), 404); /* another scope */
    assert_string_equal(text(f, "error.code"), "RoleAssignmentNotFound");
    assert_int_equal(ask(f, "DELETE", SUB_PATH ASSIGNMENT NAME_1, NULL), 204);
    assert_int_equal(ask(f, "DELETE", GROUP ASSIGNMENT NAME_1, NULL), 200);
    assert_string_equal(text(f, "name"), NAME_1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(change(f, -1), "deletedAssignments"), 0)),
        NAME_1);
    assert_int_equal(ask(f, "DELETE", GROUP ASSIGNMENT NAME_1, NULL), 204);
    assert_int_equal(ask(f, "GET", GROUP ASSIGNMENT NAME_1, NULL), 404);
}

static void lists_have_what_is_above_and_below_and_what_the_filter_wants(void **state)
{
    static const struct {
        const char *path;
        size_t n;
    } lists[] = {
        {SUB_PATH AUTH "/roleAssignments",                                                       3}, /* and the owner's */
        {GROUP AUTH "/roleAssignments",                                                          3},
        {GROUP AUTH "/roleAssignments?$filter=atScope()",                                        3},
        {SUB_PATH AUTH "/roleAssignments?$filter=atScope()",                                     2},
        {SUB_PATH AUTH "/roleAssignments?$filter=principalId%20eq%20'" STRANGER "'",             2},
        {SUB_PATH AUTH "/roleAssignments?$filter=assignedTo('" OPERATOR "')",                    1},
        {SUB_PATH AUTH "/roleAssignments?$filter=principalId%20eq%20'" NAME_1 "'",               0},
        {SUB_PATH AUTH "/roleDefinitions?$filter=roleName%20eq%20'Reader'",                      1},
        {SUB_PATH AUTH "/roleDefinitions?$filter=type%20eq%20'CustomRole'",                      0},
        {SUB_PATH AUTH
         "/roleDefinitions?$filter=atScopeAndBelow()%20and%20type%20eq%20'CustomRole'", 1},
        {GROUP AUTH "/roleDefinitions?$filter=type%20eq%20'CustomRole'",                         1},
    };
    struct provider_fixture *f = *state;

    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
    assert_int_equal(ask(f, "PUT", SUB_PATH ASSIGNMENT NAME_2, BODY(USER, STRANGER)), 201);
    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Lister")), 201);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_int_equal(ask(f, "GET", lists[i].path, NULL), 200);
        if (listed(f) != lists[i].n) {
            fail_msg("%s: %zu, not %zu", lists[i].path, listed(f), lists[i].n);
        }
    }
    assert_int_equal(provider_arm_at(f, "2015-07-01", "GET", GROUP ASSIGNMENT NAME_1, NULL), 200);
    assert_int_equal(json_object_size(json_object_get(f->a.doc, "properties")), 3);
}

struct refusal {
    const char *path, *body;
    int status;
    const char *code;
};

static void put_refused(struct provider_fixture *f, const struct refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int status = ask(f, "PUT", cases[i].path, cases[i].body);

        if (status != cases[i].status || strcmp(text(f, "error.code"), cases[i].code) != 0) {
            fail_msg("%zu: %d %s", i, status, text(f, "error.code"));
        }
    }
}

static void what_can_not_be_assigned_is_refused_and_changes_nothing(void **state)
{
    static const struct refusal cases[] = {
        {GROUP ASSIGNMENT "one",              BODY(READER,     STRANGER),          400,                                   "InvalidRoleAssignmentId"},
        {GROUP ASSIGNMENT NAME_2,                                   BODY(READER,                            "me"), 400,      "InvalidPrincipalId"},
        {GROUP ASSIGNMENT NAME_2,               BODY(READER,                              NAME_1),                          400,                                 "PrincipalNotFound"},
        {GROUP ASSIGNMENT NAME_2,                                BODY(NAME_1,                            STRANGER),                     400,    "RoleDefinitionDoesNotExist"},
        {GROUP ASSIGNMENT NAME_2,                          BODY("Reader",           STRANGER),400,               "RoleDefinitionDoesNotExist"},
        {GROUP ASSIGNMENT NAME_2,BODY(READER,STRANGER),                            409,                       "RoleAssignmentExists"},
        {GROUP ASSIGNMENT NAME_1,             BODY(USER,                     STRANGER),                                      400,                                             "RoleAssignmentUpdateNotPermitted"},
        {SUB_PATH ASSIGNMENT NAME_1,                                   BODY(READER,                            STRANGER),                         400,
         "RoleAssignmentUpdateNotPermitted"},
        {SUB_PATH "/resourceGroups/none" ASSIGNMENT NAME_2, BODY(READER,                STRANGER),         404,
         "ResourceGroupNotFound"},
        {GROUP "/providers/Microsoft.KeyVault/vaults/none" ASSIGNMENT NAME_2,                                BODY(USER,                   STRANGER),
         404,                          "ResourceNotFound"},
        {SUB_PATH ASSIGNMENT NAME_2,                          BODY(CUSTOM,                       STRANGER),                                                  400,                                                                                       "BadRequest"}, /* the group's */
        {GROUP ASSIGNMENT NAME_2,
         "{\"properties\":{\"roleDefinitionId\":\"" READER "\",\"principalId\":\"" OPERATOR
         "\",\"principalType\":\"User\"}}",400,                                                                      "UnmatchedPrincipalType"                                                               },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before;

    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Lister")), 201);
    before = api_store_hash(f->d.db);
    put_refused(f, cases, ARRAY_LEN(cases));
    assert_int_equal(
        provider_arm_at(f, "2011-01-01", "PUT", GROUP ASSIGNMENT NAME_2, BODY(READER, OPERATOR)),
        404);
    assert_string_equal(text(f, "error.code"), "InvalidResourceType");
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(json_array_size(f->roles.changes), 2); /* nor was any written through */
}

static void the_owner_is_shown_and_can_not_be_taken_away(void **state)
{
    struct provider_fixture *f = *state;
    char path[512];

    assert_int_equal(ask(f, "GET",
                         SUB_PATH AUTH "/roleAssignments?$filter=principalId%20eq%20'" OPERATOR "'",
                         NULL),
                     200);
    assert_int_equal(listed(f), 1);
    (void) snprintf(path, sizeof(path), "%s",
                    api_text(json_array_get(json_object_get(f->a.doc, "value"), 0), "id"));
    assert_int_equal(ask(f, "DELETE", path, NULL), 400);
    assert_int_equal(ask(f, "GET", path, NULL), 200);
}

static void a_custom_role_lives_until_nobody_has_it(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Lister")), 201);
    assert_string_equal(text(f, "properties.type"), "CustomRole");
    assert_int_equal(count(change(f, -1), "roles"), 1);
    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Renamed")), 201);
    assert_int_equal(ask(f, "GET", GROUP DEFINITION CUSTOM, NULL), 200);
    assert_string_equal(text(f, "properties.roleName"), "Renamed");
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(CUSTOM, STRANGER)), 201);
    assert_int_equal(ask(f, "DELETE", GROUP DEFINITION CUSTOM, NULL), 400);
    assert_string_equal(text(f, "error.code"), "RoleDefinitionHasAssignments");
    assert_int_equal(ask(f, "DELETE", GROUP ASSIGNMENT NAME_1, NULL), 200);
    assert_int_equal(ask(f, "DELETE", GROUP DEFINITION CUSTOM, NULL), 200);
    assert_int_equal(count(change(f, -1), "deletedRoles"), 1);
    assert_int_equal(ask(f, "DELETE", GROUP DEFINITION CUSTOM, NULL), 204);
    assert_int_equal(ask(f, "GET", GROUP DEFINITION CUSTOM, NULL), 404);
    assert_string_equal(text(f, "error.code"), "RoleDefinitionDoesNotExist");
}

static void broken_roles_and_built_in_ones_are_refused(void **state)
{
    static const struct refusal cases[] = {
        {GROUP DEFINITION NAME_2, ROLE("Lister"),                                                   409, "RoleDefinitionWithSameNameExists"},
        {GROUP DEFINITION NAME_2, ROLE("rEADER"),                                                   409, "RoleDefinitionWithSameNameExists"},
        {GROUP DEFINITION NAME_2, ROLE(""),                                                         400, "InvalidRoleDefinition"           },
        {GROUP DEFINITION READER, ROLE("Mine"),                                                     400, "InvalidRoleDefinition"           },
        {GROUP DEFINITION "mine", ROLE("Mine"),                                                     400, "InvalidRoleDefinition"           },
        {GROUP DEFINITION NAME_2, "{}",                                                             400, "InvalidRoleDefinition"           },
        {GROUP DEFINITION NAME_2,
         "{\"properties\":{\"roleName\":\"M\",\"assignableScopes\":[\"/\"],\"permissions\":[{}]}}", 400, "InvalidRoleDefinition"           },
        {GROUP DEFINITION NAME_2,
         "{\"properties\":{\"roleName\":\"M\",\"assignableScopes\":[\"" GROUP
         "\"],\"permissions\":[{\"actions\":[7]}]}}",                                               400, "InvalidRoleDefinition"           },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before;

    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Lister")), 201);
    before = api_store_hash(f->d.db);
    put_refused(f, cases, ARRAY_LEN(cases));
    assert_int_equal(ask(f, "DELETE", GROUP DEFINITION READER, NULL), 400);
    assert_store_unchanged(f->d.db, before);
}

static void what_vaultd_does_not_take_is_not_stored(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    f->roles.down = true;
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 500);
    assert_int_equal(ask(f, "PUT", GROUP DEFINITION CUSTOM, ROLE("Lister")), 500);
    assert_store_unchanged(f->d.db, before);
    f->roles.down = false;
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
}

/* vaultd has another epoch: everything follows under ours, then what to keep, then the change under
 * way, which is not stored yet. */
static void a_change_that_meets_another_epoch_is_followed_by_everything(void **state)
{
    struct provider_fixture *f = *state;
    const json_t *all;

    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
    f->roles.stale = true;
    assert_int_equal(ask(f, "PUT", SUB_PATH ASSIGNMENT NAME_2, BODY(USER, STRANGER)), 201);
    assert_int_equal(json_array_size(f->roles.changes), 6);
    all = change(f, 2);
    assert_true(json_is_true(json_object_get(all, "adopt")));
    assert_true(count(all, "roles") > 20);
    assert_int_equal(count(change(f, 3), "assignments"), 2); /* the owner's and NAME_1 */
    assert_int_equal(count(change(f, 4), "keepAssignments"), 2);
    assert_int_equal(count(change(f, 4), "keepRoles"), count(all, "roles"));
    assert_string_equal(
        api_text(json_array_get(json_object_get(change(f, 5), "assignments"), 0), "name"), NAME_2);
    for (int i = 1; i < 6; i++) {
        assert_string_equal(api_text(change(f, i), "epoch"), api_text(change(f, 0), "epoch"));
    }
}

/* Another request's assignment of the same role to the same principal, committed in between. */
static void commit_a_twin(void *ctx)
{
    struct provider_fixture *f = ctx;
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s,s:s}", "name", NAME_2, "scope", GROUP, "role", READER,
                               "principal", STRANGER);

    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    assert_ok(role_store_put_assignment(txn, doc, &err), &err);
    assert_ok(kvdb_commit(txn, &err), &err);
}

/* A change of something else only: judged again, it still holds. */
static void touch(void *ctx)
{
    struct provider_fixture *f = ctx;
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    role_store_touch(txn);
    assert_ok(kvdb_commit(txn, &err), &err);
}

static void a_change_is_judged_again_when_the_store_has_moved_on(void **state)
{
    struct provider_fixture *f = *state;

    f->fake.meanwhile = touch;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 201);
    assert_int_equal(json_array_size(f->roles.changes), 2);
    assert_int_equal(ask(f, "GET", GROUP ASSIGNMENT NAME_1, NULL), 200);
}

static void a_change_that_is_refused_late_is_taken_back(void **state)
{
    struct provider_fixture *f = *state;
    const json_t *back;

    f->fake.meanwhile = commit_a_twin;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(ask(f, "PUT", GROUP ASSIGNMENT NAME_1, BODY(READER, STRANGER)), 409);
    assert_string_equal(text(f, "error.code"), "RoleAssignmentExists");
    assert_int_equal(json_array_size(f->roles.changes), 2);
    back = change(f, 1);
    assert_int_equal(count(back, "assignments"), 0);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(back, "deletedAssignments"), 0)), NAME_1);
    assert_int_equal(ask(f, "GET", GROUP ASSIGNMENT NAME_1, NULL), 404);
    assert_int_equal(ask(f, "GET", GROUP ASSIGNMENT NAME_2, NULL), 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, provider_setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_assignment_lives_and_each_change_is_written_through_first),
        CASE(lists_have_what_is_above_and_below_and_what_the_filter_wants),
        CASE(what_can_not_be_assigned_is_refused_and_changes_nothing),
        CASE(the_owner_is_shown_and_can_not_be_taken_away),
        CASE(a_custom_role_lives_until_nobody_has_it),
        CASE(broken_roles_and_built_in_ones_are_refused),
        CASE(what_vaultd_does_not_take_is_not_stored),
        CASE(a_change_that_meets_another_epoch_is_followed_by_everything),
        CASE(a_change_is_judged_again_when_the_store_has_moved_on),
        CASE(a_change_that_is_refused_late_is_taken_back),
    };

    return cmocka_run_group_tests_name("provider_authorization", tests, NULL, NULL);
}
