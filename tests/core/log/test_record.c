/* Records of the log: sizes as documented, the same bytes out as in, nothing taken on trust. INV numbers are those of log_record.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/log_record.h"

enum { ROOM = 4096, PAGE_SIZE = 4096 };

/* Sizes without variable parts: log specification, section 5. */
static const uint16_t sizes[ESE_LOG_TYPE_COUNT] = {
    [0] = 1,   [1] = 568, [2] = 18,   [3] = 9,   [4] = 1,    [5] = 4,    [6] = 4,    [7] = 4,
    [8] = 8,   [9] = 8,   [10] = 7,   [11] = 11, [12] = 11,  [13] = 11,  [14] = 43,  [15] = 75,
    [16] = 7,  [17] = 1,  [18] = 18,  [19] = 3,  [20] = 3,   [21] = 4,   [22] = 5,   [23] = 1,
    [24] = 56, [25] = 48, [26] = 60,  [29] = 50, [30] = 48,  [31] = 52,  [32] = 44,  [33] = 50,
    [34] = 50, [35] = 44, [36] = 56,  [37] = 54, [38] = 46,  [39] = 51,  [42] = 22,  [45] = 3,
    [46] = 5,  [48] = 46, [49] = 576, [50] = 26, [51] = 9,   [52] = 26,  [53] = 8,   [54] = 7,
    [55] = 3,  [57] = 3,  [58] = 68,  [59] = 3,  [60] = 35,  [61] = 5,   [62] = 110, [63] = 96,
    [64] = 54, [65] = 96, [66] = 46,  [67] = 5,  [68] = 10,  [69] = 8,   [70] = 44,  [71] = 5,
    [72] = 50, [73] = 10, [74] = 15,  [75] = 5,  [76] = 7,   [77] = 3,   [78] = 10,  [79] = 4,
    [80] = 26, [81] = 10, [82] = 5,   [83] = 5,  [84] = 5,   [85] = 5,   [86] = 5,   [87] = 5,
    [88] = 5,  [89] = 5,  [90] = 5,   [91] = 5,  [92] = 14,  [93] = 58,  [94] = 10,  [95] = 20,
    [96] = 16, [97] = 2,  [98] = 27,  [99] = 18, [100] = 11, [101] = 19,
};

static bool
is_written(unsigned type)
{
    return sizes[type] != 0;
}

static void
test_log_record__sizes_are_the_documented_ones(void **state)
{
    (void)state;
    for (unsigned type = 0; type < ESE_LOG_TYPE_COUNT; type++) {
        ese_log_entry entry = {.type = (ese_log_type)type};

        if (is_written(type))
            assert_int_equal(ese_log_record_encoded_size(&entry), sizes[type]);
        else
            assert_int_equal(ese_log_record_class((ese_log_type)type), ESE_LOG_CLASS_REFUSED);
    }
}

/* Bytes of which the parts of every type are small: sizes are numbers below 16. */
static size_t
make_record(unsigned type, unsigned seed, uint8_t *bytes)
{
    size_t size = 0;

    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = i % 4 == seed % 4 ? (uint8_t)((i * 7 + seed) % 16) : 0;
    bytes[0] = (uint8_t)type;
    /* A length in the bytes 1 to 4 must be there for types that have one; the others take what comes. */
    if (sizes[type] > 5 && (type < 62 || type > 75))
        bytes[1] = (uint8_t)seed;
    else
        ese_store_le32(bytes + 1, sizes[type] + seed % 8);
    if (ese_log_record_measure((ese_bytes){bytes, ROOM}, &size) < JET_errSuccess || size > ROOM)
        return 0;
    return size;
}

