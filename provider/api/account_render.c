/* SPDX-License-Identifier: MIT */
/*
 * Accounts as ARM shows them: member order as recorded (wire-samples.md part 1), members by
 * api-version, endpoints in the family of names that the request came under.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/domain/account_fields.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/arm_version.h"
#include "provider/domain/kinds.h"
#include "provider/domain/operation.h"

#define NS "Microsoft.CognitiveServices"

json_t *account_id(const json_t *a)
{
    return json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/" NS "/accounts/%s",
                        json_text(a, "subscription"), json_text(a, "group"), json_text(a, "name"));
}

/* As the client wrote it (recorded: "SOUTHCENTRALUS" stays so). */
const char *account_location(const json_t *a)
{
    const char *shown = json_text(a, "shownLocation");

    return shown[0] ? shown : json_text(a, "location");
}

/*
 * "https://sub.cognitiveservices.azure.com/", or the region's. Regions have no names of their own
 * under localhost: there they stand where sub-domains do (docs/fidelity.md).
 */
static void base_url(struct provider_call *c, const json_t *a, const struct ai_kind *k, char *out,
                     size_t size)
{
    const char *sub = json_text(json_object_get(a, "properties"), "customSubDomainName");
    enum service s = k && k->openai ? SVC_OPENAI : SVC_COGNITIVE;
    char lower[LABEL_MAX];
    char url[URL_MAX];
    size_t i;

    if (!sub[0]) {
        s = c->site.family == NAMES_AZURE ? SVC_COGNITIVE_REGION : SVC_COGNITIVE;
        sub = json_text(a, "location");
    }
    for (i = 0; sub[i] && i + 1 < sizeof(lower); i++) {
        lower[i] = sub[i] >= 'A' && sub[i] <= 'Z' ? (char) (sub[i] + 32) : sub[i];
    }
    lower[i] = '\0';
    (void) snprintf(out, size, "%s/", site_url(&c->site, s, lower, url));
}

void account_copy(json_t *to, const json_t *from, const char *name)
{
    json_t *v = json_object_get(from, name);

    if (v) {
        (void) json_object_set(to, name, v);
    }
}

static json_t *rates_json(const struct ai_rate *r)
{
    json_t *rules = json_array();

    for (; r->key; r++) {
        json_t *patterns = json_array();
        const char *p = r->paths;
        char one[128];

        while (ai_list_next(&p, ';', one, sizeof(one))) {
            char *path = strchr(one, ' ');

            *path++ = '\0';
            (void) json_array_append_new(patterns,
                                         json_pack("{s:s,s:s}", "path", path, "method", one));
        }
        (void) json_array_append_new(rules, json_pack("{s:s,s:i,s:i,s:o}", "key", r->key,
                                                      "renewalPeriod", r->period_s, "count",
                                                      r->count, "matchPatterns", patterns));
    }
    return json_pack("{s:o}", "rules", rules);
}

/* CustomerManagedKey is shown in the SKUs that have it (recorded: TextAnalytics in S, not in S0 and
 * S1; Face in E0, not in S0). */
static json_t *capabilities_json(const struct ai_kind *k, const char *sku)
{
    bool cmk = account_kind_has_cmk_sku(account_kind_find(k->name), sku);
    json_t *list = json_array();
    const char *p = k->capabilities;
    char one[512];

    while (ai_list_next(&p, ';', one, sizeof(one))) {
        char *value = strchr(one, '=');

        if (!cmk && strcmp(one, "CustomerManagedKey") == 0) {
            continue;
        }
        if (value) {
            *value++ = '\0';
        }
        (void) json_array_append_new(list, value
                                               ? json_pack("{s:s,s:s}", "name", one, "value", value)
                                               : json_pack("{s:s}", "name", one));
    }
    return list;
}

static json_t *endpoints_json(const struct ai_kind *k, const char *url)
{
    json_t *map = json_object();
    const char *p = k->endpoints;
    char one[128];

    while (ai_list_next(&p, ';', one, sizeof(one))) {
        (void) json_object_set_new(map, one, json_string(url));
    }
    return map;
}

/* Keys and connection strings go in and never come out; a key that can be set shows as null
 * (recorded). */
static void api_properties(json_t *p, const json_t *mine, bool shows_key)
{
    static const char *const secrets[] = {"qnaAzureSearchEndpointKey", "eventHubConnectionString",
                                          "storageAccountConnectionString"};
    json_t *given = json_object_get(mine, "apiProperties");
    json_t *out = given ? json_deep_copy(given) : shows_key ? json_object() : NULL;

    if (!out) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        (void) json_object_del(out, secrets[i]);
    }
    if (shows_key) {
        (void) json_object_set_new(out, secrets[0], json_null());
    }
    (void) json_object_set_new(p, "apiProperties", out);
}

