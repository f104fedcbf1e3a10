/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 over http_parser 2.9, with the checks it leaves out. */
#include "common/net/http1.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Both libraries have an enum of this name; theirs is renamed here. */
#define http_method http_parser_method
#include <http_parser.h>
#undef http_method

#include "common/limits.h"

/* What is wrong with a line of the head; it ends in a line feed if `whole`. */
static const char *check_line(const char *line, size_t len, bool whole, bool first)
{
    if (memchr(line, '\0', len)) {
        return "The request head holds a NUL byte.";
    }
    if (whole && (len < 2 || line[len - 2] != '\r')) {
        return "The lines of the request head must end in CR LF.";
    }
    if (!first && len > 0 && (*line == ' ' || *line == '\t')) {
        return "The request head holds a folded line.";
    }
    return NULL;
}

size_t http1_scan_head(const char *data, size_t len, const char **why)
{
    size_t limit = len < LIMIT_HEADER_BYTES ? len : LIMIT_HEADER_BYTES;
    size_t at = 0;

    *why = NULL;
    /* Not a byte beyond the head is looked at: a body may hold anything. */
    while (at < limit) {
        const char *lf = memchr(data + at, '\n', limit - at);
        size_t n = lf ? (size_t) (lf - data) + 1 - at : limit - at;

        *why = check_line(data + at, n, lf != NULL, at == 0);
        if (*why || !lf) {
            break;
        }
        if (n == 2 && at > 0) {
            return at + n;
        }
        at += n;
    }
    if (!*why && len >= LIMIT_HEADER_BYTES) {
        *why = "The request head is too large.";
    }
    return 0;
}

static int on_url(http_parser *hp, const char *at, size_t len)
{
    struct http1 *p = hp->data;

    buf_add(&p->url, at, len);
    return 0;
}

static int on_field(http_parser *hp, const char *at, size_t len)
{
    struct http1 *p = hp->data;
    struct http_request *req = p->req;

    /* The head is one piece of memory, so a field or value never comes in two parts. */
    if (req->n_headers == HTTP_MAX_HEADERS) {
        p->too_many = true;
        return 1;
    }
    req->headers[req->n_headers++] = (struct http_header){
        {at, len},
        {"", 0  }
    };
    return 0;
}

static int on_value(http_parser *hp, const char *at, size_t len)
{
    struct http1 *p = hp->data;
    struct http_header *h;

    if (p->req->n_headers == 0) { /* trailers of a chunked body */
        return 0;
    }
    h = &p->req->headers[p->req->n_headers - 1];
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
        len--;
    }
    h->value = (struct str_view){at, len};
    return 0;
}

static int on_body(http_parser *hp, const char *at, size_t len)
{
    struct http1 *p = hp->data;

    p->on_body(p->ctx, at, len);
    return 0;
}

static int on_headers_complete(http_parser *hp)
{
    struct http1 *p = hp->data;

    p->keep_alive = http_should_keep_alive(hp) != 0;
    /* Stop here: the api sees the head before the body is looked at. */
    http_parser_pause(hp, 1);
    return 0;
}

static int on_complete(http_parser *hp)
{
    struct http1 *p = hp->data;

    p->complete = true;
    http_parser_pause(hp, 1);
    return 0;
}

/* After the head only the body matters: fields of trailers are dropped. */
static int on_trailer(http_parser *hp, const char *at, size_t len)
{
    (void) hp;
    (void) at;
    (void) len;
    return 0;
}

static const http_parser_settings head_settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
};

static const http_parser_settings body_settings = {
    .on_header_field = on_trailer,
    .on_header_value = on_trailer,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* RFC 9110 5.6.2; the library, as Debian builds it, takes spaces too. */
static bool is_token(struct str_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char) v.ptr[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c)) {
            return false;
        }
    }
    return v.len > 0;
}

static bool is_text(struct str_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char) v.ptr[i];

        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_length(struct str_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9') {
            return false;
        }
    }
    return v.len > 0 && v.len < 19;
}

