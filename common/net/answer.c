/* SPDX-License-Identifier: MIT */
/* Answers: the header block in one piece, bodies from memory or pulled from a source, faults. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/net/internal.h"

static void add_number(struct buf *b, uint64_t n)
{
    char text[20];
    size_t i = sizeof(text);

    do {
        text[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_add(b, text + i, sizeof(text) - i);
}

static void add_status(struct buf *b, int status)
{
    buf_str(b, "HTTP/1.1 ");
    add_number(b, (uint64_t) status);
    buf_str(b, " ");
    buf_str(b, http_status_phrase(status));
    buf_str(b, "\r\n");
}

/* Date changes once a second; each loop thread keeps its own text. */
static void add_date(struct buf *b)
{
    static _Thread_local time_t last;
    static _Thread_local char text[48];
    static _Thread_local size_t len;
    time_t now = time(NULL);

    if (now != last) {
        struct tm tm;

        (void) gmtime_r(&now, &tm);
        len = strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        last = now;
    }
    buf_add(b, text, len);
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

/* Recorded order (wire-samples.md part 1): the api's headers stand between these. */
static void add_content_type(struct buf *b, const struct http_response *r)
{
    if (r->content_type && !has_no_body(r->status)) {
        buf_str(b, "Content-Type: ");
        buf_str(b, r->content_type);
        buf_add(b, "\r\n", 2);
    }
}

static void add_head(struct exchange *ex, struct buf *b)
{
    const struct http_response *r = &ex->x.resp;

    add_status(b, r->status);
    for (size_t i = 0; i < r->n_headers; i++) {
        if (i == r->content_type_at) {
            add_content_type(b, r);
        }
        buf_str(b, r->headers[i].name);
        buf_add(b, ": ", 2);
        buf_str(b, r->headers[i].value);
        buf_add(b, "\r\n", 2);
    }
    if (r->content_type_at >= r->n_headers) {
        add_content_type(b, r);
    }
    add_date(b);
    if (!ex->keep_alive) {
        buf_str(b, "Connection: close\r\n");
    }
    if (r->source.read && !r->source.has_length) {
        buf_str(b, "Transfer-Encoding: chunked\r\n");
    } else if (!has_no_body(r->status)) {
        buf_str(b, "Content-Length: ");
        add_number(b, r->source.read ? r->source.length : r->body.len);
        buf_add(b, "\r\n", 2);
    }
    buf_add(b, "\r\n", 2);
}

/* The answer is in the output buffer: what becomes of the connection? */
static void finish(struct exchange *ex)
{
    struct conn *c = ex->conn;
    size_t pipelined = evbuffer_get_length(bufferevent_get_input(c->bev));
    bool keep = ex->keep_alive && (!c->peer_gone || pipelined > 0);
    bool unread = !ex->body_done && !c->peer_gone;

    c->ex = NULL;
    ex->conn = NULL;
    exchange_free(ex);
    if (!keep && unread && !c->loop->draining) {
        conn_linger(c);
        return;
    }
    if (!keep || c->loop->draining) {
        conn_close(c, true);
        return;
    }
    conn_next_request(c);
    if (pipelined > 0) {
        bufferevent_trigger(c->bev, EV_READ, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
    }
}

static void reset_connection(struct conn *c)
{
    struct linger off = {1, 0};

    (void) setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &off, sizeof(off));
    conn_close(c, false);
}

static void source_read(struct worker_job *job)
{
    struct exchange *ex =
        (struct exchange *) (void *) ((char *) job - offsetof(struct exchange, work));

    ex->source_got = ex->x.resp.source.read(ex->x.resp.source.ctx, ex->source_buf, NET_PIECE_BYTES);
    loop_post(ex->loop, &ex->task);
}

static void pull(struct exchange *ex);

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    struct exchange *ex = arg;

    (void) fd;
    (void) what;
    ex->waiting = false;
    pull(ex);
}

/* Nothing yet: asked again soon. A client that has half closed is not waited for: it may be gone.
 */
