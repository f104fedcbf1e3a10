/* SPDX-License-Identifier: MIT */
/* Rotation: by hand, by policy (the sweep calls the rotation_ functions), and the policy itself. */
#pragma once

#include "vault/api/call.h"
#include "vault/api/key_create.h"
#include "vault/store/key_store.h"

vault_prepare_fn key_rotate_prepare;
vault_handler_fn key_rotate_run;
vault_handler_fn key_policy_get_run;
vault_handler_fn key_policy_set_run;

/* What the version after `v` takes over from it, copied: the snapshot may end. *ret:
 * new_key_free(). */
bool rotation_plan(const struct key_version *v, struct new_key **ret, struct az_error *reterr)
    MUST_CHECK;
/* Makes the key of such a plan. Slow: never inside a snapshot. */
bool rotation_make(struct vaultd *d, uint64_t vault_uid, struct new_key *nk,
                   struct az_error *reterr) MUST_CHECK;
/* Is nk of the kind of `v` still? */
bool rotation_fits(const struct new_key *nk, const struct key_version *v);
/* Stores nk as the version that follows *v, made at at_s; *head and *v are those of the new one. */
bool rotation_store(struct kvdb_txn *txn, uint64_t vault_uid, struct key_head *head,
                    struct new_key *nk, const struct rotation_policy *policy, int64_t at_s,
                    struct key_version *v, struct az_error *reterr) MUST_CHECK;
