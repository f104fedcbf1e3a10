/* SPDX-License-Identifier: MIT */
/* Business days on the simulated clock. Holidays are not known. */
#include "provider/domain/approval.h"

#define DAY 86400

unsigned approval_days(const char *subscription)
{
    unsigned sum = 0;

    for (; *subscription; subscription++) {
        sum += (unsigned char) *subscription;
    }
    return 3 + sum % 3;
}

/* The first of January 1970 was a Thursday. */
static bool is_weekend(int64_t at_s)
{
    int64_t weekday = (at_s / DAY + 4) % 7;

    return weekday == 0 || weekday == 6;
}

int64_t approval_answer_at(int64_t submitted_s, unsigned days)
{
    int64_t at = submitted_s;

    while (days > 0) {
        at += DAY;
        days -= is_weekend(at) ? 0 : 1;
    }
    return at;
}

enum cmk_approval approval_state(int64_t submitted_s, unsigned days, bool refused, int64_t now_s)
{
    if (submitted_s == 0) {
        return CMK_APPROVAL_NOT_SUBMITTED;
    }
    if (now_s < approval_answer_at(submitted_s, days)) {
        return CMK_APPROVAL_WAITING;
    }
    return refused ? CMK_APPROVAL_REFUSED : CMK_APPROVAL_GRANTED;
}
