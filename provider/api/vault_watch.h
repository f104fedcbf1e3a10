/* SPDX-License-Identifier: MIT */
/*
 * What a vault does with its own properties, for the rules that are about that: seen from both
 * sides of a PUT or PATCH that passes through. Worker threads only.
 */
#pragma once

#include "provider/api/call.h"

struct vault_watch {
    bool watching;
    char vault[LABEL_MAX];
    struct vault_facts before;
};

/* Before the request is passed on. */
void vault_watch_before(struct provider_call *c, struct vault_watch *w);
/* After vaultd has answered it with this status. */
void vault_watch_after(struct provider_call *c, const struct vault_watch *w, int status);
