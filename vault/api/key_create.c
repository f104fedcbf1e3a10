/* SPDX-License-Identifier: MIT */
/* Create, import, update. Key pairs are made on a worker; the write only stores. */
#include "vault/api/key_create.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/json.h"
#include "vault/api/byok.h"
#include "vault/api/key_body.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_life.h"
#include "vault/api/key_render.h"

#define EXCHANGE_KEY_LIFE_S (48 * 60 * 60)

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
        buf_done(&nk->policy);
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
    /* azure-rules.md section 3; versions.md 1.2 for oct. The default of oct is ours. */
    static const struct {
        enum key_kind kind;
        unsigned sizes[3];
        unsigned preset;
    } rows[] = {
        {KEY_KIND_RSA, {2048, 3072, 4096}, 2048},
        {KEY_KIND_OCT, {128, 192, 256},    256 },
    };
    size_t row = key_type_is_rsa((enum key_type) m->type) ? 0 : 1;
    bool present = false;
    int64_t bits = 0;

    if (!json_get_int(body, "key_size", &present, &bits)) {
        return key_bad_property("key_size", reterr);
    }
    m->bits = rows[row].preset;
    if (!present) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows[row].sizes); i++) {
        if (bits == (int64_t) rows[row].sizes[i]) {
            m->bits = (uint32_t) bits;
            return true;
        }
    }
    return key_bad_property("key_size", reterr);
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

static bool check_pq(const json_t *body, struct key_meta *m, struct az_error *reterr)
{
    const char *alg = NULL;

    if (!json_get_string(body, "alg", &alg) || !alg) {
        return key_bad_property("alg", reterr);
    }
    m->pq = key_pq_parse(alg);
    return m->pq != PQ_NONE || key_bad_property("alg", reterr);
}

/* Which members say the rest of a new key, by its kind. */
static bool check_parameters(const json_t *body, struct key_meta *m, struct az_error *reterr)
{
    switch (key_type_kind((enum key_type) m->type)) {
    case KEY_KIND_RSA:
    case KEY_KIND_OCT:
        return check_size(body, m, reterr);
    case KEY_KIND_EC:
        return check_curve(body, m, reterr);
    case KEY_KIND_AKP:
        return check_pq(body, m, reterr);
    case KEY_KIND_NONE:
        break;
    }
    return key_bad_property("", reterr);
}

/*
 * Symmetric and ML-DSA keys live in HSMs (versions.md 1.3, 1.4), so a standard vault refuses them
 * as recorded for oct-HSM; ML-DSA also where the OpenSSL at run time does not have it.
 * Api-versions: vault/api/key_fields.c.
 */
static bool type_offered(const struct vault_call *c, enum key_type type)
{
    enum key_kind kind = key_type_kind(type);

    return (kind != KEY_KIND_OCT && kind != KEY_KIND_AKP) ||
           (c->vault->sku == VAULT_SKU_PREMIUM &&
            (kind != KEY_KIND_AKP || key_pq_available(PQ_ML_DSA_44)));
}

