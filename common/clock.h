/* SPDX-License-Identifier: MIT */
/*
 * The simulated clock: real time plus an offset, or frozen, in one small file that both daemons and
 * kvsim map. A change is seen by every reader at once and can't half-fail (sequence lock in the
 * file, flock for writers). Token lifetimes and TLS dates do not use it: clock_real_ms().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/az_error.h"

struct sim_clock;

/* Opens or creates the file (0600). path NULL: a private clock in memory (tests). */
bool sim_clock_open(const char *path, struct sim_clock **ret, struct az_error *reterr) MUST_CHECK;
void sim_clock_close(struct sim_clock *c);

int64_t sim_clock_now_ms(const struct sim_clock *c); /* since the Unix epoch */
int64_t sim_clock_now_s(const struct sim_clock *c);
bool sim_clock_frozen(const struct sim_clock *c);

/* Time never goes back: advance refuses a negative step and set refuses an earlier time. */
bool sim_clock_advance(struct sim_clock *c, int64_t ms, struct az_error *reterr) MUST_CHECK;
bool sim_clock_set(struct sim_clock *c, int64_t ms, struct az_error *reterr) MUST_CHECK;
bool sim_clock_freeze(struct sim_clock *c, struct az_error *reterr) MUST_CHECK;
bool sim_clock_run(struct sim_clock *c, struct az_error *reterr) MUST_CHECK;

int64_t clock_real_ms(void);
int64_t clock_mono_us(void);

/* "P90D", "PT1H30M", "90d", "1h30m", "45s", "250ms" -> milliseconds. */
bool duration_parse(const char *text, int64_t *ret_ms);
/* "2026-11-24T15:00:00Z", with or without fraction; milliseconds since the epoch. */
bool time_parse(const char *text, int64_t *ret_ms);

#define TIME_TEXT_MAX 40
enum time_precision { TIME_S = 0, TIME_MS = 3, TIME_100NS = 7 }; /* fraction digits */
/* UTC with 'Z'; returns buf. */
const char *time_format(char buf[TIME_TEXT_MAX], int64_t ms, enum time_precision prec);
