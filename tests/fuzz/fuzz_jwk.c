/* SPDX-License-Identifier: MIT */
/* Any body to a key: what is taken has public members that give an equal key. */
#include <stdint.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "common/json.h"
#include "common/keygen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(EVP_PKEY *key)
{
    AUTO_JSON *out = json_object();
    EVP_PKEY *back = NULL;
    struct az_error err;

    if (key_kind_of(key) == KEY_KIND_OCT) { /* nothing of it is public */
        if (!out || !jwk_add_public(out, key, &err) || json_object_size(out) != 0) {
            abort();
        }
        return;
    }
    const char *kty = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "RSA" : "EC";

    if (!out || !jwk_add_public(out, key, &err) ||
        json_object_set_new(out, "kty", json_string(kty)) != 0 || !jwk_to_key(out, &back, &err) ||
        EVP_PKEY_eq(key, back) != 1) {
        abort();
    }
    EVP_PKEY_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[128];
    AUTO_JSON *body = json_parse((struct str_view){(const char *) data, size}, why, sizeof(why));
    EVP_PKEY *key = NULL;
    struct az_error err;

    if (body && jwk_to_key(body, &key, &err)) {
        check(key);
    }
    EVP_PKEY_free(key);
    return 0;
}
