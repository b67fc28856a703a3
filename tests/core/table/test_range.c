/* Index ranges: their ends, what drops them, counting, and the searches that are made of a seek and a range. */
#include "cursor_test.h"

static uint32_t
count_from_here(test_cursor cursor, uint32_t most)
{
    uint32_t count = 0;

    TEST_OK(JetIndexRecordCount(session.sesid, cursor.tableid, &count, most));
    return count;
}

static void
test_table_range__ends_moves_forward(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO, 0, 8));
    EXPECT_WALK(cursor, 1, 8, 10, 12, 14);
    RUN(cursor, MOVE(-1, 0, 30), SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8));
    EXPECT_WALK(cursor, 1, 8, 10, 12);
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(13, UP_TO, 0, 8));
    EXPECT_WALK(cursor, 1, 8, 10, 12);
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(8, UP_TO, 0, 8));
    EXPECT_WALK(cursor, 1, 8);
    close_cursor(cursor);
}

static void
test_table_range__ends_moves_back(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(20, JET_bitSeekEQ, 0, 20), RANGE(14, JET_bitRangeInclusive, 0, 20));
    EXPECT_WALK(cursor, -1, 20, 18, 16, 14);
    RUN(cursor, SEEK(20, JET_bitSeekEQ, 0, 20), RANGE(14, 0, 0, 20));
    EXPECT_WALK(cursor, -1, 20, 18, 16);
    close_cursor(cursor);
}

static void
test_table_range__that_is_empty_leaves_no_current_record(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(8, UP_TO_BEFORE, END, NOWHERE),
        MOVE(1, END, NOWHERE), SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(3, UP_TO, END, NOWHERE),
        MOVE(0, END, NOWHERE), SEEK(20, JET_bitSeekEQ, 0, 20), RANGE(21, 0, END, NOWHERE),
        MOVE(0, END, NOWHERE), SEEK(8, JET_bitSeekEQ, 0, 8),
        RANGE(8, UP_TO_BEFORE | JET_bitRangeInstantDuration, END, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_range__is_dropped_by_a_move_against_it(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO, 0, 8), MOVE(-2, 0, 4),
        MOVE(100, END, NOWHERE), MOVE(-1, 0, 30), MOVE(2, END, NOWHERE));
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO, 0, 8), MOVE(3, 0, 14),
        MOVE(1, END, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_range__of_instant_duration_only_asks(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO | JET_bitRangeInstantDuration, 0, 8),
        MOVE(11, 0, 30));
    close_cursor(cursor);
}

static void
test_table_range__is_removed_once(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, UNRANGE(JET_bitRangeRemove, JET_errInvalidOperation, 2),
        SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8),
        UNRANGE(JET_bitRangeRemove, 0, 8), UNRANGE(JET_bitRangeRemove, JET_errInvalidOperation, 8),
        MOVE(11, 0, 30), SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8),
        UNRANGE(JET_bitRangeRemove | JET_bitRangeUpperLimit, 0, 8),
        UNRANGE(JET_bitRangeRemove | JET_bitRangeInstantDuration, JET_errInvalidOperation, 8));
    close_cursor(cursor);
}

static void
test_table_range__is_dropped_by_first_last_seek_and_goto(void **state)
{
    test_cursor cursor = open_cursor("range", "id");
    uint8_t bookmark[20];
    uint32_t size = 0;

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8), MOVE(FIRST, 0, 2),
        MOVE(14, 0, 30), SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8),
        SEEK(10, JET_bitSeekEQ, 0, 10), MOVE(10, 0, 30), SEEK(8, JET_bitSeekEQ, 0, 8),
        RANGE(14, UP_TO_BEFORE, 0, 8), MOVE(LAST, 0, 30), SEEK(8, JET_bitSeekEQ, 0, 8),
        RANGE(14, UP_TO_BEFORE, 0, 8));
    TEST_OK(JetGetBookmark(session.sesid, cursor.tableid, bookmark, sizeof bookmark, &size));
    TEST_OK(JetGotoBookmark(session.sesid, cursor.tableid, bookmark, size));
    RUN(cursor, MOVE(11, 0, 30));
    close_cursor(cursor);
}

