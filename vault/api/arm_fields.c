/* SPDX-License-Identifier: MIT */
/* The table of members, and the two ways through it. Sources: the specifications of each version,
 * versions.md section 3; order and hidden defaults: wire-samples.md part 1. */
#include "vault/api/arm_fields.h"

#include <strings.h>

#include "common/json.h"
#include "vault/api/arm_vault.h"
#include "vault/api/version.h"

/* 2026-03-01-preview and 2026-04-01-preview have it, the stable version after them does not. */
#define TOKEN_BINDING (VERSION_ONLY(ARM_2026_03_01_PREVIEW) | VERSION_ONLY(ARM_2026_04_01_PREVIEW))

typedef json_t *show_fn(const struct vault_call *c, const struct vault *v, bool created);

struct field {
    const char *name;
    uint64_t versions;
    bool given;    /* a client may say it */
    show_fn *show; /* NULL: as stored, if it is; returns NULL for what is not shown */
};

/* Rules that say nothing more than the default are not shown (recorded). */
static json_t *show_network(const struct vault_call *c, const struct vault *v, bool created)
{
    json_t *acls = json_object_get(v->properties, "networkAcls");
    bool plain = strcasecmp(json_text(acls, "bypass"), "AzureServices") == 0 &&
                 strcasecmp(json_text(acls, "defaultAction"), "Allow") == 0 &&
                 json_array_size(json_object_get(acls, "ipRules")) == 0 &&
                 json_array_size(json_object_get(acls, "virtualNetworkRules")) == 0;

    (void) c;
    (void) created;
    return plain ? NULL : json_incref(acls);
}

/* Without the slash at its end in the answer to the creation (recorded). */
static json_t *show_uri(const struct vault_call *c, const struct vault *v, bool created)
{
    char url[URL_MAX];
    char lower[VAULT_NAME_MAX + 1];

    arm_location(lower, sizeof(lower), v->name);
    return json_sprintf(created ? "%s" : "%s/", site_url(&c->site, SVC_VAULT, lower, url));
}

static json_t *show_state(const struct vault_call *c, const struct vault *v, bool created)
{
    (void) c;
    (void) v;
    return json_string(created ? "RegisteringDns" : "Succeeded");
}

static json_t *show_public(const struct vault_call *c, const struct vault *v, bool created)
{
    json_t *stored = json_object_get(v->properties, "publicNetworkAccess");

    (void) c;
    (void) created;
    return stored ? json_incref(stored) : json_string("Enabled");
}

static json_t *show_nothing(const struct vault_call *c, const struct vault *v, bool created)
{
    (void) c;
    (void) v;
    (void) created;
    return NULL;
}

/* clang-format off */
static const struct field fields[] = {
    {"sku",                          VERSION_ANY,                          true,  NULL},
    {"tenantId",                     VERSION_ANY,                          true,  NULL},
    {"networkAcls",                  VERSION_FROM(ARM_2018_02_14_PREVIEW), true,  show_network},
    {"accessPolicies",               VERSION_ANY,                          true,  NULL},
    {"enabledForDeployment",         VERSION_ANY,                          true,  NULL},
    {"enabledForDiskEncryption",     VERSION_ANY,                          true,  NULL},
    {"enabledForTemplateDeployment", VERSION_ANY,                          true,  NULL},
    {"enableSoftDelete",             VERSION_FROM(ARM_2016_10_01),         true,  NULL},
    {"softDeleteRetentionInDays",    VERSION_FROM(ARM_2019_09_01),         true,  NULL},
    {"enableRbacAuthorization",      VERSION_FROM(ARM_2019_09_01),         true,  NULL},
    {"enablePurgeProtection",        VERSION_FROM(ARM_2016_10_01),         true,  NULL}, /* recorded */
    {"createMode",                   VERSION_FROM(ARM_2016_10_01),         true,  show_nothing},
    {"vaultUri",                     VERSION_ANY,                          false, show_uri},
    {"provisioningState",            VERSION_ANY,                          false, show_state},
    {"publicNetworkAccess",          VERSION_FROM(ARM_2021_06_01_PREVIEW), true,  show_public},
    {"tokenBindingParameters",       TOKEN_BINDING,                        true,  NULL},
};
/* clang-format on */

json_t *arm_fields_known(const struct vault_call *c, const json_t *given)
{
    json_t *known = given ? json_object() : NULL;

    for (size_t i = 0; known && i < ARRAY_LEN(fields); i++) {
        json_t *v = json_object_iget(given, fields[i].name);

        if (v && fields[i].given && vault_version_in(c, fields[i].versions)) {
            (void) json_object_set(known, fields[i].name, v);
        }
    }
    return known;
}

json_t *arm_fields_show(const struct vault_call *c, const struct vault *v, bool created)
{
    json_t *out = json_object();

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct field *f = &fields[i];
        json_t *value = NULL;

        if (vault_version_in(c, f->versions)) {
            value = f->show ? f->show(c, v, created)
                            : json_incref(json_object_get(v->properties, f->name));
        }
        if (value) {
            (void) json_object_set_new(out, f->name, value);
        }
    }
    return out;
}
