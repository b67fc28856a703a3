/* JetRetrieveColumn: one value of one column of the current record. */
#include "table/table_private.h"

enum {
    RETRIEVE_BITS = JET_bitRetrieveCopy | JET_bitRetrieveFromIndex |
                    JET_bitRetrieveFromPrimaryBookmark | JET_bitRetrieveTag | JET_bitRetrieveNull |
                    JET_bitRetrieveIgnoreDefault | JET_bitRetrieveTuple,
};

JET_ERR
ese_table__current_record(ese_table_cursor *cursor, ese_record *record_out)
{
    ese_bytes bytes = {0};
    JET_ERR err;

    if (cursor->place != ESE_TABLE__ON_ENTRY && cursor->place != ESE_TABLE__RECORD_ONLY &&
        !cursor->keeps_record)
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    err = cursor->ops->record(cursor, &bytes);
    if (err >= JET_errSuccess)
        err = ese_record_open(bytes, cursor->page_size, record_out);
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}

/* The record to read: the one in preparation when it is asked for and there is one. */
static JET_ERR
record_for(ese_table_cursor *cursor, JET_GRBIT grbit, ese_record *record_out)
{
    if ((grbit & JET_bitRetrieveCopy) && ese_table__is_updating(cursor))
        return ese_table__update_record(cursor, record_out);
    return ese_table__current_record(cursor, record_out);
}

static bool
is_in_index(const ese_schema_index *index, const ese_schema_column *column)
{
    for (unsigned i = 0; index != NULL && i < index->n_segments; i++) {
        if (index->segments[i].column == column)
            return true;
    }
    return false;
}

/* An entry of an index over a multi-valued column belongs to one of the values: the one whose key it has. */
static JET_ERR
sequence_of_entry(ese_table_cursor *cursor, const ese_record *record,
                  const ese_schema_column *column, uint32_t *itag_inout)
{
    uint32_t n = 0;
    JET_ERR err;

    if (column->fid < ESE_RECORD_TAGGED_FIRST || !(column->flags & ESE_SCHEMA_MULTI_VALUED))
        return JET_errSuccess;
    ESE_TRY(ese_table__count_values(record, column, &n));
    for (uint32_t itag = 1; itag <= n; itag++) {
        ese_record_key key;
        bool exists = false;

        ESE_TRY(ese_table__entry_key(cursor, record, cursor->index, itag, &key, &exists));
        if (exists && cursor->ops->compare_key(cursor, (ese_bytes){key.bytes, key.size}) == 0) {
            *itag_inout = itag;
            break;
        }
    }
out:
    return err;
}

/* A value asked for from the index or the bookmark must be part of it; it is the one of the record all the same. */
static JET_ERR
check_source(ese_table_cursor *cursor, const ese_record *record, const ese_schema_column *column,
             ese_table_request *request)
{
    bool from_index = (request->grbit & JET_bitRetrieveFromIndex) != 0;
    bool from_bookmark = (request->grbit & JET_bitRetrieveFromPrimaryBookmark) != 0;
    const ese_schema_index *index = from_index ? cursor->index : cursor->table->primary;

    if (!from_index && !from_bookmark)
        return JET_errSuccess;
    if (from_index && index != NULL && index->is_tuple && !(request->grbit & JET_bitRetrieveTuple))
        return ese_raise(JET_errIndexTuplesCannotRetrieveFromIndex, "index '%s' holds substrings",
                         index->name);
    if (!is_in_index(index, column))
        return ese_raise(JET_errColumnNotFound, "column '%s' is not part of the key", column->name);
    if (from_index && index != NULL && cursor->is_secondary && index->is_key_known)
        return sequence_of_entry(cursor, record, column, &request->itag_sequence);
    return JET_errSuccess;
}

/* Only in a derived table do the entries of template columns carry the bit; the columns of the template itself have it too. */
static JET_COLUMNID
columnid_of(const ese_schema_table *table, const ese_record_tagged *tagged)
{
    JET_COLUMNID of_template = tagged->id | (uint32_t)ESE_SCHEMA_TEMPLATE_ID;

    if (tagged->is_derived || ese_schema_find_column(table, tagged->id) == NULL)
        return of_template;
    return tagged->id;
}

