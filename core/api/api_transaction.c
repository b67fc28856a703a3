/* Transactions. With a log a commit to level 0 is durable when the call returns, unless it is lazy; without one, databases are made durable when they are detached. */
#include "api/api_log.h"

#include "table/table_temp.h"

enum {
    WAITS = JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit,
};

static JET_ERR
begin(ese_api_session *session, JET_GRBIT grbit)
{
    JET_ERR err;

    ESE_TRY(ese_api__session_check_owner(session));
    ESE_TRY(ese_txn_begin(&session->txn, (grbit & JET_bitTransactionReadOnly) != 0));
    if (session->txn.level == 1)
        ese_api__session_set_owner(session);
out:
    return err;
}

JET_ERR JET_API
JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, begin(session, grbit));
}

JET_ERR JET_API
JetBeginTransaction(JET_SESID sesid)
{
    return JetBeginTransaction2(sesid, 0);
}

JET_ERR JET_API
JetBeginTransaction3(JET_SESID sesid, int64_t trxid, JET_GRBIT grbit)
{
    (void)trxid; /* for diagnosis on Windows only */
    return JetBeginTransaction2(sesid, grbit);
}

/* What is asked of the log ends no transaction, and needs none: to wait for earlier commits, to begin a new file. */
static JET_ERR
ask_log(ese_api_session *session, JET_GRBIT grbit)
{
    ese_api_log *log = session->instance->log;
    JET_ERR err = JET_errSuccess;

    if (log == NULL)
        return JET_errSuccess;
    if ((grbit & JET_bitForceNewLog) != 0)
        ESE_TRY(ese_log_stream_roll(log->stream));
    if ((grbit & (JET_GRBIT)WAITS) != 0)
        ESE_TRY(ese_txn_commit_as(&session->txn, grbit & (JET_GRBIT)WAITS));
out:
    return err;
}

/* `durable_ms`: a lazy commit is durable after that time; 0: whenever. */
static JET_ERR
commit(ese_api_session *session, JET_GRBIT grbit, uint32_t durable_ms)
{
    const JET_GRBIT requests = (JET_GRBIT)WAITS | JET_bitForceNewLog;
    bool is_lazy = (grbit & JET_bitCommitLazyFlush) != 0;
    JET_ERR err;

    if ((grbit & ~(JET_bitCommitLazyFlush | requests)) != 0 || (is_lazy && (grbit & requests) != 0))
        return JET_errInvalidGrbit;
    if ((grbit & requests) != 0)
        return ask_log(session, grbit);
    ESE_TRY(ese_api__session_check_owner(session));
    if (grbit == 0)
        grbit = session->txn.commit_default & JET_bitCommitLazyFlush;
    ESE_TRY(ese_txn_commit_as(&session->txn, grbit));
    if (session->instance->log != NULL && session->txn.level == 0)
        ese_api__log_nudge(session->instance->log, durable_ms);
out:
    return err;
}

JET_ERR JET_API
JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, commit(session, grbit, 0));
}

JET_ERR JET_API
JetCommitTransaction2(JET_SESID sesid, JET_GRBIT grbit, uint32_t cmsecDurableCommit,
                      JET_COMMIT_ID *pCommitId)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    if (cmsecDurableCommit != 0 && (grbit & JET_bitCommitLazyFlush) == 0)
        err = JET_errInvalidParameter;
    else
        err = commit(session, grbit, cmsecDurableCommit);
    if (err >= JET_errSuccess && pCommitId != NULL)
        *pCommitId = (JET_COMMIT_ID){.signLog = session->instance->log_signature,
                                     .commitId = (int64_t)session->txn.last_commit};
    return ese_api_leave(session, err);
}

/* Cursors come last: they look at what is there again. They do so after a fatal error of the undo, too. */
static JET_ERR
roll_back(ese_api_session *session, JET_GRBIT grbit)
{
    JET_ERR err;

    if ((grbit & ~JET_bitRollbackAll) != 0)
        return JET_errInvalidGrbit;
    ESE_TRY(ese_api__session_check_owner(session));
    err = ese_txn_rollback(&session->txn, (grbit & JET_bitRollbackAll) != 0);
    if (err < JET_errSuccess && err != JET_errRollbackError)
        goto out;
    ese_table_roll_back_temporary(&session->txn);
    ese_api_cursors_roll_back(session, session->txn.level);
    ese_table_roll_back_openings(&session->txn);
out:
    return err;
}

JET_ERR JET_API
JetRollback(JET_SESID sesid, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_CLOSING, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, roll_back(session, grbit));
}
