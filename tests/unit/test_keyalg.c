/* SPDX-License-Identifier: MIT */
/*
 * Every algorithm on every kind of key pair (symmetric keys: test_keyalg_oct.c): round trips,
 * published vectors (tests/vectors), the openssl command as a second implementation in both
 * directions, and a negative case for each rule.
 */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/keyalg.h"
#include "common/keygen.h"
#include "tests/unit/keyfiles.h"

static const struct {
    const char *name;
    unsigned bits;
    enum key_curve curve;
} kinds[] = {
    {"RSA-2048", 2048, CURVE_NONE },
    {"RSA-3072", 3072, CURVE_NONE },
    {"RSA-4096", 4096, CURVE_NONE },
    {"P-256",    0,    CURVE_P256 },
    {"P-384",    0,    CURVE_P384 },
    {"P-521",    0,    CURVE_P521 },
    {"P-256K",   0,    CURVE_P256K},
};
#define N_KINDS ARRAY_LEN(kinds)

static EVP_PKEY *keys[N_KINDS];

/* What the openssl command has to be told for each row. */
static const struct {
    const char *alg;
    const char *options[6];
} openssl_options[] = {
    {"RSA1_5",       {"rsa_padding_mode:pkcs1"}                                           },
    {"RSA-OAEP",     {"rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha1"}    },
    {"RSA-OAEP-256", {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"}},
    {"RS256",        {"rsa_padding_mode:pkcs1", "digest:sha256"}                          },
    {"RS384",        {"rsa_padding_mode:pkcs1", "digest:sha384"}                          },
    {"RS512",        {"rsa_padding_mode:pkcs1", "digest:sha512"}                          },
    {"PS256",        {"rsa_padding_mode:pss", "digest:sha256", "rsa_pss_saltlen:32"}      },
    {"PS384",        {"rsa_padding_mode:pss", "digest:sha384", "rsa_pss_saltlen:48"}      },
    {"PS512",        {"rsa_padding_mode:pss", "digest:sha512", "rsa_pss_saltlen:64"}      },
    {"RSNULL",       {"rsa_padding_mode:pkcs1"}                                           },
    {"ES256",        {NULL}                                                               },
    {"ES384",        {NULL}                                                               },
    {"ES512",        {NULL}                                                               },
    {"ES256K",       {NULL}                                                               },
};

static int make_keys(void **state)
{
    (void) state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < N_KINDS; i++) {
        struct az_error err;
        char name[32];
        char p[128];
        FILE *f;

        assert_true(keygen_make(kinds[i].bits, kinds[i].curve, &keys[i], &err));
        (void) snprintf(name, sizeof(name), "%s.pem", kinds[i].name);
        f = fopen(path(name, p), "we");
        assert_non_null(f);
        assert_int_equal(PEM_write_PrivateKey(f, keys[i], NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(fclose(f), 0);
    }
    return 0;
}

static int free_keys(void **state)
{
    static const char *const files[] = {"in", "out", "sig"};
    char name[32];
    char p[128];

    (void) state;
    for (size_t i = 0; i < N_KINDS; i++) {
        EVP_PKEY_free(keys[i]);
        (void) snprintf(name, sizeof(name), "%s.pem", kinds[i].name);
        (void) unlink(path(name, p));
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void) unlink(path(files[i], p));
    }
    return rmdir(dir);
}

static struct bytes random_bytes(size_t len)
{
    struct bytes b = {0};

    assert_true(bytes_alloc(&b, len));
    assert_int_equal(RAND_bytes(b.data, (int) len), 1);
    return b;
}

/* The longest message that a padding leaves room for: RFC 8017, 7.1.1 and 7.2.1. */
static size_t room(const struct key_alg *alg, EVP_PKEY *key)
{
    size_t k = (size_t) EVP_PKEY_get_size(key);
    const char *name = key_alg_name(alg);

    return strcmp(name, "RSA-OAEP") == 0       ? k - 42
           : strcmp(name, "RSA-OAEP-256") == 0 ? k - 66
                                               : k - 11;
}

static void round_trip(const struct key_alg *alg, EVP_PKEY *key, enum key_op to, enum key_op from,
                       size_t len)
{
    CLEANUP(bytes_clear_free) struct bytes in = random_bytes(len);
    CLEANUP(bytes_clear_free) struct bytes cipher = {0};
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    struct az_error err;

    assert_true(key_alg_apply(alg, key, to, in, &cipher, &err));
    assert_int_equal(cipher.len, EVP_PKEY_get_size(key));
    assert_true(key_alg_apply(alg, key, from, cipher, &out, &err));
    assert_true(bytes_eq(&in, &out));
}

static void encryption_and_wrapping_are_undone_for_every_key_and_size(void **state)
{
    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);

        for (size_t k = 0; k < N_KINDS; k++) {
            size_t sizes[] = {0, 1, 16, 24, 32, 64, 0};

            if (!key_alg_supports(alg, keys[k], KEY_OP_WRAP)) {
                assert_false(key_alg_supports(alg, keys[k], KEY_OP_ENCRYPT));
                continue;
            }
            sizes[6] = room(alg, keys[k]);
            for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
                round_trip(alg, keys[k], KEY_OP_ENCRYPT, KEY_OP_DECRYPT, sizes[s]);
                round_trip(alg, keys[k], KEY_OP_WRAP, KEY_OP_UNWRAP, sizes[s]);
            }
        }
    }
}

