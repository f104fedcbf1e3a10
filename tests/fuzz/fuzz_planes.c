/* SPDX-License-Identifier: MIT */
/*
 * Any request to the planes of Face, Language and Speech of an account that has all three, and to
 * Customer Lockbox ("/_sim/"). What was stored stays for the inputs that follow.
 */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"
#include "tests/fuzz/api_input.h"

#define PLANES_HOST "planes.cognitiveservices.localhost:7444"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct provider_fixture fixture;
static char api_key[128];

static void close_fixture(void)
{
    provider_fixture_close(&fixture);
}

static void open_fixture(void)
{
    provider_fixture_open(&fixture);
    if (provider_arm(
            &fixture, "PUT", ACCOUNT_PATH "planes",
            "{\"kind\":\"AIServices\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},"
            "\"properties\":{\"customSubDomainName\":\"planes\"}}") != 201 ||
        provider_arm(&fixture, "POST", ACCOUNT_PATH "planes/listKeys", NULL) != 200) {
        abort();
    }
    (void) snprintf(api_key, sizeof(api_key), "%s", api_text(fixture.a.doc, "key1"));
    (void) atexit(close_fixture);
}

static void handle(void *daemon, struct http_exchange *x)
{
    provider_api_handle(daemon, x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool open;
    const char *host = PLANES_HOST;
    struct api_input in;
    struct http_exchange x;

    if (!open) {
        open = true;
        open_fixture();
    }
    if (!api_input_read(data, size, &in)) {
        return 0;
    }
    const char *const headers[][2] = {
        {"Ocp-Apim-Subscription-Key", api_key                },
        {"Content-Type",              "application/json"     },
        {"x-kvsim-control",           fixture.d.control.token},
    };

    if (strncmp(in.target, "/_sim/lockbox", 13) == 0) {
        host = ARM_HOST;
    }
    if (api_input_send(handle, &fixture.d, &x, &in, host, headers, ARRAY_LEN(headers))) {
        api_input_done(&x);
    }
    return 0;
}
