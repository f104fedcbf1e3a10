/* SPDX-License-Identifier: MIT */
/*
 * The CA bundle once more, as the trust store that Java reads: PKCS#12 with the attribute by which
 * Java knows a trusted certificate, and a password, without which Java takes none of it
 * (clients.md section 12.1). Nothing in it is secret.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "common/cleanup.h"
#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

/* Oracle's trustedKeyUsage; its value is anyExtendedKeyUsage: trusted for everything. */
#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"
#define MAC_ROUNDS        10000

static bool newer(const char *path, const char *than)
{
    struct stat a;
    struct stat b;

    return stat(path, &a) == 0 && stat(than, &b) == 0 &&
           (a.st_mtim.tv_sec > b.st_mtim.tv_sec ||
            (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec > b.st_mtim.tv_nsec));
}

static bool add_certificate(STACK_OF(PKCS12_SAFEBAG) **bags, X509 *cert, unsigned n)
{
    const ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);
    PKCS12_SAFEBAG *bag;
    char alias[32];

    (void) snprintf(alias, sizeof(alias), "ca-%u", n);
    if (X509_alias_set1(cert, (const unsigned char *) alias, -1) != 1) {
        return false;
    }
    bag = PKCS12_add_cert(bags, cert);
    return bag && PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT,
                                          (const unsigned char *) any, -1) == 1;
}

static bool read_bundle(const char *bundle, STACK_OF(PKCS12_SAFEBAG) **bags)
{
    BIO *in = BIO_new_file(bundle, "r");
    X509 *cert;
    unsigned n = 0;
    bool ok = in != NULL;

    while (ok && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        ok = add_certificate(bags, cert, ++n);
        X509_free(cert);
    }
    ERR_clear_error(); /* the end of the file is one */
    BIO_free(in);
    return ok && n > 0;
}

static PKCS12 *seal(STACK_OF(PKCS12_SAFEBAG) *bags)
{
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12 *p12 = NULL;

    if (PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1) { /* -1: not encrypted */
        p12 = PKCS12_add_safes(safes, 0);
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
    if (p12 &&
        PKCS12_set_mac(p12, JAVA_TRUST_PASSWORD, -1, NULL, 0, MAC_ROUNDS, EVP_sha256()) != 1) {
        PKCS12_free(p12);
        p12 = NULL;
    }
    return p12;
}

bool java_trust_write(const char *bundle, const char *path)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    PKCS12 *p12 = NULL;
    unsigned char *der = NULL;
    int len = -1;
    bool ok;

    if (newer(path, bundle)) {
        return true;
    }
    if (read_bundle(bundle, &bags)) {
        p12 = seal(bags);
        len = p12 ? i2d_PKCS12(p12, &der) : -1;
    }
    ok = len > 0 && file_write_atomic(path, der, (size_t) len, 0644);
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return ok;
}
