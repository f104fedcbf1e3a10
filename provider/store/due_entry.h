/* SPDX-License-Identifier: MIT */
/* Entries of what is due: a class, the second as a number, then names, in the order of time. */
#pragma once

#include "common/kvdb.h"

#define DUE_NAMES_AT 9 /* where the names begin in an entry's key */

/*
 * The entry of the class that follows `after` (empty or NULL: the first), if its time has come: its
 * key in *found, each name NUL-terminated, its time (simulated seconds) in *at_s.
 */
bool due_entry_next(struct kvdb_txn *txn, char record_class, int64_t now_s,
                    const struct kvkey *after, struct kvkey *found, int64_t *at_s);
