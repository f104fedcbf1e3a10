/* SPDX-License-Identifier: MIT */
/*
 * Members of an account's properties that a client may set: one table with their types, the
 * api-versions that have them, and how a value is brought into the form in which it is stored.
 *
 * A member that the request's version does not have is ignored, and not shown (our assumption,
 * docs/fidelity.md). `encryption` has its own rules: provider/api/account_cmk.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/az_error.h"

/* Every member of the request's properties that the version has is well-formed. */
bool account_fields_check(const json_t *props, int version, struct az_error *reterr) MUST_CHECK;
/* Takes the members that are given (null is as absent) into mine. Checked before. */
void account_fields_apply(const json_t *props, int version, json_t *mine);
/* Does the request change one of those that the service changes in the background (202)? */
bool account_fields_slow(const json_t *props, int version);
/* May this version see the member? True for members that are not in the table. */
bool account_field_shown(const char *name, int version);
/* The table's names, for whoever asks about all of them. */
size_t account_fields_count(void);
const char *account_field_name(size_t i);
