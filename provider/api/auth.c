/* SPDX-License-Identifier: MIT */
/* Tokens at the resource manager; owners of subscriptions. Deny by default. */
#include "provider/api/auth.h"

#include <string.h>
#include <strings.h>

#include "provider/store/role_store.h"

bool provider_audience_is(const char *aud, const char *const *good, size_t n)
{
    size_t len = strlen(aud);

    while (len > 0 && aud[len - 1] == '/') {
        len--;
    }
    for (size_t i = 0; i < n; i++) {
        size_t g = strlen(good[i]);

        /* "https://management.localhost" stands for every port */
        if ((len == g || (len > g && aud[g] == ':')) && strncasecmp(aud, good[i], g) == 0) {
            return true;
        }
    }
    return false;
}

enum token_verdict provider_verify(struct provider_call *c, struct str_view jwt)
{
    char issuer[sizeof(c->who.iss)];
    enum token_verdict verdict =
        token_verify(c->d->tokens, jwt, clock_real_ms() / 1000, &c->who, NULL);

    (void) snprintf(issuer, sizeof(issuer), "https://sts.windows.net/%s/", c->who.tid);
    return verdict == TOKEN_OK && strcasecmp(issuer, c->who.iss) != 0 ? TOKEN_MALFORMED : verdict;
}

/* Every 401 says where tokens come from (RFC 9110 section 11.6.1). */
static void challenge(struct provider_call *c, const char *error, const char *why)
{
    char login[URL_MAX];

    (void) site_url(&c->site, SVC_LOGIN, NULL, login);
    (void) http_response_set_header(&c->x->resp, "WWW-Authenticate",
                                    error ? "Bearer authorization_uri=\"%s/%s\", error=\"%s\", "
                                            "error_description=\"%s\""
                                          : "Bearer authorization_uri=\"%s/%s\"",
                                    login, c->d->default_tenant, error, why);
}

bool provider_authenticate(struct provider_call *c, struct az_error *reterr)
{
    static const char *const arm[] = {"https://management.azure.com",
                                      "https://management.core.windows.net",
                                      "https://management.localhost"};
    static const char *const graph[] = {"https://graph.microsoft.com", "https://graph.windows.net",
                                        "https://graph.localhost"};
    static const char expired[] =
        "The access token expiry UTC time is earlier than current UTC time.";
    static const char invalid[] = "The access token is invalid.";
    struct str_view auth = http_header_get(&c->x->req, "authorization");
    bool is_graph = c->site.service == SVC_GRAPH;
    enum token_verdict verdict;

    if (auth.len <= 7 || strncasecmp(auth.ptr, "Bearer ", 7) != 0) {
        challenge(c, NULL, NULL);
        return az_fail(reterr, AZ_ERR_AUTHENTICATION_FAILED,
                       "Authentication failed. The 'Authorization' header is missing.");
    }
    verdict = provider_verify(c, (struct str_view){auth.ptr + 7, auth.len - 7});
    if (verdict == TOKEN_EXPIRED) {
        challenge(c, "invalid_token", expired);
        return az_fail(reterr, AZ_ERR_EXPIRED_TOKEN, "%s", expired);
    }
    if (verdict != TOKEN_OK) {
        challenge(c, "invalid_token", invalid);
        return az_fail(reterr, AZ_ERR_INVALID_TOKEN, "%s", invalid);
    }
    if (!provider_audience_is(c->who.aud, is_graph ? graph : arm, 3)) {
        challenge(c, "invalid_token", "The access token is for another audience.");
        return az_fail(
            reterr, AZ_ERR_INVALID_TOKEN_AUDIENCE,
            "The access token has been obtained for wrong audience or resource '%s'. It should exactly "
            "match with one of the allowed audiences 'https://management.core.windows.net/',"
            "'https://management.azure.com/'.",
            c->who.aud);
    }
    return true;
}

static struct rbac_set *load_roles(void *txn)
{
    return role_store_load(txn);
}

struct rbac_shared *provider_roles(struct providerd *d, struct kvdb_txn *txn,
                                   struct az_error *reterr)
{
    struct rbac_shared *s = rbac_cache_get(d->rbac, role_store_revision(txn), load_roles, txn);

    if (!s) {
        az_error_set_internal(reterr, "role assignments can't be read");
    }
    return s;
}

bool provider_authorize(struct provider_call *c, struct kvdb_txn *txn, const char *action,
                        const char *scope, struct az_error *reterr)
{
    struct rbac_shared *roles = provider_roles(c->d, txn, reterr);
    bool user = c->who.upn[0] != '\0';
    bool ok;

    if (!roles) {
        return false;
    }
    ok = rbac_allows(rbac_shared_set(roles), c->who.oid, RBAC_CONTROL, action, scope) != NULL;
    rbac_cache_release(roles);
    /* Text: the service's, as public issues quote it (azure-cli issue 11120 and many others). */
    return ok ||
           az_fail(
               reterr, AZ_ERR_AUTHORIZATION_FAILED,
               "The client '%s' with object id '%s' does not have authorization to perform action '%s' over "
               "scope '%s' or the scope is invalid. If access was recently granted, please refresh your "
               "credentials.",
               user ? c->who.upn : c->who.appid, c->who.oid, action, scope);
}

bool provider_authorize_subscription(struct provider_call *c, struct kvdb_txn *txn,
                                     const char *subscription, struct az_error *reterr)
{
    char action[ARM_ACTION_MAX];
    char scope[ARM_SCOPE_MAX];

    if (!guid_valid(subscription)) {
        return az_fail(reterr, AZ_ERR_INVALID_SUBSCRIPTION,
                       "The provided subscription identifier '%.64s' is malformed or invalid.",
                       subscription);
    }
    if (!directory_get_subscription(txn, subscription, &c->subscription)) {
        return az_fail(reterr, AZ_ERR_SUBSCRIPTION_NOT_FOUND,
                       "The subscription '%s' could not be found.", subscription);
    }
    if (strcasecmp(c->subscription.tenant, c->who.tid) != 0) {
        return az_fail(
            reterr, AZ_ERR_INVALID_TOKEN_TENANT,
            "The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with "
            "this subscription.",
            c->who.iss, c->subscription.tenant);
    }
    return arm_action_of(&c->x->req, action, scope)
               ? provider_authorize(c, txn, action, scope, reterr)
               : az_fail(reterr, AZ_ERR_BAD_REQUEST, "The request URI is not valid.");
}
