/* SPDX-License-Identifier: MIT */
/* Keys: types, stored form, what their attributes allow at a moment (azure-rules.md section 4). */
#include "tests/support.h"
#include "vault/domain/key.h"

#define NOW INT64_C(1800000000)

static void types_have_their_wire_names_and_no_others(void **state)
{
    static const struct {
        const char *name;
        bool hsm, rsa;
    } types[] = {
        {"RSA",     false, true },
        {"RSA-HSM", true,  true },
        {"EC",      false, false},
        {"EC-HSM",  true,  false},
        {"oct",     false, false},
        {"oct-HSM", true,  false},
        {"AKP",     false, false},
        {"AKP-HSM", true,  false},
    };
    static const char *const bad[] = {"", "rsa", "Rsa", "OCT", "RSA-hsm", "DSA", " RSA"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        enum key_type t = key_type_parse(types[i].name);

        assert_int_not_equal(t, KEY_TYPE_NONE);
        assert_string_equal(key_type_name(t), types[i].name);
        assert_int_equal(key_type_is_hsm(t), types[i].hsm);
        assert_int_equal(key_type_is_rsa(t), types[i].rsa);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(key_type_parse(bad[i]), KEY_TYPE_NONE);
    }
    assert_string_equal(key_type_name(KEY_TYPE_NONE), "");
}

static struct key_version sample(void)
{
    static const char secret[] = "sealed\0bytes";
    struct key_version v = {
        .meta = {.created_s = NOW,
                 .type = KEY_RSA,
                 .bits = 2048,
                 .enabled = 1,
                 .version = "00112233445566778899aabbccddeeff"},
        .texts = {sv_from("MyKey"),
                 sv_from("{\"a\":\"b\"}"),
                 sv_from("\"n\":\"x\",\"e\":\"AQAB\""),
                 {secret, sizeof(secret)},
                 sv_from("{\"data\":\"e30\"}")                }
    };

    return v;
}

static void a_stored_version_comes_back_whole(void **state)
{
    CLEANUP(buf_done) struct buf out = {0};
    struct key_version v = sample();
    struct key_version got;

    (void) state;
    assert_true(key_version_encode(&v, &out));
    assert_true(key_version_decode(out.data, out.len, &got));
    assert_memory_equal(&got.meta, &v.meta, sizeof(v.meta));
    assert_true(sv_eq(got.texts.name, "MyKey"));
    assert_true(sv_eq(got.texts.tags, "{\"a\":\"b\"}"));
    assert_int_equal(got.texts.secret.len, v.texts.secret.len);
    assert_memory_equal(got.texts.secret.ptr, v.texts.secret.ptr, v.texts.secret.len);
    assert_true(sv_eq(got.texts.policy, "{\"data\":\"e30\"}"));
}

static void a_damaged_record_is_refused(void **state)
{
    CLEANUP(buf_done) struct buf out = {0};
    struct key_version v = sample();
    struct key_version got;

    (void) state;
    assert_true(key_version_encode(&v, &out));
    for (size_t len = 0; len < out.len; len++) {
        assert_false(key_version_decode(out.data, len, &got));
    }
    buf_add(&out, "x", 1);
    assert_false(key_version_decode(out.data, out.len, &got));
    out.len--;
    memset(out.data + sizeof(struct key_meta), 0xff, 4); /* a length that reaches outside */
    assert_false(key_version_decode(out.data, out.len, &got));
}

static void operations_keep_the_order_given_and_count_once(void **state)
{
    static const unsigned ops[] = {KEY_OP_WRAP, KEY_OP_SIGN, KEY_OP_WRAP, KEY_OP_UNWRAP};
    struct key_meta m = {0};

    (void) state;
    key_meta_set_ops(&m, ops, ARRAY_LEN(ops));
    assert_int_equal(m.n_ops, 3);
    assert_int_equal(1u << m.ops[0], KEY_OP_WRAP);
    assert_int_equal(1u << m.ops[1], KEY_OP_SIGN);
    assert_int_equal(1u << m.ops[2], KEY_OP_UNWRAP);
    assert_int_equal(key_meta_ops(&m), KEY_OP_WRAP | KEY_OP_SIGN | KEY_OP_UNWRAP);
    key_meta_set_ops(&m, ops, 0);
    assert_int_equal(key_meta_ops(&m), 0);
}

