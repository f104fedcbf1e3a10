/* SPDX-License-Identifier: MIT */
/*
 * Microsoft.ManagedIdentity: user-assigned identities, whose principals are born and die with them,
 * and their federated credentials (kept, never used: nothing here exchanges foreign tokens).
 * Shapes: spec 2023-01-31; versions: versions.md section 6.
 */
#include "provider/api/user_identity.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/account.h"
#include "provider/api/answer.h"
#include "provider/api/arm_page.h"
#include "provider/api/dek.h"
#include "provider/store/child_store.h"

#define NS         "Microsoft.ManagedIdentity"
#define TYPE       NS "/userAssignedIdentities"
#define COLLECTION "userAssignedIdentities"
#define FEDERATED  "federatedIdentityCredentials"

/* Identities are the subscription's children, by group and name. */
static void key_name(const char *group, const char *name, char out[256])
{
    (void) snprintf(out, 256, "%s/%s", group, name);
}

static bool get(struct kvdb_txn *txn, const char *sub, const char *group, const char *name,
                json_t **ret, struct az_error *reterr)
{
    char key[256];

    key_name(group, name, key);
    return child_get(txn, sub, COLLECTION, key, ret, reterr);
}

/* "/subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/N"
 */
bool user_identity_by_id(struct kvdb_txn *txn, const char *id, json_t **ret,
                         struct az_error *reterr)
{
    static const char *const form[] = {"subscriptions", NULL, "resourceGroups", NULL,
                                       "providers",     NS,   COLLECTION,       NULL};
    char parts[8][128];
    const char *p = id;

    *ret = NULL;
    for (size_t i = 0; i < ARRAY_LEN(form); i++) {
        size_t len;

        if (*p++ != '/') {
            return true;
        }
        len = strcspn(p, "/");
        if (len == 0 || len >= sizeof(parts[i])) {
            return true;
        }
        memcpy(parts[i], p, len);
        parts[i][len] = '\0';
        if (form[i] && strcasecmp(form[i], parts[i]) != 0) {
            return true;
        }
        p += len;
    }
    return *p != '\0' || get(txn, parts[1], parts[3], parts[7], ret, reterr);
}

static json_t *identity_id(const json_t *u)
{
    return json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/" TYPE "/%s",
                        json_text(u, "subscription"), json_text(u, "group"), json_text(u, "name"));
}

static json_t *identity_json(struct provider_call *c, const json_t *u)
{
    json_t *tags = json_object_get(u, "tags");
    json_t *doc =
        json_pack("{s:s,s:O,s:o,s:s,s:s,s:{s:s,s:s,s:s}}", "location", json_text(u, "location"),
                  "tags", tags, "id", identity_id(u), "name", json_text(u, "name"), "type", TYPE,
                  "properties", "tenantId", json_text(u, "tenantId"), "principalId",
                  json_text(u, "principalId"), "clientId", json_text(u, "clientId"));

    if (c->version >= MSI_2024_11_30 && json_object_get(u, "isolationScope")) {
        account_copy(json_object_get(doc, "properties"), u, "isolationScope");
    }
    if (c->version >= MSI_2021_09_30_PV) {
        account_copy(doc, u, "systemData");
    }
    return doc;
}

static bool answer(struct provider_call *c, int status, const json_t *u)
{
    AUTO_JSON *doc = identity_json(c, u);

    return provider_answer_json(c, status, doc);
}

static bool find(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                 struct az_error *reterr)
{
    return arm_need_group(c, txn, reterr) &&
           get(txn, c->subscription.id, provider_param(c, 1), provider_param(c, 2), ret, reterr);
}

static bool find_or_fail(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                         struct az_error *reterr)
{
    return find(c, txn, ret, reterr) &&
           (*ret || arm_not_found(c, TYPE, provider_param(c, 2), reterr));
}

/* 3 to 128 letters, digits, hyphens and underscores, the first no sign: ARM's naming rules. */
static bool check_name(const char *name, struct az_error *reterr)
{
    size_t len = strlen(name);
    bool good = len >= 3 && len <= 128 && isalnum((unsigned char) name[0]);

    for (size_t i = 0; good && i < len; i++) {
        good = isalnum((unsigned char) name[i]) || name[i] == '-' || name[i] == '_';
    }
    return good ||
           az_fail(reterr, AZ_ERR_BAD_REQUEST, "The identity name '%.128s' is not valid.", name);
}

/* None or Regional; from 2024-11-30, before that it is ignored. */
static bool check_scope(struct provider_call *c, const char **ret, struct az_error *reterr)
{
    const json_t *v = json_object_iget(json_object_iget(c->body, "properties"), "isolationScope");
    const char *s = json_string_value(v);

    *ret = NULL;
    if (c->version < MSI_2024_11_30 || !v || json_is_null(v)) {
        return true;
    }
    *ret = s && strcasecmp(s, "None") == 0       ? "None"
           : s && strcasecmp(s, "Regional") == 0 ? "Regional"
                                                 : NULL;
    return *ret || az_fail_content(reterr, "isolationScope",
                                   "properties.isolationScope must be None or Regional");
}

