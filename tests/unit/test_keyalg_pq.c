/* SPDX-License-Identifier: MIT */
/*
 * ML-DSA rows: live where the OpenSSL at run time has the algorithm (3.5 and later), unsupported
 * elsewhere. What needs a key is skipped, saying so, with an older one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/keyalg.h"
#include "common/keygen.h"

static const struct {
    const char *name;
    enum key_pq pq;
    size_t signature_len; /* FIPS 204, table 2 */
} rows[] = {
    {"ML-DSA-44", PQ_ML_DSA_44, 2420},
    {"ML-DSA-65", PQ_ML_DSA_65, 3309},
    {"ML-DSA-87", PQ_ML_DSA_87, 4627},
};
#define N_ROWS ARRAY_LEN(rows)
#define MU_LEN 64

static EVP_PKEY *keys[N_ROWS];

static int make_keys(void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ROWS && key_pq_available(rows[i].pq); i++) {
        const struct key_spec spec = {.kind = KEY_KIND_AKP, .pq = rows[i].pq};
        struct az_error err;

        if (!keygen_spec(NULL, &spec, &keys[i], &err)) {
            return -1;
        }
    }
    return 0;
}

static int free_keys(void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ROWS; i++) {
        EVP_PKEY_free(keys[i]);
    }
    return 0;
}

static void need_keys(void)
{
    if (!keys[0]) {
        print_message("not tested: ML-DSA keys: %s has none\n", OpenSSL_version(OPENSSL_VERSION));
        skip();
    }
}

static struct bytes text(const char *s)
{
    struct bytes b = {0};

    assert_true(bytes_copy(&b, s, strlen(s)));
    return b;
}

static bool judge(size_t i, size_t key, const struct key_input *in, const struct bytes *sig)
{
    struct az_error err;
    bool valid = false;

    assert_true(key_alg_judge(key_alg_find(rows[i].name), keys[key], in, *sig, &valid, &err));
    return valid;
}

static void only_ml_dsa_depends_on_the_version_of_openssl(void **state)
{
    bool live = OpenSSL_version_num() >= 0x30500000L;

    (void) state;
    for (size_t a = 0; a < key_alg_count(); a++) {
        bool ml_dsa = strncmp(key_alg_name(key_alg_at(a)), "ML-DSA", 6) == 0;

        assert_int_equal(key_alg_available(key_alg_at(a)), !ml_dsa || live);
    }
}

static void keys_of_other_kinds_imply_no_algorithm(void **state)
{
    static const struct key_spec specs[] = {
        {.kind = KEY_KIND_RSA, .bits = 2048       },
        {.kind = KEY_KIND_EC,  .curve = CURVE_P256},
        {.kind = KEY_KIND_OCT, .bits = 128        }
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        EVP_PKEY *key = NULL;
        struct az_error err;

        assert_true(keygen_spec(NULL, &specs[i], &key, &err));
        assert_null(key_alg_of_key(key));
        for (size_t r = 0; r < N_ROWS; r++) {
            assert_false(key_alg_supports(key_alg_find(rows[r].name), key, KEY_OP_SIGN));
        }
        EVP_PKEY_free(key);
    }
}

static void messages_and_contexts_are_signed_and_changed_ones_do_not_verify(void **state)
{
    (void) state;
    need_keys();
    CLEANUP(bytes_clear_free) struct bytes message = text("a message of any length");
    CLEANUP(bytes_clear_free) struct bytes context = text("context");
    CLEANUP(bytes_clear_free) struct bytes other = text("contexT");

    for (size_t i = 0; i < N_ROWS; i++) {
        const struct key_alg *alg = key_alg_find(rows[i].name);
        CLEANUP(key_output_done) struct key_output out = {0};
        struct key_input in = {.value = message, .context = context};
        struct az_error err;

        assert_ptr_equal(key_alg_of_key(keys[i]), alg);
        assert_false(key_alg_supports(alg, keys[(i + 1) % N_ROWS], KEY_OP_SIGN));
        assert_false(key_alg_supports(alg, keys[i], KEY_OP_WRAP));
        assert_true(key_alg_run(alg, keys[i], KEY_OP_SIGN, &in, &out, &err));
        assert_int_equal(out.value.len, rows[i].signature_len);
        assert_true(judge(i, i, &in, &out.value));
        in.context = other;
        assert_false(judge(i, i, &in, &out.value));
        in.context = (struct bytes){0};
        assert_false(judge(i, i, &in, &out.value));
        in.context = context;
        out.value.data[100] ^= 1;
        assert_false(judge(i, i, &in, &out.value));
        out.value.data[100] ^= 1;
        in.value = other;
        assert_false(judge(i, i, &in, &out.value));
    }
}