static void
test_log_record__what_was_decoded_is_encoded_again(void **state)
{
    uint8_t bytes[ROOM], again[ROOM];
    unsigned done[ESE_LOG_TYPE_COUNT] = {0};

    (void)state;
    for (unsigned type = 0; type < ESE_LOG_TYPE_COUNT; type++) {
        for (unsigned seed = 0; seed < 64 && is_written(type); seed++) {
            size_t size = make_record(type, seed, bytes);
            ese_log_value values[ESE_LOG_VALUES_MAX];
            ese_log_entry entry;

            if (size == 0)
                continue;
            assert_int_equal(ese_log_record_decode((ese_bytes){bytes, size}, &entry),
                             JET_errSuccess);
            assert_int_equal(entry.size, size);
            assert_int_equal(ese_log_record_encoded_size(&entry), size);
            ese_log_record_encode(&entry, again);
            assert_memory_equal(again, bytes, size);
            assert_in_range(ese_log_record_describe(&entry, values), 0, ESE_LOG_VALUES_MAX - 1);
            done[type]++;
        }
        assert_true(!is_written(type) || done[type] != 0);
    }
}

static void
test_log_record__a_record_that_is_cut_asks_for_more(void **state)
{
    uint8_t bytes[ROOM];

    (void)state;
    for (unsigned type = 0; type < ESE_LOG_TYPE_COUNT; type++) {
        size_t size = is_written(type) ? make_record(type, 1, bytes) : 0;

        for (size_t n = 0; n < size; n++) {
            uint8_t *exact = malloc(n + (n == 0));
            ese_log_entry entry;
            size_t need = 0;

            assert_non_null(exact);
            memcpy(exact, bytes, n);
            assert_int_equal(ese_log_record_measure((ese_bytes){exact, n}, &need), JET_errSuccess);
            assert_in_range(need, n + 1, size);
            assert_int_equal(ese_log_record_decode((ese_bytes){exact, n}, &entry),
                             JET_errLogFileCorrupt);
            free(exact);
        }
    }
}

static void
test_log_record__unknown_and_refused_types_have_their_codes(void **state)
{
    ese_log_entry entry;
    uint8_t bytes[64] = {102};

    (void)state;
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errLogFileCorrupt);
    assert_null(ese_log_record_name((ese_log_type)102));
    assert_int_equal(ese_log_record_class((ese_log_type)200), ESE_LOG_CLASS_UNKNOWN);
    bytes[0] = ESE_LOG_SPLIT_OLD;
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errBadLogVersion);
    bytes[0] = ESE_LOG_BEGIN_DT; /* told as it is, refused by who replays it */
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errSuccess);
    assert_int_equal(ese_log_record_refusal(ESE_LOG_BEGIN_DT), JET_errLogCorrupted);
}

static void
test_log_record__a_length_that_lies_is_refused(void **state)
{
    uint8_t bytes[64] = {ESE_LOG_EXTEND_DB};
    ese_log_entry entry;

    (void)state;
    ese_store_le32(bytes + 1, 4); /* less than its fields */
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errLogFileCorrupt);
    ese_store_le32(bytes + 1, UINT32_MAX);
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errLogFileCorrupt);
    ese_store_le32(bytes + 1, 6); /* a field more than known: kept */
    assert_int_equal(ese_log_record_decode((ese_bytes){bytes, 64}, &entry), JET_errSuccess);
    assert_int_equal(entry.size, 11);
    assert_int_equal(entry.data.size, 1);
}

static void
test_log_record__an_insert_has_its_parts_in_the_order_of_the_log(void **state)
{
    ese_log_entry entry = {.type = ESE_LOG_INSERT,
                           .procid = 3,
                           .dbid = 1,
                           .pgno = 7,
                           .dbtime = 9,
                           .dbtime_before = 8,
                           .trx = 4,
                           .level = 1,
                           .line = 2,
                           .flags = 5};
    uint8_t bytes[128];

    (void)state;
    entry.prefix = (ese_bytes){(const uint8_t *)"ab", 2};
    entry.key = (ese_bytes){(const uint8_t *)"cde", 3};
    entry.data = (ese_bytes){(const uint8_t *)"fghi", 4};
    assert_int_equal(ese_log_record_encoded_size(&entry), 59);
    ese_log_record_encode(&entry, bytes);
    assert_int_equal(ese_load_le16(bytes + 44), 3);
    assert_int_equal(ese_load_le16(bytes + 46), 2);
    assert_int_equal(ese_load_le16(bytes + 48), 4);
    assert_memory_equal(bytes + 50, "abcdefghi", 9);
    assert_true(ese_log_record_touches(&entry, 7));
    assert_false(ese_log_record_touches(&entry, 8));
}

