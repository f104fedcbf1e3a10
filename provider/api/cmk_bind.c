/* SPDX-License-Identifier: MIT */
/* Facts first, each asked for with the account's own token; then the verdicts; then the wrap. */
#include "provider/api/cmk_bind.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/cmk_approval.h"
#include "provider/api/cmk_follow.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"

void cmk_change_done(struct cmk_change *ch)
{
    json_decref(ch->dek);
    json_decref(ch->encryption);
    *ch = (struct cmk_change){0};
}

static bool is_type(const json_t *v, bool object, const char *member, struct az_error *reterr)
{
    if (!v || json_is_null(v) || (object ? json_is_object(v) : json_is_string(v))) {
        return true;
    }
    return az_fail_content(reterr, member, "properties.encryption: %s must be %s", member,
                           object ? "an object" : "a string");
}

bool cmk_check_shape(const json_t *e, struct az_error *reterr)
{
    static const char *const texts[] = {"keyVaultUri", "keyName", "keyVersion", "identityClientId"};
    const json_t *kvp = json_object_iget(e, "keyVaultProperties");

    if (!is_type(e, true, "encryption", reterr) ||
        !is_type(json_object_iget(e, "keySource"), false, "keySource", reterr) ||
        !is_type(kvp, true, "keyVaultProperties", reterr)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!is_type(json_object_iget(kvp, texts[i]), false, texts[i], reterr)) {
            return false;
        }
    }
    return true;
}

bool cmk_check_tier(struct provider_call *c, const json_t *account, const struct cmk_change *change,
                    const char *kind, const char *sku, struct az_error *reterr)
{
    enum cmk_result results[CMK_RULE_COUNT];
    bool bound =
        change->dek ? json_object_get(change->dek, "wrapped") != NULL : dek_is_wrapped(account);

    if (!bound || account_kind_has_cmk_sku(account_kind_find(kind), sku)) {
        return true;
    }
    for (unsigned i = 0; i < CMK_RULE_COUNT; i++) {
        results[i] = i == RULE_ENC_TIER ? CMK_BROKEN : CMK_NOT_APPLICABLE;
    }
    rule_log_results(c->d, results);
    return cmk_refuse(results, reterr);
}

bool cmk_asked_for(const json_t *e)
{
    const char *source = json_text(e, "keySource");

    return e && !json_is_null(e) && strcasecmp(source, "Microsoft.CognitiveServices") != 0 &&
           (source[0] || json_is_object(json_object_iget(e, "keyVaultProperties")));
}

static const struct key_identity *caller(const struct cmk_wish *w, const struct key_ref *ref)
{
    return ref->client_id[0] ? &w->user : &w->system;
}

static bool ask_key(struct provider_call *c, const struct principal *p, const struct key_ref *ref,
                    struct cmk_input *in, struct az_error *reterr)
{
    CLEANUP(free_str) char *token = NULL;

    in->key_known = true;
    return provider_mint_token(c->d, p, "https://vault.azure.net", &token, reterr) &&
           c->d->vaults->get_key(c->d->vaults->ctx, ref->vault, ref->name, ref->version, token,
                                 &in->key, reterr);
}

/* Facts for the rules, as far as they can be had. */
static bool gather(struct provider_call *c, const struct cmk_wish *w, const struct key_ref *ref,
                   struct cmk_input *in, struct az_error *reterr)
{
    const struct key_identity *id = caller(w, ref);
    const struct principal *p = key_identity_usable(id);

    if (!ref->given || ref->home != CMK_HOME_VAULT) {
        return true;
    }
    in->vault_known = true;
    if (!c->d->vaults->get_vault(c->d->vaults->ctx, ref->vault, id->there ? id->p.oid : NULL,
                                 ref->name, &in->vault, reterr)) {
        return false;
    }
    if (!w->grant || !in->vault.exists || !p) {
        return !in->vault.exists || !p || ask_key(c, p, ref, in, reterr);
    }
    /* The portal's way: the permissions are about to be given, so only the rest is judged yet. */
    if (!in->vault.rbac) {
        in->vault.identity_key_perms |= CMK_PERM_ALL;
    }
    return cmk_judge(c, in, reterr) && w->grant(c, &in->vault, p, reterr) &&
           ask_key(c, p, ref, in, reterr);
}

/* What the binding is to the one there is. */
static enum cmk_op binding_op(const struct cmk_wish *w, const struct key_ref *ref)
{
    const json_t *dek = json_object_get(w->account, "dek");

