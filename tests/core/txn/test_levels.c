/* Levels of a transaction, as a session counts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "txn/txn.h"

static void
test_txn_begin__goes_seven_levels_deep(void **state)
{
    ese_txn_session session;

    (void)state;
    ese_txn_session_init(&session, NULL);
    for (int level = 1; level <= ESE_TXN_LEVEL_MAX; level++) {
        assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
        assert_int_equal(session.level, level);
    }
    assert_int_equal(ese_txn_begin(&session, false), JET_errTransTooDeep);
    assert_int_equal(session.level, ESE_TXN_LEVEL_MAX);
}

static void
test_txn_commit__and_rollback_end_one_level(void **state)
{
    ese_txn_session session;

    (void)state;
    ese_txn_session_init(&session, NULL);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    assert_int_equal(session.level, 1);
    assert_int_equal(ese_txn_rollback(&session, false), JET_errSuccess);
    assert_int_equal(session.level, 0);
}

static void
test_txn_rollback__of_the_whole_transaction_ends_all_levels(void **state)
{
    ese_txn_session session;

    (void)state;
    ese_txn_session_init(&session, NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
    assert_int_equal(session.level, 0);
}

static void
test_txn_commit__and_rollback_need_a_transaction(void **state)
{
    ese_txn_session session;

    (void)state;
    ese_txn_session_init(&session, NULL);
    assert_int_equal(ese_txn_commit(&session), JET_errNotInTransaction);
    assert_int_equal(ese_txn_rollback(&session, false), JET_errNotInTransaction);
    assert_int_equal(ese_txn_rollback(&session, true), JET_errNotInTransaction);
}

static void
test_txn_begin__is_read_only_as_the_outermost_level_says(void **state)
{
    ese_txn_session session;

    (void)state;
    ese_txn_session_init(&session, NULL);
    assert_int_equal(ese_txn_begin(&session, true), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    assert_true(session.is_read_only);
    assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
    assert_false(session.is_read_only);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&session, true), JET_errSuccess);
    assert_false(session.is_read_only);
}

static void
test_txn_rollback__undoes_what_is_stamped_within_the_level(void **state)
{
    ese_txn_session session;
    uint64_t before, in_first, in_second, in_third;

    (void)state;
    ese_txn_session_init(&session, NULL);
    before = session.clock;
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    in_first = session.clock;
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    in_second = session.clock;
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    in_third = session.clock;
    assert_int_equal(ese_txn_rollback(&session, false), JET_errSuccess);
    assert_true(ese_txn_is_undone(&session, in_third, session.level));
    assert_false(
        ese_txn_is_undone(&session, in_second, session.level)); /* committed into level 1 */
    assert_int_equal(ese_txn_rollback(&session, false), JET_errSuccess);
    assert_true(ese_txn_is_undone(&session, in_second, session.level));
    assert_true(ese_txn_is_undone(&session, in_first, session.level));
    assert_false(ese_txn_is_undone(&session, before, session.level));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_txn_begin__goes_seven_levels_deep),
        cmocka_unit_test(test_txn_commit__and_rollback_end_one_level),
        cmocka_unit_test(test_txn_rollback__of_the_whole_transaction_ends_all_levels),
        cmocka_unit_test(test_txn_commit__and_rollback_need_a_transaction),
        cmocka_unit_test(test_txn_rollback__undoes_what_is_stamped_within_the_level),
        cmocka_unit_test(test_txn_begin__is_read_only_as_the_outermost_level_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
