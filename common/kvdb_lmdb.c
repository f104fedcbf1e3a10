/* SPDX-License-Identifier: MIT */
/*
 * kvdb over LMDB. The only file that includes <lmdb.h>.
 *
 * The map is never grown while open (a reader would be left on the old one). Read transactions are
 * not tied to threads (MDB_NOTLS). One unnamed database; record classes are the keys' first byte.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "common/crash.h"
#include "common/kvdb.h"

#define MAP_SIZE_DEFAULT (UINT64_C(32) << 30)
#define SCHEMA_KEY       "\x01schema"

struct kvdb {
    MDB_env *env;
    MDB_dbi dbi;
    _Atomic uint64_t commits;
    _Atomic uint64_t nested;
};

struct kvdb_txn {
    struct kvdb *db;
    struct kvdb_txn *parent;
    MDB_txn *txn;
    int failed; /* the first LMDB error, or 0 */
};

struct kvdb_iter {
    struct kvdb_txn *txn;
    MDB_cursor *cursor;
    struct kvkey prefix;
    struct kvkey from;
    bool started;
};

static bool fail(struct az_error *reterr, const char *what, int rc)
{
    if (rc == MDB_MAP_FULL) {
        return az_fail_internal(
            reterr, "%s: the store is full; start again with a larger --map-size", what);
    }
    return az_fail_internal(reterr, "%s: %s", what, mdb_strerror(rc));
}

static bool check_schema(struct kvdb *db, uint32_t schema, struct az_error *reterr)
{
    MDB_val key = {sizeof(SCHEMA_KEY) - 1, (void *) (uintptr_t) SCHEMA_KEY};
    MDB_val val;
    MDB_txn *txn = NULL;
    uint32_t have = schema;
    int rc = mdb_txn_begin(db->env, NULL, 0, &txn);

    if (rc == 0) {
        rc = mdb_dbi_open(txn, NULL, 0, &db->dbi);
    }
    if (rc == 0) {
        rc = mdb_get(txn, db->dbi, &key, &val);
        if (rc == 0 && val.mv_size == sizeof(have)) {
            memcpy(&have, val.mv_data, sizeof(have));
        } else if (rc == MDB_NOTFOUND) {
            val = (MDB_val){sizeof(schema), &schema};
            rc = mdb_put(txn, db->dbi, &key, &val, 0);
        }
    }
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
    } else if (txn) {
        mdb_txn_abort(txn);
    }
    if (rc != 0) {
        return fail(reterr, "opening the store", rc);
    }
    if (have != schema) {
        return az_fail_internal(
            reterr,
            "the store has schema %u and this program needs %u: start with another "
            "--state, or remove the old state with kvsim reset",
            (unsigned) have, (unsigned) schema);
    }
    return true;
}

bool kvdb_open(const char *dir, const struct kvdb_options *opt, struct kvdb **ret,
               struct az_error *reterr)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    struct kvdb *db;
    int rc;

    if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
        return az_fail_internal(reterr, "%s: %s", dir, strerror(errno));
    }
    db = calloc(1, sizeof(*db));
    if (!db) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (opt->relaxed) {
        flags |= MDB_NOSYNC;
    }
    rc = mdb_env_create(&db->env);
    if (rc == 0) {
        rc = mdb_env_set_mapsize(db->env, opt->map_size > 0 ? opt->map_size : MAP_SIZE_DEFAULT);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(db->env, 512);
    }
    if (rc == 0) {
        rc = mdb_env_open(db->env, dir, flags, 0600);
    }
    if (rc != 0) {
        (void) fail(reterr, dir, rc);
        kvdb_close(db);
        return false;
    }
    if (!check_schema(db, opt->schema, reterr)) {
        kvdb_close(db);
        return false;
    }
    *ret = db;
    return true;
}

bool kvdb_exists(const char *dir)
{
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/data.mdb", dir);
    return access(path, F_OK) == 0;
}

void kvdb_close(struct kvdb *db)
{
    if (db) {
        if (db->env) {
            mdb_env_close(db->env);
        }
        free(db);
    }
}

static bool begin(struct kvdb *db, struct kvdb_txn *parent, unsigned flags, struct kvdb_txn **ret,
                  struct az_error *reterr)
{
    struct kvdb_txn *t = calloc(1, sizeof(*t));
    int rc;

    if (!t) {
        return az_fail_internal(reterr, "out of memory");
    }
    t->db = db;
    t->parent = parent;
    rc = mdb_txn_begin(db->env, parent ? parent->txn : NULL, flags, &t->txn);
    if (rc != 0) {
        free(t);
        return fail(reterr, "beginning a transaction", rc);
    }
    *ret = t;
    return true;
}

bool kvdb_begin_read(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr)
{
    return begin(db, NULL, MDB_RDONLY, ret, reterr);
}

bool kvdb_begin_write(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr)
{
    return begin(db, NULL, 0, ret, reterr);
}

bool kvdb_begin_nested(struct kvdb_txn *parent, struct kvdb_txn **ret, struct az_error *reterr)
{
    if (parent->failed != 0) {
        return fail(reterr, "the enclosing transaction", parent->failed);
    }
    return begin(parent->db, parent, 0, ret, reterr);
}

