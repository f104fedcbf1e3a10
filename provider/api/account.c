/* SPDX-License-Identifier: MIT */
/* Accounts as resources. Wire form: wire-samples.md part 1 (Microsoft.CognitiveServices). */
#include "provider/api/account.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include "common/json.h"
#include "provider/api/account_cmk.h"
#include "provider/api/answer.h"
#include "provider/api/arm_page.h"
#include "provider/api/dek.h"
#include "provider/api/rule_log.h"
#include "provider/domain/operation.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

#define SOFT_DELETE_SECONDS (48 * 3600)
#define NS                  "Microsoft.CognitiveServices"

/* *ret NULL: there is none in the group. */
static bool find_live(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                      struct az_error *reterr)
{
    return arm_need_group(c, txn, reterr) &&
           account_store_get(txn, c->subscription.id, provider_param(c, 1), provider_param(c, 2),
                             false, ret, reterr);
}

bool account_find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                  struct az_error *reterr)
{
    return find_live(c, txn, ret, reterr) &&
           (*ret || arm_not_found(c, NS "/accounts", provider_param(c, 2), reterr));
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

struct count {
    const char *region;
    const char *kind; /* NULL: all */
    int64_t n;
};

static bool count_account(void *ctx, json_t *a)
{
    struct count *k = ctx;

    k->n += strcmp(json_text(a, "location"), k->region) == 0 &&
            (!k->kind || strcasecmp(json_text(a, "kind"), k->kind) == 0);
    return true;
}

int64_t account_count(struct kvdb_txn *txn, const char *subscription, const char *region,
                      const char *kind)
{
    struct count k = {region, kind, 0};

    (void) account_store_each(txn, subscription, NULL, false, count_account, &k);
    return k.n;
}

/* Text: users of azd and of the Terraform provider quote it. */
static bool check_quota(struct provider_call *c, struct kvdb_txn *txn, const char *region,
                        struct az_error *reterr)
{
    bool openai = strcasecmp(json_text(c->body, "kind"), "OpenAI") == 0;

    return (account_count(txn, c->subscription.id, region, NULL) < ACCOUNTS_REGION &&
            (!openai ||
             account_count(txn, c->subscription.id, region, "OpenAI") < ACCOUNTS_OPENAI)) ||
           az_fail(reterr, AZ_ERR_INSUFFICIENT_QUOTA,
                   "Insufficient quota. Cannot create/update/move resource '%.64s'.",
                   provider_param(c, 2));
}

/* What create needs beyond what account_check() judges. */
bool account_check_create(struct provider_call *c, struct kvdb_txn *txn, char region[32],
                          struct az_error *reterr)
{
    if (!arm_check_location(NS "/accounts", json_text(c->body, "location"), region, reterr) ||
        !account_match(c, NULL, reterr) || !account_check(c, txn, NULL, reterr)) {
        return false;
    }
    if (!json_text(json_object_iget(c->body, "sku"), "name")[0]) {
        return az_fail_content(reterr, "sku", "sku is required");
    }
    return check_quota(c, txn, region, reterr);
}

/* Under the customer's key when prepare has made it so (edition 2026), else under the service's. */
static bool take_key(struct provider_call *c, const struct account_prepared *p, json_t *a,
                     struct az_error *reterr)
{
    json_t *dek = NULL;

    if (p->change.dek) {
        (void) json_object_set(a, "dek", p->change.dek);
        (void) json_object_set(json_object_get(a, "properties"), "encryption",
                               p->change.encryption);
        return true;
    }
    rule_log_note(c->d, RULE_ENC_DEFAULT_MMK, CMK_OBEYED);
    return dek_new(c->d, json_text(a, "uid"), dek_layers_of_kind(json_text(c->body, "kind")), &dek,
                   reterr) &&
           json_object_set_new(a, "dek", dek) == 0;
}

static bool create(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                   const char *name, struct az_error *reterr)
{
    const struct account_prepared *p = c->prepared;
    const char *location = json_text(c->body, "location");
    AUTO_JSON *a = NULL;
    char region[32];
    guid_text uid;
    bool slow;

    guid_random(uid);
    if (!account_check_create(c, txn, region, reterr)) {
        return false;
    }
    a = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:n,s:o,s:o,s:i}", "uid", p->uid[0] ? p->uid : uid,
                  "subscription", c->subscription.id, "group", group, "name", name, "location",
                  region, "shownLocation", location, "properties", json_object(), "dek", "key1",
                  new_key(), "key2", new_key(), "revision", 0);
    if (!account_apply(c, txn, a, reterr) || !take_key(c, p, a, reterr)) {
        return false;
    }
    slow = account_asynchronous(c, a);
    if (slow) {
        account_begin(c, a, "Creating", operation_create_s(json_text(a, "kind")));
    }
    return account_store_put(txn, a, false, reterr) &&
           (!slow ||
            account_lro(c, txn, a, "Creating", operation_create_s(json_text(a, "kind")), reterr)) &&
           account_answer(c, 201, a, slow ? "Creating" : "Succeeded");
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
    bool ok = account_ready(c, deleted, reterr) && account_check_place(c, deleted, reterr);

    if (ok && !wanted) {
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
    (void) json_object_del(deleted, "deletionDate");
    (void) json_object_del(deleted, "scheduledPurgeDate");
    (void) json_object_del(deleted, "purgeAt");
    account_touch(c, deleted);
    return account_store_put(txn, deleted, false, reterr) &&
           account_answer(c, 201, deleted, "Succeeded");
}

