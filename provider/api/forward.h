/* SPDX-License-Identifier: MIT */
/* Microsoft.KeyVault is vaultd's: authenticated and authorized here, answered there. */
#pragma once

#include "provider/api/call.h"

#define FORWARD_METHODS (HTTP_M_GET | HTTP_M_PUT | HTTP_M_PATCH | HTTP_M_POST | HTTP_M_DELETE)

provider_prepare_fn forward_prepare;
provider_handler_fn forward_run;
/* DELETE of a vault: its role assignments go with it. */
provider_prepare_fn forward_delete_vault_prepare;
provider_handler_fn forward_delete_vault_run;
provider_prepare_fn forward_resources_prepare;
provider_handler_fn forward_resources_run;
/* Deletes the vaults of a group. */
bool forward_delete_group(struct provider_call *c, const char *group, struct az_error *reterr)
    MUST_CHECK;
