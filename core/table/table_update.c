/*
 * Updates: from JetPrepareUpdate to JetUpdate. What is particular to temporary tables and to tables of databases is in files of its own.
 */
#include "table/table_update_db.h"
#include "table/table_update_lv.h"

enum { UPDATE_ARRAY_MAX = 64 << 20 };

/* ---- life */

JET_ERR
ese_table__update_create(ese_table_cursor *cursor)
{
    ese_table__update *update = NULL;
    JET_ERR err;

    if (cursor->update != NULL)
        return JET_errSuccess;
    err = ese_alloc(sizeof *update, &update);
    if (err < JET_errSuccess)
        return err;
    update->bookmark = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->base = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->old_base = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->record = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->next = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->columns = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->values = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->references = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->chunk = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    update->packed = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->list = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->keys = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->key_places = ese_growbuf_make(UPDATE_ARRAY_MAX);
    update->layout.defaults = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
    cursor->update = update;
    return err;
}

void
ese_table__update_end(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;

    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__item *items = ese_table__field_items(&update->fields[i]);

        for (uint32_t k = 0; k < update->fields[i].n_items; k++)
            ese_table__item_clear(&items[k]);
    }
    update->n_fields = 0;
    ese_table__pool_clear(&update->pool);
    if (update->original != NULL)
        ese_table__row_release(ese_table__spot_of(cursor)->temp, &update->original);
    update->is_active = false;
}

void
ese_table__update_destroy(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;

    ese_table_cancel_update(cursor);
    if (update == NULL)
        return;
    ese_table__pool_destroy(&update->pool);
    ese_table__layout_clear(&update->layout);
    ese_growbuf_destroy(&update->layout.defaults);
    ese_free(&update->fields);
    ese_growbuf_destroy(&update->bookmark);
    ese_growbuf_destroy(&update->base);
    ese_growbuf_destroy(&update->old_base);
    ese_growbuf_destroy(&update->record);
    ese_growbuf_destroy(&update->next);
    ese_growbuf_destroy(&update->columns);
    ese_growbuf_destroy(&update->values);
    ese_growbuf_destroy(&update->references);
    ese_growbuf_destroy(&update->chunk);
    ese_free(&update->compressor);
    ese_growbuf_destroy(&update->packed);
    ese_growbuf_destroy(&update->list);
    ese_growbuf_destroy(&update->keys);
    ese_growbuf_destroy(&update->key_places);
    ese_free(&cursor->update);
}

void
ese_table_cancel_update(ese_table_cursor *cursor)
{
    ese_table__update *update = ese_table__update_of(cursor);

    if (update == NULL)
        return;
    if (!ese_table_is_temporary(cursor))
        ese_table__lv_drop_own(cursor);
    ese_table__update_end(cursor);
}

void
ese_table__update_roll_back(ese_table_cursor *cursor)
{
    const ese_table__update *update = ese_table__update_of(cursor);
    uint8_t level = cursor->session->level;

    if (update == NULL)
        return;
    if ((update->is_in_transaction && ese_txn_is_undone(cursor->session, update->stamp, level)) ||
        ese_table__lv_is_undone(cursor))
        ese_table_cancel_update(cursor);
}

bool
ese_table__is_updating(const ese_table_cursor *cursor)
{
    return ese_table__update_of(cursor) != NULL;
}

bool
ese_table_is_updating(const ese_table_cursor *cursor, uint32_t *prep_out)
{
    const ese_table__update *update = ese_table__update_of(cursor);

    if (update != NULL)
        *prep_out = update->prep;
    return update != NULL;
}

size_t
ese_table__update_bookmark_size(const ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;
    bool is_replace = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;

    return is_replace ? update->bookmark.size : 0;
}

/* ---- fields */

