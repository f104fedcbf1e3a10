/* SPDX-License-Identifier: MIT */
/* Key release policies: rewritten as recorded, and every way in which one can be none. */
#include "common/base64url.h"
#include "common/limits.h"
#include "tests/support.h"
#include "vault/domain/release_policy.h"

static json_t *policy(const char *rules)
{
    CLEANUP(buf_done) struct buf data = {0};
    json_t *p = json_object();

    assert_non_null(p);
    base64url_write(&data, rules, strlen(rules));
    assert_int_equal(json_object_set_new(p, "data", json_stringn(data.data, data.len)), 0);
    return p;
}

/* The rules as they are stored; NULL: refused with BadParameter. */
static char *rewritten(const json_t *given)
{
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    struct az_error err;
    bool immutable = true;
    char why[100];
    char *out;

    if (!release_policy_read(given, &text, &immutable, &err)) {
        assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
        assert_string_equal(err.message, "Property release_policy has invalid value\r\n");
        return NULL;
    }
    AUTO_JSON *shown = json_parse((struct str_view){text.data, text.len}, why, sizeof(why));

    assert_int_equal(json_object_size(shown), 3);
    assert_int_equal(json_is_true(json_object_get(shown, "immutable")), immutable);
    assert_true(base64url_read(sv_from(json_string_value(json_object_get(shown, "data"))), &raw));
    out = sv_dup((struct str_view){(const char *) raw.data, raw.len});
    assert_non_null(out);
    return out;
}

