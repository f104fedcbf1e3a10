/* SPDX-License-Identifier: MIT */
/* The socket-free entry of vaultd: what the daemon, the tests and the fuzzers all enter. */
#pragma once

#include <stdio.h>

#include "vault/api/call.h"

/* Fills app with vaultd's begin/step/end/refuse; app->ctx is d. */
void vault_api_init(struct http_app *app, struct vaultd *d);
/* A whole request in the calling thread. x->req is filled by the caller; x->resp is the answer. */
void vault_api_handle(struct vaultd *d, struct http_exchange *x);
/* The route tables as text: method, path, versions, permission, data action, audit name, class. */
void vault_api_print_routes(FILE *out);
