/* SPDX-License-Identifier: MIT */
/* The private CAs: their leaves verify for our names, and for no others (design, section 2). */
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/bytes.h"
#include "common/certs.h"
#include "common/fsutil.h"
#include "tests/support.h"

static struct test_dir dir;

static int setup(void **state)
{
    struct az_error err;

    (void) state;
    test_dir_make(&dir);
    assert_ok(certs_ensure(dir.path, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_dir_remove(&dir);
    return 0;
}

static X509 *load(const char *name)
{
    char path[256];
    FILE *f = fopen(test_dir_file(&dir, name, path), "re");
    X509 *cert;

    assert_non_null(f);
    cert = PEM_read_X509(f, NULL, NULL, NULL);
    (void) fclose(f);
    assert_non_null(cert);
    return cert;
}

/* X509_V_OK, or why the leaf is not good for this name under this CA. */
static int verify(X509 *ca, X509 *leaf, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int error;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
    if (strchr(host, ':') || strspn(host, "0123456789.") == strlen(host)) {
        assert_int_equal(X509_VERIFY_PARAM_set1_ip_asc(X509_STORE_CTX_get0_param(ctx), host), 1);
    } else {
        assert_int_equal(X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), host, 0), 1);
    }
    (void) X509_verify_cert(ctx);
    error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

static void the_leaves_are_good_for_our_names_only(void **state)
{
    static const struct {
        const char *host;
        bool localhost, azure;
    } cases[] = {
        {"localhost",                              true,  false},
        {"management.localhost",                   true,  false},
        {"login.localhost",                        true,  false},
        {"graph.localhost",                        true,  false},
        {"demo.vault.localhost",                   true,  false},
        {"acct.openai.localhost",                  true,  false},
        {"acct.cognitiveservices.localhost",       true,  false},
        {"acct.services.localhost",                true,  false},
        {"127.0.0.1",                              true,  false},
        {"::1",                                    true,  false},
        {"127.0.0.2",                              false, false},
        {"other.localhost",                        false, false},
        {"a.b.vault.localhost",                    false, false},
        {"demo.vault.azure.net",                   false, true },
        {"login.microsoftonline.com",              false, true },
        {"management.azure.com",                   false, true },
        {"graph.microsoft.com",                    false, true },
        {"acct.openai.azure.com",                  false, true },
        {"acct.cognitiveservices.azure.com",       false, true },
        {"acct.services.ai.azure.com",             false, true },
        {"westeurope.api.cognitive.microsoft.com", false, true },
        {"portal.azure.com",                       false, false},
        {"www.microsoft.com",                      false, false},
        {"example.com",                            false, false},
    };
    X509 *ca_local = load("ca-localhost.pem");
    X509 *ca_azure = load("ca-azure.pem");
    X509 *local = load("leaf-localhost.pem");
    X509 *azure = load("leaf-azure.pem");

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if ((verify(ca_local, local, cases[i].host) == X509_V_OK) != cases[i].localhost ||
            (verify(ca_azure, azure, cases[i].host) == X509_V_OK) != cases[i].azure) {
            fail_msg("%s", cases[i].host);
        }
    }
    /* Neither CA vouches for the other's leaf. */
    assert_int_not_equal(verify(ca_azure, local, "localhost"), X509_V_OK);
    X509_free(ca_local);
    X509_free(ca_azure);
    X509_free(local);
    X509_free(azure);
}

/* X509_V_OK, or why this CA may not sign for these names. */
static int constrained(const char *ca_file, const char *san)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *ca = load(ca_file);
    X509 *leaf = X509_new();
    X509_EXTENSION *ext;
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
    int rc;

    assert_non_null(nc);
    ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    assert_non_null(ext);
    assert_int_equal(X509_set_version(leaf, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(leaf, key), 1);
    assert_int_equal(X509_add_ext(leaf, ext, -1), 1);
    assert_true(X509_sign(leaf, key, EVP_sha256()) > 0); /* makes its encoding whole */
    (void) X509_check_purpose(leaf, -1, 0);              /* and reads its names */
    rc = NAME_CONSTRAINTS_check(leaf, nc);
    X509_EXTENSION_free(ext);
    NAME_CONSTRAINTS_free(nc);
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(key);
    return rc;
}

static void each_ca_is_constrained_to_its_own_names(void **state)
{
    (void) state;
    assert_int_equal(constrained("ca-localhost.pem", "DNS:x.vault.localhost"), X509_V_OK);
    assert_int_equal(constrained("ca-localhost.pem", "IP:127.0.0.1"), X509_V_OK);
    assert_int_not_equal(constrained("ca-localhost.pem", "DNS:example.com"), X509_V_OK);
    assert_int_not_equal(constrained("ca-localhost.pem", "DNS:demo.vault.azure.net"), X509_V_OK);
    assert_int_not_equal(constrained("ca-localhost.pem", "IP:10.0.0.1"), X509_V_OK);
    assert_int_equal(constrained("ca-azure.pem", "DNS:demo.vault.azure.net"), X509_V_OK);
    assert_int_not_equal(constrained("ca-azure.pem", "DNS:example.com"), X509_V_OK);
    assert_int_not_equal(constrained("ca-azure.pem", "DNS:localhost"), X509_V_OK);
}

