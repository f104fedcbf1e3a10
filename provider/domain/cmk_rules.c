/* SPDX-License-Identifier: MIT */
/* The table made of cmk_rules.def, and the evaluation of its judgements. */
#include "provider/domain/cmk_rules.h"

#include <string.h>

#include "provider/domain/cmk_predicates.h"

#define BOTH           (1u << EDITION_CLASSIC | 1u << EDITION_2026)

#define K_ALL          (~0u)
#define K_CMK          (K_ALL & ~(unsigned) KIND_WITHOUT_CMK)
#define K_OTHERS       (K_CMK & ~(unsigned) KIND_OPENAI)
#define K_LOCKBOX      (KIND_OPENAI | KIND_TRANSLATION | KIND_TEXT_ANALYTICS | KIND_CLU)

#define OPS_BIND_LATER (1u << CMK_OP_ENABLE | 1u << CMK_OP_UPDATE_VERSION | 1u << CMK_OP_OTHER_KEY)
#define OPS_BIND       (1u << CMK_OP_CREATE | OPS_BIND_LATER)
/* Access to customer data, and what of it can't be done without the data key. */
#define OPS_DATA (OPS_USE | 1u << CMK_OP_LIST | 1u << CMK_OP_DELETE)
#define OPS_USE \
    (1u << CMK_OP_READ | 1u << CMK_OP_WRITE | 1u << CMK_OP_FINE_TUNE | 1u << CMK_OP_DEPLOY_TUNED)
#define OPS_DATA_KEY (OPS_USE | 1u << CMK_OP_DISABLE)

static const struct cmk_rule rules[CMK_RULE_COUNT] = {
#define CMK_RULE(symbol, id_, section_, basis_, editions_, kinds_, kinds_text_, effect_, text_, \
                 obeyed_, broken_)                                                              \
    [RULE_##symbol] = {.id = (id_),                                                             \
                       .section = (section_),                                                   \
                       .basis = (basis_),                                                       \
                       .editions = (editions_),                                                 \
                       .kinds = (kinds_),                                                       \
                       .kinds_text = (kinds_text_),                                             \
                       .effect = (effect_),                                                     \
                       .text = (text_),                                                         \
                       .when_obeyed = (obeyed_),                                                \
                       .when_broken = (broken_)},
#define CMK_JUDGE(symbol, id_, section_, basis_, editions_, kinds_, kinds_text_, effect_, ops_, \
                  applies_, obeys_, errc_, message_, text_, obeyed_, broken_)                   \
    [RULE_##symbol] = {.id = (id_),                                                             \
                       .section = (section_),                                                   \
                       .basis = (basis_),                                                       \
                       .editions = (editions_),                                                 \
                       .kinds = (kinds_),                                                       \
                       .kinds_text = (kinds_text_),                                             \
                       .effect = (effect_),                                                     \
                       .text = (text_),                                                         \
                       .when_obeyed = (obeyed_),                                                \
                       .when_broken = (broken_),                                                \
                       .ops = (ops_),                                                           \
                       .applies = (applies_),                                                   \
                       .obeyed = (obeys_),                                                      \
                       .errc = AZ_ERR_##errc_,                                                  \
                       .message = (message_)},
#include "provider/domain/cmk_rules.def"
#undef CMK_RULE
#undef CMK_JUDGE
};

const struct cmk_rule *cmk_rule_at(enum cmk_rule_id id)
{
    return &rules[id];
}

enum cmk_rule_id cmk_rule_find(const char *id)
{
    unsigned i = 0;

    while (i < CMK_RULE_COUNT && strcmp(rules[i].id, id) != 0) {
        i++;
    }
    return (enum cmk_rule_id) i;
}

bool cmk_rule_exempt(enum cmk_rule_id id)
{
    return rules[id].effect == EFFECT_STATEMENT;
}

const char *rule_effect_name(enum rule_effect effect)
{
    static const char *const names[EFFECT_COUNT] = {
        [EFFECT_REFUSES] = "refuses",       [EFFECT_RECORDS] = "records",
        [EFFECT_ACCOUNT] = "account",       [EFFECT_DATA_KEY] = "data-key",
        [EFFECT_STORAGE] = "storage",       [EFFECT_PORTAL] = "portal",
        [EFFECT_DIRECTORY] = "directory",   [EFFECT_VAULT] = "vault",
        [EFFECT_DATA_PLANE] = "data-plane", [EFFECT_ENDPOINT] = "endpoint",
        [EFFECT_LOCKBOX] = "lockbox",       [EFFECT_OUTSIDE] = "outside",
        [EFFECT_STATEMENT] = "statement",
    };

    return effect < EFFECT_COUNT ? names[effect] : "";
}

static bool in_scope(const struct cmk_rule *r, const struct cmk_input *in)
{
    unsigned bit = in->kind ? (unsigned) in->kind->bit : 0;

    return (r->ops & 1u << in->op) != 0 && (r->editions & 1u << in->edition) != 0 &&
           (r->kinds == K_ALL || (r->kinds & bit) != 0);
}

bool cmk_evaluate(const struct cmk_input *in, enum cmk_result results[CMK_RULE_COUNT])
{
    bool allowed = true;

    for (size_t i = 0; i < CMK_RULE_COUNT; i++) {
        const struct cmk_rule *r = &rules[i];
        bool applies = in_scope(r, in) && (!r->applies || r->applies(in));

        results[i] = !applies ? CMK_NOT_APPLICABLE : r->obeyed(in) ? CMK_OBEYED : CMK_BROKEN;
        allowed = allowed && (results[i] != CMK_BROKEN || r->effect != EFFECT_REFUSES);
    }
    return allowed;
}

void cmk_name_broken(const enum cmk_result results[CMK_RULE_COUNT], struct az_error *err)
{
    size_t n = 0;

    err->rule = NULL;
    for (size_t i = 0; i < CMK_RULE_COUNT; i++) {
        if (results[i] != CMK_BROKEN) {
            continue;
        }
        if (!err->rule && rules[i].effect == EFFECT_REFUSES) {
            err->rule = rules[i].id;
        }
        if (n < AZ_ERROR_BROKEN_MAX) {
            err->broken[n].rule = rules[i].id;
            err->broken[n++].message = rules[i].message;
        }
    }
}

bool cmk_refuse(const enum cmk_result results[CMK_RULE_COUNT], struct az_error *reterr)
{
    for (size_t i = 0; i < CMK_RULE_COUNT; i++) {
        if (results[i] == CMK_BROKEN && rules[i].effect == EFFECT_REFUSES) {
            (void) az_fail_inner(reterr, rules[i].errc, "CustomerManagedKeyRuleBroken", "%s",
                                 rules[i].message);
            cmk_name_broken(results, reterr);
            return false;
        }
    }
    return az_fail_internal(reterr, "a refusal without a broken rule");
}
