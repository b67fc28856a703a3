/* Limits of ranges (the wildcards of a search key) and tuples. */
#include "record_test.h"

#include "record/record_key.h"

#define PREFIX_START  ESE_RECORD_KEY_PREFIX_START
#define PREFIX_END    ESE_RECORD_KEY_PREFIX_END
#define STRING_END    ESE_RECORD_KEY_STRING_END
#define SUBSTRING_END ESE_RECORD_KEY_SUBSTRING_END
#define COLUMN_START  ESE_RECORD_KEY_COLUMN_START
#define COLUMN_END    ESE_RECORD_KEY_COLUMN_END

static const ese_record_key_rules rules = {
    .lcmap_flags = 0x30401,
    .key_most = ESE_RECORD_KEY_MOST_DEFAULT,
    .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT,
};

static const ese_record_key_column latin = {.coltyp = JET_coltypText, .code_page = 1252};
static const ese_record_key_column unicode = {.coltyp = JET_coltypLongText, .code_page = 1200};
static const ese_record_key_column binary = {.coltyp = JET_coltypBinary};
static const ese_record_key_column number = {.coltyp = JET_coltypLong};

static ese_record_key_column
descending(ese_record_key_column column)
{
    column.is_descending = true;
    return column;
}

static ese_bytes
text_of(const char *text)
{
    return (ese_bytes){(const uint8_t *)text, strlen(text)};
}

static void
assert_limit(ese_record_key_column column, const ese_bytes *value, ese_record_key_limit limit,
             const char *hex)
{
    ese_record_key key;
    char what[40];

    snprintf(what, sizeof what, "type %u, limit %u", column.coltyp, (unsigned)limit);
    ese_record_key_start(&key);
    assert_int_equal(ese_record_key_append_limit(&key, &rules, &column, value, limit),
                     JET_errSuccess);
    test_assert_bytes((ese_bytes){key.bytes, key.size}, hex, what);
}

/* ---- exact bytes */

typedef struct limit_vector {
    ese_record_key_limit limit;
    const char *value; /* hexadecimal for binaries, text for texts; NULL for the null value */
    const char *key;
} limit_vector;

