/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.Authorization/roleDefinitions: built-in ones from the table, custom ones from the
 * store. Shapes: the service's REST reference; limits and texts: MicrosoftDocs
 * role-based-access-control/{custom-roles,troubleshooting}.md.
 */
#include "provider/api/role_definitions.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/role_sync.h"
#include "provider/api/roles.h"
#include "provider/domain/builtin_roles.h"
#include "provider/store/role_store.h"

static const char *const versions[] = {
    "2015-07-01",         "2017-10-01-preview", "2018-01-01-preview", "2018-07-01",
    "2018-09-01-preview", "2020-03-01-preview", "2020-04-01-preview", "2020-08-01-preview",
    "2020-10-01",         "2020-10-01-preview", "2021-04-01-preview", "2022-04-01",
    "2022-05-01-preview",
};

bool role_version_check(struct provider_call *c, const char *type, struct az_error *reterr)
{
    char list[400] = "";
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (strcasecmp(versions[i], c->api_version) == 0) {
            return true;
        }
        n += (size_t) snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? "," : "", versions[i]);
    }
    return az_fail(
        reterr, AZ_ERR_INVALID_RESOURCE_TYPE,
        "The resource type '%s' could not be found in the namespace 'Microsoft.Authorization' for api "
        "version '%.40s'. The supported api-versions are '%s'.",
        type, c->api_version, list);
}

bool role_path(struct provider_call *c, char scope[ARM_SCOPE_MAX], char id[256],
               struct az_error *reterr)
{
    const struct http_request *req = &c->x->req;
    size_t n = req->n_segments;
    struct str_view last;

    while (n > 1 && req->segments[n - 1].len == 0) {
        n--;
    }
    last = req->segments[n - 1];
    (void) snprintf(id, 256, "%.*s", (int) (last.len < 255 ? last.len : 255), last.ptr);
    return arm_authorization_scope(req, scope) ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST, "The scope of the request is not valid.");
}

const char *role_guid(const char *definition_id)
{
    const char *at = strcasestr(definition_id, "/roleDefinitions/");

    return at ? at + strlen("/roleDefinitions/") : guid_valid(definition_id) ? definition_id : "";
}

bool role_filter(const struct provider_call *c, const char *word, char *out, size_t size)
{
    const char *filter = http_param_get(&c->x->req, "$filter");
    const char *p = filter ? strcasestr(filter, word) : NULL;

    p = p ? strchr(p + strlen(word) - 1, '\'') : NULL;
    (void) snprintf(out, size, "%.*s", p ? (int) strcspn(p + 1, "'") : 0, p ? p + 1 : "");
    return p != NULL;
}

json_t *role_now(const struct provider_call *c)
{
    char when[TIME_TEXT_MAX];

    return json_string(time_format(when, c->now_ms, TIME_100NS));
}

json_t *role_find(struct kvdb_txn *txn, const char *id)
{
    const struct builtin_role *b = builtin_role_by_id(id);

    return b ? json_pack("{s:s,s:s,s:s,s:o}", "id", b->id, "roleName", b->name, "description",
                         b->description, "permissions", builtin_role_permissions(b))
             : role_store_get_role(txn, id);
}

/* The id is rendered in the subscription that was asked, at the tenant without one. */
static json_t *definition_json(const struct provider_call *c, const json_t *role)
{
    json_t *scopes = json_object_get(role, "scopes");
    json_t *created = json_object_get(role, "createdOn");
    json_t *p = json_pack("{s:O,s:s,s:O,s:o,s:O}", "roleName", json_object_get(role, "roleName"),
                          "type", scopes ? "CustomRole" : "BuiltInRole", "description",
                          json_object_get(role, "description"), "assignableScopes",
                          scopes ? json_incref(scopes) : json_pack("[s]", "/"), "permissions",
                          json_object_get(role, "permissions"));
    static const char *const tracked[] = {"createdOn", "updatedOn", "createdBy", "updatedBy"};

    for (size_t i = 0; i < ARRAY_LEN(tracked); i++) {
        json_t *v = json_object_get(role, tracked[i]);

        (void) json_object_set_new(p, tracked[i], created && v ? json_incref(v) : json_null());
    }
    return json_pack(
        "{s:o,s:o,s:s,s:O}", "properties", p, "id",
        json_sprintf(c->subscription.id[0]
                         ? "/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s"
                         : "%s/providers/Microsoft.Authorization/roleDefinitions/%s",
                     c->subscription.id, json_text(role, "id")),
        "type", "Microsoft.Authorization/roleDefinitions", "name", json_object_get(role, "id"));
}

