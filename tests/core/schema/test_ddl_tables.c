/* Tables: a fresh catalog, what comes and goes in it, and who sees that when. */
#include "ddl_test.h"

/* ---- A fresh database ---- */

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

typedef struct counting {
    unsigned n;
} counting;

static JET_ERR
count_object(void *self, const ese_schema_object *object)
{
    assert_true((object->flags & (uint32_t)ESE_SCHEMA_TABLE_SYSTEM) != 0);
    ((counting *)self)->n++;
    return JET_errSuccess;
}

static void
test_schema_format__makes_the_four_system_tables(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        ddl_test t;
        counting count = {0};
        ese_schema_table *table;

        ddl_create(&t, page_sizes[i]);
        ddl_check_catalog(&t);
        ddl_reopen(&t);
        TEST_OK(ese_schema_list(t.schema, &t.sessions[0], &count, count_object));
        assert_int_equal(count.n, 4);
        table = ddl_open(&t, 0, "msysobjects");
        assert_int_equal(table->n_columns, 28);
        assert_int_equal(table->n_indexes, 3);
        assert_int_equal(table->tree.root, 4);
        ese_schema_table_release(t.schema, &table);
        table = ddl_open(&t, 0, "MSysLocales");
        assert_int_equal(test_structure_check(&table->tree).n_nodes, 7);
        ese_schema_table_release(t.schema, &table);
        table = ddl_open(&t, 0, "MSysObjids");
        assert_int_equal(test_structure_check(&table->tree).n_nodes, 6);
        ese_schema_table_release(t.schema, &table);
        assert_int_equal(test_structure_check(&t.schema->catalog).n_nodes, 72);
        assert_int_equal(test_structure_check(&t.schema->roots).n_nodes, 4);
        ddl_remove(&t);
    }
}

/* ---- Names and descriptions ---- */

static JET_ERR
try_table(ddl_test *t, const ese_schema_new_table *what)
{
    ese_schema_table *table = NULL;
    JET_ERR err = ese_schema_create_table(&t->sessions[0], t->schema, what, &table);

    ese_schema_table_release(t->schema, &table);
    return err;
}

static void
test_schema_create_table__refuses_what_is_no_name(void **state)
{
    static const char *const wrong[] = {"",    " a",  "a.b",  "a!b",      "a[b",
                                        "a]b", "a\1", "\xff", "\xc4\x80", NULL};
    static const char *const right[] = {"a b", "a ", "a/b", "a\x7f", "1", "\xc3\xa9t\xc3\xa9"};
    char longest[66];
    ddl_test t;

    (void)state;
    ddl_create(&t, 4096);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = wrong[i]}),
                         JET_errInvalidName);
    for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++)
        TEST_OK(try_table(&t, &(ese_schema_new_table){.name = right[i]}));
    memset(longest, 'n', sizeof longest);
    longest[65] = '\0';
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = longest}), JET_errInvalidName);
    longest[64] = '\0';
    TEST_OK(try_table(&t, &(ese_schema_new_table){.name = longest}));
    ddl_reopen(&t);
    for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_true(ddl_sees(&t, 1, right[i]));
    assert_true(ddl_sees(&t, 1, longest));
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_create_table__refuses_a_name_that_is_taken(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "Table");
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = "tAbLe"}),
                     JET_errTableDuplicate);
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = "msysobjects"}),
                     JET_errTableDuplicate);
    ese_schema_table_release(t.schema, &table);
    ddl_begin(&t, 1);
    table = ddl_create_table(&t, 1, "uncommitted");
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = "uncommitted"}),
                     JET_errTableDuplicate);
    ese_schema_table_release(t.schema, &table);
    ddl_rollback(&t, 1);
    TEST_OK(try_table(&t, &(ese_schema_new_table){.name = "uncommitted"}));
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_create_table__checks_the_density(void **state)
{
    ddl_test t;

    (void)state;
    ddl_create(&t, 4096);
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = "a", .density = 19}),
                     JET_errDensityInvalid);
    assert_int_equal(try_table(&t, &(ese_schema_new_table){.name = "a", .density = 101}),
                     JET_errDensityInvalid);
    TEST_OK(try_table(&t, &(ese_schema_new_table){.name = "a", .density = 20}));
    TEST_OK(try_table(&t, &(ese_schema_new_table){.name = "b", .density = 100, .n_pages = 40}));
    ddl_remove(&t);
}

