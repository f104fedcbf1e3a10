/* SPDX-License-Identifier: MIT */
/* The stores of providerd: principals, groups, accounts, their domains and files, and the sweep. */
#include "common/json.h"
#include "provider/store/account_store.h"
#include "provider/store/directory.h"
#include "tests/unit/store_fixture.h"

#define SUB "00000000-0000-0000-0000-000000000001"
#define NOW INT64_C(1800000000)

static void a_principal_is_found_by_object_and_by_application(void **state)
{
    struct store_fixture *f = *state;
    struct principal p;
    struct principal got;
    guid_text upper;

    directory_new_identity(f->txn, PRINCIPAL_SYSTEM_IDENTITY, SUB, "/x", "acct", &p);
    assert_true(guid_valid(p.oid) && guid_valid(p.appid));
    assert_string_not_equal(p.oid, p.appid);
    for (size_t i = 0; i < sizeof(upper); i++) {
        upper[i] = (char) (p.oid[i] >= 'a' && p.oid[i] <= 'f' ? p.oid[i] - 32 : p.oid[i]);
    }
    assert_true(directory_get_principal(f->txn, upper, &got));
    assert_string_equal(got.display_name, "acct");
    assert_true(directory_get_principal_by_appid(f->txn, p.appid, &got));
    assert_string_equal(got.oid, p.oid);
    assert_true(directory_del_principal(f->txn, p.oid));
    assert_false(directory_get_principal(f->txn, p.oid, &got));
    assert_false(directory_get_principal_by_appid(f->txn, p.appid, &got));
    assert_false(directory_del_principal(f->txn, p.oid));
}

static void count(void *ctx, const struct resource_group *g)
{
    (void) g;
    ++*(int *) ctx;
}

static void groups_belong_to_their_subscription(void **state)
{
    struct store_fixture *f = *state;
    struct resource_group g = {.subscription = SUB, .name = "My-RG", .location = "westeurope"};
    struct resource_group got;
    int n = 0;

    directory_put_group(f->txn, &g);
    assert_true(directory_get_group(f->txn, SUB, "my-rg", &got));
    assert_string_equal(got.name, "My-RG");
    assert_false(directory_get_group(f->txn, "other", "my-rg", &got));
    directory_each_group(f->txn, SUB, count, &n);
    assert_int_equal(n, 1);
    assert_true(directory_del_group(f->txn, SUB, "MY-RG"));
    assert_false(directory_get_group(f->txn, SUB, "my-rg", &got));
}

static void a_subscription_and_a_tenant_are_what_was_stored(void **state)
{
    struct store_fixture *f = *state;
    struct subscription s = {.id = SUB, .tenant = SUB, .display_name = "one"};
    struct subscription got;

    assert_false(directory_get_subscription(f->txn, SUB, &got));
    directory_put_subscription(f->txn, &s);
    assert_true(directory_get_subscription(f->txn, SUB, &got));
    assert_string_equal(got.display_name, "one");
    assert_false(directory_get_tenant(f->txn, SUB));
    directory_put_tenant(f->txn, SUB, "t");
    assert_true(directory_get_tenant(f->txn, SUB));
}

static json_t *account(const char *group, const char *name, const char *uid)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "uid", uid, "subscription", SUB, "group", group,
                     "name", name, "domain", name);
}

static json_t *get(struct store_fixture *f, const char *group, const char *name, bool deleted)
{
    json_t *a = NULL;
    struct az_error err;

    assert_ok(account_store_get(f->txn, SUB, group, name, deleted, &a, &err), &err);
    return a;
}

static bool there(struct store_fixture *f, const char *name, bool deleted)
{
    AUTO_JSON *a = get(f, "rg", name, deleted);

    return a != NULL;
}

