/* SPDX-License-Identifier: MIT */
/*
 * The Microsoft.CognitiveServices surface through provider_api_handle(): members by api-version,
 * bad input, conditions, endpoints, the catalogue. Wire facts as recorded (wire-samples.md parts 1
 * and 3); error texts: azure-rules.md section 9.
 */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define LATEST "2026-09-01"
#define GROUP  "/subscriptions/" SUB "/resourceGroups/rg/providers/Microsoft.CognitiveServices"
#define PLAIN  "/subscriptions/" SUB "/providers/Microsoft.CognitiveServices"

static int with(struct provider_fixture *f, const char *version, const char *method,
                const char *path, const char *body, const char *header, const char *value)
{
    char target[1024];

    (void) snprintf(target, sizeof(target), "%s%sapi-version=%s", path,
                    strchr(path, '?') ? "&" : "?", version);
    return provider_call(f, &(struct api_request){.method = method,
                                                  .host = ARM_HOST,
                                                  .target = target,
                                                  .token = f->token,
                                                  .body = body,
                                                  .headers = {{header, value}}});
}

static int arm(struct provider_fixture *f, const char *version, const char *method,
               const char *path, const char *body)
{
    return with(f, version, method, path, body, NULL, NULL);
}

static const char *text(struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

static bool has(struct provider_fixture *f, const char *member)
{
    return json_object_get(json_object_get(f->a.doc, "properties"), member) != NULL;
}

#define ACCT ACCOUNT_PATH "acct"

static void a_refused_patch_changes_nothing(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
        const char *target;
    } bad[] = {
        {"{\"tags\":{\"a\":1}}",                                                              400, "InvalidRequestContent",           "tags"                         },
        {"{\"tags\":\"a\"}",                                                                  400, "InvalidRequestContent",           "tags"                         },
        {"{\"properties\":[]}",                                                               400, "InvalidRequestContent",           "properties"                   },
        {"{\"sku\":{}}",                                                                      400, "InvalidRequestContent",           "sku"                          },
        {"{\"sku\":{\"name\":\"S9\"}}",                                                       400, "SpecialFeatureOrQuotaIdRequired", ""                             },
        {"{\"kind\":\"Face\"}",                                                               400, "UpdateKindNotAllowed",            "kind"                         },
        {"{\"properties\":{\"customSubDomainName\":\"-bad\"}}",                               400, "InvalidRequestContent",
         "customSubDomainName"                                                                                                                                       },
        {"{\"properties\":{\"customSubDomainName\":\"other\"}}",                              400, "BadRequest",
         "customSubDomainName"                                                                                                                                       },
        {"{\"properties\":{\"networkAcls\":{\"defaultAction\":\"Maybe\"}}}",                  400,
         "InvalidRequestContent",                                                                                                     "networkAcls"                  },
        {"{\"properties\":{\"networkAcls\":{\"ipRules\":[{\"value\":\"1.2.3\"}]}}}",          400,
         "InvalidRequestContent",                                                                                                     "networkAcls"                  },
        {"{\"properties\":{\"networkAcls\":{\"ipRules\":[{\"value\":\"1.2.3.4/33\"}]}}}",     400,
         "InvalidRequestContent",                                                                                                     "networkAcls"                  },
        {"{\"properties\":{\"networkAcls\":{\"virtualNetworkRules\":[{}]}}}",                 400,
         "InvalidRequestContent",                                                                                                     "networkAcls"                  },
        {"{\"properties\":{\"userOwnedStorage\":[{\"resourceId\":\"nowhere\"}]}}",            400,
         "InvalidRequestContent",                                                                                                     "userOwnedStorage"             },
        {"{\"properties\":{\"disableLocalAuth\":\"yes\"}}",                                   400, "InvalidRequestContent",
         "disableLocalAuth"                                                                                                                                          },
        {"{\"properties\":{\"allowedFqdnList\":[1]}}",                                        400, "InvalidRequestContent",
         "allowedFqdnList"                                                                                                                                           },
        {"{\"properties\":{\"publicNetworkAccess\":\"Perhaps\"}}",                            400, "InvalidRequestContent",
         "publicNetworkAccess"                                                                                                                                       },
        {"{\"location\":{}}",                                                                 400, "InvalidRequestContent",           "location"                     },
        {"{\"kind\":7}",                                                                      400, "InvalidRequestContent",           "kind"                         },
        {"{\"identity\":7}",                                                                  400, "InvalidRequestContent",           "identity"                     },
        {"{\"identity\":{\"type\":7}}",                                                       400, "InvalidRequestContent",           "identity"                     },
        {"{\"identity\":{\"type\":\"Borrowed\"}}",                                            400, "InvalidRequestContent",           "identity"                     },
        {"{\"identity\":{\"type\":\"UserAssigned\",\"userAssignedIdentities\":{\"/x\":{}}}}", 400,
         "FailedIdentityOperation",                                                                                                   ""                             },
 /* The tags and the identity are fine, the last member is not: all or nothing. */
        {"{\"tags\":{\"a\":\"b\"},\"identity\":{\"type\":\"None\"},\"properties\":{"
         "\"disableLocalAuth\":true,\"restrictOutboundNetworkAccess\":7}}",          400, "InvalidRequestContent",           "restrictOutboundNetworkAccess"},
        {"{\"tags\":{\"a\":\"b\"},\"identity\":{\"type\":\"None\"},\"properties\":{\"encryption\":{"
         "\"keySource\":\"Microsoft.KeyVault\"}}}",                                  400, "InvalidEncryptionSettings",       ""                             },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (arm(f, LATEST, "PATCH", ACCT, bad[i].body) != bad[i].status ||
            strcmp(text(f, "error.code"), bad[i].code) != 0 ||
            (bad[i].target[0] && strcmp(text(f, "error.target"), bad[i].target) != 0)) {
            fail_msg("%s: %d %s %s", bad[i].body, f->a.status, text(f, "error.code"),
                     text(f, "error.target"));
        }
        assert_store_unchanged(f->d.db, before);
    }
}

