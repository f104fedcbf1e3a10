/* SPDX-License-Identifier: MIT */
/*
 * Data keys: made, unwrapped when needed, cached for dek_cache_ttl_ms of simulated time.
 *
 * account.dek is {"sealed": b64} under Microsoft-managed keys, {"wrapped": b64, vault, key,
 * version} under the customer's. Calls may go to vaultd: worker threads only.
 */
#pragma once

#include "provider/api/call.h"

struct dek_cache;
struct dek_cache *dek_cache_new(void);
void dek_cache_free(struct dek_cache *c);
void dek_cache_forget(struct dek_cache *c, const char *account_uid);

/* A fresh key, sealed for this account; new reference. */
bool dek_new(struct providerd *d, const char *account_uid, json_t **ret, struct az_error *reterr)
    MUST_CHECK;
/* The account's data key. identity: its own, needed with a customer's key (NULL: none). */
bool dek_open(struct providerd *d, const json_t *account, const struct principal *identity,
              uint8_t key[SEAL_KEY_LEN], struct az_error *reterr) MUST_CHECK;
/* As Microsoft-managed. */
bool dek_seal(struct providerd *d, const char *account_uid, const uint8_t key[SEAL_KEY_LEN],
              json_t **ret, struct az_error *reterr) MUST_CHECK;
/* As wrapped by the customer's key version. */
bool dek_wrap(struct providerd *d, const struct principal *identity, const char *vault,
              const char *name, const char *version, const uint8_t key[SEAL_KEY_LEN], json_t **ret,
              struct az_error *reterr) MUST_CHECK;
/* The identity of an account, from the directory; false: it has none. */
bool account_identity(struct kvdb_txn *txn, const json_t *account, struct principal *ret);
