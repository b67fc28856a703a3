/* Filters of a cursor, and the reading ahead of keys and ranges, which moves nothing. */
#include "cursor_test.h"

static JET_INDEX_COLUMN
condition(JET_COLUMNID columnid, JET_RELOP relation, void *value, uint32_t size)
{
    return (JET_INDEX_COLUMN){.columnid = columnid, .relop = relation, .pv = value, .cb = size};
}

static JET_ERR
set_filter(test_cursor cursor, JET_INDEX_COLUMN *conditions, uint32_t n)
{
    return JetSetCursorFilter(session.sesid, cursor.tableid, conditions, n, 0);
}

typedef struct filtered {
    JET_RELOP relation;
    bool by_null; /* else by 3 */
    size_t n;
    int32_t rows[20];
} filtered;

static void
test_table_filter__shows_the_records_that_meet_it(void **state)
{
    static const filtered expected[] = {
        {JET_relopEquals, false, 2, {3, 15}},
        {JET_relopNotEquals,
         false,
         18,
         {0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19}},
        {JET_relopLessThanOrEqual, false, 15, {0, 1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19}},
        {JET_relopLessThan, false, 13, {0, 1, 2, 4, 6, 7, 8, 9, 12, 13, 14, 18, 19}},
        {JET_relopGreaterThanOrEqual, false, 7, {3, 5, 10, 11, 15, 16, 17}},
        {JET_relopGreaterThan, false, 5, {5, 10, 11, 16, 17}},
        {JET_relopBitmaskEqualsZero, false, 10, {0, 4, 6, 9, 10, 12, 14, 16, 18, 19}},
        {JET_relopBitmaskNotEqualsZero, false, 10, {1, 2, 3, 5, 7, 8, 11, 13, 15, 17}},
        {JET_relopEquals, true, 4, {4, 9, 14, 19}},
        {JET_relopNotEquals, true, 16, {0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18}},
    };
    test_cursor cursor = open_cursor("filter", "id");
    JET_COLUMNID n = column_named(cursor.tableid, "n");
    int32_t three = 3;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        JET_INDEX_COLUMN filter = expected[i].by_null
                                      ? condition(n, expected[i].relation, NULL, 0)
                                      : condition(n, expected[i].relation, &three, sizeof three);

        assert_int_equal(set_filter(cursor, &filter, 1), JET_errSuccess);
        assert_int_equal(move(cursor, FIRST), JET_errSuccess);
        expect_walk(cursor, 1, expected[i].rows, expected[i].n);
    }
    assert_int_equal(set_filter(cursor, NULL, 0), JET_errSuccess);
    RUN(cursor, MOVE(FIRST, 0, 0), MOVE(19, 0, 19));
    close_cursor(cursor);
}

static void
test_table_filter__acts_on_moves_and_seeks(void **state)
{
    test_cursor cursor = open_cursor("filter", "id");
    JET_COLUMNID n = column_named(cursor.tableid, "n");
    int32_t low = 2, high = 4;
    uint32_t count = 0;
    JET_INDEX_COLUMN both[] = {
        condition(n, JET_relopGreaterThanOrEqual, &low, sizeof low),
        condition(n, JET_relopLessThan, &high, sizeof high),
    };

    (void)state;
    assert_int_equal(set_filter(cursor, both, 2), JET_errSuccess);
    RUN(cursor, MOVE(FIRST, 0, 2), MOVE(2, 0, 8), MOVE(LAST, 0, 15), MOVE(-1, 0, 8),
        SEEK(0, JET_bitSeekEQ, JET_errRecordNotFound, NOWHERE),
        SEEK(0, JET_bitSeekGE, JET_wrnSeekNotEqual, 2), MOVE(FIRST, 0, 2));
    EXPECT_WALK(cursor, 1, 2, 3, 8, 15);
    RUN(cursor, MOVE(FIRST, 0, 2));
    assert_int_equal(JetIndexRecordCount(session.sesid, cursor.tableid, &count, 1000),
                     JET_errFilteredMoveNotSupported);
    RUN(cursor, INDEX("byn", JET_errFilteredMoveNotSupported, 2), MOVE(3, 0, 15));
    close_cursor(cursor);
}

static void
test_table_filter__refuses_what_it_cannot_compare(void **state)
{
    test_cursor cursor = open_cursor("filter", "id");
    JET_COLUMNID n = column_named(cursor.tableid, "n"), s = column_named(cursor.tableid, "s");
    char text[] = "odd";
    int32_t three = 3;
    JET_INDEX_COLUMN prefix = condition(n, JET_relopPrefixEquals, &three, sizeof three);
    JET_INDEX_COLUMN unknown = condition(9999, JET_relopEquals, &three, sizeof three);
    JET_INDEX_COLUMN good = condition(n, JET_relopEquals, &three, sizeof three);
    static const JET_RELOP of_text[] = {JET_relopEquals, JET_relopPrefixEquals, JET_relopNotEquals};

    (void)state;
    assert_int_equal(set_filter(cursor, &good, 1), JET_errSuccess);
    assert_int_equal(set_filter(cursor, &prefix, 1), JET_errInvalidParameter);
    assert_int_equal(set_filter(cursor, &unknown, 1), JET_errColumnNotFound);
    for (size_t i = 0; i < sizeof of_text / sizeof of_text[0]; i++) {
        JET_INDEX_COLUMN filter = condition(s, of_text[i], text, 3);

        assert_int_equal(set_filter(cursor, &filter, 1), JET_errFilteredMoveNotSupported);
    }
    assert_int_equal(JetSetCursorFilter(session.sesid, cursor.tableid, &good, 1, 0x10),
                     JET_errInvalidGrbit);
    assert_int_equal(JetSetCursorFilter(session.sesid, cursor.tableid, NULL, 1, 0),
                     JET_errInvalidParameter);
    RUN(cursor, MOVE(FIRST, 0, 3), MOVE(1, 0, 15)); /* the good one is still in force */
    assert_int_equal(set_filter(cursor, &good, 0), JET_errSuccess);
    assert_int_equal(set_filter(cursor, NULL, 0), JET_errSuccess);
    RUN(cursor, MOVE(1, 0, 16));
    close_cursor(cursor);
}

