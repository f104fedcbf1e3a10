/* SPDX-License-Identifier: MIT */
/* Microsoft.CognitiveServices accounts: what other files need of their handlers. */
#pragma once

#include "provider/api/call.h"

#define ACCOUNT_NS "Microsoft.CognitiveServices"

/* The accounts of a group are soft-deleted with it. */
bool account_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                          struct az_error *reterr) MUST_CHECK;

/* account_render.c. ARM's view in the request's api-version; state: provisioningState. New
 * reference. */
json_t *account_json(struct provider_call *c, const json_t *account, const char *state);
json_t *account_id(const json_t *account);
const char *account_location(const json_t *account);
/* account_json() with its etag as a header. */
bool account_answer(struct provider_call *c, int status, const json_t *account, const char *state);
/* A member that is there. */
void account_copy(json_t *to, const json_t *from, const char *name);
/* A change by the caller, now; old may be NULL. New reference. */
json_t *account_system_data(struct provider_call *c, const json_t *old);
void account_touch(struct provider_call *c, json_t *account);

/* The live account that parameters 1 (group) and 2 (name) name. */
bool account_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                  struct az_error *reterr) MUST_CHECK;

/* A page of accounts has room for this one. */
struct arm_page;
bool account_page_takes(struct arm_page *p, const json_t *account);

/* Quotas of accounts in a region (recorded 2023-07-25), and what is used of them (kind NULL: all).
 */
#define ACCOUNTS_OPENAI 40
#define ACCOUNTS_REGION 200
int64_t account_count(struct kvdb_txn *txn, const char *subscription, const char *region,
                      const char *kind);

/* Are changes of this account finished in the background in the request's version (recorded)? */
bool account_asynchronous(const struct provider_call *c, const json_t *account);
bool account_lro(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                 const char *status, unsigned seconds, struct az_error *reterr) MUST_CHECK;
/* Nothing else is being done to it (--latency=azure). */
bool account_ready(struct provider_call *c, const json_t *account, struct az_error *reterr)
    MUST_CHECK;
/* The operation begins: shown until its end. No more than a note with --latency=instant. */
void account_begin(struct provider_call *c, json_t *account, const char *state, unsigned seconds);

/* account_cmk.c */
provider_prepare_fn account_patch_prepare, account_put_prepare;
provider_handler_fn account_patch_run;
struct cmk_change;

/* account.c. What create needs beyond what account_check() judges. */
bool account_check_create(struct provider_call *c, struct kvdb_txn *txn, char region[32],
                          struct az_error *reterr) MUST_CHECK;
/* The live and the deleted account of parameters 1 and 2; NULL: there is none. */
bool account_find_both(struct provider_call *c, struct kvdb_txn *txn, json_t **live,
                       json_t **deleted, struct az_error *reterr) MUST_CHECK;

/*
 * account_update.c. account_check() judges everything of a body but its encryption and changes
 * nothing; account is NULL at create. account_update() then takes it over, stores and answers;
 * change: what prepare made of the encryption.
 */
bool account_check(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                   struct az_error *reterr) MUST_CHECK;
bool account_update(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                    const struct cmk_change *change, struct az_error *reterr) MUST_CHECK;
/* What prepare made of the encryption, into the account's record. */
void account_take_change(struct provider_call *c, json_t *account, const struct cmk_change *change);
/* Identity, plain properties and tags of a checked body, applied to an account. */
bool account_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                   struct az_error *reterr) MUST_CHECK;
/* The location of a PUT is that of the account that exists. */
bool account_check_place(struct provider_call *c, const json_t *account, struct az_error *reterr)
    MUST_CHECK;
/* A PUT on an account that exists: as a PATCH, answered at once. */
bool account_update_by_put(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                           const struct cmk_change *change, struct az_error *reterr) MUST_CHECK;
/* If-Match and If-None-Match against a resource's etag (NULL: there is no resource). */
bool account_match(struct provider_call *c, const json_t *resource, struct az_error *reterr)
    MUST_CHECK;
bool account_check_tags(const json_t *tags, struct az_error *reterr) MUST_CHECK;

/* account_identity.c */
bool account_wants_system_identity(const json_t *body, bool now);
bool account_identity_check(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                            struct az_error *reterr) MUST_CHECK;
/* Born and dying with its switch (id.disable-cuts); attaches user-assigned ones. */
void account_identity_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account);
/* The attached user-assigned identity with this client id; false: none is. */
bool account_user_identity(struct kvdb_txn *txn, const json_t *account, const char *client_id,
                           struct principal *ret);
/* The same as a PATCH or (account NULL) a create with this body would leave it. */
bool account_user_identity_after(struct kvdb_txn *txn, const json_t *account, const json_t *body,
                                 const char *client_id, struct principal *ret);
/* The system-assigned identity is p from now on; the user-assigned ones stay. */
void account_identity_switch_on(json_t *account, const struct principal *p);
