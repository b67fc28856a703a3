/*
 * Space, as the other files of this folder see it.
 *
 * Order of locks: structure_lock of a tree > space lock of the database > page latches. So none of these functions is called while a page is
 * latched: pages for a split are taken first and given back when they are not needed after all. Only space trees themselves take and give
 * with the lock held (their kind tells), from what was put aside for them beforehand; that never latches or waits.
 */
#pragma once

#include "btree/btree_space.h"
#include "page/page_space.h"

enum { ESE_BTREE__RESERVE_MAX = 2 * (ESE_BTREE_DEPTH_MAX + 2) };

/* A member of ese_btree_db. */
typedef struct ese_btree__space {
    ese_btree_file_ops
        file_ops; /* [const] since the database is used; resize NULL: nobody is told */
    ese_os_mutex lock;
    _Atomic uint32_t limit;     /* [atomic: relaxed] pages of the database, 0 = none */
    _Atomic uint32_t extension; /* [atomic: relaxed] pages that the file grows by */
    ese_pgno
        owner; /* [lock] root of the tree whose space trees are being changed: what records name */
    ese_pgno reserve
        [ESE_BTREE__RESERVE_MAX]; /* [lock] for splits of the space tree that is being changed */
    unsigned n_reserve;           /* [lock] */
    ese_pgno released[ESE_BTREE__RESERVE_MAX]; /* [lock] pages that it has let go meanwhile */
    unsigned n_released;                       /* [lock] */
} ese_btree__space;

void ese_btree__space_init(ese_btree__space *space);
void ese_btree__space_destroy(ese_btree__space *space);

/*
 * A page for the tree, as near behind `near` as there is one (0: anywhere). Its bytes are stale: latch it blank. Takes: space lock.
 * JET_errDiskFull, JET_errOutOfMemory, ...: nothing was taken.
 */
JET_ERR ese_btree__take_page(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                             ese_pgno near, ese_pgno *pgno_out);

/* The page is free again and nobody reaches it any more. A failure leaks it. Takes: space lock. */
void ese_btree__give_page(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                          ese_pgno pgno);

/*
 * All pages of the tree go to its parent, at once and for good: undo of its creation, clean of its destruction. Of the tree of a table, those of its indexes and long values are
 * among them. Does nothing when the parent is no more.
 */
JET_ERR ese_btree__destroy_now(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree);

/*
 * What space needs of the trees (btree_change.c): an entry of a space tree comes or goes, at once and for good. Nobody else is in the tree, for the caller has the space
 * lock: no versions, no `shared`, no structure number. Records carry ESE_LOG_SPACE. A split takes its pages by ese_btree__take_page, with the space tree as `tree`.
 * A leaf that becomes empty leaves the tree (ese_btree__give_page) or stays. `space_insert` splits the leaf in any case: it is called when there was no room, and taking the
 * pages for the split out of the tree may have made some, which they would fill when they come back.
 */
JET_ERR ese_btree__space_insert(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                                ese_bytes key, ese_bytes data);
JET_ERR ese_btree__space_remove(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                                ese_bytes key);

/* ---- Within space: the lock is held ---- */

/* A tree as its space sees it. */
typedef struct ese_btree__owner {
    ese_btree_db *db;
    ese_log_origin *origin;
    const ese_btree_shared *shared; /* for its hints; NULL: none */
    ese_btree tree;                 /* without `shared` */
    ese_page_space header;
} ese_btree__owner;

/* Reads what the root page says. JET_errBadPageLink: it is no root. */
JET_ERR ese_btree__owner_load(ese_btree_db *db, ese_log_origin *origin, ese_pgno root,
                              ese_btree__owner *owner_out);

/* Writes bitmap or place of the space trees into the root page. */
JET_ERR ese_btree__owner_store(const ese_btree__owner *owner);

typedef enum ese_btree__extents { ESE_BTREE__OWNED, ESE_BTREE__FREE } ese_btree__extents;