static void a_create_says_what_is_wrong(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *code;
    } bad[] = {
        {"new",  "{\"kind\":\"OpenAI\",\"sku\":{\"name\":\"S0\"}}",                           400, "LocationRequired"     },
        {"new",  "{\"kind\":\"OpenAI\",\"location\":\"atlantis\",\"sku\":{\"name\":\"S0\"}}", 400,
         "LocationNotAvailableForResourceType"                                                                            },
        {"new",  "{\"kind\":\"Emotion\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}",  400,
         "InvalidApiSetId"                                                                                                },
        {"new",  "{\"kind\":\"OpenAI\",\"location\":\"westus\"}",                             400, "InvalidRequestContent"},
        {"new",  "{\"kind\":\"OpenAI\",\"location\":\"westus\",\"sku\":{\"name\":\"F0\"}}",   400,
         "SpecialFeatureOrQuotaIdRequired"                                                                                },
        {"x",    "{\"kind\":\"OpenAI\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}",   400,
         "BadRequest"                                                                                                     },
        {"acct", "{\"kind\":\"OpenAI\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}",   409,
         "InvalidResourceLocation"                                                                                        },
        {"new",
         "{\"kind\":\"OpenAI\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"},"
         "\"properties\":{\"customSubDomainName\":\"ACCT\"}}",                                409, "CustomDomainInUse"    },
        {"new",
         "{\"kind\":\"OpenAI\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"},"
         "\"properties\":{\"customSubDomainName\":\"westeurope\"}}",                          409, "CustomDomainInUse"    },
    };
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);
    char path[256];

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void) snprintf(path, sizeof(path), ACCOUNT_PATH "%s", bad[i].path);
        if (arm(f, LATEST, "PUT", path, bad[i].body) != bad[i].status ||
            strcmp(text(f, "error.code"), bad[i].code) != 0) {
            fail_msg("%s: %d %s", bad[i].body, f->a.status, text(f, "error.code"));
        }
    }
    assert_int_equal(arm(f, LATEST, "PUT",
                         "/subscriptions/" SUB
                         "/resourceGroups/none/providers/Microsoft.CognitiveServices/accounts/new",
                         bad[0].body),
                     404);
    assert_string_equal(text(f, "error.code"), "ResourceGroupNotFound");
    assert_store_unchanged(f->d.db, before);
}