static void a_value_one_byte_too_long_is_a_client_error(void **state)
{
    static const char *const names[] = {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSNULL"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct key_alg *alg = key_alg_find(names[i]);
        CLEANUP(bytes_clear_free) struct bytes in = random_bytes(room(alg, keys[0]) + 1);
        struct bytes out = {0};
        struct az_error err;
        enum key_op op = key_alg_supports(alg, keys[0], KEY_OP_SIGN) ? KEY_OP_SIGN : KEY_OP_ENCRYPT;

        assert_false(key_alg_apply(alg, keys[0], op, in, &out, &err));
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        assert_null(out.data);
    }
}

static bool verify(const struct key_alg *alg, EVP_PKEY *key, struct bytes digest, struct bytes sig)
{
    struct az_error err;
    bool valid = false;

    assert_true(key_alg_verify(alg, key, digest, sig, &valid, &err));
    return valid;
}

static void signatures_verify_and_changed_ones_do_not(void **state)
{
    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);
        size_t len = key_alg_digest_len(alg) ? key_alg_digest_len(alg) : 51;

        for (size_t k = 0; k < N_KINDS; k++) {
            CLEANUP(bytes_clear_free) struct bytes digest = random_bytes(len);
            CLEANUP(bytes_clear_free) struct bytes sig = {0};
            struct az_error err;

            if (!key_alg_supports(alg, keys[k], KEY_OP_SIGN)) {
                continue;
            }
            assert_true(key_alg_apply(alg, keys[k], KEY_OP_SIGN, digest, &sig, &err));
            assert_int_equal(sig.len, kinds[k].bits
                                          ? kinds[k].bits / 8
                                          : 2 * (((size_t) EVP_PKEY_get_bits(keys[k]) + 7) / 8));
            assert_true(verify(alg, keys[k], digest, sig));
            assert_false(verify(alg, keys[k], digest, (struct bytes){sig.data, sig.len - 1}));
            assert_false(verify(alg, keys[k], digest, (struct bytes){0}));
            sig.data[sig.len / 2] ^= 1;
            assert_false(verify(alg, keys[k], digest, sig));
            sig.data[sig.len / 2] ^= 1;
            digest.data[0] ^= 1;
            assert_false(verify(alg, keys[k], digest, sig));
        }
    }
}

static void signatures_of_zeroes_and_of_ones_are_not_valid(void **state)
{
    static const struct {
        const char *alg;
        size_t kind;
        size_t len;
    } rows[] = {
        {"ES256",  3, 64 },
        {"ES384",  4, 96 },
        {"ES512",  5, 132},
        {"ES256K", 6, 64 },
        {"RS256",  0, 256},
        {"PS256",  0, 256},
    };
    uint8_t data[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct key_alg *alg = key_alg_find(rows[i].alg);
        CLEANUP(bytes_clear_free) struct bytes digest = random_bytes(key_alg_digest_len(alg));

        memset(data, 0, sizeof(data));
        assert_false(verify(alg, keys[rows[i].kind], digest, (struct bytes){data, rows[i].len}));
        memset(data, 0xff, sizeof(data));
        assert_false(verify(alg, keys[rows[i].kind], digest, (struct bytes){data, rows[i].len}));
    }
}

