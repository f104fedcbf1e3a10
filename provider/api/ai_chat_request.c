/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a model: the bodies of chat completions and completions, judged as the spec
 * (inference 2024-10-21) declares them. Nothing here answers. URIs that the model would fetch are
 * judged by data loss prevention (sec.dlp); none is fetched.
 */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_infer.h"
#include "provider/api/ai_security.h"

#define LIMIT_CHOICES 128 /* n, as documented */
#define DEFAULT_MOST  16  /* max_tokens of completions, the spec's */

bool ai_bad_member(struct az_error *reterr, const char *target, const char *fmt, ...)
{
    char text[AZ_ERROR_MESSAGE_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return az_fail_target(reterr, AZ_ERR_INVALID_REQUEST_ERROR, target, "%s", text);
}

/* Code and text: as users quote them (assafelovic/gpt-researcher issue 680). */
bool ai_too_long(struct az_error *reterr, const char *target, int64_t most, int64_t tokens)
{
    (void) az_fail_inner(reterr, AZ_ERR_INVALID_REQUEST_ERROR, "context_length_exceeded",
                         "This model's maximum context length is %lld tokens. However, your "
                         "%s resulted in %lld tokens. Please reduce the length of the %s.",
                         (long long) most, target, (long long) tokens, target);
    reterr->target = target;
    return false;
}

void ai_request_done(struct ai_request *r)
{
    for (size_t i = 0; i < r->n_prompts; i++) {
        buf_done(&r->prompts[i]);
    }
}

static bool read_sampling(const struct provider_call *c, struct az_error *reterr)
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

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const json_t *v = json_object_get(c->body, numbers[i].name);
        double d = json_number_value(v);

        if (v && !json_is_null(v) &&
            (!json_is_number(v) || d < numbers[i].low || d > numbers[i].high)) {
            return ai_bad_member(reterr, numbers[i].name, "'%s' must be a number from %g to %g.",
                                 numbers[i].name, numbers[i].low, numbers[i].high);
        }
    }
    return true;
}

/* max_completion_tokens is the later name of max_tokens. */
static bool read_most(const struct provider_call *c, struct ai_request *r, struct az_error *reterr)
{
    static const char *const names[] = {"max_tokens", "max_completion_tokens"};
    int64_t most = r->chat ? LIMIT_ANSWER_TOKENS : DEFAULT_MOST;
    bool found = false;

    for (size_t i = 0; !found && i < ARRAY_LEN(names); i++) {
        int64_t given = 0;

        if (!json_get_int(c->body, names[i], &found, &given) || (found && given < 1)) {
            return ai_bad_member(reterr, names[i], "'%s' must be a positive number.", names[i]);
        }
        most = found ? given : most;
    }
    most = most < LIMIT_ANSWER_TOKENS ? most : LIMIT_ANSWER_TOKENS;
    r->most = (size_t) most * 4; /* ai_tokens() */
    return true;
}

static bool read_stop(const struct provider_call *c, struct ai_request *r, struct az_error *reterr)
{
    const json_t *stop = json_object_get(c->body, "stop");
    const json_t *one;
    size_t i;

    if (!stop || json_is_null(stop)) {
        return true;
    }
    if (!json_is_string(stop) && (!json_is_array(stop) || json_array_size(stop) > AI_STOPS_MAX)) {
        return ai_bad_member(reterr, "stop", "'stop' must be a text or a list of at most 4 texts.");
    }
    json_array_foreach(stop, i, one)
    {
        if (!json_is_string(one)) {
            return ai_bad_member(reterr, "stop", "'stop' must be a text or a list of texts.");
        }
    }
    r->stop = stop;
    return true;
}

static bool read_stream(const struct provider_call *c, struct ai_request *r,
                        struct az_error *reterr)
{
    const json_t *options = json_object_get(c->body, "stream_options");
    bool there = false;

