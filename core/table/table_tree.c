/*
 * Entries and records from the trees of a database.
 *
 * In primary order the entry is the record; in the order of a secondary index the entry holds the bookmark of the
 * record, which is fetched only when it is asked for.
 */
#include "record/record_compress.h"
#include "table/table_private.h"
#include "table/table_update.h"

enum { LOOKS_MAX = 1000 }; /* at an entry whose record was not there */

void
ese_table__tree_use_index(ese_table_cursor *cursor, ese_schema_index *index)
{
    const ese_btree *tree = &cursor->table->tree;

    ese_btree_cursor_reset(&cursor->entry);
    ese_btree_cursor_reset(&cursor->record);
    cursor->index = index;
    cursor->is_secondary = index != NULL && index != cursor->table->primary;
    cursor->is_record_held = false;
    cursor->is_entry_gone = false;
    cursor->parked_size = 0;
    ese_btree_cursor_init(&cursor->entry, cursor->is_secondary ? &index->tree : tree,
                          cursor->session);
    ese_btree_cursor_init(&cursor->record, tree, cursor->session);
}

/* The record held belongs to the entry before a move that succeeded. */
static JET_ERR
note_move(ese_table_cursor *cursor, JET_ERR err)
{
    if (err >= JET_errSuccess) {
        cursor->is_record_held = false;
        cursor->is_entry_gone = false;
        cursor->parked_size = 0;
    }
    return err;
}

static ese_bytes
parked_key(const ese_table_cursor *cursor)
{
    return (ese_bytes){cursor->parked, cursor->parked_size};
}

/* From where a record was whose key is all that is left of it. */
static JET_ERR
leave_parked(ese_table_cursor *cursor, ese_btree_seek_mode mode, bool *found_out)
{
    int order;

    return note_move(cursor, ese_btree_seek(&cursor->entry, parked_key(cursor), (ese_bytes){0},
                                            mode, found_out, &order));
}

static JET_ERR
tree_first(ese_table_cursor *cursor, bool *found_out)
{
    ese_table_cancel_update(cursor);
    return note_move(cursor, ese_btree_first(&cursor->entry, found_out));
}

static JET_ERR
tree_last(ese_table_cursor *cursor, bool *found_out)
{
    ese_table_cancel_update(cursor);
    return note_move(cursor, ese_btree_last(&cursor->entry, found_out));
}

static JET_ERR
tree_next(ese_table_cursor *cursor, bool *found_out)
{
    ese_table_cancel_update(cursor);
    if (cursor->parked_size != 0)
        return leave_parked(cursor, ESE_BTREE_GT, found_out);
    return note_move(cursor, ese_btree_next(&cursor->entry, found_out));
}

static JET_ERR
tree_prev(ese_table_cursor *cursor, bool *found_out)
{
    ese_table_cancel_update(cursor);
    if (cursor->parked_size != 0)
        return leave_parked(cursor, ESE_BTREE_LT, found_out);
    return note_move(cursor, ese_btree_prev(&cursor->entry, found_out));
}

static JET_ERR
tree_seek(ese_table_cursor *cursor, ese_bytes key, ese_bytes data, ese_btree_seek_mode mode,
          bool *found_out, int *order_out)
{
    ese_table_cancel_update(cursor);
    return note_move(cursor, ese_btree_seek(&cursor->entry, key, data, mode, found_out, order_out));
}

static size_t
tree_copy_key(const ese_table_cursor *cursor, uint8_t *to, size_t room)
{
    if (cursor->parked_size != 0) {
        memcpy(to, cursor->parked, cursor->parked_size < room ? cursor->parked_size : room);
        return cursor->parked_size;
    }
    return ese_page_node_copy_key(&cursor->entry.node, to, room);
}

static int
tree_compare_key(const ese_table_cursor *cursor, ese_bytes key)
{
    if (cursor->parked_size != 0)
        return ese_bytes_compare(parked_key(cursor), key);
    return ese_page_node_compare_key(&cursor->entry.node, key);
}

