/* SPDX-License-Identifier: MIT */
/*
 * The way of a request through vaultd: site, authentication, route, authorization, validation,
 * prepare, run. Every path ends in a JSON answer and one audit record.
 */
#include "vault/api/api.h"

#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "vault/api/answer.h"
#include "vault/api/arm_errors.h"
#include "vault/api/auth.h"
#include "vault/api/key_fields.h"
#include "vault/api/sweep.h"
#include "vault/api/throttle.h"
#include "vault/api/vault_cache.h"
#include "vault/api/version.h"
#include "vault/store/rbac_store.h"
#include "vault/store/vault_store.h"

static const struct table {
    enum vault_plane plane;
    const struct vault_route *rows;
    const size_t *n;
} tables[] = {
    {PLANE_DATA,    vault_key_routes,         &vault_key_routes_len        },
    {PLANE_DATA,    vault_certificate_routes, &vault_certificate_routes_len},
    {PLANE_ARM,     vault_arm_routes,         &vault_arm_routes_len        },
    {PLANE_CONTROL, vault_control_routes,     &vault_control_routes_len    },
};

const char *vault_param(const struct vault_call *c, size_t i, char *out, size_t size)
{
    struct str_view v = i < c->n_params ? c->params[i] : (struct str_view){"", 0};

    (void) snprintf(out, size, "%.*s", (int) v.len, v.ptr);
    return out;
}

static enum http_step finish_error(struct vault_call *c)
{
    if (c->error.detail[0]) {
        log_error("%.*s %s: %s", (int) c->x->req.method_name.len, c->x->req.method_name.ptr,
                  c->x->req.target ? c->x->req.target : "", c->error.detail);
    }
    vault_answer_error(c);
    return HTTP_STEP_DONE;
}

/* An operation that the request's version does not have is as good as not there. */
static bool row_serves(const struct route *row, const void *call)
{
    const struct vault_route *r = (const void *) row;
    const struct vault_call *c = call;

    return vault_version_in(c, r->versions) &&
           (c->d->secure_wrap || (BODY_BIT(r->body) & MANAGED_HSM_BODIES) == 0);
}

/* The first row of this plane that fits; if none does, what the path allows in any of its tables.
 */
static struct route_match match(struct vault_call *c, enum vault_plane plane)
{
    struct route_match m = {0};
    unsigned allowed = 0;

    for (size_t i = 0; i < ARRAY_LEN(tables) && !m.route; i++) {
        if (tables[i].plane == plane) {
            m = route_find_where(tables[i].rows, *tables[i].n, sizeof(*tables[i].rows), &c->x->req,
                                 plane == PLANE_CONTROL ? NULL : row_serves, c);
            allowed |= m.allowed;
        }
    }
    m.allowed = allowed;
    return m;
}

/* A row of this plane; the errors for none. */
static bool find_row(struct vault_call *c, enum vault_plane plane, struct az_error *reterr)
{
    struct route_match m = match(c, plane);
    const char *last;

    if (m.route) {
        c->row = (const struct vault_route *) (const void *) m.route;
        memcpy(c->params, m.params, sizeof(m.params));
        c->n_params = m.n_params;
        return true;
    }
    if (plane == PLANE_ARM && m.allowed == 0) {
        return arm_fail_type(c, reterr);
    }
    if (plane != PLANE_DATA) {
        return m.allowed != 0
                   ? az_fail(reterr, AZ_ERR_METHOD_NOT_ALLOWED_405,
                             "The HTTP method is not supported by this resource.")
                   : az_fail(reterr, AZ_ERR_NOT_FOUND, "The resource '%.200s' is not known here.",
                             c->x->req.target);
    }
    last = c->x->req.n_segments > 0 ? c->x->req.segments[c->x->req.n_segments - 1].ptr : "";
    if (c->x->req.n_segments > 2 && *last) {
        /* Recorded for GET .../attestation on a vault: azure-rules.md section 8. */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Method %.*s does not allow operation '%.64s'",
                       (int) c->x->req.method_name.len, c->x->req.method_name.ptr, last);
    }
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Operation not specified");
}

