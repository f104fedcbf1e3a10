/* SPDX-License-Identifier: MIT */
/*
 * Changes of an account other than its encryption: judged whole before anything is touched, then
 * stored with whatever prepare has made of the encryption, in one record.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_bind.h"
#include "provider/api/dek.h"
#include "provider/api/storage.h"
#include "provider/domain/account_fields.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/arm_version.h"
#include "provider/domain/operation.h"
#include "provider/store/account_store.h"

static bool names_etag(struct str_view condition, const char *etag)
{
    size_t len = strlen(etag);

    /* With or without the quotation marks that are part of it. */
    return sv_eq(condition, "*") || sv_eq(condition, etag) ||
           (len > 2 && condition.len == len - 2 && memcmp(condition.ptr, etag + 1, len - 2) == 0);
}

bool account_match(struct provider_call *c, const json_t *resource, struct az_error *reterr)
{
    struct str_view match = http_header_get(&c->x->req, "if-match");
    struct str_view none = http_header_get(&c->x->req, "if-none-match");
    const char *etag = resource ? json_text(resource, "etag") : "";
    bool there = resource != NULL;

    if ((!match.ptr || (there && names_etag(match, etag))) &&
        (!none.ptr || !there || !names_etag(none, etag))) {
        return true;
    }
    return az_fail(reterr, AZ_ERR_PRECONDITION_FAILED,
                   "The condition of the header '%s' is not met: the resource %s%s.",
                   match.ptr ? "If-Match" : "If-None-Match",
                   there ? "has the etag " : "does not exist", etag);
}

static bool malformed(struct az_error *reterr, const char *member, const char *rule)
{
    return az_fail_content(reterr, member, "%s must be %s", member, rule);
}

bool account_check_tags(const json_t *tags, struct az_error *reterr)
{
    char rule[128];

    if (json_texts_fit(tags, LIMIT_ARM_TAGS, LIMIT_ARM_TAG_NAME, LIMIT_TAG_TEXT)) {
        return true;
    }
    (void) snprintf(rule, sizeof(rule), "an object of at most %d strings of at most %d characters",
                    LIMIT_ARM_TAGS, LIMIT_TAG_TEXT);
    return malformed(reterr, "tags", rule);
}

static bool check_sku(const struct ai_kind *k, const json_t *sku, struct az_error *reterr)
{
    const char *name = json_text(sku, "name");

    if (!sku || json_is_null(sku)) {
        return true;
    }
    if (!json_is_object(sku) || !name[0]) {
        return az_fail_content(reterr, "sku", "sku must be an object with a name");
    }
    /* The service's text for a SKU that the kind does not have: issues of azure-docs (103641) and
     * terraform-provider-azurerm (25401) quote it. */
    return ai_kind_has_sku(k, name) ||
           az_fail(reterr, AZ_ERR_SPECIAL_FEATURE_REQUIRED,
                   "The subscription does not have QuotaId/Feature required by SKU '%.32s' from "
                   "kind '%s' or contains blocked QuotaId/Feature.",
                   name, k->name);
}

/* OpenAI can become AIServices and go back (versions.md, clients.md 12.8); nothing else changes. */
static bool check_kind(const json_t *account, const char *kind, struct az_error *reterr)
{
    const char *now = json_text(account, "kind");
    bool known = strcasecmp(kind, "OpenAI") == 0 || strcasecmp(kind, "AIServices") == 0;

    if (!kind[0] || strcasecmp(kind, now) == 0 ||
        (known && (strcmp(now, "OpenAI") == 0 || strcmp(now, "AIServices") == 0))) {
        return true;
    }
    /* Quoted by an issue of bicep (15446). */
    return az_fail_target(reterr, AZ_ERR_UPDATE_KIND_NOT_ALLOWED, "kind",
                          "It's not allowed to update kind of API account.");
}

struct free_search {
    const char *kind;
    const char *uid; /* of the account itself */
    bool found;
};

static bool is_free(const char *sku)
{
    return strcmp(ai_sku_tier(sku), "Free") == 0;
}

static bool find_free(void *ctx, json_t *a)
{
    struct free_search *s = ctx;

    s->found = strcasecmp(json_text(a, "kind"), s->kind) == 0 &&
               is_free(json_text(json_object_get(a, "sku"), "name")) &&
               strcmp(json_text(a, "uid"), s->uid) != 0;
    return !s->found;
}

/*
 * One free account of each kind in a subscription (azure-docs issue 83566, of the service limits);
 * those that are soft-deleted count. Text: issues of entaoai (27) and others quote it.
 */
static bool check_free(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                       const char *kind, struct az_error *reterr)
{
    struct free_search s = {kind, account ? json_text(account, "uid") : "", false};
    const char *sku = json_text(json_object_iget(c->body, "sku"), "name");

    if (!is_free(sku)) {
        return true;
    }
    for (int deleted = 0; deleted < 2 && !s.found; deleted++) {
        if (!account_store_each(txn, c->subscription.id, NULL, deleted == 1, find_free, &s)) {
            return az_fail_internal(reterr, "listing accounts");
        }
    }
    return !s.found ||
           az_fail(reterr, AZ_ERR_CANNOT_CREATE_FREE,
                   "Operation failed. Only one free account is allowed for account type '%s'.",
                   kind);
}

