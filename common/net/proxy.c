/* SPDX-License-Identifier: MIT */
/*
 * The CONNECT proxy: pipes a tunnel to an Azure name into our own TLS listener, refuses every other
 * target. It resolves nothing and connects to loopback only.
 */
#include <arpa/inet.h>
#include <string.h>

#include "common/net/internal.h"

#define PIPE_HIGH_BYTES (512 * 1024)

bool proxy_host_allowed(struct str_view host)
{
    const char *colon = host.len > 0 && host.ptr[0] != '[' ? memchr(host.ptr, ':', host.len) : NULL;
    struct str_view bare = {host.ptr, colon ? (size_t) (colon - host.ptr) : host.len};

    return sv_eq(bare, "169.254.169.254") || sv_eq(bare, "127.0.0.1") || sv_eq(bare, "localhost");
}

static struct bufferevent *other(struct conn *c, struct bufferevent *bev)
{
    return bev == c->bev ? c->peer : c->bev;
}

static void pipe_readable(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;
    struct evbuffer *out = bufferevent_get_output(other(c, bev));

    (void) evbuffer_add_buffer(out, bufferevent_get_input(bev));
    if (evbuffer_get_length(out) > PIPE_HIGH_BYTES) {
        (void) bufferevent_disable(bev, EV_READ);
    }
    conn_set_deadline(c, conn_idle_ms(c));
}

static void pipe_writable(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;

    if (c->peer_gone && evbuffer_get_length(bufferevent_get_output(bev)) == 0) {
        conn_free(c);
        return;
    }
    if (!c->peer_gone) {
        (void) bufferevent_enable(other(c, bev), EV_READ);
    }
}

static void pipe_event(struct bufferevent *bev, short what, void *arg)
{
    struct conn *c = arg;
    struct bufferevent *dst = other(c, bev);

    if ((what & BEV_EVENT_CONNECTED) != 0) {
        return;
    }
    (void) evbuffer_add_buffer(bufferevent_get_output(dst), bufferevent_get_input(bev));
    if (c->peer_gone || evbuffer_get_length(bufferevent_get_output(dst)) == 0) {
        conn_free(c);
        return;
    }
    c->peer_gone = true; /* what was said before the end still goes over */
    bufferevent_setwatermark(dst, EV_WRITE, 0, 0);
    (void) bufferevent_disable(dst, EV_READ);
}

void proxy_pipe_free(struct conn *c)
{
    bufferevent_free(c->peer);
    c->peer = NULL;
}

static bool open_pipe(struct conn *c, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->peer =
        bufferevent_socket_new(c->loop->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!c->peer) {
        return false;
    }
    bufferevent_setcb(c->peer, pipe_readable, pipe_writable, pipe_event, c);
    if (bufferevent_socket_connect(c->peer, (struct sockaddr *) &to, (int) sizeof(to)) < 0) {
        proxy_pipe_free(c);
        return false;
    }
    (void) bufferevent_enable(c->peer, EV_READ | EV_WRITE);
    return true;
}

void proxy_connect(struct conn *c)
{
    static const char ok[] = "HTTP/1.1 200 Connection Established\r\n\r\n";
    const struct net_options *opt = &c->loop->server->opt;
    struct str_view authority = {c->parser.url.data, c->parser.url.len};
    struct exchange *ex = c->ex;
    enum service service;
    uint16_t port = 0;

    if (names_connect_allowed(authority, &service) && opt->tunnel_port) {
        port = opt->tunnel_port(opt->tunnel_ctx, service);
    }
    if (port == 0) {
        exchange_refuse(c, 403, "This proxy connects to the simulated Azure names only.");
        return;
    }
    if (!open_pipe(c, port)) {
        exchange_refuse(c, 502, "The simulated service can't be reached.");
        return;
    }
    c->ex = NULL;
    ex->conn = NULL;
    ex->app = NULL; /* it never reached the app */
    exchange_free(ex);
    c->state = CONN_PIPE;
    bufferevent_setcb(c->bev, pipe_readable, pipe_writable, pipe_event, c);
    (void) bufferevent_write(c->bev, ok, sizeof(ok) - 1);
    bufferevent_trigger(c->bev, EV_READ, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}
