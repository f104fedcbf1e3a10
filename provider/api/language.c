/* SPDX-License-Identifier: MIT */
/*
 * Custom text and conversation projects of Language, as far as their data goes: create, get, list,
 * delete, import and export of a project with its assets. Nothing is trained.
 *
 * Source: Language REST reference, "Text Analysis Authoring" and "Conversational Analysis
 * Authoring" 2023-04-01 (Create/Get/List/Delete Project, Import, Export, their status): shapes and
 * project kinds. Jobs are done at once; an export keeps what it showed (ours).
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai_data.h"
#include "provider/api/answer.h"

#define KINDS      (KIND_TEXT_ANALYTICS | KIND_COGNITIVE_SERVICES | KIND_AI_SERVICES)
#define JOBS       "language.jobs"
#define JOB_LIFE_S ((json_int_t) 7 * 86400) /* ours */

static const char *const text_kinds[] = {"CustomSingleLabelClassification",
                                         "CustomMultiLabelClassification",
                                         "CustomEntityRecognition",
                                         "CustomAbstractiveSummarization",
                                         "CustomHealthcare",
                                         "CustomTextSentiment",
                                         NULL};
static const char *const conversation_kinds[] = {"Conversation", "Orchestration",
                                                 "CustomConversationSummarization", NULL};
static const char *const versions[] = {
    "2022-05-01",         "2022-05-15-preview", "2022-07-01-preview",
    "2022-10-01-preview", "2023-04-01",         "2023-04-15-preview",
    "2023-11-15-preview", "2024-05-01",         "2024-05-15-preview",
    "2024-11-01",         "2024-11-15-preview", "2025-05-15-preview",
    "2025-11-01",         "2025-11-15-preview", NULL};

static bool is_one_of(const char *const *list, const char *text)
{
    for (; *list; list++) {
        if (strcasecmp(*list, text) == 0) {
            return true;
        }
    }
    return false;
}

static const char *const *kinds_here(const struct provider_call *c)
{
    return strncmp(c->row->route.path, LANGUAGE_TEXT_PATH, strlen(LANGUAGE_TEXT_PATH)) == 0
               ? text_kinds
               : conversation_kinds;
}

/* An account for conversations has no text projects (and so, as SEC25 lists it, is under Lockbox as
 * a whole). */
static unsigned account_kinds_here(const struct provider_call *c)
{
    return kinds_here(c) == text_kinds ? KINDS : KINDS | KIND_CLU;
}

static bool prepare(struct provider_call *c, struct az_error *reterr)
{
    const char *v = c->api_version ? c->api_version : "";
    struct ai_data *d;

    if (!ai_data_begin(c, account_kinds_here(c), &d, reterr)) {
        return false;
    }
    if (!is_one_of(versions, v)) {
        return az_fail(reterr, AZ_ERR_INVALID_REQUEST, "The api-version '%.64s' is not supported.",
                       v);
    }
    return ai_data_open(c, d, reterr);
}

/* A project of this half of the API; those of the other are not there. */
static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    const char *name = provider_param(c, 0);

    if (!ai_item_get(c->prepared, txn, AI_LANGUAGE_PROJECTS, name, ret, reterr)) {
        return false;
    }
    if (*ret && !is_one_of(kinds_here(c), json_text(*ret, "projectKind"))) {
        json_decref(take_ptr(*ret));
    }
    return *ret || az_fail(reterr, AZ_ERR_LANGUAGE_PROJECT_NOT_FOUND,
                           "The project '%s' was not found.", name);
}

/* What answers show of a stored project: all but its assets. */
static json_t *shown(const json_t *project)
{
    json_t *out = json_deep_copy(project);

    (void) json_object_del(out, "assets");
    return out;
}

static bool take_members(struct provider_call *c, const json_t *from, json_t *project,
                         struct az_error *reterr)
{
    static const char *const texts[] = {"projectKind", "language", "description",
                                        "storageInputContainerName"};
    const json_t *settings = json_object_get(from, "settings");
    const json_t *multilingual = json_object_get(from, "multilingual");

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *v = json_object_get(from, texts[i]);

