/* The reader of log files: records in pieces, what crashes leave, the older format, folders, faults. INV numbers are those of log_file.h. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "log_builder.h"

enum { LEGACY_SECTOR = 512, SUM_SIZE = 22, MAX_READ = 200 };

static log_builder b;

/* What a walk over a log gives: numbers of Begin records, or the types of others. */
typedef struct walk {
    unsigned n;
    unsigned numbers[MAX_READ];
    ese_lgpos at[MAX_READ];
    JET_ERR err;
    ese_log_tally tally;
    ese_log_extent extent;
} walk;

static walk
read_on(ese_log_file *file)
{
    const ese_log_entry *entry = NULL;
    walk w = {0};
    ese_lgpos at = {0};

    while ((w.err = ese_log_file_next(file, &entry, &at)) == JET_errSuccess && entry != NULL) {
        assert_true(w.n < MAX_READ);
        w.numbers[w.n] = entry->type == ESE_LOG_BEGIN ? entry->procid : 1000u + entry->type;
        w.at[w.n++] = at;
    }
    w.tally = *ese_log_file_tally(file);
    w.extent = *ese_log_file_extent(file);
    return w;
}

static walk
read_log(void)
{
    int64_t live = ese_alloc_live();
    ese_log_file *file = NULL;
    walk w;

    assert_int_equal(ese_log_file_open(log_builder_write(&b, LOG_SIZE), NULL, &file),
                     JET_errSuccess);
    w = read_on(file);
    ese_log_file_close(&file);
    assert_int_equal(ese_alloc_live(), live);
    return w;
}

static int
remove_file(void **state)
{
    (void)state;
    log_builder_remove(&b);
    b.path[0] = '\0';
    return 0;
}

/* ---- segments */

static void
test_log_file__records_come_in_order_with_their_positions(void **state)
{
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    for (uint16_t i = 0; i < 6; i++) {
        log_builder_begin(&b, i);
        if (i == 3)
            log_builder_next(&b);
    }
    log_builder_next(&b);
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(w.numbers[i], i);
    assert_int_equal(w.at[0].offset, 0); /* the first of a segment */
    assert_int_equal(w.at[1].offset, LOG_DATA + 4);
    assert_int_equal(w.at[4].sector, 2);
    assert_int_equal(w.at[4].offset, 0);
    assert_int_equal(w.tally.record_bytes, 24);
    assert_int_equal(w.tally.record_bytes + w.tally.fill_bytes, 2 * (4096 - LOG_DATA));
}

/* A Trace record of `n` bytes of text in pieces, the first of `first` bytes of it. */
static size_t
make_trace(uint8_t *bytes, size_t n)
{
    static const uint8_t text[6000] = {'x'};
    const ese_log_entry entry = {.type = ESE_LOG_TRACE, .data = {text, n}};

    ese_log_record_encode(&entry, bytes);
    return ese_log_record_encoded_size(&entry);
}

static void
test_log_file__a_record_in_pieces_comes_whole(void **state)
{
    static uint8_t record[8192];
    size_t size = make_trace(record, 6000), first, second;
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_begin(&b, 1);
    first = log_builder_left(&b) - 7;
    log_builder_piece(&b, (uint32_t)size, record, first);
    log_builder_next(&b);
    second = size - first;
    assert_true(second < 4000);
    log_builder_piece(&b, 0, record + first, second);
    log_builder_begin(&b, 2);
    log_builder_next(&b);
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 3);
    assert_int_equal(w.numbers[1], 1000 + ESE_LOG_TRACE);
    assert_int_equal(w.at[1].sector, 1); /* where it begins */
    assert_int_equal(w.at[1].offset, LOG_DATA + 4);
    assert_int_equal(w.numbers[2], 2);
    assert_int_equal(w.tally.n_fragmented, 1);
}

/* A torn record, and behind it in the next segment a record of the type `type`. */
static walk
read_torn(ese_log_type type)
{
    static uint8_t record[8192];
    size_t size = make_trace(record, 6000);
    const ese_log_entry next = {.type = type, .data = {record, type == ESE_LOG_FRAGMENT ? 9 : 0}};

    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, (uint32_t)size, record, 1000);
    log_builder_next(&b);
    log_builder_entry(&b, &next);
    log_builder_begin(&b, 2);
    log_builder_next(&b);
    return read_log();
}

static void
test_log_file__a_torn_record_is_passed_over_where_recovery_went_on(void **state)
{
    walk w;

    (void)state;
    w = read_torn(ESE_LOG_RECOVERY_UNDO2);
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.tally.n_torn, 1);
    assert_false(w.tally.ends_torn);
    assert_int_equal(read_torn(ESE_LOG_UNDO_INFO).err, JET_errSuccess);
    assert_int_equal(read_torn(ESE_LOG_SHUT_DOWN_MARK).err, JET_errLogFileCorrupt);
    assert_int_equal(read_torn(ESE_LOG_FRAGMENT).err, JET_errLogFileCorrupt); /* then a Begin */
}

