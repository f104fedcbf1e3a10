/* SPDX-License-Identifier: MIT */
/*
 * An input as a request: "METHOD target\n", then the body. What both api targets check of the
 * answer: it has a status, and a refusal is JSON with a code.
 */
#pragma once

#include <stdint.h>

#include "tests/api/client.h"

#define API_INPUT_MAX 4096

struct api_input {
    char method[16];
    char target[1024];
    char body[API_INPUT_MAX + 1];
};

/* False: no request line. A body ends at its first NUL. */
static inline bool api_input_read(const uint8_t *data, size_t size, struct api_input *in)
{
    const char *p = (const char *) data;
    const char *line = size > 0 ? memchr(p, '\n', size) : NULL;
    const char *space = line ? memchr(p, ' ', (size_t) (line - p)) : NULL;
    size_t left;

    if (size > API_INPUT_MAX || !space || space - p >= (ptrdiff_t) sizeof(in->method) ||
        line - space > (ptrdiff_t) sizeof(in->target)) {
        return false;
    }
    (void) snprintf(in->method, sizeof(in->method), "%.*s", (int) (space - p), p);
    (void) snprintf(in->target, sizeof(in->target), "%.*s", (int) (line - space - 1), space + 1);
    left = size - (size_t) (line + 1 - p);
    memcpy(in->body, line + 1, left);
    in->body[left] = '\0';
    return true;
}

/* Sends it; the answer's body stays in x. */
static inline bool api_input_send(void (*handle)(void *daemon, struct http_exchange *x),
                                  void *daemon, struct http_exchange *x, const struct api_input *in,
                                  const char *host, const char *const headers[][2], size_t n)
{
    *x = (struct http_exchange){0};
    x->req.method_name = sv_from(in->method);
    x->req.method = http_method_parse(x->req.method_name);
    x->req.host = sv_from(host);
    x->req.body = sv_from(in->body);
    x->req.has_body = x->req.body.len > 0;
    x->req.tls = true;
    for (size_t i = 0; i < n; i++) {
        x->req.headers[x->req.n_headers++] =
            (struct http_header){sv_from(headers[i][0]), sv_from(headers[i][1])};
    }
    if (!http_request_parse_target(&x->req, sv_from(in->target))) {
        http_request_done(&x->req);
        return false;
    }
    handle(daemon, x);
    if (x->resp.status < 200 || x->resp.status > 599 || x->state) {
        abort();
    }
    if (x->resp.status >= 400) {
        AUTO_JSON *doc = json_loadb(x->resp.body.data ? x->resp.body.data : "", x->resp.body.len,
                                    JSON_REJECT_DUPLICATES, NULL);

        /* Speech's own errors stand alone. */
        if (!json_object_get(doc, "error") && !json_object_get(doc, "code")) {
            abort();
        }
    }
    return true;
}

static inline void api_input_done(struct http_exchange *x)
{
    http_response_done(&x->resp);
    http_request_done(&x->req);
}
