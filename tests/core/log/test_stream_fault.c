/*
 * Whatever fails: what was called durable is read back, the stream goes on behind it, nothing leaks. A step that fails leaves the files as a crash before that step
 * does, so these loops are the crashes at every step of a flush, of a rollover (recovery specification, section 2.7) and of a continuation, too.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

enum { N_RECORDS = 60, N_PER_FLUSH = 15, AHEAD_SIZE = 320 * 1024 };

static void
clean_folder(stream_fixture *f)
{
    stream_each_file(f->folder, stream_unlink, NULL);
    stream_forget_journal(f);
    f->n_failed = 0;
    f->failed = JET_errSuccess;
}

/* Records through several logs; *acknowledged_out: how many were called durable. */
static JET_ERR
work(stream_fixture *f, uint32_t size, size_t *acknowledged_out)
{
    JET_ERR err;

    for (uint32_t i = 0; i < N_RECORDS; i++) {
        ESE_TRY(stream_put(f, size + i));
        if (i % N_PER_FLUSH == 0) {
            ESE_TRY(ese_log_stream_flush(f->stream));
            *acknowledged_out = f->n;
        }
    }
    ESE_TRY(ese_log_stream_roll(f->stream));
    *acknowledged_out = f->n;
    ESE_TRY(ese_log_stream_write_checkpoint(f->stream, ese_log_stream_tip(f->stream), false));
out:
    return err;
}

/* Records that were appended, but are not there, were never called durable. */
static stream_found
expect_at_least(stream_fixture *f, size_t acknowledged)
{
    stream_found found = stream_read(f, f->folder);

    assert_int_equal(found.err, JET_errSuccess);
    assert_int_equal(found.n_other, 0);
    assert_true(found.n >= acknowledged);
    while (f->n > found.n)
        free(f->journal[--f->n].bytes);
    return found;
}

static void
expect_continuation(stream_fixture *f, size_t acknowledged)
{
    stream_found found = expect_at_least(f, acknowledged);
    size_t n = 0;

    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    assert_int_equal(stream_put_recovery_undo(f), JET_errSuccess);
    assert_int_equal(work(f, 50, &n), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    (void)expect_at_least(f, f->n);
    assert_int_equal(ese_alloc_live(), f->live);
}

/* After a failure of the log everybody is told, once by `failed`. */
static void
expect_failed(stream_fixture *f, JET_ERR err)
{
    if (f->n_failed == 0)
        return;
    assert_int_equal(err, JET_errLogWriteFail);
    assert_int_equal(f->n_failed, 1);
    assert_int_equal(stream_put(f, 100), JET_errLogWriteFail);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errLogWriteFail);
    assert_int_equal(ese_log_stream_wait(f->stream, UINT64_MAX), JET_errLogWriteFail);
    ese_log_stream_relieve(f->stream);
    assert_int_equal(f->n_failed, 1);
}

/* Fails at the nth passage. True: it was not reached. */
static bool
run_with_fault(stream_fixture *f, ese_fault fault, uint64_t nth, uint32_t size)
{
    size_t acknowledged = 0;
    bool is_over;
    JET_ERR err;

    clean_folder(f);
    ese_fault_set(fault, nth, false);
    err = ese_log_stream_create(&f->options, &f->stream);
    if (err < JET_errSuccess) {
        ese_fault_set(fault, 0, false);
        assert_null(f->stream);
        assert_int_equal(f->n_failed, 0);
        assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
        err = JET_errLogWriteFail;
    } else {
        err = work(f, size, &acknowledged);
    }
    is_over = ese_fault_is_armed(fault);
    ese_fault_set(fault, 0, false);
    expect_failed(f, err);
    if (is_over)
        assert_int_equal(err, JET_errSuccess);
    ese_log_stream_close(&f->stream);
    assert_int_equal(ese_alloc_live(), f->live);
    expect_continuation(f, acknowledged);
    return is_over;
}

static void
test_log_stream__survives_a_failure_at_any_step(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC,    ESE_FAULT_POINT_OPEN,
                                       ESE_FAULT_POINT_READ,     ESE_FAULT_POINT_WRITE,
                                       ESE_FAULT_POINT_SYNC,     ESE_FAULT_POINT_RENAME,
                                       ESE_FAULT_POINT_DISK_FULL};
    static const unsigned n_least[] = {10, 5, 0, 15, 10, 4, 3};
    stream_fixture *f = *state;

    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint64_t nth = 1;

        while (!run_with_fault(f, faults[i], nth, 2500))
            nth++;
        assert_true(nth > n_least[i]);
    }
}

