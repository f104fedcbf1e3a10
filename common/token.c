/* SPDX-License-Identifier: MIT */
/*
 * Signing and verifying RS256 JWTs: JWS and JWK by latchset's jose, signatures never by our own
 * hand.
 *
 * Verified tokens are remembered by SHA-256 until they expire, so the hot path costs one hash.
 */
#include "common/token.h"

#include <errno.h>
#include <fcntl.h>
#include <jose/jose.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/json.h"

#define TOKEN_MAX    (16 * 1024)
#define CACHE_SHARDS 16
#define CACHE_SLOTS  64

void guid_random(guid_text out)
{
    uint8_t r[16];

    if (RAND_bytes(r, sizeof(r)) != 1) {
        abort(); /* without randomness nothing here is safe */
    }
    r[6] = (uint8_t) ((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t) ((r[8] & 0x3f) | 0x80);
    (void) snprintf(out, GUID_TEXT_LEN + 1,
                    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0],
                    r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
                    r[13], r[14], r[15]);
}

bool guid_valid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; i < sizeof(form); i++) {
        bool hex = text[i] && strchr("0123456789abcdefABCDEF", text[i]);

        if (form[i] == 'x' ? !hex : text[i] != form[i]) {
            return false;
        }
    }
    return true;
}

struct token_signer {
    json_t *jwk; /* private */
    char kid[44];
    char *jwks;
};

/* The public part, as served: kty, use, kid, n, e, alg. */
static char *public_jwks(const json_t *jwk, const char *kid)
{
    AUTO_JSON *doc =
        json_pack("{s:[{s:s,s:s,s:s,s:O,s:O,s:s}]}", "keys", "kty", "RSA", "use", "sig", "kid", kid,
                  "n", json_object_get(jwk, "n"), "e", json_object_get(jwk, "e"), "alg", "RS256");

    return doc ? json_dumps(doc, JSON_COMPACT) : NULL;
}

static json_t *load_or_make(const char *path, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    json_t *jwk;

    if (file_read(path, LIMIT_SMALL_FILE, &text)) {
        jwk = json_loadb(text.data, text.len, 0, NULL);
        if (!jwk) {
            (void) az_fail_internal(
                reterr, "%s is damaged: restore it, or remove it and log in again", path);
        }
        return jwk;
    }
    jwk = json_pack("{s:s,s:i}", "alg", "RS256", "bits", 2048);
    if (!jwk || !jose_jwk_gen(NULL, jwk) ||
        json_dump_callback(jwk, file_dump_piece, &text, JSON_COMPACT) != 0 ||
        !file_write_atomic(path, text.data, text.len, 0600)) {
        (void) az_fail_internal(reterr, "making the token key %s: %s", path, strerror(errno));
        json_decref(jwk);
        return NULL;
    }
    return jwk;
}

static bool set_kid(struct token_signer *s)
{
    AUTO_JSON *thumb = jose_jwk_thp(NULL, s->jwk, "S256");

    if (!json_is_string(thumb)) {
        return false;
    }
    (void) snprintf(s->kid, sizeof(s->kid), "%s", json_string_value(thumb));
    return true;
}

