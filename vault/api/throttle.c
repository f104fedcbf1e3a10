/* SPDX-License-Identifier: MIT */
/*
 * Counters of the current window by vault and by subscription, shared by all loops. Their number is
 * bounded: names that share a slot share its budget.
 */
#include "vault/api/throttle.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "common/json.h"
#include "vault/domain/throttle.h"
#include "vault/store/key_store.h"

#define SLOTS 4096

struct slot {
    char name[64]; /* a vault's name or a subscription's id */
    struct throttle_use use;
};

struct throttle {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct throttle *throttle_new(void)
{
    struct throttle *t = calloc(1, sizeof(*t));

    if (t) {
        (void) pthread_mutex_init(&t->lock, NULL);
    }
    return t;
}

void throttle_free(struct throttle *t)
{
    if (t) {
        (void) pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

/* Locked. The slot of a name: its own, else one whose window is over, else the one it hashes to. */
static struct throttle_use *find(struct throttle *t, const char *name, int64_t window)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = name; *p; p++) {
        hash = (hash ^ (uint32_t) (unsigned char) *p) * 16777619u;
    }
    for (uint32_t i = 0; i < 16; i++) {
        struct slot *s = &t->slots[(hash + i) % SLOTS];

        if (strcasecmp(s->name, name) == 0) {
            return &s->use;
        }
        if (s->use.window != window) {
            *s = (struct slot){.use = {.window = window}};
            (void) snprintf(s->name, sizeof(s->name), "%s", name);
            return &s->use;
        }
    }
    return &t->slots[hash % SLOTS].use;
}

/* The type and size of the key that the path names; false: there is none. */
static bool named_key(struct vault_call *c, enum key_type *type, unsigned *bits)
{
    struct kvdb_txn *txn = NULL;
    struct az_error ignored;
    struct key_head head;
    struct key_version v;
    char name[256];
    bool found;

    if (!kvdb_begin_read(c->d->db, &txn, &ignored)) {
        return false;
    }
    found =
        key_store_head(txn, c->vault->uid, vault_param(c, 0, name, sizeof(name)), false, &head) &&
        key_store_version(txn, c->vault->uid, name, head.latest, &v);
    if (found) {
        *type = (enum key_type) v.meta.type;
        *bits = v.meta.bits;
    }
    kvdb_abort(txn);
    return found;
}

/* A creation's protection: what the body asks for, else (rotation) what the key has. */
static unsigned create_weight(struct vault_call *c)
{
    const char *kty = json_string_value(json_object_get(c->body, "kty"));
    enum key_type type = kty ? key_type_parse(kty) : KEY_TYPE_NONE;
    unsigned bits = 0;

    if (!kty) {
        (void) named_key(c, &type, &bits);
    }
    return throttle_create_weight(type);
}

static unsigned use_weight(struct vault_call *c)
{
    enum key_type type = KEY_TYPE_NONE;
    unsigned bits = 0;

    return c->row->throttle == THROTTLE_KEY && named_key(c, &type, &bits)
               ? throttle_weight(type, bits)
               : 1;
}

/* Both have room, or neither is charged: refused calls do not count (overview-throttling.md). */
static bool charge(struct throttle *t, struct vault_call *c, bool create, unsigned weight)
{
    int64_t window = c->now_s / THROTTLE_WINDOW_S;
    struct throttle_use *vault;
    struct throttle_use *subscription;
    bool ok;

    (void) pthread_mutex_lock(&t->lock);
    vault = find(t, c->vault->name, window);
    subscription = find(t, c->vault->subscription, window);
    ok = throttle_room(vault, c->now_s, create, weight, 1) &&
         throttle_room(subscription, c->now_s, create, weight, THROTTLE_SUBSCRIPTION_FACTOR);
    if (ok) {
        throttle_take(vault, c->now_s, create, weight);
        throttle_take(subscription, c->now_s, create, weight);
    }
    (void) pthread_mutex_unlock(&t->lock);
    return ok;
}

bool throttle_call(struct vault_call *c, struct az_error *reterr)
{
    bool create = c->row->throttle == THROTTLE_CREATE;

    if (!c->d->throttle || c->row->throttle == THROTTLE_NONE || !c->vault || c->throttled) {
        return true;
    }
    c->throttled = true; /* once, though a call passes here again after its prepare */
    /* Text: azure-rules.md section 8. No Retry-After: none is documented. */
    return charge(c->d->throttle, c, create, create ? create_weight(c) : use_weight(c)) ||
           az_fail(reterr, AZ_ERR_THROTTLED,
                   "Request was not processed because too many requests were received. Reason: "
                   "VaultRequestTypeLimitReached");
}
