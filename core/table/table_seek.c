/* Seeks, ranges, counts and approximate positions. */
#include "table/table_private.h"

enum {
    RELATION_BITS = JET_bitSeekEQ | JET_bitSeekLT | JET_bitSeekLE | JET_bitSeekGE | JET_bitSeekGT,
};

static ese_bytes
search_key_of(const ese_table_cursor *cursor)
{
    return (ese_bytes){cursor->search_key.bytes, cursor->search_key.size};
}

/* Behind the last entry, or, when the sought place lies before an entry, in the gap before it. */
static void
stand_in_gap(ese_table_cursor *cursor, bool found, ese_table__place end)
{
    ese_table__set_place(cursor, found ? ESE_TABLE__BEFORE_ENTRY : end);
}

/* From the found entry on in the direction of the seek to one that passes the filter. */
static JET_ERR
settle(ese_table_cursor *cursor, int64_t way, bool *found_out, bool *moved_out)
{
    bool passes = true;
    JET_ERR err = JET_errSuccess;

    ese_table__set_place(cursor, ESE_TABLE__ON_ENTRY);
    if (cursor->n_filters != 0)
        ESE_TRY(ese_table__passes_filter(cursor, &passes));
    *moved_out = !passes;
    *found_out = true;
    if (!passes)
        ESE_TRY(ese_table_move(cursor, way, ESE_TABLE_BY_ENTRY, found_out));
out:
    return err;
}

static JET_ERR
is_only_entry_of_key(ese_table_cursor *cursor, ese_bytes key, bool *unique_out)
{
    uint32_t n = 0;
    ese_table__range saved = cursor->range;
    JET_ERR err;

    if (cursor->index == NULL || !cursor->is_secondary || cursor->index->tree.is_unique) {
        *unique_out = true;
        return JET_errSuccess;
    }
    cursor->range = (ese_table__range){
        .is_active = true, .is_upper = true, .is_inclusive = true, .size = key.size};
    memcpy(cursor->range.key, key.data, key.size);
    err = cursor->ops->count(cursor, 2, &n);
    cursor->range = saved;
    *unique_out = n == 1;
    return err;
}

/*
 * Nothing has the key: the cursor stands where it would be, and a range may begin there. Behind the last entry of an index whose keys repeat it stands behind all.
 */
static JET_ERR
stand_at_sought_key(ese_table_cursor *cursor, bool is_before_entry)
{
    bool repeats = cursor->is_secondary && !cursor->index->tree.is_unique;
    bool has_entries = false;
    JET_ERR err = JET_errSuccess;

    if (!is_before_entry && repeats)
        ESE_TRY(cursor->ops->last(cursor, &has_entries));
    stand_in_gap(cursor, is_before_entry, ESE_TABLE__AFTER_LAST);
    if (has_entries)
        goto out;
    ese_record_key_copy(&cursor->sought_key, &cursor->search_key);
    cursor->is_on_sought_key = true;
out:
    return err;
}

