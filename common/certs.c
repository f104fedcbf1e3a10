/* SPDX-License-Identifier: MIT */
/*
 * Two private CAs, each allowed only its own names, each forgotten once it has signed its leaf.
 *
 * A `*.localhost` wildcard is refused by curl, OpenSSL and Node (clients.md 2.2): SANs are
 * explicit.
 */
#include "common/certs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "common/fsutil.h"

#define DAYS_VALID   825
#define RENEW_BEFORE ((time_t) 30 * 86400)

struct family {
    const char *name; /* in file names */
    const char *ca_cn;
    const char *leaf_cn;
    const char *constraints; /* X509V3 text of nameConstraints */
    const char *san;
};

static const struct family families[] = {
    {"localhost", "kvsim private CA for localhost names",       "localhost",
     "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,"
     "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "DNS:localhost,DNS:login.localhost,DNS:management.localhost,DNS:graph.localhost,"
     "DNS:*.vault.localhost,DNS:vault.localhost,DNS:*.openai.localhost,DNS:*.cognitiveservices.localhost,"
     "DNS:*.services.localhost,IP:127.0.0.1,IP:::1"},
    {"azure",     "kvsim private CA for simulated Azure names", "management.azure.com",
     "critical,permitted;DNS:azure.net,permitted;DNS:azure.com,permitted;DNS:windows.net,"
     "permitted;DNS:microsoft.com,permitted;DNS:microsoftonline.com",        "DNS:login.microsoftonline.com,DNS:login.windows.net,DNS:sts.windows.net,DNS:management.azure.com,"
     "DNS:management.core.windows.net,DNS:graph.microsoft.com,DNS:graph.windows.net,DNS:*.vault.azure.net,"
     "DNS:*.openai.azure.com,DNS:*.cognitiveservices.azure.com,DNS:*.services.ai.azure.com,"
     "DNS:*.api.cognitive.microsoft.com"                  },
};

