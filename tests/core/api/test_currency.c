/* Where a cursor stands after what does not only move it: an index chosen anew, a range and its end, a rollback, a seek that finds nothing. */
#include "isolation_test.h"

static JET_ERR
try_move(const user *u, int32_t distance)
{
    return JetMove(u->sesid, u->tableid, distance, 0);
}

static JET_ERR
try_keep(const user *u, const char *index)
{
    return JetSetCurrentIndex2A(u->sesid, u->tableid, index, JET_bitNoMove);
}

static JET_ERR
try_range(const user *u, int32_t key, JET_GRBIT grbit)
{
    assert_ok(JetMakeKey(u->sesid, u->tableid, &key, sizeof key, JET_bitNewKey));
    return JetSetIndexRange(u->sesid, u->tableid, grbit);
}

static JET_ERR
try_retrieve(const user *u)
{
    int32_t value;

    return JetRetrieveColumn(u->sesid, u->tableid, u->id, &value, sizeof value, NULL, 0, NULL);
}

/* Ids 1 to 5 with the numbers 10 to 50. */
static const user *
filled(void **state)
{
    const user *u = &((pair *)*state)->a;

    for (int32_t i = 1; i <= 5; i++)
        put(u, i, i * 10);
    return u;
}

/* ---- the index chosen anew */

static void
test_api_currency__keeping_the_record_goes_back_to_its_entry(void **state)
{
    const user *u = filled(state);

    assert_true(find(u, "number", 50));
    assert_int_equal(try_range(u, 20, JET_bitRangeUpperLimit), JET_errNoCurrentRecord);
    assert_int_equal(retrieve(u, u->number), 50); /* the record is still read */
    assert_ok(try_keep(u, "number"));
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(retrieve(u, u->number), 40);
}

static void
test_api_currency__keeping_a_replaced_record_goes_to_its_new_entry(void **state)
{
    const user *u = filled(state);
    int32_t number = 45;

    assert_true(find(u, "number", 10));
    assert_ok(JetPrepareUpdate(u->sesid, u->tableid, JET_prepReplace));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->number, &number, sizeof number, 0, NULL));
    assert_ok(finish(u));
    assert_ok(try_keep(u, "number"));
    assert_ok(try_move(u, JET_MoveNext));
    assert_int_equal(retrieve(u, u->number), 50);
}

static void
test_api_currency__a_deleted_record_is_kept_in_no_index(void **state)
{
    static const char *const indexes[] = {"number", "id"};
    const user *u = filled(state);

    for (int i = 0; i < 2; i++) {
        assert_true(find(u, "number", 20 + 10 * i));
        assert_ok(JetDelete(u->sesid, u->tableid));
        assert_int_equal(try_keep(u, indexes[i]), JET_errRecordDeleted);
    }
    assert_true(find(u, "number", 40));
    assert_ok(JetDelete(u->sesid, u->tableid));
    assert_int_equal(try_keep(u, "number"), JET_errRecordDeleted);
    assert_int_equal(try_retrieve(u), JET_errRecordDeleted);
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(retrieve(u, u->number), 10);
}

/* ---- ranges */

