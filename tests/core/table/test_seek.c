/* Every relation of a seek against present, absent, smallest and largest keys in unique, repeating and descending indexes. */
#include "cursor_test.h"

enum { RELATIONS = 5 };

static const JET_GRBIT relations[RELATIONS] = {JET_bitSeekEQ, JET_bitSeekLT, JET_bitSeekLE,
                                               JET_bitSeekGE, JET_bitSeekGT};

/* What each relation finds, in the order EQ, LT, LE, GE, GT; NOWHERE = JET_errRecordNotFound. An inexact LE or GE warns. */
typedef struct expectation {
    int32_t key;
    int32_t at[RELATIONS];
} expectation;

static JET_ERR
expected_code(const expectation *expected, int relation)
{
    bool is_exact = expected->at[0] != NOWHERE;

    if (expected->at[relation] == NOWHERE)
        return JET_errRecordNotFound;
    return !is_exact && (relation == 2 || relation == 3) ? JET_wrnSeekNotEqual : JET_errSuccess;
}

static void
check_seek(test_cursor cursor, const expectation *expected, int relation)
{
    JET_ERR err = JetSeek(session.sesid, cursor.tableid, relations[relation]);
    int32_t place = at(cursor);

    if (err != expected_code(expected, relation) || place != expected->at[relation])
        fail_msg("key %d, relation %d: %d at %d, not %d at %d", (int)expected->key, relation,
                 (int)err, (int)place, (int)expected_code(expected, relation),
                 (int)expected->at[relation]);
}

static void
check_seeks(test_cursor cursor, const expectation *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (int relation = 0; relation < RELATIONS; relation++) {
            make_key(cursor, expected[i].key);
            check_seek(cursor, &expected[i], relation);
        }
    }
}

#define CHECK_SEEKS(cursor, expected)                                                              \
    check_seeks(cursor, expected, sizeof(expected) / sizeof(expected)[0])

static void
test_table_seek__finds_neighbours_in_the_primary_index(void **state)
{
    static const expectation expected[] = {
        {-2147483647, {NOWHERE, NOWHERE, NOWHERE, 10, 10}},
        {5, {NOWHERE, NOWHERE, NOWHERE, 10, 10}},
        {10, {10, NOWHERE, 10, 10, 20}},
        {15, {NOWHERE, 10, 10, 20, 20}},
        {60, {60, 50, 60, 60, 70}},
        {65, {NOWHERE, 60, 60, 70, 70}},
        {120, {120, 110, 120, 120, 999}},
        {121, {NOWHERE, 120, 120, 999, 999}},
        {999, {999, 120, 999, 999, NOWHERE}},
        {2147483647, {NOWHERE, 999, 999, NOWHERE, NOWHERE}},
    };
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    CHECK_SEEKS(cursor, expected);
    close_cursor(cursor);
}

static void
test_table_seek__finds_the_first_of_equal_entries(void **state)
{
    static const expectation expected[] = {
        {-5, {NOWHERE, 999, 999, 10, 10}},   {0, {10, 999, 10, 10, 40}},
        {50, {NOWHERE, 30, 30, 40, 40}},     {100, {40, 30, 40, 40, 70}},
        {200, {70, 60, 70, 70, 100}},        {250, {NOWHERE, 90, 90, 100, 100}},
        {300, {100, 90, 100, 100, NOWHERE}}, {301, {NOWHERE, 120, 120, NOWHERE, NOWHERE}},
    };
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    use_index(cursor, "byn");
    CHECK_SEEKS(cursor, expected);
    close_cursor(cursor);
}

static void
test_table_seek__takes_descending_keys_in_their_own_order(void **state)
{
    static const expectation expected[] = {
        {-5, {NOWHERE, 30, 30, 999, 999}},   {0, {10, 60, 10, 10, 999}},
        {50, {NOWHERE, 60, 60, 10, 10}},     {100, {40, 90, 40, 40, 10}},
        {200, {70, 120, 70, 70, 40}},        {250, {NOWHERE, 120, 120, 70, 70}},
        {300, {100, NOWHERE, 100, 100, 70}}, {301, {NOWHERE, NOWHERE, NOWHERE, 100, 100}},
    };
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    use_index(cursor, "down");
    CHECK_SEEKS(cursor, expected);
    close_cursor(cursor);
}

static void
test_table_seek__takes_a_short_key_for_one_before_all_it_begins(void **state)
{
    static const expectation expected[] = {
        {-5, {NOWHERE, 999, 999, 10, 10}},  {0, {NOWHERE, 999, 999, 10, 10}},
        {50, {NOWHERE, 30, 30, 40, 40}},    {100, {NOWHERE, 30, 30, 40, 40}},
        {200, {NOWHERE, 60, 60, 70, 70}},   {250, {NOWHERE, 90, 90, 100, 100}},
        {300, {NOWHERE, 90, 90, 100, 100}}, {301, {NOWHERE, 120, 120, NOWHERE, NOWHERE}},
    };
    static const expectation at_end = {100, {NOWHERE, 60, 60, 70, 70}};
    static const expectation at_start = {100, {NOWHERE, 30, 30, 40, 40}};
    test_cursor cursor = open_cursor("seek", "id");
    int32_t key = 100;

    (void)state;
    use_index(cursor, "both");
    CHECK_SEEKS(cursor, expected);
    for (int relation = 0; relation < RELATIONS; relation++) {
        TEST_OK(JetMakeKey(session.sesid, cursor.tableid, &key, sizeof key,
                           JET_bitNewKey | JET_bitFullColumnEndLimit));
        check_seek(cursor, &at_end, relation);
        TEST_OK(JetMakeKey(session.sesid, cursor.tableid, &key, sizeof key,
                           JET_bitNewKey | JET_bitFullColumnStartLimit));
        check_seek(cursor, &at_start, relation);
    }
    close_cursor(cursor);
}

