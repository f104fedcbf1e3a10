/* SPDX-License-Identifier: MIT */
/*
 * The pure tables of the resource providers: api-versions, members of accounts by version, kinds,
 * regions, models, commitment tiers.
 */
#include "common/json.h"
#include "provider/domain/account_fields.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/ai_models.h"
#include "provider/domain/arm_version.h"
#include "provider/domain/kinds.h"
#include "tests/support.h"

static void versions_are_in_the_order_of_their_dates(void **state)
{
    static const struct arm_versions *const all[] = {&ai_versions, &msi_versions};

    (void) state;
    for (size_t l = 0; l < ARRAY_LEN(all); l++) {
        assert_true(all[l]->n <= 64);
        for (size_t i = 1; i < all[l]->n; i++) {
            assert_true(strcmp(all[l]->names[i - 1], all[l]->names[i]) < 0);
        }
        for (size_t i = 0; i < all[l]->n; i++) {
            assert_int_equal(arm_version_find(all[l], all[l]->names[i]), i);
        }
    }
    assert_int_equal(arm_version_find(&ai_versions, "2026-09-15-PREVIEW"), AI_2026_09_15_PV);
}

static void an_unknown_version_is_none_unless_it_is_later_than_all(void **state)
{
    static const char *const none[] = {"",           "2016-01-01",          "2024-10-02",
                                       "2026-09-15", "2027-01-01-previews", "2027-1-1",
                                       "latest",     "9999-99-99x"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(arm_version_find(&ai_versions, none[i]), -1);
    }
    assert_int_equal(arm_version_find(&ai_versions, "2026-09-16"), ai_versions.n - 1);
    assert_int_equal(arm_version_find(&ai_versions, "2030-01-01-preview"), ai_versions.n - 1);
}

static void the_set_of_previews_has_the_previews(void **state)
{
    (void) state;
    for (size_t i = 0; i < ai_versions.n; i++) {
        assert_int_equal((AI_PREVIEWS & ARM_BIT(i)) != 0,
                         strstr(ai_versions.names[i], "-preview") != NULL);
    }
}

static json_t *props(const char *text)
{
    json_t *p = json_loads(text, 0, NULL);

    assert_non_null(p);
    return p;
}

static void a_field_is_brought_into_the_recorded_form(void **state)
{
    AUTO_JSON *in =
        props("{\"NetworkAcls\":{\"ipRules\":[{\"value\":\"2001:db8::/32\"}],\"bypass\":"
              "\"azureservices\",\"defaultAction\":\"deny\"}}");
    AUTO_JSON *mine = json_object();
    CLEANUP(buf_done) struct buf out = {0};
    struct az_error err;

    (void) state;
    assert_ok(account_fields_check(in, AI_2024_10_01, &err), &err);
    assert_true(account_fields_slow(in, AI_2024_10_01));
    account_fields_apply(in, AI_2024_10_01, mine);
    json_write(&out, mine);
    assert_string_equal(out.data,
                        "{\"networkAcls\":{\"defaultAction\":\"Deny\",\"bypass\":\"AzureServices\","
                        "\"virtualNetworkRules\":[],\"ipRules\":[{\"value\":\"2001:db8::/32\"}]}}");
}

static void a_member_of_another_version_is_neither_judged_nor_taken(void **state)
{
    AUTO_JSON *in = props("{\"storedCompletionsDisabled\":\"not even a boolean\"}");
    AUTO_JSON *mine = json_object();
    struct az_error err;

    (void) state;
    assert_ok(account_fields_check(in, AI_2024_10_01, &err), &err);
    account_fields_apply(in, AI_2024_10_01, mine);
    assert_int_equal(json_object_size(mine), 0);
    assert_false(account_fields_check(in, AI_2025_09_01, &err));
    assert_string_equal(err.target, "storedCompletionsDisabled");
    assert_false(account_field_shown("storedCompletionsDisabled", AI_2025_06_01));
    assert_true(account_field_shown("storedCompletionsDisabled", AI_2025_09_01));
    assert_true(account_field_shown("customSubDomainName", AI_2016_PV));
}