static void no_ca_key_is_left_and_leaf_keys_are_the_owners(void **state)
{
    static const char *const keys[] = {"leaf-localhost.key", "leaf-azure.key"};
    static const char *const absent[] = {"ca-localhost.key", "ca-azure.key"};
    char path[256];
    struct stat st;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(stat(test_dir_file(&dir, keys[i], path), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_not_equal(stat(test_dir_file(&dir, absent[i], path), &st), 0);
    }
}

static void what_is_good_stays_and_what_is_damaged_is_made_again(void **state)
{
    CLEANUP(buf_done) struct buf before = {0};
    CLEANUP(buf_done) struct buf after = {0};
    CLEANUP(buf_done) struct buf other = {0};
    CLEANUP(buf_done) struct buf other_after = {0};
    struct az_error err;
    char path[256];
    char azure[256];

    (void) state;
    test_dir_file(&dir, "leaf-localhost.pem", path);
    test_dir_file(&dir, "leaf-azure.pem", azure);
    assert_true(file_read(path, LIMIT_SMALL_FILE, &before));
    assert_true(file_read(azure, LIMIT_SMALL_FILE, &other));
    assert_ok(certs_ensure(dir.path, &err), &err);
    assert_true(file_read(path, LIMIT_SMALL_FILE, &after));
    assert_string_equal(before.data, after.data);
    assert_true(file_write_atomic(path, "damaged", 7, 0644));
    assert_ok(certs_ensure(dir.path, &err), &err);
    after.len = 0;
    assert_true(file_read(path, LIMIT_SMALL_FILE, &after));
    assert_string_not_equal(before.data, after.data);
    assert_non_null(strstr(after.data, "BEGIN CERTIFICATE"));
    assert_true(file_read(azure, LIMIT_SMALL_FILE, &other_after));
    assert_string_equal(other.data, other_after.data);
}

/* A client told of a damaged CA, or a key of another leaf, would only see failing handshakes. */
static void each_damaged_file_is_found_and_made_again(void **state)
{
    static const char *const files[] = {"ca-localhost.pem", "ca-azure.pem",   "leaf-localhost.key",
                                        "leaf-azure.key",   "leaf-azure.pem", "ca.pem",
                                        "ca-bundle.pem"};
    struct az_error err;
    char path[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(files) * 2; i++) {
        CLEANUP(buf_done) struct buf text = {0};

        test_dir_file(&dir, files[i / 2], path);
        if (i % 2 == 0) {
            assert_true(file_write_atomic(path, "damaged", 7, 0600));
        } else {
            assert_int_equal(unlink(path), 0);
        }
        assert_ok(certs_ensure(dir.path, &err), &err);
        assert_true(file_read(path, LIMIT_SMALL_FILE, &text));
        assert_non_null(strstr(text.data, "-----BEGIN"));
        X509 *ca = load("ca-azure.pem");
        X509 *leaf = load("leaf-azure.pem");

        assert_int_equal(verify(ca, leaf, "demo.vault.azure.net"), X509_V_OK);
        X509_free(ca);
        X509_free(leaf);
    }
}

static void a_key_of_another_leaf_is_not_kept(void **state)
{
    CLEANUP(buf_done) struct buf other = {0};
    CLEANUP(buf_done) struct buf after = {0};
    struct az_error err;
    char from[256];
    char to[256];

    (void) state;
    assert_true(file_read(test_dir_file(&dir, "leaf-azure.key", from), LIMIT_SMALL_FILE, &other));
    test_dir_file(&dir, "leaf-localhost.key", to);
    assert_true(file_write_atomic(to, other.data, other.len, 0600));
    assert_ok(certs_ensure(dir.path, &err), &err);
    assert_true(file_read(to, LIMIT_SMALL_FILE, &after));
    assert_string_not_equal(other.data, after.data);
}

static void the_bundle_holds_both_cas(void **state)
{
    CLEANUP(buf_done) struct buf bundle = {0};
    CLEANUP(buf_done) struct buf one = {0};
    char path[256];

    (void) state;
    assert_true(file_read(test_dir_file(&dir, "ca.pem", path), LIMIT_SMALL_FILE, &bundle));
    assert_true(file_read(test_dir_file(&dir, "ca-localhost.pem", path), LIMIT_SMALL_FILE, &one));
    assert_non_null(strstr(bundle.data, one.data));
    one.len = 0;
    assert_true(file_read(test_dir_file(&dir, "ca-azure.pem", path), LIMIT_SMALL_FILE, &one));
    assert_non_null(strstr(bundle.data, one.data));
}

static void a_folder_that_is_not_there_is_refused(void **state)
{
    struct az_error err = {0};

    (void) state;
    assert_false(certs_ensure("/nonexistent", &err));
    assert_non_null(strstr(err.detail, "/nonexistent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leaves_are_good_for_our_names_only),
        cmocka_unit_test(each_ca_is_constrained_to_its_own_names),
        cmocka_unit_test(no_ca_key_is_left_and_leaf_keys_are_the_owners),
        cmocka_unit_test(what_is_good_stays_and_what_is_damaged_is_made_again),
        cmocka_unit_test(each_damaged_file_is_found_and_made_again),
        cmocka_unit_test(a_key_of_another_leaf_is_not_kept),
        cmocka_unit_test(the_bundle_holds_both_cas),
        cmocka_unit_test(a_folder_that_is_not_there_is_refused),
    };

    return cmocka_run_group_tests_name("certs", tests, setup, teardown);
}
