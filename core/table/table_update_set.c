/*
 * JetSetColumn: which values a column takes, and what becomes of the values it has.
 *
 * A change is applied, and taken back when the record has become too big.
 */
#include "record/record_key.h"
#include "table/table_update_db.h"
#include "table/table_update_long.h"

enum {
    LONG_BITS = JET_bitSetAppendLV | JET_bitSetOverwriteLV | JET_bitSetSizeLV,
    UNIQUE_BITS = JET_bitSetUniqueMultiValues | JET_bitSetUniqueNormalizedMultiValues,
    COLUMN_ID_MAX = 0xfee0,
    NORMALIZED_MAX = 2 * ESE_PAGE_SIZE_MAX, /* bytes of a value that its key can depend on */
    PLAIN_MAX = 1024,                       /* bytes of a value that is set without ado */
};

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

JET_ERR
ese_table__value_too_big(const ese_schema_column *column, uint64_t size)
{
    return ese_raise(JET_errColumnTooBig, "%llu bytes for a column of at most %u",
                     (unsigned long long)size, (unsigned)column->size_max);
}

/* ---- new values */

/* Fixed Bit columns hold 00 or ff; fixed Binary and Text are filled up, Text with blanks. */
static void
normalize(const ese_schema_column *column, ese_table__item *item, size_t given)
{
    if (column->coltyp == JET_coltypBit && is_fixed(column))
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
    bool is_too_long = is_tagged(column) && column->size_max != 0 && size > column->size_max;
    bool is_wrong = !is_short(column) && !ese_table__is_long(column) && size != column->size_max;

    if (is_too_long)
        return ese_table__value_too_big(column, size);
    if (is_wrong && !(size == 0 && is_tagged(column)))
        return ese_raise(JET_errInvalidBufferSize, "%zu bytes for a column of %u", size,
                         (unsigned)column->size_max);
    if (column->size_max != 0 && size > column->size_max) {
        if (is_fixed(column))
            return ese_raise(JET_errInvalidBufferSize, "%zu bytes for a column of %u", size,
                             (unsigned)column->size_max);
        setting->is_truncated = true;
        size = column->size_max;
    }
    if (size > INT32_MAX)
        return ese_table__value_too_big(column, size);
    *size_out = size;
    return JET_errSuccess;
}

static void
fill_item(const ese_schema_column *column, const ese_table_setting *setting, size_t given,
          ese_table__item *item)
{
    if (given != 0)
        memcpy(item->data, setting->data, given);
    item->size = is_fixed(column) ? column->size_max : given;
    item->placement = setting->grbit & (JET_GRBIT)ESE_TABLE__PLACEMENT_BITS;
    normalize(column, item, given);
}

static JET_ERR
make_item(ese_table_cursor *cursor, const ese_schema_column *column,
          const ese_table_setting *setting, size_t given, ese_table__item *item_out)
{
    ese_table__item item = {0};
    size_t size = is_fixed(column) ? column->size_max : given;
    JET_ERR err = ese_table__item_reserve(cursor->update, &item, size == 0 ? 1 : size);

    if (err < JET_errSuccess)
        return err;
    fill_item(column, setting, given, &item);
    *item_out = item;
    return err;
}

/* ---- unique values */

/* JET_errMultiValuedDuplicateAfterTruncation: they may differ in what the key leaves out. */
static JET_ERR
is_equal_normalized(const ese_schema_column *column, ese_bytes a, ese_bytes b, bool *is_equal_out)
{
    const ese_record_key_rules rules = {.lcmap_flags = ESE_TABLE_LCMAP_DEFAULT,
                                        .key_most = ESE_RECORD_KEY_MOST_DEFAULT,
                                        .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT};
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
    if (*is_equal_out && (key_a.is_truncated || key_b.is_truncated))
        return ese_raise(JET_errMultiValuedDuplicateAfterTruncation,
                         "the column has a value whose key is equal as far as it goes");
out:
    return err;
}

/* Is the new value unlike every value but the one it replaces? */
static JET_ERR
check_unique(ese_table_cursor *cursor, ese_table__field *field, uint32_t replaced,
             ese_bytes new_value, JET_GRBIT grbit)
{
    bool is_normalized = (grbit & JET_bitSetUniqueNormalizedMultiValues) != 0;
    uint32_t limit = is_normalized ? NORMALIZED_MAX : UINT32_MAX;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < field->n_items; i++) {
        bool is_equal = false;
        ese_bytes value = {0};

        if (i == replaced)
            continue;
        ESE_TRY(ese_table__item_load(cursor, &ese_table__field_items(field)[i], limit, &value));
        if (is_normalized)
            ESE_TRY(is_equal_normalized(field->column, value, new_value, &is_equal));
        else
            is_equal = ese_bytes_compare(value, new_value) == 0;
        if (is_equal)
            return ese_raise(JET_errMultiValuedDuplicate, "the column has this value already");
    }
