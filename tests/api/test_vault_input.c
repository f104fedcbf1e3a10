/* SPDX-License-Identifier: MIT */
/* Bad input: the service's own JSON error with the right status, and nothing changed. */
#include "tests/api/vault_fixture.h"
#include "vault/api/api.h"

static int setup(void **state)
{
    static struct vault_fixture f;

    vault_fixture_open(&f);
    assert_int_equal(vault_call(&f, "POST", "/keys/ec/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_call(&f, "POST", "/keys/rsa/create", "{\"kty\":\"RSA\"}"), 200);
    *state = &f;
    return 0;
}

struct bad {
    const char *method, *path, *body;
    int status;
};

static void refuse_all(struct vault_fixture *f, const struct bad *list, size_t n,
                       int (*call)(struct vault_fixture *f, const char *method, const char *path,
                                   const char *body))
{
    for (size_t i = 0; i < n; i++) {
        struct api_store_hash before = api_store_hash(f->d.db);

        if (call(f, list[i].method, list[i].path, list[i].body) != list[i].status) {
            fail_msg("%s %s %s: %d %s", list[i].method, list[i].path,
                     list[i].body ? list[i].body : "", f->a.status,
                     api_text(f->a.doc, "error.message"));
        }
        assert_true(api_text(f->a.doc, "error.code")[0] != '\0');
        assert_true(api_text(f->a.doc, "error.message")[0] != '\0');
        assert_store_unchanged(f->d.db, before);
    }
}

#define LONG16  "xxxxxxxxxxxxxxxx"
#define LONG128 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16

static void a_bad_body_changes_nothing(void **state)
{
    static const struct bad list[] = {
        {"POST",  "/keys/k/create",      NULL,                                                         400},
        {"POST",  "/keys/k/create",      "",                                                           400},
        {"POST",  "/keys/k/create",      "{",                                                          400},
        {"POST",  "/keys/k/create",      "[]",                                                         400},
        {"POST",  "/keys/k/create",      "null",                                                       400},
        {"POST",  "/keys/k/create",      "{}",                                                         400},
        {"POST",  "/keys/k/create",      "{\"kty\":7}",                                                400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"DSA\"}",                                          400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"kty\":\"RSA\"}",                           400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\"}x",                                          400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"crv\":\"P-224\"}",                         400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"crv\":7}",                                 400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"RSA\",\"key_size\":1024}",                        400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"RSA\",\"key_size\":2049}",                        400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"RSA\",\"key_size\":-2048}",                       400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"RSA\",\"key_size\":\"2048\"}",                    400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"RSA\",\"key_size\":99999999999}",                 400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"key_ops\":\"sign\"}",                      400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"key_ops\":[\"fly\"]}",                     400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"key_ops\":[7]}",                           400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"attributes\":7}",                          400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"attributes\":{\"enabled\":\"yes\"}}",      400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"attributes\":{\"exp\":\"soon\"}}",         400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"attributes\":{\"nbf\":1.5}}",              400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"tags\":[]}",                               400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"tags\":{\"a\":7}}",                        400},
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"tags\":{\"" LONG128 LONG128 "x\":\"a\"}}",
         400                                                                                              },
        {"POST",  "/keys/k/create",      "{\"kty\":\"EC\",\"tags\":{\"a\":\"" LONG128 LONG128 "x\"}}",
         400                                                                                              },
        {"PUT",   "/keys/k",             "{\"key\":{\"kty\":\"EC\"}}",                                 400},
        {"PUT",   "/keys/k",             "{\"key\":7}",                                                400},
        {"PUT",   "/keys/k",             "{}",                                                         400},
        {"PUT",   "/keys/k",
         "{\"key\":{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\"}}",                   400},
        {"PATCH", "/keys/ec",            "{\"attributes\":{\"enabled\":0}}",                           400},
        {"PATCH", "/keys/ec",            "{\"key_ops\":{\"a\":1}}",                                    400},
        {"PATCH", "/keys/absent",        "{}",                                                         404},
        {"POST",  "/keys/rsa/wrapkey",   "{}",                                                         400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"RSA-OAEP\"}",                                     400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"ROT13\",\"value\":\"AA\"}",                       400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":7,\"value\":\"AA\"}",                               400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"RSA-OAEP\",\"value\":7}",                         400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"RSA-OAEP\",\"value\":\"A\"}",                     400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"RSA-OAEP\",\"value\":\"++\"}",                    400},
        {"POST",  "/keys/rsa/wrapkey",   "{\"alg\":\"RS256\",\"value\":\"AA\"}",                       400},
        {"POST",  "/keys/ec/wrapkey",    "{\"alg\":\"RSA-OAEP\",\"value\":\"AA\"}",
         403                                                                                              }, /* no such key_op */
        {"POST",  "/keys/rsa/unwrapkey", "{\"alg\":\"RSA-OAEP\",\"value\":\"AA\"}",                    400},
        {"POST",  "/keys/ec/sign",       "{\"alg\":\"ES256\",\"value\":\"AA\"}",                       400},
        {"POST",  "/keys/ec/sign",       "{\"alg\":\"ES384\",\"value\":\"AA\"}",                       400},
        {"POST",  "/keys/ec/verify",     "{\"alg\":\"ES256\",\"digest\":\"AA\",\"value\":\"AA\"}",     400},
        {"POST",  "/keys/absent/sign",   "{\"alg\":\"ES256\",\"value\":\"AA\"}",                       404},
    };

    refuse_all(*state, list, ARRAY_LEN(list), vault_call);
}

