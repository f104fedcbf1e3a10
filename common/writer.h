/* SPDX-License-Identifier: MIT */
/*
 * The single writer: queued mutations share one transaction (a nested one each) and one fsync.
 */
#pragma once

#include "common/kvdb.h"

struct writer;

struct writer_job {
    struct writer_job *next; /* the writer's */
    bool refused;            /* the writer's: the store refused this job's changes, and only them */
    /* Writer thread, inside a nested transaction. True: keep the changes; false: roll them back. */
    bool (*run)(struct writer_job *job, struct kvdb_txn *txn);
    /* Writer thread, after the group's commit. committed is false if the commit failed or the store
     * refused a change of this job, and true also for jobs that rolled themselves back. The job may
     * be freed here. */
    void (*done)(struct writer_job *job, bool committed);
};

struct writer *writer_new(struct kvdb *db); /* starts its thread; NULL: could not */
void writer_submit(struct writer *w, struct writer_job *job); /* any thread */
/* Finishes what is queued, then stops. */
void writer_free(struct writer *w);
