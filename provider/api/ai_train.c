/* SPDX-License-Identifier: MIT */
/*
 * Reading training data, and the end of a job: a model that remembers its examples as far as
 * LIMIT_MODEL_BYTES goes, and a result file with a loss that only falls. Both are stored like any
 * customer data, under the account's data key (data.models-encrypted).
 */
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_job.h"
#include "provider/api/cmk_check.h"
#include "provider/api/cmk_follow.h"
#include "provider/api/deployment.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"
#include "provider/store/job_store.h"

#define RESULT_ROWS 1000 /* at most, of a result file */

static bool bad_line(struct az_error *reterr, int64_t line, const char *why)
{
    return az_fail(reterr, AZ_ERR_JSONL_INVALID, "Validation of jsonl file failed: line %lld: %s.",
                   (long long) line, why);
}

/* The last user message and the last assistant message: what is asked and what is learnt. */
static bool chat_example(const json_t *doc, const char **prompt, const char **said,
                         const char **why)
{
    static const char *const roles[] = {"system",    "developer", "user",
                                        "assistant", "tool",      "function"};
    const json_t *messages = json_object_get(doc, "messages");
    const json_t *m;
    size_t i;

    *why = "it needs a list 'messages' that is not empty";
    if (!json_is_array(messages) || json_array_size(messages) == 0) {
        return false;
    }
    json_array_foreach(messages, i, m)
    {
        const char *role = json_text(m, "role");
        bool known = false;

        for (size_t k = 0; k < ARRAY_LEN(roles); k++) {
            known = known || strcmp(role, roles[k]) == 0;
        }
        *why = "a message needs a known 'role' and a 'content' that is text";
        if (!known || (!json_is_string(json_object_get(m, "content")) &&
                       !json_object_get(m, "tool_calls") && !json_object_get(m, "function_call"))) {
            return false;
        }
        *prompt = strcmp(role, "user") == 0 ? json_text(m, "content") : *prompt;
        *said = strcmp(role, "assistant") == 0 ? json_text(m, "content") : *said;
    }
    *why = "it has no message of the assistant";
    return *said != NULL;
}

static bool read_line(struct ai_examples *ex, const char *line, size_t len, struct az_error *reterr)
{
    AUTO_JSON *doc = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *prompt = NULL;
    const char *said = NULL;
    const char *why = "it is no JSON object";
    bool ok = json_is_object(doc);

    ex->lines++;
    if (ok && ex->chat) {
        ok = chat_example(doc, &prompt, &said, &why);
    } else if (ok) {
        prompt = json_string_value(json_object_get(doc, "prompt"));
        said = json_string_value(json_object_get(doc, "completion"));
        why = "it needs the texts 'prompt' and 'completion'";
        ok = prompt && said;
    }
    if (!ok) {
        return bad_line(reterr, ex->lines, why);
    }
    ex->tokens += ai_tokens(len);
    if (ex->pairs && prompt && ex->pairs->len + len < LIMIT_MODEL_BYTES) {
        AUTO_JSON *pair = json_pack("{s:s,s:s}", "p", prompt, "c", said);
        size_t before = ex->pairs->len;

        json_write(ex->pairs, pair);
        buf_str(ex->pairs, "\n");
        if (ex->pairs->len > LIMIT_MODEL_BYTES) { /* escapes are longer than what they stand for */
            ex->pairs->len = before;
        }
    }
    return true;
}

/* Whole lines out of `line`; at the end of the file also the last one. */
static bool take_lines(struct ai_examples *ex, struct buf *line, bool end, struct az_error *reterr)
{
    size_t at = 0;

    while (at < line->len) {
        const char *p = line->data + at;
        const char *nl = memchr(p, '\n', line->len - at);
        size_t len = nl ? (size_t) (nl - p) : line->len - at;
        size_t trimmed = len > 0 && p[len - 1] == '\r' ? len - 1 : len;

        if (!nl && !end) {
            break;
        }
        /* A byte order mark is allowed, in fact demanded of old files by the documentation. */
        if (ex->lines == 0 && trimmed >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
            p += 3;
            trimmed -= 3;
        }
        if (trimmed > 0 && !read_line(ex, p, trimmed, reterr)) {
            return false;
        }
        at += len + (nl ? 1 : 0);
    }
    memmove(line->data, line->data + at, line->len - at);
    line->len -= at;
    return line->len <= LIMIT_TRAINING_LINE ||
           bad_line(reterr, ex->lines + 1, "it is longer than 1 MiB");
}

