/* SPDX-License-Identifier: MIT */
/*
 * The sweep: several 10^5 combinations of circumstances through the evaluator, each verdict
 * compared with a restatement of the rules written as data (cmk_restated.json). The two share the
 * names of circumstances and nothing else. The time is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "provider/domain/cmk_rules.h"

#define MAX_VALUES 16
#define NOW_S      1000000

/* clang-format off */
static const struct dimension {
    const char *name;
    const char *values[MAX_VALUES];
} dims[] = {
    {"op", {"create", "enable", "update", "other", "disable", "read", "list", "write", "delete", "tune", "deploy", "serve", "serve-base"}},
    {"kind", {"OpenAI", "AIServices", "CognitiveServices", "Face", "TextAnalytics", "ConversationalLanguageUnderstanding", "TextTranslation",
              "SpeechServices", "FormRecognizer", "QnAMaker", "QnAMaker.v2", "ComputerVision", "unknown"}},
    {"tier", {"required", "other"}},
    {"edition", {"classic", "2026"}},
    {"soft-delete", {"on", "off"}},
    {"purge-protection", {"on", "off"}},
    {"model", {"policies", "rbac"}},
    {"firewall", {"off", "trusted", "closed"}},
    {"permissions", {"all", "no-get", "no-wrap", "no-unwrap", "none"}},
    {"identity", {"system", "none", "attached", "foreign"}},
    {"key-type", {"RSA-2048", "RSA-3072", "RSA-4096", "RSA-HSM-2048", "RSA-HSM-4096", "EC", "oct"}},
    {"key-state", {"usable", "disabled", "expired", "early", "no-unwrap-op", "no-wrap-op", "deleted", "lost"}},
    {"region", {"same", "other"}},
    {"tenant", {"same", "other"}},
    {"vault", {"there", "gone"}},
    {"vault-subscription", {"same", "other"}},
    {"named-subscription", {"none", "right", "wrong"}},
    {"home", {"vault", "hsm", "elsewhere"}},
    {"key", {"given", "absent"}},
    {"approval", {"not-required", "not-submitted", "waiting", "refused", "granted"}},
    {"bound", {"yes", "no"}},
    {"moved", {"no", "yes"}},
    {"deployment", {"there", "gone"}},
};
/* clang-format on */
enum {
    OP,
    KIND,
    TIER,
    EDITION,
    SOFT,
    PURGE,
    MODEL,
    FIREWALL,
    PERMISSIONS,
    IDENTITY,
    KEY_TYPE,
    KEY_STATE,
    REGION,
    TENANT,
    VAULT,
    VAULT_SUB,
    NAMED_SUB,
    HOME,
    KEY,
    APPROVAL,
    BOUND,
    MOVED,
    DEPLOYMENT,
    N_DIMS
};

struct point {
    unsigned char v[N_DIMS]; /* index into the dimension's values */
};

static unsigned n_values(size_t dim)
{
    unsigned n = 0;

    while (n < MAX_VALUES && dims[dim].values[n]) {
        n++;
    }
    return n;
}

static bool is(const struct point *p, size_t dim, const char *value)
{
    return strcmp(dims[dim].values[p->v[dim]], value) == 0;
}

/* --- the restatement, compiled to masks of values */
struct conjunction {
    unsigned masks[N_DIMS];
};

struct restated {
    enum cmk_rule_id id;
    bool refuses;
    struct conjunction when[2], obeyed[4];
    size_t n_when, n_obeyed;
};

static struct restated rules[64];
static unsigned long verdicts[CMK_RULE_COUNT][3]; /* by verdict, over the whole sweep */
static size_t n_rules;

static size_t dim_named(const char *name)
{
    for (size_t i = 0; i < N_DIMS; i++) {
        if (strcmp(dims[i].name, name) == 0) {
            return i;
        }
    }
    fail_msg("there is no circumstance '%s'", name);
    return 0;
}

static unsigned bit_of(size_t dim, const char *value)
{
    for (unsigned i = 0; i < n_values(dim); i++) {
        if (strcmp(dims[dim].values[i], value) == 0) {
            return 1u << i;
        }
    }
    fail_msg("%s is never '%s'", dims[dim].name, value);
    return 0;
}

