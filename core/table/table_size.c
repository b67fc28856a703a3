/*
 * JetGetRecordSize: what a record takes, its own data apart from what the format adds.
 *
 * Overhead of a record: 6 bytes of its node (tag and size of the key), its key, header, null bitmap, ends of variable columns,
 * array and header bytes of tagged columns; a reference to a long value counts as 8. Overhead of a long value: 6 bytes of each
 * of its nodes, the key and 12 bytes of its root, the offset in the key of each chunk.
 */
#include "record/record_compress.h"
#include "table/table_private.h"
#include "table/table_update.h"

enum { NODE_OVERHEAD = 6, REFERENCE_OVERHEAD = 8, LV_ROOT_OVERHEAD = 12, LV_OFFSET_OVERHEAD = 4 };

/* What a record that is to be inserted refers to has no root to speak of yet. */
static uint64_t
overhead_of_root(const ese_table_cursor *cursor, JET_GRBIT grbit)
{
    uint32_t prep = JET_prepCancel;
    bool is_copy = (grbit & JET_bitRecordSizeInCopyBuffer) != 0;

    return is_copy && ese_table_is_updating(cursor, &prep) && prep == JET_prepInsert
               ? 0
               : LV_ROOT_OVERHEAD;
}

static JET_ERR
add_long_value(ese_table_cursor *cursor, ese_bytes reference, JET_GRBIT grbit, JET_RECSIZE2 *size)
{
    uint32_t chunk_size = cursor->table->lv_chunk;
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    uint64_t lid = 0;
    uint32_t full_size = 0;
    uint32_t n_chunks;
    JET_ERR err;

    ESE_TRY(ese_record_lv_reference(reference, &lid));
    ESE_TRY(cursor->ops->read_long(cursor, lid, 0, NULL, 0, &full_size));
    n_chunks = full_size / chunk_size + (full_size % chunk_size != 0);
    size->cbLongValueData += full_size;
    size->cbLongValueDataCompressed += full_size;
    size->cbLongValueOverhead += NODE_OVERHEAD + ese_record_lv_root_key(lid, key) +
                                 overhead_of_root(cursor, grbit) +
                                 (uint64_t)n_chunks * (NODE_OVERHEAD + LV_OFFSET_OVERHEAD);
out:
    return err;
}

static JET_ERR
add_value(ese_table_cursor *cursor, const ese_record_value *value, JET_GRBIT grbit,
          JET_RECSIZE2 *size)
{
    size_t full_size = value->bytes.size;
    JET_ERR err;

    if (value->form & ESE_RECORD_SEPARATED) {
        size->cLongValues++;
        size->cbOverhead += REFERENCE_OVERHEAD;
        return (grbit & JET_bitRecordSizeLocal) != 0
                   ? JET_errSuccess
                   : add_long_value(cursor, value->bytes, grbit, size);
    }
    if (value->form & ESE_RECORD_COMPRESSED) {
        err = ese_record_decompressed_size(value->bytes, &full_size);
        if (err < JET_errSuccess)
            return err;
        size->cCompressedColumns++;
    }
    size->cbData += full_size;
    size->cbDataCompressed += value->bytes.size;
    return JET_errSuccess;
}

static JET_ERR
add_tagged(ese_table_cursor *cursor, const ese_record *record, JET_GRBIT grbit, JET_RECSIZE2 *size)
{
    uint64_t data_before = size->cbDataCompressed;
    uint64_t references = 0;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < record->n_tagged; i++) {
        ese_record_tagged tagged;

        ESE_TRY(ese_record_tagged_at(record, i, &tagged));
        size->cTaggedColumns++;
        size->cMultiValues += tagged.n_values > 1 ? tagged.n_values - 1 : 0;
        for (uint32_t k = 0; k < tagged.n_values; k++) {
            ese_record_value value;

            ESE_TRY(ese_record_tagged_value(&tagged, k, &value));
            ESE_TRY(add_value(cursor, &value, grbit, size));
            references += value.form & ESE_RECORD_SEPARATED ? value.bytes.size : 0;
        }
    }
    /* Entries, header bytes and offsets of multi-values are what is left of the area. */
    size->cbOverhead += record->tagged.size - (size->cbDataCompressed - data_before) - references;
out:
    return err;
}

static JET_ERR
add_untagged(const ese_table_cursor *cursor, const ese_record *record, JET_RECSIZE2 *size)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < cursor->table->n_columns; i++) {
        const ese_schema_column *column = &cursor->table->columns[i];
        bool is_present =
            column->fid <= record->fixed_last ||
            (column->fid >= ESE_RECORD_VARIABLE_FIRST && column->fid <= record->variable_last);
        ese_table__value value;

        if (!is_present)
            continue;
        size->cNonTaggedColumns++;
        if (column->fid <= ESE_RECORD_FIXED_LAST) { /* NULL or not, it has its bytes */
            size->cbData += column->size_max;
            size->cbDataCompressed += column->size_max;
            continue;
        }
        ESE_TRY(ese_table__get_value(record, column, 0, &value));
        if (value.state == ESE_TABLE_VALUE) {
            size->cbData += value.value.bytes.size;
            size->cbDataCompressed += value.value.bytes.size;
        }
    }
    size->cbOverhead += 4 + (record->fixed_last + 7u) / 8 + 2u * (record->variable_last - 127u);
out:
    return err;
}

JET_ERR
ese_table_record_size(ese_table_cursor *cursor, JET_GRBIT grbit, JET_RECSIZE2 *size_inout)
{
    JET_RECSIZE2 size = *size_inout;
    ese_bytes bookmark = {0};
    ese_record record;
    JET_ERR err;

    if (grbit & JET_bitRecordSizeInCopyBuffer) {
        if (!ese_table__is_updating(cursor))
            return ese_raise(JET_errNoCurrentRecord, "no update is in preparation");
        ESE_TRY(ese_table__update_record(cursor, &record));
        bookmark.size = ese_table__update_bookmark_size(cursor);
    } else {
        ESE_TRY(ese_table__current_record(cursor, &record));
        ESE_TRY(ese_table_bookmark(cursor, &bookmark));
    }
    size.cbOverhead += NODE_OVERHEAD + bookmark.size;
    ESE_TRY(add_untagged(cursor, &record, &size));
    ESE_TRY(add_tagged(cursor, &record, grbit, &size));
    *size_inout = size;
out:
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}
