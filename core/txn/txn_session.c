/* Levels of transactions, and statements. */
#include "txn/txn_private.h"

/* ---- Beginning ---- */

JET_ERR
ese_txn_begin(ese_txn_session *session, bool is_read_only)
{
    if (session->level == ESE_TXN_LEVEL_MAX)
        return JET_errTransTooDeep;
    if (session->level == 0) {
        session->is_read_only = is_read_only; /* inner levels take over what the outermost one is */
        if (session->store != NULL)
            ese_txn__number_begin(session);
    }
    session->level++;
    session->begins[session->level] = ++session->clock;
    session->n_before[session->level] = session->n_changes;
    session->origin.level = session->level;
    session->origin.n_unlogged++;
    return JET_errSuccess;
}

/* ---- Ending ---- */

static void
leave_to(ese_txn_session *session, uint8_t level)
{
    uint8_t n = (uint8_t)(session->level - level);

    session->level = level;
    session->origin.level = level;
    session->origin.n_unlogged =
        (uint8_t)(session->origin.n_unlogged > n ? session->origin.n_unlogged - n : 0);
}

/* The outermost transaction is over, and what it left is in its place. */
static void
become_free(ese_txn_session *session)
{
    uint64_t begin;

    session->is_read_only = false;
    session->n_changes = 0;
    session->n_savepoint = 0;
    session->origin.trx_begin = 0;
    /* Relaxed: ese_txn_store_oldest_begin. */
    atomic_store_explicit(&session->origin.lgpos_begin, 0, memory_order_relaxed);
    if (session->store == NULL)
        return;
    begin = atomic_load_explicit(&session->begin, memory_order_relaxed); /* by this thread */
    /* Release: what the transaction read and wrote comes before that. */
    atomic_store_explicit(&session->begin, 0, memory_order_release);
    ese_txn__memory_rest(session);
    ese_txn__wake_after(session->store, begin);
}

/* In the log first: INV-6. */
static JET_ERR
commit_outermost(ese_txn_session *session, uint64_t *end_out)
{
    JET_ERR err;

    ESE_TRY(ese_txn__log_commit(session, 0, end_out));
    leave_to(session, 0);
    if (session->trx != NULL)
        ese_txn__settle(session, ese_txn__number_commit(session));
    else if (session->store != NULL)
        ese_txn__number_leave(session);
    become_free(session);
out:
    return err;
}

/* Its changes belong to the level outside from now on: level_of of txn_undo.c. */
static JET_ERR
commit_nested(ese_txn_session *session)
{
    uint8_t level = (uint8_t)(session->level - 1);
    uint64_t end = 0;
    JET_ERR err;

    ESE_TRY(ese_txn__log_commit(session, level, &end));
    leave_to(session, level);
out:
    return err;
}

/* Nothing is held here that who writes the log may want. */
static JET_ERR
wait_for_log(ese_txn_session *session, uint32_t grbit, uint64_t end)
{
    ese_log_stream *stream = session->store == NULL ? NULL : session->store->stream;

    if (stream == NULL)
        return JET_errSuccess;
    if ((grbit & JET_bitForceNewLog) != 0)
        return ese_log_stream_roll(stream);
    if (end == 0 || (grbit & JET_bitCommitLazyFlush) != 0)
        return JET_errSuccess;
    return ese_log_stream_wait(stream, end);
}

static JET_ERR
wait_for_commits(ese_txn_session *session, uint32_t grbit)
{
    ese_log_stream *stream = session->store == NULL ? NULL : session->store->stream;

    if (stream == NULL)
        return JET_errSuccess;
    if ((grbit & JET_bitWaitAllLevel0Commit) != 0)
        return ese_log_stream_flush(stream);
    return wait_for_log(session, 0, session->last_commit);
}

JET_ERR
ese_txn_commit_as(ese_txn_session *session, uint32_t grbit)
{
    uint64_t end = 0;
    JET_ERR err;

    if ((grbit & (JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit)) != 0)
        return wait_for_commits(session, grbit);
    if (session->level == 0)
        return JET_errNotInTransaction;
    if (session->level > 1)
        return commit_nested(session);
    ESE_TRY(commit_outermost(session, &end));
    err = wait_for_log(session, grbit, end);
out:
    return err;
}

JET_ERR
ese_txn_commit(ese_txn_session *session)
{
    return ese_txn_commit_as(session, session->commit_default & JET_bitCommitLazyFlush);
}

/* All changes are undone, or the transaction was given up. */
static void
roll_back_outermost(ese_txn_session *session)
{
    leave_to(session, 0);
    if (session->trx != NULL)
        ese_txn__discard(session);
    if (session->store != NULL)
        ese_txn__number_leave(session);
    become_free(session);
}

JET_ERR
ese_txn_rollback(ese_txn_session *session, bool is_whole_transaction)
{
    uint8_t level;
    JET_ERR err;

    if (session->level == 0)
        return JET_errNotInTransaction;
    level = is_whole_transaction ? 0 : (uint8_t)(session->level - 1);
    err = ese_txn__undo(session, session->n_before[level + 1]);
    if (err >= JET_errSuccess) {
        err = ese_txn__log_rollback(session, level);
        if (err < JET_errSuccess)
            ese_txn__give_up(session);
    }
    if (level == 0 || err < JET_errSuccess)
        roll_back_outermost(session);
    else
        leave_to(session, level);
    return err;
}

void
ese_txn_abandon(ese_txn_session *session)
{
    if (session->level == 0)
        return;
    ese_txn__give_up(session);
    roll_back_outermost(session);
}

/* ---- Statements ---- */

JET_ERR
ese_txn_statement_enter(ese_txn_session *session, ese_txn_statement *statement_out)
{
    ese_txn_statement statement = {.is_transaction = session->level == 0};
    JET_ERR err = JET_errSuccess;

    if (session->store != NULL) {
        ese_txn__relieve(session);
        if (session->store->stream != NULL)
            ese_log_stream_relieve(session->store->stream);
    }
    if (statement.is_transaction)
        ESE_TRY(ese_txn_begin(session, false));
    statement.n_changes = session->n_changes;
    statement.n_savepoint_outer = session->n_savepoint;
    session->n_savepoint = session->n_changes;
    *statement_out = statement;
out:
    return err;
}

/* A statement that the log does not take has not happened. */
static JET_ERR
commit_statement(ese_txn_session *session)
{
    JET_ERR err = ese_txn_commit(session);

    if (err < JET_errSuccess && session->level != 0 &&
        ese_txn_rollback(session, true) < JET_errSuccess)
        err = JET_errRollbackError;
    return err;
}

JET_ERR
ese_txn_statement_leave(ese_txn_session *session, const ese_txn_statement *statement, JET_ERR err)
{
    JET_ERR err_end = JET_errSuccess;

    session->n_savepoint = statement->n_savepoint_outer;
    if (statement->is_transaction && err >= JET_errSuccess)
        err_end = commit_statement(session);
    else if (statement->is_transaction)
        err_end = ese_txn_rollback(session, true);
    else if (err < JET_errSuccess)
        err_end = ese_txn__undo(session, statement->n_changes);
    else
        ese_txn__merge(session, statement->n_changes);
    return err_end < JET_errSuccess ? err_end : err;
}
