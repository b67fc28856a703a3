/* Names of the files of a stream, what is tidied up when it goes on, logs of others, and its last generation. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

static void
roll(stream_fixture *f)
{
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
}

/* Ends the run without a word, and begins the next one. */
static void
go_on(stream_fixture *f)
{
    stream_found found;

    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    found = stream_read(f, f->folder);
    assert_int_equal(found.err, JET_errSuccess);
    assert_int_equal(found.n, f->n);
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
}

static void
expect_all(const stream_fixture *f)
{
    stream_found found = stream_read(f, f->folder);

    assert_int_equal(found.err, JET_errSuccess);
    assert_int_equal(found.n_other, 0);
    assert_int_equal(found.n, f->n);
}

static void
path_of(const stream_fixture *f, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", f->folder, name);
}

static bool
has(const stream_fixture *f, const char *name)
{
    char path[100];

    path_of(f, name, path, sizeof path);
    return access(path, F_OK) == 0;
}

static void
make_file(const stream_fixture *f, const char *name)
{
    char path[100];
    FILE *file;

    path_of(f, name, path, sizeof path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
}

static void
rename_file(const stream_fixture *f, const char *from, const char *to)
{
    char a[100], b[100];

    path_of(f, from, a, sizeof a);
    path_of(f, to, b, sizeof b);
    assert_int_equal(rename(a, b), 0);
}

static void
expect_path(const stream_fixture *f, int32_t generation, const char *name)
{
    char expected[100], *path = NULL;

    path_of(f, name, expected, sizeof expected);
    assert_int_equal(ese_log_stream_path(f->stream, generation, &path), JET_errSuccess);
    assert_string_equal(path, expected);
    ese_free(&path);
}

static void
test_log_names__follow_the_parameter(void **state)
{
    static const struct {
        uint32_t names;
        const char *current, *archive, *checkpoint, *far;
    } cases[] = {
        {0, "edb.jtx", "edb00000001.jtx", "edb.jcp", "edb000FFFFF.jtx"},
        {1, "edb.log", "edb00000001.log", "edb.chk", "edb000FFFFF.log"},
        {2, "edb.jtx", "edb00001.jtx", "edb.jcp", "edbFFFFF.jtx"},
        {3, "edb.log", "edb00001.log", "edb.chk", "edbFFFFF.log"},
    };
    stream_fixture *f = *state;

    for (unsigned i = 0; i < 4; i++) {
        f->options.names = cases[i].names;
        stream_must_create(f);
        roll(f);
        assert_int_equal(
            ese_log_stream_write_checkpoint(f->stream, ese_log_stream_tip(f->stream), false),
            JET_errSuccess);
        assert_true(has(f, cases[i].current));
        assert_true(has(f, cases[i].archive));
        assert_true(has(f, cases[i].checkpoint));
        expect_path(f, 0, cases[i].current);
        expect_path(f, 1, cases[i].archive);
        expect_path(f, 0xfffff, cases[i].far);
        ese_log_stream_close(&f->stream);
        stream_each_file(f->folder, stream_unlink, NULL);
        stream_forget_journal(f);
    }
}

static void
test_log_names__a_stream_keeps_its_extension(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    roll(f);
    f->options.names = 0;
    go_on(f);
    roll(f);
    assert_true(has(f, "edb.log"));
    assert_true(has(f, "edb00001.log"));
    assert_true(has(f, "edb00000002.log"));
    assert_false(has(f, "edb.jtx"));
    expect_path(f, 1, "edb00001.log");
    expect_all(f);
}

static void
test_log_names__capitals_of_another_system_are_no_obstacle(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    roll(f);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    rename_file(f, "edb.log", "EDB.LOG");
    rename_file(f, "edb00001.log", "EDB00001.LOG");
    go_on(f);
    roll(f);
    expect_all(f);
    assert_true(has(f, "edb00002.log"));
    assert_int_equal(ese_log_stream_oldest(f->stream), 1);
}

static void
test_log_names__what_older_runs_left_goes(void **state)
{
    stream_fixture *f = *state;

    make_file(f, "edb.chk"); /* of a stream that is no more */
    make_file(f, "edbtmp.log");
    make_file(f, "edbtmp.jtx");
    make_file(f, "res1.log");
    make_file(f, "res2.log");
    make_file(f, "V01tmp.log"); /* of somebody else */
    stream_must_create(f);
    assert_false(has(f, "edb.chk"));
    assert_false(has(f, "edbtmp.log"));
    assert_false(has(f, "edbtmp.jtx"));
    assert_false(has(f, "res1.log"));
    assert_false(has(f, "res2.log"));
    assert_true(has(f, "V01tmp.log"));
    make_file(f, "edbtmp.log");
    make_file(f, "edbres00002.jrs"); /* of another size */
    go_on(f);
    assert_false(has(f, "edbtmp.log"));
    roll(f);
    expect_all(f);
}

static void
test_log_names__no_stream_is_begun_beside_another(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errInvalidLogSequence);
    rename_file(f, "edb.log", "edb00001.log");
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errInvalidLogSequence);
    expect_all(f);
}

