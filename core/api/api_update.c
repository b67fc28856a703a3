/* JetPrepareUpdate, JetSetColumn(s), JetUpdate(2), JetDelete, JetEscrowUpdate, JetGetLock. */
#include "api/api_cursor.h"

#include "table/table_update.h"

static JET_ERR
do_prepare(ese_table_cursor *cursor, void *arguments)
{
    return ese_table_prepare_update(cursor, *(const uint32_t *)arguments);
}

JET_ERR JET_API
JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep)
{
    return ese_api_on_cursor(sesid, tableid, do_prepare, &prep);
}

/* ---- setting columns */

static JET_ERR
do_set_column(ese_table_cursor *cursor, void *arguments)
{
    ese_table_setting *setting = arguments;
    JET_ERR err = ese_table_set_column(cursor, setting);

    return err >= JET_errSuccess && setting->is_truncated ? JET_wrnColumnMaxTruncated : err;
}

JET_ERR JET_API
JetSetColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, const void *pvData,
             uint32_t cbData, JET_GRBIT grbit, JET_SETINFO *psetinfo)
{
    ese_table_setting setting = {
        .columnid = columnid,
        .data = pvData,
        .size = cbData,
        .grbit = grbit,
        .itag_sequence = 1,
    };

    if (psetinfo != NULL) {
        if (psetinfo->cbStruct != sizeof *psetinfo)
            return ese_raise(JET_errInvalidParameter, "JET_SETINFO of %u bytes",
                             (unsigned)psetinfo->cbStruct);
        setting.itag_sequence = psetinfo->itagSequence;
        setting.offset = psetinfo->ibLongValue;
    }
    return ese_api_on_cursor(sesid, tableid, do_set_column, &setting);
}

typedef struct set_columns {
    JET_SETCOLUMN *items;
    uint32_t n;
} set_columns;

/* Stops at the first failure; the elements from there on keep the error they had. */
static JET_ERR
do_set_columns(ese_table_cursor *cursor, void *arguments)
{
    const set_columns *list = arguments;

    if (list->items == NULL && list->n != 0)
        return ese_raise(JET_errInvalidParameter, "no columns to set");
    for (uint32_t i = 0; i < list->n; i++) {
        JET_SETCOLUMN *item = &list->items[i];
        ese_table_setting setting = {
            .columnid = item->columnid,
            .data = item->pvData,
            .size = item->cbData,
            .grbit = item->grbit,
            .itag_sequence = item->itagSequence,
            .offset = item->ibLongValue,
        };
        JET_ERR err = do_set_column(cursor, &setting);

        if (err < JET_errSuccess)
            return err;
        item->err = err;
    }
    return JET_errSuccess;
}

JET_ERR JET_API
JetSetColumns(JET_SESID sesid, JET_TABLEID tableid, JET_SETCOLUMN *psetcolumn, uint32_t csetcolumn)
{
    set_columns list = {psetcolumn, csetcolumn};

    return ese_api_on_cursor(sesid, tableid, do_set_columns, &list);
}

/* ---- finishing */

/* A change of a record with its callbacks: those before it may refuse it. */
typedef struct record_change {
    ese_api_session *session;
    ese_table_cursor *cursor;
    JET_CBTYP before, after;
} record_change;

typedef JET_ERR change_work(ese_table_cursor *cursor, void *arguments);

static JET_ERR
run_change(record_change *change, change_work *work, void *arguments)
{
    JET_ERR err = JET_errSuccess;

    if (change->before != JET_cbtypNull)
        ESE_TRY(ese_api_fire(&change->session, &change->cursor, change->before));
    ESE_TRY(work(change->cursor, arguments));
    if (change->after != JET_cbtypNull)
        ese_api_fire(&change->session, &change->cursor, change->after); /* too late to refuse */
out:
    return change->session != NULL ? ese_api_leave(change->session, err) : err;
}

typedef struct update_arguments {
    void *bookmark;
    uint32_t room;
    uint32_t *size_out;
} update_arguments;

