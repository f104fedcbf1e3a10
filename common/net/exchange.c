/* SPDX-License-Identifier: MIT */
/*
 * An exchange through the app's steps: on the loop, on a worker, in the writer, and back.
 *
 * It outlives its connection: a client that vanishes leaves `conn` NULL, and what is still running
 * finishes before the exchange is freed.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/net/internal.h"

static void run_steps(struct exchange *ex);

static struct exchange *of_work(struct worker_job *job)
{
    return (struct exchange *) (void *) ((char *) job - offsetof(struct exchange, work));
}

static struct exchange *of_write(struct writer_job *job)
{
    return (struct exchange *) (void *) ((char *) job - offsetof(struct exchange, write));
}

static struct exchange *exchange_new(struct conn *c)
{
    struct exchange *ex = calloc(1, sizeof(*ex));

    if (!ex) {
        return NULL;
    }
    ex->loop = c->loop;
    ex->conn = c;
    ex->app = c->app;
    ex->x.started_us = clock_mono_us();
    ex->x.req.tls = c->kind == NET_TLS;
    ex->x.req.tunnelled = c->sni_azure;
    ex->x.req.lane = c->loop->index;
    memcpy(ex->x.req.client_ip, c->client_ip, sizeof(c->client_ip));
    c->ex = ex;
    c->loop->n_exchanges++;
    return ex;
}

void exchange_free(struct exchange *ex)
{
    struct net_loop *l = ex->loop;

    if (ex->delay) {
        event_free(ex->delay);
    }
    if (ex->later) {
        event_free(ex->later);
    }
    if (ex->app) {
        ex->app->end(ex->app->ctx, &ex->x);
    }
    http_request_done(&ex->x.req);
    http_response_done(&ex->x.resp);
    buf_done(&ex->head);
    buf_done(&ex->body);
    buf_done(&ex->piece);
    free(ex->source_buf);
    free(ex);
    l->n_exchanges--;
}

void exchange_abandon(struct exchange *ex)
{
    ex->conn = NULL;
    if (!ex->pending) {
        exchange_free(ex);
    }
}

/* Back on the loop after a worker or the writer. */
static void on_return(struct loop_task *task)
{
    struct exchange *ex = (struct exchange *) (void *) task;

    ex->pending = false;
    run_steps(ex);
}

static void prepare_run(struct worker_job *job)
{
    struct exchange *ex = of_work(job);

    ex->next = ex->app->step(ex->app->ctx, &ex->x, HTTP_STEP_PREPARE, NULL);
    loop_post(ex->loop, &ex->task);
}

static bool write_run(struct writer_job *job, struct kvdb_txn *txn)
{
    struct exchange *ex = of_write(job);

    ex->next = ex->app->step(ex->app->ctx, &ex->x, HTTP_STEP_WRITE, txn);
    return ex->next == HTTP_STEP_LOOP || (ex->next == HTTP_STEP_DONE && ex->x.resp.status < 400);
}

static void write_done(struct writer_job *job, bool committed)
{
    struct exchange *ex = of_write(job);

    if (!committed) {
        http_response_reset(&ex->x.resp);
        ex->next = ex->app->step(ex->app->ctx, &ex->x, HTTP_STEP_COMMIT_FAILED, NULL);
    }
    loop_post(ex->loop, &ex->task);
}

static void run_steps(struct exchange *ex)
{
    const struct net_options *opt = &ex->loop->server->opt;

    while (ex->next == HTTP_STEP_LOOP) {
        ex->next = ex->app->step(ex->app->ctx, &ex->x, HTTP_STEP_LOOP, NULL);
    }
    ex->task.run = on_return;
    if (ex->next == HTTP_STEP_PREPARE) {
        ex->pending = true;
        ex->work.run = prepare_run;
        workers_submit(opt->workers, &ex->work);
    } else if (ex->next == HTTP_STEP_WRITE && opt->writer) {
        ex->pending = true;
        ex->write.run = write_run;
        ex->write.done = write_done;
        writer_submit(opt->writer, &ex->write);
    } else if (!ex->conn) {
        exchange_free(ex);
    } else {
        if (ex->next != HTTP_STEP_DONE) {
            ex->app->refuse(ex->app->ctx, &ex->x, 500, "An internal error has occurred.");
        }
        answer_send(ex);
    }
}

void exchange_refuse(struct conn *c, int status, const char *message)
{
    struct exchange *ex = c->ex;

    if (ex && ex->pending) { /* a worker still reads a piece of this body */
        ex->refused = status;
        ex->refused_why = message;
        ex->keep_alive = false;
        return;
    }
    if (!ex) {
        ex = exchange_new(c);
    }
    if (!ex) {
        conn_close(c, false);
        return;
    }
    http_response_reset(&ex->x.resp);
    ex->app->refuse(ex->app->ctx, &ex->x, status, message);
    ex->keep_alive = false;
    c->state = CONN_RUNNING;
    answer_send(ex);
}

/* The whole message is here, or nobody wants the rest. */
static void start_running(struct exchange *ex)
{
    ex->conn->state = CONN_RUNNING;
    ex->conn->deadline_us = 0;
    run_steps(ex);
}

/* Answered at the head: read the body away if it is short, else give the connection up. */
static void answered_early(struct exchange *ex)
{
    if (ex->x.req.content_length > NET_DISCARD_BYTES || ex->expects) {
        ex->keep_alive = false;
        start_running(ex);
        return;
    }
    ex->discard = true;
    ex->conn->state = CONN_BODY;
}

