/* SPDX-License-Identifier: MIT */
/*
 * What is inside a backup: a fixed head with the rotation policy, then each version as its stored
 * record, its secret opened. The envelope (backup_blob.h) keeps both secret and whole; a restore
 * seals the secrets for their new vault. Version ids and times stay (recorded).
 */
#include "vault/api/key_backup.h"

#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "vault/api/answer.h"
#include "vault/api/backup_blob.h"
#include "vault/api/key_body.h"
#include "vault/api/key_cache.h"
#include "vault/api/key_render.h"
#include "vault/domain/geography.h"

struct backup_head {
    uint32_t meta_size; /* of the records: another layout is not read */
    uint32_t n_versions;
    char name[KEY_NAME_MAX + 1];
    char latest[KEY_VERSION_LEN + 1];
    struct rotation_policy policy; /* created_s 0: the default */
};

/* A backup being made or read: its head, and records as length and bytes. */
struct backup {
    struct backup_head head;
    struct buf records;
    struct buf value; /* of the answer */
};

static void backup_free(void *p)
{
    struct backup *b = p;

    if (b) {
        buf_done(&b->records);
        buf_done(&b->value);
        free(b);
    }
}

DEFINE_CLEANUP(backup_cleanup, struct backup, backup_free)
#define AUTO_BACKUP CLEANUP(backup_cleanup) struct backup

static struct backup_scope scope_of(const struct vault_call *c)
{
    return (struct backup_scope){c->vault->subscription, geography_of(c->vault->location)};
}

/* The version's record with another secret. */
static bool add_record(struct buf *out, const struct key_version *v, const struct bytes *secret)
{
    CLEANUP(buf_done) struct buf record = {0};
    struct key_version copy = *v;
    uint32_t len;

    copy.texts.secret = (struct str_view){(const char *) secret->data, secret->len};
    if (!key_version_encode(&copy, &record)) {
        return false;
    }
    len = (uint32_t) record.len;
    buf_add(out, &len, sizeof(len));
    buf_add(out, record.data, record.len);
    return buf_ok(out);
}

/* The next record; *at moves behind it. */
static bool next_record(struct str_view records, size_t *at, struct key_version *ret)
{
    uint32_t len;

    if (records.len - *at < sizeof(len)) {
        return false;
    }
    memcpy(&len, records.ptr + *at, sizeof(len));
    *at += sizeof(len);
    if (len > records.len - *at || !key_version_decode(records.ptr + *at, len, ret)) {
        return false;
    }
    *at += len;
    return true;
}

/* --- backup */

static bool collect_version(struct vault_call *c, struct backup *b, const struct key_version *v,
                            struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes secret = {0};

    if (++b->head.n_versions > LIMIT_BACKUP_VERSIONS + 1) {
        /* The limit is documented (general/backup.md); the text is ours. */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "A key with more than %d past versions can't be backed up.",
                       LIMIT_BACKUP_VERSIONS);
    }
    return key_secret_open(c->d, c->vault->uid, v, &secret, reterr) &&
           (add_record(&b->records, v, &secret) || az_fail_internal(reterr, "out of memory"));
}

static bool collect(struct vault_call *c, struct kvdb_txn *txn, struct backup *b,
                    struct az_error *reterr)
{
    struct kvdb_iter *it;
    struct key_head head;
    struct key_version v;
    char name[256];
    bool ok = true;

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    b->head.meta_size = sizeof(struct key_meta);
    memcpy(b->head.name, head.name, sizeof(b->head.name));
    memcpy(b->head.latest, head.latest, sizeof(b->head.latest));
    key_store_policy(txn, c->vault->uid, name, &b->head.policy);
    it = key_store_versions(txn, c->vault->uid, name, NULL);
    while (ok && it && key_store_next_version(it, &v)) {
        ok = collect_version(c, b, &v, reterr);
    }
    kvdb_iter_free(it);
    return ok && (!kvdb_failed(txn) || az_fail_internal(reterr, "reading a key's versions"));
}

bool key_backup_prepare(struct vault_call *c, struct az_error *reterr)
{
    AUTO_BACKUP *b = calloc(1, sizeof(*b));
    CLEANUP(buf_done) struct buf plain = {0};
    struct backup_scope scope = scope_of(c);
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!b) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = collect(c, txn, b, reterr);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    buf_add(&plain, &b->head, sizeof(b->head));
    buf_add(&plain, b->records.data, b->records.len);
    if (!buf_ok(&plain)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!backup_blob_seal(c->d->root_key, &scope, (struct str_view){plain.data, plain.len},
                          &b->value, reterr)) {
        return false;
    }
    c->prepared = take_ptr(b);
    c->prepared_free = backup_free;
    return true;
}

