/*
 * Rows in batches, and values on their way between languages and columns.
 */
#include "object_model_batch.h"
#include "object_model_text.h"

#include "fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct fixture {
    ese_model_database *database;
    ese_model_cursor *cursor;
} fixture;

static fixture fx;

static int
set_up(void **state)
{
    (void)state;
    fake_reset();
    ese_model_opening opening = {.path = "file"};

    if (ese_model_open_file(&opening, &fx.database) < 0)
        return -1;
    return ese_model_open_cursor(fx.database, "table", &fx.cursor) < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
    (void)state;
    ese_model_release(&fx.cursor->object);
    ese_model_dispose(&fx.database->object);
    return fake.n_open == 0 ? 0 : -1;
}

/* ---- batches --------------------------------------------------------------------------------------------- */

static const ese_value short_value = {"abc", 3, 3};
static const ese_value long_value = {"more than eight bytes", 21, 21};
static const ese_value many_values[] = {{"one", 3, 3}, {"", 0, 0}, {"the third value", 15, 15}};

static ese_model_reader *
read_from(ese_model_from from, uint32_t n_columns)
{
    static const ese_model_output outputs[4] = {
        {.columnid = 1}, {.columnid = 2}, {.columnid = 3}, {.columnid = 4}};
    ese_model_reader *reader = NULL;

    assert_int_equal(ese_model_create_reader(fx.cursor, outputs, n_columns, from, &reader),
                     JET_errSuccess);
    return reader;
}

static void
assert_value(const ese_model_reader *reader, const ese_model_cell *cell, uint32_t i,
             const char *expected)
{
    size_t size;
    const uint8_t *data = ese_model_cell_value(reader, cell, i, &size);

    assert_int_equal(size, strlen(expected));
    assert_memory_equal(data, expected, size);
}

static void
test_swig_batch__keeps_null_short_long_and_many_values(void **state)
{
    const ese_column row[] = {{.n_values = 0},
                              {.n_values = 1, .values = &short_value},
                              {.n_values = 1, .values = &long_value},
                              {.n_values = 3, .values = many_values}};
    ese_model_reader *reader;
    const ese_model_cell *cells;
    uint32_t n = 0;

    (void)state;
    fake.columns = row;
    fake.n_rows = 1;
    reader = read_from(ESE_MODEL_FROM_FIRST, 4);
    assert_int_equal(ese_model_read(reader, 10, &n), JET_errSuccess);
    assert_int_equal(n, 1);
    cells = ese_model_row(reader, 0);
    assert_int_equal(cells[0].n_values, 0);
    assert_value(reader, &cells[1], 0, "abc");
    assert_value(reader, &cells[2], 0, "more than eight bytes");
    assert_int_equal(cells[3].n_values, 3);
    assert_value(reader, &cells[3], 0, "one");
    assert_value(reader, &cells[3], 1, "");
    assert_value(reader, &cells[3], 2, "the third value");
    ese_model_end_read(reader);
    ese_model_destroy_reader(reader);
}

static const ese_column hundred[100];

static void
test_swig_batch__goes_on_where_the_last_one_ended(void **state)
{
    ese_model_reader *reader;
    uint32_t n = 0;
    uint32_t total = 0;

    (void)state;
    fake.columns = hundred;
    fake.n_rows = 100;
    reader = read_from(ESE_MODEL_FROM_FIRST, 1);
    for (uint32_t size = 1;; size += 7) {
        assert_int_equal(ese_model_read(reader, size, &n), JET_errSuccess);
        ese_model_end_read(reader);
        if (n == 0)
            break;
        total += n;
        assert_int_equal(fake.row,
                         n == size ? total : total + 1); /* on its last row, or past the end */
    }
    assert_int_equal(total, 100);
    ese_model_destroy_reader(reader);
}

static void
test_swig_batch__begins_at_the_record_under_the_cursor(void **state)
{
    ese_model_reader *reader;
    uint32_t n = 0;

    (void)state;
    fake.columns = hundred;
    fake.n_rows = 100;
    fake.row = 40;
    reader = read_from(ESE_MODEL_FROM_HERE_BACKWARD, 1);
    assert_int_equal(ese_model_read(reader, 1000, &n), JET_errSuccess);
    assert_int_equal(n, 40);
    ese_model_end_read(reader);
    ese_model_destroy_reader(reader);
}

