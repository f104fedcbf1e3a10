/* SPDX-License-Identifier: MIT */
/* Create, import, update. Key pairs are made on a worker; the write only stores. */
#include "vault/api/key_create.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/json.h"
#include "vault/api/key_body.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_render.h"

struct new_key *new_key_make(void)
{
    struct new_key *nk = calloc(1, sizeof(*nk));

    if (nk) {
        nk->meta.enabled = 1;
        key_new_version(nk->meta.version);
    }
    return nk;
}

void new_key_free(void *p)
{
    struct new_key *nk = p;

    if (nk) {
        EVP_PKEY_free(nk->key);
        buf_done(&nk->jwk);
        buf_done(&nk->tags);
        bytes_clear_free(&nk->secret);
        free(nk);
    }
}

/* What the client wrote of a curve and its point is what it reads again (recorded: SECP256K1, short
 * x). */
static void keep_spelling(json_t *members, const json_t *given)
{
    static const char *const names[] = {"crv", "x", "y"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_t *v = json_object_get(given, names[i]);

        if (json_is_string(v) && json_object_get(members, names[i])) {
            (void) json_object_set(members, names[i], v);
        }
    }
}

bool new_key_finish(struct vaultd *d, uint64_t vault_uid, struct new_key *nk, const json_t *given,
                    struct az_error *reterr)
{
    AUTO_JSON *public_members = json_object();
    CLEANUP(buf_done) struct buf text = {0};

    if (!public_members || !jwk_add_public(public_members, nk->key, reterr)) {
        return false;
    }
    keep_spelling(public_members, given);
    json_write(&text, public_members);
    if (!buf_ok(&text) || text.len < 2) {
        return az_fail_internal(reterr, "out of memory");
    }
    buf_add(&nk->jwk, text.data + 1, text.len - 2); /* without the braces */
    return key_seal(d, vault_uid, nk->meta.version, nk->key, &nk->secret, reterr);
}

static bool check_size(const json_t *body, struct key_meta *m, struct az_error *reterr)
{
    bool present = false;
    int64_t bits = 0;

    if (!json_get_int(body, "key_size", &present, &bits)) {
        return key_bad_property("key_size", reterr);
    }
    if (present && bits != 2048 && bits != 3072 && bits != 4096) {
        return key_bad_property("key_size", reterr);
    }
    m->bits = present ? (uint32_t) bits : 2048;
    return true;
}

static bool check_curve(const json_t *body, struct key_meta *m, struct az_error *reterr)
{
    const char *crv = NULL;

    if (!json_get_string(body, "crv", &crv)) {
        return key_bad_property("crv", reterr);
    }
    m->curve = crv ? key_curve_parse(crv) : CURVE_P256;
    return m->curve != CURVE_NONE || key_bad_property("crv", reterr);
}

static bool check_type(const struct vault_call *c, const char *kty, struct key_meta *m,
                       struct az_error *reterr)
{
    m->type = kty ? key_type_parse(kty) : KEY_TYPE_NONE;
    if (m->type == KEY_TYPE_NONE || m->type == KEY_OCT || m->type == KEY_OCT_HSM) {
        return key_bad_property("", reterr);
    }
    if (key_type_is_hsm((enum key_type) m->type) && c->vault->sku != VAULT_SKU_PREMIUM) {
        /* The SKU rule is documented (azure-rules.md section 3); the text is ours. */
        return az_fail(
            reterr, AZ_ERR_BAD_PARAMETER,
            "The key type %s is not supported by this vault: HSM-protected keys need the premium SKU.",
            kty);
    }
    return true;
}

static void default_ops(struct key_meta *m)
{
    static const unsigned rsa[] = {KEY_OP_ENCRYPT, KEY_OP_DECRYPT, KEY_OP_SIGN,
                                   KEY_OP_VERIFY,  KEY_OP_WRAP,    KEY_OP_UNWRAP};
    static const unsigned ec[] = {KEY_OP_SIGN, KEY_OP_VERIFY};

    if (key_type_is_rsa((enum key_type) m->type)) {
        key_meta_set_ops(m, rsa, ARRAY_LEN(rsa));
    } else {
        key_meta_set_ops(m, ec, ARRAY_LEN(ec));
    }
}

/* The name and the body are judged before seconds are spent on a key pair. */
static bool common_checks(struct vault_call *c, struct new_key *nk, const json_t *ops,
                          struct az_error *reterr)
{
    bool present;

    default_ops(&nk->meta);
    return key_body_ops(ops, &nk->meta, reterr) &&
           key_body_attributes(c->body, &nk->meta, reterr) &&
           key_body_tags(c->body, &nk->tags, &present, reterr);
}

static bool check_create(struct vault_call *c, struct new_key *nk, struct az_error *reterr)
{
    const char *kty = NULL;

    if (!key_name_check(c->params[0], reterr)) {
        return false;
    }
    if (!json_get_string(c->body, "kty", &kty)) {
        return key_bad_property("", reterr);
    }
    if (!check_type(c, kty, &nk->meta, reterr)) {
        return false;
    }
    if (key_type_is_rsa((enum key_type) nk->meta.type) ? !check_size(c->body, &nk->meta, reterr)
                                                       : !check_curve(c->body, &nk->meta, reterr)) {
        return false;
    }
    return common_checks(c, nk, json_object_get(c->body, "key_ops"), reterr);
}

