/* Compression: everything that is made smaller comes back as it was, and the streams are those that engines write. */
#include "record_test.h"

#include "record/record_compress.h"

enum { VALUE_MAX = 70000 };

static const ese_record_compress_rule rule = {.page_size = 65536, .min_for_xpress = 1024};
static uint8_t value[VALUE_MAX];

/* Compresses and decompresses, with no byte of room too much. Returns the size, 0 when it was left alone. */
static size_t
round_trip(const uint8_t *bytes, size_t n, const ese_record_compress_rule *by)
{
    ese_record_compressor *work = malloc(sizeof *work);
    uint8_t *from = malloc(n + 1), *to = malloc(ese_record_compress_room(n)), *back = malloc(n + 1);
    size_t size, back_size = 0;

    assert_true(work != NULL && from != NULL && to != NULL && back != NULL);
    memset(work, 0xa5, sizeof *work);
    if (n != 0)
        memcpy(from, bytes, n);
    size = ese_record_compress((ese_bytes){from, n}, by, work, to);
    if (size != 0) {
        uint8_t *exact = test_exact_copy((ese_bytes){to, size});

        assert_true(size < n);
        assert_int_equal(ese_record_decompress((ese_bytes){exact, size}, back, n, &back_size),
                         JET_errSuccess);
        assert_int_equal(back_size, n);
        assert_memory_equal(back, from, n);
        free(exact);
    }
    free(work);
    free(from);
    free(to);
    free(back);
    return size;
}

static void
expect_stream(const uint8_t *bytes, size_t n, const char *hex)
{
    static ese_record_compressor work;
    static uint8_t to[VALUE_MAX + 16];
    test_bytes expected;
    size_t size = ese_record_compress((ese_bytes){bytes, n}, &rule, &work, to);

    test_parse(hex, &expected);
    assert_int_equal(size, expected.size);
    assert_memory_equal(to, test_view(&expected).data, size);
}

static void
test_record_compress__writes_the_streams_of_the_specification(void **state)
{
    static const char text[] = "test long compressed binary data";

    (void)state;
    memset(value, 'a', 2000);
    expect_stream(value, 2000, "18 d0 07 ff ff ff 7f 61 07 00 0f ff cc 07");
    memcpy(value, text, 32);
    memset(value + 32, ' ', 1);
    memset(value + 33, 0xe1, 1000);
    expect_stream(value, 1033,
                  "18 09 04 00 00 00 00 74 65 73 74 20 6c 6f 6e 67 20 63 6f 6d 70 72 65 73 73 65 64"
                  " 20 62 69 6e 61 72 79 20 64 61 74 61 ff ff ff 3f 20 e1 07 00 0f ff e4 03");
    memset(value, 'a', 41);
    expect_stream(value, 41,
                  "0e e1 70 38 1c 0e 87 c3 e1 70 38 1c 0e 87 c3 e1 70 38 1c 0e 87 c3 e1 70 38 1c 0e"
                  " 87 c3 e1 70 38 1c 0e 87 c3 61");
}

static void
test_record_compress__every_small_size_comes_back(void **state)
{
    const ese_record_compress_rule at_once = {.page_size = 65536, .min_for_xpress = 1};

    (void)state;
    for (size_t n = 0; n < 600; n++) {
        for (unsigned kind = 0; kind < 6; kind++) {
            static const uint8_t periods[] = {1, 2, 3, 7, 200, 255};

            for (size_t i = 0; i < n; i++)
                value[i] = (uint8_t)(i % periods[kind] + (kind % 2 == 0 ? 'a' : 0x80));
            round_trip(value, n, &rule);
            round_trip(value, n, &at_once);
        }
    }
}

/* The lengths of matches change their form at 9, 24 and 279; the number of tokens at 32. */
static void
test_record_compress__lengths_at_the_borders_come_back(void **state)
{
    const ese_record_compress_rule at_once = {.page_size = 65536, .min_for_xpress = 1};

    (void)state;
    for (size_t run = 1; run < 700; run++) {
        size_t n = 0;

        for (unsigned part = 0; part < 4; part++) {
            value[n++] = (uint8_t)(0x90 + part);
            memset(value + n, (int)(0x80 + part), run + part % 2);
            n += run + part % 2;
        }
        assert_true(run < 6 || round_trip(value, n, &at_once) != 0);
    }
    for (size_t n_literals = 1; n_literals < 200; n_literals++) {
        for (size_t i = 0; i < n_literals; i++)
            value[i] = (uint8_t)(0xff - i);
        memset(value + n_literals, 0x11, 400);
        assert_true(round_trip(value, n_literals + 400, &at_once) != 0);
    }
}