static void
test_log_file__pieces_that_make_no_record_are_refused(void **state)
{
    uint8_t record[64] = {ESE_LOG_FRAGMENT};

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, 0, record, 10); /* of nothing */
    log_builder_next(&b);
    assert_int_equal(read_log().err, JET_errLogFileCorrupt);

    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, 5, record, 10); /* more than the whole */
    log_builder_next(&b);
    assert_int_equal(read_log().err, JET_errLogFileCorrupt);

    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, ESE_LOG_RECORD_MAX + 1, record, 10);
    log_builder_next(&b);
    assert_int_equal(read_log().err, JET_errLogFileCorrupt);

    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, 3, record, 3); /* whole, but a piece again */
    log_builder_next(&b);
    assert_int_equal(read_log().err, JET_errLogFileCorrupt);
}

static void
test_log_file__the_last_record_may_be_incomplete(void **state)
{
    uint8_t record[64] = {ESE_LOG_TRACE};
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_begin(&b, 4);
    log_builder_piece(&b, 60, record, 10);
    log_builder_next(&b);
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 1);
    assert_true(w.tally.ends_torn);
}

static void
test_log_file__records_in_front_of_a_damage_come(void **state)
{
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    for (uint16_t i = 0; i < 4; i++) {
        log_builder_begin(&b, i);
        log_builder_next(&b);
    }
    log_builder_segment(&b, 3)[50] ^= 3;
    w = read_log();
    assert_int_equal(w.err, JET_errLogFileCorrupt);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.extent.bad_sector, 3);
}

static void
test_log_file__reading_can_begin_anywhere(void **state)
{
    const ese_lgpos wanted = {LOG_DATA + 4, 2, 5}, start = {0, 1, 5}, far = {0, 9, 5},
                    foreign = {0, 1, 6};
    ese_log_file *file = NULL;
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    for (uint16_t i = 0; i < 6; i++) {
        log_builder_begin(&b, i);
        if (i % 2 != 0)
            log_builder_next(&b);
    }
    assert_int_equal(ese_log_file_open(log_builder_write(&b, LOG_SIZE), NULL, &file),
                     JET_errSuccess);
    assert_int_equal(ese_log_file_seek(file, wanted), JET_errSuccess);
    w = read_on(file);
    assert_int_equal(w.n, 3);
    assert_int_equal(w.numbers[0], 3);
    assert_int_equal(ese_log_file_seek(file, start), JET_errSuccess);
    assert_int_equal(read_on(file).n, 6);
    assert_int_equal(ese_log_file_seek(file, far), JET_errSuccess);
    assert_int_equal(read_on(file).n, 0);
    assert_int_equal(ese_log_file_seek(file, foreign), JET_errInvalidParameter);
    ese_log_file_close(&file);
}

static void
test_log_file__a_file_of_the_wrong_size_is_refused_unless_wanted(void **state)
{
    const ese_log_expect cut = {.allow_cut = true};
    ese_log_file *file = NULL;
    walk w;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    for (uint16_t i = 0; i < LOG_SECTORS - 2; i++) {
        log_builder_begin(&b, i);
        log_builder_next(&b);
    }
    log_builder_write(&b, LOG_SIZE / 2);
    assert_int_equal(ese_log_file_open(b.path, NULL, &file), JET_errLogFileSizeMismatch);
    assert_int_equal(ese_log_file_open(b.path, &cut, &file), JET_errSuccess);
    w = read_on(file);
    ese_log_file_close(&file);
    assert_int_equal(w.n, LOG_SECTORS / 2 - 1);
    assert_int_equal(w.err, JET_errLogFileCorrupt);
    log_builder_write(&b, 100);
    assert_int_equal(ese_log_file_open(b.path, NULL, &file), JET_errLogFileCorrupt);
}

/* ---- the older format */

/* Writes a checksum record at `at`, over what stands around it. */
static void
put_sum(size_t at, uint32_t n_backwards, uint32_t n_forwards, uint32_t n_next)
{
    ese_log_xor backwards = {0}, forwards = {0}, rest = {0};
    ese_log_entry entry = {.type = ESE_LOG_CHECKSUM};
    ese_log_entry_checksum *sum = &entry.u.checksum;
    size_t behind = at + SUM_SIZE, sector_end = at - at % LEGACY_SECTOR + LEGACY_SECTOR;

    *sum =
        (ese_log_entry_checksum){n_backwards, n_forwards, n_next, 0, 0, ESE_LOG_CHECKSUM_USE_SHORT};
    ese_log_xor_add(&backwards, b.bytes + at - n_backwards, n_backwards);
    ese_log_xor_add(&forwards, b.bytes + behind, n_forwards);
    ese_log_xor_add(&rest, b.bytes + behind, sector_end - behind);
    sum->checksum = ese_log_checksum_full(sum, b.header.generation, backwards.sum, forwards.sum);
    sum->checksum_short = ese_log_checksum_short(sum, b.header.generation, backwards.sum, rest.sum);
    ese_log_record_encode(&entry, b.bytes + at);
}

