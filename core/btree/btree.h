/*
 * B+ trees: search and walk. Order and structure: database-file specification, section 6.
 *
 * The parent pages lead: from one leaf to the next, too, a walk goes by way of them. The links between leaves are only checked, so a cycle
 * of links cannot be followed, and a page has one place in the tree: the range of keys between the separators that led to it.
 *
 * INV-1  A walk sees keys strictly ascending (key, then data in non-unique trees), across pages too. The work of a walk is bounded by the
 *        number of lines in the file, whatever the pages say.
 * INV-2  A page reached through a link belongs to the tree (objid, kind, level), holds only entries of its range, and its neighbours agree with the
 *        parents; otherwise the walk ends with JET_errBadPageLink (a foreign page, a wrong link) or JET_errDatabaseCorrupted.
 * INV-3  Nodes flagged deleted are never shown.
 */
#pragma once

#include "cache/cache.h"

/* Who is told about the pages of a damaged tree that a walk had to leave out. */
typedef struct ese_btree_damage {
    void *self;
    void (*skipped)(void *self, ese_pgno pgno, JET_ERR why, const char *text);
} ese_btree_damage;

typedef struct ese_btree {
    ese_cache_file *file;
    ese_pgno root;
    uint32_t objid;
    uint32_t
        kind; /* 0 table, ESE_PAGE_INDEX, ESE_PAGE_LONG_VALUE, or'ed with ESE_PAGE_SPACE for space trees */
    bool is_unique;
    /*
     * NULL: an unreadable or impossible page is an error. Otherwise it is reported here, once on its way by each walk, and the walk goes
     * on behind it; of a page that holds entries outside its range only those inside are shown. INV-1 and INV-3 hold all the same, and
     * INV-2 but for the links between leaves, which are not looked at.
     */
    const ese_btree_damage *damage;
} ese_btree;

enum {
    ESE_BTREE_DEPTH_MAX = 16
}; /* levels; the longest keys on the smallest pages still give 2^31 pages */

/* Position in a tree. Owns one pin while it stands on a node. Init before use, reset when done. */
typedef struct ese_btree_cursor {
    const ese_btree *tree;
    ese_cache_page *page; /* leaf, NULL when the cursor stands nowhere */
    unsigned line;
    unsigned begin, end; /* the lines of the page that are in its range: all but on damaged pages */
    ese_page_node node;  /* the node it stands on, valid while page is pinned */
    ese_pgno told[ESE_BTREE_DEPTH_MAX + 1]; /* the damaged page reported last on each level */
} ese_btree_cursor;

void ese_btree_cursor_init(ese_btree_cursor *cursor, const ese_btree *tree);
void ese_btree_cursor_reset(ese_btree_cursor *cursor); /* stands nowhere, no pin */

/* *found_out = false: the tree has no such node and the cursor stands nowhere. After an error, of any function, it stays where it was. */
JET_ERR ese_btree_first(ese_btree_cursor *cursor, bool *found_out);
JET_ERR ese_btree_last(ese_btree_cursor *cursor, bool *found_out);

/*
 * From the node the cursor stands on. At the end *found_out = false, and the cursor stays where it was. A cursor
 * that stands nowhere finds nothing.
 */
JET_ERR ese_btree_next(ese_btree_cursor *cursor, bool *found_out);
JET_ERR ese_btree_prev(ese_btree_cursor *cursor, bool *found_out);

typedef enum ese_btree_seek_mode {
    ESE_BTREE_GE, /* first entry >= the sought one */
    ESE_BTREE_GT, /* first entry > */
    ESE_BTREE_LE, /* last entry <= */
    ESE_BTREE_LT, /* last entry < */
} ese_btree_seek_mode;

/*
 * Order is by key alone when data.data is NULL (all entries of an equal key count as equal), else by key and data.
 * *found_out = false: no such entry; the cursor stands nowhere. *order_out, written when found: sign of (found entry - sought one).
 */
JET_ERR ese_btree_seek(ese_btree_cursor *cursor, ese_bytes key, ese_bytes data,
                       ese_btree_seek_mode mode, bool *found_out, int *order_out);

/* Stands the cursor at a copy of where `from` stands. */
void ese_btree_cursor_copy(ese_btree_cursor *cursor, const ese_btree_cursor *from);

/*
 * Number of entries from the node `from` stands on to the end of the tree, that one included; counting stops at `most`.
 * 0 when it stands nowhere.
 */
JET_ERR ese_btree_count(const ese_btree_cursor *from, uint64_t most, uint64_t *count_out);

/* Approximate rank of the node the cursor stands on and size of the tree, from line counts of the path. */
JET_ERR ese_btree_rank(ese_btree_cursor *cursor, uint64_t *before_out, uint64_t *total_out);

/* Goes to the node at about `numerator`/`denominator` of the tree (0 first, equal: last). */
JET_ERR ese_btree_goto_fraction(ese_btree_cursor *cursor, uint64_t numerator, uint64_t denominator,
                                bool *found_out);
