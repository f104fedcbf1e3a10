/* SPDX-License-Identifier: MIT */
/* One lock orders what is sent; another, never held while waiting, guards the list of changes under
 * way. */
#include "provider/api/role_sync.h"

#include <pthread.h>

#include "common/json.h"
#include "provider/domain/builtin_roles.h"
#include "provider/store/role_store.h"

#define BATCH \
    500 /* assignments a message: some 300 bytes each, messages have at most LIMIT_BODY_ARM */

struct under_way {
    struct under_way *next;
    struct role_sync *owner;
    json_t *change;
    uint64_t revision;
};

struct role_sync {
    pthread_mutex_t sending;
    pthread_mutex_t list_lock;
    struct under_way *list;
    guid_text epoch;
};

struct role_sync *role_sync_new(void)
{
    struct role_sync *s = calloc(1, sizeof(*s));

    if (s) {
        (void) pthread_mutex_init(&s->sending, NULL);
        (void) pthread_mutex_init(&s->list_lock, NULL);
        guid_random(s->epoch);
    }
    return s;
}

void role_sync_free(struct role_sync *s)
{
    if (s) {
        (void) pthread_mutex_destroy(&s->sending);
        (void) pthread_mutex_destroy(&s->list_lock);
        free(s);
    }
}

static bool send(struct providerd *d, const json_t *change, bool adopt, bool *stale,
                 struct az_error *reterr)
{
    AUTO_JSON *doc = json_copy((json_t *) (uintptr_t) change);

    (void) json_object_set_new(doc, "epoch", json_string(d->role_sync->epoch));
    (void) json_object_set_new(doc, "adopt", json_boolean(adopt));
    return d->vaults->put_rbac(d->vaults->ctx, doc, stale, reterr);
}

static void collect(void *ctx, json_t *doc)
{
    (void) json_array_append(ctx, doc);
}

static json_t *all_roles(struct kvdb_txn *txn)
{
    json_t *list = json_array();

    for (size_t i = 0; i < builtin_roles_len; i++) {
        (void) json_array_append_new(list, json_pack("{s:s,s:o}", "id", builtin_roles[i].id,
                                                     "permissions",
                                                     builtin_role_permissions(&builtin_roles[i])));
    }
    role_store_each_role(txn, collect, list);
    return list;
}

/* Both lists as they are stored. */
static bool read_all(struct providerd *d, json_t **roles, json_t **assignments,
                     struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;

    if (!kvdb_begin_read(d->db, &txn, reterr)) {
        return false;
    }
    *roles = all_roles(txn);
    *assignments = json_array();
    role_store_each_assignment(txn, collect, *assignments);
    kvdb_abort(txn);
    return true;
}

static bool send_batches(struct providerd *d, const json_t *assignments, struct az_error *reterr)
{
    size_t n = json_array_size(assignments);
    bool stale;

    for (size_t i = 0; i < n; i += BATCH) {
        json_t *batch = json_array();

        for (size_t k = i; k < n && k < i + BATCH; k++) {
            (void) json_array_append(batch, json_array_get(assignments, k));
        }
        AUTO_JSON *change = json_pack("{s:o}", "assignments", batch);

        if (!send(d, change, false, &stale, reterr)) {
            return false;
        }
    }
    return true;
}

static bool send_under_way(struct providerd *d, struct az_error *reterr)
{
    AUTO_JSON *list = json_array();
    json_t *change;
    bool stale;
    size_t i;

    (void) pthread_mutex_lock(&d->role_sync->list_lock);
    for (struct under_way *u = d->role_sync->list; u; u = u->next) {
        (void) json_array_insert(list, 0, u->change); /* the newest stands first: send it last */
    }
    (void) pthread_mutex_unlock(&d->role_sync->list_lock);
    json_array_foreach(list, i, change)
    {
        if (!send(d, change, false, &stale, reterr)) {
            return false;
        }
    }
    return true;
}

static json_t *ids_of(const json_t *list, const char *name)
{
    json_t *ids = json_array();
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        (void) json_array_append(ids, json_object_get(item, name));
    }
    return ids;
}

/* With `sending` held. */
static bool send_all(struct providerd *d, struct az_error *reterr)
{
    AUTO_JSON *roles = NULL;
    AUTO_JSON *assignments = NULL;
    bool stale;

    if (!read_all(d, &roles, &assignments, reterr)) {
        return false;
    }
    AUTO_JSON *first = json_pack("{s:O}", "roles", roles);
    AUTO_JSON *last = json_pack("{s:o,s:o}", "keepRoles", ids_of(roles, "id"), "keepAssignments",
                                ids_of(assignments, "name"));

    return send(d, first, true, &stale, reterr) && send_batches(d, assignments, reterr) &&
           send(d, last, false, &stale, reterr) && send_under_way(d, reterr);
}

