/* SPDX-License-Identifier: MIT */
/*
 * Keys as resources of the resource manager: vaults/{v}/keys, for who may manage the vault and
 * needs no permission in it. They are the keys of the data plane, seen from there.
 *
 * Sources: keys.json of Microsoft.KeyVault and its examples. What they leave open is ours:
 * docs/fidelity.md.
 */
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/arm_vault.h"
#include "vault/api/key_body.h"
#include "vault/api/key_create.h"
#include "vault/api/key_render.h"
#include "vault/api/vault_cache.h"
#include "vault/api/version.h"

#define KEYS_IN_PAGE 25 /* as on the data plane (assumed) */

enum { P_SUB, P_GROUP, P_NAME, P_KEY, P_VERSION };

/* keys.json of 2021-10-01 has no policies, that of 2021-11-01-preview has. */
#define WITH_POLICIES VERSION_FROM(ARM_2021_11_01_PREVIEW)
/* keys.json of 2022-07-01 and 2023-02-01 writes "Rotate", the ones before and after "rotate". */
#define UPPER_ACTIONS (VERSION_FROM(ARM_2022_07_01) & ~VERSION_FROM(ARM_2023_07_01))
/* versions.md section 3 */
#define WITH_OCT VERSION_FROM(ARM_2026_05_15)

/* The path's vault as it is now, into c->vault. */
static bool take_vault(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *found = NULL;

    vault_cache_release(c->vault);
    c->vault = NULL;
    return arm_vault_find(c, txn, &found, reterr) &&
           vault_cache_get(c->d->vaults, txn, found->name, &c->vault, reterr) &&
           (c->vault || az_fail_internal(reterr, "a vault that has just been found"));
}

static void set_id(struct vault_call *c, json_t *doc, struct str_view name, const char *version)
{
    (void) json_object_set_new(
        doc, "id",
        json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.KeyVault/vaults/%s/"
                     "keys/%.*s%s%s",
                     c->vault->subscription, c->vault->resource_group, c->vault->name,
                     (int) name.len, name.ptr, version ? "/versions/" : "",
                     version ? version : ""));
    (void) json_object_set_new(doc, "name",
                               version ? json_string(version) : json_stringn(name.ptr, name.len));
    (void) json_object_set_new(doc, "type",
                               json_string(version ? "Microsoft.KeyVault/vaults/keys/versions"
                                                   : "Microsoft.KeyVault/vaults/keys"));
    (void) json_object_set_new(doc, "location", json_string(c->vault->location));
}

static json_t *attributes(const struct vault_call *c, const struct key_meta *m)
{
    json_t *a = json_pack("{s:b}", "enabled", m->enabled);

    if (m->has_nbf) {
        (void) json_object_set_new(a, "nbf", json_integer(m->nbf_s));
    }
    if (m->has_exp) {
        (void) json_object_set_new(a, "exp", json_integer(m->exp_s));
    }
    (void) json_object_set_new(a, "created", json_integer(m->created_s));
    (void) json_object_set_new(a, "updated", json_integer(m->updated_s));
    (void) json_object_set_new(a, "recoveryLevel",
                               json_string(vault_recovery_level(c->vault, false)));
    if (m->exportable) { /* false is the document's default */
        (void) json_object_set_new(a, "exportable", json_true());
    }
    return a;
}

/* What a list leaves out (examples of listKeys, listKeyVersions): kty and what follows from it. */
static void add_kind(json_t *p, const struct key_meta *m)
{
    json_t *ops = json_array();

    for (size_t i = 0; i < m->n_ops; i++) {
        (void) json_array_append_new(ops, json_string(key_op_name((enum key_op)(1u << m->ops[i]))));
    }
    (void) json_object_set_new(p, "kty", json_string(key_type_name((enum key_type) m->type)));
    (void) json_object_set_new(p, "keyOps", ops);
    if (key_type_kind((enum key_type) m->type) == KEY_KIND_EC) {
        (void) json_object_set_new(p, "curveName",
                                   json_string(key_curve_name((enum key_curve) m->curve)));
    } else if (m->bits > 0) {
        (void) json_object_set_new(p, "keySize", json_integer(m->bits));
    }
}

/* The examples' addresses have a port, as next links of the data plane do. */
static void add_uris(const struct vault_call *c, json_t *p, struct str_view name,
                     const char *version)
{
    const char *port = c->site.family == NAMES_AZURE ? ":443" : "";
    char base[URL_MAX];

    (void) site_url(&c->site, SVC_VAULT, c->vault->name, base);
    (void) json_object_set_new(
        p, "keyUri", json_sprintf("%s%s/keys/%.*s", base, port, (int) name.len, name.ptr));
    (void) json_object_set_new(
        p, "keyUriWithVersion",
        json_sprintf("%s%s/keys/%.*s/%s", base, port, (int) name.len, name.ptr, version));
}

static void lower_actions(json_t *actions)
{
    json_t *item;
    size_t i;

    json_array_foreach(actions, i, item)
    {
        json_t *action = json_object_get(item, "action");
        bool rotates = strcasecmp(json_text(action, "type"), "Rotate") == 0;

        (void) json_object_set_new(action, "type", json_string(rotates ? "rotate" : "notify"));
    }
}

