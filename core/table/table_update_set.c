/*
 * JetSetColumn: which values a column takes, and what becomes of the values it has.
 *
 * Every change is applied, the record encoded, and the change taken back when the record has become too big. Long values
 * are changed in place, so that appending to one costs only what is appended.
 */
#include "record/record_key.h"
#include "table/table_update_private.h"

enum {
    LONG_BITS = JET_bitSetAppendLV | JET_bitSetOverwriteLV | JET_bitSetSizeLV,
    UNIQUE_BITS = JET_bitSetUniqueMultiValues | JET_bitSetUniqueNormalizedMultiValues,
    PLACEMENT_BITS = JET_bitSetSeparateLV | JET_bitSetIntrinsicLV,
    COLUMN_ID_MAX = 0xfee0,
};

static bool
is_long(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypLongBinary || column->coltyp == JET_coltypLongText;
}

static bool
is_short(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypBinary || column->coltyp == JET_coltypText;
}

static bool
is_fixed(const ese_schema_column *column)
{
    return column->fid <= ESE_RECORD_FIXED_LAST;
}

static bool
is_tagged(const ese_schema_column *column)
{
    return column->fid >= ESE_RECORD_TAGGED_FIRST;
}

static JET_ERR
too_big(const ese_schema_column *column, uint64_t size)
{
    return ese_raise(JET_errColumnTooBig, "%llu bytes for a column of at most %u",
                     (unsigned long long)size, (unsigned)column->size_max);
}

/* ---- new values */

/* Bit columns hold 00 or ff; fixed Binary and Text are filled up, Text with blanks. */
static void
normalize(const ese_schema_column *column, ese_table__item *item, size_t given)
{
    if (column->coltyp == JET_coltypBit && item->size == 1)
        item->data[0] = item->data[0] != 0 ? 0xff : 0;
    for (size_t i = given; i < item->size; i++) {
        bool is_low_byte = column->code_page != 1200 || i % 2 == 0;

        item->data[i] = column->coltyp == JET_coltypText && is_low_byte ? ' ' : 0;
    }
}

/* Checks the size of a whole new value and finds how much of it is stored. */
static JET_ERR
fit_size(const ese_schema_column *column, ese_table_setting *setting, size_t *size_out)
{
    size_t size = setting->size;
    bool is_wrong = !is_short(column) && !is_long(column) && size != column->size_max;

    if (is_wrong && !(size == 0 && is_tagged(column)))
        return ese_raise(JET_errInvalidBufferSize, "%zu bytes for a column of %u", size,
                         (unsigned)column->size_max);
    if (column->size_max != 0 && size > column->size_max) {
        if (is_fixed(column))
            return ese_raise(JET_errInvalidBufferSize, "%zu bytes for a column of %u", size,
                             (unsigned)column->size_max);
        if (is_tagged(column))
            return too_big(column, size);
        setting->is_truncated = true;
        size = column->size_max;
    }
    *size_out = size;
    return JET_errSuccess;
}

static JET_ERR
make_item(const ese_schema_column *column, ese_table_setting *setting, ese_table__item *item_out)
{
    size_t given = 0;
    ese_table__item item = {0};
    JET_ERR err;

    ESE_TRY(fit_size(column, setting, &given));
    ESE_TRY(ese_table__item_reserve(&item, is_fixed(column) ? column->size_max : given));
    if (given != 0)
        memcpy(item.data, setting->data, given);
    item.size = is_fixed(column) ? column->size_max : given;
    item.placement = setting->grbit & (JET_GRBIT)PLACEMENT_BITS;
    normalize(column, &item, given);
    *item_out = item;
out:
    return err;
}

/* ---- unique values */

static JET_ERR
is_equal_normalized(const ese_schema_column *column, ese_bytes a, ese_bytes b, bool *is_equal_out)
{
    const ese_record_key_rules rules = {.lcmap_flags = ESE_TABLE_LCMAP_DEFAULT,
                                        .key_most = ESE_RECORD_KEY_MOST_MAX,
                                        .var_seg_mac = ESE_RECORD_KEY_MOST_MAX};
    const ese_schema_segment segment = {.column = column};
    ese_record_key_column key_column = ese_table__key_column(&segment);
    ese_record_key key_a, key_b;
    JET_ERR err;

    ese_record_key_start(&key_a);
    ese_record_key_start(&key_b);
    ESE_TRY(ese_record_key_append(&key_a, &rules, &key_column, &a));
    ESE_TRY(ese_record_key_append(&key_b, &rules, &key_column, &b));
    *is_equal_out = ese_bytes_compare((ese_bytes){key_a.bytes, key_a.size},
                                      (ese_bytes){key_b.bytes, key_b.size}) == 0;
out:
    return err;
}

