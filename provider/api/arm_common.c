/* SPDX-License-Identifier: MIT */
/* What every resource type of the resource manager says in the same words: ARM's own errors. */
#include <string.h>

#include "common/json.h"
#include "provider/api/call.h"
#include "provider/domain/ai_catalogue.h"

bool arm_need_group(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct resource_group g;
    const char *group = provider_param(c, 1);

    return directory_get_group(txn, c->subscription.id, group, &g) ||
           az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                   "Resource group '%s' could not be found.", group);
}

bool arm_not_found(struct provider_call *c, const char *type, const char *name,
                   struct az_error *reterr)
{
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                   "The Resource '%s/%s' under resource group '%s' was not found. For more details "
                   "please go to https://aka.ms/ARMResourceNotFoundFix",
                   type, name, provider_param(c, 1));
}

bool arm_check_location(const char *type, const char *location, char region[32],
                        struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf all = {0};

    if (!location[0]) {
        return az_fail(reterr, AZ_ERR_LOCATION_REQUIRED,
                       "The location property is required for this definition.");
    }
    if (ai_region_find(location, region)) {
        return true;
    }
    for (size_t i = 0; i < ai_regions_count(); i++) {
        buf_fmt(&all, "%s%s", i > 0 ? "," : "", ai_region_at(i));
    }
    return az_fail(reterr, AZ_ERR_LOCATION_NOT_AVAILABLE,
                   "The provided location '%.64s' is not available for resource type '%s'. List of "
                   "available regions for the resource type is '%s'.",
                   location, type, buf_ok(&all) ? all.data : "");
}

void arm_resource_type(const struct arm_route *row, char *out, size_t size)
{
    const char *p = strstr(row->row.route.path, row->versions->ns);
    size_t n = 0;

    p = p ? p + strlen(row->versions->ns) : "";
    for (size_t len; *p == '/'; p += len) {
        len = 1 + strcspn(p + 1, "/");
        if (p[1] != '{' && n + len + 1 < size) {
            memcpy(out + n, n == 0 ? p + 1 : p, n == 0 ? len - 1 : len);
            n += n == 0 ? len - 1 : len;
        }
    }
    out[n] = '\0';
}
