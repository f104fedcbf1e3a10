/* SPDX-License-Identifier: MIT */
/* The temporary files through which test_keyalg.c and the openssl command exchange bytes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/bytes.h"

static char dir[] = "/tmp/kvsim-keyalg-XXXXXX";

static const char *path(const char *name, char buf[128])
{
    (void) snprintf(buf, 128, "%s/%s", dir, name);
    return buf;
}

static void write_file(const char *name, const void *data, size_t len)
{
    char p[128];
    FILE *f = fopen(path(name, p), "wbe");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static struct bytes read_file(const char *name)
{
    char p[128];
    uint8_t data[2048];
    struct bytes b = {0};
    FILE *f = fopen(path(name, p), "rbe");

    assert_non_null(f);
    assert_true(bytes_copy(&b, data, fread(data, 1, sizeof(data), f)));
    assert_int_equal(fclose(f), 0);
    return b;
}