bool token_signer_open(const char *dir, struct token_signer **ret, struct az_error *reterr)
{
    char path[4096];
    struct token_signer *s = calloc(1, sizeof(*s));

    if (!s) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(path, sizeof(path), "%s/token-key.json", dir);
    s->jwk = load_or_make(path, reterr);
    if (!s->jwk) {
        token_signer_free(s);
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/jwks.json", dir);
    if (!set_kid(s) || !(s->jwks = public_jwks(s->jwk, s->kid)) ||
        !file_write_atomic(path, s->jwks, strlen(s->jwks), 0644)) {
        token_signer_free(s);
        return az_fail_internal(reterr, "writing %s: %s", path, strerror(errno));
    }
    *ret = s;
    return true;
}

void token_signer_free(struct token_signer *s)
{
    if (s) {
        json_decref(s->jwk);
        free(s->jwks);
        free(s);
    }
}

const char *token_signer_jwks(const struct token_signer *s)
{
    return s->jwks;
}

static void add_claim(json_t *o, const char *name, const char *value)
{
    if (value[0]) {
        (void) json_object_set_new(o, name, json_string(value));
    }
}

static json_t *claims_json(const struct token_claims *c)
{
    json_t *o = json_object();
    guid_text uti;

    guid_random(uti);
    add_claim(o, "aud", c->aud);
    add_claim(o, "iss", c->iss);
    (void) json_object_set_new(o, "iat", json_integer(c->iat));
    (void) json_object_set_new(o, "nbf", json_integer(c->nbf));
    (void) json_object_set_new(o, "exp", json_integer(c->exp));
    add_claim(o, "appid", c->appid);
    add_claim(o, "idtyp", c->idtyp);
    add_claim(o, "oid", c->oid);
    add_claim(o, "sub", c->oid);
    add_claim(o, "tid", c->tid);
    add_claim(o, "upn", c->upn);
    add_claim(o, "uti", uti);
    add_claim(o, "ver", "1.0");
    add_claim(o, "xms_mirid", c->xms_mirid);
    if (c->trusted_service) {
        (void) json_object_set_new(o, "kvsim_trusted", json_true());
    }
    return o;
}

bool token_sign(const struct token_signer *s, const struct token_claims *c, char **ret,
                struct az_error *reterr)
{
    AUTO_JSON *claims = claims_json(c);
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(buf_done) struct buf payload = {0};
    AUTO_JSON *sig =
        json_pack("{s:{s:s,s:s,s:s}}", "protected", "typ", "JWT", "alg", "RS256", "kid", s->kid);
    AUTO_JSON *jws = json_object();
    const char *p = NULL;
    const char *b = NULL;
    const char *m = NULL;

    json_write(&text, claims);
    base64url_write(&payload, text.data, text.len);
    if (!buf_ok(&payload) || !sig || !jws ||
        json_object_set_new(jws, "payload", json_stringn(payload.data, payload.len)) < 0 ||
        !jose_jws_sig(NULL, jws, sig, s->jwk) ||
        json_unpack(jws, "{s:s,s:s,s:s}", "protected", &p, "payload", &b, "signature", &m) < 0 ||
        asprintf(ret, "%s.%s.%s", p, b, m) < 0) {
        return az_fail_internal(reterr, "signing a token failed");
    }
    return true;
}

struct cached {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    struct token_claims claims; /* exp 0: free */
};

struct token_verifier {
    char path[4096];
    pthread_mutex_t lock; /* of keys */
    json_t *keys;
    struct timespec mtime;
    struct {
        pthread_mutex_t lock;
        struct cached slots[CACHE_SLOTS];
    } shards[CACHE_SHARDS];
};

/* Looks at the file again if it has changed. Locked. */
static void reload(struct token_verifier *v)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct stat st;
    json_t *doc;

    if (stat(v->path, &st) < 0 ||
        (st.st_mtim.tv_sec == v->mtime.tv_sec && st.st_mtim.tv_nsec == v->mtime.tv_nsec) ||
        !file_read(v->path, LIMIT_SMALL_FILE, &text)) {
        return;
    }
    doc = json_loadb(text.data, text.len, 0, NULL);
    if (json_is_array(json_object_get(doc, "keys"))) {
        json_decref(v->keys);
        v->keys = json_incref(json_object_get(doc, "keys"));
        v->mtime = st.st_mtim;
    }
    json_decref(doc);
}

bool token_verifier_open(const char *jwks_path, struct token_verifier **ret,
                         struct az_error *reterr)
{
    struct token_verifier *v = calloc(1, sizeof(*v));

    if (!v) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(v->path, sizeof(v->path), "%s", jwks_path);
    (void) pthread_mutex_init(&v->lock, NULL);
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        (void) pthread_mutex_init(&v->shards[i].lock, NULL);
    }
    reload(v);
    *ret = v;
    return true;
}

void token_verifier_free(struct token_verifier *v)
{
    if (v) {
        json_decref(v->keys);
        free(v);
    }
}

static json_t *find_key(struct token_verifier *v, const char *kid)
{
    json_t *key;
    size_t i;

    json_array_foreach(v->keys, i, key)
    {
        const char *have = json_string_value(json_object_get(key, "kid"));

        if (have && strcmp(have, kid) == 0) {
            return json_deep_copy(key);
        }
    }
    return NULL;
}

/* A copy: jansson's reference counts are not shared between threads. */
static json_t *key_for(struct token_verifier *v, const char *kid)
{
    json_t *key;

    (void) pthread_mutex_lock(&v->lock);
    key = find_key(v, kid);
    if (!key) {
        reload(v);
        key = find_key(v, kid);
    }
    (void) pthread_mutex_unlock(&v->lock);
    return key;
}

static json_t *decode_part(struct str_view part)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    json_t *v = NULL;

    if (base64url_read(part, &raw)) {
        v = json_loadb((const char *) raw.data, raw.len, JSON_REJECT_DUPLICATES, NULL);
    }
    if (v && !json_is_object(v)) {
        json_decref(v);
        v = NULL;
    }
    return v;
}

static void take_text(const json_t *o, const char *name, char *out, size_t size)
{
    const char *s = json_string_value(json_object_get(o, name));

    (void) snprintf(out, size, "%s", s ? s : "");
}

