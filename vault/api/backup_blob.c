/* SPDX-License-Identifier: MIT */
/* Sealing and opening of backup blobs. Errors: azure-rules.md section 8. */
#include "vault/api/backup_blob.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "common/base64url.h"

#define MAGIC   "AzureKeyVaultKeyBackupV1.microsoft.com"
#define IV_LEN  12
#define TAG_LEN 16
#define ID_LEN  16

DEFINE_CLEANUP(kdf_cleanup, EVP_KDF_CTX, EVP_KDF_CTX_free)
#define AUTO_KDF CLEANUP(kdf_cleanup) EVP_KDF_CTX

/* What a scope is sealed with: the key, and the name by which the JWE's header calls it. */
struct scope_key {
    uint8_t key[SEAL_KEY_LEN];
    uint8_t id[ID_LEN];
};

static void scope_key_wipe(struct scope_key *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

/* HKDF (RFC 5869) of the root key; the names of the scope don't depend on the caller's case. */
static bool derive(const uint8_t root_key[SEAL_KEY_LEN], const struct backup_scope *scope,
                   struct scope_key *ret, struct az_error *reterr)
{
    char digest[] = "SHA256";
    char info[256];
    uint8_t root[SEAL_KEY_LEN];
    int n =
        snprintf(info, sizeof(info), "kvsim backup/%s/%s", scope->subscription, scope->geography);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    AUTO_KDF *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok;

    EVP_KDF_free(kdf);
    for (char *p = info; *p; p++) {
        *p = (char) tolower((unsigned char) *p);
    }
    memcpy(root, root_key, sizeof(root));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, root, sizeof(root)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, (size_t) n),
        OSSL_PARAM_construct_end(),
    };

    ok = ctx && n > 0 && (size_t) n < sizeof(info) &&
         EVP_KDF_derive(ctx, (unsigned char *) ret, sizeof(*ret), params) == 1;
    OPENSSL_cleanse(root, sizeof(root));
    return ok || az_fail_internal(reterr, "deriving a backup key");
}

/* The protected header, which the ciphertext is bound to. */
static void write_header(const struct scope_key *k, struct buf *out)
{
    CLEANUP(buf_done) struct buf json = {0};

    buf_str(&json, "{\"kid\":\"");
    for (size_t i = 0; i < ID_LEN; i++) {
        buf_fmt(&json, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", k->id[i]);
    }
    buf_str(&json, "\",\"alg\":\"dir\",\"enc\":\"A256GCM\"}");
    base64url_write(out, json.data, json.len);
}

bool backup_blob_seal(const uint8_t root_key[SEAL_KEY_LEN], const struct backup_scope *scope,
                      struct str_view plain, struct buf *out, struct az_error *reterr)
{
    CLEANUP(scope_key_wipe) struct scope_key k = {0};
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    CLEANUP(buf_done) struct buf header = {0};
    CLEANUP(buf_done) struct buf blob = {0};

    if (!derive(root_key, scope, &k, reterr)) {
        return false;
    }
    write_header(&k, &header);
    if (!buf_ok(&header)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!seal(k.key, (struct str_view){header.data, header.len}, plain.ptr, plain.len, &sealed,
              reterr)) {
        return false;
    }
    buf_fmt(&blob, "%c%s%s..", (int) strlen(MAGIC), MAGIC, header.data); /* dir: no key is sent */
    base64url_write(&blob, sealed.data, IV_LEN);
    buf_str(&blob, ".");
    base64url_write(&blob, sealed.data + IV_LEN, sealed.len - IV_LEN - TAG_LEN);
    buf_str(&blob, ".");
    base64url_write(&blob, sealed.data + sealed.len - TAG_LEN, TAG_LEN);
    base64url_write(out, blob.data, blob.len);
    return (buf_ok(&blob) && buf_ok(out)) || az_fail_internal(reterr, "out of memory");
}

static bool no_blob(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_MALFORMED_BACKUP, "Backup blob is corrupt.");
}

bool backup_blob_damaged(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_MALFORMED_BACKUP,
                   "Backup blob contains invalid or corrupt version.");
}

/* The text is quoted in public issues (azure-rules.md section 8); status and code are ours. */
static bool foreign_blob(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Cannot decrypt backup blob.");
}

/* The five parts of a compact JWE. */
static bool split(struct str_view jwe, struct str_view part[5])
{
    const char *end = jwe.ptr + jwe.len;
    const char *at = jwe.ptr;

    for (int i = 0; i < 5; i++) {
        const char *dot = i < 4 ? memchr(at, '.', (size_t) (end - at)) : end;

        if (!dot) {
            return false;
        }
        part[i] = (struct str_view){at, (size_t) (dot - at)};
        at = dot + 1;
    }
    return true;
}

/* nonce || ciphertext || tag, as unseal() takes them. */
static bool join(const struct str_view part[5], struct bytes *ret)
{
    CLEANUP(bytes_clear_free) struct bytes iv = {0};
    CLEANUP(bytes_clear_free) struct bytes text = {0};
    CLEANUP(bytes_clear_free) struct bytes tag = {0};

    if (!base64url_read(part[2], &iv) || !base64url_read(part[3], &text) ||
        !base64url_read(part[4], &tag) || iv.len != IV_LEN || tag.len != TAG_LEN ||
        !bytes_alloc(ret, IV_LEN + text.len + TAG_LEN)) {
        return false;
    }
    memcpy(ret->data, iv.data, IV_LEN);
    memcpy(ret->data + IV_LEN, text.data, text.len);
    memcpy(ret->data + IV_LEN + text.len, tag.data, TAG_LEN);
    return true;
}

bool backup_blob_open(const uint8_t root_key[SEAL_KEY_LEN], const struct backup_scope *scope,
                      const char *value, struct bytes *ret, struct az_error *reterr)
{
    CLEANUP(scope_key_wipe) struct scope_key k = {0};
    CLEANUP(bytes_clear_free) struct bytes blob = {0};
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    CLEANUP(buf_done) struct buf header = {0};
    const size_t magic_len = strlen(MAGIC);
    struct str_view part[5];
    struct str_view jwe;
    struct az_error ignored;

    if (!base64url_read(sv_from(value), &blob) || blob.len == 0 || blob.len <= 1u + blob.data[0]) {
        return no_blob(reterr);
    }
    /* The name is the blob's version: zeros are a blob with an empty one (recorded). */
    if (blob.data[0] != magic_len || memcmp(blob.data + 1, MAGIC, magic_len) != 0) {
        return backup_blob_damaged(reterr);
    }
    jwe = (struct str_view){(const char *) blob.data + 1 + magic_len, blob.len - 1 - magic_len};
    if (!split(jwe, part) || part[1].len != 0 || !join(part, &sealed)) {
        return backup_blob_damaged(reterr);
    }
    if (!derive(root_key, scope, &k, reterr)) {
        return false;
    }
    write_header(&k, &header);
    if (!buf_ok(&header)) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (part[0].len != header.len || memcmp(part[0].ptr, header.data, header.len) != 0) {
        return foreign_blob(reterr);
    }
    return unseal(k.key, part[0], sealed.data, sealed.len, ret, &ignored) ||
           backup_blob_damaged(reterr);
}