static void
test_log_names__the_current_log_is_for_one_process(void **state)
{
    stream_fixture *f = *state;
    ese_log_stream *other = NULL;
    stream_found found;

    stream_must_create(f);
    found = stream_read(f, f->folder);
    make_file(f, "edbtmp.log");
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &other),
                     JET_errFileAccessDenied);
    assert_null(other);
    assert_true(has(f, "edbtmp.log")); /* which the other one is going to need */
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    expect_all(f);
}

/* ---- going on */

static void
test_log_continue__numbers_go_on(void **state)
{
    stream_fixture *f = *state;
    stream_found found;
    ese_signature sign, again;

    stream_must_create(f);
    sign = ese_log_stream_signature(f->stream);
    assert_int_equal(ese_log_stream_next_trx(f->stream), 4);
    assert_int_equal(ese_log_stream_next_trx(f->stream), 8);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    found = stream_read(f, f->folder);
    found.end.last_trx = 1001;
    f->n_begun = 0;
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    assert_int_equal(f->n_begun, 1); /* a crash may have kept it from the headers */
    assert_int_equal(f->begun.number, 1);
    assert_int_equal(ese_log_stream_next_trx(f->stream), 1008);
    again = ese_log_stream_signature(f->stream);
    assert_memory_equal(&again, &sign, sizeof sign);
    assert_true(ese_log_stream_is_durable(f->stream, f->journal[0].lgpos));
    assert_true(ese_log_stream_is_durable(f->stream, ese_log_stream_tip(f->stream)));
    stream_must_put(f, 20);
    assert_int_equal(f->journal[1].lgpos, (uint64_t)1 << 32 | 2 << 16);
}

static void
change_bytes(const stream_fixture *f, long offset, const uint8_t *bytes, size_t n)
{
    char path[100];
    FILE *file;

    path_of(f, "edb.log", path, sizeof path);
    file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* The copy that serves a torn segment goes, so the segment must be there before. */
static void
test_log_continue__a_torn_segment_is_written_back(void **state)
{
    const uint8_t garbage[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    stream_fixture *f = *state;
    uint8_t bytes[ESE_LOG_SEGMENT_SIZE];
    char path[100];
    FILE *file;

    stream_must_create(f);
    stream_must_put(f, 100);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    path_of(f, "edb.log", path, sizeof path);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, ESE_LOG_SEGMENT_SIZE, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
    change_bytes(f, 2 * ESE_LOG_SEGMENT_SIZE, bytes, sizeof bytes);
    change_bytes(f, ESE_LOG_SEGMENT_SIZE + 50, garbage, sizeof garbage);
    go_on(f);
    stream_must_put(f, 100);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    expect_all(f);
}

/* Whoever reads it judges by the rules of its writer, so no record of this engine goes into it. */
static void
test_log_continue__a_log_of_others_is_left_as_it_is(void **state)
{
    stream_fixture *f = *state;
    uint8_t bytes[ESE_LOG_HEADER_SIZE], changed[ESE_LOG_HEADER_SIZE];
    ese_log_header header;
    char path[100];
    FILE *file;

    stream_must_create(f);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    path_of(f, "edb.log", path, sizeof path);
    file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(ese_log_header_decode(bytes, &header), JET_errSuccess);
    header.params.log_path = (ese_bytes){(const uint8_t *)"C:\\", 3};
    assert_true(ese_log_header_encode(&header, changed));
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    assert_int_equal(fwrite(changed, 1, sizeof changed, file), sizeof changed);
    assert_int_equal(fclose(file), 0);
    go_on(f);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 2);
    stream_must_put(f, 10);
    assert_int_equal(f->journal[1].lgpos, (uint64_t)2 << 32 | 1 << 16);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    expect_all(f);
}

static void
test_log_continue__another_size_begins_with_another_log(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    stream_must_put(f, 10);
    f->options.file_size = 2 * STREAM_FILE_SIZE;
    go_on(f);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 2);
    for (unsigned i = 0; i < 25; i++)
        stream_must_put(f, 4000);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 2);
    expect_all(f);
}

