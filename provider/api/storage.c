/* SPDX-License-Identifier: MIT */
/* Storage accounts, a stub with the shape of Microsoft.Storage: create, get, delete. */
#include "provider/api/storage.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/answer.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"
#include "provider/store/child_store.h"

#define COLLECTION "storageAccounts"

/* Subscription and name of ".../storageAccounts/NAME", in any case. */
static bool parse_id(const char *id, char subscription[64], char name[64])
{
    char lower[LIMIT_RESOURCE_ID];
    char group[128];
    char rest[8];
    size_t i;

    for (i = 0; id[i] && i + 1 < sizeof(lower); i++) {
        lower[i] = (char) tolower((unsigned char) id[i]);
    }
    lower[i] = '\0';
    return sscanf(lower,
                  "/subscriptions/%63[^/]/resourcegroups/%127[^/]/providers/"
                  "microsoft.storage/storageaccounts/%63[^/]%7s",
                  subscription, group, name, rest) == 3;
}

static bool find_by_id(struct kvdb_txn *txn, const char *id, json_t **ret, struct az_error *reterr)
{
    char subscription[64];
    char name[64];

    *ret = NULL;
    if (!parse_id(id, subscription, name)) {
        return true;
    }
    if (!child_get(txn, subscription, COLLECTION, name, ret, reterr)) {
        return false;
    }
    if (*ret && strcasecmp(json_text(*ret, "id"), id) != 0) {
        json_decref(take_ptr(*ret)); /* of another group */
    }
    return true;
}

bool storage_open(struct provider_call *c, const json_t *account, char owner[40],
                  struct data_keys *keys, bool *own, struct az_error *reterr)
{
    const json_t *list =
        json_object_get(json_object_get(account, "properties"), "userOwnedStorage");
    const char *id = json_text(json_array_get(list, 0), "resourceId");
    const struct key_identity nobody = {0};
    AUTO_JSON *storage = NULL;
    struct kvdb_txn *txn = NULL;
    bool ok;

    *own = *id != '\0';
    if (!*own) {
        return true;
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = find_by_id(txn, id, &storage, reterr);
    kvdb_abort(txn);
    if (!ok || !storage) {
        return ok && az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND_AI,
                             "The user-owned storage '%s' of this resource is gone.", id);
    }
    data_keys_wipe(keys);
    (void) snprintf(owner, 40, "%s", json_text(storage, "uid"));
    return dek_open(c->d, storage, &nobody, keys, reterr);
}

static bool refuse(struct provider_call *c, enum cmk_rule_id id, const char *rule,
                   struct az_error *err)
{
    rule_log_note(c->d, id, CMK_BROKEN);
    err->rule = rule;
    err->target = "userOwnedStorage";
    return false;
}

bool storage_check(struct provider_call *c, struct kvdb_txn *txn, const char *kind,
                   const char *location, const json_t *storage, struct az_error *reterr)
{
    const struct account_kind *k = account_kind_find(kind);
    const json_t *item;
    size_t i;

    if (json_array_size(storage) > 0 && (!k || !k->byos)) {
        (void) az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "An account of the kind '%s' can't bring its own storage.", kind);
        return refuse(c, RULE_SEC_BYOS, "sec.byos", reterr);
    }
    json_array_foreach(storage, i, item)
    {
        const char *id = json_text(item, "resourceId");
        AUTO_JSON *found = NULL;

        if (!find_by_id(txn, id, &found, reterr)) {
            return false;
        }
        /* A storage account that is not simulated is taken as it is named (recorded: azure-cli
         * test_cognitiveservices_user_owned_storage). */
        if (found && strcasecmp(json_text(found, "location"), location) != 0) {
            (void) az_fail(reterr, AZ_ERR_BAD_REQUEST,
                           "The storage account '%s' is in '%s', the account in '%s': Speech data "
                           "has to stay in one region.",
                           id, json_text(found, "location"), location);
            return refuse(c, RULE_SEC_BYOS_REGION, "sec.byos-region", reterr);
        }
        if (found) {
            rule_log_note(c->d, RULE_SEC_BYOS_REGION, CMK_OBEYED);
        }
    }
    return true;
}

