/* The choice of an index: by name and id, moving or staying, by the value of a multi-valued column. */
#include "cursor_test.h"

/* The cursor stands on record `row` in `index`, on the entry of this key ("" = on none). */
static void
expect_place(test_cursor cursor, const char *index, int32_t row, const char *hex_key)
{
    char name[JET_cbNameMost + 1] = "", hex[65] = "";
    uint8_t key[32];
    uint32_t size = 0;
    JET_ERR err;

    TEST_OK(JetGetCurrentIndexA(session.sesid, cursor.tableid, name, sizeof name));
    assert_string_equal(name, index);
    assert_int_equal(at(cursor), row);
    err = JetRetrieveKey(session.sesid, cursor.tableid, key, sizeof key, &size, 0);
    assert_int_equal(err, *hex_key == '\0' ? JET_errNoCurrentRecord : JET_errSuccess);
    for (uint32_t i = 0; err >= JET_errSuccess && i < size; i++)
        snprintf(hex + 2 * i, sizeof hex - 2 * i, "%02x", key[i]);
    assert_string_equal(hex, hex_key);
}

static JET_ERR
choose(test_cursor cursor, const char *name, JET_GRBIT grbit)
{
    return JetSetCurrentIndex2A(session.sesid, cursor.tableid, name, grbit);
}

static void
test_table_index__is_chosen_by_name_without_regard_to_case(void **state)
{
    static const struct {
        const char *name;
        const char *index;
        int32_t at;
        const char *key;
    } choices[] = {
        {"byn", "byn", 2, "807ffffffd"}, {"BYN", "byn", 2, "807ffffffd"},
        {"pk", "pk", 1, "7f80000001"},   {"byn", "byn", 2, "807ffffffd"},
        {NULL, "pk", 1, "7f80000001"},   {"byn", "byn", 2, "807ffffffd"},
        {"", "pk", 1, "7f80000001"},
    };
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    expect_place(cursor, "pk", 1, "7f80000001");
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        use_index(cursor, choices[i].name);
        expect_place(cursor, choices[i].index, choices[i].at, choices[i].key);
    }
    TEST_OK(JetSetCurrentIndexW(session.sesid, cursor.tableid, u"byn"));
    expect_place(cursor, "byn", 2, "807ffffffd");
    close_cursor(cursor);
}

static void
test_table_index__stays_when_the_new_one_does_not_exist(void **state)
{
    static const struct {
        const char *name;
        JET_ERR err;
    } wrong[] = {{"missing", JET_errIndexNotFound},
                 {"bad!name", JET_errInvalidName},
                 {" byn", JET_errInvalidName}};
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    RUN(cursor, MOVE(2, 0, 3));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(JetSetCurrentIndexA(session.sesid, cursor.tableid, wrong[i].name),
                         wrong[i].err);
        expect_place(cursor, "pk", 3, "7f80000003");
    }
    assert_int_equal(choose(cursor, "byn", 0x10), JET_errInvalidGrbit);
    expect_place(cursor, "pk", 3, "7f80000003");
    close_cursor(cursor);
}

static void
test_table_current_index__name_is_cut_to_the_buffer(void **state)
{
    test_cursor cursor = open_cursor("index", "id");
    char narrow[3] = "??";
    char16_t wide[20] = {0};

    (void)state;
    use_index(cursor, "byn");
    assert_int_equal(JetGetCurrentIndexA(session.sesid, cursor.tableid, narrow, sizeof narrow),
                     JET_errSuccess);
    assert_string_equal(narrow, "by");
    assert_int_equal(JetGetCurrentIndexA(session.sesid, cursor.tableid, narrow, 0),
                     JET_wrnBufferTruncated);
    assert_int_equal(JetGetCurrentIndexW(session.sesid, cursor.tableid, wide, sizeof wide),
                     JET_errSuccess);
    assert_memory_equal(wide, u"byn", sizeof u"byn");
    close_cursor(cursor);
}

static void
test_table_index__keeps_the_record_when_asked(void **state)
{
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    RUN(cursor, SEEK(4, JET_bitSeekEQ, 0, 4));
    assert_int_equal(choose(cursor, "byn", JET_bitNoMove), JET_errSuccess);
    expect_place(cursor, "byn", 4, "807ffffffe");
    assert_int_equal(choose(cursor, "byn", JET_bitNoMove), JET_errSuccess);
    expect_place(cursor, "byn", 4, "807ffffffe");
    RUN(cursor, MOVE(1, 0, 3));
    assert_int_equal(choose(cursor, "bymv", JET_bitNoMove), JET_errSuccess);
    expect_place(cursor, "bymv", 3, "7f8000001e");
    assert_int_equal(choose(cursor, NULL, JET_bitNoMove), JET_errSuccess);
    expect_place(cursor, "pk", 3, "7f80000003");
    assert_int_equal(choose(cursor, "byn", JET_bitMoveFirst), JET_errSuccess);
    expect_place(cursor, "byn", 2, "807ffffffd");
    close_cursor(cursor);
}

