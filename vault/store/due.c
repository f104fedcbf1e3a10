/* SPDX-License-Identifier: MIT */
/* Entries of the due index: written, dropped, and walked in the order of their times. */
#include "vault/store/due.h"

#include <stdio.h>

#include "vault/store/vault_store.h"

#define NAME_AT (1 + 3 * 8) /* class, time, kind, uid */

static void entry_key(struct kvkey *k, int64_t at_s, enum due_kind kind, uint64_t uid,
                      const char *name)
{
    char upper[256];

    store_upper(upper, sizeof(upper), name);
    kvkey_init(k, 'x');
    kvkey_u64(k, (uint64_t) at_s);
    kvkey_u64(k, (uint64_t) kind);
    kvkey_u64(k, uid);
    kvkey_str(k, upper);
}

void due_put(struct kvdb_txn *txn, int64_t at_s, enum due_kind kind, uint64_t uid, const char *name)
{
    struct kvkey k;

    if (at_s > 0) {
        entry_key(&k, at_s, kind, uid, name);
        kvdb_put(txn, &k, "", 0);
    }
}

void due_drop(struct kvdb_txn *txn, int64_t at_s, enum due_kind kind, uint64_t uid,
              const char *name)
{
    struct kvkey k;

    if (at_s > 0) {
        entry_key(&k, at_s, kind, uid, name);
        (void) kvdb_del(txn, &k);
    }
}

static uint64_t be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static bool read_entry(const struct kvdb_val *key, struct due *ret)
{
    const uint8_t *p = key->data;

    if (key->len <= NAME_AT) {
        return false;
    }
    ret->at_s = (int64_t) be64(p + 1);
    ret->kind = (enum due_kind) be64(p + 9);
    ret->uid = be64(p + 17);
    (void) snprintf(ret->name, sizeof(ret->name), "%s", (const char *) p + NAME_AT);
    return true;
}

void due_each(struct kvdb_txn *txn, int64_t now_s, bool (*fn)(void *ctx, const struct due *d),
              void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    struct due d;

    kvkey_init(&prefix, 'x');
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val) && read_entry(&key, &d) && d.at_s <= now_s &&
           fn(ctx, &d)) {
    }
    kvdb_iter_free(it);
}

static bool take_first(void *ctx, const struct due *d)
{
    struct due *ret = ctx;

    *ret = *d;
    return false;
}

bool due_first(struct kvdb_txn *txn, int64_t now_s, struct due *ret)
{
    *ret = (struct due){0};
    due_each(txn, now_s, take_first, ret);
    return ret->at_s > 0;
}
