/* SPDX-License-Identifier: MIT */
/*
 * Sub-resources of accounts through provider_api_handle(): deployments and quotas, encryption
 * scopes, commitment plans. Wire facts as recorded (wire-samples.md part 3); error texts:
 * azure-rules.md section 9.
 */
#include "provider/api/api.h"
#include "provider/store/child_store.h"
#include "tests/api/provider_fixture.h"

#define LATEST "2026-09-01"
#define PLAIN  "/subscriptions/" SUB "/providers/Microsoft.CognitiveServices"

static const char *text(struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

#define ACCT ACCOUNT_PATH "acct"

#define DEPLOY(model, version, capacity)                                                     \
    "{\"sku\":{\"name\":\"Standard\",\"capacity\":" capacity "},\"properties\":{\"model\":{" \
    "\"format\":\"OpenAI\",\"name\":\"" model "\",\"version\":\"" version "\"}}}"

static void a_deployment_lives(void **state)
{
    struct provider_fixture *f = *state;

    /* az sends the capacity as a string (clients.md 12.8). */
    assert_int_equal(provider_arm_at(f, "2023-05-01", "PUT", ACCT "/deployments/d",
                                     DEPLOY("gpt-35-turbo", "0613", "\"2\"")),
                     201);
    assert_string_equal(text(f, "type"), "Microsoft.CognitiveServices/accounts/deployments");
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_string_equal(text(f, "properties.versionUpgradeOption"),
                        "OnceNewDefaultVersionAvailable");
    assert_string_equal(text(f, "properties.capabilities.chatCompletion"), "true");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(f->a.doc, "sku"), "capacity")), 2);
    assert_null(http_response_get_header(&f->a.resp, "Azure-AsyncOperation"));
    assert_int_equal(provider_arm_at(f, "2022-10-01", "GET", ACCT "/deployments/d", NULL), 200);
    assert_string_equal(text(f, "properties.scaleSettings.scaleType"), "Standard");
    assert_null(json_object_get(f->a.doc, "sku"));
    assert_int_equal(provider_arm_at(f, LATEST, "PATCH", ACCT "/deployments/D",
                                     "{\"sku\":{\"name\":\"Standard\",\"capacity\":7}}"),
                     200);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(f->a.doc, "sku"), "capacity")), 7);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments/d/skus", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT "/deployments/d", NULL), 200);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT "/deployments/d", NULL), 204);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments/d", NULL), 404);
    assert_string_equal(text(f, "error.code"), "ResourceNotFound");
}

static void a_bad_deployment_changes_nothing(void **state)
{
    static const struct {
        const char *body;
        const char *code;
    } bad[] = {
        {"{}",                                           "InvalidRequestContent"   },
        {"{\"properties\":{\"model\":{\"name\":\"\"}}}", "InvalidRequestContent"   },
        {DEPLOY("gpt-4.1-mini",                          "2024-11-20",               "1"), "DeploymentModelNotSupported"},
        {DEPLOY("gpt-9",                 "1",                                           "1"), "DeploymentModelNotSupported"},
        {DEPLOY("davinci",                           "1",       "1"), "DeploymentModelNotSupported"}, /* only as a base */
        {DEPLOY("gpt-4o",                                              "2024-08-06",                                                         "0"), "InvalidRequestContent"},
        {DEPLOY("gpt-4o",                                          "2024-08-06",                                 "\"many\""), "InvalidRequestContent"},
        {DEPLOY("gpt-4o",                                "2024-08-06", "451"), "InsufficientQuota"},
        {"{\"sku\":{\"name\":\"Gold\"},\"properties\":{\"model\":{\"name\":\"gpt-4o\"}}}",
         "InvalidResourceProperties"                                                },
        {"{\"properties\":{\"versionUpgradeOption\":\"Never\",\"model\":{\"name\":\"gpt-4o\"}}}",
         "InvalidRequestContent"},
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/d", bad[i].body) != 400 ||
            strcmp(text(f, "error.code"), bad[i].code) != 0) {
            fail_msg("%s: %d %s", bad[i].body, f->a.status, text(f, "error.code"));
        }
    }
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/_d",
                                     DEPLOY("gpt-4o", "2024-08-06", "1")),
                     400);
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/d",
                                     DEPLOY("gpt-4.1-mini", "2024-11-20", "1")),
                     400);
    assert_string_equal(
        text(f, "error.message"),
        "The model 'Format:OpenAI,Name:gpt-4.1-mini,Version:2024-11-20' is not supported");
}

