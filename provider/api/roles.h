/* SPDX-License-Identifier: MIT */
/* Microsoft.Authorization: what the handlers of assignments and of definitions share. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/arm_scope.h"

/* The scope that the path names and the id at its end ("" for lists). False with the error set. */
bool role_path(struct provider_call *c, char scope[ARM_SCOPE_MAX], char id[256],
               struct az_error *reterr) MUST_CHECK;
/* The api-version is one that Microsoft.Authorization has for the type. */
bool role_version_check(struct provider_call *c, const char *type, struct az_error *reterr)
    MUST_CHECK;
/* {"id", "permissions", ...} of a built-in or custom role; NULL: none. New reference. */
json_t *role_find(struct kvdb_txn *txn, const char *id);
/* The GUID at the end of ".../roleDefinitions/GUID"; "" if there is none. */
const char *role_guid(const char *definition_id);
/* "eq" values of an OData filter: what stands in quotes after the word. False: the word is not
 * there. */
bool role_filter(const struct provider_call *c, const char *word, char *out, size_t size);
/* 2026-11-25T16:03:13.1230000Z */
json_t *role_now(const struct provider_call *c);

provider_prepare_fn role_assignment_put_prepare;
provider_handler_fn role_assignment_put_run;
provider_handler_fn role_assignment_get_run;
provider_handler_fn role_assignment_list_run;
provider_prepare_fn role_assignment_delete_prepare;
provider_handler_fn role_assignment_delete_run;
provider_handler_fn role_permissions_run;
/*
 * The assignments at a resource and below it go with it (key-vault-recovery.md). In prepare: vaultd
 * forgets them; in the write: the store.
 */
bool role_forget_below(struct providerd *d, const char *scope, struct az_error *reterr) MUST_CHECK;
void role_drop_below(struct kvdb_txn *txn, const char *scope);
/* The same with the custom roles that can be assigned there only: another directory has neither. */
bool role_forget_all_below(struct providerd *d, const char *scope, struct az_error *reterr)
    MUST_CHECK;
void role_drop_all_below(struct kvdb_txn *txn, const char *scope);
