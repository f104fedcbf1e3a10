/* SPDX-License-Identifier: MIT */
/* Kinds of AI-services accounts: cmk-rules.md table H, a row a kind. */
#pragma once

#include <stdbool.h>

struct account_kind {
    const char *name;
    bool cmk;            /* stores customer data longer than 48 h (enc.supported-kind, SEC25) */
    const char *cmk_sku; /* required tier (enc.tier) */
    bool rsa_hsm;        /* accepts RSA-HSM beside RSA (key.rsa-2048) */
    bool files;          /* has the OpenAI data plane */
    const char *domain;  /* of the endpoint: "openai" or "cognitiveservices" */
    const char *basis;
};

const struct account_kind *account_kind_find(const char *name); /* any case; NULL: unknown */
