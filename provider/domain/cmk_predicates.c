/* SPDX-License-Identifier: MIT */
/* What the rows of cmk_rules.def ask of the facts. Each predicate reads facts and nothing else. */
#include "provider/domain/cmk_predicates.h"

#include <string.h>
#include <strings.h>

static bool is_op(const struct cmk_input *in, enum cmk_op op)
{
    return in->op == op;
}

static bool is_binding(const struct cmk_input *in)
{
    return in->op <= CMK_OP_OTHER_KEY;
}

/* The identity whose token goes to the vault. */
static bool has_identity(const struct cmk_input *in)
{
    return in->client_id_given ? in->client_id_known : in->identity;
}

/* What it may do there: a vault under RBAC looks at role assignments only, another at policies. */
static unsigned held_permissions(const struct cmk_input *in)
{
    return in->vault.rbac || in->home == CMK_HOME_MANAGED_HSM ? in->vault.identity_rbac_perms
                                                              : in->vault.identity_key_perms;
}

static bool inside_window(const struct cmk_input *in)
{
    const struct key_facts *k = &in->key;

    return (k->nbf_s == 0 || in->now_s >= k->nbf_s) && (k->exp_s == 0 || in->now_s < k->exp_s);
}

/* --- when a rule can be judged */
bool cmk_with_key(const struct cmk_input *in)
{
    return in->key_given;
}

bool cmk_with_vault_answer(const struct cmk_input *in)
{
    return in->key_given && in->vault_known;
}

bool cmk_with_vault(const struct cmk_input *in)
{
    return in->key_given && in->vault_known && in->vault.exists;
}

/* A Managed HSM has neither access policies nor the other model. */
bool cmk_with_policies(const struct cmk_input *in)
{
    return cmk_with_vault(in) && in->home == CMK_HOME_VAULT;
}

bool cmk_with_identity(const struct cmk_input *in)
{
    return cmk_with_vault(in) && has_identity(in);
}

bool cmk_with_any_key_answer(const struct cmk_input *in)
{
    return cmk_with_identity(in) && in->key_known && in->key.status != 403;
}

bool cmk_with_key_facts(const struct cmk_input *in)
{
    return cmk_with_identity(in) && in->key_known && in->key.status == 200;
}

bool cmk_in_other_subscription(const struct cmk_input *in)
{
    return cmk_with_vault(in) && strcasecmp(in->vault.subscription, in->subscription) != 0;
}

bool cmk_with_given_subscription(const struct cmk_input *in)
{
    return cmk_with_vault(in) && in->given_subscription != NULL;
}

bool cmk_needs_approval(const struct cmk_input *in)
{
    return in->approval != CMK_APPROVAL_NOT_REQUIRED;
}

bool cmk_has_cmk_kind(const struct cmk_input *in)
{
    return in->kind && in->kind->cmk;
}

bool cmk_is_bound(const struct cmk_input *in)
{
    return in->bound;
}

bool cmk_is_bound_to_known(const struct cmk_input *in)
{
    return in->bound && in->key_known && in->key.status != 403;
}

bool cmk_is_deleted(const struct cmk_input *in)
{
    return in->bound && in->vault_known && in->key_state != CMK_KEY_LIVE;
}

bool cmk_is_expired(const struct cmk_input *in)
{
    bool asked = is_binding(in) ? cmk_with_key_facts(in) : in->bound && in->key_known;

    return asked && in->key.status == 200 && in->key.exp_s != 0 && in->now_s >= in->key.exp_s;
}

bool cmk_uses_system_identity(const struct cmk_input *in)
{
    return in->key_given && !in->client_id_given;
}

bool cmk_bound_or_binding(const struct cmk_input *in)
{
    return is_binding(in) ? in->key_given : in->bound;
}

/* Which permissions can be missing is known when the vault has been asked. */
bool cmk_needs_permissions(const struct cmk_input *in)
{
    bool known = in->vault_known && in->vault.exists && has_identity(in);

    return known && cmk_bound_or_binding(in);
}

/* --- what it demands */
bool cmk_supported_kind(const struct cmk_input *in)
{
    return cmk_has_cmk_kind(in);
}

/* Edition 2026: a user-assigned identity exists before the account does. */
bool cmk_may_at_create(const struct cmk_input *in)
{
    return !is_op(in, CMK_OP_CREATE) || (in->edition == EDITION_2026 && in->client_id_known);
}

bool cmk_key_given(const struct cmk_input *in)
{
    return in->key_given;
}

