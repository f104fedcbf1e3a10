/* SPDX-License-Identifier: MIT */
/*
 * The Files API of Azure OpenAI, dated and v1 forms (versions.md section 5). Content is only ever
 * stored under the account's data key; reading it needs that key, and so, with CMK, the vault's
 * consent.
 */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_security.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_check.h"
#include "provider/api/multipart.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

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

    u->size += len;
    return u->size <= LIMIT_FILE_BYTES
               ? blob_write(u->blob, data, len, reterr)
               : az_fail(reterr, AZ_ERR_PAYLOAD_TOO_LARGE, "The file is larger than 512 MB.");
}

static bool upload_begin(struct provider_call *c, struct az_error *reterr)
{
    struct upload *u = calloc(1, sizeof(*u));
    struct data_keys keys = {0};
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
    ai_new_id("file-", u->id);
    ok = ai_open_keys(c, CMK_OP_WRITE, u->uid, &keys, reterr) &&
         blob_create(c->d->blob_dir, u->uid, u->id, &keys, &u->blob, reterr);
    data_keys_wipe(&keys);
    return ok;
}

bool ai_upload_body(struct provider_call *c, const uint8_t *data, size_t len,
                    struct az_error *reterr)
{
    struct upload *u;

    if (!c->prepared && !upload_begin(c, reterr)) {
        return false;
    }
    u = c->prepared;
    return multipart_feed(&u->form, data, len, reterr);
}

/*
 * As this form and version have it. What is stored is the dated form since 2023; until then states
 * were those of jobs (spec 2022-12-01: State, updated_at, statistics).
 */
static json_t *file_json(const struct provider_call *c, json_t *file)
{
    json_t *out = json_copy(file);

    (void) json_object_del(out, "examples");
    (void) json_object_del(out, "tokens");
    if (ai_dated_in(c, OAI_OLD_STATES)) {
        (void) json_object_set_new(out, "status", json_string("succeeded"));
        (void) json_object_set(out, "updated_at", json_object_get(file, "created_at"));
        if (json_object_get(file, "examples")) {
            (void) json_object_set_new(out, "statistics",
                                       json_pack("{s:O,s:O}", "tokens",
                                                 json_object_get(file, "tokens"), "examples",
                                                 json_object_get(file, "examples")));
        }
    }
    return out;
}

static bool known_purpose(const struct provider_call *c, const char *purpose)
{
    static const char *const known[] = {"fine-tune", "assistants", "batch", "evals"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i], purpose) == 0) {
            return i < 3 || ai_is_v1(c);
        }
    }
    return false;
}

bool ai_upload_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct upload *u = c->prepared;

    if (!u || !u->form.done || !u->form.seen_file || !u->form.filename[0]) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The form needs the parts 'purpose' and 'file' (with a filename).");
    }
    if (u->form.purpose.len == 0 || !known_purpose(c, u->form.purpose.data)) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The purpose '%.64s' is not one of fine-tune, assistants, batch%s.",
                       u->form.purpose.len > 0 ? u->form.purpose.data : "",
                       ai_is_v1(c) ? ", evals" : "");
    }
    return blob_finish(u->blob, &u->size, reterr);
}

bool ai_upload_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
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
    AUTO_JSON *doc = file_json(c, file);

    ai_set_location(c, u->id);
    return provider_answer_json(c, ai_is_v1(c) ? 200 : 201, doc);
}

struct file_list {
    struct provider_call *c;
    struct ai_page page;
    const char *purpose; /* NULL: any */
    json_t *all;
};

static void add_file(void *ctx, json_t *file)
{
    struct file_list *list = ctx;

    if (!list->purpose || strcmp(json_text(file, "purpose"), list->purpose) == 0) {
        (void) json_array_append(list->all, file);
    }
}

static int older_first(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *) a;
    const json_t *y = *(json_t *const *) b;
    json_int_t tx = json_integer_value(json_object_get(x, "created_at"));
    json_int_t ty = json_integer_value(json_object_get(y, "created_at"));

    return tx != ty ? (tx > ty) - (tx < ty) : strcmp(json_text(x, "id"), json_text(y, "id"));
}

/* v1: order=asc|desc by created_at, desc the default; dated: no order is declared, oldest first. */
static bool fill_page(struct file_list *list, struct az_error *reterr)
{
    const char *order = http_param_get(&list->c->x->req, "order");
    bool down = ai_is_v1(list->c) && (!order || strcmp(order, "desc") == 0);
    size_t n = json_array_size(list->all);
    json_t **sorted = calloc(n + 1, sizeof(json_t *));

    if (!sorted) {
        return az_fail_internal(reterr, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = json_array_get(list->all, i);
    }
    qsort(sorted, n, sizeof(json_t *), older_first);
    for (size_t i = 0; i < n; i++) {
        ai_page_add(&list->page, file_json(list->c, sorted[down ? n - 1 - i : i]));
    }
    free(sorted); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion) */
    return true;
}

