/* SPDX-License-Identifier: MIT */
/*
 * Key release policies as keys carry them: what a request may say, the form that is stored and
 * shown, and whether the claims of an attestation meet it. Pure.
 *
 * Grammar 1.0.0 (policy-grammar.md of the documents): {"version","anyOf":[{"authority",
 * "anyOf"|"allOf":[CONDITION, ...]}, ...]}, a condition being {"claim","equals"} or a nested list;
 * a value is a string, a number, true or false. Recorded (azure-sdk-for-go, TestReleaseKey): the
 * service answers with the rules written anew, members in this order.
 */
#pragma once

#include <stdbool.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/json.h"

/*
 * given: a request's "release_policy". *text becomes {"contentType","data","immutable"}, data the
 * base64url of the rules in the service's order. False: BadParameter.
 */
bool release_policy_read(const json_t *given, struct buf *text, bool *immutable,
                         struct az_error *reterr) MUST_CHECK;

/*
 * stored: texts.policy of a key version. authority: who signed the attestation (its "iss"); claims:
 * an object. A claim's name may lead into objects ("a.b.c"); a claim that isn't there is not met.
 * No policy, or one that can't be read, is never met.
 */
bool release_policy_met(struct str_view stored, const char *authority, const json_t *claims);
