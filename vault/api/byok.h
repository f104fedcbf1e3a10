/* SPDX-License-Identifier: MIT */
/*
 * "Bring your own key": opening a key transfer blob, the `key_hsm` of an import. It is sealed for a
 * key exchange key (KEK) of the same vault. Source: the documents' BYOK specification.
 */
#pragma once

#include "vault/api/call.h"

/*
 * blob: the member's text. The KEK must be of this vault, RSA, enabled, inside its dates, and have
 * "import" among its operations. *ret: the private key, of this kind; EVP_PKEY_free().
 * For prepare: opens a read snapshot of its own.
 */
bool byok_open(struct vault_call *c, const char *blob, enum key_kind kind, EVP_PKEY **ret,
               struct az_error *reterr) MUST_CHECK;
