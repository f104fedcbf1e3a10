/* SPDX-License-Identifier: MIT */
/* The stores of vaultd: names, lists, deleted keys, what a removal leaves. */
#include "common/json.h"
#include "tests/unit/store_fixture.h"
#include "vault/store/due.h"
#include "vault/store/key_store.h"
#include "vault/store/vault_store.h"

#define SUB "00000000-0000-0000-0000-000000000001"
#define NOW INT64_C(1800000000)

static struct vault *put_vault(struct store_fixture *f, const char *name, const char *group)
{
    struct vault *v = calloc(1, sizeof(*v));
    struct az_error err;

    assert_non_null(v);
    (void) snprintf(v->name, sizeof(v->name), "%s", name);
    (void) snprintf(v->subscription, sizeof(v->subscription), SUB);
    (void) snprintf(v->resource_group, sizeof(v->resource_group), "%s", group);
    (void) snprintf(v->location, sizeof(v->location), "westeurope");
    v->properties = json_pack("{s:s,s:b}", "tenantId", SUB, "enableSoftDelete", 1);
    v->tags = json_object();
    v->system_data = json_object();
    assert_ok(vault_store_put(f->txn, v, &err), &err);
    return v;
}

static void put_key(struct store_fixture *f, uint64_t uid, const char *name, const char *version)
{
    struct key_version v = {.meta = {.created_s = NOW}, .texts = {.name = sv_from(name)}};
    struct key_head head = {0};
    struct az_error err;

    (void) snprintf(v.meta.version, sizeof(v.meta.version), "%s", version);
    (void) snprintf(head.name, sizeof(head.name), "%s", name);
    (void) snprintf(head.latest, sizeof(head.latest), "%s", version);
    assert_ok(key_store_put_version(f->txn, uid, name, &v, &err), &err);
    key_store_put_head(f->txn, uid, &head);
}

static bool head_is(struct store_fixture *f, uint64_t uid, const char *name, bool deleted)
{
    struct key_head head;

    return key_store_head(f->txn, uid, name, deleted, &head);
}

static struct vault *get_vault(struct store_fixture *f, const char *name)
{
    struct vault *v = NULL;
    struct az_error err;

    assert_ok(vault_store_get(f->txn, name, &v, &err), &err);
    return v;
}

static void vaults_are_found_by_name_in_any_case(void **state)
{
    struct store_fixture *f = *state;
    AUTO_VAULT *v = put_vault(f, "DemoVault", "rg");
    AUTO_VAULT *got = get_vault(f, "demovault");

    assert_non_null(got);
    assert_string_equal(got->name, "DemoVault"); /* as created */
    assert_int_equal(got->uid, v->uid);
    assert_null(get_vault(f, "demovaul"));
    assert_null(get_vault(f, ""));
}

static void every_change_has_a_new_revision_also_of_a_name_taken_again(void **state)
{
    struct store_fixture *f = *state;
    AUTO_VAULT *v = put_vault(f, "demo", "rg");
    uint64_t first = vault_store_revision(f->txn, "DEMO");
    struct az_error err;

    assert_int_equal(first, v->revision);
    assert_ok(vault_store_put(f->txn, v, &err), &err);
    assert_true(vault_store_revision(f->txn, "demo") > first);
    assert_ok(vault_store_purge(f->txn, v, &err), &err);
    assert_int_equal(vault_store_revision(f->txn, "demo"), 0);
    AUTO_VAULT *again = put_vault(f, "demo", "rg");

    assert_int_not_equal(again->uid, v->uid); /* never reused: its keys are not the old one's */
    assert_true(again->revision > v->revision);
}

struct seen {
    char names[128];
};

static bool note(void *ctx, const struct vault *v)
{
    struct seen *s = ctx;
    size_t n = strlen(s->names);

    (void) snprintf(s->names + n, sizeof(s->names) - n, "%s ", v->name);
    return true;
}

static const char *list(struct store_fixture *f, const char *group, bool deleted, struct seen *s)
{
    struct az_error err;

    s->names[0] = '\0';
    assert_ok(vault_store_each(f->txn, SUB, group, deleted, note, s, &err), &err);
    return s->names;
}

