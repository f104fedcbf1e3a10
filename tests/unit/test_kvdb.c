/* SPDX-License-Identifier: MIT */
/*
 * The store: transactions, nested ones, sticky errors, ranges, and a process that dies at a write.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/crash.h"
#include "common/kvdb.h"
#include "tests/support.h"

struct fixture {
    struct test_dir dir;
    struct kvdb *db;
};

static const struct kvdb_options options = {.map_size = 64 << 20, .relaxed = true, .schema = 7};

static int setup(void **state)
{
    static struct fixture f;
    struct az_error err;

    test_dir_make(&f.dir);
    assert_ok(kvdb_open(f.dir.path, &options, &f.db, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    kvdb_close(f->db);
    test_dir_remove(&f->dir);
    return 0;
}

static struct kvkey key_of(char record_class, const char *text)
{
    struct kvkey k;

    kvkey_init(&k, record_class);
    if (text) {
        kvkey_str(&k, text);
    }
    return k;
}

static void put(struct kvdb_txn *txn, const char *name, const char *value)
{
    struct kvkey k = key_of('t', name);

    kvdb_put(txn, &k, value, strlen(value));
}

static bool has(struct kvdb_txn *txn, const char *name, const char *value)
{
    struct kvkey k = key_of('t', name);
    struct kvdb_val val;

    return kvdb_get(txn, &k, &val) && val.len == strlen(value) &&
           memcmp(val.data, value, val.len) == 0;
}

static struct kvdb_txn *begin_write(struct fixture *f)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_write(f->db, &txn, &err), &err);
    return txn;
}

static struct kvdb_txn *begin_read(struct fixture *f)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_read(f->db, &txn, &err), &err);
    return txn;
}

static struct kvdb_txn *begin_nested(struct kvdb_txn *parent)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_nested(parent, &txn, &err), &err);
    return txn;
}

static void commit(struct kvdb_txn *txn)
{
    struct az_error err;

    assert_ok(kvdb_commit(txn, &err), &err);
}

static bool stored(struct fixture *f, const char *name, const char *value)
{
    struct kvdb_txn *txn = begin_read(f);
    bool found = has(txn, name, value);

    kvdb_abort(txn);
    return found;
}

static void what_is_committed_is_there_and_what_is_aborted_is_not(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    struct kvkey k = key_of('t', "a");

    put(txn, "a", "1");
    assert_true(has(txn, "a", "1"));
    commit(txn);
    txn = begin_write(f);
    put(txn, "a", "2");
    put(txn, "b", "1");
    kvdb_abort(txn);
    assert_true(stored(f, "a", "1"));
    assert_false(stored(f, "b", "1"));
    txn = begin_write(f);
    assert_true(kvdb_del(txn, &k));
    assert_false(kvdb_del(txn, &k));
    commit(txn);
    assert_false(stored(f, "a", "1"));
    kvdb_abort(NULL);
}

static void a_snapshot_does_not_see_later_writes(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *snapshot = begin_read(f);
    struct kvdb_txn *txn = begin_write(f);

    put(txn, "later", "1");
    commit(txn);
    assert_false(has(snapshot, "later", "1"));
    kvdb_abort(snapshot);
    assert_true(stored(f, "later", "1"));
}

static void a_write_in_a_snapshot_fails_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *snapshot = begin_read(f);

    put(snapshot, "never", "1");
    assert_true(kvdb_failed(snapshot));
    kvdb_abort(snapshot);
    assert_false(stored(f, "never", "1"));
}

static void the_first_error_sticks_and_commit_reports_it(void **state)
{
    static char big[KVDB_VALUE_MAX + 1];
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    struct kvkey k = key_of('t', "big");
    struct kvkey prefix = key_of('t', NULL);
    struct az_error err = {0};

    put(txn, "before", "1");
    kvdb_put(txn, &k, big, sizeof(big));
    assert_true(kvdb_failed(txn));
    put(txn, "after", "1");
    assert_false(has(txn, "before", "1")); /* reads find nothing any more */
    assert_null(kvdb_iter_new(txn, &prefix, NULL));
    assert_false(kvdb_commit(txn, &err));
    assert_int_equal(err.errc, AZ_ERR_INTERNAL);
    assert_false(stored(f, "before", "1"));
    assert_false(stored(f, "after", "1"));
}

static void the_largest_value_and_the_longest_key_are_taken(void **state)
{
    static char big[KVDB_VALUE_MAX];
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    char name[KVDB_KEY_MAX];
    struct kvkey k;
    struct kvdb_val val;

    memset(name, 'n', sizeof(name));
    kvkey_init(&k, 't');
    kvkey_add(&k, name, KVDB_KEY_MAX - 2);
    assert_int_equal(k.len, KVDB_KEY_MAX);
    assert_false(k.failed);
    kvdb_put(txn, &k, big, sizeof(big));
    assert_true(kvdb_get(txn, &k, &val));
    assert_int_equal(val.len, sizeof(big));
    commit(txn);
}

