/* SPDX-License-Identifier: MIT */
/*
 * Fine-tuning jobs as they are shown: what time has made of them, in the words of the form and
 * version. Spec 2022-12-01 and 2024-10-21; v1: versions.md section 5. Events and checkpoints
 * follow from the job and the time, so they are not stored.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_job.h"
#include "provider/api/ai_model.h"
#include "provider/api/answer.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/job_store.h"

static int64_t number(const json_t *job, const char *name)
{
    return json_integer_value(json_object_get(job, name));
}

enum ai_phase ai_job_phase(const json_t *job, int64_t now_s)
{
    static const struct {
        const char *state;
        enum ai_phase phase;
    } ended[] = {
        {"succeeded", AI_PHASE_SUCCEEDED},
        {"failed",    AI_PHASE_FAILED   },
        {"cancelled", AI_PHASE_CANCELLED},
        {"paused",    AI_PHASE_PAUSED   }
    };

    for (size_t i = 0; i < ARRAY_LEN(ended); i++) {
        if (strcmp(json_text(job, "state"), ended[i].state) == 0) {
            return ended[i].phase;
        }
    }
    return now_s < number(job, "created") + AI_VALIDATING_S ? AI_PHASE_VALIDATING
           : now_s < number(job, "started")                 ? AI_PHASE_QUEUED
                                                            : AI_PHASE_RUNNING;
}

static const char *phase_text(const struct provider_call *c, enum ai_phase phase)
{
    static const struct {
        const char *old, *dated, *v1;
    } texts[] = {
        [AI_PHASE_VALIDATING] = {"notRunning", "created",   "validating_files"},
        [AI_PHASE_QUEUED] = {"notRunning", "pending",   "queued"          },
        [AI_PHASE_RUNNING] = {"running",    "running",   "running"         },
 /* No dated version before 2025-04-01-preview has it; v1 is where jobs are paused. */
        [AI_PHASE_PAUSED] = {"running",    "running",   "paused"          },
        [AI_PHASE_SUCCEEDED] = {"succeeded",  "succeeded", "succeeded"       },
        [AI_PHASE_FAILED] = {"failed",     "failed",    "failed"          },
        [AI_PHASE_CANCELLED] = {"canceled",   "cancelled", "cancelled"       },
    };

    if (phase == AI_PHASE_PAUSED && ai_dated_in(c, ARM_BIT(OAI_2025_04_01_PV))) {
        return "paused";
    }
    return ai_is_v1(c)                      ? texts[phase].v1
           : ai_dated_in(c, OAI_OLD_STATES) ? texts[phase].old
                                            : texts[phase].dated;
}

/* --- Events */

struct events {
    json_t *list;
    const json_t *job;
    bool old;
};

static void add_event(struct events *e, int64_t at, const char *level, const char *text)
{
    size_t n = json_array_size(e->list);
    json_t *doc =
        json_pack("{s:I,s:s,s:s,s:s}", "created_at", (json_int_t) at, "level", level, "message",
                  text, "object", e->old ? "fine-tune-event" : "fine_tuning.job.event");

    if (!e->old) { /* derived from the job's id, so that it is the same at every look */
        const char *hex = strchr(json_text(e->job, "id"), '-');

        (void) json_object_set_new(doc, "id",
                                   json_sprintf("ftevent-%.24s%08zx", hex ? hex + 1 : "", n));
        (void) json_object_set_new(doc, "type", json_string("message"));
    }
    (void) json_array_append_new(e->list, doc);
}

/* When epoch i of a job ends. */
static int64_t epoch_end(const json_t *job, int64_t i)
{
    int64_t whole = number(job, "finish") - number(job, "started");
    int64_t epochs = number(job, "epochs");

    return number(job, "started") + whole * i / (epochs > 0 ? epochs : 1);
}

