/* Search keys: JetMakeKey, and the key of the current entry. */
#include "table/table_private.h"

enum {
    LIMIT_BITS = JET_bitStrLimit | JET_bitSubStrLimit | JET_bitFullColumnStartLimit |
                 JET_bitFullColumnEndLimit | JET_bitPartialColumnStartLimit |
                 JET_bitPartialColumnEndLimit,
    PARTIAL_BITS = JET_bitPartialColumnStartLimit | JET_bitPartialColumnEndLimit,
    FULL_BITS = JET_bitFullColumnStartLimit | JET_bitFullColumnEndLimit,
};

ese_record_key_column
ese_table__key_column(const ese_schema_segment *segment)
{
    const ese_schema_column *column = segment->column;

    return (ese_record_key_column){
        .coltyp = column->coltyp,
        .code_page = column->code_page,
        .is_fixed = column->fid <= ESE_RECORD_FIXED_LAST,
        .is_descending = segment->is_descending,
    };
}

static bool
is_variable_type(uint8_t coltyp)
{
    return coltyp == JET_coltypBinary || coltyp == JET_coltypText ||
           coltyp == JET_coltypLongBinary || coltyp == JET_coltypLongText;
}

static bool
is_text(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypText || column->coltyp == JET_coltypLongText;
}

static bool
is_unicode_text(const ese_schema_column *column)
{
    return column->code_page == 1200 && is_text(column);
}

/*
 * A key made ready elsewhere; it works on a table without an index too. Whatever it holds counts as the first column: a
 * further one may follow.
 */
static JET_ERR
take_normalized_key(ese_table_cursor *cursor, const void *data, uint32_t size)
{
    uint32_t most =
        cursor->index != NULL ? cursor->index->rules.key_most : ESE_RECORD_KEY_MOST_DEFAULT;

    if (size > most + 1 || size > sizeof cursor->search_key.bytes)
        return ese_raise(JET_errInvalidParameter, "a key of %u bytes is too long for the index",
                         (unsigned)size);
    ese_record_key_start(&cursor->search_key);
    if (size != 0)
        memcpy(cursor->search_key.bytes, data, size);
    cursor->search_key.size = size;
    cursor->has_search_key = size != 0;
    cursor->n_search_segments = 1;
    cursor->is_search_key_closed = false;
    return JET_errSuccess;
}

/* Is there a segment to add, and can it be made? */
static JET_ERR
check_next_segment(const ese_table_cursor *cursor, JET_GRBIT grbit, unsigned n_made)
{
    const ese_schema_index *index = cursor->index;
    const ese_schema_column *column;

    if (n_made == index->n_segments)
        return ese_raise(JET_errKeyIsMade, "index '%s' has no more key columns", index->name);
    column = index->segments[n_made].column;
    if ((grbit & FULL_BITS) == FULL_BITS)
        return ese_raise(JET_errInvalidGrbit, "a key cannot be both ends of a range");
    if ((grbit & PARTIAL_BITS) && !is_variable_type(column->coltyp))
        return ese_raise(JET_errInvalidGrbit,
                         "column '%s' has a fixed size: a part of a value makes no limit",
                         column->name);
    if (!index->is_key_known && is_unicode_text(column))
        return ese_raise(cursor->is_secondary ? JET_errSecondaryIndexCorrupted
                                              : JET_errPrimaryIndexCorrupted,
                         "index '%s' was made with sort version %llx, whose order is not known "
                         "here: it can be walked, not sought",
                         index->name, (unsigned long long)index->version);
    return JET_errSuccess;
}

