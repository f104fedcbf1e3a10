/* SPDX-License-Identifier: MIT */
/*
 * Deployments (accounts/{a}/deployments): a model, a SKU with a capacity that counts against the
 * subscription's quota in the region. A fine-tuned model's artefacts lie under the account's data
 * key, so deploying one needs that key (rev.oai-deploy). Shapes: wire-samples.md part 3.
 */
#include "provider/api/deployment.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account_child.h"
#include "provider/api/ai_serving.h"
#include "provider/api/answer.h"
#include "provider/api/arm_page.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"

#define LIMIT_CAPACITY 1000000 /* of one deployment */

static const struct child_kind deployments = {DEPLOYMENTS, DEPLOYMENTS};

bool deployment_get(struct kvdb_txn *txn, const json_t *account, const char *name, json_t **ret,
                    struct az_error *reterr)
{
    return child_get(txn, json_text(account, "uid"), DEPLOYMENTS, name, ret, reterr);
}

/* A model by its name; *base: the table's row, NULL: there is none such. */
static bool find_model(struct kvdb_txn *txn, const json_t *account, const char *name,
                       const char *version, const struct ai_model **base, bool *tuned,
                       struct az_error *reterr)
{
    AUTO_JSON *own = NULL;

    *tuned = false;
    *base = ai_model_find(name, version);
    if (*base) {
        return true;
    }
    if (!child_get(txn, json_text(account, "uid"), TUNED_MODELS, name, &own, reterr)) {
        return false;
    }
    *tuned = own != NULL;
    *base = own ? ai_model_find(json_text(own, "base"), json_text(own, "baseVersion")) : NULL;
    return true;
}

const struct ai_model *deployment_model(struct kvdb_txn *txn, const json_t *account,
                                        const json_t *deployment, bool *tuned)
{
    const json_t *model = json_object_get(deployment, "model");
    const struct ai_model *m = NULL;
    struct az_error ignored;

    return find_model(txn, account, json_text(model, "name"), json_text(model, "version"), &m,
                      tuned, &ignored)
               ? m
               : NULL;
}

struct usage {
    struct kvdb_txn *txn;
    const char *but_for;
    const json_t *account;
    json_t *used;
};

static void usage_key(const char *region, const char *quota, char out[192])
{
    (void) snprintf(out, 192, "%s/%s", region, quota);
}

static bool add_capacity(void *ctx, json_t *deployment)
{
    struct usage *u = ctx;
    const json_t *sku = json_object_get(deployment, "sku");
    bool tuned = false;
    const struct ai_model *m = deployment_model(u->txn, u->account, deployment, &tuned);
    char quota[128];
    char key[192];
    char self[160];

    (void) snprintf(self, sizeof(self), "%s/%s", json_text(u->account, "uid"),
                    json_text(deployment, "name"));
    if (!m || (u->but_for && strcasecmp(self, u->but_for) == 0)) {
        return true;
    }
    ai_quota_name(m, json_text(sku, "name"), quota, sizeof(quota));
    usage_key(json_text(u->account, "location"), quota, key);
    (void) json_object_set_new(u->used, key,
                               json_integer(json_integer_value(json_object_get(u->used, key)) +
                                            json_integer_value(json_object_get(sku, "capacity"))));
    return true;
}

static bool add_account(void *ctx, json_t *account)
{
    struct usage *u = ctx;

    u->account = account;
    return child_each(u->txn, json_text(account, "uid"), DEPLOYMENTS, add_capacity, u);
}

json_t *deployment_usage(struct kvdb_txn *txn, const char *subscription, const char *but_for)
{
    struct usage u = {txn, but_for, NULL, json_object()};

    /* "the associated quota allocation will remain unavailable ... for 48 hours until the resource
     * is purged": learn.microsoft.com, ai-services/openai/how-to/quota, "Resource deletion". */
    (void) account_store_each(txn, subscription, NULL, false, add_account, &u);
    (void) account_store_each(txn, subscription, NULL, true, add_account, &u);
    return u.used;
}

int64_t deployment_used(const json_t *usage, const char *region, const char *quota)
{
    char key[192];

    usage_key(region, quota, key);
    return json_integer_value(json_object_get(usage, key));
}

