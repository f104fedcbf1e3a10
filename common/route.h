/* SPDX-License-Identifier: MIT */
/*
 * Path templates against the decoded segments of a request.
 *
 * "{name}" takes one non-empty segment, "{version?}" one that may be empty ("/keys/k1//wrapkey",
 * "/keys/k1/"), "{path*}" the rest, one segment or more. Literals are compared case-insensitively.
 * Each daemon's route rows begin with a `struct route`, so one matcher serves both tables.
 */
#pragma once

#include <stddef.h>

#include "common/http_msg.h"

#define ROUTE_MAX_PARAMS 8

struct route {
    unsigned methods; /* enum http_method bits */
    const char *path;
};

struct route_match {
    const struct route *route;                /* NULL: no row matched */
    unsigned allowed;                         /* methods that rows with this path accept */
    struct str_view params[ROUTE_MAX_PARAMS]; /* in template order */
    size_t n_params;
};

/* rows: n rows of `stride` bytes, each beginning with a struct route. The first match wins. */
struct route_match route_find(const void *rows, size_t n, size_t stride,
                              const struct http_request *req);
/* Only rows for which serves() says yes; NULL: all. The others are as good as not there. */
struct route_match route_find_where(const void *rows, size_t n, size_t stride,
                                    const struct http_request *req,
                                    bool (*serves)(const struct route *row, const void *ctx),
                                    const void *ctx);
