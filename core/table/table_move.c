/*
 * Moves: places, ranges and filters on top of the entries an order gives.
 *
 * A move that runs off the end of the index or range stands behind the last entry (or before the first one) of the
 * whole index. The end of a range ends it; a move the other way, which it does not limit, leaves it as it is.
 */
#include "table/table_private.h"

typedef enum direction { FORWARD, BACK } direction;

void
ese_table__set_place(ese_table_cursor *cursor, ese_table__place place)
{
    cursor->place = place;
    cursor->is_first_deferred = cursor->is_on_sought_key = cursor->keeps_record = false;
    if (cursor->is_secondary)
        cursor->moved_at = cursor->session->clock;
    else
        cursor->primary_moved_at = cursor->session->clock;
}

void
ese_table__save(const ese_table_cursor *cursor, ese_table__position *position_out)
{
    *position_out = (ese_table__position){
        .index = cursor->index,
        .indexed_at = cursor->indexed_at,
        .place = cursor->place,
        .is_secondary = cursor->is_secondary,
        .is_record_held = cursor->is_record_held,
        .is_entry_gone = cursor->is_entry_gone,
        .is_record_gone = cursor->is_record_gone,
        .parked_size = cursor->parked_size,
        .is_range_active = cursor->range.is_active,
        .has_search_key = cursor->has_search_key,
    };
    ese_btree_cursor_copy(&position_out->entry, &cursor->entry);
    ese_btree_cursor_copy(&position_out->record, &cursor->record);
}

void
ese_table__restore(ese_table_cursor *cursor, ese_table__position *position)
{
    cursor->index = position->index;
    cursor->indexed_at = position->indexed_at;
    cursor->is_secondary = position->is_secondary;
    cursor->is_record_held = position->is_record_held;
    cursor->is_entry_gone = position->is_entry_gone;
    cursor->is_record_gone = position->is_record_gone;
    cursor->parked_size = position->parked_size;
    cursor->range.is_active = position->is_range_active;
    cursor->has_search_key = position->has_search_key;
    ese_btree_cursor_copy(&cursor->entry, &position->entry);
    ese_btree_cursor_copy(&cursor->record, &position->record);
    ese_table__set_place(cursor, position->place);
    ese_table__forget(position);
}

void
ese_table__forget(ese_table__position *position)
{
    ese_btree_cursor_reset(&position->entry);
    ese_btree_cursor_reset(&position->record);
}

/* In the order of a secondary index the record itself stays what is read, there or deleted, if the cursor moved in primary order before the part that was undone. */
static ese_table__place
place_after_rollback(ese_table_cursor *cursor, uint8_t level)
{
    bool is_on_record = cursor->place == ESE_TABLE__ON_ENTRY ||
                        cursor->place == ESE_TABLE__RECORD_ONLY || cursor->keeps_record;
    JET_ERR err;

    if (!cursor->is_secondary || !is_on_record ||
        ese_txn_is_undone(cursor->session, cursor->primary_moved_at, level) ||
        ese_table__refresh(cursor) < JET_errSuccess)
        return ESE_TABLE__BEFORE_FIRST;
    err = ese_table__hold_record(cursor);
    if (err < JET_errSuccess && err != JET_errRecordDeleted)
        return ESE_TABLE__BEFORE_FIRST;
    return ESE_TABLE__RECORD_ONLY;
}

