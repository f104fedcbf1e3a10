/* SPDX-License-Identifier: MIT */
/* The newest version of a key: looked for, wrapped under, stored. */
#include "provider/api/cmk_follow.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "provider/api/dek.h"
#include "provider/store/account_store.h"

#define VAULT_AUDIENCE "https://vault.azure.net"

struct cmk_rekey {
    json_t *account; /* as it was seen */
    json_t *dek;
};

void cmk_rekey_free(struct cmk_rekey *r)
{
    if (r) {
        json_decref(r->account);
        json_decref(r->dek);
        free(r);
    }
}

void cmk_follow_mark(json_t *dek, int64_t now_s)
{
    (void) json_object_set_new(dek, "follows", json_true());
    (void) json_object_set_new(dek, "followAt", json_integer(now_s + FOLLOW_EVERY_S));
}

void cmk_follow_newest(struct provider_call *c, json_t *account, const struct key_identity *id)
{
    const json_t *dek = json_object_get(account, "dek");
    const struct vault_client *v = c->d->vaults;
    const char *vault = json_text(dek, "vault");
    const char *key = json_text(dek, "key");
    struct dek_home to = {&id->p, vault, key, NULL};
    CLEANUP(free_str) char *token = NULL;
    struct key_facts newest;
    struct az_error ignored;
    json_t *wrapped = NULL;

    if (!key_identity_usable(id) ||
        !provider_mint_token(c->d, &id->p, VAULT_AUDIENCE, &token, &ignored) ||
        !v->get_key(v->ctx, vault, key, NULL, token, &newest, &ignored) || newest.status != 200 ||
        strcmp(newest.version, json_text(dek, "version")) == 0) {
        return;
    }
    to.version = newest.version;
    if (!dek_bind(c->d, account, id, &to, &wrapped, &ignored)) {
        return;
    }
    (void) json_object_set_new(wrapped, "exp", json_integer(newest.exp_s));
    (void) json_object_set_new(wrapped, "rotated", json_true());
    cmk_follow_mark(wrapped, c->now_ms / 1000);
    cmk_rekey_free(c->rekey);
    c->rekey = malloc(sizeof(*c->rekey));
    if (!c->rekey) {
        json_decref(wrapped);
        return;
    }
    *c->rekey = (struct cmk_rekey){json_incref(account), wrapped};
}

/* Only if the account is still bound as it was seen. */
bool cmk_store_rekey(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *seen = c->rekey ? c->rekey->account : NULL;
    AUTO_JSON *now = NULL;
    bool ok = true;

    if (!seen) {
        return true;
    }
    ok = account_store_get(txn, json_text(seen, "subscription"), json_text(seen, "group"),
                           json_text(seen, "name"), false, &now, reterr);
    if (ok && now && json_equal(json_object_get(now, "dek"), json_object_get(seen, "dek"))) {
        (void) json_object_set(now, "dek", c->rekey->dek);
        /* Whoever prepares a change of the binding has seen the former key. */
        (void) json_object_set_new(
            now, "revision",
            json_integer(json_integer_value(json_object_get(now, "revision")) + 1));
        dek_cache_forget(c->d->deks, json_text(now, "uid"));
        ok = account_store_put(txn, now, false, reterr);
    }
    cmk_rekey_free(c->rekey);
    c->rekey = NULL;
    return ok;
}

bool cmk_follow_due(struct provider_call *c, struct kvdb_txn *txn)
{
    return account_store_follow_due(txn, c->now_ms / 1000);
}

void cmk_follow_prepare(struct provider_call *c)
{
    struct kvdb_txn *txn = NULL;
    struct key_identity id;
    struct az_error ignored;
    bool deleted = false;

    json_decref(c->followed);
    c->followed = NULL;
    if (!kvdb_begin_read(c->d->db, &txn, &ignored)) {
        c->due_skip = true; /* the next request tries again */
        return;
    }
    c->followed = account_store_follow_first(txn, c->now_ms / 1000, &deleted);
    if (c->followed) {
        key_identity_of(txn, c->followed, &id);
    }
    kvdb_abort(txn);
    if (c->followed && !deleted) {
        cmk_follow_newest(c, c->followed, &id);
    }
}

/* Whatever came of it, the next look is a day away: an account whose key is out of reach does not
 * hold up the others. */
bool cmk_follow_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    bool deleted = false;

    if (!cmk_store_rekey(c, txn, reterr)) {
        return false;
    }
    account = account_store_follow_first(txn, c->now_ms / 1000, &deleted);
    if (!account) { /* done, by the line above or by somebody else; or the account is gone */
        account_store_follow_drop(txn, c->now_ms / 1000);
        return true;
    }
    if (!json_equal(account, c->followed)) {
        return true; /* another account's turn, or not the same any more: looked at next */
    }
    cmk_follow_mark(json_object_get(account, "dek"), c->now_ms / 1000);
    return account_store_put(txn, account, deleted, reterr);
}
