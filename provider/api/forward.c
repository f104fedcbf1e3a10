/* SPDX-License-Identifier: MIT */
/* Requests for vaultd, and the lists that both daemons have a part in. */
#include "provider/api/forward.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/answer.h"
#include "provider/api/auth.h"
#include "provider/api/roles.h"
#include "provider/api/user_identity.h"
#include "provider/api/vault_watch.h"

#define SERVICE_VERSION "x-ms-keyvault-service-version"

struct item { /* of a list that is being sorted */
    json_t *doc;
};
DEFINE_CLEANUP(free_items, struct item, free)

static void answer_free(void *p)
{
    http_client_answer_done(p);
    free(p);
}

static bool call_vaultd(struct provider_call *c, const char *method, const char *path,
                        struct str_view body, struct http_client_answer *ret,
                        struct az_error *reterr)
{
    CLEANUP(free_str) char *host = sv_dup(c->x->req.host);
    CLEANUP(free_str) char *auth = sv_dup(http_header_get(&c->x->req, "authorization"));

    return c->d->vaults->arm(c->d->vaults->ctx, method, host, path, auth, body, ret, reterr);
}

static bool group_exists(struct provider_call *c, const char *group, struct az_error *reterr)
{
    struct resource_group g;
    struct kvdb_txn *txn = NULL;
    bool found;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    found = directory_get_group(txn, c->subscription.id, group, &g);
    kvdb_abort(txn);
    return found || az_fail(reterr, AZ_ERR_RESOURCE_GROUP_NOT_FOUND,
                            "Resource group '%s' could not be found.", group);
}

/* *wanted: the permission model that a PUT or PATCH of a vault asks for. False: it asks for none.
 */
static bool asks_for_model(const struct provider_call *c, bool *wanted)
{
    const struct http_request *req = &c->x->req;
    AUTO_JSON *body = NULL;
    json_t *rbac;

    if ((req->method != HTTP_M_PUT && req->method != HTTP_M_PATCH) || req->n_segments != 8 ||
        !sv_ieq(req->segments[6], "vaults") || req->body.len == 0) {
        return false;
    }
    body = json_loadb(req->body.ptr, req->body.len, 0, NULL);
    rbac = json_object_iget(json_object_iget(body, "properties"), "enableRbacAuthorization");
    *wanted = json_is_true(rbac);
    return json_is_boolean(rbac);
}

/*
 * Who may manage vaults but not roles can't give themselves access by another permission model:
 * changing it needs the right to assign roles (key-vault/general/rbac-guide.md). Creating a vault
 * with either does not.
 */
static bool may_change_model(struct provider_call *c, struct az_error *reterr)
{
    struct vault_facts facts;
    struct kvdb_txn *txn = NULL;
    char action[ARM_ACTION_MAX];
    char scope[ARM_SCOPE_MAX];
    char vault[64];
    bool wanted;
    bool ok;

    if (!asks_for_model(c, &wanted)) {
        return true;
    }
    (void) snprintf(vault, sizeof(vault), "%.*s",
                    (int) (c->x->req.segments[7].len < 63 ? c->x->req.segments[7].len : 63),
                    c->x->req.segments[7].ptr);
    if (!c->d->vaults->get_vault(c->d->vaults->ctx, vault, NULL, NULL, &facts, reterr)) {
        return false;
    }
    if (!facts.exists || facts.rbac == wanted || !arm_action_of(&c->x->req, action, scope)) {
        return true;
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = provider_authorize(c, txn, "Microsoft.Authorization/roleAssignments/write", scope, reterr);
    kvdb_abort(txn);
    return ok;
}

bool forward_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct http_client_answer *a = calloc(1, sizeof(*a));
    CLEANUP(free_str) char *method = sv_dup(c->x->req.method_name);
    struct vault_watch watch;

    if (!a || !method) {
        free(a);
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = a;
    c->prepared_free = answer_free;
    if (c->x->req.n_segments > 3 && sv_ieq(c->x->req.segments[2], "resourceGroups") &&
        !group_exists(c, provider_param(c, 1), reterr)) {
        return false;
    }
    if (!may_change_model(c, reterr)) {
        return false;
    }
    vault_watch_before(c, &watch);
    if (!call_vaultd(c, method, c->x->req.target, c->x->req.body, a, reterr)) {
        return false;
    }
    vault_watch_after(c, &watch, a->status);
    return true;
}

/* What the connection and our own layer add themselves is not copied. */
static const char *header_to_copy(const char *name)
{
    static const char *const copied[] = {"Location",       "Azure-AsyncOperation",
                                         "retry-after-ms", "x-ms-failure-cause",
                                         SERVICE_VERSION,  "WWW-Authenticate"};

    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        if (strcasecmp(copied[i], name) == 0) {
            return copied[i];
        }
    }
    return NULL;
}

