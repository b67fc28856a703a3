/*
 * Every function with nothing in place of its pointers, and with handles of every wrong kind: a documented error, and everything works on.
 */
#include "api_test.h"

#include <stdio.h>

#include "test_fixture.h"

/* What a call gets beside NULL for every pointer. */
typedef struct arguments {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    uint32_t size;   /* for every count and size of a buffer */
    uint32_t number; /* for levels, ids and other numbers */
    JET_GRBIT grbit;
} arguments;

typedef JET_ERR call_function(const arguments *a);

/* clang-format off */
#define CALL(function, ...) static JET_ERR call_##function(const arguments *a) { (void)a; return function(__VA_ARGS__); }

CALL(JetAttachDatabase2A, a->sesid, NULL, a->size, a->grbit)
CALL(JetAttachDatabase2W, a->sesid, NULL, a->size, a->grbit)
CALL(JetAttachDatabaseA, a->sesid, NULL, a->grbit)
CALL(JetAttachDatabaseW, a->sesid, NULL, a->grbit)
CALL(JetBeginSessionA, a->instance, NULL, NULL, NULL)
CALL(JetBeginSessionW, a->instance, NULL, NULL, NULL)
CALL(JetBeginTransaction, a->sesid)
CALL(JetBeginTransaction2, a->sesid, a->grbit)
CALL(JetBeginTransaction3, a->sesid, a->number, a->grbit)
CALL(JetCloseDatabase, a->sesid, a->dbid, a->grbit)
CALL(JetCloseTable, a->sesid, a->tableid)
CALL(JetCommitTransaction, a->sesid, a->grbit)
CALL(JetCommitTransaction2, a->sesid, a->grbit, a->number, NULL)
CALL(JetCreateInstance2A, NULL, NULL, NULL, a->grbit)
CALL(JetCreateInstance2W, NULL, NULL, NULL, a->grbit)
CALL(JetCreateInstanceA, NULL, NULL)
CALL(JetCreateInstanceW, NULL, NULL)
CALL(JetDelete, a->sesid, a->tableid)
CALL(JetDetachDatabase2A, a->sesid, NULL, a->grbit)
CALL(JetDetachDatabase2W, a->sesid, NULL, a->grbit)
CALL(JetDetachDatabaseA, a->sesid, NULL)
CALL(JetDetachDatabaseW, a->sesid, NULL)
CALL(JetDupCursor, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetDupSession, a->sesid, NULL)
CALL(JetEnableMultiInstanceA, NULL, a->size, NULL)
CALL(JetEnableMultiInstanceW, NULL, a->size, NULL)
CALL(JetEndSession, a->sesid, a->grbit)
CALL(JetEnumerateColumns, a->sesid, a->tableid, a->size, NULL, NULL, NULL, NULL, NULL, a->size, a->grbit)
CALL(JetFreeBuffer, NULL)
CALL(JetGetAttachInfoA, NULL, a->size, NULL)
CALL(JetGetAttachInfoInstanceA, a->instance, NULL, a->size, NULL)
CALL(JetGetAttachInfoInstanceW, a->instance, NULL, a->size, NULL)
CALL(JetGetAttachInfoW, NULL, a->size, NULL)
CALL(JetGetBookmark, a->sesid, a->tableid, NULL, a->size, NULL)
CALL(JetGetColumnInfoA, a->sesid, a->dbid, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetColumnInfoW, a->sesid, a->dbid, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetCurrentIndexA, a->sesid, a->tableid, NULL, a->size)
CALL(JetGetCurrentIndexW, a->sesid, a->tableid, NULL, a->size)
CALL(JetGetCursorInfo, a->sesid, a->tableid, NULL, a->size, a->number)
CALL(JetGetDatabaseFileInfoA, NULL, NULL, a->size, a->number)
CALL(JetGetDatabaseFileInfoW, NULL, NULL, a->size, a->number)
CALL(JetGetDatabaseInfoA, a->sesid, a->dbid, NULL, a->size, a->number)
CALL(JetGetDatabaseInfoW, a->sesid, a->dbid, NULL, a->size, a->number)
CALL(JetGetErrorInfoW, NULL, NULL, a->size, a->number, a->grbit)
CALL(JetGetIndexInfoA, a->sesid, a->dbid, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetIndexInfoW, a->sesid, a->dbid, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetInstanceInfoA, NULL, NULL)
CALL(JetGetInstanceInfoW, NULL, NULL)
CALL(JetGetInstanceMiscInfo, a->instance, NULL, a->size, a->number)
CALL(JetGetLS, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetGetLock, a->sesid, a->tableid, a->grbit)
CALL(JetGetObjectInfoA, a->sesid, a->dbid, a->number, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetObjectInfoW, a->sesid, a->dbid, a->number, NULL, NULL, NULL, a->size, a->number)
CALL(JetGetRecordPosition, a->sesid, a->tableid, NULL, a->size)
CALL(JetGetRecordSize, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetGetRecordSize2, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetGetSecondaryIndexBookmark, a->sesid, a->tableid, NULL, a->size, NULL, NULL, a->size, NULL, a->grbit)
CALL(JetGetSessionParameter, a->sesid, a->number, NULL, a->size, NULL)
CALL(JetGetSystemParameterA, a->instance, a->sesid, a->number, NULL, NULL, a->size)
CALL(JetGetSystemParameterW, a->instance, a->sesid, a->number, NULL, NULL, a->size)
CALL(JetGetTableColumnInfoA, a->sesid, a->tableid, NULL, NULL, a->size, a->number)
CALL(JetGetTableColumnInfoW, a->sesid, a->tableid, NULL, NULL, a->size, a->number)
CALL(JetGetTableIndexInfoA, a->sesid, a->tableid, NULL, NULL, a->size, a->number)
CALL(JetGetTableIndexInfoW, a->sesid, a->tableid, NULL, NULL, a->size, a->number)
CALL(JetGetTableInfoA, a->sesid, a->tableid, NULL, a->size, a->number)
CALL(JetGetTableInfoW, a->sesid, a->tableid, NULL, a->size, a->number)
CALL(JetGetThreadStats, NULL, a->size)
CALL(JetGetVersion, a->sesid, NULL)
CALL(JetGotoBookmark, a->sesid, a->tableid, NULL, a->size)
CALL(JetGotoPosition, a->sesid, a->tableid, NULL)
CALL(JetGotoSecondaryIndexBookmark, a->sesid, a->tableid, NULL, a->size, NULL, a->size, a->grbit)
CALL(JetIdle, a->sesid, a->grbit)
CALL(JetIndexRecordCount, a->sesid, a->tableid, NULL, a->size)
CALL(JetInit, NULL)
CALL(JetInit2, NULL, a->grbit)
CALL(JetInit3A, NULL, NULL, a->grbit)
CALL(JetInit3W, NULL, NULL, a->grbit)
CALL(JetIntersectIndexes, a->sesid, NULL, a->size, NULL, a->grbit)
CALL(JetMakeKey, a->sesid, a->tableid, NULL, a->size, a->grbit)
CALL(JetMove, a->sesid, a->tableid, (int32_t)a->number, a->grbit)
CALL(JetOpenDatabaseA, a->sesid, NULL, NULL, NULL, a->grbit)
CALL(JetOpenDatabaseW, a->sesid, NULL, NULL, NULL, a->grbit)
CALL(JetOpenTableA, a->sesid, a->dbid, NULL, NULL, a->size, a->grbit, NULL)
CALL(JetOpenTableW, a->sesid, a->dbid, NULL, NULL, a->size, a->grbit, NULL)
CALL(JetOpenTempTable, a->sesid, NULL, a->size, a->grbit, NULL, NULL)
CALL(JetOpenTempTable2, a->sesid, NULL, a->size, a->number, a->grbit, NULL, NULL)
CALL(JetOpenTempTable3, a->sesid, NULL, a->size, NULL, a->grbit, NULL, NULL)
CALL(JetOpenTemporaryTable, a->sesid, NULL)
CALL(JetOpenTemporaryTable2, a->sesid, NULL)
CALL(JetPrepareUpdate, a->sesid, a->tableid, a->number)
CALL(JetPrereadIndexRanges, a->sesid, a->tableid, NULL, a->size, NULL, NULL, a->size, a->grbit)
CALL(JetPrereadKeys, a->sesid, a->tableid, NULL, NULL, (int32_t)a->size, NULL, a->grbit)
CALL(JetRegisterCallback, a->sesid, a->tableid, a->size, NULL, NULL, NULL)
CALL(JetResetSessionContext, a->sesid)
CALL(JetResetTableSequential, a->sesid, a->tableid, a->grbit)
CALL(JetRetrieveColumn, a->sesid, a->tableid, a->number, NULL, a->size, NULL, a->grbit, NULL)
CALL(JetRetrieveColumns, a->sesid, a->tableid, NULL, a->size)
CALL(JetRetrieveKey, a->sesid, a->tableid, NULL, a->size, NULL, a->grbit)
CALL(JetRollback, a->sesid, a->grbit)
CALL(JetSeek, a->sesid, a->tableid, a->grbit)
CALL(JetSetColumn, a->sesid, a->tableid, a->number, NULL, a->size, a->grbit, NULL)
CALL(JetSetColumns, a->sesid, a->tableid, NULL, a->size)
CALL(JetSetCurrentIndex2A, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetSetCurrentIndex2W, a->sesid, a->tableid, NULL, a->grbit)
CALL(JetSetCurrentIndex3A, a->sesid, a->tableid, NULL, a->grbit, a->number)
CALL(JetSetCurrentIndex3W, a->sesid, a->tableid, NULL, a->grbit, a->number)
CALL(JetSetCurrentIndex4A, a->sesid, a->tableid, NULL, NULL, a->grbit, a->number)
CALL(JetSetCurrentIndex4W, a->sesid, a->tableid, NULL, NULL, a->grbit, a->number)
CALL(JetSetCurrentIndexA, a->sesid, a->tableid, NULL)
CALL(JetSetCurrentIndexW, a->sesid, a->tableid, NULL)
CALL(JetSetCursorFilter, a->sesid, a->tableid, NULL, a->size, a->grbit)
CALL(JetSetIndexRange, a->sesid, a->tableid, a->grbit)
CALL(JetSetLS, a->sesid, a->tableid, a->number, a->grbit)
CALL(JetSetSessionContext, a->sesid, a->number)
CALL(JetSetSessionParameter, a->sesid, a->number, NULL, a->size)
CALL(JetSetSystemParameterA, NULL, a->sesid, a->number, 0, NULL)
CALL(JetSetSystemParameterW, NULL, a->sesid, a->number, 0, NULL)
CALL(JetSetTableSequential, a->sesid, a->tableid, a->grbit)
CALL(JetStopServiceInstance, a->instance)
CALL(JetStopServiceInstance2, a->instance, a->grbit)
CALL(JetTerm, a->instance)
CALL(JetTerm2, a->instance, a->grbit)
CALL(JetUnregisterCallback, a->sesid, a->tableid, a->size, a->number)
CALL(JetUpdate, a->sesid, a->tableid, NULL, a->size, NULL)
CALL(JetUpdate2, a->sesid, a->tableid, NULL, a->size, NULL, a->grbit)
/* clang-format on */

