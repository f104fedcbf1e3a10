/* SPDX-License-Identifier: MIT */
/* Envelope encryption: with CMK nothing here can open a data key without the vault's consent. */
#include "provider/api/dek.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/base64url.h"
#include "common/json.h"
#include "provider/domain/kinds.h"

#define SLOTS          64
#define VAULT_AUDIENCE "https://vault.azure.net"

struct dek_cache {
    pthread_mutex_t lock;
    struct {
        char uid[40];
        struct data_keys keys;
        int64_t until_ms;
    } slots[SLOTS];
};

struct dek_cache *dek_cache_new(void)
{
    struct dek_cache *c = calloc(1, sizeof(*c));

    if (c) {
        (void) pthread_mutex_init(&c->lock, NULL);
    }
    return c;
}

void dek_cache_free(struct dek_cache *c)
{
    if (c) {
        (void) pthread_mutex_destroy(&c->lock);
        OPENSSL_cleanse(c->slots, sizeof(c->slots));
        free(c);
    }
}

static size_t slot_of(const char *uid)
{
    size_t h = 0;

    for (; *uid; uid++) {
        h = h * 31 + (unsigned char) *uid;
    }
    return h % SLOTS;
}

void dek_cache_forget(struct dek_cache *c, const char *uid)
{
    (void) pthread_mutex_lock(&c->lock);
    OPENSSL_cleanse(&c->slots[slot_of(uid)], sizeof(c->slots[0]));
    (void) pthread_mutex_unlock(&c->lock);
}

static bool cache_get(struct providerd *d, const char *uid, struct data_keys *keys)
{
    size_t i = slot_of(uid);
    bool over;
    bool hit;

    (void) pthread_mutex_lock(&d->deks->lock);
    over = sim_clock_now_ms(d->clock) >= d->deks->slots[i].until_ms;
    hit = strcmp(d->deks->slots[i].uid, uid) == 0 && !over;
    if (hit) {
        *keys = d->deks->slots[i].keys;
    } else if (over) {
        OPENSSL_cleanse(&d->deks->slots[i], sizeof(d->deks->slots[i]));
    }
    (void) pthread_mutex_unlock(&d->deks->lock);
    return hit;
}

static void cache_put(struct providerd *d, const char *uid, const struct data_keys *keys)
{
    size_t i = slot_of(uid);

    if (d->dek_cache_ttl_ms <= 0) {
        return;
    }
    (void) pthread_mutex_lock(&d->deks->lock);
    (void) snprintf(d->deks->slots[i].uid, sizeof(d->deks->slots[i].uid), "%s", uid);
    d->deks->slots[i].keys = *keys;
    d->deks->slots[i].until_ms = sim_clock_now_ms(d->clock) + d->dek_cache_ttl_ms;
    (void) pthread_mutex_unlock(&d->deks->lock);
}

static json_t *b64(const void *data, size_t len)
{
    CLEANUP(buf_done) struct buf text = {0};

    base64url_write(&text, data, len);
    return buf_ok(&text) ? json_stringn(text.data, text.len) : NULL;
}

static bool from_b64(const json_t *text, struct bytes *ret, struct az_error *reterr)
{
    const char *s = json_string_value(text);

    return (s && base64url_read(sv_from(s), ret)) ||
           az_fail_internal(reterr, "a stored data key can't be read");
}

/* A sealed key opens in its account and in its layer only. */
static struct str_view place(const char *uid, const char *layer, size_t i, char out[64])
{
    int n = snprintf(out, 64, "%s/%s/%zu", uid, layer, i);

    return (struct str_view){out, (size_t) n};
}

/* keys -> ["b64", ...] under the root key. */
static bool seal_all(struct providerd *d, const char *uid, const struct data_keys *keys,
                     json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *list = json_array();
    char text[64];

    for (unsigned i = 0; i < keys->n; i++) {
        CLEANUP(bytes_clear_free) struct bytes sealed = {0};

        if (!seal(d->root_key, place(uid, "base", i, text), keys->key[i], SEAL_KEY_LEN, &sealed,
                  reterr)) {
            return false;
        }
        if (json_array_append_new(list, b64(sealed.data, sealed.len)) < 0) {
            return az_fail_internal(reterr, "out of memory");
        }
    }
    *ret = json_incref(list);
    return true;
}

static bool unseal_one(struct providerd *d, const char *uid, size_t i, const struct bytes *sealed,
                       struct data_keys *keys, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    char text[64];

    if (i >= DATA_LAYERS_MAX || !unseal(d->root_key, place(uid, "base", i, text), sealed->data,
                                        sealed->len, &plain, reterr)) {
        return az_fail_internal(reterr, "a sealed data key does not open");
    }
    if (plain.len != SEAL_KEY_LEN) {
        return az_fail_internal(reterr, "a data key has %zu bytes", plain.len);
    }
    memcpy(keys->key[i], plain.data, SEAL_KEY_LEN);
    keys->n = (unsigned) i + 1;
    return true;
}

