/*
 * Where a crash may tear a log of our own, and where damage is damage: the rule of log_file.h, which INV-2 of log_stream.h makes right. Logs of others are
 * judged as ever.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

enum {
    SEGMENT = ESE_LOG_SEGMENT_SIZE,
    FILE_SIZE = 2 * 1024 * 1024, /* of 512 segments */
    N_SECTORS = FILE_SIZE / SEGMENT,
    N_DATA = 20, /* segments with records */
    FAR = ESE_LOG_STREAM_UNSYNCED,
};

static int
set_up(void **state)
{
    stream_fixture *f = stream_fixture_open();

    f->options.file_size = FILE_SIZE;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    for (unsigned i = 0; i < N_DATA; i++) {
        assert_int_equal(stream_put(f, 100), JET_errSuccess);
        assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    }
    ese_log_stream_close(&f->stream);
    *state = f;
    return 0;
}

static void
path_of(const stream_fixture *f, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", f->folder, name);
}

static void
overwrite(const stream_fixture *f, uint32_t sector, const uint8_t *bytes)
{
    char path[100];
    FILE *file;

    path_of(f, "edb.log", path, sizeof path);
    file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)sector * SEGMENT, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, SEGMENT, file), SEGMENT);
    assert_int_equal(fclose(file), 0);
}

static void
fetch(const stream_fixture *f, uint32_t sector, uint8_t *bytes)
{
    char path[100];
    FILE *file;

    path_of(f, "edb.log", path, sizeof path);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)sector * SEGMENT, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, SEGMENT, file), SEGMENT);
    assert_int_equal(fclose(file), 0);
}

/* Garbage, or zeros, instead of a segment. */
static void
spoil(const stream_fixture *f, uint32_t sector, int byte)
{
    uint8_t bytes[SEGMENT];

    memset(bytes, byte, sizeof bytes);
    if (byte != 0)
        memset(bytes, 0x11, 100);
    overwrite(f, sector, bytes);
}

/* A segment of this log as a crash may have let it reach the disk while others before it did not. */
static void
put_segment(const stream_fixture *f, uint32_t sector)
{
    uint8_t bytes[SEGMENT];

    fetch(f, 1, bytes);
    ese_log_segment_seal(bytes, (ese_lgpos){0, (uint16_t)sector, 1}, bytes + 16);
    overwrite(f, sector, bytes);
}

/* The first `n` records are there, and the log is not damaged. */
static stream_found
expect_end(const stream_fixture *f, size_t n)
{
    stream_found found = stream_read(f, f->folder);

    assert_int_equal(found.err, JET_errSuccess);
    assert_int_equal(found.n_other, 0);
    assert_int_equal(found.n, n);
    assert_int_equal(found.end.next_sector, n + 1);
    assert_true(found.end.is_current);
    return found;
}

static void
expect_damage(const stream_fixture *f)
{
    assert_int_equal(stream_read(f, f->folder).err, JET_errLogFileCorrupt);
}

/* The stream goes on behind the end, and what a crash left is gone. */
static void
expect_continuation(stream_fixture *f, const stream_found *found)
{
    size_t n = found->n;
    stream_found again;

    assert_int_equal(ese_log_stream_continue(&f->options, &found->end, &f->stream), JET_errSuccess);
    while (f->n > n)
        free(f->journal[--f->n].bytes);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(stream_put(f, 50 + i), JET_errSuccess);
        assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    }
    ese_log_stream_close(&f->stream);
    again = stream_read(f, f->folder);
    assert_int_equal(again.err, JET_errSuccess);
    assert_int_equal(again.n, f->n);
    assert_int_equal(again.n_other, 0);
}

static void
test_log_torn__the_log_ends_at_the_first_garbage(void **state)
{
    stream_fixture *f = *state;
    stream_found found;

    for (uint32_t sector = N_DATA; sector > N_DATA - 5; sector--) {
        spoil(f, sector, 0xaa);
        found = expect_end(f, sector - 1);
    }
    expect_continuation(f, &found);
}