static JET_ERR
seek_equal(ese_table_cursor *cursor, JET_GRBIT grbit, ese_table_match *match_out)
{
    ese_bytes key = search_key_of(cursor);
    bool found = false, passes = true, unique = false;
    int order = 0;
    JET_ERR err;

    ESE_TRY(cursor->ops->seek(cursor, key, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    if (found && order == 0 && cursor->n_filters != 0)
        ESE_TRY(ese_table__passes_filter(cursor, &passes));
    if (!found || order != 0 || !passes) {
        *match_out = ESE_TABLE_MATCH_NONE;
        return stand_at_sought_key(cursor, found);
    }
    ese_table__set_place(cursor, ESE_TABLE__ON_ENTRY);
    if (grbit & JET_bitCheckUniqueness)
        ESE_TRY(is_only_entry_of_key(cursor, key, &unique));
    if (grbit & JET_bitSetIndexRange) {
        cursor->range = (ese_table__range){
            .is_active = true, .is_upper = true, .is_inclusive = true, .size = key.size};
        memcpy(cursor->range.key, key.data, key.size);
    }
    *match_out = unique ? ESE_TABLE_MATCH_EQUAL_UNIQUE : ESE_TABLE_MATCH_EQUAL;
out:
    return err;
}

/* GE and GT: the first entry at or behind the key. */
static JET_ERR
seek_up(ese_table_cursor *cursor, ese_btree_seek_mode mode, ese_table_match *match_out)
{
    bool found = false, moved = false;
    int order = 0;
    JET_ERR err;

    ESE_TRY(cursor->ops->seek(cursor, search_key_of(cursor), (ese_bytes){0}, mode, &found, &order));
    if (found)
        ESE_TRY(settle(cursor, 1, &found, &moved));
    if (!found)
        ese_table__set_place(cursor, ESE_TABLE__AFTER_LAST);
    *match_out = !found                                           ? ESE_TABLE_MATCH_NONE
                 : mode == ESE_BTREE_GT || (order == 0 && !moved) ? ESE_TABLE_MATCH_EQUAL
                                                                  : ESE_TABLE_MATCH_OTHER;
out:
    return err;
}

/* LE and LT: the last entry before the key; LE prefers the first of the entries equal to it. */
static JET_ERR
seek_down(ese_table_cursor *cursor, ese_btree_seek_mode mode, ese_table_match *match_out)
{
    bool found = false, moved = false;
    int order = 1;
    JET_ERR err;

    if (mode == ESE_BTREE_LE)
        ESE_TRY(cursor->ops->seek(cursor, search_key_of(cursor), (ese_bytes){0}, ESE_BTREE_GE,
                                  &found, &order));
    if (!found || order != 0) {
        ESE_TRY(cursor->ops->seek(cursor, search_key_of(cursor), (ese_bytes){0}, ESE_BTREE_LT,
                                  &found, &order));
        order = mode == ESE_BTREE_LT ? 0 : 1;
    }
    if (found)
        ESE_TRY(settle(cursor, -1, &found, &moved));
    if (!found)
        ese_table__set_place(cursor, ESE_TABLE__BEFORE_FIRST);
    *match_out = !found                                           ? ESE_TABLE_MATCH_NONE
                 : mode == ESE_BTREE_LT || (order == 0 && !moved) ? ESE_TABLE_MATCH_EQUAL
                                                                  : ESE_TABLE_MATCH_OTHER;
out:
    return err;
}

static JET_ERR
seek_by(ese_table_cursor *cursor, JET_GRBIT grbit, ese_table_match *match_out)
{
    switch (grbit & RELATION_BITS) {
    case JET_bitSeekEQ: return seek_equal(cursor, grbit, match_out);
    case JET_bitSeekGE: return seek_up(cursor, ESE_BTREE_GE, match_out);
    case JET_bitSeekGT: return seek_up(cursor, ESE_BTREE_GT, match_out);
    case JET_bitSeekLE: return seek_down(cursor, ESE_BTREE_LE, match_out);
    case JET_bitSeekLT: return seek_down(cursor, ESE_BTREE_LT, match_out);
    default: return ese_raise(JET_errInvalidGrbit, "a seek needs one relation");
    }
}

/* A search alone leaves the cursor where it is when it fails; what looks further must be undone. */
static bool
is_one_search(const ese_table_cursor *cursor, JET_GRBIT grbit)
{
    return cursor->n_filters == 0 && (grbit & RELATION_BITS) != JET_bitSeekLE &&
           (grbit & JET_bitCheckUniqueness) == 0;
}

JET_ERR
ese_table_seek(ese_table_cursor *cursor, JET_GRBIT grbit, ese_table_match *match_out)
{
    bool had_range = cursor->range.is_active;
    bool is_short = ese_table_is_temporary(cursor) || is_one_search(cursor, grbit);
    ese_table__position before;
    JET_ERR err;

    if (!cursor->has_search_key)
        return ese_raise(JET_errKeyNotMade, "no key was made for the seek");
    if (!is_short)
        ese_table__save(cursor, &before);
    cursor->has_search_key = false;
    cursor->range.is_active = false;
    err = seek_by(cursor, grbit, match_out);
    if (err < JET_errSuccess) {
        cursor->has_search_key = true;
        cursor->range.is_active = had_range;
        if (!is_short)
            ese_table__restore(cursor, &before);
    } else if (!is_short) {
        ese_table__forget(&before);
    }
    return err;
}

static JET_ERR
remove_range(ese_table_cursor *cursor)
{
    if (!cursor->range.is_active)
        return ese_raise(JET_errInvalidOperation, "there is no range to remove");
    cursor->range.is_active = false;
    return JET_errSuccess;
}

/* Where the cursor stands, relative to `key`. */
static int
compare_place(const ese_table_cursor *cursor, ese_bytes key)
{
    const ese_record_key *sought = &cursor->sought_key;

    return cursor->is_on_sought_key
               ? ese_bytes_compare((ese_bytes){sought->bytes, sought->size}, key)
               : cursor->ops->compare_key(cursor, key);
}

static void
keep_limit(ese_table__range *range, ese_bytes key)
{
    range->is_active = true;
    range->size = key.size;
    memcpy(range->key, key.data, key.size);
}

JET_ERR
ese_table_set_range(ese_table_cursor *cursor, JET_GRBIT grbit, bool *found_out)
{
    ese_bytes key = search_key_of(cursor);
    ese_table__range *range = &cursor->range;
    bool is_empty;

    *found_out = true;
    if (grbit & JET_bitRangeRemove)
        return remove_range(cursor);
    if (!cursor->has_search_key)
        return ese_raise(JET_errKeyNotMade, "no key was made for the range");
    cursor->has_search_key = false;
    range->is_upper = (grbit & JET_bitRangeUpperLimit) != 0;
    range->is_inclusive = (grbit & JET_bitRangeInclusive) != 0;
    if (cursor->place != ESE_TABLE__ON_ENTRY && !cursor->is_on_sought_key) {
        keep_limit(range, key); /* for when it stands on one again */
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    }
    is_empty = ese_table__is_beyond_range(range, compare_place(cursor, key));
    keep_limit(range, key);
    range->is_active = !is_empty && (grbit & JET_bitRangeInstantDuration) == 0;
    if (is_empty) {
        bool is_on_record = cursor->place == ESE_TABLE__ON_ENTRY;

        ese_table__set_place(cursor,
                             range->is_upper ? ESE_TABLE__AFTER_LAST : ESE_TABLE__BEFORE_FIRST);
        cursor->keeps_record = is_on_record && cursor->is_secondary;
    }
    *found_out = !is_empty;
    return JET_errSuccess;
}

JET_ERR
ese_table_count(ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out)
{
    JET_ERR err;

    if (cursor->n_filters != 0)
        return ese_raise(JET_errFilteredMoveNotSupported, "a cursor with a filter does not count");
    if (cursor->place != ESE_TABLE__ON_ENTRY)
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    if (cursor->is_entry_gone)
        return ese_raise(JET_errRecordDeleted, "the record the cursor stands on was deleted");
    err = cursor->ops->count(cursor, limit, count_out);
    if (err >= JET_errSuccess)
        cursor->range.is_active = false;
    return err;
}

JET_ERR
ese_table_get_position(ese_table_cursor *cursor, JET_RECPOS *position_out)
{
    uint64_t before = 0, total = 0;
    JET_ERR err;

    if (cursor->place != ESE_TABLE__ON_ENTRY)
        return ese_raise(JET_errNoCurrentRecord, "the cursor stands on no record");
    if (cursor->is_entry_gone)
        return ese_raise(JET_errRecordDeleted, "the record the cursor stands on was deleted");
    err = cursor->ops->rank(cursor, &before, &total);
    if (err < JET_errSuccess)
        return err;
    while (total > UINT32_MAX) {
        total >>= 1;
        before >>= 1;
    }
    position_out->centriesLT = (uint32_t)before;
    position_out->centriesInRange = 1;
    position_out->centriesTotal = (uint32_t)total;
    return JET_errSuccess;
}

JET_ERR
ese_table_go_position(ese_table_cursor *cursor, const JET_RECPOS *position, bool *found_out)
{
    JET_ERR err;

    if (position->centriesTotal < position->centriesLT)
        return ese_raise(JET_errInvalidParameter, "a position of %u in %u",
                         (unsigned)position->centriesLT, (unsigned)position->centriesTotal);
    if (position->centriesTotal == 0)
        return ese_table_move_first(cursor, found_out);
    cursor->range.is_active = false;
    err =
        cursor->ops->go_fraction(cursor, position->centriesLT, position->centriesTotal, found_out);
    if (err >= JET_errSuccess)
        ese_table__set_place(cursor, *found_out ? ESE_TABLE__ON_ENTRY : ESE_TABLE__BEFORE_FIRST);
    return err;
}