static inline ese_pgno
ese_btree__extent_first(const ese_page_extent *extent)
{
    return extent->last - extent->count + 1;
}

/* The root of one of the space trees of a multi-extent owner, as a tree. */
ese_btree ese_btree__extents_tree(const ese_btree__owner *owner, ese_btree__extents which);

/* The first extent of general use that ends at `pgno` or behind. */
JET_ERR ese_btree__extent_seek(const ese_btree__owner *owner, ese_btree__extents which,
                               ese_pgno pgno, ese_page_extent *extent_out, bool *found_out);

/* The last one of general use. */
JET_ERR ese_btree__extent_last(const ese_btree__owner *owner, ese_btree__extents which,
                               ese_page_extent *extent_out, bool *found_out);

/* Calls `visit` with each extent; an error of it ends the walk. The trees must not change meanwhile. */
typedef struct ese_btree__extent_visitor {
    void *self;
    JET_ERR (*visit)(void *self, const ese_page_extent *extent);
} ese_btree__extent_visitor;

JET_ERR ese_btree__extent_each(const ese_btree__owner *owner, ese_btree__extents which,
                               const ese_btree__extent_visitor *visitor);

/* Sum of their pages. */
JET_ERR ese_btree__extent_sum(const ese_btree__owner *owner, ese_btree__extents which,
                              uint32_t *n_out);

/* Single entries of a space tree. `add` splits the leaf, with pages of the reserve, when there is no room or `must_split`. */
JET_ERR ese_btree__extent_add(const ese_btree__owner *owner, ese_btree__extents which,
                              const ese_page_extent *extent, bool must_split);
JET_ERR ese_btree__extent_remove(const ese_btree__owner *owner, ese_btree__extents which,
                                 const ese_page_extent *extent);
JET_ERR ese_btree__extent_resize(const ese_btree__owner *owner, ese_btree__extents which,
                                 const ese_page_extent *extent, uint32_t n_pages);

/* How many pages the reserve must hold before an extent that ends at `pgno` (0: who knows where) is added: 0 when it fits. */
JET_ERR ese_btree__extent_need(const ese_btree__owner *owner, ese_btree__extents which,
                               ese_pgno pgno, unsigned *n_out);

/* Takes the first `n` pages of an extent of free pages that was just found. */
JET_ERR ese_btree__extent_take(const ese_btree__owner *owner, const ese_page_extent *extent,
                               uint32_t n);

/* Puts pages aside, from the free ones; and back among them what is left of the reserve and what space trees let go (or leaks it). */
JET_ERR ese_btree__reserve_fill(const ese_btree__owner *owner, unsigned n);
void ese_btree__reserve_put(ese_btree__owner *owner, ese_pgno pgno);
void ese_btree__reserve_drain(const ese_btree__owner *owner);

/* Makes the pages of an extent free. */
JET_ERR ese_btree__extent_free(ese_btree__owner *owner, const ese_page_extent *extent);

/* The tree owns one more extent, with free pages. On an error the extent goes back to `from` (NULL: to nobody), or is leaked. */
JET_ERR ese_btree__extent_gain(ese_btree__owner *owner, const ese_page_extent *extent,
                               ese_btree__owner *from);

/* Takes `n_min` to `n_want` pages in a row; the tree grows when it has no such extent. */
JET_ERR ese_btree__extent_get(ese_btree__owner *owner, uint32_t n_min, uint32_t n_want,
                              ese_page_extent *extent_out);

/* Makes the file larger, so that the database root owns at least `n_min` more pages, and has them free in a row. */
JET_ERR ese_btree__file_extend(ese_btree__owner *root, uint32_t n_min);

/* A single extent becomes many: the second one, of at least three pages, has room for the space trees. */
JET_ERR ese_btree__convert(ese_btree__owner *owner, const ese_page_extent *second);
