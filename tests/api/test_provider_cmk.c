/* SPDX-License-Identifier: MIT */
/*
 * The customer's key through provider_api_handle(), with a vault of a few facts: what a binding
 * needs, what it does to the data, and what changes under its feet.
 */
#include <dirent.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define TEXT "a customer's own words"

static void no_protection(struct fake_vault *v)
{
    v->vault.purge_protection = false;
}
static void no_soft_delete(struct fake_vault *v)
{
    v->vault.soft_delete = false;
}
static void other_region(struct fake_vault *v)
{
    (void) snprintf(v->vault.location, sizeof(v->vault.location), "eastus");
}
static void other_tenant(struct fake_vault *v)
{
    (void) snprintf(v->vault.tenant, sizeof(v->vault.tenant), SUB);
}
static void closed(struct fake_vault *v)
{
    v->vault.firewall_on = true;
    v->vault.bypass_trusted = false;
}
static void no_wrap_permission(struct fake_vault *v)
{
    v->vault.identity_key_perms = CMK_PERM_ALL & ~CMK_PERM_WRAP;
}
static void ec_key(struct fake_vault *v)
{
    (void) snprintf(v->key.kty, sizeof(v->key.kty), "EC");
}
static void long_key(struct fake_vault *v)
{
    v->key.bits = 4096;
}

/* Ids and sources: cmk-rules.md, edition classic. */
static void a_binding_that_breaks_a_rule_is_refused_by_its_name(void **state)
{
    static const struct {
        void (*spoil)(struct fake_vault *v);
        const char *rule;
    } cases[] = {
        {no_soft_delete,     "kv.soft-delete"     },
        {no_protection,      "kv.purge-protection"},
        {other_region,       "kv.same-region"     },
        {other_tenant,       "kv.same-tenant"     },
        {closed,             "kv.firewall-trusted"},
        {no_wrap_permission, "kv.permissions"     },
        {ec_key,             "key.rsa-2048"       },
        {long_key,           "key.rsa-2048"       },
    };
    struct provider_fixture *f = *state;
    const struct fake_vault good = f->fake;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_store_hash before = api_store_hash(f->d.db);

        f->fake = good;
        cases[i].spoil(&f->fake);
        assert_in_range(provider_bind(f), 400, 403);
        assert_string_equal(http_response_get_header(&f->a.resp, "x-kvsim-rule"), cases[i].rule);
        assert_int_equal(f->fake.wraps, 0); /* the vault is not even asked */
        assert_store_unchanged(f->d.db, before);
    }
    f->fake = good;
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(f->fake.wraps, 1);
}

static void the_vault_is_called_with_the_accounts_own_token(void **state)
{
    struct provider_fixture *f = *state;
    struct token_claims c;
    char oid[64];

    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 200);
    (void) snprintf(oid, sizeof(oid), "%s", api_text(f->a.doc, "identity.principalId"));
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(
        token_verify(f->d.tokens, sv_from(f->fake.last_token), clock_real_ms() / 1000, &c, NULL),
        TOKEN_OK);
    assert_string_equal(c.oid, oid);
    assert_string_equal(c.aud, "https://vault.azure.net");
    assert_true(c.trusted_service);
}

/* The sealed bytes of the one blob. */
static void blob(struct provider_fixture *f, const char *id, struct buf *out)
{
    char command[5000];
    char path[256] = "";
    FILE *p;

    (void) snprintf(command, sizeof(command), "ls %s/*_%s", f->d.blob_dir, id);
    p = popen(command, "re");
    assert_non_null(p);
    assert_non_null(fgets(path, sizeof(path), p));
    assert_int_equal(pclose(p), 0);
    path[strcspn(path, "\n")] = '\0';
    assert_true(file_read(path, LIMIT_SMALL_FILE, out));
}

static void revoking_stops_reading_and_giving_back_restores_it(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf sealed = {0};
    CLEANUP(buf_done) struct buf out = {0};
    char id[64];

    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_upload(f, TEXT, id), 201);
    blob(f, id, &sealed);
    assert_null(memmem(sealed.data, sealed.len, "customer", 8));
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_string_equal(out.data, TEXT);
    f->fake.revoked = true;
    out.len = 0;
    assert_int_equal(provider_download(f, id, &out), 403);
    assert_int_equal(out.len, 0);
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, "customer's own", 14));
    f->fake.revoked = false;
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_string_equal(out.data, TEXT);
}

static void an_upload_under_a_revoked_key_leaves_nothing(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before;
    char id[64];

    assert_int_equal(provider_bind(f), 202);
    before = api_store_hash(f->d.db);
    f->fake.revoked = true;
    assert_int_equal(provider_upload(f, TEXT, id), 403);
    assert_store_unchanged(f->d.db, before);
    assert_int_equal(rmdir(f->d.blob_dir), 0); /* empty */
    assert_true(dir_make(f->d.blob_dir));
}