static bool store(struct provider_call *c, struct kvdb_txn *txn, json_t *u, int status,
                  struct az_error *reterr)
{
    json_t *tags = json_object_iget(c->body, "tags");
    const char *scope;
    char key[256];

    if (!account_check_tags(tags, reterr) || !check_scope(c, &scope, reterr)) {
        return false;
    }
    if (json_is_object(tags)) {
        (void) json_object_set(u, "tags", tags);
    }
    if (scope) {
        (void) json_object_set_new(u, "isolationScope", json_string(scope));
    }
    (void) json_object_set_new(u, "systemData",
                               account_system_data(c, json_object_get(u, "systemData")));
    key_name(json_text(u, "group"), json_text(u, "name"), key);
    return child_put(txn, c->subscription.id, COLLECTION, key, u, reterr) && answer(c, status, u);
}

static bool create(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *name = provider_param(c, 2);
    struct resource_group g;
    struct principal p;
    AUTO_JSON *u = NULL;
    AUTO_JSON *id = NULL;
    char region[32];

    if (!check_name(name, reterr) ||
        !arm_check_location(TYPE, json_text(c->body, "location"), region, reterr) ||
        !directory_get_group(txn, c->subscription.id, provider_param(c, 1), &g)) {
        return false;
    }
    u = json_pack("{s:s,s:s,s:s,s:s,s:s,s:{}}", "subscription", c->subscription.id, "group", g.name,
                  "name", name, "location", region, "tenantId", c->subscription.tenant, "tags");
    id = identity_id(u);
    directory_new_identity(txn, PRINCIPAL_USER_IDENTITY, c->subscription.tenant,
                           json_string_value(id), name, &p);
    (void) json_object_set_new(u, "principalId", json_string(p.oid));
    (void) json_object_set_new(u, "clientId", json_string(p.appid));
    return store(c, txn, u, 201, reterr);
}

static bool put_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *u = NULL;

    if (!find(c, txn, &u, reterr)) {
        return false;
    }
    return u ? store(c, txn, u, 200, reterr) : create(c, txn, reterr);
}

static bool patch_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *u = NULL;

    return find_or_fail(c, txn, &u, reterr) && store(c, txn, u, 200, reterr);
}

static bool get_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *u = NULL;

    return find_or_fail(c, txn, &u, reterr) && answer(c, 200, u);
}

/* The principal dies, and with it what it held; accounts keep a reference that leads nowhere. */
static void remove_identity(struct kvdb_txn *txn, const json_t *u)
{
    char key[256];

    key_name(json_text(u, "group"), json_text(u, "name"), key);
    child_purge(txn, json_text(u, "principalId"));
    (void) directory_del_principal(txn, json_text(u, "principalId"));
    (void) child_del(txn, json_text(u, "subscription"), COLLECTION, key);
}

static bool delete_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *u = NULL;

    if (!find(c, txn, &u, reterr)) {
        return false;
    }
    if (u) {
        remove_identity(txn, u);
    }
    return provider_answer_empty(c, u ? 200 : 204);
}

struct collect {
    const char *group; /* NULL: all */
    json_t *list;
};

static bool add_identity(void *ctx, json_t *u)
{
    struct collect *k = ctx;

    if (!k->group || strcasecmp(json_text(u, "group"), k->group) == 0) {
        (void) json_array_append(k->list, u);
    }
    return true;
}

struct listing {
    struct arm_page page;
    const char *group; /* NULL: all */
};

static bool list_identity(void *ctx, json_t *u)
{
    struct listing *l = ctx;
    char key[256];

    if (l->group && strcasecmp(json_text(u, "group"), l->group) != 0) {
        return true;
    }
    key_name(json_text(u, "group"), json_text(u, "name"), key);
    return arm_page_takes(&l->page, key) &&
           json_array_append_new(l->page.list, identity_json(l->page.c, u)) == 0;
}

static bool list(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                 struct az_error *reterr)
{
    struct listing l = {.group = group};
    bool ok = arm_page_begin(c, &l.page, reterr);

    if (!ok) {
        return false;
    }
    ok = child_each_from(txn, c->subscription.id, COLLECTION, l.page.from, list_identity, &l);
    return (arm_page_answer(&l.page) && ok) || az_fail_internal(reterr, "listing identities");
}

static bool list_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list(c, txn, NULL, reterr);
}

static bool list_group_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return arm_need_group(c, txn, reterr) && list(c, txn, provider_param(c, 1), reterr);
}

