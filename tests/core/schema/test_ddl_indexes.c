/* Indexes, templates and long-value trees: what their rows say, which trees there are, what is refused. */
#include "ddl_test.h"

static const ese_schema_index *
find(const ese_schema_table *table, const char *name)
{
    const ese_schema_index *index = ese_schema_find_index(table, name);

    assert_non_null(index);
    return index;
}

/* A table with columns of several kinds. */
static ese_schema_table *
make_table(ddl_test *t, const char *name)
{
    static const struct {
        const char *name;
        JET_COLTYP coltyp;
        uint16_t code_page;
        JET_GRBIT grbit;
    } columns[] = {
        {"a", JET_coltypLong, 0, 0},
        {"b", JET_coltypShort, 0, 0},
        {"text", JET_coltypText, 1252, 0},
        {"unicode", JET_coltypText, 1200, 0},
        {"many", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued},
        {"lb", JET_coltypLongBinary, 0, 0},
    };
    ese_schema_table *table = ddl_create_table(t, 0, name);

    for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const ese_schema_new_column what = {.name = columns[i].name,
                                            .coltyp = columns[i].coltyp,
                                            .code_page = columns[i].code_page,
                                            .grbit = columns[i].grbit};
        JET_COLUMNID columnid = 0;

        TEST_OK(ese_schema_add_column(&t->sessions[0], t->schema, table, &what, &columnid));
        ddl_sync(t, 0, &table);
    }
    return table;
}

