/* SPDX-License-Identifier: MIT */
/* Every table of routes, by the host that has it; which row a request asks for, and in which
 * api-versions there is one. */
#include "provider/api/find.h"

#include <string.h>

#include "provider/api/account_child.h"
#include "provider/api/ai.h"
#include "provider/api/answer.h"
#include "provider/api/api.h"
#include "provider/api/face.h"
#include "provider/api/storage.h"

enum table_group { T_LOGIN, T_IDENTITY, T_GRAPH, T_AI, T_CONTROL, T_ARM };

struct table {
    enum table_group group; /* those of one host are searched in this order */
    const void *rows;
    const size_t *n;
    size_t stride; /* of a struct arm_route where operations know their versions */
};

/* clang-format off */
#define PLAIN(group, name) {group, provider_##name##_routes, &provider_##name##_routes_len, sizeof(struct provider_route)}
#define ARM(name)          {T_ARM, provider_##name##_routes, &provider_##name##_routes_len, sizeof(struct arm_route)}

static const struct table tables[] = {
    PLAIN(T_LOGIN, login),
    PLAIN(T_IDENTITY, identity),
    PLAIN(T_GRAPH, graph),
    PLAIN(T_AI, ai),
    {T_AI, provider_oai_routes, &provider_oai_routes_len, sizeof(struct arm_route)},
    PLAIN(T_AI, face),
    PLAIN(T_AI, face_set),
    PLAIN(T_AI, face_person),
    PLAIN(T_AI, language),
    PLAIN(T_AI, speech),
    PLAIN(T_CONTROL, control),
    PLAIN(T_CONTROL, rule),
    PLAIN(T_CONTROL, approval),
    PLAIN(T_CONTROL, lockbox),
    PLAIN(T_CONTROL, move),
    PLAIN(T_CONTROL, portal),
    PLAIN(T_ARM, authorization), /* before the resources that it is about */
    ARM(account),
    ARM(deleted_account),
    ARM(deployment),
    ARM(account_child),
    ARM(catalogue),
    ARM(user_identity),
    PLAIN(T_ARM, storage),
    PLAIN(T_ARM, arm),
};
/* clang-format on */

static bool find_in(struct provider_call *c, enum table_group group, struct az_error *reterr)
{
    unsigned allowed = 0;

    for (const struct table *t = tables; t < tables + ARRAY_LEN(tables); t++) {
        struct route_match m = {0};

        if (t->group == group) {
            m = route_find(t->rows, *t->n, t->stride, &c->x->req);
        }
        allowed |= m.allowed;
        if (m.route) {
            c->row = (const struct provider_route *) (const void *) m.route;
            c->arm_row = t->stride == sizeof(struct arm_route)
                             ? (const struct arm_route *) (const void *) m.route
                             : NULL;
            memcpy(c->params, m.params, sizeof(m.params));
            c->n_params = m.n_params;
            return true;
        }
    }
    if (group == T_AI) { /* the gateway knows a path by its method */
        return ai_no_such_path(reterr);
    }
    if (allowed != 0) {
        return az_fail(reterr, AZ_ERR_METHOD_NOT_ALLOWED_405,
                       "The HTTP method is not supported here.");
    }
    return group == T_ARM ? arm_no_such_type(c, reterr)
                          : az_fail(reterr, AZ_ERR_NOT_FOUND,
                                    "The resource '%.200s' is not known here.", c->x->req.target);
}

bool provider_find_row(struct provider_call *c, struct az_error *reterr)
{
    switch (c->site.service) {
    case SVC_MANAGEMENT:
        return find_in(c, T_ARM, reterr);
    case SVC_LOGIN:
        return find_in(c, T_LOGIN, reterr);
    case SVC_IDENTITY:
        return find_in(c, T_IDENTITY, reterr);
    case SVC_GRAPH:
        return find_in(c, T_GRAPH, reterr);
    case SVC_OPENAI:
    case SVC_COGNITIVE:
    case SVC_AI_SERVICES:
    case SVC_COGNITIVE_REGION:
        return find_in(c, T_AI, reterr);
    case SVC_VAULT:
        break;
    }
    return az_fail(reterr, AZ_ERR_NOT_FOUND, "The host '%.*s' is not served here.",
                   (int) c->x->req.host.len, c->x->req.host.ptr);
}

bool provider_find_control_row(struct provider_call *c, struct az_error *reterr)
{
    return find_in(c, T_CONTROL, reterr);
}

/* ARM's own text (issues of azure-sdk-for-js and acs-engine quote it). */
bool provider_find_version(struct provider_call *c, struct az_error *reterr)
{
    const struct arm_versions *v = c->arm_row ? c->arm_row->versions : NULL;
    CLEANUP(buf_done) struct buf known = {0};
    char type[128];

    if (!v) {
        return true;
    }
    c->version = arm_version_find(v, c->api_version);
    if (c->version >= 0 && (c->arm_row->in_versions & ARM_BIT(c->version)) != 0) {
        return true;
    }
    for (size_t i = 0; i < v->n; i++) {
        if ((c->arm_row->in_versions & ARM_BIT(i)) != 0) {
            buf_fmt(&known, "%s%s", known.len > 0 ? "," : "", v->names[i]);
        }
    }
    arm_resource_type(c->arm_row, type, sizeof(type));
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    return az_fail(
        reterr, AZ_ERR_INVALID_RESOURCE_TYPE,
        "The resource type '%s' could not be found in the namespace '%s' for api version "
        "'%.64s'. The supported api-versions are '%s'.",
        type, v->ns, c->api_version, buf_ok(&known) ? known.data : "");
}

static void print_row(FILE *out, const struct provider_route *r)
{
    static const char *const planes[] = {"login",    "metadata", "arm",    "graph",
                                         "identity", "ai",       "control"};

    for (unsigned m = 1; m <= HTTP_M_DELETE; m <<= 1) {
        if ((r->route.methods & m) != 0) {
            (void) fprintf(out, "%s\t%s\t%s\t%s\t%s\n", planes[r->plane],
                           http_method_name((enum http_method) m), r->route.path,
                           r->audit_name ? r->audit_name : "-",
                           r->exec == EXEC_WRITE ? "write" : "loop");
        }
    }
}

void provider_api_print_routes(FILE *out)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < *tables[t].n; i++) {
            print_row(out, (const void *) ((const char *) tables[t].rows + i * tables[t].stride));
        }
    }
}