static void a_key_that_can_not_be_built_finds_nothing_and_stores_nothing(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    char name[KVDB_KEY_MAX];
    struct kvdb_val val;
    struct kvkey k;

    memset(name, 'n', sizeof(name));
    kvkey_init(&k, 't');
    kvkey_add(&k, name, KVDB_KEY_MAX - 1);
    assert_true(k.failed);
    kvkey_u64(&k, 1);
    kvkey_str(&k, "x");
    assert_true(k.failed); /* sticky */
    assert_false(kvdb_get(txn, &k, &val));
    assert_false(kvdb_failed(txn)); /* a name too long is simply not there */
    kvdb_put(txn, &k, "1", 1);
    assert_true(kvdb_failed(txn));
    kvdb_abort(txn);
    kvkey_init(&k, 't');
    kvkey_add(&k, "a\0b", 3);
    assert_true(k.failed); /* two keys must never look alike */
}

static void numbers_and_names_sort_as_they_should(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    static const uint64_t numbers[] = {256, 1, UINT64_MAX, 0, 255, UINT64_C(1) << 32};
    struct kvkey prefix = key_of('n', NULL);
    struct kvdb_iter *it;
    struct kvdb_val key;
    struct kvdb_val val;
    uint64_t last = 0;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct kvkey k = key_of('n', NULL);

        kvkey_u64(&k, numbers[i]);
        kvdb_put(txn, &k, &numbers[i], sizeof(numbers[i]));
    }
    it = kvdb_iter_new(txn, &prefix, NULL);
    while (kvdb_iter_next(it, &key, &val)) {
        uint64_t v;

        memcpy(&v, val.data, sizeof(v));
        assert_true(n == 0 || v > last);
        last = v;
        n++;
    }
    assert_int_equal(n, ARRAY_LEN(numbers));
    kvdb_iter_free(it);
    kvdb_iter_free(NULL);
    kvdb_abort(txn);
}

static void a_range_ends_where_its_prefix_ends(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    struct kvkey prefix = key_of('t', NULL);
    struct kvkey from = key_of('t', "b");
    struct kvkey other = key_of('u', "z");
    struct kvkey before = key_of('s', "z");
    struct kvdb_iter *it;
    struct kvdb_val key;
    struct kvdb_val val;
    char seen[16] = "";

    put(txn, "a", "A");
    put(txn, "b", "B");
    put(txn, "ba", "C");
    put(txn, "c", "D");
    kvdb_put(txn, &other, "X", 1);
    kvdb_put(txn, &before, "X", 1);
    it = kvdb_iter_new(txn, &prefix, &from);
    while (kvdb_iter_next(it, &key, &val)) {
        strncat(seen, val.data, 1);
    }
    assert_false(kvdb_iter_next(it, &key, &val)); /* stays at its end */
    kvdb_iter_free(it);
    assert_string_equal(seen, "BCD");
    /* A component ends with a 0 byte, so "b" is no prefix of "ba". */
    it = kvdb_iter_new(txn, &from, NULL);
    assert_true(kvdb_iter_next(it, &key, &val));
    assert_false(kvdb_iter_next(it, &key, &val));
    kvdb_iter_free(it);
    kvdb_abort(txn);
}

static void neighbours_survive_a_failed_child(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *parent = begin_write(f);
    struct kvdb_txn *child;
    struct kvkey broken;
    struct az_error err;

    child = begin_nested(parent);
    put(child, "one", "1");
    commit(child);
    child = begin_nested(parent);
    put(child, "two", "2");
    put(child, "one", "overwritten");
    kvdb_abort(child);
    child = begin_nested(parent);
    put(child, "three", "3");
    kvkey_init(&broken, 't');
    kvkey_add(&broken, "\0", 1);
    kvdb_put(child, &broken, "x", 1);
    assert_false(kvdb_commit(child, &err)); /* its error is its own */
    assert_false(kvdb_failed(parent));
    child = begin_nested(parent);
    put(child, "four", "4");
    commit(child);
    commit(parent);
    assert_true(stored(f, "one", "1"));
    assert_false(stored(f, "two", "2"));
    assert_false(stored(f, "three", "3"));
    assert_true(stored(f, "four", "4"));
}

static void a_failed_parent_has_no_children(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *parent = begin_write(f);
    struct kvdb_txn *child = NULL;
    struct kvkey broken;
    struct az_error err;

    kvkey_init(&broken, 't');
    kvkey_add(&broken, "\0", 1);
    kvdb_put(parent, &broken, "x", 1);
    assert_false(kvdb_begin_nested(parent, &child, &err));
    assert_null(child);
    kvdb_abort(parent);
}

static void commits_are_counted(void **state)
{
    struct fixture *f = *state;
    struct kvdb_txn *parent = begin_write(f);
    uint64_t commits;
    uint64_t nested;

    commit(begin_nested(parent));
    commit(begin_nested(parent));
    commit(parent);
    kvdb_stats(f->db, &commits, &nested);
    assert_int_equal(commits, 1);
    assert_int_equal(nested, 2);
}

