/* SPDX-License-Identifier: MIT */
/* The data plane of AI accounts: authentication, and the Files API. */
#pragma once

#include "provider/api/call.h"

/* An api-key of the account that the Host names, or an Entra token of a principal with a role; from
 * an allowed network. */
bool ai_authenticate(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* The account of the Host; new reference. */
bool ai_account(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                struct az_error *reterr) MUST_CHECK;
