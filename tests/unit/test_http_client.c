/* SPDX-License-Identifier: MIT */
/*
 * Outgoing HTTPS against our own transport on a loopback port: bodies and headers both ways, trust,
 * and what is no HTTP answer at all.
 */
#include <pthread.h>

#include "common/http_client.h"
#include "tests/unit/tls_server.h"

/* Answers with what it was asked: "METHOD target host body". */
static enum http_step step(void *ctx, struct http_exchange *x, enum http_step what,
                           struct kvdb_txn *txn)
{
    struct str_view echo = http_header_get(&x->req, "x-echo");

    (void) ctx;
    (void) what;
    (void) txn;
    x->resp.status = sv_eq(x->req.segments[0], "missing") ? 404 : 200;
    x->resp.content_type = "text/plain";
    (void) http_response_set_header(&x->resp, "X-Echo", "%.*s", (int) echo.len,
                                    echo.len > 0 ? echo.ptr : "");
    buf_fmt(&x->resp.body, "%.*s %s %.*s ", (int) x->req.method_name.len, x->req.method_name.ptr,
            x->req.target, (int) x->req.host.len, x->req.host.ptr);
    buf_add(&x->resp.body, x->req.body.len > 0 ? x->req.body.ptr : "", x->req.body.len);
    return HTTP_STEP_DONE;
}

static int setup(void **state)
{
    static struct tls_server f;

    tls_server_start(&f, step, NULL);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    tls_server_stop(*state);
    return 0;
}

static struct http_client *client(const char *ca, uint16_t port)
{
    const struct http_client_options o = {.ca_file = ca, .connect_port = port, .timeout_ms = 10000};
    struct http_client *c = NULL;
    struct az_error err;

    assert_ok(http_client_new(&o, &c, &err), &err);
    return c;
}

static void a_call_carries_method_target_host_headers_and_body(void **state)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    static const struct http_client_header headers[] = {
        {"X-Echo", "there and back"}
    };
    struct tls_server *f = *state;
    struct http_client *c = client(f->ca, f->port);
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct http_client_answer a = {0};
        char want[256];

        /* The name in the URL is the one that is sent and checked; the connection goes to us. */
        assert_ok(http_client_call(c, methods[i], "https://demo.vault.localhost:7443/a/b?c=d",
                                   headers, 1, i > 0 ? sv_from("body") : (struct str_view){NULL, 0},
                                   &a, &err),
                  &err);
        (void) snprintf(want, sizeof(want), "%s /a/b?c=d demo.vault.localhost:7443 %s", methods[i],
                        i > 0 ? "body" : "");
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body.len, strlen(want));
        assert_memory_equal(a.body.data, want, a.body.len);
        assert_string_equal(http_client_answer_header(&a, "x-echo"), "there and back");
        assert_null(http_client_answer_header(&a, "x-absent"));
        http_client_answer_done(&a);
    }
    http_client_free(c);
    http_client_free(NULL);
}

static void a_refusal_is_an_answer(void **state)
{
    struct tls_server *f = *state;
    struct http_client *c = client(f->ca, f->port);
    struct http_client_answer a = {0};
    struct az_error err;

    assert_ok(http_client_call(c, "GET", "https://demo.vault.localhost/missing", NULL, 0,
                               (struct str_view){NULL, 0}, &a, &err),
              &err);
    assert_int_equal(a.status, 404);
    http_client_answer_done(&a);
    http_client_free(c);
}

static bool calls(struct http_client *c, const char *url)
{
    struct http_client_answer a = {0};
    struct az_error err = {0};
    bool ok = http_client_call(c, "GET", url, NULL, 0, (struct str_view){NULL, 0}, &a, &err);

    assert_true(ok || err.detail[0] || err.message[0]);
    http_client_answer_done(&a);
    return ok;
}

static void a_name_or_a_ca_that_is_not_trusted_is_no_answer(void **state)
{
    struct tls_server *f = *state;
    struct http_client *c = client(f->ca, f->port);
    struct http_client *system = client(NULL, f->port);

    assert_true(calls(c, "https://demo.vault.localhost/"));
    assert_false(calls(c, "https://example.com/"));
    assert_false(calls(system, "https://demo.vault.localhost/"));
    http_client_free(c);
    http_client_free(system);
}

static void a_port_where_nobody_listens_is_no_answer(void **state)
{
    struct tls_server *f = *state;
    uint16_t port;
    int fd = listen_on(&port);
    struct http_client *c;

    (void) close(fd);
    c = client(f->ca, port);
    assert_false(calls(c, "https://demo.vault.localhost/"));
    http_client_free(c);
}

struct caller {
    struct http_client *c;
    int good;
};

static void *call_many(void *arg)
{
    struct caller *k = arg;

    for (int i = 0; i < 20; i++) {
        struct http_client_answer a = {0};
        struct az_error err;

        k->good += http_client_call(k->c, "POST", "https://demo.vault.localhost/", NULL, 0,
                                    sv_from("x"), &a, &err) &&
                   a.status == 200;
        http_client_answer_done(&a);
    }
    return NULL;
}

static void many_threads_share_one_client(void **state)
{
    struct tls_server *f = *state;
    struct caller k[4];
    pthread_t t[4];
    struct http_client *c = client(f->ca, f->port);

    for (size_t i = 0; i < 4; i++) {
        k[i] = (struct caller){c, 0};
        assert_int_equal(pthread_create(&t[i], NULL, call_many, &k[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_int_equal(k[i].good, 20);
    }
    http_client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_carries_method_target_host_headers_and_body),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(a_name_or_a_ca_that_is_not_trusted_is_no_answer),
        cmocka_unit_test(a_port_where_nobody_listens_is_no_answer),
        cmocka_unit_test(many_threads_share_one_client),
    };

    return cmocka_run_group_tests_name("http_client", tests, setup, teardown);
}