typedef enum subject { ON_NOTHING, ON_INSTANCE, ON_SESSION, ON_CURSOR } subject;

typedef struct row {
    const char *name;
    call_function *call;
    subject subject;
    JET_ERR empty; /* on a live subject, with 0 for every number */
    JET_ERR sized; /* the same with a size of 1000: a buffer is promised, and there is none */
} row;

/* clang-format off */
#define ROW(function, subject, empty, sized) {#function, call_##function, subject, empty, sized},

static const row rows[] = {
    ROW(JetAttachDatabase2A, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetAttachDatabase2W, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetAttachDatabaseA, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetAttachDatabaseW, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetBeginSessionA, ON_INSTANCE, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetBeginSessionW, ON_INSTANCE, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetBeginTransaction, ON_SESSION, JET_errSuccess, JET_errSuccess)
    ROW(JetBeginTransaction2, ON_SESSION, JET_errSuccess, JET_errSuccess)
    ROW(JetBeginTransaction3, ON_SESSION, JET_errSuccess, JET_errSuccess)
    ROW(JetCloseDatabase, ON_SESSION, JET_errSuccess, JET_errSuccess)
    ROW(JetCloseTable, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetCommitTransaction, ON_SESSION, JET_errNotInTransaction, JET_errNotInTransaction)
    ROW(JetCommitTransaction2, ON_SESSION, JET_errNotInTransaction, JET_errNotInTransaction)
    ROW(JetCreateInstance2A, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetCreateInstance2W, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetCreateInstanceA, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetCreateInstanceW, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetDelete, ON_CURSOR, JET_errPermissionDenied, JET_errPermissionDenied)
    ROW(JetDetachDatabase2A, ON_SESSION, JET_errDatabaseInUse, JET_errDatabaseInUse)
    ROW(JetDetachDatabase2W, ON_SESSION, JET_errDatabaseInUse, JET_errDatabaseInUse)
    ROW(JetDetachDatabaseA, ON_SESSION, JET_errDatabaseInUse, JET_errDatabaseInUse)
    ROW(JetDetachDatabaseW, ON_SESSION, JET_errDatabaseInUse, JET_errDatabaseInUse)
    ROW(JetDupCursor, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetDupSession, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetEnableMultiInstanceA, ON_NOTHING, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetEnableMultiInstanceW, ON_NOTHING, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetEndSession, ON_SESSION, JET_errSuccess, JET_errSuccess)
    ROW(JetEnumerateColumns, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetFreeBuffer, ON_NOTHING, JET_errSuccess, JET_errSuccess)
    ROW(JetGetAttachInfoA, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetGetAttachInfoInstanceA, ON_INSTANCE, JET_errNoBackup, JET_errNoBackup)
    ROW(JetGetAttachInfoInstanceW, ON_INSTANCE, JET_errNoBackup, JET_errNoBackup)
    ROW(JetGetAttachInfoW, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetGetBookmark, ON_CURSOR, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetColumnInfoA, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetColumnInfoW, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetCurrentIndexA, ON_CURSOR, JET_wrnBufferTruncated, JET_wrnBufferTruncated)
    ROW(JetGetCurrentIndexW, ON_CURSOR, JET_wrnBufferTruncated, JET_wrnBufferTruncated)
    ROW(JetGetCursorInfo, ON_CURSOR, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetGetDatabaseFileInfoA, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetDatabaseFileInfoW, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetDatabaseInfoA, ON_SESSION, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetDatabaseInfoW, ON_SESSION, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetErrorInfoW, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetIndexInfoA, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetIndexInfoW, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetInstanceInfoA, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetInstanceInfoW, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetInstanceMiscInfo, ON_INSTANCE, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetLS, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetLock, ON_CURSOR, JET_errInvalidGrbit, JET_errInvalidGrbit)
    ROW(JetGetObjectInfoA, ON_SESSION, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetObjectInfoW, ON_SESSION, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetRecordPosition, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetRecordSize, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetRecordSize2, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetSecondaryIndexBookmark, ON_CURSOR, JET_errNoCurrentIndex, JET_errNoCurrentIndex)
    ROW(JetGetSessionParameter, ON_SESSION, JET_errInvalidSesparamId, JET_errInvalidSesparamId)
    ROW(JetGetSystemParameterA, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetSystemParameterW, ON_NOTHING, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGetTableColumnInfoA, ON_CURSOR, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetTableColumnInfoW, ON_CURSOR, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetTableIndexInfoA, ON_CURSOR, JET_wrnBufferTruncated, JET_errInvalidParameter)
    ROW(JetGetTableIndexInfoW, ON_CURSOR, JET_wrnBufferTruncated, JET_errInvalidParameter)
    ROW(JetGetTableInfoA, ON_CURSOR, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetTableInfoW, ON_CURSOR, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetThreadStats, ON_NOTHING, JET_errBufferTooSmall, JET_errInvalidParameter)
    ROW(JetGetVersion, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGotoBookmark, ON_CURSOR, JET_errInvalidBookmark, JET_errInvalidBookmark)
    ROW(JetGotoPosition, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetGotoSecondaryIndexBookmark, ON_CURSOR, JET_errNoCurrentIndex, JET_errNoCurrentIndex)
    ROW(JetIdle, ON_SESSION, JET_wrnNoIdleActivity, JET_wrnNoIdleActivity)
    ROW(JetIndexRecordCount, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetInit, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetInit2, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetInit3A, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetInit3W, ON_NOTHING, JET_errRunningInMultiInstanceMode, JET_errRunningInMultiInstanceMode)
    ROW(JetIntersectIndexes, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetMakeKey, ON_CURSOR, JET_errKeyNotMade, JET_errKeyNotMade)
    ROW(JetMove, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetOpenDatabaseA, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetOpenDatabaseW, ON_SESSION, JET_errDatabaseInvalidPath, JET_errDatabaseInvalidPath)
    ROW(JetOpenTableA, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTableW, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTempTable, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTempTable2, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTempTable3, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTemporaryTable, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetOpenTemporaryTable2, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetPrepareUpdate, ON_CURSOR, JET_errPermissionDenied, JET_errPermissionDenied)
    ROW(JetPrereadIndexRanges, ON_CURSOR, JET_errInvalidGrbit, JET_errInvalidGrbit)
    ROW(JetPrereadKeys, ON_CURSOR, JET_errInvalidGrbit, JET_errInvalidGrbit)
    ROW(JetRegisterCallback, ON_CURSOR, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetResetSessionContext, ON_SESSION, JET_errSessionContextNotSetByThisThread, JET_errSessionContextNotSetByThisThread)
    ROW(JetResetTableSequential, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetRetrieveColumn, ON_CURSOR, JET_wrnColumnNull, JET_wrnColumnNull)
    ROW(JetRetrieveColumns, ON_CURSOR, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetRetrieveKey, ON_CURSOR, JET_wrnBufferTruncated, JET_wrnBufferTruncated)
    ROW(JetRollback, ON_SESSION, JET_errNotInTransaction, JET_errNotInTransaction)
    ROW(JetSeek, ON_CURSOR, JET_errKeyNotMade, JET_errKeyNotMade)
    ROW(JetSetColumn, ON_CURSOR, JET_errPermissionDenied, JET_errPermissionDenied)
    ROW(JetSetColumns, ON_CURSOR, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetSetCurrentIndex2A, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndex2W, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndex3A, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndex3W, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndex4A, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndex4W, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndexA, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCurrentIndexW, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetSetCursorFilter, ON_CURSOR, JET_errSuccess, JET_errInvalidParameter)
    ROW(JetSetIndexRange, ON_CURSOR, JET_errKeyNotMade, JET_errKeyNotMade)
    ROW(JetSetLS, ON_CURSOR, JET_errLSCallbackNotSpecified, JET_errLSCallbackNotSpecified)
    ROW(JetSetSessionContext, ON_SESSION, JET_errInvalidParameter, JET_errInvalidParameter)
    ROW(JetSetSessionParameter, ON_SESSION, JET_errInvalidSesparamId, JET_errInvalidSesparamId)
    ROW(JetSetSystemParameterA, ON_NOTHING, JET_errAlreadyInitialized, JET_errAlreadyInitialized)
    ROW(JetSetSystemParameterW, ON_NOTHING, JET_errAlreadyInitialized, JET_errAlreadyInitialized)
    ROW(JetSetTableSequential, ON_CURSOR, JET_errSuccess, JET_errSuccess)
    ROW(JetStopServiceInstance, ON_INSTANCE, JET_errSuccess, JET_errSuccess)
    ROW(JetStopServiceInstance2, ON_INSTANCE, JET_errSuccess, JET_errSuccess)
    ROW(JetTerm, ON_INSTANCE, JET_errSuccess, JET_errSuccess)
    ROW(JetTerm2, ON_INSTANCE, JET_errSuccess, JET_errSuccess)
    ROW(JetUnregisterCallback, ON_CURSOR, JET_wrnCallbackNotRegistered, JET_wrnCallbackNotRegistered)
    ROW(JetUpdate, ON_CURSOR, JET_errUpdateNotPrepared, JET_errUpdateNotPrepared)
    ROW(JetUpdate2, ON_CURSOR, JET_errUpdateNotPrepared, JET_errUpdateNotPrepared)
};
/* clang-format on */

