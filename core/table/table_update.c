/*
 * Updates: from JetPrepareUpdate to the place of the row in the table.
 */
#include "table/table_update_private.h"

enum { UPDATE_ARRAY_MAX = 64 << 20 };

/* ---- life */

static void
destroy(ese_table_cursor *cursor, ese_table__update *update)
{
    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__field *field = &update->fields[i];

        for (uint32_t k = 0; k < field->n_items; k++)
            ese_table__item_clear(&field->items[k]);
        ese_free(&field->items);
    }
    ese_free(&update->fields);
    ese_growbuf_destroy(&update->record);
    ese_growbuf_destroy(&update->next);
    ese_growbuf_destroy(&update->columns);
    ese_growbuf_destroy(&update->values);
    ese_growbuf_destroy(&update->references);
    ese_table__row_release(ese_table__spot_of(cursor)->temp, &update->original);
    ese_free(&update);
}

void
ese_table_cancel_update(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;

    cursor->update = NULL;
    if (update != NULL)
        destroy(cursor, update);
}

void
ese_table__update_roll_back(ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;

    if (update != NULL && update->is_in_transaction &&
        ese_txn_is_undone(cursor->session, update->stamp, cursor->session->level))
        ese_table_cancel_update(cursor);
}

JET_ERR
ese_table__update_field(ese_table__update *update, const ese_schema_column *column,
                        ese_table__field **field_out)
{
    size_t capacity = update->fields_capacity == 0 ? 16 : update->fields_capacity * 2;
    size_t low = 0, high = update->n_fields;
    JET_ERR err = JET_errSuccess;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (update->fields[middle].column < column)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < update->n_fields && update->fields[low].column == column)
        goto out;
    if (update->n_fields == update->fields_capacity) {
        ESE_TRY(ese_realloc(capacity * sizeof *update->fields, &update->fields));
        update->fields_capacity = capacity;
    }
    memmove(update->fields + low + 1, update->fields + low,
            (update->n_fields - low) * sizeof *update->fields);
    update->fields[low] = (ese_table__field){.column = column};
    update->n_fields++;
out:
    if (err >= JET_errSuccess)
        *field_out = &update->fields[low];
    return err;
}

/* ---- preparing */

JET_ERR
ese_table__update_check_writable(const ese_table_cursor *cursor)
{
    const ese_table__temp *temp;

    if (!ese_table_is_temporary(cursor))
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    temp = ese_table__spot_of(cursor)->temp;
    if (temp->is_sorted && !temp->is_updatable)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of this temporary table are being read and do not change");
    return JET_errSuccess;
}

/* Copies the values of the record the cursor stands on into fields. */
static JET_ERR
load_column(ese_table_cursor *cursor, ese_table__update *update, const ese_record *record,
            const ese_schema_column *column)
{
    const ese_table__part whole = {0, UINT32_MAX, &cursor->row_bytes};
    ese_table__field *field = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_table__count_values(record, column, &n));
    if (n == 0)
        return JET_errSuccess;
    ESE_TRY(ese_table__update_field(update, column, &field));
    for (uint32_t i = 0; i < n; i++) {
        ese_table__value value = {0};
        ese_table__loaded loaded = {0};
        ese_table__item item = {0};

        ESE_TRY(ese_table__get_value(record, column, i, &value));
        ese_growbuf_clear(&cursor->row_bytes);
        ESE_TRY(ese_table__load_value(cursor, &value.value, &whole, &loaded));
        if (!loaded.is_borrowed)
            loaded.borrowed = (ese_bytes){cursor->row_bytes.data + loaded.start, loaded.size};
        ESE_TRY(ese_table__field_reserve(field));
        ESE_TRY(ese_table__item_make(loaded.borrowed, &item));
        ese_table__field_insert(field, i, item);
    }
out:
    return err;
}

static JET_ERR
load_row(ese_table_cursor *cursor, ese_table__update *update)
{
    ese_record record;
    JET_ERR err = ese_table__current_record(cursor, &record);

    if (err < JET_errSuccess)
        return err;
    update->original = ese_table__spot_of(cursor)->row;
    update->original->n_holders++;
    for (unsigned i = 0; err >= JET_errSuccess && i < cursor->table->n_columns; i++)
        err = load_column(cursor, update, &record, &cursor->table->columns[i]);
    return err;
}