static bool read_source(struct http_source *source, struct ai_examples *ex, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf line = {0};
    uint8_t piece[16 * 1024];
    ssize_t n;

    while ((n = source->read(source->ctx, piece, sizeof(piece))) > 0) {
        buf_add(&line, piece, (size_t) n);
        if (!buf_ok(&line)) {
            return az_fail_internal(reterr, "out of memory");
        }
        if (!take_lines(ex, &line, false, reterr)) {
            return false;
        }
    }
    if (n < 0) {
        return az_fail_internal(reterr, "a training file can't be read");
    }
    return line.len == 0 || take_lines(ex, &line, true, reterr);
}

bool ai_train_read(struct provider_call *c, const char *uid, const json_t *file,
                   const struct data_keys *keys, struct ai_examples *ret, struct az_error *reterr)
{
    struct http_source source = {0};
    bool ok;

    if (!blob_open(c->d->blob_dir, uid, json_text(file, "id"), keys,
                   (uint64_t) json_integer_value(json_object_get(file, "bytes")), &source,
                   reterr)) {
        return false;
    }
    ok = read_source(&source, ret, reterr);
    source.close(source.ctx);
    return ok;
}

enum outcome { SKIP, FORGET, FAILED, DONE };

struct ai_settlement {
    struct kvkey entry; /* of the index of due times */
    char uid[64];
    char id[64];
    json_t *job; /* as it was read */
    json_t *training;
    json_t *account;
    enum outcome outcome;
    struct az_error why; /* FAILED */
    char model_id[64], result_id[64];
    uint64_t model_bytes, result_bytes;
    struct blob_writer *model, *result;
};

void ai_settle_free(struct ai_settlement *s)
{
    if (s) {
        json_decref(s->job);
        json_decref(s->training);
        json_decref(s->account);
        blob_writer_free(s->model);
        blob_writer_free(s->result);
        free(s);
    }
}

bool ai_settle_due(struct provider_call *c, struct kvdb_txn *txn)
{
    struct kvkey entry;
    char uid[64];
    char id[64];

    return job_store_due(txn, c->now_ms / 1000, &c->due_after, &entry, uid, id);
}

struct owner {
    const char *uid;
    json_t *account;
};

static bool is_owner(void *ctx, json_t *account)
{
    struct owner *o = ctx;

    if (strcmp(json_text(account, "uid"), o->uid) == 0) {
        o->account = json_incref(account);
    }
    return !o->account;
}

static bool read_due(struct provider_call *c, struct ai_settlement *s, struct az_error *reterr)
{
    struct owner o = {.uid = s->uid};
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = job_store_due(txn, c->now_ms / 1000, &c->due_after, &s->entry, s->uid, s->id) &&
         job_store_get(txn, s->uid, s->id, &s->job, reterr);
    if (ok && s->job) {
        (void) account_store_each(txn, NULL, NULL, false, is_owner, &o);
        s->account = o.account;
        (void) file_store_get(txn, s->uid, json_text(s->job, "training_file"), &s->training);
    }
    kvdb_abort(txn);
    return ok;
}

static bool write_blob(struct provider_call *c, const char *uid, const char *id,
                       const struct data_keys *keys, const struct buf *text,
                       struct blob_writer **ret, uint64_t *size, struct az_error *reterr)
{
    return (buf_ok(text) || az_fail_internal(reterr, "out of memory")) &&
           blob_create(c->d->blob_dir, uid, id, keys, ret, reterr) &&
           blob_write(*ret, text->data ? text->data : "", text->len, reterr) &&
           blob_finish(*ret, size, reterr);
}

/* Columns as documented for the service's results.csv. */
static void write_results(const json_t *job, int64_t lines, struct buf *out)
{
    int64_t epochs = json_integer_value(json_object_get(job, "epochs"));
    int64_t steps = lines * epochs < RESULT_ROWS ? lines * epochs : RESULT_ROWS;

    buf_str(out, "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n");
    for (int64_t i = 1; i <= steps; i++) {
        double loss = 4.0 / (1.0 + (double) i);

        buf_fmt(out, "%lld,%.5f,%.5f,%.5f,%.5f\n", (long long) i, loss, 1.0 - loss / 5.0,
                loss * 1.1, 1.0 - loss / 4.5);
    }
}

static bool train(struct provider_call *c, struct ai_settlement *s, struct data_keys *keys,
                  struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf pairs = {0};
    CLEANUP(buf_done) struct buf results = {0};
    const struct ai_model *base =
        ai_model_find(json_text(s->job, "base"), json_text(s->job, "baseVersion"));
    struct ai_examples ex = {.chat = base && (base->uses & MODEL_CHAT) != 0, .pairs = &pairs};

    if (!ai_train_read(c, s->uid, s->training, keys, &ex, reterr)) {
        return false;
    }
    write_results(s->job, ex.lines, &results);
    ai_new_id("model-", s->model_id);
    ai_new_id("file-", s->result_id);
    return write_blob(c, s->uid, s->model_id, keys, &pairs, &s->model, &s->model_bytes, reterr) &&
           write_blob(c, s->uid, s->result_id, keys, &results, &s->result, &s->result_bytes,
                      reterr);
}

