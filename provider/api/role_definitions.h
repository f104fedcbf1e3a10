/* SPDX-License-Identifier: MIT */
/* Microsoft.Authorization/roleDefinitions: handlers. */
#pragma once

#include "provider/api/call.h"

provider_handler_fn role_definition_get_run;
provider_handler_fn role_definition_list_run;
provider_prepare_fn role_definition_put_prepare;
provider_handler_fn role_definition_put_run;
provider_prepare_fn role_definition_delete_prepare;
provider_handler_fn role_definition_delete_run;
