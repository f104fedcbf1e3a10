/* SPDX-License-Identifier: MIT */
/* What `kvsim tenant|subscription|principal add` and `kvsim identity attach` call. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/store_control.h"
#include "provider/api/answer.h"
#include "provider/api/login.h"
#include "provider/store/role_store.h"

/* A member that may be left out or empty: then the fallback. Never cut short: a name that was would
 * not be found again. */
static bool take(const json_t *body, const char *name, const char *fallback, char *out, size_t size,
                 struct az_error *reterr)
{
    const json_t *member = json_object_get(body, name);
    const char *v = json_string_value(member);

    if ((member && !v) || json_string_length(member) >= size) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "'%s' is a text of at most %zu bytes.", name,
                       size - 1);
    }
    (void) snprintf(out, size, "%s", v && *v ? v : fallback);
    return true;
}

static bool need_tenant(struct kvdb_txn *txn, const char *tid, struct az_error *reterr)
{
    return directory_get_tenant(txn, tid) ||
           az_fail(reterr, AZ_ERR_NOT_FOUND,
                   "There is no tenant '%s'. Add one with `kvsim tenant add`.", tid);
}

static bool tenant_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    guid_text id;
    char name[128];

    guid_random(id);
    if (!take(c->body, "name", "Simulated tenant", name, sizeof(name), reterr)) {
        return false;
    }
    directory_put_tenant(txn, id, name);
    AUTO_JSON *doc = json_pack("{s:s}", "tenant", id);

    return provider_answer_json(c, 201, doc);
}

static bool subscription_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct subscription s = {0};
    struct principal p;

    guid_random(s.id);
    if (!take(c->body, "tenant", c->d->default_tenant, s.tenant, sizeof(s.tenant), reterr) ||
        !take(c->body, "name", "Simulated subscription", s.display_name, sizeof(s.display_name),
              reterr) ||
        !take(c->body, "owner", "", s.owner_oid, sizeof(s.owner_oid), reterr) ||
        !need_tenant(txn, s.tenant, reterr)) {
        return false;
    }
    if (!directory_get_principal(txn, s.owner_oid, &p) &&
        !directory_get_principal_by_appid(txn, s.owner_oid, &p)) {
        return az_fail(reterr, AZ_ERR_NOT_FOUND,
                       "There is no principal '%s' to own the subscription.", s.owner_oid);
    }
    if (strcmp(p.tid, s.tenant) != 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST,
                       "The owner '%s' belongs to another tenant than '%s'.", p.oid, s.tenant);
    }
    memcpy(s.owner_oid, p.oid, sizeof(s.owner_oid));
    directory_put_subscription(txn, &s);
    role_store_touch(txn); /* its owner holds a role */
    AUTO_JSON *doc =
        json_pack("{s:s,s:s,s:s}", "subscription", s.id, "tenant", s.tenant, "owner", s.owner_oid);

    return provider_answer_json(c, 201, doc);
}

/* A display name as the local part of a sign-in name: what is no letter, digit, '-' or '_' becomes
 * a dot. */
static void make_upn(struct principal *p)
{
    char local[61];
    size_t n = 0;

    for (const char *c = p->display_name; *c && n + 1 < sizeof(local); c++) {
        local[n++] = isalnum((unsigned char) *c) || *c == '-' || *c == '_' ? *c : '.';
    }
    local[n] = '\0';
    (void) snprintf(p->upn, sizeof(p->upn), "%s@%.8s.onmicrosoft.com", local, p->tid);
}

static bool principal_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    bool user = json_is_true(json_object_get(c->body, "user"));
    struct principal p = {.kind = user ? PRINCIPAL_USER : PRINCIPAL_SERVICE};
    char secret[BASE64URL_SECRET];

    guid_random(p.oid);
    if (!take(c->body, "tenant", c->d->default_tenant, p.tid, sizeof(p.tid), reterr) ||
        !take(c->body, "name", user ? "user" : "principal", p.display_name, sizeof(p.display_name),
              reterr) ||
        !need_tenant(txn, p.tid, reterr)) {
        return false;
    }
    if (user) {
        struct principal other;

        make_upn(&p);
        if (directory_get_principal_by_appid(txn, p.upn, &other)) {
            return az_fail(reterr, AZ_ERR_CONFLICT,
                           "There is a user '%s' already. Add one with another name.", p.upn);
        }
    } else {
        guid_random(p.appid);
    }
    if (!login_new_secret(&p, secret)) {
        return az_fail_internal(reterr, "no randomness");
    }
    directory_put_principal(txn, &p);
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s,s:s,s:s}", "object_id", p.oid, "tenant", p.tid,
                               user ? "upn" : "client_id", user ? p.upn : p.appid, "display_name",
                               p.display_name, user ? "password" : "client_secret", secret);

    return provider_answer_json(c, 201, doc);
}

struct by_resource {
    const char *id;
    struct principal *found;
    bool any;
};

static void match_resource(void *ctx, const struct principal *p)
{
    struct by_resource *s = ctx;

    if (p->resource_id[0] && strcasecmp(p->resource_id, s->id) == 0) {
        *s->found = *p;
        s->any = true;
    }
}

/* An object id, a client id, or the resource id of an identity or of the account that has one. */
static bool find_principal(struct kvdb_txn *txn, const char *id, struct principal *p)
{
    struct by_resource s = {id, p, false};

    if (id[0] != '/') {
        return directory_get_principal(txn, id, p) || directory_get_principal_by_appid(txn, id, p);
    }
    directory_each_principal(txn, match_resource, &s);
    return s.any;
}

static bool attach_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const char *id = json_string_value(json_object_get(c->body, "id"));
    struct principal p = {0};
    struct kvkey k;

    if (!id || !find_principal(txn, id, &p)) {
        return az_fail(
            reterr, AZ_ERR_NOT_FOUND,
            "There is no principal with the object, client or resource id '%s' to attach.",
            id ? id : "");
    }
    kvkey_init(&k, 'i');
    kvkey_str(&k, p.oid);
    kvdb_put(txn, &k, "", 0);
    AUTO_JSON *doc = json_pack("{s:s}", "attached", p.oid);

    return provider_answer_json(c, 200, doc);
}

static bool store_stats_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    (void) txn;
    (void) reterr;
    AUTO_JSON *doc = store_stats(c->d->db);

    return provider_answer_json(c, 200, doc);
}

static bool crash_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = NULL;

    (void) txn;
    return store_crash(c->body, &doc, reterr) && provider_answer_json(c, 200, doc);
}

#define ROW(path, run)                                                                  \
    {                                                                                   \
        {HTTP_M_POST, path}, PPLANE_CONTROL, NULL, EXEC_WRITE, true, 0, NULL, NULL, run \
    }

const struct provider_route provider_control_routes[] = {
    ROW("/_sim/directory/tenants", tenant_run),
    ROW("/_sim/directory/subscriptions", subscription_run),
    ROW("/_sim/directory/principals", principal_run),
    ROW("/_sim/identity/attach", attach_run),
    {{HTTP_M_POST, "/_sim/store/crash"},
                                           PPLANE_CONTROL, NULL,
                                           EXEC_LOOP, true,
                                           0, NULL,
                                           NULL, crash_run      },
    {{HTTP_M_GET, "/_sim/store/stats"},
                                           PPLANE_CONTROL, NULL,
                                           EXEC_LOOP, false,
                                           0, NULL,
                                           NULL, store_stats_run},
};
const size_t provider_control_routes_len = ARRAY_LEN(provider_control_routes);
