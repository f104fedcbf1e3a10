/* SPDX-License-Identifier: MIT */
/* Tokens: what is signed is verified; whatever else looks like a token is refused. RFC 7519, 8725.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "common/token.h"
#include "tests/support.h"

#define NOW INT64_C(1800000000)

struct fixture {
    struct test_dir dir;
    struct token_signer *signer;
    struct token_verifier *verifier;
};

static int setup(void **state)
{
    static struct fixture f;
    struct az_error err;
    char path[256];

    test_dir_make(&f.dir);
    assert_ok(token_signer_open(f.dir.path, &f.signer, &err), &err);
    assert_ok(token_verifier_open(test_dir_file(&f.dir, "jwks.json", path), &f.verifier, &err),
              &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    token_verifier_free(f->verifier);
    token_signer_free(f->signer);
    test_dir_remove(&f->dir);
    return 0;
}

static struct token_claims claims(void)
{
    return (struct token_claims){.iss = "https://sts.windows.net/t/",
                                 .aud = "https://vault.azure.net",
                                 .oid = "00000000-0000-0000-0000-00000000000a",
                                 .appid = "00000000-0000-0000-0000-00000000000b",
                                 .tid = "00000000-0000-0000-0000-00000000000c",
                                 .idtyp = "app",
                                 .iat = NOW,
                                 .nbf = NOW,
                                 .exp = NOW + 3600};
}

static char *sign(const struct fixture *f, const struct token_claims *c)
{
    char *jwt = NULL;
    struct az_error err;

    assert_ok(token_sign(f->signer, c, &jwt, &err), &err);
    return jwt;
}

static enum token_verdict verdict(const struct fixture *f, const char *jwt, int64_t now)
{
    struct token_claims got;

    return token_verify(f->verifier, sv_from(jwt), now, &got, NULL);
}

/* header.payload as base64url, with the signature text that is given. */
static char *assemble(const char *header, const char *payload, const char *signature)
{
    CLEANUP(buf_done) struct buf b = {0};

    base64url_write(&b, header, strlen(header));
    buf_str(&b, ".");
    base64url_write(&b, payload, strlen(payload));
    buf_str(&b, ".");
    buf_str(&b, signature);
    return buf_take(&b);
}

static void a_signed_token_is_verified_with_all_its_claims(void **state)
{
    struct fixture *f = *state;
    struct token_claims c = claims();
    struct token_claims got = {0};
    CLEANUP(free_str) char *jwt = NULL;

    (void) snprintf(c.xms_mirid, sizeof(c.xms_mirid), "/subscriptions/s/x");
    (void) snprintf(c.upn, sizeof(c.upn), "user@example.org");
    c.trusted_service = true;
    jwt = sign(f, &c);
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        assert_int_equal(token_verify(f->verifier, sv_from(jwt), NOW, &got, NULL), TOKEN_OK);
        assert_string_equal(got.iss, c.iss);
        assert_string_equal(got.aud, c.aud);
        assert_string_equal(got.oid, c.oid);
        assert_string_equal(got.appid, c.appid);
        assert_string_equal(got.tid, c.tid);
        assert_string_equal(got.idtyp, c.idtyp);
        assert_string_equal(got.xms_mirid, c.xms_mirid);
        assert_string_equal(got.upn, c.upn);
        assert_true(got.trusted_service);
        assert_int_equal(got.exp, c.exp);
        got = (struct token_claims){0};
    }
}

static void time_is_judged_also_for_a_token_in_the_cache(void **state)
{
    struct fixture *f = *state;
    struct token_claims c = claims();
    CLEANUP(free_str) char *jwt = sign(f, &c);

    assert_int_equal(verdict(f, jwt, NOW - 301), TOKEN_NOT_YET_VALID);
    assert_int_equal(verdict(f, jwt, NOW - 299), TOKEN_OK); /* five minutes of leeway */
    assert_int_equal(verdict(f, jwt, c.exp - 1), TOKEN_OK);
    assert_int_equal(verdict(f, jwt, c.exp), TOKEN_EXPIRED);
    assert_int_equal(verdict(f, jwt, NOW - 301), TOKEN_NOT_YET_VALID);
}

static void a_token_without_an_end_has_ended(void **state)
{
    struct fixture *f = *state;
    struct token_claims c = claims();
    CLEANUP(free_str) char *jwt = NULL;

    c.exp = 0;
    jwt = sign(f, &c);
    assert_int_equal(verdict(f, jwt, NOW), TOKEN_EXPIRED);
}

static void every_changed_character_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct token_claims c = claims();
    CLEANUP(free_str) char *jwt = sign(f, &c);
    size_t len = strlen(jwt);

    assert_int_equal(verdict(f, jwt, NOW), TOKEN_OK);
    for (size_t i = 0; i < len; i += 7) {
        char was = jwt[i];

        jwt[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verdict(f, jwt, NOW), TOKEN_OK);
        jwt[i] = was;
    }
    assert_int_equal(verdict(f, jwt, NOW), TOKEN_OK);
}

