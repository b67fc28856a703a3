/* Space headers, extents and split buffers, on the examples of the specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page/page_space.h"

#include <string.h>

#define BYTES(text) ((ese_bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void
expect_no_space_header(ese_bytes bytes)
{
    ese_page_space space = {.n_primary = 99};

    assert_int_equal(ese_page_space_decode(bytes, &space), JET_errDatabaseCorrupted);
    assert_int_equal(space.n_primary, 99);
}

static void
test_page_space__decodes_a_single_extent(void **state)
{
    ese_page_space space = {0};

    (void)state;
    assert_int_equal(ese_page_space_decode(BYTES("\4\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0"), &space),
                     JET_errSuccess);
    assert_int_equal(space.n_primary, 4);
    assert_int_equal(space.parent, 1);
    assert_false(space.is_multi_extent);
    assert_false(space.is_non_unique);
    assert_int_equal(space.owned_root, 0);
    assert_int_equal(space.free_bits, 7);
    assert_false(space.has_auto_increment);
}

static void
test_page_space__decodes_a_non_unique_tree_with_all_bits_free(void **state)
{
    ese_page_space space = {0};

    (void)state;
    assert_int_equal(
        ese_page_space_decode(BYTES("\x3c\0\0\0\1\0\0\0\2\0\0\0\xff\xff\xff\xff"), &space),
        JET_errSuccess);
    assert_int_equal(space.n_primary, 60);
    assert_true(space.is_non_unique);
    assert_int_equal(space.free_bits, 0xffffffff);
}

static void
test_page_space__decodes_the_extended_form(void **state)
{
    ese_page_space space = {0};

    (void)state;
    assert_int_equal(ese_page_space_decode(
                         BYTES("\3\x10\0\0\0\1\0\0\0\5\0\0\0\x2c\0\0\0\xfe\3\0\0\0\0\0\0"), &space),
                     JET_errSuccess);
    assert_int_equal(space.n_primary, 16);
    assert_int_equal(space.parent, 1);
    assert_true(space.is_multi_extent);
    assert_int_equal(space.owned_root, 44);
    assert_int_equal(space.free_bits, 0);
    assert_true(space.has_auto_increment);
    assert_int_equal(space.auto_increment, 1022);
    assert_int_equal(ese_page_space_decode(BYTES("\1\x10\0\0\0\1\0\0\0\1\0\0\0\x2c\0\0\0"), &space),
                     JET_errSuccess);
    assert_false(space.has_auto_increment);
}

static void
test_page_space__refuses_what_is_no_space_header(void **state)
{
    static const uint8_t any[64] = {1};

    (void)state;
    for (size_t size = 0; size <= sizeof any; size++) {
        if (size != 16 && size != 17)
            expect_no_space_header((ese_bytes){any, size});
    }
    expect_no_space_header(BYTES("\4\0\0\0\1\0\0\0\x08\0\0\0\7\0\0\0"));       /* unknown flag */
    expect_no_space_header(BYTES("\4\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0"));         /* no OE tree */
    expect_no_space_header(BYTES("\4\0\0\0\1\0\0\0\1\0\0\0\xff\xff\xef\x7f")); /* no room for AE */
    expect_no_space_header(BYTES("\4\0\0\0\0\0\xf0\x7f\0\0\0\0\0\0\0\0"));     /* parent */
    expect_no_space_header(BYTES("\0\0\xf0\x7f\1\0\0\0\0\0\0\0\0\0\0\0"));     /* too many pages */
    expect_no_space_header(BYTES("\2\xfe\3\0\0\0\0\0\0________"));             /* no space part */
    expect_no_space_header(BYTES("\5\x10\0\0\0\1\0\0\0\1\0\0\0\x2c\0\0\0"));   /* unknown part */
    expect_no_space_header(BYTES("\3\x10\0\0\0\1\0\0\0\1\0\0\0\x2c\0\0\0"));   /* part missing */
}

static JET_ERR
decode_extent(ese_bytes prefix, ese_bytes suffix, ese_bytes data, ese_page_extent *extent_out)
{
    ese_page_node node = {.prefix = prefix, .suffix = suffix, .data = data};

    return ese_page_extent_decode(&node, extent_out);
}

static void
test_page_extent__decodes_general_and_pool_keys(void **state)
{
    ese_page_extent extent = {0};

    (void)state;
    assert_int_equal(decode_extent(BYTES(""), BYTES("\0\0\0\xfe"), BYTES("\xdc\0\0\0"), &extent),
                     JET_errSuccess);
    assert_int_equal(extent.last, 254);
    assert_int_equal(extent.count, 220);
    assert_int_equal(extent.pool, 0);
    assert_int_equal(decode_extent(BYTES("\0\0\1"), BYTES("\2"), BYTES("\3\0\0\0"), &extent),
                     JET_errSuccess);
    assert_int_equal(extent.last, 0x102);
    assert_int_equal(decode_extent(BYTES(""), BYTES("\x82\0\0\1\2"), BYTES("\0\0\0\0"), &extent),
                     JET_errSuccess);
    assert_int_equal(extent.last, 0x102);
    assert_int_equal(extent.count, 0);
    assert_int_equal(extent.pool, 2);
}

