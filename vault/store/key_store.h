/* SPDX-License-Identifier: MIT */
/* Key records: what vault_store.h needs of them; the rest of the interface is beside its users. */
#pragma once

#include "common/kvdb.h"

/* Removes every key, version and deleted key of a vault. */
void key_store_purge_vault(struct kvdb_txn *txn, uint64_t vault_uid);
