/* SPDX-License-Identifier: MIT */
/* Signed JSON under keys in files. RFC 7515. */
#include <pthread.h>
#include <sys/stat.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/jws.h"
#include "tests/support.h"

struct fixture {
    struct test_dir dir;
    char path[256];
    struct jws_key *key;
    char *token;
};

static int setup(void **state)
{
    static struct fixture f;
    AUTO_JSON *header = json_pack("{s:s}", "typ", "JWT");
    struct az_error err;

    f = (struct fixture){0};
    test_dir_make(&f.dir);
    (void) test_dir_file(&f.dir, "key.json", f.path);
    assert_ok(jws_key_open(f.path, &f.key, &err), &err);
    assert_ok(jws_sign(f.key, header, sv_from("{\"a\":1}"), &f.token, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->token);
    jws_key_free(f->key);
    test_dir_remove(&f->dir);
    return 0;
}

static void what_a_key_signs_its_set_verifies(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON *set = jws_key_set(f->key);
    AUTO_JSON *claims = jws_verify(set, sv_from(f->token));

    assert_int_equal(json_integer_value(json_object_get(claims, "a")), 1);
    assert_memory_equal(f->token, "eyJhbGciOiJSUzI1NiIsImtpZCI6", 28); /* {"alg":"RS256","kid": */
}

static void a_set_holds_nothing_private_and_the_file_is_its_owners(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON *set = jws_key_set(f->key);
    json_t *jwk = json_array_get(json_object_get(set, "keys"), 0);
    struct stat st;

    assert_int_equal(json_object_size(jwk), 6);
    assert_null(json_object_get(jwk, "d"));
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void a_key_stays_the_same_when_it_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct jws_key *again = NULL;
    struct az_error err;

    assert_ok(jws_key_open(f->path, &again, &err), &err);
    assert_string_equal(jws_key_id(again), jws_key_id(f->key));
    jws_key_free(again);
}

static void a_changed_token_another_key_or_algorithm_is_not_verified(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON *set = jws_key_set(f->key);
    AUTO_JSON *none = json_pack("{s:[]}", "keys");
    CLEANUP(buf_done) struct buf unsigned_token = {0};
    const char *payload = strchr(f->token, '.');
    size_t len = strlen(f->token);

    for (size_t i = 0; i < len; i += 7) {
        char kept = f->token[i];

        f->token[i] = kept == 'A' ? 'B' : 'A';
        assert_null(jws_verify(set, sv_from(f->token)));
        f->token[i] = kept;
    }
    for (size_t i = 0; i < len; i++) {
        assert_null(jws_verify(set, (struct str_view){f->token, i}));
    }
    assert_null(jws_verify(none, sv_from(f->token)));
    assert_null(jws_verify(NULL, sv_from(f->token)));
    base64url_write(&unsigned_token, "{\"alg\":\"none\"}", 14);
    buf_fmt(&unsigned_token, "%.*s.", (int) (strrchr(payload, '.') - payload), payload);
    assert_null(jws_verify(set, sv_from(unsigned_token.data)));
    assert_null(jws_verify(set, sv_from("")));
    assert_null(jws_verify(set, sv_from("a.b.c.d")));
}

static void *open_one(void *path)
{
    struct jws_key *k = NULL;
    struct az_error err;
    char *id = NULL;

    if (jws_key_open(path, &k, &err)) {
        id = strdup(jws_key_id(k));
    }
    jws_key_free(k);
    return id;
}

static void who_opens_at_once_gets_one_key(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    char path[256];
    char *first = NULL;

    (void) test_dir_file(&f->dir, "fresh.json", path);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, open_one, path), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *id = NULL;

        assert_int_equal(pthread_join(threads[i], &id), 0);
        assert_non_null(id);
        if (first) {
            assert_string_equal(id, first);
            free(id);
        } else {
            first = id;
        }
    }
    free(first);
}

static void a_damaged_file_is_an_error_and_is_not_replaced(void **state)
{
    struct fixture *f = *state;
    struct jws_key *k = NULL;
    struct az_error err;
    char path[256];
    FILE *file = fopen(test_dir_file(&f->dir, "bad.json", path), "w");
    struct stat st;

    assert_non_null(file);
    assert_true(fputs("{", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_false(jws_key_open(path, &k, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_key_signs_its_set_verifies, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_holds_nothing_private_and_the_file_is_its_owners,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_stays_the_same_when_it_is_opened_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_changed_token_another_key_or_algorithm_is_not_verified,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_opens_at_once_gets_one_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_an_error_and_is_not_replaced, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
