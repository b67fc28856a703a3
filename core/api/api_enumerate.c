/*
 * JetEnumerateColumns: columns and values of a record in memory that the caller's function allocates.
 *
 * INV-1  On failure everything allocated is given back; on success it is all the caller's.
 */
#include "api/api_cursor.h"

#include "record/record.h"

enum {
    ENUMERATE_BITS = JET_bitEnumerateCopy | JET_bitEnumerateIgnoreDefault |
                     JET_bitEnumeratePresenceOnly | JET_bitEnumerateTaggedOnly |
                     JET_bitEnumerateCompressOutput | JET_bitEnumerateIgnoreUserDefinedDefault |
                     JET_bitEnumerateInRecordOnly,
};

typedef struct enumeration {
    ese_table_cursor *cursor;
    JET_PFNREALLOC reallocate;
    void *context;
    uint32_t limit; /* bytes of a value stored apart from the record */
    JET_GRBIT grbit;
    JET_ENUMCOLUMN *columns;
    uint32_t n;
    uint32_t capacity;
} enumeration;

static JET_GRBIT
copy_bit(const enumeration *e)
{
    return e->grbit & JET_bitEnumerateCopy ? JET_bitRetrieveCopy : 0;
}

static JET_ERR
reallocate(const enumeration *e, void *old, size_t size, void **new_out)
{
    uint32_t room = size == 0 ? 1 : (uint32_t)size; /* a size of 0 would mean to free */
    void *block = size <= UINT32_MAX ? e->reallocate(e->context, old, room) : NULL;

    if (block == NULL)
        return ese_raise(JET_errOutOfMemory, "the function of the caller gave no memory");
    *new_out = block;
    return JET_errSuccess;
}

static void
give_back(const enumeration *e, void *block)
{
    if (block != NULL)
        e->reallocate(e->context, block, 0);
}

static void
give_back_column(const enumeration *e, JET_ENUMCOLUMN *column)
{
    if (column->err == JET_wrnColumnSingleValue) {
        give_back(e, column->pvData);
        return;
    }
    for (uint32_t i = 0; column->rgEnumColumnValue != NULL && i < column->cEnumColumnValue; i++)
        give_back(e, column->rgEnumColumnValue[i].pvData);
    give_back(e, column->rgEnumColumnValue);
}

static void
give_back_all(enumeration *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        give_back_column(e, &e->columns[i]);
    give_back(e, e->columns);
}

/* One value into memory of the caller; data NULL when it is only said to be there. */
static JET_ERR
fetch_value(const enumeration *e, const ese_schema_column *column, JET_ENUMCOLUMNVALUE *value,
            bool *is_separated_out)
{
    ese_table_request request = {
        .columnid = column->columnid, .grbit = copy_bit(e), .itag_sequence = value->itagSequence};
    uint32_t size;
    JET_ERR err;

    ESE_TRY(ese_table_retrieve(e->cursor, &request));
    *is_separated_out = request.state == ESE_TABLE_VALUE && request.is_separated;
    if (request.state == ESE_TABLE_NULL) {
        value->err = JET_wrnColumnNull;
        return err;
    }
    if (*is_separated_out && (e->grbit & JET_bitEnumerateInRecordOnly)) {
        value->err = JET_wrnColumnNotInRecord;
        return err;
    }
    size = *is_separated_out && request.size > e->limit ? e->limit : request.size;
    value->err = size < request.size ? JET_wrnColumnTruncated : JET_errSuccess;
    ESE_TRY(reallocate(e, NULL, size, &value->pvData));
    value->cbData = size;
    request.to = value->pvData;
    request.room = size;
    if (size != 0)
        ESE_TRY(ese_table_retrieve(e->cursor, &request));
out:
    return err;
}