        if (v && !json_is_null(v) &&
            (!json_is_string(v) || json_string_length(v) > LIMIT_ACCOUNT_TEXT ||
             json_object_set(project, texts[i], v) < 0)) {
            return az_fail(reterr, AZ_ERR_INVALID_ARGUMENT, "'%s' must be a string.", texts[i]);
        }
    }
    if (json_is_boolean(multilingual)) {
        (void) json_object_set_new(project, "multilingual",
                                   json_boolean(json_is_true(multilingual)));
    }
    if (json_is_object(settings)) {
        (void) json_object_set_new(project, "settings", json_deep_copy(settings));
    }
    if (!is_one_of(kinds_here(c), json_text(project, "projectKind"))) {
        return az_fail(reterr, AZ_ERR_INVALID_ARGUMENT,
                       "The projectKind '%.64s' is not one of this API.",
                       json_text(project, "projectKind"));
    }
    return json_text(project, "language")[0] ||
           az_fail(reterr, AZ_ERR_INVALID_ARGUMENT, "'language' is required.");
}

/* The project as it is, or a new one; its kind does not change. */
static bool begin_change(struct provider_call *c, struct kvdb_txn *txn, const json_t *members,
                         json_t **ret, bool *is_new, struct az_error *reterr)
{
    const char *name = provider_param(c, 0);
    AUTO_JSON *old_kind = NULL;
    const char *given = json_text(members, "projectName");

    if (!ai_name_ok(name, 100) || (*given && strcmp(given, name) != 0)) {
        return az_fail(reterr, AZ_ERR_INVALID_ARGUMENT,
                       "The project name must be 1 to 100 letters, digits, '_' or '-', the same in "
                       "path and body.");
    }
    if (!ai_item_get(c->prepared, txn, AI_LANGUAGE_PROJECTS, name, ret, reterr)) {
        return false;
    }
    *is_new = !*ret;
    if (*is_new) {
        if (ai_item_count(c->prepared, txn, AI_LANGUAGE_PROJECTS) >= LIMIT_AI_ITEMS) {
            return az_fail(reterr, AZ_ERR_AI_QUOTA, "The resource has too many projects.");
        }
        *ret = json_pack("{s:s,s:o}", "projectName", name, "createdDateTime", ai_now(c));
    }
    old_kind = json_incref(json_object_get(*ret, "projectKind"));
    if (!take_members(c, members, *ret, reterr)) {
        return false;
    }
    if (old_kind && strcasecmp(json_string_value(old_kind), json_text(*ret, "projectKind")) != 0) {
        return az_fail(reterr, AZ_ERR_LANGUAGE_CONFLICT,
                       "The projectKind of an existing project can't be changed.");
    }
    (void) json_object_set_new(*ret, "lastModifiedDateTime", ai_now(c));
    return true;
}

static bool store(struct provider_call *c, struct kvdb_txn *txn, const json_t *project,
                  struct az_error *reterr)
{
    return ai_item_put(c->prepared, txn, AI_LANGUAGE_PROJECTS, provider_param(c, 0),
                       json_text(project, "projectKind"), project, reterr);
}

static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *project = NULL;
    bool is_new;

    if (!begin_change(c, txn, c->body, &project, &is_new, reterr) ||
        !store(c, txn, project, reterr)) {
        return false;
    }
    AUTO_JSON *doc = shown(project);

    return provider_answer_json(c, is_new ? 201 : 200, doc);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *project = NULL;

    if (!find(c, txn, &project, reterr)) {
        return false;
    }
    AUTO_JSON *doc = shown(project);

    return provider_answer_json(c, 200, doc);
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *all = NULL;
    AUTO_JSON *doc = json_pack("{s:[]}", "value");
    const json_t *project;
    size_t i;

    if (!ai_item_list(c->prepared, txn, AI_LANGUAGE_PROJECTS, &all, reterr)) {
        return false;
    }
    json_array_foreach(all, i, project)
    {
        if (is_one_of(kinds_here(c), json_text(project, "projectKind"))) {
            (void) json_array_append_new(json_object_get(doc, "value"), shown(project));
        }
    }
    return provider_answer_json(c, 200, doc);
}

