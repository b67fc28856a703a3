/*
 * Recovery that ends early, wherever that is: nothing has changed, nothing is left behind, and the next one ends as if it were the first. On real sets; without
 * a corpus there is nothing to do.
 */
#define _POSIX_C_SOURCE 200809L

#include "recovery_corpus.h"

#include "base/alloc.h"
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HEADER_PAGES = 2, CACHE = 256 << 10, DENSE = 60 };

static JET_ERR
recover(const char *folder)
{
    ese_recovery_options options = {.log_folder = folder, .cache_bytes = CACHE};
    ese_recovery_report report;
    JET_ERR err = ese_recovery_run(&options, &report);

    ese_recovery_report_clear(&report);
    return err;
}

static void
assert_same(const recovery_file *a, const recovery_file *b, size_t from)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->bytes + from, b->bytes + from, a->size - from);
}

/* As it was, or whole: results get their names before the names are on the disk. */
static void
assert_untouched_or_done(const char *folder, const recovery_file *before,
                         const recovery_file *expected, uint32_t page_size)
{
    recovery_file now = recovery_file_read(folder, "data.edb");

    if (now.size == before->size && memcmp(now.bytes, before->bytes, now.size) == 0) {
        free(now.bytes);
        return;
    }
    assert_same(&now, expected, HEADER_PAGES * (size_t)page_size);
    recovery_file_write(folder, "data.edb", before);
    free(now.bytes);
}

typedef struct trial {
    const char *folder;
    const recovery_file *before, *expected;
    uint32_t page_size;
    ese_fault fault;
} trial;

/* Every passage of the fault for a while, then fewer and fewer. False: the recovery came to its end. */
static bool
fails_cleanly(const trial *t, uint64_t nth)
{
    int64_t live = ese_alloc_live();
    recovery_file part;
    JET_ERR err;

    ese_fault_set(t->fault, nth, true);
    err = recover(t->folder);
    ese_fault_set(t->fault, 0, false);
    assert_int_equal(ese_alloc_live(), live);
    part = recovery_file_read(t->folder, "data.edb.recovering");
    assert_null(part.bytes);
    assert_untouched_or_done(t->folder, t->before, t->expected, t->page_size);
    return err < JET_errSuccess;
}

static void
try_fault(const char *name, uint32_t page_size, ese_fault fault)
{
    char folder[LOG_CORPUS_PATH];
    recovery_file before, expected, after;
    trial t;

    if (!recovery_corpus_unpack(name, folder))
        skip();
    before = recovery_file_read(folder, "data.edb");
    assert_int_equal(recover(folder), JET_errSuccess);
    expected = recovery_file_read(folder, "data.edb");
    recovery_file_write(folder, "data.edb", &before);
    t = (trial){folder, &before, &expected, page_size, fault};
    for (uint64_t nth = 1; fails_cleanly(&t, nth);)
        nth += 1 + (nth > DENSE ? nth / 4 : 0);
    assert_int_equal(recover(folder), JET_errSuccess);
    after = recovery_file_read(folder, "data.edb");
    assert_same(&after, &expected, HEADER_PAGES * page_size);
    free(before.bytes);
    free(expected.bytes);
    free(after.bytes);
    recovery_corpus_remove(folder);
}

static void
test_recovery_faults__of_memory_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-04k-open", 4096, ESE_FAULT_POINT_ALLOC);
}

static void
test_recovery_faults__of_opening_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-04k-open", 4096, ESE_FAULT_POINT_OPEN);
}

static void
test_recovery_faults__of_reading_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-04k-spill", 4096, ESE_FAULT_POINT_READ);
}

static void
test_recovery_faults__of_writing_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-08k-merge", 8192, ESE_FAULT_POINT_WRITE);
}

static void
test_recovery_faults__of_syncing_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-04k-reattach", 4096, ESE_FAULT_POINT_SYNC);
}

static void
test_recovery_faults__of_a_full_disk_change_nothing(void **state)
{
    (void)state;
    try_fault("crash-32k-open", 32768, ESE_FAULT_POINT_DISK_FULL);
}

/* A database that is older than another one of the same stream: one was put into its place, then the machine went down. */
static void
test_recovery_faults__goes_on_where_one_of_two_databases_was_finished(void **state)
{
    char folder[LOG_CORPUS_PATH];
    recovery_file dirty, finished, other, now;

    (void)state;
    if (!recovery_corpus_unpack("crash-04k-twodb", folder))
        skip();
    dirty = recovery_file_read(folder, "second.edb");
    assert_int_equal(recover(folder), JET_errSuccess);
    finished = recovery_file_read(folder, "second.edb");
    other = recovery_file_read(folder, "data.edb");
    recovery_file_write(folder, "second.edb", &dirty);
    assert_int_equal(recover(folder), JET_errSuccess);
    now = recovery_file_read(folder, "second.edb");
    assert_same(&now, &finished, (size_t)HEADER_PAGES * 4096);
    free(now.bytes);
    now = recovery_file_read(folder, "data.edb");
    assert_same(&now, &other, 0);
    free(now.bytes);
    free(dirty.bytes);
    free(finished.bytes);
    free(other.bytes);
    recovery_corpus_remove(folder);
}

/* A checkpoint behind everything, without databases: redo would have nothing to do, and nobody would know. */
static void
test_recovery_start__does_not_trust_a_checkpoint_that_leads_past_a_dirty_database(void **state)
{
    char folder[LOG_CORPUS_PATH];
    recovery_file before, expected, after, checkpoint;
    ese_log_checkpoint decoded;
    uint8_t bytes[2 * ESE_LOG_CHECKPOINT_SIZE];

    (void)state;
    if (!recovery_corpus_unpack("crash-04k-open", folder))
        skip();
    before = recovery_file_read(folder, "data.edb");
    assert_int_equal(recover(folder), JET_errSuccess);
    expected = recovery_file_read(folder, "data.edb");
    recovery_file_write(folder, "data.edb", &before);
    checkpoint = recovery_file_read(folder, "edb.chk");
    assert_int_equal(ese_log_checkpoint_decode(checkpoint.bytes, &decoded), JET_errSuccess);
    decoded.checkpoint = (ese_lgpos){0, 1, 5};
    decoded.version |= 1;
    decoded.attached.n = 0;
    memset(bytes, 0, sizeof bytes);
    assert_true(ese_log_checkpoint_encode(&decoded, bytes));
    memcpy(bytes + ESE_LOG_CHECKPOINT_SIZE, bytes, ESE_LOG_CHECKPOINT_SIZE);
    recovery_file_write(folder, "edb.chk", &(recovery_file){bytes, sizeof bytes});
    assert_int_equal(recover(folder), JET_errSuccess);
    after = recovery_file_read(folder, "data.edb");
    assert_same(&after, &expected, (size_t)HEADER_PAGES * 4096);
    free(before.bytes);
    free(expected.bytes);
    free(after.bytes);
    free(checkpoint.bytes);
    recovery_corpus_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_faults__of_memory_change_nothing),
        cmocka_unit_test(test_recovery_faults__of_opening_change_nothing),
        cmocka_unit_test(test_recovery_faults__of_reading_change_nothing),
        cmocka_unit_test(test_recovery_faults__of_writing_change_nothing),
        cmocka_unit_test(test_recovery_faults__of_syncing_change_nothing),
        cmocka_unit_test(test_recovery_faults__of_a_full_disk_change_nothing),
        cmocka_unit_test(test_recovery_faults__goes_on_where_one_of_two_databases_was_finished),
        cmocka_unit_test(
            test_recovery_start__does_not_trust_a_checkpoint_that_leads_past_a_dirty_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
