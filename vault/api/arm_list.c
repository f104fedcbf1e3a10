/* SPDX-License-Identifier: MIT */
/* Lists, deleted vaults, names, operations. Wire form: wire-samples.md part 1. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/arm_vault.h"
#include "vault/domain/latency.h"
#include "vault/store/due.h"
#include "vault/store/vault_store.h"

struct collect {
    struct vault_call *c;
    json_t *list;
    const char *name; /* NULL: any */
};

static bool answer_list(struct vault_call *c, json_t *list)
{
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return vault_answer_json(c, 200, doc);
}

static bool add_vault(void *ctx, const struct vault *v)
{
    struct collect *k = ctx;

    (void) json_array_append_new(k->list, arm_vault_json(k->c, v, false));
    return true;
}

bool arm_vault_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct collect k = {c, json_array(), NULL};
    char sub[64];
    char group[128];

    (void) vault_param(c, 0, sub, sizeof(sub));
    (void) vault_param(c, 1, group, sizeof(group));
    if (!vault_store_each(txn, sub, c->n_params > 1 ? group : NULL, false, add_vault, &k, reterr)) {
        json_decref(k.list);
        return false;
    }
    return answer_list(c, k.list);
}

static bool add_resource(void *ctx, const struct vault *v)
{
    struct collect *k = ctx;
    AUTO_JSON *full = arm_vault_json(k->c, v, false);

    if (!k->name || strcasecmp(k->name, v->name) == 0) {
        (void) json_array_append_new(
            k->list, json_pack("{s:O,s:O,s:O,s:O,s:O}", "id", json_object_get(full, "id"), "name",
                               json_object_get(full, "name"), "type", json_object_get(full, "type"),
                               "location", json_object_get(full, "location"), "tags",
                               json_object_get(full, "tags")));
    }
    return true;
}

/* The vaults' part of /resources; providerd has judged the filter and merges. */
bool arm_resources_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct collect k = {c, json_array(), http_param_get(&c->x->req, "name")};
    char sub[64];
    const char *group = http_param_get(&c->x->req, "group");

    (void) vault_param(c, 0, sub, sizeof(sub));
    if (!vault_store_each(txn, sub, group, false, add_resource, &k, reterr)) {
        json_decref(k.list);
        return false;
    }
    return answer_list(c, k.list);
}

static json_t *deleted_json(const struct vault *v)
{
    char deleted[TIME_TEXT_MAX];
    char purge[TIME_TEXT_MAX];
    json_t *p = json_pack(
        "{s:o,s:s,s:O,s:s,s:s}", "vaultId",
        json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s",
                     v->subscription, v->resource_group, v->name),
        "location", v->location, "tags", v->tags, "deletionDate",
        time_format(deleted, v->deleted_s * 1000, TIME_S), "scheduledPurgeDate",
        time_format(purge, v->purge_at_s * 1000, TIME_S));

    if (v->purge_protection) {
        (void) json_object_set_new(p, "purgeProtectionEnabled", json_true());
    }
    return json_pack(
        "{s:o,s:s,s:s,s:o}", "id",
        json_sprintf("/subscriptions/%s/providers/Microsoft.KeyVault/locations/%s/deletedVaults/%s",
                     v->subscription, v->location, v->name),
        "name", v->name, "type", "Microsoft.KeyVault/deletedVaults", "properties", p);
}

static bool add_deleted(void *ctx, const struct vault *v)
{
    struct collect *k = ctx;

    (void) json_array_append_new(k->list, deleted_json(v));
    return true;
}

bool arm_deleted_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct collect k = {c, json_array(), NULL};
    char sub[64];

    (void) vault_param(c, 0, sub, sizeof(sub));
    if (!vault_store_each(txn, sub, NULL, true, add_deleted, &k, reterr)) {
        json_decref(k.list);
        return false;
    }
    return answer_list(c, k.list);
}

static bool find_deleted(struct vault_call *c, struct kvdb_txn *txn, struct vault **ret,
                         struct az_error *reterr)
{
    char sub[64];
    char where[64];
    char location[64];
    char name[128];

    (void) vault_param(c, 0, sub, sizeof(sub));
    (void) vault_param(c, 1, where, sizeof(where));
    (void) vault_param(c, 2, name, sizeof(name));
    arm_location(location, sizeof(location), where);
    if (!vault_store_get(txn, name, ret, reterr)) {
        return false;
    }
    if (*ret && (*ret)->deleted_s > 0 && strcasecmp((*ret)->subscription, sub) == 0 &&
        strcasecmp((*ret)->location, location) == 0) {
        return true;
    }
    vault_free(*ret);
    *ret = NULL;
    return az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                   "The specified deleted vault '%s' does not exist.", name);
}

bool arm_deleted_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    if (!find_deleted(c, txn, &v, reterr)) {
        return false;
    }
    AUTO_JSON *doc = deleted_json(v);

    return vault_answer_json(c, 200, doc);
}