static void add_end(struct events *e, enum ai_phase phase)
{
    const json_t *job = e->job;
    char text[1600];

    if (phase == AI_PHASE_SUCCEEDED) {
        (void) snprintf(text, sizeof(text), "Completed results file: %s",
                        json_text(job, "result_file"));
        add_event(e, number(job, "ended"), "info", text);
        add_event(e, number(job, "ended"), "info", "Job succeeded.");
    } else if (phase == AI_PHASE_FAILED) {
        (void) snprintf(text, sizeof(text), "Job failed: %s",
                        json_text(json_object_get(job, "error"), "message"));
        add_event(e, number(job, "ended"), "error", text);
    } else if (phase == AI_PHASE_CANCELLED) {
        add_event(e, number(job, "ended"), "info", "Job cancelled.");
    } else if (phase == AI_PHASE_PAUSED) {
        add_event(e, number(job, "pausedAt"), "info", "Job paused.");
    }
}

/* In the order of time; the texts of the first, second and last are the spec's example's. */
static json_t *events_json(struct provider_call *c, const json_t *job)
{
    int64_t now = c->now_ms / 1000;
    enum ai_phase phase = ai_job_phase(job, now);
    struct events e = {json_array(), job, ai_dated_in(c, OAI_OLD_STATES)};
    int64_t until = json_object_get(job, "ended") ? number(job, "ended")
                    : phase == AI_PHASE_PAUSED    ? number(job, "pausedAt")
                                                  : now;
    char text[256];

    add_event(&e, number(job, "created"), "info",
              "Job enqueued. Waiting for jobs ahead to complete.");
    (void) snprintf(text, sizeof(text), "Preprocessing for file training started: %s",
                    json_text(job, "training_file"));
    if (until >= number(job, "created") + AI_VALIDATING_S) {
        add_event(&e, number(job, "created") + AI_VALIDATING_S, "info", text);
    }
    if (until >= number(job, "started")) {
        add_event(&e, number(job, "started"), "info", "Job started.");
    }
    for (int64_t i = 1; i <= number(job, "epochs") && epoch_end(job, i) <= until; i++) {
        (void) snprintf(text, sizeof(text), "Epoch %lld of %lld completed (simulated).",
                        (long long) i, (long long) number(job, "epochs"));
        add_event(&e, epoch_end(job, i), "info", text);
    }
    add_end(&e, phase);
    return e.list;
}

/* --- Jobs */

static void copy(json_t *to, const json_t *from, const char *name, const char *as)
{
    json_t *v = json_object_get(from, name);

    if (v) {
        (void) json_object_set(to, as, v);
    }
}

static void add_file(struct kvdb_txn *txn, const char *uid, const char *id, json_t *list)
{
    json_t *file = NULL;

    if (id[0] && file_store_get(txn, uid, id, &file)) {
        (void) json_object_del(file, "examples");
        (void) json_object_del(file, "tokens");
        (void) json_object_set(file, "updated_at", json_object_get(file, "created_at"));
        (void) json_object_set_new(file, "status", json_string("succeeded"));
        (void) json_array_append(list, file);
    }
    json_decref(file);
}

static int64_t updated(const json_t *job, int64_t now)
{
    return json_object_get(job, "ended")   ? number(job, "ended")
           : now >= number(job, "started") ? number(job, "started")
                                           : number(job, "created");
}

/* FineTune of 2022-12-01: files as objects, events inside. */
static json_t *old_json(struct provider_call *c, struct kvdb_txn *txn, const char *uid,
                        const json_t *job)
{
    json_t *training = json_array();
    json_t *validation = json_array();
    json_t *results = json_array();
    int64_t now = c->now_ms / 1000;
    enum ai_phase phase = ai_job_phase(job, now);
    json_t *out =
        json_pack("{s:O,s:O,s:o,s:o,s:o,s:o,s:O,s:s,s:I,s:I,s:s}", "hyperparams",
                  json_object_get(job, "hyper"), "model", json_object_get(job, "model"),
                  "training_files", training, "validation_files", validation, "result_files",
                  results, "events", events_json(c, job), "id", json_object_get(job, "id"),
                  "status", phase_text(c, phase), "created_at", (json_int_t) number(job, "created"),
                  "updated_at", (json_int_t) updated(job, now), "object", "fine-tune");

    add_file(txn, uid, json_text(job, "training_file"), training);
    add_file(txn, uid, json_text(job, "validation_file"), validation);
    add_file(txn, uid, json_text(job, "result_file"), results);
    if (phase == AI_PHASE_SUCCEEDED) {
        copy(out, job, "tuned", "fine_tuned_model");
    }
    copy(out, job, "suffix", "suffix");
    copy(out, job, "error", "error");
    return out;
}

