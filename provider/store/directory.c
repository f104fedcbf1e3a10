/* SPDX-License-Identifier: MIT */
/* Directory records: fixed structures as they are in memory; the store's schema number guards them.
 */
#include "provider/store/directory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void add_lower(struct kvkey *k, const char *s)
{
    char lower[512];
    size_t i;

    for (i = 0; s[i] && i + 1 < sizeof(lower); i++) {
        lower[i] = (char) tolower((unsigned char) s[i]);
    }
    lower[i] = '\0';
    kvkey_str(k, lower);
}

static void make_key(struct kvkey *k, char record_class, const char *a, const char *b)
{
    kvkey_init(k, record_class);
    if (a) {
        add_lower(k, a);
    }
    if (b) {
        add_lower(k, b);
    }
}

static bool get(struct kvdb_txn *txn, const struct kvkey *k, void *ret, size_t size)
{
    struct kvdb_val val;

    if (!kvdb_get(txn, k, &val) || val.len != size) {
        return false;
    }
    memcpy(ret, val.data, size);
    return true;
}

bool directory_get_tenant(struct kvdb_txn *txn, const char *tid)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, 't', tid, NULL);
    return kvdb_get(txn, &k, &val);
}

void directory_put_tenant(struct kvdb_txn *txn, const char *tid, const char *display_name)
{
    struct kvkey k;

    make_key(&k, 't', tid, NULL);
    kvdb_put(txn, &k, display_name, strlen(display_name));
}

bool directory_get_subscription(struct kvdb_txn *txn, const char *id, struct subscription *ret)
{
    struct kvkey k;

    make_key(&k, 's', id, NULL);
    return get(txn, &k, ret, sizeof(*ret));
}

void directory_put_subscription(struct kvdb_txn *txn, const struct subscription *s)
{
    struct kvkey k;

    make_key(&k, 's', s->id, NULL);
    kvdb_put(txn, &k, s, sizeof(*s));
}

void directory_each_subscription(struct kvdb_txn *txn,
                                 void (*fn)(void *ctx, const struct subscription *s), void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;

    make_key(&prefix, 's', NULL, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        struct subscription s;

        if (val.len == sizeof(s)) {
            memcpy(&s, val.data, sizeof(s));
            fn(ctx, &s);
        }
    }
    kvdb_iter_free(it);
}

bool directory_get_group(struct kvdb_txn *txn, const char *subscription, const char *name,
                         struct resource_group *ret)
{
    struct kvkey k;

    make_key(&k, 'g', subscription, name);
    return get(txn, &k, ret, sizeof(*ret));
}

void directory_put_group(struct kvdb_txn *txn, const struct resource_group *g)
{
    struct kvkey k;

    make_key(&k, 'g', g->subscription, g->name);
    kvdb_put(txn, &k, g, sizeof(*g));
}

bool directory_del_group(struct kvdb_txn *txn, const char *subscription, const char *name)
{
    struct kvkey k;

    make_key(&k, 'g', subscription, name);
    return kvdb_del(txn, &k);
}

void directory_each_group(struct kvdb_txn *txn, const char *subscription,
                          void (*fn)(void *ctx, const struct resource_group *g), void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;

    make_key(&prefix, 'g', subscription, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        struct resource_group g;

        if (val.len == sizeof(g)) {
            memcpy(&g, val.data, sizeof(g));
            fn(ctx, &g);
        }
    }
    kvdb_iter_free(it);
}

bool directory_get_principal(struct kvdb_txn *txn, const char *oid, struct principal *ret)
{
    struct kvkey k;

    make_key(&k, 'p', oid, NULL);
    return get(txn, &k, ret, sizeof(*ret));
}

bool directory_get_principal_by_appid(struct kvdb_txn *txn, const char *appid,
                                      struct principal *ret)
{
    struct kvkey k;
    guid_text oid;

    make_key(&k, 'q', appid, NULL);
    return get(txn, &k, oid, sizeof(oid)) && directory_get_principal(txn, oid, ret);
}

void directory_put_principal(struct kvdb_txn *txn, const struct principal *p)
{
    struct kvkey k;

    make_key(&k, 'p', p->oid, NULL);
    kvdb_put(txn, &k, p, sizeof(*p));
    if (p->appid[0]) {
        make_key(&k, 'q', p->appid, NULL);
        kvdb_put(txn, &k, p->oid, sizeof(p->oid));
    }
    if (p->upn[0]) {
        make_key(&k, 'q', p->upn, NULL);
        kvdb_put(txn, &k, p->oid, sizeof(p->oid));
    }
}

bool directory_del_principal(struct kvdb_txn *txn, const char *oid)
{
    struct principal p;
    struct kvkey k;

    if (!directory_get_principal(txn, oid, &p)) {
        return false;
    }
    make_key(&k, 'q', p.appid[0] ? p.appid : p.upn, NULL);
    (void) kvdb_del(txn, &k);
    make_key(&k, 'p', oid, NULL);
    return kvdb_del(txn, &k);
}

void directory_each_principal(struct kvdb_txn *txn,
                              void (*fn)(void *ctx, const struct principal *p), void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;

    make_key(&prefix, 'p', NULL, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        struct principal p;

        if (val.len == sizeof(p)) {
            memcpy(&p, val.data, sizeof(p));
            fn(ctx, &p);
        }
    }
    kvdb_iter_free(it);
}

void directory_make_identity(enum principal_kind kind, const char *tid, const char *resource_id,
                             const char *display_name, struct principal *ret)
{
    *ret = (struct principal){.kind = kind};
    guid_random(ret->oid);
    guid_random(ret->appid);
    (void) snprintf(ret->tid, sizeof(ret->tid), "%s", tid);
    (void) snprintf(ret->resource_id, sizeof(ret->resource_id), "%s", resource_id);
    (void) snprintf(ret->display_name, sizeof(ret->display_name), "%s", display_name);
}

void directory_new_identity(struct kvdb_txn *txn, enum principal_kind kind, const char *tid,
                            const char *resource_id, const char *display_name,
                            struct principal *ret)
{
    directory_make_identity(kind, tid, resource_id, display_name, ret);
    directory_put_principal(txn, ret);
}