static json_t *capabilities_json(const struct ai_model *m)
{
    json_t *p = json_object();

    if (m && (m->uses & MODEL_CHAT) != 0) {
        (void) json_object_set_new(p, "chatCompletion", json_string("true"));
    }
    if (m && (m->uses & MODEL_COMPLETION) != 0) {
        (void) json_object_set_new(p, "completion", json_string("true"));
        (void) json_object_set_new(p, "search", json_string("true"));
    }
    if (m && (m->uses & MODEL_EMBEDDINGS) != 0) {
        (void) json_object_set_new(p, "embeddings", json_string("true"));
        (void) json_object_set_new(p, "embeddingsMaxInputs", json_string("16"));
    }
    return p;
}

/* A thousand tokens a minute and a request in ten seconds for each unit (recorded for one). */
static json_t *rates_json(int64_t capacity)
{
    return json_pack("[{s:s,s:i,s:I},{s:s,s:i,s:I}]", "key", "request", "renewalPeriod", 10,
                     "count", (json_int_t) capacity, "key", "token", "renewalPeriod", 60, "count",
                     (json_int_t) capacity * 1000);
}

/* Until 2022-12-01 a deployment has scaleSettings, then a SKU and rates (both recorded). */
static json_t *deployment_json(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                               const json_t *d)
{
    bool tuned = false;
    const struct ai_model *m = deployment_model(txn, account, d, &tuned);
    const json_t *sku = json_object_get(d, "sku");
    int64_t capacity = json_integer_value(json_object_get(sku, "capacity"));
    json_t *p = json_object();
    AUTO_JSON *shown = json_copy((json_t *) (uintptr_t) d);

    account_copy(p, d, "model");
    if (c->version < AI_2023_05_01) {
        (void) json_object_set_new(p, "scaleSettings",
                                   json_pack("{s:s}", "scaleType", json_text(sku, "name")));
        (void) json_object_del(shown, "sku");
    } else {
        account_copy(p, d, "versionUpgradeOption");
        account_copy(p, d, "raiPolicyName");
    }
    if (c->version >= AI_2025_04_01_PV) {
        account_copy(p, d, "spilloverDeploymentName");
    }
    (void) json_object_set_new(p, "capabilities", capabilities_json(m));
    (void) json_object_set_new(p, "provisioningState", json_string("Succeeded"));
    if (c->version >= AI_2023_05_01) {
        (void) json_object_set_new(p, c->version == AI_2023_05_01 ? "ratelimits" : "rateLimits",
                                   rates_json(capacity));
    }
    if (c->version >= AI_2024_10_01) {
        (void) json_object_set_new(p, "currentCapacity", json_integer(capacity));
    }
    return child_json(account, &deployments, shown, p);
}

static bool answer(struct provider_call *c, struct kvdb_txn *txn, int status, const json_t *account,
                   const json_t *d)
{
    return child_answer(c, status, deployment_json(c, txn, account, d));
}

struct collect {
    struct arm_page page;
    struct kvdb_txn *txn;
    const json_t *account;
};

static bool add_deployment(void *ctx, json_t *d)
{
    struct collect *k = ctx;

    return arm_page_takes(&k->page, json_text(d, "name")) &&
           json_array_append_new(k->page.list, deployment_json(k->page.c, k->txn, k->account, d)) ==
               0;
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    struct collect k = {.txn = txn};
    bool ok = child_owner(c, txn, &a, reterr) && arm_page_begin(c, &k.page, reterr);

    if (!ok) {
        return false;
    }
    k.account = a;
    ok = child_each_from(txn, json_text(a, "uid"), DEPLOYMENTS, k.page.from, add_deployment, &k);
    return (arm_page_answer(&k.page) && ok) || az_fail_internal(reterr, "listing deployments");
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *d = NULL;

    return child_need(c, txn, &deployments, &a, &d, reterr) && answer(c, txn, 200, a, d);
}

static bool invalid(struct az_error *reterr, const char *target, const char *why)
{
    return az_fail_content(reterr, target, "%s", why);
}

/* A number, or its digits in a string: az sends {"capacity": "1"} (clients.md 12.8). */
static bool read_capacity(const json_t *v, int64_t *ret)
{
    const char *s = json_string_value(v);
    char *end = NULL;

    if (!v || json_is_null(v)) {
        return true;
    }
    if (json_is_integer(v)) {
        *ret = json_integer_value(v);
    } else if (s && *s) {
        *ret = strtoll(s, &end, 10);
    }
    return (json_is_integer(v) || (end && *end == '\0')) && *ret >= 1 && *ret <= LIMIT_CAPACITY;
}