static struct rbac_set *load_rbac(void *txn)
{
    return rbac_store_load(txn);
}

/* The role assignments that are stored now, for a vault that is judged by them. */
static bool take_rbac(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    rbac_cache_release(c->rbac);
    c->rbac = NULL;
    if (!c->vault || !c->vault->rbac) {
        return true;
    }
    c->rbac = rbac_cache_get(c->d->rbac, rbac_store_revision(txn), load_rbac, txn);
    return c->rbac || az_fail_internal(reterr, "role assignments can't be read");
}

/* The vault that the Host names, into c->vault; a deleted one counts as none. */
static bool find_vault(struct vault_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = vault_cache_get(c->d->vaults, txn, c->site.label, &c->vault, reterr);
    if (c->vault && c->vault->deleted_s > 0) {
        vault_cache_release(c->vault);
        c->vault = NULL;
    }
    ok = ok && take_rbac(c, txn, reterr);
    kvdb_abort(txn);
    c->vault_revision = c->vault ? c->vault->revision : 0;
    return ok;
}

static bool begin_data(struct vault_call *c, struct az_error *reterr)
{
    const char *tenant;

    if (!find_vault(c, reterr)) {
        return false;
    }
    vault_answer_headers(c);
    tenant = c->vault ? c->vault->tenant : c->d->default_tenant;
    if (!vault_authenticate(c, tenant, reterr)) {
        vault_set_challenge(c, tenant);
        return false;
    }
    if (c->x->req.bad_path) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The request URI contains an invalid name: %.200s", c->x->req.target);
    }
    if (!vault_version_check(c, reterr) || !find_row(c, PLANE_DATA, reterr)) {
        return false;
    }
    if (c->row->body == BODY_RESTORE) { /* a backup is longer than all else */
        c->x->body_limit = LIMIT_BODY_RESTORE;
    }
    if (!c->vault) {
        /* In Azure the name would not resolve: ours (fidelity.md). */
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no vault '%s'.", c->site.label);
    }
    if (c->row->permission == 0) {
        return az_fail_internal(reterr, "a data-plane row without a permission");
    }
    return vault_authorize(c, reterr);
}

static bool begin_arm(struct vault_call *c, struct az_error *reterr)
{
    vault_answer_headers(c);
    if (!c->d->arm_open && !control_authorized(&c->d->control, &c->x->req)) {
        return az_fail(reterr, AZ_ERR_FORBIDDEN,
                       "Resource manager requests go to the management endpoint.");
    }
    if (!vault_authenticate(c, c->d->default_tenant, reterr)) {
        return false;
    }
    if (c->x->req.bad_path) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The request URI is not valid.");
    }
    return vault_version_check(c, reterr) && find_row(c, PLANE_ARM, reterr);
}

static bool is_control(const struct http_request *req)
{
    return req->n_segments > 0 &&
           (sv_eq(req->segments[0], "_sim") || sv_eq(req->segments[0], "health"));
}

static bool begin_control(struct vault_call *c, struct az_error *reterr)
{
    c->control = true;
    if (!control_authorized(&c->d->control, &c->x->req) || c->x->req.n_segments < 3) {
        return true; /* control_handle() answers, also refusals */
    }
    c->x->body_limit = LIMIT_BODY_ARM;
    return find_row(c, PLANE_CONTROL, reterr);
}

/* A test may say where a call comes from: honoured only beside the control token. */
static void take_stated_origin(struct vault_call *c)
{
    struct str_view subnet = http_header_get(&c->x->req, "x-kvsim-client-subnet");

    if (control_client_ip(&c->d->control, &c->x->req) && subnet.len < sizeof(c->client_subnet)) {
        (void) snprintf(c->client_subnet, sizeof(c->client_subnet), "%.*s", (int) subnet.len,
                        subnet.len > 0 ? subnet.ptr : "");
    }
}

static enum http_step api_begin(void *ctx, struct http_exchange *x)
{
    struct vault_call *c = calloc(1, sizeof(*c));
    bool known;
    bool ok;

