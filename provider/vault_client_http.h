/* SPDX-License-Identifier: MIT */
/* struct vault_client over HTTPS to vaultd on loopback. */
#pragma once

#include "provider/vault_client.h"

struct vault_http;

/* ca_file: the simulator's CAs; port: vaultd's; control_token: 64 hex digits. */
bool vault_http_new(const char *ca_file, uint16_t port, const char *control_token,
                    struct vault_http **ret, struct az_error *reterr) MUST_CHECK;
void vault_http_free(struct vault_http *v);
const struct vault_client *vault_http_client(struct vault_http *v);
