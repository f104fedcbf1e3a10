/* SPDX-License-Identifier: MIT */
/* The incremental reader: never holds more than a piece and a boundary. */
#include "provider/api/multipart.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_FIELD     4096
#define MAX_PART_HEAD 4096

enum { PREAMBLE, AFTER_BOUNDARY, HEAD, DATA, EPILOGUE };

bool multipart_init(struct multipart *m, struct str_view content_type)
{
    char text[512];
    const char *b;
    size_t len;

    *m = (struct multipart){.state = PREAMBLE};
    (void) snprintf(text, sizeof(text), "%.*s",
                    (int) (content_type.len < 511 ? content_type.len : 511),
                    content_type.ptr ? content_type.ptr : "");
    b = strncasecmp(text, "multipart/form-data", 19) == 0 ? strcasestr(text, "boundary=") : NULL;
    if (!b) {
        return false;
    }
    b += 9;
    b += *b == '"' ? 1 : 0;
    len = strcspn(b, "\"; \t");
    if (len == 0 || len > 70) { /* RFC 2046: at most 70 */
        return false;
    }
    (void) snprintf(m->boundary, sizeof(m->boundary), "\r\n--%.*s", (int) len, b);
    buf_add(&m->pending, "\r\n", 2); /* the first boundary has no line before it */
    return true;
}

void multipart_done(struct multipart *m)
{
    buf_done(&m->pending);
    buf_done(&m->field);
    buf_done(&m->purpose);
}

static void drop(struct buf *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

static bool bad(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The multipart body is not valid.");
}

/* One parameter of a header: ";" name "=" value, where the value is a token or quoted. */
struct param {
    char name[32];
    char value[MAX_PART_HEAD];
};

/*
 * In quotes a backslash hides a quote or another backslash (RFC 9110); before anything else it is
 * itself, as in the paths that some clients send as a file's name.
 */
static const char *read_quoted(const char *p, char *out, size_t size)
{
    size_t n = 0;

    for (p++; *p && *p != '"'; p++) {
        p += *p == '\\' && (p[1] == '"' || p[1] == '\\') ? 1 : 0;
        if (n + 1 < size) {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    return *p ? p + 1 : p;
}

/* NULL: there is none left. */
static const char *next_param(const char *p, struct param *ret)
{
    size_t len;

    p += strcspn(p, ";");
    p += strspn(p, "; \t");
    len = strcspn(p, "= \t;");
    if (len == 0) {
        return NULL;
    }
    (void) snprintf(ret->name, sizeof(ret->name), "%.*s", (int) len, p);
    ret->value[0] = '\0';
    p += len + strspn(p + len, " \t");
    if (*p != '=') {
        return p;
    }
    p += 1 + strspn(p + 1, " \t");
    if (*p == '"') {
        return read_quoted(p, ret->value, sizeof(ret->value));
    }
    len = strcspn(p, "; \t");
    (void) snprintf(ret->value, sizeof(ret->value), "%.*s", (int) len, p);
    return p + len;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char) c)) : NULL;

    return at ? (int) (at - digits) : -1;
}

/* "utf-8'language'percent-encoded" (RFC 5987); false: of another kind. */
static bool read_extended(const char *value, char *out, size_t size)
{
    const char *p = strncasecmp(value, "utf-8'", 6) == 0 ? strchr(value + 6, '\'') : NULL;
    size_t n = 0;

    if (!p) {
        return false;
    }
    for (p++; *p && n + 1 < size; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1;
        int low = high >= 0 ? hex_digit(p[2]) : -1;

        out[n++] = low >= 0 ? (char) (high * 16 + low) : *p;
        p += low >= 0 ? 2 : 0;
        if (out[n - 1] == '\0') {
            return false;
        }
    }
    out[n] = '\0';
    return n > 0;
}

struct disposition {
    char name[64];
    char filename[MAX_PART_HEAD]; /* "": none */
};

/*
 * What Content-Disposition says of a part. .NET's MultipartFormDataContent sends tokens without
 * quotes, and filename* beside filename for names that are not ASCII; RFC 7578 wants no filename*,
 * but to whoever sends it, it is the better one (RFC 6266).
 */
