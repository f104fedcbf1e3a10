/* SPDX-License-Identifier: MIT */
/* EC rows: ECDSA over a given digest; on the wire the signature is r || s, each as wide as the
 * field. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "common/keyalg_impl.h"

DEFINE_CLEANUP(ec_ctx_cleanup, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(ec_sig_cleanup, ECDSA_SIG, ECDSA_SIG_free)

int ec_curve_nid(EVP_PKEY *key)
{
    char name[64];
    size_t len = 0;

    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), &len) !=
        1) {
        return 0;
    }
    return OBJ_txt2nid(name);
}

static size_t field_width(EVP_PKEY *key)
{
    return ((size_t) EVP_PKEY_get_bits(key) + 7) / 8;
}

static bool der_to_raw(const unsigned char *der, size_t der_len, size_t width, struct bytes *ret)
{
    CLEANUP(ec_sig_cleanup) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long) der_len);

    return sig && bytes_alloc(ret, 2 * width) &&
           BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret->data, (int) width) == (int) width &&
           BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret->data + width, (int) width) == (int) width;
}

bool ec_sign(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const struct key_input *in,
             struct key_output *ret, struct az_error *reterr)
{
    CLEANUP(ec_ctx_cleanup) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    unsigned char der[256];
    size_t len = sizeof(der);

    (void) alg;
    (void) op;
    if (!ctx || EVP_PKEY_sign_init(ctx) <= 0 ||
        EVP_PKEY_sign(ctx, der, &len, in->value.data, in->value.len) <= 0 ||
        !der_to_raw(der, len, field_width(key), &raw)) {
        ERR_clear_error();
        return az_fail_internal(reterr, "ECDSA signing failed");
    }
    ret->value = bytes_take(&raw);
    return true;
}

static size_t raw_to_der(struct bytes raw, size_t width, unsigned char **der)
{
    CLEANUP(ec_sig_cleanup) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, (int) width, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + width, (int) width, NULL);
    int len;

    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    len = i2d_ECDSA_SIG(sig, der);
    return len > 0 ? (size_t) len : 0;
}

bool ec_verify(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
               struct bytes signature)
{
    CLEANUP(ec_ctx_cleanup) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    unsigned char *der = NULL;
    size_t width = field_width(key);
    size_t len;
    bool good;

    (void) alg;
    if (signature.len != 2 * width) {
        return false;
    }
    len = raw_to_der(signature, width, &der);
    good = len > 0 && ctx && EVP_PKEY_verify_init(ctx) > 0 &&
           EVP_PKEY_verify(ctx, der, len, in->value.data, in->value.len) == 1;
    OPENSSL_free(der);
    ERR_clear_error();
    return good;
}
