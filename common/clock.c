/* SPDX-License-Identifier: MIT */
/*
 * The simulated clock's file, and the texts of times and durations.
 *
 * Readers take no lock: a sequence number, odd while a writer is in it, tells them to look again.
 */
#include "common/clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_MAGIC 0x6b76636c6f636b31 /* "kvclock1" */

struct clock_page {
    _Atomic uint64_t magic;
    _Atomic uint64_t seq;
    _Atomic int64_t offset_ms; /* added to real time */
    _Atomic int64_t frozen_ms; /* the time it stands at, or -1 */
};

struct sim_clock {
    struct clock_page *page;
    int fd; /* -1: private memory */
};

int64_t clock_real_ms(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool map_page(const char *path, struct sim_clock *c, struct az_error *reterr)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;

    c->fd = -1;
    if (path) {
        flags = MAP_SHARED;
        c->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (c->fd < 0 || flock(c->fd, LOCK_EX) < 0 ||
            ftruncate(c->fd, (off_t) sizeof(struct clock_page)) < 0) {
            return az_fail_internal(reterr, "clock file %s: %s", path, strerror(errno));
        }
    }
    c->page = mmap(NULL, sizeof(struct clock_page), PROT_READ | PROT_WRITE, flags, c->fd, 0);
    if (c->page == MAP_FAILED) {
        c->page = NULL;
        return az_fail_internal(reterr, "mapping the clock: %s", strerror(errno));
    }
    if (c->page->magic != CLOCK_MAGIC) {
        c->page->frozen_ms = -1;
        c->page->magic = CLOCK_MAGIC;
    }
    if (c->fd >= 0) {
        (void) flock(c->fd, LOCK_UN);
    }
    return true;
}

bool sim_clock_open(const char *path, struct sim_clock **ret, struct az_error *reterr)
{
    struct sim_clock *c = calloc(1, sizeof(*c));

    if (!c) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!map_page(path, c, reterr)) {
        sim_clock_close(c);
        return false;
    }
    *ret = c;
    return true;
}

void sim_clock_close(struct sim_clock *c)
{
    if (!c) {
        return;
    }
    if (c->page) {
        (void) munmap(c->page, sizeof(*c->page));
    }
    if (c->fd >= 0) {
        (void) close(c->fd);
    }
    free(c);
}

static void read_page(const struct sim_clock *c, int64_t *offset, int64_t *frozen)
{
    uint64_t before;

    do {
        before = c->page->seq;
        *offset = c->page->offset_ms;
        *frozen = c->page->frozen_ms;
    } while ((before & 1) != 0 || c->page->seq != before);
}

int64_t sim_clock_now_ms(const struct sim_clock *c)
{
    int64_t offset;
    int64_t frozen;

    read_page(c, &offset, &frozen);
    return frozen >= 0 ? frozen : clock_real_ms() + offset;
}

int64_t sim_clock_now_s(const struct sim_clock *c)
{
    return sim_clock_now_ms(c) / 1000;
}

bool sim_clock_frozen(const struct sim_clock *c)
{
    int64_t offset;
    int64_t frozen;

    read_page(c, &offset, &frozen);
    return frozen >= 0;
}

/* One change under the writers' lock: to `target` ms if to_time, else `target` ms further. */
struct clock_change {
    bool to_time;
    int64_t target;
    int freeze; /* 1 freeze, 0 run, -1 as it is */
};

/* 9000-01-01: years keep four digits, also those of retention and expiry a thousand years on. */
#define CLOCK_END_MS INT64_C(221845392000000)

static bool change(struct sim_clock *c, const struct clock_change *how, struct az_error *reterr)
{
    int64_t now;
    int64_t want;
    bool frozen;

    if (c->fd >= 0 && flock(c->fd, LOCK_EX) < 0) {
        return az_fail_internal(reterr, "locking the clock: %s", strerror(errno));
    }
    now = sim_clock_now_ms(c);
    want = how->to_time ? how->target : now + how->target;
    frozen = how->freeze < 0 ? sim_clock_frozen(c) : how->freeze == 1;
    if (want >= now && want < CLOCK_END_MS) {
        c->page->seq++;
        c->page->offset_ms = want - clock_real_ms();
        c->page->frozen_ms = frozen ? want : -1;
        c->page->seq++;
    }
    if (c->fd >= 0) {
        (void) flock(c->fd, LOCK_UN);
    }
    if (want >= CLOCK_END_MS) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The simulated clock ends with the year 8999: choose an earlier time.");
    }
    if (want < now) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The simulated clock can't go back: choose a "
                       "time that is not before the present one.");
    }
    return true;
}

bool sim_clock_advance(struct sim_clock *c, int64_t ms, struct az_error *reterr)
{
    if (ms < 0 || ms > INT64_C(1000) * 86400 * 366 * 1000) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The simulated clock advances by 0 to 1000 years, not by %lld ms.",
                       (long long) ms);
    }
    return change(c, &(struct clock_change){.target = ms, .freeze = -1}, reterr);
}

bool sim_clock_set(struct sim_clock *c, int64_t ms, struct az_error *reterr)
{
    return change(c, &(struct clock_change){.to_time = true, .target = ms, .freeze = -1}, reterr);
}

bool sim_clock_freeze(struct sim_clock *c, struct az_error *reterr)
{
    return change(c, &(struct clock_change){.freeze = 1}, reterr);
}

bool sim_clock_run(struct sim_clock *c, struct az_error *reterr)
{
    return change(c, &(struct clock_change){.freeze = 0}, reterr);
}
