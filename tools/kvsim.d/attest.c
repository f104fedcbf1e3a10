/* SPDX-License-Identifier: MIT */
/* kvsim attest: a token of the test authority, as an attestation service would give it to a
 * confidential machine: claims, and in x-ms-runtime the public key that released keys are wrapped
 * for. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/fsutil.h"
#include "common/jws.h"
#include "common/keygen.h"
#include "tools/kvsim.d/kvsim.h"

#define CLAIMS_MAX  64
#define LIFETIME_MS (INT64_C(8) * 3600 * 1000) /* that of the service's tokens */

DEFINE_CLEANUP(pkey_cleanup, EVP_PKEY, EVP_PKEY_free)
#define AUTO_PKEY CLEANUP(pkey_cleanup) EVP_PKEY

struct options {
    const char *state, *issuer, *key, *new_key, *nonce;
    int64_t lifetime_ms;
};

/* "a.b.c=VALUE" into nested objects: true and false are booleans, everything else is text. */
static void add_claim(json_t *claims, const char *arg)
{
    size_t len = strcspn(arg, "=");
    const char *value = arg + len + 1; /* only where there is a '=' */
    char name[512];
    json_t *at = claims;
    char *part = name;
    char *dot;

    if (arg[len] == '\0' || len == 0 || len >= sizeof(name)) {
        die_usage("'%s' is no claim: NAME=VALUE is expected", arg);
    }
    (void) snprintf(name, sizeof(name), "%.*s", (int) len, arg);
    for (; (dot = strchr(part, '.')) != NULL; part = dot + 1) {
        *dot = '\0';
        if (!json_is_object(json_object_get(at, part))) {
            (void) json_object_set_new(at, part, json_object());
        }
        at = json_object_get(at, part);
    }
    (void) json_object_set_new(at, part,
                               strcmp(value, "true") == 0    ? json_true()
                               : strcmp(value, "false") == 0 ? json_false()
                                                             : json_string(value));
}

/* A public or a private key, in PEM. */
static EVP_PKEY *read_key(const char *path)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *key;

    if (!f) {
        die("%s can't be opened", path);
    }
    key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
    if (!key) {
        rewind(f);
        key = PEM_read_PrivateKey(f, NULL, NULL, (void *) (uintptr_t) "");
    }
    (void) fclose(f);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        die("%s holds no RSA key in PEM", path);
    }
    return key;
}

static EVP_PKEY *make_key(const char *path)
{
    EVP_PKEY *key = NULL;
    struct az_error err;
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (!out || !keygen_make(2048, CURVE_NONE, &key, &err) ||
        PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1) {
        die("the key can't be made");
    }
    len = BIO_get_mem_data(out, &text);
    if (!file_write_atomic(path, text, (size_t) len, 0600)) {
        die("%s can't be written", path);
    }
    BIO_free(out);
    return key;
}

static void add_runtime_key(json_t *claims, EVP_PKEY *key)
{
    json_t *jwk = json_pack("{s:s,s:s,s:[s]}", "kid", "TpmEphemeralEncryptionKey", "kty", "RSA",
                            "key_ops", "encrypt");
    json_t *runtime = json_object_get(claims, "x-ms-runtime");
    struct az_error err;

    if (!jwk_add_public(jwk, key, &err)) {
        die_error(&err);
    }
    if (!json_is_object(runtime)) {
        runtime = json_object();
        (void) json_object_set_new(claims, "x-ms-runtime", runtime);
    }
    (void) json_object_set_new(runtime, "keys", json_pack("[o]", jwk));
}

static void add_times(json_t *claims, const struct options *o)
{
    time_t now = time(NULL); /* the real clock's, as for every token */

    (void) json_object_set_new(claims, "iat", json_integer(now));
    (void) json_object_set_new(claims, "nbf", json_integer(now));
    (void) json_object_set_new(claims, "exp", json_integer(now + o->lifetime_ms / 1000));
    if (o->nonce) {
        (void) json_object_set_new(claims, "nonce", json_string(o->nonce));
    }
}

/* The authority's key, made at the first use, and its public part beside it. */
static struct jws_key *open_authority(const char *dir)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct jws_key *key = NULL;
    struct az_error err;
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/" ATTESTATION_KEY_FILE, dir);
    if (!jws_key_open(path, &key, &err)) {
        die_error(&err);
    }
    AUTO_JSON *set = jws_key_set(key);

    json_write(&text, set);
    (void) snprintf(path, sizeof(path), "%s/" ATTESTATION_JWKS_FILE, dir);
    if (!buf_ok(&text) || !file_write_atomic(path, text.data, text.len, 0644)) {
        die("%s can't be written", path);
    }
    return key;
}

/* Where the authority's documents are served: what a policy names, if it names no other. */
static json_t *default_issuer(const char *dir)
{
    AUTO_JSON *e = endpoints_need(dir);

    return json_sprintf("%s/attestation", endpoint(e, "login_url"));
}

int cmd_attest(int argc, char **argv)
{
    struct options o = {.lifetime_ms = LIFETIME_MS};
    const struct cli_option options[] = {
        STATE_OPTION(&o.state),
        CLI_OPT_STRING("issuer", 0, "URL", &o.issuer,
                       "Speak for this authority (default: kvsim's own)"),
        CLI_OPT_STRING("key", 0, "FILE", &o.key,
                       "RSA key (PEM) that released keys are wrapped for"),
        CLI_OPT_STRING("new-key", 0, "FILE", &o.new_key, "Make such a key and write it there"),
        CLI_OPT_STRING("nonce", 0, "TEXT", &o.nonce, "A nonce, as a claim"),
        CLI_OPT_DURATION("lifetime", 0, "DURATION", &o.lifetime_ms,
                         "How long it holds, in real time (default: 8h)"),
    };
    const struct cli cli = {
        .program = "kvsim attest",
        .summary = "Print an attestation token for key release, signed by kvsim's test authority.",
        .args_doc = "[NAME=VALUE...]",
        .epilog = "Claims are given as NAME=VALUE; a name with dots leads into objects; true and "
                  "false are booleans. Example:\n"
                  "  kvsim attest --new-key tee.pem x-ms-attestation-type=sgx is-debuggable=false",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .max_args = CLAIMS_MAX};
    const char *args[CLAIMS_MAX];
    size_t n = cli_parse(&cli, argc, argv, args);
    const char *dir = state_dir(o.state);
    CLEANUP(buf_done) struct buf payload = {0};
    AUTO_PKEY *key = NULL;
    AUTO_JSON *claims = json_object();
    struct jws_key *authority;
    struct az_error err;
    char *token = NULL;

    if (o.key && o.new_key) {
        die_usage("give --key or --new-key, not both");
    }
    (void) json_object_set_new(claims, "iss",
                               o.issuer ? json_string(o.issuer) : default_issuer(dir));
    add_times(claims, &o);
    for (size_t i = 0; i < n; i++) {
        add_claim(claims, args[i]);
    }
    key = o.key ? read_key(o.key) : o.new_key ? make_key(o.new_key) : NULL;
    if (key) {
        add_runtime_key(claims, key);
    }
    authority = open_authority(dir);
    AUTO_JSON *header = json_pack("{s:s,s:s}", "typ", "JWT", "jku", "");

    (void) json_object_set_new(
        header, "jku", json_sprintf("%s/certs", json_string_value(json_object_get(claims, "iss"))));
    json_write(&payload, claims);
    if (!jws_sign(authority, header, (struct str_view){payload.data, payload.len}, &token, &err)) {
        die_error(&err);
    }
    (void) printf("%s\n", token);
    free(token);
    jws_key_free(authority);
    return 0;
}
