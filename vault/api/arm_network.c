/* SPDX-License-Identifier: MIT */
/*
 * What a body may say about the firewall. Limits and private ranges: MicrosoftDocs
 * key-vault/general/ network-security.md; the text of a forbidden range: azure-powershell issue
 * 11471; other texts are ours.
 */
#include "vault/api/arm_network.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "vault/domain/firewall.h"

static const char *const bypasses[] = {"AzureServices", "None", NULL};
static const char *const actions[] = {"Allow", "Deny", NULL};
static const char *const accesses[] = {"Enabled", "Disabled", "SecuredByPerimeter", NULL};

/* *ret: the member in its own spelling, `fallback` when absent; it must be one of `known`. */
static bool choice(const json_t *from, const char *name, const char *const *known,
                   const char *fallback, const char **ret, struct az_error *reterr)
{
    json_t *v = json_object_iget(from, name);

    *ret = fallback;
    if (!v || json_is_null(v)) {
        return true;
    }
    for (; json_is_string(v) && *known; known++) {
        if (strcasecmp(*known, json_string_value(v)) == 0) {
            *ret = *known;
            return true;
        }
    }
    return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The property \"%s\" is missing or invalid.", name);
}

static bool rule_list(const json_t *acls, const char *name, size_t limit, json_t **ret,
                      struct az_error *reterr)
{
    json_t *list = json_object_iget(acls, name);

    *ret = list && !json_is_null(list) ? list : NULL;
    if (*ret && (!json_is_array(list) || json_array_size(list) > limit)) {
        return az_fail(
            reterr, AZ_ERR_BAD_REQUEST,
            "Invalid value found at properties.networkAcls.%s: a list of at most %zu rules is "
            "expected.",
            name, limit);
    }
    return true;
}

/* A single address comes back as a network of one (azurerm issue 2164, recorded). */
static json_t *ip_rule(const char *value)
{
    return json_pack("{s:o}", "value", json_sprintf(strchr(value, '/') ? "%s" : "%s/32", value));
}

static bool ip_rules(const json_t *acls, json_t *out, struct az_error *reterr)
{
    json_t *list;
    json_t *rule;
    size_t i;

    if (!rule_list(acls, "ipRules", LIMIT_IP_RULES, &list, reterr)) {
        return false;
    }
    json_array_foreach(list, i, rule)
    {
        const char *value = json_text(rule, "value");
        struct ip_range r;

        if (!ip_range_parse(value, &r)) {
            return az_fail(
                reterr, AZ_ERR_BAD_REQUEST,
                "Invalid value found at properties.networkAcls.ipRules[%zu].value: %.64s is "
                "not an IPv4 address or range in CIDR notation",
                i, value);
        }
        if (ip_range_forbidden(&r)) {
            return az_fail(
                reterr, AZ_ERR_BAD_REQUEST,
                "Invalid value found at properties.networkAcls.ipRules[%zu].value: %.64s belongs "
                "to forbidden range %s",
                i, value, ip_range_forbidden(&r));
        }
        (void) json_array_append_new(out, ip_rule(value));
    }
    return true;
}

/* ".../providers/Microsoft.Network/virtualNetworks/V/subnets/S" */
static bool is_subnet_id(const char *id)
{
    const char *network = strcasestr(id, "/providers/Microsoft.Network/virtualNetworks/");
    const char *subnet = network ? strcasestr(network, "/subnets/") : NULL;

    return strncasecmp(id, "/subscriptions/", 15) == 0 && subnet && subnet[9] != '\0' &&
           !strchr(subnet + 9, '/') && strlen(id) < LIMIT_RESOURCE_ID;
}

/* Ids of subnets come back lower-cased (recorded). */
static json_t *subnet_rule(const json_t *rule)
{
    json_t *ignore = json_object_iget(rule, "ignoreMissingVnetServiceEndpoint");
    char id[LIMIT_RESOURCE_ID];
    json_t *out;
    size_t n = 0;

    for (const char *p = json_text(rule, "id"); *p && n + 1 < sizeof(id); p++) {
        id[n++] = (char) tolower((unsigned char) *p);
    }
    id[n] = '\0';
    out = json_pack("{s:s}", "id", id);
    if (json_is_boolean(ignore)) {
        (void) json_object_set(out, "ignoreMissingVnetServiceEndpoint", ignore);
    }
    return out;
}

static bool subnet_rules(const json_t *acls, json_t *out, struct az_error *reterr)
{
    json_t *list;
    json_t *rule;
    size_t i;

    if (!rule_list(acls, "virtualNetworkRules", LIMIT_SUBNET_RULES, &list, reterr)) {
        return false;
    }
    json_array_foreach(list, i, rule)
    {
        if (!is_subnet_id(json_text(rule, "id"))) {
            return az_fail(
                reterr, AZ_ERR_BAD_REQUEST,
                "Invalid value found at properties.networkAcls.virtualNetworkRules[%zu].id: the "
                "resource id of a subnet is expected",
                i);
        }
        (void) json_array_append_new(out, subnet_rule(rule));
    }
    return true;
}

static bool apply_acls(struct vault *v, const json_t *acls, struct az_error *reterr)
{
    const char *bypass;
    const char *action;

    if (!json_is_object(acls)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The property \"networkAcls\" is missing or invalid.");
    }
    AUTO_JSON *ips = json_array();
    AUTO_JSON *subnets = json_array();

    if (!choice(acls, "bypass", bypasses, "AzureServices", &bypass, reterr) ||
        !choice(acls, "defaultAction", actions, NULL, &action, reterr) ||
        !ip_rules(acls, ips, reterr) || !subnet_rules(acls, subnets, reterr)) {
        return false;
    }
    json_t *out = json_pack("{s:s}", "bypass", bypass);

    if (action) {
        (void) json_object_set_new(out, "defaultAction", json_string(action));
    }
    (void) json_object_set(out, "ipRules", ips);
    (void) json_object_set(out, "virtualNetworkRules", subnets);
    (void) json_object_set_new(v->properties, "networkAcls", out);
    return true;
}

bool arm_network_apply(struct vault *v, const json_t *from, struct az_error *reterr)
{
    json_t *acls = json_object_iget(from, "networkAcls");
    const char *access;

    if (!choice(from, "publicNetworkAccess", accesses, NULL, &access, reterr) ||
        (acls && !json_is_null(acls) && !apply_acls(v, acls, reterr))) {
        return false;
    }
    if (access) {
        (void) json_object_set_new(v->properties, "publicNetworkAccess", json_string(access));
    }
    return true;
}