static void
test_table_range__survives_the_choice_of_the_same_index(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO_BEFORE, 0, 8), INDEX(NULL, 0, 2));
    EXPECT_WALK(cursor, 1, 2, 4, 6, 8, 10, 12);
    close_cursor(cursor);
}

static void
test_table_range__gives_way_to_the_next_one(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(4, JET_bitSeekEQ, 0, 4), RANGE(20, UP_TO_BEFORE, 0, 4),
        RANGE(10, UP_TO_BEFORE, 0, 4));
    EXPECT_WALK(cursor, 1, 4, 6, 8);
    RUN(cursor, SEEK(16, JET_bitSeekEQ, 0, 16), RANGE(20, UP_TO_BEFORE, 0, 16),
        RANGE(10, 0, 0, 16));
    EXPECT_WALK(cursor, -1, 16, 14, 12);
    close_cursor(cursor);
}

static void
test_table_range__includes_all_entries_of_its_last_key(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    use_index(cursor, "byn");
    EXPECT_WALK(cursor, 1, 24, 26, 28, 30, 16, 18, 20, 22, 8, 10, 12, 14, 2, 4, 6);
    RUN(cursor, SEEK(3, JET_bitSeekEQ, 0, 24), RANGE(2, UP_TO, 0, 24));
    EXPECT_WALK(cursor, 1, 24, 26, 28, 30, 16, 18, 20, 22);
    RUN(cursor, SEEK(3, JET_bitSeekEQ, 0, 24), RANGE(2, UP_TO_BEFORE, 0, 24));
    EXPECT_WALK(cursor, 1, 24, 26, 28, 30);
    close_cursor(cursor);
}