static bool is_list(const struct http_request *req)
{
    static const char *const names[] = {"vaults", "deletedVaults"};
    struct str_view last = req->segments[req->n_segments - 1];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (sv_ieq(last, names[i])) {
            return true;
        }
    }
    return false;
}

/*
 * The resource manager answers some requests without asking the provider, whose version is then not
 * named: resources that are not there, lists of a whole subscription, an empty list (recorded).
 */
static bool gateway_answers(const struct provider_call *c, const struct http_client_answer *a)
{
    static const char empty[] = "{\"value\":[]}";
    const struct http_request *req = &c->x->req;
    bool whole_subscription = sv_ieq(req->segments[2], "providers");

    for (size_t i = 0; i < a->n_headers; i++) {
        if (strcasecmp(a->headers[i].name, "x-ms-failure-cause") == 0) {
            return strcmp(a->headers[i].value, "gateway") == 0;
        }
    }
    return req->n_segments > 4 && is_list(req) &&
           (whole_subscription || sv_eq((struct str_view){a->body.data, a->body.len}, empty));
}

bool forward_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct http_client_answer *a = c->prepared;
    bool gateway = gateway_answers(c, a);

    (void) txn;
    (void) reterr;
    c->x->resp.status = a->status;
    c->x->resp.content_type = a->body.len > 0 ? "application/json; charset=utf-8" : NULL;
    for (size_t i = 0; i < a->n_headers; i++) {
        const char *name = header_to_copy(a->headers[i].name);

        if (name && !(gateway && strcmp(name, SERVICE_VERSION) == 0)) {
            (void) http_response_set_header(&c->x->resp, name, "%s", a->headers[i].value);
        }
    }
    buf_add(&c->x->resp.body, a->body.data ? a->body.data : "", a->body.len);
    return true;
}

static void vault_scope(struct provider_call *c, char out[ARM_SCOPE_MAX])
{
    (void) snprintf(out, ARM_SCOPE_MAX,
                    "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s",
                    c->subscription.id, provider_param(c, 1), provider_param(c, 2));
}

bool forward_delete_vault_prepare(struct provider_call *c, struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];

    if (!forward_prepare(c, reterr)) {
        return false;
    }
    vault_scope(c, scope);
    return ((const struct http_client_answer *) c->prepared)->status != 200 ||
           role_forget_below(c->d, scope, reterr);
}

bool forward_delete_vault_run(struct provider_call *c, struct kvdb_txn *txn,
                              struct az_error *reterr)
{
    char scope[ARM_SCOPE_MAX];

    if (((const struct http_client_answer *) c->prepared)->status == 200) {
        vault_scope(c, scope);
        role_drop_below(txn, scope);
    }
    return forward_run(c, txn, reterr);
}

/* resourceType eq 'T' [and name eq 'N']: what stands in quotes after a word of the filter. */
static bool filter_value(const char *filter, const char *word, char *out, size_t size)
{
    const char *p = filter ? strcasestr(filter, word) : NULL;

    p = p ? strchr(p, '\'') : NULL;
    (void) snprintf(out, size, "%.*s", p ? (int) strcspn(p + 1, "'") : 0, p ? p + 1 : "");
    return p != NULL;
}

static void encode(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 4 < size; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || *text == '-' || *text == '_' || *text == '.';

        n += (size_t) snprintf(out + n, size - n, plain ? "%c" : "%%%02X", (unsigned char) *text);
    }
    out[n] = '\0';
}

bool forward_resources_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct http_client_answer *a = calloc(1, sizeof(*a));
    const char *filter = http_param_get(&c->x->req, "$filter");
    bool grouped = c->x->req.n_segments > 3;
    char type[128];
    char name[128];
    char text[256];
    char path[1024];
    bool by_name = filter_value(filter, "name eq", name, sizeof(name));
    bool by_type = filter_value(filter, "resourceType eq", type, sizeof(type));
    int n;

    if (!a) {
        return az_fail_internal(reterr, "out of memory");
    }
    c->prepared = a;
    c->prepared_free = answer_free;
    if (by_type && strcasecmp(type, "Microsoft.KeyVault/vaults") != 0) {
        return true;
    }
    n = snprintf(path, sizeof(path), "/subscriptions/%s/resources?api-version=2023-07-01",
                 c->subscription.id);
    if (grouped) {
        encode(text, sizeof(text), provider_param(c, 1));
        n += snprintf(path + n, sizeof(path) - (size_t) n, "&group=%s", text);
    }
    if (by_name) {
        encode(text, sizeof(text), name);
        (void) snprintf(path + n, sizeof(path) - (size_t) n, "&name=%s", text);
    }
    return call_vaultd(c, "GET", path, (struct str_view){"", 0}, a, reterr);
}