static void
test_table_preread_keys__wants_one_direction_and_keys_in_it(void **state)
{
    static const void *const up[] = {"\x7f\x80\x00\x00\x01", "\x7f\x80\x00\x00\x05",
                                     "\x7f\x80\x00\x00\x09"};
    const void *keys[] = {up[0], up[1], up[2]}, *down[] = {up[2], up[1], up[0]};
    const uint32_t sizes[] = {5, 5, 5};
    test_cursor cursor = open_cursor("filter", "id");
    int32_t n = -1;

    (void)state;
    RUN(cursor, MOVE(7, 0, 7));
    assert_int_equal(
        JetPrereadKeys(session.sesid, cursor.tableid, keys, sizes, 3, &n, JET_bitPrereadForward),
        JET_errSuccess);
    assert_int_equal(n, 3);
    assert_int_equal(
        JetPrereadKeys(session.sesid, cursor.tableid, down, sizes, 3, &n, JET_bitPrereadForward),
        JET_errInvalidParameter);
    assert_int_equal(
        JetPrereadKeys(session.sesid, cursor.tableid, down, sizes, 3, &n, JET_bitPrereadBackward),
        JET_errSuccess);
    assert_int_equal(
        JetPrereadKeys(session.sesid, cursor.tableid, keys, sizes, 3, NULL, JET_bitPrereadForward),
        JET_errSuccess);
    assert_int_equal(
        JetPrereadKeys(session.sesid, cursor.tableid, keys, sizes, 0, &n, JET_bitPrereadForward),
        JET_errInvalidParameter);
    assert_int_equal(JetPrereadKeys(session.sesid, cursor.tableid, keys, sizes, 3, &n, 0),
                     JET_errInvalidGrbit);
    assert_int_equal(JetPrereadKeys(session.sesid, cursor.tableid, keys, sizes, 3, &n,
                                    JET_bitPrereadForward | JET_bitPrereadBackward),
                     JET_errInvalidGrbit);
    RUN(cursor, MOVE(0, 0, 7));
    close_cursor(cursor);
}

static void
test_table_preread_ranges__wants_a_direction_and_columns_of_the_index(void **state)
{
    test_cursor cursor = open_cursor("filter", "id");
    int32_t from = 3, to = 9;
    JET_INDEX_COLUMN start = condition(cursor.shown, JET_relopEquals, &from, sizeof from);
    JET_INDEX_COLUMN end = condition(cursor.shown, JET_relopEquals, &to, sizeof to);
    JET_INDEX_RANGE range = {
        .rgStartColumns = &start, .cStartColumns = 1, .rgEndColumns = &end, .cEndColumns = 1};
    uint32_t n = 77;

    (void)state;
    RUN(cursor, MOVE(7, 0, 7));
    assert_int_equal(JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 1, &n, NULL, 0,
                                           JET_bitPrereadForward),
                     JET_errSuccess);
    assert_int_equal(n, 1);
    assert_int_equal(JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 1, NULL, NULL, 0,
                                           JET_bitPrereadForward),
                     JET_errSuccess);
    assert_int_equal(JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 0, &n, NULL, 0,
                                           JET_bitPrereadForward),
                     JET_errSuccess);
    assert_int_equal(n, 0);
    assert_int_equal(JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 1, &n, NULL, 0,
                                           JET_bitPrereadForward | JET_bitPrereadBackward),
                     JET_errSuccess);
    assert_int_equal(
        JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 1, &n, NULL, 0, 0),
        JET_errInvalidGrbit);
    start.columnid = column_named(cursor.tableid, "n");
    assert_int_equal(JetPrereadIndexRanges(session.sesid, cursor.tableid, &range, 1, &n, NULL, 0,
                                           JET_bitPrereadForward),
                     JET_errInvalidParameter);
    RUN(cursor, MOVE(0, 0, 7));
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_filter__shows_the_records_that_meet_it),
        cmocka_unit_test(test_table_filter__acts_on_moves_and_seeks),
        cmocka_unit_test(test_table_filter__refuses_what_it_cannot_compare),
        cmocka_unit_test(test_table_preread_keys__wants_one_direction_and_keys_in_it),
        cmocka_unit_test(test_table_preread_ranges__wants_a_direction_and_columns_of_the_index),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
