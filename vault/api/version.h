/* SPDX-License-Identifier: MIT */
/* The api-versions of both planes, in order (versions.md sections 0, 1, 3). */
#pragma once

#include "vault/api/call.h"

/* Judges the request's api-version, fills c->api_version and c->version_index. */
bool vault_version_check(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
