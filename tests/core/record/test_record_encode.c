/*
 * Writing records: hand-made bytes of the format specification, and random records of both forms that are read back through
 * record.h, in exactly the room they need.
 */
#include "record_test.h"

#include "record/record_encode.h"

#include <stdio.h>
#include <stdlib.h>

enum { SMALL_PAGE = 4096, LARGE_PAGE = 32768, ROOM = 40000, N_RANDOM = 3000 };

static uint8_t encoded[ROOM];

static size_t
encode(const ese_record_column *columns, size_t n, uint32_t page_size)
{
    size_t size = 0;

    assert_int_equal(ese_record_encode(columns, n, page_size, encoded, sizeof encoded, &size),
                     JET_errSuccess);
    return size;
}

static ese_record_value
bytes_value(const void *data, size_t size)
{
    return (ese_record_value){{data, size}, 0};
}

static void
expect(const ese_record_column *columns, size_t n, uint32_t page_size, const uint8_t *bytes,
       size_t size)
{
    assert_int_equal(encode(columns, n, page_size), size);
    assert_memory_equal(encoded, bytes, size);
}

static void
test_record_encode__makes_the_smallest_record_of_no_columns(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0x04, 0x00};

    (void)state;
    expect(NULL, 0, SMALL_PAGE, bytes, sizeof bytes);
    expect(NULL, 0, LARGE_PAGE, bytes, sizeof bytes);
}

static void
test_record_encode__fills_fixed_columns_left_out_and_marks_them_null(void **state)
{
    static const uint8_t bytes[] = {0x03, 0x7f, 0x0a, 0x00, '*', 1, 2, '*', '*', 0xfd};
    const ese_record_value value = bytes_value("\1\2", 2);
    const ese_record_column columns[] = {
        {.id = 2,
         .state = ESE_RECORD_VALUE,
         .offset = 5,
         .size = 2,
         .n_values = 1,
         .values = &value},
        {.id = 3, .state = ESE_RECORD_NULL, .offset = 7, .size = 2},
    };

    (void)state;
    expect(columns, 2, SMALL_PAGE, bytes, sizeof bytes);
}

static void
test_record_encode__repeats_the_end_of_null_variable_columns(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x82, 0x04, 0x00, 0x00, 0x80,
                                    0x02, 0x00, 0x02, 0x00, 'h',  'i'};
    const ese_record_value text = bytes_value("hi", 2), empty = bytes_value(NULL, 0);
    const ese_record_column columns[] = {
        {.id = 129, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &text},
        {.id = 130, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &empty},
        {.id = 131, .state = ESE_RECORD_ABSENT},
    };

    (void)state;
    expect(columns, 3, SMALL_PAGE, bytes, sizeof bytes);
}

static void
test_record_encode__writes_two_short_values_in_the_compact_form(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0x04, 0x00, 0x00, 0x01,
                                    0x04, 0x40, 0x18, 0x01, 0x00, 0xff};
    const ese_record_value values[] = {bytes_value("\0", 1), bytes_value("\xff", 1)};
    const ese_record_column column = {
        .id = 256, .state = ESE_RECORD_VALUE, .n_values = 2, .values = values};

    (void)state;
    expect(&column, 1, SMALL_PAGE, bytes, sizeof bytes);
}

static void
test_record_encode__gives_every_tagged_value_of_a_large_page_a_header(void **state)
{
    static const uint8_t large[] = {0x00, 0x7f, 0x04, 0x00, 0x00, 0x01, 0x04, 0x00, 0x00, 0x07};
    static const uint8_t small[] = {0x00, 0x7f, 0x04, 0x00, 0x00, 0x01, 0x04, 0x00, 0x07};
    const ese_record_value value = bytes_value("\7", 1);
    const ese_record_column column = {
        .id = 256, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &value};

    (void)state;
    expect(&column, 1, LARGE_PAGE, large, sizeof large);
    expect(&column, 1, SMALL_PAGE, small, sizeof small);
}

static void
test_record_encode__marks_separated_values_and_explicit_nulls(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0x04, 0x00, 0x00, 0x01, 0x08, 0x40, 0x01,
                                    0x01, 0x0d, 0x20, 0x05, 0x01, 0x00, 0x00, 0x00};
    const ese_record_value reference = {{(const uint8_t *)"\1\0\0\0", 4}, ESE_RECORD_SEPARATED};
    const ese_record_column columns[] = {
        {.id = 256,
         .is_long = true,
         .state = ESE_RECORD_VALUE,
         .n_values = 1,
         .values = &reference},
        {.id = 257, .state = ESE_RECORD_NULL},
    };

    (void)state;
    expect(columns, 2, SMALL_PAGE, bytes, sizeof bytes);
}

