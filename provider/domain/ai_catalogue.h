/* SPDX-License-Identifier: MIT */
/*
 * What Microsoft.CognitiveServices has on offer: kinds of accounts with their SKUs, capabilities,
 * endpoints and call rates, and regions. As recorded (wire-samples.md, replay 2020 to 2024); what a
 * kind means for customer-managed keys is kinds.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ai_rate { /* a row of properties.callRateLimit.rules */
    const char *key;
    int period_s;
    int count;
    const char *paths; /* "METHOD path", separated by ';' */
};

struct ai_kind {
    const char *name;
    const char *skus;            /* names, separated by ' ' */
    const char *capabilities;    /* "Name", "Name=value", separated by ';' */
    const char *endpoints;       /* names of properties.endpoints, separated by ';' */
    const char *path;            /* of the region's endpoints: "" or "sts/v1.0/issuetoken" */
    const struct ai_rate *rates; /* ends with a NULL key; NULL: default_rates */
    bool openai;         /* <name>.openai.azure.com; else <name>.cognitiveservices.azure.com */
    bool synchronous;    /* changes are over when they are answered, in every version */
    bool qna_key;        /* shows apiProperties.qnaAzureSearchEndpointKey, always null */
    bool language_quota; /* has properties.quotaLimit */
    bool skus_recorded;  /* in a recorded list of SKUs; else they are ours */
};

const struct ai_kind *ai_kind_find(const char *name); /* any case; NULL: unknown */
size_t ai_kinds_count(void);
const struct ai_kind *ai_kind_at(size_t i);
const struct ai_rate *ai_kind_rates(const struct ai_kind *k);
bool ai_kind_has_sku(const struct ai_kind *k, const char *sku);
const char *ai_sku_tier(const char *sku); /* "Free", "Standard", "Enterprise", "DisconnectedTier" */

/* Walks a list of the table: the next item into out, false at the end. *p begins at the list. */
bool ai_list_next(const char **p, char separator, char *out, size_t size);

/* "East US", "eastus", "EASTUS" -> "eastus"; out has 32 bytes. False: no region known here. */
bool ai_region_find(const char *location, char out[32]);
size_t ai_regions_count(void);
const char *ai_region_at(size_t i); /* lower case */
