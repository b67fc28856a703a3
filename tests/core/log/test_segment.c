/* Headers and segments of logs: the checks and their codes, checksums, and where a log ends. INV numbers are those of log_file.h. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log_builder.h"

static log_builder b;

/* ---- headers */

typedef struct header_case {
    void (*change)(ese_log_header *header, ese_log_expect *expect);
    JET_ERR err;
} header_case;

static const ese_signature other_sign = {.random = 7};
static const uint8_t other_time[8] = {9};

static void
nothing(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->sign = &header->sign;
    expect->page_size = 4096;
    expect->file_size = LOG_SIZE;
    expect->generation = 5;
    expect->prev_created = header->prev_created;
    expect->has_checksum_prev = true;
}

static void
newer_major(ese_log_header *header, ese_log_expect *expect)
{
    (void)expect;
    header->major = 9;
}

static void
newer_update(ese_log_header *header, ese_log_expect *expect)
{
    (void)expect;
    header->update_major = 999;
}

static void
newer_minor(ese_log_header *header, ese_log_expect *expect)
{
    (void)expect;
    header->update_major = 130;
    header->update_minor = 281;
}

static void
newer_but_wanted(ese_log_header *header, ese_log_expect *expect)
{
    header->update_major = 999;
    expect->allow_newer = true;
}

static void
above_cap(ese_log_header *header, ese_log_expect *expect)
{
    header->update_major = 60;
    expect->efv_max = 8920;
}

static void
small_sectors(ese_log_header *header, ese_log_expect *expect)
{
    (void)expect;
    header->sector_size = 512;
}

static void
foreign(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->sign = &other_sign;
    expect->page_size = 8192; /* comes later */
}

static void
other_pages(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->page_size = 8192;
    expect->file_size = 1; /* comes later */
}

static void
other_size(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->file_size = LOG_SIZE / 2;
}

static void
other_generation(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->generation = 4;
}

static void
other_prev(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->prev_created = other_time;
}

static void
other_checksum(ese_log_header *header, ese_log_expect *expect)
{
    (void)header;
    expect->has_checksum_prev = true;
    expect->checksum_prev = 1;
}

static void
test_log_segment__headers_are_refused_with_the_code_of_each_check(void **state)
{
    static const header_case cases[] = {
        {nothing, JET_errSuccess},
        {newer_but_wanted, JET_errSuccess},
        {newer_major, JET_errBadLogVersion},
        {newer_update, JET_errBadLogVersion},
        {newer_minor, JET_errBadLogVersion},
        {above_cap, JET_errEngineFormatVersionSpecifiedTooLowForLogVersion},
        {small_sectors, JET_errLogFileCorrupt},
        {foreign, JET_errBadLogSignature},
        {other_pages, JET_errPageSizeMismatch},
        {other_size, JET_errLogFileSizeMismatch},
        {other_generation, JET_errInvalidLogSequence},
        {other_prev, JET_errInvalidLogSequence},
        {other_checksum, JET_errLogSequenceChecksumMismatch},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ese_log_expect expect = {0};
        ese_log_header header;

        log_builder_start(&b, ESE_LOG_MAJOR, 4096);
        assert_int_equal(ese_log_header_decode(b.bytes, &header), JET_errSuccess);
        cases[i].change(&header, &expect);
        assert_int_equal(ese_log_header_check(&header, &expect), cases[i].err);
    }
}

static void
test_log_segment__headers_that_are_none_are_refused(void **state)
{
    ese_log_header header;

    (void)state;
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    b.bytes[100] ^= 1;
    assert_int_equal(ese_log_header_decode(b.bytes, &header), JET_errLogFileCorrupt);
    b.header.file_type = 1;
    log_builder_seal_header(&b);
    assert_int_equal(ese_log_header_decode(b.bytes, &header), JET_errFileInvalidType);
    b.header.file_type = 0; /* as old ones have it */
    log_builder_seal_header(&b);
    assert_int_equal(ese_log_header_decode(b.bytes, &header), JET_errSuccess);
}

