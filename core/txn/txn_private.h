/*
 * What the files of this folder share: the insides of the store.
 *
 * Places are found by hash. A bucket lists the newest version of each of its places; the versions of a place form a chain, newest first. A bucket is guarded by
 * one of ESE_TXN__LOCKS latches; whether it is empty is seen without.
 *
 * INV-1  A version is linked in its bucket as long as it counts. What it says never changes meanwhile, so who holds the latch may read all of it.
 * INV-2  Along a chain, what is no delta and no lock was committed before what is newer than it began, or belongs to the same transaction.
 * INV-3  The versions of a transaction belong to its thread until it has committed, then to the thread that cleans up; in between they stand in the queue.
 * INV-4  The queue is sorted by number of commit. A session counts as being in its transaction (session.begin) until what it leaves stands there.
 *
 * Order of locks: queue; sessions; latches of buckets; memory. No two of a kind, and none while functions of upper layers or of the log are called.
 * Appending to the log takes the mutex of the stream, waiting for it may take the disk: both with latches of pages at most, the latter without.
 * Undo information is written by whoever writes a page (ese_btree_log_undo_info), with any latches and locks of the layers above, but none of these.
 */
#pragma once

#include "os/os_thread.h"
#include "txn/txn.h"

#include <stdalign.h>

enum {
    ESE_TXN__LOCKS = 128,      /* latches of buckets; a power of two */
    ESE_TXN__SESSIONS = 16,    /* lists of sessions; a power of two */
    ESE_TXN__PROCIDS = 1024,   /* words of 64 numbers of sessions */
    ESE_TXN__BLOCK = 16384,    /* bytes of memory that a session takes at a time */
    ESE_TXN__LINE = 64,        /* bytes that threads had better not share */
    ESE_TXN__ACTIVE_BITS = 16, /* of ese_txn_store.clock */
};

/* A number that is being drawn: of a begin or a commit. */
#define ESE_TXN__UNKNOWN UINT64_MAX

/* Memory for versions and transactions of one session, in the order in which they are made: txn_memory.c. */
typedef struct ese_txn__block {
    ese_list link;                     /* [lock: memory] in `blocks` */
    struct ese_txn__block *next_spare; /* [lock: memory] */
    ese_txn_store *store;              /* [const] */
    _Atomic int64_t live;              /* [atomic] see txn_memory.c */
    uint32_t size;                     /* [const] all of it */
    uint32_t used;                     /* [session] */
    uint32_t n_made;                   /* [session] */
    bool is_idle; /* [session] nothing in it is in use, and it is not charged */
    alignas(16) uint8_t bytes[];
} ese_txn__block;

struct ese_txn_trx {
    _Atomic uint64_t commit; /* [atomic] 0: not committed; UNKNOWN: its number is being drawn */
    _Atomic uint32_t n_refs; /* [atomic] the versions, together, and holders */
    uint32_t n_versions;     /* this and the next: INV-3 */
    uint32_t n_actions;
    bool is_counted;         /* in n_changing of the store */
    uint16_t procid;         /* [const] of the session */
    uint32_t trx_begin;      /* [const] its number in the log; 0: there is none */
    ese_txn_version *oldest; /* of the list of its versions; the newest is session->newest */
    ese_list link;           /* [lock: queue] */
    ese_txn__block *block;   /* [const] */
    ese_txn_store *store;    /* [const] */
};

struct ese_txn_version {
    ese_txn_version *bucket_next; /* [latch] of the newest of a place: the next place */
    ese_txn_version *newer;       /* [latch] of the same place */
    ese_txn_version *older;
    ese_txn_version *previous; /* of the same transaction; INV-3 */
    ese_txn_version *next;
    ese_txn_trx *trx; /* [const], as all below */
    ese_txn__block *block;
    const void *tree;
    int64_t delta;
    uint64_t hash;
    uint32_t rceid;
    uint32_t order; /* among the changes of its transaction, from 1 */
    uint32_t offset;
    uint32_t n_key, n_data, n_before;
    uint8_t oper;
    uint8_t width;
    bool has_image; /* of REPLACE: an older version of the same transaction has it otherwise */
    bool needs_clean;
    bool is_hashed;
    bool is_covered; /* of REPLACE: see ese_txn_is_covered */
    _Atomic uint8_t
        level; /* [session to write; atomic: relaxed] of its transaction, when there is a log */
    _Atomic uint64_t undo_end; /* [latch to write; atomic: relaxed] see ese_txn_uncommitted */
    bool is_leaving;           /* [latch] see ese_txn__leave */
    uint8_t bytes[];           /* key, data of the key, data before; or an ese_txn_action */
};

