/* SPDX-License-Identifier: MIT */
/* JSON Web Keys: public members out, keys in, and every inconsistency refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "common/json.h"
#include "common/keygen.h"

static json_t *load_case(const char *file, size_t n)
{
    char path[1024];
    const char *vectors = getenv("KVSIM_VECTORS");
    json_t *jwk;

    assert_non_null(vectors);
    (void) snprintf(path, sizeof(path), "%s/%s", vectors, file);
    AUTO_JSON *doc = json_load_file(path, 0, NULL);

    assert_non_null(doc);
    jwk = json_deep_copy(json_object_get(json_array_get(json_object_get(doc, "cases"), n), "jwk"));
    assert_non_null(jwk);
    return jwk;
}

static bool reads(const json_t *jwk)
{
    EVP_PKEY *key = NULL;
    struct az_error err = {0};
    bool ok = jwk_to_key(jwk, &key, &err);

    if (!ok) { /* recorded for import of {}: azure-rules.md 8 */
        assert_null(key);
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        assert_string_equal(err.message, "The property \"key\" must be a valid JsonWebKey object.");
    }
    EVP_PKEY_free(key);
    return ok;
}

static void same_public_members(const json_t *jwk)
{
    AUTO_JSON *out = json_object();
    EVP_PKEY *key = NULL;
    struct az_error err;
    const char *name;
    json_t *value;

    assert_true(jwk_to_key(jwk, &key, &err));
    assert_true(jwk_add_public(out, key, &err));
    assert_null(json_object_get(out, "d"));
    json_object_foreach(out, name, value)
    {
        assert_string_equal(json_string_value(value),
                            json_string_value(json_object_get(jwk, name)));
    }
    EVP_PKEY_free(key);
}

static void published_keys_are_read_and_written_back(void **state)
{
    static const struct {
        const char *file;
        size_t n;
    } rows[] = {
        {"rfc7515.json", 0},
        {"rfc7515.json", 2},
        {"rfc7516.json", 0},
        {"rfc7516.json", 1},
        {"rfc7517.json", 0},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *jwk = load_case(rows[i].file, rows[i].n);

        same_public_members(jwk);
    }
}

static void the_members_come_in_the_wires_order(void **state)
{
    static const struct {
        unsigned bits;
        enum key_curve curve;
        const char *members[4];
    } rows[] = {
        {2048, CURVE_NONE,  {"n", "e"}       },
        {0,    CURVE_P521,  {"crv", "x", "y"}},
        {0,    CURVE_P256K, {"crv", "x", "y"}},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *out = json_object();
        EVP_PKEY *key = NULL;
        struct az_error err;
        const char *name;
        json_t *value;
        size_t n = 0;

        assert_true(keygen_make(rows[i].bits, rows[i].curve, &key, &err));
        assert_true(jwk_add_public(out, key, &err));
        json_object_foreach(out, name, value)
        {
            assert_string_equal(name, rows[i].members[n]);
            n++;
        }
        assert_null(rows[i].members[n]);
        EVP_PKEY_free(key);
    }
}

/* Coordinates keep their leading zero bytes: 512 keys have some with near certainty. */
static void coordinates_have_the_width_of_the_field(void **state)
{
    (void) state;
    for (size_t i = 0; i < 512; i++) {
        AUTO_JSON *out = json_object();
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_true(keygen_make(0, CURVE_P256, &key, &err));
        assert_true(jwk_add_public(out, key, &err));
        assert_int_equal(json_string_length(json_object_get(out, "x")), 43);
        assert_int_equal(json_string_length(json_object_get(out, "y")), 43);
        EVP_PKEY_free(key);
    }
}

static void hsm_types_and_public_parts_are_keys_too(void **state)
{
    static const struct {
        const char *file;
        size_t n;
        const char *hsm;
    } rows[] = {
        {"rfc7516.json", 0, "RSA-HSM"},
        {"rfc7517.json", 0, "EC-HSM" },
    };
    static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *jwk = load_case(rows[i].file, rows[i].n);

        assert_int_equal(json_object_set_new(jwk, "kty", json_string(rows[i].hsm)), 0);
        assert_true(reads(jwk));
        for (size_t s = 0; s < ARRAY_LEN(secret); s++) {
            (void) json_object_del(jwk, secret[s]);
        }
        assert_true(reads(jwk));
    }
}

