/* The external sort: order in memory and through runs of all levels, order of arrival, readings side by side, and every failure in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "table/table_sort.h"

enum { KEY_MAX = 12, DATA_SIZE = 4, IN_MEMORY = 64 << 20 };

typedef struct pair {
    uint8_t key[KEY_MAX];
    size_t size;
    uint8_t data[DATA_SIZE]; /* the order in which they come */
} pair;

typedef struct fixture {
    pair *pairs;
    uint32_t n;
    ese_table__sorter *sorter;
    int64_t live;
} fixture;

static uint32_t seed = 4711;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void
make_random(fixture *f, uint32_t n, uint32_t n_letters)
{
    f->live = ese_alloc_live();
    f->n = n;
    f->pairs = calloc(n + 1, sizeof *f->pairs);
    assert_non_null(f->pairs);
    for (uint32_t i = 0; i < n; i++) {
        pair *made = &f->pairs[i];

        made->size = random_below(KEY_MAX + 1);
        for (size_t k = 0; k < made->size; k++)
            made->key[k] = (uint8_t)random_below(n_letters);
        ese_store_be32(made->data, i);
    }
}

static void
end(fixture *f)
{
    ese_table__sorter_destroy(&f->sorter);
    assert_int_equal(ese_alloc_live(), f->live);
    free(f->pairs);
}

static ese_bytes
key_of(const pair *of)
{
    return (ese_bytes){of->key, of->size};
}

static int
compare_pairs(const void *a, const void *b)
{
    const pair *left = a, *right = b;
    int order = ese_bytes_compare(key_of(left), key_of(right));

    return order != 0 ? order : memcmp(left->data, right->data, DATA_SIZE);
}

static JET_ERR
start_sort(fixture *f, size_t budget)
{
    JET_ERR err = ese_table__sorter_create(budget, "/tmp/ese-test", &f->sorter);

    if (err >= JET_errSuccess)
        ese_table__sorter_keep_arrival(f->sorter);
    return err;
}

static JET_ERR
add(fixture *f, uint32_t i)
{
    const pair *added = &f->pairs[i];

    return ese_table__sorter_add(f->sorter, key_of(added), (ese_bytes){added->data, DATA_SIZE});
}

/* f->pairs become the result that is expected. */
static void
sort_model(fixture *f)
{
    qsort(f->pairs, f->n, sizeof *f->pairs, compare_pairs);
}

static void
check_next(const fixture *f, ese_table__reading *reading, uint32_t i)
{
    ese_bytes key = {0}, data = {0};
    bool found = false;

    assert_int_equal(ese_table__reading_next(reading, &key, &data, &found), JET_errSuccess);
    assert_int_equal(found, i < f->n);
    if (!found)
        return;
    assert_int_equal(ese_bytes_compare(key, key_of(&f->pairs[i])), 0);
    assert_int_equal(data.size, DATA_SIZE);
    assert_memory_equal(data.data, f->pairs[i].data, DATA_SIZE);
}

static void
check_result(const fixture *f)
{
    ese_table__reading *reading = NULL;

    assert_int_equal(ese_table__reading_open(f->sorter, &reading), JET_errSuccess);
    for (uint32_t i = 0; i <= f->n + 1; i++) /* the end stays the end */
        check_next(f, reading, i);
    ese_table__reading_close(&reading);
}

static void
check_sort(uint32_t n, uint32_t n_letters, size_t budget)
{
    fixture f = {0};

    make_random(&f, n, n_letters);
    assert_int_equal(start_sort(&f, budget), JET_errSuccess);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(add(&f, i), JET_errSuccess);
    assert_int_equal(ese_table__sorter_finish(f.sorter), JET_errSuccess);
    assert_int_equal(ese_table__sorter_size(f.sorter) == SIZE_MAX, budget != IN_MEMORY && n > 100);
    sort_model(&f);
    check_result(&f);
    check_result(&f);
    end(&f);
}

