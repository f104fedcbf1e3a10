/* SPDX-License-Identifier: MIT */
/* Key versions: encoding, names, and the rules of their use. */
#include "vault/domain/key.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static const struct {
    const char *name;
    enum key_kind kind;
    enum key_type in_hsm;
} types[] = {
    [KEY_RSA] = {"RSA",     KEY_KIND_RSA, KEY_RSA_HSM},
    [KEY_RSA_HSM] = {"RSA-HSM", KEY_KIND_RSA, KEY_RSA_HSM},
    [KEY_EC] = {"EC",      KEY_KIND_EC,  KEY_EC_HSM },
    [KEY_EC_HSM] = {"EC-HSM",  KEY_KIND_EC,  KEY_EC_HSM },
    [KEY_OCT] = {"oct",     KEY_KIND_OCT, KEY_OCT_HSM},
    [KEY_OCT_HSM] = {"oct-HSM", KEY_KIND_OCT, KEY_OCT_HSM},
    [KEY_AKP] = {"AKP",     KEY_KIND_AKP, KEY_AKP_HSM},
    [KEY_AKP_HSM] = {"AKP-HSM", KEY_KIND_AKP, KEY_AKP_HSM},
};

/* Recorded for RSA and EC (wire-samples.md part 1); for oct and AKP assumed. */
static const unsigned default_ops[][KEY_OPS_COUNT] = {
    [KEY_KIND_RSA] = {KEY_OP_ENCRYPT, KEY_OP_DECRYPT, KEY_OP_SIGN, KEY_OP_VERIFY, KEY_OP_WRAP,
                      KEY_OP_UNWRAP},
    [KEY_KIND_EC] = {KEY_OP_SIGN, KEY_OP_VERIFY   },
    [KEY_KIND_OCT] = {KEY_OP_ENCRYPT,              KEY_OP_DECRYPT,                  KEY_OP_WRAP, KEY_OP_UNWRAP},
    [KEY_KIND_AKP] = {KEY_OP_SIGN,              KEY_OP_VERIFY           },
};

/* What else key_ops may name: transfer of an RSA key exchange key, release of all kinds (clients
 * of 7.2 and 7.3 previews ask for "export"), secure wrapping. HS* sign with symmetric keys. */
static const unsigned more_ops[] = {
    [KEY_KIND_RSA] = KEY_OP_IMPORT | KEY_OP_EXPORT | KEY_OP_SECURE_WRAP | KEY_OP_SECURE_UNWRAP,
    [KEY_KIND_EC] = KEY_OP_EXPORT,
    [KEY_KIND_OCT] = KEY_OP_SIGN | KEY_OP_VERIFY | KEY_OP_IMPORT | KEY_OP_EXPORT |
                     KEY_OP_SECURE_WRAP | KEY_OP_SECURE_UNWRAP,
    [KEY_KIND_AKP] = KEY_OP_EXPORT,
};

enum key_type key_type_parse(const char *wire_name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, wire_name) == 0) {
            return (enum key_type) i;
        }
    }
    return KEY_TYPE_NONE;
}

const char *key_type_name(enum key_type type)
{
    return type < KEY_TYPE_NONE ? types[type].name : "";
}

bool key_type_is_hsm(enum key_type type)
{
    return type < KEY_TYPE_NONE && types[type].in_hsm == type;
}

bool key_type_is_rsa(enum key_type type)
{
    return key_type_kind(type) == KEY_KIND_RSA;
}

enum key_kind key_type_kind(enum key_type type)
{
    return type < KEY_TYPE_NONE ? types[type].kind : KEY_KIND_NONE;
}

enum key_type key_type_in_hsm(enum key_type type)
{
    return type < KEY_TYPE_NONE ? types[type].in_hsm : KEY_TYPE_NONE;
}

static const struct str_view *text_at(const struct key_texts *t, size_t i)
{
    const struct str_view *const order[] = {&t->name, &t->tags, &t->jwk, &t->secret, &t->policy};

    return order[i];
}

#define N_TEXTS 5

bool key_version_encode(const struct key_version *v, struct buf *out)
{
    buf_add(out, &v->meta, sizeof(v->meta));
    for (size_t i = 0; i < N_TEXTS; i++) {
        uint32_t len = (uint32_t) text_at(&v->texts, i)->len;

        buf_add(out, &len, sizeof(len));
    }
    for (size_t i = 0; i < N_TEXTS; i++) {
        buf_add(out, text_at(&v->texts, i)->ptr, text_at(&v->texts, i)->len);
    }
    return buf_ok(out);
}

bool key_version_decode(const void *data, size_t len, struct key_version *ret)
{
    const char *p = data;
    uint32_t lens[N_TEXTS];
    size_t at = sizeof(ret->meta) + sizeof(lens);
    struct str_view *const order[] = {&ret->texts.name, &ret->texts.tags, &ret->texts.jwk,
                                      &ret->texts.secret, &ret->texts.policy};

    if (len < at) {
        return false;
    }
    memcpy(&ret->meta, p, sizeof(ret->meta));
    memcpy(lens, p + sizeof(ret->meta), sizeof(lens));
    for (size_t i = 0; i < N_TEXTS; i++) {
        if (lens[i] > len - at) {
            return false;
        }
        *order[i] = (struct str_view){p + at, lens[i]};
        at += lens[i];
    }
    return at == len;
}

