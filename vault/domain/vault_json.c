/* SPDX-License-Identifier: MIT */
/* Stored vault documents. `properties` is the truth; typed members are derived from it. */
#include "vault/domain/vault_json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"

json_t *vault_to_json(const struct vault *v)
{
    return json_pack("{s:I,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:b,s:I,s:O,s:O,s:O,s:O*}", "uid",
                     (json_int_t) v->uid, "name", v->name, "subscription", v->subscription, "group",
                     v->resource_group, "location", v->location, "created",
                     (json_int_t) v->created_s, "updated", (json_int_t) v->updated_s, "deleted",
                     (json_int_t) v->deleted_s, "purgeAt", (json_int_t) v->purge_at_s, "purging",
                     v->purging, "revision", (json_int_t) v->revision, "properties", v->properties,
                     "tags", v->tags, "systemData", v->system_data, "contacts", v->contacts);
}

static bool text(const json_t *doc, const char *name, char *out, size_t size)
{
    const char *s = json_string_value(json_object_get(doc, name));

    return s && (size_t) snprintf(out, size, "%s", s) < size;
}

static int64_t number(const json_t *doc, const char *name)
{
    return json_integer_value(json_object_get(doc, name));
}

static bool flag(const json_t *props, const char *name)
{
    return json_is_true(json_object_get(props, name));
}

static unsigned policy_bits(const json_t *policy, enum perm_family family,
                            unsigned (*parse)(const char *name))
{
    json_t *names =
        json_object_iget(json_object_iget(policy, "permissions"), perm_family_name(family));
    json_t *name;
    unsigned bits = 0;
    size_t i;

    json_array_foreach(names, i, name)
    {
        bits |= json_is_string(name) ? parse(json_string_value(name)) : 0;
    }
    return bits;
}

static bool derive_policies(struct vault *v)
{
    json_t *list = json_object_get(v->properties, "accessPolicies");
    json_t *p;
    size_t i;

    free(v->policies);
    v->n_policies = 0;
    v->policies = calloc(json_array_size(list) + 1, sizeof(*v->policies));
    if (!v->policies) {
        return false;
    }
    json_array_foreach(list, i, p)
    {
        struct access_policy *out = &v->policies[v->n_policies++];
        const char *app = json_string_value(json_object_get(p, "applicationId"));
        const char *oid = json_string_value(json_object_get(p, "objectId"));

        (void) snprintf(out->object_id, sizeof(out->object_id), "%s", oid ? oid : "");
        (void) snprintf(out->application_id, sizeof(out->application_id), "%s", app ? app : "");
        out->keys = policy_bits(p, PERM_KEYS, key_perm_parse);
        out->certificates = policy_bits(p, PERM_CERTIFICATES, cert_perm_parse);
    }
    return true;
}

bool vault_derive(struct vault *v, struct az_error *reterr)
{
    const json_t *props = v->properties;
    const json_t *acls = json_object_get(props, "networkAcls");
    const char *sku = json_string_value(json_object_get(json_object_get(props, "sku"), "name"));
    const char *action = json_string_value(json_object_get(acls, "defaultAction"));
    const char *bypass = json_string_value(json_object_get(acls, "bypass"));
    const char *public_access = json_string_value(json_object_get(props, "publicNetworkAccess"));
    json_t *days = json_object_get(props, "softDeleteRetentionInDays");

    v->sku = sku && strcasecmp(sku, "premium") == 0 ? VAULT_SKU_PREMIUM : VAULT_SKU_STANDARD;
    v->soft_delete = flag(props, "enableSoftDelete");
    v->retention_days = days ? (int) json_integer_value(days) : 90;
    v->purge_protection = flag(props, "enablePurgeProtection");
    v->rbac = flag(props, "enableRbacAuthorization");
    v->public_disabled = public_access && strcasecmp(public_access, "Enabled") != 0;
    v->firewall_on = (action && strcasecmp(action, "Deny") == 0) || v->public_disabled;
    v->bypass_trusted = !bypass || strcasecmp(bypass, "None") != 0;
    if (!text(props, "tenantId", v->tenant, sizeof(v->tenant)) || !derive_policies(v)) {
        return az_fail_internal(reterr, "vault %s: tenantId or policies can't be read", v->name);
    }
    return true;
}

bool vault_from_json(const json_t *doc, struct vault *v, struct az_error *reterr)
{
    v->uid = (uint64_t) number(doc, "uid");
    v->created_s = number(doc, "created");
    v->updated_s = number(doc, "updated");
    v->deleted_s = number(doc, "deleted");
    v->purge_at_s = number(doc, "purgeAt");
    v->purging = json_is_true(json_object_get(doc, "purging"));
    v->revision = (uint64_t) number(doc, "revision");
    v->properties = json_incref(json_object_get(doc, "properties"));
    v->tags = json_incref(json_object_get(doc, "tags"));
    v->system_data = json_incref(json_object_get(doc, "systemData"));
    v->contacts = json_incref(json_object_get(doc, "contacts"));
    if (!text(doc, "name", v->name, sizeof(v->name)) ||
        !text(doc, "subscription", v->subscription, sizeof(v->subscription)) ||
        !text(doc, "group", v->resource_group, sizeof(v->resource_group)) ||
        !text(doc, "location", v->location, sizeof(v->location))) {
        return az_fail_internal(reterr, "a stored vault can't be read");
    }
    return vault_derive(v, reterr);
}
