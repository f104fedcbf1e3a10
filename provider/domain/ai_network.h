/* SPDX-License-Identifier: MIT */
/*
 * What an account's administrator allows of the network: who may call it (networkAcls,
 * publicNetworkAccess), and which hosts a call may name (restrictOutboundNetworkAccess,
 * allowedFqdnList). Pure; the properties are those that are stored.
 *
 * Source: SEC25; MicrosoftDocs ai-services/cognitive-services-virtual-networks.md and
 * cognitive-services-data-loss-prevention.md.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

enum ai_network_verdict {
    AI_NETWORK_LETS,
    AI_NETWORK_REFUSES,   /* no rule takes the caller */
    AI_NETWORK_IS_CLOSED, /* publicNetworkAccess is Disabled */
};

struct ai_network_caller {
    const char *address; /* text, IPv4 or IPv6 */
    const char *subnet;  /* resource id of the subnet; "": none */
    bool trusted;        /* an Azure service that `bypass: AzureServices` lets in */
};

/* Is there anything that could refuse a caller? */
bool ai_network_restricted(const json_t *properties);
enum ai_network_verdict ai_network_judge(const json_t *properties,
                                         const struct ai_network_caller *from);

bool ai_outbound_restricted(const json_t *properties);
/* The host of an absolute http(s) URI, lower-case; false: it is none. */
bool ai_uri_host(const char *uri, char host[256]);
/*
 * Is a host that a call names on the list? The whole name or address, in any case (a host below
 * an allowed one is not allowed: ours). Always, when nothing is restricted.
 */
bool ai_outbound_allows(const json_t *properties, const char *host);
