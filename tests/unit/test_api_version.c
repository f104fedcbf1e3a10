/* SPDX-License-Identifier: MIT */
/* Order and sets of api-versions: versions.md section 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/api_version.h"

static const char *const names[] = {"2016-10-01", "7.0",        "7.6-preview.2",
                                    "7.6",        "2025-07-01", "2026-07-01-preview"};
static const struct api_versions list = {names, ARRAY_LEN(names)};

static void known_versions_are_found_in_any_case(void **state)
{
    (void) state;
    for (size_t i = 0; i < list.n; i++) {
        assert_int_equal(api_version_find(&list, names[i]), i);
    }
    assert_int_equal(api_version_find(&list, "7.6-PREVIEW.2"), 2);
}

static void later_versions_count_as_the_newest(void **state)
{
    static const char *const later[] = {"2026-07-01", "2026-08-01", "2030-01-01-preview",
                                        "7.7",        "8.0",        "2026-10-10-preview.2"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        assert_int_equal(api_version_find(&list, later[i]), list.n - 1);
    }
}

static void earlier_ones_and_garbage_are_unknown(void **state)
{
    static const char *const bad[] = {
        "",     "2016-09-30", "7.5",      "7.6-preview.9",   "2025-08-01",  "2026-06-30",
        "x",    "9",          "2027-1-1", "2027-01-01-beta", "2027-01-011", "99.9",
        "7.7x", "2027/01/01"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(api_version_find(&list, bad[i]), -1);
    }
}

static void a_set_holds_what_it_was_made_of(void **state)
{
    uint64_t gap = VERSION_ONLY(1) | VERSION_FROM(4);

    (void) state;
    assert_true(api_version_in(VERSION_FROM(3), 3));
    assert_false(api_version_in(VERSION_FROM(3), 2));
    assert_true(api_version_in(VERSION_BEFORE(3), 2));
    assert_false(api_version_in(VERSION_BEFORE(3), 3));
    assert_true(api_version_in(gap, 1) && api_version_in(gap, 5));
    assert_false(api_version_in(gap, 0) || api_version_in(gap, 2));
    assert_false(api_version_in(VERSION_ANY, -1));
    assert_false(api_version_in(VERSION_ANY, 64));
}

static void sets_are_printed_as_ranges(void **state)
{
    static const struct {
        uint64_t set;
        const char *text;
    } cases[] = {
        {VERSION_ANY,                       "all"                    },
        {VERSION_FROM(0),                   "all"                    },
        {0,                                 "-"                      },
        {VERSION_FROM(2),                   "7.6-preview.2.."        },
        {VERSION_BEFORE(2),                 "2016-10-01..7.0"        },
        {VERSION_ONLY(3),                   "7.6"                    },
        {VERSION_ONLY(0) | VERSION_FROM(4), "2016-10-01 2025-07-01.."},
        {VERSION_ONLY(5),                   "2026-07-01-preview"     },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        api_version_set_text(&list, cases[i].set, &b);
        buf_add(&b, "", 1);
        assert_string_equal(b.data, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_versions_are_found_in_any_case),
        cmocka_unit_test(later_versions_count_as_the_newest),
        cmocka_unit_test(earlier_ones_and_garbage_are_unknown),
        cmocka_unit_test(a_set_holds_what_it_was_made_of),
        cmocka_unit_test(sets_are_printed_as_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
