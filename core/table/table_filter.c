/*
 * Cursor filters: conditions on columns of fixed size that moves and seeks apply to each record they meet.
 * Values are compared as their keys are, NULL below every value.
 */
#include "table/table_private.h"

enum { FILTERS_MAX = 64, VALUE_MAX = 16 /* the largest column of fixed size is a GUID */ };

struct ese_table__filter {
    const ese_schema_column *column;
    JET_RELOP relation;
    bool is_null;
    uint8_t value[VALUE_MAX];
    uint8_t key[VALUE_MAX + 2];
    size_t key_size;
};

static const ese_record_key_rules plain_rules = {
    .lcmap_flags = 0,
    .key_most = ESE_RECORD_KEY_MOST_DEFAULT,
    .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT,
};

/* The normalized form of a value, whose byte order is the order of values. */
static JET_ERR
normalize(const ese_schema_column *column, const ese_bytes *value, uint8_t *to, size_t *size_out)
{
    ese_record_key_column key_column = {.coltyp = column->coltyp, .is_fixed = true};
    ese_record_key key;
    JET_ERR err;

    ese_record_key_start(&key);
    err = ese_record_key_append(&key, &plain_rules, &key_column, value);
    if (err < JET_errSuccess)
        return err;
    memcpy(to, key.bytes, key.size);
    *size_out = key.size;
    return JET_errSuccess;
}

static bool
is_filterable(const ese_schema_column *column)
{
    return column->coltyp != JET_coltypBinary && column->coltyp != JET_coltypText &&
           column->coltyp != JET_coltypLongBinary && column->coltyp != JET_coltypLongText;
}

static JET_ERR
set_one(const ese_table_cursor *cursor, const JET_INDEX_COLUMN *from, ese_table__filter *filter)
{
    const ese_schema_column *column = ese_schema_find_column(cursor->table, from->columnid);
    ese_bytes value = {from->pv, from->cb};

    if (column == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no column %u", cursor->table->name,
                         (unsigned)from->columnid);
    if (!is_filterable(column) || (column->flags & ESE_SCHEMA_MULTI_VALUED))
        return ese_raise(JET_errFilteredMoveNotSupported, "column '%s' is not of a fixed size",
                         column->name);
    if (from->relop == JET_relopPrefixEquals)
        return ese_raise(JET_errInvalidParameter, "column '%s' has no prefixes", column->name);
    if (from->cb != 0 && (from->pv == NULL || from->cb != column->size_max))
        return ese_raise(JET_errInvalidBufferSize, "column '%s' takes %u bytes, not %u",
                         column->name, (unsigned)column->size_max, (unsigned)from->cb);
    filter->column = column;
    filter->relation = from->relop;
    filter->is_null = from->cb == 0;
    if (from->cb != 0)
        memcpy(filter->value, from->pv, from->cb);
    return normalize(column, filter->is_null ? NULL : &value, filter->key, &filter->key_size);
}

void
ese_table__filter_clear(ese_table_cursor *cursor)
{
    ese_free(&cursor->filter);
    cursor->n_filters = 0;
}

JET_ERR
ese_table_set_filter(ese_table_cursor *cursor, const JET_INDEX_COLUMN *filters, uint32_t n)
{
    ese_table__filter *made = NULL;
    JET_ERR err = JET_errSuccess;

    if (n == 0) {
        ese_table__filter_clear(cursor);
        return err;
    }
    if (n > FILTERS_MAX)
        return ese_raise(JET_errInvalidParameter, "more than %d conditions", FILTERS_MAX);
    ESE_TRY(ese_alloc(n * sizeof *made, &made));
    for (uint32_t i = 0; i < n; i++)
        ESE_TRY(set_one(cursor, &filters[i], &made[i]));
    ese_table__filter_clear(cursor);
    cursor->filter = made;
    cursor->n_filters = n;
    made = NULL;
out:
    ese_free(&made);
    return err;
}

JET_ERR
ese_table__filter_rebind(ese_table_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->n_filters; i++) {
        const ese_schema_column *column =
            ese_schema_find_column(cursor->table, cursor->filter[i].column->columnid);

        if (column == NULL) {
            ese_table__filter_clear(cursor);
            return ese_raise(JET_errColumnNotFound, "a column of the filter was deleted");
        }
        cursor->filter[i].column = column;
    }
    return JET_errSuccess;
}

bool
ese_table_has_filter(const ese_table_cursor *cursor)
{
    return cursor->n_filters != 0;
}

static bool
shares_bits(const ese_table__filter *filter, ese_bytes value)
{
    bool shares = false;

    for (size_t i = 0; i < value.size && !filter->is_null; i++)
        shares |= (value.data[i] & filter->value[i]) != 0;
    return shares;
}

static bool
holds(const ese_table__filter *filter, const ese_bytes *value, int order)
{
    switch (filter->relation) {
    case JET_relopEquals: return order == 0;
    case JET_relopNotEquals: return order != 0;
    case JET_relopLessThanOrEqual: return order <= 0;
    case JET_relopLessThan: return order < 0;
    case JET_relopGreaterThanOrEqual: return order >= 0;
    case JET_relopGreaterThan: return order > 0;
    case JET_relopBitmaskEqualsZero: return value == NULL || !shares_bits(filter, *value);
    case JET_relopBitmaskNotEqualsZero: return value != NULL && shares_bits(filter, *value);
    default: return false;
    }
}

JET_ERR
ese_table__passes_filter(ese_table_cursor *cursor, bool *passes_out)
{
    ese_record record;
    bool passes = true;
    JET_ERR err = ese_table__current_record(cursor, &record);

    if (err == JET_errRecordDeleted) { /* since the move to it */
        *passes_out = false;
        return JET_errSuccess;
    }
    if (err < JET_errSuccess)
        return err;
    for (uint32_t i = 0; passes && i < cursor->n_filters; i++) {
        const ese_table__filter *filter = &cursor->filter[i];
        uint8_t key[VALUE_MAX + 2];
        ese_table__value value;
        const ese_bytes *bytes;
        size_t size = 0;

        ESE_TRY(ese_table__get_value(&record, filter->column, 0, &value));
        bytes = value.state == ESE_TABLE_VALUE ? &value.value.bytes : NULL;
        ESE_TRY(normalize(filter->column, bytes, key, &size));
        passes = holds(
            filter, bytes,
            ese_bytes_compare((ese_bytes){key, size}, (ese_bytes){filter->key, filter->key_size}));
    }
    *passes_out = passes;
out:
    return err;
}
