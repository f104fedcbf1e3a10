/* SPDX-License-Identifier: MIT */
/* The way of a request through providerd: site, route, authentication, authorization, prepare, run.
 */
#include "provider/api/api.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "provider/api/ai.h"
#include "provider/api/answer.h"
#include "provider/api/arm_registration.h"
#include "provider/api/auth.h"
#include "provider/api/background.h"
#include "provider/api/cmk_follow.h"
#include "provider/api/find.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

const char *provider_param(struct provider_call *c, size_t i)
{
    struct str_view v = i < c->n_params ? c->params[i] : (struct str_view){"", 0};

    (void) snprintf(c->texts[i], sizeof(c->texts[i]), "%.*s", (int) v.len, v.len > 0 ? v.ptr : "");
    return c->texts[i];
}

static enum http_step finish_error(struct provider_call *c)
{
    if (c->error.detail[0]) {
        log_error("%.*s %s: %s", (int) c->x->req.method_name.len, c->x->req.method_name.ptr,
                  c->x->req.target ? c->x->req.target : "", c->error.detail);
    }
    provider_answer_error(c);
    return HTTP_STEP_DONE;
}

static bool authorize_arm(struct provider_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (c->x->req.n_segments < 2 || !sv_ieq(c->x->req.segments[0], "subscriptions")) {
        return true;
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = provider_authorize_subscription(c, txn, provider_param(c, 0), reterr);
    kvdb_abort(txn);
    return ok;
}

static bool begin_arm(struct provider_call *c, struct az_error *reterr)
{
    c->api_version = http_param_get(&c->x->req, "api-version");
    if (!provider_authenticate(c, reterr) || !authorize_arm(c, reterr)) {
        return false;
    }
    if (c->row->plane == PPLANE_ARM && (!c->api_version || !*c->api_version)) {
        return az_fail(
            reterr, AZ_ERR_MISSING_API_VERSION,
            "The api-version query parameter (?api-version=) is required for all requests.");
    }
    return provider_find_version(c, reterr) && arm_check_registered(c, reterr);
}

/* Authentication and authorization, as the row's plane wants them. */
static bool admit(struct provider_call *c, struct az_error *reterr)
{
    switch (c->row->plane) {
    case PPLANE_ARM:
    case PPLANE_GRAPH:
        return begin_arm(c, reterr);
    case PPLANE_AI:
        c->api_version = http_param_get(&c->x->req, "api-version");
        return ai_authenticate(c, reterr) && ai_find_version(c, reterr);
    case PPLANE_LOGIN:
    case PPLANE_METADATA:
    case PPLANE_IDENTITY:
    case PPLANE_CONTROL:
        return true;
    }
    return false;
}

/* The same for a path that no row serves: by the service that the Host names. */
static bool authenticate_unrouted(struct provider_call *c, struct az_error *reterr)
{
    switch (c->site.service) {
    case SVC_MANAGEMENT:
    case SVC_GRAPH:
        return provider_authenticate(c, reterr);
    case SVC_OPENAI:
    case SVC_COGNITIVE:
    case SVC_AI_SERVICES:
    case SVC_COGNITIVE_REGION:
        return ai_authenticate(c, reterr);
    case SVC_LOGIN:
    case SVC_IDENTITY:
    case SVC_VAULT:
        break;
    }
    return true;
}

static bool begin_plane(struct provider_call *c, struct az_error *reterr)
{
    if (!provider_find_row(c, reterr)) {
        /* Nobody learns without a token what exists. */
        struct az_error unauthenticated;

        if (!authenticate_unrouted(c, &unauthenticated)) {
            *reterr = unauthenticated;
        }
        return false;
    }
    c->x->body_limit = c->row->body_limit > 0        ? c->row->body_limit
                       : c->row->plane == PPLANE_ARM ? LIMIT_BODY_ARM
                                                     : LIMIT_BODY_TOKEN;
    c->x->stream_body = c->row->body != NULL;
    return admit(c, reterr) && (!c->x->req.bad_path || az_fail(reterr, AZ_ERR_BAD_REQUEST,
                                                               "The request URI is not valid."));
}

static bool is_control(const struct http_request *req)
{
    return req->n_segments > 0 &&
           (sv_eq(req->segments[0], "_sim") || sv_eq(req->segments[0], "health"));
}

static bool begin_control(struct provider_call *c, struct az_error *reterr)
{
    c->x->body_limit = LIMIT_BODY_TOKEN;
    c->control = true;
    if (!control_authorized(&c->d->control, &c->x->req) || c->x->req.n_segments < 2 ||
        control_serves(&c->x->req)) {
        return true;
    }
    return provider_find_control_row(c, reterr);
}

static enum http_step api_begin(void *ctx, struct http_exchange *x)
{
    struct provider_call *c = calloc(1, sizeof(*c));
    bool known;
    bool ok;

    if (!c) {
        provider_plain_error(&x->resp, 500, "InternalServerError",
                             "An internal error has occurred.");
        return HTTP_STEP_DONE;
    }
    x->state = c;
    c->d = ctx;
    c->x = x;
    c->purged = json_array();
    c->now_ms = sim_clock_now_ms(c->d->clock);
    c->version = -1;
    guid_random(c->request_id);
    (void) control_client_ip(&c->d->control, &x->req);
    known = site_from_host(&c->d->names, x->req.host, &c->site);
    if (is_control(&x->req) && (!known || c->site.family != NAMES_AZURE)) {
        ok = begin_control(c, &c->error);
    } else if (!known) {
        ok = az_fail(&c->error, AZ_ERR_BAD_REQUEST, "The host '%.*s' is not served here.",
                     (int) (x->req.host.len < 128 ? x->req.host.len : 128), x->req.host.ptr);
    } else {
        ok = begin_plane(c, &c->error);
    }
    c->admitted = ok;
    provider_answer_headers(c);
    return ok ? HTTP_STEP_LOOP : finish_error(c);
}

static bool parse_body(struct provider_call *c, struct az_error *reterr)
{
    bool ai = c->row->plane == PPLANE_AI;
    char why[200] = "it is empty";

    if (c->body || !c->row->needs_body) {
        return true;
    }
    if (c->x->req.body.len == 0 && !ai) {
        return az_fail(reterr, AZ_ERR_INVALID_REQUEST_CONTENT,
                       "The request content was invalid: it is empty.");
    }
    c->body = c->x->req.body.len > 0 ? json_parse(c->x->req.body, why, sizeof(why)) : NULL;
    if (json_is_object(c->body)) {
        return true;
    }
    if (c->body) {
        (void) snprintf(why, sizeof(why), "a JSON object is expected");
    }
    if (ai) {
        return ai_bad_body(c, why, reterr);
    }
    return az_fail_content(reterr, NULL, "%s", why);
}

static enum http_step next_step(const struct provider_call *c)
{
    if (c->row->prepare && !c->prepared_done) {
        return HTTP_STEP_PREPARE;
    }
    return c->row->exec == EXEC_WRITE ? HTTP_STEP_WRITE : HTTP_STEP_LOOP;
}

/* The clock was moved, and what is due by its new time is done before that is answered: whoever
 * moved it may go on with the vault, past this daemon. */
static enum http_step step_control(struct provider_call *c)
{
    struct kvdb_txn *txn = NULL;
    struct az_error ignored;
    bool due;

    if (!c->clock_moved) {
        if (!control_handle(&c->d->control, &c->x->req, &c->x->resp)) {
            provider_plain_error(&c->x->resp, 404, "NotFound",
                                 "There is no such control endpoint.");
        }
        c->clock_moved = c->x->req.method == HTTP_M_POST && c->x->resp.status == 200;
        c->now_ms = sim_clock_now_ms(c->d->clock);
    }
    if (!c->clock_moved || !kvdb_begin_read(c->d->db, &txn, &ignored)) {
        return HTTP_STEP_DONE;
    }
    due = background_due(c, txn);
    kvdb_abort(txn);
    return due ? HTTP_STEP_PREPARE : HTTP_STEP_DONE;
}

static enum http_step step_loop(struct provider_call *c)
{
    struct kvdb_txn *txn = NULL;
    enum http_step next;
    bool ok;

    if (c->control && !c->row) {
        return step_control(c);
    }
    if (json_array_size(c->purged) > 0) { /* and that is committed now */
        return HTTP_STEP_PREPARE;
    }
    if (!parse_body(c, &c->error)) {
        return finish_error(c);
    }
    if (!kvdb_begin_read(c->d->db, &txn, &c->error)) {
        return finish_error(c);
    }
    next = background_due(c, txn) ? HTTP_STEP_PREPARE : c->rekey ? HTTP_STEP_WRITE : next_step(c);
    if (next != HTTP_STEP_LOOP) {
        kvdb_abort(txn);
        return next;
    }
    if (account_store_due(txn, c->now_ms / 1000)) {
        kvdb_abort(txn);
        return HTTP_STEP_WRITE;
    }
    ok = c->row->run(c, txn, &c->error);
    kvdb_abort(txn);
    return ok ? HTTP_STEP_DONE : finish_error(c);
}

/* What is due is done in a transaction of its own, whatever the request comes to. */
static enum http_step sweep(struct provider_call *c, struct kvdb_txn *txn)
{
    return account_store_sweep(txn, c->now_ms / 1000, c->purged, &c->error) ? HTTP_STEP_LOOP
                                                                            : finish_error(c);
}

static enum http_step step_write(struct provider_call *c, struct kvdb_txn *txn)
{
    if (c->background) {
        return background_write(c, txn, &c->error) ? HTTP_STEP_LOOP : finish_error(c);
    }
    if (json_array_clear(c->purged) < 0) {
        (void) az_fail_internal(&c->error, "out of memory");
        return finish_error(c);
    }
    if (account_store_due(txn, c->now_ms / 1000)) {
        return sweep(c, txn);
    }
    if (!cmk_store_rekey(c, txn, &c->error) || !c->row->run(c, txn, &c->error)) {
        return finish_error(c);
    }
    if (c->retry_prepare) {
        c->retry_prepare = false;
        return HTTP_STEP_PREPARE;
    }
    c->answered = true;
    return json_array_size(c->purged) > 0 && c->x->resp.status < 400 ? HTTP_STEP_LOOP
                                                                     : HTTP_STEP_DONE;
}

/* On a worker, like everything that touches the disk. */
static enum http_step remove_purged(struct provider_call *c)
{
    json_t *uid;
    size_t i;

    json_array_foreach(c->purged, i, uid)
    {
        blob_remove_account(c->d->blob_dir, json_string_value(uid));
    }
    (void) json_array_clear(c->purged);
    return c->answered ? HTTP_STEP_DONE : HTTP_STEP_LOOP;
}

static enum http_step step_prepare(struct provider_call *c)
{
    if (json_array_size(c->purged) > 0) {
        return remove_purged(c);
    }
    if (c->background) {
        background_prepare(c);
        return HTTP_STEP_WRITE;
    }
    if (!c->row->prepare(c, &c->error)) {
        return finish_error(c);
    }
    c->prepared_done = true;
    return c->row->exec == EXEC_WRITE ? HTTP_STEP_WRITE : HTTP_STEP_LOOP;
}

static enum http_step api_step(void *ctx, struct http_exchange *x, enum http_step what,
                               struct kvdb_txn *txn)
{
    struct provider_call *c = x->state;

    (void) ctx;
    switch (what) {
    case HTTP_STEP_LOOP:
        return step_loop(c);
    case HTTP_STEP_PREPARE:
        return step_prepare(c);
    case HTTP_STEP_WRITE:
        return step_write(c, txn);
    case HTTP_STEP_COMMIT_FAILED:
        provider_answer_headers(c);
        (void) az_fail_internal(&c->error, "the commit failed");
        return finish_error(c);
    case HTTP_STEP_DONE:
        break;
    }
    return HTTP_STEP_DONE;
}

static bool api_body(void *ctx, struct http_exchange *x, const uint8_t *data, size_t len)
{
    struct provider_call *c = x->state;

    (void) ctx;
    if (c->row->body(c, data, len, &c->error)) {
        return true;
    }
    (void) finish_error(c);
    return false;
}

static void write_audit(struct provider_call *c)
{
    struct http_exchange *x = c->x;
    struct audit_record r = {.time_ms = c->now_ms,
                             .operation_name = c->row->audit_name,
                             .operation_version = c->api_version,
                             .http_status = x->resp.status,
                             .duration_ms = (clock_mono_us() - x->started_us) / 1000,
                             .caller_ip = x->req.client_ip,
                             .correlation_id = c->request_id,
                             .request_uri = x->req.target};

    r.oid = c->who.oid[0] ? c->who.oid : NULL;
    r.appid = c->who.appid[0] ? c->who.appid : NULL;
    r.upn = c->who.upn[0] ? c->who.upn : NULL;
    if (x->resp.status >= 400) {
        r.result_type = c->error.rule ? c->error.rule : az_error_code(&c->error);
        r.result_description = c->error.message;
    }
    audit_write(c->d->audit, x->req.lane, &r);
}

static void api_end(void *ctx, struct http_exchange *x)
{
    struct provider_call *c = x->state;

    (void) ctx;
    if (!c) {
        return;
    }
    if (c->d->audit && c->row && c->row->audit_name) {
        write_audit(c);
    }
    if (c->prepared && c->prepared_free) {
        c->prepared_free(c->prepared);
    }
    background_free(c);
    json_decref(c->body);
    json_decref(c->purged);
    free(c);
    x->state = NULL;
}

static void api_refuse(void *ctx, struct http_exchange *x, int status, const char *message)
{
    struct provider_call *c = x->state;

    (void) ctx;
    if (c && status == 413) {
        provider_answer_headers(c);
        (void) az_fail(&c->error, AZ_ERR_PAYLOAD_TOO_LARGE, "%s", message);
        provider_answer_error(c);
        return;
    }
    provider_plain_error(&x->resp, status,
                         status == 413   ? "RequestEntityTooLarge"
                         : status >= 500 ? "InternalServerError"
                                         : "BadRequest",
                         message);
}

void provider_api_init(struct http_app *app, struct providerd *d)
{
    *app = (struct http_app){.ctx = d,
                             .db = d->db,
                             .begin = api_begin,
                             .step = api_step,
                             .body = api_body,
                             .end = api_end,
                             .refuse = api_refuse};
}

void provider_api_handle(struct providerd *d, struct http_exchange *x)
{
    struct http_app app;

    provider_api_init(&app, d);
    http_app_run(&app, x);
}