enum { N_ROWS = sizeof rows / sizeof rows[0], SIZED = 1000 };

/* ---- The scene: everything that a handle can stand for ---- */

typedef enum tableid_kind {
    TABLE_PRIMARY,
    TABLE_SECONDARY,
    TABLE_WITHOUT_INDEX,
    TABLE_TEMPORARY,
    TABLE_CLOSED,
    TABLE_OF_ANOTHER_SESSION,
    TABLE_ZERO,
    TABLE_NIL,
    TABLE_RANDOM,
    N_TABLE_KINDS
} tableid_kind;

typedef enum sesid_kind {
    SESSION_LIVE,
    SESSION_ENDED,
    SESSION_ZERO,
    SESSION_NIL,
    SESSION_RANDOM,
    SESSION_IS_A_CURSOR,
    SESSION_IS_AN_INSTANCE,
    N_SESSION_KINDS
} sesid_kind;

typedef struct scene {
    test_session live;
    JET_SESID other;
    JET_SESID sesids[N_SESSION_KINDS];
    JET_TABLEID tableids[N_TABLE_KINDS];
} scene;

static JET_TABLEID
open_table(JET_SESID sesid, JET_DBID dbid, const char *name, const char *index)
{
    JET_TABLEID tableid = 0;

    TEST_OK(JetOpenTableA(sesid, dbid, name, NULL, 0, 0, &tableid));
    if (index != NULL)
        TEST_OK(JetSetCurrentIndexA(sesid, tableid, index));
    return tableid;
}