static void hyper_json(const struct provider_call *c, const json_t *job, json_t *out)
{
    json_t *h = json_copy(json_object_get(job, "hyper"));

    if (!json_object_get(h, "n_epochs")) {
        (void) json_object_set_new(h, "n_epochs",
                                   ai_is_v1(c) ? json_string("auto") : json_integer(-1));
    }
    (void) json_object_set_new(out, "hyperparameters", h);
    if (ai_is_v1(c)) {
        (void) json_object_set_new(
            out, "method",
            json_pack("{s:s,s:{s:O}}", "type", "supervised", "supervised", "hyperparameters", h));
    }
}

/* Members that v1 has even when there is nothing to say (its type: null allowed, required). */
static void v1_members(const struct provider_call *c, const json_t *job, json_t *out)
{
    static const char *const nullable[] = {"fine_tuned_model", "finished_at", "trained_tokens",
                                           "validation_file",  "error",       "estimated_finish"};

    if (!ai_is_v1(c)) {
        copy(out, job, "suffix", "suffix");
        return;
    }
    copy(out, job, "suffix", "user_provided_suffix");
    copy(out, job, "metadata", "metadata");
    (void) json_object_set_new(out, "organization_id", json_string("kvsim"));
    if (!json_object_get(out, "seed")) {
        (void) json_object_set_new(out, "seed", json_integer(0));
    }
    for (size_t i = 0; i < ARRAY_LEN(nullable); i++) {
        if (!json_object_get(out, nullable[i])) {
            (void) json_object_set_new(out, nullable[i], json_null());
        }
    }
}

json_t *ai_job_json(struct provider_call *c, struct kvdb_txn *txn, const char *uid,
                    const json_t *job)
{
    enum ai_phase phase = ai_job_phase(job, c->now_ms / 1000);
    json_t *results = json_array();
    json_t *out;

    if (ai_dated_in(c, OAI_OLD_STATES)) {
        json_decref(results);
        return old_json(c, txn, uid, job);
    }
    out =
        json_pack("{s:s,s:O,s:O,s:I,s:s,s:O,s:o}", "object", "fine_tuning.job", "id",
                  json_object_get(job, "id"), "model", json_object_get(job, "model"), "created_at",
                  (json_int_t) number(job, "created"), "status", phase_text(c, phase),
                  "training_file", json_object_get(job, "training_file"), "result_files", results);
    copy(out, job, "validation_file", "validation_file");
    copy(out, job, "seed", "seed");
    copy(out, job, "ended", "finished_at");
    if (phase == AI_PHASE_RUNNING || phase == AI_PHASE_QUEUED) {
        copy(out, job, "finish", "estimated_finish");
    }
    if (phase == AI_PHASE_SUCCEEDED) {
        copy(out, job, "tuned", "fine_tuned_model");
        copy(out, job, "tokens", "trained_tokens");
        (void) json_array_append(results, json_object_get(job, "result_file"));
    }
    if (json_object_get(job, "error")) {
        copy(out, job, "error", "error");
        (void) json_object_set_new(json_object_get(out, "error"), "param", json_null());
    }
    hyper_json(c, job, out);
    v1_members(c, job, out);
    return out;
}

/* --- The reading operations */

bool ai_job_find(struct provider_call *c, struct kvdb_txn *txn, json_t **account, json_t **job,
                 struct az_error *reterr)
{
    if (!ai_account(c, txn, account, reterr) ||
        !job_store_get(txn, json_text(*account, "uid"), provider_param(c, 0), job, reterr)) {
        return false;
    }
    if (!*job) {
        rule_log_note(c->d, RULE_DATA_FINE_TUNES, CMK_BROKEN);
    }
    return *job ||
           az_fail(reterr, AZ_ERR_NOT_FOUND_AI,
                   "The specified fine-tuning job '%.100s' was not found.", provider_param(c, 0));
}

bool ai_job_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *job = NULL;

    if (!ai_job_find(c, txn, &account, &job, reterr)) {
        return false;
    }
    AUTO_JSON *doc = ai_job_json(c, txn, json_text(account, "uid"), job);

    return provider_answer_json(c, 200, doc);
}

