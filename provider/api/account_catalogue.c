/* SPDX-License-Identifier: MIT */
/*
 * What Microsoft.CognitiveServices tells of itself: SKUs, models, quotas and their use, commitment
 * tiers, availability of names and SKUs, operations. Shapes: wire-samples.md part 3, specs.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account_child.h"
#include "provider/api/answer.h"
#include "provider/api/deployment.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/store/account_store.h"

#define MAX_LOAD 1e15 /* tokens a minute: beyond any model, within what a number can count */

static bool answer_list(struct provider_call *c, json_t *list)
{
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return provider_answer_json(c, 200, doc);
}

static bool answer_doc(struct provider_call *c, json_t *doc)
{
    AUTO_JSON *owned = doc;

    return provider_answer_json(c, 200, owned);
}

static void upper(const char *in, char out[32])
{
    size_t i;

    for (i = 0; i < 31 && in[i]; i++) {
        out[i] = in[i] >= 'a' && in[i] <= 'z' ? (char) (in[i] - 32) : in[i];
    }
    out[i] = '\0';
}

/*
 * One entry for each kind, SKU and region; locationInfo since 2021 (both recorded). Written as
 * text: some five thousand entries as JSON values would hold a loop for 80 ms.
 */
static void write_sku(struct provider_call *c, const struct ai_kind *k, const char *sku,
                      const char *location)
{
    struct buf *out = &c->x->resp.body;
    char region[32];

    upper(location, region);
    buf_fmt(
        out,
        "%s{\"resourceType\":\"accounts\",\"name\":\"%s\",\"tier\":\"%s\",\"kind\":\"%s\",\"locations\":[\"%s\"],",
        out->data[out->len - 1] == '[' ? "" : ",", sku, ai_sku_tier(sku), k->name, region);
    if (c->version >= AI_2021_04_30) {
        buf_fmt(out, "\"locationInfo\":[{\"location\":\"%s\",\"zones\":[],\"zoneDetails\":[]}],",
                region);
    }
    buf_str(out, "\"restrictions\":[]}");
}

static bool skus_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct buf *out = &c->x->resp.body;

    (void) txn;
    c->x->resp.status = 200;
    c->x->resp.content_type = "application/json; charset=utf-8";
    buf_str(out, "{\"value\":[");
    for (size_t i = 0; i < ai_kinds_count() && buf_ok(out); i++) {
        const char *p = ai_kind_at(i)->skus;
        char sku[16];

        while (buf_ok(out) && ai_list_next(&p, ' ', sku, sizeof(sku))) {
            for (size_t r = 0; r < ai_regions_count() && buf_ok(out); r++) {
                write_sku(c, ai_kind_at(i), sku, ai_region_at(r));
            }
        }
    }
    buf_str(out, "]}");
    return buf_ok(out) || az_fail_internal(reterr, "out of memory");
}

static bool account_skus_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct ai_kind *k;
    json_t *list;
    AUTO_JSON *a = NULL;
    const char *p;
    char sku[16];

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    k = ai_kind_find(json_text(a, "kind"));
    list = json_array();
    p = k ? k->skus : "";
    while (ai_list_next(&p, ' ', sku, sizeof(sku))) {
        (void) json_array_append_new(list, json_pack("{s:s,s:{s:s,s:s}}", "resourceType",
                                                     ACCOUNT_NS "/accounts", "sku", "name", sku,
                                                     "tier", ai_sku_tier(sku)));
    }
    return answer_list(c, list);
}

static json_t *date_json(const char *day)
{
    return json_sprintf("%sT00:00:00Z", day);
}

static json_t *model_skus_json(struct provider_call *c, const struct ai_model *m)
{
    json_t *list = json_array();
    const char *p = m->skus;
    char sku[32];

    while (ai_list_next(&p, ' ', sku, sizeof(sku))) {
        char quota[128];

        ai_quota_name(m, sku, quota, sizeof(quota));
        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:{s:i,s:i},s:o,s:[{s:s,s:i,s:i},{s:s,s:i,s:i}]}", "name",
                            sku, "usageName", quota, "capacity", "maximum", 10000, "default", 120,
                            "deprecationDate", date_json(m->retired),
                            c->version <= AI_2023_05_01 ? "ratelimits" : "rateLimits", "key",
                            "request", "renewalPeriod", 10, "count", 1, "key", "token",
                            "renewalPeriod", 60, "count", 1000));
    }
    return list;
}

