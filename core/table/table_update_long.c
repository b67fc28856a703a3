/*
 * Long columns of a record in preparation: which values stay in the record, and what appending, overwriting and changing the size do to them.
 *
 * In a temporary table values are memory, and are changed in place. In a database a long one is written to the tree of long values as it is set.
 */
#include "table/table_update_long.h"

#include "record/record_compress.h"

enum {
    INTRINSIC_MAX =
        1023, /* bytes of a value that stays in the record, unless the table says otherwise */
    INTRINSIC_MIN = 8, /* what the longest reference takes */
    RECORD_OVERHEAD = 9,
};

/* ---- values as they are */

JET_ERR
ese_table__item_load(ese_table_cursor *cursor, const ese_table__item *item, uint32_t limit,
                     ese_bytes *value_out)
{
    const ese_record_value value = {{item->data, item->size}, item->form};
    const ese_table__part part = {0, limit, &cursor->row_bytes};
    ese_table__loaded loaded = {0};
    JET_ERR err = JET_errSuccess;

    if (item->form == 0) {
        *value_out = value.bytes;
        return err;
    }
    if (item->is_own)
        ESE_TRY(ese_table__lv_flush_all(cursor));
    ese_growbuf_clear(&cursor->row_bytes);
    ESE_TRY(ese_table__load_value(cursor, &value, &part, &loaded));
    *value_out = loaded.is_borrowed
                     ? loaded.borrowed
                     : (ese_bytes){cursor->row_bytes.data + loaded.start, loaded.size};
out:
    return err;
}

JET_ERR
ese_table__item_size(ese_table_cursor *cursor, const ese_table__item *item, uint32_t *size_out)
{
    size_t size = item->size;
    JET_ERR err = JET_errSuccess;

    if ((item->form & ESE_RECORD_SEPARATED) != 0)
        return ese_table__lv_size(cursor, item, size_out);
    if ((item->form & ESE_RECORD_COMPRESSED) != 0)
        err = ese_record_decompressed_size((ese_bytes){item->data, item->size}, &size);
    if (err >= JET_errSuccess)
        *size_out = (uint32_t)size;
    return err;
}

JET_ERR
ese_table__check_long_size(const ese_schema_column *column, uint64_t size)
{
    if (size > (column->size_max != 0 ? column->size_max : (uint64_t)INT32_MAX))
        return ese_table__value_too_big(column, size);
    return JET_errSuccess;
}

JET_ERR
ese_table__long_drop(ese_table_cursor *cursor, const ese_table__item *item)
{
    if (!item->is_own)
        return JET_errSuccess;
    return ese_table__lv_delete(cursor, (ese_bytes){item->data, item->size});
}

/* ---- whole values of databases */

/* The longest value that stays in the record, as long as the record is not too big. */
static size_t
intrinsic_limit(const ese_table_cursor *cursor, JET_GRBIT grbit)
{
    size_t most = ese_table__record_max(cursor) - RECORD_OVERHEAD;
    size_t limit = cursor->table->separate_lv != 0 ? cursor->table->separate_lv : INTRINSIC_MAX;

    if ((grbit & JET_bitSetSeparateLV) != 0)
        return INTRINSIC_MIN;
    if ((grbit & JET_bitSetIntrinsicLV) != 0 || limit > most)
        return most;
    return limit < INTRINSIC_MIN ? INTRINSIC_MIN : limit;
}

static bool
wants_compression(const ese_schema_column *column, JET_GRBIT grbit)
{
    if ((grbit & JET_bitSetUncompressed) != 0)
        return false;
    return (grbit & JET_bitSetCompressed) != 0 || (column->flags & ESE_SCHEMA_COMPRESSED) != 0;
}

/* The item of a new value. Only the first value of a column may be compressed in the record. */
static JET_ERR
make_value(ese_table_cursor *cursor, const ese_table__field *field, uint32_t index, ese_bytes value,
           JET_GRBIT grbit, ese_table__item *item_out)
{
    size_t limit = intrinsic_limit(cursor, grbit);
    bool is_compressed = wants_compression(field->column, grbit);
    ese_table__item item = {0};
    ese_bytes packed = {0};
    JET_ERR err = JET_errSuccess;

    if (is_compressed && index == 0)
        ESE_TRY(ese_table__lv_compress(cursor, value, &packed));
    if (packed.size != 0 && packed.size <= limit) {
        ESE_TRY(ese_table__item_make(cursor->update, packed, &item));
        item.form = ESE_RECORD_COMPRESSED;
    } else if (value.size <= limit) {
        ESE_TRY(ese_table__item_make(cursor->update, value, &item));
    } else {
        ESE_TRY(ese_table__lv_create(cursor, (uint32_t)value.size, is_compressed, &item));
        ESE_TRY(ese_table__lv_write(cursor, &item, 0,
                                    (ese_table__lv_bytes){value.data, (uint32_t)value.size}));
    }
    item.placement = grbit & (JET_GRBIT)ESE_TABLE__PLACEMENT_BITS;
    *item_out = item;
out:
    return err;
}

static JET_ERR
replace_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
              ese_table__item *item_inout)
{
    JET_ERR err = JET_errSuccess;

    if (index < field->n_items)
        ESE_TRY(ese_table__long_drop(cursor, &ese_table__field_items(field)[index]));
    ESE_TRY(ese_table__store_item(cursor, field, index, item_inout));
out:
    return err;
}