/* Of the key, not of a version: omitted where nobody has set one ("Omitted if empty"). */
static void add_rotation(const struct vault_call *c, struct kvdb_txn *txn, json_t *p,
                         const char *name)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct rotation_policy policy;
    json_t *doc;

    key_store_policy(txn, c->vault->uid, name, &policy);
    if (policy.created_s == 0) {
        return;
    }
    buf_str(&text, "{");
    rotation_write(&policy, &text);
    buf_str(&text, "}");
    doc = buf_ok(&text) ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    if (!vault_version_in(c, UPPER_ACTIONS)) {
        lower_actions(json_object_get(doc, "lifetimeActions"));
    }
    (void) json_object_set_new(p, "rotationPolicy", doc);
}

static void add_release(const struct key_version *v, json_t *p)
{
    json_t *policy;

    if (v->texts.policy.len > 0) {
        policy = json_loadb(v->texts.policy.ptr, v->texts.policy.len, 0, NULL);
        (void) json_object_del(policy, "immutable"); /* the document's policy has no such member */
        (void) json_object_set_new(p, "release_policy", policy);
    }
}

/* One key or version. whole: as GET shows it; else as a list does. */
static json_t *key_json(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                        const struct key_version *v, bool as_version, bool whole)
{
    json_t *doc = json_object();
    json_t *p = json_object();

    set_id(c, doc, sv_from(name), as_version ? v->meta.version : NULL);
    if (v->texts.tags.len > 0) {
        (void) json_object_set_new(doc, "tags",
                                   json_loadb(v->texts.tags.ptr, v->texts.tags.len, 0, NULL));
    }
    (void) json_object_set_new(p, "attributes", attributes(c, &v->meta));
    if (whole) {
        add_kind(p, &v->meta);
    }
    add_uris(c, p, sv_from(name), v->meta.version);
    if (whole && vault_version_in(c, WITH_POLICIES)) {
        if (!as_version) {
            add_rotation(c, txn, p, name);
        }
        add_release(v, p);
    }
    (void) json_object_set_new(doc, "properties", p);
    return doc;
}

static bool answer_key(struct vault_call *c, struct kvdb_txn *txn, const char *name,
                       const struct key_version *v, bool as_version)
{
    AUTO_JSON *doc = key_json(c, txn, name, v, as_version, true);

    return vault_answer_json(c, 200, doc);
}

bool arm_key_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct key_head head;
    struct key_version v;
    char name[256];
    char version[64];

    if (!take_vault(c, txn, reterr) ||
        !key_find(c, txn, vault_param(c, P_KEY, name, sizeof(name)),
                  vault_param(c, P_VERSION, version, sizeof(version)), &head, &v, reterr)) {
        return false;
    }
    return answer_key(c, txn, head.name, &v, c->n_params > P_VERSION);
}

/* *ret: properties.rotationPolicy, or none where the body or the version has none. */
static bool take_rotation(struct vault_call *c, struct rotation_policy *ret, bool *present,
                          struct az_error *reterr)
{
    json_t *policy = NULL;

    *ret = (struct rotation_policy){.created_s = c->now_s, .updated_s = c->now_s};
    *present = false;
    if (!vault_version_in(c, WITH_POLICIES)) {
        return true;
    }
    if (!json_get_object(json_object_get(c->body, "properties"), "rotationPolicy", &policy)) {
        return key_bad_property("rotationPolicy", reterr);
    }
    *present = policy != NULL;
    return !policy || rotation_parse(policy, ret, reterr);
}

/* The body in the words of the data plane: one judge for both ways to make a key. */
static json_t *data_body(const struct vault_call *c)
{
    static const struct {
        const char *arm, *data;
        uint64_t versions;
    } names[] = {
        {"kty",            "kty",            VERSION_ANY  },
        {"keyOps",         "key_ops",        VERSION_ANY  },
        {"keySize",        "key_size",       VERSION_ANY  },
        {"curveName",      "crv",            VERSION_ANY  },
        {"attributes",     "attributes",     VERSION_ANY  },
        {"release_policy", "release_policy", WITH_POLICIES},
    };
    const json_t *p = json_object_get(c->body, "properties");
    json_t *body = json_object();

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_t *value = json_object_get(p, names[i].arm);

        if (value && vault_version_in(c, names[i].versions)) {
            (void) json_object_set(body, names[i].data, value);
        }
    }
    if (json_object_get(c->body, "tags")) {
        (void) json_object_set(body, "tags", json_object_get(c->body, "tags"));
    }
    return body;
}

/* The document's list of types is shorter than the data plane's. */
static bool check_kind(const struct vault_call *c, const json_t *body, struct az_error *reterr)
{
    const char *kty = json_text(body, "kty");
    enum key_type type = key_type_parse(kty);
    enum key_kind kind = type == KEY_TYPE_NONE ? KEY_KIND_NONE : key_type_kind(type);

    return kind == KEY_KIND_RSA || kind == KEY_KIND_EC ||
           (kind == KEY_KIND_OCT && vault_version_in(c, WITH_OCT)) ||
           key_bad_property("kty", reterr);
}

