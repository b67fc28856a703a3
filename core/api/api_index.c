/* The current index, filters, and reading ahead. */
#include "api/api_table_use.h"

#include "base/alloc.h"

enum {
    INDEX_BITS = JET_bitMoveFirst | JET_bitNoMove,
    PREREAD_BITS = JET_bitPrereadForward | JET_bitPrereadBackward,
};

/* ---- Index ids ---- */

/* What JET_INDEXID holds here: enough to find the index again, and to refuse that of another table. */
typedef struct index_id {
    uint32_t size;
    uint32_t table_objid;
    uint32_t index_objid;
    uint32_t root;
    uint32_t check;
} index_id;

_Static_assert(sizeof(index_id) == sizeof(JET_INDEXID), "an index id fills JET_INDEXID");

static index_id
make_id(const ese_schema_table *table, const ese_schema_index *index)
{
    return (index_id){
        .size = sizeof(JET_INDEXID),
        .table_objid = table->objid,
        .index_objid = index->objid,
        .root = index->tree.root,
        .check = ~(table->objid ^ index->objid ^ index->tree.root),
    };
}

void
ese_api_index_id(const ese_schema_table *table, const ese_schema_index *index, JET_INDEXID *id_out)
{
    index_id id = make_id(table, index);

    memcpy(id_out, &id, sizeof id);
}

static JET_ERR
find_by_id(const ese_schema_table *table, const JET_INDEXID *id, ese_schema_index **index_out)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        index_id own = make_id(table, &table->indexes[i]);

        if (memcmp(&own, id, sizeof own) == 0) {
            *index_out = &table->indexes[i];
            return JET_errSuccess;
        }
    }
    return ese_raise(JET_errInvalidIndexId, "table '%s' has no index of this id", table->name);
}

/* ---- JetSetCurrentIndex ---- */

typedef struct index_choice {
    const char *name; /* NULL or empty: primary order */
    const JET_INDEXID *id;
    JET_GRBIT grbit;
    uint32_t itag_sequence;
} index_choice;

static JET_ERR
choose_index(ese_table_cursor *cursor, const index_choice *choice, ese_schema_index **index_out)
{
    const ese_schema_table *table = ese_table_descriptor(cursor);

    if (choice->id != NULL)
        return find_by_id(table, choice->id, index_out);
    *index_out = table->primary;
    if (choice->name != NULL && *choice->name != '\0') {
        JET_ERR err = ese_api_check_name(choice->name);

        if (err < JET_errSuccess)
            return err;
        *index_out = ese_schema_find_index(table, choice->name);
        if (*index_out == NULL)
            return ese_raise(JET_errIndexNotFound, "table '%s' has no index '%s'", table->name,
                             choice->name);
    }
    return JET_errSuccess;
}

static JET_ERR
set_current_index(ese_table_cursor *cursor, const index_choice *choice)
{
    ese_table_keep keep =
        choice->grbit & JET_bitNoMove ? ESE_TABLE_KEEP_RECORD : ESE_TABLE_MOVE_FIRST;
    ese_table_outcome outcome = ESE_TABLE_FOUND;
    ese_schema_index *index = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_check_grbit(choice->grbit, INDEX_BITS));
    if (ese_table_is_temporary(cursor))
        return ese_raise(JET_errIllegalOperation, "a temporary table has one order");
    if (ese_table_has_filter(cursor))
        return ese_raise(JET_errFilteredMoveNotSupported, "a cursor with a filter keeps its index");
    ESE_TRY(choose_index(cursor, choice, &index));
    ESE_TRY(ese_table_set_index(cursor, index, keep, choice->itag_sequence, &outcome));
    ese_api_table_use_set_index(cursor, index != NULL ? index->objid : 0);
    if (keep == ESE_TABLE_KEEP_RECORD && outcome == ESE_TABLE_NO_RECORD)
        err = ese_raise(JET_errNoCurrentRecord, "there is no record to stay at");
    else if (keep == ESE_TABLE_KEEP_RECORD && outcome == ESE_TABLE_BAD_SEQUENCE)
        err = ese_raise(JET_errBadItagSequence, "the record has no such value");
