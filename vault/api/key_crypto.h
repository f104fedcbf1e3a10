/* SPDX-License-Identifier: MIT */
/* The uses of a key: handlers. Order of judgement: exists, enabled, window, key_ops, body,
 * algorithm. */
#pragma once

#include "vault/api/call.h"

vault_handler_fn key_encrypt_run;
vault_handler_fn key_decrypt_run;
vault_handler_fn key_wrap_run;
vault_handler_fn key_unwrap_run;
vault_handler_fn key_sign_run;
vault_handler_fn key_verify_run;