static JET_TABLEID
open_temporary(JET_SESID sesid)
{
    const JET_COLUMNDEF column = {
        .cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID columnid;
    JET_TABLEID tableid = 0;

    TEST_OK(JetOpenTempTable(sesid, &column, 1, JET_bitTTUpdatable, &tableid, &columnid));
    return tableid;
}

static bool
open_scene(scene *s)
{
    const char *path = test_fixture("cursors-4k.edb");
    JET_DBID dbid;

    if (path == NULL)
        return false;
    *s = (scene){.live = test_session_open(path, 0)};
    TEST_OK(JetDupSession(s->live.sesid, &s->other));
    TEST_OK(JetOpenDatabaseA(s->other, path, NULL, &dbid, 0));
    s->tableids[TABLE_PRIMARY] = open_table(s->live.sesid, s->live.dbid, "seek", NULL);
    s->tableids[TABLE_SECONDARY] = open_table(s->live.sesid, s->live.dbid, "seek", "byn");
    s->tableids[TABLE_WITHOUT_INDEX] = open_table(s->live.sesid, s->live.dbid, "arrival", NULL);
    s->tableids[TABLE_TEMPORARY] = open_temporary(s->live.sesid);
    s->tableids[TABLE_CLOSED] = open_table(s->live.sesid, s->live.dbid, "seek", NULL);
    TEST_OK(JetCloseTable(s->live.sesid, s->tableids[TABLE_CLOSED]));
    s->tableids[TABLE_OF_ANOTHER_SESSION] = open_table(s->other, dbid, "seek", NULL);
    s->tableids[TABLE_NIL] = JET_tableidNil;
    s->tableids[TABLE_RANDOM] = 0x123456789abcdef0;
    s->sesids[SESSION_LIVE] = s->live.sesid;
    TEST_OK(JetDupSession(s->live.sesid, &s->sesids[SESSION_ENDED]));
    TEST_OK(JetEndSession(s->sesids[SESSION_ENDED], 0));
    s->sesids[SESSION_NIL] = JET_sesidNil;
    s->sesids[SESSION_RANDOM] = 0x0fedcba987654321;
    s->sesids[SESSION_IS_A_CURSOR] = s->tableids[TABLE_PRIMARY];
    s->sesids[SESSION_IS_AN_INSTANCE] = s->live.instance;
    return true;
}

/* The other session and its cursor work, whatever was called; nothing is lost. JetTerm may have come first. */
static void
close_scene(scene *s)
{
    JET_ERR err =
        JetMove(s->other, s->tableids[TABLE_OF_ANOTHER_SESSION], (int32_t)JET_MoveFirst, 0);

    assert_true(err == JET_errSuccess || err == JET_errNotInitialized ||
                err == JET_errInvalidSesid || err == JET_errClientRequestToStopJetService);
    JetRollback(s->live.sesid, JET_bitRollbackAll); /* a transaction may have been begun */
    err = JetTerm(s->live.instance);
    assert_true(err == JET_errSuccess || err == JET_errInvalidInstance);
}

static arguments
arguments_of(const scene *s, sesid_kind session, tableid_kind table)
{
    return (arguments){.instance = s->live.instance,
                       .sesid = s->sesids[session],
                       .dbid = s->live.dbid,
                       .tableid = s->tableids[table]};
}

static JET_ERR
call(const row *what, const arguments *a)
{
    JET_ERR err = what->call(a);

    if (err < JET_wrnNyi && (ese_error_name(err) == NULL || err == JET_errInternalError))
        fail_msg("%s -> %d, which is no documented code", what->name, (int)err);
    return err;
}

/* ---- Tests ---- */

static void
test_api_null_arguments__give_the_documented_code(void **state)
{
    scene s;
    unsigned n_wrong = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        for (uint32_t size = 0; size <= SIZED; size += SIZED) {
            JET_ERR expected = size == 0 ? rows[i].empty : rows[i].sized, err;
            arguments a;

            if (!open_scene(&s))
                skip();
            a = arguments_of(&s, SESSION_LIVE, TABLE_PRIMARY);
            a.size = size;
            err = call(&rows[i], &a);
            if (err != expected) {
                n_wrong++;
                print_error("%s, size %u -> %d, not %d\n", rows[i].name, (unsigned)size, (int)err,
                            (int)expected);
            }
            close_scene(&s);
        }
    }
    assert_int_equal(n_wrong, 0);
}