static void read_claims(const json_t *o, struct token_claims *c)
{
    *c = (struct token_claims){0};
    take_text(o, "iss", c->iss, sizeof(c->iss));
    take_text(o, "aud", c->aud, sizeof(c->aud));
    take_text(o, "oid", c->oid, sizeof(c->oid));
    take_text(o, "appid", c->appid, sizeof(c->appid));
    take_text(o, "tid", c->tid, sizeof(c->tid));
    take_text(o, "idtyp", c->idtyp, sizeof(c->idtyp));
    take_text(o, "xms_mirid", c->xms_mirid, sizeof(c->xms_mirid));
    take_text(o, "upn", c->upn, sizeof(c->upn));
    c->trusted_service = json_is_true(json_object_get(o, "kvsim_trusted"));
    c->iat = json_integer_value(json_object_get(o, "iat"));
    c->nbf = json_integer_value(json_object_get(o, "nbf"));
    c->exp = json_integer_value(json_object_get(o, "exp"));
}

static enum token_verdict judge_time(const struct token_claims *c, int64_t now_s)
{
    if (c->exp <= now_s) {
        return TOKEN_EXPIRED;
    }
    /* Five minutes of leeway, as Entra's libraries give. */
    return c->nbf > now_s + 300 ? TOKEN_NOT_YET_VALID : TOKEN_OK;
}

static bool split(struct str_view jwt, struct str_view part[3])
{
    const char *a = memchr(jwt.ptr, '.', jwt.len);
    const char *b = a ? memchr(a + 1, '.', jwt.len - (size_t) (a + 1 - jwt.ptr)) : NULL;

    if (!b || memchr(b + 1, '.', jwt.len - (size_t) (b + 1 - jwt.ptr))) {
        return false;
    }
    part[0] = (struct str_view){jwt.ptr, (size_t) (a - jwt.ptr)};
    part[1] = (struct str_view){a + 1, (size_t) (b - a - 1)};
    part[2] = (struct str_view){b + 1, jwt.len - (size_t) (b + 1 - jwt.ptr)};
    return part[0].len > 0 && part[1].len > 0;
}

static bool signature_ok(const struct str_view part[3], const json_t *key)
{
    AUTO_JSON *jws = json_object();

    return jws &&
           json_object_set_new(jws, "protected", json_stringn(part[0].ptr, part[0].len)) == 0 &&
           json_object_set_new(jws, "payload", json_stringn(part[1].ptr, part[1].len)) == 0 &&
           json_object_set_new(jws, "signature", json_stringn(part[2].ptr, part[2].len)) == 0 &&
           jose_jws_ver(NULL, jws, NULL, key, false);
}

static enum token_verdict verify_fresh(struct token_verifier *v, struct str_view jwt, int64_t now_s,
                                       struct token_claims *ret, char header_b64[512])
{
    struct str_view part[3];

    if (jwt.len > TOKEN_MAX || !split(jwt, part)) {
        return TOKEN_MALFORMED;
    }
    AUTO_JSON *header = decode_part(part[0]);
    AUTO_JSON *claims = decode_part(part[1]);
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));

    if (header_b64) {
        (void) snprintf(header_b64, 512, "%.*s", (int) (part[0].len < 511 ? part[0].len : 511),
                        part[0].ptr);
    }
    /* The algorithm is ours to say, not the token's. */
    if (!claims || !alg || strcmp(alg, "RS256") != 0) {
        return TOKEN_MALFORMED;
    }
    AUTO_JSON *key = key_for(v, kid ? kid : "");

    if (!key) {
        return TOKEN_UNKNOWN_KEY;
    }
    if (!signature_ok(part, key)) {
        return TOKEN_BAD_SIGNATURE;
    }
    read_claims(claims, ret);
    return judge_time(ret, now_s);
}

enum token_verdict token_verify(struct token_verifier *v, struct str_view jwt, int64_t now_s,
                                struct token_claims *ret, char header_b64[512])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    struct cached *slot;
    enum token_verdict verdict;
    size_t shard;
    bool hit;

    if (header_b64) {
        header_b64[0] = '\0';
    }
    (void) SHA256((const unsigned char *) jwt.ptr, jwt.len, hash);
    shard = hash[0] % CACHE_SHARDS;
    slot = &v->shards[shard].slots[hash[1] % CACHE_SLOTS];
    (void) pthread_mutex_lock(&v->shards[shard].lock);
    hit = slot->claims.exp > 0 && memcmp(slot->hash, hash, sizeof(hash)) == 0;
    if (hit) {
        *ret = slot->claims;
    }
    (void) pthread_mutex_unlock(&v->shards[shard].lock);
    if (hit) {
        return judge_time(ret, now_s);
    }
    verdict = verify_fresh(v, jwt, now_s, ret, header_b64);
    if (verdict == TOKEN_OK) {
        (void) pthread_mutex_lock(&v->shards[shard].lock);
        memcpy(slot->hash, hash, sizeof(hash));
        slot->claims = *ret;
        (void) pthread_mutex_unlock(&v->shards[shard].lock);
    }
    return verdict;
}
