/* SPDX-License-Identifier: MIT */
/*
 * Who signs what key release answers: an RSA key and a self-signed certificate of this state, in
 * place of the service's own TLS certificate (recorded: RS256, x5c of vault.azure.net).
 */
#pragma once

#include "common/az_error.h"
#include "common/bytes.h"

struct release_signer;

/* Nothing is made before the first use. dir: where key and certificate lie. NULL: out of memory. */
struct release_signer *release_signer_new(const char *dir);
void release_signer_free(struct release_signer *s);
/* A compact JWS with the recorded header. *ret: free(). Slow the first time. */
bool release_sign(struct release_signer *s, struct str_view payload, char **ret,
                  struct az_error *reterr) MUST_CHECK;
