/* SPDX-License-Identifier: MIT */
/* base64url: RFC 4648 section 10 in the URL alphabet, RFC 7515 appendix C, and what is refused. */
#include <ctype.h>

#include "common/base64url.h"
#include "tests/support.h"

static void published_texts_are_written_and_read(void **state)
{
    static const struct {
        const char *plain, *text;
    } vectors[] = {
  /* RFC 4648 section 10, less the padding */
        {"",                     ""        },
        {"f",                    "Zg"      },
        {"fo",                   "Zm8"     },
        {"foo",                  "Zm9v"    },
        {"foob",                 "Zm9vYg"  },
        {"fooba",                "Zm9vYmE" },
        {"foobar",               "Zm9vYmFy"},
 /* RFC 7515 appendix C */
        {"\x03\xec\xff\xe0\xc1", "A-z_4ME" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(bytes_clear_free) struct bytes raw = {0};
        size_t len = strlen(vectors[i].plain);

        base64url_write(&out, vectors[i].plain, len);
        assert_string_equal(out.data ? out.data : "", vectors[i].text);
        assert_true(base64url_read(sv_from(vectors[i].text), &raw));
        assert_int_equal(raw.len, len);
        assert_memory_equal(raw.data, vectors[i].plain, len);
    }
}

static void every_length_comes_back(void **state)
{
    uint8_t data[257];

    (void) state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t) (i * 37);
    }
    for (size_t len = 0; len <= sizeof(data); len++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(bytes_clear_free) struct bytes raw = {0};

        base64url_write(&out, data, len);
        assert_int_equal(out.len, (len * 8 + 5) / 6);
        assert_true(base64url_read((struct str_view){out.data, out.len}, &raw));
        assert_int_equal(raw.len, len);
        assert_memory_equal(raw.data, data, len);
    }
}

static void padding_is_stripped_when_read(void **state)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};

    (void) state;
    assert_true(base64url_read(sv_from("Zg=="), &raw)); /* recorded: base64url.h */
    assert_int_equal(raw.len, 1);
}

static void what_is_no_base64url_is_refused(void **state)
{
    static const char *const bad[] = {
        "Zg+/",        /* the other alphabet */
        "Z",           /* an impossible length */
        "Zm9vY", "Zh", /* bits that belong to nothing */
        "Zm9=v", "Zm 9v", "Zm9v\n", "Zm9v\xc3\xbc",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct bytes raw = {0};

        if (base64url_read(sv_from(bad[i]), &raw)) {
            fail_msg("'%s' was read", bad[i]);
        }
        assert_null(raw.data);
    }
}

/* With a first character drawn from the whole alphabet this fails but once in 10^27. */
static void a_secret_is_43_characters_that_no_program_takes_for_an_option(void **state)
{
    char last[BASE64URL_SECRET] = "";

    (void) state;
    for (int i = 0; i < 4000; i++) {
        char secret[BASE64URL_SECRET];
        struct bytes raw = {0};

        assert_true(base64url_secret(secret));
        assert_true(isalnum((unsigned char) secret[0]));
        assert_true(base64url_read(sv_from(secret), &raw));
        assert_int_equal(raw.len, 32);
        bytes_clear_free(&raw);
        assert_string_not_equal(secret, last);
        memcpy(last, secret, sizeof(last));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_texts_are_written_and_read),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(padding_is_stripped_when_read),
        cmocka_unit_test(what_is_no_base64url_is_refused),
        cmocka_unit_test(a_secret_is_43_characters_that_no_program_takes_for_an_option),
    };

    return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
