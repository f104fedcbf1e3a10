/* SPDX-License-Identifier: MIT */
/*
 * The identities of an account: the system-assigned one is born and dies with its switch, the
 * user-assigned ones are attached. In a PATCH, null takes one of them away.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/account.h"
#include "provider/api/dek.h"
#include "provider/api/user_identity.h"

#define IDENTITY_SYSTEM 1u
#define IDENTITY_USER   2u

static const struct {
    const char *type;
    unsigned kinds;
} types[] = {
    {"None",                         0                              },
    {"SystemAssigned",               IDENTITY_SYSTEM                },
    {"UserAssigned",                 IDENTITY_USER                  },
    {"SystemAssigned, UserAssigned", IDENTITY_SYSTEM | IDENTITY_USER},
    {"SystemAssigned,UserAssigned",  IDENTITY_SYSTEM | IDENTITY_USER},
};

/* What a body asks for; false: its type is none of the four. Absent: stays as it is. */
static bool wanted(const json_t *body, unsigned now, unsigned *ret)
{
    const json_t *identity = json_object_iget(body, "identity");
    const char *type = json_text(identity, "type");

    *ret = now;
    if (!identity || json_is_null(identity)) {
        return true;
    }
    if (!json_is_object(identity) || !json_text_or_none(identity, "type")) {
        return false;
    }
    if (!type[0]) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcasecmp(types[i].type, type) == 0) {
            *ret = types[i].kinds;
            return true;
        }
    }
    return false;
}

static unsigned present(const json_t *account)
{
    const json_t *identity = account ? json_object_get(account, "identity") : NULL;

    return (json_text(identity, "principalId")[0] ? IDENTITY_SYSTEM : 0) |
           (json_object_size(json_object_get(identity, "userAssignedIdentities")) > 0
                ? IDENTITY_USER
                : 0);
}

bool account_wants_system_identity(const json_t *body, bool now)
{
    unsigned kinds = 0;

    return wanted(body, now ? IDENTITY_SYSTEM : 0, &kinds) && (kinds & IDENTITY_SYSTEM) != 0;
}

/* ARM's own text (issues of azure-cli and azure-libraries-for-net quote it). */
static bool refuse_missing(struct provider_call *c, const char *id, struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_FAILED_IDENTITY_OPERATION,
                   "Identity operation for resource "
                   "'/subscriptions/%s/resourceGroups/%s/providers/" ACCOUNT_NS
                   "/accounts/%s' failed with error 'Failed to perform resource identity "
                   "operation. Status: 'BadRequest'. Response: "
                   "'{\"error\":{\"code\":\"BadRequest\",\"message\":\"Resource '%.300s' was not "
                   "found.\"}}'.'.",
                   c->subscription.id, provider_param(c, 1), provider_param(c, 2), id);
}

bool account_identity_check(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                            struct az_error *reterr)
{
    json_t *map = json_object_iget(json_object_iget(c->body, "identity"), "userAssignedIdentities");
    unsigned kinds = 0;
    const char *id;
    json_t *v;

    if (!wanted(c->body, present(account), &kinds) ||
        (map && !json_is_object(map) && !json_is_null(map)) ||
        json_object_size(map) > LIMIT_USER_IDENTITIES) {
        return az_fail_content(
            reterr, "identity",
            "identity.type must be None, SystemAssigned, UserAssigned or \"SystemAssigned, "
            "UserAssigned\", userAssignedIdentities an object of at most %d members",
            LIMIT_USER_IDENTITIES);
    }
    json_object_foreach(map, id, v)
    {
        AUTO_JSON *found = NULL;

        if (json_is_null(v)) {
            continue;
        }
        if (!user_identity_by_id(txn, id, &found, reterr)) {
            return false;
        }
        if (!found) {
            return refuse_missing(c, id, reterr);
        }
    }
    return true;
}

