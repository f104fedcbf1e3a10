/* SPDX-License-Identifier: MIT */
/* Network rules of accounts, both ways. */
#include "provider/domain/ai_network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"

struct address {
    unsigned len; /* bytes: 4 or 16; 0: none */
    unsigned char raw[16];
};

static struct address parse_address(const char *text)
{
    struct address a = {0};

    if (inet_pton(AF_INET, text, a.raw) == 1) {
        a.len = 4;
    } else if (inet_pton(AF_INET6, text, a.raw) == 1) {
        a.len = 16;
    }
    return a;
}

/* "200.0.0.1", "100.0.0.0/24", "2001:db8::/32"; the bits of the range alone are compared. */
static bool rule_takes(const char *rule, const struct address *caller)
{
    char text[64];
    size_t n = strcspn(rule, "/");
    struct address range;
    unsigned bits;

    if (n >= sizeof(text)) {
        return false;
    }
    memcpy(text, rule, n);
    text[n] = '\0';
    range = parse_address(text);
    bits = rule[n] == '/' ? (unsigned) strtoul(rule + n + 1, NULL, 10) : range.len * 8;
    if (range.len == 0 || range.len != caller->len || bits > range.len * 8) {
        return false;
    }
    for (unsigned i = 0; i < bits; i++) {
        unsigned mask = 0x80u >> (i % 8);

        if (((range.raw[i / 8] ^ caller->raw[i / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

static bool address_allowed(const json_t *rules, const char *text)
{
    struct address caller = parse_address(text);
    const json_t *rule;
    size_t i;

    json_array_foreach(rules, i, rule)
    {
        if (caller.len > 0 && rule_takes(json_text(rule, "value"), &caller)) {
            return true;
        }
    }
    return false;
}

static bool subnet_allowed(const json_t *rules, const char *subnet)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(rules, i, rule)
    {
        if (*subnet && strcasecmp(json_text(rule, "id"), subnet) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_closed(const json_t *properties)
{
    return strcasecmp(json_text(properties, "publicNetworkAccess"), "Disabled") == 0;
}

static bool denies(const json_t *properties)
{
    return strcasecmp(json_text(json_object_get(properties, "networkAcls"), "defaultAction"),
                      "Deny") == 0;
}

bool ai_network_restricted(const json_t *properties)
{
    return is_closed(properties) || denies(properties);
}

enum ai_network_verdict ai_network_judge(const json_t *properties,
                                         const struct ai_network_caller *from)
{
    const json_t *acls = json_object_get(properties, "networkAcls");

    if (from->trusted && strcasecmp(json_text(acls, "bypass"), "AzureServices") == 0) {
        return AI_NETWORK_LETS;
    }
    if (is_closed(properties)) {
        return AI_NETWORK_IS_CLOSED; /* only private endpoints are left: there are none here */
    }
    return !denies(properties) ||
                   address_allowed(json_object_get(acls, "ipRules"), from->address) ||
                   subnet_allowed(json_object_get(acls, "virtualNetworkRules"), from->subnet)
               ? AI_NETWORK_LETS
               : AI_NETWORK_REFUSES;
}

bool ai_outbound_restricted(const json_t *properties)
{
    return json_is_true(json_object_get(properties, "restrictOutboundNetworkAccess"));
}

/* What may stand in a host: no '@', no '\\', no '%', so that nobody reads it in two ways. */
static bool copy_host(const char *from, size_t n, char host[256])
{
    bool v6 = n > 2 && from[0] == '[' && from[n - 1] == ']';

    if (n == 0 || n >= 256) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char) from[i];

        if (!isalnum(ch) && ch != '-' && ch != '.' && ch != '_' &&
            !(v6 && (ch == ':' || ch == '[' || ch == ']'))) {
            return false;
        }
        host[i] = (char) tolower(ch);
    }
    host[n - (n > 1 && from[n - 1] == '.' ? 1 : 0)] = '\0'; /* the root's dot says nothing */
    return true;
}

bool ai_uri_host(const char *uri, char host[256])
{
    size_t scheme = strncasecmp(uri, "https://", 8) == 0  ? 8
                    : strncasecmp(uri, "http://", 7) == 0 ? 7
                                                          : 0;
    const char *at = uri + scheme;
    size_t authority = strcspn(at, "/?#");
    const char *end = at + authority;
    const char *port = memchr(at, ':', authority);

    if (authority > 0 && *at == '[') {
        const char *close = memchr(at, ']', authority);

        port = close ? memchr(close, ':', (size_t) (end - close)) : NULL;
    }
    for (const char *p = port ? port + 1 : end; p < end; p++) {
        if (!isdigit((unsigned char) *p)) {
            return false;
        }
    }
    return scheme > 0 && copy_host(at, (size_t) ((port ? port : end) - at), host);
}

bool ai_outbound_allows(const json_t *properties, const char *host)
{
    const json_t *name;
    size_t i;

    if (!ai_outbound_restricted(properties)) {
        return true;
    }
    json_array_foreach(json_object_get(properties, "allowedFqdnList"), i, name)
    {
        if (json_is_string(name) && strcasecmp(json_string_value(name), host) == 0) {
            return true;
        }
    }
    return false;
}
