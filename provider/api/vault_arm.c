/* SPDX-License-Identifier: MIT */
/* The request is an ordinary one, with an ordinary token: vaultd judges it as any other. */
#include "provider/api/vault_arm.h"

#include "common/json.h"

#define API_VERSION "2023-07-01"

static bool owner_of(struct provider_call *c, const char *subscription, struct principal *ret,
                     struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct subscription s;
    bool found;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    found = directory_get_subscription(txn, subscription, &s) &&
            directory_get_principal(txn, s.owner_oid, ret);
    kvdb_abort(txn);
    return found || az_fail(reterr, AZ_ERR_NOT_FOUND,
                            "There is no subscription '%.64s' with an owner.", subscription);
}

bool vault_arm_as_owner(struct provider_call *c, const char *subscription, const char *method,
                        const char *path, json_t *body, struct az_error *reterr)
{
    CLEANUP(free_str) char *token = NULL;
    CLEANUP(free_str) char *auth = NULL;
    CLEANUP(free_str) char *target = NULL;
    CLEANUP(buf_done) struct buf text = {0};
    AUTO_JSON *doc = body;
    struct http_client_answer a = {0};
    struct principal owner;
    int status;

    json_write(&text, doc);
    if (!owner_of(c, subscription, &owner, reterr) ||
        !provider_mint_token(c->d, &owner, "https://management.azure.com/", &token, reterr)) {
        return false;
    }
    if (asprintf(&auth, "Bearer %s", token) < 0 ||
        asprintf(&target, "%s?api-version=" API_VERSION, path) < 0 || !buf_ok(&text)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!c->d->vaults->arm(c->d->vaults->ctx, method, "management.azure.com", target, auth,
                           (struct str_view){text.data, text.len}, &a, reterr)) {
        return false;
    }
    status = a.status;
    http_client_answer_done(&a);
    return status / 100 == 2 ||
           az_fail(reterr, AZ_ERR_CONFLICT, "The key vault has refused the change with status %d.",
                   status);
}
