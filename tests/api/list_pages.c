/* SPDX-License-Identifier: MIT */
/*
 * What a page of a long list costs: fills a vault with KEYS keys of VERSIONS versions, walks the
 * lists as a client does, page by page, and compares the time of the last pages with that of the
 * first. Fails where the lists are wrong; the times are judged by who reads them.
 *
 * Usage: list_pages [KEYS VERSIONS] (10000 50)
 */
#include "common/clock.h"
#include "tests/api/vault_fixture.h"
#include "vault/store/key_store.h"
#include "vault/store/vault_store.h"

#define PAGE  25
#define EDGE  8 /* pages at either end of which the median counts */
#define BATCH 1000
#define SEEN  100000

static struct vault_fixture f;

/* Records as creating them would leave them; the key pair is of no matter for a list. */
static void put_key(struct kvdb_txn *txn, uint64_t uid, int n, int versions)
{
    struct key_head head = {0};
    char secret[166] = "sealed";
    struct az_error err;

    (void) snprintf(head.name, sizeof(head.name), "key-%06d", n);
    for (int i = 0; i < versions; i++) {
        struct key_version v = {
            .meta = {.created_s = 1700000000 + i,
                     .updated_s = 1700000000 + i,
                     .type = KEY_EC,
                     .curve = CURVE_P256,
                     .enabled = 1},
            .texts = {.name = sv_from(head.name),
                     .jwk = sv_from(
                          "\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                          "\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
                     .secret = {secret, sizeof(secret)}},
        };

        (void) snprintf(v.meta.version, sizeof(v.meta.version), "%08x%024x",
                        (unsigned) (i * 2654435761u), (unsigned) n);
        memcpy(head.latest, v.meta.version, sizeof(head.latest));
        assert_ok(key_store_put_version(txn, uid, head.name, &v, &err), &err);
    }
    key_store_put_head(txn, uid, &head);
}

static void fill(int keys, int versions)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    AUTO_VAULT *vault = NULL;

    for (int n = 0; n < keys; n++) {
        if (n % BATCH == 0) {
            if (txn) {
                assert_ok(kvdb_commit(txn, &err), &err);
            }
            assert_ok(kvdb_begin_write(f.d.db, &txn, &err), &err);
            if (!vault) {
                assert_ok(vault_store_get(txn, "demo", &vault, &err), &err);
            }
        }
        put_key(txn, vault->uid, n, versions);
    }
    assert_ok(kvdb_commit(txn, &err), &err);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a;
    int64_t y = *(const int64_t *) b;

    return (x > y) - (x < y);
}

static double median(int64_t *us, size_t n)
{
    qsort(us, n, sizeof(*us), by_value);
    return (double) us[n / 2];
}

/* Follows nextLink to the end; the names must ascend. Returns how many there were. */
static int walk(const char *path, int64_t *us, size_t *pages)
{
    char next[1024];
    char last[256] = "";
    int n = 0;

    (void) snprintf(next, sizeof(next), "%s?maxresults=%d", path, PAGE);
    for (*pages = 0; *pages < SEEN;) {
        int64_t begun = clock_mono_us();
        const char *link;
        json_t *item;
        size_t i;

        assert_int_equal(vault_call(&f, "GET", next, NULL), 200);
        us[(*pages)++] = clock_mono_us() - begun;
        json_array_foreach(json_object_get(f.a.doc, "value"), i, item)
        {
            const char *kid = json_string_value(json_object_get(item, "kid"));

            assert_true(strcmp(kid, last) > 0);
            (void) snprintf(last, sizeof(last), "%s", kid);
            n++;
        }
        link = json_string_value(json_object_get(f.a.doc, "nextLink"));
        if (!link) {
            break;
        }
        (void) snprintf(next, sizeof(next), "%s?%s", path, strstr(link, "$skiptoken"));
    }
    return n;
}

static void measure(const char *what, const char *path, int expected)
{
    static int64_t us[SEEN];
    size_t pages = 0;
    size_t edge;
    double first;
    double last;

    assert_int_equal(walk(path, us, &pages), expected);
    edge = pages / 2 < EDGE ? (pages + 1) / 2 : EDGE;
    first = median(us, edge);
    last = median(us + pages - edge, edge);
    (void) printf("%s: %d items, %zu pages, first %.0f us, last %.0f us, ratio %.2f\n", what,
                  expected, pages, first, last, last / first);
}

int main(int argc, char **argv)
{
    int keys = 10000;
    int versions = 50;
    char path[64];

    if ((argc > 1 && (argc != 3 || !test_number(argv[1], SEEN, &keys) ||
                      !test_number(argv[2], SEEN, &versions))) ||
        keys < 1 || versions < 1) {
        (void) fprintf(stderr, "Usage: list_pages [KEYS VERSIONS]\n");
        return 2;
    }
    vault_fixture_open(&f);
    fill(keys, versions);
    measure("keys", "/keys", keys);
    (void) snprintf(path, sizeof(path), "/keys/key-%06d/versions", keys - 1);
    measure("versions of the last key", path, versions);
    vault_fixture_close(&f);
    return 0;
}