bool key_backup_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct backup *b = c->prepared;
    struct buf *out = &c->x->resp.body;

    (void) txn;
    vault_answer_begin(c, 200);
    buf_str(out, "{\"value\":\"");
    buf_add(out, b->value.data, b->value.len);
    buf_str(out, "\"}");
    return buf_ok(out) || az_fail_internal(reterr, "out of memory");
}

/* --- restore */

static bool read_head(const struct bytes *plain, struct backup *b)
{
    if (plain->len < sizeof(b->head)) {
        return false;
    }
    memcpy(&b->head, plain->data, sizeof(b->head));
    return b->head.meta_size == sizeof(struct key_meta) && b->head.n_versions > 0 &&
           b->head.n_versions <= LIMIT_BACKUP_VERSIONS + 1 &&
           memchr(b->head.name, '\0', sizeof(b->head.name)) &&
           memchr(b->head.latest, '\0', sizeof(b->head.latest));
}

/* The records again, each secret sealed for its place in this vault. */
static bool reseal(struct vault_call *c, const struct bytes *plain, struct backup *b,
                   struct az_error *reterr)
{
    struct str_view records = {(const char *) plain->data + sizeof(b->head),
                               plain->len - sizeof(b->head)};
    size_t at = 0;

    for (uint32_t i = 0; i < b->head.n_versions; i++) {
        CLEANUP(bytes_clear_free) struct bytes secret = {0};
        struct key_version v;

        if (!next_record(records, &at, &v)) {
            return backup_blob_damaged(reterr);
        }
        if (!key_secret_seal(c->d, c->vault->uid, v.meta.version, v.texts.secret, &secret,
                             reterr)) {
            return false;
        }
        if (!add_record(&b->records, &v, &secret)) {
            return az_fail_internal(reterr, "out of memory");
        }
    }
    return at == records.len || backup_blob_damaged(reterr);
}

bool key_restore_prepare(struct vault_call *c, struct az_error *reterr)
{
    AUTO_BACKUP *b = calloc(1, sizeof(*b));
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    struct backup_scope scope = scope_of(c);
    const char *value = NULL;

    if (!b) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!json_get_string(c->body, "value", &value) || !value) {
        return key_bad_property("value", reterr);
    }
    if (!backup_blob_open(c->d->root_key, &scope, value, &plain, reterr)) {
        return false;
    }
    if (!read_head(&plain, b)) {
        return backup_blob_damaged(reterr);
    }
    if (!reseal(c, &plain, b, reterr)) {
        return false;
    }
    c->prepared = take_ptr(b);
    c->prepared_free = backup_free;
    return true;
}

/* The name must be free, of deleted keys too (recorded). */
static bool check_free(struct vault_call *c, struct kvdb_txn *txn, const struct backup *b,
                       struct az_error *reterr)
{
    struct key_head there;
    char url[URL_MAX];

    if (!key_store_head(txn, c->vault->uid, b->head.name, false, &there) &&
        !key_store_head(txn, c->vault->uid, b->head.name, true, &there)) {
        return true;
    }
    return az_fail(
        reterr, AZ_ERR_CONFLICT,
        "There was a conflict restoring the key '%s'. This can happen if either: a second key with "
        "the same name was created after the first key was deleted; thus trying to restore a key "
        "whose name is already in use. To fix this, rename the second key to something else so "
        "that the restore works. The second probable cause of this exception is when multiple "
        "operations are performed in parallel against the key. To avoid this error, perform "
        "operations against a key in a sequential manner.",
        key_url(c, "keys", sv_from(b->head.name), b->head.latest, url));
}

static bool store_all(struct vault_call *c, struct kvdb_txn *txn, const struct backup *b,
                      struct key_version *latest, struct az_error *reterr)
{
    struct key_head head = {0};
    struct key_version v;
    size_t at = 0;

    *latest = (struct key_version){0};
    for (uint32_t i = 0; i < b->head.n_versions; i++) {
        if (!next_record((struct str_view){b->records.data, b->records.len}, &at, &v)) {
            return backup_blob_damaged(reterr);
        }
        if (!key_store_put_version(txn, c->vault->uid, b->head.name, &v, reterr)) {
            return false;
        }
        if (strcmp(v.meta.version, b->head.latest) == 0) {
            *latest = v;
        }
    }
    if (!latest->meta.version[0]) {
        return backup_blob_damaged(reterr);
    }
    memcpy(head.name, b->head.name, sizeof(head.name));
    memcpy(head.latest, b->head.latest, sizeof(head.latest));
    if (b->head.policy.created_s > 0) {
        key_store_put_policy(txn, c->vault->uid, head.name, &b->head.policy);
    }
    key_store_schedule(txn, c->vault->uid, &head, &latest->meta, c->now_s);
    key_store_put_head(txn, c->vault->uid, &head);
    return true;
}

bool key_restore_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct backup *b = c->prepared;
    struct key_version latest;

    return check_free(c, txn, b, reterr) && store_all(c, txn, b, &latest, reterr) &&
           key_answer_bundle(c, &latest);
}