static const unsigned all_ops[] = {KEY_OP_ENCRYPT, KEY_OP_DECRYPT, KEY_OP_SIGN,
                                   KEY_OP_VERIFY,  KEY_OP_WRAP,    KEY_OP_UNWRAP};

/* NULL: allowed; else the inner code of the refusal. */
static const char *use(const struct key_meta *m, unsigned op, int64_t now)
{
    struct az_error err = {0};

    if (key_may_use(m, (enum key_op) op, now, &err)) {
        return NULL;
    }
    assert_int_equal(err.errc, AZ_ERR_FORBIDDEN);
    assert_int_equal(az_error_status(&err), 403);
    assert_non_null(strstr(err.message, key_op_name((enum key_op) op)));
    return err.inner;
}

static struct key_meta usable(void)
{
    struct key_meta m = {.enabled = 1};

    key_meta_set_ops(&m, all_ops, ARRAY_LEN(all_ops));
    return m;
}

static void an_enabled_key_without_dates_may_do_all_its_operations(void **state)
{
    struct key_meta m = usable();

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(all_ops); i++) {
        assert_null(use(&m, all_ops[i], NOW));
    }
}

static void a_disabled_key_may_do_nothing(void **state)
{
    struct key_meta m = usable();

    (void) state;
    m.enabled = 0;
    for (size_t i = 0; i < ARRAY_LEN(all_ops); i++) {
        assert_string_equal(use(&m, all_ops[i], NOW), "KeyDisabled");
    }
}

/* key-attributes.md: "Date-time controlled operations". */
static void outside_its_window_a_key_only_undoes(void **state)
{
    struct key_meta m = usable();

    (void) state;
    m.has_nbf = 1;
    m.nbf_s = NOW;
    m.has_exp = 1;
    m.exp_s = NOW + 10;
    for (size_t i = 0; i < ARRAY_LEN(all_ops); i++) {
        unsigned op = all_ops[i];
        bool undoes = (op & (KEY_OP_DECRYPT | KEY_OP_UNWRAP | KEY_OP_VERIFY)) != 0;
        const char *early = use(&m, op, NOW - 1);
        const char *late = use(&m, op, NOW + 10);

        assert_null(use(&m, op, NOW)); /* nbf itself is inside, exp itself is not */
        assert_null(use(&m, op, NOW + 9));
        if (undoes) {
            assert_null(early);
            assert_null(late);
        } else {
            assert_string_equal(early, "KeyNotYetValid");
            assert_string_equal(late, "KeyExpired");
        }
    }
}

static void an_operation_that_key_ops_does_not_name_is_refused(void **state)
{
    struct key_meta m = usable();
    const unsigned only = KEY_OP_SIGN;

    (void) state;
    key_meta_set_ops(&m, &only, 1);
    assert_null(use(&m, KEY_OP_SIGN, NOW));
    assert_string_equal(use(&m, KEY_OP_VERIFY, NOW), "KeyOperationForbidden");
    assert_string_equal(use(&m, KEY_OP_UNWRAP, NOW), "KeyOperationForbidden");
}

static void disabled_is_said_before_expired_and_expired_before_key_ops(void **state)
{
    struct key_meta m = usable();
    const unsigned only = KEY_OP_SIGN;

    (void) state;
    key_meta_set_ops(&m, &only, 1);
    m.has_exp = 1;
    m.exp_s = NOW;
    assert_string_equal(use(&m, KEY_OP_WRAP, NOW), "KeyExpired");
    m.enabled = 0;
    assert_string_equal(use(&m, KEY_OP_WRAP, NOW), "KeyDisabled");
}