static const char *note_header(struct http1 *p, const struct http_header *h)
{
    if (!is_token(h->name) || !is_text(h->value)) {
        return "The request has a header that is not valid.";
    }
    if (sv_ieq(h->name, "host")) {
        p->n_host++;
        p->req->host = h->value;
    } else if (sv_ieq(h->name, "authorization")) {
        p->n_auth++;
    } else if (sv_ieq(h->name, "content-length")) {
        p->n_length++;
        return is_length(h->value) ? NULL : "The Content-Length is not valid.";
    } else if (sv_ieq(h->name, "transfer-encoding")) {
        p->n_te++;
        p->chunked = sv_ieq(h->value, "chunked");
    } else if (sv_ieq(h->name, "expect")) {
        p->expect_continue = sv_ieq(h->value, "100-continue");
        p->expect_other = !p->expect_continue;
    }
    return NULL;
}

/* Headers that must not be missing, doubled or at odds with each other. */
static const char *check_headers(struct http1 *p, int *status)
{
    *status = 400;
    for (size_t i = 0; i < p->req->n_headers; i++) {
        const char *why = note_header(p, &p->req->headers[i]);

        if (why) {
            return why;
        }
    }
    if (p->hp->http_major != 1) {
        *status = 505;
        return "Only HTTP/1.1 is served here.";
    }
    if (p->n_te > 1 || (p->n_te == 1 && (!p->chunked || p->hp->http_minor == 0)) ||
        p->n_length > 1 || (p->n_te > 0 && p->n_length > 0)) {
        return "The length of the request body is ambiguous.";
    }
    if (p->n_host > 1 || (!p->connect && p->n_host == 0)) {
        return "A request needs exactly one Host header.";
    }
    if (p->n_auth > 1) {
        return "The request has more than one Authorization header.";
    }
    if (p->expect_other) {
        *status = 417;
        return "The only expectation that can be met is 100-continue.";
    }
    return NULL;
}

/* In place: the head's memory is ours. */
static void lower_host(char *head, const struct http_request *req)
{
    char *host = head + (req->host.ptr - head);

    for (size_t i = 0; i < req->host.len; i++) {
        host[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char) (host[i] | 0x20) : host[i];
    }
}

/* An absolute target must name the host that Host names. */
static bool same_authority(const struct http1 *p)
{
    const char *sep = p->url.data ? strstr(p->url.data, "://") : NULL;
    size_t len;

    if (!sep) {
        return true;
    }
    len = strcspn(sep + 3, "/?#");
    return len == p->req->host.len && strncasecmp(sep + 3, p->req->host.ptr, len) == 0;
}

static const char *take_target(struct http1 *p, char *head)
{
    struct http_request *req = p->req;

    if (p->connect) {
        return NULL;
    }
    p->absolute = p->url.len > 0 && p->url.data[0] != '/';
    if (p->absolute && !same_authority(p)) {
        return "The request target and the Host header name different hosts.";
    }
    lower_host(head, req);
    if (!http_request_parse_target(req, (struct str_view){p->url.data, p->url.len})) {
        return "The request target is not valid.";
    }
    return NULL;
}

