/* SPDX-License-Identifier: MIT */
/*
 * Fine-tuning jobs: creation and what can be done to one. All three forms (/fine-tunes of
 * 2022-12-01, /fine_tuning/jobs later and in v1) make the same job. Creating one reads the training
 * data, which needs the account's data key (rev.oai-fine-tune).
 */
#include <ctype.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_job.h"
#include "provider/api/ai_model.h"
#include "provider/api/answer.h"
#include "provider/api/deployment.h"
#include "provider/store/account_store.h"
#include "provider/store/job_store.h"

#define AUTO_EPOCHS   3
#define MIN_EXAMPLES  10 /* of chat models, as documented */
#define SUFFIX_V1     64 /* its spec */
#define SUFFIX_DATED  40 /* both specs */
#define METADATA_MAX  16
#define METADATA_NAME 64
#define METADATA_TEXT 512
#define TUNED_NAME    256

static bool bad(struct az_error *reterr, const char *target, const char *why)
{
    return az_fail_target(reterr, AZ_ERR_INVALID_PAYLOAD, target, "%s", why);
}

/* What prepare found; the write stores it if it still holds. */
struct creation {
    char uid[40];
    json_t *job;
};

static void creation_free(void *p)
{
    struct creation *k = p;

    json_decref(k->job);
    free(k);
}

struct inputs {
    const struct ai_model *base;
    char uid[40];
    json_t *training, *validation;
};

static void inputs_done(struct inputs *in)
{
    json_decref(in->training);
    json_decref(in->validation);
}

/* A base model that can be fine-tuned, or a fine-tuned one of the account: its base. */
static bool find_base(struct provider_call *c, struct kvdb_txn *txn, struct inputs *in,
                      struct az_error *reterr)
{
    const char *name = json_text(c->body, "model");
    AUTO_JSON *own = NULL;

    if (!name[0]) {
        return bad(reterr, "model", "The member 'model' is required.");
    }
    in->base = ai_base_model_find(name);
    if (!in->base && !child_get(txn, in->uid, TUNED_MODELS, name, &own, reterr)) {
        return false;
    }
    if (own) {
        in->base = ai_model_find(json_text(own, "base"), json_text(own, "baseVersion"));
    }
    if (!in->base || (in->base->uses & MODEL_FINE_TUNE) == 0) {
        return az_fail_target(
            reterr, AZ_ERR_INVALID_PAYLOAD, "model",
            "The specified base model '%.100s' does not exist or does not support "
            "fine-tuning.",
            name);
    }
    return true;
}

static bool find_input(struct provider_call *c, struct kvdb_txn *txn, const char *uid,
                       const char *target, json_t **ret, struct az_error *reterr)
{
    const char *id = json_text(c->body, target);

    if (!file_store_get(txn, uid, id, ret)) {
        return az_fail_target(reterr, AZ_ERR_INVALID_PAYLOAD, target,
                              "The specified %.20s '%.100s' was not found.", target, id);
    }
    return strcmp(json_text(*ret, "purpose"), "fine-tune") == 0 ||
           bad(reterr, target, "The file's purpose must be 'fine-tune'.");
}

