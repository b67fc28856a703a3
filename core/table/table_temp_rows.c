/*
 * Rows of temporary tables, and the bytes they are outside of memory:
 *
 *     2 bytes  number of separated values, with IS_APART when the record is one of its own
 *     8 bytes  number of the first of them, when there are any
 *     8 bytes  number of the record, when it is apart
 *     the record, when it is not
 */
#include "table/table_temp_private.h"

enum { COUNT_SIZE = 2, NUMBER_SIZE = 8, IS_APART = 0x8000 };

/* ---- packing */

size_t
ese_table__row_pack_header(const ese_table__row *row, bool is_apart,
                           uint8_t to[ESE_TABLE__PACK_HEADER_MAX])
{
    size_t size = COUNT_SIZE;

    ese_store_le16(to, (uint16_t)(row->n_longs | (is_apart ? IS_APART : 0)));
    if (row->n_longs != 0) {
        ese_store_le64(to + size, row->first_long);
        size += NUMBER_SIZE;
    }
    if (is_apart) {
        ese_store_le64(to + size, row->record_long);
        size += NUMBER_SIZE;
    }
    return size;
}

JET_ERR
ese_table__row_pack(const ese_table__row *row, bool is_apart, ese_growbuf *to)
{
    uint8_t header[ESE_TABLE__PACK_HEADER_MAX];
    size_t size = ese_table__row_pack_header(row, is_apart, header);
    JET_ERR err;

    ESE_TRY(ese_growbuf_append(to, header, size));
    if (!is_apart)
        ESE_TRY(ese_growbuf_append(to, row->bytes + row->key_size, row->record_size));
out:
    return err;
}

static JET_ERR
damaged(void)
{
    return ese_raise(JET_errReadVerifyFailure, "a row of a temporary table is not as it was");
}

/* Header of the bytes; *packed_inout becomes what follows. */
static JET_ERR
read_header(ese_bytes *packed_inout, ese_table__row *header_out)
{
    ese_table__row header = {0};
    const uint8_t *at = packed_inout->data;
    size_t size = COUNT_SIZE;
    unsigned count;

    if (packed_inout->size < COUNT_SIZE)
        return damaged();
    count = ese_load_le16(at);
    header.n_longs = count & ~(unsigned)IS_APART;
    size += header.n_longs != 0 ? NUMBER_SIZE : 0;
    size += (count & IS_APART) != 0 ? NUMBER_SIZE : 0;
    if (packed_inout->size < size)
        return damaged();
    if (header.n_longs != 0)
        header.first_long = ese_load_le64(at + COUNT_SIZE);
    if ((count & IS_APART) != 0)
        header.record_long = ese_load_le64(at + size - NUMBER_SIZE);
    *packed_inout = (ese_bytes){at + size, packed_inout->size - size};
    *header_out = header;
    return JET_errSuccess;
}

/* ---- memory */

static JET_ERR
create(ese_table__temp *temp, size_t capacity, ese_table__row **row_out)
{
    ese_table__row *row = NULL;
    JET_ERR err = ese_alloc(sizeof *row + capacity, &row);

    if (err < JET_errSuccess)
        return err;
    row->n_holders = 1;
    row->capacity = capacity;
    temp->n_bytes += sizeof *row + capacity;
    *row_out = row;
    return err;
}

void
ese_table__row_release(ese_table__temp *temp, ese_table__row **row_inout)
{
    ese_table__row *row = *row_inout;

    *row_inout = NULL;
    if (row == NULL || --row->n_holders > 0)
        return;
    temp->n_bytes -= sizeof *row + row->capacity;
    ese_free(&row);
}

void
ese_table__row_set_number(ese_table__row *row, uint32_t number)
{
    ese_store_be32(row->number, number);
}

/* A record that is apart goes to a row of its own, because it may not be possible to read it. */
static JET_ERR
unpack_apart(ese_table__temp *temp, ese_bytes key, const ese_table__row *header,
             ese_table__row **row_out)
{
    ese_table__row *row = NULL;
    uint32_t size = 0, left;
    JET_ERR err;

    ESE_TRY(ese_table__longs_read(temp, header->record_long, 0, NULL, 0, &size));
    ESE_TRY(create(temp, key.size + size, &row));
    ESE_TRY(
        ese_table__longs_read(temp, header->record_long, 0, row->bytes + key.size, size, &left));
    row->record_size = size;
    *row_out = row;
    row = NULL;
out:
    ese_table__row_release(temp, &row);
    return err;
}

JET_ERR
ese_table__row_unpack(ese_table__temp *temp, ese_bytes key, ese_bytes packed,
                      ese_table__row **row_inout)
{
    ese_table__row *row = *row_inout;
    ese_table__row header;
    JET_ERR err;

    ESE_TRY(read_header(&packed, &header));
    if (header.record_long != 0) {
        ESE_TRY(unpack_apart(temp, key, &header, &row));
    } else {
        size_t size = key.size + packed.size;

        if (row == NULL || row->n_holders != 1 || row->capacity < size)
            ESE_TRY(create(temp, size, &row));
        if (packed.size != 0)
            memcpy(row->bytes + key.size, packed.data, packed.size);
        row->record_size = packed.size;
    }
    if (key.size != 0)
        memcpy(row->bytes, key.data, key.size);
    row->key_size = key.size;
    row->n_longs = header.n_longs;
    row->first_long = header.first_long;
    row->record_long = header.record_long;
    if (row != *row_inout)
        ese_table__row_release(temp, row_inout);
    *row_inout = row;
out:
    return err;
}

void
ese_table__row_drop_longs(ese_table__temp *temp, const ese_table__row *row)
{
    for (uint64_t i = 0; i < row->n_longs; i++)
        ese_table__longs_drop(temp, row->first_long + i);
    if (row->record_long != 0)
        ese_table__longs_drop(temp, row->record_long);
}

/* ---- reading a sort */

JET_ERR
ese_table__row_read(ese_table__temp *temp, ese_table__reading *reading, uint32_t number,
                    ese_table__row **row_inout, bool *found_out)
{
    bool is_unique = temp->index.n_segments != 0 && !temp->keeps_duplicates;
    const ese_table__row *last = is_unique ? *row_inout : NULL;
    ese_bytes key = {0}, packed = {0};
    bool found = false;
    JET_ERR err;

    do
        ESE_TRY(ese_table__reading_next(reading, &key, &packed, &found));
    while (found && last != NULL && ese_bytes_compare(ese_table__row_key(last), key) == 0);
    if (found) {
        ESE_TRY(ese_table__row_unpack(temp, key, packed, row_inout));
        ese_table__row_set_number(*row_inout, number);
    }
    *found_out = found;
out:
    return err;
}