static JET_ERR
check_value_size(const ese_schema_index *index, const ese_schema_column *column, uint32_t size,
                 bool is_limit)
{
    uint32_t width = is_unicode_text(column) ? 2 : 1;

    if (!is_variable_type(column->coltyp) && size != column->size_max)
        return ese_raise(JET_errInvalidBufferSize, "column '%s' takes %u bytes, not %u",
                         column->name, (unsigned)column->size_max, (unsigned)size);
    if (column->coltyp == JET_coltypBinary && column->fid <= ESE_RECORD_FIXED_LAST && !is_limit &&
        size != column->size_max)
        return ese_raise(JET_errInvalidBufferSize, "column '%s' takes %u bytes, not %u",
                         column->name, (unsigned)column->size_max, (unsigned)size);
    if (column->coltyp == JET_coltypText && column->fid <= ESE_RECORD_FIXED_LAST &&
        size > column->size_max)
        return ese_raise(JET_errInvalidBufferSize, "column '%s' takes at most %u bytes, not %u",
                         column->name, (unsigned)column->size_max, (unsigned)size);
    if (index->is_tuple && column == index->segments[0].column &&
        size / width < index->tuple.length_min)
        return ese_raise(JET_errIndexTuplesKeyTooSmall,
                         "index '%s' holds substrings of at least %u characters", index->name,
                         (unsigned)index->tuple.length_min);
    return JET_errSuccess;
}

/* The substrings of a tuple index have a greatest length: what is sought is cut to it. */
static uint32_t
size_in_key(const ese_schema_index *index, const ese_schema_column *column, uint32_t size)
{
    uint64_t most = (uint64_t)index->tuple.length_max * (is_unicode_text(column) ? 2 : 1);

    return index->is_tuple && column == index->segments[0].column && size > most ? (uint32_t)most
                                                                                 : size;
}

static ese_record_key_limit
limit_of(const ese_schema_column *column, JET_GRBIT grbit)
{
    if (grbit & JET_bitPartialColumnEndLimit)
        return ESE_RECORD_KEY_PREFIX_END;
    if ((grbit & JET_bitStrLimit) && !((grbit & JET_bitSubStrLimit) && is_text(column)))
        return ESE_RECORD_KEY_STRING_END;
    if (grbit & JET_bitSubStrLimit)
        return ESE_RECORD_KEY_SUBSTRING_END;
    if (grbit & JET_bitPartialColumnStartLimit)
        return ESE_RECORD_KEY_PREFIX_START;
    return grbit & JET_bitFullColumnStartLimit ? ESE_RECORD_KEY_COLUMN_START
                                               : ESE_RECORD_KEY_COLUMN_END;
}

/* Fixed text stands in the record padded with blanks, and so it does in the key. */
static ese_bytes
pad_fixed_text(const ese_schema_column *column, ese_bytes value, uint8_t buffer[255])
{
    size_t width = is_unicode_text(column) ? 2 : 1;

    if (column->coltyp != JET_coltypText || column->fid > ESE_RECORD_FIXED_LAST ||
        value.size >= column->size_max)
        return value;
    if (value.size != 0)
        memcpy(buffer, value.data, value.size);
    for (size_t i = value.size; i < column->size_max; i++)
        buffer[i] = width == 2 && (i & 1) ? 0 : ' ';
    return (ese_bytes){buffer, column->size_max};
}

static JET_ERR
append_segment(ese_table_cursor *cursor, ese_record_key *key, unsigned n_made,
               const ese_bytes *value, JET_GRBIT grbit)
{
    const ese_schema_segment *segment = &cursor->index->segments[n_made];
    ese_record_key_column column = ese_table__key_column(segment);
    uint8_t padded[255];
    ese_bytes whole;

    if (grbit & LIMIT_BITS)
        return ese_record_key_append_limit(key, &cursor->index->rules, &column, value,
                                           limit_of(segment->column, grbit));
    if (value == NULL)
        return ese_record_key_append(key, &cursor->index->rules, &column, NULL);
    whole = pad_fixed_text(segment->column, *value, padded);
    return ese_record_key_append(key, &cursor->index->rules, &column, &whole);
}

static JET_ERR
make_segment(ese_table_cursor *cursor, const void *data, uint32_t size, JET_GRBIT grbit)
{
    bool is_new = (grbit & JET_bitNewKey) != 0;
    bool is_null = size == 0 && (grbit & JET_bitKeyDataZeroLength) == 0;
    unsigned n_made = is_new ? 0 : cursor->n_search_segments;
    ese_bytes value = {data, 0};
    ese_record_key key;
    JET_ERR err;

    if (!is_new && cursor->is_search_key_closed)
        return ese_raise(JET_errKeyIsMade, "the key is complete");
    ESE_TRY(check_next_segment(cursor, grbit, n_made));
    if (size != 0)
        ESE_TRY(check_value_size(cursor->index, cursor->index->segments[n_made].column, size,
                                 (grbit & LIMIT_BITS) != 0));
    value.size = size_in_key(cursor->index, cursor->index->segments[n_made].column, size);
    ese_record_key_start(&key);
    if (!is_new)
        ese_record_key_copy(&key, &cursor->search_key);
    ESE_TRY(append_segment(cursor, &key, n_made, is_null ? NULL : &value, grbit));
    ese_record_key_copy(&cursor->search_key, &key);
    cursor->n_search_segments = n_made + 1;
    cursor->has_search_key = true;
    cursor->is_search_key_closed = (grbit & LIMIT_BITS) != 0;
out:
    return err;
}

