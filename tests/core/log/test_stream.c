/* Records through the segments in memory to the disk, and back through the reader. INV numbers are those of log_stream.h and log_stream.c. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

static void
flush(stream_fixture *f)
{
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
    assert_true(ese_log_stream_is_durable(f->stream, ese_log_stream_tip(f->stream)));
}

/* Everything that was appended is there, and nothing else. */
static stream_found
expect_all(const stream_fixture *f)
{
    stream_found found = stream_read(f, f->folder);

    assert_int_equal(found.err, JET_errSuccess);
    assert_int_equal(found.n_other, 0);
    assert_int_equal(found.n, f->n);
    return found;
}

static void
test_log_stream__what_was_flushed_is_read_back(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    assert_int_equal(f->n_begun, 1);
    assert_int_equal(f->begun.number, 1);
    for (uint32_t i = 0; i < 20; i++)
        stream_must_put(f, 20 + i * 13);
    flush(f);
    stream_must_put(f, 100);
    flush(f);
    assert_int_equal(expect_all(f).n_logs, 1);
    assert_int_equal(f->journal[0].lgpos, (uint64_t)1 << 32 | 1 << 16);
    assert_int_equal(f->journal[20].lgpos & 0xffff, 0); /* behind a flush a segment begins */
}

static void
test_log_stream__records_are_cut_at_every_remainder_of_room(void **state)
{
    stream_fixture *f = *state;

    for (uint32_t room = 0; room <= 40; room++) {
        for (uint32_t size = 30; size <= 9000; size = size < 50 ? size + 1 : size * 3) {
            if (f->stream == NULL)
                stream_must_create(f);
            flush(f);
            stream_must_put(f, 4056 - room - (room < 5 ? 0 : 0)); /* of a segment of its own */
            stream_must_put(f, size);
            stream_must_put(f, 5);
        }
    }
    flush(f);
    expect_all(f);
}

static void
test_log_stream__a_batch_goes_over_from_log_to_log(void **state)
{
    stream_fixture *f = *state;
    uint32_t sizes[ESE_LOG_BATCH_MAX];
    uint64_t end = 0;
    stream_found found;

    for (unsigned i = 0; i < ESE_LOG_BATCH_MAX; i++)
        sizes[i] = 1200 + i * 17;
    stream_must_create(f);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(stream_put_batch(f, sizes, ESE_LOG_BATCH_MAX, false, &end),
                         JET_errSuccess);
    assert_int_equal(end, ese_log_stream_tip(f->stream));
    assert_int_equal(ese_log_stream_wait(f->stream, end), JET_errSuccess);
    found = expect_all(f);
    assert_true(found.n_logs > 10);
    assert_int_equal(found.n_logs, f->n_begun);
    assert_int_equal(ese_log_stream_generation(f->stream).number, (int)found.n_logs);
    assert_int_equal(found.end.last.number, (int)found.n_logs);
    assert_memory_equal(found.end.last.created, f->begun.created, 8);
}

static void
test_log_stream__long_records_fill_small_logs(void **state)
{
    stream_fixture *f = *state;

    stream_must_create(f);
    for (uint32_t i = 0; i < 12; i++) {
        stream_must_put(f, 36000 + 997 * i);
        stream_must_put(f, 10 + i);
    }
    assert_int_equal(stream_put(f, 60000), JET_errLogBufferTooSmall);
    flush(f);
    assert_true(expect_all(f).n_logs >= 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_stream__what_was_flushed_is_read_back,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__records_are_cut_at_every_remainder_of_room,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__a_batch_goes_over_from_log_to_log,
                                        stream_set_up, stream_tear_down),
        cmocka_unit_test_setup_teardown(test_log_stream__long_records_fill_small_logs,
                                        stream_set_up, stream_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
