/* SPDX-License-Identifier: MIT */
/*
 * Rotation and its policy. Shapes: wire-samples.md part 1 (rotate, rotationpolicy).
 *
 * A new version has the kind, size, operations, release policy and tags of the one it follows, is
 * enabled, has no nbf, and expires after the policy's expiryTime (recorded: exp = created +
 * expiryTime).
 */
#include "vault/api/key_rotate.h"

#include <string.h>

#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/key_render.h"

bool rotation_plan(const struct key_version *v, struct new_key **ret, struct az_error *reterr)
{
    AUTO_NEW_KEY *nk = new_key_make();
    char version[KEY_VERSION_LEN + 1];

    if (!nk) {
        return az_fail_internal(reterr, "out of memory");
    }
    memcpy(version, nk->meta.version, sizeof(version));
    nk->meta = v->meta;
    memcpy(nk->meta.version, version, sizeof(version));
    nk->meta.enabled = 1;
    nk->meta.has_nbf = 0;
    nk->meta.has_exp = 0;
    buf_add(&nk->tags, v->texts.tags.ptr, v->texts.tags.len);
    buf_add(&nk->policy, v->texts.policy.ptr, v->texts.policy.len);
    if (!buf_ok(&nk->tags) || !buf_ok(&nk->policy)) {
        return az_fail_internal(reterr, "out of memory");
    }
    *ret = take_ptr(nk);
    return true;
}

bool rotation_make(struct vaultd *d, uint64_t vault_uid, struct new_key *nk,
                   struct az_error *reterr)
{
    struct key_spec spec = key_meta_spec(&nk->meta);

    return keygen_spec(d->pool, &spec, &nk->key, reterr) &&
           new_key_finish(d, vault_uid, nk, NULL, reterr);
}

bool rotation_fits(const struct new_key *nk, const struct key_version *v)
{
    return nk->meta.type == v->meta.type && nk->meta.bits == v->meta.bits &&
           nk->meta.curve == v->meta.curve && nk->meta.pq == v->meta.pq;
}

bool rotation_store(struct kvdb_txn *txn, uint64_t vault_uid, struct key_head *head,
                    struct new_key *nk, const struct rotation_policy *policy, int64_t at_s,
                    struct key_version *v, struct az_error *reterr)
{
    if (policy->expiry.seconds > 0) {
        nk->meta.has_exp = 1;
        nk->meta.exp_s = at_s + policy->expiry.seconds;
    }
    return new_version_put(txn, vault_uid, head, nk, at_s, v, reterr);
}

bool key_rotate_prepare(struct vault_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    struct new_key *nk = NULL;
    struct key_head head;
    struct key_version v;
    char name[256];
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr) &&
         rotation_plan(&v, &nk, reterr);
    kvdb_abort(txn); /* before the key is made: that takes seconds */
    c->prepared = nk;
    c->prepared_free = new_key_free;
    return ok && rotation_make(c->d, c->vault->uid, nk, reterr);
}

bool key_rotate_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct rotation_policy policy;
    struct key_head head;
    struct key_version v;
    char name[256];

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    if (!rotation_fits(c->prepared, &v)) { /* created anew, with another type, since prepare */
        new_key_free(c->prepared);
        c->prepared = NULL;
        c->retry_prepare = true;
        return true;
    }
    key_store_policy(txn, c->vault->uid, name, &policy);
    return rotation_store(txn, c->vault->uid, &head, c->prepared, &policy, c->now_s, &v, reterr) &&
           key_answer_bundle(c, &v);
}

static bool answer_policy(struct vault_call *c, const struct key_head *head,
                          const struct rotation_policy *policy)
{
    struct buf *b = &c->x->resp.body;
    char url[URL_MAX];

    vault_answer_begin(c, 200);
    buf_str(b, "{");
    if (policy->created_s > 0) { /* recorded: no id before a policy was set */
        buf_fmt(b, "\"id\":\"%s/rotationpolicy\",",
                key_url(c, "keys", sv_from(head->name), NULL, url));
    }
    rotation_write(policy, b);
    buf_str(b, "}");
    return buf_ok(b) || az_fail_internal(&c->error, "out of memory");
}

bool key_policy_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct rotation_policy policy;
    struct key_head head;
    struct key_version v;
    char name[256];

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    key_store_policy(txn, c->vault->uid, name, &policy);
    return answer_policy(c, &head, &policy);
}

bool key_policy_set_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct rotation_policy policy;
    struct key_head head;
    struct key_version v;
    struct key_meta latest;
    char name[256];

    if (!key_find(c, txn, vault_param(c, 0, name, sizeof(name)), "", &head, &v, reterr)) {
        return false;
    }
    latest = v.meta;
    key_store_policy(txn, c->vault->uid, name, &policy);
    if (!rotation_parse(c->body, &policy, reterr)) {
        return false;
    }
    policy.created_s = policy.created_s > 0 ? policy.created_s : c->now_s;
    policy.updated_s = c->now_s;
    key_store_put_policy(txn, c->vault->uid, name, &policy);
    key_store_schedule(txn, c->vault->uid, &head, &latest, c->now_s);
    key_store_put_head(txn, c->vault->uid, &head);
    return answer_policy(c, &head, &policy);
}