/* Recorded, but for the authority's name: azure-sdk-for-go, TestReleaseKey. */
static void rules_are_written_anew_in_the_services_order(void **state)
{
    static const struct {
        const char *given, *stored;
    } rows[] = {
        {"{\"anyOf\":[{\"anyOf\":[{\"claim\":\"sdk-test\",\"equals\":\"true\"}],\"authority\":\"https://a\"}],\"version\":\"1.0.0\"}",
         "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"https://a\",\"anyOf\":[{\"claim\":\"sdk-test\",\"equals\":\"true\"}]}]}"                                                   },
        {" { \"version\": \"1.0.0\", \"anyOf\": [ {\"authority\":\"b\", \"allOf\":[ {\"equals\":true,\"claim\":\"x\"}, {\"anyOf\":[ {\"claim\":\"y\",\"equals\":\"\\u00fc\"} ]} ]} ] } ",
         "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"b\",\"allOf\":[{\"claim\":\"x\",\"equals\":true},{\"anyOf\":[{\"claim\":\"y\",\"equals\":\"\u00fc\"}]}]}]}"                },
        {"{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[{\"claim\":\"c\",\"equals\":false}]},{\"authority\":\"b\",\"anyOf\":[{\"claim\":\"c\",\"equals\":\"v\"}]}]}",
         "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[{\"claim\":\"c\",\"equals\":false}]},{\"authority\":\"b\",\"anyOf\":[{\"claim\":\"c\",\"equals\":\"v\"}]}]}"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *given = policy(rows[i].given);
        CLEANUP(free_str) char *stored = rewritten(given);

        assert_non_null(stored);
        assert_string_equal(stored, rows[i].stored);
    }
}

static void what_the_grammar_does_not_have_is_refused(void **state)
{
#define AUTH(conditions) \
    "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[" conditions "]}]}"
#define GOOD "{\"claim\":\"c\",\"equals\":\"v\"}"
    static const char *const bad[] = {
        "{",
        "{}",
        "[]",
        "{\"version\":\"1.0.0\"}",
        "{\"version\":1,\"anyOf\":[]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[]}",
        "{\"version\":\"1.0.0\",\"anyOf\":{}}",
        "{\"version\":\"1.0.0\",\"someOf\":[1]}",
        "{\"version\":\"1.0.0\",\"allOf\":[{\"authority\":\"a\",\"anyOf\":[" GOOD "]}]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[" GOOD "]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"\",\"anyOf\":[" GOOD "]}]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[" GOOD
        "],\"allOf\":[" GOOD "]}]}",
        "{\"version\":\"2.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[" GOOD "]}]}",
        AUTH(""),
        AUTH("1"),
        AUTH("{}"),
        AUTH("{\"claim\":\"c\"}"),
        AUTH("{\"equals\":\"v\"}"),
        AUTH("{\"claim\":\"\",\"equals\":\"v\"}"),
        AUTH("{\"claim\":\"c\",\"equals\":null}"),
        AUTH("{\"claim\":\"c\",\"equals\":{}}"),
        AUTH("{\"claim\":\"c\",\"notEquals\":\"v\"}"),
        AUTH("{\"claim\":\"c\",\"equals\":\"v\",\"more\":1}"),
        AUTH("{\"claim\":\"c\",\"anyOf\":[" GOOD "]}"),
        AUTH(GOOD ",null"),
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_JSON *given = policy(bad[i]);

        if (rewritten(given)) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    AUTO_JSON *good = policy(AUTH(GOOD));
    CLEANUP(free_str) char *stored = rewritten(good);

    assert_non_null(stored);
}

/* AUTH's conditions are the third list; each nesting opens one more. */
static void conditions_nest_as_deep_as_the_limit(void **state)
{
    (void) state;
    for (size_t nested = 0; nested < LIMIT_POLICY_DEPTH + 3; nested++) {
        CLEANUP(buf_done) struct buf b = {0};

        buf_str(&b, "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\",\"anyOf\":[");
        for (size_t i = 0; i < nested; i++) {
            buf_str(&b, "{\"anyOf\":[");
        }
        buf_str(&b, GOOD);
        for (size_t i = 0; i < nested; i++) {
            buf_str(&b, "]}");
        }
        buf_str(&b, "]}]}");
        AUTO_JSON *given = policy(b.data);
        CLEANUP(free_str) char *stored = rewritten(given);

        assert_int_equal(stored != NULL, nested + 2 <= LIMIT_POLICY_DEPTH);
    }
}

static void members_of_the_wrong_type_are_refused(void **state)
{
    static const char *const members[] = {"contentType", "data", "immutable"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        AUTO_JSON *given = policy(AUTH(GOOD));

        assert_int_equal(json_object_set_new(given, members[i], json_integer(1)), 0);
        assert_null(rewritten(given));
    }
    AUTO_JSON *none = json_object();

    assert_null(rewritten(none));
}

static void the_content_type_is_kept_and_has_a_default(void **state)
{
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(buf_done) struct buf other = {0};
    AUTO_JSON *given = policy(AUTH(GOOD));
    struct az_error err;
    bool immutable;

    (void) state;
    assert_true(release_policy_read(given, &text, &immutable, &err));
    assert_false(immutable);
    assert_non_null(
        strstr(text.data, "{\"contentType\":\"application/json; charset=utf-8\",\"data\":\""));
    assert_int_equal(json_object_set_new(given, "contentType", json_string("mine")), 0);
    assert_int_equal(json_object_set_new(given, "immutable", json_true()), 0);
    assert_true(release_policy_read(given, &other, &immutable, &err));
    assert_true(immutable);
    assert_non_null(strstr(other.data, "{\"contentType\":\"mine\",\"data\":\""));
    assert_non_null(strstr(other.data, "\",\"immutable\":true}"));
}

/* policy-grammar.md of the documents. */
static void claims_meet_what_the_rules_say_and_nothing_else_does(void **state)
{
    static const char rules[] =
        "{\"version\":\"1.0.0\",\"anyOf\":["
        "{\"authority\":\"https://one\",\"allOf\":["
        "{\"claim\":\"type\",\"equals\":\"sevsnpvm\"},"
        "{\"claim\":\"tee.status.ok\",\"equals\":true},"
        "{\"anyOf\":[{\"claim\":\"svn\",\"equals\":7},{\"claim\":\"debug\",\"equals\":\"false\"}]}]},"
        "{\"authority\":\"https://two\",\"anyOf\":[{\"claim\":\"a.b\",\"equals\":\"x\"}]}]}";
#define TEE(ok) "{\"type\":\"sevsnpvm\",\"tee\":{\"status\":{\"ok\":" ok "}}"
    static const struct {
        const char *authority, *claims;
        bool met;
    } rows[] = {
        {"https://one",   TEE("true") ",\"svn\":7}",                                         true },
        {"https://one",   TEE("true") ",\"svn\":7.0}",                                       true },
        {"https://one",   TEE("true") ",\"debug\":false}",                                   true },
        {"https://one",   TEE("true") ",\"svn\":8,\"debug\":true}",                          false},
        {"https://one",   TEE("true") "}",                                                   false},
        {"https://one",   TEE("false") ",\"svn\":7}",                                        false},
        {"https://one",   "{\"type\":\"sevsnpvm\",\"tee\":{\"status\":true},\"svn\":7}",     false},
        {"https://one",   "{\"type\":\"sgx\",\"tee\":{\"status\":{\"ok\":true}},\"svn\":7}", false},
        {"https://one",   "{\"a.b\":\"x\"}",                                                 false},
        {"https://two",   "{\"a.b\":\"x\"}",                                                 true },
        {"https://two",   "{\"a\":{\"b\":\"x\"}}",                                           true },
        {"https://two",   "{\"a\":{\"b\":\"y\"}}",                                           false},
        {"https://two",   "{\"a\":[\"x\"]}",                                                 false},
        {"https://two",   "{}",                                                              false},
        {"https://three", "{\"a.b\":\"x\"}",                                                 false},
        {"",              "{\"a.b\":\"x\"}",                                                 false},
    };
    CLEANUP(buf_done) struct buf text = {0};
    AUTO_JSON *given = policy(rules);
    struct az_error err;
    bool immutable;

    (void) state;
    assert_ok(release_policy_read(given, &text, &immutable, &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON *claims = json_loads(rows[i].claims, 0, NULL);

        assert_non_null(claims);
        if (release_policy_met((struct str_view){text.data, text.len}, rows[i].authority, claims) !=
            rows[i].met) {
            fail_msg("%s %s", rows[i].authority, rows[i].claims);
        }
    }
}

static void no_policy_is_never_met(void **state)
{
    static const char *const stored[] = {"", "{", "{}", "{\"data\":\"\"}", "{\"data\":\"e30\"}"};
    AUTO_JSON *claims = json_object();

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
        assert_false(release_policy_met(sv_from(stored[i]), "https://one", claims));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_meet_what_the_rules_say_and_nothing_else_does),
        cmocka_unit_test(conditions_nest_as_deep_as_the_limit),
        cmocka_unit_test(members_of_the_wrong_type_are_refused),
        cmocka_unit_test(no_policy_is_never_met),
        cmocka_unit_test(rules_are_written_anew_in_the_services_order),
        cmocka_unit_test(the_content_type_is_kept_and_has_a_default),
        cmocka_unit_test(what_the_grammar_does_not_have_is_refused),
    };
    return cmocka_run_group_tests_name("release_policy", tests, NULL, NULL);
}
