/* SPDX-License-Identifier: MIT */
/* JSON Web Keys <-> EVP_PKEY: public members out, private or public keys in. RFC 7517, 7518. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "common/base64url.h"
#include "common/keyalg_impl.h"
#include "common/keygen.h"

/* They hold private numbers, and OSSL_PARAM_free() does not wipe. */
static void params_clear_free(OSSL_PARAM *params)
{
    for (OSSL_PARAM *p = params; p && p->key; p++) {
        OPENSSL_cleanse(p->data, p->data_size);
    }
    OSSL_PARAM_free(params);
}

DEFINE_CLEANUP(bn_cleanup, BIGNUM, BN_clear_free)
DEFINE_CLEANUP(bld_cleanup, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DEFINE_CLEANUP(params_cleanup, OSSL_PARAM, params_clear_free)
DEFINE_CLEANUP(jwk_ctx_cleanup, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
#define AUTO_BN         CLEANUP(bn_cleanup) BIGNUM

#define RSA_BYTES_MIN   128 /* recorded: an RSA-1024 key is imported (wire-samples.md, PUT /keys) */
#define RSA_BYTES_MAX   513 /* 4096 bits and a leading zero byte */
#define RSA_E_BYTES_MAX 9
#define EC_BYTES_MAX    67

/* Adds a number, unsigned big-endian; width 0: as short as it can be. */
static bool add_number(json_t *obj, const char *name, EVP_PKEY *key, const char *param,
                       size_t width)
{
    CLEANUP(buf_done) struct buf text = {0};
    AUTO_BN *bn = NULL;
    uint8_t raw[1024];
    size_t len;

    if (EVP_PKEY_get_bn_param(key, param, &bn) != 1) {
        return false;
    }
    len = width > 0 ? width : (size_t) BN_num_bytes(bn);
    if (len > sizeof(raw) || BN_bn2binpad(bn, raw, (int) len) < 0) {
        return false;
    }
    base64url_write(&text, raw, len);
    return buf_ok(&text) && json_object_set_new(obj, name, json_stringn(text.data, text.len)) == 0;
}

/* ML-DSA-87 has the longest public key of all: 2592 bytes (FIPS 204, table 2). */
static bool add_octets(json_t *obj, const char *name, EVP_PKEY *key, const char *param)
{
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t raw[2592];
    size_t len = 0;

    if (EVP_PKEY_get_octet_string_param(key, param, raw, sizeof(raw), &len) != 1) {
        return false;
    }
    base64url_write(&text, raw, len);
    return buf_ok(&text) && json_object_set_new(obj, name, json_stringn(text.data, text.len)) == 0;
}

bool jwk_add_public(json_t *obj, EVP_PKEY *key, struct az_error *reterr)
{
    enum key_kind kind = key_kind_of(key);
    bool ok;

    if (kind == KEY_KIND_OCT) {
        ok = true; /* a symmetric key has no public part */
    } else if (kind == KEY_KIND_AKP) {
        ok = add_octets(obj, "pub", key, OSSL_PKEY_PARAM_PUB_KEY);
    } else if (kind == KEY_KIND_RSA) {
        ok = add_number(obj, "n", key, OSSL_PKEY_PARAM_RSA_N, 0) &&
             add_number(obj, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
        size_t width = ((size_t) EVP_PKEY_get_bits(key) + 7) / 8;
        const char *curve = key_curve_name(key_curve_of(key));

        ok = curve && json_object_set_new(obj, "crv", json_string(curve)) == 0 &&
             add_number(obj, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, width) &&
             add_number(obj, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, width);
    }
    ERR_clear_error();
    return ok || az_fail_internal(reterr, "a key's public part can't be read");
}

/*
 * A member as a number; NULL when it is absent, no base64url, or longer than max bytes: checking a
 * key takes time that grows with its size. The caller frees (BN_clear_free).
 */
static BIGNUM *read_number(const json_t *jwk, const char *name, size_t max)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    CLEANUP(bytes_clear_free) struct bytes raw = {0};

    if (!text || !base64url_read(sv_from(text), &raw) || raw.len == 0 || raw.len > max) {
        return NULL;
    }
    return BN_bin2bn(raw.data, (int) raw.len, NULL);
}

static bool bad(struct az_error *reterr)
{
    ERR_clear_error();
    /* Recorded for import of {}: azure-rules.md section 8. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                   "The property \"key\" must be a valid JsonWebKey object.");
}

static bool from_params(const char *type, OSSL_PARAM_BLD *bld, bool is_private, EVP_PKEY **ret)
{
    CLEANUP(params_cleanup) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    CLEANUP(jwk_ctx_cleanup) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) !=
            1) {
        return false;
    }
    CLEANUP(jwk_ctx_cleanup) EVP_PKEY_CTX *checker = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    if (!checker ||
        (is_private ? EVP_PKEY_check(checker) : EVP_PKEY_public_check_quick(checker)) != 1) {
        EVP_PKEY_free(key);
        return false;
    }
    *ret = key;
    return true;
}

static bool rsa_from_jwk(const json_t *jwk, EVP_PKEY **ret)
{
    static const struct {
        const char *member;
        const char *param;
        bool is_private;
        size_t max; /* bytes */
    } parts[] = {
        {"n",  OSSL_PKEY_PARAM_RSA_N,            false, RSA_BYTES_MAX        },
        {"e",  OSSL_PKEY_PARAM_RSA_E,            false, RSA_E_BYTES_MAX      },
        {"d",  OSSL_PKEY_PARAM_RSA_D,            true,  RSA_BYTES_MAX        },
        {"p",  OSSL_PKEY_PARAM_RSA_FACTOR1,      true,  RSA_BYTES_MAX / 2 + 1},
        {"q",  OSSL_PKEY_PARAM_RSA_FACTOR2,      true,  RSA_BYTES_MAX / 2 + 1},
        {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1,    true,  RSA_BYTES_MAX / 2 + 1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2,    true,  RSA_BYTES_MAX / 2 + 1},
        {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true,  RSA_BYTES_MAX / 2 + 1},
    };
    CLEANUP(bld_cleanup) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[ARRAY_LEN(parts)] = {0};
    bool is_private = json_object_get(jwk, "d") != NULL;
    bool ok = bld != NULL;

    for (size_t i = 0; ok && i < ARRAY_LEN(parts); i++) {
        if (parts[i].is_private && !is_private) {
            continue;
        }
        numbers[i] = read_number(jwk, parts[i].member, parts[i].max);
        ok = numbers[i] && OSSL_PARAM_BLD_push_BN(bld, parts[i].param, numbers[i]) == 1;
    }
    ok =
        ok && BN_num_bytes(numbers[0]) >= RSA_BYTES_MIN && from_params("RSA", bld, is_private, ret);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        BN_clear_free(numbers[i]);
    }
    return ok;
}

