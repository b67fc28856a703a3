/*
 * Trees with bad pages: an error where no damage is tolerated, else all that is sound, in order, and a report. INV numbers are those of btree.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "test_tree.h"

enum { OBJID = 9, N_REPORTS = 64, LEAF_LINES = 4, PARENT_LINES = 5 };

static const test_tree_options small = {
    2048, {.objid = OBJID, .leaf_lines = LEAF_LINES, .parent_lines = PARENT_LINES}, 400, 0, 21};

static const test_tree_options non_unique = {4096,
                                             {.objid = OBJID,
                                              .kind = ESE_PAGE_INDEX,
                                              .is_non_unique = true,
                                              .leaf_lines = LEAF_LINES,
                                              .parent_lines = PARENT_LINES,
                                              .has_prefixes = true},
                                             400,
                                             20,
                                             22};

/* ---- reports */

typedef struct reports {
    ese_pgno pgnos[N_REPORTS];
    JET_ERR errors[N_REPORTS];
    unsigned n;
} reports;

static void
note(void *self, ese_pgno pgno, JET_ERR why, const char *text)
{
    reports *r = self;

    assert_true(r->n < N_REPORTS);
    assert_true(why < JET_errSuccess);
    assert_non_null(text);
    r->pgnos[r->n] = pgno;
    r->errors[r->n++] = why;
}

/* ---- walks */

typedef struct direction {
    JET_ERR (*start)(ese_btree_cursor *cursor, bool *found_out);
    JET_ERR (*step)(ese_btree_cursor *cursor, bool *found_out);
    int delta;
} direction;

static const direction forward = {ese_btree_first, ese_btree_next, 1};
static const direction backward = {ese_btree_last, ese_btree_prev, -1};
static const direction *const directions[] = {&forward, &backward};

/* Walks the whole tree; *n_out = entries seen, which strictly ascend or descend (INV-1) and are entries of the tree. */
static JET_ERR
walk(const test_tree *t, const ese_btree *tree, const direction *d, size_t *n_out)
{
    JET_ERR err;
    ese_btree_cursor cursor;
    bool found = false;
    size_t at = d->delta > 0 ? 0 : t->n - 1;

    *n_out = 0;
    ese_btree_cursor_init(&cursor, tree, NULL);
    ESE_TRY(d->start(&cursor, &found));
    while (found) {
        while (at < t->n && !test_tree_is_at(&cursor, &t->entries[at]))
            at += (size_t)d->delta;
        assert_true(at < t->n);
        assert_false(t->entries[at].is_deleted); /* INV-3 */
        at += (size_t)d->delta;
        ++*n_out;
        ESE_TRY(d->step(&cursor, &found));
    }
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

static size_t
count_live_outside(const test_tree *t, ese_pgno first_bad, ese_pgno last_bad)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += !t->entries[i].is_deleted && (t->leaves[i] < first_bad || t->leaves[i] > last_bad);
    return n;
}

static void
assert_strict_fails(test_tree *t, JET_ERR expected)
{
    for (unsigned i = 0; i < 2; i++) {
        size_t n;
        JET_ERR err = walk(t, &t->tree, directions[i], &n);

        assert_int_equal(err, expected);
    }
}

/* With damage tolerated both walks show all but the leaves bad_first to bad_last, and report one page `reported` as `why`. */
static void
assert_walks_round(test_tree *t, ese_pgno bad_first, ese_pgno bad_last, ese_pgno reported,
                   JET_ERR why)
{
    for (unsigned i = 0; i < 2; i++) {
        reports r = {.n = 0};
        ese_btree_damage damage = {&r, note};
        ese_btree tree = t->tree;
        size_t n = 0;

        tree.damage = &damage;
        assert_int_equal(walk(t, &tree, directions[i], &n), JET_errSuccess);
        assert_int_equal(n, count_live_outside(t, bad_first, bad_last));
        assert_int_equal(r.n, reported != 0);
        if (reported != 0) {
            assert_int_equal(r.pgnos[0], reported);
            assert_int_equal(r.errors[0], why);
        }
    }
}

/* ---- pages of the tree in memory */

