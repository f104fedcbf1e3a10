/* SPDX-License-Identifier: MIT */
/*
 * The token service: client credentials (and passwords of test users) at the v1, v2 and adfs
 * endpoints, OIDC discovery, JWKS. Requests and demands: clients.md sections 3 and 12.3.
 */
#include "provider/api/login.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "common/jws.h"
#include "provider/api/answer.h"

static int hex(char c)
{
    return isdigit((unsigned char) c)    ? c - '0'
           : isxdigit((unsigned char) c) ? (c | 0x20) - 'a' + 10
                                         : -1;
}

bool login_form_get(struct str_view body, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    const char *end = body.ptr + body.len;

    for (const char *p = body.ptr; p && p < end;) {
        const char *amp = memchr(p, '&', (size_t) (end - p));
        const char *stop = amp ? amp : end;
        size_t n = 0;

        if ((size_t) (stop - p) > name_len && strncmp(p, name, name_len) == 0 &&
            p[name_len] == '=') {
            for (p += name_len + 1; p < stop && n + 1 < size; p++) {
                bool escape = *p == '%' && stop - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0;

                if (escape) {
                    out[n++] = (char) ((unsigned) hex(p[1]) << 4 | (unsigned) hex(p[2]));
                } else {
                    out[n++] = *p == '+' ? ' ' : *p;
                }
                p += escape ? 2 : 0;
            }
            out[n] = '\0';
            return true;
        }
        p = amp ? amp + 1 : end;
    }
    out[0] = '\0';
    return false;
}

static void hash_secret(const struct principal *p, const char *secret, uint8_t out[32])
{
    CLEANUP(buf_done) struct buf text = {0};

    buf_add(&text, p->secret_salt, sizeof(p->secret_salt));
    buf_str(&text, secret);
    (void) SHA256((const unsigned char *) text.data, text.len, out);
}

bool login_set_secret(struct principal *p, const char *secret)
{
    if (RAND_bytes(p->secret_salt, sizeof(p->secret_salt)) != 1) {
        return false;
    }
    hash_secret(p, secret, p->secret_hash);
    return true;
}

bool login_new_secret(struct principal *p, char out[BASE64URL_SECRET])
{
    return base64url_secret(out) && login_set_secret(p, out);
}

bool login_check_secret(const struct principal *p, const char *secret)
{
    uint8_t hash[32];

    hash_secret(p, secret, hash);
    return p->secret_salt[0] + p->secret_salt[1] + p->secret_salt[2] != 0 &&
           CRYPTO_memcmp(hash, p->secret_hash, sizeof(hash)) == 0;
}

/* The inner code carries the AADSTS number. */
static bool fail(struct az_error *reterr, enum az_errc errc, const char *number,
                 const char *message)
{
    return az_fail_inner(reterr, errc, number, "%s", message);
}

/*
 * The audience: the one scope that ends in "/.default", wherever it stands in the list, less that
 * suffix (clients.md 12.3); v1: `resource`. A slash too many stays, as Entra has it:
 * "https://management.azure.com/".
 */
static bool find_audience(struct str_view body, char *out, size_t size, struct az_error *reterr)
{
    char scope[1024];
    char *save = NULL;

    if (login_form_get(body, "resource", out, size) && out[0]) {
        return true;
    }
    if (!login_form_get(body, "scope", scope, sizeof(scope))) {
        return fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST, "AADSTS900144",
                    "The request body must contain the following parameter: 'scope'.");
    }
    for (char *p = strtok_r(scope, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
        size_t len = strlen(p);

        if (len > 9 && strcmp(p + len - 9, "/.default") == 0) {
            (void) snprintf(out, size, "%.*s", (int) (len - 9), p);
            return true;
        }
    }
    return fail(
        reterr, AZ_ERR_OAUTH_INVALID_SCOPE, "AADSTS70011",
        "The provided request must include a 'scope' input parameter. The provided value for the input "
        "parameter 'scope' is not valid: it must name one resource with /.default.");
}

/* The client's id and secret: in the form, or HTTP Basic. */
static void take_client(struct provider_call *c, struct str_view body, char *id, char *secret,
                        size_t size)
{
    struct str_view auth = http_header_get(&c->x->req, "authorization");

    (void) login_form_get(body, "client_id", id, size);
    (void) login_form_get(body, "client_secret", secret, size);
    if (!secret[0] && auth.len > 6 && strncasecmp(auth.ptr, "Basic ", 6) == 0) {
        CLEANUP(buf_done) struct buf text = {0};
        CLEANUP(bytes_clear_free) struct bytes raw = {0};

        for (size_t i = 6; i < auth.len; i++) {
            buf_add(&text, auth.ptr[i] == '+' ? "-" : auth.ptr[i] == '/' ? "_" : &auth.ptr[i], 1);
        }
        if (text.data && base64url_read((struct str_view){text.data, text.len}, &raw) &&
            raw.len > 0) {
            const char *colon = memchr(raw.data, ':', raw.len);
            size_t n = colon ? (size_t) (colon - (const char *) raw.data) : 0;

            (void) snprintf(id, size, "%.*s", (int) n, (const char *) raw.data);
            (void) snprintf(secret, size, "%.*s", colon ? (int) (raw.len - n - 1) : 0,
                            colon ? colon + 1 : "");
        }
    }
}

