/* SPDX-License-Identifier: MIT */
/*
 * Chat completions and completions: answers that depend on nothing but the request and the model,
 * echo-like and marked as simulated. Shapes: spec inference 2024-10-21.
 */
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_infer.h"
#include "provider/api/ai_serving.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_check.h"
#include "provider/api/deployment.h"

static bool not_deployed(struct az_error *reterr)
{
    /* Text: what users of the service quote. */
    return az_fail(reterr, AZ_ERR_DEPLOYMENT_NOT_FOUND,
                   "The API deployment for this resource does not exist. If you created the "
                   "deployment within the last 5 minutes, please wait a moment and try again.");
}

static bool read_served(struct provider_call *c, struct kvdb_txn *txn, const char *name,
                        json_t **account, struct ai_served *ret, struct az_error *reterr)
{
    AUTO_JSON *d = NULL;

    if (!ai_account(c, txn, account, reterr) || !deployment_get(txn, *account, name, &d, reterr)) {
        return false;
    }
    if (!d) {
        cmk_check_serving(c, *account, false);
        return not_deployed(reterr);
    }
    ret->base = deployment_model(txn, *account, d, &ret->tuned);
    /* A deployment serves until it is deleted, also when its model's record is gone. */
    (void) snprintf(ret->deployment, sizeof(ret->deployment), "%s", json_text(d, "name"));
    (void) snprintf(ret->model, sizeof(ret->model), "%s",
                    json_text(json_object_get(d, "model"), "name"));
    return ret->base ? ai_serving_open(c->d, txn, *account, ret->deployment, &ret->artefact, reterr)
                     : not_deployed(reterr);
}

bool ai_find_served(struct provider_call *c, enum ai_model_use use, const char *operation,
                    struct ai_served *ret, struct az_error *reterr)
{
    const char *name = ai_is_v1(c) ? json_text(c->body, "model") : provider_param(c, 0);
    struct kvdb_txn *txn = NULL;
    bool ok;

    *ret = (struct ai_served){0};
    if (!ai_need_json(c, reterr)) {
        return false;
    }
    if (!name[0]) {
        return ai_bad_member(reterr, NULL, "you must provide a model parameter");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = read_served(c, txn, name, &ret->account, ret, reterr);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    if (ret->tuned) {
        cmk_check_serving(c, ret->account, true);
    }
    return (ret->base->uses & use) != 0 ||
           az_fail(
               reterr, AZ_ERR_OPERATION_NOT_SUPPORTED,
               "The %s operation does not work with the specified model, %s. Please choose "
               "different model and try again. You can learn more about which models can be "
               "used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.",
               operation, ret->model);
}

void ai_served_done(struct ai_served *s)
{
    json_decref(take_ptr(s->account));
    bytes_clear_free(&s->artefact);
}

json_t *ai_answer_head(struct provider_call *c, const char *prefix, const char *object,
                       const struct ai_served *s)
{
    char id[64];

    ai_new_id(prefix, id);
    return json_pack("{s:s,s:s,s:I,s:s,s:s}", "id", id, "object", object, "created",
                     (json_int_t) (c->now_ms / 1000), "model", s->model, "system_fingerprint",
                     AI_FINGERPRINT);
}

bool ai_answered_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) c; /* prepare has answered */
    (void) txn;
    (void) reterr;
    return true;
}

/* The answer to a prompt: what a fine-tuned model was trained to say, else an echo. */
static void complete(const struct ai_served *s, const char *prompt, struct buf *out)
{
    const char *p = (const char *) s->artefact.data;
    const char *end = p ? p + s->artefact.len : NULL;

    while (p && p < end) {
        const char *nl = memchr(p, '\n', (size_t) (end - p));
        size_t len = (size_t) ((nl ? nl : end) - p);
        AUTO_JSON *pair = json_loadb(p, len, 0, NULL);

        if (pair && strcmp(json_text(pair, "p"), prompt) == 0) {
            buf_str(out, json_text(pair, "c"));
            return;
        }
        p = nl ? nl + 1 : end;
    }
    buf_fmt(out, "[simulated by kvsim] %s heard: %s", s->model, prompt);
}

/* At the first of the texts at which the client wants it to end. */
static void cut_at_stops(const json_t *stop, struct buf *text)
{
    size_t n = json_is_string(stop) ? 1 : json_array_size(stop);

    for (size_t i = 0; i < n && text->data; i++) {
        const char *s = json_string_value(json_is_string(stop) ? stop : json_array_get(stop, i));
        const char *at = *s ? strstr(text->data, s) : NULL;

        if (at) {
            text->len = (size_t) (at - text->data);
            text->data[text->len] = '\0';
        }
    }
}