    if (!c) {
        vault_answer_plain_error(&x->resp, 500, "InternalServerError",
                                 "An internal error has occurred.");
        return HTTP_STEP_DONE;
    }
    x->state = c;
    c->d = ctx;
    c->x = x;
    c->now_s = sim_clock_now_s(c->d->clock);
    guid_random(c->request_id);
    take_stated_origin(c);
    x->body_limit = LIMIT_BODY_KEYVAULT;
    known = site_from_host(&c->d->names, x->req.host, &c->site);
    if (is_control(&x->req) && (!known || c->site.family != NAMES_AZURE)) {
        ok = begin_control(c, &c->error);
    } else if (known && c->site.service == SVC_VAULT) {
        ok = begin_data(c, &c->error);
    } else if (known && c->site.service == SVC_MANAGEMENT) {
        x->body_limit = LIMIT_BODY_ARM;
        ok = begin_arm(c, &c->error);
    } else {
        ok = az_fail(&c->error, AZ_ERR_BAD_REQUEST, "The host '%.*s' is no vault of this service.",
                     (int) (x->req.host.len < 128 ? x->req.host.len : 128), x->req.host.ptr);
    }
    return ok ? HTTP_STEP_LOOP : finish_error(c);
}

/* JSON of the body, once; an object where the row wants one. */
static bool parse_body(struct vault_call *c, struct az_error *reterr)
{
    const struct http_request *req = &c->x->req;
    char why[200];

    if (c->body || c->row->body == BODY_NONE || req->body.len == 0) {
        return c->body || c->row->body == BODY_NONE ||
               (c->row->plane == PLANE_ARM
                    ? az_fail(reterr, AZ_ERR_INVALID_REQUEST_CONTENT,
                              "The request content was invalid: it is empty.")
                    : az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                              "The request body is empty: a JSON object is expected."));
    }
    c->body = json_parse(req->body, why, sizeof(why));
    if (json_is_object(c->body)) {
        return key_body_gate(c, reterr);
    }
    if (c->body) {
        (void) snprintf(why, sizeof(why), "a JSON object is expected");
    }
    return c->row->plane == PLANE_ARM ? az_fail_content(reterr, NULL, "%s", why)
                                      : az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                                                "The request body is not valid JSON: %s.", why);
}

/* In a snapshot: what has to be swept first, or else the handler of a row that only reads. */
static bool run_loop(struct vault_call *c, bool reads, enum sweep_need *need,
                     struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok = true;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    *need = sweep_needed(c, txn);
    if (*need == SWEEP_NOTHING && reads) {
        ok = c->row->run(c, txn, reterr);
    }
    kvdb_abort(txn);
    return ok;
}

/* Changed since it was authorized? Then it is judged again, on what is stored now. */
static bool recheck(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct vault *now = NULL;

    bool same_roles = !c->rbac || rbac_shared_revision(c->rbac) == rbac_store_revision(txn);

    if (c->row->plane != PLANE_DATA ||
        (vault_store_revision(txn, c->site.label) == c->vault_revision && same_roles)) {
        return true;
    }
    if (!vault_cache_get(c->d->vaults, txn, c->site.label, &now, reterr)) {
        return false;
    }
    if (!now || now->deleted_s > 0) {
        vault_cache_release(now);
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no vault '%s'.", c->site.label);
    }
    vault_cache_release(c->vault);
    c->vault = now;
    c->vault_revision = now->revision;
    return take_rbac(c, txn, reterr) && vault_authorize(c, reterr);
}

static enum http_step run_write(struct vault_call *c, struct kvdb_txn *txn)
{
    if (c->sweeping) {
        return sweep_write(c, txn, &c->error) ? HTTP_STEP_LOOP : finish_error(c);
    }
    if (sweep_needed(c, txn) != SWEEP_NOTHING) { /* another write has made it due */
        return HTTP_STEP_LOOP;
    }
    if (!recheck(c, txn, &c->error) || !c->row->run(c, txn, &c->error)) {
        return finish_error(c);
    }
    if (c->retry_prepare) {
        c->retry_prepare = false;
        return HTTP_STEP_PREPARE;
    }
    return HTTP_STEP_DONE;
}

