/* SPDX-License-Identifier: MIT */
/* Vaults as resources: create, update, get, delete, access policies. Wire form: wire-samples.md
 * part 1. */
#include "vault/api/arm_vault.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/arm_fields.h"
#include "vault/api/version.h"
#include "vault/domain/vault_json.h"
#include "vault/domain/vault_name.h"
#include "vault/store/due.h"
#include "vault/store/key_store.h"
#include "vault/store/vault_store.h"

#define SECONDS_PER_DAY 86400

enum { P_SUB, P_GROUP, P_NAME, P_KIND };

static json_t *vault_id(const struct vault *v)
{
    return json_sprintf(
        "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s",
        v->subscription, v->resource_group, v->name);
}

json_t *arm_vault_json(struct vault_call *c, const struct vault *v, bool created)
{
    json_t *doc = json_object();

    (void) json_object_set_new(doc, "id", vault_id(v));
    (void) json_object_set_new(doc, "name", json_string(v->name));
    (void) json_object_set_new(doc, "type", json_string("Microsoft.KeyVault/vaults"));
    (void) json_object_set_new(doc, "location", json_string(v->location));
    (void) json_object_set(doc, "tags", v->tags);
    if (vault_version_in(c, VERSION_FROM(ARM_2021_04_01_PREVIEW))) {
        (void) json_object_set(doc, "systemData", v->system_data);
    }
    (void) json_object_set_new(doc, "properties", arm_fields_show(c, v, created));
    return doc;
}

/* *ret: the live vault of the path's subscription and group, or NULL. */
static bool look_up(struct vault_call *c, struct kvdb_txn *txn, struct vault **ret,
                    struct az_error *reterr)
{
    char sub[64];
    char group[128];
    char name[128];

    (void) vault_param(c, P_SUB, sub, sizeof(sub));
    (void) vault_param(c, P_GROUP, group, sizeof(group));
    (void) vault_param(c, P_NAME, name, sizeof(name));
    if (!vault_store_get(txn, name, ret, reterr)) {
        return false;
    }
    if (*ret && ((*ret)->deleted_s != 0 || strcasecmp((*ret)->subscription, sub) != 0 ||
                 strcasecmp((*ret)->resource_group, group) != 0)) {
        vault_free(*ret);
        *ret = NULL;
    }
    return true;
}

bool arm_vault_find(struct vault_call *c, struct kvdb_txn *txn, struct vault **ret,
                    struct az_error *reterr)
{
    char group[128];
    char name[128];

    if (!look_up(c, txn, ret, reterr)) {
        return false;
    }
    if (*ret) {
        return true;
    }
    (void) vault_param(c, P_GROUP, group, sizeof(group));
    (void) vault_param(c, P_NAME, name, sizeof(name));
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_RESOURCE_NOT_FOUND,
        "The Resource 'Microsoft.KeyVault/vaults/%s' under resource group '%s' was not found. For more "
        "details please go to https://aka.ms/ARMResourceNotFoundFix",
        name, group);
}

bool arm_vault_name_check(const char *name, struct az_error *reterr)
{
    if (!vault_name_valid(name)) {
        /* As quoted in public issues; what follows the first two sentences there varies. */
        return az_fail(
            reterr, AZ_ERR_VAULT_NAME_NOT_VALID,
            "The vault name '%.64s' is invalid. A vault's name must be between 3-24 alphanumeric "
            "characters. The name must begin with a letter, end with a letter or digit, and not contain "
            "consecutive hyphens. Follow this link for more information: "
            "https://go.microsoft.com/fwlink/?linkid=2147742",
            name);
    }
    /* error-reserved-resource-name.md */
    return !vault_name_reserved(name) ||
           az_fail(
               reterr, AZ_ERR_RESERVED_RESOURCE_NAME,
               "The resource name '%s' or a part of the name is a trademarked or reserved word.",
               name);
}

static bool name_in_use(const char *name, struct az_error *reterr)
{
    return az_fail(
        reterr, AZ_ERR_VAULT_ALREADY_EXISTS,
        "The vault name '%s' is already in use. Vault names are globaly unique so it is possible that the "
        "name is already taken. If you are sure that the vault name was not taken then it is possible that "
        "a vault with the same name was recently deleted but not purged after being placed in a "
        "recoverable state. If the vault is in a recoverable state then the vault will need to be purged "
        "before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a "
        "vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740",
        name);
}

static void touch_system_data(struct vault_call *c, struct vault *v)
{
    bool user = strcmp(c->who.idtyp, "user") == 0;
    const char *by = user && c->who.upn[0] ? c->who.upn : c->who.appid;
    const char *type = user ? "User" : "Application";
    char when[TIME_TEXT_MAX];

    (void) time_format(when, sim_clock_now_ms(c->d->clock), TIME_MS);
    if (!v->system_data) {
        v->system_data =
            json_pack("{s:s,s:s,s:s}", "createdBy", by, "createdByType", type, "createdAt", when);
    }
    (void) json_object_set_new(v->system_data, "lastModifiedBy", json_string(by));
    (void) json_object_set_new(v->system_data, "lastModifiedByType", json_string(type));
    (void) json_object_set_new(v->system_data, "lastModifiedAt", json_string(when));
    v->updated_s = c->now_s;
}

