/* SPDX-License-Identifier: MIT */
/* What the OpenAI handlers share: the two forms, versions, keys, pages. versions.md section 5. */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/answer.h"
#include "provider/api/cmk_check.h"

bool ai_is_openai(const struct provider_call *c)
{
    return c->x->req.n_segments > 0 && sv_ieq(c->x->req.segments[0], "openai");
}

bool ai_is_v1(const struct provider_call *c)
{
    return ai_is_openai(c) && c->x->req.n_segments > 1 && sv_ieq(c->x->req.segments[1], "v1");
}

bool ai_dated_in(const struct provider_call *c, uint64_t versions)
{
    return c->version >= 0 && (versions & ARM_BIT(c->version)) != 0;
}

bool ai_find_version(struct provider_call *c, struct az_error *reterr)
{
    const char *v = c->api_version;

    if (!ai_is_openai(c)) {
        return true; /* Face, Language, Speech: versions of their own */
    }
    if (c->arm_row) {
        c->version = oai_version_find(v);
        return (c->version >= 0 && (c->arm_row->in_versions & ARM_BIT(c->version)) != 0) ||
               ai_no_such_path(reterr);
    }
    /* v1: optional, and nothing but "v1" and "preview" is in the enum. */
    return !v || strcmp(v, "v1") == 0 || strcmp(v, "preview") == 0 ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST, "API version not supported");
}

/* Models' refusals have a shape of their own; the spec's code for all others is invalidPayload.
 * Face: reference-face-error-codes.md; Speech: codes of its reference, text ours; Language: ours.
 */
bool ai_bad_body(const struct provider_call *c, const char *why, struct az_error *reterr)
{
    bool inference = c->row->body_limit == LIMIT_BODY_INFERENCE;

    switch (ai_service_of(c->row->route.path)) {
    case AI_FACE:
        return az_fail(reterr, AZ_ERR_BAD_ARGUMENT,
                       c->body ? "Request body is invalid." : "JSON parsing error.");
    case AI_SPEECH:
        return az_fail_inner(reterr, AZ_ERR_INVALID_REQUEST, "InvalidRequestBodyFormat",
                             "The request body is invalid: %s.", why);
    case AI_LANGUAGE:
        return az_fail(reterr, AZ_ERR_INVALID_REQUEST, "The request body is invalid: %s.", why);
    case AI_OTHER:
        break;
    }
    return az_fail(reterr, inference ? AZ_ERR_INVALID_REQUEST_ERROR : AZ_ERR_INVALID_PAYLOAD,
                   "The request body is not a valid JSON object: %s.", why);
}

bool ai_account_now(struct provider_call *c, json_t **ret, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = ai_account(c, txn, ret, reterr);
    kvdb_abort(txn);
    return ok;
}

bool ai_open_keys(struct provider_call *c, enum cmk_op op, char uid[40], struct data_keys *keys,
                  struct az_error *reterr)
{
    AUTO_JSON *account = NULL;

    if (!ai_account_now(c, &account, reterr)) {
        return false;
    }
    (void) snprintf(uid, 40, "%s", json_text(account, "uid"));
    return cmk_open_data(c, account, op, keys, reterr);
}

/*
 * Files and models of an AIServices account: all access to them is blocked with the key
 * (rev.blocks-all; serving goes on). For OpenAI only what the documents list stops.
 */
bool ai_reach_prepare(struct provider_call *c, struct az_error *reterr)
{
    const struct account_kind *kind;
    AUTO_JSON *account = NULL;
    struct data_keys keys = {0};
    bool ok = ai_account_now(c, &account, reterr);

    kind = account_kind_find(json_text(account, "kind"));
    if (!ok || !kind || kind->revocation != REVOCATION_BLOCKS_ALL) {
        return ok;
    }
    ok = cmk_open_data(c, account, c->x->req.method == HTTP_M_GET ? CMK_OP_READ : CMK_OP_WRITE,
                       &keys, reterr);
    data_keys_wipe(&keys);
    return ok;
}

void ai_new_id(const char *prefix, char out[64])
{
    guid_text id;

    guid_random(id);
    (void) snprintf(out, 64, "%s%.8s%.4s%.4s%.4s%.12s", prefix, id, id + 9, id + 14, id + 19,
                    id + 24);
}

void ai_set_location(struct provider_call *c, const char *id)
{
    const char *target = c->x->req.target;

    if (!ai_is_v1(c)) {
        (void) http_response_set_header(&c->x->resp, "Location", "https://%.*s%.*s/%s",
                                        (int) c->x->req.host.len, c->x->req.host.ptr,
                                        (int) strcspn(target, "?"), target, id);
    }
}

bool ai_need_json(struct provider_call *c, struct az_error *reterr)
{
    struct str_view type = http_header_get(&c->x->req, "content-type");

    return (type.len >= 16 && strncasecmp(type.ptr, "application/json", 16) == 0) ||
           az_fail(reterr, AZ_ERR_UNSUPPORTED_MEDIA_TYPE,
                   "The content type must be application/json.");
}

int64_t ai_tokens(size_t bytes)
{
    return (int64_t) ((bytes + 3) / 4);
}

bool ai_page_init(struct provider_call *c, struct ai_page *page, uint64_t most, uint64_t otherwise,
                  struct az_error *reterr)
{
    const char *text = http_param_get(&c->x->req, "limit");

    *page = (struct ai_page){.after = http_param_get(&c->x->req, "after"), .limit = otherwise};
    if (text && (!uint_parse(text, most, &page->limit) || page->limit == 0)) {
        return az_fail(reterr, AZ_ERR_INVALID_PAYLOAD, "The limit must be between 1 and %llu.",
                       (unsigned long long) most);
    }
    page->data = json_array();
    return page->data || az_fail_internal(reterr, "out of memory");
}

void ai_page_add(struct ai_page *page, json_t *item)
{
    if (page->after) {
        page->after = strcmp(json_text(item, "id"), page->after) == 0 ? NULL : page->after;
    } else {
        page->more = json_array_size(page->data) >= page->limit;
        if (!page->more) {
            (void) json_array_append(page->data, item);
        }
    }
    json_decref(item);
}

bool ai_page_answer(struct provider_call *c, struct ai_page *page, bool has_more)
{
    size_t n = json_array_size(page->data);
    AUTO_JSON *doc = json_pack("{s:s,s:O}", "object", "list", "data", page->data);

    if (has_more) {
        (void) json_object_set_new(doc, "has_more", json_boolean(page->more));
    }
    if (ai_is_v1(c) && n > 0) {
        (void) json_object_set(doc, "first_id",
                               json_object_get(json_array_get(page->data, 0), "id"));
        (void) json_object_set(doc, "last_id",
                               json_object_get(json_array_get(page->data, n - 1), "id"));
    }
    json_decref(take_ptr(page->data));
    return provider_answer_json(c, 200, doc);
}
