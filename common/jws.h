/* SPDX-License-Identifier: MIT */
/*
 * Signed JSON (RFC 7515, compact, RS256) under keys that lie in files: attestation tokens of the
 * test authority, and the answers of key release. JWS and JWK by latchset's jose.
 *
 * The algorithm is fixed: a token that names another one is refused.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"

#define ATTESTATION_KEY_FILE  "attestation-key.json"  /* in the state directory: private, 0600 */
#define ATTESTATION_JWKS_FILE "attestation-jwks.json" /* public */

struct jws_key;
/* Loads the file or makes it (RSA-2048, 0600); one process at a time. Slow when it makes one. */
bool jws_key_open(const char *path, struct jws_key **ret, struct az_error *reterr) MUST_CHECK;
void jws_key_free(struct jws_key *k); /* NULL is allowed */
const char *jws_key_id(const struct jws_key *k);
const json_t *jws_key_private(const struct jws_key *k); /* a JWK, borrowed */
/* {"keys":[...]}, public members only; a new reference. NULL: out of memory. */
json_t *jws_key_set(const struct jws_key *k);

/* header: members beside alg and kid; a kid of its own stays. *ret: free(). */
bool jws_sign(const struct jws_key *k, const json_t *header, struct str_view payload, char **ret,
              struct az_error *reterr) MUST_CHECK;
/* The payload, an object, if one of the set has signed it; else NULL. A new reference. */
json_t *jws_verify(const json_t *set, struct str_view token);
