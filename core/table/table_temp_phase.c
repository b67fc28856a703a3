/*
 * From rows that are inserted to rows that are sorted, and from memory to the temporary database.
 *
 * INV-1  A change of phase or place that fails leaves the rows where they were, and may be tried again.
 */
#include "table/table_temp_private.h"

static JET_ERR
make_sorter(ese_table__temp *temp)
{
    char path[ESE_TABLE__TEMP_PATH_MAX];
    JET_ERR err;

    ESE_TRY(ese_table__temp_path(temp, path));
    ESE_TRY(ese_table__sorter_create(temp->bytes_max, path, &temp->sorter));
    ese_table__sorter_keep_arrival(temp->sorter);
out:
    return err;
}

JET_ERR
ese_table__temp_add(ese_table__temp *temp, ese_bytes key, ese_bytes packed)
{
    JET_ERR err;

    if (temp->sorter == NULL)
        ESE_TRY(make_sorter(temp));
    ESE_TRY(ese_table__sorter_add(temp->sorter, key, packed));
out:
    return err;
}

/* ---- the end of the insertion phase */

/* Calls back with each row of the sort, held by the caller. */
static JET_ERR
each_row(ese_table__temp *temp, JET_ERR (*visit)(ese_table__temp *temp, ese_table__row **row_inout))
{
    ese_table__reading *reading = NULL;
    ese_table__row *row = NULL;
    bool found = false;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_table__reading_open(temp->sorter, &reading));
    ESE_TRY(ese_table__row_read(temp, reading, ++n, &row, &found));
    while (found) {
        ESE_TRY(visit(temp, &row));
        ESE_TRY(ese_table__row_read(temp, reading, ++n, &row, &found));
    }
    temp->last_number = n - 1;
out:
    ese_table__row_release(temp, &row);
    ese_table__reading_close(&reading);
    return err;
}

static JET_ERR
keep_in_memory(ese_table__temp *temp, ese_table__row **row_inout)
{
    JET_ERR err = ese_table__memory_append(temp, *row_inout);

    if (err >= JET_errSuccess)
        (*row_inout)->n_holders++; /* the next one gets memory of its own */
    return err;
}

static JET_ERR
put_in_tree(ese_table__temp *temp, ese_table__row **row_inout)
{
    return ese_table__rows_in_tree.insert(temp, *row_inout);
}

static JET_ERR
load_memory(ese_table__temp *temp)
{
    JET_ERR err = each_row(temp, keep_in_memory);

    if (err < JET_errSuccess)
        ese_table__rows_in_memory.destroy(temp);
    else
        temp->rows = &ese_table__rows_in_memory;
    return err;
}

static JET_ERR
load_tree(ese_table__temp *temp)
{
    JET_ERR err;

    ESE_TRY(ese_table__tree_make(temp));
    ESE_TRY(each_row(temp, put_in_tree));
    temp->rows = &ese_table__rows_in_tree;
out:
    if (err < JET_errSuccess)
        ese_table__tree_drop(temp);
    return err;
}

static JET_ERR
load(ese_table__temp *temp)
{
    JET_ERR err;

    if (ese_table__sorter_size(temp->sorter) <= temp->bytes_max)
        ESE_TRY(load_memory(temp));
    else
        ESE_TRY(load_tree(temp));
    ese_table__sorter_destroy(&temp->sorter);
out:
    return err;
}

JET_ERR
ese_table__temp_finish_insertion(ese_table__temp *temp)
{
    JET_ERR err = temp->broken;

    if (temp->is_sorted || err < JET_errSuccess)
        return err;
    if (temp->sorter == NULL) {
        temp->rows = &ese_table__rows_in_memory;
    } else {
        ESE_TRY(ese_table__sorter_finish(temp->sorter));
        if (temp->is_scrollable)
            ESE_TRY(load(temp));
        else
            temp->rows = &ese_table__rows_in_sort;
    }
    temp->is_sorted = true;
    temp->generation++;
out:
    return err;
}

/* ---- from memory to the tree */

JET_ERR
ese_table__temp_make_room(ese_table__temp *temp)
{
    JET_ERR err = JET_errSuccess;

    if (temp->rows != &ese_table__rows_in_memory || temp->n_bytes <= temp->bytes_max)
        return err;
    ESE_TRY(ese_table__tree_make(temp));
    for (size_t i = 0; i < temp->n_entries; i++)
        ESE_TRY(ese_table__rows_in_tree.insert(temp, temp->entries[i].row));
    ese_table__rows_in_memory.destroy(temp);
    temp->rows = &ese_table__rows_in_tree;
    temp->generation++;
out:
    if (err < JET_errSuccess)
        ese_table__tree_drop(temp);
    return err;
}
