/* SPDX-License-Identifier: MIT */
/*
 * Chat completions and completions: answers that depend on nothing but the request and the model,
 * echo-like and marked as simulated. Shapes: spec inference 2024-10-21; server-sent events as
 * OpenAI's.
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
#include "provider/domain/operation.h"

#define LIMIT_CHOICES 128 /* n, as documented */

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
    if (d && operation_is_creation(d, c->now_ms)) {
        return not_deployed(reterr); /* --latency=azure: not yet */
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
    AUTO_JSON *account = NULL;
    bool ok;

    *ret = (struct ai_served){0};
    if (!ai_need_json(c, reterr)) {
        return false;
    }
    if (!name[0]) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "you must provide a model parameter");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = read_served(c, txn, name, &account, ret, reterr);
    kvdb_abort(txn);
    if (!ok) {
        return false;
    }
    if (ret->tuned) {
        cmk_check_serving(c, account, true);
    }
    return (ret->base->uses & use) != 0 ||
           az_fail(
               reterr, AZ_ERR_OPERATION_NOT_SUPPORTED,
               "The %s operation does not work with the specified model, %s. Please choose "
               "different model and try again. You can learn more about which models can be "
               "used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.",
               operation, ret->model);
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

struct stream {
    struct buf text;
    size_t at;
};

static ssize_t stream_read(void *ctx, uint8_t *out, size_t cap)
{
    struct stream *s = ctx;
    size_t n = s->text.len - s->at < cap ? s->text.len - s->at : cap;

    if (n > 0) {
        memcpy(out, s->text.data + s->at, n);
    }
    s->at += n;
    return (ssize_t) n;
}

static void stream_close(void *ctx)
{
    struct stream *s = ctx;

    buf_done(&s->text);
    free(s);
}

bool ai_answer_stream(struct provider_call *c, struct buf *text, struct az_error *reterr)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s || !buf_ok(text)) {
        free(s);
        return az_fail_internal(reterr, "out of memory");
    }
    s->text = *text;
    *text = (struct buf){0};
    c->x->resp.status = 200;
    c->x->resp.content_type = "text/event-stream; charset=utf-8";
    c->x->resp.source = (struct http_source){.read = stream_read, .close = stream_close, .ctx = s};
    return true;
}

bool ai_answered_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) c; /* prepare has answered */
    (void) txn;
    (void) reterr;
    return true;
}

void ai_complete(const struct ai_served *s, const char *prompt, struct buf *out)
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

/* The text of a message's content: a string, or its parts of type text. */
static bool content_text(const json_t *content, struct buf *out)
{
    const json_t *part;
    size_t i;

    if (json_is_string(content)) {
        buf_add(out, json_string_value(content), json_string_length(content));
        return true;
    }
    json_array_foreach(content, i, part)
    {
        const char *type = json_text(part, "type");

        if (strcmp(type, "text") == 0) {
            buf_str(out, json_text(part, "text"));
        } else if (!type[0]) {
            return false;
        }
    }
    return json_is_array(content) || !content || json_is_null(content);
}

static bool bad(struct az_error *reterr, const char *target, const char *why)
{
    (void) az_fail(reterr, AZ_ERR_INVALID_REQUEST_ERROR, "%s", why);
    reterr->target = target;
    return false;
}

struct request {
    struct buf prompt; /* what is answered: the last user message, the prompt */
    size_t read;       /* bytes of all of it */
    int64_t n;
    int64_t max_tokens; /* 0: any */
    bool stream, usage;
};

static void request_done(struct request *r)
{
    buf_done(&r->prompt);
}

