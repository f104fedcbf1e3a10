/* SPDX-License-Identifier: MIT */
/*
 * Symmetric rows of the algorithm table on every size of key: round trips, published vectors
 * (tests/vectors/symmetric.json), the openssl command in both directions, and what is refused.
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
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/json.h"
#include "common/keyalg.h"
#include "common/keygen.h"
#include "tests/unit/keyfiles.h"

static const unsigned sizes[] = {128, 192, 256};
#define N_KEYS ARRAY_LEN(sizes)

static EVP_PKEY *keys[N_KEYS];

static int make_keys(void **state)
{
    (void) state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key_spec spec = {.kind = KEY_KIND_OCT, .bits = sizes[i]};
        struct az_error err;

        assert_true(keygen_spec(NULL, &spec, &keys[i], &err));
    }
    return 0;
}

static int free_keys(void **state)
{
    static const char *const files[] = {"in", "out"};
    char p[128];

    (void) state;
    for (size_t i = 0; i < N_KEYS; i++) {
        EVP_PKEY_free(keys[i]);
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

static const struct {
    enum key_op to, from;
} pairs[] = {
    {KEY_OP_ENCRYPT,     KEY_OP_DECRYPT      },
    {KEY_OP_WRAP,        KEY_OP_UNWRAP       },
    {KEY_OP_SECURE_WRAP, KEY_OP_SECURE_UNWRAP},
};

static bool has(const struct key_alg *alg, const char *part)
{
    return strstr(key_alg_name(alg), part) != NULL;
}

static bool is_gcm(const struct key_alg *alg)
{
    return has(alg, "GCM");
}

static bool is_cbc(const struct key_alg *alg)
{
    return has(alg, "CBC");
}

/* Which plaintexts a row takes: SP 800-38A 5.2, RFC 3394 2, RFC 5649 1. */
static bool takes(const struct key_alg *alg, size_t len)
{
    if (is_gcm(alg) || has(alg, "CBCPAD")) {
        return true;
    }
    if (has(alg, "CBC")) {
        return len > 0 && len % 16 == 0;
    }
    return has(alg, "PAD") ? len > 0 : len >= 16 && len % 8 == 0;
}

static void round_trip(const struct key_alg *alg, EVP_PKEY *key, size_t pair, size_t len)
{
    CLEANUP(bytes_clear_free) struct bytes plain = random_bytes(len);
    CLEANUP(bytes_clear_free) struct bytes iv = random_bytes(16);
    CLEANUP(bytes_clear_free) struct bytes aad = random_bytes(len % 5);
    CLEANUP(key_output_done) struct key_output sealed = {0};
    CLEANUP(key_output_done) struct key_output opened = {0};
    struct key_input in = {.value = plain};
    struct az_error err;

    if (is_cbc(alg)) {
        in.iv = iv;
    }
    if (is_gcm(alg)) {
        in.aad = aad;
    }
    if (!takes(alg, len)) {
        assert_false(key_alg_run(alg, key, pairs[pair].to, &in, &sealed, &err));
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        return;
    }
    assert_true(key_alg_run(alg, key, pairs[pair].to, &in, &sealed, &err));
    assert_int_equal(sealed.iv.len, is_gcm(alg) ? 12 : is_cbc(alg) ? 16 : 0);
    assert_int_equal(sealed.tag.len, is_gcm(alg) ? 16 : 0);
    in.value = sealed.value;
    in.iv = sealed.iv;
    in.tag = sealed.tag;
    assert_true(key_alg_run(alg, key, pairs[pair].from, &in, &opened, &err));
    assert_true(bytes_eq(&plain, &opened.value));
    assert_null(opened.iv.data);
    assert_null(opened.tag.data);
}

static void what_is_encrypted_or_wrapped_comes_back_for_every_row_size_and_length(void **state)
{
    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);

        for (size_t k = 0; k < N_KEYS; k++) {
            for (size_t p = 0; p < ARRAY_LEN(pairs); p++) {
                assert_int_equal(key_alg_supports(alg, keys[k], pairs[p].to),
                                 key_alg_supports(alg, keys[k], pairs[p].from));
                for (size_t len = 0; key_alg_supports(alg, keys[k], pairs[p].to) && len <= 66;
                     len++) {
                    round_trip(alg, keys[k], p, len);
                }
            }
        }
    }
}

