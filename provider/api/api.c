/* SPDX-License-Identifier: MIT */
/* The way of a request through providerd: site, route, authentication, authorization, prepare, run.
 */
#include "provider/api/api.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "provider/api/account_child.h"
#include "provider/api/ai.h"
#include "provider/api/answer.h"
#include "provider/api/arm_registration.h"
#include "provider/api/auth.h"
#include "provider/api/background.h"
#include "provider/api/cmk_follow.h"
#include "provider/api/face.h"
#include "provider/api/storage.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"

enum table_group { T_LOGIN, T_IDENTITY, T_GRAPH, T_AI, T_CONTROL, T_ARM };

struct table {
    enum table_group group; /* those of one host are searched in this order */
    const void *rows;
    const size_t *n;
    size_t stride; /* of a struct arm_route where operations know their versions */
};

/* clang-format off */
#define PLAIN(group, name) {group, provider_##name##_routes, &provider_##name##_routes_len, sizeof(struct provider_route)}
#define ARM(name)          {T_ARM, provider_##name##_routes, &provider_##name##_routes_len, sizeof(struct arm_route)}

static const struct table tables[] = {
    PLAIN(T_LOGIN, login),
    PLAIN(T_IDENTITY, identity),
    PLAIN(T_GRAPH, graph),
    PLAIN(T_AI, ai),
    {T_AI, provider_oai_routes, &provider_oai_routes_len, sizeof(struct arm_route)},
    PLAIN(T_AI, face),
    PLAIN(T_AI, face_set),
    PLAIN(T_AI, face_person),
    PLAIN(T_AI, language),
    PLAIN(T_AI, speech),
    PLAIN(T_CONTROL, control),
    PLAIN(T_CONTROL, rule),
    PLAIN(T_CONTROL, approval),
    PLAIN(T_CONTROL, lockbox),
    PLAIN(T_CONTROL, move),
    PLAIN(T_CONTROL, portal),
    PLAIN(T_ARM, authorization), /* before the resources that it is about */
    ARM(account),
    ARM(deleted_account),
    ARM(deployment),
    ARM(account_child),
    ARM(catalogue),
    ARM(user_identity),
    PLAIN(T_ARM, storage),
    PLAIN(T_ARM, arm),
};
/* clang-format on */

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

static bool find_in(struct provider_call *c, enum table_group group, struct az_error *reterr)
{
    unsigned allowed = 0;

    for (const struct table *t = tables; t < tables + ARRAY_LEN(tables); t++) {
        struct route_match m = {0};

        if (t->group == group) {
            m = route_find(t->rows, *t->n, t->stride, &c->x->req);
        }
        allowed |= m.allowed;
        if (m.route) {
            c->row = (const struct provider_route *) (const void *) m.route;
            c->arm_row = t->stride == sizeof(struct arm_route)
                             ? (const struct arm_route *) (const void *) m.route
                             : NULL;
            memcpy(c->params, m.params, sizeof(m.params));
            c->n_params = m.n_params;
            return true;
        }
    }
    if (group == T_AI) { /* the gateway knows a path by its method */
        return ai_no_such_path(reterr);
    }
    if (allowed != 0) {
        return az_fail(reterr, AZ_ERR_METHOD_NOT_ALLOWED_405,
                       "The HTTP method is not supported here.");
    }
    return group == T_ARM ? arm_no_such_type(c, reterr)
                          : az_fail(reterr, AZ_ERR_NOT_FOUND,
                                    "The resource '%.200s' is not known here.", c->x->req.target);
}

static bool find_row(struct provider_call *c, struct az_error *reterr)
{
    switch (c->site.service) {
    case SVC_MANAGEMENT:
        return find_in(c, T_ARM, reterr);
    case SVC_LOGIN:
        return find_in(c, T_LOGIN, reterr);
    case SVC_IDENTITY:
        return find_in(c, T_IDENTITY, reterr);
    case SVC_GRAPH:
        return find_in(c, T_GRAPH, reterr);
    case SVC_OPENAI:
    case SVC_COGNITIVE:
    case SVC_AI_SERVICES:
    case SVC_COGNITIVE_REGION:
        return find_in(c, T_AI, reterr);
    case SVC_VAULT:
        break;
    }
    return az_fail(reterr, AZ_ERR_NOT_FOUND, "The host '%.*s' is not served here.",
                   (int) c->x->req.host.len, c->x->req.host.ptr);
}

/* ARM's own text (issues of azure-sdk-for-js and acs-engine quote it). */
static bool find_version(struct provider_call *c, struct az_error *reterr)
{
    const struct arm_versions *v = c->arm_row ? c->arm_row->versions : NULL;
    CLEANUP(buf_done) struct buf known = {0};
    char type[128];

    if (!v) {
        return true;
    }
    c->version = arm_version_find(v, c->api_version);
    if (c->version >= 0 && (c->arm_row->in_versions & ARM_BIT(c->version)) != 0) {
        return true;
    }
    for (size_t i = 0; i < v->n; i++) {
        if ((c->arm_row->in_versions & ARM_BIT(i)) != 0) {
            buf_fmt(&known, "%s%s", known.len > 0 ? "," : "", v->names[i]);
        }
    }
    arm_resource_type(c->arm_row, type, sizeof(type));
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_INVALID_RESOURCE_TYPE,
        "The resource type '%s' could not be found in the namespace '%s' for api version "
        "'%.64s'. The supported api-versions are '%s'.",
        type, v->ns, c->api_version, buf_ok(&known) ? known.data : "");
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
    return find_version(c, reterr) && arm_check_registered(c, reterr);
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
    if (!find_row(c, reterr)) {
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
    return find_in(c, T_CONTROL, reterr);
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
    return az_fail(reterr, AZ_ERR_INVALID_REQUEST_CONTENT,
                   "The request content was invalid and could not be deserialized: '%s'.", why);
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

static void print_row(FILE *out, const struct provider_route *r)
{
    static const char *const planes[] = {"login",    "metadata", "arm",    "graph",
                                         "identity", "ai",       "control"};

    for (unsigned m = 1; m <= HTTP_M_DELETE; m <<= 1) {
        if ((r->route.methods & m) != 0) {
            (void) fprintf(out, "%s\t%s\t%s\t%s\t%s\n", planes[r->plane],
                           http_method_name((enum http_method) m), r->route.path,
                           r->audit_name ? r->audit_name : "-",
                           r->exec == EXEC_WRITE ? "write" : "loop");
        }
    }
}

void provider_api_print_routes(FILE *out)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < *tables[t].n; i++) {
            print_row(out, (const void *) ((const char *) tables[t].rows + i * tables[t].stride));
        }
    }
}