    if (!json_get_bool(c->body, "stream", &there, &r->stream)) {
        return ai_bad_member(reterr, "stream", "'stream' must be a boolean.");
    }
    if (!options || json_is_null(options)) {
        return true;
    }
    if (!json_is_object(options)) {
        return ai_bad_member(reterr, "stream_options", "'stream_options' must be an object.");
    }
    r->usage = json_is_true(json_object_get(options, "include_usage"));
    return r->stream || ai_bad_member(reterr, "stream_options",
                                      "The 'stream_options' parameter is only allowed when "
                                      "'stream' is enabled.");
}

/* Types and ranges as the spec declares them. */
static bool read_options(const struct provider_call *c, struct ai_request *r,
                         struct az_error *reterr)
{
    bool there = false;

    if (!json_get_int(c->body, "n", &there, &r->n)) {
        return ai_bad_member(reterr, "n", "'n' must be a number.");
    }
    r->n = there ? r->n : 1;
    if (r->n < 1 || r->n > LIMIT_CHOICES) {
        return ai_bad_member(reterr, "n", "'n' must be between 1 and %d.", LIMIT_CHOICES);
    }
    return read_sampling(c, reterr) && read_most(c, r, reterr) && read_stop(c, r, reterr) &&
           read_stream(c, r, reterr);
}

/* An image comes with the request, or would be fetched from where the customer says. */
static bool check_image(struct provider_call *c, const struct ai_served *s, const json_t *part,
                        struct az_error *reterr)
{
    const json_t *image = json_object_get(part, "image_url");
    const char *url = json_text(image, "url");

    if (!url[0]) {
        return ai_bad_member(reterr, "messages", "An 'image_url' needs a 'url'.");
    }
    return strncasecmp(url, "data:", 5) == 0 ||
           ai_check_uri(c, s->account, "image_url", url, reterr);
}

/* The text of a message's content: a string, or its parts of type text. */
static bool read_content(struct provider_call *c, const struct ai_served *s, const json_t *content,
                         struct buf *out, struct az_error *reterr)
{
    const json_t *part;
    size_t i;

    if (json_is_string(content)) {
        buf_add(out, json_string_value(content), json_string_length(content));
        return true;
    }
    if (content && !json_is_array(content) && !json_is_null(content)) {
        return ai_bad_member(reterr, "messages", "A message's 'content' is a text or a list.");
    }
    json_array_foreach(content, i, part)
    {
        const char *type = json_text(part, "type");

        if (!type[0]) {
            return ai_bad_member(reterr, "messages", "A part of a 'content' needs a 'type'.");
        }
        if (strcmp(type, "image_url") == 0 && !check_image(c, s, part, reterr)) {
            return false;
        }
        if (strcmp(type, "text") == 0) {
            buf_str(out, json_text(part, "text"));
        }
    }
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

static bool read_message(struct provider_call *c, const struct ai_served *s, const json_t *message,
                         struct ai_request *r, struct az_error *reterr)
{
    const char *role = json_text(message, "role");
    struct buf *prompt = &r->prompts[0];
    CLEANUP(buf_done) struct buf text = {0};

    if (!known_role(role)) {
        return ai_bad_member(reterr, "messages",
                             "A message's 'role' is not one of ['system', 'assistant', 'user', "
                             "'function', 'tool', 'developer'].");
    }
    if (!read_content(c, s, json_object_get(message, "content"), &text, reterr)) {
        return false;
    }
    r->read += text.len;
    if (strcmp(role, "user") == 0) {
        prompt->len = 0;
        buf_add(prompt, text.data ? text.data : "", text.len);
    }
    return (buf_ok(&text) && buf_ok(prompt)) || az_fail_internal(reterr, "out of memory");
}

/* "On your data": the endpoint of a search index that the service would ask. None is asked. */
static bool check_sources(struct provider_call *c, const struct ai_served *s,
                          struct az_error *reterr)
{
    const json_t *source;
    size_t i;

