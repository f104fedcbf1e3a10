/* SPDX-License-Identifier: MIT */
/*
 * Any request to the planes of Face, Language and Speech of an account that has all three, and to
 * Customer Lockbox ("/_sim/"). What was stored stays for the inputs that follow.
 */
#include "tests/fuzz/api_input.h"
#include "tests/fuzz/provider_once.h"

#define PLANES_HOST "planes.cognitiveservices.localhost:7444"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make(struct provider_fixture *f)
{
    if (provider_arm(
            f, "PUT", ACCOUNT_PATH "planes",
            "{\"kind\":\"AIServices\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},"
            "\"properties\":{\"customSubDomainName\":\"planes\"}}") != 201) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct provider_once *p = provider_once("planes", make);
    const char *host = PLANES_HOST;
    struct api_input in;
    struct http_exchange x;

    if (!api_input_read(data, size, &in)) {
        return 0;
    }
    const char *const headers[][2] = {
        {"Ocp-Apim-Subscription-Key", p->api_key                },
        {"Content-Type",              "application/json"        },
        {"x-kvsim-control",           p->fixture.d.control.token},
    };

    if (strncmp(in.target, "/_sim/lockbox", 13) == 0) {
        host = ARM_HOST;
    }
    if (api_input_send(provider_once_handle, &p->fixture.d, &x, &in, host, headers,
                       ARRAY_LEN(headers))) {
        api_input_done(&x);
    }
    return 0;
}