static bool check_domain(struct kvdb_txn *txn, const json_t *account, const json_t *props,
                         struct az_error *reterr)
{
    const char *domain = json_text(props, "customSubDomainName");
    char region[32];

    if (!domain[0] || (account && strcasecmp(domain, json_text(account, "domain")) == 0)) {
        return true;
    }
    /* "After you've created a custom subdomain name it cannot be changed": learn.microsoft.com,
     * ai-services/cognitive-services-custom-subdomains. */
    if (account && json_text(account, "domain")[0]) {
        return az_fail_target(
            reterr, AZ_ERR_BAD_REQUEST, "customSubDomainName",
            "The custom subdomain name of an account can't be changed once it is set.");
    }
    /* Regions stand where sub-domains do under localhost, so their names are taken. */
    if (!account_store_domain_taken(txn, domain) && !ai_region_find(domain, region)) {
        return true;
    }
    return az_fail(reterr, AZ_ERR_CUSTOM_DOMAIN_IN_USE,
                   "Please pick a different name. The subdomain name '%s' is not available as it's "
                   "already used by a resource.",
                   domain);
}

/* sec.byos, sec.byos-region. */
static bool check_own_storage(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                              const char *kind, const json_t *props, struct az_error *reterr)
{
    const json_t *storage = json_object_iget(props, "userOwnedStorage");
    char region[32];

    if (json_array_size(storage) == 0) {
        return true;
    }
    if (!account && !arm_check_location("Microsoft.CognitiveServices/accounts",
                                        json_text(c->body, "location"), region, reterr)) {
        return false;
    }
    return storage_check(c, txn, kind, account ? json_text(account, "location") : region, storage,
                         reterr);
}

bool account_check(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                   struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    const char *kind = json_text(c->body, "kind");
    const char *now = account && !kind[0] ? json_text(account, "kind") : kind;
    const struct ai_kind *k = ai_kind_find(now);

    if (props && !json_is_object(props) && !json_is_null(props)) {
        return malformed(reterr, "properties", "an object");
    }
    if (!json_text_or_none(c->body, "location")) {
        return malformed(reterr, "location", "a string");
    }
    if (!json_text_or_none(c->body, "kind")) {
        return malformed(reterr, "kind", "a string");
    }
    if (account && !check_kind(account, kind, reterr)) {
        return false;
    }
    /* Quoted by issues of azure-cli (6190) and azurechat (274). */
    if (!k) {
        return az_fail(reterr, AZ_ERR_INVALID_API_SET,
                       "The account type '%.64s' is either invalid or unavailable in given region.",
                       now);
    }
    return check_sku(k, json_object_iget(c->body, "sku"), reterr) &&
           check_free(c, txn, account, k->name, reterr) &&
           account_check_tags(json_object_iget(c->body, "tags"), reterr) &&
           account_fields_check(props, c->version, reterr) &&
           cmk_check_shape(json_object_iget(props, "encryption"), reterr) &&
           check_own_storage(c, txn, account, now, props, reterr) &&
           check_domain(txn, account, props, reterr) &&
           account_identity_check(c, txn, account, reterr);
}

/* Only name and capacity are shown (recorded: {"name"}). */
static json_t *stored_sku(const json_t *sku)
{
    json_t *capacity = json_object_iget(sku, "capacity");
    json_t *out = json_pack("{s:s}", "name", json_text(sku, "name"));

    if (json_is_integer(capacity)) {
        (void) json_object_set(out, "capacity", capacity);
    }
    return out;
}

static void apply_domain(struct kvdb_txn *txn, json_t *account)
{
    const char *domain = json_text(json_object_get(account, "properties"), "customSubDomainName");

    if (!domain[0] || strcasecmp(domain, json_text(account, "domain")) == 0) {
        return;
    }
    (void) json_object_set_new(account, "domain", json_string(domain));
    account_store_put_domain(txn, domain, account);
}

bool account_apply(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                   struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    const struct ai_kind *k = ai_kind_find(json_text(c->body, "kind"));
    json_t *tags = json_object_iget(c->body, "tags");
    json_t *sku = json_object_iget(c->body, "sku");
    const char *source = json_text(json_object_iget(props, "encryption"), "keySource");

    account_identity_apply(c, txn, account);
    account_fields_apply(props, c->version, json_object_get(account, "properties"));
    if (strcasecmp(source, "Microsoft.CognitiveServices") == 0) {
        (void) json_object_set_new(json_object_get(account, "properties"), "encryption",
                                   json_pack("{s:s}", "keySource", "Microsoft.CognitiveServices"));
    }
    apply_domain(txn, account);
    if (json_is_object(tags)) {
        (void) json_object_set(account, "tags", tags);
    }
    if (json_is_object(sku)) {
        (void) json_object_set_new(account, "sku", stored_sku(sku));
    }
    if (k) {
        (void) json_object_set_new(account, "kind", json_string(k->name));
    }
    account_touch(c, account);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "changing an account");
}