bool role_definition_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];
    char id[256];

    if (!role_version_check(c, "roleDefinitions", reterr) || !role_path(c, scope, id, reterr)) {
        return false;
    }
    AUTO_JSON *role = role_find(txn, id);

    if (!role) {
        return az_fail(reterr, AZ_ERR_ROLE_DEFINITION_DOES_NOT_EXIST,
                       "The specified role definition with ID '%.64s' does not exist.", id);
    }
    AUTO_JSON *doc = definition_json(c, role);

    return provider_answer_json(c, 200, doc);
}

struct search {
    struct provider_call *c;
    const char *scope;
    const char *name; /* "": any */
    const char *type; /* "": any */
    bool below;
    json_t *list;
};

static bool reaches(const struct search *s, const json_t *role)
{
    json_t *at;
    size_t i;

    json_array_foreach(json_object_get(role, "scopes"), i, at)
    {
        const char *text = json_string_value(at);

        if (rbac_scope_covers(text, s->scope) || (s->below && rbac_scope_covers(s->scope, text))) {
            return true;
        }
    }
    return !json_object_get(role, "scopes");
}

static void collect(void *ctx, json_t *role)
{
    struct search *s = ctx;
    const char *type = json_object_get(role, "scopes") ? "CustomRole" : "BuiltInRole";

    if ((!*s->name || strcasecmp(s->name, json_text(role, "roleName")) == 0) &&
        (!*s->type || strcasecmp(s->type, type) == 0) && reaches(s, role)) {
        (void) json_array_append_new(s->list, definition_json(s->c, role));
    }
}

bool role_definition_list_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    const char *filter = http_param_get(&c->x->req, "$filter");
    char scope[ARM_SCOPE_MAX];
    char rest[256];
    char name[256];
    char type[32];

    if (!role_version_check(c, "roleDefinitions", reterr) || !role_path(c, scope, rest, reterr)) {
        return false;
    }
    (void) role_filter(c, "roleName eq", name, sizeof(name));
    (void) role_filter(c, "type eq", type, sizeof(type));
    struct search s = {
        c, scope, name, type, filter && strcasestr(filter, "atScopeAndBelow"), json_array()};

    for (size_t i = 0; i < builtin_roles_len; i++) {
        AUTO_JSON *role = role_find(txn, builtin_roles[i].id);

        collect(&s, role);
    }
    role_store_each_role(txn, collect, &s);
    AUTO_JSON *doc = json_pack("{s:o}", "value", s.list);

    return provider_answer_json(c, 200, doc);
}

static bool invalid(struct az_error *reterr, const char *what)
{
    return az_fail(reterr, AZ_ERR_INVALID_ROLE_DEFINITION, "The role definition is invalid: %s.",
                   what);
}

static bool texts_only(const json_t *list)
{
    json_t *v;
    size_t i;

    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v) || json_string_length(v) == 0 ||
            json_string_length(v) >= ARM_ACTION_MAX) {
            return false;
        }
    }
    return !list || json_is_array(list);
}

static bool take_permissions(const json_t *given, json_t **ret, struct az_error *reterr)
{
    static const char *const kinds[] = {"actions", "notActions", "dataActions", "notDataActions"};
    AUTO_JSON *out = json_array();
    json_t *p;
    size_t i;

    if (!json_is_array(given) || json_array_size(given) == 0 ||
        json_array_size(given) > LIMIT_ROLE_PERMISSIONS) {
        return invalid(reterr, "it has no permissions, or too many");
    }
    json_array_foreach(given, i, p)
    {
        json_t *one = json_object();

        (void) json_array_append_new(out, one);
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            json_t *list = json_object_iget(p, kinds[k]);

            if (!texts_only(list)) {
                return invalid(reterr, "its actions are not lists of texts");
            }
            (void) json_object_set_new(one, kinds[k], list ? json_deep_copy(list) : json_array());
        }
    }
    *ret = take_ptr(out);
    return true;
}

static bool check_scopes(const json_t *scopes, struct az_error *reterr)
{
    json_t *s;
    size_t i;

    if (!json_is_array(scopes) || json_array_size(scopes) == 0 ||
        json_array_size(scopes) > LIMIT_ROLE_SCOPES) {
        return invalid(reterr, "it has no assignable scopes, or too many");
    }
    json_array_foreach(scopes, i, s)
    {
        if (!json_is_string(s) || strncasecmp(json_string_value(s), "/subscriptions/", 15) != 0 ||
            json_string_length(s) >= ARM_SCOPE_MAX) {
            return invalid(reterr, "an assignable scope is no subscription and not in one");
        }
    }
    return true;
}

struct twin {
    const char *id;
    const char *name;
    bool found;
};

static void find_twin(void *ctx, json_t *role)
{
    struct twin *t = ctx;

    t->found = t->found || (strcasecmp(json_text(role, "roleName"), t->name) == 0 &&
                            strcasecmp(json_text(role, "id"), t->id) != 0);
}

static bool check_name(struct kvdb_txn *txn, const char *id, const char *name,
                       struct az_error *reterr)
{
    struct twin t = {id, name, false};

