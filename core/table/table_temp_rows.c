/*
 * The rows of a temporary table: memory, order, and changes that a rollback undoes.
 */
#include "table/table_temp_private.h"

enum { ENTRIES_MIN = 16 };

/* ---- memory */

static JET_ERR
charge(ese_table__temp *temp, size_t n_bytes)
{
    ese_table_temp_budget *budget = temp->budget;
    uint64_t before = atomic_fetch_add_explicit(&budget->n_bytes, n_bytes, memory_order_relaxed);

    if (n_bytes <= temp->bytes_max && before <= temp->bytes_max - n_bytes)
        return JET_errSuccess;
    atomic_fetch_sub_explicit(&budget->n_bytes, n_bytes, memory_order_relaxed);
    return ese_raise(JET_errOutOfMemory,
                     "temporary tables would use more than %llu bytes (JET_paramCacheSizeMax)",
                     (unsigned long long)temp->bytes_max);
}

static void
discharge(ese_table__temp *temp, size_t n_bytes)
{
    atomic_fetch_sub_explicit(&temp->budget->n_bytes, n_bytes, memory_order_relaxed);
}

static size_t
size_of_row(size_t key_size, size_t record_size, uint32_t n_longs)
{
    return sizeof(ese_table__row) + key_size + record_size + n_longs * sizeof(ese_table__long);
}

JET_ERR
ese_table__row_create(ese_table__temp *temp, size_t key_size, size_t record_size, uint32_t n_longs,
                      ese_table__row **row_out)
{
    ese_table__row *row = NULL;
    size_t n_bytes = size_of_row(key_size, record_size, n_longs);
    JET_ERR err = charge(temp, n_bytes);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_alloc(sizeof *row + key_size + record_size, &row));
    if (n_longs != 0)
        ESE_TRY(ese_alloc(n_longs * sizeof *row->longs, &row->longs));
    row->n_holders = 1;
    row->n_longs = n_longs;
    row->key_size = key_size;
    row->record_size = record_size;
    *row_out = row;
    return err;
out:
    ese_free(&row);
    discharge(temp, n_bytes);
    return err;
}

JET_ERR
ese_table__row_set_long(ese_table__temp *temp, ese_table__row *row, uint32_t index, ese_bytes value)
{
    JET_ERR err = charge(temp, value.size);

    if (err < JET_errSuccess)
        return err;
    err = ese_alloc_copy(value.data, value.size, &row->longs[index].data);
    if (err < JET_errSuccess)
        discharge(temp, value.size);
    else
        row->longs[index].size = value.size;
    return err;
}

void
ese_table__row_release(ese_table__temp *temp, ese_table__row **row_inout)
{
    ese_table__row *row = *row_inout;

    *row_inout = NULL;
    if (row == NULL || --row->n_holders > 0)
        return;
    discharge(temp, size_of_row(row->key_size, row->record_size, row->n_longs));
    for (uint32_t i = 0; i < row->n_longs; i++) {
        discharge(temp, row->longs[i].size);
        ese_free(&row->longs[i].data);
    }
    ese_free(&row->longs);
    ese_free(&row);
}

static JET_ERR
reserve_entry(ese_table__temp *temp)
{
    size_t capacity = temp->capacity == 0 ? ENTRIES_MIN : temp->capacity * 2;
    size_t more = (capacity - temp->capacity) * sizeof *temp->entries;
    JET_ERR err;

    if (temp->n_entries < temp->capacity)
        return JET_errSuccess;
    err = charge(temp, more);
    if (err < JET_errSuccess)
        return err;
    err = ese_realloc(capacity * sizeof *temp->entries, &temp->entries);
    if (err < JET_errSuccess)
        discharge(temp, more);
    else
        temp->capacity = capacity;
    return err;
}

static JET_ERR
reserve_changes(ese_table__temp *temp, size_t n)
{
    size_t capacity = temp->changes_capacity == 0 ? ENTRIES_MIN : temp->changes_capacity * 2;
    JET_ERR err;

    if (temp->n_changes + n <= temp->changes_capacity)
        return JET_errSuccess;
    err = ese_realloc(capacity * sizeof *temp->changes, &temp->changes);
    if (err >= JET_errSuccess)
        temp->changes_capacity = capacity;
    return err;
}

