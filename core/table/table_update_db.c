/*
 * Updates of the records of a database: what an update starts from, and the statement that makes it.
 */
#include "table/table_update_db.h"

#include "table/table_update_lv.h"

enum { NUMBERS_TRIED_MAX = 64 };

/* ---- preparing */

static bool
is_replacement(uint32_t prep)
{
    return prep == JET_prepReplace || prep == JET_prepReplaceNoLock;
}

/* A copy whose original goes, or gives way. */
static bool
consumes_original(uint32_t prep)
{
    return prep == JET_prepInsertCopyDeleteOriginal || prep == JET_prepInsertCopyReplaceOriginal;
}

JET_ERR
ese_table__set_number(ese_table_cursor *cursor, const ese_schema_column *column, uint64_t value)
{
    ese_table__update *update = cursor->update;
    ese_table__field *field = NULL;
    ese_table__item item = {0};
    uint8_t bytes[8];
    JET_ERR err;

    ese_store_le64(bytes, value);
    ESE_TRY(ese_table__update_field(cursor, column, &field));
    ESE_TRY(ese_table__item_make(update, (ese_bytes){bytes, column->size_max}, &item));
    ESE_TRY(ese_table__store_item(cursor, field, 0, &item));
out:
    return err;
}

static JET_ERR
set_auto_increment(ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;
    const ese_schema_column *column = update->layout.auto_increment;
    uint64_t value = 0;
    JET_ERR err = JET_errSuccess;

    if (column == NULL)
        return err;
    ESE_TRY(ese_table__next_auto_increment(cursor, column, &value));
    ESE_TRY(ese_table__set_number(cursor, column, value));
out:
    return err;
}

JET_ERR
ese_table__db_lock(ese_table_cursor *cursor, ese_txn_oper oper)
{
    ese_bytes bookmark = {0};
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_table_bookmark(cursor, &bookmark));
    ESE_TRY(ese_txn_statement_enter(cursor->session, &statement));
    err = ese_btree_lock(cursor->session, &cursor->table->tree, bookmark, oper);
    ESE_TRY(ese_table__leave(cursor, &statement, err));
out:
    return err;
}

/* The record the cursor stands on becomes the base. */
static JET_ERR
copy_original(ese_table_cursor *cursor, uint32_t prep)
{
    ese_table__update *update = cursor->update;
    bool locks = consumes_original(prep) || (prep == JET_prepReplace && cursor->session->level > 0);
    ese_bytes bookmark = {0};
    ese_record record;
    JET_ERR err;

    ESE_TRY(ese_table__current_record(cursor, &record));
    if (locks) /* a conflict is told before anything else */
        ESE_TRY(ese_table__db_lock(cursor, ESE_TXN_WRITE_LOCK));
    if (prep == JET_prepInsertCopy && cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "records are copied in a transaction");
    ESE_TRY(ese_growbuf_append(&update->base, record.bytes.data, record.bytes.size));
    ESE_TRY(ese_table_bookmark(cursor, &bookmark));
    ESE_TRY(ese_growbuf_append(&update->bookmark, bookmark.data, bookmark.size));
out:
    return err;
}

JET_ERR
ese_table__db_prepare(ese_table_cursor *cursor, uint32_t prep)
{
    ese_table__update *update = cursor->update;
    bool is_new = prep == JET_prepInsert || prep == JET_prepInsertCopy ||
                  prep == JET_prepInsertCopyDeleteOriginal;
    JET_ERR err;

    if (prep == JET_prepInsert)
        ESE_TRY(ese_growbuf_append(&update->base, update->layout.defaults.data,
                                   update->layout.defaults.size));
    else
        ESE_TRY(copy_original(cursor, prep));
    ESE_TRY(ese_table__update_start(cursor));
    if (is_new)
        ESE_TRY(set_auto_increment(cursor));
out:
    return err;
}

/* ---- the record before */

/*
 * The record the cursor stands on as the statement sees it. Nobody else can change it unnoticed from now on: what is committed later conflicts.
 */
