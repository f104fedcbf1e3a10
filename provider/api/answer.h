/* SPDX-License-Identifier: MIT */
/* Header sets and error envelopes of providerd's planes. */
#pragma once

#include "provider/api/call.h"

void provider_answer_headers(struct provider_call *c);
/* The plane's own envelope for c->error. */
void provider_answer_error(struct provider_call *c);
void provider_plain_error(struct http_response *resp, int status, const char *code,
                          const char *message);