static bool check_type(const struct vault_call *c, const char *kty, struct key_meta *m,
                       struct az_error *reterr)
{
    m->type = kty ? key_type_parse(kty) : KEY_TYPE_NONE;
    if (m->type == KEY_TYPE_NONE || !type_offered(c, (enum key_type) m->type)) {
        return key_bad_property("", reterr);
    }
    if (m->type == KEY_AKP) {
        m->type = KEY_AKP_HSM; /* the documents' example: versions.md 1.3 */
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

/* The name and the body are judged before seconds are spent on a key pair. */
static bool common_checks(const json_t *body, struct new_key *nk, const json_t *ops,
                          struct az_error *reterr)
{
    bool present;

    key_meta_default_ops(&nk->meta);
    return key_body_ops(ops, &nk->meta, reterr) && key_body_attributes(body, &nk->meta, reterr) &&
           key_body_release(body, &nk->meta, &nk->policy, reterr) &&
           key_body_tags(body, &nk->tags, &present, reterr);
}

/* Recorded (azure-cli, keys of key_ops ["import"]): exp is two days after created, asked for or
 * not. */
static void limit_exchange_key(struct key_meta *m, int64_t now_s)
{
    if (key_meta_is_exchange_key(m) && !m->has_exp) {
        m->has_exp = 1;
        m->exp_s = now_s + EXCHANGE_KEY_LIFE_S;
    }
}

static bool check_create(struct vault_call *c, struct str_view name, const json_t *body,
                         struct new_key *nk, struct az_error *reterr)
{
    const char *kty = NULL;

    if (!key_name_check(name, reterr)) {
        return false;
    }
    if (!json_get_string(body, "kty", &kty)) {
        return key_bad_property("", reterr);
    }
    if (!check_type(c, kty, &nk->meta, reterr) || !check_parameters(body, &nk->meta, reterr) ||
        !common_checks(body, nk, json_object_get(body, "key_ops"), reterr)) {
        return false;
    }
    limit_exchange_key(&nk->meta, c->now_s);
    return true;
}

bool new_key_create(struct vault_call *c, struct str_view name, const json_t *body,
                    struct az_error *reterr)
{
    AUTO_NEW_KEY *nk = new_key_make();
    struct key_spec spec;

    if (!nk) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!check_create(c, name, body, nk, reterr)) {
        return false;
    }
    spec = key_meta_spec(&nk->meta);
    if (!keygen_spec(c->d->pool, &spec, &nk->key, reterr) ||
        !new_key_finish(c->d, c->vault->uid, nk, body, reterr)) {
        return false;
    }
    c->prepared = take_ptr(nk);
    c->prepared_free = new_key_free;
    return true;
}

bool key_create_prepare(struct vault_call *c, struct az_error *reterr)
{
    return new_key_create(c, c->params[0], c->body, reterr);
}

static bool check_not_deleted(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                              struct az_error *reterr)
{
    struct key_head head;

    if (!key_store_head(txn, c->vault->uid, name, true, &head)) {
        return true;
    }
    if (head.pending != KEY_SETTLED) {
        return key_busy(&head, head.name, " and cannot be re-created; retry later", reterr);
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
        .secret = {(const char *) nk->secret.data, nk->secret.len},
        .policy = {nk->policy.data,                nk->policy.len}
    };
    key_store_schedule(txn, vault_uid, head, &ret->meta, at_s);
    key_store_put_head(txn, vault_uid, head);
    return key_store_put_version(txn, vault_uid, head->name, ret, reterr);
}

/*
 * "Release policy must be provided when creating the first version of an exportable key" (the
 * specification): a later version without one takes over that of the version before it (assumed).
 */
static bool settle_policy(struct vault_call *c, struct kvdb_txn *txn, const struct key_head *head,
                          struct new_key *nk, struct az_error *reterr)
{
    struct key_version before;

    if (!nk->meta.exportable || nk->policy.len > 0) {
        return true;
    }
    if (!head->latest[0] ||
        !key_store_version(txn, c->vault->uid, head->name, head->latest, &before) ||
        before.texts.policy.len == 0) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "A release policy must be given for the first version of an exportable "
                       "key."); /* the text is ours */
    }
    buf_add(&nk->policy, before.texts.policy.ptr, before.texts.policy.len);
    nk->meta.policy_immutable = before.meta.policy_immutable;
    return buf_ok(&nk->policy) || az_fail_internal(reterr, "out of memory");
}

bool new_key_put(struct vault_call *c, struct kvdb_txn *txn, const char *name, struct new_key *nk,
                 struct key_head *head, struct key_version *ret, struct az_error *reterr)
{
    *head = (struct key_head){0};
    if (!check_not_deleted(c, txn, name, reterr)) {
        return false;
    }
    /* A new version of a key keeps the name as it was first written. */
    if (!key_store_head(txn, c->vault->uid, name, false, head)) {
        (void) snprintf(head->name, sizeof(head->name), "%s", name);
    }
    return settle_policy(c, txn, head, nk, reterr) &&
           new_version_put(txn, c->vault->uid, head, nk, c->now_s, ret, reterr);
}

