/* Columns: which ids and places they get, what is refused, what deleted ones leave behind. */
#include "ddl_test.h"

static JET_ERR
try_add(ddl_test *t, ese_schema_table **table, const ese_schema_new_column *what,
        JET_COLUMNID *columnid_out)
{
    JET_ERR err = ese_schema_add_column(&t->sessions[0], t->schema, *table, what, columnid_out);

    if (err >= JET_errSuccess)
        ddl_sync(t, 0, table);
    return err;
}

static JET_COLUMNID
add(ddl_test *t, ese_schema_table **table, const ese_schema_new_column *what)
{
    JET_COLUMNID columnid = 0;

    TEST_OK(try_add(t, table, what, &columnid));
    return columnid;
}

static const ese_schema_column *
find(const ese_schema_table *table, const char *name)
{
    const ese_schema_column *column = ese_schema_find_column_name(table, name);

    assert_non_null(column);
    return column;
}

static void
test_schema_add_column__allots_ids_and_places(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
#define ADD(...) add(&t, &table, &(ese_schema_new_column){__VA_ARGS__})
    assert_int_equal(ADD(.name = "long", .coltyp = JET_coltypLong), 1);
    assert_int_equal(ADD(.name = "text", .coltyp = JET_coltypText, .code_page = 1200), 128);
    assert_int_equal(ADD(.name = "lt", .coltyp = JET_coltypLongText), 256);
    assert_int_equal(ADD(.name = "bit", .coltyp = JET_coltypBit), 2);
    assert_int_equal(
        ADD(.name = "fixed", .coltyp = JET_coltypText, .size_max = 10, .grbit = JET_bitColumnFixed),
        3);
    assert_int_equal(ADD(.name = "tagged", .coltyp = JET_coltypLong, .grbit = JET_bitColumnTagged),
                     257);
    assert_int_equal(ADD(.name = "bin", .coltyp = JET_coltypBinary, .size_max = 300), 129);
    assert_int_equal(ADD(.name = "guid", .coltyp = JET_coltypGUID), 4);
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    assert_int_equal(table->n_columns, 8);
    assert_int_equal(find(table, "long")->offset, 4);
    assert_int_equal(find(table, "bit")->offset, 8);
    assert_int_equal(find(table, "fixed")->offset, 9);
    assert_int_equal(find(table, "fixed")->size_max, 10);
    assert_int_equal(find(table, "guid")->offset, 19);
    assert_int_equal(find(table, "text")->code_page, 1200);
    assert_int_equal(find(table, "lt")->code_page, 1252);
    assert_int_equal(find(table, "long")->code_page, 0);
    assert_int_equal(find(table, "bin")->size_max, 255);
    assert_int_equal(ADD(.name = "next", .coltyp = JET_coltypShort), 5);
    assert_int_equal(find(table, "next")->offset, 35);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_add_column__refuses_what_does_not_go_together(void **state)
{
    static const uint8_t value[300];
    const struct {
        ese_schema_new_column what;
        JET_ERR expected;
    } cases[] = {
        {{.coltyp = JET_coltypNil}, JET_errInvalidColumnType},
        {{.coltyp = JET_coltypSLV}, JET_errInvalidColumnType},
        {{.coltyp = 19}, JET_errInvalidColumnType},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnFixed | JET_bitColumnTagged},
         JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLongText, .grbit = JET_bitColumnFixed}, JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnMultiValued},
         JET_errMultiValuedColumnMustBeTagged},
        {{.coltyp = JET_coltypText, .grbit = JET_bitColumnCompressed},
         JET_errColumnCannotBeCompressed},
        {{.coltyp = JET_coltypText, .code_page = 65001}, JET_errInvalidCodePage},
        {{.coltyp = JET_coltypShort, .grbit = JET_bitColumnAutoincrement}, JET_errInvalidGrbit},
        {{.coltyp = JET_coltypCurrency, .grbit = JET_bitColumnVersion}, JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnVersion | JET_bitColumnAutoincrement},
         JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnVersion | JET_bitColumnTagged},
         JET_errCannotBeTagged},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnEscrowUpdate}, JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnFinalize}, JET_errInvalidGrbit},
        {{.coltyp = JET_coltypLong, .grbit = JET_bitColumnUserDefinedDefault},
         JET_errCallbackNotResolved},
        {{.coltyp = JET_coltypLong, .default_value = {value, 3}}, JET_errInvalidBufferSize},
        {{.coltyp = JET_coltypLong, .default_value = {value, 5}}, JET_errDefaultValueTooBig},
        {{.coltyp = JET_coltypText, .size_max = 4, .default_value = {value, 5}},
         JET_errDefaultValueTooBig},
        {{.coltyp = JET_coltypLongText, .default_value = {value, 256}}, JET_errDefaultValueTooBig},
    };
    ddl_test t;
    ese_schema_table *table;
    JET_COLUMNID columnid = 77;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ese_schema_new_column what = cases[i].what;

        what.name = "c";
        assert_int_equal(try_add(&t, &table, &what, &columnid), cases[i].expected);
    }
    assert_int_equal(columnid, 77);
    assert_int_equal(try_add(&t, &table,
                             &(ese_schema_new_column){.name = "a!", .coltyp = JET_coltypLong},
                             &columnid),
                     JET_errInvalidName);
    ADD(.name = "c", .coltyp = JET_coltypLong, .grbit = JET_bitColumnAutoincrement);
    assert_int_equal(try_add(&t, &table,
                             &(ese_schema_new_column){.name = "C", .coltyp = JET_coltypLong},
                             &columnid),
                     JET_errColumnDuplicate);
    assert_int_equal(try_add(&t, &table,
                             &(ese_schema_new_column){.name = "d",
                                                      .coltyp = JET_coltypCurrency,
                                                      .grbit = JET_bitColumnAutoincrement},
                             &columnid),
                     JET_errColumnRedundant);
    assert_int_equal(table->n_columns, 1);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_add_column__knows_how_many_there_can_be(void **state)
{
    ddl_test t;
    ese_schema_table *table;
    char name[16];
    JET_COLUMNID columnid = 0;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    ddl_begin(&t, 0);
    for (unsigned i = 1; i <= 128; i++) {
        JET_ERR err;

        (void)snprintf(name, sizeof name, "f%u", i);
        err = try_add(&t, &table, &(ese_schema_new_column){.name = name, .coltyp = JET_coltypBit},
                      &columnid);
        assert_int_equal(err, i == 128 ? JET_errTooManyColumns : JET_errSuccess);
        (void)snprintf(name, sizeof name, "v%u", i);
        ADD(.name = name, .coltyp = JET_coltypBinary);
    }
    assert_int_equal(
        try_add(&t, &table,
                &(ese_schema_new_column){.name = "one more", .coltyp = JET_coltypBinary},
                &columnid),
        JET_errTooManyColumns);
    ddl_commit(&t, 0);
    assert_int_equal(table->n_columns, 255);
    ese_schema_table_release(t.schema, &table);
    table = ddl_create_table(&t, 0, "wide");
    for (unsigned i = 0; i < 14; i++) {
        (void)snprintf(name, sizeof name, "f%u", i);
        ADD(.name = name, .coltyp = JET_coltypBinary, .grbit = JET_bitColumnFixed);
    }
    assert_int_equal(try_add(&t, &table,
                             &(ese_schema_new_column){.name = "too large for a page",
                                                      .coltyp = JET_coltypBinary,
                                                      .grbit = JET_bitColumnFixed},
                             &columnid),
                     JET_errRecordTooBig);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_add_column__keeps_defaults(void **state)
{
    static const uint8_t value[] = {0x55, 0x66, 0x77, 0x88};
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 32768);
    table = ddl_create_table(&t, 0, "t");
    ADD(.name = "long", .coltyp = JET_coltypLong, .default_value = {value, 4});
    ADD(.name = "bit", .coltyp = JET_coltypBit, .default_value = {value, 1});
    ADD(.name = "tagged", .coltyp = JET_coltypLongBinary, .default_value = {value, 3});
    ADD(.name = "fixed", .coltyp = JET_coltypText, .size_max = 6, .grbit = JET_bitColumnFixed,
        .default_value = {value, 2});
    ADD(.name = "none", .coltyp = JET_coltypLong);
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    assert_memory_equal(find(table, "long")->default_value.data, value, 4);
    assert_int_equal(find(table, "bit")->default_value.data[0], 0xff);
    assert_int_equal(find(table, "tagged")->default_value.size, 3);
    assert_int_equal(find(table, "fixed")->default_value.size, 6); /* filled up */
    assert_memory_equal(find(table, "fixed")->default_value.data, "\x55\x66    ", 6);
    assert_int_equal(find(table, "none")->flags & ESE_SCHEMA_DEFAULT, 0);
    assert_int_equal(
        ese_schema_set_default(&t.sessions[0], t.schema, table, "none", (ese_bytes){value, 2}),
        JET_errInvalidBufferSize);
    assert_int_equal(
        ese_schema_set_default(&t.sessions[0], t.schema, table, "none", (ese_bytes){NULL, 0}),
        JET_errNullInvalid);
    assert_int_equal(
        ese_schema_set_default(&t.sessions[0], t.schema, table, "nothing", (ese_bytes){value, 4}),
        JET_errColumnNotFound);
    TEST_OK(ese_schema_set_default(&t.sessions[0], t.schema, table, "none", (ese_bytes){value, 4}));
    ddl_sync(&t, 0, &table);
    assert_memory_equal(find(table, "none")->default_value.data, value, 4);
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

static void
test_schema_delete_column__leaves_its_id_and_place_taken(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    ADD(.name = "a", .coltyp = JET_coltypLong);
    ADD(.name = "b", .coltyp = JET_coltypLong);
    TEST_OK(ese_schema_delete_column(&t.sessions[0], t.schema, table, "B", 0));
    ddl_sync(&t, 0, &table);
    assert_int_equal(table->n_columns, 1);
    assert_int_equal(ese_schema_delete_column(&t.sessions[0], t.schema, table, "b", 0),
                     JET_errColumnNotFound);
    assert_int_equal(ADD(.name = "b", .coltyp = JET_coltypLong), 3);
    assert_int_equal(find(table, "b")->offset, 12);
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    assert_int_equal(table->n_columns, 2);
    assert_int_equal(find(table, "b")->columnid, 3);
    assert_int_equal(ADD(.name = "c", .coltyp = JET_coltypLong), 4);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_columns__of_an_index_stay(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    ADD(.name = "key", .coltyp = JET_coltypLong);
    ADD(.name = "condition", .coltyp = JET_coltypLong);
    TEST_OK(ddl_try_index(
        &t, 0, &table,
        &(ese_schema_new_index){
            .name = "i",
            .key = "+key\0",
            .key_size = 6,
            .conditions = &(const JET_CONDITIONALCOLUMN_A){sizeof(JET_CONDITIONALCOLUMN_A),
                                                           (char *)(uintptr_t) "condition",
                                                           JET_bitIndexColumnMustBeNull},
            .n_conditions = 1}));
    assert_int_equal(ese_schema_delete_column(&t.sessions[0], t.schema, table, "key", 0),
                     JET_errColumnInUse);
    assert_int_equal(ese_schema_delete_column(&t.sessions[0], t.schema, table, "condition", 0),
                     JET_errColumnInUse);
    assert_int_equal(ese_schema_set_default(&t.sessions[0], t.schema, table, "key",
                                            (ese_bytes){(const uint8_t *)"1234", 4}),
                     JET_errColumnInUse);
    TEST_OK(ese_schema_rename_column(&t.sessions[0], t.schema, table, "key", "Schluessel"));
    ddl_sync(&t, 0, &table);
    assert_string_equal(ese_schema_find_index(table, "i")->segments[0].column->name, "Schluessel");
    assert_int_equal(
        ese_schema_rename_column(&t.sessions[0], t.schema, table, "Schluessel", "CONDITION"),
        JET_errKeyDuplicate);
    TEST_OK(ese_schema_delete_index(&t.sessions[0], t.schema, table, "I"));
    ddl_sync(&t, 0, &table);
    TEST_OK(ese_schema_delete_column(&t.sessions[0], t.schema, table, "schluessel", 0));
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

/* ---- Who sees them ---- */

static void
test_schema_columns__are_seen_by_others_after_the_commit(void **state)
{
    ddl_test t;
    ese_schema_table *own, *other, *late;
    uint64_t before, generation;

    (void)state;
    ddl_create(&t, 4096);
    own = ddl_create_table(&t, 0, "t");
    ddl_begin(&t, 2);
    other = ddl_open(&t, 1, "t");
    late = ddl_open(&t, 2, "t");
    before = ese_schema_generation(t.schema, &t.sessions[1]);
    assert_int_equal(ese_schema_generation(t.schema, &t.sessions[1]), before);
    ddl_begin(&t, 0);
    ddl_add_column(&t, 0, &own, "c", JET_coltypLong);
    assert_int_equal(own->n_columns, 1);
    ddl_sync(&t, 1, &other);
    assert_int_equal(other->n_columns, 0);
    assert_int_equal(ddl_try_column(&t, 1, &other, "d", JET_coltypLong), JET_errWriteConflict);
    generation = ese_schema_generation(t.schema, &t.sessions[1]);
    ddl_commit(&t, 0);
    assert_int_not_equal(ese_schema_generation(t.schema, &t.sessions[1]), generation);
    ddl_sync(&t, 1, &other);
    ddl_sync(&t, 2, &late);
    assert_int_equal(other->n_columns, 1);
    assert_int_equal(late->n_columns, 0);
    assert_int_equal(ddl_try_column(&t, 2, &late, "d", JET_coltypLong), JET_errWriteConflict);
    generation = ese_schema_generation(t.schema, &t.sessions[2]);
    ddl_commit(&t, 2);
    assert_int_not_equal(ese_schema_generation(t.schema, &t.sessions[2]), generation);
    ddl_sync(&t, 2, &late);
    assert_int_equal(late->n_columns, 1);
    assert_ptr_equal(late, other);
    ddl_add_column(&t, 2, &late, "d", JET_coltypLong);
    ese_schema_table_release(t.schema, &own);
    ese_schema_table_release(t.schema, &other);
    ese_schema_table_release(t.schema, &late);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_columns__go_with_a_rollback_level_by_level(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    ddl_add_column(&t, 0, &table, "zero", JET_coltypLong);
    ddl_begin(&t, 0);
    ddl_add_column(&t, 0, &table, "one", JET_coltypLong);
    ddl_begin(&t, 0);
    ddl_add_column(&t, 0, &table, "two", JET_coltypLong);
    TEST_OK(ese_schema_delete_column(&t.sessions[0], t.schema, table, "one", 0));
    ddl_sync(&t, 0, &table);
    assert_int_equal(table->n_columns, 2);
    ddl_rollback(&t, 0);
    ddl_sync(&t, 0, &table);
    assert_int_equal(table->n_columns, 2);
    assert_non_null(ese_schema_find_column_name(table, "one"));
    ddl_add_column(&t, 0, &table, "two", JET_coltypLong);
    assert_int_equal(find(table, "two")->columnid, 3);
    ddl_rollback(&t, 0);
    ddl_sync(&t, 0, &table);
    assert_int_equal(table->n_columns, 1);
    ddl_add_column(&t, 1, &table, "one", JET_coltypLong); /* the claim is gone, too */
    assert_int_equal(find(table, "one")->columnid, 2);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_add_column__allots_ids_and_places),
        cmocka_unit_test(test_schema_add_column__refuses_what_does_not_go_together),
        cmocka_unit_test(test_schema_add_column__knows_how_many_there_can_be),
        cmocka_unit_test(test_schema_add_column__keeps_defaults),
        cmocka_unit_test(test_schema_delete_column__leaves_its_id_and_place_taken),
        cmocka_unit_test(test_schema_columns__of_an_index_stay),
        cmocka_unit_test(test_schema_columns__are_seen_by_others_after_the_commit),
        cmocka_unit_test(test_schema_columns__go_with_a_rollback_level_by_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
