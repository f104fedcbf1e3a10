/* SPDX-License-Identifier: MIT */
/* Hostile and honest bytes against the message parser alone: heads, framing, body pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/limits.h"
#include "common/net/http1.h"

#define GET  "GET /keys HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /keys HTTP/1.1\r\nHost: a\r\n"

struct outcome {
    int status; /* 0: a whole message; -1: more bytes needed; -2: the body is malformed */
    struct buf body;
    size_t used; /* bytes of the message */
    struct http_request req;
    struct http1 p;
    struct buf head;
};

static void on_body(void *ctx, const char *data, size_t len)
{
    buf_add(ctx, data, len);
}

static void feed_body(struct outcome *o, const char *data, size_t len, size_t step)
{
    if (!http1_begin_body(&o->p)) {
        o->status = -2;
        return;
    }
    while (!o->p.complete && o->used < len) {
        size_t n = len - o->used < step ? len - o->used : step;
        size_t used = 0;

        if (!http1_body(&o->p, data + o->used, n, &used)) {
            o->status = -2;
            return;
        }
        o->used += used;
    }
    o->status = o->p.complete ? 0 : -1;
}

static void feed(struct outcome *o, const char *data, size_t len, size_t step)
{
    const char *why = NULL;
    size_t n;

    *o = (struct outcome){.p = {.on_body = on_body}};
    o->p.ctx = &o->body;
    n = http1_scan_head(data, len, &why);
    if (n == 0) {
        o->status = why ? 400 : -1;
        return;
    }
    buf_add(&o->head, data, n);
    if (http1_head(&o->p, &o->req, o->head.data, n, &o->status) == NULL) {
        o->used = n;
        feed_body(o, data, len, step);
    }
}

static void outcome_done(struct outcome *o)
{
    http1_done(&o->p);
    http_request_done(&o->req);
    buf_done(&o->body);
    buf_done(&o->head);
}

