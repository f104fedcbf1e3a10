/* SPDX-License-Identifier: MIT */
/* The slice of Graph that az and Terraform ask for (clients.md sections 5.4 and 8). */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/rule_log.h"

static json_t *principal_json(const struct principal *p)
{
    if (p->kind == PRINCIPAL_USER) {
        return json_pack("{s:s,s:s,s:s,s:s}", "@odata.type", "#microsoft.graph.user", "id", p->oid,
                         "displayName", p->display_name, "userPrincipalName", p->upn);
    }
    json_t *doc = json_pack("{s:s,s:s,s:s,s:s,s:s,s:[s]}", "@odata.type",
                            "#microsoft.graph.servicePrincipal", "id", p->oid, "appId", p->appid,
                            "displayName", p->display_name, "servicePrincipalType",
                            p->kind == PRINCIPAL_SERVICE ? "Application" : "ManagedIdentity",
                            "servicePrincipalNames", p->appid);

    /* Documented for managed identities: whose they are. */
    if (p->kind != PRINCIPAL_SERVICE) {
        (void) json_object_set_new(
            doc, "alternativeNames",
            json_pack("[s,s]",
                      p->kind == PRINCIPAL_USER_IDENTITY ? "isExplicit=True" : "isExplicit=False",
                      p->resource_id));
    }
    return doc;
}

static bool me_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct principal p;

    if (!directory_get_principal(txn, c->who.oid, &p) || p.kind != PRINCIPAL_USER) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "/me request is only valid with delegated authentication flow.");
    }
    AUTO_JSON *doc = principal_json(&p);

    return provider_answer_json(c, 200, doc);
}

struct search {
    json_t *list;
    const char *text; /* the filter's quoted value; NULL: all */
    const char *tid;
    bool users;
    bool named_identity; /* a resource's identity was found by its name (id.named-as-resource) */
};

static void add_match(void *ctx, const struct principal *p)
{
    struct search *s = ctx;

    if ((p->kind == PRINCIPAL_USER) != s->users || strcasecmp(p->tid, s->tid) != 0) {
        return;
    }
    if (!s->text || strcasecmp(s->text, p->appid) == 0 || strcasecmp(s->text, p->oid) == 0 ||
        strcasecmp(s->text, p->display_name) == 0 || strcasecmp(s->text, p->upn) == 0) {
        (void) json_array_append_new(s->list, principal_json(p));
        s->named_identity = s->named_identity || (s->text && p->kind == PRINCIPAL_SYSTEM_IDENTITY &&
                                                  strcasecmp(s->text, p->display_name) == 0);
    }
}

static bool is_by_name(const char *filter)
{
    return filter && strncasecmp(filter, "displayName", strlen("displayName")) == 0;
}

/* "servicePrincipalNames/any(c:c eq 'X')", "displayName eq 'X'": what stands between the quotes. */
static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *filter = http_param_get(&c->x->req, "$filter");
    const char *open = filter ? strchr(filter, '\'') : NULL;
    char text[256] = "";
    struct search s = {json_array(), open ? text : NULL, c->who.tid,
                       sv_ieq(c->x->req.segments[1], "users"), false};

    (void) reterr;
    if (open) {
        (void) snprintf(text, sizeof(text), "%.*s", (int) strcspn(open + 1, "'"), open + 1);
    }
    directory_each_principal(txn, add_match, &s);
    if (!s.users && is_by_name(filter)) {
        rule_log_note(c->d, RULE_ID_NAMED_AS_RESOURCE, s.named_identity ? CMK_OBEYED : CMK_BROKEN);
    }
    AUTO_JSON *doc = json_pack("{s:o}", "value", s.list);

    return provider_answer_json(c, 200, doc);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct principal p;
    const char *id = provider_param(c, 0);

    if ((!directory_get_principal(txn, id, &p) && !directory_get_principal_by_appid(txn, id, &p)) ||
        strcasecmp(p.tid, c->who.tid) != 0) {
        return az_fail(
            reterr, AZ_ERR_GRAPH_NOT_FOUND,
            "Resource '%s' does not exist or one of its queried reference-property objects are not present.",
            id);
    }
    AUTO_JSON *doc = principal_json(&p);

    return provider_answer_json(c, 200, doc);
}

static bool by_ids_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list = json_array();
    json_t *id;
    size_t i;

    (void) reterr;
    json_array_foreach(json_object_get(c->body, "ids"), i, id)
    {
        struct principal p;

        if (json_is_string(id) && directory_get_principal(txn, json_string_value(id), &p)) {
            (void) json_array_append_new(list, principal_json(&p));
        }
    }
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return provider_answer_json(c, 200, doc);
}

#define ROW(method, path, body, run)                                            \
    {                                                                           \
        {method, path}, PPLANE_GRAPH, NULL, EXEC_LOOP, body, 0, NULL, NULL, run \
    }

const struct provider_route provider_graph_routes[] = {
    ROW(HTTP_M_GET, "/v1.0/me", false, me_run),
    ROW(HTTP_M_GET, "/v1.0/servicePrincipals", false, list_run),
    ROW(HTTP_M_GET, "/v1.0/users", false, list_run),
    ROW(HTTP_M_GET, "/v1.0/servicePrincipals/{id}", false, get_run),
    ROW(HTTP_M_GET, "/v1.0/users/{id}", false, get_run),
    ROW(HTTP_M_GET, "/v1.0/directoryObjects/{id}", false, get_run),
    ROW(HTTP_M_POST, "/v1.0/directoryObjects/getByIds", true, by_ids_run),
};
const size_t provider_graph_routes_len = ARRAY_LEN(provider_graph_routes);