static void
test_log_continue__a_full_log_is_followed_by_the_next(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    for (unsigned i = 0; i < 14; i++)
        stream_must_put(f, 4056);
    go_on(f);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 2);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    expect_all(f);
}

static void
test_log_continue__another_log_than_the_expected_is_refused(void **state)
{
    stream_fixture *f = *state;
    stream_found found;

    stream_must_create(f);
    ese_log_stream_close(&f->stream);
    found = stream_read(f, f->folder);
    found.end.last.number = 2;
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream),
                     JET_errInvalidLogSequence);
    assert_null(f->stream);
    assert_true(has(f, "edb.log"));
}

/* ---- the last generation */

static ese_log_stream_end
end_at(int32_t generation)
{
    return (ese_log_stream_end){.sign = {.random = 1}, .last = {.number = generation}};
}

static void
test_log_sequence__ends_with_the_last_generation(void **state)
{
    const uint32_t sizes[2] = {30000, 30000};
    stream_fixture *f = *state;
    ese_log_stream_end end = end_at(0x7ffff7ff);

    assert_int_equal(ese_log_stream_continue(&f->options, &end, &f->stream), JET_errSuccess);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 0x7ffff800);
    stream_must_put(f, 100);
    assert_int_equal(stream_put_batch(f, sizes, 2, false, NULL), JET_errLogSequenceEnd);
    stream_must_put(f, 20000);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errLogSequenceEnd);
    assert_int_equal(stream_put_batch(f, sizes, 2, true, NULL), JET_errSuccess);
    assert_int_equal(stream_put(f, 10), JET_errLogSequenceEnd);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    assert_true(has(f, "edb7FFFF800.log"));
    assert_int_equal(f->n_failed, 0);
    expect_all(f);
}

static void
test_log_sequence__there_is_no_start_behind_it(void **state)
{
    stream_fixture *f = *state;
    ese_log_stream_end end = end_at(0x7ffffa00);

    assert_int_equal(ese_log_stream_continue(&f->options, &end, &f->stream), JET_errLogSequenceEnd);
}

static void
test_log_stream__options_that_make_no_log_are_refused(void **state)
{
    stream_fixture *f = *state;

    f->options.file_size = 32 * 1024;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errInvalidParameter);
    f->options.file_size = UINT32_MAX;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errInvalidParameter);
    f->options.file_size = STREAM_FILE_SIZE;
    f->options.base = "long";
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errInvalidParameter);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, stream_set_up, stream_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_log_names__follow_the_parameter),
        TEST(test_log_names__a_stream_keeps_its_extension),
        TEST(test_log_names__capitals_of_another_system_are_no_obstacle),
        TEST(test_log_names__what_older_runs_left_goes),
        TEST(test_log_names__no_stream_is_begun_beside_another),
        TEST(test_log_names__the_current_log_is_for_one_process),
        TEST(test_log_continue__numbers_go_on),
        TEST(test_log_continue__a_torn_segment_is_written_back),
        TEST(test_log_continue__a_log_of_others_is_left_as_it_is),
        TEST(test_log_continue__another_size_begins_with_another_log),
        TEST(test_log_continue__a_full_log_is_followed_by_the_next),
        TEST(test_log_continue__another_log_than_the_expected_is_refused),
        TEST(test_log_sequence__ends_with_the_last_generation),
        TEST(test_log_sequence__there_is_no_start_behind_it),
        TEST(test_log_stream__options_that_make_no_log_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
