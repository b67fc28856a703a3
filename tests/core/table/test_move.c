/* Moves in every direction and distance, over entries and over keys, and where a cursor stands after each failure. */
#include "cursor_test.h"

static void
test_table_move__counts_entries_and_stops_beyond_the_ends(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    RUN(cursor, MOVE(FIRST, 0, 1), MOVE(0, 0, 1), MOVE(1, 0, 2), MOVE(3, 0, 5), MOVE(-2, 0, 3),
        MOVE(-1, 0, 2), MOVE(-100, END, NOWHERE), MOVE(-1, END, NOWHERE), MOVE(0, END, NOWHERE),
        MOVE(1, 0, 1), MOVE(100, END, NOWHERE), MOVE(1, END, NOWHERE), MOVE(0, END, NOWHERE),
        MOVE(-1, 0, 20), MOVE(-19, 0, 1), MOVE(19, 0, 20), MOVE(1, END, NOWHERE), MOVE(-1, 0, 20),
        MOVE(-20, END, NOWHERE), MOVE(5, 0, 5), MOVE(16, END, NOWHERE), MOVE(-16, 0, 5));
    close_cursor(cursor);
}

static void
test_table_move__only_the_exact_extremes_mean_first_and_last(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    RUN(cursor, MOVE(LAST, 0, 20), MOVE(FIRST, 0, 1), MOVE(LAST - 1, END, NOWHERE),
        MOVE(FIRST + 1, END, NOWHERE), MOVE(2, 0, 2));
    close_cursor(cursor);
}

static void
test_table_move__by_key_equals_by_entry_in_a_unique_index(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    RUN(cursor, MOVE(FIRST, 0, 1), MOVE_KEY(1, 0, 2), MOVE_KEY(3, 0, 5), MOVE_KEY(-2, 0, 3),
        MOVE_KEY(100, END, NOWHERE), MOVE_KEY(-1, 0, 20));
    close_cursor(cursor);
}

