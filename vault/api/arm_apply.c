/* SPDX-License-Identifier: MIT */
/*
 * What a body may make of a vault. Texts: azure-rules.md section 8 (Key Vault ARM); defaults by
 * api-version: versions.md section 3, wire-samples.md part 1.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "vault/api/arm_fields.h"
#include "vault/api/arm_network.h"
#include "vault/api/arm_vault.h"
#include "vault/api/version.h"
#include "vault/domain/vault_json.h"

void arm_location(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        if (*text != ' ') {
            out[n++] = (char) tolower((unsigned char) *text);
        }
    }
    out[n] = '\0';
}

static bool bad(struct az_error *reterr, const char *what)
{
    return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The property \"%s\" is missing or invalid.", what);
}

/* Members copied as they are given; absent ones stay. */
static bool copy_flags(json_t *to, const json_t *from, struct az_error *reterr)
{
    static const char *const names[] = {"enabledForDeployment", "enabledForDiskEncryption",
                                        "enabledForTemplateDeployment", "enableRbacAuthorization"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_t *v = json_object_iget(from, names[i]);

        if (!v || json_is_null(v)) {
            continue;
        }
        if (!json_is_boolean(v)) {
            return bad(reterr, names[i]);
        }
        (void) json_object_set(to, names[i], v);
    }
    return true;
}

static bool apply_protection(struct vault *v, const json_t *from, bool create,
                             struct az_error *reterr)
{
    json_t *purge = json_object_iget(from, "enablePurgeProtection");
    json_t *soft = json_object_iget(from, "enableSoftDelete");

    if (purge && !json_is_null(purge)) {
        if (!json_is_true(purge)) {
            return az_fail(
                reterr, AZ_ERR_BAD_REQUEST,
                "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge "
                "protection for a vault is an irreversible action.");
        }
        (void) json_object_set(v->properties, "enablePurgeProtection", purge);
    }
    if (soft && !json_is_null(soft)) {
        if (!json_is_boolean(soft)) {
            return bad(reterr, "enableSoftDelete");
        }
        if (!create && v->soft_delete && json_is_false(soft)) {
            return az_fail(
                reterr, AZ_ERR_BAD_REQUEST,
                "The property \"enableSoftDelete\" can be set to false only for creating new vault. "
                "Enabling the 'soft delete' functionality is an irreversible action.");
        }
        (void) json_object_set(v->properties, "enableSoftDelete", soft);
    }
    if (json_is_true(json_object_get(v->properties, "enablePurgeProtection")) &&
        !json_is_true(json_object_get(v->properties, "enableSoftDelete"))) {
        return az_fail(
            reterr, AZ_ERR_BAD_REQUEST,
            "The property \"enablePurgeProtection\" needs the property \"enableSoftDelete\".");
    }
    return true;
}

static bool apply_retention(struct vault *v, const json_t *from, bool create,
                            struct az_error *reterr)
{
    json_t *days = json_object_iget(from, "softDeleteRetentionInDays");
    json_t *have = json_object_get(v->properties, "softDeleteRetentionInDays");
    json_int_t n = json_integer_value(days);

    if (!days || json_is_null(days)) {
        return true;
    }
    if (!json_is_integer(days) || n < 7 || n > 90) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The property \"softDeleteRetentionInDays\" must be between 7 and 90.");
    }
    if (!create && have && v->soft_delete && json_integer_value(have) != n) {
        return az_fail(
            reterr, AZ_ERR_BAD_REQUEST,
            "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.");
    }
    (void) json_object_set(v->properties, "softDeleteRetentionInDays", days);
    return true;
}

static bool check_policy(const struct vault *v, const json_t *p, struct az_error *reterr)
{
    const char *tenant = json_string_value(json_object_iget(p, "tenantId"));
    const char *oid = json_string_value(json_object_iget(p, "objectId"));
    json_t *permissions = json_object_iget(p, "permissions");
    json_t *keys = json_object_iget(permissions, "keys");
    json_t *name;
    size_t i;

    if (!oid || !*oid || strlen(oid) > GUID_TEXT_LEN || !json_is_object(permissions)) {
        return bad(reterr, "accessPolicies");
    }
    if (tenant && v->tenant[0] && strcasecmp(tenant, v->tenant) != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "All access policies must have the same tenantId as the vault.");
    }
    json_array_foreach(keys, i, name)
    {
        if (!json_is_string(name) || key_perm_parse(json_string_value(name)) == 0) {
            return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                           "An access policy holds the unknown key permission '%.64s'.",
                           json_is_string(name) ? json_string_value(name) : "");
        }
    }
    return true;
}

static bool apply_policies(struct vault *v, const json_t *from, struct az_error *reterr)
{
    json_t *list = json_object_iget(from, "accessPolicies");
    json_t *p;
    size_t i;

    if (!list || json_is_null(list)) {
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > LIMIT_ACCESS_POLICIES) {
        return bad(reterr, "accessPolicies");
    }
    json_array_foreach(list, i, p)
    {
        if (!check_policy(v, p, reterr)) {
            return false;
        }
    }
    (void) json_object_set_new(v->properties, "accessPolicies", json_deep_copy(list));
    return true;
}

