/* SPDX-License-Identifier: MIT */
/* Account records over kvdb. Keys are lower-cased: ARM compares names without case. */
#include "provider/store/account_store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "provider/store/child_store.h"
#include "provider/store/directory.h"
#include "provider/store/due_entry.h"

static void add_lower(struct kvkey *k, const char *s)
{
    char lower[256];
    size_t i;

    for (i = 0; s && s[i] && i + 1 < sizeof(lower); i++) {
        lower[i] = (char) tolower((unsigned char) s[i]);
    }
    lower[i] = '\0';
    kvkey_str(k, lower);
}

static void account_key(struct kvkey *k, const char *sub, const char *group, const char *name,
                        bool deleted)
{
    kvkey_init(k, deleted ? 'E' : 'A');
    add_lower(k, sub);
    if (group) {
        add_lower(k, group);
    }
    if (name) {
        add_lower(k, name);
    }
}

static void own_key(struct kvkey *k, const json_t *a, bool deleted)
{
    account_key(k, json_text(a, "subscription"), json_text(a, "group"), json_text(a, "name"),
                deleted);
}

static bool load(struct kvdb_txn *txn, const struct kvkey *k, json_t **ret, struct az_error *reterr)
{
    struct kvdb_val val;

    *ret = NULL;
    if (!kvdb_get(txn, k, &val)) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "reading an account");
    }
    *ret = json_loadb(val.data, val.len, 0, NULL);
    return *ret || az_fail_internal(reterr, "a stored account can't be read");
}

bool account_store_get(struct kvdb_txn *txn, const char *sub, const char *group, const char *name,
                       bool deleted, json_t **ret, struct az_error *reterr)
{
    struct kvkey k;

    account_key(&k, sub, group, name, deleted);
    return load(txn, &k, ret, reterr);
}

/* record_class: 'x' or 'y' */
static void timed_key(struct kvkey *k, char record_class, int64_t at_s, const json_t *a)
{
    kvkey_init(k, record_class);
    kvkey_u64(k, (uint64_t) at_s);
    add_lower(k, json_text(a, "subscription"));
    add_lower(k, json_text(a, "group"));
    add_lower(k, json_text(a, "name"));
}

static void due_key(struct kvkey *k, const json_t *a)
{
    timed_key(k, 'x', json_integer_value(json_object_get(a, "purgeAt")), a);
}

static int64_t follow_at(const json_t *a)
{
    return json_integer_value(json_object_get(json_object_get(a, "dek"), "followAt"));
}

static void put_json(struct kvdb_txn *txn, const struct kvkey *k, const json_t *doc)
{
    CLEANUP(buf_done) struct buf out = {0};

    json_write(&out, doc);
    kvdb_put(txn, k, out.data, out.len);
}

bool account_store_put(struct kvdb_txn *txn, const json_t *account, bool deleted,
                       struct az_error *reterr)
{
    struct kvkey k;

