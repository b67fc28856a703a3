/*
 * What transactions do not see: each anomaly of the textbooks is tried and must not happen. Two sessions, the second one made by JetDupSession, on one table of (id, number).
 */
#include "isolation_test.h"

/* ---- reads */

static void
test_api_isolation__no_dirty_read_of_a_replacement(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->a);
    begin(&p->b);
    replace(&p->a, 1, 11);
    assert_int_equal(get(&p->b, 1), 10);
    commit(&p->a);
    assert_int_equal(get(&p->b, 1), 10);
    commit(&p->b);
    assert_int_equal(get(&p->b, 1), 11);
}

static void
test_api_isolation__no_dirty_read_of_an_insertion_or_deletion(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->a);
    put(&p->a, 2, 20);
    erase(&p->a, 1);
    assert_int_equal(get(&p->b, 2), MISSING);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(count(&p->b), 1);
    rollback(&p->a);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(get(&p->b, 2), MISSING);
}

static void
test_api_isolation__reads_repeat_within_a_transaction(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    put(&p->a, 2, 20);
    begin(&p->b);
    assert_int_equal(get(&p->b, 1), 10);
    replace(&p->a, 1, 11);
    erase(&p->a, 2);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(get(&p->b, 2), 20);
    commit(&p->b);
    assert_int_equal(get(&p->b, 1), 11);
    assert_int_equal(get(&p->b, 2), MISSING);
}

static void
test_api_isolation__no_phantom_in_any_index(void **state)
{
    pair *p = *state;

    for (int32_t id = 1; id <= 9; id += 2)
        put(&p->a, id, 100 - id);
    begin(&p->b);
    for (int32_t id = 2; id <= 10; id += 2)
        put(&p->a, id, 100 - id);
    erase(&p->a, 1);
    assert_int_equal(count(&p->b), 5);
    assert_int_equal(count_by_number(&p->b), 5);
    assert_int_equal(sum_of_range(&p->b, 3, 7), 97 + 95 + 93);
    commit(&p->b);
    assert_int_equal(count(&p->b), 9);
    assert_int_equal(count_by_number(&p->b), 9);
}

static void
test_api_isolation__a_snapshot_is_that_of_the_begin_not_of_the_first_read(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->b);
    replace(&p->a, 1, 11);
    assert_int_equal(get(&p->b, 1), 10);
    rollback(&p->b);
}

static void
test_api_isolation__the_number_of_a_record_and_its_index_entry_agree(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->b);
    replace(&p->a, 1, 20);
    assert_int_equal(id_with_number(&p->b, 10), 1);
    assert_int_equal(id_with_number(&p->b, 20), MISSING);
    commit(&p->b);
    assert_int_equal(id_with_number(&p->b, 10), MISSING);
    assert_int_equal(id_with_number(&p->b, 20), 1);
}

/* ---- writes */

static void
test_api_isolation__no_lost_update(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->a);
    begin(&p->b);
    replace(&p->a, 1, get(&p->a, 1) + 1);
    assert_int_equal(try_replace(&p->b, 1, get(&p->b, 1) + 1), JET_errWriteConflict);
    commit(&p->a);
    assert_int_equal(try_replace(&p->b, 1, get(&p->b, 1) + 1), JET_errWriteConflict);
    rollback(&p->b);
    begin(&p->b);
    replace(&p->b, 1, get(&p->b, 1) + 1);
    commit(&p->b);
    assert_int_equal(get(&p->a, 1), 12);
}

static void
test_api_isolation__no_dirty_write(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->a);
    replace(&p->a, 1, 11);
    assert_int_equal(try_replace(&p->b, 1, 99), JET_errWriteConflict);
    assert_int_equal(try_delete(&p->b, 1), JET_errWriteConflict);
    rollback(&p->a);
    assert_int_equal(get(&p->b, 1), 10);
    replace(&p->b, 1, 12);
    assert_int_equal(get(&p->a, 1), 12);
}

static void
test_api_isolation__two_insertions_of_a_key_are_a_duplicate_at_once(void **state)
{
    pair *p = *state;

    begin(&p->a);
    put(&p->a, 1, 10);
    assert_int_equal(try_put(&p->b, 1, 20), JET_errKeyDuplicate);
    rollback(&p->a);
    put(&p->b, 1, 20);
    assert_int_equal(get(&p->a, 1), 20);
}