/* Every symmetric row is reached by the tests above and below: a key of the size in its name. */
static void every_row_fits_the_keys_that_its_name_says(void **state)
{
    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);
        const char *name = key_alg_name(alg);
        bool any_size = strncmp(name, "HS", 2) == 0 || strncmp(name, "CKM", 3) == 0;

        for (size_t k = 0; k < N_KEYS; k++) {
            char start[8];
            bool wanted;
            bool fits = false;

            (void) snprintf(start, sizeof(start), "A%u", sizes[k]);
            wanted = any_size || strncmp(name, start, 4) == 0;
            for (unsigned op = 1; op < 1u << KEY_OPS_COUNT; op <<= 1) {
                fits = fits || key_alg_supports(alg, keys[k], (enum key_op) op);
            }
            assert_int_equal(fits, wanted);
        }
    }
}

static void macs_verify_and_changed_ones_do_not(void **state)
{
    static const char *const names[] = {"HS256", "HS384", "HS512"};

    (void) state;
    for (size_t a = 0; a < ARRAY_LEN(names); a++) {
        const struct key_alg *alg = key_alg_find(names[a]);

        for (size_t k = 0; k < N_KEYS; k++) {
            CLEANUP(bytes_clear_free) struct bytes message = random_bytes(1 + 77 * k);
            CLEANUP(bytes_clear_free) struct bytes mac = {0};
            struct az_error err;
            bool valid = false;

            assert_true(key_alg_apply(alg, keys[k], KEY_OP_SIGN, message, &mac, &err));
            assert_int_equal(mac.len, 32 + 16 * a);
            assert_true(key_alg_verify(alg, keys[k], message, mac, &valid, &err));
            assert_true(valid);
            for (size_t i = 0; i < mac.len; i++) {
                mac.data[i] ^= 0x10;
                assert_true(key_alg_verify(alg, keys[k], message, mac, &valid, &err));
                assert_false(valid);
                mac.data[i] ^= 0x10;
            }
            assert_true(key_alg_verify(alg, keys[k], message, (struct bytes){mac.data, mac.len - 1},
                                       &valid, &err));
            assert_false(valid);
            assert_true(key_alg_verify(alg, keys[(k + 1) % N_KEYS], message, mac, &valid, &err));
            assert_false(valid);
        }
    }
}

