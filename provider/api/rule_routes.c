/* SPDX-License-Identifier: MIT */
/* The table of rules for people: GET /_sim/rules, /_sim/rules/{id}, and docs/rules.md. */
#include <string.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/rule_log.h"
#include "provider/domain/ai_catalogue.h"

static json_t *edition_names(unsigned editions)
{
    json_t *list = json_array();

    if ((editions & 1u << EDITION_CLASSIC) != 0) {
        (void) json_array_append_new(list, json_string("classic"));
    }
    if ((editions & 1u << EDITION_2026) != 0) {
        (void) json_array_append_new(list, json_string("2026"));
    }
    return list;
}

json_t *rule_json(const struct providerd *d, enum cmk_rule_id id)
{
    const struct cmk_rule *r = cmk_rule_at(id);
    char section[2] = {r->section, '\0'};
    json_t *doc = json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:b,s:b}", "id", r->id, "section",
                            section, "basis", r->basis, "kinds", r->kinds_text, "editions",
                            edition_names(r->editions), "effect", rule_effect_name(r->effect),
                            "text", r->text, "whenObeyed", r->when_obeyed, "whenBroken",
                            r->when_broken, "judged", r->ops != 0, "exempt", cmk_rule_exempt(id));

    if (d) {
        (void) json_object_set_new(doc, "obeyed",
                                   json_integer((json_int_t) rule_log_count(d, id, CMK_OBEYED)));
        (void) json_object_set_new(doc, "broken",
                                   json_integer((json_int_t) rule_log_count(d, id, CMK_BROKEN)));
    }
    return doc;
}

static json_t *text_list(const char *const *list, size_t max)
{
    json_t *out = json_array();

    for (size_t i = 0; i < max && list[i]; i++) {
        (void) json_array_append_new(out, json_string(list[i]));
    }
    return out;
}

static json_t *sku_list(const char *kind)
{
    json_t *out = json_array();
    const char *p = ai_kind_find(kind)->skus;
    char sku[16];

    while (ai_list_next(&p, ' ', sku, sizeof(sku))) {
        (void) json_array_append_new(out, json_string(sku));
    }
    return out;
}

static const char *revocation_name(enum kind_revocation r)
{
    static const char *const names[] = {"none", "rev.oai-*", "rev.blocks-all"};

    return names[r];
}

static const char *layers_name(enum kind_layers l)
{
    static const char *const names[] = {"enc.either-or", "enc.base-double, enc.cmk-layer", "none"};

    return names[l];
}

static const char *key_names(unsigned keys)
{
    static const char *const names[] = {"none", "RSA", "RSA-HSM", "RSA, RSA-HSM"};

    return names[keys & 3u];
}

static json_t *kind_json(const struct account_kind *k)
{
    return json_pack("{s:s,s:b,s:s*,s:o,s:o,s:s,s:s,s:s*,s:b,s:o}", "name", k->name, "cmk", k->cmk,
                     "retention", k->retention.value, "skus", sku_list(k->name), "cmkSkus",
                     text_list(k->cmk_skus, KIND_MAX_SKUS), "keyTypes", key_names(k->keys_classic),
                     "revocation", revocation_name(k->revocation), "lockbox", k->lockbox.value,
                     "byos", k->byos, "domains", text_list(k->domains, KIND_MAX_DOMAINS));
}

json_t *rules_json(const struct providerd *d)
{
    json_t *rules = json_array();
    json_t *kinds = json_array();

    for (unsigned i = 0; i < CMK_RULE_COUNT; i++) {
        (void) json_array_append_new(rules, rule_json(d, (enum cmk_rule_id) i));
    }
    for (size_t i = 0; i < account_kinds_count(); i++) {
        (void) json_array_append_new(kinds, kind_json(account_kind_at(i)));
    }
    return json_pack("{s:o,s:o}", "rules", rules, "kinds", kinds);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = rules_json(c->d);

    (void) txn;
    (void) reterr;
    (void) json_object_set_new(doc, "edition",
                               json_string(c->d->edition == EDITION_2026 ? "2026" : "classic"));
    return provider_answer_json(c, 200, doc);
}

static bool find(struct provider_call *c, enum cmk_rule_id *ret, struct az_error *reterr)
{
    *ret = cmk_rule_find(provider_param(c, 0));
    return *ret != CMK_RULE_COUNT ||
           az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no rule '%s'.", provider_param(c, 0));
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    enum cmk_rule_id id;

    (void) txn;
    if (!find(c, &id, reterr)) {
        return false;
    }
    AUTO_JSON *doc = rule_json(c->d, id);

    return provider_answer_json(c, 200, doc);
}

/* Only what providerd can't see may be noted from outside; the rest must be shown. */
static bool note_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *verdict = json_text(c->body, "verdict");
    enum cmk_rule_id id;

    (void) txn;
    if (!find(c, &id, reterr)) {
        return false;
    }
    if (cmk_rule_at(id)->effect != EFFECT_OUTSIDE) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The rule '%s' is counted where its effect is (%s): make it happen.",
                       cmk_rule_at(id)->id, rule_effect_name(cmk_rule_at(id)->effect));
    }
    if (strcmp(verdict, "obeyed") != 0 && strcmp(verdict, "broken") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "verdict is 'obeyed' or 'broken'.");
    }
    rule_log_note(c->d, id, strcmp(verdict, "obeyed") == 0 ? CMK_OBEYED : CMK_BROKEN);
    AUTO_JSON *doc = rule_json(c->d, id);

    return provider_answer_json(c, 200, doc);
}

