/* SPDX-License-Identifier: MIT */
/* A providerd in one thread, and a vault that is a few facts and a key. */
#include "tests/api/provider_fixture.h"

#include "common/fsutil.h"
#include "provider/api/api.h"
#include "provider/api/dek.h"
#include "provider/api/role_sync.h"

static const uint8_t vault_key[SEAL_KEY_LEN] = {42};

static bool get_vault(void *ctx, const char *vault, const char *principal_oid, const char *key,
                      struct vault_facts *ret, struct az_error *reterr)
{
    struct fake_vault *f = ctx;

    (void) principal_oid;
    (void) key;
    (void) reterr;
    *ret = strcasecmp(vault, f->vault.name) == 0 ? f->vault : (struct vault_facts){0};
    return true;
}

static bool get_key(void *ctx, const char *vault, const char *key, const char *version,
                    const char *token, struct key_facts *ret, struct az_error *reterr)
{
    struct fake_vault *f = ctx;

    (void) vault;
    (void) reterr;
    (void) snprintf(f->last_token, sizeof(f->last_token), "%s", token);
    *ret = f->key;
    if (strcmp(key, "k") != 0 || (version && version[0] && strcmp(version, f->key.version) != 0)) {
        *ret = (struct key_facts){.status = 404, .error_code = "KeyNotFound"};
    }
    return true;
}

static enum cmk_key_state key_state(void *ctx, const char *vault, const char *key)
{
    (void) vault;
    (void) key;
    return ((struct fake_vault *) ctx)->state;
}

static bool refuse(const struct fake_vault *f, struct az_error *reterr)
{
    if (f->unreachable) { /* as http_client_call() */
        return az_fail(reterr, AZ_ERR_SERVICE_UNAVAILABLE, "The service could not be reached.");
    }
    /* As vault_client_http.c hands on a refusal of the vault. */
    return az_fail_inner(reterr, AZ_ERR_CMK_ACCESS_DENIED, "AccessDenied",
                         "The user, group or application does not have keys permission.");
}

static bool wrap(void *ctx, const char *vault, const char *key, const char *version,
                 const char *token, const struct bytes *plain, struct bytes *ret,
                 struct az_error *reterr)
{
    struct fake_vault *f = ctx;
    void (*meanwhile)(void *) = f->meanwhile;

    (void) vault;
    (void) key;
    f->wraps++;
    f->meanwhile = NULL;
    (void) snprintf(f->last_token, sizeof(f->last_token), "%s", token);
    if (meanwhile) {
        meanwhile(f->meanwhile_ctx);
    }
    return f->revoked || f->unreachable
               ? refuse(f, reterr)
               : seal(vault_key, sv_from(version), plain->data, plain->len, ret, reterr);
}

static bool unwrap(void *ctx, const char *vault, const char *key, const char *version,
                   const char *token, const struct bytes *wrapped, struct bytes *ret,
                   struct az_error *reterr)
{
    struct fake_vault *f = ctx;
    void (*in_unwrap)(void *) = f->in_unwrap;

    (void) vault;
    (void) key;
    f->in_unwrap = NULL;
    if (in_unwrap) {
        in_unwrap(f->meanwhile_ctx);
    }
    f->unwraps++;
    (void) snprintf(f->last_token, sizeof(f->last_token), "%s", token);
    return f->revoked || f->unreachable
               ? refuse(f, reterr)
               : unseal(vault_key, sv_from(version), wrapped->data, wrapped->len, ret, reterr);
}

static bool arm(void *ctx, const char *method, const char *host, const char *path_and_query,
                const char *authorization, struct str_view body, struct http_client_answer *ret,
                struct az_error *reterr)
{
    (void) ctx;
    (void) method;
    (void) host;
    (void) path_and_query;
    (void) authorization;
    (void) body;
    (void) reterr;
    *ret = (struct http_client_answer){.status = 200};
    buf_str(&ret->body, "{\"value\":[]}");
    return true;
}