/* "length" when the limit cut it, at a whole character. */
static const char *cut_at_most(size_t most, struct buf *text)
{
    if (!text->data || text->len <= most) {
        return "stop";
    }
    while (most > 0 && ((unsigned char) text->data[most] & 0xc0) == 0x80) {
        most--;
    }
    text->data[most] = '\0';
    text->len = most;
    return "length";
}

static bool say(const struct ai_served *s, const struct ai_request *r, size_t i,
                struct ai_answers *a, struct az_error *reterr)
{
    const char *prompt = r->prompts[i].data ? r->prompts[i].data : "";
    struct ai_said *said = &a->said[i];

    a->n_said = i + 1;
    complete(s, prompt, &said->text);
    if (!buf_ok(&said->text)) {
        return az_fail_internal(reterr, "out of memory");
    }
    cut_at_stops(r->stop, &said->text);
    said->finish = cut_at_most(r->most, &said->text);
    a->tokens_out += ai_tokens(said->text.len) * r->n;
    if (r->echo) {
        CLEANUP(buf_done) struct buf alone = said->text;

        said->text = (struct buf){0};
        buf_str(&said->text, prompt);
        buf_add(&said->text, alone.data ? alone.data : "", alone.len);
    }
    return buf_ok(&said->text) || az_fail_internal(reterr, "out of memory");
}

void ai_answers_done(struct ai_answers *a)
{
    for (size_t i = 0; i < a->n_said; i++) {
        buf_done(&a->said[i].text);
    }
}

json_t *ai_usage_json(const struct ai_answers *a)
{
    json_int_t in = a->tokens_in;
    json_int_t out = a->tokens_out;

    return json_pack("{s:I,s:I,s:I}", "prompt_tokens", in, "completion_tokens", out, "total_tokens",
                     in + out);
}

static json_t *choice_json(bool chat, int64_t index, const struct ai_said *said)
{
    const char *text = said->text.data ? said->text.data : "";
    json_t *choice = json_pack("{s:I,s:n}", "index", (json_int_t) index, "logprobs");

    if (chat) {
        (void) json_object_set_new(choice, "message",
                                   json_pack("{s:s,s:s}", "role", "assistant", "content", text));
    } else {
        (void) json_object_set_new(choice, "text", json_string(text));
    }
    (void) json_object_set_new(choice, "finish_reason", json_string(said->finish));
    return choice;
}

static bool answer_whole(struct provider_call *c, json_t *doc, const struct ai_answers *a)
{
    json_t *choices = json_array();

    (void) json_object_set_new(doc, "choices", choices);
    for (int64_t i = 0; i < a->n * (int64_t) a->n_said; i++) {
        (void) json_array_append_new(choices, choice_json(a->chat, i, &a->said[i / a->n]));
    }
    (void) json_object_set_new(doc, "usage", ai_usage_json(a));
    return provider_answer_json(c, 200, doc);
}

static bool answer(struct provider_call *c, const struct ai_served *s, const struct ai_request *r,
                   struct az_error *reterr)
{
    CLEANUP(ai_answers_done)
    struct ai_answers a = {
        .chat = r->chat, .n = r->n, .with_usage = r->usage, .tokens_in = ai_tokens(r->read)};
    const char *object = !r->chat    ? "text_completion"
                         : r->stream ? "chat.completion.chunk"
                                     : "chat.completion";
    AUTO_JSON *doc = ai_answer_head(c, r->chat ? "chatcmpl-" : "cmpl-", object, s);

    for (size_t i = 0; i < r->n_prompts; i++) {
        if (!say(s, r, i, &a, reterr)) {
            return false;
        }
    }
    return r->stream ? ai_answer_stream(c, take_ptr(doc), &a, reterr) : answer_whole(c, doc, &a);
}

bool ai_chat_prepare(struct provider_call *c, struct az_error *reterr)
{
    CLEANUP(ai_request_done) struct ai_request r = {0};
    CLEANUP(ai_served_done) struct ai_served s = {0};

    return ai_find_served(c, MODEL_CHAT, "chatCompletion", &s, reterr) &&
           ai_request_read_chat(c, &s, &r, reterr) && answer(c, &s, &r, reterr);
}

bool ai_completion_prepare(struct provider_call *c, struct az_error *reterr)
{
    CLEANUP(ai_request_done) struct ai_request r = {0};
    CLEANUP(ai_served_done) struct ai_served s = {0};

    return ai_find_served(c, MODEL_COMPLETION, "completion", &s, reterr) &&
           ai_request_read_completion(c, &r, reterr) && answer(c, &s, &r, reterr);
}
