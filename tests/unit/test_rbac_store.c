/* SPDX-License-Identifier: MIT */
/* vaultd's copy of roles and assignments: epochs, what is kept and dropped, what it then allows. */
#include "common/json.h"
#include "tests/unit/store_fixture.h"
#include "vault/store/rbac_store.h"

#define EPOCH_1 "00000000-0000-0000-0000-0000000000e1"
#define EPOCH_2 "00000000-0000-0000-0000-0000000000e2"
#define ROLE_1  "00000000-0000-0000-0000-00000000000A" /* ids are found whatever their case */
#define ROLE_2  "00000000-0000-0000-0000-00000000000b"
#define NAME_1  "00000000-0000-0000-0000-0000000000d1"
#define NAME_2  "00000000-0000-0000-0000-0000000000D2"
#define WHO     "00000000-0000-0000-0000-0000000000a1"
#define VAULT   "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
#define READ    "Microsoft.KeyVault/vaults/keys/read"

#define ROLE(id)                                                             \
    "{\"id\":\"" id "\",\"permissions\":[{\"actions\":[],\"notActions\":[]," \
    "\"dataActions\":[\"Microsoft.KeyVault/vaults/keys/*\"],\"notDataActions\":[]}]}"
#define ASSIGNMENT(name, role)                                                                  \
    "{\"name\":\"" name "\",\"scope\":\"" VAULT "\",\"role\":\"" role "\",\"principal\":\"" WHO \
    "\"}"
#define CHANGE(epoch, more) "{\"epoch\":\"" epoch "\"" more "}"

enum outcome { TAKEN, STALE, REFUSED };

static enum outcome apply(struct store_fixture *f, const char *change)
{
    AUTO_JSON *doc = json_loads(change, 0, NULL);
    struct az_error err;
    bool stale = false;

    assert_non_null(doc);
    return !rbac_store_apply(f->txn, doc, &stale, &err) ? REFUSED : stale ? STALE : TAKEN;
}

static bool allowed(struct store_fixture *f)
{
    struct rbac_set *s = rbac_store_load(f->txn);
    bool yes;

    assert_non_null(s);
    yes = rbac_allows(s, WHO, RBAC_DATA, READ, VAULT "/keys/k");
    rbac_set_free(s);
    return yes;
}

static void everything(struct store_fixture *f)
{
    assert_int_equal(
        apply(f, CHANGE(EPOCH_1, ",\"adopt\":true,\"roles\":[" ROLE(ROLE_1) "," ROLE(ROLE_2) "]")),
        TAKEN);
    assert_int_equal(apply(f, CHANGE(EPOCH_1, ",\"assignments\":[" ASSIGNMENT(NAME_1, ROLE_1) "]")),
                     TAKEN);
}

static void a_change_of_another_epoch_changes_nothing(void **state)
{
    struct store_fixture *f = *state;
    uint64_t revision;

    assert_int_equal(rbac_store_revision(f->txn), 0);
    assert_int_equal(apply(f, CHANGE(EPOCH_1, ",\"roles\":[" ROLE(ROLE_1) "]")), STALE);
    assert_int_equal(rbac_store_revision(f->txn), 0);
    everything(f);
    revision = rbac_store_revision(f->txn);
    assert_int_equal(revision, 2);
    assert_int_equal(apply(f, CHANGE(EPOCH_2, ",\"deletedAssignments\":[\"" NAME_1 "\"]")), STALE);
    assert_int_equal(rbac_store_revision(f->txn), revision);
    assert_true(allowed(f));
}

static void what_is_written_through_is_what_is_allowed(void **state)
{
    struct store_fixture *f = *state;

    assert_false(allowed(f));
    everything(f);
    assert_true(allowed(f));
    assert_int_equal(apply(f, CHANGE(EPOCH_1, ",\"deletedAssignments\":[\"" NAME_1 "\"]")), TAKEN);
    assert_false(allowed(f));
    assert_int_equal(apply(f, CHANGE(EPOCH_1, ",\"assignments\":[" ASSIGNMENT(NAME_2, ROLE_2) "]")),
                     TAKEN);
    assert_true(allowed(f));
    /* The role goes, and with it what it gave; names in another case are the same. */
    assert_int_equal(
        apply(f, CHANGE(EPOCH_1, ",\"deletedRoles\":[\"00000000-0000-0000-0000-00000000000B\"]")),
        TAKEN);
    assert_false(allowed(f));
}

/* Under a new epoch nothing is missing in between: first what there is, then what to keep. */
static void a_new_epoch_drops_only_what_is_not_kept(void **state)
{
    struct store_fixture *f = *state;

    everything(f);
    assert_int_equal(apply(f, CHANGE(EPOCH_1, ",\"assignments\":[" ASSIGNMENT(NAME_2, ROLE_2) "]")),
                     TAKEN);
    assert_int_equal(apply(f, CHANGE(EPOCH_2, ",\"adopt\":true,\"roles\":[" ROLE(ROLE_2) "]")),
                     TAKEN);
    assert_true(allowed(f));
    assert_int_equal(apply(f, CHANGE(EPOCH_2, ",\"keepRoles\":[\"" ROLE_2
                                              "\"],\"keepAssignments\":[\"" NAME_2 "\"]")),
                     TAKEN);
    assert_true(allowed(f));
    assert_int_equal(apply(f, CHANGE(EPOCH_2, ",\"keepAssignments\":[]")), TAKEN);
    assert_false(allowed(f));
    /* The role that was not kept gives nothing, assigned again. */
    assert_int_equal(apply(f, CHANGE(EPOCH_2, ",\"assignments\":[" ASSIGNMENT(NAME_1, ROLE_1) "]")),
                     TAKEN);
    assert_false(allowed(f));
    assert_int_equal(apply(f, CHANGE(EPOCH_1, "")), STALE);
}

static void a_change_without_an_epoch_or_an_id_is_refused(void **state)
{
    static const char *const broken[] = {
        "{}",
        "{\"epoch\":7}",
        "{\"epoch\":\"one\",\"adopt\":true}",
        CHANGE(EPOCH_1, ",\"roles\":[{}]"),
        CHANGE(EPOCH_1, ",\"roles\":[7]"),
        CHANGE(EPOCH_1, ",\"assignments\":[{\"name\":\"x\"}]"),
    };
    struct store_fixture *f = *state;

    everything(f);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        if (apply(f, broken[i]) != REFUSED) {
            fail_msg("%s is taken", broken[i]);
        }
    }
    assert_true(allowed(f));
}

static void a_broken_record_gives_no_set_rather_than_half_of_one(void **state)
{
    struct store_fixture *f = *state;
    struct kvkey k;

    everything(f);
    kvkey_init(&k, 'b');
    kvkey_str(&k, "a");
    kvkey_str(&k, NAME_2);
    kvdb_put(f->txn, &k, "{", 1);
    assert_null(rbac_store_load(f->txn));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_change_of_another_epoch_changes_nothing),
        CASE(what_is_written_through_is_what_is_allowed),
        CASE(a_new_epoch_drops_only_what_is_not_kept),
        CASE(a_change_without_an_epoch_or_an_id_is_refused),
        CASE(a_broken_record_gives_no_set_rather_than_half_of_one),
    };

    return cmocka_run_group_tests_name("rbac_store", tests, NULL, NULL);
}