static void
test_page_extent__refuses_what_is_no_extent(void **state)
{
    ese_bytes none = BYTES(""), last = BYTES("\0\0\0\xfe"), count = BYTES("\4\0\0\0");
    ese_page_extent extent = {.last = 99};

    (void)state;
    assert_int_equal(decode_extent(none, BYTES("\0\0\xfe"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, BYTES("\x80\0\0\0\xfe"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, BYTES("\x83\0\0\0\xfe"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, BYTES("\1\0\0\0\xfe"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(last, BYTES("\1\1\1\1\1\1"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, BYTES("\0\0\0\0"), BYTES("\0\0\0\0"), &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, BYTES("\x7f\xf0\0\0"), count, &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, last, BYTES("\xff\0\0\0"), &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, last, BYTES("\4\0\0"), &extent), JET_errDatabaseCorrupted);
    assert_int_equal(decode_extent(none, last, BYTES("\4\0\0\0\0"), &extent),
                     JET_errDatabaseCorrupted);
    assert_int_equal(extent.last, 99);
}

static void
test_page_split_buffer__decodes_two_extents_or_none(void **state)
{
    ese_page_extent buffer[2] = {{.last = 99}, {.last = 99}};

    (void)state;
    assert_int_equal(
        ese_page_split_buffer_decode(BYTES("\x20\0\0\0\2\0\0\0\x30\0\0\0\1\0\0\0"), buffer),
        JET_errSuccess);
    assert_int_equal(buffer[0].last, 32);
    assert_int_equal(buffer[0].count, 2);
    assert_int_equal(buffer[1].last, 48);
    assert_int_equal(buffer[1].count, 1);
    assert_int_equal(ese_page_split_buffer_decode((ese_bytes){NULL, 0}, buffer), JET_errSuccess);
    assert_int_equal(buffer[0].count, 0);
    assert_int_equal(buffer[1].count, 0);
    assert_int_equal(ese_page_split_buffer_decode(BYTES("1234"), buffer), JET_errDatabaseCorrupted);
    assert_int_equal(
        ese_page_split_buffer_decode(BYTES("\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0"), buffer),
        JET_errDatabaseCorrupted);
}

static void
test_page_space__encode_writes_what_decode_reads(void **state)
{
    static const char *const forms[] = {
        "\4\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0",
        "\x3c\0\0\0\1\0\0\0\2\0\0\0\xff\xff\xff\xff",
        "\x14\0\0\0\1\0\0\0\3\0\0\0\5\0\0\0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        ese_bytes form = {(const uint8_t *)forms[i], 16};
        uint8_t to[ESE_PAGE_SPACE_HEADER_MAX];
        ese_page_space space = {0};

        assert_int_equal(ese_page_space_decode(form, &space), JET_errSuccess);
        ese_page_space_encode(&space, to);
        assert_memory_equal(to, form.data, 16);
        assert_int_equal(ese_page_space_patch(form, &space, to), 16);
        assert_memory_equal(to, form.data, 16);
    }
}

static void
test_page_space__a_patched_header_keeps_its_form(void **state)
{
    ese_bytes form = BYTES("\3\x10\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\xfe\3\0\0\0\0\0\0");
    uint8_t to[ESE_PAGE_SPACE_HEADER_MAX];
    ese_page_space space = {0}, again = {0};

    (void)state;
    assert_int_equal(ese_page_space_decode(form, &space), JET_errSuccess);
    space.free_bits = 0x55;
    assert_int_equal(ese_page_space_patch(form, &space, to), 25);
    assert_int_equal(ese_page_space_decode((ese_bytes){to, 25}, &again), JET_errSuccess);
    assert_int_equal(again.free_bits, 0x55);
    assert_int_equal(again.n_primary, 16);
    assert_int_equal(again.auto_increment, 1022);
    space.is_multi_extent = true;
    space.owned_root = 40;
    ese_page_space_patch(form, &space, to);
    assert_int_equal(ese_page_space_decode((ese_bytes){to, 25}, &again), JET_errSuccess);
    assert_true(again.is_multi_extent);
    assert_int_equal(again.owned_root, 40);
    assert_int_equal(again.auto_increment, 1022);
}

static void
test_page_extent__encode_writes_what_decode_reads(void **state)
{
    ese_page_extent extent = {.last = 0xfe, .count = 0xdc}, again = {0};
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE], data[ESE_PAGE_EXTENT_DATA_SIZE];
    ese_page_node node = {.suffix = {key, sizeof key}, .data = {data, sizeof data}};

    (void)state;
    ese_page_extent_encode(&extent, key, data);
    assert_memory_equal(key, "\0\0\0\xfe", 4);
    assert_memory_equal(data, "\xdc\0\0\0", 4);
    assert_int_equal(ese_page_extent_decode(&node, &again), JET_errSuccess);
    assert_int_equal(again.last, 0xfe);
    assert_int_equal(again.count, 0xdc);
    assert_int_equal(again.pool, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_space__encode_writes_what_decode_reads),
        cmocka_unit_test(test_page_space__a_patched_header_keeps_its_form),
        cmocka_unit_test(test_page_extent__encode_writes_what_decode_reads),
        cmocka_unit_test(test_page_space__decodes_a_single_extent),
        cmocka_unit_test(test_page_space__decodes_a_non_unique_tree_with_all_bits_free),
        cmocka_unit_test(test_page_space__decodes_the_extended_form),
        cmocka_unit_test(test_page_space__refuses_what_is_no_space_header),
        cmocka_unit_test(test_page_extent__decodes_general_and_pool_keys),
        cmocka_unit_test(test_page_extent__refuses_what_is_no_extent),
        cmocka_unit_test(test_page_split_buffer__decodes_two_extents_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
