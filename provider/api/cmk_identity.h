/* SPDX-License-Identifier: MIT */
/*
 * Whose token goes to the vault for an account's data key: its system-assigned identity, or
 * (edition 2026) the user-assigned one that its encryption names by identityClientId.
 *
 * An identity of another directory than the account's is no use to it: whoever moves an account
 * leaves its identity behind (id.no-cross-directory). That is seen from the facts, so moving it
 * back mends it.
 */
#pragma once

#include "provider/api/call.h"

struct key_identity {
    bool there;       /* p is filled */
    bool left_behind; /* ... but belongs to another directory than the account */
    struct principal p;
};

/* Of the encryption that is stored. */
void key_identity_of(struct kvdb_txn *txn, const json_t *account, struct key_identity *ret);
/* Its own principal, in the account's present directory? */
void key_identity_set(struct kvdb_txn *txn, const json_t *account, const struct principal *p,
                      struct key_identity *ret);
/* The directory in which the account is now: its subscription's, unless it alone was moved. */
void account_tenant(struct kvdb_txn *txn, const json_t *account, guid_text ret);
/* Usable: there and not left behind; else NULL. */
const struct principal *key_identity_usable(const struct key_identity *id);
