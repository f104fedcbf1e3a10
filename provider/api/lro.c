/* SPDX-License-Identifier: MIT */
/*
 * Long-running operations: over before they are asked for, or (--latency=azure) after a fixed
 * time; with the recorded headers either way. Poll URLs carry api-version 2017-04-18, as recorded;
 * retry-after-ms, never Retry-After: 0 (clients.md 12.7).
 */
#include "common/json.h"
#include "provider/api/answer.h"

#define POLL_INSTANT_MS 50
#define POLL_LATENCY_MS 1000

static bool store(struct provider_call *c, struct kvdb_txn *txn, const struct arm_operation *o,
                  const char *id, struct az_error *reterr)
{
    struct kvkey k;
    CLEANUP(buf_done) struct buf text = {0};
    int64_t until = c->now_ms + (c->d->latency ? o->seconds * INT64_C(1000) : 0);
    AUTO_JSON *record =
        json_pack("{s:s,s:s,s:i,s:I,s:s,s:I}", "subscription", c->subscription.id, "resource",
                  o->resource, "version", c->version, "at", (json_int_t) c->now_ms, "status",
                  o->status, "until", (json_int_t) until);

    kvkey_init(&k, 'o');
    kvkey_str(&k, id);
    json_write(&text, record);
    kvdb_put(txn, &k, text.data, text.len);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "storing an operation");
}

void provider_lro_wait(struct provider_call *c)
{
    (void) http_response_set_header(&c->x->resp, "retry-after-ms", "%d",
                                    c->d->latency ? POLL_LATENCY_MS : POLL_INSTANT_MS);
}

bool provider_lro_add(struct provider_call *c, struct kvdb_txn *txn, const struct arm_operation *o,
                      struct az_error *reterr)
{
    guid_text id;
    char base[URL_MAX];
    char url[1024];

    guid_random(id);
    (void) snprintf(
        url, sizeof(url),
        "%s/subscriptions/%s/providers/%s/locations/%s/operationResults/%s?api-version=2017-04-18",
        site_url(&c->site, SVC_MANAGEMENT, NULL, base), c->subscription.id, o->ns, o->location, id);
    (void) http_response_set_header(&c->x->resp, "Azure-AsyncOperation", "%s", url);
    if (o->with_location) {
        (void) http_response_set_header(&c->x->resp, "Location",
                                        "%s&operationResultResponseType=Location", url);
    }
    provider_lro_wait(c);
    return store(c, txn, o, id, reterr);
}