static bool note_job(void *ctx, json_t *job)
{
    (void) json_array_append(ctx, job);
    return true;
}

static int newer_first(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *) a;
    const json_t *y = *(json_t *const *) b;
    int64_t tx = number(x, "created");
    int64_t ty = number(y, "created");

    return tx != ty ? (ty > tx) - (ty < tx) : strcmp(json_text(x, "id"), json_text(y, "id"));
}

/* 2022-12-01 declares neither limit nor after: its page is the whole list. */
static bool begin_page(struct provider_call *c, struct ai_page *page, struct az_error *reterr)
{
    bool old = ai_dated_in(c, OAI_OLD_STATES);

    return ai_page_init(c, page, old ? LIMIT_FILE_PAGE : LIMIT_JOB_PAGE, old ? LIMIT_FILE_PAGE : 20,
                        reterr);
}

bool ai_job_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *all = json_array();
    struct ai_page page;
    json_t **sorted;
    size_t n;

    if (!ai_account(c, txn, &account, reterr) || !begin_page(c, &page, reterr)) {
        return false;
    }
    (void) child_each(txn, json_text(account, "uid"), JOBS_COLLECTION, note_job, all);
    n = json_array_size(all);
    sorted = calloc(n + 1, sizeof(json_t *));
    for (size_t i = 0; sorted && i < n; i++) {
        sorted[i] = json_array_get(all, i);
    }
    if (sorted) {
        qsort(sorted, n, sizeof(json_t *), newer_first);
    }
    for (size_t i = 0; sorted && i < n; i++) {
        ai_page_add(&page, ai_job_json(c, txn, json_text(account, "uid"), sorted[i]));
    }
    free(sorted); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion) */
    return ai_page_answer(c, &page, !ai_dated_in(c, OAI_OLD_STATES));
}

bool ai_job_events_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *job = NULL;
    AUTO_JSON *events = NULL;
    bool old = ai_dated_in(c, OAI_OLD_STATES);
    struct ai_page page;
    size_t n;

    if (!ai_job_find(c, txn, &account, &job, reterr) || !begin_page(c, &page, reterr)) {
        return false;
    }
    events = events_json(c, job);
    n = json_array_size(events);
    for (size_t i = 0; i < n; i++) { /* later forms: the newest first, as OpenAI's */
        ai_page_add(&page, json_incref(json_array_get(events, old ? i : n - 1 - i)));
    }
    return ai_page_answer(c, &page, !old);
}

static json_t *checkpoint_json(const json_t *job, int64_t i)
{
    const char *hex = strchr(json_text(job, "id"), '-');
    int64_t step = number(job, "examples") * i;
    double loss = 4.0 / (1.0 + (double) step);

    return json_pack(
        "{s:s,s:o,s:I,s:o,s:I,s:{s:f,s:f,s:f},s:O}", "object", "fine_tuning.job.checkpoint", "id",
        json_sprintf("ftchkpt-%.24s%08llx", hex ? hex + 1 : "", (unsigned long long) i),
        "created_at", (json_int_t) epoch_end(job, i), "fine_tuned_model_checkpoint",
        json_sprintf("%s:ckpt-step-%lld", json_text(job, "tuned"), (long long) step), "step_number",
        (json_int_t) step, "metrics", "step", (double) step, "train_loss", loss,
        "train_mean_token_accuracy", 1.0 - loss / 5.0, "fine_tuning_job_id",
        json_object_get(job, "id"));
}

/* One an epoch, the newest first, of jobs that succeeded. */
bool ai_job_checkpoints_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *job = NULL;
    struct ai_page page;
    bool done;

    if (!ai_job_find(c, txn, &account, &job, reterr) || !begin_page(c, &page, reterr)) {
        return false;
    }
    done = ai_job_phase(job, c->now_ms / 1000) == AI_PHASE_SUCCEEDED;
    for (int64_t i = done ? number(job, "epochs") : 0; i > 0; i--) {
        ai_page_add(&page, checkpoint_json(job, i));
    }
    return ai_page_answer(c, &page, true);
}
