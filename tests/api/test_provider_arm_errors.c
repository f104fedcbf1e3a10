/* SPDX-License-Identifier: MIT */
/*
 * Every error of the resource manager about accounts, in its envelope: {"error": {"code",
 * "message", "target"?, "details"?, "innererror"?}}. Codes and texts: azure-rules.md section 9,
 * wire-samples.md part 1, and the public issues that the code cites beside them; a row without a
 * text has one of ours.
 */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define SUBS   "/subscriptions/" SUB
#define RG     SUBS "/resourceGroups/rg"
#define AI     "/providers/Microsoft.CognitiveServices"
#define ACCT   ACCOUNT_PATH "acct"
#define GONE   ACCOUNT_PATH "gone"
#define NOBODY ACCOUNT_PATH "nobody"
#define DEPLOY(name, capacity)                               \
    "{\"sku\":{\"name\":\"Standard\",\"capacity\":" capacity \
    "},\"properties\":{\"model\":{\"format\":"               \
    "\"OpenAI\",\"name\":\"" name "\",\"version\":\"2024-08-06\"}}}"
#define MAKE(kind, sku, location, more) \
    "{\"kind\":\"" kind "\",\"sku\":{\"name\":\"" sku "\"},\"location\":\"" location "\"" more "}"
#define VERSION "?api-version=2024-10-01"

