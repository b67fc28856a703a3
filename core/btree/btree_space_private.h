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

enum { ESE_BTREE__RESERVE_MAX = 2 * ESE_BTREE_DEPTH_MAX };

/* A member of ese_btree_db. */
typedef struct ese_btree__space {
    ese_os_mutex lock;
    _Atomic uint32_t extension; /* [atomic: relaxed] pages that the file grows by */
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
 * A leaf that becomes empty leaves the tree (ese_btree__give_page) or stays.
 */
JET_ERR ese_btree__space_insert(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                                ese_bytes key, ese_bytes data);
JET_ERR ese_btree__space_remove(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                                ese_bytes key);