static void null_is_as_absent(void **state)
{
    AUTO_JSON *in = props("{\"disableLocalAuth\":null,\"networkAcls\":null}");
    AUTO_JSON *mine = props("{\"disableLocalAuth\":true}");
    struct az_error err;

    (void) state;
    assert_ok(account_fields_check(in, AI_2024_10_01, &err), &err);
    assert_false(account_fields_slow(in, AI_2024_10_01));
    account_fields_apply(in, AI_2024_10_01, mine);
    assert_true(json_is_true(json_object_get(mine, "disableLocalAuth")));
}

static void sub_domains_have_a_form(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } names[] = {
        {"ab",                                                                  true },
        {"a-b-1",                                                               true },
        {"A9",                                                                  true },
        {"a",                                                                   false},
        {"-ab",                                                                 false},
        {"ab-",                                                                 false},
        {"a.b",                                                                 false},
        {"a_b",                                                                 false},
        {"a b",                                                                 false},
        {"0123456789012345678901234567890123456789012345678901234567890123456", false}
    };
    struct az_error err;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_JSON *in = json_pack("{s:s}", "customSubDomainName", names[i].name);

        assert_int_equal(account_fields_check(in, AI_2024_10_01, &err), names[i].good);
    }
}

static void every_kind_has_skus_endpoints_and_rates(void **state)
{
    (void) state;
    for (size_t i = 0; i < ai_kinds_count(); i++) {
        const struct ai_kind *k = ai_kind_at(i);
        const char *p = k->skus;
        char sku[16];

        assert_ptr_equal(ai_kind_find(k->name), k);
        assert_true(ai_list_next(&p, ' ', sku, sizeof(sku)));
        assert_true(ai_kind_has_sku(k, sku));
        assert_false(ai_kind_has_sku(k, "S99"));
        assert_true(k->endpoints[0]);
        assert_non_null(ai_kind_rates(k)->key);
        for (const struct ai_rate *r = ai_kind_rates(k); r->key; r++) {
            char one[128];
            const char *paths = r->paths;

            while (ai_list_next(&paths, ';', one, sizeof(one))) {
                assert_non_null(strchr(one, ' ')); /* "METHOD path" */
            }
        }
    }
    assert_null(ai_kind_find("Emotion"));
    assert_string_equal(ai_sku_tier("F0"), "Free");
    assert_string_equal(ai_sku_tier("E0"), "Enterprise");
    assert_string_equal(ai_sku_tier("DC0"), "DisconnectedTier");
    assert_string_equal(ai_sku_tier("D3"), "Standard");
}

/* kinds.h says in which SKUs CMK is to be had, ai_catalogue.h which SKUs there are. */
static void customer_managed_keys_are_in_skus_that_are_on_offer(void **state)
{
    (void) state;
    for (size_t i = 0; i < account_kinds_count(); i++) {
        const struct account_kind *k = account_kind_at(i);
        const struct ai_kind *on_offer = ai_kind_find(k->name);

        assert_non_null(on_offer);
        assert_int_equal(k->cmk, k->cmk_skus[0] != NULL);
        assert_int_equal(k->cmk, strstr(on_offer->capabilities, "CustomerManagedKey") != NULL);
        for (size_t s = 0; s < KIND_MAX_SKUS && k->cmk_skus[s]; s++) {
            assert_true(ai_kind_has_sku(on_offer, k->cmk_skus[s]));
        }
    }
    for (size_t i = 0; i < ai_kinds_count(); i++) {
        const struct ai_kind *k = ai_kind_at(i);

        if (strstr(k->capabilities, "CustomerManagedKey")) {
            assert_true(account_kind_find(k->name) && account_kind_find(k->name)->cmk);
        }
    }
}

static void a_region_is_found_however_it_is_written(void **state)
{
    char out[32];

    (void) state;
    assert_true(ai_region_find("West US 2", out));
    assert_string_equal(out, "westus2");
    assert_true(ai_region_find("SOUTHCENTRALUS", out));
    assert_false(ai_region_find("", out));
    assert_false(ai_region_find("atlantis", out));
    assert_false(ai_region_find("westus2westus2westus2westus2westus2westus2", out));
}

