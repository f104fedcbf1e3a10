/* SPDX-License-Identifier: MIT */
/*
 * Writes role definitions and assignments through to vaultd before the resource manager answers.
 *
 * vaultd keeps a copy and names it by this process's epoch: a change that meets another epoch
 * (vaultd lost its state, or this process is new) is followed by everything. Changes that are
 * written through but not yet committed are remembered, so that "everything" holds them.
 */
#pragma once

#include "provider/api/call.h"

struct role_sync;

struct role_sync *role_sync_new(void); /* NULL: out of memory */
void role_sync_free(struct role_sync *s);

/* Everything, in batches. Blocks: worker threads only. */
bool role_sync_all(struct providerd *d, struct az_error *reterr) MUST_CHECK;
/* The change that the request asks for, judged against what txn sees, as below; new reference. */
typedef bool role_judge_fn(struct provider_call *c, struct kvdb_txn *txn, json_t **change,
                           struct az_error *reterr);
/*
 * Prepare of a change: judged, then written through. One that was written through on an earlier
 * round and is now refused is taken back. Worker threads only.
 */
bool role_sync_prepare(struct provider_call *c, role_judge_fn *judge, struct az_error *reterr)
    MUST_CHECK;
/*
 * A change, judged at `revision` of the store: {"roles": [..], "assignments": [..], "deletedRoles":
 * [id..], "deletedAssignments": [name..]}, taken over. Put into c->prepared, so that it is
 * remembered until the request has ended. Worker threads only.
 */
bool role_sync_change(struct provider_call *c, json_t *change, uint64_t revision,
                      struct az_error *reterr) MUST_CHECK;
/* A change that is not remembered: what is stored follows later. Worker threads only. */
bool role_sync_send(struct providerd *d, const json_t *change, struct az_error *reterr) MUST_CHECK;
/* Is the store as it was (role_store_revision) when the change was judged? */
bool role_sync_is_current(const struct provider_call *c, struct kvdb_txn *txn);
/* The change that role_sync_change() put into c->prepared; borrowed. */
const json_t *role_sync_prepared(const struct provider_call *c);
