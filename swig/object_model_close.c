/*
 * What the engine is told when an object closes, in the order of INV-2. The caller has taken the session.
 *
 * An object is closed whatever the engine answers, with one exception: a sharing violation means that a transaction belongs to
 * another thread, which alone can end it.
 */
#include "object_model_private.h"

typedef JET_ERR close_function(ese_model_session *session, ese_model_object *child);

static void
keep_first(JET_ERR *err_inout, JET_ERR err)
{
    if (*err_inout >= JET_errSuccess)
        *err_inout = err;
}

JET_ERR
ese_model__close_cursor(ese_model_session *session, ese_model_cursor *cursor)
{
    JET_ERR err = JetCloseTable(session->sesid, cursor->tableid);

    if (err == JET_errSessionSharingViolation)
        return err;
    ese_model__mark_closed(&cursor->object);
    /* a rollback has closed it before */
    return err == JET_errInvalidTableId ? JET_errSuccess : err;
}

/* Closes the children of a kind, newest first; stops at a sharing violation, and keeps the first error otherwise. */
static JET_ERR
close_children(ese_model_session *session, ese_model_object *parent, ese_model_kind kind,
               ese_model_burden burden, close_function *close)
{
    JET_ERR err = JET_errSuccess;
    ese_model_object *child;

    while ((child = ese_model__child(parent, kind, burden)) != NULL) {
        JET_ERR err_child = close(session, child);

        ese_model_release(child);
        if (err_child == JET_errSessionSharingViolation)
            return err_child;
        keep_first(&err, err_child);
    }
    return err;
}

static JET_ERR
close_cursor(ese_model_session *session, ese_model_object *cursor)
{
    return ese_model__close_cursor(session, (ese_model_cursor *)cursor);
}

static JET_ERR
close_cursors(ese_model_session *session, ese_model_object *database)
{
    return close_children(session, database, ESE_MODEL_CURSOR, ESE_MODEL__ANY, close_cursor);
}

static JET_ERR
close_database(ese_model_session *session, ese_model_object *database)
{
    return ese_model__close_database(session, (ese_model_database *)database);
}

JET_ERR
ese_model__close_database(ese_model_session *session, ese_model_database *database)
{
    JET_ERR err = close_cursors(session, &database->object);

    if (err == JET_errSessionSharingViolation)
        return err;
    keep_first(&err, JetCloseDatabase(session->sesid, database->dbid, 0));
    if (err == JET_errSessionSharingViolation)
        return err;
    /* Fails while another session has it open or in a transaction; then the end of the instance detaches it. */
    (void)JetDetachDatabaseA(session->sesid, database->path);
    ese_model__mark_closed(&database->object);
    return err;
}

JET_ERR
ese_model__rollback_to(ese_model_session *session, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    ese_model_object *newest;

    while (session->level > level) {
        err = JetRollback(session->sesid, 0);
        if (err == JET_errSessionSharingViolation)
            return err;
        if (err < JET_errSuccess) { /* the engine has none: nothing is left to undo */
            session->level = level;
            break;
        }
        session->level--;
    }
    newest = ese_model__child(&session->object, ESE_MODEL_TRANSACTION, ESE_MODEL__ANY);
    while (newest != NULL && ((ese_model_transaction *)newest)->level > level) {
        ese_model__mark_closed(newest);
        ese_model_release(newest);
        newest = ese_model__child(&session->object, ESE_MODEL_TRANSACTION, ESE_MODEL__ANY);
    }
    ese_model_release(newest);
    return err;
}

JET_ERR
ese_model__empty_session(ese_model_session *session)
{
    JET_ERR err = close_children(session, &session->object, ESE_MODEL_DATABASE,
                                 ESE_MODEL__WITH_CHILDREN, close_cursors);
    JET_ERR err_next;

    if (err == JET_errSessionSharingViolation)
        return err;
    err_next = ese_model__rollback_to(session, 0);
    if (err_next == JET_errSessionSharingViolation)
        return err_next;
    keep_first(&err, err_next);
    err_next = close_children(session, &session->object, ESE_MODEL_DATABASE, ESE_MODEL__ANY,
                              close_database);
    if (err_next == JET_errSessionSharingViolation)
        return err_next;
    keep_first(&err, err_next);
    return err;
}

JET_ERR
ese_model__close_session(ese_model_session *session)
{
    JET_ERR err = ese_model__empty_session(session);
    JET_ERR err_end;

    if (err == JET_errSessionSharingViolation)
        return err;
    err_end = JetEndSession(session->sesid, 0);
    if (err_end == JET_errSessionSharingViolation)
        return err_end;
    ese_model__mark_closed(&session->object);
    return err < JET_errSuccess ? err : err_end;
}
