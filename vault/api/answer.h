/* SPDX-License-Identifier: MIT */
/* The answers' common parts: header sets of each plane, error envelopes. */
#pragma once

#include "vault/api/call.h"

/* The headers every answer carries; before anything else is set. */
void vault_answer_headers(struct vault_call *c);
/* The error envelope for c->error. */
void vault_answer_error(struct vault_call *c);
/* A body made by hand: the handler fills c->x->resp.body. */
void vault_answer_begin(struct vault_call *c, int status);
/* Before there is a call: transport refusals. */
void vault_answer_plain_error(struct http_response *resp, int status, const char *code,
                              const char *message);
