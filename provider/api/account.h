/* SPDX-License-Identifier: MIT */
/* Microsoft.CognitiveServices accounts: what other files need of their handlers. */
#pragma once

#include "provider/api/call.h"

/* The accounts of a group are soft-deleted with it. */
bool account_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                          struct az_error *reterr) MUST_CHECK;
/* ARM's view; state is provisioningState. New reference. */
json_t *account_json(struct provider_call *c, const json_t *account, const char *state,
                     bool state_last);
json_t *account_id(const json_t *account);
/* A member that is there. */
void account_copy(json_t *to, const json_t *from, const char *name);
void account_touch(struct provider_call *c, json_t *account);
bool account_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                  struct az_error *reterr) MUST_CHECK;

provider_prepare_fn account_patch_prepare; /* account_cmk.c */
provider_handler_fn account_patch_run;
provider_handler_fn account_put_run;
/* enc.no-cmk-at-create and its kin, for a create body. */
bool account_cmk_at_create(struct provider_call *c, const json_t *props, const char *kind,
                           const char *sku, struct az_error *reterr) MUST_CHECK;

/* Identity and plain properties of a body, applied to an account that is being made or changed. */
void account_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                   const json_t *props);
/* A PUT on an account that exists: as a PATCH, but for the encryption, which only PATCH changes. */
bool account_update_by_put(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                           struct az_error *reterr) MUST_CHECK;