/* clang-format off */
static const struct row {
    const char *method, *target, *body;
    int status;
    const char *code;
    const char *message; /* NULL: ours */
    const char *member;  /* error.target; NULL: none */
} rows[] = {
    /* the front door */
    {"GET",    ACCT,                                        NULL, 400, "MissingApiVersionParameter",
     "The api-version query parameter (?api-version=) is required for all requests.", NULL},
    {"GET",    ACCT "?api-version=2000-01-01",              NULL, 404, "InvalidResourceType",
     "The resource type 'accounts' could not be found in the namespace 'Microsoft.CognitiveServices' for api version '2000-01-01'. The supported api-versions are '2016-02-01-preview,", NULL},
    {"GET",    RG AI "/things/x",                           NULL, 400, "MissingApiVersionParameter", NULL, NULL},
    {"GET",    RG "/providers/microsoft.cognitiveservices/things/x" VERSION, NULL, 404, "InvalidResourceType",
     "The resource type could not be found in the namespace 'Microsoft.CognitiveServices' for api version '2024-10-01'.", NULL},
    {"PUT",    ACCT "/capabilityHosts/h" VERSION,           "{}", 404, "InvalidResourceType",
     "The resource type could not be found in the namespace 'Microsoft.CognitiveServices' for api version '2024-10-01'.", NULL},
    {"PUT",    RG "/providers/Microsoft.Nothing/things/x" VERSION, "{}", 404, "InvalidResourceNamespace",
     "The resource namespace 'Microsoft.Nothing' is invalid.", NULL},
    {"GET",    "/subscriptions/x/resourceGroups" VERSION,   NULL, 400, "InvalidSubscriptionId",
     "The provided subscription identifier 'x' is malformed or invalid.", NULL},
    {"GET",    "/subscriptions/00000000-0000-0000-0000-000000000000" AI "/accounts" VERSION, NULL, 404, "SubscriptionNotFound",
     "The subscription '00000000-0000-0000-0000-000000000000' could not be found.", NULL},
    {"GET",    SUBS "/resourceGroups/none" AI "/accounts" VERSION, NULL, 404, "ResourceGroupNotFound",
     "Resource group 'none' could not be found.", NULL},
    {"PUT",    SUBS "/resourceGroups/none" AI "/accounts/new" VERSION, MAKE("Face", "S0", "westus", ""), 404, "ResourceGroupNotFound",
     "Resource group 'none' could not be found.", NULL},
    {"GET",    NOBODY VERSION,                              NULL, 404, "ResourceNotFound",
     "The Resource 'Microsoft.CognitiveServices/accounts/nobody' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", NULL},
    {"PATCH",  NOBODY VERSION,                              "{}", 404, "ResourceNotFound",
     "The Resource 'Microsoft.CognitiveServices/accounts/nobody' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", NULL},
    {"POST",   NOBODY "/listKeys" VERSION,                  NULL, 404, "ResourceNotFound", NULL, NULL},
    {"GET",    ACCT "/deployments/none" VERSION,            NULL, 404, "ResourceNotFound", NULL, NULL},
    {"PUT",    NOBODY "/deployments/d" VERSION,             DEPLOY("gpt-4o", "1"), 404, "ParentResourceNotFound",
     "Failed to perform 'write' on resource(s) of type 'accounts/deployments', because the parent resource '" NOBODY "' could not be found.", NULL},
    {"GET",    NOBODY "/encryptionScopes" VERSION,          NULL, 404, "ParentResourceNotFound",
     "Failed to perform 'read' on resource(s) of type 'accounts/encryptionScopes', because the parent resource '" NOBODY "' could not be found.", NULL},
    {"DELETE", NOBODY "/commitmentPlans/p" VERSION,         NULL, 404, "ParentResourceNotFound",
     "Failed to perform 'delete' on resource(s) of type 'accounts/commitmentPlans', because the parent resource '" NOBODY "' could not be found.", NULL},
    {"GET",    ACCT "/listKeys" VERSION,                    NULL, 405, "MethodNotAllowed", NULL, NULL},
    {"PUT",    ACCT "/raiPolicies/p" VERSION,               "{}", 405, "MethodNotAllowed", NULL, NULL},
    {"PUT",    NOBODY VERSION,                              NULL, 400, "InvalidRequestContent", NULL, NULL},
    {"PUT",    NOBODY VERSION,                              "{",  400, "InvalidRequestContent", NULL, NULL},
    {"PATCH",  ACCT VERSION,                                "[]", 400, "InvalidRequestContent", NULL, NULL},
    /* places */
    {"PUT",    NOBODY VERSION, "{\"kind\":\"Face\",\"sku\":{\"name\":\"S0\"}}", 400, "LocationRequired",
     "The location property is required for this definition.", NULL},
    {"PUT",    NOBODY VERSION, MAKE("Face", "S0", "moon", ""), 400, "LocationNotAvailableForResourceType",
     "The provided location 'moon' is not available for resource type 'Microsoft.CognitiveServices/accounts'. List of available regions for the resource type is 'australiaeast,", NULL},
    {"GET",    SUBS AI "/locations/moon/usages" VERSION,    NULL, 400, "LocationNotAvailableForResourceType", NULL, NULL},
    {"PUT",    ACCT VERSION, MAKE("OpenAI", "S0", "eastus", ""), 409, "InvalidResourceLocation",
     "The resource 'acct' already exists in location 'westeurope' in resource group 'rg'. A resource with the same name cannot be created in location 'eastus'. Please select a new resource name.", NULL},
    /* what an account is */
    {"PUT",    NOBODY VERSION, MAKE("Toaster", "S0", "westus", ""), 400, "InvalidApiSetId",
     "The account type 'Toaster' is either invalid or unavailable in given region.", NULL},
    {"PUT",    NOBODY VERSION, MAKE("OpenAI", "F0", "westus", ""), 400, "SpecialFeatureOrQuotaIdRequired",
     "The subscription does not have QuotaId/Feature required by SKU 'F0' from kind 'OpenAI' or contains blocked QuotaId/Feature.", NULL},
    {"PUT",    NOBODY VERSION, "{\"kind\":\"Face\",\"location\":\"westus\"}", 400, "InvalidRequestContent", NULL, "sku"},
    {"PUT",    NOBODY VERSION, MAKE("Face", "F0", "westus", ""), 400, "CanNotCreateMultipleFreeAccounts",
     "Operation failed. Only one free account is allowed for account type 'Face'.", NULL},
    {"PATCH",  ACCT VERSION, "{\"kind\":\"Face\"}", 400, "UpdateKindNotAllowed",
     "It's not allowed to update kind of API account.", "kind"},
    {"PATCH",  ACCT VERSION, "{\"properties\":{\"disableLocalAuth\":7}}", 400, "InvalidRequestContent", NULL, "disableLocalAuth"},
    {"PUT",    NOBODY VERSION, MAKE("Face", "S0", "westus", ",\"properties\":{\"customSubDomainName\":\"Acct\"}"), 409, "CustomDomainInUse",
     "Please pick a different name. The subdomain name 'Acct' is not available as it's already used by a resource.", NULL},
    /* a name is taken by a deleted account, too */
    {"PUT",    NOBODY VERSION, MAKE("Face", "S0", "westus", ",\"properties\":{\"customSubDomainName\":\"gone\"}"), 409, "CustomDomainInUse",
     "Please pick a different name. The subdomain name 'gone' is not available as it's already used by a resource.", NULL},
    {"PUT",    GONE VERSION, MAKE("Face", "F0", "westeurope", ""), 409, "FlagMustBeSetForRestore",
     "An existing resource with ID '" GONE "' has been soft-deleted. To restore the resource, you must specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge it first.", NULL},
    {"DELETE", SUBS AI "/locations/westeurope/resourceGroups/rg/deletedAccounts/nobody" VERSION, NULL, 404, "ResourceNotFound", NULL, NULL},
    {"GET",    SUBS AI "/locations/westeurope/operationResults/nothing" VERSION, NULL, 404, "NotFound", NULL, NULL},
    {"PATCH",  ACCT VERSION, "{\"identity\":{\"type\":\"UserAssigned\",\"userAssignedIdentities\":{\"" RG "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x\":{}}}}",
     400, "FailedIdentityOperation", NULL, NULL},
    /* deployments */
    {"PUT",    ACCT "/deployments/d" VERSION,               DEPLOY("gpt-9", "1"), 400, "DeploymentModelNotSupported",
     "The model 'Format:OpenAI,Name:gpt-9,Version:2024-08-06' is not supported", NULL},
    {"PUT",    ACCT "/deployments/d" VERSION,               DEPLOY("gpt-4o", "451"), 400, "InsufficientQuota",
     "This operation require 451 new capacity in quota Tokens Per Minute (thousands) - gpt-4o, which is bigger than the current available capacity 450. The current quota usage is 0 and the quota limit is 450 for quota Tokens Per Minute (thousands) - gpt-4o.", NULL},
    {"PUT",    ACCT "/deployments/d" VERSION,               "{\"sku\":{\"name\":\"X\"},\"properties\":{\"model\":{\"name\":\"gpt-4o\",\"version\":\"2024-08-06\"}}}", 400, "InvalidResourceProperties",
     "The specified SKU 'X' of account deployment is not supported by the model 'Format:OpenAI,Name:gpt-4o,Version:2024-08-06'.", "sku"},
    {"PUT",    ACCT "/deployments/d" VERSION,               "{}", 400, "InvalidRequestContent", NULL, "model"},
};
/* clang-format on */

