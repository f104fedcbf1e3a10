/* SPDX-License-Identifier: MIT */
/*
 * Role assignments and custom role definitions. Record class 'r'.
 *
 * An assignment is a JSON object {"name", "scope", "role", "principal", ["principalType",
 * "condition", "conditionVersion", "description"], "createdOn", "createdBy", ...}; a custom role
 * {"id", "roleName", "description", "scopes": [...], "permissions": [...], ...}. Ids and roles are
 * GUIDs.
 */
#pragma once

#include <jansson.h>

#include "common/kvdb.h"
#include "common/rbac.h"

/* NULL: none. New references. */
json_t *role_store_get_assignment(struct kvdb_txn *txn, const char *name);
json_t *role_store_get_role(struct kvdb_txn *txn, const char *id); /* custom ones only */

bool role_store_put_assignment(struct kvdb_txn *txn, const json_t *a, struct az_error *reterr)
    MUST_CHECK;
bool role_store_put_role(struct kvdb_txn *txn, const json_t *role, struct az_error *reterr)
    MUST_CHECK;
void role_store_del_assignment(struct kvdb_txn *txn, const char *name);
void role_store_del_role(struct kvdb_txn *txn, const char *id);

/* In the order of their ids; items are the visitor's only during the call. Owners of subscriptions
 * come as assignments of the role Owner, as Azure shows them. */
void role_store_each_assignment(struct kvdb_txn *txn, void (*fn)(void *ctx, json_t *a), void *ctx);
void role_store_each_role(struct kvdb_txn *txn, void (*fn)(void *ctx, json_t *role), void *ctx);

/* Names of the assignments at a scope and below it, owners of subscriptions aside. New reference.
 */
json_t *role_store_names_below(struct kvdb_txn *txn, const char *scope);
/* Ids of the custom roles that can be assigned there only. New reference. */
json_t *role_store_roles_below(struct kvdb_txn *txn, const char *scope);

/* Grows with every change, of subscriptions' owners too. */
uint64_t role_store_revision(struct kvdb_txn *txn);
void role_store_touch(struct kvdb_txn *txn);
/* Everything in force, the built-in roles included. NULL: out of memory or a broken record. */
struct rbac_set *role_store_load(struct kvdb_txn *txn);
