/* SPDX-License-Identifier: MIT */
/* The key by common/jws.h; the certificate is made once and kept, so that its thumbprint stays. */
#include "vault/api/release_signer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/keygen.h"

#define YEARS_10_S (10L * 365 * 86400)

struct release_signer {
    char dir[4000];
    pthread_mutex_t lock; /* of what follows; what is set stays */
    struct jws_key *key;
    json_t *header;
};

DEFINE_CLEANUP(x509_cleanup, X509, X509_free)
DEFINE_CLEANUP(pkey_cleanup, EVP_PKEY, EVP_PKEY_free)

struct release_signer *release_signer_new(const char *dir)
{
    struct release_signer *s = calloc(1, sizeof(*s));

    if (s) {
        (void) snprintf(s->dir, sizeof(s->dir), "%s", dir);
        (void) pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

void release_signer_free(struct release_signer *s)
{
    if (s) {
        jws_key_free(s->key);
        json_decref(s->header);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

/* DER of a self-signed certificate for vault.azure.net. */
static bool make_certificate(const struct jws_key *key, struct buf *der, struct az_error *reterr)
{
    CLEANUP(x509_cleanup) X509 *x = X509_new();
    CLEANUP(pkey_cleanup) EVP_PKEY *pkey = NULL;
    unsigned char *out = NULL;
    X509_NAME *name;
    int len;

    if (!jwk_to_key(jws_key_private(key), &pkey, reterr)) {
        return false;
    }
    name = x ? X509_get_subject_name(x) : NULL;
    if (!name || X509_set_version(x, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1 ||
        !X509_gmtime_adj(X509_getm_notBefore(x), 0) ||
        !X509_gmtime_adj(X509_getm_notAfter(x), YEARS_10_S) ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *) "vault.azure.net", -1, -1, 0) != 1 ||
        X509_set_issuer_name(x, name) != 1 || X509_set_pubkey(x, pkey) != 1 ||
        X509_sign(x, pkey, EVP_sha256()) == 0) {
        return az_fail_internal(reterr, "making the certificate of key release");
    }
    len = i2d_X509(x, &out);
    buf_add(der, out, len > 0 ? (size_t) len : 0);
    OPENSSL_free(out);
    return (len > 0 && buf_ok(der)) || az_fail_internal(reterr, "out of memory");
}

static void add_thumbprint(json_t *header, const char *name, const uint8_t *hash, size_t len)
{
    CLEANUP(buf_done) struct buf text = {0};

    base64url_write(&text, hash, len);
    (void) json_object_set_new(header, name, json_stringn(text.data, text.len));
}

/* Recorded order: alg, kid, x5t, typ, x5t#S256, x5c; kid is the SHA-1 thumbprint in hex. */
static json_t *make_header(const struct buf *der)
{
    json_t *header = json_object();
    uint8_t sha1[SHA_DIGEST_LENGTH];
    uint8_t sha256[SHA256_DIGEST_LENGTH];
    char kid[2 * SHA_DIGEST_LENGTH + 1];
    size_t size = 4 * ((der->len + 2) / 3) + 1;
    char *x5c = malloc(size);

    if (!header || !x5c) {
        free(x5c);
        json_decref(header);
        return NULL;
    }
    (void) EVP_Digest(der->data, der->len, sha1, NULL, EVP_sha1(), NULL);
    (void) EVP_Digest(der->data, der->len, sha256, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof(sha1); i++) {
        (void) snprintf(kid + 2 * i, 3, "%02X", sha1[i]);
    }
    (void) EVP_EncodeBlock((unsigned char *) x5c, (const unsigned char *) der->data,
                           (int) der->len);
    (void) json_object_set_new(header, "alg", json_string("RS256"));
    (void) json_object_set_new(header, "kid", json_string(kid));
    add_thumbprint(header, "x5t", sha1, sizeof(sha1));
    (void) json_object_set_new(header, "typ", json_string("JWT"));
    add_thumbprint(header, "x5t#S256", sha256, sizeof(sha256));
    (void) json_object_set_new(header, "x5c", json_pack("[s]", x5c));
    free(x5c);
    return header;
}

/* Locked. */
static bool open_key(struct release_signer *s, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf der = {0};
    char path[4096];

    (void) snprintf(path, sizeof(path), "%s/release-key.json", s->dir);
    if (!s->key && !jws_key_open(path, &s->key, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/release-cert.der", s->dir);
    if (!file_read(path, LIMIT_SMALL_FILE, &der)) {
        if (!make_certificate(s->key, &der, reterr)) {
            return false;
        }
        if (!file_write_atomic(path, der.data, der.len, 0644)) {
            return az_fail_internal(reterr, "%s can't be written", path);
        }
    }
    s->header = make_header(&der);
    return s->header || az_fail_internal(reterr, "out of memory");
}

bool release_sign(struct release_signer *s, struct str_view payload, char **ret,
                  struct az_error *reterr)
{
    bool ok;

    (void) pthread_mutex_lock(&s->lock);
    ok = s->header || open_key(s, reterr);
    (void) pthread_mutex_unlock(&s->lock);
    return ok && jws_sign(s->key, s->header, payload, ret, reterr);
}
