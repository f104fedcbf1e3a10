/* SPDX-License-Identifier: MIT */
/* Microsoft.KeyVault as a resource provider. providerd has authorized.
 */
#include "vault/api/arm_vault.h"
#include "vault/api/version.h"

#define SUB       "/subscriptions/{s}"
#define KV        "/providers/Microsoft.KeyVault"
#define VAULT     SUB "/resourceGroups/{g}" KV "/vaults/{n}"
#define ROW(from) PLANE_ARM, VERSION_FROM(from), PERM_NONE, 0, NULL, THROTTLE_NONE
#define ARM       ROW(ARM_2015_06_01)

/* clang-format off */
const struct vault_route vault_arm_routes[] = {
    {{HTTP_M_PUT,    VAULT},                                                      ARM, "VaultPut",         EXEC_WRITE, true,  NULL, arm_vault_put_run},
    {{HTTP_M_PATCH,  VAULT},                                                      ARM, "VaultPatch",       EXEC_WRITE, true,  NULL, arm_vault_patch_run},
    {{HTTP_M_GET,    VAULT},                                                      ARM, "VaultGet",         EXEC_LOOP,  false, NULL, arm_vault_get_run},
    {{HTTP_M_DELETE, VAULT},                                                      ARM, "VaultDelete",      EXEC_WRITE, false, NULL, arm_vault_delete_run},
    {{HTTP_M_PUT,    VAULT "/accessPolicies/{kind}"},                             ROW(ARM_2016_10_01), "VaultAccessPolicyChangedEventGridNotification", EXEC_WRITE, true, NULL, arm_vault_policies_run},
    {{HTTP_M_GET,    VAULT "/privateLinkResources"},                              ROW(ARM_2018_02_14), NULL,               EXEC_LOOP,  false, NULL, arm_private_links_run},
    {{HTTP_M_GET,    VAULT "/privateEndpointConnections"},                        ROW(ARM_2018_02_14), NULL,               EXEC_LOOP,  false, NULL, arm_vault_children_run},
    {{HTTP_M_GET,    VAULT "/networkSecurityPerimeterConfigurations"},            ROW(ARM_2024_12_01_PREVIEW), NULL,               EXEC_LOOP,  false, NULL, arm_vault_children_run},
    {{HTTP_M_PUT,    VAULT "/keys/{k}"},                                          ROW(ARM_2019_09_01), "KeyCreate",        EXEC_WRITE, true,  arm_key_put_prepare, arm_key_put_run},
    {{HTTP_M_GET,    VAULT "/keys/{k}"},                                          ROW(ARM_2019_09_01), "KeyGet",           EXEC_LOOP,  false, NULL, arm_key_get_run},
    {{HTTP_M_GET,    VAULT "/keys/{k}/versions/{v}"},                             ROW(ARM_2019_09_01), "KeyGet",           EXEC_LOOP,  false, NULL, arm_key_get_run},
    {{HTTP_M_GET,    VAULT "/keys/{k}/versions"},                                 ROW(ARM_2019_09_01), "KeyListVersions",  EXEC_LOOP,  false, NULL, arm_key_versions_run},
    {{HTTP_M_GET,    VAULT "/keys"},                                              ROW(ARM_2019_09_01), "KeyList",          EXEC_LOOP,  false, NULL, arm_key_list_run},
    {{HTTP_M_GET,    SUB "/resourceGroups/{g}" KV "/vaults"},                     ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_vault_list_run},
    {{HTTP_M_GET,    SUB KV "/vaults"},                                           ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_vault_list_run},
    {{HTTP_M_GET,    SUB "/resources"},                                           ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_resources_run},
    {{HTTP_M_GET,    SUB KV "/deletedVaults"},                                    ROW(ARM_2016_10_01), "VaultListDeleted", EXEC_LOOP,  false, NULL, arm_deleted_list_run},
    {{HTTP_M_GET,    SUB KV "/locations/{l}/deletedVaults/{n}"},                  ROW(ARM_2016_10_01), "VaultGetDeleted",  EXEC_LOOP,  false, NULL, arm_deleted_get_run},
    {{HTTP_M_POST,   SUB KV "/locations/{l}/deletedVaults/{n}/purge"},            ROW(ARM_2016_10_01), "VaultPurge",       EXEC_WRITE, false, NULL, arm_deleted_purge_run},
    {{HTTP_M_GET,    SUB KV "/locations/{l}/operationResults/{id}"},              ARM, NULL,               EXEC_LOOP,  false, NULL, arm_operation_run},
    {{HTTP_M_POST,   SUB KV "/checkNameAvailability"},                            ROW(ARM_2016_10_01), "VaultCheckName",   EXEC_LOOP,  true,  NULL, arm_check_name_run},
    {{HTTP_M_GET,    SUB "/resourceGroups/{g}" KV "/managedHSMs"},                ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    SUB KV "/managedHSMs"},                                      ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    SUB KV "/deletedManagedHSMs"},                               ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    KV "/operations"},                                           ARM, NULL,               EXEC_LOOP,  false, NULL, arm_operations_run},
};
/* clang-format on */
const size_t vault_arm_routes_len = ARRAY_LEN(vault_arm_routes);
