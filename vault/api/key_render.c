/* SPDX-License-Identifier: MIT */
/* Hot answers are written straight into the response, without a JSON tree. */
#include "vault/api/key_render.h"

#include <stdio.h>
#include <string.h>

#include "vault/api/answer.h"
#include "vault/api/key_fields.h"

static void add_int(struct buf *b, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long) v);

    buf_add(b, text, (size_t) n);
}

const char *key_url(const struct vault_call *c, const char *kind, struct str_view name,
                    const char *version, char out[URL_MAX])
{
    char base[URL_MAX];

    (void) snprintf(out, URL_MAX, "%.200s/%s/%.*s%s%s",
                    site_url(&c->site, SVC_VAULT, c->site.label, base), kind, (int) name.len,
                    name.ptr, version ? "/" : "", version ? version : "");
    return out;
}

void key_add_attributes(struct buf *b, const struct vault_call *c, const struct key_version *v)
{
    const struct key_meta *m = &v->meta;

    buf_str(b,
            m->enabled ? "\"attributes\":{\"enabled\":true" : "\"attributes\":{\"enabled\":false");
    if (m->has_nbf) {
        buf_str(b, ",\"nbf\":");
        add_int(b, m->nbf_s);
    }
    if (m->has_exp) {
        buf_str(b, ",\"exp\":");
        add_int(b, m->exp_s);
    }
    buf_str(b, ",\"created\":");
    add_int(b, m->created_s);
    buf_str(b, ",\"updated\":");
    add_int(b, m->updated_s);
    buf_str(b, ",\"recoveryLevel\":\"");
    buf_str(b, vault_recovery_level(c->vault, vault_version_in(c, VERSION_BEFORE(V_7_0_PREVIEW))));
    buf_str(b, "\"");
    if (key_field_shown(c, KF_RECOVERABLE_DAYS)) {
        buf_str(b, ",\"recoverableDays\":");
        add_int(b, c->vault->soft_delete ? c->vault->retention_days : 0);
    }
    if (key_field_shown(c, KF_EXPORTABLE)) {
        buf_str(b, m->exportable ? ",\"exportable\":true" : ",\"exportable\":false");
    }
    if (key_field_shown(c, KF_HSM_PLATFORM)) {
        buf_str(b, key_type_is_hsm((enum key_type) m->type) ? ",\"hsmPlatform\":\"1\""
                                                            : ",\"hsmPlatform\":\"0\"");
    }
    if (key_type_kind((enum key_type) m->type) == KEY_KIND_OCT && key_field_shown(c, KF_KEY_SIZE)) {
        buf_str(b, ",\"key_size\":"); /* symmetric keys only: versions.md 1.2 */
        add_int(b, m->bits);
    }
    buf_str(b, "}");
    if (v->texts.tags.len > 0) {
        buf_str(b, ",\"tags\":");
        buf_add(b, v->texts.tags.ptr, v->texts.tags.len);
    }
}

/* Last of a bundle (specification, KeyBundle): ,"release_policy":{...} */
static void add_policy(struct buf *b, const struct vault_call *c, const struct key_version *v)
{
    if (v->texts.policy.len > 0 && key_field_shown(c, KF_RELEASE_POLICY)) {
        buf_str(b, ",\"release_policy\":");
        buf_add(b, v->texts.policy.ptr, v->texts.policy.len);
    }
}

