/* From handles to databases and cursors, for the files of this folder that work on them. */
#pragma once

#include "api/api.h"
#include "table/table.h"

/* JET_errInvalidDatabaseId when `dbid` is no database this session has open. */
JET_ERR ese_api_find_database(ese_api_session *session, JET_DBID dbid,
                              ese_api_database **database_out);

ese_schema *ese_api_database_schema(ese_api_database *database);
const char *ese_api_database_path(const ese_api_database *database);
JET_DBID ese_api_database_dbid(const ese_api_database *database);

/* JET_errInvalidTableId when `tableid` is no live cursor of this session. */
JET_ERR ese_api_find_cursor(ese_api_session *session, JET_TABLEID tableid,
                            ese_table_cursor **cursor_out);

/* The same, brought up to date with what the session sees now: for every call but closing. */
JET_ERR ese_api_sync_cursor(ese_api_session *session, JET_TABLEID tableid,
                            ese_table_cursor **cursor_out);

/* ese_api_enter and ese_api_sync_cursor in one; ends with ese_api_leave when it succeeds. */
JET_ERR ese_api_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, ese_api_session **session_out,
                             ese_table_cursor **cursor_out);

/*
 * Calls the callbacks of a kind that are registered for the table of the cursor, newest first; the first that refuses ends it, and its code is returned. They may make
 * calls of their own: session and cursor are found again. After an error *session_inout is NULL when the session is gone, and there is nothing to leave.
 */
JET_ERR ese_api_fire(ese_api_session **session_inout, ese_table_cursor **cursor_inout,
                     JET_CBTYP kind);

/* A whole call on a cursor: enters, runs `work`, leaves. */
typedef JET_ERR ese_api_cursor_work(ese_table_cursor *cursor, void *arguments);

JET_ERR ese_api_on_cursor(JET_SESID sesid, JET_TABLEID tableid, ese_api_cursor_work *work,
                          void *arguments);

/* Gives a new cursor its handle; on failure the cursor is closed. */
JET_ERR ese_api_publish_cursor(ese_api_session *session, ese_table_cursor *cursor,
                               JET_TABLEID *tableid_out);

/*
 * Gives a new cursor on a table of `database` (NULL: temporary) its place among those of the table, and a handle; on failure the cursor is closed. JET_errTableLocked,
 * JET_errTableInUse.
 */
JET_ERR ese_api_admit_cursor(ese_api_session *session, ese_api_database *database,
                             ese_table_cursor *cursor, JET_GRBIT grbit, JET_TABLEID *tableid_out);

/* Closes a cursor and retires its handle. */
void ese_api_close_cursor(ese_api_session *session, ese_table_cursor *cursor);

/* The part of `grbit` that a function knows; JET_errInvalidGrbit when there is more. */
JET_ERR ese_api_check_grbit(JET_GRBIT grbit, JET_GRBIT known);

/* Text out as a NUL-terminated UTF-16 string; JET_errBufferTooSmall. `room` in bytes. */
JET_ERR ese_api_give_wide(const char *utf8, void *to, uint32_t room);

/* JET_errInvalidName for what cannot be the name of a table, column or index (or is NULL). */
JET_ERR ese_api_check_name(const char *name);

/* The id of an index, for JetSetCurrentIndex4. */
void ese_api_index_id(const ese_schema_table *table, const ese_schema_index *index,
                      JET_INDEXID *id_out);
