/* SPDX-License-Identifier: MIT */
/* A pool of threads for slow work. Jobs are intrusive: no allocation to queue one. */
#pragma once

#include <stdbool.h>

struct workers;

struct worker_job {
    struct worker_job *next; /* the pool's */
    void (*run)(struct worker_job *job);
};

/* Called by a thread without work; false: nothing to do, sleep until workers_wake(). */
typedef bool workers_idle_fn(void *ctx);

/* n 0: one per core, at least 2. idle may be NULL. NULL: could not start. */
struct workers *workers_new(unsigned n, workers_idle_fn *idle, void *idle_ctx);
void workers_submit(struct workers *w, struct worker_job *job); /* any thread */
void workers_wake(struct workers *w);
/* Finishes what is queued, then stops. */
void workers_free(struct workers *w);
