/* SPDX-License-Identifier: MIT */
/*
 * Vault records. Names are global and stay taken while a deleted vault waits for its purge.
 *
 * Record classes of this daemon (first key byte): 'v' vault by name, 'i' vault uid counter, 'a'
 * vaults by subscription/group, 'u' vault names by uid; due.h has 'x', key_store.h 'K', 'V', 'D'
 * and 'R'.
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
/* Live or deleted, by its uid, as records of its keys name it. NULL and true: it was purged. */
bool vault_store_by_uid(struct kvdb_txn *txn, uint64_t uid, struct vault **ret,
                        struct az_error *reterr) MUST_CHECK;

/* 0: no such vault. Cheap: the record is not parsed. */
uint64_t vault_store_revision(struct kvdb_txn *txn, const char *name);

/* Shared by the stores of this folder: names are compared upper-cased. */
void store_upper(char *out, size_t size, const char *name);