static void a_token_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fixture other = {.verifier = f->verifier};
    struct token_claims c = claims();
    struct az_error err;
    char header[512];
    struct token_claims got;
    CLEANUP(free_str) char *jwt = NULL;

    test_dir_make(&other.dir);
    assert_ok(token_signer_open(other.dir.path, &other.signer, &err), &err);
    jwt = sign(&other, &c);
    assert_int_equal(token_verify(f->verifier, sv_from(jwt), NOW, &got, header), TOKEN_UNKNOWN_KEY);
    assert_memory_equal(header, jwt, strlen(header)); /* AKV10046 shows the encoded header */
    assert_int_equal(jwt[strlen(header)], '.');
    token_signer_free(other.signer);
    test_dir_remove(&other.dir);
}

static void a_forged_token_with_our_key_id_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fixture other = {.verifier = f->verifier};
    struct token_claims c = claims();
    struct az_error err;
    CLEANUP(free_str) char *ours = sign(f, &c);
    CLEANUP(free_str) char *theirs = NULL;
    CLEANUP(buf_done) struct buf forged = {0};

    test_dir_make(&other.dir);
    assert_ok(token_signer_open(other.dir.path, &other.signer, &err), &err);
    theirs = sign(&other, &c);
    buf_add(&forged, ours, strcspn(ours, ".")); /* our header, their signature */
    buf_str(&forged, theirs + strcspn(theirs, "."));
    assert_int_equal(verdict(f, forged.data, NOW), TOKEN_BAD_SIGNATURE);
    token_signer_free(other.signer);
    test_dir_remove(&other.dir);
}

/* The kid of the signer's one key. */
static void our_kid(const struct fixture *f, char out[64])
{
    AUTO_JSON *doc = json_loads(token_signer_jwks(f->signer), 0, NULL);

    (void) snprintf(out, 64, "%s",
                    json_text(json_array_get(json_object_get(doc, "keys"), 0), "kid"));
    assert_true(out[0] != '\0');
}

static void the_algorithm_is_ours_to_say(void **state)
{
    static const char *const algs[] = {"none",  "None",  "NONE",  "HS256", "RS512",
                                       "PS256", "ES256", "rs256", ""};
    struct fixture *f = *state;
    const char payload[] = "{\"aud\":\"https://vault.azure.net\",\"exp\":1900000000}";
    char kid[64];
    char header[256];

    our_kid(f, kid);
    for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
        CLEANUP(free_str) char *unsigned_jwt = NULL;
        CLEANUP(free_str) char *signed_jwt = NULL;

        (void) snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}", algs[i], kid);
        unsigned_jwt = assemble(header, payload, "");
        signed_jwt = assemble(header, payload, "c2lnbmF0dXJl");
        assert_int_equal(verdict(f, unsigned_jwt, NOW), TOKEN_MALFORMED);
        assert_int_equal(verdict(f, signed_jwt, NOW), TOKEN_MALFORMED);
    }
}

/* The classic confusion: HS256 keyed with the public key, under our kid. */
static void an_hmac_with_the_public_key_is_no_signature(void **state)
{
    struct fixture *f = *state;
    const char *jwks = token_signer_jwks(f->signer);
    char kid[64];
    char header[256];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    CLEANUP(free_str) char *body = NULL;
    CLEANUP(buf_done) struct buf jwt = {0};

    our_kid(f, kid);
    (void) snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kid);
    body = assemble(header, "{\"exp\":1900000000}", "");
    assert_non_null(HMAC(EVP_sha256(), jwks, (int) strlen(jwks), (unsigned char *) body,
                         strlen(body) - 1, mac, &mac_len));
    buf_str(&jwt, body);
    base64url_write(&jwt, mac, mac_len);
    assert_int_equal(verdict(f, jwt.data, NOW), TOKEN_MALFORMED);
}

static void what_is_no_token_is_malformed(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "e30.e30.",
        "e30.e30.e30",
        "W10.W10.c2ln",               /* arrays */
        "eyJhbGciOiJSUzI1NiJ9.!.c2ln" /* {"alg":"RS256"}, then no base64url */
    };
    struct fixture *f = *state;
    CLEANUP(free_str)
    char *twice = assemble("{\"alg\":\"none\",\"alg\":\"RS256\"}", "{\"exp\":1900000000}", "c2ln");

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(verdict(f, bad[i], NOW), TOKEN_MALFORMED);
    }
    assert_int_equal(verdict(f, twice, NOW), TOKEN_MALFORMED);
}