/* azure-cli 28027: the service's text. */
static void a_digest_of_another_length_is_refused_with_the_services_text(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes in = random_bytes(44);
    struct bytes out = {0};
    struct az_error err;
    bool valid;

    (void) state;
    assert_false(key_alg_apply(key_alg_find("ES256"), keys[3], KEY_OP_SIGN, in, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
    assert_string_equal(
        err.message,
        "Invalid length of 'value': 44 bytes. ES256 requires 32 bytes, encoded with base64url.");
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);

        for (size_t k = 0; k < N_KINDS; k++) {
            if (key_alg_digest_len(alg) && key_alg_supports(alg, keys[k], KEY_OP_SIGN)) {
                assert_false(key_alg_apply(alg, keys[k], KEY_OP_SIGN, in, &out, &err));
                assert_false(key_alg_verify(alg, keys[k], in, in, &valid, &err));
            }
        }
    }
    assert_false(
        key_alg_apply(key_alg_find("RSNULL"), keys[0], KEY_OP_SIGN, (struct bytes){0}, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
}

static void keys_of_another_type_or_curve_are_refused(void **state)
{
    static const char *const fits[N_KINDS] = {"R", "R", "R", "ES256", "ES384", "ES512", "ES256K"};
    CLEANUP(bytes_clear_free) struct bytes in = random_bytes(32);
    struct bytes out = {0};
    struct az_error err;

    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const char *name = key_alg_name(key_alg_at(a));

        for (size_t k = 0; k < N_KINDS; k++) {
            bool wanted =
                kinds[k].bits ? name[0] == 'R' || name[0] == 'P' : strcmp(name, fits[k]) == 0;

            assert_int_equal(wanted, key_alg_supports(key_alg_at(a), keys[k], KEY_OP_SIGN) ||
                                         key_alg_supports(key_alg_at(a), keys[k], KEY_OP_WRAP));
        }
    }
    assert_false(key_alg_apply(key_alg_find("ES256"), keys[6], KEY_OP_SIGN, in, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
    assert_non_null(strstr(err.message, "uses curve 'P-256K', and algorithm 'ES256' can only be "
                                        "used with curve 'P-256'."));
    assert_false(
        key_alg_check(key_alg_find("ES256K"), keys[3], KEY_OP_SIGN, "https://v/keys/k/1", &err));
    assert_string_equal(err.message,
                        "Key and signing algorithm are incompatible. Key https://v/keys/k/1 uses "
                        "curve 'P-256', and algorithm 'ES256K' can only be used with curve "
                        "'P-256K'.");
    assert_true(key_alg_check(key_alg_find("ES256K"), keys[6], KEY_OP_SIGN, NULL, &err));
    assert_false(key_alg_apply(key_alg_find("RS256"), keys[3], KEY_OP_SIGN, in, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
    assert_false(key_alg_apply(key_alg_find("RS256"), keys[0], KEY_OP_WRAP, in, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
}

/* A caller must not learn from the answer what is wrong with a ciphertext (Bleichenbacher, Manger).
 */
static void every_failed_decryption_gives_the_same_answer(void **state)
{
    static const char *const names[] = {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256"};
    static const size_t lengths[] = {0, 1, 255, 256, 257, 512};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct key_alg *alg = key_alg_find(names[i]);
        struct az_error first = {0};

        for (size_t n = 0; n < ARRAY_LEN(lengths); n++) {
            CLEANUP(bytes_clear_free) struct bytes in = random_bytes(lengths[n]);
            struct bytes out = {0};
            struct az_error err;

            if (in.len > 0) {
                in.data[0] = n % 2 ? 0xff : 0; /* above and below the modulus */
            }
            assert_false(key_alg_apply(alg, keys[0], KEY_OP_UNWRAP, in, &out, &err));
            assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
            assert_null(out.data);
            first = n == 0 ? err : first;
            assert_string_equal(err.message, first.message);
            assert_string_equal(err.detail, "");
        }
    }
}

static void the_digest_of_oaep_is_used_for_the_hash_and_for_the_mask(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes in = random_bytes(32);
    CLEANUP(bytes_clear_free) struct bytes cipher = {0};
    struct bytes out = {0};
    struct az_error err;

    (void) state;
    assert_true(key_alg_apply(key_alg_find("RSA-OAEP"), keys[0], KEY_OP_WRAP, in, &cipher, &err));
    assert_false(
        key_alg_apply(key_alg_find("RSA-OAEP-256"), keys[0], KEY_OP_UNWRAP, cipher, &out, &err));
    assert_false(key_alg_apply(key_alg_find("RSA1_5"), keys[0], KEY_OP_UNWRAP, cipher, &out, &err));
}

static void names_are_found_as_spelt_on_the_wire_only(void **state)
{
    static const char *const unknown[] = {"",          "rs256", "RSA-OAEP-512",
                                          "RSA-OAEP ", "none",  "A512KW"};

    (void) state;
    assert_true(key_alg_count() > 0);
    for (size_t a = 0; a < key_alg_count(); a++) {
        assert_ptr_equal(key_alg_find(key_alg_name(key_alg_at(a))), key_alg_at(a));
    }
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_null(key_alg_find(unknown[i]));
    }
    for (unsigned bit = 0; bit < KEY_OPS_COUNT; bit++) {
        assert_int_equal(key_op_parse(key_op_name((enum key_op)(1u << bit))), 1u << bit);
    }
    assert_int_equal(key_op_parse("wrapkey"), 0);
    assert_null(key_op_name((enum key_op) 0));
}

/* ---- the openssl command ---- */

/* openssl pkeyutl VERB -inkey KEY -in IN [-sigfile SIG | -out OUT] -pkeyopt ...; its exit status */
static int pkeyutl(const char *verb, size_t kind, const char *alg, const char *sigfile)
{
    char key_path[128];
    char in[128];
    char other[128];
    const char *argv[32] = {"openssl", "pkeyutl", verb, "-inkey", key_path, "-in", path("in", in)};
    size_t n = 7;
    char *args[ARRAY_LEN(argv)];
    posix_spawn_file_actions_t to_null;
    pid_t pid;
    int status = -1;

    (void) snprintf(key_path, sizeof(key_path), "%s/%s.pem", dir, kinds[kind].name);
    argv[n++] = sigfile ? "-sigfile" : "-out";
    argv[n++] = path(sigfile ? sigfile : "out", other);
    for (size_t i = 0; i < ARRAY_LEN(openssl_options); i++) {
        for (size_t o = 0; strcmp(openssl_options[i].alg, alg) == 0 && o < 6; o++) {
            if (openssl_options[i].options[o]) {
                argv[n++] = "-pkeyopt";
                argv[n++] = openssl_options[i].options[o];
            }
        }
    }
    memcpy(args, argv, sizeof(args)); /* posix_spawnp() writes to none of them */
    assert_int_equal(posix_spawn_file_actions_init(&to_null), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&to_null, 1, "/dev/null", 1, 0), 0);
    assert_int_equal(posix_spawnp(&pid, "openssl", &to_null, NULL, args, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void) posix_spawn_file_actions_destroy(&to_null);
    return status;
}

static struct bytes raw_to_der(struct bytes raw)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    struct bytes der = {0};
    int half = (int) raw.len / 2;

    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw.data, half, NULL),
                                    BN_bin2bn(raw.data + half, half, NULL)),
                     1);
    der.len = (size_t) i2d_ECDSA_SIG(sig, &der.data);
    ECDSA_SIG_free(sig);
    return der;
}

static struct bytes der_to_raw(struct bytes der, size_t width)
{
    const unsigned char *p = der.data;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long) der.len);
    struct bytes raw = {0};

    assert_non_null(sig);
    assert_true(bytes_alloc(&raw, 2 * width));
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw.data, (int) width) > 0);
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw.data + width, (int) width) > 0);
    ECDSA_SIG_free(sig);
    return raw;
}