static bool store_and_answer(struct vault_call *c, struct kvdb_txn *txn, struct vault *v,
                             bool created, struct az_error *reterr)
{
    touch_system_data(c, v);
    if (!vault_store_put(txn, v, reterr)) {
        return false;
    }
    AUTO_JSON *doc = arm_vault_json(c, v, created);

    return vault_answer_json(c, 200, doc);
}

static bool create(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                   struct az_error *reterr)
{
    AUTO_VAULT *v = calloc(1, sizeof(*v));
    const char *location = json_string_value(json_object_iget(c->body, "location"));

    if (!v) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!arm_vault_name_check(name, reterr)) {
        return false;
    }
    if (!location || !*location) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The 'location' property is required for this definition.");
    }
    (void) snprintf(v->name, sizeof(v->name), "%.24s", name);
    (void) vault_param(c, P_SUB, v->subscription, sizeof(v->subscription));
    (void) vault_param(c, P_GROUP, v->resource_group, sizeof(v->resource_group));
    arm_location(v->location, sizeof(v->location), location);
    v->properties = json_object();
    v->tags = json_object();
    v->created_s = c->now_s;
    return arm_vault_apply(c, v, true, false, reterr) && store_and_answer(c, txn, v, true, reterr);
}

bool arm_being_purged(const struct vault *v, struct az_error *reterr)
{
    /* What the service says then is not known: ours. */
    return az_fail(reterr, AZ_ERR_CONFLICT, "The vault '%s' is currently being purged.", v->name);
}

static bool recover(struct vault_call *c, struct kvdb_txn *txn, struct vault *v,
                    struct az_error *reterr)
{
    if (v->purging) {
        return arm_being_purged(v, reterr);
    }
    due_drop(txn, v->purge_at_s, DUE_VAULT_PURGE, v->uid, v->name);
    key_store_reschedule(txn, v->uid, c->now_s);
    v->deleted_s = 0;
    v->purge_at_s = 0;
    return store_and_answer(c, txn, v, false, reterr);
}

/* A resource stays where it is: the resource manager's own text. */
static bool same_location(struct vault_call *c, const struct vault *v, struct az_error *reterr)
{
    char location[64];

    arm_location(location, sizeof(location), json_text(c->body, "location"));
    return !location[0] || strcmp(location, v->location) == 0 ||
           az_fail(
               reterr, AZ_ERR_INVALID_RESOURCE_LOCATION,
               "The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same "
               "name cannot be created in location '%.40s'. Please select a new resource name.",
               v->name, v->location, v->resource_group, location);
}

bool arm_vault_put_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;
    char name[128];
    char group[128];
    char sub[64];
    bool recovering = strcasecmp(json_text(json_object_iget(c->body, "properties"), "createMode"),
                                 "recover") == 0;

    c->audit_name =
        recovering ? "VaultRecover" : NULL; /* logging.md has a name of its own for it */
    (void) vault_param(c, P_NAME, name, sizeof(name));
    (void) vault_param(c, P_GROUP, group, sizeof(group));
    (void) vault_param(c, P_SUB, sub, sizeof(sub));
    if (!vault_store_get(txn, name, &v, reterr)) {
        return false;
    }
    if (!v) {
        if (recovering) {
            return az_fail(
                reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                "A deleted vault with the name '%s' was not found. There is nothing to recover.",
                name);
        }
        return create(c, txn, name, reterr);
    }
    if (strcasecmp(v->subscription, sub) != 0 || strcasecmp(v->resource_group, group) != 0 ||
        (v->deleted_s > 0 && !recovering)) {
        return name_in_use(name, reterr);
    }
    if (v->deleted_s > 0) {
        return recover(c, txn, v, reterr);
    }
    if (!same_location(c, v, reterr)) {
        return false;
    }
    return arm_vault_apply(c, v, false, false, reterr) &&
           store_and_answer(c, txn, v, false, reterr);
}

bool arm_vault_patch_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    return arm_vault_find(c, txn, &v, reterr) && arm_vault_apply(c, v, false, true, reterr) &&
           store_and_answer(c, txn, v, false, reterr);
}

bool arm_vault_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    if (!arm_vault_find(c, txn, &v, reterr)) {
        return false;
    }
    AUTO_JSON *doc = arm_vault_json(c, v, false);

    return vault_answer_json(c, 200, doc);
}

