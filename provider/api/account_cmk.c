/* SPDX-License-Identifier: MIT */
/*
 * PUT and PATCH of an account, as far as they are about its encryption: prepare gathers facts and
 * wraps the data key; the write stores key and binding together, or nothing.
 */
#include "provider/api/account_cmk.h"

#include <string.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_bind.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/store/account_store.h"

static void prepared_free(void *p)
{
    struct account_prepared *a = p;

    cmk_change_done(&a->change);
    free(a);
}

static struct account_prepared *prepared_new(struct provider_call *c)
{
    struct account_prepared *p = calloc(1, sizeof(*p));

    if (c->prepared) {
        c->prepared_free(c->prepared);
    }
    c->prepared = p;
    c->prepared_free = prepared_free;
    return p;
}

static const json_t *encryption_of(const struct provider_call *c)
{
    return json_object_iget(json_object_iget(c->body, "properties"), "encryption");
}

static void fill_wish(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                      struct cmk_wish *w)
{
    const json_t *kvp = json_object_iget(encryption_of(c), "keyVaultProperties");
    struct principal p;

    *w = (struct cmk_wish){.account = account};
    key_identity_of(txn, account, &w->now);
    if (account_identity(txn, account, &p)) {
        key_identity_set(txn, account, &p, &w->system);
    }
    w->system_stays = account_wants_system_identity(c->body, w->system.there);
    if (account_user_identity_after(txn, account, c->body, json_text(kvp, "identityClientId"),
                                    &p)) {
        key_identity_set(txn, account, &p, &w->user);
    }
}

static bool prepare_update(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                           struct account_prepared *p, struct cmk_wish *w, struct az_error *reterr)
{
    if (!account_match(c, account, reterr) || !account_ready(c, account, reterr) ||
        !account_check(c, txn, account, reterr)) {
        return false;
    }
    p->revision = json_integer_value(json_object_get(account, "revision"));
    fill_wish(c, txn, account, w);
    return true;
}

bool account_patch_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct account_prepared *p = prepared_new(c);
    struct kvdb_txn *txn = NULL;
    struct cmk_wish w = {0};
    AUTO_JSON *account = NULL;
    bool ok;

    if (!p) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = account_find(c, txn, &account, reterr) && prepare_update(c, txn, account, p, &w, reterr);
    kvdb_abort(txn);
    return ok && cmk_change_prepare(c, &w, encryption_of(c), &p->change, reterr);
}

/* The account that a create would make, as far as a binding looks at it. */
static json_t *draft(struct provider_call *c, const char *uid, const char *region, json_t *dek)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:{s:s}}", "uid", uid, "subscription",
                     c->subscription.id, "group", provider_param(c, 1), "name",
                     provider_param(c, 2), "location", region, "kind", json_text(c->body, "kind"),
                     "dek", dek, "sku", "name",
                     json_text(json_object_iget(c->body, "sku"), "name"));
}

/* enc.no-cmk-at-create and its kin; edition 2026: the binding itself. */
static bool prepare_create(struct provider_call *c, struct account_prepared *p,
                           struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct cmk_wish w = {0};
    AUTO_JSON *account = NULL;
    json_t *dek = NULL;
    char region[32];
    bool ok;

    guid_random(p->uid);
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = account_check_create(c, txn, region, reterr) &&
         dek_new(c->d, p->uid, dek_layers_of_kind(json_text(c->body, "kind")), &dek, reterr);
    account = ok ? draft(c, p->uid, region, dek) : NULL;
    if (account) {
        fill_wish(c, txn, account, &w);
        w.at_create = true;
    }
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    rule_log_note(c->d, RULE_ENC_DEFAULT_MMK, CMK_BROKEN);
    return account ? cmk_change_prepare(c, &w, encryption_of(c), &p->change, reterr)
                   : az_fail_internal(reterr, "out of memory");
}

bool account_put_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct account_prepared *p = prepared_new(c);
    struct kvdb_txn *txn = NULL;
    struct cmk_wish w = {0};
    AUTO_JSON *live = NULL;
    AUTO_JSON *deleted = NULL;
    bool ok;

    if (!p) {
        return az_fail_internal(reterr, "out of memory");
    }
    p->revision = ACCOUNT_NONE;
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = account_find_both(c, txn, &live, &deleted, reterr) &&
         (!live ||
          (account_check_place(c, live, reterr) && prepare_update(c, txn, live, p, &w, reterr)));
    kvdb_abort(txn);
    if (!ok || deleted) {
        p->revision = ACCOUNT_DELETED;
        return ok; /* restored as it was */
    }
    if (live) {
        return cmk_change_prepare(c, &w, encryption_of(c), &p->change, reterr);
    }
    return !cmk_asked_for(encryption_of(c)) || prepare_create(c, p, reterr);
}

bool account_patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct account_prepared *p = c->prepared;
    AUTO_JSON *account = NULL;

    if (!account_find(c, txn, &account, reterr)) {
        return false;
    }
    if (json_integer_value(json_object_get(account, "revision")) != p->revision) {
        c->retry_prepare = true;
        return true;
    }
    return account_update(c, txn, account, &p->change, reterr);
}
