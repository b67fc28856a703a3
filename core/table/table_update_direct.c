/*
 * The record in preparation as bytes, the short way: columns go from fields and base straight to their places.
 *
 * INV-1  What is done here gives the bytes that table_update_encode.c would give. Whatever is not plain (a tagged column, a record that is too big, a column
 *        without a place) is left to it.
 */
#include "table/table_update_private.h"

enum { FIXED_FILL = '*', VARIABLE_IS_NULL = 0x8000, VARIABLE_END_MAX = 0x7fff };

typedef struct record_writer {
    ese_table__update *update;
    size_t next_field;
    uint8_t *to;
    size_t room;
    uint32_t fixed_last, variable_last;
} record_writer;

typedef struct column_state {
    const ese_schema_column *column;
    ese_record_state state;
    ese_bytes bytes;
} column_state;

static JET_ERR
read_base(const ese_table__update *update, const ese_schema_column *column, column_state *what)
{
    const ese_record *base = &update->base_record;
    ese_record_place place = {(uint16_t)column->fid, column->offset, (uint16_t)column->size_max};
    JET_ERR err = column->fid <= ESE_RECORD_FIXED_LAST
                      ? ese_record_fixed(base, place, &what->state, &what->bytes)
                      : ese_record_variable(base, column->fid, &what->state, &what->bytes);

    if (what->state == ESE_RECORD_ABSENT && (column->flags & ESE_SCHEMA_DEFAULT) != 0) {
        what->state = ESE_RECORD_VALUE;
        what->bytes = ese_table__default_in_record(column);
    }
    return err;
}

/* What column `id` is to hold. Ids are asked for in their order. */
static inline JET_ERR
next_column(record_writer *writer, uint32_t id, const ese_schema_column *column, column_state *what)
{
    ese_table__update *update = writer->update;

    what->column = column;
    what->state = ESE_RECORD_ABSENT;
    while (writer->next_field < update->n_fields && update->fields[writer->next_field].rank < id)
        writer->next_field++;
    if (writer->next_field < update->n_fields && update->fields[writer->next_field].rank == id) {
        const ese_table__field *field = &update->fields[writer->next_field++];

        if (!ese_table__field_says_nothing(field)) {
            what->column = field->column;
            what->state = field->n_items != 0 ? ESE_RECORD_VALUE : ESE_RECORD_NULL;
            what->bytes = (ese_bytes){field->one.data, field->one.size};
            return JET_errSuccess;
        }
    }
    return column == NULL ? JET_errSuccess : read_base(update, column, what);
}

/* Header, fixed columns and bitmap. *size_out = 0: not here. */
static JET_ERR
write_fixed(record_writer *writer, size_t *size_out)
{
    const ese_schema_column *const *columns = writer->update->layout.fixed;
    const ese_schema_column *last = columns[writer->fixed_last];
    const size_t end =
        last == NULL ? ESE_RECORD_HEADER_SIZE : (size_t)last->offset + last->size_max;
    const size_t size = end + (writer->fixed_last + 7) / 8;
    column_state what = {.column = NULL};
    uint8_t *bitmap;
    JET_ERR err = JET_errSuccess;

    *size_out = 0;
    if ((last == NULL) != (writer->fixed_last == 0) || size > writer->room || size > UINT16_MAX)
        return err;
    bitmap = writer->to + end;
    memset(writer->to, FIXED_FILL, end);
    memset(bitmap, 0xff, size - end);
    for (uint32_t id = ESE_RECORD_FIXED_FIRST; id <= writer->fixed_last; id++) {
        unsigned bit = id - ESE_RECORD_FIXED_FIRST;

        ESE_TRY(next_column(writer, id, columns[id], &what));
        if (what.state != ESE_RECORD_VALUE)
            continue;
        if (what.bytes.size == 0 || what.bytes.size != what.column->size_max ||
            what.column->offset < ESE_RECORD_HEADER_SIZE ||
            what.column->offset + what.bytes.size > end)
            return err;
        memcpy(writer->to + what.column->offset, what.bytes.data, what.bytes.size);
        bitmap[bit / 8] &= (uint8_t) ~(1U << bit % 8);
    }
    if (writer->fixed_last != 0 && what.state == ESE_RECORD_ABSENT)
        return err;
    writer->to[0] = (uint8_t)writer->fixed_last;
    writer->to[1] = (uint8_t)writer->variable_last;
    ese_store_le16(writer->to + 2, (uint16_t)size);
    *size_out = size;
out:
    return err;
}

/* Ends of the variable columns, and their bytes. *size_inout = 0: not here. */
static JET_ERR
write_variable(record_writer *writer, size_t *size_inout)
{
    const ese_schema_column *const *columns = writer->update->layout.variable;
    uint32_t n = writer->variable_last - (ESE_RECORD_VARIABLE_FIRST - 1);
    uint8_t *ends = writer->to + *size_inout;
    size_t at = *size_inout + (size_t)n * 2, end = 0;
    column_state what = {.state = ESE_RECORD_NULL};
    JET_ERR err = JET_errSuccess;

    *size_inout = 0;
    if (at > writer->room)
        return err;
    for (uint32_t i = 0; i < n; i++) {
        unsigned flags = VARIABLE_IS_NULL;

        ESE_TRY(next_column(writer, ESE_RECORD_VARIABLE_FIRST + i, columns[i], &what));
        if (what.state == ESE_RECORD_VALUE) {
            if (what.bytes.size > writer->room - at || end + what.bytes.size > VARIABLE_END_MAX)
                return err;
            if (what.bytes.size != 0)
                memcpy(writer->to + at, what.bytes.data, what.bytes.size);
            at += what.bytes.size;
            end += what.bytes.size;
            flags = 0;
        }
        ese_store_le16(ends + (size_t)i * 2, (uint16_t)(end | flags));
    }
    if (what.state != ESE_RECORD_ABSENT)
        *size_inout = at;
out:
    return err;
}

static bool
is_plain(const ese_table__update *update)
{
    return update->base_record.n_tagged == 0 &&
           (update->n_fields == 0 ||
            update->fields[update->n_fields - 1].rank <= ESE_RECORD_VARIABLE_LAST);
}

JET_ERR
ese_table__encode_directly(ese_table__update *update, size_t max, bool *is_done_out)
{
    record_writer writer = {.update = update,
                            .room = update->bound + ESE_TABLE__ENCODE_SLACK < max
                                        ? update->bound + ESE_TABLE__ENCODE_SLACK
                                        : max};
    size_t size = 0;
    JET_ERR err = JET_errSuccess;

    *is_done_out = false;
    if (!is_plain(update))
        return err;
    writer.fixed_last =
        ese_table__highest_field(update, update->base_record.fixed_last, ESE_RECORD_FIXED_LAST);
    writer.variable_last = ese_table__highest_field(update, update->base_record.variable_last,
                                                    ESE_RECORD_VARIABLE_LAST);
    if (writer.variable_last < ESE_RECORD_VARIABLE_FIRST)
        writer.variable_last = ESE_RECORD_VARIABLE_FIRST - 1;
    ESE_TRY(ese_growbuf_reserve(&update->next, writer.room));
    writer.to = update->next.data;
    ESE_TRY(write_fixed(&writer, &size));
    if (size != 0)
        ESE_TRY(write_variable(&writer, &size));
    update->next.size = size;
    *is_done_out = size != 0;
out:
    return err;
}
