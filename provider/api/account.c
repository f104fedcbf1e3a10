/* SPDX-License-Identifier: MIT */
/* Accounts as resources. Wire form: wire-samples.md part 1 (Microsoft.CognitiveServices). */
#include "provider/api/account.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/dek.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

#define SOFT_DELETE_SECONDS (48 * 3600)
#define NS                  "Microsoft.CognitiveServices"

bool account_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                  struct az_error *reterr)
{
    struct resource_group g;
    const char *group = provider_param(c, 1);

    if (!directory_get_group(txn, c->subscription.id, group, &g)) {
        return az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                       "Resource group '%s' could not be found.", group);
    }
    if (!account_store_get(txn, c->subscription.id, group, provider_param(c, 2), false, ret,
                           reterr)) {
        return false;
    }
    if (*ret) {
        return true;
    }
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                   "The Resource '" NS
                   "/accounts/%s' under resource group '%s' was not found. For more details please "
                   "go to https://aka.ms/ARMResourceNotFoundFix",
                   provider_param(c, 2), group);
}

static json_t *new_key(void)
{
    uint8_t raw[16];
    char hex[33];

    if (RAND_bytes(raw, sizeof(raw)) != 1) {
        abort();
    }
    for (size_t i = 0; i < sizeof(raw); i++) {
        (void) snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    }
    return json_string(hex);
}

static bool choose_domain(struct kvdb_txn *txn, json_t *a, struct az_error *reterr)
{
    const char *domain = json_text(json_object_get(a, "properties"), "customSubDomainName");

    if (domain[0] && account_store_domain_taken(txn, domain)) {
        return az_fail(
            reterr, AZ_ERR_CUSTOM_DOMAIN_IN_USE,
            "Please pick a different name. The subdomain name '%s' is not available as it's already used by "
            "a resource.",
            domain);
    }
    if (!domain[0]) {
        /* Azure has only the region's endpoint then; a name of its own here is ours (fidelity.md).
         */
        domain = account_store_domain_taken(txn, json_text(a, "name")) ? json_text(a, "uid")
                                                                       : json_text(a, "name");
    }
    (void) json_object_set_new(a, "domain", json_string(domain));
    account_store_put_domain(txn, domain, a);
    return true;
}

static bool answer_created(struct provider_call *c, struct kvdb_txn *txn, const json_t *a,
                           int status, struct az_error *reterr)
{
    char id[512];

    (void) snprintf(id, sizeof(id), "%s/%s/%s", json_text(a, "subscription"), json_text(a, "group"),
                    json_text(a, "name"));
    if (!provider_lro_add(c, txn, NS, json_text(a, "location"), id, false, reterr)) {
        return false;
    }
    AUTO_JSON *doc = account_json(c, a, status == 201 ? "Creating" : "Succeeded", status == 201);

    return provider_answer_json(c, status, doc);
}

static bool create(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                   const char *name, struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    const struct account_kind *k = account_kind_find(json_text(c->body, "kind"));
    const char *sku = json_text(json_object_iget(c->body, "sku"), "name");
    const char *location = json_text(c->body, "location");
    AUTO_JSON *a = NULL;
    json_t *dek = NULL;
    char where[32];
    guid_text uid;
    size_t n = 0;

    if (!k) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The kind '%.64s' is not valid or not available.",
                       json_text(c->body, "kind"));
    }
    if (!sku[0] || !location[0]) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The properties 'sku' and 'location' are required.");
    }
    for (; *location && n + 1 < sizeof(where); location++) {
        if (*location != ' ') {
            where[n++] = (char) tolower((unsigned char) *location);
        }
    }
    where[n] = '\0';
    guid_random(uid);
    if (!account_cmk_at_create(c, props, k->name, sku, reterr) ||
        !dek_new(c->d, uid, &dek, reterr)) {
        return false;
    }
    a = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:O,s:o,s:o,s:o,s:o,s:i}", "uid", uid, "subscription",
                  c->subscription.id, "group", group, "name", name, "kind", k->name, "location",
                  where, "sku", json_object_iget(c->body, "sku"), "properties", json_object(),
                  "dek", dek, "key1", new_key(), "key2", new_key(), "revision", 0);
    if (json_is_object(json_object_iget(c->body, "tags"))) {
        (void) json_object_set(a, "tags", json_object_iget(c->body, "tags"));
    }
    account_apply(c, txn, a, props);
    account_touch(c, a);
    return choose_domain(txn, a, reterr) && account_store_put(txn, a, false, reterr) &&
           answer_created(c, txn, a, 201, reterr);
}

