/* SPDX-License-Identifier: MIT */
/* Key records over kvdb. Names are upper-cased in keys: lists come out in the recorded order. */
#include "vault/store/key_store.h"

#include <string.h>

#include "vault/store/vault_store.h"

static void make_key(struct kvkey *k, char record_class, uint64_t uid, const char *name,
                     const char *version)
{
    char upper[256];

    kvkey_init(k, record_class);
    kvkey_u64(k, uid);
    if (name) {
        store_upper(upper, sizeof(upper), name);
        kvkey_str(k, upper);
    }
    if (version) {
        kvkey_str(k, version);
    }
}

bool key_store_head(struct kvdb_txn *txn, uint64_t uid, const char *name, bool deleted,
                    struct key_head *ret)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, deleted ? 'D' : 'K', uid, name, NULL);
    if (!kvdb_get(txn, &k, &val) || val.len != sizeof(*ret)) {
        return false;
    }
    memcpy(ret, val.data, sizeof(*ret));
    return true;
}

void key_store_put_head(struct kvdb_txn *txn, uint64_t uid, const struct key_head *head)
{
    bool deleted = head->deleted_s > 0;
    struct kvkey k;

    make_key(&k, deleted ? 'D' : 'K', uid, head->name, NULL);
    kvdb_put(txn, &k, head, sizeof(*head));
    make_key(&k, deleted ? 'K' : 'D', uid, head->name, NULL);
    (void) kvdb_del(txn, &k);
    if (deleted && head->purge_s > 0) {
        store_due_key(&k, head->purge_s, STORE_DUE_KEY, uid, head->name);
        kvdb_put(txn, &k, "", 0);
    }
}

/* Removes everything under a prefix. */
static void remove_all(struct kvdb_txn *txn, const struct kvkey *prefix)
{
    for (;;) {
        struct kvdb_iter *it = kvdb_iter_new(txn, prefix, NULL);
        struct kvdb_val key;
        struct kvdb_val val;
        struct kvkey k = {.failed = false};
        bool more = it && kvdb_iter_next(it, &key, &val);

        if (more) {
            memcpy(k.data, key.data, key.len);
            k.len = key.len;
        }
        kvdb_iter_free(it);
        if (!more || !kvdb_del(txn, &k)) {
            return;
        }
    }
}

void key_store_remove(struct kvdb_txn *txn, uint64_t uid, const char *name, bool with_versions)
{
    struct key_head head;
    struct kvkey k;

    if (key_store_head(txn, uid, name, true, &head) && head.purge_s > 0) {
        store_due_key(&k, head.purge_s, STORE_DUE_KEY, uid, name);
        (void) kvdb_del(txn, &k);
    }
    make_key(&k, 'K', uid, name, NULL);
    (void) kvdb_del(txn, &k);
    make_key(&k, 'D', uid, name, NULL);
    (void) kvdb_del(txn, &k);
    if (with_versions) {
        make_key(&k, 'R', uid, name, NULL);
        (void) kvdb_del(txn, &k);
        make_key(&k, 'V', uid, name, NULL);
        remove_all(txn, &k);
    }
}

bool key_store_version(struct kvdb_txn *txn, uint64_t uid, const char *name, const char *version,
                       struct key_version *ret)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, 'V', uid, name, version);
    return kvdb_get(txn, &k, &val) && key_version_decode(val.data, val.len, ret);
}

bool key_store_put_version(struct kvdb_txn *txn, uint64_t uid, const char *name,
                           const struct key_version *v, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct kvkey k;

    make_key(&k, 'V', uid, name, v->meta.version);
    if (!key_version_encode(v, &text)) {
        return az_fail_internal(reterr, "out of memory");
    }
    kvdb_put(txn, &k, text.data, text.len);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing a key version");
}

struct kvdb_iter *key_store_heads(struct kvdb_txn *txn, uint64_t uid, bool deleted,
                                  const char *from)
{
    struct kvkey prefix;
    struct kvkey start;

    make_key(&prefix, deleted ? 'D' : 'K', uid, NULL, NULL);
    make_key(&start, deleted ? 'D' : 'K', uid, from, NULL);
    return kvdb_iter_new(txn, &prefix, from ? &start : NULL);
}

bool key_store_next_head(struct kvdb_iter *it, struct key_head *ret)
{
    struct kvdb_val key;
    struct kvdb_val val;

    if (!kvdb_iter_next(it, &key, &val) || val.len != sizeof(*ret)) {
        return false;
    }
    memcpy(ret, val.data, sizeof(*ret));
    return true;
}

struct kvdb_iter *key_store_versions(struct kvdb_txn *txn, uint64_t uid, const char *name,
                                     const char *from)
{
    struct kvkey prefix;
    struct kvkey start;

    make_key(&prefix, 'V', uid, name, NULL);
    make_key(&start, 'V', uid, name, from);
    return kvdb_iter_new(txn, &prefix, from ? &start : NULL);
}

bool key_store_next_version(struct kvdb_iter *it, struct key_version *ret)
{
    struct kvdb_val key;
    struct kvdb_val val;

    return kvdb_iter_next(it, &key, &val) && key_version_decode(val.data, val.len, ret);
}

struct str_view key_store_policy(struct kvdb_txn *txn, uint64_t uid, const char *name)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, 'R', uid, name, NULL);
    if (!kvdb_get(txn, &k, &val)) {
        return (struct str_view){NULL, 0};
    }
    return (struct str_view){val.data, val.len};
}

void key_store_put_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                          struct str_view text)
{
    struct kvkey k;

    make_key(&k, 'R', uid, name, NULL);
    kvdb_put(txn, &k, text.ptr, text.len);
}

void key_store_purge_vault(struct kvdb_txn *txn, uint64_t vault_uid)
{
    static const char classes[] = {'K', 'D', 'V', 'R'};
    struct kvkey k;

    for (size_t i = 0; i < sizeof(classes); i++) {
        make_key(&k, classes[i], vault_uid, NULL, NULL);
        remove_all(txn, &k);
    }
}

void key_store_purge_deleted(struct kvdb_txn *txn, uint64_t vault_uid, const char *name)
{
    struct key_head head;

    if (key_store_head(txn, vault_uid, name, true, &head)) {
        key_store_remove(txn, vault_uid, name, true);
    }
}
