/* Sorting more than memory holds: order by key and data, all that went in comes out, in memory, in runs, in runs of runs; nothing left when something fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "ese.h"
#include "table/table_sort.h"
#include "test_fixture.h"

enum { SMALL = 131072, KEY_MAX = 40, IN_MEMORY = 1000, IN_RUNS = 30000, IN_RUNS_OF_RUNS = 400000 };

static uint32_t seed;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* Pairs of random keys, many of them equal as far as their first bytes go; the data tells them apart. */
static JET_ERR
add_pairs(ese_table__sorter *sorter, uint32_t n, uint64_t *sum_out)
{
    uint64_t sum = 0;
    JET_ERR err = JET_errSuccess;

    seed = 7;
    for (uint32_t i = 0; i < n && err >= JET_errSuccess; i++) {
        uint8_t key[KEY_MAX], data[4];
        size_t size = 1 + random_below(KEY_MAX - 1);

        for (size_t k = 0; k < size; k++)
            key[k] = (uint8_t)(k < 6 ? 'x' : random_below(256));
        ese_store_be32(data, i);
        err = ese_table__sorter_add(sorter, (ese_bytes){key, size}, (ese_bytes){data, sizeof data});
        sum += i;
    }
    *sum_out = sum;
    return err;
}

static void
sort_and_check(uint32_t n)
{
    ese_table__sorter *sorter = NULL;
    uint8_t last[KEY_MAX + 8], pair[KEY_MAX + 8];
    size_t last_size = 0;
    uint64_t sum = 0, sum_back = 0;
    uint32_t n_back = 0;
    ese_bytes key, data;
    bool found = true;

    TEST_OK(ese_table__sorter_create(SMALL, "sorted", &sorter));
    TEST_OK(add_pairs(sorter, n, &sum));
    TEST_OK(ese_table__sorter_finish(sorter));
    for (;;) {
        TEST_OK(ese_table__sorter_next(sorter, &key, &data, &found));
        if (!found)
            break;
        assert_true(ese_bytes_compare((ese_bytes){last, last_size}, key) <= 0);
        memcpy(pair, key.data, key.size);
        memcpy(last, pair, key.size);
        last_size = key.size;
        sum_back += ese_load_be32(data.data);
        n_back++;
    }
    assert_int_equal(n_back, n);
    assert_int_equal(sum_back, sum);
    ese_table__sorter_destroy(&sorter);
    assert_null(sorter);
}

static void
test_sort_external__gives_pairs_back_in_order(void **state)
{
    static const uint32_t counts[] = {0, 1, 2, IN_MEMORY, IN_RUNS, IN_RUNS_OF_RUNS};
    int64_t live = ese_alloc_live();

    (void)state;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        sort_and_check(counts[i]);
    assert_int_equal(ese_alloc_live(), live);
}

static void
test_sort_external__orders_equal_keys_by_data(void **state)
{
    ese_table__sorter *sorter = NULL;
    ese_bytes key, data;
    bool found = false;

    (void)state;
    TEST_OK(ese_table__sorter_create(SMALL, "sorted", &sorter));
    for (uint32_t i = 50000; i > 0; i--) {
        uint8_t bytes[4];

        ese_store_be32(bytes, i);
        TEST_OK(ese_table__sorter_add(sorter, (ese_bytes){(const uint8_t *)"same", 4},
                                      (ese_bytes){bytes, 4}));
    }
    TEST_OK(ese_table__sorter_finish(sorter));
    for (uint32_t i = 1; i <= 50000; i++) {
        TEST_OK(ese_table__sorter_next(sorter, &key, &data, &found));
        assert_true(found);
        assert_int_equal(ese_load_be32(data.data), i);
    }
    TEST_OK(ese_table__sorter_next(sorter, &key, &data, &found));
    assert_false(found);
    ese_table__sorter_destroy(&sorter);
}

static JET_ERR
sort_all(uint32_t n)
{
    ese_table__sorter *sorter = NULL;
    ese_bytes key, data;
    bool found = true;
    uint64_t sum;
    JET_ERR err;

    ESE_TRY(ese_table__sorter_create(SMALL, "sorted", &sorter));
    ESE_TRY(add_pairs(sorter, n, &sum));
    ESE_TRY(ese_table__sorter_finish(sorter));
    while (found)
        ESE_TRY(ese_table__sorter_next(sorter, &key, &data, &found));
out:
    ese_table__sorter_destroy(&sorter);
    return err;
}

static void
test_sort_external__leaves_nothing_when_something_fails(void **state)
{
    static const uint32_t points[] = {ESE_faultAlloc, ESE_faultRead, ESE_faultWrite, ESE_faultOpen};
    int64_t live = ese_alloc_live();

    (void)state;
    for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++) {
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t n = 1; err < JET_errSuccess; n++) {
            assert_true(n < 1000);
            ese_fault_arm(points[i], n, 0);
            err = sort_all(IN_RUNS);
            ese_fault_arm(points[i], 0, 0);
            assert_int_equal(ese_alloc_live(), live);
        }
    }
}

static void
test_sort_external__refuses_what_is_too_long(void **state)
{
    static uint8_t longest[65536];
    ese_table__sorter *sorter = NULL;

    (void)state;
    TEST_OK(ese_table__sorter_create(SMALL, "sorted", &sorter));
    assert_int_equal(ese_table__sorter_add(sorter, (ese_bytes){longest, sizeof longest},
                                           (ese_bytes){longest, 1}),
                     JET_errInvalidParameter);
    TEST_OK(
        ese_table__sorter_add(sorter, (ese_bytes){longest, 65535}, (ese_bytes){longest, 65535}));
    ese_table__sorter_destroy(&sorter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort_external__gives_pairs_back_in_order),
        cmocka_unit_test(test_sort_external__orders_equal_keys_by_data),
        cmocka_unit_test(test_sort_external__leaves_nothing_when_something_fails),
        cmocka_unit_test(test_sort_external__refuses_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
