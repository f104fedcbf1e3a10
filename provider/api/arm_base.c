/* SPDX-License-Identifier: MIT */
/*
 * The resource manager's own resources: metadata, subscriptions, tenants, groups, providers,
 * operations, and Microsoft.KeyVault passed on to vaultd. Demands: clients.md sections 5 and 8.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/arm_registration.h"
#include "provider/api/auth.h"
#include "provider/api/forward.h"
#include "provider/api/roles.h"
#include "provider/api/storage.h"
#include "provider/api/user_identity.h"

static json_t *metadata_json(struct provider_call *c, bool array)
{
    char arm[URL_MAX];
    char login[URL_MAX];
    char graph[URL_MAX];
    char suffix[URL_MAX];
    json_t *doc;

    (void) site_url(&c->site, SVC_MANAGEMENT, NULL, arm);
    (void) site_url(&c->site, SVC_LOGIN, NULL, login);
    (void) site_url(&c->site, SVC_GRAPH, NULL, graph);
    (void) site_vault_suffix(&c->site, suffix);
    /* keyVaultDns without its dot, loginEndpoint without a slash, a name that is not AzureCloud:
     * clients.md 5.2 */
    doc = json_pack(
        "{s:s,s:o,s:{s:s,s:[o,s],s:s,s:s},s:o,s:o,s:o,s:o,s:{s:s,s:s,s:s,s:s}}", "portal",
        "https://portal.azure.com", "graphAudience", json_sprintf("%s/", graph), "authentication",
        "loginEndpoint", login, "audiences", json_sprintf("%s/", arm),
        "https://management.azure.com/", "tenant", "common", "identityProvider", "AAD", "graph",
        json_sprintf("%s/", graph), "microsoftGraphResourceId", json_sprintf("%s/", graph),
        "resourceManager", json_sprintf("%s/", arm), "activeDirectoryDataLake", json_string(""),
        "suffixes", "keyVaultDns", suffix, "mhsmDns",
        c->site.family == NAMES_AZURE ? "managedhsm.azure.net" : "managedhsm.localhost", "storage",
        "core.windows.net", "acrLoginServer", "azurecr.io");
    (void) json_object_del(doc, "activeDirectoryDataLake");
    (void) json_object_set_new(
        doc, "name",
        json_string(c->site.family == NAMES_AZURE && !array ? "AzureCloud" : "KvsimCloud"));
    return doc;
}

static bool metadata_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *version = http_param_get(&c->x->req, "api-version");
    bool flat =
        version && (strcmp(version, "2015-01-01") == 0 || strcmp(version, "2018-01-01") == 0);
    bool array = version && strcmp(version, "2019-05-01") == 0;
    AUTO_JSON *doc = metadata_json(c, array);

    (void) txn;
    (void) reterr;
    if (flat) {
        AUTO_JSON *small = json_pack(
            "{s:s,s:O,s:s,s:{s:O,s:O}}", "galleryEndpoint", "https://gallery.azure.com/",
            "graphEndpoint", json_object_get(doc, "graph"), "portalEndpoint",
            "https://portal.azure.com/", "authentication", "loginEndpoint",
            json_object_get(json_object_get(doc, "authentication"), "loginEndpoint"), "audiences",
            json_object_get(json_object_get(doc, "authentication"), "audiences"));

        return provider_answer_json(c, 200, small);
    }
    if (array) {
        AUTO_JSON *list = json_pack("[O]", doc);

        return provider_answer_json(c, 200, list);
    }
    return provider_answer_json(c, 200, doc);
}

struct collect {
    struct provider_call *c;
    json_t *list;
    const struct rbac_set *roles; /* NULL where nothing is left out */
};

