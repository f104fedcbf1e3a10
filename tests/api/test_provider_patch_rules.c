/* SPDX-License-Identifier: MIT */
/*
 * Nothing half-done: every rule that can refuse a change of an account refuses one here, and what
 * is stored stays byte for byte as it was. Which rules there are is taken from the tables: a rule
 * or a field without its case fails the test. Ids and sources: cmk-rules.md.
 */
#include "provider/api/api.h"
#include "provider/domain/account_fields.h"
#include "provider/domain/cmk_rules.h"
#include "tests/api/provider_fixture.h"

#define ACCT ACCOUNT_PATH "acct"

/* A body that is good but for its encryption: none of it may stay. */
#define BODY(encryption)                                                                            \
    "{\"tags\":{\"half\":\"done\"},\"sku\":{\"name\":\"S0\"},\"properties\":{\"disableLocalAuth\":" \
    "true,\"restrictOutboundNetworkAccess\":true,\"encryption\":" encryption "}}"
#define CMK(members) \
    "{\"keySource\":\"Microsoft.KeyVault\",\"keyVaultProperties\":{\"keyName\":\"k\"," members "}}"
#define GOOD CMK("\"keyVaultUri\":\"https://demo.vault.azure.net\",\"keyVersion\":\"\"")

typedef void spoil_fn(struct provider_fixture *f);

static void other_region(struct provider_fixture *f)
{
    (void) snprintf(f->fake.vault.location, sizeof(f->fake.vault.location), "eastus");
}
static void other_tenant(struct provider_fixture *f)
{
    (void) snprintf(f->fake.vault.tenant, sizeof(f->fake.vault.tenant), SUB);
}
static void no_soft_delete(struct provider_fixture *f)
{
    f->fake.vault.soft_delete = false;
}
static void no_protection(struct provider_fixture *f)
{
    f->fake.vault.purge_protection = false;
}
static void under_rbac(struct provider_fixture *f)
{
    f->fake.vault.rbac = true;
    f->fake.vault.identity_rbac_perms = CMK_PERM_ALL;
}
static void closed(struct provider_fixture *f)
{
    f->fake.vault.firewall_on = true;
    f->fake.vault.bypass_trusted = false;
}
static void no_get(struct provider_fixture *f)
{
    f->fake.vault.identity_key_perms = CMK_PERM_ALL & ~CMK_PERM_GET;
}
static void ec_key(struct provider_fixture *f)
{
    (void) snprintf(f->fake.key.kty, sizeof(f->fake.key.kty), "EC");
}
static void disabled_key(struct provider_fixture *f)
{
    f->fake.key.enabled = false;
}
static void expired_key(struct provider_fixture *f)
{
    f->fake.key.exp_s = 1;
}
static void lost_key(struct provider_fixture *f)
{
    f->fake.state = CMK_KEY_LOST;
    f->fake.revoked = true;
    f->fake.key = (struct key_facts){.status = 404, .error_code = "KeyNotFound"};
}
static void deleted_key(struct provider_fixture *f)
{
    f->fake.state = CMK_KEY_DELETED;
    f->fake.revoked = true;
    f->fake.key = (struct key_facts){.status = 404, .error_code = "KeyNotFound"};
}
static void revoked(struct provider_fixture *f)
{
    f->fake.vault.identity_key_perms = 0;
    f->fake.revoked = true;
}
static void approval_wanted(struct provider_fixture *f)
{
    f->d.approval_form = true;
}
static void identity_off(struct provider_fixture *f)
{
    assert_true(provider_arm(f, "PATCH", ACCT, "{\"identity\":{\"type\":\"None\"}}") < 300);
}
static void left_behind(struct provider_fixture *f)
{
    struct kvdb_txn *txn = NULL;
    struct az_error err;

    assert_ok(kvdb_begin_write(f->d.db, &txn, &err), &err);
    directory_put_tenant(txn, STRANGER, "elsewhere");
    assert_ok(kvdb_commit(txn, &err), &err);
    assert_int_equal(
        provider_call(f,
                      &(struct api_request){.method = "POST",
                                            .host = ARM_HOST,
                                            .target = "/_sim/directory/move",
                                            .body = "{\"resource\":\"" ACCT
                                                    "\",\"toTenant\":\"" STRANGER "\"}",
                                            .headers = {{"x-kvsim-control", f->d.control.token}}}),
        200);
}

