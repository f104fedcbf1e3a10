/* SPDX-License-Identifier: MIT */
/* The copy is one sealed record beside the deployment's: both go in the same transaction. */
#include "provider/api/ai_serving.h"

#include <string.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/keygen.h"
#include "common/limits.h"
#include "provider/api/cmk_check.h"
#include "provider/api/deployment.h"
#include "provider/store/blobs.h"
#include "provider/store/child_store.h"

#define SERVING_COPIES "servingCopies"

static struct str_view copy_aad(const char *uid, const char *nonce, char out[192])
{
    (void) snprintf(out, 192, "serving/%s/%s", uid, nonce);
    return sv_from(out);
}

static bool read_whole(struct http_source *source, struct bytes *ret, struct az_error *reterr)
{
    size_t at = 0;
    ssize_t n = 1;

    if (source->length > LIMIT_MODEL_BYTES || !bytes_alloc(ret, (size_t) source->length)) {
        return az_fail_internal(reterr, "a model's artefact is too large");
    }
    while (n > 0 && at < ret->len) {
        n = source->read(source->ctx, ret->data + at, ret->len - at);
        at += n > 0 ? (size_t) n : 0;
    }
    return at == ret->len || az_fail_internal(reterr, "a model's artefact is cut off");
}

static bool seal_copy(struct provider_call *c, const char *uid, const struct bytes *plain,
                      json_t **ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    CLEANUP(buf_done) struct buf text = {0};
    guid_text nonce;
    char aad[192];

    guid_random(nonce);
    if (!seal(c->d->root_key, copy_aad(uid, nonce, aad), plain->data, plain->len, &sealed,
              reterr)) {
        return false;
    }
    base64url_write(&text, sealed.data, sealed.len);
    *ret = buf_ok(&text) ? json_pack("{s:s,s:s}", "nonce", nonce, "sealed", text.data) : NULL;
    return *ret || az_fail_internal(reterr, "out of memory");
}

bool ai_serving_load(struct provider_call *c, json_t *account, const char *model, json_t **ret,
                     struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    struct http_source source = {0};
    struct data_keys keys = {0};
    struct kvdb_txn *txn = NULL;
    AUTO_JSON *own = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = child_get(txn, uid, TUNED_MODELS, model, &own, reterr);
    kvdb_abort(txn);
    if (!ok || !cmk_open_data(c, account, CMK_OP_DEPLOY_TUNED, &keys, reterr)) {
        return false;
    }
    /* A model without an artefact was imported as a record only: there is nothing to load. */
    if (own && json_text(own, "artefact")[0]) {
        ok = blob_open(c->d->blob_dir, uid, json_text(own, "artefact"), &keys,
                       (uint64_t) json_integer_value(json_object_get(own, "bytes")), &source,
                       reterr) &&
             read_whole(&source, &plain, reterr);
    }
    data_keys_wipe(&keys);
    if (source.close) {
        source.close(source.ctx);
    }
    return ok && seal_copy(c, uid, &plain, ret, reterr);
}

bool ai_serving_store(struct kvdb_txn *txn, const json_t *account, const char *deployment,
                      const json_t *copy, struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");

    (void) child_del(txn, uid, SERVING_COPIES, deployment);
    return !copy || child_put(txn, uid, SERVING_COPIES, deployment, copy, reterr);
}

bool ai_serving_open(struct providerd *d, struct kvdb_txn *txn, const json_t *account,
                     const char *deployment, struct bytes *ret, struct az_error *reterr)
{
    const char *uid = json_text(account, "uid");
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    AUTO_JSON *copy = NULL;
    char aad[192];

    if (!child_get(txn, uid, SERVING_COPIES, deployment, &copy, reterr)) {
        return false;
    }
    if (!copy) {
        return true;
    }
    return base64url_read(sv_from(json_text(copy, "sealed")), &sealed)
               ? unseal(d->root_key, copy_aad(uid, json_text(copy, "nonce"), aad), sealed.data,
                        sealed.len, ret, reterr)
               : az_fail_internal(reterr, "a serving copy can't be read");
}
