/* SPDX-License-Identifier: MIT */
/* Owned bytes, views, the growable buffer, and the JSON string writer. */
#include <jansson.h>

#include "common/bytes.h"
#include "tests/support.h"

static void views_compare_whole_texts(void **state)
{
    struct str_view v = {"KeyVault...", 8};

    (void) state;
    assert_true(sv_eq(v, "KeyVault"));
    assert_false(sv_eq(v, "keyvault"));
    assert_true(sv_ieq(v, "keyvault"));
    assert_false(sv_eq(v, "KeyVaul"));
    assert_false(sv_ieq(v, "keyvaults"));
    assert_true(sv_eq(sv_from(NULL), ""));
    assert_false(sv_eq(sv_from(NULL), "x"));
}

static void a_copy_of_a_view_ends_in_nul(void **state)
{
    char *s = sv_dup((struct str_view){"abcdef", 3});
    char *empty = sv_dup((struct str_view){NULL, 0});

    (void) state;
    assert_string_equal(s, "abc");
    assert_string_equal(empty, "");
    free(s);
    free(empty);
}

static void bytes_move_and_are_empty_afterwards(void **state)
{
    struct bytes a = {0};
    struct bytes b;

    (void) state;
    assert_true(bytes_copy(&a, "secret", 6));
    b = bytes_take(&a);
    assert_null(a.data);
    assert_int_equal(a.len, 0);
    assert_int_equal(b.len, 6);
    bytes_clear_free(&b);
    assert_null(b.data);
    bytes_clear_free(&b); /* twice is allowed */
}

static void bytes_are_equal_only_in_length_and_content(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes a = {0};
    CLEANUP(bytes_clear_free) struct bytes b = {0};
    CLEANUP(bytes_clear_free) struct bytes c = {0};
    struct bytes none = {0};

    (void) state;
    assert_true(bytes_copy(&a, "abc", 3));
    assert_true(bytes_copy(&b, "abd", 3));
    assert_true(bytes_copy(&c, "ab", 2));
    assert_true(bytes_eq(&a, &a));
    assert_false(bytes_eq(&a, &b));
    assert_false(bytes_eq(&a, &c));
    assert_true(bytes_eq(&none, &none));
}

static void an_empty_allocation_succeeds(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes a = {0};

    (void) state;
    assert_true(bytes_alloc(&a, 0));
    assert_non_null(a.data);
    assert_int_equal(a.len, 0);
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
    CLEANUP(buf_done) struct buf b = {0};

    (void) state;
    for (int i = 0; i < 1000; i++) {
        buf_fmt(&b, "%03d,", i);
        assert_int_equal(b.data[b.len], '\0');
    }
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.data, "000,001,", 8);
    assert_memory_equal(b.data + 3992, "998,999,", 8);
}

static void an_impossible_length_is_remembered(void **state)
{
    CLEANUP(buf_done) struct buf b = {0};

    (void) state;
    buf_str(&b, "before");
    buf_add(&b, "x", SIZE_MAX / 2);
    assert_false(buf_ok(&b));
    buf_str(&b, "after");
    assert_false(buf_ok(&b));
    assert_int_equal(b.len, 6);
    assert_null(buf_take(&b));
    assert_null(b.data);
}

static void a_taken_buffer_is_the_callers(void **state)
{
    struct buf b = {0};
    char *s;

    (void) state;
    s = buf_take(&b);
    assert_string_equal(s, "");
    free(s);
    buf_str(&b, "text");
    s = buf_take(&b);
    assert_string_equal(s, "text");
    assert_null(b.data);
    free(s);
}

static void every_character_is_escaped_as_json_wants_it(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"",                   "\"\""                  },
        {"plain",              "\"plain\""             },
        {"a\"b\\c",            "\"a\\\"b\\\\c\""       },
        {"\b\f\n\r\t",         "\"\\b\\f\\n\\r\\t\""   },
        {"\x01\x1f",           "\"\\u0001\\u001f\""    },
        {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
        {"\xf0\x9f\x94\x91",   "\"\xf0\x9f\x94\x91\""  },
        {"/",                  "\"/\""                 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        buf_json_str(&b, cases[i].in, strlen(cases[i].in));
        assert_string_equal(b.data, cases[i].out);
    }
}

static void invalid_utf8_becomes_the_replacement_character(void **state)
{
    static const char *const bad[] = {
        "\x80",     /* a continuation alone */
        "\xc0\xaf", /* overlong '/' */
        "\xc1\xbf",
        "\xe0\x80\x80", /* overlong */
        "\xed\xa0\x80", /* a surrogate */
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xc3", /* cut off */
        "\xe2\x82",
        "\xff",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        json_t *v;

        buf_json_str(&b, bad[i], strlen(bad[i]));
        assert_non_null(strstr(b.data, "\xef\xbf\xbd"));
        v = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL); /* jansson judges the UTF-8 */
        assert_non_null(v);
        json_decref(v);
    }
}

static void bytes_that_are_no_utf8_are_repaired_in_place(void **state)
{
    char good[] = "gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x91";
    char bad[] = "a\xff\xc3\xbc\xed\xa0\x80z\xe2\x82"; /* the last is cut off */

    (void) state;
    assert_int_equal(utf8_repair(good, strlen(good)), 0);
    assert_string_equal(good, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x91");
    assert_int_equal(utf8_repair(bad, strlen(bad)), 6);
    assert_string_equal(bad, "a?\xc3\xbc???z??");
}

static void any_bytes_make_valid_json(void **state)
{
    char raw[512];

    (void) state;
    for (unsigned seed = 1; seed < 200; seed++) {
        CLEANUP(buf_done) struct buf b = {0};
        uint32_t x = seed * 2654435761u;
        json_t *v;

        for (size_t i = 0; i < sizeof(raw); i++) {
            x = x * 1664525u + 1013904223u;
            raw[i] = (char) (x >> 24);
        }
        buf_json_str(&b, raw, seed * 2);
        v = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(json_is_string(v));
        json_decref(v);
    }
}

static void a_number_is_digits_and_nothing_else(void **state)
{
    static const char *const bad[] = {"",   " 5", "+5",  "-1",
                                      "5x", "5 ", "0x5", "18446744073709551616"};
    uint64_t n = 7;

    (void) state;
    assert_true(uint_parse("0", 10, &n) && n == 0);
    assert_true(uint_parse("010", 10, &n) && n == 10);
    assert_false(uint_parse("11", 10, &n));
    assert_true(uint_parse("18446744073709551615", 0, &n) && n == UINT64_MAX);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(uint_parse(bad[i], 0, &n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_whole_texts),
        cmocka_unit_test(a_copy_of_a_view_ends_in_nul),
        cmocka_unit_test(bytes_move_and_are_empty_afterwards),
        cmocka_unit_test(bytes_are_equal_only_in_length_and_content),
        cmocka_unit_test(an_empty_allocation_succeeds),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(an_impossible_length_is_remembered),
        cmocka_unit_test(a_taken_buffer_is_the_callers),
        cmocka_unit_test(every_character_is_escaped_as_json_wants_it),
        cmocka_unit_test(invalid_utf8_becomes_the_replacement_character),
        cmocka_unit_test(bytes_that_are_no_utf8_are_repaired_in_place),
        cmocka_unit_test(any_bytes_make_valid_json),
        cmocka_unit_test(a_number_is_digits_and_nothing_else),
    };

    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