static json_t *subscription_json(const struct subscription *s)
{
    return json_pack("{s:o,s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s},s:s,s:[]}", "id",
                     json_sprintf("/subscriptions/%s", s->id), "authorizationSource", "RoleBased",
                     "subscriptionId", s->id, "tenantId", s->tenant, "displayName", s->display_name,
                     "subscriptionPolicies", "locationPlacementId", "Public_2014-09-01", "quotaId",
                     "PayAsYouGo_2014-09-01", "spendingLimit", "Off", "state", "Enabled",
                     "managedByTenants");
}

static void add_subscription(void *ctx, const struct subscription *s)
{
    struct collect *k = ctx;

    char scope[64];

    (void) snprintf(scope, sizeof(scope), "/subscriptions/%s", s->id);
    if (rbac_knows(k->roles, k->c->who.oid, scope) && strcasecmp(s->tenant, k->c->who.tid) == 0) {
        (void) json_array_append_new(k->list, subscription_json(s));
    }
}

static bool answer_list(struct provider_call *c, json_t *list)
{
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return provider_answer_json(c, 200, doc);
}

static bool subscriptions_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    struct rbac_shared *roles = provider_roles(c->d, txn, reterr);

    if (!roles) {
        return false;
    }
    struct collect k = {c, json_array(), rbac_shared_set(roles)};

    directory_each_subscription(txn, add_subscription, &k);
    rbac_cache_release(roles);
    return answer_list(c, k.list);
}

static bool subscription_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = subscription_json(&c->subscription);

    (void) txn;
    (void) reterr;
    return provider_answer_json(c, 200, doc);
}

static bool tenants_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list =
        json_pack("[{s:o,s:s,s:s,s:s}]", "id", json_sprintf("/tenants/%s", c->who.tid), "tenantId",
                  c->who.tid, "displayName", "Simulated tenant", "tenantCategory", "Home");

    (void) txn;
    (void) reterr;
    return answer_list(c, list);
}

static bool locations_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const names[][2] = {
        {"eastus",         "East US"         },
        {"eastus2",        "East US 2"       },
        {"westus",         "West US"         },
        {"westus2",        "West US 2"       },
        {"westeurope",     "West Europe"     },
        {"northeurope",    "North Europe"    },
        {"southcentralus", "South Central US"},
        {"swedencentral",  "Sweden Central"  },
        {"uksouth",        "UK South"        },
        {"australiaeast",  "Australia East"  }
    };
    json_t *list = json_array();

    (void) txn;
    (void) reterr;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void) json_array_append_new(list, json_pack("{s:o,s:s,s:s,s:s}", "id",
                                                     json_sprintf("/subscriptions/%s/locations/%s",
                                                                  c->subscription.id, names[i][0]),
                                                     "name", names[i][0], "displayName",
                                                     names[i][1], "type", "Region"));
    }
    return answer_list(c, list);
}

static json_t *group_json(const struct resource_group *g)
{
    json_t *tags = g->tags[0] ? json_loads(g->tags, 0, NULL) : NULL;
    json_t *doc =
        json_pack("{s:o,s:s,s:s,s:s,s:{s:s}}", "id",
                  json_sprintf("/subscriptions/%s/resourceGroups/%s", g->subscription, g->name),
                  "name", g->name, "type", "Microsoft.Resources/resourceGroups", "location",
                  g->location, "properties", "provisioningState", "Succeeded");

    if (tags) {
        (void) json_object_set_new(doc, "tags", tags);
    }
    return doc;
}

static bool need_group(struct provider_call *c, struct kvdb_txn *txn, struct resource_group *g,
                       struct az_error *reterr)
{
    const char *name = provider_param(c, 1);

    return directory_get_group(txn, c->subscription.id, name, g) ||
           az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                   "Resource group '%s' could not be found.", name);
}

