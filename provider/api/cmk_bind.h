/* SPDX-License-Identifier: MIT */
/*
 * The binding of an account to a customer's key: what the rules say to it, and the data key wrapped
 * anew. Nothing is stored here; whoever asked stores dek and encryption in the account's one record
 * or drops both. Worker threads only.
 */
#pragma once

#include "provider/api/cmk_check.h"
#include "provider/domain/key_ref.h"

struct cmk_change {
    json_t *dek;        /* NULL: stays */
    json_t *encryption; /* properties.encryption as it is to be stored; NULL: stays */
};
void cmk_change_done(struct cmk_change *ch);

struct cmk_wish {
    const json_t *account; /* at a create: as it would be made */
    bool at_create;
    struct key_identity now;        /* whose token opens the data key as it is */
    struct key_identity system;     /* the system-assigned identity as it was saved before */
    bool system_stays;              /* the same request does not switch it off */
    struct key_identity user;       /* the one that identityClientId names; not there: unknown */
    const char *given_subscription; /* the portal's way: beside a key URI; NULL: not given */
    /* The portal's way: gives the identity access once the rules about the vault are obeyed; NULL:
     * the plain way. */
    bool (*grant)(struct provider_call *c, const struct vault_facts *vault,
                  const struct principal *p, struct az_error *reterr);
};

/* encryption: properties.encryption of a body. Nothing asked for: *ret stays empty. */
bool cmk_change_prepare(struct provider_call *c, const struct cmk_wish *w, const json_t *encryption,
                        struct cmk_change *ret, struct az_error *reterr) MUST_CHECK;
/* Are properties.encryption of a body, and its members, of the types that they have? Else ARM's
 * InvalidRequestContent, with the member as target. */
bool cmk_check_shape(const json_t *encryption, struct az_error *reterr) MUST_CHECK;
/* enc.tier holds for what a change leaves behind, too: under CMK (by the change, or as before) an
 * account keeps a tier that has it. kind, sku: as they will be. */
bool cmk_check_tier(struct provider_call *c, const json_t *account, const struct cmk_change *change,
                    const char *kind, const char *sku, struct az_error *reterr) MUST_CHECK;
/* Does a body's encryption name a customer's key? */
bool cmk_asked_for(const json_t *encryption);
