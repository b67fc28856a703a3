/* Who may change what: the first writer of an entry wins, readers share it, deltas add up. */
#include "txn_test.h"

static fake f;

static int
set_up(void **state)
{
    (void)state;
    fake_begin(&f);
    assert_done(fake_insert(&f.a, &f.tree, 1, 100));
    assert_done(fake_insert(&f.a, &f.tree, 2, 200));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (ese_txn_session *s = &f.a; s <= &f.c; s++) {
        if (s->level != 0)
            assert_done(ese_txn_rollback(s, true));
    }
    ese_txn_store_clean(f.store);
    assert_true(ese_txn_store_is_empty(f.store));
    fake_end(&f);
    return 0;
}

/* One step of a session with entry 1. */
static JET_ERR
take(ese_txn_session *session, ese_txn_oper oper)
{
    if (oper == ESE_TXN_REPLACE)
        return fake_replace(session, &f.tree, 1, 5);
    if (oper == ESE_TXN_DELTA)
        return fake_delta(session, &f.tree, 1, 5);
    return fake_do(session, &f.tree, 1, oper);
}

static const ese_txn_oper OPERS[] = {ESE_TXN_REPLACE, ESE_TXN_DELETE, ESE_TXN_DELTA,
                                     ESE_TXN_READ_LOCK, ESE_TXN_WRITE_LOCK};
enum { N_OPERS = sizeof OPERS / sizeof OPERS[0] };

static bool
may_share(ese_txn_oper x, ese_txn_oper y)
{
    return x == y && (x == ESE_TXN_DELTA || x == ESE_TXN_READ_LOCK);
}

static void
begin_both(void)
{
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_begin(&f.b, false));
}

static void
roll_back_all(void)
{
    for (ese_txn_session *s = &f.a; s <= &f.c; s++) {
        if (s->level != 0)
            assert_done(ese_txn_rollback(s, true));
    }
}

static void
test_txn_check__the_first_one_wins_whatever_he_does(void **state)
{
    (void)state;
    for (int x = 0; x < N_OPERS; x++) {
        for (int y = 0; y < N_OPERS; y++) {
            JET_ERR expected =
                may_share(OPERS[x], OPERS[y]) ? JET_errSuccess : JET_errWriteConflict;

            begin_both();
            assert_done(take(&f.a, OPERS[x]));
            assert_int_equal(take(&f.b, OPERS[y]), expected);
            assert_done(fake_replace(&f.b, &f.tree, 2, 201)); /* another entry */
            roll_back_all();
            assert_int_equal(fake_committed(&f, 1), 100);
        }
    }
}

static void
test_txn_check__what_was_committed_after_the_begin_is_in_the_way(void **state)
{
    (void)state;
    for (int x = 0; x < N_OPERS; x++) {
        for (int y = 0; y < N_OPERS; y++) {
            JET_ERR expected =
                may_share(OPERS[x], OPERS[y]) ? JET_errSuccess : JET_errWriteConflict;

            if (OPERS[x] == ESE_TXN_DELETE)
                continue;
            begin_both();
            assert_done(take(&f.a, OPERS[x]));
            assert_done(ese_txn_commit(&f.a));
            ese_txn_store_clean(f.store);
            assert_int_equal(take(&f.b, OPERS[y]), expected);
            roll_back_all();
            assert_done(ese_txn_begin(&f.b, false));
            assert_done(take(&f.b, OPERS[y]));
            roll_back_all();
        }
    }
}

static void
test_txn_check__is_free_again_when_the_other_has_rolled_back(void **state)
{
    (void)state;
    for (int x = 0; x < N_OPERS; x++) {
        begin_both();
        assert_done(ese_txn_begin(&f.a, false));
        assert_done(take(&f.a, OPERS[x]));
        assert_int_equal(take(&f.b, ESE_TXN_WRITE_LOCK), JET_errWriteConflict);
        assert_done(ese_txn_rollback(&f.a, false)); /* of the inner level */
        assert_done(take(&f.b, ESE_TXN_WRITE_LOCK));
        roll_back_all();
    }
}

static void
test_txn_check__a_lock_lasts_until_the_outermost_commit(void **state)
{
    (void)state;
    begin_both();
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(take(&f.a, ESE_TXN_WRITE_LOCK));
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(take(&f.b, ESE_TXN_REPLACE), JET_errWriteConflict);
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(take(&f.b, ESE_TXN_REPLACE), JET_errWriteConflict);
    assert_done(take(&f.c, ESE_TXN_REPLACE));
}

