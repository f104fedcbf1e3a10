/* SPDX-License-Identifier: MIT */
/*
 * The table of algorithms and what is common to all rows.
 *
 * Sources: JsonWebKeyEncryptionAlgorithm and JsonWebKeySignatureAlgorithm of the specification;
 * azure-rules.md section 3 (RSA-OAEP is SHA-1, RSA-OAEP-256 uses SHA-256 for the hash and for
 * MGF1).
 */
#include "common/keyalg.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "common/keyalg_impl.h"
#include "common/keygen.h"

#define OPS_CIPHER ((unsigned) (KEY_OP_ENCRYPT | KEY_OP_DECRYPT | KEY_OP_WRAP | KEY_OP_UNWRAP))
#define OPS_SIGN   ((unsigned) (KEY_OP_SIGN | KEY_OP_VERIFY))

static const struct key_alg algs[] = {
    {"RSA1_5",       EVP_PKEY_RSA, OPS_CIPHER, rsa_cipher, NULL,       RSA_PKCS1_PADDING,      NULL,     0,  0                   },
    {"RSA-OAEP",     EVP_PKEY_RSA, OPS_CIPHER, rsa_cipher, NULL,       RSA_PKCS1_OAEP_PADDING, "SHA1",   0,  0                   },
    {"RSA-OAEP-256", EVP_PKEY_RSA, OPS_CIPHER, rsa_cipher, NULL,       RSA_PKCS1_OAEP_PADDING, "SHA256",
     0,                                                                                                      0                   },
    {"RS256",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PADDING,      "SHA256", 32, 0                   },
    {"RS384",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PADDING,      "SHA384", 48, 0                   },
    {"RS512",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PADDING,      "SHA512", 64, 0                   },
    {"PS256",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PSS_PADDING,  "SHA256", 32, 0                   },
    {"PS384",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PSS_PADDING,  "SHA384", 48, 0                   },
    {"PS512",        EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PSS_PADDING,  "SHA512", 64, 0                   },
    {"RSNULL",       EVP_PKEY_RSA, OPS_SIGN,   rsa_sign,   rsa_verify, RSA_PKCS1_PADDING,      NULL,     0,  0                   },
    {"ES256",        EVP_PKEY_EC,  OPS_SIGN,   ec_sign,    ec_verify,  0,                      NULL,     32, NID_X9_62_prime256v1},
    {"ES384",        EVP_PKEY_EC,  OPS_SIGN,   ec_sign,    ec_verify,  0,                      NULL,     48, NID_secp384r1       },
    {"ES512",        EVP_PKEY_EC,  OPS_SIGN,   ec_sign,    ec_verify,  0,                      NULL,     64, NID_secp521r1       },
    {"ES256K",       EVP_PKEY_EC,  OPS_SIGN,   ec_sign,    ec_verify,  0,                      NULL,     32, NID_secp256k1       },
};

static const struct {
    const char *name;
    enum key_op op;
} op_names[KEY_OPS_COUNT] = {
    {"encrypt",   KEY_OP_ENCRYPT},
    {"decrypt",   KEY_OP_DECRYPT},
    {"sign",      KEY_OP_SIGN   },
    {"verify",    KEY_OP_VERIFY },
    {"wrapKey",   KEY_OP_WRAP   },
    {"unwrapKey", KEY_OP_UNWRAP },
    {"import",    KEY_OP_IMPORT },
    {"export",    KEY_OP_EXPORT },
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

bool key_alg_supports(const struct key_alg *alg, EVP_PKEY *key, enum key_op op)
{
    if (EVP_PKEY_get_base_id(key) != alg->evp_type || (alg->ops & (unsigned) op) == 0) {
        return false;
    }
    return alg->curve_nid == 0 || ec_curve_nid(key) == alg->curve_nid;
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

static const char *curve_text(int nid)
{
    static const enum key_curve all[] = {CURVE_P256, CURVE_P384, CURVE_P521, CURVE_P256K};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (nid != 0 && key_curve_nid(all[i]) == nid) {
            return key_curve_name(all[i]);
        }
    }
    return "";
}

bool key_alg_check(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const char *kid,
                   struct az_error *reterr)
{
    if (key_alg_supports(alg, key, op)) {
        return true;
    }
    if (EVP_PKEY_get_base_id(key) == alg->evp_type && (alg->ops & (unsigned) op) != 0) {
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

/* member: what the request calls the digest. */
static bool check_digest(const struct key_alg *alg, const char *member, size_t len,
                         struct az_error *reterr)
{
    /* The service's text: azure-cli 28027, azure-sdk-for-python 4399, azure-sdk-for-js 12654; with
     * 'digest' for verify by analogy. RSNULL without input signs nothing: ours. */
    if (alg->digest_len == 0 ? len > 0 : len == alg->digest_len) {
        return true;
    }
    return alg->digest_len == 0
               ? az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Property '%s' is required.\r\n", member)
               : az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                         "Invalid length of '%s': %zu bytes. %s requires %zu bytes, encoded with "
                         "base64url.",
                         member, len, alg->name, alg->digest_len);
}

bool key_alg_apply(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, struct bytes in,
                   struct bytes *ret, struct az_error *reterr)
{
    if (!key_alg_check(alg, key, op, NULL, reterr) ||
        (op == KEY_OP_SIGN && !check_digest(alg, "value", in.len, reterr))) {
        return false;
    }
    return alg->apply(alg, key, op, in, ret, reterr);
}

bool key_alg_verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest,
                    struct bytes signature, bool *valid, struct az_error *reterr)
{
    if (!key_alg_check(alg, key, KEY_OP_VERIFY, NULL, reterr) ||
        !check_digest(alg, "digest", digest.len, reterr)) {
        return false;
    }
    *valid = alg->verify(alg, key, digest, signature);
    return true;
}
