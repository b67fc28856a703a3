/*
 * Between two calls on a cursor of a database that changes, others may have changed the table, its indexes and its records. Each call begins with finding that out, so
 * that the rest of this folder works on what does not change while it looks: a descriptor that the cursor holds, and images of pages that it has pinned.
 */
#include "table/table_private.h"

void
ese_table__park(ese_table_cursor *cursor, ese_bytes key)
{
    if (cursor->place != ESE_TABLE__ON_ENTRY)
        return;
    if (cursor->is_secondary) {
        ese_btree_cursor_reset(&cursor->record);
        cursor->is_record_held = false;
        return;
    }
    memcpy(cursor->parked, key.data, key.size);
    cursor->parked_size = key.size;
    ese_btree_cursor_reset(&cursor->entry);
}

/* Back to where it stood. When somebody has deleted the record meanwhile, its key is all that is left of it. */
static JET_ERR
unpark(ese_table_cursor *cursor)
{
    const ese_bytes key = {cursor->parked, cursor->parked_size};
    bool found = false;
    int order = 0;
    JET_ERR err = ese_btree_seek(&cursor->entry, key, (ese_bytes){0}, ESE_BTREE_GE, &found, &order);

    if (err < JET_errSuccess)
        return err;
    cursor->is_entry_gone = !found || order != 0;
    if (cursor->is_entry_gone)
        ese_btree_cursor_reset(&cursor->entry);
    else
        cursor->parked_size = 0;
    return err;
}

JET_ERR
ese_table__refresh(ese_table_cursor *cursor)
{
    bool found = true;
    JET_ERR err = JET_errSuccess;

    if (cursor->parked_size != 0)
        return unpark(cursor);

    if (cursor->entry.page != NULL) {
        ESE_TRY(ese_btree_refresh(&cursor->entry, &found));
        cursor->is_entry_gone = !found;
    }
    if (cursor->is_record_held) {
        ESE_TRY(ese_btree_refresh(&cursor->record, &found));
        cursor->is_record_gone = !found;
    }
out:
    return err;
}

/* The tree of long values of a table that the transaction has made may have been undone with the statement. */
JET_ERR
ese_table__leave(ese_table_cursor *cursor, const ese_txn_statement *statement, JET_ERR err)
{
    err = ese_txn_statement_leave(cursor->session, statement, err);
    if (err < JET_errSuccess)
        cursor->has_lv_tree = false;
    return err;
}

static ese_schema_index *
find_index(ese_schema_table *table, uint32_t objid)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (table->indexes[i].objid == objid)
            return &table->indexes[i];
    }
    return NULL;
}

/* The index of the cursor in the new descriptor. One that is gone was made in a transaction that was rolled back. */
static void
rebind_index(ese_table_cursor *cursor)
{
    ese_schema_table *table = cursor->table;
    ese_schema_index *index =
        cursor->is_secondary ? find_index(table, cursor->index->objid) : table->primary;

    if (cursor->is_secondary && (index == NULL || index == table->primary)) {
        cursor->has_opening = false;
        ese_table__tree_use_index(cursor, table->primary);
        cursor->range.is_active = false;
        ese_table__set_place(cursor, ESE_TABLE__BEFORE_FIRST);
        return;
    }
    cursor->index = index;
    cursor->entry.tree = cursor->is_secondary ? &index->tree : &table->tree;
    cursor->record.tree = &table->tree;
}

/* Everything that points into the old descriptor, which is still held. */
static JET_ERR
rebind(ese_table_cursor *cursor)
{
    JET_ERR err;

    rebind_index(cursor);
    ese_btree_cursor_reset(&cursor->long_value);
    for (uint32_t i = 0; i < cursor->n_plan; i++)
        cursor->plan[i] = NULL;
    err = ese_table__filter_rebind(cursor);
    ESE_KEEP_FIRST(err, ese_table__update_rebind(cursor));
    return err;
}

static JET_ERR
sync_descriptor(ese_table_cursor *cursor)
{
    uint64_t generation = ese_schema_generation(cursor->schema, cursor->session);
    ese_schema_table *old = cursor->table;
    JET_ERR err;

    if (generation == cursor->generation)
        return JET_errSuccess;
    if (ese_schema_table_is_settled(old)) {
        cursor->generation = generation;
        return JET_errSuccess;
    }
    ese_schema_table_hold(cursor->schema, old);
    err = ese_schema_table_sync(cursor->schema, cursor->session, &cursor->table);
    if (err >= JET_errSuccess && cursor->table != old)
        err = rebind(cursor);
    if (err >= JET_errSuccess)
        cursor->generation = generation;
    ese_schema_table_release(cursor->schema, &old);
    return err;
}

static JET_ERR
go_first(ese_table_cursor *cursor)
{
    bool found = false;
    JET_ERR err = ese_table_move_first(cursor, &found);

    cursor->is_first_deferred = err < JET_errSuccess || !found;
    return err;
}

/* Does the cursor stand where it did, without more ado? */
static inline bool
is_fresh(const ese_table_cursor *cursor)
{
    return cursor->parked_size == 0 && !cursor->is_record_held && !cursor->is_entry_gone &&
           (cursor->entry.page == NULL || ese_btree_is_up_to_date(&cursor->entry));
}

JET_ERR
ese_table_sync(ese_table_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;

    if (cursor->schema == NULL || cursor->table->tree.shared == NULL)
        return err;
    ESE_TRY(sync_descriptor(cursor));
    if (!is_fresh(cursor))
        ESE_TRY(ese_table__refresh(cursor));
    if (cursor->is_first_deferred && !ese_table__is_updating(cursor))
        ESE_TRY(go_first(cursor));
out:
    return err;
}