/* Types and ranges as the spec declares them. */
static bool read_options(const struct provider_call *c, struct request *r, struct az_error *reterr)
{
    static const struct {
        const char *name;
        double low, high;
    } numbers[] = {
        {"temperature",       0,  2},
        {"top_p",             0,  1},
        {"presence_penalty",  -2, 2},
        {"frequency_penalty", -2, 2}
    };
    const json_t *options = json_object_get(c->body, "stream_options");
    bool there = false;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const json_t *v = json_object_get(c->body, numbers[i].name);
        double d = json_number_value(v);

        if (v && !json_is_null(v) &&
            (!json_is_number(v) || d < numbers[i].low || d > numbers[i].high)) {
            return bad(reterr, numbers[i].name, "A sampling parameter is out of range.");
        }
    }
    if (!json_get_int(c->body, "n", &there, &r->n)) {
        return bad(reterr, "n", "n must be a number.");
    }
    r->n = there ? r->n : 1;
    if (r->n < 1 || r->n > LIMIT_CHOICES) {
        return bad(reterr, "n", "n must be between 1 and 128.");
    }
    there = false;
    if (!json_get_int(c->body, "max_tokens", &there, &r->max_tokens) ||
        (there && r->max_tokens < 1)) {
        return bad(reterr, "max_tokens", "max_tokens must be a positive number.");
    }
    if (!there && (!json_get_int(c->body, "max_completion_tokens", &there, &r->max_tokens) ||
                   (there && r->max_tokens < 1))) {
        return bad(reterr, "max_completion_tokens",
                   "max_completion_tokens must be a positive number.");
    }
    if (!json_get_bool(c->body, "stream", &there, &r->stream)) {
        return bad(reterr, "stream", "stream must be a boolean.");
    }
    r->usage = json_is_true(json_object_get(options, "include_usage"));
    return true;
}

