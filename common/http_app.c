/* SPDX-License-Identifier: MIT */
/* An exchange played in one thread, step by step: what tests and fuzzers use instead of a
 * transport. */
#include "common/http_app.h"

#include "common/clock.h"
#include "common/kvdb.h"

/* Runs one WRITE step in a transaction of its own; an answer of 400 and more leaves no trace. */
static enum http_step run_write(const struct http_app *app, struct http_exchange *x)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    enum http_step next;

    if (!app->db || !kvdb_begin_write(app->db, &txn, &err)) {
        return app->step(app->ctx, x, HTTP_STEP_COMMIT_FAILED, NULL);
    }
    next = app->step(app->ctx, x, HTTP_STEP_WRITE, txn);
    if (next != HTTP_STEP_LOOP && (next != HTTP_STEP_DONE || x->resp.status >= 400)) {
        kvdb_abort(txn);
        return next;
    }
    if (!kvdb_commit(txn, &err)) {
        http_response_reset(&x->resp);
        return app->step(app->ctx, x, HTTP_STEP_COMMIT_FAILED, NULL);
    }
    return next;
}

void http_app_run(const struct http_app *app, struct http_exchange *x)
{
    enum http_step next;

    x->started_us = clock_mono_us();
    next = app->begin(app->ctx, x);
    if (next != HTTP_STEP_DONE && x->req.body.len > x->body_limit) {
        app->refuse(app->ctx, x, 413, "The request body is too large.");
        next = HTTP_STEP_DONE;
    }
    if (next != HTTP_STEP_DONE && x->stream_body && x->req.body.len > 0 &&
        !app->body(app->ctx, x, (const uint8_t *) x->req.body.ptr, x->req.body.len)) {
        next = HTTP_STEP_DONE;
    }
    while (next != HTTP_STEP_DONE) {
        next = next == HTTP_STEP_WRITE ? run_write(app, x) : app->step(app->ctx, x, next, NULL);
    }
    app->end(app->ctx, x);
}
