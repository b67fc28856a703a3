/* The database header: every field from its place, and nothing from a header that is not whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page/page_dbheader.h"

#include <stdlib.h>

static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* Byte i of the header is i + 7 where no field asks for another value. */
static uint8_t *
make_header(uint32_t page_size)
{
    uint8_t *bytes = calloc(1, page_size);

    assert_non_null(bytes);
    for (uint32_t i = 0; i < ESE_DBHEADER_SIZE; i++)
        bytes[i] = (uint8_t)(i + 7);
    ese_store_le32(bytes + 4, 0x89abcdef);
    ese_store_le32(bytes + 8, 0x620);
    ese_store_le32(bytes + 52, ESE_DBSTATE_CLEAN);
    ese_store_le32(bytes + 236, page_size);
    ese_store_le32(bytes, ese_page_header_checksum(bytes, page_size));
    return bytes;
}

static void
seal(uint8_t *bytes, uint32_t page_size)
{
    ese_store_le32(bytes, ese_page_header_checksum(bytes, page_size));
}

static void
expect(const uint8_t *bytes, size_t n, JET_ERR expected)
{
    ese_dbheader header = {.version = 99};

    assert_int_equal(ese_dbheader_decode(bytes, n, &header), expected);
    if (expected < JET_errSuccess)
        assert_int_equal(header.version, 99);
}

static uint32_t
u32_at(uint32_t offset)
{
    uint8_t bytes[4] = {(uint8_t)(offset + 7), (uint8_t)(offset + 8), (uint8_t)(offset + 9),
                        (uint8_t)(offset + 10)};

    return ese_load_le32(bytes);
}

static void
expect_bytes_of(const uint8_t *field, uint32_t offset, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(field[i], (uint8_t)(offset + i + 7));
}

static void
expect_lgpos_of(ese_lgpos position, uint32_t offset)
{
    assert_int_equal(position.offset, u32_at(offset) & 0xffff);
    assert_int_equal(position.sector, u32_at(offset) >> 16);
    assert_int_equal((uint32_t)position.generation, u32_at(offset + 4));
}

static void
expect_signature_of(const ese_signature *signature, uint32_t offset)
{
    assert_int_equal(signature->random, u32_at(offset));
    expect_bytes_of(signature->created, offset + 4, 8);
    expect_bytes_of(signature->computer, offset + 12, 16);
}

static void
test_page_dbheader__finds_every_field_in_its_place(void **state)
{
    uint8_t *bytes = make_header(4096);
    ese_dbheader header;

    (void)state;
    assert_int_equal(ese_dbheader_decode(bytes, 4096, &header), JET_errSuccess);
    assert_int_equal(header.version, 0x620);
    assert_int_equal(header.attrib, u32_at(12));
    assert_int_equal(header.dbtime, u32_at(16) | (uint64_t)u32_at(20) << 32);
    expect_signature_of(&header.sign_db, 24);
    assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
    expect_lgpos_of(header.consistent, 56);
    expect_bytes_of(header.consistent_time, 64, 8);
    expect_bytes_of(header.attach_time, 72, 8);
    expect_lgpos_of(header.attach, 80);
    expect_bytes_of(header.detach_time, 88, 8);
    expect_lgpos_of(header.detach, 96);
    assert_int_equal(header.dbid, u32_at(104));
    expect_signature_of(&header.sign_log, 108);
    expect_bytes_of(header.backup_full_prev, 136, 24);
    expect_bytes_of(header.backup_inc_prev, 160, 24);
    expect_bytes_of(header.backup_full_cur, 184, 24);
    assert_int_equal(header.flags, u32_at(208));
    assert_int_equal(header.objid_last, u32_at(212));
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(header.os_version[i], u32_at(216 + 4 * i));
    assert_int_equal(header.update_major, u32_at(232));
    assert_int_equal(header.update_minor, u32_at(644));
    assert_int_equal(header.page_size, 4096);
    assert_int_equal(header.repair_count, u32_at(240));
    expect_bytes_of(header.repair_time, 244, 8);
    assert_int_equal(header.repair_count_old, u32_at(364));
    expect_bytes_of(header.scrub_time, 288, 8);
    assert_int_equal(header.dbtime_last_scrub, u32_at(280) | (uint64_t)u32_at(284) << 32);
    assert_int_equal(header.gen_min_required, u32_at(296));
    assert_int_equal(header.gen_max_required, u32_at(300));
    assert_int_equal(header.gen_max_committed, u32_at(416));
    assert_int_equal(header.create_version, u32_at(340));
    assert_int_equal(header.create_update, u32_at(344));
    assert_int_equal(header.sort_version, u32_at(508) | (uint64_t)u32_at(512) << 32);
    assert_int_equal(header.efv_max, u32_at(648));
    assert_int_equal(header.file_type, u32_at(667));
    free(bytes);
}

