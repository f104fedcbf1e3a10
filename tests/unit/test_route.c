/* SPDX-License-Identifier: MIT */
/* Templates against segments: parameters, optional and rest pieces, and what must not match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/route.h"

struct row {
    struct route route; /* first, as in the daemons' tables */
    int id;
};

static const struct row rows[] = {
    {{HTTP_M_GET, "/"},                                        1 },
    {{HTTP_M_GET, "/keys"},                                    2 },
    {{HTTP_M_POST, "/keys/{name}/create"},                     3 },
    {{HTTP_M_GET, "/keys/{name}/versions"},                    4 },
    {{HTTP_M_GET, "/keys/{name}/{version?}"},                  5 },
    {{HTTP_M_GET, "/keys/{name}"},                             6 },
    {{HTTP_M_DELETE, "/keys/{name}"},                          7 },
    {{HTTP_M_POST, "/keys/{name}/{version?}/wrapkey"},         8 },
    {{HTTP_M_GET | HTTP_M_HEAD, "/{tenant}/v2.0/.well-known"}, 9 },
    {{HTTP_M_PUT, "/scope/{path*}"},                           10},
};

struct found {
    int id;
    unsigned allowed;
    struct route_match m;
    struct http_request req;
};

static void find(const char *target, enum http_method method, struct found *f)
{
    *f = (struct found){.req = {.method = method}};
    assert_true(http_request_parse_target(&f->req, sv_from(target)));
    f->m = route_find(rows, ARRAY_LEN(rows), sizeof(rows[0]), &f->req);
    f->id = f->m.route ? ((const struct row *) (const void *) f->m.route)->id : 0;
    f->allowed = f->m.allowed;
}

static void a_path_finds_its_row_and_parameters(void **state)
{
    static const struct {
        const char *target;
        enum http_method method;
        int id;
        const char *params[2];
    } cases[] = {
        {"/",                        HTTP_M_GET,    1,  {NULL, NULL}    },
        {"/keys",                    HTTP_M_GET,    2,  {NULL, NULL}    },
        {"/KEYS?api-version=7.4",    HTTP_M_GET,    2,  {NULL, NULL}    },
        {"//keys",                   HTTP_M_GET,    2,  {NULL, NULL}    },
        {"/keys/k1/create",          HTTP_M_POST,   3,  {"k1", NULL}    },
        {"/keys/k1/Versions",        HTTP_M_GET,    4,  {"k1", NULL}    },
        {"/keys/k1/abc",             HTTP_M_GET,    5,  {"k1", "abc"}   },
        {"/keys/k1/",                HTTP_M_GET,    5,  {"k1", ""}      },
        {"/keys/k1",                 HTTP_M_GET,    6,  {"k1", NULL}    },
        {"/keys/k1",                 HTTP_M_DELETE, 7,  {"k1", NULL}    },
        {"/keys/k1/v1/wrapKey",      HTTP_M_POST,   8,  {"k1", "v1"}    },
        {"/keys/k1//wrapkey",        HTTP_M_POST,   8,  {"k1", ""}      },
        {"/k%65ys/a%20b",            HTTP_M_GET,    6,  {"a b", NULL}   },
        {"/common/v2.0/.well-known", HTTP_M_HEAD,   9,  {"common", NULL}},
        {"/scope/a/b/c",             HTTP_M_PUT,    10, {"a", NULL}     },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct found f;
        size_t n = cases[i].params[1] ? 2 : cases[i].params[0] ? 1 : 0;

        find(cases[i].target, cases[i].method, &f);
        assert_int_equal(f.id, cases[i].id);
        assert_int_equal(f.m.n_params, n);
        for (size_t k = 0; k < n; k++) {
            assert_true(sv_eq(f.m.params[k], cases[i].params[k]));
        }
        http_request_done(&f.req);
    }
}

static void another_path_or_method_finds_nothing(void **state)
{
    static const struct {
        const char *target;
        enum http_method method;
        unsigned allowed;
    } cases[] = {
        {"/key",                 HTTP_M_GET,   0                         },
        {"/keysx",               HTTP_M_GET,   0                         },
        {"/keys//create",        HTTP_M_POST,  0                         },
        {"/keys//",              HTTP_M_GET,   0                         },
        {"/keys/k1/v1/wrapkey/", HTTP_M_POST,  0                         },
        {"/keys/k1/v1/unwrap",   HTTP_M_POST,  0                         },
        {"/scope",               HTTP_M_PUT,   0                         },
        {"/keys/k1",             HTTP_M_PATCH, HTTP_M_GET | HTTP_M_DELETE},
        {"/keys/k1/create",      HTTP_M_GET,   0                         },
        {"/keys",                HTTP_M_OTHER, HTTP_M_GET                },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct found f;

        find(cases[i].target, cases[i].method, &f);
        if (strcmp(cases[i].target, "/keys/k1/create") == 0) {
            assert_int_equal(f.id, 5); /* "create" is a version to a GET */
            assert_true((f.allowed & HTTP_M_POST) != 0);
        } else {
            assert_int_equal(f.id, 0);
            assert_int_equal(f.allowed, cases[i].allowed);
        }
        http_request_done(&f.req);
    }
}

static void no_more_parameters_are_taken_than_fit(void **state)
{
    static const struct route many[] = {
        {HTTP_M_GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"    },
        {HTTP_M_GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"},
    };
    struct http_request req = {.method = HTTP_M_GET};
    struct route_match m;

    (void) state;
    assert_true(http_request_parse_target(&req, sv_from("/1/2/3/4/5/6/7/8")));
    m = route_find(many, ARRAY_LEN(many), sizeof(many[0]), &req);
    assert_ptr_equal(m.route, &many[0]);
    assert_int_equal(m.n_params, ROUTE_MAX_PARAMS);
    http_request_done(&req);
    assert_true(http_request_parse_target(&req, sv_from("/1/2/3/4/5/6/7/8/9")));
    m = route_find(many, ARRAY_LEN(many), sizeof(many[0]), &req);
    assert_null(m.route);
    http_request_done(&req);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_row_and_parameters),
        cmocka_unit_test(another_path_or_method_finds_nothing),
        cmocka_unit_test(no_more_parameters_are_taken_than_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