static void lists_are_by_subscription_and_group_and_deletion(void **state)
{
    struct store_fixture *f = *state;
    AUTO_VAULT *b = put_vault(f, "bbb", "rg1");
    AUTO_VAULT *a = put_vault(f, "aaa", "RG1");
    AUTO_VAULT *c = put_vault(f, "ccc", "rg2");
    struct az_error err;
    struct seen s;

    (void) a;
    (void) b;
    assert_string_equal(list(f, NULL, false, &s), "aaa bbb ccc ");
    assert_string_equal(list(f, "rg1", false, &s), "aaa bbb ");
    c->deleted_s = NOW;
    c->purge_at_s = NOW + 10;
    assert_ok(vault_store_put(f->txn, c, &err), &err);
    assert_string_equal(list(f, NULL, false, &s), "aaa bbb ");
    assert_string_equal(list(f, NULL, true, &s), "ccc ");
    assert_string_equal(list(f, "rg1", true, &s), "");
}

static void keys_of_one_vault_are_not_anothers(void **state)
{
    struct store_fixture *f = *state;
    struct key_version v;

    put_key(f, 1, "Key", "v1");
    assert_true(head_is(f, 1, "kEY", false));
    assert_false(head_is(f, 2, "Key", false));
    assert_true(key_store_version(f->txn, 1, "key", "v1", &v));
    assert_false(key_store_version(f->txn, 1, "key", "v2", &v));
    assert_false(key_store_version(f->txn, 2, "key", "v1", &v));
    assert_true(sv_eq(v.texts.name, "Key"));
}

static void a_key_is_live_or_deleted_never_both(void **state)
{
    struct store_fixture *f = *state;
    struct key_head head;
    struct due due;

    put_key(f, 1, "k", "v1");
    assert_true(key_store_head(f->txn, 1, "k", false, &head));
    head.deleted_s = NOW;
    head.purge_s = NOW + 10;
    key_store_put_head(f->txn, 1, &head);
    assert_false(head_is(f, 1, "k", false));
    assert_true(head_is(f, 1, "k", true));
    assert_false(due_first(f->txn, NOW + 9, &due));
    assert_true(due_first(f->txn, NOW + 10, &due)); /* due at its very second */
    assert_int_equal(due.kind, DUE_KEY_PURGE);
    head.deleted_s = 0;
    head.purge_s = 0;
    key_store_put_head(f->txn, 1, &head);
    assert_true(head_is(f, 1, "k", false));
    assert_false(head_is(f, 1, "k", true));
    assert_false(due_first(f->txn, NOW + 1000, &due)); /* a recovered key is not purged */
}

static void a_purged_vault_takes_its_keys_and_no_others(void **state)
{
    struct store_fixture *f = *state;
    AUTO_VAULT *v = put_vault(f, "demo", "rg");
    AUTO_VAULT *other = put_vault(f, "other", "rg");
    struct key_version got;
    struct az_error err;

    put_key(f, v->uid, "k", "v1");
    put_key(f, other->uid, "k", "v1");
    assert_ok(vault_store_purge(f->txn, v, &err), &err);
    assert_null(get_vault(f, "demo"));
    assert_false(head_is(f, v->uid, "k", false));
    assert_false(key_store_version(f->txn, v->uid, "k", "v1", &got));
    assert_true(key_store_version(f->txn, other->uid, "k", "v1", &got));
}

static void what_is_due_comes_in_the_order_of_its_time(void **state)
{
    struct store_fixture *f = *state;
    struct due due;

    due_put(f->txn, NOW + 20, DUE_KEY_PURGE, 1, "second");
    due_put(f->txn, NOW + 10, DUE_KEY_ROTATE, 1, "first");
    due_put(f->txn, 0, DUE_KEY_PURGE, 1, "never");
    due_put(f->txn, NOW + 256, DUE_VAULT_PURGE, 2, "third");
    assert_false(due_first(f->txn, NOW, &due));
    assert_true(due_first(f->txn, NOW + 1000, &due));
    assert_string_equal(due.name, "FIRST");
    assert_int_equal(due.at_s, NOW + 10);
    assert_int_equal(due.uid, 1);
    due_drop(f->txn, NOW + 10, DUE_KEY_ROTATE, 1, "first");
    assert_true(due_first(f->txn, NOW + 1000, &due));
    assert_string_equal(due.name, "SECOND");
    due_drop(f->txn, NOW + 20, DUE_KEY_PURGE, 1, "second");
    assert_true(due_first(f->txn, NOW + 1000, &due));
    assert_string_equal(due.name, "THIRD");
    assert_false(due_first(f->txn, NOW + 255, &due));
}