static void a_token_that_is_too_long_is_malformed(void **state)
{
    struct fixture *f = *state;
    struct token_claims c = claims();
    CLEANUP(free_str) char *jwt = sign(f, &c);
    CLEANUP(buf_done) struct buf longer = {0};

    buf_str(&longer, jwt);
    while (longer.len <= 16 * 1024) {
        buf_str(&longer, "AAAAAAAAAAAAAAAA");
    }
    assert_int_equal(verdict(f, longer.data, NOW), TOKEN_MALFORMED);
}

static void a_key_id_that_is_missing_or_no_text_names_no_key(void **state)
{
    struct fixture *f = *state;
    CLEANUP(free_str) char *none = assemble("{\"alg\":\"RS256\"}", "{}", "c2ln");
    CLEANUP(free_str) char *number = assemble("{\"alg\":\"RS256\",\"kid\":7}", "{}", "c2ln");

    assert_int_equal(verdict(f, none, NOW), TOKEN_UNKNOWN_KEY);
    assert_int_equal(verdict(f, number, NOW), TOKEN_UNKNOWN_KEY);
}

static void the_token_key_is_made_once_for_the_owner_only(void **state)
{
    struct fixture *f = *state;
    struct token_signer *again = NULL;
    struct az_error err = {0};
    struct stat st;
    char path[256];
    CLEANUP(buf_done) struct buf jwks = {0};

    assert_int_equal(stat(test_dir_file(&f->dir, "token-key.json", path), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(token_signer_open(f->dir.path, &again, &err), &err);
    assert_string_equal(token_signer_jwks(again), token_signer_jwks(f->signer));
    token_signer_free(again);
    assert_true(file_read(test_dir_file(&f->dir, "jwks.json", path), LIMIT_SMALL_FILE, &jwks));
    assert_null(strstr(jwks.data, "\"d\"")); /* public members only */
    assert_null(strstr(jwks.data, "\"p\""));
    assert_true(file_write_atomic(test_dir_file(&f->dir, "token-key.json", path), "{", 1, 0600));
    assert_false(token_signer_open(f->dir.path, &again, &err)); /* damaged: never replaced */
    assert_non_null(strstr(err.detail, "damaged"));
}

static void a_new_key_is_found_in_the_file_when_it_is_first_named(void **state)
{
    struct fixture *f = *state;
    struct fixture other = {.verifier = f->verifier};
    struct token_claims c = claims();
    struct az_error err;
    char path[256];
    struct timespec later[2] = {{.tv_sec = NOW}, {.tv_sec = NOW}};
    CLEANUP(free_str) char *jwt = NULL;

    test_dir_make(&other.dir);
    assert_ok(token_signer_open(other.dir.path, &other.signer, &err), &err);
    jwt = sign(&other, &c);
    assert_int_equal(verdict(f, jwt, NOW), TOKEN_UNKNOWN_KEY);
    test_dir_file(&f->dir, "jwks.json", path);
    assert_true(file_write_atomic(path, token_signer_jwks(other.signer),
                                  strlen(token_signer_jwks(other.signer)), 0644));
    assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0); /* another time, without waiting */
    assert_int_equal(verdict(f, jwt, NOW), TOKEN_OK);
    token_signer_free(other.signer);
    test_dir_remove(&other.dir);
}

static void guids_are_random_and_judged_by_their_form(void **state)
{
    static const char *const bad[] = {"",
                                      "00000000-0000-0000-0000-00000000000",
                                      "00000000-0000-0000-0000-0000000000000",
                                      "00000000+0000-0000-0000-000000000000",
                                      "{0000000-0000-0000-0000-000000000000",
                                      "g0000000-0000-0000-0000-000000000000",
                                      "00000000-0000-0000-0000-000000000000 "};
    guid_text a;
    guid_text b;

    (void) state;
    guid_random(a);
    guid_random(b);
    assert_string_not_equal(a, b);
    assert_true(guid_valid(a));
    assert_int_equal(a[14], '4'); /* version 4, RFC 9562 section 5.4 */
    assert_non_null(strchr("89ab", a[19]));
    assert_true(guid_valid("ABCDEF00-0000-0000-0000-000000000000"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(guid_valid(bad[i]));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signed_token_is_verified_with_all_its_claims),
        CASE(time_is_judged_also_for_a_token_in_the_cache),
        CASE(a_token_without_an_end_has_ended),
        CASE(every_changed_character_is_noticed),
        CASE(a_token_of_another_key_is_refused),
        CASE(a_forged_token_with_our_key_id_is_refused),
        CASE(the_algorithm_is_ours_to_say),
        CASE(an_hmac_with_the_public_key_is_no_signature),
        CASE(what_is_no_token_is_malformed),
        CASE(a_token_that_is_too_long_is_malformed),
        CASE(a_key_id_that_is_missing_or_no_text_names_no_key),
        CASE(the_token_key_is_made_once_for_the_owner_only),
        CASE(a_new_key_is_found_in_the_file_when_it_is_first_named),
        cmocka_unit_test(guids_are_random_and_judged_by_their_form),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
