/*
 * Transactions: who works, at which level, and what he sees. A session knows nothing of handles or of the API.
 *
 * Pages hold the newest state; what a change replaced is kept in the version store of the instance until nobody can see it any more. A version
 * belongs to an entry of a tree (its bookmark) and to the transaction that made it; the versions of an entry form a chain, newest first.
 *
 * INV-1  A session is used by one thread at a time; core/api sees to it.
 * INV-2  A transaction sees what was committed before its outermost begin, and its own changes. Outside a transaction a session sees what is
 *        committed at the moment.
 * INV-3  A transaction commits in one instant: no reader sees a part of it.
 * INV-4  A version is in the store before the page shows the change, and a page shows the undone state before the version of an undone change leaves. So
 *        who has an image of a page with a node flagged VERSION, looks into the store and then finds the image still current knows what he sees.
 * INV-5  The first writer of an entry wins: a change of what another transaction has changed and not committed, or committed after this one began, is
 *        JET_errWriteConflict.
 * INV-6  With a log, a transaction commits in the log first: who sees its changes can log nothing in front of its Commit0. What the log does not know of (no change was logged)
 *        it is not told to commit either.
 */
#pragma once

#include "base/growbuf.h"
#include "base/list.h"
#include "log/log.h"

#include <stdbool.h>
#include <stdint.h>

enum { ESE_TXN_LEVEL_MAX = 7 };

typedef struct ese_txn_store ese_txn_store; /* one per instance */
typedef struct ese_txn_trx ese_txn_trx;     /* an outermost transaction, as its versions know it */
typedef struct ese_txn_version
    ese_txn_version; /* private but for the part the owner of the trees gets to see */

typedef struct ese_txn_session {
    uint8_t level;           /* 0 = outside any transaction */
    bool is_read_only;       /* of the outermost begin */
    uint32_t commit_default; /* JET_bitCommitLazyFlush or 0 */
    uint64_t last_commit;    /* what to wait for to know its last commit durable; 0: nothing */
    uint64_t clock;          /* number of begins so far */
    uint64_t begins[ESE_TXN_LEVEL_MAX +
                    1];   /* the clock at the begin of each level, 1 to 7; kept after its end */
    ese_list cursors;     /* open cursors of the table layer (ese_table_cursor.link) */
    ese_growbuf openings; /* of the table layer, too: table_opening.c */
    size_t opening_found; /* the number of one of them */

    ese_txn_store *store;    /* [const] NULL: a session that never changes a database */
    ese_list link;           /* [lock: store] */
    _Atomic uint64_t begin;  /* number of the outermost begin, 0 = none; see txn_snapshot.c */
    ese_txn_trx *trx;        /* made by the first change */
    ese_txn_version *newest; /* changes of the open transaction, newest first */
    uint32_t n_changes;      /* made and not undone in the open transaction */
    uint32_t n_before[ESE_TXN_LEVEL_MAX + 1]; /* of them at the begin of each level, 1 to 7 */
    uint32_t n_savepoint;         /* of them at the savepoint of the innermost statement */
    uint32_t rceid, n_rceids;     /* next number of a version, and how many are set aside */
    struct ese_txn__block *block; /* memory of its next versions */
    ese_log_origin origin;
} ese_txn_session;

/*
 * Right after a rollback to `level`: did what is stamped with the clock `stamp` happen within the part that was undone?
 */
static inline bool
ese_txn_is_undone(const ese_txn_session *session, uint64_t stamp, uint8_t level)
{
    return stamp >= session->begins[level + 1];
}

/* ---- The store ---- */

typedef enum ese_txn_oper {
    ESE_TXN_INSERT = 1,
    ESE_TXN_REPLACE = 2,
    ESE_TXN_DELETE = 3,
    ESE_TXN_DELTA = 4,
    ESE_TXN_READ_LOCK = 5,
    ESE_TXN_WRITE_LOCK = 6,
    ESE_TXN_CREATE_TREE = 7,  /* undo: destroy it */
    ESE_TXN_DESTROY_TREE = 8, /* clean: destroy it */
    ESE_TXN_ACTION = 9,       /* a note of an upper layer: ese_txn_add_action */
} ese_txn_oper;