typedef struct ese_txn__latch {
    alignas(ESE_TXN__LINE) _Atomic bool is_held;
    _Atomic size_t bytes; /* [latch; atomic: relaxed, for who adds them up] of linked versions */
} ese_txn__latch;

typedef struct ese_txn__sessions {
    ese_os_mutex lock;
    ese_list list; /* of ese_txn_session.link */
} ese_txn__sessions;

typedef struct ese_txn__cleaning {
    ese_os_mutex lock;           /* "queue" */
    ese_os_cond wake;            /* for the thread of the store */
    ese_os_cond done;            /* a pass is over */
    ese_list queue;              /* [lock] of ese_txn_trx.link */
    bool is_running;             /* [lock] a pass is under way */
    bool is_wanted;              /* [lock] */
    bool is_ending;              /* [lock] */
    _Atomic uint32_t n_queued;   /* [lock; atomic: relaxed, a hint] versions */
    _Atomic uint64_t blocked_by; /* [atomic: relaxed, a hint] the begin that the queue waits for */
    ese_os_thread thread;
} ese_txn__cleaning;

struct ese_txn_store {
    const ese_txn_ops *ops; /* [const], as all to `latches` */
    _Atomic(ese_txn_version *) *buckets;
    uint64_t mask;
    uint64_t seed;
    ese_txn__latch latches[ESE_TXN__LOCKS];

    /* Number of the last begin or commit << ACTIVE_BITS | sessions in a transaction: see txn_snapshot.c. */
    alignas(ESE_TXN__LINE) _Atomic uint64_t clock;

    alignas(ESE_TXN__LINE) _Atomic uint32_t n_changing; /* transactions that have versions */
    _Atomic uint32_t rceid;                             /* [atomic: relaxed] */
    _Atomic size_t charged;   /* [atomic: relaxed] bytes of blocks in use */
    _Atomic size_t bytes_max; /* [atomic: relaxed] */

    alignas(ESE_TXN__LINE) ese_os_mutex memory;
    ese_list blocks;       /* [lock: memory] all of them */
    ese_txn__block *spare; /* [lock: memory] those in no use */
    size_t n_spare;        /* [lock: memory] */

    ese_log_stream *stream; /* [const] after set_log */
    _Atomic uint64_t
        given_up; /* [atomic: relaxed] where the oldest transaction begins that can be taken back by recovery only */
    _Atomic uint64_t
        last_commit; /* [atomic] end of the newest Commit0; before its number is drawn */

    ese_txn__sessions sessions[ESE_TXN__SESSIONS];
    _Atomic uint64_t procids[ESE_TXN__PROCIDS]; /* bits of numbers in use */
    ese_txn__cleaning cleaning;
    ese_txn_session cleaner;  /* [cleaning.is_running] */
    ese_txn_session observer; /* [const] */
};

/* ---- txn_memory.c ---- */

/*
 * *piece_out = room for `size` bytes, aligned to 16, in *block_out. JET_errVersionStoreOutOfMemory beyond the limit, after what needs no cleaning was dropped.
 */
JET_ERR ese_txn__memory_take(ese_txn_session *session, size_t size, void *piece_out,
                             ese_txn__block **block_out);

/* The same by the session that took it, which may use the room again if it was the last one. */
void ese_txn__memory_take_back(ese_txn_session *session, const void *piece, size_t size,
                               ese_txn__block *block);
void ese_txn__memory_give(ese_txn__block *block);          /* one piece */
void ese_txn__memory_rest(ese_txn_session *session);       /* no transaction is open */
void ese_txn__memory_leave(ese_txn_session *session);      /* the session ends */
void ese_txn__memory_destroy(ese_txn_store *store);        /* everything */
bool ese_txn__memory_is_short(const ese_txn_store *store); /* more than three quarters in use */

/* ---- txn_snapshot.c ---- */

/* What a session sees: its own changes and what has a smaller number than `begin`. */
typedef struct ese_txn__view {
    const ese_txn_trx *own; /* NULL: none */
    uint64_t begin;
} ese_txn__view;

ese_txn__view ese_txn__view_of(const ese_txn_session *session);
bool ese_txn__is_visible(const ese_txn__view *view, const ese_txn_trx *trx);

void ese_txn__number_begin(ese_txn_session *session);
unsigned
ese_txn__number_commit(ese_txn_session *session);     /* how many others are in a transaction */
void ese_txn__number_leave(ese_txn_session *session); /* without a commit */

