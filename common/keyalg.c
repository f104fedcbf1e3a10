/* SPDX-License-Identifier: MIT */
/*
 * The table of algorithms and what is common to all rows.
 *
 * Sources: JsonWebKeyEncryptionAlgorithm and JsonWebKeySignatureAlgorithm of the specification;
 * versions.md 1.1 to 1.3; azure-rules.md section 3 (RSA-OAEP is SHA-1, RSA-OAEP-256 uses SHA-256
 * for the hash and for MGF1).
 */
#include "common/keyalg.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "common/keyalg_impl.h"
#include "common/keygen.h"

#define OPS_CRYPT  ((unsigned) (KEY_OP_ENCRYPT | KEY_OP_DECRYPT))
#define OPS_WRAP   ((unsigned) (KEY_OP_WRAP | KEY_OP_UNWRAP))
#define OPS_SECURE ((unsigned) (KEY_OP_SECURE_WRAP | KEY_OP_SECURE_UNWRAP))
#define OPS_SIGN   ((unsigned) (KEY_OP_SIGN | KEY_OP_VERIFY))

/* clang-format off */
#define RSA_CIPHER(n, o, pad, md) {.name = (n), .kind = KEY_KIND_RSA, .ops = (o), .apply = rsa_cipher, .rsa_padding = (pad), .digest = (md)}
#define RSA_SIGN(n, pad, md, len) {.name = (n), .kind = KEY_KIND_RSA, .ops = OPS_SIGN, .apply = rsa_sign, .verify = rsa_verify, .rsa_padding = (pad), .digest = (md), .digest_len = (len)}
#define EC_SIGN(n, nid, len)      {.name = (n), .kind = KEY_KIND_EC, .ops = OPS_SIGN, .apply = ec_sign, .verify = ec_verify, .curve_nid = (nid), .digest_len = (len)}
#define AES(n, o, m, bits)        {.name = (n), .kind = KEY_KIND_OCT, .ops = (o), .apply = aes_apply, .mode = (m), .key_bits = (bits)}
#define MAC(n, md)                {.name = (n), .kind = KEY_KIND_OCT, .ops = OPS_SIGN, .apply = mac_sign, .verify = mac_verify, .digest = (md)}
#define ML_DSA(n, p)              {.name = (n), .kind = KEY_KIND_AKP, .ops = OPS_SIGN, .apply = pq_sign, .verify = pq_verify, .pq = (p)}

/* Which rows serve securewrapkey: versions.md 1.2; A*KWPAD are listed there only. Clients send GCM and CBC to encrypt
 * and decrypt, KW to wrapKey and unwrapKey (their enumerations); that the service keeps to it is assumed. */
static const struct key_alg algs[] = {
    RSA_CIPHER("RSA1_5",       OPS_CRYPT | OPS_WRAP,              RSA_PKCS1_PADDING,      NULL),
    RSA_CIPHER("RSA-OAEP",     OPS_CRYPT | OPS_WRAP,              RSA_PKCS1_OAEP_PADDING, "SHA1"),
    RSA_CIPHER("RSA-OAEP-256", OPS_CRYPT | OPS_WRAP | OPS_SECURE, RSA_PKCS1_OAEP_PADDING, "SHA256"),
    RSA_SIGN("RS256",  RSA_PKCS1_PADDING,     "SHA256", 32),
    RSA_SIGN("RS384",  RSA_PKCS1_PADDING,     "SHA384", 48),
    RSA_SIGN("RS512",  RSA_PKCS1_PADDING,     "SHA512", 64),
    RSA_SIGN("PS256",  RSA_PKCS1_PSS_PADDING, "SHA256", 32),
    RSA_SIGN("PS384",  RSA_PKCS1_PSS_PADDING, "SHA384", 48),
    RSA_SIGN("PS512",  RSA_PKCS1_PSS_PADDING, "SHA512", 64),
    RSA_SIGN("RSNULL", RSA_PKCS1_PADDING,     NULL,     0),
    EC_SIGN("ES256",  NID_X9_62_prime256v1, 32),
    EC_SIGN("ES384",  NID_secp384r1,        48),
    EC_SIGN("ES512",  NID_secp521r1,        64),
    EC_SIGN("ES256K", NID_secp256k1,        32),
    AES("A128GCM",    OPS_CRYPT, AES_MODE_GCM,     128),
    AES("A192GCM",    OPS_CRYPT, AES_MODE_GCM,     192),
    AES("A256GCM",    OPS_CRYPT, AES_MODE_GCM,     256),
    AES("A128CBC",    OPS_CRYPT, AES_MODE_CBC,     128),
    AES("A192CBC",    OPS_CRYPT, AES_MODE_CBC,     192),
    AES("A256CBC",    OPS_CRYPT, AES_MODE_CBC,     256),
    AES("A128CBCPAD", OPS_CRYPT, AES_MODE_CBC_PAD, 128),
    AES("A192CBCPAD", OPS_CRYPT, AES_MODE_CBC_PAD, 192),
    AES("A256CBCPAD", OPS_CRYPT, AES_MODE_CBC_PAD, 256),
    AES("A128KW",     OPS_WRAP | OPS_SECURE, AES_MODE_KW, 128),
    AES("A192KW",     OPS_WRAP | OPS_SECURE, AES_MODE_KW, 192),
    AES("A256KW",     OPS_WRAP | OPS_SECURE, AES_MODE_KW, 256),
    AES("A128KWPAD",  OPS_SECURE, AES_MODE_KWP, 128),
    AES("A192KWPAD",  OPS_SECURE, AES_MODE_KWP, 192),
    AES("A256KWPAD",  OPS_SECURE, AES_MODE_KWP, 256),
    AES("CKM_AES_KEY_WRAP",     OPS_WRAP | OPS_SECURE, AES_MODE_KW,  0),
    AES("CKM_AES_KEY_WRAP_PAD", OPS_WRAP | OPS_SECURE, AES_MODE_KWP, 0),
    MAC("HS256", "SHA256"),
    MAC("HS384", "SHA384"),
    MAC("HS512", "SHA512"),
    ML_DSA("ML-DSA-44", PQ_ML_DSA_44),
    ML_DSA("ML-DSA-65", PQ_ML_DSA_65),
    ML_DSA("ML-DSA-87", PQ_ML_DSA_87),
};
/* clang-format on */