    if (w->at_create) {
        return CMK_OP_CREATE;
    }
    if (!dek_is_wrapped(w->account)) {
        return CMK_OP_ENABLE;
    }
    return strcasecmp(json_text(dek, "vault"), ref->vault) == 0 &&
                   strcasecmp(json_text(dek, "key"), ref->name) == 0
               ? CMK_OP_UPDATE_VERSION
               : CMK_OP_OTHER_KEY;
}

/* Accepted by kv.key-vault-only in the edition 2026; there is none here. */
static bool no_managed_hsm(struct az_error *reterr)
{
    return az_fail_inner(reterr, AZ_ERR_CMK_REFUSED, "ManagedHsmNotSimulated",
                         "The key is in a Managed HSM, which this edition allows, but no Managed "
                         "HSM is simulated here: use a key vault.");
}

static bool judge(struct provider_call *c, const struct cmk_wish *w, const struct key_ref *ref,
                  struct cmk_input *in, struct az_error *reterr)
{
    const struct key_identity *id = caller(w, ref);

    *in = cmk_input_of(c, w->account, id, binding_op(w, ref));
    in->identity = w->system.there && w->system_stays;
    in->approval = cmk_approval_state(c, json_text(w->account, "subscription"));
    in->key_given = ref->given;
    in->home = ref->home;
    in->client_id_given = ref->client_id[0] != '\0';
    in->client_id_known = w->user.there;
    in->given_subscription = w->given_subscription;
    return gather(c, w, ref, in, reterr) && cmk_judge(c, in, reterr) &&
           (in->home != CMK_HOME_MANAGED_HSM || no_managed_hsm(reterr));
}

/* enc.either-or: what the one key protected until now, the other does from now on. */
static void note_change_of_key(struct provider_call *c, const json_t *account)
{
    if (dek_layers_of_kind(json_text(account, "kind")) == 1) {
        rule_log_note(c->d, RULE_ENC_EITHER_OR, CMK_BROKEN);
    }
}

/* What a binding that was refused (or not) shows of the rules that are no judgements. */
static void note_binding(struct provider_call *c, const struct cmk_wish *w,
                         const struct key_ref *ref, const struct cmk_input *in, bool ok)
{
    const json_t *dek = json_object_get(w->account, "dek");
    enum cmk_result verdict = ok ? CMK_OBEYED : CMK_BROKEN;
    bool same = strcmp(json_text(dek, "version"), in->key.version) == 0;

    if (in->op == CMK_OP_ENABLE) {
        rule_log_note(c->d, RULE_ENC_ENABLE_EXISTING, verdict);
        if (ok) {
            note_change_of_key(c, w->account);
        }
    } else if (in->op == CMK_OP_OTHER_KEY) {
        rule_log_note(c->d, RULE_LIFE_OTHER_KEY, verdict);
    } else if (in->op == CMK_OP_UPDATE_VERSION && ok && same) {
        rule_log_note(c->d, RULE_LIFE_UPDATE_VERSION, CMK_BROKEN);
    } else if (in->op == CMK_OP_UPDATE_VERSION && ok) {
        rule_log_note(c->d, RULE_LIFE_UPDATE_VERSION, CMK_OBEYED);
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_REENCRYPT, CMK_OBEYED);
    } else if (in->op == CMK_OP_UPDATE_VERSION) {
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_REENCRYPT, CMK_BROKEN);
    }
    if (ok && !ref->version[0]) {
        rule_log_note(c->d, RULE_KEY_SELECT, CMK_OBEYED);
    } else if (in->key_known && in->key.status == 404) {
        rule_log_note(c->d, RULE_KEY_SELECT, CMK_BROKEN);
    }
    if (!w->at_create && !w->grant && !in->identity && !ref->client_id[0]) {
        rule_log_note(c->d, RULE_ID_ENABLED_BY_CMK, CMK_BROKEN);
    } else if (w->grant && ok) {
        rule_log_note(c->d, RULE_ID_ENABLED_BY_CMK, CMK_OBEYED);
    }
}

/* As it is stored; an answer renders the vault's URI in its own family of names. */
static json_t *stored_encryption(const struct key_ref *ref, const char *version, bool follows)
{
    json_t *kvp = json_pack("{s:s,s:s,s:s}", "keyName", ref->name, "keyVersion",
                            follows ? "" : version, "keyVaultUri", ref->slash ? "/" : "");

    if (follows && !ref->version_empty) {
        (void) json_object_del(kvp, "keyVersion");
    }
    if (ref->client_id[0]) {
        (void) json_object_set_new(kvp, "identityClientId", json_string(ref->client_id));
    }
    return json_pack("{s:o,s:s}", "keyVaultProperties", kvp, "keySource", "Microsoft.KeyVault");
}

