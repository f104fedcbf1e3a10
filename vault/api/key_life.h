/* SPDX-License-Identifier: MIT */
/* Reading, listing, deleting, recovering and purging keys: handlers. */
#pragma once

#include "vault/api/call.h"
#include "vault/store/key_store.h"

vault_handler_fn key_get_run;
vault_handler_fn key_list_run;
vault_handler_fn key_versions_run;
vault_handler_fn key_delete_run;
vault_handler_fn key_deleted_list_run;
vault_handler_fn key_deleted_get_run;
vault_handler_fn key_recover_run;
vault_handler_fn key_purge_run;

/* The refusal of what a pending asynchronous operation forbids. what: "" for recover, " and cannot
 * be re-created; retry later" for create; name: NULL leaves it out (recorded of purge). */
bool key_busy(const struct key_head *head, const char *name, const char *what,
              struct az_error *reterr);