static void a_bad_path_or_method_changes_nothing(void **state)
{
    static const struct bad list[] = {
        {"GET",     "/",                                  NULL, 400},
        {"GET",     "/nothing",                           NULL, 400},
        {"GET",     "/keys/a_b",                          NULL, 400},
        {"GET",     "/keys/%2e%2e",                       NULL, 400},
        {"GET",     "/keys/a%2fb",                        NULL, 400},
        {"GET",     "/keys/a%00b",                        NULL, 400},
        {"GET",     "/keys/%zz",                          NULL, 400},
        {"GET",     "/keys/a%5cb",                        NULL, 400},
        {"DELETE",  "/keys/../keys/ec",                   NULL, 400},
        {"GET",     "/keys/" LONG128,                     NULL, 400},
        {"GET",     "/keys/ec/no-such-version",           NULL, 404},
        {"DELETE",  "/keys",                              NULL, 400},
        {"PUT",     "/keys/ec/sign",                      "{}", 400},
        {"OPTIONS", "/keys",                              NULL, 400},
        {"BREW",    "/keys",                              NULL, 400},
        {"GET",     "/keys?maxresults=0",                 NULL, 400},
        {"GET",     "/keys?maxresults=-1",                NULL, 400},
        {"GET",     "/keys?maxresults=x",                 NULL, 400},
        {"GET",     "/keys?maxresults=99999999999999999", NULL, 400},
    };

    refuse_all(*state, list, ARRAY_LEN(list), vault_call);
}

#define PROPS(more)                                                       \
    "{\"location\":\"westeurope\",\"properties\":{\"tenantId\":\"" TENANT \
    "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"}," more "}}"
#define POLICY                                              \
    "{\"tenantId\":\"" TENANT "\",\"objectId\":\"" OPERATOR \
    "\",\"permissions\":{\"keys\":[\"get\"]}}"

static void a_bad_vault_changes_nothing(void **state)
{
    static const struct bad list[] = {
        {"PUT",   VAULT_PATH "new1",                        NULL,                                                                      400},
        {"PUT",   VAULT_PATH "new1",                        "{}",                                                                      400},
        {"PUT",   VAULT_PATH "new1",                        "{\"location\":\"x\",\"properties\":[]}",                                  400},
        {"PUT",   VAULT_PATH "new1",                        "{\"location\":\"x\",\"properties\":{}}",                                  400},
        {"PUT",   VAULT_PATH "ab",                          PROPS("\"accessPolicies\":[]"),                                            400},
        {"PUT",   VAULT_PATH "1abc",                        PROPS("\"accessPolicies\":[]"),                                            400},
        {"PUT",   VAULT_PATH "a--b",                        PROPS("\"accessPolicies\":[]"),                                            400},
        {"PUT",   VAULT_PATH "abc-",                        PROPS("\"accessPolicies\":[]"),                                            400},
        {"PUT",   VAULT_PATH "abcdefghijklmnopqrstuvwxy",   PROPS("\"accessPolicies\":[]"),                                            400},
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":{}"),                                            400},
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[7]"),                                           400},
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[{\"objectId\":\"x\"}]"),                        400},
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[],\"softDeleteRetentionInDays\":6"),
         400                                                                                                                              },
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[],\"softDeleteRetentionInDays\":91"),
         400                                                                                                                              },
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[],\"enablePurgeProtection\":false"),
         400                                                                                                                              },
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[],\"enableSoftDelete\":\"x\""),                 400},
        {"PUT",   VAULT_PATH "new1",                        PROPS("\"accessPolicies\":[],\"networkAcls\":7"),                          400},
        {"PATCH", VAULT_PATH "demo",                        "{\"properties\":{\"enableSoftDelete\":false}}",                           400},
        {"PATCH", VAULT_PATH "demo",                        "{\"properties\":{\"softDeleteRetentionInDays\":8}}",                      400},
        {"PATCH", VAULT_PATH "demo",                        "{\"tags\":[]}",                                                           400},
        {"PATCH", VAULT_PATH "demo",                        "{\"tags\":{\"a\":7}}",                                                    400},
        {"PATCH", VAULT_PATH "demo",                        "{\"tags\":{\"a\":\"" LONG128 LONG128 "x\"}}",                             400},
        {"PATCH", VAULT_PATH "demo",                        "{\"tags\":{\"" LONG128 LONG128 LONG128 LONG128 "x\":\"a\"}}",
         400                                                                                                                              },
        {"PATCH", VAULT_PATH "demo",                        "{\"location\":{}}",                                                       400},
        {"PUT",   VAULT_PATH "new1",                        "{\"location\":7,\"properties\":{}}",                                      400},
        {"PATCH", VAULT_PATH "absent",                      "{\"properties\":{}}",                                                     404},
        {"PUT",   VAULT_PATH "demo/accessPolicies/destroy",
         "{\"properties\":{\"accessPolicies\":[]}}",                                                                                   400},
        {"PUT",   VAULT_PATH "demo/accessPolicies/add",     "{\"properties\":{}}",                                                     400},
        {"PUT",   VAULT_PATH "demo/accessPolicies/add",
         "{\"properties\":{\"accessPolicies\":[{\"objectId\":\"new\"},{\"objectId\":\"new\",\"permissions\":{\"keys\":[\"get\"]}}]}}",
         400                                                                                                                              },
        {"PUT",   VAULT_PATH "demo/accessPolicies/add",
         "{\"properties\":{\"accessPolicies\":[{\"tenantId\":\"" TENANT
         "\",\"objectId\":\"" OPERATOR "\",\"permissions\":{\"keys\":[\"fly\"]}}]}}",
         400                                                                                                                              },
        {"PUT",   VAULT_PATH "absent/accessPolicies/add",
         "{\"properties\":{\"accessPolicies\":[" POLICY "]}}",                                                                         404},
        {"POST",  VAULT_PATH "demo",                        "{}",                                                                      405},
        {"GET",   "/subscriptions/" SUB "/nothing",         NULL,                                                                      404},
    };

    refuse_all(*state, list, ARRAY_LEN(list), vault_arm);
}

