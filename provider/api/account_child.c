/* SPDX-License-Identifier: MIT */
/*
 * Sub-resources of accounts other than deployments: encryption scopes and commitment plans, which
 * are stored; and what needs other providers (private endpoints, perimeters) or is not simulated
 * (responsible-AI policies), whose lists are empty. Shapes: wire-samples.md part 3, specs.
 */
#include "provider/api/account_child.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/arm_page.h"
#include "provider/domain/ai_models.h"
#include "provider/domain/operation.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"

static const struct child_kind scopes = {"encryptionScopes", "encryptionScopes"};
static const struct child_kind plans = {"commitmentPlans", "commitmentplans"};

json_t *child_json(const json_t *account, const struct child_kind *kind, const json_t *child,
                   json_t *properties)
{
    AUTO_JSON *id = account_id(account);
    json_t *doc = json_pack(
        "{s:o,s:o,s:s}", "id",
        json_sprintf("%s/%s/%s", json_string_value(id), kind->type, json_text(child, "name")),
        "type", json_sprintf(ACCOUNT_NS "/accounts/%s", kind->type), "name",
        json_text(child, "name"));

    account_copy(doc, child, "sku");
    if (json_object_size(json_object_get(child, "tags")) > 0) {
        account_copy(doc, child, "tags");
    }
    if (properties) {
        (void) json_object_set_new(doc, "properties", properties);
    } else {
        account_copy(doc, child, "properties");
    }
    account_copy(doc, child, "systemData");
    account_copy(doc, child, "etag");
    return doc;
}

void child_touch(struct provider_call *c, json_t *child)
{
    guid_text etag;

    guid_random(etag);
    (void) json_object_set_new(child, "systemData",
                               account_system_data(c, json_object_get(child, "systemData")));
    (void) json_object_set_new(child, "etag", json_sprintf("\"%s\"", etag));
}

/* ARM's own text (quoted for storage accounts and others by many issues). */
bool child_owner(struct provider_call *c, struct kvdb_txn *txn, json_t **account,
                 struct az_error *reterr)
{
    const char *verb = c->x->req.method == HTTP_M_GET      ? "read"
                       : c->x->req.method == HTTP_M_DELETE ? "delete"
                                                           : "write";
    const char *group = provider_param(c, 1);
    const char *name = provider_param(c, 2);
    char type[128];

    if (!arm_need_group(c, txn, reterr) ||
        !account_store_get(txn, c->subscription.id, group, name, false, account, reterr)) {
        return false;
    }
    if (*account) {
        return true;
    }
    arm_resource_type(c->arm_row, type, sizeof(type));
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_PARENT_RESOURCE_NOT_FOUND,
        "Failed to perform '%s' on resource(s) of type '%s', because the parent resource "
        "'/subscriptions/%s/resourceGroups/%s/providers/" ACCOUNT_NS
        "/accounts/%s' could not be found.",
        verb, type, c->subscription.id, group, name);
}

bool child_find(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                json_t **account, json_t **child, struct az_error *reterr)
{
    return child_owner(c, txn, account, reterr) &&
           child_get(txn, json_text(*account, "uid"), kind->collection, provider_param(c, 3), child,
                     reterr);
}

bool child_need(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                json_t **account, json_t **child, struct az_error *reterr)
{
    char type[96];
    char name[512];

    if (!child_find(c, txn, kind, account, child, reterr)) {
        return false;
    }
    if (*child) {
        return account_match(c, *child, reterr);
    }
    (void) snprintf(type, sizeof(type), ACCOUNT_NS "/accounts");
    (void) snprintf(name, sizeof(name), "%s/%s/%s", provider_param(c, 2), kind->collection,
                    provider_param(c, 3));
    return arm_not_found(c, type, name, reterr);
}

bool child_check_name(const char *name, struct az_error *reterr)
{
    size_t len = strlen(name);
    bool good = len >= 1 && len <= 64 && isalnum((unsigned char) name[0]);

    for (size_t i = 0; good && i < len; i++) {
        good = isalnum((unsigned char) name[i]) || strchr("_.-", name[i]);
    }
    return good || az_fail(reterr, AZ_ERR_BAD_REQUEST, "The name '%.64s' is not valid.", name);
}