static void an_account_is_live_or_deleted_never_both(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *a = account("rg", "Acct", "u1");
    struct az_error err;

    assert_ok(account_store_put(f->txn, a, false, &err), &err);
    assert_true(there(f, "ACCT", false));
    assert_false(there(f, "acct", true));
    (void) json_object_set_new(a, "purgeAt", json_integer(NOW + 10));
    assert_ok(account_store_put(f->txn, a, true, &err), &err);
    assert_false(there(f, "acct", false));
    assert_true(there(f, "acct", true));
    assert_false(account_store_due(f->txn, NOW + 9));
    assert_true(account_store_due(f->txn, NOW + 10));
    account_store_del(f->txn, a, true);
    assert_false(there(f, "acct", true));
    assert_false(account_store_due(f->txn, NOW + 10));
}

static bool count_account(void *ctx, json_t *a)
{
    (void) a;
    return ++*(int *) ctx < 2; /* ends the walk at the second */
}

static void lists_are_by_group_and_end_when_told(void **state)
{
    struct store_fixture *f = *state;
    static const char *const where[][2] = {
        {"rg",  "a"},
        {"rg",  "b"},
        {"rg2", "c"},
        {"r",   "d"}
    };
    struct az_error err;
    int n = 0;

    for (size_t i = 0; i < ARRAY_LEN(where); i++) {
        AUTO_JSON *a = account(where[i][0], where[i][1], "u");

        assert_ok(account_store_put(f->txn, a, false, &err), &err);
    }
    assert_true(account_store_each(f->txn, SUB, "r", false, count_account, &n));
    assert_int_equal(n, 1); /* "r" is no prefix of "rg" */
    n = 0;
    assert_true(account_store_each(f->txn, SUB, NULL, false, count_account, &n));
    assert_int_equal(n, 2);
    n = 0;
    assert_true(account_store_each(f->txn, SUB, NULL, true, count_account, &n));
    assert_int_equal(n, 0);
}

static void a_domain_leads_to_its_live_account(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *a = account("rg", "acct", "u1");
    AUTO_JSON *got = NULL;
    AUTO_JSON *none = NULL;
    struct az_error err;

    assert_ok(account_store_put(f->txn, a, false, &err), &err);
    assert_false(account_store_domain_taken(f->txn, "acct"));
    account_store_put_domain(f->txn, "acct", a);
    assert_true(account_store_domain_taken(f->txn, "ACCT"));
    assert_ok(account_store_by_domain(f->txn, "Acct", &got, &err), &err);
    assert_string_equal(json_text(got, "uid"), "u1");
    (void) json_object_set_new(a, "purgeAt", json_integer(NOW));
    assert_ok(account_store_put(f->txn, a, true, &err), &err);
    assert_ok(account_store_by_domain(f->txn, "acct", &none, &err), &err);
    assert_null(none); /* deleted: not served, but the name stays taken */
    assert_true(account_store_domain_taken(f->txn, "acct"));
    account_store_del_domain(f->txn, "acct");
    assert_false(account_store_domain_taken(f->txn, "acct"));
}

static void the_sweep_purges_a_due_account_with_its_files_and_domain(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *a = account("rg", "acct", "u1");
    AUTO_JSON *other = account("rg", "other", "u2");
    AUTO_JSON *file = json_pack("{s:s}", "id", "file-1");
    AUTO_JSON *got = NULL;
    AUTO_JSON *purged = json_array();
    struct principal p;
    struct az_error err;

    directory_new_identity(f->txn, PRINCIPAL_SYSTEM_IDENTITY, SUB, "id", "acct", &p);
    (void) json_object_set_new(a, "identity", json_pack("{s:s}", "principalId", p.oid));
    (void) json_object_set_new(a, "purgeAt", json_integer(NOW));
    assert_ok(account_store_put(f->txn, a, true, &err), &err);
    assert_ok(account_store_put(f->txn, other, false, &err), &err);
    account_store_put_domain(f->txn, "acct", a);
    file_store_put(f->txn, "u1", "file-1", file);
    file_store_put(f->txn, "u2", "file-1", file);
    assert_ok(account_store_sweep(f->txn, NOW - 1, purged, &err), &err);
    assert_true(there(f, "acct", true));
    assert_ok(account_store_sweep(f->txn, NOW, purged, &err), &err);
    assert_false(there(f, "acct", true));
    assert_true(there(f, "other", false));
    assert_false(account_store_domain_taken(f->txn, "acct"));
    assert_false(file_store_get(f->txn, "u1", "file-1", &got));
    assert_true(file_store_get(f->txn, "u2", "file-1", &got));
    assert_false(account_store_due(f->txn, NOW));
    assert_false(directory_get_principal(f->txn, p.oid, &p)); /* dies with the account */
    assert_int_equal(json_array_size(purged), 1);             /* whose blobs are to be removed */
    assert_string_equal(json_string_value(json_array_get(purged, 0)), "u1");
}