out:
    return err;
}

/* ---- changing values */

JET_ERR
ese_table__store_item(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                      ese_table__item *item_inout)
{
    const ese_schema_column *column = field->column;
    bool is_new = index == field->n_items, was_absent = field->is_absent;
    ese_table__item old_item = {0};
    JET_ERR err = JET_errSuccess;

    if (is_new)
        ESE_TRY(ese_table__field_reserve(cursor->update, field));
    else
        old_item = ese_table__field_remove(field, index);
    ese_table__field_insert(field, index, *item_inout);
    field->is_absent = false;
    err = ese_table__update_fit(cursor, column, item_inout->size);
    if (err < JET_errSuccess) { /* fields may have moved */
        field = ese_table__update_find(cursor->update, ese_table__rank(column));
        ese_table__field_remove(field, index);
        field->is_absent = was_absent;
        if (!is_new)
            ese_table__field_insert(field, index, old_item);
        goto out;
    }
    ese_table__item_clear(&old_item);
    *item_inout = (ese_table__item){0};
out:
    return err;
}

/* The place of the old value is enough for the new one: nothing can go wrong, the record does not grow. */
static bool
overwrite(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
          const ese_table_setting *setting, size_t given)
{
    ese_table__update *update = cursor->update;
    ese_table__item *item;

    if (index >= field->n_items || ese_table__is_long(field->column))
        return false;
    item = &ese_table__field_items(field)[index];
    if (given > item->size || item->size > item->capacity || item->form != 0)
        return false;
    fill_item(field->column, setting, given, item);
    update->is_encoded = false;
    return true;
}

static JET_ERR
store_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
            ese_table_setting *setting)
{
    ese_table__item item = {0};
    ese_bytes value = {setting->data, 0};
    JET_ERR err;

    ESE_TRY(fit_size(field->column, setting, &value.size));
    if ((setting->grbit & (JET_GRBIT)UNIQUE_BITS) != 0)
        ESE_TRY(check_unique(cursor, field, index, value, setting->grbit));
    if (overwrite(cursor, field, index, setting, value.size))
        return JET_errSuccess;
    if (ese_table__is_long(field->column) && !ese_table_is_temporary(cursor))
        return ese_table__long_set(cursor, field, index, value, setting->grbit);
    ESE_TRY(make_item(cursor, field->column, setting, value.size, &item));
    ESE_TRY(ese_table__store_item(cursor, field, index, &item));
out:
    ese_table__item_clear(&item);
    return err;
}

/* A record without the value may be larger all the same: an explicit NULL takes room, too. */
static JET_ERR
remove_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index)
{
    const ese_schema_column *column = field->column;
    bool is_there = index < field->n_items, was_absent = field->is_absent;
    ese_table__item item = {0};
    JET_ERR err = JET_errSuccess;

    if (is_there) {
        ESE_TRY(ese_table__long_drop(cursor, &ese_table__field_items(field)[index]));
        item = ese_table__field_remove(field, index);
    }
    field->is_absent = false;
    err = ese_table__update_fit(cursor, column, 0);
    if (err < JET_errSuccess) {
        field = ese_table__update_find(cursor->update, ese_table__rank(column));
        field->is_absent = was_absent;
        if (is_there)
            ese_table__field_insert(field, index, item);
    } else {
        ese_table__item_clear(&item);
    }
out:
    return err;
}

/* The record becomes smaller. */
static JET_ERR
remove_all_values(ese_table_cursor *cursor, ese_table__field *field)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < field->n_items; i++)
        ESE_TRY(ese_table__long_drop(cursor, &ese_table__field_items(field)[i]));
    for (uint32_t i = 0; i < field->n_items; i++)
        ese_table__item_clear(&ese_table__field_items(field)[i]);
    field->n_items = 0;
    field->is_absent = true;
    ese_table__update_of(cursor)->is_encoded = false;
out:
    return err;
}

/* ---- long values */

