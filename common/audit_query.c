/* SPDX-License-Identifier: MIT */
/* The reader follows files by their inode: a file keeps it when it is rotated. */
#include "common/audit_query.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/audit.h"
#include "common/bytes.h"
#include "common/clock.h"

#define OID_CLAIM "http://schemas.microsoft.com/identity/claims/objectidentifier"

/* A text filter: where it is kept, and where its value stands in a record. */
static const struct text_filter {
    const char *name;
    size_t offset, size;
    const char *outer, *inner, *member; /* outer and inner may be NULL */
} texts[] = {
#define TEXT(field) offsetof(struct audit_filter, field), sizeof(((struct audit_filter *) 0)->field)
    {"operation",     TEXT(operation),   NULL,       NULL,    "operationName"},
    {"resultType",    TEXT(result),      NULL,       NULL,    "resultType"   },
    {"oid",           TEXT(oid),         "identity", "claim", OID_CLAIM      },
    {"appid",         TEXT(appid),       "identity", "claim", "appid"        },
    {"correlationId", TEXT(correlation), NULL,       NULL,    "correlationId"},
    {"vault",         TEXT(vault),       NULL,       NULL,    "resourceId"   },
    {"status",        TEXT(status),      NULL,       NULL,    NULL           },
#undef TEXT
};

static const char *kept(const struct audit_filter *f, const struct text_filter *t)
{
    return (const char *) f + t->offset;
}

static bool good_status(const char *s)
{
    return strlen(s) == 3 && s[0] >= '1' && s[0] <= '5' &&
           ((isdigit((unsigned char) s[1]) && isdigit((unsigned char) s[2])) ||
            strcasecmp(s + 1, "xx") == 0);
}

static bool set_limit(struct audit_filter *f, const char *value, struct az_error *reterr)
{
    return (uint_parse(value, AUDIT_LIMIT_MAX, &f->limit) && f->limit > 0) ||
           az_fail(reterr, AZ_ERR_BAD_PARAMETER, "limit is a number from 1 to %d.",
                   AUDIT_LIMIT_MAX);
}

bool audit_filter_set(struct audit_filter *f, const char *name, const char *value,
                      struct az_error *reterr)
{
    if (strcmp(name, "limit") == 0) {
        return set_limit(f, value, reterr);
    }
    if (strcmp(name, "since") == 0 || strcmp(name, "until") == 0) {
        return time_parse(value, name[0] == 's' ? &f->since_ms : &f->until_ms) ||
               az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "%s takes a UTC time such as 2027-01-31T12:00:00Z.", name);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            (void) snprintf((char *) f + texts[i].offset, texts[i].size, "%s", value);
            return strlen(value) < texts[i].size && (texts[i].member || good_status(value))
                       ? true
                       : az_fail(reterr, AZ_ERR_BAD_PARAMETER, "%s can't be '%.100s'.", name,
                                 value);
        }
    }
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "There is no filter '%.100s'.", name);
}

static bool text_matches(const struct text_filter *t, const char *want, const json_t *record)
{
    const json_t *at = t->outer ? json_object_get(record, t->outer) : record;
    const char *got;
    const char *last;

    at = t->inner ? json_object_get(at, t->inner) : at;
    got = json_string_value(json_object_get(at, t->member));
    if (!got) {
        return false;
    }
    last = strcmp(t->name, "vault") == 0 ? strrchr(got, '/') : NULL;
    return strcasecmp(last ? last + 1 : got, want) == 0;
}

static bool status_matches(const char *want, const json_t *record)
{
    json_int_t got = json_integer_value(
        json_object_get(json_object_get(record, "properties"), "httpStatusCode"));

    return isdigit((unsigned char) want[1]) ? got == strtol(want, NULL, 10)
                                            : got / 100 == want[0] - '0';
}

