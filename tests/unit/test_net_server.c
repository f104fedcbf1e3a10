/* SPDX-License-Identifier: MIT */
/* Deadlines and half-closed clients of the transport, over loopback; the time limits are those of
 * a server made for this. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/net/server.h"

#define HEADER_MS   100
#define IDLE_MS     300
#define GIVE_UP_MS  20000
#define STREAM_SIZE ((uint64_t) 24 * 1024 * 1024)

struct fixture {
    struct net_server *server;
    struct workers *workers;
    struct http_app app;
    uint16_t port;
    int open_sources; /* touched by the loop thread only; read when the server has stopped */
};

static ssize_t stream_read(void *ctx, uint8_t *out, size_t cap)
{
    (void) ctx;
    memset(out, 'x', cap);
    return (ssize_t) cap;
}

static void stream_close(void *ctx)
{
    ((struct fixture *) ctx)->open_sources--;
}

static enum http_step begin(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    x->body_limit = 4096;
    if (x->req.n_segments > 0 && sv_eq(x->req.segments[0], "pieces")) {
        x->body_limit = 1024 * 1024;
        x->stream_body = true;
    }
    return HTTP_STEP_LOOP;
}

static bool take_piece(void *ctx, struct http_exchange *x, const uint8_t *data, size_t len)
{
    (void) ctx;
    (void) x;
    (void) data;
    return len > 0;
}

/* GET /stream: a long body that is pulled; else "ok". */
static enum http_step step(void *ctx, struct http_exchange *x, enum http_step what,
                           struct kvdb_txn *txn)
{
    struct fixture *f = ctx;

    (void) what;
    (void) txn;
    x->resp.status = 200;
    x->resp.content_type = "text/plain";
    if (x->req.n_segments > 0 && sv_eq(x->req.segments[0], "stream")) {
        f->open_sources++;
        x->resp.source = (struct http_source){stream_read, stream_close, f, true, STREAM_SIZE};
    } else {
        buf_str(&x->resp.body, "ok");
    }
    return HTTP_STEP_DONE;
}

static void end(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    (void) x;
}

static void refuse(void *ctx, struct http_exchange *x, int status, const char *message)
{
    (void) ctx;
    x->resp.status = status;
    buf_str(&x->resp.body, message);
}

static int open_server(void **state, int64_t header_ms, int64_t idle_ms)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct net_options opt = {
        .threads = 1, .header_timeout_ms = header_ms, .idle_timeout_ms = idle_ms};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    struct az_error err;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_non_null(f);
    f->app = (struct http_app){
        .ctx = f, .begin = begin, .step = step, .body = take_piece, .end = end, .refuse = refuse};
    f->workers = workers_new(1, NULL, NULL);
    opt.workers = f->workers;
    assert_int_equal(bind(fd, (struct sockaddr *) &addr, sizeof(addr)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &addr, &len), 0);
    f->port = ntohs(addr.sin_port);
    assert_true(net_server_new(&opt, &f->server, &err));
    assert_true(net_server_listen(f->server, &(struct net_listener){fd, NET_PLAIN, &f->app}, &err));
    assert_true(net_server_start(f->server, &err));
    *state = f;
    return 0;
}

static int setup(void **state)
{
    return open_server(state, HEADER_MS, IDLE_MS);
}

/* For clients that are to be waited for, however busy the machine is. */
static int setup_patient(void **state)
{
    return open_server(state, GIVE_UP_MS, GIVE_UP_MS);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int open;

    net_server_free(f->server);
    workers_free(f->workers);
    open = f->open_sources;
    free(f);
    return open; /* every body that was begun has been closed */
}

