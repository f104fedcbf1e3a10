/* SPDX-License-Identifier: MIT */
/* The providerd of a target: started with the first input, closed at the end of the program. */
#pragma once

#include "tests/api/provider_fixture.h"

struct provider_once {
    struct provider_fixture fixture;
    char api_key[128];
};

/* The first call lets make() make the account of that name, and asks for its key. */
struct provider_once *provider_once(const char *account, void (*make)(struct provider_fixture *f));

/* For api_input_send(). */
void provider_once_handle(void *daemon, struct http_exchange *x);
