/* SPDX-License-Identifier: MIT */
/* Backup and restore of a key with all its versions. */
#pragma once

#include "vault/api/call.h"

vault_prepare_fn key_backup_prepare;
vault_handler_fn key_backup_run;
vault_prepare_fn key_restore_prepare;
vault_handler_fn key_restore_run;
