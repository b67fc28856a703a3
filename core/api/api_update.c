/* JetPrepareUpdate, JetSetColumn(s), JetUpdate(2), JetDelete, JetGetLock. */
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

JET_ERR JET_API
JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark,
           uint32_t *pcbActual, const JET_GRBIT grbit)
{
    update_arguments arguments = {pvBookmark, cbBookmark, pcbActual};

    (void)grbit; /* limits of Windows 2000, which no table here has; unknown options are ignored */
    return ese_api_on_cursor(sesid, tableid, do_update, &arguments);
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
    return ese_api_on_cursor(sesid, tableid, do_delete, NULL);
}

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
