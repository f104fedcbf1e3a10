/* SPDX-License-Identifier: MIT */
/* Key records over kvdb. Names are upper-cased in keys: lists come out in the recorded order. */
#include "vault/store/key_store.h"

#include <string.h>

#include "vault/store/due.h"
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

/* The entries that a head has in the due index: put or dropped, all of them. */
static void index_head(struct kvdb_txn *txn, uint64_t uid, const struct key_head *head,
                       void (*act)(struct kvdb_txn *, int64_t, enum due_kind, uint64_t,
                                   const char *))
{
    act(txn, head->purge_s, DUE_KEY_PURGE, uid, head->name);
    act(txn, head->settle_s, DUE_KEY_SETTLE, uid, head->name);
    act(txn, head->due.rotate_s, DUE_KEY_ROTATE, uid, head->name);
    act(txn, head->due.near_expiry_s, DUE_KEY_NEAR_EXPIRY, uid, head->name);
    act(txn, head->due.expired_s, DUE_KEY_EXPIRED, uid, head->name);
}

/* Removes the head, wherever it is, and its entries. */
static void drop_head(struct kvdb_txn *txn, uint64_t uid, const char *name)
{
    struct key_head old;
    struct kvkey k;

    for (int deleted = 0; deleted <= 1; deleted++) {
        if (key_store_head(txn, uid, name, deleted, &old)) {
            index_head(txn, uid, &old, due_drop);
            make_key(&k, deleted ? 'D' : 'K', uid, name, NULL);
            (void) kvdb_del(txn, &k);
        }
    }
}

void key_store_put_head(struct kvdb_txn *txn, uint64_t uid, const struct key_head *head)
{
    struct kvkey k;

    drop_head(txn, uid, head->name);
    make_key(&k, head->deleted_s > 0 ? 'D' : 'K', uid, head->name, NULL);
    kvdb_put(txn, &k, head, sizeof(*head));
    index_head(txn, uid, head, due_put);
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

void key_store_remove(struct kvdb_txn *txn, uint64_t uid, const char *name)
{
    struct kvkey k;

    drop_head(txn, uid, name);
    make_key(&k, 'R', uid, name, NULL);
    (void) kvdb_del(txn, &k);
    make_key(&k, 'V', uid, name, NULL);
    remove_all(txn, &k);
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

void key_store_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                      struct rotation_policy *ret)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, 'R', uid, name, NULL);
    if (kvdb_get(txn, &k, &val) && val.len == sizeof(*ret)) {
        memcpy(ret, val.data, sizeof(*ret));
    } else {
        rotation_default(ret);
    }
}

void key_store_put_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                          const struct rotation_policy *p)
{
    struct kvkey k;

    make_key(&k, 'R', uid, name, NULL);
    kvdb_put(txn, &k, p, sizeof(*p));
}

void key_store_schedule(struct kvdb_txn *txn, uint64_t uid, struct key_head *head,
                        const struct key_meta *latest, int64_t from_s)
{
    struct rotation_policy policy;

    key_store_policy(txn, uid, head->name, &policy);
    head->due = rotation_due(&policy, latest, from_s);
}

void key_store_settle(struct kvdb_txn *txn, uint64_t uid, struct key_head *head, int64_t at_s)
{
    enum key_pending was = (enum key_pending) head->pending;
    struct key_version latest;

    head->pending = KEY_SETTLED;
    head->settle_s = 0;
    if (was == KEY_PURGING) {
        key_store_remove(txn, uid, head->name);
        return;
    }
    if (was == KEY_RECOVERING && key_store_version(txn, uid, head->name, head->latest, &latest)) {
        head->deleted_s = 0;
        head->purge_s = 0;
        key_store_schedule(txn, uid, head, &latest.meta, at_s);
    }
    key_store_put_head(txn, uid, head);
}

void key_store_reschedule(struct kvdb_txn *txn, uint64_t uid, int64_t from_s)
{
    struct key_head head = {0};
    struct key_head next;
    struct key_version latest;

    for (;;) { /* a write ends the walk: it begins anew behind the last name */
        struct kvdb_iter *it = key_store_heads(txn, uid, false, head.name[0] ? head.name : NULL);
        bool more = it && key_store_next_head(it, &next) &&
                    (strcmp(next.name, head.name) != 0 || key_store_next_head(it, &next));

        kvdb_iter_free(it);
        if (!more) {
            return;
        }
        head = next;
        if (key_store_version(txn, uid, head.name, head.latest, &latest)) {
            key_store_schedule(txn, uid, &head, &latest.meta, from_s);
            key_store_put_head(txn, uid, &head);
        }
    }
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