static bool apply_sku(struct vault *v, const json_t *from, bool create, struct az_error *reterr)
{
    json_t *sku = json_object_iget(from, "sku");
    const char *name = json_string_value(json_object_iget(sku, "name"));
    const char *family = json_string_value(json_object_iget(sku, "family"));

    if (!sku && !create) {
        return true;
    }
    /* Both members are required (azure-rest-api-specs issue 462, whose 73 bytes are this text). */
    if (!name || (strcasecmp(name, "standard") != 0 && strcasecmp(name, "premium") != 0) ||
        !family || strcasecmp(family, "A") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The key vault sku is invalid.");
    }
    (void) json_object_set_new(v->properties, "sku",
                               json_pack("{s:s,s:s}", "family", family, "name", name));
    return true;
}

static bool apply_tenant(struct vault *v, const json_t *from, bool create, struct az_error *reterr)
{
    const char *tenant = json_string_value(json_object_iget(from, "tenantId"));

    if (!tenant && !create) {
        return true;
    }
    if (!tenant || !guid_valid(tenant)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The parameter tenantId has an invalid value.");
    }
    (void) snprintf(v->tenant, sizeof(v->tenant), "%s", tenant);
    (void) json_object_set_new(v->properties, "tenantId", json_string(tenant));
    return true;
}

static bool one_of(const char *text, const char *const *known)
{
    while (*known && strcasecmp(*known, text) != 0) {
        known++;
    }
    return *known != NULL;
}

/* versions.md section 3. What it demands of tokens is not simulated (docs/fidelity.md). */
static bool apply_token_binding(struct vault *v, const json_t *from, struct az_error *reterr)
{
    static const char *const modes[] = {"Enforced", "NotEnforced", NULL};
    static const char *const strengths[] = {"NoValidation", "Unattested", "AttestedTrustedLaunch",
                                            "AttestedConfidential", NULL};
    json_t *given = json_object_get(from, "tokenBindingParameters");
    json_t *mode = json_object_iget(given, "mode");
    json_t *strength = json_object_iget(given, "minimumTokenBindingStrength");

    if (!given || json_is_null(given)) {
        return true;
    }
    if (!json_is_object(given) || (mode && !one_of(json_text(given, "mode"), modes)) ||
        (strength && !one_of(json_text(given, "minimumTokenBindingStrength"), strengths))) {
        return bad(reterr, "tokenBindingParameters");
    }
    (void) json_object_set_new(
        v->properties, "tokenBindingParameters",
        json_pack("{s:O*,s:O*}", "mode", mode, "minimumTokenBindingStrength", strength));
    return true;
}

static void set_defaults(struct vault_call *c, struct vault *v)
{
    json_t *p = v->properties;

    if (!json_object_get(p, "accessPolicies")) {
        (void) json_object_set_new(p, "accessPolicies", json_array());
    }
    if (!json_object_get(p, "enabledForDeployment")) {
        (void) json_object_set_new(p, "enabledForDeployment", json_false());
    }
    /* On by default since 2019-09-01 (the service's change of 2020-12 applied to those versions).
     */
    if (!json_object_get(p, "enableSoftDelete") &&
        vault_version_in(c, VERSION_FROM(ARM_2019_09_01))) {
        (void) json_object_set_new(p, "enableSoftDelete", json_true());
    }
    if (json_is_true(json_object_get(p, "enableSoftDelete")) &&
        !json_object_get(p, "softDeleteRetentionInDays") &&
        vault_version_in(c, VERSION_FROM(ARM_2019_09_01))) {
        (void) json_object_set_new(p, "softDeleteRetentionInDays", json_integer(90));
    }
    /* versions.md section 3: true on create from 2026-02-01; before, absent (recorded) means false.
     */
    if (!json_object_get(p, "enableRbacAuthorization") &&
        vault_version_in(c, VERSION_FROM(ARM_2026_02_01))) {
        (void) json_object_set_new(p, "enableRbacAuthorization", json_true());
    }
}

bool arm_vault_apply(struct vault_call *c, struct vault *v, bool create, bool patch,
                     struct az_error *reterr)
{
    json_t *given = json_object_iget(c->body, "properties");
    json_t *tags = json_object_iget(c->body, "tags");

    if ((given && !json_is_object(given)) || (!given && !patch)) {
        return bad(reterr, "properties");
    }
    if (!json_text_or_none(c->body, "location")) {
        return bad(reterr, "location");
    }
    if (!json_texts_fit(tags, LIMIT_ARM_TAGS, LIMIT_ARM_TAG_NAME, LIMIT_TAG_TEXT)) {
        return bad(reterr, "tags");
    }
    AUTO_JSON *props = arm_fields_known(c, given);

    if (!apply_tenant(v, props, create, reterr) || !apply_sku(v, props, create, reterr) ||
        !apply_policies(v, props, reterr) || !copy_flags(v->properties, props, reterr) ||
        !apply_retention(v, props, create, reterr)) {
        return false;
    }
    if (create) {
        if (!json_object_iget(props, "enableSoftDelete") &&
            vault_version_in(c, VERSION_FROM(ARM_2019_09_01))) {
            (void) json_object_set_new(v->properties, "enableSoftDelete", json_true());
        }
    }
    if (!apply_protection(v, props, create, reterr) || !arm_network_apply(v, props, reterr) ||
        !apply_token_binding(v, props, reterr)) {
        return false;
    }
    if (create) {
        set_defaults(c, v);
    }
    if (json_is_object(tags)) {
        json_decref(v->tags);
        v->tags = json_deep_copy(tags);
    }
    return vault_derive(v, reterr);
}
