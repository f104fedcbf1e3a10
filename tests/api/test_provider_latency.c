/* SPDX-License-Identifier: MIT */
/*
 * --latency=azure: what is shown and refused while an operation on an account runs. States and
 * polls as recorded (wire-samples.md part 1); refusals as public issues quote them (azure-rules.md
 * section 9, bicep-types-az 2419).
 */
#include "provider/api/api.h"
#include "provider/domain/operation.h"
#include "tests/api/provider_fixture.h"

#define ACCT ACCOUNT_PATH "acct"
#define DELETED           \
    "/subscriptions/" SUB \
    "/providers/Microsoft.CognitiveServices/locations/westeurope/resourceGroups/rg/deletedAccounts/acct"
#define MODEL(v)                                      \
    "{\"sku\":{\"name\":\"Standard\",\"capacity\":" v \
    "},\"properties\":{\"model\":{\"format\":\"OpenAI\",\"name\":\"gpt-35-turbo\",\"version\":\"0613\"}}}"
#define DENY "{\"properties\":{\"networkAcls\":{\"defaultAction\":\"Deny\"}}}"

static int setup(void **state)
{
    static struct provider_fixture f;

    provider_fixture_open(&f);
    f.d.latency = true;
    provider_make_account(&f);
    *state = &f;
    return 0;
}

/* 2023-05-01 has no PATCH of deployments. */
static int arm(struct provider_fixture *f, const char *method, const char *path, const char *body)
{
    char target[1024];

    (void) snprintf(target, sizeof(target), "%s?api-version=2024-10-01", path);
    return provider_call(
        f,
        &(struct api_request){
            .method = method, .host = ARM_HOST, .target = target, .token = f->token, .body = body});
}

static const char *text(struct provider_fixture *f, const char *path)
{
    return api_text(f->a.doc, path);
}

static void shows(struct provider_fixture *f, const char *path, const char *state)
{
    assert_int_equal(arm(f, "GET", path, NULL), 200);
    assert_string_equal(text(f, "properties.provisioningState"), state);
}

/* The URL of a header of the last answer. */
static void keep(struct provider_fixture *f, const char *header, char url[1024])
{
    const char *v = http_response_get_header(&f->a.resp, header);

    assert_non_null(v);
    (void) snprintf(url, 1024, "%s", v);
}

static int follow(struct provider_fixture *f, const char *url)
{
    return provider_call(f, &(struct api_request){.host = ARM_HOST,
                                                  .target = strstr(url, "/subscriptions/"),
                                                  .token = f->token});
}

static void is_refused(struct provider_fixture *f, const char *method, const char *path,
                       const char *body, const char *code, const char *words)
{
    struct api_store_hash before = api_store_hash(f->d.db);
    int status = strcmp(code, "AccountProvisioningStateInvalid") == 0 ? 400 : 409;

    if (arm(f, method, path, body) != status || strcmp(text(f, "error.code"), code) != 0 ||
        !strstr(text(f, "error.message"), words)) {
        fail_msg("%s %s: %d %s: %s", method, path, f->a.status, text(f, "error.code"),
                 text(f, "error.message"));
    }
    assert_store_unchanged(f->d.db, before);
}

static void a_creation_is_polled_until_it_has_succeeded(void **state)
{
    struct provider_fixture *f = *state;
    char url[1024];

    assert_string_equal(text(f, "properties.provisioningState"), "Creating");
    assert_null(http_response_get_header(&f->a.resp, "Location"));
    keep(f, "Azure-AsyncOperation", url);
    assert_int_equal(follow(f, url), 200);
    assert_string_equal(text(f, "status"), "Creating");
    assert_null(json_object_get(f->a.doc, "endTime"));
    shows(f, ACCT, "Creating");
    provider_advance(f, (int64_t) operation_create_s("OpenAI") - 1);
    shows(f, ACCT, "Creating");
    provider_advance(f, 1);
    assert_int_equal(follow(f, url), 200);
    assert_string_equal(text(f, "status"), "Succeeded");
    assert_string_not_equal(text(f, "endTime"), text(f, "startTime"));
    shows(f, ACCT, "Succeeded");
}

static void nothing_is_done_to_an_account_that_is_being_made(void **state)
{
    struct provider_fixture *f = *state;
    const char *create =
        "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"}}";
    const char *words = "Cannot modify resource with id '" ACCT
                        "' because the resource entity provisioning state is not terminal. Please "
                        "wait for the provisioning state to become terminal and then retry the "
                        "request.";

    is_refused(f, "PUT", ACCT, create, "RequestConflict", words);
    is_refused(f, "PATCH", ACCT, "{\"tags\":{\"a\":\"b\"}}", "RequestConflict", words);
    is_refused(f, "DELETE", ACCT, NULL, "RequestConflict", words);
    is_refused(f, "PUT", ACCT "/deployments/d", MODEL("1"), "AccountProvisioningStateInvalid",
               "Account " ACCT " in state Creating");
    is_refused(f, "PUT", ACCT "/commitmentPlans/p", "{}", "AccountProvisioningStateInvalid",
               "Creating");
    provider_advance(f, operation_create_s("OpenAI"));
    assert_int_equal(arm(f, "PUT", ACCT, create), 200);
    assert_int_equal(arm(f, "PATCH", ACCT, "{\"tags\":{\"a\":\"b\"}}"), 200);
    assert_int_equal(arm(f, "DELETE", ACCT, NULL), 200);
}