bool new_key_store(struct vault_call *c, struct kvdb_txn *txn, const char *name, struct new_key *nk,
                   struct az_error *reterr)
{
    struct key_head head;
    struct key_version v;

    return new_key_put(c, txn, name, nk, &head, &v, reterr) && key_answer_bundle(c, &v);
}

bool key_create_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];

    return new_key_store(c, txn, vault_param(c, 0, name, sizeof(name)), c->prepared, reterr);
}

static bool bad_jwk(struct az_error *reterr)
{
    /* Recorded: azure-rules.md section 8. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                   "The property \"key\" must be a valid JsonWebKey object.");
}

/* The private or secret part: of an HSM's key also as a transfer blob ("bring your own key"). */
static bool has_secret(const json_t *jwk, enum key_type type)
{
    const char *plain = key_type_kind(type) == KEY_KIND_OCT ? "k" : "d";

    return json_object_get(jwk, plain) ||
           (json_is_string(json_object_get(jwk, "key_hsm")) && key_type_is_hsm(type));
}

static bool check_import(struct vault_call *c, struct new_key *nk, json_t *jwk,
                         struct az_error *reterr)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    enum key_type type = kty ? key_type_parse(kty) : KEY_TYPE_NONE;

    if (json_is_true(json_object_iget(c->body, "hsm"))) {
        type = key_type_in_hsm(type);
    }
    if (type == KEY_TYPE_NONE || key_type_kind(type) == KEY_KIND_AKP || !has_secret(jwk, type)) {
        return bad_jwk(reterr);
    }
    return check_type(c, key_type_name(type), &nk->meta, reterr) &&
           common_checks(c->body, nk, json_object_get(jwk, "key_ops"), reterr);
}

/* Size and curve of a key that was imported. */
static void take_parameters(struct new_key *nk)
{
    uint8_t raw[KEY_OCT_MAX];

    if (key_kind_of(nk->key) == KEY_KIND_OCT) {
        nk->meta.bits = (uint32_t) (8 * key_octets(nk->key, raw));
        OPENSSL_cleanse(raw, sizeof(raw));
    } else {
        nk->meta.bits = (uint32_t) EVP_PKEY_get_bits(nk->key);
        nk->meta.curve = key_curve_of(nk->key);
    }
}

static bool open_imported(struct vault_call *c, const json_t *jwk, struct new_key *nk,
                          struct az_error *reterr)
{
    const char *blob = json_string_value(json_object_get(jwk, "key_hsm"));

    return blob ? byok_open(c, blob, key_type_kind((enum key_type) nk->meta.type), &nk->key, reterr)
                : jwk_to_key(jwk, &nk->key, reterr);
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
        return bad_jwk(reterr);
    }
    if (!check_import(c, nk, jwk, reterr) || !open_imported(c, jwk, nk, reterr)) {
        return false;
    }
    take_parameters(nk);
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
    CLEANUP(buf_done) struct buf policy = {0};
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
        !key_body_release_update(c->body, &v, &policy, reterr) ||
        !key_body_tags(c->body, &tags, &with_tags, reterr)) {
        return false;
    }
    if (with_tags) { /* emptied tags are shown as {} from then on (recorded) */
        v.texts.tags = tags.len > 0 ? (struct str_view){tags.data, tags.len} : sv_from("{}");
    }
    v.meta.updated_s = c->now_s;
    if (strcmp(head.latest, v.meta.version) == 0) {
        key_store_schedule(txn, c->vault->uid, &head, &v.meta, c->now_s);
        key_store_put_head(txn, c->vault->uid, &head);
    }
    return key_store_put_version(txn, c->vault->uid, name, &v, reterr) && key_answer_bundle(c, &v);
}
