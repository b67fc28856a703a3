/* Columns of the current record: JetRetrieveColumn(s), JetGetRecordSize, ese_get_row. */
#include "api/api_cursor.h"

#include "record/record.h"
#include "table/table_update.h"

/* ---- One column ---- */

static void
answer_retinfo(const ese_table_request *request, JET_RETINFO *retinfo)
{
    if (retinfo == NULL)
        return;
    retinfo->columnidNextTagged = request->next_tagged;
    if (request->grbit & JET_bitRetrieveTag)
        retinfo->itagSequence = request->itag_sequence;
}

static JET_ERR
retrieve_column(ese_table_cursor *cursor, ese_table_request *request, uint32_t *size_out,
                JET_RETINFO *retinfo)
{
    const ese_schema_column *column =
        ese_schema_find_column(ese_table_descriptor(cursor), request->columnid);
    bool is_tagged = column != NULL && column->fid >= ESE_RECORD_TAGGED_FIRST;
    JET_ERR err;

    if (request->itag_sequence == 0 && is_tagged)
        return ese_raise(JET_errBadItagSequence, "column '%s': values are counted from 1",
                         column->name);
    err = ese_table_retrieve(cursor, request);
    if (err < JET_errSuccess)
        return err;
    if (size_out != NULL)
        *size_out = request->size;
    answer_retinfo(request, retinfo);
    if (request->state == ESE_TABLE_NULL)
        return JET_wrnColumnNull;
    return request->size > (request->to != NULL ? request->room : 0) ? JET_wrnBufferTruncated
                                                                     : JET_errSuccess;
}

JET_ERR
JetRetrieveColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pvData,
                  uint32_t cbData, uint32_t *pcbActual, JET_GRBIT grbit, JET_RETINFO *pretinfo)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    ese_table_request request = {
        .columnid = columnid, .grbit = grbit, .itag_sequence = 1, .to = pvData, .room = cbData};
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    if (pretinfo != NULL) {
        if (pretinfo->cbStruct < sizeof *pretinfo)
            ESE_TRY(ese_raise(JET_errInvalidParameter, "the size of JET_RETINFO is not set"));
        request.itag_sequence = pretinfo->itagSequence;
        request.offset = pretinfo->ibLongValue;
    }
    err = retrieve_column(cursor, &request, pcbActual, pretinfo);
out:
    if (err < JET_errSuccess && pcbActual != NULL)
        *pcbActual = 0; /* programs rely on it: the size of what was not found is 0 */
    return ese_api_leave(session, err);
}

/* ---- Several columns ---- */

/* Sequence 0 asks for the number of values. Errors and warnings go into the element; only failures end the call. */
static JET_ERR
retrieve_element(ese_table_cursor *cursor, JET_RETRIEVECOLUMN *element)
{
    ese_table_request request = {
        .columnid = element->columnid,
        .grbit = element->grbit,
        .itag_sequence = element->itagSequence,
        .offset = element->ibLongValue,
        .to = element->pvData,
        .room = element->cbData,
    };
    JET_ERR err = ese_table_retrieve(cursor, &request);

    if (err < JET_errSuccess)
        return element->err = err;
    element->columnidNextTagged = request.next_tagged;
    element->cbActual = request.size;
    if (element->itagSequence == 0 && request.state == ESE_TABLE_NULL) {
        element->itagSequence = request.n_values;
        return element->err = JET_errSuccess;
    }
    if (element->grbit & JET_bitRetrieveTag)
        element->itagSequence = request.itag_sequence;
    if (request.state == ESE_TABLE_NULL)
        element->err = JET_wrnColumnNull;
    else
        element->err = request.size > (request.to != NULL ? request.room : 0)
                           ? JET_wrnBufferTruncated
                           : JET_errSuccess;
    return JET_errSuccess;
}