/* The vault is asked once more at the end: a model is only stored under the data key. */
static enum outcome finish(struct provider_call *c, struct ai_settlement *s)
{
    struct data_keys keys = {0};
    bool ok;

    if (!s->account) {
        az_error_set(&s->why, AZ_ERR_RESOURCE_NOT_FOUND_AI,
                     "The resource was deleted while the job was running.");
        return FAILED;
    }
    if (!s->training) {
        az_error_set(&s->why, AZ_ERR_NOT_FOUND_AI,
                     "The training file '%s' was deleted while the job was running.",
                     json_text(s->job, "training_file"));
        return FAILED;
    }
    ok = cmk_open_data(c, s->account, CMK_OP_FINE_TUNE, &keys, &s->why) &&
         train(c, s, &keys, &s->why);
    data_keys_wipe(&keys);
    if (s->why.errc == AZ_ERR_CMK_ACCESS_DENIED) {
        rule_log_note(c->d, RULE_DATA_MODELS_ENCRYPTED, CMK_BROKEN);
    }
    /* Neither providerd's own failure nor a vault that can't answer is the job's. */
    return ok ? DONE : az_error_status(&s->why) >= 500 ? SKIP : FAILED;
}

void ai_settle_prepare(struct provider_call *c)
{
    struct ai_settlement *s = calloc(1, sizeof(*s));
    struct az_error ignored;
    guid_text tenant;

    ai_settle_free(c->due);
    c->due = s;
    if (!s || !read_due(c, s, &ignored)) {
        return;
    }
    memcpy(tenant, c->cmk_tenant, sizeof(tenant)); /* the job may be of another account's */
    c->cmk_tenant[0] = '\0';
    s->outcome = s->job ? finish(c, s) : FORGET;
    memcpy(c->cmk_tenant, tenant, sizeof(tenant));
}

static bool store_failure(struct kvdb_txn *txn, const struct ai_settlement *s, json_t *job,
                          struct az_error *reterr)
{
    (void) json_object_set_new(job, "state", json_string("failed"));
    (void) json_object_set_new(
        job, "error",
        json_pack("{s:s,s:s}", "code", az_error_code(&s->why), "message", s->why.message));
    return job_store_put(txn, s->uid, s->job, job, reterr);
}

static bool store_model(struct provider_call *c, struct kvdb_txn *txn, struct ai_settlement *s,
                        json_t *job, struct az_error *reterr)
{
    const char *name = json_text(job, "tuned");
    json_int_t end = json_integer_value(json_object_get(job, "finish"));
    AUTO_JSON *model =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "name", name, "base", json_text(job, "base"),
                  "baseVersion", json_text(job, "baseVersion"), "job", s->id, "artefact",
                  s->model_id, "bytes", (json_int_t) s->model_bytes, "created", end);
    AUTO_JSON *result =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:s}", "object", "file", "id", s->result_id, "purpose",
                  "fine-tune-results", "filename", "results.csv", "bytes",
                  (json_int_t) s->result_bytes, "created_at", end, "status", "processed");

    (void) json_object_set_new(job, "state", json_string("succeeded"));
    (void) json_object_set_new(job, "result_file", json_string(s->result_id));
    file_store_put(txn, s->uid, s->result_id, result);
    if (!child_put(txn, s->uid, TUNED_MODELS, name, model, reterr) ||
        !job_store_put(txn, s->uid, s->job, job, reterr)) {
        return false;
    }
    blob_keep(s->model); /* if the commit fails they are orphans, removed at the next start */
    blob_keep(s->result);
    rule_log_note(c->d, RULE_DATA_FINE_TUNES, CMK_OBEYED);
    rule_log_note(c->d, RULE_DATA_MODELS_ENCRYPTED, CMK_OBEYED);
    return true;
}

bool ai_settle_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct ai_settlement *s = c->due;
    AUTO_JSON *now = NULL;

    if (!s || s->entry.len == 0) { /* not even read */
        c->due_skip = true;
        return true;
    }
    if (s->outcome == SKIP) { /* the next request tries again; this one goes on to the next job */
        c->due_after = s->entry;
        return true;
    }
    if (!cmk_store_rekey(c, txn, reterr) || !job_store_get(txn, s->uid, s->id, &now, reterr)) {
        return false;
    }
    if (!now || s->outcome == FORGET) {
        job_store_forget_due(txn, &s->entry);
        return true;
    }
    if (!json_equal(now, s->job)) {
        return true; /* somebody else ended, cancelled or paused it meanwhile */
    }
    (void) json_object_set(now, "ended", json_object_get(now, "finish"));
    return s->outcome == DONE ? store_model(c, txn, s, now, reterr)
                              : store_failure(txn, s, now, reterr);
}
