/* SPDX-License-Identifier: MIT */
/*
 * ML-DSA rows (FIPS 204): the message itself is signed, with an optional context, or a mu computed
 * by the caller. Members: versions.md 1.3. The parameters' names are OpenSSL 3.5's.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/keyalg_impl.h"

#define CONTEXT_MAX 255 /* bytes: versions.md 1.3, FIPS 204 section 5.2 */
#define MU_LEN      64

DEFINE_CLEANUP(md_ctx_cleanup, EVP_MD_CTX, EVP_MD_CTX_free)

typedef int init_fn(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const char *mdname, OSSL_LIB_CTX *libctx,
                    const char *props, EVP_PKEY *pkey, const OSSL_PARAM params[]);

static bool check(const struct key_alg *alg, const struct key_input *in, struct az_error *reterr)
{
    if (in->context.len > CONTEXT_MAX) {
        return key_fail_length(alg, "context", in->context.len, "at most 255", reterr);
    }
    if (in->external_mu && in->context.data) { /* mu has the context in it already */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "Property 'context' can't be given with 'external_mu'.");
    }
    return !in->external_mu || in->value.len == MU_LEN ||
           key_fail_length(alg, "external_mu", in->value.len, "64", reterr);
}

static bool begin(init_fn *init, EVP_MD_CTX *ctx, EVP_PKEY *key, const struct key_input *in)
{
    int mu = 1;
    OSSL_PARAM params[2];
    OSSL_PARAM *p = params;

    if (in->external_mu) {
        *p++ = OSSL_PARAM_construct_int("mu", &mu);
    } else if (in->context.len > 0) {
        *p++ =
            OSSL_PARAM_construct_octet_string("context-string", in->context.data, in->context.len);
    }
    *p = OSSL_PARAM_construct_end();
    return ctx && init(ctx, NULL, NULL, NULL, NULL, key, params) == 1;
}

bool pq_sign(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const struct key_input *in,
             struct key_output *ret, struct az_error *reterr)
{
    CLEANUP(md_ctx_cleanup) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    size_t len = 0;

    (void) op;
    if (!check(alg, in, reterr)) {
        return false;
    }
    if (!begin(EVP_DigestSignInit_ex, ctx, key, in) ||
        EVP_DigestSign(ctx, NULL, &len, in->value.data, in->value.len) != 1 ||
        !bytes_alloc(&out, len) ||
        EVP_DigestSign(ctx, out.data, &len, in->value.data, in->value.len) != 1) {
        ERR_clear_error();
        return az_fail_internal(reterr, "ML-DSA signing failed");
    }
    out.len = len;
    ret->value = bytes_take(&out);
    return true;
}

bool pq_verify(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
               struct bytes signature)
{
    CLEANUP(md_ctx_cleanup) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    struct az_error ignored;
    bool good =
        check(alg, in, &ignored) && begin(EVP_DigestVerifyInit_ex, ctx, key, in) &&
        EVP_DigestVerify(ctx, signature.data, signature.len, in->value.data, in->value.len) == 1;

    ERR_clear_error();
    return good;
}
