/* SPDX-License-Identifier: MIT */
/*
 * Data keys: made, unwrapped when needed, cached for dek_cache_ttl_ms of simulated time.
 *
 * account.dek holds one key a layer of the data (provider/store/layers.h):
 *   Microsoft-managed: {"sealed": [b64, ...]}, each under the service's root key;
 *   customer-managed, enc.either-or: {"wrapped": b64, vault, key, version, ...}, the one key
 * wrapped by the vault and by nothing else; customer-managed, enc.cmk-layer: the same, but what is
 * wrapped is a key of the customer's layer only, with "inner": [b64, ...], the service's sealed
 * keys sealed once more under it. Every form stands in one record: a crash leaves the one or the
 * other. Stored data never changes. Calls may go to vaultd: worker threads only.
 */
#pragma once

#include "provider/api/cmk_identity.h"
#include "provider/store/layers.h"

struct dek_cache;
struct dek_cache *dek_cache_new(void);
void dek_cache_free(struct dek_cache *c);
void dek_cache_forget(struct dek_cache *c, const char *account_uid);

/* A key version in a vault, and who calls it. */
struct dek_home {
    const struct principal *identity;
    const char *vault, *key, *version;
};

/* Fresh keys for that many layers, sealed for this account; new reference. */
bool dek_new(struct providerd *d, const char *account_uid, unsigned layers, json_t **ret,
             struct az_error *reterr) MUST_CHECK;
/* As many as the account's kind has. */
unsigned dek_layers_of_kind(const char *kind);
bool dek_is_wrapped(const json_t *account);

/* The account's data keys. id: whose token asks the vault. The caller wipes them. */
bool dek_open(struct providerd *d, const json_t *account, const struct key_identity *id,
              struct data_keys *ret, struct az_error *reterr) MUST_CHECK;
/* The same keys under a customer's key version; never from the cache, so that the key now in use
 * must be within reach. */
bool dek_bind(struct providerd *d, const json_t *account, const struct key_identity *id,
              const struct dek_home *to, json_t **ret, struct az_error *reterr) MUST_CHECK;
/* The same keys as Microsoft-managed. */
bool dek_unbind(struct providerd *d, const json_t *account, const struct key_identity *id,
                json_t **ret, struct az_error *reterr) MUST_CHECK;
/* The system-assigned identity of an account, from the directory; false: it has none. */
bool account_identity(struct kvdb_txn *txn, const json_t *account, struct principal *ret);