    own_key(&k, account, deleted);
    put_json(txn, &k, account);
    own_key(&k, account, !deleted);
    (void) kvdb_del(txn, &k);
    if (deleted) {
        due_key(&k, account);
        kvdb_put(txn, &k, "", 0);
    }
    if (follow_at(account) > 0) {
        timed_key(&k, 'y', follow_at(account), account);
        kvdb_put(txn, &k, "", 0);
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing an account");
}

void account_store_del(struct kvdb_txn *txn, const json_t *account, bool deleted)
{
    struct kvkey k;

    own_key(&k, account, deleted);
    (void) kvdb_del(txn, &k);
    if (deleted) {
        due_key(&k, account);
        (void) kvdb_del(txn, &k);
    }
}

static bool walk(struct kvdb_txn *txn, const struct kvkey *prefix, const struct kvkey *from,
                 bool (*fn)(void *ctx, json_t *account), void *ctx)
{
    struct kvdb_iter *it = kvdb_iter_new(txn, prefix, from);
    struct kvdb_val key;
    struct kvdb_val val;
    bool more = true;

    while (more && it && kvdb_iter_next(it, &key, &val)) {
        AUTO_JSON *a = json_loadb(val.data, val.len, 0, NULL);

        more = !a || fn(ctx, a);
    }
    kvdb_iter_free(it);
    return !kvdb_failed(txn);
}

bool account_store_each(struct kvdb_txn *txn, const char *sub, const char *group, bool deleted,
                        bool (*fn)(void *ctx, json_t *account), void *ctx)
{
    struct kvkey prefix;

    kvkey_init(&prefix, deleted ? 'E' : 'A');
    if (sub) {
        account_key(&prefix, sub, group, NULL, deleted);
    }
    return walk(txn, &prefix, NULL, fn, ctx);
}

bool account_store_each_from(struct kvdb_txn *txn, const char *sub, const char *group,
                             const char *from, bool deleted, bool (*fn)(void *ctx, json_t *account),
                             void *ctx)
{
    const char *slash = strchr(from, '/');
    char of_group[256];
    struct kvkey prefix;
    struct kvkey first;

    account_key(&prefix, sub, group, NULL, deleted);
    if (!slash || (size_t) (slash - from) >= sizeof(of_group)) {
        return walk(txn, &prefix, NULL, fn, ctx);
    }
    memcpy(of_group, from, (size_t) (slash - from));
    of_group[slash - from] = '\0';
    account_key(&first, sub, group ? group : of_group, slash + 1, deleted);
    return walk(txn, &prefix, &first, fn, ctx);
}

static void domain_key(struct kvkey *k, const char *domain)
{
    kvkey_init(k, 'B');
    add_lower(k, domain);
}

bool account_store_by_domain(struct kvdb_txn *txn, const char *domain, json_t **ret,
                             struct az_error *reterr)
{
    struct kvkey k;
    struct kvdb_val val;

    *ret = NULL;
    domain_key(&k, domain);
    if (!kvdb_get(txn, &k, &val) || val.len == 0 || val.len > sizeof(k.data)) {
        return !kvdb_failed(txn) || az_fail_internal(reterr, "reading a domain");
    }
    memcpy(k.data, val.data, val.len);
    k.len = val.len;
    k.failed = false;
    return load(txn, &k, ret, reterr);
}

bool account_store_domain_taken(struct kvdb_txn *txn, const char *domain)
{
    struct kvkey k;
    struct kvdb_val val;

    domain_key(&k, domain);
    return kvdb_get(txn, &k, &val);
}

void account_store_put_domain(struct kvdb_txn *txn, const char *domain, const json_t *account)
{
    struct kvkey k;
    struct kvkey own;

    domain_key(&k, domain);
    own_key(&own, account, false);
    kvdb_put(txn, &k, own.data, own.len);
}

void account_store_del_domain(struct kvdb_txn *txn, const char *domain)
{
    struct kvkey k;

    domain_key(&k, domain);
    (void) kvdb_del(txn, &k);
}

static void file_key(struct kvkey *k, const char *uid, const char *id)
{
    kvkey_init(k, 'F');
    kvkey_str(k, uid);
    if (id) {
        kvkey_str(k, id);
    }
}

bool file_store_get(struct kvdb_txn *txn, const char *uid, const char *id, json_t **ret)
{
    struct kvkey k;
    struct kvdb_val val;

    file_key(&k, uid, id);
    *ret = kvdb_get(txn, &k, &val) ? json_loadb(val.data, val.len, 0, NULL) : NULL;
    return *ret != NULL;
}

void file_store_put(struct kvdb_txn *txn, const char *uid, const char *id, const json_t *file)
{
    struct kvkey k;

    file_key(&k, uid, id);
    put_json(txn, &k, file);
}

bool file_store_del(struct kvdb_txn *txn, const char *uid, const char *id)
{
    struct kvkey k;

    file_key(&k, uid, id);
    return kvdb_del(txn, &k);
}

void file_store_each(struct kvdb_txn *txn, const char *uid, void (*fn)(void *ctx, json_t *file),
                     void *ctx)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;

