/* Records: the examples of the format specification, the forms of tagged columns, and hostile bytes. */
#include "record_test.h"

#include "record/record.h"

enum { SMALL = 4096, LARGE = 32768 };

static ese_record
open_hex(const char *hex, uint32_t page_size, test_bytes *bytes)
{
    ese_record record;

    test_parse(hex, bytes);
    assert_int_equal(ese_record_open(test_view(bytes), page_size, &record), JET_errSuccess);
    return record;
}

static void
assert_refused(const char *hex, uint32_t page_size)
{
    test_bytes bytes;
    ese_record record;

    test_parse(hex, &bytes);
    assert_int_equal(ese_record_open(test_view(&bytes), page_size, &record),
                     JET_errDatabaseCorrupted);
}

static void
assert_fixed(const ese_record *record, ese_record_place place, const char *hex)
{
    ese_record_state state;
    ese_bytes value;

    assert_int_equal(ese_record_fixed(record, place, &state, &value), JET_errSuccess);
    assert_int_equal(state, ESE_RECORD_VALUE);
    test_assert_bytes(value, hex, "fixed column");
}

static ese_record_state
fixed_state(const ese_record *record, ese_record_place place)
{
    ese_record_state state;
    ese_bytes value;

    assert_int_equal(ese_record_fixed(record, place, &state, &value), JET_errSuccess);
    return state;
}

static void
assert_variable(const ese_record *record, uint32_t id, ese_record_state wanted, const char *hex)
{
    ese_record_state state;
    ese_bytes value = {0};

    assert_int_equal(ese_record_variable(record, id, &state, &value), JET_errSuccess);
    assert_int_equal(state, wanted);
    if (wanted == ESE_RECORD_VALUE)
        test_assert_bytes(value, hex, "variable column");
}

static ese_record_tagged
find(const ese_record *record, uint32_t id, bool is_derived)
{
    ese_record_tagged tagged;

    assert_int_equal(ese_record_tagged_find(record, id, is_derived, &tagged), JET_errSuccess);
    assert_int_equal(tagged.id, id);
    assert_int_equal(tagged.is_derived, is_derived);
    return tagged;
}

static void
assert_value(const ese_record_tagged *tagged, uint32_t index, unsigned form, const char *hex)
{
    ese_record_value value;

    assert_int_equal(ese_record_tagged_value(tagged, index, &value), JET_errSuccess);
    assert_int_equal(value.form, form);
    test_assert_bytes(value.bytes, hex, "tagged value");
}

/* ---- fixed and variable columns */

static const char worked_example[] =
    "0d 82 4c00 01000000 00 d5 c7fa 37f833ff c9b000b41dc00400 0000803f 43614724f9806941"
    "0000000080afe140 c907cc00 37f833ffffffffff f10a363f6667dc469af20dacf295c2a1 3905"
    "00e0 1000 2100 2300 746573742062696e6172792064617461 53696d706c652041534349492074657874 6100"
    "00010c40 01010f40 02011440 01 6161 05 01000000 01";

static void
test_record_open__splits_the_worked_example(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex(worked_example, SMALL, &bytes);

    (void)unused;
    assert_int_equal(record.fixed_last, 13);
    assert_int_equal(record.variable_last, 130);
    assert_fixed(&record, (ese_record_place){1, 4, 4}, "01000000");
    assert_fixed(&record, (ese_record_place){3, 9, 1}, "d5");
    assert_fixed(&record, (ese_record_place){13, 0x48, 2}, "3905");
    assert_variable(&record, 128, ESE_RECORD_VALUE, "746573742062696e6172792064617461");
    assert_variable(&record, 129, ESE_RECORD_VALUE, "53696d706c652041534349492074657874");
    assert_variable(&record, 130, ESE_RECORD_VALUE, "6100");
    assert_variable(&record, 131, ESE_RECORD_ABSENT, "");
    assert_int_equal(fixed_state(&record, (ese_record_place){14, 0x4a, 4}), ESE_RECORD_ABSENT);
    assert_int_equal(record.n_tagged, 3);
}

static void
test_record_open__takes_a_record_without_columns(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400", SMALL, &bytes);

    (void)unused;
    assert_int_equal(record.n_tagged, 0);
    assert_int_equal(fixed_state(&record, (ese_record_place){1, 4, 4}), ESE_RECORD_ABSENT);
    assert_variable(&record, 128, ESE_RECORD_ABSENT, "");
    assert_int_equal(find(&record, 256, false).state, ESE_RECORD_ABSENT);
}

static void
test_record_fixed__reads_the_null_bitmap(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("02 7f 0900 2a2a 0100 fd", SMALL, &bytes);

    (void)unused;
    assert_int_equal(fixed_state(&record, (ese_record_place){1, 4, 2}), ESE_RECORD_NULL);
    assert_fixed(&record, (ese_record_place){2, 6, 2}, "0100");
}

