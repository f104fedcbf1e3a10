/* SPDX-License-Identifier: MIT */
/* Judges a request's api-version. What a version has is said by the tables that use the sets. */
#include "vault/api/version.h"

#include <stdio.h>

#include "vault/api/arm_errors.h"

#define NEWEST_STABLE          "2026-04-01"

#define VERSION_NAME(id, text) text,
static const char *const data_names[] = {DATA_VERSIONS(VERSION_NAME)};
static const char *const arm_names[] = {ARM_VERSIONS(VERSION_NAME)};
#undef VERSION_NAME

const struct api_versions vault_data_versions = {data_names, ARRAY_LEN(data_names)};
const struct api_versions vault_arm_versions = {arm_names, ARRAY_LEN(arm_names)};

_Static_assert(ARRAY_LEN(data_names) == DATA_VERSION_COUNT && ARRAY_LEN(data_names) <= 64,
               "a set of versions has 64 bits");
_Static_assert(ARRAY_LEN(arm_names) == ARM_VERSION_COUNT && ARRAY_LEN(arm_names) <= 64,
               "a set of versions has 64 bits");

bool vault_version_in(const struct vault_call *c, uint64_t set)
{
    return api_version_in(set, c->version_index);
}

bool vault_version_check(struct vault_call *c, struct az_error *reterr)
{
    bool arm = c->site.service == SVC_MANAGEMENT;
    const char *v = http_param_get(&c->x->req, "api-version");

    if (!v || !*v) {
        /* Data plane text: azure-rules.md section 2, seen in third-party notes only. */
        return arm ? az_fail(
                         reterr, AZ_ERR_MISSING_API_VERSION,
                         "The api-version query parameter (?api-version=) is required for all requests.")
                   : az_fail(reterr, AZ_ERR_BAD_PARAMETER, "api-version must be specified");
    }
    (void) snprintf(c->api_version, sizeof(c->api_version), "%s", v);
    c->version_index = api_version_find(arm ? &vault_arm_versions : &vault_data_versions, v);
    if (c->version_index >= 0) {
        return true;
    }
    return arm ? arm_fail_version(c, v, reterr)
               : az_fail(
                     reterr, AZ_ERR_BAD_PARAMETER,
                     "The specified version (%.64s) is not recognized. Consider using the latest "
                     "supported version (" NEWEST_STABLE ").",
                     v);
}
