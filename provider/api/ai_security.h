/* SPDX-License-Identifier: MIT */
/*
 * What an account's administrator has set for its data plane, applied to a request: networks,
 * roles, and the hosts that a call may name. Counts the rules of section G.
 */
#pragma once

#include "provider/api/call.h"

/* Where the request comes from is allowed. */
bool ai_admit_network(struct provider_call *c, const json_t *account, struct az_error *reterr)
    MUST_CHECK;
/* The token's principal has a role with the row's data action at the account. */
bool ai_authorize(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                  struct az_error *reterr) MUST_CHECK;
/*
 * Data loss prevention, on arrival: a URI that the call names leads to an allowed host. To be
 * asked before anything is fetched, opened or stored; name: the member that holds it.
 */
bool ai_check_uri(struct provider_call *c, const json_t *account, const char *name, const char *uri,
                  struct az_error *reterr) MUST_CHECK;

bool ai_local_auth_off(const json_t *account);
/* sec.combined: all that is enabled let the request in, or (after the check that failed) not. */
void ai_note_admitted(struct provider_call *c, const json_t *account);
void ai_note_key_refused(struct provider_call *c, const json_t *account);