static json_t *attached(struct kvdb_txn *txn, const json_t *account, const json_t *body)
{
    json_t *old = json_object_get(json_object_get(account, "identity"), "userAssignedIdentities");
    json_t *map = json_object_iget(json_object_iget(body, "identity"), "userAssignedIdentities");
    json_t *out = json_is_object(old) ? json_deep_copy(old) : json_object();
    const char *id;
    json_t *v;

    json_object_foreach(map, id, v)
    {
        struct az_error ignored;
        AUTO_JSON *found = NULL;
        const char *known = id;
        const char *name;
        json_t *entry;

        json_object_foreach(out, name, entry) /* ids compare without case */
        {
            known = strcasecmp(name, id) == 0 ? name : known;
        }
        if (json_is_null(v)) {
            (void) json_object_del(out, known);
        } else if (user_identity_by_id(txn, id, &found, &ignored) && found) {
            (void) json_object_set_new(out, known,
                                       json_pack("{s:s,s:s}", "principalId",
                                                 json_text(found, "principalId"), "clientId",
                                                 json_text(found, "clientId")));
        }
    }
    return out;
}

static void drop_system(struct kvdb_txn *txn, const json_t *account)
{
    struct principal p;

    if (account_identity(txn, account, &p)) {
        (void) directory_del_principal(txn, p.oid);
    }
}

static bool have_system(struct kvdb_txn *txn, const json_t *account, struct principal *p)
{
    AUTO_JSON *id = NULL;
    guid_text tenant;

    if (account_identity(txn, account, p)) {
        return true;
    }
    id = account_id(account);
    account_tenant(txn, account, tenant);
    directory_new_identity(txn, PRINCIPAL_SYSTEM_IDENTITY, tenant, json_string_value(id),
                           json_text(account, "name"), p);
    return true;
}

void account_identity_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account)
{
    const json_t *given = json_object_iget(c->body, "identity");
    unsigned kinds = 0;
    struct principal p;
    json_t *identity;
    AUTO_JSON *users = NULL;

    if (!given || json_is_null(given) || !wanted(c->body, present(account), &kinds)) {
        return;
    }
    users = (kinds & IDENTITY_USER) != 0 ? attached(txn, account, c->body) : NULL;
    kinds &= json_object_size(users) > 0 ? ~0u : ~IDENTITY_USER;
    identity = json_object();
    if ((kinds & IDENTITY_SYSTEM) == 0) {
        drop_system(txn, account);
    } else if (have_system(txn, account, &p)) {
        (void) json_object_set_new(identity, "principalId", json_string(p.oid));
        (void) json_object_set_new(identity, "tenantId", json_string(p.tid));
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].kinds == kinds) {
            (void) json_object_set_new(identity, "type", json_string(types[i].type));
            break;
        }
    }
    if ((kinds & IDENTITY_USER) != 0) {
        (void) json_object_set(identity, "userAssignedIdentities", users);
    }
    (void) json_object_set_new(account, "identity", identity);
}

bool account_user_identity(struct kvdb_txn *txn, const json_t *account, const char *client_id,
                           struct principal *ret)
{
    json_t *map = json_object_get(json_object_get(account, "identity"), "userAssignedIdentities");
    const char *id;
    json_t *v;

    json_object_foreach(map, id, v)
    {
        if (strcasecmp(json_text(v, "clientId"), client_id) == 0) {
            return directory_get_principal(txn, json_text(v, "principalId"), ret);
        }
    }
    return false;
}

bool account_user_identity_after(struct kvdb_txn *txn, const json_t *account, const json_t *body,
                                 const char *client_id, struct principal *ret)
{
    const json_t *given = json_object_iget(body, "identity");
    unsigned kinds = 0;
    AUTO_JSON *map = NULL;
    AUTO_JSON *after = NULL;

    if (!given || json_is_null(given)) {
        return account && account_user_identity(txn, account, client_id, ret);
    }
    if (!wanted(body, present(account), &kinds) || (kinds & IDENTITY_USER) == 0) {
        return false;
    }
    map = attached(txn, account, body);
    after = json_pack("{s:{s:O}}", "identity", "userAssignedIdentities", map);
    return account_user_identity(txn, after, client_id, ret);
}

void account_identity_switch_on(json_t *account, const struct principal *p)
{
    json_t *users = json_object_get(json_object_get(account, "identity"), "userAssignedIdentities");
    bool more = json_object_size(users) > 0;
    json_t *identity = json_pack("{s:s,s:s,s:s}", "principalId", p->oid, "tenantId", p->tid, "type",
                                 more ? "SystemAssigned, UserAssigned" : "SystemAssigned");

    if (more) {
        (void) json_object_set(identity, "userAssignedIdentities", users);
    }
    (void) json_object_set_new(account, "identity", identity);
}
