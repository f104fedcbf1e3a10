/* SPDX-License-Identifier: MIT */
/*
 * The transfer blob: JSON {schema_version, header {kid, alg: "dir", enc: "CKM_RSA_AES_KEY_WRAP"},
 * ciphertext, generator}. The ciphertext is an AES key under the KEK (RSA-OAEP, SHA-1), then the
 * target key under that AES key (RFC 5649): PKCS#8 of a key pair, the bytes of a symmetric key.
 *
 * The service's texts for blobs that are none are not known: one of ours for every cause, so that a
 * caller learns nothing from it.
 */
#include "vault/api/byok.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/keyalg.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_render.h"

#define SCHEMA  "1.0.0"
#define ENC     "CKM_RSA_AES_KEY_WRAP"
#define KEY_MAX 8192 /* bytes of a wrapped target key: RSA-4096 in PKCS#8 has some 2,400 */

DEFINE_CLEANUP(byok_pkey_cleanup, EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(byok_ctx_cleanup, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
#define AUTO_PKEY CLEANUP(byok_pkey_cleanup) EVP_PKEY

static bool bad(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The key transfer blob can't be opened.");
}

/* Where the name and version of a key identifier begin; NULL: it is none. Any vault's URL will do:
 * the key is looked for in this vault only. */
static const char *after_keys(const char *kid)
{
    const char *at = kid ? strstr(kid, "/keys/") : NULL;

    return at ? at + strlen("/keys/") : NULL;
}

static bool find_kek(struct vault_call *c, const char *kid, EVP_PKEY **ret, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    const char *id = after_keys(kid);
    const char *slash = id ? strchr(id, '/') : NULL;
    char name[KEY_NAME_MAX + 1];
    char version[KEY_VERSION_LEN + 1];
    struct key_head head;
    struct key_version v;
    bool ok;

    if (!id || strlen(id) > sizeof(name) + KEY_VERSION_LEN) {
        return bad(reterr);
    }
    (void) snprintf(name, sizeof(name), "%.*s", (int) (slash ? slash - id : (long) strlen(id)), id);
    (void) snprintf(version, sizeof(version), "%s", slash ? slash + 1 : "");
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = key_find(c, txn, name, version, &head, &v, reterr) &&
         key_may_use(&v.meta, KEY_OP_IMPORT, c->now_s, reterr) &&
         key_cache_get(c->d, c->vault->uid, &v, ret, reterr);
    kvdb_abort(txn);
    return ok;
}

/* What is under the KEK and the AES key. */
static bool unwrap(EVP_PKEY *kek, const struct bytes *cipher, struct bytes *target)
{
    size_t first = (size_t) EVP_PKEY_get_size(kek);
    CLEANUP(bytes_clear_free) struct bytes aes = {0};
    AUTO_PKEY *aes_key = NULL;
    struct az_error ignored;

    return key_kind_of(kek) == KEY_KIND_RSA && cipher->len > first &&
           cipher->len - first <= KEY_MAX &&
           key_alg_apply(key_alg_find("RSA-OAEP"), kek, KEY_OP_UNWRAP,
                         (struct bytes){cipher->data, first}, &aes, &ignored) &&
           aes.len == 32 && key_from_octets(aes.data, aes.len, &aes_key, &ignored) &&
           key_alg_apply(key_alg_find("CKM_AES_KEY_WRAP_PAD"), aes_key, KEY_OP_UNWRAP,
                         (struct bytes){cipher->data + first, cipher->len - first}, target,
                         &ignored);
}

/* A key of the kind asked for, of a size that a vault has, with parts that fit each other. */
static bool acceptable(EVP_PKEY *key, enum key_kind kind)
{
    CLEANUP(byok_ctx_cleanup) EVP_PKEY_CTX *ctx = NULL;

    if (key_kind_of(key) != kind) {
        return false;
    }
    if (kind == KEY_KIND_OCT) {
        return true;
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return ctx && EVP_PKEY_check(ctx) == 1 &&
           (kind == KEY_KIND_RSA ? EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 4096
                                 : key_curve_of(key) != CURVE_NONE);
}

static bool parse_target(const struct bytes *target, enum key_kind kind, EVP_PKEY **ret)
{
    AUTO_PKEY *key = NULL;
    struct az_error ignored;
    bool ok = kind == KEY_KIND_OCT
                  ? (target->len == 16 || target->len == 24 || target->len == 32) &&
                        key_from_octets(target->data, target->len, &key, &ignored)
                  : key_from_pkcs8(target, &key, &ignored);

    if (!ok || !acceptable(key, kind)) {
        return false;
    }
    *ret = take_ptr(key);
    return true;
}

static json_t *parse_blob(const char *blob)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    char why[128];

    return base64url_read(sv_from(blob), &raw)
               ? json_parse((struct str_view){(const char *) raw.data, raw.len}, why, sizeof(why))
               : NULL;
}

static bool text_is(const json_t *obj, const char *name, const char *want)
{
    const char *text = json_string_value(json_object_get(obj, name));

    return text && strcmp(text, want) == 0;
}

bool byok_open(struct vault_call *c, const char *blob, enum key_kind kind, EVP_PKEY **ret,
               struct az_error *reterr)
{
    AUTO_JSON *doc = parse_blob(blob);
    const json_t *header = json_object_get(doc, "header");
    const char *text = json_string_value(json_object_get(doc, "ciphertext"));
    CLEANUP(bytes_clear_free) struct bytes cipher = {0};
    CLEANUP(bytes_clear_free) struct bytes target = {0};
    AUTO_PKEY *kek = NULL;

    if (!text_is(doc, "schema_version", SCHEMA) || !text_is(header, "alg", "dir") ||
        !text_is(header, "enc", ENC) || !text || !base64url_read(sv_from(text), &cipher)) {
        return bad(reterr);
    }
    if (!find_kek(c, json_string_value(json_object_get(header, "kid")), &kek, reterr)) {
        return false;
    }
    return (unwrap(kek, &cipher, &target) && parse_target(&target, kind, ret)) || bad(reterr);
}
