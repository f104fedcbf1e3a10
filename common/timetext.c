/* SPDX-License-Identifier: MIT */
/* Texts of times (ISO 8601, UTC) and durations (ISO 8601, and the short forms people type). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"

#define MS_SECOND INT64_C(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR   (60 * MS_MINUTE)
#define MS_DAY    (24 * MS_HOUR)

static const struct {
    const char *unit;
    bool after_t; /* ISO: stands in the time part */
    bool iso;
    int64_t ms;
} units[] = {
    {"ms", false, false, 1           },
    {"y",  false, true,  365 * MS_DAY},
    {"mo", false, false, 30 * MS_DAY },
    {"m",  false, true,  30 * MS_DAY }, /* ISO months; the short "m" is minutes: see below */
    {"w",  false, true,  7 * MS_DAY  },
    {"d",  false, true,  MS_DAY      },
    {"h",  true,  true,  MS_HOUR     },
    {"m",  true,  true,  MS_MINUTE   },
    {"s",  true,  true,  MS_SECOND   },
};

static int64_t unit_ms(const char *name, size_t len, bool iso, bool in_time)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strlen(units[i].unit) != len || strncasecmp(units[i].unit, name, len) != 0) {
            continue;
        }
        if (iso ? units[i].iso && units[i].after_t == in_time
                : len != 1 || *name != 'm' || units[i].after_t) {
            return units[i].ms;
        }
    }
    return 0;
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
    bool iso = *text == 'P' || *text == 'p';
    bool in_time = false;
    int64_t sum = 0;
    int parts = 0;

    for (text += iso ? 1 : 0; *text; parts++) {
        int64_t n = 0;
        int64_t ms;
        size_t len = 0;

        if (iso && !in_time && (*text == 'T' || *text == 't')) {
            in_time = true;
            text++;
        }
        if (!isdigit((unsigned char) *text)) {
            return false;
        }
        for (; isdigit((unsigned char) *text); text++) {
            n = n * 10 + (*text - '0');
            if (n > INT64_C(1000000000000)) {
                return false;
            }
        }
        while (isalpha((unsigned char) text[len]) && !(iso && len == 1)) {
            len++;
        }
        ms = unit_ms(text, len, iso, in_time);
        if (ms == 0 || n > INT64_C(100000000000000) / ms) {
            return false;
        }
        sum += n * ms;
        text += len;
    }
    *ret_ms = sum;
    return parts > 0;
}

bool time_parse(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int month = tm.tm_mon;
    int64_t s;
    int64_t ms = 0;
    int64_t scale = 100;

    if (!rest) {
        return false;
    }
    if (*rest == '.') {
        for (rest++; isdigit((unsigned char) *rest); rest++, scale /= 10) {
            ms += (*rest - '0') * scale;
        }
    }
    if (strcmp(rest, "Z") != 0 && strcmp(rest, "z") != 0 && strcmp(rest, "+00:00") != 0) {
        return false;
    }
    s = (int64_t) timegm(&tm);
    if (tm.tm_mon != month) { /* timegm() has made 2 March of 30 February */
        return false;
    }
    *ret_ms = s * 1000 + ms;
    return true;
}

const char *time_format(char buf[TIME_TEXT_MAX], int64_t ms, enum time_precision prec)
{
    time_t s = (time_t) (ms / 1000);
    struct tm tm;
    size_t n;

    (void) gmtime_r(&s, &tm);
    n = strftime(buf, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (prec == TIME_S) {
        (void) snprintf(buf + n, TIME_TEXT_MAX - n, "Z");
    } else {
        (void) snprintf(buf + n, TIME_TEXT_MAX - n, ".%03d%sZ", (int) (ms % 1000),
                        prec == TIME_100NS ? "0000" : "");
    }
    return buf;
}