/* Ids are in the order of time, so that the oldest jobs are the first to go. */
static void new_job_id(const struct provider_call *c, guid_text id)
{
    char head[16];

    guid_random(id);
    (void) snprintf(head, sizeof(head), "%012llx", (unsigned long long) c->now_ms & 0xffffffffffff);
    memcpy(id, head, 8);
    memcpy(id + 9, head + 8, 4);
}

/* 202 and where to ask, as for every long-running operation of the API. */
static bool answer_job(struct provider_call *c, struct kvdb_txn *txn, const char *what,
                       json_t *result, struct az_error *reterr)
{
    AUTO_JSON *job = json_pack("{s:s,s:o*}", "what", what, "result", result);
    struct str_view host = c->x->req.host;
    const char *project = provider_param(c, 0);
    guid_text id;
    bool global = strcmp(what, "deletion-jobs") == 0;

    new_job_id(c, id);
    (void) json_object_set_new(job, "project", json_string(project));
    (void) json_object_set_new(job, "created", ai_now(c));
    (void) json_object_set_new(job, "expires", json_integer(c->now_ms / 1000 + JOB_LIFE_S));
    if (!ai_item_trim(c->prepared, txn, JOBS, LIMIT_LANGUAGE_JOBS - 1, reterr) ||
        !ai_item_put(c->prepared, txn, JOBS, id, NULL, job, reterr)) {
        return false;
    }
    (void) http_response_set_header(
        &c->x->resp, "operation-location",
        "https://%.*s/language/authoring/%s/projects/%s/%s/%s?api-version=%s", (int) host.len,
        host.ptr, kinds_here(c) == text_kinds ? "analyze-text" : "analyze-conversations",
        global ? "global" : project, what, id, c->api_version);
    return provider_answer_empty(c, 202);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *project = NULL;

    if (!find(c, txn, &project, reterr)) {
        return false;
    }
    ai_item_del(c->prepared, txn, AI_LANGUAGE_PROJECTS, provider_param(c, 0));
    return answer_job(c, txn, "deletion-jobs", NULL, reterr);
}

/* {projectFileVersion, stringIndexType, metadata, assets}: replaces the assets. */
static bool import_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *metadata = json_object_get(c->body, "metadata");
    json_t *assets = json_object_get(c->body, "assets");
    AUTO_JSON *project = NULL;
    bool is_new;

    if (!json_text(c->body, "projectFileVersion")[0] || !json_is_object(metadata) ||
        !json_is_object(assets)) {
        return az_fail(reterr, AZ_ERR_INVALID_ARGUMENT,
                       "An import has projectFileVersion, metadata and assets.");
    }
    if (!begin_change(c, txn, metadata, &project, &is_new, reterr)) {
        return false;
    }
    (void) json_object_set(project, "assets", assets);
    return store(c, txn, project, reterr) && answer_job(c, txn, "import/jobs", NULL, reterr);
}

static bool export_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *project = NULL;
    json_t *file;

    if (!find(c, txn, &project, reterr)) {
        return false;
    }
    file = json_pack("{s:s,s:s,s:o,s:O?}", "projectFileVersion", c->api_version, "stringIndexType",
                     "Utf16CodeUnit", "metadata", shown(project), "assets",
                     json_object_get(project, "assets"));
    return file ? answer_job(c, txn, "export/jobs", file, reterr)
                : az_fail_internal(reterr, "out of memory");
}

/* The last parameter is the job's id; the project is one before it, where there is one. */
static bool find_job(struct provider_call *c, struct kvdb_txn *txn, const char *what, json_t **ret,
                     struct az_error *reterr)
{
    const char *id = provider_param(c, c->n_params - 1);