static void
test_txn_add__takes_a_lock_once(void **state)
{
    uint32_t key = 1;
    ese_txn_change lock = {.place = fake_place(&f.tree, &key), .oper = ESE_TXN_WRITE_LOCK};
    ese_txn_version *version = NULL;

    (void)state;
    begin_both();
    assert_done(ese_txn_add(&f.a, &lock, &version));
    assert_non_null(version);
    assert_int_not_equal(ese_txn_rceid(version), 0);
    assert_done(ese_txn_add(&f.a, &lock, &version));
    assert_null(version);
    assert_int_equal(ese_txn_rceid(version), 0);
    lock.oper = ESE_TXN_READ_LOCK;
    assert_done(ese_txn_add(&f.a, &lock, &version));
    assert_null(version);
    ese_txn_drop(&f.a, version);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add(&f.a, &lock, &version));
    lock.oper = ESE_TXN_WRITE_LOCK;
    assert_done(ese_txn_add(&f.a, &lock, &version)); /* more than he had */
    assert_non_null(version);
    lock.oper = ESE_TXN_READ_LOCK;
    assert_int_equal(ese_txn_check(&f.b, &lock.place, ESE_TXN_READ_LOCK), JET_errWriteConflict);
}

/* A delta keeps out others who lock, but not others who add: it is no lock. */
static void
test_txn_add__a_delta_is_no_lock(void **state)
{
    (void)state;
    begin_both();
    assert_done(take(&f.a, ESE_TXN_DELTA));
    assert_done(take(&f.a, ESE_TXN_WRITE_LOCK));
    assert_int_equal(take(&f.b, ESE_TXN_DELTA), JET_errWriteConflict);
}

static void
test_txn_add__deltas_of_two_widths_conflict(void **state)
{
    ese_txn_change narrow = {.oper = ESE_TXN_DELTA, .width = 4, .delta = 1};

    (void)state;
    begin_both();
    assert_done(take(&f.a, ESE_TXN_DELTA));
    assert_int_equal(fake_state(&f.b, &f.tree, 1, narrow, (ese_bytes){NULL, 0}),
                     JET_errWriteConflict);
    assert_done(fake_state(&f.a, &f.tree, 1, narrow, (ese_bytes){NULL, 0}));
}

static void
test_txn_check__of_two_who_read_none_can_write(void **state)
{
    (void)state;
    begin_both();
    assert_done(take(&f.a, ESE_TXN_READ_LOCK));
    assert_done(take(&f.b, ESE_TXN_READ_LOCK));
    assert_int_equal(take(&f.a, ESE_TXN_REPLACE), JET_errWriteConflict);
    assert_int_equal(take(&f.b, ESE_TXN_WRITE_LOCK), JET_errWriteConflict);
    assert_done(ese_txn_rollback(&f.b, false));
    assert_done(take(&f.a, ESE_TXN_REPLACE));
}

static void
test_txn_check__no_update_is_lost(void **state)
{
    int64_t seen;

    (void)state;
    begin_both();
    seen = fake_read(&f.b, &f.tree, 1);
    assert_done(fake_replace(&f.a, &f.tree, 1, fake_read(&f.a, &f.tree, 1) + 1));
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_replace(&f.b, &f.tree, 1, seen + 1), JET_errWriteConflict);
    assert_done(ese_txn_rollback(&f.b, false));
    assert_int_equal(fake_committed(&f, 1), 101);
}

static void
test_txn_check__inserts_of_one_key_conflict(void **state)
{
    (void)state;
    begin_both();
    assert_done(fake_insert(&f.a, &f.tree, 9, 1));
    assert_int_equal(fake_insert(&f.b, &f.tree, 9, 2), JET_errWriteConflict);
    assert_done(fake_do(&f.a, &f.tree, 1, ESE_TXN_DELETE));
    assert_int_equal(fake_insert(&f.b, &f.tree, 1, 2), JET_errWriteConflict);
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_insert(&f.b, &f.tree, 1, 2), JET_errWriteConflict);
    assert_int_equal(fake_insert(&f.c, &f.tree, 9, 2), JET_errKeyDuplicate);
    assert_done(fake_insert(&f.c, &f.tree, 1, 3));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_rollback(&f.b, false));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 3);
}

static void
test_txn_check__a_reading_transaction_changes_nothing(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, true));
    for (int x = 0; x < N_OPERS; x++)
        assert_int_equal(take(&f.a, OPERS[x]),
                         OPERS[x] == ESE_TXN_READ_LOCK ? JET_errSuccess : JET_errTransReadOnly);
    assert_int_equal(fake_insert(&f.a, &f.tree, 9, 1), JET_errTransReadOnly);
    assert_int_equal(take(&f.b, ESE_TXN_REPLACE), JET_errWriteConflict);
}

