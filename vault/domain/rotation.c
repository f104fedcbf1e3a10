/* SPDX-License-Identifier: MIT */
/* Rotation policies: the document's two actions, their triggers, and the moments they name. */
#include "vault/domain/rotation.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/json.h"

#define DAY_S            INT64_C(86400)
#define MIN_EXPIRY_S     (28 * DAY_S) /* keys.json: expiryTime */
#define MIN_ROTATE_S     (7 * DAY_S) /* after creation, and before expiry: azure-rules.md section 6 */
#define DEFAULT_NOTICE   "P30D"
#define DEFAULT_NOTICE_S (30 * DAY_S)
#define LIFETIME_ACTIONS 2 /* one of each kind: keys.json, KeyRotationPolicy */

/* ISO 8601 as the service writes it: "P90D", "PT48H", "P1Y10D"; months have 30 days and years 365,
 * as in .NET's reading of them (unverified). */
static bool parse_span(const char *text, struct rotation_span *ret)
{
    int64_t ms = 0;

    if (text[0] != 'P' || strlen(text) > ROTATION_TEXT_MAX) {
        return false;
    }
    for (const char *p = text; *p; p++) {
        if (islower((unsigned char) *p)) {
            return false;
        }
    }
    if (!duration_parse(text, &ms) || ms < 1000) {
        return false;
    }
    ret->seconds = ms / 1000;
    (void) snprintf(ret->text, sizeof(ret->text), "%s", text);
    return true;
}

void rotation_default(struct rotation_policy *p)
{
    *p = (struct rotation_policy){
        .notify_before = {.seconds = DEFAULT_NOTICE_S, .text = DEFAULT_NOTICE}
    };
}

/* The service's texts for a bad policy are not known: ours (fidelity.md). */
static bool bad(struct az_error *reterr, const char *what)
{
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The key rotation policy is invalid: %s.", what);
}

static bool take_span(const json_t *obj, const char *name, struct rotation_span *ret,
                      struct az_error *reterr)
{
    const char *text = NULL;

    if (!json_get_string(obj, name, &text) || (text && !parse_span(text, ret))) {
        return az_fail(
            reterr, AZ_ERR_BAD_PARAMETER,
            "The key rotation policy is invalid: %s must be an ISO 8601 duration such as "
            "P90D.",
            name);
    }
    return true;
}

static bool take_rotate(const struct rotation_span *after, const struct rotation_span *before,
                        struct rotation_policy *p, struct az_error *reterr)
{
    if (p->rotate_after.seconds > 0 || p->rotate_before.seconds > 0) {
        return bad(reterr, "it has more than one Rotate action");
    }
    if ((after->seconds > 0) == (before->seconds > 0)) {
        return bad(reterr, "a Rotate action needs either timeAfterCreate or timeBeforeExpiry");
    }
    p->rotate_after = *after;
    p->rotate_before = *before;
    return true;
}

static bool take_notify(const struct rotation_span *after, const struct rotation_span *before,
                        struct rotation_policy *p, struct az_error *reterr)
{
    if (p->notify_before.seconds > 0) {
        return bad(reterr, "it has more than one Notify action");
    }
    if (after->seconds > 0 || before->seconds == 0) {
        return bad(reterr, "a Notify action needs timeBeforeExpiry");
    }
    p->notify_before = *before;
    return true;
}

static bool take_action(const json_t *item, struct rotation_policy *p, struct az_error *reterr)
{
    struct rotation_span after = {0};
    struct rotation_span before = {0};
    json_t *trigger = NULL;
    json_t *action = NULL;
    const char *type = NULL;

    if (!json_is_object(item) || !json_get_object(item, "trigger", &trigger) || !trigger ||
        !json_get_object(item, "action", &action) || !action ||
        !json_get_string(action, "type", &type) || !type) {
        return bad(reterr, "a lifetime action has a trigger and an action with its type");
    }
    if (!take_span(trigger, "timeAfterCreate", &after, reterr) ||
        !take_span(trigger, "timeBeforeExpiry", &before, reterr)) {
        return false;
    }
    if (strcasecmp(type, "Rotate") == 0) { /* recorded: "rotate" is taken too */
        return take_rotate(&after, &before, p, reterr);
    }
    if (strcasecmp(type, "Notify") == 0) {
        return take_notify(&after, &before, p, reterr);
    }
    return bad(reterr, "an action's type is Rotate or Notify");
}

