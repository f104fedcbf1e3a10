/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.Authorization/roleAssignments. Shapes: the service's REST reference (2022-04-01); error
 * texts as public issues and MicrosoftDocs role-based-access-control/troubleshooting.md quote them.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/auth.h"
#include "provider/api/role_sync.h"
#include "provider/api/roles.h"
#include "provider/store/role_store.h"

static const char *const principal_types[] = {
    [PRINCIPAL_SERVICE] = "ServicePrincipal",
    [PRINCIPAL_USER] = "User",
    [PRINCIPAL_SYSTEM_IDENTITY] = "ServicePrincipal",
    [PRINCIPAL_USER_IDENTITY] = "ServicePrincipal",
};

/* 2015-07-01 shows three members only. */
static bool is_short(const struct provider_call *c)
{
    return strncmp(c->api_version, "2018", 4) < 0;
}

static void set_or_null(json_t *to, const char *name, const json_t *from, const char *source)
{
    json_t *v = json_object_get(from, source);

    (void) json_object_set_new(to, name, v ? json_incref(v) : json_null());
}

static const char *type_of_principal(struct kvdb_txn *txn, const json_t *a)
{
    const char *given = json_text(a, "principalType");
    struct principal p;

    return *given                                                        ? given
           : directory_get_principal(txn, json_text(a, "principal"), &p) ? principal_types[p.kind]
                                                                         : "Unknown";
}

static json_t *assignment_json(struct provider_call *c, struct kvdb_txn *txn, const json_t *a)
{
    const char *scope = json_text(a, "scope");
    const char *sub = c->subscription.id;
    json_t *p = json_pack(
        "{s:o}", "roleDefinitionId",
        json_sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s", sub,
                     json_text(a, "role")));

    (void) json_object_set(p, "principalId", json_object_get(a, "principal"));
    if (is_short(c)) {
        (void) json_object_set(p, "scope", json_object_get(a, "scope"));
    } else {
        (void) json_object_set_new(p, "principalType", json_string(type_of_principal(txn, a)));
        (void) json_object_set(p, "scope", json_object_get(a, "scope"));
        set_or_null(p, "condition", a, "condition");
        set_or_null(p, "conditionVersion", a, "conditionVersion");
        set_or_null(p, "createdOn", a, "createdOn");
        set_or_null(p, "updatedOn", a, "updatedOn");
        set_or_null(p, "createdBy", a, "createdBy");
        set_or_null(p, "updatedBy", a, "updatedBy");
        set_or_null(p, "delegatedManagedIdentityResourceId", a, "delegated");
        set_or_null(p, "description", a, "description");
    }
    return json_pack("{s:o,s:o,s:s,s:O}", "properties", p, "id",
                     json_sprintf("%s/providers/Microsoft.Authorization/roleAssignments/%s", scope,
                                  json_text(a, "name")),
                     "type", "Microsoft.Authorization/roleAssignments", "name",
                     json_object_get(a, "name"));
}

/* 32 hex digits, as the service's errors name objects. */
static const char *hex_of(const char *guid, char out[GUID_TEXT_LEN + 1])
{
    size_t n = 0;

    for (; *guid && n < GUID_TEXT_LEN; guid++) {
        out[n] = *guid;
        n += *guid != '-' ? 1 : 0;
    }
    out[n] = '\0';
    return out;
}

