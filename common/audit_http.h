/* SPDX-License-Identifier: MIT */
/* GET /_sim/audit: the audit log, filtered, once or followed. */
#pragma once

#include "common/audit.h"
#include "common/http_msg.h"

/*
 * Parameters: those of audit_filter_set(), and follow=true. Without it {"value":[...]}; with it the
 * newest records and then each new one, a line each, until the client leaves. The files are read
 * where the answer is pulled: on a worker.
 */
bool audit_http_answer(struct audit *a, const struct http_request *req, struct http_response *resp,
                       struct az_error *reterr) MUST_CHECK;
