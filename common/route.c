/* SPDX-License-Identifier: MIT */
/* The matcher: walks template and segments side by side, no allocation, no copy. */
#include "common/route.h"

#include <string.h>
#include <strings.h>

/* Length of the template's piece up to '/' or the end. */
static size_t piece_len(const char *t)
{
    return strcspn(t, "/");
}

static bool takes_param(const char *t, size_t len, struct str_view seg, struct route_match *m)
{
    bool may_be_empty = t[len - 2] == '?';

    if ((seg.len == 0 && !may_be_empty) || m->n_params == ROUTE_MAX_PARAMS) {
        return false;
    }
    m->params[m->n_params++] = seg;
    return true;
}

/* "{path*}": the rest of the segments; the parameter is the first of them. */
static bool takes_rest(const struct http_request *req, size_t i, struct route_match *m)
{
    if (i >= req->n_segments || m->n_params == ROUTE_MAX_PARAMS) {
        return false;
    }
    m->params[m->n_params++] = req->segments[i];
    return true;
}

static bool matches(const char *t, const struct http_request *req, struct route_match *m)
{
    size_t i = 0;

    m->n_params = 0;
    for (t++; *t; i++) {
        size_t len = piece_len(t);

        if (*t == '{' && len > 2 && t[len - 2] == '*') {
            return takes_rest(req, i, m);
        }
        if (i == req->n_segments) {
            return false;
        }
        if (*t == '{') {
            if (!takes_param(t, len, req->segments[i], m)) {
                return false;
            }
        } else if (req->segments[i].len != len || strncasecmp(t, req->segments[i].ptr, len) != 0) {
            return false;
        }
        t += len;
        if (t[0] == '/' && t[1] == '\0') { /* a trailing slash: one empty segment more */
            return i + 2 == req->n_segments && req->segments[i + 1].len == 0;
        }
        t += *t == '/' ? 1 : 0;
    }
    return i == req->n_segments;
}

struct route_match route_find_where(const void *rows, size_t n, size_t stride,
                                    const struct http_request *req,
                                    bool (*serves)(const struct route *row, const void *ctx),
                                    const void *ctx)
{
    struct route_match found = {0};
    struct route_match m;
    unsigned allowed = 0;

    for (size_t k = 0; k < n; k++) {
        const struct route *row = (const void *) ((const char *) rows + k * stride);

        if (!matches(row->path, req, &m) || (serves && !serves(row, ctx))) {
            continue;
        }
        allowed |= row->methods;
        if ((row->methods & (unsigned) req->method) != 0 && !found.route) {
            found = m;
            found.route = row;
        }
    }
    found.allowed = allowed;
    return found;
}

struct route_match route_find(const void *rows, size_t n, size_t stride,
                              const struct http_request *req)
{
    return route_find_where(rows, n, stride, req, NULL, NULL);
}
