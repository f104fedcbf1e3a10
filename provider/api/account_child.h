/* SPDX-License-Identifier: MIT */
/* Sub-resources of accounts: what deployments, plans, scopes and the rest have in common. */
#pragma once

#include "provider/api/account.h"

/* A collection of sub-resources, e.g. "deployments"; type as the service writes it in answers. */
struct child_kind {
    const char *collection;
    const char *type; /* "deployments", "commitmentplans" */
};

/*
 * ARM's view of a stored child {name, properties, sku?, tags?, systemData, etag}; properties may be
 * replaced by what the version shows (NULL: the stored ones). New reference.
 */
json_t *child_json(const json_t *account, const struct child_kind *kind, const json_t *child,
                   json_t *properties);
/* A new system record and etag, as for a change by the caller now. */
void child_touch(struct provider_call *c, json_t *child);
/* The account that a sub-resource belongs to, or the resource manager's error for its absence. */
bool child_owner(struct provider_call *c, struct kvdb_txn *txn, json_t **account,
                 struct az_error *reterr) MUST_CHECK;
/* Parameter 2 names the account, 3 the child; *child NULL when there is none. */
bool child_find(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                json_t **account, json_t **child, struct az_error *reterr) MUST_CHECK;
/* child_find() and If-Match; it has to be there. */
bool child_need(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                json_t **account, json_t **child, struct az_error *reterr) MUST_CHECK;
/* A name as the specs have it: a letter or digit, then those and "_.-", at most 64. */
bool child_check_name(const char *name, struct az_error *reterr) MUST_CHECK;
/* Nothing is being done to the account that this would disturb. */
bool child_may_change(struct provider_call *c, const json_t *account, struct az_error *reterr)
    MUST_CHECK;
/* Answers with the child and its etag as a header. */
bool child_answer(struct provider_call *c, int status, json_t *doc);

extern const struct arm_route provider_deployment_routes[];
extern const size_t provider_deployment_routes_len;
extern const struct arm_route provider_account_child_routes[];
extern const size_t provider_account_child_routes_len;
extern const struct arm_route provider_catalogue_routes[];
extern const size_t provider_catalogue_routes_len;
