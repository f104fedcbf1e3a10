/* SPDX-License-Identifier: MIT */
/*
 * POST /_sim/directory/move: a subscription, a resource group or one resource goes to another
 * directory (id.no-cross-directory). Identities stay where they were, and so do vaults: a vault's
 * tenantId is its own property, which moving its subscription or group does not change
 * (kv.same-tenant is broken from then on). A vault that is named itself gets the new tenantId and
 * loses its access policies, which is what its owner has to do by hand after such a move.
 *
 * Role assignments at what is moved, and custom roles of a subscription, do not come along ("all
 * role assignments and custom roles ... are permanently deleted from the source directory":
 * learn.microsoft.com, role-based-access-control/transfer-subscription).
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/roles.h"
#include "provider/api/vault_arm.h"
#include "provider/domain/arm_scope.h"
#include "provider/store/account_store.h"
#include "provider/store/role_store.h"

struct target {
    char text[512];                                      /* the id, taken apart */
    const char *subscription, *group, *ns, *type, *name; /* NULL: ends before */
};

/* "/subscriptions/S[/resourceGroups/G[/providers/NS/TYPE/NAME]]" */
static bool parse(const char *id, struct target *t)
{
    const char *words[9] = {NULL};
    size_t n = 0;
    char *save = NULL;

    (void) snprintf(t->text, sizeof(t->text), "%s", id);
    for (char *w = strtok_r(t->text, "/", &save); w && n < ARRAY_LEN(words);
         w = strtok_r(NULL, "/", &save)) {
        words[n++] = w;
    }
    t->subscription = words[1];
    t->group = words[3];
    t->ns = words[5];
    t->type = words[6];
    t->name = words[7];
    return (n == 2 || n == 4 || n == 8) && strcasecmp(words[0], "subscriptions") == 0 &&
           (n < 4 || strcasecmp(words[2], "resourceGroups") == 0) &&
           (n < 8 || strcasecmp(words[4], "providers") == 0);
}

static bool is_type(const struct target *t, const char *ns, const char *type)
{
    return t->name && strcasecmp(t->ns, ns) == 0 && strcasecmp(t->type, type) == 0;
}

static bool take_target(struct provider_call *c, struct target *t, struct az_error *reterr)
{
    if (!parse(json_text(c->body, "resource"), t)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "resource is the id of a subscription, a resource group, an account or a "
                       "vault.");
    }
    return !t->name || is_type(t, "Microsoft.CognitiveServices", "accounts") ||
           is_type(t, "Microsoft.KeyVault", "vaults") ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST,
                   "Accounts and vaults can be moved one by one, not resources of '%.64s/%.64s'.",
                   t->ns, t->type);
}

struct move {
    struct target t;
    struct subscription s;
    struct principal owner; /* of a subscription that moves */
    bool home;              /* to the subscription's own directory */
};

/* Its owner can't come along: they are of the other directory. */
static bool judge_owner(struct provider_call *c, struct kvdb_txn *txn, struct move *m,
                        struct az_error *reterr)
{
    const char *tenant = json_text(c->body, "toTenant");
    const char *owner = json_text(c->body, "owner");

    if (!directory_get_principal(txn, owner[0] ? owner : m->s.owner_oid, &m->owner) &&
        !directory_get_principal_by_appid(txn, owner, &m->owner)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no principal '%.64s' to own it.", owner);
    }
    return strcasecmp(m->owner.tid, tenant) == 0 ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST,
                   "The subscription needs an owner in the directory '%.64s': name a principal "
                   "of it as owner.",
                   tenant);
}

static bool judge_account(struct kvdb_txn *txn, const struct target *t, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    return account_store_get(txn, t->subscription, t->group, t->name, false, &a, reterr) &&
           (a || az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no account '%.64s'.", t->name));
}

/* All that can be wrong with it, before anything is changed. */
static bool judge(struct provider_call *c, struct kvdb_txn *txn, struct move *m,
                  struct az_error *reterr)
{
    const char *tenant = json_text(c->body, "toTenant");

    if (!take_target(c, &m->t, reterr)) {
        return false;
    }
    if (!directory_get_tenant(txn, tenant)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND,
                       "There is no tenant '%.64s'. Add one with `kvsim tenant add`.", tenant);
    }
    if (!directory_get_subscription(txn, m->t.subscription, &m->s)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no subscription '%.64s'.",
                       m->t.subscription);
    }
    m->home = strcasecmp(m->s.tenant, tenant) == 0;
    return (m->t.group || judge_owner(c, txn, m, reterr)) &&
           (!is_type(&m->t, "Microsoft.CognitiveServices", "accounts") ||
            judge_account(txn, &m->t, reterr));
}

/* A subscription that stays where it is loses nothing. */
static bool loses_roles(const struct move *m)
{
    return m->t.group || !m->home;
}

