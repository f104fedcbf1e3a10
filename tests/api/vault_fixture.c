/* SPDX-License-Identifier: MIT */
/* A vaultd in one thread. */
#include "tests/api/vault_fixture.h"

#include "common/rbac_cache.h"
#include "vault/api/api.h"
#include "vault/api/key_cache.h"
#include "vault/api/sweep.h"
#include "vault/api/vault_cache.h"

int vault_setup(void **state)
{
    static struct vault_fixture f;

    vault_fixture_open(&f);
    *state = &f;
    return 0;
}

int vault_teardown(void **state)
{
    vault_fixture_close(*state);
    return 0;
}

static void handle(void *daemon, struct http_exchange *x)
{
    vault_api_handle(daemon, x);
}

void vault_grant(struct vault_fixture *f, const char *names)
{
    CLEANUP(buf_done) struct buf body = {0};

    buf_fmt(&body,
            "{\"properties\":{\"accessPolicies\":[{\"tenantId\":\"" TENANT
            "\",\"objectId\":\"" OPERATOR "\",\"permissions\":{\"keys\":[%s]}}]}}",
            names);
    assert_int_equal(vault_arm(f, "PUT", VAULT_PATH "demo/accessPolicies/replace", body.data), 200);
}

void vault_fixture_open(struct vault_fixture *f)
{
    const struct kvdb_options o = {.map_size = UINT64_C(4) << 30, .relaxed = true, .schema = 1};
    struct vaultd *d = &f->d;
    struct az_error err;
    char path[256];

    *f = (struct vault_fixture){0};
    test_dir_make(&f->dir);
    assert_ok(sim_clock_open(NULL, &d->clock, &err), &err);
    assert_ok(sim_clock_freeze(d->clock, &err), &err);
    assert_ok(kvdb_open(test_dir_file(&f->dir, "vault", path), &o, &d->db, &err), &err);
    assert_ok(token_signer_open(f->dir.path, &f->signer, &err), &err);
    assert_ok(token_verifier_open(test_dir_file(&f->dir, "jwks.json", path), &d->tokens, &err),
              &err);
    assert_ok(control_open(&d->control, f->dir.path, "vaultd", d->clock, &err), &err);
    d->names.ports = (struct site_ports){7443, 7444, 7445, 7446};
    d->keys = key_cache_new();
    d->vaults = vault_cache_new();
    d->sweeper = sweeper_new();
    d->rbac = rbac_cache_new();
    memset(d->root_key, 7, sizeof(d->root_key));
    (void) snprintf(d->default_tenant, sizeof(d->default_tenant), TENANT);
    f->token = api_token(f->signer, TENANT, OPERATOR, "https://vault.azure.net");
    f->arm_token = api_token(f->signer, TENANT, OPERATOR, "https://management.azure.com/");
    assert_int_equal(
        vault_arm(f, "PUT", VAULT_PATH "demo",
                  "{\"location\":\"westeurope\",\"properties\":{\"tenantId\":\"" TENANT
                  "\",\"sku\":{\"family\":\"A\",\"name\":\"standard\"},\"accessPolicies\":[]}}"),
        200);
    vault_grant(f, "\"all\"");
}

void vault_fixture_close(struct vault_fixture *f)
{
    api_answer_done(&f->a);
    free(f->token);
    free(f->arm_token);
    key_cache_free(f->d.keys);
    vault_cache_free(f->d.vaults);
    sweeper_free(f->d.sweeper);
    rbac_cache_free(f->d.rbac);
    token_verifier_free(f->d.tokens);
    token_signer_free(f->signer);
    kvdb_close(f->d.db);
    sim_clock_close(f->d.clock);
    test_dir_remove(&f->dir);
}

int vault_call_as(struct vault_fixture *f, const char *token, const char *method, const char *path,
                  const char *body)
{
    char target[2048];

    (void) snprintf(target, sizeof(target), "%s%s%s", path, strchr(path, '?') ? "&" : "?",
                    strstr(path, "api-version=") ? "" : "api-version=7.4");
    return api_call(handle, &f->d,
                    &(struct api_request){method, VAULT_HOST, target, token, body, {{0}}}, &f->a);
}

int vault_call(struct vault_fixture *f, const char *method, const char *path, const char *body)
{
    return vault_call_as(f, f->token, method, path, body);
}

int vault_arm(struct vault_fixture *f, const char *method, const char *path, const char *body)
{
    char target[2048];

    (void) snprintf(target, sizeof(target), "%s%sapi-version=2023-07-01", path,
                    strchr(path, '?') ? "&" : "?");
    return api_call(handle, &f->d,
                    &(struct api_request){method,
                                          ARM_HOST,
                                          target,
                                          f->arm_token,
                                          body,
                                          {{"x-kvsim-control", f->d.control.token}}},
                    &f->a);
}

void vault_advance(struct vault_fixture *f, int64_t seconds)
{
    struct az_error err;

    assert_ok(sim_clock_advance(f->d.clock, seconds * 1000, &err), &err);
}
