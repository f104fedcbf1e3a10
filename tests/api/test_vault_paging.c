/* SPDX-License-Identifier: MIT */
/* Lists in pages while keys come and go. Sizes 1..25: azure-rules.md section 1; marker of the next
 * item: wire-samples.md part 1. */
#include "tests/api/vault_fixture.h"

#define KEYS 60

static int setup(void **state)
{
    static struct vault_fixture f;
    char path[64];

    vault_fixture_open(&f);
    for (int i = 0; i < KEYS; i++) {
        (void) snprintf(path, sizeof(path), "/keys/k%03d/create", 2 * i);
        assert_int_equal(vault_call(&f, "POST", path, "{\"kty\":\"EC\"}"), 200);
    }
    *state = &f;
    return 0;
}

/* The number in ".../keys/kNUMBER" or, of a version, ".../keys/kNUMBER/VERSION". */
static int number_of(const json_t *item)
{
    const char *at = strstr(json_string_value(json_object_get(item, "kid")), "/keys/k");
    char digits[8];
    int n = -1;

    assert_non_null(at);
    at += strlen("/keys/k");
    (void) snprintf(digits, sizeof(digits), "%.*s", (int) strcspn(at, "/"), at);
    assert_true(test_number(digits, 2 * KEYS, &n));
    return n;
}

/* The next page's target in next (empty: none), its items' numbers in out. */
static size_t page(struct vault_fixture *f, const char *path, char next[1024], int out[25])
{
    const char *link;
    const json_t *item;
    size_t i;

    assert_int_equal(vault_call(f, "GET", next, NULL), 200);
    json_array_foreach(json_object_get(f->a.doc, "value"), i, item)
    {
        assert_true(i < 25);
        out[i] = number_of(item);
    }
    link = json_string_value(json_object_get(f->a.doc, "nextLink"));
    assert_true(json_object_get(f->a.doc, "nextLink") != NULL); /* always there, null at the end */
    (void) snprintf(next, 1024, "%s%s%s", link ? path : "", link ? "?" : "",
                    link ? strstr(link, "$skiptoken") : "");
    return i;
}

static void every_page_size_gives_every_key_once(void **state)
{
    for (int size = 1; size <= 25; size++) {
        char next[1024];
        int seen[25];
        int expected = 0;

        (void) snprintf(next, sizeof(next), "/keys?maxresults=%d", size);
        while (next[0]) {
            size_t n = page(*state, "/keys", next, seen);

            assert_true(n == (size_t) size || !next[0]);
            for (size_t i = 0; i < n; i++, expected += 2) {
                assert_int_equal(seen[i], expected);
            }
        }
        assert_int_equal(expected, 2 * KEYS);
    }
}

static void sizes_out_of_range_are_refused(void **state)
{
    static const char *const sizes[] = {"0", "26", "-1", "x", "", "1x", "99999999999999999999"};
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        (void) snprintf(path, sizeof(path), "/keys?maxresults=%s", sizes[i]);
        assert_int_equal(vault_call(*state, "GET", path, NULL), 400);
        assert_string_equal(api_text(((struct vault_fixture *) *state)->a.doc, "error.code"),
                            "BadParameter");
    }
}

static void a_marker_that_is_none_is_refused(void **state)
{
    static const char *const tokens[] = {"x", "%25", "eyJ9", "eyJOZXh0TWFya2VyIjoiMiE5NiF4In0"};
    char path[256];

    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        (void) snprintf(path, sizeof(path), "/keys?$skiptoken=%s", tokens[i]);
        assert_int_equal(vault_call(*state, "GET", path, NULL), 400);
    }
}

/* Between two pages: what lies ahead is seen as it is then, what lies behind is not seen again. */
static void a_walk_goes_on_while_keys_come_and_go(void **state)
{
    struct vault_fixture *f = *state;
    char next[1024] = "/keys?maxresults=10";
    int seen[25];

    assert_int_equal(page(f, "/keys", next, seen), 10); /* 0, 2, ... 18; the marker is 20 */
    assert_int_equal(vault_call(f, "DELETE", "/keys/k020", NULL), 200); /* the marker itself */
    assert_int_equal(vault_call(f, "DELETE", "/keys/k004", NULL), 200); /* behind */
    assert_int_equal(vault_call(f, "POST", "/keys/k005/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(vault_call(f, "POST", "/keys/k023/create", "{\"kty\":\"EC\"}"), 200);
    assert_int_equal(page(f, "/keys", next, seen), 10);
    for (int i = 0; i < 10; i++) { /* 22, 23, 24, 26, ... */
        assert_int_equal(seen[i], i < 2 ? 22 + i : 20 + 2 * i);
    }
    /* Everything ahead goes: an empty page ends the walk. */
    for (int i = 40; i < 2 * KEYS; i += 2) {
        char path[64];

        (void) snprintf(path, sizeof(path), "/keys/k%03d", i);
        assert_int_equal(vault_call(f, "DELETE", path, NULL), 200);
    }
    assert_int_equal(page(f, "/keys", next, seen), 0);
    assert_string_equal(next, "");
}

static void deleted_keys_are_walked_the_same_way(void **state)
{
    struct vault_fixture *f = *state;
    char next[1024] = "/deletedkeys?maxresults=7";
    int seen[25];
    int n = 0;

    for (int i = 0; i < 40; i += 2) {
        char path[64];

        (void) snprintf(path, sizeof(path), "/keys/k%03d", i);
        assert_int_equal(vault_call(f, "DELETE", path, NULL), 200);
    }
    while (next[0]) {
        n += (int) page(f, "/deletedkeys", next, seen);
    }
    assert_int_equal(n, 20);
}

static void versions_are_walked_in_the_order_of_their_ids(void **state)
{
    struct vault_fixture *f = *state;
    char next[1024] = "/keys/k000/versions?maxresults=3";
    char last[256] = "";
    int n = 0;

    for (int i = 0; i < 19; i++) {
        assert_int_equal(vault_call(f, "POST", "/keys/k000/create", "{\"kty\":\"EC\"}"), 200);
    }
    while (next[0]) {
        json_t *item;
        size_t i;
        int seen[25];

        (void) page(f, "/keys/k000/versions", next, seen);
        json_array_foreach(json_object_get(f->a.doc, "value"), i, item)
        {
            const char *kid = json_string_value(json_object_get(item, "kid"));

            assert_true(strcmp(kid, last) > 0);
            (void) snprintf(last, sizeof(last), "%s", kid);
            n++;
        }
    }
    assert_int_equal(n, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_page_size_gives_every_key_once, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(sizes_out_of_range_are_refused, setup, vault_teardown),
        cmocka_unit_test_setup_teardown(a_marker_that_is_none_is_refused, setup, vault_teardown),
        cmocka_unit_test_setup_teardown(a_walk_goes_on_while_keys_come_and_go, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(deleted_keys_are_walked_the_same_way, setup,
                                        vault_teardown),
        cmocka_unit_test_setup_teardown(versions_are_walked_in_the_order_of_their_ids, setup,
                                        vault_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