static JET_ERR
count_to_end(const ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out)
{
    uint64_t n = 0;
    JET_ERR err = ese_btree_count(&cursor->entry, limit != 0 ? limit : UINT32_MAX, &n);

    if (err >= JET_errSuccess)
        *count_out = (uint32_t)n;
    return err;
}

/* Counts forward, whatever limit the range has. */
static JET_ERR
tree_count(ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out)
{
    const ese_table__range *range = &cursor->range;
    ese_btree_cursor walk = {0};
    bool found = true;
    uint32_t n = 0;
    JET_ERR err = JET_errSuccess;

    if (!range->is_active)
        return count_to_end(cursor, limit, count_out);
    ese_btree_cursor_init(&walk, cursor->entry.tree, cursor->session);
    ese_btree_cursor_copy(&walk, &cursor->entry);
    ESE_TRY(ese_btree_refresh(&walk, &found));
    while (found && (limit == 0 || n < limit) && n < UINT32_MAX) {
        ese_bytes end = {range->key, range->size};

        if (n != 0 && /* where the cursor stands counts in any case */
            ese_table__is_beyond_range(range, ese_page_node_compare_key(&walk.node, end)))
            break;
        n++;
        ESE_TRY(ese_btree_next(&walk, &found));
    }
    *count_out = n;
out:
    ese_btree_cursor_reset(&walk);
    return err;
}

static JET_ERR
tree_rank(ese_table_cursor *cursor, uint64_t *before_out, uint64_t *total_out)
{
    return ese_btree_rank(&cursor->entry, before_out, total_out);
}

static JET_ERR
tree_go_fraction(ese_table_cursor *cursor, uint64_t numerator, uint64_t denominator,
                 bool *found_out)
{
    ese_table_cancel_update(cursor);
    return note_move(cursor,
                     ese_btree_goto_fraction(&cursor->entry, numerator, denominator, found_out));
}

static JET_ERR
deleted(const ese_table_cursor *cursor)
{
    return ese_raise(JET_errRecordDeleted, "the record of table '%s' was deleted",
                     cursor->table->name);
}

/* Nothing removes a record without its entries: one that stays without is damage. */
static JET_ERR
no_record(const ese_table_cursor *cursor)
{
    return ese_raise(JET_errRecordNotFound,
                     "%s: page %u: an entry of index '%s' leads to no record of table '%s'",
                     ese_cache_path(cursor->entry.tree->file),
                     (unsigned)cursor->entry.page->page.pgno, cursor->index->name,
                     cursor->table->name);
}

/* Outside a transaction somebody can commit a deletion between the look at the entry and the one at the record: then the entry is gone, too, when it is looked at again. */
JET_ERR
ese_table__hold_record(ese_table_cursor *cursor)
{
    bool found = false, is_there = true;
    int order = 0;
    JET_ERR err = JET_errSuccess;

    if (cursor->is_record_held)
        return cursor->is_record_gone ? deleted(cursor) : err;
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        ESE_TRY(ese_btree_seek(&cursor->record, cursor->entry.node.data, (ese_bytes){0},
                               ESE_BTREE_GE, &found, &order));
        if (found && order == 0) {
            cursor->is_record_held = true;
            cursor->is_record_gone = false;
            return err;
        }
        if (cursor->entry.tree->shared == NULL)
            break;
        if (cursor->is_entry_gone || !is_there)
            return deleted(cursor);
        ESE_TRY(ese_btree_refresh(&cursor->entry, &is_there));
        cursor->is_entry_gone = !is_there;
    }
    err = no_record(cursor);
out:
    return err;
}

static JET_ERR
tree_record(ese_table_cursor *cursor, ese_bytes *record_out)
{
    JET_ERR err = JET_errSuccess;

    if (!cursor->is_secondary) {
        if (cursor->is_entry_gone)
            return deleted(cursor);
        *record_out = cursor->entry.node.data;
        return err;
    }
    err = ese_table__hold_record(cursor);
    if (err >= JET_errSuccess)
        *record_out = cursor->record.node.data;
    return err;
}

