/* SPDX-License-Identifier: MIT */
/* Host names <-> services: one table, a row for each name or suffix of each family. */
#include "common/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct name_row {
    enum name_family family;
    enum service service;
    const char *name; /* beginning with '.': a suffix, what stands before it is the label */
};

/* The first row of a family and service is the one used in URLs. */
static const struct name_row rows[] = {
    {NAMES_LOCALHOST, SVC_VAULT,            ".vault.localhost"            },
    {NAMES_LOCALHOST, SVC_MANAGEMENT,       "management.localhost"        },
    {NAMES_LOCALHOST, SVC_LOGIN,            "login.localhost"             },
    {NAMES_LOCALHOST, SVC_GRAPH,            "graph.localhost"             },
    {NAMES_LOCALHOST, SVC_OPENAI,           ".openai.localhost"           },
    {NAMES_LOCALHOST, SVC_COGNITIVE,        ".cognitiveservices.localhost"},
    {NAMES_LOCALHOST, SVC_AI_SERVICES,      ".services.localhost"         },
    {NAMES_LOCALHOST, SVC_IDENTITY,         "127.0.0.1"                   },
    {NAMES_LOCALHOST, SVC_IDENTITY,         "localhost"                   },
    {NAMES_LOCALHOST, SVC_IDENTITY,         "[::1]"                       },
    {NAMES_AZURE,     SVC_VAULT,            ".vault.azure.net"            },
    {NAMES_AZURE,     SVC_MANAGEMENT,       "management.azure.com"        },
    {NAMES_AZURE,     SVC_MANAGEMENT,       "management.core.windows.net" },
    {NAMES_AZURE,     SVC_LOGIN,            "login.microsoftonline.com"   },
    {NAMES_AZURE,     SVC_LOGIN,            "login.windows.net"           },
    {NAMES_AZURE,     SVC_LOGIN,            "sts.windows.net"             },
    {NAMES_AZURE,     SVC_GRAPH,            "graph.microsoft.com"         },
    {NAMES_AZURE,     SVC_GRAPH,            "graph.windows.net"           },
    {NAMES_AZURE,     SVC_OPENAI,           ".openai.azure.com"           },
    {NAMES_AZURE,     SVC_COGNITIVE,        ".cognitiveservices.azure.com"},
    {NAMES_AZURE,     SVC_AI_SERVICES,      ".services.ai.azure.com"      },
    {NAMES_AZURE,     SVC_COGNITIVE_REGION, ".api.cognitive.microsoft.com"},
    {NAMES_AZURE,     SVC_IDENTITY,         "169.254.169.254"             },
};

static size_t host_len(struct str_view host)
{
    const char *colon;

    if (host.len == 0) {
        return 0; /* its pointer may be NULL, which memchr() does not take */
    }
    if (host.ptr[0] == '[') {
        colon = memchr(host.ptr, ']', host.len);
        return colon ? (size_t) (colon - host.ptr) + 1 : host.len;
    }
    colon = memchr(host.ptr, ':', host.len);
    return colon ? (size_t) (colon - host.ptr) : host.len;
}

/* One label: letters, digits, '-'; a label has no dot, so "a.b.vault.localhost" is nobody's. */
static bool take_label(struct str_view v, char out[LABEL_MAX])
{
    if (v.len == 0 || v.len >= LABEL_MAX) {
        return false;
    }
    for (size_t i = 0; i < v.len; i++) {
        if (!isalnum((unsigned char) v.ptr[i]) && v.ptr[i] != '-' && v.ptr[i] != '_') {
            return false;
        }
        out[i] = (char) tolower((unsigned char) v.ptr[i]);
    }
    out[v.len] = '\0';
    return true;
}

static bool row_matches(const struct name_row *row, struct str_view host, char label[LABEL_MAX])
{
    size_t len = strlen(row->name);

    label[0] = '\0';
    if (row->name[0] != '.') {
        return sv_ieq(host, row->name);
    }
    if (host.len <= len || strncasecmp(host.ptr + host.len - len, row->name, len) != 0) {
        return false;
    }
    return take_label((struct str_view){host.ptr, host.len - len}, label);
}

