/* SPDX-License-Identifier: MIT */
/*
 * Api-versions as positions in an ordered list, and sets of them as bits.
 *
 * Gating is by set, never by "version >= x": some members of a preview are absent from later stable
 * versions, and order is the list's, never the text's ("7.6" precedes "2025-06-01-preview").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

/* A set of versions: bit i stands for names[i]; a list has at most 64. */
#define VERSION_ONLY(i)   (UINT64_C(1) << (i))
#define VERSION_FROM(i)   (~UINT64_C(0) << (i))
#define VERSION_BEFORE(i) (VERSION_ONLY(i) - 1)
#define VERSION_ANY       (~UINT64_C(0))

struct api_versions {
    const char *const *names; /* oldest first */
    size_t n;
};

/*
 * The position of a version; -1: neither known nor later than the newest known. A later one (a date
 * after the newest, or a number after the newest number) counts as the newest.
 */
int api_version_find(const struct api_versions *list, const char *text);
/* Is position i (of a request) in the set? */
bool api_version_in(uint64_t set, int i);
/* "all", "7.3-preview..", "2016-10-01..7.2 7.3": ranges of the list, for people. */
void api_version_set_text(const struct api_versions *list, uint64_t set, struct buf *out);
