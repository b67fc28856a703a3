/*
 * The order of a temporary table as a cursor walks it: ese_table__order_ops on its rows, wherever those are. What is possible depends on the kind of the table only.
 */
#include "table/table_temp_private.h"

#include "table/table_update.h"

static JET_ERR
refuse(const char *what)
{
    return ese_raise(JET_errIllegalOperation, "this temporary table does not support %s", what);
}

static void
leave(ese_table__spot *spot)
{
    if (spot->temp->rows != NULL)
        spot->temp->rows->leave(spot);
    ese_table__row_release(spot->temp, &spot->row);
}

/* Finds the place again when the table changed. False: the row is gone. */
static JET_ERR
find_again(ese_table__spot *spot, bool *is_there_out)
{
    if (spot->temp->broken < JET_errSuccess)
        return spot->temp->broken;
    return spot->temp->rows->refresh(spot, is_there_out);
}

static JET_ERR
deleted(void)
{
    return ese_raise(JET_errRecordDeleted, "the row was deleted");
}

/* Every move ends the phase of insertion and drops an update in preparation. */
static JET_ERR
begin_move(ese_table_cursor *cursor)
{
    ese_table_cancel_update(cursor);
    return ese_table__temp_finish_insertion(ese_table__spot_of(cursor)->temp);
}

JET_ERR
ese_table__temp_stay(ese_table_cursor *cursor, bool *found_out)
{
    bool is_there = true;
    JET_ERR err = JET_errSuccess;

    *found_out = cursor->place == ESE_TABLE__ON_ENTRY;
    if (*found_out)
        ESE_TRY(find_again(ese_table__spot_of(cursor), &is_there));
    if (!is_there)
        err = deleted();
out:
    return err;
}

static JET_ERR
memory_first(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    return err < JET_errSuccess ? err : spot->temp->rows->first(spot, found_out);
}

static JET_ERR
memory_last(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    return err < JET_errSuccess ? err : spot->temp->rows->last(spot, found_out);
}

static JET_ERR
memory_next(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    return err < JET_errSuccess ? err : spot->temp->rows->next(spot, found_out);
}

static JET_ERR
memory_prev(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    if (err < JET_errSuccess)
        return err;
    if (!spot->temp->is_scrollable)
        return refuse("moves backward");
    return spot->temp->rows->prev(spot, found_out);
}

/*
 * In a sort, a search key that was closed with a wildcard counts as found when an entry begins with it; in a table that can
 * change, only an equal key does.
 */
static int
order_of_entry(const ese_table_cursor *cursor, ese_bytes entry_key, ese_bytes key)
{
    bool is_wildcard = key.data == cursor->search_key.bytes && cursor->is_search_key_closed;

    if (is_wildcard && !ese_table__spot_of(cursor)->temp->is_updatable && key.size != 0 &&
        entry_key.size >= key.size && memcmp(entry_key.data, key.data, key.size) == 0)
        return 0;
    return ese_bytes_compare(entry_key, key);
}

static JET_ERR
memory_seek(ese_table_cursor *cursor, ese_bytes key, ese_bytes data, ese_btree_seek_mode mode,
            bool *found_out, int *order_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    const ese_table__temp *temp = spot->temp;
    bool is_bookmark = key.data != cursor->search_key.bytes;
    JET_ERR err;

    (void)data; /* keys are unique where data matters */
    ESE_TRY(begin_move(cursor));
    if (!temp->is_scrollable && !(is_bookmark && mode == ESE_BTREE_GE))
        return refuse("seeks");
    ESE_TRY(temp->rows->seek(spot, key, mode, found_out));
    if (*found_out)
        *order_out = order_of_entry(cursor, ese_table__temp_key(temp, spot->row), key);
out:
    return err;
}

static ese_bytes
held_key(const ese_table_cursor *cursor)
{
    const ese_table__spot *spot = ese_table__spot_of(cursor);

    return ese_table__temp_key(spot->temp, spot->row);
}

static size_t
memory_copy_key(const ese_table_cursor *cursor, uint8_t *to, size_t room)
{
    ese_bytes key = held_key(cursor);

    if (room != 0 && key.size != 0)
        memcpy(to, key.data, key.size < room ? key.size : room);
    return key.size;
}

static int
memory_compare_key(const ese_table_cursor *cursor, ese_bytes key)
{
    return ese_bytes_compare(held_key(cursor), key);
}

static JET_ERR
memory_count(ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out)
{
    (void)cursor;
    (void)limit;
    (void)count_out;
    return refuse("counts");
}

static JET_ERR
memory_rank(ese_table_cursor *cursor, uint64_t *before_out, uint64_t *total_out)
{
    (void)cursor;
    (void)before_out;
    (void)total_out;
    return refuse("positions");
}

static JET_ERR
memory_go_fraction(ese_table_cursor *cursor, uint64_t numerator, uint64_t denominator,
                   bool *found_out)
{
    (void)cursor;
    (void)numerator;
    (void)denominator;
    (void)found_out;
    return refuse("positions");
}

static JET_ERR
memory_record(ese_table_cursor *cursor, ese_bytes *record_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    bool is_there = false;
    JET_ERR err;

    ESE_TRY(find_again(spot, &is_there));
    if (!is_there)
        return deleted();
    *record_out = ese_table__row_record(spot->row);
out:
    return err;
}

static JET_ERR
memory_bookmark(ese_table_cursor *cursor, ese_bytes *bookmark_out)
{
    *bookmark_out = held_key(cursor);
    return JET_errSuccess;
}

static JET_ERR
memory_read_long(ese_table_cursor *cursor, uint64_t lid, uint32_t offset, uint8_t *to,
                 uint32_t room, uint32_t *size_out)
{
    const ese_table__spot *spot = ese_table__spot_of(cursor);
    ese_bytes value = {0};
    uint32_t left, n;

    if (!ese_table__update_long(cursor, lid, &value)) {
        if (spot->row == NULL || lid == 0 || lid > spot->row->n_longs)
            return ese_raise(JET_errRecordDeleted, "the row of a long value was deleted");
        return ese_table__longs_read(spot->temp, spot->row->first_long + lid - 1, offset, to, room,
                                     size_out);
    }
    left = offset < value.size ? (uint32_t)(value.size - offset) : 0;
    n = left < room ? left : room;
    if (to != NULL && n != 0)
        memcpy(to, value.data + offset, n);
    *size_out = left;
    return JET_errSuccess;
}

static void
memory_forget(ese_table_cursor *cursor)
{
    leave(ese_table__spot_of(cursor));
}

static void
memory_close(ese_table_cursor *cursor)
{
    ese_table__spot *spot = cursor->memory;

    ese_table__update_destroy(cursor);
    if (spot == NULL)
        return;
    leave(spot);
    ese_table__temp_release(&spot->temp);
    ese_free(&cursor->memory);
}

const ese_table__order_ops ese_table__memory_ops = {
    .first = memory_first,
    .last = memory_last,
    .next = memory_next,
    .prev = memory_prev,
    .seek = memory_seek,
    .copy_key = memory_copy_key,
    .compare_key = memory_compare_key,
    .count = memory_count,
    .rank = memory_rank,
    .go_fraction = memory_go_fraction,
    .record = memory_record,
    .bookmark = memory_bookmark,
    .read_long = memory_read_long,
    .forget = memory_forget,
    .close = memory_close,
};