/* ---- Attributes ---- */

static void
test_schema_create_table__stores_what_was_asked_for(void **state)
{
    const ese_schema_new_table what = {
        .name = "t",
        .n_pages = 5,
        .density = 90,
        .separate_lv = 64,
        .hints = {sizeof what.hints, 90, 0x5000, 2, 70, 150, 0x1000, 0x4000},
        .lv_hints = {sizeof what.hints, 0, 0x2000, 0, 0, 0, 0, 0},
    };
    ddl_test t;
    ese_schema_table *table = NULL;

    (void)state;
    ddl_create(&t, 4096);
    TEST_OK(ese_schema_create_table(&t.sessions[0], t.schema, &what, &table));
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "T");
    assert_string_equal(table->name, "t");
    assert_int_equal(table->n_initial_pages, 5);
    assert_int_equal(table->density, 90);
    assert_int_equal(table->separate_lv, 64);
    assert_int_equal(table->hints.cbStruct, sizeof what.hints);
    assert_int_equal(table->hints.grbit, 2);
    assert_int_equal(table->hints.ulMaintDensity, 70);
    assert_int_equal(table->hints.ulGrowth, 150);
    assert_int_equal(table->hints.cbMinExtent, 0x1000);
    assert_int_equal(table->hints.cbMaxExtent, 0x4000);
    assert_int_equal(table->lv_hints.cbInitial, 0x2000);
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

/* ---- Who sees it ---- */

static void
test_schema_create_table__is_seen_by_others_after_the_commit(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    ddl_begin(&t, 1); /* began before: never sees it */
    ddl_begin(&t, 0);
    table = ddl_create_table(&t, 0, "t");
    assert_true(ddl_sees(&t, 0, "t"));
    assert_false(ddl_sees(&t, 1, "t"));
    assert_false(ddl_sees(&t, 2, "t"));
    ese_schema_table_release(t.schema, &table);
    ddl_commit(&t, 0);
    assert_true(ddl_sees(&t, 0, "t"));
    assert_false(ddl_sees(&t, 1, "t"));
    assert_true(ddl_sees(&t, 2, "t"));
    ddl_commit(&t, 1);
    assert_true(ddl_sees(&t, 1, "t"));
    ddl_remove(&t);
}

