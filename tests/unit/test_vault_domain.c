/* SPDX-License-Identifier: MIT */
/* Vaults: permissions, who is allowed, recovery levels, and the stored document. */
#include "common/json.h"
#include "tests/support.h"
#include "vault/domain/vault.h"
#include "vault/domain/vault_json.h"

#define OID   "00000000-0000-0000-0000-00000000000a"
#define OTHER "00000000-0000-0000-0000-00000000000b"
#define APP   "00000000-0000-0000-0000-00000000000c"

static void permissions_have_one_name_each_in_any_case(void **state)
{
    unsigned all = 0;

    (void) state;
    for (unsigned bit = 1; bit <= KEY_PERM_SETROTATIONPOLICY; bit <<= 1) {
        const char *name = key_perm_name((enum key_perm) bit);
        char upper[32] = "";

        assert_non_null(name);
        for (size_t i = 0; name[i]; i++) {
            upper[i] = (char) (name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
        }
        assert_int_equal(key_perm_parse(name), bit);
        assert_int_equal(key_perm_parse(upper), bit);
        all |= bit;
    }
    assert_int_equal(all, KEY_PERM_ALL);
    assert_int_equal(key_perm_parse("All"), KEY_PERM_ALL);
    assert_int_equal(key_perm_parse(""), 0);
    assert_int_equal(key_perm_parse("wrap"), 0);
    assert_null(key_perm_name((enum key_perm) 0));
}

static void a_caller_holds_what_all_their_policies_give(void **state)
{
    struct access_policy policies[] = {
        {OID,   "",  KEY_PERM_GET,     0                       },
        {OID,   "",  KEY_PERM_WRAPKEY, CERT_PERM_MANAGECONTACTS},
        {OTHER, "",  KEY_PERM_PURGE,   0                       },
        {OID,   APP, KEY_PERM_SIGN,    0                       },
    };
    const struct vault v = {.policies = policies, .n_policies = ARRAY_LEN(policies)};
    struct token_claims who = {.oid = OID};
    struct token_claims with_app = {.oid = OID, .appid = APP};
    struct token_claims upper = {.oid = "00000000-0000-0000-0000-00000000000A"};
    struct token_claims nobody = {.oid = ""};

    (void) state;
    assert_true(vault_allows(&v, &who, PERM_KEYS, KEY_PERM_GET));
    assert_true(vault_allows(&v, &who, PERM_KEYS, KEY_PERM_GET | KEY_PERM_WRAPKEY));
    assert_true(vault_allows(&v, &upper, PERM_KEYS, KEY_PERM_GET));
    assert_false(
        vault_allows(&v, &who, PERM_KEYS, KEY_PERM_GET | KEY_PERM_PURGE)); /* all of them */
    assert_false(vault_allows(&v, &who, PERM_KEYS, KEY_PERM_PURGE));       /* another's */
    /* A policy with an application is for that application only. */
    assert_false(vault_allows(&v, &who, PERM_KEYS, KEY_PERM_SIGN));
    assert_true(vault_allows(&v, &with_app, PERM_KEYS, KEY_PERM_SIGN));
    assert_false(vault_allows(&v, &nobody, PERM_KEYS, KEY_PERM_GET));
    assert_false(vault_allows(&v, &who, PERM_KEYS, 0)); /* nothing asked for is nothing allowed */
    /* Each family has its own permissions. */
    assert_true(vault_allows(&v, &who, PERM_CERTIFICATES, CERT_PERM_MANAGECONTACTS));
    assert_false(vault_allows(&v, &nobody, PERM_CERTIFICATES, CERT_PERM_MANAGECONTACTS));
    assert_false(vault_allows(&v, &who, PERM_NONE, KEY_PERM_GET));
    assert_string_equal(perm_name(PERM_CERTIFICATES, CERT_PERM_MANAGECONTACTS), "managecontacts");
    assert_int_equal(cert_perm_parse("ManageContacts"), CERT_PERM_MANAGECONTACTS);
    assert_int_equal(cert_perm_parse("get"), 0);
}

static void without_policies_nobody_is_allowed(void **state)
{
    const struct vault v = {0};
    struct token_claims who = {.oid = OID};

    (void) state;
    for (unsigned bit = 1; bit <= KEY_PERM_ALL; bit <<= 1) {
        assert_false(vault_allows(&v, &who, PERM_KEYS, bit));
    }
}

static void recovery_levels_follow_the_vaults_protection(void **state)
{
    static const struct {
        bool soft, purge;
        int days;
        bool old;
        const char *level;
    } cases[] = {
        {false, false, 90, false, "Purgeable"                      },
        {true,  false, 90, false, "Recoverable+Purgeable"          },
        {true,  false, 7,  false, "CustomizedRecoverable+Purgeable"},
        {true,  true,  90, false, "Recoverable"                    },
        {true,  true,  7,  false, "CustomizedRecoverable"          },
        {true,  true,  7,  true,  "Recoverable"                    }, /* 2016-10-01 */
        {true,  false, 89, true,  "Recoverable+Purgeable"          },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct vault v = {.soft_delete = cases[i].soft,
                                .purge_protection = cases[i].purge,
                                .retention_days = cases[i].days};

        assert_string_equal(vault_recovery_level(&v, cases[i].old), cases[i].level);
    }
}

/* A vault with these properties, derived. */
static struct vault *vault_of(const char *properties)
{
    struct vault *v = calloc(1, sizeof(*v));
    struct az_error err;

    assert_non_null(v);
    v->properties = json_loads(properties, 0, NULL);
    assert_non_null(v->properties);
    v->tags = json_object();
    v->system_data = json_object();
    assert_ok(vault_derive(v, &err), &err);
    return v;
}

#define TENANT "\"tenantId\":\"00000000-0000-0000-0000-0000000000ff\""

static void members_are_derived_from_the_properties(void **state)
{
    AUTO_VAULT *plain = vault_of("{" TENANT "}");
    AUTO_VAULT *full = vault_of(
        "{" TENANT ",\"sku\":{\"name\":\"Premium\"},\"enableSoftDelete\":true,"
        "\"softDeleteRetentionInDays\":7,\"enablePurgeProtection\":true,"
        "\"enableRbacAuthorization\":true,\"networkAcls\":{\"defaultAction\":\"deny\",\"bypass\":\"None\"},"
        "\"accessPolicies\":[{\"objectId\":\"" OID "\",\"applicationId\":\"" APP "\","
        "\"permissions\":{\"Keys\":[\"GET\",\"wrapKey\",7,\"nonsense\"]}},{}]}");
    AUTO_VAULT *closed = vault_of("{" TENANT ",\"publicNetworkAccess\":\"disabled\"}");

    (void) state;
    assert_int_equal(plain->sku, VAULT_SKU_STANDARD);
    assert_int_equal(plain->retention_days, 90);
    assert_false(plain->soft_delete || plain->purge_protection || plain->rbac ||
                 plain->firewall_on);
    assert_true(plain->bypass_trusted); /* the default */
    assert_int_equal(plain->n_policies, 0);
    assert_int_equal(full->sku, VAULT_SKU_PREMIUM);
    assert_int_equal(full->retention_days, 7);
    assert_true(full->soft_delete && full->purge_protection && full->rbac && full->firewall_on);
    assert_false(full->bypass_trusted);
    assert_int_equal(full->n_policies, 2);
    assert_string_equal(full->policies[0].object_id, OID);
    assert_string_equal(full->policies[0].application_id, APP);
    assert_int_equal(full->policies[0].keys, KEY_PERM_GET | KEY_PERM_WRAPKEY);
    assert_string_equal(full->policies[1].object_id, "");
    assert_int_equal(full->policies[1].keys, 0);
    assert_true(closed->firewall_on);
}

static void a_vault_without_a_readable_tenant_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}", "{\"tenantId\":7}",
        "{\"tenantId\":\"00000000-0000-0000-0000-0000000000ff-and-more\"}"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_VAULT *v = calloc(1, sizeof(*v));
        struct az_error err;

        v->properties = json_loads(bad[i], 0, NULL);
        assert_false(vault_derive(v, &err));
    }
}

