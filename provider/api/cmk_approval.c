/* SPDX-License-Identifier: MIT */
/* /_sim/approvals: submit, decide, look. A decision is heard only when the answer is due. */
#include "provider/api/cmk_approval.h"

#include <string.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/domain/approval.h"
#include "provider/store/child_store.h"

#define COLLECTION "cmkRequests"
#define FORM       "form"

static enum cmk_approval state_of(const char *subscription, const json_t *form, int64_t now_s)
{
    return approval_state(json_integer_value(json_object_get(form, "submitted")),
                          approval_days(subscription),
                          strcmp(json_text(form, "decision"), "refuse") == 0, now_s);
}

enum cmk_approval cmk_approval_state(struct provider_call *c, const char *subscription)
{
    enum cmk_approval state = CMK_APPROVAL_NOT_SUBMITTED; /* also when it can't be read */
    struct kvdb_txn *txn = NULL;
    struct az_error ignored;
    AUTO_JSON *form = NULL;

    if (!c->d->approval_form) {
        return CMK_APPROVAL_NOT_REQUIRED;
    }
    if (kvdb_begin_read(c->d->db, &txn, &ignored)) {
        if (child_get(txn, subscription, COLLECTION, FORM, &form, &ignored)) {
            state = state_of(subscription, form, c->now_ms / 1000);
        }
        kvdb_abort(txn);
    }
    return state;
}

static bool answer(struct provider_call *c, int status, const char *subscription,
                   const json_t *form)
{
    static const char *const names[] = {[CMK_APPROVAL_NOT_REQUIRED] = "NotRequired",
                                        [CMK_APPROVAL_NOT_SUBMITTED] = "NotSubmitted",
                                        [CMK_APPROVAL_WAITING] = "Waiting",
                                        [CMK_APPROVAL_REFUSED] = "Refused",
                                        [CMK_APPROVAL_GRANTED] = "Approved"};
    enum cmk_approval state = state_of(subscription, form, c->now_ms / 1000);
    int64_t submitted = json_integer_value(json_object_get(form, "submitted"));
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:b}", "subscription", subscription, "state", names[state],
                               "required", c->d->approval_form);
    char when[TIME_TEXT_MAX];

    if (submitted > 0) {
        int64_t at = approval_answer_at(submitted, approval_days(subscription));

        (void) json_object_set_new(doc, "submittedOn",
                                   json_string(time_format(when, submitted * 1000, TIME_S)));
        (void) json_object_set_new(doc, "answerOn",
                                   json_string(time_format(when, at * 1000, TIME_S)));
    }
    return provider_answer_json(c, status, doc);
}

/* The form of parameter 0, an existing subscription; *form NULL: never submitted. */
static bool find(struct provider_call *c, struct kvdb_txn *txn, struct subscription *s,
                 json_t **form, struct az_error *reterr)
{
    if (!directory_get_subscription(txn, provider_param(c, 0), s)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no subscription '%s'.",
                       provider_param(c, 0));
    }
    return child_get(txn, s->id, COLLECTION, FORM, form, reterr);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct subscription s;
    AUTO_JSON *form = NULL;

    return find(c, txn, &s, &form, reterr) && answer(c, 200, s.id, form);
}

/* Once more after a refusal; while one is out, or was granted, there is nothing to submit. */
static bool submit_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct subscription s;
    AUTO_JSON *old = NULL;
    enum cmk_approval state;

    if (!find(c, txn, &s, &old, reterr)) {
        return false;
    }
    state = state_of(s.id, old, c->now_ms / 1000);
    if (state == CMK_APPROVAL_WAITING || state == CMK_APPROVAL_GRANTED) {
        return az_fail(reterr, AZ_ERR_CONFLICT, "A request of the subscription '%s' %s already.",
                       s.id,
                       state == CMK_APPROVAL_WAITING ? "waits for its answer" : "was approved");
    }
    AUTO_JSON *form = json_pack("{s:I}", "submitted", (json_int_t) (c->now_ms / 1000));

    return child_put(txn, s.id, COLLECTION, FORM, form, reterr) && answer(c, 201, s.id, form);
}

static bool decide_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *decision = json_text(c->body, "decision");
    struct subscription s;
    AUTO_JSON *form = NULL;

    if (strcmp(decision, "approve") != 0 && strcmp(decision, "refuse") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "decision is 'approve' or 'refuse'.");
    }
    if (!find(c, txn, &s, &form, reterr)) {
        return false;
    }
    if (state_of(s.id, form, c->now_ms / 1000) != CMK_APPROVAL_WAITING) {
        return az_fail(reterr, AZ_ERR_CONFLICT,
                       "No request of the subscription '%s' waits for its answer.", s.id);
    }
    (void) json_object_set_new(form, "decision", json_string(decision));
    return child_put(txn, s.id, COLLECTION, FORM, form, reterr) && answer(c, 200, s.id, form);
}

#define FORM_PATH "/_sim/approvals/{s}"
/* clang-format off */
#define ROW(method, exec, body, run) \
    {{method, FORM_PATH}, PPLANE_CONTROL, NULL, exec, body, 0, NULL, NULL, run}
const struct provider_route provider_approval_routes[] = {
    ROW(HTTP_M_GET,   EXEC_LOOP,  false, get_run),
    ROW(HTTP_M_PUT,   EXEC_WRITE, false, submit_run),
    ROW(HTTP_M_PATCH, EXEC_WRITE, true,  decide_run),
};
/* clang-format on */
const size_t provider_approval_routes_len = ARRAY_LEN(provider_approval_routes);