static bool unseal_all(struct providerd *d, const char *uid, const json_t *list,
                       struct data_keys *keys, struct az_error *reterr)
{
    const json_t *item;
    size_t i;

    keys->n = 0;
    json_array_foreach(list, i, item)
    {
        CLEANUP(bytes_clear_free) struct bytes sealed = {0};

        if (!from_b64(item, &sealed, reterr) || !unseal_one(d, uid, i, &sealed, keys, reterr)) {
            return false;
        }
    }
    return keys->n > 0 || az_fail_internal(reterr, "an account without a data key");
}

unsigned dek_layers_of_kind(const char *kind)
{
    const struct account_kind *k = account_kind_find(kind);

    return k && k->layers == LAYERS_ADDED ? 2 : 1;
}

bool dek_is_wrapped(const json_t *account)
{
    return json_object_get(json_object_get(account, "dek"), "wrapped") != NULL;
}

bool dek_new(struct providerd *d, const char *uid, unsigned layers, json_t **ret,
             struct az_error *reterr)
{
    struct data_keys keys = {.n = layers};
    json_t *sealed = NULL;
    bool ok = RAND_priv_bytes(keys.key[0], sizeof(keys.key)) == 1
                  ? seal_all(d, uid, &keys, &sealed, reterr)
                  : az_fail_internal(reterr, "no randomness");

    data_keys_wipe(&keys);
    *ret = ok ? json_pack("{s:o}", "sealed", sealed) : NULL;
    return ok && (*ret || az_fail_internal(reterr, "out of memory"));
}

static bool wrap(struct providerd *d, const struct dek_home *to, const uint8_t key[SEAL_KEY_LEN],
                 json_t **ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    CLEANUP(free_str) char *token = NULL;

    if (!bytes_copy(&plain, key, SEAL_KEY_LEN)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!provider_mint_token(d, to->identity, VAULT_AUDIENCE, &token, reterr) ||
        !d->vaults->wrap(d->vaults->ctx, to->vault, to->key, to->version, token, &plain, &wrapped,
                         reterr)) {
        return false;
    }
    *ret = json_pack("{s:o,s:s,s:s,s:s}", "wrapped", b64(wrapped.data, wrapped.len), "vault",
                     to->vault, "key", to->key, "version", to->version);
    return *ret || az_fail_internal(reterr, "out of memory");
}

static bool need_identity(const struct key_identity *id, struct az_error *reterr)
{
    if (key_identity_usable(id)) {
        return true;
    }
    if (id->left_behind) {
        return az_fail_inner(
            reterr, AZ_ERR_CMK_ACCESS_DENIED, "ManagedIdentityLeftBehind",
            "The account's data is encrypted with a customer-managed key, and the account was moved "
            "to another directory than its managed identity's.");
    }
    return az_fail_inner(
        reterr, AZ_ERR_CMK_ACCESS_DENIED, "ManagedIdentityDisabled",
        "The account's data is encrypted with a customer-managed key, and its managed identity is "
        "disabled: enable it and grant it get, wrapKey and unwrapKey on the key vault.");
}

/* What the vault has wrapped: the one data key, or the key of the customer's layer. */
static bool unwrap(struct providerd *d, const json_t *dek, const struct key_identity *id,
                   uint8_t key[SEAL_KEY_LEN], struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    CLEANUP(free_str) char *token = NULL;

    if (!need_identity(id, reterr) ||
        !from_b64(json_object_get(dek, "wrapped"), &wrapped, reterr) ||
        !provider_mint_token(d, &id->p, VAULT_AUDIENCE, &token, reterr) ||
        !d->vaults->unwrap(d->vaults->ctx, json_text(dek, "vault"), json_text(dek, "key"),
                           json_text(dek, "version"), token, &wrapped, &plain, reterr)) {
        return false;
    }
    if (plain.len != SEAL_KEY_LEN) {
        return az_fail_internal(reterr, "an unwrapped key has %zu bytes", plain.len);
    }
    memcpy(key, plain.data, SEAL_KEY_LEN);
    return true;
}

/* The service's sealed keys, out of the customer's layer or into it. */
static bool customer_layer(const char *uid, const uint8_t key[SEAL_KEY_LEN], const json_t *list,
                           bool add, json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *out = json_array();
    const json_t *item;
    char text[64];
    size_t i;

    json_array_foreach(list, i, item)
    {
        CLEANUP(bytes_clear_free) struct bytes from = {0};
        CLEANUP(bytes_clear_free) struct bytes to = {0};
        struct str_view aad = place(uid, "customer", i, text);

        if (!from_b64(item, &from, reterr) ||
            !(add ? seal(key, aad, from.data, from.len, &to, reterr)
                  : unseal(key, aad, from.data, from.len, &to, reterr))) {
            return false;
        }
        if (json_array_append_new(out, b64(to.data, to.len)) < 0) {
            return az_fail_internal(reterr, "out of memory");
        }
    }
    *ret = json_incref(out);
    return true;
}

