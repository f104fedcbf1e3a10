/* SPDX-License-Identifier: MIT */
/*
 * GET /providers/Microsoft.KeyVault/operations: the first rows as recorded (wire-samples.md, entry
 * 465 of azure-mgmt-keyvault's recordings), then the data actions of the route table, whose texts
 * are ours.
 */
#include <string.h>

#include "common/json.h"
#include "vault/api/arm_vault.h"

/* clang-format off */
static const struct {
    const char *name, *resource, *operation, *description;
} recorded[] = {
    {"register/action",                                "Subscription",              "Register Subscription",          "Registers a subscription"},
    {"unregister/action",                              "Subscription",              "Unregister Subscription",        "Unregisters a subscription"},
    {"operations/read",                                "Operations",                "Available Key Vault Operations", "Lists operations available on Microsoft.KeyVault resource provider"},
    {"locations/operationResults/read",                "Long Run Operation Result", "Check Operation Result",         "Check the result of a long run operation"},
    {"checkNameAvailability/read",                     "Name Availability",         "Check Name Availability",        "Checks that a key vault name is valid and is not in use"},
    {"locations/deleteVirtualNetworkOrSubnets/action", "Location",                  "Delete virtual network or subnets notification", "Notifies Microsoft.KeyVault that a virtual network or subnet is being deleted"},
    {"vaults/read",                                    "Key Vault",                 "View Key Vault",                 "View the properties of a key vault"},
    {"vaults/write",                                   "Key Vault",                 "Update Key Vault",               "Create a new key vault or update the properties of an existing key vault"},
    {"vaults/delete",                                  "Key Vault",                 "Delete Key Vault",               "Delete a key vault"},
    {"vaults/deploy/action",                           "Key Vault",                 "Use Vault for Azure Deployments", "Enables access to secrets in a key vault when deploying Azure resources"},
};
/* clang-format on */

static json_t *operation(json_t *name, const char *resource, const char *what,
                         const char *description, bool data)
{
    return json_pack("{s:o,s:{s:s,s:s,s:s,s:s},s:b}", "name", name, "display", "provider",
                     "Microsoft Key Vault", "resource", resource, "operation", what, "description",
                     description, "isDataAction", (int) data);
}

/* Several routes share an action: it is listed once. */
static bool seen_before(size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const char *other = vault_key_routes[i].data_action;

        if (other && strcmp(other, vault_key_routes[at].data_action) == 0) {
            return true;
        }
    }
    return false;
}

bool arm_operations_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list = json_array();

    (void) txn;
    (void) reterr;
    for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
        (void) json_array_append_new(
            list,
            operation(json_sprintf("Microsoft.KeyVault/%s", recorded[i].name), recorded[i].resource,
                      recorded[i].operation, recorded[i].description, false));
    }
    for (size_t i = 0; i < vault_key_routes_len; i++) {
        const struct vault_route *r = &vault_key_routes[i];

        if (r->data_action && !seen_before(i)) {
            (void) json_array_append_new(list, operation(json_string(r->data_action), "Key",
                                                         r->audit_name, r->audit_name, true));
        }
    }
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return vault_answer_json(c, 200, doc);
}
