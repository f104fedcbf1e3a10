/* SPDX-License-Identifier: MIT */
/* Who may use an account's data plane: azure-rules.md section 9, versions.md section 5. */
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "common/json.h"
#include "provider/api/ai.h"
#include "provider/api/ai_security.h"
#include "provider/api/auth.h"
#include "provider/api/cmk_identity.h"
#include "provider/api/rule_log.h"
#include "provider/domain/ai_catalogue.h"
#include "provider/domain/kinds.h"
#include "provider/store/account_store.h"

static bool same_key(struct str_view given, const char *key)
{
    return given.len == strlen(key) && CRYPTO_memcmp(given.ptr, key, given.len) == 0;
}

struct key_search {
    struct str_view key;
    const char *region;
    char *found; /* "subscription/group/name" */
    size_t size;
};

static bool match_key(void *ctx, json_t *a)
{
    struct key_search *s = ctx;

    if (strcmp(json_text(a, "location"), s->region) == 0 &&
        (same_key(s->key, json_text(a, "key1")) || same_key(s->key, json_text(a, "key2")))) {
        (void) snprintf(s->found, s->size, "%s/%s/%s", json_text(a, "subscription"),
                        json_text(a, "group"), json_text(a, "name"));
    }
    return true;
}

static bool match_any(void *ctx, json_t *a)
{
    struct key_search *s = ctx;

    if (same_key(s->key, json_text(a, "key1")) || same_key(s->key, json_text(a, "key2"))) {
        (void) snprintf(s->found, s->size, "%s", json_text(a, "uid"));
    }
    return true;
}

/* A refused key that is good elsewhere was meant to reach what is not its own. */
static void note_foreign_key(struct provider_call *c, struct kvdb_txn *txn, struct str_view key,
                             enum cmk_rule_id broken)
{
    char uid[64] = "";
    struct key_search s = {key, NULL, uid, sizeof(uid)};

    if (key.len > 0 && account_store_each(txn, NULL, NULL, false, match_any, &s) && uid[0]) {
        rule_log_note(c->d, broken, CMK_BROKEN);
    }
}

/* Under a region's name the key says which of the region's accounts is meant. */
static bool by_region(struct provider_call *c, struct kvdb_txn *txn, struct str_view key)
{
    char region[32];
    struct key_search s = {key, region, c->account, sizeof(c->account)};

    return ai_region_find(c->site.label, region) && key.len > 0 &&
           account_store_each(txn, NULL, NULL, false, match_key, &s) && c->account[0] != '\0';
}

static bool account_of_path(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                            struct az_error *reterr)
{
    char path[sizeof(c->account)];
    char *group;
    char *name;

    memcpy(path, c->account, sizeof(path));
    group = strchr(path, '/');
    name = group ? strchr(group + 1, '/') : NULL;
    if (!name) {
        return az_fail_internal(reterr, "no account path");
    }
    *group++ = '\0';
    *name++ = '\0';
    return account_store_get(txn, path, group, name, false, ret, reterr);
}

bool ai_account(struct provider_call *c, struct kvdb_txn *txn, json_t **ret,
                struct az_error *reterr)
{
    if (c->account[0]) {
        return account_of_path(c, txn, ret, reterr) &&
               (*ret || az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND_AI, "The account is gone."));
    }
    if (!account_store_by_domain(txn, c->site.label, ret, reterr)) {
        return false;
    }
    return *ret || az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND_AI,
                           "There is no account with the endpoint '%s'.", c->site.label);
}

static bool key_refused(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_AI_UNAUTHORIZED,
                   "Access denied due to invalid subscription key or wrong API endpoint. Make sure "
                   "to provide a valid key for an active subscription and use a correct regional "
                   "API endpoint for your resource.");
}

static bool by_key(const json_t *account, struct str_view key, struct az_error *reterr)
{
    if (ai_local_auth_off(account)) {
        return az_fail(reterr, AZ_ERR_AUTHENTICATION_TYPE_DISABLED,
                       "Key based authentication is disabled for this resource.");
    }
    /* Both are always compared. */
    bool first = same_key(key, json_text(account, "key1"));
    bool second = same_key(key, json_text(account, "key2"));

    return first || second || key_refused(reterr);
}

