/* SPDX-License-Identifier: MIT */
/*
 * Which service a Host names, in which family of names, and how to render URLs in that family.
 *
 * Every absolute URL in an answer is made here from the site of the request (design, section 1), so
 * nothing stored ever holds a host or a port. An unknown Host is refused by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

enum name_family {
    NAMES_LOCALHOST, /* demo.vault.localhost:7443 */
    NAMES_AZURE,     /* demo.vault.azure.net, through the proxy */
    NAMES_ALIAS,     /* localhost:7443 stands for one vault */
};

enum service {
    SVC_VAULT,      /* label: vault.   *.vault.localhost             *.vault.azure.net */
    SVC_MANAGEMENT, /*                 management.localhost          management.azure.com,
                       management.core.windows.net */
    SVC_LOGIN,      /*                 login.localhost               login.microsoftonline.com,
                       login.windows.net, sts.windows.net */
    SVC_GRAPH,      /*                 graph.localhost               graph.microsoft.com,
                       graph.windows.net */
    SVC_OPENAI,     /* label: account. *.openai.localhost            *.openai.azure.com */
    SVC_COGNITIVE, /* label: account. *.cognitiveservices.localhost *.cognitiveservices.azure.com */
    SVC_AI_SERVICES, /* label: account. *.services.localhost          *.services.ai.azure.com */
    SVC_COGNITIVE_REGION, /* label: region. (azure family only)        *.api.cognitive.microsoft.com
                           */
    SVC_IDENTITY, /*                 127.0.0.1, localhost          169.254.169.254 (plain HTTP) */
};

#define LABEL_MAX 64
#define URL_MAX   512

struct site_ports { /* the ports clients use in the localhost family */
    uint16_t vault;
    uint16_t management; /* all other TLS names */
    uint16_t identity;
    uint16_t proxy;
};

struct site_alias { /* --alias HOST[:PORT]=VAULT */
    char host[128];
    char vault[LABEL_MAX];
};

struct site_names {
    struct site_ports ports;
    struct site_alias aliases[8];
    size_t n_aliases;
};

struct site {
    const struct site_names *names;
    enum name_family family;
    enum service service;
    char label[LABEL_MAX]; /* lower-cased; empty where the service has none */
    char alias_host[128];  /* NAMES_ALIAS: as the client wrote it */
};

/* host: the Host header's value, any case, with or without port. False: no such site. */
bool site_from_host(const struct site_names *names, struct str_view host, struct site *ret);

/*
 * "https://demo.vault.localhost:7443", without a trailing slash, in the family of `site`. label may
 * be NULL where the service needs none. Returns buf.
 */
const char *site_url(const struct site *site, enum service service, const char *label,
                     char buf[URL_MAX]);
/* The `resource` of a vault's challenge: "https://vault.azure.net", "https://vault.localhost:7443".
 */
const char *site_vault_resource(const struct site *site, char buf[URL_MAX]);
/* The suffix for ARM metadata: "vault.azure.net", "vault.localhost:7443". */
const char *site_vault_suffix(const struct site *site, char buf[URL_MAX]);

/* A CONNECT target such as "demo.vault.azure.net:443": one of ours? Only port 443, only the Azure
 * family. */
bool names_connect_allowed(struct str_view authority, enum service *ret);
