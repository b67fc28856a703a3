/*
 * Changes of the sorted rows of a temporary table, and how a rollback undoes them.
 *
 * Others see nothing of a temporary table, so its changes need no versions: the rows that were removed and added are held until the transaction ends. The separated
 * values of a row go when nothing can bring it back.
 */
#include "table/table_temp_private.h"

enum { CHANGES_MIN = 16 };

JET_ERR
ese_table__temp_check_key(ese_table__temp *temp, ese_bytes key)
{
    bool is_there = false;
    JET_ERR err = JET_errSuccess;

    if (temp->is_sorted && !temp->is_numbered)
        ESE_TRY(temp->rows->find(temp, key, &is_there, NULL));
    if (is_there)
        err = ese_raise(JET_errKeyDuplicate, "the temporary table has a row with this key");
out:
    return err;
}

/* ---- what is held for a rollback */

static JET_ERR
reserve_changes(ese_table__temp *temp, size_t n)
{
    size_t capacity = temp->changes_capacity == 0 ? CHANGES_MIN : temp->changes_capacity * 2;
    JET_ERR err;

    if (temp->rows == &ese_table__rows_in_tree && temp->n_bytes > temp->undo_max)
        return ese_raise(JET_errVersionStoreOutOfMemory,
                         "too many changes of a temporary table in one transaction");
    if (temp->n_changes + n <= temp->changes_capacity)
        return JET_errSuccess;
    err = ese_realloc(capacity * sizeof *temp->changes, &temp->changes);
    if (err >= JET_errSuccess)
        temp->changes_capacity = capacity;
    return err;
}

/*
 * A rollback undoes what was changed in a sorted table inside a transaction. Changes of earlier transactions stay; a table that was opened in the part rolled back
 * goes altogether.
 */
static JET_ERR
prepare_changes(ese_table__temp *temp, const ese_txn_session *session, size_t n,
                bool *is_undoable_out)
{
    bool is_undoable = temp->is_versioned && session->level > 0 &&
                       temp->opened_at < session->begins[session->level];

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

/* ---- changes */

static void
number_row(ese_table__temp *temp, ese_table__row *row)
{
    if (temp->is_numbered)
        ese_table__row_set_number(row, ++temp->last_number);
}

JET_ERR
ese_table__temp_insert(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *row)
{
    bool is_undoable = false;
    JET_ERR err;

    ESE_TRY(ese_table__temp_make_room(temp));
    ESE_TRY(prepare_changes(temp, session, 1, &is_undoable));
    number_row(temp, row);
    ESE_TRY(temp->rows->insert(temp, row));
    temp->generation++;
    if (is_undoable)
        note_change(temp, session, NULL, row);
out:
    return err;
}

JET_ERR
ese_table__temp_remove(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *row)
{
    bool is_undoable = false;
    JET_ERR err;

    row->n_holders++;
    ESE_TRY(prepare_changes(temp, session, 1, &is_undoable));
    ESE_TRY(temp->rows->remove(temp, row));
    temp->generation++;
    if (is_undoable)
        note_change(temp, session, row, NULL);
    else
        ese_table__row_drop_longs(temp, row);
out:
    ese_table__row_release(temp, &row);
    return err;
}

JET_ERR
ese_table__temp_replace(ese_table__temp *temp, const ese_txn_session *session,
                        ese_table__row *old_row, ese_table__row *new_row)
{
    bool is_undoable = false;
    JET_ERR err;

    old_row->n_holders++;
    ESE_TRY(ese_table__temp_make_room(temp));
    ESE_TRY(prepare_changes(temp, session, 1, &is_undoable));
    memcpy(new_row->number, old_row->number, sizeof new_row->number);
    ESE_TRY(temp->rows->replace(temp, old_row, new_row));
    temp->generation++;
    if (is_undoable)
        note_change(temp, session, old_row, new_row);
    else
        ese_table__row_drop_longs(temp, old_row);
out:
    ese_table__row_release(temp, &old_row);
    return err;
}

JET_ERR
ese_table__temp_move(ese_table__temp *temp, const ese_txn_session *session, ese_table__row *old_row,
                     ese_table__row *new_row)
{
    bool is_same_key = !temp->is_numbered && ese_bytes_compare(ese_table__row_key(old_row),
                                                               ese_table__row_key(new_row)) == 0;
    bool is_undoable = false;
    JET_ERR err;

    if (is_same_key)
        return ese_table__temp_replace(temp, session, old_row, new_row);
    ESE_TRY(ese_table__temp_make_room(temp));
    ESE_TRY(prepare_changes(temp, session, 2, &is_undoable));
    number_row(temp, new_row);
    ESE_TRY(temp->rows->insert(temp, new_row));
    old_row->n_holders++;
    err = temp->rows->remove(temp, old_row);
    temp->generation++;
    if (err < JET_errSuccess) {
        temp->broken = temp->rows->remove(temp, new_row);
    } else if (is_undoable) {
        note_change(temp, session, old_row, NULL);
        note_change(temp, session, NULL, new_row);
    } else {
        ese_table__row_drop_longs(temp, old_row);
    }
    ese_table__row_release(temp, &old_row);
out:
    return err;
}

/* ---- undo */

/* The rows that are in the table again belong to it, those that are not have gone for good. */
static JET_ERR
undo_one(ese_table__temp *temp, const ese_table__change *change)
{
    JET_ERR err;

    if (change->removed == NULL)
        err = temp->rows->remove(temp, change->added);
    else if (change->added == NULL)
        err = temp->rows->insert(temp, change->removed);
    else
        err = temp->rows->replace(temp, change->added, change->removed);
    if (err >= JET_errSuccess && change->added != NULL)
        ese_table__row_drop_longs(temp, change->added);
    return err;
}

static void
release_change(ese_table__temp *temp, ese_table__change *change)
{
    ese_table__row_release(temp, &change->removed);
    ese_table__row_release(temp, &change->added);
}

void
ese_table__temp_undo(ese_table__temp *temp, const ese_txn_session *session)
{
    while (temp->n_changes > 0 &&
           ese_txn_is_undone(session, temp->changes[temp->n_changes - 1].stamp, session->level)) {
        ese_table__change *change = &temp->changes[--temp->n_changes];

        if (temp->broken >= JET_errSuccess)
            temp->broken = undo_one(temp, change);
        temp->generation++;
        release_change(temp, change);
    }
}

void
ese_table__temp_forget_changes(ese_table__temp *temp)
{
    while (temp->n_changes > 0) {
        ese_table__change *change = &temp->changes[--temp->n_changes];

        if (change->removed != NULL)
            ese_table__row_drop_longs(temp, change->removed);
        release_change(temp, change);
    }
}
