/* SPDX-License-Identifier: MIT */
/* Roles and assignments as JSON documents of the caller's; this file keeps references and judges.
 */
#include "common/rbac.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"

struct rbac_set {
    json_t *roles;       /* id, lower case -> permissions */
    json_t *assignments; /* principal, lower case -> [assignment] */
};

struct rbac_set *rbac_set_new(void)
{
    struct rbac_set *s = calloc(1, sizeof(*s));

    if (s) {
        s->roles = json_object();
        s->assignments = json_object();
    }
    if (s && (!s->roles || !s->assignments)) {
        rbac_set_free(s);
        return NULL;
    }
    return s;
}

void rbac_set_free(struct rbac_set *s)
{
    if (s) {
        json_decref(s->roles);
        json_decref(s->assignments);
        free(s);
    }
}

static void lower_guid(guid_text out, const char *text)
{
    size_t i;

    for (i = 0; i < GUID_TEXT_LEN && text[i]; i++) {
        out[i] = (char) tolower((unsigned char) text[i]);
    }
    out[i] = '\0';
}

bool rbac_set_add_role(struct rbac_set *s, const json_t *role)
{
    const char *id = json_text(role, "id");
    json_t *permissions = json_object_get(role, "permissions");
    guid_text key;

    if (!guid_valid(id) || !json_is_array(permissions)) {
        return false;
    }
    lower_guid(key, id);
    return json_object_set(s->roles, key, permissions) == 0;
}

bool rbac_set_add_assignment(struct rbac_set *s, const json_t *assignment)
{
    const char *principal = json_text(assignment, "principal");
    json_t *list;
    guid_text key;

    if (!guid_valid(principal) || !guid_valid(json_text(assignment, "role")) ||
        !guid_valid(json_text(assignment, "name")) || json_text(assignment, "scope")[0] != '/') {
        return false;
    }
    lower_guid(key, principal);
    list = json_object_get(s->assignments, key);
    if (!list) {
        list = json_array();
        if (!list || json_object_set_new(s->assignments, key, list) != 0) {
            return false;
        }
    }
    return json_array_append_new(list, json_deep_copy(assignment)) == 0;
}

bool rbac_action_matches(const char *pattern, const char *action)
{
    const char *star = NULL; /* the last '*', and what it has taken so far */
    const char *taken = NULL;

    while (*action) {
        if (*pattern == '*') {
            star = pattern++;
            taken = action;
        } else if (*pattern &&
                   tolower((unsigned char) *pattern) == tolower((unsigned char) *action)) {
            pattern++;
            action++;
        } else if (star) {
            pattern = star + 1;
            action = ++taken;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return !*pattern;
}

bool rbac_scope_covers(const char *scope, const char *resource)
{
    size_t len = strlen(scope);

    while (len > 0 && scope[len - 1] == '/') {
        len--;
    }
    return strncasecmp(scope, resource, len) == 0 &&
           (resource[len] == '\0' || resource[len] == '/');
}

static bool any_matches(const json_t *patterns, const char *action)
{
    json_t *p;
    size_t i;

    json_array_foreach(patterns, i, p)
    {
        if (json_is_string(p) && rbac_action_matches(json_string_value(p), action)) {
            return true;
        }
    }
    return false;
}

static bool changes_assignments(const char *action)
{
    return strcasecmp(action, "Microsoft.Authorization/roleAssignments/write") == 0 ||
           strcasecmp(action, "Microsoft.Authorization/roleAssignments/delete") == 0;
}

static bool permission_allows(const json_t *p, enum rbac_plane plane, const char *action)
{
    bool data = plane == RBAC_DATA;

    if (json_is_string(json_object_get(p, "condition")) && changes_assignments(action)) {
        return false;
    }
    return any_matches(json_object_get(p, data ? "dataActions" : "actions"), action) &&
           !any_matches(json_object_get(p, data ? "notDataActions" : "notActions"), action);
}

static bool role_allows(const struct rbac_set *s, const char *role, enum rbac_plane plane,
                        const char *action)
{
    guid_text key;
    json_t *p;
    size_t i;

    lower_guid(key, role);
    json_array_foreach(json_object_get(s->roles, key), i, p)
    {
        if (permission_allows(p, plane, action)) {
            return true;
        }
    }
    return false;
}

static json_t *assignments_of(const struct rbac_set *s, const char *principal)
{
    guid_text key;

    lower_guid(key, principal);
    return json_object_get(s->assignments, key);
}

const char *rbac_allows(const struct rbac_set *s, const char *principal, enum rbac_plane plane,
                        const char *action, const char *resource)
{
    json_t *a;
    size_t i;

    json_array_foreach(assignments_of(s, principal), i, a)
    {
        if (!json_is_string(json_object_get(a, "condition")) &&
            rbac_scope_covers(json_text(a, "scope"), resource) &&
            role_allows(s, json_text(a, "role"), plane, action)) {
            return json_text(a, "name");
        }
    }
    return NULL;
}

bool rbac_knows(const struct rbac_set *s, const char *principal, const char *scope)
{
    json_t *a;
    size_t i;

    json_array_foreach(assignments_of(s, principal), i, a)
    {
        const char *at = json_text(a, "scope");

        if (rbac_scope_covers(at, scope) || rbac_scope_covers(scope, at)) {
            return true;
        }
    }
    return false;
}
