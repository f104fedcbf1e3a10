/* SPDX-License-Identifier: MIT */
/* Reading, listing, deleting, recovering and purging keys: handlers. */
#pragma once

#include "vault/api/call.h"

vault_handler_fn key_get_run;
vault_handler_fn key_list_run;
vault_handler_fn key_versions_run;
vault_handler_fn key_delete_run;
vault_handler_fn key_deleted_list_run;
vault_handler_fn key_deleted_get_run;
vault_handler_fn key_recover_run;
vault_handler_fn key_purge_run;