/* Begin records 0 to n - 1 as a stream that goes around the checksum record at `gap`. */
static size_t
put_begins(size_t at, unsigned n, size_t gap)
{
    for (unsigned i = 0; i < n; i++) {
        const ese_log_entry entry = {.type = ESE_LOG_BEGIN, .procid = (uint16_t)i, .levels = 0x11};
        uint8_t record[4];

        ese_log_record_encode(&entry, record);
        for (unsigned k = 0; k < sizeof record; k++) {
            if (at == gap)
                at += SUM_SIZE;
            b.bytes[at++] = record[k];
        }
    }
    return at;
}

/* 130 records over two sectors; one of them lies around the end of the first range and the second checksum record. */
static size_t
build_legacy(void)
{
    const size_t first = ESE_LOG_HEADER_SIZE, second = first + LEGACY_SECTOR + 3;
    size_t end;

    log_builder_start(&b, ESE_LOG_MAJOR_LEGACY, LEGACY_SECTOR);
    end = put_begins(first + SUM_SIZE, 130, second);
    assert_true(end < first + 2 * LEGACY_SECTOR);
    put_sum(second, 3, (uint32_t)(end - second - SUM_SIZE), 0);
    put_sum(first, 0, LEGACY_SECTOR - SUM_SIZE, (uint32_t)(second - first - SUM_SIZE));
    return second;
}

static void
test_log_file__the_older_format_is_read_around_its_checksums(void **state)
{
    walk w;

    (void)state;
    (void)build_legacy();
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 130);
    for (unsigned i = 0; i < w.n; i++)
        assert_int_equal(w.numbers[i], i);
    assert_int_equal(w.at[0].sector, 8);
    assert_int_equal(w.at[0].offset, SUM_SIZE);
    assert_int_equal(w.tally.record_bytes, 130 * 4 + 2 * SUM_SIZE);
    assert_int_equal(w.extent.n_ranges, 2);
    assert_int_equal(w.extent.n_short, 0);
}

static void
test_log_file__the_older_format_can_be_read_from_anywhere(void **state)
{
    ese_log_file *file = NULL;
    walk all, w;

    (void)state;
    (void)build_legacy();
    all = read_log();
    assert_int_equal(ese_log_file_open(b.path, NULL, &file), JET_errSuccess);
    for (unsigned i = 0; i < all.n; i += 13) {
        assert_int_equal(ese_log_file_seek(file, all.at[i]), JET_errSuccess);
        w = read_on(file);
        assert_int_equal(w.n, all.n - i);
        assert_int_equal(w.numbers[0], i);
    }
    ese_log_file_close(&file);
}

static void
test_log_file__torn_ends_of_the_older_format_are_rescued(void **state)
{
    size_t second = build_legacy(), sector = second - second % LEGACY_SECTOR;
    uint32_t sum;
    walk w;

    (void)state;
    /* A copy of the last sector, then the sector is torn: the copy serves. */
    memcpy(b.bytes + sector + LEGACY_SECTOR, b.bytes + sector, LEGACY_SECTOR);
    sum = ese_load_le32(b.bytes + second + 13) ^ ESE_LOG_CHECKSUM_SHADOW;
    ese_store_le32(b.bytes + second + LEGACY_SECTOR + 13, sum);
    b.bytes[second + 30] ^= 3;
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, 130);
    assert_int_equal(w.extent.n_short, 1);

    /* Without a copy the log is damaged there, and what is in front of it comes. */
    memset(b.bytes + sector + LEGACY_SECTOR, 0, LEGACY_SECTOR);
    w = read_log();
    assert_int_equal(w.err, JET_errLogFileCorrupt);
    assert_int_equal(w.n, 123);

    /* A range of several sectors, of which a later one is torn: the first is rescued. */
    log_builder_start(&b, ESE_LOG_MAJOR_LEGACY, LEGACY_SECTOR);
    (void)put_begins(ESE_LOG_HEADER_SIZE + SUM_SIZE, 200, SIZE_MAX);
    put_sum(ESE_LOG_HEADER_SIZE, 0, 2 * LEGACY_SECTOR - SUM_SIZE, 0);
    b.bytes[ESE_LOG_HEADER_SIZE + LEGACY_SECTOR + 8] ^= 3;
    w = read_log();
    assert_int_equal(w.err, JET_errSuccess);
    assert_int_equal(w.n, (LEGACY_SECTOR - SUM_SIZE) / 4);
    assert_int_equal(w.extent.n_short, 1);
    assert_true(w.tally.ends_torn);
}