static void
test_table_sort__orders_by_key_and_then_by_arrival(void **state)
{
    (void)state;
    for (uint32_t n = 0; n <= 130; n++)
        check_sort(n, 2 + n % 250, IN_MEMORY);
    for (uint32_t n = 200; n <= 3000; n += 700)
        check_sort(n, 3, IN_MEMORY);
}

static void
test_table_sort__does_the_same_through_runs_of_all_levels(void **state)
{
    (void)state;
    for (uint32_t n = 0; n <= 25; n++)
        check_sort(n, 250, 0);
    check_sort(1000, 3, 0);
    check_sort(20000, 3, 0);
    check_sort(60000, 200, 0);
    check_sort(60000, 200, 100000);
}

static void
test_table_sort__orders_by_data_unless_told_otherwise(void **state)
{
    static const char data[] = "cab";
    ese_bytes key = {(const uint8_t *)"k", 1}, got = {0};
    char order[sizeof data] = "";
    ese_table__sorter *sorter = NULL;
    bool found = false;

    (void)state;
    assert_int_equal(ese_table__sorter_create(0, "/tmp/ese-test", &sorter), JET_errSuccess);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            ese_table__sorter_add(sorter, key, (ese_bytes){(const uint8_t *)data + i, 1}),
            JET_errSuccess);
    assert_int_equal(ese_table__sorter_finish(sorter), JET_errSuccess);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ese_table__sorter_next(sorter, &key, &got, &found), JET_errSuccess);
        assert_true(found);
        order[i] = (char)got.data[0];
    }
    assert_string_equal(order, "abc");
    assert_int_equal(ese_table__sorter_next(sorter, &key, &got, &found), JET_errSuccess);
    assert_false(found);
    ese_table__sorter_destroy(&sorter);
}

static void
test_table_sort__is_read_side_by_side(void **state)
{
    fixture f = {0};
    ese_table__reading *fast = NULL, *slow = NULL;

    (void)state;
    make_random(&f, 3000, 9);
    assert_int_equal(start_sort(&f, 0), JET_errSuccess);
    for (uint32_t i = 0; i < f.n; i++)
        assert_int_equal(add(&f, i), JET_errSuccess);
    assert_int_equal(ese_table__sorter_finish(f.sorter), JET_errSuccess);
    sort_model(&f);
    assert_int_equal(ese_table__reading_open(f.sorter, &fast), JET_errSuccess);
    assert_int_equal(ese_table__reading_open(f.sorter, &slow), JET_errSuccess);
    for (uint32_t i = 0; i < f.n; i += 2) {
        check_next(&f, fast, i);
        check_next(&f, fast, i + 1);
        check_next(&f, slow, i / 2);
    }
    ese_table__reading_close(&fast);
    ese_table__reading_close(&slow);
    end(&f);
}

static void
test_table_sort__takes_pairs_of_all_sizes(void **state)
{
    enum { MOST = 65535 };
    static uint8_t bytes[MOST + 1];
    static const size_t sizes[] = {MOST, 0, 1, 40000, 255, MOST - 1};
    enum { N = sizeof sizes / sizeof sizes[0] };
    ese_table__sorter *sorter = NULL;
    ese_bytes key = {0}, data = {0};
    size_t last = 0, n = 0;
    bool found = true;

    (void)state;
    assert_int_equal(ese_table__sorter_create(0, "/tmp/ese-test", &sorter), JET_errSuccess);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(ese_table__sorter_add(sorter, (ese_bytes){bytes, sizes[i]},
                                               (ese_bytes){bytes, sizes[N - 1 - i]}),
                         JET_errSuccess);
    assert_int_equal(ese_table__sorter_add(sorter, (ese_bytes){bytes, MOST + 1}, (ese_bytes){0}),
                     JET_errInvalidParameter);
    assert_int_equal(ese_table__sorter_finish(sorter), JET_errSuccess);
    while (found) {
        assert_int_equal(ese_table__sorter_next(sorter, &key, &data, &found), JET_errSuccess);
        n += found;
        assert_true(!found || key.size >= last);
        last = key.size;
    }
    assert_int_equal(n, N);
    ese_table__sorter_destroy(&sorter);
}