static void pull_later(struct exchange *ex)
{
    struct timeval tv = {0, HTTP_SOURCE_LATER_MS * 1000};

    if (!ex->later) {
        ex->later = evtimer_new(ex->loop->base, on_later, ex);
    }
    ex->waiting = ex->later && evtimer_add(ex->later, &tv) == 0;
    if (!ex->waiting || ex->conn->peer_gone || ex->loop->draining) {
        conn_close(ex->conn, false);
    }
}

/* A piece has been read: into the output buffer with it. */
static void source_arrived(struct loop_task *task)
{
    struct exchange *ex = (struct exchange *) (void *) task;
    struct evbuffer *out;

    ex->pending = false;
    if (!ex->conn) {
        exchange_free(ex);
        return;
    }
    if (ex->source_got < 0 && ex->source_got != HTTP_SOURCE_LATER) {
        conn_close(ex->conn, false); /* too late for an error: the client sees a short body */
        return;
    }
    /* The client takes what it is given: it is the silence that is limited. */
    conn_set_deadline(ex->conn, conn_idle_ms(ex->conn));
    if (ex->source_got == HTTP_SOURCE_LATER) {
        pull_later(ex);
        return;
    }
    out = bufferevent_get_output(ex->conn->bev);
    if (!ex->x.resp.source.has_length) {
        (void) evbuffer_add_printf(out, "%zx\r\n", (size_t) ex->source_got);
    }
    (void) evbuffer_add(out, ex->source_buf, (size_t) ex->source_got);
    if (!ex->x.resp.source.has_length) {
        (void) evbuffer_add(out, "\r\n", 2);
    }
    ex->source_sent += (uint64_t) ex->source_got;
    if (ex->source_got == 0 ||
        (ex->x.resp.source.has_length && ex->source_sent >= ex->x.resp.source.length)) {
        if (ex->x.resp.source.has_length && ex->source_sent < ex->x.resp.source.length) {
            conn_close(ex->conn, false);
            return;
        }
        finish(ex);
        return;
    }
    exchange_drained(ex);
}

static void pull(struct exchange *ex)
{
    ex->pending = true;
    ex->task.run = source_arrived;
    ex->work.run = source_read;
    workers_submit(ex->loop->server->opt.workers, &ex->work);
}

void exchange_drained(struct exchange *ex)
{
    if (!ex->pending && !ex->waiting &&
        evbuffer_get_length(bufferevent_get_output(ex->conn->bev)) < NET_PIECE_BYTES / 2) {
        pull(ex);
    }
}

static void send_now(struct exchange *ex)
{
    struct http_response *r = &ex->x.resp;
    struct conn *c = ex->conn;
    struct buf *b = &ex->loop->head;
    bool body = !ex->head_only && !has_no_body(r->status);

    if (r->reset) {
        reset_connection(c);
        return;
    }
    if (r->truncate_at > 0) {
        ex->keep_alive = false;
    }
    b->len = 0;
    add_head(ex, b);
    if (body && !r->source.read) {
        size_t len =
            r->truncate_at > 0 && r->truncate_at < r->body.len ? r->truncate_at : r->body.len;

        buf_add(b, r->body.data, len);
    }
    if (!buf_ok(b) || bufferevent_write(c->bev, b->data, b->len) < 0) {
        buf_done(b);
        conn_close(c, false);
        return;
    }
    if (b->cap > NET_PIECE_BYTES) {
        buf_done(b); /* one large answer must not stay */
    }
    c->state = CONN_WRITING;
    conn_set_deadline(c, conn_idle_ms(c));
    if (body && r->source.read) {
        ex->sending_source = true;
        ex->source_buf = malloc(NET_PIECE_BYTES);
        if (!ex->source_buf) {
            conn_close(c, false);
            return;
        }
        pull(ex);
        return;
    }
    finish(ex);
}

static void on_delay(evutil_socket_t fd, short what, void *arg)
{
    (void) fd;
    (void) what;
    send_now(arg);
}

void answer_send(struct exchange *ex)
{
    int64_t ms = ex->x.resp.delay_ms;
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    ex->keep_alive = ex->keep_alive && !ex->x.resp.close;
    if (ms > 0) {
        ex->delay = evtimer_new(ex->loop->base, on_delay, ex);
        if (ex->delay && evtimer_add(ex->delay, &tv) == 0) {
            return;
        }
    }
    send_now(ex);
}
