/* SPDX-License-Identifier: MIT */
/*
 * The contacts of a vault's certificates: one list a vault, kept in its record. Everyone who
 * manages a vault with Terraform's azurerm asks for it, whether there are certificates or not.
 * Shapes: wire-samples.md part 1 (/certificates/contacts).
 */
#pragma once

#include "vault/api/call.h"

vault_handler_fn contacts_get_run, contacts_set_run, contacts_delete_run;
