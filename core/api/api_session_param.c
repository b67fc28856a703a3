/* JetGetSessionParameter, JetSetSessionParameter: values that belong to one session and are never inherited. */
#include "api/api_private.h"

/* Where a parameter lives in a session. */
typedef struct field {
    void *data; /* NULL: no such parameter */
    uint32_t size;
    bool is_read_only;
} field;

static field
find_field(ese_api_session *session, uint32_t sesparamid, uint32_t *level)
{
    switch (sesparamid) {
    case JET_sesparamCommitDefault:
        return (field){&session->txn.commit_default, sizeof session->txn.commit_default, false};
    case JET_sesparamTransactionLevel:
        *level = session->txn.level;
        return (field){level, sizeof *level, true};
    case JET_sesparamOperationContext:
        return (field){&session->operation, sizeof session->operation, false};
    case JET_sesparamCorrelationID:
        return (field){&session->correlation_id, sizeof session->correlation_id, false};
    default: return (field){NULL, 0, false};
    }
}

/* Without a buffer only the size is told, which also comes with the wrong size. */
static JET_ERR
get(const field *from, void *to, uint32_t size, uint32_t *size_out)
{
    if (from->data == NULL)
        return JET_errInvalidSesparamId;
    if (size_out != NULL)
        *size_out = from->size;
    if (to == NULL && size == 0)
        return JET_errSuccess;
    if (to == NULL || size != from->size)
        return JET_errInvalidBufferSize;
    memcpy(to, from->data, size);
    return JET_errSuccess;
}

static JET_ERR
set(const field *to, const void *from, uint32_t size)
{
    if (to->data == NULL)
        return JET_errInvalidSesparamId;
    if (to->is_read_only)
        return JET_errFeatureNotAvailable;
    if (from == NULL || size != to->size)
        return JET_errInvalidBufferSize;
    memcpy(to->data, from, size);
    return JET_errSuccess;
}

JET_ERR JET_API
JetGetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParamMax,
                       uint32_t *pcbParamActual)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
    uint32_t level = 0;
    field from;

    if (err < JET_errSuccess)
        return err;
    from = find_field(session, sesparamid, &level);
    return ese_api_leave(session, get(&from, pvParam, cbParamMax, pcbParamActual));
}

JET_ERR JET_API
JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParam)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
    uint32_t level = 0;
    field to;

    if (err < JET_errSuccess)
        return err;
    to = find_field(session, sesparamid, &level);
    return ese_api_leave(session, set(&to, pvParam, cbParam));
}