static json_t *model_json(struct provider_call *c, const struct ai_model *m)
{
    bool tune = (m->uses & MODEL_FINE_TUNE) != 0;
    bool base = !tune || (m->uses & MODEL_NO_BASE) != MODEL_NO_BASE;
    json_t *caps = json_object();
    json_t *doc =
        json_pack("{s:s,s:s,s:s,s:b,s:o,s:i,s:o}", "format", "OpenAI", "name", m->name, "version",
                  m->version, "isDefaultVersion", (m->uses & MODEL_DEFAULT) != 0, "skus",
                  model_skus_json(c, m), "maxCapacity", 3, "capabilities", caps);

    if (tune) {
        (void) json_object_set_new(caps, "fineTune", json_string("true"));
    }
    (void) json_object_set_new(caps, "inference", json_string(base ? "true" : "false"));
    if ((m->uses & MODEL_COMPLETION) != 0) {
        (void) json_object_set_new(caps, "completion", json_string("true"));
    }
    if ((m->uses & MODEL_CHAT) != 0) {
        (void) json_object_set_new(caps, "chatCompletion", json_string("true"));
    }
    if ((m->uses & MODEL_EMBEDDINGS) != 0) {
        (void) json_object_set_new(caps, "embeddings", json_string("true"));
    }
    (void) json_object_set_new(caps, "scaleType", json_string("Standard"));
    if (tune) {
        (void) json_object_set_new(doc, "finetuneCapabilities",
                                   json_pack("{s:s}", "scaleType", "Standard"));
    }
    (void) json_object_set_new(doc, "deprecation",
                               json_pack("{s:o}", "inference", date_json(m->retired)));
    if (tune) {
        (void) json_object_set_new(json_object_get(doc, "deprecation"), "fineTune",
                                   date_json(m->retired));
    }
    (void) json_object_set_new(doc, "lifecycleStatus", json_string(m->status));
    (void) json_object_set_new(
        doc, "systemData",
        json_pack("{s:s,s:s,s:o,s:s,s:s,s:o}", "createdBy", "Microsoft", "createdByType",
                  "Application", "createdAt", date_json(m->created), "lastModifiedBy", "Microsoft",
                  "lastModifiedByType", "Application", "lastModifiedAt", date_json(m->created)));
    return doc;
}

static bool account_models_run(struct provider_call *c, struct kvdb_txn *txn,
                               struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    const struct ai_kind *k;
    json_t *list;

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    k = ai_kind_find(json_text(a, "kind"));
    list = json_array();
    for (size_t i = 0; k && strstr(k->endpoints, "OpenAI") && i < ai_models_count(); i++) {
        (void) json_array_append_new(list, model_json(c, ai_model_at(i)));
    }
    return answer_list(c, list);
}

static bool need_location(struct provider_call *c, struct az_error *reterr)
{
    char region[32];

    return arm_check_location(ACCOUNT_NS "/locations", provider_param(c, 1), region, reterr);
}

static bool models_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const kinds[] = {"OpenAI", "AIServices"};
    json_t *list;

    (void) txn;
    if (!need_location(c, reterr)) {
        return false;
    }
    list = json_array();
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < ai_models_count(); i++) {
            (void) json_array_append_new(list,
                                         json_pack("{s:s,s:s,s:o}", "kind", kinds[k], "skuName",
                                                   "S0", "model", model_json(c, ai_model_at(i))));
        }
    }
    return answer_list(c, list);
}

static json_t *usage_json(const char *name, const char *label, int64_t used, int64_t limit)
{
    return json_pack("{s:{s:s,s:s},s:I,s:I,s:s}", "name", "value", name, "localizedValue", label,
                     "currentValue", (json_int_t) used, "limit", (json_int_t) limit, "unit",
                     "Count");
}

