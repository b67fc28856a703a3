/* Batches of rows to write, updates in steps, streams and schemas, on the engine of fake_engine.h. */
#include "fake_engine.h"

#include "object_model_ddl.h"
#include "object_model_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A database open for change, a cursor, and a writer of four columns: two integers, the first of them the key, a text, a list. */
typedef struct fixture {
    ese_model_database *database;
    ese_model_cursor *cursor;
    ese_model_writer *writer;
} fixture;

enum { NUMBER, COUNT, TEXT, LIST, BAD, N_INPUTS };

static const ese_model_input inputs[N_INPUTS] = {
    [NUMBER] = {.name = "number", .columnid = 1, .type = {JET_coltypLong, 0}},
    [COUNT] = {.name = "count", .columnid = 2, .type = {JET_coltypShort, 0}, .skip_null = true},
    [TEXT] = {.name = "text", .columnid = 3, .type = {JET_coltypLongText, 1200}},
    [LIST] = {.name = "list", .columnid = 4, .type = {JET_coltypBinary, 0}, .is_list = true},
    [BAD] = {.name = "bad", .columnid = 13, .type = {JET_coltypBinary, 0}},
};

static int
set_up(void **state)
{
    static fixture fx;
    static const uint32_t keys[] = {NUMBER};
    ese_model_opening opening = {.path = "file", .access = ESE_MODEL_CHANGE};
    ese_model_writing writing = {inputs, N_INPUTS, keys, 1, 0};

    fake_reset();
    fx = (fixture){0};
    if (ese_model_open_file(&opening, &fx.database) < JET_errSuccess ||
        ese_model_open_cursor(fx.database, "table", &fx.cursor) < JET_errSuccess ||
        ese_model_create_writer(fx.cursor, &writing, &fx.writer) < JET_errSuccess)
        return -1;
    fake.log[0] = '\0';
    *state = &fx;
    return 0;
}

static int
tear_down(void **state)
{
    fixture *fx = *state;

    ese_model_destroy_writer(fx->writer);
    ese_model_dispose(&fx->cursor->object);
    ese_model_dispose(&fx->database->object);
    return fake.n_open;
}

static ese_model_value
integer(int64_t number)
{
    return (ese_model_value){.type = ESE_MODEL_INTEGER, .integer = number};
}

static ese_model_value
text(const char *characters)
{
    return (ese_model_value){
        .type = ESE_MODEL_TEXT, .data = characters, .size = strlen(characters)};
}

static JET_ERR
add(ese_model_writer *writer, uint32_t input, uint32_t itag, ese_model_value value)
{
    return ese_model_add_value(writer, input, itag, &value);
}

static void
add_row(ese_model_writer *writer, int64_t number, const char *characters)
{
    assert_int_equal(ese_model_add_row(writer), JET_errSuccess);
    assert_int_equal(add(writer, NUMBER, 1, integer(number)), JET_errSuccess);
    assert_int_equal(add(writer, TEXT, 1, text(characters)), JET_errSuccess);
}

static void
test_swig_write__inserts_all_rows_of_a_batch_in_one_transaction(void **state)
{
    fixture *fx = *state;
    ese_model_written written = {0};

    assert_int_equal(ese_model_begin_write(fx->writer, 2, 0), JET_errSuccess);
    add_row(fx->writer, 1, "a");
    add_row(fx->writer, -2, "");
    assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_INSERT, &written), JET_errSuccess);
    ese_model_end_write(fx->writer);
    assert_string_equal(fake.log, "begin; insert; update; insert; update; commit; ");
    assert_string_equal(fake.sets, "1.1=01000000 3.1=6100 1.1=feffffff 3.1= ");
    assert_int_equal(written.n_rows, 2);
    assert_int_equal(written.n_inserted, 2);
    assert_int_equal(written.bookmark.size, 1);
    assert_int_equal(written.bookmark.data[0], 42);
}

static void
test_swig_write__leaves_needless_nulls_out_of_new_records_only(void **state)
{
    fixture *fx = *state;
    ese_model_written written;

    for (int kind = ESE_MODEL_INSERT; kind <= ESE_MODEL_REPLACE; kind++) {
        fake.sets[0] = '\0';
        assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
        assert_int_equal(ese_model_add_row(fx->writer), JET_errSuccess);
        assert_int_equal(add(fx->writer, NUMBER, 1, integer(1)), JET_errSuccess);
        assert_int_equal(add(fx->writer, COUNT, 1, (ese_model_value){0}), JET_errSuccess);
        assert_int_equal(add(fx->writer, TEXT, 1, (ese_model_value){0}), JET_errSuccess);
        assert_int_equal(ese_model_write(fx->writer, (ese_model_write_kind)kind, &written),
                         JET_errSuccess);
        ese_model_end_write(fx->writer);
        assert_string_equal(fake.sets, kind == ESE_MODEL_INSERT ? "1.1=01000000 3.1=NULL "
                                       : kind == ESE_MODEL_UPSERT
                                           ? "2.1=NULL 3.1=NULL "
                                           : "1.1=01000000 2.1=NULL 3.1=NULL ");
    }
}

