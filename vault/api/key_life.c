/* SPDX-License-Identifier: MIT */
/* A key's life after its creation. Texts and orders: azure-rules.md section 8, wire-samples.md
 * part 1. */
#include "vault/api/key_life.h"

#include <stdio.h>
#include <string.h>

#include "vault/api/answer.h"
#include "vault/api/key_render.h"
#include "vault/domain/latency.h"

#define SECONDS_PER_DAY 86400

bool key_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];
    char version[64];
    struct key_head head;
    struct key_version v;

    return key_find(c, txn, vault_param(c, 0, name, sizeof(name)),
                    vault_param(c, 1, version, sizeof(version)), &head, &v, reterr) &&
           key_answer_bundle(c, &v);
}

/* --latency=azure: the operation has begun, and is done when the sweep settles it. */
static void set_pending(const struct vault_call *c, struct key_head *head, enum key_pending what,
                        int64_t seconds)
{
    if (c->d->latency) {
        head->pending = what;
        head->settle_s = c->now_s + seconds;
    }
}

/* Texts while a deletion runs: recorded of secrets and keys (azure-rules.md section 8). Those while
 * a recovery runs are ours, by analogy. */
bool key_busy(const struct key_head *head, const char *name, const char *what,
              struct az_error *reterr)
{
    bool recovering = head->pending == KEY_RECOVERING;

    return az_fail_inner(reterr, AZ_ERR_CONFLICT,
                         recovering ? "ObjectIsBeingRecovered" : "ObjectIsBeingDeleted",
                         "Key%s%s is currently being %s%s.", name ? " " : "", name ? name : "",
                         recovering ? "recovered" : "deleted", what);
}

bool key_delete_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf copy = {0};
    char name[256];
    struct key_head head;
    struct key_version v;

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    if (!key_version_encode(&v, &copy) || !key_version_decode(copy.data, copy.len, &v)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!c->vault->soft_delete) {
        key_store_remove(txn, c->vault->uid, name);
        return key_answer_deleted(c, &head, &v);
    }
    head.deleted_s = c->now_s;
    head.due = (struct key_due){0};
    head.purge_s = c->now_s + (int64_t) c->vault->retention_days * SECONDS_PER_DAY;
    set_pending(c, &head, KEY_DELETING, LATENCY_KEY_DELETE_S);
    key_store_put_head(txn, c->vault->uid, &head);
    return key_answer_deleted(c, &head, &v);
}

static bool deleted_not_found(const char *name, struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_KEY_NOT_FOUND, "Deleted Key not found: %s", name);
}

static bool find_deleted(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                         struct key_head *head, struct key_version *v, struct az_error *reterr)
{
    if (!key_name_check(sv_from(name), reterr)) {
        return false;
    }
    (void) key_url(c, "deletedkeys", sv_from(name), NULL, c->object_id);
    return (key_store_head(txn, c->vault->uid, name, true, head) &&
            key_store_version(txn, c->vault->uid, name, head->latest, v)) ||
           deleted_not_found(name, reterr);
}

bool key_deleted_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];
    struct key_head head;
    struct key_version v;

    if (!find_deleted(c, txn, vault_param(c, 0, name, sizeof(name)), &head, &v, reterr)) {
        return false;
    }
    if (head.pending == KEY_DELETING) { /* recorded: not there for some seconds */
        return deleted_not_found(name, reterr);
    }
    return key_answer_deleted(c, &head, &v);
}

/* Recover or purge of what is not deleted: a live object has its own error (recorded for secrets).
 */
static bool not_deleted(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                        struct az_error *reterr)
{
    struct key_head head;

    if (key_store_head(txn, c->vault->uid, name, false, &head)) {
        return az_fail_inner(reterr, AZ_ERR_METHOD_NOT_ALLOWED,
                             "RequestNotAllowedOnNonDeletedObject", "Key exists already: %s",
                             head.name);
    }
    return key_not_found(c, name, "", reterr);
}

bool key_recover_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf copy = {0};
    char name[256];
    struct key_head head;
    struct key_version v;
    struct az_error ignored;

    (void) vault_param(c, 0, name, sizeof(name));
    if (!key_name_check(sv_from(name), reterr)) {
        return false;
    }
    if (!find_deleted(c, txn, name, &head, &v, &ignored)) {
        return not_deleted(c, txn, name, reterr);
    }
    if (!key_version_encode(&v, &copy) || !key_version_decode(copy.data, copy.len, &v)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (head.pending != KEY_SETTLED) {
        return key_busy(&head, head.name, "", reterr);
    }
    head.pending = KEY_RECOVERING;
    if (c->d->latency) {
        set_pending(c, &head, KEY_RECOVERING, LATENCY_KEY_RECOVER_S);
        key_store_put_head(txn, c->vault->uid, &head);
    } else {
        key_store_settle(txn, c->vault->uid, &head, c->now_s);
    }
    return key_answer_bundle(c, &v);
}

bool key_purge_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];
    struct key_head head;
    struct key_version v;
    struct az_error ignored;

    (void) vault_param(c, 0, name, sizeof(name));
    if (!key_name_check(sv_from(name), reterr)) {
        return false;
    }
    if (!find_deleted(c, txn, name, &head, &v, &ignored)) {
        return not_deleted(c, txn, name, reterr);
    }
    if (c->vault->purge_protection) {
        return az_fail(
            reterr, AZ_ERR_FORBIDDEN,
            "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key "
            "Vault service will automatically purge it after the retention period has passed.\r\nVault: "
            "%s;location=%s",
            c->vault->name, c->vault->location);
    }
    if (head.pending != KEY_SETTLED) {
        return key_busy(&head, NULL, "", reterr);
    }
    if (c->d->latency) {
        set_pending(c, &head, KEY_PURGING, LATENCY_KEY_PURGE_S);
        key_store_put_head(txn, c->vault->uid, &head);
    } else {
        key_store_remove(txn, c->vault->uid, name);
    }
    return vault_answer_empty(c, 204);
}