static JET_ERR
do_update(ese_table_cursor *cursor, void *arguments)
{
    const update_arguments *update = arguments;
    uint32_t size = 0;
    JET_ERR err = ese_table_update(cursor, update->bookmark, update->room, &size);

    if (err >= JET_errSuccess && update->size_out != NULL)
        *update->size_out = size;
    return err;
}

static void
choose_callbacks(record_change *change)
{
    uint32_t prep = JET_prepCancel;

    if (ese_table_is_temporary(change->cursor) || !ese_table_is_updating(change->cursor, &prep))
        return;
    switch (prep) {
    case JET_prepReplace:
    case JET_prepReplaceNoLock:
    case JET_prepInsertCopyReplaceOriginal:
        change->before = JET_cbtypBeforeReplace;
        change->after = JET_cbtypAfterReplace;
        break;
    case JET_prepInsert:
    case JET_prepInsertCopy:
    case JET_prepInsertCopyDeleteOriginal:
        change->before = JET_cbtypBeforeInsert;
        change->after = JET_cbtypAfterInsert;
        break;
    default: break;
    }
}

JET_ERR JET_API
JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark,
           uint32_t *pcbActual, const JET_GRBIT grbit)
{
    update_arguments arguments = {pvBookmark, cbBookmark, pcbActual};
    record_change change = {0};
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &change.session, &change.cursor);

    (void)grbit; /* limits of Windows 2000, which no table here has; unknown options are ignored */
    if (err < JET_errSuccess)
        return err;
    choose_callbacks(&change);
    return run_change(&change, do_update, &arguments);
}

JET_ERR JET_API
JetUpdate(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark,
          uint32_t *pcbActual)
{
    return JetUpdate2(sesid, tableid, pvBookmark, cbBookmark, pcbActual, 0);
}

static JET_ERR
do_delete(ese_table_cursor *cursor, void *arguments)
{
    (void)arguments;
    return ese_table_delete(cursor);
}

JET_ERR JET_API
JetDelete(JET_SESID sesid, JET_TABLEID tableid)
{
    record_change change = {.before = JET_cbtypBeforeDelete, .after = JET_cbtypAfterDelete};
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &change.session, &change.cursor);

    if (err < JET_errSuccess)
        return err;
    if (ese_table_is_temporary(change.cursor))
        change.before = change.after = JET_cbtypNull;
    return run_change(&change, do_delete, NULL);
}

/* ---- escrow */

typedef struct escrow_arguments {
    ese_table_escrow escrow;
    void *old;
    uint32_t old_room;
    uint32_t *old_size_out;
} escrow_arguments;

static JET_ERR
do_escrow(ese_table_cursor *cursor, void *arguments)
{
    escrow_arguments *update = arguments;
    JET_ERR err;

    update->escrow.old_room = update->old != NULL ? update->old_room : 0;
    err = ese_table_escrow_update(cursor, &update->escrow);
    if (err < JET_errSuccess)
        return err;
    if (update->escrow.old_room != 0)
        memcpy(update->old, update->escrow.old, update->escrow.size);
    if (update->old_size_out != NULL)
        *update->old_size_out = update->escrow.size;
    return err;
}

JET_ERR JET_API
JetEscrowUpdate(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pv,
                uint32_t cbMax, void *pvOld, uint32_t cbOldMax, uint32_t *pcbOldActual,
                JET_GRBIT grbit)
{
    escrow_arguments arguments = {
        .escrow = {.columnid = columnid,
                   .delta = pv,
                   .size = pv != NULL ? cbMax : 0,
                   .survives_rollback = (grbit & JET_bitEscrowNoRollback) != 0},
        .old = pvOld,
        .old_room = cbOldMax,
        .old_size_out = pcbOldActual,
    };

    return ese_api_on_cursor(sesid, tableid, do_escrow,
                             &arguments); /* unknown options are ignored */
}

/* ---- locks */

static JET_ERR
do_lock(ese_table_cursor *cursor, void *arguments)
{
    return ese_table_lock(cursor, *(const JET_GRBIT *)arguments);
}

JET_ERR JET_API
JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    return ese_api_on_cursor(sesid, tableid, do_lock, &grbit);
}
