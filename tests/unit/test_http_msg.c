/* SPDX-License-Identifier: MIT */
/* Targets split and decoded, headers and parameters looked up, response header tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/http_msg.h"

static void join(const struct http_request *req, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < req->n_segments; i++) {
        n += (size_t) snprintf(out + n, size - n, "[%.*s]", (int) req->segments[i].len,
                               req->segments[i].ptr);
    }
}

static void a_target_is_split_into_decoded_segments(void **state)
{
    static const struct {
        const char *target;
        const char *segments;
        bool bad;
    } cases[] = {
        {"/",                             "",                      false},
        {"/keys",                         "[keys]",                false},
        {"/keys/k1/",                     "[keys][k1][]",          false},
        {"/keys/k1//wrapkey",             "[keys][k1][][wrapkey]", false},
        {"//metadata/endpoints",          "[metadata][endpoints]", false},
        {"/keys/a%20b?x=1",               "[keys][a b]",           false},
        {"/keys/a+b",                     "[keys][a+b]",           false},
        {"/keys/a%2Fb",                   "[keys][a/b]",           true },
        {"/keys/a%5cb",                   "[keys][a\\b]",          true },
        {"/keys/..",                      "[keys][..]",            true },
        {"/keys/%2e%2e/x",                "[keys][..][x]",         true },
        {"/keys/./x",                     "[keys][.][x]",          true },
        {"/keys/a%00b",                   "[keys][a%00b]",         true },
        {"/keys/a%4",                     "[keys][a%4]",           true },
        {"/keys/a%zz",                    "[keys][a%zz]",          true },
        {"/keys/%ffa",                    "[keys][?a]",            true },
        {"/keys/...",                     "[keys][...]",           false},
        {"https://h.example/keys/k1?a=b", "[keys][k1]",            false},
        {"https://h.example",             "",                      false},
        {"http://h",                      "",                      false},
        {"http://h?next=/keys",           "",                      false},
        {"/keys#there/and?back",          "[keys]",                false},
        {"/a?u=https://h/keys",           "[a]",                   false},
    };
    char text[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request req = {0};

        assert_true(http_request_parse_target(&req, sv_from(cases[i].target)));
        join(&req, text, sizeof(text));
        assert_string_equal(text, cases[i].segments);
        assert_int_equal(req.bad_path, cases[i].bad);
        http_request_done(&req);
    }
}

static void the_target_loses_its_authority_and_nothing_else(void **state)
{
    static const char *const cases[][2] = {
        {"/keys/a%2Fb?x=%20",   "/keys/a%2Fb?x=%20"},
        {"https://h:1/k?x=/y",  "/k?x=/y"          },
        {"https://h:1",         "/"                },
        {"http://h?next=/keys", "/?next=/keys"     },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request req = {0};

        assert_true(http_request_parse_target(&req, sv_from(cases[i][0])));
        assert_string_equal(req.target, cases[i][1]);
        http_request_done(&req);
    }
}

static void parameters_are_decoded_and_found_in_any_case(void **state)
{
    struct http_request req = {0};

    (void) state;
    /* clients.md: some clients encode the dash of api-version. */
    assert_true(http_request_parse_target(
        &req, sv_from("/k?api%2Dversion=7.4&&$filter=a+eq+%27b%27&flag&x=1=2&X=3")));
    assert_string_equal(http_param_get(&req, "Api-Version"), "7.4");
    assert_string_equal(http_param_get(&req, "$filter"), "a eq 'b'");
    assert_string_equal(http_param_get(&req, "flag"), "");
    assert_string_equal(http_param_get(&req, "x"), "1=2");
    assert_null(http_param_get(&req, "y"));
    assert_int_equal(req.n_params, 5);
    http_request_done(&req);
}

