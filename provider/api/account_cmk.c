/* SPDX-License-Identifier: MIT */
/*
 * PATCH of an account, and with it the binding of a customer-managed key: facts are gathered and
 * the data key is wrapped in prepare; the write stores key and binding together, or nothing.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/dek.h"
#include "provider/store/account_store.h"

#define MAX_RULES 64

struct patch {
    int64_t revision;   /* of the account that prepare saw */
    json_t *dek;        /* NULL: stays */
    json_t *encryption; /* NULL: stays */
};

static void patch_free(void *p)
{
    struct patch *patch = p;

    json_decref(patch->dek);
    json_decref(patch->encryption);
    free(patch);
}

/* "https://demo.vault.azure.net/", "https://demo.vault.localhost:7443" -> "demo"; both families are
 * accepted. */
static bool vault_of_uri(struct provider_call *c, const char *uri, char out[LABEL_MAX])
{
    struct site site;
    const char *host = strncasecmp(uri, "https://", 8) == 0 ? uri + 8 : NULL;

    if (!host ||
        !site_from_host(&c->d->names, (struct str_view){host, strcspn(host, "/?#")}, &site) ||
        site.service != SVC_VAULT) {
        return false;
    }
    (void) snprintf(out, LABEL_MAX, "%s", site.label);
    return true;
}

/* Facts for the rules, as far as they can be had: each is asked for with the account's own token.
 */
static bool gather(struct provider_call *c, const struct principal *identity, const char *vault,
                   const char *key, const char *version, struct cmk_input *in,
                   struct az_error *reterr)
{
    CLEANUP(free_str) char *token = NULL;

    if (!in->uri_is_vault || !in->key_given) {
        return true;
    }
    if (!c->d->vaults->get_vault(c->d->vaults->ctx, vault, identity ? identity->oid : NULL,
                                 &in->vault, reterr)) {
        return false;
    }
    if (!in->vault.exists || !identity) {
        return true;
    }
    return provider_mint_token(c->d, identity, "https://vault.azure.net", &token, reterr) &&
           c->d->vaults->get_key(c->d->vaults->ctx, vault, key, version, token, &in->key, reterr);
}

/* A key pasted as one URI, or as keyVaultUri, keyName, keyVersion. */
struct key_ref {
    char vault[LABEL_MAX];
    char name[128];
    char version[64];
    bool given, is_vault;
};

static void take_key_ref(struct provider_call *c, const json_t *kvp, struct key_ref *r)
{
    const char *uri = json_text(kvp, "keyVaultUri");
    const char *path = strstr(uri, "/keys/");

    (void) snprintf(r->name, sizeof(r->name), "%s", json_text(kvp, "keyName"));
    (void) snprintf(r->version, sizeof(r->version), "%s", json_text(kvp, "keyVersion"));
    if (path && !r->name[0]) { /* a whole key identifier (key.uri) */
        size_t n = strcspn(path + 6, "/");

        (void) snprintf(r->name, sizeof(r->name), "%.*s", (int) n, path + 6);
        if (path[6 + n] == '/') {
            (void) snprintf(r->version, sizeof(r->version), "%s", path + 7 + n);
        }
    }
    r->given = uri[0] && r->name[0];
    r->is_vault = vault_of_uri(c, uri, r->vault);
}

static bool judge(struct provider_call *c, const json_t *account, const struct principal *identity,
                  const struct key_ref *ref, struct cmk_input *in, struct az_error *reterr)
{
    enum cmk_result results[MAX_RULES];

    *in = (struct cmk_input){.kind = account_kind_find(json_text(account, "kind")),
                             .edition = c->d->edition,
                             .key_given = ref->given,
                             .uri_is_vault = ref->is_vault,
                             .sku = json_text(json_object_get(account, "sku"), "name"),
                             .location = json_text(account, "location"),
                             .tenant = c->subscription.tenant,
                             .identity = identity != NULL,
                             .now_s = c->now_ms / 1000};
    return gather(c, identity, ref->vault, ref->name, ref->version, in, reterr) &&
           (cmk_evaluate(in, results) || cmk_refuse(results, reterr));
}

static bool bind(struct provider_call *c, const json_t *account,
                 const struct principal *old_identity, const struct principal *identity,
                 const json_t *encryption, struct patch *p, struct az_error *reterr)
{
    const json_t *kvp = json_object_iget(encryption, "keyVaultProperties");
    struct key_ref ref = {0};
    struct cmk_input in;
    uint8_t key[SEAL_KEY_LEN];
    bool ok;

    take_key_ref(c, kvp, &ref);
    if (!judge(c, account, identity, &ref, &in, reterr)) {
        return false;
    }
    /* The version that is current now is the one that is used from here on (key.select). */
    ok = dek_open(c->d, account, old_identity, key, reterr) &&
         dek_wrap(c->d, identity, ref.vault, ref.name, in.key.version, key, &p->dek, reterr);
    OPENSSL_cleanse(key, sizeof(key));
    p->encryption = ok ? json_pack("{s:{s:s,s:s,s:s},s:s}", "keyVaultProperties", "keyName",
                                   ref.name, "keyVersion", in.key.version, "keyVaultUri",
                                   json_text(kvp, "keyVaultUri"), "keySource", "Microsoft.KeyVault")
                       : NULL;
    return ok;
}

