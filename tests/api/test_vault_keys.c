/* SPDX-License-Identifier: MIT */
/* The life of keys in a vault, through vault_api_handle(). */
#include "tests/api/vault_fixture.h"

#define CREATE_EC "{\"kty\":\"EC\",\"crv\":\"P-256\"}"
#define DIGEST    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* 32 bytes */

/* The version in the kid of the last answer. */
static void version_of(const struct vault_fixture *f, char out[64])
{
    const char *kid = api_text(f->a.doc, "key.kid");
    const char *slash = strrchr(kid, '/');

    assert_non_null(slash);
    (void) snprintf(out, 64, "%s", slash + 1);
    assert_int_equal(strlen(out), 32);
}

static size_t listed(struct vault_fixture *f, const char *path)
{
    assert_int_equal(vault_call(f, "GET", path, NULL), 200);
    return json_array_size(json_object_get(f->a.doc, "value"));
}

static void a_key_lives_is_deleted_recovered_and_purged(void **state)
{
    struct vault_fixture *f = *state;
    char first[64];
    char second[64];
    char path[128];

    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", CREATE_EC), 200);
    version_of(f, first);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", CREATE_EC), 200);
    version_of(f, second);
    assert_string_not_equal(first, second);

    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 200);
    assert_non_null(strstr(api_text(f->a.doc, "key.kid"), second)); /* the latest */
    assert_int_equal(vault_call(f, "GET", "/keys/k/", NULL), 200);
    (void) snprintf(path, sizeof(path), "/keys/K/%s", first); /* any case */
    assert_int_equal(vault_call(f, "GET", path, NULL), 200);
    assert_non_null(strstr(api_text(f->a.doc, "key.kid"), first));
    assert_int_equal(listed(f, "/keys"), 1);
    assert_int_equal(listed(f, "/keys/k/versions"), 2);

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    assert_non_null(strstr(api_text(f->a.doc, "recoveryId"), "/deletedkeys/k"));
    assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 404);
    assert_int_equal(listed(f, "/keys"), 0);
    assert_int_equal(listed(f, "/deletedkeys"), 1);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 200);
    /* A name in a deleted state can't be taken (azure-rules.md section 8). */
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", CREATE_EC), 409);

    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 200);
    assert_int_equal(vault_call(f, "GET", path, NULL), 200);
    assert_int_equal(listed(f, "/keys/k/versions"), 2);

    assert_int_equal(vault_call(f, "DELETE", "/keys/k", NULL), 200);
    assert_int_equal(vault_call(f, "DELETE", "/deletedkeys/k", NULL), 204);
    assert_int_equal(vault_call(f, "GET", "/deletedkeys/k", NULL), 404);
    assert_int_equal(vault_call(f, "POST", "/deletedkeys/k/recover", NULL), 404);
    assert_int_equal(vault_call(f, "GET", path, NULL), 404);
}

/* Never a private member in an answer: RFC 7518 sections 6.2.2 and 6.3.2. */
static void no_answer_shows_a_private_member(void **state)
{
    static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"};
    static const char *const bodies[] = {CREATE_EC, "{\"kty\":\"RSA\"}"};
    struct vault_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        assert_int_equal(vault_call(f, "POST", "/keys/k/create", bodies[i]), 200);
        for (int again = 0; again < 2; again++) {
            for (size_t k = 0; k < ARRAY_LEN(secret); k++) {
                assert_null(json_object_get(json_object_get(f->a.doc, "key"), secret[k]));
            }
            assert_int_equal(vault_call(f, "GET", "/keys/k", NULL), 200);
        }
    }
}

static void what_was_wrapped_is_unwrapped_by_its_own_version(void **state)
{
    struct vault_fixture *f = *state;
    char body[1024];
    char first[64];
    char path[128];

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"RSA\"}"), 200);
    version_of(f, first);
    assert_int_equal(vault_call(f, "POST", "/keys/k/wrapkey",
                                "{\"alg\":\"RSA-OAEP-256\",\"value\":\"" DIGEST "\"}"),
                     200);
    assert_non_null(strstr(api_text(f->a.doc, "kid"), first));
    (void) snprintf(body, sizeof(body), "{\"alg\":\"RSA-OAEP-256\",\"value\":\"%s\"}",
                    api_text(f->a.doc, "value"));
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"RSA\"}"), 200);
    assert_int_equal(vault_call(f, "POST", "/keys/k/unwrapkey", body), 400); /* another version */
    (void) snprintf(path, sizeof(path), "/keys/k/%s/unwrapkey", first);
    assert_int_equal(vault_call(f, "POST", path, body), 200);
    assert_string_equal(api_text(f->a.doc, "value"), DIGEST);
}