static void
test_schema_create_index__stores_flags_as_the_format_has_them(void **state)
{
    static const struct {
        const char *name;
        const char *key;
        uint32_t key_size;
        JET_GRBIT grbit;
        uint32_t flags;
    } cases[] = {
        {"plain", "+a\0", 4, 0, 0x1000e},
        {"unique", "+a\0", 4, JET_bitIndexUnique, 0x1000f},
        {"no null", "+a\0", 4, JET_bitIndexDisallowNull, 0x10010},
        {"ignore null", "+a\0", 4, JET_bitIndexIgnoreNull, 0x1000c},
        {"ignore any", "+a\0", 4, JET_bitIndexIgnoreAnyNull, 0x10000},
        {"ignore first", "+a\0", 4, JET_bitIndexIgnoreFirstNull, 0x10008},
        {"high", "-a\0", 4, JET_bitIndexSortNullsHigh, 0x1080e},
        {"localized", "+unicode\0", 10, 0, 0x1040e},
        {"no truncation", "+unicode\0", 10, JET_bitIndexDisallowTruncation | JET_bitIndexUnique,
         0x1440f},
        {"many", "+many\0", 7, 0, 0x1008e},
        {"cross", "+many\0+a\0", 10, JET_bitIndexCrossProduct, 0x1208e},
        {"nested", "+many\0+a\0", 10, JET_bitIndexNestedTable, 0x1808e},
        {"guid", "+a\0", 4, JET_bitIndexDotNetGuid, 0x3000e},
        {"primary", "+a\0-b\0", 7, JET_bitIndexPrimary, 0x1002f},
    };
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = make_table(&t, "t");
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        TEST_OK(ddl_try_index(&t, 0, &table,
                              &(ese_schema_new_index){.name = cases[i].name,
                                                      .key = cases[i].key,
                                                      .key_size = cases[i].key_size,
                                                      .grbit = cases[i].grbit}));
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    assert_int_equal(table->n_indexes, sizeof cases / sizeof cases[0]);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ese_schema_index *index = find(table, cases[i].name);

        assert_int_equal(index->flags, cases[i].flags);
        assert_string_equal(index->locale, "en-US");
        assert_int_equal(index->rules.lcmap_flags, 0x30401);
        assert_true(index->is_key_known);
        if (index != table->primary) {
            assert_int_equal(test_structure_check(&index->tree).n_nodes, 0);
            assert_int_not_equal(index->tree.root, table->tree.root);
        }
    }
    assert_string_equal(table->primary->name, "primary");
    assert_int_equal(table->primary->rules.key_most, 5 + 3);
    assert_true(table->primary->segments[1].is_descending);
    assert_int_equal(find(table, "localized")->version, UINT64_C(0x6020f0006020f));
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_create_index__refuses_what_makes_no_index(void **state)
{
    static const JET_TUPLELIMITS good = {3, 10, 100, 1, 0}, bad = {1, 10, 100, 1, 0};
    char many_columns[17 * 3 + 1] = {0};
    struct {
        ese_schema_new_index what;
        JET_ERR expected;
    } cases[] = {
        {{.key = NULL, .key_size = 0}, JET_errInvalidParameter},
        {{.key = "+a\0", .key_size = 0}, JET_errInvalidParameter},
        {{.key = "a\0", .key_size = 3}, JET_errIndexInvalidDef},
        {{.key = "+a", .key_size = 3}, JET_errIndexInvalidDef},
        {{.key = "+a", .key_size = 2}, JET_errIndexInvalidDef},
        {{.key = "", .key_size = 1}, JET_errIndexInvalidDef},
        {{.key = "\0", .key_size = 2}, JET_errIndexInvalidDef},
        {{.key = "+a\0\0\0", .key_size = 6}, JET_errIndexInvalidDef},
        {{.key = "+a\0\0+b\0", .key_size = 8}, JET_errIndexInvalidDef},
        {{.key = "+none\0", .key_size = 7}, JET_errColumnNotFound},
        {{.key = "+\0", .key_size = 3}, JET_errColumnNotFound},
        {{.key = many_columns, .key_size = sizeof many_columns}, JET_errIndexInvalidDef},
        {{.key = "+a\0", .key_size = 4, .density = 19}, JET_errDensityInvalid},
        {{.key = "+a\0", .key_size = 4, .key_most = 254}, JET_errIndexInvalidDef},
        {{.key = "+a\0", .key_size = 4, .key_most = 1001}, JET_errIndexInvalidDef},
        {{.key = "+a\0", .key_size = 4, .var_seg_mac = 256}, JET_errIndexInvalidDef},
        {{.key = "+a\0", .key_size = 4, .grbit = JET_bitIndexPrimary | JET_bitIndexIgnoreNull},
         JET_errInvalidGrbit},
        {{.key = "+many\0", .key_size = 7, .grbit = JET_bitIndexPrimary}, JET_errIndexInvalidDef},
        {{.key = "+a\0", .key_size = 4, .grbit = JET_bitIndexEmpty}, JET_errInvalidGrbit},
        {{.key = "+a\0", .key_size = 4, .tuple = &good}, JET_errIndexTuplesTextBinaryColumnsOnly},
        {{.key = "+text\0", .key_size = 7, .tuple = &bad}, JET_errIndexTuplesInvalidLimits},
        {{.key = "+text\0", .key_size = 7, .tuple = &good, .grbit = JET_bitIndexUnique},
         JET_errIndexTuplesNonUniqueOnly},
        {{.key = "+text\0", .key_size = 7, .tuple = &good, .grbit = JET_bitIndexPrimary},
         JET_errIndexTuplesSecondaryIndexOnly},
        {{.key = "+text\0", .key_size = 7, .tuple = &good, .var_seg_mac = 9},
         JET_errIndexTuplesVarSegMacNotAllowed},
        {{.key = "+a\0", .key_size = 4, .n_conditions = 1}, JET_errIndexInvalidDef},
    };
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    for (unsigned i = 0; i < 17; i++)
        memcpy(many_columns + 3 * (size_t)i, "+a", 3);
    ddl_create(&t, 4096);
    table = make_table(&t, "t");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i].what.name = "i";
        assert_int_equal(ddl_try_index(&t, 0, &table, &cases[i].what), cases[i].expected);
    }
    assert_int_equal(ddl_try_index(&t, 0, &table, DDL_INDEX("a!", "+a\0", 0)), JET_errInvalidName);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("i", "+a\0", 0)));
    assert_int_equal(ddl_try_index(&t, 0, &table, DDL_INDEX("I", "+b\0", 0)),
                     JET_errIndexDuplicate);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("p", "+b\0", JET_bitIndexPrimary)));
    assert_int_equal(ddl_try_index(&t, 0, &table, DDL_INDEX("q", "+b\0", JET_bitIndexPrimary)),
                     JET_errIndexHasPrimary);
    assert_int_equal(table->n_indexes, 2);
    assert_int_equal(ese_schema_delete_index(&t.sessions[0], t.schema, table, "none"),
                     JET_errIndexNotFound);
    assert_int_equal(ese_schema_delete_index(&t.sessions[0], t.schema, table, "P"),
                     JET_errIndexMustStay);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_create_index__stores_all_options(void **state)
{
    static const JET_TUPLELIMITS tuple = {2, 6, 5, 2, 1};
    const JET_CONDITIONALCOLUMN_A conditions[] = {
        {sizeof conditions[0], (char *)(uintptr_t) "a", JET_bitIndexColumnMustBeNull},
        {sizeof conditions[0], (char *)(uintptr_t) "text", JET_bitIndexColumnMustBeNonNull},
    };
    const JET_SPACEHINTS hints = {sizeof hints, 90, 0x2000, 4, 0, 0, 0x1000, 0x4000};
    ddl_test t;
    ese_schema_table *table;
    const ese_schema_index *index;

    (void)state;
    ddl_create(&t, 8192);
    table = make_table(&t, "t");
    TEST_OK(ddl_try_index(&t, 0, &table,
                          &(ese_schema_new_index){.name = "tuples",
                                                  .key = "+text\0+a\0",
                                                  .key_size = 10,
                                                  .tuple = &tuple,
                                                  .density = 70,
                                                  .hints = hints}));
    TEST_OK(ddl_try_index(&t, 0, &table,
                          &(ese_schema_new_index){.name = "limits",
                                                  .key = "+unicode\0",
                                                  .key_size = 10,
                                                  .key_most = 1500,
                                                  .var_seg_mac = 30,
                                                  .locale = "de-DE",
                                                  .is_locale_given = true,
                                                  .lcmap_flags = 0x401,
                                                  .conditions = conditions,
                                                  .n_conditions = 2}));
    ese_schema_table_release(t.schema, &table);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    index = find(table, "tuples");
    assert_true(index->is_tuple);
    assert_memory_equal(&index->tuple, &tuple, sizeof tuple);
    assert_int_equal(index->density, 70);
    assert_int_equal(index->hints.cbMaxExtent, 0x4000);
    assert_int_equal(index->hints.cbInitial, 0x2000);
    index = find(table, "limits");
    assert_int_equal(index->rules.key_most, 1500);
    assert_int_equal(index->rules.var_seg_mac, 30);
    assert_int_equal(index->rules.lcmap_flags, 0x401);
    assert_string_equal(index->locale, "de-DE");
    assert_int_equal(index->flags, 0x1044e);
    assert_int_equal(index->n_conditions, 2);
    assert_true(index->conditions[0].must_be_null);
    assert_false(index->conditions[1].must_be_null);
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

enum { VALUE_AT = 5, KEY_AT = 12 };

/* Value of a row of MSysLocales, 0 when there is none. */
static uint32_t
count_of_locale(ddl_test *t, const char *suffix)
{
    ese_schema_table *table = ddl_open(t, 0, "MSysLocales");
    ese_btree_cursor cursor;
    uint32_t value = 0;
    bool found = false;

    ese_btree_cursor_init(&cursor, &table->tree, &t->sessions[0]);
    TEST_OK(ese_btree_first(&cursor, &found));
    while (found) {
        ese_bytes data = cursor.node.data;
        char text[128] = {0};

        for (size_t i = KEY_AT; i + 1 < data.size && i < KEY_AT + 2 * sizeof text - 2; i += 2)
            text[(i - KEY_AT) / 2] = (char)data.data[i];
        if (strstr(text, suffix) != NULL)
            value = ese_load_le32(data.data + VALUE_AT);
        TEST_OK(ese_btree_next(&cursor, &found));
    }
    ese_btree_cursor_reset(&cursor);
    ese_schema_table_release(t->schema, &table);
    return value;
}

static void
test_schema_create_index__counts_the_locales_in_use(void **state)
{
    static const char key[] =
        "LocaleName=en-US,SortID=00000001-57ee-1e5c-00b4-d0000bb1e11e,Ver=6020f0006020f";
    ddl_test t;
    ese_schema_table *table;

    (void)state;
    ddl_create(&t, 4096);
    table = make_table(&t, "t");
    assert_int_equal(count_of_locale(&t, "LocaleName"), 0);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("none", "+a\0+text\0", 0)));
    assert_int_equal(count_of_locale(&t, "LocaleName"), 0);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("one", "+unicode\0", 0)));
    assert_int_equal(count_of_locale(&t, key), 1);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("two", "+unicode\0", 0)));
    assert_int_equal(count_of_locale(&t, key), 2);
    ddl_begin(&t, 0);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("three", "+unicode\0", 0)));
    ddl_rollback(&t, 0);
    assert_int_equal(count_of_locale(&t, key), 2);
    assert_int_equal(count_of_locale(&t, "MSysLocalesConsistent"), 1);
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

