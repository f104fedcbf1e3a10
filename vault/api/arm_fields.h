/* SPDX-License-Identifier: MIT */
/*
 * The members of a vault's `properties`, one row each: in which api-versions they are, in the order
 * in which they are shown. What a version does not have is ignored when it is given and hidden when
 * it is asked for.
 */
#pragma once

#include "vault/api/call.h"

/* The members of `given` that the request's version has, under their own spelling; NULL for NULL.
 * New reference. */
json_t *arm_fields_known(const struct vault_call *c, const json_t *given);
/* `properties` as the request's version shows them. created: as the answer to the creation. New
 * reference. */
json_t *arm_fields_show(const struct vault_call *c, const struct vault *v, bool created);
