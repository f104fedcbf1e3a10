/* SPDX-License-Identifier: MIT */
/*
 * The calls to vaultd over HTTPS (provider/vault_client_http.h): what is asked with which
 * credentials, and what is made of each answer, good, refused or broken.
 */
#include "common/json.h"
#include "provider/vault_client_http.h"
#include "tests/unit/tls_server.h"

#define CONTROL "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OID     "00000000-0000-0000-0000-0000000000a1"
#define VERSION "00112233445566778899aabbccddeeff"

struct fixture {
    struct tls_server s;
    struct vault_http *http;
    const struct vault_client *c;
    /* The next answer, and the last request. Written before a call and read after it. */
    int status;
    const char *body;
    char asked[512], auth[128], control[128], host[128], sent[1024];
};

static void copy(char *out, size_t size, struct str_view v)
{
    (void) snprintf(out, size, "%.*s", (int) v.len, v.len > 0 ? v.ptr : "");
}

static enum http_step step(void *ctx, struct http_exchange *x, enum http_step what,
                           struct kvdb_txn *txn)
{
    struct fixture *f = ctx;

    (void) what;
    (void) txn;
    (void) snprintf(f->asked, sizeof(f->asked), "%.*s %s", (int) x->req.method_name.len,
                    x->req.method_name.ptr, x->req.target);
    copy(f->auth, sizeof(f->auth), http_header_get(&x->req, "authorization"));
    copy(f->control, sizeof(f->control), http_header_get(&x->req, "x-kvsim-control"));
    copy(f->host, sizeof(f->host), x->req.host);
    copy(f->sent, sizeof(f->sent), x->req.body);
    x->resp.status = f->status;
    x->resp.content_type = "application/json";
    buf_str(&x->resp.body, f->body);
    return HTTP_STEP_DONE;
}

static int setup(void **state)
{
    static struct fixture f;
    struct az_error err;

    f = (struct fixture){0};
    tls_server_start(&f.s, step, &f);
    assert_ok(vault_http_new(f.s.ca, f.s.port, CONTROL, &f.http, &err), &err);
    f.c = vault_http_client(f.http);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    vault_http_free(f->http);
    vault_http_free(NULL);
    tls_server_stop(&f->s);
    return 0;
}

static void answer(struct fixture *f, int status, const char *body)
{
    f->status = status;
    f->body = body;
}

static void facts_are_asked_with_the_control_token_and_taken_whole(void **state)
{
    struct fixture *f = *state;
    struct vault_facts v;
    struct az_error err;

    answer(f, 200,
           "{\"exists\":true,\"group\":\"rg\",\"name\":\"demo\",\"tenant\":\"" OID
           "\",\"subscription\":\"s\",\"location\":\"westeurope\",\"softDelete\":true,"
           "\"purgeProtection\":false,\"rbac\":false,\"firewallOn\":true,\"bypassTrusted\":true,"
           "\"identityKeyPerms\":25,\"keyState\":\"live\"}");
    assert_ok(f->c->get_vault(f->c->ctx, "demo", OID, "k", &v, &err), &err);
    assert_string_equal(f->asked, "GET /_sim/vaults/demo?key=k&principal=" OID);
    assert_string_equal(f->control, CONTROL);
    assert_string_equal(f->auth, "");
    assert_true(v.exists && v.soft_delete && v.firewall_on && v.bypass_trusted);
    assert_false(v.purge_protection || v.rbac);
    assert_string_equal(v.group, "rg");
    assert_string_equal(v.location, "westeurope");
    assert_int_equal(v.identity_key_perms, 25);
    assert_int_equal(v.identity_rbac_perms, 0);

    answer(f, 200, "{\"exists\":true,\"rbac\":true,\"identityKeyPerms\":3}");
    assert_ok(f->c->get_vault(f->c->ctx, "demo", NULL, NULL, &v, &err), &err);
    assert_string_equal(f->asked, "GET /_sim/vaults/demo?");
    assert_int_equal(v.identity_key_perms, 0);
    assert_int_equal(v.identity_rbac_perms, 3);
}