bool role_sync_all(struct providerd *d, struct az_error *reterr)
{
    bool ok;

    (void) pthread_mutex_lock(&d->role_sync->sending);
    ok = send_all(d, reterr);
    (void) pthread_mutex_unlock(&d->role_sync->sending);
    return ok;
}

static void forget(void *p)
{
    struct under_way *u = p;
    struct under_way **at = &u->owner->list;

    (void) pthread_mutex_lock(&u->owner->list_lock);
    while (*at && *at != u) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = u->next;
    }
    (void) pthread_mutex_unlock(&u->owner->list_lock);
    json_decref(u->change);
    free(u);
}

bool role_sync_change(struct provider_call *c, json_t *change, uint64_t revision,
                      struct az_error *reterr)
{
    struct role_sync *s = c->d->role_sync;
    struct under_way *u = calloc(1, sizeof(*u));
    bool stale = false;
    bool ok;

    if (!u || !change) {
        free(u);
        json_decref(change);
        return az_fail_internal(reterr, "out of memory");
    }
    if (c->prepared && c->prepared_free) {
        c->prepared_free(c->prepared);
    }
    u->owner = s;
    u->change = change;
    u->revision = revision;
    c->prepared = u;
    c->prepared_free = forget;
    (void) pthread_mutex_lock(&s->list_lock);
    u->next = s->list;
    s->list = u;
    (void) pthread_mutex_unlock(&s->list_lock);
    (void) pthread_mutex_lock(&s->sending);
    ok = send(c->d, change, false, &stale, reterr) && (!stale || send_all(c->d, reterr));
    (void) pthread_mutex_unlock(&s->sending);
    return ok;
}

bool role_sync_send(struct providerd *d, const json_t *change, struct az_error *reterr)
{
    bool stale = false;
    bool ok;

    (void) pthread_mutex_lock(&d->role_sync->sending);
    ok = send(d, change, false, &stale, reterr) &&
         (!stale || (send_all(d, reterr) && send(d, change, false, &stale, reterr)));
    (void) pthread_mutex_unlock(&d->role_sync->sending);
    return ok;
}

/* For each id of a list: what is stored under it, or its deletion. */
static void as_stored(struct kvdb_txn *txn, const json_t *list, const char *id_name,
                      json_t *(*get)(struct kvdb_txn *, const char *), json_t *stored,
                      json_t *deleted)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *id = json_is_string(item) ? json_string_value(item) : json_text(item, id_name);
        json_t *now = get(txn, id);

        if (now) {
            (void) json_array_append_new(stored, now);
        } else {
            (void) json_array_append_new(deleted, json_string(id));
        }
    }
}

/* The change in c->prepared will not be made after all: vaultd gets what is stored for its ids. */
static void undo(struct provider_call *c)
{
    const json_t *change = role_sync_prepared(c);
    AUTO_JSON *back = json_pack("{s:[],s:[],s:[],s:[]}", "assignments", "deletedAssignments",
                                "roles", "deletedRoles");
    struct kvdb_txn *txn = NULL;
    struct az_error ignored; /* the next synchronization repairs what this could not */
    bool stale;

    (void) pthread_mutex_lock(&c->d->role_sync->sending);
    if (kvdb_begin_read(c->d->db, &txn, &ignored)) {
        as_stored(txn, json_object_get(change, "assignments"), "name", role_store_get_assignment,
                  json_object_get(back, "assignments"),
                  json_object_get(back, "deletedAssignments"));
        as_stored(txn, json_object_get(change, "roles"), "id", role_store_get_role,
                  json_object_get(back, "roles"), json_object_get(back, "deletedRoles"));
        kvdb_abort(txn);
        (void) send(c->d, back, false, &stale, &ignored);
    }
    (void) pthread_mutex_unlock(&c->d->role_sync->sending);
}

bool role_sync_prepare(struct provider_call *c, role_judge_fn *judge, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    json_t *change = NULL;
    uint64_t revision;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = judge(c, txn, &change, reterr);
    revision = role_store_revision(txn);
    kvdb_abort(txn);
    if (!ok) {
        if (c->prepared) {
            undo(c);
        }
        return false;
    }
    return role_sync_change(c, change, revision, reterr);
}

bool role_sync_is_current(const struct provider_call *c, struct kvdb_txn *txn)
{
    return ((const struct under_way *) c->prepared)->revision == role_store_revision(txn);
}

const json_t *role_sync_prepared(const struct provider_call *c)
{
    return ((const struct under_way *) c->prepared)->change;
}