/* What was committed with a smaller number is seen by everybody, for ever. */
uint64_t ese_txn__oldest(ese_txn_store *store);

/* The open transaction of the session, made when there is none yet. */
JET_ERR ese_txn__trx_need(ese_txn_session *session);

/* ---- txn_see.c ---- */

/* Is there any version of such a tree? */
bool ese_txn__has_any_of(ese_txn_store *store, bool (*is_of)(void *self, const void *tree),
                         void *self);

/* ---- txn_version.c ---- */

static inline size_t
ese_txn__size_of(const ese_txn_version *version)
{
    return sizeof *version + version->n_key + version->n_data + version->n_before;
}

static inline bool
ese_txn__is_lock(unsigned oper)
{
    return oper == ESE_TXN_READ_LOCK || oper == ESE_TXN_WRITE_LOCK;
}

void ese_txn__lock(ese_txn_store *store, uint64_t hash);
void ese_txn__unlock(ese_txn_store *store, uint64_t hash);
uint64_t ese_txn__hash(const ese_txn_store *store, const ese_txn_place *place);

/* Newest version of a place. Holds: latch. */
ese_txn_version *ese_txn__find(const ese_txn_store *store, const ese_txn_place *place,
                               uint64_t hash);

/* Is there nothing in the bucket? Without a lock. */
bool ese_txn__is_bare(const ese_txn_store *store, uint64_t hash);

/*
 * An insertion about to be undone, or a deletion about to be cleaned away: who finds it flagged so leaves the node to nobody else any more. Of two of them that
 * meet at a node, the one that looks second takes it away. Takes: latch.
 */
void ese_txn__leave(ese_txn_version *version);

/* Is there an older version of the same place? Takes: latch. */
bool ese_txn__has_older(const ese_txn_version *version);

/* Takes a version out of its bucket. Takes: latch. */
void ese_txn__unlink(ese_txn_version *version);

/* What undoes a change made now undoes all changes behind this number, too. */
uint32_t ese_txn__return_point(const ese_txn_session *session);

/* ---- txn_undo.c ---- */

ese_txn_change ese_txn__change_of(const ese_txn_version *version);
ese_txn_action ese_txn__action_of(const ese_txn_version *version);

/* Takes a version out of its bucket and of the list of its transaction, and frees it. `session`: whose transaction is open; NULL: it has committed. */
void ese_txn__remove(ese_txn_session *session, ese_txn_version *version);

/* Undoes the changes of the session beyond the first `n_changes`. JET_errRollbackError: the transaction has been given up. */
JET_ERR ese_txn__undo(ese_txn_session *session, uint32_t n_changes);

/* The changes of the transaction stay as they are, and nobody ever sees them as committed. */
void ese_txn__give_up(ese_txn_session *session);

/*
 * A statement has succeeded: of its replacements, the changes beyond the first `n_changes`, those are forgotten that stand on another one of the session which
 * is undone with them.
 */
void ese_txn__merge(ese_txn_session *session, uint32_t n_changes);

/* ---- txn_log.c ---- */

/* Nobody in this run takes the open transaction back: recovery has to begin with it. */
void ese_txn__log_give_up(ese_txn_session *session);

/* Tells the log that the session commits to `level`. *end_out: what to wait for, 0 = nothing. */
JET_ERR ese_txn__log_commit(ese_txn_session *session, uint8_t level, uint64_t *end_out);

/* All changes above `level` are undone. JET_errRollbackError: the log cannot be told. */
JET_ERR ese_txn__log_rollback(ese_txn_session *session, uint8_t level);

/* The number of the transaction that the session has open, as the log will know it. */
uint32_t ese_txn__log_number(ese_txn_session *session);

/* ---- txn_clean.c ---- */

JET_ERR ese_txn__cleaning_start(ese_txn_store *store);
void ese_txn__cleaning_end(ese_txn_store *store);

/* What the open transaction leaves behind when it has committed. `n_others`: sessions in a transaction. */
void ese_txn__settle(ese_txn_session *session, unsigned n_others);

/* Lets go of the open transaction, which has no versions any more. */
void ese_txn__discard(ese_txn_session *session);

/* The transaction that began with number `begin` is over: is the queue waiting for that? */
void ese_txn__wake_after(ese_txn_store *store, uint64_t begin);

/* Drops what can be dropped without ops.clean; may be called with a page latched. */
void ese_txn__drop_idle(ese_txn_store *store);

/* Cleans up before a statement when the store is nearly full. */
void ese_txn__relieve(ese_txn_session *session);
