/* SPDX-License-Identifier: MIT */
/* Outgoing HTTPS over libcurl, loaded when first needed (it costs 10 ms of start). Blocking:
 * workers only. */
#pragma once

#include <stdint.h>

#include "common/az_error.h"
#include "common/http_msg.h"

struct http_client;

struct http_client_options {
    const char *ca_file; /* PEM; NULL: the system's */
    /* Every connection goes to 127.0.0.1:port whatever the URL's name says; 0: resolve as usual. */
    uint16_t connect_port;
    int64_t timeout_ms; /* whole request; 0: 30 s */
};

bool http_client_new(const struct http_client_options *opt, struct http_client **ret,
                     struct az_error *reterr) MUST_CHECK;
void http_client_free(struct http_client *c);

struct http_client_header {
    const char *name;
    const char *value;
};

struct http_client_answer {
    int status;
    struct buf body;
    struct { /* as received, in order */
        char *name;
        char *value;
    } headers[HTTP_MAX_RESPONSE_HEADERS * 2];
    size_t n_headers;
};
void http_client_answer_done(struct http_client_answer *a);
const char *http_client_answer_header(const struct http_client_answer *a, const char *name);

/* Thread-safe; connections are kept alive and shared. False only if no HTTP answer was had. */
bool http_client_call(struct http_client *c, const char *method, const char *url,
                      const struct http_client_header *headers, size_t n_headers,
                      struct str_view body, struct http_client_answer *ret, struct az_error *reterr)
    MUST_CHECK;