static void
test_record_compress__values_up_to_the_largest_come_back(void **state)
{
    static const size_t sizes[] = {1024, 1966, 4014,  4050,  8110,  8150,  8192,
                                   8193, 8195, 16384, 32768, 65533, 65534, 65535};
    uint64_t seed = 11;

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        memset(value, 0xee, sizes[s]);
        assert_in_range(round_trip(value, sizes[s], &rule), 1, 20);
        for (unsigned kind = 0; kind < 8; kind++) {
            for (size_t i = 0; i < sizes[s]; i++) {
                uint64_t r = test_random(&seed);
                size_t back = 1 + (size_t)(r >> 16) % (kind < 4 ? 300 : 9000);

                value[i] = (r & 15) > kind && i >= back ? value[i - back] : (uint8_t)(r >> 40);
            }
            round_trip(value, sizes[s], &rule);
        }
    }
}

/* What lies exactly a window back is found, what lies further back is not: its distance has no place. */
static void
test_record_compress__matches_reach_back_8192_bytes(void **state)
{
    uint64_t seed = 12;
    size_t sizes[2];

    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        for (size_t i = 0; i < 8192 + over; i++)
            value[i] = (uint8_t)(test_random(&seed) | 0x80);
        for (size_t i = 8192 + over; i < 16384 + over; i++)
            value[i] = value[i - 8192 - over];
        sizes[over] = round_trip(value, 16384 + over, &rule);
    }
    assert_in_range(sizes[0], 8192, 9400);
    assert_int_equal(sizes[1], 0);
}

static void
test_record_compress__what_does_not_get_smaller_is_left_alone(void **state)
{
    uint64_t seed = 13;

    (void)state;
    for (size_t i = 0; i < 65535; i++)
        value[i] = (uint8_t)test_random(&seed);
    assert_int_equal(round_trip(value, 65535, &rule), 0);
    assert_int_equal(round_trip(value, 1024, &rule), 0);
    assert_int_equal(round_trip(value, 0, &rule), 0);
    memset(value, 'x', 15);
    assert_int_equal(round_trip(value, 15, &rule), 0);
    assert_int_equal(round_trip(value, 1, &rule), 0);
    value[15] = 'x';
    assert_int_equal(round_trip(value, 16, &rule), 15);
}

static unsigned
scheme_of(const uint8_t *bytes, size_t n, const ese_record_compress_rule *by)
{
    static ese_record_compressor work;
    static uint8_t to[VALUE_MAX + 16];

    return ese_record_compress((ese_bytes){bytes, n}, by, &work, to) == 0 ? 0 : to[0] >> 3;
}

static void
test_record_compress__the_scheme_follows_size_and_content(void **state)
{
    ese_record_compress_rule small_pages = {.page_size = 4096, .min_for_xpress = 1024};
    uint64_t seed = 14;

    (void)state;
    memset(value, 'a', 5000);
    assert_int_equal(scheme_of(value, 1023, &rule), 1);
    assert_int_equal(scheme_of(value, 1024, &rule), 3);
    assert_int_equal(scheme_of(value, 4096, &small_pages), 3);
    assert_int_equal(scheme_of(value, 4097, &small_pages), 1);
    for (size_t i = 1; i < 5000; i += 2)
        value[i] = 0;
    assert_int_equal(scheme_of(value, 1022, &rule), 2);
    assert_int_equal(scheme_of(value, 1023, &rule), 1); /* no whole characters */
    value[500] = 0x80;
    assert_int_equal(scheme_of(value, 1022, &rule), 0);
    value[500] = 'a';
    value[501] = 1; /* U+0161 */
    assert_int_equal(scheme_of(value, 1022, &rule), 1);
    /* Letters in no order: packed to 7 bits they are smaller than Xpress makes them. */
    for (size_t i = 0; i < 5000; i++)
        value[i] = (uint8_t)(test_random(&seed) & 0x7f);
    assert_int_equal(scheme_of(value, 2000, &rule), 1);
}

static void
test_record_compress__text_gets_as_small_as_it_should(void **state)
{
    static const char *const words[] = {"storage ", "engine ", "table ", "record ", "column ",
                                        "the ",     "of ",     "value ", "index, ", "page. "};
    uint64_t seed = 15;
    size_t n = 0;

    (void)state;
    while (n < 8000) {
        const char *word = words[test_random(&seed) % 10];

        memcpy(value + n, word, strlen(word));
        n += strlen(word);
    }
    assert_in_range(round_trip(value, n, &rule), 1000, n * 45 / 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_compress__writes_the_streams_of_the_specification),
        cmocka_unit_test(test_record_compress__every_small_size_comes_back),
        cmocka_unit_test(test_record_compress__lengths_at_the_borders_come_back),
        cmocka_unit_test(test_record_compress__values_up_to_the_largest_come_back),
        cmocka_unit_test(test_record_compress__matches_reach_back_8192_bytes),
        cmocka_unit_test(test_record_compress__what_does_not_get_smaller_is_left_alone),
        cmocka_unit_test(test_record_compress__the_scheme_follows_size_and_content),
        cmocka_unit_test(test_record_compress__text_gets_as_small_as_it_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
