/* SPDX-License-Identifier: MIT */
/*
 * Every operation of the OpenAI data plane, in both forms: dated ones with the set of their
 * api-versions, and /openai/v1/, which has none (versions.md section 5).
 */
#include "common/limits.h"
#include "provider/api/ai.h"

#define UPLOAD_LIMIT ((size_t) LIMIT_FILE_BYTES + 64 * 1024) /* the form around it */
#define BODY         LIMIT_BODY_INFERENCE

#define UPLOADS      "/files"
#define UPLOAD       "/files/{id}"
#define TUNES        "/fine-tunes"
#define TUNE         "/fine-tunes/{id}"
#define JOBS         "/fine_tuning/jobs"
#define JOB          "/fine_tuning/jobs/{id}"
#define DEPLS        "/deployments"
#define DEPL         "/deployments/{id}"
#define MODELS       "/models"
#define MODEL        "/models/{id}"

/* clang-format off */
#define GET    HTTP_M_GET
#define POST   HTTP_M_POST
#define PATCH  HTTP_M_PATCH
#define DELETE HTTP_M_DELETE
#define L      EXEC_LOOP
#define W      EXEC_WRITE
#define ROW(prefix, methods, path, audit, exec, json, limit, body, prepare, run) \
    {{methods, prefix path}, PPLANE_AI, audit, exec, json, limit, body, prepare, run}
#define DATED(set, ...) {ROW("/openai", __VA_ARGS__), &oai_versions, set}
#define V1(...)         ROW("/openai/v1", __VA_ARGS__)

const struct arm_route provider_oai_routes[] = {
    DATED(ARM_ALL,         POST,   UPLOADS,                  "FileUpload",        W, false, UPLOAD_LIMIT, ai_upload_body, ai_upload_prepare, ai_upload_run),
    DATED(ARM_ALL,         GET,    UPLOADS,                  "FileList",          L, false, 0,    NULL, ai_reach_prepare,             ai_file_list_run),
    DATED(ARM_ALL,         POST,   "/files/import",          "FileImport",        W, true,  0,    NULL, NULL,                         ai_file_import_run),
    DATED(ARM_ALL,         GET,    UPLOAD,                   "FileGet",           L, false, 0,    NULL, ai_reach_prepare,             ai_file_get_run),
    DATED(ARM_ALL,         GET,    UPLOAD "/content",        "FileContent",       L, false, 0,    NULL, ai_content_prepare,           ai_content_run),
    DATED(ARM_ALL,         DELETE, UPLOAD,                   "FileDelete",        W, false, 0,    NULL, ai_reach_prepare,             ai_file_delete_run),
    DATED(ARM_ALL,         GET,    MODELS,                   "ModelList",         L, false, 0,    NULL, ai_reach_prepare,             ai_model_list_run),
    DATED(ARM_ALL,         GET,    MODEL,                    "ModelGet",          L, false, 0,    NULL, ai_reach_prepare,             ai_model_get_run),
    DATED(OAI_FINE_TUNES,  POST,   TUNES,                    "FineTuneCreate",    W, true,  0,    NULL, ai_job_create_prepare,        ai_job_create_run),
    DATED(OAI_FINE_TUNES,  GET,    TUNES,                    "FineTuneList",      L, false, 0,    NULL, ai_reach_prepare,             ai_job_list_run),
    DATED(OAI_FINE_TUNES,  GET,    TUNE,                     "FineTuneGet",       L, false, 0,    NULL, ai_reach_prepare,             ai_job_get_run),
    DATED(OAI_FINE_TUNES,  DELETE, TUNE,                     "FineTuneDelete",    W, false, 0,    NULL, ai_reach_prepare,             ai_job_delete_run),
    DATED(OAI_FINE_TUNES,  GET,    TUNE "/events",           "FineTuneEvents",    L, false, 0,    NULL, ai_reach_prepare,             ai_job_events_run),
    DATED(OAI_FINE_TUNES,  POST,   TUNE "/cancel",           "FineTuneCancel",    W, false, 0,    NULL, ai_reach_prepare,             ai_job_cancel_run),
    DATED(OAI_JOBS,        POST,   JOBS,                     "FineTuneCreate",    W, true,  0,    NULL, ai_job_create_prepare,        ai_job_create_run),
    DATED(OAI_JOBS,        GET,    JOBS,                     "FineTuneList",      L, false, 0,    NULL, ai_reach_prepare,             ai_job_list_run),
    DATED(OAI_JOBS,        GET,    JOB,                      "FineTuneGet",       L, false, 0,    NULL, ai_reach_prepare,             ai_job_get_run),
    DATED(OAI_JOBS,        DELETE, JOB,                      "FineTuneDelete",    W, false, 0,    NULL, ai_reach_prepare,             ai_job_delete_run),
    DATED(OAI_JOBS,        GET,    JOB "/events",            "FineTuneEvents",    L, false, 0,    NULL, ai_reach_prepare,             ai_job_events_run),
    DATED(OAI_JOBS,        GET,    JOB "/checkpoints",       "FineTuneCheckpoints", L, false, 0,  NULL, ai_reach_prepare,             ai_job_checkpoints_run),
    DATED(OAI_JOBS,        POST,   JOB "/cancel",            "FineTuneCancel",    W, false, 0,    NULL, ai_reach_prepare,             ai_job_cancel_run),
    DATED(OAI_DEPLOYMENTS, POST,   DEPLS,                    "DeploymentCreate",  W, true,  0,    NULL, ai_deployment_create_prepare, ai_deployment_create_run),
    DATED(OAI_DEPLOYMENTS, GET,    DEPLS,                    "DeploymentList",    L, false, 0,    NULL, NULL,                         ai_deployment_list_run),
    DATED(OAI_DEPLOYMENTS, GET,    DEPL,                     "DeploymentGet",     L, false, 0,    NULL, NULL,                         ai_deployment_get_run),
    DATED(OAI_DEPLOYMENTS, PATCH,  DEPL,                     "DeploymentPatch",   W, true,  0,    NULL, ai_deployment_create_prepare, ai_deployment_patch_run),
    DATED(OAI_DEPLOYMENTS, DELETE, DEPL,                     "DeploymentDelete",  W, false, 0,    NULL, NULL,                         ai_deployment_delete_run),
    DATED(OAI_CHAT,        POST,   DEPL "/chat/completions", "ChatCompletion",    L, true,  BODY, NULL, ai_chat_prepare,              ai_answered_run),
    DATED(ARM_ALL,         POST,   DEPL "/completions",      "Completion",        L, true,  BODY, NULL, ai_completion_prepare,        ai_answered_run),
    DATED(ARM_ALL,         POST,   DEPL "/embeddings",       "Embeddings",        L, true,  BODY, NULL, ai_embeddings_prepare,        ai_answered_run),
};
const size_t provider_oai_routes_len = ARRAY_LEN(provider_oai_routes);

