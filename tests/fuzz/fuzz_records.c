/* SPDX-License-Identifier: MIT */
/* Stored records: what is read back from a damaged store is refused or whole, never outside it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "vault/domain/key.h"
#include "vault/domain/vault_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_version(const uint8_t *data, size_t size)
{
    struct key_version v;
    CLEANUP(buf_done) struct buf again = {0};

    if (key_version_decode(data, size, &v) &&
        (!key_version_encode(&v, &again) || again.len != size ||
         memcmp(again.data, data, size) != 0)) {
        abort();
    }
}

static void check_vault(const uint8_t *data, size_t size)
{
    AUTO_JSON *doc = json_loadb((const char *) data, size, 0, NULL);
    AUTO_VAULT *v = calloc(1, sizeof(*v));
    struct az_error err;

    if (v && doc && vault_from_json(doc, v, &err)) {
        struct token_claims who = {.oid = "00000000-0000-0000-0000-00000000000a"};

        (void) vault_allows(v, &who, PERM_KEYS, KEY_PERM_GET);
        if (vault_recovery_level(v, false)[0] == '\0') {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_version(data, size);
    check_vault(data, size);
    return 0;
}
