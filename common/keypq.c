/* SPDX-License-Identifier: MIT */
/*
 * ML-DSA keys: names, and whether the OpenSSL at run time has them. Built against OpenSSL 3.0,
 * whose headers know nothing of it: everything goes by name.
 */
#include <pthread.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/keygen.h"

static const char *const names[] = {
    [PQ_NONE] = NULL,
    [PQ_ML_DSA_44] = "ML-DSA-44",
    [PQ_ML_DSA_65] = "ML-DSA-65",
    [PQ_ML_DSA_87] = "ML-DSA-87",
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool available[ARRAY_LEN(names)];

static void look_up(void)
{
    for (size_t i = PQ_ML_DSA_44; i < ARRAY_LEN(names); i++) {
        EVP_KEYMGMT *mgmt = EVP_KEYMGMT_fetch(NULL, names[i], NULL);
        EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(NULL, names[i], NULL);

        available[i] = mgmt && sig;
        EVP_KEYMGMT_free(mgmt);
        EVP_SIGNATURE_free(sig);
    }
    ERR_clear_error();
}

bool key_pq_available(enum key_pq pq)
{
    (void) pthread_once(&once, look_up);
    return pq != PQ_NONE && available[pq];
}

enum key_pq key_pq_parse(const char *wire_name)
{
    for (size_t i = PQ_ML_DSA_44; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], wire_name) == 0) {
            return (enum key_pq) i;
        }
    }
    return PQ_NONE;
}

const char *key_pq_name(enum key_pq pq)
{
    return names[pq];
}

enum key_pq key_pq_of(EVP_PKEY *key)
{
    for (size_t i = PQ_ML_DSA_44; i < ARRAY_LEN(names); i++) {
        if (EVP_PKEY_is_a(key, names[i])) {
            return (enum key_pq) i;
        }
    }
    return PQ_NONE;
}