static void looked_after(struct store_fixture *f, json_t *a, int64_t at_s, bool deleted)
{
    struct az_error err;

    (void) json_object_set_new(a, "dek", json_pack("{s:I}", "followAt", (json_int_t) at_s));
    (void) json_object_set_new(a, "purgeAt", json_integer(NOW + 1000));
    assert_ok(account_store_put(f->txn, a, deleted, &err), &err);
}

/* The uid of the first account to look after; "": none, or its entry is stale. */
static void assert_first(struct store_fixture *f, int64_t now_s, const char *uid, bool is_deleted)
{
    bool deleted = !is_deleted;
    AUTO_JSON *a = account_store_follow_first(f->txn, now_s, &deleted);

    assert_string_equal(json_text(a, "uid"), uid);
    assert_int_equal(deleted, is_deleted);
}

static void accounts_are_looked_after_in_the_order_of_their_times(void **state)
{
    struct store_fixture *f = *state;
    AUTO_JSON *a = account("rg", "Acct", "u1");
    AUTO_JSON *b = account("rg", "Other", "u2");
    struct az_error err;

    assert_false(account_store_follow_due(f->txn, NOW));
    looked_after(f, a, NOW + 20, false);
    looked_after(f, b, NOW + 10, false);
    assert_false(account_store_follow_due(f->txn, NOW + 9));
    assert_true(account_store_follow_due(f->txn, NOW + 10));
    assert_first(f, NOW + 10, "u2", false);
    looked_after(f, b, NOW + 30, false); /* done: its former entry is stale */
    assert_first(f, NOW + 20, "", false);
    account_store_follow_drop(f->txn, NOW + 20);
    assert_first(f, NOW + 20, "u1", false);
    looked_after(f, a, NOW + 20, true);
    assert_first(f, NOW + 20, "u1", true);
    account_store_del(f->txn, a, true);
    assert_first(f, NOW + 20, "", false);
    account_store_follow_drop(f->txn, NOW + 20);
    assert_first(f, NOW + 30, "u2", false);
    (void) json_object_del(b, "dek"); /* CMK was disabled */
    assert_ok(account_store_put(f->txn, b, false, &err), &err);
    assert_first(f, NOW + 30, "", false);
    account_store_follow_drop(f->txn, NOW + 30);
    assert_false(account_store_follow_due(f->txn, INT64_MAX / 2));
}

static void a_damaged_account_is_an_error_and_no_absence(void **state)
{
    struct store_fixture *f = *state;
    struct kvkey k;
    json_t *a = NULL;
    struct az_error err = {0};

    kvkey_init(&k, 'A');
    kvkey_str(&k, SUB);
    kvkey_str(&k, "rg");
    kvkey_str(&k, "acct");
    kvdb_put(f->txn, &k, "{\"uid\":", 7);
    assert_false(account_store_get(f->txn, SUB, "rg", "acct", false, &a, &err));
    assert_int_equal(err.errc, AZ_ERR_INTERNAL);
    assert_null(a);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_principal_is_found_by_object_and_by_application),
        CASE(groups_belong_to_their_subscription),
        CASE(a_subscription_and_a_tenant_are_what_was_stored),
        CASE(an_account_is_live_or_deleted_never_both),
        CASE(lists_are_by_group_and_end_when_told),
        CASE(a_domain_leads_to_its_live_account),
        CASE(the_sweep_purges_a_due_account_with_its_files_and_domain),
        CASE(accounts_are_looked_after_in_the_order_of_their_times),
        CASE(a_damaged_account_is_an_error_and_no_absence),
    };

    return cmocka_run_group_tests_name("provider_store", tests, NULL, NULL);
}