unsigned key_meta_ops(const struct key_meta *m)
{
    unsigned bits = 0;

    for (size_t i = 0; i < m->n_ops; i++) {
        bits |= 1u << m->ops[i];
    }
    return bits;
}

void key_meta_set_ops(struct key_meta *m, const unsigned *ops, size_t n)
{
    m->n_ops = 0;
    for (size_t i = 0; i < n && m->n_ops < KEY_OPS_COUNT; i++) {
        uint8_t bit = (uint8_t) __builtin_ctz(ops[i]);

        if ((key_meta_ops(m) & ops[i]) == 0) {
            m->ops[m->n_ops++] = bit;
        }
    }
}

/* ", "a", "b"" without the first comma: names of the set bits, in the order of ops. */
static void names_of(const unsigned *ops, size_t n, unsigned set, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if ((ops[i] & set) != 0) {
            buf_fmt(out, "%s\"%s\"", out->len > 0 ? ", " : "", key_op_name((enum key_op) ops[i]));
        }
    }
}

bool key_ops_check(enum key_type type, const unsigned *ops, size_t n, struct az_error *reterr)
{
    enum key_kind kind = key_type_kind(type);
    CLEANUP(buf_done) struct buf bad = {0};
    CLEANUP(buf_done) struct buf good = {0};
    unsigned fit;

    assert(kind < ARRAY_LEN(default_ops));
    fit = more_ops[kind];
    for (size_t i = 0; i < KEY_OPS_COUNT; i++) {
        fit |= default_ops[kind][i];
    }
    names_of(ops, n, ~fit, &bad);
    names_of(default_ops[kind], KEY_OPS_COUNT, fit, &good);
    /* The service's text: Azure/AzureKeyVault issue 22, quoted for the import of an EC
     * certificate's key. */
    return bad.len == 0 || az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                                   "Unsupported key operation(s): %.*s. Supported values are %.*s.",
                                   (int) bad.len, bad.data, (int) good.len, good.data);
}

void key_meta_default_ops(struct key_meta *m)
{
    size_t kind = (size_t) key_type_kind((enum key_type) m->type);
    size_t n = 0;

    assert(kind < ARRAY_LEN(default_ops));
    while (n < KEY_OPS_COUNT && default_ops[kind][n] != 0) {
        n++;
    }
    key_meta_set_ops(m, default_ops[kind], n);
}

struct key_spec key_meta_spec(const struct key_meta *m)
{
    return (struct key_spec){.kind = key_type_kind((enum key_type) m->type),
                             .bits = m->bits,
                             .curve = (enum key_curve) m->curve,
                             .pq = (enum key_pq) m->pq};
}

bool key_meta_is_exchange_key(const struct key_meta *m)
{
    return key_meta_ops(m) == (unsigned) KEY_OP_IMPORT;
}

bool key_may_use(const struct key_meta *m, enum key_op op, int64_t now_s, struct az_error *reterr)
{
    const unsigned always = KEY_OP_DECRYPT | KEY_OP_UNWRAP | KEY_OP_SECURE_UNWRAP | KEY_OP_VERIFY;
    bool early = m->has_nbf && now_s < m->nbf_s;
    bool late = m->has_exp && now_s >= m->exp_s;

    if (!m->enabled) {
        return az_fail_inner(reterr, AZ_ERR_FORBIDDEN, "KeyDisabled",
                             "Operation %s is not allowed on a disabled key.", key_op_name(op));
    }
    if ((early || late) && ((unsigned) op & always) == 0) {
        /* The service's text is unverified; the inner code too (azure-rules.md section 4). */
        return az_fail_inner(reterr, AZ_ERR_FORBIDDEN, early ? "KeyNotYetValid" : "KeyExpired",
                             "Operation %s is not allowed on %s key.", key_op_name(op),
                             early ? "a not yet valid" : "an expired");
    }
    if ((key_meta_ops(m) & (unsigned) op) == 0) {
        return az_fail_inner(reterr, AZ_ERR_FORBIDDEN, "KeyOperationForbidden",
                             "Operation %s is not permitted on this key.", key_op_name(op));
    }
    return true;
}

bool key_name_check(struct str_view name, struct az_error *reterr)
{
    bool good = name.len > 0 && name.len <= KEY_NAME_MAX;

    if (name.len == 0) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Operation not specified");
    }
    for (size_t i = 0; good && i < name.len; i++) {
        good = (isalnum((unsigned char) name.ptr[i]) && (unsigned char) name.ptr[i] < 0x80) ||
               name.ptr[i] == '-';
    }
    return good ||
           az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The request URI contains an invalid name: %.*s",
                   (int) (name.len < 256 ? name.len : 256), name.ptr);
}
