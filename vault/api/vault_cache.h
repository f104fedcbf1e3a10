/* SPDX-License-Identifier: MIT */
/* Parsed vault records, shared by the loops; an entry is good as long as its revision is the stored
 * one. */
#pragma once

#include "common/kvdb.h"
#include "vault/domain/vault.h"

struct vault_cache;

struct vault_cache *vault_cache_new(void);
void vault_cache_free(struct vault_cache *c);
/* *ret: vault_cache_release(); NULL and true: there is no such vault (live or deleted). */
bool vault_cache_get(struct vault_cache *c, struct kvdb_txn *txn, const char *name,
                     struct vault **ret, struct az_error *reterr) MUST_CHECK;
void vault_cache_release(struct vault *v); /* NULL is allowed */
