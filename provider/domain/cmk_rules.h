/* SPDX-License-Identifier: MIT */
/*
 * The documented rules of customer-managed keys: one table, a row a rule. Evaluation is pure and
 * returns every verdict. Ids and sources: reference/cmk-rules.md of the project's documents.
 */
#pragma once

#include "common/az_error.h"
#include "provider/domain/kinds.h"
#include "provider/vault_client.h"

enum cmk_edition { EDITION_CLASSIC, EDITION_2026 };

/* As in an access policy: get, wrapKey, unwrapKey (vault/domain/vault.h gives the same bits). */
#define CMK_PERM_WRAP   (1u << 2)
#define CMK_PERM_UNWRAP (1u << 3)
#define CMK_PERM_GET    (1u << 6)

struct cmk_input {
    const struct account_kind *kind;
    enum cmk_edition edition;
    bool at_create;
    bool key_given;    /* keyVaultProperties names a key */
    bool uri_is_vault; /* keyVaultUri names a key vault */
    const char *sku;
    const char *location;
    const char *tenant;
    bool identity; /* a system-assigned identity is on */
    struct vault_facts vault;
    struct key_facts key;
    int64_t now_s;
};

enum cmk_result { CMK_OBEYED, CMK_BROKEN, CMK_NOT_APPLICABLE };

struct cmk_rule {
    const char *id;
    const char *basis;
    unsigned editions;                           /* 1 << enum cmk_edition */
    bool (*applies)(const struct cmk_input *in); /* NULL: always */
    bool (*obeyed)(const struct cmk_input *in);
    enum az_errc errc;
    const char *message; /* cause and cure; ours: no document quotes the service's text */
};

size_t cmk_rules_count(void);
const struct cmk_rule *cmk_rule_at(size_t i);
/* results: cmk_rules_count() entries. True when none is broken. */
bool cmk_evaluate(const struct cmk_input *in, enum cmk_result *results);
/* The error for the first broken rule. Always false. */
bool cmk_refuse(const enum cmk_result *results, struct az_error *reterr);
