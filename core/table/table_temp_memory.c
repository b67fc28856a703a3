/*
 * Sorted rows in memory: an array of them, by key. A place is remembered as its index.
 */
#include "table/table_temp_private.h"

enum { ENTRIES_MIN = 16 };

/* ---- order */

static int
compare(const ese_table__temp *temp, const ese_table__entry *entry, ese_bytes key, uint64_t prefix)
{
    if (entry->prefix != prefix)
        return entry->prefix < prefix ? -1 : 1;
    return ese_bytes_compare(ese_table__temp_key(temp, entry->row), key);
}

/* The number of entries before `key`, or, counting_equal, up to and with it. */
static size_t
count_before(const ese_table__temp *temp, ese_bytes key, bool counting_equal)
{
    uint64_t prefix = ese_table__sort_prefix(key);
    size_t low = 0, high = temp->n_entries;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(temp, &temp->entries[middle], key, prefix);

        if (order < 0 || (order == 0 && counting_equal))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t
lower_bound(const ese_table__temp *temp, ese_bytes key, bool *is_equal_out)
{
    size_t at = count_before(temp, key, false);

    *is_equal_out = at < temp->n_entries &&
                    ese_bytes_compare(ese_table__temp_key(temp, temp->entries[at].row), key) == 0;
    return at;
}

/* ---- places */

static void
stand_at(ese_table__spot *spot, size_t index)
{
    ese_table__row *row = spot->temp->entries[index].row;

    row->n_holders++;
    ese_table__row_release(spot->temp, &spot->row);
    spot->row = row;
    spot->index = index;
    spot->generation = spot->temp->generation;
}

/* When the row is gone, index is that of its successor. */
static JET_ERR
memory_refresh(ese_table__spot *spot, bool *is_there_out)
{
    bool is_equal = true;
    size_t index;

    if (spot->generation != spot->temp->generation) {
        index = lower_bound(spot->temp, ese_table__temp_key(spot->temp, spot->row), &is_equal);
        if (is_equal)
            stand_at(spot, index);
        else
            spot->index = index;
    }
    *is_there_out = is_equal;
    return JET_errSuccess;
}

static JET_ERR
stand_at_end(ese_table__spot *spot, size_t index, bool *found_out)
{
    *found_out = spot->temp->n_entries > 0;
    if (*found_out)
        stand_at(spot, index);
    else
        ese_table__row_release(spot->temp, &spot->row);
    return JET_errSuccess;
}

static JET_ERR
memory_first(ese_table__spot *spot, bool *found_out)
{
    return stand_at_end(spot, 0, found_out);
}

static JET_ERR
memory_last(ese_table__spot *spot, bool *found_out)
{
    return stand_at_end(spot, spot->temp->n_entries - 1, found_out);
}

static JET_ERR
memory_next(ese_table__spot *spot, bool *found_out)
{
    bool is_there;
    size_t next;

    (void)memory_refresh(spot, &is_there);
    next = is_there ? spot->index + 1 : spot->index;
    *found_out = next < spot->temp->n_entries;
    if (*found_out)
        stand_at(spot, next);
    return JET_errSuccess;
}

static JET_ERR
memory_prev(ese_table__spot *spot, bool *found_out)
{
    bool is_there;

    (void)memory_refresh(spot, &is_there);
    *found_out = spot->index > 0;
    if (*found_out)
        stand_at(spot, spot->index - 1);
    return JET_errSuccess;
}

static JET_ERR
memory_seek(ese_table__spot *spot, ese_bytes key, ese_btree_seek_mode mode, bool *found_out)
{
    bool is_down = mode == ESE_BTREE_LE || mode == ESE_BTREE_LT;
    bool counting_equal = mode == ESE_BTREE_GT || mode == ESE_BTREE_LE;
    size_t bound = count_before(spot->temp, key, counting_equal);

    *found_out = is_down ? bound > 0 : bound < spot->temp->n_entries;
    if (*found_out)
        stand_at(spot, is_down ? bound - 1 : bound);
    else
        ese_table__row_release(spot->temp, &spot->row);
    return JET_errSuccess;
}

static void
memory_leave(ese_table__spot *spot)
{
    (void)spot;
}

/* ---- changes */

static JET_ERR
memory_find(ese_table__temp *temp, ese_bytes key, bool *is_there_out, ese_table__row **row_out)
{
    size_t at = lower_bound(temp, key, is_there_out);

    if (*is_there_out && row_out != NULL) {
        *row_out = temp->entries[at].row;
        (*row_out)->n_holders++;
    }
    return JET_errSuccess;
}

static JET_ERR
reserve_entry(ese_table__temp *temp)
{
    size_t capacity = temp->capacity == 0 ? ENTRIES_MIN : temp->capacity * 2;
    JET_ERR err;

    if (temp->n_entries < temp->capacity)
        return JET_errSuccess;
    err = ese_realloc(capacity * sizeof *temp->entries, &temp->entries);
    if (err < JET_errSuccess)
        return err;
    temp->n_bytes += (capacity - temp->capacity) * sizeof *temp->entries;
    temp->capacity = capacity;
    return err;
}

JET_ERR
ese_table__memory_append(ese_table__temp *temp, ese_table__row *row)
{
    JET_ERR err = reserve_entry(temp);

    if (err < JET_errSuccess)
        return err;
    temp->entries[temp->n_entries++] =
        (ese_table__entry){ese_table__sort_prefix(ese_table__temp_key(temp, row)), row};
    return err;
}

static JET_ERR
memory_insert(ese_table__temp *temp, ese_table__row *row)
{
    ese_bytes key = ese_table__temp_key(temp, row);
    size_t at;
    JET_ERR err = reserve_entry(temp);

    if (err < JET_errSuccess)
        return err;
    at = count_before(temp, key, true);
    memmove(temp->entries + at + 1, temp->entries + at,
            (temp->n_entries - at) * sizeof *temp->entries);
    temp->entries[at] = (ese_table__entry){ese_table__sort_prefix(key), row};
    temp->n_entries++;
    row->n_holders++;
    return err;
}

static JET_ERR
memory_remove(ese_table__temp *temp, ese_table__row *row)
{
    bool is_equal;
    size_t at = lower_bound(temp, ese_table__temp_key(temp, row), &is_equal);

    temp->n_entries--;
    memmove(temp->entries + at, temp->entries + at + 1,
            (temp->n_entries - at) * sizeof *temp->entries);
    ese_table__row_release(temp, &row);
    return JET_errSuccess;
}

static JET_ERR
memory_replace(ese_table__temp *temp, ese_table__row *old_row, ese_table__row *new_row)
{
    bool is_equal;
    size_t at = lower_bound(temp, ese_table__temp_key(temp, old_row), &is_equal);

    new_row->n_holders++;
    ese_table__row_release(temp, &temp->entries[at].row);
    temp->entries[at].row = new_row;
    return JET_errSuccess;
}

static void
memory_destroy(ese_table__temp *temp)
{
    for (size_t i = 0; i < temp->n_entries; i++)
        ese_table__row_release(temp, &temp->entries[i].row);
    temp->n_bytes -= temp->capacity * sizeof *temp->entries;
    temp->n_entries = temp->capacity = 0;
    ese_free(&temp->entries);
}

const ese_table__rows_ops ese_table__rows_in_memory = {
    .first = memory_first,
    .last = memory_last,
    .next = memory_next,
    .prev = memory_prev,
    .seek = memory_seek,
    .refresh = memory_refresh,
    .find = memory_find,
    .insert = memory_insert,
    .remove = memory_remove,
    .replace = memory_replace,
    .leave = memory_leave,
    .destroy = memory_destroy,
};
