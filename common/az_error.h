/* SPDX-License-Identifier: MIT */
/*
 * The error a request ends with: what the client is told, and what only the operator is told.
 *
 * A function that can fail returns bool and takes `struct az_error *reterr` last; on false *reterr
 * is filled, on true it is untouched. Foreign errors (OpenSSL, LMDB, errno) become an az_error at
 * the wrapper that met them. Never log and return: only the api boundary and main log.
 */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"

enum az_errc {
#define AZ_ERR(name, status, code) AZ_ERR_##name,
#include "common/az_error.def"
#undef AZ_ERR
    AZ_ERR_COUNT
};

/* The longest text known (restore conflict, vault name in use) has under 900 bytes. */
#define AZ_ERROR_MESSAGE_MAX 1536

struct az_error {
    enum az_errc errc;
    const char *inner;  /* static, or NULL: innererror.code */
    const char *rule;   /* static, or NULL: id of the documented rule that refused */
    const char *target; /* static, or NULL: ARM's "target" */
    char message[AZ_ERROR_MESSAGE_MAX]; /* sent to the client */
    char detail[256];                   /* logged, never sent; never key material or tokens */
};

int az_error_status(const struct az_error *err);
const char *az_error_code(const struct az_error *err);

/* Both always return false, so that a failing function can end in `return az_fail(...)`. */
bool az_fail(struct az_error *reterr, enum az_errc errc, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool az_fail_inner(struct az_error *reterr, enum az_errc errc, const char *inner, const char *fmt,
                   ...) PRINTF_LIKE(4, 5);

/* A 500 whose cause only the log names. Always false. */
bool az_fail_internal(struct az_error *reterr, const char *detail_fmt, ...) PRINTF_LIKE(2, 3);
