/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of what can happen to keys, against a model of a few lines, on the simulated
 * clock: create, delete, recover, purge, rotate, update, policies, backup, restore, lists, time.
 *
 * The seed is printed; KVSIM_SEED and KVSIM_STEPS repeat or lengthen a run.
 */
#include "tests/api/vault_fixture.h"
#include "vault/domain/latency.h"

#define NAMES        6
#define VERSIONS_MAX 4096
#define DAY          INT64_C(86400)
#define RETENTION    (90 * DAY) /* the fixture's vault */
#define BACKUP_MAX   501

enum state { NONE, LIVE, DELETED };
enum pending { SETTLED, DELETING, RECOVERING, PURGING };

struct model_version {
    char id[33]; /* empty: made by a rotation of the service's own */
    int64_t created;
};

struct model_key {
    enum state state;
    enum pending pending;
    int64_t settle, purge;
    struct model_version v[VERSIONS_MAX]; /* oldest first; the last is the current one */
    size_t n;
    bool enabled; /* the current version */
    int64_t after, expiry;
    int64_t from; /* the last change that counts for rotation */
};

struct model_backup {
    struct model_key key;
    char *value; /* NULL: none */
};

struct world {
    struct vault_fixture f;
    struct model_key keys[NAMES];
    struct model_backup backups[NAMES];
    uint64_t random;
    int64_t now;
    unsigned step;
    unsigned counts[16];
};

/* --- chance */