/* Accounts beside "acct", for what a kind or a tier refuses. */
static void other_accounts(struct provider_fixture *f)
{
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "eye",
                                  "{\"kind\":\"ComputerVision\",\"location\":\"westeurope\","
                                  "\"sku\":{\"name\":\"F0\"},\"identity\":{\"type\":"
                                  "\"SystemAssigned\"}}"),
                     201);
    assert_int_equal(provider_arm(f, "PUT", ACCOUNT_PATH "face",
                                  "{\"kind\":\"Face\",\"location\":\"westeurope\",\"sku\":{"
                                  "\"name\":\"F0\"},\"identity\":{\"type\":\"SystemAssigned\"}}"),
                     201);
}

#define CREATE_BODY                                                                               \
    "{\"kind\":\"OpenAI\",\"location\":\"westeurope\",\"sku\":{\"name\":\"S0\"},\"properties\":{" \
    "\"encryption\":" GOOD "}}"
#define OTHER_BODY                                                                                 \
    "{\"tags\":{\"half\":\"done\"},\"properties\":{\"disableLocalAuth\":true,\"encryption\":" GOOD \
    "}}"
#define DISABLE "{\"keySource\":\"Microsoft.CognitiveServices\"}"

static const struct refusal {
    const char *rule;
    spoil_fn *spoil;
    bool bound; /* it is about an account that has its key already */
    const char *path;
    const char *body; /* NULL: BODY(GOOD) */
} refusals[] = {
    {"enc.supported-kind",      other_accounts,  false, ACCOUNT_PATH "eye",  OTHER_BODY                                    },
    {"enc.no-cmk-at-create",    NULL,            false, ACCOUNT_PATH "new",  CREATE_BODY                                   },
    {"enc.enable-then-key",     NULL,            false, ACCT,                BODY("{\"keySource\":\"Microsoft.KeyVault\"}")},
    {"enc.tier",                other_accounts,  false, ACCOUNT_PATH "face", OTHER_BODY                                    },
    {"enc.request-form",        approval_wanted, false, ACCT,                NULL                                          },
    {"enc.disable-data",        revoked,         true,  ACCT,                BODY(DISABLE)                                 },
    {"kv.key-vault-only",       NULL,            false, ACCT,
     BODY(CMK("\"keyVaultUri\":\"https://demo.example.com\""))                                                             },
    {"key.uri",                 NULL,            false, ACCT,
     BODY(CMK("\"keyVaultUri\":\"https://nowhere.vault.azure.net\""))                                                      },
    {"kv.same-region",          other_region,    false, ACCT,                NULL                                          },
    {"kv.same-tenant",          other_tenant,    false, ACCT,                NULL                                          },
    {"kv.soft-delete",          no_soft_delete,  false, ACCT,                NULL                                          },
    {"kv.purge-protection",     no_protection,   false, ACCT,                NULL                                          },
    {"kv.access-policies",      under_rbac,      false, ACCT,                NULL                                          },
    {"kv.firewall-trusted",     closed,          false, ACCT,                NULL                                          },
    {"kv.permissions",          no_get,          false, ACCT,                NULL                                          },
    {"key.rsa-2048",            ec_key,          false, ACCT,                NULL                                          },
    {"key.usable",              disabled_key,    false, ACCT,                NULL                                          },
    {"id.system-assigned",      NULL,            false, ACCT,
     BODY(CMK("\"keyVaultUri\":\"https://demo.vault.azure.net\",\"identityClientId\":\"" STRANGER
              "\""))                                                                                                       },
    {"id.enable-first",         identity_off,    false, ACCT,                NULL                                          },
    {"id.after-create",         other_accounts,  false, ACCOUNT_PATH "face", OTHER_BODY                                    },
    {"id.disable-cuts",         identity_off,    true,  ACCT,                BODY(DISABLE)                                 },
    {"id.no-cross-directory",   left_behind,     false, ACCT,                NULL                                          },
    {"rev.partial",             no_get,          false, ACCT,                NULL                                          },
    {"rev.expired",             expired_key,     false, ACCT,                NULL                                          },
    {"rev.ways",                deleted_key,     true,  ACCT,                BODY(DISABLE)                                 },
    {"life.old-version-needed", deleted_key,     true,  ACCT,                BODY(DISABLE)                                 },
    {"life.lost-key",           lost_key,        true,  ACCT,                BODY(DISABLE)                                 },
};

static bool names(struct provider_fixture *f, const char *rule)
{
    const json_t *inner = json_object_get(json_object_get(f->a.doc, "error"), "innererror");
    json_t *id;
    size_t i;

    json_array_foreach(json_object_get(inner, "rules"), i, id)
    {
        if (strcmp(json_string_value(id), rule) == 0) {
            return true;
        }
    }
    return false;
}

