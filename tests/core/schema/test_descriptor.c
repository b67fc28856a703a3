/* What the descriptors of the fixtures say about tables, columns and indexes. */
#include "schema_test.h"

#define SORT_VERSION UINT64_C(0x0006020f0006020f)

/* ---- Columns ---- */

typedef struct expected_column {
    const char *name;
    JET_COLUMNID columnid;
    uint8_t coltyp;
    uint16_t code_page, offset;
    uint32_t size_max;
    JET_GRBIT grbit;
} expected_column;

static void
expect_columns(const ese_schema_table *table, const expected_column *expected, unsigned n)
{
    assert_int_equal(table->n_columns, n);
    for (unsigned i = 0; i < n; i++) {
        const ese_schema_column *column = &table->columns[i];

        assert_string_equal(column->name, expected[i].name);
        assert_int_equal(column->columnid, expected[i].columnid);
        assert_int_equal(column->coltyp, expected[i].coltyp);
        assert_int_equal(column->code_page, expected[i].code_page);
        assert_int_equal(column->offset, expected[i].offset);
        assert_int_equal(column->size_max, expected[i].size_max);
        assert_int_equal(ese_schema_column_grbit(column), expected[i].grbit);
        assert_ptr_equal(ese_schema_find_column(table, expected[i].columnid), column);
        assert_ptr_equal(ese_schema_find_column_name(table, expected[i].name), column);
    }
}

enum {
    FIXED = JET_bitColumnFixed,
    TAGGED = JET_bitColumnTagged,
    MULTI = JET_bitColumnTagged | JET_bitColumnMultiValued,
};

static void
test_schema_descriptor__has_every_kind_of_column(void **state)
{
    /* clang-format off */
    static const expected_column expected[] = {
        {"Id", 1, JET_coltypLong, 0, 4, 4, FIXED | JET_bitColumnNotNULL | JET_bitColumnAutoincrement},
        {"Bit", 2, JET_coltypBit, 0, 8, 1, FIXED},
        {"UnsignedByte", 3, JET_coltypUnsignedByte, 0, 9, 1, FIXED},
        {"Short", 4, JET_coltypShort, 0, 10, 2, FIXED},
        {"Long", 5, JET_coltypLong, 0, 12, 4, FIXED},
        {"Currency", 6, JET_coltypCurrency, 0, 16, 8, FIXED},
        {"Single", 7, JET_coltypIEEESingle, 0, 24, 4, FIXED},
        {"Double", 8, JET_coltypIEEEDouble, 0, 28, 8, FIXED},
        {"DateTime", 9, JET_coltypDateTime, 0, 36, 8, FIXED},
        {"UnsignedLong", 10, JET_coltypUnsignedLong, 0, 44, 4, FIXED},
        {"LongLong", 11, JET_coltypLongLong, 0, 48, 8, FIXED},
        {"Guid", 12, JET_coltypGUID, 0, 56, 16, FIXED},
        {"UnsignedShort", 13, JET_coltypUnsignedShort, 0, 72, 2, FIXED},
        {"UnsignedLongLong", 14, JET_coltypUnsignedLongLong, 0, 74, 8, FIXED},
        {"FixedBinary", 15, JET_coltypBinary, 0, 82, 12, FIXED},
        {"FixedText", 16, JET_coltypText, 1252, 94, 10, FIXED},
        {"FixedUnicode", 17, JET_coltypText, 1200, 104, 10, FIXED},
        {"Version", 18, JET_coltypLong, 0, 114, 4, FIXED | JET_bitColumnVersion},
        {"Escrow", 19, JET_coltypLong, 0, 118, 4, FIXED | JET_bitColumnEscrowUpdate},
        {"DefaultLong", 20, JET_coltypLong, 0, 122, 4, FIXED},
        {"LaterLong", 21, JET_coltypLong, 0, 126, 4, FIXED},
        {"Binary", 128, JET_coltypBinary, 0, 0, 255, 0},
        {"Text", 129, JET_coltypText, 1252, 0, 255, 0},
        {"Unicode", 130, JET_coltypText, 1200, 0, 200, 0},
        {"DefaultText", 131, JET_coltypText, 1252, 0, 60, 0},
        {"LaterText", 132, JET_coltypText, 1252, 0, 60, 0},
        {"LongBinary", 256, JET_coltypLongBinary, 0, 0, 0, TAGGED},
        {"LongText", 257, JET_coltypLongText, 1252, 0, 0, TAGGED},
        {"LongUnicode", 258, JET_coltypLongText, 1200, 0, 0, TAGGED},
        {"PackedBinary", 259, JET_coltypLongBinary, 0, 0, 0, TAGGED | JET_bitColumnCompressed},
        {"PackedText", 260, JET_coltypLongText, 1252, 0, 0, TAGGED | JET_bitColumnCompressed},
        {"PackedUnicode", 261, JET_coltypLongText, 1200, 0, 0, TAGGED | JET_bitColumnCompressed},
        {"TaggedLong", 262, JET_coltypLong, 0, 0, 4, TAGGED},
        {"TaggedText", 263, JET_coltypText, 1252, 0, 100, TAGGED},
        {"TaggedDefault", 264, JET_coltypText, 1252, 0, 50, TAGGED},
        {"ManyBits", 265, JET_coltypBit, 0, 0, 1, MULTI},
        {"ManyLongs", 266, JET_coltypLong, 0, 0, 4, MULTI},
        {"ManyTexts", 267, JET_coltypText, 1252, 0, 80, MULTI},
        {"ManyGuids", 268, JET_coltypGUID, 0, 0, 16, MULTI},
        {"ManyBinaries", 269, JET_coltypLongBinary, 0, 0, 0, MULTI},
        {"ManyPackedTexts", 270, JET_coltypLongText, 1200, 0, 0, MULTI | JET_bitColumnCompressed},
    };
    /* clang-format on */
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *table = open_descriptor(&test, "types");

    (void)state;
    expect_columns(table, expected, sizeof expected / sizeof expected[0]);
    assert_null(ese_schema_find_column(table, 22));
    assert_null(ese_schema_find_column(table, 0));
    assert_null(ese_schema_find_column_name(table, "Longer"));
    ese_schema_table_release(test.schema, &table);
    assert_null(table);
    close_schema(&test);
}

