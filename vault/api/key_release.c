/* SPDX-License-Identifier: MIT */
/*
 * Secure key release: the attestation is verified, its claims are held against the key's policy,
 * and the key goes out wrapped for the RSA key that the attestation names.
 */
#include "vault/api/key_release.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/rsa_aes_wrap.h"
#include "vault/api/answer.h"
#include "vault/api/attestation.h"
#include "vault/api/key_body.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_render.h"
#include "vault/api/release_signer.h"

/* keys.json, KeyEncryptionAlgorithm; the digests are those of their names (concept: PKCS#11). */
static const struct {
    const char *name;
    const char *digest;
} encs[] = {
    {"CKM_RSA_AES_KEY_WRAP", "SHA1"  }, /* also when the request names none */
    {"RSA_AES_KEY_WRAP_256", "SHA256"},
    {"RSA_AES_KEY_WRAP_384", "SHA384"},
};

struct wanted {
    const char *target;
    const char *nonce; /* NULL: none */
    size_t enc;
};

DEFINE_CLEANUP(pkey_cleanup, EVP_PKEY, EVP_PKEY_free)
#define AUTO_PKEY CLEANUP(pkey_cleanup) EVP_PKEY

static bool take_wanted(const json_t *body, struct wanted *w, struct az_error *reterr)
{
    const char *enc = NULL;

    *w = (struct wanted){0};
    if (!json_get_string(body, "target", &w->target) || !w->target || !*w->target) {
        return key_bad_property("target", reterr);
    }
    if (!json_get_string(body, "nonce", &w->nonce) ||
        (w->nonce && strlen(w->nonce) > LIMIT_NONCE)) {
        return key_bad_property("nonce", reterr);
    }
    if (!json_get_string(body, "enc", &enc)) {
        return key_bad_property("enc", reterr);
    }
    while (enc && w->enc < ARRAY_LEN(encs) && strcmp(encs[w->enc].name, enc) != 0) {
        w->enc++;
    }
    return w->enc < ARRAY_LEN(encs) || key_bad_property("enc", reterr);
}

static bool may_wrap(const json_t *jwk)
{
    const json_t *ops = json_object_get(jwk, "key_ops");
    const json_t *op;
    size_t i;

    json_array_foreach(ops, i, op)
    {
        const char *name = json_is_string(op) ? json_string_value(op) : "";

        if (strcmp(name, "encrypt") == 0 || strcmp(name, "wrapKey") == 0) {
            return true;
        }
    }
    return !ops;
}

/* The first RSA key of x-ms-runtime.keys that may encrypt: what attestations of confidential VMs
 * carry (confidential-computing, guest attestation). */
static bool wrapping_key(const json_t *claims, EVP_PKEY **ret, const char **kid,
                         struct az_error *reterr)
{
    const json_t *keys = json_object_get(json_object_get(claims, "x-ms-runtime"), "keys");
    const json_t *jwk;
    struct az_error ignored;
    size_t i;

    json_array_foreach(keys, i, jwk)
    {
        if (strcmp(json_text(jwk, "kty"), "RSA") == 0 && may_wrap(jwk) &&
            jwk_to_key(jwk, ret, &ignored)) {
            *kid = json_text(jwk, "kid");
            return true;
        }
    }
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                   "The attestation has no RSA key in x-ms-runtime.keys to wrap the released key "
                   "with.");
}

/* base64url of {"schema_version","header":{"kid","alg","enc"},"ciphertext"}: what readers of the
 * service's answers take apart (public code of confidential containers and of marblerun). */
static bool write_key_hsm(const char *kid, size_t enc, const struct bytes *wrapped, struct buf *out)
{
    CLEANUP(buf_done) struct buf json = {0};

    buf_str(&json, "{\"schema_version\":\"1.0\",\"header\":{\"kid\":");
    buf_json_str(&json, kid, strlen(kid));
    buf_fmt(&json, ",\"alg\":\"dir\",\"enc\":\"%s\"},\"ciphertext\":\"", encs[enc].name);
    base64url_write(&json, wrapped->data, wrapped->len);
    buf_str(&json, "\"}");
    base64url_write(out, json.data, json.len);
    return buf_ok(&json) && buf_ok(out);
}