/* The SKU of the body, or of an older version's scaleSettings, into d. */
static bool take_sku(struct provider_call *c, const struct ai_model *m, json_t *d,
                     struct az_error *reterr)
{
    const json_t *sku = json_object_iget(c->body, "sku");
    const json_t *old = json_object_get(d, "sku");
    const json_t *scale =
        json_object_iget(json_object_iget(c->body, "properties"), "scaleSettings");
    const char *name = json_text(sku, "name");
    int64_t capacity =
        json_is_object(old) ? json_integer_value(json_object_get(old, "capacity")) : 1;
    const char *p = m->skus;
    char first[32] = "";

    (void) ai_list_next(&p, ' ', first, sizeof(first));
    name = name[0] ? name : json_text(scale, "scaleType");
    name = name[0] ? name : json_text(old, "name");
    name = name[0] ? name : first;
    if (!read_capacity(json_object_iget(sku ? sku : scale, "capacity"), &capacity)) {
        return invalid(reterr, "sku", "sku.capacity must be a positive number");
    }
    if (!ai_model_has_sku(m, name)) {
        return az_fail_target(
            reterr, AZ_ERR_INVALID_RESOURCE_PROPERTIES, "sku",
            "The specified SKU '%.64s' of account deployment is not supported by the "
            "model 'Format:OpenAI,Name:%s,Version:%s'.",
            name, m->name, m->version);
    }
    (void) json_object_set_new(
        d, "sku", json_pack("{s:s,s:I}", "name", name, "capacity", (json_int_t) capacity));
    return true;
}

/* Text: issues of PubSec-Info-Assistant (880) and others quote it. */
bool deployment_check_quota(struct kvdb_txn *txn, const json_t *account, const json_t *d,
                            struct az_error *reterr)
{
    bool tuned = false;
    const struct ai_model *m = deployment_model(txn, account, d, &tuned);
    const json_t *sku = json_object_get(d, "sku");
    int64_t want = json_integer_value(json_object_get(sku, "capacity"));
    char quota[128];
    char label[160];
    char self[160];
    AUTO_JSON *usage = NULL;
    int64_t used;

    if (!m) {
        return az_fail_internal(reterr, "a deployment without a model");
    }
    ai_quota_name(m, json_text(sku, "name"), quota, sizeof(quota));
    ai_quota_label(m, json_text(sku, "name"), label, sizeof(label));
    (void) snprintf(self, sizeof(self), "%s/%s", json_text(account, "uid"), json_text(d, "name"));
    usage = deployment_usage(txn, json_text(account, "subscription"), self);
    used = deployment_used(usage, json_text(account, "location"), quota);
    return used + want <= m->quota ||
           az_fail(reterr, AZ_ERR_INSUFFICIENT_QUOTA,
                   "This operation require %lld new capacity in quota %s, which is bigger than the "
                   "current available capacity %lld. The current quota usage is %lld and the quota "
                   "limit is %d for quota %s.",
                   (long long) want, label, (long long) (m->quota - used), (long long) used,
                   m->quota, label);
}

static bool not_supported(const json_t *model, struct az_error *reterr)
{
    const char *format = json_text(model, "format");

    return az_fail(reterr, AZ_ERR_DEPLOYMENT_MODEL_NOT_SUPPORTED,
                   "The model 'Format:%.32s,Name:%.128s,Version:%.64s' is not supported",
                   format[0] ? format : "OpenAI", json_text(model, "name"),
                   json_text(model, "version"));
}

bool deployment_choose(struct kvdb_txn *txn, const json_t *account, const json_t *model,
                       struct deployment_choice *ret, struct az_error *reterr)
{
    const struct ai_model *m;
    const struct ai_kind *k = ai_kind_find(json_text(account, "kind"));
    const char *format = json_text(model, "format");

    if (!json_is_object(model) || !json_text(model, "name")[0]) {
        return invalid(reterr, "model", "properties.model must be an object with a name");
    }
    if (!k || strstr(k->endpoints, "OpenAI") == NULL ||
        (format[0] && strcasecmp(format, "OpenAI") != 0)) {
        return not_supported(model, reterr);
    }
    if (!find_model(txn, account, json_text(model, "name"), json_text(model, "version"), &ret->base,
                    &ret->tuned, reterr)) {
        return false;
    }
    m = ret->base;
    return (m &&
            (ret->tuned || (m->uses & MODEL_NO_BASE) == 0 || (m->uses & MODEL_FINE_TUNE) == 0)) ||
           not_supported(model, reterr);
}

