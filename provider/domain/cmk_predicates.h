/* SPDX-License-Identifier: MIT */
/* The predicates that rows of cmk_rules.def name; nobody else needs them. */
#pragma once

#include "provider/domain/cmk_rules.h"

typedef bool cmk_predicate(const struct cmk_input *in);

/* When a rule can be judged. */
cmk_predicate cmk_with_key, cmk_with_vault_answer, cmk_with_vault, cmk_with_policies,
    cmk_with_identity, cmk_with_key_facts, cmk_with_any_key_answer, cmk_in_other_subscription,
    cmk_with_given_subscription, cmk_needs_approval, cmk_is_bound, cmk_is_bound_to_known,
    cmk_is_deleted, cmk_is_expired, cmk_uses_system_identity, cmk_bound_or_binding,
    cmk_needs_permissions, cmk_has_cmk_kind;

/* What it demands. */
cmk_predicate cmk_supported_kind, cmk_may_at_create, cmk_key_given, cmk_tier, cmk_approved,
    cmk_in_allowed_home, cmk_vault_exists, cmk_same_region, cmk_same_tenant, cmk_soft_delete,
    cmk_purge_protection, cmk_trusted_services, cmk_access_policies, cmk_permissions, cmk_key_size,
    cmk_usable, cmk_right_subscription, cmk_right_identity, cmk_account_is_there, cmk_identity_on,
    cmk_not_left_behind, cmk_version_in_use_usable, cmk_recoverable, cmk_needed_permissions,
    cmk_expiry_allows, cmk_deployment_there;
