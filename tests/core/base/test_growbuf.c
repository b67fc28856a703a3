/* The bounded buffer: grows, keeps its contents, never passes its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/growbuf.h"

static int
no_fault_and_no_leak(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    return ese_alloc_live() == 0 ? 0 : -1;
}

static void
test_base_growbuf__keeps_what_was_appended(void **state)
{
    ese_growbuf buffer = ese_growbuf_make(100000);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t four[4];

        ese_store_le32(four, i * 2654435761u);
        assert_int_equal(ese_growbuf_append(&buffer, four, sizeof four), JET_errSuccess);
    }
    assert_int_equal(ese_growbuf_bytes(&buffer).size, 4000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(ese_load_le32(buffer.data + 4 * i), i * 2654435761u);
    ese_growbuf_destroy(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.limit, 100000);
}

static void
test_base_growbuf__can_be_filled_to_its_limit_and_not_beyond(void **state)
{
    static const size_t limits[] = {0, 1, 10, 63, 64, 65, 100, 1000};
    uint8_t byte = 7;

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        ese_growbuf buffer = ese_growbuf_make(limits[i]);

        for (size_t n = 0; n < limits[i]; n++)
            assert_int_equal(ese_growbuf_append(&buffer, &byte, 1), JET_errSuccess);
        assert_int_equal(ese_growbuf_append(&buffer, &byte, 1), JET_errOutOfMemory);
        assert_int_equal(ese_growbuf_reserve(&buffer, limits[i] + 1), JET_errOutOfMemory);
        assert_int_equal(buffer.size, limits[i]);
        assert_true(buffer.capacity <= limits[i]);
        ese_growbuf_destroy(&buffer);
    }
}

static void
test_base_growbuf__refuses_sizes_that_overflow(void **state)
{
    ese_growbuf buffer = ese_growbuf_make(SIZE_MAX);
    uint8_t byte = 7;

    (void)state;
    assert_int_equal(ese_growbuf_append(&buffer, &byte, 1), JET_errSuccess);
    assert_int_equal(ese_growbuf_append(&buffer, &byte, SIZE_MAX), JET_errOutOfMemory);
    assert_int_equal(buffer.size, 1);
    ese_growbuf_destroy(&buffer);
}

static void
test_base_growbuf__clear_keeps_the_memory(void **state)
{
    ese_growbuf buffer = ese_growbuf_make(1000);

    (void)state;
    assert_int_equal(ese_growbuf_reserve(&buffer, 500), JET_errSuccess);
    assert_int_equal(ese_growbuf_append(&buffer, "abc", 3), JET_errSuccess);
    ese_growbuf_clear(&buffer);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(ese_growbuf_reserve(&buffer, 500), JET_errSuccess);
    ese_growbuf_destroy(&buffer);
}

static void
test_base_growbuf__survives_a_failed_allocation(void **state)
{
    ese_growbuf buffer = ese_growbuf_make(1000);
    uint8_t many[200] = {0};

    (void)state;
    assert_int_equal(ese_growbuf_append(&buffer, "abc", 3), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, false);
    assert_int_equal(ese_growbuf_append(&buffer, many, sizeof many), JET_errOutOfMemory);
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.data, "abc", 3);
    assert_int_equal(ese_growbuf_append(&buffer, many, sizeof many), JET_errSuccess);
    assert_int_equal(buffer.size, 203);
    ese_growbuf_destroy(&buffer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_base_growbuf__keeps_what_was_appended, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_growbuf__can_be_filled_to_its_limit_and_not_beyond,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_growbuf__refuses_sizes_that_overflow,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_growbuf__clear_keeps_the_memory, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_growbuf__survives_a_failed_allocation,
                                  no_fault_and_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
