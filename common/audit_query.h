/* SPDX-License-Identifier: MIT */
/*
 * Reading the audit log back: filters, and a reader that goes through the rotated files and on into
 * what is still being written. Works on the files, so the daemon need not run.
 */
#pragma once

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"

#define AUDIT_LIMIT_DEFAULT 1000
#define AUDIT_LIMIT_MAX     10000

struct audit_filter {
    char operation[64]; /* operationName; empty cells match everything */
    char vault[64];     /* the last part of resourceId */
    char result[64];    /* resultType */
    char status[8];     /* "403", "4xx" */
    char oid[64], appid[64];
    char correlation[128];      /* correlationId */
    int64_t since_ms, until_ms; /* since <= time < until; 0: open */
    uint64_t limit;             /* the newest so many; 0: AUDIT_LIMIT_DEFAULT */
};

/*
 * By parameter name: operation, vault, resultType, status, oid, appid, correlationId, since, until
 * (UTC times), limit. False: no such name, or a value that makes no sense.
 */
bool audit_filter_set(struct audit_filter *f, const char *name, const char *value,
                      struct az_error *reterr) MUST_CHECK;
bool audit_filter_matches(const struct audit_filter *f, const json_t *record);

struct audit_reader;

/* path as audit_open()'s. NULL: out of memory. Files that are not there hold nothing. */
struct audit_reader *audit_reader_new(const char *path, const struct audit_filter *filter);
void audit_reader_free(struct audit_reader *r);
/* The next matching record, without its newline, until the next call; NULL: none yet. */
const char *audit_reader_next(struct audit_reader *r);

/* The newest records that match, oldest first, each followed by `end`; the reader goes on behind.
 */
bool audit_reader_backlog(struct audit_reader *r, const char *end, struct buf *out) MUST_CHECK;
