/* SPDX-License-Identifier: MIT */
/*
 * Sub-resources as JSON records, class 'D': owner (an account's uid, a subscription, an identity's
 * object id), collection ("deployments"), name. Names compare without case, as ARM's do.
 */
#pragma once

#include <jansson.h>

#include "common/kvdb.h"

/* *ret: new reference, NULL when there is none. */
bool child_get(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name,
               json_t **ret, struct az_error *reterr) MUST_CHECK;
bool child_put(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name,
               const json_t *child, struct az_error *reterr) MUST_CHECK;
bool child_del(struct kvdb_txn *txn, const char *owner, const char *collection, const char *name);
/* In the order of names; fn gets a borrowed reference; false ends the walk. */
bool child_each(struct kvdb_txn *txn, const char *owner, const char *collection,
                bool (*fn)(void *ctx, json_t *child), void *ctx);
/* ... from a name on; "": from the first. */
bool child_each_from(struct kvdb_txn *txn, const char *owner, const char *collection,
                     const char *from, bool (*fn)(void *ctx, json_t *child), void *ctx);
/* Everything that belongs to the owner. */
void child_purge(struct kvdb_txn *txn, const char *owner);
