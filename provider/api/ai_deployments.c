/* SPDX-License-Identifier: MIT */
/*
 * Deployments as the data plane of 2022-12-01 has them: the same records as the resource manager's,
 * with a scale instead of a SKU. The id of a new one is the service's choice.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/account_child.h"
#include "provider/api/ai.h"
#include "provider/api/ai_model.h"
#include "provider/api/ai_serving.h"
#include "provider/api/answer.h"
#include "provider/api/deployment.h"
#include "provider/api/rule_log.h"
#include "provider/store/child_store.h"

static int64_t seconds(const char *text)
{
    int64_t ms = 0;

    return time_parse(text, &ms) ? ms / 1000 : 0;
}

static json_t *deployment_json(const json_t *d)
{
    const json_t *model = json_object_get(d, "model");
    const json_t *sku = json_object_get(d, "sku");
    const json_t *system = json_object_get(d, "systemData");
    const struct ai_model *base =
        ai_model_find(json_text(model, "name"), json_text(model, "version"));
    bool manual = strcasecmp(json_text(sku, "name"), "Manual") == 0;
    json_t *scale = json_pack("{s:s}", "scale_type", manual ? "manual" : "standard");
    char id[96];

    if (base) {
        ai_base_model_id(base, id);
    }
    if (manual) {
        (void) json_object_set(scale, "capacity", json_object_get(sku, "capacity"));
    }
    return json_pack("{s:o,s:s,s:s,s:s,s:s,s:I,s:I,s:s}", "scale_settings", scale, "model",
                     base ? id : json_text(model, "name"), "owner", "organization-owner", "id",
                     json_text(d, "name"), "status", "succeeded", "created_at",
                     (json_int_t) seconds(json_text(system, "createdAt")), "updated_at",
                     (json_int_t) seconds(json_text(system, "lastModifiedAt")), "object",
                     "deployment");
}

static bool bad(struct az_error *reterr, const char *target, const char *why)
{
    return az_fail_target(reterr, AZ_ERR_INVALID_PAYLOAD, target, "%s", why);
}

/* What prepare loaded for a fine-tuned model. */
struct loaded {
    json_t *copy;
    char model[256];
};

static void loaded_free(void *p)
{
    struct loaded *l = p;

    json_decref(l->copy);
    free(l);
}

/* The body's model as the resource manager names it; new reference. */
static json_t *arm_model(const struct provider_call *c)
{
    const char *id = json_text(c->body, "model");
    const struct ai_model *base = ai_base_model_find(id);

    return json_pack("{s:s,s:s,s:s}", "format", "OpenAI", "name", base ? base->name : id, "version",
                     base ? base->version : "");
}

bool ai_deployment_create_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct loaded *l = calloc(1, sizeof(*l));
    const char *id = json_text(c->body, "model");
    struct kvdb_txn *txn = NULL;
    AUTO_JSON *account = NULL;
    AUTO_JSON *model = arm_model(c);
    struct deployment_choice choice = {0};
    bool ok;

    if (!l) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (c->prepared) {
        loaded_free(c->prepared); /* prepared once before: retry_prepare */
    }
    c->prepared = l;
    c->prepared_free = loaded_free;
    if (!ai_need_json(c, reterr)) {
        return false;
    }
    if (c->x->req.method == HTTP_M_PATCH && !id[0]) {
        return true; /* the model stays */
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = ai_account(c, txn, &account, reterr) &&
         deployment_choose(txn, account, model, &choice, reterr);
    kvdb_abort(txn);
    (void) snprintf(l->model, sizeof(l->model), "%s", id);
    return ok && (!choice.tuned || ai_serving_load(c, account, id, &l->copy, reterr));
}

/* scale_settings into the record's SKU. */
static bool take_scale(struct provider_call *c, bool create, json_t *d, struct az_error *reterr)
{
    const json_t *scale = json_object_get(c->body, "scale_settings");
    const char *type = json_text(scale, "scale_type");
    int64_t capacity = 0;
    bool there = false;

    if (!scale && !create) {
        return true;
    }
    if (!json_get_int(scale, "capacity", &there, &capacity) ||
        (there && (capacity < 1 || capacity > 1000))) {
        return bad(reterr, "scale_settings", "The capacity must be a positive number.");
    }
    if (strcmp(type, "standard") != 0 && strcmp(type, "manual") != 0) {
        return bad(reterr, "scale_settings", "The scale_type must be 'standard' or 'manual'.");
    }
    if (strcmp(type, "manual") == 0 && create && !there) {
        return bad(reterr, "scale_settings", "A manual scale needs a capacity.");
    }
    (void) json_object_set_new(d, "sku",
                               json_pack("{s:s,s:I}", "name",
                                         strcmp(type, "manual") == 0 ? "Manual" : "Standard",
                                         "capacity", there ? (json_int_t) capacity : 1));
    return true;
}