static bool unbind(struct provider_call *c, const json_t *account, const struct principal *identity,
                   struct patch *p, struct az_error *reterr)
{
    uint8_t key[SEAL_KEY_LEN];
    bool ok = dek_open(c->d, account, identity, key, reterr) &&
              dek_seal(c->d, json_text(account, "uid"), key, &p->dek, reterr);

    OPENSSL_cleanse(key, sizeof(key));
    p->encryption = ok ? json_pack("{s:s}", "keySource", "Microsoft.CognitiveServices") : NULL;
    return ok;
}

static bool wants_identity(const json_t *body, bool now)
{
    const char *type = json_text(json_object_iget(body, "identity"), "type");

    return type[0] ? strcasestr(type, "SystemAssigned") != NULL : now;
}

static bool prepare_encryption(struct provider_call *c, const json_t *account,
                               const struct principal *identity, struct patch *p,
                               struct az_error *reterr)
{
    const json_t *encryption =
        json_object_iget(json_object_iget(c->body, "properties"), "encryption");
    const char *source = json_text(encryption, "keySource");
    bool wrapped = json_object_get(json_object_get(account, "dek"), "wrapped") != NULL;
    bool keep = wants_identity(c->body, identity != NULL);

    if (!encryption || json_is_null(encryption)) {
        return true;
    }
    if (strcasecmp(source, "Microsoft.CognitiveServices") == 0) {
        return !wrapped || unbind(c, account, identity, p, reterr);
    }
    if (source[0] && strcasecmp(source, "Microsoft.KeyVault") != 0) {
        return az_fail(reterr, AZ_ERR_CMK_REFUSED,
                       "keySource is Microsoft.CognitiveServices or Microsoft.KeyVault.");
    }
    return bind(c, account, identity, keep ? identity : NULL, encryption, p, reterr);
}

bool account_patch_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct patch *p = calloc(1, sizeof(*p));
    struct kvdb_txn *txn = NULL;
    struct principal identity;
    AUTO_JSON *account = NULL;
    bool has = false;
    bool ok;

    if (c->prepared) {
        patch_free(c->prepared);
    }
    c->prepared = p;
    c->prepared_free = patch_free;
    if (!p) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = account_find(c, txn, &account, reterr);
    has = ok && account_identity(txn, account, &identity);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    p->revision = json_integer_value(json_object_get(account, "revision"));
    return prepare_encryption(c, account, has ? &identity : NULL, p, reterr);
}

bool account_cmk_at_create(struct provider_call *c, const json_t *props, const char *kind,
                           const char *sku, struct az_error *reterr)
{
    const json_t *e = json_object_iget(props, "encryption");
    bool key = json_is_object(json_object_iget(e, "keyVaultProperties"));
    const char *source = json_text(e, "keySource");
    enum cmk_result results[MAX_RULES];
    struct cmk_input in = {
        .kind = account_kind_find(kind),
        .edition = EDITION_CLASSIC, /* 2026 needs user-assigned identities: not yet served */
        .at_create = true,
        .key_given = key,
        .sku = sku};

    (void) c;
    if (!e || json_is_null(e) || strcasecmp(source, "Microsoft.CognitiveServices") == 0 ||
        (!source[0] && !key)) {
        return true;
    }
    return cmk_evaluate(&in, results) || cmk_refuse(results, reterr);
}

/* The identity is born and dies with its switch (id.disable-cuts). */
static void apply_identity(struct provider_call *c, struct kvdb_txn *txn, json_t *account)
{
    struct principal p;
    bool has = account_identity(txn, account, &p);
    const json_t *given = json_object_iget(c->body, "identity");

    if (!given || json_is_null(given)) {
        return;
    }
    if (wants_identity(c->body, has) && !has) {
        CLEANUP(free_str) char *id = NULL;

        if (asprintf(
                &id,
                "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.CognitiveServices/accounts/%s",
                json_text(account, "subscription"), json_text(account, "group"),
                json_text(account, "name")) < 0) {
            return;
        }
        directory_new_identity(txn, PRINCIPAL_SYSTEM_IDENTITY, c->subscription.tenant, id,
                               json_text(account, "name"), &p);
        (void) json_object_set_new(account, "identity",
                                   json_pack("{s:s,s:s,s:s}", "principalId", p.oid, "tenantId",
                                             p.tid, "type", "SystemAssigned"));
    } else if (!wants_identity(c->body, has)) {
        if (has) {
            (void) directory_del_principal(txn, p.oid);
        }
        (void) json_object_set_new(account, "identity", json_pack("{s:s}", "type", "None"));
    }
}