static void what_is_not_strictly_http_is_refused(void **state)
{
    static const struct {
        const char *why;
        const char *bytes;
        int status;
    } cases[] = {
        {"no Host",             "GET / HTTP/1.1\r\n\r\n",                                                400},
        {"two Hosts",           GET "Host: a\r\n\r\n",                                                   400},
        {"two Authorizations",  GET "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n",
         400                                                                                                },
        {"CL beside TE",        POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",          400},
        {"TE beside CL",        POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",          400},
        {"two CLs",             POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",                   400},
        {"two TEs",             POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"TE gzip",             POST "Transfer-Encoding: gzip\r\n\r\n",                                  400},
        {"TE list",             POST "Transfer-Encoding: gzip, chunked\r\n\r\n",                         400},
        {"TE xchunked",         POST "Transfer-Encoding: xchunked\r\n\r\n",                              400},
        {"TE of HTTP/1.0",      "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",      400},
        {"CL empty",            POST "Content-Length:\r\n\r\n",                                          400},
        {"CL negative",         POST "Content-Length: -1\r\n\r\n",                                       400},
        {"CL signed",           POST "Content-Length: +1\r\n\r\n",                                       400},
        {"CL list",             POST "Content-Length: 3, 3\r\n\r\n",                                     400},
        {"CL with space",       POST "Content-Length: 3 3\r\n\r\n",                                      400},
        {"CL hex",              POST "Content-Length: 0x3\r\n\r\n",                                      400},
        {"CL too long",         POST "Content-Length: 99999999999999999999\r\n\r\n",                     400},
        {"space before colon",  POST "Content-Length : 3\r\n\r\n",                                       400},
        {"tab before colon",    POST "Content-Length\t: 3\r\n\r\n",                                      400},
        {"space in a name",     GET "X Y: 1\r\n\r\n",                                                    400},
        {"no name",             GET ": 1\r\n\r\n",                                                       400},
        {"no colon",            GET "Header\r\n\r\n",                                                    400},
        {"odd byte in a name",  GET "X\x01: 1\r\n\r\n",                                                  400},
        {"folded line",         GET "X: 1\r\n 2\r\n\r\n",                                                400},
        {"folded with tab",     GET "X: 1\r\n\t2\r\n\r\n",                                               400},
        {"folded first line",   "GET / HTTP/1.1\r\n Host: a\r\n\r\n",                                    400},
        {"bare LF",             "GET / HTTP/1.1\nHost: a\n\n",                                           400},
        {"one bare LF",         "GET / HTTP/1.1\r\nX: 1\nHost: a\r\n\r\n",                               400},
        {"bare CR in a value",  GET "X: a\rContent-Length: 5\r\n\r\n",                                   400},
        {"CR CR LF",            GET "X: a\r\r\n\r\n",                                                    400},
        {"bare CR in the line", "GET /a\r HTTP/1.1\r\nHost: a\r\n\r\n",                                  400},
        {"control in a value",  GET "X: a\x01\r\n\r\n",                                                  400},
        {"DEL in a value",      GET "X: a\x7f\r\n\r\n",                                                  400},
        {"garbage",             "\x16\x03\x01\x02\r\n\r\n",                                              400},
        {"empty head",          "\r\n\r\n",                                                              400},
        {"unknown method",      "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",                                    400},
        {"lower-case method",   "get / HTTP/1.1\r\nHost: a\r\n\r\n",                                     400},
        {"no target",           "GET HTTP/1.1\r\nHost: a\r\n\r\n",                                       400},
        {"no version",          "GET /\r\nHost: a\r\n\r\n",                                              505},
        {"tab in the target",   "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n",                                 400},
        {"asterisk",            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",                                 400},
        {"another host",        "GET https://b/keys HTTP/1.1\r\nHost: a\r\n\r\n",                        400},
        {"user in the target",  "GET https://a@b/keys HTTP/1.1\r\nHost: a\r\n\r\n",                      400},
        {"HTTP/2",              "GET / HTTP/2.0\r\nHost: a\r\n\r\n",                                     505},
        {"HTTP/0.9",            "GET / HTTP/0.9\r\nHost: a\r\n\r\n",                                     505},
        {"an expectation",      GET "Expect: magic\r\n\r\n",                                             417},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome o;

        feed(&o, cases[i].bytes, strlen(cases[i].bytes), 1000);
        if (o.status != cases[i].status) {
            fail_msg("%s: %d", cases[i].why, o.status);
        }
        outcome_done(&o);
    }
}

static void a_nul_is_refused_in_the_head_and_welcome_in_the_body(void **state)
{
    static const char in_head[] = GET "X: a\0b\r\n\r\n";
    static const char in_body[] = POST "Content-Length: 4\r\n\r\na\0\n\0";
    struct outcome o;

    (void) state;
    feed(&o, in_head, sizeof(in_head) - 1, 1000);
    assert_int_equal(o.status, 400);
    outcome_done(&o);
    feed(&o, in_body, sizeof(in_body) - 1, 1000);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.body.len, 4);
    assert_memory_equal(o.body.data, "a\0\n", 4);
    outcome_done(&o);
}

static void a_message_ends_where_it_says(void **state)
{
    static const struct {
        const char *bytes;
        const char *body;
        const char *rest;
    } cases[] = {
        {GET "\r\n" GET,                                                                             "",      GET   },
        {"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET",                          "hello", "GET" },
        {"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET",                        "hello", "GET" },
        {"PROPFIND / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET",                      "hello", "GET" },
        {GET "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhiGET",                "hi",    "GET" },
        {GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET",                                       "",      "GET" },
        {POST "Content-Length: 0\r\n\r\nx",                                                          "",      "x"   },
        {POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nrest",                       "hello", "rest"},
        {POST "Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nT: x\r\n\r\nrest",
         "hello",                                                                                             "rest"},
        {"\r\n" GET "\r\nrest",                                                                      "",      "rest"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step < 2000; step = step * 3 + 1) {
            struct outcome o;

            feed(&o, cases[i].bytes, strlen(cases[i].bytes), step);
            assert_int_equal(o.status, 0);
            assert_int_equal(o.body.len, strlen(cases[i].body));
            assert_memory_equal(o.body.data ? o.body.data : "", cases[i].body, o.body.len);
            assert_string_equal(cases[i].bytes + o.used, cases[i].rest);
            outcome_done(&o);
        }
    }
}

static void chunks_that_are_not_strictly_framed_are_refused(void **state)
{
    static const char *const cases[] = {
        "zz\r\n",
        "-1\r\n",
        "\r\n",
        "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\rX\rhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXY0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "11111111111111111\r\nx",
        "5\r\nhello\r\n0\r\nT: x\n\r\n",
        "5\r\nhello\r\n0\r\n\rX",
        "5\r\nhello\r\n0\r\n\n",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step < 100; step += 33) {
            char bytes[256];
            struct outcome o;
            int n = snprintf(bytes, sizeof(bytes), POST "Transfer-Encoding: chunked\r\n\r\n%s",
                             cases[i]);

            feed(&o, bytes, (size_t) n, step);
            if (o.status != -2) {
                fail_msg("case %zu, step %zu: %d", i, step, o.status);
            }
            outcome_done(&o);
        }
    }
}

static void a_part_of_a_head_waits_for_more(void **state)
{
    static const char head[] = GET "X: y\r\n\r\n";

    (void) state;
    for (size_t n = 0; n < sizeof(head) - 1; n++) {
        const char *why = NULL;

        assert_int_equal(http1_scan_head(head, n, &why), 0);
        assert_null(why);
    }
}

static void a_head_that_is_too_large_is_refused(void **state)
{
    static char head[LIMIT_HEADER_BYTES + 1];
    const char *why = NULL;
    struct outcome o;
    size_t n = (size_t) snprintf(head, sizeof(head), GET "X: ");

    (void) state;
    memset(head + n, 'a', sizeof(head) - n);
    assert_int_equal(http1_scan_head(head, LIMIT_HEADER_BYTES - 1, &why), 0);
    assert_null(why);
    assert_int_equal(http1_scan_head(head, LIMIT_HEADER_BYTES, &why), 0);
    assert_non_null(why);
    for (size_t i = 0; i < HTTP_MAX_HEADERS; i++) {
        n = (size_t) (i == 0 ? 0 : n);
        n += (size_t) snprintf(head + n, sizeof(head) - n, i == 0 ? GET : "X: %zu\r\n", i);
    }
    memcpy(head + n, "\r\n", 3);
    feed(&o, head, n + 2, 1000);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.req.n_headers, HTTP_MAX_HEADERS);
    outcome_done(&o);
    memcpy(head + n, "Y: 1\r\n\r\n", 9);
    feed(&o, head, n + 8, 1000);
    assert_int_equal(o.status, 431);
    outcome_done(&o);
}

static void a_head_becomes_a_request(void **state)
{
    static const char bytes[] =
        "POST https://Demo.Vault.localhost:7443//keys/k1/?api-version=7.4 HTTP/1.1\r\n"
        "Host: demo.VAULT.localhost:7443 \r\nX-Empty:\r\nX-A:\t v w \t\r\nExpect: 100-Continue\r\n"
        "Content-Length: 2\r\n\r\nhi";
    struct outcome o;

    (void) state;
    feed(&o, bytes, sizeof(bytes) - 1, 1000);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.req.method, HTTP_M_POST);
    assert_string_equal(o.req.target, "//keys/k1/?api-version=7.4");
    assert_int_equal(o.req.n_segments, 3);
    assert_true(sv_eq(o.req.host, "demo.vault.localhost:7443"));
    assert_true(sv_eq(http_header_get(&o.req, "x-a"), "v w"));
    assert_true(sv_eq(http_header_get(&o.req, "x-empty"), ""));
    assert_true(o.req.has_body);
    assert_int_equal(o.req.content_length, 2);
    assert_true(o.p.absolute);
    assert_true(o.p.expect_continue);
    assert_true(o.p.keep_alive);
    outcome_done(&o);
}

static void a_connection_is_kept_as_its_version_and_header_say(void **state)
{
    static const struct {
        const char *bytes;
        bool keep;
    } cases[] = {
        {GET "\r\n",                                                    true },
        {GET "Connection: close\r\n\r\n",                               false},
        {GET "Connection: Keep-Alive, Close\r\n\r\n",                   false},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n",                           false},
        {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome o;

        feed(&o, cases[i].bytes, strlen(cases[i].bytes), 1000);
        assert_int_equal(o.status, 0);
        assert_int_equal(o.p.keep_alive, cases[i].keep);
        outcome_done(&o);
    }
}

static void connect_needs_no_host(void **state)
{
    static const char bytes[] = "CONNECT demo.vault.azure.net:443 HTTP/1.1\r\n\r\n";
    struct outcome o;

    (void) state;
    /* clients.md: az sends none. */
    feed(&o, bytes, sizeof(bytes) - 1, 1000);
    assert_int_equal(o.status, 0);
    assert_true(o.p.connect);
    assert_string_equal(o.p.url.data, "demo.vault.azure.net:443");
    outcome_done(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_strictly_http_is_refused),
        cmocka_unit_test(a_nul_is_refused_in_the_head_and_welcome_in_the_body),
        cmocka_unit_test(a_message_ends_where_it_says),
        cmocka_unit_test(chunks_that_are_not_strictly_framed_are_refused),
        cmocka_unit_test(a_part_of_a_head_waits_for_more),
        cmocka_unit_test(a_head_that_is_too_large_is_refused),
        cmocka_unit_test(a_head_becomes_a_request),
        cmocka_unit_test(a_connection_is_kept_as_its_version_and_header_say),
        cmocka_unit_test(connect_needs_no_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