JET_ERR
JetRetrieveColumns(JET_SESID sesid, JET_TABLEID tableid, JET_RETRIEVECOLUMN *pretrievecolumn,
                   uint32_t cretrievecolumn)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    bool is_truncated = false;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    if (pretrievecolumn == NULL && cretrievecolumn != 0)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no columns"));
    for (uint32_t i = 0; i < cretrievecolumn; i++) {
        ESE_TRY(retrieve_element(cursor, &pretrievecolumn[i]));
        is_truncated |= pretrievecolumn[i].err == JET_wrnBufferTruncated;
    }
    err = is_truncated ? JET_wrnBufferTruncated : JET_errSuccess;
out:
    return ese_api_leave(session, err);
}

/* ---- All of a row ---- */

/* What ese_get_row and ese_next_row are given. */
typedef struct row_arguments {
    ese_column *columns;
    uint32_t n_columns;
    uint32_t value_limit;
} row_arguments;

static JET_ERR
do_get_row(ese_table_cursor *cursor, void *arguments)
{
    const row_arguments *row = arguments;

    if (row->columns == NULL && row->n_columns != 0)
        return ese_raise(JET_errInvalidParameter, "no columns");
    return ese_table_get_row(cursor, row->value_limit, row->columns, row->n_columns);
}

static JET_ERR
do_next_row(ese_table_cursor *cursor, void *arguments)
{
    bool found = false;
    JET_ERR err;

    ese_table_cancel_update(cursor);
    err = ese_table_move(cursor, 1, ESE_TABLE_BY_ENTRY, &found);
    if (err < JET_errSuccess)
        return err;
    return found ? do_get_row(cursor, arguments) : JET_errNoCurrentRecord;
}

JET_ERR
ese_get_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit, ese_column *columns,
            uint32_t n_columns)
{
    row_arguments arguments = {columns, n_columns, value_limit};

    return ese_api_on_cursor(sesid, tableid, do_get_row, &arguments);
}

JET_ERR
ese_next_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit, ese_column *columns,
             uint32_t n_columns)
{
    row_arguments arguments = {columns, n_columns, value_limit};

    return ese_api_on_cursor(sesid, tableid, do_next_row, &arguments);
}

/* ---- Sizes ---- */

enum {
    SIZE_BITS =
        JET_bitRecordSizeInCopyBuffer | JET_bitRecordSizeRunningTotal | JET_bitRecordSizeLocal,
};

JET_ERR
JetGetRecordSize2(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE2 *precsize, JET_GRBIT grbit)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_RECSIZE2 size = {0};
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_check_grbit(grbit, SIZE_BITS));
    if (precsize == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no place for the sizes"));
    if (grbit & JET_bitRecordSizeRunningTotal)
        size = *precsize;
    ESE_TRY(ese_table_record_size(cursor, grbit, &size));
    *precsize = size;
out:
    return ese_api_leave(session, err);
}

JET_ERR
JetGetRecordSize(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE *precsize, JET_GRBIT grbit)
{
    JET_RECSIZE2 size = {0};
    JET_ERR err;

    if (precsize == NULL)
        return JetGetRecordSize2(sesid, tableid, NULL, grbit); /* for the error that comes first */
    if (grbit & JET_bitRecordSizeRunningTotal) {
        size.cbData = precsize->cbData;
        size.cbLongValueData = precsize->cbLongValueData;
        size.cbOverhead = precsize->cbOverhead;
        size.cbLongValueOverhead = precsize->cbLongValueOverhead;
        size.cNonTaggedColumns = precsize->cNonTaggedColumns;
        size.cTaggedColumns = precsize->cTaggedColumns;
        size.cLongValues = precsize->cLongValues;
        size.cMultiValues = precsize->cMultiValues;
    }
    err = JetGetRecordSize2(sesid, tableid, &size, grbit);
    if (err >= JET_errSuccess) {
        precsize->cbData = size.cbData;
        precsize->cbLongValueData = size.cbLongValueData;
        precsize->cbOverhead = size.cbOverhead;
        precsize->cbLongValueOverhead = size.cbLongValueOverhead;
        precsize->cNonTaggedColumns = size.cNonTaggedColumns;
        precsize->cTaggedColumns = size.cTaggedColumns;
        precsize->cLongValues = size.cLongValues;
        precsize->cMultiValues = size.cMultiValues;
    }
    return err;
}
