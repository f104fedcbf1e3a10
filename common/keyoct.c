/* SPDX-License-Identifier: MIT */
/*
 * Symmetric keys as EVP_PKEY, and the kinds of keys. OpenSSL 3 has no key type for AES, but its
 * "HMAC" keeps raw bytes, counts references and wipes.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/keygen.h"

bool key_from_octets(const uint8_t *data, size_t len, EVP_PKEY **ret, struct az_error *reterr)
{
    EVP_PKEY *key = len > 0 && len <= KEY_OCT_MAX
                        ? EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, data, len)
                        : NULL;

    if (!key) {
        ERR_clear_error();
        return az_fail_internal(reterr, "making a symmetric key failed");
    }
    *ret = key;
    return true;
}

size_t key_octets(EVP_PKEY *key, uint8_t out[KEY_OCT_MAX])
{
    size_t len = KEY_OCT_MAX;

    if (!EVP_PKEY_is_a(key, "HMAC") || EVP_PKEY_get_raw_private_key(key, out, &len) != 1) {
        ERR_clear_error();
        return 0;
    }
    return len;
}

enum key_kind key_kind_of(EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return KEY_KIND_RSA;
    case EVP_PKEY_EC:
        return KEY_KIND_EC;
    default:
        return EVP_PKEY_is_a(key, "HMAC")  ? KEY_KIND_OCT
               : key_pq_of(key) != PQ_NONE ? KEY_KIND_AKP
                                           : KEY_KIND_NONE;
    }
}

static bool make_octets(unsigned bits, EVP_PKEY **ret, struct az_error *reterr)
{
    uint8_t raw[KEY_OCT_MAX];
    size_t len = bits / 8;
    bool ok = len > 0 && len <= sizeof(raw) && RAND_priv_bytes(raw, (int) len) == 1;

    if (!ok) {
        ERR_clear_error();
        return az_fail_internal(reterr, "generating a symmetric key failed");
    }
    ok = key_from_octets(raw, len, ret, reterr);
    OPENSSL_cleanse(raw, sizeof(raw));
    return ok;
}

static bool make_pq(enum key_pq pq, EVP_PKEY **ret, struct az_error *reterr)
{
    EVP_PKEY *key = key_pq_available(pq) ? EVP_PKEY_Q_keygen(NULL, NULL, key_pq_name(pq)) : NULL;

    if (!key) {
        ERR_clear_error();
        return az_fail_internal(reterr, "generating an ML-DSA key failed");
    }
    *ret = key;
    return true;
}

bool keygen_spec(struct keypool *p, const struct key_spec *spec, EVP_PKEY **ret,
                 struct az_error *reterr)
{
    switch (spec->kind) {
    case KEY_KIND_RSA:
        return keypool_take(p, spec->bits, CURVE_NONE, ret, reterr);
    case KEY_KIND_EC:
        return keypool_take(p, 0, spec->curve, ret, reterr);
    case KEY_KIND_OCT:
        return make_octets(spec->bits, ret, reterr);
    case KEY_KIND_AKP:
        return make_pq(spec->pq, ret, reterr);
    case KEY_KIND_NONE:
        break;
    }
    return az_fail_internal(reterr, "no such kind of key");
}