json_t *deployment_stored_model(const json_t *model, const struct deployment_choice *choice)
{
    const struct ai_model *m = choice->base;
    bool tuned = choice->tuned;
    json_t *out = json_pack("{s:s,s:s,s:s}", "format", "OpenAI", "name",
                            tuned ? json_text(model, "name") : m->name, "version",
                            tuned && json_text(model, "version")[0] ? json_text(model, "version")
                            : tuned                                 ? "1"
                                                                    : m->version);

    if (json_text(model, "sourceAccount")[0]) {
        (void) json_object_set_new(out, "sourceAccount",
                                   json_string(json_text(model, "sourceAccount")));
    }
    return out;
}

static bool take_options(struct provider_call *c, json_t *d, struct az_error *reterr)
{
    static const char *const upgrades[] = {"OnceNewDefaultVersionAvailable",
                                           "OnceCurrentVersionExpired", "NoAutoUpgrade"};
    const json_t *props = json_object_iget(c->body, "properties");
    const char *upgrade = json_text(props, "versionUpgradeOption");
    json_t *tags = json_object_iget(c->body, "tags");
    const char *found = NULL;

    if (!account_check_tags(tags, reterr)) {
        return false;
    }
    upgrade = upgrade[0] ? upgrade : json_text(d, "versionUpgradeOption");
    upgrade = upgrade[0] ? upgrade : upgrades[0]; /* recorded as the default */
    for (size_t i = 0; i < ARRAY_LEN(upgrades); i++) {
        found = strcasecmp(upgrade, upgrades[i]) == 0 ? upgrades[i] : found;
    }
    if (!found) {
        return invalid(reterr, "versionUpgradeOption", "versionUpgradeOption has no such value");
    }
    (void) json_object_set_new(d, "versionUpgradeOption", json_string(found));
    if (json_text(props, "raiPolicyName")[0]) {
        (void) json_object_set_new(d, "raiPolicyName",
                                   json_string(json_text(props, "raiPolicyName")));
    }
    if (json_text(props, "spilloverDeploymentName")[0]) {
        (void) json_object_set_new(d, "spilloverDeploymentName",
                                   json_string(json_text(props, "spilloverDeploymentName")));
    }
    if (json_is_object(tags)) {
        (void) json_object_set(d, "tags", tags);
    }
    return true;
}

static void free_copy(void *copy)
{
    json_decref(copy);
}

/* rev.oai-deploy: what a fine-tuned model is made of can only be loaded with the data key. */
static bool put_prepare(struct provider_call *c, struct az_error *reterr)
{
    const json_t *model = json_object_iget(json_object_iget(c->body, "properties"), "model");
    struct kvdb_txn *txn = NULL;
    struct deployment_choice choice = {0};
    json_t *copy = NULL;
    AUTO_JSON *a = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = child_owner(c, txn, &a, reterr) && deployment_choose(txn, a, model, &choice, reterr);
    kvdb_abort(txn);
    if (!ok || !choice.tuned) {
        return ok;
    }
    if (!ai_serving_load(c, a, json_text(model, "name"), &copy, reterr)) {
        return false;
    }
    json_decref(c->prepared);
    c->prepared = copy;
    c->prepared_free = free_copy;
    return true;
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *model = json_object_iget(json_object_iget(c->body, "properties"), "model");
    struct deployment_choice choice = {0};
    AUTO_JSON *a = NULL;
    AUTO_JSON *old = NULL;
    AUTO_JSON *d = NULL;

    if (!child_find(c, txn, &deployments, &a, &old, reterr) ||
        !child_check_name(provider_param(c, 3), reterr) || !account_match(c, old, reterr) ||
        !child_may_change(c, a, reterr) || !deployment_choose(txn, a, model, &choice, reterr)) {
        return false;
    }
    if (choice.tuned && !c->prepared) {
        c->retry_prepare = true; /* made in this very moment: its artefact has to be loaded */
        return true;
    }
    d = old ? json_deep_copy(old) : json_pack("{s:s}", "name", provider_param(c, 3));
    (void) json_object_set_new(d, "model", deployment_stored_model(model, &choice));
    if (!take_sku(c, choice.base, d, reterr) || !take_options(c, d, reterr) ||
        !deployment_check_quota(txn, a, d, reterr)) {
        return false;
    }
    child_touch(c, d);
    return ai_serving_store(txn, a, provider_param(c, 3), choice.tuned ? c->prepared : NULL,
                            reterr) &&
           child_put(txn, json_text(a, "uid"), DEPLOYMENTS, provider_param(c, 3), d, reterr) &&
           answer(c, txn, old ? 200 : 201, a, d);
}

