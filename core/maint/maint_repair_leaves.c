/*
 * The leaves of one tree, in the order of their keys.
 *
 * After a crash a leaf may be there twice, as it was before a split or a merge and as it became. Of what two leaves both hold one loses: a leaf whose keys
 * all lie within those of another is left out, else the older one loses the lines that overlap.
 */
#include "maint/maint_repair_private.h"

#include <string.h>

/* Two pages in memory: neighbours, or those whose order is sought. */
typedef struct pair {
    uint8_t *a, *b;
    uint8_t *key_a, *key_b;
} pair;

static JET_ERR
open_pair(const ese_maint__mend *mend, pair *pair_out)
{
    JET_ERR err;

    ESE_TRY(ese_alloc(mend->page_size, &pair_out->a));
    ESE_TRY(ese_alloc(mend->page_size, &pair_out->b));
    ESE_TRY(ese_alloc(ESE_PAGE_KEY_MAX, &pair_out->key_a));
    ESE_TRY(ese_alloc(ESE_PAGE_KEY_MAX, &pair_out->key_b));
out:
    return err;
}

static void
close_pair(pair *both)
{
    ese_free(&both->a);
    ese_free(&both->b);
    ese_free(&both->key_a);
    ese_free(&both->key_b);
}

static ese_bytes
key_of(const ese_page *page, unsigned line, uint8_t *to)
{
    ese_page_node node = ese_page_line(page, line);
    size_t n = ese_page_node_copy_key(&node, to, ESE_PAGE_KEY_MAX);

    return (ese_bytes){to, n > ESE_PAGE_KEY_MAX ? ESE_PAGE_KEY_MAX : n};
}

static int
compare_line(const ese_page *page, unsigned line, ese_bytes key)
{
    ese_page_node node = ese_page_line(page, line);

    return ese_page_node_compare_key(&node, key);
}

/* ---- Collecting ---- */

static JET_ERR
add_leaf(ese_maint__mend *mend, ese_pgno pgno, pair *both, ese_maint__leaves *leaves)
{
    ese_page page = {both->a, mend->page_size, pgno};
    ese_maint__leaf *leaf = &leaves->leaves[leaves->n];
    ese_bytes key;
    bool is_reached = ese_maint__mend_reaches(mend->notes, pgno);
    JET_ERR err = JET_errSuccess;

    if (!is_reached && !ese_maint__mend_misses(mend, pgno))
        return JET_errSuccess;
    ESE_TRY(ese_maint__mend_read(mend, pgno, both->a));
    if (ese_page_line_count(&page) == 0)
        return JET_errSuccess;
    key = key_of(&page, 0, both->key_a);
    leaf->pgno = pgno;
    leaf->n = (uint8_t)(key.size < ESE_MAINT__KEY_HEAD ? key.size : ESE_MAINT__KEY_HEAD);
    memcpy(leaf->head, key.data, leaf->n);
    if (leaves->n == 0)
        leaves->flags = ese_page_flags(&page);
    if (ese_page_dbtime(&page) > leaves->dbtime)
        leaves->dbtime = ese_page_dbtime(&page);
    leaves->n++;
    mend->repaired->n_unreached += !is_reached;
out:
    return err;
}

static JET_ERR
collect(ese_maint__mend *mend, uint32_t objid, pair *both, ese_maint__leaves *leaves)
{
    uint32_t n = 0;
    JET_ERR err;

    for (ese_pgno pgno = 1; pgno <= mend->n_pages; pgno++)
        n += mend->notes[pgno].kind == ESE_MAINT__LEAF && mend->notes[pgno].objid == objid;
    ESE_TRY(ese_alloc(((size_t)n + 1) * sizeof *leaves->leaves, &leaves->leaves));
    for (ese_pgno pgno = 1; pgno <= mend->n_pages; pgno++) {
        if (mend->notes[pgno].kind == ESE_MAINT__LEAF && mend->notes[pgno].objid == objid)
            ESE_TRY(add_leaf(mend, pgno, both, leaves));
    }
out:
    return err;
}

/* ---- Order ---- */

/* Most keys differ in what is kept of them; the pages are asked about the others. */
static JET_ERR
compare(const ese_maint__mend *mend, pair *both, const ese_maint__leaf *a, const ese_maint__leaf *b,
        int *order_out)
{
    ese_page page_a = {both->a, mend->page_size, a->pgno};
    ese_page page_b = {both->b, mend->page_size, b->pgno};
    int order = memcmp(a->head, b->head, a->n < b->n ? a->n : b->n);
    JET_ERR err = JET_errSuccess;

    if (order == 0 && (a->n < ESE_MAINT__KEY_HEAD || b->n < ESE_MAINT__KEY_HEAD)) {
        order = (int)a->n - (int)b->n;
    } else if (order == 0) {
        ESE_TRY(ese_maint__mend_read(mend, a->pgno, both->a));
        ESE_TRY(ese_maint__mend_read(mend, b->pgno, both->b));
        order = compare_line(&page_a, 0, key_of(&page_b, 0, both->key_b));
    }
    *order_out = order;
out:
    return err;
}

