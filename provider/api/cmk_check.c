/* SPDX-License-Identifier: MIT */
/* On the way to a refusal the vault is asked once more: the person learns every cause at once. */
#include "provider/api/cmk_check.h"

#include <string.h>

#include "common/json.h"
#include "provider/api/cmk_follow.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"

#define VAULT_AUDIENCE "https://vault.azure.net"

/* The data planes have no subscription in their path; an account may have been moved alone. */
static void take_tenant(struct provider_call *c, const json_t *account)
{
    struct kvdb_txn *txn = NULL;
    struct az_error ignored;

    if (!c->cmk_tenant[0] && kvdb_begin_read(c->d->db, &txn, &ignored)) {
        account_tenant(txn, account, c->cmk_tenant);
        kvdb_abort(txn);
    }
}

struct cmk_input cmk_input_of(struct provider_call *c, const json_t *account,
                              const struct key_identity *id, enum cmk_op op)
{
    if (op != CMK_OP_SERVE_TUNED) {
        take_tenant(c, account);
    }
    return (struct cmk_input){
        .op = op,
        .edition = c->d->edition,
        .now_s = c->now_ms / 1000,
        .kind = account_kind_find(json_text(account, "kind")),
        .sku = json_text(json_object_get(account, "sku"), "name"),
        .location = json_text(account, "location"),
        .tenant = c->cmk_tenant,
        .subscription = json_text(account, "subscription"),
        .bound = dek_is_wrapped(account),
        .left_behind = id->left_behind,
        .identity = id->there,
    };
}

bool cmk_judge(struct provider_call *c, const struct cmk_input *in, struct az_error *reterr)
{
    enum cmk_result results[CMK_RULE_COUNT];
    bool allowed = cmk_evaluate(in, results);

    rule_log_results(c->d, results);
    return allowed || cmk_refuse(results, reterr);
}

/* An unwrap that the vault has just granted proves these facts, and no others. */
static void facts_of_success(struct cmk_input *in, const json_t *dek)
{
    in->key_given = true;
    in->home = CMK_HOME_VAULT;
    in->vault_known = true;
    in->vault = (struct vault_facts){.exists = true, .identity_key_perms = CMK_PERM_UNWRAP};
    (void) snprintf(in->vault.tenant, sizeof(in->vault.tenant), "%s", in->tenant);
    in->key_known = true;
    in->key = (struct key_facts){.status = 200, .enabled = true, .unwrap = true};
    in->key.exp_s = json_integer_value(json_object_get(dek, "exp"));
}

/*
 * Of a key that the vault does not find. Versions are not deleted one by one
 * (rev.delete-whole-key): where the name is there without the version, it is another key's.
 */
static enum cmk_key_state state_of_missing(const struct vault_client *v, const json_t *dek,
                                           const char *token)
{
    const char *vault = json_text(dek, "vault");
    const char *key = json_text(dek, "key");
    enum cmk_key_state state = v->key_state(v->ctx, vault, key);
    struct key_facts again;
    struct az_error ignored;

    if (state == CMK_KEY_LIVE && token &&
        v->get_key(v->ctx, vault, key, json_text(dek, "version"), token, &again, &ignored) &&
        again.status == 404) {
        return CMK_KEY_LOST;
    }
    return state; /* live: it came back in this very moment */
}

static void facts_of_failure(struct provider_call *c, struct cmk_input *in, const json_t *dek,
                             const struct key_identity *id)
{
    const struct vault_client *v = c->d->vaults;
    const char *vault = json_text(dek, "vault");
    const struct principal *usable = key_identity_usable(id);
    CLEANUP(free_str) char *token = NULL;
    struct az_error ignored; /* the refusal that is already there counts */

    in->key_given = true;
    in->home = CMK_HOME_VAULT;
    in->vault_known = v->get_vault(v->ctx, vault, id->there ? id->p.oid : NULL,
                                   json_text(dek, "key"), &in->vault, &ignored);
    in->key_known = in->vault_known && in->vault.exists && usable &&
                    provider_mint_token(c->d, usable, VAULT_AUDIENCE, &token, &ignored) &&
                    v->get_key(v->ctx, vault, json_text(dek, "key"), json_text(dek, "version"),
                               token, &in->key, &ignored);
    if (in->key_known && in->key.status != 200 && in->key.status != 404) {
        in->key_known = false; /* the vault refused to say: nothing is known of the key */
    }
    if (!in->vault_known || !in->vault.exists || (in->key_known && in->key.status == 404)) {
        in->key_state = state_of_missing(v, dek, in->key_known ? token : NULL);
    }
}