static int client(const struct fixture *f, int receive_buffer)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(f->port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (receive_buffer > 0) {
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    assert_int_equal(connect(fd, (struct sockaddr *) &addr, sizeof(addr)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Within ms: 1 readable, 0 silence. */
static int wait_readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms);
}

/* Everything until the server closes; the number of bytes, and the first of them in out. */
static uint64_t read_all(int fd, char out[256])
{
    static char piece[65536];
    uint64_t sum = 0;

    memset(out, 0, 256);
    for (;;) {
        ssize_t n;

        assert_int_equal(wait_readable(fd, GIVE_UP_MS), 1);
        n = recv(fd, piece, sizeof(piece), 0);
        if (n <= 0) {
            return sum;
        }
        if (sum == 0) {
            memcpy(out, piece, n < 255 ? (size_t) n : 255);
        }
        sum += (uint64_t) n;
    }
}

static void a_head_that_trickles_in_is_408_however_busy_the_client_looks(void **state)
{
    const struct fixture *f = *state;
    int64_t begun = clock_mono_us();
    int fd = client(f, 0);
    char got[256];

    say(fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    /* A byte each few milliseconds: the limit is for the whole head, not for a silence. */
    while (wait_readable(fd, 5) == 0) {
        assert_true(clock_mono_us() - begun < INT64_C(1000) * GIVE_UP_MS);
        (void) send(fd, "a", 1, MSG_NOSIGNAL);
    }
    (void) read_all(fd, got);
    assert_memory_equal(got, "HTTP/1.1 408 ", 13);
    assert_non_null(strstr(got, "Connection: close"));
    assert_true(clock_mono_us() - begun >= INT64_C(1000) * HEADER_MS);
    (void) close(fd);
}

static void a_connection_that_says_nothing_is_closed_without_a_word(void **state)
{
    char got[256];
    int fd = client(*state, 0);

    assert_int_equal(read_all(fd, got), 0);
    (void) close(fd);
}

static void a_kept_connection_is_closed_when_it_stays_idle(void **state)
{
    char got[256];
    int fd = client(*state, 0);

    say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void) read_all(fd, got);
    assert_memory_equal(got, "HTTP/1.1 200 ", 13);
    assert_null(strstr(got, "HTTP/1.1 4"));
    (void) close(fd);
}

static void a_body_that_stalls_is_given_up(void **state)
{
    char got[256];
    int fd = client(*state, 0);

    say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    (void) read_all(fd, got);
    assert_null(strstr(got, " 200 "));
    (void) close(fd);
}

/* More than the sockets' buffers hold; false: the connection was broken while it was sent. */
static bool say_much(int fd, const char *head)
{
    static char much[64 * 1024];
    bool ok = true;

    memset(much, 'x', sizeof(much));
    say(fd, head);
    for (int i = 0; ok && i < 256; i++) {
        for (size_t at = 0; ok && at < sizeof(much);) {
            ssize_t n = send(fd, much + at, sizeof(much) - at, MSG_NOSIGNAL);

            ok = n > 0;
            at += ok ? (size_t) n : 0;
        }
    }
    return ok;
}

/* A client that sends first and reads then still learns why its body was not taken. */
static void a_refusal_of_a_body_reaches_the_client_that_goes_on_sending(void **state)
{
    static const char *const heads[] = {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n",
        "POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n",
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = client(f, 0);
        char said[256];

        assert_true(say_much(fd, heads[i]));
        assert_true(read_all(fd, said) > 0);
        assert_non_null(strstr(said, "HTTP/1.1 413 "));
        assert_non_null(strstr(said, "Connection: close"));
        assert_non_null(strstr(said, "The request body is too large."));
        (void) close(fd);
    }
}

/* Reading away has an end: it costs its client the connection, and nobody anything else. */
static void a_refused_client_that_never_ends_is_given_up(void **state)
{
    const struct fixture *f = *state;
    int64_t begun = clock_mono_us();
    int fd = client(f, 0);
    char said[256];

    say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\nx");
    assert_true(read_all(fd, said) > 0);
    while (send(fd, "x", 1, MSG_NOSIGNAL) == 1 && clock_mono_us() - begun < GIVE_UP_MS * 1000LL) {
        (void) poll(NULL, 0, (int) (2 * HEADER_MS)); /* longer than the server waits */
    }
    assert_true(clock_mono_us() - begun < GIVE_UP_MS * 1000LL);
    (void) close(fd);
}

static void a_client_that_reads_nothing_is_given_up(void **state)
{
    char got[256];
    int fd = client(*state, 4096);

    say(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    (void) poll(NULL, 0, IDLE_MS * 3); /* the time limit itself is what is tested */
    assert_true(read_all(fd, got) < STREAM_SIZE);
    (void) close(fd);
}

static void a_slow_reader_that_goes_on_reading_gets_everything(void **state)
{
    int64_t begun = clock_mono_us();
    int fd = client(*state, 65536);
    uint64_t sum = 0;
    static char piece[256 * 1024];
    ssize_t n;

    say(fd, "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    while (wait_readable(fd, GIVE_UP_MS) == 1 && (n = recv(fd, piece, sizeof(piece), 0)) > 0) {
        sum += (uint64_t) n;
        if (clock_mono_us() - begun < INT64_C(3000) * IDLE_MS) {
            (void) poll(NULL, 0, 10);
        }
    }
    assert_true(sum > STREAM_SIZE);
    assert_true(clock_mono_us() - begun > INT64_C(2000) * IDLE_MS);
    (void) close(fd);
}

static void a_half_closed_client_still_gets_its_answer(void **state)
{
    static const struct {
        const char *request;
        uint64_t at_least;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",                                  20         },
        {"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",                            STREAM_SIZE},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",         20         },
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 100        },
    };

    for (unsigned i = 0; i < 20 * ARRAY_LEN(cases); i++) {
        char got[256];
        int fd = client(*state, 0);

        say(fd, cases[i % ARRAY_LEN(cases)].request);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_true(read_all(fd, got) >= cases[i % ARRAY_LEN(cases)].at_least);
        assert_memory_equal(got, "HTTP/1.1 200 ", 13);
        (void) close(fd);
    }
}

static void those_who_dawdle_keep_nobody_else_waiting(void **state)
{
    int dawdlers[64];
    char got[256];
    int fd;

    for (size_t i = 0; i < ARRAY_LEN(dawdlers); i++) {
        dawdlers[i] = client(*state, 0);
        say(dawdlers[i], "GET / HTTP/1.1\r\nHo");
    }
    fd = client(*state, 0);
    say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (void) read_all(fd, got);
    assert_memory_equal(got, "HTTP/1.1 200 ", 13);
    (void) close(fd);
    for (size_t i = 0; i < ARRAY_LEN(dawdlers); i++) {
        (void) close(dawdlers[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_head_that_trickles_in_is_408_however_busy_the_client_looks),
        TEST(a_connection_that_says_nothing_is_closed_without_a_word),
        TEST(a_kept_connection_is_closed_when_it_stays_idle),
        TEST(a_body_that_stalls_is_given_up),
        cmocka_unit_test_setup_teardown(a_refusal_of_a_body_reaches_the_client_that_goes_on_sending,
                                        setup_patient, teardown),
        TEST(a_refused_client_that_never_ends_is_given_up),
        TEST(a_client_that_reads_nothing_is_given_up),
        TEST(a_slow_reader_that_goes_on_reading_gets_everything),
        TEST(a_half_closed_client_still_gets_its_answer),
        TEST(those_who_dawdle_keep_nobody_else_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