static enum http_step run_prepare(struct vault_call *c)
{
    if (c->sweeping) {
        return sweep_prepare(c, &c->error) ? HTTP_STEP_WRITE : finish_error(c);
    }
    if (!c->row->prepare(c, &c->error)) {
        return finish_error(c);
    }
    return c->row->exec == EXEC_WRITE ? HTTP_STEP_WRITE : HTTP_STEP_LOOP;
}

static enum http_step step_loop(struct vault_call *c)
{
    enum sweep_need need = SWEEP_NOTHING;
    bool prepares;

    if (c->control && !c->row) {
        if (!control_handle(&c->d->control, &c->x->req, &c->x->resp)) {
            vault_answer_plain_error(&c->x->resp, 404, "NotFound",
                                     "There is no such control endpoint.");
        }
        return HTTP_STEP_DONE;
    }
    if (!parse_body(c, &c->error) || !throttle_call(c, &c->error)) {
        return finish_error(c);
    }
    sweep_report(c); /* committed now, if there was one */
    prepares = c->row->prepare && !c->prepared;
    if (!run_loop(c, c->row->exec == EXEC_LOOP && !prepares, &need, &c->error)) {
        return finish_error(c);
    }
    c->sweeping = need != SWEEP_NOTHING;
    if (c->sweeping) {
        return need == SWEEP_PREPARE ? HTTP_STEP_PREPARE : HTTP_STEP_WRITE;
    }
    if (prepares) {
        return HTTP_STEP_PREPARE;
    }
    return c->row->exec == EXEC_WRITE ? HTTP_STEP_WRITE : HTTP_STEP_DONE;
}

static enum http_step api_step(void *ctx, struct http_exchange *x, enum http_step what,
                               struct kvdb_txn *txn)
{
    struct vault_call *c = x->state;

    (void) ctx;
    switch (what) {
    case HTTP_STEP_LOOP:
        return step_loop(c);
    case HTTP_STEP_PREPARE:
        return run_prepare(c);
    case HTTP_STEP_WRITE:
        return run_write(c, txn);
    case HTTP_STEP_COMMIT_FAILED:
        vault_answer_headers(c);
        (void) az_fail_internal(&c->error, "the commit failed");
        return finish_error(c);
    case HTTP_STEP_DONE:
        break;
    }
    return HTTP_STEP_DONE;
}

/* "/subscriptions/.../vaults/NAME" of the vault that a request is about; empty: of none. */
static void audit_resource(const struct vault_call *c, char out[512])
{
    const char *prefix =
        "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.KeyVault/vaults/{";
    char sub[64];
    char group[128];
    char name[128];

    out[0] = '\0';
    if (c->vault) {
        (void) snprintf(sub, sizeof(sub), "%s", c->vault->subscription);
        (void) snprintf(group, sizeof(group), "%s", c->vault->resource_group);
        (void) snprintf(name, sizeof(name), "%s", c->vault->name);
    } else if (c->row && strncmp(c->row->route.path, prefix, strlen(prefix)) == 0) {
        (void) vault_param(c, 0, sub, sizeof(sub));
        (void) vault_param(c, 1, group, sizeof(group));
        (void) vault_param(c, 2, name, sizeof(name));
    } else {
        return;
    }
    (void) snprintf(out, 512,
                    "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s",
                    sub, group, name);
}

