/* SPDX-License-Identifier: MIT */
/*
 * Key records: 'K' uid NAME -> head (live), 'D' uid NAME -> head (deleted), 'V' uid NAME version ->
 * a version, 'R' uid NAME -> rotation policy. A deleted key's versions stay where they are.
 */
#pragma once

#include "common/kvdb.h"
#include "vault/domain/key.h"
#include "vault/domain/rotation.h"

/* What an asynchronous operation still has to do (--latency=azure); it is done at settle_s. */
enum key_pending { KEY_SETTLED, KEY_DELETING, KEY_RECOVERING, KEY_PURGING };

struct key_head {
    char name[KEY_NAME_MAX + 1];      /* as created */
    char latest[KEY_VERSION_LEN + 1]; /* current version */
    int64_t deleted_s, purge_s;       /* 0: live; purge_s 0: never by itself */
    struct key_due due;               /* of the current version; all 0 while deleted */
    int64_t settle_s;                 /* 0: KEY_SETTLED */
    uint32_t pending;                 /* enum key_pending */
};

bool key_store_head(struct kvdb_txn *txn, uint64_t uid, const char *name, bool deleted,
                    struct key_head *ret);
/* deleted_s says which of the two places it goes to; the other is cleared. The due index follows.
 */
void key_store_put_head(struct kvdb_txn *txn, uint64_t uid, const struct key_head *head);
/* All of the key: head, versions, policy. */
void key_store_remove(struct kvdb_txn *txn, uint64_t uid, const char *name);

/* The version's texts point into the store. */
bool key_store_version(struct kvdb_txn *txn, uint64_t uid, const char *name, const char *version,
                       struct key_version *ret);
bool key_store_put_version(struct kvdb_txn *txn, uint64_t uid, const char *name,
                           const struct key_version *v, struct az_error *reterr) MUST_CHECK;

/* Walks heads (version NULL) or versions (name given), upper-cased names, lexical versions, from
 * `from` on. */
struct kvdb_iter *key_store_heads(struct kvdb_txn *txn, uint64_t uid, bool deleted,
                                  const char *from);
bool key_store_next_head(struct kvdb_iter *it, struct key_head *ret);
struct kvdb_iter *key_store_versions(struct kvdb_txn *txn, uint64_t uid, const char *name,
                                     const char *from);
bool key_store_next_version(struct kvdb_iter *it, struct key_version *ret);

/* The policy that was stored, or the default. */
void key_store_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                      struct rotation_policy *ret);
void key_store_put_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                          const struct rotation_policy *p);
/* What is due for `latest` under the key's policy, into head->due; see rotation_due(). */
void key_store_schedule(struct kvdb_txn *txn, uint64_t uid, struct key_head *head,
                        const struct key_meta *latest, int64_t from_s);

/* Ends a deleted key's asynchronous operation, at at_s. */
void key_store_settle(struct kvdb_txn *txn, uint64_t uid, struct key_head *head, int64_t at_s);
/* Schedules every live key of a vault again: it was deleted and is back, since from_s. */
void key_store_reschedule(struct kvdb_txn *txn, uint64_t uid, int64_t from_s);
/* Removes every key, version and deleted key of a vault. */
void key_store_purge_vault(struct kvdb_txn *txn, uint64_t vault_uid);
