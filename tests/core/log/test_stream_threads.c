/* Many threads that append and wait: one of them writes for all (INV-1 of log_stream_flush.c), records of a batch stay together. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/log_stream_private.h"
#include "os/os_thread.h"
#include "stream_fixture.h"

enum { N_THREADS = 8, N_BATCHES = 150, N_IN_BATCH = 3, TEXT_MAX = 900, RECORD_MAX = 1000 };

typedef struct writer {
    stream_fixture *f;
    uint16_t number;
    JET_ERR err;
    uint64_t last; /* end of the last batch */
} writer;

/* Trace records: number of the thread in procid, of the batch and of the record in the text. */
static size_t
make_record(uint8_t *to, uint16_t thread, uint16_t batch, uint16_t index)
{
    uint16_t n = (uint16_t)(4 + (thread * 7919u + batch * 104729u + index) % TEXT_MAX);

    memset(to, (int)index, (size_t)STREAM_TRACE_HEAD + n);
    to[0] = ESE_LOG_TRACE;
    ese_store_le16(to + 1, thread);
    ese_store_le16(to + 3, n);
    ese_store_le16(to + STREAM_TRACE_HEAD, batch);
    ese_store_le16(to + STREAM_TRACE_HEAD + 2, index);
    return (size_t)STREAM_TRACE_HEAD + n;
}

static JET_ERR
append_batch(writer *w, uint16_t number)
{
    uint8_t bytes[N_IN_BATCH * RECORD_MAX];
    uint32_t sizes[N_IN_BATCH];
    ese_log_batch batch = {.bytes = bytes, .sizes = sizes, .n = N_IN_BATCH};
    size_t at = 0;
    JET_ERR err;

    for (uint16_t i = 0; i < N_IN_BATCH; i++) {
        sizes[i] = (uint32_t)make_record(bytes + at, w->number, number, i);
        at += sizes[i];
    }
    ese_log_stream_relieve(w->f->stream);
    err = ese_log_stream_append(w->f->stream, &batch);
    w->last = batch.end;
    return err;
}

/* Commits at once, lazily, and looks at the tip in between. */
static void *
write_batches(void *argument)
{
    writer *w = argument;
    ese_log_stream *stream = w->f->stream;
    JET_ERR err = JET_errSuccess;

    for (uint16_t i = 0; i < N_BATCHES; i++) {
        ESE_TRY(append_batch(w, i));
        if (ese_log_stream_tip(stream) < w->last) {
            err = JET_errInternalError;
            goto out;
        }
        if (i % 3 == 0) {
            ESE_TRY(ese_log_stream_wait(stream, w->last));
            if (!ese_log_stream_is_durable(stream, w->last)) {
                err = JET_errInternalError;
                goto out;
            }
        }
        if (i % 50 == 49 && w->number % 4 == 0)
            ESE_TRY(ese_log_stream_roll(stream));
        if (i % 20 == 19 && w->number % 4 == 1)
            ESE_TRY(ese_log_stream_write_checkpoint(stream, ese_log_stream_tip(stream), false));
    }
    ESE_TRY(ese_log_stream_wait(stream, w->last));
out:
    w->err = err;
    return NULL;
}

typedef struct tally {
    unsigned batch[N_THREADS]; /* that comes next, of each thread */
    unsigned index;            /* in the batch that is going on */
    unsigned thread;
    unsigned n;
} tally;

static void
take(tally *t, const ese_log_entry *entry)
{
    unsigned thread = entry->procid, batch = ese_load_le16(entry->data.data),
             index = ese_load_le16(entry->data.data + 2);

    assert_true(thread < N_THREADS);
    if (t->index != 0)
        assert_int_equal(thread, t->thread);
    assert_int_equal(index, t->index);
    assert_int_equal(batch, t->batch[thread]);
    t->thread = thread;
    t->index = (index + 1) % N_IN_BATCH;
    if (t->index == 0)
        t->batch[thread]++;
    t->n++;
}