/* ---- differences */

typedef struct diff_case {
    const char *old;
    uint8_t diff[16];
    size_t n;
    bool is_wide;
    const char *new;
} diff_case;

static const diff_case diffs[] = {
    {"abcdef", {0x02, 0x20, 2, 'X', 'Y'}, 5, false, "abXYef"},    /* same length */
    {"abcdef", {0x06, 0x40, 1, 'Z'}, 4, false, "abcdefZ"},        /* insertion at the end */
    {"abcdef", {0x00, 0x00, 1, 3, 'Q'}, 5, false, "Qdef"},        /* three by one */
    {"abcdef", {0x01, 0x00, 0, 4}, 4, false, "af"},               /* removal */
    {"abcdef", {0x01, 0x80, 1, 0, 2, 0, 'W'}, 7, false, "aWdef"}, /* lengths of two bytes */
    {"abcdef", {0x01, 0x20, 1, 'B', 0x04, 0x20, 1, 'E'}, 8, false, "aBcdEf"},
    {"abcdef", {0x02, 0x00, 0x20, 1, 'C'}, 5, true, "abCdef"}, /* the wide form */
    {"abcdef", {0x03, 0x00, 0x40, 2, '-', '-'}, 6, true, "abc--def"},
    {"abcdef", {0}, 0, false, "abcdef"},
};

static void
test_log_record__differences_make_the_new_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof diffs / sizeof diffs[0]; i++) {
        const diff_case *c = &diffs[i];
        ese_bytes diff = {c->diff, c->n}, old = {(const uint8_t *)c->old, strlen(c->old)};
        uint8_t to[32];
        size_t n = 0, measured = 0;

        assert_int_equal(ese_log_diff_measure(diff, c->is_wide, old.size, &measured),
                         JET_errSuccess);
        assert_int_equal(measured, strlen(c->new));
        assert_int_equal(ese_log_diff_apply(diff, c->is_wide, old, to, sizeof to, &n),
                         JET_errSuccess);
        assert_int_equal(n, measured);
        assert_memory_equal(to, c->new, n);
        if (n != 0)
            assert_int_equal(ese_log_diff_apply(diff, c->is_wide, old, to, n - 1, &n),
                             JET_errLogFileCorrupt);
    }
}

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Changes some bytes, or cuts some out, or puts some in. */
static size_t
change_bytes(const uint8_t *old, size_t n, uint8_t *to, uint32_t *seed)
{
    size_t at = n == 0 ? 0 : next_random(seed) % n;
    size_t n_out = next_random(seed) % 3 == 0 ? next_random(seed) % (n - at + 1) : 0;
    size_t n_in = next_random(seed) % 3 == 0 ? next_random(seed) % 400 : 0;

    memcpy(to, old, at);
    for (size_t i = 0; i < n_in; i++)
        to[at + i] = (uint8_t)next_random(seed);
    memcpy(to + at + n_in, old + at + n_out, n - at - n_out);
    n = n - n_out + n_in;
    for (unsigned i = next_random(seed) % 4; i > 0 && n > 0; i--)
        to[next_random(seed) % n] ^= (uint8_t)next_random(seed);
    return n;
}