    json_array_foreach(json_object_get(c->body, "data_sources"), i, source)
    {
        const char *uri = json_text(json_object_get(source, "parameters"), "endpoint");

        if (uri[0] && !ai_check_uri(c, s->account, "data_sources", uri, reterr)) {
            return false;
        }
    }
    return true;
}

bool ai_request_read_chat(struct provider_call *c, const struct ai_served *s, struct ai_request *r,
                          struct az_error *reterr)
{
    const json_t *messages = json_object_get(c->body, "messages");
    const json_t *m;
    size_t i;

    r->chat = true;
    r->n_prompts = 1;
    if (!read_options(c, r, reterr)) {
        return false;
    }
    if (!json_is_array(messages)) {
        return ai_bad_member(reterr, "messages", "'messages' is a required property");
    }
    if (json_array_size(messages) == 0) {
        return ai_bad_member(reterr, "messages", "[] is too short - 'messages'");
    }
    json_array_foreach(messages, i, m)
    {
        if (!read_message(c, s, m, r, reterr)) {
            return false;
        }
    }
    return ai_tokens(r->read) <= LIMIT_CONTEXT_TOKENS
               ? check_sources(c, s, reterr)
               : ai_too_long(reterr, "messages", LIMIT_CONTEXT_TOKENS, ai_tokens(r->read));
}

/* A text, or tokens: those are shown as what they are. */
static bool read_prompt(const json_t *prompt, struct ai_request *r, struct az_error *reterr)
{
    struct buf *out = &r->prompts[r->n_prompts];

    if (!json_is_string(prompt) && !json_is_integer(json_array_get(prompt, 0))) {
        return ai_bad_member(reterr, "prompt",
                             "'prompt' must be a text, a list of tokens, or a list of such.");
    }
    r->n_prompts++;
    if (json_is_string(prompt)) {
        buf_add(out, json_string_value(prompt), json_string_length(prompt));
    } else {
        json_write(out, prompt);
    }
    r->read += out->len;
    return buf_ok(out) || az_fail_internal(reterr, "out of memory");
}

/* Absent, it is a document's beginning (the spec's default). */
static bool read_prompts(const struct provider_call *c, struct ai_request *r,
                         struct az_error *reterr)
{
    const json_t *prompt = json_object_get(c->body, "prompt");
    size_t n = json_array_size(prompt);
    AUTO_JSON *beginning = json_string("<|endoftext|>");

    if (!prompt || json_is_null(prompt)) {
        return read_prompt(beginning, r, reterr);
    }
    if (!json_is_array(prompt) || json_is_integer(json_array_get(prompt, 0))) {
        return read_prompt(prompt, r, reterr);
    }
    if (n == 0 || n > AI_PROMPTS_MAX) {
        return ai_bad_member(reterr, "prompt", "A list of prompts must have 1 to %d.",
                             AI_PROMPTS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        if (!read_prompt(json_array_get(prompt, i), r, reterr)) {
            return false;
        }
    }
    return true;
}

bool ai_request_read_completion(struct provider_call *c, struct ai_request *r,
                                struct az_error *reterr)
{
    bool there = false;

    if (!read_options(c, r, reterr) || !read_prompts(c, r, reterr)) {
        return false;
    }
    if (!json_get_bool(c->body, "echo", &there, &r->echo)) {
        return ai_bad_member(reterr, "echo", "'echo' must be a boolean.");
    }
    if (r->n * (int64_t) r->n_prompts > LIMIT_CHOICES) {
        return ai_bad_member(reterr, "n", "At most %d choices, over all prompts.", LIMIT_CHOICES);
    }
    return ai_tokens(r->read) <= LIMIT_CONTEXT_TOKENS ||
           ai_too_long(reterr, "prompt", LIMIT_CONTEXT_TOKENS, ai_tokens(r->read));
}
