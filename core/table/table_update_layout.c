/* What updates need to know of a table beyond its descriptor: columns by place, those with duties, and the record an insertion starts from. */
#include "record/record_encode.h"
#include "table/table_update_private.h"

enum {
    ROOM = 64
}; /* header, bitmap, ends of variable columns take less than that beside two bytes for each column */

void
ese_table__layout_clear(ese_table__layout *layout)
{
    ese_growbuf defaults = layout->defaults;

    ese_free(&layout->not_null);
    ese_growbuf_clear(&defaults);
    *layout = (ese_table__layout){.defaults = defaults};
}

static void
note_column(ese_table__layout *layout, const ese_schema_column *column)
{
    if (column->fid <= ESE_RECORD_FIXED_LAST)
        layout->fixed[column->fid] = column;
    else if (column->fid <= ESE_RECORD_VARIABLE_LAST)
        layout->variable[column->fid - ESE_RECORD_VARIABLE_FIRST] = column;
    if ((column->flags & ESE_SCHEMA_AUTOINCREMENT) != 0)
        layout->auto_increment = column;
    if ((column->flags & ESE_SCHEMA_VERSION) != 0)
        layout->version = column;
    if ((column->flags & ESE_SCHEMA_NOT_NULL) != 0)
        layout->not_null[layout->n_not_null++] = column;
}

static JET_ERR
note_columns(ese_table__layout *layout, const ese_schema_table *table)
{
    size_t n_not_null = 0;
    JET_ERR err;

    for (unsigned i = 0; i < table->n_columns; i++)
        n_not_null += (table->columns[i].flags & ESE_SCHEMA_NOT_NULL) != 0;
    err = ese_alloc(n_not_null * sizeof(const ese_schema_column *), &layout->not_null);
    for (unsigned i = 0; err >= JET_errSuccess && i < table->n_columns; i++)
        note_column(layout, &table->columns[i]);
    return err;
}

/* The fixed and variable columns that have defaults, in the order of their ids. */
typedef struct defaults {
    ese_record_column columns[ESE_RECORD_VARIABLE_LAST];
    ese_record_value values[ESE_RECORD_VARIABLE_LAST];
    size_t n;
    size_t size; /* a bound */
} defaults;

ese_bytes
ese_table__default_in_record(const ese_schema_column *column)
{
    static const uint8_t is_true = 0xff;
    ese_bytes value = column->default_value;
    bool is_bit = column->coltyp == JET_coltypBit && column->fid <= ESE_RECORD_FIXED_LAST;

    return is_bit && value.size == 1 && value.data[0] != 0 ? (ese_bytes){&is_true, 1} : value;
}

static void
add_default(defaults *list, const ese_schema_column *column)
{
    if (column == NULL || (column->flags & ESE_SCHEMA_DEFAULT) == 0)
        return;
    list->values[list->n] = (ese_record_value){ese_table__default_in_record(column), 0};
    list->columns[list->n] = (ese_record_column){
        .id = column->fid,
        .state = ESE_RECORD_VALUE,
        .offset = column->offset,
        .size = (uint16_t)column->size_max,
        .n_values = 1,
        .values = &list->values[list->n],
    };
    list->size += column->offset + column->size_max + column->default_value.size + 2;
    list->n++;
}

static JET_ERR
make_defaults(const ese_table_cursor *cursor, ese_table__layout *layout)
{
    defaults *list = NULL;
    size_t size = 0;
    JET_ERR err = ese_alloc(sizeof *list, &list);

    if (err < JET_errSuccess)
        return err;
    for (size_t id = ESE_RECORD_FIXED_FIRST; id <= ESE_RECORD_FIXED_LAST; id++)
        add_default(list, layout->fixed[id]);
    for (size_t id = ESE_RECORD_VARIABLE_FIRST; id <= ESE_RECORD_VARIABLE_LAST; id++)
        add_default(list, layout->variable[id - ESE_RECORD_VARIABLE_FIRST]);
    if (list->n == 0)
        goto out;
    list->size += ROOM + 2 * ESE_RECORD_VARIABLE_LAST;
    if (list->size > ESE_PAGE_SIZE_MAX)
        list->size = ESE_PAGE_SIZE_MAX;
    ESE_TRY(ese_growbuf_reserve(&layout->defaults, list->size));
    ESE_TRY(ese_record_encode(list->columns, list->n, cursor->page_size, layout->defaults.data,
                              list->size, &size));
    layout->defaults.size = size;
out:
    ese_free(&list);
    return err;
}

JET_ERR
ese_table__layout_bind(ese_table_cursor *cursor, ese_table__layout *layout)
{
    JET_ERR err;

    if (layout->table == cursor->table)
        return JET_errSuccess;
    ese_table__layout_clear(layout);
    ESE_TRY(note_columns(layout, cursor->table));
    if (!ese_table_is_temporary(cursor))
        ESE_TRY(make_defaults(cursor, layout));
    layout->table = cursor->table;
out:
    if (err < JET_errSuccess)
        ese_table__layout_clear(layout);
    return err;
}