static JET_ERR
begin_update(ese_table_cursor *cursor, uint32_t prep)
{
    ese_table__update *update = NULL;
    JET_ERR err = ese_alloc(sizeof *update, &update);

    if (err < JET_errSuccess)
        return err;
    update->prep = prep;
    update->stamp = cursor->session->clock;
    update->is_in_transaction = cursor->session->level > 0;
    update->record = ese_growbuf_make(ESE_TABLE__RECORD_MAX);
    update->next = ese_growbuf_make(ESE_TABLE__RECORD_MAX);
    update->columns = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->values = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->references = ese_growbuf_make(UPDATE_ARRAY_MAX);
    if (prep != JET_prepInsert)
        ESE_TRY(load_row(cursor, update));
    cursor->update = update;
    ESE_TRY(ese_table__update_encode(cursor));
    return err;
out:
    cursor->update = NULL;
    destroy(cursor, update);
    return err;
}

static bool
is_known_kind(uint32_t prep)
{
    switch (prep) {
    case JET_prepInsert:
    case JET_prepReplace:
    case JET_prepCancel:
    case JET_prepReplaceNoLock:
    case JET_prepInsertCopy:
    case JET_prepInsertCopyDeleteOriginal:
    case JET_prepInsertCopyReplaceOriginal: return true;
    default: return false;
    }
}

/* While rows are inserted there is none to change. */
static JET_ERR
check_phase(const ese_table_cursor *cursor)
{
    if (!ese_table__spot_of(cursor)->temp->is_sorted)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of the temporary table are still being inserted");
    return JET_errSuccess;
}

JET_ERR
ese_table_prepare_update(ese_table_cursor *cursor, uint32_t prep)
{
    JET_ERR err;

    if (!is_known_kind(prep))
        return ese_raise(JET_errInvalidParameter, "no update is of kind %u", (unsigned)prep);
    if (!ese_table_is_temporary(cursor) && prep == JET_prepCancel)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (prep == JET_prepCancel) {
        if (cursor->update == NULL)
            return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
        ese_table_cancel_update(cursor);
        return JET_errSuccess;
    }
    if (cursor->update != NULL)
        return ese_raise(JET_errAlreadyPrepared, "an update is in preparation");
    if (prep != JET_prepInsert)
        ESE_TRY(check_phase(cursor));
    ESE_TRY(begin_update(cursor, prep));
out:
    return err;
}

/* ---- finishing */