static JET_ERR
record_before(ese_table_cursor *cursor, ese_record *record_out)
{
    JET_ERR err;

    ESE_TRY(ese_table__refresh(cursor));
    ESE_TRY(ese_table__current_record(cursor, record_out));
out:
    return err;
}

/* Is the transaction that the update was prepared in still open? */
static bool
is_same_transaction(const ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;

    return update->is_in_transaction && cursor->session->level > 0 &&
           cursor->session->begins[1] <= update->stamp;
}

/*
 * The record is not what it was when the update was prepared. In the same transaction only the session itself can have changed it: then the columns that were set go into the
 * new state. Else somebody else may have.
 */
static JET_ERR
rebase(ese_table_cursor *cursor, const ese_record *now)
{
    ese_table__update *update = cursor->update;
    ese_growbuf old_base = update->base;
    JET_ERR err;

    if (!is_same_transaction(cursor))
        return ese_raise(JET_errWriteConflict, "the record was changed since the update began");
    ESE_TRY(ese_growbuf_reserve(&update->old_base, now->bytes.size));
    update->base = update->old_base;
    update->old_base = old_base; /* fields may borrow from it */
    memcpy(update->base.data, now->bytes.data, now->bytes.size);
    update->base.size = now->bytes.size;
    ESE_TRY(
        ese_record_open(ese_growbuf_bytes(&update->base), cursor->page_size, &update->base_record));
    update->bound = ese_table__record_max(cursor); /* not known any more */
    update->is_encoded = false;
out:
    return err;
}

static bool
is_base(const ese_table__update *update, const ese_record *now)
{
    return ese_bytes_compare(ese_growbuf_bytes(&update->base), now->bytes) == 0;
}

/* ---- making the change */

static JET_ERR
check_not_null(const ese_table_cursor *cursor, const ese_record *record)
{
    const ese_table__layout *layout = &((const ese_table__update *)cursor->update)->layout;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < layout->n_not_null; i++) {
        uint32_t n = 0;

        ESE_TRY(ese_table__count_values(record, layout->not_null[i], &n));
        if (n == 0)
            return ese_raise(JET_errNullInvalid, "column '%s' must have a value",
                             layout->not_null[i]->name);
    }
out:
    return err;
}

/* A change of a record on its way. */
typedef struct making {
    ese_table_cursor *cursor;
    ese_table__update *update;
    bool has_changed;  /* replaced or deleted a record */
    ese_record before; /* when there is an original */
    ese_record after;
    uint8_t number[4];
    ese_record_key key; /* of the record after */
    ese_bytes bookmark; /* the same, or its number */
    const void *to;     /* where the bookmark is wanted */
    uint32_t room;
} making;

/* Field by field: to clear the room for the key would take longer than to make one. */
static void
start_making(making *make, ese_table_cursor *cursor)
{
    make->cursor = cursor;
    make->update = cursor->update;
    make->has_changed = false;
    make->bookmark = (ese_bytes){0};
    make->to = NULL;
    make->room = 0;
}

static JET_ERR
insert_record(making *make)
{
    const ese_table_cursor *cursor = make->cursor;
    const ese_btree *tree = &cursor->table->tree;
    bool is_numbered = cursor->table->primary == NULL;
    JET_ERR err = JET_errKeyDuplicate;

    for (unsigned i = 0; i < NUMBERS_TRIED_MAX && err == JET_errKeyDuplicate; i++) {
        if (i > 0) {
            uint32_t number = 0;

            ESE_TRY(ese_table__next_number(make->cursor, &number));
            ese_store_be32(make->number, number);
        }
        err = ese_btree_insert(cursor->session, tree, make->bookmark, make->after.bytes,
                               ESE_BTREE_VERSIONED);
        if (!is_numbered)
            break;
    }
    if (err == JET_errKeyDuplicate)
        err = ese_raise(err, "table '%s' has a record with this key", cursor->table->name);
out:
    return err;
}

static void
note_change(making *make)
{
    make->has_changed = true;
    make->cursor->changed_at = make->cursor->session->clock;
}

