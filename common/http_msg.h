/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests and responses as plain data: no socket, no libevent type.
 *
 * The transport fills a request and sends a response; the api layer, tests and fuzzers use the same
 * structures. Everything in a request lives as long as the request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/az_error.h"
#include "common/bytes.h"

enum http_method {
    HTTP_M_GET = 1 << 0,
    HTTP_M_HEAD = 1 << 1,
    HTTP_M_POST = 1 << 2,
    HTTP_M_PUT = 1 << 3,
    HTTP_M_PATCH = 1 << 4,
    HTTP_M_DELETE = 1 << 5,
    HTTP_M_OPTIONS = 1 << 6,
    HTTP_M_OTHER = 1 << 7, /* parsed, but nobody serves it */
};

/* "Not Found"; "Status" for one that no answer of ours has. */
const char *http_status_phrase(int status);

enum http_method http_method_parse(struct str_view name);
const char *http_method_name(enum http_method m);

struct http_header {
    struct str_view name;
    struct str_view value; /* trimmed */
};

struct http_param { /* one decoded query parameter; NUL-terminated */
    const char *name;
    const char *value;
};

#define HTTP_MAX_HEADERS  100
#define HTTP_MAX_SEGMENTS 24
#define HTTP_MAX_PARAMS   32

struct http_request {
    enum http_method method;
    struct str_view method_name; /* as sent */
    const char *target;          /* as sent, NUL-terminated; absolute form reduced to path?query */
    /* The path's segments, percent-decoded, leading slashes dropped; a trailing '/' gives an empty
     * last segment: "/keys/k1/" is {"keys","k1",""}, "//metadata/x" is {"metadata","x"}. */
    struct str_view segments[HTTP_MAX_SEGMENTS];
    size_t n_segments;
    /* A segment held %00, an encoded slash or backslash, bad percent-encoding or UTF-8, or is "."
     * or "..": the api answers with its own error for a bad name. */
    bool bad_path;
    struct http_param params[HTTP_MAX_PARAMS];
    size_t n_params;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t n_headers;
    struct str_view host;    /* lower-cased value of Host, with port */
    struct str_view body;    /* whole body once it has arrived; empty for streamed bodies */
    bool has_body;           /* Content-Length > 0 or chunked */
    uint64_t content_length; /* 0 when absent or chunked */
    char client_ip[46];
    bool tls;
    bool tunnelled; /* arrived through the CONNECT proxy */
    unsigned lane;  /* index of the loop thread; for per-loop buffers */
    struct buf
        store; /* owns every string above when http_request_parse_target() or a test made it */
};

/* NULL if absent; names compared case-insensitively; the first of several. */
const char *http_param_get(const struct http_request *req, const char *name);
/* Empty view (ptr NULL) if absent; case-insensitive; the first of several. */
struct str_view http_header_get(const struct http_request *req, const char *name);

/*
 * Splits and decodes a request target (origin or absolute form) into target, segments, params.
 * False if it is no valid target at all (no leading slash, control bytes, too many segments or
 * parameters, parameters that can't be decoded). Strings live in req->store.
 */
bool http_request_parse_target(struct http_request *req, struct str_view target) MUST_CHECK;
void http_request_done(struct http_request *req);

#define HTTP_SOURCE_LATER    (-2)
#define HTTP_SOURCE_LATER_MS 100

/* A body that is pulled while it is sent; read() runs on a worker thread. */
struct http_source {
    /* Bytes put into out (at most cap), 0 at the end, -1 on failure (the connection is closed),
     * HTTP_SOURCE_LATER: nothing yet, it is asked again. It must not wait itself. */
    ssize_t (*read)(void *ctx, uint8_t *out, size_t cap);
    void (*close)(void *ctx); /* exactly once */
    void *ctx;
    bool has_length; /* length is known: Content-Length; else chunked */
    uint64_t length;
};

#define HTTP_MAX_RESPONSE_HEADERS 32

struct http_response {
    int status;
    const char *content_type; /* static; NULL: none. Written by the transport's header block */
    size_t content_type_at;   /* behind that many of the headers below */
    struct {
        const char *name; /* static */
        char *value;      /* owned */
    } headers[HTTP_MAX_RESPONSE_HEADERS];
    size_t n_headers;
    struct buf body;
    struct http_source source; /* used when source.read is set */
    bool close;                /* close the connection after this answer */
    /* Faults (tests): */
    int64_t delay_ms;
    bool reset;         /* no answer at all: RST */
    size_t truncate_at; /* > 0: close after that many body bytes */
};

/* Adds or replaces; name must be static. Out of memory or a full table: dropped, false. */
bool http_response_set_header(struct http_response *resp, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
const char *http_response_get_header(const struct http_response *resp, const char *name);
/* Moves a header that is set to position `at` of the others, for answers whose order is recorded.
 */
void http_response_place_header(struct http_response *resp, const char *name, size_t at);
/* Drops headers, body and source. */
void http_response_reset(struct http_response *resp);
void http_response_done(struct http_response *resp);