/* Callers keep bookmarks in buffers: one that no key can be as long as is damage. */
static JET_ERR
bookmark_of_entry(const ese_table_cursor *cursor, ese_bytes *bookmark_out)
{
    ese_bytes bookmark = cursor->entry.node.data;

    if (bookmark.size > sizeof cursor->bookmark)
        return ese_raise(JET_errDatabaseCorrupted,
                         "%s: page %u: an entry of index '%s' holds a bookmark of %zu bytes",
                         ese_cache_path(cursor->entry.tree->file),
                         (unsigned)cursor->entry.page->page.pgno, cursor->index->name,
                         bookmark.size);
    *bookmark_out = bookmark;
    return JET_errSuccess;
}

static JET_ERR
tree_bookmark(ese_table_cursor *cursor, ese_bytes *bookmark_out)
{
    const ese_btree_cursor *holder = cursor->is_record_held ? &cursor->record : &cursor->entry;
    size_t size;

    if (cursor->is_secondary && !cursor->is_record_held)
        return bookmark_of_entry(cursor, bookmark_out);
    if (cursor->parked_size != 0) {
        *bookmark_out = parked_key(cursor);
        return JET_errSuccess;
    }
    size = ese_page_node_copy_key(&holder->node, cursor->bookmark, sizeof cursor->bookmark);
    *bookmark_out = (ese_bytes){cursor->bookmark, size};
    return JET_errSuccess;
}

/* One that was made after the descriptor was. */
static JET_ERR
find_lv_tree(ese_table_cursor *cursor)
{
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(cursor->session, &statement));
    err = ese_schema_lv_tree(cursor->session, cursor->schema, cursor->table, &cursor->lv_tree);
    cursor->has_lv_tree = err >= JET_errSuccess;
    ESE_TRY(ese_table__leave(cursor, &statement, err));
out:
    return err;
}

JET_ERR
ese_table__lv_tree(ese_table_cursor *cursor, const ese_btree **tree_out)
{
    JET_ERR err = JET_errSuccess;

    if (!cursor->table->has_lv_tree && !cursor->has_lv_tree && cursor->table->tree.shared != NULL)
        ESE_TRY(find_lv_tree(cursor));
    *tree_out = cursor->table->has_lv_tree ? &cursor->table->lv_tree
                : cursor->has_lv_tree      ? &cursor->lv_tree
                                           : NULL;
out:
    return err;
}

JET_ERR
ese_table__find_root(ese_table_cursor *cursor, uint64_t lid, ese_record_lv_root *root_out)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    size_t size = ese_record_lv_root_key(lid, key);
    const ese_btree *tree = NULL;
    bool found = false;
    int order = 0;
    JET_ERR err = ese_table__lv_tree(cursor, &tree);

    if (err >= JET_errSuccess && tree != NULL) {
        cursor->long_value.tree = tree;
        cursor->long_value.session = cursor->session;
        err = ese_btree_seek(&cursor->long_value, (ese_bytes){key, size}, (ese_bytes){0},
                             ESE_BTREE_GE, &found, &order);
    }
    if (err < JET_errSuccess)
        return err;
    if (!found || order != 0)
        return ese_raise(JET_errDatabaseCorrupted,
                         "table '%s': a record refers to long value %llu, which does not exist",
                         cursor->table->name, (unsigned long long)lid);
    return ese_record_lv_root_decode(cursor->long_value.node.data, root_out);
}

/* Usually it is the node behind the one the cursor stands on. */
JET_ERR
ese_table__find_chunk(ese_table_cursor *cursor, uint64_t lid, uint32_t offset,
                      ese_bytes *stored_out)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    ese_bytes sought = {key, ese_record_lv_chunk_key(lid, offset, key)};
    const ese_btree *tree = NULL;
    bool found = false;
    int order = 1;
    JET_ERR err;

    ESE_TRY(ese_table__lv_tree(cursor, &tree));
    cursor->long_value.tree = tree;
    cursor->long_value.session = cursor->session;
    ESE_TRY(ese_btree_next(&cursor->long_value, &found));
    if (found)
        order = ese_page_node_compare_key(&cursor->long_value.node, sought);
    if (order != 0)
        ESE_TRY(ese_btree_seek(&cursor->long_value, sought, (ese_bytes){0}, ESE_BTREE_GE, &found,
                               &order));
    if (!found || order != 0)
        return ese_raise(JET_errDatabaseCorrupted, "table '%s': long value %llu has no chunk at %u",
                         cursor->table->name, (unsigned long long)lid, (unsigned)offset);
    *stored_out = cursor->long_value.node.data;