/* --latency=azure. Code and text: azure-rules.md section 9; issues of microsoft-foundry-baseline
 * (76) and others quote them. */
bool child_may_change(struct provider_call *c, const json_t *account, struct az_error *reterr)
{
    const char *state = operation_state(account, c->now_ms);
    AUTO_JSON *id = state ? account_id(account) : NULL;

    return !state || az_fail(reterr, AZ_ERR_ACCOUNT_STATE_INVALID, "Account %s in state %s",
                             json_string_value(id), state);
}

bool child_answer(struct provider_call *c, int status, json_t *doc)
{
    AUTO_JSON *owned = doc;

    (void) http_response_set_header(&c->x->resp, "ETag", "%s", json_text(owned, "etag"));
    return provider_answer_json(c, status, owned);
}

struct collect {
    struct arm_page page;
    const json_t *account;
    const struct child_kind *kind;
};

static bool add_child(void *ctx, json_t *child)
{
    struct collect *k = ctx;

    return arm_page_takes(&k->page, json_text(child, "name")) &&
           json_array_append_new(k->page.list, child_json(k->account, k->kind, child, NULL)) == 0;
}

static bool list(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                 struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    struct collect k = {.kind = kind};
    bool ok = child_owner(c, txn, &a, reterr) && arm_page_begin(c, &k.page, reterr);

    if (!ok) {
        return false;
    }
    k.account = a;
    ok = child_each_from(txn, json_text(a, "uid"), kind->collection, k.page.from, add_child, &k);
    return (arm_page_answer(&k.page) && ok) || az_fail_internal(reterr, "listing children");
}

static bool get(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *child = NULL;

    return child_need(c, txn, kind, &a, &child, reterr) &&
           child_answer(c, 200, child_json(a, kind, child, NULL));
}

/* Takes properties (stolen) and tags, stores, answers 201 or 200. */
static bool store(struct provider_call *c, struct kvdb_txn *txn, const struct child_kind *kind,
                  const json_t *account, const json_t *old, json_t *properties,
                  struct az_error *reterr)
{
    AUTO_JSON *child = old ? json_deep_copy(old) : json_pack("{s:s}", "name", provider_param(c, 3));
    json_t *tags = json_object_iget(c->body, "tags");

    (void) json_object_set_new(child, "properties", properties);
    if (json_is_object(tags)) {
        (void) json_object_set(child, "tags", tags);
    }
    child_touch(c, child);
    return child_put(txn, json_text(account, "uid"), kind->collection, provider_param(c, 3), child,
                     reterr) &&
           child_answer(c, old ? 200 : 201, child_json(account, kind, child, NULL));
}

static bool scopes_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, &scopes, reterr);
}

static bool scope_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return get(c, txn, &scopes, reterr);
}

static bool invalid(struct az_error *reterr, const char *target, const char *why)
{
    return az_fail_content(reterr, target, "%s", why);
}

/* The encryption of a scope is kept and shown; no data lies under one (versions.md 4.2: unknown).
 */
static bool scope_properties(const json_t *in, const json_t *old, json_t **ret,
                             struct az_error *reterr)
{
    json_t *kvp = json_object_iget(in, "keyVaultProperties");
    const char *source = json_text(in, "keySource");
    const char *state = json_text(in, "state");
    bool vault = !source[0] || strcasecmp(source, "Microsoft.KeyVault") == 0;
    json_t *p;