/* Is the new value unlike every value but the one it replaces? */
static JET_ERR
check_unique(const ese_table__field *field, uint32_t replaced, const ese_table__item *item,
             JET_GRBIT grbit)
{
    ese_bytes new_value = {item->data, item->size};

    for (uint32_t i = 0; i < field->n_items; i++) {
        ese_bytes value = {field->items[i].data, field->items[i].size};
        bool is_equal = ese_bytes_compare(value, new_value) == 0;
        JET_ERR err = JET_errSuccess;

        if (i == replaced)
            continue;
        if ((grbit & JET_bitSetUniqueNormalizedMultiValues) != 0)
            err = is_equal_normalized(field->column, value, new_value, &is_equal);
        if (err < JET_errSuccess)
            return err;
        if (is_equal)
            return ese_raise(JET_errMultiValuedDuplicate, "the column has this value already");
    }
    return JET_errSuccess;
}

/* ---- changing values */

/* A new value at the place of another one, or behind the last one. */
static JET_ERR
store_item(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
           ese_table__item *item_inout)
{
    bool is_new = index == field->n_items;
    ese_table__item old_item = {0};
    JET_ERR err = JET_errSuccess;

    if (is_new)
        ESE_TRY(ese_table__field_reserve(field));
    else
        old_item = ese_table__field_remove(field, index);
    ese_table__field_insert(field, index, *item_inout);
    err = ese_table__update_encode(cursor);
    if (err < JET_errSuccess) {
        ese_table__field_remove(field, index);
        if (!is_new)
            ese_table__field_insert(field, index, old_item);
        goto out;
    }
    ese_table__item_clear(&old_item);
    *item_inout = (ese_table__item){0};
out:
    return err;
}