static int patch_tags(struct vault_fixture *f, int n)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_str(&b, "{\"tags\":{");
    for (int i = 0; i < n; i++) {
        buf_fmt(&b, "%s\"t%d\":\"v\"", i > 0 ? "," : "", i);
    }
    buf_str(&b, "}}");
    assert_true(buf_ok(&b));
    return vault_arm(f, "PATCH", VAULT_PATH "demo", b.data);
}

/* The resource manager's documented limit, beside the keys' own. */
static void a_vault_has_up_to_fifty_tags(void **state)
{
    assert_int_equal(patch_tags(*state, 50), 200);
    assert_int_equal(patch_tags(*state, 51), 400);
}

static void a_body_that_is_too_large_is_refused(void **state)
{
    struct vault_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);
    CLEANUP(buf_done) struct buf body = {0};

    buf_str(&body, "{\"kty\":\"EC\",\"x\":\"");
    while (body.len <= 256 * 1024) {
        buf_str(&body, LONG128);
    }
    buf_str(&body, "\"}");
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", body.data), 413);
    assert_store_unchanged(f->d.db, before);
}

static void members_that_nobody_knows_are_ignored(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(
        vault_call(f, "POST", "/keys/new/create",
                   "{\"kty\":\"EC\",\"unheard\":{\"of\":[]},\"attributes\":{\"x\":1}}"),
        200);
}

static void too_many_tags_are_refused_and_the_most_that_are_allowed_are_taken(void **state)
{
    struct vault_fixture *f = *state;

    for (int n = 15; n <= 16; n++) { /* azure-rules.md section 1 */
        CLEANUP(buf_done) struct buf body = {0};

        buf_str(&body, "{\"kty\":\"EC\",\"tags\":{");
        for (int i = 0; i < n; i++) {
            buf_fmt(&body, "%s\"t%d\":\"v\"", i > 0 ? "," : "", i);
        }
        buf_str(&body, "}}");
        assert_int_equal(vault_call(f, "POST", "/keys/tagged/create", body.data),
                         n == 15 ? 200 : 400);
    }
}

static void a_host_that_is_not_ours_is_refused(void **state)
{
    static const char *const hosts[] = {"",
                                        "example.com",
                                        "vault.localhost:7443",
                                        "demo.vault.localhost.example.com",
                                        "demo.vault.localhost:7443:1",
                                        "demo..vault.localhost:7443"};
    struct vault_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct http_exchange x;

        api_fill(&x, &(struct api_request){.host = hosts[i], .target = "/keys?api-version=7.4"});
        vault_api_handle(&f->d, &x);
        if (x.resp.status != 400 && x.resp.status != 401) {
            fail_msg("Host '%s': %d", hosts[i], x.resp.status);
        }
        http_response_done(&x.resp);
        http_request_done(&x.req);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_bad_body_changes_nothing),
        CASE(a_bad_path_or_method_changes_nothing),
        CASE(a_bad_vault_changes_nothing),
        CASE(a_vault_has_up_to_fifty_tags),
        CASE(a_body_that_is_too_large_is_refused),
        CASE(members_that_nobody_knows_are_ignored),
        CASE(too_many_tags_are_refused_and_the_most_that_are_allowed_are_taken),
        CASE(a_host_that_is_not_ours_is_refused),
    };

    return cmocka_run_group_tests_name("vault_input", tests, NULL, NULL);
}