out:
    return err;
}

static JET_ERR
enter_and_set(JET_SESID sesid, JET_TABLEID tableid, const index_choice *choice)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    return err < JET_errSuccess ? err : ese_api_leave(session, set_current_index(cursor, choice));
}

JET_ERR
JetSetCurrentIndex4A(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName,
                     JET_INDEXID *pindexid, JET_GRBIT grbit, uint32_t itagSequence)
{
    index_choice choice = {szIndexName, pindexid, grbit, itagSequence};

    return enter_and_set(sesid, tableid, &choice);
}

JET_ERR
JetSetCurrentIndex3A(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName, JET_GRBIT grbit,
                     uint32_t itagSequence)
{
    return JetSetCurrentIndex4A(sesid, tableid, szIndexName, NULL, grbit, itagSequence);
}

JET_ERR
JetSetCurrentIndex2A(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName, JET_GRBIT grbit)
{
    return JetSetCurrentIndex4A(sesid, tableid, szIndexName, NULL, grbit, 1);
}

JET_ERR
JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName)
{
    return JetSetCurrentIndex4A(sesid, tableid, szIndexName, NULL, JET_bitMoveFirst, 1);
}

JET_ERR
JetSetCurrentIndex4W(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName,
                     JET_INDEXID *pindexid, JET_GRBIT grbit, uint32_t itagSequence)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szIndexName, &name);

    if (err >= JET_errSuccess)
        err = JetSetCurrentIndex4A(sesid, tableid, name, pindexid, grbit, itagSequence);
    ese_free(&name);
    return err;
}

JET_ERR
JetSetCurrentIndex3W(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName, JET_GRBIT grbit,
                     uint32_t itagSequence)
{
    return JetSetCurrentIndex4W(sesid, tableid, szIndexName, NULL, grbit, itagSequence);
}

JET_ERR
JetSetCurrentIndex2W(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName, JET_GRBIT grbit)
{
    return JetSetCurrentIndex4W(sesid, tableid, szIndexName, NULL, grbit, 1);
}

JET_ERR
JetSetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName)
{
    return JetSetCurrentIndex4W(sesid, tableid, szIndexName, NULL, JET_bitMoveFirst, 1);
}

/* ---- JetGetCurrentIndex ---- */

static const char *
current_name(ese_table_cursor *cursor)
{
    const ese_schema_index *index = ese_table_current_index(cursor);

    return index != NULL ? index->name : "";
}

/* A name too long for the buffer is cut; no buffer at all is told by a warning. */
JET_ERR
JetGetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PSTR szIndexName,
                    uint32_t cbIndexName)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    if (cbIndexName == 0 || szIndexName == NULL) {
        err = JET_wrnBufferTruncated;
    } else {
        const char *name = current_name(cursor);
        size_t size = strlen(name);

        size = size < cbIndexName ? size : cbIndexName - 1;
        memcpy(szIndexName, name, size);
        szIndexName[size] = '\0';
    }
    return ese_api_leave(session, err);
}

JET_ERR
JetGetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PWSTR szIndexName,
                    uint32_t cbIndexName)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    if (cbIndexName < sizeof *szIndexName || szIndexName == NULL)
        err = JET_wrnBufferTruncated;
    else
        err = ese_api_give_wide(current_name(cursor), szIndexName, cbIndexName);
    return ese_api_leave(session, err);
}

/* ---- Filters ---- */

JET_ERR
JetSetCursorFilter(JET_SESID sesid, JET_TABLEID tableid, JET_INDEX_COLUMN *rgColumnFilters,
                   uint32_t cColumnFilters, JET_GRBIT grbit)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_check_grbit(grbit, 0));
    if (rgColumnFilters == NULL && cColumnFilters != 0)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no conditions"));
    ESE_TRY(ese_table_set_filter(cursor, rgColumnFilters, cColumnFilters));