static void refused(const struct key_alg *alg, enum key_op op, const struct key_input *in,
                    const char *text)
{
    struct key_output out = {0};
    struct az_error err = {0};

    assert_false(key_alg_run(alg, keys[0], op, in, &out, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
    assert_string_equal(err.message, text);
    assert_null(out.value.data);
    key_output_done(&out);
}

static void a_changed_text_nonce_tag_or_additional_data_gives_one_answer(void **state)
{
    static const char failed[] = "The parameter is incorrect.";
    const struct key_alg *alg = key_alg_find("A128GCM");
    CLEANUP(bytes_clear_free) struct bytes plain = random_bytes(40);
    CLEANUP(bytes_clear_free) struct bytes aad = random_bytes(9);
    CLEANUP(key_output_done) struct key_output sealed = {0};
    struct key_input in = {.value = plain, .aad = aad};
    struct az_error err;

    (void) state;
    assert_true(key_alg_run(alg, keys[0], KEY_OP_ENCRYPT, &in, &sealed, &err));
    in.value = sealed.value;
    in.iv = sealed.iv;
    in.tag = sealed.tag;
    struct bytes *const parts[] = {&in.value, &in.iv, &in.tag, &in.aad};
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        for (size_t i = 0; i < parts[p]->len; i++) {
            parts[p]->data[i] ^= 1;
            refused(alg, KEY_OP_DECRYPT, &in, failed);
            parts[p]->data[i] ^= 1;
        }
    }
    in.aad = (struct bytes){0};
    refused(alg, KEY_OP_DECRYPT, &in, failed);
}

static void members_of_the_wrong_length_or_missing_are_named(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes b = random_bytes(64);
#define LEN(n) ((struct bytes){b.data, (n)})
    const struct {
        const char *alg;
        enum key_op op;
        struct key_input in;
        const char *text;
    } rows[] = {
        {"A128GCM",
         KEY_OP_ENCRYPT,                         {.value = LEN(5), .iv = LEN(12)},
         "Property 'iv' can't be given to encrypt with A128GCM."                                                                      },
        {"A128GCM",
         KEY_OP_DECRYPT,                         {.value = LEN(5), .tag = LEN(16)},
         "Property 'iv' is required.\r\n"                                                                                             },
        {"A128GCM",
         KEY_OP_DECRYPT,                         {.value = LEN(5), .iv = LEN(12)},
         "Property 'tag' is required.\r\n"                                                                                            },
        {"A128GCM",
         KEY_OP_DECRYPT,                         {.value = LEN(5), .iv = LEN(16), .tag = LEN(16)},
         "Invalid length of 'iv': 16 bytes. A128GCM requires 12 bytes, encoded with base64url."                                       },
        {"A128GCM",
         KEY_OP_DECRYPT,                         {.value = LEN(5), .iv = LEN(12), .tag = LEN(12)},
         "Invalid length of 'tag': 12 bytes. A128GCM requires 16 bytes, encoded with base64url."                                      },
        {"A128CBC",              KEY_OP_ENCRYPT, {.value = LEN(16)},                               "Property 'iv' is required.\r\n"   },
        {"A128CBC",
         KEY_OP_ENCRYPT,                         {.value = LEN(15), .iv = LEN(16)},
         "Invalid length of 'value': 15 bytes. A128CBC requires a multiple of 16 bytes, encoded with base64url."                      },
        {"A128CBC",
         KEY_OP_DECRYPT,                         {.value = LEN(15), .iv = LEN(16)},
         "The parameter is incorrect."                                                                                                },
        {"A128CBCPAD",
         KEY_OP_ENCRYPT,                         {.value = LEN(3), .iv = LEN(15)},
         "Invalid length of 'iv': 15 bytes. A128CBCPAD requires 16 bytes, encoded with base64url."                                    },
        {"A128CBCPAD",
         KEY_OP_DECRYPT,                         {.value = LEN(0), .iv = LEN(16)},
         "The parameter is incorrect."                                                                                                },
        {"A128CBCPAD",
         KEY_OP_DECRYPT,                         {.value = LEN(33), .iv = LEN(16)},
         "The parameter is incorrect."                                                                                                },
        {"A128KW",
         KEY_OP_WRAP,                            {.value = LEN(8)},
         "Invalid length of 'value': 8 bytes. A128KW requires a multiple of 8 and at least 16 bytes, encoded with base64url."         },
        {"A128KW",
         KEY_OP_WRAP,                            {.value = LEN(20)},
         "Invalid length of 'value': 20 bytes. A128KW requires a multiple of 8 and at least 16 bytes, encoded with base64url."        },
        {"A128KW",               KEY_OP_UNWRAP,  {.value = LEN(24)},                               "The parameter is incorrect."      },
        {"A128KW",               KEY_OP_UNWRAP,  {.value = LEN(0)},                                "The parameter is incorrect."      },
        {"A128KW",               KEY_OP_UNWRAP,  {.value = LEN(23)},                               "The parameter is incorrect."      },
        {"CKM_AES_KEY_WRAP_PAD", KEY_OP_UNWRAP,  {.value = LEN(32)},                               "The parameter is incorrect."      },
        {"A256KW",
         KEY_OP_WRAP,                            {.value = LEN(16)},
         "Algorithm A256KW can't be used with this key for wrapKey."                                                                  },
        {"A128GCM",
         KEY_OP_WRAP,                            {.value = LEN(16)},
         "Algorithm A128GCM can't be used with this key for wrapKey."                                                                 },
        {"A128KW",
         KEY_OP_ENCRYPT,                         {.value = LEN(16)},
         "Algorithm A128KW can't be used with this key for encrypt."                                                                  },
        {"A128KWPAD",
         KEY_OP_WRAP,                            {.value = LEN(16)},
         "Algorithm A128KWPAD can't be used with this key for wrapKey."                                                               },
        {"RSA-OAEP",
         KEY_OP_WRAP,                            {.value = LEN(16)},
         "Algorithm RSA-OAEP can't be used with this key for wrapKey."                                                                },
        {"HS256",                KEY_OP_SIGN,    {.value = LEN(0)},                                "Property 'value' is required.\r\n"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        refused(key_alg_find(rows[i].alg), rows[i].op, &rows[i].in, rows[i].text);
    }
}

static void a_nonce_is_made_anew_each_time(void **state)
{
    CLEANUP(key_output_done) struct key_output one = {0};
    CLEANUP(key_output_done) struct key_output two = {0};
    const struct key_input in = {0};
    struct az_error err;

    (void) state;
    assert_true(key_alg_run(key_alg_find("A128GCM"), keys[0], KEY_OP_ENCRYPT, &in, &one, &err));
    assert_true(key_alg_run(key_alg_find("A128GCM"), keys[0], KEY_OP_ENCRYPT, &in, &two, &err));
    assert_false(bytes_eq(&one.iv, &two.iv));
}

/* ---- published vectors ---- */

static struct bytes hex(const json_t *c, const char *name)
{
    const char *text = json_string_value(json_object_get(c, name));
    struct bytes b = {0};
    long len = 0;

    if (text) {
        b.data = OPENSSL_hexstr2buf(text, &len);
        assert_non_null(b.data);
        b.len = (size_t) len;
    }
    return b;
}

static void run_mac_vector(const struct key_alg *alg, EVP_PKEY *key, struct bytes plain,
                           struct bytes want)
{
    CLEANUP(bytes_clear_free) struct bytes got = {0};
    struct az_error err;
    bool valid = false;

    assert_true(key_alg_apply(alg, key, KEY_OP_SIGN, plain, &got, &err));
    assert_true(bytes_eq(&got, &want));
    assert_true(key_alg_verify(alg, key, plain, want, &valid, &err));
    assert_true(valid);
}

static void run_cipher_vector(const struct key_alg *alg, EVP_PKEY *key, const json_t *c)
{
    CLEANUP(bytes_clear_free) struct bytes plain = hex(c, "plain");
    CLEANUP(bytes_clear_free) struct bytes cipher = hex(c, "cipher");
    CLEANUP(bytes_clear_free) struct bytes iv = hex(c, "iv");
    CLEANUP(bytes_clear_free) struct bytes aad = hex(c, "aad");
    CLEANUP(bytes_clear_free) struct bytes tag = hex(c, "tag");
    CLEANUP(key_output_done) struct key_output sealed = {0};
    CLEANUP(key_output_done) struct key_output opened = {0};
    struct key_input in = {.value = cipher, .iv = iv, .aad = aad, .tag = tag};
    struct az_error err;
    size_t p = 0;

    while (!key_alg_supports(alg, key, pairs[p].to)) {
        p++;
    }
    if (!key_alg_run(alg, key, pairs[p].from, &in, &opened, &err)) {
        fail_msg("%s: %s", json_string_value(json_object_get(c, "source")), err.message);
    }
    assert_true(bytes_eq(&opened.value, &plain));
    if (!is_gcm(alg)) { /* there the nonce is ours */
        in.value = plain;
        assert_true(key_alg_run(alg, key, pairs[p].to, &in, &sealed, &err));
        assert_true(bytes_eq(&sealed.value, &cipher));
    }
}

static void published_vectors_hold(void **state)
{
    const char *vectors = getenv("KVSIM_VECTORS");
    char p[1024];
    size_t n;
    const json_t *c;

    (void) state;
    assert_non_null(vectors);
    (void) snprintf(p, sizeof(p), "%s/symmetric.json", vectors);
    AUTO_JSON *doc = json_load_file(p, JSON_REJECT_DUPLICATES, NULL);

    assert_true(json_array_size(json_object_get(doc, "cases")) > 0);
    json_array_foreach(json_object_get(doc, "cases"), n, c)
    {
        CLEANUP(bytes_clear_free) struct bytes raw = hex(c, "key");
        CLEANUP(bytes_clear_free) struct bytes mac = hex(c, "mac");
        CLEANUP(bytes_clear_free) struct bytes plain = hex(c, "plain");
        const struct key_alg *alg = key_alg_find(json_string_value(json_object_get(c, "alg")));
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_non_null(alg);
        assert_non_null(json_object_get(c, "source"));
        assert_true(key_from_octets(raw.data, raw.len, &key, &err));
        if (mac.data) {
            run_mac_vector(alg, key, plain, mac);
        } else {
            run_cipher_vector(alg, key, c);
        }
        EVP_PKEY_free(key);
    }
}

/* ---- the openssl command ---- */

static void key_hex(size_t k, char out[2 * KEY_OCT_MAX + 1])
{
    uint8_t raw[KEY_OCT_MAX];
    size_t len = key_octets(keys[k], raw);

    for (size_t i = 0; i < len; i++) {
        (void) snprintf(out + 2 * i, 3, "%02x", raw[i]);
    }
}

static int run(const char *const argv[])
{
    char *args[16];
    pid_t pid;
    int status = -1;
    size_t n = 0;

    for (; argv[n]; n++) {
        memcpy(&args[n], &argv[n], sizeof(args[n])); /* posix_spawnp() writes to none of them */
    }
    args[n] = NULL;
    assert_int_equal(posix_spawnp(&pid, "openssl", NULL, NULL, args, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* openssl enc; the initial values are those of RFC 3394 2.2.3.1 and RFC 5649 3. */
static void openssl_enc(const struct key_alg *alg, size_t k, bool forward)
{
    char key[2 * KEY_OCT_MAX + 1];
    char cipher[32];
    char in[128];
    char out[128];
    bool pad = has(alg, "PAD");
    const char *iv = is_cbc(alg) ? "000102030405060708090a0b0c0d0e0f"
                     : pad       ? "a65959a6"
                                 : "a6a6a6a6a6a6a6a6";
    const char *argv[] = {"openssl",
                          "enc",
                          forward ? "-e" : "-d",
                          cipher,
                          "-K",
                          key,
                          "-iv",
                          iv,
                          "-in",
                          path("in", in),
                          "-out",
                          path("out", out),
                          is_cbc(alg) && !pad ? "-nopad" : NULL,
                          NULL};

    key_hex(k, key);
    (void) snprintf(cipher, sizeof(cipher), is_cbc(alg) ? "-aes-%u-cbc" : "-id-aes%u-wrap%s",
                    sizes[k], pad ? "-pad" : "");
    assert_int_equal(run(argv), 0);
}

static void cipher_both_ways(const struct key_alg *alg, size_t k, size_t pair)
{
    static uint8_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    CLEANUP(bytes_clear_free) struct bytes plain = random_bytes(32);
    CLEANUP(bytes_clear_free) struct bytes theirs = {0};
    CLEANUP(bytes_clear_free) struct bytes back = {0};
    CLEANUP(key_output_done) struct key_output ours = {0};
    CLEANUP(key_output_done) struct key_output opened = {0};
    struct key_input in = {.value = plain};
    struct az_error err;

    if (is_cbc(alg)) {
        in.iv = (struct bytes){counting, sizeof(counting)};
    }
    assert_true(key_alg_run(alg, keys[k], pairs[pair].to, &in, &ours, &err));
    write_file("in", ours.value.data, ours.value.len);
    openssl_enc(alg, k, false);
    back = read_file("out");
    assert_true(bytes_eq(&back, &plain));

    write_file("in", plain.data, plain.len);
    openssl_enc(alg, k, true);
    theirs = read_file("out");
    in.value = theirs;
    assert_true(key_alg_run(alg, keys[k], pairs[pair].from, &in, &opened, &err));
    assert_true(bytes_eq(&opened.value, &plain));
}

static void mac_both_ways(const struct key_alg *alg, size_t k)
{
    CLEANUP(bytes_clear_free) struct bytes message = random_bytes(100);
    CLEANUP(bytes_clear_free) struct bytes theirs = {0};
    char digest[16];
    char key[2 * KEY_OCT_MAX + 1];
    char option[2 * KEY_OCT_MAX + 16];
    char in[128];
    char out[128];
    const char *argv[] = {"openssl", "dgst",    "-mac", "HMAC",           "-macopt",      option,
                          digest,    "-binary", "-out", path("out", out), path("in", in), NULL};
    struct az_error err;
    bool valid = false;

    key_hex(k, key);
    (void) snprintf(option, sizeof(option), "hexkey:%s", key);
    (void) snprintf(digest, sizeof(digest), "-sha%s", key_alg_name(alg) + 2);
    write_file("in", message.data, message.len);
    assert_int_equal(run(argv), 0);
    theirs = read_file("out");
    assert_true(key_alg_verify(alg, keys[k], message, theirs, &valid, &err));
    assert_true(valid); /* HMAC has one value: what we sign is the same */
}

/* GCM is not in it: `openssl enc` refuses AEAD. Its published vectors stand above. */
static void the_openssl_command_agrees_in_both_directions(void **state)
{
    size_t done = 0;

    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        const struct key_alg *alg = key_alg_at(a);

        for (size_t k = 0; k < N_KEYS; k++) {
            if (key_alg_supports(alg, keys[k], KEY_OP_SIGN)) {
                mac_both_ways(alg, k);
                done++;
            }
            for (size_t p = 0; !is_gcm(alg) && p < ARRAY_LEN(pairs); p++) {
                if (key_alg_supports(alg, keys[k], pairs[p].to)) {
                    cipher_both_ways(alg, k, p);
                    done++;
                }
            }
        }
    }
    assert_int_equal(done, 9 + 6 + 2 * 3 + 3 + 2 * 6); /* HS, CBC, KW, KWPAD, CKM */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_text_nonce_tag_or_additional_data_gives_one_answer),
        cmocka_unit_test(a_nonce_is_made_anew_each_time),
        cmocka_unit_test(every_row_fits_the_keys_that_its_name_says),
        cmocka_unit_test(macs_verify_and_changed_ones_do_not),
        cmocka_unit_test(members_of_the_wrong_length_or_missing_are_named),
        cmocka_unit_test(published_vectors_hold),
        cmocka_unit_test(the_openssl_command_agrees_in_both_directions),
        cmocka_unit_test(what_is_encrypted_or_wrapped_comes_back_for_every_row_size_and_length),
    };
    return cmocka_run_group_tests_name("keyalg_oct", tests, make_keys, free_keys);
}
