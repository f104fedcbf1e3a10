/* SPDX-License-Identifier: MIT */
/*
 * Key release policies as keys carry them: what a request may say, and the form that is stored and
 * shown. Pure.
 *
 * Grammar 1.0.0:
 * {"version","anyOf"|"allOf":[{"authority","anyOf"|"allOf":[{"claim","equals"},…]}]}; conditions
 * may nest. Sources: the specification's KeyReleasePolicy; recorded (azure-sdk-for-go
 * TestReleaseKey): the service answers with the rules written anew, members in this order.
 */
#pragma once

#include <stdbool.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/json.h"

/*
 * given: a request's "release_policy". *text becomes {"contentType":…,"data":…,"immutable":…}, data
 * the base64url of the rules in the service's order. False: BadParameter.
 */
bool release_policy_read(const json_t *given, struct buf *text, bool *immutable,
                         struct az_error *reterr) MUST_CHECK;
