/* SPDX-License-Identifier: MIT */
/*
 * The rules applied to live accounts: facts in, verdicts counted, refusals named. What is asked
 * goes to vaultd: worker threads only.
 */
#pragma once

#include "provider/api/call.h"

/* What an account's record and its identity (NULL: none) say; the caller adds the key. */
struct cmk_input cmk_input_of(struct provider_call *c, const json_t *account,
                              const struct principal *identity, enum cmk_op op);
/* Judges and counts; false: *reterr names the broken rules. */
bool cmk_judge(struct provider_call *c, const struct cmk_input *in, struct az_error *reterr)
    MUST_CHECK;

/*
 * To be called after each attempt to open an account's data key for an operation on its data.
 * opened: counts what that obeyed. Else: asks the vault why and names every broken rule in *err,
 * whose code and text (the vault's own) stay.
 */
void cmk_check_data(struct provider_call *c, const json_t *account,
                    const struct principal *identity, enum cmk_op op, bool opened,
                    struct az_error *err);
/* The same for serving a deployment of a fine-tuned model: needs no key, is never refused. */
void cmk_check_serving(struct provider_call *c, const json_t *account, bool deployment_exists);
