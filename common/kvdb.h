/* SPDX-License-Identifier: MIT */
/*
 * An ordered, transactional key-value store. kvdb_lmdb.c is the only file that knows LMDB.
 *
 * Errors are sticky: after the first failure a transaction's calls do nothing, reads find nothing,
 * and kvdb_commit() reports it. Values and iterator keys point into the store and live until the
 * transaction ends or (in a write transaction) the next write. Keys are at most KVDB_KEY_MAX bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/az_error.h"
#include "common/bytes.h"

#define KVDB_KEY_MAX   511
#define KVDB_VALUE_MAX (1024 * 1024) /* a vault with 1024 access policies has some 300 KiB */

struct kvdb;
struct kvdb_txn;

struct kvdb_options {
    uint64_t map_size; /* bytes; 0: 32 GiB, sparse, never grown */
    bool relaxed;      /* commits are not synced (--durability=relaxed, --ephemeral) */
    uint32_t schema;   /* written at first open; another number is refused with the cure */
};

/* dir is created 0700. The caller owns *ret: kvdb_close(). */
bool kvdb_open(const char *dir, const struct kvdb_options *opt, struct kvdb **ret,
               struct az_error *reterr) MUST_CHECK;
void kvdb_close(struct kvdb *db);
/* Whether a store has been made in that directory. */
bool kvdb_exists(const char *dir);

/* A snapshot; must end before control returns to an event loop. Any thread. */
bool kvdb_begin_read(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr) MUST_CHECK;
/* Waits for the current writer. */
bool kvdb_begin_write(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr) MUST_CHECK;
/* Inside a write transaction; the parent is unusable until the child ends. */
bool kvdb_begin_nested(struct kvdb_txn *parent, struct kvdb_txn **ret, struct az_error *reterr)
    MUST_CHECK;
/* Ends txn either way. A top-level commit is durable when it returns true (unless relaxed). */
bool kvdb_commit(struct kvdb_txn *txn, struct az_error *reterr) MUST_CHECK;
void kvdb_abort(struct kvdb_txn *txn); /* NULL is allowed; also ends a read */
bool kvdb_failed(const struct kvdb_txn *txn);

/* Builds an ordered key: a class byte, then components. Overflow is sticky and fails the next use.
 */
struct kvkey {
    uint8_t data[KVDB_KEY_MAX];
    size_t len;
    bool failed;
};
void kvkey_init(struct kvkey *k, char record_class);
void kvkey_add(struct kvkey *k, const char *s,
               size_t len); /* s, then a 0 byte; s holds no 0 byte */
void kvkey_str(struct kvkey *k, const char *s);
void kvkey_u64(struct kvkey *k, uint64_t v); /* big-endian: sorts as a number */

struct kvdb_val {
    const void *data;
    size_t len;
};

bool kvdb_get(struct kvdb_txn *txn, const struct kvkey *key, struct kvdb_val *ret); /* found? */
void kvdb_put(struct kvdb_txn *txn, const struct kvkey *key, const void *data, size_t len);
bool kvdb_del(struct kvdb_txn *txn, const struct kvkey *key); /* was there? */

/* Walks the keys that begin with `prefix`, from `from` on (NULL: from the first). */
struct kvdb_iter;
struct kvdb_iter *kvdb_iter_new(struct kvdb_txn *txn, const struct kvkey *prefix,
                                const struct kvkey *from); /* NULL: txn has failed */
bool kvdb_iter_next(struct kvdb_iter *it, struct kvdb_val *key, struct kvdb_val *val);
void kvdb_iter_free(struct kvdb_iter *it); /* before the transaction ends; NULL is allowed */

/* Counts top-level commits and the writes in them, since open (bench, tests). */
void kvdb_stats(const struct kvdb *db, uint64_t *commits, uint64_t *nested);
