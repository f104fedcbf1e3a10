/* SPDX-License-Identifier: MIT */
/*
 * /_sim/portal/: an account's encryption as the portal saves it. Beside what a plain PATCH does it
 * switches the system-assigned identity on, registers it in the directory and gives it access to
 * the selected vault (id.enabled-by-cmk), and it knows in which subscription the vault should be
 * (key.uri-subscription). Identity, binding and wrapped key are stored together, or nothing is; the
 * access that was given to a vault stays there, as the portal leaves it.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_bind.h"
#include "provider/api/dek.h"
#include "provider/api/vault_arm.h"
#include "provider/domain/arm_version.h"
#include "provider/store/account_store.h"

struct save {
    int64_t revision; /* of the account that prepare saw */
    bool new_identity;
    struct principal identity; /* to be registered, when new_identity */
    struct cmk_change change;
};

static void save_free(void *p)
{
    struct save *s = p;

    cmk_change_done(&s->change);
    free(s);
}

/* The account of the path's three parameters; the person before the portal is the owner of its
 * subscription, and what they see is the newest version's. */
static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    const char *sub = provider_param(c, 0);
    struct principal owner;

    if (!account_store_get(txn, sub, provider_param(c, 1), provider_param(c, 2), false, ret,
                           reterr)) {
        return false;
    }
    if (!*ret || !directory_get_subscription(txn, sub, &c->subscription)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no account '%s'.", provider_param(c, 2));
    }
    c->version = (int) ai_versions.n - 1;
    if (directory_get_principal(txn, c->subscription.owner_oid, &owner)) {
        (void) snprintf(c->who.appid, sizeof(c->who.appid), "%s", owner.appid);
        (void) snprintf(c->who.upn, sizeof(c->who.upn), "%s", owner.upn);
    }
    return true;
}

static bool grant(struct provider_call *c, const struct vault_facts *vault,
                  const struct principal *p, struct az_error *reterr)
{
    char path[512];

    if (vault->rbac) {
        return true; /* roles are for the person to assign; the rules say if one is missing */
    }
    (void) snprintf(path, sizeof(path),
                    "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s/"
                    "accessPolicies/add",
                    vault->subscription, vault->group, vault->name);
    return vault_arm_as_owner(c, vault->subscription, "PUT", path,
                              json_pack("{s:{s:[{s:s,s:s,s:{s:[s,s,s]}}]}}", "properties",
                                        "accessPolicies", "tenantId", vault->tenant, "objectId",
                                        p->oid, "permissions", "keys", "get", "wrapKey",
                                        "unwrapKey"),
                              reterr);
}

/* {"keyUri"} or {"vault", "key", "version"}, both with the subscription of the vault. */
static bool take_key(const json_t *body, json_t **ret, struct az_error *reterr)
{
    const char *uri = json_text(body, "keyUri");
    const char *vault = json_text(body, "vault");

    if (!json_text(body, "subscription")[0] || (!uri[0] && !vault[0])) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The portal asks for the subscription and either the keyUri or vault and "
                       "key (and perhaps a version).");
    }
    if (uri[0]) {
        *ret = json_pack("{s:s,s:{s:s}}", "keySource", "Microsoft.KeyVault", "keyVaultProperties",
                         "keyVaultUri", uri);
    } else {
        *ret = json_pack("{s:s,s:{s:o,s:s,s:s}}", "keySource", "Microsoft.KeyVault",
                         "keyVaultProperties", "keyVaultUri",
                         json_sprintf("https://%s.vault.azure.net/", vault), "keyName",
                         json_text(body, "key"), "keyVersion", json_text(body, "version"));
    }
    return *ret || az_fail_internal(reterr, "out of memory");
}

/* The identity that there is, or the one that will be. */
static void fill_wish(struct kvdb_txn *txn, const json_t *account, struct save *s,
                      struct cmk_wish *w)
{
    AUTO_JSON *id = account_id(account);
    guid_text tenant;
    struct principal p;

    *w = (struct cmk_wish){.account = account, .system_stays = true};
    key_identity_of(txn, account, &w->now);
    if (!account_identity(txn, account, &p)) {
        account_tenant(txn, account, tenant);
        directory_make_identity(PRINCIPAL_SYSTEM_IDENTITY, tenant, json_string_value(id),
                                json_text(account, "name"), &s->identity);
        s->new_identity = true;
        p = s->identity;
    }
    key_identity_set(txn, account, &p, &w->system);
}

static bool save_prepare(struct provider_call *c, struct az_error *reterr)
{
    bool key = strcasecmp(json_text(c->body, "keySource"), "Microsoft.KeyVault") == 0;
    struct save *s = calloc(1, sizeof(*s));
    struct kvdb_txn *txn = NULL;
    struct cmk_wish w;
    AUTO_JSON *account = NULL;
    AUTO_JSON *encryption = NULL;
    bool ok;

    if (c->prepared) {
        c->prepared_free(c->prepared);
    }
    c->prepared = s;
    c->prepared_free = save_free;
    if (!s || !kvdb_begin_read(c->d->db, &txn, reterr)) {
        return s ? false : az_fail_internal(reterr, "out of memory");
    }
    ok = find(c, txn, &account, reterr) && account_ready(c, account, reterr);
    if (ok) {
        fill_wish(txn, account, s, &w);
        s->revision = json_integer_value(json_object_get(account, "revision"));
    }
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    if (!key && strcasecmp(json_text(c->body, "keySource"), "Microsoft.CognitiveServices") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "keySource is Microsoft.CognitiveServices or Microsoft.KeyVault.");
    }
    if (!key) { /* the identity stays as it is */
        s->new_identity = false;
        return cmk_change_prepare(c, &w, c->body, &s->change, reterr);
    }
    w.grant = grant;
    w.given_subscription = json_text(c->body, "subscription");
    return take_key(c->body, &encryption, reterr) &&
           cmk_change_prepare(c, &w, encryption, &s->change, reterr);
}

static bool answer(struct provider_call *c, const json_t *account)
{
    AUTO_JSON *doc = account_json(c, account, "Succeeded");

    return provider_answer_json(c, 200, doc);
}

static bool save_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct save *s = c->prepared;
    AUTO_JSON *account = NULL;

    if (!find(c, txn, &account, reterr)) {
        return false;
    }
    if (json_integer_value(json_object_get(account, "revision")) != s->revision) {
        c->retry_prepare = true;
        return true;
    }
    if (!account_ready(c, account, reterr)) {
        return false;
    }
    if (s->new_identity) {
        directory_put_principal(txn, &s->identity);
        account_identity_switch_on(account, &s->identity);
    }
    account_touch(c, account);
    account_take_change(c, account, &s->change);
    return account_store_put(txn, account, false, reterr) && answer(c, account);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;

    return find(c, txn, &account, reterr) && answer(c, account);
}

#define ENCRYPTION "/_sim/portal/accounts/{s}/{g}/{n}/encryption"
/* clang-format off */
const struct provider_route provider_portal_routes[] = {
    {{HTTP_M_GET, ENCRYPTION}, PPLANE_CONTROL, NULL,            EXEC_LOOP,  false, 0, NULL, NULL,         get_run},
    {{HTTP_M_PUT, ENCRYPTION}, PPLANE_CONTROL, "PortalEncrypt", EXEC_WRITE, true,  0, NULL, save_prepare, save_run},
};
/* clang-format on */
const size_t provider_portal_routes_len = ARRAY_LEN(provider_portal_routes);
