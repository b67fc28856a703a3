/*
 * Transactions and the log: commit and rollback as records, waiting for durability, and what the log needs to know of versions before a page reaches the disk.
 *
 * INV-1  last_commit is raised before the number of the commit is drawn. So who finds a change committed, or its version gone, finds the end of its Commit0 there.
 *
 * Recovery specification, sections 2.2 and 2.3.
 */
#include "txn/txn_private.h"

enum { ATTEMPTS = 100 };

void
ese_txn_store_set_log(ese_txn_store *store, ese_log_stream *stream)
{
    store->stream = stream;
}

uint32_t
ese_txn__log_number(ese_txn_session *session)
{
    if (session->store->stream == NULL)
        return 0;
    if (session->origin.trx_begin == 0)
        session->origin.trx_begin = ese_log_stream_next_trx(session->store->stream);
    return session->origin.trx_begin;
}

/* ---- commit and rollback */

/* What was done on the level that ends belongs to the one outside from now on. */
static void
lower_versions(ese_txn_session *session, uint8_t level)
{
    for (ese_txn_version *version = session->newest;
         version != NULL && version->order > session->n_before[level + 1];
         version = version->previous)
        /* Relaxed: a number of its own. */
        atomic_store_explicit(&version->level, level, memory_order_relaxed);
}

static void
raise_last_commit(ese_txn_store *store, uint64_t end)
{
    uint64_t before = atomic_load_explicit(&store->last_commit, memory_order_relaxed);

    /* Release: pairs with ese_txn_store_last_commit. */
    while (before < end &&
           !atomic_compare_exchange_weak_explicit(&store->last_commit, &before, end,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

JET_ERR
ese_txn__log_commit(ese_txn_session *session, uint8_t level, uint64_t *end_out)
{
    ese_txn_store *store = session->store;
    uint64_t end = 0;
    JET_ERR err = JET_errSuccess;

    *end_out = 0;
    if (store == NULL || store->stream == NULL)
        return JET_errSuccess;
    if (level != 0)
        lower_versions(session, level);
    ESE_TRY(ese_log_commit(store->stream, &session->origin, level, &end));
    if (level == 0 && end != 0) {
        session->last_commit = end;
        raise_last_commit(store, end);
        *end_out = end;
    }
out:
    return err;
}

/* A record that is missing would confuse recovery about levels, so memory that is short for a moment is waited for. */
JET_ERR
ese_txn__log_rollback(ese_txn_session *session, uint8_t level)
{
    ese_txn_store *store = session->store;
    JET_ERR err;

    if (store == NULL || store->stream == NULL)
        return JET_errSuccess;
    err = ese_log_rollback(store->stream, &session->origin, level);
    for (unsigned i = 0; i < ATTEMPTS && err == JET_errOutOfMemory; i++) {
        ese_os_yield();
        err = ese_log_rollback(store->stream, &session->origin, level);
    }
    if (err < JET_errSuccess)
        err = ese_raise(JET_errRollbackError, "a rollback could not be logged (%s)",
                        ese_err_text(err));
    return err;
}

void
ese_txn__log_give_up(ese_txn_session *session)
{
    ese_txn_store *store = session->store;
    uint64_t begin = atomic_load_explicit(&session->origin.lgpos_begin, memory_order_relaxed);
    uint64_t before;

    if (store == NULL || begin == 0)
        return;
    /* Relaxed: as lgpos_begin itself. */
    before = atomic_load_explicit(&store->given_up, memory_order_relaxed);
    while (begin < before &&
           !atomic_compare_exchange_weak_explicit(&store->given_up, &before, begin,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

/* ---- durability */

uint64_t
ese_txn_store_last_commit(const ese_txn_store *store)
{
    /* Acquire: pairs with raise_last_commit. */
    return atomic_load_explicit(&store->last_commit, memory_order_acquire);
}

uint64_t
ese_txn_store_oldest_begin(ese_txn_store *store)
{
    uint64_t oldest = atomic_load_explicit(&store->given_up, memory_order_relaxed);

    for (unsigned i = 0; i < ESE_TXN__SESSIONS; i++) {
        ese_txn__sessions *sessions = &store->sessions[i];

        ese_os_mutex_lock(&sessions->lock);
        ESE_LIST_FOREACH (node, &sessions->list) {
            const ese_txn_session *session = ESE_LIST_ENTRY(node, ese_txn_session, link);
            /* Relaxed: INV-4 of core/log/log.h. */
            uint64_t begin =
                atomic_load_explicit(&session->origin.lgpos_begin, memory_order_relaxed);

            if (begin != 0 && begin < oldest)
                oldest = begin;
        }
        ese_os_mutex_unlock(&sessions->lock);
    }
    return oldest;
}

/* ---- undo information */

bool
ese_txn_is_covered(const ese_txn_version *version)
{
    return version != NULL && version->is_covered;
}

static bool
needs_undo_info(const ese_txn_version *version)
{
    return (version->oper == ESE_TXN_REPLACE && !version->is_covered) ||
           version->oper == ESE_TXN_DELETE;
}

/* Not committed, nor about to be: then the Commit0 is in the log. */
static bool
is_uncommitted(const ese_txn_version *version)
{
    return atomic_load(&version->trx->commit) == 0;
}

static JET_ERR
tell(const ese_txn_version *version, ese_growbuf *before_out, ese_txn_uncommitted *info)
{
    /* Relaxed: the latch orders those who write the first, the second is a number of its own. */
    info->undo_end = atomic_load_explicit(&version->undo_end, memory_order_relaxed);
    info->level = atomic_load_explicit(&version->level, memory_order_relaxed);
    info->oper = (ese_txn_oper)version->oper;
    info->procid = version->trx->procid;
    info->trx_begin = version->trx->trx_begin;
    info->rceid = version->rceid;
    info->order = version->order;
    ese_growbuf_clear(before_out);
    if (info->undo_end != 0)
        return JET_errSuccess;
    return ese_growbuf_append(before_out, version->bytes + version->n_key + version->n_data,
                              version->n_before);
}

JET_ERR
ese_txn_next_uncommitted(ese_txn_store *store, const ese_txn_place *place, ese_growbuf *before_out,
                         ese_txn_uncommitted *info_inout, bool *found_out)
{
    uint64_t hash = ese_txn__hash(store, place);
    const ese_txn_version *version;
    JET_ERR err = JET_errSuccess;

    *found_out = false;
    if (ese_txn__is_bare(store, hash))
        return JET_errSuccess;
    ese_txn__lock(store, hash);
    version = ese_txn__find(store, place, hash);
    /* Changes of one entry that have not committed are of one transaction, but for deltas and locks. */
    while (version != NULL && !(needs_undo_info(version) && is_uncommitted(version) &&
                                version->order < info_inout->order))
        version = version->older;
    if (version != NULL) {
        err = tell(version, before_out, info_inout);
        *found_out = err >= JET_errSuccess;
    }
    ese_txn__unlock(store, hash);
    return err;
}

void
ese_txn_note_undo_info(ese_txn_store *store, const ese_txn_place *place, uint32_t rceid,
                       uint64_t undo_end)
{
    uint64_t hash = ese_txn__hash(store, place);
    ese_txn_version *version;

    ese_txn__lock(store, hash);
    version = ese_txn__find(store, place, hash);
    while (version != NULL && version->rceid != rceid)
        version = version->older;
    if (version != NULL) /* else it has committed meanwhile */
        atomic_store_explicit(&version->undo_end, undo_end, memory_order_relaxed);
    ese_txn__unlock(store, hash);
}