static bool put_rbac(void *ctx, const json_t *change, bool *stale, struct az_error *reterr)
{
    struct fake_vault *f = ctx;
    void (*meanwhile)(void *) = f->meanwhile;

    if (f->roles->down) {
        return az_fail_internal(reterr, "vaultd is not there");
    }
    f->meanwhile = NULL;
    if (meanwhile) {
        meanwhile(f->meanwhile_ctx);
    }
    *stale = f->roles->stale;
    f->roles->stale = false;
    (void) json_array_append_new(f->roles->changes, json_deep_copy(change));
    return true;
}

static void make_fake(struct provider_fixture *f)
{
    f->roles.changes = json_array();
    f->fake = (struct fake_vault){
        .roles = &f->roles,
        .vault = {.exists = true,
                  .name = "demo",
                  .tenant = TENANT,
                  .subscription = SUB,
                  .location = "westeurope",
                  .soft_delete = true,
                  .purge_protection = true,
                  .bypass_trusted = true,
                  .identity_key_perms = CMK_PERM_ALL},
        .key = {.status = 200,
                  .kty = "RSA",
                  .bits = 2048,
                  .version = "00112233445566778899aabbccddeeff",
                  .enabled = true,
                  .wrap = true,
                  .unwrap = true         }
    };
    f->client =
        (struct vault_client){&f->fake, get_vault, get_key, key_state, wrap, unwrap, arm, put_rbac};
    f->d.vaults = &f->client;
}

static void fill_directory(struct provider_fixture *f)
{
    const struct principal operator= {.oid = OPERATOR, .appid = OPERATOR, .tid = TENANT};
    const struct principal stranger = {.oid = STRANGER, .appid = STRANGER, .tid = TENANT};
    const struct subscription s = {
        .id = SUB, .tenant = TENANT, .display_name = "sub", .owner_oid = OPERATOR};
    const struct resource_group g = {.subscription = SUB, .name = "rg", .location = "westeurope"};
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    directory_put_tenant(txn, TENANT, "tenant");
    directory_put_principal(txn, &operator);
    directory_put_principal(txn, &stranger);
    directory_put_subscription(txn, &s);
    directory_put_group(txn, &g);
    assert_ok(kvdb_commit(txn, &err), &err);
}

void provider_fixture_open(struct provider_fixture *f)
{
    const struct kvdb_options o = {.map_size = 256 << 20, .relaxed = true, .schema = 1};
    struct providerd *d = &f->d;
    struct az_error err;
    char path[256];

    *f = (struct provider_fixture){0};
    test_dir_make(&f->dir);
    assert_ok(sim_clock_open(NULL, &d->clock, &err), &err);
    assert_ok(sim_clock_freeze(d->clock, &err), &err);
    assert_ok(kvdb_open(test_dir_file(&f->dir, "provider", path), &o, &d->db, &err), &err);
    assert_ok(token_signer_open(f->dir.path, &d->signer, &err), &err);
    assert_ok(token_verifier_open(test_dir_file(&f->dir, "jwks.json", path), &d->tokens, &err),
              &err);
    assert_ok(control_open(&d->control, f->dir.path, "providerd", d->clock, &err), &err);
    (void) snprintf(d->blob_dir, sizeof(d->blob_dir), "%s/blobs", f->dir.path);
    assert_true(dir_make(d->blob_dir));
    d->names.ports = (struct site_ports){7443, 7444, 7445, 7446};
    d->deks = dek_cache_new();
    d->rbac = rbac_cache_new();
    d->role_sync = role_sync_new();
    memset(d->root_key, 7, sizeof(d->root_key));
    (void) snprintf(d->default_tenant, sizeof(d->default_tenant), TENANT);
    control_identity_header(d->control.token, d->identity_header);
    make_fake(f);
    fill_directory(f);
    f->token = api_token(d->signer, TENANT, OPERATOR, "https://management.azure.com/");
}

void provider_fixture_close(struct provider_fixture *f)
{
    api_answer_done(&f->a);
    json_decref(f->roles.changes);
    free(f->token);
    dek_cache_free(f->d.deks);
    rbac_cache_free(f->d.rbac);
    role_sync_free(f->d.role_sync);
    token_verifier_free(f->d.tokens);
    token_signer_free(f->d.signer);
    kvdb_close(f->d.db);
    sim_clock_close(f->d.clock);
    test_dir_remove(&f->dir);
}