static void
test_schema_create_table__is_gone_after_a_rollback(void **state)
{
    ddl_test t;
    ese_schema_table *outer, *inner;
    ese_pgno n_pages, n_free_before = 0, n_free = 0;

    (void)state;
    ddl_create(&t, 4096);
    TEST_OK(ese_btree_db_size(t.db.db, &n_pages, &n_free_before));
    ddl_begin(&t, 0);
    outer = ddl_create_table(&t, 0, "outer");
    ddl_add_column(&t, 0, &outer, "c", JET_coltypLong);
    TEST_OK(ddl_try_index(&t, 0, &outer, DDL_INDEX("i", "+c\0", 0)));
    ddl_begin(&t, 0);
    inner = ddl_create_table(&t, 0, "inner");
    ddl_rollback(&t, 0);
    assert_false(ddl_sees(&t, 0, "inner"));
    assert_true(ddl_sees(&t, 0, "outer"));
    assert_int_equal(ese_schema_table_sync(t.schema, &t.sessions[0], &inner),
                     JET_errObjectNotFound);
    ese_schema_table_release(t.schema, &inner);
    ddl_rollback(&t, 0);
    assert_false(ddl_sees(&t, 0, "outer"));
    assert_int_equal(ese_schema_table_sync(t.schema, &t.sessions[0], &outer),
                     JET_errObjectNotFound);
    ese_schema_table_release(t.schema, &outer);
    ese_txn_store_clean(t.db.store);
    TEST_OK(ese_btree_db_size(t.db.db, &n_pages, &n_free));
    assert_int_equal(n_free, n_free_before);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_delete_table__is_seen_by_others_after_the_commit(void **state)
{
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "t");
    ddl_add_column(&t, 0, &table, "c", JET_coltypLong);
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, "T"));
    assert_false(ddl_sees(&t, 0, "t"));
    assert_true(ddl_sees(&t, 1, "t"));
    assert_int_equal(ese_schema_delete_table(&t.sessions[0], t.schema, "t"), JET_errObjectNotFound);
    assert_int_equal(ese_schema_delete_table(&t.sessions[1], t.schema, "t"), JET_errWriteConflict);
    ddl_rollback(&t, 0);
    assert_true(ddl_sees(&t, 0, "t"));
    ddl_sync(&t, 0, &table);
    ddl_add_column(&t, 0, &table, "d", JET_coltypLong);
    ese_schema_table_release(t.schema, &table);
    ddl_begin(&t, 1);
    assert_true(ddl_sees(&t, 1, "t"));
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, "t"));
    table = ddl_create_table(&t, 0, "t"); /* another one of the name */
    assert_int_equal(table->n_columns, 0);
    ese_schema_table_release(t.schema, &table);
    ddl_commit(&t, 0);
    table = ddl_open(&t, 1, "t");
    assert_int_equal(table->n_columns, 2);
    ese_schema_table_release(t.schema, &table);
    ddl_commit(&t, 1);
    table = ddl_open(&t, 1, "t");
    assert_int_equal(table->n_columns, 0);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_delete_table__gives_its_pages_back(void **state)
{
    ddl_test t;
    ese_schema_table *table;
    ese_btree tree;
    ese_pgno n_pages, n_free_before = 0, n_free = 0;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "first"); /* makes room in the trees of the catalog */
    ese_schema_table_release(t.schema, &table);
    TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, "first"));
    ese_txn_store_clean(t.db.store);
    TEST_OK(ese_btree_db_size(t.db.db, &n_pages, &n_free_before));
    table = ddl_create_table(&t, 0, "t");
    ddl_add_column(&t, 0, &table, "c", JET_coltypLong);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("i", "+c\0", 0)));
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_lv_tree(&t.sessions[0], t.schema, table, &tree));
    ddl_commit(&t, 0);
    ese_schema_table_release(t.schema, &table);
    TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, "t"));
    ese_txn_store_clean(t.db.store);
    TEST_OK(ese_btree_db_size(t.db.db, &n_pages, &n_free));
    assert_int_equal(n_free, n_free_before);
    ddl_check_catalog(&t);
    assert_int_equal(test_structure_check(&t.schema->catalog).n_nodes, 72);
    ddl_remove(&t);
}

static void
test_schema_delete_table__spares_what_belongs_to_the_engine(void **state)
{
    ddl_test t;
    ese_schema_table *table = NULL;

    (void)state;
    ddl_create(&t, 4096);
    assert_int_equal(ese_schema_delete_table(&t.sessions[0], t.schema, "MSysObjects"),
                     JET_errCannotDeleteSystemTable);
    assert_int_equal(ese_schema_delete_table(&t.sessions[0], t.schema, "none"),
                     JET_errObjectNotFound);
    assert_int_equal(ese_schema_delete_table(&t.sessions[0], t.schema, ""), JET_errInvalidName);
    TEST_OK(ese_schema_create_table(
        &t.sessions[0], t.schema,
        &(ese_schema_new_table){.name = "t",
                                .flags = ESE_SCHEMA_TABLE_TEMPLATE | ESE_SCHEMA_TABLE_FIXED_DDL},
        &table));
    ese_schema_table_release(t.schema, &table);
    assert_int_equal(ese_schema_delete_table(&t.sessions[0], t.schema, "t"),
                     JET_errCannotDeleteTemplateTable);
    ddl_remove(&t);
}

