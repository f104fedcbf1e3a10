/* SPDX-License-Identifier: MIT */
/* The list of dated versions. */
#include "provider/domain/oai_version.h"

#include <string.h>

#include "common/cleanup.h"

static const char *const names[] = {
    "2022-12-01",         "2023-03-15-preview", "2023-05-15",         "2023-06-01-preview",
    "2023-07-01-preview", "2023-08-01-preview", "2023-09-01-preview", "2023-09-15-preview",
    "2023-10-01-preview", "2023-12-01-preview", "2024-02-01",         "2024-02-15-preview",
    "2024-03-01-preview", "2024-04-01-preview", "2024-05-01-preview", "2024-06-01",
    "2024-07-01-preview", "2024-08-01-preview", "2024-09-01-preview", "2024-10-01-preview",
    "2024-10-21",         "2024-12-01-preview", "2025-01-01-preview", "2025-02-01-preview",
    "2025-03-01-preview", "2025-04-01-preview",
};
const struct arm_versions oai_versions = {"OpenAI", names, ARRAY_LEN(names)};

int oai_version_find(const char *text)
{
    for (size_t i = 0; text && i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], text) == 0) {
            return (int) i;
        }
    }
    return -1;
}
