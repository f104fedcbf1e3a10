/* SPDX-License-Identifier: MIT */
/*
 * Control endpoints both daemons serve: GET /health (no token) and /_sim/clock, guarded by the
 * control token in header x-kvsim-control; refused through the proxy (design, sections 2 and 6).
 */
#pragma once

#include "common/clock.h"
#include "common/http_app.h"

struct control {
    char token[65];     /* hex */
    const char *daemon; /* "vaultd" */
    struct sim_clock *clock;
    struct audit *audit; /* NULL: /_sim/audit is not there */
};

/* Reads DIR/control-token, making it (0600) if missing. */
bool control_open(struct control *c, const char *dir, const char *daemon, struct sim_clock *clock,
                  struct az_error *reterr) MUST_CHECK;
/* Does this request carry the control token, and not through the proxy? Constant time. */
bool control_authorized(const struct control *c, const struct http_request *req);
/*
 * Is the request beside the control token? Then header x-kvsim-client-ip, if it holds an address,
 * becomes req->client_ip: where a test says that the call comes from.
 */
bool control_client_ip(const struct control *c, struct http_request *req);
/* Is it a path that control_handle() answers, in both daemons alike? */
bool control_serves(const struct http_request *req);
/*
 * True: the request was for /health or /_sim/clock (GET; POST {"advance":"P1D"} | {"set":"..."} |
 * {"freeze":true} | {"run":true}), /_sim/audit (GET: common/audit_http.h) or for /_sim/ without the
 * right to it, and resp is the answer.
 */
bool control_handle(const struct control *c, const struct http_request *req,
                    struct http_response *resp);

/* The secret of the App Service identity endpoint: derived from the control token, so that kvsim
 * env knows it. */
void control_identity_header(const char *control_token, char out[65]);