static void
test_table_move__by_key_lands_on_the_first_entry_met(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    RUN(cursor, INDEX("byn", 0, 1), MOVE_KEY(1, 0, 5), MOVE_KEY(1, 0, 10), MOVE(1, 0, 11),
        MOVE_KEY(-1, 0, 9), MOVE_KEY(2, 0, 15), MOVE_KEY(-2, 0, 9), MOVE_KEY(LAST, 0, 20),
        MOVE_KEY(-1, 0, 19), MOVE_KEY(FIRST, 0, 1), MOVE_KEY(-1, END, NOWHERE), MOVE_KEY(1, 0, 1),
        MOVE_KEY(4, 0, 20), MOVE_KEY(5, END, NOWHERE), MOVE_KEY(0, END, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_move__ignores_unknown_options(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    assert_int_equal(JetMove(session.sesid, cursor.tableid, 2, 0x80), JET_errSuccess);
    assert_int_equal(at(cursor), 3);
    close_cursor(cursor);
}

static void
test_table_move__follows_a_descending_index(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    use_index(cursor, "down");
    EXPECT_WALK(cursor, 1, 20, 15, 16, 17, 18, 19, 10, 11, 12, 13, 14, 5, 6, 7, 8, 9, 1, 2, 3, 4);
    RUN(cursor, MOVE(FIRST, 0, 20), MOVE_KEY(1, 0, 15), MOVE(7, 0, 12), INDEX(NULL, 0, 1),
        MOVE(0, 0, 1), MOVE(1, 0, 2));
    close_cursor(cursor);
}

static void
test_table_move__follows_the_order_of_arrival_without_an_index(void **state)
{
    test_cursor cursor = open_cursor("arrival", "x");

    (void)state;
    EXPECT_WALK(cursor, 1, 5, 4, 3, 2, 1);
    RUN(cursor, MOVE(FIRST, 0, 5), MOVE(2, 0, 3), MOVE(LAST, 0, 1), MOVE(-3, 0, 4),
        MOVE_KEY(1, 0, 3));
    close_cursor(cursor);
}

static void
test_table_move__starts_from_the_first_record_of_a_fresh_cursor(void **state)
{
    static const step first_moves[] = {MOVE(0, 0, 5), MOVE(1, 0, 4), MOVE(-1, END, NOWHERE)};

    (void)state;
    for (size_t i = 0; i < sizeof first_moves / sizeof first_moves[0]; i++) {
        test_cursor cursor = open_cursor("arrival", "x");

        assert_int_equal(at(cursor), 5);
        run_steps(cursor, &first_moves[i], 1);
        close_cursor(cursor);
    }
}

static void
test_table_move__a_duplicate_starts_first_in_primary_order(void **state)
{
    test_cursor cursor = open_cursor("move", "id"), twin = cursor;
    char name[JET_cbNameMost + 1] = "";

    (void)state;
    RUN(cursor, INDEX("down", 0, 20), MOVE(3, 0, 17));
    TEST_OK(JetDupCursor(session.sesid, cursor.tableid, &twin.tableid, 0));
    assert_int_equal(at(twin), 1);
    TEST_OK(JetGetCurrentIndexA(session.sesid, twin.tableid, name, sizeof name));
    assert_string_equal(name, "pk");
    assert_int_equal(at(cursor), 17);
    close_cursor(cursor);
    RUN(twin, MOVE(1, 0, 2));
    close_cursor(twin);
}

static void
test_table_cursor_info__tells_whether_there_is_a_current_record(void **state)
{
    test_cursor cursor = open_cursor("move", "id");

    (void)state;
    assert_int_equal(JetGetCursorInfo(session.sesid, cursor.tableid, NULL, 0, 0), JET_errSuccess);
    RUN(cursor, MOVE(LAST, 0, 20), MOVE(1, END, NOWHERE));
    assert_int_equal(JetGetCursorInfo(session.sesid, cursor.tableid, NULL, 0, 0),
                     JET_errNoCurrentRecord);
    close_cursor(cursor);
}

static void
test_table_move__an_empty_table_has_no_record_anywhere(void **state)
{
    test_cursor cursor = open_cursor("empty", "id");
    uint32_t count = 7;

    (void)state;
    RUN(cursor, MOVE(0, END, NOWHERE), MOVE(FIRST, END, NOWHERE), MOVE(LAST, END, NOWHERE),
        MOVE(1, END, NOWHERE), MOVE(-1, END, NOWHERE),
        SEEK(1, JET_bitSeekGE, JET_errRecordNotFound, NOWHERE),
        SEEK(1, JET_bitSeekLE, JET_errRecordNotFound, NOWHERE), RANGE(1, UP_TO, END, NOWHERE));
    assert_int_equal(JetIndexRecordCount(session.sesid, cursor.tableid, &count, 0),
                     JET_errNoCurrentRecord);
    assert_int_equal(count, 7);
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_move__counts_entries_and_stops_beyond_the_ends),
        cmocka_unit_test(test_table_move__only_the_exact_extremes_mean_first_and_last),
        cmocka_unit_test(test_table_move__by_key_equals_by_entry_in_a_unique_index),
        cmocka_unit_test(test_table_move__by_key_lands_on_the_first_entry_met),
        cmocka_unit_test(test_table_move__ignores_unknown_options),
        cmocka_unit_test(test_table_move__follows_a_descending_index),
        cmocka_unit_test(test_table_move__follows_the_order_of_arrival_without_an_index),
        cmocka_unit_test(test_table_move__starts_from_the_first_record_of_a_fresh_cursor),
        cmocka_unit_test(test_table_move__a_duplicate_starts_first_in_primary_order),
        cmocka_unit_test(test_table_cursor_info__tells_whether_there_is_a_current_record),
        cmocka_unit_test(test_table_move__an_empty_table_has_no_record_anywhere),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