static void
test_swig_batch__gives_good_rows_before_the_error_of_the_next(void **state)
{
    ese_model_reader *reader;
    uint32_t n = 0;

    (void)state;
    fake.columns = hundred;
    fake.n_rows = 100;
    fake.failing_row = 4;
    reader = read_from(ESE_MODEL_FROM_FIRST, 1);
    assert_int_equal(ese_model_read(reader, 50, &n), JET_errSuccess);
    assert_int_equal(n, 3);
    ese_model_end_read(reader);
    assert_int_equal(ese_model_read(reader, 50, &n), JET_errReadVerifyFailure);
    assert_string_equal(ese_model_error_text(JET_errReadVerifyFailure), "an error of the engine");
    ese_model_destroy_reader(reader);
}

static void
test_swig_batch__rows_belong_to_one_thread_until_they_are_given_back(void **state)
{
    ese_model_reader *reader;
    uint32_t n = 0;

    (void)state;
    fake.columns = hundred;
    fake.n_rows = 100;
    reader = read_from(ESE_MODEL_FROM_FIRST, 1);
    assert_int_equal(ese_model_read(reader, 1, &n), JET_errSuccess);
    assert_int_equal(ese_model_read(reader, 1, &n), JET_errSessionSharingViolation);
    ese_model_end_read(reader);
    assert_int_equal(ese_model_read(reader, 1, &n), JET_errSuccess);
    ese_model_end_read(reader);
    ese_model_destroy_reader(reader);
}

static void
test_swig_batch__a_reader_of_a_closed_cursor_gives_an_error(void **state)
{
    ese_model_reader *reader;
    uint32_t n = 0;

    (void)state;
    reader = read_from(ESE_MODEL_FROM_FIRST, 1);
    ese_model_close(&fx.database->object);
    assert_int_equal(ese_model_read(reader, 1, &n), JET_errInvalidTableId);
    ese_model_destroy_reader(reader);
}

static void
test_swig_batch__ends_at_a_mebibyte(void **state)
{
    static char large[300000];
    static ese_value value = {large, sizeof large, sizeof large};
    ese_column rows[20];
    ese_model_reader *reader;
    uint32_t n = 0;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        rows[i] = (ese_column){.n_values = 1, .values = &value};
    fake.columns = rows;
    fake.n_rows = 20;
    reader = read_from(ESE_MODEL_FROM_FIRST, 1);
    assert_int_equal(ese_model_read(reader, 1000, &n), JET_errSuccess);
    assert_int_equal(n, 4);
    ese_model_end_read(reader);
    ese_model_destroy_reader(reader);
}

/* ---- text ------------------------------------------------------------------------------------------------- */

static void
assert_utf8(uint32_t cp, const char *data, size_t size, const char *expected)
{
    char out[64];
    size_t n = ese_model_utf8_from_column(cp, data, size, NULL);

    assert_int_equal(n, strlen(expected));
    assert_int_equal(ese_model_utf8_from_column(cp, data, size, out), n);
    assert_memory_equal(out, expected, n);
}

static void
test_swig_text__utf16_keeps_pairs_and_lone_surrogates(void **state)
{
    (void)state;
    assert_utf8(1200, "A\0\xE4\0\xAC\x20", 6, "A\xC3\xA4\xE2\x82\xAC");
    assert_utf8(1200, "\x3D\xD8\x00\xDE", 4, "\xF0\x9F\x98\x80");
    assert_utf8(1200,
                "\x3D\xD8"
                "A\0",
                4,
                "\xED\xA0\xBD"
                "A");
    assert_utf8(1200, "\x00\xDE", 2, "\xED\xB8\x80");
    assert_utf8(1200, "A\0B", 3, "AB");
}

static void
test_swig_text__bytes_without_a_character_stand_for_controls(void **state)
{
    (void)state;
    assert_utf8(1252, "\x80\x81\xE4", 3, "\xE2\x82\xAC\xC2\x81\xC3\xA4");
    assert_false(ese_model_is_text(437));
}

/* ---- keys ------------------------------------------------------------------------------------------------- */

static JET_ERR
seek(JET_COLTYP coltyp, uint16_t cp, ese_model_value value)
{
    const ese_model_segment segment = {coltyp, cp};
    ese_model_key key = {.values = {value}, .n_values = 1};
    ese_model_found found;

    assert_int_equal(ese_model_set_index(fx.cursor, NULL, &segment, 1), JET_errSuccess);
    return ese_model_seek(fx.cursor, &key, JET_bitSeekEQ, &found);
}

static JET_ERR
seek_integer(JET_COLTYP coltyp, int64_t integer)
{
    return seek(coltyp, 0, (ese_model_value){.type = ESE_MODEL_INTEGER, .integer = integer});
}

static void
assert_key(const char *bytes, uint32_t size)
{
    assert_int_equal(fake.key_size, size);
    assert_memory_equal(fake.key, bytes, size);
}