static void absorb(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    assert_int_equal(EVP_DigestUpdate(ctx, data, len), 1);
}

/* FIPS 204, algorithms 2 and 7: mu = H(H(pk, 64) || 0 || |ctx| || ctx || M, 64), H is SHAKE256. */
static void compute_mu(EVP_PKEY *key, const struct bytes *context, const struct bytes *message,
                       uint8_t mu[MU_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const uint8_t head[2] = {0, (uint8_t) context->len};
    uint8_t pub[2592];
    uint8_t tr[MU_LEN];
    size_t len = 0;

    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, pub, sizeof(pub), &len), 1);
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL), 1);
    absorb(ctx, pub, len);
    assert_int_equal(EVP_DigestFinalXOF(ctx, tr, sizeof(tr)), 1);
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL), 1);
    absorb(ctx, tr, sizeof(tr));
    absorb(ctx, head, sizeof(head));
    absorb(ctx, context->data, context->len);
    absorb(ctx, message->data, message->len);
    assert_int_equal(EVP_DigestFinalXOF(ctx, mu, MU_LEN), 1);
    EVP_MD_CTX_free(ctx);
}

static void a_signature_of_mu_is_one_of_message_and_context_and_the_other_way_round(void **state)
{
    (void) state;
    need_keys();
    CLEANUP(bytes_clear_free) struct bytes message = text("message");
    CLEANUP(bytes_clear_free) struct bytes context = text("ctx");

    for (size_t i = 0; i < N_ROWS; i++) {
        const struct key_alg *alg = key_alg_find(rows[i].name);
        CLEANUP(key_output_done) struct key_output by_mu = {0};
        CLEANUP(key_output_done) struct key_output by_message = {0};
        uint8_t mu[MU_LEN];
        const struct key_input plain = {.value = message, .context = context};
        const struct key_input external = {
            .value = {mu, sizeof(mu)},
              .external_mu = true
        };
        struct az_error err;

        compute_mu(keys[i], &context, &message, mu);
        assert_true(key_alg_run(alg, keys[i], KEY_OP_SIGN, &external, &by_mu, &err));
        assert_true(judge(i, i, &plain, &by_mu.value));
        assert_true(key_alg_run(alg, keys[i], KEY_OP_SIGN, &plain, &by_message, &err));
        assert_true(judge(i, i, &external, &by_message.value));
    }
}

static void long_contexts_and_wrong_lengths_of_mu_are_refused(void **state)
{
    (void) state;
    need_keys();
    uint8_t long_text[256] = {0};
    const struct {
        struct key_input in;
        const char *message;
    } bad[] = {
        {{.context = {long_text, 256}},
         "Invalid length of 'context': 256 bytes. ML-DSA-44 requires at most 255 bytes, encoded with base64url."},
        {{.value = {long_text, 63}, .external_mu = true},
         "Invalid length of 'external_mu': 63 bytes. ML-DSA-44 requires 64 bytes, encoded with base64url."      },
        {{.value = {long_text, 64}, .external_mu = true, .context = {long_text, 1}},
         "Property 'context' can't be given with 'external_mu'."                                                },
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct key_output out = {0};
        struct az_error err;

        assert_false(
            key_alg_run(key_alg_find("ML-DSA-44"), keys[0], KEY_OP_SIGN, &bad[i].in, &out, &err));
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        assert_string_equal(err.message, bad[i].message);
        assert_null(out.value.data);
    }
}

static void pkcs8_gives_the_same_key_back(void **state)
{
    (void) state;
    need_keys();
    for (size_t i = 0; i < N_ROWS; i++) {
        CLEANUP(bytes_clear_free) struct bytes der = {0};
        EVP_PKEY *back = NULL;
        struct az_error err;

        assert_true(key_to_pkcs8(keys[i], &der, &err));
        assert_true(key_from_pkcs8(&der, &back, &err));
        assert_int_equal(key_pq_of(back), rows[i].pq);
        assert_int_equal(EVP_PKEY_eq(back, keys[i]), 1);
        EVP_PKEY_free(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_of_mu_is_one_of_message_and_context_and_the_other_way_round),
        cmocka_unit_test(keys_of_other_kinds_imply_no_algorithm),
        cmocka_unit_test(long_contexts_and_wrong_lengths_of_mu_are_refused),
        cmocka_unit_test(messages_and_contexts_are_signed_and_changed_ones_do_not_verify),
        cmocka_unit_test(only_ml_dsa_depends_on_the_version_of_openssl),
        cmocka_unit_test(pkcs8_gives_the_same_key_back),
    };
    return cmocka_run_group_tests_name("keyalg_pq", tests, make_keys, free_keys);
}