/* Place of the first field of at least that rank; columns are mostly set in their order. */
static size_t
place_of(const ese_table__update *update, uint32_t rank)
{
    size_t low = 0, high = update->n_fields;

    if (high != 0 && update->fields[high - 1].rank < rank)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (update->fields[middle].rank < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ese_table__field *
ese_table__update_find(const ese_table__update *update, uint32_t rank)
{
    size_t at = place_of(update, rank);

    return at < update->n_fields && update->fields[at].rank == rank ? &update->fields[at] : NULL;
}

static JET_ERR
borrow_untagged(ese_table__update *update, ese_table__field *field)
{
    const ese_schema_column *column = field->column;
    const ese_record_place place = {(uint16_t)column->fid, column->offset,
                                    (uint16_t)column->size_max};
    ese_record_state state = ESE_RECORD_ABSENT;
    ese_bytes bytes = {0};
    JET_ERR err = column->fid <= ESE_RECORD_FIXED_LAST
                      ? ese_record_fixed(&update->base_record, place, &state, &bytes)
                      : ese_record_variable(&update->base_record, column->fid, &state, &bytes);

    if (err < JET_errSuccess)
        return err;
    field->is_absent = state == ESE_RECORD_ABSENT;
    field->capacity = 1;
    field->n_items = state == ESE_RECORD_VALUE;
    field->one = (ese_table__item){.data = (uint8_t *)(uintptr_t)bytes.data, .size = bytes.size};
    return err;
}

/* The values that the base has; they stay where they are. */
static JET_ERR
borrow_values(ese_table__update *update, ese_table__field *field)
{
    const ese_schema_column *column = field->column;
    ese_record_tagged tagged = {0};
    JET_ERR err;

    ESE_TRY(ese_record_tagged_find(&update->base_record, column->fid, column->is_derived, &tagged));
    field->is_absent = tagged.state == ESE_RECORD_ABSENT;
    field->is_array = ese_record_tagged_is_array(&tagged);
    for (uint32_t i = 0; i < tagged.n_values; i++) {
        ese_record_value value;

        ESE_TRY(ese_record_tagged_value(&tagged, i, &value));
        ESE_TRY(ese_table__field_reserve(update, field));
        ese_table__field_insert(field, i,
                                (ese_table__item){
                                    .data = (uint8_t *)(uintptr_t)value.bytes.data,
                                    .size = value.bytes.size,
                                    .form = (uint8_t)value.form,
                                });
    }
out:
    return err;
}

JET_ERR
ese_table__update_field(ese_table_cursor *cursor, const ese_schema_column *column,
                        ese_table__field **field_out)
{
    ese_table__update *update = cursor->update;
    uint32_t rank = ese_table__rank(column);
    size_t capacity = update->fields_capacity == 0 ? 16 : update->fields_capacity * 2;
    size_t at = place_of(update, rank);
    ese_table__field field = {.column = column, .rank = rank};
    JET_ERR err = JET_errSuccess;

    if (at < update->n_fields && update->fields[at].rank == rank)
        goto out;
    if (update->n_fields == update->fields_capacity) {
        ESE_TRY(ese_realloc(capacity * sizeof *update->fields, &update->fields));
        update->fields_capacity = capacity;
    }
    ESE_TRY(column->fid >= ESE_RECORD_TAGGED_FIRST ? borrow_values(update, &field)
                                                   : borrow_untagged(update, &field));
    memmove(update->fields + at + 1, update->fields + at,
            (update->n_fields - at) * sizeof *update->fields);
    update->fields[at] = field;
    update->n_fields++;
out:
    if (err >= JET_errSuccess)
        *field_out = &update->fields[at];
    return err;
}

/* Columns keep their ids, and with them their ranks. Values of a column that was deleted go. */
JET_ERR
ese_table__update_rebind(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;
    size_t n = 0;

    if (update == NULL)
        return JET_errSuccess;
    ese_table__layout_clear(&update->layout);
    if (!update->is_active)
        return JET_errSuccess;
    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__field field = update->fields[i];

        field.column = ese_schema_find_column(cursor->table, field.column->columnid);
        if (field.column != NULL)
            update->fields[n++] = field;
    }
    update->n_fields = n;
    update->is_encoded = false;
    return ese_table__layout_bind(cursor, &update->layout);
}

/* ---- preparing */

JET_ERR
ese_table__update_check_writable(const ese_table_cursor *cursor)
{
    if (ese_table_is_temporary(cursor))
        return ese_table__temp_check_writable(cursor);
    if (cursor->table->tree.shared == NULL)
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    if (cursor->is_read_only)
        return ese_raise(JET_errPermissionDenied, "the table was opened read-only");
    if (cursor->session->level != 0 && cursor->session->is_read_only)
        return ese_raise(JET_errTransReadOnly, "the transaction is read-only");
    return JET_errSuccess;
}

/* An active update without a base. */
static JET_ERR
start(ese_table_cursor *cursor, uint32_t prep)
{
    ese_table__update *update;
    JET_ERR err = ese_table__update_create(cursor);

    if (err < JET_errSuccess)
        return err;
    update = cursor->update;
    update->prep = prep;
    update->stamp = cursor->session->clock;
    update->is_in_transaction = cursor->session->level > 0;
    update->is_changed = false;
    update->has_own = false;
    update->broken = JET_errSuccess;
    ese_growbuf_clear(&update->base);
    ese_growbuf_clear(&update->bookmark);
    ESE_TRY(ese_table__layout_bind(cursor, &update->layout));
    update->is_active = true;
out:
    return err;
}

static JET_ERR
begin_update(ese_table_cursor *cursor, uint32_t prep)
{
    JET_ERR err;

    ESE_TRY(start(cursor, prep));
    ESE_TRY(ese_table_is_temporary(cursor) ? ese_table__temp_prepare(cursor, prep)
                                           : ese_table__db_prepare(cursor, prep));
out:
    if (err < JET_errSuccess)
        ese_table_cancel_update(cursor);
    return err;
}

JET_ERR
ese_table__db_begin_rewrite(ese_table_cursor *cursor, ese_bytes record)
{
    ese_table__update *update;
    JET_ERR err;

    ESE_TRY(start(cursor, JET_prepReplace));
    update = cursor->update;
    ESE_TRY(ese_growbuf_append(&update->base, record.data, record.size));
    ESE_TRY(ese_table__update_start(cursor));
out:
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
    case ESE_TABLE_PREP_READ_ONLY_COPY:
    case JET_prepInsertCopyReplaceOriginal: return true;
    default: return false;
    }
}