static uint32_t
flags_at(const test_tree *t, ese_pgno pgno)
{
    return ese_load_le32(test_db_page(&t->db, pgno) + 36);
}

static void
set_flags(test_tree *t, ese_pgno pgno, uint32_t flags)
{
    ese_store_le32(test_db_page(&t->db, pgno) + 36, flags);
    test_page_seal(&t->db, pgno);
}

static ese_pgno
last_leaf(const test_tree *t)
{
    return t->leaves[t->n - 1];
}

/* The first internal page of the level above the leaves, or any page whose flags have all of `with` and none of `without`. */
static ese_pgno
find_page(const test_tree *t, uint32_t with, uint32_t without)
{
    for (ese_pgno pgno = 1; pgno <= t->db.n_pages; pgno++) {
        if ((flags_at(t, pgno) & with) == with && (flags_at(t, pgno) & without) == 0 &&
            flags_at(t, pgno) != 0)
            return pgno;
    }
    fail();
    return 0;
}

static ese_page
view(const test_tree *t, ese_pgno pgno)
{
    return (ese_page){test_db_page(&t->db, pgno), t->db.page_size, pgno};
}

static ese_pgno
child_of(const test_tree *t, ese_pgno pgno, unsigned line)
{
    ese_page page = view(t, pgno);
    ese_page_node node = ese_page_line(&page, line);

    return ese_page_node_child(&node);
}

static void
set_child(test_tree *t, ese_pgno pgno, unsigned line, ese_pgno child)
{
    ese_page page = view(t, pgno);
    ese_page_node node = ese_page_line(&page, line);

    ese_store_le32(test_db_page(&t->db, pgno) + (node.data.data - page.bytes), child);
    test_page_seal(&t->db, pgno);
}

/* ---- single bad pages */

typedef struct spoiler {
    void (*spoil)(test_tree *t, ese_pgno pgno);
    JET_ERR expected;
} spoiler;

static void
make_blank(test_tree *t, ese_pgno pgno)
{
    memset(test_db_page(&t->db, pgno), 0, t->db.page_size);
}

static void
break_checksum(test_tree *t, ese_pgno pgno)
{
    test_db_page(&t->db, pgno)[500] ^= 0x81;
}

static void
break_structure(test_tree *t, ese_pgno pgno)
{
    test_db_page(&t->db, pgno)[28] ^= 1;
    test_page_seal(&t->db, pgno);
}

static void
change_objid(test_tree *t, ese_pgno pgno)
{
    ese_store_le32(test_db_page(&t->db, pgno) + 24, OBJID + 1);
    test_page_seal(&t->db, pgno);
}

static void
change_kind(test_tree *t, ese_pgno pgno)
{
    set_flags(t, pgno, flags_at(t, pgno) ^ ESE_PAGE_INDEX);
}

static void
make_space_page(test_tree *t, ese_pgno pgno)
{
    set_flags(t, pgno, flags_at(t, pgno) | ESE_PAGE_SPACE);
}

static void
change_order(test_tree *t, ese_pgno pgno)
{
    set_flags(t, pgno, flags_at(t, pgno) ^ ESE_PAGE_NON_UNIQUE);
}

static void
make_root(test_tree *t, ese_pgno pgno)
{
    ese_page page = view(t, pgno);

    if (ese_page_external_header(&page).size !=
        0) /* with prefixes a root would be malformed as well */
        break_structure(t, pgno);
    else
        set_flags(t, pgno, flags_at(t, pgno) | ESE_PAGE_ROOT);
}

static void
make_free(test_tree *t, ese_pgno pgno)
{
    test_page_format(&t->db, pgno, OBJID, t->shape.kind | ESE_PAGE_LEAF | ESE_PAGE_EMPTY);
    test_page_seal(&t->db, pgno);
}

static void
make_unused(test_tree *t, ese_pgno pgno)
{
    test_page_format(&t->db, pgno, OBJID, t->shape.kind | ESE_PAGE_LEAF | ESE_PAGE_PRE_INIT);
    test_page_seal(&t->db, pgno);
}

