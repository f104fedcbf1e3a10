/* SPDX-License-Identifier: MIT */
/*
 * Both operations run on a worker: they use the key, and the second verifies an attestation.
 * The unwrapped key is the answer's value, in the clear inside TLS: so the specification's example
 * (32 bytes for RSA-OAEP-256, versions.md 1.2).
 */
#include "vault/api/key_secure.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/base64url.h"
#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/attestation.h"
#include "vault/api/key_body.h"
#include "vault/api/key_crypto.h"

#define FRESH_KEY_LEN 32 /* "creates a new 256-bit AES key": azure-sdk-for-go, SecureWrapKey */

DEFINE_CLEANUP(secure_pkey_cleanup, EVP_PKEY, EVP_PKEY_free)

struct secured {
    const struct key_alg *alg;
    struct bytes value;
};

static void secured_free(void *prepared)
{
    struct secured *s = prepared;

    bytes_clear_free(&s->value);
    free(s);
}

/* "must have a release policy, and must not be exportable": azure-sdk-for-go, example of
 * SecureWrapKey. When the service judges it is not known: ours is the use, with the text of
 * key_ops that don't allow it. */
static bool judge(const struct key_version *v, enum key_op op, struct az_error *reterr)
{
    return (v->texts.policy.len > 0 && !v->meta.exportable) ||
           az_fail_inner(reterr, AZ_ERR_FORBIDDEN, "KeyOperationForbidden",
                         "Operation %s is not permitted on this key.", key_op_name(op));
}

static bool take_alg(const json_t *body, const struct key_alg **ret, struct az_error *reterr)
{
    const char *text = NULL;

    if (json_get_string(body, "alg", &text) && text) {
        *ret = key_alg_find(text);
    }
    return *ret || key_bad_property("alg", reterr);
}

/* applicationTrustedIssuer is for payment HSMs; the specification's own example leaves it out. */
static bool take_wrapped(const json_t *body, struct bytes *value, const char **target,
                         struct az_error *reterr)
{
    const char *text = NULL;
    const char *issuer = NULL;

    if (!json_get_string(body, "value", &text) || !text || !base64url_read(sv_from(text), value)) {
        return key_bad_property("value", reterr);
    }
    if (!json_get_string(body, "target", target) || !*target || !**target) {
        return key_bad_property("target", reterr);
    }
    return json_get_string(body, "applicationTrustedIssuer", &issuer) ||
           key_bad_property("applicationTrustedIssuer", reterr);
}

static bool wrap(struct vault_call *c, const struct key_version *v, EVP_PKEY *key,
                 struct secured *s, struct az_error *reterr)
{
    uint8_t fresh[FRESH_KEY_LEN];
    bool ok;

    (void) v;
    if (!take_alg(c->body, &s->alg, reterr) ||
        !key_alg_check(s->alg, key, KEY_OP_SECURE_WRAP, c->object_id, reterr)) {
        return false;
    }
    ok = RAND_priv_bytes(fresh, sizeof(fresh)) == 1
             ? key_alg_apply(s->alg, key, KEY_OP_SECURE_WRAP, (struct bytes){fresh, sizeof(fresh)},
                             &s->value, reterr)
             : az_fail_internal(reterr, "no random bytes");
    OPENSSL_cleanse(fresh, sizeof(fresh));
    return ok;
}

static bool unwrap(struct vault_call *c, const struct key_version *v, EVP_PKEY *key,
                   struct secured *s, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    const char *target = NULL;
    AUTO_JSON *claims = NULL;

    return take_alg(c->body, &s->alg, reterr) && take_wrapped(c->body, &wrapped, &target, reterr) &&
           key_alg_check(s->alg, key, KEY_OP_SECURE_UNWRAP, c->object_id, reterr) &&
           attestation_check(c->d, target, v->texts.policy, &claims, reterr) &&
           key_alg_apply(s->alg, key, KEY_OP_SECURE_UNWRAP, wrapped, &s->value, reterr);
}

static bool prepare(struct vault_call *c, enum key_op op, struct az_error *reterr)
{
    CLEANUP(secure_pkey_cleanup) EVP_PKEY *key = NULL;
    struct secured *s = calloc(1, sizeof(*s));
    struct kvdb_txn *txn = NULL;
    struct key_version v;
    bool ok;

    c->prepared = s;
    c->prepared_free = secured_free;
    if (!s) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = key_find_usable(c, txn, op, &v, &key, reterr) && judge(&v, op, reterr) &&
         (op == KEY_OP_SECURE_WRAP ? wrap : unwrap)(c, &v, key, s, reterr);
    kvdb_abort(txn);
    return ok;
}

bool key_secure_wrap_prepare(struct vault_call *c, struct az_error *reterr)
{
    return prepare(c, KEY_OP_SECURE_WRAP, reterr);
}

bool key_secure_unwrap_prepare(struct vault_call *c, struct az_error *reterr)
{
    return prepare(c, KEY_OP_SECURE_UNWRAP, reterr);
}

/* {kid, value, alg}: versions.md 1.2, in the order of the specification's example. */
bool key_secure_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct secured *s = c->prepared;
    struct buf *b = &c->x->resp.body;

    (void) txn;
    vault_answer_begin(c, 200);
    buf_fmt(b, "{\"kid\":\"%s\",\"value\":\"", c->object_id);
    base64url_write(b, s->value.data, s->value.len);
    buf_fmt(b, "\",\"alg\":\"%s\"}", key_alg_name(s->alg));
    return buf_ok(b) || az_fail_internal(reterr, "out of memory");
}