static void
test_record_fixed__refuses_a_place_in_the_bitmap(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("02 7f 0900 2a2a 0100 fc", SMALL, &bytes);
    ese_record_state state;
    ese_bytes value;

    (void)unused;
    assert_int_equal(ese_record_fixed(&record, (ese_record_place){2, 6, 3}, &state, &value),
                     JET_errDatabaseCorrupted);
    assert_int_equal(ese_record_fixed(&record, (ese_record_place){1, 3, 1}, &state, &value),
                     JET_errDatabaseCorrupted);
}

static void
test_record_variable__tells_null_empty_and_absent(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 82 0400 0280 0200 0500 6162 636465", SMALL, &bytes);

    (void)unused;
    assert_variable(&record, 128, ESE_RECORD_NULL, "");
    assert_variable(&record, 129, ESE_RECORD_VALUE, "");
    assert_variable(&record, 130, ESE_RECORD_VALUE, "636465");
    assert_variable(&record, 131, ESE_RECORD_ABSENT, "");
    assert_variable(&record, 127, ESE_RECORD_ABSENT, "");
}

static void
test_record_variable__refuses_ends_that_descend(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 81 0400 0400 0300 616263", SMALL, &bytes);
    ese_record_state state;
    ese_bytes value;

    (void)unused;
    assert_int_equal(ese_record_variable(&record, 128, &state, &value), JET_errDatabaseCorrupted);
    assert_int_equal(ese_record_variable(&record, 129, &state, &value), JET_errDatabaseCorrupted);
}

static void
test_record_open__refuses_parts_outside_the_record(void **unused)
{
    (void)unused;
    assert_refused("", SMALL);
    assert_refused("00 7f 04", SMALL);
    assert_refused("00 7f 0300", SMALL);               /* fixed columns end in the header */
    assert_refused("00 7f 0500", SMALL);               /* ... and behind the record */
    assert_refused("01 7f 0400", SMALL);               /* no room for the bitmap */
    assert_refused("80 7f 1400 00*16", SMALL);         /* 128 is no fixed column */
    assert_refused("00 7e 0400", SMALL);               /* 126 is no variable column */
    assert_refused("00 80 0400", SMALL);               /* no room for the offsets */
    assert_refused("00 80 0400 0200 61", SMALL);       /* data longer than the record */
    assert_refused("00 7f 0400 0001", SMALL);          /* half a tagged entry */
    assert_refused("00 7f 0400 00010000", SMALL);      /* an array without entries */
    assert_refused("00 7f 0400 00010600 0000", SMALL); /* one and a half */
    assert_refused("00 7f 0400 00010800 0000", SMALL); /* more than there is */
}

/* ---- tagged columns */

static void
test_record_tagged__reads_plain_values_of_small_pages(void **unused)
{
    test_bytes bytes;
    ese_record record =
        open_hex("00 7f 0400 00010c00 01011000 02011400 02000000 03000000 0100", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 257, false);

    (void)unused;
    assert_int_equal(record.n_tagged, 3);
    assert_int_equal(tagged.state, ESE_RECORD_VALUE);
    assert_int_equal(tagged.n_values, 1);
    assert_value(&tagged, 0, 0, "03000000");
    tagged = find(&record, 258, false);
    assert_value(&tagged, 0, 0, "0100");
    assert_int_equal(find(&record, 259, false).state, ESE_RECORD_ABSENT);
    assert_int_equal(find(&record, 256, true).state, ESE_RECORD_ABSENT);
}