/* SKU and tags only (spec: PatchResourceTagsAndSku). */
static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct ai_model *m;
    AUTO_JSON *a = NULL;
    AUTO_JSON *d = NULL;
    bool tuned = false;

    if (!child_need(c, txn, &deployments, &a, &d, reterr) || !child_may_change(c, a, reterr)) {
        return false;
    }
    m = deployment_model(txn, a, d, &tuned);
    if (!m) {
        return not_supported(json_object_get(d, "model"), reterr);
    }
    if (!take_sku(c, m, d, reterr) || !take_options(c, d, reterr) ||
        !deployment_check_quota(txn, a, d, reterr)) {
        return false;
    }
    child_touch(c, d);
    return child_put(txn, json_text(a, "uid"), DEPLOYMENTS, provider_param(c, 3), d, reterr) &&
           answer(c, txn, 200, a, d);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *d = NULL;

    if (!child_find(c, txn, &deployments, &a, &d, reterr) ||
        (d && (!account_match(c, d, reterr) || !child_may_change(c, a, reterr)))) {
        return false;
    }
    (void) child_del(txn, json_text(a, "uid"), DEPLOYMENTS, provider_param(c, 3));
    if (!ai_serving_store(txn, a, provider_param(c, 3), NULL, reterr)) {
        return false;
    }
    return provider_answer_empty(c, d ? 200 : 204);
}

static bool skus_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *d = NULL;
    json_t *list = NULL;
    const struct ai_model *m;
    const char *p;
    char name[32];
    bool tuned = false;

    if (!child_need(c, txn, &deployments, &a, &d, reterr)) {
        return false;
    }
    m = deployment_model(txn, a, d, &tuned);
    list = json_array();
    p = m ? m->skus : "";
    while (m && ai_list_next(&p, ' ', name, sizeof(name))) {
        (void) json_array_append_new(
            list, json_pack("{s:s,s:{s:s},s:{s:i,s:i,s:i,s:i}}", "resourceType",
                            ACCOUNT_NS "/accounts/deployments", "sku", "name", name, "capacity",
                            "minimum", 1, "maximum", m->quota, "step", 1, "default", 1));
    }
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return provider_answer_json(c, 200, doc);
}

#define COLLECTION ARM_GROUP "/providers/" ACCOUNT_NS "/accounts/{n}/" DEPLOYMENTS
#define ITEM       COLLECTION "/{d}"
#define SINCE      ARM_FROM(AI_2021_10_01)
/* clang-format off */
#define ROW(methods, path, audit, exec, body, prepare, versions, run) \
    {{{methods, path}, PPLANE_ARM, audit, exec, body, 0, NULL, prepare, run}, &ai_versions, versions}

const struct arm_route provider_deployment_routes[] = {
    ROW(HTTP_M_GET,    COLLECTION,   "DeploymentList",   EXEC_LOOP,  false, NULL,        SINCE,                     list_run),
    ROW(HTTP_M_GET,    ITEM,         "DeploymentGet",    EXEC_LOOP,  false, NULL,        SINCE,                     get_run),
    ROW(HTTP_M_PUT,    ITEM,         "DeploymentPut",    EXEC_WRITE, true,  put_prepare, SINCE,                     put_run),
    ROW(HTTP_M_PATCH,  ITEM,         "DeploymentPatch",  EXEC_WRITE, true,  NULL,        ARM_FROM(AI_2023_10_01_PV), patch_run),
    ROW(HTTP_M_DELETE, ITEM,         "DeploymentDelete", EXEC_WRITE, false, NULL,        SINCE,                     delete_run),
    ROW(HTTP_M_GET,    ITEM "/skus", NULL,               EXEC_LOOP,  false, NULL,        ARM_FROM(AI_2023_10_01_PV), skus_run),
};
/* clang-format on */
const size_t provider_deployment_routes_len = ARRAY_LEN(provider_deployment_routes);
