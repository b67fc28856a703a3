/* Memory: what is promised about contents, failure and the count of live blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"

#include <string.h>

static int
no_fault_and_no_leak(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    return ese_alloc_live() == 0 ? 0 : -1;
}

static void
test_base_alloc__gives_zeroed_bytes_and_counts_them(void **state)
{
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(ese_alloc(1000, &block), JET_errSuccess);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal(ese_alloc_live(), 1);
    ese_free(&block);
    assert_null(block);
    assert_int_equal(ese_alloc_live(), 0);
    ese_free(&block);
    assert_int_equal(ese_alloc_live(), 0);
}

static void
test_base_alloc__of_no_bytes_gives_a_pointer(void **state)
{
    uint8_t *plain = NULL, *aligned = NULL, *copy = NULL, *resized = NULL;

    (void)state;
    assert_int_equal(ese_alloc(0, &plain), JET_errSuccess);
    assert_int_equal(ese_alloc_aligned(0, 4096, &aligned), JET_errSuccess);
    assert_int_equal(ese_alloc_copy(NULL, 0, &copy), JET_errSuccess);
    assert_int_equal(ese_realloc(0, &resized), JET_errSuccess);
    assert_non_null(plain);
    assert_non_null(aligned);
    assert_non_null(copy);
    assert_non_null(resized);
    ese_free(&plain);
    ese_free(&aligned);
    ese_free(&copy);
    ese_free(&resized);
}

static void
test_base_alloc_aligned__aligns_and_rounds_up(void **state)
{
    (void)state;
    for (size_t alignment = 16; alignment <= 32768; alignment *= 2) {
        uint8_t *block = NULL;

        assert_int_equal(ese_alloc_aligned(alignment + 1, alignment, &block), JET_errSuccess);
        assert_int_equal((uintptr_t)block % alignment, 0);
        memset(block, 0xff, alignment + 1);
        ese_free(&block);
    }
}

static void
test_base_alloc_aligned__refuses_a_size_that_overflows_when_rounded_up(void **state)
{
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(ese_alloc_aligned(SIZE_MAX - 100, 4096, &block), JET_errOutOfMemory);
    assert_null(block);
}

static void
test_base_realloc__keeps_the_contents_and_counts_a_block_once(void **state)
{
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(ese_realloc(4, &block), JET_errSuccess);
    memcpy(block, "abc", 4);
    assert_int_equal(ese_realloc(100000, &block), JET_errSuccess);
    assert_string_equal((const char *)block, "abc");
    assert_int_equal(ese_alloc_live(), 1);
    ese_free(&block);
}

static void
test_base_alloc__fails_by_injection_in_every_form(void **state)
{
    uint8_t *block = NULL, *kept = NULL;

    (void)state;
    assert_int_equal(ese_alloc_copy("old", 4, &kept), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_alloc(8, &block), JET_errOutOfMemory);
    assert_int_equal(ese_alloc_aligned(8, 8, &block), JET_errOutOfMemory);
    assert_int_equal(ese_alloc_copy("x", 1, &block), JET_errOutOfMemory);
    assert_int_equal(ese_realloc(16, &kept), JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_null(block);
    assert_string_equal((const char *)kept, "old");
    ese_free(&kept);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_base_alloc__gives_zeroed_bytes_and_counts_them,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_alloc__of_no_bytes_gives_a_pointer,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_alloc_aligned__aligns_and_rounds_up,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(
            test_base_alloc_aligned__refuses_a_size_that_overflows_when_rounded_up,
            no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_realloc__keeps_the_contents_and_counts_a_block_once,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_base_alloc__fails_by_injection_in_every_form,
                                  no_fault_and_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