/* "&t=SECONDS" */
static const char *begun_at(const struct vault_call *c, char out[32])
{
    (void) snprintf(out, 32, "&t=%lld", (long long) c->now_s);
    return out;
}

bool arm_deleted_purge_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;
    char base[URL_MAX];
    char t[32];
    guid_text id;

    if (!find_deleted(c, txn, &v, reterr)) {
        return false;
    }
    if (v->purge_protection) {
        return az_fail(reterr, AZ_ERR_METHOD_NOT_ALLOWED,
                       "Operation 'DeletedVaultPurge' is not allowed.");
    }
    if (v->purging) {
        return arm_being_purged(v, reterr);
    }
    guid_random(id);
    (void) http_response_set_header(
        &c->x->resp, "Location",
        "%s/subscriptions/%s/providers/Microsoft.KeyVault/locations/%s/operationResults/%s?api-version=%s%s",
        site_url(&c->site, SVC_MANAGEMENT, NULL, base), v->subscription, v->location, id,
        c->api_version, c->d->latency ? begun_at(c, t) : "");
    (void) http_response_set_header(&c->x->resp, "retry-after-ms", "50");
    if (!c->d->latency) {
        return vault_store_purge(txn, v, reterr) && vault_answer_empty(c, 202);
    }
    due_drop(txn, v->purge_at_s, DUE_VAULT_PURGE, v->uid, v->name);
    v->purging = true;
    v->purge_at_s = c->now_s + LATENCY_VAULT_PURGE_S;
    return vault_store_put(txn, v, reterr) && vault_answer_empty(c, 202);
}

static const char *service_time(char out[TIME_TEXT_MAX], int64_t s)
{
    (void) time_format(out, s * 1000, TIME_S);
    out[10] = ' ';
    return out;
}

/* An operation says in its address when it began, as the service's do, and is over a fixed time
 * later: recorded, wire-samples.md part 1. Without --latency=azure it is over at once. */
bool arm_operation_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *t = http_param_get(&c->x->req, "t");
    int64_t begun = t ? strtoll(t, NULL, 10) : c->now_s;
    int64_t done = t ? begun + LATENCY_VAULT_PURGE_S : begun;
    char created[TIME_TEXT_MAX];
    char last[TIME_TEXT_MAX];
    char base[URL_MAX];

    (void) txn;
    (void) reterr;
    if (begun < 0 || begun > c->now_s) { /* none of ours */
        begun = done = c->now_s;
    }
    if (done > c->now_s) {
        AUTO_JSON *waiting = json_pack("{s:s,s:s}", "createdDateTime", service_time(created, begun),
                                       "status", "NotStarted");

        (void) http_response_set_header(&c->x->resp, "Location", "%.64s%s",
                                        site_url(&c->site, SVC_MANAGEMENT, NULL, base),
                                        c->x->req.target);
        return vault_answer_json(c, 202, waiting);
    }
    AUTO_JSON *doc =
        json_pack("{s:s,s:s,s:s}", "createdDateTime", service_time(created, begun),
                  "lastActionDateTime", service_time(last, done), "status", "Succeeded");

    return vault_answer_json(c, 200, doc);
}

bool arm_check_name_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *name = json_text(c->body, "name");
    struct az_error why;
    bool valid = arm_vault_name_check(name, &why);

    if (!*name) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The property \"name\" is missing or invalid.");
    }
    if (strcasecmp(json_text(c->body, "type"), "Microsoft.KeyVault/vaults") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "The property \"type\" is missing or invalid.");
    }
    if (valid && vault_store_revision(txn, name) == 0) {
        AUTO_JSON *yes = json_pack("{s:b}", "nameAvailable", 1);

        return vault_answer_json(c, 200, yes);
    }
    AUTO_JSON *no = json_pack("{s:b,s:s,s:o}", "nameAvailable", 0, "reason",
                              valid ? "AlreadyExists" : "AccountNameInvalid", "message",
                              valid ? json_sprintf("The name '%s' is already in use.", name)
                                    : json_string(why.message));

    return vault_answer_json(c, 200, no);
}

bool arm_empty_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) txn;
    (void) reterr;
    return answer_list(c, json_array());
}

/* Recorded in 2020, 2023 and 2024; the zone is that of the public cloud whatever the name family.
 */
bool arm_private_links_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    if (!arm_vault_find(c, txn, &v, reterr)) {
        return false;
    }
    return answer_list(
        c,
        json_pack("[{s:o,s:s,s:s,s:{s:s,s:[s],s:[s]}}]", "id",
                  json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/"
                               "vaults/%s/privateLinkResources/vault",
                               v->subscription, v->resource_group, v->name),
                  "name", "vault", "type", "Microsoft.KeyVault/vaults/privateLinkResources",
                  "properties", "groupId", "vault", "requiredMembers", "default",
                  "requiredZoneNames", "privatelink.vaultcore.azure.net"));
}

/* Private endpoints and perimeters belong to the network provider, which is not simulated: none. */
bool arm_vault_children_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    return arm_vault_find(c, txn, &v, reterr) && answer_list(c, json_array());
}
