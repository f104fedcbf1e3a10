/* SPDX-License-Identifier: MIT */
/* The simulated clock, alone and shared; texts of times and durations. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "tests/support.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static struct sim_clock *private_clock(void)
{
    struct sim_clock *c = NULL;
    struct az_error err;

    assert_ok(sim_clock_open(NULL, &c, &err), &err);
    return c;
}

static void a_new_clock_runs_with_real_time(void **state)
{
    struct sim_clock *c = private_clock();
    int64_t before = clock_real_ms();
    int64_t now = sim_clock_now_ms(c);

    (void) state;
    assert_true(now >= before && now <= clock_real_ms());
    assert_int_equal(sim_clock_now_s(c), sim_clock_now_ms(c) / 1000);
    assert_false(sim_clock_frozen(c));
    sim_clock_close(c);
}

static void a_frozen_clock_stands_and_moves_only_when_told(void **state)
{
    struct sim_clock *c = private_clock();
    struct az_error err;
    int64_t at;

    (void) state;
    assert_ok(sim_clock_freeze(c, &err), &err);
    at = sim_clock_now_ms(c);
    assert_true(sim_clock_frozen(c));
    assert_ok(sim_clock_advance(c, 90 * DAY, &err), &err);
    assert_int_equal(sim_clock_now_ms(c), at + 90 * DAY);
    assert_true(sim_clock_frozen(c));
    assert_ok(sim_clock_set(c, at + 100 * DAY, &err), &err);
    assert_int_equal(sim_clock_now_ms(c), at + 100 * DAY);
    assert_ok(sim_clock_run(c, &err), &err);
    assert_false(sim_clock_frozen(c));
    assert_true(sim_clock_now_ms(c) >= at + 100 * DAY); /* runs on from where it stood */
    sim_clock_close(c);
}

static void time_never_goes_back(void **state)
{
    struct sim_clock *c = private_clock();
    struct az_error err = {0};
    int64_t at;

    (void) state;
    assert_ok(sim_clock_freeze(c, &err), &err);
    at = sim_clock_now_ms(c);
    assert_false(sim_clock_advance(c, -1, &err));
    assert_int_equal(err.errc, AZ_ERR_BAD_PARAMETER);
    assert_false(sim_clock_set(c, at - 1, &err));
    assert_non_null(strstr(err.message, "can't go back"));
    assert_false(sim_clock_advance(c, INT64_MAX, &err));
    assert_int_equal(sim_clock_now_ms(c), at);
    sim_clock_close(c);
}