#define ROW(method, path, body, run)                                              \
    {                                                                             \
        {method, path}, PPLANE_CONTROL, NULL, EXEC_LOOP, body, 0, NULL, NULL, run \
    }

const struct provider_route provider_rule_routes[] = {
    ROW(HTTP_M_GET, "/_sim/rules", false, list_run),
    ROW(HTTP_M_GET, "/_sim/rules/{id}", false, get_run),
    ROW(HTTP_M_POST, "/_sim/rules/{id}", true, note_run),
};
const size_t provider_rule_routes_len = ARRAY_LEN(provider_rule_routes);

static const char *const sections[] = {"Encryption type and default",
                                       "The key vault and the key",
                                       "Identity",
                                       "Life of the key",
                                       "Revocation",
                                       "Customer data of the resource",
                                       "Security of the endpoint"};

static void print_rule(FILE *out, const struct cmk_rule *r)
{
    (void) fprintf(out, "### `%s`\n%s\n\n* Basis: %s. Kinds: %s. Effect: %s.\n", r->id, r->text,
                   r->basis, r->kinds_text, rule_effect_name(r->effect));
    if (r->effect == EFFECT_STATEMENT) {
        (void) fputs("* Nothing to obey or break: not counted in coverage.\n\n", out);
        return;
    }
    (void) fprintf(out, "* Obeyed: %s. Broken: %s.\n", r->when_obeyed, r->when_broken);
    if (r->message && r->effect == EFFECT_REFUSES) {
        (void) fprintf(out, "* Refusal: \"%s\"\n", r->message);
    }
    (void) fputc('\n', out);
}

static void print_list(FILE *out, const char *const *list, size_t max)
{
    for (size_t i = 0; i < max && list[i]; i++) {
        (void) fprintf(out, "%s%s", i > 0 ? " " : "", list[i]);
    }
}

static void print_kind(FILE *out, const struct account_kind *k)
{
    const struct ai_kind *on_offer = ai_kind_find(k->name);

    (void) fprintf(out, "### %s\n| | | basis |\n|---|---|---|\n| CMK | %s | %s |\n", k->name,
                   k->cmk ? "yes" : "no", k->cmk_basis);
    (void) fprintf(out,
                   "| customer data kept | %s | %s |\n"
                   "| tiers | %s | %s |\n| CMK in | ",
                   k->retention.value ? k->retention.value : "not simulated", k->retention.basis,
                   on_offer->skus, on_offer->skus_recorded ? "recorded" : "ours");
    print_list(out, k->cmk_skus, KIND_MAX_SKUS);
    (void) fprintf(out, " | %s |\n| keys, classic | %s, 2048 bits | %s |\n", k->cmk_sku_basis,
                   key_names(k->keys_classic), k->key_basis);
    (void) fprintf(out, "| revocation | %s | %s |\n| Customer Lockbox | %s | %s |\n",
                   revocation_name(k->revocation), k->revocation_basis,
                   k->lockbox.value ? k->lockbox.value : "no", k->lockbox.basis);
    (void) fprintf(out, "| own storage | %s | %s |\n| endpoints | ", k->byos ? "yes" : "no",
                   k->byos_basis);
    print_list(out, k->domains, KIND_MAX_DOMAINS);
    (void) fprintf(out, " | %s |\n| layers | %s | %s |\n\n", k->domain_basis,
                   layers_name(k->layers), k->layers_basis);
}

void rules_print_page(FILE *out)
{
    (void) fputs(
        "<!-- Generated by `providerd --print-rules`; a test fails when this page is stale. -->\n"
        "# The rules\n\nEvery rule that the resource provider obeys, by section. A refusal names the "
        "first broken one in the header `x-kvsim-rule` and lists all of them in `innererror`.\n\n"
        "**Basis**: a document's tag; `follows`: a consequence of the documents or of Key Vault's own "
        "rules; `spec`: OpenAPI documents or recordings; `ours`: nobody says, our choice. OAI22 and "
        "OAI24: Azure OpenAI encryption of data at rest, 2022-11-14 and 2024-12-02; AIS20: "
        "customer-managed keys in the portal, 2020-05-28; FACE25: Face encryption, 2025-01-29; SEC25: "
        "Security for Azure AI services, 2025-04-29; LANG25: Language encryption, 2025-06-30; NEW26: "
        "what Microsoft documents since 2026.\n\n**Editions**: `classic` (default) and `2026`; every "
        "rule holds in both, with the differences its text gives.\n\n",
        out);
    for (size_t n = 0; n < ARRAY_LEN(sections); n++) {
        int s = (int) ('A' + n);

        (void) fprintf(out, "## %c. %s\n\n", s, sections[n]);
        for (unsigned i = 0; i < CMK_RULE_COUNT; i++) {
            const struct cmk_rule *r = cmk_rule_at((enum cmk_rule_id) i);

            if (r->section == s) {
                print_rule(out, r);
            }
        }
    }
    (void) fputs("## H. Kinds\n\nEdition `2026`: every kind takes RSA and RSA-HSM of at least 2048 "
                 "bits.\n\n",
                 out);
    for (size_t i = 0; i < account_kinds_count(); i++) {
        print_kind(out, account_kind_at(i));
    }
}