const char *http1_head(struct http1 *p, struct http_request *req, char *head, size_t len,
                       int *status)
{
    void (*body_cb)(void *, const char *, size_t) = p->on_body;
    void *ctx = p->ctx;
    struct http_parser *hp = p->hp ? p->hp : calloc(1, sizeof(*hp));

    const char *why;
    size_t n;

    if (!hp) {
        *status = 500;
        return "Out of memory.";
    }
    buf_done(&p->url);
    *p = (struct http1){.hp = hp, .req = req, .on_body = body_cb, .ctx = ctx};
    http_parser_init(p->hp, HTTP_REQUEST);
    p->hp->data = p;
    *status = 400;
    n = http_parser_execute(p->hp, &head_settings, head, len);
    if (p->too_many) {
        *status = 431;
        return "The request has too many headers.";
    }
    if (HTTP_PARSER_ERRNO(p->hp) != HPE_PAUSED || n + 1 < len) {
        return "The request is not valid HTTP.";
    }
    p->connect = p->hp->method == HTTP_CONNECT;
    why = check_headers(p, status);
    if (why) {
        return why;
    }
    req->method_name = sv_from(http_method_str(p->hp->method));
    req->method = http_method_parse(req->method_name);
    req->content_length = p->n_length > 0 ? p->hp->content_length : 0;
    req->has_body = p->chunked || req->content_length > 0;
    return take_target(p, head);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum chunk_state chunk_size(struct chunk_check *k, char c)
{
    int digit = hex(c);

    if (digit >= 0 && k->n < 15) {
        k->left = k->left << 4 | (unsigned) digit;
        k->n++;
        return CHUNK_SIZE;
    }
    if (k->n == 0 || digit >= 0) {
        return CHUNK_BAD;
    }
    return c == ';' ? CHUNK_EXTENSION : c == '\r' ? CHUNK_SIZE_LF : CHUNK_BAD;
}

/* In an extension or a trailer: anything but control characters, up to the CR. */
static enum chunk_state chunk_text(char c, enum chunk_state same, enum chunk_state after)
{
    if (c == '\r') {
        return after;
    }
    return is_text((struct str_view){&c, 1}) ? same : CHUNK_BAD;
}

static enum chunk_state chunk_next(struct chunk_check *k, char c)
{
    switch (k->state) {
    case CHUNK_SIZE:
        return chunk_size(k, c);
    case CHUNK_EXTENSION:
        return chunk_text(c, CHUNK_EXTENSION, CHUNK_SIZE_LF);
    case CHUNK_SIZE_LF:
        return c != '\n' ? CHUNK_BAD : k->left > 0 ? CHUNK_DATA : CHUNK_TRAILER_START;
    case CHUNK_DATA_CR:
        return c == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
    case CHUNK_DATA_LF:
        k->n = 0;
        return c == '\n' ? CHUNK_SIZE : CHUNK_BAD;
    case CHUNK_TRAILER_START:
        return c == ' ' || c == '\t' ? CHUNK_BAD : chunk_text(c, CHUNK_TRAILER, CHUNK_LAST_LF);
    case CHUNK_TRAILER:
        return chunk_text(c, CHUNK_TRAILER, CHUNK_TRAILER_LF);
    case CHUNK_TRAILER_LF:
        return c == '\n' ? CHUNK_TRAILER_START : CHUNK_BAD;
    case CHUNK_LAST_LF:
        return c == '\n' ? CHUNK_END : CHUNK_BAD;
    case CHUNK_DATA:
    case CHUNK_END:
    case CHUNK_BAD:
        break;
    }
    return CHUNK_BAD;
}

/* How many of these bytes belong to the body; its state says whether they are well framed. */
static size_t chunk_check(struct chunk_check *k, const char *data, size_t len)
{
    size_t i = 0;

    while (i < len && k->state != CHUNK_END && k->state != CHUNK_BAD) {
        if (k->state == CHUNK_DATA) {
            size_t n = k->left < len - i ? (size_t) k->left : len - i;

            k->left -= n;
            i += n;
            k->state = k->left == 0 ? CHUNK_DATA_CR : CHUNK_DATA;
        } else {
            k->state = chunk_next(k, data[i++]);
        }
    }
    return i;
}

static bool execute(struct http1 *p, const char *data, size_t len, size_t *used)
{
    http_parser_pause(p->hp, 0);
    *used = http_parser_execute(p->hp, &body_settings, data, len);
    return HTTP_PARSER_ERRNO(p->hp) == HPE_OK || HTTP_PARSER_ERRNO(p->hp) == HPE_PAUSED;
}

bool http1_begin_body(struct http1 *p)
{
    size_t used;

    /* The parser stopped before the head's last byte. */
    return execute(p, "\n", 1, &used);
}

bool http1_body(struct http1 *p, const char *data, size_t len, size_t *used)
{
    if (!p->chunked) {
        return execute(p, data, len, used);
    }
    len = chunk_check(&p->chunk, data, len);
    if (p->chunk.state == CHUNK_BAD) {
        *used = len;
        return false;
    }
    return execute(p, data, len, used);
}

void http1_done(struct http1 *p)
{
    buf_done(&p->url);
    free(p->hp);
    p->hp = NULL;
}