bool key_create_prepare(struct vault_call *c, struct az_error *reterr)
{
    AUTO_NEW_KEY *nk = new_key_make();

    if (!nk) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!check_create(c, nk, reterr) ||
        !keypool_take(c->d->pool, nk->meta.bits, (enum key_curve) nk->meta.curve, &nk->key,
                      reterr) ||
        !new_key_finish(c->d, c->vault->uid, nk, c->body, reterr)) {
        return false;
    }
    c->prepared = take_ptr(nk);
    c->prepared_free = new_key_free;
    return true;
}

static bool check_not_deleted(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                              struct az_error *reterr)
{
    struct key_head head;

    if (!key_store_head(txn, c->vault->uid, name, true, &head)) {
        return true;
    }
    return az_fail_inner(
        reterr, AZ_ERR_CONFLICT, "ObjectIsDeletedButRecoverable",
        "Key %s is currently in a deleted but recoverable state, and its name cannot be reused; in "
        "this state, the key can only be recovered or purged.",
        head.name);
}

bool new_version_put(struct kvdb_txn *txn, uint64_t vault_uid, struct key_head *head,
                     const struct new_key *nk, int64_t at_s, struct key_version *ret,
                     struct az_error *reterr)
{
    memcpy(head->latest, nk->meta.version, sizeof(head->latest));
    ret->meta = nk->meta;
    ret->meta.created_s = at_s;
    ret->meta.updated_s = at_s;
    ret->texts = (struct key_texts){
        .name = sv_from(head->name),
        .tags = {nk->tags.data,                  nk->tags.len  },
        .jwk = {nk->jwk.data,                   nk->jwk.len   },
        .secret = {(const char *) nk->secret.data, nk->secret.len}
    };
    key_store_schedule(txn, vault_uid, head, &ret->meta, at_s);
    key_store_put_head(txn, vault_uid, head);
    return key_store_put_version(txn, vault_uid, head->name, ret, reterr);
}

bool new_key_store(struct vault_call *c, struct kvdb_txn *txn, const char *name, struct new_key *nk,
                   struct az_error *reterr)
{
    struct key_head head = {0};
    struct key_version v;

    if (!check_not_deleted(c, txn, name, reterr)) {
        return false;
    }
    /* A new version of a key keeps the name as it was first written. */
    if (!key_store_head(txn, c->vault->uid, name, false, &head)) {
        (void) snprintf(head.name, sizeof(head.name), "%s", name);
    }
    return new_version_put(txn, c->vault->uid, &head, nk, c->now_s, &v, reterr) &&
           key_answer_bundle(c, &v);
}

bool key_create_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];

    return new_key_store(c, txn, vault_param(c, 0, name, sizeof(name)), c->prepared, reterr);
}

static bool check_import(struct vault_call *c, struct new_key *nk, json_t *jwk,
                         struct az_error *reterr)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    bool hsm = json_is_true(json_object_iget(c->body, "hsm"));

    if (!kty || key_type_parse(kty) == KEY_TYPE_NONE || !json_object_get(jwk, "d")) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The property \"key\" must be a valid JsonWebKey object.");
    }
    if (hsm && !key_type_is_hsm(key_type_parse(kty))) {
        kty = key_type_is_rsa(key_type_parse(kty)) ? "RSA-HSM" : "EC-HSM";
    }
    return check_type(c, kty, &nk->meta, reterr) &&
           common_checks(c, nk, json_object_get(jwk, "key_ops"), reterr);
}

bool key_import_prepare(struct vault_call *c, struct az_error *reterr)
{
    AUTO_NEW_KEY *nk = new_key_make();
    json_t *jwk = NULL;

    if (!nk) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!key_name_check(c->params[0], reterr)) {
        return false;
    }
    if (!json_get_object(c->body, "key", &jwk) || !jwk) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The property \"key\" must be a valid JsonWebKey object.");
    }
    if (!check_import(c, nk, jwk, reterr) || !jwk_to_key(jwk, &nk->key, reterr)) {
        return false;
    }
    nk->meta.bits = (uint32_t) EVP_PKEY_get_bits(nk->key);
    if (!new_key_finish(c->d, c->vault->uid, nk, jwk, reterr)) {
        return false;
    }
    c->prepared = take_ptr(nk);
    c->prepared_free = new_key_free;
    return true;
}

bool key_import_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];

    return new_key_store(c, txn, vault_param(c, 0, name, sizeof(name)), c->prepared, reterr);
}

bool key_update_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf tags = {0};
    CLEANUP(buf_done) struct buf copy = {0};
    char name[256];
    char version[64];
    struct key_head head;
    struct key_version v;
    bool with_tags = false;

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)),
                  vault_param(c, 1, version, sizeof(version)), &head, &v, reterr)) {
        return false;
    }
    /* The texts point into the store, which the write is about to change. */
    if (!key_version_encode(&v, &copy) || !key_version_decode(copy.data, copy.len, &v)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!key_body_attributes(c->body, &v.meta, reterr) ||
        !key_body_ops(json_object_get(c->body, "key_ops"), &v.meta, reterr) ||
        !key_body_tags(c->body, &tags, &with_tags, reterr)) {
        return false;
    }
    if (with_tags) {
        v.texts.tags = (struct str_view){tags.data, tags.len};
    }
    v.meta.updated_s = c->now_s;
    if (strcmp(head.latest, v.meta.version) == 0) {
        key_store_schedule(txn, c->vault->uid, &head, &v.meta, c->now_s);
        key_store_put_head(txn, c->vault->uid, &head);
    }
    return key_store_put_version(txn, c->vault->uid, name, &v, reterr) && key_answer_bundle(c, &v);
}
