/* SPDX-License-Identifier: MIT */
/* What inference operations share: the deployment that serves, and the answer as a stream. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_models.h"

#define AI_FINGERPRINT "kvsim" /* marks every answer as simulated */

struct ai_served {
    char deployment[80];
    char model[256]; /* as answers name it */
    const struct ai_model *base;
    bool tuned;
    struct bytes artefact; /* of a fine-tuned model */
};

/*
 * The deployment of the request (of the path, or of `model` in v1), good for this use; notes
 * rev.oai-serving. The caller clears the artefact.
 */
bool ai_find_served(struct provider_call *c, enum ai_model_use use, const char *operation,
                    struct ai_served *ret, struct az_error *reterr) MUST_CHECK;
/* The members that every answer has: id, object, created, model. */
json_t *ai_answer_head(struct provider_call *c, const char *prefix, const char *object,
                       const struct ai_served *s);
/* Answers with server-sent events that are already written; takes text over. */
bool ai_answer_stream(struct provider_call *c, struct buf *text, struct az_error *reterr)
    MUST_CHECK;
/* The answer to a prompt: what a fine-tuned model was trained to say, else an echo. */
void ai_complete(const struct ai_served *s, const char *prompt, struct buf *out);
