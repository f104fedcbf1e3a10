/* SPDX-License-Identifier: MIT */
/* Any request to a vaultd that takes any token, with a vault and keys in it. */
#include "tests/api/vault_fixture.h"
#include "tests/fuzz/api_input.h"
#include "vault/api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vault_fixture fixture;

static void close_fixture(void)
{
    vault_fixture_close(&fixture);
}

static struct vaultd *daemon_once(void)
{
    static bool open;

    if (!open) {
        open = true;
        vault_fixture_open(&fixture);
        if (vault_call(&fixture, "POST", "/keys/ec/create", "{\"kty\":\"EC\"}") != 200 ||
            vault_call(&fixture, "POST", "/keys/rsa/create", "{\"kty\":\"RSA\"}") != 200) {
            abort();
        }
        token_verifier_free(fixture.d.tokens);
        fixture.d.tokens = NULL; /* --auth=permissive */
        fixture.d.arm_open = true;
        (void) atexit(close_fixture);
    }
    return &fixture.d;
}

static void handle(void *daemon, struct http_exchange *x)
{
    vault_api_handle(daemon, x);
}

/* Private members are never in an answer (RFC 7518 sections 6.2.2 and 6.3.2). */
static void check_secrets(const struct http_exchange *x)
{
    AUTO_JSON *doc =
        json_loadb(x->resp.body.data ? x->resp.body.data : "", x->resp.body.len, 0, NULL);
    const json_t *key = json_object_get(doc, "key");

    if (json_object_get(key, "d") || json_object_get(key, "p") || json_object_get(key, "k")) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const headers[][2] = {
        {"Authorization", "Bearer any"}
    };
    struct vaultd *d = daemon_once();
    struct api_input in;
    struct http_exchange x;

    if (!api_input_read(data, size, &in)) {
        return 0;
    }
    if (api_input_send(handle, d, &x, &in,
                       strncmp(in.target, "/subscriptions", 14) == 0 ? ARM_HOST : VAULT_HOST,
                       headers, ARRAY_LEN(headers))) {
        check_secrets(&x);
        api_input_done(&x);
    }
    return 0;
}
