/*
 * What the files of this folder share: databases and trees that change, the way from the root to a leaf on which searches and steps move, writers.
 *
 * A path holds a pin on the page of each level. Each page has the range of keys between the separators next to the line that led to it;
 * `begin` and `end` delimit the lines that lie in that range. On a sound page these are all lines; a page with others is an error, or with
 * tree->damage reported and used as far as it lies in its range.
 *
 * Why that bounds the work: the ranges of the lines of a page are disjoint, and of a page with two or more lines at least one separator must lie in the
 * range. However many parents point to it, its lines are visited once in all, but for one line at each border.
 *
 * In a tree that changes, a walk takes the number `structure` when it begins and counts only if it is still the same at the end: then no entry moved from page
 * to page meanwhile, and every page was where its parent says. What looks wrong is damage only in that case.
 */
#pragma once

#include "btree/btree_space_private.h"

/* ---- Databases and trees that change: btree_db.c ---- */

enum { ESE_BTREE__BUCKETS = 256 }; /* a power of two */

struct ese_btree_db {
    ese_log_db *log_db;                          /* [const] */
    ese_txn_store *store;                        /* [const] */
    ese_os_mutex lock;                           /* of the trees in use */
    ese_btree_shared *trees[ESE_BTREE__BUCKETS]; /* [lock: lock] by objid */
    ese_btree__space space;
};

/* The number of the structure when nobody is changing it; waits for who is. */
uint64_t ese_btree__structure_read(const ese_btree *tree);

/* Is it still that one? Trees without `shared` never change under anybody. */
static inline bool
ese_btree__structure_is(const ese_btree *tree, uint64_t number)
{
    if (tree->shared == NULL)
        return true;
    /* Acquire: pages that were seen before are not newer than what is compared; who saw a page of a change also sees the number of that change. */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&tree->shared->structure, memory_order_relaxed) == number;
}

/* Around the moment in which the pages of a split or merge appear. Holds: structure_lock. */
void ese_btree__structure_begin(const ese_btree *tree);
void ese_btree__structure_end(const ese_btree *tree);

/* ---- Paths ---- */

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
