/* The room a record takes: data, long values and overhead, counted from records that grow column by column. */
#include "cursor_test.h"

typedef struct sizes {
    uint64_t data, long_data, overhead, long_overhead;
    uint64_t untagged, tagged, long_values, multi_values;
} sizes;

static void
expect_sizes(JET_TABLEID tableid, JET_GRBIT grbit, const sizes *expected)
{
    JET_RECSIZE size = {0};
    JET_RECSIZE2 size2 = {0};

    assert_int_equal(JetGetRecordSize(session.sesid, tableid, &size, grbit), JET_errSuccess);
    assert_int_equal(size.cbData, expected->data);
    assert_int_equal(size.cbLongValueData, expected->long_data);
    assert_int_equal(size.cbOverhead, expected->overhead);
    assert_int_equal(size.cbLongValueOverhead, expected->long_overhead);
    assert_int_equal(size.cNonTaggedColumns, expected->untagged);
    assert_int_equal(size.cTaggedColumns, expected->tagged);
    assert_int_equal(size.cLongValues, expected->long_values);
    assert_int_equal(size.cMultiValues, expected->multi_values);
    assert_int_equal(JetGetRecordSize2(session.sesid, tableid, &size2, grbit), JET_errSuccess);
    assert_memory_equal(&size2, &size, sizeof size); /* the same, and three more */
    assert_int_equal(size2.cbDataCompressed, expected->data);
    assert_int_equal(size2.cbLongValueDataCompressed, expected->long_data);
    assert_int_equal(size2.cCompressedColumns, 0);
}

/*
 * A record in preparation, whose overhead the original engine tells, has no key yet: the 4 bytes of the key of a table without an
 * index come on top, and 12 bytes of the root of the long value.
 */
static void
test_table_record_size__grows_column_by_column(void **state)
{
    enum { KEY = 4 };
    static const sizes expected[] = {
        {0, 0, 10 + KEY, 0, 0, 0, 0, 0},   {4, 0, 11 + KEY, 0, 1, 0, 0, 0},
        {14, 0, 11 + KEY, 0, 2, 0, 0, 0},  {22, 0, 13 + KEY, 0, 3, 0, 0, 0},
        {28, 0, 17 + KEY, 0, 3, 1, 0, 0},  {50, 0, 24 + KEY, 0, 3, 1, 0, 2},
        {150, 0, 29 + KEY, 0, 3, 2, 0, 2}, {50, 20000, 37 + KEY, 52, 3, 2, 1, 2},
    };
    JET_TABLEID tableid = open_table("sizes");

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        expect_sizes(tableid, 0, &expected[i]);
        TEST_OK(JetMove(session.sesid, tableid, 1, 0));
    }
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_record_size__counts_columns_that_are_null_in_the_record(void **state)
{
    static const sizes expected[] = {{42, 9000, 41, 42, 3, 2, 1, 2}, {32, 0, 23, 0, 3, 1, 0, 1}};
    JET_TABLEID tableid = open_table("sizes");

    (void)state;
    TEST_OK(JetMove(session.sesid, tableid, 8, 0));
    expect_sizes(tableid, 0, &expected[0]);
    TEST_OK(JetMove(session.sesid, tableid, 1, 0));
    expect_sizes(tableid, 0, &expected[1]);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_record_size__can_leave_out_what_is_stored_apart(void **state)
{
    static const sizes whole = {50, 20000, 41, 52, 3, 2, 1, 2};
    static const sizes local = {50, 0, 41, 0, 3, 2, 1, 2};
    JET_TABLEID tableid = open_table("sizes");

    (void)state;
    TEST_OK(JetMove(session.sesid, tableid, 7, 0));
    expect_sizes(tableid, 0, &whole);
    expect_sizes(tableid, JET_bitRecordSizeLocal, &local);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_record_size__counts_an_empty_value(void **state)
{
    static const sizes empty = {0, 0, 19, 0, 0, 1, 0, 0};
    JET_TABLEID tableid = open_table("sizes");

    (void)state;
    TEST_OK(JetMove(session.sesid, tableid, JET_MoveLast, 0));
    expect_sizes(tableid, 0, &empty);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_record_size__adds_up_when_asked(void **state)
{
    JET_TABLEID tableid = open_table("sizes-total");
    JET_RECSIZE size = {0};
    JET_RECSIZE2 size2 = {0};
    JET_ERR err = JET_errSuccess;

    (void)state;
    for (; err >= JET_errSuccess; err = JetMove(session.sesid, tableid, 1, 0)) {
        TEST_OK(JetGetRecordSize(session.sesid, tableid, &size, JET_bitRecordSizeRunningTotal));
        TEST_OK(JetGetRecordSize2(session.sesid, tableid, &size2, JET_bitRecordSizeRunningTotal));
    }
    assert_int_equal(size.cbData, 44);
    assert_int_equal(size.cbLongValueData, 30000);
    assert_int_equal(size.cNonTaggedColumns, 6);
    assert_int_equal(size.cTaggedColumns, 4);
    assert_int_equal(size.cLongValues, 3);
    assert_int_equal(size.cMultiValues, 1);
    assert_memory_equal(&size2, &size, sizeof size);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_record_size__needs_a_record_and_known_options(void **state)
{
    JET_TABLEID tableid = open_table("sizes");
    JET_RECSIZE size = {.cbData = 7};

    (void)state;
    assert_int_equal(JetGetRecordSize(session.sesid, tableid, &size, 0x80), JET_errInvalidGrbit);
    assert_int_equal(JetGetRecordSize(session.sesid, tableid, NULL, 0), JET_errInvalidParameter);
    assert_int_equal(JetGetRecordSize(session.sesid, tableid, &size, JET_bitRecordSizeInCopyBuffer),
                     JET_errNoCurrentRecord);
    TEST_OK(JetMove(session.sesid, tableid, JET_MoveLast, 0));
    assert_int_equal(JetMove(session.sesid, tableid, 1, 0), JET_errNoCurrentRecord);
    assert_int_equal(JetGetRecordSize(session.sesid, tableid, &size, 0), JET_errNoCurrentRecord);
    assert_int_equal(size.cbData, 7);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_record_size__grows_column_by_column),
        cmocka_unit_test(test_table_record_size__counts_columns_that_are_null_in_the_record),
        cmocka_unit_test(test_table_record_size__can_leave_out_what_is_stored_apart),
        cmocka_unit_test(test_table_record_size__counts_an_empty_value),
        cmocka_unit_test(test_table_record_size__adds_up_when_asked),
        cmocka_unit_test(test_table_record_size__needs_a_record_and_known_options),
    };

    return test_fixture("cursors-8k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_values_database, close_database);
}
