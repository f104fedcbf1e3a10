/* SPDX-License-Identifier: MIT */
/* The table. Its order is the order in which a refusal names the first broken rule. */
#include "provider/domain/cmk_rules.h"

#include <string.h>
#include <strings.h>

#define CLASSIC (1u << EDITION_CLASSIC)
#define BOTH    (CLASSIC | 1u << EDITION_2026)

/* --- when a rule can be judged */
static bool with_key(const struct cmk_input *in)
{
    return !in->at_create && in->key_given;
}

static bool with_vault(const struct cmk_input *in)
{
    return with_key(in) && in->uri_is_vault && in->vault.exists;
}

static bool with_key_facts(const struct cmk_input *in)
{
    return with_vault(in) && in->identity && in->key.status == 200;
}

static bool with_identity(const struct cmk_input *in)
{
    return with_vault(in) && in->identity;
}

/* --- the rules */
static bool supported_kind(const struct cmk_input *in)
{
    return in->kind && in->kind->cmk;
}

static bool tier(const struct cmk_input *in)
{
    return !in->kind || !in->kind->cmk || strcasecmp(in->kind->cmk_sku, in->sku) == 0;
}

static bool not_at_create(const struct cmk_input *in)
{
    return !in->at_create;
}

static bool key_given(const struct cmk_input *in)
{
    return in->key_given;
}

static bool is_vault_uri(const struct cmk_input *in)
{
    return in->uri_is_vault;
}

static bool vault_exists(const struct cmk_input *in)
{
    return in->vault.exists;
}

static bool identity_on(const struct cmk_input *in)
{
    return in->identity;
}

static bool same_region(const struct cmk_input *in)
{
    return strcasecmp(in->vault.location, in->location) == 0;
}

static bool same_tenant(const struct cmk_input *in)
{
    return strcasecmp(in->vault.tenant, in->tenant) == 0;
}

static bool soft_delete(const struct cmk_input *in)
{
    return in->vault.soft_delete;
}

static bool purge_protection(const struct cmk_input *in)
{
    return in->vault.purge_protection;
}

static bool access_policies(const struct cmk_input *in)
{
    return !in->vault.rbac;
}

static bool trusted_services(const struct cmk_input *in)
{
    return !in->vault.firewall_on || in->vault.bypass_trusted;
}

static bool permissions(const struct cmk_input *in)
{
    const unsigned all = CMK_PERM_GET | CMK_PERM_WRAP | CMK_PERM_UNWRAP;

    return in->vault.rbac || (in->vault.identity_key_perms & all) == all;
}

static bool key_exists(const struct cmk_input *in)
{
    /* 403 is the permissions' affair, not the key's. */
    return in->key.status != 404;
}

static bool rsa_2048(const struct cmk_input *in)
{
    bool rsa = strcmp(in->key.kty, "RSA") == 0;
    bool hsm = strcmp(in->key.kty, "RSA-HSM") == 0;

    if (in->edition == EDITION_2026) {
        return (rsa || hsm) && in->key.bits >= 2048;
    }
    return (rsa || (hsm && in->kind && in->kind->rsa_hsm)) && in->key.bits == 2048;
}

static bool usable(const struct cmk_input *in)
{
    const struct key_facts *k = &in->key;

    return k->enabled && (k->nbf_s == 0 || in->now_s >= k->nbf_s) &&
           (k->exp_s == 0 || in->now_s < k->exp_s) && k->wrap && k->unwrap;
}

