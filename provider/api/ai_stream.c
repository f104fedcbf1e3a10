/* SPDX-License-Identifier: MIT */
/*
 * Answers of models as server-sent events (OpenAI's form): for each choice of a chat its role, its
 * pieces, its end; then, if asked for, the usage; then [DONE]. Events are made when the transport
 * asks for them, so that neither a long answer nor a slow client costs memory.
 */
#include <string.h>

#include "common/json.h"
#include "provider/api/ai.h"
#include "provider/api/ai_infer.h"

#define PIECE_MAX 1023

enum stage { ROLE, PIECES, END, USAGE, DONE, OVER };

struct stream {
    json_t *head;
    struct ai_answers a;
    enum stage stage;
    int64_t choice; /* over all prompts */
    const char *at; /* in its text */
    struct buf event;
    size_t sent; /* of the event */
};

static void stream_close(void *ctx)
{
    struct stream *s = ctx;

    json_decref(s->head);
    ai_answers_done(&s->a);
    buf_done(&s->event);
    free(s);
}

/* Where the next piece of a text ends: behind the next space, as tokens often do; never within a
 * character. */
static size_t piece_len(const char *p)
{
    size_t n = strcspn(p, " ");

    n += p[n] == ' ' ? 1 : 0;
    n = n < PIECE_MAX ? n : PIECE_MAX;
    while (n > 1 && p[n] && ((unsigned char) p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

/* A chunk with this choice; NULL: with none. */
static void write_chunk(struct stream *s, json_t *choice, json_t *usage)
{
    json_t *choices = json_array();

    if (choice) {
        (void) json_array_append_new(choices, choice);
    }
    (void) json_object_set_new(s->head, "choices", choices);
    if (s->a.with_usage) { /* "all other chunks will also include a usage field, but with null" */
        (void) json_object_set_new(s->head, "usage", usage ? usage : json_null());
    }
    buf_str(&s->event, "data: ");
    json_write(&s->event, s->head);
    buf_str(&s->event, "\n\n");
}

static json_t *delta_json(const struct stream *s, const char *role, const char *text,
                          const char *finish)
{
    json_t *choice = json_pack("{s:I,s:n}", "index", (json_int_t) s->choice, "logprobs");
    json_t *delta = json_object();

    if (role) { /* once a choice: clients join the texts of members */
        (void) json_object_set_new(delta, "role", json_string(role));
    }
    if (text) {
        (void) json_object_set_new(delta, "content", json_string(text));
    }
    if (s->a.chat) {
        (void) json_object_set_new(choice, "delta", delta);
    } else {
        (void) json_object_set_new(choice, "text", json_string(text ? text : ""));
        json_decref(delta);
    }
    (void) json_object_set_new(choice, "finish_reason", finish ? json_string(finish) : json_null());
    return choice;
}

static const struct ai_said *said_now(const struct stream *s)
{
    return &s->a.said[s->choice / s->a.n];
}

static void begin_choice(struct stream *s)
{
    bool more = s->choice < s->a.n * (int64_t) s->a.n_said;

    s->at = more ? said_now(s)->text.data : NULL;
    s->stage = !more ? USAGE : s->a.chat ? ROLE : PIECES;
}

static void next_piece(struct stream *s)
{
    char piece[PIECE_MAX + 1];
    size_t n = s->at ? piece_len(s->at) : 0;

    if (n == 0) {
        s->stage = END;
        return;
    }
    memcpy(piece, s->at, n);
    piece[n] = '\0';
    s->at += n;
    write_chunk(s, delta_json(s, NULL, piece, NULL), NULL);
}

/* One step; it may write an event, or none. */
static void advance(struct stream *s)
{
    switch (s->stage) {
    case ROLE:
        write_chunk(s, delta_json(s, "assistant", "", NULL), NULL);
        s->stage = PIECES;
        break;
    case PIECES:
        next_piece(s);
        break;
    case END:
        write_chunk(s, delta_json(s, NULL, NULL, said_now(s)->finish), NULL);
        s->choice++;
        begin_choice(s);
        break;
    case USAGE:
        if (s->a.with_usage) {
            write_chunk(s, NULL, ai_usage_json(&s->a));
        }
        s->stage = DONE;
        break;
    case DONE:
        buf_str(&s->event, "data: [DONE]\n\n");
        s->stage = OVER;
        break;
    case OVER:
        break;
    }
}

/* Whole events as far as they fit, on a worker. */
static ssize_t stream_read(void *ctx, uint8_t *out, size_t cap)
{
    struct stream *s = ctx;
    size_t done = 0;

    while (done < cap && (s->sent < s->event.len || s->stage != OVER)) {
        if (s->sent == s->event.len) {
            s->sent = s->event.len = 0;
            advance(s);
        }
        if (!buf_ok(&s->event)) {
            return -1;
        }
        size_t left = s->event.len - s->sent;
        size_t n = left < cap - done ? left : cap - done;

        if (n > 0) {
            memcpy(out + done, s->event.data + s->sent, n);
        }
        s->sent += n;
        done += n;
    }
    return (ssize_t) done;
}

bool ai_answer_stream(struct provider_call *c, json_t *head, struct ai_answers *a,
                      struct az_error *reterr)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s) {
        json_decref(head);
        return az_fail_internal(reterr, "out of memory");
    }
    s->head = head;
    s->a = *a;
    *a = (struct ai_answers){0};
    begin_choice(s);
    c->x->resp.status = 200;
    c->x->resp.content_type = "text/event-stream; charset=utf-8";
    c->x->resp.source = (struct http_source){.read = stream_read, .close = stream_close, .ctx = s};
    return true;
}