static bool make_key(struct vault_call *c, struct az_error *reterr)
{
    AUTO_JSON *body = data_body(c);
    struct rotation_policy policy;
    bool present;

    return check_kind(c, body, reterr) && take_rotation(c, &policy, &present, reterr) &&
           new_key_create(c, c->params[P_KEY], body, reterr);
}

/* "If it already exists, then the existing key is returned without any write operations". */
bool arm_key_put_prepare(struct vault_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct key_head head;
    char name[256];
    bool exists;
    bool ok;

    if (!json_is_object(json_object_get(c->body, "properties"))) {
        return az_fail_content(reterr, NULL, "properties is required");
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = take_vault(c, txn, reterr) && key_name_check(c->params[P_KEY], reterr);
    exists = ok && key_store_head(txn, c->vault->uid, vault_param(c, P_KEY, name, sizeof(name)),
                                  false, &head);
    kvdb_abort(txn);
    return ok && (exists || make_key(c, reterr));
}

/* The key that prepare found has gone, or the vault is another one: from the beginning. */
static bool start_again(struct vault_call *c)
{
    new_key_free(c->prepared);
    c->prepared = NULL;
    c->retry_prepare = true;
    return true;
}

bool arm_key_put_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    uint64_t uid = c->vault->uid; /* prepare has found it */
    struct rotation_policy policy;
    struct key_head head;
    struct key_version v;
    char name[256];
    bool with_policy;

    if (!take_vault(c, txn, reterr)) {
        return false;
    }
    (void) vault_param(c, P_KEY, name, sizeof(name));
    if (key_store_head(txn, c->vault->uid, name, false, &head)) {
        return key_find(c, txn, name, "", &head, &v, reterr) &&
               answer_key(c, txn, head.name, &v, false);
    }
    if (!c->prepared || c->vault->uid != uid) {
        return start_again(c);
    }
    if (!take_rotation(c, &policy, &with_policy, reterr) ||
        !new_key_put(c, txn, name, c->prepared, &head, &v, reterr)) {
        return false;
    }
    if (with_policy) {
        key_store_put_policy(txn, c->vault->uid, name, &policy);
        key_store_schedule(txn, c->vault->uid, &head, &v.meta, c->now_s);
        key_store_put_head(txn, c->vault->uid, &head);
    }
    (void) key_url(c, "keys", sv_from(name), v.meta.version, c->object_id);
    return answer_key(c, txn, head.name, &v, false);
}

/* {"value":[...],"nextLink":...}; from: where the next page begins, empty: this is the last. */
static bool answer_page(struct vault_call *c, json_t *list, const char *from)
{
    AUTO_JSON *doc = json_pack("{s:o}", "value", list);
    char base[URL_MAX];

    if (from[0]) {
        const char *target = c->x->req.target;

        (void) json_object_set_new(doc, "nextLink",
                                   json_sprintf("%s%.*s?api-version=%s&$skiptoken=%s",
                                                site_url(&c->site, SVC_MANAGEMENT, NULL, base),
                                                (int) strcspn(target, "?"), target, c->api_version,
                                                from));
    }
    return vault_answer_json(c, 200, doc);
}

/* Names and versions need no escapes: what a client has made up finds nothing or another place. */
static const char *page_start(const struct vault_call *c)
{
    const char *token = http_param_get(&c->x->req, "$skiptoken");

    return token && strlen(token) <= KEY_NAME_MAX ? token : "";
}

bool arm_key_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char next[KEY_NAME_MAX + 1] = "";
    struct kvdb_iter *it;
    struct key_head head;
    json_t *list;

    if (!take_vault(c, txn, reterr)) {
        return false;
    }
    list = json_array();
    it = key_store_heads(txn, c->vault->uid, false, page_start(c));
    while (!next[0] && key_store_next_head(it, &head)) {
        struct key_version v;

        if (json_array_size(list) == KEYS_IN_PAGE) {
            (void) snprintf(next, sizeof(next), "%s", head.name);
        } else if (key_store_version(txn, c->vault->uid, head.name, head.latest, &v)) {
            (void) json_array_append_new(list, key_json(c, txn, head.name, &v, false, false));
        }
    }
    kvdb_iter_free(it);
    return answer_page(c, list, next);
}

bool arm_key_versions_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    char next[KEY_VERSION_LEN + 1] = "";
    struct kvdb_iter *it;
    struct key_head head;
    struct key_version v;
    char name[256];
    json_t *list;

    if (!take_vault(c, txn, reterr) ||
        !key_find(c, txn, vault_param(c, P_KEY, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    list = json_array();
    it = key_store_versions(txn, c->vault->uid, name, page_start(c));
    while (!next[0] && key_store_next_version(it, &v)) {
        if (json_array_size(list) == KEYS_IN_PAGE) {
            memcpy(next, v.meta.version, sizeof(next));
        } else {
            (void) json_array_append_new(list, key_json(c, txn, head.name, &v, true, false));
        }
    }
    kvdb_iter_free(it);
    return answer_page(c, list, next);
}
