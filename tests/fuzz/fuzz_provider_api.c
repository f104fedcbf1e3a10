/* SPDX-License-Identifier: MIT */
/* Any request of the operator to a providerd with an account; the target's form chooses the host.
 */
#include "tests/fuzz/api_input.h"
#include "tests/fuzz/provider_once.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char authorization[4096];

static void make(struct provider_fixture *f)
{
    provider_make_account(f);
    (void) snprintf(authorization, sizeof(authorization), "Bearer %s", f->token);
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
    struct provider_once *p = provider_once("acct", make);
    const char *const headers[][2] = {
        {"Authorization",     authorization                     },
        {"api-key",           p->api_key                        },
        {"Metadata",          "true"                            },
        {"X-IDENTITY-HEADER", p->fixture.d.identity_header      },
        {"Content-Type",      "multipart/form-data; boundary=BB"},
    };
    struct api_input in;
    struct http_exchange x;

    if (api_input_read(data, size, &in) &&
        api_input_send(provider_once_handle, &p->fixture.d, &x, &in, host_of(in.target), headers,
                       ARRAY_LEN(headers))) {
        api_input_done(&x);
    }
    return 0;
}
