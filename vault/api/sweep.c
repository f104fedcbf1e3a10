/* SPDX-License-Identifier: MIT */
/* What is due, done: a table of actions by kind, and the keys made ahead for rotations. */
#include "vault/api/sweep.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "vault/api/key_create.h"
#include "vault/api/key_rotate.h"
#include "vault/store/due.h"
#include "vault/store/vault_store.h"

/* A key made for the next version of a key. */
struct spare {
    struct spare *next;
    uint64_t uid;
    char name[160];
    struct new_key *key;
};

struct sweeper {
    pthread_mutex_t making; /* one worker makes keys: the others find them made */
    pthread_mutex_t lock;   /* of the list */
    struct spare *spares;   /* oldest first */
};

struct sweep_event {
    const char *operation; /* logging.md: documented operation names */
    int64_t at_s;
    char resource_id[256];
    char id[URL_MAX];
};

struct sweep_log {
    bool wait; /* for keys */
    size_t n;
    struct sweep_event events[LIMIT_SWEEP_STEPS];
};

static void spare_free(struct spare *p)
{
    if (p) {
        new_key_free(p->key);
        free(p);
    }
}

struct sweeper *sweeper_new(void)
{
    struct sweeper *s = calloc(1, sizeof(*s));

    if (s) {
        (void) pthread_mutex_init(&s->making, NULL);
        (void) pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

void sweeper_free(struct sweeper *s)
{
    struct spare *next;

    if (!s) {
        return;
    }
    for (struct spare *p = s->spares; p; p = next) {
        next = p->next;
        spare_free(p);
    }
    (void) pthread_mutex_destroy(&s->making);
    (void) pthread_mutex_destroy(&s->lock);
    free(s);
}

static size_t count_spares(struct sweeper *s, uint64_t uid, const char *name)
{
    size_t n = 0;

    (void) pthread_mutex_lock(&s->lock);
    for (const struct spare *p = s->spares; p; p = p->next) {
        n += !name || (p->uid == uid && strcmp(p->name, name) == 0) ? 1 : 0;
    }
    (void) pthread_mutex_unlock(&s->lock);
    return n;
}

static void add_spare(struct sweeper *s, struct spare *made)
{
    struct spare **at = &s->spares;

    (void) pthread_mutex_lock(&s->lock);
    while (*at) {
        at = &(*at)->next;
    }
    *at = made;
    (void) pthread_mutex_unlock(&s->lock);
}

static struct spare *take_spare(struct sweeper *s, uint64_t uid, const char *name)
{
    struct spare *found = NULL;

    (void) pthread_mutex_lock(&s->lock);
    for (struct spare **at = &s->spares; *at; at = &(*at)->next) {
        if ((*at)->uid == uid && strcmp((*at)->name, name) == 0) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    (void) pthread_mutex_unlock(&s->lock);
    return found;
}

enum sweep_need sweep_needed(struct vault_call *c, struct kvdb_txn *txn)
{
    struct due d;

    if (!due_first(txn, c->now_s, &d)) {
        return SWEEP_NOTHING;
    }
    return d.kind == DUE_KEY_ROTATE && count_spares(c->d->sweeper, d.uid, d.name) == 0
               ? SWEEP_PREPARE
               : SWEEP_WRITE;
}

/* --- keys ahead */

struct making {
    struct vault_call *c;
    struct kvdb_txn *txn;
    struct spare *planned; /* without their keys, which are made when the snapshot has ended */
    struct spare **last;
    size_t n;
    struct az_error *reterr;
    bool ok;
};

/* How many versions this key has missed, the present one included. */
static int64_t missed(const struct vault_call *c, const struct due *d,
                      const struct rotation_policy *policy)
{
    int64_t period = rotation_period_s(policy);
    int64_t n = 1 + (period > 0 ? (c->now_s - d->at_s) / period : 0);

    return n < LIMIT_MISSED_ROTATIONS ? n : LIMIT_MISSED_ROTATIONS;
}

static bool plan_spare(struct making *m, const struct due *d, const struct key_version *v)
{
    struct spare *p = calloc(1, sizeof(*p));

    if (!p) {
        return az_fail_internal(m->reterr, "out of memory");
    }
    p->uid = d->uid;
    memcpy(p->name, d->name, sizeof(p->name));
    if (!rotation_plan(v, &p->key, m->reterr)) {
        spare_free(p);
        return false;
    }
    *m->last = p;
    m->last = &p->next;
    m->n++;
    return true;
}

static bool plan_for(void *ctx, const struct due *d)
{
    struct making *m = ctx;
    struct key_head head;
    struct key_version v;
    struct rotation_policy policy;
    int64_t wanted;

    if (d->kind != DUE_KEY_ROTATE || !key_store_head(m->txn, d->uid, d->name, false, &head) ||
        !key_store_version(m->txn, d->uid, d->name, head.latest, &v)) {
        return true;
    }
    key_store_policy(m->txn, d->uid, d->name, &policy);
    wanted = missed(m->c, d, &policy) - (int64_t) count_spares(m->c->d->sweeper, d->uid, d->name);
    for (; m->ok && wanted > 0 && m->n < LIMIT_ROTATIONS_AHEAD; wanted--) {
        m->ok = plan_spare(m, d, &v);
    }
    return m->ok && m->n < LIMIT_ROTATIONS_AHEAD;
}

/* Makes the keys that were planned; those that were made before a failure are kept. */
static void make_planned(struct making *m)
{
    struct spare *p;

    while ((p = m->planned)) {
        m->planned = p->next;
        p->next = NULL;
        m->ok = m->ok && rotation_make(m->c->d, p->uid, p->key, m->reterr);
        if (m->ok) {
            add_spare(m->c->d->sweeper, p);
        } else {
            spare_free(p);
        }
    }
}

bool sweep_prepare(struct vault_call *c, struct az_error *reterr)
{
    struct making m = {.c = c, .reterr = reterr, .ok = true};

    m.last = &m.planned;
    (void) pthread_mutex_lock(&c->d->sweeper->making);
    while (count_spares(c->d->sweeper, 0, NULL) > LIMIT_ROTATIONS_AHEAD) { /* of purged keys */
        struct spare *oldest;

        (void) pthread_mutex_lock(&c->d->sweeper->lock);
        oldest = c->d->sweeper->spares;
        c->d->sweeper->spares = oldest->next;
        (void) pthread_mutex_unlock(&c->d->sweeper->lock);
        spare_free(oldest);
    }
    m.ok = kvdb_begin_read(c->d->db, &m.txn, reterr);
    if (m.ok) {
        due_each(m.txn, c->now_s, plan_for, &m);
    }
    kvdb_abort(m.txn);
    make_planned(&m);
    (void) pthread_mutex_unlock(&c->d->sweeper->making);
    return m.ok;
}

/* --- what is due, done */

static void note(struct vault_call *c, const struct vault *v, const char *operation, int64_t at_s,
                 const struct key_head *head)
{
    struct sweep_log *log = c->swept;
    struct sweep_event *e;
    char label[VAULT_NAME_MAX + 1];
    char base[URL_MAX];

    if (log->n == ARRAY_LEN(log->events)) {
        return;
    }
    e = &log->events[log->n++];
    e->operation = operation;
    e->at_s = at_s;
    (void) snprintf(e->resource_id, sizeof(e->resource_id),
                    "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s",
                    v->subscription, v->resource_group, v->name);
    for (size_t i = 0; i < sizeof(label); i++) {
        label[i] = (char) tolower((unsigned char) v->name[i]);
    }
    (void) snprintf(e->id, sizeof(e->id), "%.200s/keys/%s/%s",
                    site_url(&c->site, SVC_VAULT, label, base), head->name, head->latest);
}

typedef bool action_fn(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                       struct az_error *reterr);

static bool purge_vault(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                        struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    return vault_store_get(txn, d->name, &v, reterr) &&
           (!v || v->uid != d->uid || v->deleted_s == 0 || v->purge_at_s > c->now_s ||
            vault_store_purge(txn, v, reterr));
}

static bool purge_key(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                      struct az_error *reterr)
{
    struct key_head head;

    (void) c;
    (void) reterr;
    if (key_store_head(txn, d->uid, d->name, true, &head) && head.purge_s == d->at_s &&
        head.pending != KEY_RECOVERING) {
        key_store_remove(txn, d->uid, d->name);
    }
    return true;
}

static bool settle_key(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                       struct az_error *reterr)
{
    struct key_head head;

    (void) c;
    (void) reterr;
    if (key_store_head(txn, d->uid, d->name, true, &head) && head.settle_s == d->at_s) {
        key_store_settle(txn, d->uid, &head, d->at_s);
    }
    return true;
}

/* The live head whose vault is live too; others have nothing done to them (and are scheduled again
 * when they come back). */
static bool live_head(struct kvdb_txn *txn, const struct due *d, struct vault **vault,
                      struct key_head *head, bool *found, struct az_error *reterr)
{
    *found = false;
    if (!key_store_head(txn, d->uid, d->name, false, head)) {
        return true;
    }
    if (!vault_store_by_uid(txn, d->uid, vault, reterr)) {
        return false;
    }
    *found = *vault && (*vault)->deleted_s == 0;
    return true;
}

static bool expire_key(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                       struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;
    struct key_head head;
    bool found;
    bool near = d->kind == DUE_KEY_NEAR_EXPIRY;
    int64_t *at;

    if (!live_head(txn, d, &v, &head, &found, reterr)) {
        return false;
    }
    at = near ? &head.due.near_expiry_s : &head.due.expired_s;
    if (found && *at == d->at_s) {
        note(c, v, near ? "KeyNearExpiryEventGridNotification" : "KeyExpiredEventGridNotification",
             d->at_s, &head);
        *at = 0;
        key_store_put_head(txn, d->uid, &head);
    }
    return true;
}

/* A key that fits the present version, from those made ahead. */
static struct spare *fitting_spare(struct vault_call *c, const struct due *d,
                                   const struct key_version *v)
{
    struct spare *p = take_spare(c->d->sweeper, d->uid, d->name);

    while (p && !rotation_fits(p->key, v)) { /* the key was created anew meanwhile */
        spare_free(p);
        p = take_spare(c->d->sweeper, d->uid, d->name);
    }
    return p;
}

static bool rotate_key(struct vault_call *c, struct kvdb_txn *txn, const struct due *d,
                       struct az_error *reterr)
{
    AUTO_VAULT *vault = NULL;
    struct rotation_policy policy;
    struct key_head head;
    struct key_version v;
    struct spare *spare;
    int64_t earliest;
    bool found;
    bool ok;

    if (!live_head(txn, d, &vault, &head, &found, reterr)) {
        return false;
    }
    if (!found || head.due.rotate_s != d->at_s ||
        !key_store_version(txn, d->uid, d->name, head.latest, &v)) {
        return true;
    }
    spare = fitting_spare(c, d, &v);
    if (!spare) {
        c->swept->wait = true;
        return true;
    }
    key_store_policy(txn, d->uid, d->name, &policy);
    earliest = c->now_s - LIMIT_MISSED_ROTATIONS * rotation_period_s(&policy);
    ok = rotation_store(txn, d->uid, &head, spare->key, &policy,
                        d->at_s > earliest ? d->at_s : earliest, &v, reterr);
    if (ok) {
        note(c, vault, "KeyRotateIfDue", d->at_s, &head);
    }
    spare_free(spare);
    return ok;
}

static action_fn *const actions[] = {
    [DUE_VAULT_PURGE] = purge_vault,    [DUE_KEY_PURGE] = purge_key,
    [DUE_KEY_SETTLE] = settle_key,      [DUE_KEY_EXPIRED] = expire_key,
    [DUE_KEY_NEAR_EXPIRY] = expire_key, [DUE_KEY_ROTATE] = rotate_key,
};

bool sweep_write(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct due d;

    if (!c->swept) {
        c->swept = calloc(1, sizeof(*c->swept));
    }
    if (!c->swept) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->swept->wait = false;
    for (int i = 0; i < LIMIT_SWEEP_STEPS && due_first(txn, c->now_s, &d); i++) {
        if (d.kind < ARRAY_LEN(actions) && actions[d.kind] &&
            !actions[d.kind](c, txn, &d, reterr)) {
            return false;
        }
        if (c->swept->wait) {
            break;
        }
        due_drop(txn, d.at_s, d.kind, d.uid, d.name);
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "the sweep failed");
}

void sweep_report(struct vault_call *c)
{
    struct sweep_log *log = c->swept;

    for (size_t i = 0; log && c->d->audit && i < log->n; i++) {
        const struct sweep_event *e = &log->events[i];
        const struct audit_record r = {
            .time_ms = e->at_s * 1000,
            .resource_id = e->resource_id,
            .operation_name = e->operation,
            .http_status = 200,
            .id = e->id,
        };

        audit_write(c->d->audit, c->x->req.lane, &r);
    }
    free(log);
    c->swept = NULL;
}