bool kvdb_commit(struct kvdb_txn *t, struct az_error *reterr)
{
    int rc = t->failed;

    if (rc != 0) {
        mdb_txn_abort(t->txn);
    } else {
        if (!t->parent) {
            crash_point();
        }
        rc = mdb_txn_commit(t->txn);
    }
    if (t->parent) {
        t->db->nested++;
    } else {
        t->db->commits++;
    }
    free(t);
    return rc == 0 || fail(reterr, "committing", rc);
}

void kvdb_abort(struct kvdb_txn *t)
{
    if (t) {
        mdb_txn_abort(t->txn);
        free(t);
    }
}

bool kvdb_failed(const struct kvdb_txn *t)
{
    return t->failed != 0;
}

void kvkey_init(struct kvkey *k, char record_class)
{
    k->data[0] = (uint8_t) record_class;
    k->len = 1;
    k->failed = false;
}

void kvkey_add(struct kvkey *k, const char *s, size_t len)
{
    if (k->failed || len + 1 > sizeof(k->data) - k->len || (len > 0 && memchr(s, 0, len))) {
        k->failed = true;
        return;
    }
    if (len > 0) {
        memcpy(k->data + k->len, s, len);
    }
    k->len += len;
    k->data[k->len++] = 0;
}

void kvkey_str(struct kvkey *k, const char *s)
{
    kvkey_add(k, s, strlen(s));
}

void kvkey_u64(struct kvkey *k, uint64_t v)
{
    if (k->failed || sizeof(k->data) - k->len < 8) {
        k->failed = true;
        return;
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        k->data[k->len++] = (uint8_t) (v >> shift);
    }
}

/* The key as LMDB wants it; false makes the transaction fail. */
static bool usable(struct kvdb_txn *t, const struct kvkey *key, MDB_val *ret)
{
    if (t->failed == 0 && key->failed) {
        t->failed = MDB_BAD_VALSIZE;
    }
    *ret = (MDB_val){key->len, (void *) (uintptr_t) key->data};
    return t->failed == 0;
}

bool kvdb_get(struct kvdb_txn *t, const struct kvkey *key, struct kvdb_val *ret)
{
    MDB_val k;
    MDB_val v;
    int rc;

    *ret = (struct kvdb_val){0};
    /* A name too long to be a key is simply not there. */
    if (key->failed || !usable(t, key, &k)) {
        return false;
    }
    rc = mdb_get(t->txn, t->db->dbi, &k, &v);
    if (rc != 0) {
        t->failed = rc == MDB_NOTFOUND ? 0 : rc;
        return false;
    }
    *ret = (struct kvdb_val){v.mv_data, v.mv_size};
    return true;
}

void kvdb_put(struct kvdb_txn *t, const struct kvkey *key, const void *data, size_t len)
{
    MDB_val k;
    MDB_val v = {len, (void *) (uintptr_t) data};

    if (len > KVDB_VALUE_MAX && t->failed == 0) {
        t->failed = MDB_BAD_VALSIZE;
    }
    if (usable(t, key, &k)) {
        crash_point();
        t->failed = mdb_put(t->txn, t->db->dbi, &k, &v, 0);
    }
}

bool kvdb_del(struct kvdb_txn *t, const struct kvkey *key)
{
    MDB_val k;
    int rc;

    if (!usable(t, key, &k)) {
        return false;
    }
    crash_point();
    rc = mdb_del(t->txn, t->db->dbi, &k, NULL);
    t->failed = rc == MDB_NOTFOUND ? 0 : rc;
    return rc == 0;
}

struct kvdb_iter *kvdb_iter_new(struct kvdb_txn *t, const struct kvkey *prefix,
                                const struct kvkey *from)
{
    struct kvdb_iter *it;
    MDB_val k;

    if (!usable(t, prefix, &k) || (from && !usable(t, from, &k))) {
        return NULL;
    }
    it = calloc(1, sizeof(*it));
    if (!it) {
        t->failed = ENOMEM;
        return NULL;
    }
    it->txn = t;
    it->prefix = *prefix;
    it->from = from ? *from : *prefix;
    t->failed = mdb_cursor_open(t->txn, t->db->dbi, &it->cursor);
    if (t->failed != 0) {
        free(it);
        return NULL;
    }
    return it;
}

bool kvdb_iter_next(struct kvdb_iter *it, struct kvdb_val *key, struct kvdb_val *val)
{
    MDB_val k = {it->from.len, it->from.data};
    MDB_val v;
    int rc;

    if (it->txn->failed != 0) {
        return false;
    }
    rc = mdb_cursor_get(it->cursor, &k, &v, it->started ? MDB_NEXT : MDB_SET_RANGE);
    it->started = true;
    if (rc != 0) {
        it->txn->failed = rc == MDB_NOTFOUND ? 0 : rc;
        return false;
    }
    if (k.mv_size < it->prefix.len || memcmp(k.mv_data, it->prefix.data, it->prefix.len) != 0) {
        return false;
    }
    *key = (struct kvdb_val){k.mv_data, k.mv_size};
    *val = (struct kvdb_val){v.mv_data, v.mv_size};
    return true;
}

void kvdb_iter_free(struct kvdb_iter *it)
{
    if (it) {
        mdb_cursor_close(it->cursor);
        free(it);
    }
}

void kvdb_stats(const struct kvdb *db, uint64_t *commits, uint64_t *nested)
{
    *commits = db->commits;
    *nested = db->nested;
}
