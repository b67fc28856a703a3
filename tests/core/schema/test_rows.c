/* Rows of the catalog: encoded byte by byte as engines store them. */
#include "schema_test.h"

enum { PAGE_SIZE = 4096 };

static ese_bytes
text(const char *from)
{
    return (ese_bytes){(const uint8_t *)from, strlen(from)};
}

static void
assert_encodes(const ese_schema__row *row, const void *expected, size_t size)
{
    uint8_t record[ESE_SCHEMA__ROW_MAX];
    size_t n = 0;

    TEST_OK(ese_schema__row_encode(row, PAGE_SIZE, record, sizeof record, &n));
    assert_int_equal(n, size);
    assert_memory_equal(record, expected, size);
}

#define ASSERT_ENCODES(row, expected) assert_encodes(row, expected, sizeof expected - 1)

static void
test_schema_row__of_a_table_has_the_stored_form(void **state)
{
    const ese_schema__row row = {
        .objid_table = 2,
        .type = ESE_SCHEMA__ROW_TABLE,
        .id = 2,
        .coltyp_or_pgno = 4,
        .space_usage = 80,
        .flags = 0xc0000000,
        .pages_or_locale = 20,
        .name = text("MSysObjects"),
    };

    (void)state;
    ASSERT_ENCODES(&row, "\x08\x80\x20\0"
                         "\2\0\0\0\1\0\2\0\0\0\4\0\0\0\x50\0\0\0\0\0\0\xc0\x14\0\0\0\xff\0\x0b\0"
                         "MSysObjects");
}

static void
test_schema_row__of_a_fixed_column_has_the_stored_form(void **state)
{
    ese_schema__row row = {
        .objid_table = 8,
        .type = ESE_SCHEMA__ROW_COLUMN,
        .id = 1,
        .coltyp_or_pgno = JET_coltypLong,
        .space_usage = 4,
        .flags = 5,
        .record_offset = 4,
        .name = text("Id"),
    };

    (void)state;
    ASSERT_ENCODES(&row,
                   "\x09\x80\x23\0"
                   "\x08\0\0\0\2\0\1\0\0\0\4\0\0\0\4\0\0\0\5\0\0\0\0\0\0\0\x2a\4\0\x80\xfe\2\0Id");
    row.id = 4;
    row.coltyp_or_pgno = JET_coltypShort;
    row.space_usage = 2;
    row.flags = ESE_SCHEMA_DEFAULT;
    row.record_offset = 10;
    row.name = text("Short");
    row.default_value = (ese_bytes){(const uint8_t *)"\x34\x12", 2};
    ASSERT_ENCODES(&row,
                   "\x09\x83\x23\0\x08\0\0\0\2\0\4\0\0\0\3\0\0\0\2\0\0\0\x10\0\0\0\0\0\0\0\x2a"
                   "\x0a\0\x80\xfe\5\0\5\x80\5\x80\7\0Short\x34\x12");
}

static void
test_schema_row__of_a_tagged_column_has_the_stored_form(void **state)
{
    const ese_schema__row row = {
        .objid_table = 8,
        .type = ESE_SCHEMA__ROW_COLUMN,
        .id = 257,
        .coltyp_or_pgno = JET_coltypLongText,
        .pages_or_locale = 1252,
        .name = text("LongASCII"),
    };

    (void)state;
    ASSERT_ENCODES(&row,
                   "\7\x80\x1f\0\x08\0\0\0\2\0\1\1\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\xe4\4\0\0\x80"
                   "\x09\0LongASCII");
}

static void
test_schema_row__of_an_index_has_the_stored_form(void **state)
{
    const ese_schema__row row = {
        .objid_table = 3,
        .type = ESE_SCHEMA__ROW_INDEX,
        .id = 3,
        .coltyp_or_pgno = 24,
        .space_usage = 80,
        .flags = 0x10031,
        .lcmap_flags = 0x30401,
        .name = text("Id"),
        .key_columns = {(const uint8_t *)"\0\0\1\0\0\0\2\0\0\0\3\0", 12},
        .locale = {(const uint8_t *)"e\0n\0-\0U\0S\0", 10},
    };

    (void)state;
    ASSERT_ENCODES(&row, "\x0a\x84\x27\0\3\0\0\0\3\0\3\0\0\0\x18\0\0\0\x50\0\0\0\x31\0\1\0\0\0\0\0"
                         "\x2a\x2a\x2a\1\4\3\0\x80\xfd\2\0\2\x80\2\x80\2\x80\x0e\0Id"
                         "\0\0\1\0\0\0\2\0\0\0\3\0\5\1\4\x40\1"
                         "e\0n\0-\0U\0S\0");
}

