/* SPDX-License-Identifier: MIT */
/* What inference operations share: the deployment that serves, the request, the answer. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_models.h"

#define AI_FINGERPRINT "kvsim" /* marks every answer as simulated */
#define AI_PROMPTS_MAX 20      /* of one request for completions, as documented */
#define AI_STOPS_MAX   4       /* the spec's */

struct ai_served {
    json_t *account;
    char deployment[80];
    char model[256]; /* as answers name it */
    const struct ai_model *base;
    bool tuned;
    struct bytes artefact; /* of a fine-tuned model */
};

/*
 * The deployment of the request (of the path, or of `model` in v1), good for this use; notes
 * rev.oai-serving. The caller ends it with ai_served_done(), also after a failure.
 */
bool ai_find_served(struct provider_call *c, enum ai_model_use use, const char *operation,
                    struct ai_served *ret, struct az_error *reterr) MUST_CHECK;
void ai_served_done(struct ai_served *s);
/* The members that every answer has: id, object, created, model. */
json_t *ai_answer_head(struct provider_call *c, const char *prefix, const char *object,
                       const struct ai_served *s);
/* 400 invalid_request_error; target: the member, static. Always false. */
bool ai_bad_member(struct az_error *reterr, const char *target, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Longer than the model's context, in the service's words. Always false. */
bool ai_too_long(struct az_error *reterr, const char *target, int64_t most, int64_t tokens);

/* What is asked of a model, judged: ai_chat_request.c. */
struct ai_request {
    bool chat;
    struct buf prompts[AI_PROMPTS_MAX]; /* chat: the last user message */
    size_t n_prompts;
    size_t read;        /* bytes of all of it */
    int64_t n;          /* choices for each prompt */
    size_t most;        /* bytes of an answer */
    const json_t *stop; /* a text, or texts; of the body */
    bool stream, usage, echo;
};
bool ai_request_read_chat(struct provider_call *c, const struct ai_served *s, struct ai_request *r,
                          struct az_error *reterr) MUST_CHECK;
bool ai_request_read_completion(struct provider_call *c, struct ai_request *r,
                                struct az_error *reterr) MUST_CHECK;
void ai_request_done(struct ai_request *r);

/* One answer to a prompt; the choices of a prompt are all alike. */
struct ai_said {
    struct buf text;
    const char *finish; /* "stop", "length" */
};
struct ai_answers {
    bool chat, with_usage;
    int64_t n; /* choices for each prompt */
    size_t n_said;
    struct ai_said said[AI_PROMPTS_MAX];
    int64_t tokens_in, tokens_out;
};
void ai_answers_done(struct ai_answers *a);
/*
 * Answers with server-sent events, written as they are read: a stream takes no more memory than its
 * texts. Takes head and texts over.
 */
bool ai_answer_stream(struct provider_call *c, json_t *head, struct ai_answers *a,
                      struct az_error *reterr) MUST_CHECK;
json_t *ai_usage_json(const struct ai_answers *a);