/* Any size, number and option beside NULL, on cursors of every kind. */
static void
test_api_null_arguments__never_crash(void **state)
{
    enum { N_SIZES = 7, N_NUMBERS = 14, N_GRBITS = 7 };
    static const uint32_t sizes[N_SIZES] = {0, 1, 4, 300, 0x7fffffff, 0x80000000, 0xffffffff};
    static const uint32_t numbers[N_NUMBERS] = {0, 1, 2,  3,  4,          5,          6,
                                                7, 9, 11, 14, 0x40000000, 0x80000000, 0xffffffff};
    static const JET_GRBIT grbits[N_GRBITS] = {0, 1, 2, 4, 8, 0xff, 0xffffffff};
    scene s;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        unsigned n_kinds = rows[i].subject == ON_CURSOR ? TABLE_TEMPORARY + 1 : 1;

        for (unsigned kind = 0; kind < n_kinds; kind++) {
            if (!open_scene(&s))
                skip();
            for (size_t k = 0; k < N_SIZES * N_NUMBERS * N_GRBITS; k++) {
                arguments a = arguments_of(&s, SESSION_LIVE, (tableid_kind)kind);

                a.size = sizes[k % N_SIZES];
                a.number = numbers[k / N_SIZES % N_NUMBERS];
                a.grbit = grbits[k / (N_SIZES * N_NUMBERS)];
                call(&rows[i], &a);
            }
            close_scene(&s);
        }
    }
}