static JET_ERR
make_key(const ese_table__temp *temp, const ese_table__update *update, ese_record_key *key)
{
    const ese_schema_index *index = &temp->index;

    ese_record_key_start(key);
    for (unsigned i = 0; i < index->n_segments; i++) {
        const ese_schema_segment *segment = &index->segments[i];
        ese_record_key_column column = ese_table__key_column(segment);
        ese_bytes value = {0};
        bool is_null = true;
        JET_ERR err;

        for (size_t k = 0; k < update->n_fields; k++) {
            const ese_table__field *field = &update->fields[k];

            if (field->column == segment->column && field->n_items != 0) {
                value = (ese_bytes){field->items[0].data, field->items[0].size};
                is_null = false;
            }
        }
        err = ese_record_key_append(key, &index->rules, &column, is_null ? NULL : &value);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

/* The row in the table that the update started from, or what another cursor has made of it. */
static JET_ERR
find_original(ese_table__temp *temp, const ese_table__update *update, ese_table__row **row_out)
{
    bool is_there;
    size_t at =
        ese_table__temp_lower_bound(temp, ese_table__temp_key(temp, update->original), &is_there);

    if (!is_there)
        return ese_raise(JET_errRecordDeleted, "the row was deleted");
    *row_out = temp->entries[at].row;
    return JET_errSuccess;
}

static JET_ERR
change_original(ese_table_cursor *cursor, ese_table__row *row)
{
    ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_table__row *original = NULL;
    bool is_replace = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;
    bool is_same_key;
    JET_ERR err;

    ESE_TRY(find_original(temp, update, &original));
    is_same_key = temp->is_numbered ||
                  ese_bytes_compare(ese_table__row_key(original), ese_table__row_key(row)) == 0;
    if (is_replace && !is_same_key)
        return ese_raise(JET_errRecordPrimaryChanged, "a replaced row keeps its key");
    if (is_replace)
        return ese_table__temp_replace(temp, cursor->session, original, row);
    if (!is_same_key)
        ESE_TRY(ese_table__temp_check_key(temp, ese_table__row_key(row)));
    ESE_TRY(ese_table__temp_move(temp, cursor->session, original, row));
out:
    return err;
}

/* The bookmark the row is going to have, as far as it is known before the row has its place. */
static ese_bytes
future_bookmark(const ese_table__temp *temp, const ese_table__update *update,
                const ese_record_key *key, uint8_t number[4])
{
    bool keeps_number = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;

    if (!temp->is_numbered)
        return (ese_bytes){key->bytes, key->size};
    if (!temp->is_sorted)
        return (ese_bytes){0};
    ese_store_be32(number, temp->last_number + 1);
    if (keeps_number)
        memcpy(number, update->original->number, 4);
    return (ese_bytes){number, 4};
}

static JET_ERR
finish_update(ese_table_cursor *cursor, const ese_record_key *key)
{
    ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    bool is_insertion = update->prep == JET_prepInsert || update->prep == JET_prepInsertCopy;
    ese_table__row *row = NULL;
    JET_ERR err;

    if (is_insertion)
        ESE_TRY(ese_table__temp_check_key(temp, (ese_bytes){key->bytes, key->size}));
    ESE_TRY(ese_table__update_make_row(cursor, key, &row));
    if (is_insertion)
        ESE_TRY(ese_table__temp_insert(temp, cursor->session, row));
    else
        ESE_TRY(change_original(cursor, row));
out:
    ese_table__row_release(temp, &row);
    return err;
}

JET_ERR
ese_table_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out)
{
    ese_record_key key;
    ese_bytes bookmark;
    uint8_t number[4];
    const ese_table__temp *temp;
    JET_ERR err = JET_errSuccess;

    if (ese_table_is_temporary(cursor))
        ESE_TRY(ese_table__update_check_writable(cursor));
    if (cursor->update == NULL)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    temp = ese_table__spot_of(cursor)->temp;
    ESE_TRY(make_key(temp, cursor->update, &key));
    bookmark = future_bookmark(temp, cursor->update, &key, number);
    if (to != NULL && room < bookmark.size)
        return ese_raise(JET_errBufferTooSmall, "the bookmark has %zu bytes", bookmark.size);
    ESE_TRY(ese_table__update_encode(
        cursor)); /* a set that failed may have left another plan of the record */
    ESE_TRY(finish_update(cursor, &key));
    ese_table_cancel_update(cursor);
    if (to != NULL && bookmark.size != 0)
        memcpy(to, bookmark.data, bookmark.size);
    *size_out = (uint32_t)bookmark.size;
out:
    return err;
}

JET_ERR
ese_table_delete(ese_table_cursor *cursor)
{
    ese_record record;
    ese_table__spot *spot;
    JET_ERR err;

    ESE_TRY(ese_table__update_check_writable(cursor));
    ESE_TRY(check_phase(cursor));
    ESE_TRY(ese_table__current_record(cursor, &record));
    spot = ese_table__spot_of(cursor);
    ESE_TRY(ese_table__temp_remove(spot->temp, cursor->session, spot->row));
    ese_table_cancel_update(cursor);
out:
    return err;
}

JET_ERR
ese_table_lock(ese_table_cursor *cursor, JET_GRBIT grbit)
{
    ese_record record;

    if (grbit != JET_bitReadLock && grbit != JET_bitWriteLock)
        return ese_raise(JET_errInvalidGrbit, "a lock is for reading or for writing");
    if (cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "a lock needs a transaction");
    if (!ese_table_is_temporary(cursor) && grbit == JET_bitWriteLock)
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    if (!ese_table_is_materialized(cursor))
        return ese_raise(JET_errIllegalOperation, "this temporary table does not support locks");
    return ese_table__current_record(cursor, &record);
}
