/* SPDX-License-Identifier: MIT */
/*
 * Which key an encryption names: a kid as copied, in both host forms, or vault and key (key.uri,
 * key.select; OAI22 OAI24 AIS20 FACE25 LANG25). What is no name never gets into a request.
 */
#include "common/json.h"
#include "provider/domain/key_ref.h"
#include "tests/support.h"

#define V "0123456789abcdef0123456789abcdef"

static const struct site_names names = {
    .ports = {7443, 7444, 7445, 7446}
};

static const struct {
    const char *uri, *name, *version;
    const char *vault; /* NULL: not a vault's */
    const char *key, *key_version;
} good[] = {
    {"https://demo.vault.azure.net/",                   "k", V,                                  "demo", "k",   V },
    {"https://demo.vault.azure.net",                    "k", "",                                 "demo", "k",   ""},
    {"HTTPS://Demo.Vault.Azure.Net:443/",               "k", "",                                 "demo", "k",   ""},
    {"https://demo.vault.localhost:7443/",              "k", V,                                  "demo", "k",   V },
    {"https://demo.vault.azure.net/keys/k/" V,          "",  "",                                 "demo", "k",   V },
    {"https://demo.vault.azure.net/keys/k/" V "/",      "",  "",                                 "demo", "k",   V },
    {"https://demo.vault.localhost:7443/keys/a-1/" V,   "",  "",                                 "demo", "a-1", V },
    {"https://demo.vault.azure.net/keys/k",             "",  "",                                 "demo", "k",   ""},
    {"https://demo.vault.azure.net/keys/k/",            "",  "",                                 "demo", "k",   ""},
    {"https://demo.vault.azure.net/keys/k/" V,          "K", V,                                  "demo", "k",   V },
    {"https://demo.vault.azure.net/keys/k",             "k", V,                                  "demo", "k",   V },
    {"https://demo.vault.azure.net/",                   "k", "0123456789ABCDEF0123456789abcdef", "demo", "k",   V },
    {"https://example.com/keys/k/" V,                   "k", "",                                 NULL,   "k",   ""},
    {"https://demo.vault.azure.net.example.com/keys/k", "k", "",                                 NULL,   "k",   ""},
    {"http://demo.vault.azure.net/keys/k",              "k", "",                                 NULL,   "k",   ""},
    {"https://demo.vault.azure.net@example.com/",       "k", "",                                 NULL,   "k",   ""},
    {"demo",                                            "k", "",                                 NULL,   "k",   ""},
};

static json_t *kvp(const char *uri, const char *name, const char *version)
{
    return json_pack("{s:s,s:s,s:s}", "keyVaultUri", uri, "keyName", name, "keyVersion", version);
}

static void a_key_is_found_in_every_form(void **state)
{
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO_JSON *doc = kvp(good[i].uri, good[i].name, good[i].version);
        struct key_ref r;
        const char *why;
        bool version_wrong;

        assert_true(key_ref_parse(&names, doc, &r, &why, &version_wrong));
        assert_true(r.given);
        assert_int_equal(r.home, good[i].vault ? CMK_HOME_VAULT : CMK_HOME_ELSEWHERE);
        assert_string_equal(r.vault, good[i].vault ? good[i].vault : "");
        assert_string_equal(r.name, good[i].key);
        assert_string_equal(r.version, good[i].key_version);
    }
}

static void what_names_no_key_or_two_is_refused(void **state)
{
    static const struct {
        const char *uri, *name, *version;
        bool version_wrong;
    } bad[] = {
        {"https://demo.vault.azure.net/",               "k/../x",   "",                                 false},
        {"https://demo.vault.azure.net/",               "k?x=1",    "",                                 false},
        {"https://demo.vault.azure.net/",               "\xc3\xa4", "",                                 false},
        {"https://demo.vault.azure.net/",               "k",        "current",                          true },
        {"https://demo.vault.azure.net/",               "k",        V "0",                              true },
        {"https://demo.vault.azure.net/",               "k",        "../../x",                          true },
        {"https://demo.vault.azure.net/keys/k/" V,      "other",    "",                                 false},
        {"https://demo.vault.azure.net/keys/k/" V,      "k",        "ffffffffffffffffffffffffffffffff", true },
        {"https://demo.vault.azure.net/keys/k/" V "/x", "",         "",                                 true },
        {"https://demo.vault.azure.net/secrets/k/" V,   "",         "",                                 false},
        {"https://demo.vault.azure.net/keys/",          "k",        "",                                 false},
        {"https://demo.vault.azure.net/keys/a%20b",     "",         "",                                 false},
        {"https://demo.vault.azure.net/?x=y",           "k",        "",                                 false},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_JSON *doc = kvp(bad[i].uri, bad[i].name, bad[i].version);
        struct key_ref r;
        const char *why = NULL;
        bool version_wrong = false;

        assert_false(key_ref_parse(&names, doc, &r, &why, &version_wrong));
        assert_non_null(why);
        assert_int_equal(version_wrong, bad[i].version_wrong);
    }
}

static void a_name_of_any_length_is_taken_whole_or_not(void **state)
{
    char name[200];

    (void) state;
    memset(name, 'a', sizeof(name));
    for (size_t len = 126; len < 130; len++) {
        struct key_ref r;
        const char *why;
        bool version_wrong;

        name[len] = '\0';
        AUTO_JSON *doc = kvp("https://demo.vault.azure.net/", name, "");

        assert_int_equal(key_ref_parse(&names, doc, &r, &why, &version_wrong), len <= 127);
        name[len] = 'a';
    }
}

static void a_managed_hsm_is_known_as_one(void **state)
{
    static const char *const uris[] = {"https://h.managedhsm.azure.net/",
                                       "https://h.managedhsm.azure.net:443/keys/k/" V};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        AUTO_JSON *doc = kvp(uris[i], "k", "");
        struct key_ref r;
        const char *why;
        bool version_wrong;

        assert_true(key_ref_parse(&names, doc, &r, &why, &version_wrong));
        assert_int_equal(r.home, CMK_HOME_MANAGED_HSM);
        assert_true(r.given);
    }
}

static void without_a_key_none_is_given(void **state)
{
    static const char *const bodies[] = {"{}", "{\"keyName\":\"k\"}",
                                         "{\"keyVaultUri\":\"https://demo.vault.azure.net/\"}",
                                         "{\"keyVaultUri\":1,\"keyName\":[]}"};
    struct key_ref r;
    const char *why;
    bool version_wrong;

    (void) state;
    assert_true(key_ref_parse(&names, NULL, &r, &why, &version_wrong));
    assert_false(r.given);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        AUTO_JSON *doc = json_loads(bodies[i], 0, NULL);

        assert_true(key_ref_parse(&names, doc, &r, &why, &version_wrong));
        assert_false(r.given);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_in_every_form),
        cmocka_unit_test(what_names_no_key_or_two_is_refused),
        cmocka_unit_test(a_name_of_any_length_is_taken_whole_or_not),
        cmocka_unit_test(a_managed_hsm_is_known_as_one),
        cmocka_unit_test(without_a_key_none_is_given),
    };

    return cmocka_run_group_tests_name("key_ref", tests, NULL, NULL);
}