static void another_schema_is_refused_with_the_cure(void **state)
{
    struct fixture *f = *state;
    struct kvdb_options other = options;
    struct kvdb *db = NULL;
    struct az_error err = {0};

    kvdb_close(f->db);
    f->db = NULL;
    other.schema = 8;
    assert_false(kvdb_open(f->dir.path, &other, &db, &err));
    assert_null(db);
    assert_non_null(strstr(err.detail, "schema 7"));
    assert_non_null(strstr(err.detail, "kvsim reset"));
    assert_ok(kvdb_open(f->dir.path, &options, &f->db, &err), &err);
}

static void a_folder_that_can_not_be_made_is_refused(void **state)
{
    struct kvdb *db = NULL;
    struct az_error err = {0};

    (void) state;
    assert_false(kvdb_open("/nonexistent/deep/store", &options, &db, &err));
    assert_non_null(strstr(err.detail, "/nonexistent"));
}

static void a_full_store_says_how_to_go_on_and_keeps_what_it_has(void **state)
{
    static char big[KVDB_VALUE_MAX];
    struct fixture *f = *state;
    struct kvdb_txn *txn = begin_write(f);
    struct az_error err = {0};
    bool failed;

    put(txn, "kept", "1");
    commit(txn);
    txn = begin_write(f);
    for (int i = 0; i < 100 && !kvdb_failed(txn); i++) {
        char name[16];
        struct kvkey k;

        (void) snprintf(name, sizeof(name), "%d", i);
        k = key_of('t', name);
        kvdb_put(txn, &k, big, sizeof(big));
    }
    failed = kvdb_failed(txn);
    assert_true(failed);
    assert_false(kvdb_commit(txn, &err));
    assert_non_null(strstr(err.detail, "--map-size"));
    assert_true(stored(f, "kept", "1"));
}

/* In a process of its own: stores a, then a and b together, told to die at the nth write. */
static int die_at(const struct fixture *f, uint64_t nth)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct kvdb_options durable = options;
        struct kvdb *db = NULL;
        struct kvdb_txn *txn = NULL;
        struct az_error err;

        durable.relaxed = false;
        if (!kvdb_open(f->dir.path, &durable, &db, &err)) {
            _exit(9);
        }
        crash_at(nth);
        for (int i = 0; i < 2; i++) {
            if (!kvdb_begin_write(db, &txn, &err)) {
                _exit(9);
            }
            put(txn, "a", i == 0 ? "first" : "second");
            put(txn, "b", i == 0 ? "first" : "second");
            if (!kvdb_commit(txn, &err)) {
                _exit(9);
            }
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_process_that_dies_at_any_write_leaves_whole_transactions(void **state)
{
    struct fixture *f = *state;
    struct az_error err;

    kvdb_close(f->db);
    for (uint64_t nth = 1; nth <= 7; nth++) {
        struct kvkey k = key_of('t', "a");
        struct kvkey l = key_of('t', "b");
        struct kvdb_txn *txn;
        int status = die_at(f, nth);

        /* put, put, commit; put, put, commit: six writes, and none left for the seventh. */
        assert_int_equal(nth < 7 ? SIGKILL : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        assert_ok(kvdb_open(f->dir.path, &options, &f->db, &err), &err);
        assert_int_equal(stored(f, "a", "first"), nth > 3 && nth < 7);
        assert_int_equal(stored(f, "b", "first"), nth > 3 && nth < 7);
        assert_int_equal(stored(f, "a", "second"), nth == 7);
        assert_int_equal(stored(f, "b", "second"), nth == 7);
        txn = begin_write(f);
        (void) kvdb_del(txn, &k);
        (void) kvdb_del(txn, &l);
        commit(txn);
        kvdb_close(f->db);
    }
    assert_ok(kvdb_open(f->dir.path, &options, &f->db, &err), &err);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_committed_is_there_and_what_is_aborted_is_not),
        CASE(a_snapshot_does_not_see_later_writes),
        CASE(a_write_in_a_snapshot_fails_and_changes_nothing),
        CASE(the_first_error_sticks_and_commit_reports_it),
        CASE(the_largest_value_and_the_longest_key_are_taken),
        CASE(a_key_that_can_not_be_built_finds_nothing_and_stores_nothing),
        CASE(numbers_and_names_sort_as_they_should),
        CASE(a_range_ends_where_its_prefix_ends),
        CASE(neighbours_survive_a_failed_child),
        CASE(a_failed_parent_has_no_children),
        CASE(commits_are_counted),
        CASE(another_schema_is_refused_with_the_cure),
        CASE(a_folder_that_can_not_be_made_is_refused),
        CASE(a_full_store_says_how_to_go_on_and_keeps_what_it_has),
        CASE(a_process_that_dies_at_any_write_leaves_whole_transactions),
    };

    return cmocka_run_group_tests_name("kvdb", tests, NULL, NULL);
}