/* Quota is the subscription's in a region, over all accounts and versions of a model. */
static void a_quota_is_shared_and_given_back(void **state)
{
    struct provider_fixture *f = *state;
    const char *more =
        "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"}}";

    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "more", more), 201);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/a",
                                     DEPLOY("gpt-4o", "2024-08-06", "300")),
                     201);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "more/deployments/b",
                                     DEPLOY("gpt-4o", "2024-11-20", "200")),
                     400);
    assert_string_equal(text(f, "error.code"), "InsufficientQuota");
    assert_string_equal(text(f, "error.message"),
                        "This operation require 200 new capacity in quota Tokens Per Minute "
                        "(thousands) - gpt-4o, which is bigger than the current available capacity "
                        "150. The current quota usage is 300 and the quota limit is 450 for quota "
                        "Tokens Per Minute (thousands) - gpt-4o.");
    /* Its own capacity does not count against a deployment that grows. */
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/a",
                                     DEPLOY("gpt-4o", "2024-08-06", "450")),
                     200);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", PLAIN "/locations/westeurope/usages", NULL),
                     200);
    assert_non_null(memmem(f->a.resp.body.data, f->a.resp.body.len,
                           "- gpt-4o\"},\"currentValue\":450,\"limit\":450", 41));
    assert_int_equal(provider_arm_at(f, LATEST, "GET", PLAIN "/locations/eastus/usages", NULL),
                     200);
    assert_non_null(memmem(f->a.resp.body.data, f->a.resp.body.len,
                           "- gpt-4o\"},\"currentValue\":0,\"limit\":450", 39));
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT "/deployments/a", NULL), 200);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "more/deployments/b",
                                     DEPLOY("gpt-4o", "2024-11-20", "200")),
                     201);
}

/* Documented: what a deleted account's deployments hold is free again when it is purged. */
static void a_deleted_account_holds_its_quota_until_it_is_purged(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(
        provider_arm_at(
            f, LATEST, "PUT", ACCOUNT_PATH "more",
            "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"}}"),
        201);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/a",
                                     DEPLOY("gpt-4o", "2024-08-06", "450")),
                     201);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT, NULL), 200);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "more/deployments/b",
                                     DEPLOY("gpt-4o", "2024-08-06", "1")),
                     400);
    assert_string_equal(text(f, "error.code"), "InsufficientQuota");
    provider_advance(f, INT64_C(48) * 3600);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "more/deployments/b",
                                     DEPLOY("gpt-4o", "2024-08-06", "450")),
                     201);
}

static void kinds_without_openai_deploy_nothing(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(
        provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "face",
                        "{\"kind\":\"Face\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}"),
        201);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "face/deployments/d",
                                     DEPLOY("gpt-4o", "2024-08-06", "1")),
                     400);
    assert_string_equal(text(f, "error.code"), "DeploymentModelNotSupported");
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCOUNT_PATH "face/models", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
}

/* rev.oai-deploy: a fine-tuned model needs the data key, a base model does not. */
static void a_fine_tuned_model_is_not_deployed_while_its_key_is_out_of_reach(void **state)
{
    struct provider_fixture *f = *state;
    const char *tuned = DEPLOY("gpt-4o.ft-1", "", "1");
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    char uid[40] = "";
    AUTO_JSON *model = json_pack("{s:s,s:s,s:s}", "name", "gpt-4o.ft-1", "base", "gpt-4o",
                                 "baseVersion", "2024-08-06");

    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/t", tuned), 400);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT, NULL), 200);
    const char *id = text(f, "properties.internalId");
    (void) snprintf(uid, sizeof(uid), "%.8s-%.4s-%.4s-%.4s-%s", id, id + 8, id + 12, id + 16,
                    id + 20);
    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    assert_ok(child_put(txn, uid, "fineTunedModels", "gpt-4o.ft-1", model, &err), &err);
    assert_ok(kvdb_commit(txn, &err), &err);
    assert_int_equal(provider_bind(f), 202);
    f->fake.revoked = true;
    f->fake.vault.identity_key_perms = 0;
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/t", tuned), 403);
    assert_non_null(strstr(http_response_get_header(&f->a.resp, "x-kvsim-rule"), "rev.oai-deploy"));
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments/t", NULL), 404);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/b",
                                     DEPLOY("gpt-4o", "2024-08-06", "1")),
                     201);
    f->fake.revoked = false;
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/t", tuned), 201);
    assert_string_equal(text(f, "properties.model.name"), "gpt-4o.ft-1");
}

