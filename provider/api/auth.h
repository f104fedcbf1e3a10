/* SPDX-License-Identifier: MIT */
/* Who calls the resource manager, and is the subscription theirs. */
#pragma once

#include "provider/api/call.h"

/* A valid token for management (or graph) into c->who. */
bool provider_authenticate(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* The subscription that the path names is known and the caller's; into c->subscription. */
bool provider_authorize_subscription(struct provider_call *c, struct kvdb_txn *txn,
                                     const char *subscription, struct az_error *reterr) MUST_CHECK;
/* Does the bearer token carry one of these audiences (trailing slashes aside)? */
bool provider_audience_is(const char *aud, const char *const *good, size_t n);