static bool known_role(const char *role)
{
    static const char *const roles[] = {"system",    "developer", "user",
                                        "assistant", "tool",      "function"};

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (strcmp(roles[i], role) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_messages(const struct provider_call *c, struct request *r, struct az_error *reterr)
{
    const json_t *messages = json_object_get(c->body, "messages");
    const json_t *m;
    size_t i;

    if (!json_is_array(messages)) {
        return bad(reterr, "messages", "'messages' is a required property.");
    }
    if (json_array_size(messages) == 0) {
        return bad(reterr, "messages", "[] is too short - 'messages'");
    }
    json_array_foreach(messages, i, m)
    {
        const char *role = json_text(m, "role");
        CLEANUP(buf_done) struct buf text = {0};

        if (!known_role(role)) {
            return bad(reterr, "messages",
                       "A message's 'role' is not one of ['system', "
                       "'assistant', 'user', 'function', 'tool', "
                       "'developer'].");
        }
        if (!content_text(json_object_get(m, "content"), &text)) {
            return bad(reterr, "messages", "A message's 'content' is not valid.");
        }
        r->read += text.len;
        if (strcmp(role, "user") == 0) {
            r->prompt.len = 0;
            buf_add(&r->prompt, text.data ? text.data : "", text.len);
        }
    }
    return buf_ok(&r->prompt) || az_fail_internal(reterr, "out of memory");
}

static const char *prompt_of(const struct request *r)
{
    return r->prompt.len > 0 ? r->prompt.data : "";
}

/* One answer; "length" when max_tokens cut it, at a whole character. */
static const char *make_answer(const struct ai_served *s, const struct request *r, struct buf *out)
{
    size_t most = (size_t) r->max_tokens * 4;

    ai_complete(s, prompt_of(r), out);
    if (r->max_tokens == 0 || !out->data || out->len <= most) {
        return "stop";
    }
    while (most > 0 && ((unsigned char) out->data[most] & 0xc0) == 0x80) {
        most--;
    }
    out->data[most] = '\0';
    out->len = most;
    return "length";
}

static json_t *usage_json(const struct request *r, size_t written)
{
    json_int_t in = ai_tokens(r->read);
    json_int_t out = ai_tokens(written) * r->n;

    return json_pack("{s:I,s:I,s:I}", "prompt_tokens", in, "completion_tokens", out, "total_tokens",
                     in + out);
}

static void event(struct buf *out, const json_t *doc)
{
    buf_str(out, "data: ");
    json_write(out, doc);
    buf_str(out, "\n\n");
}

/* A choice of a whole answer, or (piece) of a stream; text NULL: the end. */
static json_t *choice_json(bool chat, bool piece, int64_t index, const char *text,
                           const char *finish)
{
    json_t *choice = json_pack("{s:I,s:n}", "index", (json_int_t) index, "logprobs");
    json_t *message = chat ? json_object() : NULL;

    if (chat && text) {
        (void) json_object_set_new(message, "role", json_string("assistant"));
        (void) json_object_set_new(message, "content", json_string(text));
    }
    if (chat) {
        (void) json_object_set_new(choice, piece ? "delta" : "message", message);
    } else {
        (void) json_object_set_new(choice, "text", json_string(text ? text : ""));
    }
    (void) json_object_set_new(choice, "finish_reason", finish ? json_string(finish) : json_null());
    return choice;
}

/* Where the next piece of a stream ends: behind the next space, as tokens often do. */
static size_t piece_len(const char *p)
{
    const char *space = strchr(p, ' ');

    return space ? (size_t) (space - p) + 1 : strlen(p);
}

static bool answer_stream(struct provider_call *c, bool chat, json_t *head, const struct request *r,
                          const char *text, const char *finish, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf out = {0};
    char piece[1024];

    for (int64_t i = 0; i < r->n; i++) {
        for (const char *p = text; *p;) {
            size_t n = piece_len(p);

            n = n < sizeof(piece) ? n : sizeof(piece) - 1;
            while (n > 1 && p[n] && ((unsigned char) p[n] & 0xc0) == 0x80) {
                n--;
            }
            (void) snprintf(piece, n + 1, "%s", p);
            (void) json_object_set_new(head, "choices",
                                       json_pack("[o]", choice_json(chat, true, i, piece, NULL)));
            event(&out, head);
            p += n;
        }
        (void) json_object_set_new(head, "choices",
                                   json_pack("[o]", choice_json(chat, true, i, NULL, finish)));
        event(&out, head);
    }
    if (r->usage) {
        (void) json_object_set_new(head, "choices", json_array());
        (void) json_object_set_new(head, "usage", usage_json(r, strlen(text)));
        event(&out, head);
    }
    buf_str(&out, "data: [DONE]\n\n");
    return ai_answer_stream(c, &out, reterr);
}

static bool answer(struct provider_call *c, bool chat, const struct ai_served *s,
                   const struct request *r, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    const char *finish = make_answer(s, r, &text);
    const char *object = !chat       ? "text_completion"
                         : r->stream ? "chat.completion.chunk"
                                     : "chat.completion";
    AUTO_JSON *doc = ai_answer_head(c, chat ? "chatcmpl-" : "cmpl-", object, s);
    json_t *choices = json_array();

    (void) json_object_set_new(doc, "choices", choices);
    if (!buf_ok(&text)) {
        return az_fail_internal(reterr, "out of memory");
    }
    const char *said = text.data ? text.data : "";

    if (r->stream) {
        return answer_stream(c, chat, doc, r, said, finish, reterr);
    }
    for (int64_t i = 0; i < r->n; i++) {
        (void) json_array_append_new(choices, choice_json(chat, false, i, said, finish));
    }
    (void) json_object_set_new(doc, "usage", usage_json(r, text.len));
    return provider_answer_json(c, 200, doc);
}

bool ai_chat_prepare(struct provider_call *c, struct az_error *reterr)
{
    CLEANUP(request_done) struct request r = {0};
    struct ai_served s;
    bool ok = ai_find_served(c, MODEL_CHAT, "chatCompletion", &s, reterr) &&
              read_options(c, &r, reterr) && read_messages(c, &r, reterr) &&
              answer(c, true, &s, &r, reterr);

    bytes_clear_free(&s.artefact);
    return ok;
}

/* A prompt is a string or a list of one; absent, it is a document's beginning. */
static bool read_prompt(const struct provider_call *c, struct request *r, struct az_error *reterr)
{
    const json_t *prompt = json_object_get(c->body, "prompt");

    if (json_is_array(prompt) && json_array_size(prompt) == 1) {
        prompt = json_array_get(prompt, 0);
    }
    if (prompt && !json_is_null(prompt) && !json_is_string(prompt)) {
        return bad(reterr, "prompt", "The prompt must be a string, or a list of one string.");
    }
    buf_str(&r->prompt, json_is_string(prompt) ? json_string_value(prompt) : "<|endoftext|>");
    r->read = r->prompt.len;
    r->max_tokens = r->max_tokens > 0 ? r->max_tokens : 16; /* the spec's default */
    return buf_ok(&r->prompt) || az_fail_internal(reterr, "out of memory");
}

bool ai_completion_prepare(struct provider_call *c, struct az_error *reterr)
{
    CLEANUP(request_done) struct request r = {0};
    struct ai_served s;
    bool ok = ai_find_served(c, MODEL_COMPLETION, "completion", &s, reterr) &&
              read_options(c, &r, reterr) && read_prompt(c, &r, reterr) &&
              answer(c, false, &s, &r, reterr);

    bytes_clear_free(&s.artefact);
    return ok;
}
