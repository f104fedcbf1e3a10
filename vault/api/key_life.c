/* SPDX-License-Identifier: MIT */
/* A key's life after its creation. Texts and orders: azure-rules.md section 8, wire-samples.md
 * part 1. */
#include "vault/api/key_life.h"

#include <stdio.h>
#include <string.h>

#include "vault/api/answer.h"
#include "vault/api/key_render.h"

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
    key_store_put_head(txn, c->vault->uid, &head);
    return key_answer_deleted(c, &head, &v);
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
           az_fail(reterr, AZ_ERR_KEY_NOT_FOUND, "Deleted Key not found: %s", name);
}

bool key_deleted_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char name[256];
    struct key_head head;
    struct key_version v;

    return find_deleted(c, txn, vault_param(c, 0, name, sizeof(name)), &head, &v, reterr) &&
           key_answer_deleted(c, &head, &v);
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
    head.deleted_s = 0;
    head.purge_s = 0;
    key_store_schedule(txn, c->vault->uid, &head, &v.meta, c->now_s);
    key_store_put_head(txn, c->vault->uid, &head);
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
    key_store_remove(txn, c->vault->uid, name);
    return vault_answer_empty(c, 204);
}