/* The entry a version is about. `tree` tells trees apart and is what the owner of the trees gets back. */
typedef struct ese_txn_place {
    const void *tree;
    ese_bytes key;
    ese_bytes data; /* of non-unique trees; else empty */
} ese_txn_place;

/* What undo and clean get to see of a version. */
typedef struct ese_txn_change {
    ese_txn_place place;
    ese_txn_oper oper;
    uint8_t level;
    uint32_t rceid;
    ese_bytes before;     /* REPLACE: the data before */
    bool is_covered;      /* REPLACE: see ese_txn_is_covered */
    bool needs_undo_info; /* undo: the log does not have it yet */
    unsigned offset;      /* DELTA */
    unsigned width;
    int64_t delta;
} ese_txn_change;

/* What the owner of the trees (core/btree) does for the store. */
typedef struct ese_txn_ops {
    /* Takes a change back on its page. Called by the thread of the session, newest change first, before the version leaves the store. An error is fatal. */
    JET_ERR (*undo)(ese_txn_session *session, const ese_txn_change *change);
    /*
     * A committed change that everybody sees: what is left to do with it (remove a deleted node, destroy a tree). Called by any thread, with a session of
     * the store's own that is in no transaction; before the version leaves the store. An error leaves garbage behind and is not reported.
     */
    void (*clean)(ese_txn_session *cleaner, const ese_txn_change *change);
    /* Does `clean` have work for such a change? If not, it may be dropped at commit. */
    bool (*needs_clean)(const ese_txn_change *change);
} ese_txn_ops;

/* `bytes_max`: of versions; beyond it JET_errVersionStoreOutOfMemory. Starts the thread that cleans up. */
JET_ERR ese_txn_store_create(const ese_txn_ops *ops, size_t bytes_max, ese_txn_store **store_out);

/* No session is left, nobody holds a transaction (ese_txn_trx_hold), and the trees may be gone. */
void ese_txn_store_destroy(ese_txn_store **store_inout);
void ese_txn_store_set_limit(ese_txn_store *store, size_t bytes_max);

/* Cleans up what can be cleaned up, in this thread; returns when no committed version is left that nobody needs. For detach and tests. */
void ese_txn_store_clean(ese_txn_store *store);

/*
 * The same for trees that nobody will read any more (their database is about to be detached), whoever still might by his begin: afterwards there is no committed
 * version of a tree for which `is_of(self, tree)` holds. False: there are others, of a transaction that is open; the trees must stay. `is_of` is asked about
 * all trees, with a latch held, and only compares.
 */
bool ese_txn_store_clean_trees(ese_txn_store *store, bool (*is_of)(void *self, const void *tree),
                               void *self);

/* Ends the thread that cleans up: from now on nothing calls `clean` but who asks for it. For the end of an instance, before its trees go. */
void ese_txn_store_stop(ese_txn_store *store);

/* From now on transactions that change logged databases stand in this log. Before the first session that changes one begins; NULL: no log (any more). */
void ese_txn_store_set_log(ese_txn_store *store, ese_log_stream *stream);

/*
 * Where in the log the oldest open transaction begins; UINT64_MAX: none is in the log. Misses none that began before the tip of the stream that the caller has asked for before, but those
 * that have ended since then: what they have changed is in the files, or ese_cache_oldest_change, asked after this, knows of it.
 */
uint64_t ese_txn_store_oldest_begin(ese_txn_store *store);

/* What to wait for to know everything durable that has committed so far. One atomic load. */
uint64_t ese_txn_store_last_commit(const ese_txn_store *store);

/* Bytes of versions. */
size_t ese_txn_store_size(ese_txn_store *store);

/* A session that is never in a transaction: it sees what is committed. May be used by many threads, for ese_txn_see only. */
const ese_txn_session *ese_txn_store_observer(ese_txn_store *store);

/* Is there no version at all? Then every node is as its page says. One atomic load. */
bool ese_txn_store_is_empty(const ese_txn_store *store);

/* ---- Sessions and transactions ---- */

