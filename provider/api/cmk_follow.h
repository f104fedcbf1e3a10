/* SPDX-License-Identifier: MIT */
/*
 * Edition 2026: an account whose key is named without a version follows the newest one (NEW26:
 * "omitted or empty: follows the latest version automatically"). It is looked for at each use of
 * data, and once a day where nobody uses any: what is due is done before the next answer leaves.
 */
#pragma once

#include "provider/api/cmk_identity.h"

/* Simulated time between two looks; Key Vault's documents say "within 1-24 h" of its services. */
#define FOLLOW_EVERY_S (24 * 60 * 60)

/* For a dek that was made of a key without a version; marks it as one that follows. */
void cmk_follow_mark(json_t *dek, int64_t now_s);

/* Worker: looks for a newer version and wraps the data key anew; c->rekey is what is to be stored.
 * What can't be had now is tried again later; the version in use goes on serving. */
void cmk_follow_newest(struct provider_call *c, json_t *account, const struct key_identity *id);
/* The write step; c->rekey is gone afterwards. */
bool cmk_store_rekey(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
    MUST_CHECK;
void cmk_rekey_free(struct cmk_rekey *r); /* NULL is allowed */

/* The daily look: is there an account to look after, worker, writer. */
bool cmk_follow_due(struct provider_call *c, struct kvdb_txn *txn);
void cmk_follow_prepare(struct provider_call *c);
bool cmk_follow_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
    MUST_CHECK;
