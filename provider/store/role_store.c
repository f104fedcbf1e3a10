/* SPDX-License-Identifier: MIT */
/* 'r' "a" NAME -> assignment, 'r' "d" ID -> custom role, 'r' "n" -> revision. */
#include "provider/store/role_store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/sha.h>

#include "common/json.h"
#include "provider/domain/builtin_roles.h"
#include "provider/store/directory.h"

#define ASSIGNMENT "a"
#define ROLE       "d"
#define REVISION   "n"
#define OWNER_ROLE "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

static void make_key(struct kvkey *k, const char *what, const char *id)
{
    char lower[64];
    size_t i = 0;

    kvkey_init(k, 'r');
    kvkey_str(k, what);
    if (id) {
        for (; id[i] && i + 1 < sizeof(lower); i++) {
            lower[i] = (char) tolower((unsigned char) id[i]);
        }
        lower[i] = '\0';
        kvkey_str(k, lower);
    }
}

static json_t *get(struct kvdb_txn *txn, const char *what, const char *id)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, what, id);
    return kvdb_get(txn, &k, &val) ? json_loadb(val.data, val.len, 0, NULL) : NULL;
}

static bool put(struct kvdb_txn *txn, const char *what, const char *id, const json_t *doc,
                struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct kvkey k;

    json_write(&text, doc);
    make_key(&k, what, id);
    kvdb_put(txn, &k, text.data, text.len);
    role_store_touch(txn);
    return (buf_ok(&text) && !kvdb_failed(txn)) || az_fail_internal(reterr, "storing a role");
}

json_t *role_store_get_assignment(struct kvdb_txn *txn, const char *name)
{
    return get(txn, ASSIGNMENT, name);
}

json_t *role_store_get_role(struct kvdb_txn *txn, const char *id)
{
    return get(txn, ROLE, id);
}

bool role_store_put_assignment(struct kvdb_txn *txn, const json_t *a, struct az_error *reterr)
{
    return put(txn, ASSIGNMENT, json_text(a, "name"), a, reterr);
}

bool role_store_put_role(struct kvdb_txn *txn, const json_t *role, struct az_error *reterr)
{
    return put(txn, ROLE, json_text(role, "id"), role, reterr);
}

static void del(struct kvdb_txn *txn, const char *what, const char *id)
{
    struct kvkey k;

    make_key(&k, what, id);
    (void) kvdb_del(txn, &k);
    role_store_touch(txn);
}

void role_store_del_assignment(struct kvdb_txn *txn, const char *name)
{
    del(txn, ASSIGNMENT, name);
}

void role_store_del_role(struct kvdb_txn *txn, const char *id)
{
    del(txn, ROLE, id);
}

typedef void visit_fn(void *ctx, json_t *doc);

static void each(struct kvdb_txn *txn, const char *what, visit_fn *fn, void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;

    make_key(&prefix, what, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        AUTO_JSON *doc = json_loadb(val.data, val.len, 0, NULL);

        if (doc) {
            fn(ctx, doc);
        }
    }
    kvdb_iter_free(it);
}

/* The same for ever for the same subscription and owner: a GUID of their hash. */
static void owner_assignment_name(const struct subscription *s, guid_text out)
{
    uint8_t h[SHA256_DIGEST_LENGTH];
    char text[128];
    int n = snprintf(text, sizeof(text), "owner:%s:%s", s->id, s->owner_oid);

    (void) SHA256((const unsigned char *) text, (size_t) n, h);
    (void) snprintf(out, sizeof(guid_text),
                    "%02x%02x%02x%02x-%02x%02x-5%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x", h[0],
                    h[1], h[2], h[3], h[4], h[5], h[6] & 15u, h[7], h[8] & 15u, h[9], h[10], h[11],
                    h[12], h[13], h[14], h[15]);
}

struct visit {
    visit_fn *fn;
    void *ctx;
};

static void visit_owner(void *ctx, const struct subscription *s)
{
    struct visit *v = ctx;
    guid_text name;

    owner_assignment_name(s, name);
    AUTO_JSON *a = json_pack("{s:s,s:o,s:s,s:s,s:b}", "name", name, "scope",
                             json_sprintf("/subscriptions/%s", s->id), "role", OWNER_ROLE,
                             "principal", s->owner_oid, "fixed", 1);

    if (a && s->owner_oid[0]) {
        v->fn(v->ctx, a);
    }
}

void role_store_each_assignment(struct kvdb_txn *txn, visit_fn *fn, void *ctx)
{
    struct visit v = {fn, ctx};

    directory_each_subscription(txn, visit_owner, &v);
    each(txn, ASSIGNMENT, fn, ctx);
}

struct below {
    const char *scope;
    json_t *names;
};

static void add_below(void *ctx, json_t *a)
{
    struct below *b = ctx;

    if (rbac_scope_covers(b->scope, json_text(a, "scope"))) {
        (void) json_array_append(b->names, json_object_get(a, "name"));
    }
}

json_t *role_store_names_below(struct kvdb_txn *txn, const char *scope)
{
    struct below b = {scope, json_array()};

    each(txn, ASSIGNMENT, add_below, &b);
    return b.names;
}

static void add_role_below(void *ctx, json_t *role)
{
    struct below *b = ctx;
    json_t *scope;
    size_t i;

    json_array_foreach(json_object_get(role, "scopes"), i, scope)
    {
        if (!rbac_scope_covers(b->scope, json_string_value(scope))) {
            return;
        }
    }
    (void) json_array_append(b->names, json_object_get(role, "id"));
}

json_t *role_store_roles_below(struct kvdb_txn *txn, const char *scope)
{
    struct below b = {scope, json_array()};

    each(txn, ROLE, add_role_below, &b);
    return b.names;
}

void role_store_each_role(struct kvdb_txn *txn, visit_fn *fn, void *ctx)
{
    each(txn, ROLE, fn, ctx);
}

uint64_t role_store_revision(struct kvdb_txn *txn)
{
    struct kvkey k;
    struct kvdb_val val;
    uint64_t revision = 0;

    make_key(&k, REVISION, NULL);
    if (kvdb_get(txn, &k, &val) && val.len == sizeof(revision)) {
        memcpy(&revision, val.data, sizeof(revision));
    }
    return revision;
}

void role_store_touch(struct kvdb_txn *txn)
{
    uint64_t revision = role_store_revision(txn) + 1;
    struct kvkey k;

    make_key(&k, REVISION, NULL);
    kvdb_put(txn, &k, &revision, sizeof(revision));
}

struct load {
    struct rbac_set *set;
    bool ok;
};

static void load_assignment(void *ctx, json_t *a)
{
    struct load *l = ctx;

    l->ok = rbac_set_add_assignment(l->set, a) && l->ok;
}

static void load_role(void *ctx, json_t *role)
{
    struct load *l = ctx;

    l->ok = rbac_set_add_role(l->set, role) && l->ok;
}

struct rbac_set *role_store_load(struct kvdb_txn *txn)
{
    struct load l = {rbac_set_new(), true};

    if (!l.set) {
        return NULL;
    }
    for (size_t i = 0; i < builtin_roles_len; i++) {
        AUTO_JSON *role = json_pack("{s:s,s:o}", "id", builtin_roles[i].id, "permissions",
                                    builtin_role_permissions(&builtin_roles[i]));

        load_role(&l, role);
    }
    role_store_each_role(txn, load_role, &l);
    role_store_each_assignment(txn, load_assignment, &l);
    if (!l.ok || kvdb_failed(txn)) {
        rbac_set_free(l.set);
        return NULL;
    }
    return l.set;
}