/* ---- order */

ese_bytes
ese_table__temp_key(const ese_table__temp *temp, const ese_table__row *row)
{
    if (temp->is_sorted && temp->is_numbered)
        return (ese_bytes){row->number, sizeof row->number};
    return ese_table__row_key(row);
}

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

size_t
ese_table__temp_lower_bound(const ese_table__temp *temp, ese_bytes key, bool *is_equal_out)
{
    size_t at = count_before(temp, key, false);

    *is_equal_out = at < temp->n_entries &&
                    ese_bytes_compare(ese_table__temp_key(temp, temp->entries[at].row), key) == 0;
    return at;
}

size_t
ese_table__temp_upper_bound(const ese_table__temp *temp, ese_bytes key)
{
    return count_before(temp, key, true);
}

JET_ERR
ese_table__temp_check_key(const ese_table__temp *temp, ese_bytes key)
{
    bool is_equal = false;

    if (temp->is_sorted && !temp->is_numbered)
        ese_table__temp_lower_bound(temp, key, &is_equal);
    if (is_equal)
        return ese_raise(JET_errKeyDuplicate, "the temporary table has a row with this key");
    return JET_errSuccess;
}

static void
number_row(ese_table__temp *temp, ese_table__entry *entry)
{
    ese_store_be32(entry->row->number, ++temp->last_number);
    entry->prefix =
        ese_table__sort_prefix((ese_bytes){entry->row->number, sizeof entry->row->number});
}

static void
drop_duplicates(ese_table__temp *temp)
{
    size_t n = 0;

    for (size_t i = 0; i < temp->n_entries; i++) {
        ese_table__row *row = temp->entries[i].row;

        if (n > 0 && ese_bytes_compare(ese_table__row_key(temp->entries[n - 1].row),
                                       ese_table__row_key(row)) == 0)
            ese_table__row_release(temp, &row);
        else
            temp->entries[n++] = temp->entries[i];
    }
    temp->n_entries = n;
}

JET_ERR
ese_table__temp_finish_insertion(ese_table__temp *temp)
{
    JET_ERR err = JET_errSuccess;

    if (temp->is_sorted)
        return err;
    if (temp->index.n_segments != 0) {
        err = ese_table__sort(temp->entries, temp->n_entries);
        if (err < JET_errSuccess)
            return err;
        if (!temp->keeps_duplicates)
            drop_duplicates(temp);
    }
    for (size_t i = 0; temp->is_numbered && i < temp->n_entries; i++)
        number_row(temp, &temp->entries[i]);
    temp->is_sorted = true;
    temp->generation++;
    return err;
}

/* ---- changes */

/* Room is reserved, nothing can fail. Takes over a hold of the row. */
static void
put_entry(ese_table__temp *temp, ese_table__row *row)
{
    ese_bytes key = ese_table__temp_key(temp, row);
    size_t at = temp->n_entries;

    if (temp->is_sorted)
        at = count_before(temp, key, true);
    memmove(temp->entries + at + 1, temp->entries + at,
            (temp->n_entries - at) * sizeof *temp->entries);
    temp->entries[at] = (ese_table__entry){ese_table__sort_prefix(key), row};
    temp->n_entries++;
    temp->generation++;
}

/* Gives the hold of the entry to the caller. */
static void
take_entry(ese_table__temp *temp, const ese_table__row *row)
{
    bool is_equal;
    size_t at = ese_table__temp_lower_bound(temp, ese_table__temp_key(temp, row), &is_equal);

    temp->n_entries--;
    memmove(temp->entries + at, temp->entries + at + 1,
            (temp->n_entries - at) * sizeof *temp->entries);
    temp->generation++;
}

static void
swap_entry(ese_table__temp *temp, const ese_table__row *old_row, ese_table__row *new_row)
{
    bool is_equal;
    size_t at = ese_table__temp_lower_bound(temp, ese_table__temp_key(temp, old_row), &is_equal);

    temp->entries[at].row = new_row;
    temp->generation++;
}