static void
test_api_wrong_handles__are_told_apart_from_wrong_arguments(void **state)
{
    scene s;

    (void)state;
    if (!open_scene(&s))
        skip();
    for (size_t i = 0; i < N_ROWS; i++) {
        for (unsigned kind = SESSION_ENDED; kind < N_SESSION_KINDS; kind++) {
            arguments a = arguments_of(&s, (sesid_kind)kind, TABLE_PRIMARY);
            JET_ERR err = rows[i].subject < ON_SESSION ? JET_errInvalidSesid : call(&rows[i], &a);

            if (err != JET_errInvalidSesid && err != rows[i].empty)
                fail_msg("%s with session %u -> %d", rows[i].name, kind, (int)err);
        }
        for (unsigned kind = TABLE_CLOSED; kind < N_TABLE_KINDS; kind++) {
            arguments a = arguments_of(&s, SESSION_LIVE, (tableid_kind)kind);
            JET_ERR expected = kind == TABLE_OF_ANOTHER_SESSION ? JET_errSesidTableIdMismatch
                                                                : JET_errInvalidTableId;
            JET_ERR err = rows[i].subject != ON_CURSOR ? expected : call(&rows[i], &a);

            if (err != expected && (err != rows[i].empty || err >= JET_errSuccess))
                fail_msg("%s with table %u -> %d", rows[i].name, kind, (int)err);
        }
    }
    close_scene(&s);
}