static void
test_log_segment__attached_databases_come_back_as_they_were_written(void **state)
{
    static const char name[] = "D:\\x\\data.edb";
    uint8_t bytes[ESE_LOG_ATTACH_SIZE];
    ese_log_attachments list = {.n = 2}, again;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        list.items[i] = (ese_log_attachment){.dbid = (uint8_t)(i + 1),
                                             .dbtime = 77 + i,
                                             .objid_last = 5,
                                             .attach = {1, 2, 3},
                                             .name = {(const uint8_t *)name, sizeof name}};
    assert_true(ese_log_attachments_encode(&list, bytes));
    assert_int_equal(ese_log_attachments_decode(bytes, &again), JET_errSuccess);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.items[1].dbtime, 78);
    assert_int_equal(again.items[1].attach.generation, 3);
    assert_int_equal(again.items[1].name.size, sizeof name);
    bytes[0] = 7; /* a database number that there is not */
    assert_int_equal(ese_log_attachments_decode(bytes, &again), JET_errLogFileCorrupt);
    bytes[0] = 1;
    ese_store_le16(bytes + 2, 2000); /* a name over the end */
    assert_int_equal(ese_log_attachments_decode(bytes, &again), JET_errLogFileCorrupt);
    list.items[0].name.size = ESE_LOG_ATTACH_SIZE;
    assert_false(ese_log_attachments_encode(&list, bytes));
}

/* ---- checksums */

static void
test_log_segment__checksums_are_the_documented_ones(void **state)
{
    static uint8_t segment[ESE_LOG_SEGMENT_SIZE];
    static const uint8_t no_time[8] = {0}, record[4] = {5, 5, 0, 0x11};

    (void)state;
    ese_log_segment_seal(segment, (ese_lgpos){0, 1, 1}, no_time);
    assert_true(ese_log_segment_checksum(segment) == 0x7EE2011D00012000);
    memcpy(segment + LOG_DATA, record, sizeof record);
    ese_log_segment_seal(segment, (ese_lgpos){0, 1, 1}, no_time);
    assert_true(ese_log_segment_checksum(segment) == 0x7EE6011911012505);
    assert_int_equal(ese_log_segment_verify(segment, 1), ESE_LOG_SEGMENT_GOOD);
    assert_int_equal(ese_log_segment_verify(segment, 2), ESE_LOG_SEGMENT_BAD);
}

static void
test_log_segment__any_flipped_bit_of_the_data_is_corrected(void **state)
{
    static uint8_t segment[ESE_LOG_SEGMENT_SIZE], damaged[ESE_LOG_SEGMENT_SIZE];

    (void)state;
    for (size_t i = LOG_DATA; i < sizeof segment; i++)
        segment[i] = (uint8_t)(i * 31);
    ese_log_segment_seal(segment, (ese_lgpos){0, 9, 3}, log_builder_time);
    for (unsigned bit = 8 * 8; bit < 8 * ESE_LOG_SEGMENT_SIZE; bit++) {
        memcpy(damaged, segment, sizeof damaged);
        damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ese_log_segment_verify(damaged, 9), ESE_LOG_SEGMENT_CORRECTED);
        assert_memory_equal(damaged, segment, sizeof damaged);
    }
    memset(damaged, 0, sizeof damaged);
    assert_int_equal(ese_log_segment_verify(damaged, 9), ESE_LOG_SEGMENT_BLANK);
}

/* ---- the end */

/* Three segments with data, the last with its copy. */
static void
build_log(void)
{
    log_builder_start(&b, ESE_LOG_MAJOR, 4096);
    for (uint16_t i = 0; i < 3; i++) {
        log_builder_begin(&b, i);
        log_builder_next(&b);
    }
    log_builder_shadow(&b, 3);
}

static ese_log_scan
scan_log(void)
{
    ese_log_scan scan = {.generation = b.header.generation, .sector = 1};
    ese_log_verdict verdict = ESE_LOG_VERDICT_DATA;

    while (scan.sector < LOG_SECTORS - 1 && verdict != ESE_LOG_VERDICT_CORRUPT)
        verdict = ese_log_scan_step(&scan, log_builder_segment(&b, scan.sector),
                                    log_builder_segment(&b, scan.sector + 1));
    return scan;
}