static void
expect_default(const ese_schema_table *table, const char *name, const void *bytes, size_t size)
{
    const ese_schema_column *column = ese_schema_find_column_name(table, name);

    assert_non_null(column);
    assert_int_equal((column->flags & ESE_SCHEMA_DEFAULT) != 0, bytes != NULL);
    assert_int_equal(column->default_value.size, size);
    if (size != 0)
        assert_memory_equal(column->default_value.data, bytes, size);
}

static void
test_schema_descriptor__has_the_stored_bytes_of_defaults(void **state)
{
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *table = open_descriptor(&test, "types");

    (void)state;
    expect_default(table, "DefaultLong", "\x2a\0\0\0", 4);
    expect_default(table, "LaterLong", "\xfb\xff\xff\xff", 4);
    expect_default(table, "Escrow", "\x07\0\0\0", 4);
    expect_default(table, "DefaultText", "as ever", 7);
    expect_default(table, "TaggedDefault", "tagged default", 14);
    expect_default(table, "Long", NULL, 0);
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
}

/* ---- Indexes ---- */

typedef struct expected_index {
    const char *name;
    const char *key; /* "+Name-Group" */
    const char *conditions;
    JET_GRBIT grbit;
    uint16_t key_most, var_seg_mac;
} expected_index;

static void
describe(const ese_schema_segment *segments, unsigned n, bool is_condition, char text[200])
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        const char *sign = is_condition ? (segments[i].must_be_null ? "=" : "!")
                                        : (segments[i].is_descending ? "-" : "+");

        used += (size_t)snprintf(text + used, 200 - used, "%s%s", sign, segments[i].column->name);
    }
}

static void
expect_indexes(const ese_schema_table *table, const expected_index *expected, unsigned n)
{
    assert_int_equal(table->n_indexes, n);
    for (unsigned i = 0; i < n; i++) {
        const ese_schema_index *index = &table->indexes[i];
        char text[200];

        assert_string_equal(index->name, expected[i].name);
        assert_ptr_equal(ese_schema_find_index(table, expected[i].name), index);
        describe(index->segments, index->n_segments, false, text);
        assert_string_equal(text, expected[i].key);
        describe(index->conditions, index->n_conditions, true, text);
        assert_string_equal(text, expected[i].conditions);
        assert_int_equal(ese_schema_index_grbit(index), expected[i].grbit);
        assert_int_equal(index->rules.key_most, expected[i].key_most);
        assert_int_equal(index->rules.var_seg_mac, expected[i].var_seg_mac);
        assert_int_equal(index->density, 80);
        assert_string_equal(index->locale, "en-US");
        assert_true(index->is_key_known);
        assert_int_equal(index->hints.cbStruct, 0);
    }
}

