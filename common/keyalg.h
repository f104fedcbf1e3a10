/* SPDX-License-Identifier: MIT */
/*
 * Key Vault's algorithms over EVP: one table, a row for each wire name, parameters as data.
 *
 * Pure: no HTTP, no storage, no clock, no logging. Callers own every buffer. An empty cell of the
 * table fails closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "common/az_error.h"
#include "common/bytes.h"

enum key_op { /* bits, as in key_ops */
              KEY_OP_ENCRYPT = 1 << 0,
              KEY_OP_DECRYPT = 1 << 1,
              KEY_OP_SIGN = 1 << 2,
              KEY_OP_VERIFY = 1 << 3,
              KEY_OP_WRAP = 1 << 4,
              KEY_OP_UNWRAP = 1 << 5,
              KEY_OP_IMPORT = 1 << 6,
              KEY_OP_EXPORT = 1 << 7,
              KEY_OP_SECURE_WRAP = 1 << 8,
              KEY_OP_SECURE_UNWRAP = 1 << 9,
};
#define KEY_OPS_COUNT 10

/* Wire spelling: "encrypt", "wrapKey", ...; 0 / NULL: no such name. Case as on the wire. */
unsigned key_op_parse(const char *wire_name);
const char *key_op_name(enum key_op op);

struct key_alg; /* a row */

const struct key_alg *key_alg_find(const char *wire_name); /* NULL: unknown */
const char *key_alg_name(const struct key_alg *alg);
/* The row that a key implies when a request names none: ML-DSA only (versions.md 1.3); else NULL.
 */
const struct key_alg *key_alg_of_key(EVP_PKEY *key);
/* False: a row that the OpenSSL at run time can't do. */
bool key_alg_available(const struct key_alg *alg);
/* Does this key (type and curve) work with this algorithm for this operation? */
bool key_alg_supports(const struct key_alg *alg, EVP_PKEY *key, enum key_op op);
/*
 * The same as an error: AZ_ERR_BAD_PARAMETER with the service's text, which names the key by kid
 * (its URL; NULL: left out). The operations below check it too, without a kid.
 */
bool key_alg_check(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const char *kid,
                   struct az_error *reterr) MUST_CHECK;
/* Length of the digest that sign and verify take, in bytes; 0: any (RSNULL, HS*, ML-DSA), or no
 * signature row. */
size_t key_alg_digest_len(const struct key_alg *alg);
/* Rows for generated tests and docs. */
size_t key_alg_count(void);
const struct key_alg *key_alg_at(size_t i);

/* What an operation takes; borrowed. A member with data NULL was not given. */
struct key_input {
    struct bytes value; /* plaintext, ciphertext, key, digest or message */
    struct bytes iv;
    struct bytes aad;
    struct bytes tag;
    struct bytes context; /* ML-DSA */
    bool external_mu;     /* ML-DSA: value is the 64-byte mu, not the message */
};

/* What it gives; iv and tag only where the row has them. */
struct key_output {
    struct bytes value;
    struct bytes iv;
    struct bytes tag;
};
void key_output_done(struct key_output *o);

/*
 * encrypt, decrypt, wrapKey, unwrapKey, sign. On success *ret is owned by the caller. AES-GCM
 * makes its own nonce when it encrypts. Bad input is AZ_ERR_BAD_PARAMETER.
 */
bool key_alg_run(const struct key_alg *alg, EVP_PKEY *key, enum key_op op,
                 const struct key_input *in, struct key_output *ret, struct az_error *reterr)
    MUST_CHECK;
/* in->value: what was signed. *valid: is the signature good? False: input that can't be judged. */
bool key_alg_judge(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
                   struct bytes signature, bool *valid, struct az_error *reterr) MUST_CHECK;

/*
 * The same for rows that take and give a value and nothing else:
 * encrypt, decrypt, wrapKey, unwrapKey, sign (in = digest, out = signature; EC: r || s).
 * On success *ret is owned by the caller. Bad input is AZ_ERR_BAD_PARAMETER.
 */
bool key_alg_apply(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
                   struct bytes *ret, struct az_error *reterr) MUST_CHECK;
/* *valid says whether the signature is good; false return only for input that can't be judged. */
bool key_alg_verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
                    struct bytes signature, bool *valid, struct az_error *reterr) MUST_CHECK;