static void
test_api_wrong_handles__of_instances(void **state)
{
    static const JET_INSTANCE instances[] = {0, JET_instanceNil, 0x0fedcba987654321};
    scene s;

    (void)state;
    if (!open_scene(&s))
        skip();
    for (size_t i = 0; i < N_ROWS; i++) {
        for (size_t k = 0; k < 3 && rows[i].subject == ON_INSTANCE; k++) {
            arguments a = arguments_of(&s, SESSION_LIVE, TABLE_PRIMARY);
            JET_ERR err;

            a.instance = instances[k];
            err = call(&rows[i], &a);
            if (err != JET_errInvalidInstance && err != JET_errInvalidParameter)
                fail_msg("%s with instance %zu -> %d", rows[i].name, k, (int)err);
        }
    }
    close_scene(&s);
}

static void
test_api_wrong_handles__of_databases(void **state)
{
    static const JET_DBID dbids[] = {0, 2, 0x10, 0x7fffffff, JET_dbidNil};
    scene s;

    (void)state;
    if (!open_scene(&s))
        skip();
    for (size_t k = 0; k < sizeof dbids / sizeof dbids[0]; k++) {
        JET_SESID sesid = s.live.sesid;
        JET_TABLEID tableid;
        char room[2000];

        assert_int_equal(JetOpenTableA(sesid, dbids[k], "seek", NULL, 0, 0, &tableid),
                         JET_errInvalidDatabaseId);
        assert_int_equal(JetGetDatabaseInfoA(sesid, dbids[k], room, 4, JET_DbInfoPageSize),
                         JET_errInvalidDatabaseId);
        assert_int_equal(
            JetGetColumnInfoA(sesid, dbids[k], "seek", "id", room, sizeof room, JET_ColInfo),
            JET_errInvalidDatabaseId);
        assert_int_equal(
            JetGetIndexInfoA(sesid, dbids[k], "seek", NULL, room, sizeof room, JET_IdxInfoCount),
            JET_errInvalidDatabaseId);
        assert_int_equal(JetGetObjectInfoA(sesid, dbids[k], JET_objtypTable, NULL, "seek", room,
                                           sizeof room, JET_ObjInfo),
                         JET_errInvalidDatabaseId);
        assert_int_equal(JetCloseDatabase(sesid, dbids[k], 0), JET_errInvalidDatabaseId);
    }
    close_scene(&s);
}

