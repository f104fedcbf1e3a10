/* SPDX-License-Identifier: MIT */
/* The two wraps, one behind the other. */
#include "common/rsa_aes_wrap.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#define AES_KEY_LEN 32
#define BLOCK       8 /* RFC 5649: a header block, and padding to a whole block */

DEFINE_CLEANUP(pkey_ctx_cleanup, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(cipher_ctx_cleanup, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static bool wrap_aes_key(EVP_PKEY *rsa, const char *digest, const uint8_t *key, uint8_t *out,
                         size_t *len)
{
    CLEANUP(pkey_ctx_cleanup) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);
    const EVP_MD *md = EVP_get_digestbyname(digest);

    return ctx && md && EVP_PKEY_encrypt_init(ctx) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
           EVP_PKEY_encrypt(ctx, out, len, key, AES_KEY_LEN) == 1;
}

static bool wrap_secret(const uint8_t *key, const struct bytes *secret, uint8_t *out, size_t *len)
{
    CLEANUP(cipher_ctx_cleanup) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;

    if (!ctx) {
        return false;
    }
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_EncryptInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, key, NULL) != 1 ||
        EVP_EncryptUpdate(ctx, out, &n, secret->data, (int) secret->len) != 1 ||
        EVP_EncryptFinal_ex(ctx, out + n, &last) != 1) {
        return false;
    }
    *len = (size_t) n + (size_t) last;
    return true;
}

bool rsa_aes_wrap(EVP_PKEY *rsa, const char *digest, const struct bytes *secret, struct bytes *ret,
                  struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    uint8_t key[AES_KEY_LEN];
    size_t head = (size_t) EVP_PKEY_get_size(rsa);
    size_t tail = 0;
    bool ok = bytes_alloc(&out, head + secret->len + 2 * (size_t) BLOCK) &&
              RAND_bytes(key, sizeof(key)) == 1 &&
              wrap_aes_key(rsa, digest, key, out.data, &head) &&
              wrap_secret(key, secret, out.data + head, &tail);

    OPENSSL_cleanse(key, sizeof(key));
    if (!ok) {
        return az_fail_internal(reterr, "wrapping a key for release");
    }
    out.len = head + tail;
    *ret = bytes_take(&out);
    return true;
}
