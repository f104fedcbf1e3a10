/* SPDX-License-Identifier: MIT */
/* Answers of providerd. ARM headers: wire-samples.md part 1. */
#include "provider/api/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "provider/api/ai.h"

/* A path that no row serves is answered as its host's plane answers. */
static enum provider_plane plane_of(const struct provider_call *c)
{
    bool ai = c->site.service == SVC_OPENAI || c->site.service == SVC_COGNITIVE ||
              c->site.service == SVC_AI_SERVICES || c->site.service == SVC_COGNITIVE_REGION;

    return c->row ? c->row->plane : ai && !c->control ? PPLANE_AI : PPLANE_ARM;
}

/*
 * The resource manager's quotas: what is left of them. Names and first values as recorded since
 * 2024-07
 * ("-global-"); nothing is throttled here, so that they never fall.
 */
static void quota_header(struct provider_call *c)
{
    static const struct {
        unsigned methods;
        const char *name;
        const char *left;
    } quotas[] = {
        {HTTP_M_GET | HTTP_M_HEAD,                "x-ms-ratelimit-remaining-subscription-global-reads",   "3749"},
        {HTTP_M_PUT | HTTP_M_PATCH | HTTP_M_POST,
         "x-ms-ratelimit-remaining-subscription-global-writes",                                           "2999"},
        {HTTP_M_DELETE,                           "x-ms-ratelimit-remaining-subscription-global-deletes", "2999"},
    };

    for (size_t i = 0; i < ARRAY_LEN(quotas); i++) {
        if ((quotas[i].methods & (unsigned) c->x->req.method) != 0) {
            (void) http_response_set_header(&c->x->resp, quotas[i].name, "%s", quotas[i].left);
        }
    }
}

void provider_answer_headers(struct provider_call *c)
{
    struct http_response *r = &c->x->resp;
    struct str_view corr = http_header_get(&c->x->req, "x-ms-correlation-request-id");
    enum provider_plane plane = plane_of(c);

    (void) http_response_set_header(r, "Cache-Control",
                                    plane == PPLANE_LOGIN ? "no-store, no-cache" : "no-cache");
    (void) http_response_set_header(r, "Pragma", "no-cache");
    if (plane == PPLANE_AI) {
        (void) http_response_set_header(r, "apim-request-id", "%s", c->request_id);
    } else {
        (void) http_response_set_header(r, "Expires", "-1");
    }
    (void) http_response_set_header(r, "x-ms-request-id", "%s", c->request_id);
    if (plane == PPLANE_ARM || plane == PPLANE_METADATA) {
        (void) http_response_set_header(r, "x-ms-correlation-request-id", "%.*s",
                                        (int) (corr.len > 0 ? corr.len : GUID_TEXT_LEN),
                                        corr.len > 0 ? corr.ptr : c->request_id);
        (void) http_response_set_header(r, "x-ms-routing-request-id", "KVSIM:%s", c->request_id);
    }
    if (plane == PPLANE_ARM && c->subscription.id[0]) {
        quota_header(c);
    }
    (void) http_response_set_header(r, "Strict-Transport-Security",
                                    "max-age=31536000; includeSubDomains");
    (void) http_response_set_header(r, "X-Content-Type-Options", "nosniff");
}

bool provider_answer_json(struct provider_call *c, int status, const json_t *body)
{
    c->x->resp.status = status;
    c->x->resp.content_type = "application/json; charset=utf-8";
    c->x->resp.body.len = 0;
    json_write(&c->x->resp.body, body);
    return buf_ok(&c->x->resp.body) || az_fail_internal(&c->error, "out of memory");
}

bool provider_answer_empty(struct provider_call *c, int status)
{
    c->x->resp.status = status;
    c->x->resp.content_type = NULL;
    return true;
}

/* Every broken rule: its id among innererror.rules, its text among details. */
static void list_broken(const struct az_error *e, json_t *err, json_t *inner)
{
    json_t *ids = json_array();
    json_t *details = json_array();

    for (size_t i = 0; i < ARRAY_LEN(e->broken) && e->broken[i].rule; i++) {
        (void) json_array_append_new(ids, json_string(e->broken[i].rule));
        (void) json_array_append_new(
            details, json_pack("{s:s,s:s,s:s}", "code", "CustomerManagedKeyRuleBroken", "target",
                               e->broken[i].rule, "message", e->broken[i].message));
    }
    (void) json_object_set_new(inner, "rules", ids);
    (void) json_object_set_new(err, "details", details);
}

/* Code, rule, and (beside it in err) what all was broken. */
static json_t *inner_json(const struct az_error *e, json_t *err)
{
    json_t *inner = json_object();

    if (e->inner) {
        (void) json_object_set_new(inner, "code", json_string(e->inner));
    }
    if (e->rule) {
        (void) json_object_set_new(inner, "rule", json_string(e->rule));
    }
    if (e->broken[0].rule) {
        list_broken(e, err, inner);
    }
    return inner;
}