static void
test_schema_descriptor__has_every_kind_of_index(void **state)
{
    enum { UNIQUE = JET_bitIndexUnique };
    static const expected_index expected[] = {
        {"ByCutData", "+Data+Name", "", 0, 255, 12},
        {"ByGroupDown", "-Group+Name", "", 0, 255, 255},
        {"ByGroupIfDone", "+Group", "!Done", 0, 255, 255},
        {"ByGroupIfOpen", "+Group", "=Done", 0, 255, 255},
        {"ByGuid", "-Key", "", 0, 255, 255},
        {"ByGuidNet", "+Key", "", JET_bitIndexDotNetGuid, 255, 255},
        {"ById", "+Id", "", JET_bitIndexPrimary | UNIQUE, 255, 5},
        {"ByName", "+Name", "", UNIQUE | JET_bitIndexIgnoreNull, 255, 255},
        {"ByPiece", "+Name", "", JET_bitIndexTuples | JET_bitIndexIgnoreNull, 255, 255},
        {"ByShortKey", "+Name+Data", "", 0, 8, 8},
        {"ByTag", "+Tags", "",
         JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreNull | JET_bitIndexIgnoreFirstNull, 255,
         255},
        {"ByTagAndMark", "+Tags-Marks", "", JET_bitIndexCrossProduct, 255, 255},
        {"ByTagBesideMark", "+Tags+Marks", "", JET_bitIndexNestedTable, 255, 255},
        {"NullsHigh", "+Done+Id", "", JET_bitIndexSortNullsHigh, 255, 255},
    };
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *table = open_descriptor(&test, "notes");
    const ese_schema_index *pieces = ese_schema_find_index(table, "bypiece");

    (void)state;
    expect_indexes(table, expected, sizeof expected / sizeof expected[0]);
    assert_ptr_equal(table->primary, ese_schema_find_index(table, "ById"));
    assert_int_equal(table->primary->tree.root, table->tree.root);
    assert_int_equal(table->n_initial_pages, 4);
    assert_true(pieces->is_tuple);
    assert_int_equal(pieces->tuple.length_min, 2);
    assert_int_equal(pieces->tuple.length_max, 4);
    assert_int_equal(pieces->tuple.to_index_max, 4);
    assert_int_equal(pieces->tuple.increment, 2);
    assert_int_equal(pieces->tuple.start, 1);
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
}