    if (!json_is_object(in)) {
        return invalid(reterr, "properties", "properties must be an object");
    }
    if (!vault && strcasecmp(source, "Microsoft.CognitiveServices") != 0) {
        return invalid(reterr, "keySource",
                       "keySource is Microsoft.CognitiveServices or Microsoft.KeyVault");
    }
    if (state[0] && strcasecmp(state, "Enabled") != 0 && strcasecmp(state, "Disabled") != 0) {
        return invalid(reterr, "state", "state is Enabled or Disabled");
    }
    if (vault && (!json_text(kvp, "keyName")[0] || !json_text(kvp, "keyVaultUri")[0])) {
        return invalid(reterr, "keyVaultProperties",
                       "keyVaultProperties must have keyName and keyVaultUri");
    }
    p = json_object();
    (void) json_object_set_new(p, "provisioningState", json_string("Succeeded"));
    state = state[0] ? state : json_text(json_object_get(old, "properties"), "state");
    (void) json_object_set_new(
        p, "state", json_string(strcasecmp(state, "Disabled") == 0 ? "Disabled" : "Enabled"));
    if (vault) {
        static const char *const names[] = {"keyName", "keyVersion", "keyVaultUri",
                                            "identityClientId"};
        json_t *out = json_object();

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (json_text(kvp, names[i])[0]) {
                (void) json_object_set_new(out, names[i], json_string(json_text(kvp, names[i])));
            }
        }
        (void) json_object_set_new(p, "keyVaultProperties", out);
    }
    (void) json_object_set_new(
        p, "keySource", json_string(vault ? "Microsoft.KeyVault" : "Microsoft.CognitiveServices"));
    *ret = p;
    return true;
}

static bool scope_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *old = NULL;
    json_t *p = NULL;

    return child_find(c, txn, &scopes, &a, &old, reterr) &&
           child_check_name(provider_param(c, 3), reterr) && account_match(c, old, reterr) &&
           child_may_change(c, a, reterr) &&
           account_check_tags(json_object_iget(c->body, "tags"), reterr) &&
           scope_properties(json_object_iget(c->body, "properties"), old, &p, reterr) &&
           store(c, txn, &scopes, a, old, p, reterr);
}

/* 202 or 204, never 200 (versions.md section 4.2). */
static bool scope_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *child = NULL;

    if (!child_find(c, txn, &scopes, &a, &child, reterr) || !account_match(c, child, reterr) ||
        !child_may_change(c, a, reterr)) {
        return false;
    }
    if (!child) {
        return provider_answer_empty(c, 204);
    }
    (void) child_del(txn, json_text(a, "uid"), scopes.collection, provider_param(c, 3));
    return provider_lro_add(c, txn,
                            &(struct arm_operation){.ns = ACCOUNT_NS,
                                                    .location = account_location(a),
                                                    .resource = "",
                                                    .status = "Deleting",
                                                    .with_location = true},
                            reterr) &&
           provider_answer_empty(c, 202);
}

static bool plans_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, &plans, reterr);
}

static bool plan_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return get(c, txn, &plans, reterr);
}

/* First days of this month and the two that follow, as "2023-08-01T00:00:00Z". */
struct months {
    char today[TIME_TEXT_MAX];
    char next[TIME_TEXT_MAX];
    char after[TIME_TEXT_MAX];
    int days_left, days;
};

static void month_begin(int year, int month, char out[TIME_TEXT_MAX])
{
    (void) snprintf(out, TIME_TEXT_MAX, "%04d-%02d-01T00:00:00Z", year + month / 12,
                    month % 12 + 1);
}

static void months_of(int64_t now_ms, struct months *m)
{
    time_t now = (time_t) (now_ms / 1000);
    struct tm t;
    int64_t begin;
    int64_t end;
    char this[TIME_TEXT_MAX];

    (void) gmtime_r(&now, &t);
    (void) snprintf(m->today, sizeof(m->today), "%04d-%02d-%02dT00:00:00Z", t.tm_year + 1900,
                    t.tm_mon + 1, t.tm_mday);
    month_begin(t.tm_year + 1900, t.tm_mon, this);
    month_begin(t.tm_year + 1900, t.tm_mon + 1, m->next);
    month_begin(t.tm_year + 1900, t.tm_mon + 2, m->after);
    m->days = time_parse(this, &begin) && time_parse(m->next, &end)
                  ? (int) ((end - begin) / 86400000)
                  : 30;
    m->days_left = m->days - t.tm_mday + 1;
}

/* The rest of the month is bought in proportion, rounded (recorded: 193548 on 26 October of
 * 1000000). */
static json_t *period_json(const char *tier, int64_t quantity, const char *unit, const char *begin,
                           const char *end)
{
    return json_pack("{s:s,s:s,s:s,s:{s:I,s:s}}", "tier", tier, "startDate", begin, "endDate", end,
                     "quota", "quantity", (json_int_t) quantity, "unit", unit);
}