out:
    return err;
}

/* A stored length other than the full one means that it is compressed. */
JET_ERR
ese_table__read_chunk(ese_table_cursor *cursor, uint64_t lid, uint32_t offset, uint32_t full_size,
                      ese_bytes *chunk_out)
{
    ese_bytes stored = {0};
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_table__find_chunk(cursor, lid, offset, &stored));
    if (stored.size == full_size) {
        *chunk_out = stored;
        return err;
    }
    ESE_TRY(ese_record_decompressed_size(stored, &size));
    if (size != full_size)
        return ese_raise(JET_errDecompressionFailed,
                         "table '%s': a chunk of a long value has the wrong size",
                         cursor->table->name);
    ESE_TRY(ese_growbuf_reserve(&cursor->scratch, full_size));
    ESE_TRY(ese_record_decompress(stored, cursor->scratch.data, full_size, &size));
    *chunk_out = (ese_bytes){cursor->scratch.data, size};
out:
    return err;
}

static JET_ERR
copy_chunks(ese_table_cursor *cursor, uint64_t lid, uint32_t offset, uint8_t *to, uint32_t n)
{
    uint32_t chunk_size = cursor->table->lv_chunk;
    ese_record_lv_root root;
    JET_ERR err = ese_record_lv_root_decode(cursor->long_value.node.data, &root);

    for (uint32_t done = 0; err >= JET_errSuccess && done < n;) {
        uint32_t start = (offset + done) / chunk_size * chunk_size;
        uint32_t full_size = root.size - start < chunk_size ? root.size - start : chunk_size;
        uint32_t skip = offset + done - start;
        uint32_t part = full_size - skip < n - done ? full_size - skip : n - done;
        ese_bytes chunk;

        ESE_TRY(ese_table__read_chunk(cursor, lid, start, full_size, &chunk));
        memcpy(to + done, chunk.data + skip, part);
        done += part;
    }
out:
    return err;
}

static JET_ERR
tree_read_long(ese_table_cursor *cursor, uint64_t lid, uint32_t offset, uint8_t *to, uint32_t room,
               uint32_t *size_out)
{
    ese_record_lv_root root = {0};
    uint32_t size;
    JET_ERR err;

    ESE_TRY(ese_table__find_root(cursor, lid, &root));
    size = offset < root.size ? root.size - offset : 0;
    if (to != NULL && size != 0)
        ESE_TRY(copy_chunks(cursor, lid, offset, to, size < room ? size : room));
    *size_out = size;
out:
    return err;
}

static void
tree_forget(ese_table_cursor *cursor)
{
    ese_btree_cursor_reset(&cursor->entry);
    ese_btree_cursor_reset(&cursor->record);
    cursor->is_record_held = false;
    cursor->is_entry_gone = false;
    cursor->parked_size = 0;
}

static void
tree_close(ese_table_cursor *cursor)
{
    ese_table__update_destroy(cursor);
    tree_forget(cursor);
    if (cursor->long_value.tree != NULL)
        ese_btree_cursor_reset(&cursor->long_value);
    ese_schema_table_release(cursor->schema, &cursor->table);
}

const ese_table__order_ops ese_table__tree_ops = {
    .first = tree_first,
    .last = tree_last,
    .next = tree_next,
    .prev = tree_prev,
    .seek = tree_seek,
    .copy_key = tree_copy_key,
    .compare_key = tree_compare_key,
    .count = tree_count,
    .rank = tree_rank,
    .go_fraction = tree_go_fraction,
    .record = tree_record,
    .bookmark = tree_bookmark,
    .read_long = tree_read_long,
    .forget = tree_forget,
    .close = tree_close,
};