static void no_vault_is_no_error_and_a_broken_answer_is_no_vault(void **state)
{
    static const char *const bodies[] = {"{\"exists\":false}", "", "not json", "[]", "7"};
    struct fixture *f = *state;
    struct vault_facts v;
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        answer(f, 200, bodies[i]);
        assert_ok(f->c->get_vault(f->c->ctx, "demo", NULL, NULL, &v, &err), &err);
        assert_false(v.exists);
    }
    answer(f, 403, "{}");
    assert_false(f->c->get_vault(f->c->ctx, "demo", NULL, NULL, &v, &err));
    assert_non_null(strstr(err.detail, "403"));
}

static void a_key_is_asked_with_the_accounts_token(void **state)
{
    struct fixture *f = *state;
    struct key_facts k;
    struct az_error err;

    answer(f, 200,
           "{\"key\":{\"kid\":\"https://demo.vault.localhost/keys/k/" VERSION
           "\",\"kty\":\"RSA\",\"key_ops\":[\"wrapKey\",\"sign\"],\"n\":"
           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
           "\"attributes\":{\"enabled\":true,\"nbf\":5,\"exp\":9}}");
    assert_ok(f->c->get_key(f->c->ctx, "demo", "k", VERSION, "tok", &k, &err), &err);
    assert_string_equal(f->asked, "GET /keys/k/" VERSION "?api-version=7.4");
    assert_string_equal(f->auth, "Bearer tok");
    assert_string_equal(f->control, ""); /* as any client */
    assert_int_equal(strncmp(f->host, "demo.vault.localhost:", 21), 0);
    assert_int_equal(k.status, 200);
    assert_string_equal(k.version, VERSION);
    assert_string_equal(k.kty, "RSA");
    assert_int_equal(k.bits, 384);
    assert_true(k.enabled && k.wrap && !k.unwrap);
    assert_int_equal(k.nbf_s, 5);
    assert_int_equal(k.exp_s, 9);
    /* Without a version the current one. */
    assert_ok(f->c->get_key(f->c->ctx, "demo", "k", NULL, "tok", &k, &err), &err);
    assert_string_equal(f->asked, "GET /keys/k/?api-version=7.4");
}

static void a_refused_key_says_what_the_vault_said(void **state)
{
    struct fixture *f = *state;
    struct key_facts k;
    struct az_error err;

    answer(f, 403,
           "{\"error\":{\"code\":\"Forbidden\",\"message\":\"no\",\"innererror\":{\"code\":"
           "\"ForbiddenByPolicy\"}}}");
    assert_ok(f->c->get_key(f->c->ctx, "demo", "k", NULL, "tok", &k, &err), &err);
    assert_int_equal(k.status, 403);
    assert_string_equal(k.error_code, "ForbiddenByPolicy");
    assert_string_equal(k.error_message, "no");
    answer(f, 404, "{\"error\":{\"code\":\"KeyNotFound\",\"message\":\"none\"}}");
    assert_ok(f->c->get_key(f->c->ctx, "demo", "k", NULL, "tok", &k, &err), &err);
    assert_string_equal(k.error_code, "KeyNotFound");
    answer(f, 502, "<html>");
    assert_ok(f->c->get_key(f->c->ctx, "demo", "k", NULL, "tok", &k, &err), &err);
    assert_int_equal(k.status, 502);
    assert_string_equal(k.error_code, "");
}

