/* SPDX-License-Identifier: MIT */
/* The socket-free entry of providerd: what the daemon, the tests and the fuzzers all enter. */
#pragma once

#include <stdio.h>

#include "provider/api/call.h"

void provider_api_init(struct http_app *app, struct providerd *d);
void provider_api_handle(struct providerd *d, struct http_exchange *x);
void provider_api_print_routes(FILE *out);