static void
test_api_currency__a_move_back_leaves_an_upper_limit(void **state)
{
    const user *u = filled(state);

    assert_true(find(u, "number", 20));
    assert_ok(try_range(u, 30, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(try_move(u, JET_MovePrevious), JET_errNoCurrentRecord);
    assert_ok(try_move(u, 3));
    assert_int_equal(retrieve(u, u->number), 30);
    assert_int_equal(try_move(u, JET_MoveNext), JET_errNoCurrentRecord);
    assert_int_equal(JetSetIndexRange(u->sesid, u->tableid, JET_bitRangeRemove),
                     JET_errInvalidOperation); /* its end has ended it */
}

static void
test_api_currency__the_end_of_a_lower_limit_ends_it(void **state)
{
    const user *u = filled(state);

    assert_true(find(u, "number", 40));
    assert_ok(try_range(u, 30, JET_bitRangeInclusive));
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(try_move(u, JET_MovePrevious), JET_errNoCurrentRecord);
    assert_ok(try_move(u, 2));
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(retrieve(u, u->number), 10);
}

static void
test_api_currency__a_rollback_leaves_a_range(void **state)
{
    const user *u = filled(state);

    assert_true(find(u, "number", 20));
    begin(u);
    assert_ok(try_range(u, 30, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    assert_ok(try_move(u, JET_MoveNext));
    rollback(u);
    assert_ok(try_move(u, 3));
    assert_int_equal(retrieve(u, u->number), 30);
    assert_int_equal(try_move(u, JET_MoveNext), JET_errNoCurrentRecord);
}

static void
test_api_currency__a_change_taken_back_ends_the_range_of_its_cursor(void **state)
{
    const user *u = filled(state);

    assert_true(find(u, "number", 20));
    assert_ok(try_range(u, 30, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    begin(u);
    assert_ok(JetDelete(u->sesid, u->tableid));
    rollback(u);
    assert_ok(try_move(u, 2));
    assert_int_equal(retrieve(u, u->number), 40);
}

static void
test_api_currency__a_statement_taken_back_ends_the_range_of_its_cursor(void **state)
{
    const user *u = filled(state);
    int32_t id = 5;

    assert_true(find(u, "number", 20));
    assert_ok(try_range(u, 30, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    assert_ok(JetPrepareUpdate(u->sesid, u->tableid, JET_prepInsertCopyDeleteOriginal));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->id, &id, sizeof id, 0, NULL));
    assert_int_equal(finish(u), JET_errKeyDuplicate);
    assert_ok(try_move(u, 2));
    assert_int_equal(retrieve(u, u->number), 40);
}

/* ---- rollback */

static void
test_api_currency__a_record_that_a_rollback_takes_is_read_as_deleted(void **state)
{
    const user *u = filled(state);

    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, "number"));
    begin(u);
    assert_ok(JetPrepareUpdate(u->sesid, u->tableid, JET_prepInsert));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->id, &(int32_t){6}, 4, 0, NULL));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->number, &(int32_t){60}, 4, 0, NULL));
    assert_ok(finish(u));
    assert_ok(try_move(u, (int32_t)JET_MoveLast));
    assert_int_equal(retrieve(u, u->number), 60);
    rollback(u);
    assert_int_equal(try_retrieve(u), JET_errRecordDeleted);
    assert_int_equal(try_move(u, 0), JET_errNoCurrentRecord);
}

static void
test_api_currency__a_record_out_of_range_outlasts_a_rollback(void **state)
{
    const user *u = filled(state);

    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, "number"));
    begin(u);
    assert_ok(try_move(u, (int32_t)JET_MoveLast));
    assert_int_equal(try_range(u, 20, JET_bitRangeUpperLimit), JET_errNoCurrentRecord);
    rollback(u);
    assert_int_equal(retrieve(u, u->number), 50);
}

/* ---- a seek that finds nothing */

static void
test_api_currency__a_range_begins_at_a_key_that_is_not_there(void **state)
{
    const user *u = filled(state);
    const JET_GRBIT lower = JET_bitRangeInclusive;

    assert_false(find(u, "number", 25));
    assert_ok(try_range(u, 10, lower));
    assert_false(find(u, "id", 7)); /* unique: behind the last entry, too */
    assert_ok(try_range(u, 2, lower));
    assert_false(find(u, "number", 70));
    assert_int_equal(try_range(u, 20, lower), JET_errNoCurrentRecord);
    assert_ok(try_move(u, JET_MovePrevious));
    assert_int_equal(retrieve(u, u->number), 50);
}

static void
test_api_currency__a_range_begins_in_an_empty_index(void **state)
{
    const user *u = &((pair *)*state)->a;

    assert_false(find(u, "number", 25));
    assert_ok(try_range(u, 10, JET_bitRangeInclusive));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ISOLATION_TEST(test_api_currency__keeping_the_record_goes_back_to_its_entry),
        ISOLATION_TEST(test_api_currency__keeping_a_replaced_record_goes_to_its_new_entry),
        ISOLATION_TEST(test_api_currency__a_deleted_record_is_kept_in_no_index),
        ISOLATION_TEST(test_api_currency__a_move_back_leaves_an_upper_limit),
        ISOLATION_TEST(test_api_currency__the_end_of_a_lower_limit_ends_it),
        ISOLATION_TEST(test_api_currency__a_rollback_leaves_a_range),
        ISOLATION_TEST(test_api_currency__a_change_taken_back_ends_the_range_of_its_cursor),
        ISOLATION_TEST(test_api_currency__a_statement_taken_back_ends_the_range_of_its_cursor),
        ISOLATION_TEST(test_api_currency__a_record_that_a_rollback_takes_is_read_as_deleted),
        ISOLATION_TEST(test_api_currency__a_record_out_of_range_outlasts_a_rollback),
        ISOLATION_TEST(test_api_currency__a_range_begins_at_a_key_that_is_not_there),
        ISOLATION_TEST(test_api_currency__a_range_begins_in_an_empty_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
