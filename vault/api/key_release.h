/* SPDX-License-Identifier: MIT */
/* Release of exportable keys to an attested environment. */
#pragma once

#include "vault/api/call.h"

vault_prepare_fn key_release_prepare;
vault_handler_fn key_release_run;
