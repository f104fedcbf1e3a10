/* SPDX-License-Identifier: MIT */
/*
 * Group commit: all that is queued when the writer wakes, and all that arrives while it writes,
 * shares one transaction and one fsync. While it syncs, the next group gathers.
 */
#include "common/writer.h"

#include <pthread.h>

#include "common/log.h"

#define GROUP_MAX 256

struct writer {
    struct kvdb *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct writer_job *head;
    struct writer_job **tail;
    bool stopping;
};

struct group {
    struct writer_job *head;
    struct writer_job **end;
    unsigned n;
};

/* Moves what is queued to the group's end, until the group has GROUP_MAX. Locked. */
static void take_queued(struct writer *w, struct group *g)
{
    while (w->head && g->n < GROUP_MAX) {
        *g->end = w->head;
        g->end = &w->head->next;
        w->head = w->head->next;
        g->n++;
    }
    *g->end = NULL;
    if (!w->head) {
        w->tail = &w->head;
    }
}

/* Waits for jobs; an empty group when stopping and none are left. */
static void group_wait(struct writer *w, struct group *g)
{
    *g = (struct group){.end = &g->head};
    (void) pthread_mutex_lock(&w->lock);
    while (!w->head && !w->stopping) {
        (void) pthread_cond_wait(&w->wake, &w->lock);
    }
    take_queued(w, g);
    (void) pthread_mutex_unlock(&w->lock);
}

/* What has arrived since, without waiting. NULL: nothing, or the group is full. */
static struct writer_job *group_more(struct writer *w, struct group *g)
{
    struct writer_job **from = g->end;

    (void) pthread_mutex_lock(&w->lock);
    take_queued(w, g);
    (void) pthread_mutex_unlock(&w->lock);
    return *from;
}

/* One job in a nested transaction: a failure stays its own. False: the parent is unusable. */
static bool run_one(struct writer_job *job, struct kvdb_txn *parent, struct az_error *err)
{
    struct kvdb_txn *txn = NULL;

    if (!kvdb_begin_nested(parent, &txn, err)) {
        return false;
    }
    if (!job->run(job, txn)) {
        kvdb_abort(txn);
        return true;
    }
    if (!kvdb_commit(txn, err)) {
        log_error("a write was not stored: %s", err->detail);
        job->refused = true;
    }
    return true;
}

static void run_group(struct writer *w, struct group *group)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    bool ok = kvdb_begin_write(w->db, &txn, &err);
    struct writer_job *next;

    for (struct writer_job *job = group->head; ok && job;) {
        ok = run_one(job, txn, &err);
        job = job->next ? job->next : ok ? group_more(w, group) : NULL;
    }
    if (ok) {
        ok = kvdb_commit(txn, &err);
    } else {
        kvdb_abort(txn);
    }
    if (!ok) {
        log_error("a group of writes was not committed: %s", err.detail);
    }
    for (struct writer_job *job = group->head; job; job = next) {
        next = job->next;
        job->done(job, ok && !job->refused);
    }
}

static void *thread_main(void *arg)
{
    struct writer *w = arg;
    struct group group;

    for (group_wait(w, &group); group.head; group_wait(w, &group)) {
        run_group(w, &group);
    }
    return NULL;
}

struct writer *writer_new(struct kvdb *db)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (!w) {
        return NULL;
    }
    w->db = db;
    w->tail = &w->head;
    (void) pthread_mutex_init(&w->lock, NULL);
    (void) pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, thread_main, w) != 0) {
        free(w);
        return NULL;
    }
    return w;
}

void writer_submit(struct writer *w, struct writer_job *job)
{
    job->next = NULL;
    job->refused = false;
    (void) pthread_mutex_lock(&w->lock);
    *w->tail = job;
    w->tail = &job->next;
    (void) pthread_cond_signal(&w->wake);
    (void) pthread_mutex_unlock(&w->lock);
}

void writer_free(struct writer *w)
{
    if (!w) {
        return;
    }
    (void) pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void) pthread_cond_signal(&w->wake);
    (void) pthread_mutex_unlock(&w->lock);
    (void) pthread_join(w->thread, NULL);
    (void) pthread_cond_destroy(&w->wake);
    (void) pthread_mutex_destroy(&w->lock);
    free(w);
}