static void sign_both_ways(const struct key_alg *alg, size_t k)
{
    size_t len = key_alg_digest_len(alg) ? key_alg_digest_len(alg) : 51;
    CLEANUP(bytes_clear_free) struct bytes digest = random_bytes(len);
    CLEANUP(bytes_clear_free) struct bytes ours = {0};
    CLEANUP(bytes_clear_free) struct bytes theirs = {0};
    CLEANUP(bytes_clear_free) struct bytes converted = {0};
    bool ec = kinds[k].bits == 0;
    struct az_error err;

    write_file("in", digest.data, digest.len);
    assert_true(key_alg_apply(alg, keys[k], KEY_OP_SIGN, digest, &ours, &err));
    if (ec) {
        converted = raw_to_der(ours);
        write_file("sig", converted.data, converted.len);
        bytes_clear_free(&converted);
    } else {
        write_file("sig", ours.data, ours.len);
    }
    assert_int_equal(pkeyutl("-verify", k, key_alg_name(alg), "sig"), 0);

    assert_int_equal(pkeyutl("-sign", k, key_alg_name(alg), NULL), 0);
    theirs = read_file("out");
    if (ec) {
        converted = der_to_raw(theirs, ours.len / 2);
    }
    assert_true(verify(alg, keys[k], digest, ec ? converted : theirs));
}

