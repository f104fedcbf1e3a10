/* SPDX-License-Identifier: MIT */
/*
 * What time should have caused in the background has happened before the next answer leaves:
 * fine-tuning jobs end (ai_job.h), newer key versions are followed (cmk_follow.h). One at a time,
 * each by a worker, which may ask the vault, and a write; the request waits and then goes on.
 */
#pragma once

#include "provider/api/call.h"

/* Is there something? It is c->background from here to its write. */
bool background_due(struct provider_call *c, struct kvdb_txn *txn);
void background_prepare(struct provider_call *c);
bool background_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
    MUST_CHECK;
/* What it has left in the call. */
void background_free(struct provider_call *c);
