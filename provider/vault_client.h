/* SPDX-License-Identifier: MIT */
/*
 * The one small interface through which providerd calls vaultd: tests put their own behind it.
 *
 * Calls block: worker threads only. HTTP over libcurl: vault_client_http.c.
 */
#pragma once

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/http_client.h"
#include "common/token.h"

/* What the rules ask about a vault, from vaultd's control endpoint /_sim/vaults/{name}. */
struct vault_facts {
    bool exists; /* live */
    char name[25];
    guid_text tenant;
    guid_text subscription;
    char group[91];
    char location[32];
    bool soft_delete;
    bool purge_protection;
    bool rbac;
    bool firewall_on;
    bool bypass_trusted;
    unsigned identity_key_perms;  /* what the asked-for principal holds: enum key_perm bits of
                                     vault.h, as numbers */
    unsigned identity_rbac_perms; /* the same by role assignments: one of the two,
                                     as the vault uses it */
};

/* What the rules ask about a key version, as `get` with the identity's token shows it. */
struct key_facts {
    int status;          /* HTTP status of the get */
    char error_code[64]; /* error.innererror.code or error.code, when status is not 200 */
    char error_message[512];
    char kty[16];
    unsigned bits;
    char version[33];
    bool enabled;
    int64_t nbf_s, exp_s; /* 0: none */
    bool wrap, unwrap;    /* key_ops */
};

/* What became of a key, from the same control endpoint: a `get` tells the identity only 404. */
enum cmk_key_state { CMK_KEY_LIVE, CMK_KEY_DELETED /* recoverable */, CMK_KEY_LOST };

struct vault_client {
    void *ctx;
    /* principal_oid and key may be NULL: with a key what the principal holds on it, for a role can
     * be assigned on a single key. True with exists=false when there is no such vault. */
    bool (*get_vault)(void *ctx, const char *vault, const char *principal_oid, const char *key,
                      struct vault_facts *ret, struct az_error *reterr);
    /* version NULL or empty: the latest. token: the account's own. */
    bool (*get_key)(void *ctx, const char *vault, const char *key, const char *version,
                    const char *token, struct key_facts *ret, struct az_error *reterr);
    /* CMK_KEY_LIVE too when it can't be had. */
    enum cmk_key_state (*key_state)(void *ctx, const char *vault, const char *key);
    /* RSA-OAEP-256. Refusals of the vault: false with AZ_ERR_CMK_ACCESS_DENIED, inner and message
     * as the vault gave them; unreachable: another error. */
    bool (*wrap)(void *ctx, const char *vault, const char *key, const char *version,
                 const char *token, const struct bytes *plain, struct bytes *ret,
                 struct az_error *reterr);
    bool (*unwrap)(void *ctx, const char *vault, const char *key, const char *version,
                   const char *token, const struct bytes *wrapped, struct bytes *ret,
                   struct az_error *reterr);
    /* An ARM request for Microsoft.KeyVault, passed on with Host and Authorization as they came,
     * and the control token. path_and_query begins with '/'. */
    bool (*arm)(void *ctx, const char *method, const char *host, const char *path_and_query,
                const char *authorization, struct str_view body, struct http_client_answer *ret,
                struct az_error *reterr);
    /* A change of role assignments and definitions (vault/store/rbac_store.h). *stale: vaultd knows
     * another epoch and has changed nothing. */
    bool (*put_rbac)(void *ctx, const json_t *change, bool *stale, struct az_error *reterr);
};