/* A rollback undoes what was changed in a sorted table inside a transaction. Changes of earlier transactions stay. */
static JET_ERR
prepare_changes(ese_table__temp *temp, const ese_txn_session *session, size_t n,
                bool *is_undoable_out)
{
    bool is_undoable = temp->is_sorted && temp->is_versioned && session->level > 0;

    if (temp->n_changes > 0 &&
        (session->level == 0 || temp->changes[temp->n_changes - 1].stamp < session->begins[1]))
        ese_table__temp_forget_changes(temp);
    *is_undoable_out = is_undoable;
    return is_undoable ? reserve_changes(temp, n) : JET_errSuccess;
}

static void
note_change(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *removed,
            ese_table__row *added)
{
    temp->changes[temp->n_changes++] = (ese_table__change){session->clock, removed, added};
    if (removed != NULL)
        removed->n_holders++;
    if (added != NULL)
        added->n_holders++;
}

JET_ERR
ese_table__temp_insert(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *row)
{
    bool is_undoable = false;
    JET_ERR err;

    ESE_TRY(reserve_entry(temp));
    ESE_TRY(prepare_changes(temp, session, 1, &is_undoable));
    if (temp->is_sorted && temp->is_numbered)
        ese_store_be32(row->number, ++temp->last_number);
    row->n_holders++;
    put_entry(temp, row);
    if (is_undoable)
        note_change(temp, session, NULL, row);
out:
    return err;
}

JET_ERR
ese_table__temp_remove(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *row)
{
    bool is_undoable = false;
    JET_ERR err = prepare_changes(temp, session, 1, &is_undoable);

    if (err < JET_errSuccess)
        return err;
    take_entry(temp, row);
    if (is_undoable)
        note_change(temp, session, row, NULL);
    ese_table__row_release(temp, &row);
    return err;
}

JET_ERR
ese_table__temp_replace(ese_table__temp *temp, const ese_txn_session *session,
                        ese_table__row *old_row, ese_table__row *new_row)
{
    bool is_undoable = false;
    JET_ERR err = prepare_changes(temp, session, 1, &is_undoable);

    if (err < JET_errSuccess)
        return err;
    memcpy(new_row->number, old_row->number, sizeof new_row->number);
    new_row->n_holders++;
    swap_entry(temp, old_row, new_row);
    if (is_undoable)
        note_change(temp, session, old_row, new_row);
    ese_table__row_release(temp, &old_row);
    return err;
}

JET_ERR
ese_table__temp_move(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *old_row,
                     ese_table__row *new_row)
{
    bool is_undoable = false;
    JET_ERR err = prepare_changes(temp, session, 2, &is_undoable);

    if (err < JET_errSuccess)
        return err;
    take_entry(temp, old_row);
    if (temp->is_numbered)
        ese_store_be32(new_row->number, ++temp->last_number);
    new_row->n_holders++;
    put_entry(temp, new_row);
    if (is_undoable) {
        note_change(temp, session, old_row, NULL);
        note_change(temp, session, NULL, new_row);
    }
    ese_table__row_release(temp, &old_row);
    return err;
}

/* Passes the holds of the change on to where they belong now. */
static void
undo_one(ese_table__temp *temp, ese_table__change *change)
{
    if (change->removed == NULL) {
        ese_table__row *row = change->added;

        take_entry(temp, row);
        ese_table__row_release(temp, &row);
    } else if (change->added == NULL) {
        put_entry(temp, change->removed);
        change->removed = NULL;
    } else {
        ese_table__row *row = change->added;

        swap_entry(temp, change->added, change->removed);
        change->removed = NULL;
        ese_table__row_release(temp, &row);
    }
    ese_table__row_release(temp, &change->removed);
    ese_table__row_release(temp, &change->added);
}

void
ese_table__temp_undo(ese_table__temp *temp, const ese_txn_session *session)
{
    while (temp->n_changes > 0 &&
           ese_txn_is_undone(session, temp->changes[temp->n_changes - 1].stamp, session->level))
        undo_one(temp, &temp->changes[--temp->n_changes]);
}

void
ese_table__temp_forget_changes(ese_table__temp *temp)
{
    while (temp->n_changes > 0) {
        ese_table__change *change = &temp->changes[--temp->n_changes];

        ese_table__row_release(temp, &change->removed);
        ese_table__row_release(temp, &change->added);
    }
}
