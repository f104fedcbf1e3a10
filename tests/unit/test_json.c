/* SPDX-License-Identifier: MIT */
/* JSON bodies: what is no single document is refused, members are read with their types. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/support.h"

static void only_one_whole_document_is_taken(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "{}{}",
        "{} x",
        "{\"a\":1,\"a\":2}",
        "{'a':1}",
        "{\"a\":}",
        "[1,]",
        "nul",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "\xef\xbb\xbf{}",
    };
    char why[128];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why[0] = '\0';
        if (json_parse(sv_from(bad[i]), why, sizeof(why))) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_non_null(strstr(why, "line "));
    }
    assert_null(json_parse((struct str_view){NULL, 0}, NULL, 0));
}

static void a_document_ends_where_its_view_ends(void **state)
{
    AUTO_JSON *v = json_parse((struct str_view){"{\"a\":1}garbage", 7}, NULL, 0);

    (void) state;
    assert_true(json_is_object(v));
}

static void deep_nesting_is_refused_and_does_not_overflow(void **state)
{
    static char deep[100000];

    (void) state;
    memset(deep, '[', sizeof(deep));
    assert_null(json_parse((struct str_view){deep, sizeof(deep)}, NULL, 0));
}

static void members_are_written_in_the_order_they_were_set(void **state)
{
    AUTO_JSON *v =
        json_parse(sv_from("{\"z\":1,\"a\":[true,null],\"m\":{\"k\":\"\xc3\xa9\"}}"), NULL, 0);
    CLEANUP(buf_done) struct buf out = {0};

    (void) state;
    json_write(&out, v);
    assert_string_equal(out.data, "{\"z\":1,\"a\":[true,null],\"m\":{\"k\":\"\xc3\xa9\"}}");
}

static void what_can_not_be_written_makes_the_buffer_fail(void **state)
{
    CLEANUP(buf_done) struct buf out = {0};

    (void) state;
    json_write(&out, NULL);
    assert_false(buf_ok(&out));
}

static void members_have_types_and_null_is_absent(void **state)
{
    AUTO_JSON *v = json_parse(
        sv_from("{\"s\":\"x\",\"n\":7,\"b\":true,\"o\":{},\"a\":[],\"z\":null,\"f\":1.5}"), NULL,
        0);
    const char *s;
    int64_t n;
    json_t *p;
    bool present;
    bool b;

    (void) state;
    assert_true(json_get_string(v, "s", &s));
    assert_string_equal(s, "x");
    assert_true(json_get_string(v, "absent", &s));
    assert_null(s);
    assert_true(json_get_string(v, "z", &s));
    assert_null(s);
    assert_false(json_get_string(v, "n", &s));

    assert_true(json_get_int(v, "n", &present, &n));
    assert_true(present);
    assert_int_equal(n, 7);
    assert_true(json_get_int(v, "z", &present, &n));
    assert_false(present);
    assert_false(json_get_int(v, "s", &present, &n));
    assert_false(json_get_int(v, "f", &present, &n)); /* no fraction is an integer */

    assert_true(json_get_bool(v, "b", &present, &b));
    assert_true(present && b);
    assert_false(json_get_bool(v, "n", &present, &b));

    assert_true(json_get_object(v, "o", &p));
    assert_non_null(p);
    assert_false(json_get_object(v, "a", &p));
    assert_true(json_get_array(v, "a", &p));
    assert_non_null(p);
    assert_false(json_get_array(v, "o", &p));
    assert_true(json_get_array(v, "absent", &p));
    assert_null(p);
}

static void any_case_of_a_name_is_found_and_the_exact_one_first(void **state)
{
    AUTO_JSON *v = json_parse(sv_from("{\"KeyName\":\"a\",\"keyname\":\"b\",\"N\":1}"), NULL, 0);
    AUTO_JSON *list = json_array();

    (void) state;
    assert_string_equal(json_text(v, "keyname"), "b");
    assert_string_equal(json_text(v, "KEYNAME"), "a");
    assert_string_equal(json_text(v, "n"), ""); /* no string */
    assert_string_equal(json_text(v, "absent"), "");
    assert_string_equal(json_text(NULL, "x"), "");
    assert_null(json_object_iget(list, "x"));
}

static void texts_fit_up_to_their_limits_and_no_further(void **state)
{
    static const struct {
        const char *text;
        bool fits;
    } cases[] = {
        {"null",                               true },
        {"{}",                                 true },
        {"{\"ab\":\"xyz\",\"c\":\"\"}",        true },
        {"{\"a\":\"\",\"b\":\"\",\"c\":\"\"}", false},
        {"{\"abc\":\"x\"}",                    false},
        {"{\"a\":\"wxyz\"}",                   false},
        {"{\"a\":null}",                       false},
        {"{\"a\":7}",                          false},
        {"[]",                                 false},
        {"\"x\"",                              false},
    };

    (void) state;
    assert_true(json_texts_fit(NULL, 2, 2, 3));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON *v = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);

        if (json_texts_fit(v, 2, 2, 3) != cases[i].fits) {
            fail_msg("%s", cases[i].text);
        }
    }
}

static void a_text_or_none_is_no_number_in_any_case_of_its_name(void **state)
{
    AUTO_JSON *v = json_loads("{\"a\":\"x\",\"b\":null,\"C\":7}", 0, NULL);

    (void) state;
    assert_true(json_text_or_none(v, "A"));
    assert_true(json_text_or_none(v, "b"));
    assert_false(json_text_or_none(v, "c"));
    assert_true(json_text_or_none(v, "d"));
}

#define SECRET "a private exponent, say, of some length: 0123456789abcdefghijklmnopqrstuvwxyz"

/* A value that holds the secret is freed; does the memory that comes back hold it? */
static bool secret_comes_back(void)
{
    json_t *v = json_string(SECRET);
    const volatile char *again;
    size_t same = 0;

    json_decref(v);
    again = malloc(sizeof(SECRET));
    for (size_t i = 40; again && i < sizeof(SECRET) - 1; i++) { /* malloc's own lie before */
        same += again[i] == SECRET[i] ? 1 : 0;
    }
    free((void *) (uintptr_t) again);
    return same > 20;
}

static void a_freed_value_is_wiped(void **state)
{
    (void) state;
    (void) mallopt(M_PERTURB, 0); /* the test runner has malloc fill its memory */
    if (!secret_comes_back()) {
        print_message("not tested: that freed JSON is wiped: this malloc (a sanitizer's) does not "
                      "give freed memory back\n");
        skip();
    }
    json_wipe_when_freed();
    assert_false(secret_comes_back());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_whole_document_is_taken),
        cmocka_unit_test(a_document_ends_where_its_view_ends),
        cmocka_unit_test(deep_nesting_is_refused_and_does_not_overflow),
        cmocka_unit_test(members_are_written_in_the_order_they_were_set),
        cmocka_unit_test(what_can_not_be_written_makes_the_buffer_fail),
        cmocka_unit_test(members_have_types_and_null_is_absent),
        cmocka_unit_test(texts_fit_up_to_their_limits_and_no_further),
        cmocka_unit_test(a_text_or_none_is_no_number_in_any_case_of_its_name),
        cmocka_unit_test(any_case_of_a_name_is_found_and_the_exact_one_first),
        cmocka_unit_test(a_freed_value_is_wiped), /* last: it is not taken back */
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
