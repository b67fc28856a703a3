#include "txn/txn.h"

void
ese_txn_session_init(ese_txn_session *session, ese_txn_store *store)
{
    memset(session, 0, sizeof *session);
    session->store = store;
    session->level = 0;
    session->is_read_only = false;
    session->commit_default = 0;
    session->clock = 0;
    ese_list_init(&session->cursors);
}

JET_ERR
ese_txn_begin(ese_txn_session *session, bool is_read_only)
{
    if (session->level == ESE_TXN_LEVEL_MAX)
        return JET_errTransTooDeep;
    if (session->level == 0)
        session->is_read_only = is_read_only; /* inner levels take over what the outermost one is */
    session->level++;
    session->begins[session->level] = ++session->clock;
    return JET_errSuccess;
}

static void
leave_to(ese_txn_session *session, uint8_t level)
{
    session->level = level;
    if (level == 0)
        session->is_read_only = false;
}

JET_ERR
ese_txn_commit(ese_txn_session *session)
{
    if (session->level == 0)
        return JET_errNotInTransaction;
    leave_to(session, (uint8_t)(session->level - 1));
    return JET_errSuccess;
}

JET_ERR
ese_txn_rollback(ese_txn_session *session, bool is_whole_transaction)
{
    if (session->level == 0)
        return JET_errNotInTransaction;
    leave_to(session, is_whole_transaction ? 0 : (uint8_t)(session->level - 1));
    return JET_errSuccess;
}
