/* Values of a record: where a column stands in it, what an absent one means, and how its bytes are brought in. */
#include "record/record_compress.h"
#include "table/table_private.h"

enum {
    LONG_VALUE_PIECE =
        1 << 20 /* memory grows with what was really read, not with what a root claims */
};

static ese_record_place
place_of(const ese_schema_column *column)
{
    return (ese_record_place){(uint16_t)column->fid, column->offset, (uint16_t)column->size_max};
}

static ese_table__value
default_of(const ese_schema_column *column)
{
    bool exists = (column->flags & ESE_SCHEMA_DEFAULT) != 0;

    return (ese_table__value){.state = exists ? ESE_TABLE_VALUE : ESE_TABLE_NULL,
                              .value = {.bytes = column->default_value}};
}

/* A fixed or variable column: one value at most. */
static JET_ERR
get_untagged(const ese_record *record, const ese_schema_column *column, ese_table__value *value_out)
{
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes bytes = {0};
    JET_ERR err = column->fid <= ESE_RECORD_FIXED_LAST
                      ? ese_record_fixed(record, place_of(column), &state, &bytes)
                      : ese_record_variable(record, column->fid, &state, &bytes);

    if (err < JET_errSuccess)
        return err;
    if (state == ESE_RECORD_ABSENT) {
        *value_out = default_of(column);
        return err;
    }
    *value_out =
        (ese_table__value){.state = state == ESE_RECORD_VALUE ? ESE_TABLE_VALUE : ESE_TABLE_NULL,
                           .value = {.bytes = bytes}};
    return err;
}

JET_ERR
ese_table__count_values(const ese_record *record, const ese_schema_column *column, uint32_t *n_out)
{
    ese_record_tagged tagged;
    ese_table__value value;
    JET_ERR err;

    if (column->fid < ESE_RECORD_TAGGED_FIRST) {
        err = get_untagged(record, column, &value);
        if (err >= JET_errSuccess)
            *n_out = value.state == ESE_TABLE_VALUE;
        return err;
    }
    err = ese_record_tagged_find(record, column->fid, column->is_derived, &tagged);
    if (err >= JET_errSuccess)
        *n_out = tagged.state == ESE_RECORD_ABSENT ? (column->flags & ESE_SCHEMA_DEFAULT) != 0
                                                   : tagged.n_values;
    return err;
}

JET_ERR
ese_table__get_value(const ese_record *record, const ese_schema_column *column, uint32_t index,
                     ese_table__value *value_out)
{
    ese_record_tagged tagged;
    ese_record_value value;
    JET_ERR err;

    if (column->fid < ESE_RECORD_TAGGED_FIRST)
        return get_untagged(record, column, value_out);
    err = ese_record_tagged_find(record, column->fid, column->is_derived, &tagged);
    if (err < JET_errSuccess)
        return err;
    *value_out = (ese_table__value){.state = ESE_TABLE_NULL};
    if (tagged.state == ESE_RECORD_ABSENT && index == 0)
        *value_out = default_of(column);
    if (index >= tagged.n_values)
        return err;
    err = ese_record_tagged_value(&tagged, index, &value);
    if (err >= JET_errSuccess)
        *value_out = (ese_table__value){.state = ESE_TABLE_VALUE, .value = value};
    return err;
}

static JET_ERR
load_long(ese_table_cursor *cursor, ese_bytes reference, uint32_t offset, uint32_t limit,
          ese_growbuf *to, uint32_t *size_out)
{
    uint64_t lid = 0;
    uint32_t size = 0, left;
    JET_ERR err;

    ESE_TRY(ese_record_lv_reference(reference, &lid));
    ESE_TRY(cursor->ops->read_long(cursor, lid, offset, NULL, 0, &left));
    *size_out = left;
    left = left < limit ? left : limit;
    while (left != 0) {
        uint32_t piece = left < LONG_VALUE_PIECE ? left : LONG_VALUE_PIECE;

        ESE_TRY(ese_growbuf_reserve(to, to->size + piece));
        ESE_TRY(cursor->ops->read_long(cursor, lid, offset, to->data + to->size, piece, &size));
        to->size += piece;
        offset += piece;
        left -= piece;
    }
out:
    return err;
}

static JET_ERR
decompress(ese_bytes from, ese_growbuf *to, size_t *size_out)
{
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_record_decompressed_size(from, &size));
    ESE_TRY(ese_growbuf_reserve(to, to->size + size));
    ESE_TRY(ese_record_decompress(from, to->data + to->size, size, size_out));
out:
    return err;
}

JET_ERR
ese_table__load_value(ese_table_cursor *cursor, const ese_record_value *value,
                      const ese_table__part *part, ese_table__loaded *loaded_out)
{
    ese_table__loaded loaded = {.borrowed = value->bytes};
    uint32_t limit = part->limit;
    size_t size = value->bytes.size;
    JET_ERR err = JET_errSuccess;

    loaded.is_borrowed = (value->form & (ESE_RECORD_SEPARATED | ESE_RECORD_COMPRESSED)) == 0;
    loaded.start = part->to->size;
    if (value->form & ESE_RECORD_SEPARATED) {
        ESE_TRY(load_long(cursor, value->bytes, part->offset, limit, part->to, &loaded.full_size));
        loaded.size = loaded.full_size < limit ? loaded.full_size : limit;
        *loaded_out = loaded;
        return err;
    }
    if (value->form & ESE_RECORD_COMPRESSED)
        ESE_TRY(decompress(value->bytes, part->to, &size));
    loaded.full_size = part->offset < size ? (uint32_t)size - part->offset : 0;
    loaded.size = loaded.full_size < limit ? loaded.full_size : limit;
    if (loaded.is_borrowed && loaded.full_size != 0)
        loaded.borrowed.data += part->offset;
    loaded.borrowed.size = loaded.size;
    if (!loaded.is_borrowed) {
        loaded.start += loaded.full_size != 0 ? part->offset : 0;
        part->to->size = loaded.start + loaded.size;
    }
    *loaded_out = loaded;
out:
    return err;
}
