/* SPDX-License-Identifier: MIT */
/*
 * Managed identity endpoints, plain HTTP on loopback: IMDS and the App Service forms
 * (clients.md 3.4). They give no identity until one is attached (kvsim identity attach).
 */
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/login.h"

struct attached {
    guid_text oid;
};

static void attached_key(struct kvkey *k, const char *oid)
{
    kvkey_init(k, 'i');
    if (oid) {
        kvkey_str(k, oid);
    }
}

/* One of the attached identities: the one asked for, or the only one. */
static bool find_identity(struct kvdb_txn *txn, const char *id, struct principal *ret, unsigned *n)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool found = false;

    *n = 0;
    attached_key(&prefix, NULL);
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (it && kvdb_iter_next(it, &key, &val)) {
        struct principal p;

        if (!directory_get_principal(txn, (const char *) key.data + 1, &p)) {
            continue;
        }
        (*n)++;
        if (!found && (!id || strcasecmp(id, p.appid) == 0 || strcasecmp(id, p.oid) == 0 ||
                       strcasecmp(id, p.resource_id) == 0)) {
            *ret = p;
            found = true;
        }
    }
    kvdb_iter_free(it);
    return found;
}

static const char *param(struct provider_call *c, const char *name, char *out, size_t size)
{
    const char *v = http_param_get(&c->x->req, name);

    if (!v && c->x->req.method == HTTP_M_POST && login_form_get(c->x->req.body, name, out, size)) {
        v = out;
    }
    return v && *v ? v : NULL;
}

static bool answer_token(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const ids[] = {"client_id", "object_id", "msi_res_id", "mi_res_id",
                                      "principal_id"};
    char resource_buf[256];
    char id_buf[ARRAY_LEN(ids)][512];
    const char *resource = param(c, "resource", resource_buf, sizeof(resource_buf));
    const char *id = NULL;
    struct principal p;
    unsigned n = 0;
    int64_t now = clock_real_ms() / 1000;
    CLEANUP(free_str) char *token = NULL;

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const char *v = param(c, ids[i], id_buf[i], sizeof(id_buf[i]));

        if (v && id) {
            return az_fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST,
                           "Only one of client_id, object_id and msi_res_id may be given.");
        }
        id = v ? v : id;
    }
    if (!resource) {
        return az_fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST,
                       "Required query variable 'resource' is missing");
    }
    if (!find_identity(txn, id, &p, &n)) {
        return az_fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST,
                       n == 0 ? "Identity not found: attach one with `kvsim identity attach ID`"
                              : "Identity not found");
    }
    if (!login_token(c->d, &p, resource, false, &token, reterr)) {
        return false;
    }
    AUTO_JSON *doc = json_pack(
        "{s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:s}", "access_token", token, "client_id", p.appid,
        "expires_in", json_sprintf("%d", LOGIN_TOKEN_SECONDS), "expires_on",
        json_sprintf("%lld", (long long) now + LOGIN_TOKEN_SECONDS), "ext_expires_in",
        json_sprintf("%d", LOGIN_TOKEN_SECONDS), "not_before",
        json_sprintf("%lld", (long long) now), "resource", resource, "token_type", "Bearer");

    return provider_answer_json(c, 200, doc);
}

/* IMDS: the header keeps browsers and naive proxies out. */
static bool imds_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    if (!sv_ieq(http_header_get(&c->x->req, "metadata"), "true")) {
        return az_fail(reterr, AZ_ERR_OAUTH_INVALID_REQUEST,
                       "Required metadata header not specified");
    }
    return answer_token(c, txn, reterr);
}

static bool app_service_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct str_view given = http_header_get(&c->x->req, "x-identity-header");

    if (given.len == 0) {
        given = http_header_get(&c->x->req, "secret"); /* 2017-09-01 */
    }
    if (given.len != strlen(c->d->identity_header) ||
        CRYPTO_memcmp(given.ptr, c->d->identity_header, given.len) != 0) {
        return az_fail(reterr, AZ_ERR_OAUTH_UNAUTHORIZED_CLIENT,
                       "The header X-IDENTITY-HEADER does not hold the value of IDENTITY_HEADER.");
    }
    return answer_token(c, txn, reterr);
}

#define ROW(method, path, run)                                                      \
    {                                                                               \
        {method, path}, PPLANE_IDENTITY, NULL, EXEC_LOOP, false, 0, NULL, NULL, run \
    }

const struct provider_route provider_identity_routes[] = {
    ROW(HTTP_M_GET, "/metadata/identity/oauth2/token", imds_run),
    ROW(HTTP_M_GET, "/metadata/identity/oauth2/token/", imds_run),
    ROW(HTTP_M_GET, "/msi/token", app_service_run),
    ROW(HTTP_M_GET, "/msi/token/", app_service_run),
    ROW(HTTP_M_POST, "/msi/token", imds_run), /* Cloud Shell's form */
};
const size_t provider_identity_routes_len = ARRAY_LEN(provider_identity_routes);