static JET_ERR
not_prepared(void)
{
    return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
}

static JET_ERR
cancel(ese_table_cursor *cursor)
{
    if (ese_table__update_of(cursor) == NULL)
        return not_prepared();
    ese_table_cancel_update(cursor);
    return JET_errSuccess;
}

JET_ERR
ese_table_prepare_update(ese_table_cursor *cursor, uint32_t prep)
{
    JET_ERR err;

    if (!is_known_kind(prep))
        return ese_raise(JET_errInvalidParameter, "no update is of kind %u", (unsigned)prep);
    if (prep == JET_prepCancel && !ese_table_is_temporary(cursor))
        return cancel(cursor);
    if (prep != ESE_TABLE_PREP_READ_ONLY_COPY || ese_table_is_temporary(cursor))
        ESE_TRY(ese_table__update_check_writable(cursor));
    if (prep == JET_prepCancel)
        return cancel(cursor);
    if (ese_table__update_of(cursor) != NULL)
        return ese_raise(JET_errAlreadyPrepared, "an update is in preparation");
    ESE_TRY(begin_update(cursor, prep));
out:
    return err;
}

/* ---- finishing */

JET_ERR
ese_table_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out)
{
    const ese_table__update *update = ese_table__update_of(cursor);
    JET_ERR err = JET_errSuccess;

    if (ese_table_is_temporary(cursor))
        ESE_TRY(ese_table__update_check_writable(cursor));
    if (update == NULL || update->prep == ESE_TABLE_PREP_READ_ONLY_COPY)
        return not_prepared();
    if (ese_table_is_temporary(cursor))
        return ese_table__temp_update(cursor, to, room, size_out);
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (update->broken < JET_errSuccess)
        return ese_raise(update->broken, "a long value of the update was left half written");
    ESE_TRY(ese_table__db_update(cursor, to, room, size_out));
out:
    return err;
}

JET_ERR
ese_table_delete(ese_table_cursor *cursor)
{
    JET_ERR err = ese_table__update_check_writable(cursor);

    if (err < JET_errSuccess)
        return err;
    return ese_table_is_temporary(cursor) ? ese_table__temp_delete(cursor)
                                          : ese_table__db_delete(cursor);
}

JET_ERR
ese_table_lock(ese_table_cursor *cursor, JET_GRBIT grbit)
{
    ese_record record;
    JET_ERR err;

    if (grbit != JET_bitReadLock && grbit != JET_bitWriteLock)
        return ese_raise(JET_errInvalidGrbit, "a lock is for reading or for writing");
    if (cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "a lock needs a transaction");
    if (!ese_table_is_temporary(cursor) && grbit == JET_bitWriteLock)
        ESE_TRY(ese_table__update_check_writable(cursor));
    if (!ese_table_is_materialized(cursor))
        return ese_raise(JET_errIllegalOperation, "this temporary table does not support locks");
    ESE_TRY(ese_table__current_record(cursor, &record));
    if (!ese_table_is_temporary(cursor) && cursor->table->tree.shared != NULL)
        ESE_TRY(ese_table__db_lock(cursor, grbit == JET_bitWriteLock ? ESE_TXN_WRITE_LOCK
                                                                     : ESE_TXN_READ_LOCK));
out:
    return err;
}