static void
test_table_range__needs_a_key_and_a_record(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, UNRANGE(JET_bitRangeUpperLimit, JET_errKeyNotMade, 2), MOVE(LAST, 0, 30),
        MOVE(1, END, NOWHERE), RANGE(2, UP_TO_BEFORE, END, NOWHERE),
        UNRANGE(JET_bitRangeUpperLimit, JET_errKeyNotMade, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_range__ignores_unknown_options(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, INDEX("byn", 0, 24), SEEK(3, JET_bitSeekEQ, 0, 24), RANGE(2, 0x100, END, 24));
    close_cursor(cursor);
}

static void
test_table_count__ends_with_the_range_and_drops_it(void **state)
{
    test_cursor cursor = open_cursor("range", "id");

    (void)state;
    RUN(cursor, SEEK(8, JET_bitSeekEQ, 0, 8), RANGE(14, UP_TO, 0, 8));
    assert_int_equal(count_from_here(cursor, 100), 4);
    RUN(cursor, MOVE(0, 0, 8), UNRANGE(JET_bitRangeRemove, JET_errInvalidOperation, 8));
    assert_int_equal(count_from_here(cursor, 0), 12);
    assert_int_equal(count_from_here(cursor, 5), 5);
    RUN(cursor, SEEK(14, JET_bitSeekEQ, 0, 14), RANGE(8, JET_bitRangeInclusive, 0, 14));
    assert_int_equal(count_from_here(cursor, 0), 9); /* forward, whatever limit the range has */
    RUN(cursor, MOVE(LAST, 0, 30), MOVE(1, END, NOWHERE));
    assert_int_equal(JetIndexRecordCount(session.sesid, cursor.tableid, &(uint32_t){0}, 0),
                     JET_errNoCurrentRecord);
    close_cursor(cursor);
}

/* ---- Searches: everything between two keys made of the same values and different limits ---- */

enum {
    FULL_START = JET_bitFullColumnStartLimit,
    FULL_END = JET_bitFullColumnEndLimit,
    PART_START = JET_bitPartialColumnStartLimit,
    PART_END = JET_bitPartialColumnEndLimit,
    STRING = JET_bitStrLimit,
    SUBSTRING = JET_bitSubStrLimit,
    ROWS_MAX = 14,
};

typedef struct search {
    const char *index;
    int32_t number; /* first value, 0 = none */
    const char *text;
    JET_GRBIT low, high;
    JET_ERR seek_err, range_err;
    int32_t n;
    int32_t rows[ROWS_MAX];
} search;

/* clang-format off */
#define GROUP_2      14, {21, 20, 23, 13, 41, 25, 14, 15, 16, 24, 19, 17, 18, 22}
#define GROUP_2_DOWN 14, {22, 18, 17, 19, 24, 16, 15, 14, 25, 13, 41, 23, 20, 21}
#define BO           9, {6, 19, 32, 4, 17, 30, 5, 18, 31}
#define ONLY_BO      3, {6, 19, 32}
#define ANN          2, {13, 41}

static const search searches[] = {
    {"ns",  2, NULL,  FULL_START, FULL_END, 0, 0, GROUP_2},
    {"ns",  2, NULL,  0,          STRING,   0, 0, GROUP_2},
    {"ns",  4, NULL,  FULL_START, FULL_END, JET_errRecordNotFound, 0, 0, {0}},
    {"nsd", 2, NULL,  FULL_START, FULL_END, 0, 0, GROUP_2_DOWN},
    {"nsd", 2, NULL,  0,          STRING,   0, 0, GROUP_2_DOWN},
    {"nsd", 4, NULL,  FULL_START, FULL_END, 0, END, 0, {0}},
    {"mix", 2, NULL,  FULL_START, FULL_END, 0, 0, GROUP_2_DOWN},
    {"mix", 2, NULL,  0,          STRING,   0, 0, GROUP_2_DOWN},
    {"mix", 4, NULL,  FULL_START, FULL_END, JET_errRecordNotFound, 0, 0, {0}},

    {"ns",  2, "ann", PART_START, PART_END,  0, 0, 6, {13, 41, 25, 14, 15, 16}},
    {"ns",  2, "Ann", 0,          SUBSTRING, 0, 0, 6, {13, 41, 25, 14, 15, 16}},
    {"ns",  2, "ann", 0,          0,         0, 0, ANN},
    {"ns",  2, "ann", FULL_START, FULL_END,  0, 0, ANN},
    {"nsd", 2, "ann", PART_START, PART_END,  0, 0, 6, {16, 15, 14, 25, 13, 41}},
    {"nsd", 2, "Ann", 0,          SUBSTRING, 0, 0, ANN},
    {"nsd", 2, "ann", 0,          0,         0, 0, ANN},
    {"nsd", 2, "ann", FULL_START, FULL_END,  0, 0, ANN},
    {"mix", 2, "ann", PART_START, PART_END,  0, 0, 6, {16, 15, 14, 25, 13, 41}},
    {"mix", 2, "Ann", 0,          SUBSTRING, 0, 0, ANN},
    {"mix", 2, "ann", 0,          0,         0, 0, ANN},
    {"mix", 2, "ann", FULL_START, FULL_END,  0, 0, ANN},

    {"s",  0, "bo", PART_START, PART_END,  0, 0, BO},
    {"s",  0, "bo", 0,          SUBSTRING, 0, 0, BO},
    {"s",  0, "bo", 0,          STRING,    0, 0, ONLY_BO},
    {"s",  0, "bo", FULL_START, FULL_END,  0, 0, ONLY_BO},
    {"s",  0, "q",  PART_START, PART_END,  0, END, 0, {0}},
    {"sd", 0, "bo", PART_START, PART_END,  0, 0, 9, {5, 18, 31, 4, 17, 30, 6, 19, 32}},
    {"sd", 0, "bo", 0,          SUBSTRING, 0, 0, ONLY_BO},
    {"sd", 0, "bo", 0,          STRING,    0, 0, ONLY_BO},
    {"sd", 0, "bo", FULL_START, FULL_END,  0, 0, ONLY_BO},
    {"sd", 0, "q",  PART_START, PART_END,  0, END, 0, {0}},
    {"sn", 0, "bo", PART_START, PART_END,  0, 0, BO},
    {"sn", 0, "bo", 0,          SUBSTRING, 0, 0, BO},
    {"sn", 0, "bo", 0,          STRING,    0, 0, ONLY_BO},
    {"sn", 0, "bo", FULL_START, FULL_END,  0, 0, ONLY_BO},
    {"sn", 0, "q",  PART_START, PART_END,  0, END, 0, {0}},
};
/* clang-format on */

static void
make_search_key(test_cursor cursor, const search *s, JET_GRBIT limit)
{
    JET_GRBIT text_is_first = s->number == 0 ? JET_bitNewKey : 0;

    if (s->number != 0)
        TEST_OK(JetMakeKey(session.sesid, cursor.tableid, &s->number, sizeof s->number,
                           JET_bitNewKey | (s->text == NULL ? limit : 0)));
    if (s->text != NULL)
        TEST_OK(JetMakeKey(session.sesid, cursor.tableid, s->text, (uint32_t)strlen(s->text),
                           text_is_first | limit));
}

/* True when the search gives rows. */
static bool
begin_search(test_cursor cursor, const search *s)
{
    JET_ERR err;

    use_index(cursor, s->index);
    make_search_key(cursor, s, s->low);
    err = JetSeek(session.sesid, cursor.tableid, JET_bitSeekGE);
    assert_int_equal(err < JET_errSuccess ? err : JET_errSuccess, s->seek_err);
    if (err < JET_errSuccess)
        return false;
    make_search_key(cursor, s, s->high);
    err = JetSetIndexRange(session.sesid, cursor.tableid, UP_TO);
    assert_int_equal(err, s->range_err);
    return err >= JET_errSuccess;
}

static void
test_table_search__gives_what_lies_between_its_limits(void **state)
{
    test_cursor cursor = open_cursor("prefix", "id");

    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        const search *s = &searches[i];

        if (!begin_search(cursor, s))
            continue;
        expect_walk(cursor, 1, s->rows, (size_t)s->n);
        assert_true(begin_search(cursor, s));
        assert_int_equal(count_from_here(cursor, UINT32_MAX), s->n);
    }
    close_cursor(cursor);
}

