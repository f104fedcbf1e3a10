/* SPDX-License-Identifier: MIT */
/*
 * Symmetric rows: AES-GCM, AES-CBC with and without PKCS#7 padding (JWA names without HMAC: the
 * specification's A128CBC and A128CBCPAD), AES key wrap (RFC 3394) and with padding (RFC 5649).
 * Ciphers are fetched once.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/keyalg_impl.h"

DEFINE_CLEANUP(cipher_ctx_cleanup, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
#define AUTO_CIPHER_CTX CLEANUP(cipher_ctx_cleanup) EVP_CIPHER_CTX

#define GROWTH          32 /* the most that any mode adds: a block of padding, or 8 and up to 7 more */

static const struct {
    const char *suffix; /* OpenSSL's name after "AES-256-" */
    size_t iv_len;
    size_t tag_len;
    bool makes_iv;    /* recorded from a Managed HSM: A256GCM without iv gives a 12-byte one */
    bool pads;        /* PKCS#7 */
    size_t unit;      /* plaintext is a multiple of it */
    size_t least;     /* and at least so long */
    const char *want; /* for the error's text */
} modes[] = {
    [AES_MODE_GCM] = {"GCM",      12, 16, true,  false, 1,  0,  NULL                             },
    [AES_MODE_CBC] = {"CBC",      16, 0,  false, false, 16, 16, "a multiple of 16"               },
    [AES_MODE_CBC_PAD] = {"CBC",      16, 0,  false, true,  1,  0,  NULL                             },
    [AES_MODE_KW] = {"WRAP",     0,  0,  false, false, 8,  16, "a multiple of 8 and at least 16"},
    [AES_MODE_KWP] = {"WRAP-PAD", 0,  0,  false, false, 1,  1,  "at least 1"                     },
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[ARRAY_LEN(modes)][3]; /* 128, 192, 256 */

static void fetch_all(void)
{
    for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
        for (unsigned k = 0; k < 3; k++) {
            char name[32];

            (void) snprintf(name, sizeof(name), "AES-%u-%s", 128 + 64 * k, modes[m].suffix);
            ciphers[m][k] = EVP_CIPHER_fetch(NULL, name, NULL);
        }
    }
}

static const EVP_CIPHER *cipher_for(enum aes_mode mode, size_t key_len)
{
    (void) pthread_once(&once, fetch_all);
    return key_len == 16 || key_len == 24 || key_len == 32 ? ciphers[mode][key_len / 8 - 2] : NULL;
}

/* The members' lengths; value's when it is plaintext. */
static bool check_members(const struct key_alg *alg, bool forward, const struct key_input *in,
                          struct az_error *reterr)
{
    enum aes_mode m = alg->mode;
    char want[24];

    (void) snprintf(want, sizeof(want), "%zu", modes[m].iv_len);
    if (forward && modes[m].makes_iv) {
        /* A nonce that repeats gives GCM's key away: the service makes it. Its answer to a given
         * one is unknown, the text ours. */
        if (in->iv.data) {
            return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                           "Property 'iv' can't be given to encrypt with %s.", alg->name);
        }
    } else if (modes[m].iv_len > 0 && !in->iv.data) {
        return key_fail_missing("iv", reterr);
    } else if (modes[m].iv_len > 0 && in->iv.len != modes[m].iv_len) {
        return key_fail_length(alg, "iv", in->iv.len, want, reterr);
    }
    if (!forward && modes[m].tag_len > 0) {
        (void) snprintf(want, sizeof(want), "%zu", modes[m].tag_len);
        if (!in->tag.data) {
            return key_fail_missing("tag", reterr);
        }
        if (in->tag.len != modes[m].tag_len) {
            return key_fail_length(alg, "tag", in->tag.len, want, reterr);
        }
    }
    if (forward && (in->value.len % modes[m].unit != 0 || in->value.len < modes[m].least)) {
        return key_fail_length(alg, "value", in->value.len, modes[m].want, reterr);
    }
    if (!forward && in->value.len < modes[m].least) {
        return key_fail_open(reterr); /* OpenSSL would open nothing to nothing */
    }
    return in->value.len <= INT_MAX / 2 && in->aad.len <= INT_MAX / 2
               ? true
               : az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The value is too long.");
}

