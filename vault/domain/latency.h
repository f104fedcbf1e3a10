/* SPDX-License-Identifier: MIT */
/*
 * How long the service's asynchronous operations take with --latency=azure, on the simulated clock.
 *
 * Always the same, so that tests can count on it: the medians measured in recordings
 * (wire-samples.md part 1, "Soft-delete timing"), and for a vault's purge the middle of 5 to 11 s.
 */
#pragma once

#define LATENCY_KEY_DELETE_S  11
#define LATENCY_KEY_RECOVER_S 20
#define LATENCY_KEY_PURGE_S   1
#define LATENCY_VAULT_PURGE_S 8
