/* SPDX-License-Identifier: MIT */
/* Sealed bytes open only whole, with their key, in their place; the root key's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/keygen.h"

static const uint8_t key[SEAL_KEY_LEN] = {1, 2, 3};
static const char text[] = "private key material";

static struct bytes sealed(const void *data, size_t len)
{
    struct bytes b = {0};
    struct az_error err;

    assert_true(seal(key, sv_from("place"), data, len, &b, &err));
    assert_int_equal(b.len, len + SEAL_OVERHEAD);
    return b;
}

static bool opens(const uint8_t k[SEAL_KEY_LEN], const char *aad, const void *data, size_t len)
{
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    struct az_error err = {0};
    bool ok = unseal(k, sv_from(aad), data, len, &out, &err);

    assert_true(ok || (err.errc == AZ_ERR_INTERNAL && !out.data));
    return ok;
}

static void sealed_bytes_open_again(void **state)
{
    static const size_t lengths[] = {0, 1, sizeof(text)};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        CLEANUP(bytes_clear_free) struct bytes s = sealed(text, lengths[i]);
        CLEANUP(bytes_clear_free) struct bytes out = {0};
        struct az_error err;

        assert_true(unseal(key, sv_from("place"), s.data, s.len, &out, &err));
        assert_int_equal(out.len, lengths[i]);
        assert_memory_equal(out.data, text, lengths[i]);
    }
}

static void sealing_twice_gives_different_bytes(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes a = sealed(text, sizeof(text));
    CLEANUP(bytes_clear_free) struct bytes b = sealed(text, sizeof(text));

    (void) state;
    assert_false(bytes_eq(&a, &b));
}

static void every_changed_byte_is_noticed(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes s = sealed(text, sizeof(text));

    (void) state;
    for (size_t i = 0; i < s.len; i++) {
        s.data[i] ^= 1;
        assert_false(opens(key, "place", s.data, s.len));
        s.data[i] ^= 1;
        assert_false(opens(key, "place", s.data, i));
    }
    assert_true(opens(key, "place", s.data, s.len));
}

static void another_key_or_place_does_not_open(void **state)
{
    static const uint8_t other[SEAL_KEY_LEN] = {1, 2, 4};
    CLEANUP(bytes_clear_free) struct bytes s = sealed(text, sizeof(text));

    (void) state;
    assert_false(opens(other, "place", s.data, s.len));
    assert_false(opens(key, "elsewhere", s.data, s.len));
    assert_false(opens(key, "", s.data, s.len));
}

static void the_root_key_is_made_once_for_the_owner_only(void **state)
{
    char dir[] = "/tmp/kvsim-seal-XXXXXX";
    char path[64];
    uint8_t first[SEAL_KEY_LEN];
    uint8_t second[SEAL_KEY_LEN];
    struct stat st;
    struct az_error err;

    (void) state;
    assert_non_null(mkdtemp(dir));
    (void) snprintf(path, sizeof(path), "%s/root.key", dir);
    assert_true(root_key_open(path, true, first, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, SEAL_KEY_LEN);
    assert_true(root_key_open(path, true, second, &err));
    assert_memory_equal(first, second, SEAL_KEY_LEN);

    assert_int_equal(chmod(path, 0640), 0);
    assert_false(root_key_open(path, true, second, &err));
    assert_non_null(strstr(err.detail, "chmod 600"));

    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, SEAL_KEY_LEN - 1), 0);
    assert_false(root_key_open(path, true, second, &err)); /* damaged: never replaced */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, SEAL_KEY_LEN - 1);
    assert_int_equal(unlink(path), 0);
    assert_false(root_key_open(path, false, second, &err)); /* missing: not made beside a store */
    assert_non_null(strstr(err.detail, "is missing"));
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rmdir(dir), 0);
    assert_false(root_key_open(path, true, second, &err)); /* no such folder */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_key_or_place_does_not_open),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(sealed_bytes_open_again),
        cmocka_unit_test(sealing_twice_gives_different_bytes),
        cmocka_unit_test(the_root_key_is_made_once_for_the_owner_only),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
