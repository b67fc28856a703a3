/* Decompression: hand-made and real streams of every scheme, and hostile ones. */
#include "record_test.h"

#include "record/record_compress.h"

enum { OUT_MAX = 65536 };

static uint8_t out[OUT_MAX];

static JET_ERR
decompress(const char *hex, size_t *size_out)
{
    test_bytes from;
    uint8_t *exact;
    JET_ERR err;

    test_parse(hex, &from);
    exact = test_exact_copy(test_view(&from));
    err = ese_record_decompress((ese_bytes){exact, from.size}, out, sizeof out, size_out);
    free(exact);
    return err;
}

static void
assert_text(const char *hex, const char *text)
{
    size_t size = 0;

    assert_int_equal(decompress(hex, &size), JET_errSuccess);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(out, text, size);
}

static void
assert_run(const char *hex, uint8_t byte, size_t n)
{
    size_t size = 0;

    assert_int_equal(decompress(hex, &size), JET_errSuccess);
    assert_int_equal(size, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(out[i], byte);
}

static void
assert_refused(const char *hex)
{
    size_t size = 4711;

    assert_int_equal(decompress(hex, &size), JET_errDecompressionFailed);
    assert_int_equal(size, 4711);
}

/* The 7-bit encoder of section 6.2, for round trips. */
static size_t
encode7(unsigned scheme, const uint8_t *from, size_t n, uint8_t *to)
{
    size_t n_bits = 7 * n;
    size_t size = (n_bits + 7) / 8;

    memset(to, 0, size + 1);
    to[0] = (uint8_t)(scheme << 3 | (n_bits - 1) % 8);
    for (size_t bit = 0; bit < n_bits; bit++) {
        if ((from[bit / 7] >> bit % 7 & 1) != 0)
            to[1 + bit / 8] |= (uint8_t)(1U << bit % 8);
    }
    return size + 1;
}

static void
test_record_decompress__reads_7_bit_ascii(void **unused)
{
    (void)unused;
    assert_run("0e e170381c0e87c3 e170381c0e87c3 e170381c0e87c3 e170381c0e87c3 e170381c0e87c3 61",
               'a', 41);
    assert_text("08 7f 00", "\177"); /* the eighth bit is no second character */
}

static void
test_record_decompress__returns_7_bit_text_of_every_length(void **unused)
{
    uint64_t state = 3;

    (void)unused;
    for (size_t n = 1; n < 100; n++) {
        uint8_t text[100], packed[100];
        size_t packed_size, size = 0;
        uint8_t *exact;

        for (size_t i = 0; i < n; i++)
            text[i] = (uint8_t)test_below(&state, 128);
        packed_size = encode7(1, text, n, packed);
        exact = test_exact_copy((ese_bytes){packed, packed_size});
        assert_int_equal(ese_record_decompress((ese_bytes){exact, packed_size}, out, n, &size), 0);
        assert_int_equal(size, n);
        assert_memory_equal(out, text, n);
        exact[0] = (uint8_t)(exact[0] + 8); /* the same bits as Unicode */
        assert_int_equal(ese_record_decompress((ese_bytes){exact, packed_size}, out, 2 * n, &size),
                         0);
        assert_int_equal(size, 2 * n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(ese_load_le16(out + 2 * i), text[i]);
        free(exact);
    }
}

static const char xpress_real[] = "18 0904 00000000 7465 7374 206c 6f6e 6720 636f 6d70 7265 7373 "
                                  "6564 2062 696e 6172 7920 6461 7461"
                                  "ffffff3f 20 61 0700 0f ff e403";

static void
test_record_decompress__reads_xpress(void **unused)
{
    size_t size = 0;

    (void)unused;
    assert_int_equal(decompress(xpress_real, &size), JET_errSuccess);
    assert_int_equal(size, 1033);
    assert_memory_equal(out, "test long compressed binary data a", 34);
    assert_int_equal(out[1032], 'a');
    assert_run("18 d007 ffffff7f 61 0700 0f ff cc07", 'a', 2000);
}

static void
test_record_decompress__shares_the_length_byte_of_two_xpress_matches(void **unused)
{
    (void)unused;
    /* 'a', run of 10 + 2 (low nibble), 'b', run of 10 + 3 (high nibble) */
    assert_text("18 1b00 ffffff5f 61 0700 32 62 0700", "aaaaaaaaaaaaabbbbbbbbbbbbbb");
}

static void
test_record_decompress__wants_the_xpress_end_marker(void **unused)
{
    (void)unused;
    assert_run("18 2000 00000000 61*32 ffffffff", 'a', 32); /* the marker in a word of its own */
    assert_refused("18 2000 00000000 61*32");
    assert_refused("18 2000 00000000 61*32 ffffff7f");
    assert_refused("18 d007 00000040 61 0700 0f ff cc07");
    assert_refused("18 d007 ffffff5f 61 0700 0f ff cc07");
}

static void
test_record_decompress__refuses_broken_xpress(void **unused)
{
    (void)unused;
    assert_refused("18");
    assert_refused("18 d0");
    assert_refused("18 d007");
    assert_refused("18 d007 ffff");
    assert_refused("18 d007 ffffffff 0700 0f ff cc07");    /* a match before any output */
    assert_refused("18 d007 ffffff7f 61 0800 0f ff cc07"); /* ... further back than that */
    assert_refused("18 d007 ffffff7f 61 0700 0f ff cd07"); /* too long */
    assert_refused("18 d007 ffffff7f 61 0700 0f ff cb07"); /* too short: then "end" comes early */
    assert_refused("18 d007 ffffff7f 61 0700 0f ff 1401"); /* a long length that is short */
    assert_refused("18 d007 ffffff7f 61 0700 0f ff cc");
    assert_refused("18 d007 ffffff7f 61 0700 0f");
    assert_refused("18 d007 ffffff7f 61 07");
    assert_refused("18 d007 00000000 61*31");
}

static void
test_record_decompress__reads_lz4(void **unused)
{
    (void)unused;
    assert_text("38 0500 50 68656c6c6f", "hello");
    assert_text("38 1600 58 6162636465 0500 50 6162636465", "abcdeabcdeabcdeababcde");
    assert_run("38 2c01 1f 61 0100 ff 14 50 61*5", 'a', 300);
    assert_run("38 1e00 f0 0f 61*30", 'a', 30);
}

static void
test_record_decompress__refuses_broken_lz4(void **unused)
{
    (void)unused;
    assert_refused("38 05");
    assert_refused("38 0500");
    assert_refused("38 0500 50 68656c6c");
    assert_refused("38 0600 50 68656c6c6f");
    assert_refused("38 0400 50 68656c6c6f");
    assert_refused("38 1600 58 6162636465 0000 50 6162636465"); /* distance 0 */
    assert_refused("38 1600 58 6162636465 0600 50 6162636465"); /* before the start */
    assert_refused("38 0700 58 6162636465 0500 50 6162636465"); /* beyond the end */
    assert_refused("38 1600 58 6162636465 05");
    assert_refused("38 2c01 1f 61 0100 ff");
    assert_refused("38 2c01 f0 ff");
}

static void
test_record_decompress__refuses_the_schemes_it_has_not(void **unused)
{
    size_t size = 0;

    (void)unused;
    assert_int_equal(decompress("28 00*20", &size), JET_errFeatureNotAvailable);
    assert_int_equal(decompress("30 00*20", &size), JET_errFeatureNotAvailable);
    assert_refused("20 6c*20"); /* scrubbed */
    assert_refused("");
    assert_refused("00 61");
    assert_refused("40 61");
    assert_refused("08");
    assert_refused("10");
}

static void
test_record_decompress__wants_room(void **unused)
{
    test_bytes from;
    size_t size = 4711;

    (void)unused;
    test_parse(xpress_real, &from);
    assert_int_equal(ese_record_decompressed_size(test_view(&from), &size), JET_errSuccess);
    assert_int_equal(size, 1033);
    assert_int_equal(ese_record_decompress(test_view(&from), out, 1032, &size),
                     JET_errBufferTooSmall);
}

static void
test_record_decompress__survives_mutation(void **unused)
{
    static const char *const seeds[] = {
        xpress_real,
        "18 1b00 ffffff5f 61 0700 32 62 0700",
        "0e e170381c0e87c3e170381c0e87c3e17038",
        "16 e170381c0e87c3e170381c0e87c3e17038",
        "38 1600 58 6162636465 0500 50 6162636465",
    };
    uint64_t state = 5;
    size_t n_good = 0;

    (void)unused;
    for (unsigned i = 0; i < 100000; i++) {
        test_bytes from;
        uint8_t *exact, *to;
        size_t size = 0, written = 0;

        test_parse(seeds[i % 5], &from);
        from.size = test_mutate(&state, from.data, from.size);
        exact = test_exact_copy(test_view(&from));
        if (ese_record_decompressed_size((ese_bytes){exact, from.size}, &size) == 0) {
            to = malloc(size > 0 ? size : 1);
            assert_non_null(to);
            if (ese_record_decompress((ese_bytes){exact, from.size}, to, size, &written) == 0) {
                assert_int_equal(written, size);
                n_good++;
            }
            free(to);
        }
        free(exact);
    }
    assert_true(n_good > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_decompress__reads_7_bit_ascii),
        cmocka_unit_test(test_record_decompress__returns_7_bit_text_of_every_length),
        cmocka_unit_test(test_record_decompress__reads_xpress),
        cmocka_unit_test(test_record_decompress__shares_the_length_byte_of_two_xpress_matches),
        cmocka_unit_test(test_record_decompress__wants_the_xpress_end_marker),
        cmocka_unit_test(test_record_decompress__refuses_broken_xpress),
        cmocka_unit_test(test_record_decompress__reads_lz4),
        cmocka_unit_test(test_record_decompress__refuses_broken_lz4),
        cmocka_unit_test(test_record_decompress__refuses_the_schemes_it_has_not),
        cmocka_unit_test(test_record_decompress__wants_room),
        cmocka_unit_test(test_record_decompress__survives_mutation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