static void scope_of(const struct target *t, char out[ARM_SCOPE_MAX])
{
    int n = snprintf(out, ARM_SCOPE_MAX, "/subscriptions/%s", t->subscription);

    if (t->group && n > 0 && n < ARM_SCOPE_MAX) {
        n += snprintf(out + n, ARM_SCOPE_MAX - (size_t) n, "/resourceGroups/%s", t->group);
    }
    if (t->name && n > 0 && n < ARM_SCOPE_MAX) {
        (void) snprintf(out + n, ARM_SCOPE_MAX - (size_t) n, "/providers/%s/%s/%s", t->ns, t->type,
                        t->name);
    }
}

/* What is vaultd's: changed before anything else is. */
static bool move_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct move m = {0};
    char scope[ARM_SCOPE_MAX];
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = judge(c, txn, &m, reterr);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    scope_of(&m.t, scope);
    if (is_type(&m.t, "Microsoft.KeyVault", "vaults") &&
        !vault_arm_as_owner(c, m.t.subscription, "PATCH", scope,
                            json_pack("{s:{s:s,s:[]}}", "properties", "tenantId",
                                      json_text(c->body, "toTenant"), "accessPolicies"),
                            reterr)) {
        return false;
    }
    return !loses_roles(&m) || (m.t.group ? role_forget_below(c->d, scope, reterr)
                                          : role_forget_all_below(c->d, scope, reterr));
}

struct moving {
    struct kvdb_txn *txn;
    const char *tenant; /* NULL: the accounts go with their subscription */
    json_t *list;
};

static bool collect(void *ctx, json_t *a)
{
    (void) json_array_append(((struct moving *) ctx)->list, a);
    return true;
}

/* tenant NULL: the subscription's own. The revision tells whoever prepares a binding meanwhile. */
static bool put_tenant(struct kvdb_txn *txn, json_t *a, const char *tenant, struct az_error *reterr)
{
    if (tenant) {
        (void) json_object_set_new(a, "tenant", json_string(tenant));
    } else {
        (void) json_object_del(a, "tenant");
    }
    (void) json_object_set_new(
        a, "revision", json_integer(json_integer_value(json_object_get(a, "revision")) + 1));
    return account_store_put(txn, a, false, reterr);
}

static bool move_accounts(struct kvdb_txn *txn, const struct target *t, const char *tenant,
                          size_t *moved, struct az_error *reterr)
{
    AUTO_JSON *list = json_array();
    struct moving m = {txn, tenant, list};
    json_t *a;
    size_t i;

    if (!account_store_each(txn, t->subscription, t->group, false, collect, &m)) {
        return az_fail_internal(reterr, "listing accounts");
    }
    json_array_foreach(list, i, a)
    {
        if (t->name && strcasecmp(json_text(a, "name"), t->name) != 0) {
            continue;
        }
        if (!put_tenant(txn, a, tenant, reterr)) {
            return false;
        }
        (*moved)++;
    }
    return true;
}

static void move_subscription(struct kvdb_txn *txn, struct move *m)
{
    (void) snprintf(m->s.tenant, sizeof(m->s.tenant), "%s", m->owner.tid);
    memcpy(m->s.owner_oid, m->owner.oid, sizeof(m->s.owner_oid));
    directory_put_subscription(txn, &m->s);
    role_store_touch(txn); /* its owner holds a role */
}

static void drop_roles(struct kvdb_txn *txn, const struct move *m)
{
    char scope[ARM_SCOPE_MAX];

    scope_of(&m->t, scope);
    if (m->t.group) {
        role_drop_below(txn, scope);
    } else {
        role_drop_all_below(txn, scope);
    }
}

static bool move_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *tenant = json_text(c->body, "toTenant");
    struct move m = {0};
    size_t moved = 0;

    if (!judge(c, txn, &m, reterr)) {
        return false;
    }
    if (loses_roles(&m)) {
        drop_roles(txn, &m);
    }
    if (!m.t.group) {
        move_subscription(txn, &m);
    }
    if (is_type(&m.t, "Microsoft.KeyVault", "vaults")) {
        moved = 1; /* prepare has moved it */
    } else if (!move_accounts(txn, &m.t, m.t.group && !m.home ? tenant : NULL, &moved, reterr)) {
        return false;
    }
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:I}", "resource", json_text(c->body, "resource"),
                               "tenant", tenant, "resources", (json_int_t) moved);

    return provider_answer_json(c, 200, doc);
}

const struct provider_route provider_move_routes[] = {
    {{HTTP_M_POST, "/_sim/directory/move"},
     PPLANE_CONTROL, "DirectoryMove",
     EXEC_WRITE, true,
     0, NULL,
     move_prepare, move_run},
};
const size_t provider_move_routes_len = ARRAY_LEN(provider_move_routes);
