/* SPDX-License-Identifier: MIT */
/* The request form of a subscription (--approval=form): submitted, decided, answered in time. */
#pragma once

#include "provider/api/call.h"

/* CMK_APPROVAL_NOT_REQUIRED without --approval=form. Reads a snapshot of its own. */
enum cmk_approval cmk_approval_state(struct provider_call *c, const char *subscription);
