/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.Storage, as far as an account can bring its own storage (userOwnedStorage): storage
 * accounts as resources with a region, that hold Speech data in the account's stead (sec.byos).
 */
#pragma once

#include "provider/api/call.h"
#include "provider/store/layers.h"

/*
 * Has the account storage of its own? Then owner becomes the storage's and keys its keys
 * (Microsoft-managed: what protects a storage account is its own affair); else both stay.
 */
bool storage_open(struct provider_call *c, const json_t *account, char owner[40],
                  struct data_keys *keys, bool *own, struct az_error *reterr) MUST_CHECK;
/* userOwnedStorage of a body: only of a kind that has it, of storage that is there and in the
 * region of the account. */
bool storage_check(struct provider_call *c, struct kvdb_txn *txn, const char *kind,
                   const char *location, const json_t *storage, struct az_error *reterr) MUST_CHECK;

/* They go with their group, and what lies in them. */
bool storage_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                          struct az_error *reterr) MUST_CHECK;

extern const struct provider_route provider_storage_routes[];
extern const size_t provider_storage_routes_len;
