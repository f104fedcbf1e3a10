/* SPDX-License-Identifier: MIT */
/*
 * What tests share: cmocka with all it needs, a folder that goes away, and errors that are shown.
 */
#pragma once

/* cmocka.h wants these before it. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/az_error.h"

/* ok, or the test ends and shows why not. */
#define assert_ok(ok, err)                                    \
    do {                                                      \
        if (!(ok)) {                                          \
            fail_msg("%s %s", (err)->message, (err)->detail); \
        }                                                     \
    } while (0)

/* The whole text is a number, from 0 to max. */
static inline bool test_number(const char *text, long max, int *ret)
{
    char *end;
    long n = strtol(text, &end, 10);

    *ret = (int) n;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= max;
}

struct test_dir {
    char path[64];
};

static inline void test_dir_make(struct test_dir *d)
{
    (void) snprintf(d->path, sizeof(d->path), "/tmp/kvsim-test-XXXXXX");
    assert_non_null(mkdtemp(d->path));
}

static inline const char *test_dir_file(const struct test_dir *d, const char *name, char out[256])
{
    (void) snprintf(out, 256, "%s/%s", d->path, name);
    return out;
}

static inline int test_dir_unlink(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove(path);
}

static inline void test_dir_remove(const struct test_dir *d)
{
    assert_int_equal(nftw(d->path, test_dir_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
}
