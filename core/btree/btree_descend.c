/*
 * The short way to an entry: down from the root to a leaf that has it, with pages in places where they were found right before. Nearly every search goes
 * this way; what it does not find it leaves to the walk of btree_path.c, which tells what is wrong.
 *
 * INV-1  A page counts under the same conditions as in a walk: of this tree and level, marked with the place that led to it (fits_place), and all of that in one
 *        state of the structure.
 */
#include "btree/btree_private.h"

/* The page to which a line of an internal page leads, pinned; NULL: not this way. */
static ese_cache_page *
pin_below(const ese_btree *tree, const ese_page *parent, unsigned line)
{
    ese_cache_page *page = NULL;
    ese_page_node node;

    ese_page_line_decode(parent, line, &node);
    if (ese_cache_pin(tree->file, ese_page_node_child(&node), &page) < JET_errSuccess)
        return NULL;
    /* Relaxed: a note that is right whenever it is there. */
    if (atomic_load_explicit(&page->place, memory_order_relaxed) !=
            ((uint64_t)parent->pgno << 32 | (line + 1)) ||
        !ese_btree__is_placed(tree, &page->page, parent))
        ese_cache_unpin(&page);
    return page;
}

/* An inner root that the cursor has, as it is now. */
static const ese_cache_page *
root_of(const ese_btree_cursor *cursor)
{
    const ese_btree *tree = cursor->tree;
    const ese_cache_page *root = cursor->root;

    if (tree->damage != NULL || root == NULL || root->page.pgno != tree->root ||
        !ese_btree__is_current(tree, root) || !ese_btree__is_placed(tree, &root->page, NULL))
        return NULL;
    return root;
}

/* The leaf in which an entry with this key would be, pinned; NULL: not this way. */
static ese_cache_page *
descend(const ese_btree_cursor *cursor, ese_bytes key, ese_bytes data)
{
    const ese_cache_page *parent = root_of(cursor);
    ese_cache_page *page = NULL;

    for (unsigned depth = 0; parent != NULL && depth < ESE_BTREE_DEPTH_MAX; depth++) {
        unsigned n = ese_page_line_count(&parent->page);
        unsigned line = n == 0 ? 0 : ese_page_find_gt(&parent->page, key, data);
        ese_cache_page *child = NULL;

        if (n != 0)
            child = pin_below(cursor->tree, &parent->page, line < n ? line : n - 1);
        ese_cache_unpin(&page);
        page = child;
        parent = child;
        if (child != NULL && ese_btree__is_leaf(&child->page))
            return page;
    }
    ese_cache_unpin(&page);
    return NULL;
}

bool
ese_btree__find_shortly(ese_btree_cursor *cursor, ese_bytes key, ese_bytes data)
{
    const ese_btree *tree = cursor->tree;
    const uint64_t number = ese_btree__structure_read(tree);
    ese_cache_page *leaf = descend(cursor, key, data);
    unsigned line, n;

    if (leaf == NULL)
        return false;
    n = ese_page_line_count(&leaf->page);
    line = ese_page_find_ge(&leaf->page, key, data);
    if (line >= n ||
        !ese_btree__is_plain(tree, &leaf->page, ese_page_line_flags(&leaf->page, line)) ||
        !ese_btree__is_current(tree, leaf) || !ese_btree__structure_is(tree, number)) {
        ese_cache_unpin(&leaf);
        return false;
    }
    ese_cache_unpin(&cursor->page);
    cursor->page = leaf;
    cursor->begin = 0;
    cursor->end = n;
    cursor->line = line;
    cursor->is_behind = false;
    ese_page_line_decode(&leaf->page, line, &cursor->node);
    return true;
}
