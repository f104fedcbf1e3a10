/* SPDX-License-Identifier: MIT */
/*
 * Soft-deleted accounts (48 hours, azure-rules.md section 9), and the operations that accounts'
 * long-running requests point to.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/arm_page.h"
#include "provider/api/dek.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/operation.h"
#include "provider/store/account_store.h"

static json_t *deleted_json(struct provider_call *c, const json_t *a)
{
    json_t *doc = account_json(c, a, "Succeeded");

    (void) json_object_set_new(doc, "id",
                               json_sprintf("/subscriptions/%s/providers/" ACCOUNT_NS
                                            "/locations/%s/resourceGroups/%s/deletedAccounts/%s",
                                            json_text(a, "subscription"), account_location(a),
                                            json_text(a, "group"), json_text(a, "name")));
    (void) json_object_set_new(doc, "type", json_string(ACCOUNT_NS "/deletedAccounts"));
    return doc;
}

static bool add_deleted(void *ctx, json_t *a)
{
    struct arm_page *p = ctx;

    return account_page_takes(p, a) && json_array_append_new(p->list, deleted_json(p->c, a)) == 0;
}

static bool deleted_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct arm_page p;
    bool ok = arm_page_begin(c, &p, reterr);

    if (!ok) {
        return false;
    }
    ok = account_store_each_from(txn, c->subscription.id, NULL, p.from, true, add_deleted, &p);
    return (arm_page_answer(&p) && ok) || az_fail_internal(reterr, "listing deleted accounts");
}

/* /locations/{l}/resourceGroups/{g}/deletedAccounts/{n} */
static bool find_deleted(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                         struct az_error *reterr)
{
    const char *group = provider_param(c, 2);
    const char *name = provider_param(c, 3);

    char region[32];

    if (!account_store_get(txn, c->subscription.id, group, name, true, ret, reterr)) {
        return false;
    }
    if (*ret && (!ai_region_find(provider_param(c, 1), region) ||
                 strcmp(region, json_text(*ret, "location")) != 0)) {
        json_decref(*ret); /* it is deleted in another place */
        *ret = NULL;
    }
    return *ret || az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                           "The Resource '" ACCOUNT_NS
                           "/locations/%s/resourceGroups/%s/deletedAccounts/%s' was not found.",
                           provider_param(c, 1), group, name);
}

static bool deleted_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    if (!find_deleted(c, txn, &a, reterr)) {
        return false;
    }
    AUTO_JSON *doc = deleted_json(c, a);

    return provider_answer_json(c, 200, doc);
}

/* --latency=azure: it is purged by the sweep, a little later. */
static bool purge_later(struct provider_call *c, struct kvdb_txn *txn, json_t *a,
                        struct az_error *reterr)
{
    int64_t until_ms = (c->now_ms / 1000 + OPERATION_PURGE_S) * 1000;

    account_store_del(txn, a, true);
    operation_begin(a, "Deleting", until_ms);
    (void) json_object_set_new(a, "purgeAt", json_integer(until_ms / 1000));
    return account_store_put(txn, a, true, reterr);
}

static bool deleted_purge_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    AUTO_JSON *a = NULL;

    if (!find_deleted(c, txn, &a, reterr) || !account_ready(c, a, reterr)) {
        return false;
    }
    if (!c->d->latency) {
        account_store_purge(txn, a, c->purged);
    } else if (!purge_later(c, txn, a, reterr)) {
        return false;
    }
    return account_lro(c, txn, a, "Deleting", OPERATION_PURGE_S, reterr) &&
           provider_answer_empty(c, 202);
}

static bool find_operation(struct kvdb_txn *txn, const char *subscription, const char *id,
                           json_t **ret, struct az_error *reterr)
{
    struct kvkey k;
    struct kvdb_val val;

    kvkey_init(&k, 'o');
    kvkey_str(&k, id);
    *ret = kvdb_get(txn, &k, &val) ? json_loadb(val.data, val.len, 0, NULL) : NULL;
    if (*ret && strcasecmp(json_text(*ret, "subscription"), subscription) != 0) {
        json_decref(*ret); /* whoever may read here may not read there */
        *ret = NULL;
    }
    return *ret || az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no operation '%s'.", id);
}

