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

/* What a request says of a use. iv, aad, tag and context may be absent (data NULL). */
struct use {
    const struct key_alg *alg;
    struct bytes value;
    struct bytes digest; /* verify only */
    struct bytes iv;
    struct bytes aad;
    struct bytes tag;
    struct bytes context;
    struct bytes mu; /* in place of value (sign) or digest (verify) */
};

static void use_done(struct use *u)
{
    bytes_clear_free(&u->value);
    bytes_clear_free(&u->digest);
    bytes_clear_free(&u->iv);
    bytes_clear_free(&u->aad);
    bytes_clear_free(&u->tag);
    bytes_clear_free(&u->context);
    bytes_clear_free(&u->mu);
}

/* A base64url member, left alone when absent; the texts are ours where no recording shows them. */
static bool take_optional(const json_t *body, const char *name, struct bytes *ret,
                          struct az_error *reterr)
{
    const char *text = NULL;

    if (!json_get_string(body, name, &text)) {
        return key_bad_property(name, reterr);
    }
    return !text || base64url_read(sv_from(text), ret) || key_bad_property(name, reterr);
}

static bool take_bytes(const json_t *body, const char *name, struct bytes *ret,
                       struct az_error *reterr)
{
    return take_optional(body, name, ret, reterr) && (ret->data || key_bad_property(name, reterr));
}

/* ML-DSA requests name no algorithm: the key says it (versions.md 1.3). Others must. */
static bool take_alg(const json_t *body, EVP_PKEY *key, const struct key_alg **ret,
                     struct az_error *reterr)
{
    const char *text = NULL;

    if (!json_get_string(body, "alg", &text)) {
        return key_bad_property("alg", reterr);
    }
    *ret = text ? key_alg_find(text) : key_alg_of_key(key);
    return (*ret && key_alg_available(*ret)) || key_bad_property("alg", reterr);
}

/* sign and verify: the digest or message is in `member`, or mu stands for it and its context. */
static bool take_signed(const json_t *body, const char *member, struct use *u, struct bytes *into,
                        struct az_error *reterr)
{
    if (!take_optional(body, "external_mu", &u->mu, reterr) ||
        !take_optional(body, "context", &u->context, reterr)) {
        return false;
    }
    if (!u->mu.data) {
        return take_bytes(body, member, into, reterr);
    }
    return !json_object_get(body, member) || key_bad_property(member, reterr);
}

static bool take_use(const json_t *body, enum key_op op, struct use *u, struct az_error *reterr)
{
    switch (op) {
    case KEY_OP_SIGN:
        return take_signed(body, "value", u, &u->value, reterr);
    case KEY_OP_VERIFY:
        return take_bytes(body, "value", &u->value, reterr) &&
               take_signed(body, "digest", u, &u->digest, reterr);
    case KEY_OP_ENCRYPT:
    case KEY_OP_DECRYPT:
    case KEY_OP_WRAP:
    case KEY_OP_UNWRAP:
        return take_bytes(body, "value", &u->value, reterr) &&
               take_optional(body, "iv", &u->iv, reterr) &&
               take_optional(body, "aad", &u->aad, reterr) &&
               take_optional(body, "tag", &u->tag, reterr);
    case KEY_OP_IMPORT:
    case KEY_OP_EXPORT:
    case KEY_OP_SECURE_WRAP:
    case KEY_OP_SECURE_UNWRAP:
        break;
    }
    return az_fail_internal(reterr, "not a use of a key");
}

/* context and external_mu are ML-DSA's; external_mu goes with no alg (versions.md 1.3). */
static bool check_signed(const json_t *body, EVP_PKEY *key, const struct use *u,
                         struct az_error *reterr)
{
    bool akp = key_alg_of_key(key) != NULL;

    if (u->context.data && !akp) {
        return key_bad_property("context", reterr);
    }
    return !u->mu.data || (akp && !json_object_get(body, "alg")) ||
           key_bad_property("external_mu", reterr);
}

static void add_bytes(struct buf *b, const char *name, const struct bytes *value)
{
    if (value->data) {
        buf_str(b, ",\"");
        buf_str(b, name);
        buf_str(b, "\":\"");
        base64url_write(b, value->data, value->len);
        buf_str(b, "\"");
    }
}

/* KeyOperationResult: kid, value, iv, tag, aad (the specification's order; kid and value recorded).
 */
static void answer_use(struct vault_call *c, const struct key_output *out, const struct bytes *aad)
{
    struct buf *b = &c->x->resp.body;

    vault_answer_begin(c, 200);
    buf_str(b, "{\"kid\":\"");
    buf_str(b, c->object_id);
    buf_str(b, "\"");
    add_bytes(b, "value", &out->value);
    add_bytes(b, "iv", &out->iv);
    add_bytes(b, "tag", &out->tag);
    if (out->tag.data) {
        add_bytes(b, "aad", aad);
    }
    buf_str(b, "}");
}

static bool run_verify(struct vault_call *c, EVP_PKEY *key, const struct key_input *in,
                       const struct use *u, struct az_error *reterr)
{
    bool valid = false;

    if (!key_alg_judge(u->alg, key, in, u->value, &valid, reterr)) {
        return false;
    }
    vault_answer_begin(c, 200);
    buf_str(&c->x->resp.body, valid ? "{\"value\":true}" : "{\"value\":false}");
    return true;
}

static bool run_op(struct vault_call *c, EVP_PKEY *key, enum key_op op, const struct use *u,
                   struct az_error *reterr)
{
    CLEANUP(key_output_done) struct key_output out = {0};
    const struct key_input in = {.value = u->mu.data            ? u->mu
                                          : op == KEY_OP_VERIFY ? u->digest
                                                                : u->value,
                                 .iv = u->iv,
                                 .aad = u->aad,
                                 .tag = u->tag,
                                 .context = u->context,
                                 .external_mu = u->mu.data != NULL};

    /* Key and algorithm are judged with the key's name before the rest. */
    if (!key_alg_check(u->alg, key, op, c->object_id, reterr)) {
        return false;
    }
    if (op == KEY_OP_VERIFY) {
        return run_verify(c, key, &in, u, reterr);
    }
    if (!key_alg_run(u->alg, key, op, &in, &out, reterr)) {
        return false;
    }
    answer_use(c, &out, &in.aad);
    return true;
}

bool key_find_usable(struct vault_call *c, struct kvdb_txn *txn, enum key_op op,
                     struct key_version *v, EVP_PKEY **key, struct az_error *reterr)
{
    char name[256];
    char version[64];
    struct key_head head;

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)),
                  vault_param(c, 1, version, sizeof(version)), &head, v, reterr)) {
        return false;
    }
    (void) key_url(c, "keys", v->texts.name, v->meta.version, c->object_id);
    return key_may_use(&v->meta, op, c->now_s, reterr) &&
           key_cache_get(c->d, c->vault->uid, v, key, reterr);
}

static bool use_key(struct vault_call *c, struct kvdb_txn *txn, enum key_op op,
                    struct az_error *reterr)
{
    CLEANUP(use_done) struct use u = {0};
    CLEANUP(key_pkey_cleanup) EVP_PKEY *key = NULL;
    struct key_version v;

    return key_find_usable(c, txn, op, &v, &key, reterr) &&
           take_alg(c->body, key, &u.alg, reterr) && take_use(c->body, op, &u, reterr) &&
           check_signed(c->body, key, &u, reterr) && run_op(c, key, op, &u, reterr);
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