static void
test_table_count__leaves_the_cursor_where_it_was(void **state)
{
    static const search prefix = {"s", 0, "bo", PART_START, PART_END, 0, 0, BO};
    test_cursor cursor = open_cursor("prefix", "id");

    (void)state;
    assert_true(begin_search(cursor, &prefix));
    assert_int_equal(count_from_here(cursor, UINT32_MAX), 9);
    RUN(cursor, MOVE(0, 0, 6), MOVE(11, 0, 35), MOVE(1, END, NOWHERE), MOVE(FIRST, 0, 39));
    assert_int_equal(count_from_here(cursor, UINT32_MAX), 42);
    close_cursor(cursor);
}

/* ---- Keys ---- */

static void
test_table_key__of_an_entry_finds_it_again(void **state)
{
    static const uint8_t expected[] = {0x7f, 0x80, 0, 0, 0x01, 0x7f, 'A', 'N', 'N', 0};
    test_cursor cursor = open_cursor("prefix", "id");
    uint8_t key[300], made[300];
    uint32_t size = 0, made_size = 0;

    (void)state;
    RUN(cursor, INDEX("ns", 0, 39), MOVE(5, 0, 0));
    TEST_OK(JetRetrieveKey(session.sesid, cursor.tableid, key, sizeof key, &size, 0));
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(key, expected, sizeof expected);
    RUN(cursor, MOVE(LAST, 0, 35));
    TEST_OK(JetMakeKey(session.sesid, cursor.tableid, key, size, JET_bitNormalizedKey));
    TEST_OK(JetRetrieveKey(session.sesid, cursor.tableid, made, sizeof made, &made_size,
                           JET_bitRetrieveCopy));
    assert_int_equal(made_size, size);
    assert_memory_equal(made, key, size);
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekEQ), JET_errSuccess);
    assert_int_equal(at(cursor), 0);
    TEST_OK(JetMakeKey(session.sesid, cursor.tableid, key, size - 3, JET_bitNormalizedKey));
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekGE), JET_wrnSeekNotEqual);
    assert_int_equal(at(cursor), 7);
    close_cursor(cursor);
}