static void two_holders_of_the_file_see_one_clock(void **state)
{
    struct test_dir dir;
    struct sim_clock *a = NULL;
    struct sim_clock *b = NULL;
    struct az_error err;
    struct stat st;
    char path[256];

    (void) state;
    test_dir_make(&dir);
    test_dir_file(&dir, "clock", path);
    assert_ok(sim_clock_open(path, &a, &err), &err);
    assert_ok(sim_clock_open(path, &b, &err), &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(sim_clock_freeze(a, &err), &err);
    assert_ok(sim_clock_advance(b, DAY, &err), &err);
    assert_int_equal(sim_clock_now_ms(a), sim_clock_now_ms(b));
    sim_clock_close(a);
    sim_clock_close(b);
    assert_ok(sim_clock_open(path, &a, &err), &err); /* and it is still so after a restart */
    assert_true(sim_clock_frozen(a));
    assert_true(sim_clock_now_ms(a) > clock_real_ms() + DAY / 2);
    sim_clock_close(a);
    test_dir_remove(&dir);
}

static void a_clock_in_a_folder_that_is_not_there_is_refused(void **state)
{
    struct sim_clock *c = NULL;
    struct az_error err;

    (void) state;
    assert_false(sim_clock_open("/nonexistent/clock", &c, &err));
    assert_non_null(strstr(err.detail, "/nonexistent/clock"));
    assert_null(c);
}

struct race {
    struct sim_clock *clock;
    _Atomic bool stop;
    _Atomic bool back;
};

static void *watch(void *arg)
{
    struct race *r = arg;
    int64_t last = 0;

    while (!r->stop) {
        int64_t now = sim_clock_now_ms(r->clock);

        r->back = r->back || now < last;
        last = now;
    }
    return NULL;
}

static void no_reader_ever_sees_half_a_change(void **state)
{
    struct race r = {private_clock(), false, false};
    struct az_error err;
    pthread_t t;

    (void) state;
    assert_ok(sim_clock_freeze(r.clock, &err), &err);
    assert_int_equal(pthread_create(&t, NULL, watch, &r), 0);
    for (int i = 0; i < 2000; i++) {
        assert_ok(sim_clock_advance(r.clock, HOUR, &err), &err);
    }
    r.stop = true;
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_false(r.back);
    sim_clock_close(r.clock);
}

static void durations_are_read_in_both_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"P90D",    90 * DAY       },
        {"PT1H30M", HOUR + HOUR / 2},
        {"P1DT12H", 36 * HOUR      },
        {"P1Y",     365 * DAY      },
        {"P2M",     60 * DAY       },
        {"PT2M",    120000         },
        {"P1W",     7 * DAY        },
        {"90d",     90 * DAY       },
        {"1h30m",   HOUR + HOUR / 2},
        {"45s",     45000          },
        {"250ms",   250            },
        {"0s",      0              },
        {"p1dt1h",  25 * HOUR      },
    };
    static const char *const bad[] = {
        "",    "P",     "PT",   "P1",  "1",    "d",     "-1d",  "P-1D",
        "1x",  "P1H",   "PT1D", "1 d", "1.5h", "PT1H ", "P1DT", "99999999999999d",
        "1hh", "P250MS"};
    int64_t ms;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        ms = -1;
        if (!duration_parse(good[i].text, &ms) || ms != good[i].ms) {
            fail_msg("%s: %lld", good[i].text, (long long) ms);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (duration_parse(bad[i], &ms)) {
            fail_msg("'%s' was taken for %lld ms", bad[i], (long long) ms);
        }
    }
}

static void times_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z",         0                     },
        {"2026-11-24T15:00:00Z",         INT64_C(1795532400000)},
        {"2026-11-24T15:00:00.5Z",       INT64_C(1795532400500)},
        {"2026-11-24T15:00:00.1234567Z", INT64_C(1795532400123)},
        {"2026-11-24T15:00:00+00:00",    INT64_C(1795532400000)},
        {"2024-02-29T23:59:59Z",         INT64_C(1709251199000)},
    };
    static const char *const bad[] = {"",
                                      "2026-11-24",
                                      "2026-11-24T15:00:00",
                                      "2026-11-24T15:00:00+01:00",
                                      "2026-13-01T00:00:00Z",
                                      "2026-11-24T25:00:00Z",
                                      "2026-11-24T15:00:00Zx",
                                      "2026-02-30T00:00:00Z",
                                      "2025-02-29T00:00:00Z"};
    char text[TIME_TEXT_MAX];
    int64_t ms;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(time_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (time_parse(bad[i], &ms)) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
    ms = INT64_C(1795532400078);
    assert_string_equal(time_format(text, ms, TIME_S), "2026-11-24T15:00:00Z");
    assert_string_equal(time_format(text, ms, TIME_MS), "2026-11-24T15:00:00.078Z");
    assert_string_equal(time_format(text, ms, TIME_100NS), "2026-11-24T15:00:00.0780000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_clock_runs_with_real_time),
        cmocka_unit_test(a_frozen_clock_stands_and_moves_only_when_told),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(two_holders_of_the_file_see_one_clock),
        cmocka_unit_test(a_clock_in_a_folder_that_is_not_there_is_refused),
        cmocka_unit_test(no_reader_ever_sees_half_a_change),
        cmocka_unit_test(durations_are_read_in_both_forms),
        cmocka_unit_test(times_are_read_and_written),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