static const char *tenant_of(struct provider_call *c)
{
    const char *t = provider_param(c, 0);

    return strcasecmp(t, "adfs") == 0 || strcasecmp(t, "organizations") == 0 ||
                   strcasecmp(t, "common") == 0
               ? c->d->default_tenant
               : t;
}

static bool check_client(struct provider_call *c, struct kvdb_txn *txn, struct principal *p,
                         struct az_error *reterr)
{
    struct str_view body = c->x->req.body;
    char grant[64];
    char id[256] = "";
    char secret[256] = "";
    const char *tenant = tenant_of(c);

    if (!directory_get_tenant(txn, tenant)) {
        return az_fail_inner(
            reterr, AZ_ERR_OAUTH_INVALID_REQUEST, "AADSTS90002",
            "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing "
            "into the correct cloud.",
            tenant);
    }
    if (!login_form_get(body, "grant_type", grant, sizeof(grant))) {
        return fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST, "AADSTS900144",
                    "The request body must contain the following parameter: 'grant_type'.");
    }
    if (strcmp(grant, "password") == 0) {
        (void) login_form_get(body, "username", id, sizeof(id));
        (void) login_form_get(body, "password", secret, sizeof(secret));
        if (!directory_get_principal_by_appid(txn, id, p) || strcasecmp(p->tid, tenant) != 0 ||
            !login_check_secret(p, secret)) {
            return fail(reterr, AZ_ERR_OAUTH_INVALID_GRANT, "AADSTS50126",
                        "Error validating credentials due to invalid username or password.");
        }
        return true;
    }
    if (strcmp(grant, "client_credentials") != 0) {
        return az_fail_inner(reterr, AZ_ERR_OAUTH_UNSUPPORTED_GRANT, "AADSTS70003",
                             "The app requested an unsupported grant type '%s'.", grant);
    }
    take_client(c, body, id, secret, sizeof(id));
    if (!id[0]) {
        return fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST, "AADSTS900144",
                    "The request body must contain the following parameter: 'client_id'.");
    }
    if (!directory_get_principal_by_appid(txn, id, p) || strcasecmp(p->tid, tenant) != 0 ||
        p->kind != PRINCIPAL_SERVICE) {
        return az_fail_inner(
            reterr, AZ_ERR_OAUTH_UNAUTHORIZED_CLIENT, "AADSTS700016",
            "Application with identifier '%s' was not found in the directory '%s'. This can happen if "
            "the application has not been installed by the administrator of the tenant or consented "
            "to by any user in the tenant. You may have sent your authentication request to the wrong "
            "tenant.",
            id, tenant);
    }
    if (!login_check_secret(p, secret)) {
        return az_fail_inner(
            reterr, AZ_ERR_OAUTH_INVALID_CLIENT, "AADSTS7000215",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client "
            "secret value, not the client secret ID, for a secret added to app '%s'.",
            id);
    }
    return true;
}

static bool token_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct principal p;
    char audience[256];
    CLEANUP(free_str) char *token = NULL;

    if (!check_client(c, txn, &p, reterr) ||
        !find_audience(c->x->req.body, audience, sizeof(audience), reterr) ||
        !login_token(c->d, &p, audience, false, &token, reterr)) {
        return false;
    }
    AUTO_JSON *doc =
        json_pack("{s:s,s:i,s:i,s:s}", "token_type", "Bearer", "expires_in", LOGIN_TOKEN_SECONDS,
                  "ext_expires_in", LOGIN_TOKEN_SECONDS, "access_token", token);

    if (c->x->req.n_segments == 3 &&
        !sv_ieq(c->x->req.segments[1], "v2.0")) { /* v1: times as strings too */
        (void) json_object_set_new(
            doc, "expires_on",
            json_sprintf("%lld", (long long) clock_real_ms() / 1000 + LOGIN_TOKEN_SECONDS));
        (void) json_object_set_new(doc, "resource", json_string(audience));
    }
    return provider_answer_json(c, 200, doc);
}

/* Everything in it is rendered from the Host: clients refuse an issuer of another host
 * (clients.md 3.2). */
