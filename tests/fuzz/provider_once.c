/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/provider_once.h"

#include "provider/api/api.h"

static struct provider_once once;

static void close_fixture(void)
{
    provider_fixture_close(&once.fixture);
}

struct provider_once *provider_once(const char *account, void (*make)(struct provider_fixture *f))
{
    static bool open;
    char path[256];

    if (open) {
        return &once;
    }
    open = true;
    provider_fixture_open(&once.fixture);
    make(&once.fixture);
    (void) snprintf(path, sizeof(path), ACCOUNT_PATH "%s/listKeys", account);
    if (provider_arm(&once.fixture, "POST", path, NULL) != 200) {
        abort();
    }
    (void) snprintf(once.api_key, sizeof(once.api_key), "%s", api_text(once.fixture.a.doc, "key1"));
    (void) atexit(close_fixture);
    return &once;
}

void provider_once_handle(void *daemon, struct http_exchange *x)
{
    provider_api_handle(daemon, x);
}