/* ---- checkpoints */

static void
test_log_file__a_damaged_checkpoint_is_read_from_its_second_copy(void **state)
{
    const ese_log_checkpoint made = {.checkpoint = {40, 3, 7},
                                     .file_type = ESE_LOG_FILE_TYPE_CHECKPOINT};
    uint8_t bytes[ESE_LOG_CHECKPOINT_SIZE];
    ese_log_checkpoint checkpoint;
    unsigned copy = 9;

    (void)state;
    memset(&b, 0, sizeof b);
    assert_true(ese_log_checkpoint_encode(&made, b.bytes));
    memcpy(b.bytes + 4096, b.bytes, 4096);
    b.bytes[20] ^= 1;
    log_builder_write(&b, 8192);
    assert_int_equal(ese_log_checkpoint_read(b.path, bytes, &checkpoint, &copy), JET_errSuccess);
    assert_int_equal(copy, 1);
    assert_int_equal(checkpoint.checkpoint.generation, 7);
    b.bytes[4096 + 20] ^= 1;
    log_builder_write(&b, 8192);
    assert_int_equal(ese_log_checkpoint_read(b.path, bytes, &checkpoint, &copy),
                     JET_errCheckpointCorrupt);
    log_builder_write(&b, 4095);
    assert_int_equal(ese_log_checkpoint_read(b.path, bytes, &checkpoint, &copy),
                     JET_errCheckpointCorrupt);
    assert_int_equal(ese_log_checkpoint_read("/tmp/ese-there-is-none", bytes, &checkpoint, &copy),
                     JET_errFileNotFound);
}

/* ---- faults */

static JET_ERR
open_and_read(void)
{
    ese_log_file *file = NULL;
    const ese_log_entry *entry = NULL;
    ese_lgpos at;
    JET_ERR err = ese_log_file_open(b.path, NULL, &file);

    while (err == JET_errSuccess) {
        err = ese_log_file_next(file, &entry, &at);
        if (entry == NULL)
            break;
    }
    ese_log_file_close(&file);
    return err;
}

static void
test_log_file__every_failure_is_told_and_leaks_nothing(void **state)
{
    static const struct {
        ese_fault fault;
        JET_ERR err;
    } faults[] = {{ESE_FAULT_POINT_ALLOC, JET_errOutOfMemory},
                  {ESE_FAULT_POINT_OPEN, JET_errFileAccessDenied},
                  {ESE_FAULT_POINT_READ, JET_errDiskIO}};
    static uint8_t record[8192];
    size_t size = make_trace(record, 6000);
    int64_t live = ese_alloc_live();

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    log_builder_piece(&b, (uint32_t)size, record, 4000);
    log_builder_next(&b);
    log_builder_piece(&b, 0, record + 4000, size - 4000);
    log_builder_next(&b);
    log_builder_write(&b, LOG_SIZE);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t n = 1;
        JET_ERR err;

        do {
            ese_fault_set(faults[i].fault, n++, false);
            err = open_and_read();
            ese_fault_set(faults[i].fault, 0, false);
            assert_true(err == JET_errSuccess || err == faults[i].err);
            assert_int_equal(ese_alloc_live(), live);
        } while (err != JET_errSuccess);
        assert_true(n > 2);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_log_file__records_come_in_order_with_their_positions,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__a_record_in_pieces_comes_whole, remove_file),
        cmocka_unit_test_teardown(
            test_log_file__a_torn_record_is_passed_over_where_recovery_went_on, remove_file),
        cmocka_unit_test_teardown(test_log_file__pieces_that_make_no_record_are_refused,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__the_last_record_may_be_incomplete, remove_file),
        cmocka_unit_test_teardown(test_log_file__records_in_front_of_a_damage_come, remove_file),
        cmocka_unit_test_teardown(test_log_file__reading_can_begin_anywhere, remove_file),
        cmocka_unit_test_teardown(test_log_file__a_file_of_the_wrong_size_is_refused_unless_wanted,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__the_older_format_is_read_around_its_checksums,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__the_older_format_can_be_read_from_anywhere,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__torn_ends_of_the_older_format_are_rescued,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__a_damaged_checkpoint_is_read_from_its_second_copy,
                                  remove_file),
        cmocka_unit_test_teardown(test_log_file__every_failure_is_told_and_leaks_nothing,
                                  remove_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
