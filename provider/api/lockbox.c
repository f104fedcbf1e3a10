/* SPDX-License-Identifier: MIT */
/*
 * Customer Lockbox: an engineer asks for the data of an account, the customer approves or rejects,
 * and only then is anything shown (sec.lockbox, SEC25). For the kinds, and of Language the project
 * types, that the table of kinds lists. Requests are kept for review; each step is in the audit
 * log. A request, and the access it gave, ends after four days of simulated time (ours).
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_data.h"
#include "provider/api/answer.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"

#define OWNER      "lockbox"
#define COLLECTION "requests"
#define LIFE_S     (4 * 86400)

/* Pending and approved requests run out; a rejected one stays so. */
static const char *state_of(const struct provider_call *c, const json_t *request)
{
    int64_t asked = json_integer_value(json_object_get(request, "asked"));
    const char *decision = json_text(request, "decision");

    if (strcmp(decision, "reject") == 0) {
        return "Rejected";
    }
    if (c->now_ms / 1000 >= asked + LIFE_S) {
        return "Expired";
    }
    return strcmp(decision, "approve") == 0 ? "Approved" : "Pending";
}

static json_t *view(struct provider_call *c, const json_t *request)
{
    static const char *const hidden[] = {"asked", "decided", "decision", "uid"};
    int64_t asked = json_integer_value(json_object_get(request, "asked"));
    int64_t decided = json_integer_value(json_object_get(request, "decided"));
    json_t *out = json_deep_copy(request);
    char when[TIME_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        (void) json_object_del(out, hidden[i]);
    }
    (void) json_object_set_new(out, "state", json_string(state_of(c, request)));
    (void) json_object_set_new(out, "requestedOn",
                               json_string(time_format(when, asked * 1000, TIME_S)));
    (void) json_object_set_new(out, "expiresOn",
                               json_string(time_format(when, (asked + LIFE_S) * 1000, TIME_S)));
    if (decided > 0) {
        (void) json_object_set_new(out, "decidedOn",
                                   json_string(time_format(when, decided * 1000, TIME_S)));
    }
    return out;
}

static bool answer(struct provider_call *c, int status, const json_t *request)
{
    AUTO_JSON *doc = view(c, request);

    return provider_answer_json(c, status, doc);
}

/* The live account of an ARM id, whose words and names compare without case. */
static bool find_account(struct kvdb_txn *txn, const char *id, json_t **ret,
                         struct az_error *reterr)
{
    static const char *const words[] = {
        "subscriptions", NULL, "resourceGroups", NULL, "providers", "Microsoft.CognitiveServices",
        "accounts",      NULL};
    char names[3][128];
    size_t n = 0;
    const char *at = id;
    bool good = true;

    *ret = NULL;
    for (size_t i = 0; good && i < ARRAY_LEN(words); i++) {
        size_t len = *at == '/' ? strcspn(at + 1, "/") : 0;

        good = len > 0 && len < sizeof(names[0]) &&
               (!words[i] || sv_ieq((struct str_view){at + 1, len}, words[i]));
        if (good && !words[i]) {
            (void) snprintf(names[n++], sizeof(names[0]), "%.*s", (int) len, at + 1);
        }
        at += good ? 1 + len : 0;
    }
    if (good && !*at && !account_store_get(txn, names[0], names[1], names[2], false, ret, reterr)) {
        return false;
    }
    return *ret || az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no account '%.400s'.", id);
}

/* Kinds under Lockbox as a whole, or the named project of a type that is. */
static bool check_covered(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                          const char *project, struct az_error *reterr)
{
    const struct account_kind *kind = account_kind_find(json_text(account, "kind"));
    char type[64] = "";

    if (*project && !ai_item_tag(txn, account, AI_LANGUAGE_PROJECTS, project, type, sizeof(type))) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "The account has no project '%.100s'.", project);
    }
    if (kind && account_kind_lockbox(kind, *type ? type : NULL)) {
        return true;
    }
    rule_log_note(c->d, RULE_SEC_LOCKBOX, CMK_BROKEN);
    (void) az_fail(reterr, AZ_ERR_BAD_REQUEST, "Customer Lockbox is not available for %s '%s'%s.",
                   *type ? "projects of the type" : "accounts of the kind",
                   *type ? type : json_text(account, "kind"),
                   !*type && kind && kind->lockbox.value ? " without a project" : "");
    reterr->rule = "sec.lockbox";
    return false;
}