static void what_became_of_a_key(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum cmk_key_state want;
    } cases[] = {
        {200, "{\"keyState\":\"live\"}",    CMK_KEY_LIVE   },
        {200, "{\"keyState\":\"deleted\"}", CMK_KEY_DELETED},
        {200, "{\"keyState\":\"none\"}",    CMK_KEY_LOST   },
        {200, "{}",                         CMK_KEY_LIVE   }, /* never lost on hearsay */
        {500, "{\"keyState\":\"none\"}",    CMK_KEY_LIVE   },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        answer(f, cases[i].status, cases[i].body);
        assert_int_equal(f->c->key_state(f->c->ctx, "demo", "k"), cases[i].want);
    }
}

static void wrap_and_unwrap_send_the_bytes_and_return_the_value(void **state)
{
    struct fixture *f = *state;
    struct bytes in = {(uint8_t *) (uintptr_t) "\x01\x02\xff", 3};
    struct bytes out = {0};
    struct az_error err;

    answer(f, 200, "{\"kid\":\"x\",\"value\":\"_wID\"}");
    assert_ok(f->c->wrap(f->c->ctx, "demo", "k", VERSION, "tok", &in, &out, &err), &err);
    assert_string_equal(f->asked, "POST /keys/k/" VERSION "/wrapkey?api-version=7.4");
    assert_string_equal(f->sent, "{\"alg\":\"RSA-OAEP-256\",\"value\":\"AQL_\"}");
    assert_string_equal(f->auth, "Bearer tok");
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "\xff\x02\x03", 3);
    bytes_clear_free(&out);
    assert_ok(f->c->unwrap(f->c->ctx, "demo", "k", VERSION, "tok", &in, &out, &err), &err);
    assert_string_equal(f->asked, "POST /keys/k/" VERSION "/unwrapkey?api-version=7.4");
    bytes_clear_free(&out);
}

static void a_refusal_to_wrap_names_the_vaults_reason(void **state)
{
    static const struct {
        int status;
        const char *body, *inner;
    } cases[] = {
        {403,
         "{\"error\":{\"code\":\"Forbidden\",\"message\":\"m\",\"innererror\":{\"code\":\"KeyDisabled\"}}}",
         "KeyDisabled"                                                                                                      },
        {404, "{\"error\":{\"code\":\"KeyNotFound\",\"message\":\"m\"}}",                                    "KeyNotFound"  },
        {400, "{\"error\":{\"code\":\"SomethingNew\",\"message\":\"m\"}}",                                   "KeyVaultError"},
        {200, "{\"kid\":\"x\"}",                                                                             "KeyVaultError"}, /* no value */
        {200, "{\"value\":\"not base64!\"}",                                                                 "KeyVaultError"},
        {200, "",                                                                                            "KeyVaultError"},
    };
    struct fixture *f = *state;
    struct bytes in = {(uint8_t *) (uintptr_t) "x", 1};
    struct bytes out = {0};
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        answer(f, cases[i].status, cases[i].body);
        assert_false(f->c->unwrap(f->c->ctx, "demo", "k", VERSION, "tok", &in, &out, &err));
        assert_int_equal(err.errc, AZ_ERR_CMK_ACCESS_DENIED);
        assert_string_equal(err.inner, cases[i].inner);
        assert_null(out.data);
    }
}

/* It has not said no: what follows is no refusal of the customer's key. */
static void a_vault_that_can_not_answer_now_refuses_nothing(void **state)
{
    static const int statuses[] = {429, 500, 503};
    struct fixture *f = *state;
    struct bytes in = {(uint8_t *) (uintptr_t) "x", 1};
    struct bytes out = {0};
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        answer(f, statuses[i], "{\"error\":{\"code\":\"Throttled\",\"message\":\"Later.\"}}");
        assert_false(f->c->unwrap(f->c->ctx, "demo", "k", VERSION, "tok", &in, &out, &err));
        assert_int_equal(err.errc, AZ_ERR_SERVICE_UNAVAILABLE);
        assert_non_null(strstr(err.message, "Later."));
        assert_null(out.data);
    }
}

