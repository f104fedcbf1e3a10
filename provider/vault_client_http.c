/* SPDX-License-Identifier: MIT */
/* The calls to vaultd: as any client would make them, with the account's own token. */
#include "provider/vault_client_http.h"

#include <stdio.h>
#include <string.h>

#include "common/base64url.h"
#include "common/json.h"

#define API_VERSION "7.4"

struct vault_http {
    struct vault_client client;
    struct http_client *http;
    uint16_t port;
    char control_token[65];
};

static json_t *parse(const struct http_client_answer *a)
{
    return a->body.len > 0 ? json_loadb(a->body.data, a->body.len, 0, NULL) : NULL;
}

static void take(const json_t *o, const char *name, char *out, size_t size)
{
    const char *s = json_string_value(json_object_get(o, name));

    (void) snprintf(out, size, "%s", s ? s : "");
}

/* GET /_sim/vaults/{vault}?key=KEY&principal=OID, each may be NULL; new reference. */
static bool facts(struct vault_http *v, const char *vault, const char *key, const char *oid,
                  json_t **doc, struct az_error *reterr)
{
    const struct http_client_header headers[] = {
        {"x-kvsim-control", v->control_token}
    };
    struct http_client_answer a = {0};
    char url[512];
    bool ok;

    (void) snprintf(url, sizeof(url),
                    "https://management.localhost:%u/_sim/vaults/%.64s?%s%.127s%s%.36s",
                    (unsigned) v->port, vault, key ? "key=" : "", key ? key : "",
                    oid ? "&principal=" : "", oid ? oid : "");
    if (!http_client_call(v->http, "GET", url, headers, 1, (struct str_view){"", 0}, &a, reterr)) {
        return false;
    }
    ok = a.status == 200 ||
         az_fail_internal(reterr, "vaultd answered %d for a vault's facts", a.status);
    *doc = ok ? parse(&a) : NULL;
    http_client_answer_done(&a);
    return ok;
}

static enum cmk_key_state key_state(void *ctx, const char *vault, const char *key)
{
    AUTO_JSON *doc = NULL;
    struct az_error ignored;
    const char *state;

    if (!facts(ctx, vault, key, NULL, &doc, &ignored)) {
        return CMK_KEY_LIVE;
    }
    state = json_text(doc, "keyState");
    return strcmp(state, "deleted") == 0 ? CMK_KEY_DELETED
           : strcmp(state, "none") == 0  ? CMK_KEY_LOST
                                         : CMK_KEY_LIVE;
}

static bool get_vault(void *ctx, const char *vault, const char *principal_oid, const char *key,
                      struct vault_facts *ret, struct az_error *reterr)
{
    AUTO_JSON *doc = NULL;

    *ret = (struct vault_facts){0};
    if (!facts(ctx, vault, key, principal_oid, &doc, reterr)) {
        return false;
    }
    ret->exists = json_is_true(json_object_get(doc, "exists"));
    take(doc, "name", ret->name, sizeof(ret->name));
    take(doc, "tenant", ret->tenant, sizeof(ret->tenant));
    take(doc, "subscription", ret->subscription, sizeof(ret->subscription));
    take(doc, "group", ret->group, sizeof(ret->group));
    take(doc, "location", ret->location, sizeof(ret->location));
    ret->soft_delete = json_is_true(json_object_get(doc, "softDelete"));
    ret->purge_protection = json_is_true(json_object_get(doc, "purgeProtection"));
    ret->rbac = json_is_true(json_object_get(doc, "rbac"));
    ret->firewall_on = json_is_true(json_object_get(doc, "firewallOn"));
    ret->bypass_trusted = json_is_true(json_object_get(doc, "bypassTrusted"));
    /* What is held in the model that the vault uses; what the other would give does not count. */
    *(ret->rbac ? &ret->identity_rbac_perms : &ret->identity_key_perms) =
        (unsigned) json_integer_value(json_object_get(doc, "identityKeyPerms"));
    return true;
}

/* One data-plane call with the account's token. The answer's body is parsed into *doc. */
static bool call(struct vault_http *v, const char *method, const char *vault, const char *path,
                 const char *token, struct str_view body, int *status, json_t **doc,
                 struct az_error *reterr)
{
    CLEANUP(free_str) char *auth = NULL;
    struct http_client_answer a = {0};
    char url[1024];