static const struct {
    const char *name;
    enum key_op op;
} op_names[KEY_OPS_COUNT] = {
    {"encrypt",         KEY_OP_ENCRYPT      },
    {"decrypt",         KEY_OP_DECRYPT      },
    {"sign",            KEY_OP_SIGN         },
    {"verify",          KEY_OP_VERIFY       },
    {"wrapKey",         KEY_OP_WRAP         },
    {"unwrapKey",       KEY_OP_UNWRAP       },
    {"import",          KEY_OP_IMPORT       },
    {"export",          KEY_OP_EXPORT       },
    {"secureWrapKey",   KEY_OP_SECURE_WRAP  },
    {"secureUnwrapKey", KEY_OP_SECURE_UNWRAP},
};

unsigned key_op_parse(const char *wire_name)
{
    for (size_t i = 0; i < KEY_OPS_COUNT; i++) {
        if (strcmp(op_names[i].name, wire_name) == 0) {
            return (unsigned) op_names[i].op;
        }
    }
    return 0;
}

const char *key_op_name(enum key_op op)
{
    for (size_t i = 0; i < KEY_OPS_COUNT; i++) {
        if (op_names[i].op == op) {
            return op_names[i].name;
        }
    }
    return NULL;
}

const struct key_alg *key_alg_find(const char *wire_name)
{
    for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
        if (strcmp(algs[i].name, wire_name) == 0) {
            return &algs[i];
        }
    }
    return NULL;
}

const char *key_alg_name(const struct key_alg *alg)
{
    return alg->name;
}

const struct key_alg *key_alg_of_key(EVP_PKEY *key)
{
    return key_kind_of(key) == KEY_KIND_AKP ? key_alg_find(key_pq_name(key_pq_of(key))) : NULL;
}

bool key_alg_available(const struct key_alg *alg)
{
    return alg->kind != KEY_KIND_AKP || key_pq_available(alg->pq);
}

/* The key's length, where the row wants one. */
static bool right_length(const struct key_alg *alg, EVP_PKEY *key)
{
    uint8_t raw[KEY_OCT_MAX];
    size_t len;

    if (alg->key_bits == 0) {
        return true;
    }
    len = key_octets(key, raw);
    OPENSSL_cleanse(raw, sizeof(raw));
    return len * 8 == alg->key_bits;
}

bool key_alg_supports(const struct key_alg *alg, EVP_PKEY *key, enum key_op op)
{
    if (key_kind_of(key) != alg->kind || (alg->ops & (unsigned) op) == 0) {
        return false;
    }
    return (alg->curve_nid == 0 || ec_curve_nid(key) == alg->curve_nid) &&
           (alg->pq == PQ_NONE || key_pq_of(key) == alg->pq) && right_length(alg, key);
}

size_t key_alg_digest_len(const struct key_alg *alg)
{
    return alg->digest_len;
}