/* From the customer's key (as unwrapped) to the data keys. */
static bool open_wrapped(struct providerd *d, const json_t *account,
                         const uint8_t key[SEAL_KEY_LEN], struct data_keys *ret,
                         struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");
    const json_t *inner = json_object_get(json_object_get(account, "dek"), "inner");
    AUTO_JSON *sealed = NULL;

    if (!inner) {
        ret->n = 1;
        memcpy(ret->key[0], key, SEAL_KEY_LEN);
        return true;
    }
    return customer_layer(uid, key, inner, false, &sealed, reterr) &&
           unseal_all(d, uid, sealed, ret, reterr);
}

bool dek_open(struct providerd *d, const json_t *account, const struct key_identity *id,
              struct data_keys *ret, struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");
    const json_t *dek = json_object_get(account, "dek");
    uint8_t key[SEAL_KEY_LEN];
    bool ok;

    if (!dek_is_wrapped(account)) {
        return unseal_all(d, uid, json_object_get(dek, "sealed"), ret, reterr);
    }
    /* The vault's refusals may be seen late, by the cache; the account's own state never is. */
    if (!need_identity(id, reterr)) {
        return false;
    }
    if (cache_get(d, uid, ret)) {
        return true;
    }
    ok = unwrap(d, dek, id, key, reterr) && open_wrapped(d, account, key, ret, reterr);
    OPENSSL_cleanse(key, sizeof(key));
    if (ok) {
        cache_put(d, uid, ret);
    }
    return ok;
}

/* The key to wrap for an account that is under Microsoft's keys: the data key itself, or a fresh
 * one for the layer that is added around. */
static bool first_customer_key(struct providerd *d, const json_t *account, bool added,
                               uint8_t key[SEAL_KEY_LEN], struct az_error *reterr)
{
    struct data_keys keys;
    bool ok;

    if (added) {
        return RAND_priv_bytes(key, SEAL_KEY_LEN) == 1 || az_fail_internal(reterr, "no randomness");
    }
    ok = unseal_all(d, json_text(account, "uid"),
                    json_object_get(json_object_get(account, "dek"), "sealed"), &keys, reterr);
    if (ok) {
        memcpy(key, keys.key[0], SEAL_KEY_LEN);
    }
    data_keys_wipe(&keys);
    return ok;
}

bool dek_bind(struct providerd *d, const json_t *account, const struct key_identity *id,
              const struct dek_home *to, json_t **ret, struct az_error *reterr)
{
    const json_t *dek = json_object_get(account, "dek");
    const json_t *sealed = json_object_get(dek, "sealed");
    bool added = json_array_size(sealed) > 1;
    json_t *inner = json_incref(json_object_get(dek, "inner"));
    uint8_t key[SEAL_KEY_LEN];
    bool ok;

    if (sealed) {
        ok = first_customer_key(d, account, added, key, reterr) &&
             (!added ||
              customer_layer(json_text(account, "uid"), key, sealed, true, &inner, reterr));
    } else {
        ok = unwrap(d, dek, id, key, reterr);
    }
    ok = ok && wrap(d, to, key, ret, reterr);
    OPENSSL_cleanse(key, sizeof(key));
    if (ok && inner) {
        (void) json_object_set(*ret, "inner", inner);
    }
    json_decref(inner);
    return ok;
}

bool dek_unbind(struct providerd *d, const json_t *account, const struct key_identity *id,
                json_t **ret, struct az_error *reterr)
{
    struct data_keys keys = {0};
    json_t *sealed = NULL;
    uint8_t key[SEAL_KEY_LEN];
    bool ok = unwrap(d, json_object_get(account, "dek"), id, key, reterr) &&
              open_wrapped(d, account, key, &keys, reterr) &&
              seal_all(d, json_text(account, "uid"), &keys, &sealed, reterr);

    OPENSSL_cleanse(key, sizeof(key));
    data_keys_wipe(&keys);
    *ret = ok ? json_pack("{s:o}", "sealed", sealed) : NULL;
    return ok && (*ret || az_fail_internal(reterr, "out of memory"));
}

bool account_identity(struct kvdb_txn *txn, const json_t *account, struct principal *ret)
{
    const char *oid = json_text(json_object_get(account, "identity"), "principalId");

    return oid[0] && directory_get_principal(txn, oid, ret);
}
