/*
 * ese_get_row: all wanted values of a record at once, borrowed from the page where that is possible.
 *
 * Columns asked for in ascending order meet the tagged values of the record in one pass; any other order works, with a
 * search per column. Values that must be decompressed or fetched are collected in one buffer, which can move while it grows:
 * their places are turned into pointers at the end.
 */
#include "table/table_private.h"

/* A record being read column by column. */
typedef struct row_reader {
    ese_table_cursor *cursor;
    ese_record record;
    uint32_t value_limit;
    uint32_t hint; /* no tagged entry before this one has an id of at least last_fid */
    uint32_t last_fid;
    bool last_is_derived;
    bool has_next; /* `next` is the decoded entry `hint` */
    ese_record_tagged next;
    uint32_t n_values;
} row_reader;

static const size_t BORROWED = SIZE_MAX;

static JET_ERR
peek_tagged(row_reader *row)
{
    JET_ERR err;

    if (row->has_next)
        return JET_errSuccess;
    err = ese_record_tagged_at(&row->record, row->hint, &row->next);
    row->has_next = err >= JET_errSuccess;
    return err;
}

static JET_ERR
find_tagged(row_reader *row, const ese_schema_column *column, ese_record_tagged *tagged_out)
{
    JET_ERR err = JET_errSuccess;

    if (column->is_derived != row->last_is_derived || column->fid <= row->last_fid)
        return ese_record_tagged_find(&row->record, column->fid, column->is_derived, tagged_out);
    row->last_fid = column->fid;
    while (row->hint < row->record.n_tagged) {
        ESE_TRY(peek_tagged(row));
        if (row->next.is_derived == column->is_derived && row->next.id >= column->fid)
            break;
        row->hint++;
        row->has_next = false;
    }
    if (row->hint < row->record.n_tagged && row->next.id == column->fid)
        *tagged_out = row->next;
    else
        tagged_out->state = ESE_RECORD_ABSENT;
out:
    return err;
}

static JET_ERR
add_value(row_reader *row, ese_value value, size_t place)
{
    ese_table_cursor *cursor = row->cursor;
    JET_ERR err = JET_errSuccess;

    if (cursor->row_values.size + sizeof value > cursor->row_values.capacity)
        ESE_TRY(ese_growbuf_reserve(&cursor->row_values, cursor->row_values.size + sizeof value));
    if ((row->n_values + 1) * sizeof place > cursor->row_offsets.capacity)
        ESE_TRY(ese_growbuf_reserve(&cursor->row_offsets, (row->n_values + 1) * sizeof place));
    ((ese_value *)(void *)cursor->row_values.data)[row->n_values] = value;
    ((size_t *)(void *)cursor->row_offsets.data)[row->n_values] = place;
    cursor->row_values.size += sizeof value;
    row->n_values++;
out:
    return err;
}

static JET_ERR
add_borrowed(row_reader *row, ese_bytes bytes)
{
    uint32_t full_size = (uint32_t)bytes.size;
    uint32_t size =
        row->value_limit != 0 && full_size > row->value_limit ? row->value_limit : full_size;

    return add_value(row, (ese_value){bytes.data, size, full_size}, BORROWED);
}

static JET_ERR
add_loaded(row_reader *row, const ese_record_value *value)
{
    uint32_t limit = row->value_limit != 0 ? row->value_limit : UINT32_MAX;
    ese_table__part part = {0, limit, &row->cursor->row_bytes};
    ese_table__loaded loaded;
    JET_ERR err;

    if ((value->form & (ESE_RECORD_SEPARATED | ESE_RECORD_COMPRESSED)) == 0)
        return add_borrowed(row, value->bytes);
    err = ese_table__load_value(row->cursor, value, &part, &loaded);
    if (err < JET_errSuccess)
        return err;
    return add_value(row, (ese_value){NULL, loaded.size, loaded.full_size}, loaded.start);
}

static JET_ERR
add_default(row_reader *row, const ese_schema_column *column)
{
    return column->flags & ESE_SCHEMA_DEFAULT ? add_borrowed(row, column->default_value)
                                              : JET_errSuccess;
}