void ese_txn_session_init(ese_txn_session *session,
                          ese_txn_store *store);    /* store NULL: as said above */
void ese_txn_session_end(ese_txn_session *session); /* at level 0 */

/* JET_errTransTooDeep at level 7. */
JET_ERR ese_txn_begin(ese_txn_session *session, bool is_read_only);

/*
 * JET_errNotInTransaction at level 0. To level 0: everybody sees the changes from now on, and with a log it waits until they are durable, unless commit_default is lazy. No latch and no
 * lock is held that those who write the log might need. An error with the level as it was: nothing has happened, the transaction can be rolled back. With level 0: it is over, but
 * perhaps not durable; the log takes nothing more.
 */
JET_ERR ese_txn_commit(ese_txn_session *session);

/*
 * The same as JetCommitTransaction is told: JET_bitCommitLazyFlush, JET_bitForceNewLog; JET_bitWaitLastLevel0Commit and JET_bitWaitAllLevel0Commit only wait, at any level.
 */
JET_ERR ese_txn_commit_as(ese_txn_session *session, uint32_t grbit);

/*
 * Undoes one level, or all of them; JET_errNotInTransaction at level 0. JET_errRollbackError: `undo` failed, which is fatal: the whole
 * transaction has ended, but nobody ever sees what is left of it as committed.
 */
JET_ERR ese_txn_rollback(ese_txn_session *session, bool is_whole_transaction);

/*
 * Ends the transaction, if there is one, and leaves its changes as they are: for an instance that ends as a crash would end it. Recovery takes them back.
 */
void ese_txn_abandon(ese_txn_session *session);

/*
 * A statement that changes more than one thing: on failure everything since the savepoint is undone. Outside a transaction the statement is one:
 * enter begins it, leave commits it (err >= 0) or rolls it back. Nests. leave returns `err`, or JET_errRollbackError, which is fatal. No latch is held:
 * enter may clean up when the store is nearly full.
 */
typedef struct ese_txn_statement {
    uint32_t n_changes;         /* of the session when it began */
    uint32_t n_savepoint_outer; /* of the statement around it */
    bool is_transaction;
} ese_txn_statement;

JET_ERR ese_txn_statement_enter(ese_txn_session *session, ese_txn_statement *statement_out);
JET_ERR ese_txn_statement_leave(ese_txn_session *session, const ese_txn_statement *statement,
                                JET_ERR err);

/* ---- Changes: by the thread that holds the latch of the page, which is in a transaction ---- */

/*
 * May the session change the entry? JET_errWriteConflict; JET_errTransReadOnly (but for READ_LOCK). READ_LOCK conflicts with all of others but their read
 * locks, DELTA with all but their deltas (of the same width: ese_txn_add knows it).
 */
JET_ERR ese_txn_check(ese_txn_session *session, const ese_txn_place *place, ese_txn_oper oper);

/*
 * Adds a version; the change follows. Copies what `change` refers to; rceid and level are set here. Checks as ese_txn_check does. *version_out can be dropped
 * again when the change fails; it is owned by the store; NULL for a lock that the session has already. A second replacement of an entry in the same level
 * keeps no second copy of the data, and is not passed to `undo`. JET_errVersionStoreOutOfMemory, JET_errOutOfMemory.
 */
JET_ERR ese_txn_add(ese_txn_session *session, const ese_txn_change *change,
                    ese_txn_version **version_out);
void ese_txn_drop(ese_txn_session *session,
                  ese_txn_version *version);            /* the newest one of the session, or NULL */
uint32_t ese_txn_rceid(const ese_txn_version *version); /* 0 for NULL */

/*
 * A replacement by a transaction whose last change of the entry was one, too: what that one replaced is enough for recovery, which takes whole transactions back. So the log is told of this
 * one without a version, and if it is taken back alone, that is a replacement like any other.
 */
bool ese_txn_is_covered(const ese_txn_version *version);

/* ---- What the log must know before a page reaches the disk: by who has the page latched ---- */

typedef struct ese_txn_uncommitted {
    ese_txn_oper oper;
    uint8_t level;
    uint16_t procid;
    uint32_t trx_begin, rceid;
    uint32_t order;
    uint64_t
        undo_end; /* what to wait for to know its undo information durable; 0: it is not in the log */
} ese_txn_uncommitted;

