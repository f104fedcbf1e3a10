/* SPDX-License-Identifier: MIT */
/* Generation, the pool, PKCS#8. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/json.h"
#include "common/keygen.h"

static void every_kind_of_key_is_generated(void **state)
{
    static const struct {
        unsigned bits;
        enum key_curve curve;
        int want;
    } rows[] = {
        {2048, CURVE_NONE,  2048},
        {3072, CURVE_NONE,  3072},
        {0,    CURVE_P256,  256 },
        {0,    CURVE_P384,  384 },
        {0,    CURVE_P521,  521 },
        {0,    CURVE_P256K, 256 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_true(keygen_make(rows[i].bits, rows[i].curve, &key, &err));
        assert_int_equal(EVP_PKEY_get_bits(key), rows[i].want);
        EVP_PKEY_free(key);
    }
}

static void no_size_and_no_curve_is_an_error(void **state)
{
    EVP_PKEY *key = NULL;
    struct az_error err;

    (void) state;
    assert_false(keygen_make(0, CURVE_NONE, &key, &err));
    assert_null(key);
    assert_int_equal(err.errc, AZ_ERR_INTERNAL);
}

static void curve_names_are_the_wires(void **state)
{
    static const char *const names[] = {"P-256", "P-384", "P-521", "P-256K"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(key_curve_name(key_curve_parse(names[i])), names[i]);
    }
    assert_int_equal(key_curve_parse("SECP256K1"), CURVE_P256K);
    assert_int_equal(key_curve_parse("p-256"), CURVE_NONE);
    assert_int_equal(key_curve_parse(""), CURVE_NONE);
    assert_null(key_curve_name(CURVE_NONE));
}

static void the_pool_fills_to_its_target_and_gives_each_key_once(void **state)
{
    struct keypool *p = keypool_new(2);
    EVP_PKEY *got[3] = {0};
    struct az_error err;

    (void) state;
    assert_non_null(p);
    while (keypool_fill_one(p)) {
    }
    assert_false(keypool_fill_one(p));
    for (size_t i = 0; i < 3; i++) { /* the third is made now */
        assert_true(keypool_take(p, 2048, CURVE_NONE, &got[i], &err));
        assert_int_equal(EVP_PKEY_get_bits(got[i]), 2048);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(EVP_PKEY_eq(got[i], got[j]), 1);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY_free(got[i]);
    }
    keypool_free(p);
}

static void other_kinds_and_no_pool_are_made_at_once(void **state)
{
    struct keypool *p = keypool_new(0);
    EVP_PKEY *key = NULL;
    struct az_error err;

    (void) state;
    assert_false(keypool_fill_one(p));
    assert_true(keypool_take(p, 0, CURVE_P384, &key, &err));
    assert_int_equal(EVP_PKEY_get_bits(key), 384);
    EVP_PKEY_free(key);
    assert_true(keypool_take(NULL, 0, CURVE_P256, &key, &err));
    EVP_PKEY_free(key);
    keypool_free(p);
    keypool_free(NULL);
}

static void *fill(void *pool)
{
    while (keypool_fill_one(pool)) {
    }
    return NULL;
}

static void threads_may_fill_and_take_together(void **state)
{
    struct keypool *p = keypool_new(2);
    pthread_t threads[2];
    EVP_PKEY *key = NULL;
    struct az_error err;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill, p), 0);
    }
    assert_true(keypool_take(p, 2048, CURVE_NONE, &key, &err));
    EVP_PKEY_free(key);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    keypool_free(p);
}

static void pkcs8_gives_the_same_key_back(void **state)
{
    static const enum key_curve curves[] = {CURVE_NONE, CURVE_P256, CURVE_P384, CURVE_P521,
                                            CURVE_P256K};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        CLEANUP(bytes_clear_free) struct bytes der = {0};
        EVP_PKEY *key = NULL;
        EVP_PKEY *back = NULL;
        struct az_error err;

        assert_true(keygen_make(curves[i] == CURVE_NONE ? 2048 : 0, curves[i], &key, &err));
        assert_true(key_to_pkcs8(key, &der, &err));
        assert_true(key_from_pkcs8(&der, &back, &err));
        assert_int_equal(EVP_PKEY_eq(key, back), 1);
        EVP_PKEY_free(back);
        back = NULL;
        der.len /= 2;
        assert_false(key_from_pkcs8(&der, &back, &err));
        assert_null(back);
        EVP_PKEY_free(key);
    }
}

