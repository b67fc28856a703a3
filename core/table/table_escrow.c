/*
 * Escrow columns: integers that several transactions change at the same time, because adding does not depend on the order.
 *
 * A record whose column is JET_bitColumnDeleteOnZero goes when a transaction that made it zero has committed, unless somebody has changed it again by then.
 */
#include "table/table_update_db.h"

/* ---- records that go when their column is zero */

/* What is to be looked at when the transaction has committed. */
typedef struct pending_deletion {
    ese_txn_store *store;
    ese_schema *schema;
    ese_schema_table *table; /* held */
    const ese_schema_column *column;
    size_t bookmark_size;
    uint8_t bookmark[ESE_RECORD_KEY_MOST_MAX + 8];
} pending_deletion;

static int64_t
value_of(const ese_schema_column *column, const uint8_t *bytes)
{
    return column->size_max == 8 ? (int64_t)ese_load_le64(bytes) : (int32_t)ese_load_le32(bytes);
}

static JET_ERR
delete_if_zero(ese_table_cursor *cursor, const pending_deletion *pending)
{
    ese_table__value value = {0};
    ese_record record;
    JET_ERR err;

    ESE_TRY(ese_table_go_bookmark(cursor, (ese_bytes){pending->bookmark, pending->bookmark_size}));
    ESE_TRY(ese_table__current_record(cursor, &record));
    ESE_TRY(ese_table__get_value(&record, pending->column, 0, &value));
    if (value.state == ESE_TABLE_VALUE && value_of(pending->column, value.value.bytes.data) == 0)
        ESE_TRY(ese_table__db_delete(cursor));
out:
    return err;
}

/* In a session of its own; who is faster, or has changed the record meanwhile, wins. */
static void
run_deletion(pending_deletion *pending)
{
    ese_table_cursor *cursor = NULL;
    ese_txn_session session;

    ese_txn_session_init(&session, pending->store);
    if (ese_table__create(&session, pending->schema, pending->table, &ese_table__tree_ops,
                          &cursor) >= JET_errSuccess) {
        pending->table = NULL; /* the cursor has taken over the hold */
        ese_table__tree_use_index(cursor, cursor->table->primary);
        delete_if_zero(cursor, pending);
        ese_table_close(&cursor);
    }
    ese_txn_session_end(&session);
}

static void
undo_nothing(void *self)
{
    (void)self;
}

static void
finish_deletion(void *self, bool is_committed)
{
    pending_deletion *pending = self;

    if (is_committed)
        run_deletion(pending);
    if (pending->table != NULL)
        ese_schema_table_release(pending->schema, &pending->table);
    ese_free(&pending);
}

static JET_ERR
note_zero(ese_table_cursor *cursor, const ese_schema_column *column, ese_bytes bookmark)
{
    pending_deletion *pending = NULL;
    ese_txn_action action = {.undo = undo_nothing, .done = finish_deletion};
    JET_ERR err = ese_alloc(sizeof *pending, &pending);

    if (err < JET_errSuccess)
        return err;
    *pending = (pending_deletion){.store = cursor->session->store,
                                  .schema = cursor->schema,
                                  .table = cursor->table,
                                  .column = column,
                                  .bookmark_size = bookmark.size};
    memcpy(pending->bookmark, bookmark.data, bookmark.size);
    ese_schema_table_hold(cursor->schema, cursor->table);
    action.self = pending;
    err = ese_txn_add_action(cursor->session, &action);
    if (err < JET_errSuccess) {
        ese_schema_table_release(cursor->schema, &pending->table);
        ese_free(&pending);
    }
    return err;
}

/* ---- the change */

/* A record that is older than the column gets it now, with its default. */
static JET_ERR
store_default(ese_table_cursor *cursor, const ese_schema_column *column)
{
    uint32_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_table_prepare_update(cursor, JET_prepReplace));
    ESE_TRY(ese_table__set_number(cursor, column,
                                  (uint64_t)value_of(column, column->default_value.data)));
    ESE_TRY(ese_table_update(cursor, NULL, 0, &size));
    ESE_TRY(ese_table__refresh(cursor));
out:
    ese_table_cancel_update(cursor);
    return err;
}

typedef struct escrow_delta {
    const ese_schema_column *column;
    ese_bytes bookmark;
    int64_t value;
    int64_t old; /* out */
} escrow_delta;

static JET_ERR
add_delta(ese_table_cursor *cursor, escrow_delta *delta, bool survives_rollback)
{
    const ese_schema_column *column = delta->column;
    const ese_btree *tree = &cursor->table->tree;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(cursor->session, &statement));
    err = (survives_rollback ? ese_btree_delta_for_good : ese_btree_delta)(
        cursor->session, tree, delta->bookmark, column->offset, column->size_max, delta->value,
        &delta->old);
    ESE_TRY(ese_txn_statement_leave(cursor->session, &statement, err));
    cursor->changed_at = cursor->session->clock;
out:
    return err;
}

static JET_ERR
add(ese_table_cursor *cursor, escrow_delta *delta, bool survives_rollback)
{
    bool is_wide = delta->column->size_max == 8;
    uint64_t sum;
    JET_ERR err;

    ESE_TRY(add_delta(cursor, delta, survives_rollback));
    sum = (uint64_t)delta->old + (uint64_t)delta->value;
    if ((delta->column->flags & ESE_SCHEMA_DELETE_ON_ZERO) != 0 &&
        (is_wide ? sum == 0 : (uint32_t)sum == 0))
        ESE_TRY(note_zero(cursor, delta->column, delta->bookmark));
out:
    return err;
}

static JET_ERR
check(const ese_table_cursor *cursor, const ese_table_escrow *escrow,
      const ese_schema_column **column_out)
{
    const ese_schema_column *column;
    JET_ERR err;

    if (ese_table_is_temporary(cursor))
        return ese_raise(JET_errIllegalOperation, "a temporary table has no escrow columns");
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "an escrow update needs a transaction");
    if (ese_table__is_updating(cursor))
        return ese_raise(JET_errAlreadyPrepared, "an update is in preparation");
    column = ese_schema_find_column(cursor->table, escrow->columnid);
    if (column == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no column %u", cursor->table->name,
                         (unsigned)escrow->columnid);
    if ((column->flags & ESE_SCHEMA_ESCROW_UPDATE) == 0)
        return ese_raise(JET_errInvalidOperation, "column '%s' is not of that kind", column->name);
    if (escrow->size != column->size_max ||
        (escrow->old_room != 0 && escrow->old_room < column->size_max))
        return ese_raise(JET_errInvalidBufferSize, "column '%s' has %u bytes", column->name,
                         (unsigned)column->size_max);
    *column_out = column;
out:
    return err;
}

JET_ERR
ese_table_escrow_update(ese_table_cursor *cursor, ese_table_escrow *escrow)
{
    uint8_t bookmark[sizeof cursor->bookmark];
    escrow_delta delta = {0};
    ese_record record;
    JET_ERR err;

    ESE_TRY(check(cursor, escrow, &delta.column));
    ESE_TRY(ese_table__current_record(cursor, &record));
    if (record.fixed_last < delta.column->fid)
        ESE_TRY(store_default(cursor, delta.column));
    ESE_TRY(ese_table_bookmark(cursor, &delta.bookmark));
    memcpy(bookmark, delta.bookmark.data, delta.bookmark.size);
    delta.bookmark.data = bookmark;
    delta.value = value_of(delta.column, escrow->delta);
    ESE_TRY(add(cursor, &delta, escrow->survives_rollback));
    ese_store_le64(escrow->old, (uint64_t)delta.old);
out:
    return err;
}