static void
test_swig_write__upserts_by_what_a_seek_finds(void **state)
{
    fixture *fx = *state;
    ese_model_written written;

    for (int is_found = 0; is_found <= 1; is_found++) {
        fake.is_found = is_found;
        fake.log[0] = fake.sets[0] = '\0';
        assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
        add_row(fx->writer, 7, "x");
        assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_UPSERT, &written), JET_errSuccess);
        ese_model_end_write(fx->writer);
        assert_string_equal(fake.log, is_found ? "begin; replace; update; commit; "
                                               : "begin; insert; update; commit; ");
        assert_string_equal(fake.sets, is_found ? "3.1=7800 " : "1.1=07000000 3.1=7800 ");
        assert_int_equal(written.n_inserted, !is_found);
        assert_memory_equal(fake.key, "\7\0\0\0", 4);
        assert_int_equal(fake.key_grbit, JET_bitNewKey);
    }
}

static void
test_swig_write__deletes_the_keys_that_are_there(void **state)
{
    fixture *fx = *state;
    ese_model_written written;

    for (int is_found = 0; is_found <= 1; is_found++) {
        fake.is_found = is_found;
        assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
        assert_int_equal(ese_model_add_row(fx->writer), JET_errSuccess);
        assert_int_equal(add(fx->writer, NUMBER, 1, integer(7)), JET_errSuccess);
        assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_DELETE, &written), JET_errSuccess);
        ese_model_end_write(fx->writer);
        assert_int_equal(written.n_rows, is_found);
    }
    assert_string_equal(fake.log, "begin; commit; begin; delete; commit; ");
}

static void
test_swig_write__undoes_a_batch_that_fails_and_names_row_and_column(void **state)
{
    fixture *fx = *state;
    ese_model_written written = {.n_rows = 99};
    ese_model_value bytes = {.type = ESE_MODEL_BYTES, .data = "xy", .size = 2};

    assert_int_equal(ese_model_begin_write(fx->writer, 2, 1000), JET_errSuccess);
    add_row(fx->writer, 1, "a");
    assert_int_equal(ese_model_add_row(fx->writer), JET_errSuccess);
    assert_int_equal(add(fx->writer, BAD, 1, bytes), JET_errSuccess);
    assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_INSERT, &written), JET_errColumnTooBig);
    assert_string_equal(ese_model_error_text(JET_errColumnTooBig),
                        "row 1002, column bad: an error of the engine");
    ese_model_end_write(fx->writer);
    assert_string_equal(fake.log, "begin; insert; update; insert; cancel; rollback; ");
    assert_int_equal(written.n_rows, 99);
}

static void
test_swig_write__refuses_values_that_a_column_cannot_have(void **state)
{
    fixture *fx = *state;

    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    assert_int_equal(ese_model_add_row(fx->writer), JET_errSuccess);
    assert_int_equal(add(fx->writer, COUNT, 1, integer(32768)), JET_errInvalidParameter);
    assert_string_equal(ese_model_error_text(JET_errInvalidParameter),
                        "column count: the number is out of the column's range");
    assert_int_equal(add(fx->writer, COUNT, 1, text("1")), JET_errInvalidParameter);
    assert_int_equal(add(fx->writer, TEXT, 1, text("\xff")), JET_errInvalidParameter);
    assert_int_equal(add(fx->writer, TEXT, 1, integer(1)), JET_errInvalidParameter);
    ese_model_end_write(fx->writer);
}

static void
test_swig_write__replaces_all_values_of_a_list(void **state)
{
    fixture *fx = *state;
    ese_model_value bytes = {.type = ESE_MODEL_BYTES, .data = "x", .size = 1};
    ese_model_written written;

    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    assert_int_equal(ese_model_add_row(fx->writer), JET_errSuccess);
    for (uint32_t itag = 1; itag <= 3; itag++)
        assert_int_equal(add(fx->writer, LIST, itag, bytes), JET_errSuccess);
    assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_REPLACE, &written), JET_errSuccess);
    ese_model_end_write(fx->writer);
    assert_string_equal(fake.sets, "4.1=78 4.2=78 4.3=78 ");
}

static void
test_swig_write__begins_no_transaction_for_an_update_in_progress(void **state)
{
    fixture *fx = *state;
    ese_model_bookmark bookmark;
    ese_model_written written;

    assert_int_equal(ese_model_prepare(fx->cursor, JET_prepReplace), JET_errSuccess);
    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    add_row(fx->writer, 1, "a");
    assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_SET, &written), JET_errSuccess);
    ese_model_end_write(fx->writer);
    assert_int_equal(ese_model_update(fx->cursor, &bookmark), JET_errSuccess);
    assert_string_equal(fake.log, "replace; update; ");
}