static bool check_principal(struct provider_call *c, struct kvdb_txn *txn, const char *id,
                            const char *type, struct az_error *reterr)
{
    struct principal p;
    char hex[GUID_TEXT_LEN + 1];
    bool known;

    if (!guid_valid(id)) {
        return az_fail(reterr, AZ_ERR_INVALID_PRINCIPAL_ID,
                       "A valid principal ID must be provided for role assignment.");
    }
    known = directory_get_principal(txn, id, &p) && strcasecmp(p.tid, c->who.tid) == 0;
    if (!known && !*type) {
        return az_fail(
            reterr, AZ_ERR_PRINCIPAL_NOT_FOUND,
            "Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you "
            "are creating this principal and then immediately assigning a role, this error might be related to a "
            "replication delay. In this case, set the role assignment principalType property to a value, such as "
            "ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            hex_of(id, hex), c->who.tid);
    }
    if (known && *type && strcasecmp(type, principal_types[p.kind]) != 0) {
        return az_fail(
            reterr, AZ_ERR_UNMATCHED_PRINCIPAL_TYPE,
            "The PrincipalId '%s' has type '%s' , which is different from specified PrinciaplType "
            "'%.32s'.",
            hex_of(id, hex), principal_types[p.kind], type);
    }
    return true;
}

static bool check_role(struct kvdb_txn *txn, const char *definition, const char *scope,
                       struct az_error *reterr)
{
    const char *id = role_guid(definition);
    AUTO_JSON *role = guid_valid(id) ? role_find(txn, id) : NULL;
    json_t *s;
    size_t i;
    char hex[GUID_TEXT_LEN + 1];

    if (!role) {
        return az_fail(reterr, AZ_ERR_ROLE_DEFINITION_DOES_NOT_EXIST_400,
                       "The specified role definition with ID '%.40s' does not exist.",
                       hex_of(id, hex));
    }
    json_array_foreach(json_object_get(role, "scopes"), i, s)
    {
        if (rbac_scope_covers(json_string_value(s), scope)) {
            return true;
        }
    }
    return !json_object_get(role, "scopes") ||
           az_fail(
               reterr, AZ_ERR_BAD_REQUEST,
               "The role definition '%.40s' can't be assigned at the scope '%.400s': it is not among its "
               "assignable scopes.",
               id, scope);
}

struct twin {
    const json_t *wanted;
    guid_text name;
};

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
    return strcasecmp(json_text(a, name), json_text(b, name)) == 0;
}

static void find_twin(void *ctx, json_t *a)
{
    struct twin *t = ctx;

    if (same_text(a, t->wanted, "principal") && same_text(a, t->wanted, "role") &&
        same_text(a, t->wanted, "scope") && !same_text(a, t->wanted, "name")) {
        (void) snprintf(t->name, sizeof(t->name), "%s", json_text(a, "name"));
    }
}

static bool check_unique(struct kvdb_txn *txn, const json_t *doc, const json_t *before,
                         struct az_error *reterr)
{
    struct twin t = {doc, ""};
    char hex[GUID_TEXT_LEN + 1];

    if (before && (!same_text(doc, before, "principal") || !same_text(doc, before, "scope") ||
                   !same_text(doc, before, "role"))) {
        return az_fail(
            reterr, AZ_ERR_ROLE_ASSIGNMENT_UPDATE_NOT_PERMITTED,
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.");
    }
    role_store_each_assignment(txn, find_twin, &t);
    return !t.name[0] ||
           az_fail(
               reterr, AZ_ERR_ROLE_ASSIGNMENT_EXISTS,
               "The role assignment already exists. The ID of the existing role assignment is %s.",
               hex_of(t.name, hex));
}

static json_t *make_assignment(struct provider_call *c, const char *scope, const char *name,
                               const json_t *props, const json_t *before)
{
    static const char *const copied[] = {"principalType", "condition", "conditionVersion",
                                         "description"};
    json_t *now = role_now(c);
    json_t *doc = json_pack("{s:s,s:s,s:s,s:s}", "name", name, "scope", scope, "role",
                            role_guid(json_text(props, "roleDefinitionId")), "principal",
                            json_text(props, "principalId"));

    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        json_t *v = json_object_iget(props, copied[i]);

        if (json_is_string(v)) {
            (void) json_object_set(doc, copied[i], v);
        }
    }
    (void) json_object_set(doc, "createdOn", before ? json_object_get(before, "createdOn") : now);
    (void) json_object_set_new(doc, "updatedOn", now);
    (void) json_object_set_new(doc, "createdBy",
                               json_string(before ? json_text(before, "createdBy") : c->who.oid));
    (void) json_object_set_new(doc, "updatedBy", json_string(c->who.oid));
    return doc;
}

/* What is at the scope must be there: a group of ours, a vault of vaultd's. */
static bool check_scope(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct http_request *req = &c->x->req;
    struct resource_group g;
    struct vault_facts facts;
    char vault[64];

    if (req->n_segments < 5 || !sv_ieq(req->segments[2], "resourceGroups")) {
        return true;
    }
    if (!directory_get_group(txn, c->subscription.id, provider_param(c, 1), &g)) {
        return az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                       "Resource group '%s' could not be found.", provider_param(c, 1));
    }
    if (req->n_segments < 9 || !sv_ieq(req->segments[5], "Microsoft.KeyVault") ||
        !sv_ieq(req->segments[6], "vaults")) {
        return true;
    }
    (void) snprintf(vault, sizeof(vault), "%.*s",
                    (int) (req->segments[7].len < 63 ? req->segments[7].len : 63),
                    req->segments[7].ptr);
    if (!c->d->vaults->get_vault(c->d->vaults->ctx, vault, NULL, NULL, &facts, reterr)) {
        return false;
    }
    return (facts.exists && strcasecmp(facts.subscription, c->subscription.id) == 0) ||
           az_fail(
               reterr, AZ_ERR_RESOURCE_NOT_FOUND,
               "The Resource 'Microsoft.KeyVault/vaults/%s' under resource group '%s' was not found. For more "
               "details please go to https://aka.ms/ARMResourceNotFoundFix",
               vault, g.name);
}

