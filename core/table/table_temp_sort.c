/*
 * Rows of a plain sort: they come out of the sorter as they are asked for, from the first one on, and never change. Each cursor reads for itself.
 */
#include "table/table_temp_private.h"

static JET_ERR
read_on(ese_table__spot *spot, bool *found_out)
{
    uint32_t number = spot->row == NULL ? 1 : ese_load_be32(spot->row->number) + 1;

    return ese_table__row_read(spot->temp, spot->reading, number, &spot->row, found_out);
}

static JET_ERR
sort_first(ese_table__spot *spot, bool *found_out)
{
    ese_table__reading *reading = NULL;
    ese_table__row *row = NULL;
    JET_ERR err;

    ESE_TRY(ese_table__reading_open(spot->temp->sorter, &reading));
    ESE_TRY(ese_table__row_read(spot->temp, reading, 1, &row, found_out));
    ese_table__reading_close(&spot->reading);
    ese_table__row_release(spot->temp, &spot->row);
    spot->reading = reading;
    spot->row = row;
    reading = NULL;
out:
    ese_table__reading_close(&reading);
    return err;
}

static JET_ERR
sort_last(ese_table__spot *spot, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    ESE_TRY(sort_first(spot, found_out));
    found = *found_out;
    while (found)
        ESE_TRY(read_on(spot, &found));
out:
    return err;
}

/* Only ever the first row that is not before the key; how far that is decides how long it takes. */
static JET_ERR
sort_seek(ese_table__spot *spot, ese_bytes key, ese_btree_seek_mode mode, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    (void)mode;
    ESE_TRY(sort_first(spot, &found));
    while (found && ese_bytes_compare(ese_table__temp_key(spot->temp, spot->row), key) < 0)
        ESE_TRY(read_on(spot, &found));
    if (!found)
        ese_table__row_release(spot->temp, &spot->row);
    *found_out = found;
out:
    return err;
}

static JET_ERR
sort_refresh(ese_table__spot *spot, bool *is_there_out)
{
    (void)spot;
    *is_there_out = true;
    return JET_errSuccess;
}

static void
sort_leave(ese_table__spot *spot)
{
    ese_table__reading_close(&spot->reading);
}

static void
sort_destroy(ese_table__temp *temp)
{
    ese_table__sorter_destroy(&temp->sorter);
}

const ese_table__rows_ops ese_table__rows_in_sort = {
    .first = sort_first,
    .last = sort_last,
    .next = read_on,
    .seek = sort_seek,
    .refresh = sort_refresh,
    .leave = sort_leave,
    .destroy = sort_destroy,
};
