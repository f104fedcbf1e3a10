/* SPDX-License-Identifier: MIT */
/* Authentication and authorization of vaultd. Texts: azure-rules.md section 8. */
#include "vault/api/auth.h"

#include <string.h>
#include <strings.h>

#include "vault/domain/firewall.h"
#include "vault/domain/rbac.h"

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
    /* Behind Cache-Control, Pragma and Expires (wire-samples.md part 1). */
    http_response_place_header(&c->x->resp, "WWW-Authenticate", 3);
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

static void caller_text(const struct vault_call *c, char out[256])
{
    (void) snprintf(out, 256, "appid=%s;oid=%s;%siss=%s", c->who.appid, c->who.oid,
                    strcmp(c->who.idtyp, "user") == 0 ? "numgroups=0;" : "", c->who.iss);
}

/* After authentication and before permissions: network-security.md speaks of the firewall first. */
static bool pass_firewall(struct vault_call *c, const char *caller, struct az_error *reterr)
{
    const struct vault *v = c->vault;
    const struct firewall_caller from = {c->x->req.client_ip, c->client_subnet,
                                         c->who.trusted_service};

    switch (firewall_judge(v, &from)) {
    case FIREWALL_LETS:
        return true;
    case FIREWALL_IS_CLOSED:
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByConnection",
            "Public network access is disabled and request is not from a trusted service nor via an "
            "approved private link.\r\nCaller: %s\r\nVault: %s;location=%s",
            caller, v->name, v->location);
    case FIREWALL_REFUSES:
        break;
    }
    return az_fail_inner(
        reterr, AZ_ERR_FORBIDDEN, "ForbiddenByFirewall",
        "Client address is not authorized and caller is not a trusted service.\r\nClient "
        "address: %s\r\nCaller: %s\r\nVault: %s;location=%s",
        c->x->req.client_ip, caller, v->name, v->location);
}

/* "keys" of /keys/k1 and /deletedkeys/k1 alike, and the object's name; empty for lists. */
static void object_of(const struct vault_call *c, struct str_view *family, struct str_view *name)
{
    *family = c->x->req.n_segments > 0 ? c->x->req.segments[0] : (struct str_view){"", 0};
    if (family->len > 7 && strncasecmp(family->ptr, "deleted", 7) == 0) {
        family->ptr += 7;
        family->len -= 7;
    }
    *name = c->n_params > 0 ? c->params[0] : (struct str_view){"", 0};
}

static bool by_roles(struct vault_call *c, const char *caller, struct az_error *reterr)
{
    const struct vault *v = c->vault;
    char resource[VAULT_RESOURCE_MAX];
    char hex[33] = "";
    struct str_view family;
    struct str_view name;
    const char *by;
    size_t n = 0;

    object_of(c, &family, &name);
    vault_resource_id(v, family, name, resource);
    by = c->rbac && c->row->data_action ? rbac_allows(rbac_shared_set(c->rbac), c->who.oid,
                                                      RBAC_DATA, c->row->data_action, resource)
                                        : NULL;
    if (!by) {
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByRbac",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or "
            "role definitions were changed recently, please observe propagation time.\r\nCaller: %s\r\nAction: "
            "'%s'\r\nResource: '%s'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: "
            "'DeniedWithNoValidRBAC' \r\nVault: %s;location=%s\r\n",
            caller, c->row->data_action ? c->row->data_action : "", resource, v->name, v->location);
    }
    for (; *by && n + 1 < sizeof(hex); by++) {
        hex[n] = *by;
        n += *by != '-' ? 1 : 0;
    }
    hex[n] = '\0';
    /* 32 hex digits since 2024 (wire-samples.md part 1). */
    (void) http_response_set_header(&c->x->resp, "x-ms-keyvault-rbac-assignment-id", "%s", hex);
    return true;
}

bool vault_authorize(struct vault_call *c, struct az_error *reterr)
{
    const struct vault *v = c->vault;
    unsigned perm = c->row->permission;
    char caller[256];

    if (!c->d->tokens) {
        return true;
    }
    caller_text(c, caller);
    if (!pass_firewall(c, caller, reterr)) {
        return false;
    }
    if (v->rbac) {
        return by_roles(c, caller, reterr);
    }
    if (!vault_allows(v, &c->who, c->row->family, perm)) {
        return az_fail_inner(
            reterr, AZ_ERR_FORBIDDEN, "ForbiddenByPolicy",
            "The user, group or application '%s' does not have %s %s permission on key vault "
            "'%s;location=%s'. For help resolving this issue, please see "
            "https://go.microsoft.com/fwlink/?linkid=2125287",
            caller, perm_family_name(c->row->family), perm_name(c->row->family, perm), v->name,
            v->location);
    }
    return true;
}
