/* SPDX-License-Identifier: MIT */
/* Positions and sets of api-versions. */
#include "common/api_version.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DATE_LEN 10 /* 2026-04-01 */

static bool shaped(const char *text, const char *shape)
{
    for (; *shape; shape++, text++) {
        if (*shape == '9' ? !isdigit((unsigned char) *text) : *text != *shape) {
            return false;
        }
    }
    return true;
}

/* "", "-preview", "-preview.2" */
static bool good_tail(const char *tail)
{
    if (*tail == '\0' || strcasecmp(tail, "-preview") == 0) {
        return true;
    }
    return strncasecmp(tail, "-preview.", 9) == 0 && isdigit((unsigned char) tail[9]) &&
           tail[10] == '\0';
}

static bool is_date(const char *text)
{
    return shaped(text, "9999-99-99") && good_tail(text + DATE_LEN);
}

static bool is_number(const char *text)
{
    return shaped(text, "9.9") && good_tail(text + 3);
}

/* The newest of the list that has the same form: dates and numbers are two series. */
static const char *newest(const struct api_versions *list, bool (*form)(const char *text))
{
    for (size_t i = list->n; i > 0; i--) {
        if (form(list->names[i - 1])) {
            return list->names[i - 1];
        }
    }
    return NULL;
}

/* A stable version is later than the preview of the same date or number. */
static bool later(const char *text, const char *than, size_t len)
{
    int order = than ? strncmp(text, than, len) : 0;

    return than && (order > 0 || (order == 0 && text[len] == '\0' && than[len] != '\0'));
}

int api_version_find(const struct api_versions *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcasecmp(list->names[i], text) == 0) {
            return (int) i;
        }
    }
    if ((is_date(text) && later(text, newest(list, is_date), DATE_LEN)) ||
        (is_number(text) && later(text, newest(list, is_number), 3))) {
        return (int) list->n - 1;
    }
    return -1;
}

bool api_version_in(uint64_t set, int i)
{
    return i >= 0 && i < 64 && (set & VERSION_ONLY(i)) != 0;
}

void api_version_set_text(const struct api_versions *list, uint64_t set, struct buf *out)
{
    uint64_t known = list->n < 64 ? VERSION_BEFORE(list->n) : VERSION_ANY;
    size_t start = out->len;

    if ((set & known) == known) {
        buf_str(out, "all");
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        size_t end = i;

        if (!api_version_in(set, (int) i)) {
            continue;
        }
        while (end + 1 < list->n && api_version_in(set, (int) end + 1)) {
            end++;
        }
        buf_str(out, out->len > start ? " " : "");
        buf_str(out, list->names[i]);
        if (end > i) {
            buf_str(out, "..");
            buf_str(out, end + 1 < list->n ? list->names[end] : "");
        }
        i = end;
    }
    buf_str(out, out->len > start ? "" : "-");
}
