/* SPDX-License-Identifier: MIT */
/* Authentication and authorization of vaultd. Texts: azure-rules.md section 8. */
#include "vault/api/auth.h"

#include <string.h>
#include <strings.h>

#define FIRST_PARTY_APP "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"

static bool same_url(const char *a, const char *b)
{
    size_t la = strlen(a);
    size_t lb = strlen(b);

    la -= la > 0 && a[la - 1] == '/' ? 1 : 0;
    lb -= lb > 0 && b[lb - 1] == '/' ? 1 : 0;
    return la == lb && strncasecmp(a, b, la) == 0;
}

static bool arm_audience(const char *aud)
{
    static const char *const good[] = {"https://management.azure.com",
                                       "https://management.core.windows.net"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (same_url(aud, good[i])) {
            return true;
        }
    }
    return strncasecmp(aud, "https://management.localhost", 28) == 0;
}

static bool vault_audience(const struct vault_call *c, const char *aud)
{
    char url[URL_MAX];

    return same_url(aud, "https://vault.azure.net") || strcasecmp(aud, FIRST_PARTY_APP) == 0 ||
           same_url(aud, "https://vault.localhost") ||
           same_url(aud, site_vault_resource(&c->site, url));
}

void vault_set_challenge(struct vault_call *c, const char *tenant)
{
    char login[URL_MAX];
    char resource[URL_MAX];

    (void) http_response_set_header(&c->x->resp, "WWW-Authenticate",
                                    "Bearer authorization=\"%s/%s\", resource=\"%s\"",
                                    site_url(&c->site, SVC_LOGIN, NULL, login), tenant,
                                    site_vault_resource(&c->site, resource));
}

static bool judge(struct vault_call *c, enum token_verdict verdict, const char *header_b64,
                  const char *tenant, struct az_error *reterr)
{
    char issuer[128];
    bool arm = c->site.service == SVC_MANAGEMENT;

    switch (verdict) {
    case TOKEN_OK:
        break;
    case TOKEN_UNKNOWN_KEY:
        return az_fail(
            reterr, AZ_ERR_UNAUTHORIZED,
            "AKV10046: Unable to resolve the key used for signature validation. EncodedJwtHeader: '%s'.",
            header_b64);
    case TOKEN_EXPIRED:
        return az_fail(reterr, AZ_ERR_UNAUTHORIZED,
                       "[TokenExpired] Error validating token: 'S2S12086'.");
    case TOKEN_MALFORMED:
    case TOKEN_BAD_SIGNATURE:
    case TOKEN_NOT_YET_VALID:
        return az_fail(reterr, AZ_ERR_UNAUTHORIZED, "Error validating token: IDX10501");
    }
    if (arm ? !arm_audience(c->who.aud) : !vault_audience(c, c->who.aud)) {
        return az_fail(
            reterr, AZ_ERR_UNAUTHORIZED,
            "AKV10022: Invalid audience. Expected https://vault.azure.net or " FIRST_PARTY_APP
            ", found: %s.",
            c->who.aud);
    }
    if (arm) {
        return true;
    }
    (void) snprintf(issuer, sizeof(issuer), "https://sts.windows.net/%s/", tenant);
    if (strcasecmp(issuer, c->who.iss) != 0) {
        return az_fail(reterr, AZ_ERR_UNAUTHORIZED,
                       "AKV10032: Invalid issuer. Expected one of %s, found %s.", issuer,
                       c->who.iss);
    }
    return true;
}

bool vault_authenticate(struct vault_call *c, const char *tenant, struct az_error *reterr)
{
    struct str_view auth = http_header_get(&c->x->req, "authorization");
    char header_b64[512];
    enum token_verdict verdict;

    if (auth.len <= 7 || strncasecmp(auth.ptr, "Bearer ", 7) != 0) {
        return az_fail(reterr, AZ_ERR_UNAUTHORIZED,
                       "AKV10000: Request is missing a Bearer or PoP token.");
    }
    if (!c->d->tokens) {
        return true; /* --auth=permissive */
    }
    verdict = token_verify(c->d->tokens, (struct str_view){auth.ptr + 7, auth.len - 7},
                           clock_real_ms() / 1000, &c->who, header_b64);
    return judge(c, verdict, header_b64, tenant, reterr);
}

static bool firewall_lets(const struct vault_call *c)
{
    /* Rules of addresses come with "Key Vault keys and vaults"; what is not allowed here is
     * refused. */
    return !c->vault->firewall_on || (c->vault->bypass_trusted && c->who.trusted_service);
}

bool vault_authorize(struct vault_call *c, struct az_error *reterr)
{
    const struct vault *v = c->vault;
    unsigned perm = c->row->permission;
    char caller[256];

    if (!c->d->tokens) {
        return true;
    }
    (void) snprintf(caller, sizeof(caller), "appid=%s;oid=%s;%siss=%s", c->who.appid, c->who.oid,
                    strcmp(c->who.idtyp, "user") == 0 ? "numgroups=0;" : "", c->who.iss);
    if (!firewall_lets(c)) {
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByFirewall",
            "Client address is not authorized and caller is not a trusted service.\r\nClient "
            "address: %s\r\nCaller: %s\r\nVault: %s;location=%s",
            c->x->req.client_ip, caller, v->name, v->location);
    }
    if (v->rbac) {
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByRbac",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or "
            "role definitions were changed recently, please observe propagation time.\r\nCaller: %s\r\nAction: "
            "'%s'\r\nResource: '/subscriptions/%s/resourcegroups/%s/providers/microsoft.keyvault/vaults/%s'"
            "\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' "
            "\r\nVault: %s;location=%s\r\n",
            caller, c->row->data_action, v->subscription, v->resource_group, v->name, v->name,
            v->location);
    }
    if (!vault_allows_keys(v, &c->who, perm)) {
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByPolicy",
            "The user, group or application '%s' does not have keys %s permission on key vault "
            "'%s;location=%s'. For help resolving this issue, please see "
            "https://go.microsoft.com/fwlink/?linkid=2125287",
            caller, key_perm_name((enum key_perm) perm), v->name, v->location);
    }
    return true;
}