    if (asprintf(&auth, "Bearer %s", token) < 0) {
        return az_fail_internal(reterr, "out of memory");
    }
    const struct http_client_header headers[] = {
        {"Authorization", auth                            },
        {"Content-Type",  "application/json"              },
        {"User-Agent",    "kvsim-providerd/" KVSIM_VERSION}
    };

    (void) snprintf(url, sizeof(url), "https://%.64s.vault.localhost:%u%s?api-version=" API_VERSION,
                    vault, (unsigned) v->port, path);
    if (!http_client_call(v->http, method, url, headers, ARRAY_LEN(headers), body, &a, reterr)) {
        return false;
    }
    *status = a.status;
    *doc = parse(&a);
    http_client_answer_done(&a);
    return true;
}

static bool has_op(const json_t *key, const char *op)
{
    json_t *v;
    size_t i;

    json_array_foreach(json_object_get(key, "key_ops"), i, v)
    {
        if (json_is_string(v) && strcmp(json_string_value(v), op) == 0) {
            return true;
        }
    }
    return false;
}

static void take_error(const json_t *doc, char *code, size_t code_size, char *message,
                       size_t message_size)
{
    const json_t *err = json_object_get(doc, "error");
    const json_t *inner = json_object_get(err, "innererror");

    take(json_object_get(inner, "code") ? inner : err, "code", code, code_size);
    take(err, "message", message, message_size);
}

static void take_key(const json_t *doc, struct key_facts *ret)
{
    const json_t *key = json_object_get(doc, "key");
    const json_t *attrs = json_object_get(doc, "attributes");
    const char *kid = json_string_value(json_object_get(key, "kid"));
    const char *slash = kid ? strrchr(kid, '/') : NULL;
    const char *n = json_string_value(json_object_get(key, "n"));

    take(key, "kty", ret->kty, sizeof(ret->kty));
    (void) snprintf(ret->version, sizeof(ret->version), "%s", slash ? slash + 1 : "");
    /* Four characters carry three bytes of the modulus, whose first bit is set. */
    ret->bits = n ? (unsigned) (strlen(n) * 3 / 4 * 8) : 0;
    ret->enabled = json_is_true(json_object_get(attrs, "enabled"));
    ret->nbf_s = json_integer_value(json_object_get(attrs, "nbf"));
    ret->exp_s = json_integer_value(json_object_get(attrs, "exp"));
    ret->wrap = has_op(key, "wrapKey");
    ret->unwrap = has_op(key, "unwrapKey");
}

static bool get_key(void *ctx, const char *vault, const char *key, const char *version,
                    const char *token, struct key_facts *ret, struct az_error *reterr)
{
    json_t *doc = NULL;
    char path[512];

    *ret = (struct key_facts){0};
    (void) snprintf(path, sizeof(path), "/keys/%.127s/%.32s", key, version ? version : "");
    if (!call(ctx, "GET", vault, path, token, (struct str_view){"", 0}, &ret->status, &doc,
              reterr)) {
        return false;
    }
    if (ret->status == 200) {
        take_key(doc, ret);
    } else {
        take_error(doc, ret->error_code, sizeof(ret->error_code), ret->error_message,
                   sizeof(ret->error_message));
    }
    json_decref(doc);
    return true;
}

/* The vault's own codes, for innererror: static strings. */
static const char *known_code(const char *code)
{
    static const char *const known[] = {
        "KeyDisabled",     "KeyOperationForbidden", "KeyNotFound", "ForbiddenByPolicy",
        "ForbiddenByRbac", "ForbiddenByFirewall",   "KeyExpired",  "KeyNotYetValid",
        "NotFound",        "Unauthorized",          "BadParameter"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i], code) == 0) {
            return known[i];
        }
    }
    return "KeyVaultError";
}