static void
test_log_torn__the_log_ends_at_a_hole(void **state)
{
    stream_fixture *f = *state;
    stream_found found;

    spoil(f, 7, 0);
    spoil(f, 9, 0xaa);
    found = expect_end(f, 6);
    expect_continuation(f, &found);
}

static void
test_log_torn__a_readable_segment_may_stand_behind_the_end_within_two_syncs(void **state)
{
    stream_fixture *f = *state;
    stream_found found;

    put_segment(f, N_DATA + FAR); /* N_DATA + 1 is the first one that is not there */
    found = expect_end(f, N_DATA);
    expect_continuation(f, &found);
}

static void
test_log_torn__a_readable_segment_farther_behind_is_damage(void **state)
{
    stream_fixture *f = *state;

    put_segment(f, N_DATA + FAR + 1);
    expect_damage(f);
}

static void
test_log_torn__garbage_farther_behind_is_damage(void **state)
{
    stream_fixture *f = *state;

    spoil(f, N_DATA + FAR, 0xaa);
    (void)expect_end(f, N_DATA);
    spoil(f, N_DATA + FAR + 1, 0xaa);
    expect_damage(f);
}

static void
test_log_torn__the_end_may_be_the_beginning(void **state)
{
    stream_fixture *f = *state;
    stream_found found;

    spoil(f, 1, 0xaa);
    found = expect_end(f, 0);
    expect_continuation(f, &found);
}

static void
change_header(const stream_fixture *f, ese_bytes log_path, ese_bytes system_path)
{
    uint8_t bytes[SEGMENT], changed[SEGMENT];
    ese_log_header header;

    fetch(f, 0, bytes);
    assert_int_equal(ese_log_header_decode(bytes, &header), JET_errSuccess);
    header.params.log_path = log_path;
    header.params.system_path = system_path;
    assert_true(ese_log_header_encode(&header, changed));
    overwrite(f, 0, changed);
}

static void
test_log_torn__logs_of_others_are_judged_as_ever(void **state)
{
    const ese_bytes ours = {(const uint8_t *)"/logs/", 6};
    const ese_bytes windows = {(const uint8_t *)"C:\\logs\\", 8};
    const ese_bytes relative = {(const uint8_t *)".\\", 2}, none = {NULL, 0};
    stream_fixture *f = *state;

    spoil(f, N_DATA, 0xaa);
    (void)expect_end(f, N_DATA - 1);
    change_header(f, windows, windows);
    expect_damage(f);
    change_header(f, ours, relative);
    expect_damage(f);
    change_header(f, none, ours);
    expect_damage(f);
    change_header(f, ours, ours);
    (void)expect_end(f, N_DATA - 1);
}

static void
test_log_torn__only_the_last_log_may_be_torn(void **state)
{
    stream_fixture *f = *state;
    stream_found found;
    char from[100], to[100];

    found = expect_end(f, N_DATA);
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    path_of(f, "edb.log", from, sizeof from);
    path_of(f, "kept", to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    path_of(f, "edb00001.log", to, sizeof to);
    assert_int_equal(rename(to, from), 0);
    spoil(f, N_DATA, 0xaa);
    (void)expect_end(f, N_DATA - 1);
    assert_int_equal(rename(from, to), 0);
    found = stream_read(f, f->folder); /* the last one that is left, and no current log */
    assert_int_equal(found.err, JET_errSuccess);
    path_of(f, "kept", to, sizeof to);
    assert_int_equal(rename(to, from), 0);
    expect_damage(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_torn__the_log_ends_at_the_first_garbage, set_up,
                                        stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__the_log_ends_at_a_hole, set_up,
                                        stream_tear_down),
        cmocka_unit_test_setup_teardown(
            test_log_torn__a_readable_segment_may_stand_behind_the_end_within_two_syncs, set_up,
            stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__a_readable_segment_farther_behind_is_damage,
                                        set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__garbage_farther_behind_is_damage, set_up,
                                        stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__the_end_may_be_the_beginning, set_up,
                                        stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__logs_of_others_are_judged_as_ever, set_up,
                                        stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_torn__only_the_last_log_may_be_torn, set_up,
                                        stream_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