static void take_head(struct conn *c, struct exchange *ex)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    const char *why = NULL;
    size_t all = evbuffer_get_length(in);
    size_t len;
    int status = 400;

    all = all > 32768 ? 32768 : all;
    len = http1_scan_head((const char *) evbuffer_pullup(in, (ev_ssize_t) all), all, &why);
    buf_add(&ex->head, evbuffer_pullup(in, (ev_ssize_t) len), len);
    (void) evbuffer_drain(in, len);
    if (!buf_ok(&ex->head)) {
        why = "Out of memory.";
    } else {
        why = http1_head(&c->parser, &ex->x.req, ex->head.data, len, &status);
    }
    if (!why && c->kind == NET_PROXY && !c->parser.connect &&
        (!c->parser.absolute || !proxy_host_allowed(ex->x.req.host))) {
        status = 403;
        why = "This proxy serves CONNECT to the simulated Azure names, and the identity endpoints.";
    }
    if (!why && c->kind != NET_PROXY && c->parser.connect) {
        status = 405;
        why = "CONNECT is for the proxy's port.";
    }
    if (why) {
        exchange_refuse(c, status, why);
    }
}

void exchange_begin(struct conn *c)
{
    struct exchange *ex = exchange_new(c);

    if (!ex) {
        conn_close(c, false);
        return;
    }
    c->state = CONN_BODY;
    take_head(c, ex);
    if (c->state != CONN_BODY || c->ex != ex) {
        return; /* refused */
    }
    if (c->parser.connect) {
        proxy_connect(c);
        return;
    }
    ex->keep_alive = c->parser.keep_alive;
    ex->head_only = ex->x.req.method == HTTP_M_HEAD;
    ex->expects = c->parser.expect_continue && ex->x.req.has_body;
    ex->next = ex->app->begin(ex->app->ctx, &ex->x);
    if (!http1_begin_body(&c->parser)) {
        exchange_refuse(c, 400, "The request is not valid HTTP.");
        return;
    }
    if (c->parser.complete) {
        ex->body_done = true;
        start_running(ex);
    } else if (ex->next == HTTP_STEP_DONE) {
        answered_early(ex);
    } else if (ex->x.req.content_length > ex->x.body_limit) {
        http_response_reset(&ex->x.resp);
        ex->app->refuse(ex->app->ctx, &ex->x, 413, "The request body is too large.");
        ex->next = HTTP_STEP_DONE;
        answered_early(ex);
    } else if (ex->expects) {
        (void) bufferevent_write(c->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
}

bool exchange_wants_more(const struct exchange *ex)
{
    return ex->conn && ex->conn->state == CONN_BODY && !ex->refused &&
           (!ex->x.stream_body || ex->discard || ex->body.len < NET_PIECE_BYTES);
}

static void piece_run(struct worker_job *job)
{
    struct exchange *ex = of_work(job);

    ex->piece_ok =
        ex->app->body(ex->app->ctx, &ex->x, (const uint8_t *) ex->piece.data, ex->piece.len);
    loop_post(ex->loop, &ex->task);
}

static void piece_submit(struct exchange *ex);

static void piece_done(struct loop_task *task)
{
    struct exchange *ex = (struct exchange *) (void *) task;
    struct conn *c = ex->conn;

    ex->pending = false;
    ex->piece.len = 0;
    if (!c) {
        exchange_free(ex);
    } else if (ex->refused) {
        exchange_refuse(c, ex->refused, ex->refused_why);
    } else if (!ex->piece_ok) {
        ex->next = HTTP_STEP_DONE;
        ex->keep_alive = ex->keep_alive && ex->body_done;
        start_running(ex);
    } else if (ex->body.len > 0) {
        piece_submit(ex);
    } else if (ex->body_done) {
        start_running(ex);
    } else {
        if (!c->peer_gone) {
            (void) bufferevent_enable(c->bev, EV_READ);
        }
        bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_OPT_DEFER_CALLBACKS);
    }
}

static void piece_submit(struct exchange *ex)
{
    struct buf piece = ex->piece;

    ex->piece = ex->body;
    ex->body = piece;
    ex->body.len = 0;
    ex->pending = true;
    ex->task.run = piece_done;
    ex->work.run = piece_run;
    workers_submit(ex->loop->server->opt.workers, &ex->work);
}

void exchange_body(struct exchange *ex, const char *data, size_t len)
{
    size_t limit = ex->discard ? NET_DISCARD_BYTES : ex->x.body_limit;

    ex->body_seen += len;
    if (!ex->conn || ex->conn->state != CONN_BODY || ex->refused) {
        return;
    }
    if (ex->body_seen > limit) {
        if (ex->discard) {
            ex->keep_alive = false;
            start_running(ex);
        } else {
            exchange_refuse(ex->conn, 413, "The request body is too large.");
        }
        return;
    }
    if (ex->discard) {
        return;
    }
    buf_add(&ex->body, data, len);
    if (!buf_ok(&ex->body)) {
        exchange_refuse(ex->conn, 503, "Out of memory.");
    } else if (ex->x.stream_body && !ex->pending && ex->body.len >= NET_PIECE_BYTES / 2) {
        piece_submit(ex);
    }
}

void exchange_body_end(struct exchange *ex)
{
    ex->body_done = true;
    if (!ex->x.stream_body) {
        ex->x.req.body = (struct str_view){ex->body.data ? ex->body.data : "", ex->body.len};
    } else if (!ex->discard && ex->pending) {
        return; /* piece_done goes on */
    } else if (!ex->discard && ex->body.len > 0) {
        piece_submit(ex);
        return;
    }
    start_running(ex);
}
