/* SPDX-License-Identifier: MIT */
/* Rotation policies: what is taken, what is refused, and when what is due. azure-rules.md section
 * 6; the bodies and answers marked "recorded" are those of wire-samples.md part 1. */
#include "common/json.h"
#include "tests/support.h"
#include "vault/domain/rotation.h"

#define DAY INT64_C(86400)

static bool parse(const char *text, struct rotation_policy *p)
{
    struct az_error err;
    AUTO_JSON *body = json_loads(text, 0, NULL);
    bool ok;

    assert_non_null(body);
    *p = (struct rotation_policy){0};
    ok = rotation_parse(body, p, &err);
    if (!ok) {
        assert_int_equal(az_error_status(&err), 400);
        assert_string_equal(az_error_code(&err), "BadParameter");
    }
    return ok;
}

static void a_policy_is_read_and_written_as_recorded(void **state)
{
    static const struct {
        const char *body;
        const char *document;
    } cases[] = {
        {"{\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":\"P15D\"},\"action\":{\"type\":"
         "\"Rotate\"}},{\"trigger\":{\"timeBeforeExpiry\":\"P7D\"},\"action\":{\"type\":\"Notify\"}"
         "}],\"attributes\":{\"expiryTime\":\"P30D\"}}",               "\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":\"P15D\"},\"action\":{\"type\":"
         "\"Rotate\"}},{\"trigger\":{\"timeBeforeExpiry\":\"P7D\"},\"action\":{\"type\":\"Notify\"}"
         "}],\"attributes\":{\"expiryTime\":\"P30D\",\"created\":1699275446,\"updated\":1699275446}"               },
 /* recorded: lower case is taken, and Rotate alone gets the default notice */
        {"{\"attributes\":{\"expiryTime\":\"P90D\"},\"lifetimeActions\":[{\"action\":{\"type\":"
         "\"rotate\"},\"trigger\":{\"timeBeforeExpiry\":\"P30D\"}}]}", "\"lifetimeActions\":[{\"trigger\":{\"timeBeforeExpiry\":\"P30D\"},\"action\":{\"type\":"
         "\"Rotate\"}},{\"trigger\":{\"timeBeforeExpiry\":\"P30D\"},\"action\":{\"type\":\"Notify\""
         "}}],\"attributes\":{\"expiryTime\":\"P90D\",\"created\":1699275446,\"updated\":1699275446}"},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        struct rotation_policy p;

        assert_true(parse(cases[i].body, &p));
        p.created_s = p.updated_s = 1699275446;
        rotation_write(&p, &out);
        assert_string_equal(out.data, cases[i].document);
    }
}

static void a_key_without_a_policy_has_the_recorded_default(void **state)
{
    CLEANUP(buf_done) struct buf out = {0};
    struct rotation_policy p;

    (void) state;
    rotation_default(&p);
    rotation_write(&p, &out);
    assert_string_equal(out.data,
                        "\"lifetimeActions\":[{\"trigger\":{\"timeBeforeExpiry\":\"P30D\"},"
                        "\"action\":{\"type\":\"Notify\"}}],\"attributes\":null");
}

#define ROTATE(trigger) "{\"trigger\":{" trigger "},\"action\":{\"type\":\"Rotate\"}}"
#define NOTIFY(trigger) "{\"trigger\":{" trigger "},\"action\":{\"type\":\"Notify\"}}"
#define EXPIRY(text)    "\"attributes\":{\"expiryTime\":\"" text "\"}"
#define ACTIONS(list)   "\"lifetimeActions\":[" list "]"

