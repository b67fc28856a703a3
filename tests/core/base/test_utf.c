/* Text conversion, against code points encoded by hand and whole ranges converted there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/utf.h"

#include <string.h>

static void
expect_invalid(const char *text, size_t n)
{
    char16_t units[16];
    size_t n_units = 77;

    assert_int_equal(ese_utf8_to_utf16(text, n, units, 16, &n_units),
                     JET_errUnicodeTranslationFail);
    assert_int_equal(n_units, 77);
}

static void
test_base_utf8_to_utf16__converts_one_to_four_bytes(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const char16_t expected[] = {'a', 0xe9, 0x20ac, 0xd83d, 0xde00};
    char16_t units[8];
    size_t n = 0;

    (void)state;
    assert_int_equal(ese_utf8_to_utf16(text, strlen(text), units, 8, &n), JET_errSuccess);
    assert_int_equal(n, 5);
    assert_memory_equal(units, expected, sizeof expected);
}

static void
test_base_utf8_to_utf16__refuses_what_is_not_utf8(void **state)
{
    (void)state;
    expect_invalid("\x80", 1);             /* continuation alone */
    expect_invalid("\xc3", 1);             /* cut off */
    expect_invalid("\xe2\x82", 2);         /* cut off */
    expect_invalid("\xc3x", 2);            /* no continuation */
    expect_invalid("\xc0\x80", 2);         /* longer than needed */
    expect_invalid("\xe0\x80\xaf", 3);     /* longer than needed */
    expect_invalid("\xf0\x80\x80\x80", 4); /* longer than needed */
    expect_invalid("\xed\xa0\x80", 3);     /* surrogate */
    expect_invalid("\xf4\x90\x80\x80", 4); /* beyond the last code point */
    expect_invalid("\xff", 1);
}

static void
test_base_utf__every_code_point_survives_there_and_back(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        uint8_t units_le[4];
        char text[4];
        char16_t units[2] = {0, 0};
        size_t n_units = point > 0xffff ? 2 : 1, n_text, n = 0;

        if (point >= 0xd800 && point <= 0xdfff)
            continue;
        if (n_units == 2) {
            ese_store_le16(units_le, (uint16_t)(0xd800 | (point - 0x10000) >> 10));
            ese_store_le16(units_le + 2, (uint16_t)(0xdc00 | ((point - 0x10000) & 0x3ff)));
        } else {
            ese_store_le16(units_le, (uint16_t)point);
        }
        n_text = ese_utf16_to_utf8(units_le, n_units, text, sizeof text);
        assert_int_equal(n_text, point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
        assert_int_equal(ese_utf8_to_utf16(text, n_text, units, 2, &n), JET_errSuccess);
        assert_int_equal(n, n_units);
        assert_int_equal(units[0], ese_load_le16(units_le));
        if (n_units == 2)
            assert_int_equal(units[1], ese_load_le16(units_le + 2));
    }
}

static void
test_base_utf__lone_surrogates_become_the_replacement_character(void **state)
{
    /* high alone, low alone, high high low, high at the end */
    static const uint8_t text[] = {0x00, 0xd8, 'x',  0,    0x00, 0xdc, 0x3d,
                                   0xd8, 0x3d, 0xd8, 0x00, 0xde, 0xff, 0xdb};
    static const char expected[] =
        "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd";
    char to[64];
    size_t n = ese_utf16_to_utf8(text, sizeof text / 2, to, sizeof to);

    (void)state;
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(to, expected, n);
}

static void
test_base_utf__short_room_is_never_passed_and_the_whole_size_is_told(void **state)
{
    static const char text[] = "a\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const uint8_t text_le[] = {'a', 0, 0xac, 0x20, 0x3d, 0xd8, 0x00, 0xde, 'z', 0};
    static const uint8_t text_1252[] = {'a', 0x80, 'z'};

    (void)state;
    for (size_t room = 0; room <= 12; room++) {
        char16_t units[13];
        char bytes[13];
        size_t n = 0;

        memset(units, 0x55, sizeof units);
        assert_int_equal(ese_utf8_to_utf16(text, strlen(text), units, room, &n), JET_errSuccess);
        assert_int_equal(n, 5);
        assert_int_equal(units[room], 0x5555);
        memset(bytes, 0x55, sizeof bytes);
        assert_int_equal(ese_utf16_to_utf8(text_le, 5, bytes, room), 9);
        assert_int_equal(bytes[room], 0x55);
        memset(bytes, 0x55, sizeof bytes);
        assert_int_equal(ese_cp1252_to_utf8(text_1252, 3, bytes, room), 5);
        assert_int_equal(bytes[room], 0x55);
    }
}