static void is_refused(struct provider_fixture *f, const struct refusal *r)
{
    const char *method = strcmp(r->path, ACCOUNT_PATH "new") == 0 ? "PUT" : "PATCH";
    struct api_store_hash before;

    if (r->bound) {
        assert_int_equal(provider_bind(f), 202);
    }
    if (r->spoil) {
        r->spoil(f);
    }
    before = api_store_hash(f->d.db);
    (void) provider_arm(f, method, r->path, r->body ? r->body : BODY(GOOD));
    if (f->a.status < 400 || f->a.status >= 500 || !names(f, r->rule)) {
        fail_msg("%s: %d %.*s", r->rule, f->a.status, (int) f->a.resp.body.len,
                 f->a.resp.body.data);
    }
    assert_store_unchanged(f->d.db, before);
}

static void every_rule_that_refuses_a_change_leaves_the_account_as_it_was(void **state)
{
    struct provider_fixture *f = *state;
    const struct fake_vault fake = f->fake;
    struct api_store_hash clean = api_store_hash(f->d.db);

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct api_store_hash now = api_store_hash(f->d.db);

        if (memcmp(now.bytes, clean.bytes, sizeof(now.bytes)) !=
            0) { /* the case before needed it */
            provider_fixture_close(f);
            provider_fixture_open(f);
            provider_make_account(f);
            clean = api_store_hash(f->d.db);
        }
        f->fake = fake;
        f->d.approval_form = false;
        is_refused(f, &refusals[i]);
    }
}

/* The portal's, which a body of the resource manager can't break. */
static bool is_elsewhere(const char *rule)
{
    return strcmp(rule, "key.uri-subscription") == 0;
}

static void no_rule_is_forgotten(void **state)
{
    const unsigned changes = 1u << CMK_OP_CREATE | 1u << CMK_OP_ENABLE |
                             1u << CMK_OP_UPDATE_VERSION | 1u << CMK_OP_OTHER_KEY |
                             1u << CMK_OP_DISABLE;

    (void) state;
    for (int id = 0; id < CMK_RULE_COUNT; id++) {
        const struct cmk_rule *rule = cmk_rule_at((enum cmk_rule_id) id);
        size_t n = 0;

        if (rule->effect != EFFECT_REFUSES || (rule->ops & changes) == 0 ||
            is_elsewhere(rule->id)) {
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
            n += strcmp(refusals[i].rule, rule->id) == 0;
        }
        if (n == 0) {
            fail_msg("%s refuses changes, and has no case here", rule->id);
        }
    }
}

/* A number is a value that no field takes. */
static void every_field_refuses_a_bad_value_and_nothing_else_is_kept(void **state)
{
    struct provider_fixture *f = *state;
    struct api_store_hash before = api_store_hash(f->d.db);
    char body[512];

    for (size_t i = 0; i < account_fields_count(); i++) {
        const char *name = account_field_name(i);

        /* Beside good members; the version that has costControlIds has all the others. */
        (void) snprintf(body, sizeof(body),
                        "{\"tags\":{\"half\":\"done\"},\"identity\":{\"type\":\"None\"},"
                        "\"properties\":{\"%s\":true,\"%s\":7}}",
                        strcmp(name, "disableLocalAuth") == 0 ? "dynamicThrottlingEnabled"
                                                              : "disableLocalAuth",
                        name);
        (void) provider_call(f,
                             &(struct api_request){.method = "PATCH",
                                                   .host = ARM_HOST,
                                                   .target = ACCT "?api-version=2026-09-15-preview",
                                                   .token = f->token,
                                                   .body = body});
        if (f->a.status != 400 || strcmp(api_text(f->a.doc, "error.target"), name) != 0) {
            fail_msg("%s: %d %s", name, f->a.status, api_text(f->a.doc, "error.target"));
        }
        assert_string_equal(api_text(f->a.doc, "error.code"), "InvalidRequestContent");
        assert_store_unchanged(f->d.db, before);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provider_setup_account, provider_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_rule_that_refuses_a_change_leaves_the_account_as_it_was),
        CASE(every_field_refuses_a_bad_value_and_nothing_else_is_kept),
        cmocka_unit_test(no_rule_is_forgotten),
    };

    return cmocka_run_group_tests_name("provider_patch_rules", tests, NULL, NULL);
}
