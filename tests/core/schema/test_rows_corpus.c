/* Rows of the catalog against those of real files: encoded again they are the same bytes, and a fresh database has those of a fresh one of Windows. */
#include "ddl_test.h"
#include "schema_test.h"
#include "test_corpus.h"

enum { OBJID_LAST = 7, ROWS_MAX = 128, ROW_MAX = 512 };

typedef struct stored_row {
    size_t size;
    uint8_t bytes[ROW_MAX];
} stored_row;

static unsigned n_rows;

static void
compare_row(const ese_btree_cursor *cursor, uint32_t page_size)
{
    uint8_t record[ESE_SCHEMA__ROW_MAX];
    ese_bytes data = cursor->node.data;
    ese_schema__row row;
    size_t n = 0;

    TEST_OK(ese_schema__row_decode(data, page_size, &row));
    TEST_OK(ese_schema__row_encode(&row, page_size, record, sizeof record, &n));
    assert_int_equal(n, data.size);
    assert_memory_equal(record, data.data, n);
    n_rows++;
}

static void
compare_rows(const char *path, const char *name)
{
    test_schema test = open_schema(path);
    ese_schema__source source;
    ese_btree_cursor cursor;
    bool found = false;

    (void)name;
    ese_schema__source_init(&source, test.schema, NULL, ESE_SCHEMA__CATALOG);
    ese_btree_cursor_init(&cursor, &source.tree, NULL);
    TEST_OK(ese_btree_first(&cursor, &found));
    while (found) {
        compare_row(&cursor, ese_cache_page_size(test.cached));
        TEST_OK(ese_btree_next(&cursor, &found));
    }
    ese_btree_cursor_reset(&cursor);
    close_schema(&test);
}

static void
test_schema_row__of_real_files_is_encoded_as_it_is_stored(void **state)
{
    (void)state;
    if (!test_corpus_each(compare_rows))
        skip();
    assert_true(n_rows > 10000);
}

/* ---- Fresh ---- */

/* The rows of the system tables. */
static unsigned
read_system_rows(ese_schema *schema, stored_row *rows)
{
    ese_schema__source source;
    ese_btree_cursor cursor;
    unsigned n = 0;
    bool found = false;

    ese_schema__source_init(&source, schema, NULL, ESE_SCHEMA__CATALOG);
    ese_btree_cursor_init(&cursor, &source.tree, NULL);
    TEST_OK(ese_btree_first(&cursor, &found));
    while (found && ese_load_le32(cursor.node.data.data + 4) <= OBJID_LAST) {
        assert_in_range(n, 0, ROWS_MAX - 1);
        assert_in_range(cursor.node.data.size, 1, ROW_MAX);
        rows[n].size = cursor.node.data.size;
        memcpy(rows[n++].bytes, cursor.node.data.data, cursor.node.data.size);
        TEST_OK(ese_btree_next(&cursor, &found));
    }
    ese_btree_cursor_reset(&cursor);
    return n;
}

static bool is_compared;

static void
compare_fresh(const char *path, const char *name)
{
    static stored_row real[ROWS_MAX], own[ROWS_MAX];
    test_schema test;
    ddl_test t;
    unsigned n_real, n_own;

    if (strcmp(name, "basic.edb.gz") != 0)
        return;
    test = open_schema(path);
    n_real = read_system_rows(test.schema, real);
    close_schema(&test);
    ddl_create(&t, 4096);
    n_own = read_system_rows(t.schema, own);
    ddl_remove(&t);
    assert_int_equal(n_own, n_real);
    for (unsigned i = 0; i < n_own; i++) {
        assert_int_equal(own[i].size, real[i].size);
        assert_memory_equal(own[i].bytes, real[i].bytes, own[i].size);
    }
    is_compared = true;
}

static void
test_schema_format__makes_the_rows_of_a_fresh_file_of_windows(void **state)
{
    (void)state;
    if (!test_corpus_each(compare_fresh))
        skip();
    assert_true(is_compared);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_row__of_real_files_is_encoded_as_it_is_stored),
        cmocka_unit_test(test_schema_format__makes_the_rows_of_a_fresh_file_of_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
