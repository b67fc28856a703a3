/*
 * Space: who owns which pages, who may take which. Database-file specification, section 7.
 *
 * Every tree takes pages from its own space and, when that is used up, an extent from its parent's (a long-value tree or an index from its table, a
 * table from the database root, the root from a larger file). All functions take the space lock of the database; none is called with it held by
 * core/btree itself but through the private variants. Space is not versioned: what a transaction took stays taken until its undo gives it back.
 *
 * INV-1  A page is never in two places. After a crash or a failure in the middle it may be in none (a leak): pages leave the space they come from first.
 */
#pragma once

#include "btree/btree.h"

/* What a new tree is. */
typedef struct ese_btree_plan {
    ese_pgno parent; /* root of the parent tree: 1 = database root for tables */
    uint32_t objid;
    uint32_t kind; /* 0, ESE_PAGE_INDEX, ESE_PAGE_LONG_VALUE */
    bool is_unique;
    uint32_t n_pages; /* initial extent, at least 1 */
    uint32_t density;
} ese_btree_plan;

/* Allocates and formats a tree that is undone with the transaction; VERSIONED only. tree_out is shared. */
JET_ERR ese_btree_create(ese_txn_session *session, ese_btree_db *db, const ese_btree_plan *plan,
                         ese_btree *tree_out);

/* Destroys the tree when the transaction has committed and nobody sees it any more: its pages go to the parent, which need not be the one now using it. */
JET_ERR ese_btree_destroy(ese_txn_session *session, const ese_btree *tree);

/*
 * For recovery: gives the pages of a tree back whose creation was taken back, if the root page still is that of the tree. `origin` is in no transaction. Nobody uses the tree,
 * or anything inside it.
 */
JET_ERR ese_btree_take_back(ese_btree_db *db, ese_log_origin *origin, ese_pgno root,
                            uint32_t objid);

/* Next objid of the database; 0, of which no tree is made, when there are none left. */
uint32_t ese_btree_next_objid(ese_btree_db *db);

/* ---- The file ---- */

/* Pages (without header and shadow) that the database has and those that are free in the space of the root. */
JET_ERR ese_btree_db_size(ese_btree_db *db, ese_pgno *n_pages_out, ese_pgno *n_free_out);

/* Grows the database by at least `n` pages, in whole extension steps; JET_errDiskFull changes nothing. */
JET_ERR ese_btree_db_grow(ese_btree_db *db, ese_pgno n);

/* Gives free pages at the end of the file back to the file system, down to `n_wanted`; *n_out is what was reached. */
JET_ERR ese_btree_db_shrink(ese_btree_db *db, ese_pgno n_wanted, ese_pgno *n_out);

/* Pages the file grows by: JET_paramDbExtensionSize. */
void ese_btree_db_set_extension(ese_btree_db *db, uint32_t n_pages);

/* Who is told before the file changes its size: an error keeps it as it is. Called with the space lock held. */
typedef struct ese_btree_file_ops {
    void *self;
    JET_ERR (*resize)(void *self, ese_pgno n_before, ese_pgno n_after);
} ese_btree_file_ops;

/* Before anybody else uses the database. */
void ese_btree_db_set_file_ops(ese_btree_db *db, const ese_btree_file_ops *ops);

/* More pages the database does not get: JET_errOutOfDatabaseSpace. 0: no limit. */
void ese_btree_db_set_limit(ese_btree_db *db, ese_pgno n_pages);

/* How a tree grows: the hints of its catalog row. */
void ese_btree_set_growth(const ese_btree *tree, const JET_SPACEHINTS *hints);

/* Pages owned and free of a tree attached for change. */
JET_ERR ese_btree_space(const ese_btree *tree, uint32_t *n_owned_out, uint32_t *n_free_out);

/* Writes pages 1 to 3 of a fresh database of `n_pages` pages: root, OE, AE (specification: catalog 7). The file is that large. */
JET_ERR ese_btree_db_format(ese_btree_db *db, ese_pgno n_pages);

/* A tree with its own OE and AE at a place that is free (the catalog in a fresh database): extent of n_pages from `root` on, taken from the database root. */
JET_ERR ese_btree_create_at(ese_btree_db *db, const ese_btree_plan *plan, ese_pgno root,
                            bool is_multi_extent, ese_btree *tree_out);
