/*
 * Encodes rows of MSysObjects and the keys of its indexes: the inverse of schema_row.c. Which columns a row has follows from its type, as in the files of the
 * engine; catalog specification, section 3.
 */
#include "record/record_encode.h"
#include "schema/schema_private.h"

enum {
    N_COLUMNS_MAX = 29,
    ROOT_FLAG = 0xff,
    KEY_MOST = ESE_RECORD_KEY_MOST_DEFAULT,
};

/* The columns of one row, with the bytes of its numbers. */
typedef struct builder {
    ese_record_column columns[N_COLUMNS_MAX];
    ese_record_value values[N_COLUMNS_MAX];
    uint8_t numbers[N_COLUMNS_MAX][4];
    unsigned n;
} builder;

static void
add_value(builder *to, uint32_t id, ese_bytes bytes)
{
    ese_record_value *value = &to->values[to->n];

    *value = (ese_record_value){.bytes = bytes};
    to->columns[to->n] = (ese_record_column){
        .id = id,
        .is_long = id >= ESE_RECORD_TAGGED_FIRST,
        .state = ESE_RECORD_VALUE,
        .n_values = 1,
        .values = value,
    };
    to->n++;
}

static void
add_number(builder *to, ese_record_place place, uint32_t number)
{
    uint8_t *bytes = to->numbers[to->n];
    ese_record_column *column = &to->columns[to->n];

    ese_store_le32(bytes, number);
    add_value(to, place.id, (ese_bytes){bytes, place.size});
    column->offset = place.offset;
    column->size = place.size;
}

static void
add_bytes(builder *to, uint32_t id, ese_bytes bytes)
{
    if (bytes.size != 0)
        add_value(to, id, bytes);
}

static void
add_time(builder *to, ese_bytes time)
{
    ese_record_column *column = &to->columns[to->n];

    if (time.size == 0)
        return;
    add_value(to, 13, time);
    column->offset = 43;
    column->size = 8;
}

static bool
is_fixed_column(const ese_schema__row *row)
{
    return row->type == ESE_SCHEMA__ROW_COLUMN && row->id <= ESE_RECORD_FIXED_LAST;
}

static void
add_fixed(builder *to, const ese_schema__row *row)
{
    add_number(to, (ese_record_place){1, 4, 4}, row->objid_table);
    add_number(to, (ese_record_place){2, 8, 2}, row->type);
    add_number(to, (ese_record_place){3, 10, 4}, row->id);
    add_number(to, (ese_record_place){4, 14, 4}, row->coltyp_or_pgno);
    add_number(to, (ese_record_place){5, 18, 4}, row->space_usage);
    add_number(to, (ese_record_place){6, 22, 4}, row->flags);
    add_number(to, (ese_record_place){7, 26, 4}, row->pages_or_locale);
    if (row->type == ESE_SCHEMA__ROW_TABLE)
        add_number(to, (ese_record_place){8, 30, 1}, ROOT_FLAG);
    if (is_fixed_column(row))
        add_number(to, (ese_record_place){9, 31, 2}, row->record_offset);
    if (row->type == ESE_SCHEMA__ROW_INDEX)
        add_number(to, (ese_record_place){10, 33, 4}, row->lcmap_flags);
    if (row->key_most != 0)
        add_number(to, (ese_record_place){11, 37, 2}, row->key_most);
    if (row->lv_chunk != 0)
        add_number(to, (ese_record_place){12, 39, 4}, row->lv_chunk);
    add_time(to, row->last_set_time);
}

static void
add_others(builder *to, const ese_schema__row *row)
{
    add_bytes(to, 128, row->name);
    add_bytes(to, 129, row->stats);
    add_bytes(to, 130, row->template_or_callback);
    add_bytes(to, 131, row->default_value);
    add_bytes(to, 132, row->key_columns);
    add_bytes(to, 133, row->var_seg_mac);
    add_bytes(to, 134, row->conditions);
    add_bytes(to, 135, row->tuple_limits);
    add_bytes(to, 136, row->version);
    add_bytes(to, 137, row->sort_id);
    add_bytes(to, 256, row->callback_data);
    add_bytes(to, 257, row->callback_dependencies);
    add_bytes(to, 258, row->separate_lv);
    add_bytes(to, 259, row->space_hints);
    add_bytes(to, 260, row->lv_hints);
    add_bytes(to, 261, row->locale);
}

JET_ERR
ese_schema__row_encode(const ese_schema__row *row, uint32_t page_size, uint8_t *to, size_t room,
                       size_t *size_out)
{
    builder record;

    record.n = 0;
    add_fixed(&record, row);
    add_others(&record, row);
    return ese_record_encode(record.columns, record.n, page_size, to, room, size_out);
}

/* ---- Keys ---- */

static const ese_record_key_rules catalog_rules = {.key_most = KEY_MOST, .var_seg_mac = KEY_MOST};

static JET_ERR
append_long(ese_record_key *key, uint32_t number)
{
    const ese_record_key_column column = {.coltyp = JET_coltypLong, .is_fixed = true};
    uint8_t bytes[4];

    ese_store_le32(bytes, number);
    return ese_record_key_append(key, &catalog_rules, &column, &(ese_bytes){bytes, sizeof bytes});
}

static JET_ERR
append_type(ese_record_key *key, uint16_t type)
{
    const ese_record_key_column column = {.coltyp = JET_coltypShort, .is_fixed = true};
    uint8_t bytes[2];

    ese_store_le16(bytes, type);
    return ese_record_key_append(key, &catalog_rules, &column, &(ese_bytes){bytes, sizeof bytes});
}

static JET_ERR
append_name(ese_record_key *key, ese_bytes name)
{
    const ese_record_key_column column = {.coltyp = JET_coltypText, .code_page = 1252};

    return ese_record_key_append(key, &catalog_rules, &column, &name);
}

JET_ERR
ese_schema__key_id(const ese_schema__row *row, ese_record_key *key_out)
{
    JET_ERR err;

    ese_record_key_start(key_out);
    ESE_TRY(append_long(key_out, row->objid_table));
    ESE_TRY(append_type(key_out, row->type));
    ESE_TRY(append_long(key_out, row->id));
out:
    return err;
}

JET_ERR
ese_schema__key_name(const ese_schema__row *row, ese_record_key *key_out)
{
    JET_ERR err;

    ese_record_key_start(key_out);
    ESE_TRY(append_long(key_out, row->objid_table));
    ESE_TRY(append_type(key_out, row->type));
    ESE_TRY(append_name(key_out, row->name));
out:
    return err;
}

JET_ERR
ese_schema__key_root(ese_bytes name_1252, ese_record_key *key_out)
{
    const ese_record_key_column column = {.coltyp = JET_coltypBit, .is_fixed = true};
    const uint8_t flag = ROOT_FLAG;
    JET_ERR err;

    ese_record_key_start(key_out);
    ESE_TRY(ese_record_key_append(key_out, &catalog_rules, &column, &(ese_bytes){&flag, 1}));
    ESE_TRY(append_name(key_out, name_1252));
out:
    return err;
}
