/* SPDX-License-Identifier: MIT */
/* The answer is a pull source: nothing is read on a loop thread. */
#include "common/audit_http.h"

#include <stdlib.h>
#include <string.h>

#include "common/audit_query.h"

struct stream {
    struct audit *audit;
    struct audit_reader *reader;
    bool follow;
    bool begun, ended;
    struct buf out;
    size_t at; /* of out, sent already */
};

static void stream_close(void *ctx)
{
    struct stream *s = ctx;

    audit_reader_free(s->reader);
    buf_done(&s->out);
    free(s);
}

/* Records behind the backlog, as many as a piece holds. */
static void tail(struct stream *s, size_t cap)
{
    const char *line;

    while (s->out.len < cap && (line = audit_reader_next(s->reader)) != NULL) {
        buf_str(&s->out, line);
        buf_str(&s->out, "\n");
    }
}

static bool backlog(struct stream *s)
{
    if (s->follow) {
        return audit_reader_backlog(s->reader, "\n", &s->out);
    }
    s->ended = true;
    buf_str(&s->out, "{\"value\":[");
    if (!audit_reader_backlog(s->reader, ",\n", &s->out)) {
        return false;
    }
    if (s->out.data[s->out.len - 1] == '\n') {
        s->out.len -= 2; /* no comma behind the last */
    }
    buf_str(&s->out, "]}");
    return buf_ok(&s->out);
}

static ssize_t stream_read(void *ctx, uint8_t *out, size_t cap)
{
    struct stream *s = ctx;
    size_t n;

    if (s->at == s->out.len) {
        s->at = s->out.len = 0;
        if (s->ended) {
            return 0;
        }
        audit_flush(s->audit); /* what was written before this request is in the answer */
        if (!s->begun && !backlog(s)) {
            return -1;
        }
        if (s->begun) {
            tail(s, cap);
        }
        s->begun = true;
        if (!buf_ok(&s->out)) {
            return -1;
        }
        if (s->out.len == 0) {
            return HTTP_SOURCE_LATER;
        }
    }
    n = s->out.len - s->at < cap ? s->out.len - s->at : cap;
    memcpy(out, s->out.data + s->at, n);
    s->at += n;
    return (ssize_t) n;
}

static bool take_filters(const struct http_request *req, struct audit_filter *f, bool *follow,
                         struct az_error *reterr)
{
    for (size_t i = 0; i < req->n_params; i++) {
        if (strcmp(req->params[i].name, "follow") == 0) {
            *follow = strcmp(req->params[i].value, "true") == 0;
        } else if (!audit_filter_set(f, req->params[i].name, req->params[i].value, reterr)) {
            return false;
        }
    }
    return true;
}

bool audit_http_answer(struct audit *a, const struct http_request *req, struct http_response *resp,
                       struct az_error *reterr)
{
    struct audit_filter f = {0};
    bool follow = false;
    struct stream *s;

    if (!take_filters(req, &f, &follow, reterr)) {
        return false;
    }
    s = calloc(1, sizeof(*s));
    if (!s || !(s->reader = audit_reader_new(audit_path(a), &f))) {
        free(s);
        return az_fail_internal(reterr, "out of memory");
    }
    s->audit = a;
    s->follow = follow;
    resp->status = 200;
    resp->content_type = follow ? "application/x-ndjson" : "application/json; charset=utf-8";
    resp->source = (struct http_source){.read = stream_read, .close = stream_close, .ctx = s};
    return true;
}