static bool group_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct resource_group g = {0};
    const char *location = json_string_value(json_object_iget(c->body, "location"));
    json_t *tags = json_object_iget(c->body, "tags");
    bool exists = directory_get_group(txn, c->subscription.id, provider_param(c, 1), &g);
    const char *name = provider_param(c, 1);
    size_t n = 0;

    if (strlen(name) > 90) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The resource group name has at most 90 characters.");
    }
    if (!account_check_tags(tags, reterr)) {
        return false;
    }
    if (!exists && !location) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The 'location' property is required for this definition.");
    }
    if (!exists) {
        memcpy(g.subscription, c->subscription.id, sizeof(g.subscription));
        (void) snprintf(g.name, sizeof(g.name), "%s", name);
        for (const char *p = location; *p && n + 1 < sizeof(g.location); p++) {
            if (*p != ' ') {
                g.location[n++] = (char) tolower((unsigned char) *p);
            }
        }
    }
    if (json_is_object(tags)) {
        CLEANUP(buf_done) struct buf text = {0};

        json_write(&text, tags);
        if (!buf_ok(&text) || text.len >= sizeof(g.tags)) {
            return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The tags are too long.");
        }
        memcpy(g.tags, text.data, text.len + 1);
    }
    directory_put_group(txn, &g);
    AUTO_JSON *doc = group_json(&g);

    return provider_answer_json(c, exists ? 200 : 201, doc);
}

static bool group_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct resource_group g;

    if (c->x->req.method == HTTP_M_HEAD) {
        return provider_answer_empty(
            c, directory_get_group(txn, c->subscription.id, provider_param(c, 1), &g) ? 204 : 404);
    }
    if (!need_group(c, txn, &g, reterr)) {
        return false;
    }
    AUTO_JSON *doc = group_json(&g);

    return provider_answer_json(c, 200, doc);
}

static void add_group(void *ctx, const struct resource_group *g)
{
    struct collect *k = ctx;

    (void) json_array_append_new(k->list, group_json(g));
}

static bool groups_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct collect k = {c, json_array(), NULL};

    (void) reterr;
    directory_each_group(txn, c->subscription.id, add_group, &k);
    return answer_list(c, k.list);
}

/* With what is in it: the vaults go by way of vaultd in prepare, all else here. */
static bool group_delete_prepare(struct provider_call *c, struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];

    (void) snprintf(scope, sizeof(scope), "/subscriptions/%s/resourceGroups/%s", c->subscription.id,
                    provider_param(c, 1));
    return forward_delete_group(c, provider_param(c, 1), reterr) &&
           role_forget_below(c->d, scope, reterr);
}

static bool group_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct resource_group g;
    char scope[ARM_SCOPE_MAX];
    char base[URL_MAX];

    if (!need_group(c, txn, &g, reterr) || !account_delete_group(c, txn, g.name, reterr) ||
        !user_identity_delete_group(c, txn, g.name, reterr) ||
        !storage_delete_group(c, txn, g.name, reterr)) {
        return false;
    }
    (void) snprintf(scope, sizeof(scope), "/subscriptions/%s/resourceGroups/%s", c->subscription.id,
                    g.name);
    role_drop_below(txn, scope);
    (void) directory_del_group(txn, c->subscription.id, g.name);
    (void) http_response_set_header(&c->x->resp, "Location",
                                    "%s/subscriptions/%s/operationresults/%s?api-version=%s",
                                    site_url(&c->site, SVC_MANAGEMENT, NULL, base),
                                    c->subscription.id, c->request_id, c->api_version);
    (void) http_response_set_header(&c->x->resp, "retry-after-ms", "50");
    return provider_answer_empty(c, 202);
}

static bool operation_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) txn;
    (void) reterr;
    return provider_answer_empty(c, 200);
}

/* Newest first, as az takes the first for resources that it knows no version of. */
static json_t *api_versions_json(const char *ns)
{
    static const struct arm_versions *const known[] = {&ai_versions, &msi_versions};
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        for (size_t v = known[i]->n; strcasecmp(known[i]->ns, ns) == 0 && v > 0; v--) {
            (void) json_array_append_new(list, json_string(known[i]->names[v - 1]));
        }
    }
    if (json_array_size(list) == 0) {
        (void) json_array_append_new(list, json_string("2026-05-15"));
        (void) json_array_append_new(list, json_string("2024-10-01"));
        (void) json_array_append_new(list, json_string("2023-07-01"));
    }
    return list;
}

