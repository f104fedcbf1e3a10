/* SPDX-License-Identifier: MIT */
/* HS256, HS384, HS512: HMAC over the message (RFC 7518 section 3.2). Compared in constant time. */
#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/keyalg_impl.h"

DEFINE_CLEANUP(mac_ctx_cleanup, EVP_MAC_CTX, EVP_MAC_CTX_free)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;

static void fetch(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static bool compute(const struct key_alg *alg, EVP_PKEY *key, const struct bytes *in,
                    uint8_t out[EVP_MAX_MD_SIZE], size_t *len)
{
    char digest[16];
    OSSL_PARAM params[2];
    uint8_t raw[KEY_OCT_MAX];
    size_t raw_len = key_octets(key, raw);
    bool ok;

    (void) pthread_once(&once, fetch);
    CLEANUP(mac_ctx_cleanup) EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

    (void) OPENSSL_strlcpy(digest, alg->digest, sizeof(digest));
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    ok = ctx && raw_len > 0 && EVP_MAC_init(ctx, raw, raw_len, params) == 1 &&
         EVP_MAC_update(ctx, in->data, in->len) == 1 &&
         EVP_MAC_final(ctx, out, len, EVP_MAX_MD_SIZE) == 1;
    OPENSSL_cleanse(raw, sizeof(raw));
    ERR_clear_error();
    return ok;
}

bool mac_sign(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const struct key_input *in,
              struct key_output *ret, struct az_error *reterr)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    size_t len = 0;

    (void) op;
    return (compute(alg, key, &in->value, out, &len) && bytes_copy(&ret->value, out, len)) ||
           az_fail_internal(reterr, "HMAC failed");
}

bool mac_verify(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
                struct bytes signature)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    size_t len = 0;
    bool good = compute(alg, key, &in->value, out, &len) && signature.len == len &&
                CRYPTO_memcmp(signature.data, out, len) == 0;

    OPENSSL_cleanse(out, sizeof(out)); /* it would be a valid signature */
    return good;
}
