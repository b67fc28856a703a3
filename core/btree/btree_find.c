/*
 * Where a writer works: finding and latching the leaf of an entry.
 *
 * The way down takes no latch and looks at nothing but separators. Which leaf it led to counts only if the tree had the same structure when the leaf was
 * latched; afterwards the latch keeps the entries of the leaf where they are.
 */
#include "btree/btree_private.h"

static ese_bytes
order_data(const ese_btree *tree, ese_bytes data)
{
    return ese_btree__has_order_by_data(tree) ? data : (ese_bytes){NULL, 0};
}

unsigned
ese_btree__child_line(const ese_btree *tree, const ese_page *page, ese_bytes key, ese_bytes data)
{
    unsigned line = ese_page_find_gt(page, key, order_data(tree, data));
    unsigned n = ese_page_line_count(page);

    return line < n ? line : n - 1;
}

static JET_ERR
find_child(const ese_btree *tree, const ese_page *page, const ese_btree__request *sought,
           ese_pgno *pgno_out)
{
    ese_page_node node;

    if (ese_page_line_count(page) == 0)
        return ese_raise(JET_errDatabaseCorrupted, "%s: page %u has no children",
                         ese_cache_path(tree->file), (unsigned)page->pgno);
    ese_page_line_decode(page, ese_btree__child_line(tree, page, sought->key, sought->data), &node);
    *pgno_out = ese_page_node_child(&node);
    return JET_errSuccess;
}

/* The page number of the leaf; the leaf itself is not looked at, but for a root. */
static JET_ERR
descend(const ese_btree *tree, const ese_btree__request *sought, ese_pgno *leaf_out)
{
    JET_ERR err;
    ese_cache_page *parent = NULL;
    ese_cache_page *page = NULL;
    ese_pgno pgno = tree->root;
    bool is_found = false;

    for (unsigned depth = 0; !is_found; depth++) {
        uint32_t flags;

        if (depth == ESE_BTREE_DEPTH_MAX) {
            err = ese_raise(JET_errDatabaseCorrupted, "%s: the tree of root %u has too many levels",
                            ese_cache_path(tree->file), (unsigned)tree->root);
            goto out;
        }
        ESE_TRY(ese_cache_pin(tree->file, pgno, &page));
        ESE_TRY(ese_btree__check_page(tree, &page->page, parent == NULL ? NULL : &parent->page));
        ese_cache_unpin(&parent);
        flags = ese_page_flags(&page->page);
        if ((flags & ESE_PAGE_LEAF) == 0)
            ESE_TRY(find_child(tree, &page->page, sought, &pgno));
        is_found = (flags & (ESE_PAGE_LEAF | ESE_PAGE_PARENT_OF_LEAF)) != 0;
        parent = page;
        page = NULL;
    }
    *leaf_out = pgno;
out:
    ese_cache_unpin(&parent);
    ese_cache_unpin(&page);
    return err;
}

static JET_ERR
check_leaf(const ese_btree *tree, const ese_page *page)
{
    const uint32_t kinds = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE | ESE_PAGE_EMPTY |
                           ESE_PAGE_PRE_INIT | ESE_PAGE_LEAF;
    bool is_root = (ese_page_flags(page) & ESE_PAGE_ROOT) != 0;

    if (ese_page_objid(page) == tree->objid && is_root == (page->pgno == tree->root) &&
        (ese_page_flags(page) & kinds) == (tree->kind | ESE_PAGE_LEAF))
        return JET_errSuccess;
    return ese_raise(JET_errBadPageLink, "%s: page %u is no leaf of the tree of root %u",
                     ese_cache_path(tree->file), (unsigned)page->pgno, (unsigned)tree->root);
}

static JET_ERR
latch_leaf(const ese_btree *tree, const ese_btree__request *sought, ese_cache_page **page_out)
{
    JET_ERR err;
    ese_pgno pgno = 0;
    ese_cache_page *page = NULL;

    ESE_TRY(descend(tree, sought, &pgno));
    ESE_TRY(ese_cache_latch(tree->file, pgno, &page));
    ESE_TRY(check_leaf(tree, &page->page));
    *page_out = page;
    page = NULL;
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__spot_latch(const ese_btree *tree, ese_bytes key, ese_bytes data,
                      ese_btree__spot *spot_out)
{
    const ese_btree__request sought = {.key = key, .data = data};
    ese_btree__spot spot = {0};
    uint64_t number;
    JET_ERR err;

    for (;;) {
        number = ese_btree__structure_read(tree);
        err = latch_leaf(tree, &sought, &spot.page);
        if (ese_btree__structure_is(tree, number))
            break;
        ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
    }
    if (err >= JET_errSuccess) {
        ese_btree__spot_find(tree, key, data, &spot);
        *spot_out = spot;
    }
    return err;
}

void
ese_btree__spot_find(const ese_btree *tree, ese_bytes key, ese_bytes data, ese_btree__spot *spot)
{
    const ese_page *page = &spot->page->page;

    spot->line = ese_page_find_ge(page, key, order_data(tree, data));
    spot->is_there = false;
    if (spot->line == ese_page_line_count(page))
        return;
    ese_page_line_decode(page, spot->line, &spot->node);
    spot->is_there =
        ese_page_node_compare_key(&spot->node, key) == 0 &&
        (!ese_btree__has_order_by_data(tree) || ese_bytes_compare(spot->node.data, data) == 0);
}

/* ---- the way as a whole */

static JET_ERR
add_to_way(const ese_btree *tree, const ese_btree__request *sought, ese_btree__way *way,
           ese_pgno *child_out)
{
    JET_ERR err;
    ese_cache_page *page = NULL;
    ese_pgno child = 0;
    ese_page_node node;
    unsigned line;

    ESE_TRY(ese_cache_pin(tree->file, way->pgnos[way->depth], &page));
    if (!ese_btree__is_leaf(&page->page)) {
        unsigned n = ese_page_line_count(&page->page);

        if (ese_page_objid(&page->page) != tree->objid || n == 0) {
            err = ese_raise(JET_errDatabaseCorrupted, "%s: page %u is no parent in objid %u",
                            ese_cache_path(tree->file), (unsigned)way->pgnos[way->depth],
                            (unsigned)tree->objid);
            goto out;
        }
        line = ese_btree__child_line(tree, &page->page, sought->key, sought->data);
        way->lines[way->depth] = line;
        way->counts[way->depth] = n;
        ese_page_line_decode(&page->page, line, &node);
        child = ese_page_node_child(&node);
    }
    way->depth++;
    *child_out = child;
out:
    ese_cache_unpin(&page);
    return err;
}

JET_ERR
ese_btree__way_find(const ese_btree *tree, ese_bytes key, ese_bytes data, ese_btree__way *way_out)
{
    JET_ERR err;
    const ese_btree__request sought = {.key = key, .data = data};
    ese_pgno pgno = tree->root;

    way_out->depth = 0;
    do {
        if (way_out->depth == ESE_BTREE_DEPTH_MAX)
            return ese_raise(JET_errDatabaseCorrupted,
                             "%s: the tree of root %u has too many levels",
                             ese_cache_path(tree->file), (unsigned)tree->root);
        way_out->pgnos[way_out->depth] = pgno;
        ESE_TRY(add_to_way(tree, &sought, way_out, &pgno));
    } while (pgno != 0);
out:
    return err;
}