/* versions.md section 4.1; too new a member is ignored and not shown (ours). */
static void a_member_is_known_from_its_version_on(void **state)
{
    static const struct {
        const char *member, *json, *before, *since, *gone;
    } members[] = {
        {"allowProjectManagement",    "true", "2024-10-01", "2025-06-01",         NULL                },
        {"storedCompletionsDisabled", "true", "2025-06-01", "2025-09-01",         NULL                },
        {"a365LoggingEnabled",        "true", "2026-07-01", "2026-09-01",         NULL                },
        {"foundryAutoUpgrade",        "{}",   "2025-12-01", "2026-01-15-preview", "2026-03-01"        },
        {"capabilitySettings",        "{}",   "2026-07-01", "2026-07-15-preview", "2026-09-01"        },
        {"costControlIds",            "[]",   "2026-09-01", "2026-09-15-preview", "2026-07-15-preview"},
    };
    struct provider_fixture *f = *state;
    char body[256];

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        (void) snprintf(body, sizeof(body), "{\"properties\":{\"%s\":%s}}", members[i].member,
                        members[i].json);
        assert_int_equal(arm(f, members[i].before, "PATCH", ACCT, body), 200);
        assert_int_equal(arm(f, members[i].since, "GET", ACCT, NULL), 200);
        assert_false(has(f, members[i].member)); /* it was ignored */
        assert_int_equal(arm(f, members[i].since, "PATCH", ACCT, body), 200);
        assert_true(has(f, members[i].member));
        assert_int_equal(arm(f, members[i].before, "GET", ACCT, NULL), 200);
        assert_false(has(f, members[i].member));
        if (members[i].gone) {
            assert_int_equal(arm(f, members[i].gone, "GET", ACCT, NULL), 200);
            assert_false(has(f, members[i].member));
        }
    }
}

