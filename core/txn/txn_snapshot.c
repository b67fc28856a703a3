/*
 * Numbers of begins and commits, and what a session sees by them.
 *
 * One counter gives a number to every outermost begin and every commit to level 0; the log has numbers of its own. A transaction sees its own
 * changes and those of transactions that have a smaller number of commit than its begin.
 *
 * INV-1  A commit is one store into the trx that its versions share. Before it draws its number, it says so there (UNKNOWN): a reader whose begin came
 *        later finds that or the number, and waits for the number if need be.
 * INV-2  A begin says in session.begin that it draws its number (UNKNOWN) before it does. So who first reads the counter and then a session without a begin
 *        knows that this session's next begin will be larger than what he read.
 *
 * Both rest on a single order of these stores, loads and additions: all of them are memory_order_seq_cst.
 */
#include "txn/txn_private.h"

#define ACTIVE_MASK (((uint64_t)1 << ESE_TXN__ACTIVE_BITS) - 1)
#define STEP        ((uint64_t)1 << ESE_TXN__ACTIVE_BITS)

void
ese_txn__number_begin(ese_txn_session *session)
{
    uint64_t before;
    uint64_t number;

    atomic_store(&session->begin, ESE_TXN__UNKNOWN); /* INV-2 */
    before = atomic_fetch_add(&session->store->clock, STEP + 1);
    number = (before >> ESE_TXN__ACTIVE_BITS) + 1;
    /* Release: pairs with ese_txn__oldest. */
    atomic_store_explicit(&session->begin, number, memory_order_release);
}

unsigned
ese_txn__number_commit(ese_txn_session *session)
{
    ese_txn_trx *trx = session->trx;
    uint64_t before;

    atomic_store(&trx->commit, ESE_TXN__UNKNOWN); /* INV-1 */
    before = atomic_fetch_add(&session->store->clock, STEP - 1);
    /* Release: who sees the number sees all that the transaction did. */
    atomic_store_explicit(&trx->commit, (before >> ESE_TXN__ACTIVE_BITS) + 1, memory_order_release);
    return (unsigned)(before & ACTIVE_MASK) - 1;
}

void
ese_txn__number_leave(ese_txn_session *session)
{
    atomic_fetch_sub(&session->store->clock, 1);
}

/* Of a session that is in a transaction, or about to be. 0: it is in none. */
static uint64_t
begin_of(const ese_txn_session *session)
{
    uint64_t begin = atomic_load(&session->begin); /* INV-2 */

    while (begin == ESE_TXN__UNKNOWN) { /* a matter of a few instructions */
        ese_os_yield();
        begin = atomic_load(&session->begin);
    }
    return begin;
}

uint64_t
ese_txn__oldest(ese_txn_store *store)
{
    uint64_t oldest = (atomic_load(&store->clock) >> ESE_TXN__ACTIVE_BITS) + 1;

    for (unsigned i = 0; i < ESE_TXN__SESSIONS; i++) {
        ese_txn__sessions *sessions = &store->sessions[i];

        ese_os_mutex_lock(&sessions->lock);
        ESE_LIST_FOREACH (node, &sessions->list) {
            uint64_t begin = begin_of(ESE_LIST_ENTRY(node, ese_txn_session, link));

            if (begin != 0 && begin < oldest)
                oldest = begin;
        }
        ese_os_mutex_unlock(&sessions->lock);
    }
    return oldest;
}

/* ---- What a session sees ---- */

ese_txn__view
ese_txn__view_of(const ese_txn_session *session)
{
    if (session->level == 0) /* what is committed by now */
        return (ese_txn__view){
            .begin = (atomic_load(&session->store->clock) >> ESE_TXN__ACTIVE_BITS) + 1,
        };
    return (ese_txn__view){
        .own = session->trx,
        /* Relaxed: its own thread wrote it. */
        .begin = atomic_load_explicit(&session->begin, memory_order_relaxed),
    };
}

bool
ese_txn__is_visible(const ese_txn__view *view, const ese_txn_trx *trx)
{
    uint64_t commit;

    if (trx == view->own)
        return true;
    commit = atomic_load(&trx->commit);
    while (commit == ESE_TXN__UNKNOWN) { /* INV-1: a matter of a few instructions */
        ese_os_yield();
        commit = atomic_load(&trx->commit);
    }
    return commit != 0 && commit < view->begin;
}

/* ---- Transactions as such ---- */

JET_ERR
ese_txn__trx_need(ese_txn_session *session)
{
    ese_txn_trx *trx = NULL;
    ese_txn__block *block = NULL;
    JET_ERR err;

    if (session->trx != NULL)
        return JET_errSuccess;
    ESE_TRY(ese_txn__memory_take(session, sizeof *trx, &trx, &block));
    memset(trx, 0, sizeof *trx);
    trx->block = block;
    trx->store = session->store;
    trx->procid = session->origin.procid;
    trx->trx_begin = ese_txn__log_number(session);
    ese_list_init(&trx->link);
    atomic_store_explicit(&trx->n_refs, 1, memory_order_relaxed); /* nobody else knows it yet */
    session->trx = trx;
out:
    return err;
}

JET_ERR
ese_txn_trx_of(ese_txn_session *session, ese_txn_trx **trx_out)
{
    JET_ERR err;

    ESE_TRY(ese_txn__trx_need(session));
    ese_txn_trx_hold(session->trx);
    *trx_out = session->trx;
out:
    return err;
}

void
ese_txn_trx_hold(ese_txn_trx *trx)
{
    /* Relaxed: the caller has one that keeps it alive. */
    atomic_fetch_add_explicit(&trx->n_refs, 1, memory_order_relaxed);
}

void
ese_txn_trx_release(ese_txn_trx **trx_inout)
{
    ese_txn_trx *trx = *trx_inout;

    *trx_inout = NULL;
    /* Acquire and release: the last one comes after all the others. */
    if (trx != NULL && atomic_fetch_sub_explicit(&trx->n_refs, 1, memory_order_acq_rel) == 1)
        ese_txn__memory_give(trx->block);
}

bool
ese_txn_trx_is_own(const ese_txn_trx *trx, const ese_txn_session *session)
{
    return session != NULL && trx == session->trx;
}

bool
ese_txn_trx_is_visible(const ese_txn_trx *trx, const ese_txn_session *session)
{
    ese_txn__view view = ese_txn__view_of(
        session == NULL || session->store == NULL ? &trx->store->observer : session);

    return ese_txn__is_visible(&view, trx);
}

bool
ese_txn_trx_is_past(ese_txn_store *store, const ese_txn_trx *trx)
{
    uint64_t commit = atomic_load(&trx->commit);

    return commit != 0 && commit != ESE_TXN__UNKNOWN && commit < ese_txn__oldest(store);
}
