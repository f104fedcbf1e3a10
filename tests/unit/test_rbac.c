/* SPDX-License-Identifier: MIT */
/* Role-based access control. Sources: role-definitions.md and scope-overview.md of the RBAC
 * documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/rbac.h"

#define ALICE  "11111111-1111-1111-1111-111111111111"
#define BOB    "22222222-2222-2222-2222-222222222222"
#define READER "acdd72a7-3385-48ef-bd42-f606fba81ae7"
#define CRYPTO "e147488a-f6f5-4113-8e2d-b22465e65bf6"
#define GUARD  "8b54135c-b56d-4d72-a534-26097cfdc8d8"
#define NAME   "33333333-3333-3333-3333-333333333333"
#define SUB    "/subscriptions/44444444-4444-4444-4444-444444444444"
#define VAULT  SUB "/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v1"

static struct rbac_set *make(const char *roles, const char *assignments)
{
    struct rbac_set *s = rbac_set_new();
    AUTO_JSON *r = json_loads(roles, 0, NULL);
    AUTO_JSON *a = json_loads(assignments, 0, NULL);
    json_t *item;
    size_t i;

    assert_non_null(r);
    assert_non_null(a);
    json_array_foreach(r, i, item)
    {
        assert_true(rbac_set_add_role(s, item));
    }
    json_array_foreach(a, i, item)
    {
        assert_true(rbac_set_add_assignment(s, item));
    }
    return s;
}

static const char ROLES[] =
    "[{\"id\":\"" READER "\",\"permissions\":[{\"actions\":[\"*/read\"],\"notActions\":[]}]},"
    "{\"id\":\"" CRYPTO
    "\",\"permissions\":[{\"dataActions\":[\"Microsoft.KeyVault/vaults/keys/read\","
    "\"Microsoft.KeyVault/vaults/keys/*/action\"],\"notDataActions\":[\"Microsoft.KeyVault/vaults/keys/purge/"
    "action\"]}]},{\"id\":\"" GUARD
    "\",\"permissions\":[{\"actions\":[\"Microsoft.Authorization/*\"],"
    "\"condition\":\"x\"}]}]";

static void patterns_match_whole_actions_in_any_case(void **state)
{
    static const struct {
        const char *pattern;
        const char *action;
        bool matches;
    } rows[] = {
        {"*",                                "Microsoft.KeyVault/vaults/read",             true },
        {"*/read",                           "Microsoft.KeyVault/vaults/read",             true },
        {"*/read",                           "Microsoft.KeyVault/vaults/readers",          false},
        {"Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/keys/read",        true },
        {"Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/read",             false},
        {"microsoft.keyvault/VAULTS/keys/*", "Microsoft.KeyVault/vaults/keys/wrap/action", true },
        {"Microsoft.KeyVault/vaults/keys",   "Microsoft.KeyVault/vaults/keys/read",        false},
        {"Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keys",             false},
        {"",                                 "Microsoft.KeyVault/vaults/read",             false},
        {"a*b*c",                            "aXbXbc",                                     true },
        {"a*b*c",                            "aXbXb",                                      false},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(rbac_action_matches(rows[i].pattern, rows[i].action), rows[i].matches);
    }
}

static void scopes_cover_themselves_and_what_is_below_by_whole_segments(void **state)
{
    (void) state;
    assert_true(rbac_scope_covers(VAULT, VAULT));
    assert_true(rbac_scope_covers(VAULT, VAULT "/keys/k1"));
    assert_true(rbac_scope_covers(SUB "/RESOURCEGROUPS/RG", VAULT));
    assert_true(rbac_scope_covers("/", VAULT));
    assert_true(rbac_scope_covers(SUB "/", VAULT));
    assert_false(rbac_scope_covers(VAULT, VAULT "2"));
    assert_false(rbac_scope_covers(VAULT "/keys/k1", VAULT));
    assert_false(rbac_scope_covers(SUB "/resourceGroups/r", VAULT));
}