static void intervals_have_their_documented_least(void **state)
{
    static const struct {
        const char *body;
        bool good;
    } cases[] = {
        {"{}",                                                                        true },
        {"{" EXPIRY("P28D") "}",                                                      true },
        {"{" EXPIRY("P27D") "}",                                                      false},
        {"{" EXPIRY("PT672H") "}",                                                    true },
        {"{" EXPIRY("P1Y10D") "}",                                                    true },
        {"{" ACTIONS(ROTATE("\"timeAfterCreate\":\"P7D\"")) "}",                      true },
        {"{" ACTIONS(ROTATE("\"timeAfterCreate\":\"P6D\"")) "}",                      false},
        {"{" ACTIONS(ROTATE("\"timeAfterCreate\":\"P21D\"")) "," EXPIRY("P28D") "}",  true },
        {"{" ACTIONS(ROTATE("\"timeAfterCreate\":\"P22D\"")) "," EXPIRY("P28D") "}",  false},
        {"{" ACTIONS(ROTATE("\"timeBeforeExpiry\":\"P7D\"")) "," EXPIRY("P28D") "}",  true },
        {"{" ACTIONS(ROTATE("\"timeBeforeExpiry\":\"P6D\"")) "," EXPIRY("P28D") "}",  false},
        {"{" ACTIONS(ROTATE("\"timeBeforeExpiry\":\"P22D\"")) "," EXPIRY("P28D") "}", false},
        {"{" ACTIONS(ROTATE("\"timeBeforeExpiry\":\"P7D\"")) "}",                     false},
        {"{" ACTIONS(NOTIFY("\"timeBeforeExpiry\":\"P30D\"")) "}",                    true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rotation_policy p;

        if (parse(cases[i].body, &p) != cases[i].good) {
            fail_msg("%s", cases[i].body);
        }
    }
}

static void documents_that_say_nothing_definite_are_refused(void **state)
{
    static const char *const bodies[] = {
        "{\"lifetimeActions\":{}}",
        "{\"lifetimeActions\":[1]}",
        "{\"attributes\":[]}",
        "{" EXPIRY("90 days") "}",
        "{" EXPIRY("90d") "}",
        "{" EXPIRY("p90d") "}",
        "{" EXPIRY("P") "}",
        "{" EXPIRY("P99999999999999999999D") "}",
        "{\"attributes\":{\"expiryTime\":90}}",
        "{" ACTIONS("{\"trigger\":{},\"action\":{\"type\":\"Rotate\"}}") "}",
        "{" ACTIONS("{\"action\":{\"type\":\"Rotate\"}}") "}",
        "{" ACTIONS("{\"trigger\":{\"timeAfterCreate\":\"P30D\"}}") "}",
        "{" ACTIONS(
            "{\"trigger\":{\"timeAfterCreate\":\"P30D\"},\"action\":{\"type\":\"Purge\"}}") "}",
        /* the two triggers exclude each other */
        "{" ACTIONS(ROTATE(
            "\"timeAfterCreate\":\"P30D\",\"timeBeforeExpiry\":\"P30D\"")) "," EXPIRY("P90D") "}",
        /* Notify knows only the expiry */
        "{" ACTIONS(NOTIFY("\"timeAfterCreate\":\"P30D\"")) "}",
        /* one action of a kind */
        "{" ACTIONS(
            ROTATE("\"timeAfterCreate\":\"P30D\"") "," ROTATE("\"timeAfterCreate\":\"P40D\"")) "}",
        "{" ACTIONS(
            NOTIFY("\"timeBeforeExpiry\":\"P30D\"") "," NOTIFY("\"timeBeforeExpiry\":\"P9D\"")) "}",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct rotation_policy p;

        if (parse(bodies[i], &p)) {
            fail_msg("%s", bodies[i]);
        }
    }
}

static void a_refused_document_leaves_the_policy_as_it_was(void **state)
{
    struct az_error err;
    struct rotation_policy before;
    struct rotation_policy p;
    AUTO_JSON *body = json_loads("{" EXPIRY("P1D") "}", 0, NULL);

    (void) state;
    assert_true(parse("{" EXPIRY("P90D") "}", &before));
    p = before;
    assert_false(rotation_parse(body, &p, &err));
    assert_memory_equal(&p, &before, sizeof(p));
}

static void what_is_due_follows_from_version_policy_and_moment(void **state)
{
    static const char after[] = "{" ACTIONS(ROTATE("\"timeAfterCreate\":\"P30D\"")) "}";
    static const char before[] =
        "{" ACTIONS(ROTATE("\"timeBeforeExpiry\":\"P10D\"")) "," EXPIRY("P90D") "}";
    static const struct {
        const char *policy;
        int64_t exp, from; /* days since the creation; exp 0: none */
        bool disabled;
        int64_t rotate, near, expired; /* days; -1: never */
    } cases[] = {
        {after,  0,  0,   false, 30,  -1, -1},
        {after,  90, 0,   false, 30,  60, 90},
        {after,  0,  40,  false, 40,  -1, -1}, /* overdue when the policy came: at once */
        {after,  0,  0,   true,  -1,  -1, -1}, /* what is disabled stays so */
        {before, 0,  0,   false, -1,  -1, -1}, /* needs exp on the key */
        {before, 90, 0,   false, 80,  60, 90},
        {before, 90, 70,  false, 80,  -1, 90}, /* the notice has been */
        {before, 90, 85,  false, 85,  -1, 90},
        {before, 90, 100, false, 100, -1, -1},
        {"{}",   90, 0,   true,  -1,  60, 90},
    };
    const int64_t t0 = 1700000000;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct key_meta m = {.created_s = t0,
                             .enabled = !cases[i].disabled,
                             .has_exp = cases[i].exp > 0,
                             .exp_s = t0 + cases[i].exp * DAY};
        struct rotation_policy p;
        struct key_due due;

        assert_true(parse(cases[i].policy, &p));
        due = rotation_due(&p, &m, t0 + cases[i].from * DAY);
        assert_int_equal(due.rotate_s, cases[i].rotate < 0 ? 0 : t0 + cases[i].rotate * DAY);
        assert_int_equal(due.near_expiry_s, cases[i].near < 0 ? 0 : t0 + cases[i].near * DAY);
        assert_int_equal(due.expired_s, cases[i].expired < 0 ? 0 : t0 + cases[i].expired * DAY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read_and_written_as_recorded),
        cmocka_unit_test(a_key_without_a_policy_has_the_recorded_default),
        cmocka_unit_test(intervals_have_their_documented_least),
        cmocka_unit_test(documents_that_say_nothing_definite_are_refused),
        cmocka_unit_test(a_refused_document_leaves_the_policy_as_it_was),
        cmocka_unit_test(what_is_due_follows_from_version_policy_and_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