int provider_setup(void **state)
{
    static struct provider_fixture f;

    provider_fixture_open(&f);
    *state = &f;
    return 0;
}

int provider_setup_account(void **state)
{
    (void) provider_setup(state);
    provider_make_account(*state);
    return 0;
}

int provider_teardown(void **state)
{
    provider_fixture_close(*state);
    return 0;
}

static void handle(void *daemon, struct http_exchange *x)
{
    provider_api_handle(daemon, x);
}

int provider_call(struct provider_fixture *f, const struct api_request *r)
{
    return api_call(handle, &f->d, r, &f->a);
}

int provider_arm_at(struct provider_fixture *f, const char *version, const char *method,
                    const char *path, const char *body)
{
    char target[2048];

    (void) snprintf(target, sizeof(target), "%s%sapi-version=%s", path,
                    strchr(path, '?') ? "&" : "?", version);
    return provider_call(
        f,
        &(struct api_request){
            .method = method, .host = ARM_HOST, .target = target, .token = f->token, .body = body});
}

int provider_arm(struct provider_fixture *f, const char *method, const char *path, const char *body)
{
    return provider_arm_at(f, ARM_DEFAULT, method, path, body);
}

int provider_control(struct provider_fixture *f, const char *method, const char *path,
                     const char *body)
{
    return provider_call(
        f, &(struct api_request){.method = method,
                                 .host = ARM_HOST,
                                 .target = path,
                                 .body = body,
                                 .headers = {{"x-kvsim-control", f->d.control.token}}});
}

void provider_make_account(struct provider_fixture *f)
{
    assert_int_equal(
        provider_arm(f, "PUT", ACCOUNT_PATH "acct",
                     "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},"
                     "\"identity\":{\"type\":\"SystemAssigned\"},"
                     "\"properties\":{\"customSubDomainName\":\"acct\"}}"),
        201);
}

int provider_bind(struct provider_fixture *f)
{
    return provider_arm(f, "PATCH", ACCOUNT_PATH "acct",
                        "{\"properties\":{\"encryption\":{\"keySource\":\"Microsoft.KeyVault\","
                        "\"keyVaultProperties\":{\"keyVaultUri\":\"https://demo.vault.azure.net\","
                        "\"keyName\":\"k\",\"keyVersion\":\"\"}}}}");
}

/* The account's first key, as listKeys shows it. */
static void account_key(struct provider_fixture *f, char out[128])
{
    assert_int_equal(provider_arm(f, "POST", ACCOUNT_PATH "acct/listKeys", NULL), 200);
    (void) snprintf(out, 128, "%s", api_text(f->a.doc, "key1"));
}

int provider_upload(struct provider_fixture *f, const char *text, char id[64])
{
    CLEANUP(buf_done) struct buf body = {0};
    char key[128];
    int status;

    account_key(f, key);
    buf_fmt(&body,
            "--BB\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
            "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n"
            "%s\r\n--BB--\r\n",
            text);
    status = provider_call(
        f,
        &(struct api_request){
            .method = "POST",
            .host = ACCOUNT_HOST,
            .target = "/openai/files?api-version=2024-10-21",
            .body = body.data,
            .headers = {{"api-key", key}, {"Content-Type", "multipart/form-data; boundary=BB"}}
    });
    (void) snprintf(id, 64, "%s", api_text(f->a.doc, "id"));
    return status;
}

int provider_download(struct provider_fixture *f, const char *id, struct buf *out)
{
    struct http_source *s = &f->a.resp.source;
    char target[256];
    char key[128];
    uint8_t piece[1000];
    ssize_t n;
    int status;

    account_key(f, key);
    (void) snprintf(target, sizeof(target), "/openai/files/%s/content?api-version=2024-10-21", id);
    status = provider_call(f, &(struct api_request){.host = ACCOUNT_HOST,
                                                    .target = target,
                                                    .headers = {{"api-key", key}}});
    while (s->read && (n = s->read(s->ctx, piece, sizeof(piece))) > 0) {
        buf_add(out, piece, (size_t) n);
    }
    return status;
}

void provider_advance(struct provider_fixture *f, int64_t seconds)
{
    struct az_error err;

    assert_ok(sim_clock_advance(f->d.clock, seconds * 1000, &err), &err);
}
