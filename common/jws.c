/* SPDX-License-Identifier: MIT */
/* Keys in files, signing and verifying of JSON. */
#include "common/jws.h"

#include <errno.h>
#include <fcntl.h>
#include <jose/jose.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "common/limits.h"

struct jws_key {
    json_t *jwk;
    char kid[44];
};

void jws_key_free(struct jws_key *k)
{
    if (k) {
        json_decref(k->jwk);
        free(k);
    }
}

DEFINE_CLEANUP(jws_key_cleanup, struct jws_key, jws_key_free)
#define AUTO_JWS_KEY CLEANUP(jws_key_cleanup) struct jws_key

static bool load(const char *path, struct jws_key *k)
{
    CLEANUP(buf_done) struct buf text = {0};

    if (!file_read(path, LIMIT_SMALL_FILE, &text)) {
        return false;
    }
    k->jwk = json_loadb(text.data, text.len, 0, NULL);
    return k->jwk != NULL;
}

static bool make(const char *path, struct jws_key *k)
{
    CLEANUP(buf_done) struct buf text = {0};

    k->jwk = json_pack("{s:s,s:i}", "alg", "RS256", "bits", 2048);
    return k->jwk && jose_jwk_gen(NULL, k->jwk) &&
           json_dump_callback(k->jwk, file_dump_piece, &text, JSON_COMPACT) == 0 &&
           file_write_atomic(path, text.data, text.len, 0600);
}

/* Whoever comes second finds the first one's key. */
static bool load_or_make(const char *path, struct jws_key *k, struct az_error *reterr)
{
    char lock_path[4200];
    int lock;
    bool ok;

    if (load(path, k)) {
        return true;
    }
    (void) snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
    lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) < 0) {
        (void) az_fail_internal(reterr, "%s: %s", lock_path, strerror(errno));
        if (lock >= 0) {
            (void) close(lock);
        }
        return false;
    }
    ok = load(path, k) || (access(path, F_OK) != 0 && make(path, k));
    (void) close(lock);
    return ok ||
           az_fail_internal(reterr, "%s can't be read or made: remove it if it is damaged", path);
}

bool jws_key_open(const char *path, struct jws_key **ret, struct az_error *reterr)
{
    AUTO_JWS_KEY *k = calloc(1, sizeof(*k));

    if (!k) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!load_or_make(path, k, reterr)) {
        return false;
    }
    AUTO_JSON *thumb = jose_jwk_thp(NULL, k->jwk, "S256");

    if (!json_is_string(thumb)) {
        return az_fail_internal(reterr, "%s holds no key", path);
    }
    (void) snprintf(k->kid, sizeof(k->kid), "%s", json_string_value(thumb));
    *ret = take_ptr(k);
    return true;
}

const char *jws_key_id(const struct jws_key *k)
{
    return k->kid;
}

const json_t *jws_key_private(const struct jws_key *k)
{
    return k->jwk;
}

json_t *jws_key_set(const struct jws_key *k)
{
    return json_pack("{s:[{s:s,s:s,s:s,s:O,s:O,s:s}]}", "keys", "kty", "RSA", "use", "sig", "kid",
                     k->kid, "n", json_object_get(k->jwk, "n"), "e", json_object_get(k->jwk, "e"),
                     "alg", "RS256");
}

bool jws_sign(const struct jws_key *k, const json_t *header, struct str_view payload, char **ret,
              struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf b64 = {0};
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(buf_done) struct buf head = {0};
    AUTO_JSON *protected = json_pack("{s:s,s:s}", "alg", "RS256", "kid", k->kid);
    AUTO_JSON *jws = json_object();
    const char *p = NULL;
    const char *b = NULL;
    const char *m = NULL;

    base64url_write(&b64, payload.ptr, payload.len);
    if (!protected || !jws || !buf_ok(&b64) ||
        json_object_update(protected, (json_t *) (uintptr_t) header) < 0 ||
        json_object_set_new(jws, "payload", json_stringn(b64.data, b64.len)) < 0) {
        return az_fail_internal(reterr, "out of memory");
    }
    /* Encoded here: jose would sort the members. */
    json_write(&text, protected);
    base64url_write(&head, text.data, text.len);
    AUTO_JSON *sig = buf_ok(&head) ? json_pack("{s:s}", "protected", head.data) : NULL;

    if (!sig || !jose_jws_sig(NULL, jws, sig, k->jwk) ||
        json_unpack(jws, "{s:s,s:s,s:s}", "protected", &p, "payload", &b, "signature", &m) < 0 ||
        asprintf(ret, "%s.%s.%s", p, b, m) < 0) {
        return az_fail_internal(reterr, "signing failed");
    }
    return true;
}

static bool split(struct str_view token, struct str_view part[3])
{
    const char *end = token.ptr + token.len;
    const char *at = token.ptr;

    for (int i = 0; i < 3; i++) {
        const char *dot = memchr(at, '.', (size_t) (end - at));

        if ((dot == NULL) != (i == 2)) {
            return false;
        }
        dot = dot ? dot : end;
        part[i] = (struct str_view){at, (size_t) (dot - at)};
        at = i < 2 ? dot + 1 : dot;
    }
    return part[0].len > 0 && part[1].len > 0;
}

static json_t *decode(struct str_view part)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    json_t *doc;

    if (!base64url_read(part, &raw)) {
        return NULL;
    }
    doc = json_parse((struct str_view){(const char *) raw.data, raw.len}, NULL, 0);
    if (!json_is_object(doc)) {
        json_decref(doc);
        return NULL;
    }
    return doc;
}

json_t *jws_verify(const json_t *set, struct str_view token)
{
    struct str_view part[3];
    json_t *key;
    size_t i;

    if (token.len > LIMIT_ATTESTATION || !split(token, part)) {
        return NULL;
    }
    AUTO_JSON *header = decode(part[0]);

    if (strcmp(json_text(header, "alg"), "RS256") != 0) {
        return NULL;
    }
    AUTO_JSON *jws = json_object();

    (void) json_object_set_new(jws, "protected", json_stringn(part[0].ptr, part[0].len));
    (void) json_object_set_new(jws, "payload", json_stringn(part[1].ptr, part[1].len));
    (void) json_object_set_new(jws, "signature", json_stringn(part[2].ptr, part[2].len));
    json_array_foreach(json_object_get(set, "keys"), i, key)
    {
        if (jose_jws_ver(NULL, jws, NULL, key, false)) {
            return decode(part[1]);
        }
    }
    return NULL;
}