/* A value, a list of values, or "@set". */
static unsigned mask_of(const json_t *root, size_t dim, const json_t *value)
{
    const char *text = json_string_value(value);
    unsigned mask = 0;
    json_t *item;
    size_t i;

    if (text && text[0] != '@') {
        return bit_of(dim, text);
    }
    if (text) {
        value = json_object_get(json_object_get(root, "sets"), text + 1);
    }
    assert_true(json_is_array(value));
    json_array_foreach(value, i, item)
    {
        mask |= bit_of(dim, json_string_value(item));
    }
    return mask;
}

static size_t compile(const json_t *root, const json_t *list, struct conjunction *out, size_t max)
{
    const char *text = json_string_value(list);
    const char *name;
    json_t *alternative;
    json_t *value;
    size_t i;

    if (text) {
        list = json_object_get(json_object_get(root, "alternatives"), text + 1);
    }
    assert_true(json_is_array(list) && json_array_size(list) <= max);
    json_array_foreach(list, i, alternative)
    {
        json_object_foreach(alternative, name, value)
        {
            size_t dim = dim_named(name);

            out[i].masks[dim] = mask_of(root, dim, value);
        }
    }
    return json_array_size(list);
}

static int load(void **state)
{
    char path[4096];
    json_error_t err;
    json_t *root;
    json_t *r;
    size_t i;

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/../unit/cmk_restated.json", getenv("KVSIM_VECTORS"));
    root = json_load_file(path, 0, &err);
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "rules"), i, r)
    {
        struct restated *out = &rules[i];
        json_t *refuses = json_object_get(r, "refuses");

        out->id = cmk_rule_find(json_string_value(json_object_get(r, "id")));
        assert_int_not_equal(out->id, CMK_RULE_COUNT);
        out->refuses = !refuses || json_is_true(refuses);
        out->n_when = compile(root, json_object_get(r, "when"), out->when, 2);
        out->n_obeyed = compile(root, json_object_get(r, "obeyed"), out->obeyed, 4);
    }
    n_rules = i;
    json_decref(root);
    return 0;
}

static bool any(const struct conjunction *list, size_t n, const struct point *p)
{
    for (size_t i = 0; i < n; i++) {
        bool holds = true;

        for (size_t d = 0; d < N_DIMS && holds; d++) {
            holds = list[i].masks[d] == 0 || (list[i].masks[d] & 1u << p->v[d]) != 0;
        }
        if (holds) {
            return true;
        }
    }
    return false;
}

static enum cmk_result restated_verdict(const struct restated *r, const struct point *p)
{
    return !any(r->when, r->n_when, p)      ? CMK_NOT_APPLICABLE
           : any(r->obeyed, r->n_obeyed, p) ? CMK_OBEYED
                                            : CMK_BROKEN;
}

/* --- a point as facts */
static unsigned permission_bits(const struct point *p)
{
    static const unsigned bits[] = {CMK_PERM_ALL, CMK_PERM_ALL & ~CMK_PERM_GET,
                                    CMK_PERM_ALL & ~CMK_PERM_WRAP, CMK_PERM_ALL & ~CMK_PERM_UNWRAP,
                                    0};

    return bits[p->v[PERMISSIONS]];
}

static void vault_of(const struct point *p, struct vault_facts *v)
{
    bool by_role = is(p, MODEL, "rbac") || is(p, HOME, "hsm");

    v->exists = is(p, VAULT, "there");
    (void) snprintf(v->location, sizeof(v->location), "%s",
                    is(p, REGION, "same") ? "westeurope" : "eastus");
    (void) snprintf(v->tenant, sizeof(v->tenant), "%s", is(p, TENANT, "same") ? "T1" : "T2");
    (void) snprintf(v->subscription, sizeof(v->subscription), "%s",
                    is(p, VAULT_SUB, "same") ? "S1" : "S2");
    v->soft_delete = is(p, SOFT, "on");
    v->purge_protection = is(p, PURGE, "on");
    v->rbac = is(p, MODEL, "rbac");
    v->firewall_on = !is(p, FIREWALL, "off");
    v->bypass_trusted = is(p, FIREWALL, "trusted");
    /* What is held in the model that does not count must not help. */
    v->identity_key_perms = by_role ? CMK_PERM_ALL : permission_bits(p);
    v->identity_rbac_perms = by_role ? permission_bits(p) : CMK_PERM_ALL;
}

