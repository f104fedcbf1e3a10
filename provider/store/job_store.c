/* SPDX-License-Identifier: MIT */
/* Jobs and their due times over kvdb. */
#include "provider/store/job_store.h"

#include <string.h>

#include "common/json.h"
#include "provider/store/due_entry.h"

static void due_key(struct kvkey *k, int64_t finish, const char *uid, const char *id)
{
    kvkey_init(k, 'J');
    kvkey_u64(k, (uint64_t) finish);
    kvkey_str(k, uid);
    kvkey_str(k, id);
}

static void drop_due(struct kvdb_txn *txn, const char *uid, const json_t *job)
{
    struct kvkey k;

    due_key(&k, json_integer_value(json_object_get(job, "finish")), uid, json_text(job, "id"));
    (void) kvdb_del(txn, &k);
}

bool job_store_put(struct kvdb_txn *txn, const char *uid, const json_t *old, const json_t *job,
                   struct az_error *reterr)
{
    struct kvkey k;

    if (old) {
        drop_due(txn, uid, old);
    }
    if (strcmp(json_text(job, "state"), "active") == 0) {
        due_key(&k, json_integer_value(json_object_get(job, "finish")), uid, json_text(job, "id"));
        kvdb_put(txn, &k, "", 0);
    }
    return child_put(txn, uid, JOBS_COLLECTION, json_text(job, "id"), job, reterr);
}

bool job_store_get(struct kvdb_txn *txn, const char *uid, const char *id, json_t **ret,
                   struct az_error *reterr)
{
    return child_get(txn, uid, JOBS_COLLECTION, id, ret, reterr);
}

void job_store_del(struct kvdb_txn *txn, const char *uid, const json_t *job)
{
    drop_due(txn, uid, job);
    (void) child_del(txn, uid, JOBS_COLLECTION, json_text(job, "id"));
}

bool job_store_due(struct kvdb_txn *txn, int64_t now_s, const struct kvkey *after,
                   struct kvkey *entry, char uid[64], char id[64])
{
    const char *text;
    int64_t at_s;

    if (!due_entry_next(txn, 'J', now_s, after, entry, &at_s)) {
        return false;
    }
    text = (const char *) entry->data + DUE_NAMES_AT;
    (void) snprintf(uid, 64, "%.63s", text);
    (void) snprintf(id, 64, "%.63s", text + strlen(text) + 1);
    return true;
}

void job_store_forget_due(struct kvdb_txn *txn, const struct kvkey *entry)
{
    (void) kvdb_del(txn, entry);
}
