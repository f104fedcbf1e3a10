/* SPDX-License-Identifier: MIT */
/* One line an event, to stderr, written with one call so that lines of threads don't mix. */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

static const char *const level_names[] = {
    [LOG_LVL_ERROR] = "error", [LOG_LVL_WARN] = "warn", [LOG_LVL_INFO] = "info"};
static enum log_level threshold = LOG_LVL_INFO;
static const char *program = "kvsim";

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_set_level_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(level_names[i], name) == 0) {
            threshold = (enum log_level) i;
        }
    }
}

void log_set_program(const char *name)
{
    program = name;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char when[TIME_TEXT_MAX];
    char line[1024];
    va_list ap;
    int n;
    int m;

    if (level > threshold) {
        return;
    }
    n = snprintf(line, sizeof(line), "%s %s %s: ", time_format(when, clock_real_ms(), TIME_MS),
                 program, level_names[level]);
    va_start(ap, fmt);
    m = vsnprintf(line + n, sizeof(line) - (size_t) n - 1, fmt, ap);
    va_end(ap);
    n = m < 0 ? n : n + m;
    if ((size_t) n > sizeof(line) - 2) {
        n = (int) sizeof(line) - 2;
    }
    for (int i = 0; i < n; i++) { /* what a client has sent must not look like a line of ours */
        if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[n++] = '\n';
    /* Nothing can be done about a log that can't be written. */
    (void) !write(STDERR_FILENO, line, (size_t) n);
}
