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
#include "provider/api/cmk_check.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"

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
static enum cmk_home home_of_uri(struct provider_call *c, const char *uri, char out[LABEL_MAX])
{
    static const char hsm[] = ".managedhsm.azure.net";
    struct site site;
    const char *host = strncasecmp(uri, "https://", 8) == 0 ? uri + 8 : "";
    size_t len = strcspn(host, "/?#");

    if (len > sizeof(hsm) && strncasecmp(host + len - strlen(hsm), hsm, strlen(hsm)) == 0) {
        return CMK_HOME_MANAGED_HSM;
    }
    if (!site_from_host(&c->d->names, (struct str_view){host, len}, &site) ||
        site.service != SVC_VAULT) {
        return CMK_HOME_ELSEWHERE;
    }
    (void) snprintf(out, LABEL_MAX, "%s", site.label);
    return CMK_HOME_VAULT;
}

/* Facts for the rules, as far as they can be had: each is asked for with the account's own token.
 */
static bool gather(struct provider_call *c, const struct principal *identity, const char *vault,
                   const char *key, const char *version, struct cmk_input *in,
                   struct az_error *reterr)
{
    CLEANUP(free_str) char *token = NULL;

    in->vault_known = in->key_given && in->home != CMK_HOME_ELSEWHERE;
    if (!in->vault_known || in->home == CMK_HOME_MANAGED_HSM) {
        return true; /* Managed HSMs are not simulated: none exists */
    }
    if (!c->d->vaults->get_vault(c->d->vaults->ctx, vault, identity ? identity->oid : NULL,
                                 &in->vault, reterr)) {
        return false;
    }
    if (!in->vault.exists || !identity) {
        return true;
    }
    in->key_known = true;
    return provider_mint_token(c->d, identity, "https://vault.azure.net", &token, reterr) &&
           c->d->vaults->get_key(c->d->vaults->ctx, vault, key, version, token, &in->key, reterr);
}

/* A key pasted as one URI, or as keyVaultUri, keyName, keyVersion. */
struct key_ref {
    char vault[LABEL_MAX];
    char name[128];
    char version[64];
    bool given, with_client_id;
    enum cmk_home home;
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
    r->home = home_of_uri(c, uri, r->vault);
    r->with_client_id = json_text(kvp, "identityClientId")[0] != '\0';
}

/* What the binding is to the one there is. */
static enum cmk_op binding_op(const json_t *account, const struct key_ref *ref)
{
    const json_t *dek = json_object_get(account, "dek");

    if (!json_object_get(dek, "wrapped")) {
        return CMK_OP_ENABLE;
    }
    return strcasecmp(json_text(dek, "vault"), ref->vault) == 0 &&
                   strcasecmp(json_text(dek, "key"), ref->name) == 0
               ? CMK_OP_UPDATE_VERSION
               : CMK_OP_OTHER_KEY;
}

static bool judge(struct provider_call *c, const json_t *account, const struct principal *identity,
                  const struct key_ref *ref, struct cmk_input *in, struct az_error *reterr)
{
    *in = cmk_input_of(c, account, identity, binding_op(account, ref));
    in->key_given = ref->given;
    in->home = ref->home;
    in->client_id_given = ref->with_client_id;
    return gather(c, identity, ref->vault, ref->name, ref->version, in, reterr) &&
           cmk_judge(c, in, reterr);
}