/* The tagged column that holds value number `itag` of all tagged values of the record. */
static JET_ERR
find_nth_tagged(ese_table_cursor *cursor, const ese_record *record, ese_table_request *request,
                const ese_schema_column **column_out, uint32_t *index_out)
{
    uint32_t left = request->itag_sequence;

    *column_out = NULL;
    for (uint32_t i = 0; i < record->n_tagged; i++) {
        ese_record_tagged tagged;
        JET_ERR err = ese_record_tagged_at(record, i, &tagged);
        const ese_schema_column *column;

        if (err < JET_errSuccess)
            return err;
        column = ese_schema_find_column(cursor->table, columnid_of(cursor->table, &tagged));
        if (column == NULL)
            continue;
        if (left <= tagged.n_values) {
            *column_out = column;
            *index_out = left - 1;
            request->next_tagged = column->columnid;
            return JET_errSuccess;
        }
        left -= tagged.n_values;
    }
    return JET_errSuccess;
}

/* A long value goes straight to the caller, chunk by chunk. */
static JET_ERR
deliver_long(ese_table_cursor *cursor, ese_bytes reference, ese_table_request *request)
{
    uint64_t lid = 0;
    JET_ERR err = ese_record_lv_reference(reference, &lid);

    if (err < JET_errSuccess)
        return err;
    return cursor->ops->read_long(cursor, lid, request->offset, request->to,
                                  request->to != NULL ? request->room : 0, &request->size);
}

static JET_ERR
deliver_short(ese_table_cursor *cursor, const ese_schema_column *column,
              const ese_record_value *value, ese_table_request *request)
{
    bool has_offset = column->fid >= ESE_RECORD_TAGGED_FIRST;
    uint32_t room = request->to != NULL ? request->room : 0;
    ese_table__part part = {has_offset ? request->offset : 0, room, &cursor->row_bytes};
    ese_table__loaded loaded;
    const uint8_t *from;
    JET_ERR err;

    ese_growbuf_clear(&cursor->row_bytes);
    err = ese_table__load_value(cursor, value, &part, &loaded);
    if (err < JET_errSuccess)
        return err;
    from = loaded.is_borrowed ? loaded.borrowed.data : cursor->row_bytes.data + loaded.start;
    if (loaded.size != 0 && request->to != NULL)
        memcpy(request->to, from, loaded.size);
    request->size = loaded.full_size;
    return JET_errSuccess;
}

static JET_ERR
deliver(ese_table_cursor *cursor, const ese_schema_column *column, const ese_record_value *value,
        ese_table_request *request)
{
    JET_ERR err = value->form & ESE_RECORD_SEPARATED
                      ? deliver_long(cursor, value->bytes, request)
                      : deliver_short(cursor, column, value, request);

    if (err < JET_errSuccess)
        return err;
    request->state = ESE_TABLE_VALUE;
    request->is_separated = (value->form & ESE_RECORD_SEPARATED) != 0;
    return err;
}

static bool
hides_default(const ese_record *record, const ese_schema_column *column, JET_GRBIT grbit)
{
    ese_record_tagged tagged;

    if (!(grbit & JET_bitRetrieveIgnoreDefault) || column->fid < ESE_RECORD_TAGGED_FIRST)
        return false;
    return ese_record_tagged_find(record, column->fid, column->is_derived, &tagged) >=
               JET_errSuccess &&
           tagged.state == ESE_RECORD_ABSENT;
}

static JET_ERR
no_column(const ese_table_cursor *cursor, JET_COLUMNID columnid)
{
    return ese_raise(JET_errColumnNotFound, "table '%s' has no column %u", cursor->table->name,
                     (unsigned)columnid);
}