static const limit_vector binaries[] = {
    {STRING_END, NULL, "00 ff*255"},
    {SUBSTRING_END, NULL, "00"},
    {COLUMN_START, NULL, "00"},
    {COLUMN_END, NULL, "00 ff*255"},
    {PREFIX_START, NULL, "00"},
    {PREFIX_END, NULL, "00 ff*255"},
    {STRING_END, "01", "7f01 ff*9"},
    {SUBSTRING_END, "01", "7f01 00*7 01"},
    {COLUMN_START, "01", "7f01 00*7 01"},
    {COLUMN_END, "01", "7f01 00*7 01 ff*246"},
    {PREFIX_START, "01", "7f01"},
    {PREFIX_END, "01", "7f01 ff*9"},
    {STRING_END, "01020304050607", "7f01020304050607ffffff"},
    {SUBSTRING_END, "01020304050607", "7f010203040506070007"},
    {COLUMN_START, "01020304050607", "7f010203040506070007"},
    {COLUMN_END, "01020304050607", "7f010203040506070007 ff*246"},
    {PREFIX_START, "01020304050607", "7f01020304050607"},
    {PREFIX_END, "01020304050607", "7f01020304050607ffffff"},
    {STRING_END, "0102030405060708", "7f0102030405060708ffff"},
    {SUBSTRING_END, "0102030405060708", "7f010203040506070808"},
    {COLUMN_START, "0102030405060708", "7f010203040506070808"},
    {COLUMN_END, "0102030405060708", "7f010203040506070808 ff*246"},
    {PREFIX_START, "0102030405060708", "7f0102030405060708"},
    {PREFIX_END, "0102030405060708", "7f0102030405060708ffff"},
    {STRING_END, "010203040506070809", "7f01020304050607080909 ff*9"},
    {SUBSTRING_END, "010203040506070809", "7f01020304050607080909 00*7 01"},
    {COLUMN_START, "010203040506070809", "7f01020304050607080909 00*7 01"},
    {COLUMN_END, "010203040506070809", "7f01020304050607080909 00*7 01 ff*237"},
    {PREFIX_START, "010203040506070809", "7f01020304050607080909"},
    {PREFIX_END, "010203040506070809", "7f01020304050607080909 ff*9"},
    {STRING_END, "0102030405060708090a0b0c0d0e0f10", "7f010203040506070809090a0b0c0d0e0f10ffff"},
    {SUBSTRING_END, "0102030405060708090a0b0c0d0e0f10", "7f010203040506070809090a0b0c0d0e0f1008"},
    {COLUMN_START, "0102030405060708090a0b0c0d0e0f10", "7f010203040506070809090a0b0c0d0e0f1008"},
    {COLUMN_END, "0102030405060708090a0b0c0d0e0f10",
     "7f010203040506070809090a0b0c0d0e0f1008 ff*237"},
    {PREFIX_START, "0102030405060708090a0b0c0d0e0f10", "7f010203040506070809090a0b0c0d0e0f10"},
    {PREFIX_END, "0102030405060708090a0b0c0d0e0f10", "7f010203040506070809090a0b0c0d0e0f10ffff"},
    {STRING_END, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 ff*9"},
    {SUBSTRING_END, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 00*7 01"},
    {COLUMN_START, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 00*7 01"},
    {COLUMN_END, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 00*7 01 ff*228"},
    {PREFIX_START, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911"},
    {PREFIX_END, "0102030405060708090a0b0c0d0e0f1011",
     "7f010203040506070809090a0b0c0d0e0f100911 ff*9"},
};

static const limit_vector latins[] = {
    {STRING_END, "abc", "7f41424300 ff*251"}, {SUBSTRING_END, "abc", "7f414243 ff*252"},
    {COLUMN_START, "abc", "7f41424300"},      {COLUMN_END, "abc", "7f41424300 ff*251"},
    {PREFIX_START, "abc", "7f414243"},        {PREFIX_END, "abc", "7f414243 ff*252"},
    {SUBSTRING_END, NULL, "00 ff*255"},
};

typedef struct unicode_vector {
    ese_record_key_limit limit;
    const char16_t *text;
    const char *key;
} unicode_vector;

static const unicode_vector unicodes[] = {
    {STRING_END, u"abc", "7f0e020e090e0a0101010100 ff*244"},
    {SUBSTRING_END, u"abc", "7f0e020e090e0a ff*249"},
    {COLUMN_START, u"abc", "7f0e020e090e0a0101010100"},
    {COLUMN_END, u"abc", "7f0e020e090e0a0101010100 ff*244"},
    {PREFIX_START, u"abc", "7f0e020e090e0a"},
    {PREFIX_END, u"abc", "7f0e020e090e0a ff*249"},
    {SUBSTRING_END, u"r\x00e9", "7f0e8a0e21 ff*251"},
    {PREFIX_START, u"r\x00e9", "7f0e8a0e21"},
    {SUBSTRING_END, u"A b", "7f0e0207020e09 ff*249"},
    {SUBSTRING_END, NULL, "00 ff*255"},
    {PREFIX_END, NULL, "00 ff*255"},
};

static void
test_record_key_limit__ends_binary_prefixes_with_their_group(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
        test_bytes bytes = {.size = 0};
        ese_bytes value;

        if (binaries[i].value != NULL)
            test_parse(binaries[i].value, &bytes);
        value = test_view(&bytes);
        assert_limit(binary, binaries[i].value != NULL ? &value : NULL, binaries[i].limit,
                     binaries[i].key);
    }
}

static void
test_record_key_limit__opens_the_end_of_latin_text(void **unused)
{
    ese_bytes value;
    char run[300];

    (void)unused;
    for (size_t i = 0; i < sizeof latins / sizeof latins[0]; i++) {
        value = text_of(latins[i].value != NULL ? latins[i].value : "");
        assert_limit(latin, latins[i].value != NULL ? &value : NULL, latins[i].limit,
                     latins[i].key);
    }
    memset(run, 'x', sizeof run);
    value = (ese_bytes){(const uint8_t *)run, sizeof run};
    assert_limit(latin, &value, SUBSTRING_END, "7f 58*254 ff");
}

static void
test_record_key_limit__drops_the_lesser_weights_of_unicode_text(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof unicodes / sizeof unicodes[0]; i++) {
        const char16_t *text = unicodes[i].text;
        uint8_t bytes[40];
        ese_bytes value = {bytes, 0};

        for (; text != NULL && *text != 0; text++, value.size += 2)
            ese_store_le16(bytes + value.size, *text);
        assert_limit(unicode, unicodes[i].text != NULL ? &value : NULL, unicodes[i].limit,
                     unicodes[i].key);
    }
}

static const uint8_t ones[4] = {0x11, 0x11, 0x11, 0x11};

static void
test_record_key_limit__has_no_prefix_of_a_number(void **unused)
{
    ese_record_key key;
    ese_bytes value = {ones, 4};

    (void)unused;
    assert_limit(number, &value, STRING_END, "7f91111111 ff*251");
    assert_limit(number, &value, SUBSTRING_END, "7f91111111");
    assert_limit(number, &value, COLUMN_START, "7f91111111");
    assert_limit(number, &value, COLUMN_END, "7f91111111 ff*251");
    ese_record_key_start(&key);
    assert_int_equal(ese_record_key_append(&key, &rules, &number, &value), JET_errSuccess);
    assert_int_equal(ese_record_key_append_limit(&key, &rules, &number, &value, PREFIX_END),
                     JET_errInvalidGrbit);
    assert_int_equal(ese_record_key_append_limit(&key, &rules, &number, NULL, PREFIX_START),
                     JET_errInvalidGrbit);
    assert_int_equal(key.size, 5);
}

static void
test_record_key_limit__works_behind_other_segments(void **unused)
{
    static const struct {
        bool is_descending;
        ese_record_key_limit limit;
        const char *text_key, *binary_key;
    } cases[] = {
        {false, STRING_END, "7f911111117f414200 ff*247", "7f911111117f010203 ff*7"},
        {false, SUBSTRING_END, "7f911111117f4142 ff*248", "7f911111117f010203 0000000000 03"},
        {false, COLUMN_END, "7f911111117f414200 ff*247", "7f911111117f0102030000000000 03 ff*241"},
        {false, PREFIX_START, "7f911111117f4142", "7f911111117f010203"},
        {false, PREFIX_END, "7f911111117f4142 ff*248", "7f911111117f010203 ff*7"},
        {true, STRING_END, "806eeeeeee80bebd ff*248", "806eeeeeee80fefdfc ff*7"},
        {true, SUBSTRING_END, "806eeeeeee80bebd ff*248", "806eeeeeee80fefdfc ff*5 fc"},
        {true, COLUMN_END, "806eeeeeee80bebd ff*248", "806eeeeeee80fefdfc ff*5 fc ff*241"},
        {true, PREFIX_START, "806eeeeeee80bebd", "806eeeeeee80fefdfc"},
        {true, PREFIX_END, "806eeeeeee80bebd ff*248", "806eeeeeee80fefdfc ff*7"},
    };
    ese_bytes one = {ones, 4}, text = text_of("Ab"), bytes = text_of("\001\002\003");

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool d = cases[i].is_descending;
        ese_record_key_column columns[3] = {d ? descending(number) : number,
                                            d ? descending(latin) : latin,
                                            d ? descending(binary) : binary};
        ese_record_key key;

        ese_record_key_start(&key);
        assert_int_equal(ese_record_key_append(&key, &rules, &columns[0], &one), 0);
        assert_int_equal(
            ese_record_key_append_limit(&key, &rules, &columns[1], &text, cases[i].limit), 0);
        test_assert_bytes((ese_bytes){key.bytes, key.size}, cases[i].text_key, "text");
        ese_record_key_start(&key);
        assert_int_equal(ese_record_key_append(&key, &rules, &columns[0], &one), 0);
        assert_int_equal(
            ese_record_key_append_limit(&key, &rules, &columns[2], &bytes, cases[i].limit), 0);
        test_assert_bytes((ese_bytes){key.bytes, key.size}, cases[i].binary_key, "binary");
    }
}

/* ---- a range holds exactly the values with the prefix */

static ese_record_key
limit_key(ese_record_key_column column, ese_bytes value, ese_record_key_limit limit)
{
    ese_record_key key;

    ese_record_key_start(&key);
    assert_int_equal(ese_record_key_append_limit(&key, &rules, &column, &value, limit), 0);
    return key;
}

static bool
is_in_range(const ese_record_key *key, const ese_record_key *from, const ese_record_key *to)
{
    ese_bytes bytes = {key->bytes, key->size};

    return ese_bytes_compare(bytes, (ese_bytes){from->bytes, from->size}) >= 0 &&
           ese_bytes_compare(bytes, (ese_bytes){to->bytes, to->size}) <= 0;
}

/* Values over an alphabet of three, so that prefixes are met; `width` bytes a character. */
static size_t
make_value(uint64_t *state, size_t length_max, size_t width, uint8_t *to)
{
    size_t n = 1 + test_below(state, length_max);

    for (size_t i = 0; i < n; i++) {
        to[i * width] = (uint8_t) "AMz"[test_below(state, 3)];
        if (width == 2)
            to[i * width + 1] = 0;
    }
    return n * width;
}

static void
assert_prefix_ranges(ese_record_key_column column, size_t width)
{
    uint64_t state = column.coltyp + 10U * column.is_descending;
    size_t n_inside = 0;

    for (unsigned i = 0; i < 20000; i++) {
        uint8_t prefix[64], bytes[64];
        ese_bytes wanted = {prefix, make_value(&state, 3 + i % 8, width, prefix)};
        ese_bytes value = {bytes, make_value(&state, 20, width, bytes)};
        ese_record_key from = limit_key(column, wanted, PREFIX_START);
        ese_record_key to = limit_key(column, wanted, PREFIX_END);
        ese_record_key key;
        bool matches;

        if (i % 3 == 0)
            memcpy(bytes, prefix, wanted.size < value.size ? wanted.size : value.size);
        matches = value.size >= wanted.size && memcmp(bytes, prefix, wanted.size) == 0;
        ese_record_key_start(&key);
        assert_int_equal(ese_record_key_append(&key, &rules, &column, &value), 0);
        assert_int_equal(is_in_range(&key, &from, &to), matches);
        n_inside += matches;
    }
    assert_true(n_inside > 1000);
}

static void
test_record_key_limit__spans_exactly_the_values_with_a_prefix(void **unused)
{
    (void)unused;
    assert_prefix_ranges(latin, 1);
    assert_prefix_ranges(descending(latin), 1);
    assert_prefix_ranges(unicode, 2);
    assert_prefix_ranges(descending(unicode), 2);
    assert_prefix_ranges(binary, 1);
    assert_prefix_ranges(descending(binary), 1);
}

static void
test_record_key_limit__spans_exactly_the_keys_of_a_column(void **unused)
{
    uint64_t state = 4;

    (void)unused;
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t a = (uint8_t)test_below(&state, 4), b = (uint8_t)test_below(&state, 4);
        uint8_t first[4] = {a, 0, 0, 0}, other[4] = {b, 0, 0, 0}, bytes[64];
        ese_record_key_column column = i % 2 == 0 ? number : descending(number);
        ese_record_key from = limit_key(column, (ese_bytes){first, 4}, COLUMN_START);
        ese_record_key to = limit_key(column, (ese_bytes){first, 4}, COLUMN_END);
        ese_bytes second = {bytes, make_value(&state, 20, 1, bytes)};
        ese_record_key key;

        ese_record_key_start(&key);
        assert_int_equal(ese_record_key_append(&key, &rules, &column, &(ese_bytes){other, 4}), 0);
        assert_int_equal(ese_record_key_append(&key, &rules, &latin, &second), 0);
        assert_int_equal(is_in_range(&key, &from, &to), a == b);
    }
}

/* Seven names of a table of people, those that begin with "ann" by either kind of limit. */
static void
test_record_key_limit__finds_the_names_that_begin_with_ann(void **unused)
{
    static const struct {
        const char *name;
        bool begins, is_ann;
    } names[] = {
        {"ann", true, true},   {"Anna", true, false}, {"ANNABEL", true, false},
        {"anne", true, false}, {"bob", false, false}, {"anm", false, false},
        {"ano", false, false}, {"ann ", true, false}, {"a", false, false},
        {"", false, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ese_record_key from = limit_key(latin, text_of("ann"), PREFIX_START);
        ese_record_key to = limit_key(latin, text_of("ann"), PREFIX_END);
        ese_record_key substring = limit_key(latin, text_of("Ann"), SUBSTRING_END);
        ese_record_key exact = limit_key(latin, text_of("ann"), COLUMN_END);
        ese_record_key plain = limit_key(latin, text_of("ann"), COLUMN_START);
        ese_record_key key = limit_key(latin, text_of(names[i].name), COLUMN_START);

        assert_int_equal(is_in_range(&key, &from, &to), names[i].begins);
        assert_int_equal(is_in_range(&key, &plain, &substring), names[i].begins);
        assert_int_equal(is_in_range(&key, &plain, &exact), names[i].is_ann);
    }
}

static void
test_record_key_limit__stays_in_its_room(void **unused)
{
    uint64_t state = 6;

    (void)unused;
    for (unsigned i = 0; i < 20000; i++) {
        ese_record_key_column columns[] = {
            latin, unicode, binary, number, {.coltyp = JET_coltypBinary, .is_fixed = true}};
        ese_record_key_column column = columns[test_below(&state, 5)];
        ese_record_key_rules small = rules;
        ese_record_key key;
        uint8_t bytes[200];
        ese_bytes value = {bytes, 2 * test_below(&state, 100)};

        small.key_most = (uint16_t)(1 + test_below(&state, 300));
        small.var_seg_mac = (uint16_t)(1 + test_below(&state, small.key_most));
        small.lcmap_flags = i % 2 == 0 ? 0x30401 : 0x200;
        column.is_descending = test_below(&state, 2) == 0;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)test_random(&state);
        if (column.coltyp == JET_coltypLong)
            value.size = 4;
        ese_record_key_start(&key);
        memset(key.bytes, 0xa5, sizeof key.bytes);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(ese_record_key_append(&key, &small, &column, &value), 0);
        (void)ese_record_key_append_limit(&key, &small, &column,
                                          test_below(&state, 8) == 0 ? NULL : &value,
                                          (ese_record_key_limit)test_below(&state, 6));
        assert_true(key.size <= (size_t)small.key_most + 1);
        assert_int_equal(key.bytes[small.key_most + 1], 0xa5);
    }
}

/* ---- tuples */

static void
assert_tuples(ese_record_tuple_limits limits, bool is_utf16, ese_bytes value, const char *joined)
{
    char got[200] = "";
    ese_bytes tuple = {0};

    for (uint32_t i = 0; ese_record_tuple_at(&limits, is_utf16, value, i, &tuple); i++) {
        size_t used = strlen(got);

        for (size_t k = 0; k < tuple.size; k += is_utf16 ? 2 : 1)
            used += (size_t)snprintf(got + used, sizeof got - used, "%c", tuple.data[k]);
        snprintf(got + used, sizeof got - used, "|");
    }
    assert_string_equal(got, joined);
}

static void
test_record_tuple__cuts_a_value(void **unused)
{
    static const ese_record_tuple_limits defaults = {3, 10, 32767, 1, 0};
    static const ese_record_tuple_limits steps = {2, 4, 20, 2, 0};
    static const ese_record_tuple_limits later = {2, 4, 20, 1, 3};
    static const ese_record_tuple_limits mixed = {2, 6, 5, 2, 1};
    static const ese_record_tuple_limits zeros = {3, 5, 20, 0, 0};
    static const ese_record_tuple_limits few = {3, 5, 2, 1, 0};

    (void)unused;
    assert_tuples(defaults, false, text_of("abcdefgh"), "abcdefgh|bcdefgh|cdefgh|defgh|efgh|fgh|");
    assert_tuples(defaults, false, text_of("Hello World"),
                  "Hello Worl|ello World|llo World|lo World|o World| World|World|orld|rld|");
    assert_tuples(defaults, false, text_of("ab"), "");
    assert_tuples(defaults, false, text_of(""), "");
    assert_tuples(steps, false, text_of("abcdefgh"), "abcd|cdef|efgh|gh|");
    assert_tuples(later, false, text_of("abcdefgh"), "defg|efgh|fgh|gh|");
    assert_tuples(mixed, false, text_of("abcdefgh"), "bcdefg|defgh|fgh|");
    assert_tuples(zeros, false, text_of("abcde"), "abcde|bcde|cde|");
    assert_tuples(few, false, text_of("abcdefgh"), "abcde|bcdef|");
}

static void
test_record_tuple__counts_utf16_units(void **unused)
{
    static const uint8_t text[] = {'a', 0, 'b', 0, 'c', 0, 'd', 0, 'e'};
    static const ese_record_tuple_limits limits = {2, 3, 20, 1, 0};

    (void)unused;
    assert_tuples(limits, true, (ese_bytes){text, sizeof text}, "abc|bcd|cd|");
}

static void
test_record_tuple__survives_extreme_limits(void **unused)
{
    static const ese_record_tuple_limits limits = {0, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                                   UINT32_MAX};
    ese_bytes tuple, value = text_of("abc");

    (void)unused;
    assert_false(ese_record_tuple_at(&limits, true, value, 0, &tuple));
    assert_false(ese_record_tuple_at(&limits, false, value, UINT32_MAX - 1, &tuple));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_key_limit__ends_binary_prefixes_with_their_group),
        cmocka_unit_test(test_record_key_limit__opens_the_end_of_latin_text),
        cmocka_unit_test(test_record_key_limit__drops_the_lesser_weights_of_unicode_text),
        cmocka_unit_test(test_record_key_limit__has_no_prefix_of_a_number),
        cmocka_unit_test(test_record_key_limit__works_behind_other_segments),
        cmocka_unit_test(test_record_key_limit__spans_exactly_the_values_with_a_prefix),
        cmocka_unit_test(test_record_key_limit__spans_exactly_the_keys_of_a_column),
        cmocka_unit_test(test_record_key_limit__finds_the_names_that_begin_with_ann),
        cmocka_unit_test(test_record_key_limit__stays_in_its_room),
        cmocka_unit_test(test_record_tuple__cuts_a_value),
        cmocka_unit_test(test_record_tuple__counts_utf16_units),
        cmocka_unit_test(test_record_tuple__survives_extreme_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