/* Recorded for TextAnalytics; until 2022-10-01 with the throttling member. */
static json_t *quota_json(int version)
{
    json_t *rule = json_pack("{s:s,s:i,s:i}", "key", "workflow.endpoint.postcalls", "renewalPeriod",
                             2592000, "count", 100000);

    if (version < AI_2023_05_01) {
        (void) json_object_set_new(rule, "dynamicThrottlingEnabled", json_false());
    }
    (void) json_object_set_new(
        rule, "matchPatterns",
        json_pack("[{s:s,s:s}]", "path", "/language/:analyze-conversations", "method", "*"));
    return json_pack("{s:[o]}", "rules", rule);
}

static void set_internal_id(json_t *p, const json_t *a)
{
    char id[40];
    size_t n = 0;

    for (const char *s = json_text(a, "uid"); *s && n + 1 < sizeof(id); s++) {
        if (*s != '-') {
            id[n++] = *s;
        }
    }
    id[n] = '\0';
    (void) json_object_set_new(p, "internalId", json_string(id));
}

static void copy_shown(json_t *p, const json_t *mine, const char *const *names, size_t n,
                       int version)
{
    for (size_t i = 0; i < n; i++) {
        if (account_field_shown(names[i], version)) {
            account_copy(p, mine, names[i]);
        }
    }
}

/* Where the customer's key is, in the request's family of names; with the last '/' as it was given
 * (which is all of the URI that is stored). */
static void show_vault(struct provider_call *c, json_t *p, const json_t *a)
{
    const char *vault = json_text(json_object_get(a, "dek"), "vault");
    json_t *kvp = json_object_get(json_object_get(p, "encryption"), "keyVaultProperties");
    char url[URL_MAX];
    AUTO_JSON *shown = NULL;

    if (!kvp || !vault[0]) {
        return;
    }
    shown = json_deep_copy(json_object_get(p, "encryption"));
    kvp = json_object_get(shown, "keyVaultProperties");
    (void) json_object_set_new(kvp, "keyVaultUri",
                               json_sprintf("%s%s", site_url(&c->site, SVC_VAULT, vault, url),
                                            json_text(kvp, "keyVaultUri")));
    (void) json_object_set(p, "encryption", shown);
}

/* What a client has set, and what the kind brings. */
static void set_settings(struct provider_call *c, json_t *p, const json_t *a,
                         const struct ai_kind *k, const char *endpoint)
{
    static const char *const middle[] = {"customSubDomainName", "encryption", "userOwnedStorage",
                                         "networkAcls"};
    static const char *const end[] = {"disableLocalAuth",
                                      "allowedFqdnList",
                                      "restrictOutboundNetworkAccess",
                                      "dynamicThrottlingEnabled",
                                      "migrationToken",
                                      "locations",
                                      "amlWorkspace",
                                      "raiMonitorConfig",
                                      "allowProjectManagement",
                                      "defaultProject",
                                      "associatedProjects",
                                      "networkInjections",
                                      "storedCompletionsDisabled",
                                      "a365LoggingEnabled",
                                      "foundryAutoUpgrade",
                                      "capabilitySettings",
                                      "agentHostingConfigurations",
                                      "costControlIds",
                                      "costControlConnections"};
    const json_t *mine = json_object_get(a, "properties");
    bool modern = c->version >= AI_2021_04_30;

    api_properties(p, mine, k->qna_key && modern);
    (void) json_object_set_new(p, "callRateLimit", rates_json(ai_kind_rates(k)));
    if (k->language_quota && modern) {
        (void) json_object_set_new(p, "quotaLimit", quota_json(c->version));
    }
    if (modern) {
        (void) json_object_set_new(p, "isMigrated", json_false());
    }
    copy_shown(p, mine, middle, ARRAY_LEN(middle), c->version);
    show_vault(c, p, a);
    (void) json_object_set_new(p, "privateEndpointConnections", json_array());
    (void) json_object_set_new(p, "publicNetworkAccess", json_string("Enabled"));
    account_copy(p, mine, "publicNetworkAccess");
    (void) json_object_set_new(p, "capabilities",
                               capabilities_json(k, json_text(json_object_get(a, "sku"), "name")));
    if (modern) {
        (void) json_object_set_new(p, "endpoints", endpoints_json(k, endpoint));
    }
    copy_shown(p, mine, end, ARRAY_LEN(end), c->version);
}

static const struct ai_kind *kind_of(const json_t *a)
{
    const struct ai_kind *k = ai_kind_find(json_text(a, "kind"));

    return k ? k : ai_kind_find("CognitiveServices");
}