/* The same with a log that a thread makes ahead. */
static void
test_log_stream__survives_a_failure_beside_the_log_made_ahead(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_WRITE,
                                       ESE_FAULT_POINT_SYNC, ESE_FAULT_POINT_RENAME};
    stream_fixture *f = *state;

    f->options.file_size = AHEAD_SIZE;
    f->options.buffer_size = 40 * ESE_LOG_SEGMENT_SIZE;
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint64_t nth = 1;

        while (!run_with_fault(f, faults[i], nth, 20000))
            nth += i == 1 ? 7 : 1;
    }
}

/* A stream that was torn, and needs a new log because a crash left none: goes on whenever the failure comes. */
static void
test_log_stream__a_continuation_that_fails_can_be_repeated(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                       ESE_FAULT_POINT_READ,  ESE_FAULT_POINT_WRITE,
                                       ESE_FAULT_POINT_SYNC,  ESE_FAULT_POINT_RENAME};
    stream_fixture *f = *state;

    for (unsigned i = 0; i < 2 * sizeof faults / sizeof faults[0]; i++) {
        ese_fault fault = faults[i / 2];
        bool has_current = i % 2 == 0, is_over = false;

        for (uint64_t nth = 1; !is_over; nth++) {
            stream_found found;
            size_t acknowledged = 0;
            char path[100];
            JET_ERR err;

            clean_folder(f);
            assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
            assert_int_equal(work(f, 2000, &acknowledged), JET_errSuccess);
            ese_log_stream_close(&f->stream);
            if (!has_current) { /* it is empty */
                snprintf(path, sizeof path, "%s/edb.log", f->folder);
                assert_int_equal(unlink(path), 0);
            }
            found = expect_at_least(f, acknowledged);
            assert_int_equal(found.end.is_current, has_current);
            ese_fault_set(fault, nth, false);
            err = ese_log_stream_continue(&f->options, &found.end, &f->stream);
            is_over = ese_fault_is_armed(fault);
            ese_fault_set(fault, 0, false);
            if (is_over)
                assert_int_equal(err, JET_errSuccess);
            ese_log_stream_close(&f->stream);
            assert_int_equal(ese_alloc_live(), f->live);
            expect_continuation(f, acknowledged);
        }
    }
}

/* Who is told of the generation may refuse: nothing of it is durable then. */
static void
test_log_stream__nothing_is_durable_in_a_generation_that_was_refused(void **state)
{
    stream_fixture *f = *state;
    size_t acknowledged = 0;

    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    f->begun_result = JET_errDiskIO;
    assert_int_equal(work(f, 3000, &acknowledged), JET_errLogWriteFail);
    assert_int_equal(f->n_failed, 1);
    assert_int_equal(f->failed, JET_errDiskIO);
    assert_int_equal(ese_log_stream_generation(f->stream).number, 1);
    assert_false(ese_log_stream_is_durable(f->stream, (uint64_t)2 << 32));
    ese_log_stream_close(&f->stream);
    f->begun_result = JET_errSuccess;
    expect_continuation(f, acknowledged);
}

/* Records through several logs, each made when it is needed, ahead, or out of a reserve, while there is no memory at all. */
static void
test_log_stream__goes_on_into_new_logs_without_memory(void **state)
{
    stream_fixture *f = *state;
    const uint32_t small = f->options.file_size;

    for (unsigned round = 0; round < 3; round++) {
        const uint32_t size = round == 1 ? 20000 : 2500;
        bool is_urgent = round == 2;

        clean_folder(f);
        f->options.file_size = round == 1 ? AHEAD_SIZE : small;
        assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
        if (is_urgent)
            ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
        for (unsigned i = 0; i < N_RECORDS / 2; i++) {
            assert_int_equal(stream_put_batch(f, &size, 1, is_urgent, NULL), JET_errSuccess);
            if (i % N_PER_FLUSH == 0)
                assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
        }
        assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
        if (!is_urgent)
            assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
        assert_int_equal(f->n_failed, 0);
        assert_true(ese_log_stream_generation(f->stream).number > 1);
        ese_log_stream_close(&f->stream);
        (void)expect_at_least(f, f->n);
    }
}

/* ---- the disk is full */

static bool
has_file(const stream_fixture *f, const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return access(path, F_OK) == 0;
}

static int
unlink_file(const stream_fixture *f, const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return unlink(path);
}

/* Appends until the log refuses. */
static JET_ERR
put_until_refused(stream_fixture *f, bool is_urgent)
{
    const uint32_t size = 3000;
    uint64_t end = 0;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < 200 && err >= JET_errSuccess; i++) {
        err = stream_put_batch(f, &size, 1, is_urgent, &end);
        if (err >= JET_errSuccess)
            err = ese_log_stream_wait(f->stream, end);
    }
    return err;
}

