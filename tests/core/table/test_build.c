/* New indexes and autoincrement columns of tables that have records. */
#include "update_test.h"

enum { N = 5000 };

static ese_schema_table *
open_descriptor(update_test *t)
{
    ese_schema_table *table = NULL;

    TEST_OK(ese_schema_table_open(t->schema, &t->sessions[0], "t", &table));
    return table;
}

static void
fill_table(update_test *t, int32_t n)
{
    begin(t, 0);
    for (int32_t id = 1; id <= n; id++)
        TEST_OK(insert(t, 0, id, id * 7919 % n, id % 3 == 0 ? NULL : "text"));
    commit(t, 0);
}

static JET_ERR
try_index(update_test *t, const ese_schema_new_index *what)
{
    ese_schema_table *table = open_descriptor(t);
    JET_ERR err = update_try_index(t, &table, what);

    ese_schema_table_release(t->schema, &table);
    return err;
}

static void
test_build_index__has_the_entries_of_all_records(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    fill_table(&t, N);
    TEST_OK(try_index(&t, UPDATE_INDEX("new", "-n\0+id\0", 0)));
    TEST_OK(try_index(&t, UPDATE_INDEX("some", "+text\0", JET_bitIndexIgnoreNull)));
    TEST_OK(try_index(&t, UPDATE_INDEX("n", "+n\0", JET_bitIndexUnique)));
    update_check(&t);
    TEST_OK(insert(&t, 0, N + 1, N + 1, "text"));
    assert_int_equal(insert(&t, 1, N + 2, N + 1, "text"), JET_errKeyDuplicate);
    assert_true(seek(&t, 0, 17));
    TEST_OK(delete_record(&t, 0));
    update_check(&t);
    update_reopen(&t);
    update_check(&t);
    update_remove(&t);
}

static void
test_build_index__refuses_what_the_records_break(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    fill_table(&t, 100);
    assert_int_equal(try_index(&t, UPDATE_INDEX("u", "+text\0", JET_bitIndexUnique)),
                     JET_errKeyDuplicate);
    assert_int_equal(try_index(&t, UPDATE_INDEX("d", "+text\0", JET_bitIndexDisallowNull)),
                     JET_errNullKeyDisallowed);
    TEST_OK(try_index(&t, UPDATE_INDEX("u", "+n\0", JET_bitIndexUnique)));
    update_check(&t);
    update_remove(&t);
}

static void
test_build_index__goes_with_a_rollback(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    fill_table(&t, 100);
    begin(&t, 0);
    TEST_OK(insert(&t, 0, 1000, 1000, "new"));
    TEST_OK(try_index(&t, UPDATE_INDEX("u", "+n\0", JET_bitIndexUnique)));
    TEST_OK(insert(&t, 0, 1001, 1001, "newer"));
    use_index(&t, 0, "u");
    assert_true(move(&t, 0, 101));
    assert_int_equal(number(&t, 0, t.id), 1001);
    roll_back(&t, 0);
    assert_string_equal(ese_table_current_index(cursor_of(&t, 0))->name, "pk");
    assert_null(ese_schema_find_index(ese_table_descriptor(t.cursors[0]), "u"));
    TEST_OK(insert(&t, 0, 1000, 1000, "again"));
    update_check(&t);
    update_remove(&t);
}

static void
test_build_auto_increment__numbers_the_records(void **state)
{
    const ese_schema_new_column what = {
        .name = "auto", .coltyp = JET_coltypLong, .grbit = JET_bitColumnAutoincrement};
    ese_schema_table *table;
    JET_COLUMNID columnid = 0;
    ese_txn_statement statement;
    update_test t;

    (void)state;
    update_create(&t, 4096);
    fill_table(&t, 100);
    TEST_OK(ese_txn_statement_enter(&t.sessions[0], &statement));
    table = open_descriptor(&t);
    columnid = update_add_column(&t, &table, &what);
    TEST_OK(ese_table_fill_auto_increment(&t.sessions[0], t.schema, table,
                                          ese_schema_find_column(table, columnid)));
    TEST_OK(ese_txn_statement_leave(&t.sessions[0], &statement, JET_errSuccess));
    ese_schema_table_release(t.schema, &table);
    for (int32_t id = 1; id <= 100; id++) {
        assert_true(seek(&t, 1, id));
        assert_int_equal(number(&t, 1, columnid), id);
    }
    TEST_OK(insert(&t, 0, 500, 1, NULL));
    assert_true(seek(&t, 0, 500));
    assert_int_equal(number(&t, 0, columnid), 101);
    update_reopen(&t);
    TEST_OK(insert(&t, 0, 501, 1, NULL));
    assert_true(seek(&t, 0, 501));
    assert_int_equal(number(&t, 0, columnid), 102);
    update_check(&t);
    update_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_index__has_the_entries_of_all_records),
        cmocka_unit_test(test_build_index__refuses_what_the_records_break),
        cmocka_unit_test(test_build_index__goes_with_a_rollback),
        cmocka_unit_test(test_build_auto_increment__numbers_the_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
