/* SPDX-License-Identifier: MIT */
/* Microsoft.KeyVault as a resource provider, and the control endpoints. providerd has authorized.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/api/arm_vault.h"
#include "vault/store/key_store.h"
#include "vault/store/vault_store.h"

#define SUB   "/subscriptions/{s}"
#define KV    "/providers/Microsoft.KeyVault"
#define VAULT SUB "/resourceGroups/{g}" KV "/vaults/{n}"
#define ARM   PLANE_ARM, NULL, 0, NULL

/* clang-format off */
const struct vault_route vault_arm_routes[] = {
    {{HTTP_M_PUT,    VAULT},                                                      ARM, "VaultPut",         EXEC_WRITE, true,  NULL, arm_vault_put_run},
    {{HTTP_M_PATCH,  VAULT},                                                      ARM, "VaultPatch",       EXEC_WRITE, true,  NULL, arm_vault_patch_run},
    {{HTTP_M_GET,    VAULT},                                                      ARM, "VaultGet",         EXEC_LOOP,  false, NULL, arm_vault_get_run},
    {{HTTP_M_DELETE, VAULT},                                                      ARM, "VaultDelete",      EXEC_WRITE, false, NULL, arm_vault_delete_run},
    {{HTTP_M_PUT,    VAULT "/accessPolicies/{kind}"},                             ARM, "VaultAccessPolicyChanged", EXEC_WRITE, true, NULL, arm_vault_policies_run},
    {{HTTP_M_GET,    VAULT "/privateLinkResources"},                              ARM, NULL,               EXEC_LOOP,  false, NULL, arm_private_links_run},
    {{HTTP_M_GET,    VAULT "/privateEndpointConnections"},                        ARM, NULL,               EXEC_LOOP,  false, NULL, arm_vault_children_run},
    {{HTTP_M_GET,    VAULT "/networkSecurityPerimeterConfigurations"},            ARM, NULL,               EXEC_LOOP,  false, NULL, arm_vault_children_run},
    {{HTTP_M_GET,    SUB "/resourceGroups/{g}" KV "/vaults"},                     ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_vault_list_run},
    {{HTTP_M_GET,    SUB KV "/vaults"},                                           ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_vault_list_run},
    {{HTTP_M_GET,    SUB "/resources"},                                           ARM, "VaultList",        EXEC_LOOP,  false, NULL, arm_resources_run},
    {{HTTP_M_GET,    SUB KV "/deletedVaults"},                                    ARM, "VaultListDeleted", EXEC_LOOP,  false, NULL, arm_deleted_list_run},
    {{HTTP_M_GET,    SUB KV "/locations/{l}/deletedVaults/{n}"},                  ARM, "VaultGetDeleted",  EXEC_LOOP,  false, NULL, arm_deleted_get_run},
    {{HTTP_M_POST,   SUB KV "/locations/{l}/deletedVaults/{n}/purge"},            ARM, "VaultPurge",       EXEC_WRITE, false, NULL, arm_deleted_purge_run},
    {{HTTP_M_GET,    SUB KV "/locations/{l}/operationResults/{id}"},              ARM, NULL,               EXEC_LOOP,  false, NULL, arm_operation_run},
    {{HTTP_M_POST,   SUB KV "/checkNameAvailability"},                            ARM, "VaultCheckName",   EXEC_LOOP,  true,  NULL, arm_check_name_run},
    {{HTTP_M_GET,    SUB "/resourceGroups/{g}" KV "/managedHSMs"},                ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    SUB KV "/managedHSMs"},                                      ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    SUB KV "/deletedManagedHSMs"},                               ARM, NULL,               EXEC_LOOP,  false, NULL, arm_empty_list_run},
    {{HTTP_M_GET,    KV "/operations"},                                           ARM, NULL,               EXEC_LOOP,  false, NULL, arm_operations_run},
};
/* clang-format on */
const size_t vault_arm_routes_len = ARRAY_LEN(vault_arm_routes);

/* "live", "deleted" (recoverable) or "none"; NULL: no key was asked about. */
static const char *key_state(struct kvdb_txn *txn, const struct vault *v, const char *key)
{
    struct key_head head;

    if (!key) {
        return NULL;
    }
    return key_store_head(txn, v->uid, key, false, &head)  ? "live"
           : key_store_head(txn, v->uid, key, true, &head) ? "deleted"
                                                           : "none";
}

/* What providerd's rules ask about a vault: members as struct vault_facts
 * (provider/vault_client.h). */
static bool facts_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *principal = http_param_get(&c->x->req, "principal");
    AUTO_VAULT *v = NULL;
    char name[128];
    unsigned held = 0;

    if (!vault_store_get(txn, vault_param(c, 0, name, sizeof(name)), &v, reterr)) {
        return false;
    }
    if (!v || v->deleted_s > 0) {
        AUTO_JSON *none = json_pack("{s:b}", "exists", 0);

        return vault_answer_json(c, 200, none);
    }
    for (size_t i = 0; principal && i < v->n_policies; i++) {
        if (strcasecmp(v->policies[i].object_id, principal) == 0 &&
            !v->policies[i].application_id[0]) {
            held |= v->policies[i].keys;
        }
    }
    AUTO_JSON *doc = json_pack(
        "{s:b,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:I,s:s*}", "exists", 1, "name", v->name,
        "tenant", v->tenant, "subscription", v->subscription, "location", v->location, "softDelete",
        v->soft_delete, "purgeProtection", v->purge_protection, "rbac", v->rbac, "firewallOn",
        v->firewall_on, "bypassTrusted", v->bypass_trusted, "identityKeyPerms", (json_int_t) held,
        "keyState", key_state(txn, v, http_param_get(&c->x->req, "key")));

    return vault_answer_json(c, 200, doc);
}

/* For benchmarks: how many writes share a commit. */
static bool stats_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    uint64_t commits;
    uint64_t nested;

    (void) txn;
    (void) reterr;
    kvdb_stats(c->d->db, &commits, &nested);
    AUTO_JSON *doc =
        json_pack("{s:I,s:I}", "commits", (json_int_t) commits, "writes", (json_int_t) nested);

    return vault_answer_json(c, 200, doc);
}

const struct vault_route vault_control_routes[] = {
    {{HTTP_M_GET, "/_sim/vaults/{n}"},
     PLANE_CONTROL, NULL,
     0, NULL,
     NULL, EXEC_LOOP,
     false, NULL,
     facts_run},
    {{HTTP_M_GET, "/_sim/store/stats"},
     PLANE_CONTROL, NULL,
     0, NULL,
     NULL, EXEC_LOOP,
     false, NULL,
     stats_run},
};
const size_t vault_control_routes_len = ARRAY_LEN(vault_control_routes);