static JET_ERR
add_untagged(row_reader *row, const ese_schema_column *column)
{
    ese_record_place place = {(uint16_t)column->fid, column->offset, (uint16_t)column->size_max};
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes bytes = {0};
    JET_ERR err = column->fid <= ESE_RECORD_FIXED_LAST
                      ? ese_record_fixed(&row->record, place, &state, &bytes)
                      : ese_record_variable(&row->record, column->fid, &state, &bytes);

    if (err < JET_errSuccess || state == ESE_RECORD_NULL)
        return err;
    return state == ESE_RECORD_VALUE ? add_borrowed(row, bytes) : add_default(row, column);
}

static JET_ERR
add_tagged(row_reader *row, const ese_schema_column *column)
{
    ese_record_tagged tagged;
    ese_record_value value;
    JET_ERR err;

    ESE_TRY(find_tagged(row, column, &tagged));
    if (tagged.state == ESE_RECORD_ABSENT)
        return add_default(row, column);
    for (uint32_t i = 0; i < tagged.n_values; i++) {
        ESE_TRY(ese_record_tagged_value(&tagged, i, &value));
        ESE_TRY(add_loaded(row, &value));
    }
out:
    return err;
}

/* Remembers the descriptors of the columns, which mostly are those of the row before. */
static JET_ERR
plan_column(ese_table_cursor *cursor, uint32_t i, JET_COLUMNID columnid,
            const ese_schema_column **column_out)
{
    if (cursor->plan[i] == NULL || cursor->plan[i]->columnid != columnid)
        cursor->plan[i] = ese_schema_find_column(cursor->table, columnid);
    *column_out = cursor->plan[i];
    if (*column_out == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no column %u", cursor->table->name,
                         (unsigned)columnid);
    return JET_errSuccess;
}

static JET_ERR
reserve_plan(ese_table_cursor *cursor, uint32_t n)
{
    JET_ERR err;

    if (n <= cursor->n_plan)
        return JET_errSuccess;
    ese_free(&cursor->plan);
    cursor->n_plan = 0;
    err = ese_alloc(n * sizeof(const ese_schema_column *), &cursor->plan);
    if (err >= JET_errSuccess)
        cursor->n_plan = n;
    return err;
}

/* Only now are the buffers where they stay. */
static void
point_at_values(row_reader *row, ese_column *columns, uint32_t n_columns)
{
    ese_value *values = (ese_value *)(void *)row->cursor->row_values.data;
    const size_t *places = (const size_t *)(const void *)row->cursor->row_offsets.data;
    uint32_t at = 0;

    for (uint32_t i = 0; i < row->n_values; i++) {
        if (places[i] != BORROWED)
            values[i].data = row->cursor->row_bytes.data + places[i];
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        columns[i].values = columns[i].n_values != 0 ? values + at : NULL;
        at += columns[i].n_values;
    }
}

/* Field by field: to clear the record and the tagged entry, too, would take longer than to read a value. */
static void
start_row(row_reader *row, ese_table_cursor *cursor, uint32_t value_limit)
{
    row->cursor = cursor;
    row->value_limit = value_limit;
    row->hint = row->last_fid = row->n_values = 0;
    row->last_is_derived = row->has_next = false;
}

JET_ERR
ese_table_get_row(ese_table_cursor *cursor, uint32_t value_limit, ese_column *columns,
                  uint32_t n_columns)
{
    row_reader row;
    JET_ERR err;

    start_row(&row, cursor, value_limit);
    ESE_TRY(reserve_plan(cursor, n_columns));
    ESE_TRY(ese_table__current_record(cursor, &row.record));
    ese_growbuf_clear(&cursor->row_bytes);
    ese_growbuf_clear(&cursor->row_values);
    for (uint32_t i = 0; i < n_columns; i++) {
        const ese_schema_column *column;
        uint32_t before = row.n_values;

        ESE_TRY(plan_column(cursor, i, columns[i].columnid, &column));
        if (column->fid < ESE_RECORD_TAGGED_FIRST)
            ESE_TRY(add_untagged(&row, column));
        else
            ESE_TRY(add_tagged(&row, column));
        columns[i].n_values = row.n_values - before;
    }
    point_at_values(&row, columns, n_columns);
out:
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}