static void an_unknown_version_is_refused_and_a_later_one_taken_as_the_last(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(arm(f, "2019-01-01", "GET", ACCT, NULL), 404);
    assert_string_equal(text(f, "error.code"), "InvalidResourceType");
    assert_non_null(strstr(text(f, "error.message"),
                           "The resource type 'accounts' could not be found in the namespace "
                           "'Microsoft.CognitiveServices' for api version '2019-01-01'. The "
                           "supported api-versions are '2016-02-01-preview,2017-04-18,"));
    assert_int_equal(arm(f, "2024-10-01x", "GET", ACCT, NULL), 404);
    assert_int_equal(arm(f, "9999-01-01", "GET", ACCT, NULL), 200);
    /* Operations have their own sets. */
    assert_int_equal(arm(f, "2017-04-18", "GET", ACCT "/deployments", NULL), 404);
    assert_string_equal(text(f, "error.code"), "InvalidResourceType");
    assert_non_null(strstr(text(f, "error.message"), "'accounts/deployments'"));
    assert_int_equal(arm(f, "2021-10-01", "GET", ACCT "/deployments", NULL), 200);
    assert_int_equal(arm(f, "2023-05-01", "GET", ACCT "/encryptionScopes", NULL), 404);
    assert_int_equal(arm(f, "2024-10-01", "GET", ACCT "/encryptionScopes", NULL), 200);
    assert_int_equal(arm(f, "2024-10-01", "GET", ACCT "/projects", NULL), 404);
    assert_int_equal(arm(f, "2025-06-01", "GET", ACCT "/projects", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
}

static void a_condition_that_fails_is_412_and_changes_nothing(void **state)
{
    struct provider_fixture *f = *state;
    const char *body = "{\"tags\":{\"a\":\"b\"}}";
    struct api_store_hash before;
    char etag[80];

    assert_int_equal(arm(f, LATEST, "GET", ACCT, NULL), 200);
    (void) snprintf(etag, sizeof(etag), "%s", text(f, "etag"));
    assert_string_equal(http_response_get_header(&f->a.resp, "ETag"), etag);
    before = api_store_hash(f->d.db);
    assert_int_equal(with(f, LATEST, "PATCH", ACCT, body, "If-Match", "\"other\""), 412);
    assert_string_equal(text(f, "error.code"), "PreconditionFailed");
    assert_int_equal(with(f, LATEST, "DELETE", ACCT, NULL, "If-Match", "\"other\""), 412);
    assert_int_equal(
        with(f, LATEST, "PUT", ACCT, "{\"location\":\"westeurope\"}", "If-None-Match", "*"), 412);
    assert_int_equal(with(f, LATEST, "PUT", ACCOUNT_PATH "new",
                          "{\"kind\":\"Face\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}",
                          "If-Match", "*"),
                     412);
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(with(f, LATEST, "PATCH", ACCT, body, "If-Match", etag), 200);
    assert_string_not_equal(text(f, "etag"), etag);
    assert_int_equal(with(f, LATEST, "PATCH", ACCT, body, "If-Match", etag), 412);
    assert_int_equal(with(f, LATEST, "PATCH", ACCT, body, "If-Match", "*"), 200);
}

static void a_patch_is_202_where_the_service_works_in_the_background(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(arm(f, LATEST, "PATCH", ACCT, "{\"tags\":{\"a\":\"b\"}}"), 200);
    assert_null(http_response_get_header(&f->a.resp, "Azure-AsyncOperation"));
    assert_string_equal(text(f, "tags.a"), "b");
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_int_equal(
        arm(f, LATEST, "PATCH", ACCT,
            "{\"properties\":{\"networkAcls\":{\"defaultAction\":\"deny\",\"ipRules\":["
            "{\"value\":\"100.0.0.0/24\"}]}}}"),
        202);
    assert_non_null(http_response_get_header(&f->a.resp, "Azure-AsyncOperation"));
    assert_non_null(strstr(http_response_get_header(&f->a.resp, "Location"),
                           "&operationResultResponseType=Location"));
    assert_string_equal(text(f, "properties.provisioningState"), "Accepted");
    assert_string_equal(text(f, "properties.networkAcls.defaultAction"), "Deny");
    assert_int_equal(arm(f, LATEST, "GET", ACCT, NULL), 200);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    /* SpeechServices: at once, in every version (recorded). */
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "talk",
                         "{\"kind\":\"SpeechServices\",\"location\":\"WestUS\",\"sku\":{\"name\":"
                         "\"S0\"}}"),
                     201);
    assert_null(http_response_get_header(&f->a.resp, "Azure-AsyncOperation"));
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_string_equal(text(f, "location"), "WestUS"); /* as it was written */
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "talk",
                         "{\"identity\":{\"type\":\"SystemAssigned\"}}"),
                     200);
}

static void openai_can_become_ai_services_and_go_back(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(arm(f, "2025-06-01", "PATCH", ACCT,
                         "{\"kind\":\"AIServices\",\"sku\":{\"name\":\"S0\"},\"properties\":{"
                         "\"allowProjectManagement\":true}}"),
                     200);
    assert_string_equal(text(f, "kind"), "AIServices");
    assert_non_null(strstr(text(f, "properties.endpoint"), "acct.cognitiveservices."));
    assert_int_equal(arm(f, "2025-06-01", "PATCH", ACCT, "{\"kind\":\"openai\"}"), 200);
    assert_string_equal(text(f, "kind"), "OpenAI");
    assert_non_null(strstr(text(f, "properties.endpoint"), "acct.openai."));
}

static void keys_and_connection_strings_go_in_and_never_come_out(void **state)
{
    struct provider_fixture *f = *state;
    const char *body =
        "{\"kind\":\"QnAMaker.v2\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"},\"properties\":{"
        "\"apiProperties\":{\"qnaAzureSearchEndpointId\":\"id\",\"qnaAzureSearchEndpointKey\":"
        "\"hush1\",\"eventHubConnectionString\":\"hush2\",\"storageAccountConnectionString\":"
        "\"hush3\"}}}";

    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "qna", body), 201);
    assert_string_equal(text(f, "properties.apiProperties.qnaAzureSearchEndpointId"), "id");
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, "hush", 4));
    assert_int_equal(arm(f, LATEST, "GET", GROUP "/accounts", NULL), 200);
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, "hush", 4));
}