static void
test_txn_is_changed_by_others__tells_changes_and_no_locks(void **state)
{
    uint32_t key = 1;
    ese_txn_place place = fake_place(&f.tree, &key);

    (void)state;
    begin_both();
    assert_false(ese_txn_is_changed_by_others(&f.b, &place));
    assert_done(take(&f.a, ESE_TXN_WRITE_LOCK));
    assert_false(ese_txn_is_changed_by_others(&f.b, &place));
    assert_done(take(&f.a, ESE_TXN_REPLACE));
    assert_true(ese_txn_is_changed_by_others(&f.b, &place));
    assert_true(ese_txn_is_changed_by_others(&f.c, &place));
    assert_false(ese_txn_is_changed_by_others(&f.a, &place));
    assert_true(ese_txn_is_tree_changed_by_others(&f.b, &f.tree));
    assert_false(ese_txn_is_tree_changed_by_others(&f.b, &f.store));
    assert_false(ese_txn_is_tree_changed_by_others(&f.a, &f.tree));
    assert_done(ese_txn_commit(&f.a));
    assert_true(ese_txn_is_changed_by_others(&f.b, &place));
    assert_false(ese_txn_is_changed_by_others(&f.c, &place));
    assert_true(ese_txn_is_tree_changed_by_others(&f.b, &f.tree));
    assert_false(ese_txn_is_tree_changed_by_others(&f.c, &f.tree));
}

static void
test_txn_has_versions__but_the_one_in_hand(void **state)
{
    uint32_t key = 1;
    ese_txn_change change = {.place = fake_place(&f.tree, &key), .oper = ESE_TXN_DELTA, .width = 8};
    ese_txn_version *first;
    ese_txn_version *second;

    (void)state;
    assert_false(ese_txn_has_versions(f.store, &change.place, 0));
    begin_both();
    assert_done(ese_txn_add(&f.a, &change, &first));
    assert_true(ese_txn_has_versions(f.store, &change.place, 0));
    assert_false(ese_txn_has_versions(f.store, &change.place, ese_txn_rceid(first)));
    assert_done(ese_txn_add(&f.b, &change, &second));
    assert_true(ese_txn_has_versions(f.store, &change.place, ese_txn_rceid(first)));
    assert_true(ese_txn_has_versions(f.store, &change.place, ese_txn_rceid(second)));
    assert_int_equal(ese_txn_rceid(first) % 2, 1);
    assert_int_equal(ese_txn_rceid(second) % 2, 1);
    assert_int_not_equal(ese_txn_rceid(first), ese_txn_rceid(second));
    ese_txn_drop(&f.a, first);
    assert_false(ese_txn_has_versions(f.store, &change.place, ese_txn_rceid(second)));
    ese_txn_drop(&f.b, second);
    assert_false(ese_txn_has_versions(f.store, &change.place, 0));
}

/* Places are told apart by tree, key and data. */
static void
test_txn_place__is_tree_and_key_and_data(void **state)
{
    static const uint8_t bytes[] = "abcdefghijklmnop";
    ese_txn_place places[] = {
        {&f.tree, {bytes, 4}, {bytes, 0}},  {&f.tree, {bytes, 5}, {bytes, 0}},
        {&f.tree, {bytes, 4}, {bytes, 4}},  {&f.tree, {bytes, 8}, {bytes, 0}},
        {&f.store, {bytes, 4}, {bytes, 0}}, {&f.tree, {bytes + 1, 4}, {bytes, 0}},
        {&f.tree, {bytes, 3}, {bytes, 5}},  {&f.tree, {bytes, 0}, {bytes, 0}},
    };
    ese_txn_version *version;

    (void)state;
    begin_both();
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        ese_txn_change change = {.place = places[i], .oper = ESE_TXN_WRITE_LOCK};

        assert_false(ese_txn_has_versions(f.store, &places[i], 0));
        assert_done(ese_txn_add(&f.a, &change, &version));
        assert_int_equal(ese_txn_check(&f.b, &places[i], ESE_TXN_READ_LOCK), JET_errWriteConflict);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_txn_check__the_first_one_wins_whatever_he_does),
        TEST(test_txn_check__what_was_committed_after_the_begin_is_in_the_way),
        TEST(test_txn_check__is_free_again_when_the_other_has_rolled_back),
        TEST(test_txn_check__a_lock_lasts_until_the_outermost_commit),
        TEST(test_txn_add__takes_a_lock_once),
        TEST(test_txn_add__a_delta_is_no_lock),
        TEST(test_txn_add__deltas_of_two_widths_conflict),
        TEST(test_txn_check__of_two_who_read_none_can_write),
        TEST(test_txn_check__no_update_is_lost),
        TEST(test_txn_check__inserts_of_one_key_conflict),
        TEST(test_txn_check__a_reading_transaction_changes_nothing),
        TEST(test_txn_is_changed_by_others__tells_changes_and_no_locks),
        TEST(test_txn_has_versions__but_the_one_in_hand),
        TEST(test_txn_place__is_tree_and_key_and_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
