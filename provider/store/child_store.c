/* SPDX-License-Identifier: MIT */
/* Sub-resource records over kvdb. */
#include "provider/store/child_store.h"

#include <ctype.h>
#include <string.h>

#include "common/json.h"

static void add_lower(struct kvkey *k, const char *s)
{
    char lower[300];
    size_t i;

    for (i = 0; s[i] && i + 1 < sizeof(lower); i++) {
        lower[i] = (char) tolower((unsigned char) s[i]);
    }
    lower[i] = '\0';
    kvkey_str(k, lower);
}

static void child_key(struct kvkey *k, const char *owner, const char *collection, const char *name)
{
    kvkey_init(k, 'D');
    add_lower(k, owner);
    if (collection) {
        add_lower(k, collection);
    }
    if (name) {
        add_lower(k, name);
    }
}

bool child_get(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name,
               json_t **ret, struct az_error *reterr)
{
    struct kvkey k;
    struct kvdb_val val;

    *ret = NULL;
    child_key(&k, owner, collection, name);
    if (!kvdb_get(txn, &k, &val)) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "reading a %s", collection);
    }
    *ret = json_loadb(val.data, val.len, 0, NULL);
    return *ret || az_fail_internal(reterr, "a stored %s can't be read", collection);
}

bool child_put(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name,
               const json_t *child, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf out = {0};
    struct kvkey k;

    child_key(&k, owner, collection, name);
    json_write(&out, child);
    if (!buf_ok(&out)) {
        return az_fail_internal(reterr, "out of memory");
    }
    kvdb_put(txn, &k, out.data, out.len);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing a %s", collection);
}

bool child_del(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name)
{
    struct kvkey k;

    child_key(&k, owner, collection, name);
    return kvdb_del(txn, &k);
}

bool child_each(struct kvdb_txn *txn, const char *owner, const char *collection,
                bool (*fn)(void *ctx, json_t *child), void *ctx)
{
    return child_each_from(txn, owner, collection, "", fn, ctx);
}

bool child_each_from(struct kvdb_txn *txn, const char *owner, const char *collection,
                     const char *from, bool (*fn)(void *ctx, json_t *child), void *ctx)
{
    struct kvkey prefix;
    struct kvkey first;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool more = true;

    child_key(&prefix, owner, collection, NULL);
    child_key(&first, owner, collection, from);
    it = kvdb_iter_new(txn, &prefix, *from ? &first : NULL);
    while (more && it && kvdb_iter_next(it, &key, &val)) {
        AUTO_JSON *child = json_loadb(val.data, val.len, 0, NULL);

        more = !child || fn(ctx, child);
    }
    kvdb_iter_free(it);
    return !kvdb_failed(txn);
}

static bool first_of(struct kvdb_txn *txn, const struct kvkey *prefix, struct kvkey *found)
{
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it = kvdb_iter_new(txn, prefix, NULL);
    bool any = it && kvdb_iter_next(it, &key, &val);

    if (any) {
        memcpy(found->data, key.data, key.len);
        found->len = key.len;
        found->failed = false;
    }
    kvdb_iter_free(it);
    return any;
}

void child_purge(struct kvdb_txn *txn, const char *owner)
{
    struct kvkey prefix;
    struct kvkey found;

    child_key(&prefix, owner, NULL, NULL);
    while (first_of(txn, &prefix, &found)) {
        (void) kvdb_del(txn, &found);
    }
}
