/* SPDX-License-Identifier: MIT */
/*
 * Vault records. Names are global and stay taken while a deleted vault waits for its purge.
 *
 * Record classes of this daemon (first key byte): 'v' vault by name, 'i' vault uid counter, 'a'
 * vaults by subscription/group, 'x' index of due times; key_store.h has 'K', 'V', 'D'.
 */
#pragma once

#include "common/kvdb.h"
#include "vault/domain/vault.h"

/* Live or deleted, by name (any case). NULL and true: there is none. *ret: vault_free(). */
bool vault_store_get(struct kvdb_txn *txn, const char *name, struct vault **ret,
                     struct az_error *reterr) MUST_CHECK;
/* Inserts or replaces; gives a new vault its uid and bumps the revision. */
bool vault_store_put(struct kvdb_txn *txn, struct vault *v, struct az_error *reterr) MUST_CHECK;
/* Removes the vault record; its keys go with it (key_store_purge_vault). */
bool vault_store_purge(struct kvdb_txn *txn, const struct vault *v, struct az_error *reterr)
    MUST_CHECK;
/* Calls fn for each vault of a subscription (and group, unless NULL); deleted ones only if
 * `deleted`. */
bool vault_store_each(struct kvdb_txn *txn, const char *subscription, const char *resource_group,
                      bool deleted, bool (*fn)(void *ctx, const struct vault *v), void *ctx,
                      struct az_error *reterr) MUST_CHECK;
/* Purges vaults and keys whose scheduled purge is due; cheap when nothing is. */
bool vault_store_sweep(struct kvdb_txn *txn, int64_t now_s, struct az_error *reterr) MUST_CHECK;
/* Read-only: is anything due? Asked before every answer. */
bool vault_store_due(struct kvdb_txn *txn, int64_t now_s);

/* 0: no such vault. Cheap: the record is not parsed. */
uint64_t vault_store_revision(struct kvdb_txn *txn, const char *name);

/* Shared by the stores of this folder: names are compared upper-cased; an entry of the due index.
 */
void store_upper(char *out, size_t size, const char *name);
void store_due_key(struct kvkey *k, int64_t due_s, unsigned kind, uint64_t vault_uid,
                   const char *name);
#define STORE_DUE_KEY 2u
