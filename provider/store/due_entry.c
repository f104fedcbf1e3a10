/* SPDX-License-Identifier: MIT */
#include "provider/store/due_entry.h"

#include <string.h>

bool due_entry_first(struct kvdb_txn *txn, char record_class, int64_t now_s, struct kvkey *found,
                     int64_t *at_s)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool due = false;

    kvkey_init(&prefix, record_class);
    it = kvdb_iter_new(txn, &prefix, NULL);
    if (it && kvdb_iter_next(it, &key, &val) && key.len > DUE_NAMES_AT) {
        uint64_t at = 0;

        for (int i = 1; i < DUE_NAMES_AT; i++) {
            at = at << 8 | ((const uint8_t *) key.data)[i];
        }
        due = at <= (uint64_t) now_s;
        *at_s = (int64_t) at;
        memcpy(found->data, key.data, key.len);
        found->len = key.len;
        found->failed = false;
    }
    kvdb_iter_free(it);
    return due;
}