bool user_identity_each_resource(struct kvdb_txn *txn, const char *subscription, const char *group,
                                 bool (*fn)(void *ctx, json_t *generic), void *ctx)
{
    AUTO_JSON *all = json_array();
    struct collect k = {group, all};
    bool ok = child_each(txn, subscription, COLLECTION, add_identity, &k);
    json_t *u;
    size_t i;

    json_array_foreach(all, i, u)
    {
        AUTO_JSON *generic = json_pack(
            "{s:o,s:s,s:s,s:s,s:O}", "id", identity_id(u), "name", json_text(u, "name"), "type",
            TYPE, "location", json_text(u, "location"), "tags", json_object_get(u, "tags"));

        ok = ok && fn(ctx, generic);
    }
    return ok;
}

bool user_identity_delete_group(struct provider_call *c, struct kvdb_txn *txn, const char *group,
                                struct az_error *reterr)
{
    AUTO_JSON *all = json_array();
    struct collect k = {group, all};
    json_t *u;
    size_t i;

    if (!child_each(txn, c->subscription.id, COLLECTION, add_identity, &k)) {
        return az_fail_internal(reterr, "listing identities");
    }
    json_array_foreach(all, i, u)
    {
        remove_identity(txn, u);
    }
    return true;
}

/* The system-assigned identity of an account. */
static bool system_identity_run(struct provider_call *c, struct kvdb_txn *txn,
                                struct az_error *reterr)
{
    AUTO_JSON *a = NULL;
    AUTO_JSON *id = NULL;
    struct principal p;

    if (!account_find(c, txn, &a, reterr)) {
        return false;
    }
    if (!account_identity(txn, a, &p)) {
        return arm_not_found(c, NS "/identities", "default", reterr);
    }
    id = account_id(a);
    AUTO_JSON *doc =
        json_pack("{s:s,s:o,s:s,s:s,s:{s:s,s:s,s:s}}", "location", json_text(a, "location"), "id",
                  json_sprintf("%s/providers/" NS "/identities/default", json_string_value(id)),
                  "name", "default", "type", NS "/identities", "properties", "tenantId", p.tid,
                  "principalId", p.oid, "clientId", p.appid);

    return provider_answer_json(c, 200, doc);
}

static json_t *credential_json(const json_t *u, const json_t *f)
{
    AUTO_JSON *id = identity_id(u);

    return json_pack(
        "{s:o,s:s,s:s,s:O}", "id",
        json_sprintf("%s/" FEDERATED "/%s", json_string_value(id), json_text(f, "name")), "name",
        json_text(f, "name"), "type", TYPE "/" FEDERATED, "properties",
        json_object_get(f, "properties"));
}

struct credentials {
    struct arm_page page;
    const json_t *identity;
};

static bool add_credential(void *ctx, json_t *f)
{
    struct credentials *k = ctx;

    return arm_page_takes(&k->page, json_text(f, "name")) &&
           json_array_append_new(k->page.list, credential_json(k->identity, f)) == 0;
}

static bool credentials_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *u = NULL;
    struct credentials k = {.identity = NULL};

    if (!find_or_fail(c, txn, &u, reterr) || !arm_page_begin_top(c, &k.page, reterr)) {
        return false;
    }
    k.identity = u;
    bool ok = child_each_from(txn, json_text(u, "principalId"), FEDERATED, k.page.from,
                              add_credential, &k);

    return (arm_page_answer(&k.page) && ok) || az_fail_internal(reterr, "listing credentials");
}

static bool find_credential(struct provider_call *c, struct kvdb_txn *txn, json_t **u, json_t **ret,
                            struct az_error *reterr)
{
    return find_or_fail(c, txn, u, reterr) &&
           child_get(txn, json_text(*u, "principalId"), FEDERATED, provider_param(c, 3), ret,
                     reterr);
}

static bool credential_get_run(struct provider_call *c, struct kvdb_txn *txn,
                               struct az_error *reterr)
{
    AUTO_JSON *u = NULL;
    AUTO_JSON *f = NULL;

    if (!find_credential(c, txn, &u, &f, reterr)) {
        return false;
    }
    if (!f) {
        return arm_not_found(c, TYPE "/" FEDERATED, provider_param(c, 3), reterr);
    }
    AUTO_JSON *doc = credential_json(u, f);

    return provider_answer_json(c, 200, doc);
}

/* spec: issuer, subject and audiences are required; 20 credentials an identity, as documented. */
static bool check_credential(const json_t *props, struct az_error *reterr)
{
    json_t *audiences = json_object_iget(props, "audiences");

    if (json_text(props, "issuer")[0] && json_text(props, "subject")[0] &&
        json_array_size(audiences) == 1 && json_is_string(json_array_get(audiences, 0))) {
        return true;
    }
    return az_fail_content(reterr, "properties",
                           "properties must have issuer, subject and one audience in audiences");
}