static void
test_table_seek__finds_null_below_every_value(void **state)
{
    static const expectation expected = {0, {999, NOWHERE, 999, 999, 10}};
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    use_index(cursor, "byn");
    for (int relation = 0; relation < RELATIONS; relation++) {
        TEST_OK(JetMakeKey(session.sesid, cursor.tableid, NULL, 0, JET_bitNewKey));
        check_seek(cursor, &expected, relation);
    }
    close_cursor(cursor);
}

static void
test_table_seek__tells_whether_the_key_is_unique_when_asked(void **state)
{
    test_cursor cursor = open_cursor("seek-more", "id");

    (void)state;
    RUN(cursor, SEEK(10, SEEK_UNIQUE, JET_wrnUniqueKey, 10),
        SEEK(10, JET_bitSeekGE | JET_bitCheckUniqueness, 0, 10), INDEX("byn", 0, 999),
        SEEK(100, SEEK_UNIQUE, 0, 40), SEEK(555, SEEK_UNIQUE, JET_wrnUniqueKey, 1000),
        SEEK(556, SEEK_UNIQUE, JET_errRecordNotFound, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_seek__uses_up_the_key(void **state)
{
    test_cursor cursor = open_cursor("seek", "id");
    int32_t key = 100;

    (void)state;
    RUN(cursor, SEEK(100, JET_bitSeekEQ, 0, 100));
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekEQ), JET_errKeyNotMade);
    assert_int_equal(JetMakeKey(session.sesid, cursor.tableid, &key, sizeof key, 0),
                     JET_errKeyNotMade);
    assert_int_equal(at(cursor), 100);
    RUN(cursor, SEEK(77, JET_bitSeekEQ, JET_errRecordNotFound, NOWHERE));
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekEQ), JET_errKeyNotMade);
    close_cursor(cursor);
}

static void
test_table_seek__that_fails_stands_in_the_gap(void **state)
{
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    RUN(cursor, SEEK(65, JET_bitSeekEQ, JET_errRecordNotFound, NOWHERE), MOVE(1, 0, 70),
        SEEK(65, JET_bitSeekEQ, JET_errRecordNotFound, NOWHERE), MOVE(-1, 0, 60),
        SEEK(9999, JET_bitSeekGE, JET_errRecordNotFound, NOWHERE), MOVE(-1, 0, 999),
        MOVE(1, END, NOWHERE), SEEK(-9999, JET_bitSeekLT, JET_errRecordNotFound, NOWHERE),
        MOVE(1, 0, 10), SEEK(65, JET_bitSeekEQ, JET_errRecordNotFound, NOWHERE),
        MOVE(0, END, NOWHERE));
    close_cursor(cursor);
}

static void
test_table_seek__sets_a_range_of_equal_entries_when_asked(void **state)
{
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    RUN(cursor, INDEX("byn", 0, 999), SEEK(100, JET_bitSeekEQ | JET_bitSetIndexRange, 0, 40));
    EXPECT_WALK(cursor, 1, 40, 50, 60);
    RUN(cursor, SEEK(100, JET_bitSeekGE | JET_bitSetIndexRange, 0, 40), MOVE(3, 0, 70));
    close_cursor(cursor);
}

static void
test_table_seek__needs_one_relation(void **state)
{
    test_cursor cursor = open_cursor("seek", "id");

    (void)state;
    assert_int_equal(seek(cursor, 10, 0), JET_errInvalidGrbit);
    assert_int_equal(seek(cursor, 10, JET_bitSeekEQ | JET_bitSeekGT), JET_errInvalidGrbit);
    assert_int_equal(at(cursor), 10);
    close_cursor(cursor);
}

static void
test_table_seek__finds_substrings_in_an_index_of_tuples(void **state)
{
    static const struct {
        const char *text;
        JET_ERR key_err, err;
        int32_t at;
    } sought[] = {
        {"cde", 0, JET_wrnSeekNotEqual, 0},
        {"ELL", 0, JET_wrnSeekNotEqual, 1},
        {"abcdefg", 0, 0, 0},
        {"quick", 0, 0, 6},
        {"zzz", 0, JET_errRecordNotFound, NOWHERE},
        {"ab", JET_errIndexTuplesKeyTooSmall, 0, 0},
    };
    test_cursor cursor = open_cursor("tuple", "id");

    (void)state;
    use_index(cursor, "pieces");
    for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
        JET_ERR err = JetMakeKey(session.sesid, cursor.tableid, sought[i].text,
                                 (uint32_t)strlen(sought[i].text), JET_bitNewKey);

        assert_int_equal(err, sought[i].key_err);
        if (err < JET_errSuccess)
            continue;
        assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekGE), sought[i].err);
        assert_int_equal(at(cursor), sought[i].at);
    }
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_seek__finds_neighbours_in_the_primary_index),
        cmocka_unit_test(test_table_seek__finds_the_first_of_equal_entries),
        cmocka_unit_test(test_table_seek__takes_descending_keys_in_their_own_order),
        cmocka_unit_test(test_table_seek__takes_a_short_key_for_one_before_all_it_begins),
        cmocka_unit_test(test_table_seek__finds_null_below_every_value),
        cmocka_unit_test(test_table_seek__tells_whether_the_key_is_unique_when_asked),
        cmocka_unit_test(test_table_seek__uses_up_the_key),
        cmocka_unit_test(test_table_seek__that_fails_stands_in_the_gap),
        cmocka_unit_test(test_table_seek__sets_a_range_of_equal_entries_when_asked),
        cmocka_unit_test(test_table_seek__needs_one_relation),
        cmocka_unit_test(test_table_seek__finds_substrings_in_an_index_of_tuples),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