static void a_signature_is_good_for_its_digest_only(void **state)
{
    struct vault_fixture *f = *state;
    char body[1024];
    char signature[512];

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", CREATE_EC), 200);
    assert_int_equal(
        vault_call(f, "POST", "/keys/k/sign", "{\"alg\":\"ES256\",\"value\":\"" DIGEST "\"}"), 200);
    (void) snprintf(signature, sizeof(signature), "%s", api_text(f->a.doc, "value"));
    for (int good = 0; good < 2; good++) {
        (void) snprintf(body, sizeof(body),
                        "{\"alg\":\"ES256\",\"digest\":\"%s\",\"value\":\"%s\"}",
                        good ? DIGEST : "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", signature);
        assert_int_equal(vault_call(f, "POST", "/keys/k/verify", body), 200);
        assert_int_equal(json_is_true(json_object_get(f->a.doc, "value")), good);
    }
}

static void an_update_changes_what_it_names_and_nothing_else(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create",
                                "{\"kty\":\"EC\",\"tags\":{\"a\":\"1\"},\"key_ops\":[\"sign\"]}"),
                     200);
    assert_int_equal(vault_call(f, "PATCH", "/keys/k",
                                "{\"attributes\":{\"enabled\":false,\"exp\":1999999999}}"),
                     200);
    assert_true(json_is_false(json_object_get(json_object_get(f->a.doc, "attributes"), "enabled")));
    assert_string_equal(api_text(f->a.doc, "tags.a"), "1");
    assert_int_equal(json_array_size(json_object_get(json_object_get(f->a.doc, "key"), "key_ops")),
                     1);
    assert_int_equal(vault_call(f, "PATCH", "/keys/k", "{\"tags\":{\"b\":\"2\"}}"), 200);
    assert_string_equal(api_text(f->a.doc, "tags.a"), "");
    assert_string_equal(api_text(f->a.doc, "tags.b"), "2");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(f->a.doc, "attributes"), "exp")),
        1999999999);
}

static void an_hsm_key_needs_a_premium_vault(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC-HSM\"}"), 400);
    assert_int_equal(
        vault_arm(f, "PATCH", VAULT_PATH "demo",
                  "{\"properties\":{\"sku\":{\"family\":\"A\",\"name\":\"premium\"}}}"),
        200);
    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC-HSM\"}"), 200);
    assert_string_equal(api_text(f->a.doc, "key.kty"), "EC-HSM");
}

static void long_lists_come_in_pages_without_gaps_or_repeats(void **state)
{
    struct vault_fixture *f = *state;
    char path[64];
    char next[600] = "/keys?maxresults=3";
    char last[128] = "";
    size_t n = 0;

    for (int i = 0; i < 10; i++) {
        (void) snprintf(path, sizeof(path), "/keys/key-%02d/create", i);
        assert_int_equal(vault_call(f, "POST", path, CREATE_EC), 200);
    }
    while (next[0]) {
        json_t *item;
        size_t i;

        assert_int_equal(vault_call(f, "GET", next, NULL), 200);
        assert_true(json_array_size(json_object_get(f->a.doc, "value")) <= 3);
        json_array_foreach(json_object_get(f->a.doc, "value"), i, item)
        {
            const char *kid = json_text(item, "kid");

            assert_true(strcmp(last, kid) < 0);
            (void) snprintf(last, sizeof(last), "%s", kid);
            n++;
        }
        const char *link = json_text(f->a.doc, "nextLink");
        const char *at = strstr(link, "/keys?");

        (void) snprintf(next, sizeof(next), "%s", at ? at : "");
    }
    assert_int_equal(n, 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, vault_setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_lives_is_deleted_recovered_and_purged),
        CASE(no_answer_shows_a_private_member),
        CASE(what_was_wrapped_is_unwrapped_by_its_own_version),
        CASE(a_signature_is_good_for_its_digest_only),
        CASE(an_update_changes_what_it_names_and_nothing_else),
        CASE(an_hsm_key_needs_a_premium_vault),
        CASE(long_lists_come_in_pages_without_gaps_or_repeats),
    };

    return cmocka_run_group_tests_name("vault_keys", tests, NULL, NULL);
}