static void arm_requests_go_on_with_host_and_authorization_as_they_came(void **state)
{
    struct fixture *f = *state;
    struct http_client_answer a = {0};
    struct az_error err;

    answer(f, 404, "{\"error\":{}}");
    assert_ok(f->c->arm(f->c->ctx, "PATCH", "management.azure.com",
                        "/subscriptions/s?api-version=v", "Bearer theirs", sv_from("{}"), &a, &err),
              &err);
    assert_string_equal(f->asked, "PATCH /subscriptions/s?api-version=v");
    assert_string_equal(f->host, "management.azure.com");
    assert_string_equal(f->auth, "Bearer theirs");
    assert_string_equal(f->control, CONTROL);
    assert_string_equal(f->sent, "{}");
    assert_int_equal(a.status, 404);
    http_client_answer_done(&a);
}

static void a_change_of_roles_is_taken_stale_or_refused(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON *change = json_pack("{s:s}", "epoch", OID);
    struct az_error err;
    bool stale = true;

    answer(f, 200, "{\"revision\":1}");
    assert_ok(f->c->put_rbac(f->c->ctx, change, &stale, &err), &err);
    assert_false(stale);
    assert_string_equal(f->asked, "PUT /_sim/rbac/changes");
    assert_string_equal(f->sent, "{\"epoch\":\"" OID "\"}");
    assert_string_equal(f->control, CONTROL);
    answer(f, 409, "{}");
    assert_ok(f->c->put_rbac(f->c->ctx, change, &stale, &err), &err);
    assert_true(stale);
    answer(f, 400, "{}");
    assert_false(f->c->put_rbac(f->c->ctx, change, &stale, &err));
    assert_non_null(strstr(err.detail, "400"));
}

static void a_vaultd_that_is_not_there_is_an_error_of_each_call(void **state)
{
    struct fixture *f = *state;
    struct vault_http *gone = NULL;
    struct bytes in = {(uint8_t *) (uintptr_t) "x", 1};
    struct bytes out = {0};
    struct az_error err;
    const struct vault_client *c;
    struct vault_facts v;
    struct key_facts k;
    uint16_t port;
    bool stale;
    int fd = listen_on(&port);

    (void) close(fd);
    assert_ok(vault_http_new(f->s.ca, port, CONTROL, &gone, &err), &err);
    c = vault_http_client(gone);
    AUTO_JSON *change = json_object();

    assert_false(c->get_vault(c->ctx, "demo", NULL, NULL, &v, &err));
    assert_false(c->get_key(c->ctx, "demo", "k", NULL, "tok", &k, &err));
    assert_false(c->wrap(c->ctx, "demo", "k", VERSION, "tok", &in, &out, &err));
    assert_int_not_equal(err.errc, AZ_ERR_CMK_ACCESS_DENIED); /* nobody has refused anything */
    assert_false(c->put_rbac(c->ctx, change, &stale, &err));
    assert_int_equal(c->key_state(c->ctx, "demo", "k"), CMK_KEY_LIVE);
    vault_http_free(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_asked_with_the_control_token_and_taken_whole),
        cmocka_unit_test(no_vault_is_no_error_and_a_broken_answer_is_no_vault),
        cmocka_unit_test(a_key_is_asked_with_the_accounts_token),
        cmocka_unit_test(a_refused_key_says_what_the_vault_said),
        cmocka_unit_test(what_became_of_a_key),
        cmocka_unit_test(wrap_and_unwrap_send_the_bytes_and_return_the_value),
        cmocka_unit_test(a_refusal_to_wrap_names_the_vaults_reason),
        cmocka_unit_test(a_vault_that_can_not_answer_now_refuses_nothing),
        cmocka_unit_test(arm_requests_go_on_with_host_and_authorization_as_they_came),
        cmocka_unit_test(a_change_of_roles_is_taken_stale_or_refused),
        cmocka_unit_test(a_vaultd_that_is_not_there_is_an_error_of_each_call),
    };

    return cmocka_run_group_tests_name("vault_client", tests, setup, teardown);
}