bool account_asynchronous(const struct provider_call *c, const json_t *account)
{
    const struct ai_kind *k = ai_kind_find(json_text(account, "kind"));

    if (k && k->synchronous) {
        return false;
    }
    /* In 2020 only the canary region worked in the background, and there Face (recorded). */
    return c->version >= AI_2021_04_30 ||
           (strcmp(json_text(account, "kind"), "Face") == 0 &&
            strcmp(json_text(account, "location"), "centraluseuap") == 0);
}

bool account_lro(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                 const char *status, unsigned seconds, struct az_error *reterr)
{
    char id[512];

    (void) snprintf(id, sizeof(id), "%s/%s/%s", json_text(account, "subscription"),
                    json_text(account, "group"), json_text(account, "name"));
    /* A creation has no Location (recorded). */
    return provider_lro_add(
        c, txn,
        &(struct arm_operation){.ns = ACCOUNT_NS,
                                .location = account_location(account),
                                .resource = id,
                                .status = status,
                                .seconds = seconds,
                                .with_location = strcmp(status, "Creating") != 0},
        reterr);
}

void account_begin(struct provider_call *c, json_t *account, const char *state, unsigned seconds)
{
    if (c->d->latency) {
        operation_begin(account, state, c->now_ms + seconds * INT64_C(1000));
    }
}

/* Code and text: issues of bicep-types-az (2419) and many deployment guides quote them. */
bool account_ready(struct provider_call *c, const json_t *account, struct az_error *reterr)
{
    AUTO_JSON *id = NULL;

    if (!operation_state(account, c->now_ms)) {
        return true;
    }
    id = account_id(account);
    return az_fail(reterr, AZ_ERR_REQUEST_CONFLICT,
                   "Cannot modify resource with id '%s' because the resource entity provisioning "
                   "state is not terminal. Please wait for the provisioning state to become "
                   "terminal and then retry the request.",
                   json_string_value(id));
}

/* Key and encryption go into the one record together. */
void account_take_change(struct provider_call *c, json_t *account, const struct cmk_change *change)
{
    if (change->dek) {
        (void) json_object_set(account, "dek", change->dek);
        dek_cache_forget(c->d->deks, json_text(account, "uid"));
    }
    if (change->encryption) {
        (void) json_object_set(json_object_get(account, "properties"), "encryption",
                               change->encryption);
    }
    (void) json_object_set_new(account, "updated", json_true());
}

static bool check_tier(struct provider_call *c, const json_t *account,
                       const struct cmk_change *change, struct az_error *reterr)
{
    const char *kind = json_text(c->body, "kind");
    const char *sku = json_text(json_object_iget(c->body, "sku"), "name");

    return cmk_check_tier(c, account, change, kind[0] ? kind : json_text(account, "kind"),
                          sku[0] ? sku : json_text(json_object_get(account, "sku"), "name"),
                          reterr);
}

bool account_update(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                    const struct cmk_change *change, struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    bool slow = account_asynchronous(c, account) &&
                (json_object_iget(c->body, "identity") || json_object_iget(props, "encryption") ||
                 account_fields_slow(props, c->version));
    unsigned seconds =
        json_object_iget(props, "networkAcls") ? OPERATION_NETWORK_S : OPERATION_UPDATE_S;

    if (!account_match(c, account, reterr) || !account_ready(c, account, reterr) ||
        !account_check(c, txn, account, reterr) || !check_tier(c, account, change, reterr) ||
        !account_apply(c, txn, account, reterr)) {
        return false;
    }
    account_take_change(c, account, change);
    if (slow) {
        account_begin(c, account, "Accepted", seconds);
    }
    if (!account_store_put(txn, account, false, reterr) ||
        (slow && !account_lro(c, txn, account, "Updating", seconds, reterr))) {
        return false;
    }
    return account_answer(c, slow ? 202 : 200, account, slow ? "Accepted" : "Succeeded");
}

bool account_check_place(struct provider_call *c, const json_t *account, struct az_error *reterr)
{
    const char *location = json_text(c->body, "location");
    char region[32];

    (void) ai_region_find(location, region);
    /* ARM's own text. */
    return !location[0] || strcmp(region, json_text(account, "location")) == 0 ||
           az_fail(reterr, AZ_ERR_INVALID_RESOURCE_LOCATION,
                   "The resource '%s' already exists in location '%s' in resource group '%s'. A "
                   "resource with the same name cannot be created in location '%.64s'. Please "
                   "select a new resource name.",
                   json_text(account, "name"), json_text(account, "location"),
                   json_text(account, "group"), region);
}

bool account_update_by_put(struct provider_call *c, struct kvdb_txn *txn, json_t *account,
                           const struct cmk_change *change, struct az_error *reterr)
{
    if (!account_check_place(c, account, reterr) || !account_match(c, account, reterr) ||
        !account_ready(c, account, reterr) || !account_check(c, txn, account, reterr) ||
        !check_tier(c, account, change, reterr) || !account_apply(c, txn, account, reterr)) {
        return false;
    }
    account_take_change(c, account, change);
    return account_store_put(txn, account, false, reterr) &&
           account_answer(c, 200, account, "Succeeded");
}
