/* SPDX-License-Identifier: MIT */
/*
 * securewrapkey and secureunwrapkey (versions.md 1.2): a fresh AES key, wrapped, and its unwrapping
 * for an attested environment. Azure has them on Managed HSM only; here with --secure-wrap.
 */
#pragma once

#include "vault/api/call.h"

vault_prepare_fn key_secure_wrap_prepare;
vault_prepare_fn key_secure_unwrap_prepare;
/* Answers what either has made. */
vault_handler_fn key_secure_run;
