/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: authentication before everything, permission before validation, each operation
 * of the route table with and without its permission, and access that is taken away in between.
 */
#include "common/clock.h"
#include "common/fsutil.h"
#include "tests/api/vault_fixture.h"
#include "vault/api/api.h"

/* A path for a row's template: "{name}" is k, "{version?}" some version. */
static void path_of(const char *template, char out[256])
{
    size_t n = 0;

    for (const char *p = template; *p; p++) {
        if (*p == '{') {
            n += (size_t) snprintf(
                out + n, 256 - n, "%s",
                strncmp(p, "{version", 8) == 0 ? "00112233445566778899aabbccddeeff" : "k");
            p = strchr(p, '}');
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

static const char *method_of(const struct vault_route *r)
{
    return http_method_name((enum http_method) r->route.methods);
}

static void the_token_is_judged_before_anything_else(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } requests[] = {
        {"GET",    "/keys/k",                NULL     }, /* not there */
        {"POST",   "/keys/k/create",         "no json"},
        {"POST",   "/keys/k/nonsense",       NULL     }, /* no such operation */
        {"DELETE", "/",                      NULL     },
        {"GET",    "/keys/%00",              NULL     }, /* a bad name */
        {"GET",    "/keys/../keys",          NULL     },
        {"GET",    "/keys?api-version=junk", NULL     },
        {"POST",   "/keys/k_/sign",          "{}"     },
    };
    struct vault_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        assert_int_equal(
            vault_call_as(f, NULL, requests[i].method, requests[i].path, requests[i].body), 401);
        assert_non_null(strstr(api_text(f->a.doc, "error.message"), "AKV10000"));
        /* clients.md section 4.1: exact to the space. */
        assert_string_equal(http_response_get_header(&f->a.resp, "WWW-Authenticate"),
                            "Bearer authorization=\"https://login.localhost:7444/" TENANT
                            "\", resource=\"https://vault.localhost:7443\"");
        assert_int_equal(
            vault_call_as(f, "not.a.token", requests[i].method, requests[i].path, requests[i].body),
            401);
    }
    assert_store_unchanged(f->d.db, before);
}

static void every_operation_needs_its_permission(void **state)
{
    struct vault_fixture *f = *state;
    char path[256];

    f->d.secure_wrap = true;
    for (size_t i = 0; i < vault_key_routes_len; i++) {
        const struct vault_route *r = &vault_key_routes[i];
        char names[512] = "";
        size_t n = 0;
        struct api_store_hash before;

        assert_true(r->permission != 0);
        path_of(r->route.path, path);
        (void) strncat(path, "?api-version=2026-04-01", sizeof(path) - strlen(path) - 1);
        for (unsigned bit = 1; bit <= KEY_PERM_ALL; bit <<= 1) {
            if (bit != r->permission) {
                n += (size_t) snprintf(names + n, sizeof(names) - n, "%s\"%s\"", n > 0 ? "," : "",
                                       key_perm_name((enum key_perm) bit));
            }
        }
        vault_grant(f, names); /* all but the one */
        before = api_store_hash(f->d.db);
        if (vault_call(f, method_of(r), path, "{\"not\":\"valid\"}") != 403) {
            fail_msg("%s %s without its permission: %d", method_of(r), path, f->a.status);
        }
        assert_string_equal(api_text(f->a.doc, "error.code"), "Forbidden");
        assert_store_unchanged(f->d.db, before);
        (void) snprintf(names, sizeof(names), "\"%s\"",
                        key_perm_name((enum key_perm) r->permission));
        vault_grant(f, names); /* only the one */
        (void) vault_call(f, method_of(r), path, "{\"not\":\"valid\"}");
        if (f->a.status == 401 || f->a.status == 403) {
            fail_msg("%s %s with its permission: %d", method_of(r), path, f->a.status);
        }
    }
}

static void a_stranger_and_nobodys_vault_are_refused(void **state)
{
    struct vault_fixture *f = *state;
    CLEANUP(free_str)
    char *stranger = api_token(f->signer, TENANT, STRANGER, "https://vault.azure.net");

    assert_int_equal(vault_call_as(f, stranger, "GET", "/keys", NULL), 403);
    vault_grant(f, "");
    assert_int_equal(vault_call(f, "GET", "/keys", NULL), 403);
}

static void a_token_for_another_audience_tenant_or_time_is_refused(void **state)
{
    struct vault_fixture *f = *state;
    struct test_dir dir;
    struct token_signer *other = NULL;
    struct az_error err;
    struct token_claims old = {.iss = "https://sts.windows.net/" TENANT "/",
                               .aud = "https://vault.azure.net",
                               .oid = OPERATOR,
                               .exp = 1};
    CLEANUP(free_str)
    char *audience = api_token(f->signer, TENANT, OPERATOR, "https://management.azure.com/");
    CLEANUP(free_str)
    char *near_miss = api_token(f->signer, TENANT, OPERATOR, "https://vault.azure.net.example.com");
    CLEANUP(free_str)
    char *tenant = api_token(f->signer, SUB, OPERATOR, "https://vault.azure.net");
    CLEANUP(free_str) char *expired = NULL;
    CLEANUP(free_str) char *forged = NULL;

    test_dir_make(&dir);
    assert_ok(token_signer_open(dir.path, &other, &err), &err);
    assert_ok(token_sign(f->signer, &old, &expired, &err), &err);
    forged = api_token(other, TENANT, OPERATOR, "https://vault.azure.net");
    const struct {
        const char *token, *code;
    } cases[] = {
        {audience,  "AKV10022"    },
        {near_miss, "AKV10022"    },
        {tenant,    "AKV10032"    },
        {expired,   "TokenExpired"},
        {forged,    "AKV10046"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(vault_call_as(f, cases[i].token, "GET", "/keys", NULL), 401);
        assert_non_null(strstr(api_text(f->a.doc, "error.message"), cases[i].code));
        assert_non_null(http_response_get_header(&f->a.resp, "WWW-Authenticate"));
        assert_null(strstr(api_text(f->a.doc, "error.message"), cases[i].token));
    }
    token_signer_free(other);
    test_dir_remove(&dir);
}

static void the_resource_manager_is_reached_through_providerd_only(void **state)
{
    struct vault_fixture *f = *state;
    struct api_answer a = {0};
    struct http_exchange x;
    const struct api_request r = {.host = ARM_HOST,
                                  .target = VAULT_PATH "demo?api-version=2023-07-01"};

    api_fill(&x, &r);
    vault_api_handle(&f->d, &x);
    assert_int_equal(x.resp.status, 403);
    http_response_done(&x.resp);
    http_request_done(&x.req);
    api_answer_done(&a);
}

/* Plays a create up to its write, lets `between` happen, and goes on. */
static int create_with(struct vault_fixture *f, void (*between)(struct vault_fixture *f))
{
    struct http_app app;
    struct http_exchange x;
    struct kvdb_txn *txn = NULL;
    struct az_error err;
    char authorization[4096];
    enum http_step next;
    int status;

    vault_api_init(&app, &f->d);
    api_fill(&x, &(struct api_request){.method = "POST",
                                       .host = VAULT_HOST,
                                       .target = "/keys/raced/create?api-version=7.4",
                                       .body = "{\"kty\":\"EC\"}"});
    (void) snprintf(authorization, sizeof(authorization), "Bearer %s", f->token);
    x.req.headers[x.req.n_headers++] =
        (struct http_header){sv_from("Authorization"), sv_from(authorization)};
    next = app.begin(app.ctx, &x);
    while (next == HTTP_STEP_LOOP || next == HTTP_STEP_PREPARE) {
        next = app.step(app.ctx, &x, next, NULL);
    }
    assert_int_equal(next, HTTP_STEP_WRITE); /* authorized, validated and prepared */
    between(f);
    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    assert_int_equal(app.step(app.ctx, &x, HTTP_STEP_WRITE, txn), HTTP_STEP_DONE);
    status = x.resp.status;
    if (status < 400) {
        assert_ok(kvdb_commit(txn, &err), &err);
    } else {
        kvdb_abort(txn);
    }
    app.end(app.ctx, &x);
    http_response_done(&x.resp);
    http_request_done(&x.req);
    return status;
}

static void nothing(struct vault_fixture *f)
{
    (void) f;
}

static void take_away(struct vault_fixture *f)
{
    vault_grant(f, "\"get\"");
}

static void delete_vault(struct vault_fixture *f)
{
    assert_int_equal(vault_arm(f, "DELETE", VAULT_PATH "demo", NULL), 200);
}

static void access_that_is_taken_away_before_the_write_refuses_it(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(create_with(f, nothing), 200);
    assert_int_equal(vault_call(f, "GET", "/keys/raced/versions", NULL), 200);
    assert_int_equal(create_with(f, take_away), 403);
    vault_grant(f, "\"all\"");
    assert_int_equal(vault_call(f, "GET", "/keys/raced/versions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(f->a.doc, "value")), 1);
    assert_int_equal(create_with(f, delete_vault), 404);
}

/* What both the audit and the log hold after a day of right and wrong requests. */
static void written_down(struct vault_fixture *f, const char *const *tokens, size_t n,
                         struct buf *out)
{
    char path[256];
    char log[256];
    struct az_error err;
    int saved = dup(STDERR_FILENO);
    FILE *stderr_file = fopen(test_dir_file(&f->dir, "log", log), "we");

    assert_ok(audit_open(test_dir_file(&f->dir, "audit/v.jsonl", path), 1, &f->d.audit, &err),
              &err);
    assert_non_null(stderr_file);
    assert_true(dup2(fileno(stderr_file), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < n; i++) {
        (void) vault_call_as(f, tokens[i], "POST", "/keys/k/create", "{\"kty\":\"EC\"}");
        (void) vault_call_as(f, tokens[i], "GET", "/keys/k", NULL);
        (void) vault_call_as(f, tokens[i], "POST", "/keys/k/encrypt",
                             "{\"alg\":\"RSA1_5\",\"value\":\"VE9QU0VDUkVU\"}");
        (void) vault_call_as(f, tokens[i], "POST", "/_sim/clock", "{}");
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void) close(saved);
    (void) fclose(stderr_file);
    audit_close(f->d.audit);
    f->d.audit = NULL;
    assert_true(file_read(path, 1 << 20, out));
    assert_non_null(strstr(out->data, "KeyCreate"));
    assert_true(file_read(log, 1 << 20, out));
}

static void no_token_plaintext_or_key_is_written_down(void **state)
{
    struct vault_fixture *f = *state;
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(free_str)
    char *stranger = api_token(f->signer, TENANT, STRANGER, "https://vault.azure.net");
    CLEANUP(free_str)
    char *audience = api_token(f->signer, TENANT, OPERATOR, "https://example.com");
    const char *const tokens[] = {f->token, stranger, audience, "TOPSECRETTOKEN.x.y"};

    written_down(f, tokens, ARRAY_LEN(tokens), &text);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        const char *signature = strrchr(tokens[i], '.');

        assert_null(strstr(text.data, tokens[i]));
        assert_true(strlen(signature) < 10 || !strstr(text.data, signature));
    }
    assert_null(strstr(text.data, "TOPSECRET"));
    assert_null(strstr(text.data, "VE9QU0VDUkVU"));
    assert_null(strstr(text.data, f->d.control.token));
    assert_null(strstr(text.data, "Bearer "));
}

static void control_endpoints_need_the_control_token(void **state)
{
    struct vault_fixture *f = *state;

    assert_int_equal(vault_call(f, "GET", "/_sim/vaults/demo", NULL), 403);
    assert_int_equal(vault_call(f, "POST", "/_sim/clock", "{\"advance\":\"P1D\"}"), 403);
    assert_int_equal(vault_call_as(f, NULL, "GET", "/health", NULL), 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, vault_setup, vault_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_token_is_judged_before_anything_else),
        CASE(every_operation_needs_its_permission),
        CASE(a_stranger_and_nobodys_vault_are_refused),
        CASE(a_token_for_another_audience_tenant_or_time_is_refused),
        CASE(the_resource_manager_is_reached_through_providerd_only),
        CASE(access_that_is_taken_away_before_the_write_refuses_it),
        CASE(no_token_plaintext_or_key_is_written_down),
        CASE(control_endpoints_need_the_control_token),
    };

    return cmocka_run_group_tests_name("vault_access", tests, NULL, NULL);
}
