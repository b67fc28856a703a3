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
 * INV-3  A cursor shows what its session sees (txn.h). Without a session it shows what is committed.
 * INV-4  Trees of a database that is attached for change may change under a cursor at any time. A cursor whose page was changed finds its
 *        entry again by key before it moves or is looked at (ese_btree_refresh); one whose entry is gone stands where it was, between its neighbours.
 */
#pragma once

#include "os/os_thread.h"
#include "txn/txn.h"

/* Who is told about the pages of a damaged tree that a walk had to leave out. */
typedef struct ese_btree_damage {
    void *self;
    void (*skipped)(void *self, ese_pgno pgno, JET_ERR why, const char *text);
} ese_btree_damage;

/* A database attached for change: space, the trees in use, who logs. */
typedef struct ese_btree_db ese_btree_db;

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
    struct ese_btree_shared *
        shared; /* what all users of the tree have in common; NULL: attached read-only, nothing ever changes */
} ese_btree;

/*
 * Of one tree of a database attached for change. Made by the first who asks, lives until the database is detached; found by objid, which is
 * never given to a second tree. Space trees have none of their own: all their users hold the space lock of the database.
 */
typedef struct ese_btree_shared {
    ese_btree tree;                /* [const] but density */
    ese_btree_db *db;              /* [const] */
    struct ese_btree_shared *next; /* [lock: db] in its hash chain */
    _Atomic uint32_t density;      /* [atomic: relaxed] percent that an append leaves on a page */
    _Atomic uint64_t
        structure; /* [atomic] odd while pages are split or merged, and another number after it */
    ese_os_mutex structure_lock; /* who splits or merges; page latches are taken inside */
    _Atomic ese_pgno last_leaf;  /* [atomic: relaxed, a hint] the rightmost leaf */
    _Atomic uint64_t
        last_number; /* [atomic] of a table: last record number; of long values: last id; 0 = look it up */
    _Atomic bool
        is_dead; /* [atomic: relaxed, set and read by who cleans up] its pages are not its own any more */
    _Atomic uint64_t last_auto_increment; /* [atomic] of a table; 0 = look it up */
    _Atomic uint32_t growth_percent, extent_min,
        extent_max; /* [atomic: relaxed] hints on how it grows, in pages; 0 = none */
} ese_btree_shared;

enum {
    ESE_BTREE_DEPTH_MAX = 16
}; /* levels; the longest keys on the smallest pages still give 2^31 pages */

/* Position in a tree. Owns a pin while it stands on a node, and one on the root of a tall tree. Init before use, reset when done. */
typedef struct ese_btree_cursor {
    const ese_btree *tree;
    const ese_txn_session *session; /* whose eyes; NULL: what is committed */
    ese_growbuf before;   /* data of `node` where the session sees an older state than the page */
    ese_growbuf spare;    /* for what is looked at before it is known that the cursor goes there */
    bool is_behind;       /* a copy of a cursor whose node had data in `before`: refresh gets it */
    ese_cache_page *page; /* leaf, NULL when the cursor stands nowhere */
    ese_cache_page *
        root; /* pinned image of an inner root from the last walk, to begin the next one with; or NULL */
    unsigned line;
    unsigned begin, end; /* the lines of the page that are in its range: all but on damaged pages */
    ese_page_node node;  /* the node it stands on, valid while page is pinned */
    ese_pgno told[ESE_BTREE_DEPTH_MAX + 1]; /* the damaged page reported last on each level */
} ese_btree_cursor;

/* Page and line may be looked at only while no one else changes the tree; the node is what the session sees. */
void ese_btree_cursor_init(ese_btree_cursor *cursor, const ese_btree *tree,
                           const ese_txn_session *session);
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

/*
 * Stands the cursor at a copy of where `from` stands. In a tree that changes, ese_btree_refresh comes before `node` is looked at.
 */
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

/*
 * Brings the cursor up to date with the tree: to be called before `node` is looked at in a later call. *found_out = false: its entry is gone for this session (deleted, or undone); the cursor
 * still knows its place, moves go to the neighbours. Cheap when nothing changed.
 */
JET_ERR ese_btree_refresh(ese_btree_cursor *cursor, bool *found_out);

/* Is certainly nothing to be brought up to date? The cursor stands on a node. */
bool ese_btree_is_up_to_date(const ese_btree_cursor *cursor);

/* ---- Changing a tree: the session is in a transaction (ese_txn_statement_enter), the tree has `shared` ---- */

typedef enum ese_btree_how {
    ESE_BTREE_VERSIONED, /* rolled back with the transaction, seen by others when it commits */
    ESE_BTREE_UNVERSIONED, /* at once and for good: chunks of long values (seen through their root only), space trees */
} ese_btree_how;

/* JET_errKeyDuplicate: there is such an entry, for this session or for somebody who is in its way. */
JET_ERR ese_btree_insert(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                         ese_bytes data, ese_btree_how how);

/* Of unique trees. JET_errWriteConflict, JET_errRecordDeleted (no such entry for this session). */
JET_ERR ese_btree_replace(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                          ese_bytes data, ese_btree_how how);

/* `data` for non-unique trees. VERSIONED: flags the node, which is removed when nobody sees it any more. UNVERSIONED: removes it. */
JET_ERR ese_btree_delete(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                         ese_bytes data, ese_btree_how how);

/* Adds to the integer of `width` bytes at `offset` of the data. *old_out: its value before, with everybody's deltas. */
JET_ERR ese_btree_delta(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                        unsigned offset, unsigned width, int64_t delta, int64_t *old_out);

/* The same without a version: a rollback leaves it, everybody sees it at once. Conflicts as ese_btree_delta does. */
JET_ERR ese_btree_delta_for_good(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                                 unsigned offset, unsigned width, int64_t delta, int64_t *old_out);

/* READ_LOCK or WRITE_LOCK of an entry. */
JET_ERR ese_btree_lock(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                       ese_txn_oper oper);

/* Replaces tag 0 of the root. */
JET_ERR ese_btree_set_external_header(ese_txn_session *session, const ese_btree *tree,
                                      ese_bytes header);

/* ---- Databases attached for change ---- */

/* What core/btree does for the version store of an instance. */
extern const ese_txn_ops ese_btree_txn_ops;

/*
 * Before a page is written, by who has it latched: logs what recovery needs to take back the changes on it that have not committed, and raises *lgpos_inout to where the log has to be durable
 * for it, and for what has committed. Pins and latches nothing; takes locks that nobody holds who does.
 */
JET_ERR ese_btree_log_undo_info(ese_btree_db *db, const ese_page *page, uint64_t *lgpos_inout);

JET_ERR ese_btree_db_create(ese_log_db *log_db, ese_txn_store *store, ese_btree_db **db_out);
void ese_btree_db_destroy(ese_btree_db **db_inout);
ese_log_db *ese_btree_db_log(ese_btree_db *db);

/* Fills tree->shared of a tree whose other members are set. */
JET_ERR ese_btree_share(ese_btree_db *db, ese_btree *tree);