static void
test_log_record__differences_that_are_written_make_the_new_data(void **state)
{
    static uint8_t old[9000], new[9000], diff[9000], again[9000];
    uint32_t seed = 7;
    unsigned n_written = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        bool is_wide = round % 2 != 0;
        size_t n_old = 1 + next_random(&seed) % (round % 16 == 0 ? 8500 : 300), n_new, n,
               n_again = 0;

        for (size_t i = 0; i < n_old; i++)
            old[i] = (uint8_t)next_random(&seed);
        n_new = change_bytes(old, n_old, new, &seed);
        memset(diff, 0xee, sizeof diff);
        n = ese_log_diff_encode((ese_bytes){old, n_old}, (ese_bytes){new, n_new}, is_wide, diff);
        assert_int_equal(diff[n_new], 0xee);
        if (n == 0)
            continue;
        n_written++;
        assert_true(n < n_new);
        assert_int_equal(ese_log_diff_apply((ese_bytes){diff, n}, is_wide, (ese_bytes){old, n_old},
                                            again, sizeof again, &n_again),
                         JET_errSuccess);
        assert_int_equal(n_again, n_new);
        assert_memory_equal(again, new, n_new);
    }
    assert_true(n_written > 10000);
}

static void
test_log_record__differences_are_written_when_they_are_shorter(void **state)
{
    const ese_bytes old = {(const uint8_t *)"abcdefghijklmnop", 16};
    const ese_bytes two = {(const uint8_t *)"abXdefghijklmYop", 16};
    const ese_bytes longer = {(const uint8_t *)"abcdefgh12ijklmnop", 18};
    const ese_bytes other = {(const uint8_t *)"0123456789012345", 16};
    static const uint8_t two_diff[] = {2, 0x20, 1, 'X', 13, 0x20, 1, 'Y'};
    static const uint8_t longer_diff[] = {8, 0, 0x40, 2, '1', '2'};
    uint8_t to[32];

    (void)state;
    assert_int_equal(ese_log_diff_encode(old, two, false, to), sizeof two_diff);
    assert_memory_equal(to, two_diff, sizeof two_diff);
    assert_int_equal(ese_log_diff_encode(old, longer, true, to), sizeof longer_diff);
    assert_memory_equal(to, longer_diff, sizeof longer_diff);
    assert_int_equal(ese_log_diff_encode(old, other, false, to), 0);
    assert_int_equal(ese_log_diff_encode(old, old, false, to), 0);
}

static void
test_log_record__differences_that_do_not_fit_are_refused(void **state)
{
    static const diff_case wrong[] = {
        {"abc", {0x04, 0x20, 1, 'X'}, 4, false, NULL},                     /* behind the end */
        {"abc", {0x02, 0x20, 2, 'X', 'Y'}, 5, false, NULL},                /* over the end */
        {"abc", {0x00, 0x20, 2, 'X'}, 4, false, NULL},                     /* no bytes for it */
        {"abc", {0x00}, 1, false, NULL},                                   /* half a head */
        {"abc", {0x00, 0x00, 1}, 3, false, NULL},                          /* no old length */
        {"abc", {0x02, 0x20, 1, 'X', 0x00, 0x20, 1, 'Y'}, 8, false, NULL}, /* backwards */
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        size_t n = 0;

        assert_int_equal(ese_log_diff_measure((ese_bytes){wrong[i].diff, wrong[i].n},
                                              wrong[i].is_wide, strlen(wrong[i].old), &n),
                         JET_errLogFileCorrupt);
    }
}

/* ---- images */

/* A page of one tag behind its header, and the gap that is cut out of it. */
static void
make_page(uint8_t *page)
{
    memset(page, 0, PAGE_SIZE);
    ese_store_le16(page + 28, 0x100); /* free bytes, without the gap */
    ese_store_le16(page + 34, 2);     /* tags */
    memset(page + 40, 0xaa, 60);
    ese_store_le32(page + PAGE_SIZE - 4, 0x11223344);
    ese_store_le32(page + PAGE_SIZE - 8, 0x55667788);
}

static void
test_log_record__an_image_gets_its_gap_back(void **state)
{
    static uint8_t page[PAGE_SIZE], image[PAGE_SIZE], work[PAGE_SIZE], out[PAGE_SIZE];
    size_t n = 0;

    (void)state;
    make_page(page);
    memcpy(image, page, 100);
    memcpy(image + 100, page + PAGE_SIZE - 8, 8);
    n = 108;
    assert_int_equal(
        ese_log_image_decode((ese_bytes){image, n}, ESE_LOG_IMAGE_DEHYDRATED, PAGE_SIZE, work, out),
        JET_errSuccess);
    ese_store_le16(page + 28, (uint16_t)(0x100 + PAGE_SIZE - n));
    assert_memory_equal(out, page, PAGE_SIZE);
    assert_int_equal(ese_log_image_decode((ese_bytes){page, PAGE_SIZE}, 0, PAGE_SIZE, work, out),
                     JET_errSuccess);
    assert_memory_equal(out, page, PAGE_SIZE);
}