static JET_ERR
store_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
            ese_table_setting *setting)
{
    ese_table__item item = {0};
    JET_ERR err;

    ESE_TRY(make_item(field->column, setting, &item));
    if ((setting->grbit & (JET_GRBIT)UNIQUE_BITS) != 0)
        ESE_TRY(check_unique(field, index, &item, setting->grbit));
    ESE_TRY(store_item(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

/* A record without the value is never too big, but room for encoding it may be missing. */
static JET_ERR
remove_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index)
{
    ese_table__item item;
    JET_ERR err;

    if (index >= field->n_items)
        return JET_errSuccess;
    item = ese_table__field_remove(field, index);
    err = ese_table__update_encode(cursor);
    if (err < JET_errSuccess)
        ese_table__field_insert(field, index, item);
    else
        ese_table__item_clear(&item);
    return err;
}

static JET_ERR
remove_all_values(ese_table_cursor *cursor, ese_table__field *field)
{
    uint32_t n = field->n_items;
    JET_ERR err;

    field->n_items = 0;
    err = ese_table__update_encode(cursor);
    if (err < JET_errSuccess) {
        field->n_items = n;
        return err;
    }
    for (uint32_t i = 0; i < n; i++)
        ese_table__item_clear(&field->items[i]);
    return err;
}

/* ---- long values */

/* Bytes to write into a value, and how long it is afterwards. */
typedef struct edit {
    uint64_t new_size;
    uint64_t offset;
    ese_bytes bytes;
} edit;

/* The record has only a reference, which stays as it is. */
static JET_ERR
edit_in_place(ese_table__item *item, const edit *change)
{
    size_t new_size = (size_t)change->new_size;
    JET_ERR err = ese_table__item_reserve(item, new_size);

    if (err < JET_errSuccess)
        return err;
    if (new_size > item->size)
        memset(item->data + item->size, 0, new_size - item->size);
    if (change->bytes.size != 0)
        memcpy(item->data + change->offset, change->bytes.data, change->bytes.size);
    item->size = new_size;
    return err;
}

/* Changes a value, or makes it when `index` is behind the last one. */
static JET_ERR
edit_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index, const edit *change)
{
    const ese_schema_column *column = field->column;
    bool is_new = index == field->n_items;
    ese_table__item item = {0};
    JET_ERR err;

    if (change->new_size > (column->size_max != 0 ? column->size_max : (uint64_t)INT32_MAX))
        return too_big(column, change->new_size);
    if (!is_new && field->items[index].is_separated && change->new_size >= field->items[index].size)
        return edit_in_place(&field->items[index], change);
    if (!is_new) {
        const ese_table__item *old = &field->items[index];
        size_t kept = change->new_size < old->size ? (size_t)change->new_size : old->size;

        ESE_TRY(ese_table__item_make((ese_bytes){old->data, kept}, &item));
        item.placement = old->placement;
    }
    ESE_TRY(edit_in_place(&item, change));
    ESE_TRY(store_item(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

/* Append, overwrite and size change. */
static JET_ERR
change_long_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                  ese_table_setting *setting)
{
    size_t old_size = index < field->n_items ? field->items[index].size : 0;
    edit change = {.new_size = setting->size};

    if ((setting->grbit & JET_bitSetSizeLV) != 0)
        return setting->data != NULL ? store_value(cursor, field, index, setting)
                                     : edit_value(cursor, field, index, &change);
    change.offset = (setting->grbit & JET_bitSetAppendLV) != 0 ? old_size : setting->offset;
    if (change.offset > old_size)
        return ese_raise(JET_errColumnNoChunk, "offset %llu of a long value of %zu bytes",
                         (unsigned long long)change.offset, old_size);
    change.bytes = (ese_bytes){setting->data, setting->size};
    change.new_size = change.offset + setting->size;
    if (change.new_size < old_size)
        change.new_size = old_size;
    return edit_value(cursor, field, index, &change);
}

/* ---- door */

static JET_ERR
check_setting(const ese_table_cursor *cursor, const ese_table_setting *setting,
              const ese_schema_column **column_out)
{
    JET_GRBIT grbit = setting->grbit;
    uint32_t id = setting->columnid & ~(uint32_t)ESE_SCHEMA_TEMPLATE_ID;

    if (id == 0 || id > COLUMN_ID_MAX)
        return ese_raise(JET_errBadColumnId, "no column has the id %u",
                         (unsigned)setting->columnid);
    if ((grbit & (JET_GRBIT)UNIQUE_BITS) != 0 && (grbit & (JET_GRBIT)LONG_BITS) != 0)
        return ese_raise(JET_errInvalidGrbit, "unique values are set as a whole");
    *column_out = ese_schema_find_column(cursor->table, setting->columnid);
    if (*column_out == NULL)
        return ese_raise(JET_errColumnNotFound, "the table has no column %u",
                         (unsigned)setting->columnid);
    return JET_errSuccess;
}

/* Does the call set the value to NULL? */
static bool
sets_null(const ese_schema_column *column, const ese_table_setting *setting)
{
    bool is_size_change = is_long(column) && (setting->grbit & JET_bitSetSizeLV) != 0;
    bool has_bytes = setting->data != NULL && setting->size != 0;
    bool is_empty = (setting->grbit & JET_bitSetZeroLength) != 0 && setting->size == 0;

    if (has_bytes || (is_size_change && setting->size != 0))
        return false;
    return !is_empty || is_fixed(column);
}

static JET_ERR
apply(ese_table_cursor *cursor, ese_table__field *field, ese_table_setting *setting)
{
    const ese_schema_column *column = field->column;
    bool is_change = is_long(column) && (setting->grbit & (JET_GRBIT)LONG_BITS) != 0;
    uint32_t index = is_tagged(column) ? setting->itag_sequence - 1 : 0;

    if (is_tagged(column) && (setting->grbit & JET_bitSetRevertToDefaultValue) != 0)
        return remove_all_values(cursor, field);
    if (index > field->n_items)
        index = field->n_items; /* 0 and numbers past the end append */
    if (sets_null(column, setting)) {
        bool is_no_change = is_change && (setting->grbit & JET_bitSetSizeLV) == 0;

        return is_no_change ? JET_errSuccess : remove_value(cursor, field, index);
    }
    return is_change ? change_long_value(cursor, field, index, setting)
                     : store_value(cursor, field, index, setting);
}

JET_ERR
ese_table_set_column(ese_table_cursor *cursor, ese_table_setting *setting)
{
    const ese_schema_column *column = NULL;
    ese_table__field *field = NULL;
    JET_ERR err;

    setting->is_truncated = false;
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (cursor->update == NULL)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    ESE_TRY(check_setting(cursor, setting, &column));
    ESE_TRY(ese_table__update_field(ese_table__update_of(cursor), column, &field));
    ESE_TRY(apply(cursor, field, setting));
out:
    return err;
}
