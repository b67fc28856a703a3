/*
 * Sessions: the door (enter, leave), beginning and ending, and whose a transaction is.
 *
 * INV-1  A session is taken for a thread and given back with one atomic operation each; beginning and ending
 *        one takes no lock of the instance, only that of a short list in the version store.
 * INV-2  The count of sessions in an instance never exceeds JET_paramMaxSessions, not even for a moment.
 */
#include "api/api_private.h"

#include "base/alloc.h"
#include "base/fault.h"

/* ---- The door ----------------------------------------------------------------------------------------- */

/* Errors after which nothing of the instance can be trusted. */
static bool
is_fatal(JET_ERR err)
{
    switch (err) {
    case JET_errUnloadableOSFunctionality:
    case JET_errLogWriteFail:
    case JET_errLogDisabledDueToRecoveryFailure:
    case JET_errSectorSizeNotSupported:
    case JET_errInstanceUnavailable:
    case JET_errInstanceUnavailableDueToFatalLogDiskFull:
    case JET_errRollbackError: return true;
    default: return false;
    }
}

/* A handle that was never one tells nothing when no instance runs; one that has ended is known to be invalid. */
static JET_ERR
explain_invalid(JET_SESID sesid)
{
    bool is_nothing = sesid == 0 || sesid == JET_sesidNil;

    if (is_nothing || ese_api__any_started() || ese_api__handle_is_past(sesid))
        return JET_errInvalidSesid;
    return JET_errNotInitialized;
}

static void
give_back(JET_SESID sesid)
{
    ese_api__handle_give_back(sesid);
    ese_api__notify_term();
}

JET_ERR
ese_api_enter(JET_SESID sesid, ese_api_kind kind, ese_api_session **session_out)
{
    ese_api_session *session = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api__handle_take(sesid, &session);
    if (err == JET_errInvalidSesid)
        return explain_invalid(sesid);
    if (err < JET_errSuccess)
        return err;
    if (ese_fault_hit(ESE_FAULT_POINT_FATAL))
        ese_api__instance_revoke(session->instance);
    err = ese_api__instance_admit(session->instance, kind);
    if (err < JET_errSuccess) {
        give_back(sesid);
        return err;
    }
    *session_out = session;
    return JET_errSuccess;
}

JET_ERR
ese_api_leave(ese_api_session *session, JET_ERR err)
{
    if (is_fatal(err))
        ese_api__instance_revoke(session->instance);
    give_back(session->handle);
    return err;
}

ese_txn_session *
ese_api_session_txn(ese_api_session *session)
{
    return &session->txn;
}

ese_api_instance *
ese_api_session_instance(ese_api_session *session)
{
    return session->instance;
}

uint32_t *
ese_api_session_opens(ese_api_session *session)
{
    return session->opens;
}

/* ---- Beginning ---------------------------------------------------------------------------------------- */

/* 0 sets no limit of its own: the default holds. */
static uint32_t
session_limit(const ese_api_instance *instance)
{
    uint64_t limit = ese_api_instance_param(instance, JET_paramMaxSessions);

    return (uint32_t)(limit != 0 ? limit : ese_api__param_find(JET_paramMaxSessions)->initial);
}

static JET_ERR
count_one_more(_Atomic uint32_t *count, uint64_t limit, JET_ERR err_beyond)
{
    uint32_t n = atomic_load_explicit(count, memory_order_relaxed);

    do {
        if (n >= limit)
            return err_beyond;
    } while (!atomic_compare_exchange_weak_explicit(count, &n, n + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return JET_errSuccess;
}

static void
init_session(ese_api_session *session, ese_api_instance *instance)
{
    ese_txn_session_init(&session->txn, instance->store);
    session->txn.commit_default =
        (uint32_t)ese_api_instance_param(instance, JET_paramCommitDefault);
    session->wait_log_flush = ese_api_instance_param(instance, JET_paramWaitLogFlush);
    session->instance = instance;
    ese_list_init(&session->storage);
}

/* The caller keeps the instance alive. */
static JET_ERR
begin_session(ese_api_instance *instance, JET_SESID *sesid_out)
{
    ese_api_session *session = NULL;
    JET_SESID handle;
    JET_ERR err;

    if (sesid_out == NULL)
        return ese_raise(JET_errInvalidParameter, "there is no place for the new session");
    err = count_one_more(&instance->n_sessions, session_limit(instance), JET_errOutOfSessions);
    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_alloc(sizeof *session, &session));
    init_session(session, instance);
    err = ese_api__handle_create(ESE_API__SESSION, session, instance->handle, &session->handle);
    if (err < JET_errSuccess)
        ese_txn_session_end(&session->txn);
    ESE_TRY(err);
    handle = session->handle;
    give_back(handle); /* from here on it can be used, and ended, by anybody */
    *sesid_out = handle;
    return JET_errSuccess;
out:
    atomic_fetch_sub_explicit(&instance->n_sessions, 1, memory_order_relaxed);
    ese_free(&session);
    return err;
}

JET_ERR JET_API
JetBeginSessionA(JET_INSTANCE handle, JET_SESID *psesid, JET_PCSTR szUserName, JET_PCSTR szPassword)
{
    ese_api_instance *instance = NULL;
    JET_ERR err = ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance);

    (void)szUserName; /* there are no users: names and passwords are accepted and not looked at */
    (void)szPassword;
    if (err < JET_errSuccess)
        return err;
    return ese_api_leave_instance(instance, begin_session(instance, psesid));
}

