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

#define AZ_ERROR_BROKEN_MAX  24

struct az_error {
    enum az_errc errc;
    const char *inner;  /* static, or NULL: innererror.code */
    const char *rule;   /* static, or NULL: id of the documented rule that refused */
    const char *target; /* static, or NULL: ARM's "target" */
    /* static, or NULL: ARM's "details" say code and message once more, for this target */
    const char *details_target;
    struct {
        const char *rule, *message;     /* static */
    } broken[AZ_ERROR_BROKEN_MAX];      /* every broken rule; ends at a NULL rule */
    char message[AZ_ERROR_MESSAGE_MAX]; /* sent to the client */
    char detail[256];                   /* logged, never sent; never key material or tokens */
};

int az_error_status(const struct az_error *err);
const char *az_error_code(const struct az_error *err);

/* Fill *err; the names for use are the macros below. */
void az_error_set(struct az_error *err, enum az_errc errc, const char *fmt, ...) PRINTF_LIKE(3, 4);
void az_error_set_inner(struct az_error *err, enum az_errc errc, const char *inner, const char *fmt,
                        ...) PRINTF_LIKE(4, 5);
void az_error_set_target(struct az_error *err, enum az_errc errc, const char *target,
                         const char *fmt, ...) PRINTF_LIKE(4, 5);
void az_error_set_content(struct az_error *err, const char *target, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void az_error_set_internal(struct az_error *err, const char *detail_fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Always false, so that a failing function can end in `return az_fail(...)`; macros, so that
 * compilers and analyzers see it too.
 */
#define az_fail(...)        (az_error_set(__VA_ARGS__), false)
#define az_fail_inner(...)  (az_error_set_inner(__VA_ARGS__), false)
#define az_fail_target(...) (az_error_set_target(__VA_ARGS__), false)
/* ARM's InvalidRequestContent: its text around what is said of the target. */
#define az_fail_content(...) (az_error_set_content(__VA_ARGS__), false)
#define az_fail_internal(...) \
    (az_error_set_internal(__VA_ARGS__), false) /* a 500; only the log names the cause */
