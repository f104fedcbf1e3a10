/* SPDX-License-Identifier: MIT */
/*
 * A key version: its stored form, and what its attributes allow at a moment. Pure.
 *
 * Sources: azure-rules.md section 4 (date-time controlled operations), key-attributes.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/keyalg.h"
#include "common/keygen.h"

#define KEY_NAME_MAX    127
#define KEY_VERSION_LEN 32

enum key_type { /* stored: new ones go before KEY_TYPE_NONE */
                KEY_RSA,
                KEY_RSA_HSM,
                KEY_EC,
                KEY_EC_HSM,
                KEY_OCT,
                KEY_OCT_HSM,
                KEY_AKP,
                KEY_AKP_HSM,
                KEY_TYPE_NONE
};

enum key_type key_type_parse(const char *wire_name); /* KEY_TYPE_NONE: unknown */
const char *key_type_name(enum key_type type);
bool key_type_is_hsm(enum key_type type);
bool key_type_is_rsa(enum key_type type);
enum key_kind key_type_kind(enum key_type type);
enum key_type key_type_in_hsm(enum key_type type); /* RSA -> RSA-HSM; HSM types stay */

/* The fixed part of a stored version; the texts follow it in the record in the order of key_texts.
 */
struct key_meta {
    int64_t created_s, updated_s;
    int64_t nbf_s, exp_s; /* valid where has_ says so */
    uint32_t type;        /* enum key_type */
    uint32_t bits;
    uint32_t curve; /* enum key_curve */
    uint32_t pq;    /* enum key_pq */
    uint8_t has_nbf, has_exp;
    uint8_t enabled;
    uint8_t exportable;
    uint8_t policy_immutable; /* of texts.policy */
    uint8_t n_ops;
    uint8_t ops[KEY_OPS_COUNT]; /* bit numbers of enum key_op, in the order given */
    char version[KEY_VERSION_LEN + 1];
};

struct key_texts {
    struct str_view name;   /* as created */
    struct str_view tags;   /* a JSON object's text; empty: none */
    struct str_view jwk;    /* public members as JSON text: "n":"...","e":"AQAB" */
    struct str_view secret; /* sealed PKCS#8 */
    struct str_view policy; /* release policy as answers show it, a JSON object; empty: none */
};

struct key_version {
    struct key_meta meta;
    struct key_texts texts; /* borrowed from the record or the maker */
};

/* The record of a version, to be stored; read back in place. */
bool key_version_encode(const struct key_version *v, struct buf *out) MUST_CHECK;
bool key_version_decode(const void *data, size_t len, struct key_version *ret) MUST_CHECK;

/* Bits of enum key_op. */
unsigned key_meta_ops(const struct key_meta *m);
void key_meta_set_ops(struct key_meta *m, const unsigned *ops, size_t n);
/* Do these bits fit keys of this type? BadParameter names those that don't. */
bool key_ops_check(enum key_type type, const unsigned *ops, size_t n, struct az_error *reterr)
    MUST_CHECK;
/* The operations that a key has which was made without key_ops. */
void key_meta_default_ops(struct key_meta *m);
/* What to generate for another key of the same type, size and curve (rotation). */
struct key_spec key_meta_spec(const struct key_meta *m);
/* May only import: a key exchange key for "bring your own key". */
bool key_meta_is_exchange_key(const struct key_meta *m);

/*
 * May this version be used for op now? Order of judgement: enabled, then the window, then key_ops.
 * Outside nbf..exp only decrypt, unwrapKey, secureUnwrapKey and verify work; `exp` itself is
 * outside.
 */
bool key_may_use(const struct key_meta *m, enum key_op op, int64_t now_s, struct az_error *reterr)
    MUST_CHECK;

/* ^[0-9a-zA-Z-]{1,127}$; the error is the recorded one. */
bool key_name_check(struct str_view name, struct az_error *reterr) MUST_CHECK;
