/*
 * Intersection of index ranges: the bookmarks of the first range are sorted, those of each other range are looked up among
 * them. A bookmark has `n_hits` ranges so far; multi-valued columns make a range hit one more than once.
 */
#include "table/table_intersect.h"

#include "table/table_private.h"

#include <stdlib.h>

typedef struct candidate {
    ese_bytes bookmark;
    size_t start; /* in the bytes of the set, until all are there */
    uint32_t n_hits;
} candidate;

typedef struct bookmark_set {
    ese_growbuf bytes;
    ese_growbuf candidates; /* array of candidate */
    uint32_t round;         /* which range is being walked, from 0 */
} bookmark_set;

static candidate *
candidates_of(const bookmark_set *set)
{
    return (candidate *)(void *)set->candidates.data;
}

static size_t
count_of(const bookmark_set *set)
{
    return set->candidates.size / sizeof(candidate);
}

static JET_ERR
collect(bookmark_set *set, ese_bytes bookmark)
{
    const candidate item = {
        .bookmark = {NULL, bookmark.size}, .start = set->bytes.size, .n_hits = 1};
    JET_ERR err = ese_growbuf_append(&set->bytes, bookmark.data, bookmark.size);

    return err < JET_errSuccess ? err : ese_growbuf_append(&set->candidates, &item, sizeof item);
}

static int
compare_candidates(const void *a, const void *b)
{
    return ese_bytes_compare(((const candidate *)a)->bookmark, ((const candidate *)b)->bookmark);
}

/* Sorts what was collected and leaves one of each. */
static void
close_collection(bookmark_set *set)
{
    candidate *items = candidates_of(set);
    size_t n = count_of(set), n_kept = 0;

    for (size_t i = 0; i < n; i++)
        items[i].bookmark.data = set->bytes.data + items[i].start;
    if (n > 1)
        qsort(items, n, sizeof *items, compare_candidates);
    for (size_t i = 0; i < n; i++) {
        if (n_kept == 0 || compare_candidates(&items[n_kept - 1], &items[i]) != 0)
            items[n_kept++] = items[i];
    }
    set->candidates.size = n_kept * sizeof *items;
}

static JET_ERR
look_up(bookmark_set *set, ese_bytes bookmark)
{
    const candidate sought = {.bookmark = bookmark};
    size_t n = count_of(set);
    candidate *found =
        n == 0 ? NULL : bsearch(&sought, candidates_of(set), n, sizeof sought, compare_candidates);

    if (found != NULL && found->n_hits == set->round)
        found->n_hits++;
    return JET_errSuccess;
}

/* Takes every entry from where the cursor stands to the end of its range. */
static JET_ERR
walk_range(const ese_table_cursor *cursor, bookmark_set *set)
{
    const ese_table__range *range = &cursor->range;
    const ese_bytes end = {range->key, range->size};
    bool is_back = range->is_active && !range->is_upper;
    bool found = true;
    ese_btree_cursor walk = {0};
    JET_ERR err = JET_errSuccess;

    ese_btree_cursor_init(&walk, cursor->entry.tree, cursor->session);
    ese_btree_cursor_copy(&walk, &cursor->entry);
    while (found) {
        if (range->is_active &&
            ese_table__is_beyond_range(range, ese_page_node_compare_key(&walk.node, end)))
            break;
        ESE_TRY(set->round == 0 ? collect(set, walk.node.data) : look_up(set, walk.node.data));
        ESE_TRY(is_back ? ese_btree_prev(&walk, &found) : ese_btree_next(&walk, &found));
    }
out:
    ese_btree_cursor_reset(&walk);
    return err;
}

static JET_ERR
check_cursors(ese_table_cursor *const *cursors, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!cursors[i]->is_secondary || cursors[i]->schema != cursors[0]->schema ||
            cursors[i]->table->objid != cursors[0]->table->objid)
            return ese_raise(JET_errInvalidParameter,
                             "the ranges are not of secondary indexes of one table");
    }
    for (uint32_t i = 0; i < n; i++) {
        if (cursors[i]->place != ESE_TABLE__ON_ENTRY)
            return ese_raise(JET_errNoCurrentRecord, "a cursor stands on no entry of its range");
    }
    return JET_errSuccess;
}

JET_ERR
ese_table_intersect(ese_table_cursor *const *cursors, uint32_t n, size_t limit,
                    const ese_table_bookmarks_ops *ops)
{
    bookmark_set set = {ese_growbuf_make(limit), ese_growbuf_make(limit), 0};
    JET_ERR err;

    ESE_TRY(check_cursors(cursors, n));
    for (; set.round < n; set.round++) {
        ESE_TRY(walk_range(cursors[set.round], &set));
        if (set.round == 0)
            close_collection(&set);
    }
    for (size_t i = 0; i < count_of(&set); i++) {
        const candidate *item = &candidates_of(&set)[i];

        if (item->n_hits == n)
            ESE_TRY(ops->visit(ops->self, item->bookmark));
    }
out:
    ese_growbuf_destroy(&set.bytes);
    ese_growbuf_destroy(&set.candidates);
    return err;
}