static bool crypt(struct vault_http *v, const char *op, const char *vault, const char *key,
                  const char *version, const char *token, const struct bytes *in, struct bytes *ret,
                  struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf body = {0};
    AUTO_JSON *doc = NULL;
    char path[512];
    char code[64];
    char message[512];
    const char *value;
    int status = 0;

    buf_str(&body, "{\"alg\":\"RSA-OAEP-256\",\"value\":\"");
    base64url_write(&body, in->data, in->len);
    buf_str(&body, "\"}");
    (void) snprintf(path, sizeof(path), "/keys/%.127s/%.32s/%s", key, version, op);
    if (!buf_ok(&body) || !call(v, "POST", vault, path, token,
                                (struct str_view){body.data, body.len}, &status, &doc, reterr)) {
        return false;
    }
    value = json_string_value(json_object_get(doc, "value"));
    if (status == 200 && value && base64url_read(sv_from(value), ret)) {
        return true;
    }
    take_error(doc, code, sizeof(code), message, sizeof(message));
    if (status == 429 || status >= 500) { /* it has not said no: another try may go well */
        return az_fail(reterr, AZ_ERR_SERVICE_UNAVAILABLE,
                       "The key vault '%s' could not answer: %s", vault, message);
    }
    return az_fail_inner(
        reterr, AZ_ERR_CMK_ACCESS_DENIED, known_code(code),
        "The customer-managed key '%s' in the key vault '%s' can't be used (%s): %s", key, vault,
        op, message);
}

static bool wrap(void *ctx, const char *vault, const char *key, const char *version,
                 const char *token, const struct bytes *plain, struct bytes *ret,
                 struct az_error *reterr)
{
    return crypt(ctx, "wrapkey", vault, key, version, token, plain, ret, reterr);
}

static bool unwrap(void *ctx, const char *vault, const char *key, const char *version,
                   const char *token, const struct bytes *wrapped, struct bytes *ret,
                   struct az_error *reterr)
{
    return crypt(ctx, "unwrapkey", vault, key, version, token, wrapped, ret, reterr);
}

static bool arm(void *ctx, const char *method, const char *host, const char *path_and_query,
                const char *authorization, struct str_view body, struct http_client_answer *ret,
                struct az_error *reterr)
{
    struct vault_http *v = ctx;
    CLEANUP(free_str) char *url = NULL;
    const struct http_client_header headers[] = {
        {"Host",            host              },
        {"Authorization",   authorization     },
        {"x-kvsim-control", v->control_token  },
        {"Content-Type",    "application/json"}
    };

    /* TLS with our own name; Host as the client wrote it, so that vaultd answers in its family. */
    if (asprintf(&url, "https://management.localhost:%u%s", (unsigned) v->port, path_and_query) <
        0) {
        return az_fail_internal(reterr, "out of memory");
    }
    return http_client_call(v->http, method, url, headers, ARRAY_LEN(headers), body, ret, reterr);
}

static bool put_rbac(void *ctx, const json_t *change, bool *stale, struct az_error *reterr)
{
    struct vault_http *v = ctx;
    CLEANUP(buf_done) struct buf body = {0};
    const struct http_client_header headers[] = {
        {"x-kvsim-control", v->control_token  },
        {"Content-Type",    "application/json"}
    };
    struct http_client_answer a = {0};
    char url[128];
    int status;

    (void) snprintf(url, sizeof(url), "https://management.localhost:%u/_sim/rbac/changes",
                    (unsigned) v->port);
    json_write(&body, change);
    if (!buf_ok(&body) || !http_client_call(v->http, "PUT", url, headers, ARRAY_LEN(headers),
                                            (struct str_view){body.data, body.len}, &a, reterr)) {
        return buf_ok(&body) ? false : az_fail_internal(reterr, "out of memory");
    }
    status = a.status;
    http_client_answer_done(&a);
    *stale = status == 409;
    return status == 200 || *stale ||
           az_fail_internal(reterr, "vaultd answered %d to a change of role assignments", status);
}

bool vault_http_new(const char *ca_file, uint16_t port, const char *control_token,
                    struct vault_http **ret, struct az_error *reterr)
{
    const struct http_client_options opt = {.ca_file = ca_file, .connect_port = port};
    struct vault_http *v = calloc(1, sizeof(*v));

    if (!v) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!http_client_new(&opt, &v->http, reterr)) {
        free(v);
        return false;
    }
    v->port = port;
    (void) snprintf(v->control_token, sizeof(v->control_token), "%s", control_token);
    v->client =
        (struct vault_client){v, get_vault, get_key, key_state, wrap, unwrap, arm, put_rbac};
    *ret = v;
    return true;
}

void vault_http_free(struct vault_http *v)
{
    if (v) {
        http_client_free(v->http);
        free(v);
    }
}

const struct vault_client *vault_http_client(struct vault_http *v)
{
    return &v->client;
}
