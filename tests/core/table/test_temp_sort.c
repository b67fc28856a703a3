/* The merge sort of temporary tables: order, stability, all sizes around its runs, and no memory left behind when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "table/table_temp_private.h"

enum { N_MAX = 700, KEY_MAX = 12 };

typedef struct fixture {
    ese_table__entry entries[N_MAX];
    size_t n;
} fixture;

static uint32_t seed = 4711;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* Rows carry the order they came in as their number. */
static void
add(fixture *f, const void *key, size_t size)
{
    ese_table__row *row = calloc(1, sizeof *row + KEY_MAX);

    assert_non_null(row);
    row->key_size = size;
    if (size != 0)
        memcpy(row->bytes, key, size);
    ese_store_be32(row->number, (uint32_t)f->n);
    f->entries[f->n++] = (ese_table__entry){ese_table__sort_prefix((ese_bytes){key, size}), row};
}

static void
make_random(fixture *f, size_t n, uint32_t n_letters)
{
    f->n = 0;
    while (f->n < n) {
        uint8_t key[KEY_MAX];
        size_t size = random_below(KEY_MAX + 1);

        for (size_t i = 0; i < size; i++)
            key[i] = (uint8_t)random_below(n_letters);
        add(f, key, size);
    }
}

static void
clear(fixture *f)
{
    while (f->n > 0)
        free(f->entries[--f->n].row);
}

static int
compare_rows(const ese_table__row *a, const ese_table__row *b)
{
    int order = ese_bytes_compare(ese_table__row_key(a), ese_table__row_key(b));

    return order != 0 ? order : memcmp(a->number, b->number, sizeof a->number);
}

static void
check_sorted(const fixture *f)
{
    for (size_t i = 1; i < f->n; i++)
        assert_true(compare_rows(f->entries[i - 1].row, f->entries[i].row) < 0);
}

static void
test_table_sort__orders_by_key_and_then_by_arrival(void **state)
{
    static fixture f;

    (void)state;
    for (size_t n = 0; n <= 130; n++) {
        make_random(&f, n, 2 + (uint32_t)n % 250);
        assert_int_equal(ese_table__sort(f.entries, f.n), JET_errSuccess);
        check_sorted(&f);
        clear(&f);
    }
    for (size_t n = 200; n <= N_MAX; n += 100) {
        make_random(&f, n, 3);
        assert_int_equal(ese_table__sort(f.entries, f.n), JET_errSuccess);
        check_sorted(&f);
        clear(&f);
    }
}

static void
test_table_sort__tells_apart_keys_with_equal_first_bytes(void **state)
{
    static fixture f;

    (void)state;
    add(&f, "12345678b", 9);
    add(&f, "12345678", 8);
    add(&f, "12345678a", 9);
    add(&f, "12345678\0", 9);
    add(&f, "1234567", 7);
    add(&f, "1234567\0", 8);
    assert_int_equal(ese_table__sort(f.entries, f.n), JET_errSuccess);
    check_sorted(&f);
    clear(&f);
}

static void
test_table_sort__needs_no_memory_for_what_is_in_order(void **state)
{
    static fixture f;

    (void)state;
    make_random(&f, 100, 9);
    assert_int_equal(ese_table__sort(f.entries, f.n), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_table__sort(f.entries, f.n), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    check_sorted(&f);
    clear(&f);
}

static void
test_table_sort__leaves_everything_as_it_was_without_memory(void **state)
{
    static fixture f, before;
    int64_t live = ese_alloc_live();

    (void)state;
    make_random(&f, 100, 9);
    before = f;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_table__sort(f.entries, f.n), JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_memory_equal(f.entries, before.entries, f.n * sizeof f.entries[0]);
    assert_int_equal(ese_alloc_live(), live);
    clear(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_sort__orders_by_key_and_then_by_arrival),
        cmocka_unit_test(test_table_sort__tells_apart_keys_with_equal_first_bytes),
        cmocka_unit_test(test_table_sort__needs_no_memory_for_what_is_in_order),
        cmocka_unit_test(test_table_sort__leaves_everything_as_it_was_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