static uint64_t chance(struct world *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

#define expect(w, got, want, what)                                                              \
    do {                                                                                        \
        long long got_ = (long long) (got);                                                     \
        long long want_ = (long long) (want);                                                   \
        if (got_ != want_) {                                                                    \
            fail_msg("step %u, key %d, %s: %lld, the model says %lld: %s", (w)->step, k, what,  \
                     got_, want_, (w)->f.a.doc ? api_text((w)->f.a.doc, "error.message") : ""); \
        }                                                                                       \
    } while (0)

/* --- the model: what time does */

static void add_version(struct model_key *key, const char *id, int64_t created)
{
    assert_true(key->n < VERSIONS_MAX);
    (void) snprintf(key->v[key->n].id, sizeof(key->v[key->n].id), "%s", id);
    key->v[key->n++].created = created;
    key->enabled = true;
    key->from = created;
}

static void forget(struct model_key *key)
{
    *key = (struct model_key){.state = NONE};
}

static void rotate_until(struct model_key *key, int64_t now)
{
    while (key->state == LIVE && key->after > 0 && key->enabled) {
        int64_t due = key->v[key->n - 1].created + key->after;

        due = due > key->from ? due : key->from;
        if (due > now) {
            return;
        }
        add_version(key, "", due);
    }
}

static void pass_time(struct model_key *key, int64_t now)
{
    if (key->pending != SETTLED && key->settle <= now) {
        enum pending was = key->pending;

        key->pending = SETTLED;
        if (was == PURGING) {
            forget(key);
        } else if (was == RECOVERING) {
            key->state = LIVE;
            key->from = key->settle;
        }
    }
    if (key->state == DELETED && key->pending != RECOVERING && key->purge <= now) {
        forget(key);
    }
    rotate_until(key, now);
}

static void pass_all(struct world *w)
{
    w->now = sim_clock_now_s(w->f.d.clock);
    for (int k = 0; k < NAMES; k++) {
        pass_time(&w->keys[k], w->now);
    }
}

/* --- operations */

/* what: "", "/create"; a leading '~': of the deleted key. */
static int call(struct world *w, int k, const char *method, const char *what, const char *body)
{
    bool deleted = what[0] == '~';
    char path[128];

    (void) snprintf(path, sizeof(path), "/%s/key%d%s", deleted ? "deletedkeys" : "keys", k,
                    what + deleted);
    return vault_call(&w->f, method, path, body);
}

static const char *answered_id(struct world *w)
{
    const char *kid = api_text(w->f.a.doc, "key.kid");
    const char *slash = strrchr(kid, '/');

    return slash ? slash + 1 : "";
}

static void op_create(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int status = call(w, k, "POST", "/create", "{\"kty\":\"EC\"}");

    expect(w, status, key->state == DELETED ? 409 : 200, "create");
    if (status == 200) {
        key->state = LIVE;
        add_version(key, answered_id(w), w->now);
    }
}

static void op_delete(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int status = call(w, k, "DELETE", "", NULL);

    expect(w, status, key->state == LIVE ? 200 : 404, "delete");
    if (status == 200) {
        key->state = DELETED;
        key->purge = w->now + RETENTION;
        if (w->f.d.latency) {
            key->pending = DELETING;
            key->settle = w->now + LATENCY_KEY_DELETE_S;
        }
    }
}

static int for_deleted(const struct model_key *key, int good)
{
    if (key->state != DELETED) {
        return key->state == LIVE ? 400 : 404;
    }
    return key->pending == SETTLED ? good : 409;
}

static void op_recover(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int status = call(w, k, "POST", "~/recover", NULL);

    expect(w, status, for_deleted(key, 200), "recover");
    if (status == 200 && w->f.d.latency) {
        key->pending = RECOVERING;
        key->settle = w->now + LATENCY_KEY_RECOVER_S;
    } else if (status == 200) {
        key->state = LIVE;
        key->from = w->now;
    }
}

static void op_purge(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int status = call(w, k, "DELETE", "~", NULL);

    expect(w, status, for_deleted(key, 204), "purge");
    if (status == 204 && w->f.d.latency) {
        key->pending = PURGING;
        key->settle = w->now + LATENCY_KEY_PURGE_S;
    } else if (status == 204) {
        forget(key);
    }
}

static void op_rotate(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int status = call(w, k, "POST", "/rotate", NULL);

    expect(w, status, key->state == LIVE ? 200 : 404, "rotate");
    if (status == 200) {
        json_t *exp = json_object_get(json_object_get(w->f.a.doc, "attributes"), "exp");

        expect(w, json_integer_value(exp), key->expiry > 0 ? w->now + key->expiry : 0, "exp");
        add_version(key, answered_id(w), w->now);
    }
}

static void op_update(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    bool enable = chance(w, 3) > 0;
    int status = call(w, k, "PATCH", "/",
                      enable ? "{\"attributes\":{\"enabled\":true}}"
                             : "{\"attributes\":{\"enabled\":false}}");

    expect(w, status, key->state == LIVE ? 200 : 404, "update");
    if (status == 200) {
        key->enabled = enable;
        key->from = w->now;
    }
}

static void op_policy(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    int after = chance(w, 3) == 0 ? 0 : 7 + (int) chance(w, 30);
    char body[256];
    int status;

    if (after > 0) {
        (void) snprintf(body, sizeof(body),
                        "{\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":\"P%dD\"},"
                        "\"action\":{\"type\":\"Rotate\"}}],\"attributes\":{\"expiryTime\":"
                        "\"P99D\"}}",
                        after);
    } else {
        (void) snprintf(body, sizeof(body), "{\"attributes\":{\"expiryTime\":\"P50D\"}}");
    }
    status = call(w, k, "PUT", "/rotationpolicy", body);
    expect(w, status, key->state == LIVE ? 200 : 404, "set policy");
    if (status == 200) {
        key->after = after * DAY;
        key->expiry = after > 0 ? 99 * DAY : 50 * DAY;
        key->from = w->now;
    }
}

static void op_backup(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    struct model_backup *b = &w->backups[k];
    int status = call(w, k, "POST", "/backup", NULL);
    int want = key->state != LIVE ? 404 : key->n > BACKUP_MAX ? 400 : 200;

    expect(w, status, want, "backup");
    if (status == 200) {
        free(b->value);
        b->value = strdup(api_text(w->f.a.doc, "value"));
        b->key = *key;
    }
}

static void op_restore(struct world *w, int k)
{
    struct model_key *key = &w->keys[k];
    struct model_backup *b = &w->backups[k];
    CLEANUP(buf_done) struct buf body = {0};
    int status;

    if (!b->value) {
        return;
    }
    buf_fmt(&body, "{\"value\":\"%s\"}", b->value);
    status = vault_call(&w->f, "POST", "/keys/restore", body.data);
    expect(w, status, key->state == NONE ? 200 : 409, "restore");
    if (status == 200) {
        *key = b->key;
        key->from = w->now;
    }
}

static void op_advance(struct world *w, int k)
{
    static const int64_t most[] = {3, 30, 86400, 40 * DAY};

    (void) k;
    vault_advance(&w->f, (int64_t) chance(w, (uint64_t) most[chance(w, ARRAY_LEN(most))]));
}

/* --- what can be seen */

static void look_at_key(struct world *w, int k)
{
    const struct model_key *key = &w->keys[k];
    const struct model_version *latest = key->n > 0 ? &key->v[key->n - 1] : NULL;
    json_t *attributes;

    expect(w, call(w, k, "GET", "", NULL), key->state == LIVE ? 200 : 404, "get");
    if (key->state == LIVE) {
        attributes = json_object_get(w->f.a.doc, "attributes");
        expect(w, json_is_true(json_object_get(attributes, "enabled")), key->enabled, "enabled");
        expect(w, json_integer_value(json_object_get(attributes, "created")), latest->created,
               "created");
        if (latest->id[0]) {
            assert_string_equal(answered_id(w), latest->id);
        }
    }
    expect(w, call(w, k, "GET", "~", NULL),
           key->state == DELETED && key->pending != DELETING ? 200 : 404, "get deleted");
    if (w->f.a.status == 200) {
        expect(w, json_integer_value(json_object_get(w->f.a.doc, "scheduledPurgeDate")), key->purge,
               "scheduledPurgeDate");
    }
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Every item of a list, page by page, with a random page size. */
static size_t walk(struct world *w, const char *path, void (*item)(struct world *w, json_t *v))
{
    char next[1024];
    size_t n = 0;

    (void) snprintf(next, sizeof(next), "%s?maxresults=%d", path, 1 + (int) chance(w, 25));
    for (;;) {
        json_t *doc;
        json_t *v;
        const char *link;
        size_t i;

        assert_int_equal(vault_call(&w->f, "GET", next, NULL), 200);
        doc = w->f.a.doc;
        json_array_foreach(json_object_get(doc, "value"), i, v)
        {
            n++;
            item(w, v);
        }
        link = json_string_value(json_object_get(doc, "nextLink"));
        if (!link) {
            return n;
        }
        /* what the client may not lose of the link: marker and page size; the version is added */
        (void) snprintf(next, sizeof(next), "%s?%s", path, strstr(link, "$skiptoken"));
    }
}

static int64_t seen[VERSIONS_MAX];
static size_t n_seen;

static void take_version(struct world *w, json_t *v)
{
    (void) w;
    assert_true(n_seen < VERSIONS_MAX);
    seen[n_seen++] =
        json_integer_value(json_object_get(json_object_get(v, "attributes"), "created"));
}

static void look_at_versions(struct world *w, int k)
{
    const struct model_key *key = &w->keys[k];
    char path[64];

    (void) snprintf(path, sizeof(path), "/keys/key%d/versions", k);
    n_seen = 0;
    (void) walk(w, path, take_version);
    expect(w, n_seen, key->state == LIVE ? key->n : 0, "number of versions");
    qsort(seen, n_seen, sizeof(seen[0]), by_time);
    for (size_t i = 0; i < n_seen; i++) {
        expect(w, seen[i], key->v[i].created, "created of a version");
    }
}

static unsigned listed;

static void take_name(struct world *w, json_t *v)
{
    const char *kid = json_string_value(json_object_get(v, "kid"));
    unsigned bit = 1u << (strstr(kid, "/keys/key")[9] - '0');

    (void) w;
    assert_int_equal(listed & bit, 0);
    listed |= bit;
}

static void look_at_lists(struct world *w)
{
    unsigned live = 0;
    unsigned deleted = 0;
    int k = -1;

    for (int i = 0; i < NAMES; i++) {
        live |= w->keys[i].state == LIVE ? 1u << i : 0;
        deleted |= w->keys[i].state == DELETED && w->keys[i].pending != DELETING ? 1u << i : 0;
    }
    listed = 0;
    (void) walk(w, "/keys", take_name);
    expect(w, listed, live, "list");
    listed = 0;
    (void) walk(w, "/deletedkeys", take_name);
    expect(w, listed, deleted, "list of deleted");
}

/* --- runs */

static const struct {
    void (*run)(struct world *w, int k);
    unsigned weight;
} ops[] = {
    {op_create,  6},
    {op_delete,  4},
    {op_recover, 4},
    {op_purge,   3},
    {op_rotate,  3},
    {op_update,  2},
    {op_policy,  2},
    {op_backup,  2},
    {op_restore, 3},
    {op_advance, 5},
};

static size_t pick(struct world *w)
{
    unsigned sum = 0;
    unsigned at;

    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        sum += ops[i].weight;
    }
    at = (unsigned) chance(w, sum);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (at < ops[i].weight) {
            return i;
        }
        at -= ops[i].weight;
    }
    return 0;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void run(bool latency)
{
    static struct world w;
    uint64_t seed = number_of("KVSIM_SEED", (uint64_t) clock_real_ms());
    uint64_t steps = number_of("KVSIM_STEPS", 10000);

    memset(&w, 0, sizeof(w));
    vault_fixture_open(&w.f);
    w.f.d.latency = latency;
    w.random = seed * 2654435761u + 1;
    print_message("KVSIM_SEED=%llu\n", (unsigned long long) seed);
    for (w.step = 0; w.step < steps; w.step++) {
        int k = (int) chance(&w, NAMES);
        size_t op = pick(&w);

        pass_all(&w);
        ops[op].run(&w, k);
        w.counts[op]++;
        pass_all(&w);
        look_at_key(&w, (int) chance(&w, NAMES));
        if (w.step % 20 == 0) {
            look_at_lists(&w);
            look_at_versions(&w, (int) chance(&w, NAMES));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        assert_true(steps < 1000 || w.counts[i] > 0);
    }
    for (int k = 0; k < NAMES; k++) {
        look_at_versions(&w, k);
        free(w.backups[k].value);
    }
    vault_fixture_close(&w.f);
}

static void ten_thousand_random_steps_agree_with_the_model(void **state)
{
    (void) state;
    run(false);
}

static void so_they_do_while_operations_take_their_time(void **state)
{
    (void) state;
    run(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_random_steps_agree_with_the_model),
        cmocka_unit_test(so_they_do_while_operations_take_their_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