static void
test_log_segment__the_end_is_behind_the_last_good_segment(void **state)
{
    ese_log_scan scan;
    uint64_t checksum = 0;

    (void)state;
    build_log();
    for (uint32_t i = 1; i <= 3; i++)
        checksum ^= ese_log_segment_checksum(log_builder_segment(&b, i));
    scan = scan_log();
    assert_int_equal(scan.last_good, 3);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_DATA], 3);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_SHADOW], 1);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_EMPTY], LOG_SECTORS - 2 - 4);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_CORRUPT], 0);
    assert_true(scan.checksum == checksum);
}

static void
damage(uint32_t sector)
{
    for (unsigned i = 0; i < 64; i++) /* regular damage is what the checksum does not see */
        log_builder_segment(&b, sector)[1000 + i] ^= (uint8_t)(i * i + 1);
}

static void
test_log_segment__a_torn_segment_is_taken_from_its_copy(void **state)
{
    ese_log_scan scan;

    (void)state;
    build_log();
    damage(3);
    scan = scan_log();
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_RESTORED], 1);
    assert_int_equal(scan.last_good, 3);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_CORRUPT], 0);
    assert_memory_equal(log_builder_segment(&b, 3), log_builder_segment(&b, 4), 4096);

    build_log();
    memset(log_builder_segment(&b, 3), 0, 4096); /* the end, as far as can be seen */
    scan = scan_log();
    assert_int_equal(scan.last_good, 2);
    assert_int_equal(scan.lost_sector, 3);
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_CORRUPT], 0);
}

static void
test_log_segment__damage_that_nothing_repairs_is_told(void **state)
{
    ese_log_scan scan;

    (void)state;
    build_log();
    damage(3);
    damage(4);
    scan = scan_log();
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_CORRUPT], 1);
    assert_int_equal(scan.last_good, 2);

    build_log();
    damage(4); /* the copy alone */
    scan = scan_log();
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_CORRUPT], 1);
    assert_int_equal(scan.last_good, 3);

    build_log();
    memset(log_builder_segment(&b, 2), 0, 4096); /* a hole */
    assert_int_equal(scan_log().counts[ESE_LOG_VERDICT_CORRUPT], 1);

    build_log();
    log_builder_segment(&b, 8)[77] = 1; /* behind the end */
    assert_int_equal(scan_log().counts[ESE_LOG_VERDICT_CORRUPT], 1);
}

static void
test_log_segment__what_an_older_generation_left_is_no_data(void **state)
{
    ese_log_scan scan;

    (void)state;
    build_log();
    for (uint32_t sector = 5; sector < LOG_SECTORS - 1; sector++)
        ese_log_segment_seal(log_builder_segment(&b, sector),
                             (ese_lgpos){0, (uint16_t)sector, b.header.generation - 2},
                             log_builder_time);
    scan = scan_log();
    assert_int_equal(scan.counts[ESE_LOG_VERDICT_STALE], LOG_SECTORS - 1 - 5);
    assert_int_equal(scan.last_good, 3);
    ese_log_segment_seal(log_builder_segment(&b, 7), (ese_lgpos){0, 7, b.header.generation + 1},
                         log_builder_time);
    assert_int_equal(scan_log().counts[ESE_LOG_VERDICT_CORRUPT], 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_segment__headers_are_refused_with_the_code_of_each_check),
        cmocka_unit_test(test_log_segment__headers_that_are_none_are_refused),
        cmocka_unit_test(test_log_segment__attached_databases_come_back_as_they_were_written),
        cmocka_unit_test(test_log_segment__checksums_are_the_documented_ones),
        cmocka_unit_test(test_log_segment__any_flipped_bit_of_the_data_is_corrected),
        cmocka_unit_test(test_log_segment__the_end_is_behind_the_last_good_segment),
        cmocka_unit_test(test_log_segment__a_torn_segment_is_taken_from_its_copy),
        cmocka_unit_test(test_log_segment__damage_that_nothing_repairs_is_told),
        cmocka_unit_test(test_log_segment__what_an_older_generation_left_is_no_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