static tally
read_all(const stream_fixture *f)
{
    tally t = {.n = 0};
    ese_log_set *set = NULL;

    assert_int_equal(ese_log_set_open(f->folder, "edb", &set), JET_errSuccess);
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        const ese_log_entry *entry = NULL;
        ese_log_file *file = NULL;
        ese_lgpos lgpos;

        assert_int_equal(ese_log_set_open_file(set, i, NULL, &file), JET_errSuccess);
        while (ese_log_file_next(file, &entry, &lgpos) >= JET_errSuccess && entry != NULL) {
            if (entry->type == ESE_LOG_TRACE)
                take(&t, entry);
        }
        assert_null(entry);
        ese_log_file_close(&file);
    }
    ese_log_set_close(&set);
    return t;
}

static void
run_threads(stream_fixture *f, writer *writers)
{
    ese_os_thread threads[N_THREADS];

    for (uint16_t i = 0; i < N_THREADS; i++) {
        writers[i] = (writer){.f = f, .number = i};
        assert_int_equal(ese_os_thread_start(&threads[i], write_batches, &writers[i]),
                         JET_errSuccess);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        ese_os_thread_join(&threads[i]);
}

static void
expect_everything_of_all(uint32_t file_size, uint32_t buffer_size)
{
    stream_fixture *f = stream_fixture_open();
    writer writers[N_THREADS];
    tally t;

    f->options.file_size = file_size;
    f->options.buffer_size = buffer_size;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    run_threads(f, writers);
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(writers[i].err, JET_errSuccess);
    ese_log_stream_close(&f->stream);
    t = read_all(f);
    assert_int_equal(t.n, N_THREADS * N_BATCHES * N_IN_BATCH);
    assert_int_equal(ese_alloc_live(), f->live);
    stream_fixture_close(f);
}

static void
test_log_stream__one_writes_for_all(void **state)
{
    (void)state;
    expect_everything_of_all(STREAM_FILE_SIZE, STREAM_FILE_SIZE);
}

static void
test_log_stream__one_writes_for_all_while_a_log_is_made_ahead(void **state)
{
    (void)state;
    expect_everything_of_all(512 * 1024, 1024 * 1024);
}

enum { N_LARGE = 40, LARGE = 60000 };

/* One record that is much of what is in memory at a time, again and again, with threads beside it whose records are small. */
static void *
write_large(void *argument)
{
    writer *w = argument;
    uint8_t *bytes = NULL;
    uint32_t sizes[3] = {LARGE + STREAM_TRACE_HEAD, LARGE + STREAM_TRACE_HEAD,
                         LARGE + STREAM_TRACE_HEAD};
    ese_log_batch batch = {.sizes = sizes, .n = w->number % 2 == 0 ? 3 : 1};
    JET_ERR err;

    ESE_TRY(ese_alloc(3 * (size_t)sizes[0], &bytes));
    for (size_t i = 0; i < 3; i++) {
        bytes[i * sizes[0]] = ESE_LOG_TRACE;
        ese_store_le16(bytes + i * sizes[0] + 3, LARGE);
    }
    if (w->number % 2 != 0) {
        ese_store_le16(bytes + 3, 10);
        sizes[0] = 10 + STREAM_TRACE_HEAD;
    }
    batch.bytes = bytes;
    for (unsigned i = 0; i < (w->number % 2 == 0 ? N_LARGE : 20 * N_LARGE); i++) {
        ESE_TRY(ese_log_stream_append(w->f->stream, &batch));
        ESE_TRY(ese_log_stream_wait(w->f->stream, batch.end));
    }
out:
    ese_free(&bytes);
    w->err = err;
    return NULL;
}

/* A small record may share its segment with the beginning of a large one that waits for room: it is durable when that goes on. */
static void
test_log_stream__waits_beside_records_that_are_half_placed(void **state)
{
    stream_fixture *f = stream_fixture_open();
    ese_os_thread threads[N_THREADS];
    writer writers[N_THREADS];

    (void)state;
    f->options.file_size = 512 * 1024;
    f->options.buffer_size = 256 * 1024;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    for (uint16_t i = 0; i < N_THREADS; i++) {
        writers[i] = (writer){.f = f, .number = i};
        assert_int_equal(ese_os_thread_start(&threads[i], write_large, &writers[i]),
                         JET_errSuccess);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        ese_os_thread_join(&threads[i]);
        assert_int_equal(writers[i].err, JET_errSuccess);
    }
    ese_log_stream_close(&f->stream);
    assert_int_equal(ese_alloc_live(), f->live);
    stream_fixture_close(f);
}

static void *
wait_for_end(void *argument)
{
    writer *w = argument;

    w->err = ese_log_stream_wait(w->f->stream, w->last);
    return NULL;
}

/* Until so many wait for the flush behind the one that is under way. */
static void
await_waiting(ese_log_stream *stream, uint32_t n)
{
    uint32_t n_waiting = 0;

    while (n_waiting != n) {
        ese_os_mutex_lock(&stream->mutex);
        n_waiting = stream->n_waiting[(stream->round + 1) % 2];
        ese_os_mutex_unlock(&stream->mutex);
        ese_os_yield();
    }
}

/*
 * Those who wait for the next flush, of whom one is woken to lead it. When he comes everything is durable: whoever made room has written it on the way to a new generation. He leads
 * nothing, so he must wake the next one, who would wait for ever otherwise.
 */
static void
test_log_stream__a_wake_up_that_is_not_needed_any_more_is_passed_on(void **state)
{
    enum { N = 3 };
    stream_fixture *f = stream_fixture_open();
    ese_os_thread threads[N];
    writer writers[N];
    ese_log_stream *stream;

    (void)state;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    stream = f->stream;
    assert_int_equal(stream_put(f, 100), JET_errSuccess);
    ese_os_mutex_lock(&stream->mutex);
    stream->is_leading = true; /* this thread, with a flush that began before the record came */
    ese_os_mutex_unlock(&stream->mutex);
    for (unsigned i = 0; i < N; i++) {
        writers[i] = (writer){.f = f, .last = ese_log_stream_tip(stream)};
        assert_int_equal(ese_os_thread_start(&threads[i], wait_for_end, &writers[i]),
                         JET_errSuccess);
    }
    await_waiting(stream, N);
    ese_os_mutex_lock(&stream->mutex);
    stream->is_leading = false;
    ese_log__wake(stream, false);
    atomic_store_explicit(&stream->durable, writers[0].last, memory_order_release);
    ese_os_mutex_unlock(&stream->mutex);
    for (unsigned i = 0; i < N; i++) {
        ese_os_thread_join(&threads[i]);
        assert_int_equal(writers[i].err, JET_errSuccess);
    }
    ese_log_stream_close(&f->stream);
    assert_int_equal(ese_alloc_live(), f->live);
    stream_fixture_close(f);
}

/* All hear of the failure, and what the fastest was told is there. */
static void
test_log_stream__a_failure_reaches_all(void **state)
{
    stream_fixture *f = stream_fixture_open();
    writer writers[N_THREADS];
    tally t;

    (void)state;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 60, true);
    run_threads(f, writers);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 0, false);
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_true(writers[i].err < JET_errSuccess);
    assert_int_equal(f->n_failed, 1);
    assert_int_equal(f->failed, JET_errDiskIO);
    assert_int_equal(stream_put(f, 10), JET_errLogWriteFail);
    ese_log_stream_close(&f->stream);
    t = read_all(f);
    assert_true(t.n > 0);
    assert_int_equal(ese_alloc_live(), f->live);
    stream_fixture_close(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_stream__one_writes_for_all),
        cmocka_unit_test(test_log_stream__one_writes_for_all_while_a_log_is_made_ahead),
        cmocka_unit_test(test_log_stream__waits_beside_records_that_are_half_placed),
        cmocka_unit_test(test_log_stream__a_wake_up_that_is_not_needed_any_more_is_passed_on),
        cmocka_unit_test(test_log_stream__a_failure_reaches_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
