/* SPDX-License-Identifier: MIT */
/*
 * Key pairs: generation, the pool of pairs made ahead of need, JWK members, PKCS#8, and sealing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <openssl/types.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/workers.h"

enum key_curve { CURVE_NONE, CURVE_P256, CURVE_P384, CURVE_P521, CURVE_P256K };

/* "P-256", "P-384", "P-521", "P-256K", and the old "SECP256K1"; CURVE_NONE: unknown. */
enum key_curve key_curve_parse(const char *wire_name);
const char *key_curve_name(enum key_curve curve);
const char *key_curve_group(enum key_curve curve); /* OpenSSL's name */
int key_curve_nid(enum key_curve curve);
enum key_curve key_curve_of(EVP_PKEY *key); /* CURVE_NONE: no EC key, or another curve */

enum key_kind { KEY_KIND_RSA, KEY_KIND_EC, KEY_KIND_OCT, KEY_KIND_AKP, KEY_KIND_NONE };
enum key_kind key_kind_of(EVP_PKEY *key);

/*
 * A symmetric key travels as an EVP_PKEY too (OpenSSL's type "HMAC": raw bytes, wiped when freed),
 * so that caching, sealing and reference counting are the same for every kind.
 */
#define KEY_OCT_MAX 64 /* bytes; the service's keys have 16, 24 or 32, published vectors 64 */
bool key_from_octets(const uint8_t *data, size_t len, EVP_PKEY **ret, struct az_error *reterr)
    MUST_CHECK;
/* Copies the bytes out (the caller wipes them) and says how many; 0: no symmetric key. */
size_t key_octets(EVP_PKEY *key, uint8_t out[KEY_OCT_MAX]);

/* ML-DSA (FIPS 204). Works where the OpenSSL at run time has it, 3.5 and later. */
enum key_pq { PQ_NONE, PQ_ML_DSA_44, PQ_ML_DSA_65, PQ_ML_DSA_87 };
enum key_pq key_pq_parse(const char *wire_name); /* "ML-DSA-44"; PQ_NONE: unknown */
const char *key_pq_name(enum key_pq pq);
bool key_pq_available(enum key_pq pq); /* looked up once */
enum key_pq key_pq_of(EVP_PKEY *key);  /* PQ_NONE: another kind */

/* What to generate; what doesn't apply to the kind is 0. */
struct key_spec {
    enum key_kind kind;
    unsigned bits; /* RSA, oct */
    enum key_curve curve;
    enum key_pq pq;
};

/* rsa_bits > 0: RSA (2048, 3072, 4096); else EC on `curve`. *ret: EVP_PKEY_free(). Slow for RSA. */
bool keygen_make(unsigned rsa_bits, enum key_curve curve, EVP_PKEY **ret, struct az_error *reterr)
    MUST_CHECK;

/* RSA-2048 pairs made ahead of need by idle workers; each is used once. */
struct keypool;
struct keypool *keypool_new(unsigned target); /* how many to hold; NULL: out of memory */
void keypool_free(struct keypool *p);
bool keypool_fill_one(void *pool); /* a workers_idle_fn: false when full */
/* From the pool if it has one of this kind, else made now. p may be NULL. */
bool keypool_take(struct keypool *p, unsigned rsa_bits, enum key_curve curve, EVP_PKEY **ret,
                  struct az_error *reterr) MUST_CHECK;

/* Any kind; RSA-2048 comes from the pool if it has one. p may be NULL. */
bool keygen_spec(struct keypool *p, const struct key_spec *spec, EVP_PKEY **ret,
                 struct az_error *reterr) MUST_CHECK;

/* Public members only, in wire order: RSA n, e; EC crv, x, y (fixed width); AKP pub; oct none.
 * Added to obj. */
bool jwk_add_public(json_t *obj, EVP_PKEY *key, struct az_error *reterr) MUST_CHECK;
/*
 * A private or public JWK (kty RSA or EC, -HSM too), or an oct one of 128, 192 or 256 bits -> key;
 * consistency is checked.
 */
bool jwk_to_key(const json_t *jwk, EVP_PKEY **ret, struct az_error *reterr) MUST_CHECK;

/* PKCS#8 for every kind; an oct key's has an AES algorithm identifier and the raw bytes. */
bool key_to_pkcs8(EVP_PKEY *key, struct bytes *ret, struct az_error *reterr) MUST_CHECK;
bool key_from_pkcs8(const struct bytes *der, EVP_PKEY **ret, struct az_error *reterr) MUST_CHECK;

/*
 * AES-256-GCM: 12-byte random nonce || ciphertext || 16-byte tag. aad binds the sealed bytes to
 * their place.
 */
#define SEAL_KEY_LEN  32
#define SEAL_OVERHEAD 28
bool seal(const uint8_t key[SEAL_KEY_LEN], struct str_view aad, const void *plain, size_t len,
          struct bytes *ret, struct az_error *reterr) MUST_CHECK;
/* False: tampered, another key or another aad (AZ_ERR_INTERNAL). */
bool unseal(const uint8_t key[SEAL_KEY_LEN], struct str_view aad, const void *sealed, size_t len,
            struct bytes *ret, struct az_error *reterr) MUST_CHECK;
/* From here on by OpenSSL's FIPS provider; false: there is none. Once, before the first seal(). */
bool seal_with_fips(struct az_error *reterr) MUST_CHECK;

/*
 * Reads a 32-byte key file (0600), or makes it where it is missing and nothing can be sealed under
 * it yet. Others' permission bits on it are refused.
 */
bool root_key_open(const char *path, bool may_make, uint8_t key[SEAL_KEY_LEN],
                   struct az_error *reterr) MUST_CHECK;