bool cmk_tier(const struct cmk_input *in)
{
    return account_kind_has_cmk_sku(in->kind, in->sku);
}

bool cmk_approved(const struct cmk_input *in)
{
    return in->approval == CMK_APPROVAL_GRANTED;
}

bool cmk_in_allowed_home(const struct cmk_input *in)
{
    return in->home == CMK_HOME_VAULT ||
           (in->home == CMK_HOME_MANAGED_HSM && in->edition == EDITION_2026);
}

bool cmk_vault_exists(const struct cmk_input *in)
{
    return in->vault.exists;
}

bool cmk_same_region(const struct cmk_input *in)
{
    return strcasecmp(in->vault.location, in->location) == 0;
}

bool cmk_same_tenant(const struct cmk_input *in)
{
    return strcasecmp(in->vault.tenant, in->tenant) == 0;
}

bool cmk_soft_delete(const struct cmk_input *in)
{
    return in->vault.soft_delete;
}

bool cmk_purge_protection(const struct cmk_input *in)
{
    return in->vault.purge_protection;
}

bool cmk_trusted_services(const struct cmk_input *in)
{
    return !in->vault.firewall_on || in->vault.bypass_trusted;
}

bool cmk_access_policies(const struct cmk_input *in)
{
    return !in->vault.rbac || in->edition == EDITION_2026;
}

/* A vault under RBAC in the classic edition has broken kv.access-policies already; the identity's
 * access policies there say nothing. */
bool cmk_permissions(const struct cmk_input *in)
{
    return (held_permissions(in) & CMK_PERM_ALL) == CMK_PERM_ALL;
}

/* classic: OAI24 "RSA and RSA-HSM keys of size 2048", LANG25 "RSA keys of size 2048"; NEW26: at
 * least 2048. */
bool cmk_key_size(const struct cmk_input *in)
{
    bool rsa = strcmp(in->key.kty, "RSA") == 0;
    bool hsm = strcmp(in->key.kty, "RSA-HSM") == 0;
    unsigned type = rsa ? KIND_KEY_RSA : hsm ? KIND_KEY_RSA_HSM : 0;

    if (in->edition == EDITION_2026) {
        return type != 0 && in->key.bits >= 2048;
    }
    return in->kind && (type & in->kind->keys_classic) != 0 && in->key.bits == 2048;
}

bool cmk_usable(const struct cmk_input *in)
{
    const struct key_facts *k = &in->key;

    return k->status == 200 && k->enabled && inside_window(in) && k->wrap && k->unwrap;
}

bool cmk_right_subscription(const struct cmk_input *in)
{
    return strcasecmp(in->given_subscription, in->vault.subscription) == 0;
}

bool cmk_right_identity(const struct cmk_input *in)
{
    return !in->client_id_given || (in->edition == EDITION_2026 && in->client_id_known);
}

/* The system-assigned identity exists only after the account does, and counts in the tier that CMK
 * needs. */
bool cmk_account_is_there(const struct cmk_input *in)
{
    return !is_op(in, CMK_OP_CREATE) && in->kind && account_kind_has_cmk_sku(in->kind, in->sku);
}

bool cmk_identity_on(const struct cmk_input *in)
{
    return has_identity(in);
}

bool cmk_not_left_behind(const struct cmk_input *in)
{
    return !in->left_behind;
}

/* unwrapKey works outside nbf and exp too (vault/domain/key.c). */
bool cmk_version_in_use_usable(const struct cmk_input *in)
{
    return in->key.status == 200 && in->key.enabled && in->key.unwrap;
}

bool cmk_recoverable(const struct cmk_input *in)
{
    return in->key_state != CMK_KEY_LOST;
}

bool cmk_needed_permissions(const struct cmk_input *in)
{
    unsigned needed = is_binding(in) ? CMK_PERM_ALL : CMK_PERM_UNWRAP;

    return (held_permissions(in) & needed) == needed;
}

bool cmk_expiry_allows(const struct cmk_input *in)
{
    return !is_binding(in);
}

bool cmk_deployment_there(const struct cmk_input *in)
{
    return in->deployment_exists;
}

bool cmk_data_key_reachable(const struct cmk_input *in)
{
    const struct key_facts *k = &in->key;

    if (!in->bound) {
        return true;
    }
    if (!has_identity(in) || in->left_behind) {
        return false;
    }
    return in->vault.exists && cmk_same_tenant(in) && cmk_trusted_services(in) &&
           cmk_needed_permissions(in) && in->key_state == CMK_KEY_LIVE && k->status == 200 &&
           k->enabled && k->unwrap;
}
