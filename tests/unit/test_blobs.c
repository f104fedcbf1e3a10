/* SPDX-License-Identifier: MIT */
/* Customer content on disk: it opens whole, in its place, under its key, or not at all. */
#include <sys/stat.h>

#include "common/fsutil.h"
#include "provider/store/blobs.h"
#include "tests/support.h"

#define SEALED (BLOB_CHUNK + SEAL_OVERHEAD)

static const struct data_keys key = {1, {{7}}};
static const struct data_keys other_key = {1, {{8}}};
static struct test_dir dir;

static int setup(void **state)
{
    (void) state;
    test_dir_make(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_dir_remove(&dir);
    return 0;
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t) (i * 31 + i / 251);
}

/* Writes len bytes in pieces; a writer that is not kept is not yet freed. */
static struct blob_writer *write_blob(const char *uid, const char *id, size_t len)
{
    struct blob_writer *w = NULL;
    struct az_error err;
    uint8_t piece[1000];
    uint64_t size = 0;
    size_t done = 0;

    assert_ok(blob_create(dir.path, uid, id, &key, &w, &err), &err);
    while (done < len) {
        size_t n = len - done < sizeof(piece) ? len - done : sizeof(piece);

        for (size_t i = 0; i < n; i++) {
            piece[i] = byte_at(done + i);
        }
        assert_ok(blob_write(w, piece, n, &err), &err);
        done += n;
    }
    assert_ok(blob_finish(w, &size, &err), &err);
    assert_int_equal(size, len);
    return w;
}

static void store_blob(const char *uid, const char *id, size_t len)
{
    struct blob_writer *w = write_blob(uid, id, len);

    blob_keep(w);
    blob_writer_free(w);
}

/* The number of bytes that come out right, or -1. */
static ssize_t read_blob(const char *uid, const char *id, const struct data_keys *k)
{
    struct http_source s = {0};
    struct az_error err = {0};
    uint8_t out[70000];
    size_t total = 0;
    ssize_t n;

    if (!blob_open(dir.path, uid, id, k, 0, &s, &err)) {
        assert_int_equal(err.errc, AZ_ERR_INTERNAL);
        assert_null(s.read);
        return -1;
    }
    while ((n = s.read(s.ctx, out, total % 3 == 0 ? sizeof(out) : 777)) > 0) {
        for (size_t i = 0; i < (size_t) n; i++) {
            assert_int_equal(out[i], byte_at(total + i));
        }
        total += (size_t) n;
    }
    s.close(s.ctx);
    return n < 0 ? -1 : (ssize_t) total;
}

static const char *blob_path(const char *uid, const char *id, char out[256])
{
    char name[128];

    (void) snprintf(name, sizeof(name), "%s_%s", uid, id);
    return test_dir_file(&dir, name, out);
}

static void every_length_comes_back(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     999,
                                     BLOB_CHUNK - 1,
                                     BLOB_CHUNK,
                                     BLOB_CHUNK + 1,
                                     2 * BLOB_CHUNK,
                                     2 * BLOB_CHUNK + 5,
                                     5 * BLOB_CHUNK};
    char path[256];
    struct stat st;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        size_t chunks = lengths[i] == 0 ? 1 : (lengths[i] + BLOB_CHUNK - 1) / BLOB_CHUNK;

        store_blob("u", "f", lengths[i]);
        assert_int_equal(read_blob("u", "f", &key), lengths[i]);
        assert_int_equal(stat(blob_path("u", "f", path), &st), 0);
        assert_int_equal(st.st_size, lengths[i] + chunks * SEAL_OVERHEAD);
        assert_int_equal(st.st_mode & 0777, 0600);
        blob_remove(dir.path, "u", "f");
        assert_int_equal(read_blob("u", "f", &key), -1);
    }
}

static void the_plaintext_is_nowhere_on_the_disk(void **state)
{
    static const char text[] = "a customer's own words";
    struct blob_writer *w = NULL;
    struct az_error err;
    CLEANUP(buf_done) struct buf raw = {0};
    uint64_t size;
    char path[256];

    (void) state;
    assert_ok(blob_create(dir.path, "u", "f", &key, &w, &err), &err);
    assert_ok(blob_write(w, text, sizeof(text), &err), &err);
    assert_ok(blob_finish(w, &size, &err), &err);
    assert_true(file_read(blob_path("u", "f", path), LIMIT_SMALL_FILE, &raw));
    assert_null(memmem(raw.data, raw.len, text, 8));
    blob_writer_free(w);
}

static void another_key_account_or_file_does_not_open_it(void **state)
{
    char from[256];
    char to[256];

    (void) state;
    store_blob("u", "f", 100);
    assert_int_equal(read_blob("u", "f", &other_key), -1);
    assert_int_equal(rename(blob_path("u", "f", from), blob_path("u", "g", to)), 0);
    assert_int_equal(read_blob("u", "g", &key), -1);
    assert_int_equal(rename(blob_path("u", "g", from), blob_path("v", "f", to)), 0);
    assert_int_equal(read_blob("v", "f", &key), -1);
    assert_int_equal(rename(blob_path("v", "f", from), blob_path("u", "f", to)), 0);
    assert_int_equal(read_blob("u", "f", &key), 100);
}

/* Puts raw back as the blob u_f and tells whether all of it can be read. */
static bool reads_as(const struct buf *raw, size_t len)
{
    char path[256];

    assert_true(file_write_atomic(blob_path("u", "f", path), raw->data, len, 0600));
    return read_blob("u", "f", &key) >= 0;
}