/* PKCS#8 of a pair, the bytes of a symmetric key. */
static bool released_bytes(struct vault_call *c, const struct key_version *v, struct bytes *ret,
                           struct az_error *reterr)
{
    AUTO_PKEY *key = NULL;
    uint8_t raw[KEY_OCT_MAX];
    size_t len;
    bool ok;

    if (!key_cache_get(c->d, c->vault->uid, v, &key, reterr)) {
        return false;
    }
    len = key_octets(key, raw);
    if (len == 0) {
        return key_to_pkcs8(key, ret, reterr);
    }
    ok = bytes_copy(ret, raw, len);
    OPENSSL_cleanse(raw, sizeof(raw));
    return ok || az_fail_internal(reterr, "out of memory");
}

/* The payload of the answer: what was asked, and the key as GET shows it, with key_hsm. */
static bool write_payload(struct vault_call *c, const struct wanted *w, const struct key_version *v,
                          const struct buf *key_hsm, struct buf *out)
{
    char url[URL_MAX];

    buf_str(out, "{\"request\":{\"api-version\":");
    buf_json_str(out, c->api_version, strlen(c->api_version));
    buf_fmt(out, ",\"enc\":\"%s\",\"kid\":\"%s\"", encs[w->enc].name,
            key_url(c, "keys", v->texts.name, v->meta.version, url));
    if (w->nonce) {
        buf_str(out, ",\"nonce\":");
        buf_json_str(out, w->nonce, strlen(w->nonce));
    }
    buf_str(out, "},\"response\":{\"key\":{");
    key_add_released(out, c, v, (struct str_view){key_hsm->data, key_hsm->len});
    buf_str(out, "}}}");
    return buf_ok(out);
}

static bool release(struct vault_call *c, const struct wanted *w, const struct key_version *v,
                    char **ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes secret = {0};
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    CLEANUP(buf_done) struct buf key_hsm = {0};
    CLEANUP(buf_done) struct buf payload = {0};
    AUTO_PKEY *target = NULL;
    const char *kid = "";
    AUTO_JSON *claims = NULL;

    if (!attestation_check(c->d, w->target, v->texts.policy, &claims, reterr) ||
        !wrapping_key(claims, &target, &kid, reterr) || !released_bytes(c, v, &secret, reterr) ||
        !rsa_aes_wrap(target, encs[w->enc].digest, &secret, &wrapped, reterr)) {
        return false;
    }
    if (!write_key_hsm(kid, w->enc, &wrapped, &key_hsm) ||
        !write_payload(c, w, v, &key_hsm, &payload)) {
        return az_fail_internal(reterr, "out of memory");
    }
    return release_sign(c->d->releaser, (struct str_view){payload.data, payload.len}, ret, reterr);
}

/* Expired keys may be released (azure-rules.md section 4), disabled ones may not. */
static bool judge(const struct key_version *v, struct az_error *reterr)
{
    if (!v->meta.enabled) {
        return az_fail_inner(reterr, AZ_ERR_FORBIDDEN, "KeyDisabled",
                             "Operation release is not allowed on a disabled key.");
    }
    return v->meta.exportable || az_fail_inner(reterr, AZ_ERR_FORBIDDEN, "KeyOperationForbidden",
                                               "Operation release is not permitted on this key.");
}

bool key_release_prepare(struct vault_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct wanted w;
    struct key_head head;
    struct key_version v;
    char name[256];
    char version[64];
    char *made = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = key_find(c, txn, vault_param(c, 0, name, sizeof(name)),
                  vault_param(c, 1, version, sizeof(version)), &head, &v, reterr) &&
         judge(&v, reterr) && take_wanted(c->body, &w, reterr) && release(c, &w, &v, &made, reterr);
    kvdb_abort(txn);
    c->prepared = made;
    c->prepared_free = free;
    return ok;
}

bool key_release_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct buf *b = &c->x->resp.body;

    (void) txn;
    vault_answer_begin(c, 200);
    buf_str(b, "{\"value\":\"");
    buf_str(b, c->prepared);
    buf_str(b, "\"}");
    return buf_ok(b) || az_fail_internal(reterr, "out of memory");
}