static bool judge_put(struct provider_call *c, struct kvdb_txn *txn, json_t **change,
                      struct az_error *reterr)
{
    json_t *props = json_object_iget(c->body, "properties");
    char scope[ARM_SCOPE_MAX];
    char name[256];

    if (!role_version_check(c, "roleAssignments", reterr) || !check_scope(c, txn, reterr) ||
        !role_path(c, scope, name, reterr)) {
        return false;
    }
    if (!guid_valid(name)) {
        return az_fail(
            reterr, AZ_ERR_INVALID_ROLE_ASSIGNMENT_ID,
            "The role assignment ID '%.64s' is not valid. The role assignment ID must be a GUID.",
            name);
    }
    props =
        json_is_object(props) ? props : c->body; /* 2015-07-01 clients may leave the wrapper out */
    AUTO_JSON *before = role_store_get_assignment(txn, name);
    AUTO_JSON *doc = make_assignment(c, scope, name, props, before);

    if (!check_principal(c, txn, json_text(props, "principalId"), json_text(props, "principalType"),
                         reterr) ||
        !check_role(txn, json_text(props, "roleDefinitionId"), scope, reterr) ||
        !check_unique(txn, doc, before, reterr)) {
        return false;
    }
    *change = json_pack("{s:[O]}", "assignments", doc);
    return true;
}

bool role_assignment_put_prepare(struct provider_call *c, struct az_error *reterr)
{
    return role_sync_prepare(c, judge_put, reterr);
}

bool role_assignment_put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const json_t *doc;

    if (!role_sync_is_current(c, txn)) {
        c->retry_prepare = true;
        return true;
    }
    doc = json_array_get(json_object_get(role_sync_prepared(c), "assignments"), 0);
    AUTO_JSON *before = role_store_get_assignment(txn, json_text(doc, "name"));

    if (!role_store_put_assignment(txn, doc, reterr)) {
        return false;
    }
    AUTO_JSON *out = assignment_json(c, txn, doc);

    return provider_answer_json(c, before ? 200 : 201, out);
}

struct search {
    struct provider_call *c;
    struct kvdb_txn *txn;
    const char *scope;
    const char *name;      /* NULL: any */
    const char *principal; /* "": any */
    bool at_scope;         /* not below */
    json_t *list;
};

static void collect(void *ctx, json_t *a)
{
    struct search *s = ctx;
    const char *at = json_text(a, "scope");
    bool above = rbac_scope_covers(at, s->scope);
    bool below = rbac_scope_covers(s->scope, at);

    if (s->name
            ? strcasecmp(json_text(a, "name"), s->name) == 0 && strcasecmp(at, s->scope) == 0
            : (above || (below && !s->at_scope)) &&
                  (!*s->principal || strcasecmp(json_text(a, "principal"), s->principal) == 0)) {
        (void) json_array_append_new(s->list, assignment_json(s->c, s->txn, a));
    }
}

bool role_assignment_get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];
    char name[256];

    if (!role_version_check(c, "roleAssignments", reterr) || !role_path(c, scope, name, reterr)) {
        return false;
    }
    AUTO_JSON *list = json_array();
    struct search s = {c, txn, scope, name, "", true, list};

    role_store_each_assignment(txn, collect, &s);
    return json_array_size(list) > 0 ? provider_answer_json(c, 200, json_array_get(list, 0))
                                     : az_fail(reterr, AZ_ERR_ROLE_ASSIGNMENT_NOT_FOUND,
                                               "The role assignment '%.64s' is not found.", name);
}

bool role_assignment_list_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    const char *filter = http_param_get(&c->x->req, "$filter");
    char scope[ARM_SCOPE_MAX];
    char principal[64] = "";
    char rest[256];

    if (!role_version_check(c, "roleAssignments", reterr) || !role_path(c, scope, rest, reterr)) {
        return false;
    }
    if (!role_filter(c, "principalId eq", principal, sizeof(principal))) {
        (void) role_filter(c, "assignedTo(", principal, sizeof(principal));
    }
    struct search s = {
        c, txn, scope, NULL, principal, filter && strcasestr(filter, "atScope()"), json_array()};

    role_store_each_assignment(txn, collect, &s);
    AUTO_JSON *doc = json_pack("{s:o}", "value", s.list);

    return provider_answer_json(c, 200, doc);
}

