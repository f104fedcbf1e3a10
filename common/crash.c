/* SPDX-License-Identifier: MIT */
/* One counter a process: the order of writes to store and blobs is part of what is tested. */
#include "common/crash.h"

#include <signal.h>
#include <stdatomic.h>

static _Atomic uint64_t left; /* 0: never */

void crash_at(uint64_t nth)
{
    atomic_store(&left, nth);
}

void crash_point(void)
{
    uint64_t now = atomic_load(&left);

    while (now > 0 && !atomic_compare_exchange_weak(&left, &now, now - 1)) {
    }
    if (now == 1) {
        (void) raise(SIGKILL);
    }
}
