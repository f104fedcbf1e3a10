/* SPDX-License-Identifier: MIT */
/*
 * The models API: the base models of the table, and the account's own fine-tuned ones. Members by
 * spec 2022-12-01 and 2024-10-21; v1 has the same paths.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/ai.h"
#include "provider/api/ai_model.h"
#include "provider/api/answer.h"
#include "provider/api/deployment.h"
#include "provider/api/rule_log.h"
#include "provider/store/blobs.h"
#include "provider/store/child_store.h"

void ai_base_model_id(const struct ai_model *m, char out[96])
{
    bool plain = strcmp(m->version, "1") == 0;

    (void) snprintf(out, 96, "%s%s%s", m->name, plain ? "" : "-", plain ? "" : m->version);
}

const struct ai_model *ai_base_model_find(const char *id)
{
    const struct ai_model *named = NULL;
    char text[96];

    for (size_t i = 0; i < ai_models_count(); i++) {
        const struct ai_model *m = ai_model_at(i);

        ai_base_model_id(m, text);
        if (strcasecmp(text, id) == 0) {
            return m;
        }
        if (strcasecmp(m->name, id) == 0 && (m->uses & MODEL_FINE_TUNE) != 0 &&
            (!named || (m->uses & MODEL_DEFAULT) != 0)) {
            named = m;
        }
    }
    return named ? named : ai_model_find(id, "");
}

static int64_t day(const char *text)
{
    char whole[32];
    int64_t ms = 0;

    (void) snprintf(whole, sizeof(whole),
                    "%s"
                    "T00:00:00Z",
                    text);
    return time_parse(whole, &ms) ? ms / 1000 : 0;
}

static json_t *capabilities(const struct provider_call *c, const struct ai_model *m, bool tuned)
{
    unsigned uses = m->uses;
    json_t *out = json_pack(
        "{s:b,s:b,s:b,s:b}", "fine_tune", !tuned && (uses & MODEL_FINE_TUNE) != 0, "inference",
        tuned || (uses & MODEL_NO_BASE) == 0 || (uses & MODEL_FINE_TUNE) == 0, "completion",
        (uses & MODEL_COMPLETION) != 0, "embeddings", (uses & MODEL_EMBEDDINGS) != 0);

    if (ai_dated_in(c, OAI_OLD_STATES)) {
        (void) json_object_set_new(out, "scale_types", json_pack("[s,s]", "manual", "standard"));
    } else {
        (void) json_object_set_new(out, "chat_completion", json_boolean((uses & MODEL_CHAT) != 0));
    }
    return out;
}

static json_t *model_json(const struct provider_call *c, const struct ai_model *m, const char *id,
                          int64_t created, bool tuned)
{
    bool preview = strcmp(m->status, "Preview") == 0;
    int64_t retired = day(m->retired);
    json_t *out = json_pack("{s:s,s:s,s:o,s:s,s:{s:I}}", "object", "model", "status", "succeeded",
                            "capabilities", capabilities(c, m, tuned), "lifecycle_status",
                            preview ? "preview" : "generally-available", "deprecation", "inference",
                            (json_int_t) retired);

    if (!tuned && (m->uses & MODEL_FINE_TUNE) != 0) {
        (void) json_object_set_new(json_object_get(out, "deprecation"), "fine_tune",
                                   json_integer(retired));
    }
    (void) json_object_set_new(out, "created_at", json_integer(created));
    if (ai_dated_in(c, OAI_OLD_STATES)) {
        (void) json_object_set_new(out, "updated_at", json_integer(created));
    }
    if (ai_is_v1(c)) { /* what OpenAI's own shape has besides */
        (void) json_object_set_new(out, "created", json_integer(created));
        (void) json_object_set_new(out, "owned_by", json_string(tuned ? "customer" : "azure"));
    }
    (void) json_object_set_new(out, "id", json_string(id));
    return out;
}

static json_t *base_json(const struct provider_call *c, const struct ai_model *m)
{
    char id[96];

    ai_base_model_id(m, id);
    return model_json(c, m, id, day(m->created), false);
}

/* NULL: its base is unknown. */
static json_t *tuned_json(const struct provider_call *c, const json_t *own)
{
    const struct ai_model *m = ai_model_find(json_text(own, "base"), json_text(own, "baseVersion"));
    json_t *out = NULL;
    char base[96];

    if (m) {
        ai_base_model_id(m, base);
        out = model_json(c, m, json_text(own, "name"),
                         json_integer_value(json_object_get(own, "created")), true);
        (void) json_object_set_new(out, "model", json_string(base));
        (void) json_object_set_new(out, "fine_tune", json_string(json_text(own, "job")));
    }
    return out;
}

