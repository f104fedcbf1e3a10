/* SPDX-License-Identifier: MIT */
/*
 * Kinds of AI-services accounts: cmk-rules.md table H, a row a kind. Every cell says what it rests
 * on: a document's tag, "recorded", "follows", or "ours" (no source; listed in docs/fidelity.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One bit a kind, so that a rule can name the set it holds for. */
enum kind_bit {
    KIND_OPENAI = 1u << 0,
    KIND_AI_SERVICES = 1u << 1,
    KIND_COGNITIVE_SERVICES = 1u << 2,
    KIND_FACE = 1u << 3,
    KIND_TEXT_ANALYTICS = 1u << 4,
    KIND_CLU = 1u << 5,
    KIND_TRANSLATION = 1u << 6,
    KIND_SPEECH = 1u << 7,
    KIND_FORM_RECOGNIZER = 1u << 8,
    KIND_QNA_MAKER = 1u << 9,
    KIND_WITHOUT_CMK = 1u << 10, /* every kind whose table row says so */
};

/* Key types a kind accepts (key.rsa-2048). */
enum kind_key { KIND_KEY_RSA = 1u << 0, KIND_KEY_RSA_HSM = 1u << 1 };

/* What revoking access to the customer's key stops (section E). */
enum kind_revocation {
    REVOCATION_NONE,       /* no CMK */
    REVOCATION_OAI,        /* rev.oai-*: downloads, fine-tuning, deploying fine-tuned models */
    REVOCATION_BLOCKS_ALL, /* rev.blocks-all */
};

/* How the layers of encryption stand to each other (section A). */
enum kind_layers {
    LAYERS_EITHER_OR, /* enc.either-or: Microsoft's key or the customer's */
    LAYERS_ADDED,     /* enc.base-double and, with CMK, enc.cmk-layer on top */
    LAYERS_NONE,      /* stores nothing */
};

#define KIND_MAX_SKUS    10
#define KIND_MAX_DOMAINS 3

struct kind_text {
    const char *value; /* NULL: none */
    const char *basis;
};

struct account_kind {
    const char *name;
    enum kind_bit bit;
    bool cmk; /* stores customer data longer than 48 h (enc.supported-kind) */
    const char *cmk_basis;
    struct kind_text retention;          /* which customer data is kept, and how long */
    const char *cmk_skus[KIND_MAX_SKUS]; /* of ai_catalogue.h's, with CMK (enc.tier) */
    const char *cmk_sku_basis;
    unsigned keys_classic; /* enum kind_key; edition 2026 takes both for every kind */
    const char *key_basis;
    enum kind_revocation revocation;
    const char *revocation_basis;
    struct kind_text lockbox; /* value: "all" or the project types it covers (sec.lockbox) */
    bool byos;                /* userOwnedStorage (sec.byos) */
    const char *byos_basis;
    const char *domains[KIND_MAX_DOMAINS]; /* of the endpoints, the first is properties.endpoint */
    const char *domain_basis;
    enum kind_layers layers;
    const char *layers_basis;
    bool files; /* has the OpenAI data plane */
};

size_t account_kinds_count(void);
const struct account_kind *account_kind_at(size_t i);
const struct account_kind *account_kind_find(const char *name); /* any case; NULL: unknown */
bool account_kind_has_cmk_sku(const struct account_kind *k, const char *sku); /* k may be NULL */
/* Is this project type of a Language account under Customer Lockbox? NULL: not a project. */
bool account_kind_lockbox(const struct account_kind *k, const char *project_type);