static const spoiler spoilers[] = {
    {make_blank, JET_errPageNotInitialized},
    {break_checksum, JET_errReadVerifyFailure},
    {break_structure, JET_errDatabaseCorrupted},
    {change_objid, JET_errBadPageLink},
    {change_kind, JET_errBadPageLink},
    {make_space_page, JET_errBadPageLink},
    {change_order, JET_errDatabaseCorrupted},
    {make_root, JET_errDatabaseCorrupted},
    {make_free, JET_errBadPageLink},
    {make_unused, JET_errBadPageLink},
};

enum { N_SPOILERS = sizeof spoilers / sizeof spoilers[0] };

static void
test_btree_damage__of_any_leaf_hides_that_leaf_alone(void **state)
{
    static const test_tree_options *const options[] = {&small, &non_unique};

    (void)state;
    for (unsigned i = 0; i < 2 * N_SPOILERS; i++) {
        const spoiler *s = &spoilers[i % N_SPOILERS];
        test_tree t;
        ese_pgno bad;

        test_tree_make(&t, options[i / N_SPOILERS]);
        bad = t.leaves[test_random(&t.seed) % t.n];
        s->spoil(&t, bad);
        test_tree_open(&t, 1 << 20);
        assert_strict_fails(&t, s->expected);
        assert_walks_round(&t, bad, bad, bad, s->expected);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_damage__at_either_end_of_the_tree_is_stepped_over(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        test_tree t;
        ese_pgno bad;

        test_tree_make(&t, &small);
        bad = i == 0 ? t.leaves[0] : last_leaf(&t);
        make_blank(&t, bad);
        test_tree_open(&t, 1 << 20);
        assert_walks_round(&t, bad, bad, bad, JET_errPageNotInitialized);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_damage__of_an_internal_page_hides_its_leaves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SPOILERS; i++) {
        test_tree t;
        ese_pgno bad, first, last;

        test_tree_make(&t, &small);
        bad = find_page(&t, ESE_PAGE_PARENT_OF_LEAF, ESE_PAGE_ROOT);
        first = child_of(&t, bad, 0);
        last = child_of(&t, bad, PARENT_LINES - 1);
        spoilers[i].spoil(&t, bad);
        test_tree_open(&t, 1 << 20);
        assert_strict_fails(&t, spoilers[i].expected);
        assert_walks_round(&t, first, last, bad, spoilers[i].expected);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_damage__of_the_root_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SPOILERS; i++) {
        test_tree t;

        if (spoilers[i].spoil == make_root)
            continue;
        test_tree_make(&t, &small);
        spoilers[i].spoil(&t, t.root);
        test_tree_open(&t, 1 << 20);
        assert_strict_fails(&t, spoilers[i].expected);
        assert_walks_round(&t, 0, t.db.n_pages, t.root, spoilers[i].expected);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree__refuses_a_root_that_is_none(void **state)
{
    test_tree t;
    ese_pgno other;

    (void)state;
    test_tree_make(&t, &small);
    other = t.leaves[0];
    test_tree_open(&t, 1 << 20);
    t.tree.root = other;
    assert_strict_fails(&t, JET_errDatabaseCorrupted);
    t.tree.root = t.db.n_pages + 1;
    assert_strict_fails(&t, JET_errBadPageLink);
    t.tree.root = 0;
    assert_strict_fails(&t, JET_errBadPageLink);
    test_tree_close(&t);
    test_tree_free(&t);
}

/* ---- links */

static void
test_btree_links__that_disagree_with_the_parents_are_errors_or_not_trusted(void **state)
{
    static const size_t link_offsets[] = {16, 20};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        test_tree t;
        ese_pgno leaf, target;

        test_tree_make(&t, &small);
        leaf = t.leaves[t.n / 2];
        target = i < 2 ? leaf : i < 4 ? t.leaves[0] : i < 6 ? 0 : 0xffffffff; /* 0: the end */
        ese_store_le32(test_db_page(&t.db, leaf) + link_offsets[i % 2], target);
        test_page_seal(&t.db, leaf);
        test_tree_open(&t, 1 << 20);
        assert_strict_fails(&t, JET_errBadPageLink);
        assert_walks_round(&t, 0, 0, 0, JET_errSuccess);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

static void
test_btree_links__behind_the_last_leaf_are_errors(void **state)
{
    test_tree t;
    size_t n;

    (void)state;
    test_tree_make(&t, &small);
    ese_store_le32(test_db_page(&t.db, last_leaf(&t)) + 20, t.leaves[0]);
    test_page_seal(&t.db, last_leaf(&t));
    test_tree_open(&t, 1 << 20);
    assert_int_equal(walk(&t, &t.tree, &forward, &n), JET_errBadPageLink);
    assert_int_equal(n, t.n);
    assert_walks_round(&t, 0, 0, 0, JET_errSuccess);
    test_tree_close(&t);
    test_tree_free(&t);
}

/* ---- pages in the wrong place */

static void
test_btree_range__a_child_met_twice_is_shown_in_its_own_place_only(void **state)
{
    test_tree t;
    ese_pgno parent, lost;

    (void)state;
    test_tree_make(&t, &small);
    parent = find_page(&t, ESE_PAGE_PARENT_OF_LEAF, ESE_PAGE_ROOT);
    lost = child_of(&t, parent, 3);
    set_child(&t, parent, 3, child_of(&t, parent, 1));
    test_tree_open(&t, 1 << 20);
    assert_strict_fails(&t, JET_errBadPageLink); /* the link of the leaf before differs */
    assert_walks_round(&t, lost, lost, child_of(&t, parent, 1), JET_errDatabaseCorrupted);
    test_tree_close(&t);
    test_tree_free(&t);
}

static void
test_btree_range__a_leaf_older_than_its_parent_is_shown_as_far_as_the_parent_agrees(void **state)
{
    test_tree t;
    ese_pgno leaf;
    ese_page_node node;
    uint8_t image[2048], key[40];
    ese_page page;

    (void)state;
    /* The image of a leaf from before its split: it holds its own entries and those of its right neighbour, which has them, too. */
    test_tree_make(&t, &small);
    leaf = t.leaves[t.n / 2];
    memcpy(image, test_db_page(&t.db, leaf), sizeof image);
    for (unsigned line = 0; line < LEAF_LINES; line++) {
        page = view(&t, ese_load_le32(image + 20));
        node = ese_page_line(&page, line);
        assert_true(test_page_add_line(
            &t.db, leaf, (ese_bytes){key, ese_page_node_copy_key(&node, key, sizeof key)},
            node.data, false));
    }
    test_page_seal(&t.db, leaf);
    test_tree_open(&t, 1 << 20);
    assert_strict_fails(&t, JET_errDatabaseCorrupted);
    assert_walks_round(&t, 0, 0, leaf, JET_errDatabaseCorrupted);
    test_tree_close(&t);
    test_tree_free(&t);
}

static void
test_btree_depth__is_bounded(void **state)
{
    test_tree t;
    ese_pgno above, below;

    (void)state;
    test_tree_make(&t, &small);
    /* Two internal pages with one line without end, each the child of the other. */
    above = test_db_add_page(&t.db);
    below = test_db_add_page(&t.db);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t child[4];

        test_page_format(&t.db, above + i, OBJID, 0);
        ese_store_le32(child, i == 0 ? below : above);
        assert_true(test_page_add_line(&t.db, above + i, (ese_bytes){NULL, 0},
                                       (ese_bytes){child, 4}, false));
        test_page_seal(&t.db, above + i);
    }
    set_child(&t, t.root, 0, above);
    test_tree_open(&t, 1 << 20);
    assert_strict_fails(&t, JET_errDatabaseCorrupted);
    test_tree_close(&t);
    test_tree_free(&t);
}

/* Internal pages of many lines on every level whose lines all lead to the same page below: with n lines and d levels n^d ways to the leaf. */
static void
test_btree_work__is_bounded_where_all_ways_lead_to_one_page(void **state)
{
    enum { N_LEVELS = 10, N_LINES = 60 };
    reports r = {.n = 0};
    ese_btree_damage damage = {&r, note};
    ese_cache_counters before;
    test_tree t;
    size_t n = 0;
    ese_pgno below;

    (void)state;
    test_tree_make(&t, &(test_tree_options){4096, {.objid = OBJID}, 0, 0, 1});
    below = test_db_add_page(&t.db);
    test_page_format(&t.db, below, OBJID, ESE_PAGE_LEAF);
    test_page_seal(&t.db, below);
    for (unsigned level = 0; level < N_LEVELS; level++) {
        ese_pgno pgno = level + 1 == N_LEVELS ? t.root : test_db_add_page(&t.db);

        test_page_format(&t.db, pgno, OBJID,
                         (level == 0 ? ESE_PAGE_PARENT_OF_LEAF : 0u) |
                             (pgno == t.root ? (uint32_t)ESE_PAGE_ROOT : 0));
        for (unsigned line = 0; line < N_LINES; line++) {
            uint8_t child[4], key[2];

            ese_store_le32(child, below);
            ese_store_be16(key, (uint16_t)(1000 + line));
            assert_true(test_page_add_line(&t.db, pgno,
                                           (ese_bytes){key, line + 1 == N_LINES ? 0 : 2},
                                           (ese_bytes){child, 4}, false));
        }
        test_page_seal(&t.db, pgno);
        below = pgno;
    }
    test_tree_open(&t, 1 << 20);
    t.tree.damage = &damage;
    before = ese_cache_thread_counters();
    assert_int_equal(walk(&t, &t.tree, &forward, &n), JET_errSuccess);
    assert_int_equal(n, 0);
    assert_true(ese_cache_thread_counters().pages_referenced - before.pages_referenced <
                2 * N_LEVELS * N_LEVELS * N_LINES);
    test_tree_close(&t);
    test_tree_free(&t);
}

static void
test_btree__of_a_truncated_file_reports_each_missing_page_once(void **state)
{
    reports r = {.n = 0};
    ese_btree_damage damage = {&r, note};
    ese_page root;
    test_tree t;
    size_t n = 1;

    (void)state;
    test_tree_make(&t, &small);
    root = view(&t, t.root);
    t.db.n_pages = last_leaf(&t); /* the internal pages lie behind */
    test_tree_open(&t, 1 << 20);
    assert_strict_fails(&t, JET_errBadPageLink);
    t.tree.damage = &damage;
    assert_int_equal(walk(&t, &t.tree, &forward, &n), JET_errSuccess);
    assert_int_equal(n, 0);
    assert_int_equal(r.n, ese_page_line_count(&root));
    for (unsigned i = 0; i < r.n; i++) {
        assert_int_equal(r.pgnos[i], child_of(&t, t.root, i));
        assert_int_equal(r.errors[i], JET_errBadPageLink);
    }
    test_tree_close(&t);
    test_tree_free(&t);
}

/* Not damage: a leaf that lost its last entry is still there. */
static void
test_btree__steps_over_leaves_without_lines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        test_tree t;
        ese_pgno leaf, prev, next;
        ese_page page;

        test_tree_make(&t, &small);
        leaf = i == 0 ? t.leaves[0] : i == 1 ? t.leaves[t.n / 2] : last_leaf(&t);
        page = view(&t, leaf);
        prev = ese_page_prev(&page);
        next = ese_page_next(&page);
        test_page_format(&t.db, leaf, OBJID, ESE_PAGE_LEAF);
        test_page_set_links(&t.db, leaf, prev, next);
        test_page_seal(&t.db, leaf);
        test_tree_open(&t, 1 << 20);
        for (unsigned k = 0; k < 2; k++) {
            size_t n = 0;

            assert_int_equal(walk(&t, &t.tree, directions[k], &n), JET_errSuccess);
            assert_int_equal(n, count_live_outside(&t, leaf, leaf));
        }
        assert_walks_round(&t, leaf, leaf, 0, JET_errSuccess);
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

/* ---- seeks */

static void
test_btree_seek__goes_round_a_bad_leaf(void **state)
{
    reports r = {.n = 0};
    ese_btree_damage damage = {&r, note};
    test_tree t;
    ese_btree_cursor cursor;
    size_t first, last;
    ese_pgno bad;

    (void)state;
    test_tree_make(&t, &small);
    bad = t.leaves[t.n / 2];
    for (first = 0; t.leaves[first] != bad; first++)
        ;
    for (last = first; t.leaves[last + 1] == bad; last++)
        ;
    make_blank(&t, bad);
    test_tree_open(&t, 1 << 20);
    for (size_t i = first; i <= last; i++) {
        for (int mode = ESE_BTREE_GE; mode <= ESE_BTREE_LT; mode++) {
            bool is_backward = mode == ESE_BTREE_LE || mode == ESE_BTREE_LT;
            ese_bytes key = {t.entries[i].key, t.entries[i].key_size};
            bool found = false;
            int order = 0;

            r.n = 0;
            t.tree.damage = NULL;
            ese_btree_cursor_init(&cursor, &t.tree, NULL);
            assert_int_equal(ese_btree_seek(&cursor, key, (ese_bytes){NULL, 0},
                                            (ese_btree_seek_mode)mode, &found, &order),
                             JET_errPageNotInitialized);
            assert_null(cursor.page);
            t.tree.damage = &damage;
            assert_int_equal(ese_btree_seek(&cursor, key, (ese_bytes){NULL, 0},
                                            (ese_btree_seek_mode)mode, &found, &order),
                             JET_errSuccess);
            assert_true(found);
            assert_true(test_tree_is_at(&cursor, &t.entries[is_backward ? first - 1 : last + 1]));
            assert_int_equal(order, is_backward ? -1 : 1);
            assert_int_equal(r.n, 1);
            assert_int_equal(r.pgnos[0], bad);
            ese_btree_cursor_reset(&cursor);
        }
    }
    test_tree_close(&t);
    test_tree_free(&t);
}

static void
test_btree_next__after_an_error_stays_where_it_was(void **state)
{
    test_tree t;
    ese_btree_cursor cursor;
    bool found = false;

    (void)state;
    test_tree_make(&t, &small);
    make_blank(&t, t.leaves[LEAF_LINES]);
    test_tree_open(&t, 0);
    ese_btree_cursor_init(&cursor, &t.tree, NULL);
    assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
    for (unsigned i = 1; i < LEAF_LINES; i++)
        assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ese_btree_next(&cursor, &found), JET_errPageNotInitialized);
        assert_true(test_tree_is_at(&cursor, &t.entries[LEAF_LINES - 1]));
    }
    assert_int_equal(ese_btree_prev(&cursor, &found), JET_errSuccess);
    assert_true(found && test_tree_is_at(&cursor, &t.entries[LEAF_LINES - 2]));
    ese_btree_cursor_reset(&cursor);
    test_tree_close(&t);
    test_tree_free(&t);
}

/* ---- random damage */

static void
count_only(void *self, ese_pgno pgno, JET_ERR why, const char *text)
{
    (void)pgno;
    (void)text;
    assert_true(why < JET_errSuccess && why != JET_errOutOfMemory);
    ++*(unsigned *)self;
}

/* Strictly ascending or descending, whatever was there before; and it ends. */
static void
assert_ordered_walk(const ese_btree *tree, const direction *d)
{
    ese_btree_cursor cursor, before;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, tree, NULL);
    ese_btree_cursor_init(&before, tree, NULL);
    err = d->start(&cursor, &found);
    while (err >= JET_errSuccess && found) {
        ese_btree_cursor_copy(&before, &cursor);
        err = d->step(&cursor, &found);
        if (err >= JET_errSuccess && found) {
            uint8_t key[ESE_PAGE_KEY_MAX];
            size_t n = ese_page_node_copy_key(&before.node, key, sizeof key);
            int order = ese_page_node_compare_key(&cursor.node, (ese_bytes){key, n});

            if (order == 0 && !tree->is_unique)
                order = ese_bytes_compare(cursor.node.data, before.node.data);
            assert_true(d->delta > 0 ? order > 0 : order < 0);
        }
    }
    assert_true(tree->damage == NULL || err >= JET_errSuccess);
    ese_btree_cursor_reset(&cursor);
    ese_btree_cursor_reset(&before);
}