/* The intervals, once all of the document is known. */
static bool check_spans(const struct rotation_policy *p, struct az_error *reterr)
{
    int64_t expiry = p->expiry.seconds;

    if (expiry > 0 && expiry < MIN_EXPIRY_S) {
        return bad(reterr, "expiryTime must be at least 28 days");
    }
    if (p->rotate_before.seconds > 0 && expiry == 0) {
        return bad(reterr, "rotation before expiry needs expiryTime");
    }
    if (p->rotate_after.seconds > 0 && p->rotate_after.seconds < MIN_ROTATE_S) {
        return bad(reterr, "rotation must be at least 7 days after creation");
    }
    if (p->rotate_before.seconds > 0 && p->rotate_before.seconds < MIN_ROTATE_S) {
        return bad(reterr, "rotation must be at least 7 days before expiry");
    }
    if (p->rotate_after.seconds > 0 && expiry > 0 &&
        expiry - p->rotate_after.seconds < MIN_ROTATE_S) {
        return bad(reterr, "rotation must be at least 7 days before expiry");
    }
    if (p->rotate_before.seconds > 0 && expiry - p->rotate_before.seconds < MIN_ROTATE_S) {
        return bad(reterr, "rotation must be at least 7 days after creation");
    }
    return true;
}

bool rotation_parse(const json_t *body, struct rotation_policy *p, struct az_error *reterr)
{
    struct rotation_policy made = {.created_s = p->created_s, .updated_s = p->updated_s};
    json_t *actions = NULL;
    json_t *attributes = NULL;
    json_t *item;
    size_t i;

    if (!json_get_array(body, "lifetimeActions", &actions)) {
        return bad(reterr, "lifetimeActions must be an array");
    }
    if (json_array_size(actions) > LIFETIME_ACTIONS) {
        return bad(reterr, "it has more than one action of a kind");
    }
    json_array_foreach(actions, i, item)
    {
        if (!take_action(item, &made, reterr)) {
            return false;
        }
    }
    if (!json_get_object(body, "attributes", &attributes)) {
        return bad(reterr, "attributes must be an object");
    }
    if (attributes && !take_span(attributes, "expiryTime", &made.expiry, reterr)) {
        return false;
    }
    if (!check_spans(&made, reterr)) {
        return false;
    }
    if (made.notify_before.seconds == 0) { /* recorded: a policy of Rotate alone gets it */
        made.notify_before =
            (struct rotation_span){.seconds = DEFAULT_NOTICE_S, .text = DEFAULT_NOTICE};
    }
    *p = made;
    return true;
}

static void add_action(struct buf *out, const char *trigger, const struct rotation_span *span,
                       const char *type)
{
    if (span->seconds > 0) {
        buf_fmt(out, "%s{\"trigger\":{\"%s\":\"%s\"},\"action\":{\"type\":\"%s\"}}",
                out->data[out->len - 1] == '[' ? "" : ",", trigger, span->text, type);
    }
}

void rotation_write(const struct rotation_policy *p, struct buf *out)
{
    buf_str(out, "\"lifetimeActions\":[");
    if (buf_ok(out)) {
        add_action(out, "timeAfterCreate", &p->rotate_after, "Rotate");
        add_action(out, "timeBeforeExpiry", &p->rotate_before, "Rotate");
        add_action(out, "timeBeforeExpiry", &p->notify_before, "Notify");
    }
    if (p->created_s == 0) {
        buf_str(out, "],\"attributes\":null");
        return;
    }
    buf_str(out, "],\"attributes\":{");
    if (p->expiry.seconds > 0) {
        buf_fmt(out, "\"expiryTime\":\"%s\",", p->expiry.text);
    }
    buf_fmt(out, "\"created\":%lld,\"updated\":%lld}", (long long) p->created_s,
            (long long) p->updated_s);
}

struct key_due rotation_due(const struct rotation_policy *p, const struct key_meta *latest,
                            int64_t from_s)
{
    struct key_due due = {0};

    if (latest->enabled && p->rotate_after.seconds > 0) {
        due.rotate_s = latest->created_s + p->rotate_after.seconds;
    } else if (latest->enabled && p->rotate_before.seconds > 0 && latest->has_exp) {
        due.rotate_s = latest->exp_s - p->rotate_before.seconds;
    }
    if (due.rotate_s != 0 && due.rotate_s < from_s) {
        due.rotate_s = from_s;
    }
    if (latest->has_exp && latest->exp_s > from_s) {
        due.expired_s = latest->exp_s;
    }
    if (latest->has_exp && latest->exp_s - p->notify_before.seconds > from_s) {
        due.near_expiry_s = latest->exp_s - p->notify_before.seconds;
    }
    return due;
}

int64_t rotation_period_s(const struct rotation_policy *p)
{
    if (p->rotate_after.seconds > 0) {
        return p->rotate_after.seconds;
    }
    return p->rotate_before.seconds > 0 ? p->expiry.seconds - p->rotate_before.seconds : 0;
}
