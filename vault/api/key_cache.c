/* SPDX-License-Identifier: MIT */
/* A fixed table of slots; a collision replaces. Versions are random, so they spread well. */
#include "vault/api/key_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define SLOTS 4096

struct key_cache {
    struct {
        pthread_mutex_t lock;
        char version[KEY_VERSION_LEN + 1];
        uint64_t uid;
        EVP_PKEY *key;
    } slots[SLOTS];
};

struct key_cache *key_cache_new(void)
{
    struct key_cache *c = calloc(1, sizeof(*c));

    for (size_t i = 0; c && i < SLOTS; i++) {
        (void) pthread_mutex_init(&c->slots[i].lock, NULL);
    }
    return c;
}

void key_cache_free(struct key_cache *c)
{
    for (size_t i = 0; c && i < SLOTS; i++) {
        EVP_PKEY_free(c->slots[i].key);
        (void) pthread_mutex_destroy(&c->slots[i].lock);
    }
    free(c);
}

/* Versions are random hex: their first digits are a hash already. */
static size_t slot_of(const char *version)
{
    char part[9];

    memcpy(part, version, 8);
    part[8] = '\0';
    return strtoul(part, NULL, 16) % SLOTS;
}

/* What the sealed bytes are bound to: vault and version. */
static struct str_view place(char out[64], uint64_t uid, const char *version)
{
    int n = snprintf(out, 64, "%llu/%s", (unsigned long long) uid, version);

    return (struct str_view){out, (size_t) n};
}

bool key_secret_open(struct vaultd *d, uint64_t vault_uid, const struct key_version *v,
                     struct bytes *ret, struct az_error *reterr)
{
    char text[64];

    return unseal(d->root_key, place(text, vault_uid, v->meta.version), v->texts.secret.ptr,
                  v->texts.secret.len, ret, reterr);
}

bool key_secret_seal(struct vaultd *d, uint64_t vault_uid, const char *version,
                     struct str_view secret, struct bytes *ret, struct az_error *reterr)
{
    char text[64];

    return seal(d->root_key, place(text, vault_uid, version), secret.ptr, secret.len, ret, reterr);
}

bool key_seal(struct vaultd *d, uint64_t vault_uid, const char *version, EVP_PKEY *key,
              struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes der = {0};

    return key_to_pkcs8(key, &der, reterr) &&
           key_secret_seal(d, vault_uid, version,
                           (struct str_view){(const char *) der.data, der.len}, ret, reterr);
}

static bool parse(struct vaultd *d, uint64_t uid, const struct key_version *v, EVP_PKEY **ret,
                  struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes der = {0};

    return key_secret_open(d, uid, v, &der, reterr) && key_from_pkcs8(&der, ret, reterr);
}

bool key_cache_get(struct vaultd *d, uint64_t vault_uid, const struct key_version *v,
                   EVP_PKEY **ret, struct az_error *reterr)
{
    struct key_cache *c = d->keys;
    size_t i = slot_of(v->meta.version);
    EVP_PKEY *key = NULL;

    (void) pthread_mutex_lock(&c->slots[i].lock);
    if (c->slots[i].key && c->slots[i].uid == vault_uid &&
        strcmp(c->slots[i].version, v->meta.version) == 0) {
        key = c->slots[i].key;
        (void) EVP_PKEY_up_ref(key);
    }
    (void) pthread_mutex_unlock(&c->slots[i].lock);
    if (!key) {
        if (!parse(d, vault_uid, v, &key, reterr)) {
            return false;
        }
        (void) EVP_PKEY_up_ref(key);
        (void) pthread_mutex_lock(&c->slots[i].lock);
        EVP_PKEY_free(c->slots[i].key);
        c->slots[i].key = key;
        c->slots[i].uid = vault_uid;
        memcpy(c->slots[i].version, v->meta.version, sizeof(c->slots[i].version));
        (void) pthread_mutex_unlock(&c->slots[i].lock);
    }
    *ret = key;
    return true;
}