static void
test_schema_descriptor__tells_the_sort_version_of_localized_text(void **state)
{
    static const struct {
        const char *fixture;
        uint64_t version;
        uint32_t lcid;
        const char *locale;
    } expected[] = {{"types-8k.edb", SORT_VERSION, 0, "en-US"}, {"win7-4k.edb", 0, 0x409, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        test_schema test = open_schema(test_fixture(expected[i].fixture));
        ese_schema_table *table = open_descriptor(&test, "localized");
        const ese_schema_index *by_name = ese_schema_find_index(table, "ByName");
        const ese_schema_index *by_id = ese_schema_find_index(table, "ById");

        assert_true((by_name->flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT) != 0);
        assert_true(by_name->version == expected[i].version);
        assert_int_equal(by_name->lcid, expected[i].lcid);
        assert_string_equal(by_name->locale, expected[i].locale);
        assert_int_equal(by_id->flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT, 0);
        assert_true(by_id->is_key_known);
        ese_schema_table_release(test.schema, &table);
        close_schema(&test);
    }
}

/* ---- Tables ---- */

static void
test_schema_descriptor__knows_where_long_values_are_and_how_large_their_chunks(void **state)
{
    test_schema test = open_schema(test_fixture("longvalues-32k.edb"));
    ese_schema_table *usual = open_descriptor(&test, "long");
    ese_schema_table *small = open_descriptor(&test, "small-chunks");

    (void)state;
    assert_true(usual->has_lv_tree);
    assert_int_equal(usual->separate_lv, 600);
    assert_int_equal(usual->lv_chunk, ese_record_lv_chunk_size(32768));
    assert_true(small->has_lv_tree);
    assert_int_equal(small->separate_lv, 0);
    assert_int_equal(small->lv_chunk, 500);
    assert_null(small->primary);
    ese_schema_table_release(test.schema, &usual);
    ese_schema_table_release(test.schema, &small);
    close_schema(&test);
}

static void
test_schema_descriptor__of_a_derived_table_begins_with_the_template(void **state)
{
    const JET_COLUMNID base = (JET_COLUMNID)ESE_SCHEMA_TEMPLATE_ID;
    const expected_column expected[] = {
        {"Price", 2, JET_coltypCurrency, 0, 8, 8, FIXED},
        {"Colour", 129, JET_coltypText, 1252, 0, 30, 0},
        {"Remarks", 256, JET_coltypLongText, 1252, 0, 0, TAGGED},
        {"Id", base | 1, JET_coltypLong, 0, 4, 4, FIXED | JET_bitColumnNotNULL},
        {"Kind", base | 128, JET_coltypText, 1252, 0, 30, 0},
        {"Notes", base | 256, JET_coltypLongText, 1252, 0, 0, TAGGED},
        {"Labels", base | 257, JET_coltypText, 1252, 0, 30, MULTI},
    };
    static const expected_index indexes[] = {
        {"ByColour", "-Colour", "", 0, 255, 255},
        {"ById", "+Id", "", JET_bitIndexPrimary | JET_bitIndexUnique, 255, 5},
        {"ByKind", "+Kind", "", 0, 255, 255},
        {"ByLabel", "+Labels", "", JET_bitIndexIgnoreNull, 255, 255},
        {"ByPriceAndKind", "+Price-Kind", "", 0, 255, 255},
    };
    test_schema test = open_schema(test_fixture("templates-8k.edb"));
    ese_schema_table *table = open_descriptor(&test, "derived");
    ese_schema_table *plain = open_descriptor(&test, "derived-plain");

    (void)state;
    expect_columns(table, expected, sizeof expected / sizeof expected[0]);
    expect_indexes(table, indexes, sizeof indexes / sizeof indexes[0]);
    assert_int_equal(ese_schema_table_grbit(table->flags), JET_bitObjectTableDerived);
    assert_string_equal(table->template_table->name, "template");
    assert_int_equal(ese_schema_table_grbit(table->template_table->flags),
                     JET_bitObjectTableTemplate | JET_bitObjectTableFixedDDL);
    assert_ptr_equal(plain->template_table, table->template_table);
    assert_int_equal(plain->n_columns, 4);
    for (unsigned i = 0; i < table->n_columns; i++)
        assert_int_equal(table->columns[i].is_derived, i > 4); /* tagged ones of the template */
    ese_schema_table_release(test.schema, &table);
    ese_schema_table_release(test.schema, &plain);
    close_schema(&test);
}

static void
test_schema_descriptor__of_the_catalog_describes_itself(void **state)
{
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *table = open_descriptor(&test, "MSysObjects");
    unsigned end = 4;

    (void)state;
    assert_int_equal(table->tree.root, ESE_SCHEMA__CATALOG_ROOT);
    assert_true((ese_schema_table_grbit(table->flags) & JET_bitObjectSystem) != 0);
    assert_string_equal(table->primary->name, "Id");
    for (unsigned i = 0; i < table->n_columns && table->columns[i].fid < 128; i++) {
        assert_int_equal(table->columns[i].offset, end);
        end += table->columns[i].size_max;
    }
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_descriptor__has_every_kind_of_column),
        cmocka_unit_test(test_schema_descriptor__has_the_stored_bytes_of_defaults),
        cmocka_unit_test(test_schema_descriptor__has_every_kind_of_index),
        cmocka_unit_test(test_schema_descriptor__tells_the_sort_version_of_localized_text),
        cmocka_unit_test(
            test_schema_descriptor__knows_where_long_values_are_and_how_large_their_chunks),
        cmocka_unit_test(test_schema_descriptor__of_a_derived_table_begins_with_the_template),
        cmocka_unit_test(test_schema_descriptor__of_the_catalog_describes_itself),
    };

    return test_fixture("types-8k.edb") == NULL ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