static bool discovery_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char base[URL_MAX];
    const char *segment = provider_param(c, 0);
    bool v2 = c->x->req.n_segments == 4;
    bool adfs = strcasecmp(segment, "adfs") == 0;
    const char *tenant = adfs ? "adfs" : tenant_of(c);

    if (!adfs && !directory_get_tenant(txn, tenant)) {
        return az_fail_inner(reterr, AZ_ERR_OAUTH_INVALID_REQUEST, "AADSTS90002",
                             "Tenant '%s' not found.", tenant);
    }
    (void) site_url(&c->site, SVC_LOGIN, NULL, base);
    AUTO_JSON *doc =
        json_pack("{s:o,s:[s,s,s],s:o,s:[s],s:[s],s:o,s:o,s:o}", "token_endpoint",
                  json_sprintf("%s/%s/oauth2%s/token", base, tenant, v2 ? "/v2.0" : ""),
                  "token_endpoint_auth_methods_supported", "client_secret_post",
                  "client_secret_basic", "private_key_jwt", "jwks_uri",
                  json_sprintf("%s/%s/discovery%s/keys", base, tenant, v2 ? "/v2.0" : ""),
                  "id_token_signing_alg_values_supported", "RS256", "response_types_supported",
                  "token", "issuer", json_sprintf("%s/%s%s", base, tenant, v2 ? "/v2.0" : ""),
                  "authorization_endpoint",
                  json_sprintf("%s/%s/oauth2%s/authorize", base, tenant, v2 ? "/v2.0" : ""),
                  "end_session_endpoint",
                  json_sprintf("%s/%s/oauth2%s/logout", base, tenant, v2 ? "/v2.0" : ""));

    return provider_answer_json(c, 200, doc);
}

static bool keys_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) txn;
    (void) reterr;
    c->x->resp.status = 200;
    c->x->resp.content_type = "application/json; charset=utf-8";
    buf_str(&c->x->resp.body, token_signer_jwks(c->d->signer));
    return true;
}

/* The test authority of attestations (kvsim attest makes its key), with the paths of the service's
 * (Azure Attestation: metadata configuration, signing certificates). */
static bool attestation_discovery_run(struct provider_call *c, struct kvdb_txn *txn,
                                      struct az_error *reterr)
{
    char base[URL_MAX];

    (void) txn;
    (void) reterr;
    (void) site_url(&c->site, SVC_LOGIN, NULL, base);
    AUTO_JSON *doc = json_pack(
        "{s:o,s:o,s:[s],s:[s]}", "issuer", json_sprintf("%s/attestation", base), "jwks_uri",
        json_sprintf("%s/attestation/certs", base), "response_types_supported", "token",
        "id_token_signing_alg_values_supported", "RS256");

    return provider_answer_json(c, 200, doc);
}

static bool attestation_certs_run(struct provider_call *c, struct kvdb_txn *txn,
                                  struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    char path[4200];

    (void) txn;
    (void) reterr;
    (void) snprintf(path, sizeof(path), "%s/" ATTESTATION_JWKS_FILE, c->d->state);
    c->x->resp.status = 200;
    c->x->resp.content_type = "application/json; charset=utf-8";
    if (file_read(path, LIMIT_SMALL_FILE, &text)) {
        buf_add(&c->x->resp.body, text.data, text.len);
    } else {
        buf_str(&c->x->resp.body, "{\"keys\":[]}"); /* none has been made yet */
    }
    return true;
}

static bool instance_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char base[URL_MAX];
    const char *host;

    (void) txn;
    (void) reterr;
    host = site_url(&c->site, SVC_LOGIN, NULL, base) + strlen("https://");
    AUTO_JSON *doc = json_pack(
        "{s:o,s:s,s:[{s:s,s:s,s:[s,s]}]}", "tenant_discovery_endpoint",
        json_sprintf("%s/%s/v2.0/.well-known/openid-configuration", base, c->d->default_tenant),
        "api-version", "1.1", "metadata", "preferred_network", host, "preferred_cache", host,
        "aliases", host, c->site.family == NAMES_AZURE ? "login.windows.net" : "login.localhost");

    return provider_answer_json(c, 200, doc);
}

#define ROW(method, path, run)                                                   \
    {                                                                            \
        {method, path}, PPLANE_LOGIN, NULL, EXEC_LOOP, false, 0, NULL, NULL, run \
    }

const struct provider_route provider_login_routes[] = {
    ROW(HTTP_M_GET, "/common/discovery/instance", instance_run),
    ROW(HTTP_M_POST, "/{t}/oauth2/v2.0/token", token_run),
    ROW(HTTP_M_POST, "/{t}/oauth2/token", token_run),
    ROW(HTTP_M_GET, "/attestation/.well-known/openid-configuration", attestation_discovery_run),
    ROW(HTTP_M_GET, "/attestation/certs", attestation_certs_run),
    ROW(HTTP_M_GET, "/{t}/v2.0/.well-known/openid-configuration", discovery_run),
    ROW(HTTP_M_GET, "/{t}/.well-known/openid-configuration", discovery_run),
    ROW(HTTP_M_GET, "/{t}/discovery/v2.0/keys", keys_run),
    ROW(HTTP_M_GET, "/{t}/discovery/keys", keys_run),
};
const size_t provider_login_routes_len = ARRAY_LEN(provider_login_routes);
