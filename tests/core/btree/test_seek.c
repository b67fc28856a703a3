/* Every seek and step against a search through the list of all entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "test_tree.h"

enum { N_SEEKS = 300, OBJID = 9 };

static const test_tree_options trees[] = {
    {4096, {.objid = OBJID}, 0, 0, 1},
    {4096, {.objid = OBJID}, 1, 0, 2},
    {2048, {.objid = OBJID}, 30, 0, 3},
    {2048, {.objid = OBJID, .leaf_lines = 1, .parent_lines = 2}, 200, 0, 4},
    {2048, {.objid = OBJID, .leaf_lines = 3, .parent_lines = 3, .has_prefixes = true}, 600, 30, 5},
    {4096, {.objid = OBJID, .kind = ESE_PAGE_LONG_VALUE, .has_prefixes = true}, 3000, 10, 6},
    {8192,
     {.objid = OBJID, .kind = ESE_PAGE_INDEX, .leaf_lines = 2, .parent_lines = 4},
     500,
     60,
     7},
    {32768, {.objid = OBJID, .has_prefixes = true}, 6000, 20, 8},
    {16384, {.objid = OBJID, .leaf_lines = 7, .has_prefixes = true}, 2000, 0, 9},
    {2048, {.objid = OBJID, .leaf_lines = 4, .parent_lines = 5}, 300, 100, 10},
    {4096, {.objid = OBJID, .kind = ESE_PAGE_INDEX | ESE_PAGE_SPACE, .leaf_lines = 5}, 300, 5, 11},
    {4096, {.objid = OBJID, .kind = ESE_PAGE_INDEX, .is_non_unique = true}, 40, 0, 12},
    {2048,
     {.objid = OBJID,
      .kind = ESE_PAGE_INDEX,
      .is_non_unique = true,
      .leaf_lines = 2,
      .parent_lines = 2},
     500,
     30,
     13},
    {2048,
     {.objid = OBJID, .kind = ESE_PAGE_INDEX, .is_non_unique = true, .has_prefixes = true},
     4000,
     10,
     14},
    {32768,
     {.objid = OBJID,
      .kind = ESE_PAGE_INDEX,
      .is_non_unique = true,
      .leaf_lines = 3,
      .has_prefixes = true},
     3000,
     0,
     15},
};

enum { N_TREES = sizeof trees / sizeof trees[0] };

static size_t
find_live(const test_tree *t, size_t from, int step)
{
    while (from < t->n && t->entries[from].is_deleted)
        from += (size_t)step; /* below 0 wraps, and ends the loop */
    return from;
}

/* Order of an entry relative to the sought one. */
static int
order_of(const test_tree *t, const test_entry *entry, const test_entry *sought, bool with_data)
{
    int order = test_entry_compare(entry, sought, with_data && t->shape.is_non_unique);

    return (order > 0) - (order < 0);
}

/* The number of the entry that a seek must find, or something >= t->n. */
static size_t
naive_seek(const test_tree *t, const test_entry *sought, bool with_data, ese_btree_seek_mode mode)
{
    bool is_backward = mode == ESE_BTREE_LE || mode == ESE_BTREE_LT;
    int least = mode == ESE_BTREE_GE || mode == ESE_BTREE_LT ? 0 : 1;
    size_t i = 0;

    while (i < t->n && order_of(t, &t->entries[i], sought, with_data) < least)
        i++;
    return is_backward ? find_live(t, i - 1, -1) : find_live(t, i, 1);
}

static void
assert_seek(test_tree *t, ese_btree_cursor *cursor, const test_entry *sought, bool with_data)
{
    for (int mode = ESE_BTREE_GE; mode <= ESE_BTREE_LT; mode++) {
        size_t expected = naive_seek(t, sought, with_data, (ese_btree_seek_mode)mode);
        ese_bytes data = {with_data ? sought->data : NULL, with_data ? sought->data_size : 0};
        bool found = expected >= t->n;
        int order = -7;

        assert_int_equal(ese_btree_seek(cursor, (ese_bytes){sought->key, sought->key_size}, data,
                                        (ese_btree_seek_mode)mode, &found, &order),
                         JET_errSuccess);
        assert_int_equal(found, expected < t->n);
        if (found) {
            assert_true(test_tree_is_at(cursor, &t->entries[expected]));
            assert_int_equal(order, order_of(t, &t->entries[expected], sought, with_data));
        } else {
            assert_null(cursor->page);
        }
    }
}

