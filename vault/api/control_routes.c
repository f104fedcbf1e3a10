/* SPDX-License-Identifier: MIT */
/* Control endpoints of vaultd beside those of common/control.h: what providerd asks and writes
 * through. */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/store_control.h"
#include "vault/api/call.h"
#include "vault/api/version.h"
#include "vault/domain/rbac.h"
#include "vault/store/key_store.h"
#include "vault/store/rbac_store.h"
#include "vault/store/vault_store.h"

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

/* The bits of the permissions whose operations roles allow, on the key or (NULL) the vault: what an
 * access policy would say. */
static unsigned permissions_by_role(const struct rbac_set *roles, const char *principal,
                                    const struct vault *v, const char *key)
{
    char resource[VAULT_RESOURCE_MAX];
    unsigned held = 0;

    vault_resource_id(v, sv_from("keys"), sv_from(key), resource);
    for (size_t i = 0; i < vault_key_routes_len; i++) {
        const struct vault_route *r = &vault_key_routes[i];

        if (r->data_action && rbac_allows(roles, principal, RBAC_DATA, r->data_action, resource)) {
            held |= r->permission;
        }
    }
    return held;
}

static bool held_permissions(struct kvdb_txn *txn, const struct vault *v, const char *principal,
                             const char *key, unsigned *ret, struct az_error *reterr)
{
    struct rbac_set *roles;

    *ret = 0;
    if (!principal || !*principal) {
        return true;
    }
    if (!v->rbac) {
        for (size_t i = 0; i < v->n_policies; i++) {
            if (strcasecmp(v->policies[i].object_id, principal) == 0 &&
                !v->policies[i].application_id[0]) {
                *ret |= v->policies[i].keys;
            }
        }
        return true;
    }
    roles = rbac_store_load(txn);
    if (!roles) {
        return az_fail_internal(reterr, "role assignments can't be read");
    }
    *ret = permissions_by_role(roles, principal, v, key);
    rbac_set_free(roles);
    return true;
}

/* providerd writes role assignments through, before it answers. */
static bool rbac_put_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    bool stale = false;

    if (!rbac_store_apply(txn, c->body, &stale, reterr)) {
        return false;
    }
    if (stale) {
        return az_fail(reterr, AZ_ERR_CONFLICT, "The epoch is another one: send everything.");
    }
    AUTO_JSON *doc = json_pack("{s:I}", "revision", (json_int_t) rbac_store_revision(txn));

    return vault_answer_json(c, 200, doc);
}

/* What providerd's rules ask about a vault: members as struct vault_facts
 * (provider/vault_client.h). */
static bool facts_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *principal = http_param_get(&c->x->req, "principal");
    const char *key = http_param_get(&c->x->req, "key");
    AUTO_VAULT *v = NULL;
    char name[128];
    unsigned held = 0;

    if (!vault_store_get(txn, vault_param(c, 0, name, sizeof(name)), &v, reterr)) {
        return false;
    }
    if (!v || v->deleted_s > 0) {
        /* With its vault a key is deleted, and lost when the vault is purged. */
        bool kept = v && key && strcmp(key_state(txn, v, key), "none") != 0;
        AUTO_JSON *none = json_pack("{s:b,s:s*}", "exists", 0, "keyState",
                                    !key   ? NULL
                                    : kept ? "deleted"
                                           : "none");

        return vault_answer_json(c, 200, none);
    }
    if (!held_permissions(txn, v, principal, key, &held, reterr)) {
        return false;
    }
    AUTO_JSON *doc =
        json_pack("{s:b,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:I,s:s*}", "exists", 1, "group",
                  v->resource_group, "name", v->name, "tenant", v->tenant, "subscription",
                  v->subscription, "location", v->location, "softDelete", v->soft_delete,
                  "purgeProtection", v->purge_protection, "rbac", v->rbac, "firewallOn",
                  v->firewall_on, "bypassTrusted", v->bypass_trusted, "identityKeyPerms",
                  (json_int_t) held, "keyState", key_state(txn, v, key));

    return vault_answer_json(c, 200, doc);
}

static bool stats_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) txn;
    (void) reterr;
    AUTO_JSON *doc = store_stats(c->d->db);

    return vault_answer_json(c, 200, doc);
}

static bool crash_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = NULL;

    (void) txn;
    return store_crash(c->body, &doc, reterr) && vault_answer_json(c, 200, doc);
}

#define CONTROL PLANE_CONTROL, VERSION_ANY, PERM_NONE, 0, NULL, THROTTLE_NONE, NULL

/* clang-format off */
const struct vault_route vault_control_routes[] = {
    {{HTTP_M_GET, "/_sim/vaults/{n}"}, CONTROL, EXEC_LOOP, false, NULL, facts_run},
    {{HTTP_M_PUT, "/_sim/rbac/changes"}, CONTROL, EXEC_WRITE, true, NULL, rbac_put_run},
    {{HTTP_M_POST, "/_sim/store/crash"}, CONTROL, EXEC_LOOP, true, NULL, crash_run},
    {{HTTP_M_GET, "/_sim/store/stats"}, CONTROL, EXEC_LOOP, false, NULL, stats_run},
};
/* clang-format on */
const size_t vault_control_routes_len = ARRAY_LEN(vault_control_routes);