static void names_are_letters_digits_and_dashes(void **state)
{
    static const char *const good[] = {
        "k", "My-Key-1", "-", "0",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const bad[] = {"a_b", "a.b", "a b", "a/b", "k\xc3\xa9", "k%", "k\n"};
    char text[KEY_NAME_MAX + 2];
    struct az_error err = {0};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(key_name_check(sv_from(good[i]), &err));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(key_name_check(sv_from(bad[i]), &err));
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        assert_non_null(strstr(err.message, "invalid name"));
    }
    assert_false(key_name_check(sv_from(""), &err));
    assert_string_equal(err.message, "Operation not specified");
    memset(text, 'a', sizeof(text));
    assert_true(key_name_check((struct str_view){text, KEY_NAME_MAX}, &err));
    assert_false(key_name_check((struct str_view){text, KEY_NAME_MAX + 1}, &err));
}

/* Recorded for RSA and EC (wire-samples.md part 1). */
static void each_type_has_its_kind_its_hsm_form_and_its_default_operations(void **state)
{
    static const struct {
        enum key_type type, hsm;
        enum key_kind kind;
        unsigned ops;
    } rows[] = {
        {KEY_RSA, KEY_RSA_HSM, KEY_KIND_RSA,
         KEY_OP_ENCRYPT | KEY_OP_DECRYPT | KEY_OP_SIGN | KEY_OP_VERIFY | KEY_OP_WRAP |
             KEY_OP_UNWRAP                                              },
        {KEY_EC,  KEY_EC_HSM,  KEY_KIND_EC,  KEY_OP_SIGN | KEY_OP_VERIFY},
        {KEY_OCT, KEY_OCT_HSM, KEY_KIND_OCT,
         KEY_OP_ENCRYPT | KEY_OP_DECRYPT | KEY_OP_WRAP | KEY_OP_UNWRAP  },
        {KEY_AKP, KEY_AKP_HSM, KEY_KIND_AKP, KEY_OP_SIGN | KEY_OP_VERIFY},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const enum key_type both[] = {rows[i].type, rows[i].hsm};

        for (size_t j = 0; j < ARRAY_LEN(both); j++) {
            struct key_meta m = {
                .type = both[j], .bits = 1, .curve = CURVE_P384, .pq = PQ_ML_DSA_65};
            struct key_spec spec = key_meta_spec(&m);

            key_meta_default_ops(&m);
            assert_int_equal(key_meta_ops(&m), rows[i].ops);
            assert_false(key_meta_is_exchange_key(&m));
            assert_int_equal(key_type_in_hsm(both[j]), rows[i].hsm);
            assert_int_equal(spec.kind, rows[i].kind);
            assert_int_equal(spec.bits, 1);
            assert_int_equal(spec.curve, CURVE_P384);
            assert_int_equal(spec.pq, PQ_ML_DSA_65);
        }
    }
    assert_int_equal(key_type_in_hsm(KEY_TYPE_NONE), KEY_TYPE_NONE);
    assert_int_equal(key_type_kind(KEY_TYPE_NONE), KEY_KIND_NONE);
}

static void a_key_for_import_only_is_an_exchange_key(void **state)
{
    static const unsigned ops[] = {KEY_OP_IMPORT, KEY_OP_WRAP};
    struct key_meta m = {0};

    (void) state;
    key_meta_set_ops(&m, ops, 1);
    assert_true(key_meta_is_exchange_key(&m));
    key_meta_set_ops(&m, ops, 2);
    assert_false(key_meta_is_exchange_key(&m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_their_wire_names_and_no_others),
        cmocka_unit_test(a_stored_version_comes_back_whole),
        cmocka_unit_test(a_damaged_record_is_refused),
        cmocka_unit_test(operations_keep_the_order_given_and_count_once),
        cmocka_unit_test(an_enabled_key_without_dates_may_do_all_its_operations),
        cmocka_unit_test(a_disabled_key_may_do_nothing),
        cmocka_unit_test(outside_its_window_a_key_only_undoes),
        cmocka_unit_test(an_operation_that_key_ops_does_not_name_is_refused),
        cmocka_unit_test(disabled_is_said_before_expired_and_expired_before_key_ops),
        cmocka_unit_test(names_are_letters_digits_and_dashes),
        cmocka_unit_test(each_type_has_its_kind_its_hsm_form_and_its_default_operations),
        cmocka_unit_test(a_key_for_import_only_is_an_exchange_key),
    };

    return cmocka_run_group_tests_name("vault_key", tests, NULL, NULL);
}