struct merge {
    json_t *list;
    const char *type; /* empty: any */
    const char *name;
};

static bool add_account(void *ctx, json_t *generic)
{
    struct merge *m = ctx;
    const char *name = json_string_value(json_object_get(generic, "name"));

    if (!m->name[0] || (name && strcasecmp(m->name, name) == 0)) {
        (void) json_array_append(m->list, generic);
    }
    return true;
}

static int by_group_and_name(const void *a, const void *b)
{
    return strcasecmp(json_text(((const struct item *) a)->doc, "id"),
                      json_text(((const struct item *) b)->doc, "id"));
}

/* Resources are listed by group, then name (recorded): both stand in that order in the id. */
static bool sort_resources(json_t *list)
{
    size_t n = json_array_size(list);
    CLEANUP(free_items) struct item *items = calloc(n + 1, sizeof(*items));

    if (!items) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        items[i].doc = json_incref(json_array_get(list, i));
    }
    qsort(items, n, sizeof(*items), by_group_and_name);
    (void) json_array_clear(list);
    for (size_t i = 0; i < n; i++) {
        (void) json_array_append_new(list, items[i].doc);
    }
    return true;
}

bool forward_resources_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct http_client_answer *a = c->prepared;
    const char *filter = http_param_get(&c->x->req, "$filter");
    char type[128];
    char name[128];
    struct merge m = {NULL, type, name};
    json_t *vaults;
    AUTO_JSON *from_vaultd =
        a->body.len > 0 ? json_loadb(a->body.data, a->body.len, 0, NULL) : NULL;

    (void) filter_value(filter, "name eq", name, sizeof(name));
    (void) filter_value(filter, "resourceType eq", type, sizeof(type));
    vaults = json_object_get(from_vaultd, "value");
    m.list = json_is_array(vaults) ? json_deep_copy(vaults) : json_array();
    if (!type[0] || strcasecmp(type, "Microsoft.CognitiveServices/accounts") == 0) {
        if (!provider_each_account_resource(txn, c->subscription.id,
                                            c->x->req.n_segments > 3 ? provider_param(c, 1) : NULL,
                                            add_account, &m)) {
            json_decref(m.list);
            return az_fail_internal(reterr, "listing accounts");
        }
    }
    if ((!type[0] || strcasecmp(type, "Microsoft.ManagedIdentity/userAssignedIdentities") == 0) &&
        !user_identity_each_resource(txn, c->subscription.id,
                                     c->x->req.n_segments > 3 ? provider_param(c, 1) : NULL,
                                     add_account, &m)) {
        json_decref(m.list);
        return az_fail_internal(reterr, "listing identities");
    }
    if (!sort_resources(m.list)) {
        json_decref(m.list);
        return az_fail_internal(reterr, "out of memory");
    }
    AUTO_JSON *doc = json_pack("{s:o}", "value", m.list);

    return provider_answer_json(c, 200, doc);
}

bool forward_delete_group(struct provider_call *c, const char *group, struct az_error *reterr)
{
    struct http_client_answer a = {0};
    char path[512];
    char text[256];
    json_t *vault;
    size_t i;

    encode(text, sizeof(text), group);
    (void) snprintf(path, sizeof(path),
                    "/subscriptions/%s/resources?api-version=2023-07-01&group=%s",
                    c->subscription.id, text);
    if (!call_vaultd(c, "GET", path, (struct str_view){"", 0}, &a, reterr)) {
        return false;
    }
    AUTO_JSON *doc = a.body.len > 0 ? json_loadb(a.body.data, a.body.len, 0, NULL) : NULL;

    http_client_answer_done(&a);
    json_array_foreach(json_object_get(doc, "value"), i, vault)
    {
        (void) snprintf(path, sizeof(path), "%.400s?api-version=2023-07-01",
                        json_string_value(json_object_get(vault, "id")));
        if (!call_vaultd(c, "DELETE", path, (struct str_view){"", 0}, &a, reterr)) {
            return false;
        }
        http_client_answer_done(&a);
    }
    return true;
}
