/* SPDX-License-Identifier: MIT */
/* The field table. Types: specs, AccountProperties; versions: versions.md section 4.1. */
#include "provider/domain/account_fields.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/domain/arm_version.h"

#define FIELD_SLOW 1u /* a PATCH of it is answered with 202 (recorded) */

typedef bool field_check_fn(const json_t *value, const char **why);
typedef json_t *field_store_fn(const json_t *value); /* NULL in the row: as given */

static field_check_fn check_string, check_bool, check_object, check_strings, check_array;
static field_check_fn check_domain, check_access, check_network, check_storage;
static field_store_fn store_network, store_storage;

struct account_field {
    const char *name;
    uint64_t versions;
    unsigned flags;
    field_check_fn *check;
    field_store_fn *store;
};

#define STABLE_2021 ARM_FROM(AI_2021_04_30)
#define FOUNDRY     ARM_FROM(AI_2025_04_01_PV)

/* clang-format off */
static const struct account_field fields[] = {
    {"customSubDomainName",           ARM_ALL,                                     FIELD_SLOW, check_domain,  NULL         },
    {"networkAcls",                   ARM_ALL,                                     FIELD_SLOW, check_network, store_network},
    {"userOwnedStorage",              ARM_ALL,                                     0,          check_storage, store_storage},
    {"publicNetworkAccess",           ARM_ALL,                                     0,          check_access,  NULL         },
    {"apiProperties",                 ARM_ALL,                                     0,          check_object,  NULL         },
    {"migrationToken",                STABLE_2021,                                 0,          check_string,  NULL         },
    {"dynamicThrottlingEnabled",      STABLE_2021,                                 0,          check_bool,    NULL         },
    {"restrictOutboundNetworkAccess", STABLE_2021,                                 0,          check_bool,    NULL         },
    {"allowedFqdnList",               STABLE_2021,                                 0,          check_strings, NULL         },
    {"disableLocalAuth",              STABLE_2021,                                 0,          check_bool,    NULL         },
    {"locations",                     ARM_FROM(AI_2022_10_01),                     0,          check_object,  NULL         },
    {"amlWorkspace",                  ARM_FROM(AI_2024_06_01_PV),                  0,          check_object,  NULL         },
    {"raiMonitorConfig",              ARM_FROM(AI_2024_06_01_PV),                  0,          check_object,  NULL         },
    {"allowProjectManagement",        FOUNDRY,                                     0,          check_bool,    NULL         },
    {"defaultProject",                FOUNDRY,                                     0,          check_string,  NULL         },
    {"associatedProjects",            FOUNDRY,                                     0,          check_strings, NULL         },
    {"networkInjections",             FOUNDRY,                                     0,          check_array,   NULL         },
    {"storedCompletionsDisabled",     ARM_FROM(AI_2025_09_01),                     0,          check_bool,    NULL         },
    {"a365LoggingEnabled",            ARM_BIT(AI_2026_07_15_PV) | ARM_FROM(AI_2026_09_01), 0,  check_bool,    NULL         },
    {"foundryAutoUpgrade",            ARM_FROM(AI_2026_01_15_PV) & AI_PREVIEWS,    0,          check_object,  NULL         },
    {"capabilitySettings",            ARM_FROM(AI_2026_07_15_PV) & AI_PREVIEWS,    0,          check_object,  NULL         },
    {"agentHostingConfigurations",    ARM_FROM(AI_2026_07_15_PV) & AI_PREVIEWS,    0,          check_array,   NULL         },
    {"costControlIds",                ARM_BIT(AI_2026_09_15_PV),                   0,          check_strings, NULL         },
    {"costControlConnections",        ARM_BIT(AI_2026_09_15_PV),                   0,          check_array,   NULL         },
};
/* clang-format on */

static bool check_string(const json_t *v, const char **why)
{
    *why = "must be a string";
    return json_is_string(v) && json_string_length(v) <= LIMIT_ACCOUNT_TEXT;
}

static bool check_bool(const json_t *v, const char **why)
{
    *why = "must be true or false";
    return json_is_boolean(v);
}

static bool check_object(const json_t *v, const char **why)
{
    *why = "must be an object";
    return json_is_object(v);
}

static bool check_array(const json_t *v, const char **why)
{
    *why = "must be an array";
    /* The first SDK models of networkInjections had an object (versions.md section 4.1). */
    return json_is_array(v) || json_is_object(v);
}