JET_ERR
ese_table__long_set(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                    ese_bytes value, JET_GRBIT grbit)
{
    ese_table__item item = {0};
    JET_ERR err;

    ESE_TRY(make_value(cursor, field, index, value, grbit, &item));
    ESE_TRY(replace_value(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

/* ---- parts of values of databases */

/* Bytes and size of an edit go to a value of the update's own, which has what was there before. */
static JET_ERR
edit_own(ese_table_cursor *cursor, ese_table__item *item, const ese_table__edit *edit)
{
    const ese_table__lv_bytes bytes = {edit->bytes.data, (uint32_t)edit->bytes.size};
    uint32_t new_size = (uint32_t)edit->new_size;
    JET_ERR err = JET_errSuccess;

    if (item->long_size > new_size)
        ESE_TRY(ese_table__lv_truncate(cursor, item, new_size));
    if (bytes.size != 0)
        ESE_TRY(ese_table__lv_write(cursor, item, (uint32_t)edit->offset, bytes));
    if (item->long_size < new_size)
        ESE_TRY(ese_table__lv_write(cursor, item, item->long_size,
                                    (ese_table__lv_bytes){NULL, new_size - item->long_size}));
out:
    return err;
}

static JET_ERR
edit_separated(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
               const ese_table__edit *edit)
{
    ese_table__item *old = &ese_table__field_items(field)[index];
    JET_GRBIT placement = old->placement;
    ese_table__item item = {0};
    JET_ERR err;

    if (old->is_own)
        return edit_own(cursor, old, edit);
    ESE_TRY(ese_table__lv_copy(cursor, old, (uint32_t)edit->new_size,
                               wants_compression(field->column, placement), &item));
    item.placement = placement;
    ESE_TRY(edit_own(cursor, &item, edit));
    ESE_TRY(replace_value(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

/* A value that is too long for any record. */
static JET_ERR
make_long(ese_table_cursor *cursor, const ese_table__field *field, ese_bytes before,
          const ese_table__edit *edit, ese_table__item *item_out)
{
    bool is_compressed = wants_compression(field->column, edit->grbit);
    ese_table__item item = {0};
    JET_ERR err;

    ESE_TRY(ese_table__lv_create(cursor, (uint32_t)edit->new_size, is_compressed, &item));
    if (before.size != 0)
        ESE_TRY(ese_table__lv_write(cursor, &item, 0,
                                    (ese_table__lv_bytes){before.data, (uint32_t)before.size}));
    ESE_TRY(edit_own(cursor, &item, edit));
    item.placement = edit->grbit & (JET_GRBIT)ESE_TABLE__PLACEMENT_BITS;
    *item_out = item;
out:
    return err;
}

/* The value after the edit, in memory: an item that is new, or holds what was before. */
static JET_ERR
apply_to_bytes(ese_table__update *update, ese_bytes before, const ese_table__edit *edit,
               ese_table__item *item)
{
    size_t new_size = (size_t)edit->new_size;
    size_t kept = before.size < new_size ? before.size : new_size;
    JET_ERR err = ese_table__item_reserve(update, item, new_size == 0 ? 1 : new_size);

    if (err < JET_errSuccess)
        return err;
    if (kept != 0 && item->size == 0)
        memcpy(item->data, before.data, kept);
    memset(item->data + kept, 0, new_size - kept);
    if (edit->bytes.size != 0)
        memcpy(item->data + edit->offset, edit->bytes.data, edit->bytes.size);
    item->size = new_size;
    return err;
}

/* A value in the record, or none yet. */
static JET_ERR
edit_intrinsic(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
               const ese_table__edit *edit)
{
    bool is_new = index == field->n_items;
    ese_table__item *old = is_new ? NULL : &ese_table__field_items(field)[index];
    JET_GRBIT grbit = edit->grbit | (is_new ? 0 : old->placement);
    ese_table__item whole = {0}, item = {0};
    ese_bytes before = {0};
    JET_ERR err = JET_errSuccess;

    if (!is_new)
        ESE_TRY(ese_table__item_load(cursor, old, UINT32_MAX, &before));
    if (edit->new_size > ese_table__record_max(cursor)) {
        ESE_TRY(make_long(cursor, field, before, edit, &item));
    } else {
        ESE_TRY(apply_to_bytes(cursor->update, before, edit, &whole));
        ESE_TRY(
            make_value(cursor, field, index, (ese_bytes){whole.data, whole.size}, grbit, &item));
    }
    ESE_TRY(replace_value(cursor, field, index, &item));
out:
    ese_table__item_clear(&whole);
    ese_table__item_clear(&item);
    return err;
}

/* ---- temporary tables */

static JET_ERR
edit_in_memory(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
               const ese_table__edit *edit)
{
    ese_table__update *update = cursor->update;
    bool is_new = index == field->n_items;
    ese_table__item *old = is_new ? NULL : &ese_table__field_items(field)[index];
    ese_table__item item = {0};
    ese_bytes before = {0};
    JET_ERR err;

    if (!is_new) {
        before = (ese_bytes){old->data, old->size};
        item.placement = old->placement;
        if (old->is_separated && edit->new_size >= old->size) /* the record has only a reference */
            return apply_to_bytes(update, before, edit, old);
    }
    ESE_TRY(apply_to_bytes(update, before, edit, &item));
    ESE_TRY(ese_table__store_item(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

JET_ERR
ese_table__long_edit(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                     const ese_table__edit *edit)
{
    const ese_table__item *old =
        index < field->n_items ? &ese_table__field_items(field)[index] : NULL;

    JET_ERR err = ese_table__check_long_size(field->column, edit->new_size);

    if (err < JET_errSuccess)
        return err;
    if (ese_table_is_temporary(cursor))
        return edit_in_memory(cursor, field, index, edit);
    if (old != NULL && (old->form & ESE_RECORD_SEPARATED) != 0)
        return edit_separated(cursor, field, index, edit);
    return edit_intrinsic(cursor, field, index, edit);
}