static void
test_record_tagged__reads_long_values_in_place_and_apart(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex(worked_example, SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_value(&tagged, 0, 0, "6161");
    tagged = find(&record, 257, false);
    assert_value(&tagged, 0, ESE_RECORD_SEPARATED, "01000000");
    tagged = find(&record, 258, false);
    assert_int_equal(tagged.n_values, 1);
    assert_value(&tagged, 0, 0, "");
}

static void
test_record_tagged__reads_two_values(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010440 18 01 00 ff", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_int_equal(tagged.n_values, 2);
    assert_value(&tagged, 0, 0, "00");
    assert_value(&tagged, 1, 0, "ff");
}

static void
test_record_tagged__reads_many_values(void **unused)
{
    test_bytes bytes;
    ese_record record =
        open_hex("00 7f 0400 00010440 0b 0600 0800 0c80 0e31 02000000", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_int_equal(tagged.n_values, 3);
    assert_value(&tagged, 0, ESE_RECORD_COMPRESSED, "0e31");
    assert_value(&tagged, 1, 0, "02000000");
    assert_value(&tagged, 2, ESE_RECORD_SEPARATED, "");
}

static void
test_record_tagged__reads_null_on_both_page_forms(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010820 01010800 07", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_int_equal(tagged.state, ESE_RECORD_NULL);
    assert_int_equal(tagged.n_values, 0);
    record = open_hex("00 7f 0400 00010800 01010900 20 0007", LARGE, &bytes);
    tagged = find(&record, 256, false);
    assert_int_equal(tagged.state, ESE_RECORD_NULL);
    tagged = find(&record, 257, false);
    assert_value(&tagged, 0, 0, "07");
}

static void
test_record_tagged__takes_an_empty_value_for_a_value(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010800 01010800 07", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_int_equal(tagged.state, ESE_RECORD_VALUE);
    assert_value(&tagged, 0, 0, "");
    record = open_hex("00 7f 0400 00010800 01010800 0007", LARGE, &bytes);
    tagged = find(&record, 256, false);
    assert_int_equal(tagged.state, ESE_RECORD_VALUE);
    assert_value(&tagged, 0, 0, "");
}

static void
test_record_tagged__puts_template_columns_first(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010c80 02010d80 00010e00 61 62 63", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, true);

    (void)unused;
    assert_value(&tagged, 0, 0, "61");
    tagged = find(&record, 256, false);
    assert_value(&tagged, 0, 0, "63");
    tagged = find(&record, 258, true);
    assert_value(&tagged, 0, 0, "62");
    assert_int_equal(find(&record, 258, false).state, ESE_RECORD_ABSENT);
}

static void
test_record_tagged__reports_encryption(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010440 41 6162", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);

    (void)unused;
    assert_value(&tagged, 0, ESE_RECORD_ENCRYPTED, "6162");
    record = open_hex("00 7f 0400 00010440 45 01000000", SMALL, &bytes);
    tagged = find(&record, 256, false);
    assert_value(&tagged, 0, ESE_RECORD_ENCRYPTED | ESE_RECORD_SEPARATED, "01000000");
}

static void
test_record_tagged__finds_each_of_4096_columns_of_a_large_page(void **unused)
{
    static uint8_t bytes[4 + 4096 * 7] = {0, 0x7f, 4, 0};
    ese_record record;

    (void)unused;
    for (unsigned i = 0; i < 4096; i++) {
        ese_store_le16(bytes + 4 + 4 * i, (uint16_t)(256 + i));
        ese_store_le16(bytes + 6 + 4 * i, (uint16_t)(16384 + 3 * i));
        ese_store_le16(bytes + 4 + 16384 + 3 * i + 1, (uint16_t)i);
    }
    assert_int_equal(ese_record_open((ese_bytes){bytes, sizeof bytes}, LARGE, &record),
                     JET_errSuccess);
    assert_int_equal(record.n_tagged, 4096);
    for (uint32_t i = 0; i < 4096; i++) {
        ese_record_tagged tagged = find(&record, 256 + i, false);
        ese_record_value value;

        assert_int_equal(ese_record_tagged_value(&tagged, 0, &value), JET_errSuccess);
        assert_int_equal(value.bytes.size, 2);
        assert_int_equal(ese_load_le16(value.bytes.data), i);
    }
    assert_int_equal(find(&record, 256 + 4096, false).state, ESE_RECORD_ABSENT);
}

static void
test_record_tagged__refuses_broken_bodies(void **unused)
{
    static const char *const bodies[] = {
        "18",              /* two values, no length */
        "18 02 00",        /* the first longer than both */
        "10 01 00 ff",     /* two values without the multi-value bit */
        "08 06",           /* half an offset */
        "08 0000",         /* no values */
        "08 0300 00",      /* an odd array */
        "08 0600 0700 08", /* an array longer than the body */
    };

    (void)unused;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char hex[100];
        test_bytes bytes;
        ese_record record;
        ese_record_tagged tagged;

        snprintf(hex, sizeof hex, "00 7f 0400 00010440 %s", bodies[i]);
        record = open_hex(hex, SMALL, &bytes);
        assert_int_equal(ese_record_tagged_at(&record, 0, &tagged), JET_errDatabaseCorrupted);
    }
}

static void
test_record_tagged__refuses_values_that_overlap(void **unused)
{
    test_bytes bytes;
    ese_record record = open_hex("00 7f 0400 00010440 08 0400 0900 6162", SMALL, &bytes);
    ese_record_tagged tagged = find(&record, 256, false);
    ese_record_value value;

    (void)unused;
    assert_int_equal(ese_record_tagged_value(&tagged, 0, &value), JET_errDatabaseCorrupted);
    assert_int_equal(ese_record_tagged_value(&tagged, 1, &value), JET_errDatabaseCorrupted);
    record = open_hex("00 7f 0400 00010840 01010740 616263", SMALL, &bytes);
    assert_int_equal(ese_record_tagged_at(&record, 0, &tagged), JET_errDatabaseCorrupted);
    assert_int_equal(ese_record_tagged_at(&record, 1, &tagged), JET_errDatabaseCorrupted);
    record = open_hex("00 7f 0400 00010440 07 01000000", SMALL, &bytes);
    tagged = find(&record, 256, false); /* compressed and separated */
    assert_int_equal(ese_record_tagged_value(&tagged, 0, &value), JET_errDatabaseCorrupted);
}

/* ---- hostile bytes */

/* Reads everything a record offers; returns the number of bytes seen, so that nothing is optimised away. */
static size_t
read_all(ese_bytes bytes, uint32_t page_size)
{
    ese_record record;
    ese_record_tagged tagged;
    ese_record_value value;
    ese_record_state state;
    ese_bytes part;
    size_t seen = 0;

    if (ese_record_open(bytes, page_size, &record) < 0)
        return 0;
    for (uint16_t id = 1; id <= 127; id++) {
        ese_record_place place = {id, (uint16_t)(4 * id), 4};

        if (ese_record_fixed(&record, place, &state, &part) == 0 && state == ESE_RECORD_VALUE)
            seen += part.data[0] + (size_t)part.data[part.size - 1];
    }
    for (uint32_t id = 128; id <= 255; id++) {
        if (ese_record_variable(&record, id, &state, &part) == 0 && state == ESE_RECORD_VALUE &&
            part.size > 0)
            seen += part.data[0] + (size_t)part.data[part.size - 1];
    }
    for (uint32_t i = 0; i < record.n_tagged; i++) {
        if (ese_record_tagged_at(&record, i, &tagged) < 0)
            continue;
        for (uint32_t k = 0; k < tagged.n_values; k++) {
            if (ese_record_tagged_value(&tagged, k, &value) == 0 && value.bytes.size > 0)
                seen += value.bytes.data[0] + (size_t)value.bytes.data[value.bytes.size - 1];
        }
        (void)ese_record_tagged_find(&record, tagged.id, tagged.is_derived, &tagged);
    }
    return seen;
}

static void
test_record__survives_mutation(void **unused)
{
    static const char *const seeds[] = {
        worked_example,
        "02 82 0900 2a2a 0100 fd 0280 0200 0500 6162 636465 00010c80 02010e20 00010e40 6161 18 01 "
        "00 ff",
        "00 7f 0400 00010840 01011140 0b 0600 0800 0c80 0e31 05 02000000",
        "01 80 0900 01000000 fe 0100 61 00010800 01010900 20 08 0400 0500 6162",
    };
    uint64_t state = 1;
    size_t seen = 0;

    (void)unused;
    for (unsigned i = 0; i < 100000; i++) {
        test_bytes bytes;
        uint8_t *exact;

        test_parse(seeds[i % 4], &bytes);
        bytes.size = test_mutate(&state, bytes.data, bytes.size);
        exact = test_exact_copy(test_view(&bytes));
        seen += read_all((ese_bytes){exact, bytes.size}, i % 8 < 4 ? SMALL : LARGE);
        free(exact);
    }
    assert_true(seen > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_open__splits_the_worked_example),
        cmocka_unit_test(test_record_open__takes_a_record_without_columns),
        cmocka_unit_test(test_record_open__refuses_parts_outside_the_record),
        cmocka_unit_test(test_record_fixed__reads_the_null_bitmap),
        cmocka_unit_test(test_record_fixed__refuses_a_place_in_the_bitmap),
        cmocka_unit_test(test_record_variable__tells_null_empty_and_absent),
        cmocka_unit_test(test_record_variable__refuses_ends_that_descend),
        cmocka_unit_test(test_record_tagged__reads_plain_values_of_small_pages),
        cmocka_unit_test(test_record_tagged__reads_long_values_in_place_and_apart),
        cmocka_unit_test(test_record_tagged__reads_two_values),
        cmocka_unit_test(test_record_tagged__reads_many_values),
        cmocka_unit_test(test_record_tagged__reads_null_on_both_page_forms),
        cmocka_unit_test(test_record_tagged__takes_an_empty_value_for_a_value),
        cmocka_unit_test(test_record_tagged__puts_template_columns_first),
        cmocka_unit_test(test_record_tagged__reports_encryption),
        cmocka_unit_test(test_record_tagged__finds_each_of_4096_columns_of_a_large_page),
        cmocka_unit_test(test_record_tagged__refuses_broken_bodies),
        cmocka_unit_test(test_record_tagged__refuses_values_that_overlap),
        cmocka_unit_test(test_record__survives_mutation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
