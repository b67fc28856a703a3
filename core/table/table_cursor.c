/* Life of a cursor, and the choice of its index. */
#include "table/table_private.h"
#include "table/table_update.h"

enum {
    ROW_BYTES_MAX = INT32_MAX, /* all values of one row that could not be borrowed from the page */
    ROW_VALUES_MAX = 64 << 20,
    SCRATCH_MAX = INT32_MAX,
    SEQUENTIAL_PAGES = 64,
};

JET_ERR
ese_table__create(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                  const ese_table__order_ops *ops, ese_table_cursor **cursor_out)
{
    ese_table_cursor *cursor = NULL;
    JET_ERR err = ese_alloc(sizeof *cursor, &cursor);

    if (err < JET_errSuccess)
        return err;
    cursor->ops = ops;
    cursor->session = session;
    cursor->opened_at = session->clock;
    cursor->moved_at = cursor->primary_moved_at = session->clock;
    cursor->indexed_at = session->clock;
    cursor->generation = schema != NULL ? ese_schema_generation(schema, session) : 0;
    cursor->schema = schema;
    cursor->table = table;
    cursor->index = table->primary;
    cursor->page_size =
        schema != NULL ? ese_cache_page_size(ese_schema_file(schema)) : ESE_PAGE_SIZE_MAX;
    cursor->row_bytes = ese_growbuf_make(ROW_BYTES_MAX);
    cursor->row_values = ese_growbuf_make(ROW_VALUES_MAX);
    cursor->row_offsets = ese_growbuf_make(ROW_VALUES_MAX);
    cursor->scratch = ese_growbuf_make(SCRATCH_MAX);
    cursor->key_bytes = ese_growbuf_make(SCRATCH_MAX);
    ese_list_append(&session->cursors, &cursor->link);
    *cursor_out = cursor;
    return JET_errSuccess;
}

/* Opens a cursor on a table that is held for it; gives the hold back on failure. */
static JET_ERR
open_held(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
          ese_table_cursor **cursor_out)
{
    ese_table_cursor *cursor = NULL;
    bool found = false;
    JET_ERR err = ese_table__create(session, schema, table, &ese_table__tree_ops, &cursor);

    if (err < JET_errSuccess) {
        ese_schema_table_release(schema, &table);
        return err;
    }
    ese_table__tree_use_index(cursor, table->primary);
    err = ese_table_move_first(cursor, &found);
    if (err < JET_errSuccess) {
        ese_table_close(&cursor);
        return err;
    }
    cursor->is_first_deferred = !found;
    *cursor_out = cursor;
    return err;
}

JET_ERR
ese_table_open(ese_txn_session *session, ese_schema *schema, const char *name,
               ese_table_cursor **cursor_out)
{
    ese_schema_table *table = NULL;
    JET_ERR err = ese_schema_table_open(schema, session, name, &table);

    return err < JET_errSuccess ? err : open_held(session, schema, table, cursor_out);
}

JET_ERR
ese_table_dup(ese_table_cursor *cursor, ese_table_cursor **cursor_out)
{
    if (ese_table_is_temporary(cursor))
        return ese_table__temp_dup(cursor, cursor_out);
    ese_schema_table_hold(cursor->schema, cursor->table);
    return open_held(cursor->session, cursor->schema, cursor->table, cursor_out);
}

void
ese_table_close(ese_table_cursor **cursor_inout)
{
    ese_table_cursor *cursor = *cursor_inout;

    if (cursor == NULL)
        return;
    ese_table__opening_leave(cursor);
    ese_list_remove(&cursor->link);
    ese_table__filter_clear(cursor);
    cursor->ops->close(cursor);
    ese_growbuf_destroy(&cursor->row_bytes);
    ese_growbuf_destroy(&cursor->row_values);
    ese_growbuf_destroy(&cursor->row_offsets);
    ese_growbuf_destroy(&cursor->scratch);
    ese_growbuf_destroy(&cursor->key_bytes);
    ese_free(&cursor->plan);
    ese_free(cursor_inout);
}

ese_table_cursor *
ese_table_cursor_of(ese_list *node)
{
    return ESE_LIST_ENTRY(node, ese_table_cursor, link);
}

const ese_schema_table *
ese_table_descriptor(const ese_table_cursor *cursor)
{
    return cursor->table;
}

void
ese_table_set_sequential(ese_table_cursor *cursor, bool is_sequential)
{
    const ese_cache_page *page = cursor->entry.page;

    /* The cache notices a scan and reads ahead on its own; the hint has it begin at once. */
    if (is_sequential && page != NULL)
        ese_cache_read_ahead(cursor->entry.tree->file, page->page.pgno, SEQUENTIAL_PAGES);
}

ese_schema *
ese_table_schema(const ese_table_cursor *cursor)
{
    return cursor->schema;
}

void
ese_table_reset(ese_table_cursor *cursor)
{
    ese_table__set_place(cursor, ESE_TABLE__BEFORE_FIRST);
}

void
ese_table_set_read_only(ese_table_cursor *cursor)
{
    cursor->is_read_only = true;
}

bool
ese_table_is_read_only(const ese_table_cursor *cursor)
{
    return cursor->is_read_only;
}

bool
ese_table_is_temporary(const ese_table_cursor *cursor)
{
    return cursor->schema == NULL;
}

