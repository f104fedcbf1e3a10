/* SPDX-License-Identifier: MIT */
/* Requests without a socket. */
#include "tests/api/client.h"

#include <openssl/evp.h>

#include "common/clock.h"

void api_fill(struct http_exchange *x, const struct api_request *r)
{
    struct http_request *req = &x->req;

    *x = (struct http_exchange){0};
    req->method_name = sv_from(r->method ? r->method : "GET");
    req->method = http_method_parse(req->method_name);
    assert_true(http_request_parse_target(req, sv_from(r->target)));
    req->host = sv_from(r->host);
    req->body = sv_from(r->body);
    req->has_body = req->body.len > 0;
    req->content_length = req->body.len;
    req->tls = true;
    (void) snprintf(req->client_ip, sizeof(req->client_ip), "127.0.0.1");
    for (size_t i = 0; i < ARRAY_LEN(r->headers) && r->headers[i][0]; i++) {
        req->headers[req->n_headers++] =
            (struct http_header){sv_from(r->headers[i][0]), sv_from(r->headers[i][1])};
    }
}

/* A call inside this one (what happens meanwhile) may have left its own answer there. */
static void take_answer(struct http_exchange *x, struct api_answer *a)
{
    api_answer_done(a);
    a->resp = x->resp;
    a->status = x->resp.status;
    if (x->resp.body.len > 0) {
        a->doc = json_loadb(x->resp.body.data, x->resp.body.len, JSON_REJECT_DUPLICATES, NULL);
    }
}

int api_call(void (*handle)(void *daemon, struct http_exchange *x), void *daemon,
             const struct api_request *r, struct api_answer *a)
{
    CLEANUP(buf_done) struct buf authorization = {0};
    struct http_exchange x;

    api_answer_done(a);
    api_fill(&x, r);
    if (r->token) {
        buf_fmt(&authorization, "Bearer %s", r->token);
        x.req.headers[x.req.n_headers++] =
            (struct http_header){sv_from("Authorization"), sv_from(authorization.data)};
    }
    handle(daemon, &x);
    take_answer(&x, a);
    http_request_done(&x.req);
    assert_in_range(a->status, 200, 599);
    /* Every refusal is the service's own JSON. */
    assert_true(a->status < 400 || json_is_object(a->doc));
    return a->status;
}

void api_answer_done(struct api_answer *a)
{
    json_decref(a->doc);
    http_response_done(&a->resp);
    *a = (struct api_answer){0};
}

const char *api_text(const json_t *doc, const char *path)
{
    char name[64];
    size_t n = strcspn(path, ".");

    (void) snprintf(name, sizeof(name), "%.*s", (int) n, path);
    return path[n] ? api_text(json_object_get(doc, name), path + n + 1) : json_text(doc, name);
}

struct api_store_hash api_store_hash(struct kvdb *db)
{
    struct api_store_hash h = {0};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_int_equal(EVP_DigestInit_ex(md, EVP_sha256(), NULL), 1);
    assert_ok(kvdb_begin_read(db, &txn, &err), &err);
    for (int record_class = 1; record_class < 256; record_class++) {
        struct kvkey prefix;
        struct kvdb_iter *it;
        struct kvdb_val key;
        struct kvdb_val val;

        kvkey_init(&prefix, (char) record_class);
        it = kvdb_iter_new(txn, &prefix, NULL);
        while (it && kvdb_iter_next(it, &key, &val)) {
            (void) EVP_DigestUpdate(md, &key.len, sizeof(key.len));
            (void) EVP_DigestUpdate(md, key.data, key.len);
            (void) EVP_DigestUpdate(md, &val.len, sizeof(val.len));
            (void) EVP_DigestUpdate(md, val.data, val.len);
        }
        kvdb_iter_free(it);
    }
    kvdb_abort(txn);
    (void) EVP_DigestFinal_ex(md, h.bytes, NULL);
    EVP_MD_CTX_free(md);
    return h;
}

char *api_token(const struct token_signer *s, const char *tenant, const char *oid,
                const char *audience)
{
    int64_t now = clock_real_ms() / 1000;
    struct token_claims c = {.idtyp = "app", .iat = now, .nbf = now, .exp = now + 3600};
    struct az_error err;
    char *jwt = NULL;

    (void) snprintf(c.iss, sizeof(c.iss), "https://sts.windows.net/%s/", tenant);
    (void) snprintf(c.aud, sizeof(c.aud), "%s", audience);
    (void) snprintf(c.oid, sizeof(c.oid), "%s", oid);
    (void) snprintf(c.appid, sizeof(c.appid), "%s", oid);
    (void) snprintf(c.tid, sizeof(c.tid), "%s", tenant);
    assert_ok(token_sign(s, &c, &jwt, &err), &err);
    return jwt;
}