static void what_is_no_target_is_refused(void **state)
{
    static const char *const cases[] = {
        "",       "*",       "keys",     "/a b",     "/a\tb",    "/a\x7f",
        "/a?x=%", "/a?x=%0", "/a?x=%00", "/a?%zz=1", "/a?x=%ff", "://x",
    };
    char many[512] = "";

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request req = {0};

        assert_false(http_request_parse_target(&req, sv_from(cases[i])));
        http_request_done(&req);
    }
    for (size_t i = 0; i <= HTTP_MAX_SEGMENTS; i++) {
        memcpy(many + 2 * i, "/s", 3);
    }
    for (int extra = 1; extra >= 0; extra--) {
        struct http_request req = {0};

        many[2 * (HTTP_MAX_SEGMENTS + (size_t) extra)] = '\0';
        assert_int_equal(http_request_parse_target(&req, sv_from(many)), extra == 0);
        http_request_done(&req);
    }
}

static void too_many_parameters_are_refused(void **state)
{
    char text[256] = "/k?";

    (void) state;
    for (size_t i = 0; i <= HTTP_MAX_PARAMS; i++) {
        memcpy(text + 3 + 4 * i, "a=1&", 5);
    }
    for (size_t n = HTTP_MAX_PARAMS; n <= HTTP_MAX_PARAMS + 1; n++) {
        struct http_request req = {0};
        struct str_view target = {text, 3 + 4 * n - 1};

        assert_int_equal(http_request_parse_target(&req, target), n == HTTP_MAX_PARAMS);
        http_request_done(&req);
    }
}

static void methods_have_names_and_others_are_other(void **state)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum http_method m = http_method_parse(sv_from(names[i]));

        assert_int_equal(m, 1 << i);
        assert_string_equal(http_method_name(m), names[i]);
    }
    assert_int_equal(http_method_parse(sv_from("get")), HTTP_M_OTHER);
    assert_int_equal(http_method_parse(sv_from("GETS")), HTTP_M_OTHER);
    assert_int_equal(http_method_parse(sv_from("")), HTTP_M_OTHER);
}

static void the_first_header_of_a_name_is_found_in_any_case(void **state)
{
    struct http_request req = {.n_headers = 2};

    (void) state;
    req.headers[0] = (struct http_header){sv_from("X-A"), sv_from("1")};
    req.headers[1] = (struct http_header){sv_from("x-a"), sv_from("2")};
    assert_true(sv_eq(http_header_get(&req, "x-a"), "1"));
    assert_null(http_header_get(&req, "x-b").ptr);
}

static void a_response_header_replaces_and_carries_no_line_break(void **state)
{
    struct http_response r = {0};
    char name[HTTP_MAX_RESPONSE_HEADERS][8];

    (void) state;
    assert_true(http_response_set_header(&r, "X-A", "%d", 1));
    assert_true(http_response_set_header(&r, "x-a", "2\r\nX-Evil: 1"));
    assert_int_equal(r.n_headers, 1);
    assert_string_equal(http_response_get_header(&r, "X-a"), "2  X-Evil: 1");
    assert_null(http_response_get_header(&r, "X-Evil"));
    for (size_t i = 1; i < HTTP_MAX_RESPONSE_HEADERS; i++) {
        (void) snprintf(name[i], sizeof(name[i]), "h%zu", i);
        assert_true(http_response_set_header(&r, name[i], "v"));
    }
    assert_false(http_response_set_header(&r, "one-too-many", "v"));
    assert_true(http_response_set_header(&r, "X-A", "still"));
    http_response_reset(&r);
    assert_int_equal(r.n_headers, 0);
    http_response_done(&r);
}

static void count_close(void *ctx)
{
    ++*(int *) ctx;
}

static void a_source_is_closed_once(void **state)
{
    int closed = 0;
    struct http_response r = {
        .source = {.close = count_close, .ctx = &closed}
    };

    (void) state;
    http_response_reset(&r);
    http_response_done(&r);
    assert_int_equal(closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_split_into_decoded_segments),
        cmocka_unit_test(the_target_loses_its_authority_and_nothing_else),
        cmocka_unit_test(parameters_are_decoded_and_found_in_any_case),
        cmocka_unit_test(what_is_no_target_is_refused),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(methods_have_names_and_others_are_other),
        cmocka_unit_test(the_first_header_of_a_name_is_found_in_any_case),
        cmocka_unit_test(a_response_header_replaces_and_carries_no_line_break),
        cmocka_unit_test(a_source_is_closed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