JET_ERR
ese_table_make_key(ese_table_cursor *cursor, const void *data, uint32_t size, JET_GRBIT grbit)
{
    JET_ERR err;

    if (data == NULL)
        size = 0;
    if (grbit & JET_bitNormalizedKey)
        return take_normalized_key(cursor, data, size);
    if (cursor->index == NULL)
        return ese_raise(JET_errNoCurrentIndex, "table '%s' has no primary index",
                         cursor->table->name);
    if (!(grbit & JET_bitNewKey) && !cursor->has_search_key)
        return ese_raise(JET_errKeyNotMade, "no key was begun");
    err = make_segment(cursor, data, size, grbit);
    /* Options that contradict the column cost the key that was to be replaced. */
    if (err == JET_errInvalidGrbit && (grbit & JET_bitNewKey))
        cursor->has_search_key = false;
    return err;
}

JET_ERR
ese_table_get_key(ese_table_cursor *cursor, ese_table_key_source source, uint8_t *to, size_t room,
                  size_t *size_out)
{
    if (source == ESE_TABLE_SEARCH_KEY) {
        size_t size = cursor->search_key.size;

        if (!cursor->has_search_key)
            return ese_raise(JET_errKeyNotMade, "no key was made");
        memcpy(to, cursor->search_key.bytes, size < room ? size : room);
        *size_out = size;
        return JET_errSuccess;
    }
    if (cursor->place != ESE_TABLE__ON_ENTRY)
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    *size_out = cursor->ops->copy_key(cursor, to, room);
    return JET_errSuccess;
}

JET_ERR
ese_table_preread(ese_table_cursor *cursor, ese_bytes key)
{
    ese_btree_cursor search = {0};
    bool found;
    int order;
    JET_ERR err;

    if (ese_table_is_temporary(cursor))
        return JET_errSuccess;
    ese_btree_cursor_init(&search, cursor->entry.tree, cursor->session);
    err = ese_btree_seek(&search, key, (ese_bytes){0}, ESE_BTREE_GE, &found, &order);
    ese_btree_cursor_reset(&search);
    return err;
}

JET_ERR
ese_table_preread_columns(ese_table_cursor *cursor, const JET_INDEX_COLUMN *columns, uint32_t n)
{
    ese_record_key key;
    JET_ERR err = JET_errSuccess;

    if (cursor->index == NULL)
        return ese_raise(JET_errNoCurrentIndex, "table '%s' has no primary index",
                         cursor->table->name);
    if (columns == NULL && n != 0)
        return ese_raise(JET_errInvalidParameter, "no columns of a range");
    ese_record_key_start(&key);
    for (uint32_t i = 0; i < n; i++) {
        ese_bytes value = {columns[i].pv, columns[i].cb};
        bool is_null = columns[i].cb == 0 && (columns[i].grbit & JET_bitKeyDataZeroLength) == 0;

        ESE_TRY(check_next_segment(cursor, 0, i));
        if (value.data == NULL && value.size != 0)
            ESE_TRY(ese_raise(JET_errInvalidParameter, "a value of a range has no bytes"));
        if (cursor->index->segments[i].column->columnid != columns[i].columnid)
            ESE_TRY(ese_raise(JET_errInvalidParameter, "the columns are not those of the index"));
        if (!is_null)
            ESE_TRY(check_value_size(cursor->index, cursor->index->segments[i].column,
                                     columns[i].cb, false));
        ESE_TRY(append_segment(cursor, &key, i, is_null ? NULL : &value, 0));
    }
    ESE_TRY(ese_table_preread(cursor, (ese_bytes){key.bytes, key.size}));
out:
    return err;
}