static void key_of(const struct point *p, bool binding, struct cmk_input *in)
{
    static const struct {
        const char *kty;
        unsigned bits;
    } types[] = {
        {"RSA",     2048},
        {"RSA",     3072},
        {"RSA",     4096},
        {"RSA-HSM", 2048},
        {"RSA-HSM", 4096},
        {"EC",      0   },
        {"oct",     0   }
    };
    struct key_facts *k = &in->key;
    bool gone = is(p, KEY_STATE, "deleted") || is(p, KEY_STATE, "lost");
    bool seen = !binding || (permission_bits(p) & CMK_PERM_GET) != 0;

    k->status = !seen ? 403 : gone ? 404 : 200;
    in->key_state = is(p, KEY_STATE, "deleted") ? CMK_KEY_DELETED
                    : is(p, KEY_STATE, "lost")  ? CMK_KEY_LOST
                                                : CMK_KEY_LIVE;
    (void) snprintf(k->kty, sizeof(k->kty), "%s", types[p->v[KEY_TYPE]].kty);
    k->bits = types[p->v[KEY_TYPE]].bits;
    k->enabled = !is(p, KEY_STATE, "disabled");
    k->exp_s = is(p, KEY_STATE, "expired") ? NOW_S - 1 : NOW_S + 1;
    k->nbf_s = is(p, KEY_STATE, "early") ? NOW_S + 1 : NOW_S - 2;
    k->wrap = !is(p, KEY_STATE, "no-wrap-op");
    k->unwrap = !is(p, KEY_STATE, "no-unwrap-op");
}

static void facts_of(const struct point *p, struct cmk_input *in)
{
    /* Not from the table under test: the tiers its documents and docs/fidelity.md name. */
    static const char *const tiers[] = {"S0", "S0", "S0", "E0", "S",  "S", "S1",
                                        "S0", "S0", "S0", "S0", "S1", "S0"};
    bool binding = p->v[OP] <= 3;

    *in = (struct cmk_input){.op = (enum cmk_op) p->v[OP],
                             .edition = is(p, EDITION, "2026") ? EDITION_2026 : EDITION_CLASSIC,
                             .now_s = NOW_S,
                             .kind = account_kind_find(dims[KIND].values[p->v[KIND]]),
                             .sku = is(p, TIER, "required") ? tiers[p->v[KIND]] : "DC0",
                             .location = "westeurope",
                             .tenant = "T1",
                             .subscription = "S1",
                             .bound = is(p, BOUND, "yes"),
                             .approval = (enum cmk_approval) p->v[APPROVAL],
                             .left_behind = is(p, MOVED, "yes"),
                             .deployment_exists = is(p, DEPLOYMENT, "there"),
                             .identity = is(p, IDENTITY, "system"),
                             .client_id_given =
                                 is(p, IDENTITY, "attached") || is(p, IDENTITY, "foreign"),
                             .client_id_known = is(p, IDENTITY, "attached"),
                             .key_given = is(p, KEY, "given"),
                             .home = is(p, HOME, "vault") ? CMK_HOME_VAULT
                                     : is(p, HOME, "hsm") ? CMK_HOME_MANAGED_HSM
                                                          : CMK_HOME_ELSEWHERE};
    if (!is(p, NAMED_SUB, "none")) {
        bool right = is(p, NAMED_SUB, "right");

        in->given_subscription = right == is(p, VAULT_SUB, "same") ? "S1" : "S2";
    }
    in->vault_known = !binding || (in->key_given && in->home != CMK_HOME_ELSEWHERE);
    if (in->vault_known) {
        vault_of(p, &in->vault);
        in->key_known =
            in->vault.exists && (is(p, IDENTITY, "system") || is(p, IDENTITY, "attached"));
    }
    if (in->vault_known) {
        key_of(p, binding, in);
    }
}

static _Noreturn void differ(const struct point *p, const char *what, const char *is_now,
                             const char *should)
{
    (void) fprintf(stderr, "%s: evaluator says %s, restatement %s, with\n", what, is_now, should);
    for (size_t d = 0; d < N_DIMS; d++) {
        (void) fprintf(stderr, "  %s=%s\n", dims[d].name, dims[d].values[p->v[d]]);
    }
    fail();
    abort();
}