out:
    return ese_api_leave(session, err);
}

/* ---- Reading ahead ---- */

/* Keys come in the order of one direction; ranges are read one after the other, and may name both. */
static JET_ERR
check_preread(JET_GRBIT grbit, bool may_be_both)
{
    JET_GRBIT way = grbit & PREREAD_BITS;

    if (way == 0 || (way == PREREAD_BITS && !may_be_both))
        return ese_raise(JET_errInvalidGrbit, "no direction to read ahead in, or two");
    return JET_errSuccess;
}

static JET_ERR
check_keys(const void **keys, const uint32_t *sizes, int32_t n, JET_GRBIT grbit)
{
    for (int32_t i = 0; i < n; i++) {
        if (keys[i] == NULL && sizes[i] != 0)
            return ese_raise(JET_errInvalidParameter, "key %d has no bytes", (int)i);
    }
    for (int32_t i = 1; i < n; i++) {
        int order = ese_bytes_compare((ese_bytes){keys[i - 1], sizes[i - 1]},
                                      (ese_bytes){keys[i], sizes[i]});

        if (grbit & JET_bitPrereadForward ? order > 0 : order < 0)
            return ese_raise(JET_errInvalidParameter, "the keys are not in order");
    }
    return JET_errSuccess;
}

JET_ERR
JetPrereadKeys(JET_SESID sesid, JET_TABLEID tableid, const void **rgpvKeys,
               const uint32_t *rgcbKeys, int32_t ckeys, int32_t *pckeysPreread, JET_GRBIT grbit)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    int32_t done = 0;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_preread(grbit, false));
    if (ckeys <= 0 || rgpvKeys == NULL || rgcbKeys == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no keys"));
    ESE_TRY(check_keys(rgpvKeys, rgcbKeys, ckeys, grbit));
    for (; done < ckeys; done++)
        ESE_TRY(ese_table_preread(cursor, (ese_bytes){rgpvKeys[done], rgcbKeys[done]}));
    if (pckeysPreread != NULL)
        *pckeysPreread = done;
out:
    return ese_api_leave(session, err);
}

static JET_ERR
preread_ranges(ese_table_cursor *cursor, const JET_INDEX_RANGE *ranges, uint32_t n,
               uint32_t *done_out)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < n; i++) {
        ESE_TRY(
            ese_table_preread_columns(cursor, ranges[i].rgStartColumns, ranges[i].cStartColumns));
        ESE_TRY(ese_table_preread_columns(cursor, ranges[i].rgEndColumns, ranges[i].cEndColumns));
        if (done_out != NULL)
            *done_out = i + 1;
    }
out:
    return err;
}

JET_ERR
JetPrereadIndexRanges(JET_SESID sesid, JET_TABLEID tableid, const JET_INDEX_RANGE *rgIndexRanges,
                      uint32_t cIndexRanges, uint32_t *pcRangesPreread,
                      const JET_COLUMNID *rgcolumnidPreread, uint32_t ccolumnidPreread,
                      JET_GRBIT grbit)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &session, &cursor);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_preread(grbit, true));
    if ((rgIndexRanges == NULL && cIndexRanges != 0) ||
        (rgcolumnidPreread == NULL && ccolumnidPreread != 0))
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no ranges, or no columns"));
    for (uint32_t i = 0; i < ccolumnidPreread; i++) {
        const ese_schema_column *column =
            ese_schema_find_column(ese_table_descriptor(cursor), rgcolumnidPreread[i]);

        if (column == NULL ||
            (column->coltyp != JET_coltypLongText && column->coltyp != JET_coltypLongBinary))
            ESE_TRY(ese_raise(JET_errMustBeSeparateLongValue, "only long columns are read ahead"));
    }
    if (pcRangesPreread != NULL)
        *pcRangesPreread = 0;
    ESE_TRY(preread_ranges(cursor, rgIndexRanges, cIndexRanges, pcRangesPreread));
out:
    return ese_api_leave(session, err);
}