/*
 * The next older replacement or deletion of an entry that has not committed and that undo in recovery would need; the first time info_inout->order is UINT32_MAX. What was before
 * is appended to `before_out`, which is cleared first, unless the log has it. That happens under a spin lock: the caller has reserved room for a whole entry.
 */
JET_ERR ese_txn_next_uncommitted(ese_txn_store *store, const ese_txn_place *place,
                                 ese_growbuf *before_out, ese_txn_uncommitted *info_inout,
                                 bool *found_out);

/* The log has it now. */
void ese_txn_note_undo_info(ese_txn_store *store, const ese_txn_place *place, uint32_t rceid,
                            uint64_t undo_end);

/*
 * Something of an upper layer that rollback has to undo in memory, in its place among the changes: `undo` is called with `self`; afterwards, or when the
 * outermost transaction has committed, `done` is (once, by the thread of the session).
 */
typedef struct ese_txn_action {
    void *self;
    void (*undo)(void *self);
    void (*done)(void *self, bool is_committed);
} ese_txn_action;

JET_ERR ese_txn_add_action(ese_txn_session *session, const ese_txn_action *action);

/* ---- What a session sees ---- */

typedef enum ese_txn_sight {
    ESE_TXN_NOTHING,  /* the entry does not exist for this session */
    ESE_TXN_THE_NODE, /* it is as the node says (though it may be flagged deleted) */
    ESE_TXN_BEFORE,   /* it exists, with the data given */
} ese_txn_sight;

/*
 * What the session sees of an entry whose node is flagged VERSION or DELETED. `node_data` is the data of the node. BEFORE: the data is appended to
 * `before_out`, which is cleared first. *has_delta_out: deltas of others were subtracted, so that the answer is right only if the page did not change since
 * before the call: hold the latch. The session has a store; who has no session takes ese_txn_store_observer.
 */
JET_ERR ese_txn_see(const ese_txn_session *session, const ese_txn_place *place, bool is_deleted,
                    ese_bytes node_data, ese_growbuf *before_out, ese_txn_sight *sight_out,
                    bool *has_delta_out);

/*
 * Has anybody a version of this entry, besides the one numbered `but_rceid` (0: none of them) and those that will not outlast their clean or undo, which look after the node themselves? Undo and
 * clean pass the number of the change in their hands: core/btree removes the node only when this is false. The caller holds the latch of the page, so none is added meanwhile.
 */
bool ese_txn_has_versions(ese_txn_store *store, const ese_txn_place *place, uint32_t but_rceid);

/* Did somebody else commit a change of this entry after this session's transaction began, or does he hold one that is not committed? */
bool ese_txn_is_changed_by_others(const ese_txn_session *session, const ese_txn_place *place);

/* Has somebody else a change in this tree (place.tree) that is not committed, or was committed after this session's transaction began? Looks through the whole store: for changes of the schema. */
bool ese_txn_is_tree_changed_by_others(const ese_txn_session *session, const void *tree);

/* ---- Things of upper layers that are seen as entries are: by who made them, once the others may see it ---- */

/* The transaction that the session is in, made if it has changed nothing so far. The caller holds it until ese_txn_trx_release. */
JET_ERR ese_txn_trx_of(ese_txn_session *session, ese_txn_trx **trx_out);
void ese_txn_trx_hold(ese_txn_trx *trx);
void ese_txn_trx_release(ese_txn_trx **trx_inout); /* NULL is fine */

/* Is it the transaction that the session is in now? */
bool ese_txn_trx_is_own(const ese_txn_trx *trx, const ese_txn_session *session);

/* Does the session see what the transaction did? A NULL session sees what is committed. Waits for a commit under way as readers of entries do. */
bool ese_txn_trx_is_visible(const ese_txn_trx *trx, const ese_txn_session *session);

/* Has it committed before every transaction that is open now began? Then everybody sees what it did, for ever. */
bool ese_txn_trx_is_past(ese_txn_store *store, const ese_txn_trx *trx);