static bool set_up(const struct key_alg *alg, EVP_CIPHER_CTX *ctx, EVP_PKEY *key, bool forward,
                   const struct bytes *iv)
{
    uint8_t raw[KEY_OCT_MAX];
    size_t len = key_octets(key, raw);
    const EVP_CIPHER *cipher = cipher_for(alg->mode, len);
    bool ok;

    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ok = cipher && EVP_CipherInit_ex2(ctx, cipher, raw, iv->data, forward, NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(ctx, modes[alg->mode].pads) == 1;
    OPENSSL_cleanse(raw, sizeof(raw));
    return ok;
}

/* GCM's part before the text: the additional data, and what the tag must be. */
static bool begin_gcm(EVP_CIPHER_CTX *ctx, bool forward, const struct key_input *in)
{
    int len = 0;

    if (!forward &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int) in->tag.len, in->tag.data) != 1) {
        return false;
    }
    return in->aad.len == 0 ||
           EVP_CipherUpdate(ctx, NULL, &len, in->aad.data, (int) in->aad.len) == 1;
}

/* out has room for in and GROWTH. */
static bool run_text(EVP_CIPHER_CTX *ctx, const struct bytes *in, struct bytes *out)
{
    int len = 0;
    int last = 0;

    if (in->len > 0 && EVP_CipherUpdate(ctx, out->data, &len, in->data, (int) in->len) != 1) {
        return false;
    }
    if (EVP_CipherFinal_ex(ctx, out->data + len, &last) != 1) {
        return false;
    }
    out->len = (size_t) len + (size_t) last;
    return true;
}

static bool make_iv(const struct key_alg *alg, bool forward, const struct key_input *in,
                    struct bytes *iv)
{
    if (modes[alg->mode].iv_len == 0) {
        return true;
    }
    if (!forward || !modes[alg->mode].makes_iv) {
        return bytes_copy(iv, in->iv.data, in->iv.len);
    }
    return bytes_alloc(iv, modes[alg->mode].iv_len) && RAND_bytes(iv->data, (int) iv->len) == 1;
}

static bool transform(const struct key_alg *alg, EVP_CIPHER_CTX *ctx, bool forward,
                      const struct key_input *in, struct key_output *out)
{
    size_t tag_len = modes[alg->mode].tag_len;

    if ((alg->mode == AES_MODE_GCM && !begin_gcm(ctx, forward, in)) ||
        !run_text(ctx, &in->value, &out->value)) {
        return false;
    }
    return !forward || tag_len == 0 ||
           (bytes_alloc(&out->tag, tag_len) &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int) tag_len, out->tag.data) == 1);
}

bool aes_apply(const struct key_alg *alg, EVP_PKEY *key, enum key_op op, const struct key_input *in,
               struct key_output *ret, struct az_error *reterr)
{
    AUTO_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    CLEANUP(key_output_done) struct key_output out = {0};
    bool forward = key_op_forward(op);

    if (!check_members(alg, forward, in, reterr)) {
        return false;
    }
    if (!ctx || !make_iv(alg, forward, in, &out.iv) || !set_up(alg, ctx, key, forward, &out.iv) ||
        !bytes_alloc(&out.value, in->value.len + GROWTH)) {
        ERR_clear_error();
        return az_fail_internal(reterr, "AES set-up failed");
    }
    if (!transform(alg, ctx, forward, in, &out)) {
        ERR_clear_error();
        return forward ? az_fail_internal(reterr, "AES encryption failed") : key_fail_open(reterr);
    }
    *ret = (struct key_output){.value = bytes_take(&out.value),
                               .iv = forward ? bytes_take(&out.iv) : (struct bytes){0},
                               .tag = bytes_take(&out.tag)};
    return true;
}
