/* SPDX-License-Identifier: MIT */
/* A row of the algorithm table, and the functions rows point to. For keyalg*.c only. */
#pragma once

#include "common/keyalg.h"

struct key_alg {
    const char *name;
    int evp_type;
    unsigned ops; /* enum key_op bits */
    bool (*apply)(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
                  struct bytes *ret, struct az_error *reterr);
    bool (*verify)(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
                   struct bytes signature);
    int rsa_padding;
    const char *digest; /* NULL: none (RSNULL, RSA1_5) */
    size_t digest_len;  /* of what sign and verify take; 0: any */
    int curve_nid;
};

bool rsa_cipher(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
                struct bytes *ret, struct az_error *reterr);
bool rsa_sign(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
              struct bytes *ret, struct az_error *reterr);
bool rsa_verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
                struct bytes signature);
bool ec_sign(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
             struct bytes *ret, struct az_error *reterr);
bool ec_verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
               struct bytes signature);
int ec_curve_nid(EVP_PKEY *key);
