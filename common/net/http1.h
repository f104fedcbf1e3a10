/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 message parsing, strict. http1.c is the only file that knows http_parser.
 *
 * The head is looked at whole before it is parsed (bare LF, NUL, folded lines are refused), then
 * the body is fed in pieces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/http_msg.h"

struct http_parser;

/* Where a chunked body is. The parser of the library is lax between chunks, so they are checked. */
enum chunk_state {
    CHUNK_SIZE, /* n: digits seen */
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA, /* left: bytes to come */
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER_START,
    CHUNK_TRAILER,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF,
    CHUNK_END,
    CHUNK_BAD,
};

struct chunk_check {
    enum chunk_state state;
    unsigned n;
    uint64_t left;
};

struct http1 {
    struct http_parser *hp;   /* made with the first head */
    struct http_request *req; /* filled by http1_head() */
    struct buf url;
    bool connect;  /* method CONNECT; url is its authority */
    bool absolute; /* the target had a scheme */
    bool chunked;
    struct chunk_check chunk;
    bool keep_alive;
    bool expect_continue;
    bool expect_other;
    bool too_many;
    bool complete; /* the message has ended */
    unsigned n_host, n_auth, n_length, n_te;
    void (*on_body)(void *ctx, const char *data, size_t len);
    void *ctx;
};

/*
 * Length of the complete head at the start of data, 0 when more bytes are needed. *why is set, and
 * the connection is to be refused, when it can become no valid head.
 */
size_t http1_scan_head(const char *data, size_t len, const char **why);

/*
 * Parses a head of len bytes, which must live and stay where it is as long as req, into req. NULL:
 * good; else why not, with *status 400, 417, 431 or 505.
 */
const char *http1_head(struct http1 *p, struct http_request *req, char *head, size_t len,
                       int *status);

/* Goes past the head; the message may be complete then. */
bool http1_begin_body(struct http1 *p);
/* Feeds body bytes; *used may be less than len when the message ends. False: malformed. */
bool http1_body(struct http1 *p, const char *data, size_t len, size_t *used);
void http1_done(struct http1 *p);
