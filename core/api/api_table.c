/* Cursors: open, close, duplicate, and what becomes of them when a session ends or a transaction is rolled back. */
#include "api/api_database.h"
#include "api/api_table_use.h"

enum {
    NAME_MAX = ESE_SCHEMA_NAME_MAX,
    DENY_BITS = JET_bitTableDenyRead | JET_bitTableDenyWrite, /* of one cursor, not of its twins */
};

/* ---- Handles ---- */

JET_ERR
ese_api_find_cursor(ese_api_session *session, JET_TABLEID tableid, ese_table_cursor **cursor_out)
{
    ese_table_cursor *cursor = ese_api_cursor_find(session, tableid);

    if (cursor == NULL)
        return ese_api_cursor_error(session, tableid);
    *cursor_out = cursor;
    return JET_errSuccess;
}

JET_ERR
ese_api_sync_cursor(ese_api_session *session, JET_TABLEID tableid, ese_table_cursor **cursor_out)
{
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_find_cursor(session, tableid, &cursor);

    if (err >= JET_errSuccess)
        err = ese_table_sync(cursor);
    if (err >= JET_errSuccess)
        *cursor_out = cursor;
    return err;
}

JET_ERR
ese_api_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, ese_api_session **session_out,
                     ese_table_cursor **cursor_out)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    err = ese_api_sync_cursor(session, tableid, cursor_out);
    if (err < JET_errSuccess)
        ese_api_leave(session, err);
    else
        *session_out = session;
    return err;
}

JET_ERR
ese_api_on_cursor(JET_SESID sesid, JET_TABLEID tableid, ese_api_cursor_work *work, void *arguments)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    return err < JET_errSuccess ? err : ese_api_leave(session, work(cursor, arguments));
}

JET_ERR
ese_api_publish_cursor(ese_api_session *session, ese_table_cursor *cursor, JET_TABLEID *tableid_out)
{
    JET_TABLEID tableid = 0;
    JET_ERR err = ese_api_cursor_handle_create(session, cursor, &tableid);

    if (err < JET_errSuccess) {
        ese_api_table_use_leave(cursor);
        ese_table_close(&cursor);
        return err;
    }
    ese_table_owner_of(cursor)->handle = tableid;
    *tableid_out = tableid;
    return JET_errSuccess;
}

void
ese_api_close_cursor(ese_api_session *session, ese_table_cursor *cursor)
{
    ese_api_cursor_handle_retire(session, ese_table_owner_of(cursor)->handle);
    ese_api_table_use_leave(cursor);
    ese_table_close(&cursor);
}

void
ese_api_cursors_close_all_of(ese_api_session *session)
{
    ese_list *cursors = &ese_api_session_txn(session)->cursors;

    while (!ese_list_is_empty(cursors))
        ese_api_close_cursor(session, ese_table_cursor_of(cursors->next));
}

/* Cursors opened within what is undone are closed; those that moved in it lose their place. */
void
ese_api_cursors_roll_back(ese_api_session *session, uint8_t level)
{
    ESE_LIST_FOREACH_SAFE (node, after, &ese_api_session_txn(session)->cursors) {
        ese_table_cursor *cursor = ese_table_cursor_of(node);

        if (ese_table_roll_back(cursor, level))
            ese_api_close_cursor(session, cursor);
    }
}

/* Ids, because a descriptor goes when its table is closed for long, and another one may get its address. */
uint64_t
ese_api_cursor_table_key(void *object)
{
    ese_table_cursor *cursor = object;
    const ese_api_database *database = ese_table_owner_of(cursor)->database;
    uint64_t dbid = database != NULL ? database->dbid : 0; /* 0: a temporary table */

    return dbid << 32 | ese_table_descriptor(cursor)->objid;
}

/* ---- Names ---- */

/* 1 to 64 characters, no control characters, no leading blank, none of . ! [ ] */
JET_ERR
ese_api_check_name(const char *name)
{
    size_t n = 0;

    for (const char *p = name; name != NULL && *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        n += (c & 0xc0) != 0x80;
        if (c < 0x20 || strchr(".![]", c) != NULL || (p == name && c == ' '))
            return ese_raise(JET_errInvalidName, "'%.64s' is not a name", name);
    }
    if (n == 0 || n > NAME_MAX)
        return ese_raise(JET_errInvalidName, "a name has 1 to %d characters", NAME_MAX);
    return JET_errSuccess;
}

/* ---- Open, duplicate, close ---- */

