/* SPDX-License-Identifier: MIT */
/*
 * Models that can be deployed, their quota, and commitment tiers. Rows marked "recorded" are the
 * service's of 2023-07-25; the others are public model names whose quota and dates are ours
 * (docs/fidelity.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ai_model_use {
    MODEL_COMPLETION = 1u << 0,
    MODEL_CHAT = 1u << 1,
    MODEL_EMBEDDINGS = 1u << 2,
    MODEL_FINE_TUNE = 1u << 3, /* can be the base of a fine-tuned model */
    MODEL_NO_BASE = 1u << 4,   /* only its fine-tuned models can be deployed */
    MODEL_DEFAULT = 1u << 5,   /* the version that a deployment without one gets */
};

struct ai_model {
    const char *name;
    const char *version;
    unsigned uses;
    const char *skus;    /* of deployments, separated by ' '; the first is the default */
    const char *label;   /* in names of quotas: "Tokens Per Minute (thousands) - GPT-35-Turbo" */
    int quota;           /* thousands of tokens a minute, in a subscription's region */
    const char *status;  /* lifecycleStatus */
    const char *created; /* "2023-03-09" */
    const char *retired; /* deprecation.inference */
    const char *basis;
};

size_t ai_models_count(void);
const struct ai_model *ai_model_at(size_t i);
/* version "": the default one, else the last. NULL: there is none. Names in any case. */
const struct ai_model *ai_model_find(const char *name, const char *version);
bool ai_model_has_sku(const struct ai_model *m, const char *sku);
/* The quotas that a deployment counts against: "OpenAI.Standard.gpt-35-turbo" and its label. */
void ai_quota_name(const struct ai_model *m, const char *sku, char *out, size_t size);
void ai_quota_label(const struct ai_model *m, const char *sku, char *out, size_t size);

struct ai_tier_plan { /* commitment tiers T1, T2, ... of a plan */
    const char *kind;
    const char *sku;
    const char *hosting; /* "Web", "ConnectedContainer", "DisconnectedContainer" */
    const char *plan;
    int max_count; /* 0: not shown */
    const char *unit;
    int64_t quantity[4]; /* 0: there is no such tier */
};

size_t ai_tier_plans_count(void);
const struct ai_tier_plan *ai_tier_plan_at(size_t i);
const struct ai_tier_plan *ai_tier_plan_find(const char *kind, const char *hosting,
                                             const char *plan);
/* "T1" .. "T4" of the plan; 0: it has none such. */
int64_t ai_tier_quantity(const struct ai_tier_plan *p, const char *tier);