static void lists_of_keys_begin_where_they_are_told(void **state)
{
    struct store_fixture *f = *state;
    static const char *const names[] = {"b", "A", "c-1", "c"};
    struct key_head head;
    struct kvdb_iter *it;
    char all[64] = "";
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        put_key(f, 7, names[i], "v1");
    }
    put_key(f, 8, "z", "v1");
    it = key_store_heads(f->txn, 7, false, NULL);
    while (key_store_next_head(it, &head)) {
        n += (size_t) snprintf(all + n, sizeof(all) - n, "%.4s ", head.name);
    }
    kvdb_iter_free(it);
    assert_string_equal(all, "A b c c-1 ");
    it = key_store_heads(f->txn, 7, false, "C");
    assert_true(key_store_next_head(it, &head));
    assert_string_equal(head.name, "c");
    kvdb_iter_free(it);
}

static void versions_of_one_name_are_not_those_of_a_longer_one(void **state)
{
    struct store_fixture *f = *state;
    struct key_version v;
    struct kvdb_iter *it;

    put_key(f, 1, "k", "v1");
    put_key(f, 1, "k", "v2");
    put_key(f, 1, "k-2", "v3");
    put_key(f, 1, "k2", "v4");
    it = key_store_versions(f->txn, 1, "k", NULL);
    assert_true(key_store_next_version(it, &v));
    assert_string_equal(v.meta.version, "v1");
    assert_true(key_store_next_version(it, &v));
    assert_string_equal(v.meta.version, "v2");
    assert_false(key_store_next_version(it, &v));
    kvdb_iter_free(it);
    it = key_store_versions(f->txn, 1, "k", "v2");
    assert_true(key_store_next_version(it, &v));
    assert_string_equal(v.meta.version, "v2");
    kvdb_iter_free(it);
}

static void a_removed_key_leaves_nothing_and_its_neighbour_stays(void **state)
{
    struct store_fixture *f = *state;
    struct key_version v;

    put_key(f, 1, "k", "v1");
    put_key(f, 1, "k", "v2");
    put_key(f, 1, "k2", "v1");
    key_store_remove(f->txn, 1, "k");
    assert_false(head_is(f, 1, "k", false));
    assert_false(key_store_version(f->txn, 1, "k", "v1", &v));
    assert_false(key_store_version(f->txn, 1, "k", "v2", &v));
    assert_true(key_store_version(f->txn, 1, "k2", "v1", &v));
    assert_false(kvdb_failed(f->txn));
}

static void a_damaged_vault_record_is_an_error_and_no_absence(void **state)
{
    static const char *const records[] = {"",          "short",      "12345678",
                                          "12345678{", "12345678[]", "12345678{}"};
    struct store_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct vault *v = NULL;
        struct az_error err = {0};
        struct kvkey k;

        kvkey_init(&k, 'v');
        kvkey_str(&k, "DEMO");
        kvdb_put(f->txn, &k, records[i], strlen(records[i]));
        if (vault_store_get(f->txn, "demo", &v, &err)) {
            fail_msg("'%s' was taken", records[i]);
        }
        assert_null(v);
        assert_int_equal(err.errc, AZ_ERR_INTERNAL);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(vaults_are_found_by_name_in_any_case),
        CASE(every_change_has_a_new_revision_also_of_a_name_taken_again),
        CASE(lists_are_by_subscription_and_group_and_deletion),
        CASE(keys_of_one_vault_are_not_anothers),
        CASE(a_key_is_live_or_deleted_never_both),
        CASE(a_purged_vault_takes_its_keys_and_no_others),
        CASE(what_is_due_comes_in_the_order_of_its_time),
        CASE(lists_of_keys_begin_where_they_are_told),
        CASE(versions_of_one_name_are_not_those_of_a_longer_one),
        CASE(a_removed_key_leaves_nothing_and_its_neighbour_stays),
        CASE(a_damaged_vault_record_is_an_error_and_no_absence),
    };

    return cmocka_run_group_tests_name("vault_store", tests, NULL, NULL);
}
