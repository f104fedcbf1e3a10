/* SPDX-License-Identifier: MIT */
/*
 * No key is made while a snapshot of the store is open: one that is held for seconds keeps LMDB
 * from reusing pages, and the file grows for good (architecture.md). The linker passes the calls
 * that matter through here (--wrap, meson.build).
 */
#include "tests/api/vault_fixture.h"

#define DAY INT64_C(86400)

bool __real_kvdb_begin_read(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr);
void __real_kvdb_abort(struct kvdb_txn *t);
bool __real_keygen_spec(struct keypool *pool, const struct key_spec *spec, EVP_PKEY **ret,
                        struct az_error *reterr);
bool __wrap_kvdb_begin_read(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr);
void __wrap_kvdb_abort(struct kvdb_txn *t);
bool __wrap_keygen_spec(struct keypool *pool, const struct key_spec *spec, EVP_PKEY **ret,
                        struct az_error *reterr);

static struct kvdb_txn *snapshot; /* the one that is open; the tests have one thread */
static unsigned made;

bool __wrap_kvdb_begin_read(struct kvdb *db, struct kvdb_txn **ret, struct az_error *reterr)
{
    bool ok = __real_kvdb_begin_read(db, ret, reterr);

    assert_null(snapshot);
    snapshot = ok ? *ret : NULL;
    return ok;
}

void __wrap_kvdb_abort(struct kvdb_txn *t)
{
    snapshot = t == snapshot ? NULL : snapshot;
    __real_kvdb_abort(t);
}

bool __wrap_keygen_spec(struct keypool *pool, const struct key_spec *spec, EVP_PKEY **ret,
                        struct az_error *reterr)
{
    assert_null(snapshot);
    made++;
    return __real_keygen_spec(pool, spec, ret, reterr);
}

static int setup(void **state)
{
    static struct vault_fixture f;

    vault_fixture_open(&f);
    made = 0;
    *state = &f;
    return 0;
}

static void a_key_is_created_and_rotated_outside_any_snapshot(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "POST", "/keys/k/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(made, 1);
    assert_int_equal(vault_call(f, "POST", "/keys/k/rotate", NULL), 200);
    assert_int_equal(made, 2);
}

static void due_rotations_make_their_keys_outside_any_snapshot(void **state)
{
    struct vault_fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        char path[64];

        (void) snprintf(path, sizeof(path), "/keys/k%d/create", i);
        assert_int_equal(
            vault_call(f, "POST", path, "{\"kty\":\"EC\",\"tags\":{\"kept\":\"by its copies\"}}"),
            200);
        (void) snprintf(path, sizeof(path), "/keys/k%d/rotationpolicy", i);
        assert_int_equal(vault_call(f, "PUT", path,
                                    "{\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":"
                                    "\"P30D\"},\"action\":{\"type\":\"Rotate\"}}]}"),
                         200);
    }
    vault_advance(f, 91 * DAY); /* three rotations of each are due */
    assert_int_equal(vault_call(f, "GET", "/keys/k0/versions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 4);
    assert_int_equal(vault_call(f, "GET", "/keys/k1", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "tags.kept"), "by its copies");
    assert_int_equal(made, 2 + 6);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_is_created_and_rotated_outside_any_snapshot),
        CASE(due_rotations_make_their_keys_outside_any_snapshot),
    };

    return cmocka_run_group_tests_name("vault_snapshots", tests, NULL, NULL);
}
