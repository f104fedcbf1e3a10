/* SPDX-License-Identifier: MIT */
/*
 * Operations that take their time with --latency=azure, on the simulated clock. A resource whose
 * record has an operation shows that operation's provisioningState until its end: a function of
 * the record and the time, so that nothing has to be done when the end comes.
 */
#pragma once

#include <stdint.h>

#include <jansson.h>

/*
 * Always the same, so that tests can count on it: medians of the operations' startTime and endTime
 * in recordings of 2020 to 2024 (azure-cli, cognitiveservices).
 */
#define OPERATION_UPDATE_S  1  /* identity, encryption, sub-domain: 8 recorded, 0 to 1 s */
#define OPERATION_NETWORK_S 31 /* networkAcls, since 2024: 31 to 43 s */
#define OPERATION_PURGE_S   1

/* How long an account of this kind is being created. */
unsigned operation_create_s(const char *kind);

/* "operation" of the record is {"state": "Creating", "until": milliseconds}. */
void operation_begin(json_t *resource, const char *state, int64_t until_ms);
/* The state of the operation that runs at this time; NULL: none does. */
const char *operation_state(const json_t *resource, int64_t now_ms);
