/*
 * Sorting more than memory holds: pairs of key and data come in any order and go out by key. What is more than the budget goes to a file, in sorted runs that
 * are merged.
 *
 * A call that fails changes nothing and may be tried again; but what was written of a run stays in the file as unused bytes.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

typedef struct ese_table__sorter ese_table__sorter;

/* The first bytes of a key as a number: keys whose numbers differ are in the order of these. */
static inline uint64_t
ese_table__sort_prefix(ese_bytes key)
{
    uint8_t bytes[8] = {0};

    if (key.size >= sizeof bytes)
        return ese_load_be64(key.data);
    if (key.size != 0)
        memcpy(bytes, key.data, key.size);
    return ese_load_be64(bytes);
}

/*
 * `budget`: bytes of pairs in memory; at most two and a half times that is in use. The file is made when it is needed, in the folder of `path`, and has
 * no name for long.
 */
JET_ERR ese_table__sorter_create(size_t budget, const char *path, ese_table__sorter **sorter_out);
void ese_table__sorter_destroy(ese_table__sorter **sorter_inout);

/* Before the first pair: those with equal keys come out as they came in, and not by their data. */
void ese_table__sorter_keep_arrival(ese_table__sorter *sorter);

/* A key or data of more than 65535 bytes is JET_errInvalidParameter. */
JET_ERR ese_table__sorter_add(ese_table__sorter *sorter, ese_bytes key, ese_bytes data);

/* All pairs are there: now they come out. */
JET_ERR ese_table__sorter_finish(ese_table__sorter *sorter);

/* The next pair, borrowed until the one after it; *found_out = false at the end. */
JET_ERR ese_table__sorter_next(ese_table__sorter *sorter, ese_bytes *key_out, ese_bytes *data_out,
                               bool *found_out);

/* Bytes of pairs in memory; SIZE_MAX when there are some in the file. */
size_t ese_table__sorter_size(const ese_table__sorter *sorter);

/* ---- Reading a finished sort from its start, any number of times side by side. A reading ends before its sorter. ---- */

typedef struct ese_table__reading ese_table__reading;

JET_ERR ese_table__reading_open(const ese_table__sorter *sorter, ese_table__reading **reading_out);
void ese_table__reading_close(ese_table__reading **reading_inout);

/* As ese_table__sorter_next. */
JET_ERR ese_table__reading_next(ese_table__reading *reading, ese_bytes *key_out,
                                ese_bytes *data_out, bool *found_out);
