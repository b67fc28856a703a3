/*
 * Sorted rows in a tree of the temporary database. The tree changes at once and for good; what a rollback undoes is known to table_temp_change.c.
 *
 * INV-1  While spot->generation is that of the table, spot->entry stands on the row the spot holds. Nobody else changes the tree.
 */
#include "table/table_temp_private.h"

enum {
    KEY_SIZE_MAX = ESE_PAGE_KEY_MAX,
    /* Bytes of key and row, so that a page takes two at least; the record of a larger row is kept apart. */
    ENTRY_MAX = ESE_TABLE__TEMP_PAGE_SIZE / 2 - 100,
};

JET_ERR
ese_table__tree_make(ese_table__temp *temp)
{
    JET_ERR err = ese_table__temp_make_tree(temp, &temp->tree);

    if (err >= JET_errSuccess)
        ese_btree_cursor_init(&temp->look, &temp->tree, NULL);
    return err;
}

void
ese_table__tree_drop(ese_table__temp *temp)
{
    if (temp->tree.shared != NULL)
        ese_btree_cursor_reset(&temp->look);
    ese_table__temp_drop_tree(temp, &temp->tree);
}

/* ---- places */

/* *row_inout becomes the row of the entry. */
static JET_ERR
load(ese_table__temp *temp, const ese_btree_cursor *entry, ese_table__row **row_inout)
{
    uint8_t bytes[KEY_SIZE_MAX];
    ese_bytes key = {bytes, ese_page_node_copy_key(&entry->node, bytes, sizeof bytes)};
    ese_bytes row_key = temp->is_numbered ? (ese_bytes){0} : key;
    JET_ERR err = ese_table__row_unpack(temp, row_key, entry->node.data, row_inout);

    if (err >= JET_errSuccess && temp->is_numbered && key.size == sizeof(*row_inout)->number)
        memcpy((*row_inout)->number, key.data, key.size);
    return err;
}

/* Holds the row that spot->entry has gone to. */
static JET_ERR
stand(ese_table__spot *spot)
{
    JET_ERR err = load(spot->temp, &spot->entry, &spot->row);

    /* The entry is not that of the row after a failure: it is looked up again. */
    spot->generation = err < JET_errSuccess ? 0 : spot->temp->generation;
    return err;
}

static JET_ERR
stand_or_leave(ese_table__spot *spot, bool found)
{
    if (found)
        return stand(spot);
    ese_table__row_release(spot->temp, &spot->row);
    return JET_errSuccess;
}

static void
use_entry(ese_table__spot *spot)
{
    if (spot->entry.tree == NULL)
        ese_btree_cursor_init(&spot->entry, &spot->temp->tree, NULL);
}

static JET_ERR
tree_first(ese_table__spot *spot, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    use_entry(spot);
    ESE_TRY(ese_btree_first(&spot->entry, &found));
    ESE_TRY(stand_or_leave(spot, found));
    *found_out = found;
out:
    return err;
}

static JET_ERR
tree_last(ese_table__spot *spot, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    use_entry(spot);
    ESE_TRY(ese_btree_last(&spot->entry, &found));
    ESE_TRY(stand_or_leave(spot, found));
    *found_out = found;
out:
    return err;
}

static JET_ERR
tree_seek(ese_table__spot *spot, ese_bytes key, ese_btree_seek_mode mode, bool *found_out)
{
    bool found = false;
    int order;
    JET_ERR err;

    use_entry(spot);
    ESE_TRY(ese_btree_seek(&spot->entry, key, (ese_bytes){0}, mode, &found, &order));
    ESE_TRY(stand_or_leave(spot, found));
    *found_out = found;
out:
    return err;
}

/* Stands spot->entry on the row the spot holds or, when it is gone, on the next one in that direction, if there is one. */
static JET_ERR
find_again(ese_table__spot *spot, ese_btree_seek_mode mode, bool *is_there_out, bool *found_out)
{
    ese_bytes key = ese_table__temp_key(spot->temp, spot->row);
    bool found = true;
    int order = 0;
    JET_ERR err = JET_errSuccess;

    if (spot->generation != spot->temp->generation) {
        use_entry(spot);
        ESE_TRY(ese_btree_seek(&spot->entry, key, (ese_bytes){0}, mode, &found, &order));
        if (found && order == 0)
            ESE_TRY(stand(spot));
    }
    *is_there_out = found && order == 0;
    *found_out = found;
out:
    return err;
}