DEFINE_CLEANUP(x509_cleanup, X509, X509_free)
DEFINE_CLEANUP(pkey_cleanup, EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(bio_cleanup, BIO, BIO_free_all)
#define AUTO_X509 CLEANUP(x509_cleanup) X509
#define AUTO_PKEY CLEANUP(pkey_cleanup) EVP_PKEY
#define AUTO_BIO  CLEANUP(bio_cleanup) BIO

static bool add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static X509 *new_cert(EVP_PKEY *key, const char *cn, X509 *issuer)
{
    X509 *cert = X509_new();
    X509_NAME *subject;
    uint64_t serial;

    if (!cert || RAND_bytes((unsigned char *) &serial, sizeof(serial)) != 1) {
        X509_free(cert);
        return NULL;
    }
    subject = X509_get_subject_name(cert);
    if (X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) != 1 ||
        !X509_gmtime_adj(X509_getm_notBefore(cert), -3600) ||
        !X509_gmtime_adj(X509_getm_notAfter(cert), (long) DAYS_VALID * 86400) ||
        X509_set_pubkey(cert, key) != 1 ||
        X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *) "kvsim", -1,
                                   -1, 0) != 1 ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *) cn, -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert)) != 1) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static X509 *make_ca(const struct family *f, EVP_PKEY *key)
{
    X509 *ca = new_cert(key, f->ca_cn, NULL);

    if (ca && add_ext(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_ext(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_ext(ca, ca, NID_subject_key_identifier, "hash") &&
        add_ext(ca, ca, NID_name_constraints, f->constraints) &&
        X509_sign(ca, key, EVP_sha256()) > 0) {
        return ca;
    }
    X509_free(ca);
    return NULL;
}

static X509 *make_leaf(const struct family *f, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
    X509 *leaf = new_cert(key, f->leaf_cn, ca);

    if (leaf && add_ext(leaf, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_ext(leaf, ca, NID_key_usage, "critical,digitalSignature") &&
        add_ext(leaf, ca, NID_ext_key_usage, "serverAuth") &&
        add_ext(leaf, ca, NID_subject_key_identifier, "hash") &&
        add_ext(leaf, ca, NID_authority_key_identifier, "keyid:always") &&
        add_ext(leaf, ca, NID_subject_alt_name, f->san) &&
        X509_sign(leaf, ca_key, EVP_sha256()) > 0) {
        return leaf;
    }
    X509_free(leaf);
    return NULL;
}

static const char *file_name(char out[4096], const char *dir, const char *what, const char *family,
                             const char *suffix)
{
    (void) snprintf(out, 4096, "%s/%s-%s.%s", dir, what, family, suffix);
    return out;
}

static bool write_pem(const char *path, BIO *bio, mode_t mode)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    return len > 0 && file_write_atomic(path, data, (size_t) len, mode);
}

static bool write_family(const char *dir, const struct family *f, X509 *ca, X509 *leaf,
                         EVP_PKEY *key)
{
    char path[4096];
    AUTO_BIO *chain = BIO_new(BIO_s_mem());
    AUTO_BIO *root = BIO_new(BIO_s_mem());
    AUTO_BIO *secret = BIO_new(BIO_s_secmem());

    return chain && root && secret && PEM_write_bio_X509(chain, leaf) == 1 &&
           PEM_write_bio_X509(chain, ca) == 1 && PEM_write_bio_X509(root, ca) == 1 &&
           PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
           write_pem(file_name(path, dir, "leaf", f->name, "key"), secret, 0600) &&
           write_pem(file_name(path, dir, "ca", f->name, "pem"), root, 0644) &&
           /* last: its presence says that the rest is there */
           write_pem(file_name(path, dir, "leaf", f->name, "pem"), chain, 0644);
}

static X509 *read_cert(const char *path)
{
    AUTO_BIO *bio = BIO_new_file(path, "r");

    return bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *read_key(const char *path)
{
    AUTO_BIO *bio = BIO_new_file(path, "r");

    return bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
}

/* Nothing stored depends on them: what is missing, damaged or of another pair is made anew. */
static bool still_good(const char *dir, const struct family *f)
{
    char path[4096];
    time_t limit = time(NULL) + RENEW_BEFORE;
    AUTO_X509 *leaf = read_cert(file_name(path, dir, "leaf", f->name, "pem"));
    AUTO_X509 *ca = read_cert(file_name(path, dir, "ca", f->name, "pem"));
    AUTO_PKEY *key = read_key(file_name(path, dir, "leaf", f->name, "key"));
    bool good = leaf && ca && key && X509_check_private_key(leaf, key) == 1 &&
                X509_cmp_time(X509_get0_notAfter(leaf), &limit) > 0;

    ERR_clear_error();
    return good;
}

static bool make_family(const char *dir, const struct family *f, struct az_error *reterr)
{
    AUTO_PKEY *ca_key = EVP_EC_gen("P-256");
    AUTO_PKEY *key = EVP_EC_gen("P-256");
    AUTO_X509 *ca = ca_key ? make_ca(f, ca_key) : NULL;
    AUTO_X509 *leaf = ca && key ? make_leaf(f, key, ca, ca_key) : NULL;

    /* ca_key is freed, and wiped by OpenSSL, when this returns: nobody can sign with this CA again.
     */
    if (!leaf) {
        return az_fail_internal(reterr, "making the %s certificates failed", f->name);
    }
    if (!write_family(dir, f, ca, leaf, key)) {
        return az_fail_internal(reterr, "writing the %s certificates in %s: %s", f->name, dir,
                                strerror(errno));
    }
    return true;
}

/* The system's trusted certificates, wherever this system has them; none is no error. */
static void add_system_bundle(struct buf *out)
{
    static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
                                         "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (file_read(places[i], LIMIT_SMALL_FILE, out)) {
            return;
        }
        out->len = 0;
    }
}

static bool write_bundles(const char *dir, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf ours = {0};
    CLEANUP(buf_done) struct buf all = {0};
    char path[4096];

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        CLEANUP(buf_done) struct buf one = {0};

        if (!file_read(file_name(path, dir, "ca", families[i].name, "pem"), LIMIT_SMALL_FILE,
                       &one)) {
            return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
        }
        buf_add(&ours, one.data, one.len);
    }
    add_system_bundle(&all);
    buf_add(&all, ours.data, ours.len);
    (void) snprintf(path, sizeof(path), "%s/ca.pem", dir);
    if (!file_write_atomic(path, ours.data, ours.len, 0644)) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    (void) snprintf(path, sizeof(path), "%s/ca-bundle.pem", dir);
    if (!file_write_atomic(path, all.data, all.len, 0644)) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    return true;
}

/* Both bundles hold our CAs, as they are now. */
static bool bundles_good(const char *dir)
{
    static const char *const names[] = {"ca.pem", "ca-bundle.pem"};

    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(families); i++) {
        CLEANUP(buf_done) struct buf ca = {0};
        CLEANUP(buf_done) struct buf bundle = {0};
        char path[4096];

        (void) snprintf(path, sizeof(path), "%s/%s", dir, names[i / ARRAY_LEN(families)]);
        if (!file_read(path, 2 * LIMIT_SMALL_FILE, &bundle) ||
            !file_read(file_name(path, dir, "ca", families[i % ARRAY_LEN(families)].name, "pem"),
                       LIMIT_SMALL_FILE, &ca) ||
            !memmem(bundle.data, bundle.len, ca.data, ca.len)) {
            return false;
        }
    }
    return true;
}

bool certs_ensure(const char *dir, struct az_error *reterr)
{
    bool changed = false;

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        if (!still_good(dir, &families[i])) {
            changed = true;
            if (!make_family(dir, &families[i], reterr)) {
                return false;
            }
        }
    }
    return (!changed && bundles_good(dir)) || write_bundles(dir, reterr);
}
