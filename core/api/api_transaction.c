/* Transactions. There is no log, so a commit waits for nothing: databases are made durable when they are detached. */
#include "api/api_private.h"

#include "table/table_temp.h"

enum {
    WAIT_ONLY = JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit | JET_bitForceNewLog,
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

/* A request to wait for earlier commits ends no transaction, and needs none. */
static JET_ERR
commit(ese_api_session *session, JET_GRBIT grbit)
{
    bool is_lazy = (grbit & JET_bitCommitLazyFlush) != 0;
    bool is_wait = (grbit & WAIT_ONLY) != 0;
    JET_ERR err;

    if ((grbit & ~(JET_bitCommitLazyFlush | (JET_GRBIT)WAIT_ONLY)) != 0 || (is_lazy && is_wait))
        return JET_errInvalidGrbit;
    if (is_wait)
        return JET_errSuccess;
    ESE_TRY(ese_api__session_check_owner(session));
    ESE_TRY(ese_txn_commit(&session->txn));
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
    return ese_api_leave(session, commit(session, grbit));
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
        err = commit(session, grbit);
    if (err >= JET_errSuccess && pCommitId != NULL)
        *pCommitId = (JET_COMMIT_ID){.signLog = session->instance->log_signature};
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
