/* SPDX-License-Identifier: MIT */
/*
 * Fine-tuning: the stored job, its phases over the simulated clock, and its end.
 *
 * A job is {"id", "model", "base", "baseVersion", "training_file", "validation_file"?, "suffix"?,
 * "seed"?, "metadata"?, "hyper", "epochs", "examples", "tokens", "created", "started", "finish",
 * "state", "ended"?, "error"?, "tuned"?, "result_file"?, "left"?}; times in seconds. "state" is
 * what was decided: active, paused (with the seconds that are left), succeeded, failed, cancelled.
 */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_models.h"
#include "provider/store/layers.h"

enum ai_phase {
    AI_PHASE_VALIDATING, /* "created", "validating_files" */
    AI_PHASE_QUEUED,     /* "pending", "queued" */
    AI_PHASE_RUNNING,
    AI_PHASE_PAUSED,
    AI_PHASE_SUCCEEDED,
    AI_PHASE_FAILED,
    AI_PHASE_CANCELLED,
};

/* Simulated durations; ours: the service promises none. */
#define AI_VALIDATING_S   30  /* from creation */
#define AI_QUEUED_S       60  /* from creation, until it runs */
#define AI_TRAINING_S     600 /* at least */
#define AI_TRAINING_MAX_S (6 * 3600)

/* The job of parameter 0 and its account. */
bool ai_job_find(struct provider_call *c, struct kvdb_txn *txn, json_t **account, json_t **job,
                 struct az_error *reterr) MUST_CHECK;
enum ai_phase ai_job_phase(const json_t *job, int64_t now_s);
/* The job in the form and version of the request; new reference. */
json_t *ai_job_json(struct provider_call *c, struct kvdb_txn *txn, const char *uid,
                    const json_t *job);

/* What a file of examples comes to. */
struct ai_examples {
    bool chat; /* messages; else prompt and completion */
    int64_t lines, tokens;
    struct buf *pairs; /* NULL, or {"p", "c"} lines of what a model remembers of them */
};
/* Reads a file; false: *reterr names the first bad line. Worker threads only. */
bool ai_train_read(struct provider_call *c, const char *uid, const json_t *file,
                   const struct data_keys *keys, struct ai_examples *ret, struct az_error *reterr)
    MUST_CHECK;

/*
 * Jobs whose time has come end before anything else is answered: prepare (on a worker) trains and
 * writes the blobs, write stores what they belong to. A job that can't be ended now, because
 * providerd itself fails or the vault can't answer, stays due for the next request.
 */
struct ai_settlement;
bool ai_settle_due(struct provider_call *c, struct kvdb_txn *txn);
void ai_settle_prepare(struct provider_call *c);
bool ai_settle_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
    MUST_CHECK;
void ai_settle_free(struct ai_settlement *s);
