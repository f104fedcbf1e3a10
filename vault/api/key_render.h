/* SPDX-License-Identifier: MIT */
/* Keys as the wire shows them; member order and version gates as recorded (wire-samples.md part 1).
 */
#pragma once

#include "vault/api/call.h"
#include "vault/store/key_store.h"

/* KeyBundle as the answer; sets c->object_id. */
bool key_answer_bundle(struct vault_call *c, const struct key_version *v);
/* DeletedKeyBundle. */
bool key_answer_deleted(struct vault_call *c, const struct key_head *head,
                        const struct key_version *v);
/* "https://VAULT/keys/NAME[/VERSION]" in the request's family, into out. */
const char *key_url(const struct vault_call *c, const char *kind, struct str_view name,
                    const char *version, char out[URL_MAX]);
/* "attributes":{...}[,"tags":{...}] */
void key_add_attributes(struct buf *b, const struct vault_call *c, const struct key_version *v);
/* A bundle's members, the key with key_hsm last: the payload of key release. */
void key_add_released(struct buf *b, struct vault_call *c, const struct key_version *v,
                      struct str_view key_hsm);
/* "recoveryId":...,"deletedDate":...,"scheduledPurgeDate":..., */
void key_add_deleted(struct buf *b, const struct vault_call *c, const struct key_head *head);

/* The errors for a key that is not there. */
bool key_not_found(struct vault_call *c, const char *name, const char *version,
                   struct az_error *reterr);
/* The live head and version that the path names (version empty: the latest). */
bool key_find(struct vault_call *c, struct kvdb_txn *txn, const char *name, const char *version,
              struct key_head *head, struct key_version *v, struct az_error *reterr) MUST_CHECK;
