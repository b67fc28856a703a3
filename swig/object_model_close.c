/*
 * What the engine is told when an object closes, in the order of INV-2. The caller has taken the session.
 *
 * An object is closed whatever the engine answers, with one exception: a sharing violation means that a transaction belongs to
 * another thread, which alone can end it.
 */
#include "object_model_private.h"

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

static JET_ERR
close_cursors(ese_model_session *session, ese_model_database *database)
{
    JET_ERR err = JET_errSuccess;
    ese_model_object *cursor;

    while ((cursor = ese_model__child(&database->object, ESE_MODEL_CURSOR)) != NULL) {
        JET_ERR err_cursor = ese_model__close_cursor(session, (ese_model_cursor *)cursor);

        if (err_cursor == JET_errSessionSharingViolation)
            return err_cursor;
        keep_first(&err, err_cursor);
    }
    return err;
}

JET_ERR
ese_model__close_database(ese_model_session *session, ese_model_database *database)
{
    JET_ERR err = close_cursors(session, database);

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
    while ((newest = ese_model__child(&session->object, ESE_MODEL_TRANSACTION)) != NULL &&
           ((ese_model_transaction *)newest)->level > level)
        ese_model__mark_closed(newest);
    return err;
}

static JET_ERR
close_all_cursors(ese_model_session *session)
{
    JET_ERR err = JET_errSuccess;

    for (ese_model_object *child = session->object.children; child != NULL; child = child->next) {
        if (child->kind == ESE_MODEL_DATABASE)
            keep_first(&err, close_cursors(session, (ese_model_database *)child));
    }
    return err;
}

JET_ERR
ese_model__empty_session(ese_model_session *session)
{
    JET_ERR err = close_all_cursors(session);
    ese_model_object *database;

    keep_first(&err, ese_model__rollback_to(session, 0));
    if (err == JET_errSessionSharingViolation)
        return err;
    while ((database = ese_model__child(&session->object, ESE_MODEL_DATABASE)) != NULL) {
        JET_ERR err_database = ese_model__close_database(session, (ese_model_database *)database);

        if (err_database == JET_errSessionSharingViolation)
            return err_database;
        keep_first(&err, err_database);
    }
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
