/* SPDX-License-Identifier: MIT */
/* Parsed private keys by vault, name and version. A version's key never changes, so nothing goes
 * stale. */
#pragma once

#include "vault/api/call.h"
#include "vault/domain/key.h"

struct key_cache;

struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *c);
/* The key of a stored version, unsealed and parsed at most once. *ret: EVP_PKEY_free(). */
bool key_cache_get(struct vaultd *d, uint64_t vault_uid, const struct key_version *v,
                   EVP_PKEY **ret, struct az_error *reterr) MUST_CHECK;
/* The bytes that are sealed: PKCS#8, or what the kind of key has instead. */
bool key_secret_open(struct vaultd *d, uint64_t vault_uid, const struct key_version *v,
                     struct bytes *ret, struct az_error *reterr) MUST_CHECK;
bool key_secret_seal(struct vaultd *d, uint64_t vault_uid, const char *version,
                     struct str_view secret, struct bytes *ret, struct az_error *reterr) MUST_CHECK;
/* Seals a key for its place in the store. */
bool key_seal(struct vaultd *d, uint64_t vault_uid, const char *version, EVP_PKEY *key,
              struct bytes *ret, struct az_error *reterr) MUST_CHECK;
