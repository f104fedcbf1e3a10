/* SPDX-License-Identifier: MIT */
/* The worker pool: every job runs once, idle work gives way, stopping finishes what is queued. */
#include <pthread.h>
#include <stdatomic.h>

#include "common/workers.h"
#include "tests/support.h"

struct job {
    struct worker_job job; /* first */
    _Atomic int runs;
};

static void run(struct worker_job *job)
{
    ((struct job *) job)->runs++;
}

static void every_job_runs_once_before_the_pool_is_gone(void **state)
{
    static struct job jobs[5000];
    struct workers *w = workers_new(4, NULL, NULL);

    (void) state;
    assert_non_null(w);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i].job.run = run;
        workers_submit(w, &jobs[i].job);
    }
    workers_free(w);
    workers_free(NULL);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].runs, 1);
    }
}

struct meeting {
    struct worker_job job; /* first */
    pthread_barrier_t *barrier;
};

static void meet(struct worker_job *job)
{
    (void) pthread_barrier_wait(((struct meeting *) job)->barrier);
}

static void jobs_run_beside_each_other(void **state)
{
    pthread_barrier_t barrier;
    struct meeting jobs[3];
    struct workers *w = workers_new(3, NULL, NULL);

    (void) state;
    (void) pthread_barrier_init(&barrier, NULL, 3);
    for (size_t i = 0; i < 3; i++) {
        jobs[i] = (struct meeting){.job = {.run = meet}, .barrier = &barrier};
        workers_submit(w, &jobs[i].job); /* none returns before all three run */
    }
    workers_free(w);
    (void) pthread_barrier_destroy(&barrier);
}

struct idle {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int left;
    int calls;
};

static bool idle_fn(void *ctx)
{
    struct idle *i = ctx;
    bool more;

    (void) pthread_mutex_lock(&i->lock);
    i->calls++;
    more = i->left > 0;
    i->left -= more ? 1 : 0;
    (void) pthread_cond_broadcast(&i->changed);
    (void) pthread_mutex_unlock(&i->lock);
    return more;
}

/* Waits until the idle function has been called n times. */
static void wait_for_calls(struct idle *i, int n)
{
    (void) pthread_mutex_lock(&i->lock);
    while (i->calls < n) {
        (void) pthread_cond_wait(&i->changed, &i->lock);
    }
    (void) pthread_mutex_unlock(&i->lock);
}

static void a_pool_without_jobs_does_idle_work_until_there_is_none(void **state)
{
    struct idle i = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 3, 0};
    struct workers *w = workers_new(2, idle_fn, &i);

    (void) state;
    wait_for_calls(&i, 4); /* three times something, once nothing */
    (void) pthread_mutex_lock(&i.lock);
    assert_int_equal(i.calls, 4); /* and it is not asked again */
    i.left = 2;
    (void) pthread_mutex_unlock(&i.lock);
    workers_wake(w);
    wait_for_calls(&i, 7);
    assert_int_equal(i.left, 0);
    workers_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_before_the_pool_is_gone),
        cmocka_unit_test(jobs_run_beside_each_other),
        cmocka_unit_test(a_pool_without_jobs_does_idle_work_until_there_is_none),
    };

    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
