/* SPDX-License-Identifier: MIT */
/*
 * Azure role-based access control, evaluated purely: who may perform which action on which
 * resource.
 *
 * Knows nothing of vaults or accounts: roles and assignments are given as data. Denies by default.
 * A set is built once and then only read, so that threads may share it. Source: MicrosoftDocs
 * role-based-access-control/role-definitions.md (wildcards, notActions subtract from their own
 * permission only, assignments add up), scope-overview.md.
 */
#pragma once

#include <jansson.h>

#include "common/az_error.h"
#include "common/token.h"

enum rbac_plane { RBAC_CONTROL, RBAC_DATA };

struct rbac_set;

struct rbac_set *rbac_set_new(void); /* NULL: out of memory */
void rbac_set_free(struct rbac_set *s);
/* {"id": guid, "permissions": [{"actions", "notActions", "dataActions", "notDataActions",
 * ["condition"]}]} */
bool rbac_set_add_role(struct rbac_set *s, const json_t *role) MUST_CHECK;
/* {"name": guid, "role": guid, "principal": guid, "scope": "/subscriptions/...", ["condition"]}. */
bool rbac_set_add_assignment(struct rbac_set *s, const json_t *assignment) MUST_CHECK;

/*
 * The name of an assignment by which the principal may perform the action on the resource; NULL:
 * none. Conditions are not evaluated: an assignment that has one grants nothing, and a role's
 * permission that has one grants everything but the changing of role assignments.
 */
const char *rbac_allows(const struct rbac_set *s, const char *principal, enum rbac_plane plane,
                        const char *action, const char *resource);
/* Has the principal any assignment at, above or below the scope? */
bool rbac_knows(const struct rbac_set *s, const char *principal, const char *scope);

/* A star in a pattern stands for any text, also for none; any case. */
bool rbac_action_matches(const char *pattern, const char *action);
/* Is the resource the scope itself or below it? Whole segments, any case; "/" covers all. */
bool rbac_scope_covers(const char *scope, const char *resource);
