/* SPDX-License-Identifier: MIT */
/* A loop thread: its event base, the list of what other threads hand back, and the deadline sweep.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/net/internal.h"

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct net_loop *l = arg;
    struct loop_task *t;
    uint64_t n;

    (void) what;
    (void) !read(fd, &n, sizeof(n));
    (void) pthread_mutex_lock(&l->lock);
    t = l->tasks;
    l->tasks = NULL;
    l->tasks_end = &l->tasks;
    (void) pthread_mutex_unlock(&l->lock);
    while (t) {
        struct loop_task *next = t->next;

        t->run(t);
        t = next;
    }
    loop_maybe_exit(l);
}

void loop_post(struct net_loop *l, struct loop_task *task)
{
    static const uint64_t one = 1;
    bool first;

    task->next = NULL;
    (void) pthread_mutex_lock(&l->lock);
    first = l->tasks == NULL;
    *l->tasks_end = task;
    l->tasks_end = &task->next;
    (void) pthread_mutex_unlock(&l->lock);
    if (first) {
        (void) !write(l->wake_fd, &one, sizeof(one));
    }
}

void loop_maybe_exit(struct net_loop *l)
{
    if (l->server->abort || (l->draining && l->n_exchanges == 0 && !l->conns)) {
        (void) event_base_loopbreak(l->base);
    }
}

/* Closes what has run out of time; when draining, whatever is idle. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct net_loop *l = arg;
    int64_t now = clock_mono_us();
    struct conn *next;

    (void) fd;
    (void) what;
    if (l->server->stopping && !l->draining) {
        l->draining = true;
        for (unsigned i = 0; i < l->n_listeners; i++) {
            (void) evconnlistener_disable(l->listeners[i]);
        }
    }
    for (struct conn *c = l->conns; c; c = next) {
        bool idle =
            (c->state == CONN_HEAD && !c->head_begun) || (c->state == CONN_LINGER && c->said_all);

        next = c->next;
        if (l->draining && (idle || c->state == CONN_PIPE)) {
            conn_free(c);
        } else if (c->deadline_us > 0 && now > c->deadline_us) {
            if (c->head_begun && c->state == CONN_HEAD) {
                exchange_refuse(c, 408, "The request head did not arrive in time.");
            } else {
                conn_free(c);
            }
        }
    }
    loop_maybe_exit(l);
}

bool loop_init(struct net_loop *l, struct net_server *s, unsigned index, struct az_error *reterr)
{
    l->server = s;
    l->index = index;
    l->tasks_end = &l->tasks;
    (void) pthread_mutex_init(&l->lock, NULL);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->base = event_base_new();
    if (l->wake_fd < 0 || !l->base) {
        return az_fail_internal(reterr, "starting an event loop: %s", strerror(errno));
    }
    l->wake_event = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    l->sweep = event_new(l->base, -1, EV_PERSIST, on_sweep, l);
    if (!l->wake_event || !l->sweep || event_add(l->wake_event, NULL) < 0) {
        return az_fail_internal(reterr, "starting an event loop: out of memory");
    }
    return true;
}

static void *loop_main(void *arg)
{
    struct net_loop *l = arg;

    (void) event_base_dispatch(l->base);
    return NULL;
}

bool loop_start(struct net_loop *l, struct az_error *reterr)
{
    int64_t header_ms = l->server->opt.header_timeout_ms;
    struct timeval every = {0, header_ms < 1000 ? 20000 : 250000};
    int rc;

    if (event_add(l->sweep, &every) < 0) {
        return az_fail_internal(reterr, "starting an event loop: out of memory");
    }
    rc = pthread_create(&l->thread, NULL, loop_main, l);
    if (rc != 0) {
        return az_fail_internal(reterr, "starting a loop thread: %s", strerror(rc));
    }
    l->started = true;
    return true;
}

/* After every thread that could post has ended. */
void loop_done(struct net_loop *l)
{
    if (!l->base) {
        return;
    }
    /* Jobs that came back after the loop had ended: their exchanges are finished here. */
    if (l->wake_fd >= 0 && l->wake_event) {
        on_wake(l->wake_fd, 0, l);
    }
    while (l->conns) {
        conn_free(l->conns);
    }
    for (unsigned i = 0; i < l->n_listeners; i++) {
        evconnlistener_free(l->listeners[i]);
        free(l->listener_ctx[i]);
    }
    if (l->wake_event) {
        event_free(l->wake_event);
    }
    if (l->sweep) {
        event_free(l->sweep);
    }
    /* Bufferevents that were freed are finalized by the loop, some in two rounds; nothing else is
     * left that could run. */
    for (int i = 0; i < 3; i++) {
        (void) event_base_loop(l->base, EVLOOP_NONBLOCK);
    }
    event_base_free(l->base);
    (void) close(l->wake_fd);
    (void) pthread_mutex_destroy(&l->lock);
    buf_done(&l->head);
}