/* ---- Which indexes a change of a record maintains ---- */

static void
assert_maintained(ddl_test *t, const ese_schema_table *table, unsigned n, unsigned n_indexes)
{
    ese_schema_table *tables[ESE_SCHEMA_MAINTAINED_MAX] = {NULL};
    unsigned n_tables = 0;

    TEST_OK(ese_schema_maintained(t->schema, table, tables, &n_tables));
    assert_int_equal(n_tables, n);
    assert_int_equal(tables[0]->n_indexes, n_indexes);
    ese_schema_release_maintained(t->schema, table, tables, n_tables);
}

static void
test_schema_maintained__are_what_is_committed_and_what_is_pending(void **state)
{
    ddl_test t;
    ese_schema_table *own, *other;

    (void)state;
    ddl_create(&t, 4096);
    own = make_table(&t, "t");
    TEST_OK(ddl_try_index(&t, 0, &own, DDL_INDEX("one", "+a\0", 0)));
    other = ddl_open(&t, 1, "t");
    assert_maintained(&t, other, 1, 1);
    ddl_begin(&t, 0);
    TEST_OK(ddl_try_index(&t, 0, &own, DDL_INDEX("two", "+b\0", 0)));
    assert_maintained(&t, other, 2, 2); /* the newest comes first */
    assert_maintained(&t, own, 2, 2);
    ddl_rollback(&t, 0);
    ddl_sync(&t, 0, &own);
    assert_maintained(&t, other, 1, 1);
    ddl_begin(&t, 1);
    TEST_OK(ese_schema_delete_index(&t.sessions[0], t.schema, own, "one"));
    ddl_sync(&t, 0, &own);
    ddl_sync(&t, 1, &other);
    assert_int_equal(other->n_indexes, 1); /* it began before */
    assert_maintained(&t, other, 2, 0);
    ddl_commit(&t, 1);
    ddl_sync(&t, 1, &other);
    assert_maintained(&t, other, 1, 0);
    ese_schema_table_release(t.schema, &own);
    ese_schema_table_release(t.schema, &other);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

/* Another session, which began before, has put an entry into the tree of an index that is then undone. */
static void
test_schema_create_index__that_is_undone_leaves_its_tree_to_who_changes_it(void **state)
{
    const ese_bytes key = {(const uint8_t *)"\x7f\x80\0\0\1", 5};
    uint32_t n_owned = 0, n_free_before = 0, n_free = 0;
    ddl_test t;
    ese_schema_table *table;
    ese_txn_statement statement;
    ese_btree tree;

    (void)state;
    ddl_create(&t, 4096);
    table = make_table(&t, "t");
    ddl_begin(&t, 1);
    ddl_begin(&t, 0);
    TEST_OK(ddl_try_index(&t, 0, &table, DDL_INDEX("i", "+a\0", JET_bitIndexUnique)));
    tree = find(table, "i")->tree;
    TEST_OK(ese_txn_statement_enter(&t.sessions[1], &statement));
    TEST_OK(ese_txn_statement_leave(
        &t.sessions[1], &statement,
        ese_btree_insert(&t.sessions[1], &tree, key, key, ESE_BTREE_VERSIONED)));
    ddl_rollback(&t, 0);
    ddl_sync(&t, 0, &table);
    TEST_OK(ese_btree_insert(&t.sessions[1], &tree, (ese_bytes){key.data, 4}, key,
                             ESE_BTREE_VERSIONED));
    TEST_OK(
        ese_btree_delete(&t.sessions[1], &tree, key, (ese_bytes){NULL, 0}, ESE_BTREE_VERSIONED));
    ddl_begin(&t, 1);
    TEST_OK(ese_btree_delete(&t.sessions[1], &tree, (ese_bytes){key.data, 4}, (ese_bytes){NULL, 0},
                             ESE_BTREE_VERSIONED));
    ddl_rollback(&t, 1);
    TEST_OK(ese_btree_space(&table->tree, &n_owned, &n_free_before));
    ddl_commit(&t, 1);
    ddl_check_catalog(&t); /* cleans up */
    TEST_OK(ese_btree_space(&table->tree, &n_owned, &n_free));
    assert_true(n_free > n_free_before); /* now its pages are free */
    ese_schema_table_release(t.schema, &table);
    ddl_remove(&t);
}

/* ---- Templates ---- */

static void
test_schema_template__lends_columns_and_indexes(void **state)
{
    const ese_schema_new_table template_table = {
        .name = "base", .flags = ESE_SCHEMA_TABLE_TEMPLATE | ESE_SCHEMA_TABLE_FIXED_DDL};
    ddl_test t;
    ese_schema_table *base = NULL, *derived = NULL, *other = NULL;

    (void)state;
    ddl_create(&t, 8192);
    TEST_OK(ese_schema_create_table(&t.sessions[0], t.schema, &template_table, &base));
    ddl_add_column(&t, 0, &base, "ta", JET_coltypLong);
    ddl_add_column(&t, 0, &base, "tt", JET_coltypLongText);
    TEST_OK(ddl_try_index(&t, 0, &base, DDL_INDEX("pk", "+ta\0", JET_bitIndexPrimary)));
    TEST_OK(ddl_try_index(&t, 0, &base, DDL_INDEX("by", "-tt\0+ta\0", 0)));
    assert_int_equal(base->primary->flags, 0x1012f);
    assert_int_equal(base->columns[0].columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID,
                     (uint32_t)ESE_SCHEMA_TEMPLATE_ID);
    TEST_OK(ese_schema_create_table(
        &t.sessions[0], t.schema,
        &(ese_schema_new_table){.name = "derived", .template_name = "BASE"}, &derived));
    ddl_add_column(&t, 0, &derived, "own", JET_coltypLong);
    ddl_add_column(&t, 0, &derived, "text", JET_coltypLongText);
    TEST_OK(ddl_try_index(&t, 0, &derived, DDL_INDEX("mix", "+own\0-tt\0", 0)));
    assert_int_equal(ddl_try_column(&t, 0, &derived, "TA", JET_coltypLong), JET_errColumnDuplicate);
    assert_int_equal(
        ddl_try_index(&t, 0, &derived, DDL_INDEX("key", "+own\0", JET_bitIndexPrimary)),
        JET_errInvalidCreateIndex);
    assert_int_equal(ese_schema_delete_index(&t.sessions[0], t.schema, derived, "by"),
                     JET_errFixedInheritedDDL);
    assert_int_equal(ese_schema_delete_column(&t.sessions[0], t.schema, derived, "ta", 0),
                     JET_errFixedInheritedDDL);
    assert_int_equal(ese_schema_create_table(
                         &t.sessions[0], t.schema,
                         &(ese_schema_new_table){.name = "x", .template_name = "derived"}, &other),
                     JET_errDDLNotInheritable);
    assert_int_equal(ese_schema_create_table(&t.sessions[0], t.schema,
                                             &(ese_schema_new_table){.name = "x",
                                                                     .template_name = "base",
                                                                     .flags = template_table.flags},
                                             &other),
                     JET_errCannotNestDDL);
    assert_int_equal(ese_schema_create_table(
                         &t.sessions[0], t.schema,
                         &(ese_schema_new_table){.name = "x", .template_name = "none"}, &other),
                     JET_errObjectNotFound);
    ese_schema_table_release(t.schema, &derived);
    ese_schema_table_release(t.schema, &base);
    ddl_reopen(&t);
    derived = ddl_open(&t, 0, "derived");
    assert_int_equal(derived->n_columns, 4);
    assert_int_equal(derived->n_indexes, 3);
    assert_int_equal(derived->primary->flags, 0x1022f);
    assert_int_equal(ese_schema_find_column_name(derived, "own")->fid, 2);
    assert_int_equal(ese_schema_find_column_name(derived, "own")->offset, 8);
    assert_int_equal(ese_schema_find_column_name(derived, "text")->fid, 256);
    assert_false(ese_schema_find_column_name(derived, "text")->is_derived);
    assert_true(ese_schema_find_column_name(derived, "tt")->is_derived);
    assert_int_equal(test_structure_check(&find(derived, "by")->tree).n_nodes, 0);
    assert_true(find(derived, "by")->segments[0].is_descending);
    assert_true(find(derived, "mix")->segments[1].column->is_derived);
    ese_schema_table_release(t.schema, &derived);
    TEST_OK(ese_schema_delete_table(&t.sessions[0], t.schema, "derived"));
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

/* ---- Long values ---- */

static void
test_schema_lv_tree__is_there_for_everybody_at_once(void **state)
{
    ddl_test t;
    ese_schema_table *table, *other;
    ese_btree tree = {0}, again = {0};

    (void)state;
    ddl_create(&t, 4096);
    table = make_table(&t, "t");
    other = ddl_open(&t, 1, "t");
    ddl_begin(&t, 1);
    ddl_begin(&t, 0);
    ddl_add_column(&t, 0, &table, "pending", JET_coltypLong);
    TEST_OK(ese_schema_lv_tree(&t.sessions[0], t.schema, table, &tree));
    ddl_rollback(&t, 0);
    ddl_sync(&t, 0, &table);
    assert_true(table->has_lv_tree);
    assert_true(other->has_lv_tree);
    TEST_OK(ese_schema_lv_tree(&t.sessions[1], t.schema, other, &again));
    assert_int_equal(again.root, tree.root);
    assert_ptr_equal(again.shared, tree.shared);
    ddl_commit(&t, 1);
    ese_schema_table_release(t.schema, &table);
    ese_schema_table_release(t.schema, &other);
    ddl_reopen(&t);
    table = ddl_open(&t, 0, "t");
    assert_true(table->has_lv_tree);
    assert_int_equal(table->lv_tree.root, tree.root);
    assert_int_equal(test_structure_check(&table->lv_tree).n_nodes, 0);
    ese_schema_table_release(t.schema, &table);
    ddl_check_catalog(&t);
    ddl_remove(&t);
}

static void
test_schema_lv_tree__goes_with_a_table_that_is_not_committed(void **state)
{
    ddl_test t;
    ese_schema_table *table;
    ese_btree tree = {0};
    unsigned n_rows;

    (void)state;
    ddl_create(&t, 4096);
    ddl_begin(&t, 0);
    table = make_table(&t, "t");
    ddl_begin(&t, 0);
    TEST_OK(ese_schema_lv_tree(&t.sessions[0], t.schema, table, &tree));
    assert_true(table->has_lv_tree);
    ddl_rollback(&t, 0);
    assert_false(table->has_lv_tree);
    TEST_OK(ese_schema_lv_tree(&t.sessions[0], t.schema, table, &tree));
    ese_schema_table_release(t.schema, &table);
    ddl_rollback(&t, 0);
    ddl_check_catalog(&t);
    n_rows = (unsigned)test_structure_check(&t.schema->catalog).n_nodes;
    assert_int_equal(n_rows, 72);
    ddl_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_create_index__stores_flags_as_the_format_has_them),
        cmocka_unit_test(test_schema_create_index__refuses_what_makes_no_index),
        cmocka_unit_test(test_schema_create_index__stores_all_options),
        cmocka_unit_test(test_schema_create_index__counts_the_locales_in_use),
        cmocka_unit_test(test_schema_maintained__are_what_is_committed_and_what_is_pending),
        cmocka_unit_test(
            test_schema_create_index__that_is_undone_leaves_its_tree_to_who_changes_it),
        cmocka_unit_test(test_schema_template__lends_columns_and_indexes),
        cmocka_unit_test(test_schema_lv_tree__is_there_for_everybody_at_once),
        cmocka_unit_test(test_schema_lv_tree__goes_with_a_table_that_is_not_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
