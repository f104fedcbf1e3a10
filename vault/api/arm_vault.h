/* SPDX-License-Identifier: MIT */
/* Microsoft.KeyVault/vaults: handlers and what they share. */
#pragma once

#include "vault/api/call.h"

vault_handler_fn arm_vault_put_run;
vault_handler_fn arm_vault_patch_run;
vault_handler_fn arm_vault_get_run;
vault_handler_fn arm_vault_delete_run;
vault_handler_fn arm_vault_policies_run;
vault_handler_fn arm_vault_list_run;
vault_handler_fn arm_resources_run;
vault_handler_fn arm_deleted_list_run;
vault_handler_fn arm_deleted_get_run;
vault_handler_fn arm_deleted_purge_run;
vault_handler_fn arm_operation_run;
vault_handler_fn arm_check_name_run;
vault_handler_fn arm_empty_list_run;
vault_handler_fn arm_operations_run;
vault_handler_fn arm_private_links_run;
vault_handler_fn arm_vault_children_run;
vault_prepare_fn arm_key_put_prepare;
vault_handler_fn arm_key_put_run;
vault_handler_fn arm_key_get_run;
vault_handler_fn arm_key_list_run;
vault_handler_fn arm_key_versions_run;

/* The vault's ARM document; created: provisioningState is RegisteringDns (recorded). New reference.
 */
json_t *arm_vault_json(struct vault_call *c, const struct vault *v, bool created);
/* The refusal of what can't be done to a vault whose purge runs (--latency=azure). */
bool arm_being_purged(const struct vault *v, struct az_error *reterr);
/* The live vault of the path's subscription and group, or the recorded 404. *ret: vault_free(). */
bool arm_vault_find(struct vault_call *c, struct kvdb_txn *txn, struct vault **ret,
                    struct az_error *reterr) MUST_CHECK;
/* Takes what a PUT or PATCH body says into v->properties and v->tags, judged against what v is now.
 */
bool arm_vault_apply(struct vault_call *c, struct vault *v, bool create, bool patch,
                     struct az_error *reterr) MUST_CHECK;
/* A name that a vault may have; the service's errors. */
bool arm_vault_name_check(const char *name, struct az_error *reterr) MUST_CHECK;
/* "West Europe" -> "westeurope" */
void arm_location(char *out, size_t size, const char *text);
