/* SPDX-License-Identifier: MIT */
/* 'b' "a" NAME -> assignment, 'b' "d" ID -> role, 'b' "e" -> epoch, 'b' "n" -> revision. */
#include "vault/store/rbac_store.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/store/vault_store.h"

#define ASSIGNMENT "a"
#define ROLE       "d"
#define EPOCH      "e"
#define REVISION   "n"

static void make_key(struct kvkey *k, const char *what, const char *id)
{
    char upper[64];

    kvkey_init(k, 'b');
    kvkey_str(k, what);
    if (id) {
        store_upper(upper, sizeof(upper), id);
        kvkey_str(k, upper);
    }
}

uint64_t rbac_store_revision(struct kvdb_txn *txn)
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

static bool same_epoch(struct kvdb_txn *txn, const char *epoch)
{
    struct kvkey k;
    struct kvdb_val val;

    make_key(&k, EPOCH, NULL);
    return kvdb_get(txn, &k, &val) && val.len == strlen(epoch) &&
           memcmp(val.data, epoch, val.len) == 0;
}

static void delete_each(struct kvdb_txn *txn, const json_t *ids, const char *what)
{
    json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        struct kvkey k;

        make_key(&k, what, json_is_string(id) ? json_string_value(id) : "");
        (void) kvdb_del(txn, &k);
    }
}

/* Drops what the list of ids does not name; NULL: nothing. */
static void keep_only(struct kvdb_txn *txn, const json_t *ids, const char *what)
{
    AUTO_JSON *keep = json_object();
    AUTO_JSON *others = json_array();
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    char upper[64];
    json_t *id;
    size_t i;

    if (!ids) {
        return;
    }
    json_array_foreach(ids, i, id)
    {
        store_upper(upper, sizeof(upper), json_is_string(id) ? json_string_value(id) : "");
        (void) json_object_set_new(keep, upper, json_true());
    }
    make_key(&prefix, what, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        const char *name = (const char *) key.data + prefix.len;

        if (!json_object_get(keep, name)) {
            (void) json_array_append_new(others, json_string(name));
        }
    }
    kvdb_iter_free(it);
    delete_each(txn, others, what);
}

static bool put_each(struct kvdb_txn *txn, const json_t *list, const char *what,
                     const char *id_name, struct az_error *reterr)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        CLEANUP(buf_done) struct buf text = {0};
        const char *id = json_text(item, id_name);
        struct kvkey k;

        if (!guid_valid(id)) {
            return az_fail(reterr, AZ_ERR_BAD_REQUEST, "A role or an assignment without an id.");
        }
        json_write(&text, item);
        make_key(&k, what, id);
        kvdb_put(txn, &k, text.data, text.len);
    }
    return true;
}

bool rbac_store_apply(struct kvdb_txn *txn, const json_t *change, bool *stale,
                      struct az_error *reterr)
{
    const char *epoch = json_text(change, "epoch");
    uint64_t revision = rbac_store_revision(txn) + 1;
    bool adopt = json_is_true(json_object_get(change, "adopt"));
    struct kvkey k;

    if (!guid_valid(epoch)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The change has no epoch.");
    }
    *stale = !adopt && !same_epoch(txn, epoch);
    if (*stale) {
        return true;
    }
    if (adopt) {
        make_key(&k, EPOCH, NULL);
        kvdb_put(txn, &k, epoch, strlen(epoch));
    }
    keep_only(txn, json_object_get(change, "keepRoles"), ROLE);
    keep_only(txn, json_object_get(change, "keepAssignments"), ASSIGNMENT);
    delete_each(txn, json_object_get(change, "deletedRoles"), ROLE);
    delete_each(txn, json_object_get(change, "deletedAssignments"), ASSIGNMENT);
    if (!put_each(txn, json_object_get(change, "roles"), ROLE, "id", reterr) ||
        !put_each(txn, json_object_get(change, "assignments"), ASSIGNMENT, "name", reterr)) {
        return false;
    }
    make_key(&k, REVISION, NULL);
    kvdb_put(txn, &k, &revision, sizeof(revision));
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing role assignments");
}

typedef bool add_fn(struct rbac_set *s, const json_t *item);

static bool load_each(struct kvdb_txn *txn, struct rbac_set *s, const char *what, add_fn *add)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool ok = true;

    make_key(&prefix, what, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (ok && it && kvdb_iter_next(it, &key, &val)) {
        AUTO_JSON *item = json_loadb(val.data, val.len, 0, NULL);

        ok = item && add(s, item);
    }
    kvdb_iter_free(it);
    return ok;
}

struct rbac_set *rbac_store_load(struct kvdb_txn *txn)
{
    struct rbac_set *s = rbac_set_new();

    if (s && (!load_each(txn, s, ROLE, rbac_set_add_role) ||
              !load_each(txn, s, ASSIGNMENT, rbac_set_add_assignment) || kvdb_failed(txn))) {
        rbac_set_free(s);
        return NULL;
    }
    return s;
}