static int data_plane(struct provider_fixture *f, const char *host, const char *key)
{
    return provider_call(f, &(struct api_request){.host = host,
                                                  .target = "/openai/files?api-version=2024-10-21",
                                                  .headers = {{"api-key", key}}});
}

/* A quota of 40 in a region, recorded; one of them is the fixture's. */
static void accounts_of_a_region_have_a_quota(void **state)
{
    struct provider_fixture *f = *state;
    const char *body =
        "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"}}";
    struct api_store_hash before;
    char path[256];

    for (int i = 1; i < 40; i++) {
        (void) snprintf(path, sizeof(path), ACCOUNT_PATH "number%d", i);
        assert_int_equal(arm(f, LATEST, "PUT", path, body), 201);
    }
    before = api_store_hash(f->d.db);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "more", body), 400);
    assert_string_equal(text(f, "error.code"), "InsufficientQuota");
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "more",
                         "{\"kind\":\"OpenAI\",\"location\":\"eastus\",\"sku\":{\"name\":\"S0\"}}"),
                     201);
    assert_int_equal(arm(f, LATEST, "DELETE", ACCOUNT_PATH "number1", NULL), 200);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "other", body), 201);
}

/* CanNotCreateMultipleFreeAccounts: entaoai issue 27, where a soft-deleted one was in the way. */
static void a_subscription_has_one_free_account_of_a_kind(void **state)
{
    struct provider_fixture *f = *state;
    const char *face = "{\"kind\":\"face\",\"location\":\"westeurope\",\"sku\":{\"name\":\"F0\"}}";
    const char *paid = "{\"kind\":\"Face\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}";
    struct api_store_hash before;

    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "free", face), 201);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "paid", paid), 201);
    before = api_store_hash(f->d.db);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "second", face), 400);
    assert_string_equal(text(f, "error.code"), "CanNotCreateMultipleFreeAccounts");
    assert_string_equal(text(f, "error.message"),
                        "Operation failed. Only one free account is allowed for account type "
                        "'Face'.");
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "paid", "{\"sku\":{\"name\":\"F0\"}}"),
                     400);
    assert_store_unchanged(f->d.db, before);
    /* Itself it may be changed, and another kind has its own. */
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "free",
                         "{\"sku\":{\"name\":\"F0\"},\"tags\":{\"a\":\"b\"}}"),
                     200);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "form",
                         "{\"kind\":\"FormRecognizer\",\"location\":\"westus\",\"sku\":{\"name\":"
                         "\"F0\"}}"),
                     201);
    /* A soft-deleted one is in the way until it is purged. */
    assert_int_equal(arm(f, LATEST, "DELETE", ACCOUNT_PATH "free", NULL), 200);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "second", face), 400);
    assert_int_equal(arm(f, LATEST, "DELETE",
                         PLAIN "/locations/westeurope/resourceGroups/rg/deletedAccounts/free",
                         NULL),
                     202);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "second", face), 201);
}

/* learn.microsoft.com, ai-services/cognitive-services-custom-subdomains. */
static void a_sub_domain_is_set_once(void **state)
{
    struct provider_fixture *f = *state;
    const char *plain = "{\"kind\":\"Face\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}";

    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "later", plain), 201);
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "later",
                         "{\"properties\":{\"customSubDomainName\":\"Mine\"}}"),
                     202);
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "later",
                         "{\"properties\":{\"customSubDomainName\":\"mine\"}}"),
                     202);
    assert_int_equal(arm(f, LATEST, "PATCH", ACCOUNT_PATH "later",
                         "{\"properties\":{\"customSubDomainName\":\"other\"}}"),
                     400);
    assert_int_equal(arm(f, LATEST, "GET", ACCOUNT_PATH "later", NULL), 200);
    assert_non_null(strstr(text(f, "properties.endpoint"), "https://mine.cognitiveservices."));
}