/* Limits recorded 2023-07-25; the use is counted. */
static bool usages_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *usage = NULL;
    char region[32];
    json_t *list;

    if (!arm_check_location(ACCOUNT_NS "/locations", provider_param(c, 1), region, reterr)) {
        return false;
    }
    usage = deployment_usage(txn, c->subscription.id, NULL);
    list = json_array();
    for (size_t i = 0; i < ai_models_count(); i++) {
        const struct ai_model *m = ai_model_at(i);
        const char *p = m->skus;
        char sku[32];

        if (i > 0 && strcmp(ai_model_at(i - 1)->name, m->name) == 0) {
            continue; /* versions share a quota */
        }
        while (ai_list_next(&p, ' ', sku, sizeof(sku))) {
            char quota[128];
            char label[160];

            ai_quota_name(m, sku, quota, sizeof(quota));
            ai_quota_label(m, sku, label, sizeof(label));
            (void) json_array_append_new(
                list, usage_json(quota, label, deployment_used(usage, region, quota), m->quota));
        }
    }
    (void) json_array_append_new(
        list,
        usage_json("OpenAI.S0.AccountCount", "Maximum resources for OpenAI S0 sku.",
                   account_count(txn, c->subscription.id, region, "OpenAI"), ACCOUNTS_OPENAI));
    (void) json_array_append_new(
        list, usage_json("AccountCount", "Maximum Resources per Region",
                         account_count(txn, c->subscription.id, region, NULL), ACCOUNTS_REGION));
    return answer_list(c, list);
}

/* Recorded for TextAnalytics; nothing is metered here, so nothing has been used. */
static bool account_usages_run(struct provider_call *c, struct kvdb_txn *txn,
                               struct az_error *reterr)
{
    static const struct {
        const char *name;
        double limit;
    } language[] = {
        {"TextAnalytics.CtAutoTagging",    5000 },
        {"TextAnalytics.CtSaAutoTagging",  1000 },
        {"TextAnalytics.CtEvaluation",     5000 },
        {"TextAnalytics.CustomHealthcare", 10000}
    };
    AUTO_JSON *a = NULL;
    json_t *list;

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    list = json_array();
    for (size_t i = 0;
         i < ARRAY_LEN(language) && strcmp(json_text(a, "kind"), "TextAnalytics") == 0; i++) {
        (void) json_array_append_new(
            list,
            json_pack("{s:{s:s,s:s},s:s,s:f,s:f,s:s,s:s,s:s}", "name", "value", language[i].name,
                      "localizedValue", language[i].name, "status", "Included", "currentValue", 0.0,
                      "limit", language[i].limit, "nextResetTime", "0001-01-01T00:00:00Z",
                      "quotaPeriod", "30.00:00:00", "unit", "Count"));
    }
    return answer_list(c, list);
}

static bool tiers_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list;

    (void) txn;
    if (!need_location(c, reterr)) {
        return false;
    }
    list = json_array();
    for (size_t i = 0; i < ai_tier_plans_count(); i++) {
        const struct ai_tier_plan *p = ai_tier_plan_at(i);

        for (int t = 0; t < 4 && p->quantity[t] > 0; t++) {
            json_t *tier = json_pack("{s:s,s:s,s:s,s:s,s:o}", "kind", p->kind, "skuName", p->sku,
                                     "hostingModel", p->hosting, "planType", p->plan, "tier",
                                     json_sprintf("T%d", t + 1));

            if (p->max_count > 0) {
                (void) json_object_set_new(tier, "maxCount", json_integer(p->max_count));
            }
            (void) json_object_set_new(
                tier, "quota",
                json_pack("{s:I,s:s}", "quantity", (json_int_t) p->quantity[t], "unit", p->unit));
            (void) json_object_set_new(tier, "cost", json_object());
            (void) json_array_append_new(list, tier);
        }
    }
    return answer_list(c, list);
}

static bool check_domain_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *domain = json_text(c->body, "subdomainName");
    char region[32];
    json_t *doc;
    bool taken;

    if (!domain[0] || !json_text(c->body, "type")[0]) {
        return az_fail_content(reterr, NULL, "subdomainName and type are required");
    }
    taken = account_store_domain_taken(txn, domain) || ai_region_find(domain, region);
    doc = json_pack("{s:b,s:s,s:s}", "isSubdomainAvailable", !taken, "subdomainName", domain,
                    "type", json_text(c->body, "type"));
    if (json_text(c->body, "kind")[0]) {
        (void) json_object_set_new(doc, "kind", json_string(json_text(c->body, "kind")));
    }
    if (taken) {
        (void) json_object_set_new(
            doc, "reason",
            json_string("Sub domain name is not available. Please pick a different name."));
    }
    return answer_doc(c, doc);
}

