/* SPDX-License-Identifier: MIT */
/* AES-256-GCM around what must not lie about in the clear, and the root key's file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "common/fsutil.h"
#include "common/keygen.h"

#define NONCE_LEN 12
#define TAG_LEN   16

/* NULL: whatever OpenSSL has as its own. Set before there are threads, never freed. */
static EVP_CIPHER *fips_cipher;

static const EVP_CIPHER *cipher(void)
{
    return fips_cipher ? fips_cipher : EVP_aes_256_gcm();
}

bool seal_with_fips(struct az_error *reterr)
{
    /* Loading any by name ends the loading of the default one by itself; TLS needs it. */
    bool loaded =
        OSSL_PROVIDER_load(NULL, "default") != NULL && OSSL_PROVIDER_load(NULL, "fips") != NULL;

    fips_cipher = loaded ? EVP_CIPHER_fetch(NULL, "AES-256-GCM", "fips=yes") : NULL;
    return fips_cipher ||
           az_fail_internal(reterr,
                            "--fips: OpenSSL's FIPS provider %s: install and configure it "
                            "(openssl-fipsinstall(1)), or start without --fips",
                            loaded ? "has no AES-256-GCM" : "can't be loaded");
}

DEFINE_CLEANUP(cipher_cleanup, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
#define AUTO_CIPHER CLEANUP(cipher_cleanup) EVP_CIPHER_CTX

bool seal(const uint8_t key[SEAL_KEY_LEN], struct str_view aad, const void *plain, size_t len,
          struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    AUTO_CIPHER *c = EVP_CIPHER_CTX_new();
    int n = 0;

    if (!c || !bytes_alloc(&out, len + SEAL_OVERHEAD) || RAND_bytes(out.data, NONCE_LEN) != 1 ||
        EVP_EncryptInit_ex(c, cipher(), NULL, key, out.data) != 1 ||
        EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *) aad.ptr, (int) aad.len) != 1 ||
        EVP_EncryptUpdate(c, out.data + NONCE_LEN, &n, plain, (int) len) != 1 ||
        EVP_EncryptFinal_ex(c, out.data + NONCE_LEN + n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out.data + NONCE_LEN + len) != 1) {
        return az_fail_internal(reterr, "sealing failed");
    }
    *ret = bytes_take(&out);
    return true;
}

bool unseal(const uint8_t key[SEAL_KEY_LEN], struct str_view aad, const void *sealed, size_t len,
            struct bytes *ret, struct az_error *reterr)
{
    const uint8_t *p = sealed;
    CLEANUP(bytes_clear_free) struct bytes out = {0};
    AUTO_CIPHER *c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_LEN];
    int n = 0;

    if (len < SEAL_OVERHEAD || !c || !bytes_alloc(&out, len - SEAL_OVERHEAD)) {
        return az_fail_internal(reterr, "sealed bytes are too short");
    }
    memcpy(tag, p + len - TAG_LEN, TAG_LEN);
    if (EVP_DecryptInit_ex(c, cipher(), NULL, key, p) != 1 ||
        EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *) aad.ptr, (int) aad.len) != 1 ||
        EVP_DecryptUpdate(c, out.data, &n, p + NONCE_LEN, (int) out.len) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) != 1 ||
        EVP_DecryptFinal_ex(c, out.data + n, &n) != 1) {
        return az_fail_internal(reterr,
                                "sealed bytes do not open: damaged, or of another key or place");
    }
    *ret = bytes_take(&out);
    return true;
}

bool root_key_open(const char *path, bool may_make, uint8_t key[SEAL_KEY_LEN],
                   struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct stat st;

    if (stat(path, &st) == 0) {
        if ((st.st_mode & 077) != 0) {
            return az_fail_internal(reterr, "%s can be read by others: chmod 600 it", path);
        }
        if (!file_read(path, SEAL_KEY_LEN, &text) || text.len != SEAL_KEY_LEN) {
            return az_fail_internal(
                reterr, "%s is damaged: restore it; without it the stored keys are lost", path);
        }
        memcpy(key, text.data, SEAL_KEY_LEN);
        return true;
    }
    if (!may_make) {
        return az_fail_internal(
            reterr, "%s is missing: restore it; without it the stored keys are lost", path);
    }
    if (RAND_bytes(key, SEAL_KEY_LEN) != 1 || !file_write_atomic(path, key, SEAL_KEY_LEN, 0600)) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    return true;
}
