/* SPDX-License-Identifier: MIT */
/* Requests and responses as data: target splitting, percent-decoding, header tables. */
#include "common/http_msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET",     HTTP_M_GET    },
    {"HEAD",    HTTP_M_HEAD   },
    {"POST",    HTTP_M_POST   },
    {"PUT",     HTTP_M_PUT    },
    {"PATCH",   HTTP_M_PATCH  },
    {"DELETE",  HTTP_M_DELETE },
    {"OPTIONS", HTTP_M_OPTIONS},
};

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"                             },
    {201, "Created"                        },
    {202, "Accepted"                       },
    {204, "No Content"                     },
    {302, "Found"                          },
    {304, "Not Modified"                   },
    {400, "Bad Request"                    },
    {401, "Unauthorized"                   },
    {403, "Forbidden"                      },
    {404, "Not Found"                      },
    {405, "Method Not Allowed"             },
    {408, "Request Timeout"                },
    {409, "Conflict"                       },
    {412, "Precondition Failed"            },
    {413, "Request Entity Too Large"       },
    {415, "Unsupported Media Type"         },
    {417, "Expectation Failed"             },
    {429, "Too Many Requests"              },
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"          },
    {502, "Bad Gateway"                    },
    {503, "Service Unavailable"            },
    {504, "Gateway Timeout"                },
    {505, "HTTP Version Not Supported"     },
};

const char *http_status_phrase(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "Status";
}

enum http_method http_method_parse(struct str_view name)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (sv_eq(name, methods[i].name)) {
            return methods[i].method;
        }
    }
    return HTTP_M_OTHER;
}

const char *http_method_name(enum http_method m)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (methods[i].method == m) {
            return methods[i].name;
        }
    }
    return "OTHER";
}

const char *http_param_get(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_params; i++) {
        if (strcasecmp(req->params[i].name, name) == 0) {
            return req->params[i].value;
        }
    }
    return NULL;
}

struct str_view http_header_get(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        if (sv_ieq(req->headers[i].name, name)) {
            return req->headers[i].value;
        }
    }
    return (struct str_view){NULL, 0};
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes [s, end) in place and terminates it; *bad is set for %00 and broken escapes. Returns its
 * length. */
static size_t decode(char *s, size_t len, bool plus_is_space, bool *bad)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (c == '%') {
            int hi = i + 2 < len ? hex(s[i + 1]) : -1;
            int lo = hi >= 0 ? hex(s[i + 2]) : -1;

            if (lo < 0 || (hi == 0 && lo == 0)) {
                *bad = true;
            } else {
                c = (char) (hi << 4 | lo);
                i += 2;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        s[n++] = c;
    }
    s[n] = '\0';
    return n;
}

static bool add_segment(struct http_request *req, char *s, size_t len)
{
    size_t n = decode(s, len, false, &req->bad_path);

    if (req->n_segments == HTTP_MAX_SEGMENTS) {
        return false;
    }
    if (utf8_repair(s, n) > 0 || memchr(s, '/', n) || memchr(s, '\\', n) || strcmp(s, ".") == 0 ||
        strcmp(s, "..") == 0) {
        req->bad_path = true;
    }
    req->segments[req->n_segments++] = (struct str_view){s, n};
    return true;
}

/* path is writable and ends at a byte that may be overwritten. */
static bool split_path(struct http_request *req, char *path, size_t len)
{
    size_t start = 0;

    while (start < len && path[start] == '/') {
        start++;
    }
    for (size_t i = start; start < len && i <= len; i++) {
        if (i == len || path[i] == '/') {
            if (!add_segment(req, path + start, i - start)) {
                return false;
            }
            start = i + 1;
            if (i + 1 == len) { /* a trailing slash: an empty last segment */
                path[len] = '\0';
                return add_segment(req, path + len, 0);
            }
        }
    }
    return true;
}