static void
test_swig_key__integers_take_the_width_of_their_column(void **state)
{
    (void)state;
    assert_int_equal(seek_integer(JET_coltypShort, -2), JET_errSuccess);
    assert_key("\xFE\xFF", 2);
    assert_int_equal(seek_integer(JET_coltypUnsignedLong, 0xFFFFFFFF), JET_errSuccess);
    assert_key("\xFF\xFF\xFF\xFF", 4);
    assert_int_equal(seek_integer(JET_coltypBit, 1), JET_errSuccess);
    assert_key("\xFF", 1);
    assert_int_equal(seek_integer(JET_coltypDateTime, 1), JET_errSuccess);
    assert_key("\0\0\0\0\0\0\xF0\x3F", 8);
}

static void
test_swig_key__numbers_out_of_range_are_refused(void **state)
{
    const ese_model_value largest = {.type = ESE_MODEL_UNSIGNED, .integer = -1};

    (void)state;
    assert_int_equal(seek_integer(JET_coltypUnsignedByte, 256), JET_errInvalidParameter);
    assert_int_equal(seek_integer(JET_coltypUnsignedByte, -1), JET_errInvalidParameter);
    assert_int_equal(seek_integer(JET_coltypLong, INT64_C(0x80000000)), JET_errInvalidParameter);
    assert_int_equal(seek_integer(JET_coltypLong, -INT64_C(0x80000000)), JET_errSuccess);
    assert_int_equal(seek_integer(JET_coltypText, 1), JET_errInvalidParameter);
    assert_int_equal(seek(JET_coltypLongLong, 0, largest), JET_errInvalidParameter);
    assert_int_equal(seek(JET_coltypUnsignedLongLong, 0, largest), JET_errSuccess);
}

static JET_ERR
seek_text(uint16_t cp, const char *text)
{
    return seek(JET_coltypText, cp,
                (ese_model_value){.type = ESE_MODEL_TEXT, .data = text, .size = strlen(text)});
}

static void
test_swig_key__text_takes_the_code_page_of_its_column(void **state)
{
    (void)state;
    assert_int_equal(seek_text(1252, "\xE2\x82\xAC"), JET_errSuccess);
    assert_key("\x80", 1);
    assert_int_equal(seek_text(1200, "\xF0\x9F\x98\x80"), JET_errSuccess);
    assert_key("\x3D\xD8\x00\xDE", 4);
    assert_int_equal(seek_text(1252, "\xF0\x9F\x98\x80"), JET_errInvalidParameter);
    assert_int_equal(seek_text(1200, "\xFF"), JET_errInvalidParameter);
    assert_int_equal(seek_text(1200, "\xE2\x82"), JET_errInvalidParameter);
}

static void
test_swig_key__null_and_empty_differ(void **state)
{
    (void)state;
    assert_int_equal(seek_text(1200, ""), JET_errSuccess);
    assert_int_equal(fake.key_grbit, JET_bitNewKey | JET_bitKeyDataZeroLength);
    assert_int_equal(seek(JET_coltypText, 1200, (ese_model_value){.type = ESE_MODEL_NULL}),
                     JET_errSuccess);
    assert_int_equal(fake.key_grbit, JET_bitNewKey);
}

static void
test_swig_key__more_values_than_columns_are_refused(void **state)
{
    const ese_model_segment segment = {JET_coltypLong, 0};
    const ese_model_key key = {.values = {{.type = ESE_MODEL_INTEGER}, {.type = ESE_MODEL_INTEGER}},
                               .n_values = 2};
    ese_model_found found;

    (void)state;
    assert_int_equal(ese_model_set_index(fx.cursor, NULL, &segment, 1), JET_errSuccess);
    assert_int_equal(ese_model_seek(fx.cursor, &key, JET_bitSeekEQ, &found),
                     JET_errInvalidParameter);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_swig_batch__keeps_null_short_long_and_many_values),
        CASE(test_swig_batch__goes_on_where_the_last_one_ended),
        CASE(test_swig_batch__begins_at_the_record_under_the_cursor),
        CASE(test_swig_batch__gives_good_rows_before_the_error_of_the_next),
        CASE(test_swig_batch__rows_belong_to_one_thread_until_they_are_given_back),
        CASE(test_swig_batch__a_reader_of_a_closed_cursor_gives_an_error),
        CASE(test_swig_batch__ends_at_a_mebibyte),
        CASE(test_swig_text__utf16_keeps_pairs_and_lone_surrogates),
        CASE(test_swig_text__bytes_without_a_character_stand_for_controls),
        CASE(test_swig_key__integers_take_the_width_of_their_column),
        CASE(test_swig_key__numbers_out_of_range_are_refused),
        CASE(test_swig_key__text_takes_the_code_page_of_its_column),
        CASE(test_swig_key__null_and_empty_differ),
        CASE(test_swig_key__more_values_than_columns_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