/* What a binding that was refused (or not) shows of the rules that are no judgements. */
static void note_binding(struct provider_call *c, const json_t *account, const struct key_ref *ref,
                         const struct cmk_input *in, bool ok)
{
    enum cmk_result verdict = ok ? CMK_OBEYED : CMK_BROKEN;
    bool same = strcmp(json_text(json_object_get(account, "dek"), "version"), in->key.version) == 0;

    if (in->op == CMK_OP_ENABLE) {
        rule_log_note(c->d, RULE_ENC_ENABLE_EXISTING, verdict);
    } else if (in->op == CMK_OP_OTHER_KEY) {
        rule_log_note(c->d, RULE_LIFE_OTHER_KEY, verdict);
    } else if (ok && same) {
        rule_log_note(c->d, RULE_LIFE_UPDATE_VERSION, CMK_BROKEN);
    } else if (ok) {
        rule_log_note(c->d, RULE_LIFE_UPDATE_VERSION, CMK_OBEYED);
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_REENCRYPT, CMK_OBEYED);
    } else {
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_REENCRYPT, CMK_BROKEN);
    }
    if (ok && !ref->version[0]) {
        rule_log_note(c->d, RULE_KEY_SELECT, CMK_OBEYED);
    } else if (in->key_known && in->key.status == 404) {
        rule_log_note(c->d, RULE_KEY_SELECT, CMK_BROKEN);
    }
    if (in->op != CMK_OP_CREATE && !in->identity) {
        rule_log_note(c->d, RULE_ID_ENABLED_BY_CMK, CMK_BROKEN);
    }
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
        note_binding(c, account, &ref, &in, false);
        return false;
    }
    /* The version that is current now is the one that is used from here on (key.select). */
    ok = dek_open(c->d, account, old_identity, key, reterr) &&
         dek_wrap(c->d, identity, ref.vault, ref.name, in.key.version, key, &p->dek, reterr);
    OPENSSL_cleanse(key, sizeof(key));
    note_binding(c, account, &ref, &in, ok);
    if (ok) {
        /* For rev.expired and life.rotate-no-action, which are seen when data is used. */
        (void) json_object_set_new(p->dek, "exp", json_integer(in.key.exp_s));
        (void) json_object_set_new(p->dek, "rotated", json_boolean(in.op == CMK_OP_UPDATE_VERSION));
    }
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
    bool open = dek_open(c->d, account, identity, key, reterr);
    bool ok;

    cmk_check_data(c, account, identity, CMK_OP_DISABLE, open, reterr);
    ok = open && dek_seal(c->d, json_text(account, "uid"), key, &p->dek, reterr);
    OPENSSL_cleanse(key, sizeof(key));
    rule_log_note(c->d, RULE_ENC_DISABLE, ok ? CMK_OBEYED : CMK_BROKEN);
    p->encryption = ok ? json_pack("{s:s}", "keySource", "Microsoft.CognitiveServices") : NULL;
    return ok;
}

static bool prepare_encryption(struct provider_call *c, const json_t *account,
                               const struct principal *identity, struct patch *p,
                               struct az_error *reterr)
{
    const json_t *encryption =
        json_object_iget(json_object_iget(c->body, "properties"), "encryption");
    const char *source = json_text(encryption, "keySource");
    bool wrapped = json_object_get(json_object_get(account, "dek"), "wrapped") != NULL;
    bool keep = account_wants_system_identity(c->body, identity != NULL);

    if (!encryption || json_is_null(encryption)) {
        return true;
    }
    if (strcasecmp(source, "Microsoft.CognitiveServices") == 0) {
        if (!wrapped) {
            rule_log_note(c->d, RULE_ENC_DISABLE, CMK_BROKEN);
            return true;
        }
        return unbind(c, account, identity, p, reterr);
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
    ok = account_find(c, txn, &account, reterr) && account_match(c, account, reterr) &&
         account_check(c, txn, account, reterr);
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
    struct cmk_input in = {
        .op = CMK_OP_CREATE,
        .kind = account_kind_find(kind),
        .edition = EDITION_CLASSIC, /* 2026 needs user-assigned identities: not yet served */
        .key_given = key,
        .home = CMK_HOME_VAULT,
        .sku = sku};

    if (!e || json_is_null(e) || strcasecmp(source, "Microsoft.CognitiveServices") == 0 ||
        (!source[0] && !key)) {
        rule_log_note(c->d, RULE_ENC_DEFAULT_MMK, CMK_OBEYED);
        return true;
    }
    rule_log_note(c->d, RULE_ENC_DEFAULT_MMK, CMK_BROKEN);
    return cmk_judge(c, &in, reterr);
}

bool account_patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct patch *p = c->prepared;
    AUTO_JSON *account = NULL;

    if (!account_find(c, txn, &account, reterr)) {
        return false;
    }
    if (json_integer_value(json_object_get(account, "revision")) != p->revision) {
        c->retry_prepare = true;
        return true;
    }
    return account_update(c, txn, account, p->dek, p->encryption, reterr);
}
