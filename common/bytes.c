/* SPDX-License-Identifier: MIT */
/* Owned bytes, views and the growable buffer. Whatever is freed here is wiped first. */
#include "common/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

struct str_view sv_from(const char *s)
{
    return (struct str_view){s, s ? strlen(s) : 0};
}

bool sv_eq(struct str_view a, const char *b)
{
    size_t len = strlen(b);

    return a.len == len && (len == 0 || memcmp(a.ptr, b, len) == 0);
}

bool sv_ieq(struct str_view a, const char *b)
{
    size_t len = strlen(b);

    return a.len == len && (len == 0 || strncasecmp(a.ptr, b, len) == 0);
}

char *sv_dup(struct str_view v)
{
    char *s = malloc(v.len + 1);

    if (s) {
        if (v.len > 0) {
            memcpy(s, v.ptr, v.len);
        }
        s[v.len] = '\0';
    }
    return s;
}

void bytes_clear_free(struct bytes *b)
{
    OPENSSL_clear_free(b->data, b->len);
    *b = (struct bytes){0};
}

struct bytes bytes_take(struct bytes *b)
{
    struct bytes taken = *b;

    *b = (struct bytes){0};
    return taken;
}

bool bytes_alloc(struct bytes *b, size_t len)
{
    b->data = OPENSSL_malloc(len > 0 ? len : 1);
    b->len = b->data ? len : 0;
    return b->data != NULL;
}

bool bytes_copy(struct bytes *b, const void *data, size_t len)
{
    if (!bytes_alloc(b, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(b->data, data, len);
    }
    return true;
}

bool bytes_eq(const struct bytes *a, const struct bytes *b)
{
    return a->len == b->len && (a->len == 0 || CRYPTO_memcmp(a->data, b->data, a->len) == 0);
}

void buf_done(struct buf *b)
{
    if (b->data) {
        OPENSSL_cleanse(b->data, b->len);
        free(b->data);
    }
    *b = (struct buf){0};
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* Room for `more` bytes and a NUL. Old storage is wiped, not just freed: it may hold a secret. */
static bool buf_reserve(struct buf *b, size_t more)
{
    size_t cap = b->cap > 0 ? b->cap : 256;
    char *data;

    if (b->failed || more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    if (b->len + more < b->cap) {
        return true;
    }
    while (cap <= b->len + more) {
        cap *= 2;
    }
    data = malloc(cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    if (b->data) {
        memcpy(data, b->data, b->len);
        OPENSSL_cleanse(b->data, b->len);
        free(b->data);
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (!buf_reserve(b, len)) {
        return;
    }
    if (len > 0) {
        memcpy(b->data + b->len, data, len);
    }
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
    } else if (buf_reserve(b, (size_t) n)) {
        (void) vsnprintf(b->data + b->len, (size_t) n + 1, fmt, again);
        b->len += (size_t) n;
    }
    va_end(again);
}

/* Length of the valid UTF-8 sequence at s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                                             : 4;

    if (n == 1) {
        return 1;
    }
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > len) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return n;
}

size_t utf8_repair(char *s, size_t len)
{
    size_t bad = 0;

    for (size_t i = 0; i < len;) {
        size_t n = utf8_len((const unsigned char *) s + i, len - i);

        if (n == 0) {
            s[i] = '?';
            bad++;
        }
        i += n > 0 ? n : 1;
    }
    return bad;
}

static void buf_json_escape(struct buf *b, unsigned char c)
{
    static const char short_form[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

    if (c == '"' || c == '\\') {
        buf_fmt(b, "\\%c", c);
    } else if (short_form[c]) {
        buf_fmt(b, "\\%c", short_form[c]);
    } else {
        buf_fmt(b, "\\u%04x", (unsigned) c);
    }
}

void buf_json_str(struct buf *b, const char *s, size_t len)
{
    size_t done = 0;

    buf_add(b, "\"", 1);
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char) s[i];
        size_t n = utf8_len((const unsigned char *) s + i, len - i);

        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += n;
            continue;
        }
        buf_add(b, s + done, i - done);
        if (n == 0) {
            buf_str(b, "\xef\xbf\xbd");
        } else {
            buf_json_escape(b, c);
        }
        done = ++i;
    }
    buf_add(b, s + done, len - done);
    buf_add(b, "\"", 1);
}

char *buf_take(struct buf *b)
{
    char *data;

    buf_add(b, "", 0);
    if (b->failed) {
        buf_done(b);
        return NULL;
    }
    data = b->data;
    *b = (struct buf){0};
    return data;
}

bool uint_parse(const char *text, uint64_t max, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
           (max == 0 || *ret <= max);
}
