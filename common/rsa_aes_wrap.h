/* SPDX-License-Identifier: MIT */
/*
 * PKCS#11's CKM_RSA_AES_KEY_WRAP: RSA-OAEP of a fresh AES-256 key, then the secret under that key
 * by RFC 5649. The digest of OAEP is a parameter: SHA-1 in the original, others in the RSA_AES
 * names of the service.
 */
#pragma once

#include <openssl/types.h>

#include "common/az_error.h"
#include "common/bytes.h"

/* digest: "SHA1", "SHA256", "SHA384". *ret: the wrapped AES key, then the wrapped secret. */
bool rsa_aes_wrap(EVP_PKEY *rsa, const char *digest, const struct bytes *secret, struct bytes *ret,
                  struct az_error *reterr) MUST_CHECK;
