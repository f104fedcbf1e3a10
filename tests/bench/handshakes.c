/* SPDX-License-Identifier: MIT */
/*
 * TLS handshakes a second, for tools/bench: handshakes PORT SNI CA SECONDS full|resumed.
 *
 * Each round connects, shakes hands, asks GET /health and closes. `resumed` offers the session of
 * the round before (whatever loop served it) and fails if the server does not take it. Prints the
 * number of rounds a second.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

static SSL_SESSION *ticket; /* the newest */
static unsigned refused;

static int keep(SSL *ssl, SSL_SESSION *s)
{
    (void) ssl;
    SSL_SESSION_free(ticket);
    ticket = s;
    return 1;
}

static int dial(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *) &at, sizeof(at)) < 0) {
        (void) close(fd);
        return -1;
    }
    return fd;
}

/* One round; false: it failed. */
static int round_trip(SSL_CTX *ctx, uint16_t port, char *sni, int resume)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: management.localhost\r\n\r\n";
    char answer[4096];
    SSL *ssl = SSL_new(ctx);
    int fd = dial(port);
    int ok;

    ok = ssl && fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_set_tlsext_host_name(ssl, sni) == 1;
    if (ok && resume && ticket) {
        ok = SSL_set_session(ssl, ticket) == 1;
    }
    ok = ok && SSL_connect(ssl) == 1;
    if (ok && resume && !SSL_session_reused(ssl)) {
        refused++;
    }
    ok = ok && SSL_write(ssl, request, sizeof(request) - 1) > 0 &&
         SSL_read(ssl, answer, sizeof(answer)) > 0; /* the tickets come with the answer */
    if (ok) {
        (void) SSL_shutdown(ssl); /* else the session counts as broken */
    }
    SSL_free(ssl);
    (void) close(fd);
    return ok;
}

static double now_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    unsigned n = 0;
    double start;
    double until;
    int resume;
    uint16_t port;

    if (argc != 6 || !ctx || SSL_CTX_load_verify_locations(ctx, argv[3], NULL) != 1) {
        (void) fprintf(stderr, "usage: handshakes PORT SNI CA SECONDS full|resumed\n");
        return 2;
    }
    port = (uint16_t) strtoul(argv[1], NULL, 10);
    resume = strcmp(argv[5], "resumed") == 0;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (resume) {
        (void) SSL_CTX_set_session_cache_mode(ctx,
                                              SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, keep);
        if (!round_trip(ctx, port, argv[2], 0) || !ticket) {
            (void) fprintf(stderr, "handshakes: no session to resume\n");
            return 1;
        }
    }
    start = now_s();
    until = start + strtod(argv[4], NULL);
    while (now_s() < until) {
        if (!round_trip(ctx, port, argv[2], resume)) {
            (void) fprintf(stderr, "handshakes: a round failed\n");
            return 1;
        }
        n++;
    }
    if (refused > 0) {
        (void) fprintf(stderr, "handshakes: %u of %u sessions were not resumed\n", refused, n);
        return 1;
    }
    (void) printf("%.0f\n", n / (now_s() - start));
    SSL_SESSION_free(ticket);
    SSL_CTX_free(ctx);
    return 0;
}