bool
ese_table_roll_back(ese_table_cursor *cursor, uint8_t level)
{
    ese_table__place place;
    uint64_t moved_at;

    if (ese_txn_is_undone(cursor->session, cursor->opened_at, level))
        return true;
    cursor->has_lv_tree = false; /* may have been made within the part that was undone */
    ese_table__update_roll_back(cursor);
    if (cursor->is_secondary && ese_txn_is_undone(cursor->session, cursor->indexed_at, level)) {
        cursor->ops->forget(cursor);
        ese_table__opening_leave(cursor);
        ese_table__tree_use_index(cursor, cursor->table->primary);
        cursor->range.is_active = false;
        ese_table__set_place(cursor, ESE_TABLE__BEFORE_FIRST);
        return false;
    }
    if (ese_txn_is_undone(cursor->session, cursor->changed_at, level))
        cursor->range.is_active = false;
    moved_at = cursor->is_secondary ? cursor->moved_at : cursor->primary_moved_at;
    if (!ese_txn_is_undone(cursor->session, moved_at, level))
        return false;
    place = place_after_rollback(cursor, level);
    if (place != ESE_TABLE__RECORD_ONLY)
        cursor->ops->forget(cursor);
    ese_table__set_place(cursor, place);
    return false;
}

bool
ese_table__is_beyond_range(const ese_table__range *range, int order_of_entry)
{
    if (order_of_entry == 0)
        return !range->is_inclusive;
    return range->is_upper ? order_of_entry > 0 : order_of_entry < 0;
}

static bool
is_entry_beyond_range(const ese_table_cursor *cursor)
{
    const ese_table__range *range = &cursor->range;

    return ese_table__is_beyond_range(
        range, cursor->ops->compare_key(cursor, (ese_bytes){range->key, range->size}));
}

static ese_table__place
end_of(direction way)
{
    return way == FORWARD ? ESE_TABLE__AFTER_LAST : ESE_TABLE__BEFORE_FIRST;
}

/* The next entry in that direction from wherever the cursor stands. */
static JET_ERR
raw_step(ese_table_cursor *cursor, direction way, bool *found_out)
{
    const ese_table__order_ops *ops = cursor->ops;
    ese_bytes sought = {cursor->sought_key.bytes, cursor->sought_key.size};
    int order;

    if (cursor->is_on_sought_key && !ese_table_is_temporary(cursor))
        return ops->seek(cursor, sought, (ese_bytes){0},
                         way == FORWARD ? ESE_BTREE_GT : ESE_BTREE_LT, found_out, &order);
    switch (cursor->place) {
    case ESE_TABLE__ON_ENTRY:
        return way == FORWARD ? ops->next(cursor, found_out) : ops->prev(cursor, found_out);
    case ESE_TABLE__BEFORE_ENTRY:
        if (way == BACK)
            return ops->prev(cursor, found_out);
        break;
    case ESE_TABLE__AFTER_ENTRY:
        if (way == FORWARD)
            return ops->next(cursor, found_out);
        break;
    case ESE_TABLE__BEFORE_FIRST:
    case ESE_TABLE__RECORD_ONLY:
        if (way == FORWARD)
            return ops->first(cursor, found_out);
        *found_out = false;
        return JET_errSuccess;
    case ESE_TABLE__AFTER_LAST:
        if (way == BACK)
            return ops->last(cursor, found_out);
        *found_out = false;
        return JET_errSuccess;
    }
    if (cursor->is_entry_gone) /* since the cursor came to the gap */
        return way == FORWARD ? ops->next(cursor, found_out) : ops->prev(cursor, found_out);
    *found_out = true; /* the held entry is the neighbour of the gap */
    return JET_errSuccess;
}

/* Moves back mind lower limits, moves forward upper ones. */
static bool
ends_in_range(const ese_table_cursor *cursor, direction way)
{
    return cursor->range.is_active && cursor->range.is_upper == (way == FORWARD);
}

/*
 * One entry on, minding range and filter. A failure leaves the cursor where it stood, but with a filter on the entry it had got to.
 */
