/* SPDX-License-Identifier: MIT */
/*
 * The other yardstick of tools/bench: libevent's own HTTP server over TLS, answering what
 * bare_server answers. evhttp_server CERT KEY: one loop on a loopback port, which it prints.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "common/cleanup.h"
#include "tests/bench/fixed_answer.h"

static struct bufferevent *new_tls(struct event_base *base, void *ctx)
{
    return bufferevent_openssl_socket_new(base, -1, SSL_new(ctx), BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct evbuffer *body = evbuffer_new();

    (void) arg;
    (void) evbuffer_add(body, FIXED_BODY, sizeof(FIXED_BODY) - 1);
    (void) evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", FIXED_TYPE);
    for (size_t i = 0; i < ARRAY_LEN(fixed_headers); i++) {
        (void) evhttp_add_header(evhttp_request_get_output_headers(req), fixed_headers[i].name,
                                 fixed_headers[i].value);
    }
    evhttp_send_reply(req, 200, "OK", body);
    evbuffer_free(body);
}

static void stop(evutil_socket_t sig, short what, void *base)
{
    (void) sig;
    (void) what;
    (void) event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    struct event *term = evsignal_new(base, SIGTERM, stop, base);
    struct evhttp_bound_socket *bound;
    struct sockaddr_in at = {0};
    socklen_t len = sizeof(at);
    int on = 1;

    if (argc < 3 || SSL_CTX_use_certificate_chain_file(tls, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[2], SSL_FILETYPE_PEM) != 1) {
        (void) fprintf(stderr, "usage: evhttp_server CERT KEY\n");
        return 2;
    }
    evhttp_set_bevcb(http, new_tls, tls);
    evhttp_set_gencb(http, on_request, NULL);
    bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *) &at, &len)) {
        (void) fprintf(stderr, "evhttp_server: no port\n");
        return 1;
    }
    /* Accepted sockets inherit it; without it evhttp would be measured against delayed ACKs. */
    (void) setsockopt(evhttp_bound_socket_get_fd(bound), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void) printf("%u\n", (unsigned) ntohs(at.sin_port));
    (void) fflush(stdout);
    (void) evsignal_add(term, NULL);
    (void) event_base_dispatch(base);
    event_free(term);
    evhttp_free(http);
    event_base_free(base);
    SSL_CTX_free(tls);
    return 0;
}
