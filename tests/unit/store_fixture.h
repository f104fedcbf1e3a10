/* SPDX-License-Identifier: MIT */
/* An empty store and a write transaction in it, thrown away afterwards: for tests of stores. */
#pragma once

#include "common/kvdb.h"
#include "tests/support.h"

struct store_fixture {
    struct test_dir dir;
    struct kvdb *db;
    struct kvdb_txn *txn;
};

static inline int store_setup(void **state)
{
    static struct store_fixture f;
    const struct kvdb_options o = {.map_size = 64 << 20, .relaxed = true, .schema = 1};
    struct az_error err;

    test_dir_make(&f.dir);
    assert_ok(kvdb_open(f.dir.path, &o, &f.db, &err), &err);
    assert_ok(kvdb_begin_write(f.db, &f.txn, &err), &err);
    *state = &f;
    return 0;
}

static inline int store_teardown(void **state)
{
    struct store_fixture *f = *state;

    kvdb_abort(f->txn);
    kvdb_close(f->db);
    test_dir_remove(&f->dir);
    return 0;
}