ese_table_owner *
ese_table_owner_of(ese_table_cursor *cursor)
{
    return &cursor->owner;
}

const ese_schema_index *
ese_table_current_index(const ese_table_cursor *cursor)
{
    return cursor->index;
}

/* A change of index forgets what belonged to the old one: range and search key. */
static void
use_index(ese_table_cursor *cursor, ese_schema_index *index)
{
    ese_table__opening_take(cursor, index);
    ese_table__set_place(cursor, ESE_TABLE__BEFORE_FIRST);
    cursor->range.is_active = false;
    cursor->has_search_key = false;
    ese_table__tree_use_index(cursor, index);
}

static JET_ERR
keep_record(ese_table_cursor *cursor, ese_bytes bookmark, uint32_t itag,
            ese_table_outcome *outcome_out)
{
    bool exists = false, found = false;
    int order;
    JET_ERR err;

    ESE_TRY(
        ese_btree_seek(&cursor->record, bookmark, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    if (!found || order != 0)
        return ese_raise(JET_errRecordDeleted, "the record is not there any more");
    cursor->is_record_held = true;
    cursor->is_record_gone = false;
    ESE_TRY(ese_table__find_entry(cursor, bookmark, itag, &exists));
    *outcome_out = exists     ? ESE_TABLE_FOUND
                   : itag > 1 ? ESE_TABLE_BAD_SEQUENCE
                              : ESE_TABLE_NO_RECORD;
out:
    return err;
}

/* To the index that the cursor has, too: it goes back to the entry of its record, wherever that is now. */
static JET_ERR
change_and_keep(ese_table_cursor *cursor, ese_schema_index *index, uint32_t itag,
                ese_table_outcome *outcome_out)
{
    ese_bytes bookmark = {0};
    size_t size;
    bool found = false;
    int order;
    JET_ERR err = ese_table_bookmark(cursor, &bookmark);

    if (err == JET_errNoCurrentRecord) {
        *outcome_out = ESE_TABLE_NO_RECORD;
        return JET_errSuccess;
    }
    if (err < JET_errSuccess)
        return err;
    size = bookmark.size;
    memmove(cursor->bookmark, bookmark.data, size);
    bookmark.data = cursor->bookmark;
    cursor->range.is_active = false;
    if (index != cursor->index)
        use_index(cursor, index);
    if (cursor->is_secondary)
        return keep_record(cursor, bookmark, itag == 0 ? 1 : itag, outcome_out);
    ESE_TRY(ese_btree_seek(&cursor->entry, bookmark, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    if (!found || order != 0)
        return ese_raise(JET_errRecordDeleted, "the record is not there any more");
    ese_table__set_place(cursor, ESE_TABLE__ON_ENTRY);
    *outcome_out = ESE_TABLE_FOUND;
out:
    return err;
}

static JET_ERR
stay_in_primary_order(ese_table_cursor *cursor, ese_table_outcome *outcome_out)
{
    bool is_on_entry = cursor->place == ESE_TABLE__ON_ENTRY;

    if (is_on_entry && cursor->is_entry_gone)
        return ese_raise(JET_errRecordDeleted, "the record the cursor stands on was deleted");
    if (is_on_entry)
        cursor->range.is_active = false;
    *outcome_out = is_on_entry ? ESE_TABLE_FOUND : ESE_TABLE_NO_RECORD;
    return JET_errSuccess;
}

static JET_ERR
set_index(ese_table_cursor *cursor, ese_schema_index *index, ese_table_keep keep,
          uint32_t itag_sequence, ese_table_outcome *outcome_out)
{
    bool is_same = index == cursor->index;
    uint64_t primary_moved_at = cursor->primary_moved_at;
    bool found;
    JET_ERR err;

    if (keep == ESE_TABLE_KEEP_RECORD) {
        if (is_same && !cursor->is_secondary)
            return stay_in_primary_order(cursor, outcome_out);
        return change_and_keep(cursor, index, itag_sequence, outcome_out);
    }
    if (is_same) {
        /* The range of an index chosen anew stays in force, although a move to the first entry drops it. */
        bool had_range = cursor->range.is_active;

        err = ese_table_move_first(cursor, &found);
        cursor->range.is_active = had_range;
    } else {
        use_index(cursor, index);
        err = ese_table_move_first(cursor, &found);
    }
    cursor->primary_moved_at = primary_moved_at;
    if (err >= JET_errSuccess)
        *outcome_out = found ? ESE_TABLE_FOUND : ESE_TABLE_NO_RECORD;
    return err;
}

JET_ERR
ese_table_set_index(ese_table_cursor *cursor, ese_schema_index *index, ese_table_keep keep,
                    uint32_t itag_sequence, ese_table_outcome *outcome_out)
{
    ese_table__position before;
    JET_ERR err;

    ese_table_cancel_update(cursor);
    ese_table__save(cursor, &before);
    err = set_index(cursor, index, keep, itag_sequence, outcome_out);
    /* Another index is chosen although the record to stay at was deleted: the cursor stands nowhere in it. */
    if (err < JET_errSuccess && (err != JET_errRecordDeleted || cursor->index == before.index)) {
        if (cursor->index != before.index)
            ese_table__opening_leave(cursor);
        ese_table__restore(cursor, &before);
    } else {
        ese_table__forget(&before);
    }
    return err;
}
