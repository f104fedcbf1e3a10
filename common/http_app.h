/* SPDX-License-Identifier: MIT */
/*
 * The seam between transport and api: a request in steps, each on the thread that suits it.
 *
 *   begin (headers are in, loop thread)  ->  [body, worker threads, streamed routes only]
 *     ->  step(HTTP_STEP_PREPARE), worker thread: slow work, may read a snapshot, never writes
 *     ->  step(HTTP_STEP_WRITE), writer thread, inside a nested write transaction
 *     ->  step(HTTP_STEP_LOOP), loop thread: short work, may open a read transaction
 *     ->  HTTP_STEP_DONE: x->resp is the answer  ->  end (loop thread), once, sent or not.
 *
 * begin() and step() return the next step. After a WRITE step that returned DONE with resp.status
 * below 400 the transaction is committed and the answer leaves after the commit; any other result
 * rolls that request's changes back, except LOOP: its changes are committed, whatever the request
 * comes to afterwards, and then it goes on. If the group commit itself fails the transport calls
 * step(HTTP_STEP_COMMIT_FAILED), which must set an error answer and return DONE.
 */
#pragma once

#include "common/http_msg.h"

struct kvdb;
struct kvdb_txn;

enum http_step {
    HTTP_STEP_DONE,
    HTTP_STEP_LOOP,
    HTTP_STEP_PREPARE,
    HTTP_STEP_WRITE,
    HTTP_STEP_COMMIT_FAILED,
};

struct http_exchange {
    struct http_request req;
    struct http_response resp;
    size_t body_limit;  /* set by begin(): longer bodies are refused by refuse_body() */
    bool stream_body;   /* set by begin(): body() is fed instead of req.body */
    void *state;        /* the app's own; freed by end() */
    int64_t started_us; /* monotonic; for the audit's durationMs */
};

struct http_app {
    void *ctx;
    struct kvdb *db; /* what WRITE steps write to */

    enum http_step (*begin)(void *ctx, struct http_exchange *x);
    /* txn is non-NULL only for HTTP_STEP_WRITE. */
    enum http_step (*step)(void *ctx, struct http_exchange *x, enum http_step what,
                           struct kvdb_txn *txn);
    /* A piece of a streamed body, in order, on a worker; false: x->resp holds the refusal. */
    bool (*body)(void *ctx, struct http_exchange *x, const uint8_t *data, size_t len);
    void (*end)(void *ctx, struct http_exchange *x);
    /*
     * The transport refuses a message itself (malformed, too large, timeout): fill resp with the
     * service's JSON error for this status. x->req may be empty. Never fails.
     */
    void (*refuse)(void *ctx, struct http_exchange *x, int status, const char *message);
};

/*
 * Plays a whole exchange in the calling thread: what api tests and fuzzers enter through. WRITE
 * steps get a transaction of their own. x->req is filled by the caller; x->resp is the answer.
 */
void http_app_run(const struct http_app *app, struct http_exchange *x);