/* What the stored data lies under (section A of the rules). */
static void note_layers(struct provider_call *c, const json_t *account, unsigned layers)
{
    bool added = dek_layers_of_kind(json_text(account, "kind")) > 1;

    if (!added) {
        rule_log_note(c->d, RULE_ENC_EITHER_OR, CMK_OBEYED);
        return;
    }
    rule_log_note(c->d, RULE_ENC_BASE_DOUBLE, layers > 1 ? CMK_OBEYED : CMK_BROKEN);
    rule_log_note(c->d, RULE_ENC_CMK_LAYER,
                  dek_is_wrapped(account) && layers > 1 ? CMK_OBEYED : CMK_BROKEN);
}

/* The text is ours: no document quotes the service's (life.lost-key). */
static void say_lost(const json_t *dek, const enum cmk_result results[CMK_RULE_COUNT],
                     struct az_error *err)
{
    if (results[RULE_LIFE_LOST_KEY] == CMK_BROKEN) {
        az_error_set_inner(err, AZ_ERR_CMK_ACCESS_DENIED, "CustomerManagedKeyLost",
                           "The customer-managed key '%s' of the key vault '%s' was deleted for "
                           "good: the data of this account can't be recovered.",
                           json_text(dek, "key"), json_text(dek, "vault"));
    }
}

static void note_refusal(struct provider_call *c, const json_t *account,
                         const enum cmk_result results[CMK_RULE_COUNT])
{
    (void) rule_log_was_refused(c->d, json_text(account, "uid"), true);
    if (results[RULE_LIFE_LOST_KEY] == CMK_BROKEN) {
        rule_log_note(c->d, RULE_REV_RESTORE, CMK_BROKEN);
    }
    if (results[RULE_LIFE_OLD_VERSION_NEEDED] == CMK_BROKEN) {
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_ACTION, CMK_BROKEN);
    }
}

static void note_success(struct provider_call *c, const json_t *account)
{
    if (json_is_true(json_object_get(json_object_get(account, "dek"), "rotated"))) {
        rule_log_note(c->d, RULE_LIFE_ROTATE_NO_ACTION, CMK_OBEYED);
    }
    if (rule_log_was_refused(c->d, json_text(account, "uid"), false)) {
        rule_log_note(c->d, RULE_REV_RESTORE, CMK_OBEYED);
    }
}

void cmk_check_data(struct provider_call *c, const json_t *account, const struct key_identity *id,
                    enum cmk_op op, bool opened, struct az_error *err)
{
    const json_t *dek = json_object_get(account, "dek");
    enum cmk_result results[CMK_RULE_COUNT];
    struct cmk_input in;

    in = cmk_input_of(c, account, id, op);
    if (!in.bound || (!opened && err->errc != AZ_ERR_CMK_ACCESS_DENIED)) {
        return; /* not the customer's key, or not its fault */
    }
    if (opened) {
        facts_of_success(&in, dek);
    } else {
        facts_of_failure(c, &in, dek, id);
    }
    if (cmk_evaluate(&in, results) && !opened) {
        return; /* access came back in this very moment */
    }
    rule_log_results(c->d, results);
    if (opened) {
        note_success(c, account);
        return;
    }
    say_lost(dek, results, err);
    cmk_name_broken(results, err);
    note_refusal(c, account, results);
}

bool cmk_open_data(struct provider_call *c, json_t *account, enum cmk_op op, struct data_keys *ret,
                   struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct key_identity id;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    key_identity_of(txn, account, &id);
    kvdb_abort(txn);
    ok = dek_open(c->d, account, &id, ret, reterr);
    cmk_check_data(c, account, &id, op, ok, reterr);
    if (ok) {
        note_layers(c, account, ret->n);
    }
    if (ok && json_is_true(json_object_get(json_object_get(account, "dek"), "follows"))) {
        cmk_follow_newest(c, account, &id);
    }
    return ok;
}

void cmk_check_serving(struct provider_call *c, const json_t *account, bool deployment_exists)
{
    const struct key_identity none = {0};
    struct cmk_input in = cmk_input_of(c, account, &none, CMK_OP_SERVE_TUNED);
    enum cmk_result results[CMK_RULE_COUNT];

    in.deployment_exists = deployment_exists;
    (void) cmk_evaluate(&in, results);
    rule_log_results(c->d, results);
}