static bool count_one(void *ctx, json_t *f)
{
    (void) f;
    return ++*(int *) ctx < LIMIT_FED_CREDENTIALS;
}

static bool credential_put_run(struct provider_call *c, struct kvdb_txn *txn,
                               struct az_error *reterr)
{
    const json_t *props = json_object_iget(c->body, "properties");
    const char *name = provider_param(c, 3);
    AUTO_JSON *u = NULL;
    AUTO_JSON *old = NULL;
    int n = 0;

    if (!find_credential(c, txn, &u, &old, reterr) || !check_credential(props, reterr) ||
        !check_name(name, reterr)) {
        return false;
    }
    if (!child_each(txn, json_text(u, "principalId"), FEDERATED, count_one, &n) ||
        (!old && n >= LIMIT_FED_CREDENTIALS)) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "An identity has at most %d federated identity credentials.",
                       LIMIT_FED_CREDENTIALS);
    }
    AUTO_JSON *f = json_pack("{s:s,s:{s:s,s:s,s:O}}", "name", name, "properties", "issuer",
                             json_text(props, "issuer"), "subject", json_text(props, "subject"),
                             "audiences", json_object_iget(props, "audiences"));
    AUTO_JSON *doc = credential_json(u, f);

    return child_put(txn, json_text(u, "principalId"), FEDERATED, name, f, reterr) &&
           provider_answer_json(c, old ? 200 : 201, doc);
}

static bool credential_delete_run(struct provider_call *c, struct kvdb_txn *txn,
                                  struct az_error *reterr)
{
    AUTO_JSON *u = NULL;

    if (!find_or_fail(c, txn, &u, reterr)) {
        return false;
    }
    return provider_answer_empty(
        c,
        child_del(txn, json_text(u, "principalId"), FEDERATED, provider_param(c, 3)) ? 200 : 204);
}

static bool operations_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    json_t *list = json_array();

    (void) txn;
    (void) reterr;
    arm_add_operations(list, provider_user_identity_routes, provider_user_identity_routes_len,
                       false);
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);

    return provider_answer_json(c, 200, doc);
}

#define IDENTITIES ARM_GROUP "/providers/" TYPE
#define IDENTITY   IDENTITIES "/{n}"
#define FEDERATION IDENTITY "/" FEDERATED
#define ALL        ARM_FROM(MSI_2018_11_30)
#define SINCE_2022 ARM_FROM(MSI_2022_01_31_PV)
/* clang-format off */
#define ROW(methods, path, audit, exec, body, versions, run) \
    {{{methods, path}, PPLANE_ARM, audit, exec, body, 0, NULL, NULL, run}, &msi_versions, versions}
const struct arm_route provider_user_identity_routes[] = {
    ROW(HTTP_M_PUT,    IDENTITY,           "UserAssignedIdentityPut",    EXEC_WRITE, true,  ALL,        put_run),
    ROW(HTTP_M_PATCH,  IDENTITY,           "UserAssignedIdentityPatch",  EXEC_WRITE, true,  ALL,        patch_run),
    ROW(HTTP_M_GET,    IDENTITY,           "UserAssignedIdentityGet",    EXEC_LOOP,  false, ALL,        get_run),
    ROW(HTTP_M_DELETE, IDENTITY,           "UserAssignedIdentityDelete", EXEC_WRITE, false, ALL,        delete_run),
    ROW(HTTP_M_GET,    IDENTITIES,         "UserAssignedIdentityList",   EXEC_LOOP,  false, ALL,        list_group_run),
    ROW(HTTP_M_GET,    ARM_SUB "/providers/" TYPE, "UserAssignedIdentityList", EXEC_LOOP, false, ALL,   list_run),
    ROW(HTTP_M_GET,    FEDERATION,         NULL,                         EXEC_LOOP,  false, SINCE_2022, credentials_run),
    ROW(HTTP_M_GET,    FEDERATION "/{f}",  NULL,                         EXEC_LOOP,  false, SINCE_2022, credential_get_run),
    ROW(HTTP_M_PUT,    FEDERATION "/{f}",  "FederatedCredentialPut",     EXEC_WRITE, true,  SINCE_2022, credential_put_run),
    ROW(HTTP_M_DELETE, FEDERATION "/{f}",  "FederatedCredentialDelete",  EXEC_WRITE, false, SINCE_2022, credential_delete_run),
    ROW(HTTP_M_GET,    ARM_GROUP "/providers/" ACCOUNT_NS "/accounts/{n}/providers/" NS "/identities/default", NULL, EXEC_LOOP, false, ALL, system_identity_run),
    ROW(HTTP_M_GET,    "/providers/" NS "/operations", NULL,             EXEC_LOOP,  false, ALL,        operations_run),
};
/* clang-format on */
const size_t provider_user_identity_routes_len = ARRAY_LEN(provider_user_identity_routes);
