/* SPDX-License-Identifier: MIT */
/*
 * The request form for customer-managed keys (OAI22: "It will take approximately 3-5 business days
 * to hear back"; enc.request-form). Pure: a state is a function of what is stored and now.
 */
#pragma once

#include <stdint.h>

#include "provider/domain/cmk_rules.h"

/* 3 to 5, always the same for a subscription. */
unsigned approval_days(const char *subscription);
/* That many business days (Monday to Friday, UTC) later, at the same time of day. */
int64_t approval_answer_at(int64_t submitted_s, unsigned days);
/* submitted_s 0: never submitted. */
enum cmk_approval approval_state(int64_t submitted_s, unsigned days, bool refused, int64_t now_s);
