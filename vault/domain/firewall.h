/* SPDX-License-Identifier: MIT */
/*
 * The vault firewall: which addresses and subnets may reach the data plane. Pure; IPv4 rules only.
 *
 * Source: MicrosoftDocs key-vault/general/network-security.md, azure-rules.md sections 1 and 6.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vault/domain/vault.h"

struct ip_range {
    uint32_t first, last; /* host order, both inside */
};

/* "124.56.78.91" or "124.56.78.0/24". False: neither. */
bool ip_range_parse(const char *text, struct ip_range *ret) MUST_CHECK;
/* A private range (RFC 1918) that a rule may not touch: its text as the service names it; NULL:
 * none. */
const char *ip_range_forbidden(const struct ip_range *r);

enum firewall_verdict {
    FIREWALL_LETS,
    FIREWALL_REFUSES,   /* no rule takes the address, and the caller is no trusted service */
    FIREWALL_IS_CLOSED, /* publicNetworkAccess is Disabled */
};

struct firewall_caller {
    const char *address; /* text, IPv4 or IPv6; IPv6 matches no rule */
    const char *subnet;  /* resource id of the subnet the call comes from; empty: none */
    bool trusted;        /* a service that `bypass: AzureServices` lets in */
};

enum firewall_verdict firewall_judge(const struct vault *v, const struct firewall_caller *from);
