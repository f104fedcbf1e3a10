/* SPDX-License-Identifier: MIT */
#include "provider/store/due_entry.h"

#include <string.h>

bool due_entry_next(struct kvdb_txn *txn, char record_class, int64_t now_s,
                    const struct kvkey *after, struct kvkey *found, int64_t *at_s)
{
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    bool there;
    bool due = false;

    after = after && after->len > 0 ? after : NULL;
    kvkey_init(&prefix, record_class);
    it = kvdb_iter_new(txn, &prefix, after);
    there = it && kvdb_iter_next(it, &key, &val);
    if (there && after && key.len == after->len && memcmp(key.data, after->data, key.len) == 0) {
        there = kvdb_iter_next(it, &key, &val);
    }
    if (there && key.len > DUE_NAMES_AT) {
        uint64_t at = 0;

        for (int i = 1; i < DUE_NAMES_AT; i++) {
            at = at << 8 | ((const uint8_t *) key.data)[i];
        }
        due = at <= (uint64_t) now_s;
        if (due) {
            *at_s = (int64_t) at;
            memcpy(found->data, key.data, key.len);
            found->len = key.len;
            found->failed = false;
        }
    }
    kvdb_iter_free(it);
    return due;
}