JET_ERR JET_API
JetBeginSessionW(JET_INSTANCE handle, JET_SESID *psesid, JET_PCWSTR szUserName,
                 JET_PCWSTR szPassword)
{
    (void)szUserName;
    (void)szPassword;
    return JetBeginSessionA(handle, psesid, NULL, NULL);
}

/* A new session on the instance of `sesid`, and nothing more: no transaction, database, cursor or parameter is carried over. */
JET_ERR JET_API
JetDupSession(JET_SESID sesid, JET_SESID *psesid)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, begin_session(session->instance, psesid));
}

/* ---- Ending ------------------------------------------------------------------------------------------- */

void
ese_api__session_close(ese_api_session *session)
{
    JET_SESID handle = session->handle;

    ese_api_cursors_close_all_of(session);
    if (session->txn.level != 0 && ese_txn_rollback(&session->txn, true) < JET_errSuccess)
        ese_api_instance_fail(session->instance);
    ese_api_databases_close_all_of(session);
    ese_txn_session_end(&session->txn);

    /* The count goes first: once the handle is retired, the instance may end. */
    atomic_fetch_sub_explicit(&session->instance->n_sessions, 1, memory_order_relaxed);
    ese_api__handle_retire(handle);
    ese_free(&session);
}

JET_ERR JET_API
JetEndSession(JET_SESID sesid, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_CLOSING, &session);

    (void)grbit; /* options are accepted and have no meaning */
    if (err < JET_errSuccess)
        return err;
    if (session->context != 0)
        return ese_api_leave(session, JET_errSessionInUse);
    ese_api__session_close(session);
    ese_api__notify_term();
    return JET_errSuccess;
}

/* ---- Cursor handles ----------------------------------------------------------------------------------- */

JET_ERR
ese_api_cursor_handle_create(ese_api_session *session, void *cursor, JET_TABLEID *tableid_out)
{
    ese_api_instance *instance = session->instance;
    uint64_t limit = ese_api_instance_param(instance, JET_paramMaxCursors);
    JET_ERR err = count_one_more(&instance->n_cursors, limit, JET_errOutOfCursors);

    if (err < JET_errSuccess)
        return err;
    err = ese_api__handle_create(ESE_API__CURSOR, cursor, session->handle, tableid_out);
    if (err < JET_errSuccess)
        atomic_fetch_sub_explicit(&instance->n_cursors, 1, memory_order_relaxed);
    return err;
}

void *
ese_api_cursor_find(ese_api_session *session, JET_TABLEID tableid)
{
    uint64_t owner;
    void *cursor = ese_api__handle_find(ESE_API__CURSOR, tableid, &owner);

    return cursor != NULL && owner == session->handle ? cursor : NULL;
}

JET_ERR
ese_api_cursor_error(ese_api_session *session, JET_TABLEID tableid)
{
    uint64_t owner;

    (void)session;
    if (ese_api__handle_find(ESE_API__CURSOR, tableid, &owner) != NULL)
        return JET_errSesidTableIdMismatch;
    return JET_errInvalidTableId;
}

void
ese_api_cursor_handle_retire(ese_api_session *session, JET_TABLEID tableid)
{
    ese_api__callbacks_drop(session, tableid);
    ese_api__handle_retire(tableid);
    atomic_fetch_sub_explicit(&session->instance->n_cursors, 1, memory_order_relaxed);
}

/* ---- Whose transaction -------------------------------------------------------------------------------- */

/* A context counts only for the thread that has set it; without one the thread itself is the owner. */
static bool
is_in_context(const ese_api_session *session)
{
    return session->context != 0 && session->context_thread == ese_os_thread_id();
}

JET_ERR
ese_api__session_check_owner(const ese_api_session *session)
{
    bool is_context = is_in_context(session);
    uint64_t owner = is_context ? session->context : ese_os_thread_id();

    if (session->txn.level != 0 &&
        (is_context != session->is_trx_in_context || owner != session->trx_owner))
        return JET_errSessionSharingViolation;
    return JET_errSuccess;
}

void
ese_api__session_set_owner(ese_api_session *session)
{
    session->is_trx_in_context = is_in_context(session);
    session->trx_owner = session->is_trx_in_context ? session->context : ese_os_thread_id();
}

JET_ERR JET_API
JetSetSessionContext(JET_SESID sesid, JET_API_PTR ulContext)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    if (ulContext == 0 || ulContext == UINT64_MAX) {
        err = JET_errInvalidParameter;
    } else if (session->context != 0) {
        err = JET_errSessionContextAlreadySet;
    } else {
        session->context = ulContext;
        session->context_thread = ese_os_thread_id();
    }
    return ese_api_leave(session, err);
}

JET_ERR JET_API
JetResetSessionContext(JET_SESID sesid)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_CLOSING, &session);

    if (err < JET_errSuccess)
        return err;
    if (is_in_context(session))
        session->context = 0;
    else
        err = JET_errSessionContextNotSetByThisThread;
    return ese_api_leave(session, err);
}
