/* SPDX-License-Identifier: MIT */
/*
 * Role definitions and assignments as providerd has written them through: vaultd evaluates them and
 * never changes them. Record class 'b'. Role assignments live in the resource manager; this is a
 * copy.
 */
#pragma once

#include <jansson.h>

#include "common/kvdb.h"
#include "common/rbac.h"

/*
 * Takes a change: {"epoch": guid, "adopt": bool, "roles": [..], "assignments": [..],
 * "deletedRoles": [id..], "deletedAssignments": [name..], "keepRoles": [id..], "keepAssignments":
 * [name..]}. adopt: from now on the epoch is this one. keep: others are dropped. *stale: the epoch
 * is not the stored one and nothing was changed; the writer must send everything: what there is
 * under a new epoch, then what to keep, so that nothing is missing in between.
 */
bool rbac_store_apply(struct kvdb_txn *txn, const json_t *change, bool *stale,
                      struct az_error *reterr) MUST_CHECK;
/* Grows with every change; 0: none yet. */
uint64_t rbac_store_revision(struct kvdb_txn *txn);
/* The set that is stored; NULL: out of memory or a broken record. */
struct rbac_set *rbac_store_load(struct kvdb_txn *txn);