static bool by_token(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                     struct str_view jwt, struct az_error *reterr)
{
    static const char *const good[] = {"https://cognitiveservices.azure.com",
                                       "https://ai.azure.com"};
    guid_text tenant;

    if (provider_verify(c, jwt) != TOKEN_OK ||
        !provider_audience_is(c->who.aud, good, ARRAY_LEN(good))) {
        return az_fail(reterr, AZ_ERR_AI_UNAUTHORIZED,
                       "Unauthorized. Access token is missing, invalid, audience is incorrect "
                       "(https://cognitiveservices.azure.com), or have expired.");
    }
    /* Code and text as quoted by users of the SDKs. */
    account_tenant(txn, account, tenant);
    return strcasecmp(tenant, c->who.tid) == 0 ||
           az_fail(reterr, AZ_ERR_AI_TENANT_MISMATCH,
                   "Token tenant %s does not match resource tenant.", c->who.tid);
}

static void note_key(struct provider_call *c, const json_t *account, struct str_view key, bool in)
{
    if (ai_local_auth_off(account)) {
        rule_log_note(c->d, RULE_SEC_LOCAL_AUTH_OFF, CMK_BROKEN);
        return;
    }
    rule_log_note(c->d, RULE_SEC_AUTH_KEY, in ? CMK_OBEYED : CMK_BROKEN);
    if (!in && same_key(key, json_text(account, "formerKey"))) {
        rule_log_note(c->d, RULE_SEC_KEY_ROTATION, CMK_BROKEN);
    }
}

static void note_token(struct provider_call *c, const json_t *account, bool in)
{
    enum cmk_result verdict = in ? CMK_OBEYED : CMK_BROKEN;

    rule_log_note(c->d, RULE_SEC_AUTH_ENTRA, verdict);
    if (in && ai_local_auth_off(account)) {
        rule_log_note(c->d, RULE_SEC_LOCAL_AUTH_OFF, CMK_OBEYED);
    }
    if (c->who.upn[0]) {
        rule_log_note(c->d, RULE_SEC_USER_PRINCIPAL, verdict);
    }
}

/* Who, from where, and may they: any one of these refuses (sec.combined). */
static bool admit(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                  struct str_view key, struct str_view token, struct az_error *reterr)
{
    bool by_token_it_is = key.len == 0;
    bool in =
        by_token_it_is ? by_token(c, txn, account, token, reterr) : by_key(account, key, reterr);

    if (!in && !by_token_it_is && ai_local_auth_off(account)) {
        ai_note_key_refused(c, account);
    }
    if (in && !ai_admit_network(c, account, reterr)) {
        return false;
    }
    if (!by_token_it_is) {
        note_key(c, account, key, in);
        if (!in && !ai_local_auth_off(account)) {
            note_foreign_key(c, txn, key, RULE_DATA_ISOLATED);
        }
    } else {
        in = in && ai_authorize(c, txn, account, reterr);
        note_token(c, account, in);
    }
    if (in) {
        ai_note_admitted(c, account);
    }
    return in;
}

/* Only some kinds have models and files; told to those who may know. */
static bool check_plane(const struct provider_call *c, const json_t *account,
                        struct az_error *reterr)
{
    const struct account_kind *kind = account_kind_find(json_text(account, "kind"));

    return !ai_is_openai(c) || (kind && kind->files) || ai_no_such_path(reterr);
}

static bool judge(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct str_view key = http_header_get(&c->x->req, "api-key");
    struct str_view auth = http_header_get(&c->x->req, "authorization");
    bool bearer = auth.len > 7 && strncasecmp(auth.ptr, "Bearer ", 7) == 0;
    struct str_view token =
        bearer ? (struct str_view){auth.ptr + 7, auth.len - 7} : (struct str_view){"", 0};
    AUTO_JSON *account = NULL;
    char region[32];

    if (key.len == 0) {
        key = http_header_get(&c->x->req, "ocp-apim-subscription-key");
    }
    /* The OpenAI SDKs send the key as a bearer token; the form v1 alone takes it so (versions.md
     * section 5). */
    if (key.len == 0 && bearer && ai_is_v1(c) && !memchr(token.ptr, '.', token.len)) {
        key = token;
    }
    if (ai_region_find(c->site.label, region) && !by_region(c, txn, key)) {
        /* Entra tokens need a custom sub-domain (azure-rules.md section 9). */
        note_foreign_key(c, txn, key, RULE_DATA_SAME_REGION);
        return key_refused(reterr);
    }
    if (!ai_account(c, txn, &account, reterr)) {
        return false;
    }
    return admit(c, txn, account, key, token, reterr) && check_plane(c, account, reterr);
}

bool ai_authenticate(struct provider_call *c, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    ok = judge(c, txn, reterr);
    kvdb_abort(txn);
    return ok;
}