static bool check_name(const char *name, struct az_error *reterr)
{
    size_t len = strlen(name);
    bool good = len >= 2 && len <= 64 && isalnum((unsigned char) name[0]);

    for (size_t i = 0; good && i < len; i++) {
        good =
            isalnum((unsigned char) name[i]) || name[i] == '-' || name[i] == '_' || name[i] == '.';
    }
    return good ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST, "The account name '%.64s' is not valid.", name);
}

static bool restore(struct provider_call *c, struct kvdb_txn *txn, json_t *deleted,
                    struct az_error *reterr)
{
    bool wanted =
        json_is_true(json_object_iget(json_object_iget(c->body, "properties"), "restore"));
    json_t *id = account_id(deleted);
    bool ok = true;

    if (!wanted) {
        ok = az_fail(
            reterr, AZ_ERR_FLAG_MUST_BE_SET_FOR_RESTORE,
            "An existing resource with ID '%s' has been soft-deleted. To restore the resource, you must "
            "specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, "
            "please purge it first.",
            json_string_value(id));
    }
    json_decref(id);
    if (!ok) {
        return false;
    }
    account_store_del(txn, deleted, true);
    (void) json_object_del(deleted, "deletedAt");
    (void) json_object_del(deleted, "purgeAt");
    account_touch(c, deleted);
    if (!account_store_put(txn, deleted, false, reterr)) {
        return false;
    }
    AUTO_JSON *doc = account_json(c, deleted, "Succeeded", false);

    return provider_answer_json(c, 201, doc);
}

bool account_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *group = provider_param(c, 1);
    const char *name = provider_param(c, 2);
    struct resource_group g;
    AUTO_JSON *live = NULL;
    AUTO_JSON *deleted = NULL;

    if (!directory_get_group(txn, c->subscription.id, group, &g)) {
        return az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                       "Resource group '%s' could not be found.", group);
    }
    if (!check_name(name, reterr) ||
        !account_store_get(txn, c->subscription.id, group, name, false, &live, reterr) ||
        !account_store_get(txn, c->subscription.id, group, name, true, &deleted, reterr)) {
        return false;
    }
    if (deleted) {
        return restore(c, txn, deleted, reterr);
    }
    return live ? account_update_by_put(c, txn, live, reterr)
                : create(c, txn, g.name, name, reterr);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    AUTO_JSON *doc = account_json(c, a, "Succeeded", false);

    return provider_answer_json(c, 200, doc);
}

static bool soft_delete(struct provider_call *c, struct kvdb_txn *txn, json_t *a,
                        struct az_error *reterr)
{
    (void) json_object_set_new(a, "deletedAt", json_integer(c->now_ms / 1000));
    (void) json_object_set_new(a, "purgeAt", json_integer(c->now_ms / 1000 + SOFT_DELETE_SECONDS));
    return account_store_put(txn, a, true, reterr);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    if (!account_find(c, txn, &a, reterr)) {
        return reterr->errc == AZ_ERR_RESOURCE_NOT_FOUND ? provider_answer_empty(c, 204) : false;
    }
    return soft_delete(c, txn, a, reterr) && provider_answer_empty(c, 200);
}

struct collect {
    struct provider_call *c;
    json_t *list;
    bool deleted;
};

static json_t *deleted_json(struct provider_call *c, const json_t *a)
{
    json_t *doc = account_json(c, a, "Succeeded", false);
    json_t *p = json_object_get(doc, "properties");
    char when[TIME_TEXT_MAX];

    (void) json_object_set_new(doc, "id",
                               json_sprintf("/subscriptions/%s/providers/" NS
                                            "/locations/%s/resourceGroups/%s/deletedAccounts/%s",
                                            json_text(a, "subscription"), json_text(a, "location"),
                                            json_text(a, "group"), json_text(a, "name")));
    (void) json_object_set_new(doc, "type", json_string(NS "/deletedAccounts"));
    (void) json_object_set_new(
        p, "deletionDate",
        json_string(
            time_format(when, json_integer_value(json_object_get(a, "deletedAt")) * 1000, TIME_S)));
    (void) json_object_set_new(
        p, "scheduledPurgeDate",
        json_string(
            time_format(when, json_integer_value(json_object_get(a, "purgeAt")) * 1000, TIME_S)));
    return doc;
}

static bool add_account(void *ctx, json_t *a)
{
    struct collect *k = ctx;

    (void) json_array_append_new(k->list, k->deleted ? deleted_json(k->c, a)
                                                     : account_json(k->c, a, "Succeeded", false));
    return true;
}