bool audit_filter_matches(const struct audit_filter *f, const json_t *record)
{
    const char *time = json_string_value(json_object_get(record, "time"));
    int64_t ms = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *want = kept(f, &texts[i]);

        if (*want && !(texts[i].member ? text_matches(&texts[i], want, record)
                                       : status_matches(want, record))) {
            return false;
        }
    }
    if (f->since_ms == 0 && f->until_ms == 0) {
        return true;
    }
    return time && time_parse(time, &ms) && ms >= f->since_ms &&
           (f->until_ms == 0 || ms < f->until_ms);
}

struct audit_reader {
    char path[4096];
    struct audit_filter filter;
    FILE *file;
    ino_t inode;
    char *line;
    size_t cap;
};

struct audit_reader *audit_reader_new(const char *path, const struct audit_filter *filter)
{
    struct audit_reader *r = calloc(1, sizeof(*r));

    if (r) {
        (void) snprintf(r->path, sizeof(r->path), "%s", path);
        r->filter = *filter;
    }
    return r;
}

void audit_reader_free(struct audit_reader *r)
{
    if (r) {
        if (r->file) {
            (void) fclose(r->file);
        }
        free(r->line);
        free(r);
    }
}

/* 0: the file that is written; more: older. */
static void name_of(const struct audit_reader *r, int age, char out[4200])
{
    if (age == 0) {
        (void) snprintf(out, 4200, "%s", r->path);
    } else {
        (void) snprintf(out, 4200, "%s.%d", r->path, age);
    }
}

/* Opens the file behind the current one, or the oldest. False: there is none. */
static bool next_file(struct audit_reader *r)
{
    int age = AUDIT_KEEP_FILES;
    char name[4200];
    struct stat st;

    for (int i = 0; r->file && i <= AUDIT_KEEP_FILES; i++) {
        name_of(r, i, name);
        if (stat(name, &st) == 0 && st.st_ino == r->inode) {
            age = i - 1; /* not found: it is gone, and so is what was read of it */
            break;
        }
    }
    for (; age >= 0; age--) {
        FILE *f;

        name_of(r, age, name);
        f = fopen(name, "re");
        if (f && fstat(fileno(f), &st) == 0) {
            if (r->file) {
                (void) fclose(r->file);
            }
            r->file = f;
            r->inode = st.st_ino;
            return true;
        }
        if (f) {
            (void) fclose(f);
        }
    }
    return false;
}

/* A whole line, or none: what is half written is read again later. */
static bool read_line(struct audit_reader *r)
{
    off_t start = r->file ? ftello(r->file) : 0;
    ssize_t n = r->file ? getline(&r->line, &r->cap, r->file) : -1;

    if (n > 0 && r->line[n - 1] == '\n') {
        r->line[n - 1] = '\0';
        return true;
    }
    if (r->file) {
        clearerr(r->file);
        (void) fseeko(r->file, start, SEEK_SET);
    }
    return false;
}

const char *audit_reader_next(struct audit_reader *r)
{
    for (;;) {
        /* Rotated between the two reads: what was appended last is in the first of them. */
        if (!read_line(r) && (!next_file(r) || !read_line(r))) {
            return NULL;
        }
        json_t *record = json_loads(r->line, JSON_REJECT_DUPLICATES, NULL);
        bool matches = json_is_object(record) && audit_filter_matches(&r->filter, record);

        json_decref(record);
        if (matches) {
            return r->line;
        }
    }
}

bool audit_reader_backlog(struct audit_reader *r, const char *end, struct buf *out)
{
    size_t limit = r->filter.limit ? r->filter.limit : AUDIT_LIMIT_DEFAULT;
    char **ring = calloc(limit, sizeof(*ring));
    const char *line;
    size_t n = 0;
    bool ok = ring != NULL;

    while (ok && (line = audit_reader_next(r)) != NULL) {
        free(ring[n % limit]);
        ring[n % limit] = strdup(line);
        ok = ring[n++ % limit] != NULL;
    }
    for (size_t i = n > limit ? n - limit : 0; ok && i < n; i++) {
        buf_str(out, ring[i % limit]);
        buf_str(out, end);
    }
    for (size_t i = 0; ring && i < limit; i++) {
        free(ring[i]);
    }
    free(ring);
    return ok && buf_ok(out);
}
