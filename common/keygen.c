/* SPDX-License-Identifier: MIT */
/* Making key pairs, the pool of pairs made ahead, and PKCS#8. */
#include "common/keygen.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define POOL_BITS 2048u
#define POOL_MAX  16u

static const struct {
    enum key_curve curve;
    const char *wire;
    const char *group; /* OpenSSL's name */
} curves[] = {
    {CURVE_P256,  "P-256",     "P-256"    },
    {CURVE_P384,  "P-384",     "P-384"    },
    {CURVE_P521,  "P-521",     "P-521"    },
    {CURVE_P256K, "P-256K",    "secp256k1"},
    {CURVE_P256K, "SECP256K1", "secp256k1"}, /* the name before 7.0 (azure-rules.md 3) */
};

enum key_curve key_curve_parse(const char *wire_name)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        if (strcmp(curves[i].wire, wire_name) == 0) {
            return curves[i].curve;
        }
    }
    return CURVE_NONE;
}

const char *key_curve_name(enum key_curve curve)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        if (curves[i].curve == curve) {
            return curves[i].wire;
        }
    }
    return NULL;
}

const char *key_curve_group(enum key_curve curve)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        if (curves[i].curve == curve) {
            return curves[i].group;
        }
    }
    return NULL;
}

int key_curve_nid(enum key_curve curve)
{
    const char *group = key_curve_group(curve);
    int nid = group ? EC_curve_nist2nid(group) : NID_undef;

    return nid != NID_undef || !group ? nid : OBJ_txt2nid(group);
}

bool keygen_make(unsigned rsa_bits, enum key_curve curve, EVP_PKEY **ret, struct az_error *reterr)
{
    EVP_PKEY *key = rsa_bits > 0          ? EVP_RSA_gen(rsa_bits)
                    : curve != CURVE_NONE ? EVP_EC_gen(key_curve_group(curve))
                                          : NULL;

    if (!key) {
        ERR_clear_error();
        return az_fail_internal(reterr, "generating a key failed");
    }
    *ret = key;
    return true;
}

struct keypool {
    pthread_mutex_t lock;
    unsigned target;
    unsigned n;
    EVP_PKEY *keys[POOL_MAX];
};

struct keypool *keypool_new(unsigned target)
{
    struct keypool *p = calloc(1, sizeof(*p));

    if (p) {
        (void) pthread_mutex_init(&p->lock, NULL);
        p->target = target < POOL_MAX ? target : POOL_MAX;
    }
    return p;
}

void keypool_free(struct keypool *p)
{
    if (p) {
        for (unsigned i = 0; i < p->n; i++) {
            EVP_PKEY_free(p->keys[i]);
        }
        (void) pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

bool keypool_fill_one(void *pool)
{
    struct keypool *p = pool;
    EVP_PKEY *key = NULL;
    struct az_error err;
    bool full;

    (void) pthread_mutex_lock(&p->lock);
    full = p->n >= p->target;
    (void) pthread_mutex_unlock(&p->lock);
    if (full || !keygen_make(POOL_BITS, CURVE_NONE, &key, &err)) {
        return false;
    }
    (void) pthread_mutex_lock(&p->lock);
    if (p->n < p->target) {
        p->keys[p->n++] = take_ptr(key);
    }
    full = p->n >= p->target;
    (void) pthread_mutex_unlock(&p->lock);
    EVP_PKEY_free(key);
    return !full;
}

bool keypool_take(struct keypool *p, unsigned rsa_bits, enum key_curve curve, EVP_PKEY **ret,
                  struct az_error *reterr)
{
    EVP_PKEY *key = NULL;

    if (p && rsa_bits == POOL_BITS) {
        (void) pthread_mutex_lock(&p->lock);
        if (p->n > 0) {
            key = p->keys[--p->n];
        }
        (void) pthread_mutex_unlock(&p->lock);
    }
    if (key) {
        *ret = key;
        return true;
    }
    return keygen_make(rsa_bits, curve, ret, reterr);
}

DEFINE_CLEANUP(p8_cleanup, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

/* PKCS#8 for a symmetric key. RFC 5958 leaves the algorithm open: AES of the key's length says what
 * the bytes are. */
static PKCS8_PRIV_KEY_INFO *oct_to_p8(EVP_PKEY *key)
{
    PKCS8_PRIV_KEY_INFO *p8 = PKCS8_PRIV_KEY_INFO_new();
    uint8_t raw[KEY_OCT_MAX];
    size_t len = key_octets(key, raw);
    unsigned char *copy = len > 0 ? OPENSSL_memdup(raw, len) : NULL;
    int nid = len == 16 ? NID_aes_128_ecb : len == 24 ? NID_aes_192_ecb : NID_aes_256_ecb;

    OPENSSL_cleanse(raw, sizeof(raw));
    if (!p8 || !copy ||
        PKCS8_pkey_set0(p8, OBJ_nid2obj(nid), 0, V_ASN1_UNDEF, NULL, copy, (int) len) != 1) {
        OPENSSL_clear_free(copy, len);
        PKCS8_PRIV_KEY_INFO_free(p8);
        return NULL;
    }
    return p8;
}

/* NULL: another algorithm, or not decodable. */
static EVP_PKEY *oct_from_p8(const PKCS8_PRIV_KEY_INFO *p8)
{
    const ASN1_OBJECT *algorithm = NULL;
    const unsigned char *raw = NULL;
    EVP_PKEY *key = NULL;
    struct az_error ignored;
    int len = 0;
    int nid =
        PKCS8_pkey_get0(&algorithm, &raw, &len, NULL, p8) == 1 ? OBJ_obj2nid(algorithm) : NID_undef;

    if ((nid != NID_aes_128_ecb && nid != NID_aes_192_ecb && nid != NID_aes_256_ecb) || len <= 0 ||
        !key_from_octets(raw, (size_t) len, &key, &ignored)) {
        return NULL;
    }
    return key;
}

bool key_to_pkcs8(EVP_PKEY *key, struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(p8_cleanup)
    PKCS8_PRIV_KEY_INFO *p8 =
        key_kind_of(key) == KEY_KIND_OCT ? oct_to_p8(key) : EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    int len = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;

    if (len <= 0) {
        ERR_clear_error();
        return az_fail_internal(reterr, "encoding a key failed");
    }
    *ret = (struct bytes){der, (size_t) len};
    return true;
}

bool key_from_pkcs8(const struct bytes *der, EVP_PKEY **ret, struct az_error *reterr)
{
    const unsigned char *p = der->data;
    CLEANUP(p8_cleanup)
    PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) der->len);
    EVP_PKEY *key = p8 ? oct_from_p8(p8) : NULL;

    if (p8 && !key) {
        key = EVP_PKCS82PKEY(p8);
    }
    if (!key) {
        ERR_clear_error();
        return az_fail_internal(reterr, "a stored key can't be decoded");
    }
    *ret = key;
    return true;
}
