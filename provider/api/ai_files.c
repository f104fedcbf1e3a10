/* SPDX-License-Identifier: MIT */
/*
 * The Files API of Azure OpenAI, dated and v1 forms (versions.md section 5). Content is only ever
 * stored under the account's data key; reading it needs that key, and so, with CMK, the vault's
 * consent.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_check.h"
#include "provider/api/multipart.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

static bool is_v1(const struct provider_call *c)
{
    return c->x->req.n_segments > 1 && sv_ieq(c->x->req.segments[1], "v1");
}

/* The account's data keys, by way of its identity. Worker threads only. */
static bool open_keys(struct provider_call *c, enum cmk_op op, char uid[40], struct data_keys *keys,
                      struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    AUTO_JSON *account = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = ai_account(c, txn, &account, reterr);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    (void) snprintf(uid, 40, "%s", json_text(account, "uid"));
    return cmk_open_data(c, account, op, keys, reterr);
}

struct upload {
    struct multipart form;
    struct blob_writer *blob;
    char uid[40];
    char id[64];
    uint64_t size;
};

static void upload_free(void *p)
{
    struct upload *u = p;

    multipart_done(&u->form);
    blob_writer_free(u->blob);
    free(u);
}

static bool on_file(void *ctx, const char *data, size_t len, struct az_error *reterr)
{
    struct upload *u = ctx;

    return blob_write(u->blob, data, len, reterr);
}

static bool upload_begin(struct provider_call *c, struct az_error *reterr)
{
    struct upload *u = calloc(1, sizeof(*u));
    struct data_keys keys = {0};
    guid_text id;
    bool ok;

    if (!u) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = u;
    c->prepared_free = upload_free;
    if (!multipart_init(&u->form, http_header_get(&c->x->req, "content-type"))) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The body must be multipart/form-data with a boundary.");
    }
    u->form.on_file = on_file;
    u->form.ctx = u;
    guid_random(id);
    (void) snprintf(u->id, sizeof(u->id), "file-%.8s%.4s%.4s%.4s%.12s", id, id + 9, id + 14,
                    id + 19, id + 24);
    ok = open_keys(c, CMK_OP_WRITE, u->uid, &keys, reterr) &&
         blob_create(c->d->blob_dir, u->uid, u->id, &keys, &u->blob, reterr);
    data_keys_wipe(&keys);
    return ok;
}

static bool upload_body(struct provider_call *c, const uint8_t *data, size_t len,
                        struct az_error *reterr)
{
    struct upload *u;

    if (!c->prepared && !upload_begin(c, reterr)) {
        return false;
    }
    u = c->prepared;
    return multipart_feed(&u->form, data, len, reterr);
}

static bool known_purpose(const struct provider_call *c, const char *purpose)
{
    static const char *const known[] = {"fine-tune", "assistants", "batch", "evals"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i], purpose) == 0) {
            return i < 3 || is_v1(c);
        }
    }
    return false;
}

static bool upload_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct upload *u = c->prepared;

    if (!u || !u->form.done || !u->form.seen_file || !u->form.filename[0]) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The form needs the parts 'purpose' and 'file' (with a filename).");
    }
    if (u->form.purpose.len == 0 || !known_purpose(c, u->form.purpose.data)) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The purpose '%.64s' is not one of fine-tune, assistants, batch.",
                       u->form.purpose.len > 0 ? u->form.purpose.data : "");
    }
    return blob_finish(u->blob, &u->size, reterr);
}

