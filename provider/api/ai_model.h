/* SPDX-License-Identifier: MIT */
/* Models as the OpenAI data plane names them: "gpt-35-turbo-0613", or "curie" of version 1. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_models.h"

void ai_base_model_id(const struct ai_model *m, char out[96]);
/* By that id, or by the bare name: then the default one that can be fine-tuned, else any. */
const struct ai_model *ai_base_model_find(const char *id);
/* Deletes a fine-tuned model's record, and its artefact once that is committed (c->prepared);
 * refused while it is deployed. */
bool ai_model_drop(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                   const json_t *own, struct az_error *reterr) MUST_CHECK;
