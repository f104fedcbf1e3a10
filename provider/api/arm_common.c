/* SPDX-License-Identifier: MIT */
/* What every resource type of the resource manager says in the same words: ARM's own errors. */
#include <string.h>

#include "common/json.h"
#include "provider/api/call.h"
#include "provider/domain/ai_catalogue.h"

bool arm_need_group(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct resource_group g;
    const char *group = provider_param(c, 1);

    return directory_get_group(txn, c->subscription.id, group, &g) ||
           az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                   "Resource group '%s' could not be found.", group);
}

bool arm_not_found(struct provider_call *c, const char *type, const char *name,
                   struct az_error *reterr)
{
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND,
                   "The Resource '%s/%s' under resource group '%s' was not found. For more details "
                   "please go to https://aka.ms/ARMResourceNotFoundFix",
                   type, name, provider_param(c, 1));
}

/* ARM's own texts: many documents and issues quote them. A Compute machine gets them too: what is
 * not simulated does not exist here. */
bool arm_no_such_type(struct provider_call *c, struct az_error *reterr)
{
    const char *version = http_param_get(&c->x->req, "api-version");
    const struct str_view *s = c->x->req.segments;
    const char *known;
    size_t i = 0;

    while (i < c->x->req.n_segments && !sv_ieq(s[i], "providers")) {
        i++;
    }
    if (i + 2 >= c->x->req.n_segments) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND, "The resource '%.200s' is not known here.",
                       c->x->req.target);
    }
    if (!version || !*version) {
        return az_fail(
            reterr, AZ_ERR_MISSING_API_VERSION,
            "The api-version query parameter (?api-version=) is required for all requests.");
    }
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    known = arm_known_namespace(s[i + 1]);
    return known ? az_fail(reterr, AZ_ERR_INVALID_RESOURCE_TYPE,
                           "The resource type could not be found in the namespace '%s' for api "
                           "version '%.64s'.",
                           known, version)
                 : az_fail(reterr, AZ_ERR_INVALID_RESOURCE_NAMESPACE,
                           "The resource namespace '%.*s' is invalid.",
                           (int) (s[i + 1].len < 128 ? s[i + 1].len : 128), s[i + 1].ptr);
}

bool arm_check_location(const char *type, const char *location, char region[32],
                        struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf all = {0};

    if (!location[0]) {
        return az_fail(reterr, AZ_ERR_LOCATION_REQUIRED,
                       "The location property is required for this definition.");
    }
    if (ai_region_find(location, region)) {
        return true;
    }
    for (size_t i = 0; i < ai_regions_count(); i++) {
        buf_fmt(&all, "%s%s", i > 0 ? "," : "", ai_region_at(i));
    }
    return az_fail(reterr, AZ_ERR_LOCATION_NOT_AVAILABLE,
                   "The provided location '%.64s' is not available for resource type '%s'. List of "
                   "available regions for the resource type is '%s'.",
                   location, type, buf_ok(&all) ? all.data : "");
}

void arm_resource_type(const struct arm_route *row, char *out, size_t size)
{
    const char *p = strstr(row->row.route.path, row->versions->ns);
    size_t n = 0;

    p = p ? p + strlen(row->versions->ns) : "";
    for (size_t len; *p == '/'; p += len) {
        len = 1 + strcspn(p + 1, "/");
        if (p[1] != '{' && n + len + 1 < size) {
            memcpy(out + n, n == 0 ? p + 1 : p, n == 0 ? len - 1 : len);
            n += n == 0 ? len - 1 : len;
        }
    }
    out[n] = '\0';
}

static bool is_listed(json_t *list, const char *name)
{
    json_t *other;
    size_t i;

    json_array_foreach(list, i, other)
    {
        if (strcmp(json_text(other, "name"), name) == 0) {
            return true;
        }
    }
    return false;
}

void arm_add_operations(json_t *list, const struct arm_route *rows, size_t n, bool with_origin)
{
    static const struct {
        unsigned methods;
        const char *verb;
        const char *text;
    } verbs[] = {
        {HTTP_M_GET,                "read",   "Reads"  },
        {HTTP_M_PUT | HTTP_M_PATCH, "write",  "Writes" },
        {HTTP_M_DELETE,             "delete", "Deletes"},
        {HTTP_M_POST,               "action", "Runs"   }
    };

    for (size_t i = 0; i < n * ARRAY_LEN(verbs); i++) {
        const struct arm_route *row = &rows[i / ARRAY_LEN(verbs)];
        size_t v = i % ARRAY_LEN(verbs);
        char type[160];
        char name[256];
        json_t *one;

        arm_resource_type(row, type, sizeof(type));
        (void) snprintf(name, sizeof(name), "%s/%s/%s", row->versions->ns, type, verbs[v].verb);
        if ((row->row.route.methods & verbs[v].methods) == 0 || is_listed(list, name)) {
            continue;
        }
        one = json_pack("{s:s,s:{s:s,s:s,s:o,s:o}}", "name", name, "display", "provider",
                        row->versions->ns, "resource", type, "operation",
                        json_sprintf("%s %s", verbs[v].text, type), "description",
                        json_sprintf("%s %s.", verbs[v].text, type));
        if (with_origin) {
            (void) json_object_set_new(one, "isDataAction", json_false());
            (void) json_object_set_new(one, "origin", json_string("user,system"));
        }
        (void) json_array_append_new(list, one);
    }
}
