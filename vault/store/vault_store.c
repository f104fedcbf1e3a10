/* SPDX-License-Identifier: MIT */
/*
 * Vault records: 'v' NAME -> revision (8 bytes), JSON; 'a' subscription NAME -> "" for lists;
 * 'i' -> last uid; 'u' uid -> NAME.
 */
#include "vault/store/vault_store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/domain/vault_json.h"
#include "vault/store/due.h"
#include "vault/store/key_store.h"

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

static void uid_key(struct kvkey *k, uint64_t uid)
{
    kvkey_init(k, 'u');
    kvkey_u64(k, uid);
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
    AUTO_JSON *doc = val.len > sizeof(uint64_t)
                         ? json_loadb((const char *) val.data + sizeof(uint64_t),
                                      val.len - sizeof(uint64_t), 0, NULL)
                         : NULL;
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
    uid_key(&k, v->uid);
    kvdb_put(txn, &k, v->name, strlen(v->name) + 1);
    due_put(txn, v->purge_at_s, DUE_VAULT_PURGE, v->uid, v->name);
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
    uid_key(&k, v->uid);
    (void) kvdb_del(txn, &k);
    due_drop(txn, v->purge_at_s, DUE_VAULT_PURGE, v->uid, v->name);
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

bool vault_store_by_uid(struct kvdb_txn *txn, uint64_t uid, struct vault **ret,
                        struct az_error *reterr)
{
    struct kvkey k;
    struct kvdb_val val;
    char name[VAULT_NAME_MAX + 1];

    *ret = NULL;
    uid_key(&k, uid);
    if (!kvdb_get(txn, &k, &val) || val.len > sizeof(name)) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "finding a vault");
    }
    memcpy(name, val.data, val.len);
    return vault_store_get(txn, name, ret, reterr);
}