static void
test_log_stream__a_full_disk_leaves_room_for_what_is_urgent(void **state)
{
    const uint32_t size = 2000;
    stream_fixture *f = *state;
    stream_found found;

    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    assert_true(has_file(f, "edbres00001.jrs") && has_file(f, "edbres00002.jrs"));
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    assert_int_equal(put_until_refused(f, false), JET_errLogDiskFull);
    assert_int_equal(f->n_failed, 0);
    assert_false(has_file(f, "edbres00002.jrs"));
    assert_int_equal(stream_put_batch(f, &size, 1, true, NULL), JET_errSuccess);
    ese_log_stream_relieve(f->stream);
    assert_int_equal(stream_put(f, size), JET_errLogDiskFull);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    ese_log_stream_relieve(f->stream); /* there is room again */
    assert_true(has_file(f, "edbres00001.jrs") && has_file(f, "edbres00002.jrs"));
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(stream_put(f, size), JET_errSuccess);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    found = expect_at_least(f, f->n);
    assert_true(found.n_logs > 3);
    assert_int_equal(found.n_reserves, 1);
}

static JET_ERR
put_type(stream_fixture *f, ese_log_type type)
{
    const ese_log_entry entry = {.type = type, .dbid = 1, .levels = 1};

    return ese_log_stream_append_entry(f->stream, &entry, NULL, NULL);
}

static void
test_log_stream__what_ends_something_goes_into_the_log_of_a_full_disk(void **state)
{
    static const ese_log_type urgent[] = {
        ESE_LOG_ROLLBACK, ESE_LOG_DETACH_DB,      ESE_LOG_SHUT_DOWN_MARK,
        ESE_LOG_TERM2,    ESE_LOG_RECOVERY_QUIT2,
    };
    static const ese_log_type others[] = {
        ESE_LOG_BEGIN0, ESE_LOG_COMMIT0, ESE_LOG_ATTACH_DB, ESE_LOG_INIT2, ESE_LOG_RECOVERY_UNDO2,
    };
    stream_fixture *f = *state;

    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    assert_int_equal(put_until_refused(f, false), JET_errLogDiskFull);
    for (unsigned i = 0; i < sizeof urgent / sizeof urgent[0]; i++)
        assert_int_equal(put_type(f, urgent[i]), JET_errSuccess);
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(put_type(f, others[i]), JET_errLogDiskFull);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
}

static void
test_log_stream__fails_when_the_reserves_are_used_up(void **state)
{
    stream_fixture *f = *state;
    size_t n;

    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    assert_int_equal(put_until_refused(f, false), JET_errLogDiskFull);
    n = f->n;
    assert_int_equal(put_until_refused(f, true), JET_errLogWriteFail);
    assert_true(f->n > n + 10); /* of the first and the second */
    assert_int_equal(f->n_failed, 1);
    assert_int_equal(f->failed, JET_errLogDiskFull);
    ese_log_stream_close(&f->stream);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    expect_continuation(f, f->n - 1);
}

static void
test_log_stream__starts_on_a_full_disk_for_what_is_urgent(void **state)
{
    const uint32_t size = 2000;
    stream_fixture *f = *state;
    stream_found found;
    size_t n = 0;

    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    assert_int_equal(work(f, 10, &n), JET_errSuccess);
    ese_log_stream_close(&f->stream);
    found = expect_at_least(f, n);
    assert_int_equal(unlink_file(f, "edbres00001.jrs"), 0);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    assert_int_equal(stream_put(f, size), JET_errLogDiskFull);
    assert_int_equal(stream_put_batch(f, &size, 1, true, NULL), JET_errSuccess);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    ese_log_stream_close(&f->stream);
    expect_continuation(f, f->n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_stream__survives_a_failure_at_any_step,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(
            test_log_stream__survives_a_failure_beside_the_log_made_ahead, stream_set_up,
            stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__a_continuation_that_fails_can_be_repeated,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(
            test_log_stream__nothing_is_durable_in_a_generation_that_was_refused, stream_set_up,
            stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__a_full_disk_leaves_room_for_what_is_urgent,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__goes_on_into_new_logs_without_memory,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(
            test_log_stream__what_ends_something_goes_into_the_log_of_a_full_disk, stream_set_up,
            stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__fails_when_the_reserves_are_used_up,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__starts_on_a_full_disk_for_what_is_urgent,
                                        stream_set_up, stream_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
