/*
 * The way from the root to a leaf, on which searches and steps move.
 *
 * A path holds a pin on the page of each level. Each page has the range of keys between the separators next to the line that led to it;
 * `begin` and `end` delimit the lines that lie in that range. On a sound page these are all lines; a page with others is an error, or with
 * tree->damage reported and used as far as it lies in its range.
 *
 * Why that bounds the work: the ranges of the lines of a page are disjoint, and of a page with two or more lines at least one separator must lie in the
 * range. However many parents point to it, its lines are visited once in all, but for one line at each border.
 */
#pragma once

#include "btree/btree.h"

typedef enum ese_btree__direction { ESE_BTREE__BACKWARD, ESE_BTREE__FORWARD } ese_btree__direction;

/* What a walk looks for. */
typedef enum ese_btree__goal {
    ESE_BTREE__EDGE,   /* the first entry forward, the last one backward */
    ESE_BTREE__BORDER, /* what lies behind (forward) or before (backward) a border between entries */
    ESE_BTREE__FRACTION, /* the entry at some part of the lines of each page */
} ese_btree__goal;

typedef struct ese_btree__target {
    ese_btree__goal goal;
    bool is_after;        /* BORDER: behind all entries equal to key and data, not before them */
    ese_bytes key;        /* BORDER */
    ese_bytes data;       /* BORDER: NULL = by key alone */
    ese_bytes data_above; /* BORDER: what takes its place on internal pages */
    double fraction;      /* FRACTION: 0 <= fraction < 1 */
} ese_btree__target;

/* A separator, or where there is none (is_set = false) the end of the tree. */
typedef struct ese_btree__bound {
    bool is_set;
    ese_bytes prefix, suffix;
} ese_btree__bound;

typedef struct ese_btree__level {
    ese_cache_page *page;
    unsigned line;       /* internal: whose child is or will be below; leaf: the entry found */
    unsigned begin, end; /* lines in the range */
    ese_btree__bound lower, upper; /* lower <= entry < upper; borrowed from the pages above */
} ese_btree__level;

/* The leaf that was left last, and where its link points. */
typedef struct ese_btree__left {
    ese_pgno pgno, link;
} ese_btree__left;

typedef struct ese_btree__path {
    const ese_btree *tree;
    ese_pgno *told; /* of the cursor */
    ese_btree__direction direction;
    ese_btree__target target;
    const ese_cache_page *passed; /* leaf that is not entered again; NULL = none */
    ese_btree__left left;
    unsigned depth; /* levels in use */
    ese_btree__level levels[ESE_BTREE_DEPTH_MAX];
} ese_btree__path;

/* Nothing pinned yet. `told` is that of the cursor. */
void ese_btree__path_init(ese_btree__path *path, const ese_btree *tree, ese_pgno *told,
                          ese_btree__direction direction);
void ese_btree__path_release(ese_btree__path *path);

/* Walks from the root to the nearest entry that path->target asks for. When found the last level of the path is its leaf. */
JET_ERR ese_btree__path_walk(ese_btree__path *path, bool *found_out);

static inline ese_btree__level *
ese_btree__path_leaf(ese_btree__path *path)
{
    return &path->levels[path->depth - 1];
}

/* Walks, and on success stands the cursor where the path ends. */
JET_ERR ese_btree__go(ese_btree_cursor *cursor, ese_btree__path *path, bool *found_out);

/* Makes the entry the cursor stands on the target; `room` (ESE_PAGE_KEY_MAX bytes) takes its key if it is in pieces. */
ese_btree__target ese_btree__target_here(const ese_btree_cursor *cursor, uint8_t *room);

/* Entries are ordered by key and data. Space trees never are, though their pages carry the flag of their owner. */
static inline bool
ese_btree__has_order_by_data(const ese_btree *tree)
{
    return !tree->is_unique && (tree->kind & ESE_PAGE_SPACE) == 0;
}
