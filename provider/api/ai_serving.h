/* SPDX-License-Identifier: MIT */
/*
 * What a deployment of a fine-tuned model serves from: the model's artefact as it was loaded when
 * the deployment was made, kept under the service's own key until the deployment is deleted. So it
 * goes on serving after the customer's key was revoked, also after a restart (rev.oai-serving).
 */
#pragma once

#include "provider/api/call.h"

/* Reads the artefact of an account's model with the account's data key (rev.oai-deploy) and seals
 * it for serving; new reference. Worker threads only. */
bool ai_serving_load(struct provider_call *c, json_t *account, const char *model, json_t **ret,
                     struct az_error *reterr) MUST_CHECK;
/* copy NULL: the deployment is of no fine-tuned model (any more). */
bool ai_serving_store(struct kvdb_txn *txn, const json_t *account, const char *deployment,
                      const json_t *copy, struct az_error *reterr) MUST_CHECK;
/* The artefact that a deployment serves from; empty: it has none. */
bool ai_serving_open(struct providerd *d, struct kvdb_txn *txn, const json_t *account,
                     const char *deployment, struct bytes *ret, struct az_error *reterr) MUST_CHECK;
