/* ese_next_row: what JetMove and ese_get_row give one after the other. */
#include "temp_test.h"

enum { N_ROWS = 5 };

static void
start_with_rows(temp_fixture *f)
{
    start_temp(f);
    open_temp(f, JET_bitTTUpdatable | JET_bitTTIndexed);
    for (int32_t i = 1; i <= N_ROWS; i++)
        assert_ok(insert_temp(f, i, "text", 10 * i));
    assert_ok(JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0));
}

static int32_t
number_in(const ese_column *column)
{
    int32_t number;

    assert_int_equal(column->n_values, 1);
    assert_int_equal(column->values[0].size, sizeof number);
    memcpy(&number, column->values[0].data, sizeof number);
    return number;
}

static void
test_api_next_row__goes_through_all_records_to_the_end(void **state)
{
    temp_fixture f;
    ese_column columns[2];

    (void)state;
    start_with_rows(&f);
    columns[0].columnid = f.key;
    columns[1].columnid = f.value;
    for (int32_t i = 2; i <= N_ROWS; i++) {
        assert_ok(ese_next_row(f.sesid, f.table, 0, columns, 2));
        assert_int_equal(number_in(&columns[0]), i);
        assert_int_equal(number_in(&columns[1]), 10 * i);
    }
    assert_int_equal(ese_next_row(f.sesid, f.table, 0, columns, 2), JET_errNoCurrentRecord);
    assert_int_equal(ese_next_row(f.sesid, f.table, 0, columns, 2), JET_errNoCurrentRecord);
    assert_ok(JetMove(f.sesid, f.table, JET_MovePrevious, 0));
    assert_ok(ese_get_row(f.sesid, f.table, 0, columns, 2));
    assert_int_equal(number_in(&columns[0]), N_ROWS);
    end_temp(&f);
}

static void
test_api_next_row__cancels_an_update_as_a_move_does(void **state)
{
    temp_fixture f;
    ese_column column;

    (void)state;
    start_with_rows(&f);
    column.columnid = f.key;
    assert_ok(JetPrepareUpdate(f.sesid, f.table, JET_prepReplace));
    assert_ok(ese_next_row(f.sesid, f.table, 0, &column, 1));
    assert_int_equal(JetUpdate(f.sesid, f.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_int_equal(number_in(&column), 2);
    end_temp(&f);
}

static void
test_api_next_row__refuses_bad_arguments(void **state)
{
    temp_fixture f;
    ese_column column = {.columnid = 0x7777};

    (void)state;
    start_with_rows(&f);
    assert_int_equal(ese_next_row(f.sesid, f.table, 0, NULL, 1), JET_errInvalidParameter);
    assert_int_equal(ese_next_row(f.sesid, f.table, 0, &column, 1), JET_errColumnNotFound);
    assert_int_equal(ese_next_row(f.sesid, f.table + 1, 0, &column, 1), JET_errInvalidTableId);
    assert_int_equal(ese_next_row(0, f.table, 0, &column, 1), JET_errInvalidSesid);
    end_temp(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_next_row__goes_through_all_records_to_the_end),
        cmocka_unit_test(test_api_next_row__cancels_an_update_as_a_move_does),
        cmocka_unit_test(test_api_next_row__refuses_bad_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
