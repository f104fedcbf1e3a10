/* SPDX-License-Identifier: MIT */
/* encrypt, decrypt, wrapKey, unwrapKey, sign, verify. */
#include "vault/api/key_crypto.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/base64url.h"
#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/key_body.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_render.h"

DEFINE_CLEANUP(key_pkey_cleanup, EVP_PKEY, EVP_PKEY_free)

/* A base64url member; the texts are ours where no recording shows them. */
static bool take_bytes(const json_t *body, const char *name, struct bytes *ret,
                       struct az_error *reterr)
{
    const char *text = NULL;

    if (!json_get_string(body, name, &text) || !text) {
        return key_bad_property(name, reterr);
    }
    return base64url_read(sv_from(text), ret) || key_bad_property(name, reterr);
}

static bool take_alg(const json_t *body, const struct key_alg **ret, struct az_error *reterr)
{
    const char *text = NULL;

    if (!json_get_string(body, "alg", &text) || !text) {
        return key_bad_property("alg", reterr);
    }
    *ret = key_alg_find(text);
    return *ret || key_bad_property("alg", reterr);
}

struct use {
    const struct key_alg *alg;
    struct bytes value;
    struct bytes digest; /* verify only */
};

static void use_done(struct use *u)
{
    bytes_clear_free(&u->value);
    bytes_clear_free(&u->digest);
}

static void answer_value(struct vault_call *c, const struct bytes *value)
{
    struct buf *b = &c->x->resp.body;

    vault_answer_begin(c, 200);
    buf_str(b, "{\"kid\":\"");
    buf_str(b, c->object_id);
    buf_str(b, "\",\"value\":\"");
    base64url_write(b, value->data, value->len);
    buf_str(b, "\"}");
}

static bool run_verify(struct vault_call *c, EVP_PKEY *key, const struct use *u,
                       struct az_error *reterr)
{
    bool valid = false;

    if (!key_alg_verify(u->alg, key, u->digest, u->value, &valid, reterr)) {
        return false;
    }
    vault_answer_begin(c, 200);
    buf_str(&c->x->resp.body, valid ? "{\"value\":true}" : "{\"value\":false}");
    return true;
}

static bool run_op(struct vault_call *c, EVP_PKEY *key, enum key_op op, const struct use *u,
                   struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes out = {0};

    if (op == KEY_OP_VERIFY) {
        return run_verify(c, key, u, reterr);
    }
    if (!key_alg_apply(u->alg, key, op, u->value, &out, reterr)) {
        return false;
    }
    answer_value(c, &out);
    return true;
}

static bool use_key(struct vault_call *c, struct kvdb_txn *txn, enum key_op op,
                    struct az_error *reterr)
{
    CLEANUP(use_done) struct use u = {0};
    CLEANUP(key_pkey_cleanup) EVP_PKEY *key = NULL;
    char name[256];
    char version[64];
    struct key_head head;
    struct key_version v;

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)),
                  vault_param(c, 1, version, sizeof(version)), &head, &v, reterr)) {
        return false;
    }
    (void) key_url(c, "keys", v.texts.name, v.meta.version, c->object_id);
    if (!key_may_use(&v.meta, op, c->now_s, reterr) || !take_alg(c->body, &u.alg, reterr) ||
        !take_bytes(c->body, "value", &u.value, reterr) ||
        (op == KEY_OP_VERIFY && !take_bytes(c->body, "digest", &u.digest, reterr))) {
        return false;
    }
    return key_cache_get(c->d, c->vault->uid, &v, &key, reterr) && run_op(c, key, op, &u, reterr);
}

bool key_encrypt_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_ENCRYPT, reterr);
}

bool key_decrypt_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_DECRYPT, reterr);
}

bool key_wrap_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_WRAP, reterr);
}

bool key_unwrap_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_UNWRAP, reterr);
}

bool key_sign_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_SIGN, reterr);
}

bool key_verify_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return use_key(c, txn, KEY_OP_VERIFY, reterr);
}
