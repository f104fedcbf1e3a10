/* SPDX-License-Identifier: MIT */
/*
 * Accounts and their files as JSON records: 'A' live, 'E' deleted (subscription, group, name); 'B'
 * sub-domain -> the account's key; 'F' account uid, file id; 'x' due purges; 'y' keys to look
 * after.
 */
#pragma once

#include <jansson.h>

#include "common/kvdb.h"

/* *ret: new reference, NULL when there is none. */
bool account_store_get(struct kvdb_txn *txn, const char *sub, const char *group, const char *name,
                       bool deleted, json_t **ret, struct az_error *reterr) MUST_CHECK;
/* By the account's own members subscription, group, name; replaces. */
bool account_store_put(struct kvdb_txn *txn, const json_t *account, bool deleted,
                       struct az_error *reterr) MUST_CHECK;
void account_store_del(struct kvdb_txn *txn, const json_t *account, bool deleted);
/* Those of a subscription, of all groups or one, from "group/name" on ("": from the first). */
bool account_store_each_from(struct kvdb_txn *txn, const char *sub, const char *group,
                             const char *from, bool deleted, bool (*fn)(void *ctx, json_t *account),
                             void *ctx);
/* sub NULL: of all subscriptions; group NULL: all. fn gets a borrowed reference; false ends the
 * walk. */
bool account_store_each(struct kvdb_txn *txn, const char *sub, const char *group, bool deleted,
                        bool (*fn)(void *ctx, json_t *account), void *ctx);
/* The live account of a sub-domain. */
bool account_store_by_domain(struct kvdb_txn *txn, const char *domain, json_t **ret,
                             struct az_error *reterr) MUST_CHECK;
bool account_store_domain_taken(struct kvdb_txn *txn, const char *domain);
void account_store_put_domain(struct kvdb_txn *txn, const char *domain, const json_t *account);
void account_store_del_domain(struct kvdb_txn *txn, const char *domain);

bool file_store_get(struct kvdb_txn *txn, const char *uid, const char *id, json_t **ret);
void file_store_put(struct kvdb_txn *txn, const char *uid, const char *id, const json_t *file);
bool file_store_del(struct kvdb_txn *txn, const char *uid, const char *id);
void file_store_each(struct kvdb_txn *txn, const char *uid, void (*fn)(void *ctx, json_t *file),
                     void *ctx);

/* Deleted accounts whose 48 hours are over. */
bool account_store_due(struct kvdb_txn *txn, int64_t now_s);
bool account_store_sweep(struct kvdb_txn *txn, int64_t now_s, json_t *purged,
                         struct az_error *reterr) MUST_CHECK;
/*
 * 'y': accounts whose key's newest version is looked for at a time (dek.followAt, which
 * account_store_put() indexes). The first that is due; NULL: its entry is of a former time, or the
 * account is gone.
 */
bool account_store_follow_due(struct kvdb_txn *txn, int64_t now_s);
json_t *account_store_follow_first(struct kvdb_txn *txn, int64_t now_s, bool *deleted);
void account_store_follow_drop(struct kvdb_txn *txn, int64_t now_s); /* that entry */

/* Everything of a deleted account goes: record, files, domain, its own identity. Its uid is added
 * to the array purged: the blobs are the caller's to remove, once this is committed. */
void account_store_purge(struct kvdb_txn *txn, const json_t *account, json_t *purged);
