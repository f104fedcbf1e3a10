/* SPDX-License-Identifier: MIT */
/*
 * Requests without a socket: what api tests send through vault_api_handle() and
 * provider_api_handle(), and what they compare afterwards.
 */
#pragma once

#include <jansson.h>

#include "common/http_app.h"
#include "common/json.h"
#include "common/kvdb.h"
#include "common/token.h"
#include "tests/support.h"

struct api_request {
    const char *method; /* NULL: GET */
    const char *host;
    const char *target;
    const char *token; /* NULL: no Authorization */
    const char *body;  /* NULL: none */
    const char *headers[8][2];
};

struct api_answer {
    int status;
    json_t *doc; /* the body as JSON; NULL: none, or no JSON */
    struct http_response resp;
};

/* An answer is made by api_call() and freed by this, or by the next call into it. */
void api_answer_done(struct api_answer *a);
/* handle: vault_api_handle or provider_api_handle, in a wrapper with a void pointer. */
int api_call(void (*handle)(void *daemon, struct http_exchange *x), void *daemon,
             const struct api_request *r, struct api_answer *a);
/* Fills x as the transport would; body and head must live as long as x. */
void api_fill(struct http_exchange *x, const struct api_request *r);

/* "a.b.c" of a document, as text; "" when it is not there. */
const char *api_text(const json_t *doc, const char *path);

/* A hash of all that is stored: equal before and after means that nothing has changed. */
struct api_store_hash {
    uint8_t bytes[32];
};
struct api_store_hash api_store_hash(struct kvdb *db);
#define assert_store_unchanged(db, before)                                   \
    do {                                                                     \
        struct api_store_hash now_ = api_store_hash(db);                     \
        assert_memory_equal(now_.bytes, (before).bytes, sizeof(now_.bytes)); \
    } while (0)

/* A token by this signer; now is the real clock's. The caller frees it. */
char *api_token(const struct token_signer *s, const char *tenant, const char *oid,
                const char *audience);
