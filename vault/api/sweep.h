/* SPDX-License-Identifier: MIT */
/*
 * The sweep: what time should have caused has happened before the next answer leaves.
 *
 * Scheduled purges, ends of asynchronous operations, expiry notices and rotations, in the order of
 * their times. It runs in write transactions of its own, so that a request that fails afterwards
 * takes nothing of it back. New keys are made on a worker first: sweep_prepare().
 */
#pragma once

#include "vault/api/call.h"

struct sweeper *sweeper_new(void); /* NULL: out of memory */
void sweeper_free(struct sweeper *s);

enum sweep_need { SWEEP_NOTHING, SWEEP_WRITE, SWEEP_PREPARE };

/* What has to happen before c may be answered. */
enum sweep_need sweep_needed(struct vault_call *c, struct kvdb_txn *txn);
/* Worker: makes keys for the rotations that are due, a limited number at a time. */
bool sweep_prepare(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
/* Writer: does what is due, up to the first rotation without a key, a limited number at a time. */
bool sweep_write(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr) MUST_CHECK;
/* Loop, after the commit: writes the audit records of what sweep_write() did. */
void sweep_report(struct vault_call *c);
