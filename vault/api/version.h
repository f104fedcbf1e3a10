/* SPDX-License-Identifier: MIT */
/*
 * The api-versions of both planes, in order (versions.md sections 0, 1, 3), and the names by which
 * tables say in which of them an operation, a member or a value exists.
 *
 * A row's set is written VERSION_FROM(V_7_3), VERSION_ONLY(..), VERSION_ANY or a union of them.
 */
#pragma once

#include "common/api_version.h"
#include "vault/api/call.h"

/* The data plane. 7.6-preview.1 has a document of its own but stands in no list of the service. */
#define DATA_VERSIONS(X)                          \
    X(V_2015_06_01, "2015-06-01")                 \
    X(V_2016_10_01, "2016-10-01")                 \
    X(V_7_0_PREVIEW, "7.0-preview")               \
    X(V_7_0, "7.0")                               \
    X(V_7_1_PREVIEW, "7.1-preview")               \
    X(V_7_1, "7.1")                               \
    X(V_7_2_PREVIEW, "7.2-preview")               \
    X(V_7_2, "7.2")                               \
    X(V_7_3_PREVIEW, "7.3-preview")               \
    X(V_7_3, "7.3")                               \
    X(V_7_4_PREVIEW_1, "7.4-preview.1")           \
    X(V_7_4, "7.4")                               \
    X(V_7_5_PREVIEW_1, "7.5-preview.1")           \
    X(V_7_5, "7.5")                               \
    X(V_7_6_PREVIEW_1, "7.6-preview.1")           \
    X(V_7_6_PREVIEW_2, "7.6-preview.2")           \
    X(V_7_6, "7.6")                               \
    X(V_2025_06_01_PREVIEW, "2025-06-01-preview") \
    X(V_2025_07_01, "2025-07-01")                 \
    X(V_2026_01_01_PREVIEW, "2026-01-01-preview") \
    X(V_2026_03_01_PREVIEW, "2026-03-01-preview") \
    X(V_2026_04_01, "2026-04-01")                 \
    X(V_2026_05_01_PREVIEW, "2026-05-01-preview") \
    X(V_2026_07_01_PREVIEW, "2026-07-01-preview")

/* Microsoft.KeyVault. */
#define ARM_VERSIONS(X)                             \
    X(ARM_2015_06_01, "2015-06-01")                 \
    X(ARM_2015_11_01, "2015-11-01")                 \
    X(ARM_2016_10_01, "2016-10-01")                 \
    X(ARM_2018_02_14_PREVIEW, "2018-02-14-preview") \
    X(ARM_2018_02_14, "2018-02-14")                 \
    X(ARM_2019_09_01, "2019-09-01")                 \
    X(ARM_2020_04_01_PREVIEW, "2020-04-01-preview") \
    X(ARM_2021_04_01_PREVIEW, "2021-04-01-preview") \
    X(ARM_2021_06_01_PREVIEW, "2021-06-01-preview") \
    X(ARM_2021_10_01, "2021-10-01")                 \
    X(ARM_2021_11_01_PREVIEW, "2021-11-01-preview") \
    X(ARM_2022_02_01_PREVIEW, "2022-02-01-preview") \
    X(ARM_2022_07_01, "2022-07-01")                 \
    X(ARM_2022_11_01, "2022-11-01")                 \
    X(ARM_2023_02_01, "2023-02-01")                 \
    X(ARM_2023_07_01, "2023-07-01")                 \
    X(ARM_2024_04_01_PREVIEW, "2024-04-01-preview") \
    X(ARM_2024_11_01, "2024-11-01")                 \
    X(ARM_2024_12_01_PREVIEW, "2024-12-01-preview") \
    X(ARM_2025_05_01, "2025-05-01")                 \
    X(ARM_2026_02_01, "2026-02-01")                 \
    X(ARM_2026_03_01_PREVIEW, "2026-03-01-preview") \
    X(ARM_2026_04_01_PREVIEW, "2026-04-01-preview") \
    X(ARM_2026_05_15_PREVIEW, "2026-05-15-preview") \
    X(ARM_2026_05_15, "2026-05-15")

#define VERSION_ENUM(id, text) id,
enum data_version { DATA_VERSIONS(VERSION_ENUM) DATA_VERSION_COUNT };
enum arm_version { ARM_VERSIONS(VERSION_ENUM) ARM_VERSION_COUNT };
#undef VERSION_ENUM

extern const struct api_versions vault_data_versions;
extern const struct api_versions vault_arm_versions;

/* Judges the request's api-version, fills c->api_version and c->version_index. */
bool vault_version_check(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