    if (!ai_item_get(c->prepared, txn, JOBS, id, ret, reterr)) {
        return false;
    }
    return (*ret && strcmp(json_text(*ret, "what"), what) == 0 &&
            c->now_ms / 1000 < json_integer_value(json_object_get(*ret, "expires")) &&
            (c->n_params == 1 ||
             strcasecmp(json_text(*ret, "project"), provider_param(c, 0)) == 0)) ||
           az_fail(reterr, AZ_ERR_LANGUAGE_OPERATION_NOT_FOUND, "The job '%s' was not found.", id);
}

static const char *job_of_row(const struct provider_call *c)
{
    return strstr(c->row->route.path, "/import/")   ? "import/jobs"
           : strstr(c->row->route.path, "/export/") ? "export/jobs"
                                                    : "deletion-jobs";
}

static bool job_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *id = provider_param(c, c->n_params - 1);
    struct str_view host = c->x->req.host;
    char expires[TIME_TEXT_MAX];
    AUTO_JSON *job = NULL;

    if (!find_job(c, txn, job_of_row(c), &job, reterr)) {
        return false;
    }
    (void) time_format(expires, json_integer_value(json_object_get(job, "expires")) * 1000, TIME_S);
    AUTO_JSON *doc = json_pack("{s:s,s:O,s:O,s:s,s:s,s:[],s:[]}", "jobId", id, "createdDateTime",
                               json_object_get(job, "created"), "lastUpdatedDateTime",
                               json_object_get(job, "created"), "expirationDateTime", expires,
                               "status", "succeeded", "warnings", "errors");

    if (json_object_get(job, "result")) {
        (void) json_object_set_new(
            doc, "resultUrl",
            json_sprintf("https://%.*s%.*s/result?api-version=%s", (int) host.len, host.ptr,
                         (int) strcspn(c->x->req.target, "?"), c->x->req.target, c->api_version));
    }
    return provider_answer_json(c, 200, doc);
}

static bool result_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *job = NULL;

    return find_job(c, txn, "export/jobs", &job, reterr) &&
           provider_answer_json(c, 200, json_object_get(job, "result"));
}

/* clang-format off */
#define ROW(half, method, path, audit, exec, body, run) \
    {{method, half "projects" path}, PPLANE_AI, audit, exec, body, LIMIT_LANGUAGE_BODY, NULL, prepare, run}
#define HALF(half) \
    ROW(half, HTTP_M_GET,    "",                          "ProjectList",         EXEC_LOOP,  false, list_run),   \
    ROW(half, HTTP_M_GET,    "/global/deletion-jobs/{j}", "ProjectDeletionGet",  EXEC_LOOP,  false, job_run),    \
    ROW(half, HTTP_M_PATCH,  "/{p}",                      "ProjectCreate",       EXEC_WRITE, true,  patch_run),  \
    ROW(half, HTTP_M_GET,    "/{p}",                      "ProjectGet",          EXEC_LOOP,  false, get_run),    \
    ROW(half, HTTP_M_DELETE, "/{p}",                      "ProjectDelete",       EXEC_WRITE, false, delete_run), \
    ROW(half, HTTP_M_POST,   "/{p}/:import",              "ProjectImport",       EXEC_WRITE, true,  import_run), \
    ROW(half, HTTP_M_POST,   "/{p}/:export",              "ProjectExport",       EXEC_WRITE, false, export_run), \
    ROW(half, HTTP_M_GET,    "/{p}/import/jobs/{j}",      "ProjectImportGet",    EXEC_LOOP,  false, job_run),    \
    ROW(half, HTTP_M_GET,    "/{p}/export/jobs/{j}",      "ProjectExportGet",    EXEC_LOOP,  false, job_run),    \
    ROW(half, HTTP_M_GET,    "/{p}/export/jobs/{j}/result", "ProjectExportResult", EXEC_LOOP, false, result_run)

const struct provider_route provider_language_routes[] = {
    HALF(LANGUAGE_TEXT_PATH),
    HALF(LANGUAGE_TALK_PATH),
};
/* clang-format on */
const size_t provider_language_routes_len = ARRAY_LEN(provider_language_routes);