static int setup(void **state)
{
    static struct provider_fixture f;

    provider_fixture_open(&f);
    provider_make_account(&f);
    assert_int_equal(provider_arm(&f, "PUT", GONE,
                                  MAKE("Face", "F0", "westeurope",
                                       ",\"properties\":{\"customSubDomainName\":\"gone\"}")),
                     201);
    assert_int_equal(provider_arm(&f, "DELETE", GONE, NULL), 200);
    *state = &f;
    return 0;
}

static void has_only_known_members(const json_t *doc)
{
    static const char *const known[] = {"code", "message", "target", "details", "innererror"};
    json_t *error = json_object_get(doc, "error");
    const char *name;
    json_t *value;

    assert_int_equal(json_object_size(doc), 1);
    json_object_foreach(error, name, value)
    {
        bool found = false;

        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
            found = found || strcmp(name, known[i]) == 0;
        }
        assert_true(found);
    }
}

static void every_error_has_its_code_text_and_envelope(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const char *message;

        (void) provider_call(f, &(struct api_request){.method = r->method,
                                                      .host = ARM_HOST,
                                                      .target = r->target,
                                                      .token = f->token,
                                                      .body = r->body});
        message = api_text(f->a.doc, "error.message");
        /* Where the table ends in the middle of a list, the text may go on. */
        if (f->a.status != r->status || strcmp(api_text(f->a.doc, "error.code"), r->code) != 0 ||
            !message[0] || (r->message && strncmp(message, r->message, strlen(r->message)) != 0) ||
            (r->message && r->message[strlen(r->message) - 1] != ',' &&
             strcmp(message, r->message) != 0) ||
            strcmp(api_text(f->a.doc, "error.target"), r->member ? r->member : "") != 0) {
            fail_msg("%s %s: %d %s (%s) %s", r->method, r->target, f->a.status,
                     api_text(f->a.doc, "error.code"), api_text(f->a.doc, "error.target"), message);
        }
        assert_string_equal(f->a.resp.content_type, "application/json; charset=utf-8");
        has_only_known_members(f->a.doc);
        assert_store_unchanged(f->d.db, before);
    }
}

static void every_error_needs_a_token_first(void **state)
{
    struct provider_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(provider_call(f, &(struct api_request){.method = rows[i].method,
                                                                .host = ARM_HOST,
                                                                .target = rows[i].target,
                                                                .body = rows[i].body}),
                         401);
        assert_string_equal(api_text(f->a.doc, "error.code"), "AuthenticationFailed");
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_error_has_its_code_text_and_envelope),
        CASE(every_error_needs_a_token_first),
    };

    return cmocka_run_group_tests_name("provider_arm_errors", tests, NULL, NULL);
}