static bool rewrap(struct provider_call *c, const struct cmk_wish *w, const struct key_ref *ref,
                   const struct cmk_input *in, struct cmk_change *ret, struct az_error *reterr)
{
    /* The version that is current now is the one that is used from here on (key.select); in the
     * edition 2026 an account that names none follows the newest (cmk_follow.h). */
    const struct dek_home to = {&caller(w, ref)->p, ref->vault, ref->name, in->key.version};
    bool follows = c->d->edition == EDITION_2026 && !ref->version[0];

    if (!dek_bind(c->d, w->account, &w->now, &to, &ret->dek, reterr)) {
        /* The key in use until now may be the one that is out of reach. */
        cmk_check_data(c, w->account, &w->now, CMK_OP_WRITE, false, reterr);
        return false;
    }
    /* For rev.expired and life.rotate-no-action, which are seen when data is used. */
    (void) json_object_set_new(ret->dek, "exp", json_integer(in->key.exp_s));
    (void) json_object_set_new(ret->dek, "rotated", json_boolean(in->op == CMK_OP_UPDATE_VERSION));
    if (follows) {
        cmk_follow_mark(ret->dek, c->now_ms / 1000);
    }
    ret->encryption = stored_encryption(ref, in->key.version, follows);
    return ret->encryption || az_fail_internal(reterr, "out of memory");
}

static bool refuse_ref(struct provider_call *c, const char *why, bool version_wrong,
                       struct az_error *reterr)
{
    enum cmk_rule_id id = version_wrong ? RULE_KEY_SELECT : RULE_KEY_URI;

    rule_log_note(c->d, id, CMK_BROKEN);
    (void) az_fail_inner(reterr, AZ_ERR_CMK_REFUSED, "CustomerManagedKeyRuleBroken", "%s", why);
    reterr->rule = cmk_rule_at(id)->id;
    reterr->broken[0].rule = reterr->rule;
    reterr->broken[0].message = why;
    return false;
}

static bool bind(struct provider_call *c, const struct cmk_wish *w, const json_t *encryption,
                 struct cmk_change *ret, struct az_error *reterr)
{
    const json_t *kvp = json_object_iget(encryption, "keyVaultProperties");
    bool version_wrong = false;
    const char *why = "";
    struct key_ref ref;
    struct cmk_input in;
    bool ok;

    if (!key_ref_parse(&c->d->names, kvp, &ref, &why, &version_wrong)) {
        return refuse_ref(c, why, version_wrong, reterr);
    }
    ok = judge(c, w, &ref, &in, reterr) && rewrap(c, w, &ref, &in, ret, reterr);
    note_binding(c, w, &ref, &in, ok);
    return ok;
}

static bool unbind(struct provider_call *c, const struct cmk_wish *w, struct cmk_change *ret,
                   struct az_error *reterr)
{
    bool ok = dek_unbind(c->d, w->account, &w->now, &ret->dek, reterr);

    cmk_check_data(c, w->account, &w->now, CMK_OP_DISABLE, ok, reterr);
    rule_log_note(c->d, RULE_ENC_DISABLE, ok ? CMK_OBEYED : CMK_BROKEN);
    ret->encryption = ok ? json_pack("{s:s}", "keySource", "Microsoft.CognitiveServices") : NULL;
    return ok;
}

bool cmk_change_prepare(struct provider_call *c, const struct cmk_wish *w, const json_t *encryption,
                        struct cmk_change *ret, struct az_error *reterr)
{
    const char *source = json_text(encryption, "keySource");

    if (!cmk_check_shape(encryption, reterr)) {
        return false;
    }
    if (cmk_asked_for(encryption)) {
        return strcasecmp(source, "Microsoft.KeyVault") == 0 || !source[0]
                   ? bind(c, w, encryption, ret, reterr)
                   : az_fail(reterr, AZ_ERR_CMK_REFUSED,
                             "keySource is Microsoft.CognitiveServices or Microsoft.KeyVault.");
    }
    if (!source[0]) {
        return true;
    }
    if (!dek_is_wrapped(w->account)) {
        rule_log_note(c->d, RULE_ENC_DISABLE, CMK_BROKEN); /* nothing to disable */
        return true;
    }
    return unbind(c, w, ret, reterr);
}
