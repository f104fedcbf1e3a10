/* SPDX-License-Identifier: MIT */
/*
 * The documented transaction limits of a vault in 10 seconds, as weights on a budget. Pure.
 *
 * Source: azure-rules.md section 6 (service limits, overview-throttling.md): limits by type, size
 * and protection of the key are enforced on their weighted sum: 248 uses of RSA-HSM 4096 and 16 of
 * RSA-HSM 2048 exhaust a vault. A subscription may do five times as much. Creations have a limit
 * of their own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vault/domain/key.h"

#define THROTTLE_WINDOW_S            10
#define THROTTLE_BUDGET              4000 /* what counts least: software RSA 2048 and EC */
#define THROTTLE_CREATE_BUDGET       20   /* software; one of the HSM counts twice */
#define THROTTLE_SUBSCRIPTION_FACTOR 5

/* The cost of one use of such a key. Symmetric keys are in no table: as EC (assumption). */
unsigned throttle_weight(enum key_type type, unsigned bits);
unsigned throttle_create_weight(enum key_type type);

/* What one vault, or one subscription, has used of the current window. */
struct throttle_use {
    int64_t window; /* now_s / THROTTLE_WINDOW_S */
    unsigned used, created;
};

/* Is there room for weight (creations: in their own budget) in now's window? */
bool throttle_room(const struct throttle_use *u, int64_t now_s, bool create, unsigned weight,
                   unsigned factor);
void throttle_take(struct throttle_use *u, int64_t now_s, bool create, unsigned weight);
