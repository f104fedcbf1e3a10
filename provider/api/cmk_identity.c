/* SPDX-License-Identifier: MIT */
/* Looked up anew for every use: identities are switched off, deleted and left behind. */
#include "provider/api/cmk_identity.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/dek.h"

void account_tenant(struct kvdb_txn *txn, const json_t *account, guid_text ret)
{
    struct subscription s = {0};
    const char *own = json_text(account, "tenant");

    if (!own[0]) {
        (void) directory_get_subscription(txn, json_text(account, "subscription"), &s);
        own = s.tenant;
    }
    (void) snprintf(ret, sizeof(guid_text), "%s", own);
}

void key_identity_set(struct kvdb_txn *txn, const json_t *account, const struct principal *p,
                      struct key_identity *ret)
{
    guid_text tenant;

    account_tenant(txn, account, tenant);
    *ret = (struct key_identity){
        .there = true, .left_behind = strcasecmp(p->tid, tenant) != 0, .p = *p};
}

void key_identity_of(struct kvdb_txn *txn, const json_t *account, struct key_identity *ret)
{
    const json_t *encryption =
        json_object_get(json_object_get(account, "properties"), "encryption");
    const char *client =
        json_text(json_object_get(encryption, "keyVaultProperties"), "identityClientId");
    struct principal p;

    *ret = (struct key_identity){0};
    if (client[0] ? account_user_identity(txn, account, client, &p)
                  : account_identity(txn, account, &p)) {
        key_identity_set(txn, account, &p, ret);
    }
}

const struct principal *key_identity_usable(const struct key_identity *id)
{
    return id->there && !id->left_behind ? &id->p : NULL;
}
