/* SPDX-License-Identifier: MIT */
/* --throttle=azure: counts the calls of each vault and subscription, and refuses with 429. */
#pragma once

#include "vault/api/call.h"

struct throttle;

struct throttle *throttle_new(void); /* NULL: out of memory */
void throttle_free(struct throttle *t);
/* Counts this call by its row's class; true when d->throttle is NULL. Before anything is done. */
bool throttle_call(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