static bool count(void *ctx, json_t *request)
{
    size_t *n = ctx;

    (void) request;
    (*n)++;
    return true;
}

/* They are kept for review; somebody who asks for ever is stopped some time. */
static bool check_room(struct kvdb_txn *txn, struct az_error *reterr)
{
    size_t n = 0;

    if (!child_each(txn, OWNER, COLLECTION, count, &n)) {
        return az_fail_internal(reterr, "reading requests");
    }
    return n < LIMIT_LOCKBOX_REQUESTS ||
           az_fail(reterr, AZ_ERR_AI_QUOTA, "There are %zu Customer Lockbox requests already.", n);
}

static bool ask_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    static const char *const needed[] = {"account", "engineer", "supportRequestId"};
    const char *project = json_text(c->body, "project");
    AUTO_JSON *account = NULL;
    AUTO_JSON *request = json_object();
    guid_text id;

    guid_random(id);
    (void) json_object_set_new(request, "id", json_string(id));
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        size_t n = json_string_length(json_object_get(c->body, needed[i]));

        if (n == 0 || n > LIMIT_ACCOUNT_TEXT) {
            return az_fail(reterr, AZ_ERR_BAD_REQUEST, "'%s' is required.", needed[i]);
        }
        (void) json_object_set(request, needed[i], json_object_get(c->body, needed[i]));
    }
    if (strlen(project) > LIMIT_ACCOUNT_TEXT ||
        (json_object_get(c->body, "project") && !*project)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "'project' is not the name of a project.");
    }
    if (!find_account(txn, json_text(c->body, "account"), &account, reterr) ||
        !check_covered(c, txn, account, project, reterr)) {
        return false;
    }
    if (!check_room(txn, reterr)) {
        return false;
    }
    (void) json_object_set_new(request, "project", json_string(project));
    (void) json_object_set_new(request, "uid", json_string(json_text(account, "uid")));
    (void) json_object_set_new(request, "asked", json_integer(c->now_ms / 1000));
    return child_put(txn, OWNER, COLLECTION, id, request, reterr) && answer(c, 201, request);
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    return child_get(txn, OWNER, COLLECTION, provider_param(c, 0), ret, reterr) &&
           (*ret || az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no Lockbox request '%s'.",
                            provider_param(c, 0)));
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *request = NULL;

    return find(c, txn, &request, reterr) && answer(c, 200, request);
}

struct listing {
    struct provider_call *c;
    json_t *list;
};

static bool add(void *ctx, json_t *request)
{
    struct listing *l = ctx;

    return json_array_append_new(l->list, view(l->c, request)) == 0;
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *list = json_array();
    struct listing l = {c, list};

    if (!child_each(txn, OWNER, COLLECTION, add, &l)) {
        return az_fail_internal(reterr, "reading requests");
    }
    AUTO_JSON *doc = json_pack("{s:O}", "value", list);

    return provider_answer_json(c, 200, doc);
}

static bool decide_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *decision = json_text(c->body, "decision");
    AUTO_JSON *request = NULL;

    if (strcmp(decision, "approve") != 0 && strcmp(decision, "reject") != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "decision is 'approve' or 'reject'.");
    }
    if (!find(c, txn, &request, reterr)) {
        return false;
    }
    if (strcmp(state_of(c, request), "Pending") != 0) {
        return az_fail(reterr, AZ_ERR_CONFLICT, "The request is %s: there is nothing to decide.",
                       state_of(c, request));
    }
    (void) json_object_set_new(request, "decision", json_string(decision));
    (void) json_object_set_new(request, "decided", json_integer(c->now_ms / 1000));
    return child_put(txn, OWNER, COLLECTION, provider_param(c, 0), request, reterr) &&
           answer(c, 200, request);
}

/* The request is in force, and what it is about is there still. */
static bool check_access(struct provider_call *c, struct kvdb_txn *txn, json_t **request,
                         json_t **account, struct az_error *reterr)
{
    if (!find(c, txn, request, reterr)) {
        return false;
    }
    if (strcmp(state_of(c, *request), "Approved") != 0) {
        rule_log_note(c->d, RULE_SEC_LOCKBOX, CMK_BROKEN);
        (void) az_fail(reterr, AZ_ERR_AI_FORBIDDEN,
                       "The Customer Lockbox request is %s: the customer's data is not accessible.",
                       state_of(c, *request));
        reterr->rule = "sec.lockbox";
        return false;
    }
    if (!find_account(txn, json_text(*request, "account"), account, reterr)) {
        return false;
    }
    if (strcmp(json_text(*account, "uid"), json_text(*request, "uid")) != 0) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "The account of the request is gone.");
    }
    /* A project may have been replaced by one of another type. */
    return check_covered(c, txn, *account, json_text(*request, "project"), reterr);
}

