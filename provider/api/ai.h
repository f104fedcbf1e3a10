/* SPDX-License-Identifier: MIT */
/* The data plane of AI accounts: authentication, and what the OpenAI handlers share. */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_path.h"
#include "provider/domain/oai_version.h"
#include "provider/store/layers.h"

/* An api-key of the account that the Host names, or an Entra token of a principal with a role; from
 * an allowed network. */
bool ai_authenticate(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* The account of the Host; new reference. */
bool ai_account(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                struct az_error *reterr) MUST_CHECK;

/* ai_common.c */
/* The same, read in a transaction of its own. */
bool ai_account_now(struct provider_call *c, json_t **ret, struct az_error *reterr) MUST_CHECK;
bool ai_is_v1(const struct provider_call *c);
/* A path of the OpenAI data plane, in either form. */
bool ai_is_openai(const struct provider_call *c);
/* The operation exists in the request's api-version; sets c->version (-1 in the form v1). */
bool ai_find_version(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* Is the dated version one of this set? Never in the form v1. */
bool ai_dated_in(const struct provider_call *c, uint64_t versions);
/*
 * What the service says to versions and paths that it does not have; always false.
 * Code and text: what users of the openai packages quote for a wrong path or api-version ("Error
 * code: 404 - {'error': {'code': '404', 'message': 'Resource not found'}}"). A wrong method is
 * answered alike: the gateway knows operations by method and path together (ours).
 */
static inline bool MUST_CHECK ai_no_such_path(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_AI_NO_SUCH_PATH, "Resource not found");
}
/* A body that is no JSON object. */
bool ai_bad_body(const struct provider_call *c, const char *why, struct az_error *reterr)
    MUST_CHECK;
/* The account's data keys, by way of its identity. Worker threads only. */
bool ai_open_keys(struct provider_call *c, enum cmk_op op, char uid[40], struct data_keys *keys,
                  struct az_error *reterr) MUST_CHECK;
/* prefix and 32 random hexadecimal digits. */
void ai_new_id(const char *prefix, char out[64]);
/* The address of a new item of the collection that was posted to, as the dated specs declare. */
void ai_set_location(struct provider_call *c, const char *id);
/* The body is said to be JSON. */
bool ai_need_json(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* Simulated: a token is four bytes of text. */
int64_t ai_tokens(size_t bytes);

/* For ai_content_run() in a later step: the content of a file of the account. Worker threads only.
 */
bool ai_content_open(struct provider_call *c, json_t *account, const json_t *file,
                     struct az_error *reterr) MUST_CHECK;

/* A page of a list: items are offered in order, `after` and `limit` choose. */
struct ai_page {
    json_t *data;
    const char *after; /* an id; NULL: from the start */
    uint64_t limit;
    bool more;
};
/* limit and after of the query. */
bool ai_page_init(struct provider_call *c, struct ai_page *page, uint64_t most, uint64_t otherwise,
                  struct az_error *reterr) MUST_CHECK;
/* Takes item over. */
void ai_page_add(struct ai_page *page, json_t *item);
/* {"object": "list", "data"}, and the members that show whether there is more; takes data over. */
bool ai_page_answer(struct provider_call *c, struct ai_page *page, bool has_more);

/* For operations that need no data key themselves: rev.blocks-all, where it holds. */
provider_prepare_fn ai_reach_prepare;

/* Handlers, by file. ai_files.c */
provider_body_fn ai_upload_body;
provider_prepare_fn ai_upload_prepare, ai_content_prepare;
provider_handler_fn ai_upload_run, ai_file_list_run, ai_file_get_run, ai_file_delete_run,
    ai_content_run, ai_file_import_run;
/* ai_models.c */
provider_handler_fn ai_model_list_run, ai_model_get_run, ai_model_delete_run;
/* ai_jobs.c, ai_job_view.c */
provider_prepare_fn ai_job_create_prepare;
provider_handler_fn ai_job_create_run, ai_job_list_run, ai_job_get_run, ai_job_cancel_run,
    ai_job_pause_run, ai_job_resume_run, ai_job_delete_run, ai_job_events_run,
    ai_job_checkpoints_run;
/* ai_deployments.c */
provider_prepare_fn ai_deployment_create_prepare;
provider_handler_fn ai_deployment_create_run, ai_deployment_list_run, ai_deployment_get_run,
    ai_deployment_patch_run, ai_deployment_delete_run;
/* ai_chat.c, ai_embeddings.c: all work in prepare, on a worker */
provider_prepare_fn ai_chat_prepare, ai_completion_prepare, ai_embeddings_prepare;
provider_handler_fn ai_answered_run;
