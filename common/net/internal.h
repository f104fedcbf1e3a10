/* SPDX-License-Identifier: MIT */
/*
 * What the files of the transport share: loops, connections, exchanges.
 *
 * A loop's objects belong to its thread. Other threads reach it only by loop_post().
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "common/net/http1.h"
#include "common/net/server.h"

#define NET_MAX_LOOPS     32
#define NET_MAX_LISTENERS 16
#define NET_PIECE_BYTES   (256 * 1024)  /* what a worker gets or gives at a time */
#define NET_DISCARD_BYTES (1024 * 1024) /* a longer unwanted body costs the connection */
#define NET_LINGER_MS     30000         /* for which its rest is read away, at most */

struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *task);
};

struct net_loop {
    struct net_server *server;
    unsigned index;
    struct event_base *base;
    pthread_t thread;
    bool started;
    int wake_fd; /* eventfd */
    struct event *wake_event;
    struct event *sweep;  /* looks after deadlines */
    pthread_mutex_t lock; /* of the task list */
    struct loop_task *tasks;
    struct loop_task **tasks_end;
    struct evconnlistener *listeners[NET_MAX_LISTENERS];
    struct listener_ctx *listener_ctx[NET_MAX_LISTENERS];
    unsigned n_listeners;
    struct conn *conns;
    unsigned n_exchanges; /* running, with or without their connection */
    bool draining;
    struct buf head; /* reused for every answer */
};

struct net_server {
    struct net_options opt;
    SSL_CTX *ssl;
    SSL_CTX *ssl_azure;
    struct net_loop loops[NET_MAX_LOOPS];
    unsigned n_loops;
    bool running;
    _Atomic bool stopping; /* drain */
    _Atomic bool abort;    /* don't wait any longer */
};

struct listener_ctx {
    struct net_loop *loop;
    enum net_listener_kind kind;
    const struct http_app *app;
};

enum conn_state {
    CONN_HEAD,    /* reading a head, or idle */
    CONN_BODY,    /* reading a body */
    CONN_RUNNING, /* the app is at work */
    CONN_WRITING, /* the answer is leaving */
    CONN_LINGER,  /* answered, but the client still sends: its bytes are read away */
    CONN_CLOSING, /* flush, then close */
    CONN_PIPE,    /* a CONNECT tunnel */
};

struct conn {
    struct conn *next, **prev; /* the loop's list */
    struct net_loop *loop;
    enum net_listener_kind kind;
    const struct http_app *app;
    struct bufferevent *bev;
    struct bufferevent *peer; /* CONN_PIPE: the other side */
    enum conn_state state;
    int64_t deadline_us; /* closed by the sweep when passed */
    int64_t linger_us;   /* CONN_LINGER: until then at most */
    bool said_all;       /* CONN_LINGER: the answer has left, and that it was the last */
    bool head_begun;     /* bytes of a head have come: the header deadline holds */
    bool drop;           /* CONN_CLOSING: don't wait for the output */
    bool peer_gone;      /* EOF seen: finish, then close */
    bool sni_azure;
    char client_ip[46];
    struct http1 parser;
    struct exchange *ex;
};

struct exchange {
    struct loop_task task; /* first: loop tasks are cast back */
    struct worker_job work;
    struct writer_job write;
    struct net_loop *loop;
    struct conn *conn; /* NULL: the client is gone */
    const struct http_app *app;
    struct http_exchange x;
    enum http_step next;
    bool pending;   /* a worker or the writer has it */
    bool body_done; /* the whole message has been read */
    bool discard;   /* answered before its body was read */
    bool keep_alive;
    bool head_only; /* HEAD */
    bool expects;   /* Expect: 100-continue, not yet granted */
    uint64_t body_seen;
    struct buf head;  /* the request's head: its strings live here */
    struct buf body;  /* collected, or the piece in the making */
    struct buf piece; /* the piece a worker has */
    bool piece_ok;
    int refused; /* a status, with which it ends once the worker gives the piece back */
    const char *refused_why;
    bool sending_source;
    bool waiting; /* the source has nothing yet */
    uint64_t source_sent;
    uint8_t *source_buf;
    ssize_t source_got;
    struct event *delay, *later;
};

/* loop.c */
bool loop_init(struct net_loop *l, struct net_server *s, unsigned index, struct az_error *reterr)
    MUST_CHECK;
bool loop_start(struct net_loop *l, struct az_error *reterr) MUST_CHECK;
void loop_done(struct net_loop *l);
void loop_post(struct net_loop *l, struct loop_task *task); /* any thread */
void loop_maybe_exit(struct net_loop *l);                   /* draining and nothing left */

/* tls.c */
bool tls_init(struct net_server *s, struct az_error *reterr) MUST_CHECK;
void tls_done(struct net_server *s);
bool tls_sni_is_azure(const SSL *ssl);

/* conn.c */
void conn_accept(struct listener_ctx *lc, evutil_socket_t fd, struct sockaddr *addr);
void conn_free(struct conn *c);              /* at once: callbacks and the sweep only */
void conn_close(struct conn *c, bool flush); /* soon; what is left of the exchange is abandoned */
void conn_linger(struct conn *c);            /* after an answer that came before the body's end */
void conn_next_request(struct conn *c);      /* after an answer */
void conn_set_deadline(struct conn *c, int64_t ms);
int64_t conn_header_ms(const struct conn *c);
int64_t conn_idle_ms(const struct conn *c);

/* exchange.c */
void exchange_begin(struct conn *c);                                   /* a head is in c->parser */
void exchange_body(struct exchange *ex, const char *data, size_t len); /* loop thread */
void exchange_body_end(struct exchange *ex);
bool exchange_wants_more(const struct exchange *ex); /* may more body be read now? */
void exchange_refuse(struct conn *c, int status,
                     const char *message);  /* a message we can't serve */
void exchange_abandon(struct exchange *ex); /* the connection is going */
void exchange_drained(struct exchange *ex); /* the output buffer is low */
void exchange_free(struct exchange *ex);

/* answer.c */
void answer_send(struct exchange *ex);

/* proxy.c */
void proxy_connect(struct conn *c);
bool proxy_host_allowed(struct str_view host);
void proxy_pipe_free(struct conn *c);
