/* SPDX-License-Identifier: MIT */
/* Permissions by name, recovery levels, who is allowed: azure-rules.md sections 3 and 6. */
#include "vault/domain/vault.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum key_perm perm;
} perms[] = {
    {"encrypt",           KEY_PERM_ENCRYPT          },
    {"decrypt",           KEY_PERM_DECRYPT          },
    {"wrapKey",           KEY_PERM_WRAPKEY          },
    {"unwrapKey",         KEY_PERM_UNWRAPKEY        },
    {"sign",              KEY_PERM_SIGN             },
    {"verify",            KEY_PERM_VERIFY           },
    {"get",               KEY_PERM_GET              },
    {"list",              KEY_PERM_LIST             },
    {"create",            KEY_PERM_CREATE           },
    {"update",            KEY_PERM_UPDATE           },
    {"import",            KEY_PERM_IMPORT           },
    {"delete",            KEY_PERM_DELETE           },
    {"backup",            KEY_PERM_BACKUP           },
    {"restore",           KEY_PERM_RESTORE          },
    {"recover",           KEY_PERM_RECOVER          },
    {"purge",             KEY_PERM_PURGE            },
    {"release",           KEY_PERM_RELEASE          },
    {"rotate",            KEY_PERM_ROTATE           },
    {"getrotationpolicy", KEY_PERM_GETROTATIONPOLICY},
    {"setrotationpolicy", KEY_PERM_SETROTATIONPOLICY},
};

unsigned key_perm_parse(const char *name)
{
    if (strcasecmp(name, "all") == 0) {
        return KEY_PERM_ALL;
    }
    for (size_t i = 0; i < ARRAY_LEN(perms); i++) {
        if (strcasecmp(perms[i].name, name) == 0) {
            return (unsigned) perms[i].perm;
        }
    }
    return 0;
}

const char *key_perm_name(enum key_perm perm)
{
    for (size_t i = 0; i < ARRAY_LEN(perms); i++) {
        if (perms[i].perm == perm) {
            return perms[i].name;
        }
    }
    return NULL;
}

unsigned cert_perm_parse(const char *name)
{
    bool held = strcasecmp(name, "all") == 0 || strcasecmp(name, "managecontacts") == 0;

    return held ? CERT_PERM_MANAGECONTACTS : 0;
}

const char *perm_family_name(enum perm_family family)
{
    static const char *const names[] = {
        [PERM_NONE] = "", [PERM_KEYS] = "keys", [PERM_CERTIFICATES] = "certificates"};

    return names[family];
}

const char *perm_name(enum perm_family family, unsigned perm)
{
    if (family == PERM_CERTIFICATES) {
        return perm == CERT_PERM_MANAGECONTACTS ? "managecontacts" : NULL;
    }
    return family == PERM_KEYS ? key_perm_name((enum key_perm) perm) : NULL;
}

void vault_clear(struct vault *v)
{
    free(v->policies);
    json_decref(v->properties);
    json_decref(v->tags);
    json_decref(v->system_data);
    json_decref(v->contacts);
}

void vault_free(struct vault *v)
{
    if (v) {
        vault_clear(v);
        free(v);
    }
}

const char *vault_recovery_level(const struct vault *v, bool old)
{
    bool full =
        v->retention_days == 90 || old; /* wire-samples.md part 1: 2016-10-01 hides "Customized" */

    if (!v->soft_delete) {
        return "Purgeable";
    }
    if (v->purge_protection) {
        return full ? "Recoverable" : "CustomizedRecoverable";
    }
    return full ? "Recoverable+Purgeable" : "CustomizedRecoverable+Purgeable";
}

bool vault_allows(const struct vault *v, const struct token_claims *who, enum perm_family family,
                  unsigned wanted)
{
    unsigned held = 0;

    for (size_t i = 0; i < v->n_policies; i++) {
        const struct access_policy *p = &v->policies[i];

        if (strcasecmp(p->object_id, who->oid) == 0 &&
            (!p->application_id[0] || strcasecmp(p->application_id, who->appid) == 0)) {
            held |= family == PERM_KEYS           ? p->keys
                    : family == PERM_CERTIFICATES ? p->certificates
                                                  : 0;
        }
    }
    return wanted != 0 && (held & wanted) == wanted;
}