static void encrypt_both_ways(const struct key_alg *alg, size_t k)
{
    CLEANUP(bytes_clear_free) struct bytes plain = random_bytes(32);
    CLEANUP(bytes_clear_free) struct bytes cipher = {0};
    CLEANUP(bytes_clear_free) struct bytes theirs = {0};
    CLEANUP(bytes_clear_free) struct bytes back = {0};
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    struct az_error err;

    assert_true(key_alg_apply(alg, keys[k], KEY_OP_ENCRYPT, plain, &cipher, &err));
    write_file("in", cipher.data, cipher.len);
    assert_int_equal(pkeyutl("-decrypt", k, key_alg_name(alg), NULL), 0);
    back = read_file("out");
    assert_true(bytes_eq(&back, &plain));

    write_file("in", plain.data, plain.len);
    assert_int_equal(pkeyutl("-encrypt", k, key_alg_name(alg), NULL), 0);
    theirs = read_file("out");
    assert_true(key_alg_apply(alg, keys[k], KEY_OP_UNWRAP, theirs, &out, &err));
    assert_true(bytes_eq(&out, &plain));
}

static void the_openssl_command_agrees_in_both_directions(void **state)
{
    size_t rows = 0;

    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        bool used = false;

        for (size_t k = 0; k < N_KINDS; k++) {
            used = used || key_alg_supports(key_alg_at(a), keys[k], KEY_OP_SIGN) ||
                   key_alg_supports(key_alg_at(a), keys[k], KEY_OP_WRAP);
            if (key_alg_supports(key_alg_at(a), keys[k], KEY_OP_SIGN)) {
                sign_both_ways(key_alg_at(a), k);
            } else if (key_alg_supports(key_alg_at(a), keys[k], KEY_OP_WRAP)) {
                encrypt_both_ways(key_alg_at(a), k);
            }
        }
        rows += used;
    }
    assert_int_equal(rows, ARRAY_LEN(openssl_options));
}

/* ---- published vectors ---- */

static struct bytes member(const json_t *obj, const char *name)
{
    struct bytes b = {0};

    assert_true(base64url_read(sv_from(json_string_value(json_object_get(obj, name))), &b));
    return b;
}

static void run_vector(const json_t *c)
{
    CLEANUP(bytes_clear_free) struct bytes in = member(c, "in");
    CLEANUP(bytes_clear_free) struct bytes out = member(c, "out");
    CLEANUP(bytes_clear_free) struct bytes got = {0};
    const struct key_alg *alg = key_alg_find(json_string_value(json_object_get(c, "alg")));
    unsigned op = key_op_parse(json_string_value(json_object_get(c, "op")));
    EVP_PKEY *key = NULL;
    struct az_error err;

    assert_non_null(alg);
    assert_true(jwk_to_key(json_object_get(c, "jwk"), &key, &err));
    if (op == (unsigned) KEY_OP_VERIFY) {
        assert_true(verify(alg, key, in, out));
        in.data[0] ^= 1;
        assert_false(verify(alg, key, in, out));
    } else {
        assert_true(key_alg_apply(alg, key, (enum key_op) op, in, &got, &err));
        assert_true(bytes_eq(&got, &out));
    }
    EVP_PKEY_free(key);
}

static void published_vectors_hold(void **state)
{
    static const char *const files[] = {"nist.json", "rfc6979.json", "rfc7515.json",
                                        "rfc7516.json"};
    const char *vectors = getenv("KVSIM_VECTORS");

    (void) state;
    assert_non_null(vectors);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char p[1024];
        size_t n;
        const json_t *c;

        (void) snprintf(p, sizeof(p), "%s/%s", vectors, files[i]);
        AUTO_JSON *doc = json_load_file(p, JSON_REJECT_DUPLICATES, NULL);

        assert_non_null(doc);
        assert_non_null(json_object_get(doc, "source"));
        assert_true(json_array_size(json_object_get(doc, "cases")) > 0);
        json_array_foreach(json_object_get(doc, "cases"), n, c)
        {
            run_vector(c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_of_another_length_is_refused_with_the_services_text),
        cmocka_unit_test(a_value_one_byte_too_long_is_a_client_error),
        cmocka_unit_test(encryption_and_wrapping_are_undone_for_every_key_and_size),
        cmocka_unit_test(every_failed_decryption_gives_the_same_answer),
        cmocka_unit_test(keys_of_another_type_or_curve_are_refused),
        cmocka_unit_test(names_are_found_as_spelt_on_the_wire_only),
        cmocka_unit_test(published_vectors_hold),
        cmocka_unit_test(signatures_of_zeroes_and_of_ones_are_not_valid),
        cmocka_unit_test(signatures_verify_and_changed_ones_do_not),
        cmocka_unit_test(the_digest_of_oaep_is_used_for_the_hash_and_for_the_mask),
        cmocka_unit_test(the_openssl_command_agrees_in_both_directions),
    };
    return cmocka_run_group_tests_name("keyalg", tests, make_keys, free_keys);
}