/* The record whose place the new one takes goes with its entries; long values that the new one has taken over stay. */
static JET_ERR
delete_original(making *make, ese_bytes bookmark)
{
    ese_table_cursor *cursor = make->cursor;
    const ese_table__change_of_record change = {.before = &make->before,
                                                .bookmark_before = bookmark};
    JET_ERR err;

    ESE_TRY(ese_btree_delete(cursor->session, &cursor->table->tree, bookmark, (ese_bytes){0},
                             ESE_BTREE_VERSIONED));
    note_change(make);
    ESE_TRY(ese_table__index_change(cursor, &change));
out:
    return err;
}

static JET_ERR
make_insertion(making *make)
{
    ese_table_cursor *cursor = make->cursor;
    ese_bytes original = ese_growbuf_bytes(&make->update->bookmark);
    const ese_table__change_of_record change = {.after = &make->after,
                                                .bookmark_after = make->bookmark};
    bool deletes = consumes_original(make->update->prep);
    JET_ERR err = JET_errSuccess;

    if (deletes)
        ESE_TRY(delete_original(make, original));
    ESE_TRY(insert_record(make));
    ESE_TRY(ese_table__index_change(cursor, &change));
    if (deletes)
        ESE_TRY(ese_table__lv_drop_unused(cursor, &make->before, &make->after));
out:
    return err;
}

static JET_ERR
make_replacement(making *make)
{
    ese_table_cursor *cursor = make->cursor;
    const ese_table__change_of_record change = {
        .before = &make->before,
        .bookmark_before = make->bookmark,
        .after = &make->after,
        .bookmark_after = make->bookmark,
        .update = make->update,
    };
    JET_ERR err;

    ESE_TRY(ese_btree_replace(cursor->session, &cursor->table->tree, make->bookmark,
                              make->after.bytes, ESE_BTREE_VERSIONED));
    note_change(make);
    ESE_TRY(ese_table__index_change(cursor, &change));
    ESE_TRY(ese_table__lv_drop_unused(cursor, &make->before, &make->after));
out:
    return err;
}

/* ---- JetUpdate */

/* Counts the changes of the record; an update that sets nothing is none. */
static JET_ERR
bump_version(ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;
    const ese_schema_column *column = update->layout.version;
    ese_table__value value = {0};
    uint32_t version = 0;
    JET_ERR err = JET_errSuccess;

    if (column == NULL || !update->is_changed)
        return err;
    ESE_TRY(ese_table__get_value(&update->base_record, column, 0, &value));
    if (value.state == ESE_TABLE_VALUE)
        version = ese_load_le32(value.value.bytes.data) + 1;
    ESE_TRY(ese_table__set_number(cursor, column, version));
out:
    return err;
}

static JET_ERR
make_bookmark(making *make)
{
    ese_table_cursor *cursor = make->cursor;
    const ese_schema_index *primary = cursor->table->primary;
    uint32_t number = 0;
    JET_ERR err = JET_errSuccess;

    if (primary != NULL) {
        ESE_TRY(ese_table__new_primary_key(cursor, &make->after, primary, &make->key));
        make->bookmark = (ese_bytes){make->key.bytes, make->key.size};
    } else if (is_replacement(make->update->prep)) {
        make->bookmark = ese_growbuf_bytes(&make->update->bookmark);
    } else {
        ESE_TRY(ese_table__next_number(cursor, &number));
        ese_store_be32(make->number, number);
        make->bookmark = (ese_bytes){make->number, sizeof make->number};
    }
out:
    return err;
}

/* What an update writes besides the record: done before its statement, which undoes only what it does itself. */
static JET_ERR
prepare_values(ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;
    JET_ERR err = JET_errSuccess;

    if (is_replacement(update->prep))
        ESE_TRY(bump_version(cursor));
    if (update->prep == JET_prepInsertCopy)
        ESE_TRY(ese_table__lv_copy_all(cursor));
    ESE_TRY(ese_table__lv_flush_all(cursor));
out:
    return err;
}

