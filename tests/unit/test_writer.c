/* SPDX-License-Identifier: MIT */
/* Group commit: what is queued together shares one commit; a failure stays its own. */
#include <pthread.h>
#include <stdatomic.h>

#include "common/writer.h"
#include "tests/support.h"

struct fixture {
    struct test_dir dir;
    struct kvdb *db;
    struct writer *writer;
};

static int setup(void **state)
{
    static struct fixture f;
    const struct kvdb_options o = {.map_size = 16 << 20, .relaxed = true, .schema = 1};
    struct az_error err;

    test_dir_make(&f.dir);
    assert_ok(kvdb_open(f.dir.path, &o, &f.db, &err), &err);
    f.writer = writer_new(f.db);
    assert_non_null(f.writer);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    writer_free(f->writer);
    writer_free(NULL);
    kvdb_close(f->db);
    test_dir_remove(&f->dir);
    return 0;
}

enum what { KEEP, ROLL_BACK, BREAK, WAIT };

struct job {
    struct writer_job job; /* first */
    enum what what;
    char name[16];
    pthread_mutex_t *gate; /* WAIT: held by the test until the others are queued */
    _Atomic int done;      /* 0: not yet; 1: committed; 2: not */
};

static struct kvkey key_of(const char *name)
{
    struct kvkey k;

    kvkey_init(&k, 'w');
    kvkey_str(&k, name);
    return k;
}

static bool run(struct writer_job *job, struct kvdb_txn *txn)
{
    struct job *j = (struct job *) job;
    struct kvkey k = key_of(j->name);

    if (j->what == WAIT) {
        (void) pthread_mutex_lock(j->gate);
        (void) pthread_mutex_unlock(j->gate);
    }
    kvdb_put(txn, &k, "1", 1);
    if (j->what == BREAK) {
        kvkey_init(&k, 'w');
        kvkey_add(&k, "\0", 1);
        kvdb_put(txn, &k, "1", 1);
        assert_true(kvdb_failed(txn));
    }
    return j->what != ROLL_BACK;
}

static void done(struct writer_job *job, bool committed)
{
    ((struct job *) job)->done = committed ? 1 : 2;
}

static bool stored(struct fixture *f, const char *name)
{
    struct kvdb_txn *txn = NULL;
    struct kvkey k = key_of(name);
    struct kvdb_val val;
    struct az_error err;
    bool found;

    assert_ok(kvdb_begin_read(f->db, &txn, &err), &err);
    found = kvdb_get(txn, &k, &val);
    kvdb_abort(txn);
    return found;
}

/* Queues n jobs behind one that waits, so that they are one group; returns when all are done. */
static void run_together(struct fixture *f, struct job *jobs, size_t n)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job first = {
        .job = {.run = run, .done = done},
          .what = WAIT, .name = "gate", .gate = &gate
    };

    (void) pthread_mutex_lock(&gate);
    writer_submit(f->writer, &first.job);
    for (size_t i = 0; i < n; i++) {
        jobs[i].job.run = run;
        jobs[i].job.done = done;
        (void) snprintf(jobs[i].name, sizeof(jobs[i].name), "j%zu", i);
        writer_submit(f->writer, &jobs[i].job);
    }
    (void) pthread_mutex_unlock(&gate);
    writer_free(f->writer); /* finishes what is queued */
    f->writer = NULL;
    assert_int_equal(first.done, 1);
}

static void writes_that_are_queued_together_share_one_commit(void **state)
{
    struct fixture *f = *state;
    struct job jobs[64] = {0};
    uint64_t commits;
    uint64_t nested;

    run_together(f, jobs, ARRAY_LEN(jobs));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_true(stored(f, jobs[i].name));
    }
    kvdb_stats(f->db, &commits, &nested);
    assert_int_equal(nested, 65);
    /* The one that waits may have been taken alone, or with some of the others. */
    assert_in_range(commits, 1, 2);
}

static void a_long_queue_is_cut_into_groups_and_finished(void **state)
{
    static struct job jobs[1000];
    struct fixture *f = *state;
    uint64_t commits;
    uint64_t nested;

    run_together(f, jobs, ARRAY_LEN(jobs));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].done, 1);
    }
    kvdb_stats(f->db, &commits, &nested);
    assert_int_equal(nested, 1001);
    assert_in_range(commits, 4, 5);
}

static void a_write_that_rolls_back_does_so_alone(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.what = KEEP}, {.what = ROLL_BACK}, {.what = KEEP}};

    run_together(f, jobs, ARRAY_LEN(jobs));
    assert_true(stored(f, "j0"));
    assert_false(stored(f, "j1"));
    assert_true(stored(f, "j2"));
    assert_int_equal(jobs[1].done, 1); /* it has decided so itself: no failed commit */
}

static void a_write_that_the_store_refuses_fails_alone(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.what = KEEP}, {.what = BREAK}, {.what = KEEP}};

    run_together(f, jobs, ARRAY_LEN(jobs));
    assert_true(stored(f, "j0"));
    assert_false(stored(f, "j1"));
    assert_true(stored(f, "j2"));
    assert_int_equal(jobs[0].done, 1);
    assert_int_equal(jobs[1].done, 2); /* it is told that it was not stored */
    assert_int_equal(jobs[2].done, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(writes_that_are_queued_together_share_one_commit),
        CASE(a_long_queue_is_cut_into_groups_and_finished),
        CASE(a_write_that_rolls_back_does_so_alone),
        CASE(a_write_that_the_store_refuses_fails_alone),
    };

    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