static void a_changed_byte_anywhere_is_noticed(void **state)
{
    static const size_t places[] = {
        0, 11, 12, 100, SEALED - 1, SEALED, SEALED + 12, 2 * SEALED, 2 * SEALED + 20};
    CLEANUP(buf_done) struct buf raw = {0};
    char path[256];

    (void) state;
    store_blob("u", "f", 2 * BLOB_CHUNK + 50);
    assert_true(file_read(blob_path("u", "f", path), LIMIT_SMALL_FILE, &raw));
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        raw.data[places[i]] = (char) (raw.data[places[i]] ^ 1);
        assert_false(reads_as(&raw, raw.len));
        raw.data[places[i]] = (char) (raw.data[places[i]] ^ 1);
    }
    assert_true(reads_as(&raw, raw.len));
}

static void a_blob_that_is_cut_off_is_noticed_also_between_chunks(void **state)
{
    static const size_t lengths[] = {0,      1,          SEAL_OVERHEAD,  SEALED - 1,
                                     SEALED, 2 * SEALED, 2 * SEALED + 10};
    CLEANUP(buf_done) struct buf raw = {0};
    char path[256];

    (void) state;
    store_blob("u", "f", 2 * BLOB_CHUNK + 50);
    assert_true(file_read(blob_path("u", "f", path), LIMIT_SMALL_FILE, &raw));
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        assert_false(reads_as(&raw, lengths[i]));
    }
    buf_add(&raw, raw.data, 40); /* and what was added behind the end */
    assert_false(reads_as(&raw, raw.len));
}

static void chunks_in_another_order_are_noticed(void **state)
{
    CLEANUP(buf_done) struct buf raw = {0};
    CLEANUP(buf_done) struct buf swapped = {0};
    char path[256];

    (void) state;
    store_blob("u", "f", 3 * BLOB_CHUNK);
    assert_true(file_read(blob_path("u", "f", path), LIMIT_SMALL_FILE, &raw));
    buf_add(&swapped, raw.data + SEALED, SEALED);
    buf_add(&swapped, raw.data, SEALED);
    buf_add(&swapped, raw.data + 2 * SEALED, SEALED);
    assert_false(reads_as(&swapped, swapped.len));
    swapped.len = 0;
    buf_add(&swapped, raw.data, SEALED); /* the first, then the last: one is missing */
    buf_add(&swapped, raw.data + 2 * SEALED, SEALED);
    assert_false(reads_as(&swapped, swapped.len));
}

static void what_is_not_kept_is_removed(void **state)
{
    struct blob_writer *w = write_blob("u", "f", 10);
    struct blob_writer *unfinished = NULL;
    struct az_error err;
    char path[256];

    (void) state;
    assert_int_equal(access(blob_path("u", "f", path), F_OK), 0);
    blob_writer_free(w);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(blob_create(dir.path, "u", "g", &key, &unfinished, &err), &err);
    assert_ok(blob_write(unfinished, "x", 1, &err), &err);
    blob_writer_free(unfinished);
    blob_writer_free(NULL);
    assert_int_equal(rmdir(dir.path), 0); /* nothing is left */
    assert_int_equal(mkdir(dir.path, 0700), 0);
}

static void a_file_that_is_being_written_is_not_written_twice(void **state)
{
    struct blob_writer *w = NULL;
    struct blob_writer *second = NULL;
    struct az_error err;

    (void) state;
    assert_ok(blob_create(dir.path, "u", "f", &key, &w, &err), &err);
    assert_false(blob_create(dir.path, "u", "f", &key, &second, &err));
    assert_null(second);
    blob_writer_free(w);
    assert_false(blob_create("/nonexistent", "u", "f", &key, &second, &err));
}

static bool known(void *ctx, const char *uid, const char *id)
{
    (void) ctx;
    return strcmp(uid, "u") == 0 && strcmp(id, "kept") == 0;
}

static void orphans_and_leftovers_are_removed_and_what_is_known_stays(void **state)
{
    char path[256];
    struct az_error err;

    (void) state;
    store_blob("u", "kept", 10);
    store_blob("u", "orphan", 10);
    store_blob("v", "kept", 10);
    assert_true(file_write_atomic(blob_path("u", "kept.tmp", path), "x", 1, 0600));
    assert_ok(blob_remove_orphans(dir.path, known, NULL, &err), &err);
    assert_int_equal(read_blob("u", "kept", &key), 10);
    assert_int_equal(read_blob("u", "orphan", &key), -1);
    assert_int_equal(read_blob("v", "kept", &key), -1);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void all_blobs_of_an_account_go_and_no_others(void **state)
{
    char path[256];

    (void) state;
    store_blob("u", "f1", 10);
    store_blob("u", "f2", 10);
    store_blob("u2", "f1", 10);
    assert_true(file_write_atomic(blob_path("u", "f3.tmp", path), "x", 1, 0600));
    blob_remove_account(dir.path, "u");
    assert_int_equal(read_blob("u", "f1", &key), -1);
    assert_int_equal(read_blob("u", "f2", &key), -1);
    assert_int_equal(read_blob("u2", "f1", &key), 10);
    assert_int_equal(access(path, F_OK), 0); /* its writer's */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_length_comes_back),
        CASE(the_plaintext_is_nowhere_on_the_disk),
        CASE(another_key_account_or_file_does_not_open_it),
        CASE(a_changed_byte_anywhere_is_noticed),
        CASE(a_blob_that_is_cut_off_is_noticed_also_between_chunks),
        CASE(chunks_in_another_order_are_noticed),
        CASE(what_is_not_kept_is_removed),
        CASE(a_file_that_is_being_written_is_not_written_twice),
        CASE(all_blobs_of_an_account_go_and_no_others),
        CASE(orphans_and_leftovers_are_removed_and_what_is_known_stays),
    };

    return cmocka_run_group_tests_name("blobs", tests, NULL, NULL);
}
