/* SPDX-License-Identifier: MIT */
/* Envelope encryption: with CMK nothing here can open a data key without the vault's consent. */
#include "provider/api/dek.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/base64url.h"

#define SLOTS          64
#define VAULT_AUDIENCE "https://vault.azure.net"

struct dek_cache {
    pthread_mutex_t lock;
    struct {
        char uid[40];
        uint8_t key[SEAL_KEY_LEN];
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

static bool cache_get(struct providerd *d, const char *uid, uint8_t key[SEAL_KEY_LEN])
{
    size_t i = slot_of(uid);
    bool hit;

    (void) pthread_mutex_lock(&d->deks->lock);
    hit = strcmp(d->deks->slots[i].uid, uid) == 0 &&
          sim_clock_now_ms(d->clock) < d->deks->slots[i].until_ms;
    if (hit) {
        memcpy(key, d->deks->slots[i].key, SEAL_KEY_LEN);
    }
    (void) pthread_mutex_unlock(&d->deks->lock);
    return hit;
}

static void cache_put(struct providerd *d, const char *uid, const uint8_t key[SEAL_KEY_LEN])
{
    size_t i = slot_of(uid);

    if (d->dek_cache_ttl_ms <= 0) {
        return;
    }
    (void) pthread_mutex_lock(&d->deks->lock);
    (void) snprintf(d->deks->slots[i].uid, sizeof(d->deks->slots[i].uid), "%s", uid);
    memcpy(d->deks->slots[i].key, key, SEAL_KEY_LEN);
    d->deks->slots[i].until_ms = sim_clock_now_ms(d->clock) + d->dek_cache_ttl_ms;
    (void) pthread_mutex_unlock(&d->deks->lock);
}

static json_t *b64(const struct bytes *b)
{
    CLEANUP(buf_done) struct buf text = {0};

    base64url_write(&text, b->data, b->len);
    return buf_ok(&text) ? json_stringn(text.data, text.len) : NULL;
}

bool dek_seal(struct providerd *d, const char *uid, const uint8_t key[SEAL_KEY_LEN], json_t **ret,
              struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};

    if (!seal(d->root_key, sv_from(uid), key, SEAL_KEY_LEN, &sealed, reterr)) {
        return false;
    }
    *ret = json_pack("{s:o}", "sealed", b64(&sealed));
    return *ret || az_fail_internal(reterr, "out of memory");
}

bool dek_new(struct providerd *d, const char *uid, json_t **ret, struct az_error *reterr)
{
    uint8_t key[SEAL_KEY_LEN];
    bool ok = RAND_priv_bytes(key, sizeof(key)) == 1 ? dek_seal(d, uid, key, ret, reterr)
                                                     : az_fail_internal(reterr, "no randomness");

    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

bool dek_wrap(struct providerd *d, const struct principal *identity, const char *vault,
              const char *name, const char *version, const uint8_t key[SEAL_KEY_LEN], json_t **ret,
              struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    CLEANUP(free_str) char *token = NULL;

    if (!bytes_copy(&plain, key, SEAL_KEY_LEN)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!provider_mint_token(d, identity, VAULT_AUDIENCE, &token, reterr) ||
        !d->vaults->wrap(d->vaults->ctx, vault, name, version, token, &plain, &wrapped, reterr)) {
        return false;
    }
    *ret = json_pack("{s:o,s:s,s:s,s:s}", "wrapped", b64(&wrapped), "vault", vault, "key", name,
                     "version", version);
    return *ret || az_fail_internal(reterr, "out of memory");
}

static bool unwrap(struct providerd *d, const json_t *dek, const struct principal *identity,
                   struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes wrapped = {0};
    CLEANUP(free_str) char *token = NULL;

    if (!identity) {
        return az_fail_inner(
            reterr, AZ_ERR_CMK_ACCESS_DENIED, "ManagedIdentityDisabled",
            "The account's data is encrypted with a customer-managed key, and its managed identity is "
            "disabled: enable it and grant it get, wrapKey and unwrapKey on the key vault.");
    }
    if (!base64url_read(sv_from(json_string_value(json_object_get(dek, "wrapped"))), &wrapped)) {
        return az_fail_internal(reterr, "a wrapped data key can't be read");
    }
    return provider_mint_token(d, identity, VAULT_AUDIENCE, &token, reterr) &&
           d->vaults->unwrap(d->vaults->ctx, json_string_value(json_object_get(dek, "vault")),
                             json_string_value(json_object_get(dek, "key")),
                             json_string_value(json_object_get(dek, "version")), token, &wrapped,
                             ret, reterr);
}

bool dek_open(struct providerd *d, const json_t *account, const struct principal *identity,
              uint8_t key[SEAL_KEY_LEN], struct az_error *reterr)
{
    const char *uid = json_string_value(json_object_get(account, "uid"));
    const json_t *dek = json_object_get(account, "dek");
    const char *sealed = json_string_value(json_object_get(dek, "sealed"));
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    CLEANUP(bytes_clear_free) struct bytes plain = {0};

    if (sealed) {
        if (!base64url_read(sv_from(sealed), &raw) ||
            !unseal(d->root_key, sv_from(uid), raw.data, raw.len, &plain, reterr)) {
            return az_fail_internal(reterr, "a sealed data key does not open");
        }
    } else {
        if (cache_get(d, uid, key)) {
            return true;
        }
        if (!unwrap(d, dek, identity, &plain, reterr)) {
            return false;
        }
    }
    if (plain.len != SEAL_KEY_LEN) {
        return az_fail_internal(reterr, "a data key has %zu bytes", plain.len);
    }
    memcpy(key, plain.data, SEAL_KEY_LEN);
    if (!sealed) {
        cache_put(d, uid, key);
    }
    return true;
}

bool account_identity(struct kvdb_txn *txn, const json_t *account, struct principal *ret)
{
    const char *oid =
        json_string_value(json_object_get(json_object_get(account, "identity"), "principalId"));

    return oid && directory_get_principal(txn, oid, ret);
}