/* Append, overwrite and size change. */
static JET_ERR
change_long_value(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                  ese_table_setting *setting)
{
    bool sets_size = (setting->grbit & JET_bitSetSizeLV) != 0;
    ese_table__edit edit = {.new_size = setting->size, .grbit = setting->grbit};
    uint32_t old_size = 0;
    JET_ERR err = JET_errSuccess;

    if (index < field->n_items)
        ESE_TRY(ese_table__item_size(cursor, &ese_table__field_items(field)[index], &old_size));
    if ((setting->grbit & (JET_GRBIT)LONG_BITS) == JET_bitSetSizeLV)
        return ese_table__long_edit(cursor, field, index, &edit);
    if (sets_size && (setting->grbit & JET_bitSetOverwriteLV) == 0)
        return store_value(cursor, field, index, setting);
    edit.offset = (setting->grbit & JET_bitSetAppendLV) != 0 ? old_size : setting->offset;
    edit.new_size = edit.offset + setting->size;
    if (field->column->size_max != 0)
        ESE_TRY(ese_table__check_long_size(field->column, edit.new_size));
    if (edit.offset > old_size)
        return ese_raise(JET_errColumnNoChunk, "offset %llu of a long value of %u bytes",
                         (unsigned long long)edit.offset, (unsigned)old_size);
    edit.bytes = (ese_bytes){setting->data, setting->size};
    if (edit.new_size < old_size && !sets_size)
        edit.new_size = old_size;
    ESE_TRY(ese_table__long_edit(cursor, field, index, &edit));
out:
    return err;
}

/* A part of a value that is there by default is changed in a copy of the default; what is appended makes a value of its own. */
static JET_ERR
change_long_default(ese_table_cursor *cursor, ese_table__field *field, ese_table_setting *setting)
{
    const ese_schema_column *column = field->column;
    ese_bytes value = column->default_value;
    JET_ERR err;

    ESE_TRY(ese_table__field_reserve(cursor->update, field));
    ese_table__field_insert(field, 0,
                            (ese_table__item){
                                .data = (uint8_t *)(uintptr_t)value.data,
                                .size = value.size,
                            });
    err = change_long_value(cursor, field, 0, setting);
    if (err < JET_errSuccess) { /* fields may have moved */
        field = ese_table__update_find(cursor->update, ese_table__rank(column));
        ese_table__field_remove(field, 0);
        field->is_absent = true;
    }
out:
    return err;
}

/* ---- door */

static JET_ERR
check_duties(const ese_table_cursor *cursor, const ese_schema_column *column, JET_GRBIT grbit)
{
    const ese_table__update *update = cursor->update;
    bool is_replace = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;
    bool is_numbered = (grbit & ESE_bitSetAutoincrement) != 0 && update->prep == JET_prepInsert &&
                       !ese_table_is_temporary(cursor);

    if (((column->flags & ESE_SCHEMA_AUTOINCREMENT) != 0 && !is_numbered) ||
        ((column->flags & ESE_SCHEMA_VERSION) != 0 && is_replace))
        return ese_raise(JET_errInvalidColumnType, "the engine gives column '%s' its values",
                         column->name);
    if (ese_table__is_long(column) && !ese_table_is_temporary(cursor) &&
        cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "long values are set in a transaction");
    return JET_errSuccess;
}

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
    return check_duties(cursor, *column_out, grbit);
}

/* Does the call set the value to NULL? */
static bool
sets_null(const ese_schema_column *column, const ese_table_setting *setting)
{
    bool is_size_change = ese_table__is_long(column) && (setting->grbit & JET_bitSetSizeLV) != 0;
    bool has_bytes = setting->data != NULL && setting->size != 0;
    bool is_empty = (setting->grbit & JET_bitSetZeroLength) != 0 && setting->size == 0;

    if (has_bytes || (is_size_change && setting->size != 0))
        return false;
    return !is_empty || is_fixed(column);
}

static JET_ERR
set_null(ese_table_cursor *cursor, ese_table__field *field, uint32_t index)
{
    if ((field->column->flags & ESE_SCHEMA_NOT_NULL) != 0 && field->n_items <= 1)
        return ese_raise(JET_errNullInvalid, "column '%s' must have a value", field->column->name);
    return remove_value(cursor, field, index);
}

static JET_ERR
apply(ese_table_cursor *cursor, ese_table__field *field, ese_table_setting *setting)
{
    const ese_schema_column *column = field->column;
    bool is_change = ese_table__is_long(column) && (setting->grbit & (JET_GRBIT)LONG_BITS) != 0;
    uint32_t index = is_tagged(column) ? setting->itag_sequence - 1 : 0;
    bool is_there = index == 0 || index < field->n_items;

    if (is_tagged(column) && (setting->grbit & JET_bitSetRevertToDefaultValue) != 0 &&
        (column->flags & (ESE_SCHEMA_DEFAULT | ESE_SCHEMA_USER_DEFINED_DEFAULT)) != 0 &&
        (setting->data == NULL || setting->size == 0))
        return remove_all_values(cursor, field);
    if (index > field->n_items)
        index = field->n_items; /* 0 and numbers past the end append */
    if (sets_null(column, setting)) {
        bool is_no_change = is_change && (setting->grbit & JET_bitSetSizeLV) == 0;

        return is_no_change || !is_there ? JET_errSuccess : set_null(cursor, field, index);
    }
    if (is_change && (setting->grbit & JET_bitSetAppendLV) == 0 && field->n_items == 0 &&
        field->is_absent && column->default_value.size != 0)
        return change_long_default(cursor, field, setting);
    return is_change ? change_long_value(cursor, field, index, setting)
                     : store_value(cursor, field, index, setting);
}