static bool upload_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct upload *u = c->prepared;
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;

    if (!ai_account(c, txn, &account, reterr)) {
        return false;
    }
    file =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:s}", "object", "file", "id", u->id, "purpose",
                  u->form.purpose.data, "filename", u->form.filename, "bytes", (json_int_t) u->size,
                  "created_at", (json_int_t) (c->now_ms / 1000), "status", "processed");
    if (!file) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The filename is not valid UTF-8.");
    }
    file_store_put(txn, u->uid, u->id, file);
    if (kvdb_failed(txn) || strcmp(json_text(account, "uid"), u->uid) != 0) {
        return az_fail_internal(reterr, "storing a file");
    }
    blob_keep(u->blob); /* if the commit fails it is an orphan, removed at the next start */
    rule_log_note(c->d, RULE_DATA_FILES, CMK_OBEYED);
    return provider_answer_json(c, is_v1(c) ? 200 : 201, file);
}

struct file_page {
    json_t *data;
    const char *purpose; /* NULL: any */
    const char *after;   /* an id; NULL: from the start */
    uint64_t limit;
    bool more;
};

static void add_file(void *ctx, json_t *file)
{
    struct file_page *page = ctx;

    if (page->after) {
        page->after = strcmp(json_text(file, "id"), page->after) == 0 ? NULL : page->after;
    } else if (!page->purpose || strcmp(json_text(file, "purpose"), page->purpose) == 0) {
        page->more = json_array_size(page->data) >= page->limit;
        if (!page->more) {
            (void) json_array_append(page->data, file);
        }
    }
}

static bool take_limit(struct provider_call *c, uint64_t *ret, struct az_error *reterr)
{
    const char *text = http_param_get(&c->x->req, "limit");
    char *end = NULL;

    *ret = text ? strtoull(text, &end, 10) : LIMIT_FILE_PAGE;
    return (!text || (isdigit((unsigned char) *text) && *end == '\0' && *ret > 0 &&
                      *ret <= LIMIT_FILE_PAGE)) ||
           az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The limit must be between 1 and %d.",
                   LIMIT_FILE_PAGE);
}

/*
 * `purpose` is declared in both forms (versions.md section 5). `after` is followed in both: the
 * OpenAI libraries go on with it until a page is empty or says has_more: false, which the dated
 * form does not have, so a list that ignored it would never end for them.
 */
static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *data = json_array();
    struct file_page page = {.data = data,
                             .purpose = http_param_get(&c->x->req, "purpose"),
                             .after = http_param_get(&c->x->req, "after")};
    size_t n;

    if (!ai_account(c, txn, &account, reterr) || !take_limit(c, &page.limit, reterr)) {
        return false;
    }
    file_store_each(txn, json_text(account, "uid"), add_file, &page);
    AUTO_JSON *doc = json_pack("{s:s,s:O}", "object", "list", "data", data);

    n = json_array_size(data);
    if (is_v1(c)) {
        (void) json_object_set_new(doc, "has_more", json_boolean(page.more));
    }
    if (is_v1(c) && n > 0) {
        (void) json_object_set(doc, "first_id", json_object_get(json_array_get(data, 0), "id"));
        (void) json_object_set(doc, "last_id", json_object_get(json_array_get(data, n - 1), "id"));
    }
    return provider_answer_json(c, 200, doc);
}

static bool find_file(struct provider_call *c, struct kvdb_txn *txn, json_t **account,
                      json_t **file, struct az_error *reterr)
{
    const char *id = provider_param(c, 0);

    if (!ai_account(c, txn, account, reterr)) {
        return false;
    }
    return file_store_get(txn, json_text(*account, "uid"), id, file) ||
           az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND_AI, "The specified file '%s' was not found.",
                   id);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;

    return find_file(c, txn, &account, &file, reterr) && provider_answer_json(c, 200, file);
}

/* What to remove from the disk once the record's deletion is committed. */
struct gone {
    struct provider_call *c;
    guid_text uid;
    char id[64];
};

/* At the end of the exchange: a commit that failed has turned the answer into an error by then, and
 * the blob is still named by its record. */
static void gone_free(void *p)
{
    struct gone *g = p;

    if (g->c->x->resp.status < 300) {
        blob_remove(g->c->d->blob_dir, g->uid, g->id);
    }
    free(g);
}