static void an_encryption_scope_lives(void **state)
{
    struct provider_fixture *f = *state;
    const char *good =
        "{\"properties\":{\"keySource\":\"Microsoft.KeyVault\",\"state\":\"Disabled\","
        "\"keyVaultProperties\":{\"keyName\":\"k\",\"keyVersion\":\"v\","
        "\"keyVaultUri\":\"https://demo.vault.azure.net/\"}}}";
    struct api_store_hash before = api_store_hash(f->d.db);

    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/encryptionScopes/s",
                                     "{\"properties\":{\"keySource\":\"Paper\"}}"),
                     400);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/encryptionScopes/s",
                                     "{\"properties\":{\"keySource\":\"Microsoft.KeyVault\"}}"),
                     400);
    assert_int_equal(
        provider_arm_at(
            f, LATEST, "PUT", ACCT "/encryptionScopes/s",
            "{\"properties\":{\"keySource\":\"Microsoft.CognitiveServices\",\"state\":\"Asleep\"}}"),
        400);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/encryptionScopes/.s", good), 400);
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/encryptionScopes/s", good), 201);
    assert_string_equal(text(f, "properties.state"), "Disabled");
    assert_string_equal(text(f, "properties.keyVaultProperties.keyName"), "k");
    assert_int_equal(
        provider_arm_at(f, LATEST, "PUT", ACCT "/encryptionScopes/S",
                        "{\"properties\":{\"keySource\":\"Microsoft.CognitiveServices\"}}"),
        200);
    assert_string_equal(text(f, "properties.state"), "Disabled"); /* stays */
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/encryptionScopes", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    /* 202 or 204, never 200 (versions.md section 4.2). */
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT "/encryptionScopes/s", NULL), 202);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT "/encryptionScopes/s", NULL), 204);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/encryptionScopes/s", NULL), 404);
}

static int number(const char *s)
{
    return (int) strtol(s, NULL, 10);
}

/* Recorded: 193548 transactions on 26 October 2022 of a million a month. */
static void a_commitment_plan_is_bought_in_proportion_to_the_month(void **state)
{
    struct provider_fixture *f = *state;
    const char *plan =
        "{\"properties\":{\"hostingModel\":\"Web\",\"planType\":\"TA\",\"current\":{\"tier\":\"T1\"},"
        "\"autoRenew\":false,\"next\":{\"tier\":\"T2\"}}}";
    json_t *current;
    int64_t quantity;
    int days_left;
    int days;
    int month;

    assert_int_equal(
        provider_arm_at(
            f, LATEST, "PUT", ACCOUNT_PATH "lang",
            "{\"kind\":\"TextAnalytics\",\"location\":\"westus\",\"sku\":{\"name\":\"S\"}}"),
        201);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/commitmentPlans/p", plan),
                     400); /* OpenAI has none */
    assert_int_equal(
        provider_arm_at(
            f, LATEST, "PUT", ACCOUNT_PATH "lang/commitmentPlans/p",
            "{\"properties\":{\"hostingModel\":\"Web\",\"planType\":\"TA\",\"current\":{\"tier\":\"T9\"}}}"),
        400);
    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCOUNT_PATH "lang/commitmentPlans/p", plan),
                     201);
    assert_string_equal(text(f, "type"), "Microsoft.CognitiveServices/accounts/commitmentplans");
    current = json_object_get(json_object_get(f->a.doc, "properties"), "current");
    month = number(text(f, "properties.current.startDate") + 5);
    days = month == 2 ? 28 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    days += month == 2 && number(text(f, "properties.current.startDate")) % 4 == 0;
    days_left = days - number(text(f, "properties.current.startDate") + 8) + 1;
    quantity = json_integer_value(json_object_get(json_object_get(current, "quota"), "quantity"));
    assert_int_equal(quantity, (1000000 * days_left + days / 2) / days);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCOUNT_PATH "lang/commitmentPlans", NULL),
                     200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(
        provider_arm_at(f, LATEST, "DELETE", ACCOUNT_PATH "lang/commitmentPlans/p", NULL), 200);
    assert_int_equal(
        provider_arm_at(f, LATEST, "DELETE", ACCOUNT_PATH "lang/commitmentPlans/p", NULL), 204);
}

static void sub_resources_go_with_their_account(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(provider_arm_at(f, LATEST, "PUT", ACCT "/deployments/d",
                                     DEPLOY("gpt-4o", "2024-08-06", "1")),
                     201);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT, NULL), 200);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments/d", NULL), 404);
    assert_int_equal(
        provider_arm_at(f, LATEST, "PUT", ACCT,
                        "{\"location\":\"westeurope\",\"properties\":{\"restore\":true}}"),
        201);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments/d", NULL), 200);
    assert_int_equal(provider_arm_at(f, LATEST, "DELETE", ACCT, NULL), 200);
    assert_int_equal(
        provider_arm_at(f, LATEST, "DELETE",
                        PLAIN "/locations/westeurope/resourceGroups/rg/deletedAccounts/acct", NULL),
        202);
    provider_make_account(f);
    assert_int_equal(provider_arm_at(f, LATEST, "GET", ACCT "/deployments", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_deployment_lives),
        CASE(a_bad_deployment_changes_nothing),
        CASE(a_quota_is_shared_and_given_back),
        CASE(a_deleted_account_holds_its_quota_until_it_is_purged),
        CASE(kinds_without_openai_deploy_nothing),
        CASE(a_fine_tuned_model_is_not_deployed_while_its_key_is_out_of_reach),
        CASE(an_encryption_scope_lives),
        CASE(a_commitment_plan_is_bought_in_proportion_to_the_month),
        CASE(sub_resources_go_with_their_account),
    };

    return cmocka_run_group_tests_name("provider_children", tests, NULL, NULL);
}