static bool split_query(struct http_request *req, char *query)
{
    char *save = NULL;

    for (char *p = strtok_r(query, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
        char *eq = strchr(p, '=');
        char *value = eq ? eq + 1 : p + strlen(p);
        bool bad = false;

        if (req->n_params == HTTP_MAX_PARAMS) {
            return false;
        }
        if (eq) {
            *eq = '\0';
        }
        (void) decode(p, strlen(p), true, &bad);
        (void) decode(value, strlen(value), true, &bad);
        if (bad || utf8_repair(p, strlen(p)) > 0 || utf8_repair(value, strlen(value)) > 0) {
            return false;
        }
        req->params[req->n_params++] = (struct http_param){p, value};
    }
    return true;
}

/* "https://host/path" -> "/path"; the caller has compared the host. What begins right after the
 * authority with '?' gets its slash from the caller. */
static struct str_view drop_authority(struct str_view t)
{
    const char *sep = t.len > 0 && t.ptr[0] != '/' ? memmem(t.ptr, t.len, "://", 3) : NULL;
    size_t i;

    if (!sep || sep == t.ptr) {
        return t;
    }
    for (i = (size_t) (sep - t.ptr) + 3; i < t.len && !strchr("/?#", t.ptr[i]); i++) {
    }
    return (struct str_view){t.ptr + i, t.len - i};
}

/* Both copies of the target: one stays whole, one is cut up. Returns the length of each. */
static size_t store_target(struct buf *store, struct str_view target)
{
    struct str_view path = drop_authority(target);
    bool slash = path.ptr != target.ptr && (path.len == 0 || path.ptr[0] != '/');

    for (int i = 0; i < 2; i++) {
        buf_add(store, "/", slash ? 1 : 0);
        buf_add(store, path.ptr, path.len);
        buf_add(store, "\0", 1);
    }
    buf_add(store, "\0", 1);
    return path.len + (slash ? 1 : 0);
}

bool http_request_parse_target(struct http_request *req, struct str_view target)
{
    struct buf *store = &req->store;
    size_t path_len;
    size_t len;
    char *copy;
    char *q;

    for (size_t i = 0; i < target.len; i++) {
        if ((unsigned char) target.ptr[i] <= 0x20 || target.ptr[i] == 0x7f) {
            return false;
        }
    }
    len = store_target(store, target);
    if (!buf_ok(store) || len == 0 || store->data[0] != '/') {
        return false;
    }
    req->target = store->data;
    copy = store->data + len + 1;
    q = strpbrk(copy, "?#");
    path_len = q ? (size_t) (q - copy) : len;
    if (q) {
        char *fragment = strchr(q + 1, '#');

        if (fragment) {
            *fragment = '\0';
        }
        if (*q == '?' && !split_query(req, q + 1)) {
            return false;
        }
    }
    return split_path(req, copy, path_len);
}

void http_request_done(struct http_request *req)
{
    buf_done(&req->store);
    *req = (struct http_request){0};
}

bool http_response_set_header(struct http_response *resp, const char *name, const char *fmt, ...)
{
    size_t i = 0;
    char *value = NULL;
    va_list ap;
    int n;

    while (i < resp->n_headers && strcasecmp(resp->headers[i].name, name) != 0) {
        i++;
    }
    if (i == HTTP_MAX_RESPONSE_HEADERS) {
        return false;
    }
    va_start(ap, fmt);
    n = vasprintf(&value, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return false;
    }
    /* A value never carries a line break into the answer. */
    for (char *p = value; *p; p++) {
        if (*p == '\r' || *p == '\n') {
            *p = ' ';
        }
    }
    if (i < resp->n_headers) {
        free(resp->headers[i].value);
    } else {
        resp->n_headers++;
    }
    resp->headers[i].name = name;
    resp->headers[i].value = value;
    return true;
}

const char *http_response_get_header(const struct http_response *resp, const char *name)
{
    for (size_t i = 0; i < resp->n_headers; i++) {
        if (strcasecmp(resp->headers[i].name, name) == 0) {
            return resp->headers[i].value;
        }
    }
    return NULL;
}

void http_response_place_header(struct http_response *resp, const char *name, size_t at)
{
    for (size_t i = at; i < resp->n_headers; i++) {
        __typeof__(resp->headers[0]) moved = resp->headers[i];

        if (strcasecmp(moved.name, name) == 0) {
            memmove(&resp->headers[at + 1], &resp->headers[at], (i - at) * sizeof(moved));
            resp->headers[at] = moved;
            return;
        }
    }
}

void http_response_reset(struct http_response *resp)
{
    for (size_t i = 0; i < resp->n_headers; i++) {
        free(resp->headers[i].value);
    }
    buf_done(&resp->body);
    if (resp->source.close) {
        resp->source.close(resp->source.ctx);
    }
    *resp = (struct http_response){0};
}

void http_response_done(struct http_response *resp)
{
    http_response_reset(resp);
}