static JET_ERR
tree_refresh(ese_table__spot *spot, bool *is_there_out)
{
    bool found;

    return find_again(spot, ESE_BTREE_GE, is_there_out, &found);
}

typedef JET_ERR step(ese_btree_cursor *cursor, bool *found_out);

static JET_ERR
move(ese_table__spot *spot, ese_btree_seek_mode mode, step *step_on, bool *found_out)
{
    bool is_there = false, found = false;
    JET_ERR err;

    ESE_TRY(find_again(spot, mode, &is_there, &found));
    if (is_there)
        ESE_TRY(step_on(&spot->entry, &found));
    if (found)
        ESE_TRY(stand(spot));
    *found_out = found;
out:
    return err;
}

static JET_ERR
tree_next(ese_table__spot *spot, bool *found_out)
{
    return move(spot, ESE_BTREE_GE, ese_btree_next, found_out);
}

static JET_ERR
tree_prev(ese_table__spot *spot, bool *found_out)
{
    return move(spot, ESE_BTREE_LE, ese_btree_prev, found_out);
}

static void
tree_leave(ese_table__spot *spot)
{
    if (spot->entry.tree != NULL)
        ese_btree_cursor_reset(&spot->entry);
    spot->generation = 0;
}

/* ---- changes */

static JET_ERR
tree_find(ese_table__temp *temp, ese_bytes key, bool *is_there_out, ese_table__row **row_out)
{
    bool found = false;
    int order = 1;
    JET_ERR err;

    ESE_TRY(ese_btree_seek(&temp->look, key, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    found = found && order == 0;
    if (found && row_out != NULL) {
        *row_out = NULL;
        ESE_TRY(load(temp, &temp->look, row_out));
    }
    *is_there_out = found;
out:
    ese_btree_cursor_reset(&temp->look);
    return err;
}

typedef JET_ERR put(ese_txn_session *session, const ese_btree *tree, ese_bytes key, ese_bytes data,
                    ese_btree_how how);

static JET_ERR
put_row(ese_table__temp *temp, ese_table__row *row, put *put_entry)
{
    ese_bytes key = ese_table__temp_key(temp, row);
    bool is_apart = row->record_long != 0 ||
                    key.size + ESE_TABLE__PACK_HEADER_MAX + row->record_size > ENTRY_MAX;
    bool is_new = is_apart && row->record_long == 0;
    JET_ERR err;

    if (is_new)
        ESE_TRY(ese_table__longs_put(temp, ese_table__row_record(row), &row->record_long));
    ese_growbuf_clear(&temp->packed);
    ESE_TRY(ese_table__row_pack(row, is_apart, &temp->packed));
    ESE_TRY(put_entry(&temp->session, &temp->tree, key, ese_growbuf_bytes(&temp->packed),
                      ESE_BTREE_UNVERSIONED));
    return err;
out:
    if (is_new && row->record_long != 0) {
        ese_table__longs_drop(temp, row->record_long);
        row->record_long = 0;
    }
    return err;
}

static JET_ERR
tree_insert(ese_table__temp *temp, ese_table__row *row)
{
    return put_row(temp, row, ese_btree_insert);
}

static JET_ERR
tree_replace(ese_table__temp *temp, ese_table__row *old_row, ese_table__row *new_row)
{
    (void)old_row; /* has the same key */
    return put_row(temp, new_row, ese_btree_replace);
}

static JET_ERR
tree_remove(ese_table__temp *temp, ese_table__row *row)
{
    return ese_btree_delete(&temp->session, &temp->tree, ese_table__temp_key(temp, row),
                            (ese_bytes){0}, ESE_BTREE_UNVERSIONED);
}

const ese_table__rows_ops ese_table__rows_in_tree = {
    .first = tree_first,
    .last = tree_last,
    .next = tree_next,
    .prev = tree_prev,
    .seek = tree_seek,
    .refresh = tree_refresh,
    .find = tree_find,
    .insert = tree_insert,
    .remove = tree_remove,
    .replace = tree_replace,
    .leave = tree_leave,
    .destroy = ese_table__tree_drop,
};