static void
test_btree__with_random_bytes_changed_stays_in_order_and_ends(void **state)
{
    static const test_tree_options *const options[] = {&small, &non_unique};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        unsigned n_reports = 0;
        ese_btree_damage damage = {&n_reports, count_only};
        uint32_t seed = round + 1;
        test_tree t;

        test_tree_make(&t, options[round % 2]);
        for (unsigned i = 0; i < 6; i++) {
            ese_pgno pgno = 1 + test_random(&seed) % t.db.n_pages;
            uint32_t place = test_random(&seed) % 3;
            /* the header, the nodes, the tags */
            uint32_t at = place == 0   ? 16 + test_random(&seed) % 24
                          : place == 1 ? 40 + test_random(&seed) % 150
                                       : t.db.page_size - 1 - test_random(&seed) % 28;

            test_db_page(&t.db, pgno)[at] ^= (uint8_t)(1u << test_random(&seed) % 8);
            test_page_seal(&t.db, pgno);
        }
        test_tree_open(&t, 1 << 20);
        for (unsigned i = 0; i < 2; i++) {
            t.tree.damage = NULL;
            assert_ordered_walk(&t.tree, directions[i]);
            t.tree.damage = &damage;
            assert_ordered_walk(&t.tree, directions[i]);
        }
        test_tree_close(&t);
        test_tree_free(&t);
    }
}

