/* SPDX-License-Identifier: MIT */
/* Our own transport on a loopback port of its choice, with TLS, for tests of clients. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/certs.h"
#include "common/net/server.h"
#include "tests/support.h"

struct tls_server {
    struct test_dir dir;
    struct net_server *server;
    struct workers *workers;
    struct http_app app;
    uint16_t port;
    char ca[256], cert[256], key[256];
};

static inline enum http_step tls_server_begin(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    x->body_limit = 1 << 20;
    return HTTP_STEP_LOOP;
}

static inline void tls_server_end(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    (void) x;
}

static inline void tls_server_refuse(void *ctx, struct http_exchange *x, int status,
                                     const char *message)
{
    (void) ctx;
    x->resp.status = status;
    buf_str(&x->resp.body, message);
}

static inline int listen_on(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* Each request is answered by step(ctx, ...), once its body is there. */
static inline void tls_server_start(struct tls_server *f,
                                    enum http_step (*step)(void *ctx, struct http_exchange *x,
                                                           enum http_step what,
                                                           struct kvdb_txn *txn),
                                    void *ctx)
{
    struct az_error err;

    *f = (struct tls_server){
        .app = {.ctx = ctx,
                .begin = tls_server_begin,
                .step = step,
                .end = tls_server_end,
                .refuse = tls_server_refuse}
    };
    test_dir_make(&f->dir);
    assert_ok(certs_ensure(f->dir.path, &err), &err);
    test_dir_file(&f->dir, "ca.pem", f->ca);
    test_dir_file(&f->dir, "leaf-localhost.pem", f->cert);
    test_dir_file(&f->dir, "leaf-localhost.key", f->key);
    f->workers = workers_new(1, NULL, NULL);
    const struct net_options o = {
        .threads = 1,
        .tls = {.localhost_cert = f->cert, .localhost_key = f->key},
        .workers = f->workers
    };
    assert_ok(net_server_new(&o, &f->server, &err), &err);
    const struct net_listener l = {listen_on(&f->port), NET_TLS, &f->app};
    assert_ok(net_server_listen(f->server, &l, &err), &err);
    assert_ok(net_server_start(f->server, &err), &err);
}

static inline void tls_server_stop(struct tls_server *f)
{
    net_server_stop(f->server, 1000);
    workers_free(f->workers);
    net_server_free(f->server);
    test_dir_remove(&f->dir);
}
