/* SPDX-License-Identifier: MIT */
/*
 * Vault records: 'v' NAME -> revision (8 bytes), JSON; 'a' subscription NAME -> "" for lists;
 * 'i' -> last uid; 'x' due, kind, uid, NAME -> "" for the sweep.
 */
#include "vault/store/vault_store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/domain/vault_json.h"
#include "vault/store/key_store.h"

#define DUE_VAULT 1u
#define DUE_KEY   2u

void store_upper(char *out, size_t size, const char *name)
{
    size_t i;

    for (i = 0; name[i] && i + 1 < size; i++) {
        out[i] = (char) toupper((unsigned char) name[i]);
    }
    out[i] = '\0';
}

static void vault_key(struct kvkey *k, const char *name)
{
    char upper[256];

    store_upper(upper, sizeof(upper), name);
    kvkey_init(k, 'v');
    kvkey_str(k, upper);
}

static void list_key(struct kvkey *k, const char *subscription, const char *name)
{
    char upper[256];

    store_upper(upper, sizeof(upper), subscription);
    kvkey_init(k, 'a');
    kvkey_str(k, upper);
    if (name) {
        store_upper(upper, sizeof(upper), name);
        kvkey_str(k, upper);
    }
}

void store_due_key(struct kvkey *k, int64_t due_s, unsigned kind, uint64_t vault_uid,
                   const char *name)
{
    char upper[256];

    store_upper(upper, sizeof(upper), name);
    kvkey_init(k, 'x');
    kvkey_u64(k, (uint64_t) due_s);
    kvkey_u64(k, kind);
    kvkey_u64(k, vault_uid);
    kvkey_str(k, upper);
}

uint64_t vault_store_revision(struct kvdb_txn *txn, const char *name)
{
    struct kvkey k;
    struct kvdb_val val;
    uint64_t revision = 0;

    vault_key(&k, name);
    if (kvdb_get(txn, &k, &val) && val.len > sizeof(revision)) {
        memcpy(&revision, val.data, sizeof(revision));
    }
    return revision;
}

bool vault_store_get(struct kvdb_txn *txn, const char *name, struct vault **ret,
                     struct az_error *reterr)
{
    struct kvkey k;
    struct kvdb_val val;

    *ret = NULL;
    vault_key(&k, name);
    if (!kvdb_get(txn, &k, &val)) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "reading vault %.24s", name);
    }
    AUTO_JSON *doc = json_loadb((const char *) val.data + 8, val.len - 8, 0, NULL);
    AUTO_VAULT *v = calloc(1, sizeof(*v));

    if (!v || !doc) {
        return az_fail_internal(reterr, "vault %.24s can't be read", name);
    }
    if (!vault_from_json(doc, v, reterr)) {
        return false;
    }
    *ret = take_ptr(v);
    return true;
}

static uint64_t next_uid(struct kvdb_txn *txn)
{
    struct kvkey k;
    struct kvdb_val val;
    uint64_t uid = 0;

    kvkey_init(&k, 'i');
    if (kvdb_get(txn, &k, &val) && val.len == sizeof(uid)) {
        memcpy(&uid, val.data, sizeof(uid));
    }
    uid++;
    kvdb_put(txn, &k, &uid, sizeof(uid));
    return uid;
}

bool vault_store_put(struct kvdb_txn *txn, struct vault *v, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct kvkey k;

    if (v->uid == 0) {
        v->uid = next_uid(txn);
    }
    /* Never the same twice, also when a purged vault's name is taken again. */
    v->revision = next_uid(txn);
    AUTO_JSON *doc = vault_to_json(v);

    buf_add(&text, &v->revision, sizeof(v->revision));
    if (!doc) {
        return az_fail_internal(reterr, "out of memory");
    }
    json_write(&text, doc);
    vault_key(&k, v->name);
    kvdb_put(txn, &k, text.data, text.len);
    list_key(&k, v->subscription, v->name);
    kvdb_put(txn, &k, "", 0);
    if (v->purge_at_s > 0) {
        store_due_key(&k, v->purge_at_s, DUE_VAULT, v->uid, v->name);
        kvdb_put(txn, &k, "", 0);
    }
    return (buf_ok(&text) && !kvdb_failed(txn)) ||
           az_fail_internal(reterr, "storing vault %s", v->name);
}

bool vault_store_purge(struct kvdb_txn *txn, const struct vault *v, struct az_error *reterr)
{
    struct kvkey k;

    key_store_purge_vault(txn, v->uid);
    vault_key(&k, v->name);
    (void) kvdb_del(txn, &k);
    list_key(&k, v->subscription, v->name);
    (void) kvdb_del(txn, &k);
    if (v->purge_at_s > 0) {
        store_due_key(&k, v->purge_at_s, DUE_VAULT, v->uid, v->name);
        (void) kvdb_del(txn, &k);
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "purging vault %s", v->name);
}

bool vault_store_each(struct kvdb_txn *txn, const char *subscription, const char *resource_group,
                      bool deleted, bool (*fn)(void *ctx, const struct vault *v), void *ctx,
                      struct az_error *reterr)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool ok = true;

    list_key(&prefix, subscription, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (ok && it && kvdb_iter_next(it, &key, &val)) {
        AUTO_VAULT *v = NULL;

        ok = vault_store_get(txn, (const char *) key.data + prefix.len, &v, reterr);
        if (ok && v && (v->deleted_s > 0) == deleted &&
            (!resource_group || strcasecmp(v->resource_group, resource_group) == 0) &&
            !fn(ctx, v)) {
            break;
        }
    }
    kvdb_iter_free(it);
    return ok && (!kvdb_failed(txn) || az_fail_internal(reterr, "listing vaults"));
}

static uint64_t be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* The first due entry: its kind, vault uid and name. */
static bool first_due(struct kvdb_txn *txn, int64_t now_s, struct kvkey *found, uint64_t *kind,
                      uint64_t *uid, const char **name)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool due;

    kvkey_init(&prefix, 'x');
    it = kvdb_iter_new(txn, &prefix, NULL);
    due = it && kvdb_iter_next(it, &key, &val) && key.len > 25 &&
          be64((const uint8_t *) key.data + 1) <= (uint64_t) now_s;
    if (due) {
        memcpy(found->data, key.data, key.len);
        found->len = key.len;
        found->failed = false;
        *kind = be64(found->data + 9);
        *uid = be64(found->data + 17);
        *name = (const char *) found->data + 25;
    }
    kvdb_iter_free(it);
    return due;
}

bool vault_store_due(struct kvdb_txn *txn, int64_t now_s)
{
    struct kvkey found;
    uint64_t kind;
    uint64_t uid;
    const char *name;

    return first_due(txn, now_s, &found, &kind, &uid, &name);
}

bool vault_store_sweep(struct kvdb_txn *txn, int64_t now_s, struct az_error *reterr)
{
    struct kvkey found;
    uint64_t kind;
    uint64_t uid;
    const char *name;

    while (first_due(txn, now_s, &found, &kind, &uid, &name)) {
        if (kind == DUE_KEY) {
            key_store_purge_deleted(txn, uid, name);
        } else {
            AUTO_VAULT *v = NULL;

            if (!vault_store_get(txn, name, &v, reterr)) {
                return false;
            }
            if (v && v->uid == uid && v->deleted_s > 0 && v->purge_at_s <= now_s &&
                !vault_store_purge(txn, v, reterr)) {
                return false;
            }
        }
        (void) kvdb_del(txn, &found);
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "the sweep failed");
}
