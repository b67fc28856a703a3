/*
 * Page checksums, against values worked out by hand and against a reference that follows the definition bit by
 * bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_builder.h"

enum { PGNO = 0x1234, N_RANDOM_PAIRS = 3000, N_LARGE_BLOCKS = 4 };

static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* Random bytes with the flag of the new format and a right checksum. */
static void
make_random_page(uint8_t *bytes, uint32_t size, uint64_t seed)
{
    for (uint32_t i = 0; i < size; i += 8)
        ese_store_le64(bytes + i, page_builder_random(&seed));
    bytes[37] |= 0x20;
    ese_page_checksum_update(bytes, size, PGNO);
}

/* Section 4.2, steps 1 to 5, literally. */
static uint64_t
reference_checksum(const uint8_t *bytes, uint32_t size, bool is_first, ese_pgno pgno)
{
    uint32_t column = 0, low = 0, high, n_ones = 0;

    for (uint32_t bit = is_first ? 64 : 0; bit < 8 * size; bit++) {
        if ((bytes[bit / 8] >> bit % 8 & 1) != 0) {
            column ^= (uint32_t)1 << bit % 32;
            low ^= bit;
            n_ones++;
        }
    }
    high = n_ones % 2 != 0 ? low ^ (8 * size - 1) : low;
    return (uint64_t)(high << 16 | low) << 32 | (column ^ pgno);
}

static void
test_page_checksum__of_one_set_bit_is_as_worked_out_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[8192] = {0};

        bytes[37] = 0x20; /* bit 9 * 32 + 13 = 301 */
        ese_page_checksum_update(bytes, sizes[i], 5);
        assert_int_equal(ese_load_le32(bytes), 5 ^ 1u << 13);
        assert_int_equal(ese_load_le16(bytes + 4), 301);
        assert_int_equal(ese_load_le16(bytes + 6), 301 ^ (8 * sizes[i] - 1));
    }
}

static void
test_page_checksum__agrees_with_the_definition(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            make_random_page(bytes, sizes[i], seed);
            assert_int_equal(ese_load_le64(bytes), reference_checksum(bytes, sizes[i], true, PGNO));
        }
    }
}

static void
test_page_checksum__of_large_pages_covers_four_blocks(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 3; i < N_SIZES; i++) {
        uint32_t block = sizes[i] / N_LARGE_BLOCKS;

        make_random_page(bytes, sizes[i], 7);
        assert_int_equal(ese_load_le64(bytes), reference_checksum(bytes, block, true, PGNO));
        for (uint32_t k = 1; k < N_LARGE_BLOCKS; k++)
            assert_int_equal(ese_load_le64(bytes + 32 + 8 * k),
                             reference_checksum(bytes + k * block, block, false, PGNO));
    }
}

static void
test_page_checksum__is_good_after_update(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX], copy[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        make_random_page(bytes, sizes[i], 11);
        memcpy(copy, bytes, sizes[i]);
        assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO), ESE_PAGE_STATE_GOOD);
        assert_memory_equal(bytes, copy, sizes[i]);
    }
}

static void
test_page_checksum__corrects_every_single_bit_but_those_it_cannot_know(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX], good[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        make_random_page(good, sizes[i], 13);
        memcpy(bytes, good, sizes[i]);
        for (uint32_t bit = 0; bit < 8 * sizes[i]; bit++) {
            bool is_known =
                bit >= 64 && bit != 9 * 32 + 13; /* neither checksum nor the format flag */
            ese_page_state expected = is_known ? ESE_PAGE_STATE_CORRECTED : ESE_PAGE_STATE_BAD;

            bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
            if (ese_page_checksum_verify(bytes, sizes[i], PGNO) != expected)
                fail_msg("page size %u, bit %u", sizes[i], bit);
            if (!is_known)
                bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
            if (bytes[bit / 8] != good[bit / 8])
                fail_msg("page size %u, bit %u: not corrected", sizes[i], bit);
        }
        assert_memory_equal(bytes, good, sizes[i]);
    }
}