static void an_assignment_grants_its_role_at_its_scope_to_its_principal(void **state)
{
    struct rbac_set *s = make(ROLES, "[{\"name\":\"" NAME "\",\"role\":\"" CRYPTO
                                     "\",\"principal\":\"" ALICE "\",\"scope\":\"" VAULT "\"}]");

    (void) state;
    assert_string_equal(rbac_allows(s, ALICE, RBAC_DATA,
                                    "Microsoft.KeyVault/vaults/keys/wrap/action", VAULT "/keys/k1"),
                        NAME);
    assert_null(
        rbac_allows(s, BOB, RBAC_DATA, "Microsoft.KeyVault/vaults/keys/wrap/action", VAULT));
    assert_null(
        rbac_allows(s, ALICE, RBAC_DATA, "Microsoft.KeyVault/vaults/keys/wrap/action", SUB));
    /* a data action is no action, and the other way round */
    assert_null(rbac_allows(s, ALICE, RBAC_CONTROL, "Microsoft.KeyVault/vaults/keys/read", VAULT));
    rbac_set_free(s);
}

static void not_actions_subtract_from_their_own_permission(void **state)
{
    struct rbac_set *s = make(ROLES, "[{\"name\":\"" NAME "\",\"role\":\"" CRYPTO
                                     "\",\"principal\":\"" ALICE "\",\"scope\":\"" SUB "\"}]");

    (void) state;
    assert_null(
        rbac_allows(s, ALICE, RBAC_DATA, "Microsoft.KeyVault/vaults/keys/purge/action", VAULT));
    assert_non_null(
        rbac_allows(s, ALICE, RBAC_DATA, "Microsoft.KeyVault/vaults/keys/sign/action", VAULT));
    rbac_set_free(s);
}

static void conditions_never_grant_more_than_without(void **state)
{
    struct rbac_set *s =
        make(ROLES, "[{\"name\":\"" NAME "\",\"role\":\"" READER "\",\"principal\":\"" ALICE
                    "\",\"scope\":\"" SUB "\",\"condition\":\"@Resource...\"},{\"name\":\"" NAME
                    "\",\"role\":\"" GUARD "\",\"principal\":\"" BOB "\",\"scope\":\"" SUB "\"}]");

    (void) state;
    assert_null(rbac_allows(s, ALICE, RBAC_CONTROL, "Microsoft.KeyVault/vaults/read", VAULT));
    assert_null(
        rbac_allows(s, BOB, RBAC_CONTROL, "Microsoft.Authorization/roleAssignments/write", VAULT));
    assert_non_null(
        rbac_allows(s, BOB, RBAC_CONTROL, "Microsoft.Authorization/roleAssignments/read", VAULT));
    rbac_set_free(s);
}

static void an_assignment_of_an_unknown_role_grants_nothing(void **state)
{
    struct rbac_set *s = make("[]", "[{\"name\":\"" NAME "\",\"role\":\"" READER
                                    "\",\"principal\":\"" ALICE "\",\"scope\":\"/\"}]");

    (void) state;
    assert_null(rbac_allows(s, ALICE, RBAC_CONTROL, "Microsoft.KeyVault/vaults/read", VAULT));
    assert_true(rbac_knows(s, ALICE, SUB));
    assert_false(rbac_knows(s, BOB, SUB));
    rbac_set_free(s);
}

static void broken_documents_are_refused(void **state)
{
    static const char *const roles[] = {"{}", "{\"id\":\"x\",\"permissions\":[]}",
                                        "{\"id\":\"" READER "\"}"};
    static const char *const assignments[] = {
        "{}", "{\"name\":\"" NAME "\",\"role\":\"" READER "\",\"principal\":\"x\",\"scope\":\"/\"}",
        "{\"name\":\"" NAME "\",\"role\":\"" READER "\",\"principal\":\"" ALICE
        "\",\"scope\":\"\"}"};
    struct rbac_set *s = rbac_set_new();

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        AUTO_JSON *r = json_loads(roles[i], 0, NULL);
        AUTO_JSON *a = json_loads(assignments[i], 0, NULL);

        assert_false(rbac_set_add_role(s, r));
        assert_false(rbac_set_add_assignment(s, a));
    }
    rbac_set_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_whole_actions_in_any_case),
        cmocka_unit_test(scopes_cover_themselves_and_what_is_below_by_whole_segments),
        cmocka_unit_test(an_assignment_grants_its_role_at_its_scope_to_its_principal),
        cmocka_unit_test(not_actions_subtract_from_their_own_permission),
        cmocka_unit_test(conditions_never_grant_more_than_without),
        cmocka_unit_test(an_assignment_of_an_unknown_role_grants_nothing),
        cmocka_unit_test(broken_documents_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