/* Recorded whole (wire-samples.md part 3); a subscription is registered until it says otherwise. */
static void a_subscription_that_is_not_registered_makes_no_account(void **state)
{
    struct provider_fixture *f = *state;
    const char *face = "{\"kind\":\"Face\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}";
    const char *recorded =
        "{\"error\":{\"code\":\"MissingSubscriptionRegistration\",\"message\":\"The subscription is not registered to use namespace 'Microsoft.CognitiveServices'. See https://aka.ms/rps-not-found for how to register subscriptions.\",\"details\":[{\"code\":\"MissingSubscriptionRegistration\",\"target\":\"Microsoft.CognitiveServices\",\"message\":\"The subscription is not registered to use namespace 'Microsoft.CognitiveServices'. See https://aka.ms/rps-not-found for how to register subscriptions.\"}]}}";
    struct api_store_hash before;

    assert_int_equal(arm(f, "2021-04-01", "POST", PLAIN "/unregister", NULL), 409); /* in use */
    assert_int_equal(arm(f, LATEST, "DELETE", ACCT, NULL), 200);
    assert_int_equal(arm(f, "2021-04-01", "POST", PLAIN "/unregister", NULL), 200);
    assert_string_equal(text(f, "registrationState"), "Unregistered");
    before = api_store_hash(f->d.db);
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "face", face), 409);
    assert_int_equal(f->a.resp.body.len, strlen(recorded));
    assert_memory_equal(f->a.resp.body.data, recorded, strlen(recorded));
    assert_string_equal(http_response_get_header(&f->a.resp, "x-ms-failure-cause"), "gateway");
    assert_int_equal(arm(f, LATEST, "POST", PLAIN "/checkDomainAvailability",
                         "{\"subdomainName\":\"a\",\"type\":\"t\"}"),
                     409);
    assert_int_equal(arm(f, LATEST, "GET", GROUP "/accounts", NULL), 200);
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(arm(f, "2021-04-01", "GET", PLAIN, NULL), 200);
    assert_string_equal(text(f, "registrationState"), "Unregistered");
    assert_int_equal(arm(f, "2021-04-01", "POST",
                         "/subscriptions/" SUB "/providers/microsoft.cognitiveservices/register",
                         NULL),
                     200);
    assert_string_equal(text(f, "registrationState"), "Registered");
    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "face", face), 201);
    assert_int_equal(
        arm(f, "2021-04-01", "POST", "/subscriptions/" SUB "/providers/A.B/unregister", NULL), 404);
    assert_string_equal(text(f, "error.code"), "InvalidResourceNamespace");
}

/* An operation, and a deleted account, are found only where they belong. */
static void what_is_deleted_is_found_in_its_own_place(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(arm(f, LATEST, "DELETE", ACCT, NULL), 200);
    assert_int_equal(arm(f, LATEST, "GET",
                         PLAIN "/locations/WestEurope/resourceGroups/RG/deletedAccounts/acct",
                         NULL),
                     200);
    assert_int_equal(arm(f, LATEST, "GET",
                         PLAIN "/locations/eastus/resourceGroups/rg/deletedAccounts/acct", NULL),
                     404);
    assert_string_equal(text(f, "error.code"), "ResourceNotFound");
    assert_int_equal(arm(f, LATEST, "DELETE",
                         PLAIN "/locations/eastus/resourceGroups/rg/deletedAccounts/acct", NULL),
                     404);
    assert_int_equal(arm(f, LATEST, "DELETE",
                         PLAIN "/locations/westeurope/resourceGroups/rg/deletedAccounts/acct",
                         NULL),
                     202);
}