static JET_ERR
find_original(making *make)
{
    uint32_t prep = make->update->prep;
    JET_ERR err = JET_errSuccess;

    if (!is_replacement(prep) && !consumes_original(prep))
        return err;
    ESE_TRY(record_before(make->cursor, &make->before));
    if (!is_base(make->update, &make->before)) {
        ESE_TRY(rebase(make->cursor, &make->before));
        if (is_replacement(prep))
            ESE_TRY(bump_version(make->cursor));
    }
    if (is_replacement(prep)) { /* the base is a copy: the page need not be held */
        make->before = make->update->base_record;
        ese_table__park(make->cursor, ese_growbuf_bytes(&make->update->bookmark));
    }
out:
    return err;
}

/* The finished record and its bookmark. */
static JET_ERR
finish_record(making *make)
{
    ese_table__update *update = make->update;
    ese_bytes original = ese_growbuf_bytes(&update->bookmark);
    JET_ERR err;

    ESE_TRY(ese_table__update_record(make->cursor, &make->after));
    ESE_TRY(check_not_null(make->cursor, &make->after));
    ESE_TRY(make_bookmark(make));
    if (is_replacement(update->prep) && ese_bytes_compare(make->bookmark, original) != 0)
        return ese_raise(JET_errRecordPrimaryChanged, "a replaced record keeps its primary key");
    if (make->to != NULL && make->room < make->bookmark.size)
        return ese_raise(JET_errBufferTooSmall, "the bookmark has %zu bytes", make->bookmark.size);
out:
    return err;
}

static JET_ERR
make_update(making *make)
{
    JET_ERR err;

    ESE_TRY(find_original(make));
    ESE_TRY(finish_record(make));
    ESE_TRY(is_replacement(make->update->prep) ? make_replacement(make) : make_insertion(make));
out:
    return err;
}

/* One statement: all of it or nothing. */
static JET_ERR
run(making *make, JET_ERR (*change)(making *make))
{
    ese_table_cursor *cursor = make->cursor;
    uint64_t n_moves = make->update->n_moves;
    size_t openings = ese_table__openings_before(cursor->session);
    ese_txn_statement statement;
    JET_ERR err;

    ese_schema_enter_change(cursor->table);
    err = ese_txn_statement_enter(cursor->session, &statement);
    if (err >= JET_errSuccess)
        err = ese_table__leave(cursor, &statement, change(make));
    ese_schema_leave_change(cursor->table);
    if (err < JET_errSuccess) {
        ese_table__openings_undo(cursor->session, openings);
        if (make->has_changed)
            cursor->range.is_active = false;
    }
    if (err < JET_errSuccess && make->update->n_moves != n_moves)
        make->update->broken = err; /* long values that it refers to were undone */
    return err;
}

JET_ERR
ese_table__db_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out)
{
    making make;
    JET_ERR err;

    start_making(&make, cursor);
    make.to = to;
    make.room = room;
    ESE_TRY(prepare_values(cursor));
    ESE_TRY(run(&make, make_update));
    if (to != NULL && make.bookmark.data != NULL)
        memcpy(to, make.bookmark.data, make.bookmark.size);
    *size_out = (uint32_t)make.bookmark.size;
    ese_table__update_end(cursor);
out:
    return err;
}

/* ---- JetDelete */

static JET_ERR
make_deletion(making *make)
{
    ese_bytes bookmark = {0};
    JET_ERR err;

    ESE_TRY(record_before(make->cursor, &make->before));
    ESE_TRY(ese_table_bookmark(make->cursor, &bookmark));
    memcpy(make->key.bytes, bookmark.data, bookmark.size);
    bookmark.data = make->key.bytes;
    ESE_TRY(delete_original(make, bookmark));
    ESE_TRY(ese_table__lv_drop_unused(make->cursor, &make->before, NULL));
out:
    return err;
}

JET_ERR
ese_table__db_delete(ese_table_cursor *cursor)
{
    making make;
    JET_ERR err;

    ESE_TRY(ese_table__update_create(cursor));
    start_making(&make, cursor);
    ESE_TRY(run(&make, make_deletion));
    cursor->is_record_held = false; /* a rollback brings it back */
    ese_table_cancel_update(cursor);
out:
    return err;
}