static bool answer(struct provider_call *c, const json_t *storage)
{
    AUTO_JSON *doc = json_pack(
        "{s:O,s:O,s:s,s:O,s:s,s:{s:s,s:s},s:{s:s,s:O}}", "id", json_object_get(storage, "id"),
        "name", json_object_get(storage, "name"), "type", "Microsoft.Storage/storageAccounts",
        "location", json_object_get(storage, "location"), "kind", "StorageV2", "sku", "name",
        "Standard_LRS", "tier", "Standard", "properties", "provisioningState", "Succeeded",
        "creationTime", json_object_get(storage, "created"));

    return provider_answer_json(c, 200, doc);
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    return arm_need_group(c, txn, reterr) &&
           child_get(txn, c->subscription.id, COLLECTION, provider_param(c, 2), ret, reterr) &&
           ((*ret && strcasecmp(json_text(*ret, "group"), provider_param(c, 1)) == 0) ||
            arm_not_found(c, "Microsoft.Storage/storageAccounts", provider_param(c, 2), reterr));
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *storage = NULL;

    return find(c, txn, &storage, reterr) && answer(c, storage);
}

/* 3 to 24 lower-case letters and digits: storage-account-overview.md. */
static bool name_ok(const char *name, struct az_error *reterr)
{
    size_t n = strlen(name);

    return (n >= 3 && n <= 24 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == n) ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST,
                   "%s is not a valid storage account name. Storage account name must be between 3 "
                   "and 24 characters in length and use numbers and lower-case letters only.",
                   name);
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *name = provider_param(c, 2);
    const char *group = provider_param(c, 1);
    char region[32];
    AUTO_JSON *storage = NULL;
    json_t *dek = NULL;
    guid_text uid;
    char when[TIME_TEXT_MAX];

    if (!arm_need_group(c, txn, reterr) || !name_ok(name, reterr) ||
        !arm_check_location("Microsoft.Storage/storageAccounts", json_text(c->body, "location"),
                            region, reterr) ||
        !child_get(txn, c->subscription.id, COLLECTION, name, &storage, reterr)) {
        return false;
    }
    if (storage) {
        bool same = strcasecmp(json_text(storage, "location"), region) == 0 &&
                    strcasecmp(json_text(storage, "group"), group) == 0;

        return same ? answer(c, storage)
                    : az_fail(reterr, AZ_ERR_CONFLICT,
                              "The storage account named %s is already taken.", name);
    }
    guid_random(uid);
    if (!dek_new(c->d, uid, 1, &dek, reterr)) {
        return false;
    }
    storage =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "name", name, "group", group, "location", region,
                  "uid", uid, "created", time_format(when, c->now_ms, TIME_S), "dek", dek);
    (void) json_object_set_new(storage, "id",
                               json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/"
                                            "Microsoft.Storage/storageAccounts/%s",
                                            c->subscription.id, group, name));
    return child_put(txn, c->subscription.id, COLLECTION, name, storage, reterr) &&
           answer(c, storage);
}

static void remove_one(struct provider_call *c, struct kvdb_txn *txn, const json_t *storage)
{
    child_purge(txn, json_text(storage, "uid"));
    (void) child_del(txn, c->subscription.id, COLLECTION, json_text(storage, "name"));
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *storage = NULL;

    if (!find(c, txn, &storage, reterr)) {
        return reterr->errc == AZ_ERR_RESOURCE_NOT_FOUND && provider_answer_empty(c, 204);
    }
    remove_one(c, txn, storage);
    return provider_answer_empty(c, 200);
}

static bool collect_one(void *ctx, json_t *storage)
{
    (void) json_array_append(ctx, storage);
    return true;
}

bool storage_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                          struct az_error *reterr)
{
    AUTO_JSON *all = json_array();
    json_t *storage;
    size_t i;

    if (!child_each(txn, c->subscription.id, COLLECTION, collect_one, all)) {
        return az_fail_internal(reterr, "listing storage accounts");
    }
    json_array_foreach(all, i, storage)
    {
        if (strcasecmp(json_text(storage, "group"), group) == 0) {
            remove_one(c, txn, storage);
        }
    }
    return true;
}

#define STORAGE ARM_GROUP "/providers/Microsoft.Storage/storageAccounts/{n}"
/* clang-format off */
#define ROW(method, exec, body, run) {{method, STORAGE}, PPLANE_ARM, NULL, exec, body, 0, NULL, NULL, run}
const struct provider_route provider_storage_routes[] = {
    ROW(HTTP_M_GET,    EXEC_LOOP,  false, get_run),
    ROW(HTTP_M_PUT,    EXEC_WRITE, true,  put_run),
    ROW(HTTP_M_DELETE, EXEC_WRITE, false, delete_run),
};
/* clang-format on */
const size_t provider_storage_routes_len = ARRAY_LEN(provider_storage_routes);
