/* SPDX-License-Identifier: MIT */
/* /health and /_sim/clock, and the guard of everything else under /_sim/. */
#include "common/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "common/audit_http.h"
#include "common/fsutil.h"
#include "common/json.h"

bool control_open(struct control *c, const char *dir, const char *daemon, struct sim_clock *clock,
                  struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t raw[32];
    char path[4096];

    c->daemon = daemon;
    c->clock = clock;
    (void) snprintf(path, sizeof(path), "%s/control-token", dir);
    if (file_read(path, 64, &text) && text.len == 64) {
        memcpy(c->token, text.data, 65);
        return true;
    }
    if (RAND_bytes(raw, sizeof(raw)) != 1) {
        return az_fail_internal(reterr, "no randomness");
    }
    for (size_t i = 0; i < sizeof(raw); i++) {
        (void) snprintf(c->token + 2 * i, 3, "%02x", raw[i]);
    }
    if (!file_write_atomic(path, c->token, 64, 0600)) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    return true;
}

void control_identity_header(const char *control_token, char out[65])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[96];
    int n = snprintf(text, sizeof(text), "identity endpoint:%s", control_token);

    (void) SHA256((const unsigned char *) text, (size_t) n, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        (void) snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}

bool control_authorized(const struct control *c, const struct http_request *req)
{
    struct str_view given = http_header_get(req, "x-kvsim-control");

    return !req->tunnelled && given.len == 64 && CRYPTO_memcmp(given.ptr, c->token, 64) == 0;
}

bool control_client_ip(const struct control *c, struct http_request *req)
{
    struct str_view given = http_header_get(req, "x-kvsim-client-ip");
    char text[sizeof(req->client_ip)];
    uint8_t address[16];

    if (!control_authorized(c, req)) {
        return false;
    }
    (void) snprintf(text, sizeof(text), "%.*s", (int) (given.len < sizeof(text) ? given.len : 0),
                    given.len > 0 ? given.ptr : "");
    if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1) {
        memcpy(req->client_ip, text, sizeof(text));
    }
    return true;
}

static void answer(struct http_response *resp, int status, json_t *body)
{
    http_response_reset(resp);
    resp->status = status;
    resp->content_type = "application/json; charset=utf-8";
    json_write(&resp->body, body);
    json_decref(body);
}

static void answer_error(struct http_response *resp, int status, const char *code,
                         const char *message)
{
    answer(resp, status, json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message));
}

static void answer_clock(const struct control *c, struct http_response *resp)
{
    char text[TIME_TEXT_MAX];
    int64_t now = sim_clock_now_ms(c->clock);

    answer(resp, 200,
           json_pack("{s:s,s:b,s:I}", "now", time_format(text, now, TIME_MS), "frozen",
                     sim_clock_frozen(c->clock), "offset_ms",
                     (json_int_t) (now - clock_real_ms())));
}

/* One of {"advance":"P1D"}, {"set":"2027-..Z"}, {"freeze":true}, {"run":true}. */
static bool change_clock(const struct control *c, const json_t *body, struct az_error *err)
{
    const char *advance = json_string_value(json_object_get(body, "advance"));
    const char *set = json_string_value(json_object_get(body, "set"));
    int64_t ms;

    if (json_object_size(body) != 1) {
        return az_fail(
            err, AZ_ERR_BAD_PARAMETER,
            "Give exactly one of advance (a duration), set (a time), freeze (true), run (true).");
    }
    if (advance) {
        return duration_parse(advance, &ms)
                   ? sim_clock_advance(c->clock, ms, err)
                   : az_fail(err, AZ_ERR_BAD_PARAMETER,
                             "advance takes a duration such as P90D, PT1H or 90d.");
    }
    if (set) {
        return time_parse(set, &ms) ? sim_clock_set(c->clock, ms, err)
                                    : az_fail(err, AZ_ERR_BAD_PARAMETER,
                                              "set takes a UTC time such as 2027-01-31T12:00:00Z.");
    }
    if (json_is_true(json_object_get(body, "freeze"))) {
        return sim_clock_freeze(c->clock, err);
    }
    if (json_is_true(json_object_get(body, "run"))) {
        return sim_clock_run(c->clock, err);
    }
    return az_fail(
        err, AZ_ERR_BAD_PARAMETER,
        "Give exactly one of advance (a duration), set (a time), freeze (true), run (true).");
}

static void handle_clock(const struct control *c, const struct http_request *req,
                         struct http_response *resp)
{
    struct az_error err;

    if (req->method == HTTP_M_POST) {
        AUTO_JSON *body = json_parse(req->body, NULL, 0);

        if (!json_is_object(body)) {
            answer_error(resp, 400, "BadParameter", "The body must be a JSON object.");
            return;
        }
        if (!change_clock(c, body, &err)) {
            answer_error(resp, az_error_status(&err), az_error_code(&err), err.message);
            return;
        }
    } else if (req->method != HTTP_M_GET) {
        answer_error(resp, 405, "MethodNotAllowed", "The clock takes GET and POST.");
        return;
    }
    answer_clock(c, resp);
}

bool control_serves(const struct http_request *req)
{
    static const char *const names[] = {"clock", "audit"};

    for (size_t i = 0; req->n_segments == 2 && i < ARRAY_LEN(names); i++) {
        if (sv_eq(req->segments[1], names[i])) {
            return sv_eq(req->segments[0], "_sim");
        }
    }
    return false;
}

static void handle_audit(const struct control *c, const struct http_request *req,
                         struct http_response *resp)
{
    struct az_error err;

    http_response_reset(resp);
    if (req->method != HTTP_M_GET) {
        answer_error(resp, 405, "MethodNotAllowed", "The audit log takes GET.");
    } else if (!audit_http_answer(c->audit, req, resp, &err)) {
        answer_error(resp, az_error_status(&err), az_error_code(&err), err.message);
    }
}

bool control_handle(const struct control *c, const struct http_request *req,
                    struct http_response *resp)
{
    if (req->n_segments == 1 && sv_eq(req->segments[0], "health")) {
        answer(resp, 200,
               json_pack("{s:s,s:s,s:s}", "status", "ok", "daemon", c->daemon, "version",
                         KVSIM_VERSION));
        return true;
    }
    if (req->n_segments == 0 || !sv_eq(req->segments[0], "_sim")) {
        return false;
    }
    if (!control_authorized(c, req)) {
        answer_error(
            resp, 403, "Forbidden",
            "The control endpoints need the header x-kvsim-control with the token from the state "
            "directory's file control-token, and are not served through the proxy.");
        return true;
    }
    if (req->n_segments == 2 && sv_eq(req->segments[1], "clock")) {
        handle_clock(c, req, resp);
        return true;
    }
    if (c->audit && req->n_segments == 2 && sv_eq(req->segments[1], "audit")) {
        handle_audit(c, req, resp);
        return true;
    }
    return false;
}