static JET_ERR
step(ese_table_cursor *cursor, direction way, bool *found_out)
{
    bool found = false, passes = false;
    bool had_range = cursor->range.is_active;
    JET_ERR err = JET_errSuccess;

    do {
        ESE_TRY(raw_step(cursor, way, &found));
        if (found && ends_in_range(cursor, way) && is_entry_beyond_range(cursor))
            found = cursor->range.is_active = false;
        ese_table__set_place(cursor, found ? ESE_TABLE__ON_ENTRY : end_of(way));
        if (found && cursor->n_filters != 0)
            ESE_TRY(ese_table__passes_filter(cursor, &passes));
    } while (found && cursor->n_filters != 0 && !passes);
    *found_out = found;
out:
    if (err < JET_errSuccess)
        cursor->range.is_active = had_range;
    return err;
}

/* On to the first entry met whose key is another one. */
static JET_ERR
step_key(ese_table_cursor *cursor, direction way, bool *found_out)
{
    uint8_t key[ESE_RECORD_KEY_MOST_MAX + 8];
    bool was_on_entry = cursor->place == ESE_TABLE__ON_ENTRY;
    size_t size = was_on_entry ? cursor->ops->copy_key(cursor, key, sizeof key) : 0;
    bool found = false;
    JET_ERR err;

    do
        ESE_TRY(step(cursor, way, &found));
    while (found && was_on_entry && cursor->ops->compare_key(cursor, (ese_bytes){key, size}) == 0);
    *found_out = found;
out:
    return err;
}

/* A move of several steps that failed at one of them goes back to where it began. */
static JET_ERR
end_move(ese_table_cursor *cursor, ese_table__position *before, JET_ERR err)
{
    if (err < JET_errSuccess)
        ese_table__restore(cursor, before);
    else
        ese_table__forget(before);
    return err;
}

static JET_ERR
move_to_end(ese_table_cursor *cursor, direction way, bool *found_out)
{
    direction back = way == FORWARD ? BACK : FORWARD;
    ese_table__position before;

    ese_table__save(cursor, &before);
    cursor->range.is_active = false;
    ese_table__set_place(cursor, end_of(way));
    return end_move(cursor, &before, step(cursor, back, found_out));
}

JET_ERR
ese_table_move_first(ese_table_cursor *cursor, bool *found_out)
{
    return move_to_end(cursor, BACK, found_out);
}

JET_ERR
ese_table_move_last(ese_table_cursor *cursor, bool *found_out)
{
    return move_to_end(cursor, FORWARD, found_out);
}

/* It is the entry that is asked for: a record without one in the current index is none. */
static JET_ERR
stay(ese_table_cursor *cursor, bool *found_out)
{
    if (ese_table_is_temporary(cursor))
        return ese_table__temp_stay(cursor, found_out);
    *found_out = cursor->place == ESE_TABLE__ON_ENTRY;
    if (*found_out && cursor->is_entry_gone)
        return ese_raise(JET_errRecordDeleted, "the entry the cursor stands on is gone");
    return JET_errSuccess;
}

static JET_ERR
take_steps(ese_table_cursor *cursor, int64_t distance, ese_table_step by, bool *found_out)
{
    direction way = distance < 0 ? BACK : FORWARD;
    uint64_t n = distance < 0 ? (uint64_t)-distance : (uint64_t)distance;
    bool found = true;
    JET_ERR err = JET_errSuccess;

    for (uint64_t i = 0; i < n && found; i++)
        ESE_TRY(by == ESE_TABLE_BY_KEY ? step_key(cursor, way, &found) : step(cursor, way, &found));
    *found_out = found;
out:
    return err;
}

JET_ERR
ese_table_move(ese_table_cursor *cursor, int64_t distance, ese_table_step by, bool *found_out)
{
    bool is_one_step = (distance == 1 || distance == -1) && by == ESE_TABLE_BY_ENTRY;
    ese_table__position before;

    if (distance == 0)
        return stay(cursor, found_out);
    if (is_one_step && cursor->n_filters == 0)
        return step(cursor, distance < 0 ? BACK : FORWARD, found_out);
    ese_table__save(cursor, &before);
    return end_move(cursor, &before, take_steps(cursor, distance, by, found_out));
}
