/*
 * Who has a table open, and on what terms: openings that deny others, tables that somebody deletes.
 */
#pragma once

#include "api/api_cursor.h"

/* What the cursors on one table have in common; lives while there is one, or while the table is being deleted. */
typedef struct ese_api_table_use ese_api_table_use;

enum { ESE_API_TABLE_USES = 64 }; /* buckets */

/* Of one database. */
typedef struct ese_api_table_uses {
    ese_api_table_use *buckets[ESE_API_TABLE_USES]; /* [lock: table uses] */
} ese_api_table_uses;

ese_api_table_uses *ese_api_database_table_uses(ese_api_database *database);

/*
 * Counts a cursor that has just been opened: JET_errTableLocked when somebody else has denied it, JET_errTableInUse when it asks for more than the others allow. Ends with
 * ese_api_table_use_leave.
 */
JET_ERR ese_api_table_use_enter(ese_api_session *session, ese_table_cursor *cursor,
                                JET_GRBIT grbit);
void ese_api_table_use_leave(ese_table_cursor *cursor); /* fine without enter */

/*
 * The session is about to delete the table: JET_errTableInUse when there is a cursor on it, JET_errTableLocked when somebody else deletes it. Others are locked out until the
 * transaction of the session ends, or is rolled back to before this. The session is in a statement.
 */
JET_ERR ese_api_table_use_delete(ese_api_session *session, ese_api_database *database,
                                 uint32_t objid);

/* Remembers which index the cursor follows, and asks whether any does: JET_errIndexInUse. */
void ese_api_table_use_set_index(ese_table_cursor *cursor, uint32_t objid);
JET_ERR ese_api_table_use_check_index(ese_table_cursor *cursor, uint32_t objid);
