/* SPDX-License-Identifier: MIT */
/*
 * Which key an account's encryption names (key.uri, key.select): a key identifier as copied from
 * the vault, or vault and key and perhaps a version. Pure; whether any of it exists is not asked.
 */
#pragma once

#include <jansson.h>

#include "common/names.h"
#include "provider/domain/cmk_rules.h"

#define KEY_NAME_MAX_LEN    127
#define KEY_VERSION_HEX_LEN 32

struct key_ref {
    bool given; /* a URI and a key name are there */
    enum cmk_home home;
    char vault[LABEL_MAX];
    char name[KEY_NAME_MAX_LEN + 1];
    char version[KEY_VERSION_HEX_LEN + 1]; /* empty: none was given */
    bool slash;                            /* the vault's URI was given with its last '/' */
    bool version_empty;                    /* keyVersion was given, as "" */
    const char *client_id;                 /* identityClientId; empty: none. Of kvp */
};

/*
 * kvp: keyVaultProperties (may be NULL: nothing is given). False: *why is what is wrong with it,
 * without client-controlled text; *version_wrong: with its version.
 */
bool key_ref_parse(const struct site_names *names, const json_t *kvp, struct key_ref *ret,
                   const char **why, bool *version_wrong);