static void
test_record_encode__refuses_what_does_not_fit(void **state)
{
    const ese_record_value value = bytes_value(encoded, 100);
    const ese_record_column column = {
        .id = 128, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &value};
    uint8_t small_room[106];
    size_t size = 77;

    (void)state;
    for (size_t room = 0; room < sizeof small_room; room++)
        assert_int_equal(ese_record_encode(&column, 1, SMALL_PAGE, small_room, room, &size),
                         JET_errRecordTooBig);
    assert_int_equal(size, 77);
    assert_int_equal(
        ese_record_encode(&column, 1, SMALL_PAGE, small_room, sizeof small_room, &size),
        JET_errSuccess);
    assert_int_equal(size, sizeof small_room);
}

static void
test_record_encode__refuses_offsets_that_the_form_cannot_hold(void **state)
{
    static uint8_t long_value[9000];
    const ese_record_value values[] = {bytes_value(long_value, sizeof long_value),
                                       bytes_value(long_value, 1)};
    const ese_record_column columns[] = {
        {.id = 256, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &values[0]},
        {.id = 257, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &values[1]},
    };
    size_t size;

    (void)state;
    assert_int_equal(ese_record_encode(columns, 2, SMALL_PAGE, encoded, sizeof encoded, &size),
                     JET_errRecordTooBig);
    assert_int_equal(ese_record_encode(columns, 2, LARGE_PAGE, encoded, sizeof encoded, &size),
                     JET_errSuccess);
}

static void
test_record_encode__refuses_columns_that_contradict_themselves(void **state)
{
    const ese_record_value values[] = {bytes_value("ab", 2),
                                       {{(const uint8_t *)"cd", 2}, ESE_RECORD_COMPRESSED},
                                       bytes_value("ef", 2)};
    const ese_record_column wrong[] = {
        {.id = 1,
         .state = ESE_RECORD_VALUE,
         .offset = 4,
         .size = 3,
         .n_values = 1,
         .values = values},
        {.id = 1,
         .state = ESE_RECORD_VALUE,
         .offset = 3,
         .size = 2,
         .n_values = 1,
         .values = values},
        {.id = 256, .state = ESE_RECORD_VALUE, .n_values = 0, .values = values},
        {.id = 256, .is_long = true, .state = ESE_RECORD_VALUE, .n_values = 3, .values = values},
    };
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(
            ese_record_encode(&wrong[i], 1, LARGE_PAGE, encoded, sizeof encoded, &size),
            JET_errInvalidParameter);
}

/* ---- random records */

enum { COLUMNS_MAX = 60, VALUES_MAX = 5, NOISE = 4000 };

static uint8_t noise[NOISE];
static uint32_t seed = 20240717;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

typedef struct random_record {
    ese_record_column columns[COLUMNS_MAX];
    ese_record_value values[COLUMNS_MAX][VALUES_MAX];
    size_t n;
} random_record;

static ese_record_state
random_state(void)
{
    return (ese_record_state)random_below(3);
}

static void
add(random_record *record, ese_record_column column)
{
    size_t size_max = column.id < ESE_RECORD_TAGGED_FIRST ? 30 : random_below(8) == 0 ? 400 : 20;

    column.state = random_state();
    column.n_values = column.id < ESE_RECORD_TAGGED_FIRST ? 1 : 1 + random_below(VALUES_MAX);
    column.values = record->values[record->n];
    for (uint32_t i = 0; i < column.n_values; i++) {
        size_t size = column.size != 0 ? column.size : random_below((uint32_t)size_max);
        ese_record_value *value = &record->values[record->n][i];

        *value = bytes_value(noise + random_below(NOISE - 500), size);
        if (column.is_long && random_below(4) == 0) {
            value->bytes.size = 4;
            value->form = ESE_RECORD_SEPARATED;
        } else if (column.is_long && i == 0 && random_below(4) == 0) {
            value->form = ESE_RECORD_COMPRESSED;
        }
    }
    record->columns[record->n++] = column;
}