static JET_ERR
retrieve_from(ese_table_cursor *cursor, const ese_record *record, ese_table_request *request)
{
    const ese_schema_column *column = ese_schema_find_column(cursor->table, request->columnid);
    uint32_t index = 0;
    ese_table__value value;
    JET_ERR err = JET_errSuccess;

    request->state = ESE_TABLE_NULL;
    request->size = 0;
    request->n_values = 0;
    request->next_tagged = request->columnid;
    if (request->columnid == 0 && request->itag_sequence != 0)
        ESE_TRY(find_nth_tagged(cursor, record, request, &column, &index));
    else if (column == NULL)
        return no_column(cursor, request->columnid);
    if (column == NULL)
        return JET_errSuccess;
    ESE_TRY(check_source(cursor, record, column, request));
    if (request->itag_sequence == 0 && column->fid >= ESE_RECORD_TAGGED_FIRST)
        return hides_default(record, column, request->grbit)
                   ? JET_errSuccess
                   : ese_table__count_values(record, column, &request->n_values);
    if (request->columnid != 0)
        index = request->itag_sequence == 0 ? 0 : request->itag_sequence - 1;
    if (hides_default(record, column, request->grbit))
        return JET_errSuccess;
    ESE_TRY(ese_table__get_value(record, column, index, &value));
    if (value.state == ESE_TABLE_VALUE)
        ESE_TRY(deliver(cursor, column, &value.value, request));
out:
    return err;
}

JET_ERR
ese_table__say_where(const ese_table_cursor *cursor, JET_ERR err)
{
    const ese_btree_cursor *holder = cursor->is_secondary ? &cursor->record : &cursor->entry;
    const char *path;

    if ((err != JET_errDatabaseCorrupted && err != JET_errDecompressionFailed) ||
        ese_table_is_temporary(cursor) || holder->page == NULL)
        return err;
    path = ese_cache_path(holder->tree->file);
    if (strstr(ese_err_text(err), path) != NULL)
        return err;
    return ese_raise(err, "%s: page %u: table '%s': %s", path, (unsigned)holder->page->page.pgno,
                     cursor->table->name, ese_err_text(err));
}

JET_ERR
ese_table_retrieve(ese_table_cursor *cursor, ese_table_request *request)
{
    ese_record record;
    JET_ERR err;

    if (request->grbit & ~(JET_GRBIT)RETRIEVE_BITS)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)request->grbit);
    err = record_for(cursor, request->grbit, &record);
    if (err >= JET_errSuccess)
        err = retrieve_from(cursor, &record, request);
    else if (err == JET_errNoCurrentRecord && request->columnid != 0 &&
             ese_schema_find_column(cursor->table, request->columnid) == NULL)
        err = no_column(cursor, request->columnid); /* what is wrong in any case is told first */
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}

static ese_table_presence
presence_of(ese_record_state state, const ese_schema_column *column)
{
    switch (state) {
    case ESE_RECORD_VALUE: return ESE_TABLE_PRESENT;
    case ESE_RECORD_NULL: return ESE_TABLE_SET_TO_NULL;
    default: return column->flags & ESE_SCHEMA_DEFAULT ? ESE_TABLE_BY_DEFAULT : ESE_TABLE_ABSENT;
    }
}

JET_ERR
ese_table_find_column(ese_table_cursor *cursor, JET_GRBIT grbit, const ese_schema_column *column,
                      ese_table_presence *presence_out, uint32_t *n_values_out)
{
    ese_record_place place = {(uint16_t)column->fid, column->offset, (uint16_t)column->size_max};
    ese_record_tagged tagged = {.n_values = 1};
    ese_record record;
    ese_bytes bytes;
    JET_ERR err;

    ESE_TRY(record_for(cursor, grbit, &record));
    if (column->fid <= ESE_RECORD_FIXED_LAST)
        ESE_TRY(ese_record_fixed(&record, place, &tagged.state, &bytes));
    else if (column->fid <= ESE_RECORD_VARIABLE_LAST)
        ESE_TRY(ese_record_variable(&record, column->fid, &tagged.state, &bytes));
    else
        ESE_TRY(ese_record_tagged_find(&record, column->fid, column->is_derived, &tagged));
    *presence_out = presence_of(tagged.state, column);
    *n_values_out = *presence_out == ESE_TABLE_PRESENT ? tagged.n_values
                                                       : *presence_out == ESE_TABLE_BY_DEFAULT;
out:
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}