/* A Lockbox approval is no way around the customer's key: it is asked as for any reader. */
static bool data_prepare(struct provider_call *c, struct az_error *reterr)
{
    AUTO_JSON *request = NULL;
    AUTO_JSON *account = NULL;
    struct kvdb_txn *txn = NULL;
    struct ai_data *d = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = check_access(c, txn, &request, &account, reterr);
    kvdb_abort(txn);
    ok = ok && ai_data_of(c, account, &d, reterr);
    c->prepared = d;
    c->prepared_free = ai_data_free;
    return ok;
}

/* What a file says, and not only that it is there; the same access, the same key. */
static bool content_prepare(struct provider_call *c, struct az_error *reterr)
{
    AUTO_JSON *request = NULL;
    AUTO_JSON *account = NULL;
    AUTO_JSON *file = NULL;
    struct kvdb_txn *txn = NULL;
    const char *id = provider_param(c, 1);
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = check_access(c, txn, &request, &account, reterr) &&
         (file_store_get(txn, json_text(account, "uid"), id, &file) ||
          az_fail(reterr, AZ_ERR_NOT_FOUND, "The account has no file '%.100s'.", id));
    kvdb_abort(txn);
    ok = ok && ai_content_open(c, account, file, reterr);
    if (ok) {
        rule_log_note(c->d, RULE_SEC_LOCKBOX, CMK_OBEYED);
    }
    return ok;
}

static void add_file(void *ctx, json_t *file)
{
    (void) json_array_append(ctx, file);
}

/* A project with its assets, or what an account of another kind keeps: its files. */
static bool data_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *request = NULL;
    AUTO_JSON *account = NULL;
    AUTO_JSON *projects = json_array();
    AUTO_JSON *files = json_array();
    AUTO_JSON *project = NULL;
    const char *name;

    if (!check_access(c, txn, &request, &account, reterr)) {
        return false;
    }
    name = json_text(request, "project");
    if (*name) {
        if (!ai_item_get(c->prepared, txn, AI_LANGUAGE_PROJECTS, name, &project, reterr)) {
            return false;
        }
        (void) json_array_append(projects, project);
    } else {
        json_decref(take_ptr(projects));
        if (!ai_item_list(c->prepared, txn, AI_LANGUAGE_PROJECTS, &projects, reterr)) {
            return false;
        }
        file_store_each(txn, json_text(account, "uid"), add_file, files);
    }
    rule_log_note(c->d, RULE_SEC_LOCKBOX, CMK_OBEYED);
    AUTO_JSON *doc = json_pack("{s:O,s:O,s:O}", "engineer", json_object_get(request, "engineer"),
                               "projects", projects, "files", files);

    return provider_answer_json(c, 200, doc);
}

#define ALL     "/_sim/lockbox/requests"
#define CONTENT ALL "/{r}/files/{f}/content"
/* clang-format off */
#define ROW(method, path, audit, exec, body, prepare, run) \
    {{method, path}, PPLANE_CONTROL, audit, exec, body, 0, NULL, prepare, run}
const struct provider_route provider_lockbox_routes[] = {
    ROW(HTTP_M_POST,  ALL,             "LockboxRequest", EXEC_WRITE, true,  NULL,         ask_run),
    ROW(HTTP_M_GET,   ALL,             NULL,             EXEC_LOOP,  false, NULL,         list_run),
    ROW(HTTP_M_GET,   ALL "/{r}",      NULL,             EXEC_LOOP,  false, NULL,         get_run),
    ROW(HTTP_M_PATCH, ALL "/{r}",      "LockboxDecide",  EXEC_WRITE, true,  NULL,         decide_run),
    ROW(HTTP_M_GET,   ALL "/{r}/data", "LockboxAccess",  EXEC_LOOP,  false, data_prepare, data_run),
    ROW(HTTP_M_GET,   CONTENT,         "LockboxAccess",  EXEC_LOOP,  false, content_prepare, ai_content_run),
};
/* clang-format on */
const size_t provider_lockbox_routes_len = ARRAY_LEN(provider_lockbox_routes);
