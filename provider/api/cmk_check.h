/* SPDX-License-Identifier: MIT */
/*
 * The rules applied to live accounts: facts in, verdicts counted, refusals named. What is asked
 * goes to vaultd: worker threads only.
 */
#pragma once

#include "provider/api/cmk_identity.h"
#include "provider/store/layers.h"

/* What an account's record and its identity say; the caller adds the key. */
struct cmk_input cmk_input_of(struct provider_call *c, const json_t *account,
                              const struct key_identity *id, enum cmk_op op);
/* Judges and counts; false: *reterr names the broken rules. */
bool cmk_judge(struct provider_call *c, const struct cmk_input *in, struct az_error *reterr)
    MUST_CHECK;

/*
 * The one way to an account's data: opens its data keys for an operation, counts the rules that
 * this obeyed, or asks the vault why not and names every broken rule in *reterr, whose code and
 * text are the vault's own. In the edition 2026, a key without a version that has a newer one by
 * now is wrapped anew: the next write step stores it. The caller wipes the keys.
 */
bool cmk_open_data(struct provider_call *c, json_t *account, enum cmk_op op, struct data_keys *ret,
                   struct az_error *reterr) MUST_CHECK;

/* The counting and naming alone, after an attempt to open the data keys. */
void cmk_check_data(struct provider_call *c, const json_t *account, const struct key_identity *id,
                    enum cmk_op op, bool opened, struct az_error *err);
/* The same for serving a deployment of a fine-tuned model: needs no key, is never refused. */
void cmk_check_serving(struct provider_call *c, const json_t *account, bool deployment_exists);
