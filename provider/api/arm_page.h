/* SPDX-License-Identifier: MIT */
/*
 * Lists in pages: {"value": [...], "nextLink"?}. The specifications have nextLink, recordings of up
 * to 114 items have none; LIMIT_ARM_PAGE and the form of $skiptoken are ours (docs/fidelity.md).
 */
#pragma once

#include "provider/api/call.h"

#define ARM_PAGE_KEY 520 /* "group/name" */

struct arm_page {
    struct provider_call *c;
    json_t *list;
    size_t size;
    bool has_top;
    char from[ARM_PAGE_KEY]; /* the item that the page begins with; "": the first */
    char next[ARM_PAGE_KEY]; /* ... and the next page */
};

/* Takes $skiptoken. The list is given up by arm_page_answer(). */
bool arm_page_begin(struct provider_call *c, struct arm_page *p, struct az_error *reterr)
    MUST_CHECK;
/* ... and $top, where a specification has it. */
bool arm_page_begin_top(struct provider_call *c, struct arm_page *p, struct az_error *reterr)
    MUST_CHECK;
/* Room for the item of this key; false: the next page begins with it. */
bool arm_page_takes(struct arm_page *p, const char *key);
bool arm_page_answer(struct arm_page *p);