static bool apply_domain(struct kvdb_txn *txn, json_t *account, const json_t *props,
                         struct az_error *reterr)
{
    const char *domain = json_text(props, "customSubDomainName");

    if (!domain[0] || strcasecmp(domain, json_text(account, "domain")) == 0) {
        return true;
    }
    if (account_store_domain_taken(txn, domain)) {
        return az_fail(
            reterr, AZ_ERR_CUSTOM_DOMAIN_IN_USE,
            "Please pick a different name. The subdomain name '%s' is not available as it's already used by "
            "a resource.",
            domain);
    }
    account_store_del_domain(txn, json_text(account, "domain"));
    (void) json_object_set_new(account, "domain", json_string(domain));
    account_store_put_domain(txn, domain, account);
    return true;
}

/* Members of properties that are stored as they are given. */
static void copy_properties(json_t *account, const json_t *props)
{
    static const char *const names[] = {"customSubDomainName", "networkAcls",
                                        "publicNetworkAccess", "disableLocalAuth",
                                        "allowedFqdnList",     "restrictOutboundNetworkAccess",
                                        "userOwnedStorage",    "apiProperties",
                                        "migrationToken",      "dynamicThrottlingEnabled"};
    json_t *mine = json_object_get(account, "properties");

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_t *v = json_object_iget(props, names[i]);

        if (v && !json_is_null(v)) {
            (void) json_object_set(mine, names[i], v);
        }
    }
}

void account_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                   const json_t *props)
{
    const json_t *e = json_object_iget(props, "encryption");

    apply_identity(c, txn, account);
    copy_properties(account, props);
    if (strcasecmp(json_text(e, "keySource"), "Microsoft.CognitiveServices") == 0) {
        (void) json_object_set_new(json_object_get(account, "properties"), "encryption",
                                   json_pack("{s:s}", "keySource", "Microsoft.CognitiveServices"));
    }
}

bool account_update_by_put(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                           struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    const json_t *e = json_object_iget(props, "encryption");
    bool wrapped = json_object_get(json_object_get(account, "dek"), "wrapped") != NULL;

    if (json_is_object(e) && wrapped != (json_object_iget(e, "keyVaultProperties") != NULL)) {
        return az_fail(reterr, AZ_ERR_CMK_REFUSED,
                       "Change the encryption of an existing account with PATCH.");
    }
    if (!apply_domain(txn, account, props, reterr)) {
        return false;
    }
    apply_identity(c, txn, account);
    copy_properties(account, props);
    if (json_is_object(json_object_iget(c->body, "tags"))) {
        (void) json_object_set(account, "tags", json_object_iget(c->body, "tags"));
    }
    account_touch(c, account);
    if (!account_store_put(txn, account, false, reterr)) {
        return false;
    }
    AUTO_JSON *doc = account_json(c, account, "Succeeded", false);

    return provider_answer_json(c, 200, doc);
}

bool account_patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct patch *p = c->prepared;
    const json_t *props = json_object_iget(c->body, "properties");
    AUTO_JSON *account = NULL;
    bool slow;
    char id[512];

    if (!account_find(c, txn, &account, reterr)) {
        return false;
    }
    if (json_integer_value(json_object_get(account, "revision")) != p->revision) {
        c->retry_prepare = true;
        return true;
    }
    if (!apply_domain(txn, account, props, reterr)) {
        return false;
    }
    apply_identity(c, txn, account);
    copy_properties(account, props);
    if (p->dek) {
        (void) json_object_set(account, "dek", p->dek);
        dek_cache_forget(c->d->deks, json_text(account, "uid"));
    }
    if (p->encryption) {
        (void) json_object_set(json_object_get(account, "properties"), "encryption", p->encryption);
    }
    if (json_is_object(json_object_iget(c->body, "tags"))) {
        (void) json_object_set(account, "tags", json_object_iget(c->body, "tags"));
    }
    if (json_text(json_object_iget(c->body, "sku"), "name")[0]) {
        (void) json_object_set(account, "sku", json_object_iget(c->body, "sku"));
    }
    account_touch(c, account);
    if (!account_store_put(txn, account, false, reterr)) {
        return false;
    }
    slow = json_object_iget(c->body, "identity") || json_object_iget(props, "encryption") ||
           json_object_iget(props, "customSubDomainName");
    (void) snprintf(id, sizeof(id), "%s/%s/%s", json_text(account, "subscription"),
                    json_text(account, "group"), json_text(account, "name"));
    if (slow && !provider_lro_add(c, txn, "Microsoft.CognitiveServices",
                                  json_text(account, "location"), id, true, reterr)) {
        return false;
    }
    AUTO_JSON *doc = account_json(c, account, slow ? "Accepted" : "Succeeded", false);

    return provider_answer_json(c, slow ? 202 : 200, doc);
}
