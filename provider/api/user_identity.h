/* SPDX-License-Identifier: MIT */
/* Microsoft.ManagedIdentity: what accounts need of user-assigned identities. */
#pragma once

#include "provider/api/call.h"

/*
 * The identity with this resource id, any case; *ret: new reference with principalId, clientId,
 * tenantId, or NULL when there is none.
 */
bool user_identity_by_id(struct kvdb_txn *txn, const char *id, json_t **ret,
                         struct az_error *reterr) MUST_CHECK;
/* The identities of a group die with it. */
bool user_identity_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                                struct az_error *reterr) MUST_CHECK;
/* As generic resources, for /resources; group NULL: all. */
bool user_identity_each_resource(struct kvdb_txn *txn, const char *subscription, const char *group,
                                 bool (*fn)(void *ctx, json_t *generic), void *ctx);