static void
test_swig_write__makes_a_level_for_a_batch_within_a_transaction(void **state)
{
    fixture *fx = *state;
    ese_model_transaction *transaction = NULL;
    ese_model_written written;
    uint32_t level = 0;

    assert_int_equal(ese_model_begin_transaction(&fx->database->object, 0, &transaction),
                     JET_errSuccess);
    assert_int_equal(ese_model_get_level(&fx->cursor->object, &level), JET_errSuccess);
    assert_int_equal(level, 1);
    for (uint32_t n_rows = 1; n_rows <= 2; n_rows++) {
        assert_int_equal(ese_model_begin_write(fx->writer, n_rows, 0), JET_errSuccess);
        for (uint32_t i = 0; i < n_rows; i++)
            add_row(fx->writer, i, "a");
        assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_INSERT, &written), JET_errSuccess);
        ese_model_end_write(fx->writer);
    }
    assert_int_equal(ese_model_commit(transaction, 0), JET_errSuccess);
    ese_model_release(&transaction->object);
    assert_string_equal(fake.log, "begin; insert; update; begin; insert; update; insert; update; "
                                  "commit; commit; ");
}

static void
test_swig_write__belongs_to_one_thread_between_begin_and_end(void **state)
{
    fixture *fx = *state;

    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSessionSharingViolation);
    ese_model_end_write(fx->writer);
    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    ese_model_end_write(fx->writer);
}

static void
test_swig_write__outlives_its_cursor_and_says_so(void **state)
{
    fixture *fx = *state;
    ese_model_written written;

    assert_int_equal(ese_model_close(&fx->cursor->object), JET_errSuccess);
    assert_int_equal(ese_model_begin_write(fx->writer, 1, 0), JET_errSuccess);
    add_row(fx->writer, 1, "a");
    assert_int_equal(ese_model_write(fx->writer, ESE_MODEL_INSERT, &written),
                     JET_errInvalidTableId);
    ese_model_end_write(fx->writer);
}

static void
test_swig_write__deletes_to_the_end_of_a_range(void **state)
{
    fixture *fx = *state;
    uint64_t n_deleted = 0;

    fake.n_rows = 3;
    fake.row = 1;
    assert_int_equal(ese_model_delete_all(fx->cursor, &n_deleted), JET_errSuccess);
    assert_int_equal(n_deleted, 3);
    assert_string_equal(fake.log, "begin; delete; delete; delete; commit; ");
}

static void
test_swig_write__adds_to_counters_of_both_widths(void **state)
{
    fixture *fx = *state;
    int64_t old = 0;

    assert_int_equal(ese_model_escrow(fx->cursor, 4, 1, &old), JET_errSuccess);
    assert_int_equal(old, (int32_t)0xFEFEFEFE);
    assert_int_equal(ese_model_escrow(fx->cursor, 8, 1, &old), JET_errSuccess);
    assert_true(old == (int64_t)0xFEFEFEFEFEFEFEFE);
    assert_int_equal(ese_model_lock(fx->cursor, JET_bitWriteLock), JET_errSuccess);
}

static void
test_swig_stream__writes_over_behind_and_past_the_end(void **state)
{
    fixture *fx = *state;
    const ese_model_stream stream = {.columnid = 9, .itag = 1, .is_update = true};
    uint64_t size = 99;
    char bytes[32] = {0};
    size_t n = 0;

    assert_int_equal(ese_model_stream_size(fx->cursor, &stream, &size), JET_errSuccess);
    assert_int_equal(size, 0);
    assert_int_equal(ese_model_stream_write(fx->cursor, &stream, 0, "abcdef", 6), JET_errSuccess);
    assert_int_equal(ese_model_stream_write(fx->cursor, &stream, 4, "XYZ", 3), JET_errSuccess);
    assert_int_equal(ese_model_stream_write(fx->cursor, &stream, 9, "!", 1), JET_errSuccess);
    assert_int_equal(ese_model_stream_write(fx->cursor, &stream, 2, "", 0), JET_errSuccess);
    assert_int_equal(ese_model_stream_read(fx->cursor, &stream, 1, bytes, sizeof bytes, &n),
                     JET_errSuccess);
    assert_int_equal(n, 9);
    assert_memory_equal(bytes, "bcdXYZ\0\0!", 9);
    assert_int_equal(ese_model_stream_resize(fx->cursor, &stream, 3), JET_errSuccess);
    assert_int_equal(ese_model_stream_read(fx->cursor, &stream, 3, bytes, sizeof bytes, &n),
                     JET_errSuccess);
    assert_int_equal(n, 0);
    assert_int_equal(ese_model_stream_resize(fx->cursor, &stream, (uint64_t)1 << 31),
                     JET_errColumnTooBig);
    assert_int_equal(ese_model_stream_write(fx->cursor, &stream, (uint64_t)1 << 31, "x", 1),
                     JET_errColumnTooBig);
}

