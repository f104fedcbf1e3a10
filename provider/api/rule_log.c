/* SPDX-License-Identifier: MIT */
/* Counters are atomic and never reset: a run ends, its line is written, the next begins at 0. */
#include "provider/api/rule_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fsutil.h"
#include "common/json.h"

#define REMEMBERED 1024 /* accounts whose last use was refused, by hash */
#define COVERAGE   "rules-coverage.json"

struct rule_log {
    _Atomic uint64_t obeyed[CMK_RULE_COUNT];
    _Atomic uint64_t broken[CMK_RULE_COUNT];
    _Atomic uint64_t refused[REMEMBERED]; /* hash of the account's uid; 0: none */
};

struct rule_log *rule_log_new(void)
{
    return calloc(1, sizeof(struct rule_log));
}

void rule_log_free(struct rule_log *log)
{
    free(log);
}

static _Atomic uint64_t *counter(struct rule_log *log, enum cmk_rule_id id, enum cmk_result verdict)
{
    return verdict == CMK_OBEYED ? &log->obeyed[id] : &log->broken[id];
}

void rule_log_note(struct providerd *d, enum cmk_rule_id id, enum cmk_result verdict)
{
    if (d->rules && id < CMK_RULE_COUNT && verdict != CMK_NOT_APPLICABLE) {
        (void) atomic_fetch_add_explicit(counter(d->rules, id, verdict), 1, memory_order_relaxed);
    }
}

void rule_log_results(struct providerd *d, const enum cmk_result results[CMK_RULE_COUNT])
{
    for (unsigned i = 0; i < CMK_RULE_COUNT; i++) {
        rule_log_note(d, (enum cmk_rule_id) i, results[i]);
    }
}

uint64_t rule_log_count(const struct providerd *d, enum cmk_rule_id id, enum cmk_result verdict)
{
    return d->rules && verdict != CMK_NOT_APPLICABLE ? atomic_load(counter(d->rules, id, verdict))
                                                     : 0;
}

bool rule_log_was_refused(struct providerd *d, const char *account_uid, bool refused_now)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    _Atomic uint64_t *slot;

    if (!d->rules) {
        return false;
    }
    for (; *account_uid; account_uid++) {
        hash = (hash ^ (unsigned char) *account_uid) * 1099511628211u;
    }
    slot = &d->rules->refused[hash % REMEMBERED];
    if (refused_now) {
        return atomic_exchange(slot, hash) == hash;
    }
    return atomic_compare_exchange_strong(slot, &hash, 0);
}

static json_t *line_json(const struct providerd *d)
{
    json_t *counts = json_object();

    for (unsigned i = 0; i < CMK_RULE_COUNT; i++) {
        enum cmk_rule_id id = (enum cmk_rule_id) i;

        (void) json_object_set_new(
            counts, cmk_rule_at(id)->id,
            json_pack("{s:I,s:I,s:b}", "obeyed", (json_int_t) rule_log_count(d, id, CMK_OBEYED),
                      "broken", (json_int_t) rule_log_count(d, id, CMK_BROKEN), "exempt",
                      cmk_rule_exempt(id)));
    }
    return json_pack("{s:s,s:o}", "edition", d->edition == EDITION_2026 ? "2026" : "classic",
                     "rules", counts);
}

static bool append(const char *path, const struct buf *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, line->data, line->len) == (ssize_t) line->len;

    if (fd >= 0 && close(fd) < 0) {
        ok = false;
    }
    return ok;
}

bool rule_log_write(const struct providerd *d, const char *state, struct az_error *reterr)
{
    const char *folder = getenv("KVSIM_RULES_COVERAGE");
    CLEANUP(buf_done) struct buf line = {0};
    char path[4200];
    guid_text id;
    AUTO_JSON *doc = line_json(d);

    json_write(&line, doc);
    buf_str(&line, "\n");
    if (!buf_ok(&line)) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(path, sizeof(path), "%s/" COVERAGE, state);
    if (!append(path, &line)) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    if (!folder || !*folder) {
        return true;
    }
    guid_random(id);
    (void) snprintf(path, sizeof(path), "%s/%s.json", folder, id);
    return (dir_make(folder) && append(path, &line)) ||
           az_fail_internal(reterr, "%s: %s", path, strerror(errno));
}