static bool note_gone(struct provider_call *c, const char *uid, const char *id)
{
    struct gone *g = c->prepared ? c->prepared : calloc(1, sizeof(*g));

    if (!g) {
        return false;
    }
    g->c = c;
    (void) snprintf(g->uid, sizeof(g->uid), "%s", uid);
    (void) snprintf(g->id, sizeof(g->id), "%s", id);
    c->prepared = g;
    c->prepared_free = gone_free;
    return true;
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;

    if (!find_file(c, txn, &account, &file, reterr)) {
        return false;
    }
    if (!note_gone(c, json_text(account, "uid"), json_text(file, "id"))) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) file_store_del(txn, json_text(account, "uid"), json_text(file, "id"));
    AUTO_JSON *doc = json_pack("{s:s,s:O,s:b}", "object", "file", "id", json_object_get(file, "id"),
                               "deleted", 1);

    if (c->api_version && strcmp(c->api_version, "2022-12-01") == 0) {
        return provider_answer_empty(c, 204);
    }
    return provider_answer_json(c, 200, doc);
}

struct download {
    struct http_source source;
};

static void download_free(void *p)
{
    struct download *d = p;

    if (d->source.close) {
        d->source.close(d->source.ctx);
    }
    free(d);
}

static bool content_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct download *d = calloc(1, sizeof(*d));
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;
    struct kvdb_txn *txn = NULL;
    struct data_keys keys = {0};
    char uid[40];
    bool ok;

    if (!d) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = d;
    c->prepared_free = download_free;
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = find_file(c, txn, &account, &file, reterr);
    kvdb_abort(txn);
    if (!ok) {
        rule_log_note(c->d, RULE_DATA_FILES, CMK_BROKEN);
        return false;
    }
    if (!open_keys(c, CMK_OP_READ, uid, &keys, reterr)) {
        return false;
    }
    ok = blob_open(c->d->blob_dir, uid, json_text(file, "id"), &keys,
                   (uint64_t) json_integer_value(json_object_get(file, "bytes")), &d->source,
                   reterr);
    data_keys_wipe(&keys);
    rule_log_note(c->d, RULE_ENC_AES256, ok ? CMK_OBEYED : CMK_BROKEN);
    return ok;
}

static bool content_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct download *d = c->prepared;

    (void) txn;
    (void) reterr;
    c->x->resp.status = 200;
    c->x->resp.content_type = "application/octet-stream";
    c->x->resp.source = d->source;
    d->source = (struct http_source){0};
    return true;
}

#define UPLOAD_LIMIT ((size_t) LIMIT_FILE_BYTES + 64 * 1024) /* the form around it */
/* clang-format off */
#define ROW(prefix, methods, path, audit, exec, limit, body, prepare, run) \
    {{methods, prefix path}, PPLANE_AI, audit, exec, false, limit, body, prepare, run}
#define PAIR(...) ROW("/openai", __VA_ARGS__), ROW("/openai/v1", __VA_ARGS__)

const struct provider_route provider_ai_routes[] = {
    PAIR(HTTP_M_POST,   "/files",              "FileUpload",  EXEC_WRITE, UPLOAD_LIMIT, upload_body, upload_prepare,  upload_run),
    PAIR(HTTP_M_GET,    "/files",              "FileList",    EXEC_LOOP,  0,            NULL,        NULL,            list_run),
    PAIR(HTTP_M_GET,    "/files/{id}",         "FileGet",     EXEC_LOOP,  0,            NULL,        NULL,            get_run),
    PAIR(HTTP_M_GET,    "/files/{id}/content", "FileContent", EXEC_LOOP,  0,            NULL,        content_prepare, content_run),
    PAIR(HTTP_M_DELETE, "/files/{id}",         "FileDelete",  EXEC_WRITE, 0,            NULL,        NULL,            delete_run),
};
/* clang-format on */
const size_t provider_ai_routes_len = ARRAY_LEN(provider_ai_routes);