static void compare(const struct point *p)
{
    static const char *const names[] = {"obeyed", "broken", "not applicable"};
    enum cmk_result results[CMK_RULE_COUNT];
    const char *first = NULL;
    struct az_error err;
    struct cmk_input in;
    bool allowed;

    facts_of(p, &in);
    allowed = cmk_evaluate(&in, results);
    for (size_t i = 0; i < n_rules; i++) {
        enum cmk_result should = restated_verdict(&rules[i], p);
        const char *id = cmk_rule_at(rules[i].id)->id;

        verdicts[rules[i].id][should]++;
        if (results[rules[i].id] != should) {
            differ(p, id, names[results[rules[i].id]], names[should]);
        }
        if (should == CMK_BROKEN && rules[i].refuses && !first) {
            first = id;
        }
    }
    if (allowed != !first) {
        differ(p, "the operation", allowed ? "allowed" : "refused", first ? "refused" : "allowed");
    }
    if (first) {
        assert_false(cmk_refuse(results, &err));
        if (strcmp(err.rule, first) != 0) {
            differ(p, "the first broken rule", err.rule, first);
        }
    }
}

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) (now.tv_sec - from->tv_sec) + 1e-9 * (double) (now.tv_nsec - from->tv_nsec);
}

static bool next(struct point *p, const size_t *swept, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (++p->v[swept[i]] < n_values(swept[i])) {
            return true;
        }
        p->v[swept[i]] = 0;
    }
    return false;
}

/* kind x tier x edition x vault properties x permissions x identity x firewall x key (each type
 * while it is usable, each state of an RSA-2048 key). */
static void cross_of_an_operation(unsigned char op, unsigned long *count)
{
    static const size_t swept[] = {KIND,     TIER,        EDITION,  SOFT,     PURGE,    MODEL,
                                   FIREWALL, PERMISSIONS, IDENTITY, KEY_TYPE, KEY_STATE};
    struct point p = {{0}};

    p.v[OP] = op;
    do {
        if (p.v[KEY_TYPE] == 0 || p.v[KEY_STATE] == 0) {
            compare(&p);
            ++*count;
        }
    } while (next(&p, swept, sizeof(swept) / sizeof(swept[0])));
}

static void evaluator_and_restatement_agree_on_the_whole_cross(void **state)
{
    struct timespec from;
    unsigned long count = 0;

    (void) state;
    (void) clock_gettime(CLOCK_MONOTONIC, &from);
    cross_of_an_operation(0, &count); /* create */
    cross_of_an_operation(1, &count); /* enable */
    cross_of_an_operation(4, &count); /* disable */
    cross_of_an_operation(5, &count); /* read */
    (void) printf("%lu combinations in %.2f s\n", count, seconds_since(&from));
}

/* Everything else against everything: points drawn with a fixed seed. */
static void evaluator_and_restatement_agree_on_drawn_points(void **state)
{
    const unsigned long draws = 400000;
    struct timespec from;
    uint64_t x = 88172645463325252u;

    (void) state;
    (void) clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned long i = 0; i < draws; i++) {
        struct point p = {{0}};

        for (size_t d = 0; d < N_DIMS; d++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            /* One in three is something else than the good case, or nearly all would fail early. */
            if ((x >> 32) % 3 == 0 || d <= KIND) {
                p.v[d] = (unsigned char) ((x >> 8) % n_values(d));
            }
        }
        if (p.v[OP] > 3) {
            p.v[HOME] = 0; /* an account under CMK is bound to a key vault */
        }
        compare(&p);
    }
    (void) printf("%lu drawn points in %.2f s\n", draws, seconds_since(&from));
}

static void every_judgement_was_obeyed_broken_and_not_applicable(void **state)
{
    (void) state;
    for (size_t i = 0; i < n_rules; i++) {
        const unsigned long *n = verdicts[rules[i].id];

        if (n[CMK_OBEYED] == 0 || n[CMK_BROKEN] == 0 || n[CMK_NOT_APPLICABLE] == 0) {
            fail_msg("%s: obeyed %lu, broken %lu, not applicable %lu", cmk_rule_at(rules[i].id)->id,
                     n[CMK_OBEYED], n[CMK_BROKEN], n[CMK_NOT_APPLICABLE]);
        }
    }
}

static void every_judgement_is_restated(void **state)
{
    (void) state;
    for (unsigned id = 0; id < CMK_RULE_COUNT; id++) {
        size_t i = 0;

        while (i < n_rules && rules[i].id != id) {
            i++;
        }
        if ((i < n_rules) != (cmk_rule_at((enum cmk_rule_id) id)->ops != 0)) {
            fail_msg("%s is %s", cmk_rule_at((enum cmk_rule_id) id)->id,
                     i < n_rules ? "restated, but no judgement" : "judged, but not restated");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_judgement_is_restated),
        cmocka_unit_test(evaluator_and_restatement_agree_on_the_whole_cross),
        cmocka_unit_test(evaluator_and_restatement_agree_on_drawn_points),
        cmocka_unit_test(every_judgement_was_obeyed_broken_and_not_applicable),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