static void pkcs8_gives_the_bytes_of_a_symmetric_key_back(void **state)
{
    static const unsigned sizes[] = {128, 192, 256};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const struct key_spec spec = {.kind = KEY_KIND_OCT, .bits = sizes[i]};
        CLEANUP(bytes_clear_free) struct bytes der = {0};
        uint8_t before[KEY_OCT_MAX];
        uint8_t after[KEY_OCT_MAX];
        EVP_PKEY *key = NULL;
        EVP_PKEY *back = NULL;
        struct az_error err;

        assert_true(keygen_spec(NULL, &spec, &key, &err));
        assert_int_equal(key_kind_of(key), KEY_KIND_OCT);
        assert_true(key_to_pkcs8(key, &der, &err));
        assert_true(key_from_pkcs8(&der, &back, &err));
        assert_int_equal(key_kind_of(back), KEY_KIND_OCT);
        assert_int_equal(key_octets(key, before), sizes[i] / 8);
        assert_int_equal(key_octets(back, after), sizes[i] / 8);
        assert_memory_equal(before, after, sizes[i] / 8);
        EVP_PKEY_free(key);
        EVP_PKEY_free(back);
    }
}

static void a_spec_of_each_kind_gives_that_kind(void **state)
{
    static const struct key_spec specs[] = {
        {.kind = KEY_KIND_RSA, .bits = 2048       },
        {.kind = KEY_KIND_EC,  .curve = CURVE_P521},
        {.kind = KEY_KIND_OCT, .bits = 192        },
    };
    uint8_t raw[KEY_OCT_MAX];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_true(keygen_spec(NULL, &specs[i], &key, &err));
        assert_int_equal(key_kind_of(key), specs[i].kind);
        assert_int_equal(key_octets(key, raw) > 0, specs[i].kind == KEY_KIND_OCT);
        assert_int_equal(key_pq_of(key), PQ_NONE);
        EVP_PKEY_free(key);
    }
}

/* Live where the OpenSSL at run time has ML-DSA (3.5), an error elsewhere: both are tested. */
static void ml_dsa_keys_are_made_where_openssl_has_them(void **state)
{
    static const struct {
        enum key_pq pq;
        const char *name;
        size_t pub_len; /* FIPS 204, table 2 */
    } rows[] = {
        {PQ_ML_DSA_44, "ML-DSA-44", 1312},
        {PQ_ML_DSA_65, "ML-DSA-65", 1952},
        {PQ_ML_DSA_87, "ML-DSA-87", 2592},
    };

    (void) state;
    assert_false(key_pq_available(PQ_NONE));
    assert_int_equal(key_pq_parse("ML-DSA-99"), PQ_NONE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct key_spec spec = {.kind = KEY_KIND_AKP, .pq = rows[i].pq};
        AUTO_JSON *pub = json_object();
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_int_equal(key_pq_parse(rows[i].name), rows[i].pq);
        assert_string_equal(key_pq_name(rows[i].pq), rows[i].name);
        assert_int_equal(key_pq_available(rows[i].pq), OpenSSL_version_num() >= 0x30500000L);
        if (!key_pq_available(rows[i].pq)) {
            assert_false(keygen_spec(NULL, &spec, &key, &err));
            assert_int_equal(err.errc, AZ_ERR_INTERNAL);
            continue;
        }
        assert_true(keygen_spec(NULL, &spec, &key, &err));
        assert_int_equal(key_pq_of(key), rows[i].pq);
        assert_int_equal(key_kind_of(key), KEY_KIND_AKP);
        assert_true(jwk_add_public(pub, key, &err));
        assert_int_equal(json_string_length(json_object_get(pub, "pub")),
                         (rows[i].pub_len * 4 + 2) / 3);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_of_each_kind_gives_that_kind),
        cmocka_unit_test(curve_names_are_the_wires),
        cmocka_unit_test(every_kind_of_key_is_generated),
        cmocka_unit_test(ml_dsa_keys_are_made_where_openssl_has_them),
        cmocka_unit_test(no_size_and_no_curve_is_an_error),
        cmocka_unit_test(other_kinds_and_no_pool_are_made_at_once),
        cmocka_unit_test(pkcs8_gives_the_bytes_of_a_symmetric_key_back),
        cmocka_unit_test(pkcs8_gives_the_same_key_back),
        cmocka_unit_test(the_pool_fills_to_its_target_and_gives_each_key_once),
        cmocka_unit_test(threads_may_fill_and_take_together),
    };
    return cmocka_run_group_tests_name("keygen", tests, NULL, NULL);
}
