/* Changes of the schema when memory, reads or writes fail at every single point: the error is told, nothing leaks, and the catalog is as before. */
#include "ddl_test.h"

/* What is done, step by step; each leaves the table one change further. */
typedef JET_ERR step_function(ddl_test *t, ese_schema_table **table);

static JET_ERR
sync_after(ddl_test *t, ese_schema_table **table, JET_ERR err)
{
    if (err < JET_errSuccess)
        return err;
    return ese_schema_table_sync(t->schema, &t->sessions[0], table);
}

static JET_ERR
step_add(ddl_test *t, ese_schema_table **table)
{
    const ese_schema_new_column what = {.name = "added", .coltyp = JET_coltypText};
    JET_COLUMNID columnid = 0;

    return sync_after(t, table,
                      ese_schema_add_column(&t->sessions[0], t->schema, *table, &what, &columnid));
}

static JET_ERR
step_index(ddl_test *t, ese_schema_table **table)
{
    uint32_t objid = 0;

    return sync_after(t, table,
                      ese_schema_create_index(&t->sessions[0], t->schema, *table,
                                              DDL_INDEX("index", "+c\0", 0), &objid));
}

static JET_ERR
step_localized(ddl_test *t, ese_schema_table **table)
{
    uint32_t objid = 0;

    return sync_after(t, table,
                      ese_schema_create_index(&t->sessions[0], t->schema, *table,
                                              DDL_INDEX("localized", "+u\0", 0), &objid));
}

static JET_ERR
step_rename(ddl_test *t, ese_schema_table **table)
{
    return sync_after(t, table,
                      ese_schema_rename_column(&t->sessions[0], t->schema, *table, "c", "renamed"));
}

static JET_ERR
step_rename_table(ddl_test *t, ese_schema_table **table)
{
    return sync_after(t, table,
                      ese_schema_rename_table(&t->sessions[0], t->schema, "t", "renamed"));
}

static JET_ERR
step_delete_column(ddl_test *t, ese_schema_table **table)
{
    return sync_after(t, table,
                      ese_schema_delete_column(&t->sessions[0], t->schema, *table, "u", 0));
}

static JET_ERR
step_long_values(ddl_test *t, ese_schema_table **table)
{
    ese_txn_statement statement;
    ese_btree tree;
    JET_ERR err = ese_txn_statement_enter(&t->sessions[0], &statement);

    if (err < JET_errSuccess)
        return err;
    err = ese_schema_lv_tree(&t->sessions[0], t->schema, *table, &tree);
    return ese_txn_statement_leave(&t->sessions[0], &statement, err);
}

static JET_ERR
step_create(ddl_test *t, ese_schema_table **table)
{
    const ese_schema_new_table what = {.name = "another"};
    ese_schema_table *another = NULL;
    JET_ERR err = ese_schema_create_table(&t->sessions[0], t->schema, &what, &another);

    (void)table;
    ese_schema_table_release(t->schema, &another);
    return err;
}

static JET_ERR
step_delete(ddl_test *t, ese_schema_table **table)
{
    (void)table;
    return ese_schema_delete_table(&t->sessions[0], t->schema, "victim");
}

static ese_schema_table *
prepare(ddl_test *t)
{
    const ese_schema_new_column unicode = {
        .name = "u", .coltyp = JET_coltypText, .code_page = 1200};
    ese_schema_table *table, *victim;
    JET_COLUMNID columnid = 0;

    ddl_create(t, 4096);
    victim = ddl_create_table(t, 0, "victim");
    ddl_add_column(t, 0, &victim, "c", JET_coltypLong);
    TEST_OK(ddl_try_index(t, 0, &victim, DDL_INDEX("i", "+c\0", 0)));
    ese_schema_table_release(t->schema, &victim);
    table = ddl_create_table(t, 0, "t");
    ddl_add_column(t, 0, &table, "c", JET_coltypLong);
    TEST_OK(ese_schema_add_column(&t->sessions[0], t->schema, table, &unicode, &columnid));
    ddl_sync(t, 0, &table);
    ese_txn_store_clean(t->db.store);
    return table;
}

static size_t
n_rows(ddl_test *t)
{
    ese_txn_store_clean(t->db.store);
    return test_structure_check(&t->schema->catalog).n_nodes;
}

static bool
try_at(ddl_test *t, ese_schema_table **table, step_function *step, uint64_t nth)
{
    size_t before = n_rows(t);
    JET_ERR err;

    ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
    err = step(t, table);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
    if (err < JET_errSuccess) {
        ddl_sync(t, 0, table); /* a change may have been made, and only looking at it have failed */
        if (n_rows(t) != before)
            return true;
        return false;
    }
    return true;
}

static void
fail_each_allocation(step_function *step)
{
    ddl_test t;
    ese_schema_table *table = prepare(&t);
    uint64_t nth = 1;

    while (!try_at(&t, &table, step, nth))
        nth++;
    assert_in_range(nth, 2, 2000);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_reopen(&t);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_ddl__survives_every_failed_allocation(void **state)
{
    step_function *const steps[] = {step_add,         step_index,        step_localized,
                                    step_rename,      step_rename_table, step_delete_column,
                                    step_long_values, step_create,       step_delete};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        fail_each_allocation(steps[i]);
}

static void
test_schema_open__survives_every_failed_allocation(void **state)
{
    ddl_test t;
    ese_schema_table *table = prepare(&t);
    JET_ERR err = JET_errOutOfMemory;
    uint64_t nth = 1;

    (void)state;
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    for (; err != JET_errSuccess; nth++) {
        ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
        err = ese_schema_table_open(t.schema, &t.sessions[0], "t", &table);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
    }
    assert_in_range(nth, 3, 200);
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_ddl__survives_every_failed_allocation),
        cmocka_unit_test(test_schema_open__survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
