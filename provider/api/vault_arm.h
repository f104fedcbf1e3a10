/* SPDX-License-Identifier: MIT */
/*
 * What the simulator does to a vault in a person's stead (the portal's grants, moves between
 * directories): a resource manager request of the subscription's owner. Worker threads only.
 */
#pragma once

#include "provider/api/call.h"

/* path: of the resource manager, without api-version. body is stolen. */
bool vault_arm_as_owner(struct provider_call *c, const char *subscription, const char *method,
                        const char *path, json_t *body, struct az_error *reterr) MUST_CHECK;
