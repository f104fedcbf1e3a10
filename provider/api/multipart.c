/* SPDX-License-Identifier: MIT */
/* The incremental reader: never holds more than a piece and a boundary. */
#include "provider/api/multipart.h"

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

static void quoted(const char *head, const char *key, char *out, size_t size)
{
    const char *p = strcasestr(head, key);

    out[0] = '\0';
    if (p) {
        p += strlen(key);
        (void) snprintf(out, size, "%.*s", (int) strcspn(p, "\"\r\n"), p);
    }
}

static bool take_head(struct multipart *m, size_t len)
{
    CLEANUP(buf_done) struct buf head = {0};
    char filename[256];

    buf_add(&head, m->pending.data, len);
    if (!buf_ok(&head)) {
        return false;
    }
    quoted(head.data, " name=\"", m->name, sizeof(m->name));
    quoted(head.data, "filename=\"", filename, sizeof(filename));
    m->in_file = strcmp(m->name, "file") == 0;
    if (m->in_file) {
        if (m->seen_file) {
            return false; /* the two would become one content */
        }
        memcpy(m->filename, filename, sizeof(filename));
        m->seen_file = true;
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
    return buf_ok(&m->field);
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
        *more = take_head(m, (size_t) (at - p->data));
        return *more || bad(reterr);
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