/* clang-format off */
static const char *const types[][2] = {
    {"Microsoft.KeyVault",          "vaults"                                   },
    {"Microsoft.KeyVault",          "vaults/accessPolicies"                    },
    {"Microsoft.KeyVault",          "vaults/keys"                              },
    {"Microsoft.KeyVault",          "vaults/keys/versions"                     },
    {"Microsoft.KeyVault",          "deletedVaults"                            },
    {"Microsoft.KeyVault",          "checkNameAvailability"                    },
    {"Microsoft.KeyVault",          "operations"                               },
    {"Microsoft.KeyVault",          "locations/deletedVaults"                  },
    {"Microsoft.KeyVault",          "locations/operationResults"               },
    {"Microsoft.KeyVault",          "locations"                                },
    {"Microsoft.CognitiveServices", "accounts"                                 },
    {"Microsoft.CognitiveServices", "operations"                               },
    {"Microsoft.CognitiveServices", "locations/operationResults"               },
    {"Microsoft.CognitiveServices", "locations"                                },
    {"Microsoft.CognitiveServices", "locations/checkSkuAvailability"           },
    {"Microsoft.CognitiveServices", "checkDomainAvailability"                  },
    {"Microsoft.CognitiveServices", "deletedAccounts"                          },
    {"Microsoft.CognitiveServices", "locations/resourceGroups/deletedAccounts" },
    {"Microsoft.CognitiveServices", "locations/commitmentTiers"                },
    {"Microsoft.CognitiveServices", "locations/models"                         },
    {"Microsoft.CognitiveServices", "locations/usages"                         },
    {"Microsoft.CognitiveServices", "accounts/commitmentPlans"                 },
    {"Microsoft.CognitiveServices", "accounts/deployments"                     },
    {"Microsoft.CognitiveServices", "accounts/encryptionScopes"                },
    {"Microsoft.ManagedIdentity",   "userAssignedIdentities"                   },
    {"Microsoft.Authorization",     "roleAssignments"                          },
    {"Microsoft.Authorization",     "roleDefinitions"                          },
    {"Microsoft.Authorization",     "permissions"                              },
    {"Microsoft.Authorization",     "denyAssignments"                          },
    {"Microsoft.Storage",           "storageAccounts"                          },
};
/* clang-format on */

const char *arm_known_namespace(struct str_view ns)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (sv_ieq(ns, types[i][0])) {
            return types[i][0];
        }
    }
    return NULL;
}

static json_t *provider_json(struct provider_call *c, struct kvdb_txn *txn, const char *ns)
{
    json_t *list = json_array();
    const char *found = NULL;

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcasecmp(types[i][0], ns) == 0) {
            found = types[i][0];
            (void) json_array_append_new(
                list, json_pack("{s:s,s:[s,s,s,s],s:o}", "resourceType", types[i][1], "locations",
                                "East US", "West US", "West Europe", "South Central US",
                                "apiVersions", api_versions_json(found)));
        }
    }
    if (!found) {
        json_decref(list);
        return NULL;
    }
    return json_pack(
        "{s:o,s:s,s:s,s:s,s:o}", "id",
        json_sprintf("/subscriptions/%s/providers/%s", c->subscription.id, found), "namespace",
        found, "registrationPolicy", "RegistrationRequired", "registrationState",
        arm_is_registered(txn, c->subscription.id, found) ? "Registered" : "Unregistered",
        "resourceTypes", list);
}

static bool provider_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = provider_json(c, txn, provider_param(c, 1));

    return doc ? provider_answer_json(c, 200, doc)
               : az_fail(reterr, AZ_ERR_INVALID_RESOURCE_NAMESPACE,
                         "The resource namespace '%s' is invalid.", provider_param(c, 1));
}

