/* SPDX-License-Identifier: MIT */
/* One entry, counted references. */
#include "common/rbac_cache.h"

#include <pthread.h>
#include <stdatomic.h>

struct rbac_shared {
    struct rbac_set *set;
    uint64_t revision;
    _Atomic unsigned refs;
};

struct rbac_cache {
    pthread_mutex_t lock;
    struct rbac_shared *now;
};

struct rbac_cache *rbac_cache_new(void)
{
    struct rbac_cache *c = calloc(1, sizeof(*c));

    if (c) {
        (void) pthread_mutex_init(&c->lock, NULL);
    }
    return c;
}

void rbac_cache_release(struct rbac_shared *s)
{
    if (s && --s->refs == 0) {
        rbac_set_free(s->set);
        free(s);
    }
}

void rbac_cache_free(struct rbac_cache *c)
{
    if (c) {
        rbac_cache_release(c->now);
        (void) pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

static struct rbac_shared *build(uint64_t revision, rbac_load_fn *load, void *ctx)
{
    struct rbac_shared *s = calloc(1, sizeof(*s));

    if (!s) {
        return NULL;
    }
    s->set = load(ctx);
    s->revision = revision;
    s->refs = 1;
    if (!s->set) {
        free(s);
        return NULL;
    }
    return s;
}

struct rbac_shared *rbac_cache_get(struct rbac_cache *c, uint64_t revision, rbac_load_fn *load,
                                   void *ctx)
{
    struct rbac_shared *found = NULL;

    (void) pthread_mutex_lock(&c->lock);
    if (c->now && c->now->revision == revision) {
        found = c->now;
        found->refs++;
    }
    (void) pthread_mutex_unlock(&c->lock);
    if (found) {
        return found;
    }
    found = build(revision, load, ctx);
    if (!found) {
        return NULL;
    }
    (void) pthread_mutex_lock(&c->lock);
    rbac_cache_release(c->now);
    c->now = found;
    found->refs++;
    (void) pthread_mutex_unlock(&c->lock);
    return found;
}

const struct rbac_set *rbac_shared_set(const struct rbac_shared *s)
{
    return s->set;
}

uint64_t rbac_shared_revision(const struct rbac_shared *s)
{
    return s->revision;
}