static void
test_swig_ddl__describes_tables_to_the_engine(void **state)
{
    fixture *fx = *state;
    const ese_model_column_spec columns[] = {
        {.name = "id", .coltyp = JET_coltypLong, .default_value = integer(7)},
        {.name = "name", .coltyp = JET_coltypText, .cp = 1200, .default_value = text("abc")},
    };
    static ese_model_index_info index = {
        .name = "byName",
        .n_segments = 2,
        .n_conditions = 1,
        .segments = {{.name = "name"}, {.name = "id", .is_descending = true}},
        .conditions = {{.name = "id"}},
    };
    const ese_model_table_spec table = {.name = "people"};
    ese_model_column_spec wrong = columns[0];

    assert_int_equal(ese_model_create_table(fx->database, &table, columns, 2, &index, 1),
                     JET_errSuccess);
    assert_string_equal(fake.sets, "people: id(4,4) name(10,6) byName(+name,11,1)");
    assert_string_equal(fake.log, "create table; close table; ");
    wrong.default_value = text("x");
    assert_int_equal(ese_model_create_table(fx->database, &table, &wrong, 1, NULL, 0),
                     JET_errInvalidParameter);
    assert_int_equal(ese_model_add_column(fx->cursor, &wrong), JET_errInvalidParameter);
    index.n_segments = 17;
    assert_int_equal(ese_model_create_index(fx->cursor, &index), JET_errInvalidParameter);
    index.n_segments = 2;
    assert_int_equal(ese_model_create_index(fx->cursor, &index), JET_errSuccess);
}

static void
test_swig_open__creates_what_is_asked_for(void **state)
{
    static const struct {
        ese_model_access access;
        bool is_there;
        const char *log;
    } cases[] = {
        {ESE_MODEL_CREATE, true, "pages; begin session; overwrite; "},
        {ESE_MODEL_ADD, false, "pages; begin session; create; "},
        {ESE_MODEL_ENSURE, true, "pages of 4096; begin session; attach; open database; "},
        {ESE_MODEL_ENSURE, false, "pages; begin session; create; "},
        {ESE_MODEL_CHANGE, true, "pages of 4096; begin session; attach; open database; "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ese_model_opening opening = {.path = "file", .access = cases[i].access};
        ese_model_database *database = NULL;
        const char *log;

        fake_reset();
        if (!cases[i].is_there) {
            fake.err = JET_errFileNotFound;
            fake.failing = "JetGetDatabaseFileInfoA";
        }
        if (!cases[i].is_there && cases[i].access == ESE_MODEL_ENSURE)
            fake.failing_too = "JetAttachDatabaseA";
        assert_int_equal(ese_model_open_file(&opening, &database), JET_errSuccess);
        log = strstr(fake.log, "pages");
        assert_non_null(log);
        assert_string_equal(log, cases[i].log);
        ese_model_dispose(&database->object);
        assert_int_equal(fake.n_open, 0);
    }
}

int
main(void)
{
#define WRITE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WRITE_TEST(test_swig_write__inserts_all_rows_of_a_batch_in_one_transaction),
        WRITE_TEST(test_swig_write__leaves_needless_nulls_out_of_new_records_only),
        WRITE_TEST(test_swig_write__upserts_by_what_a_seek_finds),
        WRITE_TEST(test_swig_write__deletes_the_keys_that_are_there),
        WRITE_TEST(test_swig_write__undoes_a_batch_that_fails_and_names_row_and_column),
        WRITE_TEST(test_swig_write__refuses_values_that_a_column_cannot_have),
        WRITE_TEST(test_swig_write__replaces_all_values_of_a_list),
        WRITE_TEST(test_swig_write__begins_no_transaction_for_an_update_in_progress),
        WRITE_TEST(test_swig_write__makes_a_level_for_a_batch_within_a_transaction),
        WRITE_TEST(test_swig_write__belongs_to_one_thread_between_begin_and_end),
        WRITE_TEST(test_swig_write__outlives_its_cursor_and_says_so),
        WRITE_TEST(test_swig_write__deletes_to_the_end_of_a_range),
        WRITE_TEST(test_swig_write__adds_to_counters_of_both_widths),
        WRITE_TEST(test_swig_stream__writes_over_behind_and_past_the_end),
        WRITE_TEST(test_swig_ddl__describes_tables_to_the_engine),
        cmocka_unit_test(test_swig_open__creates_what_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