    file_key(&prefix, uid, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        AUTO_JSON *f = json_loadb(val.data, val.len, 0, NULL);

        if (f) {
            fn(ctx, f);
        }
    }
    kvdb_iter_free(it);
}

bool account_store_due(struct kvdb_txn *txn, int64_t now_s)
{
    struct kvkey found;
    int64_t at_s;

    return due_entry_next(txn, 'x', now_s, NULL, &found, &at_s);
}

bool account_store_follow_due(struct kvdb_txn *txn, int64_t now_s)
{
    struct kvkey found;
    int64_t at_s;

    return due_entry_next(txn, 'y', now_s, NULL, &found, &at_s);
}

/* The account of an entry, if the entry is of the time that the account has. */
static json_t *of_entry(struct kvdb_txn *txn, const struct kvkey *entry, int64_t at_s, bool deleted)
{
    const char *sub = (const char *) entry->data + DUE_NAMES_AT;
    const char *group = sub + strlen(sub) + 1;
    const char *name = group + strlen(group) + 1;
    struct az_error ignored;
    json_t *a = NULL;

    if (account_store_get(txn, sub, group, name, deleted, &a, &ignored) && a &&
        follow_at(a) == at_s) {
        return a;
    }
    json_decref(a);
    return NULL;
}

json_t *account_store_follow_first(struct kvdb_txn *txn, int64_t now_s, bool *deleted)
{
    struct kvkey found;
    int64_t at_s;
    json_t *a = NULL;

    *deleted = false;
    if (due_entry_next(txn, 'y', now_s, NULL, &found, &at_s)) {
        a = of_entry(txn, &found, at_s, false);
        if (!a) {
            a = of_entry(txn, &found, at_s, true);
            *deleted = a != NULL;
        }
    }
    return a;
}

void account_store_follow_drop(struct kvdb_txn *txn, int64_t now_s)
{
    struct kvkey found;
    int64_t at_s;

    if (due_entry_next(txn, 'y', now_s, NULL, &found, &at_s)) {
        (void) kvdb_del(txn, &found);
    }
}

bool account_store_sweep(struct kvdb_txn *txn, int64_t now_s, json_t *purged,
                         struct az_error *reterr)
{
    struct kvkey found;
    int64_t at_s;

    while (due_entry_next(txn, 'x', now_s, NULL, &found, &at_s)) {
        const char *sub = (const char *) found.data + DUE_NAMES_AT;
        const char *group = sub + strlen(sub) + 1;
        const char *name = group + strlen(group) + 1;
        AUTO_JSON *a = NULL;

        if (!account_store_get(txn, sub, group, name, true, &a, reterr)) {
            return false;
        }
        if (a) {
            account_store_purge(txn, a, purged);
        }
        (void) kvdb_del(txn, &found);
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "the sweep failed");
}

static void note_file(void *ids, json_t *file)
{
    (void) json_array_append(ids, json_object_get(file, "id"));
}

void account_store_purge(struct kvdb_txn *txn, const json_t *account, json_t *purged)
{
    AUTO_JSON *ids = json_array();
    const char *uid = json_text(account, "uid");
    const char *oid = json_text(json_object_get(account, "identity"), "principalId");
    json_t *id;
    size_t i;

    file_store_each(txn, uid, note_file, ids);
    json_array_foreach(ids, i, id)
    {
        (void) file_store_del(txn, uid, json_string_value(id));
    }
    if (oid[0]) {
        (void) directory_del_principal(txn, oid);
    }
    child_purge(txn, uid);
    if (json_text(account, "domain")[0]) {
        account_store_del_domain(txn, json_text(account, "domain"));
    }
    account_store_del(txn, account, true);
    (void) json_array_append_new(purged, json_string(uid));
}
