/* SPDX-License-Identifier: MIT */
/* The row of the route tables that a request asks for. */
#pragma once

#include "provider/api/call.h"

/* By host, path and method: c->row (and c->arm_row, where the operation knows its versions) and
 * c->params. False: the error of that host for what it does not know. */
bool provider_find_row(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* The same under /_sim/. */
bool provider_find_control_row(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* c->version, where the operation knows its versions. False: it is not in that one. */
bool provider_find_version(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