static bool plan_properties(struct provider_call *c, const json_t *account, const json_t *in,
                            json_t **ret, struct az_error *reterr)
{
    const json_t *current = json_object_iget(in, "current");
    const json_t *next = json_object_iget(in, "next");
    const struct ai_tier_plan *p = ai_tier_plan_find(
        json_text(account, "kind"), json_text(in, "hostingModel"), json_text(in, "planType"));
    const char *tier = json_text(current, "tier");
    const char *then = json_text(next, "tier");
    struct months m;

    if (!p) {
        return invalid(
            reterr, "planType",
            "there is no commitment plan of this hostingModel and planType for the kind");
    }
    if ((tier[0] && ai_tier_quantity(p, tier) == 0) ||
        (then[0] && ai_tier_quantity(p, then) == 0) || (!tier[0] && !then[0])) {
        return invalid(reterr, "tier", "the plan has no such tier");
    }
    months_of(c->now_ms, &m);
    *ret = json_pack("{s:s,s:s}", "hostingModel", p->hosting, "planType", p->plan);
    if (tier[0]) {
        int64_t all = ai_tier_quantity(p, tier);

        (void) json_object_set_new(
            *ret, "current",
            period_json(tier, (all * m.days_left + m.days / 2) / m.days, p->unit, m.today, m.next));
    }
    (void) json_object_set_new(*ret, "autoRenew",
                               json_boolean(json_is_true(json_object_iget(in, "autoRenew"))));
    if (then[0]) {
        (void) json_object_set_new(
            *ret, "next", period_json(then, ai_tier_quantity(p, then), p->unit, m.next, m.after));
    }
    return true;
}

static bool plan_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *old = NULL;
    json_t *p = NULL;

    return child_find(c, txn, &plans, &a, &old, reterr) &&
           child_check_name(provider_param(c, 3), reterr) && account_match(c, old, reterr) &&
           child_may_change(c, a, reterr) &&
           account_check_tags(json_object_iget(c->body, "tags"), reterr) &&
           plan_properties(c, a, json_object_iget(c->body, "properties"), &p, reterr) &&
           store(c, txn, &plans, a, old, p, reterr);
}

static bool plan_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *child = NULL;

    return child_find(c, txn, &plans, &a, &child, reterr) && account_match(c, child, reterr) &&
           child_may_change(c, a, reterr) &&
           provider_answer_empty(
               c, child_del(txn, json_text(a, "uid"), plans.collection, provider_param(c, 3))
                      ? 200
                      : 204);
}

/* Nothing of these kinds can be made here, so there are none (docs/fidelity.md). */
static bool empty_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *doc = json_pack("{s:[]}", "value");

    return child_owner(c, txn, &a, reterr) && provider_answer_json(c, 200, doc);
}

static bool none_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    char name[512];
    const char *collection = strrchr(c->row->route.path, '/');

    while (collection > c->row->route.path && collection[-1] != '/') {
        collection--;
    }
    (void) snprintf(name, sizeof(name), "%s/%.*s/%s", provider_param(c, 2),
                    (int) strcspn(collection, "/"), collection, provider_param(c, 3));
    return child_owner(c, txn, &a, reterr) &&
           arm_not_found(c, ACCOUNT_NS "/accounts", name, reterr);
}

static bool link_resources_run(struct provider_call *c, struct kvdb_txn *txn,
                               struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *id = NULL;
    bool openai;

    if (!child_owner(c, txn, &a, reterr)) {
        return false;
    }
    id = account_id(a);
    openai = strcmp(json_text(a, "kind"), "OpenAI") == 0;
    AUTO_JSON *doc = json_pack(
        "{s:[{s:o,s:s,s:s,s:{s:s,s:[s],s:[s]}}]}", "value", "id",
        json_sprintf("%s/privateLinkResources/account", json_string_value(id)), "name", "account",
        "type", ACCOUNT_NS "/accounts/privateLinkResources", "properties", "groupId", "account",
        "requiredMembers", "default", "requiredZoneNames",
        openai ? "privatelink.openai.azure.com" : "privatelink.cognitiveservices.azure.com");

    return provider_answer_json(c, 200, doc);
}