/*
 * Speech's own errors stand alone, not under "error", and have innerError; so answers quoted in
 * issue 1111 of Azure-Samples/cognitive-services-speech-sdk. What the gateway refuses before
 * (keys, tokens, networks) has the gateway's shape.
 */
static bool is_speech(const struct provider_call *c)
{
    return c->row && c->admitted && ai_service_of(c->row->route.path) == AI_SPEECH;
}

static json_t *speech_error(json_t *wrapped)
{
    json_t *err = json_incref(json_object_get(wrapped, "error"));
    json_t *inner = json_object_get(err, "innererror");

    if (inner) {
        (void) json_object_set(inner, "message", json_object_get(err, "message"));
        (void) json_object_set(err, "innerError", inner);
        (void) json_object_del(err, "innererror");
    }
    json_decref(wrapped);
    return err;
}

static json_t *arm_error(const struct az_error *e)
{
    json_t *err = json_pack("{s:s,s:s}", "code", az_error_code(e), "message", e->message);

    if (e->target) {
        (void) json_object_set_new(err, "target", json_string(e->target));
    }
    if (e->details_target) {
        (void) json_object_set_new(err, "details",
                                   json_pack("[{s:s,s:s,s:s}]", "code", az_error_code(e), "target",
                                             e->details_target, "message", e->message));
    }
    if (e->rule || e->inner) {
        (void) json_object_set_new(err, "innererror", inner_json(e, err));
    }
    return json_pack("{s:o}", "error", err);
}

/* IMDS and Entra have their own shapes: {error, error_description, ...}. */
static json_t *oauth_error(const struct provider_call *c)
{
    const struct az_error *e = &c->error;
    long number =
        e->inner && strncmp(e->inner, "AADSTS", 6) == 0 ? strtol(e->inner + 6, NULL, 10) : 0;
    char when[TIME_TEXT_MAX];
    json_t *doc =
        json_pack("{s:s,s:s}", "error", az_error_code(e), "error_description", e->message);

    if (number > 0) {
        (void) time_format(when, clock_real_ms(), TIME_S);
        when[10] = ' ';
        (void) json_object_set_new(
            doc, "error_description",
            json_sprintf("%s: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e->inner,
                         e->message, c->request_id, c->request_id, when));
        (void) json_object_set_new(doc, "error_codes", json_pack("[I]", (json_int_t) number));
        (void) json_object_set_new(doc, "timestamp", json_string(when));
        (void) json_object_set_new(doc, "trace_id", json_string(c->request_id));
        (void) json_object_set_new(doc, "correlation_id", json_string(c->request_id));
    }
    return doc;
}

/*
 * What models refuse, in both forms, as users quote it: {"message", "type":
 * "invalid_request_error", "param", "code"}, the code null where there is none
 * (Azure-Samples/azure-search-openai-demo issue 1199, egoist/chatwise-releases issue 1023).
 */
static json_t *model_error(const struct az_error *e)
{
    return json_pack("{s:{s:s,s:s,s:s?,s:s?}}", "error", "message", e->message, "type",
                     az_error_code(e), "param", e->target, "code", e->inner);
}

/* /openai/v1 has OpenAI's shape (versions.md section 5). */
static json_t *v1_error(const struct az_error *e)
{
    json_t *err = json_pack("{s:s,s:s,s:s?,s:s}", "code", az_error_code(e), "message", e->message,
                            "param", e->target, "type", "error");

    if (e->inner || e->rule) {
        (void) json_object_set_new(err, "inner_error", inner_json(e, err));
    }
    return json_pack("{s:o}", "error", err);
}

static json_t *error_body(const struct provider_call *c)
{
    enum provider_plane plane = plane_of(c);

    if (plane == PPLANE_LOGIN || plane == PPLANE_IDENTITY) {
        return oauth_error(c);
    }
    if (plane == PPLANE_AI && c->error.errc == AZ_ERR_INVALID_REQUEST_ERROR) {
        return model_error(&c->error);
    }
    if (is_speech(c)) {
        return speech_error(arm_error(&c->error));
    }
    return plane == PPLANE_AI && ai_is_v1(c) ? v1_error(&c->error) : arm_error(&c->error);
}

void provider_answer_error(struct provider_call *c)
{
    AUTO_JSON *doc = error_body(c);

    if (c->error.rule) {
        (void) http_response_set_header(&c->x->resp, "x-kvsim-rule", "%s", c->error.rule);
    }
    (void) provider_answer_json(c, az_error_status(&c->error), doc);
}

void provider_plain_error(struct http_response *resp, int status, const char *code,
                          const char *message)
{
    AUTO_JSON *doc = json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);

    resp->status = status;
    resp->content_type = "application/json; charset=utf-8";
    json_write(&resp->body, doc);
}
