/* SPDX-License-Identifier: MIT */
/* Tokens that are not good, at every host of providerd that takes tokens. */
#include "provider/api/api.h"
#include "tests/api/provider_fixture.h"

#define MANAGEMENT "https://management.azure.com"

struct place {
    const char *method, *host, *target, *audience, *code;
};

static const struct place places[] = {
    {"GET",    ARM_HOST,               "/subscriptions?api-version=2022-12-01",       MANAGEMENT,
     "InvalidAuthenticationToken"                                                                                                                },
    {"DELETE", ARM_HOST,               ACCOUNT_PATH "acct?" ARM_VERSION,              MANAGEMENT,
     "InvalidAuthenticationToken"                                                                                                                },
    {"GET",    ARM_HOST,               "/nothing",                                    MANAGEMENT,                    "InvalidAuthenticationToken"},
    {"GET",    "graph.localhost:7444", "/v1.0/servicePrincipals",                     "https://graph.microsoft.com",
     "InvalidAuthenticationToken"                                                                                                                },
    {"GET",    ACCOUNT_HOST,           "/openai/files?api-version=2024-10-21",
     "https://cognitiveservices.azure.com",                                                                          "Unauthorized"              },
    {"DELETE", ACCOUNT_HOST,           "/openai/files/file-1?api-version=2024-10-21",
     "https://cognitiveservices.azure.com",                                                                          "Unauthorized"              },
};

static struct token_claims good_claims(const struct place *at)
{
    int64_t now = clock_real_ms() / 1000;
    struct token_claims c = {.iss = "https://sts.windows.net/" TENANT "/",
                             .oid = OPERATOR,
                             .appid = OPERATOR,
                             .tid = TENANT,
                             .idtyp = "app",
                             .iat = now,
                             .nbf = now,
                             .exp = now + 3600};

    (void) snprintf(c.aud, sizeof(c.aud), "%s", at->audience);
    return c;
}

static void good(struct token_claims *c)
{
    (void) c;
}
static void expired(struct token_claims *c)
{
    c->exp = c->nbf - 3600;
}
static void not_yet(struct token_claims *c)
{
    c->nbf += 3600;
    c->exp += 3600;
}
static void other_issuer(struct token_claims *c)
{
    (void) snprintf(c->iss, sizeof(c->iss), "https://sts.windows.net/" SUB "/");
}
static void foreign_issuer(struct token_claims *c)
{
    (void) snprintf(c->iss, sizeof(c->iss), "https://example.com/" TENANT "/");
}
static void other_audience(struct token_claims *c)
{
    (void) snprintf(c->aud, sizeof(c->aud), "https://vault.azure.net");
}

static int ask(struct provider_fixture *f, const struct place *at, const char *token)
{
    return provider_call(
        f, &(struct api_request){
               .method = at->method, .host = at->host, .target = at->target, .token = token});
}

static void refused(struct provider_fixture *f, const struct place *at, const char *token,
                    const char *what)
{
    struct api_store_hash before = api_store_hash(f->d.db);

    if (ask(f, at, token) != 401) {
        fail_msg("%s %s%s with %s: %d", at->method, at->host, at->target, what, f->a.status);
    }
    /* Some causes have a code of their own. */
    assert_true(strncmp(api_text(f->a.doc, "error.code"), "ExpiredAuthenticationToken", 26) == 0 ||
                strncmp(api_text(f->a.doc, "error.code"), at->code, strlen(at->code)) == 0 ||
                strcmp(api_text(f->a.doc, "error.code"), "401") == 0);
    assert_true(api_text(f->a.doc, "error.message")[0] != '\0');
    assert_null(memmem(f->a.resp.body.data, f->a.resp.body.len, token, strlen(token)));
    assert_store_unchanged(f->d.db, before);
}

static char *signed_by(const struct token_signer *s, const struct place *at,
                       void (*spoil)(struct token_claims *c))
{
    struct token_claims c = good_claims(at);
    struct az_error err;
    char *jwt = NULL;

    spoil(&c);
    assert_ok(token_sign(s, &c, &jwt, &err), &err);
    return jwt;
}

static void a_token_with_a_wrong_claim_or_key_is_401_everywhere(void **state)
{
    static const struct {
        const char *what;
        void (*spoil)(struct token_claims *c);
        bool foreign_key;
    } cases[] = {
        {"an expired token",       expired,        false},
        {"a token of the future",  not_yet,        false},
        {"another issuer",         other_issuer,   false},
        {"an issuer that is none", foreign_issuer, false},
        {"another audience",       other_audience, false},
        {"another key",            good,           true },
    };
    struct provider_fixture *f = *state;
    struct token_signer *other = NULL;
    struct test_dir dir;
    struct az_error err;

    test_dir_make(&dir);
    assert_ok(token_signer_open(dir.path, &other, &err), &err);
    for (size_t p = 0; p < ARRAY_LEN(places); p++) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            CLEANUP(free_str)
            char *jwt =
                signed_by(cases[i].foreign_key ? other : f->d.signer, &places[p], cases[i].spoil);

            refused(f, &places[p], jwt, cases[i].what);
        }
    }
    token_signer_free(other);
    test_dir_remove(&dir);
}

static void a_token_without_a_good_signature_is_401_everywhere(void **state)
{
    /* {"alg":"none"} */
    static const char none[] = "eyJhbGciOiJub25lIn0";
    struct provider_fixture *f = *state;

    for (size_t p = 0; p < ARRAY_LEN(places); p++) {
        CLEANUP(free_str) char *jwt = signed_by(f->d.signer, &places[p], good);
        const char *payload = strchr(jwt, '.');
        const char *signature = strrchr(jwt, '.');
        char text[8192];

        (void) snprintf(text, sizeof(text), "%.*s.", (int) (signature - jwt), jwt);
        refused(f, &places[p], text, "no signature");
        (void) snprintf(text, sizeof(text), "%.*s", (int) (signature - jwt), jwt);
        refused(f, &places[p], text, "two parts");
        (void) snprintf(text, sizeof(text), "%s%.*s.", none, (int) (signature - payload), payload);
        refused(f, &places[p], text, "alg none");
        (void) snprintf(text, sizeof(text), "%s%s", none, payload);
        refused(f, &places[p], text, "alg none with a signature");
        (void) snprintf(text, sizeof(text), "%s", jwt);
        text[payload - jwt + 5] = text[payload - jwt + 5] == 'a' ? 'b' : 'a';
        refused(f, &places[p], text, "another payload");
        refused(f, &places[p], "no.jwt.atall", "garbage");
    }
}

/* So that the cases above are refused for what is wrong with them, and for nothing else. */
static void the_same_token_unspoilt_is_taken_everywhere(void **state)
{
    struct provider_fixture *f = *state;

    for (size_t p = 0; p < ARRAY_LEN(places); p++) {
        CLEANUP(free_str) char *jwt = signed_by(f->d.signer, &places[p], good);

        if (ask(f, &places[p], jwt) == 401) {
            fail_msg("%s%s: %s", places[p].host, places[p].target,
                     api_text(f->a.doc, "error.message"));
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_with_a_wrong_claim_or_key_is_401_everywhere),
        CASE(a_token_without_a_good_signature_is_401_everywhere),
        CASE(the_same_token_unspoilt_is_taken_everywhere),
    };

    return cmocka_run_group_tests_name("provider_tokens", tests, NULL, NULL);
}
