/* Bookmarks: the primary key of a record, and with it the key of an entry in a secondary index. */
#include "table/table_private.h"
#include "table/table_update.h"

JET_ERR
ese_table_bookmark(ese_table_cursor *cursor, ese_bytes *bookmark_out)
{
    if (cursor->place != ESE_TABLE__ON_ENTRY && cursor->place != ESE_TABLE__RECORD_ONLY &&
        !cursor->keeps_record)
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    return cursor->ops->bookmark(cursor, bookmark_out);
}

/* Keys of an unknown sort version cannot be made: the index is searched for the bookmark. */
static JET_ERR
find_entry_by_walk(ese_table_cursor *cursor, ese_bytes bookmark, bool *exists_out)
{
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_btree_first(&cursor->entry, &found));
    while (found && ese_bytes_compare(cursor->entry.node.data, bookmark) != 0)
        ESE_TRY(ese_btree_next(&cursor->entry, &found));
    *exists_out = found;
out:
    return err;
}

static JET_ERR
find_entry_by_key(ese_table_cursor *cursor, ese_bytes bookmark, uint32_t itag, bool *exists_out)
{
    ese_record record;
    ese_record_key key;
    bool exists = false, found = false;
    int order = 1;
    JET_ERR err;

    ESE_TRY(ese_record_open(cursor->record.node.data, cursor->page_size, &record));
    ESE_TRY(ese_table__entry_key(cursor, &record, cursor->index, itag, &key, &exists));
    if (exists)
        ESE_TRY(ese_btree_seek(&cursor->entry, (ese_bytes){key.bytes, key.size}, bookmark,
                               ESE_BTREE_GE, &found, &order));
    *exists_out = exists && found && order == 0;
out:
    return err;
}

JET_ERR
ese_table__find_entry(ese_table_cursor *cursor, ese_bytes bookmark, uint32_t itag, bool *exists_out)
{
    JET_ERR err = cursor->index->is_key_known
                      ? find_entry_by_key(cursor, bookmark, itag, exists_out)
                      : find_entry_by_walk(cursor, bookmark, exists_out);

    if (err >= JET_errSuccess)
        ese_table__set_place(cursor, *exists_out ? ESE_TABLE__ON_ENTRY : ESE_TABLE__RECORD_ONLY);
    return err < JET_errSuccess ? ese_table__say_where(cursor, err) : err;
}

static JET_ERR
deleted(void)
{
    return ese_raise(JET_errRecordDeleted, "there is no record with this bookmark");
}

/* In primary order: a failed search must not move the cursor, so it is made with another one. */
static JET_ERR
go_in_primary_order(ese_table_cursor *cursor, ese_bytes bookmark)
{
    ese_btree_cursor search = {0};
    bool found = false;
    int order = 1;
    JET_ERR err;

    ese_btree_cursor_init(&search, cursor->entry.tree, cursor->session);
    ESE_TRY(ese_btree_seek(&search, bookmark, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    if (!found || order != 0)
        ESE_TRY(deleted());
    ese_btree_cursor_copy(&cursor->entry, &search);
    cursor->is_entry_gone = false;
    ese_table__set_place(cursor, ESE_TABLE__ON_ENTRY);
out:
    ese_btree_cursor_reset(&search);
    return err;
}

static JET_ERR
search_in_secondary_order(ese_table_cursor *cursor, ese_bytes bookmark)
{
    bool found = false, exists = false;
    int order = 1;
    JET_ERR err;

    cursor->is_record_held = false;
    ESE_TRY(
        ese_btree_seek(&cursor->record, bookmark, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    if (!found || order != 0)
        ESE_TRY(deleted());
    cursor->is_record_held = true;
    cursor->is_record_gone = false;
    ESE_TRY(ese_table__find_entry(cursor, bookmark, 1, &exists));
    if (!exists)
        ESE_TRY(ese_raise(JET_errNoCurrentRecord, "the record has no entry in index '%s'",
                          cursor->index->name));
out:
    return err;
}

static JET_ERR
go_in_secondary_order(ese_table_cursor *cursor, ese_bytes bookmark)
{
    ese_table__position before;
    JET_ERR err;

    ese_table__save(cursor, &before);
    err = search_in_secondary_order(cursor, bookmark);
    /* A record without an entry is still gone to. */
    if (err < JET_errSuccess && err != JET_errNoCurrentRecord)
        ese_table__restore(cursor, &before);
    else
        ese_table__forget(&before);
    return err;
}

static JET_ERR
go_in_memory(ese_table_cursor *cursor, ese_bytes bookmark)
{
    bool found = false;
    int order = 1;
    JET_ERR err = cursor->ops->seek(cursor, bookmark, (ese_bytes){0}, ESE_BTREE_GE, &found, &order);

    if (err < JET_errSuccess)
        return err;
    ese_table__set_place(cursor, found && order == 0 ? ESE_TABLE__ON_ENTRY
                                 : found             ? ESE_TABLE__BEFORE_ENTRY
                                                     : ESE_TABLE__AFTER_LAST);
    return found && order == 0 ? JET_errSuccess : deleted();
}

JET_ERR
ese_table_go_bookmark(ese_table_cursor *cursor, ese_bytes bookmark)
{
    uint8_t copy[sizeof cursor->bookmark]; /* the caller may pass what ese_table_bookmark lent */
    JET_ERR err;

    if (bookmark.size == 0)
        return ese_raise(JET_errInvalidBookmark, "the bookmark is empty");
    if (bookmark.size > sizeof copy)
        return deleted();
    memcpy(copy, bookmark.data, bookmark.size);
    bookmark.data = copy;
    ese_table_cancel_update(cursor);
    if (ese_table_is_temporary(cursor))
        err = go_in_memory(cursor, bookmark);
    else if (cursor->is_secondary)
        err = go_in_secondary_order(cursor, bookmark);
    else
        err = go_in_primary_order(cursor, bookmark);
    if (err >= JET_errSuccess)
        cursor->range.is_active = false;
    return err;
}

JET_ERR
ese_table_go_secondary(ese_table_cursor *cursor, ese_bytes key, ese_bytes bookmark,
                       ese_table_virtual permit)
{
    ese_btree_cursor search = {0};
    bool found = false, is_there;
    int order = 1;
    JET_ERR err;

    if (!cursor->is_secondary)
        return ese_raise(JET_errNoCurrentIndex, "the current index is not a secondary one");
    if (key.size == 0 || (bookmark.size == 0 && !cursor->index->tree.is_unique))
        return ese_raise(JET_errInvalidBookmark, "the bookmark is empty");
    ese_table_cancel_update(cursor);
    if (cursor->index->tree.is_unique)
        bookmark = (ese_bytes){0};
    ese_btree_cursor_init(&search, cursor->entry.tree, cursor->session);
    ESE_TRY(ese_btree_seek(&search, key, bookmark, ESE_BTREE_GE, &found, &order));
    is_there = found && order == 0;
    if (is_there || permit == ESE_TABLE_PERMIT_VIRTUAL) {
        cursor->is_record_held = false;
        cursor->range.is_active = false;
        if (found)
            ese_btree_cursor_copy(&cursor->entry, &search);
        cursor->is_entry_gone = false;
        ese_table__set_place(cursor, is_there ? ESE_TABLE__ON_ENTRY
                                     : found  ? ESE_TABLE__BEFORE_ENTRY
                                              : ESE_TABLE__AFTER_LAST);
    }
    if (!is_there)
        ESE_TRY(deleted());
out:
    ese_btree_cursor_reset(&search);
    return err;
}