static bool read_disposition(const char *head, struct disposition *ret)
{
    static const char name[] = "Content-Disposition:";
    struct param param;
    bool extended = false;
    char line[MAX_PART_HEAD];
    char better[MAX_PART_HEAD];
    const char *p = head;

    *ret = (struct disposition){0};
    while (strncasecmp(p, name, sizeof(name) - 1) != 0) {
        p = strstr(p, "\r\n");
        if (!p) {
            return false;
        }
        p += 2;
    }
    (void) snprintf(line, sizeof(line), "%.*s", (int) strcspn(p, "\r\n"), p);
    for (p = next_param(line, &param); p; p = next_param(p, &param)) {
        if (strcasecmp(param.name, "name") == 0) {
            (void) snprintf(ret->name, sizeof(ret->name), "%.63s", param.value);
        } else if (strcasecmp(param.name, "filename") == 0 && !extended) {
            memcpy(ret->filename, param.value, sizeof(ret->filename));
        } else if (strcasecmp(param.name, "filename*") == 0) {
            if (read_extended(param.value, better, sizeof(better))) {
                memcpy(ret->filename, better, strlen(better) + 1);
                extended = true;
            }
        }
    }
    return true;
}

static bool take_file(struct multipart *m, const struct disposition *d, struct az_error *reterr)
{
    if (m->seen_file) {
        return bad(reterr); /* the two would become one content */
    }
    m->seen_file = true;
    if (strlen(d->filename) >= sizeof(m->filename)) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The filename is longer than %zu bytes.",
                       sizeof(m->filename) - 1);
    }
    memcpy(m->filename, d->filename, strlen(d->filename) + 1);
    return true;
}

static bool take_head(struct multipart *m, size_t len, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf head = {0};
    struct disposition d;

    buf_add(&head, m->pending.data, len);
    if (!buf_ok(&head)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (memchr(head.data, '\0', len) || !read_disposition(head.data, &d)) {
        return bad(reterr);
    }
    memcpy(m->name, d.name, sizeof(m->name));
    m->in_file = strcmp(m->name, "file") == 0;
    if (m->in_file && !take_file(m, &d, reterr)) {
        return false;
    }
    m->field.len = 0;
    drop(&m->pending, len + 4);
    m->state = DATA;
    return true;
}

static bool emit(struct multipart *m, size_t len, struct az_error *reterr)
{
    if (m->in_file) {
        return len == 0 || m->on_file(m->ctx, m->pending.data, len, reterr);
    }
    if (m->field.len + len > MAX_FIELD) {
        return bad(reterr);
    }
    buf_add(&m->field, m->pending.data, len);
    return buf_ok(&m->field) || az_fail_internal(reterr, "out of memory");
}

static void end_part(struct multipart *m)
{
    if (!m->in_file && strcmp(m->name, "purpose") == 0) {
        m->purpose.len = 0;
        buf_add(&m->purpose, m->field.data ? m->field.data : "", m->field.len);
    }
}

/* One step; *more says whether another may follow without new bytes. */
static bool step(struct multipart *m, bool *more, struct az_error *reterr)
{
    size_t blen = strlen(m->boundary);
    struct buf *p = &m->pending;
    char *at;

    *more = false;
    if (p->len == 0) {
        return true;
    }
    switch (m->state) {
    case PREAMBLE:
    case DATA:
        at = memmem(p->data, p->len, m->boundary, blen);
        if (!at) {
            size_t safe = p->len > blen ? p->len - blen : 0;

            if (m->state == DATA && !emit(m, safe, reterr)) {
                return false;
            }
            drop(p, safe);
            return true;
        }
        if (m->state == DATA) {
            if (!emit(m, (size_t) (at - p->data), reterr)) {
                return false;
            }
            end_part(m);
        }
        drop(p, (size_t) (at - p->data) + blen);
        m->state = AFTER_BOUNDARY;
        *more = true;
        return true;
    case AFTER_BOUNDARY:
        if (p->len < 2) {
            return true;
        }
        m->done = memcmp(p->data, "--", 2) == 0;
        if (!m->done && memcmp(p->data, "\r\n", 2) != 0) {
            return bad(reterr);
        }
        drop(p, 2);
        m->state = m->done ? EPILOGUE : HEAD;
        *more = true;
        return true;
    case HEAD:
        at = memmem(p->data, p->len, "\r\n\r\n", 4);
        if (!at) {
            return p->len < MAX_PART_HEAD || bad(reterr);
        }
        if (at + 4 - p->data > MAX_PART_HEAD) { /* as when it comes in pieces */
            return bad(reterr);
        }
        *more = take_head(m, (size_t) (at - p->data), reterr);
        return *more;
    default:
        p->len = 0;
        return true;
    }
}

bool multipart_feed(struct multipart *m, const void *data, size_t len, struct az_error *reterr)
{
    bool more = true;

    buf_add(&m->pending, data, len);
    if (!buf_ok(&m->pending)) {
        return az_fail_internal(reterr, "out of memory");
    }
    while (more) {
        if (!step(m, &more, reterr)) {
            return false;
        }
    }
    return true;
}
