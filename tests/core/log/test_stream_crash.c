/*
 * The disk crashes under a stream (tests/support/test_disk.h): whatever of what was not synced is there, torn or not, the logs hold a beginning of what was
 * appended, no shorter than what was called durable, and the stream goes on behind it.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"
#include "test_disk.h"

enum {
    N_STEPS = 90,
    SEEDS_PER_SYNC = 5,
    EVERY_CONTINUED = 7,
    N_RECORDS_MORE = 5,
    N_NOTES = 3 * N_STEPS,
    PAGE_SIZE = 4096
};

/* So many records were durable when so many changes had happened. */
typedef struct durable_note {
    size_t at, n;
} durable_note;

static durable_note notes[N_NOTES];
static unsigned n_notes;
static test_trace trace;

static int
set_up(void **state)
{
    n_notes = 0;
    *state = stream_fixture_open();
    return 0;
}

static int
tear_down(void **state)
{
    test_trace_stop();
    test_trace_free(&trace);
    stream_fixture_close(*state);
    return 0;
}

static uint64_t
next(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

static void
note_durable(const stream_fixture *f)
{
    assert_true(n_notes < N_NOTES);
    notes[n_notes++] = (durable_note){test_trace_length(&trace), f->n};
}

/* Records of all sizes; flushes, waits, new generations and checkpoints at random. */
static void
record_stream(stream_fixture *f, uint64_t seed)
{
    uint64_t random = seed * 1000 + 1;

    test_trace_start(&trace);
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    for (unsigned i = 0; i < N_STEPS; i++) {
        uint64_t choice = next(&random) % 8;
        uint32_t size = 20 + (uint32_t)(next(&random) % (choice == 0 ? 30000 : 1500));

        assert_int_equal(stream_put(f, size), JET_errSuccess);
        if (choice == 1 || choice == 2)
            assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
        else if (choice == 3 && i % 4 == 0)
            assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
        else if (choice == 4)
            assert_int_equal(
                ese_log_stream_write_checkpoint(f->stream, f->journal[f->n / 2].lgpos, false),
                JET_errSuccess);
        if (choice >= 1 && choice <= 3 && (choice != 3 || i % 4 == 0))
            note_durable(f);
    }
    ese_log_stream_close(&f->stream);
    test_trace_stop();
}

static size_t
durable_at(size_t at)
{
    size_t n = 0;

    for (unsigned i = 0; i < n_notes; i++) {
        if (notes[i].at <= at)
            n = notes[i].n;
    }
    return n;
}

/* Records behind the end that was found; those that were lost never come back. */
static void
continue_behind(stream_fixture *f, const stream_found *found)
{
    stream_fixture more = *f;
    stream_found again;

    more.n = more.room = found->n;
    more.journal = malloc((found->n + 1) * sizeof *more.journal);
    assert_non_null(more.journal);
    memcpy(more.journal, f->journal, found->n * sizeof *more.journal);
    assert_int_equal(ese_log_stream_continue(&f->options, &found->end, &more.stream),
                     JET_errSuccess);
    assert_int_equal(stream_put_recovery_undo(&more), JET_errSuccess);
    for (unsigned i = 0; i < N_RECORDS_MORE; i++)
        assert_int_equal(stream_put(&more, 3000 + i), JET_errSuccess);
    assert_int_equal(ese_log_stream_flush(more.stream), JET_errSuccess);
    ese_log_stream_close(&more.stream);
    again = stream_read(&more, f->folder);
    assert_int_equal(again.err, JET_errSuccess);
    assert_int_equal(again.n_other, 0);
    assert_int_equal(again.n, more.n);
    for (size_t i = found->n; i < more.n; i++)
        free(more.journal[i].bytes);
    free(more.journal);
}

/* The disk as it is there after the first `at` changes. */
static void
check_crash(stream_fixture *f, const test_disk *disk, size_t at, test_loss loss, bool is_continued)
{
    stream_found found;

    test_disk_clear_folder(f->folder);
    test_disk_materialise(disk, &loss);
    found = stream_read(f, f->folder);
    if (found.err == JET_errMissingLogFile) { /* the first log has no name yet */
        assert_int_equal(durable_at(at), 0);
        return;
    }
    if (found.err < JET_errSuccess || found.n_other != 0 || found.n < durable_at(at))
        fail_msg("before change %zu, lost: %s, seed %llu: error %d, %zu of %zu records, %zu others",
                 at, test_loss_names[loss.kind], (unsigned long long)loss.seed, (int)found.err,
                 found.n, durable_at(at), found.n_other);
    if (is_continued)
        continue_behind(f, &found);
}

static void
crash_everywhere(stream_fixture *f, uint64_t seed)
{
    test_disk *disk = test_disk_create(&trace, PAGE_SIZE);
    size_t n = test_trace_length(&trace), n_states = 0;

    for (size_t at = 1; at <= n; at++) {
        ese_os_change_kind kind = at < n ? trace.changes[at].kind : ESE_OS_CHANGE_SYNC;
        bool is_sync = kind == ESE_OS_CHANGE_SYNC || kind == ESE_OS_CHANGE_FOLDER_SYNC;

        test_disk_advance(disk, at);
        check_crash(f, disk, at, (test_loss){TEST_LOSS_NOTHING, 0}, at % EVERY_CONTINUED == 0);
        for (unsigned i = 0; is_sync && i < SEEDS_PER_SYNC; i++) {
            test_loss loss = {(test_loss_kind)(1 + (at + i) % (TEST_LOSS_KINDS - 1)),
                              seed * 100000 + at * SEEDS_PER_SYNC + i};

            check_crash(f, disk, at, loss, n_states++ % EVERY_CONTINUED == 0);
        }
    }
    test_disk_free(disk);
}

static void
test_log_stream__is_a_beginning_of_itself_after_any_crash(void **state)
{
    stream_fixture *f = *state;
    const char *is_long = getenv("ESE_TEST_LONG");
    uint64_t n = is_long != NULL ? 100 : 4;

    for (uint64_t seed = 1; seed <= n; seed++) {
        f->options.buffer_size = seed % 4 < 2 ? STREAM_FILE_SIZE : 2 * STREAM_FILE_SIZE;
        record_stream(f, seed);
        crash_everywhere(f, seed);
        stream_each_file(f->folder, stream_unlink, NULL);
        stream_forget_journal(f);
        test_trace_free(&trace);
        n_notes = 0;
    }
    assert_int_equal(ese_alloc_live(), f->live);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_stream__is_a_beginning_of_itself_after_any_crash,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
