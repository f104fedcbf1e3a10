/* SPDX-License-Identifier: MIT */
/* The token service and the identity endpoints through provider_api_handle(). */
#include "common/clock.h"
#include "provider/api/login.h"
#include "tests/api/provider_fixture.h"

#define LOGIN_HOST    "login.localhost:7444"
#define IDENTITY_HOST "127.0.0.1:7445"
#define SECRET        "a-secret-of-the-operator"
#define V2            "/" TENANT "/oauth2/v2.0/token"
#define CLIENT        "grant_type=client_credentials&client_id=" OPERATOR
#define SCOPE         "&scope=https%3A%2F%2Fvault.azure.net%2F.default"

static int setup(void **state)
{
    static struct provider_fixture f;
    struct kvdb_txn *txn = NULL;
    struct principal p;
    struct az_error err;

    provider_fixture_open(&f);
    assert_ok(kvdb_begin_write(f.d.db, &txn, &err), &err);
    assert_true(directory_get_principal(txn, OPERATOR, &p));
    assert_true(login_set_secret(&p, SECRET));
    directory_put_principal(txn, &p);
    assert_ok(kvdb_commit(txn, &err), &err);
    *state = &f;
    return 0;
}

static int post(struct provider_fixture *f, const char *target, const char *body)
{
    return provider_call(f,
                         &(struct api_request){
                             .method = "POST", .host = LOGIN_HOST, .target = target, .body = body});
}

static void check_token(struct provider_fixture *f, const char *audience)
{
    struct token_claims c;

    assert_int_equal(token_verify(f->d.tokens, sv_from(api_text(f->a.doc, "access_token")),
                                  clock_real_ms() / 1000, &c, NULL),
                     TOKEN_OK);
    assert_string_equal(c.aud, audience);
    assert_string_equal(c.oid, OPERATOR);
    assert_string_equal(c.tid, TENANT);
    assert_string_equal(c.iss, "https://sts.windows.net/" TENANT "/");
    assert_false(c.trusted_service); /* only an Azure service's own calls are */
    assert_true(c.exp > clock_real_ms() / 1000 + 3000);
}

static void the_right_secret_gets_a_token_in_every_form_of_request(void **state)
{
    static const struct {
        const char *target, *body, *audience;
    } forms[] = {
        {V2,                         CLIENT "&client_secret=" SECRET SCOPE,                               "https://vault.azure.net"},
        {"/" TENANT "/oauth2/token",
         CLIENT "&client_secret=" SECRET "&resource=https://management.azure.com/",
         "https://management.azure.com/"                                                                                           },
        {"/adfs/oauth2/token",       CLIENT "&client_secret=" SECRET "&resource=https://vault.azure.net",
         "https://vault.azure.net"                                                                                                 },
        {V2,
         CLIENT "&client_secret=" SECRET "&scope=openid+https://vault.azure.net/.default+profile",
         "https://vault.azure.net"                                                                                                 },
    };
    struct provider_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        assert_int_equal(post(f, forms[i].target, forms[i].body), 200);
        check_token(f, forms[i].audience);
        assert_string_equal(api_text(f->a.doc, "token_type"), "Bearer");
    }
}

