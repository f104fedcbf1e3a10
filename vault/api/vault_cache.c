/* SPDX-License-Identifier: MIT */
/* A small table by name; entries are counted references and replaced when their revision is old. */
#include "vault/api/vault_cache.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>

#include "vault/store/vault_store.h"

#define SLOTS 256

/* The vault comes first, so that a borrowed pointer is its entry. */
struct entry {
    struct vault vault;
    _Atomic unsigned refs;
};

struct vault_cache {
    struct {
        pthread_mutex_t lock;
        struct entry *entry;
    } slots[SLOTS];
};

struct vault_cache *vault_cache_new(void)
{
    struct vault_cache *c = calloc(1, sizeof(*c));

    for (size_t i = 0; c && i < SLOTS; i++) {
        (void) pthread_mutex_init(&c->slots[i].lock, NULL);
    }
    return c;
}

void vault_cache_release(struct vault *v)
{
    struct entry *e = (struct entry *) (void *) v;

    if (e && --e->refs == 0) {
        vault_clear(&e->vault);
        free(e);
    }
}

void vault_cache_free(struct vault_cache *c)
{
    for (size_t i = 0; c && i < SLOTS; i++) {
        vault_cache_release(c->slots[i].entry ? &c->slots[i].entry->vault : NULL);
        (void) pthread_mutex_destroy(&c->slots[i].lock);
    }
    free(c);
}

static size_t slot_of(const char *name)
{
    unsigned h = 5381;

    for (; *name; name++) {
        h = h * 33 + (unsigned) tolower((unsigned char) *name);
    }
    return h % SLOTS;
}

bool vault_cache_get(struct vault_cache *c, struct kvdb_txn *txn, const char *name,
                     struct vault **ret, struct az_error *reterr)
{
    size_t slot = slot_of(name);
    uint64_t revision = vault_store_revision(txn, name);
    struct vault *fresh = NULL;
    struct entry *e;

    *ret = NULL;
    if (revision == 0) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "reading vault %.24s", name);
    }
    (void) pthread_mutex_lock(&c->slots[slot].lock);
    e = c->slots[slot].entry;
    if (e && e->vault.revision == revision && strcasecmp(e->vault.name, name) == 0) {
        e->refs++;
        *ret = &e->vault;
    }
    (void) pthread_mutex_unlock(&c->slots[slot].lock);
    if (*ret) {
        return true;
    }
    if (!vault_store_get(txn, name, &fresh, reterr)) {
        return false;
    }
    e = calloc(1, sizeof(*e));
    if (!e || !fresh) {
        free(e);
        vault_free(fresh);
        return az_fail_internal(reterr, "out of memory");
    }
    e->vault = *fresh;
    free(fresh);
    e->refs = 2; /* the table's and the caller's */
    (void) pthread_mutex_lock(&c->slots[slot].lock);
    if (c->slots[slot].entry) {
        vault_cache_release(&c->slots[slot].entry->vault);
    }
    c->slots[slot].entry = e;
    (void) pthread_mutex_unlock(&c->slots[slot].lock);
    *ret = &e->vault;
    return true;
}
