/* SPDX-License-Identifier: MIT */
/* Answers: the header block in one piece, bodies from memory or pulled from a source, faults. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/net/internal.h"

static const struct {
    int status;
    const char *line;
} lines[] = {
    {200, "HTTP/1.1 200 OK\r\n"                             },
    {201, "HTTP/1.1 201 Created\r\n"                        },
    {202, "HTTP/1.1 202 Accepted\r\n"                       },
    {204, "HTTP/1.1 204 No Content\r\n"                     },
    {302, "HTTP/1.1 302 Found\r\n"                          },
    {304, "HTTP/1.1 304 Not Modified\r\n"                   },
    {400, "HTTP/1.1 400 Bad Request\r\n"                    },
    {401, "HTTP/1.1 401 Unauthorized\r\n"                   },
    {403, "HTTP/1.1 403 Forbidden\r\n"                      },
    {404, "HTTP/1.1 404 Not Found\r\n"                      },
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"             },
    {408, "HTTP/1.1 408 Request Timeout\r\n"                },
    {409, "HTTP/1.1 409 Conflict\r\n"                       },
    {412, "HTTP/1.1 412 Precondition Failed\r\n"            },
    {413, "HTTP/1.1 413 Request Entity Too Large\r\n"       },
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"         },
    {417, "HTTP/1.1 417 Expectation Failed\r\n"             },
    {429, "HTTP/1.1 429 Too Many Requests\r\n"              },
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {500, "HTTP/1.1 500 Internal Server Error\r\n"          },
    {502, "HTTP/1.1 502 Bad Gateway\r\n"                    },
    {503, "HTTP/1.1 503 Service Unavailable\r\n"            },
    {504, "HTTP/1.1 504 Gateway Timeout\r\n"                },
    {505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"     },
};

static void add_status(struct buf *b, int status)
{
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (lines[i].status == status) {
            buf_str(b, lines[i].line);
            return;
        }
    }
    buf_fmt(b, "HTTP/1.1 %d Status\r\n", status);
}

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

    c->ex = NULL;
    ex->conn = NULL;
    exchange_free(ex);
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
    if (ex->source_got < 0) {
        conn_close(ex->conn, false); /* too late for an error: the client sees a short body */
        return;
    }
    /* The client takes what it is given: it is the silence that is limited. */
    conn_set_deadline(ex->conn, conn_idle_ms(ex->conn));
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
    if (!ex->pending &&
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