static bool check_order(struct provider_call *c, struct az_error *reterr)
{
    const char *order = http_param_get(&c->x->req, "order");

    return !order || !ai_is_v1(c) || strcmp(order, "asc") == 0 || strcmp(order, "desc") == 0 ||
           az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The order must be asc or desc.");
}

/*
 * `purpose` is declared in both forms (versions.md section 5). `after` is followed in both: the
 * OpenAI libraries go on with it until a page is empty or says has_more: false, which the dated
 * form does not have, so a list that ignored it would never end for them.
 */
bool ai_file_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *all = json_array();
    struct file_list list = {.c = c, .purpose = http_param_get(&c->x->req, "purpose"), .all = all};

    if (!ai_account(c, txn, &account, reterr) || !check_order(c, reterr) ||
        !ai_page_init(c, &list.page, LIMIT_FILE_PAGE, LIMIT_FILE_PAGE, reterr)) {
        return false;
    }
    file_store_each(txn, json_text(account, "uid"), add_file, &list);
    if (!fill_page(&list, reterr)) {
        json_decref(list.page.data);
        return false;
    }
    rule_log_note(c->d, RULE_DATA_ISOLATED, CMK_OBEYED);
    return ai_page_answer(c, &list.page, ai_is_v1(c));
}

static bool find_file(struct provider_call *c, struct kvdb_txn *txn, json_t **account,
                      json_t **file, struct az_error *reterr)
{
    const char *id = provider_param(c, 0);

    if (!ai_account(c, txn, account, reterr)) {
        return false;
    }
    return file_store_get(txn, json_text(*account, "uid"), id, file) ||
           az_fail(reterr, AZ_ERR_NOT_FOUND_AI, "The specified file '%s' was not found.", id);
}

bool ai_file_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;

    if (!find_file(c, txn, &account, &file, reterr)) {
        return false;
    }
    AUTO_JSON *doc = file_json(c, file);

    return provider_answer_json(c, 200, doc);
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

bool ai_file_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
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

    if (ai_dated_in(c, OAI_OLD_STATES)) {
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

bool ai_content_open(struct provider_call *c, json_t *account, const json_t *file,
                     struct az_error *reterr)
{
    struct download *d = calloc(1, sizeof(*d));
    struct data_keys keys = {0};
    bool ok;

    if (!d) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = d;
    c->prepared_free = download_free;
    if (!cmk_open_data(c, account, CMK_OP_READ, &keys, reterr)) {
        return false;
    }
    ok = blob_open(c->d->blob_dir, json_text(account, "uid"), json_text(file, "id"), &keys,
                   (uint64_t) json_integer_value(json_object_get(file, "bytes")), &d->source,
                   reterr);
    data_keys_wipe(&keys);
    rule_log_note(c->d, RULE_ENC_AES256, ok ? CMK_OBEYED : CMK_BROKEN);
    return ok;
}

bool ai_content_prepare(struct provider_call *c, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = find_file(c, txn, &account, &file, reterr);
    kvdb_abort(txn);
    if (!ok) {
        rule_log_note(c->d, RULE_DATA_FILES, CMK_BROKEN);
        return false;
    }
    ok = ai_content_open(c, account, file, reterr);
    if (ok && c->site.service == SVC_COGNITIVE_REGION) { /* of its own region */
        rule_log_note(c->d, RULE_DATA_SAME_REGION, CMK_OBEYED);
    }
    return ok;
}

bool ai_content_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
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

/*
 * The import fetches from a URL that the customer names. Nothing is fetched here: a simulator on a
 * loopback address has no business in the internet, so every source is as one that can't be
 * reached (spec: fileImportFailed).
 */
bool ai_file_import_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *url = json_text(c->body, "content_url");
    AUTO_JSON *account = NULL;

    if (!ai_account(c, txn, &account, reterr)) {
        return false;
    }
    if (!url[0] || !json_text(c->body, "filename")[0] || !json_text(c->body, "purpose")[0]) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD,
                       "The members 'purpose', 'filename' and 'content_url' are required.");
    }
    return ai_check_uri(c, account, "content_url", url, reterr) &&
           az_fail(reterr, AZ_ERR_FILE_IMPORT_FAILED,
                   "The file could not be imported: its content_url can't be reached. Upload the "
                   "file instead.");
}