/* A missing list: the service's text (azure-rest-api-specs issue 22395). */
static bool check_sku_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *skus = json_object_iget(c->body, "skus");
    const char *kind = json_text(c->body, "kind");
    const struct ai_kind *k = ai_kind_find(kind);
    json_t *list;
    json_t *sku;
    size_t i;

    (void) txn;
    if (!need_location(c, reterr)) {
        return false;
    }
    if (!json_is_array(skus)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "Value cannot be null. (Parameter 'requestObject.Skus')");
    }
    list = json_array();
    json_array_foreach(skus, i, sku)
    {
        const char *name = json_string_value(sku);
        bool good = name && k && ai_kind_has_sku(k, name);

        (void) json_array_append_new(
            list,
            json_pack("{s:s,s:s,s:s,s:b,s:o,s:o}", "kind", kind, "type", json_text(c->body, "type"),
                      "skuName", name ? name : "", "skuAvailable", good, "reason",
                      good ? json_null() : json_string("NotAvailable"), "message",
                      good ? json_null() : json_string("The SKU is not available for this kind.")));
    }
    return answer_list(c, list);
}

/* What is left of the quota of a model in each region, or in one. */
static bool capacities(struct provider_call *c, struct kvdb_txn *txn, const char *only,
                       struct az_error *reterr)
{
    const char *name = http_param_get(&c->x->req, "modelName");
    const char *version = http_param_get(&c->x->req, "modelVersion");
    const char *format = http_param_get(&c->x->req, "modelFormat");
    const struct ai_model *m = name ? ai_model_find(name, version ? version : "") : NULL;
    AUTO_JSON *usage = NULL;
    json_t *list;

    if (!name || !version || !format) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The parameters modelFormat, modelName and modelVersion are required.");
    }
    usage = deployment_usage(txn, c->subscription.id, NULL);
    list = json_array();
    for (size_t r = 0; m && r < ai_regions_count(); r++) {
        const char *region = ai_region_at(r);
        const char *p = m->skus;
        char sku[32];

        if (strcmp(region, "global") == 0 || (only && strcmp(only, region) != 0)) {
            continue;
        }
        while (ai_list_next(&p, ' ', sku, sizeof(sku))) {
            char quota[128];
            int64_t left;

            ai_quota_name(m, sku, quota, sizeof(quota));
            left = m->quota - deployment_used(usage, region, quota);
            (void) json_array_append_new(
                list, json_pack("{s:o,s:s,s:s,s:s,s:{s:{s:s,s:s,s:s},s:s,s:f,s:f}}", "id",
                                json_sprintf("/subscriptions/%s/providers/" ACCOUNT_NS
                                             "/locations/%s/models/OpenAI.%s.%s/skuCapacities/%s",
                                             c->subscription.id, region, m->name, m->version, sku),
                                "name", sku, "type", ACCOUNT_NS "/locations/models/skuCapacities",
                                "location", region, "properties", "model", "format", "OpenAI",
                                "name", m->name, "version", m->version, "skuName", sku,
                                "availableCapacity", (double) left, "availableFinetuneCapacity",
                                (m->uses & MODEL_FINE_TUNE) != 0 ? (double) left : 0.0));
        }
    }
    return answer_list(c, list);
}

static bool capacities_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return capacities(c, txn, NULL, reterr);
}

static bool location_capacities_run(struct provider_call *c, struct kvdb_txn *txn,
                                    struct az_error *reterr)
{
    char region[32];

    return arm_check_location(ACCOUNT_NS "/locations", provider_param(c, 1), region, reterr) &&
           capacities(c, txn, region, reterr);
}

/*
 * Throughput units for a load. How the service reckons is not published; here a thousand tokens a
 * minute are a unit (docs/fidelity.md).
 */