bool account_find_both(struct provider_call *c, struct kvdb_txn *txn, json_t **live,
                       json_t **deleted, struct az_error *reterr)
{
    const char *group = provider_param(c, 1);
    const char *name = provider_param(c, 2);

    return arm_need_group(c, txn, reterr) && check_name(name, reterr) &&
           account_store_get(txn, c->subscription.id, group, name, false, live, reterr) &&
           account_store_get(txn, c->subscription.id, group, name, true, deleted, reterr);
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct account_prepared *p = c->prepared;
    struct resource_group g = {0};
    AUTO_JSON *live = NULL;
    AUTO_JSON *deleted = NULL;
    int64_t revision;

    if (!account_find_both(c, txn, &live, &deleted, reterr) ||
        !directory_get_group(txn, c->subscription.id, provider_param(c, 1), &g)) {
        return false;
    }
    revision = deleted ? ACCOUNT_DELETED
               : live  ? json_integer_value(json_object_get(live, "revision"))
                       : ACCOUNT_NONE;
    if (revision != p->revision) {
        c->retry_prepare = true;
        return true;
    }
    if (deleted) {
        return restore(c, txn, deleted, reterr);
    }
    return live ? account_update_by_put(c, txn, live, &p->change, reterr)
                : create(c, txn, g.name, provider_param(c, 2), reterr);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    return account_find(c, txn, &a, reterr) && account_answer(c, 200, a, "Succeeded");
}

/* With 2017-04-18 and before there was no soft delete: gone is gone (recorded 2020). */
static bool delete_account(struct provider_call *c, struct kvdb_txn *txn, json_t *a,
                           struct az_error *reterr)
{
    char when[TIME_TEXT_MAX];
    int64_t purge_ms = c->now_ms + SOFT_DELETE_SECONDS * INT64_C(1000);

    (void) json_object_del(a, "operation");
    (void) json_object_set_new(a, "deletionDate",
                               json_string(time_format(when, c->now_ms, TIME_100NS)));
    (void) json_object_set_new(a, "scheduledPurgeDate",
                               json_string(time_format(when, purge_ms, TIME_100NS)));
    (void) json_object_set_new(a, "purgeAt", json_integer(purge_ms / 1000));
    dek_cache_forget(c->d->deks, json_text(a, "uid"));
    if (!account_store_put(txn, a, true, reterr)) {
        return false;
    }
    if (c->version >= 0 && c->version < AI_2021_04_30) {
        account_store_purge(txn, a, c->purged);
    }
    return true;
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    bool slow;