struct collect {
    struct provider_call *c;
    json_t *list;
};

static bool add_tuned(void *ctx, json_t *own)
{
    struct collect *k = ctx;
    json_t *doc = tuned_json(k->c, own);

    if (doc) {
        (void) json_array_append_new(k->list, doc);
    }
    return true;
}

bool ai_model_list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    struct collect k = {c, json_array()};
    AUTO_JSON *doc = json_pack("{s:s,s:o}", "object", "list", "data", k.list);

    if (!ai_account(c, txn, &account, reterr)) {
        return false;
    }
    for (size_t i = 0; i < ai_models_count(); i++) {
        (void) json_array_append_new(k.list, base_json(c, ai_model_at(i)));
    }
    return child_each(txn, json_text(account, "uid"), TUNED_MODELS, add_tuned, &k)
               ? provider_answer_json(c, 200, doc)
               : az_fail_internal(reterr, "listing models");
}

static bool unknown(struct provider_call *c, struct az_error *reterr)
{
    rule_log_note(c->d, RULE_DATA_FINE_TUNES, CMK_BROKEN);
    return az_fail(reterr, AZ_ERR_NOT_FOUND_AI, "The specified model '%.200s' was not found.",
                   provider_param(c, 0));
}

/* The account's own model of parameter 0; *own NULL: it is none. */
static bool find_own(struct provider_call *c, struct kvdb_txn *txn, json_t **account, json_t **own,
                     struct az_error *reterr)
{
    return ai_account(c, txn, account, reterr) &&
           child_get(txn, json_text(*account, "uid"), TUNED_MODELS, provider_param(c, 0), own,
                     reterr);
}

bool ai_model_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct ai_model *m;
    AUTO_JSON *account = NULL;
    AUTO_JSON *own = NULL;
    AUTO_JSON *doc = NULL;

    if (!find_own(c, txn, &account, &own, reterr)) {
        return false;
    }
    m = own ? NULL : ai_base_model_find(provider_param(c, 0));
    doc = own ? tuned_json(c, own) : m ? base_json(c, m) : NULL;
    return doc ? provider_answer_json(c, 200, doc) : unknown(c, reterr);
}

struct user {
    const char *model;
    char deployment[80];
};

static bool find_user(void *ctx, json_t *deployment)
{
    struct user *u = ctx;

    if (strcasecmp(json_text(json_object_get(deployment, "model"), "name"), u->model) == 0) {
        (void) snprintf(u->deployment, sizeof(u->deployment), "%s", json_text(deployment, "name"));
        return false;
    }
    return true;
}

/* What to remove from the disk once the record's deletion is committed, as for files. */
struct gone {
    struct provider_call *c;
    char uid[40];
    char blob[64];
};

static void gone_free(void *p)
{
    struct gone *g = p;

    if (g->c->x->resp.status < 300) {
        blob_remove(g->c->d->blob_dir, g->uid, g->blob);
    }
    free(g);
}

bool ai_model_drop(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                   const json_t *own, struct az_error *reterr)
{
    struct user u = {.model = json_text(own, "name")};
    struct gone *g = c->prepared ? c->prepared : calloc(1, sizeof(*g));

    if (!g) {
        return az_fail_internal(reterr, "out of memory");
    }
    *g = (struct gone){.c = c};
    c->prepared = g;
    c->prepared_free = gone_free;
    (void) child_each(txn, json_text(account, "uid"), DEPLOYMENTS, find_user, &u);
    if (u.deployment[0]) {
        return az_fail(reterr, AZ_ERR_AI_CONFLICT,
                       "The model '%.200s' is in use by the deployment '%s': delete it first.",
                       u.model, u.deployment);
    }
    (void) snprintf(g->uid, sizeof(g->uid), "%s", json_text(account, "uid"));
    (void) snprintf(g->blob, sizeof(g->blob), "%s", json_text(own, "artefact"));
    (void) child_del(txn, g->uid, TUNED_MODELS, u.model);
    return true;
}

bool ai_model_delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *account = NULL;
    AUTO_JSON *own = NULL;

    if (!find_own(c, txn, &account, &own, reterr)) {
        return false;
    }
    if (!own && ai_base_model_find(provider_param(c, 0))) {
        return az_fail(reterr, AZ_ERR_FORBIDDEN_AI, "Only fine-tuned models can be deleted.");
    }
    if (!own) {
        return unknown(c, reterr);
    }
    if (!ai_model_drop(c, txn, account, own, reterr)) {
        return false;
    }
    AUTO_JSON *doc =
        json_pack("{s:s,s:s,s:b}", "id", json_text(own, "name"), "object", "model", "deleted", 1);

    return provider_answer_json(c, 200, doc);
}