static bool list(struct provider_call *c, struct kvdb_txn *txn, const char *group, bool deleted,
                 struct az_error *reterr)
{
    struct collect k = {c, json_array(), deleted};
    bool ok = account_store_each(txn, c->subscription.id, group, deleted, add_account, &k);
    AUTO_JSON *doc = json_pack("{s:o}", "value", k.list);

    return ok ? provider_answer_json(c, 200, doc) : az_fail_internal(reterr, "listing accounts");
}

static bool list_group_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, provider_param(c, 1), false, reterr);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, NULL, false, reterr);
}

static bool deleted_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, NULL, true, reterr);
}

/* /locations/{l}/resourceGroups/{g}/deletedAccounts/{n} */
static bool find_deleted(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                         struct az_error *reterr)
{
    const char *group = provider_param(c, 2);
    const char *name = provider_param(c, 3);

    if (!account_store_get(txn, c->subscription.id, group, name, true, ret, reterr)) {
        return false;
    }
    return *ret || az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                           "The Resource '" NS
                           "/locations/%s/resourceGroups/%s/deletedAccounts/%s' was not found.",
                           provider_param(c, 1), group, name);
}

static bool deleted_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    if (!find_deleted(c, txn, &a, reterr)) {
        return false;
    }
    AUTO_JSON *doc = deleted_json(c, a);

    return provider_answer_json(c, 200, doc);
}

static bool deleted_purge_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    struct principal p;

    if (!find_deleted(c, txn, &a, reterr)) {
        return false;
    }
    if (account_identity(txn, a, &p)) {
        (void) directory_del_principal(txn, p.oid);
    }
    account_store_purge(c->d, txn, a);
    return provider_lro_add(c, txn, NS, json_text(a, "location"), "", true, reterr) &&
           provider_answer_empty(c, 202);
}

static bool answer_keys(struct provider_call *c, const json_t *a)
{
    AUTO_JSON *doc = json_pack("{s:O,s:O}", "key1", json_object_get(a, "key1"), "key2",
                               json_object_get(a, "key2"));

    return provider_answer_json(c, 200, doc);
}

static bool list_keys_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    return account_find(c, txn, &a, reterr) && answer_keys(c, a);
}

static bool regenerate_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *which = json_text(c->body, "keyName");
    AUTO_JSON *a = NULL;

    if (strcasecmp(which, "key1") != 0 && strcasecmp(which, "key2") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "keyName must be Key1 or Key2.");
    }
    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    (void) json_object_set_new(a, strcasecmp(which, "key1") == 0 ? "key1" : "key2", new_key());
    return account_store_put(txn, a, false, reterr) && answer_keys(c, a);
}

static bool check_domain_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *domain = json_text(c->body, "subdomainName");
    bool taken = account_store_domain_taken(txn, domain);
    AUTO_JSON *doc = json_pack("{s:b,s:s,s:s}", "isSubdomainAvailable", !taken, "subdomainName",
                               domain, "type", json_text(c->body, "type"));

    (void) reterr;
    if (taken) {
        (void) json_object_set_new(
            doc, "reason",
            json_string("Sub domain name is not available. Please pick a different name."));
    }
    return provider_answer_json(c, 200, doc);
}

/* Always over: 200 with Succeeded, or the account where Location is followed (clients.md section
 * 6). */
static bool operation_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *id = provider_param(c, 2);
    const char *as = http_param_get(&c->x->req, "operationResultResponseType");
    struct kvkey k;
    struct kvdb_val val;
    char when[TIME_TEXT_MAX];

    kvkey_init(&k, 'o');
    kvkey_str(&k, id);
    if (!kvdb_get(txn, &k, &val)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no operation '%s'.", id);
    }
    if (as && val.len > 1) {
        char path[512];
        char *group;
        char *name;
        AUTO_JSON *a = NULL;

        (void) snprintf(path, sizeof(path), "%.*s", (int) val.len, (const char *) val.data);
        group = strchr(path, '/');
        name = group ? strchr(group + 1, '/') : NULL;
        if (name) {
            *group++ = '\0';
            *name++ = '\0';
            if (!account_store_get(txn, path, group, name, false, &a, reterr)) {
                return false;
            }
        }
        if (a) {
            AUTO_JSON *doc = account_json(c, a, "Succeeded", false);

            return provider_answer_json(c, 200, doc);
        }
    }
    (void) time_format(when, c->now_ms, TIME_100NS);
    AUTO_JSON *doc = json_pack(
        "{s:o,s:s,s:s,s:s,s:s}", "id",
        json_sprintf("/subscriptions/%s/providers/" NS "/locations/%s/operationResults/%s",
                     c->subscription.id, provider_param(c, 1), id),
        "name", id, "status", "Succeeded", "startTime", when, "endTime", when);

    return provider_answer_json(c, 200, doc);
}

