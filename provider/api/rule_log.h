/* SPDX-License-Identifier: MIT */
/*
 * Which rules were exercised: a counter of "obeyed" and of "broken" for each rule of the table.
 * Whoever shows a rule's behaviour notes it. Any thread; a providerd without a log notes nothing.
 */
#pragma once

#include "provider/api/call.h"

struct rule_log;
struct rule_log *rule_log_new(void);
void rule_log_free(struct rule_log *log);

/* verdict CMK_NOT_APPLICABLE: nothing happens. */
void rule_log_note(struct providerd *d, enum cmk_rule_id id, enum cmk_result verdict);
/* Every verdict of an evaluation. */
void rule_log_results(struct providerd *d, const enum cmk_result results[CMK_RULE_COUNT]);
uint64_t rule_log_count(const struct providerd *d, enum cmk_rule_id id, enum cmk_result verdict);

/*
 * Was this account's data refused when it was last used? Remembers the answer of this time. For
 * rev.restore; false alarms are impossible, two accounts may hide each other.
 */
bool rule_log_was_refused(struct providerd *d, const char *account_uid, bool refused_now);

/*
 * One JSON line of all counters, appended to STATE/rules-coverage.json and, where the environment
 * names a folder in KVSIM_RULES_COVERAGE, written there to a file of its own.
 */
bool rule_log_write(const struct providerd *d, const char *state, struct az_error *reterr)
    MUST_CHECK;

/* A rule as GET /_sim/rules shows it; counters when d is not NULL. New reference. */
json_t *rule_json(const struct providerd *d, enum cmk_rule_id id);
/* All rules and kinds: {"rules": [...], "kinds": [...]}. */
json_t *rules_json(const struct providerd *d);
/* docs/rules.md. */
void rules_print_page(FILE *out);