/* Without a custom sub-domain there is only the region's endpoint, and keys alone open it. */
static void a_region_serves_the_account_whose_key_is_given(void **state)
{
    struct provider_fixture *f = *state;
    const char *body = "{\"kind\":\"OpenAI\",\"location\":\"West US\",\"sku\":{\"name\":\"S0\"}}";
    char key[64];

    assert_int_equal(arm(f, LATEST, "PUT", ACCOUNT_PATH "plain", body), 201);
    assert_string_equal(text(f, "properties.endpoint"),
                        "https://westus.cognitiveservices.localhost:7444/");
    assert_int_equal(arm(f, LATEST, "POST", ACCOUNT_PATH "plain/listKeys", NULL), 200);
    (void) snprintf(key, sizeof(key), "%s", text(f, "key2"));
    assert_int_equal(data_plane(f, "westus.cognitiveservices.localhost:7444", key), 200);
    assert_int_equal(data_plane(f, "eastus.cognitiveservices.localhost:7444", key), 401);
    assert_int_equal(data_plane(f, "westus.cognitiveservices.localhost:7444", "nonsense"), 401);
    assert_int_equal(data_plane(f, "plain.openai.localhost:7444", key), 404);
    assert_int_equal(
        provider_call(f, &(struct api_request){.host = "westus.api.cognitive.microsoft.com",
                                               .target = "/openai/files?api-version=2024-10-21",
                                               .headers = {{"api-key", key}}}),
        200);
}