static bool find_inputs(struct provider_call *c, struct inputs *in, struct az_error *reterr)
{
    const json_t *validation = json_object_get(c->body, "validation_file");
    struct kvdb_txn *txn = NULL;
    AUTO_JSON *account = NULL;
    bool ok;

    if (!json_text(c->body, "training_file")[0]) {
        return bad(reterr, "training_file", "The member 'training_file' is required.");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = ai_account(c, txn, &account, reterr);
    (void) snprintf(in->uid, sizeof(in->uid), "%s", json_text(account, "uid"));
    ok = ok && find_base(c, txn, in, reterr) &&
         find_input(c, txn, in->uid, "training_file", &in->training, reterr) &&
         (!validation || json_is_null(validation) ||
          find_input(c, txn, in->uid, "validation_file", &in->validation, reterr));
    kvdb_abort(txn);
    return ok;
}

/* What may be set; in the order of the spec. */
static const struct hyper {
    const char *name;
    double low, high;
    bool whole, old; /* an integer; of 2022-12-01 only */
} hypers[] = {
    {"n_epochs",                 1,       LIMIT_EPOCHS, true,  false},
    {"batch_size",               1,       4096,         true,  false},
    {"learning_rate_multiplier", 0.00001, 100,          false, false},
    {"prompt_loss_weight",       0,       100,          false, true },
};

/* A number in the range, or (auto) left to the service. */
static bool take_number(const json_t *from, const struct hyper *h, json_t *to,
                        struct az_error *reterr)
{
    json_t *v = json_object_get(from, h->name);
    double d = json_number_value(v);

    if (!v || json_is_null(v) || (json_is_string(v) && strcmp(json_string_value(v), "auto") == 0) ||
        (json_is_integer(v) && json_integer_value(v) == -1)) {
        return true;
    }
    if (!json_is_number(v) || (h->whole && !json_is_integer(v)) || d < h->low || d > h->high) {
        return az_fail_target(reterr, AZ_ERR_INVALID_PAYLOAD, "hyperparameters",
                              "The hyperparameter '%s' is out of range.", h->name);
    }
    (void) json_object_set(to, h->name, v);
    return true;
}

/* Where each form has them: on top, in hyperparameters, in method.supervised (2025-04-01-preview
 * and v1; before, `method` is a member too new and so ignored). */
static bool take_hyper(struct provider_call *c, json_t *out, struct az_error *reterr)
{
    bool old = ai_dated_in(c, OAI_OLD_STATES);
    const json_t *method = ai_is_v1(c) || ai_dated_in(c, ARM_BIT(OAI_2025_04_01_PV))
                               ? json_object_get(c->body, "method")
                               : NULL;
    const json_t *from = json_object_get(c->body, "hyperparameters");

    if (method && !json_is_null(method)) {
        if (strcmp(json_text(method, "type"), "supervised") != 0) {
            return bad(reterr, "method", "Only the method 'supervised' is supported.");
        }
        from = json_object_get(json_object_get(method, "supervised"), "hyperparameters");
    }
    from = old ? c->body : from;
    if (from && !json_is_null(from) && !json_is_object(from)) {
        return bad(reterr, "hyperparameters", "The hyperparameters must be an object.");
    }
    for (size_t i = 0; i < ARRAY_LEN(hypers); i++) {
        if ((old || !hypers[i].old) && !take_number(from, &hypers[i], out, reterr)) {
            return false;
        }
    }
    return true;
}

/* Dated specs: "up to 40 characters (a-z, A-Z, 0-9,- and _)". */
static bool take_suffix(struct provider_call *c, json_t *job, struct az_error *reterr)
{
    size_t most = ai_is_v1(c) ? SUFFIX_V1 : SUFFIX_DATED;
    const json_t *v = json_object_get(c->body, "suffix");
    const char *s = json_text(c->body, "suffix");
    bool good = json_is_string(v) && s[0] && strlen(s) <= most;

    if (!v || json_is_null(v)) {
        return true;
    }
    for (const char *p = s; *p; p++) {
        good =
            good && (isalnum((unsigned char) *p) || strchr(ai_is_v1(c) ? "-_." : "-_", *p) != NULL);
    }
    if (!good) {
        return az_fail_target(reterr, AZ_ERR_INVALID_PAYLOAD, "suffix",
                              "The suffix must be a text of 1 to %zu letters, digits, '-' and '_'.",
                              most);
    }
    return json_object_set_new(job, "suffix", json_string(s)) == 0;
}

/* OpenAI's documented limits of metadata: 16 pairs, names of 64 and texts of 512 characters. */
static bool good_metadata(json_t *metadata)
{
    const char *name;
    json_t *v;

    if (!json_is_object(metadata) || json_object_size(metadata) > METADATA_MAX) {
        return false;
    }
    json_object_foreach(metadata, name, v)
    {
        if (!json_is_string(v) || strlen(name) > METADATA_NAME ||
            json_string_length(v) > METADATA_TEXT) {
            return false;
        }
    }
    return true;
}

static bool take_rest(struct provider_call *c, json_t *job, struct az_error *reterr)
{
    json_t *metadata = ai_is_v1(c) ? json_object_get(c->body, "metadata") : NULL;
    int64_t seed = 0;
    bool seeded = false;

    if (!json_get_int(c->body, "seed", &seeded, &seed) || seed < 0 || seed > INT32_MAX) {
        return bad(reterr, "seed", "The seed must be a number from 0 to 2147483647.");
    }
    if (!seeded) { /* "one will be generated for you": the job's id ends in random digits */
        const char *id = json_text(job, "id");

        seed = (int64_t) (strtoul(id + strlen(id) - 8, NULL, 16) & INT32_MAX);
    }
    (void) json_object_set_new(job, "seed", json_integer(seed));
    if (metadata && !json_is_null(metadata)) {
        if (!good_metadata(metadata)) {
            return bad(reterr, "metadata",
                       "The metadata must be an object of at most 16 texts of at most 512 "
                       "characters, with names of at most 64.");
        }
        (void) json_object_set_new(job, "metadata", json_deep_copy(metadata));
    }
    return true;
}

/* "curie.ft-72a2792ef7d24ba7b82c7fe4a37e379f" (the spec's example), and the suffix. */
static void name_model(const struct ai_model *base, json_t *job)
{
    const char *hex = strchr(json_text(job, "id"), '-');
    const char *suffix = json_text(job, "suffix");
    char id[96];

    ai_base_model_id(base, id);
    (void) json_object_set_new(
        job, "tuned",
        json_sprintf("%s.ft-%s%s%s", id, hex ? hex + 1 : "", suffix[0] ? "-" : "", suffix));
}

static void schedule(struct provider_call *c, json_t *job, int64_t tokens)
{
    int64_t now = c->now_ms / 1000;
    const json_t *hyper = json_object_get(job, "hyper");
    int64_t epochs = json_object_get(hyper, "n_epochs")
                         ? (int64_t) json_number_value(json_object_get(hyper, "n_epochs"))
                         : AUTO_EPOCHS;
    int64_t training = AI_TRAINING_S + tokens * epochs / 1000;

    training = training < AI_TRAINING_MAX_S ? training : AI_TRAINING_MAX_S;
    (void) json_object_set_new(job, "epochs", json_integer(epochs));
    (void) json_object_set_new(job, "tokens", json_integer(tokens * epochs));
    (void) json_object_set_new(job, "created", json_integer(now));
    (void) json_object_set_new(job, "started", json_integer(now + AI_QUEUED_S));
    (void) json_object_set_new(job, "finish", json_integer(now + AI_QUEUED_S + training));
}

static bool read_examples(struct provider_call *c, struct inputs *in, json_t *job,
                          struct az_error *reterr)
{
    bool chat = (in->base->uses & MODEL_CHAT) != 0;
    struct ai_examples training = {.chat = chat};
    struct ai_examples validation = {.chat = chat};
    struct data_keys keys = {0};
    char uid[40];
    bool ok =
        ai_open_keys(c, CMK_OP_FINE_TUNE, uid, &keys, reterr) &&
        ai_train_read(c, in->uid, in->training, &keys, &training, reterr) &&
        (!in->validation || ai_train_read(c, in->uid, in->validation, &keys, &validation, reterr));

    data_keys_wipe(&keys);
    if (ok && training.lines < (chat ? MIN_EXAMPLES : 1)) {
        return az_fail(reterr, AZ_ERR_JSONL_INVALID,
                       "Validation of jsonl file failed: the training file has %lld examples, but "
                       "must have at least %d.",
                       (long long) training.lines, chat ? MIN_EXAMPLES : 1);
    }
    (void) json_object_set_new(job, "examples", json_integer(training.lines));
    schedule(c, job, training.tokens);
    return ok;
}

static bool make_job(struct provider_call *c, struct inputs *in, json_t *job,
                     struct az_error *reterr)
{
    json_t *hyper = json_object();
    char id[64];

    ai_new_id("ftjob-", id);
    (void) json_object_set_new(job, "id", json_string(id));
    (void) json_object_set_new(job, "model", json_string(json_text(c->body, "model")));
    (void) json_object_set_new(job, "base", json_string(in->base->name));
    (void) json_object_set_new(job, "baseVersion", json_string(in->base->version));
    (void) json_object_set_new(job, "training_file", json_string(json_text(in->training, "id")));
    if (in->validation) {
        (void) json_object_set_new(job, "validation_file",
                                   json_string(json_text(in->validation, "id")));
    }
    (void) json_object_set_new(job, "hyper", hyper);
    (void) json_object_set_new(job, "state", json_string("active"));
    if (!take_hyper(c, hyper, reterr) || !take_suffix(c, job, reterr) ||
        !take_rest(c, job, reterr) || !read_examples(c, in, job, reterr)) {
        return false;
    }
    name_model(in->base, job);
    return true;
}

bool ai_job_create_prepare(struct provider_call *c, struct az_error *reterr)
{
    CLEANUP(inputs_done) struct inputs in = {0};
    struct creation *k = calloc(1, sizeof(*k));

    if (!k) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = k;
    c->prepared_free = creation_free;
    k->job = json_object();
    if (!ai_need_json(c, reterr) || !find_inputs(c, &in, reterr)) {
        return false;
    }
    (void) snprintf(k->uid, sizeof(k->uid), "%s", in.uid);
    return make_job(c, &in, k->job, reterr);
}

bool ai_job_create_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct creation *k = c->prepared;
    AUTO_JSON *account = NULL;

    if (!ai_account(c, txn, &account, reterr)) {
        return false;
    }
    if (strcmp(json_text(account, "uid"), k->uid) != 0) {
        return az_fail_internal(reterr, "the account has changed");
    }
    if (!job_store_put(txn, k->uid, NULL, k->job, reterr)) {
        return false;
    }
    AUTO_JSON *doc = ai_job_json(c, txn, k->uid, k->job);

    ai_set_location(c, json_text(k->job, "id"));
    return provider_answer_json(c, ai_is_v1(c) ? 200 : 201, doc);
}