static void data_from_before_the_binding_comes_under_the_key_and_back(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf before = {0};
    CLEANUP(buf_done) struct buf after = {0};
    CLEANUP(buf_done) struct buf out = {0};
    char id[64];

    assert_int_equal(provider_upload(f, TEXT, id), 201);
    blob(f, id, &before);
    assert_int_equal(provider_bind(f), 202);
    f->fake.revoked = true;
    assert_int_equal(provider_download(f, id, &out), 403);
    f->fake.revoked = false;
    /* A new version: the data key is wrapped again, the data stays as it is. */
    f->fake.key.version[0] = 'f';
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_download(f, id, &out), 200);
    blob(f, id, &after);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    /* Microsoft-managed again: the vault is needed no longer. */
    assert_true(provider_arm(f, "PATCH", ACCOUNT_PATH "acct",
                             "{\"properties\":{\"encryption\":{\"keySource\":"
                             "\"Microsoft.CognitiveServices\"}}}") < 300);
    f->fake.revoked = true;
    out.len = 0;
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_string_equal(out.data, TEXT);
}

static void change_the_account(void *ctx)
{
    struct provider_fixture *f = ctx;
    struct http_exchange x;
    char authorization[4096];

    api_fill(&x, &(struct api_request){.method = "PATCH",
                                       .host = ARM_HOST,
                                       .target = ACCOUNT_PATH "acct?" ARM_VERSION,
                                       .body = "{\"tags\":{\"meanwhile\":\"yes\"}}"});
    (void) snprintf(authorization, sizeof(authorization), "Bearer %s", f->token);
    x.req.headers[x.req.n_headers++] =
        (struct http_header){sv_from("Authorization"), sv_from(authorization)};
    provider_api_handle(&f->d, &x);
    assert_int_equal(x.resp.status, 200);
    http_response_done(&x.resp);
    http_request_done(&x.req);
}

static void what_changed_while_the_vault_was_asked_makes_it_ask_again(void **state)
{
    struct provider_fixture *f = *state;

    f->fake.meanwhile = change_the_account;
    f->fake.meanwhile_ctx = f;
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(f->fake.wraps, 2);
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 200);
    assert_string_equal(api_text(f->a.doc, "tags.meanwhile"), "yes"); /* both changes are there */
    assert_string_equal(api_text(f->a.doc, "properties.encryption.keySource"),
                        "Microsoft.KeyVault");
}

static void a_key_cache_ends_with_its_time_and_never_outlives_a_change(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf out = {0};
    char id[64];

    f->d.dek_cache_ttl_ms = 60000;
    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_upload(f, TEXT, id), 201);
    f->fake.revoked = true;
    assert_int_equal(provider_download(f, id, &out), 200); /* still cached */
    provider_advance(f, 60);
    assert_int_equal(provider_download(f, id, &out), 403);
}

static void without_its_identity_the_account_can_not_read(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf out = {0};
    char id[64];

    assert_int_equal(provider_bind(f), 202);
    assert_int_equal(provider_upload(f, TEXT, id), 201);
    assert_true(
        provider_arm(f, "PATCH", ACCOUNT_PATH "acct", "{\"identity\":{\"type\":\"None\"}}") < 300);
    assert_int_equal(provider_download(f, id, &out), 403);
    assert_int_equal(out.len, 0);
}

/* All that is stored, searched for the account's data key as it is. */
static void the_data_key_is_stored_only_wrapped(void **state)
{
    struct provider_fixture *f = *state;
    AUTO_JSON *account = NULL;
    struct kvdb_txn *txn = NULL;
    struct kvkey prefix;
    struct kvdb_val key;
    struct kvdb_val val;
    struct kvdb_iter *it;
    struct az_error err;

    assert_int_equal(provider_bind(f), 202);
    assert_ok(kvdb_begin_read(f->d.db, &txn, &err), &err);
    kvkey_init(&prefix, 'A');
    it = kvdb_iter_new(txn, &prefix, NULL);
    assert_true(kvdb_iter_next(it, &key, &val));
    account = json_loadb(val.data, val.len, 0, NULL);
    kvdb_iter_free(it);
    kvdb_abort(txn);
    const json_t *dek = json_object_get(account, "dek");

    assert_true(json_text(dek, "wrapped")[0] != '\0');
    assert_null(json_object_get(dek, "sealed")); /* nothing that our own root key opens */
    assert_int_equal(provider_arm(f, "GET", ACCOUNT_PATH "acct", NULL), 200);
    assert_null(json_object_get(f->a.doc, "dek"));
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, json_text(dek, "wrapped"), 20));
}

