/* SPDX-License-Identifier: MIT */
/* The uses of a key: handlers. Order of judgement: exists, enabled, window, key_ops, body,
 * algorithm. */
#pragma once

#include "common/keyalg.h"
#include "vault/api/call.h"
#include "vault/store/key_store.h"

/* The version that the path names, judged for op, and its key. *key: EVP_PKEY_free(). */
bool key_find_usable(struct vault_call *c, struct kvdb_txn *txn, enum key_op op,
                     struct key_version *v, EVP_PKEY **key, struct az_error *reterr) MUST_CHECK;

vault_handler_fn key_encrypt_run;
vault_handler_fn key_decrypt_run;
vault_handler_fn key_wrap_run;
vault_handler_fn key_unwrap_run;
vault_handler_fn key_sign_run;
vault_handler_fn key_verify_run;
