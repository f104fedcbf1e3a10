/* SPDX-License-Identifier: MIT */
/*
 * The index of due times: 'x' due, kind, vault uid, NAME -> "". Whoever stores a record whose time
 * will come puts an entry here; the sweep takes the first of them until none is due.
 *
 * An entry is a hint: the record says what is really due, and entries of records that are gone are
 * dropped when their time comes.
 */
#pragma once

#include "common/kvdb.h"

/* In the order in which what is due at the same moment happens. */
enum due_kind {
    DUE_VAULT_PURGE = 1,
    DUE_KEY_PURGE = 2,
    DUE_KEY_SETTLE = 3, /* an asynchronous operation ends: --latency=azure */
    DUE_KEY_EXPIRED = 4,
    DUE_KEY_NEAR_EXPIRY = 5,
    DUE_KEY_ROTATE = 6,
};

struct due {
    int64_t at_s;
    enum due_kind kind;
    uint64_t uid;   /* of the vault */
    char name[160]; /* of the vault or the key, upper-cased */
};

/* at_s 0: there is nothing to put or drop. */
void due_put(struct kvdb_txn *txn, int64_t at_s, enum due_kind kind, uint64_t uid,
             const char *name);
void due_drop(struct kvdb_txn *txn, int64_t at_s, enum due_kind kind, uint64_t uid,
              const char *name);
/* The first entry that is due at now_s; false: none. */
bool due_first(struct kvdb_txn *txn, int64_t now_s, struct due *ret);
/* Walks all that are due, in their order, until fn says false. */
void due_each(struct kvdb_txn *txn, int64_t now_s, bool (*fn)(void *ctx, const struct due *d),
              void *ctx);
