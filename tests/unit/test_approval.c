/* SPDX-License-Identifier: MIT */
/* OAI22: "It will take approximately 3-5 business days to hear back on the status of your request."
 */
#include "provider/domain/approval.h"
#include "tests/support.h"

#define DAY    INT64_C(86400)
#define FRIDAY INT64_C(1893751200) /* 2030-01-04T10:00:00Z */

static void business_days_leave_out_weekends(void **state)
{
    static const struct {
        int64_t from;
        unsigned days;
        int64_t calendar;
    } cases[] = {
        {FRIDAY,           3, 5}, /* to Wednesday */
        {FRIDAY,           5, 7}, /* to Friday */
        {FRIDAY + DAY,     3, 4}, /* from Saturday to Wednesday */
        {FRIDAY + 2 * DAY, 3, 3}, /* from Sunday */
        {FRIDAY + 3 * DAY, 3, 3}, /* Monday to Thursday */
        {FRIDAY + 3 * DAY, 5, 7}, /* Monday to Monday */
        {FRIDAY,           0, 0},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(approval_answer_at(cases[i].from, cases[i].days),
                         cases[i].from + cases[i].calendar * DAY);
    }
}

static void the_answer_comes_when_it_is_due_and_not_before(void **state)
{
    int64_t due = approval_answer_at(FRIDAY, 4);

    (void) state;
    assert_int_equal(approval_state(0, 4, false, due), CMK_APPROVAL_NOT_SUBMITTED);
    assert_int_equal(approval_state(FRIDAY, 4, false, FRIDAY), CMK_APPROVAL_WAITING);
    assert_int_equal(approval_state(FRIDAY, 4, true, due - 1), CMK_APPROVAL_WAITING);
    assert_int_equal(approval_state(FRIDAY, 4, false, due), CMK_APPROVAL_GRANTED);
    assert_int_equal(approval_state(FRIDAY, 4, true, due), CMK_APPROVAL_REFUSED);
}

static void every_subscription_waits_three_to_five_days(void **state)
{
    bool seen[6] = {false};
    char id[8];

    (void) state;
    for (int i = 0; i < 100; i++) {
        unsigned days;

        (void) snprintf(id, sizeof(id), "s%d", i);
        days = approval_days(id);
        assert_in_range(days, 3, 5);
        assert_int_equal(days, approval_days(id));
        seen[days] = true;
    }
    assert_true(seen[3] && seen[4] && seen[5]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(business_days_leave_out_weekends),
        cmocka_unit_test(the_answer_comes_when_it_is_due_and_not_before),
        cmocka_unit_test(every_subscription_waits_three_to_five_days),
    };

    return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