static void a_model_without_a_version_is_its_default(void **state)
{
    (void) state;
    assert_string_equal(ai_model_find("GPT-35-Turbo", "")->version, "0613");
    assert_string_equal(ai_model_find("gpt-35-turbo", "0301")->version, "0301");
    assert_null(ai_model_find("gpt-35-turbo", "0302"));
    assert_null(ai_model_find("gpt-9", ""));
    assert_string_equal(ai_model_find("text-ada-001", "")->version, "1");
}

static void versions_of_a_model_share_a_quota_and_a_default(void **state)
{
    (void) state;
    for (size_t i = 0; i < ai_models_count(); i++) {
        const struct ai_model *m = ai_model_at(i);
        int defaults = 0;

        for (size_t o = 0; o < ai_models_count(); o++) {
            const struct ai_model *other = ai_model_at(o);

            if (strcmp(other->name, m->name) == 0) {
                assert_int_equal(other->quota, m->quota);
                assert_string_equal(other->label, m->label);
                assert_string_equal(other->skus, m->skus);
                defaults += (other->uses & MODEL_DEFAULT) != 0;
            }
        }
        assert_true(defaults <= 1);
        assert_true(strcmp(m->created, m->retired) < 0);
    }
}

static void quotas_have_the_recorded_names(void **state)
{
    const struct ai_model *m = ai_model_find("gpt-35-turbo", "");
    char out[160];

    (void) state;
    ai_quota_name(m, "Standard", out, sizeof(out));
    assert_string_equal(out, "OpenAI.Standard.gpt-35-turbo");
    ai_quota_label(m, "Standard", out, sizeof(out));
    assert_string_equal(out, "Tokens Per Minute (thousands) - GPT-35-Turbo");
    ai_quota_label(ai_model_find("gpt-4o", ""), "GlobalStandard", out, sizeof(out));
    assert_string_equal(out, "Tokens Per Minute (thousands) - gpt-4o - GlobalStandard");
}

static void a_plan_has_only_its_own_tiers(void **state)
{
    const struct ai_tier_plan *p = ai_tier_plan_find("textanalytics", "web", "ta");

    (void) state;
    assert_int_equal(ai_tier_quantity(p, "T1"), 1000000); /* recorded, as the next */
    assert_int_equal(ai_tier_quantity(p, "t3"), 10000000);
    assert_int_equal(ai_tier_quantity(p, "T4"), 0);
    assert_int_equal(ai_tier_quantity(p, "T0"), 0);
    assert_int_equal(ai_tier_quantity(p, "T11"), 0);
    assert_int_equal(ai_tier_quantity(p, ""), 0);
    assert_null(ai_tier_plan_find("OpenAI", "Web", "TA"));
    for (size_t i = 0; i < ai_tier_plans_count(); i++) {
        p = ai_tier_plan_at(i);
        assert_non_null(ai_kind_find(p->kind));
        assert_true(ai_kind_has_sku(ai_kind_find(p->kind), p->sku));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_in_the_order_of_their_dates),
        cmocka_unit_test(an_unknown_version_is_none_unless_it_is_later_than_all),
        cmocka_unit_test(the_set_of_previews_has_the_previews),
        cmocka_unit_test(a_field_is_brought_into_the_recorded_form),
        cmocka_unit_test(a_member_of_another_version_is_neither_judged_nor_taken),
        cmocka_unit_test(null_is_as_absent),
        cmocka_unit_test(sub_domains_have_a_form),
        cmocka_unit_test(every_kind_has_skus_endpoints_and_rates),
        cmocka_unit_test(customer_managed_keys_are_in_skus_that_are_on_offer),
        cmocka_unit_test(a_region_is_found_however_it_is_written),
        cmocka_unit_test(a_model_without_a_version_is_its_default),
        cmocka_unit_test(versions_of_a_model_share_a_quota_and_a_default),
        cmocka_unit_test(quotas_have_the_recorded_names),
        cmocka_unit_test(a_plan_has_only_its_own_tiers),
    };

    return cmocka_run_group_tests_name("arm_catalogue", tests, NULL, NULL);
}