/* "key":{... without the end */
static void open_key(struct buf *b, struct vault_call *c, const struct key_version *v)
{
    const struct key_meta *m = &v->meta;

    (void) key_url(c, "keys", v->texts.name, m->version, c->object_id);
    buf_str(b, "\"key\":{\"kid\":\"");
    buf_str(b, c->object_id);
    buf_str(b, "\",\"kty\":\"");
    buf_str(b, key_type_name((enum key_type) m->type));
    if (m->pq != PQ_NONE) { /* between kty and key_ops: versions.md 1.3 */
        buf_str(b, "\",\"alg\":\"");
        buf_str(b, key_pq_name((enum key_pq) m->pq));
    }
    buf_str(b, "\",\"key_ops\":[");
    for (size_t i = 0; i < m->n_ops; i++) {
        buf_str(b, i > 0 ? ",\"" : "\"");
        buf_str(b, key_op_name((enum key_op)(1u << m->ops[i])));
        buf_str(b, "\"");
    }
    buf_str(b, v->texts.jwk.len > 0 ? "]," : "]"); /* a symmetric key shows nothing of itself */
    buf_add(b, v->texts.jwk.ptr, v->texts.jwk.len);
}

static void add_key(struct buf *b, struct vault_call *c, const struct key_version *v)
{
    open_key(b, c, v);
    buf_str(b, "},");
}

void key_add_released(struct buf *b, struct vault_call *c, const struct key_version *v,
                      struct str_view key_hsm)
{
    open_key(b, c, v);
    buf_str(b, ",\"key_hsm\":\"");
    buf_add(b, key_hsm.ptr, key_hsm.len);
    buf_str(b, "\"},");
    key_add_attributes(b, c, v);
    add_policy(b, c, v);
}

bool key_answer_bundle(struct vault_call *c, const struct key_version *v)
{
    struct buf *b = &c->x->resp.body;

    vault_answer_begin(c, 200);
    buf_str(b, "{");
    add_key(b, c, v);
    key_add_attributes(b, c, v);
    add_policy(b, c, v);
    buf_str(b, "}");
    return buf_ok(b);
}

void key_add_deleted(struct buf *b, const struct vault_call *c, const struct key_head *head)
{
    char url[URL_MAX];

    buf_str(b, "\"recoveryId\":\"");
    buf_str(b, key_url(c, "deletedkeys", sv_from(head->name), NULL, url));
    buf_str(b, "\",\"deletedDate\":");
    add_int(b, head->deleted_s);
    buf_str(b, ",\"scheduledPurgeDate\":");
    add_int(b, head->purge_s);
    buf_str(b, ",");
}

bool key_answer_deleted(struct vault_call *c, const struct key_head *head,
                        const struct key_version *v)
{
    struct buf *b = &c->x->resp.body;

    vault_answer_begin(c, 200);
    buf_str(b, "{");
    if (c->vault->soft_delete) {
        key_add_deleted(b, c, head);
    }
    add_key(b, c, v);
    key_add_attributes(b, c, v);
    /* No release_policy here (recorded, 7.3), although the specification's DeletedKeyBundle has it.
     */
    buf_str(b, "}");
    return buf_ok(b);
}

bool key_not_found(struct vault_call *c, const char *name, const char *version,
                   struct az_error *reterr)
{
    (void) c;
    return az_fail(
        reterr, AZ_ERR_KEY_NOT_FOUND,
        "A key with (name/id) %s%s%s was not found in this key vault. If you recently deleted this key "
        "you may be able to recover it using the correct recovery command. For help resolving this "
        "issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
        name, version[0] ? "/" : "", version);
}

bool key_find(struct vault_call *c, struct kvdb_txn *txn, const char *name, const char *version,
              struct key_head *head, struct key_version *v, struct az_error *reterr)
{
    if (!key_name_check(sv_from(name), reterr)) {
        return false;
    }
    (void) key_url(c, "keys", sv_from(name), version[0] ? version : NULL, c->object_id);
    if (!key_store_head(txn, c->vault->uid, name, false, head)) {
        /* An update names the key alone where there is none (recorded). */
        return key_not_found(c, name, c->row->body == BODY_UPDATE ? "" : version, reterr);
    }
    if (key_store_version(txn, c->vault->uid, name, version[0] ? version : head->latest, v)) {
        return true;
    }
    if (kvdb_failed(txn)) {
        return az_fail_internal(reterr, "reading a key");
    }
    return key_not_found(c, name, version, reterr);
}