static bool check_strings(const json_t *v, const char **why)
{
    const json_t *item;
    size_t i;

    *why = "must be an array of strings";
    if (!json_is_array(v) || json_array_size(v) > LIMIT_ACCOUNT_LIST) {
        return false;
    }
    json_array_foreach(v, i, item)
    {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return true;
}

/* 2 to 64 letters, digits and hyphens, neither first nor last: as documented for the portal. */
static bool check_domain(const json_t *v, const char **why)
{
    const char *s = json_string_value(v);
    size_t len = s ? strlen(s) : 0;

    *why = "must be a string of letters, digits and hyphens (2 to 64, no hyphen at its ends)";
    return s && (len == 0 || (len >= 2 && len < 64 && s[0] != '-' && s[len - 1] != '-' &&
                              strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-") == len));
}

static bool one_of(const json_t *v, const char *a, const char *b)
{
    const char *s = json_string_value(v);

    return s && (strcasecmp(s, a) == 0 || strcasecmp(s, b) == 0);
}

static bool check_access(const json_t *v, const char **why)
{
    *why = "must be Enabled or Disabled";
    return one_of(v, "Enabled", "Disabled");
}

/* "200.0.0.1", "100.0.0.0/24" */
static bool is_ip_rule(const json_t *rule)
{
    const char *s = json_text(rule, "value");
    size_t len = strcspn(s, "/");
    char address[64];
    uint8_t raw[16];
    char *end = address;
    long bits = 0;
    bool v4;

    if (len == 0 || len >= sizeof(address)) {
        return false;
    }
    memcpy(address, s, len);
    address[len] = '\0';
    v4 = inet_pton(AF_INET, address, raw) == 1;
    if (!v4 && inet_pton(AF_INET6, address, raw) != 1) {
        return false;
    }
    if (s[len] == '/') {
        bits = strtol(s + len + 1, &end, 10);
    }
    return s[len] == '\0' ||
           (end != s + len + 1 && *end == '\0' && bits >= 0 && bits <= (v4 ? 32 : 128));
}

static bool is_subnet_rule(const json_t *rule)
{
    return json_text(rule, "id")[0] != '\0';
}

static bool all_are(const json_t *list, bool (*good)(const json_t *rule))
{
    const json_t *rule;
    size_t i;

    if (!list || json_is_null(list)) {
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > LIMIT_ACCOUNT_LIST) {
        return false;
    }
    json_array_foreach(list, i, rule)
    {
        if (!json_is_object(rule) || !good(rule)) {
            return false;
        }
    }
    return true;
}

static bool check_network(const json_t *v, const char **why)
{
    const json_t *action = json_object_iget(v, "defaultAction");
    const json_t *bypass = json_object_iget(v, "bypass");

    *why = "must be an object with defaultAction (Allow or Deny), bypass (None or AzureServices), "
           "ipRules and virtualNetworkRules";
    return json_is_object(v) &&
           (!action || json_is_null(action) || one_of(action, "Allow", "Deny")) &&
           (!bypass || json_is_null(bypass) || one_of(bypass, "None", "AzureServices")) &&
           all_are(json_object_iget(v, "ipRules"), is_ip_rule) &&
           all_are(json_object_iget(v, "virtualNetworkRules"), is_subnet_rule);
}

static json_t *list_or_empty(const json_t *v)
{
    return json_is_array(v) ? json_deep_copy(v) : json_array();
}

/* Lists always there, in the recorded order. */
static json_t *store_network(const json_t *v)
{
    json_t *action = json_object_iget(v, "defaultAction");
    json_t *bypass = json_object_iget(v, "bypass");
    json_t *out = json_object();

    (void) json_object_set_new(
        out, "defaultAction",
        json_string(action && one_of(action, "Deny", "Deny") ? "Deny" : "Allow"));
    if (json_is_string(bypass)) {
        (void) json_object_set_new(
            out, "bypass", json_string(one_of(bypass, "None", "None") ? "None" : "AzureServices"));
    }
    (void) json_object_set_new(out, "virtualNetworkRules",
                               list_or_empty(json_object_iget(v, "virtualNetworkRules")));
    (void) json_object_set_new(out, "ipRules", list_or_empty(json_object_iget(v, "ipRules")));
    return out;
}

static bool is_storage(const json_t *v)
{
    return strcasestr(json_text(v, "resourceId"),
                      "/providers/Microsoft.Storage/storageAccounts/") != NULL;
}

static bool check_storage(const json_t *v, const char **why)
{
    *why = "must be an array of objects with the resourceId of a storage account";
    return json_is_array(v) && all_are(v, is_storage);
}

static json_t *store_storage(const json_t *v)
{
    json_t *out = json_array();
    const json_t *item;
    size_t i;

    json_array_foreach(v, i, item)
    {
        json_t *one = json_pack("{s:s}", "resourceId", json_text(item, "resourceId"));

        if (json_text(item, "identityClientId")[0]) {
            (void) json_object_set_new(one, "identityClientId",
                                       json_string(json_text(item, "identityClientId")));
        }
        (void) json_array_append_new(out, one);
    }
    return out;
}

static json_t *given(const json_t *props, const struct account_field *f, int version)
{
    return (f->versions & ARM_BIT(version)) != 0 ? json_object_iget(props, f->name) : NULL;
}

bool account_fields_check(const json_t *props, int version, struct az_error *reterr)
{
    const char *why = "";

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const json_t *v = given(props, &fields[i], version);

        if (v && !json_is_null(v) && !fields[i].check(v, &why)) {
            return az_fail_content(reterr, fields[i].name, "properties.%s %s", fields[i].name, why);
        }
    }
    return true;
}

void account_fields_apply(const json_t *props, int version, json_t *mine)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        json_t *v = given(props, &fields[i], version);

        if (!v || json_is_null(v)) {
            continue;
        }
        if (fields[i].store) {
            (void) json_object_set_new(mine, fields[i].name, fields[i].store(v));
        } else {
            (void) json_object_set(mine, fields[i].name, v);
        }
    }
}

bool account_fields_slow(const json_t *props, int version)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const json_t *v = given(props, &fields[i], version);

        if ((fields[i].flags & FIELD_SLOW) != 0 && v && !json_is_null(v)) {
            return true;
        }
    }
    return false;
}

bool account_field_shown(const char *name, int version)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return (fields[i].versions & ARM_BIT(version)) != 0;
        }
    }
    return true;
}

size_t account_fields_count(void)
{
    return ARRAY_LEN(fields);
}

const char *account_field_name(size_t i)
{
    return fields[i].name;
}
