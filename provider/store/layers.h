/* SPDX-License-Identifier: MIT */
/*
 * Customer data at rest: nested layers of AES-256-GCM, each under a key of its own. One layer for
 * OpenAI (enc.either-or), two for the other kinds (enc.base-double). The customer's layer lies
 * around the keys: provider/api/dek.h.
 */
#pragma once

#include "common/keygen.h"

#define DATA_LAYERS_MAX 2

struct data_keys {
    unsigned n;
    uint8_t key[DATA_LAYERS_MAX][SEAL_KEY_LEN]; /* the innermost layer's first */
};

void data_keys_wipe(struct data_keys *k);
/* What the layers add to the length. */
size_t layers_overhead(const struct data_keys *k);
bool layers_seal(const struct data_keys *k, struct str_view aad, const void *plain, size_t len,
                 struct bytes *ret, struct az_error *reterr) MUST_CHECK;
/* False: tampered, another key, another number of layers or another aad (AZ_ERR_INTERNAL). */
bool layers_unseal(const struct data_keys *k, struct str_view aad, const void *sealed, size_t len,
                   struct bytes *ret, struct az_error *reterr) MUST_CHECK;
