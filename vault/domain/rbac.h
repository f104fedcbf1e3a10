/* SPDX-License-Identifier: MIT */
/* Role-based access to what is in a vault: resource ids and data actions. Pure. */
#pragma once

#include "common/bytes.h"
#include "common/rbac.h"
#include "vault/domain/vault.h"

#define VAULT_RESOURCE_MAX 512

/*
 * The id that data-plane calls are judged by: lower-case type names as the service writes them in
 * its 403 (azure-rules.md section 8), ".../vaults/V/keys/K"; family and name empty: the vault
 * itself.
 */
void vault_resource_id(const struct vault *v, struct str_view family, struct str_view name,
                       char out[VAULT_RESOURCE_MAX]);