static void
test_page_dbheader__accepts_every_page_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        uint8_t *bytes = make_header(sizes[i]);
        ese_dbheader header;

        assert_int_equal(ese_dbheader_decode(bytes, sizes[i], &header), JET_errSuccess);
        assert_int_equal(header.page_size, sizes[i]);
        expect(bytes, sizes[i] - 1, JET_errReadVerifyFailure);
        expect(bytes, 0, JET_errReadVerifyFailure);
        free(bytes);
    }
}

static void
test_page_dbheader__takes_page_size_zero_for_4096(void **state)
{
    uint8_t *bytes = make_header(4096);
    ese_dbheader header;

    (void)state;
    ese_store_le32(bytes + 236, 0);
    seal(bytes, 4096);
    assert_int_equal(ese_dbheader_decode(bytes, 4096, &header), JET_errSuccess);
    assert_int_equal(header.page_size, 4096);
    free(bytes);
}

static void
test_page_dbheader__refuses_every_single_wrong_bit(void **state)
{
    uint8_t *bytes = make_header(4096);

    (void)state;
    for (uint32_t bit = 0; bit < 8 * 4096; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        expect(bytes, 4096, JET_errReadVerifyFailure);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
    }
    expect(bytes, 4096, JET_errSuccess);
    free(bytes);
}

static void
test_page_dbheader__refuses_impossible_content_under_a_right_checksum(void **state)
{
    static const uint32_t no_states[] = {0, 9, 0x100, 0xffffffff};
    static const uint32_t no_sizes[] = {1, 1024, 4097, 65536, 0xffffffff};
    uint8_t *bytes = make_header(4096);

    (void)state;
    for (size_t i = 0; i < sizeof no_states / sizeof no_states[0]; i++) {
        ese_store_le32(bytes + 52, no_states[i]);
        seal(bytes, 4096);
        expect(bytes, 4096, JET_errDatabaseCorrupted);
    }
    ese_store_le32(bytes + 52, ESE_DBSTATE_DIRTY);
    ese_store_le32(bytes + 4, 0x89abcdee);
    seal(bytes, 4096);
    expect(bytes, 4096, JET_errDatabaseCorrupted);
    ese_store_le32(bytes + 4, 0x89abcdef);
    for (size_t i = 0; i < sizeof no_sizes / sizeof no_sizes[0]; i++) {
        ese_store_le32(bytes + 236, no_sizes[i]);
        seal(bytes, 4096);
        expect(bytes, 4096, JET_errReadVerifyFailure);
    }
    free(bytes);
}

static void
test_page_dbheader__refuses_an_all_zero_file(void **state)
{
    static const uint8_t zeros[ESE_PAGE_SIZE_MAX];

    (void)state;
    expect(zeros, sizeof zeros, JET_errReadVerifyFailure);
}

static void
test_page_dbheader__encode_keeps_what_nobody_knows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        uint8_t *bytes = make_header(sizes[i]), *again = malloc(sizes[i]);
        ese_dbheader header;

        assert_non_null(again);
        assert_int_equal(ese_dbheader_decode(bytes, sizes[i], &header), JET_errSuccess);
        memcpy(again, bytes, sizes[i]);
        ese_store_le32(again, 0x12345678); /* the checksum is made anew */
        ese_dbheader_encode(&header, again);
        assert_memory_equal(again, bytes, sizes[i]);
        header.state = ESE_DBSTATE_DIRTY;
        header.dbtime = 0x123456789a;
        ese_dbheader_encode(&header, again);
        assert_int_equal(ese_load_le32(again + 52), ESE_DBSTATE_DIRTY);
        assert_int_equal(ese_load_le64(again + 16), 0x123456789a);
        assert_memory_equal(again + 56, bytes + 56, sizes[i] - 56);
        expect(again, sizes[i], JET_errSuccess);
        free(bytes);
        free(again);
    }
}

