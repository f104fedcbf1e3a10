/* SPDX-License-Identifier: MIT */
/* Any request of the operator to a providerd with an account; the target's form chooses the host.
 */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"
#include "tests/fuzz/api_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct provider_fixture fixture;
static char authorization[4096];
static char api_key[128];

static void close_fixture(void)
{
    provider_fixture_close(&fixture);
}

static struct providerd *daemon_once(void)
{
    static bool open;

    if (!open) {
        open = true;
        provider_fixture_open(&fixture);
        provider_make_account(&fixture);
        if (provider_arm(&fixture, "POST", ACCOUNT_PATH "acct/listKeys", NULL) != 200) {
            abort();
        }
        (void) snprintf(api_key, sizeof(api_key), "%s", api_text(fixture.a.doc, "key1"));
        (void) snprintf(authorization, sizeof(authorization), "Bearer %s", fixture.token);
        (void) atexit(close_fixture);
    }
    return &fixture.d;
}

static void handle(void *daemon, struct http_exchange *x)
{
    provider_api_handle(daemon, x);
}

static const char *host_of(const char *target)
{
    static const struct {
        const char *prefix, *host;
    } hosts[] = {
        {"/openai",                   ACCOUNT_HOST          },
        {"/v1.0",                     "graph.localhost:7444"},
        {"/metadata/identity",        "127.0.0.1:7445"      },
        {"/msi",                      "127.0.0.1:7445"      },
        {"/00000000-0000-0000-0000-", "login.localhost:7444"},
        {"/common",                   "login.localhost:7444"},
        {"/adfs",                     "login.localhost:7444"},
    };

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        if (strncmp(target, hosts[i].prefix, strlen(hosts[i].prefix)) == 0) {
            return hosts[i].host;
        }
    }
    return ARM_HOST;
}

/* Entra's form names an error in a text, not in an object; api_input_send() wants either. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct providerd *d = daemon_once();
    const char *const headers[][2] = {
        {"Authorization",     authorization                     },
        {"api-key",           api_key                           },
        {"Metadata",          "true"                            },
        {"X-IDENTITY-HEADER", d->identity_header                },
        {"Content-Type",      "multipart/form-data; boundary=BB"},
    };
    struct api_input in;
    struct http_exchange x;

    if (api_input_read(data, size, &in) &&
        api_input_send(handle, d, &x, &in, host_of(in.target), headers, ARRAY_LEN(headers))) {
        api_input_done(&x);
    }
    return 0;
}
