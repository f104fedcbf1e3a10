/* SPDX-License-Identifier: MIT */
/*
 * Long-running operations: over before they are asked for, yet with the recorded headers. Poll URLs
 * carry api-version 2017-04-18, as recorded; retry-after-ms, never Retry-After: 0
 * (clients.md 12.7).
 */
#include "common/json.h"
#include "provider/api/answer.h"

bool provider_lro_add(struct provider_call *c, struct kvdb_txn *txn, const char *provider_namespace,
                      const char *location, const char *resource, bool with_location,
                      struct az_error *reterr)
{
    struct kvkey k;
    CLEANUP(buf_done) struct buf text = {0};
    AUTO_JSON *record = json_pack("{s:s,s:i,s:I}", "resource", resource, "version", c->version,
                                  "at", (json_int_t) c->now_ms);
    guid_text id;
    char base[URL_MAX];
    char url[1024];

    guid_random(id);
    (void) snprintf(
        url, sizeof(url),
        "%s/subscriptions/%s/providers/%s/locations/%s/operationResults/%s?api-version=2017-04-18",
        site_url(&c->site, SVC_MANAGEMENT, NULL, base), c->subscription.id, provider_namespace,
        location, id);
    (void) http_response_set_header(&c->x->resp, "Azure-AsyncOperation", "%s", url);
    if (with_location) {
        (void) http_response_set_header(&c->x->resp, "Location",
                                        "%s&operationResultResponseType=Location", url);
    }
    (void) http_response_set_header(&c->x->resp, "retry-after-ms", "50");
    kvkey_init(&k, 'o');
    kvkey_str(&k, id);
    json_write(&text, record);
    kvdb_put(txn, &k, text.data, text.len);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing an operation");
}
