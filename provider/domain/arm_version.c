/* SPDX-License-Identifier: MIT */
/* The lists of api-versions, oldest first. */
#include "provider/domain/arm_version.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

static const char *const ai_names[] = {
    [AI_2016_PV] = "2016-02-01-preview",
    [AI_2017_04_18] = "2017-04-18",
    [AI_2021_04_30] = "2021-04-30",
    [AI_2021_10_01] = "2021-10-01",
    [AI_2022_03_01] = "2022-03-01",
    [AI_2022_10_01] = "2022-10-01",
    [AI_2022_12_01] = "2022-12-01",
    [AI_2023_05_01] = "2023-05-01",
    [AI_2023_10_01_PV] = "2023-10-01-preview",
    [AI_2024_04_01_PV] = "2024-04-01-preview",
    [AI_2024_06_01_PV] = "2024-06-01-preview",
    [AI_2024_10_01] = "2024-10-01",
    [AI_2025_04_01_PV] = "2025-04-01-preview",
    [AI_2025_06_01] = "2025-06-01",
    [AI_2025_07_01_PV] = "2025-07-01-preview",
    [AI_2025_09_01] = "2025-09-01",
    [AI_2025_10_01_PV] = "2025-10-01-preview",
    [AI_2025_12_01] = "2025-12-01",
    [AI_2026_01_15_PV] = "2026-01-15-preview",
    [AI_2026_03_01] = "2026-03-01",
    [AI_2026_03_15_PV] = "2026-03-15-preview",
    [AI_2026_05_01] = "2026-05-01",
    [AI_2026_05_15_PV] = "2026-05-15-preview",
    [AI_2026_07_01] = "2026-07-01",
    [AI_2026_07_15_PV] = "2026-07-15-preview",
    [AI_2026_09_01] = "2026-09-01",
    [AI_2026_09_15_PV] = "2026-09-15-preview",
};
static const char *const msi_names[] = {
    [MSI_2015_08_31_PV] = "2015-08-31-preview",
    [MSI_2018_11_30] = "2018-11-30",
    [MSI_2021_09_30_PV] = "2021-09-30-preview",
    [MSI_2022_01_31_PV] = "2022-01-31-preview",
    [MSI_2023_01_31] = "2023-01-31",
    [MSI_2023_07_31_PV] = "2023-07-31-preview",
    [MSI_2024_11_30] = "2024-11-30",
    [MSI_2025_01_31_PV] = "2025-01-31-preview",
    [MSI_2025_05_31_PV] = "2025-05-31-preview",
};

const struct arm_versions ai_versions = {"Microsoft.CognitiveServices", ai_names,
                                         ARRAY_LEN(ai_names)};
const struct arm_versions msi_versions = {"Microsoft.ManagedIdentity", msi_names,
                                          ARRAY_LEN(msi_names)};

/* "2026-11-01", "2026-11-01-preview" */
static bool well_formed(const char *s)
{
    static const char form[] = "dddd-dd-dd";
    size_t i;

    for (i = 0; form[i]; i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char) s[i]) : s[i] != form[i]) {
            return false;
        }
    }
    return s[i] == '\0' || strcmp(s + i, "-preview") == 0;
}

int arm_version_find(const struct arm_versions *v, const char *text)
{
    for (size_t i = 0; i < v->n; i++) {
        if (strcasecmp(v->names[i], text) == 0) {
            return (int) i;
        }
    }
    return well_formed(text) && strncmp(text, v->names[v->n - 1], 10) > 0 ? (int) v->n - 1 : -1;
}