/* clang-format off */
static const struct cmk_rule rules[] = {
    {"enc.supported-kind",  "SEC25",                 BOTH,    NULL,           supported_kind,   AZ_ERR_CMK_REFUSED,       "Customer-managed keys are not supported for accounts of this kind."},
    {"enc.no-cmk-at-create", "AIS20 FACE25 LANG25",  CLASSIC, NULL,           not_at_create,    AZ_ERR_CMK_REFUSED,       "Customer-managed keys can't be enabled when the account is created: create it first, switch its system-assigned identity on, grant it access to the key, then update its encryption."},
    {"enc.tier",            "AIS20 FACE25 LANG25",   BOTH,    NULL,           tier,             AZ_ERR_CMK_REFUSED,       "Customer-managed keys are not available in this pricing tier: change the account's SKU."},
    {"enc.enable-then-key", "OAI AIS20 FACE25",      BOTH,    NULL,           key_given,        AZ_ERR_CMK_REFUSED,       "keySource Microsoft.KeyVault needs keyVaultProperties with keyVaultUri and keyName."},
    {"kv.key-vault-only",   "CMK5",                  BOTH,    with_key,       is_vault_uri,     AZ_ERR_CMK_REFUSED,       "keyVaultUri is not the URI of an Azure Key Vault."},
    {"key.uri",             "OAI AIS20 FACE25 LANG25", BOTH,  with_key,       vault_exists,     AZ_ERR_CMK_REFUSED,       "The key vault that keyVaultUri names does not exist."},
    {"id.enable-first",     "OAI24",                 BOTH,    with_key,       identity_on,      AZ_ERR_CMK_REFUSED,       "The account's system-assigned managed identity is not enabled: enable it and save, then set the encryption."},
    {"kv.same-region",      "CMK5",                  BOTH,    with_vault,     same_region,      AZ_ERR_CMK_REFUSED,       "The key vault must be in the same region as the account."},
    {"kv.same-tenant",      "CMK5",                  BOTH,    with_vault,     same_tenant,      AZ_ERR_CMK_REFUSED,       "The key vault must be in the same Microsoft Entra tenant as the account."},
    {"kv.soft-delete",      "CMK5",                  BOTH,    with_vault,     soft_delete,      AZ_ERR_CMK_REFUSED,       "The key vault must have soft delete enabled."},
    {"kv.purge-protection", "CMK5",                  BOTH,    with_vault,     purge_protection, AZ_ERR_CMK_REFUSED,       "The key vault must have purge protection (Do Not Purge) enabled."},
    {"kv.access-policies",  "OAI24 AIS20 FACE25 LANG25", CLASSIC, with_vault, access_policies,  AZ_ERR_CMK_REFUSED,       "The key vault uses Azure RBAC: switch it to access policies."},
    {"kv.firewall-trusted", "OAI24",                 BOTH,    with_vault,     trusted_services, AZ_ERR_CMK_REFUSED,       "The key vault's firewall does not let trusted Microsoft services through: set bypass to AzureServices."},
    {"kv.permissions",      "OAI24",                 BOTH,    with_identity,  permissions,      AZ_ERR_CMK_ACCESS_DENIED, "The account's managed identity lacks key permissions on the key vault: it needs get, wrapKey and unwrapKey."},
    {"key.usable",          "follows",               BOTH,    with_identity,  key_exists,       AZ_ERR_CMK_REFUSED,       "The key, or this version of it, does not exist in the key vault."},
    {"key.rsa-2048",        "OAI24 LANG25",          BOTH,    with_key_facts, rsa_2048,         AZ_ERR_CMK_REFUSED,       "Only RSA keys of 2048 bits are supported (RSA-HSM where the kind allows it)."},
    {"key.usable",          "follows",               BOTH,    with_key_facts, usable,           AZ_ERR_CMK_REFUSED,       "The key version must be enabled, inside its nbf and exp, and allow wrapKey and unwrapKey."},
};
/* clang-format on */

size_t cmk_rules_count(void)
{
    return ARRAY_LEN(rules);
}

const struct cmk_rule *cmk_rule_at(size_t i)
{
    return &rules[i];
}

bool cmk_evaluate(const struct cmk_input *in, enum cmk_result *results)
{
    bool all = true;

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        bool applies = (rules[i].editions & 1u << in->edition) != 0 &&
                       (!rules[i].applies || rules[i].applies(in));

        results[i] = !applies ? CMK_NOT_APPLICABLE : rules[i].obeyed(in) ? CMK_OBEYED : CMK_BROKEN;
        all = all && results[i] != CMK_BROKEN;
    }
    return all;
}

bool cmk_refuse(const enum cmk_result *results, struct az_error *reterr)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (results[i] == CMK_BROKEN) {
            (void) az_fail_inner(reterr, rules[i].errc, "CustomerManagedKeyRuleBroken", "%s",
                                 rules[i].message);
            reterr->rule = rules[i].id;
            return false;
        }
    }
    return az_fail_internal(reterr, "a refusal without a broken rule");
}