/* Done at once (the service says Registering and Unregistering for a while). */
static bool register_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return arm_set_registered(c, txn, true, reterr) && provider_run(c, txn, reterr);
}

static bool unregister_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return arm_set_registered(c, txn, false, reterr) && provider_run(c, txn, reterr);
}

static bool providers_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const all[] = {"Microsoft.KeyVault", "Microsoft.CognitiveServices",
                                      "Microsoft.ManagedIdentity", "Microsoft.Authorization",
                                      "Microsoft.Storage"};
    json_t *list = json_array();

    (void) reterr;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        (void) json_array_append_new(list, provider_json(c, txn, all[i]));
    }
    return answer_list(c, list);
}

#define SUB "/subscriptions/{s}"
#define ROW(plane, methods, path, exec, body, prepare, run)             \
    {                                                                   \
        {methods, path}, plane, NULL, exec, body, 0, NULL, prepare, run \
    }

/* clang-format off */
const struct provider_route provider_arm_routes[] = {
    ROW(PPLANE_METADATA, HTTP_M_GET,               "/metadata/endpoints",                     EXEC_LOOP,  false, NULL,                 metadata_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               "/subscriptions",                          EXEC_LOOP,  false, NULL,                 subscriptions_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               "/tenants",                                EXEC_LOOP,  false, NULL,                 tenants_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB,                                       EXEC_LOOP,  false, NULL,                 subscription_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/locations",                          EXEC_LOOP,  false, NULL,                 locations_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/resourceGroups",                     EXEC_LOOP,  false, NULL,                 groups_run),
    ROW(PPLANE_ARM,      HTTP_M_PUT | HTTP_M_PATCH, SUB "/resourceGroups/{g}",                EXEC_WRITE, true,  NULL,                 group_put_run),
    ROW(PPLANE_ARM,      HTTP_M_GET | HTTP_M_HEAD, SUB "/resourceGroups/{g}",                 EXEC_LOOP,  false, NULL,                 group_get_run),
    ROW(PPLANE_ARM,      HTTP_M_DELETE,            SUB "/resourceGroups/{g}",                 EXEC_WRITE, false, group_delete_prepare, group_delete_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/operationresults/{id}",              EXEC_LOOP,  false, NULL,                 operation_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/resources",                          EXEC_LOOP,  false, forward_resources_prepare, forward_resources_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/resourceGroups/{g}/resources",       EXEC_LOOP,  false, forward_resources_prepare, forward_resources_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/providers",                          EXEC_LOOP,  false, NULL,                 providers_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               SUB "/providers/{ns}",                     EXEC_LOOP,  false, NULL,                 provider_run),
    ROW(PPLANE_ARM,      HTTP_M_POST,              SUB "/providers/{ns}/register",            EXEC_WRITE, false, NULL,                 register_run),
    ROW(PPLANE_ARM,      HTTP_M_POST,              SUB "/providers/{ns}/unregister",          EXEC_WRITE, false, NULL,                 unregister_run),
    ROW(PPLANE_ARM,      HTTP_M_DELETE,            SUB "/resourceGroups/{g}/providers/Microsoft.KeyVault/vaults/{n}", EXEC_WRITE, false, forward_delete_vault_prepare, forward_delete_vault_run),
    ROW(PPLANE_ARM,      FORWARD_METHODS,          SUB "/resourceGroups/{g}/providers/Microsoft.KeyVault/{rest*}", EXEC_LOOP, false, forward_prepare, forward_run),
    ROW(PPLANE_ARM,      FORWARD_METHODS,          SUB "/providers/Microsoft.KeyVault/{rest*}", EXEC_LOOP, false, forward_prepare,      forward_run),
    ROW(PPLANE_ARM,      HTTP_M_GET,               "/providers/Microsoft.KeyVault/{rest*}",   EXEC_LOOP,  false, forward_prepare,      forward_run),
};
/* clang-format on */
const size_t provider_arm_routes_len = ARRAY_LEN(provider_arm_routes);
