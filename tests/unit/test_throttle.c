/* SPDX-License-Identifier: MIT */
/* Documented limits per vault and 10 seconds: azure-rules.md section 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vault/domain/throttle.h"

/* How many of these fit into a window. */
static unsigned fit(struct throttle_use *u, int64_t now_s, bool create, unsigned weight)
{
    unsigned n = 0;

    while (throttle_room(u, now_s, create, weight, 1)) {
        throttle_take(u, now_s, create, weight);
        n++;
    }
    return n;
}

static void each_kind_of_key_has_its_documented_limit(void **state)
{
    static const struct {
        enum key_type type;
        unsigned bits, limit;
    } cases[] = {
        {KEY_RSA,     2048, 4000},
        {KEY_RSA,     3072, 1000},
        {KEY_RSA,     4096, 500 },
        {KEY_EC,      256,  4000},
        {KEY_RSA_HSM, 2048, 2000},
        {KEY_RSA_HSM, 3072, 500 },
        {KEY_RSA_HSM, 4096, 250 },
        {KEY_EC_HSM,  521,  2000},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct throttle_use u = {0};

        assert_int_equal(fit(&u, 5, false, throttle_weight(cases[i].type, cases[i].bits)),
                         cases[i].limit);
    }
}

static void creations_have_a_budget_apart(void **state)
{
    struct throttle_use u = {0};

    (void) state;
    assert_int_equal(fit(&u, 5, true, throttle_create_weight(KEY_RSA)), 20);
    assert_int_equal(fit(&u, 5, false, 1), 4000);
    u = (struct throttle_use){0};
    assert_int_equal(fit(&u, 5, true, throttle_create_weight(KEY_EC_HSM)), 10);
}

static void the_weighted_sum_is_what_counts(void **state)
{
    struct throttle_use u = {0};

    (void) state;
    for (int i = 0; i < 248; i++) { /* the document's own example */
        throttle_take(&u, 5, false, throttle_weight(KEY_RSA_HSM, 4096));
    }
    assert_int_equal(fit(&u, 5, false, throttle_weight(KEY_RSA_HSM, 2048)), 16);
    assert_false(throttle_room(&u, 5, false, 1, 1));
}

static void a_new_window_begins_empty(void **state)
{
    struct throttle_use u = {0};

    (void) state;
    assert_int_equal(fit(&u, 109, true, 1), 20);
    assert_false(throttle_room(&u, 100, true, 1, 1));
    assert_int_equal(fit(&u, 110, true, 1), 20);
}

static void a_subscription_may_do_five_times_as_much(void **state)
{
    struct throttle_use u = {.window = 0, .created = 99};

    (void) state;
    assert_true(throttle_room(&u, 5, true, 1, THROTTLE_SUBSCRIPTION_FACTOR));
    u.created = 100;
    assert_false(throttle_room(&u, 5, true, 1, THROTTLE_SUBSCRIPTION_FACTOR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_key_has_its_documented_limit),
        cmocka_unit_test(creations_have_a_budget_apart),
        cmocka_unit_test(the_weighted_sum_is_what_counts),
        cmocka_unit_test(a_new_window_begins_empty),
        cmocka_unit_test(a_subscription_may_do_five_times_as_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