static void
test_btree_seek__finds_what_a_search_through_all_entries_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TREES; i++) {
        test_tree t;
        ese_btree_cursor cursor;

        test_tree_make(&t, &trees[i]);
        test_tree_open(&t, 64 << 10);
        ese_btree_cursor_init(&cursor, &t.tree, NULL);
        for (unsigned k = 0; k < N_SEEKS; k++) {
            test_entry sought = test_tree_random_entry(&t);

            assert_seek(&t, &cursor, &sought, false);
            assert_seek(&t, &cursor, &sought, true);
        }
        ese_btree_cursor_reset(&cursor);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

/* Steps from `at` (an entry the cursor stands on) to the end of the tree. */
static void
assert_walk(const test_tree *t, ese_btree_cursor *cursor, size_t at, int step)
{
    bool found = true;

    for (;;) {
        size_t after = find_live(t, at + (size_t)step, step);

        assert_int_equal(step > 0 ? ese_btree_next(cursor, &found) : ese_btree_prev(cursor, &found),
                         JET_errSuccess);
        assert_int_equal(found, after < t->n);
        if (!found)
            break;
        at = after;
        assert_true(test_tree_is_at(cursor, &t->entries[at]));
    }
    assert_true(test_tree_is_at(cursor, &t->entries[at])); /* stays */
}

static void
assert_walks_from_both_ends(const test_tree *t, ese_btree_cursor *cursor)
{
    size_t first = find_live(t, 0, 1);
    size_t last = find_live(t, t->n - 1, -1);
    bool found = false;

    assert_int_equal(ese_btree_first(cursor, &found), JET_errSuccess);
    assert_int_equal(found, first < t->n);
    if (found) {
        assert_true(test_tree_is_at(cursor, &t->entries[first]));
        assert_walk(t, cursor, first, 1);
    }
    assert_int_equal(ese_btree_last(cursor, &found), JET_errSuccess);
    assert_int_equal(found, last < t->n);
    if (found) {
        assert_true(test_tree_is_at(cursor, &t->entries[last]));
        assert_walk(t, cursor, last, -1);
    }
}

static void
test_btree_walk__shows_all_live_entries_in_order_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TREES; i++) {
        test_tree t;
        ese_btree_cursor cursor;

        test_tree_make(&t, &trees[i]);
        test_tree_open(&t, 0);
        ese_btree_cursor_init(&cursor, &t.tree, NULL);
        assert_walks_from_both_ends(&t, &cursor);
        ese_btree_cursor_reset(&cursor);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_walk__from_a_sought_entry_goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TREES; i++) {
        test_tree t;
        ese_btree_cursor cursor, copy;

        test_tree_make(&t, &trees[i]);
        test_tree_open(&t, 1 << 20);
        ese_btree_cursor_init(&cursor, &t.tree, NULL);
        ese_btree_cursor_init(&copy, &t.tree, NULL);
        for (unsigned k = 0; k < 8; k++) {
            test_entry sought = test_tree_random_entry(&t);
            size_t at = naive_seek(&t, &sought, true, ESE_BTREE_GE);
            bool found = false;
            int order;

            assert_int_equal(ese_btree_seek(&cursor, (ese_bytes){sought.key, sought.key_size},
                                            (ese_bytes){sought.data, sought.data_size},
                                            ESE_BTREE_GE, &found, &order),
                             JET_errSuccess);
            if (!found)
                continue;
            ese_btree_cursor_copy(&copy, &cursor);
            assert_walk(&t, &cursor, at, 1);
            assert_walk(&t, &copy, at, -1);
        }
        ese_btree_cursor_reset(&cursor);
        ese_btree_cursor_reset(&copy);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_cursor__that_stands_nowhere_finds_nothing(void **state)
{
    test_tree t;
    ese_btree_cursor cursor, copy;
    uint64_t before = 1, total = 1, count = 1;
    bool found = true;

    (void)state;
    test_tree_make(&t, &trees[2]);
    test_tree_open(&t, 0);
    ese_btree_cursor_init(&cursor, &t.tree, NULL);
    ese_btree_cursor_init(&copy, &t.tree, NULL);
    assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    assert_false(found);
    found = true;
    assert_int_equal(ese_btree_prev(&cursor, &found), JET_errSuccess);
    assert_false(found);
    assert_int_equal(ese_btree_count(&cursor, UINT64_MAX, &count), JET_errSuccess);
    assert_int_equal(count, 0);
    assert_int_equal(ese_btree_rank(&cursor, &before, &total), JET_errSuccess);
    assert_int_equal(before, 0);
    ese_btree_cursor_copy(&copy, &cursor);
    assert_null(copy.page);
    test_tree_close(&t);
    test_tree_free(&t);
}

static uint64_t
count_live(const test_tree *t, size_t from)
{
    uint64_t n = 0;

    for (size_t i = from; i < t->n; i++)
        n += !t->entries[i].is_deleted;
    return n;
}

static void
test_btree_count__counts_live_entries_up_to_the_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TREES; i++) {
        test_tree t;
        ese_btree_cursor cursor;
        uint64_t expected, count = 0;
        bool found = false;

        test_tree_make(&t, &trees[i]);
        test_tree_open(&t, 1 << 20);
        expected = count_live(&t, 0);
        ese_btree_cursor_init(&cursor, &t.tree, NULL);
        assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
        assert_int_equal(ese_btree_count(&cursor, UINT64_MAX, &count), JET_errSuccess);
        assert_int_equal(count, expected);
        assert_int_equal(ese_btree_count(&cursor, 5, &count), JET_errSuccess);
        assert_int_equal(count, expected < 5 ? expected : 5);
        if (expected > 20) {
            for (unsigned k = 0; k < 20; k++)
                assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
            assert_int_equal(ese_btree_count(&cursor, UINT64_MAX, &count), JET_errSuccess);
            assert_int_equal(count, expected - 20);
        }
        ese_btree_cursor_reset(&cursor);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

/* ---- rank */

static void
test_btree_rank__leads_back_to_the_entry_and_grows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TREES; i++) {
        test_tree t;
        ese_btree_cursor cursor, other;
        double place = -1;
        bool found = false;

        test_tree_make(&t, &trees[i]);
        test_tree_open(&t, 1 << 20);
        ese_btree_cursor_init(&cursor, &t.tree, NULL);
        ese_btree_cursor_init(&other, &t.tree, NULL);
        assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
        while (found) {
            uint64_t before = 0, total = 0;
            bool again = false;

            assert_int_equal(ese_btree_rank(&cursor, &before, &total), JET_errSuccess);
            assert_true(before < total);
            assert_true((double)before / (double)total > place);
            place = (double)before / (double)total;
            assert_int_equal(ese_btree_goto_fraction(&other, before, total, &again),
                             JET_errSuccess);
            assert_true(again);
            assert_ptr_equal(other.page, cursor.page);
            assert_int_equal(other.line, cursor.line);
            assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
        }
        ese_btree_cursor_reset(&cursor);
        ese_btree_cursor_reset(&other);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_goto_fraction__hits_both_ends_and_the_middle(void **state)
{
    test_tree t;
    ese_btree_cursor cursor;
    bool found = false;

    (void)state;
    test_tree_make(&t, &trees[8]);
    test_tree_open(&t, 1 << 20);
    ese_btree_cursor_init(&cursor, &t.tree, NULL);
    assert_int_equal(ese_btree_goto_fraction(&cursor, 0, 1000, &found), JET_errSuccess);
    assert_true(found && test_tree_is_at(&cursor, &t.entries[0]));
    assert_int_equal(ese_btree_goto_fraction(&cursor, 1000, 1000, &found), JET_errSuccess);
    assert_true(found && test_tree_is_at(&cursor, &t.entries[t.n - 1]));
    assert_int_equal(ese_btree_goto_fraction(&cursor, 7, 0, &found), JET_errSuccess);
    assert_true(found && test_tree_is_at(&cursor, &t.entries[t.n - 1]));
    assert_int_equal(ese_btree_goto_fraction(&cursor, UINT64_MAX / 2, UINT64_MAX, &found),
                     JET_errSuccess);
    assert_true(found && !test_tree_is_at(&cursor, &t.entries[0]) &&
                !test_tree_is_at(&cursor, &t.entries[t.n - 1]));
    ese_btree_cursor_reset(&cursor);
    test_tree_close(&t);
    test_tree_free(&t);
}

static void
test_btree_goto_fraction__of_a_tree_of_deleted_nodes_finds_nothing(void **state)
{
    test_tree t;
    ese_btree_cursor cursor;
    bool found = true;

    (void)state;
    test_tree_make(&t, &trees[9]);
    test_tree_open(&t, 1 << 20);
    ese_btree_cursor_init(&cursor, &t.tree, NULL);
    for (uint64_t i = 0; i <= 10; i++) {
        assert_int_equal(ese_btree_goto_fraction(&cursor, i, 10, &found), JET_errSuccess);
        assert_false(found);
    }
    test_tree_close(&t);
    test_tree_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_seek__finds_what_a_search_through_all_entries_finds),
        cmocka_unit_test(test_btree_walk__shows_all_live_entries_in_order_both_ways),
        cmocka_unit_test(test_btree_walk__from_a_sought_entry_goes_both_ways),
        cmocka_unit_test(test_btree_cursor__that_stands_nowhere_finds_nothing),
        cmocka_unit_test(test_btree_count__counts_live_entries_up_to_the_limit),
        cmocka_unit_test(test_btree_rank__leads_back_to_the_entry_and_grows),
        cmocka_unit_test(test_btree_goto_fraction__hits_both_ends_and_the_middle),
        cmocka_unit_test(test_btree_goto_fraction__of_a_tree_of_deleted_nodes_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
