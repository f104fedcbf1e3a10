/* SPDX-License-Identifier: MIT */
/* The transport's public face: loops, listeners, start and stop. */
#include "common/net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/limits.h"
#include "common/net/internal.h"

#define BACKLOG 1024

bool net_server_new(const struct net_options *opt, struct net_server **ret, struct az_error *reterr)
{
    struct net_server *s = calloc(1, sizeof(*s));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = opt->threads > 0 ? opt->threads : cores > 0 ? (unsigned) cores : 1;

    if (!s) {
        return az_fail_internal(reterr, "out of memory");
    }
    s->opt = *opt;
    s->opt.header_timeout_ms =
        opt->header_timeout_ms > 0 ? opt->header_timeout_ms : LIMIT_HEADER_MS;
    s->opt.idle_timeout_ms = opt->idle_timeout_ms > 0 ? opt->idle_timeout_ms : LIMIT_IDLE_MS;
    n = n > NET_MAX_LOOPS ? NET_MAX_LOOPS : n;
    for (s->n_loops = 0; s->n_loops < n; s->n_loops++) {
        if (!loop_init(&s->loops[s->n_loops], s, s->n_loops, reterr)) {
            s->n_loops++;
            net_server_free(s);
            return false;
        }
    }
    if (!tls_init(s, reterr)) {
        net_server_free(s);
        return false;
    }
    *ret = s;
    return true;
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *addr, int len,
                      void *arg)
{
    (void) l;
    (void) len;
    conn_accept(arg, fd, addr);
}

/* A further socket on the same address for another loop; where that can't be, the same socket
 * again. */
static int sibling_socket(int fd)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    int one = 1;
    int s;

    if (getsockname(fd, (struct sockaddr *) &addr, &len) < 0) {
        return -1;
    }
    s = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) {
        return -1;
    }
    if (addr.ss_family == AF_INET6) {
        (void) setsockopt(s, IPPROTO_IPV6, 26 /* IPV6_V6ONLY */, &one, sizeof(one));
    }
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ||
        bind(s, (struct sockaddr *) &addr, len) < 0) {
        (void) close(s);
        return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return s;
}

static bool loop_listen(struct net_loop *l, const struct net_listener *how, int fd,
                        struct az_error *reterr)
{
    struct listener_ctx *ctx = calloc(1, sizeof(*ctx));
    struct evconnlistener *ev;

    if (!ctx || l->n_listeners == NET_MAX_LISTENERS || fd < 0 ||
        evutil_make_socket_nonblocking(fd) < 0 || listen(fd, BACKLOG) < 0) {
        free(ctx);
        return az_fail_internal(reterr, "listening: %s", strerror(errno));
    }
    *ctx = (struct listener_ctx){l, how->kind, how->app};
    ev = evconnlistener_new(l->base, on_accept, ctx, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                            0, fd);
    if (!ev) {
        free(ctx);
        return az_fail_internal(reterr, "listening: out of memory");
    }
    l->listener_ctx[l->n_listeners] = ctx;
    l->listeners[l->n_listeners++] = ev;
    return true;
}

bool net_server_listen(struct net_server *s, const struct net_listener *how,
                       struct az_error *reterr)
{
    for (unsigned i = 0; i < s->n_loops; i++) {
        int fd = i == 0 ? how->fd : sibling_socket(how->fd);

        if (!loop_listen(&s->loops[i], how, fd, reterr)) {
            return false;
        }
    }
    return true;
}

bool net_server_start(struct net_server *s, struct az_error *reterr)
{
    (void) signal(SIGPIPE, SIG_IGN);
    s->running = true;
    for (unsigned i = 0; i < s->n_loops; i++) {
        if (!loop_start(&s->loops[i], reterr)) {
            return false;
        }
    }
    return true;
}

void net_server_stop(struct net_server *s, int64_t grace_ms)
{
    struct timeval grace = {grace_ms / 1000, grace_ms % 1000 * 1000};

    if (!s->running) {
        return;
    }
    /* The sweep of each loop sees this, drains, and ends its loop; at the latest after the grace
     * time. */
    s->stopping = true;
    for (unsigned i = 0; i < s->n_loops; i++) {
        struct timespec until;

        if (!s->loops[i].started) {
            continue;
        }
        (void) clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += grace.tv_sec;
        until.tv_nsec += grace.tv_usec * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(s->loops[i].thread, NULL, &until) != 0) {
            s->abort = true; /* seen at the next sweep */
            (void) pthread_join(s->loops[i].thread, NULL);
        }
        s->loops[i].started = false;
    }
    s->running = false;
}

void net_server_free(struct net_server *s)
{
    if (!s) {
        return;
    }
    net_server_stop(s, 0);
    for (unsigned i = 0; i < s->n_loops; i++) {
        loop_done(&s->loops[i]);
    }
    tls_done(s);
    free(s);
}

unsigned net_server_lanes(const struct net_server *s)
{
    return s->n_loops;
}
