/* SPDX-License-Identifier: MIT */
/*
 * Attestations of target environments, as key release and secureunwrapkey take them: verified, then
 * held against a key's release policy.
 *
 * vaultd calls nobody: attestations are those of the test authority whose public keys lie in the
 * state directory. Such a token may speak for any authority that a policy names, so that policies
 * need no change. Its lifetime is judged by the real clock, as every token's.
 */
#pragma once

#include "vault/api/call.h"

/* token: "target" of a request; policy: texts.policy of the key version. *claims: json_decref(). */
bool attestation_check(const struct vaultd *d, const char *token, struct str_view policy,
                       json_t **claims, struct az_error *reterr) MUST_CHECK;