/* Merges the sorted runs [first, middle) and [middle, end) of `from` to `to`. */
static JET_ERR
merge_runs(const ese_maint__mend *mend, pair *both, const ese_maint__leaf *from,
           const uint32_t bounds[3], ese_maint__leaf *to)
{
    uint32_t a = bounds[0], b = bounds[1], at = bounds[0];
    JET_ERR err = JET_errSuccess;

    while (a < bounds[1] || b < bounds[2]) {
        int order = a == bounds[1] ? 1 : -1;

        if (a < bounds[1] && b < bounds[2])
            ESE_TRY(compare(mend, both, &from[a], &from[b], &order));
        to[at++] = order <= 0 ? from[a++] : from[b++];
    }
out:
    return err;
}

static JET_ERR
sort_leaves(const ese_maint__mend *mend, pair *both, ese_maint__leaves *leaves)
{
    ese_maint__leaf *other = NULL;
    uint32_t n = leaves->n;
    JET_ERR err;

    ESE_TRY(ese_alloc(((size_t)n + 1) * sizeof *other, &other));
    for (uint64_t width = 1; width < n; width *= 2) {
        ese_maint__leaf *sorted = other;

        for (uint64_t first = 0; first < n; first += 2 * width) {
            uint64_t middle = first + width < n ? first + width : n;
            uint64_t end = first + 2 * width < n ? first + 2 * width : n;
            const uint32_t bounds[3] = {(uint32_t)first, (uint32_t)middle, (uint32_t)end};

            ESE_TRY(merge_runs(mend, both, leaves->leaves, bounds, other));
        }
        other = leaves->leaves;
        leaves->leaves = sorted;
    }
out:
    ese_free(&other);
    return err;
}

/* ---- Overlaps ---- */

static JET_ERR
drop_lines(const ese_maint__mend *mend, ese_page_mut *page, unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ese_page_remove(page, first);
    mend->repaired->n_lines_dropped += n;
    return ese_maint__mend_write(mend, page);
}

typedef enum verdict { KEEP_BOTH, DROP_LEFT, DROP_RIGHT } verdict;

/* Left begins before right, or with the same key; both are in memory. The cut leaves a line on each. */
static JET_ERR
settle(ese_maint__mend *mend, pair *both, ese_pgno left_pgno, ese_pgno right_pgno,
       verdict *verdict_out)
{
    ese_page_mut left = {both->a, mend->page_size, left_pgno};
    ese_page_mut right = {both->b, mend->page_size, right_pgno};
    ese_page l = ese_page_of_mut(&left), r = ese_page_of_mut(&right);
    unsigned n_left = ese_page_line_count(&l), n_right = ese_page_line_count(&r);
    ese_bytes first_right = key_of(&r, 0, both->key_b);
    ese_bytes last_left = key_of(&l, n_left - 1, both->key_a);
    bool is_right_newer = ese_page_dbtime(&r) >= ese_page_dbtime(&l);
    unsigned cut;

    *verdict_out = KEEP_BOTH;
    if (compare_line(&l, n_left - 1, first_right) < 0)
        return JET_errSuccess;
    if (compare_line(&r, n_right - 1, last_left) <= 0) {
        bool is_same_start = compare_line(&l, 0, first_right) == 0;
        bool is_same_end = compare_line(&r, n_right - 1, last_left) == 0;

        *verdict_out = is_same_start && is_same_end && is_right_newer ? DROP_LEFT : DROP_RIGHT;
        return JET_errSuccess;
    }
    if (compare_line(&l, 0, first_right) == 0) { /* left lies within right */
        *verdict_out = DROP_LEFT;
        return JET_errSuccess;
    }
    if (is_right_newer) {
        for (cut = n_left; cut > 1 && compare_line(&l, cut - 1, first_right) >= 0; cut--)
            ;
        return drop_lines(mend, &left, cut, n_left - cut);
    }
    for (cut = 0; cut < n_right - 1 && compare_line(&r, cut, last_left) <= 0; cut++)
        ;
    return drop_lines(mend, &right, 0, cut);
}

/* Each leaf against the last one that stays. */
static JET_ERR
drop_overlaps(ese_maint__mend *mend, pair *both, ese_maint__leaves *leaves)
{
    uint32_t n = 0;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < leaves->n; i++) {
        verdict decided = KEEP_BOTH;

        if (n > 0) {
            ESE_TRY(ese_maint__mend_read(mend, leaves->leaves[n - 1].pgno, both->a));
            ESE_TRY(ese_maint__mend_read(mend, leaves->leaves[i].pgno, both->b));
            ESE_TRY(
                settle(mend, both, leaves->leaves[n - 1].pgno, leaves->leaves[i].pgno, &decided));
        }
        mend->repaired->n_leaves_dropped += decided != KEEP_BOTH;
        if (decided == DROP_RIGHT)
            continue;
        if (decided == DROP_LEFT)
            n--;
        leaves->leaves[n++] = leaves->leaves[i];
    }
    leaves->n = n;
out:
    return err;
}

JET_ERR
ese_maint__mend_leaves(ese_maint__mend *mend, uint32_t objid, ese_maint__leaves *leaves_out)
{
    pair both = {0};
    ese_maint__leaves leaves = {0};
    JET_ERR err;

    ESE_TRY(open_pair(mend, &both));
    ESE_TRY(collect(mend, objid, &both, &leaves));
    ESE_TRY(sort_leaves(mend, &both, &leaves));
    ESE_TRY(drop_overlaps(mend, &both, &leaves));
    mend->repaired->n_leaves += leaves.n;
    *leaves_out = leaves;
    leaves.leaves = NULL;
out:
    ese_free(&leaves.leaves);
    close_pair(&both);
    return err;
}
