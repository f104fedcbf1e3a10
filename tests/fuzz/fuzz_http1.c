/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes through the parser: pipelined messages, whole and byte by byte. Both ways
 * must see the same messages: where they differ, one request hides in another (smuggling).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/net/http1.h"

#define MAX_MESSAGES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t n; /* whole messages */
    size_t ends[MAX_MESSAGES];
    size_t bodies[MAX_MESSAGES];
    int status; /* of the one that ended it: 0 bytes ran out, else why it was refused */
};

static void on_body(void *ctx, const char *data, size_t len)
{
    (void) data;
    *(size_t *) ctx += len;
}

/* The request that a good head gives must be one that the api can rely on. */
static void check(const struct http_request *req, const struct http1 *p)
{
    if ((!p->connect && (!req->target || req->target[0] != '/' || p->n_host != 1)) ||
        req->n_headers > HTTP_MAX_HEADERS || req->n_segments > HTTP_MAX_SEGMENTS ||
        (p->n_length > 0 && p->chunked) || p->n_host > 1 || p->n_auth > 1) {
        abort();
    }
    for (size_t i = 0; !req->bad_path && i < req->n_segments; i++) {
        const struct str_view *s = &req->segments[i];

        if (s->ptr[s->len] != '\0' || strlen(s->ptr) != s->len || memchr(s->ptr, '/', s->len) ||
            sv_eq(*s, "..") || sv_eq(*s, ".")) {
            abort();
        }
    }
}

/* One message at data; the bytes it took, 0 when it did not end. */
static size_t message(const char *data, size_t len, size_t step, struct seen *s)
{
    CLEANUP(buf_done) struct buf head = {0};
    struct http_request req = {0};
    size_t body = 0;
    struct http1 p = {.on_body = on_body, .ctx = &body};
    const char *why = NULL;
    size_t n = 0;
    size_t at;

    for (size_t have = step < len ? step : len; n == 0 && !why; have += step) {
        have = have < len ? have : len;
        n = http1_scan_head(data, have, &why);
        if (have == len) {
            break;
        }
    }
    if (n == 0) {
        s->status = why ? 400 : 0;
        return 0;
    }
    buf_add(&head, data, n);
    at = n;
    if (http1_head(&p, &req, head.data, n, &s->status) != NULL) {
        at = 0;
    } else {
        bool good = http1_begin_body(&p);

        check(&req, &p);
        while (good && !p.complete && at < len) {
            size_t used = 0;

            good = http1_body(&p, data + at, len - at < step ? len - at : step, &used);
            at += used;
            if (good && used == 0 && !p.complete) {
                abort(); /* a connection would wait for ever */
            }
        }
        s->status = good ? 0 : 400;
        at = p.complete && good ? at : 0;
        if (at > 0 && s->n < MAX_MESSAGES) {
            s->bodies[s->n] = body;
        }
    }
    http1_done(&p);
    http_request_done(&req);
    return at;
}

static struct seen connection(const char *data, size_t len, size_t step)
{
    struct seen s = {0};
    size_t at = 0;

    while (at < len && s.n < MAX_MESSAGES) {
        size_t n = message(data + at, len - at, step, &s);

        if (n == 0) {
            break;
        }
        at += n;
        s.ends[s.n++] = at;
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole = connection((const char *) data, size, size + 1);
    struct seen single = connection((const char *) data, size, 1);
    struct seen seven = connection((const char *) data, size, 7);

    if (memcmp(&whole, &single, sizeof(whole)) != 0 || memcmp(&whole, &seven, sizeof(whole)) != 0) {
        abort();
    }
    return 0;
}
