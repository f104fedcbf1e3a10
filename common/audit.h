/* SPDX-License-Identifier: MIT */
/*
 * The audit log: one AuditEvent record a request (schema: MicrosoftDocs
 * key-vault/general/logging.md, azure-rules.md section 6), JSON lines, appended by one thread,
 * rotated by size.
 *
 * Never blocks a loop: records go into a per-lane buffer. Never holds key material or tokens.
 */
#pragma once

#include <stdint.h>

#include "common/az_error.h"

#define AUDIT_KEEP_FILES 4 /* NAME.jsonl.1 is the newest of the rotated ones */

struct audit;

struct audit_record {           /* borrowed strings; NULL is omitted */
    int64_t time_ms;            /* simulated */
    const char *resource_id;    /* upper-cased when written */
    const char *operation_name; /* "KeyWrap" */
    const char *operation_version;
    const char *result_type; /* NULL: "Success", also of refused calls, as the service's */
    const char *result_description;
    int http_status;
    int64_t duration_ms;
    const char *caller_ip;
    const char *correlation_id;    /* x-ms-client-request-id, or the request's own id */
    const char *oid, *upn, *appid; /* identity.claim */
    const char *client_info;       /* User-Agent */
    const char *request_host;      /* requestUri is https://HOST + request_uri */
    const char *request_uri;
    const char *id; /* the object's identifier */
};

/* path: STATE/audit/NAME.jsonl; its folder is made. lanes: how many threads write. */
bool audit_open(const char *path, unsigned lanes, struct audit **ret, struct az_error *reterr)
    MUST_CHECK;
void audit_write(struct audit *a, unsigned lane, const struct audit_record *r);
/* Everything written before this call is in the file when it returns. */
void audit_flush(struct audit *a);
const char *audit_path(const struct audit *a);
void audit_close(struct audit *a); /* flushes; NULL is allowed */