static bool judge_delete(struct provider_call *c, struct kvdb_txn *txn, json_t **change,
                         struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];
    char name[256];

    if (!role_version_check(c, "roleAssignments", reterr) || !role_path(c, scope, name, reterr)) {
        return false;
    }
    AUTO_JSON *before = role_store_get_assignment(txn, name);
    AUTO_JSON *list = json_array();
    struct search s = {c, txn, scope, name, "", true, list};

    role_store_each_assignment(txn, collect, &s);
    if (!before && json_array_size(list) > 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The owner of a simulated subscription can't be taken away.");
    }
    *change = before && strcasecmp(json_text(before, "scope"), scope) == 0
                  ? json_pack("{s:[s]}", "deletedAssignments", name)
                  : json_object();
    return true;
}

bool role_assignment_delete_prepare(struct provider_call *c, struct az_error *reterr)
{
    return role_sync_prepare(c, judge_delete, reterr);
}

bool role_assignment_delete_run(struct provider_call *c, struct kvdb_txn *txn,
                                struct az_error *reterr)
{
    const char *name;

    if (!role_sync_is_current(c, txn)) {
        c->retry_prepare = true;
        return true;
    }
    name = json_string_value(
        json_array_get(json_object_get(role_sync_prepared(c), "deletedAssignments"), 0));
    AUTO_JSON *before = name ? role_store_get_assignment(txn, name) : NULL;

    if (!before) {
        return provider_answer_empty(c, 204);
    }
    AUTO_JSON *out = assignment_json(c, txn, before);

    role_store_del_assignment(txn, name);
    return (!kvdb_failed(txn) && provider_answer_json(c, 200, out)) ||
           az_fail_internal(reterr, "deleting a role assignment");
}

static void collect_permissions(void *ctx, json_t *a)
{
    struct search *s = ctx;

    if (strcasecmp(json_text(a, "principal"), s->c->who.oid) == 0 &&
        rbac_scope_covers(json_text(a, "scope"), s->scope)) {
        AUTO_JSON *role = role_find(s->txn, json_text(a, "role"));

        (void) json_array_extend(s->list, json_object_get(role, "permissions"));
    }
}

/* What the caller may do at the scope: the permissions of the roles that are theirs there. */
bool role_permissions_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];
    char rest[256];

    if (!role_path(c, scope, rest, reterr)) {
        return false;
    }
    struct search s = {c, txn, scope, NULL, "", false, json_array()};

    role_store_each_assignment(txn, collect_permissions, &s);
    AUTO_JSON *doc = json_pack("{s:o}", "value", s.list);

    return provider_answer_json(c, 200, doc);
}

static bool send_forgotten(struct providerd *d, const char *scope, bool roles,
                           struct az_error *reterr)
{
    AUTO_JSON *change = json_object();
    struct kvdb_txn *txn = NULL;

    if (!kvdb_begin_read(d->db, &txn, reterr)) {
        return false;
    }
    (void) json_object_set_new(change, "deletedAssignments", role_store_names_below(txn, scope));
    if (roles) {
        (void) json_object_set_new(change, "deletedRoles", role_store_roles_below(txn, scope));
    }
    kvdb_abort(txn);
    return (json_array_size(json_object_get(change, "deletedAssignments")) == 0 &&
            json_array_size(json_object_get(change, "deletedRoles")) == 0) ||
           role_sync_send(d, change, reterr);
}

static void drop(struct kvdb_txn *txn, json_t *names,
                 void (*del)(struct kvdb_txn *txn, const char *name))
{
    AUTO_JSON *owned = names;
    json_t *name;
    size_t i;

    json_array_foreach(owned, i, name)
    {
        del(txn, json_string_value(name));
    }
}

bool role_forget_below(struct providerd *d, const char *scope, struct az_error *reterr)
{
    return send_forgotten(d, scope, false, reterr);
}

void role_drop_below(struct kvdb_txn *txn, const char *scope)
{
    drop(txn, role_store_names_below(txn, scope), role_store_del_assignment);
}

bool role_forget_all_below(struct providerd *d, const char *scope, struct az_error *reterr)
{
    return send_forgotten(d, scope, true, reterr);
}

void role_drop_all_below(struct kvdb_txn *txn, const char *scope)
{
    role_drop_below(txn, scope);
    drop(txn, role_store_roles_below(txn, scope), role_store_del_role);
}