const struct provider_route provider_ai_routes[] = {
    V1(POST,   UPLOADS,             "FileUpload",          W, false, UPLOAD_LIMIT, ai_upload_body, ai_upload_prepare, ai_upload_run),
    V1(GET,    UPLOADS,             "FileList",            L, false, 0,    NULL, ai_reach_prepare,      ai_file_list_run),
    V1(GET,    UPLOAD,              "FileGet",             L, false, 0,    NULL, ai_reach_prepare,      ai_file_get_run),
    V1(GET,    UPLOAD "/content",   "FileContent",         L, false, 0,    NULL, ai_content_prepare,    ai_content_run),
    V1(DELETE, UPLOAD,              "FileDelete",          W, false, 0,    NULL, ai_reach_prepare,      ai_file_delete_run),
    V1(GET,    MODELS,              "ModelList",           L, false, 0,    NULL, ai_reach_prepare,      ai_model_list_run),
    V1(GET,    MODEL,               "ModelGet",            L, false, 0,    NULL, ai_reach_prepare,      ai_model_get_run),
    V1(DELETE, MODEL,               "ModelDelete",         W, false, 0,    NULL, ai_reach_prepare,      ai_model_delete_run),
    V1(POST,   JOBS,                "FineTuneCreate",      W, true,  0,    NULL, ai_job_create_prepare, ai_job_create_run),
    V1(GET,    JOBS,                "FineTuneList",        L, false, 0,    NULL, ai_reach_prepare,      ai_job_list_run),
    V1(GET,    JOB,                 "FineTuneGet",         L, false, 0,    NULL, ai_reach_prepare,      ai_job_get_run),
    V1(GET,    JOB "/events",       "FineTuneEvents",      L, false, 0,    NULL, ai_reach_prepare,      ai_job_events_run),
    V1(GET,    JOB "/checkpoints",  "FineTuneCheckpoints", L, false, 0,    NULL, ai_reach_prepare,      ai_job_checkpoints_run),
    V1(POST,   JOB "/cancel",       "FineTuneCancel",      W, false, 0,    NULL, ai_reach_prepare,      ai_job_cancel_run),
    V1(POST,   JOB "/pause",        "FineTunePause",       W, false, 0,    NULL, ai_reach_prepare,      ai_job_pause_run),
    V1(POST,   JOB "/resume",       "FineTuneResume",      W, false, 0,    NULL, ai_reach_prepare,      ai_job_resume_run),
    V1(POST,   "/chat/completions", "ChatCompletion",      L, true,  BODY, NULL, ai_chat_prepare,       ai_answered_run),
    V1(POST,   "/completions",      "Completion",          L, true,  BODY, NULL, ai_completion_prepare, ai_answered_run),
    V1(POST,   "/embeddings",       "Embeddings",          L, true,  BODY, NULL, ai_embeddings_prepare, ai_answered_run),
};
/* clang-format on */
const size_t provider_ai_routes_len = ARRAY_LEN(provider_ai_routes);