static void
test_table_key__made_ready_takes_the_place_of_the_first_column(void **state)
{
    static const uint8_t two[] = {0x7f, 0x80, 0, 0, 0x02};
    test_cursor cursor = open_cursor("prefix", "id");

    (void)state;
    use_index(cursor, "ns");
    TEST_OK(JetMakeKey(session.sesid, cursor.tableid, two, sizeof two, JET_bitNormalizedKey));
    assert_int_equal(JetMakeKey(session.sesid, cursor.tableid, "ann", 3, 0), JET_errSuccess);
    assert_int_equal(JetMakeKey(session.sesid, cursor.tableid, "ann", 3, 0), JET_errKeyIsMade);
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekEQ), JET_errSuccess);
    assert_int_equal(at(cursor), 13);
    close_cursor(cursor);
}

static void
test_table_key__is_truncated_to_the_buffer(void **state)
{
    test_cursor cursor = open_cursor("range", "id");
    uint8_t key[3] = {0};
    uint32_t size = 0;

    (void)state;
    assert_int_equal(JetRetrieveKey(session.sesid, cursor.tableid, key, sizeof key, &size, 0),
                     JET_wrnBufferTruncated);
    assert_int_equal(size, 5);
    assert_memory_equal(key, "\x7f\x80\x00", 3);
    assert_int_equal(JetRetrieveKey(session.sesid, cursor.tableid, NULL, 0, &size, 0),
                     JET_wrnBufferTruncated);
    assert_int_equal(
        JetRetrieveKey(session.sesid, cursor.tableid, key, sizeof key, &size, JET_bitRetrieveCopy),
        JET_errKeyNotMade);
    RUN(cursor, MOVE(LAST, 0, 30), MOVE(1, END, NOWHERE));
    assert_int_equal(JetRetrieveKey(session.sesid, cursor.tableid, key, sizeof key, &size, 0),
                     JET_errNoCurrentRecord);
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_range__ends_moves_forward),
        cmocka_unit_test(test_table_range__ends_moves_back),
        cmocka_unit_test(test_table_range__that_is_empty_leaves_no_current_record),
        cmocka_unit_test(test_table_range__is_dropped_by_a_move_against_it),
        cmocka_unit_test(test_table_range__of_instant_duration_only_asks),
        cmocka_unit_test(test_table_range__is_removed_once),
        cmocka_unit_test(test_table_range__is_dropped_by_first_last_seek_and_goto),
        cmocka_unit_test(test_table_range__survives_the_choice_of_the_same_index),
        cmocka_unit_test(test_table_range__gives_way_to_the_next_one),
        cmocka_unit_test(test_table_range__includes_all_entries_of_its_last_key),
        cmocka_unit_test(test_table_range__needs_a_key_and_a_record),
        cmocka_unit_test(test_table_range__ignores_unknown_options),
        cmocka_unit_test(test_table_count__ends_with_the_range_and_drops_it),
        cmocka_unit_test(test_table_search__gives_what_lies_between_its_limits),
        cmocka_unit_test(test_table_count__leaves_the_cursor_where_it_was),
        cmocka_unit_test(test_table_key__of_an_entry_finds_it_again),
        cmocka_unit_test(test_table_key__made_ready_takes_the_place_of_the_first_column),
        cmocka_unit_test(test_table_key__is_truncated_to_the_buffer),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
