/* SPDX-License-Identifier: MIT */
/* Each layer is a whole sealed text of its own, so that every one can be peeled and checked. */
#include "provider/store/layers.h"

#include <openssl/crypto.h>

void data_keys_wipe(struct data_keys *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

size_t layers_overhead(const struct data_keys *k)
{
    return (size_t) k->n * SEAL_OVERHEAD;
}

bool layers_seal(const struct data_keys *k, struct str_view aad, const void *plain, size_t len,
                 struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes inner = {0};
    CLEANUP(bytes_clear_free) struct bytes outer = {0};

    if (k->n == 0 || k->n > DATA_LAYERS_MAX) {
        return az_fail_internal(reterr, "data of %u layers", k->n);
    }
    for (unsigned i = 0; i < k->n; i++) {
        bool first = i == 0;

        if (!seal(k->key[i], aad, first ? plain : inner.data, first ? len : inner.len, &outer,
                  reterr)) {
            return false;
        }
        bytes_clear_free(&inner);
        inner = bytes_take(&outer);
    }
    *ret = bytes_take(&inner);
    return true;
}

bool layers_unseal(const struct data_keys *k, struct str_view aad, const void *sealed, size_t len,
                   struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes outer = {0};
    CLEANUP(bytes_clear_free) struct bytes inner = {0};

    if (k->n == 0 || k->n > DATA_LAYERS_MAX) {
        return az_fail_internal(reterr, "data of %u layers", k->n);
    }
    for (unsigned i = k->n; i > 0; i--) {
        bool first = i == k->n;

        if (!unseal(k->key[i - 1], aad, first ? sealed : outer.data, first ? len : outer.len,
                    &inner, reterr)) {
            return false;
        }
        bytes_clear_free(&outer);
        outer = bytes_take(&inner);
    }
    *ret = bytes_take(&outer);
    return true;
}
