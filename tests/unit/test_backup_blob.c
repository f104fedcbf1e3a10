/* SPDX-License-Identifier: MIT */
/* Backup blobs: the recorded envelope, who can open them, what damage does. Errors: azure-rules.md
 * section 8; wire-samples.md part 1 for the envelope. */
#include "common/base64url.h"
#include "tests/support.h"
#include "vault/api/backup_blob.h"
#include "vault/domain/geography.h"

static const uint8_t root[SEAL_KEY_LEN] = {1, 2, 3};
static const struct backup_scope here = {"11111111-aaaa-0000-0000-000000000000", "Europe"};
static const char plain[] = "all the versions of a key";

static void seal_here(struct buf *out)
{
    struct az_error err;

    assert_ok(backup_blob_seal(root, &here, sv_from(plain), out, &err), &err);
}

static void a_blob_has_the_recorded_envelope(void **state)
{
    CLEANUP(buf_done) struct buf blob = {0};
    CLEANUP(bytes_clear_free) struct bytes raw = {0};

    (void) state;
    seal_here(&blob);
    assert_true(base64url_read((struct str_view){blob.data, blob.len}, &raw));
    assert_int_equal(raw.data[0], 0x26);
    assert_memory_equal(raw.data + 1, "AzureKeyVaultKeyBackupV1.microsoft.com", 0x26);
    assert_memory_equal(raw.data + 0x27, "eyJ", 3); /* a JWE's header: {" */
    assert_null(memmem(raw.data, raw.len, "versions", 8));
}

static void a_blob_opens_in_its_scope_whatever_the_case_of_its_names(void **state)
{
    CLEANUP(buf_done) struct buf blob = {0};
    CLEANUP(bytes_clear_free) struct bytes back = {0};
    const struct backup_scope shouted = {"11111111-AAAA-0000-0000-000000000000", "EUROPE"};
    struct az_error err;

    (void) state;
    seal_here(&blob);
    assert_ok(backup_blob_open(root, &shouted, blob.data, &back, &err), &err);
    assert_int_equal(back.len, strlen(plain));
    assert_memory_equal(back.data, plain, back.len);
}

static void two_blobs_of_the_same_key_differ(void **state)
{
    CLEANUP(buf_done) struct buf a = {0};
    CLEANUP(buf_done) struct buf b = {0};

    (void) state;
    seal_here(&a);
    seal_here(&b);
    assert_string_not_equal(a.data, b.data);
}

static void another_subscription_geography_or_state_cannot_decrypt(void **state)
{
    static const uint8_t other_root[SEAL_KEY_LEN] = {9};
    static const struct {
        const uint8_t *root;
        struct backup_scope scope;
    } cases[] = {
        {root,       {"22222222-aaaa-0000-0000-000000000000", "Europe"}       },
        {root,       {"11111111-aaaa-0000-0000-000000000000", "United States"}},
        {other_root, {"11111111-aaaa-0000-0000-000000000000", "Europe"}       },
    };
    CLEANUP(buf_done) struct buf blob = {0};

    (void) state;
    seal_here(&blob);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(bytes_clear_free) struct bytes back = {0};
        struct az_error err;

        assert_false(backup_blob_open(cases[i].root, &cases[i].scope, blob.data, &back, &err));
        assert_string_equal(err.message, "Cannot decrypt backup blob.");
        assert_null(back.data);
    }
}

static void what_is_no_blob_is_corrupt(void **state)
{
    static const char *const values[] = {"", "ZG9lc25vdGV4aXN0" /* recorded */, "%%%", "A",
                                         "JkF6dXJlS2V5VmF1bHRLZXlCYWNrdXBWMS5taWNyb3NvZnQuY29t"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CLEANUP(bytes_clear_free) struct bytes back = {0};
        struct az_error err;

        assert_false(backup_blob_open(root, &here, values[i], &back, &err));
        assert_int_equal(az_error_status(&err), 400);
        assert_string_equal(az_error_code(&err), "Malformed backup blob");
        assert_string_equal(err.message, "Backup blob is corrupt.");
    }
}

/* Every byte of the blob counts: changed, the blob does not open. */
static void a_damaged_blob_never_opens(void **state)
{
    CLEANUP(buf_done) struct buf blob = {0};
    CLEANUP(bytes_clear_free) struct bytes raw = {0};

    (void) state;
    seal_here(&blob);
    assert_true(base64url_read((struct str_view){blob.data, blob.len}, &raw));
    for (size_t i = 0; i < raw.len; i++) {
        CLEANUP(buf_done) struct buf bad = {0};
        CLEANUP(bytes_clear_free) struct bytes back = {0};
        struct az_error err;

        raw.data[i] ^= 1;
        base64url_write(&bad, raw.data, raw.len);
        raw.data[i] ^= 1;
        assert_false(backup_blob_open(root, &here, bad.data, &back, &err));
        assert_int_equal(az_error_status(&err), 400);
    }
    for (size_t len = 0; len < raw.len; len++) {
        CLEANUP(buf_done) struct buf cut = {0};
        CLEANUP(bytes_clear_free) struct bytes back = {0};
        struct az_error err;

        base64url_write(&cut, raw.data, len);
        assert_false(backup_blob_open(root, &here, cut.data ? cut.data : "", &back, &err));
        assert_int_equal(az_error_status(&err), 400);
    }
}

static void regions_belong_to_geographies(void **state)
{
    (void) state;
    assert_string_equal(geography_of("westeurope"), geography_of("northeurope"));
    assert_string_equal(geography_of("eastus"), geography_of("WestUS2"));
    assert_string_equal(geography_of("uksouth"), "United Kingdom");
    assert_string_not_equal(geography_of("westeurope"), geography_of("uksouth"));
    assert_string_not_equal(geography_of("eastus"), geography_of("usgovtexas"));
    assert_string_equal(geography_of("somewhere"), "somewhere");
    assert_string_equal(geography_of("east"), "east");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_has_the_recorded_envelope),
        cmocka_unit_test(a_blob_opens_in_its_scope_whatever_the_case_of_its_names),
        cmocka_unit_test(two_blobs_of_the_same_key_differ),
        cmocka_unit_test(another_subscription_geography_or_state_cannot_decrypt),
        cmocka_unit_test(what_is_no_blob_is_corrupt),
        cmocka_unit_test(a_damaged_blob_never_opens),
        cmocka_unit_test(regions_belong_to_geographies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