static void
test_base_utf8_to_utf16_stored__gives_the_bytes_of_the_disk_with_their_end(void **state)
{
    static const uint8_t expected[] = {'a', 0, 0xac, 0x20, 0x3d, 0xd8, 0, 0xde, 0, 0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)state;
    assert_int_equal(ese_utf8_to_utf16_stored("a\xe2\x82\xac\xf0\x9f\x98\x80", &bytes, &size),
                     JET_errSuccess);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    ese_free(&bytes);
    assert_int_equal(ese_utf8_to_utf16_stored("", &bytes, &size), JET_errSuccess);
    assert_int_equal(size, 2);
    assert_memory_equal(bytes, "\0", 2);
    ese_free(&bytes);
}

static void
test_base_utf8_to_utf16_stored__fails_without_a_trace(void **state)
{
    uint8_t *bytes = NULL;
    size_t size = 99;
    int64_t live = ese_alloc_live();

    (void)state;
    assert_int_equal(ese_utf8_to_utf16_stored("a\xff", &bytes, &size),
                     JET_errUnicodeTranslationFail);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
        assert_int_equal(ese_utf8_to_utf16_stored("abc", &bytes, &size), JET_errOutOfMemory);
    }
    assert_null(bytes);
    assert_int_equal(size, 99);
    assert_int_equal(ese_alloc_live(), live);
}

static void
test_base_cp1252__every_byte_is_its_code_point(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t from = (uint8_t)c;
        char text[4];
        char16_t unit = 0;
        size_t n_text = ese_cp1252_to_utf8(&from, 1, text, sizeof text), n = 0;

        assert_int_equal(ese_utf8_to_utf16(text, n_text, &unit, 1, &n), JET_errSuccess);
        assert_int_equal(n, 1);
        assert_int_equal(unit, ese_cp1252_to_unicode(from));
    }
}

static void
test_base_cp1252__every_byte_comes_back_from_utf8(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        uint8_t from = (uint8_t)c, back = 0;
        char text[4];
        size_t n_text = ese_cp1252_to_utf8(&from, 1, text, sizeof text), n = 0;

        assert_int_equal(ese_utf8_to_cp1252(text, n_text, &back, 1, &n), JET_errSuccess);
        assert_int_equal(n, 1);
        assert_int_equal(back, from);
    }
}

static void
test_base_cp1252__refuses_what_it_does_not_have(void **state)
{
    uint8_t to[4] = {0};
    size_t n = 99;

    (void)state;
    assert_int_equal(ese_utf8_to_cp1252("a\xc4\x80", 3, to, sizeof to, &n),
                     JET_errUnicodeTranslationFail);
    assert_int_equal(ese_utf8_to_cp1252("\xff", 1, to, sizeof to, &n),
                     JET_errUnicodeTranslationFail);
    assert_int_equal(n, 99);
    assert_int_equal(ese_utf8_to_cp1252("abcdef", 6, to, sizeof to, &n), JET_errSuccess);
    assert_int_equal(n, 6); /* what the whole text needs; only what fits is written */
    assert_memory_equal(to, "abcd", 4);
}

static void
test_base_cp1252__knows_the_code_points_of_the_upper_controls(void **state)
{
    (void)state;
    assert_int_equal(ese_cp1252_to_unicode(0x80), 0x20ac);
    assert_int_equal(ese_cp1252_to_unicode(0x8d), 0x8d);
    assert_int_equal(ese_cp1252_to_unicode(0x93), 0x201c);
    assert_int_equal(ese_cp1252_to_unicode(0x9f), 0x178);
    assert_int_equal(ese_cp1252_to_unicode(0xe9), 0xe9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_utf8_to_utf16__converts_one_to_four_bytes),
        cmocka_unit_test(test_base_utf8_to_utf16__refuses_what_is_not_utf8),
        cmocka_unit_test(test_base_utf__every_code_point_survives_there_and_back),
        cmocka_unit_test(test_base_utf__lone_surrogates_become_the_replacement_character),
        cmocka_unit_test(test_base_utf__short_room_is_never_passed_and_the_whole_size_is_told),
        cmocka_unit_test(
            test_base_utf8_to_utf16_stored__gives_the_bytes_of_the_disk_with_their_end),
        cmocka_unit_test(test_base_utf8_to_utf16_stored__fails_without_a_trace),
        cmocka_unit_test(test_base_cp1252__every_byte_is_its_code_point),
        cmocka_unit_test(test_base_cp1252__every_byte_comes_back_from_utf8),
        cmocka_unit_test(test_base_cp1252__refuses_what_it_does_not_have),
        cmocka_unit_test(test_base_cp1252__knows_the_code_points_of_the_upper_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