static void
test_page_dbheader__a_fresh_header_says_what_others_accept(void **state)
{
    uint8_t bytes[8192] = {0};
    ese_dbheader header = ese_dbheader_fresh(sizeof bytes), again;

    (void)state;
    header.state = ESE_DBSTATE_CLEAN;
    header.objid_last = 8;
    ese_dbheader_encode(&header, bytes);
    assert_int_equal(ese_dbheader_decode(bytes, sizeof bytes, &again), JET_errSuccess);
    assert_int_equal(ese_load_le32(bytes + 4), 0x89abcdef);
    assert_int_equal(ese_load_le32(bytes + 8), 0x620);
    assert_int_equal(ese_load_le32(bytes + 12), 0);
    assert_true(ese_load_le64(bytes + 16) != 0);
    assert_int_equal(ese_load_le32(bytes + 104), 1);
    assert_int_equal(ese_load_le32(bytes + 232), 20);
    assert_int_equal(ese_load_le32(bytes + 236), 8192);
    assert_int_equal(ese_load_le32(bytes + 340), 0x620);
    assert_int_equal(ese_load_le32(bytes + 344), 20);
    assert_int_equal(ese_load_le64(bytes + 508), UINT64_MAX);
    assert_int_equal(ese_load_le32(bytes + 644), 0);
    assert_int_equal(ese_load_le32(bytes + 667), 1);
    for (size_t i = ESE_DBHEADER_SIZE; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
}

static void
test_page_dbheader__a_database_that_was_detached_needs_no_log(void **state)
{
    static const uint8_t now[8] = {1, 2, 3, 4, 5, 126, 7, 8}, nothing[56];
    static uint8_t page[4096];
    const ese_lgpos lgpos = {0x30, 4, 5};
    ese_dbheader header = ese_dbheader_fresh(sizeof page), before;

    (void)state;
    memset(page, 0xee, sizeof page);
    header.state = ESE_DBSTATE_DIRTY;
    header.gen_min_required = 3;
    header.gen_max_required = 4;
    header.gen_max_committed = 5;
    memset(header.backup_full_cur, 1, sizeof header.backup_full_cur);
    memset(header.backup_full_prev, 2, sizeof header.backup_full_prev);
    before = header;
    ese_dbheader_detach(&header, page, lgpos, now);
    ese_dbheader_encode(&header, page);
    assert_int_equal(ese_dbheader_decode(page, sizeof page, &header), JET_errSuccess);
    assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
    assert_memory_equal(&header.consistent, &lgpos, sizeof lgpos);
    assert_memory_equal(&header.detach, &lgpos, sizeof lgpos);
    assert_memory_equal(header.consistent_time, now, sizeof now);
    assert_memory_equal(header.detach_time, now, sizeof now);
    assert_int_equal(header.gen_min_required | header.gen_max_required | header.gen_max_committed,
                     0);
    assert_memory_equal(header.backup_full_cur, nothing, 24);
    assert_memory_equal(header.backup_full_prev, before.backup_full_prev, 24);
    assert_memory_equal(page + 316, nothing, 24);   /* a snapshot */
    assert_memory_equal(page + 348, nothing, 8);    /* time of the last generation */
    assert_int_equal(ese_load_le32(page + 536), 0); /* generation under recovery */
    assert_memory_equal(page + 584, nothing, 56);   /* flush map */
    assert_int_equal(ese_load_le32(page + 640), 0); /* oldest for consistency */
    assert_int_equal(ese_load_le64(page + 656), 0x0000000500040030);
    assert_memory_equal(page + 672, nothing, 16);
    assert_int_equal(page[420], 0xee); /* the last copy is as true as before */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_dbheader__finds_every_field_in_its_place),
        cmocka_unit_test(test_page_dbheader__accepts_every_page_size),
        cmocka_unit_test(test_page_dbheader__takes_page_size_zero_for_4096),
        cmocka_unit_test(test_page_dbheader__refuses_every_single_wrong_bit),
        cmocka_unit_test(test_page_dbheader__refuses_impossible_content_under_a_right_checksum),
        cmocka_unit_test(test_page_dbheader__refuses_an_all_zero_file),
        cmocka_unit_test(test_page_dbheader__encode_keeps_what_nobody_knows),
        cmocka_unit_test(test_page_dbheader__a_database_that_was_detached_needs_no_log),
        cmocka_unit_test(test_page_dbheader__a_fresh_header_says_what_others_accept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