static void
test_log_record__images_of_no_page_are_refused(void **state)
{
    static uint8_t image[PAGE_SIZE], work[PAGE_SIZE], out[PAGE_SIZE];

    (void)state;
    assert_int_equal(ese_log_image_decode((ese_bytes){image, 100}, 0, PAGE_SIZE, work, out),
                     JET_errLogFileCorrupt);
    assert_int_equal(ese_log_image_decode((ese_bytes){image, 39}, ESE_LOG_IMAGE_DEHYDRATED,
                                          PAGE_SIZE, work, out),
                     JET_errLogFileCorrupt);
    ese_store_le16(image + 34, 0xfff); /* more tags than bytes */
    assert_int_equal(ese_log_image_decode((ese_bytes){image, 100}, ESE_LOG_IMAGE_DEHYDRATED,
                                          PAGE_SIZE, work, out),
                     JET_errLogFileCorrupt);
    image[0] = 3 << 3; /* cut off */
    assert_int_equal(
        ese_log_image_decode((ese_bytes){image, 2}, ESE_LOG_IMAGE_COMPRESSED, PAGE_SIZE, work, out),
        JET_errLogFileCorrupt);
    image[0] = 6 << 3;
    assert_int_equal(ese_log_image_decode((ese_bytes){image, 100}, ESE_LOG_IMAGE_COMPRESSED,
                                          PAGE_SIZE, work, out),
                     JET_errFeatureNotAvailable);
}

static void
test_log_lgpos__is_read_as_people_write_it(void **state)
{
    static const struct {
        const char *text;
        ese_lgpos lgpos;
    } right[] = {
        {"1", {0, 0, 1}},
        {"1f:2", {0, 2, 0x1f}},
        {"0000001F:0002:0030", {0x30, 2, 0x1f}},
        {"7fffffff:ffff:ffff", {0xffff, 0xffff, 0x7fffffff}},
    };
    static const char *const wrong[] = {
        "",   ":",    "1:",       "1:2:",    "1:2:3:",    "g",   "1g",     " 1",
        "-1", "1:-2", "80000000", "1:10000", "1:2:10000", "1 2", "1:2:3:4"};
    ese_lgpos lgpos = {9, 9, 9};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ese_log_lgpos_parse(wrong[i], &lgpos));
    assert_int_equal(lgpos.generation, 9);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(ese_log_lgpos_parse(right[i].text, &lgpos));
        assert_int_equal(ese_log_lgpos_number(lgpos), ese_log_lgpos_number(right[i].lgpos));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_record__sizes_are_the_documented_ones),
        cmocka_unit_test(test_log_record__what_was_decoded_is_encoded_again),
        cmocka_unit_test(test_log_record__a_record_that_is_cut_asks_for_more),
        cmocka_unit_test(test_log_record__unknown_and_refused_types_have_their_codes),
        cmocka_unit_test(test_log_record__a_length_that_lies_is_refused),
        cmocka_unit_test(test_log_record__an_insert_has_its_parts_in_the_order_of_the_log),
        cmocka_unit_test(test_log_record__differences_make_the_new_data),
        cmocka_unit_test(test_log_record__differences_that_are_written_make_the_new_data),
        cmocka_unit_test(test_log_record__differences_are_written_when_they_are_shorter),
        cmocka_unit_test(test_log_record__differences_that_do_not_fit_are_refused),
        cmocka_unit_test(test_log_record__an_image_gets_its_gap_back),
        cmocka_unit_test(test_log_record__images_of_no_page_are_refused),
        cmocka_unit_test(test_log_lgpos__is_read_as_people_write_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