static void
test_schema_rename_table__is_seen_by_others_after_the_commit(void **state)
{
    ddl_test t;
    ese_schema_table *table, *held;

    (void)state;
    ddl_create(&t, 4096);
    table = ddl_create_table(&t, 0, "one");
    held = ddl_open(&t, 1, "one");
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_rename_table(&t.sessions[0], t.schema, "ONE", "uno"));
    assert_false(ddl_sees(&t, 0, "one"));
    assert_true(ddl_sees(&t, 0, "uno"));
    assert_true(ddl_sees(&t, 1, "one"));
    assert_false(ddl_sees(&t, 1, "uno"));
    ddl_sync(&t, 1, &held);
    assert_string_equal(held->name, "one");
    ddl_sync(&t, 0, &table);
    assert_string_equal(table->name, "uno");
    ddl_commit(&t, 0);
    ddl_sync(&t, 1, &held);
    assert_string_equal(held->name, "uno");
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_rename_table(&t.sessions[0], t.schema, "uno", "one"));
    ddl_rollback(&t, 0);
    assert_true(ddl_sees(&t, 0, "uno"));
    assert_false(ddl_sees(&t, 0, "one"));
    ddl_sync(&t, 0, &table);
    assert_string_equal(table->name, "uno");
    ese_schema_table_release(t.schema, &table);
    ese_schema_table_release(t.schema, &held);
    TEST_OK(ese_schema_rename_table(&t.sessions[0], t.schema, "uno", "UNO"));
    table = ddl_open(&t, 2, "uno");
    assert_string_equal(table->name, "UNO");
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_rename_table__refuses_names_that_are_taken_or_none(void **state)
{
    ddl_test t;
    ese_schema_table *one, *two;

    (void)state;
    ddl_create(&t, 4096);
    one = ddl_create_table(&t, 0, "one");
    two = ddl_create_table(&t, 0, "two");
    assert_int_equal(ese_schema_rename_table(&t.sessions[0], t.schema, "one", "TWO"),
                     JET_errKeyDuplicate);
    assert_int_equal(ese_schema_rename_table(&t.sessions[0], t.schema, "one", "a!"),
                     JET_errInvalidName);
    assert_int_equal(ese_schema_rename_table(&t.sessions[0], t.schema, "none", "some"),
                     JET_errObjectNotFound);
    assert_int_equal(ese_schema_rename_table(&t.sessions[0], t.schema, "MSysObjects", "O"),
                     JET_errFixedDDL);
    assert_true(ddl_sees(&t, 0, "one"));
    ese_schema_table_release(t.schema, &one);
    ese_schema_table_release(t.schema, &two);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

/* ---- Many ---- */

static void
test_schema_ddl__many_tables_in_a_database(void **state)
{
    enum { MANY = 300 };
    ddl_test t;
    char name[32];

    (void)state;
    ddl_create(&t, 4096);
    for (unsigned i = 0; i < MANY; i++) {
        ese_schema_table *table;

        (void)snprintf(name, sizeof name, "table %u", i * 7919 % MANY);
        table = ddl_create_table(&t, 0, name);
        ddl_add_column(&t, 0, &table, "a", JET_coltypLong);
        ddl_add_column(&t, 0, &table, "b", JET_coltypText);
        ese_schema_table_release(t.schema, &table);
    }
    ddl_check_catalog(&t);
    for (unsigned i = 0; i < MANY; i += 2) {
        (void)snprintf(name, sizeof name, "table %u", i);
        TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, name));
    }
    ddl_check_catalog(&t);
    ddl_reopen(&t);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "TABLE %u", i);
        assert_int_equal(ddl_sees(&t, 0, name), i % 2);
    }
    assert_int_equal(test_structure_check(&t.schema->roots).n_nodes, 4 + MANY / 2);
    ddl_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_format__makes_the_four_system_tables),
        cmocka_unit_test(test_schema_create_table__refuses_what_is_no_name),
        cmocka_unit_test(test_schema_create_table__refuses_a_name_that_is_taken),
        cmocka_unit_test(test_schema_create_table__checks_the_density),
        cmocka_unit_test(test_schema_create_table__stores_what_was_asked_for),
        cmocka_unit_test(test_schema_create_table__is_seen_by_others_after_the_commit),
        cmocka_unit_test(test_schema_create_table__is_gone_after_a_rollback),
        cmocka_unit_test(test_schema_delete_table__is_seen_by_others_after_the_commit),
        cmocka_unit_test(test_schema_delete_table__gives_its_pages_back),
        cmocka_unit_test(test_schema_delete_table__spares_what_belongs_to_the_engine),
        cmocka_unit_test(test_schema_rename_table__is_seen_by_others_after_the_commit),
        cmocka_unit_test(test_schema_rename_table__refuses_names_that_are_taken_or_none),
        cmocka_unit_test(test_schema_ddl__many_tables_in_a_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