#define A       ARM_GROUP "/providers/" ACCOUNT_NS "/accounts/{n}"
#define SCOPE_V ARM_FROM(AI_2023_10_01_PV)
#define PLAN_V  ARM_FROM(AI_2021_10_01)
#define RAI_V   ARM_FROM(AI_2023_10_01_PV)
#define PROJ_V  ARM_FROM(AI_2025_04_01_PV)
#define PERIM_V ARM_FROM(AI_2023_10_01_PV)
/* clang-format off */
#define ROW(methods, path, audit, exec, body, versions, run) \
    {{{methods, path}, PPLANE_ARM, audit, exec, body, 0, NULL, NULL, run}, &ai_versions, versions}

const struct arm_route provider_account_child_routes[] = {
    ROW(HTTP_M_GET,    A "/encryptionScopes",                       NULL,                     EXEC_LOOP,  false, SCOPE_V, scopes_run),
    ROW(HTTP_M_GET,    A "/encryptionScopes/{e}",                   NULL,                     EXEC_LOOP,  false, SCOPE_V, scope_get_run),
    ROW(HTTP_M_PUT,    A "/encryptionScopes/{e}",                   "EncryptionScopePut",     EXEC_WRITE, true,  SCOPE_V, scope_put_run),
    ROW(HTTP_M_DELETE, A "/encryptionScopes/{e}",                   "EncryptionScopeDelete",  EXEC_WRITE, false, SCOPE_V, scope_delete_run),
    ROW(HTTP_M_GET,    A "/commitmentPlans",                        NULL,                     EXEC_LOOP,  false, PLAN_V,  plans_run),
    ROW(HTTP_M_GET,    A "/commitmentPlans/{p}",                    NULL,                     EXEC_LOOP,  false, PLAN_V,  plan_get_run),
    ROW(HTTP_M_PUT,    A "/commitmentPlans/{p}",                    "CommitmentPlanPut",      EXEC_WRITE, true,  PLAN_V,  plan_put_run),
    ROW(HTTP_M_DELETE, A "/commitmentPlans/{p}",                    "CommitmentPlanDelete",   EXEC_WRITE, false, PLAN_V,  plan_delete_run),
    ROW(HTTP_M_GET,    A "/privateLinkResources",                   NULL,                     EXEC_LOOP,  false, ARM_ALL, link_resources_run),
    ROW(HTTP_M_GET,    A "/privateEndpointConnections",             NULL,                     EXEC_LOOP,  false, ARM_ALL, empty_run),
    ROW(HTTP_M_GET,    A "/privateEndpointConnections/{p}",         NULL,                     EXEC_LOOP,  false, ARM_ALL, none_run),
    ROW(HTTP_M_GET,    A "/raiPolicies",                            NULL,                     EXEC_LOOP,  false, RAI_V,   empty_run),
    ROW(HTTP_M_GET,    A "/raiPolicies/{p}",                        NULL,                     EXEC_LOOP,  false, RAI_V,   none_run),
    ROW(HTTP_M_GET,    A "/raiBlocklists",                          NULL,                     EXEC_LOOP,  false, RAI_V,   empty_run),
    ROW(HTTP_M_GET,    A "/raiBlocklists/{p}",                      NULL,                     EXEC_LOOP,  false, RAI_V,   none_run),
    ROW(HTTP_M_GET,    A "/networkSecurityPerimeterConfigurations", NULL,                     EXEC_LOOP,  false, PERIM_V, empty_run),
    ROW(HTTP_M_GET,    A "/networkSecurityPerimeterConfigurations/{p}", NULL,                 EXEC_LOOP,  false, PERIM_V, none_run),
    ROW(HTTP_M_GET,    A "/projects",                               NULL,                     EXEC_LOOP,  false, PROJ_V,  empty_run),
    ROW(HTTP_M_GET,    A "/projects/{p}",                           NULL,                     EXEC_LOOP,  false, PROJ_V,  none_run),
    ROW(HTTP_M_GET,    A "/connections",                            NULL,                     EXEC_LOOP,  false, PROJ_V,  empty_run),
};
/* clang-format on */
const size_t provider_account_child_routes_len = ARRAY_LEN(provider_account_child_routes);
