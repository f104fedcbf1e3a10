/* SPDX-License-Identifier: MIT */
/* Who calls the resource manager, and is the subscription theirs. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/arm_scope.h"

/* Signature, time and issuer, into c->who; the audience is the caller's to judge. */
enum token_verdict provider_verify(struct provider_call *c, struct str_view jwt);
/* A valid token for management (or graph) into c->who. */
bool provider_authenticate(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/*
 * The subscription that the path names is known, into c->subscription, and the caller's roles allow
 * what the request asks for at its scope.
 */
bool provider_authorize_subscription(struct provider_call *c, struct kvdb_txn *txn,
                                     const char *subscription, struct az_error *reterr) MUST_CHECK;
/* The role assignments that txn sees; rbac_cache_release(). NULL: *reterr says why. */
struct rbac_shared *provider_roles(struct providerd *d, struct kvdb_txn *txn,
                                   struct az_error *reterr);
/* May the caller do this? The resource manager's 403 if not. */
bool provider_authorize(struct provider_call *c, struct kvdb_txn *txn, const char *action,
                        const char *scope, struct az_error *reterr) MUST_CHECK;
/* Does the bearer token carry one of these audiences (trailing slashes aside)? */
bool provider_audience_is(const char *aud, const char *const *good, size_t n);
