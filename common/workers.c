/* SPDX-License-Identifier: MIT */
/* The worker pool: one queue, one condition; a thread without a job asks the idle function for
 * work. */
#include "common/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_THREADS 64

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct worker_job *head;
    struct worker_job **tail;
    workers_idle_fn *idle;
    void *idle_ctx;
    bool idle_dry;  /* the idle function had nothing to do; workers_wake() clears it */
    unsigned wakes; /* counts workers_wake(): one that comes while the idle function runs counts */
    bool idle_busy; /* one thread at a time is idle-working: jobs come first */
    bool stopping;
    unsigned n;
    pthread_t threads[MAX_THREADS];
};

static struct worker_job *pop(struct workers *w)
{
    struct worker_job *job = w->head;

    if (job) {
        w->head = job->next;
        if (!w->head) {
            w->tail = &w->head;
        }
    }
    return job;
}

/* Locked on entry and return; unlocked around the work. False: nothing was done. */
static bool idle_step(struct workers *w)
{
    unsigned wakes = w->wakes;
    bool more;

    if (!w->idle || w->idle_dry || w->idle_busy || w->stopping) {
        return false;
    }
    w->idle_busy = true;
    (void) pthread_mutex_unlock(&w->lock);
    more = w->idle(w->idle_ctx);
    (void) pthread_mutex_lock(&w->lock);
    w->idle_busy = false;
    w->idle_dry = !more && w->wakes == wakes;
    return true;
}

static void *thread_main(void *arg)
{
    struct workers *w = arg;

    (void) pthread_mutex_lock(&w->lock);
    for (;;) {
        struct worker_job *job = pop(w);

        if (job) {
            (void) pthread_mutex_unlock(&w->lock);
            job->run(job);
            (void) pthread_mutex_lock(&w->lock);
        } else if (w->stopping) {
            break;
        } else if (!idle_step(w)) {
            (void) pthread_cond_wait(&w->wake, &w->lock);
        }
    }
    (void) pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_new(unsigned n, workers_idle_fn *idle, void *idle_ctx)
{
    struct workers *w = calloc(1, sizeof(*w));

    if (!w) {
        return NULL;
    }
    if (n == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        n = cores > 2 ? (unsigned) cores : 2;
    }
    n = n > MAX_THREADS ? MAX_THREADS : n;
    (void) pthread_mutex_init(&w->lock, NULL);
    (void) pthread_cond_init(&w->wake, NULL);
    w->tail = &w->head;
    w->idle = idle;
    w->idle_ctx = idle_ctx;
    for (w->n = 0; w->n < n; w->n++) {
        if (pthread_create(&w->threads[w->n], NULL, thread_main, w) != 0) {
            workers_free(w);
            return NULL;
        }
    }
    return w;
}

void workers_submit(struct workers *w, struct worker_job *job)
{
    job->next = NULL;
    (void) pthread_mutex_lock(&w->lock);
    *w->tail = job;
    w->tail = &job->next;
    (void) pthread_cond_signal(&w->wake);
    (void) pthread_mutex_unlock(&w->lock);
}

void workers_wake(struct workers *w)
{
    (void) pthread_mutex_lock(&w->lock);
    w->idle_dry = false;
    w->wakes++;
    (void) pthread_cond_signal(&w->wake);
    (void) pthread_mutex_unlock(&w->lock);
}

void workers_free(struct workers *w)
{
    if (!w) {
        return;
    }
    (void) pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void) pthread_cond_broadcast(&w->wake);
    (void) pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->n; i++) {
        (void) pthread_join(w->threads[i], NULL);
    }
    (void) pthread_cond_destroy(&w->wake);
    (void) pthread_mutex_destroy(&w->lock);
    free(w);
}
