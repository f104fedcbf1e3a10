/* SPDX-License-Identifier: MIT */
/*
 * A vault: its properties, who may do what in it, and what its state means at a moment.
 *
 * Pure. State is a function of stored timestamps and `now`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/az_error.h"
#include "common/token.h"

#define VAULT_NAME_MAX 24

enum vault_sku { VAULT_SKU_STANDARD, VAULT_SKU_PREMIUM };

/* Key permissions of an access policy, in the spelling of the specification (Permissions). */
enum key_perm {
    KEY_PERM_ENCRYPT = 1 << 0,
    KEY_PERM_DECRYPT = 1 << 1,
    KEY_PERM_WRAPKEY = 1 << 2,
    KEY_PERM_UNWRAPKEY = 1 << 3,
    KEY_PERM_SIGN = 1 << 4,
    KEY_PERM_VERIFY = 1 << 5,
    KEY_PERM_GET = 1 << 6,
    KEY_PERM_LIST = 1 << 7,
    KEY_PERM_CREATE = 1 << 8,
    KEY_PERM_UPDATE = 1 << 9,
    KEY_PERM_IMPORT = 1 << 10,
    KEY_PERM_DELETE = 1 << 11,
    KEY_PERM_BACKUP = 1 << 12,
    KEY_PERM_RESTORE = 1 << 13,
    KEY_PERM_RECOVER = 1 << 14,
    KEY_PERM_PURGE = 1 << 15,
    KEY_PERM_RELEASE = 1 << 16,
    KEY_PERM_ROTATE = 1 << 17,
    KEY_PERM_GETROTATIONPOLICY = 1 << 18,
    KEY_PERM_SETROTATIONPOLICY = 1 << 19,
};
#define KEY_PERM_ALL ((1u << 20) - 1)

/* Case-insensitive; "all" gives KEY_PERM_ALL; 0: no such permission. */
unsigned key_perm_parse(const char *name);
const char *key_perm_name(enum key_perm perm); /* "wrapKey" */

/* The one certificate permission that an operation here needs. */
enum cert_perm { CERT_PERM_MANAGECONTACTS = 1 << 0 };
/* "all" gives it, too; 0: none that is known here. */
unsigned cert_perm_parse(const char *name);

/* Whose permissions they are: a member of an access policy's "permissions". */
enum perm_family { PERM_NONE, PERM_KEYS, PERM_CERTIFICATES };
const char *perm_family_name(enum perm_family family); /* "keys" */
const char *perm_name(enum perm_family family, unsigned perm);

struct access_policy {
    guid_text object_id;
    guid_text application_id; /* empty: any */
    unsigned keys;            /* enum key_perm bits */
    unsigned certificates;    /* enum cert_perm bits */
};

struct vault {
    uint64_t uid; /* never reused: a vault that takes a purged one's name is another vault */
    char name[VAULT_NAME_MAX + 1]; /* as created; compared case-insensitively */
    guid_text subscription;
    char resource_group[91];
    char location[32]; /* short form: "westeurope" */
    guid_text tenant;
    enum vault_sku sku;
    bool soft_delete;
    int retention_days; /* 7..90 */
    bool purge_protection;
    bool rbac;
    bool firewall_on; /* networkAcls.defaultAction is Deny, or publicNetworkAccess is Disabled */
    bool public_disabled; /* publicNetworkAccess is Disabled (or SecuredByPerimeter) */
    bool bypass_trusted;  /* networkAcls.bypass holds AzureServices (the default) */
    int64_t created_s, updated_s;
    int64_t deleted_s;  /* 0: live */
    int64_t purge_at_s; /* 0: live */
    bool purging;       /* asked for, and done at purge_at_s (--latency=azure) */
    uint64_t revision;  /* grows with every change */
    struct access_policy *policies;
    size_t n_policies;
    json_t *properties; /* as ARM shows it, without what is derived (vaultUri, provisioningState) */
    json_t *tags;       /* an object, never NULL */
    json_t *system_data; /* an object */
    json_t *contacts;    /* certificate contacts, a list as it was set; NULL: none */
};

void vault_clear(struct vault *v); /* frees what it owns */
void vault_free(struct vault *v);  /* NULL is allowed */
DEFINE_CLEANUP(vault_cleanup, struct vault, vault_free)
#define AUTO_VAULT CLEANUP(vault_cleanup) struct vault

/* "Recoverable+Purgeable" and so on for keys of this vault; old: api-version 2016-10-01 hides
 * "Customized". */
const char *vault_recovery_level(const struct vault *v, bool old);

/* Do the access policies give this caller all of `perms`? */
bool vault_allows(const struct vault *v, const struct token_claims *who, enum perm_family family,
                  unsigned perms);