static bool wrong_state(const json_t *job, const char *verb, struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_UNEXPECTED_ENTITY_STATE,
                   "The job '%.64s' can't be %s in its present state.", json_text(job, "id"), verb);
}

/* Stores a job that was changed and answers with it. */
static bool store(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                  const json_t *old, const json_t *job, struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");

    if (!job_store_put(txn, uid, old, job, reterr)) {
        return false;
    }
    AUTO_JSON *doc = ai_job_json(c, txn, uid, job);

    return provider_answer_json(c, 200, doc);
}

bool ai_job_cancel_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *old = NULL;
    AUTO_JSON *job = NULL;

    if (!ai_job_find(c, txn, &account, &old, reterr)) {
        return false;
    }
    if (ai_job_phase(old, c->now_ms / 1000) > AI_PHASE_PAUSED) {
        return wrong_state(old, "cancelled", reterr);
    }
    job = json_deep_copy(old);
    (void) json_object_set_new(job, "state", json_string("cancelled"));
    (void) json_object_set_new(job, "ended", json_integer(c->now_ms / 1000));
    return store(c, txn, account, old, job, reterr);
}

bool ai_job_pause_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *old = NULL;
    AUTO_JSON *job = NULL;
    int64_t now = c->now_ms / 1000;

    if (!ai_job_find(c, txn, &account, &old, reterr)) {
        return false;
    }
    if (ai_job_phase(old, now) != AI_PHASE_RUNNING) {
        return wrong_state(old, "paused", reterr);
    }
    job = json_deep_copy(old);
    (void) json_object_set_new(job, "state", json_string("paused"));
    (void) json_object_set_new(job, "pausedAt", json_integer(now));
    return store(c, txn, account, old, job, reterr);
}

