/* SPDX-License-Identifier: MIT */
/* Layers of encryption: each has its own key, and under each peeled one lies ciphertext. */
#include "provider/store/layers.h"
#include "tests/support.h"

static const char text[] = "a customer's own words, longer than any tag or nonce";
static const struct data_keys one = {1, {{1}}};
static const struct data_keys two = {
    2, {{1}, {2}}
};
static struct az_error err;

static bool holds(const struct bytes *b, const char *what)
{
    return memmem(b->data, b->len, what, strlen(what)) != NULL;
}

static void what_is_sealed_opens_whole(void **state)
{
    const struct data_keys *const keys[] = {&one, &two};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        CLEANUP(bytes_clear_free) struct bytes sealed = {0};
        CLEANUP(bytes_clear_free) struct bytes plain = {0};

        assert_ok(layers_seal(keys[i], sv_from("p"), text, sizeof(text), &sealed, &err), &err);
        assert_int_equal(sealed.len, sizeof(text) + layers_overhead(keys[i]));
        assert_false(holds(&sealed, "customer"));
        assert_ok(layers_unseal(keys[i], sv_from("p"), sealed.data, sealed.len, &plain, &err),
                  &err);
        assert_int_equal(plain.len, sizeof(text));
        assert_memory_equal(plain.data, text, sizeof(text));
        bytes_clear_free(&plain);
        assert_false(layers_unseal(keys[i], sv_from("q"), sealed.data, sealed.len, &plain, &err));
    }
}

/* SEC25: double encryption (enc.base-double). */
static void one_key_alone_finds_ciphertext_only(void **state)
{
    static const struct data_keys outer = {1, {{2}}};
    static const struct data_keys turned = {
        2, {{2}, {1}}
    };
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    CLEANUP(bytes_clear_free) struct bytes peeled = {0};
    CLEANUP(bytes_clear_free) struct bytes plain = {0};

    (void) state;
    assert_ok(layers_seal(&two, sv_from("p"), text, sizeof(text), &sealed, &err), &err);
    assert_false(layers_unseal(&one, sv_from("p"), sealed.data, sealed.len, &peeled, &err));
    assert_false(layers_unseal(&turned, sv_from("p"), sealed.data, sealed.len, &peeled, &err));
    assert_ok(layers_unseal(&outer, sv_from("p"), sealed.data, sealed.len, &peeled, &err), &err);
    assert_int_equal(peeled.len, sizeof(text) + SEAL_OVERHEAD);
    assert_false(holds(&peeled, "customer"));
    assert_ok(layers_unseal(&one, sv_from("p"), peeled.data, peeled.len, &plain, &err), &err);
    assert_true(holds(&plain, "customer"));
}

static void no_layer_and_too_many_are_refused(void **state)
{
    struct data_keys bad = {0, {{1}}};
    struct bytes out = {0};

    (void) state;
    assert_false(layers_seal(&bad, sv_from("p"), text, sizeof(text), &out, &err));
    assert_false(layers_unseal(&bad, sv_from("p"), text, sizeof(text), &out, &err));
    bad.n = DATA_LAYERS_MAX + 1;
    assert_false(layers_seal(&bad, sv_from("p"), text, sizeof(text), &out, &err));
    assert_false(layers_unseal(&bad, sv_from("p"), text, sizeof(text), &out, &err));
    assert_null(out.data);
}

static void wiped_keys_are_gone(void **state)
{
    struct data_keys keys = two;
    const struct data_keys none = {0};

    (void) state;
    data_keys_wipe(&keys);
    assert_memory_equal(&keys, &none, sizeof(keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_whole),
        cmocka_unit_test(one_key_alone_finds_ciphertext_only),
        cmocka_unit_test(no_layer_and_too_many_are_refused),
        cmocka_unit_test(wiped_keys_are_gone),
    };

    return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
