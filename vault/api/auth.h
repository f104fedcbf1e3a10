/* SPDX-License-Identifier: MIT */
/* Who calls, and may they: the challenge, the token, the access policies. */
#pragma once

#include "vault/api/call.h"

/* Verifies the bearer token into c->who; on failure the error is the 401 to answer with. */
bool vault_authenticate(struct vault_call *c, const char *tenant, struct az_error *reterr)
    MUST_CHECK;
/* The challenge of a 401 (clients.md 4.1: exact to the space). */
void vault_set_challenge(struct vault_call *c, const char *tenant);
/* By access policy; c->vault and c->row are set. */
bool vault_authorize(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