    if (!*name || strlen(name) > LIMIT_ROLE_NAME) {
        return invalid(reterr, "its name is missing or too long");
    }
    for (size_t i = 0; i < builtin_roles_len; i++) {
        t.found = t.found || strcasecmp(builtin_roles[i].name, name) == 0;
    }
    role_store_each_role(txn, find_twin, &t);
    return !t.found ||
           az_fail(reterr, AZ_ERR_ROLE_DEFINITION_WITH_SAME_NAME,
                   "A custom role with the same name already exists in this directory. Use a "
                   "different name.");
}

static bool judge_put(struct provider_call *c, struct kvdb_txn *txn, json_t **change,
                      struct az_error *reterr)
{
    json_t *props = json_object_iget(c->body, "properties");
    json_t *scopes = json_object_iget(props, "assignableScopes");
    const char *name = json_text(props, "roleName");
    char scope[ARM_SCOPE_MAX];
    char id[256];
    AUTO_JSON *permissions = NULL;

    if (!role_version_check(c, "roleDefinitions", reterr) || !role_path(c, scope, id, reterr)) {
        return false;
    }
    if (!guid_valid(id) || builtin_role_by_id(id)) {
        return az_fail(
            reterr, AZ_ERR_INVALID_ROLE_DEFINITION,
            "The role definition ID '%.64s' is not valid: a GUID that no built-in role has is expected.",
            id);
    }
    if (!check_name(txn, id, name, reterr) || !check_scopes(scopes, reterr) ||
        !take_permissions(json_object_iget(props, "permissions"), &permissions, reterr)) {
        return false;
    }
    AUTO_JSON *before = role_store_get_role(txn, id);
    AUTO_JSON *now = role_now(c);

    *change = json_pack("{s:[{s:s,s:s,s:s,s:O,s:O,s:O,s:O,s:s,s:s}]}", "roles", "id", id,
                        "roleName", name, "description", json_text(props, "description"), "scopes",
                        scopes, "permissions", permissions, "createdOn",
                        before ? json_object_get(before, "createdOn") : now, "updatedOn", now,
                        "createdBy", before ? json_text(before, "createdBy") : c->who.oid,
                        "updatedBy", c->who.oid);
    return *change || az_fail_internal(reterr, "out of memory");
}

bool role_definition_put_prepare(struct provider_call *c, struct az_error *reterr)
{
    return role_sync_prepare(c, judge_put, reterr);
}

bool role_definition_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *doc;

    if (!role_sync_is_current(c, txn)) {
        c->retry_prepare = true;
        return true;
    }
    doc = json_array_get(json_object_get(role_sync_prepared(c), "roles"), 0);
    if (!role_store_put_role(txn, doc, reterr)) {
        return false;
    }
    AUTO_JSON *out = definition_json(c, doc);

    return provider_answer_json(c, 201, out);
}

struct use {
    const char *id;
    bool found;
};

static void find_use(void *ctx, json_t *a)
{
    struct use *u = ctx;

    u->found = u->found || strcasecmp(json_text(a, "role"), u->id) == 0;
}

static bool judge_delete(struct provider_call *c, struct kvdb_txn *txn, json_t **change,
                         struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];
    char id[256];
    struct use use = {id, false};

    if (!role_version_check(c, "roleDefinitions", reterr) || !role_path(c, scope, id, reterr)) {
        return false;
    }
    if (builtin_role_by_id(id)) {
        return invalid(reterr, "a built-in role can't be deleted");
    }
    AUTO_JSON *role = role_store_get_role(txn, id);

    role_store_each_assignment(txn, find_use, &use);
    if (role && use.found) {
        return az_fail(
            reterr, AZ_ERR_ROLE_DEFINITION_HAS_ASSIGNMENTS,
            "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)");
    }
    *change = role ? json_pack("{s:[s]}", "deletedRoles", id) : json_object();
    return true;
}

bool role_definition_delete_prepare(struct provider_call *c, struct az_error *reterr)
{
    return role_sync_prepare(c, judge_delete, reterr);
}

bool role_definition_delete_run(struct provider_call *c, struct kvdb_txn *txn,
                                struct az_error *reterr)
{
    const char *id;

    if (!role_sync_is_current(c, txn)) {
        c->retry_prepare = true;
        return true;
    }
    id = json_string_value(
        json_array_get(json_object_get(role_sync_prepared(c), "deletedRoles"), 0));
    AUTO_JSON *before = id ? role_store_get_role(txn, id) : NULL;

    if (!before) {
        return provider_answer_empty(c, 204);
    }
    AUTO_JSON *out = definition_json(c, before);

    role_store_del_role(txn, id);
    return (!kvdb_failed(txn) && provider_answer_json(c, 200, out)) ||
           az_fail_internal(reterr, "deleting a role definition");
}
