/*
 * The order of a temporary table as a cursor walks it: ese_table__order_ops on memory.
 *
 * A place is remembered as row and index; after a change of the table it is looked up by the key of the row.
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
    if (spot->row != NULL)
        ese_table__row_release(spot->temp, &spot->row);
}

static void
stand_at(ese_table__spot *spot, size_t index)
{
    ese_table__row *row = spot->temp->entries[index].row;

    row->n_holders++;
    leave(spot);
    spot->row = row;
    spot->index = index;
    spot->generation = spot->temp->generation;
}

/*
 * Finds the place again when the table changed. False: the row is gone, index is that of its successor. The row of an entry
 * with the same key takes the place of one that was replaced.
 */
static bool
find_again(ese_table__spot *spot)
{
    bool is_equal = true;
    size_t index;

    if (spot->generation == spot->temp->generation)
        return true;
    index = ese_table__temp_lower_bound(spot->temp, ese_table__temp_key(spot->temp, spot->row),
                                        &is_equal);
    if (is_equal)
        stand_at(spot, index);
    else
        spot->index = index;
    return is_equal;
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
    *found_out = cursor->place == ESE_TABLE__ON_ENTRY;
    if (*found_out && !find_again(ese_table__spot_of(cursor)))
        return ese_raise(JET_errRecordDeleted, "the row was deleted");
    return JET_errSuccess;
}

static JET_ERR
memory_first(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    if (err < JET_errSuccess)
        return err;
    *found_out = spot->temp->n_entries > 0;
    if (*found_out)
        stand_at(spot, 0);
    else
        leave(spot);
    return err;
}

static JET_ERR
memory_last(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    JET_ERR err = begin_move(cursor);

    if (err < JET_errSuccess)
        return err;
    *found_out = spot->temp->n_entries > 0;
    if (*found_out)
        stand_at(spot, spot->temp->n_entries - 1);
    else
        leave(spot);
    return err;
}

static JET_ERR
memory_next(ese_table_cursor *cursor, bool *found_out)
{
    ese_table__spot *spot = ese_table__spot_of(cursor);
    size_t next;
    JET_ERR err = begin_move(cursor);

    if (err < JET_errSuccess)
        return err;
    next = find_again(spot) ? spot->index + 1 : spot->index;
    *found_out = next < spot->temp->n_entries;
    if (*found_out)
        stand_at(spot, next);
    return err;
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
    find_again(spot);
    *found_out = spot->index > 0;
    if (*found_out)
        stand_at(spot, spot->index - 1);
    return err;
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
    ese_table__temp *temp = spot->temp;
    bool is_equal, is_down = mode == ESE_BTREE_LE || mode == ESE_BTREE_LT;
    size_t bound;
    JET_ERR err = begin_move(cursor);

    (void)data; /* keys are unique where data matters */
    if (err < JET_errSuccess)
        return err;
    if (!temp->is_scrollable && key.data == cursor->search_key.bytes)
        return refuse("seeks");
    bound = mode == ESE_BTREE_GE || mode == ESE_BTREE_LT
                ? ese_table__temp_lower_bound(temp, key, &is_equal)
                : ese_table__temp_upper_bound(temp, key);
    *found_out = is_down ? bound > 0 : bound < temp->n_entries;
    if (!*found_out) {
        leave(spot);
        return err;
    }
    stand_at(spot, is_down ? bound - 1 : bound);
    *order_out = order_of_entry(cursor, ese_table__temp_key(temp, spot->row), key);
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

    if (!find_again(spot))
        return ese_raise(JET_errRecordDeleted, "the row was deleted");
    *record_out = ese_table__row_record(spot->row);
    return JET_errSuccess;
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
        value = (ese_bytes){spot->row->longs[lid - 1].data, spot->row->longs[lid - 1].size};
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