static bool calculate_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *model = json_object_iget(c->body, "model");
    const json_t *loads = json_object_iget(c->body, "workloads");
    const struct ai_model *m = ai_model_find(json_text(model, "name"), json_text(model, "version"));
    double tokens = 0;
    json_t *load;
    size_t i;

    (void) txn;
    if (!m) {
        return az_fail(reterr, AZ_ERR_DEPLOYMENT_MODEL_NOT_SUPPORTED,
                       "The model 'Format:%.32s,Name:%.128s,Version:%.64s' is not supported",
                       json_text(model, "format"), json_text(model, "name"),
                       json_text(model, "version"));
    }
    json_array_foreach(loads, i, load)
    {
        json_t *p = json_object_iget(load, "requestParameters");

        tokens += json_number_value(json_object_iget(load, "requestPerMinute")) *
                  (json_number_value(json_object_iget(p, "avgPromptTokens")) +
                   json_number_value(json_object_iget(p, "avgGeneratedTokens")));
    }
    if (!(tokens >= 0 && tokens <= MAX_LOAD)) {
        return az_fail_content(reterr, "workloads", "workloads must be a positive load");
    }
    json_int_t units = (json_int_t) ((tokens + 999) / 1000);

    return answer_doc(c, json_pack("{s:{s:s,s:s,s:s},s:s,s:{s:I,s:I}}", "model", "format", "OpenAI",
                                   "name", m->name, "version", m->version, "skuName",
                                   json_text(c->body, "skuName"), "estimatedCapacity", "value",
                                   units, "deployableValue", units));
}

static bool operations_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list = json_array();

    (void) txn;
    (void) reterr;
    arm_add_operations(list, provider_account_routes, provider_account_routes_len, true);
    arm_add_operations(list, provider_deleted_account_routes, provider_deleted_account_routes_len,
                       true);
    arm_add_operations(list, provider_deployment_routes, provider_deployment_routes_len, true);
    arm_add_operations(list, provider_account_child_routes, provider_account_child_routes_len,
                       true);
    arm_add_operations(list, provider_catalogue_routes, provider_catalogue_routes_len, true);
    return answer_list(c, list);
}

#define P     ARM_SUB "/providers/" ACCOUNT_NS
#define L     P "/locations/{l}"
#define A     ARM_GROUP "/providers/" ACCOUNT_NS "/accounts/{n}"
#define V2021 ARM_FROM(AI_2021_10_01)
#define V2022 ARM_FROM(AI_2022_10_01)
#define V2024 ARM_FROM(AI_2024_06_01_PV)
/* clang-format off */
#define ROW(methods, path, body, versions, run) \
    {{{methods, path}, PPLANE_ARM, NULL, EXEC_LOOP, body, 0, NULL, NULL, run}, &ai_versions, versions}

const struct arm_route provider_catalogue_routes[] = {
    ROW(HTTP_M_GET,  "/providers/" ACCOUNT_NS "/operations", false, ARM_ALL, operations_run),
    ROW(HTTP_M_GET,  P "/skus",                     false, ARM_ALL, skus_run),
    ROW(HTTP_M_GET,  A "/skus",                     false, ARM_ALL, account_skus_run),
    ROW(HTTP_M_GET,  A "/usages",                   false, ARM_ALL, account_usages_run),
    ROW(HTTP_M_GET,  A "/models",                   false, V2021,   account_models_run),
    ROW(HTTP_M_GET,  L "/models",                   false, V2022,   models_run),
    ROW(HTTP_M_GET,  L "/usages",                   false, V2022,   usages_run),
    ROW(HTTP_M_GET,  L "/commitmentTiers",          false, V2021,   tiers_run),
    ROW(HTTP_M_GET,  L "/modelCapacities",          false, V2024,   location_capacities_run),
    ROW(HTTP_M_GET,  P "/modelCapacities",          false, V2024,   capacities_run),
    ROW(HTTP_M_POST, P "/calculateModelCapacity",   true,  V2024,   calculate_run),
    ROW(HTTP_M_POST, P "/checkDomainAvailability",  true,  ARM_ALL, check_domain_run),
    ROW(HTTP_M_POST, L "/checkSkuAvailability",     true,  ARM_ALL, check_sku_run),
};
/* clang-format on */
const size_t provider_catalogue_routes_len = ARRAY_LEN(provider_catalogue_routes);