static void
test_schema_row__of_long_values_has_the_stored_form(void **state)
{
    const ese_schema__row row = {
        .objid_table = 8,
        .type = ESE_SCHEMA__ROW_LONG_VALUE,
        .id = 27,
        .coltyp_or_pgno = 59,
        .space_usage = 100,
        .pages_or_locale = 1,
        .name = text("LV"),
    };

    (void)state;
    ASSERT_ENCODES(&row, "\7\x80\x1f\0\x08\0\0\0\4\0\x1b\0\0\0\x3b\0\0\0\x64\0\0\0\0\0\0\0\1\0\0\0"
                         "\x80\2\0LV");
}

static void
test_schema_row__that_has_too_little_room_is_an_error(void **state)
{
    const ese_schema__row row = {.type = ESE_SCHEMA__ROW_TABLE, .name = text("name")};
    uint8_t record[36];
    size_t n = 99;

    (void)state;
    for (size_t room = 0; room < sizeof record; room++)
        assert_int_equal(ese_schema__row_encode(&row, PAGE_SIZE, record, room, &n),
                         JET_errRecordTooBig);
    assert_int_equal(n, 99);
}

static void
test_schema_row__keys_are_those_of_the_specification(void **state)
{
    const ese_schema__row row = {
        .objid_table = 2, .type = ESE_SCHEMA__ROW_COLUMN, .id = 0x104, .name = text("SpaceUsage")};
    ese_record_key key;

    (void)state;
    TEST_OK(ese_schema__key_id(&row, &key));
    assert_int_equal(key.size, 13);
    assert_memory_equal(key.bytes, "\x7f\x80\0\0\2\x7f\x80\2\x7f\x80\0\1\4", 13);
    TEST_OK(ese_schema__key_name(&row, &key));
    assert_int_equal(key.size, 20);
    assert_memory_equal(key.bytes, "\x7f\x80\0\0\2\x7f\x80\2\x7fSPACEUSAGE", 20);
    TEST_OK(ese_schema__key_root(text("Types"), &key));
    assert_int_equal(key.size, 9);
    assert_memory_equal(key.bytes, "\x7f\xff\x7fTYPES", 9);
}

/* ---- Every row of a file ---- */

static void
assert_row_comes_back(const ese_btree_cursor *cursor, uint32_t page_size)
{
    uint8_t record[ESE_SCHEMA__ROW_MAX], stored[64];
    ese_bytes data = cursor->node.data;
    ese_record_key key;
    ese_schema__row row;
    size_t n = 0;

    TEST_OK(ese_schema__row_decode(data, page_size, &row));
    TEST_OK(ese_schema__row_encode(&row, page_size, record, sizeof record, &n));
    assert_int_equal(n, data.size);
    assert_memory_equal(record, data.data, n);
    TEST_OK(ese_schema__key_id(&row, &key));
    assert_int_equal(ese_page_node_copy_key(&cursor->node, stored, sizeof stored), key.size);
    assert_memory_equal(stored, key.bytes, key.size);
}

static unsigned
check_rows_of(const char *name)
{
    test_schema test = open_schema(test_fixture(name));
    ese_schema__source source;
    ese_btree_cursor cursor;
    unsigned n = 0;
    bool found = false;

    ese_schema__source_init(&source, test.schema, NULL, ESE_SCHEMA__CATALOG);
    ese_btree_cursor_init(&cursor, &source.tree, NULL);
    TEST_OK(ese_btree_first(&cursor, &found));
    for (; found; n++) {
        assert_row_comes_back(&cursor, ese_cache_page_size(test.cached));
        TEST_OK(ese_btree_next(&cursor, &found));
    }
    ese_btree_cursor_reset(&cursor);
    close_schema(&test);
    return n;
}

static void
test_schema_row__every_row_of_a_file_is_encoded_as_it_is_stored(void **state)
{
    (void)state;
    assert_in_range(check_rows_of("types-8k.edb"), 100, 1000);
    assert_in_range(check_rows_of("many-4k.edb"), 300, 3000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_row__of_a_table_has_the_stored_form),
        cmocka_unit_test(test_schema_row__of_a_fixed_column_has_the_stored_form),
        cmocka_unit_test(test_schema_row__of_a_tagged_column_has_the_stored_form),
        cmocka_unit_test(test_schema_row__of_an_index_has_the_stored_form),
        cmocka_unit_test(test_schema_row__of_long_values_has_the_stored_form),
        cmocka_unit_test(test_schema_row__that_has_too_little_room_is_an_error),
        cmocka_unit_test(test_schema_row__keys_are_those_of_the_specification),
        cmocka_unit_test(test_schema_row__every_row_of_a_file_is_encoded_as_it_is_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
