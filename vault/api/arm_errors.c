/* SPDX-License-Identifier: MIT */
/* Texts: azure-cli issue 18483, azure-rest-api-specs issue 11929 (version); azure-cli issue 27967
 * (type). */
#include "vault/api/arm_errors.h"

#include <string.h>

#include "vault/api/version.h"
#include "vault/store/vault_store.h"

/* Where vaults can be, in the order and spelling of issue 11929. Any other location is taken too.
 */
static const char locations[] =
    "northcentralus, eastus, northeurope, westeurope, eastasia, southeastasia, eastus2, centralus, "
    "southcentralus, westus, japaneast, japanwest, australiaeast, australiasoutheast, brazilsouth, "
    "centralindia, southindia, westindia, canadacentral, canadaeast, uksouth, ukwest, westcentralus, westus2, "
    "koreacentral, koreasouth, francecentral, australiacentral, uaenorth, southafricanorth, switzerlandnorth, "
    "germanywestcentral, norwayeast, swedencentral";

/* Index of the segment after "Microsoft.KeyVault"; n_segments: none. */
static size_t types_at(const struct http_request *req)
{
    for (size_t i = 0; i < req->n_segments; i++) {
        if (sv_ieq(req->segments[i], "Microsoft.KeyVault")) {
            return i + 1;
        }
    }
    return req->n_segments;
}

/* "vaults/accessPolicies" */
static void type_of(const struct http_request *req, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = types_at(req); i < req->n_segments && n + 1 < size; i += 2) {
        int len = snprintf(out + n, size - n, "%s%.*s", n > 0 ? "/" : "",
                           (int) (req->segments[i].len < 64 ? req->segments[i].len : 64),
                           req->segments[i].ptr);

        n += len > 0 ? (size_t) len : 0;
    }
}

/* Where the vault is that the path names; a new one's place is not known before its body is read.
 */
static void location_of(struct vault_call *c, char *out, size_t size)
{
    size_t at = types_at(&c->x->req);
    struct kvdb_txn *txn = NULL;
    AUTO_VAULT *v = NULL;
    struct az_error ignored;
    char name[64];

    (void) snprintf(out, size, "global");
    if (at + 1 >= c->x->req.n_segments || !kvdb_begin_read(c->d->db, &txn, &ignored)) {
        return;
    }
    (void) snprintf(
        name, sizeof(name), "%.*s",
        (int) (c->x->req.segments[at + 1].len < 63 ? c->x->req.segments[at + 1].len : 63),
        c->x->req.segments[at + 1].ptr);
    if (vault_store_get(txn, name, &v, &ignored) && v) {
        (void) snprintf(out, size, "%s", v->location);
    }
    kvdb_abort(txn);
}

static void list_versions(const char *separator, struct buf *out)
{
    for (size_t i = 0; i < vault_arm_versions.n; i++) {
        buf_fmt(out, "%s%s", i > 0 ? separator : "", vault_arm_versions.names[i]);
    }
}

bool arm_fail_version(struct vault_call *c, const char *version, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf known = {0};
    char type[128];
    char location[64];

    type_of(&c->x->req, type, sizeof(type));
    location_of(c, location, sizeof(location));
    list_versions(", ", &known);
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_NO_REGISTERED_PROVIDER,
        "No registered resource provider found for location '%s' and API version '%.64s' for type '%s'. "
        "The supported api-versions are '%s'. The supported locations are '%s'.",
        location, version, type, buf_ok(&known) ? known.data : "", locations);
}

bool arm_fail_type(struct vault_call *c, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf known = {0};
    char type[128];

    type_of(&c->x->req, type, sizeof(type));
    list_versions(",", &known);
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_INVALID_RESOURCE_TYPE,
        "The resource type '%s' could not be found in the namespace 'Microsoft.KeyVault' for api version "
        "'%.64s'. The supported api-versions are '%s'.",
        type, c->api_version, buf_ok(&known) ? known.data : "");
}
