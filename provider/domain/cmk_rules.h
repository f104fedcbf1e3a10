/* SPDX-License-Identifier: MIT */
/*
 * The documented rules of the resource provider: one table, a row a rule (cmk_rules.def). A rule is
 * a judgement about facts (it has a predicate here) or a behaviour that another file shows. Pure.
 *
 * cmk_evaluate() returns every verdict. A refusal names the first broken rule in table order and
 * lists all of them. What is exercised is counted by provider/api/rule_log.h.
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
#define CMK_PERM_ALL    (CMK_PERM_GET | CMK_PERM_WRAP | CMK_PERM_UNWRAP)

/* What is asked of the account. */
enum cmk_op {
    CMK_OP_CREATE,         /* a create that asks for CMK */
    CMK_OP_ENABLE,         /* Microsoft-managed to CMK */
    CMK_OP_UPDATE_VERSION, /* the same key, again or another version */
    CMK_OP_OTHER_KEY,      /* another key or vault */
    CMK_OP_DISABLE,        /* back to Microsoft-managed keys */
    CMK_OP_READ,           /* customer data: download of files and results, reading */
    CMK_OP_LIST,           /* customer data: names and metadata */
    CMK_OP_WRITE,          /* customer data: upload, store */
    CMK_OP_DELETE,         /* customer data */
    CMK_OP_FINE_TUNE,      /* a new fine-tuning job */
    CMK_OP_DEPLOY_TUNED,   /* a new deployment of a fine-tuned model */
    CMK_OP_SERVE_TUNED,    /* inference on an existing deployment of a fine-tuned model */
    CMK_OP_SERVE_BASE,     /* inference on a base model: needs no customer data */
    CMK_OP_COUNT
};

/* Where the given key URI points. */
enum cmk_home { CMK_HOME_ELSEWHERE, CMK_HOME_VAULT, CMK_HOME_MANAGED_HSM };

/* The request form of OAI22; the option is off by default. */
enum cmk_approval {
    CMK_APPROVAL_NOT_REQUIRED,
    CMK_APPROVAL_NOT_SUBMITTED,
    CMK_APPROVAL_WAITING,
    CMK_APPROVAL_REFUSED,
    CMK_APPROVAL_GRANTED
};

struct cmk_input {
    enum cmk_op op;
    enum cmk_edition edition;
    int64_t now_s;

    /* the account */
    const struct account_kind *kind; /* NULL: unknown */
    const char *sku;
    const char *location;
    const char *tenant;
    const char *subscription;
    bool bound; /* under CMK now: the data operations depend on it */
    enum cmk_approval approval;
    bool left_behind;       /* moved to another directory: the identity stayed in the old one */
    bool deployment_exists; /* CMK_OP_SERVE_TUNED */

    /* its identity */
    bool identity;        /* a system-assigned identity is on */
    bool client_id_given; /* keyVaultProperties.identityClientId */
    bool client_id_known; /* ... names a user-assigned identity of this account */

    /* the key that is named, or with the data operations the one in use */
    bool key_given; /* keyVaultProperties names a key */
    enum cmk_home home;
    const char *given_subscription; /* beside a key URI, the portal's way; NULL: not given */

    /* facts; a rule about facts that were not asked for is not applicable */
    bool vault_known;
    struct vault_facts vault;
    bool key_known;       /* asked for; key.status says what came */
    struct key_facts key; /* status 404: see key_state; 403: the permissions' affair */
    enum cmk_key_state key_state;
};

enum cmk_result { CMK_OBEYED, CMK_BROKEN, CMK_NOT_APPLICABLE };

/* Where the effect of a rule lives: who shows it, and who counts it. */
enum rule_effect {
    EFFECT_REFUSES,    /* judged here; broken: the operation is refused */
    EFFECT_RECORDS,    /* judged here; broken: another rule, or nothing, refuses */
    EFFECT_ACCOUNT,    /* life of the account: provider/api/account*.c */
    EFFECT_DATA_KEY,   /* wrapping of the data key: provider/api/dek.c, account_cmk.c */
    EFFECT_STORAGE,    /* stored bytes: provider/store/blobs.c */
    EFFECT_PORTAL,     /* the portal's ways: /_sim/portal/ */
    EFFECT_DIRECTORY,  /* identities in the directory: provider/api/graph.c, store/directory.c */
    EFFECT_VAULT,      /* what a vault does, seen as its requests pass through providerd */
    EFFECT_DATA_PLANE, /* data plane of the account: provider/api/ai_*.c */
    EFFECT_ENDPOINT,   /* guards of the endpoint: authentication, network, outbound URIs */
    EFFECT_LOCKBOX,    /* data access requests */
    EFFECT_OUTSIDE,    /* happens outside providerd: who watches it says so, POST /_sim/rules/ID */
    EFFECT_STATEMENT,  /* a statement about the service: nothing to obey or break */
    EFFECT_COUNT
};

enum cmk_rule_id {
#define CMK_RULE(symbol, ...)  RULE_##symbol,
#define CMK_JUDGE(symbol, ...) RULE_##symbol,
#include "provider/domain/cmk_rules.def"
#undef CMK_RULE
#undef CMK_JUDGE
    CMK_RULE_COUNT
};

struct cmk_rule {
    const char *id;
    char section;           /* 'A'..'G' of cmk-rules.md */
    const char *basis;      /* document tags, "follows", "spec", "ours" */
    unsigned editions;      /* 1 << enum cmk_edition */
    unsigned kinds;         /* enum kind_bit: where a judgement holds */
    const char *kinds_text; /* the same for people, with what is by analogy */
    enum rule_effect effect;
    const char *text;                            /* what it demands */
    const char *when_obeyed;                     /* what counts as obeying it */
    const char *when_broken;                     /* ... as breaking it, or as reaching its limit */
    unsigned ops;                                /* 1 << enum cmk_op; 0: not judged here */
    bool (*applies)(const struct cmk_input *in); /* NULL: always */
    bool (*obeyed)(const struct cmk_input *in);
    enum az_errc errc;   /* EFFECT_REFUSES */
    const char *message; /* cause and cure; ours: no document quotes the service's text */
};

const struct cmk_rule *cmk_rule_at(enum cmk_rule_id id);
/* CMK_RULE_COUNT: there is no such rule. */
enum cmk_rule_id cmk_rule_find(const char *id);
/* Counted in coverage: not exempt, and not bound to the other edition only. */
bool cmk_rule_exempt(enum cmk_rule_id id);
const char *rule_effect_name(enum rule_effect effect);

/* results: CMK_RULE_COUNT entries. True when no rule that refuses is broken. */
bool cmk_evaluate(const struct cmk_input *in, enum cmk_result results[CMK_RULE_COUNT]);
/* The error for the broken rules: code and text of the first that refuses, all listed. Always
 * false. */
bool cmk_refuse(const enum cmk_result results[CMK_RULE_COUNT], struct az_error *reterr);
/* The same with the code and text that *reterr already has (the vault's own, mostly). */
void cmk_name_broken(const enum cmk_result results[CMK_RULE_COUNT], struct az_error *err);

/* Could the key that wraps the account's data key be used to unwrap it? Of the facts alone. */
bool cmk_data_key_reachable(const struct cmk_input *in);