static bool ec_from_jwk(const json_t *jwk, EVP_PKEY **ret)
{
    const char *crv = json_string_value(json_object_get(jwk, "crv"));
    enum key_curve curve = crv ? key_curve_parse(crv) : CURVE_NONE;
    CLEANUP(bld_cleanup) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    AUTO_BN *x = read_number(jwk, "x", EC_BYTES_MAX);
    AUTO_BN *y = read_number(jwk, "y", EC_BYTES_MAX);
    AUTO_BN *d = read_number(jwk, "d", EC_BYTES_MAX);
    uint8_t point[1 + 2 * 66] = {4};
    size_t width = curve == CURVE_P521 ? 66 : curve == CURVE_P384 ? 48 : 32;

    if (!d && json_object_get(jwk, "d")) {
        return false; /* a private key that can't be read is not a public one */
    }
    if (curve == CURVE_NONE || !bld || !x || !y || BN_bn2binpad(x, point + 1, (int) width) < 0 ||
        BN_bn2binpad(y, point + 1 + width, (int) width) < 0 ||
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, key_curve_group(curve),
                                        0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * width) != 1 ||
        (d && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1)) {
        return false;
    }
    return from_params("EC", bld, d != NULL, ret);
}

/* AES keys only: key-attributes of the specification name 128, 192 and 256 bits. */
static bool oct_from_jwk(const json_t *jwk, EVP_PKEY **ret)
{
    const char *text = json_string_value(json_object_get(jwk, "k"));
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    struct az_error ignored;

    return text && base64url_read(sv_from(text), &raw) &&
           (raw.len == 16 || raw.len == 24 || raw.len == 32) &&
           key_from_octets(raw.data, raw.len, ret, &ignored);
}

bool jwk_to_key(const json_t *jwk, EVP_PKEY **ret, struct az_error *reterr)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));

    if (kty && (strcmp(kty, "RSA") == 0 || strcmp(kty, "RSA-HSM") == 0)) {
        return rsa_from_jwk(jwk, ret) || bad(reterr);
    }
    if (kty && (strcmp(kty, "EC") == 0 || strcmp(kty, "EC-HSM") == 0)) {
        return ec_from_jwk(jwk, ret) || bad(reterr);
    }
    if (kty && (strcmp(kty, "oct") == 0 || strcmp(kty, "oct-HSM") == 0)) {
        return oct_from_jwk(jwk, ret) || bad(reterr);
    }
    return bad(reterr);
}