static void a_key_with_a_member_missing_or_changed_is_refused(void **state)
{
    static const struct {
        const char *file;
        size_t n;
        const char *member;
        bool may_miss; /* without d and the like it is a public key */
    } rows[] = {
        {"rfc7516.json", 0, "kty", false},
        {"rfc7516.json", 0, "n",   false},
        {"rfc7516.json", 0, "e",   false},
        {"rfc7516.json", 0, "d",   true },
        {"rfc7516.json", 0, "p",   false},
        {"rfc7516.json", 0, "q",   false},
        {"rfc7516.json", 0, "dp",  false},
        {"rfc7516.json", 0, "dq",  false},
        {"rfc7516.json", 0, "qi",  false},
        {"rfc7517.json", 0, "kty", false},
        {"rfc7517.json", 0, "crv", false},
        {"rfc7517.json", 0, "x",   false},
        {"rfc7517.json", 0, "y",   false},
        {"rfc7517.json", 0, "d",   true },
    };
    /* bad types, bad base64url, a wrong value, an overlong one */
    char overlong[2000];

    (void) state;
    memset(overlong, 'A', sizeof(overlong) - 1);
    overlong[sizeof(overlong) - 1] = '\0';
    const char *const wrong[] = {"", "!", "AQ", "A", overlong, "Mz-VPPyU4RlcuYv1IwIvzw"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *jwk = load_case(rows[i].file, rows[i].n);

        for (size_t w = 0; w < ARRAY_LEN(wrong); w++) {
            assert_int_equal(json_object_set_new(jwk, rows[i].member, json_string(wrong[w])), 0);
            if (reads(jwk)) {
                fail_msg("%s: %s as %.8s was taken", rows[i].file, rows[i].member, wrong[w]);
            }
        }
        assert_int_equal(json_object_set_new(jwk, rows[i].member, json_integer(3)), 0);
        assert_false(reads(jwk));
        (void) json_object_del(jwk, rows[i].member);
        assert_int_equal(reads(jwk), rows[i].may_miss);
    }
}

static void members_of_another_key_are_refused(void **state)
{
    static const char *const members[] = {"n", "d", "p", "q", "dp", "dq", "qi"};
    AUTO_JSON *other = load_case("rfc7516.json", 1);
    AUTO_JSON *other_ec = load_case("rfc7515.json", 2);
    static const char *const ec_members[] = {"x", "y", "d"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        AUTO_JSON *jwk = load_case("rfc7516.json", 0);

        assert_int_equal(json_object_set(jwk, members[i], json_object_get(other, members[i])), 0);
        assert_false(reads(jwk));
    }
    for (size_t i = 0; i < ARRAY_LEN(ec_members); i++) {
        AUTO_JSON *jwk = load_case("rfc7517.json", 0);

        assert_int_equal(
            json_object_set(jwk, ec_members[i], json_object_get(other_ec, ec_members[i])), 0);
        assert_false(reads(jwk));
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"x\"",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":\"oct\"}",
        "{\"kty\":\"oct\",\"k\":17}",
        "{\"kty\":\"oct-HSM\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAA\"}", /* 17 bytes */
        "{\"kty\":\"rsa\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-512\",\"x\":\"AQ\",\"y\":\"AQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_JSON *jwk = json_loads(texts[i], JSON_DECODE_ANY, NULL);

        assert_non_null(jwk);
        assert_false(reads(jwk));
    }
    assert_false(reads(NULL));
}

static void symmetric_keys_of_the_three_sizes_are_read_and_never_shown(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}",                      16},
        {"{\"kty\":\"oct-HSM\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\"}",        24},
        {"{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}", 32},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *jwk = json_loads(rows[i].text, 0, NULL);
        AUTO_JSON *out = json_object();
        uint8_t raw[KEY_OCT_MAX];
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_true(jwk_to_key(jwk, &key, &err));
        assert_int_equal(key_octets(key, raw), rows[i].len);
        assert_true(jwk_add_public(out, key, &err));
        assert_int_equal(json_object_size(out), 0);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_with_a_member_missing_or_changed_is_refused),
        cmocka_unit_test(coordinates_have_the_width_of_the_field),
        cmocka_unit_test(hsm_types_and_public_parts_are_keys_too),
        cmocka_unit_test(members_of_another_key_are_refused),
        cmocka_unit_test(published_keys_are_read_and_written_back),
        cmocka_unit_test(symmetric_keys_of_the_three_sizes_are_read_and_never_shown),
        cmocka_unit_test(the_members_come_in_the_wires_order),
        cmocka_unit_test(what_is_no_key_is_refused),
    };
    return cmocka_run_group_tests_name("jwk", tests, NULL, NULL);
}
