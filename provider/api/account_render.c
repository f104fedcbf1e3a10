/* SPDX-License-Identifier: MIT */
/* Accounts as ARM shows them: member order as recorded (wire-samples.md part 1). */
#include <string.h>

#include "common/json.h"
#include "provider/api/account.h"

#define NS "Microsoft.CognitiveServices"

json_t *account_id(const json_t *a)
{
    return json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/" NS "/accounts/%s",
                        json_text(a, "subscription"), json_text(a, "group"), json_text(a, "name"));
}

static json_t *endpoint(struct provider_call *c, const json_t *a)
{
    const struct account_kind *k = account_kind_find(json_text(a, "kind"));
    const char *sub = json_text(json_object_get(a, "properties"), "customSubDomainName");
    enum service s = k && strcmp(k->domains[0], "openai") == 0 ? SVC_OPENAI : SVC_COGNITIVE;
    char url[URL_MAX];

    if (sub[0]) {
        return json_sprintf("%s/", site_url(&c->site, s, sub, url));
    }
    if (c->site.family == NAMES_AZURE) {
        return json_sprintf(
            "%s/", site_url(&c->site, SVC_COGNITIVE_REGION, json_text(a, "location"), url));
    }
    return json_sprintf("%s/", site_url(&c->site, s, json_text(a, "domain"), url));
}

void account_copy(json_t *to, const json_t *from, const char *name)
{
    json_t *v = json_object_get(from, name);

    if (v) {
        (void) json_object_set(to, name, v);
    }
}

static json_t *properties_json(struct provider_call *c, const json_t *a, const char *state,
                               bool state_last)
{
    static const char *const after[] = {"customSubDomainName", "encryption", "userOwnedStorage",
                                        "networkAcls", "apiProperties"};
    static const char *const end[] = {"disableLocalAuth", "allowedFqdnList",
                                      "restrictOutboundNetworkAccess", "dynamicThrottlingEnabled",
                                      "migrationToken"};
    const json_t *mine = json_object_get(a, "properties");
    json_t *p = json_object();

    (void) json_object_set_new(p, "endpoint", endpoint(c, a));
    if (!state_last) {
        (void) json_object_set_new(p, "provisioningState", json_string(state));
    }
    (void) json_object_set(p, "internalId", json_object_get(a, "uid"));
    account_copy(p, a, "dateCreated");
    (void) json_object_set_new(p, "callRateLimit",
                               json_pack("{s:[{s:s,s:f,s:f,s:[{s:s,s:s}]}]}", "rules", "key",
                                         "default", "renewalPeriod", 1.0, "count", 30.0,
                                         "matchPatterns", "path", "*", "method", "*"));
    (void) json_object_set_new(p, "isMigrated", json_false());
    for (size_t i = 0; i < ARRAY_LEN(after); i++) {
        account_copy(p, mine, after[i]);
    }
    (void) json_object_set_new(p, "privateEndpointConnections", json_array());
    account_copy(p, mine, "publicNetworkAccess");
    if (!json_object_get(p, "publicNetworkAccess")) {
        (void) json_object_set_new(p, "publicNetworkAccess", json_string("Enabled"));
    }
    (void) json_object_set_new(p, "capabilities",
                               json_pack("[{s:s},{s:s},{s:s}]", "name", "VirtualNetworks", "name",
                                         "CustomerManagedKey", "name", "TrustedServices"));
    (void) json_object_set_new(p, "endpoints", json_object());
    for (size_t i = 0; i < ARRAY_LEN(end); i++) {
        account_copy(p, mine, end[i]);
    }
    if (state_last) {
        (void) json_object_set_new(p, "provisioningState", json_string(state));
    }
    return p;
}

json_t *account_json(struct provider_call *c, const json_t *a, const char *state, bool state_last)
{
    json_t *doc = json_object();

    (void) json_object_set_new(doc, "id", account_id(a));
    account_copy(doc, a, "name");
    (void) json_object_set_new(doc, "type", json_string(NS "/accounts"));
    account_copy(doc, a, "etag");
    account_copy(doc, a, "location");
    account_copy(doc, a, "sku");
    account_copy(doc, a, "kind");
    (void) json_object_set_new(doc, "properties", properties_json(c, a, state, state_last));
    account_copy(doc, a, "identity");
    account_copy(doc, a, "systemData");
    if (json_object_get(a, "tags")) {
        account_copy(doc, a, "tags");
    }
    (void) http_response_set_header(&c->x->resp, "ETag", "%s", json_text(a, "etag"));
    return doc;
}

void account_touch(struct provider_call *c, json_t *a)
{
    char when[TIME_TEXT_MAX];
    json_t *sd = json_object_get(a, "systemData");
    const char *by = c->who.upn[0] ? c->who.upn : c->who.appid;
    const char *type = c->who.upn[0] ? "User" : "Application";
    guid_text etag;

    (void) time_format(when, c->now_ms, TIME_100NS);
    guid_random(etag);
    if (!sd) {
        sd = json_pack("{s:s,s:s,s:s}", "createdBy", by, "createdByType", type, "createdAt", when);
        (void) json_object_set_new(a, "systemData", sd);
        (void) json_object_set_new(a, "dateCreated", json_string(when));
    }
    (void) json_object_set_new(sd, "lastModifiedBy", json_string(by));
    (void) json_object_set_new(sd, "lastModifiedByType", json_string(type));
    (void) json_object_set_new(sd, "lastModifiedAt", json_string(when));
    (void) json_object_set_new(a, "etag", json_sprintf("\"%s\"", etag));
    (void) json_object_set_new(
        a, "revision", json_integer(json_integer_value(json_object_get(a, "revision")) + 1));
}