/* It goes on where it was: its beginning and its end move by as long as it paused. */
bool ai_job_resume_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const times[] = {"started", "finish"};
    AUTO_JSON *account = NULL;
    AUTO_JSON *old = NULL;
    AUTO_JSON *job = NULL;
    json_int_t pause;

    if (!ai_job_find(c, txn, &account, &old, reterr)) {
        return false;
    }
    if (ai_job_phase(old, c->now_ms / 1000) != AI_PHASE_PAUSED) {
        return wrong_state(old, "resumed", reterr);
    }
    job = json_deep_copy(old);
    pause = c->now_ms / 1000 - json_integer_value(json_object_get(old, "pausedAt"));
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        (void) json_object_set_new(
            job, times[i],
            json_integer(json_integer_value(json_object_get(old, times[i])) + pause));
    }
    (void) json_object_set_new(job, "state", json_string("active"));
    (void) json_object_del(job, "pausedAt");
    return store(c, txn, account, old, job, reterr);
}

/*
 * The documents let the Fine-tunes API delete fine-tuned models, and the dated specs have no other
 * deletion: the model goes with its job (data.fine-tunes). Not while it runs or is deployed: ours.
 */
bool ai_job_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *job = NULL;
    AUTO_JSON *own = NULL;

    if (!ai_job_find(c, txn, &account, &job, reterr)) {
        return false;
    }
    if (ai_job_phase(job, c->now_ms / 1000) <= AI_PHASE_PAUSED) {
        return wrong_state(job, "deleted", reterr);
    }
    if (!child_get(txn, json_text(account, "uid"), TUNED_MODELS, json_text(job, "tuned"), &own,
                   reterr) ||
        (own && !ai_model_drop(c, txn, account, own, reterr))) {
        return false;
    }
    job_store_del(txn, json_text(account, "uid"), job);
    return provider_answer_empty(c, 204);
}