static bool alias_matches(const struct site_alias *a, struct str_view host)
{
    return sv_ieq(host, a->host) ||
           (!strchr(a->host, ':') && sv_ieq((struct str_view){host.ptr, host_len(host)}, a->host));
}

bool site_from_host(const struct site_names *names, struct str_view host, struct site *ret)
{
    struct str_view bare = {host.ptr, host.len > 0 ? host_len(host) : 0};

    *ret = (struct site){.names = names};
    for (size_t i = 0; i < names->n_aliases; i++) {
        if (alias_matches(&names->aliases[i], host)) {
            ret->family = NAMES_ALIAS;
            ret->service = SVC_VAULT;
            (void) snprintf(ret->label, sizeof(ret->label), "%s", names->aliases[i].vault);
            (void) snprintf(ret->alias_host, sizeof(ret->alias_host), "%.*s", (int) host.len,
                            host.ptr);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (row_matches(&rows[i], bare, ret->label)) {
            ret->family = rows[i].family;
            ret->service = rows[i].service;
            return true;
        }
    }
    return false;
}

static const struct name_row *row_for(enum name_family family, enum service service)
{
    /* A region's endpoint has no localhost name: the account's own endpoint stands for it. */
    if (family == NAMES_LOCALHOST && service == SVC_COGNITIVE_REGION) {
        service = SVC_COGNITIVE;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].family == family && rows[i].service == service) {
            return &rows[i];
        }
    }
    return &rows[0]; /* every other service has a row in both families */
}

static uint16_t port_for(const struct site *site, enum service service)
{
    return service == SVC_VAULT      ? site->names->ports.vault
           : service == SVC_IDENTITY ? site->names->ports.identity
                                     : site->names->ports.management;
}

const char *site_url(const struct site *site, enum service service, const char *label,
                     char buf[URL_MAX])
{
    enum name_family family = site->family == NAMES_AZURE ? NAMES_AZURE : NAMES_LOCALHOST;
    const struct name_row *row = row_for(family, service);
    const char *scheme = service == SVC_IDENTITY ? "http" : "https";

    if (site->family == NAMES_ALIAS && service == SVC_VAULT && label &&
        strcasecmp(label, site->label) == 0) {
        (void) snprintf(buf, URL_MAX, "https://%s", site->alias_host);
    } else if (family == NAMES_AZURE) {
        (void) snprintf(buf, URL_MAX, "%s://%s%s", scheme,
                        row->name[0] == '.' && label ? label : "", row->name);
    } else {
        (void) snprintf(buf, URL_MAX, "%s://%s%s:%u", scheme,
                        row->name[0] == '.' && label ? label : "", row->name,
                        (unsigned) port_for(site, service));
    }
    return buf;
}

const char *site_vault_suffix(const struct site *site, char buf[URL_MAX])
{
    if (site->family == NAMES_AZURE) {
        (void) snprintf(buf, URL_MAX, "vault.azure.net");
    } else {
        (void) snprintf(buf, URL_MAX, "vault.localhost:%u", (unsigned) site->names->ports.vault);
    }
    return buf;
}

const char *site_vault_resource(const struct site *site, char buf[URL_MAX])
{
    char suffix[URL_MAX];

    if (site->family == NAMES_ALIAS) {
        (void) snprintf(buf, URL_MAX, "https://%s", site->alias_host);
    } else {
        (void) snprintf(buf, URL_MAX, "https://%.64s", site_vault_suffix(site, suffix));
    }
    return buf;
}

bool names_connect_allowed(struct str_view authority, enum service *ret)
{
    size_t len = authority.len > 0 ? host_len(authority) : 0;
    char label[LABEL_MAX];

    if (authority.len != len + 4 || memcmp(authority.ptr + len, ":443", 4) != 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].family == NAMES_AZURE && rows[i].service != SVC_IDENTITY &&
            row_matches(&rows[i], (struct str_view){authority.ptr, len}, label)) {
            *ret = rows[i].service;
            return true;
        }
    }
    return false;
}