/* cmk-rules.md, edition 2026: without a version the newest one is used from then on, not once. */
static void in_2026_a_newer_version_is_taken_up_at_the_next_use_and_kept(void **state)
{
    struct provider_fixture *f = *state;
    CLEANUP(buf_done) struct buf out = {0};
    char id[64];
    unsigned wraps;

    f->d.edition = EDITION_2026;
    assert_int_equal(provider_arm(f, "PATCH", ACCOUNT_PATH "acct",
                                  "{\"properties\":{\"encryption\":{\"keySource\":"
                                  "\"Microsoft.KeyVault\",\"keyVaultProperties\":{"
                                  "\"keyVaultUri\":\"https://demo.vault.azure.net\","
                                  "\"keyName\":\"k\"}}}}"),
                     202);
    assert_int_equal(provider_upload(f, TEXT, id), 201);
    (void) snprintf(f->fake.key.version, sizeof(f->fake.key.version),
                    "ffeeddccbbaa99887766554433221100");
    wraps = f->fake.wraps;
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_int_equal(f->fake.wraps, wraps + 1);
    assert_int_equal(provider_download(f, id, &out), 200);
    assert_int_equal(f->fake.wraps, wraps + 1); /* it was stored */
}

static unsigned count_blobs(const struct provider_fixture *f)
{
    DIR *d = opendir(f->d.blob_dir);
    const struct dirent *e;
    unsigned n = 0;

    assert_non_null(d);
    while ((e = readdir(d))) {
        n += e->d_name[0] != '.' ? 1 : 0;
    }
    (void) closedir(d);
    return n;
}

#define DELETED           \
    "/subscriptions/" SUB \
    "/providers/Microsoft.CognitiveServices/locations/westeurope/resourceGroups/rg/deletedAccounts/acct"

static void a_purge_takes_the_blobs_along_and_a_deletion_leaves_them(void **state)
{
    struct provider_fixture *f = *state;
    char id[64];

    assert_int_equal(provider_upload(f, TEXT, id), 201);
    assert_int_equal(provider_upload(f, TEXT, id), 201);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    assert_int_equal(count_blobs(f), 2);
    assert_int_equal(provider_arm(f, "DELETE", DELETED "no", NULL), 404);
    assert_int_equal(count_blobs(f), 2);
    assert_int_equal(provider_arm(f, "DELETE", DELETED, NULL), 202);
    assert_int_equal(count_blobs(f), 0);
}

static void after_48_hours_the_blobs_go_with_the_next_answer(void **state)
{
    struct provider_fixture *f = *state;
    char id[64];

    assert_int_equal(provider_upload(f, TEXT, id), 201);
    assert_int_equal(provider_arm(f, "DELETE", ACCOUNT_PATH "acct", NULL), 200);
    provider_advance(f, INT64_C(48) * 3600 - 1);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 200);
    assert_int_equal(count_blobs(f), 1);
    provider_advance(f, 1);
    assert_int_equal(provider_arm(f, "GET", DELETED, NULL), 404); /* also with a refusal */
    assert_int_equal(count_blobs(f), 0);
}

static void a_wrong_api_key_reads_nothing(void **state)
{
    struct provider_fixture *f = *state;
    char id[64];
    char target[256];

    assert_int_equal(provider_upload(f, TEXT, id), 201);
    (void) snprintf(target, sizeof(target), "/openai/files/%s/content?api-version=2024-10-21", id);
    assert_int_equal(
        provider_call(f, &(struct api_request){.host = ACCOUNT_HOST, .target = target}), 401);
    assert_int_equal(
        provider_call(f, &(struct api_request){.host = ACCOUNT_HOST,
                                               .target = target,
                                               .headers = {{"api-key", "0123456789abcdef"}}}),
        401);
    assert_int_equal(
        provider_call(
            f, &(struct api_request){.host = ACCOUNT_HOST, .target = target, .token = f->token}),
        401); /* a token for the resource manager */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_binding_that_breaks_a_rule_is_refused_by_its_name),
        CASE(the_vault_is_called_with_the_accounts_own_token),
        CASE(revoking_stops_reading_and_giving_back_restores_it),
        CASE(an_upload_under_a_revoked_key_leaves_nothing),
        CASE(data_from_before_the_binding_comes_under_the_key_and_back),
        CASE(what_changed_while_the_vault_was_asked_makes_it_ask_again),
        CASE(a_key_cache_ends_with_its_time_and_never_outlives_a_change),
        CASE(without_its_identity_the_account_can_not_read),
        CASE(the_data_key_is_stored_only_wrapped),
        CASE(in_2026_a_newer_version_is_taken_up_at_the_next_use_and_kept),
        CASE(a_purge_takes_the_blobs_along_and_a_deletion_leaves_them),
        CASE(after_48_hours_the_blobs_go_with_the_next_answer),
        CASE(a_wrong_api_key_reads_nothing),
    };

    return cmocka_run_group_tests_name("provider_cmk", tests, NULL, NULL);
}
