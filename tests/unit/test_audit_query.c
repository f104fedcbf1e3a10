/* SPDX-License-Identifier: MIT */
/* The audit log read back: filters, limits, half written lines, rotation under the reader. */
#include <sys/stat.h>
#include <unistd.h>

#include "common/audit_query.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "tests/support.h"

struct fixture {
    struct test_dir dir;
    char path[256];
};

static int setup(void **state)
{
    static struct fixture f;

    test_dir_make(&f.dir);
    test_dir_file(&f.dir, "x.jsonl", f.path);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    test_dir_remove(&((struct fixture *) *state)->dir);
    return 0;
}

static void append(const char *path, const char *text)
{
    FILE *f = fopen(path, "a");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

#define RECORD(n, op, status, vault)                                                     \
    "{\"time\":\"2027-01-01T00:00:0" n ".0000000Z\",\"resourceId\":\"/S/VAULTS/" vault   \
    "\",\"operationName\":\"" op "\",\"resultType\":\"Success\",\"correlationId\":\"c" n \
    "\",\"identity\":{\"claim\":{\"http://schemas.microsoft.com/identity/claims/"        \
    "objectidentifier\":\"o" n "\",\"appid\":\"a" n "\"}},\"properties\":{\"id\":\"" n   \
    "\",\"httpStatusCode\":" status "}}\n"

/* The ids of what the reader gives, in order. */
static const char *ids(struct audit_reader *r, char out[64])
{
    const char *line;
    size_t n = 0;

    while ((line = audit_reader_next(r)) != NULL) {
        AUTO_JSON *v = json_loads(line, 0, NULL);

        out[n++] = *json_string_value(json_object_get(json_object_get(v, "properties"), "id"));
    }
    out[n] = '\0';
    return out;
}

static void each_filter_lets_through_what_matches(void **state)
{
    static const struct {
        const char *name, *value, *ids;
    } cases[] = {
        {"operation",     "keyget",               "13"  },
        {"operation",     "KeyWrap",              "2"   },
        {"operation",     "Key",                  ""    },
        {"vault",         "one",                  "12"  },
        {"vault",         "S",                    ""    },
        {"status",        "403",                  "2"   },
        {"status",        "2xx",                  "13"  },
        {"status",        "4XX",                  "24"  },
        {"resultType",    "success",              "1234"},
        {"oid",           "o3",                   "3"   },
        {"appid",         "A4",                   "4"   },
        {"correlationId", "c1",                   "1"   },
        {"since",         "2027-01-01T00:00:03Z", "34"  },
        {"until",         "2027-01-01T00:00:03Z", "12"  },
    };
    struct fixture *f = *state;
    char got[64];

    append(f->path, RECORD("1", "KeyGet", "200", "ONE") RECORD("2", "KeyWrap", "403", "ONE"));
    append(f->path, RECORD("3", "KeyGet", "200", "TWO") RECORD("4", "KeySign", "404", "TWO"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct audit_filter filter = {0};
        struct az_error err;
        struct audit_reader *r;

        assert_ok(audit_filter_set(&filter, cases[i].name, cases[i].value, &err), &err);
        r = audit_reader_new(f->path, &filter);
        assert_string_equal(ids(r, got), cases[i].ids);
        audit_reader_free(r);
    }
}

static void filters_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"limit",  "0"                                                                    },
        {"limit",  "10001"                                                                },
        {"limit",  "x"                                                                    },
        {"limit",  "-1"                                                                   },
        {"since",  "yesterday"                                                            },
        {"until",  ""                                                                     },
        {"status", "40"                                                                   },
        {"status", "4x3"                                                                  },
        {"status", "999"                                                                  },
        {"colour", "red"                                                                  },
        {"vault",
         "a-name-that-is-much-longer-than-any-vault-could-ever-have-in-this-world-of-ours"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct audit_filter filter = {0};
        struct az_error err = {0};

        assert_false(audit_filter_set(&filter, bad[i][0], bad[i][1], &err));
        assert_int_equal(az_error_status(&err), 400);
    }
}

static void the_backlog_is_the_newest_and_the_reader_goes_on_behind_it(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = {.limit = 2};
    struct audit_reader *r = audit_reader_new(f->path, &filter);
    CLEANUP(buf_done) struct buf out = {0};
    char got[64];

    append(f->path,
           RECORD("1", "A", "200", "V") RECORD("2", "A", "200", "V") RECORD("3", "A", "200", "V"));
    assert_true(audit_reader_backlog(r, "\n", &out));
    buf_add(&out, "", 1);
    assert_string_equal(out.data, RECORD("2", "A", "200", "V") RECORD("3", "A", "200", "V"));
    assert_string_equal(ids(r, got), "");
    append(f->path, RECORD("4", "A", "200", "V"));
    assert_string_equal(ids(r, got), "4");
    audit_reader_free(r);
}

static void a_half_written_line_waits_for_its_end(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = {0};
    struct audit_reader *r = audit_reader_new(f->path, &filter);
    const char *whole = RECORD("1", "A", "200", "V");
    char half[64];
    char got[64];

    (void) snprintf(half, sizeof(half), "%.40s", whole);
    append(f->path, half);
    assert_string_equal(ids(r, got), "");
    append(f->path, whole + 40);
    assert_string_equal(ids(r, got), "1");
    audit_reader_free(r);
}

static void rotation_loses_and_repeats_nothing(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = {0};
    struct audit_reader *r;
    char one[300];
    char two[300];
    char got[64];

    (void) snprintf(one, sizeof(one), "%s.1", f->path);
    (void) snprintf(two, sizeof(two), "%s.2", f->path);
    append(one, RECORD("1", "A", "200", "V"));
    append(f->path, RECORD("2", "A", "200", "V"));
    r = audit_reader_new(f->path, &filter);
    assert_string_equal(ids(r, got), "12");
    append(f->path, RECORD("3", "A", "200", "V")); /* just before the file is rotated */
    assert_int_equal(rename(one, two), 0);
    assert_int_equal(rename(f->path, one), 0);
    append(f->path, RECORD("4", "A", "200", "V"));
    assert_string_equal(ids(r, got), "34");
    append(f->path, RECORD("5", "A", "200", "V"));
    assert_string_equal(ids(r, got), "5");
    audit_reader_free(r);
}

static void what_is_no_record_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct audit_filter filter = {0};
    struct audit_reader *r = audit_reader_new(f->path, &filter);
    char got[64];

    append(f->path, "\nnonsense\n[1]\n" RECORD("1", "A", "200", "V"));
    assert_string_equal(ids(r, got), "1");
    audit_reader_free(r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_filter_lets_through_what_matches),
        CASE(filters_that_make_no_sense_are_refused),
        CASE(the_backlog_is_the_newest_and_the_reader_goes_on_behind_it),
        CASE(a_half_written_line_waits_for_its_end),
        CASE(rotation_loses_and_repeats_nothing),
        CASE(what_is_no_record_is_passed_over),
    };

    return cmocka_run_group_tests_name("audit_query", tests, NULL, NULL);
}