static void a_change_is_accepted_and_has_its_time(void **state)
{
    struct provider_fixture *f = *state;
    char poll[1024];
    char location[1024];

    provider_advance(f, operation_create_s("OpenAI"));
    assert_int_equal(arm(f, "PATCH", ACCT, DENY), 202);
    assert_string_equal(text(f, "properties.provisioningState"), "Accepted");
    keep(f, "Azure-AsyncOperation", poll);
    keep(f, "Location", location);
    assert_int_equal(follow(f, poll), 200);
    assert_string_equal(text(f, "status"), "Updating");
    assert_int_equal(follow(f, location), 202);
    assert_non_null(
        strstr(http_response_get_header(&f->a.resp, "Location"), "operationResultResponseType"));
    is_refused(f, "PUT", ACCT "/deployments/d", MODEL("1"), "AccountProvisioningStateInvalid",
               "in state Accepted");
    provider_advance(f, OPERATION_NETWORK_S);
    assert_int_equal(follow(f, location), 200);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_string_equal(text(f, "name"), "acct");
    assert_int_equal(arm(f, "PUT", ACCT "/deployments/d", MODEL("1")), 201);
    /* An encryption or an identity takes a second. */
    assert_int_equal(arm(f, "PATCH", ACCT, "{\"identity\":{\"type\":\"None\"}}"), 202);
    provider_advance(f, OPERATION_UPDATE_S);
    shows(f, ACCT, "Succeeded");
}

/* Recorded 2023: a deployment is there, and can be deleted, at once. */
static void a_deployment_takes_no_time_and_leaves_its_account_alone(void **state)
{
    struct provider_fixture *f = *state;

    provider_advance(f, operation_create_s("OpenAI"));
    assert_int_equal(arm(f, "PUT", ACCT "/deployments/one", MODEL("1")), 201);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    shows(f, ACCT, "Succeeded");
    assert_int_equal(arm(f, "PUT", ACCT "/deployments/two", MODEL("1")), 201);
    assert_int_equal(arm(f, "PATCH", ACCT, DENY), 202);
    is_refused(f, "PATCH", ACCT "/deployments/one", "{}", "AccountProvisioningStateInvalid",
               "in state Accepted");
    is_refused(f, "DELETE", ACCT "/deployments/one", NULL, "AccountProvisioningStateInvalid",
               "in state Accepted");
    provider_advance(f, OPERATION_NETWORK_S);
    assert_int_equal(arm(f, "DELETE", ACCT "/deployments/one", NULL), 200);
}

static void a_purge_is_deleting_and_then_the_name_is_free(void **state)
{
    struct provider_fixture *f = *state;
    char url[1024];

    provider_advance(f, operation_create_s("OpenAI"));
    assert_int_equal(arm(f, "DELETE", ACCT, NULL), 200);
    shows(f, DELETED, "Succeeded"); /* at once (recorded) */
    assert_int_equal(arm(f, "DELETE", DELETED, NULL), 202);
    keep(f, "Azure-AsyncOperation", url);
    assert_int_equal(follow(f, url), 200);
    assert_string_equal(text(f, "status"), "Deleting");
    shows(f, DELETED, "Deleting");
    is_refused(f, "DELETE", DELETED, NULL, "RequestConflict", "not terminal");
    is_refused(f, "PUT", ACCT, "{\"location\":\"westeurope\",\"properties\":{\"restore\":true}}",
               "RequestConflict", "not terminal");
    provider_advance(f, OPERATION_PURGE_S);
    assert_int_equal(arm(f, "GET", DELETED, NULL), 404);
    assert_int_equal(follow(f, url), 200);
    assert_string_equal(text(f, "status"), "Succeeded");
    provider_make_account(f);
}

static void a_deletion_outlives_no_operation(void **state)
{
    struct provider_fixture *f = *state;

    /* A group's deletion takes along what is still being made. */
    assert_true(arm(f, "DELETE", "/subscriptions/" SUB "/resourceGroups/rg", NULL) < 300);
    shows(f, DELETED, "Succeeded");
    assert_int_equal(arm(f, "DELETE", DELETED, NULL), 202);
}

static void what_the_service_does_at_once_takes_no_time(void **state)
{
    struct provider_fixture *f = *state;

    provider_advance(f, operation_create_s("OpenAI"));
    assert_int_equal(arm(f, "PATCH", ACCT, "{\"tags\":{\"a\":\"b\"}}"), 200);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_int_equal(
        arm(f, "PUT", ACCOUNT_PATH "talk",
            "{\"kind\":\"SpeechServices\",\"location\":\"westus\",\"sku\":{\"name\":\"S0\"}}"),
        201);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
    assert_int_equal(arm(f, "DELETE", ACCT, NULL), 200);
    assert_int_equal(
        arm(f, "PUT", ACCT, "{\"location\":\"westeurope\",\"properties\":{\"restore\":true}}"),
        201);
    assert_string_equal(text(f, "properties.provisioningState"), "Succeeded");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_creation_is_polled_until_it_has_succeeded),
        CASE(nothing_is_done_to_an_account_that_is_being_made),
        CASE(a_change_is_accepted_and_has_its_time),
        CASE(a_deployment_takes_no_time_and_leaves_its_account_alone),
        CASE(a_purge_is_deleting_and_then_the_name_is_free),
        CASE(a_deletion_outlives_no_operation),
        CASE(what_the_service_does_at_once_takes_no_time),
    };

    return cmocka_run_group_tests_name("provider_latency", tests, NULL, NULL);
}