/* Long values of a database are written as they are set, and all of that is one statement. */
static JET_ERR
apply_as_statement(ese_table_cursor *cursor, ese_table__field *field, ese_table_setting *setting)
{
    ese_txn_statement statement;
    JET_ERR err = ese_txn_statement_enter(cursor->session, &statement);

    if (err < JET_errSuccess)
        return err;
    return ese_table__leave(cursor, &statement, apply(cursor, field, setting));
}

/* A column that could not be set for the first time is as it was: not mentioned. Values of tagged columns were only borrowed. */
static void
forget_new_field(ese_table__update *update, const ese_table__field *field)
{
    size_t at = (size_t)(field - update->fields);

    if (is_tagged(field->column) || field->n_items != 0)
        return;
    memmove(update->fields + at, update->fields + at + 1,
            (update->n_fields - at - 1) * sizeof *update->fields);
    update->n_fields--;
}

/* A whole value for an untagged column that nothing but its caller gives values, and that has no field yet: the usual case of an insertion. */
static bool
is_plain(const ese_table__update *update, const ese_schema_column *column,
         const ese_table_setting *setting)
{
    const uint32_t special = ESE_SCHEMA_AUTOINCREMENT | ESE_SCHEMA_VERSION;

    return !is_tagged(column) && (column->flags & special) == 0 && setting->grbit == 0 &&
           setting->data != NULL && setting->size != 0 &&
           (update->n_fields == 0 ||
            update->fields[update->n_fields - 1].rank < ese_table__rank(column));
}

/* *is_done_out = false: there is more to it than that. What the base has for the column is not looked at, because it is replaced. */
static JET_ERR
set_plain(ese_table__update *update, const ese_schema_column *column, ese_table_setting *setting,
          bool *is_done_out)
{
    size_t given = 0, size;
    ese_table__field *field;
    JET_ERR err;

    *is_done_out = false;
    ESE_TRY(fit_size(column, setting, &given));
    size = is_fixed(column) ? column->size_max : given;
    if (update->n_fields == update->fields_capacity || size > PLAIN_MAX)
        return err;
    field = &update->fields[update->n_fields];
    *field = (ese_table__field){
        .column = column, .rank = ese_table__rank(column), .capacity = 1, .n_items = 1};
    ESE_TRY(ese_table__item_reserve(update, &field->one, size));
    if (!ese_table__update_has_room(update, column, size))
        return err;
    fill_item(column, setting, given, &field->one);
    update->n_fields++;
    update->is_encoded = false;
    update->is_changed = true;
    *is_done_out = true;
out:
    return err;
}

JET_ERR
ese_table_set_column(ese_table_cursor *cursor, ese_table_setting *setting)
{
    const ese_schema_column *column = NULL;
    ese_table__field *field = NULL;
    ese_table__update *update = ese_table__update_of(cursor);
    size_t n_before = update != NULL ? update->n_fields : 0;
    bool is_done = false;
    JET_ERR err;

    setting->is_truncated = false;
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (update == NULL || update->prep == ESE_TABLE_PREP_READ_ONLY_COPY)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    ESE_TRY(check_setting(cursor, setting, &column));
    if (is_plain(update, column, setting))
        ESE_TRY(set_plain(update, column, setting, &is_done));
    if (is_done)
        return err;
    ESE_TRY(ese_table__update_field(cursor, column, &field));
    if (ese_table__is_long(column) && !ese_table_is_temporary(cursor))
        ESE_TRY(apply_as_statement(cursor, field, setting));
    else
        ESE_TRY(apply(cursor, field, setting));
    if ((column->flags & ESE_SCHEMA_AUTOINCREMENT) != 0)
        ese_table__note_auto_increment(cursor, column, (ese_bytes){setting->data, setting->size});
    update->is_changed = true;
out:
    if (err < JET_errSuccess && field != NULL && update->n_fields > n_before)
        forget_new_field(update, field);
    return err;
}
