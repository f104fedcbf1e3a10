/* SPDX-License-Identifier: MIT */
/*
 * The envelope of a backup: what the client keeps and brings back, and can neither read nor change.
 *
 * base64url( length byte, "AzureKeyVaultKeyBackupV1.microsoft.com", compact JWE ), as recorded
 * (wire-samples.md part 1). The service's JWE names a key of its own by RSA-OAEP-256; ours is
 * AES-256-GCM under a key derived from the state's root key for one subscription and geography, so
 * that only a vault of both opens it (azure-rules.md section 6).
 */
#pragma once

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/keygen.h"

struct backup_scope {
    const char *subscription;
    const char *geography;
};

bool backup_blob_seal(const uint8_t root_key[SEAL_KEY_LEN], const struct backup_scope *scope,
                      struct str_view plain, struct buf *out, struct az_error *reterr) MUST_CHECK;
/* False with the service's error: no blob, damaged, or of another subscription or geography. */
bool backup_blob_open(const uint8_t root_key[SEAL_KEY_LEN], const struct backup_scope *scope,
                      const char *value, struct bytes *ret, struct az_error *reterr) MUST_CHECK;
bool backup_blob_damaged(struct az_error *reterr); /* the error for what opens but can't be read */
