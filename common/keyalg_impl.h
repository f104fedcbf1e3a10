/* SPDX-License-Identifier: MIT */
/* A row of the algorithm table, and the functions rows point to. For keyalg*.c only. */
#pragma once

#include "common/keyalg.h"
#include "common/keygen.h"

enum aes_mode { AES_MODE_GCM, AES_MODE_CBC, AES_MODE_CBC_PAD, AES_MODE_KW, AES_MODE_KWP };

typedef bool key_apply_fn(const struct key_alg *alg, EVP_PKEY *key, enum key_op op,
                          const struct key_input *in, struct key_output *ret,
                          struct az_error *reterr);
/* The signature is good; anything that goes wrong is a no. */
typedef bool key_verify_fn(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
                           struct bytes signature);

struct key_alg {
    const char *name;
    enum key_kind kind;
    unsigned ops; /* enum key_op bits */
    key_apply_fn *apply;
    key_verify_fn *verify;
    const char *digest; /* NULL: none (RSNULL, RSA1_5) */
    size_t digest_len;  /* of what sign and verify take; 0: any */
    int rsa_padding;
    int curve_nid;
    enum aes_mode mode;
    unsigned key_bits; /* of a symmetric key; 0: any */
    enum key_pq pq;
};

/* encrypt, wrapKey and securewrapkey go one way, their opposites the other. */
static inline bool key_op_forward(enum key_op op)
{
    return ((unsigned) op & (unsigned) (KEY_OP_ENCRYPT | KEY_OP_WRAP | KEY_OP_SECURE_WRAP)) != 0;
}

key_apply_fn rsa_cipher;
key_apply_fn rsa_sign;
key_verify_fn rsa_verify;
key_apply_fn ec_sign;
key_verify_fn ec_verify;
key_apply_fn aes_apply;
key_apply_fn mac_sign;
key_verify_fn mac_verify;
key_apply_fn pq_sign;
key_verify_fn pq_verify;
int ec_curve_nid(EVP_PKEY *key);

/* One text for every cause of a failed decryption or unwrapping: a caller must not learn from it.
 * The text is ours. */
bool key_fail_open(struct az_error *reterr);
/* "Invalid length of 'MEMBER': N bytes. ALG requires WANT bytes, encoded with base64url.": the
 * service's for sign (see keyalg.c), elsewhere by analogy. */
bool key_fail_length(const struct key_alg *alg, const char *member, size_t len, const char *want,
                     struct az_error *reterr);
bool key_fail_missing(const char *member, struct az_error *reterr);
