/* SPDX-License-Identifier: MIT */
/*
 * The dated api-versions of the OpenAI data plane, and what each has: versions.md section 5. The
 * form /openai/v1/ has none of them.
 */
#pragma once

#include "provider/domain/arm_version.h"

enum oai_version {
    OAI_2022_12_01,
    OAI_2023_03_15_PV,
    OAI_2023_05_15,
    OAI_2023_06_01_PV,
    OAI_2023_07_01_PV,
    OAI_2023_08_01_PV,
    OAI_2023_09_01_PV,
    OAI_2023_09_15_PV,
    OAI_2023_10_01_PV,
    OAI_2023_12_01_PV,
    OAI_2024_02_01,
    OAI_2024_02_15_PV,
    OAI_2024_03_01_PV,
    OAI_2024_04_01_PV,
    OAI_2024_05_01_PV,
    OAI_2024_06_01,
    OAI_2024_07_01_PV,
    OAI_2024_08_01_PV,
    OAI_2024_09_01_PV,
    OAI_2024_10_01_PV,
    OAI_2024_10_21,
    OAI_2024_12_01_PV,
    OAI_2025_01_01_PV,
    OAI_2025_02_01_PV,
    OAI_2025_03_01_PV,
    OAI_2025_04_01_PV, /* the last dated one */
};
extern const struct arm_versions oai_versions;

/* The specs known are 2022-12-01 and 2024-10-21; where exactly the forms changed in between is
 * ours (docs/fidelity.md). */
#define OAI_FINE_TUNES  (ARM_ALL & ~ARM_FROM(OAI_2023_09_15_PV)) /* /fine-tunes */
#define OAI_JOBS        ARM_FROM(OAI_2023_09_15_PV)              /* /fine_tuning/jobs */
#define OAI_DEPLOYMENTS (ARM_ALL & ~ARM_FROM(OAI_2023_06_01_PV)) /* /deployments as resources */
#define OAI_CHAT        ARM_FROM(OAI_2023_03_15_PV)
#define OAI_OLD_STATES  (ARM_ALL & ~ARM_FROM(OAI_2023_09_15_PV)) /* notRunning, canceled, ... */

/* The position of a dated version; -1: there is no such. Exact: no later one was ever made. */
int oai_version_find(const char *text);