/* ---- faults */

static void
test_btree__survives_every_failed_allocation_and_read(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_READ};
    static const JET_ERR expected[] = {JET_errOutOfMemory, JET_errDiskIO};
    test_tree t;

    (void)state;
    test_tree_make(&t, &small);
    for (unsigned i = 0; i < 2; i++) {
        unsigned n_failed = 0;
        bool was_hit = true;

        for (uint64_t nth = 1; was_hit; nth++) {
            JET_ERR err;
            size_t n;

            test_tree_open(&t, 0);
            ese_fault_set(faults[i], nth, false);
            err = walk(&t, &t.tree, directions[nth % 2], &n);
            was_hit = !ese_fault_is_armed(faults[i]);
            ese_fault_set(faults[i], 0, false);
            assert_int_equal(err, was_hit ? expected[i] : JET_errSuccess);
            n_failed += was_hit;
            test_tree_close(&t);
        }
        assert_true(n_failed > 50);
    }
    test_tree_free(&t);
}

static void
test_btree_damage__does_not_cover_up_a_lack_of_memory(void **state)
{
    reports r = {.n = 0};
    ese_btree_damage damage = {&r, note};
    test_tree t;
    size_t n;

    (void)state;
    test_tree_make(&t, &small);
    test_tree_open(&t, 0);
    t.tree.damage = &damage;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 20, false);
    assert_int_equal(walk(&t, &t.tree, &forward, &n), JET_errOutOfMemory);
    assert_int_equal(r.n, 0);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    test_tree_close(&t);
    test_tree_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_damage__of_any_leaf_hides_that_leaf_alone),
        cmocka_unit_test(test_btree_damage__at_either_end_of_the_tree_is_stepped_over),
        cmocka_unit_test(test_btree_damage__of_an_internal_page_hides_its_leaves),
        cmocka_unit_test(test_btree_damage__of_the_root_leaves_nothing),
        cmocka_unit_test(test_btree__refuses_a_root_that_is_none),
        cmocka_unit_test(
            test_btree_links__that_disagree_with_the_parents_are_errors_or_not_trusted),
        cmocka_unit_test(test_btree_links__behind_the_last_leaf_are_errors),
        cmocka_unit_test(test_btree_range__a_child_met_twice_is_shown_in_its_own_place_only),
        cmocka_unit_test(
            test_btree_range__a_leaf_older_than_its_parent_is_shown_as_far_as_the_parent_agrees),
        cmocka_unit_test(test_btree_depth__is_bounded),
        cmocka_unit_test(test_btree_work__is_bounded_where_all_ways_lead_to_one_page),
        cmocka_unit_test(test_btree__of_a_truncated_file_reports_each_missing_page_once),
        cmocka_unit_test(test_btree__steps_over_leaves_without_lines),
        cmocka_unit_test(test_btree_seek__goes_round_a_bad_leaf),
        cmocka_unit_test(test_btree_next__after_an_error_stays_where_it_was),
        cmocka_unit_test(test_btree__with_random_bytes_changed_stays_in_order_and_ends),
        cmocka_unit_test(test_btree__survives_every_failed_allocation_and_read),
        cmocka_unit_test(test_btree_damage__does_not_cover_up_a_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
