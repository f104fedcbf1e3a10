/* SPDX-License-Identifier: MIT */
/*
 * A connection: reads heads and bodies, one exchange at a time; what is pipelined waits in the
 * buffer.
 *
 * Callbacks are deferred, so none runs inside a call of ours; whoever is below a callback closes
 * with conn_close(), and only the callbacks themselves and the sweep free.
 *
 * Reading stops while the app is at work, so a client can't make us buffer more than a piece.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/net/internal.h"

void conn_set_deadline(struct conn *c, int64_t ms)
{
    c->deadline_us = ms > 0 ? clock_mono_us() + ms * 1000 : 0;
}

int64_t conn_header_ms(const struct conn *c)
{
    return c->loop->server->opt.header_timeout_ms;
}

int64_t conn_idle_ms(const struct conn *c)
{
    return c->loop->server->opt.idle_timeout_ms;
}

static void on_body_bytes(void *ctx, const char *data, size_t len)
{
    struct conn *c = ctx;

    if (c->ex) {
        exchange_body(c->ex, data, len);
    }
}

/* Feeds what has arrived to the parser, as far as the exchange will take it. */
static void read_body(struct conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);

    while (c->ex && !c->parser.complete && exchange_wants_more(c->ex)) {
        size_t len = evbuffer_get_contiguous_space(in);
        size_t used = 0;
        bool ok;

        if (len == 0) {
            conn_set_deadline(c, conn_idle_ms(c));
            if (c->peer_gone) {
                conn_close(c, false); /* the rest will never come */
            }
            return;
        }
        len = len > NET_PIECE_BYTES / 4 ? NET_PIECE_BYTES / 4 : len;
        ok = http1_body(&c->parser, (const char *) evbuffer_pullup(in, (ev_ssize_t) len), len,
                        &used);
        (void) evbuffer_drain(in, used);
        if (!ok) {
            exchange_refuse(c, 400, "The request body is not valid HTTP.");
            return;
        }
    }
    if (c->ex && c->parser.complete && !c->ex->body_done) {
        c->deadline_us = 0;
        exchange_body_end(c->ex);
    }
}

/* A whole head is in the buffer, or the start of one. */
static void read_head(struct conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t len = evbuffer_get_length(in);
    const char *why = NULL;
    size_t head_len;

    if (len == 0) {
        if (c->peer_gone) {
            conn_close(c, true);
        }
        return;
    }
    if (!c->head_begun) {
        c->head_begun = true;
        conn_set_deadline(c, conn_header_ms(c));
    }
    len = len > LIMIT_HEADER_BYTES ? LIMIT_HEADER_BYTES : len;
    head_len = http1_scan_head((const char *) evbuffer_pullup(in, (ev_ssize_t) len), len, &why);
    if (why) {
        exchange_refuse(c, strstr(why, "too large") ? 431 : 400, why);
        return;
    }
    if (head_len == 0) {
        if (c->peer_gone) {
            conn_close(c, true);
        }
        return;
    }
    c->head_begun = false;
    c->deadline_us = 0;
    exchange_begin(c);
}

/* Nobody reads what comes: but closed with bytes unread, TCP would reset the connection, and the
 * client might lose the answer that says why. */
static void read_away(struct conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    int64_t until = clock_mono_us() + conn_header_ms(c) * 1000;

    (void) evbuffer_drain(in, evbuffer_get_length(in));
    c->deadline_us = until < c->linger_us ? until : c->linger_us;
}

static void on_readable(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;
    enum conn_state before;

    (void) bev;
    if (c->state == CONN_LINGER) {
        read_away(c);
        return;
    }
    /* A step may finish at once and leave the next pipelined head in the buffer: go on with it. */
    do {
        before = c->state;
        if (c->state == CONN_HEAD) {
            read_head(c);
        } else if (c->state == CONN_BODY) {
            read_body(c);
        }
    } while (c->state != before && (c->state == CONN_HEAD || c->state == CONN_BODY));
}

static SSL *tls_of(const struct conn *c)
{
    return c->kind == NET_TLS ? bufferevent_openssl_get_ssl(c->bev) : NULL;
}

/* The end of what we say; what the client still says is read on. */
static void say_end(struct conn *c)
{
    SSL *ssl = tls_of(c);

    if (ssl) {
        (void) SSL_shutdown(ssl);
    }
    (void) shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    c->said_all = true;
}

static void on_writable(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;
    bool empty = evbuffer_get_length(bufferevent_get_output(bev)) == 0;

    if (c->state == CONN_LINGER && empty && !c->said_all) {
        say_end(c);
        return;
    }
    if (c->state == CONN_WRITING && c->ex && c->ex->sending_source) {
        exchange_drained(c->ex);
    } else if (c->state == CONN_CLOSING && (empty || c->drop)) {
        conn_free(c);
    }
}

/*
 * The client has said all it will say, and may still wait for its answers: to what runs, and to
 * what it pipelined. One that has vanished looks the same until the first write to it fails.
 */