/* ---- failures */

/* Each step that fails is made once more, and then must do what it should. */
static bool
failed(JET_ERR err, JET_ERR expected, uint32_t *n_failures)
{
    if (err >= JET_errSuccess)
        return false;
    assert_int_equal(err, expected);
    ++*n_failures;
    return true;
}

static uint32_t
sort_with_failure(ese_fault fault, JET_ERR expected, uint64_t nth)
{
    enum { N = 900 };
    fixture f = {0};
    ese_table__reading *reading = NULL;
    ese_bytes key = {0}, data = {0};
    bool found = true;
    uint32_t n_failures = 0, n = 0;

    make_random(&f, N, 9);
    ese_fault_set(fault, nth, false);
    if (failed(start_sort(&f, 0), expected, &n_failures))
        assert_int_equal(start_sort(&f, 0), JET_errSuccess);
    for (uint32_t i = 0; i < N; i++) {
        if (failed(add(&f, i), expected, &n_failures))
            assert_int_equal(add(&f, i), JET_errSuccess);
    }
    if (failed(ese_table__sorter_finish(f.sorter), expected, &n_failures))
        assert_int_equal(ese_table__sorter_finish(f.sorter), JET_errSuccess);
    sort_model(&f);
    if (failed(ese_table__reading_open(f.sorter, &reading), expected, &n_failures))
        assert_int_equal(ese_table__reading_open(f.sorter, &reading), JET_errSuccess);
    while (found) {
        if (failed(ese_table__reading_next(reading, &key, &data, &found), expected, &n_failures))
            assert_int_equal(ese_table__reading_next(reading, &key, &data, &found), JET_errSuccess);
        if (found)
            assert_memory_equal(data.data, f.pairs[n++].data, DATA_SIZE);
    }
    assert_int_equal(n, N);
    ese_fault_set(fault, 0, false);
    ese_table__reading_close(&reading);
    end(&f);
    return n_failures;
}

static void
test_table_sort__goes_on_after_a_failure(void **state)
{
    static const struct {
        ese_fault fault;
        JET_ERR err;
        uint64_t least; /* places where it can happen */
    } cases[] = {
        {ESE_FAULT_POINT_ALLOC, JET_errOutOfMemory, 20},
        {ESE_FAULT_POINT_OPEN, JET_errFileAccessDenied, 1},
        {ESE_FAULT_POINT_WRITE, JET_errDiskIO, 20},
        {ESE_FAULT_POINT_DISK_FULL, JET_errDiskFull, 20},
        {ESE_FAULT_POINT_READ, JET_errDiskIO, 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t nth = 1;

        while (sort_with_failure(cases[i].fault, cases[i].err, nth) != 0)
            nth++;
        assert_true(nth > cases[i].least);
    }
}

static void
test_table_sort__needs_no_memory_for_what_is_in_order(void **state)
{
    fixture f = {0};

    (void)state;
    make_random(&f, 100, 9);
    sort_model(&f);
    assert_int_equal(start_sort(&f, IN_MEMORY), JET_errSuccess);
    for (uint32_t i = 0; i < f.n; i++)
        assert_int_equal(add(&f, i), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_table__sorter_finish(f.sorter), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    check_result(&f);
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_sort__orders_by_key_and_then_by_arrival),
        cmocka_unit_test(test_table_sort__does_the_same_through_runs_of_all_levels),
        cmocka_unit_test(test_table_sort__orders_by_data_unless_told_otherwise),
        cmocka_unit_test(test_table_sort__is_read_side_by_side),
        cmocka_unit_test(test_table_sort__takes_pairs_of_all_sizes),
        cmocka_unit_test(test_table_sort__goes_on_after_a_failure),
        cmocka_unit_test(test_table_sort__needs_no_memory_for_what_is_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
