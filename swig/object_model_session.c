/*
 * Instances, sessions and transactions.
 */
#include "object_model_private.h"

#include <stdio.h>

JET_ERR
ese_model_create_instance(const char *name, ese_model_instance **instance_out)
{
    JET_ERR err;
    ese_model_object *object;
    ese_model_instance *instance;

    ese_model_close_orphans();
    ese_model__forget_failure();
    err = ese_model__allocate(ESE_MODEL_INSTANCE, sizeof *instance, NULL, &object);
    if (err < JET_errSuccess)
        return err;
    instance = (ese_model_instance *)object;
    err = JetCreateInstanceA(&instance->instance, name);
    if (err < JET_errSuccess) {
        ese_model__discard(object);
        return err;
    }
    *instance_out = instance;
    return err;
}

JET_ERR
ese_model_set_parameter(ese_model_instance *instance, uint32_t paramid, uint64_t number,
                        const char *text)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetSetSystemParameterA(&instance->instance, JET_sesidNil, paramid, number, text);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_get_parameter(ese_model_instance *instance, uint32_t paramid, bool is_text,
                        ese_model_parameter *parameter_out)
{
    ese_model_call call;
    ese_model_parameter parameter = {0};
    JET_API_PTR number = 0;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetSystemParameterA(instance->instance, JET_sesidNil, paramid,
                                 is_text ? NULL : &number, is_text ? parameter.text : NULL,
                                 is_text ? sizeof parameter.text : 0);
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    parameter.number = number;
    *parameter_out = parameter;
    return err;
}

JET_ERR
ese_model_set_page_size(ese_model_instance *instance, uint32_t page_size)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_set_page_size(instance->instance, page_size);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_stop_service(ese_model_instance *instance)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetStopServiceInstance(instance->instance);
    ese_model__leave(&call);
    return err;
}

/* ---- Sessions ----------------------------------------------------------------------------------------- */

/* The session becomes a child of the instance; if that has gone meanwhile, its end has ended the session. */
static JET_ERR
adopt_session(ese_model_object *instance, ese_model_object *child, ese_model_session **session_out)
{
    JET_ERR err = ese_model__adopt(instance, child);

    if (err < JET_errSuccess)
        ese_model__discard(child);
    else
        *session_out = (ese_model_session *)child;
    return err;
}

JET_ERR
ese_model_begin_session(ese_model_instance *instance, ese_model_session **session_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__allocate(ESE_MODEL_SESSION, sizeof **session_out, call.object, &child);
    if (err >= JET_errSuccess) {
        err =
            JetBeginSessionA(instance->instance, &((ese_model_session *)child)->sesid, NULL, NULL);
        if (err < JET_errSuccess)
            ese_model__discard(child);
        else
            err = adopt_session(call.object, child, session_out);
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_dup_session(ese_model_session *session, ese_model_session **session_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__allocate(ESE_MODEL_SESSION, sizeof **session_out, call.object, &child);
    if (err >= JET_errSuccess) {
        err = JetDupSession(session->sesid, &((ese_model_session *)child)->sesid);
        if (err < JET_errSuccess)
            ese_model__discard(child);
        else
            err = adopt_session(ese_model__instance_of(call.object), child, session_out);
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_get_instance(ese_model_session *session, ese_model_instance **instance_out)
{
    ese_model_call call;
    ese_model_object *instance;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    instance = ese_model__instance_of(&session->object);
    ese_model__hold(instance);
    *instance_out = (ese_model_instance *)instance;
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_dup_handle(uint64_t sesid)
{
    JET_SESID other = JET_sesidNil;
    JET_ERR err;

    ese_model__forget_failure();
    err = JetDupSession(sesid, &other);
    if (err >= JET_errSuccess)
        err = JetEndSession(other, 0);
    return err;
}

JET_ERR
ese_model_dup_nowhere(ese_model_session *session)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetDupSession(session->sesid, NULL);
    ese_model__leave(&call);
    return err;
}

/* ---- Transactions -------------------------------------------------------------------------------------- */

JET_ERR
ese_model_begin_transaction(ese_model_object *object, JET_GRBIT grbit,
                            ese_model_transaction **transaction_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    ese_model_session *session;
    JET_ERR err = ese_model__enter(object, &call);

    if (err < JET_errSuccess)
        return err;
    session = call.session;
    err = ese_model__allocate(ESE_MODEL_TRANSACTION, sizeof **transaction_out, &session->object,
                              &child);
    if (err >= JET_errSuccess) {
        err = JetBeginTransaction2(session->sesid, grbit);
        if (err >= JET_errSuccess)
            err = ese_model__adopt(&session->object, child);
        if (err < JET_errSuccess) {
            ese_model__discard(child);
        } else {
            *transaction_out = (ese_model_transaction *)child;
            (*transaction_out)->level = ++session->level;
        }
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_get_level(ese_model_object *object, uint32_t *level_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(object, &call);

    if (err < JET_errSuccess)
        return err;
    *level_out = call.session->level;
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_commit(ese_model_transaction *transaction, JET_GRBIT grbit)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&transaction->object, &call);

    if (err < JET_errSuccess)
        return err;
    if (transaction->level != call.session->level) {
        err = ese_model__fail(JET_errInTransaction,
                              "a transaction begun inside this one has not ended");
    } else {
        err = JetCommitTransaction(call.session->sesid, grbit);
        if (err >= JET_errSuccess) {
            call.session->level--;
            ese_model__mark_closed(&transaction->object);
        }
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_rollback(ese_model_transaction *transaction)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&transaction->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__rollback_to(call.session, transaction->level - 1);
    ese_model__leave(&call);
    return err;
}

/* ---- A transaction for the time of a call ----------------------------------------------------------------- */

enum { LEVELS_MAX = 7 };

JET_ERR
ese_model__begin_scope(const ese_model_call *call, ese_model_scope_kind kind,
                       ese_model_scope *scope_out)
{
    uint32_t level = call->session->level;
    JET_ERR err;

    scope_out->is_begun = false;
    if (kind == ESE_MODEL__SCOPE_NONE || (kind == ESE_MODEL__SCOPE_OUTERMOST && level > 0) ||
        level == LEVELS_MAX)
        return JET_errSuccess;
    err = JetBeginTransaction2(call->session->sesid, 0);
    scope_out->is_begun = err >= JET_errSuccess;
    return err;
}

JET_ERR
ese_model__end_scope(const ese_model_call *call, const ese_model_scope *scope, JET_ERR err)
{
    char text[512];

    if (!scope->is_begun)
        return err;
    if (err >= JET_errSuccess) {
        JET_ERR err_commit = JetCommitTransaction(call->session->sesid, 0);

        if (err_commit >= JET_errSuccess)
            return err;
        err = err_commit;
    }
    snprintf(text, sizeof text, "%s", ese_model_error_text(err));
    (void)JetRollback(call->session->sesid, 0);
    return ese_model__fail(err, text);
}
