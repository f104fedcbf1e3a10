/* SPDX-License-Identifier: MIT */
/*
 * What both daemons answer under /_sim/store/: for benchmarks how many writes share a commit, for
 * crash tests the write at which the process is to die.
 */
#pragma once

#include <jansson.h>

#include "common/az_error.h"
#include "common/kvdb.h"

/* {"commits": n, "writes": n}; new reference. */
json_t *store_stats(const struct kvdb *db);
/* body {"at": n} kills the process at its nth write from now, 0 never; what is answered is the
 * same. */
bool store_crash(const json_t *body, json_t **ret, struct az_error *reterr) MUST_CHECK;