/* Arrays that are there, of elements that promise bytes and have none. */
static void
test_api_null_arguments__inside_arrays(void **state)
{
    const void *keys[2] = {NULL, NULL};
    const uint32_t sizes[2] = {5, 5};
    JET_INDEX_COLUMN columns[2] = {{.cb = 4}, {.cb = 4}};
    const JET_INDEX_RANGE promised = {.cStartColumns = 1};
    const JET_INDEX_RANGE filled = {.rgStartColumns = columns, .cStartColumns = 1};
    JET_RETRIEVECOLUMN wanted[2] = {{.cbData = 1000, .itagSequence = 1}, {.cbData = 1000}};
    JET_INDEXRANGE ranges[2] = {{0}};
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    JET_OPENTEMPORARYTABLE temporary = {.cbStruct = sizeof temporary, .ccolumn = 7};
    scene s;
    JET_SESID sesid;
    JET_TABLEID tableid;

    (void)state;
    if (!open_scene(&s))
        skip();
    sesid = s.live.sesid;
    tableid = s.tableids[TABLE_PRIMARY];
    columns[0].columnid = columns[1].columnid = 1;
    assert_int_equal(JetPrereadKeys(sesid, tableid, keys, sizes, 2, NULL, JET_bitPrereadForward),
                     JET_errInvalidParameter);
    assert_int_equal(
        JetPrereadIndexRanges(sesid, tableid, &promised, 1, NULL, NULL, 0, JET_bitPrereadForward),
        JET_errInvalidParameter);
    assert_int_equal(
        JetPrereadIndexRanges(sesid, tableid, &filled, 1, NULL, NULL, 0, JET_bitPrereadForward),
        JET_errInvalidParameter);
    assert_int_equal(
        JetPrereadIndexRanges(sesid, tableid, NULL, 0, NULL, NULL, 3, JET_bitPrereadForward),
        JET_errInvalidParameter);
    assert_int_equal(JetSetCursorFilter(sesid, tableid, columns, 1, 0), JET_errInvalidBufferSize);
    wanted[0].columnid = wanted[1].columnid = 1;
    assert_int_equal(JetRetrieveColumns(sesid, tableid, wanted, 2), JET_wrnBufferTruncated);
    assert_int_equal(wanted[0].cbActual, 4);
    assert_int_equal(JetIntersectIndexes(sesid, ranges, 2, &list, 0), JET_errInvalidParameter);
    assert_int_equal(JetOpenTemporaryTable(sesid, &temporary), JET_errInvalidParameter);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_null_arguments__give_the_documented_code),
        API_TEST(test_api_null_arguments__never_crash),
        API_TEST(test_api_wrong_handles__are_told_apart_from_wrong_arguments),
        API_TEST(test_api_wrong_handles__of_instances),
        API_TEST(test_api_wrong_handles__of_databases),
        API_TEST(test_api_null_arguments__inside_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