static void
test_page_checksum__never_turns_two_wrong_bits_into_other_data(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX], good[ESE_PAGE_SIZE_MAX];
    uint64_t seed = 17;
    unsigned n_corrected = 0, n_bad = 0;

    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        make_random_page(good, sizes[i], 19);
        for (int pair = 0; pair < N_RANDOM_PAIRS; pair++) {
            uint32_t a = (uint32_t)(page_builder_random(&seed) % (8 * sizes[i]));
            uint32_t b = (uint32_t)(page_builder_random(&seed) % (8 * sizes[i]));
            ese_page_state found;

            if (a == b)
                continue;
            memcpy(bytes, good, sizes[i]);
            bytes[a / 8] = (uint8_t)(bytes[a / 8] ^ 1u << a % 8);
            bytes[b / 8] = (uint8_t)(bytes[b / 8] ^ 1u << b % 8);
            found = ese_page_checksum_verify(bytes, sizes[i], PGNO);
            if (found != ESE_PAGE_STATE_BAD &&
                (found != ESE_PAGE_STATE_CORRECTED || memcmp(bytes, good, sizes[i]) != 0))
                fail_msg("page size %u, bits %u and %u", sizes[i], a, b);
            if (found == ESE_PAGE_STATE_BAD)
                n_bad++;
            else
                n_corrected++;
        }
    }
    assert_true(n_corrected > 0); /* in two blocks of a large page */
    assert_true(n_bad > n_corrected);
}

static void
test_page_checksum__knows_a_page_from_another_place(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        make_random_page(bytes, sizes[i], 23);
        for (unsigned bit = 0; bit < 31; bit++)
            assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO ^ 1u << bit),
                             ESE_PAGE_STATE_BAD);
        assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO), ESE_PAGE_STATE_GOOD);
    }
}

static void
test_page_checksum__tells_a_blank_page(void **state)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        memset(bytes, 0, sizes[i]);
        assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO), ESE_PAGE_STATE_BLANK);
        bytes[sizes[i] - 1] = 1;
        assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO), ESE_PAGE_STATE_BAD);
        bytes[sizes[i] - 1] = 0;
        bytes[0] = 1;
        assert_int_equal(ese_page_checksum_verify(bytes, sizes[i], PGNO), ESE_PAGE_STATE_BAD);
    }
}

static void
test_page_checksum_old__detects_every_single_bit_and_a_wrong_place(void **state)
{
    uint8_t bytes[4096];
    uint64_t seed = 29;

    (void)state;
    for (uint32_t i = 0; i < sizeof bytes; i += 8)
        ese_store_le64(bytes + i, page_builder_random(&seed));
    bytes[37] &= 0xdf;
    ese_page_checksum_update(bytes, sizeof bytes, PGNO);
    assert_int_equal(ese_load_le32(bytes + 4), PGNO);
    assert_int_equal(ese_page_checksum_verify(bytes, sizeof bytes, PGNO), ESE_PAGE_STATE_GOOD);
    assert_int_equal(ese_page_checksum_verify(bytes, sizeof bytes, PGNO + 1), ESE_PAGE_STATE_BAD);
    for (uint32_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        if (ese_page_checksum_verify(bytes, sizeof bytes, PGNO) != ESE_PAGE_STATE_BAD)
            fail_msg("bit %u", bit);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
    }
}

static void
test_page_header_checksum__is_the_sum_of_all_words_but_the_first(void **state)
{
    uint8_t bytes[2048] = {0};

    (void)state;
    assert_int_equal(ese_page_header_checksum(bytes, sizeof bytes), 0x89abcdef);
    ese_store_le32(bytes, 0xffffffff);
    ese_store_le32(bytes + 4, 0x01020304);
    ese_store_le32(bytes + 2044, 0x10203040);
    assert_int_equal(ese_page_header_checksum(bytes, sizeof bytes),
                     0x89abcdef ^ 0x01020304 ^ 0x10203040);
}

static void
test_page_size__five_are_legal(void **state)
{
    unsigned n_legal = 0;

    (void)state;
    for (uint32_t size = 0; size <= 70000; size++)
        n_legal += ese_page_size_is_legal(size);
    assert_int_equal(n_legal, N_SIZES);
    for (size_t i = 0; i < N_SIZES; i++)
        assert_true(ese_page_size_is_legal(sizes[i]));
    assert_false(ese_page_size_is_legal(0x80000000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_checksum__of_one_set_bit_is_as_worked_out_by_hand),
        cmocka_unit_test(test_page_checksum__agrees_with_the_definition),
        cmocka_unit_test(test_page_checksum__of_large_pages_covers_four_blocks),
        cmocka_unit_test(test_page_checksum__is_good_after_update),
        cmocka_unit_test(test_page_checksum__corrects_every_single_bit_but_those_it_cannot_know),
        cmocka_unit_test(test_page_checksum__never_turns_two_wrong_bits_into_other_data),
        cmocka_unit_test(test_page_checksum__knows_a_page_from_another_place),
        cmocka_unit_test(test_page_checksum__tells_a_blank_page),
        cmocka_unit_test(test_page_checksum_old__detects_every_single_bit_and_a_wrong_place),
        cmocka_unit_test(test_page_header_checksum__is_the_sum_of_all_words_but_the_first),
        cmocka_unit_test(test_page_size__five_are_legal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
