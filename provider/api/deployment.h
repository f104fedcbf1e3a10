/* SPDX-License-Identifier: MIT */
/* Deployments of models: what the data plane and the quotas ask of them. */
#pragma once

#include "provider/api/account.h"
#include "provider/domain/ai_models.h"

#define DEPLOYMENTS "deployments"
/*
 * Fine-tuned models of an account are children of it in this collection, written by the data
 * plane: {"name", "base", "baseVersion"}. Their artefacts lie under the account's data key.
 */
#define TUNED_MODELS "fineTunedModels"

/* The account's deployment, {"name", "model": {...}, "sku": {...}}; new reference, NULL: none. */
bool deployment_get(struct kvdb_txn *txn, const json_t *account, const char *name, json_t **ret,
                    struct az_error *reterr) MUST_CHECK;
/* The table's row behind a deployment: of its model, or of the base of its fine-tuned model. */
const struct ai_model *deployment_model(struct kvdb_txn *txn, const json_t *account,
                                        const json_t *deployment, bool *tuned);
/* What a body's model {format, name, version} comes to in this account. */
struct deployment_choice {
    const struct ai_model *base; /* the table's row, or the fine-tuned model's base */
    bool tuned;
};
/* The model is there and this kind of account can deploy it. */
bool deployment_choose(struct kvdb_txn *txn, const json_t *account, const json_t *model,
                       struct deployment_choice *ret, struct az_error *reterr) MUST_CHECK;
/* The model as records have it; new reference. */
json_t *deployment_stored_model(const json_t *model, const struct deployment_choice *choice);
/* A record's capacity fits into what is left of the subscription's quota. */
bool deployment_check_quota(struct kvdb_txn *txn, const json_t *account, const json_t *d,
                            struct az_error *reterr) MUST_CHECK;
/*
 * Capacity that the subscription's deployments hold, by "region/quota" as an object of numbers; but
 * for one deployment ("account uid/name", NULL: all). New reference.
 */
json_t *deployment_usage(struct kvdb_txn *txn, const char *subscription, const char *but_for);
int64_t deployment_used(const json_t *usage, const char *region, const char *quota);