static void a_stored_vault_comes_back_whole(void **state)
{
    AUTO_VAULT *v = vault_of("{" TENANT ",\"enableSoftDelete\":true,\"accessPolicies\":[]}");
    AUTO_VAULT *got = calloc(1, sizeof(*got));
    struct az_error err;

    (void) state;
    v->uid = UINT64_C(1) << 40;
    v->revision = 9;
    (void) snprintf(v->name, sizeof(v->name), "Demo");
    (void) snprintf(v->subscription, sizeof(v->subscription), OTHER);
    (void) snprintf(v->resource_group, sizeof(v->resource_group), "rg");
    (void) snprintf(v->location, sizeof(v->location), "westeurope");
    v->deleted_s = 5;
    v->purge_at_s = 6;
    AUTO_JSON *doc = vault_to_json(v);

    assert_non_null(doc);
    assert_ok(vault_from_json(doc, got, &err), &err);
    assert_int_equal(got->uid, v->uid);
    assert_int_equal(got->revision, 9);
    assert_string_equal(got->name, "Demo");
    assert_string_equal(got->resource_group, "rg");
    assert_int_equal(got->deleted_s, 5);
    assert_int_equal(got->purge_at_s, 6);
    assert_true(got->soft_delete);
    assert_true(json_equal(got->properties, v->properties));
}

static void a_document_that_is_no_vault_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}", "[]", "{\"name\":\"x\"}",
        "{\"name\":\"a-name-that-is-much-too-long-for-a-vault\",\"subscription\":\"s\",\"group\":\"g\","
        "\"location\":\"l\",\"properties\":{" TENANT "}}",
        "{\"name\":\"x\",\"subscription\":\"s\",\"group\":\"g\",\"location\":\"l\"}"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_JSON *doc = json_loads(bad[i], 0, NULL);
        AUTO_VAULT *v = calloc(1, sizeof(*v));
        struct az_error err;

        assert_non_null(doc);
        assert_false(vault_from_json(doc, v, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permissions_have_one_name_each_in_any_case),
        cmocka_unit_test(a_caller_holds_what_all_their_policies_give),
        cmocka_unit_test(without_policies_nobody_is_allowed),
        cmocka_unit_test(recovery_levels_follow_the_vaults_protection),
        cmocka_unit_test(members_are_derived_from_the_properties),
        cmocka_unit_test(a_vault_without_a_readable_tenant_is_refused),
        cmocka_unit_test(a_stored_vault_comes_back_whole),
        cmocka_unit_test(a_document_that_is_no_vault_is_refused),
    };

    return cmocka_run_group_tests_name("vault_domain", tests, NULL, NULL);
}
