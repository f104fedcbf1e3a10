/* SPDX-License-Identifier: MIT */
/* Names of vaults: azure-rules.md section 1, resource-manager reserved-resource-name.md. Pure. */
#pragma once

#include <stdbool.h>

/* 3-24 letters, digits and hyphens; a letter first, no hyphen last, no two in a row. */
bool vault_name_valid(const char *name);
/* A trademarked or reserved word that names with an endpoint may not be, or hold. */
bool vault_name_reserved(const char *name);
