/* SPDX-License-Identifier: MIT */
/*
 * Owned bytes, borrowed views, and a growable buffer.
 *
 * A `struct bytes` may hold key material: it is wiped when freed, never formatted. `{0}` is empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct str_view {
    const char *ptr; /* not NUL-terminated */
    size_t len;
};

struct bytes {
    uint8_t *data; /* OPENSSL_malloc'ed */
    size_t len;
};

struct str_view sv_from(const char *s); /* NULL gives an empty view */
bool sv_eq(struct str_view a, const char *b);
bool sv_ieq(struct str_view a, const char *b); /* ASCII case-insensitive */
/* A NUL-terminated copy that the caller frees; NULL when out of memory. */
char *sv_dup(struct str_view v);

/* Wipes and frees; {0} afterwards. For CLEANUP(bytes_clear_free). */
void bytes_clear_free(struct bytes *b);
/* Moves ownership out of *b, leaving it empty. */
struct bytes bytes_take(struct bytes *b);
/* False when out of memory; len 0 is allowed. */
bool bytes_alloc(struct bytes *b, size_t len) MUST_CHECK;
bool bytes_copy(struct bytes *b, const void *data, size_t len) MUST_CHECK;
/* Constant-time where lengths are equal. */
bool bytes_eq(const struct bytes *a, const struct bytes *b);

/* Growable text or bytes. Out of memory is remembered: check once with buf_ok(). */
struct buf {
    char *data; /* NUL-terminated whenever len > 0 */
    size_t len;
    size_t cap;
    bool failed;
};

void buf_done(struct buf *b); /* wipes and frees */
bool buf_ok(const struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A whole number in decimal digits, and nothing but it; max 0: as large as there is. */
bool uint_parse(const char *text, uint64_t max, uint64_t *ret) MUST_CHECK;
/* Puts '?' for every byte that belongs to no valid UTF-8 sequence; how many there were. */
size_t utf8_repair(char *s, size_t len);
/* Appends a JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD. */
void buf_json_str(struct buf *b, const char *s, size_t len);
/* Gives the bytes to the caller (free()), NUL-terminated, and empties b; NULL if b failed. */
char *buf_take(struct buf *b);
