/* SPDX-License-Identifier: MIT */
/* Address rules, subnet rules, the bypass: who is let in. */
#include "vault/domain/firewall.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Texts as azure-powershell issue 11471 quotes the first one; the others by analogy. */
static const struct {
    uint32_t first, last;
    const char *text;
} private_ranges[] = {
    {0x0A000000, 0x0AFFFFFF, "10.0.0.0–10.255.255.255 (private IP addresses)"    },
    {0xAC100000, 0xAC1FFFFF, "172.16.0.0–172.31.255.255 (private IP addresses)"  },
    {0xC0A80000, 0xC0A8FFFF, "192.168.0.0–192.168.255.255 (private IP addresses)"},
};

static bool parse_prefix(const char *text, unsigned *ret)
{
    unsigned n = 0;

    if (!*text || strlen(text) > 2) {
        return false;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        n = n * 10 + (unsigned) (*text - '0');
    }
    *ret = n;
    return n <= 32;
}

bool ip_range_parse(const char *text, struct ip_range *ret)
{
    const char *slash = strchr(text, '/');
    char address[INET_ADDRSTRLEN];
    struct in_addr a;
    unsigned prefix = 32;
    uint32_t mask;
    size_t len = slash ? (size_t) (slash - text) : strlen(text);

    if (len >= sizeof(address)) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, &a) != 1 || (slash && !parse_prefix(slash + 1, &prefix))) {
        return false;
    }
    mask = prefix == 0 ? 0 : 0xFFFFFFFFu << (32 - prefix);
    ret->first = ntohl(a.s_addr) & mask;
    ret->last = ret->first | ~mask;
    return true;
}

const char *ip_range_forbidden(const struct ip_range *r)
{
    for (size_t i = 0; i < ARRAY_LEN(private_ranges); i++) {
        if (r->first <= private_ranges[i].last && r->last >= private_ranges[i].first) {
            return private_ranges[i].text;
        }
    }
    return NULL;
}

static bool address_allowed(const json_t *rules, const char *address)
{
    struct ip_range caller;
    json_t *rule;
    size_t i;

    if (strchr(address, '/') || !ip_range_parse(address, &caller)) {
        return false;
    }
    json_array_foreach(rules, i, rule)
    {
        const char *text = json_string_value(json_object_get(rule, "value"));
        struct ip_range r;

        if (text && ip_range_parse(text, &r) && caller.first >= r.first && caller.first <= r.last) {
            return true;
        }
    }
    return false;
}

static bool subnet_allowed(const json_t *rules, const char *subnet)
{
    json_t *rule;
    size_t i;

    json_array_foreach(rules, i, rule)
    {
        const char *id = json_string_value(json_object_get(rule, "id"));

        if (id && *subnet && strcasecmp(id, subnet) == 0) {
            return true;
        }
    }
    return false;
}

enum firewall_verdict firewall_judge(const struct vault *v, const struct firewall_caller *from)
{
    const json_t *acls = json_object_get(v->properties, "networkAcls");

    if (!v->firewall_on || (v->bypass_trusted && from->trusted)) {
        return FIREWALL_LETS;
    }
    /* Disabled overrides the rules, but not the bypass (network-security.md). */
    if (v->public_disabled) {
        return FIREWALL_IS_CLOSED;
    }
    return address_allowed(json_object_get(acls, "ipRules"), from->address) ||
                   subnet_allowed(json_object_get(acls, "virtualNetworkRules"), from->subnet)
               ? FIREWALL_LETS
               : FIREWALL_REFUSES;
}