static json_t *properties_json(struct provider_call *c, const json_t *a, const char *state)
{
    const struct ai_kind *k = kind_of(a);
    /* The state comes last until an account is first updated, then second (recorded). */
    bool updated = json_is_true(json_object_get(a, "updated"));
    bool custom = json_text(json_object_get(a, "properties"), "customSubDomainName")[0] != '\0';
    json_t *p = json_object();
    char url[URL_MAX + 32];
    char endpoint[URL_MAX + 64];

    base_url(c, a, k, url, sizeof(url));
    (void) snprintf(endpoint, sizeof(endpoint), "%s%s", url, custom ? "" : k->path);
    (void) json_object_set_new(p, "endpoint", json_string(endpoint));
    if (updated) {
        (void) json_object_set_new(p, "provisioningState", json_string(state));
    }
    set_internal_id(p, a);
    account_copy(p, a, "dateCreated");
    set_settings(c, p, a, k, endpoint);
    account_copy(p, a, "deletionDate");
    account_copy(p, a, "scheduledPurgeDate");
    if (!updated) {
        (void) json_object_set_new(p, "provisioningState", json_string(state));
    }
    return p;
}

/* In 2020 the kinds that are synchronous showed an empty map with their identity (recorded). */
static json_t *identity_json(struct provider_call *c, const json_t *a)
{
    json_t *identity = json_deep_copy(json_object_get(a, "identity"));

    if (identity && c->version < AI_2021_04_30 && kind_of(a)->synchronous &&
        !json_object_get(identity, "userAssignedIdentities")) {
        (void) json_object_set_new(identity, "userAssignedIdentities", json_object());
    }
    return identity;
}

json_t *account_json(struct provider_call *c, const json_t *a, const char *state)
{
    json_t *doc = json_object();
    json_t *tags = json_object_get(a, "tags");
    const char *running = operation_state(a, c->now_ms);

    state = running ? running : state;

    (void) json_object_set_new(doc, "id", account_id(a));
    account_copy(doc, a, "name");
    (void) json_object_set_new(doc, "type", json_string(NS "/accounts"));
    account_copy(doc, a, "etag");
    (void) json_object_set_new(doc, "location", json_string(account_location(a)));
    account_copy(doc, a, "sku");
    account_copy(doc, a, "kind");
    if (json_object_size(tags) > 0) {
        (void) json_object_set(doc, "tags", tags);
    }
    (void) json_object_set_new(doc, "properties", properties_json(c, a, state));
    if (json_object_get(a, "identity")) {
        (void) json_object_set_new(doc, "identity", identity_json(c, a));
    }
    if (c->version >= AI_2021_04_30) {
        account_copy(doc, a, "systemData");
    }
    return doc;
}

bool account_answer(struct provider_call *c, int status, const json_t *a, const char *state)
{
    AUTO_JSON *doc = account_json(c, a, state);

    (void) http_response_set_header(&c->x->resp, "ETag", "%s", json_text(a, "etag"));
    return provider_answer_json(c, status, doc);
}

json_t *account_system_data(struct provider_call *c, const json_t *old)
{
    char when[TIME_TEXT_MAX];
    const char *by = c->who.upn[0] ? c->who.upn : c->who.appid;
    const char *type = c->who.upn[0] ? "User" : "Application";
    json_t *sd = old ? json_deep_copy(old) : NULL;

    (void) time_format(when, c->now_ms, TIME_100NS);
    if (!sd) {
        sd = json_pack("{s:s,s:s,s:s}", "createdBy", by, "createdByType", type, "createdAt", when);
    }
    (void) json_object_set_new(sd, "lastModifiedBy", json_string(by));
    (void) json_object_set_new(sd, "lastModifiedByType", json_string(type));
    (void) json_object_set_new(sd, "lastModifiedAt", json_string(when));
    return sd;
}

void account_touch(struct provider_call *c, json_t *a)
{
    char when[TIME_TEXT_MAX];
    guid_text random;

    if (!json_object_get(a, "dateCreated")) {
        (void) json_object_set_new(a, "dateCreated",
                                   json_string(time_format(when, c->now_ms, TIME_100NS)));
    }
    (void) json_object_set_new(a, "systemData",
                               account_system_data(c, json_object_get(a, "systemData")));
    /* The recorded form: a counter, then the second of the change in hexadecimal digits. */
    guid_random(random);
    (void) json_object_set_new(
        a, "etag",
        json_sprintf("\"%.8s-0000-0500-0000-%08x0000\"", random, (unsigned) (c->now_ms / 1000)));
    (void) json_object_set_new(
        a, "revision", json_integer(json_integer_value(json_object_get(a, "revision")) + 1));
}
