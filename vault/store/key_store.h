/* SPDX-License-Identifier: MIT */
/*
 * Key records: 'K' uid NAME -> head (live), 'D' uid NAME -> head (deleted), 'V' uid NAME version ->
 * a version, 'R' uid NAME -> rotation policy. A deleted key's versions stay where they are.
 */
#pragma once

#include "common/kvdb.h"
#include "vault/domain/key.h"

struct key_head {
    char name[KEY_NAME_MAX + 1];      /* as created */
    char latest[KEY_VERSION_LEN + 1]; /* current version */
    int64_t deleted_s, purge_s;       /* 0: live; purge_s 0: never by itself */
};

bool key_store_head(struct kvdb_txn *txn, uint64_t uid, const char *name, bool deleted,
                    struct key_head *ret);
/* deleted_s says which of the two places it goes to; the other is cleared. */
void key_store_put_head(struct kvdb_txn *txn, uint64_t uid, const struct key_head *head);
/* The head goes; with_versions: all of the key. */
void key_store_remove(struct kvdb_txn *txn, uint64_t uid, const char *name, bool with_versions);

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

/* Rotation policy document; a view into the store, empty when none was set. */
struct str_view key_store_policy(struct kvdb_txn *txn, uint64_t uid, const char *name);
void key_store_put_policy(struct kvdb_txn *txn, uint64_t uid, const char *name,
                          struct str_view text);

/* Removes every key, version and deleted key of a vault. */
void key_store_purge_vault(struct kvdb_txn *txn, uint64_t vault_uid);
/* The end of a deleted key's retention. Does nothing to a live key. */
void key_store_purge_deleted(struct kvdb_txn *txn, uint64_t vault_uid, const char *name);
