/* SPDX-License-Identifier: MIT */
/*
 * Which Azure geography a region belongs to: a backup restores only inside its own
 * (azure-rules.md section 6, general/backup.md). Pure.
 */
#pragma once

/* Short region names ("westeurope"). A region that is not known is a geography of its own. */
const char *geography_of(const char *region);
