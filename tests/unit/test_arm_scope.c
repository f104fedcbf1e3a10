/* SPDX-License-Identifier: MIT */
/* Actions and scopes of resource manager requests: resource-provider-operations.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/domain/arm_scope.h"

#define S  "/subscriptions/s"
#define RG S "/resourceGroups/g"
#define KV "/providers/Microsoft.KeyVault"
#define AU "/providers/Microsoft.Authorization"

static void an_action_is_provider_types_and_verb_and_the_scope_what_holds_it(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        const char *action;
        const char *scope;
    } rows[] = {
        {HTTP_M_GET,    S,                                                               "Microsoft.Resources/subscriptions/read",                  S                                                     },
        {HTTP_M_GET,    S "/resourceGroups",                                             "Microsoft.Resources/subscriptions/resourceGroups/read",
         S                                                                                                                                                                                                },
        {HTTP_M_PUT,    RG,                                                              "Microsoft.Resources/subscriptions/resourceGroups/write",  RG                                                    },
        {HTTP_M_HEAD,   RG,                                                              "Microsoft.Resources/subscriptions/resourceGroups/read",   RG                                                    },
        {HTTP_M_DELETE, RG,                                                              "Microsoft.Resources/subscriptions/resourceGroups/delete", RG                                                    },
        {HTTP_M_GET,    S "/resources?$filter=x",                                        "Microsoft.Resources/subscriptions/resources/read",
         S                                                                                                                                                                                                },
        {HTTP_M_GET,    S KV,                                                            "Microsoft.Resources/subscriptions/providers/read",        S KV                                                  },
        {HTTP_M_POST,   S KV "/register",                                                "Microsoft.KeyVault/register/action",                      S KV                                                  },
        {HTTP_M_GET,    S KV "/vaults",                                                  "Microsoft.KeyVault/vaults/read",                          S KV                                                  },
        {HTTP_M_PATCH,  RG KV "/vaults/v",                                               "Microsoft.KeyVault/vaults/write",                         RG KV "/vaults/v"                                     },
        {HTTP_M_GET,    RG KV "/vaults/v/",                                              "Microsoft.KeyVault/vaults/read",                          RG KV "/vaults/v"                                     },
        {HTTP_M_PUT,    RG KV "/vaults/v/accessPolicies/add",
         "Microsoft.KeyVault/vaults/accessPolicies/write",                                                                                          RG KV "/vaults/v/accessPolicies/add"                  },
        {HTTP_M_GET,    RG KV "/vaults/v/keys",                                          "Microsoft.KeyVault/vaults/keys/read",
         RG KV "/vaults/v"                                                                                                                                                                                },
        {HTTP_M_POST,   S KV "/locations/l/deletedVaults/v/purge",
         "Microsoft.KeyVault/locations/deletedVaults/purge/action",                                                                                 S KV "/locations/l/deletedVaults/v"                   },
        {HTTP_M_POST,   S KV "/checkNameAvailability",
         "Microsoft.KeyVault/checkNameAvailability/read",                                                                                           S KV                                                  },
        {HTTP_M_PUT,    RG KV "/vaults/v" AU "/roleAssignments/n",
         "Microsoft.Authorization/roleAssignments/write",                                                                                           RG KV "/vaults/v" AU "/roleAssignments/n"             },
        {HTTP_M_POST,   RG "/providers/Microsoft.CognitiveServices/accounts/a/listKeys",
         "Microsoft.CognitiveServices/accounts/listKeys/action",                                                                                    RG "/providers/Microsoft.CognitiveServices/accounts/a"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request req = {.method = rows[i].method};
        char action[ARM_ACTION_MAX];
        char scope[ARM_SCOPE_MAX];

        assert_true(http_request_parse_target(&req, sv_from(rows[i].path)));
        assert_true(arm_action_of(&req, action, scope));
        assert_string_equal(action, rows[i].action);
        assert_string_equal(scope, rows[i].scope);
        http_request_done(&req);
    }
}

static void the_scope_of_an_assignment_is_what_stands_before_the_last_authorization(void **state)
{
    static const char *const rows[][2] = {
        {AU "/roleDefinitions",                             "/"                      },
        {S AU "/roleAssignments/n",                         S                        },
        {RG KV "/vaults/v/keys/k" AU "/roleAssignments",    RG KV "/vaults/v/keys/k" },
        {S AU "/roleAssignments/n" AU "/roleAssignments/n", S AU "/roleAssignments/n"},
        {S KV "/vaults",                                    NULL                     },
        {S,                                                 NULL                     },
        {"/",                                               NULL                     },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request req = {.method = HTTP_M_GET};
        char scope[ARM_SCOPE_MAX];

        assert_true(http_request_parse_target(&req, sv_from(rows[i][0])));
        assert_int_equal(arm_authorization_scope(&req, scope), rows[i][1] != NULL);
        if (rows[i][1]) {
            assert_string_equal(scope, rows[i][1]);
        }
        http_request_done(&req);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    struct http_request req = {.method = HTTP_M_GET};
    char path[1400];
    char action[ARM_ACTION_MAX];
    char scope[ARM_SCOPE_MAX];
    size_t n;

    (void) state;
    n = (size_t) snprintf(path, sizeof(path), RG KV "/");
    memset(path + n, 'x', sizeof(path) - n - 1);
    path[sizeof(path) - 1] = '\0';
    assert_true(http_request_parse_target(&req, sv_from(path)));
    assert_false(arm_action_of(&req, action, scope));
    http_request_done(&req);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_action_is_provider_types_and_verb_and_the_scope_what_holds_it),
        cmocka_unit_test(the_scope_of_an_assignment_is_what_stands_before_the_last_authorization),
        cmocka_unit_test(what_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