/* With 2017-04-18 a deleted account was gone (recorded 2020). */
static void the_oldest_version_knows_no_soft_delete(void **state)
{
    struct provider_fixture *f = *state;

    assert_int_equal(arm(f, "2017-04-18", "DELETE", ACCT, NULL), 200);
    assert_int_equal(arm(f, LATEST, "GET", PLAIN "/deletedAccounts", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 0);
    provider_make_account(f);
}

static void the_catalogue_answers(void **state)
{
    static const struct {
        const char *method, *path, *body;
        const char *in; /* stands in the answer */
    } asks[] = {
        {"GET",  PLAIN "/skus",                                                                NULL,              "\"kind\":\"OpenAI\""                                                      },
        {"GET",  ACCT "/skus",                                                                 NULL,              "{\"name\":\"S0\",\"tier\":\"Standard\"}"                                  },
        {"GET",  ACCT "/usages",                                                               NULL,              "{\"value\":[]}"                                                           },
        {"GET",  ACCT "/models",                                                               NULL,              "\"usageName\":\"OpenAI.Standard.gpt-35-turbo\""                           },
        {"GET",  PLAIN "/locations/westeurope/models",                                         NULL,              "\"kind\":\"AIServices\""                                                  },
        {"GET",  PLAIN "/locations/westeurope/commitmentTiers",                                NULL,              "\"planType\":\"NTTS\""                                                    },
        {"GET",  "/providers/Microsoft.CognitiveServices/operations",                          NULL,
         "Microsoft.CognitiveServices/accounts/deployments/write"                                                                                                                            },
        {"GET",  ACCT "/privateLinkResources",                                                 NULL,              "privatelink.openai.azure.com"                                             },
        {"GET",  ACCT "/privateEndpointConnections",                                           NULL,              "{\"value\":[]}"                                                           },
        {"GET",  ACCT "/raiPolicies",                                                          NULL,              "{\"value\":[]}"                                                           },
        {"GET",  ACCT "/networkSecurityPerimeterConfigurations",                               NULL,              "{\"value\":[]}"                                                           },
        {"GET",
         PLAIN "/modelCapacities?modelFormat=OpenAI&modelName=gpt-4o&modelVersion=2024-08-06", NULL,
         "\"availableCapacity\":450.0"                                                                                                                                                       },
        {"POST", PLAIN "/checkDomainAvailability",
         "{\"subdomainName\":\"free\",\"type\":\"Microsoft.CognitiveServices/accounts\"}",                        "\"isSubdomainAvailable\":true"                                            },
        {"POST", PLAIN "/checkDomainAvailability",
         "{\"subdomainName\":\"Acct\",\"type\":\"t\",\"kind\":\"OpenAI\"}",                                       "\"isSubdomainAvailable\":false"                                           },
        {"POST", PLAIN "/locations/eastus/checkSkuAvailability",
         "{\"skus\":[\"S0\"],\"kind\":\"Face\",\"type\":\"Microsoft.CognitiveServices/accounts\"}",               "\"skuName\":\"S0\",\"skuAvailable\":true,\"reason\":null,\"message\":null"},
        {"POST", PLAIN "/locations/eastus/checkSkuAvailability",
         "{\"skus\":[\"X\"],\"kind\":\"Face\",\"type\":\"t\"}",                                                   "\"skuAvailable\":false"                                                   },
        {"POST", PLAIN "/calculateModelCapacity",
         "{\"model\":{\"format\":\"OpenAI\",\"name\":\"gpt-4o\",\"version\":\"2024-08-06\"},\"skuName\":\"ProvisionedManaged\",\"workloads\":["
         "{\"requestPerMinute\":10,\"requestParameters\":{\"avgPromptTokens\":700,\"avgGeneratedTokens\":60}}]}",
         "\"value\":8,"                                                                                                                                                                      },
    };
    struct provider_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        if (arm(f, LATEST, asks[i].method, asks[i].path, asks[i].body) != 200 ||
            !memmem(f->a.resp.body.data, f->a.resp.body.len, asks[i].in, strlen(asks[i].in))) {
            fail_msg("%s: %d %.*s", asks[i].path, f->a.status, (int) f->a.resp.body.len,
                     f->a.resp.body.data);
        }
    }
    assert_int_equal(arm(f, LATEST, "GET", PLAIN "/locations/atlantis/usages", NULL), 400);
    assert_int_equal(arm(f, LATEST, "GET", PLAIN "/locations/atlantis/models", NULL), 400);
    assert_int_equal(arm(f, LATEST, "GET", PLAIN "/locations/atlantis/commitmentTiers", NULL), 400);
    assert_int_equal(arm(f, LATEST, "POST", PLAIN "/locations/atlantis/checkSkuAvailability",
                         "{\"skus\":[\"S0\"],\"kind\":\"Face\"}"),
                     400);
    assert_string_equal(text(f, "error.code"), "LocationNotAvailableForResourceType");
    assert_int_equal(arm(f, LATEST, "GET", PLAIN "/modelCapacities", NULL), 400);
    /* A load that no number of units could carry. */
    assert_int_equal(
        arm(f, LATEST, "POST", PLAIN "/calculateModelCapacity",
            "{\"model\":{\"name\":\"gpt-4o\",\"version\":\"2024-08-06\"},\"workloads\":[{"
            "\"requestPerMinute\":1e200,\"requestParameters\":{\"avgPromptTokens\":1e100}}]}"),
        400);
    assert_string_equal(text(f, "error.target"), "workloads");
    assert_int_equal(arm(f, LATEST, "POST", PLAIN "/checkDomainAvailability", "{}"), 400);
    assert_int_equal(arm(f, LATEST, "POST", PLAIN "/locations/eastus/checkSkuAvailability", "{}"),
                     400);
    assert_string_equal(text(f, "error.message"),
                        "Value cannot be null. (Parameter 'requestObject.Skus')");
    assert_int_equal(arm(f, LATEST, "GET", ACCT "/raiPolicies/x", NULL), 404);
    assert_int_equal(arm(f, LATEST, "GET", ACCOUNT_PATH "none/raiPolicies", NULL), 404);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_refused_patch_changes_nothing),
        CASE(a_create_says_what_is_wrong),
        CASE(a_member_is_known_from_its_version_on),
        CASE(an_unknown_version_is_refused_and_a_later_one_taken_as_the_last),
        CASE(a_condition_that_fails_is_412_and_changes_nothing),
        CASE(a_patch_is_202_where_the_service_works_in_the_background),
        CASE(openai_can_become_ai_services_and_go_back),
        CASE(keys_and_connection_strings_go_in_and_never_come_out),
        CASE(accounts_of_a_region_have_a_quota),
        CASE(a_subscription_has_one_free_account_of_a_kind),
        CASE(a_sub_domain_is_set_once),
        CASE(a_subscription_that_is_not_registered_makes_no_account),
        CASE(what_is_deleted_is_found_in_its_own_place),
        CASE(a_region_serves_the_account_whose_key_is_given),
        CASE(the_oldest_version_knows_no_soft_delete),
        CASE(the_catalogue_answers),
    };

    return cmocka_run_group_tests_name("provider_surface", tests, NULL, NULL);
}
