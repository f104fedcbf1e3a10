/* SPDX-License-Identifier: MIT */
/* Header sets and their order: wire-samples.md part 1. The data plane's HSTS has no space after
 * ';', ARM's has. */
#include "vault/api/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

#define SERVICE_VERSION "1.9.2228.1" /* the newest recorded (2025-03) */
#define ARM_VERSION     "1.5.1361.0"

static void data_headers(struct vault_call *c)
{
    struct http_response *r = &c->x->resp;
    struct str_view wants = http_header_get(&c->x->req, "x-ms-return-client-request-id");
    struct str_view id = http_header_get(&c->x->req, "x-ms-client-request-id");
    bool v6 = strchr(c->x->req.client_ip, ':') != NULL;

    (void) http_response_set_header(r, "Cache-Control", "no-cache");
    (void) http_response_set_header(r, "Pragma", "no-cache");
    r->content_type_at = r->n_headers;
    (void) http_response_set_header(r, "Expires", "-1");
    (void) http_response_set_header(r, "x-ms-keyvault-region", "%s",
                                    c->vault ? c->vault->location : "westus");
    if (id.len > 0 && sv_ieq(wants, "true")) {
        (void) http_response_set_header(r, "x-ms-client-request-id", "%.*s", (int) id.len, id.ptr);
    }
    (void) http_response_set_header(r, "x-ms-request-id", "%s", c->request_id);
    (void) http_response_set_header(r, "x-ms-keyvault-service-version", SERVICE_VERSION);
    (void) http_response_set_header(r, "x-ms-keyvault-network-info",
                                    "conn_type=%s;addr=%s;act_addr_fam=%s;", v6 ? "Ipv6" : "Ipv4",
                                    c->x->req.client_ip, v6 ? "InterNetworkV6" : "InterNetwork");
    (void) http_response_set_header(r, "Strict-Transport-Security",
                                    "max-age=31536000;includeSubDomains");
    (void) http_response_set_header(r, "X-Content-Type-Options", "nosniff");
}

static void arm_headers(struct vault_call *c)
{
    struct http_response *r = &c->x->resp;

    (void) http_response_set_header(r, "Cache-Control", "no-cache");
    (void) http_response_set_header(r, "Pragma", "no-cache");
    (void) http_response_set_header(r, "Expires", "-1");
    (void) http_response_set_header(r, "x-ms-request-id", "%s", c->request_id);
    (void) http_response_set_header(r, "x-ms-keyvault-service-version", ARM_VERSION);
    (void) http_response_set_header(r, "Strict-Transport-Security",
                                    "max-age=31536000; includeSubDomains");
    (void) http_response_set_header(r, "X-Content-Type-Options", "nosniff");
}

void vault_answer_headers(struct vault_call *c)
{
    if (c->site.service == SVC_MANAGEMENT) {
        arm_headers(c);
    } else {
        data_headers(c);
    }
}

void vault_answer_begin(struct vault_call *c, int status)
{
    c->x->resp.status = status;
    c->x->resp.content_type = "application/json; charset=utf-8";
    c->x->resp.body.len = 0;
}

bool vault_answer_json(struct vault_call *c, int status, const json_t *body)
{
    vault_answer_begin(c, status);
    json_write(&c->x->resp.body, body);
    return buf_ok(&c->x->resp.body) || az_fail_internal(&c->error, "out of memory");
}

bool vault_answer_empty(struct vault_call *c, int status)
{
    c->x->resp.status = status;
    c->x->resp.content_type = NULL;
    return true;
}

static void add_error(struct buf *b, const char *code, const char *message, const char *inner)
{
    buf_str(b, "{\"error\":{\"code\":");
    buf_json_str(b, code, strlen(code));
    buf_str(b, ",\"message\":");
    buf_json_str(b, message, strlen(message));
    if (inner) {
        buf_str(b, ",\"innererror\":{\"code\":");
        buf_json_str(b, inner, strlen(inner));
        buf_str(b, "}");
    }
    buf_str(b, "}}");
}

void vault_answer_error(struct vault_call *c)
{
    vault_answer_begin(c, az_error_status(&c->error));
    add_error(&c->x->resp.body, az_error_code(&c->error), c->error.message, c->error.inner);
}

void vault_answer_plain_error(struct http_response *resp, int status, const char *code,
                              const char *message)
{
    resp->status = status;
    resp->content_type = "application/json; charset=utf-8";
    add_error(&resp->body, code, message, NULL);
}
