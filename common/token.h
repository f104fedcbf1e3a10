/* SPDX-License-Identifier: MIT */
/*
 * Entra-like access tokens: RS256 JWTs, signed by providerd, verified by whoever has the JWKS.
 *
 * Lifetimes are judged by the real clock. The algorithm is fixed: a token that names another one
 * (none, HS256) is refused before its signature is looked at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/az_error.h"
#include "common/bytes.h"

#define GUID_TEXT_LEN 36
typedef char guid_text[GUID_TEXT_LEN + 1];

void guid_random(guid_text out); /* version 4, lower case */
bool guid_valid(const char *text);

struct token_claims {
    char iss[128];
    char aud[256];
    guid_text oid;
    guid_text appid;
    guid_text tid;
    char idtyp[16];        /* "app" or "user" */
    char xms_mirid[512];   /* managed identities: resource id */
    char upn[128];         /* users */
    bool trusted_service;  /* an Azure service's own call: claim "kvsim_trusted" */
    int64_t iat, nbf, exp; /* seconds */
};

struct token_signer;
/* Loads DIR/token-key.pem or makes it (RSA-2048, 0600), and writes DIR/jwks.json. */
bool token_signer_open(const char *dir, struct token_signer **ret, struct az_error *reterr)
    MUST_CHECK;
void token_signer_free(struct token_signer *s);
/* The caller frees *ret. */
bool token_sign(const struct token_signer *s, const struct token_claims *c, char **ret,
                struct az_error *reterr) MUST_CHECK;
/* The JWKS document, borrowed. */
const char *token_signer_jwks(const struct token_signer *s);

enum token_verdict {
    TOKEN_OK,
    TOKEN_MALFORMED,   /* no JWT, bad JSON, alg other than RS256 */
    TOKEN_UNKNOWN_KEY, /* kid not in the JWKS */
    TOKEN_BAD_SIGNATURE,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET_VALID,
};

struct token_verifier;
/* Reads the JWKS file; a kid that is not in it makes it look at the file again. */
bool token_verifier_open(const char *jwks_path, struct token_verifier **ret,
                         struct az_error *reterr) MUST_CHECK;
void token_verifier_free(struct token_verifier *v);
/*
 * Signature and time only; issuer and audience are the caller's to judge. Thread-safe; verified
 * tokens are cached by hash until they expire. header_b64 (may be NULL) gets the encoded header
 * for AKV10046.
 */
enum token_verdict token_verify(struct token_verifier *v, struct str_view jwt, int64_t now_s,
                                struct token_claims *ret, char header_b64[512]);