static void half_closed(struct conn *c)
{
    c->peer_gone = true;
    if (c->state == CONN_LINGER) {
        conn_close(c, true);
        return;
    }
    (void) bufferevent_disable(c->bev, EV_READ);
    (void) bufferevent_enable(c->bev, EV_WRITE); /* the TLS filter stops both ways */
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        bufferevent_trigger(c->bev, EV_READ, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct conn *c = arg;

    (void) bev;
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        c->sni_azure = tls_sni_is_azure(bufferevent_openssl_get_ssl(c->bev));
        return;
    }
    if ((what & BEV_EVENT_EOF) != 0 && !c->peer_gone) {
        half_closed(c);
    } else {
        conn_free(c); /* broken */
    }
}

static void text_of_address(const struct sockaddr *addr, char out[46])
{
    const void *ip = NULL;
    const char *mapped;

    if (addr->sa_family == AF_INET) {
        ip = &((const struct sockaddr_in *) (const void *) addr)->sin_addr;
    } else if (addr->sa_family == AF_INET6) {
        ip = &((const struct sockaddr_in6 *) (const void *) addr)->sin6_addr;
    }
    if (!ip || !evutil_inet_ntop(addr->sa_family, ip, out, 46)) {
        (void) snprintf(out, 46, "127.0.0.1");
    }
    mapped = strncmp(out, "::ffff:", 7) == 0 ? out + 7 : NULL;
    if (mapped) {
        memmove(out, mapped, strlen(mapped) + 1);
    }
}

static struct bufferevent *make_bufferevent(struct listener_ctx *lc, evutil_socket_t fd)
{
    SSL *ssl;
    struct bufferevent *bev;

    if (lc->kind != NET_TLS) {
        return bufferevent_socket_new(lc->loop->base, fd,
                                      BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    }
    ssl = SSL_new(lc->loop->server->ssl);
    if (!ssl) {
        return NULL;
    }
    bev = bufferevent_openssl_socket_new(lc->loop->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                         BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (bev) {
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    }
    return bev;
}

void conn_accept(struct listener_ctx *lc, evutil_socket_t fd, struct sockaddr *addr)
{
    struct conn *c = calloc(1, sizeof(*c));
    int one = 1;

    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (c) {
        c->bev = make_bufferevent(lc, fd);
    }
    if (!c || !c->bev) {
        free(c);
        (void) evutil_closesocket(fd);
        return;
    }
    c->loop = lc->loop;
    c->kind = lc->kind;
    c->app = lc->app;
    c->parser.on_body = on_body_bytes;
    c->parser.ctx = c;
    text_of_address(addr, c->client_ip);
    c->next = lc->loop->conns;
    c->prev = &lc->loop->conns;
    if (c->next) {
        c->next->prev = &c->next;
    }
    lc->loop->conns = c;
    conn_set_deadline(c, conn_header_ms(c));
    bufferevent_setcb(c->bev, on_readable, on_writable, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, NET_PIECE_BYTES);
    bufferevent_setwatermark(c->bev, EV_WRITE, NET_PIECE_BYTES / 4, 0);
    (void) bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void conn_free(struct conn *c)
{
    SSL *ssl = tls_of(c);

    if (c->ex) {
        exchange_abandon(c->ex);
        c->ex = NULL;
    }
    if (c->peer) {
        proxy_pipe_free(c);
    }
    *c->prev = c->next;
    if (c->next) {
        c->next->prev = c->prev;
    }
    if (ssl && SSL_is_init_finished(ssl)) {
        (void) SSL_shutdown(ssl); /* a close_notify, if it fits: no waiting for the answer */
    }
    bufferevent_free(c->bev);
    http1_done(&c->parser);
    free(c);
}

/* The write callback comes once the output is empty. */
static void when_written(struct conn *c)
{
    bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
    bufferevent_trigger(c->bev, EV_WRITE, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

void conn_close(struct conn *c, bool flush)
{
    if (c->ex) {
        exchange_abandon(c->ex);
        c->ex = NULL;
    }
    c->state = CONN_CLOSING;
    c->drop = !flush;
    conn_set_deadline(c, conn_header_ms(c));
    (void) bufferevent_disable(c->bev, EV_READ);
    /* Freed in the write callback, never under the feet of a caller. */
    when_written(c);
}

void conn_linger(struct conn *c)
{
    c->state = CONN_LINGER;
    c->linger_us = clock_mono_us() + INT64_C(1000) * NET_LINGER_MS;
    (void) bufferevent_enable(c->bev, EV_READ);
    read_away(c);
    when_written(c);
}

void conn_next_request(struct conn *c)
{
    c->state = CONN_HEAD;
    c->head_begun = false;
    conn_set_deadline(c, conn_idle_ms(c));
    if (!c->peer_gone) {
        (void) bufferevent_enable(c->bev, EV_READ);
    }
}