static void
test_table_index__without_an_entry_of_the_record_keeps_only_the_record(void **state)
{
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    RUN(cursor, SEEK(4, JET_bitSeekEQ, 0, 4));
    assert_int_equal(choose(cursor, "sparse", JET_bitNoMove), JET_errNoCurrentRecord);
    expect_place(cursor, "sparse", 4, "");
    assert_int_equal(choose(cursor, NULL, JET_bitMoveFirst), JET_errSuccess);
    RUN(cursor, MOVE(LAST, 0, 6), MOVE(1, END, NOWHERE));
    assert_int_equal(choose(cursor, "byn", JET_bitNoMove), JET_errNoCurrentRecord);
    expect_place(cursor, "pk", NOWHERE, "");
    close_cursor(cursor);
}

static void
test_table_index__stands_on_the_entry_of_the_chosen_value(void **state)
{
    static const struct {
        JET_ERR err;
        const char *key;
    } expected[] = {
        {0, "7f80000028"}, {0, "7f80000028"}, {0, "7f80000fa0"}, {JET_errBadItagSequence, ""}};
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    for (uint32_t itag = 0; itag < sizeof expected / sizeof expected[0]; itag++) {
        RUN(cursor, SEEK(4, JET_bitSeekEQ, 0, 4));
        assert_int_equal(
            JetSetCurrentIndex3A(session.sesid, cursor.tableid, "bymv", JET_bitNoMove, itag),
            expected[itag].err);
        expect_place(cursor, "bymv", 4, expected[itag].key);
        use_index(cursor, NULL);
    }
    TEST_OK(JetSetCurrentIndex3A(session.sesid, cursor.tableid, "bymv", JET_bitMoveFirst, 2));
    expect_place(cursor, "bymv", 1, "7f8000000a");
    close_cursor(cursor);
}

static JET_INDEXID
id_of(test_cursor cursor, const char *name)
{
    JET_INDEXID id = {0};

    TEST_OK(JetGetTableIndexInfoA(session.sesid, cursor.tableid, name, &id, sizeof id,
                                  JET_IdxInfoIndexId));
    return id;
}

static JET_ERR
choose_id(test_cursor cursor, const char *name, const JET_INDEXID *id)
{
    JET_INDEXID copy = {0};

    if (id != NULL)
        copy = *id;
    return JetSetCurrentIndex4A(session.sesid, cursor.tableid, name, id != NULL ? &copy : NULL,
                                JET_bitMoveFirst, 1);
}

static void
test_table_index__id_wins_over_the_name(void **state)
{
    test_cursor cursor = open_cursor("index", "id");
    JET_INDEXID byn = id_of(cursor, "byn"), primary = id_of(cursor, "pk"), unknown = {0};

    (void)state;
    assert_int_equal(choose_id(cursor, "byn", &byn), JET_errSuccess);
    expect_place(cursor, "byn", 2, "807ffffffd");
    assert_int_equal(choose_id(cursor, NULL, &primary), JET_errSuccess);
    expect_place(cursor, "pk", 1, "7f80000001");
    assert_int_equal(choose_id(cursor, "bymv", &byn), JET_errSuccess);
    expect_place(cursor, "byn", 2, "807ffffffd");
    assert_int_equal(choose_id(cursor, "bymv", NULL), JET_errSuccess);
    expect_place(cursor, "bymv", 1, "7f8000000a");
    assert_int_equal(choose_id(cursor, "byn", &unknown), JET_errInvalidIndexId);
    byn.cbStruct = 4;
    assert_int_equal(choose_id(cursor, "byn", &byn), JET_errInvalidIndexId);
    expect_place(cursor, "bymv", 1, "7f8000000a");
    close_cursor(cursor);
}

static void
test_table_index__id_of_another_table_is_refused(void **state)
{
    test_cursor cursor = open_cursor("index", "id"), other = open_cursor("bookmark", "id");
    JET_INDEXID byn = id_of(other, "byn");

    (void)state;
    assert_int_equal(choose_id(cursor, "byn", &byn), JET_errInvalidIndexId);
    close_cursor(other);
    close_cursor(cursor);
}

static void
test_table_index__forgets_range_and_search_key_of_the_last_one(void **state)
{
    test_cursor cursor = open_cursor("index", "id");

    (void)state;
    RUN(cursor, RANGE(3, UP_TO, 0, 1), INDEX("byn", 0, 2), INDEX(NULL, 0, 1), MOVE(5, 0, 6));
    make_key(cursor, 2);
    use_index(cursor, "byn");
    assert_int_equal(JetSeek(session.sesid, cursor.tableid, JET_bitSeekEQ), JET_errKeyNotMade);
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_index__is_chosen_by_name_without_regard_to_case),
        cmocka_unit_test(test_table_index__stays_when_the_new_one_does_not_exist),
        cmocka_unit_test(test_table_current_index__name_is_cut_to_the_buffer),
        cmocka_unit_test(test_table_index__keeps_the_record_when_asked),
        cmocka_unit_test(test_table_index__without_an_entry_of_the_record_keeps_only_the_record),
        cmocka_unit_test(test_table_index__stands_on_the_entry_of_the_chosen_value),
        cmocka_unit_test(test_table_index__id_wins_over_the_name),
        cmocka_unit_test(test_table_index__id_of_another_table_is_refused),
        cmocka_unit_test(test_table_index__forgets_range_and_search_key_of_the_last_one),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
