/* SPDX-License-Identifier: MIT */
/*
 * What a resource manager request asks for, in the terms of role-based access control: the action,
 * and the scope it is judged at. Pure; from the method and the path alone.
 *
 * Source: MicrosoftDocs role-based-access-control/resource-provider-operations.md: an operation is
 * PROVIDER/TYPES/{read|write|delete|action}, types being every other segment after the provider.
 */
#pragma once

#include <stdbool.h>

#include "common/http_msg.h"

#define ARM_ACTION_MAX 256
#define ARM_SCOPE_MAX  1024

/*
 * "Microsoft.KeyVault/vaults/read" and
 * "/subscriptions/S/resourceGroups/G/providers/Microsoft.KeyVault/vaults/V". The scope of a list is
 * what holds it; of an action, the resource it is done to. False: too long.
 */
bool arm_action_of(const struct http_request *req, char action[ARM_ACTION_MAX],
                   char scope[ARM_SCOPE_MAX]);

/*
 * The scope before ".../providers/Microsoft.Authorization/...": "/" for the tenant, never with a
 * slash at the end otherwise. False: too long, or there is no such part.
 */
bool arm_authorization_scope(const struct http_request *req, char scope[ARM_SCOPE_MAX]);
