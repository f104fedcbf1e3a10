/* SPDX-License-Identifier: MIT */
/*
 * The api-versions of a resource provider as an ordered list, and sets of them. What a version adds
 * is a set, never a comparison of dates: some preview members are missing from later stable
 * versions (versions.md section 0).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arm_versions {
    const char *ns; /* "Microsoft.CognitiveServices" */
    const char *const *names;
    size_t n; /* at most 64 */
};

/*
 * The position of a version. One that is well-formed and later than the last known is taken as the
 * last (ours: newer clients keep working); any other unknown one: -1.
 */
int arm_version_find(const struct arm_versions *v, const char *text);

/* Microsoft.CognitiveServices: versions.md section 4; before 2023-05-01 as recorded. */
enum ai_version {
    AI_2016_PV,
    AI_2017_04_18,
    AI_2021_04_30,
    AI_2021_10_01,
    AI_2022_03_01,
    AI_2022_10_01,
    AI_2022_12_01,
    AI_2023_05_01,
    AI_2023_10_01_PV,
    AI_2024_04_01_PV,
    AI_2024_06_01_PV,
    AI_2024_10_01,
    AI_2025_04_01_PV,
    AI_2025_06_01,
    AI_2025_07_01_PV,
    AI_2025_09_01,
    AI_2025_10_01_PV,
    AI_2025_12_01,
    AI_2026_01_15_PV,
    AI_2026_03_01,
    AI_2026_03_15_PV,
    AI_2026_05_01,
    AI_2026_05_15_PV,
    AI_2026_07_01,
    AI_2026_07_15_PV,
    AI_2026_09_01,
    AI_2026_09_15_PV,
};
extern const struct arm_versions ai_versions;

/* Microsoft.ManagedIdentity: versions.md section 6. */
enum msi_version {
    MSI_2015_08_31_PV,
    MSI_2018_11_30,
    MSI_2021_09_30_PV,
    MSI_2022_01_31_PV,
    MSI_2023_01_31,
    MSI_2023_07_31_PV,
    MSI_2024_11_30,
    MSI_2025_01_31_PV,
    MSI_2025_05_31_PV,
};
extern const struct arm_versions msi_versions;

#define ARM_BIT(v)  (UINT64_C(1) << (v))
#define ARM_FROM(v) (~UINT64_C(0) << (v))
#define ARM_ALL     (~UINT64_C(0))
#define AI_PREVIEWS                                                                      \
    (ARM_BIT(AI_2016_PV) | ARM_BIT(AI_2023_10_01_PV) | ARM_BIT(AI_2024_04_01_PV) |       \
     ARM_BIT(AI_2024_06_01_PV) | ARM_BIT(AI_2025_04_01_PV) | ARM_BIT(AI_2025_07_01_PV) | \
     ARM_BIT(AI_2025_10_01_PV) | ARM_BIT(AI_2026_01_15_PV) | ARM_BIT(AI_2026_03_15_PV) | \
     ARM_BIT(AI_2026_05_15_PV) | ARM_BIT(AI_2026_07_15_PV) | ARM_BIT(AI_2026_09_15_PV))