static JET_ERR
fetch_values(const enumeration *e, const ese_schema_column *column, const uint32_t *sequences,
             JET_ENUMCOLUMN *out)
{
    bool is_separated = false;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < out->cEnumColumnValue; i++) {
        JET_ENUMCOLUMNVALUE *value = &out->rgEnumColumnValue[i];

        value->itagSequence = sequences != NULL ? sequences[i] : i + 1;
        if (value->itagSequence == 0)
            value->err = JET_wrnColumnSkipped;
        else
            ESE_TRY(fetch_value(e, column, value, &is_separated));
    }
    if ((e->grbit & JET_bitEnumerateCompressOutput) && sequences == NULL &&
        out->cEnumColumnValue == 1 && !is_separated) {
        JET_ENUMCOLUMNVALUE single = out->rgEnumColumnValue[0];

        give_back(e, out->rgEnumColumnValue);
        out->err = JET_wrnColumnSingleValue;
        out->cbData = single.cbData;
        out->pvData = single.pvData;
    }
out:
    return err;
}

/* Values number sequences[0 … n), or 1 to n when NULL. */
static JET_ERR
add_values(const enumeration *e, const ese_schema_column *column, const uint32_t *sequences,
           uint32_t n, JET_ENUMCOLUMN *out)
{
    void *values = NULL;
    JET_ERR err = reallocate(e, NULL, n * sizeof(JET_ENUMCOLUMNVALUE), &values);

    if (err < JET_errSuccess)
        return err;
    memset(values, 0, n * sizeof(JET_ENUMCOLUMNVALUE));
    out->err = JET_errSuccess;
    out->rgEnumColumnValue = values;
    out->cEnumColumnValue = n;
    return fetch_values(e, column, sequences, out);
}

/* Makes room for one more column, zeroed, that give_back_all knows. */
static JET_ERR
add_column(enumeration *e, JET_COLUMNID columnid, JET_ENUMCOLUMN **column_out)
{
    JET_ERR err = JET_errSuccess;

    if (e->n == e->capacity) {
        uint32_t capacity = e->capacity == 0 ? 16 : e->capacity * 2;
        void *columns = NULL;

        err = reallocate(e, e->columns, capacity * sizeof *e->columns, &columns);
        if (err < JET_errSuccess)
            return err;
        e->columns = columns;
        e->capacity = capacity;
    }
    *column_out = &e->columns[e->n++];
    memset(*column_out, 0, sizeof **column_out);
    (*column_out)->columnid = columnid;
    return err;
}

static bool
hides_default(const enumeration *e, const ese_schema_column *column, ese_table_presence presence)
{
    return presence == ESE_TABLE_BY_DEFAULT && column->fid >= ESE_RECORD_TAGGED_FIRST &&
           (e->grbit & JET_bitEnumerateIgnoreDefault);
}

/* A column that is wanted by name: always in the answer, whatever it holds. */
static JET_ERR
enumerate_wanted(enumeration *e, const JET_ENUMCOLUMNID *wanted)
{
    const ese_schema_column *column =
        ese_schema_find_column(ese_table_descriptor(e->cursor), wanted->columnid);
    ese_table_presence presence;
    JET_ENUMCOLUMN *out = NULL;
    uint32_t n = 0;
    JET_ERR err;

    if (column == NULL && wanted->columnid != 0)
        return ese_raise(JET_errColumnNotFound, "there is no column %u",
                         (unsigned)wanted->columnid);
    ESE_TRY(add_column(e, wanted->columnid, &out));
    if (column == NULL) {
        out->err = JET_wrnColumnSkipped;
        return err;
    }
    ESE_TRY(ese_table_find_column(e->cursor, copy_bit(e), column, &presence, &n));
    if (hides_default(e, column, presence))
        out->err = JET_wrnColumnDefault;
    else if (n == 0 && wanted->ctagSequence == 0)
        out->err = JET_wrnColumnNull;
    else if (e->grbit & JET_bitEnumeratePresenceOnly)
        out->err = JET_wrnColumnPresent;
    else if (wanted->ctagSequence != 0 && wanted->rgtagSequence != NULL)
        ESE_TRY(add_values(e, column, wanted->rgtagSequence, wanted->ctagSequence, out));
    else
        ESE_TRY(add_values(e, column, NULL, n, out));
out:
    return err;
}

