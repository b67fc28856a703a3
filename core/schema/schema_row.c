/*
 * Decodes rows of MSysObjects by its built-in columns: the catalog cannot be looked up in the
 * catalog. Catalog specification, section 2.
 */
#include "schema/schema_private.h"

typedef struct fixed_column {
    uint16_t id;
    uint16_t offset;
    uint16_t size;
    size_t field; /* offset in ese_schema__row */
} fixed_column;

static const fixed_column fixed_columns[] = {
    {1, 4, 4, offsetof(ese_schema__row, objid_table)},
    {3, 10, 4, offsetof(ese_schema__row, id)},
    {4, 14, 4, offsetof(ese_schema__row, coltyp_or_pgno)},
    {5, 18, 4, offsetof(ese_schema__row, space_usage)},
    {6, 22, 4, offsetof(ese_schema__row, flags)},
    {7, 26, 4, offsetof(ese_schema__row, pages_or_locale)},
    {9, 31, 2, offsetof(ese_schema__row, record_offset)},
    {10, 33, 4, offsetof(ese_schema__row, lcmap_flags)},
    {11, 37, 2, offsetof(ese_schema__row, key_most)},
    {12, 39, 4, offsetof(ese_schema__row, lv_chunk)},
};

typedef struct bytes_column {
    uint16_t id;
    size_t field;
} bytes_column;

static const bytes_column variable_columns[] = {
    {128, offsetof(ese_schema__row, name)},
    {129, offsetof(ese_schema__row, stats)},
    {130, offsetof(ese_schema__row, template_or_callback)},
    {131, offsetof(ese_schema__row, default_value)},
    {132, offsetof(ese_schema__row, key_columns)},
    {133, offsetof(ese_schema__row, var_seg_mac)},
    {134, offsetof(ese_schema__row, conditions)},
    {135, offsetof(ese_schema__row, tuple_limits)},
    {136, offsetof(ese_schema__row, version)},
    {137, offsetof(ese_schema__row, sort_id)},
};

static const bytes_column tagged_columns[] = {
    {256, offsetof(ese_schema__row, callback_data)},
    {257, offsetof(ese_schema__row, callback_dependencies)},
    {258, offsetof(ese_schema__row, separate_lv)},
    {259, offsetof(ese_schema__row, space_hints)},
    {260, offsetof(ese_schema__row, lv_hints)},
    {261, offsetof(ese_schema__row, locale)},
};

static JET_ERR
decode_fixed(const ese_record *record, const fixed_column *column, ese_schema__row *row)
{
    ese_record_place place = {column->id, column->offset, column->size};
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes value = {0};
    uint32_t number;
    JET_ERR err = ese_record_fixed(record, place, &state, &value);

    if (err < JET_errSuccess || state != ESE_RECORD_VALUE)
        return err;
    number = column->size == 4 ? ese_load_le32(value.data) : ese_load_le16(value.data);
    memcpy((uint8_t *)row + column->field, &number, sizeof number);
    return JET_errSuccess;
}

static JET_ERR
decode_type(const ese_record *record, ese_schema__row *row)
{
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes value = {0};
    JET_ERR err = ese_record_fixed(record, (ese_record_place){2, 8, 2}, &state, &value);

    if (err >= JET_errSuccess && state == ESE_RECORD_VALUE)
        row->type = ese_load_le16(value.data);
    return err;
}

static JET_ERR
decode_time(const ese_record *record, ese_schema__row *row)
{
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes value = {0};
    JET_ERR err = ese_record_fixed(record, (ese_record_place){13, 43, 8}, &state, &value);

    if (err >= JET_errSuccess && state == ESE_RECORD_VALUE)
        row->last_set_time = value;
    return err;
}

static JET_ERR
decode_variable(const ese_record *record, const bytes_column *column, ese_schema__row *row)
{
    ese_record_state state;
    ese_bytes value;
    JET_ERR err = ese_record_variable(record, column->id, &state, &value);

    if (err >= JET_errSuccess && state == ESE_RECORD_VALUE)
        memcpy((uint8_t *)row + column->field, &value, sizeof value);
    return err;
}

/* Only plain values: the engine never separates or compresses these columns. */
static JET_ERR
decode_tagged(const ese_record *record, const bytes_column *column, ese_schema__row *row)
{
    ese_record_tagged tagged;
    ese_record_value value;
    JET_ERR err = ese_record_tagged_find(record, column->id, false, &tagged);

    if (err < JET_errSuccess || tagged.state != ESE_RECORD_VALUE)
        return err;
    err = ese_record_tagged_value(&tagged, 0, &value);
    if (err >= JET_errSuccess && value.form == 0)
        memcpy((uint8_t *)row + column->field, &value.bytes, sizeof value.bytes);
    return err;
}

JET_ERR
ese_schema__row_decode(ese_bytes bytes, uint32_t page_size, ese_schema__row *row_out)
{
    ese_record record;
    ese_schema__row row = {0};
    JET_ERR err;

    ESE_TRY(ese_record_open(bytes, page_size, &record));
    ESE_TRY(decode_type(&record, &row));
    ESE_TRY(decode_time(&record, &row));
    for (size_t i = 0; i < sizeof fixed_columns / sizeof fixed_columns[0]; i++)
        ESE_TRY(decode_fixed(&record, &fixed_columns[i], &row));
    for (size_t i = 0; i < sizeof variable_columns / sizeof variable_columns[0]; i++)
        ESE_TRY(decode_variable(&record, &variable_columns[i], &row));
    for (size_t i = 0; i < sizeof tagged_columns / sizeof tagged_columns[0]; i++)
        ESE_TRY(decode_tagged(&record, &tagged_columns[i], &row));
    *row_out = row;
out:
    return err;
}