static void what_is_wrong_is_told_with_its_number_and_gets_no_token(void **state)
{
    static const struct {
        const char *target, *body, *number;
    } cases[] = {
        {V2,                           CLIENT "&client_secret=wrong" SCOPE,                                                "AADSTS7000215"},
        {V2,                           CLIENT "&client_secret=" SECRET "x" SCOPE,                                          "AADSTS7000215"},
        {V2,                           CLIENT "&client_secret=" SCOPE,                                                     "AADSTS7000215"},
        {V2,                           CLIENT SCOPE,                                                                       "AADSTS7000215"},
        {V2,                           "grant_type=client_credentials&client_id=" STRANGER "&client_secret=" SECRET SCOPE,
         "AADSTS7000215"                                                                                                                  }, /* has no secret */
        {V2,                           "grant_type=client_credentials&client_id=nobody&client_secret=" SECRET SCOPE,
         "AADSTS700016"                                                                                                                   },
        {V2,                           "grant_type=client_credentials" SCOPE,                                              "AADSTS900144" },
        {V2,                           "client_id=" OPERATOR SCOPE,                                                        "AADSTS900144" },
        {V2,                           "grant_type=telepathy&client_id=" OPERATOR SCOPE,                                   "AADSTS70003"  },
        {V2,                           CLIENT "&client_secret=" SECRET,                                                    "AADSTS900144" },
        {V2,                           CLIENT "&client_secret=" SECRET "&scope=openid",                                    "AADSTS70011"  },
        {"/" SUB "/oauth2/v2.0/token", CLIENT "&client_secret=" SECRET SCOPE,                                              "AADSTS90002"  },
        {V2,                           "grant_type=password&username=x&password=y" SCOPE,                                  "AADSTS50126"  },
    };
    struct provider_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int status = post(f, cases[i].target, cases[i].body);

        if ((status != 400 && status != 401) ||
            !strstr(api_text(f->a.doc, "error_description"), cases[i].number)) {
            fail_msg("%s: %d %s", cases[i].body, status, api_text(f->a.doc, "error_description"));
        }
        assert_null(json_object_get(f->a.doc, "access_token"));
        assert_null(strstr(api_text(f->a.doc, "error_description"), SECRET));
    }
}

static void discovery_names_the_host_that_was_asked_and_the_keys_it_serves(void **state)
{
    struct provider_fixture *f = *state;
    struct api_request r = {.host = LOGIN_HOST,
                            .target = "/" TENANT "/v2.0/.well-known/openid-configuration"};
    char jwks[256];

    assert_int_equal(provider_call(f, &r), 200);
    assert_string_equal(api_text(f->a.doc, "issuer"), "https://" LOGIN_HOST "/" TENANT "/v2.0");
    (void) snprintf(jwks, sizeof(jwks), "%s",
                    api_text(f->a.doc, "jwks_uri") + strlen("https://" LOGIN_HOST));
    r.target = jwks;
    assert_int_equal(provider_call(f, &r), 200);
    const json_t *key = json_array_get(json_object_get(f->a.doc, "keys"), 0);

    assert_string_equal(json_text(key, "kty"), "RSA");
    assert_null(json_object_get(key, "d"));
    r.target = "/" SUB "/v2.0/.well-known/openid-configuration";
    assert_int_equal(provider_call(f, &r), 400);
}

static int identity(struct provider_fixture *f, const char *target, const char *name,
                    const char *value)
{
    return provider_call(
        f,
        &(struct api_request){.host = IDENTITY_HOST, .target = target, .headers = {{name, value}}});
}

static void identity_endpoints_want_their_header_and_an_attached_identity(void **state)
{
    struct provider_fixture *f = *state;
    const char *imds =
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
    const char *msi = "/msi/token?api-version=2019-08-01&resource=https://vault.azure.net";

    assert_int_equal(identity(f, imds, NULL, NULL), 400);
    assert_int_equal(identity(f, imds, "Metadata", "true"), 400); /* none is attached */
    assert_non_null(strstr(f->a.resp.body.data, "kvsim identity attach"));
    assert_in_range(identity(f, msi, NULL, NULL), 400, 403);
    assert_in_range(identity(f, msi, "X-IDENTITY-HEADER", "wrong"), 400, 403);
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, f->d.identity_header, 64));
    assert_int_equal(identity(f, msi, "X-IDENTITY-HEADER", f->d.identity_header), 400);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_right_secret_gets_a_token_in_every_form_of_request),
        CASE(what_is_wrong_is_told_with_its_number_and_gets_no_token),
        CASE(discovery_names_the_host_that_was_asked_and_the_keys_it_serves),
        CASE(identity_endpoints_want_their_header_and_an_attached_identity),
    };

    return cmocka_run_group_tests_name("provider_login", tests, NULL, NULL);
}