struct generic {
    bool (*fn)(void *ctx, json_t *generic);
    void *ctx;
};

static bool add_generic(void *ctx, json_t *a)
{
    struct generic *g = ctx;
    AUTO_JSON *doc = json_pack("{s:o,s:O,s:s,s:O,s:O,s:O}", "id", account_id(a), "name",
                               json_object_get(a, "name"), "type", NS "/accounts", "sku",
                               json_object_get(a, "sku"), "kind", json_object_get(a, "kind"),
                               "location", json_object_get(a, "location"));

    account_copy(doc, a, "identity");
    account_copy(doc, a, "tags");
    return g->fn(g->ctx, doc);
}

bool provider_each_account_resource(struct kvdb_txn *txn, const char *subscription,
                                    const char *group, bool (*fn)(void *ctx, json_t *generic),
                                    void *ctx)
{
    struct generic g = {fn, ctx};

    return account_store_each(txn, subscription, group, false, add_generic, &g);
}

static bool collect_one(void *ctx, json_t *a)
{
    (void) json_array_append(ctx, a);
    return true;
}

bool account_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                          struct az_error *reterr)
{
    AUTO_JSON *all = json_array();
    json_t *a;
    size_t i;

    if (!account_store_each(txn, c->subscription.id, group, false, collect_one, all)) {
        return az_fail_internal(reterr, "listing accounts");
    }
    json_array_foreach(all, i, a)
    {
        if (!soft_delete(c, txn, a, reterr)) {
            return false;
        }
    }
    return true;
}

#define SUB     "/subscriptions/{s}"
#define P       "/providers/Microsoft.CognitiveServices"
#define ACCOUNT SUB "/resourceGroups/{g}" P "/accounts/{n}"
#define DELETED SUB P "/locations/{l}/resourceGroups/{g}/deletedAccounts/{n}"
#define ROW(methods, path, audit, exec, body, prepare, run)                   \
    {                                                                         \
        {methods, path}, PPLANE_ARM, audit, exec, body, 0, NULL, prepare, run \
    }

/* clang-format off */
const struct provider_route provider_account_routes[] = {
    ROW(HTTP_M_PUT,    ACCOUNT,                                       "AccountPut",         EXEC_WRITE, true,  NULL,                  account_put_run),
    ROW(HTTP_M_PATCH,  ACCOUNT,                                       "AccountPatch",       EXEC_WRITE, true,  account_patch_prepare, account_patch_run),
    ROW(HTTP_M_GET,    ACCOUNT,                                       "AccountGet",         EXEC_LOOP,  false, NULL,                  get_run),
    ROW(HTTP_M_DELETE, ACCOUNT,                                       "AccountDelete",      EXEC_WRITE, false, NULL,                  delete_run),
    ROW(HTTP_M_POST,   ACCOUNT "/listKeys",                           "AccountListKeys",    EXEC_LOOP,  false, NULL,                  list_keys_run),
    ROW(HTTP_M_POST,   ACCOUNT "/regenerateKey",                      "AccountRegenerateKey", EXEC_WRITE, true, NULL,                 regenerate_run),
    ROW(HTTP_M_GET,    SUB "/resourceGroups/{g}" P "/accounts",       "AccountList",        EXEC_LOOP,  false, NULL,                  list_group_run),
    ROW(HTTP_M_GET,    SUB P "/accounts",                             "AccountList",        EXEC_LOOP,  false, NULL,                  list_run),
    ROW(HTTP_M_GET,    SUB P "/deletedAccounts",                      "AccountListDeleted", EXEC_LOOP,  false, NULL,                  deleted_list_run),
    ROW(HTTP_M_GET,    DELETED,                                       "AccountGetDeleted",  EXEC_LOOP,  false, NULL,                  deleted_get_run),
    ROW(HTTP_M_DELETE, DELETED,                                       "AccountPurge",       EXEC_WRITE, false, NULL,                  deleted_purge_run),
    ROW(HTTP_M_POST,   SUB P "/checkDomainAvailability",              NULL,                 EXEC_LOOP,  true,  NULL,                  check_domain_run),
    ROW(HTTP_M_GET,    SUB P "/locations/{l}/operationResults/{id}",  NULL,                 EXEC_LOOP,  false, NULL,                  operation_run),
};
/* clang-format on */
const size_t provider_account_routes_len = ARRAY_LEN(provider_account_routes);