static void write_audit(struct vault_call *c)
{
    struct http_exchange *x = c->x;
    struct str_view id = http_header_get(&x->req, "x-ms-client-request-id");
    struct str_view agent = http_header_get(&x->req, "user-agent");
    char resource[512];
    char corr[128];
    char info[256];
    char host[256];
    struct audit_record r = {
        .time_ms = c->now_s * 1000,
        /* Before there is a row it is the token that is judged: logging.md, "Authentication". */
        .operation_name = c->audit_name           ? c->audit_name
                          : c->row                ? c->row->audit_name
                          : x->resp.status == 401 ? "Authentication"
                                                  : NULL,
        .operation_version = c->api_version[0] ? c->api_version : NULL,
        .http_status = x->resp.status,
        .duration_ms = (clock_mono_us() - x->started_us) / 1000,
        .caller_ip = x->req.client_ip,
        .request_uri = x->req.target,
        .id = c->object_id[0] ? c->object_id : NULL,
    };

    audit_resource(c, resource);
    if (resource[0]) {
        r.resource_id = resource;
    }
    if (x->resp.status >= 400) {
        r.result_description = c->error.message;
    }
    (void) snprintf(corr, sizeof(corr), "%.*s", (int) id.len, id.len > 0 ? id.ptr : "");
    (void) snprintf(info, sizeof(info), "%.*s", (int) (agent.len < 255 ? agent.len : 255),
                    agent.len > 0 ? agent.ptr : "");
    r.correlation_id = corr[0] ? corr : c->request_id;
    r.client_info = info;
    (void) snprintf(host, sizeof(host), "%.*s",
                    (int) (x->req.host.len < 255 ? x->req.host.len : 255),
                    x->req.host.len > 0 ? x->req.host.ptr : "");
    r.request_host = host;
    r.oid = c->who.oid[0] ? c->who.oid : NULL;
    r.appid = c->who.appid[0] ? c->who.appid : NULL;
    r.upn = c->who.upn[0] ? c->who.upn : NULL;
    audit_write(c->d->audit, x->req.lane, &r);
}

static void api_end(void *ctx, struct http_exchange *x)
{
    struct vault_call *c = x->state;

    (void) ctx;
    if (!c) {
        return;
    }
    if (c->d->audit && !c->control) {
        write_audit(c);
    }
    if (c->prepared && c->prepared_free) {
        c->prepared_free(c->prepared);
    }
    free(c->swept);
    json_decref(c->body);
    vault_cache_release(c->vault);
    rbac_cache_release(c->rbac);
    free(c);
    x->state = NULL;
}

static void api_refuse(void *ctx, struct http_exchange *x, int status, const char *message)
{
    (void) ctx;
    vault_answer_plain_error(&x->resp, status,
                             status == 413   ? "RequestEntityTooLarge"
                             : status >= 500 ? "InternalServerError"
                                             : "BadRequest",
                             message);
}

void vault_api_init(struct http_app *app, struct vaultd *d)
{
    *app = (struct http_app){.ctx = d,
                             .db = d->db,
                             .begin = api_begin,
                             .step = api_step,
                             .end = api_end,
                             .refuse = api_refuse};
}

void vault_api_handle(struct vaultd *d, struct http_exchange *x)
{
    struct http_app app;

    vault_api_init(&app, d);
    http_app_run(&app, x);
}

static void print_row(FILE *out, enum http_method m, const struct vault_route *r)
{
    static const char *const planes[] = {"data", "arm", "control"};
    static const char *const throttles[] = {"-", "create", "key", "other"};
    CLEANUP(buf_done) struct buf versions = {0};

    if (r->plane == PLANE_CONTROL) {
        buf_str(&versions, "-");
    } else {
        api_version_set_text(r->plane == PLANE_ARM ? &vault_arm_versions : &vault_data_versions,
                             r->versions, &versions);
    }
    if ((BODY_BIT(r->body) & MANAGED_HSM_BODIES) != 0) {
        buf_str(&versions, " with --secure-wrap");
    }
    (void) fprintf(out, "%s\t%s\t%s\t%.*s\t%s\t%s\t%s\t%s\t%s\n", planes[r->plane],
                   http_method_name(m), r->route.path, (int) versions.len, versions.data,
                   r->permission ? perm_name(r->family, r->permission) : "-",
                   r->data_action ? r->data_action : "-", r->audit_name ? r->audit_name : "-",
                   r->exec == EXEC_WRITE ? "write" : "loop", throttles[r->throttle]);
}

void vault_api_print_routes(FILE *out)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < *tables[t].n; i++) {
            const struct vault_route *r = &tables[t].rows[i];

            for (unsigned m = 1; m <= HTTP_M_DELETE; m <<= 1) {
                if ((r->route.methods & m) != 0) {
                    print_row(out, (enum http_method) m, r);
                }
            }
        }
    }
}
