/* SPDX-License-Identifier: MIT */
/* Known api-versions. Ordered by position, never as strings: "7.6" is older than
 * "2025-06-01-preview". */
#include "vault/api/version.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const data_versions[] = {
    "2015-06-01",
    "2016-10-01",
    "7.0-preview",
    "7.0",
    "7.1-preview",
    "7.1",
    "7.2-preview",
    "7.2",
    "7.3-preview",
    "7.3",
    "7.4-preview.1",
    "7.4",
    "7.5-preview.1",
    "7.5",
    "7.6-preview.1",
    "7.6-preview.2",
    "7.6",
    "2025-06-01-preview",
    "2025-07-01",
    "2026-01-01-preview",
    "2026-03-01-preview",
    "2026-04-01",
    "2026-05-01-preview",
    "2026-07-01-preview",
};
#define NEWEST_STABLE "2026-04-01"

static const char *const arm_versions[] = {
    "2015-06-01",         "2015-11-01",         "2016-10-01",         "2018-02-14-preview",
    "2018-02-14",         "2019-09-01",         "2020-04-01-preview", "2021-04-01-preview",
    "2021-06-01-preview", "2021-10-01",         "2021-11-01-preview", "2022-02-01-preview",
    "2022-07-01",         "2022-11-01",         "2023-02-01",         "2023-07-01",
    "2024-04-01-preview", "2024-11-01",         "2024-12-01-preview", "2025-05-01",
    "2026-02-01",         "2026-03-01-preview", "2026-04-01-preview", "2026-05-15-preview",
    "2026-05-15",
};

static int find(const char *const *list, size_t n, const char *version)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], version) == 0) {
            return (int) i;
        }
    }
    return -1;
}

/* Does it look like a version after the newest known? Dates, and 7.7 and up. */
static bool looks_later(const char *v, const char *newest)
{
    bool date = strlen(v) >= 10 && isdigit((unsigned char) v[0]) && v[4] == '-' && v[7] == '-';

    if (date) {
        return strncmp(v, newest, 10) > 0;
    }
    return isdigit((unsigned char) v[0]) && v[1] == '.' && isdigit((unsigned char) v[2]) &&
           (v[0] > '7' || (v[0] == '7' && v[2] > '6'));
}

bool vault_version_at_least(const struct vault_call *c, const char *version)
{
    bool arm = c->site.service == SVC_MANAGEMENT;
    int at = arm ? find(arm_versions, ARRAY_LEN(arm_versions), version)
                 : find(data_versions, ARRAY_LEN(data_versions), version);

    return at >= 0 && c->version_index >= at;
}

bool vault_version_check(struct vault_call *c, struct az_error *reterr)
{
    bool arm = c->site.service == SVC_MANAGEMENT;
    const char *const *list = arm ? arm_versions : data_versions;
    size_t n = arm ? ARRAY_LEN(arm_versions) : ARRAY_LEN(data_versions);
    const char *v = http_param_get(&c->x->req, "api-version");

    if (!v || !*v) {
        /* Data plane text: azure-rules.md section 2, seen in third-party notes only. */
        return arm ? az_fail(
                         reterr, AZ_ERR_MISSING_API_VERSION,
                         "The api-version query parameter (?api-version=) is required for all requests.")
                   : az_fail(reterr, AZ_ERR_BAD_PARAMETER, "api-version must be specified");
    }
    (void) snprintf(c->api_version, sizeof(c->api_version), "%s", v);
    c->version_index = find(list, n, v);
    if (c->version_index < 0 && looks_later(v, list[n - 1])) {
        c->version_index = (int) n - 1;
    }
    if (c->version_index >= 0) {
        return true;
    }
    return arm ? az_fail(
                     reterr, AZ_ERR_INVALID_API_VERSION,
                     "The api-version '%.64s' is invalid. The supported versions are '%s' and later ones.",
                     v, arm_versions[0])
               : az_fail(
                     reterr, AZ_ERR_BAD_PARAMETER,
                     "The specified version (%.64s) is not recognized. Consider using the latest "
                     "supported version (" NEWEST_STABLE ").",
                     v);
}