/* A column of a list of all: in the answer when the record has it or a default stands for it. */
static JET_ERR
enumerate_present(enumeration *e, const ese_schema_column *column)
{
    ese_table_presence presence;
    JET_ENUMCOLUMN *out = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_table_find_column(e->cursor, copy_bit(e), column, &presence, &n));
    if (presence == ESE_TABLE_ABSENT || hides_default(e, column, presence))
        return err;
    ESE_TRY(add_column(e, column->columnid, &out));
    if (n == 0)
        out->err = JET_wrnColumnNull;
    else if (e->grbit & JET_bitEnumeratePresenceOnly)
        out->err = JET_wrnColumnPresent;
    else
        ESE_TRY(add_values(e, column, NULL, n, out));
out:
    return err;
}

/* As they stand in a record: fixed, variable, tagged, and of each kind those of the template first. */
static JET_ERR
enumerate_all(enumeration *e)
{
    static const uint32_t bounds[] = {ESE_RECORD_FIXED_FIRST, ESE_RECORD_VARIABLE_FIRST,
                                      ESE_RECORD_TAGGED_FIRST, UINT32_MAX};
    const ese_schema_table *table = ese_table_descriptor(e->cursor);
    unsigned first_kind = e->grbit & JET_bitEnumerateTaggedOnly ? 2 : 0;
    JET_ERR err = JET_errSuccess;

    for (unsigned pass = 2 * first_kind; pass < 6; pass++) {
        bool wants_template = pass % 2 == 0;

        for (unsigned i = 0; i < table->n_columns; i++) {
            const ese_schema_column *column = &table->columns[i];
            bool is_of_template = (column->columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID) != 0;

            if (is_of_template == wants_template && column->fid >= bounds[pass / 2] &&
                column->fid < bounds[pass / 2 + 1])
                ESE_TRY(enumerate_present(e, column));
        }
    }
out:
    return err;
}

static JET_ERR
enumerate(enumeration *e, const JET_ENUMCOLUMNID *wanted, uint32_t n)
{
    bool is_there = false;
    JET_ERR err;

    ESE_TRY(ese_api_check_grbit(e->grbit, ENUMERATE_BITS));
    if (n == 0) {
        ESE_TRY(ese_table_move(e->cursor, 0, ESE_TABLE_BY_ENTRY, &is_there));
        if (!is_there && !(e->grbit & JET_bitEnumerateCopy))
            ESE_TRY(ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record"));
        ESE_TRY(enumerate_all(e));
    }
    for (uint32_t i = 0; i < n; i++)
        ESE_TRY(enumerate_wanted(e, &wanted[i]));
out:
    if (err < JET_errSuccess)
        give_back_all(e);
    return err;
}

JET_ERR
JetEnumerateColumns(JET_SESID sesid, JET_TABLEID tableid, uint32_t cEnumColumnId,
                    JET_ENUMCOLUMNID *rgEnumColumnId, uint32_t *pcEnumColumn,
                    JET_ENUMCOLUMN **prgEnumColumn, JET_PFNREALLOC pfnRealloc,
                    void *pvReallocContext, uint32_t cbDataMost, JET_GRBIT grbit)
{
    enumeration e = {
        .reallocate = pfnRealloc, .context = pvReallocContext, .limit = cbDataMost, .grbit = grbit};
    ese_api_session *session;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &e.cursor);

    if (err < JET_errSuccess)
        return err;
    if (pcEnumColumn == NULL || prgEnumColumn == NULL || pfnRealloc == NULL ||
        (rgEnumColumnId == NULL && cEnumColumnId != 0))
        ESE_TRY(ese_raise(JET_errInvalidParameter, "an argument is missing"));
    ESE_TRY(enumerate(&e, rgEnumColumnId, cEnumColumnId));
    *pcEnumColumn = e.n;
    *prgEnumColumn = e.columns;
out:
    return ese_api_leave(session, err);
}