size_t key_alg_count(void)
{
    return ARRAY_LEN(algs);
}

const struct key_alg *key_alg_at(size_t i)
{
    return &algs[i];
}

static enum key_curve curve_from_nid(int nid)
{
    static const enum key_curve all[] = {CURVE_P256, CURVE_P384, CURVE_P521, CURVE_P256K};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (nid != 0 && key_curve_nid(all[i]) == nid) {
            return all[i];
        }
    }
    return CURVE_NONE;
}

enum key_curve key_curve_of(EVP_PKEY *key)
{
    return key_kind_of(key) == KEY_KIND_EC ? curve_from_nid(ec_curve_nid(key)) : CURVE_NONE;
}

static const char *curve_text(int nid)
{
    const char *name = key_curve_name(curve_from_nid(nid));

    return name ? name : "";
}

bool key_alg_check(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const char *kid,
                   struct az_error *reterr)
{
    if (key_alg_supports(alg, key, op)) {
        return true;
    }
    if (alg->kind == KEY_KIND_EC && key_kind_of(key) == KEY_KIND_EC &&
        (alg->ops & (unsigned) op) != 0) {
        /* The service's text: azure-sdk-for-java 6262, azure-sdk-for-node 4603. */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "Key and signing algorithm are incompatible. Key %s%suses curve '%s', and "
                       "algorithm '%s' can only be used with curve '%s'.",
                       kid ? kid : "", kid ? " " : "", curve_text(ec_curve_nid(key)), alg->name,
                       curve_text(alg->curve_nid));
    }
    /* The text is ours: no recording shows it. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Algorithm %s can't be used with this key for %s.",
                   alg->name, key_op_name(op));
}

bool key_fail_open(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The parameter is incorrect.");
}

bool key_fail_length(const struct key_alg *alg, const char *member, size_t len, const char *want,
                     struct az_error *reterr)
{
    /* The service's text: azure-cli 28027, azure-sdk-for-python 4399, azure-sdk-for-js 12654; for
     * other members than sign's 'value' by analogy. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                   "Invalid length of '%s': %zu bytes. %s requires %s bytes, encoded with "
                   "base64url.",
                   member, len, alg->name, want);
}

bool key_fail_missing(const char *member, struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Property '%s' is required.\r\n", member);
}

/* member: what the request calls the digest. */
static bool check_digest(const struct key_alg *alg, const char *member, size_t len,
                         struct az_error *reterr)
{
    char want[24];

    /* RSNULL and HMAC without input sign nothing: ours. An empty message is one to ML-DSA. */
    if (alg->digest_len == 0 ? len > 0 || alg->kind == KEY_KIND_AKP : len == alg->digest_len) {
        return true;
    }
    (void) snprintf(want, sizeof(want), "%zu", alg->digest_len);
    return alg->digest_len == 0 ? key_fail_missing(member, reterr)
                                : key_fail_length(alg, member, len, want, reterr);
}

void key_output_done(struct key_output *o)
{
    bytes_clear_free(&o->value);
    bytes_clear_free(&o->iv);
    bytes_clear_free(&o->tag);
}

bool key_alg_run(const struct key_alg *alg, EVP_PKEY *key, enum key_op op,
                 const struct key_input *in, struct key_output *ret, struct az_error *reterr)
{
    if (!key_alg_check(alg, key, op, NULL, reterr) ||
        (op == KEY_OP_SIGN && !check_digest(alg, "value", in->value.len, reterr))) {
        return false;
    }
    *ret = (struct key_output){0};
    return alg->apply(alg, key, op, in, ret, reterr);
}

bool key_alg_judge(const struct key_alg *alg, EVP_PKEY *key, const struct key_input *in,
                   struct bytes signature, bool *valid, struct az_error *reterr)
{
    if (!key_alg_check(alg, key, KEY_OP_VERIFY, NULL, reterr) ||
        !check_digest(alg, "digest", in->value.len, reterr)) {
        return false;
    }
    *valid = alg->verify(alg, key, in, signature);
    return true;
}

bool key_alg_apply(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
                   struct bytes *ret, struct az_error *reterr)
{
    const struct key_input input = {.value = in};
    struct key_output out;

    if (!key_alg_run(alg, key, op, &input, &out, reterr)) {
        return false;
    }
    *ret = bytes_take(&out.value);
    key_output_done(&out);
    return true;
}

bool key_alg_verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
                    struct bytes signature, bool *valid, struct az_error *reterr)
{
    const struct key_input in = {.value = digest};

    return key_alg_judge(alg, key, &in, signature, valid, reterr);
}
