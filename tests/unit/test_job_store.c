/* SPDX-License-Identifier: MIT */
/* Jobs and the index of their due times: what is due is found once its second has come, in the
 * order of time, whoever's it is; what is not active is not due. */
#include "common/json.h"
#include "provider/store/job_store.h"
#include "tests/unit/store_fixture.h"

#define NOW  INT64_C(1800000000)
#define UID1 "00000000-0000-0000-0000-000000000001"
#define UID2 "00000000-0000-0000-0000-000000000002"

static json_t *job(const char *id, const char *job_state, int64_t finish)
{
    return json_pack("{s:s,s:s,s:I}", "id", id, "state", job_state, "finish", (json_int_t) finish);
}

static void put(struct store_fixture *f, const char *uid, const json_t *old, const json_t *new)
{
    struct az_error err;

    assert_ok(job_store_put(f->txn, uid, old, new, &err), &err);
}

/* "uid/id" of the first that is due; "": none. */
static const char *due(struct store_fixture *f, int64_t now)
{
    static char text[140];
    struct kvkey entry;
    char uid[64] = "";
    char id[64] = "";

    text[0] = '\0';
    if (job_store_due(f->txn, now, NULL, &entry, uid, id)) {
        (void) snprintf(text, sizeof(text), "%s/%s", uid, id);
    }
    return text;
}

static void what_is_due_first_is_found_first_once_its_second_has_come(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *late = job("ftjob-a", "active", NOW + 20);
    AUTO_JSON *early = job("ftjob-z", "active", NOW + 10);

    assert_string_equal(due(f, NOW), "");
    put(f, UID1, NULL, late);
    put(f, UID2, NULL, early);
    assert_string_equal(due(f, NOW + 9), "");
    assert_string_equal(due(f, NOW + 10), UID2 "/ftjob-z");
    assert_string_equal(due(f, NOW + 1000), UID2 "/ftjob-z");
    job_store_del(f->txn, UID2, early);
    assert_string_equal(due(f, NOW + 19), "");
    assert_string_equal(due(f, NOW + 20), UID1 "/ftjob-a");
}

static void a_job_that_ends_or_pauses_is_due_no_more_and_one_that_moves_is_due_later(void **state)
{
    static const char *const others[] = {"paused", "succeeded", "failed", "cancelled"};
    struct store_fixture *f = *state;
    AUTO_JSON *active = job("ftjob-1", "active", NOW);
    AUTO_JSON *later = job("ftjob-1", "active", NOW + 50);

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO_JSON *other = job("ftjob-1", others[i], NOW);

        put(f, UID1, NULL, active);
        assert_string_equal(due(f, NOW), UID1 "/ftjob-1");
        put(f, UID1, active, other);
        assert_string_equal(due(f, NOW + 1000), "");
        put(f, UID1, other, later);
        assert_string_equal(due(f, NOW + 49), "");
        assert_string_equal(due(f, NOW + 50), UID1 "/ftjob-1");
        put(f, UID1, later, other);
    }
}

static void a_job_is_kept_and_deleted_with_its_due_time(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *one = job("ftjob-1", "active", NOW);
    AUTO_JSON *got = NULL;
    AUTO_JSON *none = NULL;
    struct az_error err;

    put(f, UID1, NULL, one);
    assert_ok(job_store_get(f->txn, UID1, "ftjob-1", &got, &err), &err);
    assert_true(json_equal(one, got));
    assert_ok(job_store_get(f->txn, UID2, "ftjob-1", &none, &err), &err);
    assert_null(none);
    job_store_del(f->txn, UID1, one);
    assert_ok(job_store_get(f->txn, UID1, "ftjob-1", &none, &err), &err);
    assert_null(none);
    assert_string_equal(due(f, NOW), "");
}

/* A job that can't be ended does not hide those after it; a purged account takes its jobs along,
 * but not their due times. */
static void entries_follow_each_other_and_are_forgotten_one_by_one(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *one = job("ftjob-1", "active", NOW);
    AUTO_JSON *same_second = job("ftjob-2", "active", NOW);
    AUTO_JSON *later = job("ftjob-0", "active", NOW + 1);
    struct kvkey first;
    struct kvkey entry = {.len = 0};
    char uid[64];
    char id[64];

    put(f, UID1, NULL, one);
    put(f, UID2, NULL, same_second);
    put(f, UID1, NULL, later);
    child_purge(f->txn, UID1);
    assert_true(job_store_due(f->txn, NOW + 1, &entry, &entry, uid, id));
    assert_string_equal(id, "ftjob-1");
    first = entry;
    assert_true(job_store_due(f->txn, NOW + 1, &entry, &entry, uid, id));
    assert_string_equal(uid, UID2);
    assert_string_equal(id, "ftjob-2");
    assert_false(job_store_due(f->txn, NOW, &entry, &entry, uid, id)); /* not due yet */
    assert_true(job_store_due(f->txn, NOW + 1, &entry, &entry, uid, id));
    assert_string_equal(id, "ftjob-0");
    assert_false(job_store_due(f->txn, NOW + 100, &entry, &entry, uid, id));
    job_store_forget_due(f->txn, &first);
    assert_string_equal(due(f, NOW + 10), UID2 "/ftjob-2");
    assert_true(job_store_due(f->txn, NOW + 1, &first, &entry, uid, id)); /* it is gone */
    assert_string_equal(id, "ftjob-2");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(what_is_due_first_is_found_first_once_its_second_has_come),
        EACH(a_job_that_ends_or_pauses_is_due_no_more_and_one_that_moves_is_due_later),
        EACH(a_job_is_kept_and_deleted_with_its_due_time),
        EACH(entries_follow_each_other_and_are_forgotten_one_by_one),
    };

    return cmocka_run_group_tests_name("job_store", tests, NULL, NULL);
}