static void
test_api_isolation__an_inner_rollback_keeps_what_the_outer_level_wrote(void **state)
{
    pair *p = *state;

    begin(&p->a);
    put(&p->a, 1, 10);
    begin(&p->a);
    replace(&p->a, 1, 11);
    put(&p->a, 2, 20);
    rollback(&p->a);
    assert_int_equal(get(&p->a, 1), 10);
    assert_int_equal(get(&p->a, 2), MISSING);
    assert_int_equal(get(&p->b, 1), MISSING);
    commit(&p->a);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(id_with_number(&p->b, 11), MISSING);
}

static void
test_api_isolation__a_long_reader_keeps_its_state_beside_a_busy_writer(void **state)
{
    pair *p = *state;

    for (int32_t id = 0; id < 300; id++)
        put(&p->a, id, id);
    begin(&p->b);
    for (int32_t round = 1; round <= 20; round++) {
        for (int32_t id = 0; id < 300; id++) {
            if ((id + round) % 7 == 0)
                replace(&p->a, id, get(&p->a, id) + 1000);
        }
        put(&p->a, 1000 + round, 0);
        erase(&p->a, 1000 + round);
        assert_int_equal(count(&p->b), 300);
        assert_int_equal(sum_of_range(&p->b, 0, 299), 299 * 300 / 2);
    }
    commit(&p->b);
}

/* A snapshot alone does not stop two from acting on what the other changes; a read lock does. */
static void
test_api_isolation__a_read_lock_prevents_write_skew(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    put(&p->a, 2, 10);
    begin(&p->a);
    begin(&p->b);
    assert_int_equal(get(&p->a, 2), 10);
    assert_ok(JetGetLock(p->a.sesid, p->a.tableid, JET_bitReadLock));
    replace(&p->a, 1, 0);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(JetGetLock(p->b.sesid, p->b.tableid, JET_bitReadLock), JET_errWriteConflict);
    assert_int_equal(try_replace(&p->b, 2, 0), JET_errWriteConflict);
    rollback(&p->b);
    commit(&p->a);
    assert_int_equal(get(&p->b, 1), 0);
    assert_int_equal(get(&p->b, 2), 10);
}

static void
test_api_isolation__a_deleted_record_comes_back_whole_for_those_who_began_before(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    begin(&p->b);
    erase(&p->a, 1);
    put(&p->a, 1, 20);
    erase(&p->a, 1);
    put(&p->a, 1, 30);
    assert_int_equal(get(&p->b, 1), 10);
    assert_int_equal(count_by_number(&p->b), 1);
    assert_int_equal(id_with_number(&p->b, 10), 1);
    assert_int_equal(id_with_number(&p->b, 30), MISSING);
    assert_int_equal(try_replace(&p->b, 1, 11), JET_errWriteConflict);
    commit(&p->b);
    assert_int_equal(get(&p->b, 1), 30);
    assert_int_equal(count_by_number(&p->b), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ISOLATION_TEST(test_api_isolation__no_dirty_read_of_a_replacement),
        ISOLATION_TEST(test_api_isolation__no_dirty_read_of_an_insertion_or_deletion),
        ISOLATION_TEST(test_api_isolation__reads_repeat_within_a_transaction),
        ISOLATION_TEST(test_api_isolation__no_phantom_in_any_index),
        ISOLATION_TEST(test_api_isolation__a_snapshot_is_that_of_the_begin_not_of_the_first_read),
        ISOLATION_TEST(test_api_isolation__the_number_of_a_record_and_its_index_entry_agree),
        ISOLATION_TEST(test_api_isolation__no_lost_update),
        ISOLATION_TEST(test_api_isolation__no_dirty_write),
        ISOLATION_TEST(test_api_isolation__two_insertions_of_a_key_are_a_duplicate_at_once),
        ISOLATION_TEST(test_api_isolation__an_inner_rollback_keeps_what_the_outer_level_wrote),
        ISOLATION_TEST(test_api_isolation__a_long_reader_keeps_its_state_beside_a_busy_writer),
        ISOLATION_TEST(test_api_isolation__a_read_lock_prevents_write_skew),
        ISOLATION_TEST(
            test_api_isolation__a_deleted_record_comes_back_whole_for_those_who_began_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