/* The account that an operation made or changed; *ret stays NULL when it is gone. */
static bool operation_account(struct kvdb_txn *txn, const json_t *operation, json_t **ret,
                              struct az_error *reterr)
{
    char path[512];
    char *group;
    char *name;

    (void) snprintf(path, sizeof(path), "%s", json_text(operation, "resource"));
    group = strchr(path, '/');
    name = group ? strchr(group + 1, '/') : NULL;
    if (!name) {
        return true;
    }
    *group++ = '\0';
    *name++ = '\0';
    return account_store_get(txn, path, group, name, false, ret, reterr);
}

/* Where Location is followed: the resource manager's 202 until there is a result. */
static bool not_yet(struct provider_call *c)
{
    char base[URL_MAX];

    provider_lro_wait(c);
    (void) http_response_set_header(&c->x->resp, "Location", "%s%s",
                                    site_url(&c->site, SVC_MANAGEMENT, NULL, base),
                                    c->x->req.target);
    return provider_answer_empty(c, 202);
}

static bool answer_operation(struct provider_call *c, const json_t *operation, bool running)
{
    const char *id = provider_param(c, 2);
    char when[TIME_TEXT_MAX];
    json_int_t began = json_integer_value(json_object_get(operation, "at"));
    json_int_t ends = json_integer_value(json_object_get(operation, "until"));
    AUTO_JSON *doc = json_pack(
        "{s:o,s:s,s:s,s:s}", "id",
        json_sprintf("/subscriptions/%s/providers/" ACCOUNT_NS "/locations/%s/operationResults/%s",
                     c->subscription.id, provider_param(c, 1), id),
        "name", id, "status", running ? json_text(operation, "status") : "Succeeded", "startTime",
        time_format(when, began, TIME_S));

    if (running) {
        provider_lro_wait(c);
    } else {
        (void) json_object_set_new(doc, "endTime", json_string(time_format(when, ends, TIME_S)));
    }
    return provider_answer_json(c, 200, doc);
}

/*
 * 200 with the status, always (recorded), or the account where Location is followed (clients.md
 * section 6), as the version shows it that began the operation.
 */
static bool operation_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *as = http_param_get(&c->x->req, "operationResultResponseType");
    AUTO_JSON *operation = NULL;
    AUTO_JSON *a = NULL;
    bool running;

    if (!find_operation(txn, c->subscription.id, provider_param(c, 2), &operation, reterr)) {
        return false;
    }
    running = json_integer_value(json_object_get(operation, "until")) > c->now_ms;
    if (as && running) {
        return not_yet(c);
    }
    if (as && !operation_account(txn, operation, &a, reterr)) {
        return false;
    }
    if (a) {
        c->version = (int) json_integer_value(json_object_get(operation, "version"));
        return account_answer(c, 200, a, "Succeeded");
    }
    return answer_operation(c, operation, running);
}

#define P       ARM_SUB "/providers/" ACCOUNT_NS
#define DELETED P "/locations/{l}/resourceGroups/{g}/deletedAccounts/{n}"
/* clang-format off */
#define ROW(methods, path, audit, exec, versions, run) \
    {{{methods, path}, PPLANE_ARM, audit, exec, false, 0, NULL, NULL, run}, &ai_versions, versions}
const struct arm_route provider_deleted_account_routes[] = {
    ROW(HTTP_M_GET,    P "/deletedAccounts", "AccountListDeleted", EXEC_LOOP,  ARM_FROM(AI_2021_04_30), deleted_list_run),
    ROW(HTTP_M_GET,    DELETED,              "AccountGetDeleted",  EXEC_LOOP,  ARM_FROM(AI_2021_04_30), deleted_get_run),
    ROW(HTTP_M_DELETE, DELETED,              "AccountPurge",       EXEC_WRITE, ARM_FROM(AI_2021_04_30), deleted_purge_run),
    ROW(HTTP_M_GET,    P "/locations/{l}/operationResults/{id}", NULL, EXEC_LOOP, ARM_ALL,              operation_run),
};
/* clang-format on */
const size_t provider_deleted_account_routes_len = ARRAY_LEN(provider_deleted_account_routes);
