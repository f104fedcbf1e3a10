/* SPDX-License-Identifier: MIT */
/* Which resource providers a subscription is registered for. All, until it says otherwise. */
#pragma once

#include "provider/api/call.h"

bool arm_is_registered(struct kvdb_txn *txn, const char *subscription, const char *ns);
/* Nothing is made or changed of a provider that the subscription is not registered for. */
bool arm_check_registered(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* Parameter 1 names the provider: stored, then as the caller shows it. */
bool arm_set_registered(struct provider_call *c, struct kvdb_txn *txn, bool registered,
                        struct az_error *reterr) MUST_CHECK;