bool arm_vault_delete_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    if (!look_up(c, txn, &v, reterr)) {
        return false;
    }
    if (!v) {
        return vault_answer_empty(c, 204);
    }
    if (!v->soft_delete) {
        return vault_store_purge(txn, v, reterr) && vault_answer_empty(c, 200);
    }
    v->deleted_s = c->now_s;
    v->purge_at_s = c->now_s + (int64_t) v->retention_days * SECONDS_PER_DAY;
    return vault_store_put(txn, v, reterr) && vault_answer_empty(c, 200);
}

static size_t find_policy(const json_t *list, const json_t *p)
{
    const char *oid = json_string_value(json_object_iget(p, "objectId"));
    const char *app = json_string_value(json_object_iget(p, "applicationId"));
    json_t *q;
    size_t i;

    json_array_foreach(list, i, q)
    {
        const char *qo = json_string_value(json_object_iget(q, "objectId"));
        const char *qa = json_string_value(json_object_iget(q, "applicationId"));

        if (oid && qo && strcasecmp(oid, qo) == 0 &&
            strcasecmp(app ? app : "", qa ? qa : "") == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Adds what p permits to what q permits, for each kind of object. A q without permissions stays so:
 * arm_vault_apply() refuses it. */
static void merge_permissions(json_t *q, const json_t *p, bool remove)
{
    json_t *mine = json_object_iget(q, "permissions");
    const char *kind;
    json_t *names;

    if (!json_is_object(mine)) {
        return;
    }
    json_object_foreach(json_object_iget(p, "permissions"), kind, names)
    {
        json_t *list = json_object_get(mine, kind);
        json_t *name;
        size_t i;

        if (!json_is_array(list)) {
            list = json_array();
            (void) json_object_set_new(mine, kind, list);
        }
        json_array_foreach(names, i, name)
        {
            size_t at = json_array_size(list);

            for (size_t k = 0; k < json_array_size(list); k++) {
                const char *have = json_string_value(json_array_get(list, k));

                at = have && json_is_string(name) && strcasecmp(have, json_string_value(name)) == 0
                         ? k
                         : at;
            }
            if (remove && at < json_array_size(list)) {
                (void) json_array_remove(list, at);
            } else if (!remove && at == json_array_size(list)) {
                (void) json_array_append(list, name);
            }
        }
    }
}

static bool permits_nothing(const json_t *policy)
{
    json_t *permissions = json_object_iget(policy, "permissions");
    const char *kind;
    json_t *names;

    json_object_foreach(permissions, kind, names)
    {
        if (json_array_size(names) > 0) {
            return false;
        }
    }
    return json_is_object(permissions);
}

static void change_policy(json_t *list, json_t *p, const char *kind)
{
    size_t at = find_policy(list, p);

    if (strcasecmp(kind, "add") == 0) {
        if (at == SIZE_MAX) {
            (void) json_array_append_new(list, json_deep_copy(p));
        } else {
            merge_permissions(json_array_get(list, at), p, false);
        }
    } else if (strcasecmp(kind, "replace") == 0) {
        if (at == SIZE_MAX) {
            (void) json_array_append_new(list, json_deep_copy(p));
        } else {
            (void) json_array_set_new(list, at, json_deep_copy(p));
        }
    } else if (at != SIZE_MAX) {
        merge_permissions(json_array_get(list, at), p, true);
        /* terraform-provider-azurerm removes what a policy permits and waits until the policy is
         * not there any more (key_vault_access_policy_resource.go). */
        if (permits_nothing(json_array_get(list, at))) {
            (void) json_array_remove(list, at);
        }
    }
}

bool arm_vault_policies_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;
    char kind[32];
    json_t *given = json_object_iget(json_object_iget(c->body, "properties"), "accessPolicies");
    json_t *p;
    size_t i;

    (void) vault_param(c, P_KIND, kind, sizeof(kind));
    if (strcasecmp(kind, "add") != 0 && strcasecmp(kind, "replace") != 0 &&
        strcasecmp(kind, "remove") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The operation '%.31s' is not one of add, replace, remove.", kind);
    }
    if (!json_is_array(given)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The property \"accessPolicies\" is missing or invalid.");
    }
    if (!arm_vault_find(c, txn, &v, reterr)) {
        return false;
    }
    AUTO_JSON *list = json_deep_copy(json_object_get(v->properties, "accessPolicies"));

    json_array_foreach(given, i, p)
    {
        change_policy(list, p, kind);
    }
    (void) json_object_set(json_object_iget(c->body, "properties"), "accessPolicies", list);
    if (!arm_vault_apply(c, v, false, true, reterr)) {
        return false;
    }
    touch_system_data(c, v);
    if (!vault_store_put(txn, v, reterr)) {
        return false;
    }
    AUTO_JSON *doc = json_pack(
        "{s:o,s:s,s:s,s:{s:O}}", "id",
        json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/"
                     "%s/accessPolicies/",
                     v->subscription, v->resource_group, v->name),
        "type", "Microsoft.KeyVault/vaults/accessPolicies", "location", v->location, "properties",
        "accessPolicies", json_object_get(v->properties, "accessPolicies"));

    return vault_answer_json(c, 200, doc);
}
