/* SPDX-License-Identifier: MIT */
/* The resource manager's own refusals of versions and types: what it says before a provider is
 * asked. */
#pragma once

#include "vault/api/call.h"

/* Both always false. */
bool arm_fail_version(struct vault_call *c, const char *version, struct az_error *reterr);
bool arm_fail_type(struct vault_call *c, struct az_error *reterr);
