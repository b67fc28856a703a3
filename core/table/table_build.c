/* Filling what a change of the schema adds to a table that has records: entries of an index, values of an autoincrement column. */
#include "table/table_build.h"

#include "table/table_sort.h"
#include "table/table_update_db.h"

enum { SORT_BUDGET = 32 << 20 };

/* A cursor of our own on the table, and a walk over its records. */
typedef struct record_scan {
    ese_table_cursor *cursor;
    ese_btree_cursor walk;
    ese_record record;
    uint8_t key[ESE_RECORD_KEY_MOST_MAX + 8];
    ese_bytes bookmark;
} record_scan;

static JET_ERR
open_scan(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
          record_scan *scan_out)
{
    record_scan scan = {0};
    JET_ERR err;

    ese_schema_table_hold(schema, table);
    err = ese_table__create(session, schema, table, &ese_table__tree_ops, &scan.cursor);
    if (err < JET_errSuccess) {
        ese_schema_table_release(schema, &table);
        return err;
    }
    ese_table__tree_use_index(scan.cursor, table->primary);
    *scan_out = scan;
    ese_btree_cursor_init(&scan_out->walk, &table->tree, session);
    return err;
}

static void
close_scan(record_scan *scan)
{
    ese_btree_cursor_reset(&scan->walk);
    ese_table_close(&scan->cursor);
}

/* The record the walk stands on. */
static JET_ERR
look(record_scan *scan)
{
    size_t size = ese_page_node_copy_key(&scan->walk.node, scan->key, sizeof scan->key);

    scan->bookmark = (ese_bytes){scan->key, size};
    return ese_record_open(scan->walk.node.data, scan->cursor->page_size, &scan->record);
}

static JET_ERR
step(record_scan *scan, bool *found_out)
{
    JET_ERR err = scan->bookmark.data == NULL ? ese_btree_first(&scan->walk, found_out)
                                              : ese_btree_next(&scan->walk, found_out);

    return err >= JET_errSuccess && *found_out ? look(scan) : err;
}

/* ---- indexes */

typedef struct collector {
    ese_table__sorter *sorter;
    ese_bytes bookmark;
} collector;

static JET_ERR
collect_entry(void *self, ese_bytes key)
{
    const collector *collecting = self;

    return ese_table__sorter_add(collecting->sorter, key, collecting->bookmark);
}

static JET_ERR
collect_entries(record_scan *scan, const ese_schema_index *index, ese_table__sorter *sorter)
{
    collector collecting = {.sorter = sorter};
    const ese_table_entries_ops ops = {&collecting, collect_entry};
    bool found = false;
    JET_ERR err;

    ESE_TRY(step(scan, &found));
    while (found) {
        collecting.bookmark = scan->bookmark;
        ESE_TRY(ese_table__new_entries_of(scan->cursor, &scan->record, index, &ops));
        ESE_TRY(step(scan, &found));
    }
    ESE_TRY(ese_table__sorter_finish(sorter));
out:
    return err;
}

/* The entry before, to notice equal ones. */
typedef struct last_entry {
    ese_growbuf key, data;
    bool exists;
} last_entry;

static JET_ERR
remember(last_entry *last, ese_bytes key, ese_bytes data)
{
    JET_ERR err;

    ese_growbuf_clear(&last->key);
    ese_growbuf_clear(&last->data);
    ESE_TRY(ese_growbuf_append(&last->key, key.data, key.size));
    ESE_TRY(ese_growbuf_append(&last->data, data.data, data.size));
    last->exists = true;
out:
    return err;
}

/*
 * Nobody sees the tree before the transaction that makes it has committed, and undo destroys it as a whole: its entries need no versions. A record may give the same
 * entry twice: in a unique index that is refused here, although an update of the record would take it.
 */
static JET_ERR
insert_entries(ese_txn_session *session, const ese_schema_index *index, ese_table__sorter *sorter)
{
    last_entry last = {ese_growbuf_make(ESE_PAGE_SIZE_MAX), ese_growbuf_make(ESE_PAGE_SIZE_MAX),
                       false};
    ese_bytes key = {0}, data = {0};
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_table__sorter_next(sorter, &key, &data, &found));
    while (found) {
        bool is_same_key = last.exists && ese_bytes_compare(ese_growbuf_bytes(&last.key), key) == 0;
        bool is_same = is_same_key && ese_bytes_compare(ese_growbuf_bytes(&last.data), data) == 0;

        if (is_same_key && index->tree.is_unique)
            ESE_TRY(ese_raise(JET_errKeyDuplicate, "two records have the same key in index '%s'",
                              index->name));
        if (!is_same) {
            ESE_TRY(ese_btree_insert(session, &index->tree, key, data, ESE_BTREE_UNVERSIONED));
            ESE_TRY(remember(&last, key, data));
        }
        ESE_TRY(ese_table__sorter_next(sorter, &key, &data, &found));
    }
out:
    ese_growbuf_destroy(&last.key);
    ese_growbuf_destroy(&last.data);
    return err;
}

JET_ERR
ese_table_build_index(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                      const ese_schema_index *index)
{
    ese_table__sorter *sorter = NULL;
    record_scan scan = {0};
    JET_ERR err = open_scan(session, schema, table, &scan);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(
        ese_table__sorter_create(SORT_BUDGET, ese_cache_path(ese_schema_file(schema)), &sorter));
    ESE_TRY(collect_entries(&scan, index, sorter));
    ESE_TRY(insert_entries(session, index, sorter));
out:
    ese_table__sorter_destroy(&sorter);
    close_scan(&scan);
    return err;
}

/* ---- autoincrement */

static JET_ERR
number_record(record_scan *scan, const ese_schema_column *column, uint64_t value)
{
    ese_record record;
    JET_ERR err;

    ESE_TRY(ese_table__db_begin_rewrite(scan->cursor, scan->walk.node.data));
    ESE_TRY(ese_table__set_number(scan->cursor, column, value));
    ESE_TRY(ese_table__update_record(scan->cursor, &record));
    ESE_TRY(ese_btree_replace(scan->cursor->session, &scan->cursor->table->tree, scan->bookmark,
                              record.bytes, ESE_BTREE_VERSIONED));
    ese_table__update_end(scan->cursor);
out:
    if (err < JET_errSuccess)
        ese_table_cancel_update(scan->cursor);
    return err;
}

JET_ERR
ese_table_fill_auto_increment(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                              const ese_schema_column *column)
{
    uint64_t value = 0;
    bool found = false;
    record_scan scan = {0};
    JET_ERR err = open_scan(session, schema, table, &scan);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(step(&scan, &found));
    while (found) {
        ESE_TRY(number_record(&scan, column, ++value));
        ESE_TRY(step(&scan, &found));
    }
    atomic_store_explicit(&table->tree.shared->last_auto_increment, value, memory_order_relaxed);
out:
    close_scan(&scan);
    return err;
}