static void
make_random(random_record *record)
{
    uint16_t offset = 4;

    record->n = 0;
    for (uint32_t id = 1; id <= random_below(20); id++) {
        uint16_t size = (uint16_t)(1 + random_below(16));

        add(record, (ese_record_column){.id = id, .offset = offset, .size = size});
        offset = (uint16_t)(offset + size);
    }
    for (uint32_t id = 128; id <= 127 + random_below(20); id++)
        add(record, (ese_record_column){.id = id});
    for (uint32_t id = 256; id < 256 + random_below(10); id++)
        add(record,
            (ese_record_column){.id = id, .is_derived = true, .is_long = random_below(2) == 0});
    for (uint32_t id = 256; id < 256 + random_below(10); id++)
        add(record, (ese_record_column){.id = id * 3, .is_long = random_below(2) == 0});
}

/* What is absent below the highest column of its kind reads as NULL. */
static void
check_untagged(const ese_record *record, const ese_record_column *column)
{
    const ese_record_place place = {(uint16_t)column->id, column->offset, column->size};
    bool is_fixed = column->id <= ESE_RECORD_FIXED_LAST;
    uint32_t last = is_fixed ? record->fixed_last : record->variable_last;
    ese_record_state state = ESE_RECORD_ABSENT, expected = column->state;
    ese_bytes value = {0};

    assert_int_equal(is_fixed ? ese_record_fixed(record, place, &state, &value)
                              : ese_record_variable(record, column->id, &state, &value),
                     JET_errSuccess);
    if (expected == ESE_RECORD_ABSENT && column->id < last)
        expected = ESE_RECORD_NULL;
    assert_int_equal(state, expected);
    if (state == ESE_RECORD_VALUE)
        assert_int_equal(ese_bytes_compare(value, column->values[0].bytes), 0);
}

static void
check_tagged(const ese_record *record, const ese_record_column *column)
{
    ese_record_tagged tagged;

    assert_int_equal(ese_record_tagged_find(record, column->id, column->is_derived, &tagged),
                     JET_errSuccess);
    assert_int_equal(tagged.state, column->state);
    if (column->state != ESE_RECORD_VALUE)
        return;
    assert_int_equal(tagged.n_values, column->n_values);
    for (uint32_t i = 0; i < column->n_values; i++) {
        ese_record_value value;

        assert_int_equal(ese_record_tagged_value(&tagged, i, &value), JET_errSuccess);
        assert_int_equal(value.form, column->values[i].form);
        assert_int_equal(ese_bytes_compare(value.bytes, column->values[i].bytes), 0);
    }
}

static void
check_round_trip(const random_record *made, uint32_t page_size)
{
    size_t size = encode(made->columns, made->n, page_size), exact_size = 0;
    uint8_t *exact = malloc(size); /* so that the sanitizer sees a byte too many */
    ese_record record;

    assert_non_null(exact);
    assert_int_equal(ese_record_encode(made->columns, made->n, page_size, exact, size, &exact_size),
                     JET_errSuccess);
    assert_int_equal(exact_size, size);
    assert_int_equal(ese_record_open((ese_bytes){exact, size}, page_size, &record), JET_errSuccess);
    for (size_t i = 0; i < made->n; i++) {
        if (made->columns[i].id < ESE_RECORD_TAGGED_FIRST)
            check_untagged(&record, &made->columns[i]);
        else
            check_tagged(&record, &made->columns[i]);
    }
    free(exact);
}

static void
test_record_encode__reads_back_as_what_was_written(void **state)
{
    static random_record made;

    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)random_below(256);
    for (int i = 0; i < N_RANDOM; i++) {
        make_random(&made);
        check_round_trip(&made, SMALL_PAGE);
        check_round_trip(&made, LARGE_PAGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_encode__makes_the_smallest_record_of_no_columns),
        cmocka_unit_test(test_record_encode__fills_fixed_columns_left_out_and_marks_them_null),
        cmocka_unit_test(test_record_encode__repeats_the_end_of_null_variable_columns),
        cmocka_unit_test(test_record_encode__writes_two_short_values_in_the_compact_form),
        cmocka_unit_test(test_record_encode__gives_every_tagged_value_of_a_large_page_a_header),
        cmocka_unit_test(test_record_encode__marks_separated_values_and_explicit_nulls),
        cmocka_unit_test(test_record_encode__refuses_what_does_not_fit),
        cmocka_unit_test(test_record_encode__refuses_offsets_that_the_form_cannot_hold),
        cmocka_unit_test(test_record_encode__refuses_columns_that_contradict_themselves),
        cmocka_unit_test(test_record_encode__reads_back_as_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