/* Model and scale of the body into the record; what it serves from, too. */
static bool apply(struct provider_call *c, struct kvdb_txn *txn, const json_t *account, bool create,
                  json_t *d, struct az_error *reterr)
{
    struct loaded *l = c->prepared;
    struct deployment_choice choice = {0};
    AUTO_JSON *model = arm_model(c);

    if (l->model[0] || create) {
        if (!deployment_choose(txn, account, model, &choice, reterr)) {
            return false;
        }
        if (choice.tuned && !l->copy) {
            c->retry_prepare = true; /* a base model's name became a fine-tuned one's */
            return true;
        }
        (void) json_object_set_new(d, "model", deployment_stored_model(model, &choice));
        if (!ai_serving_store(txn, account, json_text(d, "name"), l->copy, reterr)) {
            return false;
        }
    }
    if (!take_scale(c, create, d, reterr) || !deployment_check_quota(txn, account, d, reterr)) {
        return false;
    }
    child_touch(c, d);
    return child_put(txn, json_text(account, "uid"), DEPLOYMENTS, json_text(d, "name"), d, reterr);
}

static bool answer(struct provider_call *c, int status, const json_t *d)
{
    AUTO_JSON *doc = deployment_json(d);

    return provider_answer_json(c, status, doc);
}

bool ai_deployment_create_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *d = NULL;
    char id[64];

    ai_new_id("deployment-", id);
    d = json_pack("{s:s,s:s}", "name", id, "versionUpgradeOption",
                  "OnceNewDefaultVersionAvailable");
    if (!ai_account(c, txn, &account, reterr) || !apply(c, txn, account, true, d, reterr)) {
        return false;
    }
    if (c->retry_prepare) {
        return true;
    }
    (void) http_response_set_header(&c->x->resp, "Location", "https://%.*s/openai/deployments/%s",
                                    (int) c->x->req.host.len, c->x->req.host.ptr, id);
    return answer(c, 201, d);
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **account, json_t **d,
                 struct az_error *reterr)
{
    if (!ai_account(c, txn, account, reterr) ||
        !deployment_get(txn, *account, provider_param(c, 0), d, reterr)) {
        return false;
    }
    if (!*d) {
        rule_log_note(c->d, RULE_DATA_FINE_TUNES, CMK_BROKEN);
    }
    return *d || az_fail(reterr, AZ_ERR_NOT_FOUND_AI,
                         "The specified deployment '%.100s' was not found.", provider_param(c, 0));
}

bool ai_deployment_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *d = NULL;

    return find(c, txn, &account, &d, reterr) && answer(c, 200, d);
}

static bool add_one(void *ctx, json_t *d)
{
    (void) json_array_append_new(ctx, deployment_json(d));
    return true;
}

bool ai_deployment_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    json_t *list = json_array();
    AUTO_JSON *doc = json_pack("{s:s,s:o}", "object", "list", "data", list);

    return ai_account(c, txn, &account, reterr) &&
           (child_each(txn, json_text(account, "uid"), DEPLOYMENTS, add_one, list) ||
            az_fail_internal(reterr, "listing deployments")) &&
           provider_answer_json(c, 200, doc);
}

bool ai_deployment_patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *d = NULL;

    return find(c, txn, &account, &d, reterr) && apply(c, txn, account, false, d, reterr) &&
           (c->retry_prepare || answer(c, 200, d));
}

bool ai_deployment_delete_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *d = NULL;

    if (!find(c, txn, &account, &d, reterr) ||
        !ai_serving_store(txn, account, json_text(d, "name"), NULL, reterr)) {
        return false;
    }
    (void) child_del(txn, json_text(account, "uid"), DEPLOYMENTS, json_text(d, "name"));
    return provider_answer_empty(c, 204);
}