    if (!find_live(c, txn, &a, reterr)) {
        return false;
    }
    if (!a) {
        return provider_answer_empty(c, 204);
    }
    slow = c->version < AI_2021_04_30 && account_asynchronous(c, a);
    return account_match(c, a, reterr) && account_ready(c, a, reterr) &&
           delete_account(c, txn, a, reterr) &&
           (!slow || account_lro(c, txn, a, "Deleting", OPERATION_PURGE_S, reterr)) &&
           provider_answer_empty(c, slow ? 202 : 200);
}

bool account_page_takes(struct arm_page *p, const json_t *a)
{
    char key[ARM_PAGE_KEY];

    (void) snprintf(key, sizeof(key), "%s/%s", json_text(a, "group"), json_text(a, "name"));
    return arm_page_takes(p, key);
}

static bool add_account(void *ctx, json_t *a)
{
    struct arm_page *p = ctx;

    return account_page_takes(p, a) &&
           json_array_append_new(p->list, account_json(p->c, a, "Succeeded")) == 0;
}

static bool list(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                 struct az_error *reterr)
{
    struct arm_page p;
    bool ok = arm_page_begin(c, &p, reterr);

    if (!ok) {
        return false;
    }
    ok = account_store_each_from(txn, c->subscription.id, group, p.from, false, add_account, &p);
    return (arm_page_answer(&p) && ok) || az_fail_internal(reterr, "listing accounts");
}

static bool list_group_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return arm_need_group(c, txn, reterr) && list(c, txn, provider_param(c, 1), reterr);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, NULL, reterr);
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

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    /* Code and text: issue 130 of terraform-azurerm-avm-res-cognitiveservices-account quotes it. */
    if (json_is_true(json_object_get(json_object_get(a, "properties"), "disableLocalAuth"))) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "Failed to list key. disableLocalAuth is set to be true");
    }
    return answer_keys(c, a);
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
    which = strcasecmp(which, "key1") == 0 ? "key1" : "key2";
    /* The dead value is told from a wrong one: sec.key-rotation. */
    (void) json_object_set(a, "formerKey", json_object_get(a, which));
    (void) json_object_set_new(a, which, new_key());
    rule_log_note(c->d, RULE_SEC_KEY_ROTATION, CMK_OBEYED);
    return account_store_put(txn, a, false, reterr) && answer_keys(c, a);
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
        if (!delete_account(c, txn, a, reterr)) {
            return false;
        }
    }
    return true;
}

#define ACCOUNTS ARM_GROUP "/providers/" ACCOUNT_NS "/accounts"
#define ACCOUNT  ACCOUNTS "/{n}"
/* clang-format off */
#define ROW(methods, path, audit, exec, body, prepare, run) \
    {{{methods, path}, PPLANE_ARM, audit, exec, body, 0, NULL, prepare, run}, &ai_versions, ARM_ALL}
const struct arm_route provider_account_routes[] = {
    ROW(HTTP_M_PUT,    ACCOUNT,                  "AccountPut",           EXEC_WRITE, true,  account_put_prepare,   put_run),
    ROW(HTTP_M_PATCH,  ACCOUNT,                  "AccountPatch",         EXEC_WRITE, true,  account_patch_prepare, account_patch_run),
    ROW(HTTP_M_GET,    ACCOUNT,                  "AccountGet",           EXEC_LOOP,  false, NULL,                  get_run),
    ROW(HTTP_M_DELETE, ACCOUNT,                  "AccountDelete",        EXEC_WRITE, false, NULL,                  delete_run),
    ROW(HTTP_M_POST,   ACCOUNT "/listKeys",      "AccountListKeys",      EXEC_LOOP,  false, NULL,                  list_keys_run),
    ROW(HTTP_M_POST,   ACCOUNT "/regenerateKey", "AccountRegenerateKey", EXEC_WRITE, true,  NULL,                  regenerate_run),
    ROW(HTTP_M_GET,    ACCOUNTS,                 "AccountList",          EXEC_LOOP,  false, NULL,                  list_group_run),
    ROW(HTTP_M_GET,    ARM_SUB "/providers/" ACCOUNT_NS "/accounts", "AccountList", EXEC_LOOP, false, NULL,       list_run),
};
/* clang-format on */
const size_t provider_account_routes_len = ARRAY_LEN(provider_account_routes);
