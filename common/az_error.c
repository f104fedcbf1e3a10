/* SPDX-License-Identifier: MIT */
/* The catalogue of wire errors. Formats messages; decides nothing. */
#include "common/az_error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"

static const struct {
    int status;
    const char *code;
} catalogue[] = {
#define AZ_ERR(name, status, code) [AZ_ERR_##name] = {(status), (code)},
#include "common/az_error.def"
#undef AZ_ERR
};

int az_error_status(const struct az_error *err)
{
    assert(err->errc < AZ_ERR_COUNT);
    return catalogue[err->errc].status;
}

const char *az_error_code(const struct az_error *err)
{
    assert(err->errc < AZ_ERR_COUNT);
    return catalogue[err->errc].code;
}

/* A message may quote what a client has sent, and may be cut inside a character: JSON takes
 * neither. */
static void PRINTF_LIKE(2, 0) set_message(struct az_error *err, const char *fmt, va_list ap)
{
    (void) vsnprintf(err->message, sizeof(err->message), fmt, ap);
    (void) utf8_repair(err->message, strlen(err->message));
}

void az_error_set(struct az_error *err, enum az_errc errc, const char *fmt, ...)
{
    va_list ap;

    *err = (struct az_error){.errc = errc};
    va_start(ap, fmt);
    set_message(err, fmt, ap);
    va_end(ap);
}

void az_error_set_inner(struct az_error *err, enum az_errc errc, const char *inner, const char *fmt,
                        ...)
{
    va_list ap;

    *err = (struct az_error){.errc = errc, .inner = inner};
    va_start(ap, fmt);
    set_message(err, fmt, ap);
    va_end(ap);
}

void az_error_set_target(struct az_error *err, enum az_errc errc, const char *target,
                         const char *fmt, ...)
{
    va_list ap;

    *err = (struct az_error){.errc = errc, .target = target};
    va_start(ap, fmt);
    set_message(err, fmt, ap);
    va_end(ap);
}

void az_error_set_content(struct az_error *err, const char *target, const char *fmt, ...)
{
    char what[sizeof(err->message) - 100];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    az_error_set_target(err, AZ_ERR_INVALID_REQUEST_CONTENT, target,
                        "The request content was invalid and could not be deserialized: '%s'.",
                        what);
}

void az_error_set_internal(struct az_error *err, const char *detail_fmt, ...)
{
    va_list ap;

    *err = (struct az_error){.errc = AZ_ERR_INTERNAL, .message = "An internal error has occurred."};
    va_start(ap, detail_fmt);
    (void) vsnprintf(err->detail, sizeof(err->detail), detail_fmt, ap);
    va_end(ap);
}
