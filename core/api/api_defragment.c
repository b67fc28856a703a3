/*
 * Online defragmentation. What is deleted gives its space back by itself, leaves that become empty are merged away, so there is nothing left to run in the background: a start cleans up
 * what can be cleaned up at the moment, and what a program sees besides is whether it has started one.
 */
#include "api/api_database.h"

enum {
    COMMANDS = JET_bitDefragmentBatchStart | JET_bitDefragmentBatchStop,
    KNOWN = COMMANDS | JET_bitDefragmentAvailSpaceTreesOnly | JET_bitDefragmentNoPartialMerges |
            JET_bitDefragmentBTree,
};

typedef struct request {
    uint32_t *n_passes, *n_seconds; /* NULL: not wanted */
    JET_CALLBACK callback;
    JET_GRBIT grbit;
} request;

static JET_ERR
check(const ese_api_database *database, JET_GRBIT grbit)
{
    JET_GRBIT command = grbit & COMMANDS;

    if ((grbit & ~(JET_GRBIT)KNOWN) != 0 || command == 0 || command == COMMANDS)
        return ese_raise(JET_errInvalidGrbit, "either start or stop");
    if (database->trees == NULL)
        return ese_raise(JET_errDatabaseFileReadOnly, "the database is attached read-only");
    return JET_errSuccess;
}

static JET_ERR
start(ese_api_session *session, ese_api_database *database)
{
    if (atomic_exchange(&database->is_defragmenting, true))
        return JET_wrnDefragAlreadyRunning;
    ese_txn_store_clean(ese_api_instance_store(ese_api_session_instance(session)));
    return JET_errSuccess;
}

static JET_ERR
stop(JET_SESID sesid, ese_api_database *database, const request *asked)
{
    if (!atomic_exchange(&database->is_defragmenting, false))
        return JET_wrnDefragNotRunning;
    if (asked->n_passes != NULL)
        *asked->n_passes = 1;
    if (asked->n_seconds != NULL)
        *asked->n_seconds = 0;
    if (asked->callback != NULL)
        (void)asked->callback(sesid, ese_api_database_dbid(database), JET_tableidNil,
                              JET_cbtypOnlineDefragCompleted, NULL, NULL, NULL, 0);
    return JET_errSuccess;
}

static JET_ERR
defragment(JET_SESID sesid, JET_DBID dbid, const request *asked)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    ESE_TRY(check(database, asked->grbit));
    err = asked->grbit & JET_bitDefragmentBatchStart ? start(session, database)
                                                     : stop(sesid, database, asked);
out:
    return ese_api_leave(session, err);
}

JET_ERR JET_API
JetDefragment2A(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, uint32_t *pcPasses,
                uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit)
{
    const request asked = {pcPasses, pcSeconds, callback, grbit};

    (void)szTableName; /* reserved */
    return defragment(sesid, dbid, &asked);
}

JET_ERR JET_API
JetDefragment2W(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName, uint32_t *pcPasses,
                uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit)
{
    (void)szTableName;
    return JetDefragment2A(sesid, dbid, NULL, pcPasses, pcSeconds, callback, grbit);
}

JET_ERR JET_API
JetDefragmentA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, uint32_t *pcPasses,
               uint32_t *pcSeconds, JET_GRBIT grbit)
{
    return JetDefragment2A(sesid, dbid, szTableName, pcPasses, pcSeconds, NULL, grbit);
}

JET_ERR JET_API
JetDefragmentW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName, uint32_t *pcPasses,
               uint32_t *pcSeconds, JET_GRBIT grbit)
{
    return JetDefragment2W(sesid, dbid, szTableName, pcPasses, pcSeconds, NULL, grbit);
}

/* Of one tree of a database by name of its file: the engine of which this is the interface refuses every such request, too. */
static JET_ERR
refuse(JET_SESID sesid)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    return err < JET_errSuccess
               ? err
               : ese_api_leave(session, ese_raise(JET_errInvalidParameter,
                                                  "trees are not defragmented one by one"));
}

JET_ERR JET_API
JetDefragment3A(JET_SESID sesid, JET_PCSTR szDatabaseName, JET_PCSTR szTableName,
                uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                JET_GRBIT grbit)
{
    (void)szDatabaseName;
    (void)szTableName;
    (void)pcPasses;
    (void)pcSeconds;
    (void)callback;
    (void)pvContext;
    (void)grbit;
    return refuse(sesid);
}

JET_ERR JET_API
JetDefragment3W(JET_SESID sesid, JET_PCWSTR szDatabaseName, JET_PCWSTR szTableName,
                uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                JET_GRBIT grbit)
{
    (void)szDatabaseName;
    (void)szTableName;
    return JetDefragment3A(sesid, NULL, NULL, pcPasses, pcSeconds, callback, pvContext, grbit);
}

/* ---- Statistics: counted on the spot where they are asked for, so that nothing has to be computed beforehand ---- */

static JET_ERR
compute_stats(ese_table_cursor *cursor, void *arguments)
{
    (void)arguments;
    return ese_table_is_temporary(cursor)
               ? ese_raise(JET_errIllegalOperation, "a temporary table has no statistics")
               : JET_errSuccess;
}

JET_ERR JET_API
JetComputeStats(JET_SESID sesid, JET_TABLEID tableid)
{
    return ese_api_on_cursor(sesid, tableid, compute_stats, NULL);
}