/* Gives a new cursor on a table of a database its place among those of the table, and a handle. On failure it is closed. */
JET_ERR
ese_api_admit_cursor(ese_api_session *session, ese_api_database *database, ese_table_cursor *cursor,
                     JET_GRBIT grbit, JET_TABLEID *tableid_out)
{
    JET_ERR err;

    ese_table_owner_of(cursor)->database = database;
    if ((grbit & JET_bitTableReadOnly) != 0)
        ese_table_set_read_only(cursor);
    if (database != NULL) {
        err = ese_api_table_use_enter(session, cursor, grbit);
        if (err < JET_errSuccess) {
            ese_table_close(&cursor);
            return err;
        }
    }
    return ese_api_publish_cursor(session, cursor, tableid_out);
}

static JET_ERR
open_table(ese_api_session *session, JET_DBID dbid, const char *name, JET_GRBIT grbit,
           JET_TABLEID *tableid_out)
{
    ese_api_database *database = NULL;
    ese_table_cursor *cursor = NULL;
    JET_ERR err;

    if (tableid_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the table id");
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    ESE_TRY(ese_api_check_name(name));
    if ((grbit & JET_bitTableDenyRead) && (grbit & JET_bitTableReadOnly))
        ESE_TRY(ese_raise(JET_errInvalidGrbit, "who denies reading wants to write"));
    if ((grbit & JET_bitTablePermitDDL) && !(grbit & JET_bitTableDenyRead))
        ESE_TRY(ese_raise(JET_errInvalidGrbit, "changes of the table need it for oneself"));
    ESE_TRY(ese_table_open(ese_api_session_txn(session), database->schema, name, &cursor));
    ESE_TRY(ese_api_admit_cursor(session, database, cursor, grbit, tableid_out));
out:
    return err;
}

static JET_ERR
dup_cursor(ese_api_session *session, JET_TABLEID tableid, JET_TABLEID *tableid_out)
{
    ese_table_cursor *cursor = NULL, *twin = NULL;
    ese_table_owner *owner;
    JET_ERR err;

    if (tableid_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the table id");
    ESE_TRY(ese_api_sync_cursor(session, tableid, &cursor));
    owner = ese_table_owner_of(cursor);
    ESE_TRY(ese_table_dup(cursor, &twin));
    ESE_TRY(ese_api_admit_cursor(session, owner->database, twin,
                                 owner->grbit & ~(JET_GRBIT)DENY_BITS, tableid_out));
out:
    return err;
}

static JET_ERR
close_table(ese_api_session *session, JET_TABLEID tableid)
{
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_find_cursor(session, tableid, &cursor);

    if (err >= JET_errSuccess)
        ese_api_close_cursor(session, cursor);
    return err;
}

JET_ERR
JetOpenTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, const void *pvParameters,
              uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    (void)pvParameters;
    (void)cbParameters;
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, open_table(session, dbid, szTableName, grbit, ptableid));
    return err;
}

JET_ERR
JetOpenTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName, const void *pvParameters,
              uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szTableName, &name);

    if (err >= JET_errSuccess)
        err = JetOpenTableA(sesid, dbid, name, pvParameters, cbParameters, grbit, ptableid);
    ese_free(&name);
    return err;
}

JET_ERR
JetDupCursor(JET_SESID sesid, JET_TABLEID tableid, JET_TABLEID *ptableid, JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    (void)grbit; /* reserved */
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, dup_cursor(session, tableid, ptableid));
    return err;
}

JET_ERR
JetCloseTable(JET_SESID sesid, JET_TABLEID tableid)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_CLOSING, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, close_table(session, tableid));
    return err;
}

JET_ERR
JetGetCursorInfo(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax,
                 uint32_t InfoLevel)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    bool found = false;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    (void)pvResult;
    if (cbMax != 0 || InfoLevel != 0)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "there is only level 0, without an answer"));
    ESE_TRY(ese_table_move(cursor, 0, ESE_TABLE_BY_ENTRY, &found));
    if (!found)
        err = ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
out:
    return ese_api_leave(session, err);
}

/* ---- Hints ---- */

static JET_ERR
set_sequential(JET_SESID sesid, JET_TABLEID tableid, bool is_sequential)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    ese_table_set_sequential(cursor, is_sequential);
    return ese_api_leave(session, JET_errSuccess);
}

JET_ERR
JetSetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    (void)grbit; /* direction: both are read ahead alike */
    return set_sequential(sesid, tableid, true);
}

JET_ERR
JetResetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    (void)grbit;
    return set_sequential(sesid, tableid, false);
}
